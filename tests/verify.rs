//! `verify`: the rehearsal's bundle is good, and whatever is changed in it is refused with the codes of the log
//! format's §5. Codes are compared whole: nothing more and nothing less is found.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be set up has failed"
)]

mod bundle;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use bundle::{
    Bundle, Forger, LogKey, ORIGIN, Said, accepted, nothing, refused, revoke_e1, revoked, serial_of,
};
use serde_json::{Value, json};

const AT: &str = "2026-12-01T00:00:00Z";

/// Codes that take more than a bundle: an importer's pins, its last head, its online tokens. `tests/import/` shows them.
const OF_IMPORT: [&str; 6] = ["E156", "E160", "E166", "E180", "E182", "E210"];

#[test]
fn every_code_is_shown_by_a_test_but_those_of_import() {
    // Those that only the library's caller can ask for are shown by its own tests.
    let sources = [
        include_str!("verify.rs"),
        include_str!("../crates/ceremony-log/src/policy.rs"),
        include_str!("../crates/ceremony-log/src/consistency.rs"),
        include_str!("../crates/ceremony-log/src/verify/tests.rs"),
        include_str!("../crates/ceremony-log/src/state/tests.rs"),
    ];
    let shown = |code: &&str| {
        let (as_text, as_name) = (format!("\"{code}\""), format!("Code::{code}"));
        // Only what stands in tests counts, and not the list above.
        let in_tests = |source: &&str| source.split_once("#[test]").map_or("", |(_, tests)| tests).to_owned();
        sources.iter().map(in_tests).any(|tests| tests.contains(&as_text) || tests.contains(&as_name))
    };
    let codes = ceremony_log::code::Code::ALL.iter().map(|code| code.name());
    assert_eq!(codes.filter(|code| !shown(code)).collect::<Vec<_>>(), OF_IMPORT);
}

