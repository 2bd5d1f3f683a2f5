"""What is spoken inside a WebSocket, as raw as on a port of its own: looks like the socket."""

import os
import struct

from harness import Settings

CONTINUATION, BINARY, CLOSE = 0x0, 0x2, 0x8


def masked_frame(first_byte, payload):
    mask = os.urandom(4)
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else \
        b"\xfe" + struct.pack(">H", len(payload)) if len(payload) < 65536 else \
        b"\xff" + struct.pack(">Q", len(payload))
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([first_byte]) + size + mask + masked


class WebSocketStream:
    def __init__(self, hub, protocol):
        self.socket = hub.connect("https")
        self.buffer = b""
        self.payload = b""
        self._open(protocol)

    def _open(self, protocol):
        lines = [f"Host: {Settings.hostname}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 f"Sec-WebSocket-Protocol: {protocol}"]
        self.socket.sendall("\r\n".join(["GET /$iothub/websocket HTTP/1.1", *lines, "", ""])
                            .encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionError(f"the hub closed in its answer {head!r}")
            head += byte
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"the hub opens no WebSocket: {head!r}")

    def sendall(self, raw):
        self.socket.sendall(masked_frame(0x80 | BINARY, raw))

    def _take(self, count):
        while len(self.buffer) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                return None
            self.buffer += chunk
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _frame(self):
        """The payload of the next frame with data; nothing once the hub has closed."""
        while head := self._take(2):
            size = head[1] & 0x7F
            if size >= 126:
                more = self._take(2 if size == 126 else 8)
                size = int.from_bytes(more, "big") if more else 0
            payload = self._take(size)
            kind = head[0] & 0x0F
            if kind == CLOSE or payload is None:
                return b""
            if kind in (BINARY, CONTINUATION) and payload:
                return payload
        return b""

    def recv(self, count):
        if not self.payload:
            self.payload = self._frame()
        taken, self.payload = self.payload[:count], self.payload[count:]
        return taken

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
