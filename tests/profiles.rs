//! The profiles of this program, drafted, signed with throw-away keys, and judged by openssl.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rootrite::clock::{Lasting, Timestamp};
use rootrite::pki::build::{RevokedList, RevokedParts, Status, assemble, ocsp_response};
use rootrite::pki::reason::Reason;
use rootrite::pki::{Curve, Name, PublicKey, SerialNumber, SignatureAlgorithm, Validity};
use rootrite::profile::{
    BuiltIn, CertificateProfile, CertificateValues, Copied, CrlValues, Fills, Library as _, NameForms,
    OcspResponseValues, Profile, ProfileError, RequestValues, SingleResponse,
};
use rootrite::script::{NamePart, Place, Problems, Source};

#[test]
fn the_whole_hierarchy_is_accepted_by_openssl() {
    let table = Table::new();
    let root = table.root("Example Root X1", "root");
    let other = table.root("Example Root X2", "other");
    let (urls, nothing) = (urls(), Fills::new());
    let sub = Wanted { profile: "tls-subordinate-ca", fills: &urls, copied: None, file: "sub" };
    let sub = table.issue(&sub, "E1", &root);
    let copied = Copied { subject_key_identifier: Some(identifier("root-ca", &other)), path_length: None };
    let cross = Wanted { profile: "cross-certificate", fills: &urls, copied: Some(&copied), file: "cross" };
    table.certify(&cross, &other, &root);
    let responder = Wanted { profile: "ocsp-responder", fills: &nothing, copied: None, file: "responder" };
    let responder = table.issue(&responder, "Root X1 OCSP", &root);

    let now = at("2026-11-02T00:00:00Z").seconds().to_string();
    let verify = ["verify", "-x509_strict", "-check_ss_sig", "-attime", &now, "-CAfile", "root.pem"];
    for name in ["root.pem", "sub.pem", "cross.pem", "responder.pem"] {
        assert_eq!(table.openssl(&[&verify[..], &[name]].concat()), format!("{name}: OK\n"));
    }
    let text =
        table.openssl(&["x509", "-in", "sub.pem", "-noout", "-text", "-certopt", "no_sigdump,no_pubkey"]);
    for line in [
        "Signature Algorithm: ecdsa-with-SHA384",
        "Issuer: C = US, O = Example Trust Services, CN = Example Root X1",
        "Not After : Oct 30 23:59:59 2029 GMT",
        "Digital Signature, Certificate Sign, CRL Sign",
        "TLS Web Server Authentication",
        "CA:TRUE, pathlen:0",
        "CA Issuers - URI:http://x1.i.example.org/",
        "Policy: 2.23.140.1.2.1",
        "URI:http://x1.c.example.org/",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    table.crl(&root, &sub);
    table.ocsp(&root, &responder, &sub);
}

#[test]
fn a_request_proves_its_key() {
    let table = Table::new();
    let key = Key::new();
    let profile = built_in("certificate-request");
    let profile = profile.request().unwrap();
    let subject = name(profile.names(), "E1");
    let fills = Fills::new();
    let draft = profile.draft(&RequestValues { subject: &subject, key: &key.public, fills: &fills });
    let algorithm = profile.signature().choose(key.algorithm()).unwrap();
    table.write("e1.csr", "CERTIFICATE REQUEST", &key.signed(&draft.unwrap(), algorithm));
    let text = table.openssl(&["req", "-in", "e1.csr", "-verify", "-noout", "-text"]);
    assert!(text.contains("CN = E1") && text.contains("ecdsa-with-SHA384"), "{text}");
}

#[test]
fn what_a_draft_lacks_is_named() {
    let key = Key::new();
    let subject = name(&NameForms::USUAL, "E1");
    let (serial, urls, none) = (serial(), urls(), Fills::new());
    let good = CertificateValues {
        issuer: &subject,
        subject: &subject,
        serial: &serial,
        validity: Validity::lasting(at("2026-11-01T00:00:00Z"), "1 day".parse().unwrap()).unwrap(),
        key: &key.public,
        issuer_key_identifier: Some(&[1]),
        issuer_signature: key.algorithm(),
        copied: None,
        fills: &urls,
    };
    let draft = |profile: &str, values| built_in(profile).certificate().unwrap().draft(&values).map(drop);
    assert_eq!(draft("tls-subordinate-ca", good), Ok(()));
    for (profile, values, error) in [
        ("tls-subordinate-ca", CertificateValues { fills: &none, ..good }, unfilled("issuer-url")),
        ("root-ca", good, ProfileError::NotOpen { name: "crl-url".to_owned() }),
        (
            "tls-subordinate-ca",
            CertificateValues { issuer_key_identifier: None, ..good },
            ProfileError::NotGiven { what: "issuer's key identifier" },
        ),
        ("cross-certificate", good, ProfileError::NotGiven { what: "subject key identifier to copy" }),
    ] {
        assert_eq!(draft(profile, values), Err(error), "{profile}");
    }
    let bare = |text: &str| Profile::read("t", text.as_bytes(), &BuiltIn).unwrap();
    let values = CertificateValues { fills: &none, ..good };
    let named = "rsa-sha256".parse().unwrap();
    assert_eq!(
        bare(BARE).certificate().unwrap().draft(&values),
        Err(ProfileError::Signature { named, key: key.algorithm() })
    );
    // A root is its own issuer, with or without a subject key identifier.
    bare(&BARE.replace("rsa-sha256", "by-issuer-key")).certificate().unwrap().draft(&values).unwrap();
}

#[test]
fn a_crl_and_a_response_that_end_before_they_begin_are_refused() {
    let key = Key::new();
    let issuer = name(&NameForms::USUAL, "X1");
    let (from, to) = (at("2026-11-02T00:00:00Z"), at("2026-11-01T23:59:59Z"));
    let (none, urls) = (Fills::new(), urls());
    let not_open = ProfileError::NotOpen { name: "crl-url".to_owned() };
    let good = CrlValues {
        issuer: &issuer,
        issuer_key_identifier: Some(&[1]),
        issuer_signature: key.algorithm(),
        number: &[1],
        this_update: from,
        next_update: from,
        revoked: &RevokedList::none(),
        fills: &none,
    };
    let draft = |values| built_in("root-crl").crl().unwrap().draft(&values).map(drop);
    assert_eq!(draft(good), Ok(()));
    assert_eq!(draft(CrlValues { next_update: to, ..good }), Err(ProfileError::Times { from, to }));
    assert_eq!(draft(CrlValues { fills: &urls, ..good }), Err(not_open.clone()));

    let single = |next_update| SingleResponse {
        serial: serial(),
        status: Status::Good,
        this_update: from,
        next_update,
    };
    let (good_single, bad_single) = ([single(from)], [single(to)]);
    let good = OcspResponseValues {
        issuer: &issuer,
        issuer_key: &key.public,
        responder: &issuer,
        responder_key: &key.public,
        certificate_id: rootrite::pki::build::CertIdHash::Sha1,
        produced_at: from,
        responses: &good_single,
        fills: &none,
    };
    let draft = |values| built_in("ocsp-response").ocsp_response().unwrap().draft(&values).map(drop);
    assert_eq!(draft(good), Ok(()));
    assert_eq!(
        draft(OcspResponseValues { responses: &bad_single, ..good }),
        Err(ProfileError::Times { from, to })
    );
    assert_eq!(draft(OcspResponseValues { responses: &[], ..good }), Err(ProfileError::NoCertificates));
    assert_eq!(draft(OcspResponseValues { fills: &urls, ..good }), Err(not_open.clone()));

    let values = RequestValues { subject: &issuer, key: &key.public, fills: &urls };
    assert_eq!(built_in("certificate-request").request().unwrap().draft(&values), Err(not_open));
}

#[test]
fn every_built_in_profile_is_read_and_has_a_digest_of_its_own() {
    let mut digests: Vec<_> = BuiltIn.names().unwrap().iter().map(|name| built_in(name).sha256()).collect();
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!((count, digests.len()), (7, 7));
}

/// A folder with what was issued, and the program that judges it.
struct Table {
    folder: tempfile::TempDir,
}

/// A name and its key.
struct Authority {
    name: Name,
    key: Key,
    serial: SerialNumber,
    certificate: Vec<u8>,
}

impl Table {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn root(&self, common_name: &str, file: &str) -> Authority {
        let profile = built_in("root-ca");
        let profile = profile.certificate().unwrap();
        let key = Key::new();
        let name = name(profile.names(), common_name);
        let serial = serial();
        let values =
            Values { profile, issuer: &name, signer: &key, issuer_identifier: None, lasts: "3650 days" };
        let certificate = values.sign(&name, &serial, &key.public, None, &Fills::new());
        self.write(&format!("{file}.pem"), "CERTIFICATE", &certificate);
        Authority { name, key, serial, certificate }
    }

    fn issue(&self, wanted: &Wanted<'_>, common_name: &str, issuer: &Authority) -> Authority {
        let profile = built_in(wanted.profile);
        let name = name(profile.certificate().unwrap().names(), common_name);
        let subject = Authority { name, key: Key::new(), serial: serial(), certificate: Vec::new() };
        let (serial, certificate) = self.certify(wanted, &subject, issuer);
        Authority { serial, certificate, ..subject }
    }

    fn certify(
        &self,
        wanted: &Wanted<'_>,
        subject: &Authority,
        issuer: &Authority,
    ) -> (SerialNumber, Vec<u8>) {
        let profile = built_in(wanted.profile);
        let profile = profile.certificate().unwrap();
        let issuer_identifier = Some(identifier("root-ca", issuer));
        let (issuer, signer) = (&issuer.name, &issuer.key);
        let serial = serial();
        let values = Values { profile, issuer, signer, issuer_identifier, lasts: "1095 days" };
        let certificate =
            values.sign(&subject.name, &serial, &subject.key.public, wanted.copied, wanted.fills);
        self.write(&format!("{}.pem", wanted.file), "CERTIFICATE", &certificate);
        (serial, certificate)
    }

    fn crl(&self, root: &Authority, revoked: &Authority) {
        let profile = built_in("root-crl");
        let profile = profile.crl().unwrap();
        let identifier = identifier("root-ca", root);
        for (file, revoked) in [
            ("empty.crl", Vec::new()),
            (
                "full.crl",
                vec![RevokedParts {
                    serial: revoked.serial.clone(),
                    revoked_at: at("2026-10-31T12:00:00Z"),
                    reason: Reason::Superseded,
                }],
            ),
        ] {
            let draft = profile.draft(&CrlValues {
                issuer: &root.name,
                issuer_key_identifier: Some(&identifier),
                issuer_signature: root.key.algorithm(),
                number: &[1],
                this_update: at("2026-11-01T00:00:00Z"),
                next_update: at("2027-10-30T23:59:59Z"),
                revoked: &RevokedList::of(revoked.clone()),
                fills: &Fills::new(),
            });
            self.write(
                file,
                "X509 CRL",
                &root.key.signed(&draft.unwrap().to_vec().unwrap(), root.key.algorithm()),
            );
            let text = self.openssl(&["crl", "-in", file, "-CAfile", "root.pem", "-noout", "-text"]);
            assert_eq!(text.contains("Superseded"), !revoked.is_empty(), "{text}");
            assert_eq!(text.contains("No Revoked Certificates"), revoked.is_empty(), "{text}");
            assert!(text.contains("Version 2 (0x1)") && text.contains("X509v3 CRL Number"), "{text}");
        }
    }

    fn ocsp(&self, root: &Authority, responder: &Authority, about: &Authority) {
        let profile = built_in("ocsp-response");
        let profile = profile.ocsp_response().unwrap();
        let revoked = Status::Revoked { at: at("2026-10-31T12:00:00Z"), reason: Reason::KeyCompromise };
        for (status, word) in [(Status::Good, "sub.pem: good"), (revoked, "sub.pem: revoked")] {
            let draft = profile.draft(&OcspResponseValues {
                issuer: &root.name,
                issuer_key: &root.key.public,
                responder: &responder.name,
                responder_key: &responder.key.public,
                certificate_id: rootrite::pki::build::CertIdHash::Sha1,
                produced_at: at("2026-11-01T08:00:00Z"),
                responses: &[SingleResponse {
                    serial: about.serial.clone(),
                    status,
                    this_update: at("2026-11-01T00:00:00Z"),
                    next_update: at("2027-10-30T23:59:59Z"),
                }],
                fills: &Fills::new(),
            });
            assert!(profile.has_responder_certificate());
            let response = responder.key.ocsp_response(&draft.unwrap(), &responder.certificate);
            self.write("response.pem", "OCSP RESPONSE", &response);
            fs::write(self.path("response.der"), response).unwrap();
            // The certificates are judged at a given time; for the response openssl only knows the machine's.
            let now = at("2026-11-02T00:00:00Z").seconds().to_string();
            let skew = ["-attime", &now, "-validity_period", "1000000000"];
            let ask = ["ocsp", "-respin", "response.der", "-issuer", "root.pem", "-cert", "sub.pem"];
            let text = self.openssl(&[&ask[..], &["-CAfile", "root.pem", "-no_nonce"], &skew[..]].concat());
            assert!(text.contains(word), "{text}");
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, label: &str, der: &[u8]) {
        let ending = der::pem::LineEnding::LF;
        fs::write(self.path(file), der::pem::encode_string(label, ending, der).unwrap()).unwrap();
        if let Some(kept) = std::env::var_os("ROOTRITE_TEST_KEEP") {
            fs::copy(self.path(file), Path::new(&kept).join(file)).unwrap();
        }
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        let output = Command::new("openssl").current_dir(self.folder.path()).args(arguments).output();
        let output = output.expect("openssl is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}\n{text}{errors}");
        assert!(!errors.contains("error") && !errors.contains("Fail"), "{errors}");
        text
    }
}

/// A certificate that is to be issued.
struct Wanted<'w> {
    profile: &'w str,
    fills: &'w Fills,
    copied: Option<&'w Copied>,
    file: &'w str,
}

/// What certificates of one issuer under one profile share.
struct Values<'v> {
    profile: &'v CertificateProfile,
    issuer: &'v Name,
    signer: &'v Key,
    issuer_identifier: Option<Vec<u8>>,
    lasts: &'v str,
}

