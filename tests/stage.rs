//! The door to the HSM, with a log, a token and people that can be told to fail: what is stored before what, and what does
//! not happen when something cannot be stored, is refused, or is not what it should be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rootrite::clock::RehearsalClock;
use rootrite::digest::Digest;
use rootrite::hsm::{
    AttributeName, Attributes, DataObject, Inventory, KeyDescription, KeyId, KeyRequest, Login, ObjectClass,
    PinState, Reading, ToSign, Token, TokenError, TokenInformation, Version,
};
use rootrite::issuance::order::RequestOrder;
use rootrite::issuance::{
    ApprovedPlan, Backup, IssuanceError, Key, KeyOrder, Ledger, Policy, Statement, Terms, issue, make_key,
};
use rootrite::pki::build::Streamed;
use rootrite::pki::{KeyAlgorithm, Name, PublicKey};
use rootrite::profile::{BuiltIn, Fills, Profile};
use rootrite::stage::{
    Artifact, ArtifactPlace, Cabinet, Device, Entry, Equipment, Expected, Head, HeadSignature, Journal,
    JournalError, Leftover, LogKey, LoginKind, Machine, NoAnswer, Notice, Operators, Person, Pin, PinRequest,
    Question, Signing, Stage, StageError, ToApprove,
};
use zeroize::Zeroizing;

/// Everything that happened, in its order.
type Trace = Arc<Mutex<Vec<String>>>;

/// A room with fakes in it, and what goes wrong there.
#[derive(Default)]
struct Room {
    trace: Trace,
    /// The log refuses the first event of this name, and everything after it.
    log_refuses: &'static str,
    /// An artifact's place is taken.
    taken: bool,
    /// What the token does not do as it should.
    fault: Fault,
    /// What a person says instead of what is expected.
    says: Option<&'static str>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// Signatures are by the right key over something else.
    SignsSomethingElse,
    /// The key could leave the token.
    Extractable,
    /// An object comes along that nobody asked for.
    MakesOneMore,
    /// The token refuses to sign.
    RefusesToSign,
    /// The first PIN is refused, and the token says that one try is left.
    RefusesThePin,
    /// The token says from the beginning that one try is left.
    WarnsAtOnce,
    /// Every PIN is refused, and the third try locks the token, which never warned.
    LocksInSilence,
    /// As [`Fault::LocksInSilence`], with a PIN that was read before the ceremony.
    LocksInSilenceByAFile,
}

impl Room {
    /// Lets something happen on a stage with this room's fakes.
    fn enter<T>(&self, happen: impl FnOnce(&mut Stage<'_>) -> T) -> T {
        let mut log = Log {
            trace: self.trace.clone(),
            refuses: self.log_refuses,
            taken: self.taken,
            size: 0,
            stopped: false,
            deposit: Vec::new(),
        };
        let mut people = People { trace: self.trace.clone(), says: self.says };
        let clock = RehearsalClock::start("2026-11-01T08:00:00Z".parse().unwrap());
        let token = Fake { trace: self.trace.clone(), fault: self.fault, key: None, tries: 0 };
        let login = match self.fault {
            Fault::RefusesThePin | Fault::WarnsAtOnce | Fault::LocksInSilence => {
                LoginKind::Prompt { two_halves: false }
            }
            Fault::LocksInSilenceByAFile => LoginKind::Given(Pin::read(b"1234").unwrap().into()),
            _ => LoginKind::None,
        };
        let equipment =
            Equipment::new(Device::Ready(Box::new(token)), login, vec![officer()], "software".into(), 1);
        let cabinet = Cabinet::from([("root".to_owned(), equipment)]);
        let mut stage = Stage::new(cabinet, &mut log, &mut people, &clock, Machine::default());
        stage.is_present(officer());
        happen(&mut stage)
    }

    /// Makes a key and has it sign a request.
    fn request(&self) -> Result<Vec<u8>, IssuanceError> {
        self.enter(|stage| {
            let key = make_key(&ORDER, stage)?;
            request(key, stage)
        })
    }

    /// What happened, as one line.
    fn happened(&self) -> String {
        self.trace.lock().unwrap().join(" ")
    }
}

const ORDER: KeyOrder<'_> = KeyOrder {
    ceremony: "test",
    name: "root-x1",
    token: "root",
    algorithm: KeyAlgorithm::Ed25519,
    backup: Backup::None,
};

