"""Restante itself, started as the other peers are."""

import harness

from .base import HOST, Peer, version_of

QUEUE_DEPTH = 10_000  # the highest that the hub takes
ARGUMENTS = ("--cloudToDevice.maxQueueDepth", str(QUEUE_DEPTH), "--log-level", "warning")


class Restante(Peer):
    name = "restante"
    durability = "on disk: a send is accepted after the fdatasync of the commit that holds it"

    def __init__(self, folder):
        super().__init__(folder)
        self.hub = None

    @property
    def version(self):
        return version_of([harness.program("restante"), "version"], r"(\d\S*)")

    def make_certificate(self):
        """The hub makes its own, of the same kind."""

    def prepare(self):
        harness.Settings.hostname = HOST
        self.hub = harness.Hub(self.folder, mqtt=0, amqp=0, https=0, arguments=ARGUMENTS)

    def commands(self):
        return [(self.hub.command(), {})]

    def ready(self):
        self.processes[0].wait_line(r"(?:^|\s)ready(?:\s|$)")
        self.hub.ports = {name: port for name, port in self.hub.read_ports().items()
                          if name in self.hub.ports}
        self.ports = self.hub.ports
        self.ca_file = self.hub.data / "ca.pem"

    def connection_string(self):
        return self.hub.connection_string()

    def load_arguments(self):
        return [*super().load_arguments(), "--connection-string", self.connection_string()]
