"""Keys, policies and signed heads (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy): for `verify.py`."""
import base64, hashlib, re
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

class Wrong(Exception):
    """One code, or several."""
def need(good, code):
    if not good: raise Wrong(code)
def codes_of(function, *arguments):
    try: return function(*arguments), set()
    except Wrong as wrong: return None, set(str(wrong).split())
def sha(octets): return hashlib.sha256(octets).digest()
def leaf(line): return sha(b"\0" + line)
def node(left, right): return sha(b"\1" + left + right)
def root_of(stack):                                             # of complete subtrees, the largest first
    right = None
    for _, left in reversed(stack): right = left if right is None else node(left, right)
    return right or sha(b"")
def push(stack, found, level=0):
    while stack and stack[-1][0] == level: found, level = node(stack.pop()[1], found), level + 1
    stack.append((level, found))
def b64(text):
    try: octets = base64.b64decode(text, validate=True)
    except ValueError: raise Wrong("E104")
    need(base64.b64encode(octets).decode() == text, "E104")
    return octets
def is_name(name): return bool(name) and not re.search(r"[\s+\x00-\x1f\x7f-\x9f]", name)

class Key:
    def __init__(self, text):
        need(len(text.split("+", 2)) == 3, "E101")
        self.name, key_id, encoded = text.split("+", 2)
        octets = b64(encoded)
        need(is_name(self.name) and octets, "E101")
        self.kind, self.key = octets[0], octets[1:]
        hashed = self.key if self.kind == 2 else self.name.encode() + b"\n" + octets
        self.id = sha(hashed)[:4]
        need(self.kind in (1, 2, 4) and (self.kind == 2 or len(self.key) == 32) and self.id.hex() == key_id, "E101")
    def verify(self, text, octets):                             # the time of a cosignature; or nothing
        when = int.from_bytes(octets[:8], "big") if self.kind == 4 else None
        try:
            if self.kind == 2:
                serialization.load_der_public_key(self.key).verify(octets, text.encode(), ec.ECDSA(hashes.SHA256()))
            else:
                text = text if when is None else f"cosignature/v1\ntime {when}\n{text}"
                ed25519.Ed25519PublicKey.from_public_bytes(self.key).verify(octets[8 if when is not None else 0:], text.encode())
        except InvalidSignature: raise Wrong("E107" if when is None else "E108")
        return when

class Policy:
    def __init__(self, text):
        self.logs, self.nodes, self.quorum, found = [], {}, None, set()
        for line in text.split("\n"):
            words = line.split()
            if words and not words[0].startswith("#"): found |= codes_of(self.line, words[0], words[1:])[1]
        if not found and self.quorum is None: found = {"E102"}
        need(not found, " ".join(found))
    def line(self, word, rest):
        grouped = {member for kind in self.nodes.values() if isinstance(kind, tuple) for member in kind[1]}
        if word == "log" and len(rest) in (1, 2):
            key = Key(rest[0])
            need(key.kind != 4 and all(key.key != other.key for other in self.logs), "E102")
            self.logs.append(key)
        elif word == "witness" and len(rest) in (2, 3):
            key = Key(rest[1])
            twice = any(isinstance(other, Key) and other.key == key.key for other in self.nodes.values())
            need(key.kind == 4 and not twice and rest[0] not in self.nodes and rest[0] != "none", "E102")
            self.nodes[rest[0]] = key
        elif word == "group" and len(rest) > 2:
            name, count, members = rest[0], rest[1], rest[2:]
            count = {"any": 1, "all": len(members)}.get(count) or (int(count) if count.isdigit() else 0)
            fits = len(set(members)) == len(members) and all(m in self.nodes and m not in grouped for m in members)
            need(fits and 1 <= count <= len(members) and name not in self.nodes and name != "none", "E102")
            self.nodes[name] = (count, members)
        elif word == "quorum" and len(rest) == 1 and self.quorum is None and (rest[0] == "none" or rest[0] in self.nodes):
            self.quorum = rest[0]
        else: raise Wrong("E102")
    def judge(self, note, now, oldest=None):                    # origin, size, root and warnings of a head that it accepts
        text, lines = note
        origin, size, root = checkpoint(text)
        known, found, good, when = [key for key in self.logs if key.name == origin], set(), 0, {}
        if self.logs and not known: found.add("E111")
        for key in known + [key for key in self.nodes.values() if isinstance(key, Key)]:
            late, mine = set(), [octets for name, key_id, octets in lines if (name, key_id) == (key.name, key.id)]
            for octets in mine:
                at, wrong = codes_of(key.verify, text, octets)
                found |= wrong
                if not wrong and at is None: good += 1
                elif not wrong and at > now + 300: late = {"E112"}
                elif not wrong and oldest is not None and now - at > oldest: late = {"E113"}
                elif not wrong: when[key.id] = max(at, when.get(key.id, 0))
            if key.id not in when: found |= late
        if not good and not found & {"E107", "E111"}: found.add("E109")
        def met(name):
            kind = self.nodes[name]
            return kind.id in when if isinstance(kind, Key) else sum(map(met, kind[1])) >= kind[0]
        if self.quorum != "none" and not met(self.quorum): found.add("E110")
        need(not found, " ".join(found))
        return origin, size, root, {"W204" for at in when.values() if now - at > 30 * 86400}

def number(text, code):
    need(re.fullmatch("0|[1-9][0-9]*", text) and int(text) < 2 ** 63, code)
    return int(text)
def checkpoint(text):
    lines = text[:-1].split("\n") + ["", ""]
    need(is_name(lines[0]), "E111")
    size, root = number(lines[1], "E106"), b64(lines[2])
    need(len(root) == 32, "E104")
    need(len(lines) == 5, "E105")
    return lines[0], size, root
def note_of(octets):
    text, empty, lines = octets.decode().rpartition("\n\n")
    need(empty and lines.endswith("\n"), "E103")
    signatures = []
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "—" and is_name(parts[1]) and parts[2], "E103")
        octets = b64(parts[2])
        need(len(octets) > 4, "E103")
        signatures.append((parts[1], octets[:4], octets[4:]))
    return text + "\n", signatures