fn request(key: Key, stage: &mut Stage<'_>) -> Result<Vec<u8>, IssuanceError> {
    request_under(Policy::Private, key, stage)
}

fn request_under(policy: Policy, key: Key, stage: &mut Stage<'_>) -> Result<Vec<u8>, IssuanceError> {
    let profile = Profile::load("certificate-request", &BuiltIn).unwrap();
    let order = RequestOrder {
        name: "e1".into(),
        profile: profile.request().unwrap().clone(),
        key,
        subject: Name::from_der(&[0x30, 0]).unwrap(),
        fills: Fills::new(),
    };
    let terms = Terms { policy, approver: &officer(), plan: &AsPlanned };
    issue(&order, terms, &Ledger::default(), stage).map(|(_, verified)| verified.into_der())
}

/// Nobody planned anything here.
struct AsPlanned;

impl ApprovedPlan for AsPlanned {
    fn difference(&self, _: &ArtifactPlace, _: &Statement, _: &Streamed) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

fn officer() -> Person {
    Person { id: "bo".into(), role: "crypto-officer".into() }
}

#[test]
fn each_record_is_stored_before_its_act_and_each_outcome_before_anyone_is_told() {
    let room = Room::default();
    room.request().unwrap();
    assert_eq!(
        room.happened(),
        "log:quorum.met log:auth.ok told:Generating log:key.generate.intent token:generate kept log:key.generated \
         log:key.proof.intent token:sign log:key.proved log:key.live \
         asked:sign log:request.approved log:lint.result reserved kept \
         log:csr.sign.intent token:sign stored log:csr.signed"
    );
}

#[test]
fn a_key_that_waits_for_its_backup_signs_nothing_but_its_proof() {
    let waiting = KeyOrder { backup: Backup::Vendor, ..ORDER };
    let room = Room::default();
    let refused = room.enter(|stage| request(make_key(&waiting, stage)?, stage));
    assert!(matches!(refused, Err(IssuanceError::Stage(StageError::NotLive { .. }))), "{refused:?}");
    // Whoever says that it is live does not get past the stage.
    let room = Room::default();
    let refused = room.enter(|stage| {
        let key = make_key(&waiting, stage)?;
        request(Key { live: true, ..key }, stage)
    });
    assert!(matches!(refused, Err(IssuanceError::Stage(StageError::NotLive { .. }))), "{refused:?}");
    let happened = room.happened();
    assert!(!happened.contains("csr.sign.intent") && !happened.contains("key.live"), "{happened}");
    assert_eq!(happened.matches("token:sign").count(), 1, "{happened}");
    assert!(!room.happened().is_empty());
}

#[test]
fn without_a_record_the_token_is_not_asked() {
    for (refused, never) in [
        ("quorum.met", "token:"),
        ("auth.ok", "token:"),
        ("key.generate.intent", "token:generate"),
        ("key.proof.intent", "token:sign"),
        ("request.approved", "csr"),
        ("csr.sign.intent", "stored"),
    ] {
        let room = Room { log_refuses: refused, ..Room::default() };
        let error = room.request().unwrap_err();
        assert!(matches!(error, IssuanceError::Stage(StageError::Journal(_))), "{refused}: {error}");
        let happened = room.happened();
        assert!(!happened.contains(never), "{refused}: {happened}");
        assert!(happened.ends_with(&format!("refused:{refused}")), "{refused}: {happened}");
    }
}

#[test]
fn after_an_outcome_that_cannot_be_stored_nothing_more_happens() {
    for refused in ["key.generated", "key.proved", "csr.signed"] {
        let room = Room { log_refuses: refused, ..Room::default() };
        room.request().unwrap_err();
        assert!(room.happened().ends_with(&format!("refused:{refused}")), "{}", room.happened());
    }
}

#[test]
fn an_artifact_that_has_no_place_is_not_signed() {
    let room = Room { taken: true, ..Room::default() };
    assert!(matches!(
        room.request(),
        Err(IssuanceError::Stage(StageError::Journal(JournalError::Exists { .. })))
    ));
    assert!(!room.happened().contains("csr.sign.intent"), "{}", room.happened());
}

#[test]
fn a_person_who_declines_ends_it_before_the_intent_and_the_log_says_so() {
    let room = Room { says: Some("no"), ..Room::default() };
    assert!(matches!(room.request(), Err(IssuanceError::Stage(StageError::NoAnswer(_)))));
    assert!(room.happened().ends_with("asked:sign log:request.rejected"), "{}", room.happened());
}

#[test]
fn an_act_that_fails_is_recorded_as_failed() {
    let room = Room { fault: Fault::RefusesToSign, ..Room::default() };
    room.request().unwrap_err();
    assert!(
        room.happened().ends_with("log:key.proof.intent token:sign log:act.failed"),
        "{}",
        room.happened()
    );
}

/// A full output disk: the log is on another one, and says that the signature was not stored.
#[test]
fn an_artifact_that_cannot_be_stored_is_an_act_that_failed() {
    let room = Room { log_refuses: "store", ..Room::default() };
    let error = room.request().unwrap_err();
    assert!(matches!(error, IssuanceError::Stage(StageError::Journal(_))), "{error}");
    assert!(room.happened().ends_with("token:sign refused:store log:act.failed"), "{}", room.happened());
}

/// Nobody is asked and nothing is signed, and the log says which rules objected.
#[test]
fn what_rules_object_to_on_the_day_is_in_the_log() {
    let room = Room::default();
    let error = room
        .enter(|stage| {
            let key = make_key(&ORDER, stage)?;
            request_under(Policy::PublicTls, key, stage)
        })
        .unwrap_err();
    assert!(matches!(error, IssuanceError::Objections { .. }), "{error}");
    assert!(room.happened().ends_with("log:key.live log:lint.result"), "{}", room.happened());
}

#[test]
fn a_key_whose_proof_does_not_verify_is_never_live() {
    let room = Room { fault: Fault::SignsSomethingElse, ..Room::default() };
    let error = room.enter(|stage| make_key(&ORDER, stage)).unwrap_err();
    assert!(error.to_string().contains("its proof"), "{error}");
    assert!(room.happened().ends_with("token:sign log:act.failed"), "{}", room.happened());
}

#[test]
fn a_key_that_could_leave_its_token_is_never_live() {
    let room = Room { fault: Fault::Extractable, ..Room::default() };
    room.enter(|stage| make_key(&ORDER, stage)).unwrap_err();
    assert!(room.happened().ends_with("token:generate log:act.failed"), "{}", room.happened());
}

#[test]
fn an_object_that_nobody_asked_for_ends_the_making_of_a_key() {
    let room = Room { fault: Fault::MakesOneMore, ..Room::default() };
    let error = room.enter(|stage| make_key(&ORDER, stage)).unwrap_err();
    assert!(matches!(error, IssuanceError::Inventory { came: 3, went: 0, .. }), "{error}");
    assert!(!room.happened().contains("key.proof.intent"), "{}", room.happened());
}

#[test]
fn a_key_that_is_not_live_signs_nothing() {
    let room = Room::default();
    let error = room.enter(|stage| {
        let key = Key { live: false, ..make_key(&ORDER, stage).unwrap() };
        request(key, stage).unwrap_err()
    });
    assert!(error.to_string().contains("is not live"), "{error}");
    assert_eq!(room.happened().matches("token:sign").count(), 1, "the proof and nothing else");
}

#[test]
fn a_signature_over_something_else_is_refused_and_nothing_is_stored() {
    let room = Room::default();
    let other = Room { trace: room.trace.clone(), fault: Fault::SignsSomethingElse, ..Room::default() };
    let key = room.enter(|stage| make_key(&ORDER, stage)).unwrap();
    let error = other.enter(|stage| request(key, stage)).unwrap_err();
    assert!(error.to_string().contains("the signature does not verify"), "{error}");
    assert!(
        room.happened().ends_with("log:csr.sign.intent token:sign log:act.failed"),
        "{}",
        room.happened()
    );
}

#[test]
fn the_last_try_of_a_pin_waits_for_an_exact_word() {
    let room = Room { fault: Fault::RefusesThePin, ..Room::default() };
    room.request().unwrap();
    let happened = room.happened();
    assert!(
        happened.contains("asked:pin log:auth.failed told:wrong asked:again asked:pin log:auth.ok"),
        "{happened}"
    );
}

#[test]
fn without_that_word_the_last_try_is_not_made() {
    let room = Room { fault: Fault::RefusesThePin, says: Some("no"), ..Room::default() };
    room.request().unwrap_err();
    assert!(
        room.happened().ends_with("asked:pin log:auth.failed told:wrong asked:again"),
        "{}",
        room.happened()
    );
}

#[test]
fn a_token_that_warns_from_the_beginning_is_not_tried_without_that_word() {
    let room = Room { fault: Fault::WarnsAtOnce, ..Room::default() };
    room.request().unwrap();
    assert!(room.happened().contains("asked:again asked:pin log:auth.ok"), "{}", room.happened());
    let room = Room { fault: Fault::WarnsAtOnce, says: Some("no"), ..Room::default() };
    room.request().unwrap_err();
    assert!(!room.happened().contains("asked:pin"), "{}", room.happened());
}

#[test]
fn a_token_that_locks_in_silence_is_never_locked_without_a_person_s_word() {
    for (fault, tries) in [(Fault::LocksInSilence, 2), (Fault::LocksInSilenceByAFile, 1)] {
        let room = Room { fault, says: Some("no"), ..Room::default() };
        let error = room.request().unwrap_err();
        assert!(!error.to_string().contains("locked"), "{error}");
        assert_eq!(room.happened().matches("token:try").count(), tries, "{}", room.happened());
    }
}

#[test]
fn too_few_officers_use_no_token() {
    let room = Room::default();
    let mut log = Log {
        trace: room.trace.clone(),
        refuses: "",
        taken: false,
        size: 0,
        stopped: false,
        deposit: Vec::new(),
    };
    let mut people = People { trace: room.trace.clone(), says: None };
    let clock = RehearsalClock::start("2026-11-01T08:00:00Z".parse().unwrap());
    let token = Fake { trace: room.trace.clone(), fault: Fault::None, key: None, tries: 0 };
    let equipment = Equipment::new(
        Device::Ready(Box::new(token)),
        LoginKind::None,
        vec![officer()],
        "software".into(),
        2,
    );
    let cabinet = Cabinet::from([("root".to_owned(), equipment)]);
    let mut stage = Stage::new(cabinet, &mut log, &mut people, &clock, Machine::default());
    stage.is_present(officer());
    let error = stage.inventory("root").unwrap_err();
    assert!(matches!(error, StageError::Quorum { present: 1, threshold: 2, .. }), "{error}");
    assert_eq!(room.happened(), "");
}

/// Where approvals are signatures, no word is asked for: whoever has no key approves nothing.
#[test]
fn who_has_no_key_approves_nothing_where_approvals_are_signatures() {
    let room = Room::default();
    let error = room.enter(|stage| {
        let (ceremony, plan) = ("test".to_owned(), Digest::of(b"plan"));
        stage.approvals_are_signatures(Signing { ceremony, plan, keys: BTreeMap::new() });
        let what = ToApprove { kind: "root", sha256: Digest::of(b"root"), word: "sign" };
        stage.approval(&officer(), "Sign?", &[], what).unwrap_err()
    });
    assert!(matches!(&error, StageError::NoKey { person } if person == "bo"), "{error}");
    assert_eq!(room.happened(), "");
}

/// A log that stores nothing and says what it was given.
struct Log {
    trace: Trace,
    refuses: &'static str,
    taken: bool,
    size: u64,
    stopped: bool,
    deposit: Vec<u8>,
}

impl Log {
    fn say(&self, what: impl Into<String>) {
        self.trace.lock().unwrap().push(what.into());
    }
}

fn full() -> JournalError {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    JournalError::Storage { path: "log.jsonl".into(), doing: "written", source }
}

impl Journal for Log {
    fn append(&mut self, entry: Entry) -> Result<u64, JournalError> {
        let name = serde_json::to_value(&entry.event).unwrap()["ev"].as_str().unwrap().to_owned();
        if self.stopped {
            self.say(format!("after-the-end:{name}"));
            return Err(JournalError::Stopped);
        }
        if name == self.refuses {
            self.say(format!("refused:{name}"));
            self.stopped = true;
            return Err(full());
        }
        self.say(format!("log:{name}"));
        self.size += 1;
        Ok(self.size - 1)
    }

