//! People, as the stage sees them: the only way to ask, to show and to take in a PIN.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::division::{Division, Groups, Member};
use super::overview::{Overview, Programme};
use crate::secret::{Pin, SecretOctets};

/// A person of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The script's id.
    pub id: String,
    /// The person's role in the ceremony.
    pub role: String,
}

/// A line of a card: what it is and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What.
    pub name: String,
    /// Its value, exactly as it is to be compared.
    pub value: String,
    /// What the reviewed plan has in its place, where that is another: the name of what could not be known before the day.
    pub planned: Option<String>,
}

impl Line {
    /// A line.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), planned: None }
    }

    /// The same line, beside what the reviewed plan says in its place.
    #[must_use]
    pub fn beside_plan(self, planned: Option<&str>) -> Self {
        let planned = planned.filter(|planned| *planned != self.value).map(str::to_owned);
        Self { planned, ..self }
    }
}

/// What people are told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// An act of the script begins.
    Act {
        /// Its title.
        title: String,
    },
    /// A step begins.
    Step {
        /// Its number.
        number: String,
        /// Its name.
        name: String,
        /// What it does, in a sentence.
        preview: String,
    },
    /// Something happened: a sentence, and what to compare.
    Done {
        /// The sentence.
        sentence: String,
        /// What to compare.
        lines: Vec<Line>,
    },
    /// Something takes a while.
    Waiting {
        /// For what.
        sentence: String,
    },
    /// Something went wrong and is asked again.
    Wrong {
        /// What.
        sentence: String,
    },
}

/// What a person has to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// Exactly this word.
    Word(&'static str),
    /// Exactly these words, read from paper or screen; upper and lower case are the same.
    Words(String),
    /// Exactly one of these words.
    OneOf(Vec<String>),
    /// A text of the person's own, not empty.
    Text,
    /// What is otherwise than the script says: a text, not empty. Whoever has nothing to tell leaves it, and nothing is recorded.
    Exception,
    /// The time that the person's own clock shows, RFC 3339 UTC.
    Time,
    /// A signature by the person's own key over the file of this path: where it lies, or [`SIGNED`] if it lies beside it, as
    /// `ssh-keygen` leaves it.
    Signature(PathBuf),
}

/// A question to a person.
#[derive(Clone, Debug)]
pub struct Question {
    /// The step it belongs to; `-` outside steps.
    pub step: String,
    /// Who answers.
    pub person: Person,
    /// What is asked, a sentence.
    pub sentence: String,
    /// What to compare before answering.
    pub lines: Vec<Line>,
    /// Which answer goes on. Everything else asks again, `no` declines.
    pub expected: Expected,
}

/// A request for a signature by a person's own key.
#[derive(Clone, Copy, Debug)]
pub struct SignRequest<'q> {
    /// Who signs, and what to compare before.
    pub question: &'q Question,
    /// The text that is to be signed.
    pub text: &'q str,
    /// The word that would allow it, where words do.
    pub word: &'static str,
}

/// A request for a PIN.
#[derive(Clone, Debug)]
pub struct PinRequest {
    /// The step it belongs to; `-` outside steps.
    pub step: String,
    /// The script's name for the token; of [`PinKind::Named`] that of the secret.
    pub token: String,
    /// Which PIN.
    pub kind: PinKind,
    /// Who types it, in turn: more than one where custody is split.
    pub people: Vec<Person>,
    /// What it is for.
    pub purpose: PinPurpose,
    /// What the token says of the tries left.
    pub tries: String,
}

/// What somebody has a share of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedSecret {
    /// The PIN of a token.
    Pin {
        /// The script's name for the token.
        token: String,
    },
    /// The key-encryption key that a key was wrapped under.
    Key {
        /// The name of the key that is backed up.
        key: String,
        /// The set.
        set_id: String,
    },
    /// Something else that is kept in shares.
    Named {
        /// Its name in the script.
        name: String,
        /// The set.
        set_id: String,
    },
}

/// As a sentence says it: `the PIN of token …`.
impl fmt::Display for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin { token } => write!(f, "the PIN of token `{token}`"),
            Self::Key { key, .. } => write!(f, "the backup of the key `{key}`"),
            Self::Named { name, .. } => write!(f, "the secret `{name}`"),
        }
    }
}

