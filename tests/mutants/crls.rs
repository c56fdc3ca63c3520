//! CRLs with one fault each.

use rootrite::rule::{Kind, Policy};

use crate::corpus::Corpus;
use crate::good::known::*;
use crate::good::*;
use crate::judge::{issued, subordinate};
use crate::tree::*;

type Change = fn(&mut Crl);

/// Every CRL.
pub fn all(corpus: &mut Corpus) {
    for (base, what) in [(Crl::good(), "as it is"), (Crl::empty(), "nothing revoked")] {
        corpus.crl(base, what, |_| {}, "");
    }
    corpus.crl(Crl::by_rsa(), "of RSA", |_| {}, "").issuer = Certificate::rsa_root().der();
    for (what, change, rules) in FAULTS {
        corpus.crl(Crl::good(), what, change, rules);
    }
    for (what, change, rules) in ENTRIES {
        corpus.crl(Crl::good(), what, change, rules);
    }
    corpus.crl(
        Crl::empty(),
        "nothing revoked, in a list",
        |one| {
            one.0.at(&[0]).nodes().insert(5, sequence([]));
        },
        "CRL-07",
    );
    let mutant = corpus.crl(
        Crl::by_rsa(),
        "of RSA with SHA-1",
        |one| {
            one.algorithm("300d06092a864886f70d0101050500");
        },
        "ALG-01 ALG-02",
    );
    mutant.issuer = Certificate::rsa_root().der();
    let mutant = corpus.crl(
        Crl::good(),
        "only CA certificates, and a responder was issued",
        |one| {
            one.with(IDP, true, &sequence([primitive(0x82, [0xff])]));
        },
        "CRL-15 w:CRL-14",
    );
    mutant.known = vec![subordinate(), issued(&Certificate::responder(), Kind::OcspResponder)];
    let mutant = corpus.crl(
        Crl::good(),
        "no reason for a responder",
        |one| {
            one.entries()[0] = entry("550102030405060708090a0b0c0d0e0f", "261031120000Z", None);
        },
        "",
    );
    mutant.known = vec![subordinate(), issued(&Certificate::responder(), Kind::OcspResponder)];
    corpus
        .crl(
            Crl::good(),
            "two years, of one's own",
            |one| {
                *one.field(4) = time("281030235959Z");
            },
            "",
        )
        .policy = Policy::Private;
}

