//! The module process with a real PKCS#11 module: SoftHSM.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with their tests")]

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::SoftHsm;
use common::softhsm::{any, pin, session};
use rootrite::digest::Digest;
use rootrite::hsm::{
    AttributeName, Blank, DataObject, Death, Hashes, Initialization, KeyId, KeyRequest, Login,
    ModuleConfiguration, ModuleProcess, ObjectClass, Operation, PinState, Quirks, Reading, STANDARD, ToSign,
    Token, TokenError, TokenFlag, TokenSelector,
};
use rootrite::pki::key::{KeyAlgorithm, PublicKey};
use rootrite::pki::signature::{HashAlgorithm, SignatureAlgorithm, verify_signature};

const USER: &str = "123456";
const OFFICER: &str = "87654321";

fn one_token() -> SoftHsm {
    SoftHsm::new().token("root", USER, OFFICER)
}

fn id(number: u8) -> KeyId {
    KeyId::from_octets(&[number; 16]).unwrap()
}

fn request(label: &str, number: u8, algorithm: KeyAlgorithm) -> KeyRequest {
    KeyRequest { label: label.to_owned(), id: id(number), algorithm, extractable: false }
}

/// Signs a message and verifies the signature in software.
fn sign_and_verify(token: &mut dyn Token, key: &KeyId, public_key: &PublicKey, message: &[u8]) {
    let algorithm = SignatureAlgorithm::for_key(public_key);
    let digest = algorithm.hash().map(|hash| (hash, hash.digest(message)));
    let what = match &digest {
        Some((hash, octets)) => ToSign::Digest { hash: *hash, octets },
        None => ToSign::Message(message),
    };
    let signature = token.sign(key, what).unwrap();
    verify_signature(public_key, algorithm, message, &signature).unwrap();
}

#[test]
fn a_file_that_the_program_has_open_is_not_open_in_the_module_process() {
    use std::io::Read as _;
    let softhsm = one_token();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // As a shell hands over a descriptor with a PIN behind it.
    rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::empty()).unwrap();
    let process = softhsm.start();
    drop(writer);
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(reader.read(&mut [0])));
    // The end of the pipe is seen once nobody has its other side open.
    let read = ended.recv_timeout(Duration::from_mins(2)).expect("the module process has the pipe open");
    assert_eq!(read.unwrap(), 0);
    process.stop().unwrap();
}

#[test]
fn a_module_says_what_it_is() {
    let softhsm = one_token();
    let process = softhsm.start();
    let information = process.information();
    assert_eq!(information.manufacturer, "SoftHSM");
    assert_eq!(information.cryptoki.to_string(), "2.40");
    let file = std::fs::read(SoftHsm::module()).unwrap();
    assert_eq!(information.digest, Digest::of(&file));
    let slots = process.slots().unwrap();
    let tokens: Vec<_> = slots.iter().map(|slot| slot.token.label.as_str()).collect();
    assert_eq!(tokens, ["root", ""]);
    assert!(slots[0].token.has(TokenFlag::TokenInitialized));
    assert!(!slots[1].token.has(TokenFlag::TokenInitialized));
    process.stop().unwrap();
}

#[test]
fn every_kind_of_key_is_made_as_asked_and_signs() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for (number, algorithm) in (1..).zip(made_by_softhsm()) {
        let request = request(algorithm.name(), number, algorithm);
        let made = token.generate_key_pair(&request).unwrap();
        assert_eq!((made.label.as_str(), &made.id), (algorithm.name(), &request.id));
        assert_eq!(made.algorithm, algorithm);
        assert_eq!(made.public_key.algorithm(), Some(algorithm));
        sign_and_verify(&mut token, &request.id, &made.public_key, b"a message");
        sign_and_verify(&mut token, &request.id, &made.public_key, b"another");
        assert_eq!(token.key(&request.id).unwrap(), made);
    }
    // And by whoever comes later.
    process.stop().unwrap();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for (number, algorithm) in (1..).zip(made_by_softhsm()) {
        let found = token.key(&id(number)).unwrap();
        assert_eq!(found.algorithm, algorithm);
        sign_and_verify(&mut token, &id(number), &found.public_key, b"a message");
    }
}

#[test]
fn softhsm_takes_the_whole_template_and_probing_it_leaves_nothing() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for algorithm in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let found = token.probe_template(algorithm).unwrap();
        assert_eq!((found.omit_private, found.omit_public), (vec![], vec![]));
    }
    assert_eq!(token.inventory().unwrap().entries, []);
}