/// A request for a share.
#[derive(Clone, Debug)]
pub struct ShareRequest {
    /// The step it belongs to; `-` outside steps.
    pub step: String,
    /// The script's name for the token.
    pub token: String,
    /// What it is a share of.
    pub of: SharedSecret,
    /// Who types it.
    pub person: Person,
    /// Everyone who has a share of it, in the script's order.
    pub holders: Vec<Person>,
    /// How many shares it takes; of groups, how many are asked for.
    pub threshold: usize,
    /// The groups of the holders, if there are several.
    pub groups: Option<Groups>,
    /// What the token says of the tries left; nothing where none is about to be made.
    pub tries: String,
    /// What it is for.
    pub purpose: SharePurpose,
}

/// What a share is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharePurpose {
    /// To log in.
    Login {
        /// How many have given theirs.
        given: usize,
        /// Whether the token has refused what shares gave before.
        after_wrong: bool,
    },
    /// To show that what was written down is what was shown.
    ReadBack {
        /// Which of the set it is, counted from 1.
        index: u64,
    },
}

/// A share that its holder, and nobody else, is to see.
pub struct ShareDelivery<'d> {
    /// The step it belongs to; `-` outside steps.
    pub step: String,
    /// The script's name for the token.
    pub token: String,
    /// What it is a share of.
    pub of: SharedSecret,
    /// Who is to see it.
    pub person: Person,
    /// What the log's commitment to it was made with, in hex: it belongs on the sheet. Nothing where there is none.
    pub salt: Option<&'d str>,
    /// Its set.
    pub set_id: String,
    /// Which of the set it is, counted from 1.
    pub index: u64,
    /// How many there are.
    pub count: usize,
    /// How many it takes; of groups, the fewest.
    pub threshold: usize,
    /// Where it stands in its group, if there are several.
    pub member: Option<Member>,
    /// The share, as it is written and typed.
    pub share: &'d SecretOctets,
}

impl ShareRequest {
    /// How the set is divided.
    pub fn division(&self) -> Division<'_> {
        match &self.groups {
            Some(groups) => Division::from(groups),
            None => Division { threshold: self.threshold, count: self.holders.len(), groups: None },
        }
    }
}

impl ShareDelivery<'_> {
    /// Which share it is, as a sentence says it.
    pub fn which(&self) -> String {
        let Self { index, count, .. } = self;
        match &self.member {
            Some(member) => format!(
                "share {index} of {count} (share {} of {} of the group `{}`)",
                member.number, member.count, member.name
            ),
            None => format!("share {index} of {count}"),
        }
    }

    /// How many it takes, as a sentence says it.
    pub fn takes(&self) -> String {
        match &self.member {
            Some(Member { threshold, count, groups_needed, groups, group, name, .. }) => format!(
                "`{name}` is group {group} of {groups}, it takes {groups_needed} groups, and of this one {threshold} of {count} shares"
            ),
            None => format!("it takes {}", self.threshold),
        }
    }
}

/// What a PIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinPurpose {
    /// To log in.
    Login,
    /// To log in, after a wrong one.
    AfterWrong,
    /// To be the token's from now on: whoever types it types it twice, because nobody sees it.
    New,
}

/// Which PIN of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PinKind {
    /// The user's.
    User,
    /// The user's first one: the security officer gives it, and the custodian changes it at once.
    First,
    /// The security officer's.
    SecurityOfficer,
    /// No PIN of a token here: a secret that has a name in the script.
    Named,
}

impl PinKind {
    /// What people call it.
    pub const fn called(self) -> &'static str {
        match self {
            Self::User => "PIN",
            Self::First => "user's first PIN",
            Self::SecurityOfficer => "security officer's PIN",
            Self::Named => "secret",
        }
    }

    /// As a sentence says it: ``PIN of token `root` ``.
    pub fn of(self, token: &str) -> String {
        match self {
            Self::Named => format!("secret `{token}`"),
            _ => format!("{} of token `{token}`", self.called()),
        }
    }
}

