//! Modules, tokens and module processes that do what they must not: each ends in an error that says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with their tests")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use common::fake::{configuration, module};
use common::softhsm::{any, pin};
use rootrite::hsm::{
    DataObject, Death, KeyId, Login, ModuleConfiguration, ModuleProcess, Operation, PinState, Probe, Quirks,
    STANDARD, Says, Session, ToSign, Token as _, TokenError, is_at_work,
};
use rootrite::pki::key::KeyAlgorithm;
use rootrite::pki::signature::HashAlgorithm;

fn start(fake: &str) -> Result<ModuleProcess, TokenError> {
    ModuleProcess::start(&configuration(fake))
}

fn open(fake: &str) -> (ModuleProcess, Session) {
    let process = start(fake).unwrap();
    let session = process.open(&any("fake"), &STANDARD).unwrap();
    (process, session)
}

fn id() -> KeyId {
    KeyId::from_octets(&[1; 16]).unwrap()
}

fn sign(session: &mut Session) -> Result<Vec<u8>, TokenError> {
    let digest = HashAlgorithm::Sha256.digest(b"message");
    session.sign(&id(), ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &digest })
}

/// What the error says, without the place of the module.
fn words(error: &TokenError) -> String {
    error.to_string().replace(&module().display().to_string(), "MODULE")
}

const TOKEN: &str = "`fake` (serial `0001`, model `Fake`)";

#[test]
fn a_module_that_behaves_is_taken() {
    let (process, mut session) = open("");
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    let key = session.key(&id()).unwrap();
    assert_eq!((key.label.as_str(), key.algorithm), ("key", KeyAlgorithm::EcdsaP256));
    assert_eq!(sign(&mut session).unwrap().len(), 70);
    assert_eq!(session.destroy_objects(&id()).unwrap(), 2);
    process.stop().unwrap();
}

#[test]
fn a_module_that_cannot_lock_gets_one_session_at_a_time() {
    let quirks = Quirks { sessions: Some(4), ..STANDARD };
    for (fake, several, beside) in [("", true, 3), ("cannot-lock", false, 0)] {
        let process = start(fake).unwrap();
        assert_eq!(process.information().several_threads, several);
        let mut session = process.open(&any("fake"), &quirks).unwrap();
        assert_eq!(session.beside().unwrap().len(), beside, "{fake}");
        session.log_in(Login::Pin(&pin("1234"))).unwrap();
        assert_eq!(sign(&mut session).unwrap().len(), 70);
        process.stop().unwrap();
    }
}

#[test]
fn a_token_with_room_for_few_sessions_is_worked_with_in_those() {
    let quirks = Quirks { sessions: Some(8), ..STANDARD };
    for (fake, beside) in [("one-session", 0), ("three-sessions", 2)] {
        let process = start(fake).unwrap();
        let mut session = process.open(&any("fake"), &quirks).unwrap();
        session.log_in(Login::Pin(&pin("1234"))).unwrap();
        let mut others = session.beside().unwrap();
        assert_eq!(others.len(), beside, "{fake}");
        for _ in 0..3 {
            assert_eq!(sign(&mut session).unwrap().len(), 70);
            for other in &mut others {
                let digest = HashAlgorithm::Sha256.digest(b"message");
                let what = ToSign::Digest { hash: HashAlgorithm::Sha256, octets: &digest };
                assert_eq!(other.sign(&id(), what).unwrap().len(), 70);
            }
        }
        // The one session is not closed by an error, which would log the user out.
        let error = session.key(&KeyId::from_octets(&[2; 16]).unwrap()).map(drop);
        assert_eq!(error, Ok(()), "the fake finds its key by any id");
        let digest = HashAlgorithm::Sha384.digest(b"message");
        let what = ToSign::Digest { hash: HashAlgorithm::Sha384, octets: &digest };
        assert!(matches!(session.sign(&id(), what), Err(TokenError::WrongInput { .. })));
        assert_eq!(sign(&mut session).unwrap().len(), 70);
        // While it is at work nobody else gets it.
        if beside == 0 {
            let error = process.open(&any("fake"), &quirks).map(drop).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "opening a session failed at the token {TOKEN}: C_OpenSession returned CKR_SESSION_COUNT"
                )
            );
        }
        drop(others);
        // The doctor counts the one that is kept open, and uses it where there is no other. Those that were dropped are closed
        // by the other process, when it comes to that.
        let (detail, count) = match fake {
            "one-session" => ("one at a time and no more: a series is signed by it alone", 1),
            _ => ("3 at once and no more", 3),
        };
        let until = Instant::now() + Duration::from_mins(1);
        let mut said = session.probe(Probe::Sessions).unwrap();
        while said[0].detail != detail && Instant::now() < until {
            said = session.probe(Probe::Sessions).unwrap();
        }
        assert_eq!((said[0].detail.as_str(), &said[0].says[..]), (detail, &[Says::Sessions(count)][..]));
        assert_eq!(sign(&mut session).unwrap().len(), 70, "the login stays");
        drop(session);
        process.stop().unwrap();
    }
}

