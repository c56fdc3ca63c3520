"""What the records of a ceremony log say together (ceremony-log/v1 §3, §5, 4): for `verify.py`, which reads them."""
EVENTS = set("""log.genesis log.key.added log.key.rotated log.key.replaced log.confirmed log.recovered witness.registered
witness.removed person.registered session.start session.stop session.resumed act.failed preflight.result clock.set log.note
log.anomaly ceremony.open plan.approved site.approved participant.present participant.left step.begin step.end step.deviation
custody.opened custody.sealed device.inserted device.removed device.attested device.audit token.initialize.intent
token.initialized token.pin.intent token.pin.changed token.zeroized token.inventory auth.ok auth.failed quorum.met
key.generate.intent key.generated key.proof.intent key.proved key.backup.intent key.backup share.issued share.encrypted share.decrypted
share.confirmed share.checked share.returned key.restore.intent key.restored key.sealed key.live key.destroy.intent key.destroyed
request.received request.approved request.rejected profile.introduced profile.retired lint.result cert.sign.intent cert.signed
sign.failed sign.aborted csr.sign.intent csr.signed crl.sign.intent crl.signed crl.superseded ocsp.sign.intent ocsp.signed
cert.revoked serial.burned artifact.emitted artifact.voided media.write.intent media.written receipt.imported witness.agreed
witness.disagreed ceremony.close""".split())
RESULTS = {"token.initialize": "token.initialized", "token.pin": "token.pin.changed", "key.generate": "key.generated",
           "key.proof": "key.proved", "key.backup": "key.backup", "key.restore": "key.restored", "key.destroy": "key.destroyed",
           "cert.sign": "cert.signed", "csr.sign": "csr.signed", "crl.sign": "crl.signed", "ocsp.sign": "ocsp.signed",
           "media.write": "media.written"}

class State:
    def __init__(self):
        self.found, self.intents, self.open, self.closed, self.last = set(), {}, None, set(), None
        self.approved, self.sessions, self.keys, self.requests, self.of_logs, self.named = set(), set(), {}, {}, set(), set()
    def follow(self, record):
        ev, data, ref, find = record["ev"], record["data"], record.get("ref"), self.found.add
        if ev not in EVENTS: find("E154" if {"sign", "signed"} & set(ev.split(".")) else "W201")
        results = set(RESULTS.values()) - {"token.initialized", "media.written"} | {"sign.failed", "sign.aborted"}
        optional = ev in ("act.failed", "token.initialized", "media.written") and ref is not None
        if ref is not None and ref >= record["seq"]: find("E153")
        elif ev in results or optional:
            intent = self.intents.get(ref, ("", {}))
            name, fits = intent[0].removesuffix(".intent"), {"act.failed"}
            fits |= {RESULTS.get(name)} | ({"sign.failed", "sign.aborted"} if name.endswith(".sign") else set())
            if not name or ev not in fits: find("E153")
            else:
                del self.intents[ref]
                same = [key for key in intent[1] if key.endswith("sha256") or key in ("serial", "number")]
                if any(key in data and data[key] != intent[1][key] for key in same): find("E153")
        if ev in ("session.start", "session.resumed"): self.sessions = set()
        elif ev == "plan.approved": self.approved.add(data.get("sha256")) if data.get("person") else find("E155")
        elif ev == "auth.ok": self.sessions.add(data.get("token"))
        elif ev == "log.key.replaced" and not data.get("witnesses"): find("E155")
        elif ev == "quorum.met":
            threshold = data.get("threshold", -1)
            if threshold < 0 or len(set(data.get("people", []))) < threshold: find("E155")
            elif threshold: self.sessions.add(data.get("token"))
        elif ev == "ceremony.open":
            if self.open or record["cer"] in self.closed | {"-"}: find("E150")
            self.open = (record["cer"], data.get("plan_sha256"))
        elif ev == "ceremony.close":
            if not self.open or self.open[0] != record["cer"] or data.get("outcome") not in ("ok", "partial", "aborted"): find("E150")
            if self.intents: find("E152")
            self.closed.add(record["cer"])
            self.last, self.open, self.approved, self.sessions, self.intents = data.get("outcome"), None, set(), set(), {}
        if ev in ("cert.sign.intent", "csr.sign.intent", "crl.sign.intent", "ocsp.sign.intent"):
            ready = self.open and self.open[0] == record["cer"] and self.open[1] in self.approved
            if not ready or not (data["token"] in self.sessions if "token" in data else self.sessions): find("E155")
        if not self.key(ev, data): find("E159")
        if ev.endswith(".intent") and ev in EVENTS: self.intents[record["seq"]] = (ev, data)
    def key(self, ev, data):                                    # whether nothing is wrong with the life of keys
        spki, attributes = data.get("spki_sha256"), data.get("attributes", {})
        stage = self.keys.get(spki, (None, None))
        if ev == "log.key.added":
            self.of_logs.add(spki)
            self.named.add(data.get("vkey"))
        elif ev in ("log.key.replaced", "log.key.rotated"): return data.get("new") in self.named
        elif ev == "key.generated":
            self.keys[spki] = ("generated", attributes.get("never_extractable", attributes.get("extractable") is False))
            return spki is not None and stage[0] is None
        elif ev in ("key.backup", "key.restored", "key.sealed", "key.destroyed"):
            step = {"key.backup": ("generated", "backed-up"), "key.restored": ("backed-up", "restored"),
                    "key.sealed": ("restored", "sealed"), "key.destroyed": (stage[0], "destroyed")}[ev]
            if stage[0] == step[0] and stage[0] and not data.get("surviving"): self.keys[spki] = (step[1], stage[1])
            return stage[0] is not None and (ev != "key.sealed" or attributes.get("extractable") is False)
        elif ev == "key.live":
            if stage[0] in ("sealed", "live") or stage[1] and stage[0] != "destroyed": self.keys[spki] = ("live", stage[1])
            return self.keys.get(spki, (None,))[0] == "live"
        elif ev == "key.proved": return data.get("verified") is True and (spki is None or stage[0] is not None)
        elif ev == "request.received" and data.get("kind") == "csr" and data.get("pop_verified") is True:
            self.requests[data.get("sha256")] = spki
        elif ev == "request.rejected": self.requests.pop(data.get("sha256"), None)
        elif ev in ("cert.sign.intent", "crl.sign.intent", "csr.sign.intent"):
            signer = data.get("spki_sha256" if ev.startswith("csr") else "issuer_spki_sha256")
            return signer not in self.of_logs and self.keys.get(signer, (None,))[0] == "live"
        elif ev == "ocsp.sign.intent":
            named = [data[key] for key in ("responder_spki_sha256", "issuer_spki_sha256", "spki_sha256") if key in data]
            return not named or named[0] not in self.of_logs and self.keys.get(named[0], (None,))[0] == "live"
        elif ev == "cert.signed":
            asked = any(key is None or key == spki for key in self.requests.values())
            return spki is not None and (data.get("artifact", {}).get("kind") == "cross" or stage[0] is not None or asked)
        return True
    def finish(self):
        return self.found | ({"E152"} if self.intents else set()) | (
            {"E150"} if self.open else {"E151"} if self.last == "aborted" else set())
