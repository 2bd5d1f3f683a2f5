"""New TLS connections a second, until subscribed, beside a bare TLS server that only shakes hands.

The clients share the machine and cost more than the server does, so what the server's own processor
time would allow stands beside what was reached.
"""

import json
import os
import signal

from peers.base import cpu_seconds_of

from .broker import started

WAYS = {"TLS 1.3": ("--tls", "1.3"),
        "TLS 1.2": ("--tls", "1.2"),
        "TLS 1.2 resumed": ("--tls", "1.2", "--resume")}
CONCURRENT = 64
STORMS = 4  # one after another, as one: a single one of resumed connections is over in 0.2 s


def storm(world, way, cpu_seconds, words):
    storms = STORMS if "--resume" in WAYS[way] else 1
    before = cpu_seconds()
    seconds = sum(world.run("storm", "connect", *words, "--count", world.scale.storm,
                            "--concurrent", CONCURRENT, *WAYS[way])["seconds"]
                  for _ in range(storms))
    used = cpu_seconds() - before
    count = world.scale.storm * storms
    # Below a tick of the kernel's clock nothing was measured.
    return {f"{way} a second": count / seconds, f"{way} a core second": count / max(used, 0.01)}


def measure_broker(world, kind):
    figures = {}
    with started(world, kind) as broker:
        broker.make_queues(world.scale.storm)
        for way in WAYS:
            figures |= storm(world, way, broker.peer.cpu_seconds,
                             broker.peer.storm_arguments())
    return figures


def measure_bare(world, kind):
    """The limit: `kind` lends its certificate."""
    with started(world, kind) as broker:
        certificate, key = broker.peer.certificate_files()
        server = world.tool("limits", "tls-server", "--port", 0, "--certificate", certificate,
                            "--key", key, "--threads", os.cpu_count())
        try:
            port = json.loads(server.stdout.readline())["port"]
            words = ["--speak", "echo", "--host", "localhost", "--port", port,
                     "--ca", broker.peer.ca_file]
            figures = {}
            for way in WAYS:
                figures |= storm(world, way, lambda: cpu_seconds_of(server.pid), words)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)
    return figures


def measure(world):
    def one(subject):
        if isinstance(subject, str):
            return measure_bare(world, world.peers[0])
        return measure_broker(world, subject)
    world.record("connection storm", world.in_turn(
        [*world.peers, *world.with_restante("bare TLS")], one))
