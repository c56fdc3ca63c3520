//! What is wrong with the places where things are to be written: folders, file systems, disks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use der::{Decode as _, DecodePem as _};
use rootrite::digest::Digest;
use x509_cert::crl::CertificateList;

use crate::common::program;
use crate::table::{Table, days_ago};

const REHEARSE: &str = "rehearse script.yaml --out out";
const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";

#[test]
fn what_exists_is_not_replaced() {
    let table = Table::new().now();
    for command in [REHEARSE, RUN] {
        fs::create_dir(table.path("out")).unwrap();
        table.write("out/keep", "me");
        let ended = table.run_and_change_nothing(command).with(2);
        let wanted =
            "error: `out` exists; wanted a folder that does not\n  hint: name another folder with --out\n";
        assert_eq!(ended.error, wanted, "{command}");
        fs::remove_dir_all(table.path("out")).unwrap();
        // A link to nowhere is there, too.
        std::os::unix::fs::symlink("nowhere", table.path("out")).unwrap();
        let ended = table.run(command).with(2);
        assert_eq!(ended.error, wanted, "{command}");
        assert!(!table.path("nowhere").exists());
        fs::remove_file(table.path("out")).unwrap();
    }
    table.write("plan.json", "mine");
    let ended = table.run_and_change_nothing("plan script.yaml -o plan.json").with(2);
    assert_eq!(
        ended.error,
        "error: the plan could not be written\n  because: `plan.json` exists; files are only created, never replaced\n"
    );
}

#[test]
fn a_folder_is_made_in_one_that_is_there() {
    let table = Table::new().now();
    let missing = "rehearse script.yaml --out no/out";
    let ended = table.run_and_change_nothing(missing).with(2);
    assert_eq!(
        ended.error,
        "error: `no` is not a folder; `no/out` is to be made in it\n  hint: make it first, or name another folder with --out\n"
    );
    let ended = table
        .run_and_change_nothing(
            "run script.yaml --site site.yaml --log script.yaml/log --out out --practice --plain",
        )
        .with(2);
    assert_eq!(
        ended.error,
        "error: `script.yaml` is not a folder; `script.yaml/log` is to be made in it\n  hint: make it first, or name another \
         folder with --log\n"
    );
    let ended = table.run_and_change_nothing("plan script.yaml -o no/plan.json").with(2);
    assert!(ended.error.starts_with("error: the plan could not be written\n  because: "), "{}", ended.error);
}

#[test]
fn a_read_only_folder_is_found_before_anything_is_touched() {
    if !can_mount() {
        return;
    }
    let table = Table::new().now();
    fs::create_dir(table.path("media")).unwrap();
    for (command, mount) in [
        ("rehearse script.yaml --out media/out", "mount -t tmpfs -o ro none media"),
        (
            "run script.yaml --site site.yaml --log log --out media/out --practice --plain",
            "mount -t tmpfs -o ro none media",
        ),
        (
            "run script.yaml --site site.yaml --log media/log --out out --practice --plain",
            "mount -t tmpfs -o ro none media",
        ),
        (
            "run script.yaml --site site.yaml --log media --out out --practice --plain",
            "mount -t tmpfs -o ro none media",
        ),
    ] {
        let before = table.everything();
        let ended = in_a_mount(&table, mount, command, "").with(4);
        table.assert_unchanged(&before, command);
        assert_eq!(
            ended.error,
            "error: `media` is read-only; wanted a folder to write in\n  hint: mount it for writing, or name another one\n",
            "{command}"
        );
        assert_eq!(ended.out, "", "{command}");
    }
}

