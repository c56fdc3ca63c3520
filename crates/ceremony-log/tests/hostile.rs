//! Octets that somebody made up or changed: nothing panics, and nothing that was changed verifies.

use std::sync::LazyLock;

use ceremony_log::checkpoint::{Checkpoint, checkpoint_text};
use ceremony_log::consistency::Consistency;
use ceremony_log::json::{Limits, Value};
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Policy, Window};
use ceremony_log::proof::Proof;
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Levels};
use ceremony_log::verify::scan;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// A line that is a good record.
const LINE: &str = concat!(
    r#"{"actor":{"id":"software","role":"software"},"at":"2026-11-01T08:00:00Z","cer":"a","data":{"text":"x"},"#,
    r#""ev":"log.note","mono":0,"prev":"0000000000000000000000000000000000000000000000000000000000000000","#,
    r#""seq":0,"v":1}"#
);

/// A proof of that line in a log of one, a consistency body, and the policy that accepts them.
struct Scene {
    proof: String,
    consistency: String,
    policy: String,
}

static SCENE: LazyLock<Scene> = LazyLock::new(scene);

#[expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
fn scene() -> Scene {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let key = VerifierKey::new("example.org/log", KeyKind::Ed25519, pair.public_key().as_ref()).unwrap();
    let mut levels = Levels::new();
    for line in [LINE, "a", "b"] {
        levels.push(Hash::leaf(line.as_bytes()));
    }
    let text = checkpoint_text("example.org/log", 3, &levels.root(3).unwrap()).unwrap();
    let mut note = Note::new(text.clone()).unwrap();
    note.add(Signature::new(&key, pair.sign(text.as_bytes()).as_ref())).unwrap();
    Scene {
        proof: Proof::new(LINE.as_bytes(), 0, levels.inclusion(0, 3).unwrap(), note.clone()).to_string(),
        consistency: Consistency::new(2, levels.consistency(2, 3).unwrap(), note).to_string(),
        policy: format!("log {key}\nquorum none\n"),
    }
}

/// The text with one octet set to another value.
fn changed(text: &str, place: prop::sample::Index, octet: u8) -> Vec<u8> {
    let mut octets = text.as_bytes().to_vec();
    if let Some(slot) = octets.get_mut(place.index(text.len())) {
        *slot = octet;
    }
    octets
}

/// Reads the octets as everything there is.
fn read_as_everything(octets: &[u8]) {
    let _ = Value::parse(octets, &Limits::FILE);
    let _ = Record::parse(octets);
    let _ = Note::parse(octets);
    let _ = Policy::parse(octets);
    let _ = Proof::parse(octets);
    let _ = Consistency::parse(octets);
    let text = String::from_utf8_lossy(octets);
    let _ = text.parse::<VerifierKey>();
    let _ = text.parse::<Checkpoint>();
    let _ = text.parse::<Time>();
    let _ = text.parse::<Hash>();
    let mut state = State::new();
    let _ = scan(&mut &*octets, &mut |entry| state.follow(entry.record));
    let _ = state.finish();
}

proptest! {
    #[test]
    fn octets_without_meaning_do_not_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&octets);
    }

    #[test]
    fn changed_files_do_not_panic(which in 0..4_usize, place: prop::sample::Index, octet: u8) {
        let scene = &*SCENE;
        let text = [LINE, &scene.proof, &scene.consistency, &scene.policy].into_iter().nth(which).unwrap_or_default();
        read_as_everything(&changed(text, place, octet));
    }

    #[test]
    fn a_changed_proof_does_not_verify(place: prop::sample::Index, octet: u8) {
        let scene = &*SCENE;
        let octets = changed(&scene.proof, place, octet);
        prop_assume!(octets != scene.proof.as_bytes());
        let policy = Policy::parse(scene.policy.as_bytes()).ok();
        let verified = Proof::parse(&octets).ok().zip(policy).map(|(proof, policy)| {
            proof.verify(&policy, &Window::at(0)).is_ok()
        });
        prop_assert_ne!(verified, Some(true));
    }

    #[test]
    fn a_changed_line_is_not_the_same_record(place: prop::sample::Index, octet: u8) {
        let octets = changed(LINE, place, octet);
        prop_assume!(octets != LINE.as_bytes());
        if let Ok(record) = Record::parse(&octets) {
            prop_assert_eq!(record.to_line().map(String::into_bytes), Ok(octets));
        }
    }
}

#[test]
fn the_unchanged_files_verify() {
    let scene = &*SCENE;
    let policy = Policy::parse(scene.policy.as_bytes());
    let proof = Proof::parse(scene.proof.as_bytes());
    let verified =
        policy.ok().zip(proof.ok()).map(|(policy, proof)| proof.verify(&policy, &Window::at(0)).is_ok());
    assert_eq!(verified, Some(true));
    assert!(Consistency::parse(scene.consistency.as_bytes()).is_ok());
}
