//! No certificate is on a CRL twice. RFC 5280 §5.1.2.6.
//!
//! In ascending order, as long ones of ours are, one look at each entry is enough. For those in no order 64 bits an entry
//! are held, up to a bound.

use std::hash::{BuildHasher, RandomState};

use crate::digest::hex;
use crate::rule::{CannotJudge, Findings, Judgement, Rule, Severities};

/// How this rule judges: it looks at every entry, and says at the end what it saw.
pub(super) const RULE: Rule<fn(&Seen) -> Judgement> = Rule {
    id: "CRL-21",
    requires: "no serial number is there twice",
    source: "RFC 5280 §5.1.2.6",
    severity: Severities::STANDARD,
    verdict: Seen::verdict,
};

/// The serial numbers that were seen.
#[derive(Debug)]
pub struct Seen {
    last: Vec<u8>,
    in_order: bool,
    /// A number for each serial: equal serials have equal numbers, and others hardly ever.
    numbers: Vec<u64>,
    number: RandomState,
    /// The most numbers that are held.
    most: usize,
    repeated: Vec<String>,
    too_many: bool,
}

impl Seen {
    /// The most entries in no order that are looked at: 64 bits each.
    const MOST: usize = 1 << 21;
    /// Of our own there are no more: a longer list is in ascending order, or it is not signed.
    const MOST_OF_OURS: usize = 1 << 12;

    /// Nothing yet. `is_ours`: of a CRL that we are about to sign.
    pub fn new(is_ours: bool) -> Self {
        Self::holding(if is_ours { Self::MOST_OF_OURS } else { Self::MOST })
    }

    fn holding(most: usize) -> Self {
        Self {
            last: Vec::new(),
            in_order: true,
            numbers: Vec::new(),
            number: RandomState::new(),
            most,
            repeated: Vec::new(),
            too_many: false,
        }
    }

    /// Looks at the next serial number.
    pub fn look(&mut self, serial: &[u8]) {
        let above = (self.last.len(), self.last.as_slice()) < (serial.len(), serial);
        if self.last == serial && self.repeated.len() < 10 {
            self.repeated.push(hex(serial));
        }
        self.in_order &= above || self.last == serial;
        self.last.clear();
        self.last.extend_from_slice(serial);
        if self.numbers.len() < self.most {
            self.numbers.push(self.number.hash_one(serial));
        } else {
            self.too_many = true;
        }
    }

    /// What was seen twice, as messages: none at all is as it should be.
    ///
    /// # Errors
    ///
    /// [`CannotJudge::Missing`] if there were too many in no order.
    pub fn repeated(&self) -> Result<Vec<String>, CannotJudge> {
        let adjacent = |serial: &String| format!("the serial number {serial} is there twice");
        let repeated: Vec<_> = self.repeated.iter().map(adjacent).collect();
        if self.in_order || !repeated.is_empty() {
            return Ok(repeated);
        }
        let mut numbers = self.numbers.clone();
        numbers.sort_unstable();
        let twice = numbers.chunk_by(|left, right| left == right).filter(|same| same.len() > 1).count();
        match (twice, self.too_many) {
            (0, false) => Ok(Vec::new()),
            (0, true) => Err(CannotJudge::Missing("an order of so many entries")),
            _ => Ok(vec![format!("{twice} serial numbers are there twice, not one after the other")]),
        }
    }

    fn verdict(&self) -> Judgement {
        let mut findings = Findings::new();
        self.repeated()?.into_iter().for_each(|message| findings.must(message));
        findings.verdict()
    }
}

#[cfg(test)]
mod tests {
    use super::{RULE, Seen};
    use crate::rule::evidence::note;
    use crate::rule::{CannotJudge, Verdict};

    fn verdict(mut seen: Seen, serials: &[&[u8]]) -> Result<Vec<String>, CannotJudge> {
        for serial in serials {
            seen.look(serial);
        }
        let judgement = (RULE.verdict)(&seen);
        note(RULE.id, &judgement);
        Ok(match judgement? {
            Verdict::Unmet(ways) => ways.into_iter().map(|way| way.message).collect(),
            _ => Vec::new(),
        })
    }

    #[test]
    fn a_serial_is_there_once_in_any_order() {
        let verdict = |serials: &[&[u8]]| verdict(Seen::new(false), serials).unwrap();
        assert_eq!(verdict(&[&[7], &[8], &[1, 1]]), Vec::<String>::new());
        assert_eq!(verdict(&[&[1, 1], &[8], &[7]]), Vec::<String>::new());
        assert_eq!(verdict(&[&[7], &[7]]), ["the serial number 07 is there twice"]);
        let apart = "1 serial numbers are there twice, not one after the other";
        assert_eq!(verdict(&[&[1, 1], &[7], &[1, 1], &[8]]), [apart]);
    }

    #[test]
    fn so_many_that_they_cannot_be_held_need_an_order() {
        let serials: [&[u8]; 4] = [&[1], &[2], &[3], &[4]];
        let backwards: [&[u8]; 4] = [&[4], &[3], &[2], &[1]];
        assert_eq!(verdict(Seen::holding(3), &serials), Ok(vec![]));
        assert_eq!(verdict(Seen::holding(4), &backwards), Ok(vec![]));
        let missing = Err(CannotJudge::Missing("an order of so many entries"));
        assert_eq!(verdict(Seen::holding(3), &backwards), missing);
    }
}
