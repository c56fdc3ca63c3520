//! PEM made and read while it passes by: neither the text nor its octets need be in memory.

use std::io::{self, BufRead, Read};

use super::{ALPHABET, BEGIN, Base64, END, PemError, boundary};

/// Gives the PEM block of what its source gives: the same text as [`write`](super::write).
#[derive(Debug)]
pub struct Writer<R> {
    source: R,
    label: &'static str,
    octets: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    Lines,
    End,
}

impl<R: Read> Writer<R> {
    /// A block with this label.
    pub const fn new(label: &'static str, source: R) -> Self {
        Self { source, label, octets: Vec::new(), text: Vec::new(), at: 0, stage: Stage::Begin }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        if self.stage == Stage::Begin {
            self.text.extend_from_slice(format!("{BEGIN}{}-----\n", self.label).as_bytes());
            self.stage = Stage::Lines;
        }
        if self.stage == Stage::Lines {
            self.octets.clear();
            // Whole lines: only the last one of all may be shorter.
            let count = self.source.by_ref().take((LINES * LINE) as u64).read_to_end(&mut self.octets)?;
            for line in self.octets.chunks(LINE) {
                put_line(&mut self.text, line);
            }
            if count < LINES * LINE {
                self.text.extend_from_slice(format!("{END}{}-----\n", self.label).as_bytes());
                self.stage = Stage::End;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Writer<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() && self.stage != Stage::End {
            self.fill()?;
        }
        let count = self.text.get(self.at..).unwrap_or_default().read(into)?;
        self.at += count;
        Ok(count)
    }
}

/// Gives the octets of the one PEM block that its source holds, without holding it: text before the block is not looked
/// into, and nothing may come after it.
pub struct Reader<R> {
    source: R,
    label: &'static str,
    base64: Base64,
    line: usize,
    text: Vec<u8>,
    at: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    After,
}

impl<R: BufRead> Reader<R> {
    /// Reads the block with this label.
    pub fn new(label: &'static str, source: R) -> Self {
        let (base64, text, state) = (Base64::default(), Vec::new(), State::Before);
        Self { source, label, base64, line: 0, text, at: 0, state }
    }

    /// Reads a line; whether there was one.
    fn line(&mut self) -> io::Result<bool> {
        if self.at == self.base64.octets.len() {
            self.base64.octets.clear();
            self.at = 0;
        }
        self.text.clear();
        let count = self.source.by_ref().take(LONGEST).read_until(b'\n', &mut self.text)?;
        if count == 0 {
            let label = self.label.to_owned();
            return match self.state {
                State::After => Ok(false),
                State::Before | State::Inside => Err(broken(&PemError::Unended { label, line: self.line })),
            };
        }
        self.line += 1;
        let (text, line) = (self.text.trim_ascii(), self.line);
        match (self.state, boundary(text, BEGIN), boundary(text, END)) {
            (State::Before, Some(label), _) if label == self.label => self.state = State::Inside,
            (State::Before, None, _) => {}
            (State::Inside, None, Some(label)) if label == self.label => {
                self.state = State::After;
                if self.base64.characters != 0 {
                    return Err(broken(&PemError::Base64 { line }));
                }
            }
            (State::Inside, None, None) => {
                self.base64.take(text).ok_or_else(|| broken(&PemError::Base64 { line }))?;
            }
            (State::After, None, None) if text.is_empty() => {}
            (_, found, end) => {
                let label = self.label.to_owned();
                let found = found.or(end).unwrap_or_else(|| String::from_utf8_lossy(text).into_owned());
                return Err(broken(&PemError::OtherEnd { label, found, line }));
            }
        }
        Ok(true)
    }
}

fn broken(error: &PemError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

impl<R: BufRead> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.base64.octets.len() {
            if !self.line()? {
                return Ok(0);
            }
        }
        let count = self.base64.octets.get(self.at..).unwrap_or_default().read(into)?;
        self.at += count;
        Ok(count)
    }
}

fn put_line(text: &mut Vec<u8>, line: &[u8]) {
    let (groups, rest) = line.as_chunks::<3>();
    for groups in groups.chunks(LINE / 3) {
        let mut digits = [[0; 4]; LINE / 3];
        for (digits, [first, second, third]) in digits.iter_mut().zip(groups) {
            let bits = usize::from(*first) << 16 | usize::from(*second) << 8 | usize::from(*third);
            *digits = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)];
        }
        text.extend_from_slice(digits.as_flattened().get(..4 * groups.len()).unwrap_or_default());
    }
    match *rest {
        [first] => text.extend([digit(usize::from(first) >> 2), digit(usize::from(first) << 4), b'=', b'=']),
        [first, second] => {
            let bits = usize::from(first) << 8 | usize::from(second);
            text.extend([digit(bits >> 10), digit(bits >> 4), digit(bits << 2), b'=']);
        }
        _ => {}
    }
    text.push(b'\n');
}

fn digit(bits: usize) -> u8 {
    ALPHABET.get(bits & 0x3f).copied().unwrap_or(b'=')
}

/// How many octets a line holds.
const LINE: usize = 48;
/// The longest piece of a line that is read at a time.
const LONGEST: u64 = 1 << 16;
/// How many lines are made at a time.
const LINES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_that_is_written_at_once() {
        let more = LINES * LINE;
        for length in [0, 1, 2, 3, 47, 48, 49, more - 1, more, more + 1, 3 * more] {
            let octets: Vec<u8> = (0..length).map(|index: usize| (index * 7).to_le_bytes()[0]).collect();
            let mut text = String::new();
            Writer::new("X509 CRL", octets.as_slice()).read_to_string(&mut text).unwrap();
            assert!(text == super::super::write("X509 CRL", &octets), "{length}");
        }
    }

    #[test]
    fn a_block_is_read_as_all_blocks_are() {
        for length in [0, 1, 47, 48, 5000] {
            let octets: Vec<u8> = (0..length).map(|index: usize| (index * 7).to_le_bytes()[0]).collect();
            let text = format!("about it\n{}\n", super::super::write("X509 CRL", &octets));
            let mut read = Vec::new();
            Reader::new("X509 CRL", text.as_bytes()).read_to_end(&mut read).unwrap();
            assert!(read == octets, "{length}");
        }
    }

    #[test]
    fn a_broken_block_is_an_error() {
        for (text, why) in [
            ("", "does not end"),
            ("text\n", "does not end"),
            ("-----BEGIN A-----\nZm9v\n", "does not end"),
            ("-----BEGIN A-----\nZm9v\n-----END B-----\n", "ends as `B`"),
            ("-----BEGIN B-----\nZm9v\n-----END B-----\n", "ends as `B`"),
            ("-----BEGIN A-----\nZm9\n-----END A-----\n", "line 3"),
            ("-----BEGIN A-----\nZm9*\n-----END A-----\n", "line 2"),
            ("-----BEGIN A-----\nZm9v\n-----END A-----\nmore\n", "ends as `more`"),
        ] {
            let error = Reader::new("A", text.as_bytes()).read_to_end(&mut Vec::new()).unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }
}
