//! Entries in any order become a list in ascending order, and none of them is there twice.
//!
//! Runs of bounded length are sorted in memory, written one after the other to a scratch file, and merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use thiserror::Error;

use super::record::{OCTETS, Record};
use super::scratch::{self, Reader};
use super::{RevokedList, RevokedParts, Storage, Tally};
use crate::pki::serial::SerialNumber;
use crate::progress::{Counter, Work};

/// Takes entries in any order.
#[derive(Debug)]
pub struct Sorter {
    run: Vec<Record>,
    longest_run: usize,
    spilled: Option<BufWriter<File>>,
    runs: Vec<u64>,
    /// Makes scratch files: tests have others.
    scratch: fn() -> io::Result<File>,
    read: Counter,
}

/// One serial number that is there twice, and the lines of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The serial number.
    pub serial: SerialNumber,
    /// Where it is first.
    pub first: u64,
    /// Where it is again.
    pub line: u64,
}

/// Why entries do not become a list.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SortError {
    /// A scratch file could not be made, written or read.
    #[error("the entries could not be sorted: {0}")]
    Storage(#[from] io::Error),
    /// Serial numbers are there twice; the first of them.
    #[error("{} serial numbers are there twice", .0.len())]
    Repeated(Vec<Repeated>),
}

impl Default for Sorter {
    fn default() -> Self {
        Self::new()
    }
}

impl Sorter {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::holding(LONGEST_RUN)
    }

    /// Nothing yet, and never more than so many entries in memory.
    pub(super) fn holding(longest_run: usize) -> Self {
        let read = Counter::new(Work::EntriesRead, None);
        Self { run: Vec::new(), longest_run, spilled: None, runs: Vec::new(), scratch: scratch::file, read }
    }

    /// Takes an entry, and the line that it came from.
    ///
    /// # Errors
    ///
    /// The system's, if a scratch file cannot be written.
    pub fn push(&mut self, entry: &RevokedParts, line: u64) -> io::Result<()> {
        if self.run.len() == self.longest_run {
            self.spill()?;
        }
        self.run.push(Record::new(entry, line));
        self.read.step();
        Ok(())
    }

    /// Sorts them all.
    ///
    /// # Errors
    ///
    /// [`SortError::Repeated`] with the first serial numbers that are there twice; [`SortError::Storage`] if a scratch
    /// file cannot be written or read.
    pub fn finish(mut self) -> Result<RevokedList, SortError> {
        let Some(mut spilled) = self.spilled.take() else {
            self.run.sort_unstable();
            let mut run = std::mem::take(&mut self.run).into_iter();
            return if run.len() <= FEW.min(self.longest_run) {
                in_memory(run)
            } else {
                in_file((self.scratch)()?, run.len() as u64, || Ok(run.next()))
            };
        };
        self.spill_to(&mut spilled)?;
        self.run = Vec::new();
        let file = spilled.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut merge = Merge::of(&self.runs, file)?;
        in_file((self.scratch)()?, self.runs.iter().sum(), || merge.next())
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut spilled = match self.spilled.take() {
            Some(spilled) => spilled,
            None => BufWriter::with_capacity(BUFFER, (self.scratch)()?),
        };
        self.spill_to(&mut spilled)?;
        self.spilled = Some(spilled);
        Ok(())
    }

    fn spill_to(&mut self, file: &mut BufWriter<File>) -> io::Result<()> {
        self.run.sort_unstable();
        self.runs.push(self.run.len() as u64);
        for record in self.run.drain(..) {
            file.write_all(&record.octets()).map_err(|error| full(&error))?;
        }
        file.flush().map_err(|error| full(&error))
    }
}

/// What the system said about a scratch file that it did not take octets into.
fn full(error: &io::Error) -> io::Error {
    scratch::in_folder(&std::env::temp_dir(), error)
}

/// A few entries, sorted: no file is made for them.
fn in_memory(records: impl Iterator<Item = Record>) -> Result<RevokedList, SortError> {
    let mut once = Once::default();
    let mut entries = Vec::new();
    for record in records {
        once.look(record);
        entries.push(record.parts().ok_or_else(super::damaged)?);
    }
    once.verdict()?;
    Ok(RevokedList::of(entries))
}

/// Writes sorted records to a file that the list will read them from.
fn in_file(
    file: File,
    count: u64,
    mut next: impl FnMut() -> io::Result<Option<Record>>,
) -> Result<RevokedList, SortError> {
    let mut once = Once::default();
    let mut tally = Tally::default();
    let mut sorted = Counter::new(Work::EntriesSorted, Some(count));
    let mut file = BufWriter::with_capacity(BUFFER, file);
    while let Some(record) = next()? {
        once.look(record);
        tally.enter(&record.parts().ok_or_else(super::damaged)?);
        file.write_all(&record.octets()).map_err(|error| full(&error))?;
        sorted.step();
    }
    once.verdict()?;
    file.flush().map_err(|error| full(&error))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(tally.list(Storage::Many(file)))
}

/// Sees what stands beside itself.
#[derive(Debug, Default)]
struct Once {
    last: Option<Record>,
    repeated: Vec<Repeated>,
}

