//! A corpus of mutants: certificates, CRLs, OCSP responses and requests with one fault each, and good ones beside them.
//!
//! They are made by editing trees of DER, so that faults are independent of the program's own builder. Every mutant says
//! which rules object to it, all of them and no other; the good ones have no objection.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_imports,
    reason = "a test that cannot go on has failed; mutants are written in a language of their own"
)]

#[path = "../common/mod.rs"]
mod common;

mod certificates;
mod corpus;
mod crls;
mod good;
mod judge;
mod requests;
mod responses;
mod tree;

use std::collections::BTreeSet;

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
