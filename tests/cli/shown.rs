//! The greatest fear: that something else is signed than what people saw. What the screen showed before each signature is read
//! off the screen and compared with what came out, as decoders read it that are none of the program's.

use std::collections::BTreeMap;
use std::fs;

use der::{Decode as _, Encode as _};
use rootrite::digest::{Digest, hex};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber, SubjectKeyIdentifier};
use x509_cert::time::Time;

use crate::sight::{Asked, Sight, parts};
use crate::table::Table;

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice";
const RESPONSES: &str = "      - generate-key: {token: root, key: ocsp, algorithm: ecdsa-p256, backup: none}
      - issue-ocsp-responder: {issuer: root-x1, key: ocsp, profile: ocsp-responder, subject: [{C: US}, {O: Example Trust Services}, \
     {CN: OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: ocsp}
      - issue-ocsp-responses: {issuer: root-x1, responder: ocsp, certificates: [e1], this-update: ceremony-day, lasts: 300 days, \
     responses: r}
";
const ISSUER: &str = "CN=Example Root X1,O=Example Trust Services,C=US";

/// What was shown on a card: names and values, these without blanks.
type Shown = BTreeMap<String, String>;

#[test]
fn what_the_screen_shows_is_what_is_signed() {
    let table = Table::new().now();
    let rows = "serial,revoked-at,reason\n01a2b3c4,2026-09-02T12:00:00Z,superseded\n01a2b3c5,2026-09-03T12:00:01Z,key-compromise\n";
    table.write("revoked.csv", rows);
    let inputs = format!(
        "inputs:\n  revoked: {{file: revoked.csv, sha256: {}}}\nacts:\n",
        Digest::of(rows.as_bytes())
    );
    table.change("script.yaml", "acts:\n", &inputs);
    table.change("script.yaml", "revoked: none", "revoked: {csv: revoked}");
    table.change("script.yaml", "  - act: Closing\n", &format!("{RESPONSES}  - act: Closing\n"));
    let mut cards: BTreeMap<String, Shown> = BTreeMap::new();
    // So high that the whole card stands on one page.
    let _ = Sight::open(&table, RUN, (120, 150))
        .go_on(|sight, asked| {
            if *asked == Asked::Word("sign".into()) {
                let (card, _) = parts(&sight.middle()).unwrap();
                let (what, card) = card
                    .rsplit_once("Sign the ")
                    .and_then(|(_, card)| card.split_once('?'))
                    .unwrap_or_else(|| panic!("no question:\n{card}"));
                cards.insert(what.split_whitespace().collect::<Vec<_>>().join(" "), fields(card));
            }
            None
        })
        .with(0);
    let mut card = |what: &str| cards.remove(what).unwrap_or_else(|| panic!("`{what}` was not shown"));
    certificate(&table, card("certificate `root-x1`"));
    for others in ["certificate `e1`", "certificate `ocsp`"] {
        drop(card(others));
    }
    list(&table, card("CRL `root-x1`"));
    response(&table, card("OCSP responses `r` (1 together)"));
    assert!(cards.is_empty(), "{:?}", cards.keys());
}

/// Every value is as it was shown, and nothing else was shown.
#[track_caller]
fn same<'v>(mut shown: Shown, values: impl IntoIterator<Item = (&'v str, String)>) {
    for (name, value) in values {
        let value: String = value.split_whitespace().collect();
        assert_eq!(shown.remove(name).as_deref(), Some(value.as_str()), "{name}");
    }
    assert!(shown.is_empty(), "shown, and not compared: {shown:?}");
}

fn time(time: &Time) -> String {
    time.to_date_time().to_string()
}