#[test]
fn a_message_in_pieces_is_signed_as_a_whole_or_not_at_all() {
    use rootrite::hsm::Hashes;
    let hashes = Hashes { ecdsa: true, ..Hashes::NOTHING };
    let message: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let hash = HashAlgorithm::Sha256;
    let octets = hash.digest(&message);
    let what = ToSign::Digest { hash, octets: &octets };
    let quirks = Quirks { hashes, ..STANDARD };
    for fake in ["", "one-session"] {
        let process = start(fake).unwrap();
        let mut session = process.open(&any("fake"), &quirks).unwrap();
        session.log_in(Login::Pin(&pin("1234"))).unwrap();
        assert!(!session.takes_digests());
        assert_eq!(session.sign_read(&id(), what, &mut message.as_slice()).unwrap().len(), 70);
        // Another message than the one that was agreed upon: nobody asks for its signature.
        let error = session.sign_read(&id(), what, &mut &message[1..]).unwrap_err();
        let finding = "the message that came is not the one of its digest";
        assert!(error.to_string().ends_with(finding), "{error}");
        let error = session.sign(&id(), what).unwrap_err();
        assert!(error.to_string().ends_with("there is only a digest"), "{error}");
        if fake.is_empty() {
            // What was abandoned is in nobody's way.
            assert_eq!(session.sign_read(&id(), what, &mut message.as_slice()).unwrap().len(), 70);
        }
    }
    let process = start("tires").unwrap();
    let mut session = process.open(&any("fake"), &quirks).unwrap();
    let error = session.sign_read(&id(), what, &mut message.as_slice()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("signing failed at the token {TOKEN}: C_SignUpdate returned CKR_DEVICE_ERROR")
    );
}

#[test]
fn a_module_that_does_not_start_is_named_with_the_reason() {
    for (fake, said) in [
        ("no-list", "MODULE cannot be used as a PKCS#11 module: its list of functions is nowhere"),
        ("ancient", "MODULE cannot be used as a PKCS#11 module: it speaks a PKCS#11 before 2.0"),
        (
            "no-functions",
            "starting the module failed at the module MODULE: C_GetFunctionList returned CKR_FUNCTION_NOT_SUPPORTED",
        ),
        (
            "refuses",
            "starting the module failed at the module MODULE: C_Initialize returned the vendor's code 0x80000042",
        ),
        (
            "exits",
            "the process of the PKCS#11 module MODULE ended with exit code 3 during starting the module; what the \
             token did is unknown",
        ),
    ] {
        assert_eq!(words(&start(fake).map(drop).unwrap_err()), said, "{fake}");
    }
}

