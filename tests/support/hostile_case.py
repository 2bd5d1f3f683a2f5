"""What each hostile try must come to: refused, nothing told, one line in the log that names the
cause and holds no secret, and a good client served right after."""

import base64
import re
import urllib.parse

import harness
from hostile_tokens import secrets_of

REFUSAL = re.compile(r"event=(refused|link_refused|request_failed|connection_ended|"
                     r"subscription_refused) ")
LOG_SECONDS = 20  # the line was written before the answer
# What follows by itself when a link is asked for whose token was refused before.
FOLLOWS = re.compile(r"reason=\"the connection has put no token")


class HostileCase(harness.TestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.cells = 0
        self.fences = 0
        self.policies = {}
        self.secrets = set()  # beside each try's own token
        for policy in ("iothubowner", "service", "device", "registryRead", "registryReadWrite"):
            self.policies[policy] = harness.service_claims(
                self.hub.connection_string("--policy", policy))
            self.keep_secret(self.policy_key(policy))

    def tearDown(self):
        harness.report_cells(self.cells)
        super().tearDown()

    def policy_key(self, name):
        return self.policies[name]["key"]

    def policy_token(self, name, path="", **changes):
        claims = self.policies[name]
        return harness.sas_token(
            **{**claims, "resource": claims["resource"] + path, **changes})

    def keep_secret(self, key):
        self.secrets.add(key)
        return key

    def create(self, device, **fields):
        identity = self.hub.create_device(device, **fields)
        for key in identity["authentication"]["symmetricKey"].values():
            self.keep_secret(key)
        return identity

    def lines_until_now(self, mark):
        """All that the hub has said since `mark`. It is read by another thread, which may be late:
        what follows a refusal would be taken for the next one's."""
        self.fences += 1
        fence = f"fence-{self.fences}"
        status, _, _ = self.hub.rest("GET", "/devices", token=self.policy_token(
            "service", policy=fence))
        self.assertEqual(status, 401)
        process = self.hub.process
        process.wait_line(f"no policy '{fence}'", since=mark, seconds=LOG_SECONDS)
        lines = process.lines[mark:]
        end = next(i for i, line in enumerate(lines) if f"'{fence}'" in line)
        return lines[:end]

    def assert_silent(self, said, secrets):
        """No secret among the bytes `said`, in any spelling."""
        for secret in secrets:
            for spelling in (secret.encode(), urllib.parse.quote(secret, safe="").encode()):
                self.assertNotIn(spelling, said)
        for key in self.secrets:
            self.assertNotIn(base64.b64decode(key), said)

    def refused(self, attempt, cause, afterwards, token="", told=None):
        """`attempt` and `afterwards` are functions that make an Attempt."""
        self.cells += 1
        process, secrets = self.hub.process, self.secrets | secrets_of(token)
        mark = process.mark()
        tried = attempt()
        self.assertFalse(tried.served, tried)
        if told is not None:
            self.assertEqual(tried.told, told)
        self.assert_silent(tried.said, secrets)
        good = afterwards()
        self.assertTrue(good.served, good)
        process.wait_line(rf"reason=.*(?:{cause})", since=mark, seconds=LOG_SECONDS)
        lines = self.lines_until_now(mark)
        refusals = [line for line in lines if REFUSAL.search(line)]
        telling = [line for line in refusals if re.search(rf"reason=.*(?:{cause})", line)]
        if len(telling) > 1:
            telling = [line for line in telling if not FOLLOWS.search(line)]
        self.assertEqual(len(telling), 1, lines)
        for line in refusals:
            self.assertTrue(line in telling or FOLLOWS.search(line), lines)
        self.assert_silent("\n".join(lines).encode(), secrets)
        return tried
