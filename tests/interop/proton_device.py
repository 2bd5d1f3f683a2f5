#!/usr/bin/python3
"""Debian's Qpid Proton as a device that knows neither $cbs nor an SDK: SASL PLAIN with the device's
name and a token. Receives one message for each of the outcomes named, settles it so, and prints a
line with its body and delivery count.

    IOTHUB_DEVICE_CONNECTION_STRING=... proton_device.py USER accept|release|reject...
"""

import os
import sys
from pathlib import Path

from proton import Delivery, SSLDomain
from proton.utils import BlockingConnection

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
from harness import SECONDS, parse_connection_string, sas_token  # noqa: E402

OUTCOMES = {"accept": Delivery.ACCEPTED, "release": Delivery.RELEASED, "reject": Delivery.REJECTED}


def main(user, *outcomes):
    parts = parse_connection_string(os.environ["IOTHUB_DEVICE_CONNECTION_STRING"])
    host, device = parts["HostName"], parts["DeviceId"]
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(os.environ["SSL_CERT_FILE"])
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
    connection = BlockingConnection(
        f"amqps://{host}:5671", ssl_domain=domain, allowed_mechs="PLAIN", user=user,
        password=sas_token(f"{host}/devices/{device}", parts["SharedAccessKey"]))
    receiver = connection.create_receiver(f"/devices/{device}/messages/devicebound", credit=1)
    for outcome in outcomes:
        message = receiver.receive(timeout=SECONDS)
        count = message.annotations["iothub-deliverycount"]
        receiver.settle(OUTCOMES[outcome])
        print(bytes(message.body).decode(), int(count), flush=True)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
