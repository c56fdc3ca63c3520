//! The PKCS#11 calls of a ceremony and nothing else: what the token itself costs.
//!
//! `benches/run` compares the tool's CPU time with this program's, on the same machine in the same run:
//!
//! - `raw-pkcs11 root`: the least that one P-384 root takes, on one new token, with a log key on another: two key pairs,
//!   two proofs, one certificate and the log's first head.
//! - `raw-pkcs11 ceremony`: every call that `rootrite rehearse benches/one-root.yaml` makes, by kind and number: the
//!   looks at the token before it is trusted, the inventories before and after a key, and each of the log's heads too.
//! - `raw-pkcs11 rsa-4096`: generates RSA-4096 keys and says how long each took, because that time is luck.
//!
//! The module is SoftHSM (or `PKCS11_MODULE`), with the configuration of `SOFTHSM2_CONF`, or with one of its own in a
//! new folder when there is none.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark says what it found")]

use std::env;
use std::error::Error;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

fn main() -> ExitCode {
    let work = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let done = match (env::var_os("SOFTHSM2_CONF"), work.as_deref()) {
        (Some(_), Some("root")) => root(),
        (Some(_), Some("ceremony")) => ceremony(),
        (Some(_), Some("rsa-4096")) => rsa_4096(),
        (None, None | Some("root" | "ceremony" | "rsa-4096")) => {
            with_own_tokens(work.as_deref().unwrap_or("root"))
        }
        _ => Err("usage: raw-pkcs11 [root|ceremony|rsa-4096]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes a folder for SoftHSM and starts this program again with it: only a child can have another environment.
fn with_own_tokens(work: &str) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens)?;
    let configuration = folder.path().join("softhsm2.conf");
    fs::write(&configuration, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    let begun = Instant::now();
    let status = Command::new(env::current_exe()?).arg(work).env("SOFTHSM2_CONF", configuration).status()?;
    println!("{work}: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    if status.success() { Ok(()) } else { Err(format!("{work} ended with {status}").into()) }
}

/// What a ceremony of one root asks of its two tokens.
fn root() -> Result<(), Box<dyn Error>> {
    let module = module()?;
    let (session, _) = new_token(&module, "root")?;
    let (log_session, _) = new_token(&module, "log")?;

    let log_key = generate(
        &log_session,
        &Mechanism::EccEdwardsKeyPairGen,
        &[Attribute::EcParams(ED25519.to_vec())],
        "log-1",
    )?;
    let key =
        generate(&session, &Mechanism::EccKeyPairGen, &[Attribute::EcParams(P384.to_vec())], "root-x1")?;
    // The proof that the key answers to its public key, and the certificate.
    session.generate_random_vec(16)?;
    for _ in 0..2 {
        session.sign(&Mechanism::Ecdsa, key, &[0x5a; 48])?;
    }
    // The log key's own proof, and the checkpoint.
    for _ in 0..2 {
        let pure = EddsaParams::new(EddsaSignatureScheme::Ed25519);
        log_session.sign(&Mechanism::Eddsa(pure), log_key, &[0x5a; 160])?;
    }
    drop((session, log_session));
    module.finalize()?;
    Ok(())
}

/// What the ceremony of `one-root.yaml` asks of its two tokens. The numbers are those of its calls, counted by probes on
/// the module's functions.
fn ceremony() -> Result<(), Box<dyn Error>> {
    let module = module()?;
    let (session, slot) = token_of_ceremony(&module, "root")?;
    let (log_session, log_slot) = token_of_ceremony(&module, "log")?;
    let curve = [Attribute::EcParams(ED25519.to_vec())];
    let log_key =
        key_of_ceremony(&module, &log_session, log_slot, &Mechanism::EccEdwardsKeyPairGen, &curve, "log-1")?;
    let curve = [Attribute::EcParams(P384.to_vec())];
    let key = key_of_ceremony(&module, &session, slot, &Mechanism::EccKeyPairGen, &curve, "root-x1")?;
    session.generate_random_vec(16)?;
    for _ in 0..2 {
        session.sign(&Mechanism::Ecdsa, key, &[0x5a; 48])?;
    }
    // The log key's proof and the log's four heads.
    for _ in 0..5 {
        let pure = EddsaParams::new(EddsaSignatureScheme::Ed25519);
        log_session.sign(&Mechanism::Eddsa(pure), log_key, &[0x5a; 160])?;
    }
    // The root's token is used from the second head on.
    keep_heads(&module, &log_session, log_slot, 4)?;
    keep_heads(&module, &session, slot, 3)?;
    session.logout()?;
    log_session.logout()?;
    drop((session, log_session));
    module.finalize()?;
    Ok(())
}

/// A new token, looked at as often as the ceremony looks.
fn token_of_ceremony(module: &Pkcs11, label: &str) -> Result<(Session, Slot), Box<dyn Error>> {
    let (session, slot) = new_token(module, label)?;
    for _ in 0..16 {
        module.get_token_info(slot)?;
    }
    for _ in 0..2 {
        session.find_objects(&[])?;
    }
    Ok((session, slot))
}

/// Keeps the log's heads, one after the other: each is made and read back before the one before it goes.
fn keep_heads(module: &Pkcs11, session: &Session, slot: Slot, count: u8) -> Result<(), Box<dyn Error>> {
    let named = [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Label(b"rootrite-log-head".to_vec()),
        Attribute::Application(b"example.org/ceremony-log".to_vec()),
    ];
    for number in 0..count {
        module.get_token_info(slot)?;
        let old = session.find_objects(&named)?;
        let head =
            [Attribute::Token(true), Attribute::Private(true), Attribute::Value(vec![number; HEAD_OCTETS])];
        let kept = session.create_object(&[&named[..], &head].concat())?;
        session.get_attributes(kept, &[AttributeType::Value])?;
        for object in old {
            session.destroy_object(object)?;
        }
    }
    Ok(())
}

/// A signed head of a short log.
const HEAD_OCTETS: usize = 230;

/// A key pair between two inventories, and found again.
fn key_of_ceremony(
    module: &Pkcs11,
    session: &Session,
    slot: Slot,
    mechanism: &Mechanism,
    public: &[Attribute],
    label: &str,
) -> Result<ObjectHandle, Box<dyn Error>> {
    for _ in 0..4 {
        module.get_token_info(slot)?;
    }
    session.generate_random_vec(16)?;
    session.find_objects(&[Attribute::Label(label.into())])?;
    session.find_objects(&[Attribute::Id(label.into())])?;
    let key = generate(session, mechanism, public, label)?;
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        session.find_objects(&[Attribute::Class(class), Attribute::Id(label.into())])?;
    }
    for object in session.find_objects(&[])? {
        session.get_attributes(object, &INVENTORY)?;
    }
    session.generate_random_vec(16)?;
    Ok(key)
}

/// Generates RSA-4096 keys, and says how long each took.
fn rsa_4096() -> Result<(), Box<dyn Error>> {
    let module = module()?;
    let (session, _) = new_token(&module, "root")?;
    for number in 1..=RSA_KEYS {
        let begun = Instant::now();
        let public = [Attribute::ModulusBits(4096.into()), Attribute::PublicExponent(vec![1, 0, 1])];
        generate(&session, &Mechanism::RsaPkcsKeyPairGen, &public, &format!("root-{number}"))?;
        println!("{:.0}", begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}

fn module() -> Result<Pkcs11, Box<dyn Error>> {
    let path = env::var_os("PKCS11_MODULE").unwrap_or_else(|| SOFTHSM.into());
    let module = Pkcs11::new(path)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    Ok(module)
}

/// Initialises the one blank token, and leaves its user logged in.
fn new_token(module: &Pkcs11, label: &str) -> Result<(Session, Slot), Box<dyn Error>> {
    let (officer, user) = (AuthPin::new("5678".into()), AuthPin::new("1234".into()));
    let mut blank = None;
    for slot in module.get_slots_with_token()? {
        if !module.get_token_info(slot)?.token_initialized() {
            blank = Some(slot);
        }
    }
    let slot = blank.ok_or("the module has no blank token")?;
    module.init_token(slot, &officer, label)?;
    let session = module.open_rw_session(slot)?;
    session.login(UserType::So, Some(&officer))?;
    session.init_pin(&user)?;
    session.logout()?;
    session.login(UserType::User, Some(&user))?;
    Ok((session, slot))
}

/// Generates a key pair that can sign and nothing else, and reads back what it has become.
fn generate(
    session: &Session,
    mechanism: &Mechanism,
    public: &[Attribute],
    label: &str,
) -> Result<ObjectHandle, Box<dyn Error>> {
    let named = [Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(label.into())];
    let public = [&named[..], &[Attribute::Private(false), Attribute::Verify(true)], public].concat();
    let private = [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
        Attribute::Modifiable(false),
    ];
    let (public, private) =
        session.generate_key_pair(mechanism, &public, &[&named[..], &private].concat())?;
    session.get_attributes(public, &[AttributeType::EcPoint, AttributeType::Modulus, AttributeType::Id])?;
    session.get_attributes(private, &READ_BACK)?;
    Ok(private)
}

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
const RSA_KEYS: usize = 5;
/// The object identifiers of secp384r1 and of Ed25519 (as the string that older modules want).
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: [u8; 14] = *b"\x13\x0cedwards25519";
const INVENTORY: [AttributeType; 4] =
    [AttributeType::Class, AttributeType::Id, AttributeType::Label, AttributeType::KeyType];
const READ_BACK: [AttributeType; 8] = [
    AttributeType::Local,
    AttributeType::Sensitive,
    AttributeType::AlwaysSensitive,
    AttributeType::Extractable,
    AttributeType::NeverExtractable,
    AttributeType::Sign,
    AttributeType::KeyType,
    AttributeType::Id,
];
