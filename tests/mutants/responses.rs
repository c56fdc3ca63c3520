//! OCSP responses with one fault each.

use rootrite::pki::reason::Reason;
use rootrite::rule::{Kind, Policy};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::corpus::{Corpus, expected};
use crate::good::known::*;
use crate::good::*;
use crate::judge::revoked;
use crate::tree::*;

type Change = fn(&mut Ocsp);

/// When the subordinate CA was revoked, where it was.
const REVOKED_AT: &str = "20261031120000Z";

/// Every response.
pub fn all(corpus: &mut Corpus) {
    for delegated in [true, false] {
        corpus.ocsp(delegated, "as it is", |_| {}, "");
        for (what, change) in GOOD {
            corpus.ocsp(delegated, what, change, "");
        }
        for (what, change, rules) in FAULTS {
            corpus.ocsp(delegated, what, change, rules);
        }
    }
    for (what, change, rules) in REVOKED {
        let mutant = corpus.ocsp(true, what, change, rules);
        mutant.known = vec![revoked("2026-10-31T12:00:00Z", Reason::Superseded)];
    }
    for (what, change, rules) in DELEGATED {
        corpus.ocsp(true, what, change, rules);
    }
    delegates(corpus);
    let mutant = corpus.ocsp(false, "of a root without digital-signature", |_| {}, "ROOT-12");
    mutant.issuer = Certificate::root().der();
    let mutant = corpus.ocsp(true, "a certificate that was not issued", |_| {}, "OCS-04");
    mutant.known = Vec::new();
    corpus
        .ocsp(
            true,
            "two years, of one's own",
            |one| {
                *one.single().at(&[3]) = explicit(0, generalized("20270601000000Z"));
            },
            "",
        )
        .policy = Policy::Private;
    octets(corpus);
}

const GOOD: &[(&str, Change)] = &[
    ("by SHA-256 without parameters", |one| {
        *one.single().at(&[0, 0]) = parsed("300b0609608648016503040201");
        *one.single().at(&[0, 1]) = octet_string(Sha256::digest(name(ROOT).der()).to_vec());
        let mut key = ec_key(P384, ROOT_POINT);
        *one.single().at(&[0, 2]) = octet_string(Sha256::digest(&key.at(&[1]).octets()[1..]).to_vec());
    }),
    ("by SHA-1 without parameters", |one| *one.single().at(&[0, 0]) = parsed("300706052b0e03021a")),
];

