//! A corpus of mutants: certificates, CRLs, OCSP responses and requests with one fault each, and good ones beside them.
//!
//! They are made by editing trees of DER, so that faults are independent of the program's own builder. Every mutant says
//! which rules object to it, all of them and no other; the good ones have no objection.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed; mutants are written in a language of their own"
)]

#[path = "../common/mod.rs"]
mod common;

mod certificates;
mod corpus;
mod crls;
mod good;
mod judge;
mod others;
mod pkilint;
mod requests;
mod responses;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use corpus::Corpus;

#[test]
fn every_mutant_is_objected_to_by_its_rules_and_by_no_other() {
    let corpus = Corpus::make();
    let mut wrong = Vec::new();
    for one in &corpus.0 {
        let judged = one.judged();
        if judged != one.expected {
            wrong.push(format!("{}: wanted {:?}, found {judged:?}", one.name, one.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.0.len(), wrong.join("\n"));
}

#[test]
fn there_are_at_least_250_mutants_and_each_is_another() {
    let corpus = Corpus::make();
    let names: BTreeSet<_> = corpus.0.iter().map(|one| &one.name).collect();
    assert_eq!(names.len(), corpus.0.len());
    assert!(corpus.faulty().count() >= 250, "{}", corpus.faulty().count());
    assert!(corpus.good().count() >= 20, "{}", corpus.good().count());
}

/// Rules of which no mutant is made, and why.
const WITHOUT_MUTANT: [(&str, &str); 1] = [(
    "MS-06",
    "a CRL of ten megabytes: every reader and every linter would take longer for it than for all others together, and a fuzzer \
     would begin with it; its own tests have both sides",
)];

#[test]
fn every_rule_has_a_mutant_or_a_reason() {
    let corpus = Corpus::make();
    let judged: BTreeSet<_> =
        corpus.0.iter().flat_map(|one| &one.expected).map(|rule| rule.trim_start_matches("w:")).collect();
    let rules: BTreeSet<_> = rootrite::rule::summaries().iter().map(|rule| rule.id).collect();
    let without: BTreeSet<_> = rules.difference(&judged).copied().collect();
    assert_eq!(without, WITHOUT_MUTANT.iter().map(|(rule, _)| *rule).collect());
    assert_eq!(judged.difference(&rules).count(), 0, "{judged:?}");
}

/// Rules that `lint` cannot judge, for it has no log, no certificate that is cross-signed and no list of weak keys.
const NOT_IN_LINT: [&str; 23] = [
    "CRL-12", "CRL-15", "CRL-18", "CRT-15", "GRA-01", "GRA-02", "GRA-03", "GRA-04", "GRA-05", "GRA-06",
    "GRA-07", "KEY-07", "KEY-12", "MS-03", "MS-05", "NAME-10", "OCS-03", "OCS-04", "OCS-11", "XCA-01",
    "XCA-02", "XCA-03", "XCA-07",
];

/// Those of which `lint` says something else: it has not what the ceremony has.
const OTHERWISE_IN_LINT: [(&str, &str); 10] = [
    // Only the log knows that it is a responder's.
    ("crl: no reason for a responder", "CRL-09"),
    // Without the delegate's certificate, the CA seems to have signed it.
    ("delegated ocsp response: no certificate enclosed", "ALG-02 OCS-07 ROOT-12"),
    ("delegated ocsp response: certificates that are none", "ALG-02 OCS-07 OCS-09 ROOT-12"),
    // And the one that is enclosed seems to be the delegate's.
    ("delegated ocsp response: certificate of another enclosed", "ALG-02 OCS-01 OCS-07"),
    // A delegate's certificate that is enclosed is judged for itself too.
    ("delegated ocsp response: of a delegate without the purpose", "OCS-01 ROOT-11"),
    (
        "delegated ocsp response: of a delegate that is a CA",
        "MS-04 OCS-01 SUB-03 SUB-05 SUB-06 SUB-11 TCN-01",
    ),
    ("delegated ocsp response: of a delegate without ocsp-nocheck", "OCR-03 OCS-01"),
    ("delegated ocsp response: of a delegate that is not valid yet", "CRT-08 OCS-01"),
    ("delegated ocsp response: of a delegate of another CA", "CRT-04 OCR-01"),
    ("delegated ocsp response: of a delegate of another key", "OCR-01 OCR-07"),
];

/// What the command says: each circumstance once, with all files that have it.
#[test]
fn the_command_refuses_them_by_the_same_rules() {
    let corpus = Corpus::make();
    let folder = tempfile::TempDir::new().unwrap();
    let mut calls: BTreeMap<_, Vec<(String, &judge::Mutant)>> = BTreeMap::new();
    for (index, one) in corpus.0.iter().enumerate() {
        let Some(kind) = one.structure.lint_kind() else { continue };
        let file = format!("{index}.der");
        std::fs::write(folder.path().join(&file), &one.octets).unwrap();
        let key = (kind, one.policy.to_string(), one.issuer.clone());
        calls.entry(key).or_default().push((file, one));
    }
    let mut others = Vec::new();
    for ((kind, policy, issuer), files) in calls {
        std::fs::write(folder.path().join("issuer.der"), issuer).unwrap();
        let mut arguments = vec!["lint", "--kind", &kind, "--policy", &policy, "--format", "json"];
        arguments.extend(["--at", judge::SIGNED_AT, "--issuer", "issuer.der"]);
        arguments.extend(files.iter().map(|(file, _)| file.as_str()));
        let ended = common::rootrite(folder.path(), arguments);
        let rows: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        for (file, one) in files {
            let rows = rows.as_array().unwrap().iter();
            let rows = rows.filter(|row| row["file"] == file.as_str() && row["severity"] != "note");
            let found: BTreeSet<_> = rows.map(|row| row["rule"].as_str().unwrap()).collect();
            let wanted = one.expected.iter().map(|rule| rule.trim_start_matches("w:"));
            let wanted: BTreeSet<_> = wanted.filter(|rule| !NOT_IN_LINT.contains(rule)).collect();
            if found != wanted {
                let found: Vec<_> = found.into_iter().collect();
                others.push((one.name.clone(), found.join(" ")));
            }
        }
    }
    let others: Vec<_> = others.iter().map(|(name, found)| (name.as_str(), found.as_str())).collect();
    assert_eq!(others, OTHERWISE_IN_LINT);
}

#[test]
fn pkilint_agrees_but_where_the_document_says_why() {
    let corpus = Corpus::make();
    let Some(found) = pkilint::findings(&corpus) else { return };
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pkilint.md");
    let document = std::fs::read_to_string(document).unwrap();
    let row = |line: &str| {
        let (name, said) = line.strip_prefix("- `")?.split_once('`')?;
        Some((name.to_owned(), said.trim().to_owned()))
    };
    let (ours, theirs) = document.split_once("## pkilint objects, we do not").unwrap();
    let documented: BTreeSet<_> = ours.lines().filter_map(row).collect();
    let without: Vec<_> = pkilint::judged(&corpus).filter(|one| found[&one.name].is_empty()).collect();
    let rules = |one: &judge::Mutant| {
        let rules = one.expected.iter().map(|rule| rule.trim_start_matches("w:")).collect::<Vec<_>>();
        (one.name.clone(), rules.join(" "))
    };
    let silent = without.iter().filter(|one| !one.expected.is_empty()).map(|one| rules(one)).collect();
    assert_same(&documented, &silent);
    let documented: BTreeSet<_> = theirs.lines().filter_map(row).collect();
    let good = pkilint::judged(&corpus).filter(|one| one.expected.is_empty());
    let codes = |finding: &String| finding.split(' ').nth(1).unwrap().to_owned();
    let alarms =
        good.flat_map(|one| found[&one.name].iter().map(|finding| (one.name.clone(), codes(finding))));
    assert_same(&documented, &alarms.collect());
}

#[track_caller]
fn assert_same(documented: &BTreeSet<(String, String)>, found: &BTreeSet<(String, String)>) {
    let more: Vec<_> = documented.difference(found).collect();
    let less: Vec<_> = found.difference(documented).collect();
    assert!(more.is_empty() && less.is_empty(), "in the document only: {more:?}\nmissing in it: {less:?}");
}

/// Writes the corpus into the folder `$ROOTRITE_SEEDS`, a folder inside for each fuzz target that reads such things.
#[test]
#[ignore = "scripts/fuzz asks for it"]
fn the_corpus_is_written_as_seeds() {
    let folder = std::path::PathBuf::from(std::env::var_os("ROOTRITE_SEEDS").unwrap());
    let corpus = Corpus::make();
    for (index, one) in corpus.0.iter().enumerate() {
        let (target, label) = match &one.structure {
            judge::Structure::Certificate(_) => ("certificate", "CERTIFICATE"),
            judge::Structure::Crl => ("crl", "X509 CRL"),
            judge::Structure::Ocsp { .. } => ("ocsp_response", "OCSP RESPONSE"),
            judge::Structure::Request => ("request", "CERTIFICATE REQUEST"),
        };
        let write = |target: &str, octets: &[u8]| {
            std::fs::create_dir_all(folder.join(target)).unwrap();
            std::fs::write(folder.join(target).join(format!("mutant-{index}")), octets).unwrap();
        };
        write(target, &one.octets);
        // Of the readers of everything some are enough.
        if index % 5 == 0 {
            write("lint", &one.octets);
        }
        if index % 50 == 0 {
            write("pem", rootrite::pki::pem::write(label, &one.octets).as_bytes());
        }
    }
    for (index, key) in good::keys().iter().enumerate() {
        std::fs::create_dir_all(folder.join("spki")).unwrap();
        std::fs::write(folder.join(format!("spki/key-{index}")), key.der()).unwrap();
    }
}
