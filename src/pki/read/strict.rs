//! Whatever is added to a good structure, or encoded otherwise than DER, is refused by the strict readers.
//!
//! Each test takes good structures apart into their elements, changes one element, puts everything together again with
//! right lengths, and reads.

use super::der::{Cursor, Faults, tag};
use super::{ReadError, certificate, crl, ocsp_response, request};
use crate::clock::Timestamp;
use crate::pki::build::element::{element, sequence};
use crate::pki::build::{
    self, Access, CertIdHash, CertIdParts, CertificateParts, CrlParts, CrlScope, Extension, GeneralNameParts,
    PolicyParts, RequestParts, Responder, ResponseParts, RevokedList, RevokedParts, SingleParts, Status,
};
use crate::pki::key::{Curve, PublicKey};
use crate::pki::name::{Attribute, Name, StringForm, attribute_type};
use crate::pki::oid::{extension, policy, purpose};
use crate::pki::reason::Reason;
use crate::pki::serial::SerialNumber;
use crate::pki::signature::SignatureAlgorithm;
use crate::pki::usage::KeyUsage;
use crate::pki::validity::Validity;

/// An element taken apart as far as it is made of elements.
#[derive(Clone)]
struct Node {
    tag: u8,
    inside: Inside,
}

#[derive(Clone)]
enum Inside {
    Octets(Vec<u8>),
    Nodes(Vec<Node>),
}

impl Node {
    fn of(octets: &[u8]) -> Self {
        let mut nodes = Self::all(octets).unwrap();
        assert_eq!(nodes.len(), 1);
        nodes.remove(0)
    }

    fn all(octets: &[u8]) -> Result<Vec<Self>, ReadError> {
        let (mut cursor, mut nodes) = (Cursor::new(octets), Vec::new());
        while !cursor.is_empty() {
            let one = cursor.any("element", &mut Faults::new())?;
            // Values of extensions and of responses are elements within an OCTET STRING.
            let wraps = one.tag() & 0x20 != 0 || one.tag() == tag::OCTET_STRING;
            let inside = match Self::all(one.content()) {
                Ok(nodes) if wraps => Inside::Nodes(nodes),
                _ => Inside::Octets(one.content().to_vec()),
            };
            nodes.push(Self { tag: one.tag(), inside });
        }
        Ok(nodes)
    }

    fn content(&self) -> Vec<u8> {
        match &self.inside {
            Inside::Octets(octets) => octets.clone(),
            Inside::Nodes(nodes) => nodes.iter().flat_map(Self::octets).collect(),
        }
    }

    fn octets(&self) -> Vec<u8> {
        element(self.tag, &self.content())
    }

    /// The whole with each element in turn replaced by what `change` makes of it, with the path to it.
    fn changed(&self, change: &impl Fn(&Self) -> Option<Vec<u8>>) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<_> =
            change(self).into_iter().map(|octets| (format!("{:02x}", self.tag), octets)).collect();
        if let Inside::Nodes(nodes) = &self.inside {
            for (index, node) in nodes.iter().enumerate() {
                for (path, octets) in node.changed(change) {
                    let mut content: Vec<u8> = nodes[..index].iter().flat_map(Self::octets).collect();
                    content.extend(octets);
                    content.extend(nodes[index + 1..].iter().flat_map(Self::octets));
                    all.push((format!("{:02x}.{index}/{path}", self.tag), element(self.tag, &content)));
                }
            }
        }
        all
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn name() -> Name {
    let attribute = |short| Attribute {
        kind: attribute_type(short).unwrap(),
        form: StringForm::Printable,
        value: "XX".into(),
    };
    Name::from_attributes(&[attribute("C"), attribute("O"), attribute("CN")]).unwrap()
}

fn key() -> PublicKey {
    let point = crate::digest::from_hex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315e\
         cecbb6406837bf51f5",
    );
    PublicKey::from_ec_point(Curve::P256, &point.unwrap()).unwrap()
}

fn serial() -> SerialNumber {
    SerialNumber::from_random([7; 16])
}

fn signed(tbs: &[u8]) -> Vec<u8> {
    build::assemble(tbs, &SignatureAlgorithm::for_key(&key()).der(), &[1; 8])
}

