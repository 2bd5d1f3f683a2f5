"""What clients were told about messages and devices, held against what a hub still knows."""

import http.client


class Ledger:
    """Of each message: accepted, ended, or asked to be so without an answer yet."""

    def __init__(self):
        self.device = {}        # of each message that may exist, in the order of sending
        self.accepted = set()
        self.ended = set()      # completed or purged, and the client was told
        self.ending = set()     # asked for; the answer never came
        self.lost = []
        self.returned = []

    def sent(self, name, device):
        self.device[name] = device

    def purge_begins(self, device):
        """The messages that an answer makes ended; others of the device may be purged as well."""
        names = [name for name, owner in self.device.items()
                 if owner == device and name not in self.ended]
        self.ending.update(names)
        return [name for name in names if name in self.accepted]

    def end(self, names):
        self.ended.update(names)
        self.ending.difference_update(names)

    def close(self, arrived):
        """`arrived` is all that the hub had, each of them completed now: the rest is nowhere."""
        self.lost += [name for name in self.device if name in self.accepted
                      and name not in self.ended | self.ending | set(arrived)]
        self.returned += [name for name in arrived if name in self.ended]
        self.ended.update(arrived)
        self.ending.clear()
        self.device.clear()


class Lost(Exception):
    """The hub broke off."""


def or_lost(call, *arguments):
    """What the call returns; Lost if the hub goes away meanwhile."""
    try:
        return call(*arguments)
    except TimeoutError:
        raise  # it hangs
    except (OSError, http.client.HTTPException) as error:
        raise Lost(str(error)) from error
