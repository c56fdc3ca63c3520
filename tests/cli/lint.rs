//! `lint`, whole: structures that openssl made, and files that are broken.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Ended, rootrite, tool};

/// A folder with a root CA that openssl keeps: certificate, CRL, signing request and OCSP response, all of fixed times.
pub struct Authority(TempDir);

const CONFIGURATION: &str = "\
[ca]
default_ca = root
[root]
new_certs_dir = .
database = index.txt
serial = serial
unique_subject = no
crlnumber = number
default_md = sha384
policy = any
private_key = root.key
certificate = root.pem
[any]
C = optional
O = optional
CN = optional
[root_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[short_extensions]
basicConstraints = CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signing_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[any_policy_extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = caIssuers;URI:http://i.example.org/
certificatePolicies = anyPolicy
crlDistributionPoints = URI:http://c.example.org/
[cross_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = caIssuers;URI:http://i.example.org/
certificatePolicies = 2.23.140.1.2.1
crlDistributionPoints = URI:http://c.example.org/
[checked_extensions]
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[responder_extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[crl_extensions]
authorityKeyIdentifier = keyid
[scoped_extensions]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical, @point
[point]
fullname = URI:http://c.example.org/
[req]
distinguished_name = name
[name]
";

const SUBJECT: &str = "/C=US/O=Example/CN=Example Root";

impl Authority {
    pub fn new() -> Option<Self> {
        let authority = Self(TempDir::new().unwrap());
        for (name, text) in [
            ("ca.cnf", CONFIGURATION),
            ("index.txt", ""),
            ("serial", "0100000000000000000000000000000001"),
            ("number", "01"),
        ] {
            fs::write(authority.path().join(name), text).unwrap();
        }
        authority.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out root.key", &[])?;
        authority.openssl("req -config ca.cnf -new -key root.key -out root.csr", &["-subj", SUBJECT])?;
        authority.certificate("root.pem", "root_extensions", "361030235959Z")?;
        Some(authority)
    }

    /// A root certificate of this key, from 2026-11-01 on.
    pub fn certificate(&self, name: &str, extensions: &str, last: &str) -> Option<()> {
        self.openssl(
            &format!(
                "ca -config ca.cnf -batch -notext -selfsign -in root.csr -keyfile root.key -out {name} \
                 -extensions {extensions} -startdate 261101000000Z -enddate {last}"
            ),
            &[],
        )?;
        Some(())
    }

    fn crl(&self, name: &str, last: &str) -> Option<()> {
        self.openssl(
            &format!(
                "ca -config ca.cnf -gencrl -crlexts crl_extensions -crl_lastupdate 261101000000Z -crl_nextupdate {last} -out {name}"
            ),
            &[],
        )?;
        Some(())
    }

    pub fn openssl(&self, arguments: &str, more: &[&str]) -> Option<Ended> {
        let arguments = arguments.split_whitespace().chain(more.iter().copied());
        Some(tool("openssl", self.path(), arguments)?.with(0))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn lint(&self, arguments: &str) -> Ended {
        rootrite(self.path(), ["lint"].into_iter().chain(arguments.split_whitespace()))
    }
}

/// Which rules object how gravely, notes apart.
pub fn objections(ended: &Ended) -> Vec<String> {
    let rows: Value = serde_json::from_str(&ended.out).unwrap();
    let rows = rows.as_array().unwrap().iter().filter(|row| row["severity"] != "note");
    rows.map(|row| format!("{} {}", row["severity"].as_str().unwrap(), row["rule"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_good_root_has_no_error_and_what_could_not_be_judged_is_said() {
    let Some(authority) = Authority::new() else { return };
    let ended = authority.lint("root.pem").with(0);
    assert_eq!(
        ended.out,
        "\
root.pem [0]: root, CN=Example Root,O=Example,C=US
  warning ROOT-07: there is no authority key identifier, which is recommended (BR 2.2.6 §7.1.2.1.3; RFC 5280 §4.2.1.1)
  note CRT-15, KEY-07, MS-03, NAME-10, GRA-01, GRA-02, GRA-03: not judged: the log's ledger is not known
  note ROOT-03: not judged: the time of signing is not known
0 errors and 1 warning in 1 structure
"
    );
    assert_eq!(ended.error, "");
    let at = authority.lint("root.pem --at 2026-11-01T12:00:00Z").with(0);
    assert!(!at.out.contains("the time of signing"), "{}", at.out);
    let late = authority.lint("root.pem --at 2026-11-03T00:00:00Z").with(5);
    assert!(late.out.contains("error ROOT-03: "), "{}", late.out);
    assert_eq!(late.error, "error: the rules object: 1 error and 1 warning in 1 structure\n");
}

#[test]
fn json_has_a_row_for_each_objection_in_the_order_of_files_and_structures() {
    let Some(authority) = Authority::new() else { return };
    authority.certificate("short.pem", "short_extensions", "341030235959Z").unwrap();
    let both = [
        fs::read(authority.path().join("root.pem")).unwrap(),
        fs::read(authority.path().join("short.pem")).unwrap(),
    ];
    fs::write(authority.path().join("both.pem"), both.concat()).unwrap();
    let ended = authority.lint("both.pem --format json").with(5);
    assert_eq!(ended.error, "");
    assert!(
        ended.out.starts_with(
            "[{\"file\":\"both.pem\",\"index\":0,\"kind\":\"root\",\"message\":\"there is no auth"
        ),
        "{}",
        ended.out
    );
    assert_eq!(objections(&ended), ["warning ROOT-07", "error ROOT-02", "error ROOT-04", "warning ROOT-07"]);
    let rows: Value = serde_json::from_str(&ended.out).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["rule"] == "ROOT-02").unwrap();
    assert_eq!(
        *row,
        serde_json::json!({
            "file": "both.pem", "index": 1, "kind": "root", "rule": "ROOT-02", "severity": "error",
            "message": "lasts 252374400 s; must last 252460800 s to 789004800 s", "source": "BR 2.2.6 §7.1.2.1.1",
        })
    );
    // The same as DER, one after the other; and a policy of one's own asks for less.
    authority.openssl("x509 -in root.pem -outform DER -out root.der", &[]).unwrap();
    authority.openssl("x509 -in short.pem -outform DER -out short.der", &[]).unwrap();
    let both = [
        fs::read(authority.path().join("root.der")).unwrap(),
        fs::read(authority.path().join("short.der")).unwrap(),
    ];
    fs::write(authority.path().join("both.der"), both.concat()).unwrap();
    let der = authority.lint("both.der --format json").with(5);
    assert_eq!(der.out.replace("both.der", "both.pem"), ended.out);
    let ended = authority.lint("both.der --policy private --format json");
    assert!(!objections(&ended).iter().any(|one| one.contains("ROOT-02")));
}

#[test]
fn bounds_that_the_baseline_requirements_allow_are_no_error() {
    let Some(authority) = Authority::new() else { return };
    for (last, good) in [
        // 2922 days and a second less; 9132 days and a second more.
        ("341031235959Z", true),
        ("341031235958Z", false),
        ("20511101235959Z", true),
        ("20511102000000Z", false),
    ] {
        authority.certificate("bound.pem", "root_extensions", last).unwrap();
        let ended = authority.lint("bound.pem --format json");
        let objected = objections(&ended).contains(&"error ROOT-02".to_owned());
        assert_eq!(!objected, good, "{last}: {}", ended.out);
        fs::remove_file(authority.path().join("bound.pem")).unwrap();
    }
}

#[test]
fn what_the_baseline_requirements_allow_is_no_error() {
    let Some(authority) = Authority::new() else { return };
    authority.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out sub.key", &[]).unwrap();
    authority
        .openssl("req -config ca.cnf -new -key sub.key -out sub.csr", &["-subj", "/C=US/O=Example/CN=E1"])
        .unwrap();
    // A root that may sign OCSP responses; its lints with an issuer's file, as bundles have it, are the same.
    authority.certificate("signing.pem", "signing_extensions", "361030235959Z").unwrap();
    assert_eq!(objections(&authority.lint("signing.pem --issuer root.pem --format json").with(0)), [""; 0]);
    for (kind, last) in [("any_policy", "291030235959Z"), ("responder", "271030235959Z")] {
        authority
            .openssl(
                &format!(
                    "ca -config ca.cnf -batch -notext -in sub.csr -out {kind}.pem -extensions {kind}_extensions \
                     -startdate 261101000000Z -enddate {last}"
                ),
                &[],
            )
            .unwrap();
        let ended =
            authority.lint(&format!("{kind}.pem --issuer root.pem --at 2026-11-01T12:00:00Z --format json"));
        assert_eq!(objections(&ended.with(0)), [""; 0], "{kind}");
    }
    // CRL number 0, and a scope that is a critical distribution point.
    fs::write(authority.path().join("number"), "00").unwrap();
    authority.crl("zero.pem", "271031235959Z").unwrap();
    assert_eq!(objections(&authority.lint("zero.pem --issuer root.pem --format json").with(0)), [""; 0]);
    let scoped = "ca -config ca.cnf -gencrl -crlexts scoped_extensions -crl_lastupdate 261101000000Z \
                  -crl_nextupdate 271031235959Z -out scoped.pem";
    authority.openssl(scoped, &[]).unwrap();
    let ended = authority.lint("scoped.pem --issuer root.pem --format json").with(0);
    assert!(objections(&ended).iter().all(|one| one.starts_with("warning")), "{}", ended.out);
}

#[test]
fn a_crl_is_judged_by_its_issuer() {
    let Some(authority) = Authority::new() else { return };
    authority.crl("year.pem", "271031235959Z").unwrap();
    let alone = authority.lint("year.pem");
    assert!(alone.out.starts_with("year.pem [0]: crl, CN=Example Root,O=Example,C=US\n"), "{}", alone.out);
    assert!(alone.out.contains("not judged: the issuer's certificate is not known"), "{}", alone.out);
    let ended = authority.lint("year.pem --issuer root.pem --at 2026-11-01T12:00:00Z --format json").with(0);
    assert_eq!(objections(&ended), [""; 0]);
    authority.crl("long.pem", "271101000000Z").unwrap();
    let ended = authority.lint("long.pem --issuer root.pem --format json").with(5);
    assert_eq!(objections(&ended), ["error CRL-03"]);
    let ended = authority.lint("root.pem --kind crl --format json").with(5);
    assert_eq!(objections(&ended), ["error CRL-20"]);
    assert!(ended.out.contains("this is a certificate; wanted a CRL"), "{}", ended.out);
}

#[test]
fn a_signing_request_proves_that_its_key_asks() {
    let Some(authority) = Authority::new() else { return };
    let ended = authority.lint("root.csr").with(0);
    assert!(ended.out.starts_with("root.csr [0]: csr, CN=Example Root,O=Example,C=US\n"), "{}", ended.out);
    authority.openssl("req -in root.csr -outform DER -out root.der", &[]).unwrap();
    let mut der = fs::read(authority.path().join("root.der")).unwrap();
    *der.last_mut().unwrap() ^= 1;
    fs::write(authority.path().join("root.der"), der).unwrap();
    let ended = authority.lint("root.der --format json").with(5);
    assert_eq!(objections(&ended), ["error KEY-06"]);
}

#[test]
fn an_ocsp_response_of_a_root_without_digital_signature_is_objected_to() {
    let Some(authority) = Authority::new() else { return };
    authority.openssl("ocsp -issuer root.pem -cert root.pem -no_nonce -reqout request.der", &[]).unwrap();
    authority
        .openssl(
            "ocsp -index index.txt -CA root.pem -rsigner root.pem -rkey root.key -reqin request.der -ndays 100 \
             -resp_no_certs -respout response.der",
            &[],
        )
        .unwrap();
    let ended = authority.lint("response.der --issuer root.pem --format json").with(5);
    assert!(objections(&ended).contains(&"error ROOT-12".to_owned()), "{}", ended.out);
    let text = authority.lint("response.der");
    assert!(text.out.starts_with("response.der [0]: ocsp-response, 1 answer\n"), "{}", text.out);
    fs::write(authority.path().join("error.der"), [0x30, 3, 0x0a, 1, 1]).unwrap();
    let ended = authority.lint("error.der").with(0);
    assert!(ended.out.contains("an error response, status 1"), "{}", ended.out);
}

#[test]
fn what_breaks_der_is_read_as_far_as_can_be_and_objected_to() {
    let Some(authority) = Authority::new() else { return };
    authority.openssl("x509 -in root.pem -outform DER -out root.der", &[]).unwrap();
    let good = fs::read(authority.path().join("root.der")).unwrap();
    // A TRUE that is not FF: readable, and the rules go on.
    let at = good.windows(5).position(|five| five == [0x30, 3, 1, 1, 0xff]).unwrap();
    let mut ber = good.clone();
    ber[at + 4] = 1;
    // Octets after the signature, within the certificate: what is signed can still be judged.
    let mut after = good.clone();
    let length = u16::from_be_bytes([after[2], after[3]]) + 2;
    after[2..4].copy_from_slice(&length.to_be_bytes());
    after.extend([5, 0]);
    for (name, octets, wanted) in [
        ("ber", ber, &["error CRT-07", "warning ROOT-07"][..]),
        ("after", after, &["error CRT-07", "warning ROOT-07"]),
        ("truncated", good[..good.len() / 2].to_vec(), &["error CRT-07"]),
        ("trailing", [&good[..], b"\n"].concat(), &["warning ROOT-07", "error DER-01"]),
        ("empty", Vec::new(), &["error DER-01"]),
        ("text", b"no certificate".to_vec(), &["error DER-01"]),
        ("zeros", vec![0; 5000], &["error DER-01"]),
        ("deep", [0x30, 0x80].repeat(5000), &["error DER-01"]),
        ("large", [&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff][..], &good].concat(), &["error DER-01"]),
    ] {
        fs::write(authority.path().join(name), octets).unwrap();
        let ended = authority.lint(&format!("{name} --format json")).with(5);
        assert_eq!(objections(&ended), wanted, "{name}: {}", ended.out);
    }
}

#[test]
fn a_file_of_more_structures_than_anybody_needs_is_not_judged_to_its_end() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("many.der"), [0x30, 0].repeat(100_002)).unwrap();
    let ended = rootrite(folder.path(), ["lint", "many.der"]).with(5);
    let last: Vec<_> = ended.out.lines().rev().take(5).collect();
    assert_eq!(
        last,
        [
            "100001 errors and 0 warnings in 100001 structures",
            "  error DER-01: the file has more than 100000 structures; the rest is not judged (X.690)",
            "many.der [100000]: unknown",
            "  error DER-01: this is no certificate, CRL, OCSP response or certificate signing request (X.690)",
            "many.der [99999]: unknown",
        ]
    );
}

#[test]
fn a_broken_block_is_objected_to_and_the_next_one_is_judged() {
    let Some(authority) = Authority::new() else { return };
    let good = fs::read_to_string(authority.path().join("root.pem")).unwrap();
    let broken = good.replacen("MI", "*", 1);
    fs::write(authority.path().join("two.pem"), format!("{broken}{good}")).unwrap();
    let ended = authority.lint("two.pem").with(5);
    assert!(
        ended.out.starts_with("two.pem [0]: certificate\n  error CRT-07: line 2: this is not base64 ("),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("two.pem [1]: root, CN=Example Root"), "{}", ended.out);
}

#[test]
fn what_is_no_file_is_the_authors_turn_and_said_before_anything_else() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("one"), "x").unwrap();
    for (files, said) in [
        (&["lint", "one", "missing"][..], "error: `missing` could not be read\n"),
        (&["lint", "one", "."], "error: `.` is no file\n"),
        (&["lint", "one", "/dev/zero"], "error: `/dev/zero` is no file\n"),
        (&["lint", "one", "--issuer", "one"], "error: `one` is no issuer's certificate: "),
        (&["profile", "check", "one", "missing"], "error: `missing` could not be read\n"),
        (&["profile", "read", "."], "error: `.` is no file\n"),
    ] {
        let ended = rootrite(folder.path(), files).with(2);
        assert!(ended.error.starts_with(said), "{}", ended.error);
        assert_eq!(ended.out, "");
    }
    let _ = rootrite(folder.path(), ["lint"]).with(2);
    let _ = rootrite(folder.path(), ["lint", "one", "--kind", "other"]).with(2);
    let _ = rootrite(folder.path(), ["lint", "one", "--policy", "other"]).with(2);
}
