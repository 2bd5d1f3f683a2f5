#!/usr/bin/python3
"""Every wrong token on every way into the hub, a device's and a service's:

    hostile_token_test.py [--door NAME ...]

Each way in and each token is one cell.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
import hostile_tokens  # noqa: E402
from doors import CbsDoor, HttpsDoor, MqttDoor, PlainDoor  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from hostile_case import HostileCase  # noqa: E402
from hostile_tokens import Wrong  # noqa: E402

DEVICE = "dev"
LONGER = "dev1"
FAR_FUTURE_SECONDS = 200 * 365 * 24 * 3600
DEVICE_DOORS = (MqttDoor(), MqttDoor(websocket=True), CbsDoor(), CbsDoor(websocket=True),
                PlainDoor(), PlainDoor(websocket=True), HttpsDoor(),
                HttpsDoor("https_events", "POST", "/devices/{}/messages/events", b"x"))
PURGE = HttpsDoor("https_purge", "DELETE", "/devices/{}/commands")
SERVICE_DOORS = (CbsDoor(service=True), CbsDoor(websocket=True, service=True),
                 PlainDoor(policy="service"), PlainDoor(websocket=True, policy="service"),
                 HttpsDoor("https_send", "POST", "/devices/{}/messages/devicebound", b"x"),
                 PURGE)


class Tokens(HostileCase):
    def wanted(self, doors):
        names = Settings.options.door
        return [door for door in doors if not names or door.name in names]

    def try_all(self, door, good, wrongs, good_door=None):
        for wrong in wrongs:
            with self.subTest(door=door.name, token=wrong.name):
                self.refused(lambda w=wrong: door.attempt(self.hub, DEVICE, w.token), wrong.cause,
                             lambda: (good_door or door).attempt(self.hub, DEVICE, good),
                             wrong.token)


class DeviceTokens(Tokens):
    def setUp(self):
        super().setUp()
        self.key = self.create(DEVICE)["key"]
        self.other = self.create("other")
        # With the same key: only its audience tells a token of one from one of the other.
        self.create(LONGER, authentication={"type": "sas", "symmetricKey": {
            "primaryKey": self.key, "secondaryKey": self.other["key"]}})

    def token(self, device=DEVICE, key=None, **changes):
        return sas_token(f"{Settings.hostname}/devices/{device}", key or self.key, **changes)

    def by_another_key(self):
        cause = "not by a key of this device"
        yield Wrong("another device's key", self.token(key=self.other["key"]), cause)
        yield Wrong("another device's token", self.token("other", self.other["key"]),
                    f"{cause}|no token of this device")
        yield Wrong("a longer id's", self.token(LONGER), "audience|no token of this device")
        for policy in ("service", "registryRead", "registryReadWrite"):
            for path in ("", "/devices", f"/devices/{DEVICE}"):
                yield Wrong(f"{policy} for the hub{path}", self.policy_token(policy, path),
                            "lacks the right DeviceConnect")
        for policy in ("iothubowner", "device"):
            yield Wrong(f"{policy} for another device", self.policy_token(policy, "/devices/other"),
                        "audience|no token of this device")
            yield Wrong(f"{policy} for messages", self.policy_token(policy, "/messages"),
                        "audience")
            yield Wrong(f"{policy} without saying so", self.token(key=self.policy_key(policy)),
                        cause)
            yield Wrong(f"{policy} in its name only",
                        self.token(policy=policy), "not by a key of policy")
            yield Wrong(f"{policy} in capitals", self.token(
                key=self.policy_key(policy), policy=policy.upper()), "no policy")
        yield Wrong("an unknown policy", self.token(policy="nobody"), "no policy 'nobody'")
        yield Wrong("a policy with a NUL behind it", self.token(
            key=self.policy_key("device"), policy="device%00"), "no policy")
        yield Wrong("two policies", self.policy_token("device") + "&skn=iothubowner",
                    "two fields skn")

    def test_a_wrong_token_opens_no_device(self):
        for door in self.wanted(DEVICE_DOORS):
            good = self.token()
            self.try_all(door, good, [
                *hostile_tokens.malformed(good), *hostile_tokens.badly_signed(good, self.key),
                *hostile_tokens.expired(f"{Settings.hostname}/devices/{DEVICE}", self.key),
                *hostile_tokens.elsewhere(DEVICE, self.key), *self.by_another_key()])

    def test_a_token_that_ends_in_the_far_future_is_one(self):
        for door in self.wanted(DEVICE_DOORS):
            with self.subTest(door=door.name):
                token = self.token(seconds_left=FAR_FUTURE_SECONDS)
                self.assertTrue(door.attempt(self.hub, DEVICE, token).served)
                self.cells += 1


class ServiceTokens(Tokens):
    def setUp(self):
        super().setUp()
        self.key = self.create(DEVICE)["key"]

    def without_the_right(self, plain):
        """A name beside the token is checked before its signature."""
        other = "name different policies" if plain else "lacks the right ServiceConnect"
        for policy in ("device", "registryRead", "registryReadWrite"):
            yield Wrong(policy, self.policy_token(policy), other)
        yield Wrong("a device's", sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key),
                    "names no policy|not open what is a service's|put no token")
        yield Wrong("a device's for the hub", sas_token(Settings.hostname, self.key),
                    "names no policy")
        yield Wrong("a device's that names the policy", sas_token(
            Settings.hostname, self.key, "service"), "not by a key of policy 'service'")
        yield Wrong("the owner's in name only", sas_token(
            Settings.hostname, self.policy_key("service"), "iothubowner"),
            "not by a key of policy 'iothubowner'|name different policies")
        yield Wrong("an unknown policy", self.policy_token("service", policy="nobody"),
                    "no policy 'nobody'|name different policies")

    def elsewhere(self):
        """On $cbs the first few are taken for those of devices."""
        for path in ("/devices/x", f"/devices/{DEVICE}x", f"/devices/{DEVICE[:-1]}",
                     f"/devices/x/../{DEVICE}", "/device", f"/{DEVICE}", "/messages/events"):
            yield Wrong(f"for {path}", self.policy_token("service", path),
                        "audience|lacks the right|no device of this id")

    def test_a_wrong_token_opens_nothing_of_a_service(self):
        for door in self.wanted(SERVICE_DOORS):
            good = self.policy_token("service")
            self.try_all(door, good, [
                *hostile_tokens.malformed(good),
                *hostile_tokens.badly_signed(good, self.policy_key("service")),
                *hostile_tokens.expired(Settings.hostname, self.policy_key("service"), "service"),
                *self.without_the_right(isinstance(door, PlainDoor)), *self.elsewhere()],
                PURGE if isinstance(door, HttpsDoor) else None)  # a queue would be full soon

    def test_a_policy_does_what_it_has_the_right_to_alone(self):
        """Each operation of the registry with each policy."""
        rights = {"registryRead": {"read"}, "registryReadWrite": {"read", "write"},
                  "service": {"query"}, "device": set()}
        body = b'{"deviceId":"dev"}'
        doors = [("read", HttpsDoor("get", "GET", "/devices/{}")),
                 ("read", HttpsDoor("list", "GET", "/devices")),
                 ("read", HttpsDoor("modules", "GET", "/devices/{}/modules")),
                 ("read", HttpsDoor("statistics", "GET", "/statistics/devices")),
                 ("write", HttpsDoor("bulk", "POST", "/devices", b"[]")),
                 ("write", HttpsDoor("put", "PUT", "/devices/{}", body)),
                 ("write", HttpsDoor("delete", "DELETE", "/devices/{}")),
                 ("write", HttpsDoor("module", "PUT", "/devices/{}/modules/m", b"{}")),
                 ("query", HttpsDoor("query", "POST", "/devices/query",
                                     b'{"query":"SELECT * FROM devices"}'))]
        served = HttpsDoor("get", "GET", "/devices/{}")
        for right, door in doors:
            for policy, held in rights.items():
                if right in held or "write" in held and right == "read":
                    continue
                token = self.policy_token(policy)
                with self.subTest(door=door.name, policy=policy):
                    self.refused(
                        lambda d=door, t=token: d.attempt(self.hub, DEVICE, t),
                        "lacks the right (RegistryRead|RegistryWrite|ServiceConnect)",
                        lambda: served.attempt(self.hub, DEVICE, self.policy_token("registryRead")),
                        token, told=401)


def options(parser):
    parser.add_argument("--door", action="append")


if __name__ == "__main__":
    harness.main(options)