/// A certificate with every extension we know.
fn a_certificate() -> Vec<u8> {
    let (name, key) = (name(), key());
    let names = [
        GeneralNameParts::Dns("example.org"),
        GeneralNameParts::Email("a@example.org"),
        GeneralNameParts::Directory(&name),
        GeneralNameParts::Uri("http://example.org/"),
        GeneralNameParts::Ip(&[127, 0, 0, 1]),
    ];
    let policies = [
        PolicyParts { policy: policy::DOMAIN_VALIDATED, cps: Some("http://example.org/") },
        PolicyParts { policy: policy::EXTENDED_VALIDATION, cps: None },
    ];
    let places = [(Access::Ocsp, "http://o.example.org/"), (Access::CaIssuers, "http://i.example.org/")];
    let oids = [policy::DOMAIN_VALIDATED, policy::EXTENDED_VALIDATION];
    let mapping = sequence(&[sequence(&oids.map(|oid| element(tag::OID, oid.as_bytes())))]);
    let authority = [
        element(tag::context(0), &[7; 20]),
        element(0xa1, &element(0xa4, name.der())),
        element(tag::context(2), &[5]),
    ];
    let extensions = [
        Extension::key_usage(true, KeyUsage::KEY_CERT_SIGN),
        Extension::extended_key_usage(false, &[purpose::SERVER_AUTH, purpose::CLIENT_AUTH]),
        Extension::basic_constraints(true, true, Some(3)),
        Extension::subject_key_identifier(&[7; 20]),
        Ok(Extension::new(extension::AUTHORITY_KEY_IDENTIFIER, false, sequence(&authority))),
        Extension::authority_information_access(&places),
        Extension::crl_distribution_points(&[
            &["http://a.example.org/", "http://b.example.org/"],
            &["http://c/"],
        ]),
        Extension::certificate_policies(false, &policies),
        Ok(Extension::new(extension::POLICY_MAPPINGS, true, mapping)),
        Extension::policy_constraints(Some(0), Some(1)),
        Ok(Extension::inhibit_any_policy(2)),
        Extension::name_constraints(true, &names[..1], &names[1..3]),
        Extension::subject_alt_name(false, &names),
        Ok(Extension::ocsp_no_check()),
    ];
    signed(&build::tbs_certificate(&CertificateParts {
        serial: serial().der_content(),
        algorithm: &SignatureAlgorithm::for_key(&key).der(),
        issuer: &name,
        validity: Validity::new(at("2026-11-01T00:00:00Z"), at("2051-11-01T00:00:00Z")).unwrap(),
        subject: &name,
        spki: key.spki_der(),
        extensions: &extensions.map(Result::unwrap),
    }))
}

fn a_crl() -> Vec<u8> {
    let revoked = |octet, reason| RevokedParts {
        serial: SerialNumber::from_random([octet; 16]),
        revoked_at: at("2026-11-01T00:00:00Z"),
        reason,
    };
    let scope = CrlScope {
        uris: &["http://c.example.org/"],
        only_ca_certificates: true,
        only_user_certificates: false,
    };
    let tbs = build::tbs_crl(&CrlParts {
        algorithm: &SignatureAlgorithm::for_key(&key()).der(),
        issuer: &name(),
        this_update: at("2026-11-01T00:00:00Z"),
        next_update: at("2027-10-01T00:00:00Z"),
        revoked: &RevokedList::of(vec![revoked(1, Reason::Superseded), revoked(2, Reason::Unspecified)]),
        extensions: &[
            Extension::authority_key_identifier(&[7; 20]).unwrap(),
            Extension::crl_number(5),
            Extension::issuing_distribution_point(&scope).unwrap(),
        ],
    });
    signed(&tbs.to_vec().unwrap())
}

/// A response about two certificates, with an extension; `by_key` or by name.
fn an_ocsp_response(by_key: bool) -> Vec<u8> {
    let (name, key) = (name(), key());
    let single = |status| SingleParts {
        cert_id: CertIdParts::new(CertIdHash::Sha1, &name, &key, serial()),
        status,
        this_update: at("2026-11-01T00:00:00Z"),
        next_update: at("2027-10-01T00:00:00Z"),
    };
    let revoked = Status::Revoked { at: at("2026-10-01T00:00:00Z"), reason: Reason::Superseded };
    let tbs = build::response_data(&ResponseParts {
        responder: if by_key { Responder::ByKey(&key) } else { Responder::ByName(&name) },
        produced_at: at("2026-11-01T00:00:00Z"),
        responses: &[single(Status::Good), single(revoked)],
        extensions: &[Extension::new(extension::OCSP_NONCE, false, vec![4, 1, 7])],
    });
    build::ocsp_response(&tbs, &SignatureAlgorithm::for_key(&key).der(), &[1; 8], &[&[0x30, 0]])
}

fn a_request() -> Vec<u8> {
    let wanted = [Extension::basic_constraints(true, true, None).unwrap()];
    signed(&build::request_info(&RequestParts {
        subject: &name(),
        spki: key().spki_der(),
        extensions: &wanted,
    }))
}