/// The disk is full at some moment of the ceremony: whenever that is, it is the disk's fault, nothing is said to be
/// done that is not, and what is there of the log is good as far as it goes.
#[test]
fn a_full_disk_stops_the_ceremony() {
    if !can_mount() {
        return;
    }
    let (mut stopped, mut with_a_signed_head) = (0, 0);
    for size in (16..).step_by(24) {
        let table = Table::for_answers().now();
        fs::create_dir(table.path("media")).unwrap();
        let run = "run script.yaml --site site.yaml --log media/log --out media/out --practice --answers answers.yaml";
        let mount = format!("mount -t tmpfs -o size={size}k none media");
        let ended = in_a_mount(&table, &mount, run, &then("cp -r media/log kept; ls media/out/summary.json"));
        if ended.code == Some(0) {
            break;
        }
        stopped += 1;
        assert_eq!(ended.code, Some(4), "{size}: {}", ended.both());
        assert!(ended.error.contains("No space left on device"), "{size}: {}", ended.error);
        assert!(
            !ended.out.contains("media/out/summary.json"),
            "{size}: the summary comes last: {}",
            ended.out
        );
        assert!(!ended.out.contains("is done"), "{size}: {}", ended.out);
        if !table.path("kept/checkpoint").exists() {
            continue;
        }
        with_a_signed_head += 1;
        let lines = fs::read(table.path("kept/log.jsonl")).unwrap();
        let size: usize = table.read("kept/checkpoint").lines().nth(1).unwrap().parse().unwrap();
        let whole = String::from_utf8_lossy(&lines).matches('\n').count();
        assert!(whole >= size, "what the signed head covers is on disk: {whole} lines, {size} signed");
    }
    assert!(with_a_signed_head >= 2 && stopped > with_a_signed_head, "{with_a_signed_head} of {stopped}");
}

/// The disk is full somewhere between the rows of a long CRL and its PEM text: nothing there can be mistaken for a CRL,
/// and once there is room the ceremony goes on to a CRL with every row.
#[test]
fn a_disk_that_a_long_crl_fills_leaves_no_part_of_one() {
    if !can_mount() {
        return;
    }
    let (mut stopped, mut after_the_intent, mut after_the_signature) = (0, 0, 0);
    // From the folder with the rows to the last file: a step is shorter than the CRL and each of its copies.
    for size in (500..).step_by(150) {
        let table = with_long_list();
        let run = "run script.yaml --site site.yaml --log media/log --out media/out --practice --answers answers.yaml";
        let mount = format!("mount -t tmpfs -o size={size}k none media");
        let binary = Path::new(env!("CARGO_BIN_EXE_rootrite")).display();
        let go_on = format!(
            "; code=$?; cp -r media/log media/out .; mount -o remount,size=64m media; \
             echo AND THEN; {binary} resume --log media/log --answers answers.yaml; echo ended with $?; \
             cp -r media/out whole; exit $code"
        );
        let ended = in_a_mount(&table, &mount, run, &go_on);
        if ended.code == Some(0) {
            break;
        }
        stopped += 1;
        assert_eq!(ended.code, Some(4), "{size}: {}", ended.both());
        assert!(ended.error.contains("No space left on device"), "{size}: {}", ended.error);
        for (path, octets) in crls_in(&table, "out") {
            assert_eq!(entries(&octets), LONG, "{size}: {} is a part of a CRL", path.display());
        }
        let Ok(log) = fs::read_to_string(table.path("log/log.jsonl")) else { continue };
        let intents = log.matches("\"crl.sign.intent\"").count();
        after_the_intent += intents;
        after_the_signature += usize::from(!crls_in(&table, "out").is_empty());
        if intents == 0 {
            continue;
        }
        let (_, resumed) = ended.out.split_once("AND THEN").unwrap();
        assert!(resumed.contains("ended with 0"), "{size}: {}", ended.both());
        let whole = crls_in(&table, "whole");
        assert!(!whole.is_empty(), "{size}");
        for (path, octets) in whole {
            assert_eq!(entries(&octets), LONG, "{size}: {}", path.display());
        }
    }
    let found = (stopped, after_the_intent, after_the_signature);
    assert!(after_the_intent >= 2 && after_the_signature >= 1, "{found:?}");
}

/// How many rows a list has whose CRL is not made in memory.
const LONG: usize = 6000;

/// A table whose script signs a CRL of that many entries.
fn with_long_list() -> Table {
    let table = Table::for_answers().now();
    fs::create_dir(table.path("media")).unwrap();
    let at = days_ago(2);
    let row = |number: usize| format!("01{:032x},{at},superseded\n", (number * 7919) % LONG + 1);
    let rows: String =
        std::iter::once("serial,revoked-at,reason\n".to_owned()).chain((0..LONG).map(row)).collect();
    table.write("revoked.csv", &rows);
    let csv = format!(
        "inputs:\n  revoked: {{file: revoked.csv, sha256: {}}}\nacts:\n",
        Digest::of(rows.as_bytes())
    );
    table.change("script.yaml", "acts:\n", &csv);
    table.change("script.yaml", "revoked: none", "revoked: {csv: revoked}");
    table
}

