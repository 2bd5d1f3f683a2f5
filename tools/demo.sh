#!/usr/bin/env bash
# demo.sh BUILD_FOLDER: one message from a service to a device, through a hub of its own.
#
# The hub gets free ports and a fresh data folder; both are gone at the end, however it ends.
# Exit 0 only when the device has shown the message with its properties.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
seconds_max=60  # for each step; a slow machine needs two

folder=$(mktemp -d)
hub_pid=""
device_pid=""
clean_up() {
    local status=$?
    trap - EXIT
    for pid in $device_pid $hub_pid; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    if [ "$status" != 0 ] && [ -s "$folder/hub.log" ]; then
        echo "The hub said:" >&2
        tail -n 40 "$folder/hub.log" >&2
    fi
    rm -rf "$folder"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
    echo "demo: $*" >&2
    exit 1
}

port() {
    sed -nE "s/.*\"$1\": *([0-9]+).*/\1/p" "$folder/data/ports.json"
}

echo
echo "[1/4] a hub on free ports, with a fresh data folder"
mkfifo "$folder/hub.out"
"$build/restante" serve --data-dir "$folder/data" --mqtt-port 0 --amqp-port 0 --https-port 0 \
    >"$folder/hub.out" 2>&1 &
hub_pid=$!
exec 3<"$folder/hub.out"
until [[ ${line:-} =~ (^|[[:space:]])ready($|[[:space:]]) ]]; do
    IFS= read -r -t "$seconds_max" line <&3 || fail "the hub did not become ready"
    printf '%s\n' "$line" >>"$folder/hub.log"
done
cat <&3 >>"$folder/hub.log" &  # ends when the hub does
exec 3<&-
export RESTANTE_MQTT_PORT RESTANTE_AMQP_PORT RESTANTE_HTTPS_PORT RESTANTE_CA_FILE
RESTANTE_MQTT_PORT=$(port mqtt)
RESTANTE_AMQP_PORT=$(port amqp)
RESTANTE_HTTPS_PORT=$(port https)
RESTANTE_CA_FILE=$folder/data/ca.pem
echo "      ready: MQTT $RESTANTE_MQTT_PORT, AMQP $RESTANTE_AMQP_PORT, HTTPS $RESTANTE_HTTPS_PORT"

echo "[2/4] register Device-1"
IOTHUB_CONNECTION_STRING=$("$build/restante" connection-string --data-dir "$folder/data")
export IOTHUB_CONNECTION_STRING
timeout "$seconds_max" "$build/restante" device create Device-1 \
    --login "$IOTHUB_CONNECTION_STRING" >"$folder/created" || fail "the device was not created"
IOTHUB_DEVICE_CONNECTION_STRING=$("$build/restante" connection-string \
    --data-dir "$folder/data" --device Device-1)
export IOTHUB_DEVICE_CONNECTION_STRING

echo "[3/4] the service sends a message (examples/send_c2d_message.cpp)"
timeout "$seconds_max" "$build/examples/send_c2d_message" | sed 's/^/      | /'

echo "[4/4] the device connects and gets it (examples/receive_messages.cpp)"
timeout "$seconds_max" "$build/examples/receive_messages" 1 >"$folder/device.out" &
device_pid=$!
wait "$device_pid" || fail "the device example failed: $(cat "$folder/device.out")"
device_pid=""
sed 's/^/      | /' "$folder/device.out"

for expected in 'c2d test message' message1 prop1 'test property-2' testProperty 'Test message'; do
    grep -qF -- "$expected" "$folder/device.out" || fail "the device did not show: $expected"
done
kill "$hub_pid"
wait "$hub_pid" || fail "the hub ended with exit code $?"
hub_pid=""
echo
echo "The message waited in the hub until the device called for it. Try: make run"