#[test]
fn a_token_that_refuses_a_login_is_quoted() {
    let log_in = |fake: &str| open(fake).1.log_in(Login::Pin(&pin("1234"))).unwrap_err();
    let token = || TOKEN.to_owned();
    assert_eq!(log_in("pin-incorrect"), TokenError::PinIncorrect { token: token(), state: PinState::Unsaid });
    let last = TokenError::PinIncorrect { token: token(), state: PinState::FinalTry };
    assert_eq!(log_in("pin-incorrect final"), last);
    assert_eq!(
        last.to_string(),
        format!(
            "the PIN is not the one of the token {TOKEN}; the token says that one try is left, and that the next \
             wrong PIN locks it"
        )
    );
    assert_eq!(log_in("pin-expired"), TokenError::PinExpired { token: token() });
    assert_eq!(log_in("pin-locks"), TokenError::PinLocked { token: token() });
    // The token is not even asked.
    assert_eq!(log_in("locked pin-strange"), TokenError::PinLocked { token: token() });
    assert_eq!(
        log_in("pin-strange").to_string(),
        format!("logging in failed at the token {TOKEN}: C_Login returned the vendor's code 0x80000001")
    );
}

#[test]
fn a_pin_is_compared_with_the_token_s_bounds_where_it_has_any() {
    let log_in = |fake: &str, text: &str| open(fake).1.log_in(Login::Pin(&pin(text)));
    for (text, good) in [("123", false), ("1234", true), ("12345678", true), ("123456789", false)] {
        assert_eq!(log_in("", text).is_ok(), good, "{text}");
        log_in("no-bounds", text).unwrap();
    }
    let error = log_in("pin-incorrect", "123").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("a PIN of the token {TOKEN} has 4 to 8 octets; the one given has not")
    );
}

#[test]
fn a_pin_pad_and_a_token_without_login_are_used_as_they_are() {
    open("pin-pad").1.log_in(Login::ProtectedPath).unwrap();
    open("no-login").1.log_in(Login::None).unwrap();
    let error = open("").1.log_in(Login::None).unwrap_err();
    assert_eq!(error.to_string(), format!("the token {TOKEN} asks for a login"));
    let error = open("").1.log_in(Login::ProtectedPath).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the token {TOKEN} has no PIN pad of its own (protected authentication path)")
    );
    let error = open("not-logged-in").1.log_out().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("nobody is logged in at the token {TOKEN}, which is needed for logging out")
    );
}

#[test]
fn the_ladder_of_templates_ends_at_the_first_that_a_token_takes() {
    use rootrite::hsm::AttributeName as A;
    let climb = |fake: &str| open(fake).1.probe_template(KeyAlgorithm::EcdsaP256);
    let kept = [A::Modifiable, A::Copyable, A::Destroyable];
    let trusted = [A::WrapWithTrusted, A::AlwaysAuthenticate];
    let uses = [A::SignRecover, A::Decrypt, A::Unwrap, A::Derive];
    assert_eq!(climb("").unwrap().omit_private, []);
    assert_eq!(climb("picky").unwrap().omit_private, kept);
    assert_eq!(climb("picky very-picky").unwrap().omit_private, [&kept[..], &trusted].concat());
    let least = climb("picky very-picky very-very-picky").unwrap();
    assert_eq!(least.omit_private, [&kept[..], &trusted, &uses].concat());
    assert_eq!(least.omit_public, [&kept[..], &[A::VerifyRecover, A::Encrypt, A::Wrap, A::Derive]].concat());
    let error = climb("takes-nothing").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token accepts no template for a key pair ecdsa-p256, however little is in it"
    );
}

#[test]
fn a_key_that_was_not_made_here_is_refused_unless_the_make_cannot_tell() {
    use rootrite::hsm::{AttributeName as A, KeyRequest, Quirks};
    let request =
        KeyRequest { label: "key".into(), id: id(), algorithm: KeyAlgorithm::EcdsaP256, extractable: false };
    let make = |fake: &str, untold: &[A]| {
        let process = start(fake).unwrap();
        let quirks = Quirks { untold: untold.to_vec(), ..STANDARD };
        process.open(&any("fake"), &quirks).unwrap().generate_key_pair(&request)
    };
    assert_eq!(make("keeps", &[]).unwrap().private.flag(A::Local), Some(true));
    for (fake, attribute) in [
        ("keeps from-elsewhere", A::Local),
        ("keeps once-open", A::AlwaysSensitive),
        ("keeps says-nothing", A::NeverExtractable),
    ] {
        let error = make(fake, &[]).unwrap_err();
        assert!(
            matches!(&error, TokenError::AttributeDiffers { attribute: found, .. } if *found == attribute),
            "{error}"
        );
        make(fake, &[attribute]).unwrap();
    }
}