    fn head(&self) -> Head {
        Head { size: self.size, root: Digest::of(&[]) }
    }

    fn head_text(&self) -> String {
        String::new()
    }

    fn store_head(&mut self, _: &HeadSignature) -> Result<(), JournalError> {
        Ok(())
    }

    fn use_log_key(&mut self, _: &LogKey) -> Result<String, JournalError> {
        Ok(String::new())
    }

    fn log_key_name(&self, _: &LogKey) -> Result<String, JournalError> {
        Ok(String::new())
    }

    fn annex(&mut self, _: &str, _: &str) -> Result<Digest, JournalError> {
        Ok(Digest::of(&[]))
    }

    fn manifest(&self) -> Vec<u8> {
        Vec::new()
    }

    fn keep_pending(&mut self, sha256: Digest, octets: &mut dyn Read) -> Result<(), JournalError> {
        self.say("kept");
        assert_eq!(Digest::of_reader(octets).unwrap(), sha256);
        Ok(())
    }

    fn lay_out(&mut self, name: &str, _: &[u8]) -> Result<std::path::PathBuf, JournalError> {
        Ok(name.into())
    }

    fn reserve(&mut self, place: &ArtifactPlace) -> Result<(), JournalError> {
        if self.taken {
            return Err(JournalError::Exists { path: place.name.clone().into() });
        }
        self.say("reserved");
        Ok(())
    }

