//! Mutants whose fault is in what else there is: in the log, on a list of weak keys, in the pilot's rules.

use rootrite::pki::reason::Reason;
use rootrite::rule::{Issued, Kind, Policy};

use crate::corpus::Corpus;
use crate::good::known::*;
use crate::good::*;
use crate::judge::{Otherwise, issued, revoked};
use crate::tree::*;

/// All of them.
pub fn all(corpus: &mut Corpus) {
    of_the_same_issuer(corpus);
    of_a_revoked_issuer(corpus);
    let mutant = corpus.crl(Crl::empty(), "nothing revoked, although the log says so", |_| {}, "CRL-12");
    mutant.known = vec![revoked("2026-10-31T12:00:00Z", Reason::Superseded)];
    let serial = |one: &mut Certificate| *one.field(1) = integer("590102030405060708090a0b0c0d0e0f");
    let root = Certificate::root();
    let mutant = corpus.certificate(root.clone(), Kind::Root, "key of a root", serial, "NAME-10 w:MS-03");
    mutant.known = vec![issued(&root, Kind::Root)];
    let what = "beside a CA for e-mail";
    let mutant =
        corpus.certificate(Certificate::rsa_subordinate(), Kind::Subordinate, what, |_| {}, "w:MS-05");
    mutant.known = vec![issued(&Certificate::constrained(), Kind::TechnicallyConstrained)];
    let mutant = corpus.ocsp(true, "about a subscriber, a year", |_| {}, "OCS-03");
    mutant.known = vec![Issued { kind: Kind::Other, ..crate::judge::subordinate() }];
    let what = "key on a list";
    for (base, kind) in
        [(Certificate::rsa_root(), Kind::Root), (Certificate::rsa_subordinate(), Kind::Subordinate)]
    {
        corpus.certificate(base, kind, what, |_| {}, "KEY-12").otherwise = Otherwise::KeyListed;
    }
    pilot(corpus);
}

/// Another certificate of the same issuer says otherwise where its CRL and its certificate are.
fn of_the_same_issuer(corpus: &mut Corpus) {
    type Change = fn(&mut Certificate);
    let elsewhere: [(&str, Change, &str); 4] = [
        (
            "CRL elsewhere",
            |one| one.value(CDP, &distribution_points(&["http://x9.c.example.com/"])),
            "GRA-04",
        ),
        (
            "two CRLs",
            |one| {
                one.value(
                    CDP,
                    &distribution_points(&["http://x1.c.example.com/", "http://x9.c.example.com/"]),
                );
            },
            "GRA-04",
        ),
        (
            "issuer's certificate elsewhere",
            |one| {
                one.value(AIA, &access(&[(CA_ISSUERS, "http://x9.i.example.com/")]));
            },
            "GRA-05",
        ),
        (
            "an OCSP responder more",
            |one| {
                let both = [(CA_ISSUERS, "http://x1.i.example.com/"), (OCSP, "http://o.example.com/")];
                one.value(AIA, &access(&both));
            },
            "GRA-05",
        ),
    ];
    for (what, change, rule) in elsewhere {
        for here in [true, false] {
            let mut other = Certificate::subordinate();
            change(&mut other);
            let name =
                format!("{what} in {}", if here { "another of the ceremony" } else { "an earlier one" });
            // Between ceremonies it may move, and people are told.
            let rules = if here { rule.to_owned() } else { format!("w:{rule}") };
            let mutant =
                corpus.certificate(Certificate::rsa_subordinate(), Kind::Subordinate, &name, |_| {}, &rules);
            mutant.known =
                vec![Issued { made_here: here, name: "e1".into(), ..issued(&other, Kind::Subordinate) }];
        }
    }
}

/// To nothing of it leads a path.
fn of_a_revoked_issuer(corpus: &mut Corpus) {
    for (base, kind) in [
        (Certificate::subordinate(), Kind::Subordinate),
        (Certificate::cross(), Kind::Cross),
        (Certificate::responder(), Kind::OcspResponder),
    ] {
        let mutant = corpus.certificate(base, kind, "of an issuer that is revoked", |_| {}, "GRA-06");
        mutant.otherwise = Otherwise::IssuerRevoked;
    }
}

