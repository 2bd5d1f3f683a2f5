"""RabbitMQ with its plugins for MQTT and AMQP 1.0, set up for many devices that are often away.

A device's QoS 1 subscription without a clean session makes the durable queue
`mqtt-subscription-device-Nqos1`, bound to amq.topic by `devices.device-N.messages.devicebound.#`.
A sender that speaks AMQP 1.0 attaches to the target `/exchange/amq.topic` and gives each message a
subject, the routing key, and the header durable=true; without it the queue keeps it in memory.
"""

from pathlib import Path

from .base import ADDRESS, SECONDS, Peer, accepts, free_ports, wait_until

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
LIBRARY = Path("/usr/lib/rabbitmq/lib")
START_SECONDS = 180  # of which it takes ten on two idle cores

# vm_memory_high_watermark, disk_free_limit: publishers are not to be blocked within a run.
# ssl_handshake_timeout, login_timeout: the defaults of 5 and 10 s are short in a storm of
#   connections on few cores.
# mqtt.prefetch: messages on their way to one device; the default of 10 slows a drain down.
# durable_queue_type: classic or quorum. Quorum queues share one log and so its syncs, but each is a
#   cluster of its own and takes four times as long to make: not for one a device of many.
# default_version: classic queues of version 2 settle without any sync in 3.10.
# collect_statistics: nobody looks at them.
# num_acceptors, backlog: for storms.
# sndbuf, recbuf: the documentation's value for many connections; Erlang's buffer follows them.
CONFIGURATION = """\
listeners.tcp = none
listeners.ssl.1 = {address}:{amqp}
mqtt.listeners.tcp = none
mqtt.listeners.ssl.1 = {address}:{mqtt}
ssl_handshake_timeout = 60000
handshake_timeout = 60000
num_acceptors.ssl = 32
tcp_listen_options.backlog = 4096
tcp_listen_options.nodelay = true
mqtt.allow_anonymous = true
mqtt.login_timeout = 60000
mqtt.num_acceptors.ssl = 32
mqtt.prefetch = 1000
mqtt.tcp_listen_options.backlog = 4096
mqtt.tcp_listen_options.nodelay = true
mqtt.tcp_listen_options.sndbuf = 32768
mqtt.tcp_listen_options.recbuf = 32768
mqtt.durable_queue_type = {queue_type}
classic_queue.default_version = 1
amqp1_0.default_user = guest
collect_statistics = none
vm_memory_high_watermark.relative = 0.9
disk_free_limit.absolute = 50MB
log.console = false
log.file.level = warning
"""

# What rabbitmq.conf has no words for. session_tickets: by default no TLS 1.3 session is resumed.
# hibernate_after: the two processes of a TLS connection give up their garbage when nothing comes.
ADVANCED = """\
[{{rabbit, [{{ssl_options, [
    {{cacertfile, "{folder}/ca.pem"}},
    {{certfile, "{folder}/server.pem"}},
    {{keyfile, "{folder}/server.key.pem"}},
    {{verify, verify_none}},
    {{fail_if_no_peer_cert, false}},
    {{session_tickets, stateless}},
    {{hibernate_after, 1000}}]}}]}}].
"""

# +P, +Q: processes and ports of Erlang; a connection by TLS takes a dozen processes.
# +sbwt*: schedulers that have nothing to do leave the core to others, as RabbitMQ's documentation
#   advises where a machine is shared, here with the load program.
ERLANG = ("+P 4194304 +Q 262144 +sbwt none +sbwtdcpu none +sbwtdio none "
          "-kernel inet_dist_use_interface {127,0,0,1}")


class RabbitMq(Peer):
    name = "rabbitmq"
    queue_type = "classic"
    device_source = "/amq/queue/mqtt-subscription-{}qos1"  # the queue of its MQTT subscription
    sender = ("--sender", "amqp", "--amqp-target", "/exchange/amq.topic")
    durability = ("on disk: a durable message is settled accepted after the fsync of its own "
                  "queue's journal")

    @property
    def version(self):
        return max(path.name.rpartition("-")[2] for path in LIBRARY.glob("rabbitmq_server-*"))

    def prepare(self):
        self.ports = dict(zip(["mqtt", "amqp"], free_ports(2)))
        self.write("rabbitmq.conf", CONFIGURATION.format(
            folder=self.folder, address=ADDRESS, queue_type=self.queue_type, **self.ports))
        self.write("advanced.config", ADVANCED.format(folder=self.folder))
        self.write("enabled_plugins", "[rabbitmq_mqtt,rabbitmq_amqp1_0].\n")

    def ready(self):
        self.processes[-1].wait_line("completed with", seconds=START_SECONDS)
        super().ready()

    def commands(self):
        """An epmd of our own comes first, or the broker would leave one behind."""
        epmd, distribution = free_ports(2)
        environment = {
            "HOME": str(self.folder),  # of the cookie
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the broker, so its id is ours
            "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": ADDRESS,
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_NODENAME": "restante-bench@localhost",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),  # there is none
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
        }
        yield ["epmd", "-port", epmd, "-address", ADDRESS], environment
        if not wait_until(lambda: accepts(epmd), SECONDS):
            raise AssertionError("epmd does not accept")
        yield [PROGRAMS / "rabbitmq-server"], environment


class RabbitMqQuorum(RabbitMq):
    name = "rabbitmq-quorum"
    queue_type = "quorum"
    durability = "on disk: settled accepted after the fdatasync of the log that all queues share"
