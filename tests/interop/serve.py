"""What the Python senders share: commands in, one JSON object a line, answers out. driver.py in
tests/support is the other end, driver.js in this folder the same for Node.js."""

import base64
import json
import sys
import traceback
import uuid


def serve(commands):
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = commands[question.pop("do")](**{name: value for name, value in question.items()
                                                     if name != "id"}) or {}
        except Exception as problem:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
            answer = {"error": type(problem).__name__, "message": str(problem)}
        print(json.dumps({"id": question["id"], **answer}), flush=True)


def typed(value):
    """JSON has too few types: {"uuid": text}, {"binary": base64}, {"ulong": digits}."""
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()))
    return {"uuid": uuid.UUID, "binary": base64.b64decode, "ulong": int}[kind](content)
