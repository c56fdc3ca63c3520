//! What we build, judged by OpenSSL: a root, a subordinate CA, a CRL, OCSP responses, a request.
//!
//! Where there is no `openssl` command, the tests say so.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, and says aloud what it skipped"
)]

use std::path::Path;
use std::process::Command;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use rootrite::clock::Timestamp;
use rootrite::pki::Message;
use rootrite::pki::build::{
    self, Access, CertIdHash, CertIdParts, CertificateParts, CrlParts, Extension, PolicyParts, RequestParts,
    Responder, ResponseParts, RevokedList, RevokedParts, SingleParts, Status,
};
use rootrite::pki::key::{Curve, PublicKey};
use rootrite::pki::key_identifier::KeyIdentifierMethod;
use rootrite::pki::name::{Attribute, Name, StringForm, attribute_type};
use rootrite::pki::oid::{policy, purpose};
use rootrite::pki::pem;
use rootrite::pki::read;
use rootrite::pki::reason::Reason;
use rootrite::pki::serial::SerialNumber;
use rootrite::pki::signature::{SignatureAlgorithm, SignatureError, verify_signature};
use rootrite::pki::usage::KeyUsage;
use rootrite::pki::validity::Validity;

struct Signer {
    pair: EcdsaKeyPair,
    key: PublicKey,
    algorithm: Vec<u8>,
}

impl Signer {
    fn new() -> Self {
        let (random, signing) = (SystemRandom::new(), &ECDSA_P384_SHA384_ASN1_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, pair.as_ref(), &random).unwrap();
        let key = PublicKey::from_ec_point(Curve::P384, pair.public_key().as_ref()).unwrap();
        let algorithm = SignatureAlgorithm::for_key(&key).der();
        Self { pair, key, algorithm }
    }

    fn sign(&self, tbs: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), tbs).unwrap().as_ref().to_vec()
    }

    fn certificate(&self, parts: &CertificateParts<'_>) -> Vec<u8> {
        let tbs = build::tbs_certificate(parts);
        build::assemble(&tbs, &self.algorithm, &self.sign(&tbs))
    }

    fn identifier(&self) -> Vec<u8> {
        KeyIdentifierMethod::Rfc7093Method1.identifier(&self.key)
    }
}

fn name(common: &str) -> Name {
    let attribute = |short, form, value: &str| Attribute {
        kind: attribute_type(short).unwrap(),
        form,
        value: value.into(),
    };
    Name::from_attributes(&[
        attribute("C", StringForm::Printable, "US"),
        attribute("O", StringForm::Utf8, "Exämple Trust Services"),
        attribute("CN", StringForm::Printable, common),
    ])
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct World {
    root: Signer,
    sub: Signer,
    root_der: Vec<u8>,
    sub_der: Vec<u8>,
    sub_serial: SerialNumber,
}

fn world() -> World {
    let (root, sub) = (Signer::new(), Signer::new());
    let (root_name, sub_name) = (name("Root X1"), name("E1"));
    let usage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
    let root_der = root.certificate(&CertificateParts {
        serial: SerialNumber::from_random([0xab; 16]).der_content(),
        algorithm: &root.algorithm,
        issuer: &root_name,
        validity: Validity::new(at("2026-11-01T00:00:00Z"), at("2051-10-28T23:59:59Z")).unwrap(),
        subject: &root_name,
        spki: root.key.spki_der(),
        extensions: &[
            Extension::key_usage(true, usage).unwrap(),
            Extension::basic_constraints(true, true, None).unwrap(),
            Extension::subject_key_identifier(&root.identifier()).unwrap(),
            Extension::authority_key_identifier(&root.identifier()).unwrap(),
        ],
    });
    let sub_serial = SerialNumber::from_random([0xcd; 16]);
    let sub_der = root.certificate(&CertificateParts {
        serial: sub_serial.der_content(),
        algorithm: &root.algorithm,
        issuer: &root_name,
        validity: Validity::new(at("2026-11-01T00:00:00Z"), at("2046-10-30T23:59:59Z")).unwrap(),
        subject: &sub_name,
        spki: sub.key.spki_der(),
        extensions: &[
            Extension::key_usage(true, usage.and(KeyUsage::DIGITAL_SIGNATURE)).unwrap(),
            Extension::extended_key_usage(false, &[purpose::SERVER_AUTH]).unwrap(),
            Extension::basic_constraints(true, true, Some(0)).unwrap(),
            Extension::subject_key_identifier(&sub.identifier()).unwrap(),
            Extension::authority_key_identifier(&root.identifier()).unwrap(),
            Extension::authority_information_access(&[(Access::CaIssuers, "http://x1.i.example.org/")])
                .unwrap(),
            Extension::certificate_policies(
                false,
                &[PolicyParts { policy: policy::DOMAIN_VALIDATED, cps: Some("http://cps.example.org") }],
            )
            .unwrap(),
            Extension::crl_distribution_points(&[&["http://x1.c.example.org/"]]).unwrap(),
        ],
    });
    World { root, sub, root_der, sub_der, sub_serial }
}

/// Runs `openssl` in `folder` and gives its success and everything it wrote.
fn openssl(folder: &Path, arguments: &str) -> Option<(bool, String)> {
    match Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "there is no openssl command: {error}");
            println!("SKIPPED: there is no openssl command: {error}");
            None
        }
    }
}