/// Everything below a folder that somebody may take for a CRL: what is called one, and every artifact that begins like
/// one.
fn crls_in(table: &Table, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let below = table.path(folder);
    let is_crl = |path: &PathBuf, octets: &Vec<u8>| {
        let name = path.to_string_lossy();
        // A part is called so, and nobody reads one.
        !name.ends_with(".part")
            && (name.contains("/crls/") || name.ends_with(".der") && octets.len() > 50_000)
    };
    let all = table.everything().into_iter();
    all.filter(|(path, octets)| path.starts_with(&below) && path.is_file() && is_crl(path, octets)).collect()
}

/// How many entries a CRL has, DER or PEM; it is read to its last octet.
fn entries(octets: &[u8]) -> usize {
    let crl: CertificateList = match octets {
        [b'-', ..] => CertificateList::from_pem(octets).unwrap(),
        _ => CertificateList::from_der(octets).unwrap(),
    };
    crl.tbs_cert_list.revoked_certificates.map_or(0, |entries| entries.len())
}

/// A ceremony that was interrupted after its long CRL.
fn long_and_broken_off() -> Table {
    let table = with_long_list();
    table.change(
        "script.yaml",
        "  - act: Closing\n",
        "  - act: Break\n    steps:\n      - instruct: {who: ada, text: Go on.}\n  - act: Closing\n",
    );
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"4.1\": {say: [\"no\"]}\n");
    let run = "run script.yaml --site site.yaml --log log --out out --practice --answers no.yaml";
    let _ = table.run(run).with(3);
    table
}

/// A CRL that is too long to be held is read back from where it lies; a rendering that is gone is made again.
#[test]
fn a_long_crl_is_taken_in_again_after_an_interruption() {
    let table = long_and_broken_off();
    let (der, pem) = ("out/crls/root-x1.crl", "out/crls/root-x1.crl.pem");
    let before = (fs::read(table.path(der)).unwrap(), fs::read(table.path(pem)).unwrap());
    fs::remove_file(table.path(pem)).unwrap();
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    assert_eq!((fs::read(table.path(der)).unwrap(), fs::read(table.path(pem)).unwrap()), before);
    assert_eq!((entries(&before.0), entries(&before.1)), (LONG, LONG));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

/// One octet of it is another: it is not taken.
#[test]
fn a_long_crl_that_was_changed_is_not_taken_in_again() {
    let table = long_and_broken_off();
    let (path, mut octets) = crls_in(&table, "out/bundle-practice-test-ceremony").pop().unwrap();
    octets[LONG] ^= 1;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &octets).unwrap();
    let ended = table.run("resume --log log --answers answers.yaml");
    assert!(ended.code != Some(0) && ended.error.contains("is not what the log says"), "{}", ended.both());
}

/// Throw-away tokens live on the same disk: the module says what it can.
#[test]
fn a_full_disk_stops_the_rehearsal() {
    if !can_mount() {
        return;
    }
    let table = Table::without_tokens();
    fs::create_dir(table.path("media")).unwrap();
    for size in [8, 64, 120, 180] {
        let mount = format!("mount -t tmpfs -o size={size}k none media");
        let ended = in_a_mount(
            &table,
            &mount,
            "rehearse script.yaml --out media/out",
            &then("ls media/out/summary.json"),
        );
        assert_eq!(ended.code, Some(4), "{size}: {}", ended.both());
        let reasons = ["No space left on device", "CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR"];
        assert!(reasons.iter().any(|reason| ended.error.contains(reason)), "{size}: {}", ended.error);
        assert!(
            !ended.out.contains("media/out/summary.json"),
            "{size}: the summary comes last: {}",
            ended.out
        );
    }
}

/// Looks at the mount before it goes, and keeps the exit code.
fn then(look: &str) -> String {
    format!("; code=$?; {look} 2>/dev/null; exit $code")
}

/// Whether this machine lets a test mount something where only the test sees it.
pub fn can_mount() -> bool {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs none /mnt"]);
    let can = command.output().is_ok_and(|output| output.status.success());
    if !can {
        program::not_possible("this machine lets nobody mount in a namespace of their own");
    }
    can
}

/// Runs the program in a mount namespace of its own, with something mounted on the folder `media`.
fn in_a_mount(table: &Table, mount: &str, arguments: &str, then: &str) -> program::Ended {
    let binary = Path::new(env!("CARGO_BIN_EXE_rootrite")).display();
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        &format!("{mount} && {binary} {arguments}{then}"),
    ]);
    command.current_dir(table.folder());
    program::run(&mut command, b"")
}
