"""A client process that lives as long as its test and is told what to do: JSON objects, one a line.

A question is {"id": 7, "do": NAME, ...}; its answer {"id": 7, ...}, with "error" when it failed.
What happens by itself comes as {"event": NAME, ...}. Starting Node.js takes longer than most tests,
so one such process plays many clients.
"""

import json
import subprocess
import time

from harness import SECONDS, Process


class DriverError(AssertionError):
    """The client's own word for what went wrong, in `answer`."""

    def __init__(self, command, answer):
        super().__init__(f"{command}: {answer}")
        self.answer = answer
        self.name = answer["error"]


class Driver(Process):
    def __init__(self, command, env=None):
        super().__init__(command, env, stdin=subprocess.PIPE)
        self._answers = {}
        self.events = []  # not taken yet
        self._parsed = 0
        self._next_id = 1

    def tell(self, do, **arguments):
        """Asks without waiting; the id is for answer()."""
        question = {"id": self._next_id, "do": do, **arguments}
        self._next_id += 1
        try:
            self.type(json.dumps(question) + "\n")
        except OSError as problem:
            raise AssertionError(f"{self.command} is gone ({problem}):\n{self.output}") from problem
        return question["id"]

    def answer(self, number, seconds=SECONDS):
        self._wait(lambda: number in self._answers, f"answer {number}", seconds)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise DriverError(self.command, answer)
        return answer

    def ask(self, do, **arguments):
        """The answer; DriverError when the client reported an error."""
        return self.answer(self.tell(do, **arguments))

    def event(self, name, seconds=SECONDS, **fields):
        """Takes the oldest event of that name with those fields."""
        found = []

        def look():
            for event in self.events:
                if event["event"] == name and all(event.get(field) == value
                                                  for field, value in fields.items()):
                    found.append(event)
                    self.events.remove(event)
                    return True
            return False
        self._wait(look, f"event {name} {fields}", seconds)
        return found[0]

    def _wait(self, ready, what, seconds):
        deadline = time.monotonic() + seconds
        with self._grew:
            while True:
                self._parse()
                if ready():
                    return
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    reason = "it ended" if self._ended else f"not in {seconds} s"
                    raise AssertionError(f"no {what} from {' '.join(self.command)}: {reason}; "
                                         f"it said:\n{self._tail()}")
                self._grew.wait(left)

    def _tail(self, lines_max=40, columns_max=400):
        return "\n".join(line[:columns_max] for line in self.lines[-lines_max:])

    def _parse(self):
        while self._parsed < len(self.lines):
            line = self.lines[self._parsed]
            self._parsed += 1
            if not line.startswith("{"):
                continue  # a warning of the run time
            said = json.loads(line)
            if "event" in said:
                self.events.append(said)
            else:
                self._answers[said["id"]] = said

    def close(self):
        """Ends it by the end of its input; it must agree."""
        self._process.stdin.close()
        code = self.wait()
        if code != 0:
            raise AssertionError(f"{self.command}: exit code {code}:\n{self._tail()}")
