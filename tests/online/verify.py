"""Judges ceremony logs (ceremony-log/v1) by the published formats, with Python's standard library and `cryptography`.

`verify.py FOLDER POLICY` prints the codes that it finds and ends with 5 if one refuses, with 2 if POLICY is none. It
shares no code with the program that writes such logs. Here: heads, cosignatures, lines, chain, tree, and what records
say together. Beside it: `formats.py` has what others published, `proofs.py` judges an artifact, two heads, and tiles.
"""
import calendar, formats, re, sys, time
from pathlib import Path
from formats import NAME, Wrong, add, b64, canonical, into, leaf, need, number, push, root_of, sha, signed_at

RESULTS = {f"{act}.intent": done.split("|") for act, done in (pair.split(":") for pair in """
    token.initialize:token.initialized token.pin:token.pin.changed media.write:media.written key.generate:key.generated
    key.proof:key.proved key.backup:key.backup key.restore:key.restored key.seal:key.sealed key.destroy:key.destroyed
    cert.sign:cert.signed|sign.failed|sign.aborted csr.sign:csr.signed|sign.failed|sign.aborted
    crl.sign:crl.signed|sign.failed|sign.aborted ocsp.sign:ocsp.signed|sign.failed|sign.aborted""".split())}
CLOSING = {ev for done in RESULTS.values() for ev in done} | {"act.failed"}
OPTIONAL = {"act.failed", "token.initialized", "media.written", "key.sealed"}      # these may close nothing
EVENTS = {*RESULTS, *CLOSING} | {f"{kind}.{name}" for line in """
    log genesis key.added key.rotated key.replaced confirmed recovered note anomaly, person registered, receipt imported
    witness registered removed agreed disagreed, session start stop resumed, preflight result, ceremony open close
    plan approved, site approved, participant present left, step begin end deviation, custody opened sealed, lint result
    device inserted removed attested audit, token zeroized inventory, auth ok failed, key live, quorum met, secret split
    share issued encrypted decrypted confirmed checked returned missing, request received approved rejected, clock set
    crl superseded, profile introduced retired, cert revoked, serial burned, artifact emitted voided, media destroyed
    """.strip().replace("\n", ",").split(",") for kind, *names in [line.split()] for name in names}
ROLES = "software ceremony-administrator crypto-officer share-holder internal-witness external-witness auditor".split()
FIELDS = dict(actor=dict, at=str, cer=str, data=dict, ev=str, mono=int, prev=str, seq=int, v=int)

def judge_head(octets, policy, now, oldest=None):   # origin, size, root, warnings: C2SP tlog-checkpoint, -cosignature
    text, empty, rest = octets.decode().rpartition("\n\n")
    text, lines, found, good, signed = text + "\n", [], set(), 0, {}
    need(empty and rest.endswith("\n"), "E103")
    for line in rest[:-1].split("\n"):
        parts = re.fullmatch(f"— ({NAME}) ([^ ]+)", line)
        need(parts and len(b64(parts[2])) > 4, "E103")
        lines.append((parts[1], b64(parts[2])))
    origin, size, root, *more = text.split("\n") + ["", ""]
    need(re.fullmatch(NAME, origin), "E111")
    size, root = number(size, "E106"), b64(root, 32)
    need(not any(more), "E105")
    known = [key for key in policy.logs if key.name == origin]
    add(found, known or not policy.logs, "E111")
    for key in known + policy.witnesses:
        late = set()
        for octets in (octets[4:] for name, octets in lines if (name, octets[:4]) == (key.name, key.id)):
            with into(found):
                when = signed_at(key, text, octets)
                if when is None: good += 1
                elif when > now + 300: late = {"E112"}
                elif oldest is not None and now - when > oldest: late = {"E113"}
                else: signed[key.octets] = max(when, signed.get(key.octets, 0))
        if key.octets not in signed: found |= late
    add(found, good or found & {"E107", "E111"}, "E109")
    add(found, policy.met(signed), "E110")
    need(not found, *found)
    return origin, size, root, {"W204" for when in signed.values() if now - when > 30 * 86400}

