"""Durable sends a second: what each broker acknowledges, and what the disk and RocksDB would."""

from .broker import started

IN_FLIGHT = (1, 8, 64, 512)
BODY_BYTES = 200
LARGE_BODY_BYTES = 4096
CONNECTIONS = 64


def cases():
    """(column, arguments of the load program)."""
    for in_flight in IN_FLIGHT:
        yield f"{in_flight}", ("--in-flight", in_flight, "--bytes", BODY_BYTES)
    yield "512 on 64", ("--in-flight", IN_FLIGHT[-1], "--bytes", BODY_BYTES,
                        "--connections", CONNECTIONS)
    yield "512 of 4 KB", ("--in-flight", IN_FLIGHT[-1], "--bytes", LARGE_BODY_BYTES)


def measure_broker(world, kind):
    figures = {}
    with started(world, kind) as broker:
        broker.make_queues(world.scale.devices)
        for column, words in cases():
            counted = broker.load("send", "--devices", world.scale.devices,
                                  "--seconds", world.scale.seconds, *words)
            figures[column] = counted["messages_per_second"]
            if column == "1":
                figures["alone, p50 us"] = counted["p50_us"]
    return figures


def measure_limit(world, verb):
    """The same records in batches as large as what is in flight: no answer, no network."""
    figures = {}
    for column, words in cases():
        if "--connections" in words:
            continue
        options = dict(zip(words[::2], words[1::2]))
        folder = world.new_folder()
        queues = ("--queues", world.scale.devices) if verb == "rocksdb" else ()
        counted = world.run("limits", verb, "--folder", folder, "--bytes", options["--bytes"],
                            "--batch", options["--in-flight"], *queues,
                            "--seconds", world.scale.seconds)
        figures[column] = counted["records_per_second"]
        if column == "1":
            figures["alone, p50 us"] = counted["commit_p50_us"]
        world.drop(folder)
    return figures


def measure(world):
    def one(subject):
        if isinstance(subject, str):
            return measure_limit(world, subject)
        return measure_broker(world, subject)
    world.record("durable send", world.in_turn(
        [*world.peers, *world.with_restante("rocksdb", "log")], one))
