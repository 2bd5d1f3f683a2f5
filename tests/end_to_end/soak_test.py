#!/usr/bin/python3
"""One hub, for as long as is asked, under all at once: devices over five transports that come, go
and break off, senders over AMQP and HTTPS, each way a message can end, feedback, a registry that
changes under them.

    soak_test.py --build build/dev --minutes 30

Nothing accepted is lost, nothing comes again after its end was confirmed, each end is told once
(support/promises.py), and memory is flat. The work goes in rounds of so many operations; between
two of them nothing is under way, and there the hub's memory is read. The clock says only after
which round to stop.
"""

import itertools
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import ACCEPTED  # noqa: E402
from amqp_device import RELEASED, Receivers  # noqa: E402
from promises import (  # noqa: E402
    HEARD, PURGED, REJECTED, SUCCESS, BrokenPromise, Ledger)
from memory import growth, memory_mib  # noqa: E402
from queue_clients import (  # noqa: E402
    TRANSPORTS, AmqpSender, Backend, Refused, open_queue, reset)

WORKERS = 6
DEVICES_THAT_STAY = 2  # of each worker; its others live once
MESSAGES_MAX = 25      # of one device at once; its queue takes 50
BURST = 8
HELD_MAX = 8           # of one device; the hub leaves ten with one that does not settle
SMALL_BYTES, LARGE_BYTES, LARGE_ONE_IN = 600, 40_000, 40
FULL_BYTES, FULL_BURSTS = 60_000, 60  # 29 MB, where RocksDB's write buffers take 16
LOCK_SECONDS = 300     # the longest: here a lock ends with its connection or by a settlement
FEEDBACK = "/messages/serviceBound/feedback"
TOKEN_SECONDS = 24 * 3600
ROUNDS_MIN = 8
QUARANTINE = "quarantine_size_mb=8"  # what AddressSanitizer holds back is not the hub's


class Load:
    """What all threads share."""

    def __init__(self, hub):
        self.hub = hub
        self.token = hub.service_token(seconds_left=TOKEN_SECONDS)
        self.ledger = Ledger()
        self._lock = threading.Lock()
        self._counts = Counter()

    def count(self, what, number=1):
        with self._lock:
            self._counts[what] += number

    @property
    def operations(self):
        with self._lock:
            return self._counts.total()

    def counts(self):
        with self._lock:
            return dict(self._counts)


