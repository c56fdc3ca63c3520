//! Another implementation of the log format, written from the published formats alone, says the same: `tests/online/verify.py`.

use std::fs;
use std::path::{Path, PathBuf};

use ceremony_log::note::Note;
use ceremony_log::policy::policy_text;

use crate::common::program::{Ended, rootrite, run, skipped};
use crate::common::tool;
use crate::table::Table;
use crate::writer::{Key, Writer, text};

fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs one of the Python programs; nothing if this machine cannot.
fn python(folder: &Path, program: &str, arguments: &[&str]) -> Option<Ended> {
    let has = tool("python3", folder, ["-c", "import cryptography"])?;
    if has.code != Some(0) {
        skipped("Python has no package `cryptography`: apt-get install python3-cryptography");
        return None;
    }
    let mut command = std::process::Command::new("python3");
    command.current_dir(folder).arg("-B").arg(source().join("tests/online").join(program)).args(arguments);
    Some(run(&mut command, b""))
}

#[test]
fn another_implementation_finds_the_same_in_every_vector() {
    let folder = source().join("crates/ceremony-log/tests/vectors");
    let mut files: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect();
    files.sort();
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(ended) = python(&folder, "vectors.py", &arguments) else { return };
    assert_eq!(ended.with(0).out, format!("{} vectors, 0 otherwise\n", files.len()));
    // It can say otherwise.
    let place = tempfile::tempdir().unwrap();
    let vector = fs::read_to_string(folder.join("log-line-changed.txt")).unwrap();
    fs::write(place.path().join("one"), vector.replace("expect: E126 E131", "expect: E126")).unwrap();
    let ended = python(place.path(), "vectors.py", &["one"]).unwrap().with(1);
    assert_eq!(ended.out, "one: found 'E126 E131', expected 'E126'\n1 vectors, 1 otherwise\n");
    // A person can read all of it.
    for name in ["verify.py", "formats.py", "proofs.py", "vectors.py"] {
        let text = fs::read_to_string(source().join("tests/online").join(name)).unwrap();
        assert!(text.lines().count() < 200, "{name} has {} lines", text.lines().count());
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "{name} has a line of {longest:?} characters");
    }
}

#[test]
fn another_implementation_verifies_what_a_ceremony_leaves() {
    let table = Table::for_answers().now();
    let _ = table
        .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
        .with(0);
    let bundle = "out/bundle-practice-test-ceremony";
    let _ = table.run(&format!("log tiles {bundle} --out tiles")).with(0);
    let judged = |program: &str, arguments: &[&str]| python(table.folder(), program, arguments);
    let policy = format!("{bundle}/policy");
    let Some(ended) = judged("verify.py", &[bundle, &policy]) else { return };
    assert_eq!(ended.with(0).out, "W203\n");
    assert_eq!(judged("proofs.py", &["tiles", "tiles", &policy]).unwrap().with(0).out, "W203\n");
    let proofs = fs::read_dir(table.path(&format!("{bundle}/proofs"))).unwrap().flatten();
    for proof in proofs.map(|entry| entry.path()) {
        let digest = proof.file_stem().unwrap().to_string_lossy().into_owned();
        let mut artifacts = fs::read_dir(table.path(&format!("{bundle}/artifacts"))).unwrap().flatten();
        let artifact = artifacts.find(|entry| entry.file_name().to_string_lossy().starts_with(&digest));
        let artifact =
            artifact.map_or_else(|| table.path(&format!("{bundle}/manifest.json")), |entry| entry.path());
        let (proof, artifact) = (proof.display().to_string(), artifact.display().to_string());
        assert_eq!(
            judged("proofs.py", &["proof", &proof, &policy, &artifact]).unwrap().with(0).out,
            "good\n"
        );
        assert_eq!(judged("proofs.py", &["proof", &proof, &policy, &policy]).unwrap().with(5).out, "E140\n");
    }
    let log = table.read(&format!("{bundle}/log.jsonl"));
    table.write(&format!("{bundle}/log.jsonl"), log.replacen("present", "absence", 1));
    assert!(judged("verify.py", &[bundle, &policy]).unwrap().with(5).out.contains("E126"));
}

#[test]
fn another_implementation_says_in_a_line_what_is_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("nothing"), "quorum nobody\n").unwrap();
    fs::write(folder.path().join("key"), "log a+b\nquorum none\n").unwrap();
    fs::write(folder.path().join("octets"), b"\xff").unwrap();
    for (policy, why) in [
        ("nothing", "E102"),
        ("key", "E101"),
        ("octets", "no UTF-8 text"),
        ("absent", "No such file or directory"),
        (".", "Is a directory"),
    ] {
        for (program, arguments) in
            [("verify.py", [".", policy].as_slice()), ("proofs.py", &["tiles", ".", policy])]
        {
            let Some(ended) = python(folder.path(), program, arguments) else { return };
            let ended = ended.with(2);
            let said = format!("{policy} is no policy: {why}\n");
            assert_eq!((ended.error, ended.out.as_str()), (said, ""), "{program}");
        }
    }
}

