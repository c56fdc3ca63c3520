//! Modules that speak to another process: a TPM in software, and a SoftHSM behind a cable that can be pulled.
//!
//! Both need no device. `scripts/test` installs what they need; in CI neither is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::collections::BTreeMap;

use common::SoftHsm;
use common::modules::{documented, enter, hsm, line, makes_keys, request, signs_in_pieces};
use common::service::{Cable, Tpm};
use rootrite::hsm::{
    AttributeName, DataObject, HashAlgorithm, LOG_HEAD, Reading, ToSign, Token as _, TokenError,
};
use rootrite::pki::key::KeyAlgorithm;

/// The arguments that name a token of a module.
fn which(module: &str, label: &str, environment: &BTreeMap<String, String>) -> String {
    let variables: Vec<String> =
        environment.iter().map(|(name, value)| format!("--environment '{name}={value}'")).collect();
    format!("--module {module} --label {label} {}", variables.join(" "))
}

#[test]
fn a_tpm_makes_keys_of_its_own_only_and_they_sign() {
    let Some(tpm) = Tpm::new() else { return };
    tpm.token("TPM", USER, OFFICER);
    let folder = tempfile::tempdir().unwrap();
    let doctor =
        format!("doctor --probe --profile site.yaml {}", which(Tpm::MODULE, "TPM", &tpm.environment()));
    let said = hsm(folder.path(), &doctor, USER, "again\n").with(0).out;
    documented("tpm2-pkcs11 1.9.0 over swtpm", &said);
    assert!(line(&said, "make ecdsa-p256").starts_with("unknown"), "{said}");
    assert!(line(&said, "make ecdsa-p256").contains("not for a session only"), "{said}");
    assert!(line(&said, "make ed25519").starts_with("lacks"), "{said}");
    assert!(line(&said, "wrap rsa-2048").starts_with("unknown"), "{said}");
    // Keys of its own are all that it makes, and it says of each kind what a key of a session could not.
    let objects = format!(
        "doctor --probe --objects --serial 0000000000000000 {}",
        which(Tpm::MODULE, "TPM", &tpm.environment())
    );
    let own = hsm(folder.path(), &objects, USER, "again\nobjects\n").with(4);
    for algorithm in ["ecdsa-p256", "ecdsa-p384", "rsa-2048"] {
        let made = line(&own.out, &format!("make {algorithm} of the token"));
        assert!(made.starts_with("ok"), "{}", own.both());
        let signs = line(&own.out, &format!("sign {algorithm} of the token"));
        assert!(signs.starts_with("ok"), "{}", own.both());
    }
    // What it says of a key is what somebody wrote there last.
    let changes = |what: &str| line(&own.out, &format!("change {what} of a key")).to_owned();
    assert!(changes("CKA_SENSITIVE").starts_with("lacks"), "{}", own.both());
    assert!(changes("CKA_SENSITIVE").ends_with("its secret is not shown all the same"), "{}", own.both());
    assert!(changes("CKA_EXTRACTABLE").starts_with("wrong"), "{}", own.both());
    let leaves = line(&own.out, "make a key that may leave, ecdsa-p256, of the token");
    assert!(leaves.starts_with("lacks") && leaves.contains("takes no template"), "{}", own.both());
    assert!(line(&own.out, "inventory in a fresh process").starts_with("ok"), "{}", own.both());
    // What its file says of the make is what was found: keys are made by it.
    assert!(said.contains("\n    quirks: tpm2-pkcs11-1\n"), "{said}");
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
        makes_keys(folder.path(), USER, algorithm);
        signs_in_pieces(folder.path(), USER, algorithm, false);
    }
    // Its points on P-521 are no DER. They are read all the same; the module itself cannot read them when it is to sign.
    let (process, mut session) = enter(folder.path(), USER);
    let request = request(KeyAlgorithm::EcdsaP521);
    let made = session.generate_key_pair(&request).unwrap();
    let Some(Reading::Octets(point)) = made.public.0.get(&AttributeName::EcPoint) else { panic!("{made:?}") };
    assert_eq!((point.len(), &point[..3]), (135, &[0x04, 0x85, 0x04][..]));
    let octets = [7; 64];
    let signed = session.sign(&request.id, ToSign::Digest { hash: HashAlgorithm::Sha512, octets: &octets });
    assert!(matches!(signed, Err(TokenError::Code { .. })), "{signed:?}");
    // The module holds on to a key that it could not sign with.
    drop(session);
    process.stop().unwrap();
    let (process, mut session) = enter(folder.path(), USER);
    assert_eq!(session.destroy_objects(&request.id).unwrap(), 2);
    // It keeps the log's head, the newest only.
    for value in [&b"first"[..], b"second"] {
        let (label, application) = (LOG_HEAD.to_owned(), "example.org/log".to_owned());
        session.store_data(&DataObject { label, application, value: value.to_vec() }).unwrap();
    }
    let held = session.data(LOG_HEAD).unwrap();
    assert_eq!(held.iter().map(|one| one.value.as_slice()).collect::<Vec<_>>(), [b"second"]);
    drop(session);
    process.stop().unwrap();
}

