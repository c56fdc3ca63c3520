//! `profile` and `draft`, whole: certificates that openssl made, as profiles; and the same octets drafted again.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::{Ended, rootrite, tool};

/// A root and a subordinate CA of openssl's.
const CONFIGURATION: &str = "\
[ca]
default_ca = root
[root]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
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
[sub_extensions]
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
extendedKeyUsage = serverAuth
basicConstraints = critical, CA:TRUE, pathlen:0
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = caIssuers;URI:http://x1.i.example.org/
certificatePolicies = 2.23.140.1.2.1
crlDistributionPoints = URI:http://x1.c.example.org/
1.2.3.4 = ASN1:NULL
[req]
distinguished_name = name
[name]
";

struct Authority(TempDir);

impl Authority {
    fn new() -> Option<Self> {
        let authority = Self(TempDir::new().unwrap());
        for (name, text) in
            [("ca.cnf", CONFIGURATION), ("index.txt", ""), ("serial", "0100000000000000000000000000000001")]
        {
            fs::write(authority.path().join(name), text).unwrap();
        }
        authority.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out sub.key", &[])?;
        authority.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out root.key", &[])?;
        for (name, subject) in [("root", "/C=US/O=Example/CN=Root"), ("sub", "/C=US/O=Exämple/CN=E1")] {
            let request = format!("req -utf8 -config ca.cnf -new -key {name}.key -out {name}.csr");
            authority.openssl(&request, &["-subj", subject])?;
        }
        let dates = "-startdate 261101000000Z -enddate 361030235959Z";
        authority.openssl(
            &format!("ca -config ca.cnf -batch -notext -selfsign -in root.csr -out root.pem -extensions root_extensions {dates}"),
            &[],
        )?;
        authority.openssl(
            &format!(
                "ca -config ca.cnf -batch -notext -in sub.csr -out sub.pem -extensions sub_extensions {dates}"
            ),
            &[],
        )?;
        Some(authority)
    }

    fn openssl(&self, arguments: &str, more: &[&str]) -> Option<Ended> {
        Some(tool("openssl", self.path(), arguments.split_whitespace().chain(more.iter().copied()))?.with(0))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        rootrite(self.path(), arguments)
    }

    /// The to-be-signed octets of a certificate, as openssl cuts them out.
    fn tbs(&self, name: &str) -> Vec<u8> {
        self.openssl(&format!("asn1parse -in {name} -strparse 4 -noout -out tbs.der"), &[]).unwrap();
        fs::read(self.path().join("tbs.der")).unwrap()
    }
}

const ROOT: &str = "\
# The profile of CN=Root,O=Example,C=US
rootrite-profile: 1
kind: root
signature: rsa-sha256
names: {C: printable, O: utf8, CN: utf8}
key-identifier: sha1
extensions:
  - basic-constraints: {critical: true, ca: true}
  - key-usage: {critical: true, bits: [key-cert-sign, crl-sign]}
  - subject-key-identifier: {}
open: [lasts]
";

