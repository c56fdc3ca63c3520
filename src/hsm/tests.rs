//! What a call through the module process costs over a call to the module.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use super::direct::Loaded;
use super::{
    Blank, Initialization, KeyId, KeyRequest, Login, ModuleConfiguration, ModuleProcess, STANDARD, ToSign,
    Token, TokenSelector,
};
use crate::pki::key::KeyAlgorithm;
use crate::pki::signature::HashAlgorithm;
use crate::secret::Pin;

/// What a call through the module process costs over a call to the module. Wants SoftHSM and a program that is
/// built: `cargo build && cargo test --lib cost_of -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn the_cost_of_the_module_process() {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, text) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&text, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), text.to_str().unwrap().to_owned())]);
    let module = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("rootrite");
    let configuration = ModuleConfiguration { program, environment, ..ModuleConfiguration::new(&module) };
    let pin = || Pin::read(b"123456").unwrap();
    let selector = TokenSelector { label: "one".to_owned(), serial: None, model: None };
    let key = KeyId::from_octets(&[1; 16]).unwrap();
    let process = ModuleProcess::start(&configuration).unwrap();
    let blank = Blank::Only;
    let wish = Initialization { blank, label: "one".to_owned(), officer_pin: pin(), user_pin: pin() };
    process.initialize_token(wish).unwrap();
    let mut session = process.open(&selector, &STANDARD).unwrap();
    session.log_in(Login::Pin(&pin())).unwrap();
    let algorithm = KeyAlgorithm::EcdsaP256;
    let request = KeyRequest { label: "key".to_owned(), id: key.clone(), algorithm, extractable: false };
    session.generate_key_pair(&request).unwrap();
    measure("through the process", &mut session, &key);
    drop(session);
    process.stop().unwrap();
    if std::env::var_os("SOFTHSM2_CONF").is_none() {
        // The environment of a running program is not for changing: run the direct half in a copy of it.
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--exact", "hsm::tests::the_direct_half"])
            .env("SOFTHSM2_CONF", text)
            .status();
        assert!(status.unwrap().success());
    }
}

#[test]
#[ignore = "half of a measurement"]
fn the_direct_half() {
    let module = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
    let mut loaded = Loaded::start(module, None, None).unwrap();
    let selector = TokenSelector { label: "one".to_owned(), serial: None, model: None };
    let (_, mut direct) = loaded.open(&selector, STANDARD).unwrap();
    direct.log_in(Login::Pin(&Pin::read(b"123456").unwrap())).unwrap();
    measure("directly", &mut direct, &KeyId::from_octets(&[1; 16]).unwrap());
}

fn measure(how: &str, token: &mut dyn Token, key: &KeyId) {
    let digest = HashAlgorithm::Sha256.digest(b"message");
    let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &digest };
    let mut sign = || drop(token.sign(key, what).unwrap());
    let signing = best(&mut sign);
    let mut random = || drop(token.random(16).unwrap());
    let drawing = best(&mut random);
    writeln!(std::io::stdout(), "{how}: P-256 signature {signing:.1} us, 16 random octets {drawing:.1} us")
        .unwrap();
}

/// The best of five rounds of 2000 calls, in microseconds a call.
fn best(call: &mut dyn FnMut()) -> f64 {
    let round = |call: &mut dyn FnMut()| {
        let begun = Instant::now();
        (0..2000).for_each(|_| call());
        begun.elapsed().as_secs_f64() * 1e6 / 2000.0
    };
    (0..5).map(|_| round(call)).fold(f64::INFINITY, f64::min)
}
