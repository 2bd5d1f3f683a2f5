#!/usr/bin/env python3
"""fuzz_coverage.py [NAME...]: how much of the code it is meant for each fuzz target reaches.

Replays the inputs of fuzz/corpus and fuzz/crash, and those that tools/fuzz.py has found on this
machine (build/fuzz-corpus), in the build of the preset `coverage`, and prints a table of lines.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
PROFILES = BUILD / "fuzz-profiles"
CORPORA = ("fuzz/corpus", "fuzz/crash", "build/fuzz-corpus")

AMQP = "src/protocol/amqp/"
HTTP = "src/protocol/http/"
MQTT = "src/protocol/mqtt/"
WIRE = "src/wire/"
# What each target is meant for: folders, and files without their ending.
MEANT_FOR = {
    "amqp_engine": [AMQP],
    "amqp_value": [AMQP + name for name in ("value", "composite", "message", "performative",
                                            "delivery_state_codec")],
    "client_certificate": ["src/auth/client_certificate", "src/auth/trusted_authorities",
                           "src/auth/authority_proof"],
    "core_query": ["src/core/query/"],
    "gateway_amqp": ["src/gateway/amqp/"],
    "gateway_http": ["src/gateway/http/", "src/gateway/websocket/"],
    "gateway_mqtt": ["src/gateway/mqtt/"],
    "http_client": [HTTP + name for name in ("client_engine", "body_reader", "head")],
    "http_request": [HTTP + name for name in ("server_engine", "body_reader", "head", "target")],
    "mqtt_engine": [MQTT],
    "mqtt_packet": [MQTT + name for name in ("codec", "connect_codec", "publish_codec",
                                             "subscription_codec", "fields")],
    "net_proxy": ["src/net/proxy."],
    "server_config": ["src/server/config."],
    "server_keyring": ["src/server/keyring_json"],
    "service_answers": ["sdk/service/src/registry_json", "sdk/service/src/feedback_message"],
    "shared_access_signature": ["src/auth/shared_access_signature"],
    "store_records": ["src/store/records", "src/store/keys"],
    "websocket": ["src/protocol/websocket/"],
    "wire_amqp_message": [WIRE + "amqp_message"],
    "wire_device_json": [WIRE + name for name in ("device_json", "identity_json", "json")],
    "wire_http_message": [WIRE + "http_message", WIRE + "http_fields"],
    "wire_json": [WIRE + name for name in ("bulk_json", "key_rotation_json", "module_json",
                                           "query_json")],
    "wire_received": [WIRE + "cbs", WIRE + "http_device_message"],
    "wire_text": [WIRE + name for name in ("connection_string", "devicebound_address",
                                           "error_table", "etag", "property_bag", "topic")],
    "wire_time": [WIRE + "expiry_text", "src/base/timestamp"],
}


def replay(name):
    """Runs the target over its inputs; their number."""
    folders = [ROOT / corpus / name for corpus in CORPORA]
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(PROFILES / f"{name}.profraw")}
    done = subprocess.run([BUILD / "fuzz" / f"{name}_fuzz", *folders], env=environment, check=True,
                          capture_output=True, text=True)
    return int(done.stdout.split()[0])


def lines(name):
    """Lines reached and lines there are, of the code the target is meant for."""
    profile = PROFILES / f"{name}.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", PROFILES / f"{name}.profraw",
                    "-o", profile], check=True)
    summary = subprocess.run(["llvm-cov-19", "export", "-summary-only", "-instr-profile", profile,
                              BUILD / "fuzz" / f"{name}_fuzz"],
                             check=True, capture_output=True, text=True)
    reached = there = 0
    for file in json.loads(summary.stdout)["data"][0]["files"]:
        path = os.path.relpath(os.path.join(BUILD, file["filename"]), ROOT)
        if path.startswith(tuple(MEANT_FOR[name])):
            reached += file["summary"]["lines"]["covered"]
            there += file["summary"]["lines"]["count"]
    return reached, there


def main():
    known = sorted(path.stem.removesuffix("_fuzz") for path in (ROOT / "fuzz").glob("*_fuzz.cpp"))
    if known != sorted(MEANT_FOR):
        sys.exit(f"MEANT_FOR must name each target: {sorted(set(known) ^ set(MEANT_FOR))}")
    names = sys.argv[1:] or known
    subprocess.run([ROOT / "tools" / "build.sh", "coverage", *(f"{name}_fuzz" for name in names)],
                   check=True, stdout=sys.stderr)
    PROFILES.mkdir(exist_ok=True)
    print("| Target | Inputs | Lines | Reached |\n|---|---|---|---|")
    for name in names:
        inputs = replay(name)
        reached, there = lines(name)
        print(f"| {name} | {inputs} | {there} | {100 * reached / there:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