fn certificate(table: &Table, shown: Shown) {
    let pem = table.read("out/certificates/root-x1.pem");
    let (_, der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    let signed = certificate.tbs_certificate();
    let whole = Digest::of(&signed.to_der().unwrap());
    let of_key = signed.subject_public_key_info().to_der().unwrap();
    let identifier: SubjectKeyIdentifier = signed.get_extension().unwrap().unwrap().1;
    same(
        shown,
        [
            ("version", "v3".to_owned()),
            ("serial number", hex(signed.serial_number().as_bytes())),
            ("signature algorithm", "ecdsa-sha384".to_owned()),
            ("issuer", ISSUER.to_owned()),
            ("issuer, DER SHA-256", Digest::of(&signed.issuer().to_der().unwrap()).to_string()),
            ("not before", time(&signed.validity().not_before)),
            ("not after", time(&signed.validity().not_after)),
            ("subject", signed.subject().to_string()),
            ("subject, DER SHA-256", Digest::of(&signed.subject().to_der().unwrap()).to_string()),
            ("public key", "ecdsa-p384".to_owned()),
            ("public key, SPKI SHA-256", Digest::of(&of_key).to_string()),
            ("extension keyUsage", "critical; key-cert-sign, crl-sign".to_owned()),
            ("extension basicConstraints", "critical; CA".to_owned()),
            ("extension subjectKeyIdentifier", hex(identifier.0.as_bytes())),
            ("extension authorityKeyIdentifier", format!("key identifier {}", hex(identifier.0.as_bytes()))),
            ("to be signed, SHA-256", whole.to_string()),
            ("in words", whole.words()),
        ],
    );
}

fn list(table: &Table, shown: Shown) {
    let list: CertificateList =
        CertificateList::from_der(&fs::read(table.path("out/crls/root-x1.crl")).unwrap()).unwrap();
    let signed = &list.tbs_cert_list;
    let whole = Digest::of(&signed.to_der().unwrap());
    let revoked = signed.revoked_certificates.as_ref().unwrap();
    let extension = |at: usize| signed.crl_extensions.as_ref().unwrap()[at].extn_value.as_bytes();
    let authority = AuthorityKeyIdentifier::from_der(extension(0)).unwrap();
    let number = CrlNumber::from_der(extension(1)).unwrap();
    let since = |at: usize, why: &str| format!("{}, {why}", time(&revoked[at].revocation_date));
    let serial = |at: usize| hex(revoked[at].serial_number.as_bytes());
    let text: Vec<String> = (0..revoked.len())
        .map(|at| {
            // CRLReason is ENUMERATED: its value is the last octet.
            let reason = revoked[at].crl_entry_extensions.as_ref().unwrap()[0].extn_value.as_bytes()[2];
            assert_eq!(reason, [4, 1][at], "superseded and key compromise");
            format!("{} {} {reason}\n", serial(at), time(&revoked[at].revocation_date))
        })
        .collect();
    let text = text.concat();
    same(
        shown,
        [
            ("version", "v2".to_owned()),
            ("signature algorithm", "ecdsa-sha384".to_owned()),
            ("issuer", signed.issuer.to_string()),
            ("issuer, DER SHA-256", Digest::of(&signed.issuer.to_der().unwrap()).to_string()),
            ("this update", time(&signed.this_update)),
            ("next update", time(signed.next_update.as_ref().unwrap())),
            ("revoked 1", serial(0)),
            ("revoked 1, since and why", since(0, "superseded")),
            ("revoked 2", serial(1)),
            ("revoked 2, since and why", since(1, "key-compromise")),
            ("revoked certificates", revoked.len().to_string()),
            ("revoked certificates, SHA-256", Digest::of(text.as_bytes()).to_string()),
            (
                "extension authorityKeyIdentifier",
                format!("key identifier {}", hex(authority.key_identifier.unwrap().as_bytes())),
            ),
            ("extension cRLNumber", u64::from_str_radix(&hex(number.0.as_bytes()), 16).unwrap().to_string()),
            ("to be signed, SHA-256", whole.to_string()),
            ("in words", whole.words()),
        ],
    );
}

/// The parts of a DER element: tag and content of each.
fn inside(content: &[u8]) -> Vec<(u8, &[u8])> {
    let mut parts = Vec::new();
    let mut rest = content;
    while let [tag, length, after @ ..] = rest {
        let (length, after) = match *length {
            short @ 0..=0x7f => (usize::from(short), after),
            long => {
                let (octets, after) = after.split_at(usize::from(long & 0x7f));
                (octets.iter().fold(0, |all, octet| all << 8 | usize::from(*octet)), after)
            }
        };
        let (content, after) = after.split_at(length);
        parts.push((*tag, content));
        rest = after;
    }
    parts
}

/// GeneralizedTime as the screen writes it.
fn generalized(content: &[u8]) -> String {
    let text = std::str::from_utf8(content).unwrap();
    let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]];
    let [hour, minute, second] = [&text[8..10], &text[10..12], &text[12..14]];
    assert_eq!(&text[14..], "Z");
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
}