#[test]
fn rsa_signs_by_pss_too_and_another_implementation_verifies_it() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let request = request("rsa", 1, KeyAlgorithm::Rsa2048);
    let made = token.generate_key_pair(&request).unwrap();
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let signature = token
            .sign(&request.id, ToSign::Pss { hash, octets: &hash.digest(b"a message"), message: None })
            .unwrap();
        let verify = |algorithm| verify_signature(&made.public_key, algorithm, b"a message", &signature);
        verify(SignatureAlgorithm::RsaPss(hash)).unwrap();
        verify(SignatureAlgorithm::RsaPkcs1(hash)).unwrap_err();
    }
}

#[test]
fn a_long_message_is_given_in_pieces_to_a_token_that_hashes_itself() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut maker = session(&process, "root", USER);
    let message: Vec<u8> = (0..1_500_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let hashes = Hashes { rsa: true, rsa_pss: true, ecdsa: false };
    let mut token = process.open(&any("root"), &Quirks { hashes, ..STANDARD }).unwrap();
    let rsa = request("rsa", 1, KeyAlgorithm::Rsa2048);
    let key = maker.generate_key_pair(&rsa).unwrap().public_key;
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let octets = hash.digest(&message);
        for (what, algorithm) in [
            (ToSign::Digest { hash, octets: &octets }, SignatureAlgorithm::RsaPkcs1(hash)),
            (ToSign::Pss { hash, octets: &octets, message: None }, SignatureAlgorithm::RsaPss(hash)),
        ] {
            let signed = token.sign_read(&rsa.id, what, &mut message.as_slice()).unwrap();
            verify_signature(&key, algorithm, &message, &signed).unwrap();
            let error = token.sign_read(&rsa.id, what, &mut &message[1..]).unwrap_err();
            assert!(matches!(error, TokenError::WrongInput { .. }), "{error}");
        }
        // A short one goes at once.
        let octets = hash.digest(b"short");
        let what = ToSign::Pss { hash, octets: &octets, message: Some(b"short") };
        let signed = token.sign_read(&rsa.id, what, &mut b"short".as_slice()).unwrap();
        verify_signature(&key, SignatureAlgorithm::RsaPss(hash), b"short", &signed).unwrap();
    }
    // What it does not hash it gets a digest of.
    let ec = request("ec", 2, KeyAlgorithm::EcdsaP256);
    let key = maker.generate_key_pair(&ec).unwrap().public_key;
    let hash = HashAlgorithm::Sha256;
    let octets = hash.digest(&message);
    let what = ToSign::Digest { hash, octets: &octets };
    let signed = token.sign_read(&ec.id, what, &mut message.as_slice()).unwrap();
    verify_signature(&key, SignatureAlgorithm::Ecdsa(hash), &message, &signed).unwrap();
}

#[test]
fn every_attribute_of_a_key_is_set_and_read_back() {
    use AttributeName as A;
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for (number, extractable) in [(1, false), (2, true)] {
        let request =
            KeyRequest { extractable, ..request(&format!("key {number}"), number, KeyAlgorithm::EcdsaP384) };
        let made = token.generate_key_pair(&request).unwrap();
        for (name, set) in [
            (A::Token, true),
            (A::Private, true),
            (A::Sensitive, true),
            (A::AlwaysSensitive, true),
            (A::Extractable, extractable),
            (A::NeverExtractable, !extractable),
            (A::Local, true),
            (A::Sign, true),
            (A::SignRecover, false),
            (A::Decrypt, false),
            (A::Unwrap, false),
            (A::Derive, false),
            (A::AlwaysAuthenticate, false),
            (A::WrapWithTrusted, false),
            (A::Modifiable, extractable),
            (A::Copyable, false),
            (A::Destroyable, true),
        ] {
            assert_eq!(made.private.flag(name), Some(set), "{name}");
        }
        for (name, set) in [
            (A::Token, true),
            (A::Private, false),
            (A::Verify, true),
            (A::Encrypt, false),
            (A::Wrap, false),
            (A::Derive, false),
            (A::Modifiable, false),
        ] {
            assert_eq!(made.public.flag(name), Some(set), "{name}");
        }
        assert_eq!(made.private.0[&A::Value], Reading::Sensitive);
        assert_eq!(made.private.0[&A::Id], Reading::Octets(vec![number; 16]));
        assert_eq!(made.private.0[&A::KeyGenMechanism], Reading::Number(0x1040));
        assert_eq!(made.private.0[&A::Modulus], Reading::Absent);
    }
}

#[test]
fn a_label_or_an_id_is_given_once() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    let before = token.inventory().unwrap();
    let error = token.generate_key_pair(&request("one", 2, KeyAlgorithm::EcdsaP256)).unwrap_err();
    assert!(matches!(&error, TokenError::LabelTaken { label, count: 2, .. } if label == "one"), "{error}");
    let error = token.generate_key_pair(&request("two", 1, KeyAlgorithm::EcdsaP256)).unwrap_err();
    assert!(matches!(&error, TokenError::IdTaken { count: 2, .. }), "{error}");
    assert_eq!(token.inventory().unwrap(), before);
}