impl Once {
    fn look(&mut self, record: Record) {
        if let Some(last) = self.last.filter(|last| last.is_of(record) && self.repeated.len() < MOST_REPEATED)
            && let Some(parts) = record.parts()
        {
            let (first, line) = (last.line().min(record.line()), last.line().max(record.line()));
            self.repeated.push(Repeated { serial: parts.serial, first, line });
        }
        self.last = Some(record);
    }

    fn verdict(mut self) -> Result<(), SortError> {
        if self.repeated.is_empty() {
            return Ok(());
        }
        self.repeated.sort_by_key(|one| one.line);
        Err(SortError::Repeated(self.repeated))
    }
}

/// Reads sorted runs as one.
struct Merge {
    file: File,
    runs: Vec<Reader>,
    front: BinaryHeap<Reverse<(Record, usize)>>,
}

impl Merge {
    fn of(lengths: &[u64], file: File) -> io::Result<Self> {
        // All runs together have as much in memory as one run had.
        let buffer = (LONGEST_RUN * OCTETS / lengths.len().max(1)).clamp(1 << 12, BUFFER);
        let mut begin = 0;
        let mut runs = Vec::new();
        let mut front = BinaryHeap::new();
        for (index, length) in lengths.iter().enumerate() {
            let length = length * OCTETS as u64;
            let mut run = Reader::new(begin, length, buffer);
            begin += length;
            if let Some(record) = run.record(&file)? {
                front.push(Reverse((record, index)));
            }
            runs.push(run);
        }
        Ok(Self { file, runs, front })
    }

    fn next(&mut self) -> io::Result<Option<Record>> {
        let Some(mut least) = self.front.peek_mut() else { return Ok(None) };
        let Reverse((record, index)) = *least;
        let run = self.runs.get_mut(index).ok_or_else(super::damaged)?;
        match run.record(&self.file)? {
            Some(next) => *least = Reverse((next, index)),
            None => drop(PeekMut::pop(least)),
        }
        Ok(Some(record))
    }
}

/// How many entries are sorted in memory at a time: 8 MiB of them.
const LONGEST_RUN: usize = 1 << 18;
/// How many entries stay in memory.
pub(super) const FEW: usize = 1 << 12;
/// How many serial numbers that are there twice are told.
const MOST_REPEATED: usize = 20;
/// How much is written at a time.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    /// Every entry from 0 on, in an order without a pattern.
    fn shuffled(count: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..count).collect();
        numbers.sort_by_key(|number| number.wrapping_mul(0x9e37_79b9).rotate_left(11));
        numbers
    }

    fn sorted(numbers: &[u32], longest_run: usize) -> Result<RevokedList, SortError> {
        let mut sorter = Sorter::holding(longest_run);
        for (line, number) in numbers.iter().enumerate() {
            sorter.push(&entry(*number), line as u64 + 2)?;
        }
        sorter.finish()
    }

    #[test]
    fn entries_are_in_ascending_order_whatever_fits_into_memory() {
        let wanted: Vec<_> = (0..1000).map(entry).collect();
        for longest_run in [1, 7, 999, 1000, 1001, LONGEST_RUN] {
            let list = sorted(&shuffled(1000), longest_run).unwrap();
            assert_eq!(list.entries().map(Result::unwrap).collect::<Vec<_>>(), wanted, "{longest_run}");
        }
    }

    #[test]
    fn a_serial_number_that_is_there_twice_is_found_across_runs() {
        let mut numbers = shuffled(1000);
        let again = numbers[3];
        numbers.push(again);
        for longest_run in [1, 10, 1000, 1001, LONGEST_RUN] {
            let Err(SortError::Repeated(repeated)) = sorted(&numbers, longest_run) else {
                panic!("{longest_run}")
            };
            assert_eq!(repeated, [Repeated { serial: entry(again).serial, first: 5, line: 1002 }]);
        }
    }

    #[test]
    fn of_many_that_are_there_twice_some_are_told() {
        let numbers: Vec<u32> = shuffled(500).into_iter().chain(shuffled(500)).collect();
        let Err(SortError::Repeated(repeated)) = sorted(&numbers, 100) else { panic!() };
        assert_eq!(repeated.len(), MOST_REPEATED);
        assert!(
            repeated.is_sorted_by_key(|one| one.line)
                && repeated.iter().all(|one| one.line - one.first == 500)
        );
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_a_shorter_list() {
        let full = || std::fs::OpenOptions::new().read(true).write(true).open("/dev/full");
        for longest_run in [10, LONGEST_RUN] {
            let mut sorter = Sorter { scratch: full, ..Sorter::holding(longest_run) };
            let pushed = (0..5000).try_for_each(|number| sorter.push(&entry(number), 2));
            let error = match pushed {
                Ok(()) => match sorter.finish() {
                    Err(SortError::Storage(error)) => error,
                    other => panic!("{other:?}"),
                },
                Err(error) => error,
            };
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
            assert!(error.to_string().contains("a scratch file in `"), "{error}");
        }
    }
}
