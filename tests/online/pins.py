"""The pins of the online side, as its operators would write them from paper: from the log of the ceremony that they saw.

    pins.py BUNDLE WORK >pins.yaml

Every key of the pins file is used that this ceremony has something for.
"""

import json
import os
import pathlib
import sys

bundle, work = sys.argv[1:]
records = [json.loads(line) for line in pathlib.Path(bundle, "log.jsonl").read_text().splitlines()]


def all_of(event):
    return [record["data"] for record in records if record["ev"] == event]


ids = {key["spki_sha256"]: key["id"] for key in all_of("key.generated")}
certificates = {one["artifact"]["name"]: one["spki_sha256"] for one in all_of("cert.signed")}
[session] = all_of("session.start")
module = session["modules"][0]["sha256"]
tokens = sorted({one["serial"] for one in all_of("device.inserted")})
people = {name: pathlib.Path(work, "people", f"{name}.pub").read_text().strip() for name in ("ann", "ben")}


def expected(name):
    return f"""\
  - subject: [{{C: US}}, {{O: Online Test}}, {{CN: Online Test {name.upper()}}}]
    spki-sha256: {certificates[name]}
    profile: tls-subordinate-ca
    token: {{module: MODULE, environment: {{SOFTHSM2_CONF: {work}/online/softhsm2.conf}}, label: issuing, id: {ids[certificates[name]]}, pin: {{fd: 3}}}}
"""


def exported(server, more=""):
    return f"""\
  {server}:
    data-at: {work}/data/{server}
    module: MODULE
    token: issuing
    pin-file: {work}/online/pin
    acme-url: https://acme.test
    crl-url: http://crl.test/
    issuer-url: http://crt.test/
{more}"""


text = f"""\
rootrite-pins: 1
policy: policy
origin: online-test.example/log
roots: [{{spki-sha256: {certificates["root-t1"]}}}]
expected:
{expected("e1")}{expected("r1")}tools: [{session["tool_sha256"]}]
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
