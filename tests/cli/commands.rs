//! Commands that need no token, by their whole output.

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
