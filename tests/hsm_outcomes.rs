//! What a module process leaves for who goes on when the program is gone.
//!
//! The program's death is, for the module process, the end of its sockets: dropping them is the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with their tests")]

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::fake;
use common::softhsm::{SoftHsm, any, session};
use rootrite::hsm::{
    Call, HashAlgorithm, Heartbeat, KeyId, KeyRequest, ModuleProcess, Operation, Outcome, STANDARD, ToSign,
    Token as _, TokenError, is_at_work,
};
use rootrite::pki::key::KeyAlgorithm;

fn id() -> KeyId {
    KeyId::from_octets(&[1; 16]).unwrap()
}

fn to_sign(digest: &[u8]) -> ToSign<'_> {
    ToSign::Digest { hash: HashAlgorithm::Sha256, octets: digest }
}

/// Waits for the process of a file to end.
fn wait_for(file: &Path) {
    let until = Instant::now() + Duration::from_mins(2);
    while is_at_work(file).unwrap() {
        assert!(Instant::now() < until, "the module process does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_last_call_of_each_session_is_left_when_the_program_is_gone() {
    let softhsm = SoftHsm::new().token("root", "123456", "87654321");
    let file = softhsm.folder().join("module-1.outcomes");
    let process = softhsm.start();
    process.keep_outcomes(&file).unwrap();
    let mut one = session(&process, "root", "123456");
    let mut two = process.open(&any("root"), &STANDARD).unwrap();
    let mut idle = process.open(&any("root"), &STANDARD).unwrap();
    let request =
        KeyRequest { label: "key".into(), id: id(), algorithm: KeyAlgorithm::EcdsaP256, extractable: false };
    let made = one.generate_key_pair(&request).unwrap();
    let digest = HashAlgorithm::Sha256.digest(b"message");
    let signature = two.sign(&id(), to_sign(&digest)).unwrap();
    idle.random(16).unwrap();
    assert!(is_at_work(&file).unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), b"", "while the program lives it is the journal that counts");
    drop((one, two, idle, process));
    wait_for(&file);
    let mut left = Outcome::read_all(&file).unwrap();
    left.sort_by_key(|outcome| matches!(outcome.call, Call::Sign { .. }));
    let [generated, signed] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!(generated.call, Call::Generate { id: id(), label: "key".into() });
    assert_eq!(generated.result.as_deref(), Ok(made.public_key.spki_der()));
    assert_eq!(signed.call, Call::Sign { id: id(), hash: Some(HashAlgorithm::Sha256), octets: digest });
    assert_eq!(signed.result, Ok(signature));
    assert_eq!((signed.token.as_str(), signed.serial.is_empty()), ("root", false));
}

#[test]
fn a_call_in_hand_is_finished_and_its_outcome_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module-1.outcomes");
    let mut configuration = fake::configuration("slow");
    configuration.timeouts.ordinary = Duration::from_millis(1_500);
    let process = ModuleProcess::start(&configuration).unwrap();
    process.keep_outcomes(&file).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    let digest = HashAlgorithm::Sha256.digest(b"message");
    let error = session.sign(&id(), to_sign(&digest)).unwrap_err();
    assert!(matches!(error, TokenError::Timeout { operation: Operation::Sign, .. }), "{error}");
    drop((session, process));
    assert!(is_at_work(&file).unwrap(), "it is still signing");
    has_signed(&file, &digest);
}

#[test]
fn who_stops_a_process_that_took_too_long_loses_nothing_of_what_it_does_still() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module-1.outcomes");
    let mut configuration = fake::configuration("slow");
    configuration.timeouts.ordinary = Duration::from_millis(1_500);
    let process = ModuleProcess::start(&configuration).unwrap();
    process.keep_outcomes(&file).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    let digest = HashAlgorithm::Sha256.digest(b"message");
    assert!(matches!(session.sign(&id(), to_sign(&digest)), Err(TokenError::Timeout { .. })));
    drop(session);
    // As a ceremony that ends with the error does: every module is stopped.
    assert!(matches!(process.stop(), Err(TokenError::ModuleSpent { operation: Operation::Stop, .. })));
    has_signed(&file, &digest);
}

/// Waits for the process of a file, which then says that it signed a digest.
fn has_signed(file: &Path, digest: &[u8]) {
    wait_for(file);
    let left = Outcome::read_all(file).unwrap();
    let signed = |outcome: &Outcome| match outcome {
        Outcome { call: Call::Sign { octets, .. }, result: Ok(signature), .. } => {
            octets == digest && signature.len() == 70
        }
        _ => false,
    };
    assert!(left.len() == 1 && left.iter().all(signed), "{left:?}");
}

#[test]
fn a_refusal_is_left_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module-1.outcomes");
    let process = ModuleProcess::start(&fake::configuration("short-signature")).unwrap();
    process.keep_outcomes(&file).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    let error = session.sign(&id(), to_sign(&[1; 32])).unwrap_err();
    drop((session, process));
    wait_for(&file);
    assert_eq!(Outcome::read_all(&file).unwrap()[0].result, Err(error.to_string()));
}

#[test]
fn nothing_is_left_of_a_process_that_ended_as_it_was_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module-1.outcomes");
    let process = ModuleProcess::start(&fake::configuration("")).unwrap();
    process.keep_outcomes(&file).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    session.sign(&id(), to_sign(&[1; 32])).unwrap();
    process.stop().unwrap();
    assert!(!file.exists());
    // A file that is there belongs to another process.
    std::fs::write(&file, b"").unwrap();
    let process = ModuleProcess::start(&fake::configuration("")).unwrap();
    let error = process.keep_outcomes(&file).unwrap_err();
    assert!(matches!(error, TokenError::NoOutcomes { .. }), "{error}");
}

#[test]
fn a_call_that_takes_long_is_said_to_once_a_second() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut configuration = fake::configuration("slow");
    let listener = Arc::clone(&heard);
    configuration.heartbeat = Heartbeat::to(move |operation, waited| {
        listener.lock().unwrap().push((operation, waited.as_secs()));
    });
    let process = ModuleProcess::start(&configuration).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    session.sign(&id(), to_sign(&[1; 32])).unwrap();
    // How many more there are depends on the machine.
    assert_eq!(heard.lock().unwrap().first(), Some(&(Operation::Sign, 1)));
}

#[test]
fn the_process_after_the_last_logout_keeps_outcomes_in_the_same_place() {
    let softhsm = SoftHsm::new().token("root", "123456", "87654321");
    let place = softhsm.folder().join("module-1.outcomes");
    let process = softhsm.start();
    process.keep_outcomes(&place).unwrap();
    let mut token = session(&process, "root", "123456");
    token.log_out().unwrap();
    token.information().unwrap();
    assert!(is_at_work(&place).unwrap(), "the next process has it");
    drop(token);
    process.stop().unwrap();
    assert!(!place.exists());
}