#[test]
fn a_tpm_that_locks_without_a_warning_is_never_locked() {
    let Some(tpm) = Tpm::new() else { return };
    tpm.token("TPM", USER, OFFICER);
    let folder = tempfile::tempdir().unwrap();
    let doctor = format!("doctor --probe {}", which(Tpm::MODULE, "TPM", &tpm.environment()));
    // It says nothing of tries, before or after a wrong PIN. So each try wants a word, and without one there is none.
    for _ in 0..5 {
        let refused = hsm(folder.path(), &doctor, "000000", "").with(3);
        assert!(refused.error.contains("locks after 3 wrong PINs and never warns"), "{}", refused.error);
        assert!(refused.error.contains("nothing was done"), "{}", refused.error);
    }
    let wrong = hsm(folder.path(), &doctor, "000000", "again\n").with(3);
    assert!(wrong.error.contains("nothing is tried again"), "{}", wrong.error);
    let right = hsm(folder.path(), &doctor, USER, "again\n").with(0);
    assert!(right.out.contains("the token does not say how many tries are left"), "{}", right.out);
    // What would have happened: OpenSC's tool tries as often as it is told to, and then the right PIN is of no use.
    for _ in 0..4 {
        let _ = tpm.tries_pin("000000");
    }
    assert!(!tpm.tries_pin(USER));
}

#[test]
fn what_is_behind_a_cable_is_what_it_is_without_one() {
    let Some(cable) = Cable::to(SoftHsm::new().token("root", USER, OFFICER)) else { return };
    let folder = tempfile::tempdir().unwrap();
    let doctor =
        format!("doctor --probe --profile site.yaml {}", which(Cable::MODULE, "root", &cable.environment()));
    let said = hsm(folder.path(), &doctor, USER, "").with(0).out;
    documented("p11-kit 0.24.1 in front of SoftHSM", &said);
    assert!(line(&said, "make ecdsa-p384").starts_with("ok"), "{said}");
    // Only what it knows itself gets through, whatever the token can do.
    assert!(line(&said, "make ed25519").starts_with("lacks"), "{said}");
    assert!(line(&said, "wrap rsa-2048 by CKM_AES_KEY_WRAP_PAD (0x210a)").starts_with("lacks"), "{said}");
    assert!(said.contains("\n    quirks: p11-kit-client\n"), "{said}");
    for algorithm in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
        makes_keys(folder.path(), USER, algorithm);
    }
}

#[test]
fn only_a_new_process_comes_back_after_the_cable_was_pulled() {
    let Some(cable) = Cable::to(SoftHsm::new().token("root", USER, OFFICER)) else { return };
    let folder = tempfile::tempdir().unwrap();
    let doctor =
        format!("doctor --probe --profile site.yaml {}", which(Cable::MODULE, "root", &cable.environment()));
    let _ = hsm(folder.path(), &doctor, USER, "").with(0);
    let (process, mut session) = enter(folder.path(), USER);
    let request = request(KeyAlgorithm::EcdsaP256);
    session.generate_key_pair(&request).unwrap();
    cable.pull();
    let octets = [7; 32];
    let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &octets };
    // The server takes new connections at once; this process has none any more, and asks for none.
    for _ in 0..3 {
        let failed = session.sign(&request.id, what).unwrap_err();
        assert!(
            matches!(&failed, TokenError::Code { code, .. } if code.to_string() == "CKR_DEVICE_ERROR"),
            "{failed}"
        );
    }
    drop(session);
    // It has no connection to say good-bye through.
    let _ = process.stop();
    let (process, mut session) = enter(folder.path(), USER);
    let signed = session.sign(&request.id, what).unwrap();
    assert!(!signed.is_empty());
    drop(session);
    process.stop().unwrap();
}

const USER: &str = "123456";
const OFFICER: &str = "87654321";
