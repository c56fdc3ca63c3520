//! Octets that are made while they are read: of a CRL the head, the entries, the rest; of all else the whole.

use std::io::{self, Read};

use super::crl::EntryWriter;
use crate::digest::Digest;
use crate::pki::revoked::{Entries, RevokedList};
use crate::progress::{Counter, Work};

/// Octets of known length that need not be in memory.
#[derive(Clone, Debug)]
pub struct Streamed {
    head: Vec<u8>,
    list: RevokedList,
    tail: Vec<u8>,
}

impl From<Vec<u8>> for Streamed {
    fn from(octets: Vec<u8>) -> Self {
        Self::new(octets, RevokedList::none(), Vec::new())
    }
}

impl Streamed {
    /// `head`, the entries of a list, `tail`.
    pub(super) const fn new(head: Vec<u8>, list: RevokedList, tail: Vec<u8>) -> Self {
        Self { head, list, tail }
    }

    /// How many octets there are.
    #[expect(clippy::len_without_is_empty, reason = "no structure is empty")]
    pub fn len(&self) -> usize {
        let entries = usize::try_from(self.list.der_octets()).unwrap_or(usize::MAX);
        self.head.len() + entries + self.tail.len()
    }

    /// The octets, if they are in memory: all but those of a CRL with entries.
    pub fn in_memory(&self) -> Option<&[u8]> {
        (self.list.is_empty() && self.tail.is_empty()).then_some(&self.head)
    }

    /// The list whose entries are between head and tail.
    pub const fn list(&self) -> &RevokedList {
        &self.list
    }

    /// The octets before the entries, and those after them.
    pub fn around(&self) -> (&[u8], &[u8]) {
        (&self.head, &self.tail)
    }

    /// The same between others.
    #[must_use]
    pub(super) fn enclosed(&self, before: &[u8], after: &[u8]) -> Self {
        let head = [before, &self.head].concat();
        if self.in_memory().is_some() {
            return [&head, after].concat().into();
        }
        Self::new(head, self.list.clone(), [&self.tail, after].concat())
    }

    /// Reads the octets from the first to the last.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            of: self,
            entries: self.list.entries(),
            writer: EntryWriter::new(),
            stage: Stage::Head,
            buffer: Vec::new(),
            at: 0,
            counter: None,
        }
    }

    /// The same; the entries are counted as they are made.
    pub fn counted(&self, work: Work) -> Reader<'_> {
        let counter = Some(Counter::new(work, Some(self.list.count())));
        Reader { counter, ..self.reader() }
    }

    /// SHA-256 of the octets.
    ///
    /// # Errors
    ///
    /// The system's, if the list cannot be read.
    pub fn sha256(&self) -> io::Result<Digest> {
        Digest::of_reader(&mut self.reader())
    }

    /// All octets in memory: for what is known to be small, and for tests.
    ///
    /// # Errors
    ///
    /// The system's, if the list cannot be read.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut octets = Vec::with_capacity(self.len());
        self.reader().read_to_end(&mut octets)?;
        Ok(octets)
    }
}

/// Reads octets that are made on the way.
#[derive(Debug)]
pub struct Reader<'s> {
    of: &'s Streamed,
    entries: Entries,
    writer: EntryWriter,
    stage: Stage,
    buffer: Vec<u8>,
    at: usize,
    counter: Option<Counter>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Head,
    Entries,
    End,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            self.fill()?;
        }
        let count = self.buffer.get(self.at..).unwrap_or_default().read(into)?;
        self.at += count;
        Ok(count)
    }
}

impl Reader<'_> {
    fn fill(&mut self) -> io::Result<()> {
        if let Stage::Head = self.stage {
            self.buffer.extend_from_slice(&self.of.head);
            self.stage = Stage::Entries;
        }
        while let Stage::Entries = self.stage
            && self.buffer.len() < ENOUGH
        {
            if let Some(entry) = self.entries.next() {
                self.writer.write(&entry?, &mut self.buffer);
                if let Some(counter) = &mut self.counter {
                    counter.step();
                }
            } else {
                self.buffer.extend_from_slice(&self.of.tail);
                self.stage = Stage::End;
            }
        }
        Ok(())
    }
}

/// How many octets are made at a time.
const ENOUGH: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::reason::Reason;
    use crate::pki::revoked::RevokedParts;
    use crate::pki::serial::SerialNumber;

    #[test]
    fn as_many_octets_are_read_as_there_are_said_to_be() {
        let entry = |number: u32| RevokedParts {
            serial: SerialNumber::from_hex(&format!("01{number:08x}")).unwrap(),
            revoked_at: "2026-10-31T12:00:00Z".parse().unwrap(),
            reason: Reason::Superseded,
        };
        for count in [0, 1, 5000] {
            let list = RevokedList::of((0..count).map(entry).collect());
            let streamed = Streamed::new(vec![7; 3], list, vec![8; 2]).enclosed(&[6], &[9]);
            let octets = streamed.to_vec().unwrap();
            assert_eq!(octets.len(), streamed.len());
            assert!(octets.starts_with(&[6, 7, 7, 7]) && octets.ends_with(&[8, 8, 9]), "{count}");
            assert_eq!(streamed.sha256().unwrap(), Digest::of(&octets));
        }
        let whole = Streamed::from(vec![1, 2]);
        assert_eq!(whole.enclosed(&[0], &[3]).in_memory(), Some(&[0, 1, 2, 3][..]));
    }
}
