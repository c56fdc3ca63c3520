//! Deadlines as an iCalendar file: one event each, with alarms before it. RFC 5545.
//!
//! The same log gives the same octets: an event keeps its UID, so that a calendar that reads the file again changes what it
//! has and adds nothing twice.

use std::fmt::Write as _;

use super::deadlines::{Deadline, Deadlines};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// How many days before a deadline a calendar says so.
pub const ALARMS: [u32; 3] = [90, 30, 7];

/// The whole file.
pub fn calendar(deadlines: &Deadlines) -> String {
    let stamp = deadlines.closed.unwrap_or(Timestamp::MAX);
    let mut file = File(String::new());
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    file.line("PRODID:-//rootrite//due//EN");
    file.line("CALSCALE:GREGORIAN");
    for deadline in &deadlines.all {
        event(&mut file, &deadlines.origin, deadline, stamp);
    }
    file.line("END:VCALENDAR");
    file.0
}

fn event(file: &mut File, origin: &str, deadline: &Deadline, stamp: Timestamp) {
    let Deadline { at, about, of, what } = deadline;
    let identity = format!("{origin}\n{}\n{of}\n{at}", about.word());
    let identity: String = Digest::of(identity.as_bytes()).to_string().chars().take(32).collect();
    file.line("BEGIN:VEVENT");
    file.line(&format!("UID:{identity}@rootrite"));
    file.line(&format!("DTSTAMP:{}", time(stamp)));
    file.line(&format!("DTSTART:{}", time(*at)));
    file.line(&format!("SUMMARY:{}", text(what)));
    file.line(&format!("DESCRIPTION:{}", text(&format!("{}: {of}; log {origin}", about.word()))));
    file.line(&format!("CATEGORIES:{}", text(about.word())));
    file.line("TRANSP:TRANSPARENT");
    for days in ALARMS {
        file.line("BEGIN:VALARM");
        file.line("ACTION:DISPLAY");
        file.line(&format!("TRIGGER:-P{days}D"));
        file.line(&format!("DESCRIPTION:{}", text(&format!("in {days} days: {what}"))));
        file.line("END:VALARM");
    }
    file.line("END:VEVENT");
}

/// `20271030T235959Z`: RFC 5545 §3.3.5, form 2.
fn time(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}

/// Text, escaped: RFC 5545 §3.3.11.
fn text(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' => escaped.push_str("\\n"),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// Content lines: RFC 5545 §3.1.
struct File(String);

impl File {
    /// A line of at most 75 octets; a longer one goes on after a line break and a space.
    fn line(&mut self, line: &str) {
        let mut room = MOST_OCTETS;
        for character in line.chars() {
            if character.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = MOST_OCTETS - 1;
            }
            room -= character.len_utf8();
            // Writing to a string does not fail.
            let _ = write!(self.0, "{character}");
        }
        self.0.push_str("\r\n");
    }
}

const MOST_OCTETS: usize = 75;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::deadlines::About;
    use crate::intake::report::Report;

    fn calendar_of(of: &str, what: &str) -> String {
        let at = "2027-10-30T23:59:59Z".parse().unwrap();
        let deadline = Deadline { at, about: About::Crl, of: of.into(), what: what.into() };
        calendar(&Deadlines {
            report: Report::new(),
            origin: "example.org/log".into(),
            records: 3,
            closed: "2026-11-01T12:00:00Z".parse().ok(),
            all: vec![deadline],
        })
    }

    #[test]
    fn a_deadline_is_an_event_with_alarms() {
        let file = calendar_of("root-x1", "publish a newer CRL");
        for line in [
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
            "\r\nDTSTAMP:20261101T120000Z\r\nDTSTART:20271030T235959Z\r\n",
            "\r\nSUMMARY:publish a newer CRL\r\n",
            "\r\nTRIGGER:-P90D\r\n",
            "\r\nTRIGGER:-P7D\r\n",
            "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        ] {
            assert!(file.contains(line), "{line}\n{file}");
        }
        assert_eq!(file, calendar_of("root-x1", "publish a newer CRL"));
        assert_ne!(file, calendar_of("root-x2", "publish a newer CRL"));
    }

    #[test]
    fn what_means_something_is_escaped_and_long_lines_are_folded_between_characters() {
        let file = calendar_of("a", &format!("one; two, three\\{}\nend", "é".repeat(100)));
        assert!(file.contains("SUMMARY:one\\; two\\, three\\\\é"), "{file}");
        assert!(file.split("\r\n").all(|line| line.len() <= 75), "{file}");
        let unfolded = file.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("{}\\nend\r\n", "é".repeat(100))), "{unfolded}");
        assert!(!file.replace("\r\n", "").contains(['\r', '\n']));
    }
}
