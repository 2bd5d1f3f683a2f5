#!/bin/sh
# packages.sh build|deb|test|bench: installs from Debian what building, packing, testing, or
# comparing with other brokers lacks. `bench` starts no service of what it installs.
# Asks dpkg and the path first, so that with nothing missing it needs neither root nor a network.
set -eu

build="g++ clang-19 lld-19 ccache cmake ninja-build libboost1.81-dev libfmt-dev libssl-dev
       librocksdb-dev libjemalloc-dev libcli11-dev libgtest-dev libgmock-dev"
deb="$build dpkg-dev file"
test="$deb libclang-rt-19-dev llvm-19 clang-tidy-19 clang-format-19 git python3 python3-uamqp
      python3-paho-mqtt python3-qpid-proton libsasl2-modules util-linux mount pkg-config binutils
      systemd openssl"
bench="$test mosquitto rabbitmq-server nats-server libpaho-mqttpp-dev libpaho-mqtt-dev
       strace e2fsprogs"

case "${1:-}" in
    build) wanted=$build ;;
    deb) wanted=$deb ;;
    test) wanted=$test ;;
    bench) wanted=$bench ;;
    *) echo "usage: $0 build|deb|test|bench" >&2; exit 2 ;;
esac

installed() {
    dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

missing=""
for package in $wanted; do
    installed "$package" || missing="$missing $package"
done
# Node.js may come from elsewhere than Debian, and would then be in Debian's package's way.
if [ "$1" = test ] || [ "$1" = bench ]; then
    command -v node >/dev/null || missing="$missing nodejs"
    command -v npm >/dev/null || missing="$missing npm"
fi
if [ -z "$missing" ]; then
    echo "packages: nothing to install"
    exit 0
fi

command -v apt-get >/dev/null || {
    echo "packages: this is no Debian; install by hand:$missing" >&2
    exit 1
}
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "packages: neither root nor sudo; let root run: apt-get install$missing" >&2
        exit 1
    }
    as_root="sudo"
fi

log=$(mktemp)
policy=""
clean_up() {
    rm -f "$log"
    [ -z "$policy" ] || $as_root rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Debian's packages start their services unless this program forbids it. A policy that is there
# already is the machine's own and stays as it is.
if [ "$1" = bench ] && [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
install() {
    # shellcheck disable=SC2086  # one word a package
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing </dev/null >"$log" 2>&1
}

echo "packages: installing$missing"
# Lists that are absent or old make the first try fail; fresh ones are fetched only then.
if ! install; then
    echo "packages: fetching the package lists first"
    $as_root apt-get update -qq </dev/null >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    install || { cat "$log" >&2; exit 1; }
fi
for package in $missing; do
    installed "$package" || { cat "$log" >&2; echo "packages: no $package" >&2; exit 1; }
done
echo "packages: installed"