fn accepts(folder: &Path, arguments: &str, wanted: &[&str]) {
    let Some((success, text)) = openssl(folder, arguments) else { return };
    assert!(success, "openssl {arguments}\n{text}");
    for wanted in wanted {
        assert!(text.contains(wanted), "no `{wanted}` in: openssl {arguments}\n{text}");
    }
}

#[test]
fn openssl_accepts_the_chain_and_reads_what_was_meant() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let write = |file: &str, text: String| std::fs::write(folder.path().join(file), text).unwrap();
    write("root.pem", pem::write(pem::CERTIFICATE, &world.root_der));
    write("sub.pem", pem::write(pem::CERTIFICATE, &world.sub_der));
    let verify = "verify -x509_strict -check_ss_sig -attime 1793800000 -CAfile root.pem root.pem sub.pem";
    accepts(folder.path(), verify, &["root.pem: OK", "sub.pem: OK"]);
    accepts(
        folder.path(),
        "x509 -in sub.pem -noout -text -nameopt utf8,sep_comma_plus",
        &[
            "Serial Number:\n            01:cd:cd",
            "Not After : Oct 30 23:59:59 2046 GMT",
            "O=Exämple Trust Services",
            "X509v3 Key Usage: critical\n                Digital Signature, Certificate Sign, CRL Sign",
            "X509v3 Extended Key Usage: \n                TLS Web Server Authentication",
            "CA:TRUE, pathlen:0",
            "CA Issuers - URI:http://x1.i.example.org/",
            "Policy: 2.23.140.1.2.1\n                  CPS: http://cps.example.org",
            "Full Name:\n                  URI:http://x1.c.example.org/",
        ],
    );
    accepts(folder.path(), "x509 -in root.pem -noout -text", &["Not After : Oct 28 23:59:59 2051 GMT"]);
}

#[test]
fn openssl_reads_every_entry_of_a_crl_that_was_streamed() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let mut sorter = rootrite::pki::revoked::Sorter::new();
    // More than are held in memory, in descending order.
    for number in (0..5000_u32).rev() {
        let entry = RevokedParts {
            serial: SerialNumber::from_hex(&format!("01{number:08x}")).unwrap(),
            revoked_at: at("2026-11-02T00:00:00Z"),
            reason: Reason::Superseded,
        };
        sorter.push(&entry, u64::from(number)).unwrap();
    }
    let tbs = build::tbs_crl(&CrlParts {
        algorithm: &world.root.algorithm,
        issuer: &name("Root X1"),
        this_update: at("2026-11-02T00:00:00Z"),
        next_update: at("2027-10-31T23:59:59Z"),
        revoked: &sorter.finish().unwrap(),
        extensions: &[Extension::authority_key_identifier(&world.root.identifier()).unwrap()],
    });
    let signature = world.root.sign(&tbs.to_vec().unwrap());
    let crl = build::assemble_streamed(&tbs, &world.root.algorithm, &signature);
    let mut file = std::fs::File::create(folder.path().join("root.crl")).unwrap();
    std::io::copy(&mut pem::Writer::new(pem::CRL, crl.reader()), &mut file).unwrap();
    std::fs::write(folder.path().join("root.pem"), pem::write(pem::CERTIFICATE, &world.root_der)).unwrap();
    let arguments = "crl -in root.crl -CAfile root.pem -noout -text";
    let Some((success, said)) = openssl(folder.path(), arguments) else { return };
    assert!(success && said.contains("verify OK"), "{said}");
    assert_eq!(said.matches("Serial Number: 01").count(), 5000);
    assert_eq!(said.matches("Superseded").count(), 5000);
}

