"""Judges one artifact, one head after another, and a log's tiles: C2SP tlog-proof, tlog-witness, tlog-tiles.

    proofs.py proof FILE POLICY [ARTIFACT] | tiles FOLDER POLICY
"""
import sys, time
from pathlib import Path
from formats import b64, leaf, need, node, number, policy_of, push, root_of, sha
from verify import judge_head, judge_log, main, record_of


def split(size): return 1 << (size - 1).bit_length() - 1        # the largest power of two below it

def included(index, size, found, path):
    """The root that a path leads to: RFC 6962 §2.1.1."""
    need(bool(path) == (size > 1), "E144")
    if size == 1: return found
    left = split(size)
    if index < left: return node(included(index, left, found, path[:-1]), path[-1])
    return node(path[-1], included(index - left, size - left, found, path[:-1]))

def prefix(old, size, known, path, whole=True):
    """The old root and the new one: RFC 6962 §2.1.2."""
    need(len(path) == (not whole) if old == size else path, "E133")
    if old == size: return (known, known) if whole else (path[0], path[0])
    left = split(size)
    if old <= left:
        before, after = prefix(old, left, known, path[:-1], whole)
        return before, node(after, path[-1])
    before, after = prefix(old - left, size - left, known, path[:-1], False)
    return node(path[-1], before), node(path[-1], after)


def judge_proof(octets, policy, now, oldest=None, artifact=None):
    body, _, note = octets.partition(b"\n\n")
    first, extra, index, *path = body.decode().split("\n") + ["", ""]
    need(first == "c2sp.org/tlog-proof@v1" and extra.startswith("extra ") and index.startswith("index "), "E144")
    line, index, path = b64(extra[6:]), number(index[6:], "E144"), [b64(one, 32) for one in path[:-2]]
    need(len(path) <= 63, "E144")
    _, size, root, found = judge_head(note, policy, now, oldest)
    record = record_of(line)
    need(record["seq"] == index < size and included(index, size, leaf(line), path) == root, "E144")
    need(artifact is None or record["data"].get("artifact", {}).get("sha256") == sha(artifact).hex(), "E140")
    return found

def judge_consistency(octets, policy, last, now, oldest=None):
    body, _, note = octets.partition(b"\n\n")
    first, *path = body.decode().split("\n")
    need(first.startswith("old ") and len(path) <= 63, "E144")
    old, path = number(first[4:], "E144"), [b64(one, 32) for one in path]
    _, size, root, found = judge_head(note, policy, now, oldest)
    need(size >= last[0], "E132")
    need(old == last[0], "E144")
    need(not path and old == 0 or old and prefix(old, size, last[1], path) == (last[1], root), "E133")
    return found


def tile_path(index, width):
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts) + ("" if width == 256 else f".p/{width}")

def judge_tiles(folder, policy, now):
    """Reads a log from its tiles, as a monitor does."""
    head = judge_head((folder / "checkpoint").read_bytes(), policy, now)
    log, level = [], 0
    for index in range(-(-head[1] // 256)):
        octets = (folder / "tile/entries" / tile_path(index, min(256, head[1] - index * 256))).read_bytes()
        while octets:
            length = int.from_bytes(octets[:2], "big")
            log.append(octets[2:2 + length])
            octets = octets[2 + length:]
    below = [leaf(line) for line in log]
    while below:                                                # each tile is what the level below says
        above = []
        for index in range(-(-len(below) // 256)):
            part = below[index * 256:index * 256 + 256]
            need((folder / f"tile/{level}" / tile_path(index, len(part))).read_bytes() == b"".join(part), "E131")
            stack = []
            for one in part: push(stack, one)
            if len(part) == 256: above.append(root_of(stack))
        below, level = above, level + 1
    return judge_log(b"".join(line + b"\n" for line in log), head)


if __name__ == "__main__":
    place, policy, now = Path(sys.argv[2]), policy_of(sys.argv[3]), int(time.time())
    if sys.argv[1] == "tiles": sys.exit(main(lambda: judge_tiles(place, policy, now)))
    artifact = Path(sys.argv[4]).read_bytes() if sys.argv[4:] else None
    sys.exit(main(lambda: judge_proof(place.read_bytes(), policy, now, artifact=artifact)))
