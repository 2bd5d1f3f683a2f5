#!/usr/bin/python3
"""The examples: each does what it says, against a hub, and is hardly longer than the Python sample
that it is the counterpart of (python_samples.json)."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import harness  # noqa: E402
from connect_proxy import ConnectProxy  # noqa: E402
from harness import ROOT, Settings, program, run, sas_token  # noqa: E402

SAMPLES = json.loads((Path(__file__).resolve().parent / "python_samples.json").read_text("utf-8"))
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.cpp"))
LENGTH_RATIO_MAX = 1.3
DEVICE = "Device-1"  # which send_c2d_message writes to
BODY = '{"c2d test message"}'
CLOSED = "1"  # a port on which nobody listens
TOKEN_SECONDS = 12  # half of it is waited for


def counted_lines(example):
    text = (ROOT / "examples" / f"{example}.cpp").read_text(encoding="utf-8")
    if "/*" in text:
        raise AssertionError(f"{example}.cpp has a comment that is not counted as one")
    return sum(not re.fullmatch(r"\s*(?://.*)?", line) for line in text.splitlines())


class Lengths(harness.TestCase):
    def test_none_is_much_longer_than_its_python_sample(self):
        for sample in SAMPLES["samples"]:
            with self.subTest(sample["sample"]):
                self.assertLessEqual(counted_lines(sample["example"]),
                                     LENGTH_RATIO_MAX * sample["lines"])

    def test_each_is_run_by_a_test(self):
        tests = "".join(path.read_text(encoding="utf-8")
                        for path in (ROOT / "tests").glob("*/*_test.py"))
        self.assertEqual([name for name in EXAMPLES if not re.search(f'["/]{name}"', tests)], [])


class Example(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.identity = self.hub.create_device(DEVICE)

    def environment(self, **more):
        return self.hub.environment(
            IOTHUB_CONNECTION_STRING=self.hub.connection_string(),
            IOTHUB_DEVICE_CONNECTION_STRING=self.hub.device_connection_string(self.identity),
            **more)

    def certificate_environment(self, device, module=None):
        """Of a device, or of its module, with a certificate of its own."""
        certificate, key = certificates.self_sign(self.folder, device, device)
        thumbprint = certificates.thumbprint(self.folder, certificate)
        by_certificate = {"type": "selfSigned", "x509Thumbprint": {
            "primaryThumbprint": thumbprint, "secondaryThumbprint": thumbprint}}
        self.hub.create_device(device, authentication=by_certificate)
        if module:
            status, _, body = self.hub.rest("PUT", f"/devices/{device}/modules/{module}", {
                "deviceId": device, "moduleId": module, "authentication": by_certificate})
            self.assertEqual(status, 200, body)
        return self.hub.environment(IOTHUB_HOSTNAME=Settings.hostname, DEVICE_ID=device,
                                    MODULE_ID=module or "", X509_CERT_FILE=str(certificate),
                                    X509_KEY_FILE=str(key))

    def begin(self, name, environment=None):
        """One that goes on until it is told to stop."""
        return self.start([program(f"examples/{name}")], env=environment or self.environment(),
                          stdin=subprocess.PIPE)

    def wait_telemetry(self, device=DEVICE, since=0):
        """The hub keeps none, but says that it came."""
        return self.hub.process.wait_line(f"event=telemetry_discarded.* device={device}( |$)",
                                          since=since)

    def messages_waiting(self, device=DEVICE):
        return self.hub.rest("GET", f"/devices/{device}")[2]["cloudToDeviceMessageCount"]


class Sending(Example):
    def check(self, name, *said, environment=None, device=DEVICE):
        output = run([program(f"examples/{name}")], env=environment or self.environment())
        self.assertEqual(output.splitlines(), list(said))
        self.wait_telemetry(device)

    def test_one_message(self):
        self.check("simple_send_message", "Sending message...", "Message successfully sent!")

    def test_several_messages(self):
        self.check("send_message", *(f"sent message #{i}" for i in range(1, 6)), "sent text alone")

    def test_messages_at_once(self):
        self.check("send_messages_in_parallel", "sent 10 messages")

    def test_over_websockets(self):
        self.check("send_message_over_websockets", "Message successfully sent!",
                   environment=self.environment(RESTANTE_MQTT_PORT=CLOSED))

    def test_through_a_proxy(self):
        with ConnectProxy() as proxy:
            output = run([program("examples/send_message_via_proxy"), "127.0.0.1", str(proxy.port)],
                         env=self.environment())
            self.assertEqual(output.splitlines(), [f"sent message #{i}" for i in range(1, 6)])
            self.assertEqual(proxy.tunnels, [f"{Settings.hostname}:443"])
        self.wait_telemetry()

    def test_with_a_certificate(self):
        self.check("send_message_x509", *(f"sent message #{i}" for i in range(1, 6)),
                   environment=self.certificate_environment("Certified"), device="Certified")

    def test_as_a_module_with_a_certificate(self):
        self.check("send_message_via_module_x509", *(f"sent message #{i}" for i in range(1, 6)),
                   environment=self.certificate_environment("Certified", "wind"),
                   device="Certified/wind")

    def test_now_and_then(self):
        example = self.begin("recurring_telemetry")
        example.wait_line("sent message #2")
        self.wait_telemetry()
        example.signal(signal.SIGINT)
        self.assertEqual(example.wait(), 0, example.output)
        self.assertIn("User initiated exit", example.output)

    def test_before_there_is_a_hub_and_after_it_was_killed(self):
        environment = self.environment()
        self.hub.kill()
        example = self.begin("connect_retry_with_telemetry", environment)
        example.wait_line("not yet: ")
        self.hub.start()
        example.wait_line("sent message #1")
        self.wait_telemetry()
        self.hub.kill()
        example.wait_line("^disconnected$")
        mark = example.mark()
        self.hub.start()
        example.wait_line("^connected$", since=mark)
        example.wait_line("sent message #", since=mark)
        self.wait_telemetry()
        example.signal(signal.SIGINT)
        self.assertEqual(example.wait(), 0, example.output)

    def test_on_a_connection_for_each_batch(self):
        example = self.begin("stingy_connection")
        example.wait_line("sent up to #5$")
        self.wait_telemetry()
        mark = self.hub.process.mark()
        example.wait_line("sent up to #10$")
        self.wait_telemetry(since=mark)
        example.signal(signal.SIGINT)
        self.assertEqual(example.wait(), 0, example.output)


class Receiving(Example):
    def check(self, name, environment=None, device=DEVICE):
        example = self.begin(name, environment)
        example.wait_line("Press Enter to quit")
        self.check_received(example, device)

    def check_received(self, example, device=DEVICE):
        said = run([program("examples/send_c2d_message_over_websocket"), device, BODY],
                   env=self.environment(RESTANTE_AMQP_PORT=CLOSED))
        self.assertEqual(said, f"sent to {device}: {BODY}")
        example.wait_line(re.escape(f"received {BODY}"))
        example.type("\n")
        self.assertEqual(example.wait(), 0, example.output)
        self.assertEqual(self.messages_waiting(device), 0, "it is not completed")

    def test_a_message(self):
        self.check("receive_message")

    def test_with_a_certificate(self):
        self.check("receive_message_x509", self.certificate_environment("Certified"), "Certified")

    def test_in_a_loop_of_its_own(self):
        self.check("own_loop")

    def test_with_tokens_that_somebody_else_makes(self):
        resource = f"{Settings.hostname}/devices/{DEVICE}"
        file = self.folder / "token"
        file.write_text(sas_token(resource, self.identity["key"], seconds_left=TOKEN_SECONDS))
        example = self.begin("use_custom_sastoken", self.environment(SASTOKEN_FILE=str(file)))
        example.wait_line("Press Enter to quit")
        file.write_text(sas_token(resource, self.identity["key"]))
        example.wait_line("SAS token updated")
        self.check_received(example)

    def test_as_the_page_does(self):
        self.assertEqual(run([program("examples/send_c2d_message")], env=self.environment()),
                         "sent")
        output = run([program("examples/receive_messages"), "1"], env=self.environment())
        self.assertEqual(output.strip().splitlines(), [
            "Message received:", f"    data: {BODY}", "    message_id: message1",
            "    prop1: test property-2", "    testProperty: Test message",
            "Total calls received: 1"])
        self.assertEqual(self.messages_waiting(), 0, "it is not completed")


class Mistakes(Example):
    def test_what_is_missing_is_named(self):
        for name in EXAMPLES:
            with self.subTest(name):
                said = run([program(f"examples/{name}")], env=harness.clean_environment(), code=1)
                self.assertRegex(said, r"^[Ss]et (IOTHUB|X509|SASTOKEN)_\w+")

    def test_a_wrong_key_is_told_with_what_to_check(self):
        self.identity["key"] = "d3Jvbmc="
        for name in ("simple_send_message", "receive_message"):
            with self.subTest(name):
                said = run([program(f"examples/{name}")], env=self.environment(), code=1)
                self.assertIn("check that", said)


if __name__ == "__main__":
    harness.main()
