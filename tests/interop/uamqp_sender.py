#!/usr/bin/python3
"""Debian's uamqp as the back end, opened as Microsoft's Python service SDK opens it: SASL MSSBCBS,
a token over $cbs for https://HOST, a sender to the whole URL. Takes its orders as serve.py says:

    open   transport (amqp|amqp-ws), connection
    send   to, message
"""

import base64
import sys
import time
from collections import namedtuple
from pathlib import Path

import uamqp
from uamqp.constants import MessageState, TransportType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
from harness import sas_token, service_claims  # noqa: E402
from serve import serve, typed  # noqa: E402

TOKEN_SECONDS = 3600
TRANSPORTS = {"amqp": TransportType.Amqp, "amqp-ws": TransportType.AmqpOverWebsocket}
AccessToken = namedtuple("AccessToken", ["token", "expires_on"])
clients = {}


def open_client(transport, connection):
    claims = service_claims(connection)
    host = claims["resource"]

    def token():
        return AccessToken(sas_token(**claims).encode(), int(time.time()) + TOKEN_SECONDS)

    authentication = uamqp.authentication.JWTTokenAuth(
        audience=f"https://{host}", uri=f"https://{host}", get_token=token,
        token_type=b"servicebus.windows.net:sastoken", transport_type=TRANSPORTS[transport])
    authentication.update_token()
    clients[transport] = uamqp.SendClient(
        target=f"amqps://{host}/messages/devicebound", auth=authentication,
        transport_type=TRANSPORTS[transport], keep_alive_interval=120)


def send(transport, to, message):
    properties = uamqp.message.MessageProperties(
        to=to, message_id=typed(message.get("messageId")),
        correlation_id=typed(message.get("correlationId")), user_id=message.get("userId"),
        content_type=message.get("contentType"), content_encoding=message.get("contentEncoding"),
        absolute_expiry_time=message.get("expiryTimeUtc"))
    application = {name: typed(value) for name, value in message["properties"]}
    if "ack" in message:
        application = {"iothub-ack": message["ack"], **application}
    client = clients[transport]
    client.queue_message(uamqp.Message(base64.b64decode(message["body"]), properties=properties,
                                       application_properties=application))
    states = client.send_all_messages(close_on_done=False)
    if states != [MessageState.SendComplete]:
        raise RuntimeError(f"{states}")


def close():
    for client in clients.values():
        client.close()


serve({"open": open_client, "send": send, "close": close})