    fn begin_series(&mut self, _: usize) -> Result<(), JournalError> {
        Ok(())
    }

    fn keep_member(
        &mut self,
        place: &ArtifactPlace,
        sha256: Digest,
        octets: &mut dyn Read,
    ) -> Result<(), JournalError> {
        self.reserve(place)?;
        self.keep_pending(sha256, octets)
    }

    fn keep_list(&mut self) -> Result<Digest, JournalError> {
        self.keep_pending(Digest::of(b"list"), &mut &b"list"[..])?;
        Ok(Digest::of(b"list"))
    }

    fn store_member(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<(), JournalError> {
        self.store(place, octets).map(drop)
    }

    fn complete_member(&mut self, place: &ArtifactPlace) -> Result<Digest, JournalError> {
        Ok(self.complete(place)?.sha256)
    }

    fn store_list(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.store(place, b"list")
    }

    fn store(&mut self, place: &ArtifactPlace, octets: &[u8]) -> Result<Artifact, JournalError> {
        self.deposit(place, &mut &*octets)?;
        self.complete(place)
    }

    fn deposit(&mut self, _: &ArtifactPlace, octets: &mut dyn Read) -> Result<Digest, JournalError> {
        if self.refuses == "store" {
            self.say("refused:store");
            return Err(full());
        }
        self.deposit.clear();
        octets.read_to_end(&mut self.deposit).unwrap();
        Ok(Digest::of(&self.deposit))
    }

    fn deposited(&mut self) -> Result<Box<dyn Read + '_>, JournalError> {
        Ok(Box::new(self.deposit.as_slice()))
    }

