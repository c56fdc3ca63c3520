//! Kryoptic: what tokens with Ed25519, KWP and ML-DSA say and do.
//!
//! It takes long to build. These tests are made where `scripts/kryoptic` was run before; elsewhere each says that it was
//! left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod common;

use common::kryoptic::token;
use common::modules::{documented, hsm, line, makes_keys};
use rootrite::pki::key::KeyAlgorithm;

#[test]
fn kryoptic_wraps_by_kwp_and_makes_keys_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let Some(token) = token(folder.path(), USER, OFFICER) else { return };
    let which = format!(
        "--module {} --label root --environment KRYOPTIC_CONF={}",
        token.library.display(),
        token.environment["KRYOPTIC_CONF"]
    );
    let doctor = format!("doctor --probe --profile site.yaml {which}");
    // It says its mechanisms as objects, so that it does not seem to be empty.
    let said = hsm(folder.path(), &doctor, USER, "probe\n").with(0).out;
    documented("Kryoptic 1.5.4", &said);
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let wrap = |name: &str| line(&said, &format!("wrap {kind} by {name}")).to_owned();
        let whole = wrap("CKM_AES_KEY_WRAP_KWP (0x210b)");
        assert!(whole.ends_with("rfc5649; it comes back and signs"), "{whole}");
        assert!(wrap("CKM_AES_KEY_WRAP_PAD (0x210a)").starts_with("lacks"), "{said}");
    }
    for kind in ["ed25519", "ml-dsa-65", "ml-dsa-87"] {
        assert!(line(&said, &format!("make {kind}")).starts_with("ok"), "{said}");
        assert!(line(&said, &format!("sign {kind}")).starts_with("ok"), "{said}");
    }
    // Its model is `v1`: that it is software is known by its maker.
    assert!(said.contains("\n    class: software\n"), "{said}");
    let text = std::fs::read_to_string(folder.path().join("site.yaml")).unwrap();
    assert!(text.contains("wrap: [{format: rfc5649, mechanism: 0x210b}]"), "{text}");
    for algorithm in KEYS {
        makes_keys(folder.path(), USER, algorithm);
    }
}

/// What is made on the token itself: kinds that no other module of the tests has, and one that all have.
const KEYS: [KeyAlgorithm; 4] =
    [KeyAlgorithm::Ed25519, KeyAlgorithm::MlDsa65, KeyAlgorithm::MlDsa87, KeyAlgorithm::EcdsaP384];
const USER: &str = "12345678";
const OFFICER: &str = "87654321";
