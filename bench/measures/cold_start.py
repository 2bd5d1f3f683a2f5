"""A hub that starts on a full data folder: time until it is ready, and what it holds in memory."""

import time

from peers.restante import Restante


def filled(world, identities, each):
    """A hub about to start on so many identities, with so many messages each."""
    folder = world.new_folder()
    hub = Restante(folder)
    data = hub.data_folder()
    world.run("fill", "--data-dir", data, "--identities", identities, "--each", each,
              "--bytes", 200)
    return folder, hub


def measure_start(world, identities, each):
    folder, hub = filled(world, identities, each)
    try:
        begin = time.monotonic()
        with hub:
            took = time.monotonic() - begin
            return {"seconds": took, "MiB": hub.rss_bytes() / 2**20,
                    "bytes an identity": hub.rss_bytes() / identities}
    finally:
        world.drop(folder)


def measure(world):
    many = world.scale.many_devices
    cases = {"nothing": (1, 0), f"{many:,} identities": (many, 0),
             f"{many:,} identities, a message each": (many, 1)}
    world.record("cold start", world.in_turn(
        cases, lambda case: measure_start(world, *cases[case])))
