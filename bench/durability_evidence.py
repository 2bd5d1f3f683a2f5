#!/usr/bin/python3
"""What the acknowledgement of each peer waits for, seen from outside.

Sends durable messages to one device's queue, each after the acknowledgement of the one before:
as the broker is, then with strace counting its syncs, then with strace making each call longer by
which the broker brings messages to its disk. An acknowledgement that waits for such a call comes
later by as much. A table is printed; nothing is asserted but that the sends are acknowledged.

    durability_evidence.py --build build/release --messages 200 restante rabbitmq
"""

import argparse
import queue
import re
import signal
import ssl
import statistics
import sys
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from proton import Message, SSLDomain
from proton.utils import BlockingConnection

from peers import PEERS
from peers.base import HOST, SECONDS, Process
import harness

DELAY_MILLISECONDS = 30
BODY = bytes(200)
DEVICE = "device-1"
SYNCS = "fsync,fdatasync,sync_file_range,msync,syncfs,sync"
CALL = re.compile(rf"\b({SYNCS.replace(',', '|')})\(")  # a line that resumes one has no (
ROW = "{:<17}{:>8}{:>8}{:>8}{:>12}{:>12}  {}".format


def mqtt_client(peer, name):
    client = mqtt.Client(client_id=name, clean_session=False)
    client.tls_set(ca_certs=str(peer.ca_file), cert_reqs=ssl.CERT_REQUIRED)
    client.connect(HOST, peer.ports["mqtt"])
    client.loop_start()
    return client


def make_queue(peer):
    """The device subscribes, once, and leaves: from here on its queue is kept for it."""
    granted = queue.Queue()
    client = mqtt_client(peer, DEVICE)
    client.on_subscribe = lambda _client, _data, _id, qos: granted.put(qos)
    client.subscribe(peer.device_filter.format(DEVICE), 1)
    if granted.get(timeout=SECONDS) != (1,):
        raise AssertionError(f"{peer.name} refused a subscription:\n{peer.log_text()}")
    client.disconnect()
    client.loop_stop()


def mqtt_sender(peer):
    make_queue(peer)
    client = mqtt_client(peer, "sender")

    def send():
        sent = client.publish(f"devices/{DEVICE}/messages/devicebound/x", BODY, 1)
        sent.wait_for_publish(SECONDS)
        if not sent.is_published():
            raise AssertionError("no PUBACK")
    return send, client.disconnect


def amqp_connection(peer, **login):
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(str(peer.ca_file))
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
    return BlockingConnection(f"amqps://{HOST}:{peer.ports['amqp']}", ssl_domain=domain,
                              timeout=SECONDS, allowed_mechs="PLAIN", **login)


def rabbitmq_sender(peer):
    make_queue(peer)
    connection = amqp_connection(peer, user="guest", password="guest")
    sender = connection.create_sender("/exchange/amq.topic")
    message = Message(BODY, inferred=True, durable=True,
                      subject=f"devices.{DEVICE}.messages.devicebound.x")
    return lambda: sender.send(message), connection.close


def restante_sender(peer):
    peer.hub.create_device(DEVICE)
    claims = harness.service_claims(peer.connection_string())
    connection = amqp_connection(peer, password=harness.sas_token(**claims),
                                 user=f"{claims['policy']}@sas.root.{HOST}")
    sender = connection.create_sender("/messages/devicebound")
    message = Message(BODY, inferred=True, address=f"/devices/{DEVICE}/messages/devicebound")
    return lambda: sender.send(message), connection.close


def nats_sender(peer):
    """To a device on MQTT; JetStream answers."""
    make_queue(peer)
    client = peer.client()
    return (lambda: client.request(f"$MQTT.msgs.devices.{DEVICE}.messages.devicebound.x", BODY),
            client.close)


SENDERS = {"restante": restante_sender, "mosquitto": mqtt_sender, "rabbitmq": rabbitmq_sender,
           "rabbitmq-quorum": rabbitmq_sender, "nats": nats_sender, "nats-synced": nats_sender}


def send_all(send, count):
    """The median of the milliseconds until the acknowledgement."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        send()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def traced(peer, work, *options):
    """What work() returns, and how many syncs the broker did meanwhile."""
    strace = Process(["strace", "-f", "-e", "signal=none", "-e", f"trace={SYNCS}", *options,
                      "-p", peer.processes[-1].pid])
    try:
        strace.wait_line("attached")
        result = work()
        strace.signal(signal.SIGINT)
        strace.wait()
    finally:
        strace.kill()
    return result, sum(bool(CALL.search(line)) for line in strace.lines)


def examine(peer, count):
    send, close = SENDERS[peer.name](peer)
    plain = send_all(send, count)
    _, syncs = traced(peer, lambda: send_all(send, count))
    delay = f"inject={peer.disk_calls}:delay_enter={1000 * DELAY_MILLISECONDS}"
    delayed, _ = traced(peer, lambda: send_all(send, count // 4),
                        "-e", f"trace={peer.disk_calls}", "-e", delay)
    close()
    print(ROW(peer.name, peer.version, count, syncs, f"{plain:.2f}", f"{delayed:.2f}",
              peer.disk_calls), flush=True)
    print(f"    {peer.durability}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=harness.Settings.build)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("peer", nargs="*", default=list(PEERS), help=", ".join(PEERS))
    options = parser.parse_args()
    harness.Settings.build = options.build.resolve()
    print(ROW("peer", "version", "sends", "syncs", "median ms", "delayed ms",
              f"by {DELAY_MILLISECONDS} ms each"))
    for name in options.peer:
        with tempfile.TemporaryDirectory(prefix="restante-bench-") as folder:
            with PEERS[name](folder) as peer:
                examine(peer, options.messages)


if __name__ == "__main__":
    sys.exit(main())