def record_of(line):                                # ceremony-log/v1 §2
    need(len(line) <= 16384, "E128")
    record = canonical(line)
    need(isinstance(record, dict) and record.get("v") == 1, "E129")
    good = all(type(record.get(key)) is kind for key, kind in FIELDS.items())
    need(good and not record.keys() - {*FIELDS, "step", "ref"} and record["mono"] >= 0, "E128")
    need(record["actor"].keys() == {"id", "role"} and record["actor"]["role"] in ROLES, "E128")
    need(re.fullmatch("[a-z0-9-]{1,64}", record["cer"]) and re.fullmatch(r"[a-z]+(\.[a-z]+)+", record["ev"]), "E128")
    try: return record | {"time": calendar.timegm(time.strptime(record["at"], "%Y-%m-%dT%H:%M:%SZ"))}
    except ValueError: raise Wrong("E128")

class State:                                        # what the records say together: ceremony-log/v1 §5, 4
    def __init__(self):
        self.found, self.intents, self.open, self.outcome, self.keys, self.requests = set(), {}, None, None, {}, {}
        self.closed, self.approved, self.sessions, self.of_logs, self.witnesses = (set() for _ in range(5))

    def follow(self, record):
        ev, data, ref, cer, intent = record["ev"], record["data"], record.get("ref"), record["cer"], {}
        check = lambda good, code: add(self.found, good, code)
        check(ev in EVENTS, "E154" if {"sign", "signed"} & set(ev.split(".")) else "W201")
        check(ref is None or ref < record["seq"], "E153")
        if ev in CLOSING - OPTIONAL or ev in OPTIONAL and ref is not None:
            name, intent = self.intents.get(ref, ("", {}))
            same = [key for key in intent if key.endswith("sha256") or key in ("serial", "number")]
            fits = name and (ev == "act.failed" or ev in RESULTS[name])
            check(fits and all(data.get(key, intent[key]) == intent[key] for key in same), "E153")
            if fits: del self.intents[ref]
        match ev:
            case "session.start" | "session.resumed": self.sessions.clear()
            case "plan.approved":
                check(data.get("person") and data.get("sha256"), "E155")
                self.approved.add(data.get("sha256"))
            case "auth.ok": self.sessions.add(data.get("token"))
            case "quorum.met":
                check(0 <= data.get("threshold", -1) <= len(set(data.get("people", []))), "E155")
                if data.get("threshold"): self.sessions.add(data.get("token"))
            case "log.key.replaced": check(data.get("witnesses"), "E155")
            case "ceremony.open":
                check(not self.open and cer != "-" and cer not in self.closed, "E150")
                self.open = (cer, data.get("plan_sha256"))
            case "ceremony.close":
                self.outcome = data.get("outcome")
                check(self.open and self.open[0] == cer and self.outcome in ("ok", "partial", "aborted"), "E150")
                check(not self.intents, "E152")
                self.closed, self.open = self.closed | {cer}, None
                for known in self.approved, self.sessions, self.intents: known.clear()
            case "cert.sign.intent" | "csr.sign.intent" | "crl.sign.intent" | "ocsp.sign.intent":
                check(self.open and self.open[0] == cer and self.open[1] in self.approved, "E155")
                check(data["token"] in self.sessions if "token" in data else self.sessions, "E155")
        check(self.key(ev, data, data.get("spki_sha256", intent.get("spki_sha256"))), "E159")
        if ev in RESULTS: self.intents[record["seq"]] = (ev, data)

    def key(self, ev, data, spki):                  # whether nothing is wrong with the life of a key
        key, attributes, count = self.keys.get(spki, {}), data.get("attributes", {}), data.get("share_count")
        def step(before, after, good=True):         # from these stages on; at another one nothing happens
            if good and key.get("at") in before: key["at"] = after
            return key and (good or key["at"] not in before)
        match ev:
            case "log.key.added": self.of_logs |= {spki, data.get("vkey")}
            case "log.key.replaced" | "log.key.rotated": return data.get("new") in self.of_logs
            case "witness.registered": self.witnesses.add(data.get("vkey"))
            case "witness.removed":
                return data.get("vkey") in self.witnesses and self.witnesses.remove(data["vkey"]) is None
            case "key.generated":
                stays = attributes.get("never_extractable", attributes.get("extractable") is False)
                self.keys[spki] = {"at": "generated", "stays": stays, "unconfirmed": set(), "proved": False}
                return spki and not key
            case "key.backup":
                if step(("generated", "backed-up"), "backed-up") and key["at"] == "backed-up":
                    key.update(set=data.get("set_id"), unconfirmed=set(range(1, (count or 0) + 1)))
                return key and (count is None) == ("set_id" not in data) and formats.are_shares(data, count)
            case "share.confirmed":
                if key.get("set") == data.get("set_id") and key: key["unconfirmed"].discard(data.get("index"))
                return key or not spki
            case "key.restored": return step(("backed-up",), "restored", not key.get("unconfirmed"))
            case "key.proved":
                key["proved"] = key.get("at") == "restored"
                return data.get("verified") is True and ("at" in key or not spki)
            case "key.sealed":
                return attributes.get("extractable") is False and step(("restored",), "sealed", key.get("proved"))
            case "key.live":
                step(("generated", "backed-up", "restored", "sealed") if key.get("stays") else ("sealed",), "live")
                return key.get("at") == "live"
            case "key.destroyed":
                return step((key.get("at"),), key.get("at") if data.get("surviving") else "destroyed")
            case "request.received" if data.get("kind") == "csr" and data.get("pop_verified") is True:
                self.requests[data.get("sha256")] = spki
            case "request.rejected": self.requests.pop(data.get("sha256"), None)
            case "cert.sign.intent" | "crl.sign.intent" | "csr.sign.intent" | "ocsp.sign.intent":
                named = [data[f"{whose}spki_sha256"] for whose in ("responder_", "issuer_", "")
                         if f"{whose}spki_sha256" in data] + [None]
                live = named[0] not in self.of_logs and self.keys.get(named[0], {}).get("at") == "live"
                return live or ev == "ocsp.sign.intent" and named == [None]
            case "cert.signed":
                asked = any(one in (None, spki) for one in self.requests.values())
                return spki and (data.get("artifact", {}).get("kind") == "cross" or key or asked)
        return True

    def finish(self):
        add(self.found, not self.intents, "E152")
        return self.found | ({"E150"} if self.open else {"E151"} if self.outcome == "aborted" else set())

