//! Kryoptic, a software token with PKCS#11 3.2, where `scripts/kryoptic` has built it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::not_possible;

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

/// A token.
pub struct KryopticToken {
    /// The module.
    pub library: PathBuf,
    /// What its process needs.
    pub environment: BTreeMap<String, String>,
}

/// A token `root` in a folder, made by OpenSC's tool. Nothing, said, where Kryoptic was not built.
pub fn token(folder: &Path, user_pin: &str, officer_pin: &str) -> Option<KryopticToken> {
    let library = library()?;
    let configuration = folder.join("kryoptic.conf");
    let store = folder.join("token.sql");
    let text = format!("[[slots]]\nslot = 0\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n", store.display());
    std::fs::write(&configuration, text).unwrap();
    for arguments in [
        &["--init-token", "--label", "root", "--so-pin", officer_pin][..],
        &["--login", "--login-type", "so", "--so-pin", officer_pin, "--init-pin", "--pin", user_pin],
    ] {
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(&library).args(["--slot", "0"]).args(arguments);
        let done = tool.env("KRYOPTIC_CONF", &configuration).output().expect("pkcs11-tool is needed: opensc");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let environment =
        BTreeMap::from([("KRYOPTIC_CONF".to_owned(), configuration.to_str().unwrap().to_owned())]);
    Some(KryopticToken { library, environment })
}
