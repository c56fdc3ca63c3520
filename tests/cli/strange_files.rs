//! Files that are not what the command line says: nothing of them is passed over in silence, and nobody waits without being told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use crate::common::program::command;
use crate::table::Table;

/// A certificate of an earlier ceremony.
const CERTIFICATE: &[u8] = include_bytes!("../inputs/export/boulder/certificates/e1.cert.pem");

#[test]
fn a_block_that_does_not_begin_as_it_should_is_not_passed_over() {
    let table = Table::without_tokens();
    let marked = [&b"\xef\xbb\xbf"[..], CERTIFICATE].concat();
    let short =
        String::from_utf8(CERTIFICATE.to_vec()).unwrap().replace("CERTIFICATE-----\nM", "CERTIFICATE----\nM");
    std::fs::write(table.path("good.pem"), CERTIFICATE).unwrap();
    std::fs::write(table.path("marked.pem"), &marked).unwrap();
    std::fs::write(table.path("second-marked.pem"), [CERTIFICATE, &marked].concat()).unwrap();
    std::fs::write(table.path("short.pem"), short).unwrap();
    let _ = table.run("inspect good.pem").with(0);
    for file in ["marked.pem", "second-marked.pem", "short.pem"] {
        for (command, code) in [("inspect", 2), ("lint", 5), ("profile check", 5)] {
            let ended = table.run(&format!("{command} {file}")).with(code);
            let said = format!("{}{}", ended.out, ended.error);
            assert!(said.contains("`-----BEGIN` begins no block"), "{command} {file}: {said}");
        }
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let table = Table::without_tokens();
    let ended = table.run("inspect missing").with(2);
    assert_eq!(
        ended.error,
        "error: `missing` could not be read\n  because: No such file or directory (os error 2)\n"
    );
    std::fs::write(table.path("empty"), b"").unwrap();
    let ended = table.run("log show empty").with(2);
    assert!(ended.error.contains("`empty` has no record: there is nothing in it"), "{}", ended.error);
    let ended = table.run("survive --log missing").with(2);
    assert!(ended.error.contains("hint: name the ceremony-log folder"), "{}", ended.error);
    // A hole of 300 MiB takes no room.
    std::fs::File::create(table.path("large")).unwrap().set_len(300 << 20).unwrap();
    let ended = table.run("profile read large").with(5);
    assert!(ended.error.contains("the file has more than 268435456 octets"), "{}", ended.error);
}

#[test]
fn who_waits_for_a_pipe_says_so_and_reads_it_all_the_same() {
    let table = Table::without_tokens();
    let pipe = table.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = command(&table.path(""))
        .args(["check", "pipe"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "  … waiting for `pipe`, which is no file, to be written and closed\n");
    let script = table.read("script.yaml");
    std::fs::OpenOptions::new().write(true).open(&pipe).unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
}
