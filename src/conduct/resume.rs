//! Where an interrupted ceremony goes on: the same program, clock, tokens and people, then the same code as before.
//!
//! The rules of this file:
//! - Another program, other modules, another token or an earlier clock end it before anything is recorded.
//! - Somebody says that the ceremony goes on, and everybody who is still here says so.
//! - Every key of the log is on its token, or nothing is done.

use super::{ConductError, Opened};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::{self, KeyId};
use crate::plan::Ledger;
use crate::record::{Interrupted, Torn};
use crate::stage::{
    Event, Expected, Line, NoAnswer, Notice, Outcome, Past, PastRecord, Person, Session, Stage, StageError,
};

/// What is known of the interruption.
pub(super) struct Resumption {
    past: Past,
    closed: bool,
    signed: bool,
    last_at: Timestamp,
    records: u64,
    rebooted: bool,
    outcomes: Vec<hsm::Outcome>,
    pub(super) torn: Vec<Torn>,
}

impl Resumption {
    /// Looks at program, modules and clock; nothing is written.
    pub(super) fn of(
        interrupted: &Interrupted,
        session: &Session,
        now: Timestamp,
        outcomes: Vec<hsm::Outcome>,
    ) -> Result<Self, ConductError> {
        if now < interrupted.last_at {
            return Err(ConductError::Clock { now, last: interrupted.last_at });
        }
        let past = interrupted.past.clone();
        // Only the beginning of a session says on which machine it is.
        let last = past.records().iter().rfind(|record| record.text("boot_id").is_some()).cloned();
        if let Some(before) = last.as_ref().and_then(|record| record.text("tool_sha256"))
            && before != session.tool_sha256.to_string()
        {
            return Err(ConductError::OtherTool { before: before.to_owned(), now: session.tool_sha256 });
        }
        let modules = |list: Vec<String>| list.join(", ");
        let before = last.as_ref().and_then(|record| record.data.get("modules")?.as_array().cloned());
        if let Some(before) = before {
            let mut before: Vec<String> = before
                .iter()
                .filter_map(|module| module.get("sha256")?.as_str().map(str::to_owned))
                .collect();
            let mut now: Vec<String> =
                session.modules.iter().map(|module| module.sha256.to_string()).collect();
            before.sort();
            now.sort();
            if before != now {
                return Err(ConductError::OtherModules { before: modules(before), now: modules(now) });
            }
        }
        let rebooted = last
            .as_ref()
            .and_then(|record| record.text("boot_id"))
            .is_some_and(|boot| boot != session.boot_id);
        Ok(Self {
            past,
            closed: interrupted.is_closed(),
            signed: interrupted.is_signed,
            last_at: interrupted.last_at,
            records: interrupted.head.size,
            rebooted,
            outcomes,
            torn: Vec::new(),
        })
    }

    /// Goes on, wherever it was interrupted.
    pub(super) fn go_on(
        &self,
        opened: &Opened<'_>,
        ledger: Ledger,
        closing: Option<Outcome>,
        stage: &mut Stage<'_>,
    ) -> Result<(), ConductError> {
        stage.remembers(self.past.clone(), self.outcomes.clone());
        // Not even a session had begun.
        if self.past.records().iter().all(|record| record.ev == "log.genesis") {
            return opened.begin(ledger, &self.torn, stage);
        }
        if self.closed {
            // Everything is recalled from the disk; no token is needed for it.
            let mut ledger = ledger;
            opened.perform_to_seal(&mut ledger, stage)?;
            if self.signed && !(self.sealed() && opened.owes_media(stage)) {
                return Ok(());
            }
            self.enter(opened, stage)?;
            if !self.signed {
                stage.prepare_last_head()?;
                stage.sign_head()?;
            }
            // What was closed before its time hands nothing over onto media.
            return if self.sealed() { opened.hand_over(&mut ledger, stage) } else { Ok(()) };
        }
        self.enter(opened, stage)?;
        if let Some(outcome) = closing {
            return opened.close(ledger, outcome, stage);
        }
        self.find_keys(stage)?;
        opened.open_and_perform(ledger, stage)
    }

    /// Whether the ceremony came to its scripted end.
    fn sealed(&self) -> bool {
        let of_seal = |record: &PastRecord| record.text("name") == Some("seal");
        self.past.find("step.begin", of_seal).is_some()
    }

    /// The records of a new session, and the people's word.
    fn enter(&self, opened: &Opened<'_>, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        stage.record(Event::SessionResumed(opened.session.clone()))?;
        tell_of_torn(&self.torn, stage)?;
        stage.introduce_tokens()?;
        self.ask_to_go_on(opened, stage)?;
        call_the_roll(&self.past, opened, stage)
    }

    fn ask_to_go_on(&self, opened: &Opened<'_>, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        let people = &opened.plan.setting.people;
        let first = people.of_role("ceremony-administrator").next().or_else(|| people.all.first());
        let Some(person) = first.cloned() else { return Ok(()) };
        let begun = self.past.records().iter().rev().find_map(|record| record.step.clone());
        let mut lines = vec![
            Line::new("ceremony", opened.plan.setting.ceremony.clone()),
            Line::new("records in the log", self.records.to_string()),
            Line::new("last record", self.last_at.to_string()),
            Line::new("in step", begun.unwrap_or_else(|| "none yet".into())),
            Line::new(
                "the machine",
                if self.rebooted { "was restarted since" } else { "was not restarted since" },
            ),
        ];
        lines.extend(
            self.past.open_intents().iter().map(|intent| Line::new("without a result", intent.ev.clone())),
        );
        lines.extend(self.torn.iter().map(|torn| {
            Line::new("octets that were no whole record", format!("{}, SHA-256 {}", torn.octets, torn.sha256))
        }));
        let sentence = "This ceremony was interrupted. Does it go on?";
        stage.question(person, sentence, lines, Expected::Word("resume"))?;
        Ok(())
    }

