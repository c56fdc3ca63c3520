//! People at a terminal, by plain prompts: no screen, one line after the other.

use std::fmt::Write as _;
use std::io::{BufRead, Read as _, Write};

use zeroize::Zeroizing;

use super::files::one_line;
use super::quiet;
use crate::approval::NAMESPACE;
use crate::secret::SecretOctets;
use crate::stage::{
    Aside, Expected, Line, NoAnswer, Notice, Operators, Pin, PinKind, PinPurpose, PinRequest, Question,
    SIGNED, ShareDelivery, SharePurpose, ShareRequest, SharedSecret,
};
use crate::tui::{judge, said};

/// What people are told, as lines.
pub fn text(notice: &Notice) -> String {
    match notice {
        Notice::Act { title } => format!("\n== {title} ==\n"),
        Notice::Step { number, name, preview } => format!("\n{number} {name}\n  {preview}\n"),
        Notice::Done { sentence, lines } => {
            let mut text = format!("  {sentence}\n");
            text.push_str(&card(lines));
            text
        }
        Notice::Waiting { sentence } => format!("  {sentence}\n"),
        // A driver's words and a token's texts come this way.
        Notice::Wrong { sentence } => format!("  ! {}\n", one_line(sentence)),
    }
}

/// Prompts on standard output, answers from standard input, PINs from the terminal without an echo.
pub struct Plain<'p> {
    input: &'p mut dyn BufRead,
    out: &'p mut dyn Write,
}

impl<'p> Plain<'p> {
    /// Asks on `out` and reads answers from `input`.
    pub fn new(input: &'p mut dyn BufRead, out: &'p mut dyn Write) -> Self {
        Self { input, out }
    }

    fn say(&mut self, text: &str) {
        // A terminal that is gone shows at the next answer, which then ends.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    /// A line that was typed, without its line feed; what is wrong with it if it is none of text.
    fn line(&mut self, question: &str) -> Result<Result<String, String>, NoAnswer> {
        let mut line = Vec::new();
        let read = self.input.take(LONGEST_LINE).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return Err(NoAnswer::Ended { question: question.to_owned() });
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() as u64 == LONGEST_LINE {
            return Ok(Err(format!("found more than {LONGEST_LINE} octets in one line")));
        }
        Ok(String::from_utf8(line).map_err(|_| "found octets that are no UTF-8 text".to_owned()))
    }
}

impl Operators for Plain<'_> {
    fn show(&mut self, notice: &Notice) {
        let text = text(notice);
        self.say(&text);
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        let who = said(&question.person);
        let wanted = match &question.expected {
            Expected::Word(word) => format!("type `{word}` to go on, `no` to decline"),
            Expected::Words(_) => "type the words, or `no`".to_owned(),
            Expected::OneOf(words) => format!("type one of {}, or `no` to decline", words.join(", ")),
            Expected::Text => "type it, or `no` to decline".to_owned(),
            Expected::Exception => "type it; `no` goes back, and nothing is recorded".to_owned(),
            Expected::Signature(text) => {
                format!(
                    "sign `{}`, then type `{SIGNED}` or where the signature is, `no` to decline",
                    one_line(&text.display().to_string())
                )
            }
            Expected::Time => "such as 2026-11-01T08:00:00Z, or `no`".to_owned(),
        };
        let command = match &question.expected {
            Expected::Signature(text) => {
                format!(
                    "    ssh-keygen -Y sign -n {NAMESPACE} -f KEY {}\n",
                    one_line(&text.display().to_string())
                )
            }
            _ => String::new(),
        };
        let text = format!("\n{}{command}  {who}: {} ({wanted})\n", card(&question.lines), question.sentence);
        self.say(&text);
        loop {
            self.say("  > ");
            let answer = match self.line(&question.sentence)? {
                Ok(answer) => answer,
                Err(why) => {
                    self.say(&format!("  ! {why}\n"));
                    continue;
                }
            };
            if answer == "no" {
                return Err(NoAnswer::Declined { person: who, question: question.sentence.clone() });
            }
            if let Some(aside) = Aside::of(&answer) {
                return Err(NoAnswer::Aside(aside));
            }
            match judge(&question.expected, &answer) {
                Ok(()) => return Ok(answer),
                Err(why) => self.say(&format!("  ! {why}\n")),
            }
        }
    }