#[test]
fn a_token_that_was_unplugged_is_not_asked_again_by_itself_and_a_new_process_begins_anew() {
    // The second call would return another code: it is not made.
    let (process, mut session) = open("unplugged");
    let error = session.probe_template(KeyAlgorithm::EcdsaP256).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "generating a key pair failed at the token {TOKEN}: C_GenerateKeyPair returned CKR_DEVICE_REMOVED"
        )
    );
    drop(session);
    process.stop().unwrap();
    // C_Finalize and C_Initialize: the only way back that every module knows.
    let (_process, mut session) = open("");
    session.probe_template(KeyAlgorithm::EcdsaP256).unwrap();
}

#[test]
fn a_login_outside_is_believed_only_if_somebody_is_logged_in() {
    open("").1.log_in(Login::External).unwrap();
    let error = open("nobody-in").1.log_in(Login::External).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the token {TOKEN} has nobody logged in, which was to have happened before this program began"
        )
    );
}

#[test]
fn a_token_that_is_exchanged_is_noticed() {
    let (_process, mut session) = open("swaps");
    let now = "`another` (serial `0001`, model `Fake`)";
    for error in [
        session.information().unwrap_err(),
        session.log_in(Login::Pin(&pin("1234"))).unwrap_err(),
        session.inventory().unwrap_err(),
    ] {
        assert_eq!(error, TokenError::TokenChanged { was: TOKEN.to_owned(), is: now.to_owned() });
    }
}

#[test]
fn a_key_that_is_not_whole_or_not_what_it_says_is_refused() {
    for (fake, said) in [
        ("widow", "there is no key ID on the token TOKEN; found 1 private and 0 public keys of this id"),
        ("twins", "2 private and 1 public keys have the id ID on the token TOKEN; one of each must"),
        ("off-curve", "the key ID on the token TOKEN cannot be used: the point does not lie on P-256"),
        (
            "cut-point",
            "the key ID on the token TOKEN cannot be used: its CKA_EC_POINT is in none of the known forms of ecdsa-p256",
        ),
        ("halves", "the key ID on the token TOKEN cannot be used: its halves are on different curves"),
        ("no-text", "the key ID on the token TOKEN cannot be used: its label is not UTF-8"),
        (
            "short-number",
            "the key ID on the token TOKEN cannot be used: CKA_KEY_TYPE of the public key is 03",
        ),
        (
            "unreadable",
            "the key ID on the token TOKEN cannot be used: CKA_KEY_TYPE of the public key is \
             CKR_OBJECT_HANDLE_INVALID",
        ),
    ] {
        let said = said.replace("ID on", &format!("{} on", id())).replace("TOKEN", TOKEN);
        let (_process, mut session) = open(fake);
        assert_eq!(session.key(&id()).unwrap_err().to_string(), said, "{fake}");
        assert_eq!(sign(&mut session).unwrap_err().to_string(), said, "{fake}");
    }
}

#[test]
fn objects_that_cannot_be_read_are_counted() {
    let (_process, mut session) = open("unreadable");
    let inventory = session.inventory().unwrap();
    assert_eq!((inventory.entries.len(), inventory.unreadable), (0, 2));
}

#[test]
fn a_signature_of_the_wrong_length_is_refused() {
    let error = sign(&mut open("short-signature").1).unwrap_err();
    assert!(matches!(error, TokenError::MalformedSignature { found: 63, .. }), "{error}");
    let error = sign(&mut open("cannot-sign").1).unwrap_err();
    assert_eq!(error.to_string(), format!("signing is impossible: the token {TOKEN} has no function C_Sign"));
}