impl Values<'_> {
    fn sign(
        &self,
        subject: &Name,
        serial: &SerialNumber,
        key: &PublicKey,
        copied: Option<&Copied>,
        fills: &Fills,
    ) -> Vec<u8> {
        let lasts = self.profile.open().lasts(Some(self.lasts.parse::<Lasting>().unwrap())).unwrap();
        let draft = self.profile.draft(&CertificateValues {
            issuer: self.issuer,
            subject,
            serial,
            validity: Validity::lasting(at("2026-11-01T00:00:00Z"), lasts).unwrap(),
            key,
            issuer_key_identifier: self.issuer_identifier.as_deref(),
            issuer_signature: self.signer.algorithm(),
            copied,
            fills,
        });
        self.signer.signed(&draft.unwrap(), self.signer.algorithm())
    }
}

struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let public = PublicKey::from_ec_point(Curve::P384, pair.public_key().as_ref()).unwrap();
        Self { pair, public }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::for_key(&self.public)
    }

    fn signed(&self, draft: &[u8], algorithm: SignatureAlgorithm) -> Vec<u8> {
        assemble(draft, &algorithm.der(), self.sign(draft).as_ref())
    }

    fn ocsp_response(&self, draft: &[u8], certificate: &[u8]) -> Vec<u8> {
        ocsp_response(draft, &self.algorithm().der(), self.sign(draft).as_ref(), &[certificate])
    }

    fn sign(&self, draft: &[u8]) -> ring::signature::Signature {
        self.pair.sign(&SystemRandom::new(), draft).unwrap()
    }
}

