"""The people of a ceremony who agree: answers what `rootrite run --plain` asks, on a terminal of its own.

    people.py LOG PROGRAM ARGUMENT…

PINs come from the environment: ROOTRITE_TEST_PIN; of the token ROOTRITE_TEST_HALVES each of two people types one half. The head of
the last ceremony is read from the file ROOTRITE_TEST_PAPER. What is shown goes to the file LOG. Ends as the program ends.
"""

import datetime
import os
import pty
import re
import select
import sys

LONGEST = 120
# The halves of a PIN that two people type, one after the other.
HALVES = []


def pin(token):
    whole = os.environ["ROOTRITE_TEST_PIN"]
    if token != os.environ.get("ROOTRITE_TEST_HALVES"):
        return whole
    if not HALVES:
        HALVES.extend([whole[: len(whole) // 2], whole[len(whole) // 2 :]])
    return HALVES.pop(0)


def in_words(lines):
    """The last words that stand there of what can be read aloud."""
    words = [line.strip() for line in lines if line.strip().startswith("in words: ")]
    return words[-1].removeprefix("in words: ") if words else None


def answer(shown, before):
    """The answer to what is shown last, or nothing if that is no question; and the question's kind."""
    lines = shown.split("\n")
    last = lines[-1]
    if last == "  > ":
        asked = [line for line in lines if line.endswith(")") and " (" in line]
        kind = asked[-1].rpartition(" (")[2] if asked else before
        if kind is None:
            return None, None
        if word := re.match(r"type `([^`]*)`", kind):
            return word[1], kind
        if kind.startswith("type the words"):
            if words := in_words(lines):
                return " ".join(words.split(" ")[:4]), kind
            with open(os.environ["ROOTRITE_TEST_PAPER"], encoding="utf-8") as paper:
                return in_words(paper.read().split("\n")), kind
        if kind.startswith("such as "):
            return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), kind
        return "as it was seen", kind
    if asked := re.search(r": PIN of `([^`]+)`: $", last):
        return pin(asked[1]), None
    if last.lstrip().startswith("Press Enter"):
        return "", None
    return None, None


def main():
    log, *command = sys.argv[1:]
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    shown, before = "", None
    with open(log, "w", encoding="utf-8") as record:
        while True:
            ready, _, _ = select.select([terminal], [], [], LONGEST)
            if not ready:
                sys.exit(f"nothing is shown for {LONGEST} s:\n{shown}")
            try:
                octets = os.read(terminal, 65536)
            except OSError:
                break
            if not octets:
                break
            text = octets.decode("utf-8", "replace").replace("\r", "")
            record.write(text)
            shown += text
            said, kind = answer(shown, before)
            if said is not None:
                shown, before = "", kind or before
                os.write(terminal, f"{said}\n".encode())
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


main()
