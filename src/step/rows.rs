//! The rows of a CSV file with the columns `serial,revoked-at,reason`, in any order, as the list of a CRL.
//!
//! The rules of this file:
//! - The file is read once, row by row: neither its size nor the length of a line becomes memory.
//! - Everything that is wrong is said with its line, up to a number at which it is the wrong file.

use std::io::{self, Read};

use thiserror::Error;

use crate::clock::Timestamp;
use crate::pki::SerialNumber;
use crate::pki::reason::Reason;
use crate::pki::revoked::{RevokedList, RevokedParts, SortError, Sorter};
use crate::script::{listed, shown};

/// Why the rows of a file are no list.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The file cannot be read, or a scratch file be written.
    #[error("{0}")]
    Storage(#[from] io::Error),
    /// Wrong rows: line and what is wrong with it.
    #[error("line {}: {}", .0.first().map_or(0, |(line, _)| *line), .0.first().map_or("", |(_, what)| what.as_str()))]
    Wrong(Vec<(u64, String)>),
}

/// Reads every row.
///
/// # Errors
///
/// [`RowsError`]: everything that is wrong with them, or what the system said.
pub fn read(source: &mut dyn Read) -> Result<RevokedList, RowsError> {
    let mut rows = Rows { sorter: Sorter::new(), wrong: Vec::new(), line: 0, last: None };
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let missing = BUFFER - buffer.len();
        let count = source.take(missing as u64).read_to_end(&mut buffer)?;
        let ended = count < missing;
        let mut rest = buffer.as_slice();
        while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            rows.line(line)?;
            if rows.wrong.len() >= MOST_WRONG {
                return Err(RowsError::Wrong(rows.wrong));
            }
        }
        if ended && !rest.is_empty() {
            rows.line(rest)?;
        }
        let endless = !ended && rest.len() > LONGEST_LINE;
        if endless {
            rows.line += 1;
            rows.wrong(format!("it has more than {LONGEST_LINE} characters"));
        }
        if ended || endless {
            return rows.end();
        }
        let read = buffer.len() - rest.len();
        buffer.drain(..read);
    }
}

struct Rows {
    sorter: Sorter,
    wrong: Vec<(u64, String)>,
    line: u64,
    /// Many rows end alike: what stands after the serial number is read once.
    last: Option<(Vec<u8>, Timestamp, Reason)>,
}

impl Rows {
    fn line(&mut self, text: &[u8]) -> io::Result<()> {
        self.line += 1;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if self.line == 1 {
            if text != HEADER.as_bytes() {
                self.wrong(format!("found `{}`, wanted `{HEADER}`", said(text)));
                // Without its first line nothing says what the others mean.
                return Ok(());
            }
        } else if self.line > 1 && self.wrong.first().is_none_or(|(line, _)| *line > 1) {
            match self.row(text) {
                // Once something is wrong there will be no list.
                Ok(row) if self.wrong.is_empty() => self.sorter.push(&row, self.line)?,
                Ok(_) => {}
                Err(what) => self.wrong(what),
            }
        }
        Ok(())
    }

    fn row(&mut self, text: &[u8]) -> Result<RevokedParts, String> {
        let comma = text.iter().position(|octet| *octet == b',');
        let (serial, rest) = comma.map_or((text, &[][..]), |comma| text.split_at(comma));
        if let Some((last, revoked_at, reason)) = &self.last
            && last == rest
        {
            let serial = SerialNumber::from_hex_octets(serial).map_err(|error| error.to_string())?;
            return Ok(RevokedParts { serial, revoked_at: *revoked_at, reason: *reason });
        }
        let cells: Vec<&[u8]> = text.split(|octet| *octet == b',').take(MOST_CELLS).collect();
        let [serial, at, why] = cells.as_slice() else {
            return Err(format!("found {} columns, wanted 3: {HEADER}", cells.len()));
        };
        let serial = SerialNumber::from_hex_octets(serial).map_err(|error| error.to_string())?;
        let revoked_at = said(at).parse::<Timestamp>().map_err(|error| error.to_string())?;
        let reason = reason(&said(why))?;
        self.last = Some((rest.to_vec(), revoked_at, reason));
        Ok(RevokedParts { serial, revoked_at, reason })
    }

    fn wrong(&mut self, what: String) {
        self.wrong.push((self.line.max(1), what));
    }