#[test]
fn openssl_accepts_the_crl() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let revoked = [RevokedParts {
        serial: world.sub_serial.clone(),
        revoked_at: at("2026-11-02T00:00:00Z"),
        reason: Reason::Superseded,
    }];
    for (revoked, wanted) in [(&[][..], "No Revoked Certificates"), (&revoked[..], "Superseded")] {
        let tbs = build::tbs_crl(&CrlParts {
            algorithm: &world.root.algorithm,
            issuer: &name("Root X1"),
            this_update: at("2026-11-02T00:00:00Z"),
            next_update: at("2027-10-31T23:59:59Z"),
            revoked: &RevokedList::of(revoked.to_vec()),
            extensions: &[
                Extension::authority_key_identifier(&world.root.identifier()).unwrap(),
                Extension::crl_number(0x80),
            ],
        });
        let tbs = tbs.to_vec().unwrap();
        let crl = build::assemble(&tbs, &world.root.algorithm, &world.root.sign(&tbs));
        let view = read::crl(&crl).unwrap();
        assert_eq!(view.tbs().entries().count(), revoked.len());
        assert_eq!(view.tbs().extensions().crl_number().unwrap(), Some(&[0, 0x80][..]));
        std::fs::write(folder.path().join("root.pem"), pem::write(pem::CERTIFICATE, &world.root_der))
            .unwrap();
        std::fs::write(folder.path().join("root.crl"), pem::write(pem::CRL, &crl)).unwrap();
        accepts(
            folder.path(),
            "crl -in root.crl -CAfile root.pem -noout -text",
            &["verify OK", wanted, "128"],
        );
    }
}

#[test]
fn openssl_accepts_the_ocsp_responses() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("root.pem"), pem::write(pem::CERTIFICATE, &world.root_der)).unwrap();
    std::fs::write(folder.path().join("sub.pem"), pem::write(pem::CERTIFICATE, &world.sub_der)).unwrap();
    let root_name = name("Root X1");
    let revoked = Status::Revoked { at: at("2026-11-02T00:00:00Z"), reason: Reason::CessationOfOperation };
    for (hash, option) in [(CertIdHash::Sha1, "-sha1"), (CertIdHash::Sha256, "-sha256")] {
        for (responder, status, wanted) in [
            (Responder::ByKey(&world.root.key), Status::Good, "sub.pem: good"),
            (Responder::ByName(&root_name), revoked, "Reason: cessationOfOperation"),
        ] {
            let tbs = build::response_data(&ResponseParts {
                responder,
                produced_at: at("2026-11-03T00:00:00Z"),
                responses: &[SingleParts {
                    cert_id: CertIdParts::new(hash, &root_name, &world.root.key, world.sub_serial.clone()),
                    status,
                    this_update: at("2026-11-03T00:00:00Z"),
                    next_update: at("2999-10-31T23:59:59Z"),
                }],
                extensions: &[],
            });
            let response = build::ocsp_response(&tbs, &world.root.algorithm, &world.root.sign(&tbs), &[]);
            let view = read::ocsp_response(&response).unwrap().basic().unwrap();
            assert_eq!(view.tbs().octets(), tbs);
            let key = &world.root.key;
            let algorithm = view.signature_algorithm().signature_algorithm().unwrap();
            assert_eq!(verify_signature(key, algorithm, view.tbs().octets(), view.signature()), Ok(()));
            std::fs::write(folder.path().join("response.der"), &response).unwrap();
            let command = format!(
                "ocsp -respin response.der {option} -issuer root.pem -cert sub.pem -CAfile root.pem -VAfile root.pem \
                 -validity_period 999999999 -attime 1793800000"
            );
            // OpenSSL has no -attime for the response itself: this update may lie ahead of the machine's clock.
            let Some((_, text)) = openssl(folder.path(), &command) else { return };
            assert!(text.contains("Response verify OK") && text.contains(wanted), "{text}");
        }
    }
}

#[test]
fn openssl_accepts_the_request() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let wanted = Extension::basic_constraints(true, true, Some(0)).unwrap();
    for extensions in [&[][..], &[wanted]] {
        let parts = RequestParts { subject: &name("E1"), spki: world.sub.key.spki_der(), extensions };
        let info = build::request_info(&parts);
        let request = build::assemble(&info, &world.sub.algorithm, &world.sub.sign(&info));
        let view = read::request(&request).unwrap();
        assert_eq!(view.info().public_key().unwrap(), world.sub.key);
        assert_eq!(view.info().extensions().unwrap().iter().count(), extensions.len());
        std::fs::write(folder.path().join("sub.csr"), pem::write(pem::REQUEST, &request)).unwrap();
        accepts(folder.path(), "req -in sub.csr -verify -noout -text", &["verify OK"]);
    }
}

