//! How far long work is: counted where it is done, read by whoever talks to people.
//!
//! The rules of this file:
//! - To count costs an addition; once in a thousand, a number is stored. Whoever counts waits for nobody.
//! - Nothing is decided by what is counted here: it is for people who wait.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Entries of a CRL, as they are read from the author's file or from an earlier CRL.
    EntriesRead,
    /// The same, as they are put in order.
    EntriesSorted,
    /// Entries of a CRL that rules judge and that are compared with the plan.
    EntriesJudged,
    /// Entries of a CRL, as they are written to the disk.
    EntriesWritten,
    /// Entries of a CRL that are parsed again from the disk and compared with the plan.
    EntriesReadBack,
    /// CRLs of a series that rules judge.
    ListsJudged,
    /// CRLs of a series.
    ListsSigned,
    /// OCSP responses that rules judge.
    ResponsesJudged,
    /// OCSP responses.
    ResponsesSigned,
    /// Octets on their way to a medium.
    MediumWritten,
    /// Octets that are read back from a medium.
    MediumReadBack,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::EntriesRead => "CRL entries read",
            Self::EntriesSorted => "CRL entries put in order",
            Self::EntriesJudged => "CRL entries judged",
            Self::EntriesWritten => "CRL entries written",
            Self::EntriesReadBack => "CRL entries read back and compared",
            Self::ListsJudged => "CRLs judged",
            Self::ListsSigned => "CRLs signed",
            Self::ResponsesJudged => "OCSP responses judged",
            Self::ResponsesSigned => "OCSP responses signed",
            Self::MediumWritten => "KiB written to the medium",
            Self::MediumReadBack => "KiB read back from the medium",
        }
    }

    /// How many of what is counted are one of what is shown.
    const fn unit(self) -> u64 {
        match self {
            Self::MediumWritten | Self::MediumReadBack => 1 << 10,
            _ => 1,
        }
    }
}

/// How far some work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is counted.
    pub work: Work,
    /// How many are done.
    pub done: u64,
    /// How many there will be, where that is known.
    pub of: Option<u64>,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = (self.work.name(), self.work.unit());
        let done = self.done / unit;
        match self.of {
            Some(of) if of > 0 => {
                let percent = u128::from(self.done.min(of)) * 100 / u128::from(of);
                write!(f, "{name}: {done} of {} ({percent} %)", of.div_ceil(unit))
            }
            _ => write!(f, "{name}: {done}"),
        }
    }
}

/// Counts some work. With its end nothing is under way any more.
#[derive(Debug)]
pub struct Counter {
    work: Work,
    of: Option<u64>,
    done: u64,
    /// What others read, once there is something to be told.
    told: Option<Arc<Told>>,
}

#[derive(Debug)]
struct Told {
    work: Work,
    of: Option<u64>,
    done: AtomicU64,
}

impl Counter {
    /// Counts from nothing to `of`, where that is known.
    pub const fn new(work: Work, of: Option<u64>) -> Self {
        Self { work, of, done: 0, told: None }
    }

    /// One more, of very many: it is told once in a thousand.
    pub fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(TOLD_EVERY) {
            self.tell();
        }
    }

    /// So many more at once: it is told.
    pub fn add(&mut self, many: u64) {
        self.done += many;
        self.tell();
    }

    #[cold]
    fn tell(&mut self) {
        let (work, of, done) = (self.work, self.of, self.done);
        if let Some(told) = &self.told {
            told.done.store(done, Ordering::Relaxed);
        } else {
            let told = Arc::new(Told { work, of, done: done.into() });
            list().push(Arc::clone(&told));
            self.told = Some(told);
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if let Some(told) = &self.told {
            list().retain(|other| !Arc::ptr_eq(told, other));
        }
    }
}

/// Octets that are counted while they are read.
#[derive(Debug)]
pub struct Counted<'c, R> {
    source: R,
    counter: &'c mut Counter,
}

impl<'c, R: Read> Counted<'c, R> {
    /// Counts what is read from `source`.
    pub const fn new(source: R, counter: &'c mut Counter) -> Self {
        Self { source, counter }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.counter.add(count as u64);
        Ok(count)
    }
}

/// How far the work is that began last and has not ended; nothing if nothing is counted.
pub fn under_way() -> Option<Reading> {
    list().last().map(|told| told.reading())
}

impl Told {
    fn reading(&self) -> Reading {
        Reading { work: self.work, done: self.done.load(Ordering::Relaxed), of: self.of }
    }
}

fn list() -> MutexGuard<'static, Vec<Arc<Told>>> {
    // Each change is one call: nothing half-done is left by a thread that panicked.
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is counted lies deep below whoever shows it.
static UNDER_WAY: Mutex<Vec<Arc<Told>>> = Mutex::new(Vec::new());
/// How many steps are told at once.
const TOLD_EVERY: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether somebody who looks sees this: other tests count at the same time.
    fn is_told(work: Work, done: u64, of: Option<u64>) -> bool {
        list().iter().any(|told| told.reading() == Reading { work, done, of })
    }

    #[test]
    fn a_thousand_steps_are_told_and_fewer_are_not() {
        let of = Some(2_817_001);
        let mut counter = Counter::new(Work::EntriesWritten, of);
        (0..999).for_each(|_| counter.step());
        assert!(!is_told(Work::EntriesWritten, 999, of) && counter.told.is_none());
        counter.step();
        assert!(is_told(Work::EntriesWritten, 1_000, of));
        (0..1_500).for_each(|_| counter.step());
        assert!(is_told(Work::EntriesWritten, 2_000, of));
        drop(counter);
        assert!(!is_told(Work::EntriesWritten, 2_000, of));
    }

    #[test]
    fn octets_are_counted_as_they_are_read_and_come_through_unchanged() {
        let octets: Vec<u8> = (0..100_000_u32).map(|number| number.to_be_bytes()[3]).collect();
        let of = Some(100_000);
        let mut counter = Counter::new(Work::MediumReadBack, of);
        let mut read = Vec::new();
        Counted::new(octets.as_slice(), &mut counter).read_to_end(&mut read).unwrap();
        assert_eq!(read, octets);
        assert!(is_told(Work::MediumReadBack, 100_000, of));
    }

    #[test]
    fn what_began_last_is_what_is_read() {
        // Of a number that no other test counts to.
        let (outer, inner) = (Some(3_141_592), Some(2_718_281));
        let mut first = Counter::new(Work::ResponsesSigned, outer);
        first.add(1);
        let mut second = Counter::new(Work::EntriesRead, inner);
        second.add(1);
        let place =
            |of| list().iter().position(|told| told.of == of).expect("it is under way until it is dropped");
        assert!(place(outer) < place(inner));
        assert!(under_way().is_some());
    }

    #[test]
    fn numbers_are_said_with_what_is_counted() {
        let reading = |work, done, of| Reading { work, done, of }.to_string();
        assert_eq!(
            reading(Work::EntriesWritten, 412_000, Some(1_000_000)),
            "CRL entries written: 412000 of 1000000 (41 %)"
        );
        assert_eq!(reading(Work::EntriesRead, 5_000, None), "CRL entries read: 5000");
        assert_eq!(
            reading(Work::MediumWritten, 2_048, Some(4_097)),
            "KiB written to the medium: 2 of 5 (49 %)"
        );
        // What grew while it was counted is not more than whole.
        assert_eq!(
            reading(Work::MediumReadBack, 3_072, Some(1_024)),
            "KiB read back from the medium: 3 of 1 (100 %)"
        );
        assert_eq!(reading(Work::ListsSigned, 0, Some(0)), "CRLs signed: 0");
    }
}
