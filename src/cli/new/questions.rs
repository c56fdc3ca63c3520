//! One question after the other, each with what is taken if nothing is typed.

use std::io::{BufRead, Read as _, Write};

use crate::failure::{Failure, Turn};

/// Somebody who answers at a terminal.
pub struct Questions<'q> {
    input: &'q mut dyn BufRead,
    out: &'q mut dyn Write,
}

impl<'q> Questions<'q> {
    /// Questions on `out`, answers from `input`.
    pub fn new(input: &'q mut dyn BufRead, out: &'q mut dyn Write) -> Self {
        Self { input, out }
    }

    /// Says something.
    pub fn say(&mut self, text: &str) {
        // A closed terminal shows at the next answer.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// Asks until the answer can be read.
    ///
    /// # Errors
    ///
    /// [`Turn::Operators`] if nobody answers any more.
    pub fn ask<T>(
        &mut self,
        question: &str,
        proposed: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        loop {
            let said =
                if proposed.is_empty() { String::new() } else { format!(" (type `{proposed}`, or another)") };
            self.say(&format!("\n  {question}{said}\n  > "));
            let mut line = String::new();
            let mut limited = (&mut *self.input).take(LONGEST_LINE);
            let count = limited
                .read_line(&mut line)
                .map_err(|error| Failure::because(Turn::Operators, "the answer could not be read", &error))?;
            if count == 0 {
                return Err(Failure::new(Turn::Operators, format!("nobody answered: {question}"))
                    .hint("nothing was written"));
            }
            let typed = line.trim();
            match read(if typed.is_empty() { proposed } else { typed }) {
                Ok(value) => return Ok(value),
                Err(why) => self.say(&format!("  ! {why}\n")),
            }
        }
    }
}

/// More than any answer has.
const LONGEST_LINE: u64 = 4096;
