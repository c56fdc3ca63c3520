//! Signed notes (C2SP signed-note): a text and signature lines below it.
//!
//! This crate verifies. To sign, it prepares the octets; the keys are elsewhere.

use std::fmt;

use crate::base64;
use crate::code::{Code, Fault};
use crate::key::{KeyId, VerifierKey, is_name};

/// How many octets a note may have.
pub const MOST_OCTETS: usize = 64 * 1024;

/// How many signature lines a note may have. The format wants 16 at least.
pub const MOST_SIGNATURES: usize = 64;

/// One signature line, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub id: KeyId,
    /// The octets behind the id. Those of a cosignature begin with its time.
    pub octets: Vec<u8>,
}

impl Signature {
    /// A signature that `key` made. For a cosignature the octets begin with the eight of the time.
    pub fn new(key: &VerifierKey, octets: &[u8]) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), octets: octets.to_vec() }
    }

    /// Reads one line without its line feed.
    ///
    /// # Errors
    ///
    /// E103; E104 for the base64.
    pub fn parse(line: &str) -> Result<Self, Fault> {
        let fault = || {
            let message = format!("signature line `{}`; wanted `— name base64`", line.escape_debug());
            Fault::new(Code::E103, message)
        };
        let (name, encoded) =
            line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(fault)?;
        if !is_name(name) || encoded.is_empty() {
            return Err(fault());
        }
        let octets = base64::decode(encoded, "a signature")?;
        match octets.split_first_chunk() {
            Some((id, octets)) if !octets.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, octets: octets.to_vec() })
            }
            _ => Err(fault()),
        }
    }

    /// Whether the line names this key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

impl fmt::Display for Signature {
    /// The line without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets: Vec<u8> = self.id.iter().chain(&self.octets).copied().collect();
        write!(f, "— {} {}", self.name, base64::encode(&octets))
    }
}

/// A text and its signature lines, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note that is about to be signed.
    ///
    /// # Errors
    ///
    /// E103 if the text does not end in a line feed or has another control character.
    pub fn new(text: impl Into<String>) -> Result<Self, Fault> {
        let text = text.into();
        if !text.ends_with('\n') {
            return Err(Fault::new(Code::E103, "the note's text does not end in a line feed"));
        }
        if let Some(control) = text.bytes().find(|octet| *octet < 0x20 && *octet != b'\n') {
            return Err(Fault::new(Code::E103, format!("control character {control:#04x} in the note")));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note that fills `octets`.
    ///
    /// # Errors
    ///
    /// E103 for what is no note, or one that is too large; E104 for base64 of a signature.
    pub fn parse(octets: &[u8]) -> Result<Self, Fault> {
        if octets.len() > MOST_OCTETS {
            let message = format!("a note of {} octets; there may be {MOST_OCTETS}", octets.len());
            return Err(Fault::new(Code::E103, message));
        }
        let note =
            std::str::from_utf8(octets).map_err(|_| Fault::new(Code::E103, "the note is not UTF-8"))?;
        // The last empty line separates: signature lines are never empty.
        let (text, lines) = note
            .rsplit_once("\n\n")
            .ok_or_else(|| Fault::new(Code::E103, "no empty line between text and signatures"))?;
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| Fault::new(Code::E103, "no line feed at the end of the note"))?;
        let mut note = Self::new(format!("{text}\n"))?;
        for line in lines.split('\n') {
            note.add(Signature::parse(line)?)?;
        }
        Ok(note)
    }

    /// Adds a signature line.
    ///
    /// # Errors
    ///
    /// E103 if there are too many.
    pub fn add(&mut self, signature: Signature) -> Result<(), Fault> {
        if self.signatures.len() >= MOST_SIGNATURES {
            return Err(Fault::new(Code::E103, format!("more than {MOST_SIGNATURES} signatures")));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The text that is signed, its last line feed included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "one\n\ntwo\n\n— example.org/log AAECA/8=\n— w BAUGBwg=\n";

    #[test]
    fn a_note_reads_and_writes() {
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.text(), "one\n\ntwo\n");
        assert_eq!(note.signatures().len(), 2);
        assert_eq!(
            note.signatures()[1],
            Signature { name: "w".to_owned(), id: [4, 5, 6, 7], octets: vec![8] }
        );
        assert_eq!(note.to_string(), NOTE);
    }

    #[test]
    fn what_is_no_note_is_e103() {
        for text in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n— w BAUGBwg=",
            "text\n— w BAUGBwg=\n",
            "text\n\n- w BAUGBwg=\n",
            "text\n\n— BAUGBwg=\n",
            "text\n\n—  BAUGBwg=\n",
            "text\n\n— w \n",
            "text\n\n— a+b BAUGBwg=\n",
            "text\n\n— w BAUGBw==\n",
            "te\txt\n\n— w BAUGBwg=\n",
            "text\r\n\n— w BAUGBwg=\n",
            "text\n\n— w BAUGBwg=\n\n",
        ] {
            assert_eq!(Note::parse(text.as_bytes()).unwrap_err().code, Code::E103, "{text:?}");
        }
        assert_eq!(Note::parse(b"\xff\n\n").unwrap_err().code, Code::E103);
        assert_eq!(Note::new("text").unwrap_err().code, Code::E103);
    }

    #[test]
    fn base64_in_another_form_is_e104() {
        for encoded in ["BAUGBwg", "BAUGBwh=", "BAUGBwg= ", "BAUG Bwg="] {
            let text = format!("text\n\n— w {encoded}\n");
            assert_eq!(Note::parse(text.as_bytes()).unwrap_err().code, Code::E104, "{encoded}");
        }
    }

    #[test]
    fn a_note_has_at_most_64_signatures_and_65536_octets() {
        let note = |count: usize| format!("text\n\n{}", "— w BAUGBwg=\n".repeat(count));
        assert!(Note::parse(note(64).as_bytes()).is_ok());
        assert_eq!(Note::parse(note(65).as_bytes()).unwrap_err().code, Code::E103);
        let long = |length: usize| format!("{}\n\n— w BAUGBwg=\n", "x".repeat(length - 17));
        assert_eq!(long(65_536).len(), 65_536);
        assert!(Note::parse(long(65_536).as_bytes()).is_ok());
        assert_eq!(Note::parse(long(65_537).as_bytes()).unwrap_err().code, Code::E103);
    }
}
