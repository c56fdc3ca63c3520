//! What the packages depend on: each direct dependency explained, none that could use a network.
//!
//! Read from the manifests, `Cargo.lock`, `deny.toml` and `docs/dependencies.md` as they stand, so that it holds
//! without any other program and for every platform the lock file knows.

#![expect(clippy::panic, reason = "a test that cannot read the file it is about has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What none of the tool's dependencies may be; `deny.toml` has these and more.
const NO_NETWORK: [&str; 16] = [
    "async-std",
    "curl",
    "h2",
    "http",
    "hyper",
    "isahc",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tungstenite",
    "ureq",
];

/// What an online CA must not take in with the log's verifier.
const NOT_IN_THE_LOG: [&str; 8] =
    ["clap", "cryptoki", "cryptoki-sys", "ratatui", "region", "rustix", "saphyr-parser", "x509-cert"];

/// What the project was asked to consider: each is used, or said why not.
const ASKED_FOR: [&str; 10] =
    ["clap", "rcgen", "x509-cert", "der", "pkcs11", "cryptoki", "zeroize", "sharks", "serde_yaml", "ratatui"];

#[test]
fn every_direct_dependency_has_its_line_and_no_line_is_stale() {
    let lines = documented(&read("docs/dependencies.md"));
    for (heading, manifest, kind) in [
        ("rootrite", "Cargo.toml", "dependencies"),
        ("rootrite, tests only", "Cargo.toml", "dev-dependencies"),
        ("ceremony-log", "crates/ceremony-log/Cargo.toml", "dependencies"),
        ("ceremony-log, tests only", "crates/ceremony-log/Cargo.toml", "dev-dependencies"),
    ] {
        let found = lines.get(heading).cloned().unwrap_or_default();
        assert_eq!(
            found,
            direct(&read(manifest), kind),
            "left: `{heading}` in docs/dependencies.md; right: {manifest}"
        );
    }
}

#[test]
fn every_package_asked_for_is_used_or_said_why_not() {
    let lines = documented(&read("docs/dependencies.md"));
    let unused = lines.get("Not used").cloned().unwrap_or_default();
    let used = direct(&read("Cargo.toml"), "dependencies");
    for package in ASKED_FOR {
        assert_ne!(unused.contains(package), used.contains(package), "{package}");
    }
}

#[test]
fn nothing_is_built_but_what_is_explained() {
    // A build script's helpers would be a table of their own in the document.
    for manifest in ["Cargo.toml", "crates/ceremony-log/Cargo.toml"] {
        assert_eq!(direct(&read(manifest), "build-dependencies"), BTreeSet::new(), "{manifest}");
    }
}

#[test]
fn versions_are_exact() {
    for manifest in ["Cargo.toml", "crates/ceremony-log/Cargo.toml"] {
        for line in dependency_lines(&read(manifest), &["dependencies", "dev-dependencies"]) {
            assert!(line.contains("\"=") || line.contains("path = "), "{manifest}: {line}");
        }
    }
}

#[test]
fn the_log_package_has_at_most_three_dependencies() {
    let direct = direct(&read("crates/ceremony-log/Cargo.toml"), "dependencies");
    assert!(direct.len() <= 3, "{direct:?}");
}

#[test]
fn nothing_linked_into_the_tool_can_use_a_network() {
    let linked = linked("rootrite", &read("Cargo.toml"), &read("Cargo.lock"));
    // The graph was really walked: this one comes only with another.
    assert!(linked.contains_key("clap_builder") && linked.len() > 30, "{linked:?}");
    assert_eq!(chains(&linked, &NO_NETWORK), [""; 0]);
}

#[test]
fn nothing_linked_into_the_log_package_knows_tokens_or_certificates() {
    let manifest = read("crates/ceremony-log/Cargo.toml");
    let linked = linked("ceremony-log", &manifest, &read("Cargo.lock"));
    assert!(linked.contains_key("untrusted"), "{linked:?}");
    assert_eq!(chains(&linked, &NO_NETWORK), [""; 0]);
    assert_eq!(chains(&linked, &NOT_IN_THE_LOG), [""; 0]);
}

#[test]
fn cargo_deny_is_told_the_same() {
    let deny = read("deny.toml");
    for package in NO_NETWORK {
        assert!(deny.contains(&format!("{{ crate = \"{package}\"")), "deny.toml does not ban {package}");
    }
}

/// The packages that the tables of the document have, by heading.
fn documented(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = "";
    for line in text.lines() {
        if let Some(found) = line.strip_prefix("## ") {
            heading = found;
        } else if let Some((package, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            let filled = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).count();
            assert_eq!(filled, 3, "a line has three cells: {line}");
            let new = lines.entry(heading.to_owned()).or_default().insert(package.to_owned());
            assert!(new, "`{package}` has two lines under `{heading}`");
        }
    }
    lines
}

