"""Restante itself, started as the other peers are."""

import harness

from .base import HOST, Peer, version_of

QUEUE_DEPTH = 10_000  # the highest that the hub takes
ARGUMENTS = ("--cloudToDevice.maxQueueDepth", str(QUEUE_DEPTH), "--log-level", "warning")


class HubWithCertificate(harness.Hub):
    """One whose certificate is of an authority that all peers share."""

    @property
    def ca(self):
        return str(self.data.parent / "ca.pem")


class Restante(Peer):
    name = "restante"
    device_source = "/devices/{}/messages/devicebound"
    durability = "on disk: a send is accepted after the fdatasync of the commit that holds it"

    def __init__(self, folder):
        super().__init__(folder)
        self.hub = None

    @property
    def version(self):
        return version_of([harness.program("restante"), "version"], r"(\d\S*)")

    def prepare(self):
        harness.Settings.hostname = HOST
        certificate, key = self.certificate_files()
        self.hub = HubWithCertificate(self.folder, mqtt=0, amqp=0, https=0, arguments=(
            *ARGUMENTS, "--tls-certificate", certificate, "--tls-key", key))

    def commands(self):
        return [(self.hub.command(), {})]

    def ready(self):
        self.processes[0].wait_line(r"(?:^|\s)ready(?:\s|$)")
        self.hub.ports = {name: port for name, port in self.hub.read_ports().items()
                          if name in self.hub.ports}
        self.ports = self.hub.ports

    def connection_string(self):
        return self.hub.connection_string()

    def data_folder(self):
        """For whoever fills it before the start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / "data"

    def load_arguments(self):
        return [*super().load_arguments(), "--connection-string", self.connection_string()]

    def storm_arguments(self, protocol="mqtt"):
        return [*super().storm_arguments(protocol),
                "--restante-connection-string", self.connection_string()]
