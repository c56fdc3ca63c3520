//! A file that answers in people's place: for practice logs only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::clock::Timestamp;
use crate::script::{Fields, FromNode, Named, Node, Problems, Value, Whole, Word, read_as, version, wrong};
use crate::stage::{
    AGAIN, Expected, NoAnswer, Notice, Operators, Pin, PinKind, PinRequest, Question, shared_pin,
};

use super::plain;

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
}

impl Answers {
    /// Reads a file of answers.
    ///
    /// # Errors
    ///
    /// Every problem of the file.
    pub fn read(file: &str, octets: &[u8]) -> Result<Self, Problems> {
        read_as(file, octets).map(|whole: Whole<Self>| whole.value)
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
        fields.finish();
        let mut by_token = BTreeMap::new();
        for (token, tries) in pins.unwrap_or_default().iter() {
            let read = tries.0.iter().filter_map(|text| Pin::read(text.as_bytes()).ok()).collect();
            by_token.insert(token.value.to_string(), read);
        }
        Some(Self { pins: by_token, say: say.unwrap_or_default().into() })
    }
}

/// One PIN, or several that are tried one after the other.
struct Tries(Vec<String>);

impl FromNode for Tries {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::from_node(node, problems).map(Self),
            _ => String::from_node(node, problems).map(|text| Self(vec![text])),
        }
    }
}

/// Answers from a file; what people would be shown goes to `show`.
pub struct Answering<'a> {
    answers: Answers,
    now: &'a dyn Fn() -> Timestamp,
    show: &'a mut dyn FnMut(&str),
    /// The tokens for which a PIN was said already.
    tried: BTreeSet<(String, PinKind)>,
}

impl<'a> Answering<'a> {
    /// People who say what the file says.
    pub fn new(answers: Answers, now: &'a dyn Fn() -> Timestamp, show: &'a mut dyn FnMut(&str)) -> Self {
        Self { answers, now, show, tried: BTreeSet::new() }
    }
}

impl Operators for Answering<'_> {
    fn show(&mut self, notice: &Notice) {
        (self.show)(&plain::text(notice));
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        let said = self.answers.steps.get_mut(&question.step).and_then(|step| step.say.pop_front());
        let answer = match (said, self.answers.default) {
            (Some(said), _) => said,
            // After a wrong PIN nothing is tried again by itself: a token could lock, and a token that does not would
            // be tried for ever.
            (None, Default::Practice) if question.expected != Expected::Word(AGAIN) => {
                match &question.expected {
                    Expected::Word(word) => (*word).to_owned(),
                    Expected::Words(words) => words.clone(),
                    Expected::Time => (self.now)().to_string(),
                    _ => "practice".to_owned(),
                }
            }
            (None, _) => {
                let (step, question) = (question.step.clone(), question.sentence.clone());
                return Err(NoAnswer::Missing { step, question });
            }
        };
        if answer == "no" {
            return Err(NoAnswer::Declined {
                person: question.person.id.clone(),
                question: question.sentence.clone(),
            });
        }
        match plain::judge(&question.expected, &answer) {
            Ok(()) => Ok(answer),
            Err(why) => {
                (self.show)(&format!("  ! {why}\n"));
                self.ask(question)
            }
        }
    }

    /// The PIN that the file says, or once the one of throw-away tokens: what is wrong is not tried again, so that no
    /// file spends a token's tries.
    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        let first = self.tried.insert((request.token.clone(), request.kind));
        let step = self.answers.steps.get_mut(&request.step);
        let said = step.and_then(|step| step.pins.get_mut(&request.token)).and_then(VecDeque::pop_front);
        match (said, self.answers.default) {
            (Some(pin), _) => Ok(pin),
            (None, Default::Practice) if first => Ok(shared_pin(request.kind)),
            (None, _) => {
                let kind = if request.kind == PinKind::User { "PIN" } else { "security officer's PIN" };
                let question = format!("the {kind} of token `{}`", request.token);
                Err(NoAnswer::Missing { step: request.step.clone(), question })
            }
        }
    }
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
    fn what_is_said_goes_before_the_default_and_no_declines() {
        let file = "rootrite-answers: 1\ndefault: none\nsteps:\n  \"2.1\": {say: [\"no\"]}\n";
        assert!(matches!(ask(file, Expected::Word("sign")), Err(NoAnswer::Declined { .. })));
        let nothing = "rootrite-answers: 1\ndefault: none\n";
        assert!(matches!(ask(nothing, Expected::Word("sign")), Err(NoAnswer::Missing { .. })));
    }
}
