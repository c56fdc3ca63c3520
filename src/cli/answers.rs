//! A file that answers in people's place: for practice logs only.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use zeroize::Zeroizing;

use crate::approval::practice_signature;
use crate::clock::Timestamp;
use crate::conduct::improvised_share;
use crate::failure::Failure;
use crate::script::{Fields, FromNode, Named, Node, Problems, Value, Word, read_secret, version, wrong};
use crate::secret::SecretOctets;
use crate::stage::{
    AGAIN, Aside, Expected, NoAnswer, Notice, Operators, Pin, PinPurpose, PinRequest, Question,
    ShareDelivery, ShareRequest, SignRequest, bring_signature, shared_pin,
};

use super::{files, plain};
use crate::tui::judge;

/// What the file says.
pub struct Answers {
    default: Default,
    steps: BTreeMap<String, StepAnswers>,
}

/// What is answered where a step says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Default {
    /// Every confirmation as scripted; PINs are those of throw-away tokens.
    Practice,
    /// Nothing.
    None,
}

impl Word for Default {
    const WORDS: &'static [(&'static str, Self)] = &[("practice", Self::Practice), ("none", Self::None)];
}

/// What is answered in one step.
struct StepAnswers {
    pins: BTreeMap<String, VecDeque<Pin>>,
    say: VecDeque<String>,
    deviation: Option<Deviation>,
}

/// An exception that is told in a step, and who approves it.
#[derive(Clone, Debug)]
struct Deviation {
    /// Said once: what is asked for in words after it is something else.
    reason: Option<String>,
    approve: Vec<String>,
}

impl Answers {
    /// Reads the answers that are in a file.
    ///
    /// # Errors
    ///
    /// The file's, or every problem, each with its place.
    pub fn of_file(path: &Path) -> Result<Self, Failure> {
        // It may hold PINs.
        let octets = Zeroizing::new(files::octets(path)?);
        Ok(Self::read(&path.display().to_string(), &octets)?)
    }

    /// Reads a file of answers.
    ///
    /// # Errors
    ///
    /// Every problem of the file.
    pub fn read(file: &str, octets: &[u8]) -> Result<Self, Problems> {
        read_secret(file, octets)
    }
}

impl FromNode for Answers {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        version(&mut fields, node, "rootrite-answers");
        let default = fields.required("default");
        let steps = fields.node("steps").cloned();
        fields.finish();
        let mut read = BTreeMap::new();
        if let Some(steps) = steps {
            let Value::Map(entries) = &steps.value else {
                return wrong(&steps, "step numbers and answers", problems);
            };
            for entry in entries {
                if let Some(answers) = StepAnswers::from_node(&entry.node, problems) {
                    read.insert(entry.key.clone(), answers);
                }
            }
        }
        Some(Self { default: default?, steps: read })
    }
}

impl FromNode for StepAnswers {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let pins: Option<Named<Tries>> = fields.optional("pin");
        let say: Option<Vec<String>> = fields.optional("say");
        let reason: Option<String> = fields.optional("deviation");
        let approve: Option<Vec<String>> = fields.optional("approve");
        fields.finish();
        let deviation =
            reason.map(|reason| Deviation { reason: Some(reason), approve: approve.unwrap_or_default() });
        let mut by_token = BTreeMap::new();
        for (token, tries) in pins.unwrap_or_default().iter() {
            let mut read = VecDeque::new();
            for text in tries.0.iter() {
                match Pin::read(text.as_bytes()) {
                    Ok(pin) => read.push_back(pin),
                    Err(error) => problems.add(token.place, error.to_string()),
                }
            }
            by_token.insert(token.value.to_string(), read);
        }
        Some(Self { pins: by_token, say: say.unwrap_or_default().into(), deviation })
    }
}

/// One PIN, or several that are tried one after the other.
struct Tries(Zeroizing<Vec<String>>);