#[test]
fn a_label_or_an_id_of_the_wrong_length_is_refused() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for label in [String::new(), "x".repeat(KeyRequest::LONGEST_LABEL + 1)] {
        let error = token.generate_key_pair(&request(&label, 1, KeyAlgorithm::EcdsaP256)).unwrap_err();
        assert!(matches!(error, TokenError::LabelLength { most: KeyRequest::LONGEST_LABEL, .. }), "{error}");
    }
    let short = KeyRequest { id: "0102".parse().unwrap(), ..request("key", 1, KeyAlgorithm::EcdsaP256) };
    let error = token.generate_key_pair(&short).unwrap_err();
    assert!(matches!(error, TokenError::IdLength { wanted: 16, .. }), "{error}");
    // A make that takes two octets takes them.
    let quirks = Quirks { id_octets: 2, ..STANDARD };
    let mut token = process.open(&any("root"), &quirks).unwrap();
    token.generate_key_pair(&short).unwrap();
    let longest = "x".repeat(KeyRequest::LONGEST_LABEL);
    let short = KeyRequest { id: "0103".parse().unwrap(), ..request(&longest, 1, KeyAlgorithm::EcdsaP256) };
    assert_eq!(token.generate_key_pair(&short).unwrap().label, longest);
}

#[test]
fn an_attribute_that_a_make_does_not_take_is_left_out_and_compared_all_the_same() {
    use AttributeName as A;
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let make = |number: u8, extractable, omit_private: &[A]| {
        let quirks = Quirks { omit_private: omit_private.to_vec(), ..STANDARD };
        let mut token = process.open(&any("root"), &quirks).unwrap();
        let request = request(&number.to_string(), number, KeyAlgorithm::EcdsaP256);
        token.generate_key_pair(&KeyRequest { extractable, ..request })
    };
    // What SoftHSM does of itself in its place is what was wanted.
    make(1, false, &[A::Derive, A::WrapWithTrusted, A::Destroyable]).unwrap();
    // Here it is not.
    let error = make(2, false, &[A::Unwrap]).unwrap_err();
    assert!(matches!(error, TokenError::AttributeDiffers { attribute: A::Unwrap, .. }), "{error}");
    let error = make(3, false, &[A::Sensitive]).unwrap_err();
    assert!(matches!(error, TokenError::AttributeDiffers { attribute: A::Sensitive, .. }), "{error}");
    // Here the token would even give the key away.
    let error = make(4, true, &[A::Sensitive]).unwrap_err();
    assert!(matches!(error, TokenError::KeyReadable { attribute: A::Value, .. }), "{error}");
    // What was made is on the token, for whoever decides what becomes of it.
    assert_eq!(token.inventory().unwrap().entries.len(), 8);
}

#[test]
fn a_wrong_pin_is_named_with_what_the_token_says_of_tries() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = process.open(&any("root"), &STANDARD).unwrap();
    assert_eq!(token.information().unwrap().pin_state(), PinState::Unsaid);
    let error = token.log_in(Login::Pin(&pin("654321"))).unwrap_err();
    assert!(matches!(&error, TokenError::PinIncorrect { state: PinState::CountLow, .. }), "{error}");
    assert!(!error.to_string().contains("654321"));
    assert_eq!(token.information().unwrap().pin_state(), PinState::CountLow);
    token.log_in(Login::Pin(&pin(USER))).unwrap();
    assert_eq!(token.information().unwrap().pin_state(), PinState::Unsaid);
}

#[test]
fn a_pin_that_the_token_cannot_have_costs_no_try() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = process.open(&any("root"), &STANDARD).unwrap();
    let error = token.log_in(Login::Pin(&pin("123"))).unwrap_err();
    assert!(matches!(error, TokenError::PinLength { shortest: 4, longest: 255, .. }), "{error}");
    assert_eq!(token.information().unwrap().pin_state(), PinState::Unsaid);
}

#[test]
fn who_is_logged_in_already_has_proved_nothing() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    for text in [USER, "654321"] {
        let error = token.log_in(Login::Pin(&pin(text))).unwrap_err();
        assert!(matches!(error, TokenError::AlreadyLoggedIn { .. }), "{error}");
    }
    token.log_out().unwrap();
    token.log_in(Login::Pin(&pin(USER))).unwrap();
}

#[test]
fn without_a_login_there_is_no_key_and_the_error_says_why() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    token.log_out().unwrap();
    let digest = HashAlgorithm::Sha256.digest(b"message");
    let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &digest };
    for error in [
        token.key(&id(1)).unwrap_err(),
        token.sign(&id(1), what).unwrap_err(),
        token.generate_key_pair(&request("two", 2, KeyAlgorithm::EcdsaP256)).unwrap_err(),
        token.data("head").unwrap_err(),
    ] {
        assert!(matches!(error, TokenError::NotLoggedIn { .. }), "{error}");
    }
    token.log_in(Login::Pin(&pin(USER))).unwrap();
    let error = token.key(&id(2)).unwrap_err();
    assert!(matches!(error, TokenError::NoSuchKey { private: 0, public: 0, .. }), "{error}");
}

