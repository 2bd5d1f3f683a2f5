#!/usr/bin/python3
"""The hub as a program: how it starts, what it says and writes, how it is refused, how it ends."""

import os
import re
import signal
import socket
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import Settings, clean_environment, program, run  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402

LOOPBACK = {"IPv4": "127.0.0.1", "IPv6": "::1"}


class Start(harness.TestCase):
    def serve(self, *arguments, code, **environment):
        """The output of a `restante serve` that is expected to end by itself."""
        return run([program("restante"), "serve", "--data-dir", self.folder / "data", *arguments],
                   env={**clean_environment(), **environment}, code=code)

    def test_it_says_what_a_client_needs_and_ends_cleanly(self):
        hub = self.start_hub()
        output = hub.process.output
        self.assertIn(f"HostName={Settings.hostname};SharedAccessKeyName=iothubowner;"
                      "SharedAccessKey=", output)
        self.assertIn(str(hub.data / "ca.pem"), output)
        self.assertEqual(hub.read_ports(), {"hostname": Settings.hostname, "mqtt": 8883,
                                            "amqp": 5671, "https": 443})
        self.assertIn("BEGIN CERTIFICATE", (hub.data / "ca.pem").read_text(encoding="utf-8"))
        hub.stop()

    def test_an_interrupt_ends_it_cleanly_too(self):
        hub = self.start_hub()
        hub.process.signal(signal.SIGINT)
        self.assertEqual(hub.process.wait(), 0)
        hub.process = None

    def test_it_ends_while_devices_are_connected(self):
        hub = self.start_hub()
        key = hub.create_device("Device-1")["key"]
        with MqttDevice(hub) as device:
            self.assertEqual(device.connect("Device-1", key), 0)
            device.subscribe("Device-1")
            hub.stop()

    def test_only_the_owner_can_read_its_files(self):
        hub = self.start_hub()
        self.assertEqual(stat.S_IMODE(hub.data.stat().st_mode), 0o700)
        secrets = 0
        for path in hub.data.rglob("*"):
            if path.is_file() and path.parent == hub.data:
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path.name)
                secrets += b"PRIVATE KEY" in path.read_bytes()
        self.assertGreaterEqual(secrets, 1)

    def test_a_second_start_keeps_keys_and_authority(self):
        hub = self.start_hub()
        string, authority = hub.connection_string(), Path(hub.ca).read_bytes()
        hub.create_device("Device-1")
        hub.stop()
        hub.start()
        self.assertEqual(hub.connection_string(), string)
        self.assertEqual(Path(hub.ca).read_bytes(), authority)
        self.assertEqual(hub.rest("GET", "/devices/Device-1")[0], 200)

    def test_it_listens_on_both_loopback_addresses(self):
        hub = self.start_hub()
        for family, address in LOOPBACK.items():
            for name, port in hub.ports.items():
                with self.subTest(f"{name} over {family}"):
                    with socket.create_connection((address, port), harness.SECONDS) as raw:
                        with hub.tls().wrap_socket(raw, server_hostname=address) as tls:
                            self.assertIn(tls.version(), ("TLSv1.2", "TLSv1.3"))

    def test_port_zero_takes_free_ports(self):
        hub = self.start_hub(mqtt=0, amqp=0, https=0)
        self.assertEqual(len({*hub.ports.values()} - {0, 8883, 5671, 443}), 3)
        self.assertEqual(hub.rest("GET", "/devices")[0], 200)

    def test_settings_come_from_environment_and_file(self):
        config = self.folder / "restante.toml"
        config.write_text('amqp-port = 0\nhostname = "from.file"\n', encoding="utf-8")
        hub = harness.Hub(self.folder)
        process = self.start(
            [program("restante"), "serve", "--config", config, "--https-port", "0"],
            env={**clean_environment(), "RESTANTE_MQTT_PORT": "0",
                 "RESTANTE_DATA_DIR": str(hub.data)})
        process.wait_line(r"(?:^|\s)ready(?:\s|$)")
        ports = hub.read_ports()
        self.assertEqual(ports["hostname"], "from.file")
        self.assertNotIn(ports["mqtt"], (0, 8883))
        self.assertNotIn(ports["amqp"], (0, 5671))
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    # ------------------------------------------------------------------------------- refusals

    def test_a_taken_port_is_named_with_cause_and_flag(self):
        for name, port in (("mqtt", 8883), ("amqp", 5671), ("https", 443)):
            with self.subTest(name), socket.create_server((LOOPBACK["IPv4"], port)):
                output = self.serve(code=2)
                self.assertRegex(output, rf"\b{port}\b")
                self.assertRegex(output, r"(?i)in use|taken")
                self.assertIn(f"--{name}-port", output)

    def test_a_forbidden_port_is_named_with_cause_and_flag(self):
        if Settings.hostname == "localhost" and os.geteuid() != 0:
            low = ["env"]  # no namespace: this user cannot bind low ports anyway
        else:
            low = ["setpriv", "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service"]
        output = run([*low, program("restante"), "serve", "--data-dir", self.folder / "data"],
                     env=clean_environment(), code=2)
        self.assertRegex(output, r"\b443\b")
        self.assertRegex(output, r"(?i)permi")
        self.assertIn("--https-port", output)

    def test_an_unknown_flag_suggests_the_right_one(self):
        output = self.serve("--mqt-port", "1", code=2)
        self.assertIn("--mqt-port", output)
        self.assertIn("did you mean --mqtt-port?", output)

    def test_an_unknown_variable_suggests_the_right_one(self):
        output = self.serve(code=2, RESTANTE_MQT_PORT="1")
        self.assertIn("RESTANTE_MQT_PORT", output)
        self.assertIn("did you mean RESTANTE_MQTT_PORT?", output)

    def test_an_unknown_key_of_the_file_suggests_the_right_one(self):
        config = self.folder / "restante.toml"
        config.write_text("mqt-port = 1\n", encoding="utf-8")
        output = self.serve("--config", config, code=2)
        self.assertIn("mqt-port", output)
        self.assertIn("did you mean mqtt-port?", output)

    def test_a_value_that_is_none_is_refused(self):
        for value in ("65536", "-1", "mqtt", ""):
            with self.subTest(value):
                self.assertIn("mqtt-port", self.serve(f"--mqtt-port={value}", code=2))

    def test_a_second_hub_on_the_same_folder_is_refused(self):
        hub = self.start_hub()
        output = self.serve("--mqtt-port=0", "--amqp-port=0", "--https-port=0", code=2)
        self.assertIn(str(hub.data), output)
        self.assertEqual(hub.rest("GET", "/devices")[0], 200)


