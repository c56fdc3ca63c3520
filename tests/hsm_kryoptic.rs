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

use std::path::{Path, PathBuf};
use std::process::Command;

use common::modules::{hsm, line, makes_keys};
use common::program::not_possible;
use rootrite::pki::key::KeyAlgorithm;

/// The library, where it was built.
fn library() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kryoptic");
    let done = Command::new(script).arg("--there").output().unwrap();
    if !done.status.success() {
        not_possible("Kryoptic is not built on this machine: scripts/kryoptic");
        return None;
    }
    Some(String::from_utf8(done.stdout).unwrap().trim_end().into())
}

/// A token in a folder, made by OpenSC's tool; gives the arguments that name it.
fn token(folder: &Path) -> Option<String> {
    let library = library()?;
    let configuration = folder.join("kryoptic.conf");
    let store = folder.join("token.sql");
    let text = format!("[[slots]]\nslot = 0\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n", store.display());
    std::fs::write(&configuration, text).unwrap();
    for arguments in [
        &["--init-token", "--label", "root", "--so-pin", OFFICER][..],
        &["--login", "--login-type", "so", "--so-pin", OFFICER, "--init-pin", "--pin", USER],
    ] {
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(&library).args(["--slot", "0"]).args(arguments);
        let done = tool.env("KRYOPTIC_CONF", &configuration).output().expect("pkcs11-tool is needed: opensc");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    Some(format!(
        "--module {} --label root --environment KRYOPTIC_CONF={}",
        library.display(),
        configuration.display()
    ))
}

#[test]
fn kryoptic_wraps_by_kwp_and_makes_keys_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let Some(which) = token(folder.path()) else { return };
    let doctor = format!("doctor --probe --profile site.yaml {which}");
    // It says its mechanisms as objects, so that it does not seem to be empty.
    let said = hsm(folder.path(), &doctor, USER, "probe\n").with(0).out;
    for kind in ["ecdsa-p256", "rsa-2048"] {
        let wrap = |name: &str| line(&said, &format!("wrap {kind} by {name}")).to_owned();
        let whole = wrap("CKM_AES_KEY_WRAP_KWP (0x210b)");
        assert!(whole.ends_with("rfc5649; it comes back and signs"), "{whole}");
        assert!(wrap("CKM_AES_KEY_WRAP_PAD (0x210a)").starts_with("lacks"), "{said}");
    }
    assert!(line(&said, "sign ed25519").starts_with("ok"), "{said}");
    // Its model is `v1`: that it is software is known by its maker.
    assert!(said.contains("\n    class: software\n"), "{said}");
    let text = std::fs::read_to_string(folder.path().join("site.yaml")).unwrap();
    assert!(text.contains("wrap: [{format: rfc5649, mechanism: 0x210b}]"), "{text}");
    for algorithm in KEYS {
        makes_keys(folder.path(), USER, algorithm);
    }
}

/// What is made on the token itself: kinds that no other module of the tests has, and one that all have.
const KEYS: [KeyAlgorithm; 2] = [KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP384];
const USER: &str = "12345678";
const OFFICER: &str = "87654321";
