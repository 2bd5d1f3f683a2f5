"""From send() to the device's callback, with the devices there: at the peak, and below it."""

from .broker import started

SHARES = (0.1, 0.5, 0.8)
EQUAL_RATE = 2_000  # messages a second that each of them can take


def measure_broker(world, kind):
    scale = world.scale
    words = ("--devices", scale.live_devices, "--seconds", scale.seconds)
    figures = {}
    with started(world, kind) as broker:
        broker.make_queues(scale.live_devices)
        peak = broker.load("live", *words)["messages_per_second"]
        figures["peak"] = peak
        rates = {f"{EQUAL_RATE:,}/s": EQUAL_RATE}
        rates |= {f"{share:.0%}": max(1, int(peak * share)) for share in SHARES}
        for said, rate in rates.items():
            counted = broker.load("live", *words, "--rate", rate)
            for name in ("p50", "p99", "p999"):
                figures[f"{said} {name} us"] = counted[f"{name}_us"]
    return figures


def measure(world):
    world.record("live delivery", world.in_turn(
        world.peers, lambda kind: measure_broker(world, kind)))
