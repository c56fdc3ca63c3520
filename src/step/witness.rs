//! `witness`: everyone who watches compares the log's head and says whether they agree.
//!
//! The rules of this file:
//! - All witnesses of a step see the same head: the one that the log's key signed when the step began.
//! - A witness with a key cosigns it on a machine of their own and brings the line back; one without reads the head's words
//!   and types the first of them.
//! - A witness who does not agree is recorded as such; the ceremony then ends as `partial`.
//! - After `seal` those with keys cosign the closing head: the one that the bundle has.
//!
//! Sources: C2SP tlog-cosignature, tlog-policy.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::approval::PersonKey;
use crate::script::{Id, Located};
use crate::stage::{Event, Expected, Head, Line, NoAnswer, Person, StageError, ToCosign, WitnessKey};

spec!(
    /// `witness: {}`, or `witness: {cosigners: [{person: wim, name: wim.example.net/witness, key: ssh-ed25519 AAAA…}]}`
    Spec {
        /// The witnesses with keys.
        cosigners: Vec<CosignerSpec> = optional_list "cosigners",
        /// How many of them have to cosign; all, if nothing is said.
        quorum: Option<Located<usize>> = optional "quorum",
    }
);

spec!(
    /// `{person: wim, name: wim.example.net/witness, key: ssh-ed25519 AAAA…}`
    CosignerSpec {
        /// Who.
        person: Located<Id> = required "person",
        /// The name of the key.
        name: Located<String> = required "name",
        /// The key, as `ssh-keygen` writes it.
        key: Located<String> = required "key",
    }
);

/// The witnesses agree to the log's head, or do not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Witness {
    people: Vec<Person>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cosigners: Vec<Cosigner>,
    #[serde(default, skip_serializing_if = "is_zero")]
    quorum: usize,
    /// Whether it is about the head that closed the log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    closing: bool,
}

/// What a script has said of cosignatures so far.
#[derive(Clone, Debug, Default)]
pub struct Cosigning {
    /// Who cosigns heads, and how many of them it takes; nothing if nobody does.
    pub cosigners: Option<(Vec<Cosigner>, usize)>,
    /// Whether the log is closed by an earlier step.
    pub sealed: bool,
    /// Whether the head that closes the log will be cosigned.
    pub closing: bool,
}

/// A witness with a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cosigner {
    person: Person,
    name: String,
    key: PersonKey,
}

impl Cosigner {
    fn witness_key(&self) -> WitnessKey {
        WitnessKey { name: self.name.clone(), spki_der: self.key.public().spki_der().to_vec() }
    }
}