#[test]
fn an_answer_larger_than_the_room_for_it_is_refused() {
    let absurd = |operation: &str, place: &str, function: &str| {
        format!("{operation} failed at {place}: {function} answered more than there can be")
    };
    let token = format!("the token {TOKEN}");
    let error = sign(&mut open("long-signature").1).unwrap_err();
    assert_eq!(error.to_string(), absurd("signing", &token, "C_Sign"));
    for fake in ["greedy", "endless"] {
        let error = open(fake).1.inventory().unwrap_err();
        assert_eq!(error.to_string(), absurd("taking inventory", &token, "C_FindObjects"), "{fake}");
    }
    let error = open("boasts").1.inventory().unwrap_err();
    assert_eq!(error.to_string(), absurd("taking inventory", &token, "C_GetAttributeValue"));
    let error = start("many-slots").unwrap().slots().unwrap_err();
    assert_eq!(words(&error), absurd("listing the tokens", "the module MODULE", "C_GetSlotList"));
}

#[test]
fn a_token_that_says_how_much_room_it_needs_gets_it_once() {
    assert_eq!(sign(&mut open("exact-room").1).unwrap().len(), 70);
    for fake in ["never-enough", "absurd-room"] {
        let error = sign(&mut open(fake).1).unwrap_err();
        let wanted = format!("signing failed at the token {TOKEN}: C_Sign returned CKR_BUFFER_TOO_SMALL");
        assert_eq!(error.to_string(), wanted, "{fake}");
    }
    let inventory = open("long-label").1.inventory().unwrap();
    assert!(inventory.entries.iter().any(|entry| entry.label == vec![b'k'; 20_000]), "{inventory:?}");
}

#[test]
fn what_is_still_there_after_it_was_destroyed_is_said() {
    let error = open("undead").1.destroy_objects(&id()).unwrap_err();
    assert!(matches!(error, TokenError::StillThere { count: 2, .. }), "{error}");
}

#[test]
fn a_data_object_that_reads_otherwise_than_it_was_stored_is_an_error() {
    let data =
        DataObject { label: "head".to_owned(), application: "rootrite".to_owned(), value: vec![1, 2, 3] };
    let error = open("").1.store_data(&data).unwrap_err();
    assert!(matches!(error, TokenError::DataDiffers { .. }), "{error}");
}

#[test]
fn a_token_without_room_for_sessions_says_so() {
    let error = start("no-sessions").unwrap().open(&any("fake"), &STANDARD).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("opening a session failed at the token {TOKEN}: C_OpenSession returned CKR_SESSION_COUNT")
    );
}

#[test]
fn a_module_that_crashes_is_quoted() {
    let (_process, mut session) = open("crashes");
    let error = session.random(16).unwrap_err();
    let TokenError::ModuleDied { operation, death, said, .. } = error else { panic!("{error}") };
    assert_eq!((operation, death), (Operation::DrawRandom, Death::Signal(11)));
    assert_eq!(said, "module: the cable is loose");
}

#[test]
fn a_module_that_hangs_keeps_nobody_longer_than_agreed() {
    let mut configuration = configuration("hangs");
    configuration.timeouts.ordinary = Duration::from_millis(1_500);
    let process = ModuleProcess::start(&configuration).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    let begun = Instant::now();
    let error = session.random(16).unwrap_err();
    assert_eq!(error, TokenError::Timeout { operation: Operation::DrawRandom, milliseconds: 1_500 });
    let hanging = Hanging::of(&process);
    drop((session, process));
    assert!(begun.elapsed() < Duration::from_mins(1));
    hanging.end();
}