#[test]
fn the_kind_of_login_has_to_be_the_token_s() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = process.open(&any("root"), &STANDARD).unwrap();
    for login in [Login::ProtectedPath, Login::None] {
        let error = token.log_in(login).unwrap_err();
        assert!(matches!(error, TokenError::LoginKind { .. }), "{error}");
    }
}

#[test]
fn a_custodian_changes_the_pin() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    token.change_pin(&pin(USER), &pin("custodian")).unwrap();
    token.log_out().unwrap();
    assert!(token.log_in(Login::Pin(&pin(USER))).is_err());
    token.log_in(Login::Pin(&pin("custodian"))).unwrap();
    let error = token.change_pin(&pin(USER), &pin("another")).unwrap_err();
    assert!(matches!(error, TokenError::PinIncorrect { .. }), "{error}");
}

#[test]
fn exactly_one_token_has_to_fit() {
    let softhsm = one_token().token("root", USER, OFFICER).token("other", USER, OFFICER);
    let process = softhsm.start();
    let error = process.open(&any("root"), &STANDARD).map(drop).unwrap_err();
    assert!(matches!(&error, TokenError::SeveralTokens { found, .. } if found.len() == 2), "{error}");
    let error = process.open(&any("rooot"), &STANDARD).map(drop).unwrap_err();
    assert!(matches!(&error, TokenError::NoSuchToken { present, .. } if present.len() == 4), "{error}");
    for slot in process.slots().unwrap().iter().filter(|slot| slot.token.label == "root") {
        let exact = TokenSelector::from(&slot.token);
        assert_eq!(process.open(&exact, &STANDARD).unwrap().token().serial, slot.token.serial);
        let model = TokenSelector { model: Some("SoftHSM v3".to_owned()), ..exact };
        assert!(process.open(&model, &STANDARD).is_err());
    }
    process.open(&any("other"), &STANDARD).unwrap();
}

#[test]
fn a_blank_token_becomes_one_with_a_label_and_pins() {
    let softhsm = SoftHsm::new();
    let process = softhsm.start();
    let wish = |label: &str, blank| Initialization {
        blank,
        label: label.to_owned(),
        officer_pin: pin(OFFICER),
        user_pin: pin(USER).into(),
    };
    let made = process.initialize_token(wish("root", Blank::Only)).unwrap();
    assert_eq!(made.label, "root");
    assert!(made.has(TokenFlag::TokenInitialized) && made.has(TokenFlag::UserPinInitialized));
    let error = process.initialize_token(wish("root", Blank::Only)).unwrap_err();
    assert!(matches!(error, TokenError::TokenLabelTaken { .. }), "{error}");
    for label in ["", "ends with a blank ", "a label of more than thirty-two octets"] {
        let error = process.initialize_token(wish(label, Blank::Only)).unwrap_err();
        assert!(matches!(error, TokenError::LabelLength { most: 32, .. }), "{error}");
    }
    let error = process.initialize_token(wish("other", Blank::Serial("none".to_owned()))).unwrap_err();
    assert!(matches!(error, TokenError::NoSuchToken { .. }), "{error}");
    let short = Initialization { user_pin: pin("123").into(), ..wish("other", Blank::Only) };
    let error = process.initialize_token(short).unwrap_err();
    assert!(matches!(error, TokenError::PinLength { .. }), "{error}");

    let selector = TokenSelector::from(&made);
    let mut token = process.open(&selector, &STANDARD).unwrap();
    token.log_in(Login::Pin(&pin(USER))).unwrap();
    token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    drop(token);
    // A fresh process finds it in another slot, by the same name and number.
    process.stop().unwrap();
    let process = softhsm.start();
    let mut token = process.open(&selector, &STANDARD).unwrap();
    token.log_in(Login::Pin(&pin(USER))).unwrap();
    token.key(&id(1)).unwrap();
    assert_eq!(process.initialize_token(wish("second", Blank::Only)).unwrap().label, "second");
}