/// Talks to people. Implementations: a terminal, a file of answers, a rehearsal.
pub trait Operators {
    /// Whose clocks the times are of that they tell: `witnesses`, or `rehearsal` where no person looks at one.
    fn clock_source(&self) -> &'static str {
        "witnesses"
    }

    /// Takes in what the ceremony will do, before the first record of this start. Does nothing where nobody follows.
    fn begin(&mut self, programme: &Programme) {
        let _ = programme;
    }

    /// Sees where the ceremony is, after each record. Does nothing where nobody follows.
    fn observe(&mut self, overview: &Overview<'_>) {
        let _ = overview;
    }

    /// Shows something; nobody has to answer.
    fn show(&mut self, notice: &Notice);

    /// Asks until the answer is as expected; the answer.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if the person declines or nobody can answer any more.
    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer>;

    /// Takes in a file that somebody brings: asks where it is, until it can be read or has been asked for often.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if nobody brings one.
    fn bring(&mut self, question: &Question) -> Result<Vec<u8>, NoAnswer> {
        for _ in 0..MOST_PATHS {
            let path = self.ask(question)?;
            match brought(Path::new(&path)) {
                Ok(octets) => return Ok(octets),
                Err(why) => self.show(&Notice::Wrong { sentence: format!("`{path}`: {why}") }),
            }
        }
        Err(NoAnswer::Ended { question: question.sentence.clone() })
    }

    /// Takes in a signature: what `ssh-keygen -Y sign` wrote. Whether it is good is not known yet.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if nobody brings one.
    fn sign(&mut self, request: &SignRequest<'_>) -> Result<Vec<u8>, NoAnswer> {
        bring_signature(self, request)
    }

    /// Takes in a PIN; whole, also where several people type a part of it.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if nobody gives one.
    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer>;

    /// Whether nobody is there to keep anything: PINs are those of throw-away tokens, and so are their shares.
    fn is_improvised(&self) -> bool {
        false
    }

    /// Shows a share to its holder alone, until it has been written down.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if it cannot be shown to one person alone.
    fn deliver(&mut self, delivery: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        Err(NoAnswer::Ended { question: format!("share {} of {}", delivery.index, delivery.of) })
    }

    /// Takes in a share; nothing if its holder has none here, or wants to see it once more.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if nobody can type one.
    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        Err(NoAnswer::Ended { question: format!("a share of {}", request.of) })
    }
}

/// What a person can say in the place of any answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Something is otherwise than the script says.
    Exception,
    /// Everything stops for a while, and nobody stays logged in.
    Pause,
}

impl Aside {
    /// The aside of a word; nothing if it is none.
    pub fn of(answer: &str) -> Option<Self> {
        match answer {
            "exception" => Some(Self::Exception),
            "pause" => Some(Self::Pause),
            _ => None,
        }
    }
}

/// Asks where a signature is until it can be read.
///
/// # Errors
///
/// [`NoAnswer`] if nobody says it any more.
pub fn bring_signature<O: Operators + ?Sized>(
    operators: &mut O,
    request: &SignRequest<'_>,
) -> Result<Vec<u8>, NoAnswer> {
    loop {
        let said = operators.ask(request.question)?;
        let path = match &request.question.expected {
            Expected::Signature(text) if said == SIGNED => beside(text),
            _ => PathBuf::from(said),
        };
        match brought(&path) {
            Ok(octets) => return Ok(octets),
            Err(why) => operators.show(&Notice::Wrong { sentence: format!("`{}`: {why}", path.display()) }),
        }
    }
}

/// Where `ssh-keygen` leaves the signature over a file.
fn beside(text: &Path) -> PathBuf {
    let mut path = text.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// What a person says whose signature lies where `ssh-keygen` left it.
pub const SIGNED: &str = "signed";

/// The octets of a file that somebody named.
fn brought(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let kind = file.metadata().map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut octets = Vec::new();
    file.take(MOST_BROUGHT + 1).read_to_end(&mut octets).map_err(|error| error.to_string())?;
    match octets.len() as u64 {
        0 => Err("there is nothing in it".to_owned()),
        found if found > MOST_BROUGHT => Err(format!("it has more than {MOST_BROUGHT} octets")),
        _ => Ok(octets),
    }
}

/// How often somebody is asked where a file is.
const MOST_PATHS: usize = 5;

/// The most octets of a file that is brought.
const MOST_BROUGHT: u64 = 16 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The person said something else that has to be seen to first; the question is asked again.
    #[error("the question was put off")]
    Aside(Aside),
    /// The person said no.
    #[error("{person} declined: {question}")]
    Declined {
        /// Who.
        person: String,
        /// What was asked.
        question: String,
    },
    /// The input ended.
    #[error("nobody answers any more: the input ended at: {question}")]
    Ended {
        /// What was asked.
        question: String,
    },
    /// A file of answers has none for this question.
    #[error("the answers have nothing for step {step}: {question}")]
    Missing {
        /// Which step.
        step: String,
        /// What was asked.
        question: String,
    },
}