#[test]
fn a_module_that_hangs_at_the_end_keeps_nobody_longer_than_agreed() {
    let mut configuration = configuration("hangs-at-the-end");
    configuration.timeouts.stop = Duration::from_millis(1_500);
    let begun = Instant::now();
    let process = ModuleProcess::start(&configuration).unwrap();
    let hanging = Hanging::of(&process);
    let error = process.stop().unwrap_err();
    assert_eq!(error, TokenError::Timeout { operation: Operation::Stop, milliseconds: 1_500 });
    assert!(begun.elapsed() < Duration::from_mins(1));
    hanging.end();
}

#[test]
fn a_process_that_does_not_end_after_its_last_logout_gets_no_second_one_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = folder.path().join("module.outcomes");
    let mut configuration = configuration("hangs-at-the-end");
    configuration.timeouts.stop = Duration::from_millis(1_500);
    let process = ModuleProcess::start(&configuration).unwrap();
    process.keep_outcomes(&outcomes).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    let hanging = Hanging::of(&process);
    session.log_out().unwrap();
    // It has said that it ends, and does not: whoever asks for anything hears that, as often as they ask.
    let late = TokenError::Timeout { operation: Operation::Stop, milliseconds: 1_500 };
    assert_eq!(session.information().unwrap_err(), late);
    assert_eq!(process.slots().unwrap_err(), late);
    assert_eq!(process.open(&any("fake"), &STANDARD).map(drop).unwrap_err(), late);
    assert_eq!(process.id(), Some(hanging.id), "there is no other");
    assert!(is_at_work(&outcomes).unwrap(), "who goes on without this program waits for it");
    hanging.end();
    // It is gone, so there may be another; that one keeps its outcomes in the same place, in a file of its own.
    let until = Instant::now() + Duration::from_mins(1);
    while let Err(error) = session.information() {
        assert_eq!(error, late);
        assert!(Instant::now() < until, "it was ended");
    }
    let second = Hanging::of(&process);
    assert!(second.id != hanging.id && lives(second.id));
    assert!(is_at_work(&outcomes).unwrap(), "the second one keeps outcomes too");
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    assert_eq!(sign(&mut session).unwrap().len(), 70);
    session.log_out().unwrap();
    // Nor is a stop believed that did not happen; the file stays with its process.
    assert_eq!(process.stop().unwrap_err(), late);
    assert!(is_at_work(&outcomes).unwrap());
    second.end();
}

/// A module's process that hangs. The program leaves it alone: nobody knows what an HSM is in the middle of. So the test ends
/// it, by its number and also if it fails.
struct Hanging {
    id: u32,
}

impl Hanging {
    fn of(process: &ModuleProcess) -> Self {
        Self { id: process.id().unwrap() }
    }

    /// Ends it. It has to be there still.
    fn end(&self) {
        assert!(lives(self.id), "it does not hang");
        self.kill();
    }

