"""What a connected device that has nothing to do takes of the broker's memory."""

from .broker import Broker, started
from .cold_start import filled


def added_bytes(broker, devices, protocol):
    """By each connection, once all stand."""
    before = broker.peer.rss_bytes()
    with broker.held(devices, protocol):
        return (broker.peer.rss_bytes() - before) / devices


def measure_broker(world, kind, protocol):
    held = world.scale.held
    with started(world, kind) as broker:
        broker.make_queues(held)  # counted before: a queue is there whether its device is or not
        queues = broker.peer.rss_bytes()
        return {"bytes a connection": added_bytes(broker, held, protocol),
                "bytes a queue": queues / held}


def measure_crowd(world):
    """Of Restante alone: as many as a machine has descriptors for."""
    crowd = world.scale.crowd
    folder, hub = filled(world, crowd, 0)
    try:
        with hub:
            queues = hub.rss_bytes()
            return {"bytes a connection": added_bytes(Broker(world, hub), crowd, "mqtt"),
                    "bytes a queue": queues / crowd}
    finally:
        world.drop(folder)


def measure(world):
    # A quorum queue is a Raft group of its own: ten thousand of them take longer to make than all
    # the rest, and their connections are those of the classic ones.
    peers = [kind for kind in world.peers if kind.name != "rabbitmq-quorum"]
    cases = {kind.name: (kind, "mqtt") for kind in peers}
    cases |= {f"{kind.name}, AMQP": (kind, "amqp") for kind in peers if kind.device_source}
    # Once: memory is the same each time, but for hundredths, and RabbitMQ's takes minutes.
    rows = world.in_turn(cases, lambda case: measure_broker(world, *cases[case]), repeats=1)
    for name in world.with_restante(f"restante, {world.scale.crowd:,} devices"):
        rows[name] = measure_crowd(world)
    world.record("idle connections", rows)
