//! What a call through the module process costs over a call to the module: `cargo bench --bench module-process`.
//!
//! Needs SoftHSM. Makes a token in a new folder, uses it through the program, and then uses it directly, in a copy of
//! this program, because the environment of a running one is not for changing.

#![expect(clippy::print_stdout, reason = "a benchmark says what it found")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use rootrite::hsm::{
    Blank, Initialization, KeyId, KeyRequest, Login, ModuleConfiguration, ModuleProcess, STANDARD, ToSign,
    Token as _, TokenSelector,
};
use rootrite::pki::{HashAlgorithm, KeyAlgorithm};
use rootrite::secret::Pin;

fn main() -> Result<(), Box<dyn Error>> {
    if env::var_os(DIRECTLY).is_some() {
        return directly();
    }
    let folder = tempfile::tempdir()?;
    let (tokens, text) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    fs::create_dir(&tokens)?;
    fs::write(&text, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), text.display().to_string())]);
    let through = through_the_process(environment)?;
    let output = Command::new(env::current_exe()?).env(DIRECTLY, "1").env("SOFTHSM2_CONF", text).output()?;
    if !output.status.success() {
        return Err(format!("the direct half ended with {}", output.status).into());
    }
    let said = String::from_utf8(output.stdout)?;
    print!("{said}");
    let directly =
        said.lines().filter_map(|line| line.rsplit_once(": ")?.1.strip_suffix(" us")?.parse().ok());
    for ((what, through), directly) in WHAT.iter().zip(through).zip(directly.collect::<Vec<f64>>()) {
        println!("the process costs {:.1} us a call, {what} (at most 50 are allowed)", through - directly);
    }
    Ok(())
}

fn through_the_process(environment: BTreeMap<String, String>) -> Result<Vec<f64>, Box<dyn Error>> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rootrite"));
    let configuration = ModuleConfiguration { program, environment, ..ModuleConfiguration::new(MODULE) };
    let begun = Instant::now();
    let process = ModuleProcess::start(&configuration)?;
    println!("starting the process: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    let pin = || Pin::read(PIN.as_bytes());
    let (blank, label) = (Blank::Only, "bench".to_owned());
    process.initialize_token(Initialization {
        blank,
        label,
        officer_pin: pin()?,
        user_pin: pin()?.into(),
    })?;
    let selector = TokenSelector { label: "bench".to_owned(), serial: None, model: None };
    let mut session = process.open(&selector, &STANDARD)?;
    session.log_in(Login::Pin(&pin()?))?;
    let id = KeyId::from_octets(&[1; 16])?;
    let algorithm = KeyAlgorithm::EcdsaP256;
    let request = KeyRequest { label: "key".to_owned(), id: id.clone(), algorithm, extractable: false };
    session.generate_key_pair(&request)?;
    let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &[0x5a; 32] };
    let through = vec![
        best("through the process, P-256 signature", || session.sign(&id, what).map(drop))?,
        best("through the process, 16 random octets", || session.random(16).map(drop))?,
    ];
    drop(session);
    let begun = Instant::now();
    process.stop()?;
    println!("stopping the process: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    Ok(through)
}

fn directly() -> Result<(), Box<dyn Error>> {
    let module = Pkcs11::new(MODULE)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = *module.get_slots_with_initialized_token()?.first().ok_or("there is no token")?;
    let session = module.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::from(PIN)))?;
    let found = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    let key = *found.first().ok_or("there is no key")?;
    best("directly, P-256 signature", || session.sign(&Mechanism::Ecdsa, key, &[0x5a; 32]).map(drop))?;
    best("directly, 16 random octets", || session.generate_random_vec(16).map(drop))?;
    Ok(())
}

/// Says the best of five rounds, in microseconds a call.
fn best<E: Into<Box<dyn Error>>>(
    what: &str,
    mut call: impl FnMut() -> Result<(), E>,
) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        for _ in 0..CALLS {
            call().map_err(Into::into)?;
        }
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    println!("{what}: {best:.1} us");
    Ok(best)
}

/// What is measured, both ways in the same order.
const WHAT: [&str; 2] = ["P-256 signature", "16 random octets"];
const CALLS: u32 = 2000;
const DIRECTLY: &str = "ROOTRITE_BENCH_DIRECTLY";
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "123456";