#[test]
fn the_inventory_shows_every_object_and_what_came_and_went() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let empty = token.inventory().unwrap();
    assert!(empty.entries.is_empty() && empty.unreadable == 0);
    let made = token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    let one = token.inventory().unwrap();
    let (came, went) = one.since(&empty);
    assert_eq!((came.len(), went.len()), (2, 0));
    let of = |class: ObjectClass| came.iter().find(|entry| entry.class == Some(class.number())).unwrap();
    let public = of(ObjectClass::PublicKey);
    assert_eq!(public.fingerprint, Some(made.public_key.spki_sha256()));
    assert_eq!((public.label.as_slice(), public.id.as_slice()), (&b"one"[..], &[1; 16][..]));
    assert_eq!(of(ObjectClass::PrivateKey).id, [1; 16]);
    // Nobody is logged in: only what is public shows.
    token.log_out().unwrap();
    assert_eq!(token.inventory().unwrap().entries, std::slice::from_ref(public));
    token.log_in(Login::Pin(&pin(USER))).unwrap();
    assert_eq!(token.inventory().unwrap().digest(), one.digest());
    assert_eq!(token.destroy_objects(&id(1)).unwrap(), 2);
    assert_eq!(token.inventory().unwrap(), empty);
    let error = token.destroy_objects(&id(1)).unwrap_err();
    assert!(matches!(error, TokenError::NoSuchKey { .. }), "{error}");
}

#[test]
fn a_data_object_takes_the_place_of_the_one_before() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let data = |value: &[u8]| DataObject {
        label: "ceremony-log/head".to_owned(),
        application: "rootrite".to_owned(),
        value: value.to_vec(),
    };
    assert_eq!(token.data("ceremony-log/head").unwrap(), []);
    token.store_data(&data(b"first")).unwrap();
    token.store_data(&DataObject { application: "another".to_owned(), ..data(b"not ours") }).unwrap();
    token.store_data(&data(b"second")).unwrap();
    let mut values: Vec<_> = token
        .data("ceremony-log/head")
        .unwrap()
        .into_iter()
        .map(|data| (data.application, data.value))
        .collect();
    values.sort();
    let expected = [("another", "not ours"), ("rootrite", "second")];
    assert_eq!(values, expected.map(|(application, value)| (application.to_owned(), value.into())));
    let error = token.store_data(&data(&vec![0; 100_000])).unwrap_err();
    assert!(matches!(error, TokenError::TooMuch { .. }), "{error}");
}

#[test]
fn random_octets_come_in_the_number_asked_for() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = process.open(&any("root"), &Quirks { random_limit: 7, ..STANDARD }).unwrap();
    assert_eq!(token.random(0).unwrap().len(), 0);
    let (one, two) = (token.random(32).unwrap(), token.random(32).unwrap());
    assert_eq!(one.len(), 32);
    assert_ne!(*one, *two);
    assert!(one.chunks(7).all(|part| part.iter().any(|octet| *octet != 0)));
    let error = token.random(1024 * 1024 + 1).unwrap_err();
    assert!(matches!(error, TokenError::TooMuch { .. }), "{error}");
}

#[test]
fn a_file_that_is_no_module_is_named_with_the_reason() {
    let softhsm = SoftHsm::new();
    let start = |module: PathBuf| {
        let configuration = ModuleConfiguration { module, ..softhsm.configuration() };
        ModuleProcess::start(&configuration).map(drop).unwrap_err()
    };
    let error = start("/nonexistent/module.so".into());
    assert!(matches!(error, TokenError::ModuleUnreadable { .. }), "{error}");
    let error = start("libsofthsm2.so".into());
    assert!(
        matches!(&error, TokenError::ModuleUnreadable { reason, .. } if reason.contains("absolute")),
        "{error}"
    );
    let text = softhsm.folder().join("softhsm2.conf");
    let error = start(text);
    assert!(matches!(error, TokenError::NotAModule { .. }), "{error}");
    let library = std::fs::read_to_string("/proc/self/maps").unwrap();
    let library = library
        .lines()
        .find_map(|line| line.split_whitespace().last().filter(|file| file.contains("libc.so")))
        .unwrap();
    let error = start(library.into());
    assert!(
        matches!(&error, TokenError::NotAModule { reason, .. } if reason.contains("C_GetFunctionList")),
        "{error}"
    );
}

#[test]
fn a_module_other_than_the_one_agreed_upon_is_not_loaded() {
    let softhsm = one_token();
    let digest = Digest::of(&std::fs::read(SoftHsm::module()).unwrap());
    let configuration = |expected_sha256| ModuleConfiguration { expected_sha256, ..softhsm.configuration() };
    ModuleProcess::start(&configuration(Some(digest))).unwrap();
    let other = Digest::of(b"another module");
    let error = ModuleProcess::start(&configuration(Some(other))).map(drop).unwrap_err();
    assert!(
        matches!(error, TokenError::ModuleDigest { found, wanted, .. } if found == digest && wanted == other)
    );
}

