//! People at a terminal, by plain prompts: no screen, one line after the other.

use std::fmt::Write as _;
use std::io::{BufRead, Read as _, Write};

use zeroize::Zeroizing;

use super::files::one_line;
use crate::secret::PinError;
use crate::stage::{Expected, Line, NoAnswer, Notice, Operators, Person, Pin, PinKind, PinRequest, Question};

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
            Expected::Text => "type it, or `no` to decline".to_owned(),
            Expected::Time => "such as 2026-11-01T08:00:00Z, or `no`".to_owned(),
        };
        let text = format!("\n{}  {who}: {} ({wanted})\n", card(&question.lines), question.sentence);
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
            match judge(&question.expected, &answer) {
                Ok(()) => return Ok(answer),
                Err(why) => self.say(&format!("  ! {why}\n")),
            }
        }
    }

    fn pin(&mut self, request: &PinRequest) -> Result<Pin, NoAnswer> {
        self.pin_by(request, &mut typed_pin)
    }
}

impl Plain<'_> {
    /// Takes in a PIN by what `typed` reads; a new one twice.
    fn pin_by(&mut self, request: &PinRequest, typed: Typed<'_>) -> Result<Pin, NoAnswer> {
        let which = match request.kind {
            PinKind::User => "PIN",
            PinKind::SecurityOfficer => "security officer's PIN",
        };
        self.say(&format!("\n  {which} of token `{}`: {}\n", request.token, request.tries));
        loop {
            let first = match whole_pin(request, which, "", typed)? {
                Ok(pin) => pin,
                Err(error) => {
                    self.say(&format!("  ! {error}\n"));
                    continue;
                }
            };
            if !request.is_new {
                return Ok(first);
            }
            match whole_pin(request, which, "once more, ", typed)? {
                Ok(second) if second.is_same(&first) => return Ok(first),
                _ => self.say("  ! the second was not the same as the first; both are asked for again\n"),
            }
        }
    }
}

/// Reads what is typed after a prompt.
type Typed<'t> = &'t mut dyn FnMut(&str) -> Result<Zeroizing<String>, NoAnswer>;

/// A PIN of one person or of several, each of whom types a part. All of it is wiped, also where a part never comes.
fn whole_pin(
    request: &PinRequest,
    which: &str,
    again: &str,
    typed: Typed<'_>,
) -> Result<Result<Pin, PinError>, NoAnswer> {
    // One octet more than a PIN may have, so that what is too long is said to be so; it does not grow, which would leave
    // a copy behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(Pin::MAX_OCTETS + 1));
    for person in &request.people {
        let part = typed(&format!("  {}: {again}{which} of `{}`: ", said(person), request.token))?;
        let room = Pin::MAX_OCTETS + 1 - whole.len();
        whole.extend(part.bytes().take(room));
    }
    Ok(Pin::read(&whole))
}

/// What people compare, a line each.
fn card(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {}: {}", one_line(&line.name), one_line(&line.value));
        text
    })
}

/// A PIN from the terminal, without an echo. Where there is no terminal there is no answer: standard input echoes.
fn typed_pin(prompt: &str) -> Result<Zeroizing<String>, NoAnswer> {
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new);
    typed.map_err(|_| NoAnswer::Ended { question: prompt.to_owned() })
}

/// Whether an answer is the expected one.
pub fn judge(expected: &Expected, answer: &str) -> Result<(), String> {
    match expected {
        Expected::Word(word) if answer == *word => Ok(()),
        Expected::Word(word) => Err(format!("found `{}`, wanted exactly `{word}`", one_line(answer))),
        Expected::Words(words) => same_words(words, answer),
        Expected::Text => text_for_the_log(answer),
        Expected::Time => {
            answer.parse::<crate::clock::Timestamp>().map(|_| ()).map_err(|error| error.to_string())
        }
    }
}

/// Whether a text can be in the log or its annex, read aloud as it was typed.
fn text_for_the_log(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("found nothing, wanted a text".into());
    }
    if let Some(hidden) = text.chars().find(|character| crate::script::is_hidden(*character)) {
        return Err(format!(
            "found the character {}, which nobody can see or read aloud",
            hidden.escape_unicode()
        ));
    }
    if text.len() > MOST_TEXT {
        return Err(format!("found {} octets, wanted at most {MOST_TEXT}", text.len()));
    }
    Ok(())
}

/// Octets of a line that somebody types, at most.
const LONGEST_LINE: u64 = 65_536;

/// Octets of a text that fit into a line of the log with all that stands around them.
const MOST_TEXT: usize = 4096;

/// Whether the same words were typed; the first wrong one by its place. The wanted word itself is not told.
fn same_words(wanted: &str, typed: &str) -> Result<(), String> {
    let (wanted, typed): (Vec<&str>, Vec<&str>) =
        (wanted.split_whitespace().collect(), typed.split_whitespace().collect());
    for (place, (wanted, typed)) in (1..).zip(wanted.iter().zip(&typed)) {
        let place: usize = place;
        if !wanted.eq_ignore_ascii_case(typed) {
            return Err(format!("word {place} is not the one of the head: found `{}`", one_line(typed)));
        }
    }
    if wanted.len() == typed.len() {
        Ok(())
    } else {
        Err(format!("found {} words, wanted {}", typed.len(), wanted.len()))
    }
}

fn said(person: &Person) -> String {
    format!("{} ({})", person.id, person.role)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// What comes of a request for a PIN when these are typed, and how many of them were wanted.
    fn pin(is_new: bool, people: usize, typed: &[&str]) -> (Option<Pin>, usize) {
        let person = Person { id: "bo".into(), role: "crypto-officer".into() };
        let (step, token, tries) = ("1.1".into(), "root".into(), "a new one".into());
        let people = vec![person; people];
        let request = PinRequest { step, token, kind: PinKind::User, people, tries, is_new };
        let mut wanted = 0;
        let mut type_next = |prompt: &str| {
            let next = typed.get(wanted).map(|text| Zeroizing::new((*text).to_owned()));
            wanted += 1;
            next.ok_or_else(|| NoAnswer::Ended { question: prompt.to_owned() })
        };
        let read = Plain::new(&mut Cursor::new(b""), &mut Vec::new()).pin_by(&request, &mut type_next);
        (read.ok(), wanted)
    }

    #[test]
    fn a_new_pin_is_typed_twice_and_an_old_one_once() {
        let is = |pin: Option<Pin>, text: &str| pin.unwrap().expose(|octets| octets == text.as_bytes());
        let (read, wanted) = pin(false, 1, &["", "1234", "9"]);
        assert!(is(read, "1234") && wanted == 2);
        let (read, wanted) = pin(true, 1, &["1234", "1243", "5678", "5678", "9"]);
        assert!(is(read, "5678") && wanted == 4);
        let (read, wanted) = pin(false, 2, &["12", "34"]);
        assert!(is(read, "1234") && wanted == 2);
        assert!(pin(true, 1, &["1234"]).0.is_none());
        let long = "1".repeat(200);
        assert!(pin(false, 2, &[&long, &long]).0.is_none());
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
    fn a_wrong_word_is_named_by_its_place_and_the_right_one_is_not_told() {
        let (_, shown) = ask(Expected::Words("topmost Istanbul Pluto".into()), "topmost istanbul plate\n");
        assert!(shown.contains("word 3 is not the one of the head: found `plate`"));
        assert!(!shown.contains("Pluto"));
        assert!(ask(Expected::Words("topmost Istanbul".into()), "TOPMOST istanbul\n").0.is_ok());
    }
}
