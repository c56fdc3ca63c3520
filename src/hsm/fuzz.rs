//! Fifty thousand answers that no module process would give: each is an error or an answer, none a panic, none waited for.
//!
//! The other fifty thousand go to a module process: `tests/hsm_fuzz.rs`.

use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use super::channel::{Channel, Shared};
use super::information::{TokenInformation, Version};
use super::quirks::STANDARD;
use super::session::Session;
use super::wire::encode;
use super::{
    Attributes, DataObject, Entry, Inventory, KeyDescription, KeyId, Login, ModuleConfiguration, Operation,
    PinState, ReturnCode, ToSign, Token as _, TokenError,
};
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::secret::Pin;

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[7]
    }
}

fn token() -> TokenInformation {
    let version = Version { major: 2, minor: 6 };
    TokenInformation {
        label: "root".into(),
        manufacturer: "nobody".into(),
        model: "Fake".into(),
        serial: "0001".into(),
        flags: 0x40d,
        shortest_pin: 4,
        longest_pin: Some(8),
        hardware: version,
        firmware: version,
    }
}

fn head() -> DataObject {
    DataObject { label: "head".into(), application: "rootrite".into(), value: vec![1, 2, 3] }
}

/// Answers that a process does give.
fn good() -> Vec<Vec<u8>> {
    let id = KeyId::from_octets(&[1; 16]).unwrap();
    let public_key = PublicKey::from_ed25519(&[7; 32]).unwrap();
    let key = KeyDescription {
        label: "key".into(),
        id,
        algorithm: KeyAlgorithm::Ed25519,
        public_key,
        private: Attributes::default(),
        public: Attributes::default(),
    };
    let entry =
        Entry { class: Some(3), id: vec![1], label: b"key".to_vec(), key_type: Some(0), fingerprint: None };
    let data = head();
    let code = TokenError::Code {
        operation: Operation::Sign,
        place: "the token".into(),
        function: "C_Sign".into(),
        code: ReturnCode(0x30),
    };
    let wrong = TokenError::PinIncorrect { token: "root".into(), state: PinState::FinalTry };
    vec![
        encode(&Ok::<_, TokenError>(token())),
        encode(&Ok::<_, TokenError>(())),
        encode(&Ok::<_, TokenError>(vec![5_u8; 16])),
        encode(&Ok::<_, TokenError>(Inventory::of(vec![entry.clone(), entry], 1))),
        encode(&Ok::<_, TokenError>(key)),
        encode(&Ok::<_, TokenError>(2_usize)),
        encode(&Ok::<_, TokenError>(vec![data])),
        encode(&Err::<(), _>(code)),
        encode(&Err::<(), _>(wrong)),
    ]
}

/// A good answer with something wrong, or none at all; sometimes in a frame that lies.
fn frame(good: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut value = good[numbers.below(good.len())].clone();
    match numbers.below(6) {
        0 => value.truncate(numbers.below(value.len() + 1)),
        1 => value.extend((0..numbers.below(40)).map(|_| numbers.octet())),
        2 => value = (0..numbers.below(200)).map(|_| numbers.octet()).collect(),
        _ => {
            for _ in 0..=numbers.below(4) {
                let place = numbers.below(value.len().max(1));
                if let Some(octet) = value.get_mut(place) {
                    *octet = if numbers.below(2) == 0 { numbers.octet() % 8 } else { numbers.octet() };
                }
            }
        }
    }
    let mut count = u32::try_from(value.len() + 8).unwrap();
    let mut number = 0_u64;
    match numbers.below(20) {
        0 => count = u32::from_be_bytes([0; 4].map(|_| numbers.octet())),
        1 => count = count.wrapping_add(u32::from(numbers.octet() % 20)).wrapping_sub(10),
        2 => number = numbers.next(),
        _ => {}
    }
    [&count.to_be_bytes()[..], &number.to_be_bytes(), &value].concat()
}

/// Asks one thing of a process that answers these octets and is gone.
fn ask(which: usize, answer: &[u8], configuration: &ModuleConfiguration) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    // More than the socket holds is never written: the largest frame here is far smaller.
    theirs.write_all(answer).unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();
    let shared = Arc::new(Shared::without_a_process(configuration, Arc::new(Mutex::default())));
    let mut session = Session::new(Channel::new(ours, shared), token(), STANDARD, Weak::new());
    let id = KeyId::from_octets(&[1; 16]).unwrap();
    // What it says does not matter; that it says something does.
    match which {
        0 => drop(session.information()),
        1 => drop(session.log_in(Login::Pin(&Pin::read(b"123456").unwrap()))),
        2 => drop(session.random(16)),
        3 => drop(session.inventory()),
        4 => drop(session.key(&id)),
        5 => drop(session.sign(&id, ToSign::Message(b"message"))),
        6 => drop(session.destroy_objects(&id)),
        7 => drop(session.data("head")),
        _ => drop(session.store_data(&head())),
    }
}

#[test]
fn fifty_thousand_fuzzed_answers_of_a_module_process_neither_panic_nor_hang() {
    let good = good();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let configuration = ModuleConfiguration::new("/module.so");
    for _ in 0..50_000 {
        let answer = frame(&good, &mut numbers);
        let which = numbers.below(9);
        let one = Instant::now();
        ask(which, &answer, &configuration);
        assert!(one.elapsed() < Duration::from_secs(5), "{which}: {answer:02x?}");
    }
}
