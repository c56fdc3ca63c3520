//! Frames as a camera sees them: in any order, some twice, some never, some of something else.
//!
//! Memory is bounded whatever is shown: so many sequences at once, none longer than a sequence may be.

use std::collections::VecDeque;

use super::frame::{Frame, LogId, SequenceId};
use super::sequence::MOST_PACKED;

/// How many sequences are put together at once.
const MOST_OPEN: usize = 4;
/// How many are remembered to be whole already.
const MOST_DONE: usize = 64;

/// What a frame was good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is there already.
    Known,
    /// It is new, and its sequence is not whole yet.
    New,
    /// It is of another log than the one that is received.
    OtherLog(LogId),
    /// It was seen before with another part or count: one of the two is not of the log's machine.
    Conflict,
    /// The last one that was missing: the sequence, packed.
    Whole(Vec<u8>),
    /// The last one that was missing, but together they are not what their id says; all are forgotten.
    Altered,
}

/// Sequences that are not whole yet, and which were.
#[derive(Debug, Default)]
pub struct Gatherer {
    log: Option<LogId>,
    open: VecDeque<Partial>,
    done: VecDeque<SequenceId>,
}

/// A sequence that is not whole yet.
#[derive(Debug)]
pub struct Partial {
    /// Which.
    pub sequence: SequenceId,
    parts: Vec<Option<Vec<u8>>>,
    octets: usize,
}

impl Partial {
    /// How many frames it has.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// The numbers of the frames that are missing.
    pub fn missing(&self) -> Vec<usize> {
        (1..).zip(&self.parts).filter(|(_, part)| part.is_none()).map(|(number, _)| number).collect()
    }
}

impl Gatherer {
    /// Takes frames of every log, or of this one alone.
    pub fn of(log: Option<LogId>) -> Self {
        Self { log, ..Self::default() }
    }

    /// From now on takes frames of this log alone.
    pub fn settle(&mut self, log: LogId) {
        self.log = Some(log);
        self.open.retain(|partial| partial.sequence.log == log);
    }

    /// Takes a frame.
    pub fn hear(&mut self, frame: Frame) -> Heard {
        let Frame { sequence, number, count, part } = frame;
        if self.log.is_some_and(|log| log != sequence.log) {
            return Heard::OtherLog(sequence.log);
        }
        if self.done.contains(&sequence) {
            return Heard::Known;
        }
        let found = self.open.iter().position(|partial| partial.sequence == sequence);
        let mut partial = match found.and_then(|place| self.open.remove(place)) {
            Some(partial) => partial,
            None => Partial { sequence, parts: vec![None; usize::from(count)], octets: 0 },
        };
        let heard = partial.take(usize::from(number), usize::from(count), part);
        match heard {
            Heard::Altered => return heard,
            Heard::Whole(_) => {
                self.done.truncate(MOST_DONE - 1);
                self.done.push_front(sequence);
                return heard;
            }
            _ => {}
        }
        // The one that was heard of last is the last one to be forgotten.
        self.open.truncate(MOST_OPEN - 1);
        self.open.push_front(partial);
        heard
    }

    /// What is not whole yet, what was heard of last first.
    pub fn open(&self) -> impl Iterator<Item = &Partial> {
        self.open.iter()
    }
}

impl Partial {
    fn take(&mut self, number: usize, count: usize, part: Vec<u8>) -> Heard {
        if self.parts.len() != count {
            return Heard::Conflict;
        }
        match number.checked_sub(1).and_then(|place| self.parts.get_mut(place)) {
            Some(Some(known)) => return if *known == part { Heard::Known } else { Heard::Conflict },
            Some(empty) => {
                self.octets += part.len();
                *empty = Some(part);
            }
            None => return Heard::Conflict,
        }
        if self.octets > MOST_PACKED {
            return Heard::Altered;
        }
        if self.parts.iter().any(Option::is_none) {
            return Heard::New;
        }
        let whole: Vec<u8> = self.parts.iter().flatten().flatten().copied().collect();
        if self.sequence.is_of(&whole) { Heard::Whole(whole) } else { Heard::Altered }
    }
}

/// Numbers for people: `3, 7 to 9`.
pub fn in_words(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let more = runs.len().checked_sub(MOST_RUNS).filter(|more| *more > 0);
    let mut words: Vec<_> = runs
        .into_iter()
        .take(MOST_RUNS)
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first} to {last}"),
        })
        .collect();
    words.extend(more.map(|_| "…".to_owned()));
    words.join(", ")
}

