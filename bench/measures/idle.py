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
    # A quorum queue is a Raft group of its own: ten thousand of them take longer to make than all
    # the rest, and their connections are those of the classic ones.
    peers = [kind for kind in world.peers if kind.name != "rabbitmq-quorum"]
    world.record("idle connections", world.in_turn(
        peers, lambda kind: measure_broker(world, kind)))
