"""What this machine can do at all: its disk is in durable send, its handshakes in storm."""

import json
import re
import signal
import subprocess

from .broker import started

ECHO_BYTES = 200  # a small message's
SPEED_SECONDS = 1


def measure_echo(world):
    """A round trip over TLS with nothing behind it: the hub lends its certificate."""
    with started(world, world.peers[0]) as broker:
        certificate, key = broker.peer.certificate_files()
        server = world.tool("limits", "tls-server", "--port", 0, "--certificate", certificate,
                            "--key", key)
        try:
            port = json.loads(server.stdout.readline())["port"]
            counted = world.run("storm", "echo", "--host", "localhost", "--port", port,
                                "--ca", broker.peer.ca_file, "--connections", 1,
                                "--bytes", ECHO_BYTES, "--seconds", world.scale.seconds)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)
    return {"p50 us": counted["p50_us"], "p99 us": counted["p99_us"]}


def openssl_speed():
    said = subprocess.run(["openssl", "speed", "-seconds", str(SPEED_SECONDS), "ecdsap256",
                           "ecdhx25519"], capture_output=True, text=True, check=True,
                          timeout=120).stdout
    signs = re.search(r"ecdsa \(nistp256\).*?([\d.]+)\s+[\d.]+\s*$", said, re.MULTILINE)
    agreed = re.search(r"ecdh \(X25519\).*?([\d.]+)\s*$", said, re.MULTILINE)
    return {"ECDSA P-256 signatures a second": float(signs[1]),
            "X25519 agreements a second": float(agreed[1])}


def measure(world):
    echo = world.in_turn(["TLS echo"], lambda _: measure_echo(world))
    world.record("limits of the machine", {**echo, "openssl speed": openssl_speed()})
