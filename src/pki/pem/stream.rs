//! PEM made while it is read, of octets that need not be in memory.

use std::io::{self, Read};

use super::{ALPHABET, BEGIN, END};

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
            let count = self.source.by_ref().take(LINES * LINE as u64).read_to_end(&mut self.octets)?;
            for line in self.octets.chunks(LINE) {
                put_line(&mut self.text, line);
            }
            if count < LINES as usize * LINE {
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

fn put_line(text: &mut Vec<u8>, line: &[u8]) {
    let (groups, rest) = line.as_chunks::<3>();
    for [first, second, third] in groups {
        let bits = usize::from(*first) << 16 | usize::from(*second) << 8 | usize::from(*third);
        text.extend([digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
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
/// How many lines are made at a time.
const LINES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_that_is_written_at_once() {
        let more = LINES as usize * LINE;
        for length in [0, 1, 2, 3, 47, 48, 49, more - 1, more, more + 1, 3 * more] {
            let octets: Vec<u8> = (0..length).map(|index| (index * 7 % 256) as u8).collect();
            let mut text = String::new();
            Writer::new("X509 CRL", octets.as_slice()).read_to_string(&mut text).unwrap();
            assert!(text == super::super::write("X509 CRL", &octets), "{length}");
        }
    }
}
