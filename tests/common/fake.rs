//! The module of `tests/fake-module`, which does what a word in its environment says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rootrite::hsm::ModuleConfiguration;

/// Its file, built by the compiler that links Rust programs too.
///
/// # Panics
///
/// If there is no C compiler.
pub fn module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fake-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-module/module.c");
        let status = Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .args([&place, &source])
            .status()
            .expect("a C compiler is needed: apt-get install gcc");
        assert!(status.success());
        place
    })
}

/// How to start it with the program under test.
pub fn configuration(words: &str) -> ModuleConfiguration {
    ModuleConfiguration {
        program: env!("CARGO_BIN_EXE_rootrite").into(),
        environment: BTreeMap::from([("FAKE".to_owned(), words.to_owned())]),
        ..ModuleConfiguration::new(module())
    }
}
