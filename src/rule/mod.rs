//! The rules: one requirement per file, with its id, its source and its verdict.
//!
//! A rule judges octets that were read back, not the intent behind them. What it needs from outside is the [`Context`],
//! which in a ceremony cannot be made without all of it.
//!
//! | asked for | judged by |
//! |---|---|
//! | not before of a TLS subordinate CA and of an OCSP responder | CRT-08, which is for all but roots (ROOT-03) and cross-certificates (XCA-03) |
//! | authority information access of a TLS subordinate CA | SUB-06 |
//! | one name, one encoding (BR §7.1.4.1) | CRT-04, CRL-02, XCA-01 and KEY-07 |
//! | linting before signing, one command for each signature | no rule: the chain of types in `issuance` |
//! | the signature algorithm, whoever signs | ALG-01 and ALG-02, in every list |
//!
//! The lists are [`certificate::RULES`], [`name::RULES`], [`key::RULES`], [`graph::RULES`], [`crl::RULES`],
//! [`crl::entry::RULES`], [`ocsp::RULES`] and [`request::RULES`]; [`certificate::judge`], [`crl::judge`],
//! [`ocsp::judge`] and [`request::judge`] apply all that govern a structure and report every objection.

mod algorithm;
pub mod certificate;
mod context;
pub mod crl;
#[cfg(test)]
mod evidence;
pub mod graph;
pub mod key;
pub mod name;
mod objection;
pub mod ocsp;
pub mod request;
#[cfg(test)]
pub(crate) mod sample;
mod verdict;
mod weak_keys;
#[cfg(test)]
mod whole;

pub use context::{
    Ceremony, Context, Issued, Kind, Known, NothingKnown, Policy, Said, SigningTime, UnknownName,
};
pub use objection::{Assessment, NotJudged, Objection, Rule, Summary};
pub use verdict::{
    CannotJudge, Findings, Judgement, NOT_APPLICABLE, PASS, Severities, Severity, Strength, Unmet, Verdict,
    must, should,
};
pub use weak_keys::{WeakKeys, WeakKeysError};

/// Lists rules: each line is one file, its module and its entry in `RULES`.
macro_rules! rules {
    ($kind:ty; $($name:ident)*) => {
        $(mod $name;)*

        /// Every rule, in the order of its ids.
        pub const RULES: &[$crate::rule::Rule<$kind>] = &[$($name::RULE),*];

        /// The file of each rule, in the same order.
        #[cfg(test)]
        pub(in crate::rule) const FILES: &[&str] = &[$(stringify!($name)),*];
    };
}
use rules;

/// Every rule there is, for documentation and listings.
pub fn summaries() -> Vec<Summary> {
    let mut all: Vec<_> = certificate::RULES.iter().map(Rule::summary).collect();
    all.extend(name::RULES.iter().map(Rule::summary));
    all.extend(key::RULES.iter().map(Rule::summary));
    all.extend(graph::RULES.iter().map(Rule::summary));
    all.extend(crl::summaries());
    all.extend(ocsp::RULES.iter().map(Rule::summary));
    all.extend(request::RULES.iter().map(Rule::summary));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_structure_has_each_rule_once() {
        let certificate = certificate::RULES.iter().map(Rule::summary);
        let certificate = certificate.chain(name::RULES.iter().map(Rule::summary));
        let certificate = certificate.chain(key::RULES.iter().map(Rule::summary));
        let certificate = certificate.chain(graph::RULES.iter().map(Rule::summary)).collect::<Vec<_>>();
        let mut request: Vec<_> = request::RULES.iter().map(Rule::summary).collect();
        request.extend(key::RULES.iter().map(Rule::summary));
        let crl = crl::summaries();
        let ocsp = ocsp::RULES.iter().map(Rule::summary).collect();
        for list in [certificate, crl, ocsp, request] {
            let ids: BTreeSet<_> = list.iter().map(|rule| rule.id).collect();
            assert_eq!(ids.len(), list.len());
        }
        for rule in summaries() {
            let (area, number) = rule.id.split_once('-').unwrap();
            assert!(area.chars().all(|one| one.is_ascii_uppercase()) && number.len() == 2, "{}", rule.id);
            assert!(number.chars().all(|one| one.is_ascii_digit()), "{}", rule.id);
            assert!(!rule.source.is_empty() && !rule.requires.ends_with('.'), "{}", rule.id);
        }
    }
}
