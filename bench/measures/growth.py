"""What one durable send costs as a hub grows: devices, messages waiting, and what it has been
through. `us` is the hub's own processor time."""

from .broker import Broker
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


def measure(world):
    cases = {f"{devices:,} devices": (devices, 0) for devices in world.scale.growing_devices}
    devices = world.scale.deep_devices
    cases |= {f"{devices:,} devices, {each:,} waiting for each": (devices, each)
              for each in world.scale.growing_backlogs}
    world.record("growth", world.in_turn(
        cases, lambda case: measure_filled(world, *cases[case])))
