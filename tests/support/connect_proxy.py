"""An HTTP proxy that knows CONNECT alone, on a free port of loopback, as long as a `with` lasts."""

import socket
import socketserver
import threading

SECONDS_MAX = 60  # of silence on a tunnel


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline(1000).decode("ascii").split()
        while self.rfile.readline(1000).strip():
            pass
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=SECONDS_MAX) as upstream:
            self.server.tunnels.append(target)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(upstream, self.connection))
            back.start()
            copy(self.connection, upstream)
            back.join()


def copy(source, sink):
    """Until one side closes, of which the other then hears."""
    try:
        while data := source.recv(16384):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class ConnectProxy(socketserver.ThreadingTCPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.port = self.server_address[1]
        self.tunnels = []  # whom clients asked for
        self._thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        self._thread.join()
