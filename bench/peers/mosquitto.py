"""Mosquitto, as it would be set up for many devices that are often away.

A device has a persistent session (client id `device-N`, clean session false) with a QoS 1
subscription of `devices/device-N/messages/devicebound/#`; that session's queue is the device's.
"""

from .base import ADDRESS, Peer, free_ports, version_of

PROGRAM = "/usr/sbin/mosquitto"

# user: run as root it would otherwise become `mosquitto`, who may not write to our folder.
# max_inflight_messages, max_queued_messages: 0 is without a limit; the defaults, 20 and 1000, would
#   slow a device down, and drop what waits for it.
# persistence with the default autosave_interval: state is written as a whole, by the one thread
#   that serves clients; oftener would cost more and would still not be before the PUBACK.
# sys_interval 0: no statistics are published.
CONFIGURATION = """\
user root
per_listener_settings false
allow_anonymous true
listener {mqtt} {address}
certfile {folder}/server.pem
keyfile {folder}/server.key.pem
max_connections -1
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
persistence true
persistence_location {folder}/data/
autosave_interval 1800
sys_interval 0
log_dest file {folder}/mosquitto.log
log_type error
log_type warning
"""


class Mosquitto(Peer):
    name = "mosquitto"
    sender = ("--sender", "mqtt")
    durability = ("none: PUBACK comes from memory; the state is written to disk every 30 minutes "
                  "and at an orderly end")

    @property
    def version(self):
        return version_of([PROGRAM, "-h"], r"version (\S+)")

    def prepare(self):
        self.ports = dict(zip(["mqtt"], free_ports(1)))
        (self.folder / "data").mkdir()
        self.write("mosquitto.conf", CONFIGURATION.format(
            folder=self.folder, address=ADDRESS, **self.ports))

    def commands(self):
        return [([PROGRAM, "-c", self.folder / "mosquitto.conf"], {})]
