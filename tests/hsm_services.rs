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
use std::path::Path;

use common::SoftHsm;
use common::modules::{hsm, line, makes_keys};
use common::service::{Cable, Tpm};
use rootrite::pki::key::KeyAlgorithm;

/// The arguments that name a token of a module.
fn which(module: &str, label: &str, environment: &BTreeMap<String, String>) -> String {
    let variables: String =
        environment.iter().map(|(name, value)| format!(" --environment '{name}={value}'")).collect();
    format!("--module {module} --label {label}{variables}")
}

#[test]
fn a_tpm_makes_keys_of_its_own_only_and_writes_odd_points() {
    let Some(tpm) = Tpm::new() else { return };
    tpm.token("TPM", "111111", "12345678");
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("doctor --probe --profile site.yaml {}", which(Tpm::MODULE, "TPM", &tpm.environment()));
    let said = hsm(folder.path(), &arguments, "111111", "again\n").with(0).out;
    println!("{said}");
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::EcdsaP521, KeyAlgorithm::Rsa2048] {
        makes_keys(folder.path(), "111111", algorithm);
    }
}

#[test]
fn what_is_behind_a_cable_is_what_it_is_without_one() {
    let Some(cable) = Cable::to(SoftHsm::new().token("root", "123456", "87654321")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("doctor --probe --profile site.yaml {}", which(Cable::MODULE, "root", &cable.environment()));
    let said = hsm(folder.path(), &arguments, "123456", "").with(0).out;
    println!("{said}");
    for algorithm in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        makes_keys(folder.path(), "123456", algorithm);
    }
}