    fn deliver(&mut self, delivery: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        let ShareDelivery { of, person, set_id, share, .. } = delivery;
        let (which, takes) = (delivery.which(), delivery.takes());
        let who = said(person);
        self.say(&format!("\n  {who}: the next screen is for you alone. It shows {which} of {of}.\n"));
        let ended = |why: std::io::Error| NoAnswer::Ended { question: format!("{who}: your share ({why})") };
        quiet::typed("  Press Enter when nobody else sees the screen: ").map_err(ended)?;
        let what = match of {
            SharedSecret::Key { .. } => "Write down every word with its number",
            _ => "Write down every group. The last character of each checks it",
        };
        let salt = delivery.salt.map_or_else(String::new, |salt| format!(", and the salt {salt}"));
        let above = format!("{who}: {which} of {of}, set {set_id}; {takes}.\n{what}{salt}.");
        quiet::shown_share(
            &above,
            share,
            "Press Enter when it is written down: it is cleared, and you type it back.",
        )
        .map_err(ended)
    }

    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        let (who, of) = (said(&request.person), &request.of);
        let prompt = match request.purpose {
            SharePurpose::ReadBack { index } => {
                format!(
                    "  {who}: type {} back; an empty line shows it once more: ",
                    request.division().named(index)
                )
            }
            SharePurpose::Login { given, .. } => {
                let of = match of {
                    SharedSecret::Pin { token } => format!("the PIN of `{token}` ({})", request.tries),
                    other => other.to_string(),
                };
                format!(
                    "\n  {who}: type your share of {of}; {given} of {} are there, an empty line goes on without you: ",
                    request.threshold
                )
            }
        };
        let typed = quiet::typed(&prompt).map_err(|error| NoAnswer::Ended {
            question: format!("{who}: the share of {of}, typed at a terminal ({error})"),
        })?;
        // No share is a word.
        if let Some(aside) = typed.expose(aside_of) {
            return Err(NoAnswer::Aside(aside));
        }
        Ok(Some(typed).filter(|typed| !typed.is_empty()))
    }

    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        let which = request.kind.called();
        self.say(&format!("\n  {}: {}\n", request.kind.of(&request.token), request.tries));
        loop {
            let first = Pin::read(&typed_by_all(request, which)?);
            let again = match request.purpose {
                PinPurpose::New if first.is_ok() => {
                    self.say("  Once more: nobody saw it.\n");
                    Some(Pin::read(&typed_by_all(request, which)?))
                }
                _ => None,
            };
            match (first, again) {
                (Ok(first), Some(Ok(again))) if first.is_same(&again) => return Ok(first),
                (Ok(_), Some(_)) => {
                    self.say("  ! the second one is not the first one; wanted the same PIN twice\n");
                }
                (Ok(first), None) => return Ok(first),
                (Err(error), _) => self.say(&format!("  ! {error}\n")),
            }
        }
    }
}

/// The parts of a PIN, typed by one after the other; wiped also where the second half never comes.
fn typed_by_all(request: &PinRequest, which: &str) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    // It does not grow: that would leave a copy behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(Pin::MAX_OCTETS + 1));
    for person in &request.people {
        let of = if request.kind == PinKind::Named { "" } else { "of " };
        let part = typed_pin(&format!("  {}: {which} {of}`{}`: ", said(person), request.token))?;
        // A token's PIN can be any text; a new one is none of these two words.
        if let Some(aside) = part.expose(aside_of).filter(|_| request.purpose == PinPurpose::New) {
            return Err(NoAnswer::Aside(aside));
        }
        // One octet more than a PIN may have, so that what is too long is said to be so.
        let room = Pin::MAX_OCTETS + 1 - whole.len();
        part.expose(|octets| whole.extend(octets.iter().take(room)));
    }
    Ok(whole)
}