#[test]
fn a_module_that_does_not_find_its_folder_says_so() {
    let softhsm = one_token();
    std::fs::remove_dir_all(softhsm.tokens()).unwrap();
    let error = ModuleProcess::start(&softhsm.configuration()).map(drop).unwrap_err();
    let TokenError::Code { operation: Operation::Start, function, code, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((function.as_str(), code.to_string().as_str()), ("C_Initialize", "CKR_GENERAL_ERROR"));
}

#[test]
fn a_program_that_is_not_there_or_is_another_is_named() {
    let softhsm = SoftHsm::new();
    let start = |program: &str| {
        let configuration = ModuleConfiguration { program: program.into(), ..softhsm.configuration() };
        ModuleProcess::start(&configuration).map(drop).unwrap_err()
    };
    let error = start("/nonexistent/program");
    assert!(matches!(error, TokenError::NotStarted { .. }), "{error}");
    let error = start("/bin/false");
    assert!(matches!(error, TokenError::ModuleDied { death: Death::Exit(1), .. }), "{error}");
}

#[test]
fn the_process_has_the_environment_it_is_given_and_no_other() {
    let softhsm = one_token();
    let process = softhsm.start();
    let environment = std::fs::read(format!("/proc/{}/environ", process.id().unwrap())).unwrap();
    let (name, value) = softhsm.environment().pop_first().unwrap();
    assert_eq!(String::from_utf8(environment).unwrap(), format!("{name}={value}\0"));
}

#[test]
fn what_is_typed_to_interrupt_the_program_does_not_reach_the_process() {
    let softhsm = one_token();
    let process = softhsm.start();
    let number = process.id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap();
    // After the name: state, parent, process group.
    let group = status.rsplit_once(')').unwrap().1.split_whitespace().nth(2).unwrap();
    assert_eq!(group, number.to_string());
}

#[test]
fn the_process_leaves_no_core_file() {
    let softhsm = one_token();
    let process = softhsm.start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id().unwrap())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
}

fn kill(process: &ModuleProcess) {
    let number = i32::try_from(process.id().unwrap()).unwrap();
    let number = rustix::process::Pid::from_raw(number).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_process_that_is_killed_is_an_equipment_failure_and_is_not_asked_again() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    kill(&process);
    let error = token.inventory().unwrap_err();
    let death = TokenError::ModuleDied {
        module: SoftHsm::module(),
        operation: Operation::TakeInventory,
        death: Death::Signal(9),
        said: String::new(),
    };
    assert_eq!(error, death);
    for error in [token.information().unwrap_err(), process.slots().unwrap_err()] {
        assert!(matches!(error, TokenError::ModuleSpent { .. }), "{error}");
    }
    assert!(matches!(process.open(&any("root"), &STANDARD).map(drop), Err(TokenError::ModuleSpent { .. })));
    // Another process is as good as the first.
    let process = softhsm.start();
    session(&process, "root", USER);
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_a_call_ends_the_call() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    std::thread::scope(|scope| {
        let call = scope.spawn(move || {
            // The generation of one key may be over before the kill; that of many is not.
            (1..=200).find_map(|number| {
                token.generate_key_pair(&request(&number.to_string(), number, KeyAlgorithm::Rsa4096)).err()
            })
        });
        std::thread::sleep(Duration::from_millis(300));
        kill(&process);
        let error = call.join().unwrap().unwrap();
        let operation = Operation::GenerateKeyPair;
        assert!(
            matches!(error, TokenError::ModuleDied { operation: found, death: Death::Signal(9), .. } if found == operation),
            "{error}"
        );
    });
}

#[test]
fn a_call_that_takes_too_long_is_an_error_and_nothing_more_is_asked() {
    let softhsm = one_token();
    let mut configuration = softhsm.configuration();
    configuration.timeouts.generate = Duration::from_millis(10);
    let process = ModuleProcess::start(&configuration).unwrap();
    let mut token = session(&process, "root", USER);
    let error = token.generate_key_pair(&request("slow", 1, KeyAlgorithm::Rsa4096)).unwrap_err();
    assert_eq!(error, TokenError::Timeout { operation: Operation::GenerateKeyPair, milliseconds: 10 });
    let error = token.information().unwrap_err();
    assert!(matches!(error, TokenError::ModuleSpent { .. }), "{error}");
    // It is left to finish: the key is whole when it has.
    let number = process.id().unwrap();
    drop((token, process));
    wait_for_end(number);
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let made = token.key(&id(1)).unwrap();
    sign_and_verify(&mut token, &id(1), &made.public_key, b"message");
}

/// Waits until a process has ended; one that is not waited for stays as a zombie.
fn wait_for_end(number: u32) {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z ") {
            return;
        }
        assert!(Instant::now() < until, "the process {number} does not end: {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn sessions_work_side_by_side_and_share_the_login() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut first = session(&process, "root", USER);
    let made = first.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    std::thread::scope(|scope| {
        for number in 0..4u8 {
            let mut token = process.open(&any("root"), &STANDARD).unwrap();
            let public_key = &made.public_key;
            scope.spawn(move || {
                for message in 0..50u8 {
                    sign_and_verify(&mut token, &id(1), public_key, &[number, message]);
                }
            });
        }
    });
    // All others are closed; the login is still there.
    sign_and_verify(&mut first, &id(1), &made.public_key, b"message");
    drop(first);
    let mut last = process.open(&any("root"), &STANDARD).unwrap();
    sign_and_verify(&mut last, &id(1), &made.public_key, b"message");
}