/// The names of a manifest's dependencies of one kind, for every platform.
fn direct(manifest: &str, kind: &str) -> BTreeSet<String> {
    let lines = dependency_lines(manifest, &[kind]);
    lines
        .iter()
        .filter_map(|line| line.split(['=', '.', ' ']).next())
        .map(|name| name.trim_matches('"').to_owned())
        .collect()
}

/// The lines of a manifest that name a dependency of one of `kinds`.
fn dependency_lines(manifest: &str, kinds: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = kinds.iter().any(|kind| table == *kind || table.ends_with(&format!("'.{kind}")));
            // `[dependencies.name]` would be a second way to say the same, and is not read here.
            assert!(
                !kinds.iter().any(|kind| table.starts_with(&format!("{kind}."))),
                "one line per dependency: {line}"
            );
        } else if inside && line.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '"') {
            found.push(line.to_owned());
        }
    }
    found
}

/// Every package that is linked into `package` or builds it, with the one that brought it.
fn linked(package: &str, manifest: &str, lock: &str) -> BTreeMap<String, String> {
    let lock = locked(lock);
    let mut linked = BTreeMap::new();
    // The lock file mixes a member's own dependencies with its tests'; the manifest tells them apart. What those
    // bring along is only ever what is linked.
    let mut next: Vec<_> =
        direct(manifest, "dependencies").into_iter().map(|name| (name, package.to_owned())).collect();
    while let Some((name, from)) = next.pop() {
        if linked.contains_key(&name) {
            continue;
        }
        let Some(bring) = lock.get(&name) else { panic!("{name} is not in Cargo.lock") };
        next.extend(bring.iter().map(|brought| (brought.clone(), name.clone())));
        linked.insert(name, from);
    }
    linked
}

/// What each package of the lock file depends on; all versions of one name together.
fn locked(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted =
            |line: &str| line.split('"').nth(1).and_then(|text| text.split(' ').next()).map(str::to_owned);
        let name = package.lines().find(|line| line.starts_with("name = ")).and_then(quoted);
        let brings = package.lines().filter(|line| line.starts_with(" \"")).filter_map(quoted);
        packages.entry(name.unwrap_or_default()).or_default().extend(brings);
    }
    packages
}

/// For each of `banned` that is linked, how it comes in.
fn chains(linked: &BTreeMap<String, String>, banned: &[&str]) -> Vec<String> {
    let found = banned.iter().filter(|package| linked.contains_key(**package));
    found
        .map(|package| {
            let mut chain = (*package).to_owned();
            let mut from = linked.get(*package);
            while let Some(name) = from {
                chain = format!("{name} → {chain}");
                from = linked.get(name);
            }
            chain
        })
        .collect()
}

fn read(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

/// The checks above, checked on files that were written to break them.
mod planted {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"tool\"\n\n[dependencies]\none = \"=1.0.0\"\ntwo.workspace = true\n\n\
        [target.'cfg(unix)'.dependencies]\nthree = { version = \"=1.0.0\", features = [\n    \"x\",\n] }\n\n\
        [dev-dependencies]\nfour = \"=1.0.0\"\n";

    #[test]
    fn a_manifest_s_dependencies_are_read_by_kind() {
        let names = |kind| direct(MANIFEST, kind).into_iter().collect::<Vec<_>>();
        assert_eq!(names("dependencies"), ["one", "three", "two"]);
        assert_eq!(names("dev-dependencies"), ["four"]);
    }

    #[test]
    fn what_a_dependency_brings_along_is_found_with_its_way_in() {
        let lock = "[[package]]\nname = \"one\"\ndependencies = [\n \"between\",\n]\n[[package]]\nname = \"between\"\n\
            dependencies = [\n \"tokio 1.0.0\",\n]\n[[package]]\nname = \"tokio\"\n[[package]]\nname = \"two\"\n\
            [[package]]\nname = \"three\"\n[[package]]\nname = \"four\"\ndependencies = [\n \"ureq\",\n]\n[[package]]\nname = \"ureq\"\n";
        let linked = linked("tool", MANIFEST, lock);
        // What only tests bring is not linked.
        assert_eq!(chains(&linked, &NO_NETWORK), ["tool → one → between → tokio"]);
    }

    #[test]
    fn a_document_s_lines_are_read_by_heading() {
        let lines = documented(
            "## a\n| package | x | y |\n|---|---|---|\n| `one` | x | y |\n## b\n| `two` in c | x | y |\n",
        );
        assert_eq!(
            lines,
            BTreeMap::from([
                ("a".into(), BTreeSet::from(["one".into()])),
                ("b".into(), BTreeSet::from(["two".into()]))
            ])
        );
    }
}
