"""What a connected device that has nothing to do takes of the broker's memory."""

from .broker import started


def measure_broker(world, kind):
    held = world.scale.held
    with started(world, kind) as broker:
        broker.make_queues(held)  # counted before: a queue is there whether its device is or not
        before = broker.peer.rss_bytes()
        with broker.held(held):
            after = broker.peer.rss_bytes()
        return {"bytes a connection": (after - before) / held,
                "bytes a queue": before / held}


def measure(world):
    world.record("idle connections", world.in_turn(
        world.peers, lambda kind: measure_broker(world, kind)))
