//! Approvals in the room: an exact word, or a signature by the person's own key.
//!
//! The rules of this file:
//! - Which of the two it is says the plan, for the whole ceremony. There is no other way around either.
//! - A signature is over the plan, the step, what is approved and the log's head of now: it fits nowhere else.
//! - What else a person says (`exception`, `pause`) may lengthen the log: then there is another text to sign.

use std::collections::BTreeMap;

use super::operators::{Aside, Expected, Line, NoAnswer, Notice, Person, Question, SignRequest};
use super::{ActSignature, Stage, StageError};
use crate::approval::{ActStatement, PersonKey, SshSignature};
use crate::digest::Digest;

/// What signatures in the room are of, and by which keys.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The ceremony's id.
    pub ceremony: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The keys that count, by person.
    pub keys: BTreeMap<String, PersonKey>,
}

/// What a person is asked to allow.
#[derive(Clone, Copy, Debug)]
pub struct ToApprove<'t> {
    /// The `kind` of its approval in the log.
    pub kind: &'t str,
    /// The digest of what is approved.
    pub sha256: Digest,
    /// The word that allows it, where words do.
    pub word: &'static str,
}

impl Stage<'_> {
    /// From here on approvals are signatures, by these keys.
    pub fn approvals_are_signatures(&mut self, signing: Signing) {
        self.signing = Some(signing);
    }

    /// Asks a person to allow something, by the word or by a signature; the signature for the log.
    ///
    /// # Errors
    ///
    /// [`StageError::NoAnswer`] if they decline, [`StageError::Journal`] if what is to be signed could not be stored.
    pub fn approval(
        &mut self,
        person: &Person,
        sentence: impl Into<String>,
        lines: &[Line],
        what: ToApprove<'_>,
    ) -> Result<Option<ActSignature>, StageError> {
        let sentence = sentence.into();
        self.is_not_recalling(&sentence)?;
        loop {
            match self.ask_to_approve(person, &sentence, lines, what) {
                Err(StageError::NoAnswer(NoAnswer::Aside(aside))) => self.see_to(aside, person)?,
                answer => return answer,
            }
        }
    }

    /// Asks once, until the word or the signature is right.
    pub(super) fn ask_to_approve(
        &mut self,
        person: &Person,
        sentence: &str,
        lines: &[Line],
        what: ToApprove<'_>,
    ) -> Result<Option<ActSignature>, StageError> {
        let (step, sentence) = (self.step_number(), sentence.to_owned());
        let expected = Expected::Word(what.word);
        let mut question =
            Question { step, person: person.clone(), sentence, lines: lines.to_vec(), expected };
        let Some(signing) = &self.signing else {
            self.operators.ask(&question)?;
            return Ok(None);
        };
        let Some(key) = signing.keys.get(&person.id).cloned() else {
            return Err(StageError::NoKey { person: person.id.clone() });
        };
        let head = self.journal.head();
        let statement = ActStatement {
            ceremony: signing.ceremony.clone(),
            person: person.id.clone(),
            plan: signing.plan,
            step: question.step.clone(),
            kind: what.kind.to_owned(),
            sha256: what.sha256,
            size: head.size,
            root: head.root,
        };
        let text = statement.to_string();
        // An exception is approved over the same head as the act in whose place it was told.
        let name = format!("{}-{}-{}", head.size, what.word, person.id);
        let path = self.journal.lay_out(&name, text.as_bytes())?;
        question.lines.push(Line::new("records in the log", head.size.to_string()));
        question.lines.push(Line::new("root", head.root.to_string()));
        question.lines.push(Line::new("key", key.fingerprint()));
        question.expected = Expected::Signature(path);
        let signature =
            self.signature(&SignRequest { question: &question, text: &text, word: what.word }, &key)?;
        let (person, size, root) = (person.id.clone(), head.size, head.root);
        Ok(Some(ActSignature { person, size, root, signature: signature.to_base64() }))
    }

    /// Asks until what is brought is a signature by the key over the text.
    fn signature(&mut self, request: &SignRequest<'_>, key: &PersonKey) -> Result<SshSignature, StageError> {
        let text = request.text;
        loop {
            let brought = self.operators.sign(request)?;
            let read = std::str::from_utf8(&brought).unwrap_or_default();
            let verified = SshSignature::from_armor(read)
                .and_then(|signature| signature.verify(text.as_bytes(), key).map(|()| signature));
            match verified {
                Ok(signature) => return Ok(signature),
                Err(error) => self.operators.show(&Notice::Wrong { sentence: error.to_string() }),
            }
        }
    }

    /// Asks for an approval beside the script: nothing said is no approval, and neither is anything but the word or the
    /// signature.
    pub(super) fn approved_beside(
        &mut self,
        person: &Person,
        sentence: &str,
        lines: &[Line],
        what: ToApprove<'_>,
    ) -> Result<Option<Vec<ActSignature>>, StageError> {
        match self.ask_to_approve(person, sentence, lines, what) {
            Ok(signature) => Ok(Some(signature.into_iter().collect())),
            Err(StageError::NoAnswer(
                NoAnswer::Declined { .. } | NoAnswer::Aside(Aside::Exception | Aside::Pause),
            )) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
