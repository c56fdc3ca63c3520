//! What a CRL lists, in its order: a few in memory, millions in a file that has no name.
//!
//! The rules of this file and those below it:
//! - Memory does not grow with the list. What does not fit waits in scratch files that have no name: nobody opens them
//!   by mistake, and after a power failure nothing of them is left.
//! - A list is complete, counted and digested before anybody sees it, and never changes.
//! - Sorted by serial number, so that a serial number that is there twice stands beside itself.

mod digest;
mod record;
mod scratch;
mod sort;

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::sync::Arc;

pub use digest::EntriesDigest;
pub use sort::{Repeated, SortError, Sorter};

use self::record::{OCTETS, Record};
use self::scratch::Reader;
use super::build::entry_octets;
use super::reason::Reason;
use super::serial::SerialNumber;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedParts {
    /// Its serial number.
    pub serial: SerialNumber,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why. `Unspecified` leaves the reason code out, as RFC 5280 §5.3.1 wants.
    pub reason: Reason,
}

impl RevokedParts {
    /// What the CRL says of the reason: unspecified is left out (RFC 5280 §5.3.1).
    pub fn code(&self) -> Option<u8> {
        Some(self.reason).filter(|reason| *reason != Reason::Unspecified).map(Reason::code)
    }
}

/// What a CRL lists, in its order.
#[derive(Clone, Debug)]
pub struct RevokedList(Arc<Whole>);

#[derive(Debug)]
struct Whole {
    entries: Storage,
    count: u64,
    sha256: Digest,
    der_octets: u64,
}

#[derive(Debug)]
enum Storage {
    Few(Vec<RevokedParts>),
    /// Records, one after the other.
    Many(File),
}

impl RevokedList {
    /// Nothing is revoked.
    pub fn none() -> Self {
        Self::of(Vec::new())
    }

    /// These, in this order.
    pub fn of(entries: Vec<RevokedParts>) -> Self {
        let mut tally = Tally::default();
        for entry in &entries {
            tally.enter(entry);
        }
        tally.list(Storage::Few(entries))
    }

    /// These, in this order if they are few, and else in ascending order.
    ///
    /// # Errors
    ///
    /// [`SortError`] if there are many, and a serial number is there twice or a scratch file cannot be written.
    pub fn of_many(entries: Vec<RevokedParts>) -> Result<Self, SortError> {
        if entries.len() <= sort::FEW {
            return Ok(Self::of(entries));
        }
        let mut sorter = Sorter::new();
        for (place, entry) in (1..).zip(entries) {
            sorter.push(&entry, place)?;
        }
        sorter.finish()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.count
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.0.count == 0
    }

    /// The digest of their text, as the log has it: a line each, serial number in hex, time, reason or `absent`.
    pub fn sha256(&self) -> Digest {
        self.0.sha256
    }

    /// How many octets their entries have in a CRL, one after the other.
    pub fn der_octets(&self) -> u64 {
        self.0.der_octets
    }

    /// The entries in their order, read anew.
    pub fn entries(&self) -> Entries {
        let source = match &self.0.entries {
            Storage::Few(_) => None,
            Storage::Many(_) => Some(Reader::new(0, self.0.count * OCTETS as u64, BUFFER)),
        };
        Entries { list: Arc::clone(&self.0), next: 0, source }
    }

    /// The entry of a serial number, without going through all of them where there are many.
    ///
    /// # Errors
    ///
    /// The system's, if the scratch file cannot be read.
    pub fn find(&self, serial: &SerialNumber) -> io::Result<Option<RevokedParts>> {
        let file = match &self.0.entries {
            Storage::Few(entries) => {
                return Ok(entries.iter().find(|entry| entry.serial == *serial).cloned());
            }
            Storage::Many(file) => file,
        };
        // In ascending order: halved until nothing is left.
        let (mut from, mut to) = (0, self.0.count);
        while from < to {
            let middle = from + (to - from) / 2;
            let entry = record_at(file, middle)?.ok_or_else(damaged)?;
            match entry.serial.cmp(serial) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Ok(Some(entry)),
                Ordering::Greater => to = middle,
            }
        }
        Ok(None)
    }

    /// The last entry.
    ///
    /// # Errors
    ///
    /// The system's, if the scratch file cannot be read.
    pub fn last(&self) -> io::Result<Option<RevokedParts>> {
        match &self.0.entries {
            Storage::Few(entries) => Ok(entries.last().cloned()),
            Storage::Many(file) => record_at(file, self.0.count - 1),
        }
    }
}