class Worker:
    """The back end and all devices of some queues: it knows what each of them must hold."""

    def __init__(self, load, number, seed):
        self.load, self.hub, self.ledger = load, load.hub, load.ledger
        self.chance = random.Random(f"{seed}-{number}")
        self.name = f"w{number}"
        self.numbers = itertools.count(1)
        self.backend = Backend(self.hub, load.token)
        self.sender = None
        self.staying = [self.create(f"{self.name}-stays-{index}")
                        for index in range(DEVICES_THAT_STAY)]

    def likely(self, probability):
        return self.chance.random() < probability

    def fill_buffers(self):
        """So that they are full before the first sample, as hours of small messages make them.
        By one worker, little by little: memory that the hub had for more at once and gave back
        would hide a leak of as much."""
        for _ in range(FULL_BURSTS):
            self.send(self.staying[0], BURST, size=FULL_BYTES)
            self.purge(self.staying[0]["deviceId"])

    def work_until(self, operations):
        """With connections of this round: the hub ends those on which nothing comes for long."""
        self.backend.drop()
        if self.sender:
            self.drop_sender()
        while self.load.operations < operations:
            self.live()

    def live(self):
        """Some calls of one device, and what its back end does meanwhile; all quiet at the end."""
        stays = self.likely(0.5)
        index = self.chance.randrange(DEVICES_THAT_STAY)
        identity = self.staying[index] if stays else \
            self.create(f"{self.name}-once-{next(self.numbers)}")
        device = identity["deviceId"]
        for _ in range(self.chance.randint(1, 4)):
            self.send_some(identity)
            self.visit(identity)
            if self.likely(0.1):
                self.purge(device)
            if self.likely(0.1):
                self.disable_for_a_while(identity)
        if self.likely(0.8):
            self.drain(identity)
        else:
            self.purge(device)
        if not stays:
            self.delete(identity)
        elif self.likely(0.05):
            self.delete(identity)
            self.staying[index] = self.create(device)

    # -- the registry

    def expect(self, statuses, method, path, body=None, headers=None):
        status, _, answer = self.backend.call(method, path, body, headers)
        if status not in statuses:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def create(self, device):
        identity = self.expect((200,), "PUT", f"/devices/{device}", {"deviceId": device})
        self.load.count("created")
        return {**identity, "key": identity["authentication"]["symmetricKey"]["primaryKey"]}

    def delete(self, identity):
        device = identity["deviceId"]
        if self.likely(0.3):
            self.send_some(identity)
        self.ledger.deleting(device, identity["generationId"])
        self.expect((204,), "DELETE", f"/devices/{device}", headers={"If-Match": "*"})
        self.load.count("deleted")

    def set_status(self, identity, status):
        self.expect((200,), "PUT", f"/devices/{identity['deviceId']}",
                    {"deviceId": identity["deviceId"], "status": status,
                     "authentication": identity["authentication"]}, {"If-Match": "*"})
        self.load.count(status)

    def disable_for_a_while(self, identity):
        transport = self.chance.choice(TRANSPORTS)
        queue = open_queue(self.hub, identity, transport)
        self.set_status(identity, "disabled")
        if transport == "https":
            queue.leave()
        else:
            queue.wait_put_out()
        try:
            open_queue(self.hub, identity, self.chance.choice(TRANSPORTS)).receive()
            raise BrokenPromise(f"{identity['deviceId']} is disabled and was let in")
        except Refused:
            self.load.count("refused")
        self.send(identity, 1, accepted=False)
        self.set_status(identity, "enabled")

    def purge(self, device):
        self.ledger.purging(device)
        answer = self.expect((200,), "DELETE", f"/devices/{device}/commands")
        self.ledger.purged(device, answer["totalMessagesPurged"])
        self.load.count("purged")

    # -- what senders do

    def send_some(self, identity):
        room = MESSAGES_MAX - self.ledger.size(identity["deviceId"])
        if room > 0:
            self.send(identity, self.chance.randint(1, min(room, BURST)))

    def send(self, identity, number, accepted=True, size=None):
        """Over AMQP all at once, and the sender may break off before it hears of them."""
        over_amqp = self.likely(0.7)
        sender = self.amqp_sender() if over_amqp else self.backend
        begun = {}
        for _ in range(number):
            name, body, ack = self.invent(size)
            self.ledger.sent(name, identity, ack, body)
            begun[name] = sender.begin(identity["deviceId"], body, name, ack)
        if over_amqp and accepted and self.likely(0.1):
            self.drop_sender()
            return
        for name, outcome in begun.items():
            if sender.accepted(outcome) != accepted:
                raise AssertionError(f"{name}: accepted is not {accepted}")
            (self.ledger.accepted if accepted else self.ledger.refused)(name)
        self.load.count("sent", number)
        if not over_amqp and self.likely(0.1):
            self.backend.drop()

    def amqp_sender(self):
        if self.sender is None:
            self.sender = AmqpSender(self.hub, self.load.token, websocket=self.likely(0.5))
            self.load.count("connected")
        return self.sender

    def drop_sender(self):
        self.sender.drop()
        self.sender = None

    def invent(self, size):
        name = f"{self.name}-{next(self.numbers)}"
        if size is None:
            size = self.chance.randrange(
                LARGE_BYTES if self.chance.randrange(LARGE_ONE_IN) == 0 else SMALL_BYTES)
        return name, (name.encode() * (size // len(name) + 1))[:size], \
            self.chance.choice(list(HEARD))

    # -- what devices do

    def open(self, identity, transport):
        queue = open_queue(self.hub, identity, transport, clean=self.likely(0.5))
        self.load.count("connected")
        return queue

    def take(self, queue):
        arrival = queue.receive()
        if arrival:
            self.ledger.arrived(arrival.id, queue.id, arrival.body)
            self.load.count("received")
        return arrival

    def visit(self, identity):
        """The device comes, takes some, settles some of these, sees more come in, and leaves."""
        queue = self.open(identity, self.chance.choice(TRANSPORTS))
        held = []
        for _ in range(self.chance.randint(0, MESSAGES_MAX)):
            if len(held) == HELD_MAX or not self.ledger.waiting(queue.id):
                break
            arrival = self.take(queue)
            if arrival is None:
                break
            held.append(arrival)
            if self.likely(0.3):
                self.settle_in_turn(queue, held)
            if self.likely(0.05):
                self.send_some(identity)
        self.settle_in_turn(queue, held)
        self.end_visit(queue, held)

    def settle_in_turn(self, queue, held):
        """The oldest first, as MQTT wants it; some stay."""
        while held and self.likely(0.8):
            self.settle(queue, held.pop(0))

    def settle(self, queue, arrival):
        how = self.chance.choice(("complete", "complete", "reject", "abandon")) \
            if queue.refuses else "complete"
        if how == "abandon":
            self.ledger.came_back(arrival.id)
            queue.abandon(arrival)
        elif how == "reject":
            self.end(queue, arrival, REJECTED, queue.reject)
        else:
            self.end(queue, arrival, SUCCESS, queue.complete)
        self.load.count("settled")

    def end(self, queue, arrival, how, say):
        self.ledger.ending(arrival.id, how)
        if how == SUCCESS and hasattr(queue, "complete_answered") and self.likely(0.5):
            queue.complete_answered(arrival)
        else:
            say(arrival)
            if not queue.keeps_locks and self.likely(0.1):
                return  # nobody knows until the end of the visit, or after it
            queue.barrier()
        self.ledger.ended(arrival.id, how)

    def end_visit(self, queue, held):
        broken = self.likely(0.5)
        if broken:
            queue.drop()
        if queue.keeps_locks:
            for arrival in held:
                self.ledger.came_back(arrival.id)
                queue.abandon(arrival)
        if queue.keeps_locks or not broken:
            queue.leave()
        self.ledger.left(queue.id)

    def drain(self, identity):
        """Until the hub says that nothing is left."""
        queue = self.open(identity, self.chance.choice([t for t in TRANSPORTS if t != "https"]))
        while True:
            while self.ledger.waiting(queue.id):
                self.complete_next(queue)
            known = self.expect((200,), "GET", f"/devices/{queue.id}")
            if known["cloudToDeviceMessageCount"] == 0:
                break
            self.complete_next(queue)  # one whose end nobody was sure of
        self.ledger.emptied(queue.id)
        queue.leave()

    def complete_next(self, queue):
        try:
            arrival = self.take(queue)
        except TimeoutError:
            raise BrokenPromise(f"{queue.id}: nothing comes; {self.ledger.waiting(queue.id)} are "
                                f"due") from None
        self.ledger.ending(arrival.id, SUCCESS)
        queue.complete(arrival)
        queue.barrier()
        self.ledger.ended(arrival.id, SUCCESS)
        self.load.count("settled")


class FeedbackReader:
    """The back end that hears what became of messages; it too breaks off and gives back."""

    def __init__(self, load, seed):
        self.load, self.hub, self.ledger = load, load.hub, load.ledger
        self.chance = random.Random(f"{seed}-feedback")
        self.done = threading.Event()  # no more will be owed than is now

    def run(self):
        while True:
            if self.ledger.wait_owed(1):
                self.read_some()
            elif self.done.is_set():
                return

    def read_some(self):
        if self.chance.random() < 0.2:
            self.poll()
            return
        receiver = Receivers(self.hub, self.load.token)
        receiver.attach_receiver("feedback", FEEDBACK)
        self.load.count("connected")
        while self.ledger.owed() and self.chance.random() < 0.9:
            got = self.next_batch(receiver)
            if got is None:
                break
            records = json.loads(got.body)
            self.ledger.told(records)
            if self.chance.random() < 0.1:
                receiver.settle(got, RELEASED)
                continue
            receiver.settle(got, ACCEPTED, settled=False)
            receiver.answer(got)
            self.ledger.told_for_good(records)
            self.load.count("told", len(records))
        reset(receiver.socket)

    def next_batch(self, receiver):
        """None when those devices were deleted of which it would have told."""
        try:
            return receiver.receive("feedback")
        except TimeoutError:
            owed = self.ledger.owed()
            if owed:
                raise BrokenPromise(f"no feedback comes; due is that on {owed}") from None
            return None

    def poll(self):
        backend = Backend(self.hub, self.load.token)
        self.settle_polled(backend, *backend.call("GET", FEEDBACK))
        backend.drop()

    def settle_polled(self, backend, status, said, records):
        if status == 204:
            return
        self.ledger.told(records)
        token = said["etag"].strip('"')
        if self.chance.random() < 0.2:
            backend.call("POST", f"{FEEDBACK}/{token}/abandon")
            return
        status = backend.call("DELETE", f"{FEEDBACK}/{token}")[0]
        if status != 204:
            raise AssertionError(f"completion of feedback: {status}")
        self.ledger.told_for_good(records)
        self.load.count("told", len(records))


class Soak(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.options = harness.Settings.options
        known = os.environ.get("ASAN_OPTIONS")
        os.environ["ASAN_OPTIONS"] = f"{known}:{QUARANTINE}" if known else QUARANTINE

    def test_under_mixed_load_nothing_is_lost_or_doubled_and_memory_is_flat(self):
        seed = self.options.seed if self.options.seed is not None else random.randrange(2**32)
        print(f"--minutes {self.options.minutes:g} --seed {seed}", flush=True)
        hub = self.start_hub(arguments=[
            "--log-level", "error",
            "--cloudToDevice.lockDurationAsIso8601", f"PT{LOCK_SECONDS}S",
            "--cloudToDevice.maxDeliveryCount", "100",
            "--cloudToDevice.feedback.lockDurationAsIso8601", f"PT{LOCK_SECONDS}S",
            "--cloudToDevice.feedback.maxDeliveryCount", "100"])
        load, memory = Load(hub), []
        workers = [Worker(load, number, seed) for number in range(WORKERS)]
        reader = FeedbackReader(load, seed)
        with ThreadPoolExecutor(WORKERS + 1) as threads:
            reading = threads.submit(reader.run)
            try:
                self.work(load, memory, workers, threads, reading)
            finally:
                reader.done.set()
                self.report(load, memory)
            reading.result()
        self.assertLess(growth(memory), self.options.growth_mib)

    def work(self, load, memory, workers, threads, reading):
        """Round after round."""
        workers[0].fill_buffers()
        end = time.monotonic() + self.options.minutes * 60
        while len(memory) < ROUNDS_MIN or time.monotonic() < end:
            target = load.operations + self.options.operations
            for work in [threads.submit(worker.work_until, target) for worker in workers]:
                work.result()
            if reading.done():
                reading.result()
            memory.append(memory_mib(load.hub.process.pid)["VmRSS"])

    def report(self, load, memory):
        print("  ".join(f"{what} {number}" for what, number in sorted(load.counts().items())))
        if len(memory) < ROUNDS_MIN:
            return
        last = len(memory) - 1
        shown = [f"{memory[last * eighth // 8]:.1f}" for eighth in range(9)]
        print(f"{load.operations} operations in {last + 1} rounds; resident MiB after the first "
              f"and each eighth: {' '.join(shown)}; {growth(memory):+.1f} from the third quarter "
              f"to the last", flush=True)


def options(parser):
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--operations", type=int, default=1000, help="of a round")
    parser.add_argument("--growth-mib", type=float, default=8, help="allowed in the last half")
    parser.add_argument("--seed", type=int)


if __name__ == "__main__":
    harness.main(options)