#[test]
fn many_signatures_are_made_side_by_side_each_in_its_place() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut first = session(&process, "root", USER);
    let made = first.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP384)).unwrap();
    drop(first);
    let quirks = Quirks { sessions: Some(3), ..STANDARD };
    let mut first = process.open(&any("root"), &quirks).unwrap();
    let mut all: Vec<Box<dyn Token>> = first.beside().unwrap();
    assert_eq!(all.len(), 2, "with the first one they are three");
    all.push(Box::new(first));
    let algorithm = SignatureAlgorithm::for_key(&made.public_key);
    let hash = algorithm.hash().unwrap();
    std::thread::scope(|scope| {
        for (number, token) in all.iter_mut().enumerate() {
            let public_key = &made.public_key;
            scope.spawn(move || {
                let messages: Vec<_> =
                    (0..20u8).map(|message| [u8::try_from(number).unwrap(), message]).collect();
                let digests: Vec<_> = messages.iter().map(|message| hash.digest(message)).collect();
                let signatures = token.sign_many(&id(1), Some(hash), &digests).unwrap();
                assert_eq!(signatures.len(), 20);
                for (message, signature) in messages.iter().zip(&signatures) {
                    verify_signature(public_key, algorithm, message, signature).unwrap();
                }
                let wrong = [digests, vec![vec![0; 7]]].concat();
                let error = token.sign_many(&id(1), Some(hash), &wrong).unwrap_err();
                assert!(matches!(error, TokenError::WrongInput { .. }), "{error}");
                assert!(token.sign_many(&id(1), Some(hash), &[]).unwrap().is_empty());
            });
        }
    });
    let mut alone = process.open(&any("root"), &Quirks { sessions: Some(1), ..STANDARD }).unwrap();
    assert!(alone.beside().unwrap().is_empty());
}

#[test]
fn a_slow_call_does_not_hold_up_another_session() {
    let softhsm = one_token().token("other", USER, OFFICER);
    let process = softhsm.start();
    let mut slow = session(&process, "root", USER);
    let mut quick = session(&process, "other", USER);
    std::thread::scope(|scope| {
        let call = scope.spawn(move || {
            for number in 1..=3 {
                slow.generate_key_pair(&request(&number.to_string(), number, KeyAlgorithm::Rsa3072)).unwrap();
            }
        });
        let mut answers = 0;
        while !call.is_finished() {
            quick.information().unwrap();
            answers += 1;
        }
        assert!(answers > 10, "{answers}");
    });
}

#[test]
fn after_an_error_the_session_goes_on() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let made = token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    for _ in 0..3 {
        let error = token.sign(&id(1), ToSign::Message(b"not a digest")).unwrap_err();
        assert!(matches!(error, TokenError::WrongInput { .. }), "{error}");
        let long = HashAlgorithm::Sha384.digest(b"message");
        let what = ToSign::Digest { hash: HashAlgorithm::Sha384, octets: &long };
        assert!(matches!(token.sign(&id(1), what), Err(TokenError::WrongInput { .. })));
        sign_and_verify(&mut token, &id(1), &made.public_key, b"message");
    }
}

#[test]
fn a_token_that_vanishes_is_not_taken_for_an_empty_one() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    token.generate_key_pair(&request("one", 1, KeyAlgorithm::EcdsaP256)).unwrap();
    std::fs::rename(softhsm.tokens(), softhsm.folder().join("gone")).unwrap();
    let error = token.inventory().unwrap_err();
    assert!(matches!(error, TokenError::Code { .. }), "{error}");
}

#[test]
fn a_large_message_is_signed_and_one_too_large_refused() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let made = token.generate_key_pair(&request("one", 1, KeyAlgorithm::Ed25519)).unwrap();
    sign_and_verify(&mut token, &id(1), &made.public_key, &vec![0x5a; 3 * 1024 * 1024]);
    let error = token.sign(&id(1), ToSign::Message(&vec![0; 65 * 1024 * 1024])).unwrap_err();
    assert!(matches!(error, TokenError::TooMuch { found, most, .. } if found > most), "{error}");
    // Nothing was sent, so that the session goes on.
    sign_and_verify(&mut token, &id(1), &made.public_key, b"message");
}

