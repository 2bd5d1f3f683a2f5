"""What a hub owes its clients: each message from its sending to its end, and who must hear of it.

A client writes here what it is about to say before it says it, and what it was told once it was
told; so what the hub does next can be held against what it may do. Broken promises raise. Several
threads write; each device belongs to one of them.
"""

import threading
from dataclasses import dataclass, field

SUCCESS, REJECTED, PURGED = "Success", "Rejected", "Purged"
HEARD = {"none": (), "positive": (SUCCESS,), "negative": (REJECTED, PURGED),
         "full": (SUCCESS, REJECTED, PURGED)}  # by what the sender asked for

# A message's state, as its clients know it.
SENT = "sent"        # nobody said yet whether it was accepted; it may arrive, late or never
WAITING = "waiting"  # accepted
HELD = "held"        # at its device
UNSURE = "unsure"    # its end was said, and the connection then lost: it may come once more


@dataclass
class Message:
    device: str
    generation: str
    ack: str
    body: bytes
    state: str = SENT
    ends: set = field(default_factory=set)  # those it may have had: what feedback may say
    told: str | None = None                 # what feedback said


class BrokenPromise(AssertionError):
    pass


class Ledger:
    """Knows those messages that have not ended, or whose feedback is not through."""

    def __init__(self):
        self._changed = threading.Condition()
        self._live = {}  # by id
        self._owed = {}  # ended, and the sender must hear of it
        self._perhaps = {}  # ended in one of two ways, of which its sender hears but one
        self._deleted = set()  # (device, generation): takes its feedback along

    # -- what senders say and hear

    def sent(self, name, identity, ack, body):
        with self._changed:
            self._live[name] = Message(identity["deviceId"], identity["generationId"], ack, body)

    def accepted(self, name):
        """It may have arrived, even ended, before its sender read that."""
        with self._changed:
            if name in self._live and self._live[name].state == SENT:
                self._live[name].state = WAITING

    def refused(self, name):
        """From here on an arrival breaks a promise."""
        with self._changed:
            if name not in self._live or self._live[name].state != SENT:
                raise BrokenPromise(f"{name} was refused and arrived")
            del self._live[name]

    # -- what devices hear and say

    def arrived(self, name, device, body):
        with self._changed:
            message = self._live.get(name)
            if message is None:
                raise BrokenPromise(f"{device} got {name} after its end, or nobody sent it")
            if message.device != device:
                raise BrokenPromise(f"{device} got {name}, which was for {message.device}")
            if message.told:
                raise BrokenPromise(f"{device} got {name}, of which feedback said {message.told}")
            if message.state == HELD:
                raise BrokenPromise(f"{device} got {name} while it holds it")
            if message.body != body:
                raise BrokenPromise(f"{name} arrived with another body, of {len(body)} bytes")
            message.state = HELD
            message.ends.clear()  # whatever was said of it before did not count

    def ending(self, name, how):
        """Its device is about to say so."""
        with self._changed:
            self._live[name].ends.add(how)

    def ended(self, name, how):
        """The hub has said so, or has said something that it says only afterwards."""
        with self._changed:
            self._end(name, {how})

    def came_back(self, name):
        with self._changed:
            self._live[name].state = WAITING

    def left(self, device):
        """It is gone, in the middle of whatever it had said of what it held."""
        with self._changed:
            for _, message in self._of(device):
                if message.state == HELD:
                    message.state = UNSURE if message.ends else WAITING

    def waiting(self, device):
        """Those that must arrive."""
        with self._changed:
            return [name for name, message in self._live.items()
                    if message.device == device and message.state == WAITING]

    def size(self, device):
        """How many its queue holds, or may hold."""
        with self._changed:
            return sum(message.state != SENT for _, message in self._of(device))

    def emptied(self, device):
        """The hub says that nothing is in the queue."""
        with self._changed:
            for name, message in self._of(device):
                if message.state in (WAITING, HELD):
                    raise BrokenPromise(f"{name} was accepted and is lost")
                if message.state == UNSURE:
                    self._end(name, message.ends)

    # -- what the back end does

    def purging(self, device):
        with self._changed:
            for _, message in self._of(device):
                message.ends.add(PURGED)

    def purged(self, device, count):
        """`count` is what the hub said."""
        with self._changed:
            sure = [name for name, message in self._of(device) if message.state in (WAITING, HELD)]
            unsure = [name for name, message in self._of(device) if message.state == UNSURE]
            sent = sum(message.state == SENT for _, message in self._of(device))
            if not len(sure) <= count <= len(sure) + len(unsure) + sent:
                raise BrokenPromise(f"{count} of {device} were purged; {len(sure)} waited, "
                                    f"{len(unsure) + sent} more may have")
            for name in sure:
                self._end(name, {PURGED})
            for name in unsure:
                self._end(name, self._live[name].ends)

    def deleting(self, device, generation):
        """Its messages end and nobody hears of it; what was under way may still come in late."""
        with self._changed:
            self._deleted.add((device, generation))
            for name, message in self._of(device):
                if message.state != SENT:
                    del self._live[name]
            for ended in (self._owed, self._perhaps):
                for name in [name for name, message in ended.items()
                             if (message.device, message.generation) == (device, generation)]:
                    del ended[name]
            self._changed.notify_all()

    # -- what senders are told of the end

    def told(self, records):
        """A batch was read; it may come again until it is completed."""
        names = [record["originalMessageId"] for record in records]
        if len(set(names)) != len(names):
            raise BrokenPromise(f"one batch tells twice of a message: {sorted(names)}")
        with self._changed:
            for record in records:
                if (record["deviceId"], record["deviceGenerationId"]) not in self._deleted:
                    self._check(record)

    def _check(self, record):
        name, status = record["originalMessageId"], record["statusCode"]
        message = self._find(name)
        if message is None or message.told:
            raise BrokenPromise(f"feedback on {name}, which is through or was not asked for: "
                                f"{status}")
        if status not in message.ends or status not in HEARD[message.ack]:
            raise BrokenPromise(f"feedback says {status} of {name}, which asked for {message.ack} "
                                f"and may have had {sorted(message.ends)}")

    def told_for_good(self, records):
        """The batch was completed, and the hub has said so."""
        with self._changed:
            for record in records:
                name = record["originalMessageId"]
                message = self._find(name)
                if message:
                    message.told = record["statusCode"]
                self._owed.pop(name, None)
                self._perhaps.pop(name, None)
            self._changed.notify_all()

    def wait_owed(self, seconds):
        """Whether a sender must hear of something, now or within so long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._owed, seconds)

    def owed(self):
        with self._changed:
            return sorted(self._owed)

    # -- with the lock held

    def _find(self, name):
        return self._live.get(name) or self._owed.get(name) or self._perhaps.get(name)

    def _of(self, device):
        return [(name, message) for name, message in self._live.items()
                if message.device == device]

    def _end(self, name, ends):
        message = self._live.pop(name)
        message.ends = set(ends)
        if message.told and message.told not in ends:
            raise BrokenPromise(f"feedback said {message.told} of {name}: it ended by {ends}")
        heard = message.ends.intersection(HEARD[message.ack])
        if message.told or not heard:
            return
        (self._owed if heard == message.ends else self._perhaps)[name] = message
        self._changed.notify_all()