impl FromNode for Tries {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::from_node(node, problems).map(|texts| Self(Zeroizing::new(texts))),
            _ => String::from_node(node, problems).map(|text| Self(Zeroizing::new(vec![text]))),
        }
    }
}

/// Answers from a file; what people would be shown goes to `show`.
pub struct Answering<'a> {
    answers: Answers,
    now: &'a dyn Fn() -> Timestamp,
    show: &'a mut dyn FnMut(&str),
    /// The exception that is being told.
    told: Option<Deviation>,
}

impl<'a> Answering<'a> {
    /// People who say what the file says.
    pub fn new(answers: Answers, now: &'a dyn Fn() -> Timestamp, show: &'a mut dyn FnMut(&str)) -> Self {
        Self { answers, now, show, told: None }
    }
}

impl Answering<'_> {
    /// The next thing that the file says in this step, or what it says by default.
    fn answer(&mut self, question: &Question) -> Result<String, NoAnswer> {
        let said = self.answers.steps.get_mut(&question.step).and_then(|step| step.say.pop_front());
        match (said, self.answers.default) {
            (Some(said), _) => Ok(said),
            // After a wrong PIN nothing is tried again by itself: a token could lock, and a token that does not would
            // be tried for ever.
            (None, Default::Practice) if question.expected != Expected::Word(AGAIN) => {
                Ok(match &question.expected {
                    Expected::Word(word) => (*word).to_owned(),
                    Expected::Words(words) => words.clone(),
                    Expected::OneOf(words) => words.first().cloned().unwrap_or_default(),
                    Expected::Time => (self.now)().to_string(),
                    _ => "practice".to_owned(),
                })
            }
            (None, _) => {
                let (step, question) = (question.step.clone(), question.sentence.clone());
                Err(NoAnswer::Missing { step, question })
            }
        }
    }
}

impl Operators for Answering<'_> {
    fn clock_source(&self) -> &'static str {
        "rehearsal"
    }

    fn show(&mut self, notice: &Notice) {
        (self.show)(&plain::text(notice));
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        if let Some(deviation) =
            self.answers.steps.get_mut(&question.step).and_then(|step| step.deviation.take())
        {
            self.told = Some(deviation);
            return Err(NoAnswer::Aside(Aside::Exception));
        }
        loop {
            let answer = match (&mut self.told, &question.expected) {
                (Some(Deviation { reason: reason @ Some(_), .. }), Expected::Exception) => {
                    reason.take().unwrap_or_default()
                }
                (Some(told), Expected::Word("deviate")) => {
                    let approves = told.approve.contains(&question.person.id);
                    if approves { "deviate".to_owned() } else { "no".to_owned() }
                }
                _ => {
                    self.told = None;
                    self.answer(question)?
                }
            };
            if let Some(aside) = Aside::of(&answer) {
                return Err(NoAnswer::Aside(aside));
            }
            if answer == "no" {
                return Err(declined(question));
            }
            match judge(&question.expected, &answer) {
                Ok(()) => return Ok(answer),
                // What the file says is used up word by word; the default is always as expected.
                Err(why) => (self.show)(&format!("  ! {why}\n")),
            }
        }
    }

    /// The signature that the file names, or where it says the word or nothing, one by the key that everybody has: a file of
    /// answers is for practice.
    fn sign(&mut self, request: &SignRequest<'_>) -> Result<Vec<u8>, NoAnswer> {
        if request.word != "deviate" {
            self.told = None;
        }
        let mut step = self.answers.steps.get_mut(&request.question.step);
        let says = step.as_ref().is_some_and(|step| step.deviation.is_some() || !step.say.is_empty());
        let word = step.as_mut().and_then(|step| step.say.pop_front_if(|said| said == request.word));
        match (&self.told, self.answers.default) {
            (Some(told), _) if request.word == "deviate" => {
                if !told.approve.contains(&request.question.person.id) {
                    return Err(declined(request.question));
                }
            }
            _ if word.is_some() => {}
            (_, Default::Practice) if !says => {}
            _ => return bring_signature(self, request),
        }
        Ok(practice_signature(request.text.as_bytes()).to_armor().into_bytes())
    }

    /// The PIN that the file says, or once the one of throw-away tokens: what is wrong is not tried again, so that no
    /// file spends a token's tries.
    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        let step = self.answers.steps.get_mut(&request.step);
        let said = step.and_then(|step| step.pins.get_mut(&request.token)).and_then(VecDeque::pop_front);
        match (said, self.answers.default) {
            (Some(pin), _) => Ok(pin),
            (None, Default::Practice) if request.purpose != PinPurpose::AfterWrong => {
                Ok(shared_pin(request.kind))
            }
            (None, _) => {
                let question = format!("the {}", request.kind.of(&request.token));
                Err(NoAnswer::Missing { step: request.step.clone(), question })
            }
        }
    }

    fn is_improvised(&self) -> bool {
        self.answers.default == Default::Practice
    }

    fn deliver(&mut self, _: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        Ok(())
    }

    /// The share of a throw-away token's PIN: no file has others.
    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        match self.answers.default {
            Default::Practice => improvised_share(request),
            Default::None => {
                let question =
                    format!("{}'s share of the PIN of token `{}`", request.person.id, request.token);
                Err(NoAnswer::Missing { step: request.step.clone(), question })
            }
        }
    }
}

