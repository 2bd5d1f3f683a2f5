#!/usr/bin/python3
"""Debian's uamqp as the back end, opened as Microsoft's Python service SDK opens it: SASL MSSBCBS,
a token over $cbs for https://HOST, a sender to the whole URL.

    IOTHUB_CONNECTION_STRING=... [TRANSPORT=ws] uamqp_send.py DEVICE
"""

import os
import sys
import time
from collections import namedtuple
from pathlib import Path

import uamqp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
from harness import sas_token, service_claims  # noqa: E402

TOKEN_SECONDS = 3600
AccessToken = namedtuple("AccessToken", ["token", "expires_on"])


def main():
    claims = service_claims(os.environ["IOTHUB_CONNECTION_STRING"])
    host, device = claims["resource"], sys.argv[1]

    def token():
        return AccessToken(sas_token(**claims).encode(), int(time.time()) + TOKEN_SECONDS)

    transport = uamqp.constants.TransportType.Amqp
    if os.environ.get("TRANSPORT") == "ws":
        transport = uamqp.constants.TransportType.AmqpOverWebsocket
    authentication = uamqp.authentication.JWTTokenAuth(
        audience=f"https://{host}", uri=f"https://{host}", get_token=token,
        token_type=b"servicebus.windows.net:sastoken", transport_type=transport)
    authentication.update_token()
    message = uamqp.Message(
        '{"c2d test message"}',
        properties=uamqp.message.MessageProperties(
            message_id="message1", to=f"/devices/{device}/messages/devicebound"),
        application_properties={"prop1": "test property-2", "testProperty": "Test message"})
    client = uamqp.SendClient(target=f"amqps://{host}/messages/devicebound", auth=authentication,
                              keep_alive_interval=120)
    client.queue_message(message)
    states = client.send_all_messages(close_on_done=True)
    print("uamqp:", states)
    return 0 if states == [uamqp.constants.MessageState.SendComplete] else 1


if __name__ == "__main__":
    sys.exit(main())