#[test]
fn keys_of_other_programs_are_found_and_ours_by_them() {
    let softhsm = one_token();
    let tool = |arguments: &[&str]| {
        let output = std::process::Command::new("pkcs11-tool")
            .arg("--module")
            .arg(SoftHsm::module())
            .args(["--token-label", "root", "--login", "--pin", USER])
            .args(arguments)
            .envs(softhsm.environment())
            .output()
            .expect("pkcs11-tool is needed: apt-get install opensc");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (good, small) = ("09".repeat(16), "08".repeat(16));
    tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--id",
        &good,
        "--label",
        "theirs",
        "--usage-sign",
    ]);
    tool(&["--keypairgen", "--key-type", "rsa:1024", "--id", &small, "--label", "small", "--usage-sign"]);
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let theirs = token.key(&id(9)).unwrap();
    assert_eq!((theirs.label.as_str(), theirs.algorithm), ("theirs", KeyAlgorithm::EcdsaP256));
    sign_and_verify(&mut token, &id(9), &theirs.public_key, b"message");
    let error = token.key(&id(8)).unwrap_err();
    let finding = "it is RSA of 1024 bits, which is none of the known kinds";
    assert!(matches!(&error, TokenError::MalformedKey { finding: found, .. } if found == finding), "{error}");
    token.generate_key_pair(&request("ours", 1, KeyAlgorithm::EcdsaP384)).unwrap();
    drop(token);
    process.stop().unwrap();
    let listed = tool(&["--list-objects", "--type", "privkey"]);
    assert!(listed.contains("ours") && listed.contains(&"01".repeat(16)), "{listed}");
    assert!(listed.contains("never extractable"), "{listed}");
}

#[test]
fn stopping_ends_the_process_and_what_was_open_with_it() {
    let softhsm = one_token();
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    process.stop().unwrap();
    let error = token.information().unwrap_err();
    assert!(matches!(error, TokenError::ModuleSpent { .. }), "{error}");
}

#[test]
fn when_the_parent_is_gone_the_call_in_hand_is_finished() {
    const CHILD: &str = "ROOTRITE_TEST_PARENT_OF_A_MODULE";
    if let Ok(folder) = std::env::var(CHILD) {
        be_a_parent_that_is_killed(&folder);
    }
    let softhsm = one_token();
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "when_the_parent_is_gone_the_call_in_hand_is_finished", "--nocapture"])
        .env(CHILD, softhsm.folder())
        .spawn()
        .unwrap();
    let started = softhsm.folder().join("started");
    let until = Instant::now() + Duration::from_mins(1);
    let number = loop {
        match std::fs::read_to_string(&started).map(|text| text.parse::<u32>()) {
            Ok(Ok(number)) => break number,
            _ => assert!(Instant::now() < until && parent.try_wait().unwrap().is_none()),
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    // The question has been sent, or will be in a moment; RSA of 4096 bits takes much longer.
    std::thread::sleep(Duration::from_millis(20));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_for_end(number);
    let process = softhsm.start();
    let mut token = session(&process, "root", USER);
    let made = token.key(&id(1)).unwrap();
    sign_and_verify(&mut token, &id(1), &made.public_key, b"message");
    assert_eq!(token.inventory().unwrap().entries.len(), 2);
}

/// Asks for a long call and is killed before it ends.
fn be_a_parent_that_is_killed(folder: &str) -> ! {
    let mut configuration = SoftHsm::new().configuration();
    configuration.environment.insert("SOFTHSM2_CONF".to_owned(), format!("{folder}/softhsm2.conf"));
    let process = ModuleProcess::start(&configuration).unwrap();
    let mut token = session(&process, "root", USER);
    let (unfinished, started) = (format!("{folder}/starting"), format!("{folder}/started"));
    std::fs::write(&unfinished, process.id().unwrap().to_string()).unwrap();
    std::fs::rename(unfinished, started).unwrap();
    let made = token.generate_key_pair(&request("slow", 1, KeyAlgorithm::Rsa4096));
    // Not killed in time: say so by an exit code that the test does not expect.
    drop(made);
    std::thread::sleep(Duration::from_mins(1));
    std::process::exit(3)
}

#[test]
fn a_module_process_that_somebody_starts_by_hand_ends_at_once() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rootrite"))
        .arg("__module")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_process_ends_when_nobody_is_logged_in_to_any_of_its_tokens() {
    let softhsm = SoftHsm::new().token("root", USER, OFFICER).token("log", USER, OFFICER);
    let process = softhsm.start();
    let mut root = session(&process, "root", USER);
    let mut log = session(&process, "log", USER);
    let id = process.id();
    root.log_out().unwrap();
    log.inventory().unwrap();
    root.information().unwrap();
    assert_eq!(process.id(), id);
    log.log_out().unwrap();
    root.information().unwrap();
    assert_ne!(process.id(), id);
}

/// Every kind of key that SoftHSM makes: it has no ML-DSA.
fn made_by_softhsm() -> impl Iterator<Item = KeyAlgorithm> {
    KeyAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.ml_dsa().is_none())
}
