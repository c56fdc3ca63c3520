//! The annex: words that only the auditor gets, each in one salted line whose digest is in the log.

use ceremony_log::code::Fault;
use ceremony_log::json::{Limits, Object, Value};

use crate::digest::Digest;

/// One line of the annex, without its line feed.
///
/// # Errors
///
/// A [`Fault`] if the words have characters that no log takes.
pub fn line(ceremony: &str, item: &str, text: &str, salt: &str) -> Result<String, Fault> {
    let object = Object::new()
        .with("cer", ceremony)
        .with("item", item)
        .with("salt", salt)
        .with("text", text)
        .with("v", 1_i64);
    Value::Object(object).to_checked(&Limits::RECORD)
}

/// The words of the line with this digest; nothing if none of the lines has it.
pub fn text(annex: &[u8], digest: Digest) -> Option<String> {
    let line = annex.split(|octet| *octet == b'\n').find(|line| Digest::of(line) == digest)?;
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    value.get("text")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_canonical_and_salted() {
        let line = line("c", "video", "tape 7", "00ff").unwrap();
        assert_eq!(line, r#"{"cer":"c","item":"video","salt":"00ff","text":"tape 7","v":1}"#);
    }

    #[test]
    fn a_line_is_found_by_its_digest_and_by_no_other() {
        let [one, two] = ["00", "01"].map(|salt| line("c", "bag", "A 17", salt).unwrap());
        let annex = format!("{one}\n{two}\n");
        assert_eq!(text(annex.as_bytes(), Digest::of(two.as_bytes())).as_deref(), Some("A 17"));
        assert_eq!(text(annex.as_bytes(), Digest::of(b"A 17")), None);
        assert_eq!(text(annex.replace("A 17", "A 18").as_bytes(), Digest::of(two.as_bytes())), None);
    }

    #[test]
    fn what_cannot_be_read_aloud_is_refused() {
        assert!(line_of("a\u{202e}b").is_err());
        assert!(line_of("a\nb").is_err());
    }

    fn line_of(text: &str) -> Result<String, Fault> {
        line("c", "i", text, "00")
    }
}