/// A folder with a log of so many records, its head, and the policy that accepts it.
struct Place {
    folder: tempfile::TempDir,
    key: Key,
}

impl Place {
    fn of(log: &Writer) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), key: Key::of_log(1) };
        let policy = policy_text(std::slice::from_ref(&place.key.verifier), &[], 0).unwrap();
        fs::write(place.path("policy"), policy).unwrap();
        fs::create_dir(place.path("log")).unwrap();
        place.put(log);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, log: &Writer) {
        fs::write(self.path("log/log.jsonl"), log.text()).unwrap();
        fs::write(self.path("log/checkpoint"), log.note(&self.key).to_string()).unwrap();
        // What an auditor gets, and nobody else.
        fs::write(self.path("log/annex.jsonl"), "{\"text\":\"the bag's number\"}\n").unwrap();
    }

    fn render(&self) -> Ended {
        rootrite(self.folder.path(), ["log", "tiles", "log", "--out", "tiles", "--policy", "policy"])
    }

    fn monitor(&self) -> Option<Ended> {
        python(self.folder.path(), "proofs.py", &["tiles", "tiles", "policy"])
    }

    /// Every file that is served.
    fn served(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("tiles"), &self.path("tiles"), &mut found);
        found.sort();
        found
    }
}

fn log_of(records: u64) -> Writer {
    let mut log = Writer::new();
    log.begin();
    log.ceremony("2026-root");
    while log.size() < records {
        log.append("log.note", None, text("severity", "info").with("text", "one more"));
    }
    log
}

#[test]
fn a_monitor_reads_the_log_from_its_tiles_and_follows_it() {
    let place = Place::of(&log_of(300));
    let ended = place.render().with(0);
    assert!(ended.out.contains("records  300; nothing was published here before\n"), "{}", ended.out);
    let first = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ];
    assert_eq!(place.served(), first);
    assert_eq!(fs::metadata(place.path("tiles/tile/0/000")).unwrap().len(), 8192);
    let Some(ended) = place.monitor() else { return };
    assert_eq!(ended.with(0).out, "good\n");
    // Once more: nothing changes. Later: what is new comes beside it, and what was there stays as it was.
    let before = fs::read(place.path("tiles/tile/entries/000")).unwrap();
    assert!(place.render().with(0).out.contains("of which 0 are new"));
    place.put(&log_of(600));
    assert!(place.render().with(0).out.contains("the head before was over 300"));
    assert_eq!(place.monitor().unwrap().with(0).out, "good\n");
    let served = place.served();
    assert!(first.iter().all(|name| served.contains(&(*name).to_owned())));
    assert!(served.contains(&"tile/0/002.p/88".to_owned()) && served.contains(&"tile/1/000.p/2".to_owned()));
    assert_eq!(fs::read(place.path("tiles/tile/entries/000")).unwrap(), before);
    for name in &served {
        let octets = fs::read(place.path("tiles").join(name)).unwrap();
        assert!(!String::from_utf8_lossy(&octets).contains("the bag's number"), "{name}");
    }
    // A monitor sees a tile or a line that somebody changed.
    for name in ["tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88"] {
        let path = place.path("tiles").join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[40] ^= 1;
        fs::write(&path, bad).unwrap();
        assert_eq!(place.monitor().unwrap().code, Some(5), "{name}");
        // And it is not rendered over.
        assert!(
            place.render().with(4).error.contains("exists; files are only created, never replaced"),
            "{name}"
        );
        fs::write(&path, good).unwrap();
    }
    let _ = place.render().with(0);
}

#[test]
fn an_earlier_or_another_log_is_not_rendered_over_a_published_one() {
    let place = Place::of(&log_of(300));
    let _ = place.render().with(0);
    let before = fs::read(place.path("tiles/checkpoint")).unwrap();
    let refused = |code: &str| {
        let ended = place.render().with(5);
        assert!(ended.error.contains(code), "{code}: {}", ended.error);
        assert_eq!(fs::read(place.path("tiles/checkpoint")).unwrap(), before);
        assert_eq!(place.served().len(), 6);
    };
    place.put(&log_of(299));
    refused("E132 checkpoint: the folder has a head over 300 records, this one is over 299");
    let mut other = log_of(299);
    other.append("log.note", None, text("severity", "info").with("text", "another"));
    other.append("log.note", None, text("severity", "info").with("text", "another"));
    place.put(&other);
    refused("E133 checkpoint: the folder has the root ");
    // A log that is not good, and one whose head nobody known signed.
    place.put(&log_of(301));
    let changed =
        fs::read_to_string(place.path("log/log.jsonl")).unwrap().replacen("one more", "one less", 1);
    fs::write(place.path("log/log.jsonl"), changed).unwrap();
    refused("E126");
    place.put(&log_of(301));
    fs::write(place.path("log/checkpoint"), log_of(301).note(&Key::of_log(5)).to_string()).unwrap();
    refused("E109");
    place.put(&log_of(301));
    let _ = place.render().with(0);
    assert_eq!(
        Note::parse(&fs::read(place.path("tiles/checkpoint")).unwrap()).unwrap(),
        log_of(301).note(&place.key)
    );
}
