"""What Restante aims at, as ratios of figures of one run, and what came of it."""

KILOBYTE = 1000


class Aim:
    """`here` of the results is to be at least or at most so much."""

    def __init__(self, name, here, at_least=None, at_most=None):
        self.name = name
        self.here = here
        self.at_least = at_least
        self.at_most = at_most

    def row(self, results):
        here = self.here(results)
        if self.at_least is not None:
            aim, met = f"at least {self.at_least:,}", here >= self.at_least
        else:
            aim, met = f"at most {self.at_most:,}", here <= self.at_most
        return {"here": here, "aim": aim, "": "" if met else "**missed**"}


def against(measure, column, row, of="restante"):
    """The figure of one row as a multiple of another's."""
    return lambda results: results[measure][of][column] / results[measure][row][column]


def live_against_limits(results):
    echo = results["limits of the machine"]["TLS echo"]["p50 us"]
    sync = results["durable send"]["log"]["alone, p50 us"]
    return results["live delivery"]["restante"]["50% p99 us"] / (echo + sync)


SYNCED = ("rabbitmq", "rabbitmq-quorum", "nats-synced")
MILLION = "1,000,000 identities, a message each"

AIMS = [
    Aim("durable send, 512 in flight, to RocksDB alone", against("durable send", "512", "rocksdb"),
        at_least=0.5),
    *(Aim(f"durable send, 512 in flight, to {peer}", against("durable send", "512", peer),
          at_least=2 if peer == "nats-synced" else 5) for peer in SYNCED),
    Aim("one send in flight, p50, to a bare append and fdatasync",
        against("durable send", "alone, p50 us", "log"), at_most=1.5),
    Aim("live, p99 at half of the peak, to an echo by TLS and an append and fdatasync",
        live_against_limits, at_most=3),
    *(Aim(f"live, p99 at {said}, to {peer}", against("live delivery", f"{rate} p99 us", peer),
          at_most=1)
      for rate, said in (("2,000/s", "2,000 a second"), ("50%", "half of its own peak"))
      for peer in SYNCED),
    *(Aim(f"storm, {way}, to bare TLS", against("connection storm", f"{way} a second", "bare TLS"),
          at_least=0.7) for way in ("TLS 1.3", "TLS 1.2", "TLS 1.2 resumed")),
    Aim("memory of an idle connection by MQTT, KB",
        lambda results: results["idle connections"]["restante"]["bytes a connection"] / KILOBYTE,
        at_most=18),
    *(Aim(f"memory of an idle connection by MQTT, to {peer}",
          against("idle connections", "bytes a connection", peer), at_most=1)
      for peer in ("mosquitto", "rabbitmq")),
    Aim("cold start on a million identities and messages, s",
        lambda results: results["cold start"][MILLION]["seconds"], at_most=5),
    Aim("memory of an identity with nothing queued, bytes",
        lambda results: results["cold start"]["1,000,000 identities"]["bytes an identity"],
        at_most=1024),
    Aim("processor time of a send, a million queues to a thousand",
        against("growth", "us", "1,000 devices", "1,000,000 devices"), at_most=1.2),
]


def rows(results):
    return {aim.name: aim.row(results) for aim in AIMS}