def judge_log(octets, head, last=(0, sha(b"")), refuse=False):
    origin, size, root, found = head
    *lines, torn = octets.split(b"\n")
    stack, state, prev, clock, genesis, roots = [], State(), bytes(32), (0, 0), {}, {0: sha(b"")}
    for seq, line in enumerate(lines):
        with into(found):
            record = record_of(line)
            ev, data, at, mono = record["ev"], record["data"], record["time"], record["mono"]
            add(found, record["seq"] == seq and (ev == "log.genesis") == (seq == 0), "E125")
            add(found, record["prev"] == prev.hex(), "E126")
            add(found, at >= clock[0] or ev == "clock.set" and data.get("approved_by"), "E127")
            add(found, mono >= clock[1] and (seq or mono == 0) or ev in ("session.start", "session.resumed"), "E127")
            if seq == 0: genesis = data
            clock = (at, mono)
            state.follow(record)
        prev = leaf(line)
        push(stack, prev)
        if seq + 1 in (size, last[0]): roots[seq + 1] = root_of(stack)
    add(found, not torn, "E120")
    add(found, len(lines) == size, "E130")
    add(found, size > len(lines) or roots[size] == root, "E131")
    add(found, size >= last[0], "E132")
    known = root if size == last[0] else roots.get(last[0], last[1]) if roots.get(size) == root else last[1]
    add(found, size < last[0] or known == last[1], "E133")      # lines that are not the head's say nothing of it
    add(found, not genesis or (genesis.get("spec"), genesis.get("hash")) == ("ceremony-log/v1", "sha256"), "E129")
    own = not genesis or genesis.get("practice") is genesis.get("origin", "").endswith("/practice")
    add(found, own and genesis.get("origin", origin) == origin, "E111")
    if genesis.get("practice"): found.add("E158" if refuse else "W203")
    return found if any(code[0] == "E" for code in found) else found | state.finish()

def main(judge):
    found = set()
    with into(found): found |= judge()
    print(" ".join(sorted(found)) or "good")
    return 5 if any(code[0] == "E" for code in found) else 0

if __name__ == "__main__":
    place, policy = Path(sys.argv[1]), formats.policy_of(sys.argv[2])
    head = lambda: judge_head((place / "checkpoint").read_bytes(), policy, int(time.time()))
    sys.exit(main(lambda: judge_log((place / "log.jsonl").read_bytes(), head())))
