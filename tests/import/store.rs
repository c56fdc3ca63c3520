//! The store: killed at any point, used by two at once, on a full disk or one that cannot be written.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::program;
use crate::online::{OnlineSide, bundle_of, root_of, shared};

/// Everything that has a name is whole: every set, and what is active.
fn is_whole(side: &OnlineSide, what: &str) {
    let sets = side.path("store/sets");
    let Ok(entries) = fs::read_dir(&sets) else { return };
    for set in entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_none()) {
        let text =
            fs::read_to_string(set.join("set.json")).unwrap_or_else(|_| panic!("{what}: {}", set.display()));
        let description: Value = serde_json::from_str(&text).unwrap();
        for item in description["artifacts"].as_array().unwrap() {
            let octets = fs::read(set.join(item["path"].as_str().unwrap())).unwrap();
            let found = rootrite::digest::Digest::of(&octets).to_string();
            assert_eq!(found, item["sha256"].as_str().unwrap(), "{what}");
        }
        for name in ["log.jsonl", "checkpoint", "manifest.json", "policy", "consistency"] {
            let (kept, given) = (set.join("bundle").join(name), bundle_of(shared()).join(name));
            assert!(fs::read(kept).unwrap() == fs::read(given).unwrap(), "{what}: {name}");
        }
        assert!(set.join("staged.approval").is_file(), "{what}");
    }
    if let Ok(target) = fs::read_link(side.path("store/active")) {
        assert!(side.path("store").join(target).join("set.json").is_file(), "{what}");
        assert!(fs::read_dir(side.path("store/activations")).unwrap().count() > 0, "{what}");
    }
}

#[test]
fn killed_two_hundred_times_either_nothing_or_everything_is_active() {
    let side = OnlineSide::of(shared()).without_tokens();
    let bundle = bundle_of(shared());
    let begun = Instant::now();
    let _ = side.stage(&bundle, "ann").with(0);
    let to_stage = begun.elapsed();
    let begun = Instant::now();
    let _ = side.activate(&bundle, "ben").with(0);
    let to_activate = begun.elapsed();
    fs::remove_dir_all(side.path("store")).unwrap();
    let root = root_of(&bundle);
    let (mut killed, mut staged, mut activated) = (0, 0, 0);
    for round in 0..200_u32 {
        let has_staged = fs::read_dir(side.path("store/sets"))
            .is_ok_and(|sets| sets.flatten().any(|entry| entry.path().extension().is_none()));
        let arguments = if has_staged {
            format!("--activate --person ben --key ben --root {root}")
        } else {
            "--stage --person ann --key ann".to_owned()
        };
        let mut child = side
            .command(&bundle, &arguments, &[])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From before anything is written to after everything is.
        let (whole, part) = (if has_staged { to_activate } else { to_stage }, f64::from(round % 50) / 50.0);
        // A machine that is busier than before has not done as much by then: some get more time, and no one who is done.
        let until = Instant::now() + whole.mul_f64(0.1 + 1.1 * part + if round % 8 == 7 { 2.0 } else { 0.0 });
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        let _ = child.wait().unwrap();
        is_whole(&side, &format!("round {round}"));
        if side.active().is_some() {
            activated += 1;
            assert_eq!(side.active_names("subordinate"), ["e1"], "round {round}");
            fs::remove_dir_all(side.path("store")).unwrap();
        } else if has_staged {
            staged += 1;
        }
    }
    assert!(
        killed >= 50 && staged > 0 && activated > 0,
        "{killed} killed, {staged} staged, {activated} activated"
    );
    // What the last one left does not stand in the way.
    let ended = side.stage(&bundle, "ann");
    assert!(ended.code == Some(0), "{}", ended.error);
    let _ = side.activate(&bundle, "ben").with(0);
    let left = fs::read_dir(side.path("store/sets")).unwrap().flatten().count();
    assert_eq!(left, 1, "what was cut short is gone");
}

#[test]
fn a_second_import_at_the_same_time_is_told_so() {
    let side = OnlineSide::of(shared()).without_tokens();
    let bundle = bundle_of(shared());
    fs::create_dir(side.path("store")).unwrap();
    let lock = fs::File::create(side.path("store/lock")).unwrap();
    lock.lock().unwrap();
    let ended = side.stage(&bundle, "ann").with(3);
    assert!(ended.error.contains("another import is at work on the store"), "{}", ended.error);
    assert!(side.store().is_empty());
    // Only looking waits for nobody.
    let _ = side.import(&bundle, "").with(0);
    drop(lock);
    let children: Vec<_> = (0..4)
        .map(|_| {
            let arguments = "--stage --person ann --key ann";
            let mut command = side.command(&bundle, arguments, &[]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 3].contains(code)), "{codes:?}");
    is_whole(&side, "four at once");
}