type Read = fn(&[u8]) -> Result<(), ReadError>;

fn structures() -> [(&'static str, Vec<u8>, Read); 5] {
    [
        ("certificate", a_certificate(), |octets| certificate(octets).map(|_| ())),
        ("CRL", a_crl(), |octets| crl(octets).map(|_| ())),
        ("response by key", an_ocsp_response(true), |octets| ocsp_response(octets).map(|_| ())),
        ("response by name", an_ocsp_response(false), |octets| ocsp_response(octets).map(|_| ())),
        ("request", a_request(), |octets| request(octets).map(|_| ())),
    ]
}

/// The paths at which a change is not noticed.
fn unnoticed(change: impl Fn(&Node) -> Option<Vec<u8>>) -> Vec<String> {
    let mut unnoticed = Vec::new();
    for (what, octets, read) in structures() {
        assert_eq!(read(&octets), Ok(()), "{what}");
        let node = Node::of(&octets);
        assert_eq!(node.octets(), octets);
        let changed = node.changed(&change);
        assert!(changed.len() > 10, "{what}");
        unnoticed.extend(
            changed
                .into_iter()
                .filter(|(_, octets)| read(octets).is_ok())
                .map(|(path, _)| format!("{what} {path}")),
        );
    }
    unnoticed
}

#[test]
fn an_element_too_many_is_refused_everywhere() {
    let found = unnoticed(|node| match &node.inside {
        Inside::Nodes(_) => Some(element(node.tag, &[&node.content()[..], &[0x05, 0]].concat())),
        Inside::Octets(_) => None,
    });
    assert_eq!(
        found,
        [
            // Parameters of algorithms are of any type: ALG-01 compares them octet for octet. The key is PublicKey's to read.
            "certificate 30.0/30.2/30",
            "certificate 30.0/30.6/30",
            "certificate 30.0/30.6/30.0/30",
            "certificate 30.1/30",
            "CRL 30.0/30.1/30",
            "CRL 30.1/30",
            // Not looked into: the nonce and the certificates that are enclosed.
            "response by key 30.1/a0.0/30.1/04.0/30.0/30.3/a1.0/30.0/30.1/04",
            "response by key 30.1/a0.0/30.1/04.0/30.1/30",
            "response by key 30.1/a0.0/30.1/04.0/30.3/a0.0/30.0/30",
            "response by name 30.1/a0.0/30.1/04.0/30.0/30.3/a1.0/30.0/30.1/04",
            "response by name 30.1/a0.0/30.1/04.0/30.1/30",
            "response by name 30.1/a0.0/30.1/04.0/30.3/a0.0/30.0/30",
            "request 30.0/30.2/30",
            "request 30.0/30.2/30.0/30",
            "request 30.1/30",
        ]
    );
}

#[test]
fn a_length_in_a_long_form_is_refused_everywhere() {
    let found = unnoticed(|node| {
        let content = node.content();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        Some([&[node.tag, 0x84][..], &length, &content].concat())
    });
    let within_key = |path: &String| path.contains("30.6/30.") || path.contains("request 30.0/30.2/30.");
    let not_looked_into = ["30.3/a1.0/30.0/30.1/04.0/04"];
    let rest: Vec<_> = found
        .into_iter()
        .filter(|path| !within_key(path) && !not_looked_into.iter().any(|end| path.ends_with(end)))
        .collect();
    assert_eq!(rest, Vec::<String>::new());
}

#[test]
fn another_tag_is_refused_nearly_everywhere() {
    // [15] is nothing's tag.
    let found = unnoticed(|node| Some([&[0x8f][..], &node.octets()[1..]].concat()));
    let within_key = |path: &String| path.contains("30.6/30.") || path.contains("request 30.0/30.2/30.");
    // Left: values of any type, and what stands in an OCTET STRING that is not looked into.
    let any_type = |path: &String| {
        let any = ["31.0/30.1/13", "30.1/04.0/04", "30.1/30.0/30.1/16", "/30.1/16", "30.0/30.0/30.1/05"];
        any.iter().any(|end| path.ends_with(end)) || path.contains("/04.0/13")
    };
    let rest: Vec<_> = found.into_iter().filter(|path| !within_key(path) && !any_type(path)).collect();
    assert_eq!(rest, Vec::<String>::new());
}

#[test]
fn what_is_written_out_or_empty_against_its_type_is_refused() {
    // Each is a value of an extension in place of the good one: RFC 5280 §4.2, §5.2; X.690 §11.
    for (oid, value, words) in [
        (extension::KEY_USAGE, "030100", "is empty"),
        (extension::KEY_USAGE, "03020000", "trailing zeros"),
        (extension::KEY_USAGE, "030400808081", "more than 16 bits"),
        (extension::EXTENDED_KEY_USAGE, "3000", "is empty"),
        (extension::EXTENDED_KEY_USAGE, "30050603558025", "object identifier"),
        (extension::BASIC_CONSTRAINTS, "3003010100", "default value"),
        (extension::BASIC_CONSTRAINTS, "30060101ff0201ff", "is negative"),
        (extension::BASIC_CONSTRAINTS, "30070101ff02020001", "shortest form"),
        (extension::AUTHORITY_KEY_IDENTIFIER, "3002a100", "is empty"),
        (extension::AUTHORITY_KEY_IDENTIFIER, "300482020005", "shortest form"),
        (extension::AUTHORITY_INFORMATION_ACCESS, "3000", "is empty"),
        (extension::CRL_DISTRIBUTION_POINTS, "3000", "is empty"),
        (extension::CRL_DISTRIBUTION_POINTS, "30063004a002a000", "is empty"),
        (extension::CRL_DISTRIBUTION_POINTS, "30063004a0028600", "neither fullName"),
        (extension::CERTIFICATE_POLICIES, "3000", "is empty"),
        (extension::CERTIFICATE_POLICIES, "300930070603550300 3000", "is empty"),
        (extension::POLICY_MAPPINGS, "3000", "is empty"),
        (extension::POLICY_CONSTRAINTS, "3000", "is empty"),
        (extension::NAME_CONSTRAINTS, "3000", "is empty"),
        (extension::NAME_CONSTRAINTS, "3002a000", "is empty"),
        (extension::NAME_CONSTRAINTS, "300aa0083006820161800100", "default value"),
        (extension::SUBJECT_ALT_NAME, "3000", "is empty"),
        (extension::SUBJECT_ALT_NAME, "30028900", "no general name"),
        (extension::ISSUING_DISTRIBUTION_POINT, "3000", "is empty"),
        (extension::ISSUING_DISTRIBUTION_POINT, "3003810100", "default value"),
        (extension::ISSUING_DISTRIBUTION_POINT, "3003840100", "default value"),
        (extension::ISSUING_DISTRIBUTION_POINT, "3003850100", "default value"),
        (extension::CRL_NUMBER, "02020001", "shortest form"),
        (extension::REASON_CODE, "0a020001", "shortest form"),
        (extension::INVALIDITY_DATE, "170d3236313130313038303030305a", "wanted 0x18"),
        (extension::OCSP_NO_CHECK, "050100", "NULL with content"),
    ] {
        let value = crate::digest::from_hex(&value.replace(' ', "")).unwrap();
        let only = Extension::new(oid, false, value);
        let tbs = build::tbs_certificate(&CertificateParts {
            serial: serial().der_content(),
            algorithm: &SignatureAlgorithm::for_key(&key()).der(),
            issuer: &name(),
            validity: Validity::new(at("2026-11-01T00:00:00Z"), at("2027-11-01T00:00:00Z")).unwrap(),
            subject: &name(),
            spki: key().spki_der(),
            extensions: &[only],
        });
        let error = super::tbs_certificate(&tbs).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(words), "{oid}: wanted `{words}`, found `{error}`");
        // The rest can be read all the same.
        let (view, faults) = super::lenient::tbs_certificate(&tbs).unwrap();
        assert!(
            view.subject() == name() && faults.list().len() + faults.unread().len() == 1,
            "{oid} {faults:?}"
        );
    }
}

