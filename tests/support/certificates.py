"""Certificates made by the openssl command, as a fleet's owner makes them: NAME.pem and
NAME.key.pem in a folder."""

import subprocess

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder, *words):
    return subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


def self_sign(folder, name, common_name, *extensions):
    openssl(folder, "req", "-x509", *NEW_KEY, "-keyout", f"{name}.key.pem", "-out", f"{name}.pem",
            "-days", "30", "-subj", f"/CN={common_name}", *extensions)
    return folder / f"{name}.pem", folder / f"{name}.key.pem"


def make_authority(folder, name):
    return self_sign(folder, name, name, "-addext", "keyUsage=critical,keyCertSign")


def sign(folder, authority, name, common_name, *extensions, days=7):
    """Signed by that authority; one of negative days has expired."""
    openssl(folder, "req", "-new", "-utf8", *NEW_KEY, "-keyout", f"{name}.key.pem", "-out",
            f"{name}.csr", "-subj", f"/CN={common_name}", *extensions)
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
            f"{authority}.key.pem", "-CAcreateserial", "-days", str(days), "-out", f"{name}.pem",
            "-copy_extensions", "copyall")
    return folder / f"{name}.pem", folder / f"{name}.key.pem"


def thumbprint(folder, certificate, digest="sha256"):
    """As the registry takes it."""
    said = openssl(folder, "x509", "-in", certificate, "-noout", "-fingerprint", f"-{digest}")
    return said.strip().split("=")[1].replace(":", "")
