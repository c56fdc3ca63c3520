"""What others published, for `verify.py`: canonical JSON (RFC 8785), the tree (RFC 6962), keys, signatures and policies
(C2SP signed-note, tlog-cosignature, tlog-policy), groups of shares (SLIP-0039)."""
import base64, collections, contextlib, hashlib, json, re, sys
from pathlib import Path
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


class Wrong(Exception):
    """What is wrong, as codes."""

def need(good, *codes):
    if not good: raise Wrong(*codes)

@contextlib.contextmanager
def into(found):
    """Collects codes, and goes on."""
    try: yield
    except Wrong as wrong: found.update(wrong.args)

def add(found, good, code):
    if not good: found.add(code)

def sha(octets): return hashlib.sha256(octets).digest()

def leaf(line): return sha(b"\0" + line)

def node(left, right): return sha(b"\1" + left + right)

def push(stack, found, level=0):
    """Adds a leaf to complete subtrees, the largest first."""
    while stack and stack[-1][0] == level: found, level = node(stack.pop()[1], found), level + 1
    stack.append((level, found))

def root_of(stack):
    right = None
    for _, left in reversed(stack): right = left if right is None else node(left, right)
    return right or sha(b"")

def b64(text, length=None):
    with contextlib.suppress(ValueError):
        octets = base64.b64decode(text, validate=True)
        if base64.b64encode(octets).decode() == text and length in (None, len(octets)): return octets
    raise Wrong("E104")

def number(text, code):
    need(re.fullmatch("0|[1-9][0-9]*", text) and int(text) < 2 ** 63, code)
    return int(text)


HIDDEN = re.compile("[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
                    "\ufff9-\ufffb\U000e0000-\U000e007f]")

def parts_of(value, depth=1):
    yield value, depth
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(one, depth + isinstance(one, (dict, list)))

def canonical(line):
    """What a line of JSON says in the form of RFC 8785, and stricter: ceremony-log/v1 §2."""
    found = set()
    def members(pairs):
        add(found, len(dict(pairs)) == len(pairs), "E122")
        add(found, all(re.fullmatch("[a-z][a-z0-9_]*", key) for key, _ in pairs), "E128")
        return dict(pairs)
    try: value = json.loads(line.decode(), object_pairs_hook=members, strict=False)
    except ValueError: raise Wrong("E121")
    for part, depth in parts_of(value):
        whole = isinstance(part, int) and abs(part) < 2 ** 53
        add(found, whole or part is not None and not isinstance(part, (int, float)), "E123")
        add(found, depth <= 6 and not (isinstance(part, str) and HIDDEN.search(part)), "E128")
    need(not found, min(found, default=""))
    need(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == line, "E124")
    return value


NAME = r"[^\s+\x00-\x1f\x7f-\x9f]+"
Key = collections.namedtuple("Key", "name id kind octets public")
ED25519, P256, COSIGNS = b"\1", b"\2", b"\4"
READ = {ED25519: ed25519.Ed25519PublicKey.from_public_bytes, P256: serialization.load_der_public_key,
        COSIGNS: ed25519.Ed25519PublicKey.from_public_bytes}

def key_of(text):
    need(re.match(NAME + r"\+[^+]*\+", text), "E101")
    name, key_id, encoded = text.split("+", 2)
    octets = b64(encoded)
    kind, key = octets[:1], octets[1:]
    found = sha(key if kind == P256 else name.encode() + b"\n" + octets)[:4]
    need(kind in READ and found.hex() == key_id, "E101")
    try: return Key(name, found, kind, key, READ[kind](key))
    except ValueError: raise Wrong("E101")

def signed_at(key, text, octets):
    """The time of a cosignature; none of another signature."""
    when, more = None, []
    if key.kind == P256: more = [ec.ECDSA(hashes.SHA256())]
    if key.kind == COSIGNS:
        when, octets = int.from_bytes(octets[:8], "big"), octets[8:]
        text = f"cosignature/v1\ntime {when}\n{text}"
        need(when < 2 ** 63, "E108")
    try: key.public.verify(octets, text.encode(), *more)
    except InvalidSignature: raise Wrong("E107" if when is None else "E108")
    return when


class Policy:
    def __init__(self, text):
        self.logs, self.nodes, self.quorum, found, grouped = [], {}, None, set(), set()
        free = lambda name: name != "none" and name not in self.nodes
        for line in text.split("\n"):
            with into(found):
                match line.split():
                    case ["log", key, *url] if len(url) < 2: self.logs.append(key_of(key))
                    case ["witness", name, key, *url] if len(url) < 2 and free(name): self.nodes[name] = key_of(key)
                    case ["group", name, count, *members] if free(name):
                        count = {"any": 1, "all": len(members)}.get(count) or number(count, "E102")
                        need(1 <= count <= len(set(members)) == len(members), "E102")
                        need(self.nodes.keys() - grouped >= set(members), "E102")
                        grouped |= set(members)
                        self.nodes[name] = (count, members)
                    case ["quorum", name] if not self.quorum and (name == "none" or name in self.nodes):
                        self.quorum = name
                    case [word, *_] if not word.startswith("#"): raise Wrong("E102")
        need(not found and self.quorum, *found or {"E102"})
        self.witnesses = [key for key in self.nodes.values() if isinstance(key, Key)]
        for keys, kinds in (self.logs, (ED25519, P256)), (self.witnesses, (COSIGNS,)):
            need(len({key.octets for key in keys}) == len(keys) and all(key.kind in kinds for key in keys), "E102")

    def met(self, signed):
        """Whether those who signed make the quorum."""
        def one(name):
            if isinstance(self.nodes[name], Key): return self.nodes[name].octets in signed
            count, members = self.nodes[name]
            return sum(map(one, members)) >= count
        return self.quorum == "none" or one(self.quorum)

def policy_of(path):
    """The policy of a file; a file that has none is said in one line, and ends the program with 2."""
    try: return Policy(Path(path).read_text(encoding="utf-8"))
    except OSError as error: why = error.strerror or "unreadable"
    except UnicodeDecodeError: why = "no UTF-8 text"
    except Wrong as wrong: why = " ".join(sorted(set(wrong.args)))
    print(f"{path} is no policy: {why}", file=sys.stderr)
    sys.exit(2)

def are_shares(data, count):
    """Whether there can be so many shares, in these groups if there are groups (SLIP-0039)."""
    groups, needed = data.get("groups"), data.get("group_threshold")
    if groups is None or needed is None: return groups is needed and count in (None, *range(1, 257))
    pairs = [(group.get("threshold", 0), group.get("share_count", 0)) for group in groups]
    return 0 < needed <= len(groups) > 1 and all(0 < threshold <= shares for threshold, shares in pairs) and (
        sum(shares for _, shares in pairs) == count)
