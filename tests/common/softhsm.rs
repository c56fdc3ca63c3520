//! A SoftHSM of a test's own: a folder, a configuration and tokens with known PINs.
//!
//! Nothing outside its folder is touched, and the folder goes when the value does. Never give one folder to two
//! processes at once: SoftHSM loses calls and even tokens then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rootrite::hsm::{
    Login, ModuleConfiguration, ModuleProcess, STANDARD, Session, Token as _, TokenSelector,
};
use rootrite::secret::Pin;

/// A SoftHSM of a test's own.
pub struct SoftHsm {
    folder: tempfile::TempDir,
}

impl SoftHsm {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// If SoftHSM is not installed: tests that need it must not pass without it.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("softhsm").tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            tokens.display()
        );
        std::fs::write(folder.path().join("softhsm2.conf"), text).unwrap();
        Self { folder }
    }

    /// One more token, made by SoftHSM's own tool.
    #[must_use]
    pub fn token(self, label: &str, user_pin: &str, officer_pin: &str) -> Self {
        self.add_token(label, user_pin, officer_pin);
        self
    }

    /// As [`SoftHsm::token`], for a value that is in use. No process may have the folder open.
    pub fn add_token(&self, label: &str, user_pin: &str, officer_pin: &str) {
        let output = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label, "--pin", user_pin, "--so-pin", officer_pin])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment())
            .output()
            .expect("softhsm2-util is needed: apt-get install softhsm2");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The folder that everything is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that the tokens are in.
    pub fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// What a process needs to find it.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let configuration = self.folder.path().join("softhsm2.conf");
        BTreeMap::from([("SOFTHSM2_CONF".to_owned(), configuration.to_str().unwrap().to_owned())])
    }

    /// The module's file.
    pub fn module() -> PathBuf {
        let places = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
        ];
        let found = places.map(PathBuf::from).into_iter().find(|place| place.exists());
        found.expect("SoftHSM is needed: apt-get install softhsm2")
    }

    /// How to start its module with the program under test.
    pub fn configuration(&self) -> ModuleConfiguration {
        ModuleConfiguration {
            program: env!("CARGO_BIN_EXE_rootrite").into(),
            environment: self.environment(),
            ..ModuleConfiguration::new(Self::module())
        }
    }

    /// Its module, started.
    pub fn start(&self) -> ModuleProcess {
        ModuleProcess::start(&self.configuration()).unwrap()
    }
}

/// Any token of a label.
pub fn any(label: &str) -> TokenSelector {
    TokenSelector { label: label.to_owned(), serial: None, model: None }
}

/// A PIN.
pub fn pin(text: &str) -> Pin {
    Pin::read(text.as_bytes()).unwrap()
}

/// A session with the token of a label, the user logged in.
pub fn session(process: &ModuleProcess, label: &str, user_pin: &str) -> Session {
    let mut session = process.open(&any(label), &STANDARD).unwrap();
    session.log_in(Login::Pin(&pin(user_pin))).unwrap();
    session
}
