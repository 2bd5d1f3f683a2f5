"""Tokens that must open nothing: each with a name and the words the hub's log has for its cause."""

import base64
import hashlib
import hmac
import time
import urllib.parse
from dataclasses import dataclass

from harness import Settings, sas_token

HOUR = 3600
SIGNATURE_BYTES = 32


@dataclass(frozen=True)
class Wrong:
    name: str
    token: str
    cause: str  # a pattern


def quote(text):
    return urllib.parse.quote(text, safe="")


def fields_of(token):
    return dict(field.split("=", 1) for field in token.split(" ", 1)[1].split("&"))


def token_of(fields):
    return "SharedAccessSignature " + "&".join(f"{name}={value}" for name, value in fields.items())


def secrets_of(token):
    """What of a token, or of a piece of one, may appear nowhere: its signature, as spelled."""
    signature = token.partition("sig=")[2].partition("&")[0]
    spellings = {signature, urllib.parse.unquote(signature)}
    return {text for text in spellings if len(text) >= 8}


def signed(resource, key, digest="sha256", expiry=None, policy=None):
    """`resource` exactly as it goes into the token, `key` as bytes."""
    expiry = int(time.time()) + HOUR if expiry is None else expiry
    mac = hmac.new(key, f"{resource}\n{expiry}".encode(), getattr(hashlib, digest)).digest()
    token = f"SharedAccessSignature sr={resource}&sig={quote(base64.b64encode(mac).decode())}" \
            f"&se={expiry}"
    return token + (f"&skn={policy}" if policy else "")


def with_flipped_bit(token, at):
    fields = fields_of(token)
    signature = bytearray(base64.b64decode(urllib.parse.unquote(fields["sig"])))
    signature[at] ^= 1
    fields["sig"] = quote(base64.b64encode(signature).decode())
    return token_of(fields)


def malformed(good):
    """Whatever can be wrong with the form of a token; `good` is one that opens the door."""
    fields = fields_of(good)
    for size in (0, 10, 21, 22, len(good) // 2, len(good) - len("&se=1234567890")):
        yield Wrong(f"truncated to {size}", good[:size],
                    "missing|neither a token|SharedAccessSignature|field|no policy|"
                    "name different policies|user name and password")
    for name in ("sr", "sig", "se"):
        less = {known: value for known, value in fields.items() if known != name}
        yield Wrong(f"without {name}", token_of(less), f"field {name} is missing")
        yield Wrong(f"{name} without a value", token_of({**fields, name: ""}),
                    "field (sr|sig|se)|is not a number|names no host")
        yield Wrong(f"{name} twice", f"{good}&{name}={fields[name]}", f"two fields {name}")
        yield Wrong(f"{name} twice, another first",
                    f"SharedAccessSignature {name}=x&{good.split(' ', 1)[1]}", f"two fields {name}")
    yield Wrong("another scheme", "Bearer " + good.split(" ", 1)[1], "SharedAccessSignature")
    yield Wrong("two tokens in one", f"{good}, {good}", "space|two fields")
    yield Wrong("white space inside", good.replace("&", " &"), "space|unprintable")
    yield Wrong("longer than any", good + "&x=" + "x" * 5000, "longer than any token")
    for se in ("-1", "1e12", "0x7fffffff", " 9999999999", "９９９９９９９９９９", "9" * 40):
        yield Wrong(f"se={se}", token_of({**fields, "se": se}),
                    "not a number|unprintable|signature")


def badly_signed(good, key):
    fields = fields_of(good)
    # Over $cbs the token itself names the device.
    cause = "signature is not by a key|no device of this id"
    for at in (0, 1, SIGNATURE_BYTES // 2, SIGNATURE_BYTES - 1):
        yield Wrong(f"signature altered at {at}", with_flipped_bit(good, at), cause)
    yield Wrong("a later se", token_of({**fields, "se": str(int(fields["se"]) + HOUR)}), cause)
    yield Wrong("se with a leading zero", token_of({**fields, "se": "0" + fields["se"]}), cause)
    yield Wrong("sr in other letters", token_of({**fields, "sr": fields["sr"].upper()}), cause)
    yield Wrong("sr escaped otherwise",
                token_of({**fields, "sr": urllib.parse.unquote(fields["sr"])})
                if "%" in fields["sr"] else token_of({**fields, "sr": "%" + "68" +
                                                      fields["sr"][1:]}), cause)
    raw, expiry, policy = base64.b64decode(key), int(fields["se"]), fields.get("skn")
    for digest in ("md5", "sha1", "sha384", "sha512"):
        yield Wrong(f"signed with {digest}",
                    signed(fields["sr"], raw, digest, expiry, policy), "base64 of 32 bytes")
    for digest in ("sha512", "sha3_256", "sha512_256"):
        mac = hmac.new(raw, f"{fields['sr']}\n{expiry}".encode(), digest).digest()[:SIGNATURE_BYTES]
        yield Wrong(f"{digest} cut to the right length", token_of(
            {**fields, "sig": quote(base64.b64encode(mac).decode())}), cause)
    yield Wrong("signed with an empty key", signed(fields["sr"], b"", expiry=expiry, policy=policy),
                cause)
    yield Wrong("signed with the key's text",
                signed(fields["sr"], key.encode(), expiry=expiry, policy=policy), cause)
    yield Wrong("zeros for a signature", token_of(
        {**fields, "sig": quote(base64.b64encode(bytes(SIGNATURE_BYTES)).decode())}), cause)
    yield Wrong("a hash in the place of the MAC", token_of({**fields, "sig": quote(base64.b64encode(
        hashlib.sha256(raw + f"{fields['sr']}\n{expiry}".encode()).digest()).decode())}), cause)


def expired(resource, key, policy=None):
    for seconds in (2, HOUR, 10**9):
        yield Wrong(f"expired {seconds} s ago", sas_token(resource, key, policy, -seconds),
                    r"expired \d+ s ago")
    yield Wrong("expired at zero", signed(quote(resource), base64.b64decode(key), expiry=0,
                                          policy=policy), r"expired \d+ s ago")


def elsewhere(device, key):
    """Signed with the device's own key, for what is not that device."""
    raw, host = base64.b64decode(key), Settings.hostname
    # Over $cbs the token itself names whom it is for.
    cause = "audience|no device of this id|no token of this device|names no policy|no module"
    paths = [f"devices/{device[:-1]}", f"devices/{device}1", f"devices/{device[1:]}", "devices/x",
             f"devices/x/../{device}", f"devices/../devices/{device}", f"./devices/{device}",
             f"devices//{device}", f"devices%2F{device}", f"devices/{device}%2F..%2Fx",
             f"devices/{device}%00", f"devices/{device}/modules/m", "devices/+", "devices/#",
             f"devices/{device}+", f"device/{device}", "messages/devicebound",
             f"devices/{device.replace('e', chr(0x435), 1)}", f"devices/x/modules/{device}"]
    for path in paths:
        yield Wrong(f"for {path}", signed(quote(f"{host}/{path}"), raw), cause)
    yield Wrong("for modules, escaped twice",
                signed(quote(f"{host}/devices/{device}%2Fmodules%2Fm"), raw), cause)