const FAULTS: &[(&str, Change, &str)] = &[
    ("no version", |one| drop(one.0.at(&[0]).nodes().remove(0)), "CRL-01"),
    ("version 1", |one| *one.field(0) = integer("00"), "CRL-01"),
    ("version 3", |one| *one.field(0) = integer("02"), "CRL-01"),
    (
        "issuer of other string types",
        |one| {
            *one.field(2) = name("C=US|O=printable:Example Trust Services|CN=Example Root X1");
        },
        "CRL-02",
    ),
    ("issuer of another name", |one| *one.field(2) = name(EXISTING), "CRL-02"),
    ("issuer that is empty", |one| *one.field(2) = sequence([]), "CRL-02"),
    ("no next update", |one| drop(one.0.at(&[0]).nodes().remove(4)), "CRL-03"),
    ("a second more than a year", |one| *one.field(4) = time("271101000000Z"), "CRL-03"),
    ("next update of this update", |one| *one.field(4) = time("261101000000Z"), "CRL-04"),
    ("next update before this update", |one| *one.field(4) = time("261031120000Z"), "CRL-04"),
    ("this update after signing", |one| *one.field(3) = time("261101080001Z"), "CRL-04"),
    ("this update before its issuer", |one| *one.field(3) = time("261031120000Z"), "CRL-04"),
    ("no authority key identifier", |one| one.without(AKI), "CRL-06"),
    ("authority key identifier critical", |one| one.turn(AKI), "CRL-06"),
    ("authority key identifier of another", |one| one.value(AKI, &authority(&[7; 20])), "CRL-06"),
    (
        "authority key identifier with a serial",
        |one| {
            one.extension(AKI).at(&[1]).inside(|value| {
                value.nodes().push(node(0xa1, [node(0xa4, [name(ROOT)])]));
                value.nodes().push(primitive(0x82, [1]));
            });
        },
        "CRL-06",
    ),
    ("no number", |one| one.without(CRL_NUMBER), "CRL-06"),
    ("number critical", |one| one.turn(CRL_NUMBER), "CRL-06"),
    ("number negative", |one| one.value(CRL_NUMBER, &integer("fa")), "CRL-06"),
    (
        "number of 21 octets",
        |one| one.value(CRL_NUMBER, &integer(&format!("00{}", "ff".repeat(20)))),
        "CRL-06",
    ),
    ("number with a zero before", |one| one.value(CRL_NUMBER, &integer("0006")), "CRL-20"),
    ("number that was the last", |one| one.value(CRL_NUMBER, &integer("05")), "CRL-18"),
    ("number below the last", |one| one.value(CRL_NUMBER, &integer("00")), "CRL-18"),
    ("an extension twice", |one| one.with(CRL_NUMBER, false, &integer("06")), "CRL-06"),
    ("point not critical", |one| one.with(IDP, false, &point(&["http://c.example.com/"])), "CRL-13"),
    ("point that is empty", |one| one.with(IDP, true, &sequence([])), "CRL-13"),
    (
        "indirect",
        |one| {
            one.with(IDP, true, &with(point(&["http://c.example.com/"]), primitive(0x84, [0xff])));
        },
        "CRL-13",
    ),
    (
        "only attribute certificates",
        |one| {
            one.with(IDP, true, &with(point(&["http://c.example.com/"]), primitive(0x85, [0xff])));
        },
        "CRL-13",
    ),
    (
        "only CA and only user certificates",
        |one| {
            let one_kind = with(point(&["http://c.example.com/"]), primitive(0x81, [0xff]));
            one.with(IDP, true, &with(one_kind, primitive(0x82, [0xff])));
        },
        "CRL-13",
    ),
    (
        "only some reasons",
        |one| {
            one.with(IDP, true, &with(point(&["http://c.example.com/"]), primitive(0x83, [1, 6])));
        },
        "w:CRL-13",
    ),
    (
        "only CA certificates written out as FALSE",
        |one| {
            one.with(IDP, true, &with(point(&["http://c.example.com/"]), primitive(0x82, [0])));
        },
        "CRL-20",
    ),
    (
        "only CA certificates without a point",
        |one| {
            one.with(IDP, true, &sequence([primitive(0x82, [0xff])]));
        },
        "w:CRL-14",
    ),
    ("point by https", |one| one.with(IDP, true, &point(&["https://c.example.com/"])), "CRL-14"),
    ("point by LDAP", |one| one.with(IDP, true, &point(&["ldap://c.example.com/"])), "CRL-14"),
    (
        "point relative to its issuer",
        |one| {
            let relative = node(0xa1, [sequence([oid("2.5.4.3"), primitive(0x0c, "CRL")])]);
            one.with(IDP, true, &sequence([explicit(0, relative)]));
        },
        "CRL-14",
    ),
    ("delta", |one| one.with(DELTA, true, &integer("01")), "CRL-17"),
    ("freshest", |one| one.with(FRESHEST, false, &distribution_points(&["http://d.example.com/"])), "CRL-17"),
    ("access", |one| one.with(AIA, false, &access(&[(CA_ISSUERS, "http://i.example.com/")])), "CRL-17"),
    (
        "extension that nobody lists",
        |one| one.with("1.3.6.1.4.1.311.21.4", false, &time("271001000000Z")),
        "CRL-17",
    ),
    ("this update as GeneralizedTime", |one| *one.field(3) = generalized("20261101000000Z"), "CRL-22"),
    ("next update as GeneralizedTime", |one| *one.field(4) = generalized("20271030235959Z"), "CRL-22"),
    ("this update without seconds", |one| *one.field(3) = primitive(0x17, "2611010000Z"), "CRL-22"),
    ("this update with an offset", |one| *one.field(3) = primitive(0x17, "261101010000+0100"), "CRL-22"),
    ("outer algorithm of another hash", |one| *one.0.at(&[1]) = parsed(ECDSA_SHA256), "CRT-03"),
    ("SHA-256 on P-384", |one| one.algorithm(ECDSA_SHA256), "ALG-02"),
    ("RSA by a key on P-384", |one| one.algorithm(SHA256_RSA), "ALG-02"),
    ("ECDSA with parameters NULL", |one| one.algorithm("300c06082a8648ce3d0403030500"), "ALG-01 ALG-02"),
    ("ECDSA with SHA-1", |one| one.algorithm("300906072a8648ce3d0401"), "ALG-01 ALG-02"),
    ("octets after the signature", |one| one.0.nodes().push(null()), "CRL-20"),
    ("critical FALSE written out", |one| one.extension(AKI).nodes().insert(1, boolean(false)), "CRL-20"),
    (
        "critical TRUE as 01",
        |one| {
            one.with(IDP, true, &point(&["http://c.example.com/"]));
            *one.extension(IDP).at(&[1]) = primitive(1, [1]);
        },
        "CRL-20",
    ),
    ("issuer in a long length", |one| one.field(2).lengthen(), "CRL-02 CRL-20"),
    ("CRL in a long length", |one| one.0.lengthen(), "CRL-20"),
    ("octets after an extension's value", |one| one.extension(AKI).at(&[1]).octets().push(0), "CRL-20"),
    ("number as an octet string", |one| one.value(CRL_NUMBER, &octet_string([6])), "CRL-20"),
];