impl Step for Witness {
    const NAME: &'static str = "witness";
    const ABOUT: &'static str = "the witnesses compare the log's head and agree, or do not";
    const WHY: &'static str =
        "Whoever has written the head down can show later that nobody changed the log. BR 6.1.1.1.";
    const MINUTES: u32 = 4;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let people = ["internal-witness", "external-witness"];
        let people = people.iter().flat_map(|role| scope.setting.people.of_role(role)).cloned().collect();
        if scope.cosigning.sealed {
            return Self::after_seal(&spec, scope);
        }
        if !spec.cosigners.is_empty() {
            // What is wrong with them is said here and not once more after `seal`.
            scope.cosigning.cosigners = Some((Vec::new(), 0));
        }
        let read: Vec<_> = spec.cosigners.iter().map(|cosigner| self::cosigner(cosigner, scope)).collect();
        let cosigners: Vec<Cosigner> = read.into_iter().collect::<Option<_>>()?;
        for (place, one) in cosigners.iter().enumerate() {
            let same = |other: &Cosigner| {
                other.person == one.person || other.name == one.name || other.key == one.key
            };
            if let Some(written) = spec.cosigners.get(place)
                && cosigners.iter().take(place).any(same)
            {
                let message = "each witness has a key and a name of their own, once";
                scope.problems.add(written.person.place, message);
            }
        }
        let quorum = match &spec.quorum {
            None => cosigners.len(),
            Some(quorum) if (1..=cosigners.len()).contains(&quorum.value) => quorum.value,
            Some(quorum) => {
                let most = cosigners.len();
                let message = format!("`quorum` is {}; there are {most} who cosign", quorum.value);
                scope.problems.add(quorum.place, message);
                return None;
            }
        };
        if !cosigners.is_empty() {
            scope.cosigning.cosigners = Some((cosigners.clone(), quorum));
        }
        Some(Self { people, cosigners, quorum, closing: false })
    }

    fn preview(&self) -> String {
        let named = |people: &mut dyn Iterator<Item = &Person>| {
            people.map(|person| person.id.as_str()).collect::<Vec<_>>().join(", ")
        };
        let cosigners = named(&mut self.cosigners.iter().map(|cosigner| &cosigner.person));
        let quorum = format!("{} of {}", self.quorum, self.cosigners.len());
        if self.closing {
            return format!("The closing head is cosigned, by {quorum}: {cosigners}.");
        }
        let all = named(&mut self.people.iter());
        if self.cosigners.is_empty() {
            return format!("The witnesses compare the log's head: {all}.");
        }
        format!("The witnesses compare the log's head: {all}. It is cosigned, by {quorum}: {cosigners}.")
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        // Where nobody is in the room, nobody has a witness's key either: a head is compared by its words alone.
        let cosigned = !self.cosigners.is_empty() && !room.stage.is_improvised();
        if self.closing {
            return if cosigned { self.cosign_closing(room) } else { Ok(()) };
        }
        if cosigned {
            self.register(room)?;
        }
        room.stage.sign_head()?;
        let head = room.stage.head();
        let to_cosign = if cosigned { Some(room.stage.head_to_cosign()?) } else { None };
        let present = room.stage.present().to_vec();
        for person in self.people.iter().filter(|person| present.contains(person)) {
            let cosigner = self.cosigners.iter().find(|cosigner| cosigner.person == *person);
            let event = match (&to_cosign, cosigner) {
                (Some(head), Some(cosigner)) => cosign(room, cosigner, head)?,
                _ => compare(room, person, head)?,
            };
            room.stage.record_by(person, event)?;
        }
        Ok(())
    }
}

impl Witness {
    /// After `seal` those cosign who did before it.
    fn after_seal(spec: &Spec, scope: &mut Scope<'_>) -> Option<Self> {
        if !spec.cosigners.is_empty() || spec.quorum.is_some() {
            scope.wrong("who cosigns stands in the `witness` before `seal`; after it the same people do");
            return None;
        }
        let Some((cosigners, quorum)) = scope.cosigning.cosigners.clone() else {
            scope.wrong("`witness` stands after `seal` and no witness cosigns; wanted `cosigners` in the `witness` before `seal`");
            return None;
        };
        scope.cosigning.closing = true;
        let people = cosigners.iter().map(|cosigner| cosigner.person.clone()).collect();
        Some(Self { people, cosigners, quorum, closing: true })
    }

    /// Says whose keys these are, in the log that they are about to cosign.
    fn register(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let mut kept = Vec::new();
        for cosigner in &self.cosigners {
            let vkey = room.stage.witness_key_name(&cosigner.witness_key())?;
            kept.push(vkey.clone());
            room.stage.record_once(Event::WitnessRegistered { vkey, person: cosigner.person.id.clone() })?;
        }
        // Who cosigned before and does not any more: what they sign from here on counts for nothing.
        for (vkey, person) in room.ledger.witnesses.iter().filter(|(vkey, _)| !kept.contains(vkey)) {
            let (vkey, person) = (vkey.clone(), person.clone());
            room.stage.record_once(Event::WitnessRemoved { vkey, person })?;
        }
        Ok(())
    }

    /// The head that the bundle has gets its cosignatures; from here on the log's policy asks for them.
    fn cosign_closing(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let keys: Vec<WitnessKey> = self.cosigners.iter().map(Cosigner::witness_key).collect();
        room.stage.demand_cosignatures(&keys, self.quorum)?;
        let head = room.stage.head_to_cosign()?;
        let present = room.stage.present().to_vec();
        for cosigner in self.cosigners.iter().filter(|cosigner| present.contains(&cosigner.person)) {
            if room.stage.has_agreed(&cosigner.person.id, head.head) {
                continue;
            }
            let event = cosign(room, cosigner, &head)?;
            room.stage.record_by(&cosigner.person, event)?;
        }
        Ok(())
    }
}

