"""What one durable send costs as a hub grows: devices, messages waiting, and what it has been
through. `us` is the hub's own processor time."""

from peers.restante import Restante

from .broker import Broker, started
from .cold_start import filled

SENDERS = ("--in-flight", 512, "--bytes", 200)


def cost(world, broker, devices):
    before = broker.peer.cpu_seconds()
    counted = broker.load("send", "--devices", devices, "--seconds", world.scale.seconds, *SENDERS)
    used = broker.peer.cpu_seconds() - before
    # The load sends for half a second before it counts.
    sent = counted["messages_per_second"] * (world.scale.seconds + 0.5)
    return {"messages a second": counted["messages_per_second"], "us": 1e6 * used / sent}


def measure_filled(world, devices, each):
    folder, hub = filled(world, devices, each)
    try:
        with hub:
            return cost(world, Broker(world, hub), devices)
    finally:
        world.drop(folder)


def measure_used(world, devices, each):
    """Once so many messages have come to each device and are gone."""
    with started(world, Restante) as broker:
        broker.make_queues(devices)
        words = ("--devices", devices, "--each", each)
        broker.load("send", *words)
        broker.load("drain", *words)
        return cost(world, broker, devices)


def measure(world):
    scale = world.scale
    histories = (1, 10) if world.quick else (10, 100, 1_000)
    cases = {f"{devices:,} devices": (measure_filled, devices, 0)
             for devices in scale.growing_devices}
    cases |= {f"{scale.deep_devices:,} devices, {each:,} waiting for each":
              (measure_filled, scale.deep_devices, each) for each in scale.growing_backlogs}
    cases |= {f"{scale.devices:,} devices, {scale.devices * each:,} messages before":
              (measure_used, scale.devices, each) for each in histories}

    def one(case):
        how, devices, each = cases[case]
        return how(world, devices, each)
    world.record("growth", world.in_turn(cases, one))
