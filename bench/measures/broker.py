"""A peer under way, with the load program pointed at it."""

import contextlib
import json
import subprocess


class Broker:
    """One peer, started in a folder of its own."""

    def __init__(self, world, peer):
        self.world = world
        self.peer = peer
        self.name = peer.name

    def load(self, verb, *words):
        return self.world.run("load", verb, *self.peer.load_arguments(), *words)

    def make_queues(self, devices):
        """A durable queue for each device: registered, and subscribed once, as the peer has it."""
        if self.name == "restante":
            environment = ("--login", self.peer.connection_string(), "--ca", self.peer.ca_file,
                           "--https-port", self.peer.ports["https"])
            self.world.run("fleet", "create", *environment, "--count", devices)
        self.load("subscribe", "--devices", devices)

    @contextlib.contextmanager
    def held(self, devices, protocol="mqtt"):
        """So many devices, connected and subscribed, for as long as the block lasts."""
        process = self.world.tool("storm", "hold", *self.peer.storm_arguments(protocol),
                                  "--count", devices, stdin=subprocess.PIPE)
        try:
            line = process.stdout.readline()
            if json.loads(line or "{}").get("connected") != devices:
                raise AssertionError(f"{self.name}: {devices} devices did not connect: {line}")
            yield
        finally:
            process.stdin.close()
            code = process.wait(60)
        if code != 0:
            raise AssertionError(f"{self.name}: connections were lost: {process.stdout.read()}")


@contextlib.contextmanager
def started(world, kind):
    folder = world.new_folder()
    try:
        with kind(folder) as peer:
            yield Broker(world, peer)
    finally:
        world.drop(folder)