#[test]
fn signatures_by_openssl_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("message"), "message").unwrap();
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    for (key, algorithm, hash, options) in [
        ("RSA -pkeyopt rsa_keygen_bits:2048", "rsa-sha256", "sha256", ""),
        ("RSA -pkeyopt rsa_keygen_bits:2048", "rsa-sha512", "sha512", ""),
        ("RSA -pkeyopt rsa_keygen_bits:3072", "rsa-pss-sha384", "sha384", pss),
        // The encoded message has as many octets as the modulus, one less, and fewer than whole bits.
        ("RSA -pkeyopt rsa_keygen_bits:2049", "rsa-pss-sha256", "sha256", pss),
        ("RSA -pkeyopt rsa_keygen_bits:2053", "rsa-pss-sha512", "sha512", pss),
        ("EC -pkeyopt ec_paramgen_curve:P-521", "ecdsa-sha512", "sha512", ""),
        ("EC -pkeyopt ec_paramgen_curve:P-521", "ecdsa-sha256", "sha256", ""),
        ("EC -pkeyopt ec_paramgen_curve:P-384", "ecdsa-sha256", "sha256", ""),
        ("EC -pkeyopt ec_paramgen_curve:P-256", "ecdsa-sha256", "sha256", ""),
    ] {
        let Some((true, _)) = openssl(folder.path(), &format!("genpkey -algorithm {key} -out key.pem"))
        else {
            return;
        };
        accepts(folder.path(), "pkey -in key.pem -pubout -outform DER -out key.der", &[]);
        let sign = format!("dgst -{hash} -sign key.pem {options} -out signature message").replace("  ", " ");
        accepts(folder.path(), &sign, &[]);
        let octets = |file: &str| std::fs::read(folder.path().join(file)).unwrap();
        let key = PublicKey::from_spki_der(&octets("key.der")).unwrap();
        let algorithm: SignatureAlgorithm = algorithm.parse().unwrap();
        let signature = octets("signature");
        assert_eq!(verify_signature(&key, algorithm, b"message", &signature), Ok(()), "{algorithm}");
        let wrong = Err(SignatureError::Wrong);
        assert_eq!(verify_signature(&key, algorithm, b"massage", &signature), wrong, "{algorithm}");
        // A message that is too long to be held is verified from its digest, by other code.
        let long = vec![b'm'; (1 << 20) + 1];
        std::fs::write(folder.path().join("long"), &long).unwrap();
        accepts(folder.path(), &sign.replace("signature message", "signature long"), &[]);
        let mut signature = octets("signature");
        let verified =
            |message: &[u8], signature: &[u8]| Message::whole(algorithm, message).verify(&key, signature);
        assert_eq!(verified(&long, &signature), Ok(()), "{algorithm}");
        assert_eq!(verified(&[&long[..], b"m"].concat(), &signature), wrong, "{algorithm}");
        *signature.last_mut().unwrap() ^= 1;
        assert_eq!(verified(&long, &signature), wrong, "{algorithm}");
        if matches!(algorithm, SignatureAlgorithm::RsaPss(_)) {
            // A salt of another length is another algorithm.
            let salted = sign.replace("saltlen:digest", "saltlen:20");
            accepts(folder.path(), &salted.replace("signature message", "signature long"), &[]);
            assert_eq!(verified(&long, &octets("signature")), wrong, "{algorithm}");
        }
        let signature = {
            accepts(folder.path(), &sign, &[]);
            octets("signature")
        };
        let other = SignatureAlgorithm::ALL.into_iter().find(|other| other.fits(&key) && *other != algorithm);
        if let Some(other) = other {
            assert_eq!(verify_signature(&key, other, b"message", &signature), wrong, "{other}");
        }
    }
}

#[test]
#[ignore = "by hand: depends on the machine"]
fn the_roots_of_this_machine_are_read() {
    let bundle = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let blocks = pem::read(&bundle).unwrap();
    for block in &blocks {
        let (view, faults) = read::lenient::certificate(&block.octets).unwrap();
        let rebuilt = pem::read(pem::write(pem::CERTIFICATE, view.octets()).as_bytes()).unwrap();
        assert_eq!(rebuilt[0].octets, block.octets);
        let key = view.public_key();
        let algorithm = view.signature_algorithm().signature_algorithm();
        let verified =
            key.as_ref().ok().zip(algorithm).map(|(key, algorithm)| {
                verify_signature(key, algorithm, view.tbs().octets(), view.signature())
            });
        let key = key.map(|key| key.to_string());
        println!(
            "{} | {key:?} {algorithm:?} {verified:?} {:?} {:?}",
            view.subject(),
            faults.list(),
            faults.unread()
        );
    }
    println!("{}", blocks.len());
}

#[test]
fn no_octet_of_anything_makes_a_reader_panic() {
    let world = world();
    let readers: [fn(&[u8]) -> bool; 4] = [
        |octets| read::lenient::certificate(octets).is_ok(),
        |octets| read::lenient::crl(octets).is_ok(),
        |octets| read::lenient::ocsp_response(octets).is_ok(),
        |octets| read::lenient::request(octets).is_ok(),
    ];
    for reader in readers {
        for index in 0..world.sub_der.len() {
            assert!(!reader(&world.sub_der[..index]), "cut at {index}");
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut octets = world.sub_der.clone();
                octets[index] ^= flip;
                reader(&octets);
            }
        }
    }
}