fn declined(question: &Question) -> NoAnswer {
    NoAnswer::Declined { person: question.person.id.clone(), question: question.sentence.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Person;

    fn ask(file: &str, expected: Expected) -> Result<String, NoAnswer> {
        let answers = Answers::read("a.yaml", file.as_bytes()).unwrap();
        let now = || "2026-11-01T08:00:00Z".parse().unwrap();
        let person = Person { id: "bo".into(), role: "crypto-officer".into() };
        let question =
            Question { step: "2.1".into(), person, sentence: "Well?".into(), lines: Vec::new(), expected };
        Answering::new(answers, &now, &mut |_| {}).ask(&question)
    }

    #[test]
    fn practice_confirms_everything_but_another_try_of_a_pin() {
        let practice = "rootrite-answers: 1\ndefault: practice\n";
        assert_eq!(ask(practice, Expected::Word("sign")).unwrap(), "sign");
        assert_eq!(ask(practice, Expected::Time).unwrap(), "2026-11-01T08:00:00Z");
        assert!(matches!(ask(practice, Expected::Word(AGAIN)), Err(NoAnswer::Missing { .. })));
        let said = "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.1\": {say: [again]}\n";
        assert_eq!(ask(said, Expected::Word(AGAIN)).unwrap(), "again");
    }

    #[test]
    fn many_wrong_answers_end_where_the_file_ends() {
        let said = "x, ".repeat(9_000);
        let file = format!("rootrite-answers: 1\ndefault: none\nsteps:\n  \"2.1\": {{say: [{said}x]}}\n");
        assert!(matches!(ask(&file, Expected::Word("sign")), Err(NoAnswer::Missing { .. })));
    }

    #[test]
    fn what_is_no_pin_is_said() {
        let long = "1".repeat(256);
        let file =
            format!("rootrite-answers: 1\ndefault: none\nsteps:\n  \"2.1\": {{pin: {{root: \"{long}\"}}}}\n");
        let problems = Answers::read("a.yaml", file.as_bytes()).err().unwrap();
        assert!(problems.messages().concat().contains("more than 255 octets"), "{:?}", problems.messages());
    }

    #[test]
    fn what_is_said_goes_before_the_default_and_no_declines() {
        let file = "rootrite-answers: 1\ndefault: none\nsteps:\n  \"2.1\": {say: [\"no\"]}\n";
        assert!(matches!(ask(file, Expected::Word("sign")), Err(NoAnswer::Declined { .. })));
        let nothing = "rootrite-answers: 1\ndefault: none\n";
        assert!(matches!(ask(nothing, Expected::Word("sign")), Err(NoAnswer::Missing { .. })));
    }
}
