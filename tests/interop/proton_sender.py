#!/usr/bin/python3
"""Debian's Qpid Proton as the back end: SASL PLAIN with the policy's name and a token, as Microsoft
describes it for AMQP libraries without $cbs. Takes its orders as serve.py says:

    open   connection
    send   to, message
"""

import base64
import os
import sys
from pathlib import Path

from proton import Message, SSLDomain, symbol, ulong
from proton.utils import BlockingConnection

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
from harness import sas_token, service_claims  # noqa: E402
from serve import serve, typed  # noqa: E402

state = {}


def open_connection(connection):
    claims = service_claims(connection)
    host = claims["resource"]
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(os.environ["SSL_CERT_FILE"])
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
    state["connection"] = BlockingConnection(
        f"amqps://{host}:5671", ssl_domain=domain, allowed_mechs="PLAIN",
        user=f"{claims['policy']}@sas.root.{host.split('.')[0]}", password=sas_token(**claims))
    state["sender"] = state["connection"].create_sender("/messages/devicebound")


def identifier(value):
    value = typed(value)
    return ulong(value) if isinstance(value, int) else value


def send(to, message):
    sent = Message(base64.b64decode(message["body"]), inferred=True, address=to)
    application = {name: typed(value) for name, value in message["properties"]}
    if "ack" in message:
        application = {"iothub-ack": message["ack"], **application}
    sent.properties = application
    if "messageId" in message:
        sent.id = identifier(message["messageId"])
    if "correlationId" in message:
        sent.correlation_id = identifier(message["correlationId"])
    if "userId" in message:
        sent.user_id = message["userId"].encode()
    if "contentType" in message:
        sent.content_type = symbol(message["contentType"])
    if "contentEncoding" in message:
        sent.content_encoding = symbol(message["contentEncoding"])
    if "expiryTimeUtc" in message:
        sent.expiry_time = message["expiryTimeUtc"] / 1000
    state["sender"].send(sent)  # SendException when it is refused


def close():
    state["connection"].close()


serve({"open": open_connection, "send": send, "close": close})
