//! The whole corpus: good structures and mutants, each with its name and the rules that object to it.

use std::collections::BTreeSet;

use rootrite::rule::{Issued, Kind, Policy};

use crate::good::{Certificate, Crl, Ocsp, Request};
use crate::judge::{Mutant, Otherwise, Structure, subordinate};
use crate::tree::oid;
use crate::{certificates, crls, others, requests, responses};

/// Everything, in the order in which it was made.
#[derive(Debug, Default)]
pub struct Corpus(pub Vec<Mutant>);

impl Corpus {
    /// Makes all of it.
    pub fn make() -> Self {
        let mut corpus = Self::default();
        certificates::all(&mut corpus);
        crls::all(&mut corpus);
        responses::all(&mut corpus);
        requests::all(&mut corpus);
        others::all(&mut corpus);
        corpus
    }

    /// Those that no rule objects to.
    pub fn good(&self) -> impl Iterator<Item = &Mutant> {
        self.0.iter().filter(|one| one.expected.is_empty())
    }

    /// Those with a fault.
    pub fn faulty(&self) -> impl Iterator<Item = &Mutant> {
        self.0.iter().filter(|one| !one.expected.is_empty())
    }

    /// Adds a certificate, changed, to which these rules object.
    pub fn certificate(
        &mut self,
        mut base: Certificate,
        kind: Kind,
        what: &str,
        change: impl FnOnce(&mut Certificate),
        rules: &str,
    ) -> &mut Mutant {
        let of = if *base.field(6).at(&[0, 0]) == oid("1.2.840.113549.1.1.1") { "RSA " } else { "" };
        change(&mut base);
        let name = format!("{of}{kind}: {what}");
        self.add(name, Structure::Certificate(kind), base.der(), expected(rules, kind), Vec::new())
    }

    /// Adds a CRL.
    pub fn crl(
        &mut self,
        mut base: Crl,
        what: &str,
        change: impl FnOnce(&mut Crl),
        rules: &str,
    ) -> &mut Mutant {
        change(&mut base);
        let name = format!("crl: {what}");
        self.add(name, Structure::Crl, base.0.der(), expected(rules, Kind::Other), vec![subordinate()])
    }

    /// Adds an OCSP response: a delegate's, or the root's own, which then has the bit for it.
    pub fn ocsp(
        &mut self,
        delegated: bool,
        what: &str,
        change: impl FnOnce(&mut Ocsp),
        rules: &str,
    ) -> &mut Mutant {
        let mut base = if delegated { Ocsp::delegated() } else { Ocsp::direct() };
        change(&mut base);
        let name = format!("{} ocsp response: {what}", if delegated { "delegated" } else { "direct" });
        let expected = expected(rules, Kind::Other);
        self.ocsp_octets(delegated, name, base.der(), expected)
    }

    /// Adds an OCSP response by its octets.
    pub fn ocsp_octets(
        &mut self,
        delegated: bool,
        name: String,
        octets: Vec<u8>,
        expected: BTreeSet<String>,
    ) -> &mut Mutant {
        let mutant = self.add(name, Structure::Ocsp { delegated }, octets, expected, vec![subordinate()]);
        if !delegated {
            mutant.issuer = signing_root();
        }
        mutant
    }

    /// Adds a request.
    pub fn request(&mut self, what: &str, request: &Request, rules: &str) {
        let expected = expected(rules, Kind::Other);
        self.add(format!("csr: {what}"), Structure::Request, request.0.der(), expected, Vec::new());
    }

    fn add(
        &mut self,
        name: String,
        structure: Structure,
        octets: Vec<u8>,
        expected: BTreeSet<String>,
        known: Vec<Issued>,
    ) -> &mut Mutant {
        let (issuer, delegate) = (Certificate::root().der(), Certificate::responder().der());
        let policy = Policy::PublicTls;
        let also = ALSO.iter().filter(|(of, _)| *of == name).flat_map(|(_, rules)| rules.split(' '));
        let expected = expected.into_iter().chain(also.map(str::to_owned)).collect();
        let otherwise = Otherwise::Nothing;
        self.0.push(Mutant { name, structure, octets, policy, expected, issuer, delegate, known, otherwise });
        self.0.last_mut().unwrap()
    }
}

/// A root that may sign OCSP responses.
fn signing_root() -> Vec<u8> {
    use crate::good::Extended as _;
    let mut root = Certificate::root();
    root.value(crate::good::known::KU, &crate::tree::parsed("03020186"));
    root.der()
}

/// `ROOT-03@root CRT-08@issued w:CRT-11`: rules, of which some are for roots only, some for all others, some for one kind.
pub fn expected(rules: &str, kind: Kind) -> BTreeSet<String> {
    let for_kind = |rule: &str| match rule.split_once('@') {
        None => Some(rule.to_owned()),
        Some((rule, "issued")) if kind != Kind::Root => Some(rule.to_owned()),
        Some((rule, only)) if only == kind.to_string() => Some(rule.to_owned()),
        Some(_) => None,
    };
    rules.split_whitespace().filter_map(for_kind).collect()
}

/// Faults that break further rules, of which the fault is no mutant of its own.
const ALSO: [(&str, &str); 31] = [
    ("subordinate: not before a day and a second before signing", "GRA-07"),
    ("ocsp-responder: not before a day and a second before signing", "GRA-07"),
    ("root: no basic constraints", "CRT-16"),
    ("root: basic constraints that say no CA", "CRT-16"),
    ("root: basic constraints that write out no CA", "CRT-16"),
    ("root: key-encipherment", "KEY-11"),
    ("root: data-encipherment", "KEY-11"),
    ("subordinate: no basic constraints", "CRT-16"),
    ("subordinate: basic constraints that say no CA", "CRT-16"),
    ("subordinate: path length without CA", "CRT-16"),
    ("subordinate: no key-cert-sign", "CRT-16"),
    ("subordinate: no distribution points", "w:MS-04"),
    ("subordinate: no purposes", "w:APL-02"),
    ("subordinate: any purpose", "w:APL-02"),
    ("subordinate: code signing", "w:APL-03"),
    ("subordinate: e-mail protection", "w:APL-03"),
    ("subordinate: time stamping", "w:APL-03"),
    ("RSA subordinate: key of its issuer", "KEY-07 w:GRA-02 w:GRA-03"),
    ("ocsp-responder: key of its issuer", "KEY-07 w:GRA-02 w:GRA-03"),
    ("cross: not before long ago", "GRA-07"),
    ("cross: no purposes", "w:APL-02"),
    ("cross: any purpose", "w:APL-02"),
    ("cross: e-mail protection", "w:APL-03"),
    ("cross: no distribution points", "w:MS-04"),
    ("technically-constrained: no purposes", "w:APL-02"),
    ("technically-constrained: server-auth", "w:APL-03"),
    ("technically-constrained: any purpose", "w:APL-02"),
    ("technically-constrained: no distribution points", "w:MS-04"),
    ("ocsp-responder: key-cert-sign", "CRT-16"),
    ("root: name that a CA has", "w:GRA-01 w:GRA-03"),
    ("subordinate: key of another subject", "w:GRA-02"),
];