#[test]
fn a_version_that_is_the_default_is_refused_in_responses_too() {
    let octets = an_ocsp_response(true);
    let with_version = |version: &[u8]| {
        let changed = Node::of(&octets).changed(&|node| match &node.inside {
            // What is signed begins with the responder's id, [2].
            Inside::Nodes(nodes) if nodes.first().is_some_and(|first| first.tag == 0xa2) => {
                Some(element(node.tag, &[version, &node.content()].concat()))
            }
            _ => None,
        });
        assert_eq!(changed.len(), 1);
        ocsp_response(&changed[0].1).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with_version(&[]), Ok(()));
    assert!(with_version(&[0xa0, 3, 2, 1, 0]).unwrap_err().contains("default value"));
    assert!(with_version(&[0xa0, 5, 2, 1, 1, 5, 0]).unwrap_err().contains("2 more octets"));
}

#[test]
fn attributes_of_a_request_are_in_order() {
    let attribute = |octet| sequence(&[element(tag::OID, &[0x2a, octet]), element(tag::SET, &[5, 0])]);
    let with = |attributes: [Vec<u8>; 2]| {
        let parts = [
            element(tag::INTEGER, &[0]),
            name().der().to_vec(),
            key().spki_der().to_vec(),
            element(0xa0, &attributes.concat()),
        ];
        request(&signed(&sequence(&parts))).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with([attribute(1), attribute(2)]), Ok(()));
    assert!(with([attribute(2), attribute(1)]).unwrap_err().contains("ascending order"));
    let empty = sequence(&[element(tag::OID, &[0x2a, 3]), element(tag::SET, &[])]);
    assert!(with([empty, attribute(4)]).unwrap_err().contains("is empty"));
}

