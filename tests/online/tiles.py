"""Reads a log from its tiles (C2SP tlog-tiles) as a monitor does, and judges it: `tiles.py FOLDER POLICY`."""
import sys, time
from pathlib import Path
from notes import Policy, codes_of, leaf, need, note_of, push, root_of
from verify import judge_log

def tile_path(index, width):
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts) + ("" if width == 256 else f".p/{width}")
def judge_tiles(folder, policy, now):
    head = policy.judge(note_of((folder / "checkpoint").read_bytes()), now)
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
    found, wrong = codes_of(lambda: judge_tiles(Path(sys.argv[1]), Policy(Path(sys.argv[2]).read_text()), int(time.time())))
    print(" ".join(sorted(wrong or found)) or "good")
    sys.exit(5 if any(code[0] == "E" for code in wrong or found) else 0)
