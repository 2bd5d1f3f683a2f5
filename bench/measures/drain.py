"""Devices that come back to a backlog: how long until all of it is delivered and acknowledged."""

from .broker import started


def measure_broker(world, kind):
    scale = world.scale
    with started(world, kind) as broker:
        broker.make_queues(scale.devices)
        words = ("--devices", scale.devices, "--each", scale.backlog)
        broker.load("send", *words)
        counted = broker.load("drain", *words)
        return {"messages a second": counted["messages_per_second"],
                "devices a second": counted["devices_per_second"]}


def measure(world):
    world.record("drain", world.in_turn(world.peers, lambda kind: measure_broker(world, kind)))