class Command(harness.TestCase):
    """The other verbs of the `restante` command, against a hub that runs."""

    def restante(self, hub, *arguments, code=0, **environment):
        return run([program("restante"), *arguments], env=hub.environment(**environment), code=code,
                   cwd=self.folder)

    def test_connection_strings_are_printed_whole(self):
        hub = self.start_hub()
        key = hub.create_device("Device-1")["key"]
        owner = hub.connection_string()
        self.assertRegex(owner, rf"^HostName={re.escape(Settings.hostname)};"
                                r"SharedAccessKeyName=iothubowner;SharedAccessKey=[\w+/]+=*$")
        self.assertRegex(hub.connection_string("--policy", "service"),
                         r";SharedAccessKeyName=service;SharedAccessKey=[\w+/]+=*$")
        self.assertEqual(hub.connection_string("--device", "Device-1"),
                         f"HostName={Settings.hostname};DeviceId=Device-1;SharedAccessKey={key}")
        self.assertIn("nobody", self.restante(hub, "connection-string", "--data-dir", hub.data,
                                              "--policy", "nobody", code=2))

    def test_devices_are_created_listed_and_deleted(self):
        hub = self.start_hub()
        login = hub.connection_string()
        self.restante(hub, "device", "create", "Device-1", "--login", login)
        self.restante(hub, "device", "create", "Device-2", IOTHUB_CONNECTION_STRING=login)
        listed = self.restante(hub, "device", "list", "--login", login)
        self.assertIn("Device-1", listed)
        self.assertIn("Device-2", listed)
        self.restante(hub, "device", "delete", "Device-1", "--login", login)
        self.assertNotIn("Device-1", self.restante(hub, "device", "list", "--login", login))

    def test_what_cannot_be_done_is_said_in_words(self):
        hub = self.start_hub()
        login = hub.connection_string()
        self.restante(hub, "device", "create", "Device-1", "--login", login)
        again = self.restante(hub, "device", "create", "Device-1", "--login", login, code=1)
        self.assertIn("already registered", again)
        gone = self.restante(hub, "device", "delete", "nobody", "--login", login, code=3)
        self.assertIn("nobody", gone)
        self.assertIn("IOTHUB_CONNECTION_STRING", self.restante(hub, "device", "list", code=2))


if __name__ == "__main__":
    harness.main()