/// What somebody says in the place of a secret.
fn aside_of(typed: &[u8]) -> Option<Aside> {
    std::str::from_utf8(typed).ok().and_then(Aside::of)
}

/// What people compare, a line each.
fn card(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {}: {}", one_line(&line.name), one_line(&line.value));
        text
    })
}

/// A PIN from the terminal, without an echo. Never from a pipe: for that a site says `pin: {fd: 3}`.
fn typed_pin(prompt: &str) -> Result<SecretOctets, NoAnswer> {
    let ended = |why: &str| NoAnswer::Ended { question: format!("{}{why}", prompt.trim()) };
    // Only for what is said where there is none.
    drop(
        quiet::terminal().map_err(|_| {
            ended(" there is no terminal to type it at; a site's `pin: {fd: 3}` does without")
        })?,
    );
    quiet::typed(prompt).map_err(|_| ended(""))
}

/// Octets of a line that somebody types, at most.
const LONGEST_LINE: u64 = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Person;
    use std::io::Cursor;

    fn question(expected: Expected) -> Question {
        Question {
            step: "1.1".into(),
            person: Person { id: "bo".into(), role: "crypto-officer".into() },
            sentence: "Sign root-x1?".into(),
            lines: Vec::new(),
            expected,
        }
    }

    fn ask(expected: Expected, typed: &str) -> (Result<String, NoAnswer>, String) {
        let mut out = Vec::new();
        let answer = Plain::new(&mut Cursor::new(typed.as_bytes()), &mut out).ask(&question(expected));
        (answer, String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_the_exact_word_goes_on() {
        let (answer, shown) = ask(Expected::Word("sign"), "Sign\nsign \nsign\n");
        assert_eq!(answer.unwrap(), "sign");
        assert_eq!(shown.matches("wanted exactly `sign`").count(), 2);
    }

    #[test]
    fn what_is_no_text_is_asked_again() {
        let mut out = Vec::new();
        let typed = [b"\xe9\n".as_slice(), &vec![b'x'; 70_000], b"\nsign\n"].concat();
        let answer = Plain::new(&mut Cursor::new(typed), &mut out).ask(&question(Expected::Word("sign")));
        let shown = String::from_utf8(out).unwrap();
        assert_eq!(answer.unwrap(), "sign");
        assert!(shown.contains("no UTF-8 text") && shown.contains("more than 65536 octets"), "{shown}");
    }

    #[test]
    fn nothing_that_a_token_says_steers_the_terminal() {
        let sentence = "token `a\u{1b}[2Jb\u{202e}c`".to_owned();
        let lines = vec![Line::new("serial", "1\u{1b}]0;x\u{7}")];
        for notice in [Notice::Wrong { sentence }, Notice::Done { sentence: "Done.".into(), lines }] {
            let shown = text(&notice);
            assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown:?}");
        }
    }

    #[test]
    fn no_declines_and_an_ended_input_is_no_answer() {
        assert!(matches!(ask(Expected::Word("sign"), "no\n").0, Err(NoAnswer::Declined { .. })));
        assert!(matches!(ask(Expected::Word("sign"), "").0, Err(NoAnswer::Ended { .. })));
    }

    #[test]
    fn what_is_to_be_written_down_is_not_left_empty() {
        let (answer, shown) = ask(Expected::Text, "\n   \ntape 17\n");
        assert_eq!(answer.unwrap(), "tape 17");
        assert_eq!(shown.matches("found nothing, wanted a text").count(), 2);
    }

    #[test]
    fn a_wrong_word_is_named_by_its_place_and_the_right_one_is_not_told() {
        let (_, shown) = ask(Expected::Words("topmost Istanbul Pluto".into()), "topmost istanbul plate\n");
        assert!(shown.contains("word 3 is not the one of the head: found `plate`"));
        assert!(!shown.contains("Pluto"));
        assert!(ask(Expected::Words("topmost Istanbul".into()), "TOPMOST istanbul\n").0.is_ok());
    }
}