/// One way to spoil a bundle's files, and the codes it is refused with.
type Spoilt = (&'static str, fn(&Bundle), &'static [&'static str]);

/// One way to forge a bundle and seal it again, and the codes it is refused with.
type Forged = (&'static str, fn(&mut Forger), &'static [&'static str]);

fn all_refused(cases: &[Spoilt]) {
    let mut wrong = Vec::new();
    for (what, spoil, codes) in cases {
        let bundle = Bundle::new();
        spoil(&bundle);
        let said = bundle.verify();
        if said != refused(codes) {
            wrong.push(format!("{what}: {said:?}; wanted {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn all_forgeries_refused(cases: &[Forged]) {
    let mut wrong = Vec::new();
    for (what, forge, codes) in cases {
        let mut forger = Forger::new();
        forge(&mut forger);
        let said = forger.seal().verify();
        if said != refused(codes) {
            wrong.push(format!("{what}: {said:?}; wanted {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_rehearsals_bundle_is_good_with_the_warning_of_a_practice_log() {
    assert_eq!(Bundle::new().verify(), accepted(&[]));
    assert_eq!(Bundle::new().verify_with(&["--at", AT]), accepted(&[]));
}

#[test]
fn the_output_says_what_was_judged_and_by_which_policy() {
    let bundle = Bundle::new();
    let verify = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rootrite"));
        let output = command.arg("verify").arg(bundle.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = verify(&[]);
    let expected = format!(
        "The bundle {} verifies\n  origin     {ORIGIN}\n  ceremony   2026-11-roots-x1-x2\n  records    {}\n  artifacts  12\n\
         warning: W203 log.jsonl:1: the log of a practice ceremony\n\
         note: the bundle's own policy was used, so that the log's key vouches for itself; pin one with --policy\n",
        bundle.path().display(),
        bundle.text("log.jsonl").lines().count(),
    );
    assert_eq!(text, expected);
    let pinned = tempfile::NamedTempFile::new().unwrap();
    fs::write(pinned.path(), bundle.read("policy")).unwrap();
    let text = verify(&["--policy", pinned.path().to_str().unwrap()]);
    assert!(!text.contains("own policy"), "{text}");
}

#[test]
fn what_a_forger_seals_without_changing_anything_is_good_but_not_by_a_pinned_policy() {
    let bundle = Forger::new().seal();
    assert_eq!(bundle.verify(), accepted(&[]));
    let pinned = tempfile::NamedTempFile::new().unwrap();
    fs::write(pinned.path(), Bundle::new().read("policy")).unwrap();
    assert_eq!(bundle.verify_with(&["--policy", pinned.path().to_str().unwrap()]), refused(&["E109"]));
}

const LINES: &[Spoilt] = &[
    (
        "flipped",
        |bundle| bundle.lines(|lines| lines[20] = lines[20].replacen("\"cer\":\"2026", "\"cer\":\"2027", 1)),
        &["E126", "E131"],
    ),
    (
        "flipped in the last line",
        |bundle| {
            bundle.lines(|lines| {
                let last = lines.last_mut().unwrap();
                *last = last.replace("yearly", "weekly");
            });
        },
        &["E131"],
    ),
    ("dropped", |bundle| bundle.lines(|lines| drop(lines.remove(20))), &["E125", "E126", "E130", "E131"]),
    ("last dropped", |bundle| bundle.lines(|lines| drop(lines.pop())), &["E130", "E150"]),
    ("swapped", |bundle| bundle.lines(|lines| swap_two(lines)), &["E125", "E126", "E131"]),
    (
        "one more",
        |bundle| {
            bundle.lines(|lines| lines.push(lines[20].clone()));
        },
        &["E125", "E126", "E127", "E130"],
    ),
    (
        "truncated",
        |bundle| {
            let mut octets = bundle.read("log.jsonl");
            octets.truncate(octets.len() - 10);
            bundle.write("log.jsonl", octets);
        },
        &["E120", "E130"],
    ),
    (
        "its last line feed gone",
        |bundle| {
            let octets = bundle.read("log.jsonl");
            bundle.write("log.jsonl", octets.strip_suffix(b"\n").unwrap());
        },
        &["E120", "E130"],
    ),
    (
        "re-serialised",
        |bundle| {
            bundle.lines(|lines| lines[20] = lines[20].replacen("\":\"", "\": \"", 1));
        },
        &["E124", "E126", "E131"],
    ),
    (
        "a duplicate key",
        |bundle| {
            bundle.lines(|lines| lines[20] = lines[20].replacen("\"v\":1", "\"v\":1,\"v\":1", 1));
        },
        &["E122", "E126", "E131"],
    ),
    (
        "not JSON",
        |bundle| {
            bundle.lines(|lines| lines[20].truncate(100));
        },
        &["E121", "E126", "E131"],
    ),
    (
        "a float",
        |bundle| {
            bundle.lines(|lines| lines[20] = lines[20].replacen("\"v\":1", "\"v\":1.0", 1));
        },
        &["E123", "E126", "E131"],
    ),
    (
        "an invisible character",
        |bundle| {
            bundle.lines(|lines| lines[20] = lines[20].replacen("\"id\":\"", "\"id\":\"\u{200b}", 1));
        },
        &["E126", "E128", "E131"],
    ),
    (
        "another version",
        |bundle| {
            bundle.lines(|lines| lines[20] = lines[20].replacen("\"v\":1", "\"v\":2", 1));
        },
        &["E126", "E129", "E131"],
    ),
];

#[test]
fn a_changed_line_is_refused() {
    all_refused(LINES);
    let bundle = Bundle::new();
    bundle.write("log.jsonl", "");
    assert_eq!(bundle.verify(), Said { exit: 5, codes: vec!["E130".into()] });
}

/// Swaps two neighbours of the same time, so that only their order is wrong.
/// Exchanges two neighbours, but for their times: the clock goes on.
fn swap_two(lines: &mut [String]) {
    let times = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        (format!("\"at\":{}", record["at"]), format!("\"mono\":{}", record["mono"]))
    };
    let (before, after) = (times(&lines[20]), times(&lines[21]));
    lines.swap(20, 21);
    lines[20] = lines[20].replacen(&after.0, &before.0, 1).replacen(&after.1, &before.1, 1);
    lines[21] = lines[21].replacen(&before.0, &after.0, 1).replacen(&before.1, &after.1, 1);
}

const HEADS: &[Spoilt] = &[
    (
        "another root",
        |bundle| {
            let text = bundle.text("checkpoint");
            let root = text.lines().nth(2).unwrap().to_owned();
            let first = if root.starts_with('A') { 'B' } else { 'A' };
            bundle.replace("checkpoint", &root, &format!("{first}{}", &root[1..]));
        },
        &["E107", "E131", "E144"],
    ),
    ("the signature changed", |bundle| signature(bundle, |octets| octets[10] ^= 1), &["E107", "E144"]),
    ("another key id", |bundle| signature(bundle, |octets| octets[0] ^= 1), &["E109", "E144"]),
    (
        "no signature line",
        |bundle| {
            let text = bundle.text("checkpoint");
            bundle.write("checkpoint", text.split_once('—').unwrap().0);
        },
        &["E103"],
    ),
    (
        "an extension line",
        |bundle| {
            let text = bundle.text("checkpoint");
            bundle.write("checkpoint", text.replacen("\n\n", "\nmore\n\n", 1));
        },
        &["E105", "E144"],
    ),
    (
        "a size with a zero before it",
        |bundle| {
            let text = bundle.text("checkpoint");
            let size = text.lines().nth(1).unwrap();
            bundle.write("checkpoint", text.replacen(&format!("\n{size}\n"), &format!("\n0{size}\n"), 1));
        },
        &["E106", "E144"],
    ),
    (
        "a root in another base64",
        |bundle| {
            let text = bundle.text("checkpoint");
            bundle.write("checkpoint", text.replacen("=\n\n", "\n\n", 1));
        },
        &["E104", "E144"],
    ),
];

#[test]
fn a_changed_head_is_refused() {
    all_refused(HEADS);
}

fn signature(bundle: &Bundle, change: fn(&mut Vec<u8>)) {
    let text = bundle.text("checkpoint");
    let (before, encoded) = text.trim_end().rsplit_once(' ').unwrap();
    let mut octets = base64(encoded);
    change(&mut octets);
    bundle.write("checkpoint", format!("{before} {}\n", to_base64(&octets)));
}

fn base64(text: &str) -> Vec<u8> {
    use base64ct::Encoding as _;
    base64ct::Base64::decode_vec(text).unwrap()
}

fn to_base64(octets: &[u8]) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(octets)
}

#[test]
fn another_policy_is_refused() {
    let other = |text: String| {
        let bundle = Bundle::new();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        bundle.verify_with(&["--policy", file.path().to_str().unwrap()])
    };
    assert_eq!(other(LogKey::new(ORIGIN).policy()), refused(&["E109"]));
    assert_eq!(other(LogKey::new("example.org/other").policy()), refused(&["E111"]));
    assert_eq!(other("quorum none\n".into()), refused(&["E109"]));
    assert_eq!(other("log x\nquorum none\n".into()), refused(&["E101"]));
    assert_eq!(other("trust everybody\n".into()), refused(&["E102"]));
    let good = Bundle::new().text("policy");
    let witness = LogKey::witness("w");
    let quorum = format!("witness w {}\nquorum w\n", witness.verifier());
    assert_eq!(other(good.replace("quorum none\n", &quorum)), refused(&["E110"]));
    assert_eq!(other(good.replacen('+', "+0", 1)), refused(&["E101"]));
}

#[test]
fn cosignatures_are_judged() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let cosigned = |time: u64, change: fn(&Bundle)| {
        let mut forger = Forger::new();
        let witness = LogKey::witness("w");
        forger.quorum = format!("witness w {}\nquorum w\n", witness.verifier());
        forger.cosignatures.push((witness, time));
        let bundle = forger.seal();
        change(&bundle);
        bundle.verify()
    };
    assert_eq!(cosigned(now, |_| {}), accepted(&[]));
    assert_eq!(cosigned(now - 31 * 86_400, |_| {}), accepted(&["W204"]));
    assert_eq!(cosigned(now + 3600, |_| {}), refused(&["E110", "E112"]));
    let spoilt = cosigned(now, |bundle| signature(bundle, |octets| *octets.last_mut().unwrap() ^= 1));
    assert_eq!(spoilt, refused(&["E108", "E110", "E144"]));
}

const FILES: &[Spoilt] = &[
    ("an artifact missing", |bundle| bundle.remove(&bundle.artifact("subordinate", "e1")), &["E141"]),
    (
        "an artifact altered",
        |bundle| {
            let name = bundle.artifact("subordinate", "e1");
            let mut octets = bundle.read(&name);
            octets[100] ^= 1;
            bundle.write(&name, octets);
        },
        &["E143"],
    ),
    (
        "an artifact longer",
        |bundle| {
            let name = bundle.artifact("crl", "root-x1");
            bundle.write(&name, [bundle.read(&name), vec![0]].concat());
        },
        &["E143"],
    ),
    (
        "an artifact renamed",
        |bundle| {
            let name = bundle.artifact("subordinate", "e1");
            let octets = bundle.read(&name);
            bundle.remove(&name);
            bundle.write(&format!("artifacts/{}.der", "0".repeat(64)), octets);
        },
        &["E140", "E141", "E142", "E143"],
    ),
    (
        "an artifact under two endings",
        |bundle| {
            let name = bundle.artifact("subordinate", "e1");
            bundle.write(&name.replace(".der", ".crt"), bundle.read(&name));
        },
        &["E142"],
    ),
    (
        "one more artifact by its digest",
        |bundle| {
            let name = format!("artifacts/{}.der", rootrite::digest::Digest::of(b"more"));
            bundle.write(&name, b"more");
        },
        &["E140", "E142"],
    ),
    ("one more file among the artifacts", |bundle| bundle.write("artifacts/readme", "x"), &["E142"]),
    ("one more file", |bundle| bundle.write("readme.txt", "x"), &["E142"]),
    ("one more folder", |bundle| fs::create_dir(bundle.path().join("more")).unwrap(), &["E142"]),
    ("the annex, which never leaves", |bundle| bundle.write("annex.jsonl", "{}\n"), &["E142"]),
    (
        "one more proof",
        |bundle| {
            bundle.write(&format!("proofs/{}.tlog-proof", "0".repeat(64)), "x");
        },
        &["E142"],
    ),
    ("a list missing", |bundle| bundle.remove(&bundle.artifact("list", "root-x1")), &["E141"]),
    ("a response missing", |bundle| bundle.remove(&bundle.artifact("ocsp-response", "root-x1-1")), &["E141"]),
    ("the policy missing", |bundle| bundle.remove("policy"), &["E141"]),
    ("the head missing", |bundle| bundle.remove("checkpoint"), &["E141"]),
    ("the consistency missing", |bundle| bundle.remove("consistency"), &["E141"]),
    ("the manifest missing", |bundle| bundle.remove("manifest.json"), &["E141"]),
    ("the proofs missing", |bundle| fs::remove_dir_all(bundle.path().join("proofs")).unwrap(), &["E141"]),
    (
        "a line in another form at the end of the list",
        |bundle| {
            let name = bundle.artifact("list", "root-x1");
            bundle.write(&name, bundle.text(&name).trim_end());
        },
        &["E143"],
    ),
];

#[test]
fn changed_files_are_refused() {
    all_refused(FILES);
    let bundle = Bundle::new();
    bundle.remove("log.jsonl");
    assert_eq!(bundle.verify(), Said { exit: 5, codes: vec!["E141".into()] });
}

const PROOFS: &[Spoilt] = &[
    ("missing", |bundle| bundle.remove(&bundle.proof("root", "root-x1")), &["E144"]),
    (
        "that of another artifact",
        |bundle| {
            bundle.write(&bundle.proof("root", "root-x1"), bundle.read(&bundle.proof("root", "root-x2")));
        },
        &["E144"],
    ),
    (
        "another index",
        |bundle| {
            let name = bundle.proof("root", "root-x1");
            let text = bundle.text(&name);
            let line = text.lines().find(|line| line.starts_with("index ")).unwrap();
            bundle.write(&name, text.replace(line, "index 1"));
        },
        &["E144"],
    ),
    (
        "without its path",
        |bundle| {
            let name = bundle.proof("root", "root-x1");
            let text = bundle.text(&name);
            let kept: Vec<_> =
                text.lines().enumerate().filter(|(index, _)| *index != 3).map(|(_, line)| line).collect();
            bundle.write(&name, kept.join("\n") + "\n");
        },
        &["E144"],
    ),
    ("not a proof", |bundle| bundle.write(&bundle.proof("root", "root-x1"), "x"), &["E144"]),
    (
        "with a line of its own",
        |bundle| {
            let name = bundle.proof("root", "root-x1");
            let text = bundle.text(&name);
            let extra = text.lines().nth(1).unwrap();
            let line = String::from_utf8(base64(extra.strip_prefix("extra ").unwrap())).unwrap();
            let other = to_base64(line.replace("root-x1", "root-y1").as_bytes());
            bundle.write(&name, text.replace(extra, &format!("extra {other}")));
        },
        &["E144"],
    ),
    ("the consistency of another start", |bundle| bundle.replace("consistency", "old 0", "old 5"), &["E133"]),
    (
        "the consistency after the head",
        |bundle| bundle.replace("consistency", "old 0", "old 5000"),
        &["E144"],
    ),
    (
        "the consistency in another form",
        |bundle| bundle.replace("consistency", "old 0", "old zero"),
        &["E144"],
    ),
];

#[test]
fn changed_proofs_are_refused() {
    all_refused(PROOFS);
}

#[test]
fn a_proof_of_another_head_of_the_same_size_is_a_fork() {
    let (one, mut fork) = (Forger::new(), Forger::new());
    fork.key = one.key.clone();
    fork.records.last_mut().unwrap()["data"]["next_purpose"] = "another end".into();
    let (one, fork) = (one.seal(), fork.seal());
    let proof = one.proof("root", "root-x1");
    one.write(&proof, fork.read(&proof));
    assert_eq!(one.verify(), refused(&["E133"]));
}

const MANIFESTS: &[Spoilt] = &[
    (
        "a name",
        |bundle| {
            let text = bundle.text("manifest.json");
            bundle.write("manifest.json", text.replacen("root-x2-by-root-x1", "root-x2-by-root-x3", 1));
        },
        &["E140", "E143"],
    ),
    (
        "an entry gone",
        |bundle| {
            edit_manifest(bundle, |manifest| drop(manifest["artifacts"].as_array_mut().unwrap().remove(0)));
        },
        &["E141", "E143"],
    ),
    (
        "an entry more",
        |bundle| {
            edit_manifest(bundle, |manifest| {
                let mut more = manifest["artifacts"][0].clone();
                more["sha256"] = "0".repeat(64).into();
                manifest["artifacts"].as_array_mut().unwrap().push(more);
            });
        },
        &["E140", "E143"],
    ),
    (
        "an entry twice",
        |bundle| {
            edit_manifest(bundle, |manifest| {
                let more = manifest["artifacts"][0].clone();
                manifest["artifacts"].as_array_mut().unwrap().push(more);
            });
        },
        &["E142", "E143"],
    ),
    (
        "not canonical",
        |bundle| {
            let text = bundle.text("manifest.json");
            bundle.write("manifest.json", format!("{text}\n"));
        },
        &["E124", "E143"],
    ),
    ("not JSON", |bundle| bundle.write("manifest.json", "x"), &["E121", "E143"]),
];

#[test]
fn a_changed_manifest_is_refused() {
    all_refused(MANIFESTS);
    all_forgeries_refused(&[
        ("another origin", |forger| forger.manifest["origin"] = "example.org/other".into(), &["E111"]),
        ("no practice", |forger| forger.manifest["practice"] = false.into(), &["E111"]),
        ("another ceremony", |forger| forger.manifest["ceremony"] = "other".into(), &["E150"]),
        ("another plan", |forger| forger.manifest["plan_sha256"] = "0".repeat(64).into(), &["E157"]),
        ("another version", |forger| forger.manifest["v"] = 2.into(), &["E129"]),
        ("another field", |forger| forger.manifest["more"] = 1.into(), &["E128"]),
        (
            "another media type",
            |forger| forger.manifest["artifacts"][0]["media_type"] = "text/plain".into(),
            &["E140"],
        ),
        (
            "not in the log",
            |forger| {
                let index = forger.find("artifact.emitted", "manifest");
                forger.records.remove(index);
            },
            &["E140", "E143"],
        ),
    ]);
}

fn edit_manifest(bundle: &Bundle, change: fn(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&bundle.read("manifest.json")).unwrap();
    change(&mut manifest);
    bundle.write("manifest.json", manifest.to_string());
}

const LOGS: &[Forged] = &[
    ("not closed", |forger| drop(forger.records.pop()), &["E150"]),
    ("aborted", |forger| forger.records.last_mut().unwrap()["data"]["outcome"] = "aborted".into(), &["E151"]),
    (
        "an intent without a result",
        |forger| {
            let last = forger.before_close();
            forger.insert_after(last, "key.generate.intent", json!({ "label": "x", "token": "root" }));
        },
        &["E152"],
    ),
    (
        "a result without an intent",
        |forger| {
            let last = forger.before_close();
            forger.insert_after(last, "sign.failed", json!({ "error": "x" }));
        },
        &["E153"],
    ),
    (
        "a result that differs from its intent",
        |forger| {
            forger.intent("crl.signed", "root-x1")["data"]["number"] = "2".into();
        },
        &["E153"],
    ),
    (
        "an unknown signature",
        |forger| {
            let last = forger.before_close();
            forger.insert_after(last, "tsa.sign.intent", nothing());
        },
        &["E154"],
    ),
    (
        "no approval of the plan",
        |forger| {
            forger.records.retain(|record| record["ev"] != "plan.approved");
        },
        &["E155"],
    ),
    (
        "no login",
        |forger| {
            let keeps = |record: &Value| {
                !(["auth.ok", "quorum.met"].contains(&record["ev"].as_str().unwrap())
                    && record["data"]["token"] == "root")
            };
            forger.records.retain(keeps);
            for record in &mut forger.records {
                if ["auth.ok", "quorum.met"].contains(&record["ev"].as_str().unwrap()) {
                    record["ev"] = "log.note".into();
                }
            }
        },
        &["E155"],
    ),
    (
        "another thing approved",
        |forger| {
            let reference = forger.intent("cert.signed", "e1")["ref"].as_u64().unwrap();
            forger.records[usize::try_from(reference).unwrap()]["data"]["sha256"] = "0".repeat(64).into();
        },
        &["E155"],
    ),
    (
        "nothing approved",
        |forger| {
            forger.intent("cert.signed", "e1").as_object_mut().unwrap().remove("ref");
        },
        &["E155"],
    ),
    (
        "a key that is not live",
        |forger| {
            let spki =
                forger.record("cert.signed", "root-x1")["data"]["spki_sha256"].as_str().unwrap().to_owned();
            let index = forger.find("key.live", &spki);
            forger.records.remove(index);
        },
        &["E159"],
    ),
    (
        "the clock steps back",
        |forger| {
            let last = forger.before_close();
            forger.records[last]["at"] = "2026-10-31T08:00:00Z".into();
        },
        &["E127"],
    ),
    (
        "another origin at the beginning",
        |forger| {
            forger.records[0]["data"]["origin"] = "example.org/other/practice".into();
            forger.manifest["origin"] = "example.org/other/practice".into();
        },
        &["E111"],
    ),
    (
        "a closing over another manifest",
        |forger| {
            forger.records.last_mut().unwrap()["data"]["outputs"] = "0".repeat(64).into();
        },
        &["E143"],
    ),
    (
        "an artifact without a digest",
        |forger| {
            let last = forger.before_close();
            forger.insert_after(
                last,
                "artifact.emitted",
                json!({ "artifact": { "kind": "evidence" }, "path": "x" }),
            );
        },
        &["E128"],
    ),
];

#[test]
fn a_log_that_tells_of_something_wrong_is_refused() {
    all_forgeries_refused(LOGS);
}

#[test]
fn an_unknown_event_is_a_warning() {
    let mut forger = Forger::new();
    let last = forger.before_close();
    forger.insert_after(last, "weather.observed", nothing());
    assert_eq!(forger.seal().verify(), accepted(&["W201"]));
}

const CERTIFICATES: &[Forged] = &[
    ("a root that its key did not sign", |forger| forger.change("root", "root-x1", flip_last), &["E161"]),
    (
        "a subordinate CA that nobody signed",
        |forger| forger.change("subordinate", "e1", flip_last),
        &["E164"],
    ),
    (
        "a cross-certificate that nobody signed",
        |forger| {
            forger.change("cross", "root-x2-by-root-x1", flip_last);
        },
        &["E164"],
    ),
    ("a request that its key did not sign", |forger| forger.change("request", "e1", flip_last), &["E181"]),
    (
        "another intent",
        |forger| {
            let old = forger.intent("cert.signed", "e1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
            forger.everywhere(&old, &"0".repeat(64));
        },
        &["E175"],
    ),
    (
        "another not after in the intent",
        |forger| {
            forger.intent("cert.signed", "e1")["data"]["not_after"] = "2030-01-01T00:00:00Z".into();
        },
        &["E175"],
    ),
    (
        "another key in the record",
        |forger| {
            let other = forger.record("cert.signed", "root-x2")["data"]["spki_sha256"].clone();
            forger.record("cert.signed", "e1")["data"]["spki_sha256"] = other;
        },
        &["E167"],
    ),
    (
        "another issuer in the record",
        |forger| {
            let other = forger.record("cert.signed", "root-x2")["data"]["issuer_sha256"].clone();
            forger.record("cert.signed", "e1")["data"]["issuer_sha256"] = other;
        },
        &["E164", "E165"],
    ),
    (
        "an issuer in the record that is not there",
        |forger| {
            forger.record("cert.signed", "e1")["data"]["issuer_sha256"] = "0".repeat(64).into();
        },
        &["E164"],
    ),
    (
        "another authority key identifier",
        |forger| {
            let old = forger.intent("cert.signed", "e1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
            let mut new = String::new();
            forger.change("subordinate", "e1", |octets| {
                // The identifier of OID 2.5.29.35 stands 11 octets behind it.
                let oid = [0x06, 0x03, 0x55, 0x1d, 0x23];
                let at = octets.windows(5).position(|window| window == oid).unwrap();
                octets[at + 20] ^= 1;
                let view = rootrite::pki::read::certificate(octets).unwrap();
                new = view.tbs().sha256().to_string();
            });
            forger.everywhere(&old, &new);
        },
        &["E164", "E165"],
    ),
    (
        "a policy that nobody reserved",
        |forger| {
            // The last arc of 2.23.140.1.2.1.
            replace_in_e1(forger, &[0x67, 0x81, 0x0c, 1, 2, 1], &[0x67, 0x81, 0x0c, 1, 2, 9]);
        },
        &["E164", "E170"],
    ),
    (
        "a distribution point by LDAP",
        |forger| replace_in_e1(forger, b"http://x1.c.", b"ldap://x1.c."),
        &["E164", "E171"],
    ),
    (
        "CA issuers by LDAP",
        |forger| replace_in_e1(forger, b"http://x1.i.", b"ldap://x1.i."),
        &["E164", "E171"],
    ),
    (
        "a responder that is called a subordinate CA",
        |forger| {
            forger.rename_kind("cert.signed", "root-x1-ocsp", "subordinate");
        },
        // It also ends before there is another ceremony.
        &["E168", "E169", "E200"],
    ),
    (
        "a subordinate CA that is called a responder",
        |forger| {
            forger.rename_kind("cert.signed", "r1", "ocsp-responder");
        },
        &["E197"],
    ),
    (
        "a responder that is called a root",
        |forger| {
            forger.rename_kind("cert.signed", "root-x1-ocsp", "root");
        },
        &["E161", "E162"],
    ),
    (
        "a subordinate CA that is called a root",
        |forger| forger.rename_kind("cert.signed", "r1", "root"),
        &["E161", "E162"],
    ),
    (
        "a serial number twice",
        |forger| {
            let serial = forger.record("cert.signed", "root-x2-by-root-x1")["data"]["serial"].clone();
            forger.record("cert.signed", "root-x1-ocsp")["data"]["serial"] = serial.clone();
            forger.intent("cert.signed", "root-x1-ocsp")["data"]["serial"] = serial;
        },
        &["E173", "E175"],
    ),
    (
        "no certificate",
        |forger| {
            forger.change("subordinate", "r1", |octets| *octets = b"x".to_vec());
        },
        &["E164"],
    ),
];

#[test]
fn a_certificate_that_is_not_what_the_log_says_is_refused() {
    all_forgeries_refused(CERTIFICATES);
}

/// Replaces octets of E1, as the log tells it too. Only the CA's signature cannot be forged.
fn replace_in_e1(forger: &mut Forger, from: &[u8], to: &[u8]) {
    replace_signed(forger, "subordinate", "cert.signed", "e1", from, to);
}

fn replace_signed(forger: &mut Forger, kind: &str, ev: &str, name: &str, from: &[u8], to: &[u8]) {
    let old = forger.intent(ev, name)["data"]["tbs_sha256"].as_str().unwrap().to_owned();
    let mut new = String::new();
    forger.change(kind, name, |octets| {
        let at = octets.windows(from.len()).position(|window| window == from).unwrap();
        octets[at..at + to.len()].copy_from_slice(to);
        let crl = rootrite::pki::read::crl(octets).map(|view| view.tbs().sha256());
        let sha256 =
            crl.or_else(|_| rootrite::pki::read::certificate(octets).map(|view| view.tbs().sha256()));
        new = sha256.unwrap().to_string();
    });
    forger.everywhere(&old, &new);
}

#[expect(clippy::ptr_arg, reason = "it is used as what changes a whole artifact")]
fn flip_last(octets: &mut Vec<u8>) {
    *octets.last_mut().unwrap() ^= 1;
}

const LISTS: &[Forged] = &[
    ("signed by nobody", |forger| forger.change("crl", "root-x1", flip_last), &["E190"]),
    ("no CRL", |forger| forger.change("crl", "root-x1", |octets| *octets = b"x".to_vec()), &["E190"]),
    (
        "another number in the log",
        |forger| {
            forger.intent("crl.signed", "root-x1")["data"]["number"] = "2".into();
            forger.record("crl.signed", "root-x1")["data"]["number"] = "2".into();
        },
        &["E192"],
    ),
    (
        "another next update in the log",
        |forger| {
            forger.record("crl.signed", "root-x1")["data"]["next_update"] = "2027-01-01T00:00:00Z".into();
        },
        &["E193", "E200"],
    ),
    (
        "a second more than a year",
        |forger| {
            replace_signed(forger, "crl", "crl.signed", "root-x1", b"271030235959Z", b"271101000000Z");
            let next = "2027-11-01T00:00:00Z";
            forger.record("crl.signed", "root-x1")["data"]["next_update"] = next.into();
            forger.intent("crl.signed", "root-x1")["data"]["next_update"] = next.into();
        },
        &["E190", "E194"],
    ),
    (
        "another list of revocations in the log",
        |forger| {
            forger.record("crl.signed", "root-x1")["data"]["revoked_count"] = 1.into();
        },
        &["E195"],
    ),
    (
        "without what was revoked before",
        |forger| {
            let (serial, sha256) = (serial_of(forger, "e1"), forger.sha256("subordinate", "e1"));
            let index = forger.find("crl.sign.intent", "");
            forger.insert_after(index - 2, "cert.revoked", revoked(&serial, &sha256));
        },
        &["E155", "E195"],
    ),
    (
        "of another issuer",
        |forger| {
            let other = forger.record("crl.signed", "root-x2")["data"]["issuer_spki_sha256"].clone();
            forger.record("crl.signed", "root-x1")["data"]["issuer_spki_sha256"] = other.clone();
            forger.intent("crl.signed", "root-x1")["data"]["issuer_spki_sha256"] = other;
        },
        &["E190", "E191", "E192"],
    ),
    (
        "another intent",
        |forger| {
            let old =
                forger.intent("crl.signed", "root-x1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
            forger.everywhere(&old, &"0".repeat(64));
        },
        &["E175"],
    ),
];

#[test]
fn a_crl_that_is_not_what_the_log_says_is_refused() {
    all_forgeries_refused(LISTS);
}

#[test]
fn a_certificate_on_its_issuers_crl_is_refused_and_a_response_that_calls_it_good() {
    all_forgeries_refused(&[
        ("with a reason", |forger| revoke_e1(forger, Some(4)), &["E174", "E190", "E196"]),
        ("without a reason", |forger| revoke_e1(forger, None), &["E174", "E190", "E195", "E196"]),
    ]);
}

const RESPONSES: &[Forged] = &[
    (
        "signed by nobody",
        |forger| {
            forger.change("ocsp-response", "root-x1-1", |octets| {
                let view = rootrite::pki::read::ocsp_response(octets).unwrap();
                let signature = view.basic().unwrap().signature().to_vec();
                let at = octets.windows(signature.len()).position(|window| window == signature).unwrap();
                octets[at + signature.len() - 1] ^= 1;
            });
        },
        &["E197"],
    ),
    (
        "no response",
        |forger| forger.change("ocsp-response", "root-x1-1", |octets| *octets = b"x".to_vec()),
        &["E197"],
    ),
    (
        "an error response",
        |forger| {
            forger.change("ocsp-response", "root-x1-1", |octets| *octets = vec![0x30, 3, 0x0a, 1, 6]);
        },
        &["E197"],
    ),
    (
        "another responder in the intent",
        |forger| {
            let other = forger.record("cert.signed", "root-x2")["data"]["spki_sha256"].clone();
            forger.intent("ocsp.signed", "root-x1")["data"]["responder_spki_sha256"] = other;
        },
        &["E197"],
    ),
    (
        "about a certificate that the log does not know",
        |forger| {
            let serial = serial_of(forger, "e1");
            forger.everywhere(&serial, &format!("01{}", "0".repeat(30)));
        },
        &["E175", "E198"],
    ),
    (
        "about a certificate of no CA that is there",
        |forger| {
            forger.change("ocsp-response", "root-x1-1", |octets| {
                let view = rootrite::pki::read::ocsp_response(octets).unwrap();
                let id = view.basic().unwrap().tbs().responses().iter().next().unwrap().cert_id;
                let hash = id.issuer_name_hash.to_vec();
                let at = octets.windows(hash.len()).position(|window| window == hash).unwrap();
                octets[at] ^= 1;
            });
        },
        &["E175", "E198"],
    ),
    (
        "another this update in the log",
        |forger| {
            forger.record("ocsp.signed", "root-x1")["data"]["this_update"] = "2026-11-02T00:00:00Z".into();
        },
        &["E199"],
    ),
    (
        "another intent",
        |forger| {
            let old = forger.intent("ocsp.signed", "root-x1")["data"]["batch"]["list_sha256"]
                .as_str()
                .unwrap()
                .to_owned();
            forger.everywhere(&old, &"0".repeat(64));
        },
        &["E175"],
    ),
    (
        "another count in the log",
        |forger| {
            forger.record("ocsp.signed", "root-x1")["data"]["batch"]["count"] = 3.into();
        },
        &["E143"],
    ),
];

#[test]
fn a_response_that_is_not_what_the_log_says_is_refused() {
    all_forgeries_refused(RESPONSES);
}

#[test]
fn what_is_not_good_at_the_time_named_is_refused() {
    let bundle = Bundle::new();
    assert_eq!(
        bundle.verify_with(&["--at", "2028-01-01T00:00:00Z"]),
        refused(&["E172", "E193", "E199", "W205"])
    );
    assert_eq!(
        bundle.verify_with(&["--at", "2050-01-01T00:00:00Z"]),
        refused(&["E163", "E172", "E193", "E199", "W205"])
    );
    assert_eq!(
        bundle.verify_with(&["--at", "2026-10-31T23:59:59Z"]),
        refused(&["E163", "E172", "E193", "E199"])
    );
    assert_eq!(bundle.verify_with(&["--at", "2026-11-01T00:00:00Z"]), accepted(&[]));
}

#[test]
fn a_ceremony_that_is_due_within_sixty_days_is_a_warning() {
    let bundle = Bundle::new();
    // The next one is due on September 1.
    assert_eq!(bundle.verify_with(&["--at", "2027-07-02T23:59:59Z"]), accepted(&[]));
    assert_eq!(bundle.verify_with(&["--at", "2027-07-03T00:00:00Z"]), accepted(&["W205"]));
}

#[test]
fn a_next_ceremony_that_comes_too_late_is_refused() {
    let due = |next: &str| {
        let mut forger = Forger::new();
        let close = forger.find("ceremony.close", "");
        forger.records[close]["data"]["next_due"] = next.into();
        forger.seal().verify()
    };
    // CRLs and OCSP responses are good until 2027-10-30T23:59:59Z.
    assert_eq!(due("2027-10-30T23:59:59Z"), accepted(&[]));
    assert_eq!(due("2027-10-31T00:00:00Z"), refused(&["E200"]));
    // E1 lasts until 2029-10-30T23:59:59Z, 290 days after this.
    let without_lists = |next: &str| {
        let mut forger = Forger::new();
        forger.everywhere("2027-10-30T23:59:59Z", "2035-10-30T23:59:59Z");
        let close = forger.find("ceremony.close", "");
        forger.records[close]["data"]["next_due"] = next.into();
        forger.seal().verify().codes.contains(&"E200".to_owned())
    };
    assert!(!without_lists("2029-01-13T23:59:59Z"));
    assert!(without_lists("2029-01-14T00:00:00Z"));
}

#[test]
fn nothing_is_followed_and_nothing_hostile_holds_the_reader_up() {
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("copy");
    let bundle = Bundle::new();
    let name = bundle.artifact("subordinate", "e1");
    fs::write(&outside, bundle.read(&name)).unwrap();
    bundle.remove(&name);
    symlink(&outside, bundle.path().join(&name)).unwrap();
    assert_eq!(bundle.verify(), refused(&["E141", "E142"]));

    let bundle = Bundle::new();
    fs::rename(bundle.path().join("artifacts"), elsewhere.path().join("artifacts")).unwrap();
    symlink(elsewhere.path().join("artifacts"), bundle.path().join("artifacts")).unwrap();
    assert_eq!(bundle.verify(), refused(&["E141", "E142"]));

    let bundle = Bundle::new();
    bundle.remove("policy");
    assert!(Command::new("mkfifo").arg(bundle.path().join("policy")).status().unwrap().success());
    assert_eq!(bundle.verify(), refused(&["E141", "E142"]));

    let bundle = Bundle::new();
    fs::write(bundle.path().join(std::ffi::OsStr::from_bytes(b"a\xff\x1b[2J")), "x").unwrap();
    for number in 0..3000 {
        bundle.write(&format!("artifacts/{number:064x}.der"), "x");
    }
    // More than is kept; what was found first stays.
    assert_eq!(bundle.verify(), refused(&["E142", "E143"]));

    let bundle = Bundle::new();
    let (artifact, proof) = (bundle.artifact("root", "root-x1"), bundle.proof("root", "root-x1"));
    for name in ["manifest.json", "consistency", "log.jsonl", &artifact, &proof] {
        fs::File::options().write(true).open(bundle.path().join(name)).unwrap().set_len(1 << 40).unwrap();
    }
    let said = bundle.verify();
    assert_eq!(said, refused(&["E120", "E128", "E130", "E143", "E144"]));
}

#[test]
fn a_folder_that_is_no_bundle_is_the_authors_turn() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("missing")] {
        let output = Command::new(env!("CARGO_BIN_EXE_rootrite")).arg("verify").arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
    }
}

fn rootrite(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rootrite")).args(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_log_is_shown_line_by_line_and_as_far_as_it_can_be_read() {
    let bundle = Bundle::new();
    let path = bundle.path().to_str().unwrap();
    let (exit, all, _) = rootrite(&["log", "show", path]);
    assert_eq!((exit, all.lines().count()), (0, bundle.text("log.jsonl").lines().count()));
    let (exit, signed, _) = rootrite(&["log", "show", path, "--event", "cert.signed"]);
    assert_eq!((exit, signed.lines().count()), (0, 6));
    assert!(signed.lines().all(|line| line.contains("  cert.signed of ")), "{signed}");
    let (_, step, _) = rootrite(&["log", "show", path, "--step", "1.1"]);
    assert!(step.lines().count() >= 3 && step.lines().all(|line| line.contains("  1.1  ")), "{step}");
    bundle.lines(|lines| lines[3].truncate(50));
    let (exit, text, errors) = rootrite(&["log", "show", path]);
    assert_eq!((exit, text.lines().count()), (5, all.lines().count() - 1));
    assert!(errors.starts_with("error: E121 log.jsonl:4: "), "{errors}");
}

#[test]
fn a_logs_head_is_shown_with_its_words_and_judged() {
    let bundle = Bundle::new();
    let path = bundle.path().to_str().unwrap();
    let checkpoint = bundle.text("checkpoint");
    let root: [u8; 32] = base64(checkpoint.lines().nth(2).unwrap()).try_into().unwrap();
    let root = rootrite::digest::Digest::from_octets(root);
    let (exit, text, _) = rootrite(&["log", "head", path]);
    let size = checkpoint.lines().nth(1).unwrap();
    let expected = format!(
        "origin     {ORIGIN}\nsize       {size}\nroot       {root}\nin words   {}\nsigned by  {ORIGIN}\n\
         signature  good by the policy that lies beside it\n",
        root.words()
    );
    assert_eq!((exit, text), (0, expected));
    assert_eq!(rootrite(&["log", "verify", path]).0, 0);
    signature(&bundle, |octets| octets[10] ^= 1);
    let (exit, text, errors) = rootrite(&["log", "head", path]);
    assert!(exit == 5 && text.contains("refused by") && errors.contains("E107"), "{text}{errors}");
    let (exit, _, errors) = rootrite(&["log", "verify", path]);
    assert!(exit == 5 && errors.contains("E107"), "{errors}");
    bundle.remove("log.jsonl");
    assert_eq!(rootrite(&["log", "verify", path]).0, 2);
}

#[test]
fn files_are_shown_with_every_field_and_their_digests() {
    let bundle = Bundle::new();
    let at = |name: &str| bundle.path().join(name).to_str().unwrap().to_owned();
    for (name, says) in [
        (bundle.artifact("root", "root-x1"), ": certificate\n  version: "),
        (bundle.artifact("root", "root-x1"), ", by its own key: good\n"),
        (bundle.artifact("crl", "root-x1"), ": CRL\n  version: "),
        (bundle.artifact("request", "e1"), ": certificate signing request\n  version: "),
        (bundle.artifact("ocsp-response", "root-x1-1"), ", certificate that comes along: certificate\n"),
        ("manifest.json".to_owned(), "  artifacts: 12 items\n"),
        ("checkpoint".to_owned(), ": checkpoint\n  origin: example.org/ceremony-log/practice\n"),
        (String::new(), "  subordinate e1: "),
    ] {
        let (exit, text, errors) = rootrite(&["inspect", &at(&name)]);
        assert!(exit == 0 && text.contains(says), "{name}: {text}{errors}");
        if name.contains('.') {
            let sha256 = rootrite::digest::Digest::of(&bundle.read(&name));
            assert!(
                text.contains(&format!("  SHA-256: {sha256}\n    in words: {}\n", sha256.words())),
                "{text}"
            );
        }
    }
    bundle.write("x", "x");
    let (exit, text, errors) = rootrite(&["inspect", &at("x"), &at("checkpoint")]);
    assert!(
        exit == 2 && text.contains(": checkpoint\n") && errors.contains("x` cannot be read: "),
        "{errors}"
    );
}