    /// Nothing happens to one that is gone. One that nobody has asked how it ended keeps its number for as long as this runs.
    fn kill(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        if lives(self.id) {
            let _ = kill_process(Pid::from_raw(i32::try_from(self.id).unwrap()).unwrap(), Signal::KILL);
        }
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn a_process_that_speaks_otherwise_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str, text: &str| {
        let program = folder.path().join(name);
        std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        loop {
            let configuration = ModuleConfiguration { program: program.clone(), ..configuration("") };
            match ModuleProcess::start(&configuration).map(drop).unwrap_err() {
                // Another test's fork can hold the script open for writing until it has executed its own program.
                TokenError::NotStarted { reason, .. } if reason.contains("Text file busy") => {}
                error => return error,
            }
        }
    };
    for (name, text) in [
        // Neither a frame, nor an answer to this question, nor an answer at all.
        ("babbles", "printf 'no frame begins like this' >&0; /bin/sleep 1"),
        ("misses", r"printf '\000\000\000\011\000\000\000\000\000\000\000\011\001' >&0; /bin/sleep 1"),
        ("echoes", r"printf '\000\000\000\011\000\000\000\000\000\000\000\000\007' >&0; /bin/sleep 1"),
    ] {
        let error = start(name, text);
        assert!(matches!(error, TokenError::Protocol { operation: Operation::Start, .. }), "{name}: {error}");
    }
    let error = start("ends", "exit 0");
    assert!(matches!(error, TokenError::ModuleDied { death: Death::Exit(0), .. }), "{error}");
    let error = start("breaks-off", r"printf '\000\000\000\377\000\000' >&0; exit 9");
    assert!(matches!(error, TokenError::ModuleDied { death: Death::Exit(9), .. }), "{error}");
}

/// Whether a process is there and has not ended.
fn lives(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // After the name: Z is one that has ended and that nobody has asked for how.
    state.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[test]
fn after_the_last_logout_the_process_ends_by_itself_and_the_next_call_begins_another() {
    let (process, mut session) = open("");
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    let first = process.id().unwrap();
    session.log_out().unwrap();
    // Nobody asks it to: what it knows of the PIN goes with it.
    let until = Instant::now() + Duration::from_mins(2);
    while lives(first) {
        assert!(Instant::now() < until, "it still has the PIN");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Whoever holds the session sees no difference, but that nobody is logged in.
    session.information().unwrap();
    let second = process.id().unwrap();
    assert!(second != first && lives(second));
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    assert_eq!(sign(&mut session).unwrap().len(), 70);
    assert_eq!(process.id(), Some(second));
    process.stop().unwrap();
}

#[test]
fn a_pin_is_nowhere_in_the_module_process_but_where_the_module_keeps_it() {
    let (first, second) = ("Zw-first-of-two-pins-4f1c9a7e", "Zx-second-of-two-pins-8b2d60c3");
    // The second is there to see that a copy would be found.
    for (fake, kept) in [("no-bounds", 0), ("no-bounds keeps-pin", 1)] {
        let (process, mut session) = open(fake);
        let id = process.id().unwrap();
        let copies = |text: &str| common::memory::copies(id, text.as_bytes());
        session.log_in(Login::Pin(&pin(first))).unwrap();
        let Some(found) = copies(first) else { return };
        assert_eq!(found, kept, "{fake}");
        session.change_pin(&pin(first), &pin(second)).unwrap();
        assert_eq!((copies(first), copies(second)), (Some(kept), Some(0)), "{fake}");
        session.information().unwrap();
        assert_eq!((copies(first), copies(second)), (Some(kept), Some(0)), "{fake}");
        drop(session);
        process.stop().unwrap();
    }
}

#[test]
fn a_process_that_nobody_logged_in_to_stays() {
    let (process, mut session) = open("no-login");
    session.log_in(Login::None).unwrap();
    let first = process.id().unwrap();
    session.log_out().unwrap();
    session.information().unwrap();
    assert_eq!(process.id(), Some(first));
    // A module that fails to log out has not forgotten anything, and has said so.
    let (failing, mut session) = open("not-logged-in");
    session.log_in(Login::Pin(&pin("1234"))).unwrap();
    session.log_out().unwrap_err();
    session.information().unwrap();
    for process in [process, failing] {
        process.stop().unwrap();
    }
}

#[test]
fn a_public_key_that_is_told_as_a_whole_only_is_the_same_key() {
    let key = |fake: &str| {
        let (process, mut session) = open(fake);
        session.log_in(Login::Pin(&pin("1234"))).unwrap();
        let key = session.key(&id());
        drop(session);
        process.stop().map_err(|error| format!("{fake}: {error} {key:?}")).unwrap();
        key
    };
    let point = key("").unwrap().public_key;
    assert_eq!(key("no-point whole").unwrap().public_key, point);
    // One that is empty says nothing; one of another kind than its key type is none; what the parts say is not overruled.
    let error = key("no-point").unwrap_err();
    assert!(matches!(&error, TokenError::MalformedKey { .. }), "{error}");
    let error = key("no-point other-whole").unwrap_err();
    assert!(error.to_string().contains("CKA_PUBLIC_KEY_INFO"), "{error}");
    assert_eq!(key("other-whole").unwrap().public_key, point);
}