const SUBORDINATE: &str = "\
# The profile of CN=E1,O=Exämple,C=US
rootrite-profile: 1
kind: subordinate
signature: rsa-sha256
names: {C: printable, O: utf8, CN: utf8}
key-identifier: sha1
extensions:
  - key-usage: {critical: true, bits: [digital-signature, key-cert-sign, crl-sign]}
  - extended-key-usage: {purposes: [server-auth]}
  - basic-constraints: {critical: true, ca: true, path-length: 0}
  - subject-key-identifier: {}
  - authority-key-identifier: {}
  - authority-information-access: {locations: [{ca-issuers: \"http://x1.i.example.org/\"}]}
  - certificate-policies: {policies: [2.23.140.1.2.1]}
  - crl-distribution-points: {uris: [\"http://x1.c.example.org/\"]}
  # extension 1.2.3.4, in octets
  - other: {oid: 1.2.3.4, der: \"0500\"}
open: [lasts]
";

#[test]
fn a_profile_is_read_out_of_a_certificate_and_drafts_its_octets_again() {
    let Some(authority) = Authority::new() else { return };
    for (name, wanted) in [("root", ROOT), ("sub", SUBORDINATE)] {
        let read = authority.run(&["profile", "read", &format!("{name}.pem")]).with(0);
        assert_eq!(read.out, wanted);
        fs::write(authority.path().join(format!("{name}.yaml")), read.out).unwrap();
    }
    let common = ["--not-before", "2026-11-01T00:00:00Z", "--lasts", "3652 days"];
    let root = [
        "draft",
        "--profile",
        "root.yaml",
        "--subject",
        "[{C: US}, {O: Example}, {CN: Root}]",
        "--key",
        "root.csr",
    ];
    let serial = ["--serial", "0100000000000000000000000000000001", "-o", "root.tbs"];
    let _ = authority.run(&[&root[..], &common, &serial].concat()).with(0);
    assert_eq!(fs::read(authority.path().join("root.tbs")).unwrap(), authority.tbs("root.pem"));
    let sub = [
        "draft",
        "--profile",
        "sub.yaml",
        "--subject",
        "[{C: US}, {O: Exämple}, {CN: E1}]",
        "--key",
        "sub.csr",
    ];
    let serial = ["--serial", "0100000000000000000000000000000002", "--issuer", "root.pem"];
    let ended = authority.run(&[&sub[..], &common, &serial].concat()).with(0);
    assert_eq!(ended.out, format!("{}\n", rootrite::digest::hex(&authority.tbs("sub.pem"))));
    // Nothing is written over.
    let again = authority.run(&[&root[..], &common, &["--serial", "01", "-o", "root.tbs"]].concat()).with(2);
    assert!(again.error.starts_with("error: `root.tbs` could not be written\n"), "{}", again.error);
}

#[test]
fn a_check_says_which_are_made_again_and_where_others_differ() {
    let Some(authority) = Authority::new() else { return };
    let good = authority.run(&["profile", "check", "root.pem", "sub.pem"]).with(0);
    assert_eq!(
        good.out,
        "root.pem [0]: CN=Root,O=Example,C=US: made again\nsub.pem [0]: CN=E1,O=Exämple,C=US: made again\n\
         2 of 2 are made again octet for octet\n"
    );
    authority.openssl("x509 -in root.pem -outform DER -out root.der", &[]).unwrap();
    let mut ber = fs::read(authority.path().join("root.der")).unwrap();
    let at = ber.windows(5).position(|five| five == [0x30, 3, 1, 1, 0xff]).unwrap();
    ber[at + 4] = 1;
    fs::write(authority.path().join("ber.der"), ber).unwrap();
    let ended = authority
        .run(&["profile", "check", "--format", "json", "root.pem", "ber.der", "root.csr", "ca.cnf"])
        .with(5);
    assert_eq!(ended.error, "");
    let rows: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        rows[0],
        serde_json::json!({
            "file": "root.pem", "index": 0, "subject": "CN=Root,O=Example,C=US", "reproduced": true, "difference": null,
        })
    );
    assert_eq!(rows[1]["reproduced"], false);
    let difference = rows[1]["difference"].as_str().unwrap();
    assert!(
        difference.starts_with("cA: at octet ") && difference.contains("TRUE that is not FF"),
        "{difference}"
    );
    assert_eq!(rows[2]["difference"], "it is a certificate signing request");
    assert_eq!(rows[3]["reproduced"], false);
    assert_eq!(rows.as_array().unwrap().len(), 4);
    let read = authority.run(&["profile", "read", "ber.der"]).with(5);
    assert_eq!(read.out, "");
    assert!(read.error.starts_with("error: no profile can say this: cA: at octet "), "{}", read.error);
}

#[test]
fn a_draft_wants_what_the_profile_leaves_open_and_nothing_else() {
    let Some(authority) = Authority::new() else { return };
    let draft = |more: &[&str]| {
        let common = [
            "draft",
            "--profile",
            "tls-subordinate-ca",
            "--key",
            "sub.csr",
            "--serial",
            "01",
            "--not-before",
            "2026-11-01T00:00:00Z",
            "--lasts",
            "1095 days",
        ];
        authority.run(&[&common[..], more].concat())
    };
    let subject = ["--subject", "[{C: US}, {O: X}, {CN: E1}]"];
    let issuer = ["--issuer", "root.pem"];
    let fills = ["--fill", "crl-url=http://c.example.org/", "--fill", "issuer-url=http://i.example.org/"];
    let _ = draft(&[&subject[..], &issuer, &fills].concat()).with(0);
    for (more, said) in [
        ([&issuer[..], &fills].concat(), "`--subject` is missing"),
        ([&subject[..], &fills].concat(), "`--issuer` is missing; only a root is its own issuer"),
        (
            [&subject[..], &issuer].concat(),
            "the profile leaves `crl-url` to the script, and the script does not say it",
        ),
        (
            [&subject[..], &issuer, &fills, &["--fill", "x=y"]].concat(),
            "the profile does not leave `x` to the script",
        ),
        ([&subject[..], &["--issuer", "root.csr"], &fills].concat(), "`root.csr` is no certificate: "),
    ] {
        let ended = draft(&more).with(2);
        // Holes are named in the order of the profile.
        let said = if said.contains("crl-url") { "the profile leaves `" } else { said };
        assert!(ended.error.starts_with(&format!("error: {said}")), "{}", ended.error);
    }
}

#[test]
fn a_draft_for_ml_dsa_has_the_algorithm_of_its_key() {
    let folder = TempDir::new().unwrap();
    // An ML-DSA-87 key of zeros: RFC 9881 §4, parameters absent.
    let algorithm = rootrite::digest::from_hex("300b0609608648016503040313").unwrap();
    let spki = [&[0x30, 0x82, 0x0a, 0x32][..], &algorithm, &[3, 0x82, 0x0a, 0x21, 0], &[0; 2592]].concat();
    fs::write(folder.path().join("key.der"), spki).unwrap();
    let arguments = [
        "draft",
        "--profile",
        "root-ca",
        "--subject",
        "[{C: US}, {O: X}, {CN: Q1}]",
        "--key",
        "key.der",
        "--serial",
        "01",
        "--not-before",
        "2026-11-01T00:00:00Z",
        "--lasts",
        "365 days",
    ];
    let ended = rootrite(folder.path(), arguments).with(0);
    assert!(ended.out.contains("a003020102020101300b0609608648016503040313"), "{}", ended.out);
}