#[test]
fn a_criticality_that_is_the_default_is_refused() {
    for (what, octets, read) in structures() {
        let changed = Node::of(&octets).changed(&|node| match &node.inside {
            // An extension that is not critical: its identifier and its value.
            Inside::Nodes(nodes) => match &nodes[..] {
                [oid, value]
                    if oid.tag == tag::OID && value.tag == tag::OCTET_STRING && node.tag == tag::SEQUENCE =>
                {
                    Some(sequence(&[oid.octets(), vec![1, 1, 0], value.octets()]))
                }
                _ => None,
            },
            Inside::Octets(_) => None,
        });
        for (path, octets) in &changed {
            // Of the same form is a response's type and its octets.
            let error = read(octets).unwrap_err().to_string();
            assert!(error.contains("default value") || path.ends_with("a0.0/30"), "{what} {path} {error}");
        }
    }
}

#[test]
fn an_empty_list_of_revoked_certificates_is_refused() {
    let changed = Node::of(&a_crl()).changed(&|node| match &node.inside {
        // Two entries, each beginning with a serial number.
        Inside::Nodes(nodes)
            if nodes.len() == 2 && matches!(&nodes[0].inside, Inside::Nodes(entry) if entry[0].tag == 2) =>
        {
            Some(element(node.tag, &[]))
        }
        _ => None,
    });
    assert_eq!(changed.len(), 1);
    assert!(crl(&changed[0].1).map(|_| ()).unwrap_err().to_string().contains("revokedCertificates at octet"));
}

#[test]
fn defaults_and_empty_lists_of_whole_structures_are_refused() {
    let replaced = |octets: &[u8], from: &str, to: &str| {
        // The same place in every structure: only elements whose lengths do not change are replaced.
        let hex = crate::digest::hex(octets);
        assert!(from.len() == to.len() && hex.contains(from), "{from}");
        crate::digest::from_hex(&hex.replacen(from, to, 1)).unwrap()
    };
    let version =
        certificate(&replaced(&a_certificate(), "a003020102", "a003020100")).unwrap_err().to_string();
    assert!(version.contains("version") && version.contains("default value"), "{version}");
    let mut changed = Vec::new();
    for (what, octets, read) in structures() {
        // An explicit FALSE, an empty list of items, a SET in another order.
        let node = Node::of(&octets);
        for (path, octets) in node.changed(&|node| match &node.inside {
            Inside::Nodes(nodes) if node.tag == tag::SEQUENCE || node.tag == tag::SET => {
                (!nodes.is_empty()).then(|| element(node.tag, &[]))
            }
            _ => None,
        }) {
            if read(&octets).is_ok() {
                changed.push(format!("{what} {path}"));
            }
        }
    }
    // What may be empty: a name, an authority key identifier, basic constraints, a distribution point; and what is not
    // looked into: keys.
    let allowed = |path: &String| {
        let names = [
            "30.0/30.3/30",
            "30.0/30.5/30",
            "CRL 30.0/30.2/30",
            "request 30.0/30.1/30",
            "a4.0/30",
            "a1.0/30",
        ];
        let keys = ["30.0/30.6/30", "30.0/30.6/30.0/30", "request 30.0/30.2/30", "request 30.0/30.2/30.0/30"];
        let values =
            ["30.2/30.2/04.0/30", "30.4/30.1/04.0/30", "30.6/30.1/04.0/30.0/30", "30.6/30.1/04.0/30.1/30"];
        names.iter().chain(&keys).chain(&values).any(|end| path.ends_with(end))
            || path.ends_with("30.0/30.6/a0.0/30.0/30.1/04.0/30")
            || path.ends_with("30.0/30.3/a0.0/30.1/31.0/30.0/30.2/04.0/30")
    };
    let rest: Vec<_> = changed.into_iter().filter(|path| !allowed(path)).collect();
    assert_eq!(rest, Vec::<String>::new());
}
