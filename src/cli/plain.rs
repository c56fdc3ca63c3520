//! People at a terminal, by plain prompts: no screen, one line after the other.

use std::fmt::Write as _;
use std::io::{BufRead, Write};

use zeroize::Zeroize;

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
        Notice::Wrong { sentence } => format!("  ! {sentence}\n"),
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

    fn line(&mut self, question: &str) -> Result<String, NoAnswer> {
        let ended = || NoAnswer::Ended { question: question.to_owned() };
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) | Err(_) => Err(ended()),
            Ok(_) => Ok(line.trim_end_matches('\n').to_owned()),
        }
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
            let answer = self.line(&question.sentence)?;
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
        let which = match request.kind {
            PinKind::User => "PIN",
            PinKind::SecurityOfficer => "security officer's PIN",
        };
        self.say(&format!("\n  {which} of token `{}`: {}\n", request.token, request.tries));
        loop {
            let mut whole = String::with_capacity(Pin::MAX_OCTETS * 2);
            for person in &request.people {
                let mut part = typed_pin(&format!("  {}: {which} of `{}`: ", said(person), request.token))?;
                whole.push_str(&part);
                part.zeroize();
            }
            match Pin::take(whole) {
                Ok(pin) => return Ok(pin),
                Err(error) => self.say(&format!("  ! {error}\n")),
            }
        }
    }
}

/// What people compare, a line each.
fn card(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {}: {}", line.name, line.value);
        text
    })
}

/// A PIN from the terminal, without an echo; from standard input where there is no terminal.
fn typed_pin(prompt: &str) -> Result<String, NoAnswer> {
    rpassword::prompt_password(prompt).map_err(|_| NoAnswer::Ended { question: prompt.to_owned() })
}

/// Whether an answer is the expected one.
pub fn judge(expected: &Expected, answer: &str) -> Result<(), String> {
    match expected {
        Expected::Word(word) if answer == *word => Ok(()),
        Expected::Word(word) => Err(format!("found `{answer}`, wanted exactly `{word}`")),
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

/// Octets of a text that fit into a line of the log with all that stands around them.
const MOST_TEXT: usize = 4096;

/// Whether the same words were typed; the first wrong one by its place. The wanted word itself is not told.
fn same_words(wanted: &str, typed: &str) -> Result<(), String> {
    let (wanted, typed): (Vec<&str>, Vec<&str>) =
        (wanted.split_whitespace().collect(), typed.split_whitespace().collect());
    for (place, (wanted, typed)) in (1..).zip(wanted.iter().zip(&typed)) {
        let place: usize = place;
        if !wanted.eq_ignore_ascii_case(typed) {
            return Err(format!("word {place} is not the one of the head: found `{typed}`"));
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
