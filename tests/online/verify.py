"""Judges ceremony logs (ceremony-log/v1) by the published formats, with Python's standard library and `cryptography`.

verify.py log FOLDER POLICY | proof FILE POLICY [ARTIFACT] | vector FILE...
Prints the codes that it finds; ends with 5 if one refuses. It shares no code with the program that writes such logs.
"""
import calendar, json, re, sys, time
from pathlib import Path
from notes import Policy, Wrong, b64, codes_of, leaf, need, node, note_of, number, push, root_of, sha
from state import State

ROLES = "software ceremony-administrator crypto-officer share-holder internal-witness external-witness auditor".split()
HIDDEN = re.compile("[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                    "\U000e0000-\U000e007f]")
FIELDS = {"actor": dict, "at": str, "cer": str, "data": dict, "ev": str, "mono": int, "prev": str, "seq": int, "v": int}

def record_of(line):
    need(len(line) <= 16384, "E128")
    found = set()
    def pairs(members):
        if len({key for key, _ in members}) < len(members): found.add("E122")
        if any(not re.fullmatch("[a-z][a-z0-9_]*", key) for key, _ in members): found.add("E128")
        return dict(members)
    def bad(_): found.add("E123")
    try: record = json.loads(line.decode(), object_pairs_hook=pairs, parse_float=bad, parse_constant=bad, strict=False)
    except ValueError: raise Wrong("E121")
    def walk(value, depth):
        if value is None or isinstance(value, int) and abs(value) > 2 ** 53 - 1: found.add("E123")
        if isinstance(value, str) and HIDDEN.search(value) or depth > 6: found.add("E128")
        if isinstance(value, (dict, list)):
            for member in value.values() if isinstance(value, dict) else value: walk(member, depth + isinstance(member, (dict, list)))
    walk(record, 1)
    need(not found, min(found, default=""))
    need(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == line, "E124")
    need(isinstance(record, dict) and record.get("v") == 1, "E129")
    good = all(type(record.get(key)) is kind for key, kind in FIELDS.items()) and not set(record) - set(FIELDS) - {"step", "ref"}
    need(good and set(record["actor"]) == {"id", "role"} and record["actor"]["role"] in ROLES, "E128")
    need(re.fullmatch("[a-z0-9-]{1,64}", record["cer"]) and re.fullmatch(r"[a-z]+(\.[a-z]+)+", record["ev"]), "E128")
    try: record["time"] = calendar.timegm(time.strptime(record["at"], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError: raise Wrong("E128")
    return record

def judge_log(octets, head, last=None, refuse=False):
    origin, size, root, found = head
    lines, torn = octets.split(b"\n")[:-1], octets.split(b"\n")[-1]
    stack, state, prev, clock, genesis, roots = [], State(), bytes(32), (0, 0), None, {0: sha(b"")}
    for seq, line in enumerate(lines):
        record, wrong = codes_of(record_of, line)
        found |= wrong
        if record:
            ev, data = record["ev"], record["data"]
            if record["seq"] != seq or (ev == "log.genesis") != (seq == 0): found.add("E125")
            if record["prev"] != prev.hex(): found.add("E126")
            if record["time"] < clock[0] and not (ev == "clock.set" and data.get("approved_by")): found.add("E127")
            if record["mono"] < clock[1] and ev not in ("session.start", "session.resumed"): found.add("E127")
            if ev == "log.genesis" and seq == 0: genesis = data
            clock = (record["time"], record["mono"])
            state.follow(record)
        prev = leaf(line)
        push(stack, prev)
        if seq + 1 in (size, last and last[0]): roots[seq + 1] = root_of(stack)
    if torn: found.add("E120")
    if len(lines) != size: found.add("E130")
    if roots.get(size, root) != root and size <= len(lines): found.add("E131")
    if last and size < last[0]: found.add("E132")
    elif last and roots.get(last[0], last[1]) != last[1]: found.add("E133")
    if genesis and genesis.get("origin") != origin: found.add("E111")
    if genesis and genesis.get("practice"): found.add("E158" if refuse else "W203")
    return found if any(code[0] == "E" for code in found) else found | state.finish()

def split(size): return 1 << (size - 1).bit_length() - 1        # the largest power of two below it
def included(index, size, found, path):                         # the root that a path leads to: RFC 6962 §2.1.1
    need(bool(path) == (size > 1), "E144")
    if size == 1: return found
    left = split(size)
    if index < left: return node(included(index, left, found, path[:-1]), path[-1])
    return node(path[-1], included(index - left, size - left, found, path[:-1]))
def prefix(old, size, known, path, whole=True):                 # the old root and the new one: RFC 6962 §2.1.2
    if old == size:
        need(len(path) == (not whole), "E133")
        return (known, known) if whole else (path[0], path[0])
    need(path, "E133")
    left = split(size)
    if old <= left:
        before, after = prefix(old, left, known, path[:-1], whole)
        return before, node(after, path[-1])
    before, after = prefix(old - left, size - left, known, path[:-1], False)
    return node(path[-1], before), node(path[-1], after)
def hashes_of(lines):
    found = [b64(line) for line in lines]
    need(all(len(one) == 32 for one in found), "E104")
    return found
def judge_proof(octets, policy, now, oldest=None, artifact=None):
    body, _, note = octets.decode().partition("\n\n")
    lines = body.split("\n")
    fits = len(lines) > 2 and lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra ") and lines[2].startswith("index ")
    need(fits and len(lines) <= 66, "E144")
    line, index = b64(lines[1][6:]), number(lines[2][6:], "E144")
    path = hashes_of(lines[3:])
    _, size, root, found = policy.judge(note_of(note.encode()), now, oldest)
    record = record_of(line)
    need(record["seq"] == index < size and included(index, size, leaf(line), path) == root, "E144")
    need(artifact is None or record["data"].get("artifact", {}).get("sha256") == sha(artifact).hex(), "E140")
    return found
def judge_consistency(octets, policy, last, now, oldest=None):
    body, _, note = octets.decode().partition("\n\n")
    lines = body.split("\n")
    need(lines[0].startswith("old ") and len(lines) <= 64, "E144")
    old, path = number(lines[0][4:], "E144"), hashes_of(lines[1:])
    _, size, root, found = policy.judge(note_of(note.encode()), now, oldest)
    need(size >= last[0], "E132")
    need(old == last[0], "E144")
    need(not path and old == 0 or old and prefix(old, size, last[1], path) == (last[1], root), "E133")
    return found

def judge_vector(path):
    head, _, rest = Path(path).read_bytes().partition(b"\n\n")
    said = dict(line.split(":", 1) for line in head.decode().split("\n"))
    said = {key: value.strip() for key, value in said.items()}
    parts = re.split(rb"^-- ([a-z.]+) --\n", rest, flags=re.M)[1:]
    parts = {name.decode(): octets for name, octets in zip(parts[::2], parts[1::2])}
    now, oldest = int(said["now"]), int(said["oldest"]) if "oldest" in said else None
    last = (int(said["last"].split()[0]), b64(said["last"].split()[1])) if "last" in said else None
    def judge():
        policy = Policy(parts["policy"].decode())
        if "proof" in parts: return judge_proof(parts["proof"], policy, now, oldest)
        if "consistency" in parts: return judge_consistency(parts["consistency"], policy, last, now, oldest)
        head = policy.judge(note_of(parts["checkpoint"]), now, oldest)
        return judge_log(parts["log.jsonl"], head, last, said.get("practice") == "refuse")
    found, wrong = codes_of(judge)
    return " ".join(sorted(wrong or found)), said["expect"]

def main(command, *names):
    if command == "vector":
        judged = [(name, *judge_vector(name)) for name in names]
        wrong = [f"{name}: found {found!r}, expected {said!r}" for name, found, said in judged if found != said]
        print("\n".join(wrong + [f"{len(names)} vectors, {len(wrong)} otherwise"]))
        return 1 if wrong else 0
    place, now = Path(names[0]), int(time.time())
    def judge():
        policy = Policy(Path(names[1]).read_text())
        if command == "proof":
            return judge_proof(place.read_bytes(), policy, now, artifact=Path(names[2]).read_bytes() if names[2:] else None)
        return judge_log((place / "log.jsonl").read_bytes(), policy.judge(note_of((place / "checkpoint").read_bytes()), now))
    found, wrong = codes_of(judge)
    print(" ".join(sorted(wrong or found)) or "good")
    return 5 if any(code[0] == "E" for code in wrong or found) else 0

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
