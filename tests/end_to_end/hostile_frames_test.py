#!/usr/bin/python3
"""Requests and frames made to cost more than they are worth: heads without end, bodies that would
unfold into more, and very many very small pieces. Each is refused at its bound or costs no memory,
and another device is served."""

import gzip
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from doors import exchange, exchange_on, request, status_of  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from mqtt_client import MqttDevice, connect_packet  # noqa: E402
from strangers import KIB, MIB, SLACK_BYTES, Memory, Witness, options  # noqa: E402
from websocket_stream import WebSocketStream, masked_frame  # noqa: E402

DEVICE = "tiny"
HEAD_BYTES_MAX, HEADERS_MAX, BODY_BYTES_MAX = 16 * KIB, 100, 1 * MIB
WHOLE_CONNECTION = 2 * (HEAD_BYTES_MAX + BODY_BYTES_MAX)
OUTPUT_BYTES = 256 * KIB
CONTINUATION, BINARY, PING, FIN = 0x0, 0x2, 0x9, 0x80
VERSION = "?api-version=2021-04-12"


class Costly(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub(arguments=["--log-level", "warning"])
        self.key = self.hub.create_device(DEVICE)["key"]
        self.witness = Witness(self.hub)
        self.addCleanup(self.witness.close)
        self.witness.serve()
        self.memory = Memory(self.hub.process)

    def tearDown(self):
        self.witness.serve()
        super().tearDown()

    def check_memory(self, bytes_max):
        print(f"{self.memory.peak() // KIB} KiB more at most ... ", end="", flush=True)
        self.memory.check(self, bytes_max + SLACK_BYTES)


class Requests(Costly):
    def sent_without_end(self, start, piece):
        """What the hub says to `start` and then `piece` for as long as it listens."""
        with self.hub.connect("https") as connection:
            connection.sendall(start)
            try:
                for _ in range(WHOLE_CONNECTION // len(piece) + 1):
                    connection.sendall(piece)
            except OSError:
                pass  # it has closed
            said = b""
            try:
                while chunk := connection.recv(65536):
                    said += chunk
            except OSError:
                pass
        self.check_memory(WHOLE_CONNECTION)
        return said

    def refused_without_end(self, start, piece, words):
        """Whether its sender still hears the answer depends on the network; the log has it."""
        mark = self.hub.process.mark()
        said = self.sent_without_end(start, piece)
        self.hub.process.wait_line(f'event=refused protocol=https .*reason="{words}"', since=mark)
        self.assertNotIn(b"HTTP/1.1 2", said)

    def test_a_head_that_never_ends(self):
        piece = b"x" * 1000
        for start in (b"", b"GET /", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: "):
            with self.subTest(start):
                self.refused_without_end(start, piece, ".*(?:large|long)")

    def test_a_chunk_line_and_trailers_that_never_end(self):
        start = b"POST /devices HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.refused_without_end(start + b"1;", b"x" * 100, ".*chunk.*")
        self.refused_without_end(start + b"0\r\n", b"X: y\r\n", ".*trailer.*")

    def test_a_body_that_never_ends(self):
        start = b"POST /devices HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.refused_without_end(start, b"8000\r\n" + b"x" * 0x8000 + b"\r\n", ".*body.*")

    def test_more_headers_than_anyone_needs(self):
        """Short ones, so that their number alone is too large."""
        fields = [f"A{number}:b" for number in range(HEADERS_MAX)]
        self.assertLess(len("\r\n".join(fields)), HEAD_BYTES_MAX)
        said = exchange(self.hub, request("GET", f"/devices{VERSION}", "", headers=fields))
        self.assertEqual(status_of(said), 431, said)
        said = exchange(self.hub, request("GET", f"/devices{VERSION}", "", headers=fields[5:]))
        self.assertEqual(status_of(said), 401, said)

    def test_a_length_is_refused_before_its_body_comes(self):
        said = exchange(self.hub, request("PUT", f"/devices/x{VERSION}", "",
                                          headers=["Content-Length: 999999999999"]))
        self.assertEqual(status_of(said), 413, said)
        self.check_memory(0)

    def test_nothing_is_unpacked(self):
        """64 MB of zeros are 64 KB when packed, and stay that: such a body is no JSON."""
        body = gzip.compress(b"\0" * 64 * MIB)
        said = exchange(self.hub, request("PUT", f"/devices/x{VERSION}", self.hub.service_token(),
                                          headers=["Content-Encoding: gzip"], body=body))
        self.assertIn(status_of(said), (400, 415), said)
        self.check_memory(WHOLE_CONNECTION)

    def test_no_answer_is_a_page(self):
        """What a stranger writes into a request comes back, if at all, as text."""
        script = "<script>alert(1)</script>"
        for method, path, header in (("GET", f"/{script}", "X: y"), ("GET", "/devices", script),
                                     (script, "/devices", "X: y"),
                                     ("PUT", f"/devices/{script}{VERSION}", "X: y")):
            with self.subTest(method=method, path=path, header=header):
                raw = request(method, path, self.hub.service_token(), headers=[header], body=b"{}")
                head = exchange(self.hub, raw).split(b"\r\n\r\n")[0].lower()
                self.assertRegex(head, rb"content-type: (application/json|text/plain)")

    def test_json_that_is_nested_without_end(self):
        for text in ("[" * 200_000, '{"a":' * 200_000, '{"tags":' + "[" * 200_000,
                     json.dumps({f"k{number}": number for number in range(50_000)})):
            with self.subTest(text[:20]):
                said = exchange(self.hub, request(
                    "PUT", f"/devices/x{VERSION}", self.hub.service_token(), body=text.encode()))
                self.assertEqual(status_of(said), 400, said)
        self.check_memory(8 * WHOLE_CONNECTION)


class Frames(Costly):
    def open(self):
        stream = WebSocketStream(self.hub, "mqtt")
        self.addCleanup(stream.close)
        return stream

    def connect_in_frames(self, stream, make_frames):
        token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key)
        raw = connect_packet(DEVICE, f"{Settings.hostname}/{DEVICE}{VERSION.replace('?', '/?')}",
                             token)
        stream.socket.sendall(make_frames(raw))
        device = MqttDevice(self.hub, stream)
        self.assertEqual(device.expect(0x20)[1], 0)
        return device

    @staticmethod
    def single(raw):
        return b"".join(masked_frame(FIN | BINARY, raw[at:at + 1]) for at in range(len(raw)))

    @staticmethod
    def fragments(raw):
        """One message of single bytes, ten fragments of nothing behind each."""
        pieces = [raw[at:at + 1] for at in range(len(raw))]
        frames = [masked_frame(CONTINUATION if at else BINARY, piece)
                  + masked_frame(CONTINUATION, b"") * 10 for at, piece in enumerate(pieces)]
        return b"".join(frames) + masked_frame(FIN | CONTINUATION, b"")

    def test_a_stream_in_tiny_pieces_is_the_same_stream(self):
        for make_frames in self.single, self.fragments:
            with self.subTest(make_frames.__name__):
                device = self.connect_in_frames(self.open(), make_frames)
                device.socket.socket.sendall(self.single(b"\xc0\x00" * 5_000))
                for _ in range(5_000):
                    self.assertEqual(device.expect(0xD0), b"")
        self.check_memory(4 * OUTPUT_BYTES)

    def test_fragments_of_nothing(self):
        stream = self.open()
        stream.socket.sendall(masked_frame(BINARY, b""))
        for _ in range(100):
            stream.socket.sendall(masked_frame(CONTINUATION, b"") * 2_000)
        stream.socket.sendall(masked_frame(FIN | CONTINUATION, b""))
        self.check_memory(OUTPUT_BYTES)
        self.connect_in_frames(stream, self.single).ping()

    def test_pings_whose_answers_nobody_reads(self):
        """Of several pings the last alone is answered, and who reads nothing is not heard."""
        stream = self.open()
        stream.socket.settimeout(2)  # until the hub no longer listens, if it comes to that
        try:
            for _ in range(200):
                stream.socket.sendall(masked_frame(FIN | PING, b"p" * 125) * 2_000)
        except TimeoutError:
            pass
        self.check_memory(2 * OUTPUT_BYTES)

    def test_no_extension_is_negotiated(self):
        """A frame that unfolds into a thousand times as much would need one (RFC 7692)."""
        opening = "\r\n".join([
            "GET /$iothub/websocket HTTP/1.1", f"Host: {Settings.hostname}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: mqtt",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "", ""])
        compressed = masked_frame(0xC2, b"\x62\x00\x00")
        said = exchange_on(self.hub.connect("https"), opening.encode() + compressed)
        head, _, frames = said.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
        self.assertNotIn(b"sec-websocket-extensions", head.lower())
        self.assertEqual(frames, b"\x88\x02\x03\xea")  # closed with 1002


if __name__ == "__main__":
    harness.main(options)
