"""A hub's short life, for those who let one thing in it fail: start, make a device, send three
messages, receive and complete one, stop. Whatever fails, a start with nothing in its way must find
all that was acknowledged."""

import signal

import harness
from amqp_client import AmqpService, message
from https_device import HttpsDevice
from ledger import Ledger, Lost, or_lost

DEVICE = "Device-1"
MESSAGES = 3


class Refused(Exception):
    """The hub answered that it cannot."""


class Life:
    """One hub on a folder of its own, and what its clients were told."""

    def __init__(self, test, folder, variables):
        self.test, self.ledger = test, Ledger()
        self.hub = harness.Hub(folder)
        self.hub.variables = variables
        self.device = None     # its identity, once that was acknowledged
        self.attempted = False
        self.exit_code = None
        self.output = ""

    def live(self):
        """To the end of the process, whatever it is."""
        try:
            self.hub.start()
            self.work()
        except (Lost, Refused):
            pass
        except AssertionError as error:
            if "did not say" not in str(error):
                raise
        process = self.hub.process
        process.signal(signal.SIGTERM)
        self.exit_code = process.wait()
        self.output = process.output
        self.hub.process = None

    def work(self):
        token = self.hub.service_token()
        self.attempted = True
        status, _, body = or_lost(self.hub.rest, "PUT", f"/devices/{DEVICE}", {"deviceId": DEVICE},
                                  token)
        self.demand(status == 200, status)
        self.device = {**body, "key": body["authentication"]["symmetricKey"]["primaryKey"]}
        with or_lost(AmqpService, self.hub, token) as service:
            or_lost(service.open_sender)
            for index in range(MESSAGES):
                name = f"message-{index}"
                self.ledger.sent(name, DEVICE)
                outcome = or_lost(service.send_and_wait, message(DEVICE, b"x" * 100, name))
                self.demand(outcome.condition is None, outcome)
                self.ledger.accepted.add(name)
        self.complete_one()

    def complete_one(self):
        client = HttpsDevice(self.hub, self.device)
        try:
            answer = or_lost(client.receive)
            self.demand(answer.status == 200, answer.status)
            name = answer.header("iothub-messageid")
            self.ledger.ending.add(name)
            status = or_lost(client.complete, answer.lock_token).status
            self.demand(status == 204, status)
            self.ledger.end([name])
        finally:
            client.close()

    @staticmethod
    def demand(condition, answer):
        if not condition:
            raise Refused(str(answer))

    def check(self):
        """With nothing in its way. The device that nobody was told of may be there or not."""
        self.hub.variables = {}
        self.hub.start()
        if self.device:
            client, arrived = HttpsDevice(self.hub, self.device), []
            while (answer := client.receive()).status == 200:
                arrived.append(answer.header("iothub-messageid"))
                client.complete(answer.lock_token)
            self.test.assertEqual(answer.status, 204)
            client.close()
            self.ledger.close(arrived)
        self.hub.stop()
        self.test.assertEqual((self.ledger.lost, self.ledger.returned), ([], []))
