"""Compares what `verify.py` and `proofs.py` find with the format's vectors: `vectors.py FILE...`.

What is in a vector stands in `crates/ceremony-log/tests/vectors.rs`.
"""
import re, sys
from pathlib import Path
from formats import Policy, b64, into
from proofs import judge_consistency, judge_proof
from verify import judge_head, judge_log


def judge(said, parts):
    policy, now = Policy(parts["policy"].decode()), int(said["now"])
    oldest = int(said["oldest"]) if "oldest" in said else None
    last = (int(said["last"].split()[0]), b64(said["last"].split()[1])) if "last" in said else ()
    if "proof" in parts: return judge_proof(parts["proof"], policy, now, oldest)
    if "consistency" in parts: return judge_consistency(parts["consistency"], policy, last, now, oldest)
    head = judge_head(parts["checkpoint"], policy, now, oldest)
    return judge_log(parts["log.jsonl"], head, *[last] if last else [], refuse=said.get("practice") == "refuse")

def main(names):
    wrong = 0
    for name in names:
        head, _, rest = Path(name).read_bytes().partition(b"\n\n")
        said = {key: value.strip() for key, value in (line.split(":", 1) for line in head.decode().split("\n"))}
        parts = re.split(rb"^-- ([a-z.]+) --\n", rest, flags=re.M)[1:]
        found = set()
        with into(found): found |= judge(said, dict(zip((name.decode() for name in parts[::2]), parts[1::2])))
        if " ".join(sorted(found)) != said["expect"]:
            wrong += 1
            print(f"{name}: found {' '.join(sorted(found))!r}, expected {said['expect']!r}")
    print(f"{len(names)} vectors, {wrong} otherwise")
    return 1 if wrong else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
