//! What was found in a bundle, and what could not be judged.

use ceremony_log::code::{Code, Fault, Finding, Place};
use ceremony_log::json::forbidden;
use ceremony_log::verify::Findings;

/// Findings in the order in which they were made, and notes on what was not judged.
#[derive(Clone, Debug, Default)]
pub struct Report {
    findings: Findings,
    notes: Vec<String>,
    /// Whether what cannot be judged refuses: for those who import.
    strict: bool,
}

impl Report {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing found yet, and what cannot be judged will be a finding: for those who import.
    pub fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }

    /// Whether what cannot be judged refuses.
    pub const fn is_strict(&self) -> bool {
        self.strict
    }

    /// The same strictness, and nothing found yet.
    pub fn like(other: &Self) -> Self {
        Self { strict: other.strict, ..Self::default() }
    }

    /// Adds that something of a file could not be judged: a note, and a finding for those who import.
    pub fn unjudged(&mut self, code: Code, file: &str, message: impl Into<String>) {
        if self.strict {
            self.find(code, file, message);
        } else {
            self.note(format!("{file}: {}", message.into()));
        }
    }

    /// The findings that were kept: the format's reader keeps a bounded number.
    pub fn findings(&self) -> &[Finding] {
        &self.findings.list
    }

    /// How many more findings there were.
    pub const fn unreported(&self) -> u64 {
        self.findings.unreported
    }

    /// Whether a finding refuses.
    pub const fn refuses(&self) -> bool {
        self.findings.refuse()
    }

    /// What was not judged and why, and what the judgement rests on: sentences without a full stop.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a finding about a file of the bundle.
    pub fn find(&mut self, code: Code, file: &str, message: impl Into<String>) {
        self.push(Finding::new(code, Place::File(file.to_owned()), message));
    }

    /// Adds a finding about a record.
    pub fn find_record(&mut self, code: Code, seq: u64, message: impl Into<String>) {
        self.push(Finding::new(code, Place::Line(seq.saturating_add(1)), message));
    }

    /// Adds what the format's reader says of a file.
    pub fn fault(&mut self, fault: Fault, file: &str) {
        self.push(fault.at(Place::File(file.to_owned())));
    }

    /// Adds a finding. What it quotes cannot steer a screen.
    pub fn push(&mut self, finding: Finding) {
        let message =
            if finding.message.chars().any(forbidden) { plain(&finding.message) } else { finding.message };
        self.findings.push(Finding { message, ..finding });
    }

    /// Adds several.
    pub fn push_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Adds all of them.
    pub fn extend(&mut self, findings: Findings) {
        for finding in findings.list {
            self.push(finding);
        }
        self.findings.unreported += findings.unreported;
    }

    /// Adds another report.
    pub fn append(&mut self, other: Self) {
        self.extend(other.findings);
        other.notes.into_iter().for_each(|note| self.note(note));
    }

    /// Notes something that is not judged.
    pub fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(plain(&note.into()));
        }
    }
}

/// A text without controls and characters that are not seen or turn the writing around.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if forbidden(character) {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// How many notes are kept.
const MOST_NOTES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_cannot_steer_a_screen() {
        let mut report = Report::new();
        report.find(Code::E162, "x", "issuer `\u{1b}[2J\u{202e}é`");
        report.note("\u{7}");
        assert_eq!(report.findings()[0].message, "issuer `\\u{1b}[2J\\u{202e}é`");
        assert_eq!(report.notes(), ["\\u{7}"]);
    }
}
