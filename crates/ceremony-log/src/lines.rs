//! The first lines of a log that has gone on since its head was signed.

use std::io::{self, BufRead, Read};

/// So many lines of a reader, and then its end: what a head of that size is over.
///
/// ```
/// use std::io::Read as _;
///
/// let mut text = String::new();
/// ceremony_log::lines::FirstLines::new(&b"one\ntwo\nthree\n"[..], 2).read_to_string(&mut text)?;
/// assert_eq!(text, "one\ntwo\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct FirstLines<R> {
    inner: R,
    left: u64,
}

impl<R: BufRead> FirstLines<R> {
    /// The first `count` lines of a reader.
    pub const fn new(inner: R, count: u64) -> Self {
        Self { inner, left: count }
    }
}

impl<R: BufRead> BufRead for FirstLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        // Never more than one line, so that what is consumed has one line feed at most.
        let octets = self.inner.fill_buf()?;
        let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |place| place + 1);
        Ok(octets.get(..end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        // What is in the buffer was seen already: this reads nothing.
        let last = amount.checked_sub(1);
        let ends = last
            .is_some_and(|last| self.inner.fill_buf().is_ok_and(|octets| octets.get(last) == Some(&b'\n')));
        self.left -= u64::from(ends);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for FirstLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn no_more_than_so_many_lines_are_read_whatever_the_buffer() {
        let log = b"one\n\nthree\nfour";
        for capacity in 1..20 {
            for (count, wanted) in
                [(0, ""), (1, "one\n"), (2, "one\n\n"), (3, "one\n\nthree\n"), (9, "one\n\nthree\nfour")]
            {
                let reader = BufReader::with_capacity(capacity, &log[..]);
                let mut text = String::new();
                FirstLines::new(reader, count).read_to_string(&mut text).unwrap();
                assert_eq!(text, wanted, "{capacity} {count}");
                let reader = BufReader::with_capacity(capacity, &log[..]);
                let lines = FirstLines::new(reader, count).lines().count();
                assert_eq!(lines, wanted.lines().count());
            }
        }
    }
}
