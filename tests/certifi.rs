//! The roots that the public web trusts, as PyPI's `certifi` bundles them: read as profiles and made again.
//!
//! scripts/test installs the bundle in the version of scripts/certifi.txt and says in `ROOTRITE_CERTIFI` where it is.

mod common;

use std::path::{Path, PathBuf};

use common::{program::skipped, rootrite};
use rootrite::pki::{pem, read};
use rootrite::profile::reading;

/// How many roots the bundle has.
const ROOTS: usize = 117;

/// Those that no profile can say, and why.
const NOT_MADE_AGAIN: [(&str, &str); 0] = [];

#[test]
fn the_roots_of_the_web_are_made_again_but_for_those_that_are_listed() {
    let Some(bundle) = bundle() else { return };
    let blocks = pem::read(&std::fs::read(bundle).unwrap()).unwrap();
    assert_eq!(blocks.len(), ROOTS);
    let mut others = Vec::new();
    for block in &blocks {
        let (view, _) = read::lenient::certificate(&block.octets).unwrap();
        if let Some(why) = reading::difference(view.tbs().octets()).unwrap() {
            others.push((view.subject().to_string(), why));
        }
    }
    let others: Vec<_> = others.iter().map(|(subject, why)| (subject.as_str(), why.as_str())).collect();
    assert_eq!(others, NOT_MADE_AGAIN);
}

#[test]
fn the_command_counts_them() {
    let Some(bundle) = bundle() else { return };
    let arguments = ["profile", "check", "--format", "json", bundle.to_str().unwrap()];
    let ended = rootrite(Path::new("."), arguments).with(0);
    let rows: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), ROOTS);
    assert_eq!(rows.iter().filter(|row| row["reproduced"] == true).count(), ROOTS - NOT_MADE_AGAIN.len());
}

#[test]
fn linting_them_ends_with_objections_and_reads_every_one() {
    let Some(bundle) = bundle() else { return };
    let ended = rootrite(Path::new("."), ["lint", "--format", "json", bundle.to_str().unwrap()]).with(5);
    let rows: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let rows = rows.as_array().unwrap();
    let indices: std::collections::BTreeSet<_> =
        rows.iter().map(|row| row["index"].as_u64().unwrap()).collect();
    assert_eq!(indices.len(), ROOTS);
    assert!(rows.iter().all(|row| row["kind"] == "root" && row["rule"] != "CRT-07"));
    // What a profile can say all the same is no better for it.
    let early: Vec<_> = rows.iter().filter(|row| row["rule"] == "CRT-10").collect();
    assert!(early.iter().any(|row| row["message"].as_str().unwrap().contains("2011-10-06T08:39:56Z")));
}

fn bundle() -> Option<PathBuf> {
    let bundle = std::env::var_os("ROOTRITE_CERTIFI").map(PathBuf::from).filter(|bundle| bundle.is_file());
    if bundle.is_none() {
        skipped("ROOTRITE_CERTIFI names no file; scripts/test sets it");
    }
    bundle
}