    fn end(mut self) -> Result<RevokedList, RowsError> {
        if self.line == 0 {
            self.wrong(format!("the file is empty; wanted `{HEADER}`"));
        }
        if !self.wrong.is_empty() {
            return Err(RowsError::Wrong(self.wrong));
        }
        self.sorter.finish().map_err(|error| match error {
            SortError::Repeated(repeated) => {
                let said = |one: crate::pki::revoked::Repeated| {
                    (one.line, format!("serial number {} stands in line {} already", one.serial, one.first))
                };
                RowsError::Wrong(repeated.into_iter().map(said).collect())
            }
            SortError::Storage(error) => RowsError::Storage(error),
        })
    }
}

/// Octets of a file as a message may say them: no controls, not too long.
fn said(octets: &[u8]) -> String {
    let octets = octets.get(..octets.len().min(LONGEST_SAID)).unwrap_or_default();
    shown(&String::from_utf8_lossy(octets))
}

/// The reason that a script or a file names.
///
/// # Errors
///
/// What there is instead.
pub fn reason(name: &str) -> Result<Reason, String> {
    let known = Reason::ALL.iter().find(|reason| reason.name() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        format!("there is no reason `{}`; there are {}", shown(name), listed(&names))
    })
}

const HEADER: &str = "serial,revoked-at,reason";
/// After so many wrong rows the file is the wrong file.
const MOST_WRONG: usize = 20;
/// More columns are not counted.
const MOST_CELLS: usize = 100;
/// No row that means something is nearly as long.
const LONGEST_LINE: usize = 1 << 12;
/// How much of a cell a message repeats.
const LONGEST_SAID: usize = 100;
/// How much is read at a time.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &[u8]) -> Vec<(u64, String)> {
        match read(&mut &*text) {
            Err(RowsError::Wrong(wrong)) => wrong,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_come_in_any_order_and_each_serial_once() {
        let good = "serial,revoked-at,reason\n0a,2026-10-31T12:00:00Z,superseded\r\n01,2026-10-30T12:00:00Z,key-compromise";
        let list = read(&mut good.as_bytes()).unwrap();
        let serials: Vec<_> = list.entries().map(|entry| entry.unwrap().serial.to_string()).collect();
        assert_eq!(serials, ["01", "0a"]);
        let twice = format!("{good}\n0a,2026-10-31T12:00:00Z,superseded\n");
        assert_eq!(wrong(twice.as_bytes()), [(4, "serial number 0a stands in line 2 already".to_owned())]);
        assert!(read(&mut &b"serial,revoked-at,reason\n"[..]).unwrap().is_empty());
    }

    #[test]
    fn every_wrong_row_is_said_with_its_line() {
        let bad = "serial,revoked-at,reason\nzz,2026-10-31T12:00:00Z,superseded\n01,yesterday,superseded\n02,2026-10-31T12:00:00Z,because\n03\n\n04,2026-10-31T12:00:00Z,superseded,x\n\u{1b}[2J,2026-10-31T12:00:00Z,superseded";
        let wrong_rows = wrong(bad.as_bytes());
        assert_eq!(wrong_rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        assert!(wrong_rows.iter().all(|(_, what)| what.chars().all(|one| !one.is_control())));
        for (text, what) in [
            (
                &b"serial,reason\n0a,2026-10-31T12:00:00Z,superseded\n"[..],
                "wanted `serial,revoked-at,reason`",
            ),
            (b"", "the file is empty"),
            (b"\xff\xfe\n", "wanted `serial,revoked-at,reason`"),
            (b"serial,revoked-at,reason\n0a,2026-10-31T12:00:00Z,\xff\n", "there is no reason"),
        ] {
            let wrong = wrong(text);
            assert!(wrong.len() == 1 && wrong[0].1.contains(what), "{wrong:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_no_memory() {
        let header = b"serial,revoked-at,reason\n".to_vec();
        let mut endless = header.as_slice().chain(io::repeat(b'a'));
        let Err(RowsError::Wrong(wrong)) = read(&mut endless) else { panic!() };
        assert_eq!(wrong, [(2, "it has more than 4096 characters".to_owned())]);
        let twenty = [header, b"x\n".repeat(1000)].concat();
        assert_eq!(self::wrong(&twenty).len(), MOST_WRONG);
    }

    #[test]
    fn rows_across_the_ends_of_buffers_are_read() {
        use std::fmt::Write as _;
        let mut text = String::from("serial,revoked-at,reason\n");
        for number in 0..5000 {
            let _ = writeln!(text, "01{number:010x},2026-10-31T12:00:{:02}Z,superseded", number % 60);
        }
        let list = read(&mut text.as_bytes()).unwrap();
        assert_eq!(list.count(), 5000);
        for (number, entry) in (0..).zip(list.entries()) {
            let entry = entry.unwrap();
            assert_eq!(entry.serial.to_string(), format!("01{number:010x}"));
            assert_eq!(entry.revoked_at.seconds() % 60, number % 60);
        }
    }
}
