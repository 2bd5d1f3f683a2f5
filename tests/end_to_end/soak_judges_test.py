#!/usr/bin/python3
"""Those who judge the hub in soak_test.py, on stories made for them: what they let pass is not
worth a soak."""

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from promises import PURGED, SUCCESS, BrokenPromise, Ledger  # noqa: E402
from memory import growth  # noqa: E402


class Judges(unittest.TestCase):
    DEVICE = {"deviceId": "d", "generationId": "1"}

    def ledger(self, *steps):
        """One with a message "m" of full feedback that waits, after these steps."""
        ledger = Ledger()
        ledger.sent("m", self.DEVICE, "full", b"body")
        ledger.accepted("m")
        for method, *arguments in steps:
            getattr(ledger, method)(*arguments)
        return ledger

    ARRIVED = ("arrived", "m", "d", b"body")
    COMPLETED = (ARRIVED, ("ending", "m", SUCCESS), ("ended", "m", SUCCESS))

    @staticmethod
    def record(status=SUCCESS):
        return {"originalMessageId": "m", "statusCode": status, "deviceId": "d",
                "deviceGenerationId": "1"}

    def broken(self, *steps):
        with self.assertRaises(BrokenPromise) as caught:
            self.ledger(*steps)
        return str(caught.exception)

    def test_a_message_that_is_lost_doubled_or_changed_is_noticed(self):
        self.assertIn("is lost", self.broken(("emptied", "d")))
        self.assertIn("is lost", self.broken(self.ARRIVED, ("left", "d"), ("emptied", "d")))
        self.assertIn("after its end", self.broken(*self.COMPLETED, self.ARRIVED))
        self.assertIn("while it holds it", self.broken(self.ARRIVED, self.ARRIVED))
        self.assertIn("another body", self.broken(("arrived", "m", "d", b"bodi")))
        self.assertIn("was for d", self.broken(("arrived", "m", "e", b"body")))
        self.assertIn("purged", self.broken(("purging", "d"), ("purged", "d", 0)))
        self.assertIn("after its end",
                      self.broken(("deleting", "d", "1"), self.ARRIVED))

    def test_an_end_that_nobody_confirmed_may_count_or_not(self):
        unsure = (self.ARRIVED, ("ending", "m", SUCCESS), ("left", "d"))
        self.ledger(*unsure, self.ARRIVED)
        self.ledger(*unsure, ("purging", "d"), ("purged", "d", 0))
        self.assertEqual(self.ledger(*unsure, ("emptied", "d")).owed(), ["m"])

    def test_feedback_that_is_missing_doubled_or_wrong_is_noticed(self):
        told = (("told", [self.record()]), ("told_for_good", [self.record()]))
        self.assertEqual(self.ledger(*self.COMPLETED).owed(), ["m"])
        self.assertEqual(self.ledger(*self.COMPLETED, *told).owed(), [])
        self.ledger(*self.COMPLETED, told[0], *told)  # given back, so it comes again
        self.assertIn("is through", self.broken(*self.COMPLETED, *told, told[0]))
        self.assertIn("tells twice", self.broken(("told", [self.record()] * 2)))
        self.assertIn("may have had", self.broken(*self.COMPLETED,
                                                  ("told", [self.record(PURGED)])))
        self.assertIn("feedback said", self.broken(*self.COMPLETED[:2], *told, self.ARRIVED))

    def test_memory_that_grows_is_told_from_memory_that_fills_up(self):
        chance = random.Random(1)
        filling = [40 - 20 * 0.8 ** number + chance.random() for number in range(60)]
        self.assertLess(growth(filling), 1)
        self.assertGreater(growth([size + 0.3 * number for number, size in enumerate(filling)]), 4)


if __name__ == "__main__":
    harness.main()