const FAULTS: &[(&str, Change, &str)] = &[
    (
        "a second more than a year",
        |one| {
            *one.single().at(&[3]) = explicit(0, generalized("20271101000000Z"));
        },
        "OCS-02 OCS-08@delegated",
    ),
    ("unknown", |one| *one.single().at(&[1]) = primitive(0x82, []), "OCS-11"),
    (
        "reason code in an extension",
        |one| {
            let list = sequence([extension(REASON, false, &primitive(0x0a, [4]))]);
            one.single().nodes().push(explicit(1, list));
        },
        "OCS-06",
    ),
    (
        "key identifier of another",
        |one| {
            *one.0.at(&[0, 0]) = explicit(2, octet_string([7; 20]));
        },
        "OCS-07",
    ),
    (
        "key identifier by SHA-256",
        |one| {
            *one.0.at(&[0, 0]) = explicit(2, octet_string(Sha256::digest("key").to_vec()));
        },
        "OCS-07",
    ),
    ("name of another", |one| *one.0.at(&[0, 0]) = explicit(1, name(EXISTING)), "OCS-07"),
    (
        "this update after produced at",
        |one| *one.single().at(&[2]) = generalized("20261101080001Z"),
        "OCS-08",
    ),
    ("no next update", |one| drop(one.single().nodes().pop()), "OCS-08"),
    (
        "next update of this update",
        |one| {
            *one.single().at(&[3]) = explicit(0, generalized("20261101000000Z"));
        },
        "OCS-08",
    ),
    (
        "next update after its issuer",
        |one| {
            *one.single().at(&[3]) = explicit(0, generalized("20361029000000Z"));
        },
        "OCS-02 OCS-08",
    ),
    ("produced after signing", |one| *one.0.at(&[0, 1]) = generalized("20261101080001Z"), "OCS-08"),
    ("produced at with a fraction", |one| *one.0.at(&[0, 1]) = generalized("20261101075959.5Z"), "OCS-08"),
    (
        "this update with an offset",
        |one| {
            *one.single().at(&[2]) = generalized("20261101010000+0100");
        },
        "OCS-08",
    ),
    ("this update without seconds", |one| *one.single().at(&[2]) = generalized("202611010000Z"), "OCS-08"),
    (
        "version 1 written out",
        |one| {
            one.0.at(&[0]).nodes().insert(0, explicit(0, integer("00")));
        },
        "OCS-09",
    ),
    (
        "nonce",
        |one| {
            let list = sequence([extension(NONCE, false, &octet_string([7; 16]))]);
            one.0.at(&[0]).nodes().push(explicit(1, list));
        },
        "OCS-10",
    ),
    (
        "name of another issuer",
        |one| {
            *one.single().at(&[0, 1]) = octet_string(Sha1::digest(name(EXISTING).der()).to_vec());
        },
        "OCS-12",
    ),
    (
        "key of another issuer",
        |one| {
            *one.single().at(&[0, 2]) = octet_string(key_identifier(&ec_key(P384, EXISTING_POINT)));
        },
        "OCS-12",
    ),
    (
        "key of its issuer with the unused bits",
        |one| {
            let mut key = ec_key(P384, ROOT_POINT);
            let digest = Sha1::digest(key.at(&[1]).octets());
            *one.single().at(&[0, 2]) = octet_string(digest.to_vec());
        },
        "OCS-12",
    ),
    ("by MD5", |one| *one.single().at(&[0, 0]) = parsed("300c06082a864886f70d02050500"), "OCS-12"),
    (
        "serial with a zero before",
        |one| one.single().at(&[0, 3]).octets().insert(0, 0),
        "OCS-04 OCS-12 OCS-13",
    ),
    ("octets after the responses", |one| one.0.at(&[0]).nodes().push(null()), "OCS-13"),
    ("octets after the signature", |one| one.0.nodes().push(null()), "OCS-13"),
    ("response in a long length", |one| one.0.lengthen(), "OCS-13"),
    ("CertID in a long length", |one| one.single().at(&[0]).lengthen(), "OCS-13"),
    ("good as a constructed element", |one| *one.single().at(&[1]) = node(0xa0, []), "OCS-13"),
    (
        "no answer",
        |one| {
            let responses = one.0.at(&[0]).nodes().len() - 1;
            *one.0.at(&[0, responses]) = sequence([]);
        },
        "OCS-13",
    ),
    ("SHA-256 for a larger curve", |one| *one.0.at(&[1]) = parsed(ECDSA_SHA256), "ALG-02"),
    ("ECDSA with SHA-1", |one| *one.0.at(&[1]) = parsed("300906072a8648ce3d0401"), "ALG-01 ALG-02"),
    (
        "ECDSA with parameters NULL",
        |one| {
            *one.0.at(&[1]) = parsed("300c06082a8648ce3d0403040500");
        },
        "ALG-01 ALG-02",
    ),
    ("RSA by a key on a curve", |one| *one.0.at(&[1]) = parsed(SHA256_RSA), "ALG-02"),
];

