"""The pins of the online side, as its operators would write them from paper: from the log of the ceremony that they saw, and from
their own.

    pins.py BUNDLE WORK >pins.yaml
    pins.py --key-id NAME WORK

Every key of the pins file is used that this ceremony has something for.
"""

import json
import os
import pathlib
import sys

*option, bundle, work = sys.argv[1:]


def all_of(event, log):
    records = [json.loads(line) for line in pathlib.Path(log).read_text().splitlines()]
    return [record["data"] for record in records if record["ev"] == event]


# The keys of the subordinate CAs are of the online side's own log.
made = all_of("key.generated", f"{work}/online/log/log.jsonl")
if option:
    [found] = [key["id"] for key in made if key["label"] == bundle]
    print(found)
    sys.exit()
ids = {key["spki_sha256"]: key["id"] for key in made}
own = f"{bundle}/log.jsonl"
certificates = {one["artifact"]["name"]: one["spki_sha256"] for one in all_of("cert.signed", own)}
[session] = all_of("session.start", own)
module = session["modules"][0]["sha256"]
tokens = sorted({one["serial"] for one in all_of("device.inserted", own)})
people = {name: pathlib.Path(work, "people", f"{name}.pub").read_text().strip() for name in ("ann", "ben")}


def expected(name):
    return f"""\
  - subject: [{{C: US}}, {{O: Online Test}}, {{CN: Online Test {name.upper()}}}]
    spki-sha256: {certificates[name]}
    profile: tls-subordinate-ca
    token: {{module: MODULE, environment: {{SOFTHSM2_CONF: {work}/online/softhsm2.conf}}, label: issuing, id: {ids[certificates[name]]}, pin: {{fd: 3}}}}
"""


def keys():
    places = [(name, certificates[name]) for name in ("e3", "r1")]
    return ", ".join(f"{{spki-sha256: {spki}, label: {name}, id: {ids[spki]}}}" for name, spki in places)


def exported(server):
    return f"""\
  {server}:
    data-at: {work}/data/{server}
    module: MODULE
    token: issuing
    keys: [{keys()}]
    pin-file: {work}/online/pin
    acme-url: https://acme.test
    crl-url: http://crl.test/
    issuer-url: http://crt.test/
"""


text = f"""\
rootrite-pins: 1
policy: policy
origin: online-test.example/log
roots: [{{spki-sha256: {certificates["root-t1"]}}}]
expected:
{expected("e3")}{expected("r1")}tools: [{session["tool_sha256"]}]
modules: [{module}]
token-serials: [{", ".join(f'"{one}"' for one in tokens)}]
approval: typed
rules: private
store: {work}/store
people:
  - {{id: ann, ssh-key: "{people["ann"]}"}}
  - {{id: ben, ssh-key: "{people["ben"]}"}}
exports:
{exported("acme-proxy")}{exported("step-ca")}{exported("django-ca")}"""
print(text.replace("MODULE", os.environ["ROOTRITE_TEST_MODULE"]), end="")