    fn complete(&mut self, place: &ArtifactPlace) -> Result<Artifact, JournalError> {
        self.say("stored");
        let (kind, name, media_type) = (place.kind.into(), place.name.clone(), "application/pkcs10".into());
        Ok(Artifact { kind, name, sha256: Digest::of(&self.deposit), media_type })
    }

    fn stored(&self, _: &str, _: Digest) -> Result<Box<dyn Read>, JournalError> {
        Err(JournalError::lost("nothing was stored".into()))
    }

    fn recall_series(&mut self, _: usize) {}

    fn store_again(
        &mut self,
        _: &ArtifactPlace,
        _: Digest,
        _: Option<u64>,
    ) -> Result<Artifact, JournalError> {
        Err(JournalError::lost("nothing was stored".into()))
    }

    fn leftover(&self, _: &Leftover) -> Result<Box<dyn Read>, JournalError> {
        Err(JournalError::lost("nothing was left".into()))
    }

    fn kept(&self, _: Digest) -> Result<Vec<u8>, JournalError> {
        Err(JournalError::lost("nothing was kept".into()))
    }

    fn leftovers(&self) -> Result<Vec<Leftover>, JournalError> {
        Ok(Vec::new())
    }

    fn set_aside(&mut self, _: &Leftover) -> Result<(), JournalError> {
        Ok(())
    }