/// In the one entry, or in the list of entries.
const ENTRIES: &[(&str, Change, &str)] = &[
    ("serial zero", |one| *one.entries()[0].at(&[0]) = integer("00"), "CRL-08"),
    ("serial negative", |one| *one.entries()[0].at(&[0]) = integer("80"), "CRL-08"),
    ("serial of 21 octets", |one| *one.entries()[0].at(&[0]) = integer(&"11".repeat(21)), "CRL-08"),
    ("serial with a zero before", |one| one.entries()[0].at(&[0]).octets().insert(0, 0), "CRL-08 CRL-20"),
    ("no reason", |one| drop(one.entries()[0].nodes().pop()), "CRL-09"),
    ("reason unspecified", |one| one.reason(&primitive(0x0a, [0])), "CRL-09 w:CRL-19"),
    ("reason ca-compromise", |one| one.reason(&primitive(0x0a, [2])), "CRL-09"),
    ("reason certificate-hold", |one| one.reason(&primitive(0x0a, [6])), "CRL-09"),
    ("reason 7", |one| one.reason(&primitive(0x0a, [7])), "CRL-19"),
    ("reason remove-from-crl", |one| one.reason(&primitive(0x0a, [8])), "CRL-09 CRL-19"),
    ("reason aa-compromise", |one| one.reason(&primitive(0x0a, [10])), "CRL-09"),
    ("reason 11", |one| one.reason(&primitive(0x0a, [11])), "CRL-19"),
    ("reason as INTEGER", |one| one.reason(&integer("04")), "CRL-20"),
    (
        "reason critical",
        |one| {
            *one.entry_extensions() = sequence([extension(REASON, true, &primitive(0x0a, [4]))]);
        },
        "CRL-19",
    ),
    ("extensions of an entry that are none", |one| *one.entry_extensions() = sequence([]), "CRL-09 CRL-10"),
    ("revoked after this update", |one| *one.entries()[0].at(&[1]) = time("261101000001Z"), "CRL-11"),
    ("date as GeneralizedTime", |one| *one.entries()[0].at(&[1]) = generalized("20261031120000Z"), "CRL-11"),
    (
        "date with an offset",
        |one| *one.entries()[0].at(&[1]) = primitive(0x17, "261031120000+0000"),
        "CRL-22",
    ),
    (
        "a serial twice",
        |one| {
            let twice = one.entries()[0].clone();
            one.entries().push(twice);
        },
        "CRL-21",
    ),
    (
        "invalidity date",
        |one| {
            let date = extension(INVALIDITY_DATE, false, &generalized("20261030120000Z"));
            one.entry_extensions().nodes().push(date);
        },
        "CRL-23",
    ),
    (
        "certificate issuer",
        |one| {
            let issuer = extension(CERTIFICATE_ISSUER, true, &sequence([node(0xa4, [name(EXISTING)])]));
            one.entry_extensions().nodes().push(issuer);
        },
        "CRL-23",
    ),
    ("entry in a long length", |one| one.entries()[0].lengthen(), "CRL-20"),
    ("entry that is cut short", |one| one.entries()[0] = raw("30030203 51"), "CRL-20"),
    ("entry of something else", |one| one.entries().push(null()), "CRL-20"),
];

/// An issuing distribution point of these URIs.
fn point(uris: &[&str]) -> Node {
    sequence([explicit(0, node(0xa0, uris.iter().map(|one| uri(one))))])
}

fn with(mut node: Node, more: Node) -> Node {
    node.nodes().push(more);
    node
}
