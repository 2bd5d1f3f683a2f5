"""A device that polls over HTTPS, header by header."""

import http.client
import urllib.parse
from dataclasses import dataclass

from harness import SECONDS, Settings, sas_token

API_VERSION = "2021-04-12"


@dataclass
class Answer:
    status: int
    headers: list  # in their order and case
    body: bytes

    def header(self, name):
        """In exactly this case: C# and C compare so."""
        return next((value for known, value in self.headers if known == name), None)

    @property
    def lock_token(self):
        return self.header("ETag").strip('"')


class HttpsDevice:
    """One kept connection."""

    def __init__(self, hub, identity):
        device = identity["deviceId"]
        self.path = f"/devices/{urllib.parse.quote(device, safe='')}/messages/devicebound"
        self.token = sas_token(
            f"{Settings.hostname}/devices/{urllib.parse.quote(device, safe='')}", identity["key"])
        self.connection = http.client.HTTPSConnection(
            Settings.hostname, hub.ports["https"], timeout=SECONDS, context=hub.tls())

    def close(self):
        self.connection.close()

    def request(self, method, path="", query="", headers=None, body=None):
        """`path` goes behind the queue's own, `query` behind the version."""
        self.connection.request(method, f"{self.path}{path}?api-version={API_VERSION}{query}", body,
                                {"Authorization": self.token, **(headers or {})})
        response = self.connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())

    def receive(self, **options):
        return self.request("GET", **options)

    def settle(self, method, token, path="", **options):
        return self.request(method, f"/{urllib.parse.quote(token, safe='')}{path}", **options)

    def complete(self, token):
        return self.settle("DELETE", token)

    def reject(self, token):
        return self.settle("DELETE", token, query="&reject")

    def abandon(self, token):
        return self.settle("POST", token, "/abandon")
