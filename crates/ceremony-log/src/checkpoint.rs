//! Heads of a log (C2SP tlog-checkpoint): origin, size and root. No extension lines.

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::code::{Code, Fault};
use crate::key::is_name;
use crate::tree::Hash;

/// What a checkpoint says. Whether anybody signed it is [`crate::policy`]'s matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's origin: also the name of its key.
    pub origin: String,
    /// How many lines the log has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// The text that is signed, its last line feed included.
///
/// # Errors
///
/// E111 if the origin cannot be the name of a key.
pub fn checkpoint_text(origin: &str, size: u64, root: &Hash) -> Result<String, Fault> {
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root: *root }.to_string();
    Checkpoint::from_str(&checkpoint)?;
    Ok(checkpoint)
}

impl fmt::Display for Checkpoint {
    /// The text that is signed, its last line feed included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64::encode(self.root.octets()))
    }
}

impl FromStr for Checkpoint {
    type Err = Fault;

    /// Reads a note's text: E111 for the origin, E106 for the size, E104 for the root, E105 for more lines.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let origin = lines.next().unwrap_or_default();
        if !is_name(origin) {
            let message =
                format!("origin `{}`; origins have no white space and no `+`", origin.escape_debug());
            return Err(Fault::new(Code::E111, message));
        }
        let size = number(lines.next().unwrap_or_default())?;
        let root = hash(lines.next().unwrap_or_default(), "the root")?;
        if let Some(line) = lines.next() {
            return Err(Fault::new(Code::E105, format!("extension line `{}`", line.escape_debug())));
        }
        if !text.ends_with('\n') {
            return Err(Fault::new(Code::E103, "the checkpoint does not end in a line feed"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A size or index: decimal digits without leading zeros. E106.
pub(crate) fn number(text: &str) -> Result<u64, Fault> {
    let fault = || {
        Fault::new(Code::E106, format!("`{}`; sizes are decimal without leading zeros", text.escape_debug()))
    };
    if !text.bytes().all(|octet| octet.is_ascii_digit()) || (text.len() > 1 && text.starts_with('0')) {
        return Err(fault());
    }
    // Beyond 2^63 - 1 there is no log, and no proof of more than 63 hashes.
    text.parse().ok().filter(|size| i64::try_from(*size).is_ok()).ok_or_else(fault)
}

/// A hash in base64. E104.
pub(crate) fn hash(text: &str, what: &str) -> Result<Hash, Fault> {
    match <[u8; 32]>::try_from(base64::decode(text, what)?) {
        Ok(octets) => Ok(Hash::from_octets(octets)),
        Err(octets) => Err(Fault::new(Code::E104, format!("{what} has {} octets; wanted 32", octets.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn a_checkpoint_reads_and_writes() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint_text(&checkpoint.origin, checkpoint.size, &checkpoint.root).unwrap(), TEXT);
        assert_eq!(checkpoint_text("a b", 1, &checkpoint.root).unwrap_err().code, Code::E111);
    }

    #[test]
    fn each_part_has_its_code() {
        for (from, to, code) in [
            ("example.com/behind-the-sofa", "", Code::E111),
            ("example.com/behind-the-sofa", "behind the sofa", Code::E111),
            ("example.com/behind-the-sofa", "a+b", Code::E111),
            ("20852163", "020852163", Code::E106),
            ("20852163", "", Code::E106),
            ("20852163", "-1", Code::E106),
            ("20852163", "+1", Code::E106),
            ("20852163", "1 ", Code::E106),
            ("20852163", "9223372036854775808", Code::E106),
            ("20852163", "99999999999999999999", Code::E106),
            ("q2I=", "q2J=", Code::E104),
            ("q2I=", "q2I", Code::E104),
            ("CsUY", "", Code::E104),
            ("q2I=\n", "q2I=\nmore\n", Code::E105),
            ("q2I=\n", "q2I=\n\n", Code::E105),
            ("q2I=\n", "q2I=", Code::E103),
            ("\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "", Code::E104),
        ] {
            let bad = TEXT.replace(from, to);
            assert_eq!(bad.parse::<Checkpoint>().unwrap_err().code, code, "{to:?}");
        }
        assert!(TEXT.replace("20852163", "0").parse::<Checkpoint>().is_ok());
        assert!(TEXT.replace("20852163", "9223372036854775807").parse::<Checkpoint>().is_ok());
    }
}