/// Under the policy of the pilot: ML-DSA, for servers alone, for a year.
fn pilot(corpus: &mut Corpus) {
    type Change = fn(&mut Certificate);
    let roots: [(&str, Change, &str); 5] = [
        ("as it is", |_| {}, ""),
        ("without purposes", |one| one.without(EKU), "PQC-02"),
        ("with purposes that are not critical", |one| one.turn(EKU), "PQC-02"),
        ("for clients too", |one| one.value(EKU, &purposes(&[SERVER, CLIENT])), "PQC-02"),
        ("for a day more than a year", |one| one.not_after(time("271101235959Z")), "PQC-03"),
    ];
    for (what, change, rules) in roots {
        let what = format!("of the pilot, {what}");
        corpus.certificate(pilot_root(), Kind::Root, &what, change, rules).policy = Policy::PqcPilot;
    }
    let subordinates: [(&str, Change, &str); 5] = [
        ("as it is", |_| {}, ""),
        (
            "on a curve",
            |one| {
                one.key(ec_key(P256, SUBORDINATE_POINT));
                one.value(SKI, &octet_string(key_identifier(&ec_key(P256, SUBORDINATE_POINT))));
            },
            "PQC-01",
        ),
        (
            "of a smaller set",
            |one| {
                let key = ml_dsa_65();
                one.value(SKI, &octet_string(key_identifier(&key)));
                one.key(key);
            },
            "PQC-01",
        ),
        ("for clients too", |one| one.value(EKU, &purposes(&[SERVER, CLIENT])), "PQC-04"),
        ("for a second more than a year", |one| one.not_after(time("271101000000Z")), "CRT-12 PQC-03"),
    ];
    for (what, change, rules) in subordinates {
        let what = format!("of the pilot, {what}");
        let mutant = corpus.certificate(pilot_subordinate(), Kind::Subordinate, &what, change, rules);
        (mutant.policy, mutant.issuer) = (Policy::PqcPilot, pilot_root().der());
    }
}

const ML_DSA_65: &str = "2.16.840.1.101.3.4.3.18";
const ML_DSA_87: &str = "2.16.840.1.101.3.4.3.19";

/// Octets that look like a key; nobody verifies by them.
fn ml_dsa_key(set: &str, octets: usize, octet: u8) -> Node {
    sequence([sequence([oid(set)]), bit_string(&vec![octet; octets])])
}

fn ml_dsa_65() -> Node {
    ml_dsa_key(ML_DSA_65, 1952, 0x65)
}

fn ml_dsa_87(octet: u8) -> Node {
    ml_dsa_key(ML_DSA_87, 2592, octet)
}

/// Says in three places that it is signed by ML-DSA-87.
fn by_ml_dsa(certificate: &mut Certificate) {
    let algorithm = sequence([oid(ML_DSA_87)]);
    *certificate.field(2) = algorithm.clone();
    *certificate.0.at(&[1]) = algorithm;
    *certificate.0.at(&[2]) = bit_string(&[0x5a; 4627]);
    certificate.not_after(time("271031235959Z"));
}

fn pilot_root() -> Certificate {
    let (mut root, key) = (Certificate::root(), ml_dsa_87(0x87));
    by_ml_dsa(&mut root);
    root.value(SKI, &octet_string(key_identifier(&key)));
    root.value(AKI, &authority(&key_identifier(&key)));
    root.key(key);
    root.with(EKU, true, &purposes(&[SERVER]));
    root
}

fn pilot_subordinate() -> Certificate {
    let (mut subordinate, key) = (Certificate::subordinate(), ml_dsa_87(0x88));
    by_ml_dsa(&mut subordinate);
    subordinate.value(SKI, &octet_string(key_identifier(&key)));
    subordinate.value(AKI, &authority(&key_identifier(&ml_dsa_87(0x87))));
    subordinate.key(key);
    subordinate
}