/// Counts, digests and measures entries as they come.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    digest: EntriesDigest,
    der_octets: u64,
}

impl Tally {
    fn enter(&mut self, entry: &RevokedParts) {
        self.count += 1;
        self.der_octets += entry_octets(entry);
        self.digest.enter(entry.serial.der_content(), entry.revoked_at, entry.code());
    }

    fn list(self, entries: Storage) -> RevokedList {
        let Self { count, digest, der_octets } = self;
        RevokedList(Arc::new(Whole { entries, count, sha256: digest.finish(), der_octets }))
    }
}

/// The entries of a list, one after another.
#[derive(Debug)]
pub struct Entries {
    list: Arc<Whole>,
    next: usize,
    source: Option<Reader>,
}

impl Iterator for Entries {
    type Item = io::Result<RevokedParts>;

    fn next(&mut self) -> Option<Self::Item> {
        match (&self.list.entries, &mut self.source) {
            (Storage::Few(entries), _) => {
                let entry = entries.get(self.next)?;
                self.next += 1;
                Some(Ok(entry.clone()))
            }
            (Storage::Many(file), Some(source)) => match source.record(file) {
                Ok(record) => record.map(|record: Record| record.parts().ok_or_else(damaged)),
                Err(error) => Some(Err(error)),
            },
            (Storage::Many(_), None) => None,
        }
    }
}

/// The entry at a place in a file, counted from 0.
fn record_at(file: &File, place: u64) -> io::Result<Option<RevokedParts>> {
    let octets = OCTETS as u64;
    let record = Reader::new(place * octets, octets, OCTETS).record(file)?;
    record.map(|record| record.parts().ok_or_else(damaged)).transpose()
}

/// What came back from a scratch file is not what went there.
fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a scratch file does not hold what was written to it")
}

/// How much is read at a time.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(number: u32) -> RevokedParts {
        RevokedParts {
            serial: SerialNumber::from_hex(&format!("01{number:08x}")).unwrap(),
            revoked_at: Timestamp::from_seconds(u64::from(number) + 1).unwrap(),
            reason: Reason::ALL[number as usize % 10],
        }
    }

    #[test]
    fn a_list_in_memory_and_one_in_a_file_are_alike() {
        let all: Vec<_> = (0..5000).map(entry).collect();
        let few = RevokedList::of(all.clone());
        let mut sorter = Sorter::holding(100);
        for (line, one) in all.iter().rev().enumerate() {
            sorter.push(one, line as u64 + 2).unwrap();
        }
        let many = sorter.finish().unwrap();
        assert!(matches!(many.0.entries, Storage::Many(_)));
        for list in [&few, &many] {
            assert_eq!(list.count(), 5000);
            assert_eq!(list.entries().map(Result::unwrap).collect::<Vec<_>>(), all);
            assert_eq!(list.last().unwrap().unwrap(), all[4999]);
            for one in [0, 1, 2499, 2500, 4998, 4999] {
                assert_eq!(list.find(&all[one].serial).unwrap().as_ref(), Some(&all[one]));
            }
            for none in ["01", "0100000000000000", "020000000000"] {
                assert_eq!(list.find(&SerialNumber::from_hex(none).unwrap()).unwrap(), None);
            }
        }
        assert_eq!((few.sha256(), few.der_octets()), (many.sha256(), many.der_octets()));
    }

    #[test]
    fn nothing_is_a_list_too() {
        let none = RevokedList::none();
        assert!(none.is_empty() && none.last().unwrap().is_none() && none.entries().next().is_none());
        assert_eq!(none.sha256(), Digest::of(b""));
        assert_eq!(Sorter::new().finish().unwrap().sha256(), none.sha256());
    }
}