/// How many runs of numbers are named.
const MOST_RUNS: usize = 12;

#[cfg(test)]
mod tests {
    use super::super::frame::cut;
    use super::*;

    fn packed(seed: u8) -> Vec<u8> {
        (0..500_u16).map(|place| (place % 251) as u8 ^ seed).collect()
    }

    fn frames(log: &[u8], seed: u8) -> Vec<Frame> {
        let packed = packed(seed);
        cut(SequenceId::of(LogId::of_first_line(log), 57, &packed), &packed, 154).unwrap()
    }

    #[test]
    fn frames_are_put_together_in_any_order_and_doubled_ones_do_no_harm() {
        let mut gatherer = Gatherer::default();
        let mut frames = frames(b"{}", 0);
        frames.reverse();
        let last = frames.pop().unwrap();
        for frame in &frames {
            assert_eq!(gatherer.hear(frame.clone()), Heard::New);
            assert_eq!(gatherer.hear(frame.clone()), Heard::Known);
        }
        let missing: Vec<_> = gatherer.open().map(|partial| (partial.missing(), partial.count())).collect();
        assert_eq!(missing, [(vec![1], frames.len() + 1)]);
        assert_eq!(gatherer.hear(last.clone()), Heard::Whole(packed(0)));
        assert_eq!(gatherer.hear(last), Heard::Known);
        assert_eq!(gatherer.open().count(), 0);
    }

    #[test]
    fn sequences_that_are_shown_together_do_not_mix() {
        let mut gatherer = Gatherer::default();
        let (one, other) = (frames(b"{}", 0), frames(b"{1}", 9));
        let mut whole = Vec::new();
        for (one, other) in one.iter().zip(&other) {
            for frame in [one, other] {
                if let Heard::Whole(octets) = gatherer.hear(frame.clone()) {
                    whole.push(octets);
                }
            }
        }
        assert_eq!(whole, [packed(0), packed(9)]);
        gatherer.settle(one[0].sequence.log);
        assert_eq!(gatherer.hear(other[0].clone()), Heard::OtherLog(other[0].sequence.log));
    }

    #[test]
    fn an_altered_frame_is_found_though_its_checksum_is_good() {
        let mut frames = frames(b"{}", 0);
        let mut gatherer = Gatherer::default();
        gatherer.hear(frames[1].clone());
        let mut altered = frames[1].clone();
        altered.part[0] ^= 1;
        assert_eq!(gatherer.hear(altered.clone()), Heard::Conflict);
        let mut recounted = frames[2].clone();
        recounted.count += 1;
        assert_eq!(gatherer.hear(recounted), Heard::Conflict);
        // Where only the altered one is seen, the whole is not what its id says, and the next round starts anew.
        let good = std::mem::replace(&mut frames[1], altered);
        let mut gatherer = Gatherer::default();
        let last = frames.iter().map(|frame| gatherer.hear(frame.clone())).last();
        assert_eq!(last, Some(Heard::Altered));
        frames[1] = good;
        let last = frames.iter().map(|frame| gatherer.hear(frame.clone())).last();
        assert_eq!(last, Some(Heard::Whole(packed(0))));
    }

    #[test]
    fn memory_is_bounded_whatever_is_shown() {
        let mut gatherer = Gatherer::default();
        for size in 0..1_000 {
            let sequence = SequenceId::of(LogId::of_first_line(b"{}"), size, b"");
            gatherer.hear(Frame { sequence, number: 1, count: 9_999, part: vec![0; 1_000] });
        }
        assert_eq!(gatherer.open().count(), MOST_OPEN);
        let sequence = SequenceId::of(LogId::of_first_line(b"{}"), 1, b"");
        let frames = (1..=9_999).map(|number| Frame { sequence, number, count: 9_999, part: vec![0; 1_000] });
        let heard: Vec<_> = frames.map(|frame| gatherer.hear(frame)).collect();
        assert!(heard.contains(&Heard::Altered));
    }

    #[test]
    fn missing_frames_are_named() {
        assert_eq!(in_words(&[3, 7, 8, 10, 11, 12, 20]), "3, 7, 8, 10 to 12, 20");
        let many: Vec<_> = (0..100).map(|number| 2 * number).collect();
        assert!(in_words(&many).ends_with("22, …"), "{}", in_words(&many));
    }
}
