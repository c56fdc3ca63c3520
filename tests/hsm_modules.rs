//! Other modules than SoftHSM: what `hsm doctor` finds out about them, and that keys of a ceremony are made there and sign.
//!
//! NSS's softokn and opencryptoki's soft token need no device. `scripts/test` installs both; in CI neither is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::path::Path;

use common::modules::{documented, hsm, line, makes_keys, signs_in_pieces};
use common::program::{skipped, tool};
use rootrite::pki::key::KeyAlgorithm;

#[test]
fn nss_writes_its_own_format_under_a_known_number_and_makes_keys() {
    let folder = tempfile::tempdir().unwrap();
    let module = Path::new("/usr/lib/x86_64-linux-gnu/libsoftokn3.so");
    if !module.is_file() {
        return skipped("NSS is not installed (libnss3)");
    }
    std::fs::write(folder.path().join("new-pin"), "123456\n").unwrap();
    let Some(made) = tool("certutil", folder.path(), ["-N", "-d", "sql:.", "-f", "new-pin"]) else { return };
    let _ = made.with(0);
    let arguments = format!(
        "doctor --probe --profile site.yaml --module {} --label 'NSS Certificate DB' --reserved \"configdir='sql:{}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=\"",
        module.display(),
        folder.path().display()
    );
    // A key on a curve does not come back without an attribute of NSS's own.
    let said = hsm(folder.path(), &arguments, "123456", "").with(4).out;
    documented("NSS 3.87, softokn", &said);
    let wrap = |kind: &str, name: &str| line(&said, &format!("wrap {kind} by {name}")).to_owned();
    assert!(
        wrap("rsa-2048", "CKM_AES_KEY_WRAP_PAD (0x210a)").ends_with("rfc3394-pkcs7; it comes back and signs")
    );
    assert!(wrap("rsa-2048", "CKM_AES_KEY_WRAP_KWP (0x210b)").ends_with("rfc5649; it comes back and signs"));
    assert!(
        wrap("ecdsa-p256", "CKM_AES_KEY_WRAP_KWP (0x210b)").contains("rfc5649, and it does not come back")
    );
    assert!(line(&said, "make ecdsa-p384").ends_with("not what happened: CKA_LOCAL"), "{said}");
    assert!(line(&said, "make ed25519").starts_with("lacks"), "{said}");
    assert!(said.contains("quirks: {like: nss-3, reserved: "), "{said}");
    for algorithm in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
        makes_keys(folder.path(), "123456", algorithm);
        signs_in_pieces(folder.path(), "123456", algorithm, algorithm == KeyAlgorithm::Rsa2048);
    }
}

/// opencryptoki's soft token, made anew with this PIN; nothing where that is not wanted.
fn opencryptoki(folder: &Path, user: &str) -> Option<()> {
    if std::env::var_os("ROOTRITE_OPENCRYPTOKI").is_none() {
        skipped(
            "opencryptoki's soft token is one for the whole machine; ROOTRITE_OPENCRYPTOKI=1 makes it anew",
        );
        return None;
    }
    // The folders stay: without them the token loses its objects and says nothing.
    for folder in [Path::new(SOFT_TOKEN), &Path::new(SOFT_TOKEN).join("TOK_OBJ")] {
        for file in std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
        {
            std::fs::remove_file(file).unwrap();
        }
    }
    for (arguments, what) in [
        ("--init-token --label OCK --so-pin 87654321", "made"),
        ("--login --login-type so --so-pin 87654321 --change-pin --new-pin 11223344", "changed"),
        ("--login --login-type so --so-pin 11223344 --init-pin --pin 12345678", "given a PIN"),
        (&format!("--login --pin 12345678 --change-pin --new-pin {user}"), "given the user's own"),
    ] {
        let line = format!("exec pkcs11-tool --module {OPENCRYPTOKI} --slot 3 {arguments}");
        let done = tool("sh", folder, ["-c", &line])?;
        assert_eq!(done.code, Some(0), "not {what}: {}", done.both());
    }
    Some(())
}

#[test]
fn opencryptoki_takes_shorter_templates_and_is_never_locked() {
    let folder = tempfile::tempdir().unwrap();
    let Some(()) = opencryptoki(folder.path(), "654321") else { return };
    let which = format!("--module {OPENCRYPTOKI} --label OCK");
    let said =
        hsm(folder.path(), &format!("doctor --probe --profile site.yaml {which}"), "654321", "").with(0).out;
    documented("opencryptoki 3.8.1, soft token", &said);
    assert!(
        line(&said, "make rsa-2048")
            .contains("not accepted of the private key: CKA_COPYABLE, CKA_DESTROYABLE"),
        "{said}"
    );
    assert!(line(&said, "make ecdsa-p256").starts_with("lacks"), "{said}");
    // What its file says of the make is what was found.
    assert!(said.contains("\n    quirks: opencryptoki-3\n"), "{said}");
    makes_keys(folder.path(), "654321", KeyAlgorithm::Rsa2048);
    // Three wrong PINs lock it. One is tried; the second only by a word; the third never.
    let doctor = format!("doctor --probe {which}");
    let first = hsm(folder.path(), &doctor, "000000", "").with(3);
    assert!(first.error.contains("nothing is tried again"), "{}", first.error);
    let second = hsm(folder.path(), &doctor, "000000", "again\n").with(3);
    assert!(second.error.contains("nothing is tried again"), "{}", second.error);
    for _ in 0..3 {
        let refused = hsm(folder.path(), &doctor, "000000", "again\n").with(3);
        assert!(refused.error.contains("one try is left"), "{}", refused.error);
    }
    let line = format!("exec pkcs11-tool --module {OPENCRYPTOKI} --slot 3 --login --pin 654321 -O");
    let _ = tool("sh", folder.path(), ["-c", &line]).unwrap().with(0);
}

/// Where the soft token is kept.
const SOFT_TOKEN: &str = "/var/lib/opencryptoki/swtok";
const OPENCRYPTOKI: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/libopencryptoki.so";