/// The log has the subordinate CA revoked.
const REVOKED: &[(&str, Change, &str)] = &[
    ("revoked", |one| one.revoked(REVOKED_AT, Some(4)), ""),
    ("revoked without a reason", |one| one.revoked(REVOKED_AT, None), "OCS-05"),
    ("revoked, unspecified", |one| one.revoked(REVOKED_AT, Some(0)), "OCS-05 OCS-11"),
    ("revoked, certificate-hold", |one| one.revoked(REVOKED_AT, Some(6)), "OCS-05 OCS-11"),
    ("revoked, 7", |one| one.revoked(REVOKED_AT, Some(7)), "OCS-05 OCS-11"),
    ("revoked, for another reason", |one| one.revoked(REVOKED_AT, Some(5)), "OCS-11"),
    ("revoked, at another time", |one| one.revoked("20261031120001Z", Some(4)), "OCS-11"),
    ("good although it is revoked", |_| {}, "OCS-11"),
];

const DELEGATED: &[(&str, Change, &str)] = &[
    ("revoked although the log does not know of it", |one| one.revoked(REVOKED_AT, Some(4)), "OCS-11"),
    ("no certificate enclosed", |one| drop(one.0.nodes().pop()), "OCS-09"),
    ("certificates that are none", |one| one.0.at(&[3, 0]).nodes().clear(), "OCS-09"),
    (
        "certificate of another enclosed",
        |one| {
            *one.0.at(&[3, 0]) = sequence([Certificate::subordinate().0]);
        },
        "OCS-09",
    ),
    (
        "next update after its delegate",
        |one| {
            *one.single().at(&[2]) = generalized("20261101000000Z");
            *one.single().at(&[3]) = explicit(0, generalized("20271030235959Z"));
        },
        "",
    ),
];

/// Good responses of delegates that are none.
fn delegates(corpus: &mut Corpus) {
    type Change = fn(&mut Certificate);
    let changes: [(&str, Change, &str); 6] = [
        ("without the purpose", |one| one.value(EKU, &purposes(&[CLIENT])), "OCS-01"),
        ("that is a CA", |one| one.with(BC, true, &sequence([boolean(true)])), "OCS-01"),
        ("without ocsp-nocheck", |one| one.without(NO_CHECK), "OCS-01"),
        ("that is not valid yet", |one| one.not_before(time("261101080001Z")), "OCS-01"),
        ("of another CA", |one| *one.field(3) = name(EXISTING), "OCR-01"),
        ("that ends before next update", |one| one.not_after(time("271030235958Z")), "OCS-08"),
    ];
    for (what, change, rules) in changes {
        let mut delegate = Certificate::responder();
        change(&mut delegate);
        let mutant = corpus.ocsp(
            true,
            &format!("of a delegate {what}"),
            |one| {
                *one.0.at(&[3, 0]) = sequence([delegate.0.clone()]);
            },
            rules,
        );
        mutant.delegate = delegate.der();
    }
    let mut delegate = Certificate::responder();
    delegate.value(AKI, &authority(&[7; 20]));
    let mutant = corpus.ocsp(
        true,
        "of a delegate of another key",
        |one| {
            *one.0.at(&[3, 0]) = sequence([delegate.0.clone()]);
        },
        "OCR-01",
    );
    mutant.delegate = delegate.der();
}

/// What is around the basic response.
fn octets(corpus: &mut Corpus) {
    let basic = Ocsp::delegated().0.der();
    let wrapped = |kind: &str, basic: &[u8]| sequence([oid(kind), octet_string(basic)]);
    let basic_type = "1.3.6.1.5.5.7.48.1.1";
    for (what, node) in [
        ("error with a body", sequence([primitive(0x0a, [1]), explicit(0, wrapped(basic_type, &basic))])),
        ("success without a body", sequence([primitive(0x0a, [0])])),
        (
            "of another type",
            sequence([primitive(0x0a, [0]), explicit(0, wrapped("1.3.6.1.5.5.7.48.1.9", &basic))]),
        ),
        ("octets after the basic response", {
            let longer = [&basic[..], &[5, 0]].concat();
            sequence([primitive(0x0a, [0]), explicit(0, wrapped(basic_type, &longer))])
        }),
    ] {
        let expected = expected("OCS-13", Kind::Other);
        corpus.ocsp_octets(true, format!("delegated ocsp response: {what}"), node.der(), expected);
    }
}
