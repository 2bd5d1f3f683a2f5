"""A folder on a disk that forgets what was not synced, and that fails when told to.

The preloaded half is sick_disk.cpp: it says what the journal holds. This half is used while the
program is dead: `cut()` takes back what a power cut could take back.

What counts as safe is what POSIX promises and no more: the contents of a file that were there when
a successful fsync or fdatasync of it began, the names in a folder likewise. Of the rest

* names: of makings, renames and removals a random number of the last ones is undone;
* contents: of each file nothing is left, or all, or the writes up to some byte, or any of the
  sectors. A file may have grown without its bytes: they are zeros then.

The store's MANIFEST gets no holes. One in its last entry needs a person to decide: RocksDB refuses
it, and to forget an entry that was synced and went bad later would lose what its table holds.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from harness import program

SECTOR_BYTES = 512
WITHOUT_HOLES = "MANIFEST-"


@dataclass
class Event:
    position: int  # in the journal
    kind: str
    inode: int     # of the file, or of the folder that a name stands in
    fields: list

    @property
    def is_content(self):
        return self.kind in ("write", "cut")


@dataclass
class Cut:
    """What a power cut did, for a report."""
    names_undone: list = field(default_factory=list)
    files: dict = field(default_factory=dict)  # name: how

    def __str__(self):
        return f"names undone {self.names_undone}, contents {self.files}"


class SickDisk:
    """`root` is what to put on it; what it needs itself lies beside that, on the same disk."""

    def __init__(self, folder):
        self.root = folder / "disk"
        self.journal = folder / "journal"
        self.graves = folder / "graves"
        self.fired = folder / "fired"
        self.sick = folder / "sick"  # while it exists, a lasting fault lasts
        self.root.mkdir()
        self.graves.mkdir()

    def variables(self, fault=None, lasting=False, journal=True):
        """For the environment of the process. `fault` is (kind, n, errno; 0 kills): the n-th call
        of the kind fails, and if `lasting` each one after it; with n = 0 each one while self.sick
        exists."""
        self.fired.unlink(missing_ok=True)
        words = {"LD_PRELOAD": program("tests/libsick_disk.so"), "SICK_DISK_ROOT": str(self.root)}
        if journal:
            words |= {"SICK_DISK_JOURNAL": str(self.journal), "SICK_DISK_GRAVES": str(self.graves)}
        if fault:
            words |= {"SICK_DISK_FAULT": " ".join(map(str, fault)),
                      "SICK_DISK_FIRED": str(self.fired)}
        if lasting or (fault and fault[1] == 0):
            words["SICK_DISK_WHILE"] = str(self.sick)
        if lasting:
            self.sick.touch()
        return words

    def failed_calls(self):
        """Each as "call path"."""
        return self.fired.read_text(encoding="utf-8").splitlines() if self.fired.exists() else []

    def forget(self):
        """All is safe that was written so far: the disk has had its time."""
        self.journal.unlink(missing_ok=True)
        shutil.rmtree(self.graves)
        self.graves.mkdir()

    def cut(self, chance):
        """Chooses what is lost, and says what it was. Safe is what is left."""
        done = Cut()
        unsafe, failed = read_journal(self.journal)
        names = [event for event in unsafe if not event.is_content]
        for event in reversed(names[len(names) - chance.randint(0, len(names)):]):
            undo_name(event)
            done.names_undone.append(" ".join([event.kind, *map(short, event.fields)]))
        contents = {}
        for event in unsafe:
            if event.is_content:
                contents.setdefault(event.inode, []).append(event)
        for path in sorted(self.root.rglob("*")):
            inode = path.stat().st_ino
            if path.is_file() and inode in contents:
                done.files[path.name] = cut_contents(path, contents[inode], failed, chance)
        self.forget()
        return done


def short(text):
    return text.rpartition("/")[2]


def read_journal(path):
    """(events that no sync made safe, those of them that none will: their sync failed)."""
    events, position = [], 0
    failed = set()
    raw = path.read_bytes() if path.exists() else b""
    for line in raw.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break  # the process died writing it
        kind, inode, *fields = line.decode().rstrip("\n").split("\t")
        event = Event(position, kind, int(inode), fields)
        position += len(line)
        if kind not in ("sync", "fail"):
            events.append(event)
            continue
        concerned = [known for known in events if known.inode == event.inode
                     and known.position < int(fields[0]) and known.position not in failed]
        if kind == "fail":
            failed |= {known.position for known in concerned if known.is_content}
        else:
            gone = {known.position for known in concerned}
            events = [known for known in events if known.position not in gone]
    return events, failed


def undo_name(event):
    if event.kind == "make":
        path = Path(event.fields[0])
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    elif event.kind == "drop":
        os.rename(event.fields[1], event.fields[0])
    elif event.kind == "rename":
        before, now, *grave = event.fields
        os.rename(now, before)
        if grave and grave[0]:
            os.rename(grave[0], now)


def before(content, event):
    """The content of a file before the event."""
    if event.kind == "write":
        offset, length, size, old = event.fields
        return restored(content, int(offset), int(length), bytes.fromhex(old))[:int(size)]
    size, _, behind = event.fields
    return content[:int(size)] + bytes.fromhex(behind)


def restored(content, offset, length, old):
    end = min(offset + length, len(content))
    return content[:offset] + old.ljust(end - offset, b"\0")[:end - offset] + content[end:]


def cut_contents(path, events, failed, chance):
    now = path.read_bytes()
    for event in events:
        if event.position in failed and event.kind == "write":
            offset, length, _, old = event.fields
            now = restored(now, int(offset), int(length), bytes.fromhex(old))
    waiting = [event for event in events if event.position not in failed]
    how = chance.choice(("none", "all", "prefix", "sectors"))
    if how == "sectors" and path.name.startswith(WITHOUT_HOLES):
        how = "prefix"
    states = [now]  # back in time
    for event in reversed(waiting):
        states.append(before(states[-1], event))
    if how == "none":
        now = states[-1]
    elif how == "prefix" and waiting:
        at = chance.randrange(len(waiting))
        now = part_of(states[at], states[at + 1], chance)
    elif how == "sectors":
        now = some_sectors(now, states[-1], chance)
    path.write_bytes(now)
    return how


def part_of(after, earlier, chance):
    """Between the two states around a write: what it wrote up to some byte. What shortened the file
    has no half."""
    if len(after) < len(earlier):
        return chance.choice((after, earlier))
    unchanged = len(os.path.commonprefix((after, earlier)))
    behind = chance.randint(unchanged, len(after))
    return after[:behind] + earlier[behind:]


def some_sectors(after, earlier, chance):
    """As long as the later one; each sector is of either."""
    result = bytearray(after)
    for at in range(0, len(after), SECTOR_BYTES):
        end = min(at + SECTOR_BYTES, len(after))
        if chance.random() < 0.5:
            result[at:end] = earlier[at:end].ljust(end - at, b"\0")
    return bytes(result)