/// Reads a witness with a key.
fn cosigner(spec: &CosignerSpec, scope: &mut Scope<'_>) -> Option<Cosigner> {
    let person = scope.person(&spec.person);
    if let Some(person) = person.as_ref().filter(|person| !person.role.ends_with("-witness")) {
        let message = format!("`{}` is {}; those who cosign are witnesses", person.id, person.role);
        scope.problems.add(spec.person.place, message);
    }
    let name = &spec.name.value;
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b".-/:_".contains(&octet);
    let good = (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(plain);
    if !good {
        let message = format!(
            "found `{name}`, wanted a host and a path of the witness's own, such as `wim.example.net/witness`, at most {MOST_NAME} \
             characters"
        );
        scope.problems.add(spec.name.place, message);
    }
    let key = match spec.key.value.parse::<PersonKey>() {
        Ok(key) if key.algorithm() == "ssh-ed25519" => Some(key),
        Ok(key) => {
            let message =
                format!("found a key of the kind `{}`; cosignatures are by `ssh-ed25519`", key.algorithm());
            scope.problems.add(spec.key.place, message);
            None
        }
        Err(error) => {
            scope.problems.add(spec.key.place, error.to_string());
            None
        }
    };
    Some(Cosigner { person: person?, name: good.then(|| name.clone())?, key: key? })
}

/// A witness cosigns a head, or says why not.
fn cosign(room: &mut Room<'_, '_>, cosigner: &Cosigner, head: &ToCosign) -> Result<Event, StepError> {
    let person = &cosigner.person;
    match room.stage.cosignature(person, &cosigner.witness_key(), head) {
        Ok(line) => Ok(agreed(person, head.head, "cosigned".into(), Some(line))),
        Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => disagreed(room, person, head.head),
        Err(error) => Err(error.into()),
    }
}

/// A witness reads a head and types its first words, or says why not.
fn compare(room: &mut Room<'_, '_>, person: &Person, head: Head) -> Result<Event, StepError> {
    let words = head.root.words();
    let first: Vec<&str> = words.split(' ').take(WORDS_TYPED).collect();
    let lines = vec![
        Line::new("records", head.size.to_string()),
        Line::new("root", head.root.to_string()),
        Line::new("in words", words.clone()),
    ];
    let sentence = format!("Write the head down, and type its first {WORDS_TYPED} words if you agree.");
    match room.stage.question(person.clone(), sentence, lines, Expected::Words(first.join(" "))) {
        Ok(typed) => {
            // The same words, however many blanks or tabs stood between them.
            let statement = typed.split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(agreed(person, head, statement, None))
        }
        Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => disagreed(room, person, head),
        Err(error) => Err(error.into()),
    }
}

fn agreed(person: &Person, head: Head, statement: String, cosignature: Option<String>) -> Event {
    let (person, head_size, head_root) = (person.id.clone(), head.size, head.root);
    Event::WitnessAgreed { person, head_size, head_root, statement, cosignature }
}

fn disagreed(room: &mut Room<'_, '_>, person: &Person, head: Head) -> Result<Event, StepError> {
    let why = "Why do you not agree? It goes into the log.";
    let statement = room.stage.question(person.clone(), why, Vec::new(), Expected::Text)?;
    room.stage.is_partial();
    let (person, head_size, head_root) = (person.id.clone(), head.size, head.root);
    Ok(Event::WitnessDisagreed { person, head_size, head_root, statement })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn is_zero(quorum: &usize) -> bool {
    *quorum == 0
}

/// How many words are typed: 32 bits, to show that the paper was read. What counts is the whole head on paper.
const WORDS_TYPED: usize = 4;
/// Room for a long host and a path in a signature line.
const MOST_NAME: usize = 128;
