//! Commands that need no token, by their whole output.

use crate::room::{Room, usual};
use crate::table::Table;

#[test]
fn new_prints_the_script_of_the_quick_start_and_check_takes_it() {
    let table = Table::without_tokens();
    let ended = table.run("new root-and-subordinates").with(0);
    let shipped = include_str!("../../ceremonies/root-and-subordinates.yaml");
    assert!(ended.out == shipped && ended.error.is_empty());
    table.write("mine.yaml", ended.out);
    let ended = table.run("check mine.yaml").with(0);
    let (first, second) = ended.out.split_once('\n').unwrap();
    assert_eq!(first, "The script is good: 6 acts, 27 steps, 11 structures to sign.");
    assert!(second.starts_with("plan SHA-256 ") && second.len() == 13 + 64 + 1, "{second}");
}

#[test]
fn new_knows_its_templates_only() {
    let ended = Table::without_tokens().run_and_change_nothing("new root").with(2);
    assert_eq!(
        (ended.out.as_str(), ended.error.as_str()),
        (
            "",
            "error: there is no template `root`; there are `root-and-subordinates`, `subordinate-key`, `sign-subordinate`, \
             `rotate-subordinates`, `crl-and-ocsp`, `emergency-revocation`, `cross-sign`, `restore-drill`, `replace-share-holder`, `site-lost`, `destroy-key`\n"
        )
    );
}

#[test]
fn without_a_terminal_new_asks_nothing_and_prints_the_first_script() {
    let table = Table::without_tokens();
    let ended = table.run_and_change_nothing("new").with(0);
    assert_eq!(ended.out, include_str!("../../ceremonies/root-and-subordinates.yaml"));
    let ended = table.run_and_change_nothing("new emergency-revocation").with(0);
    assert_eq!(ended.out, include_str!("../../ceremonies/emergency-revocation.yaml"));
}

/// People who take what is proposed, but for one who types nonsense first and one who wants another id.
#[test]
fn on_a_terminal_new_asks_and_check_takes_what_it_writes() {
    let table = Table::without_tokens();
    let module = crate::common::SoftHsm::module().display().to_string();
    let (mut nonsense, mut asked) = (false, 0);
    let ended = Room::open(&table, "new --to .")
        .go_on(|question| {
            asked += 1;
            if question.shown.contains("The ceremony's id") {
                return Some("our-roots".to_owned());
            }
            if question.shown.contains("The ceremony's day") && !std::mem::replace(&mut nonsense, true) {
                return Some("soon".to_owned());
            }
            question.shown.contains("PKCS#11 module").then(|| module.clone())
        })
        .with(0);
    assert!(asked > 12, "{asked}\n{}", ended.out);
    assert!(ended.out.contains("  ! ") && ended.out.contains("soon"), "{}", ended.out);
    // What it says to type next is typed.
    let check = ended.out.lines().find_map(|line| line.trim().strip_prefix("rootrite check ")).unwrap();
    let said = table.run(&format!("check {check}")).with(0).both();
    assert!(said.contains("The script is good"), "{said}");
    assert!(table.read("site.yaml").contains(&module));
    // Nothing is replaced.
    let before = table.everything();
    let again = Room::open(&table, "new --to .")
        .go_on(|question| question.shown.contains("The ceremony's id").then(|| "our-roots".to_owned()));
    assert_eq!(again.code, Some(2), "{}", again.out);
    table.assert_unchanged(&before, "new");
}

/// The input ends, or somebody presses Control and C: nothing is written.
#[test]
fn who_leaves_the_questions_of_new_leaves_nothing_behind() {
    for (key, code) in [("\u{4}", 3), ("\u{3}", 130)] {
        let table = Table::without_tokens();
        let before = table.everything();
        let mut room = Room::open(&table, "new --to .");
        for _ in 0..4 {
            let question = room.question().expect("it is asked");
            room.type_line(&usual(&question));
        }
        assert!(room.question().is_some());
        room.type_line(key);
        let ended = room.end();
        assert_eq!(ended.code, Some(code), "{}", ended.out);
        table.assert_unchanged(&before, "new");
    }
}

#[test]
fn what_was_probably_meant_is_said() {
    let table = Table::without_tokens();
    for (command, tip) in [
        ("run --practise", "tip: a similar argument exists: '--practice'"),
        ("verify x --polcy y", "tip: a similar argument exists: '--policy'"),
        ("log show x --stpe 1", "tip: a similar argument exists: '--step'"),
        ("chekc x", "tip: a similar subcommand exists: 'check'"),
        ("log sohw x", "tip: a similar subcommand exists: 'show'"),
    ] {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(
            ended.error.contains(tip) && !ended.error.contains("as a value"),
            "{command}: {}",
            ended.error
        );
    }
    let ended = table.run_and_change_nothing("verify x --entirely-else").with(2);
    assert!(!ended.error.contains("similar"), "{}", ended.error);
}

#[test]
fn a_file_that_is_not_there_is_the_authors_turn() {
    let table = Table::without_tokens();
    for command in ["check none.yaml", "plan none.yaml", "rehearse none.yaml"] {
        let ended = table.run_and_change_nothing(command).with(2);
        assert_eq!(
            (ended.out.as_str(), ended.error.as_str()),
            ("", "error: `none.yaml` could not be read\n  because: No such file or directory (os error 2)\n"),
            "{command}"
        );
    }
    let ended = table.run_and_change_nothing("check .").with(2);
    assert_eq!(ended.error, "error: `.` could not be read\n  because: Is a directory (os error 21)\n");
}

#[test]
fn a_command_line_that_is_wrong_is_the_authors_turn() {
    let table = Table::without_tokens();
    for command in
        ["", "chek script.yaml", "check", "check script.yaml --sit x", "run script.yaml", "--colour"]
    {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(ended.out.is_empty() && !ended.error.is_empty(), "{command}: {}", ended.both());
    }
}

#[test]
fn version_and_help_are_no_errors() {
    let table = Table::without_tokens();
    let ended = table.run("--version").with(0);
    assert_eq!(
        (ended.out.as_str(), ended.error.as_str()),
        (concat!("rootrite ", env!("CARGO_PKG_VERSION"), "\n"), "")
    );
    for command in [
        "--help",
        "new --help",
        "check --help",
        "plan --help",
        "rehearse --help",
        "run --help",
        "verify --help",
    ] {
        let ended = table.run(command).with(0);
        assert!(
            ended.out.contains("Usage: rootrite") && ended.error.is_empty(),
            "{command}: {}",
            ended.both()
        );
    }
}

/// Somebody pipes the plan into a pager and leaves it.
#[test]
fn a_closed_pipe_is_no_error() {
    let table = Table::without_tokens();
    let mut command = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_rootrite");
    command.current_dir(table.folder());
    command.args(["-c", &format!("{{ {program} plan script.yaml; echo $? >&2; }} | true")]);
    let ended = crate::common::program::run(&mut command, b"").with(0);
    assert_eq!(ended.error, "0\n");
}