    fn give_up(&mut self) -> Result<Vec<Leftover>, JournalError> {
        Ok(Vec::new())
    }

    fn clear_renderings(&mut self) -> Result<(), JournalError> {
        Ok(())
    }
}

/// People who say what is expected, or something else.
struct People {
    trace: Trace,
    says: Option<&'static str>,
}

impl People {
    fn say(&self, what: String) {
        self.trace.lock().unwrap().push(what);
    }
}

impl Operators for People {
    fn show(&mut self, notice: &Notice) {
        match notice {
            Notice::Waiting { sentence } => self.say(format!("told:{}", sentence.split(' ').next().unwrap())),
            Notice::Wrong { .. } => self.say("told:wrong".into()),
            _ => {}
        }
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        let Expected::Word(word) = question.expected else { panic!("{question:?}") };
        self.say(format!("asked:{word}"));
        match self.says {
            Some("no") => Err(NoAnswer::Declined {
                person: question.person.id.clone(),
                question: question.sentence.clone(),
            }),
            _ => Ok(word.to_owned()),
        }
    }

    fn pin(&mut self, _: &PinRequest) -> Result<Pin, NoAnswer> {
        self.say("asked:pin".into());
        Ok(Pin::read(b"1234").unwrap())
    }
}

/// A token with one Ed25519 key, which it makes when it is asked.
struct Fake {
    trace: Trace,
    fault: Fault,
    key: Option<(KeyRequest, PublicKey)>,
    tries: usize,
}

impl Fake {
    fn say(&self, what: &str) {
        self.trace.lock().unwrap().push(what.into());
    }

    /// The same for every fake, so that another one can pretend to have it.
    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }
}

