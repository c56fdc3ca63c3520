//! Certificate signing requests with one fault each.

use crate::corpus::Corpus;
use crate::good::*;
use crate::tree::*;

type Change = fn(&mut Node);

/// Every request.
pub fn all(corpus: &mut Corpus) {
    corpus.request("as it is", &Request::signed(|_| {}), "");
    corpus.request("as it is, of RSA", &Request(rsa_request()), "");
    corpus.request("with extensions that are asked for", &Request::signed(asking), "");
    for (what, change, rules) in BEFORE {
        corpus.request(what, &Request::signed(change), rules);
    }
    for (what, change, rules) in AFTER {
        for (of, mut request) in [("", Request::signed(|_| {})), (", of RSA", Request(rsa_request()))] {
            change(&mut request.0);
            corpus.request(&format!("{what}{of}"), &request, rules);
        }
    }
}

/// Signed as they are.
const BEFORE: &[(&str, Change, &str)] = &[
    ("version 2", |info| *info.at(&[0]) = integer("01"), "REQ-02"),
    ("version 3", |info| *info.at(&[0]) = integer("02"), "REQ-02"),
    ("version in two octets", |info| *info.at(&[0]) = integer("0000"), "REQ-01"),
    ("subject in a long length", |info| info.at(&[1]).lengthen(), "REQ-01"),
    (
        "attributes out of order",
        |info| {
            let attribute = |kind| sequence([oid(kind), node(0x31, [null()])]);
            *info.at(&[3]) =
                node(0xa0, [attribute("1.2.840.113549.1.9.14"), attribute("1.2.840.113549.1.9.2")]);
        },
        "REQ-01",
    ),
    ("octets after the attributes", |info| info.nodes().push(null()), "REQ-01"),
    ("constructed string in the name", |info| *info.at(&[1, 2, 0, 1]) = raw("2c040c024531"), "REQ-01"),
];

/// Changed after they were signed.
const AFTER: &[(&str, Change, &str)] = &[
    ("signature changed", |request| *request.at(&[2]).octets().last_mut().unwrap() ^= 1, "KEY-06"),
    ("subject changed", |request| *request.at(&[0, 1]) = name("C=US|O=Example|CN=E2"), "KEY-06"),
    ("key of another", |request| *request.at(&[0, 2]) = ec_key(P256, SUBORDINATE_POINT), "KEY-06"),
    ("algorithm of another hash", |request| *request.at(&[1]) = parsed(ECDSA_SHA512), "KEY-06"),
    ("no signature", |request| *request.at(&[2]) = bit_string(&[]), "KEY-06"),
    (
        "key that is weak",
        |request| {
            *request.at(&[0, 2]) = rsa_key(&modulus(&rsa_2048()), "01");
        },
        "KEY-02 KEY-06",
    ),
    (
        "point that is not on its curve",
        |request| {
            *request.at(&[0, 2]) = ec_key(P256, SUBORDINATE_POINT);
            *request.at(&[0, 2, 1]).octets().last_mut().unwrap() ^= 1;
        },
        "KEY-04",
    ),
    ("octets after the signature", |request| request.nodes().push(null()), "REQ-01"),
    ("request in a long length", Node::lengthen, "REQ-01"),
];

/// Asks to be a CA: nobody looks at it.
fn asking(info: &mut Node) {
    let asked = sequence([extension(known::BC, true, &sequence([boolean(true)]))]);
    *info.at(&[3]) = node(0xa0, [sequence([oid("1.2.840.113549.1.9.14"), node(0x31, [asked])])]);
}
