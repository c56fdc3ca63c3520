//! What was pasted: text for the one prompt that is open, and never more than one answer.
//!
//! The rules of this file:
//! - A paste is one line. One of several lines is taken by no prompt, not even its first line.
//! - The end of its last line is no Enter: whoever pastes still presses it.
//! - It may be a secret: it lies where it is wiped, and nothing that is said of it has any of it.

use zeroize::Zeroizing;

/// What a terminal sent between the beginning and the end of a paste.
pub struct Paste {
    octets: Zeroizing<Vec<u8>>,
    lines: usize,
    ends_line: bool,
    after_return: bool,
    full: bool,
    refused: Option<&'static str>,
}

impl Default for Paste {
    fn default() -> Self {
        Self {
            // It does not grow: that would leave a copy behind.
            octets: Zeroizing::new(Vec::with_capacity(MOST_OCTETS)),
            lines: 0,
            ends_line: true,
            after_return: false,
            full: false,
            refused: None,
        }
    }
}

impl Paste {
    /// Takes the next octet. Lines are counted also where there is no room for them.
    pub fn push(&mut self, octet: u8) {
        let after_return = std::mem::replace(&mut self.after_return, octet == b'\r');
        match octet {
            // The end of a line of two octets was counted at the first one.
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                self.lines += usize::from(self.ends_line);
                self.ends_line = true;
            }
            _ => {
                self.lines += usize::from(self.ends_line);
                self.ends_line = false;
                if self.octets.len() < MOST_OCTETS {
                    self.octets.push(octet);
                } else {
                    self.full = true;
                }
            }
        }
    }

    /// Whatever it holds, it is not taken: what it is, behind "a paste".
    pub const fn refuse(&mut self, what: &'static str) {
        self.refused = Some(what);
    }

    /// Its line, without the line's end.
    ///
    /// # Errors
    ///
    /// Why no prompt takes it, a sentence.
    pub fn line(&self) -> Result<&str, String> {
        let not_taken = |what: &str| Err(format!("a paste {what} was not taken"));
        if let Some(what) = self.refused {
            return not_taken(what);
        }
        match std::str::from_utf8(&self.octets) {
            _ if self.lines > 1 => Err(format!(
                "a paste of {} lines was not taken, since each prompt wants one line",
                self.lines
            )),
            _ if self.full => not_taken(&format!("of more than {MOST_OCTETS} octets")),
            Err(_) => not_taken("that is no UTF-8 text"),
            Ok(text) if text.chars().any(char::is_control) => not_taken("with control characters"),
            Ok(text) => Ok(text),
        }
    }
}

/// Octets of a line; a field takes as many characters.
const MOST_OCTETS: usize = super::field::MOST_CHARACTERS;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(octets: &[u8]) -> Result<String, String> {
        let mut paste = Paste::default();
        for octet in octets {
            paste.push(*octet);
        }
        paste.line().map(str::to_owned)
    }

    #[test]
    fn one_line_is_taken_without_its_end() {
        for octets in ["sígn", "sígn\r", "sígn\n", "sígn\r\n"] {
            assert_eq!(line(octets.as_bytes()).as_deref(), Ok("sígn"));
        }
        for octets in [b"".as_slice(), b"\r"] {
            assert_eq!(line(octets).as_deref(), Ok(""));
        }
    }

    #[test]
    fn of_several_lines_none_is_taken_and_they_are_counted() {
        for (octets, lines) in
            [("a\rb", 2), ("a\r\nb\r\n", 2), ("a\n\n", 2), ("\na", 2), ("\r\r", 2), ("a\nb\n\nc", 4)]
        {
            let why = format!("a paste of {lines} lines was not taken, since each prompt wants one line");
            assert_eq!(line(octets.as_bytes()), Err(why), "{octets:?}");
        }
    }

    #[test]
    fn what_no_prompt_can_have_is_not_taken() {
        assert_eq!(line(b"a\tb").unwrap_err(), "a paste with control characters was not taken");
        assert_eq!(line(b"\xff").unwrap_err(), "a paste that is no UTF-8 text was not taken");
        assert!(line(&vec![b'x'; MOST_OCTETS]).is_ok());
        let long = vec![b'x'; MOST_OCTETS + 1];
        assert_eq!(line(&long).unwrap_err(), "a paste of more than 16384 octets was not taken");
        let mut refused = Paste::default();
        refused.refuse("without an end");
        assert_eq!(refused.line().unwrap_err(), "a paste without an end was not taken");
    }
}