/// Runs `import` with a file system of its own over the store.
fn in_a_mount(side: &OnlineSide, options: &str, bundle: &Path, arguments: &str) -> program::Ended {
    let program = env!("CARGO_BIN_EXE_rootrite");
    let line = format!(
        "mkdir -p mounted && mount -t tmpfs -o {options} none mounted && {program} import {} --pins pins.yaml --store mounted/store {arguments}; \
         code=$?; ls -A mounted/store/sets 2>/dev/null | sed 's/^/left: /'; exit $code",
        bundle.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &line]).current_dir(side.folder.path());
    program::run(&mut command, b"")
}

fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        program::not_possible("no mount of one's own");
    }
    can
}

#[test]
fn a_full_disk_stages_nothing_and_says_so() {
    if !can_mount() {
        return;
    }
    let side = OnlineSide::of(shared()).without_tokens();
    let (mut full, mut done) = (0, 0);
    for size in (8..400).step_by(24) {
        let ended = in_a_mount(
            &side,
            &format!("size={size}k"),
            &bundle_of(shared()),
            "--stage --person ann --key ann",
        );
        match ended.code {
            Some(4) => {
                assert!(ended.error.contains("nothing was changed"), "{size}: {}", ended.error);
                assert!(!ended.out.contains("left: "), "{size}: {}", ended.out);
                full += 1;
            }
            Some(0) => {
                assert!(ended.out.contains("left: "), "{size}: {}", ended.out);
                done += 1;
            }
            other => panic!("{size}: {other:?}\n{}\n{}", ended.out, ended.error),
        }
    }
    assert!(full > 0 && done > 0, "{full} full, {done} done");
}

#[test]
fn a_store_that_cannot_be_written_is_said_to_be_one() {
    if !can_mount() {
        return;
    }
    let side = OnlineSide::of(shared()).without_tokens();
    let ended = in_a_mount(&side, "ro", &bundle_of(shared()), "--stage --person ann --key ann").with(4);
    assert!(ended.error.contains("Read-only file system"), "{}", ended.error);
    assert!(ended.error.starts_with("error: nothing was changed"), "{}", ended.error);
}

#[test]
fn a_store_that_somebody_changed_is_not_gone_on_with() {
    let side = OnlineSide::of(shared()).without_tokens();
    let bundle = bundle_of(shared());
    side.take_in(&bundle);
    let set = fs::canonicalize(side.path("store/active")).unwrap();
    let description = fs::read_to_string(set.join("set.json")).unwrap();
    fs::write(set.join("set.json"), description.replace("\"number\":\"1\"", "\"number\":\"0\"")).unwrap();
    let ended = side.import(&bundle, "").with(4);
    assert!(ended.error.contains("its description was changed"), "{}", ended.error);
    fs::write(set.join("set.json"), &description).unwrap();
    fs::remove_file(side.path("store/active")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", side.path("store/active")).unwrap();
    let ended = side.import(&bundle, "").with(4);
    assert!(ended.error.contains("wanted a set of this store"), "{}", ended.error);
}

#[test]
fn a_staged_set_that_somebody_changed_is_not_activated() {
    let side = OnlineSide::of(shared()).without_tokens();
    let bundle = bundle_of(shared());
    let _ = side.stage(&bundle, "ann").with(0);
    let set = fs::read_dir(side.path("store/sets")).unwrap().next().unwrap().unwrap().path();
    let approval = fs::read_to_string(set.join("staged.approval")).unwrap();
    fs::write(set.join("staged.approval"), approval.replace("person: ann", "person: ben")).unwrap();
    let ended = side.activate(&bundle, "ann").with(5);
    assert!(ended.error.contains("it is not known who staged"), "{}", ended.error);
    fs::write(set.join("staged.approval"), &approval).unwrap();
    let log = fs::read_to_string(set.join("bundle/log.jsonl")).unwrap();
    fs::write(set.join("bundle/log.jsonl"), log.replacen("test-ceremony", "rest-ceremony", 1)).unwrap();
    let ended = side.activate(&bundle, "ben").with(5);
    assert!(ended.error.contains("E131"), "{}", ended.error);
    fs::write(set.join("bundle/log.jsonl"), &log).unwrap();
    let ended =
        side.import(&bundle, &format!("--activate --person ben --key ben --root {}", "0".repeat(64))).with(5);
    assert!(ended.error.contains("compared was 0000"), "{}", ended.error);
    let ended = side.import(&bundle, "--activate --person ben --key ben").with(3);
    assert!(ended.error.contains("wanted exactly `activate`"), "{}", ended.error);
    let ended = side.import(&bundle, "--activate --person ben --key ann --root ").code;
    assert_eq!(ended, Some(2));
    // Whoever takes the other one's id has not their key.
    let root = root_of(&bundle);
    let ended = side.import(&bundle, &format!("--activate --person ben --key ann --root {root}")).with(5);
    assert!(ended.error.contains("the signature is not one of `ben`"), "{}", ended.error);
    assert!(side.active().is_none());
    let _ = side.activate(&bundle, "ben").with(0);
}