impl Token for Fake {
    fn information(&mut self) -> Result<TokenInformation, TokenError> {
        let version = Version { major: 1, minor: 0 };
        let (label, manufacturer, model) = ("root".into(), "test".into(), "fake".into());
        let warns = match self.fault {
            Fault::WarnsAtOnce => self.tries == 0,
            Fault::LocksInSilence | Fault::LocksInSilenceByAFile => false,
            _ => self.tries == 1,
        };
        let flags = if warns { rootrite::hsm::TokenFlag::UserPinFinalTry.number() } else { 0 };
        let information = TokenInformation {
            label,
            manufacturer,
            model,
            serial: "1".into(),
            flags,
            shortest_pin: 4,
            longest_pin: None,
            hardware: version,
            firmware: version,
        };
        assert!(!warns || information.pin_state() == PinState::FinalTry);
        Ok(information)
    }

    fn log_in(&mut self, _: Login<'_>) -> Result<(), TokenError> {
        self.tries += 1;
        if matches!(self.fault, Fault::LocksInSilence | Fault::LocksInSilenceByAFile) {
            self.say("token:try");
            let token = "root".to_owned();
            return Err(match self.tries {
                1 | 2 => TokenError::PinIncorrect { token, state: PinState::Unsaid },
                _ => TokenError::PinLocked { token },
            });
        }
        if self.fault == Fault::RefusesThePin && self.tries == 1 {
            return Err(TokenError::PinIncorrect { token: "root".into(), state: PinState::FinalTry });
        }
        Ok(())
    }

    fn log_out(&mut self) -> Result<(), TokenError> {
        Ok(())
    }

    fn change_pin(&mut self, _: &Pin, _: &Pin) -> Result<(), TokenError> {
        Ok(())
    }

    fn random(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        Ok(Zeroizing::new(vec![0; count]))
    }

    fn inventory(&mut self) -> Result<Inventory, TokenError> {
        let Some((request, _)) = &self.key else { return Ok(Inventory::default()) };
        let entry = |class: ObjectClass| rootrite::hsm::Entry {
            class: Some(class.number()),
            id: request.id.octets().to_vec(),
            label: request.label.clone().into_bytes(),
            key_type: None,
            fingerprint: None,
        };
        let mut entries = vec![entry(ObjectClass::PublicKey), entry(ObjectClass::PrivateKey)];
        if self.fault == Fault::MakesOneMore {
            entries.push(entry(ObjectClass::Data));
        }
        Ok(Inventory::of(entries, 0))
    }

    fn generate_key_pair(&mut self, request: &KeyRequest) -> Result<KeyDescription, TokenError> {
        self.say("token:generate");
        let public = PublicKey::from_ed25519(Self::pair().public_key().as_ref()).unwrap();
        self.key = Some((request.clone(), public));
        self.key(&request.id)
    }

    fn key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        let (request, public_key) = self.key.clone().unwrap();
        let extractable = self.fault == Fault::Extractable;
        let flags = [(AttributeName::Sensitive, true), (AttributeName::Extractable, extractable)];
        let private = flags.map(|(name, set)| (name, Reading::Flag(set)));
        Ok(KeyDescription {
            label: request.label,
            id: id.clone(),
            algorithm: request.algorithm,
            public_key,
            private: Attributes(BTreeMap::from(private)),
            public: Attributes::default(),
        })
    }

    fn sign(&mut self, _: &KeyId, what: ToSign<'_>) -> Result<Vec<u8>, TokenError> {
        self.say("token:sign");
        let ToSign::Message(message) = what else { panic!("Ed25519 signs messages") };
        match self.fault {
            Fault::RefusesToSign => Err(TokenError::PinLocked { token: "root".into() }),
            Fault::SignsSomethingElse => Ok(Self::pair().sign(b"something else").as_ref().to_vec()),
            _ => Ok(Self::pair().sign(message).as_ref().to_vec()),
        }
    }

    fn destroy_objects(&mut self, _: &KeyId) -> Result<usize, TokenError> {
        Ok(0)
    }

    fn store_data(&mut self, _: &DataObject) -> Result<(), TokenError> {
        Ok(())
    }

    fn data(&mut self, _: &str) -> Result<Vec<DataObject>, TokenError> {
        Ok(Vec::new())
    }
}
