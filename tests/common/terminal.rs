//! The program at a terminal of its own, with somebody who waits for what it says and types.

use std::path::Path;

use serde_json::json;

use super::program::{Ended, run, tool};

/// Waits for each text in turn and types the answer, as a person would; what the screen got is what it says.
const PERSON: &str = r"
import json, os, pty, select, sys, time
case = json.load(sys.stdin)
pid, screen = pty.fork()
if pid == 0:
    os.chdir(case['folder'])
    os.execv(case['program'], [case['program']] + case['arguments'])
seen, at, deadline = b'', 0, time.time() + 100
def more():
    global seen
    ready, _, _ = select.select([screen], [], [], max(0.0, deadline - time.time()))
    if not ready:
        os.kill(pid, 9)
        print('nothing more was said; the screen: ' + seen.decode(errors='replace'), file=sys.stderr)
        sys.exit(99)
    try:
        found = os.read(screen, 65536)
    except OSError:
        found = b''
    seen += found
    return bool(found)
for wanted, typed in case['answers']:
    while seen.find(wanted.encode(), at) < 0:
        if not more():
            print('ended before: ' + wanted, file=sys.stderr)
            break
    at = max(at, seen.find(wanted.encode(), at) + len(wanted))
    os.write(screen, typed.encode())
while more():
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.write(seen.decode(errors='replace').replace('\r\n', '\n'))
sys.exit(os.waitstatus_to_exitcode(status) & 127)
";

/// Runs the program under test at a terminal; each answer is typed when its text has been said. `None` says loudly that there
/// is no Python.
///
/// # Panics
///
/// In CI, where no Python may be missing.
pub fn at_a_terminal(folder: &Path, arguments: &[&str], answers: &[(&str, &str)]) -> Option<Ended> {
    tool("python3", folder, ["--version"])?;
    let case = json!({
        "folder": folder, "program": env!("CARGO_BIN_EXE_rootrite"), "arguments": arguments, "answers": answers,
    });
    let mut command = std::process::Command::new("python3");
    command.args(["-c", PERSON]);
    Some(run(&mut command, case.to_string().as_bytes()))
}