/// RFC 6960 section 4.2.1, by hand.
fn response(table: &Table, shown: Shown) {
    let files: Vec<_> =
        fs::read_dir(table.path("out/ocsp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let octets = fs::read(file).unwrap();
    let response = inside(inside(&octets)[0].1);
    let bytes = inside(inside(response[1].1)[0].1);
    let basic = inside(bytes[1].1)[0].1;
    let data = inside(basic)[0].1;
    // What is signed, with its own tag and length.
    let signed =
        &basic[..basic.len() - inside(basic)[1..].iter().map(|(_, part)| encoded(part.len())).sum::<usize>()];
    let (responder, produced, responses) = (inside(data)[0], inside(data)[1], inside(data)[2]);
    assert_eq!(responder.0, 0xa2, "by key");
    let single = inside(inside(responses.1)[0].1);
    let id = inside(single[0].1);
    let digest = Digest::of(format!("{}\n", Digest::of(signed)).as_bytes());
    assert_eq!(inside(id[0].1)[0].1, [0x2b, 14, 3, 2, 26], "SHA-1");
    assert_eq!((single[1].0, single[1].1.len()), (0x80, 0), "good");
    same(
        shown,
        [
            ("one of the batch", "r-1".to_owned()),
            ("version", "absent".to_owned()),
            ("responder", format!("by key {}", hex(inside(responder.1)[0].1))),
            ("produced at", generalized(produced.1)),
            ("certificate, hash algorithm", "sha1 (1.3.14.3.2.26)".to_owned()),
            ("certificate, issuer name hash", hex(id[1].1)),
            ("certificate, issuer key hash", hex(id[2].1)),
            ("certificate, serial number", hex(id[3].1)),
            ("status", "good".to_owned()),
            ("this update", generalized(single[2].1)),
            ("next update", generalized(inside(single[3].1)[0].1)),
            ("together", "1".to_owned()),
            ("to be signed, SHA-256", digest.to_string()),
            ("in words", digest.words()),
        ],
    );
}

/// Octets of an element whose content has so many.
fn encoded(content: usize) -> usize {
    content
        + if content < 0x80 {
            2
        } else if content < 0x100 {
            3
        } else {
            4
        }
}

/// The fields of a card: names and values, these without blanks, as a wrapped one has lost them at the ends of rows.
fn fields(card: &str) -> Shown {
    let mut fields = Shown::new();
    let mut last: Option<String> = None;
    let mut beside_plan = false;
    for line in card.lines() {
        match line.strip_prefix("    ") {
            Some(text) if text.starts_with("the plan has ") => beside_plan = true,
            Some(text) => {
                if let Some(name) = last.as_ref().filter(|_| !beside_plan) {
                    let value: &mut String = fields.get_mut(name).unwrap();
                    value.extend(text.split_whitespace());
                }
            }
            None => {
                beside_plan = false;
                last = None;
                let field = line.strip_prefix("* ").or_else(|| line.strip_prefix("  "));
                if let Some((name, value)) = field.and_then(|field| field.split_once(':')) {
                    fields.insert(name.to_owned(), value.split_whitespace().collect());
                    last = Some(name.to_owned());
                }
            }
        }
    }
    fields
}
