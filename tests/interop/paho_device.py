#!/usr/bin/python3
"""Debian's paho as the device: what one writes who has no SDK. Prints the topic and the payload of
each message; ends after COUNT of them.

    IOTHUB_DEVICE_CONNECTION_STRING=... [TRANSPORT=ws] paho_device.py [COUNT]
"""

import os
import sys
from pathlib import Path

import paho.mqtt.client as mqtt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
from harness import parse_connection_string, sas_token  # noqa: E402

PORT = 8883
WEBSOCKET_PORT = 443


def main():
    parts = parse_connection_string(os.environ["IOTHUB_DEVICE_CONNECTION_STRING"])
    host, device = parts["HostName"], parts["DeviceId"]
    topic = f"devices/{device}/messages/devicebound/#"
    left = [int(sys.argv[1]) if len(sys.argv) > 1 else 1]

    def connected(client, _data, _flags, code):
        print(f"connected: {code}", flush=True)
        client.subscribe(topic, qos=1)

    def received(client, _data, message):
        print(message.topic, message.payload.decode(), flush=True)
        left[0] -= 1
        if left[0] == 0:
            # paho acknowledges behind this callback: the answer to another request tells when.
            client.unsubscribe(topic)

    websocket = os.environ.get("TRANSPORT") == "ws"
    client = mqtt.Client(client_id=device, clean_session=False, protocol=mqtt.MQTTv311,
                         transport="websockets" if websocket else "tcp")
    if websocket:
        client.ws_set_options(path="/$iothub/websocket")
    client.username_pw_set(f"{host}/{device}/?api-version=2021-04-12",
                           sas_token(f"{host}/devices/{device}", parts["SharedAccessKey"]))
    client.tls_set(ca_certs=os.environ["SSL_CERT_FILE"])
    client.on_connect, client.on_message = connected, received
    client.on_unsubscribe = lambda *_: client.disconnect()
    client.connect(host, WEBSOCKET_PORT if websocket else PORT)
    client.loop_forever(retry_first_connection=False)
    return 0 if left[0] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