    /// Every key of the log is on its token, with the public key that the log names.
    fn find_keys(&self, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        // A key whose destruction was begun may be gone, or half of it; its step sees to it.
        let goes = |key: &PastRecord| {
            let of_key = |record: &PastRecord| record.digest("spki_sha256") == key.digest("spki_sha256");
            self.past.find("key.destroy.intent", of_key).is_some()
        };
        let all = self.past.records().iter();
        let comes =
            |key: &PastRecord| key.digest("spki_sha256").is_some_and(|sha256| comes_back(&self.past, sha256));
        let generated = all.filter(|record| record.ev == "key.generated" && !goes(record) && !comes(record));
        let mut found = 0_usize;
        for record in generated {
            let text = |key| record.text(key).unwrap_or_default().to_owned();
            let (name, token, wanted) = (text("label"), text("token"), text("spki_sha256"));
            let lost = |why: String| ConductError::KeyLost { name: name.clone(), token: token.clone(), why };
            let id: KeyId = text("id").parse().map_err(|_| lost("its id is none".into()))?;
            let key = stage.key(&token, &id).map_err(|error| match error {
                StageError::Token { source, .. } => lost(source.to_string()),
                other => other.into(),
            })?;
            let spki = key.public_key.spki_sha256().to_string();
            if spki != wanted {
                return Err(lost(format!("found the SPKI SHA-256 {spki}, wanted {wanted}")));
            }
            found += 1;
        }
        if found > 0 {
            let lines = vec![Line::new("keys", found.to_string())];
            stage.show(&Notice::Done { sentence: "Every key of the log is on its token.".into(), lines });
        }
        Ok(())
    }
}

/// Whether people allowed that a key is destroyed, which is to come back from its backup and has not been sealed since. Between the
/// two it is nowhere on its token; its step looks at what is there of it.
fn comes_back(past: &Past, spki_sha256: Digest) -> bool {
    let allowed = |record: &PastRecord| {
        record.text("kind") == Some("destruction") && record.digest("sha256") == Some(spki_sha256)
    };
    let sealed = |record: &PastRecord| record.digest("spki_sha256") == Some(spki_sha256);
    past.find("request.approved", allowed).is_some()
        && past.find("key.backup", sealed).is_some()
        && past.find("key.sealed", sealed).is_none()
}

/// Says which octets were no whole record and were moved away.
pub(super) fn tell_of_torn(torn: &[Torn], stage: &mut Stage<'_>) -> Result<(), StageError> {
    for torn in torn {
        let (torn_sha256, torn_len) = (torn.sha256, torn.octets);
        // The last whole record before this session's own.
        let last_seq = stage.head().size.saturating_sub(2);
        stage.record(Event::LogRecovered { torn_sha256, torn_len, last_seq })?;
    }
    Ok(())
}

/// Everybody who was here says whether they still are, and everybody else whether they are by now; the quorum must be.
fn call_the_roll(past: &Past, opened: &Opened<'_>, stage: &mut Stage<'_>) -> Result<(), ConductError> {
    let before: Vec<Person> = past.present();
    for person in &before {
        let lines = vec![Line::new("person", person.id.clone()), Line::new("role", person.role.clone())];
        let answer = stage.question(person.clone(), "Are you still here?", lines, Expected::Word("present"));
        let (id, role) = (person.id.clone(), person.role.clone());
        match answer {
            Ok(_) => {
                let id_check = "was here before the interruption".into();
                stage.record_by(person, Event::ParticipantPresent { person: id, role, id_check })?;
                stage.is_present(person.clone());
            }
            Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => {
                stage.record(Event::ParticipantLeft { person: id, role })?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let called =
        opened.plan.steps().any(|step| step.step.name() == "roll-call" && past.has_ended(&step.number));
    if called {
        let others = opened.plan.setting.people.all.iter().filter(|person| !before.contains(person));
        for person in others {
            ask_who_was_not_here(person, past, stage)?;
        }
    }
    for (role, wanted) in &opened.plan.setting.people.quorum {
        let present = stage.present().iter().filter(|person| person.role == *role).count();
        if called && present < *wanted {
            return Err(ConductError::Quorum { role: role.clone(), present, wanted: *wanted });
        }
    }
    Ok(())
}

/// Who was late for the roll call, or left and is back, comes into the room here: nobody is shut out of a ceremony for good.
fn ask_who_was_not_here(person: &Person, past: &Past, stage: &mut Stage<'_>) -> Result<(), ConductError> {
    // The first one is of the roll call itself.
    let checked = past.find("participant.present", |_| true).and_then(|record| record.text("id_check"));
    let id_check = format!("came after the roll call; {}", checked.unwrap_or("not said how"));
    let lines = vec![
        Line::new("person", person.id.clone()),
        Line::new("role", person.role.clone()),
        Line::new("identity", id_check.clone()),
    ];
    let sentence = "You were not here when the ceremony stopped. Are you here now?";
    match stage.question(person.clone(), sentence, lines, Expected::Word("present")) {
        Ok(_) => {
            let (id, role) = (person.id.clone(), person.role.clone());
            stage.record_by(person, Event::ParticipantPresent { person: id, role, id_check })?;
            stage.is_present(person.clone());
            Ok(())
        }
        Err(StageError::NoAnswer(NoAnswer::Declined { .. })) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
