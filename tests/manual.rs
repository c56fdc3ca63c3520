//! Completions and man pages are made of the command line, and have every command.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;

#[path = "../examples/manual.rs"]
#[allow(dead_code, reason = "its own beginning is for the command line")]
mod manual;

#[test]
fn every_command_has_a_man_page_and_a_completion() {
    let folder = tempfile::tempdir().unwrap();
    manual::write(folder.path()).unwrap();
    let shells =
        [("rootrite.bash", "rootrite__"), ("_rootrite", "_rootrite"), ("rootrite.fish", "__fish_rootrite")];
    let completions: Vec<String> = shells
        .iter()
        .map(|(file, function)| {
            let text = fs::read_to_string(folder.path().join("completions").join(file)).unwrap();
            assert!(text.contains(function), "{file}");
            text
        })
        .collect();
    let command = rootrite::cli::command();
    let mut seen = 0;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let page =
            fs::read_to_string(folder.path().join(format!("man1/rootrite-{}.1", sub.get_name()))).unwrap();
        for option in sub.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&option.replace('-', "\\-")), "{}: --{option}", sub.get_name());
        }
        for text in &completions {
            assert!(text.contains(sub.get_name()), "{}", sub.get_name());
        }
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} commands were found");
    let page = fs::read_to_string(folder.path().join("man1/rootrite.1")).unwrap();
    assert!(page.contains("scripted key ceremonies"), "{page}");
}