fn unfilled(name: &str) -> ProfileError {
    ProfileError::Unfilled { name: name.to_owned() }
}

/// A root without a subject key identifier.
const BARE: &str = "rootrite-profile: 1\nkind: root\nsignature: rsa-sha256\nnames: {}\nkey-identifier: sha1\n\
                    extensions: [{authority-key-identifier: {}}]\nopen: [lasts]\n";

fn urls() -> Fills {
    let url = |name: &str, url: &str| (name.to_owned(), url.to_owned());
    [url("issuer-url", "http://x1.i.example.org/"), url("crl-url", "http://x1.c.example.org/")].into()
}

fn built_in(name: &str) -> Profile {
    let (file, octets) = BuiltIn.find(name).unwrap().unwrap();
    Profile::read(&file, &octets, &BuiltIn).unwrap_or_else(|problems| panic!("{problems}"))
}

fn identifier(profile: &str, authority: &Authority) -> Vec<u8> {
    let profile = built_in(profile);
    profile.certificate().unwrap().subject_key_identifier(&authority.key.public, None).unwrap()
}

fn name(forms: &NameForms, common_name: &str) -> Name {
    let parts = [("C", "US"), ("O", "Example Trust Services"), ("CN", common_name)];
    let parts = parts.map(|(kind, text)| NamePart {
        kind: kind.to_owned(),
        joined: false,
        text: text.to_owned(),
        place: Place::START,
    });
    forms.name(&parts, &mut Problems::new(Source::new("t", ""))).unwrap()
}

fn serial() -> SerialNumber {
    let mut random = [0; 16];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut random).unwrap();
    SerialNumber::from_random(random)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
