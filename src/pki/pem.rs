//! PEM: several blocks in a file, with text between them that is not looked into.
//!
//! Reading takes what RFC 7468 calls lax about white space and line length, and nothing beyond: a block that begins has
//! to end with its own label, and its base64 has to be whole.

mod stream;

use thiserror::Error;

pub use stream::{Reader, Writer};

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it says it is: `CERTIFICATE`.
    pub label: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// The line it begins on, counted from 1.
    pub line: usize,
}

/// The label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// The label of a CRL.
pub const CRL: &str = "X509 CRL";
/// The label of a certificate signing request.
pub const REQUEST: &str = "CERTIFICATE REQUEST";
/// The label of a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";

/// Writes one block: lines of 64 characters, each ended by a line feed. Source: RFC 7468 §3.
pub fn write(label: &str, octets: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in octets.chunks(48) {
        for group in line.chunks(3) {
            put_group(&mut text, group);
        }
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// Whether a file looks like PEM: it has a line that begins a block.
pub fn is_pem(octets: &[u8]) -> bool {
    octets.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// Reads every block of a file. A file without any gives none.
///
/// # Errors
///
/// [`PemError`] for a block that does not end, ends as another, or is not base64.
pub fn read(octets: &[u8]) -> Result<Vec<Block>, PemError> {
    let mut blocks = Vec::new();
    let mut open: Option<(Block, Base64)> = None;
    for (line, text) in octets.split(|octet| *octet == b'\n').enumerate().map(|(line, text)| (line + 1, text))
    {
        let text = text.trim_ascii();
        open = match (open, boundary(text, BEGIN), boundary(text, END)) {
            (None, Some(label), _) => Some((Block { label, octets: Vec::new(), line }, Base64::default())),
            // Whoever passed it over would pass over what it holds.
            (None, None, _) if is_begin(text) => return Err(PemError::Begin { line }),
            (None, None, _) => None,
            (Some((block, _)), Some(_), _) => {
                return Err(PemError::Unended { label: block.label, line: block.line });
            }
            (Some((mut block, base64)), None, Some(label)) => {
                if label != block.label {
                    return Err(PemError::OtherEnd { label: block.label, found: label, line });
                }
                block.octets = base64.end().ok_or(PemError::Base64 { line })?;
                blocks.push(block);
                None
            }
            (Some((block, mut base64)), None, None) => {
                base64.take(text).ok_or(PemError::Base64 { line })?;
                Some((block, base64))
            }
        };
    }
    match open {
        Some((block, _)) => Err(PemError::Unended { label: block.label, line: block.line }),
        None if blocks.is_empty() && is_pem(octets) => {
            let before = octets.windows(BEGIN.len()).take_while(|window| *window != BEGIN.as_bytes());
            Err(PemError::Begin { line: 1 + before.filter(|window| window.first() == Some(&b'\n')).count() })
        }
        None => Ok(blocks),
    }
}

/// Whether a line means to begin a block: also one that does not say it as it should be, or has a byte order mark before it.
pub fn is_begin(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).starts_with(BEGIN.as_bytes())
}

/// Why PEM could not be read. Lines count from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PemError {
    /// A line that means to begin a block and does not.
    #[error(
        "line {line}: `-----BEGIN` begins no block; wanted it with a label and `-----` alone on its line, nothing unseen before it"
    )]
    Begin {
        /// Where.
        line: usize,
    },
    /// A block without its end.
    #[error("line {line}: the block `{label}` does not end")]
    Unended {
        /// Its label.
        label: String,
        /// Where it begins.
        line: usize,
    },
    /// A block that ends as another.
    #[error("line {line}: the block `{label}` ends as `{found}`")]
    OtherEnd {
        /// Its label.
        label: String,
        /// The label at its end.
        found: String,
        /// Where it ends.
        line: usize,
    },
    /// Not base64.
    #[error("line {line}: this is not base64")]
    Base64 {
        /// Where.
        line: usize,
    },
}

const BEGIN: &str = "-----BEGIN ";
/// U+FEFF in UTF-8, which some editors put before a text and nobody sees.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const END: &str = "-----END ";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The label in a line that begins or ends a block.
fn boundary(line: &[u8], prefix: &str) -> Option<String> {
    let label = line.strip_prefix(prefix.as_bytes())?.strip_suffix(b"-----")?;
    let printable = label.iter().all(|octet| (0x20..0x7f).contains(octet));
    if printable { String::from_utf8(label.to_vec()).ok() } else { None }
}

fn put_group(text: &mut String, group: &[u8]) {
    let bits =
        group.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, octet| bits << 8 | usize::from(*octet));
    for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
        let digit = ALPHABET.get(bits >> shift & 0x3f).filter(|_| index <= group.len());
        text.push(digit.map_or('=', |digit| char::from(*digit)));
    }
}

const fn digit_of(character: u8) -> Option<u32> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    } as u32)
}

/// Base64 read piece by piece: four characters make three octets.
#[derive(Default)]
struct Base64 {
    octets: Vec<u8>,
    bits: u32,
    characters: u8,
    padding: u8,
}

impl Base64 {
    fn take(&mut self, text: &[u8]) -> Option<()> {
        for character in text.iter().filter(|octet| !octet.is_ascii_whitespace()) {
            match digit_of(*character) {
                Some(digit) if self.padding == 0 => self.bits = self.bits << 6 | digit,
                None if *character == b'=' && self.characters >= 2 => {
                    self.bits <<= 6;
                    self.padding += 1;
                }
                _ => return None,
            }
            self.characters += 1;
            if self.characters == 4 {
                self.close_group()?;
            }
        }
        Some(())
    }

    fn close_group(&mut self) -> Option<()> {
        let [_, octets @ ..] = self.bits.to_be_bytes();
        let (kept, unused) = octets.split_at_checked(3_usize.checked_sub(self.padding.into())?)?;
        // What the padding leaves over has to be zero: one spelling per content.
        if unused.iter().any(|octet| *octet != 0) {
            return None;
        }
        self.octets.extend_from_slice(kept);
        (self.bits, self.characters) = (0, 0);
        Some(())
    }

    fn end(self) -> Option<Vec<u8>> {
        (self.characters == 0).then_some(self.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 2, 3, 47, 48, 49, 300] {
            let octets: Vec<u8> = (0..length).map(|index| u8::try_from(index * 7 % 256).unwrap()).collect();
            let text = write(CERTIFICATE, &octets);
            assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with('\n'));
            assert_eq!(
                read(text.as_bytes()).unwrap(),
                [Block { label: CERTIFICATE.into(), octets, line: 1 }]
            );
        }
        // Source: RFC 4648 §10.
        for (octets, line) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            let text = format!("-----BEGIN X-----\n{line}\n-----END X-----\n");
            assert_eq!(write("X", octets.as_bytes()), text);
        }
    }

    #[test]
    fn several_blocks_have_text_between_them() {
        let text = "about it\r\n-----BEGIN A-----\r\nZm9v\r\n-----END A-----\r\n\n# more\n-----BEGIN B-----\nZm\n 9v \n\
                    -----END B-----";
        let blocks = read(text.as_bytes()).unwrap();
        assert_eq!(
            blocks.iter().map(|block| (&*block.label, block.line)).collect::<Vec<_>>(),
            [("A", 2), ("B", 7)]
        );
        assert!(blocks.iter().all(|block| block.octets == b"foo"));
        assert_eq!(read(b"\x30\x00"), Ok(vec![]));
        assert!(is_pem(text.as_bytes()) && !is_pem(b"\x30\x00"));
    }

    #[test]
    fn a_broken_block_is_refused() {
        let unended = |label: &str, line| PemError::Unended { label: label.into(), line };
        for (text, error) in [
            ("-----BEGIN A-----\nZm9v\n", unended("A", 1)),
            ("text\n-----BEGIN A----\nZm9v\n-----END A-----\n", PemError::Begin { line: 2 }),
            ("\u{feff}-----BEGIN A-----\nZm9v\n-----END A-----\n", PemError::Begin { line: 1 }),
            ("text\n> -----BEGIN A-----\n> Zm9v\n> -----END A-----\n", PemError::Begin { line: 2 }),
            ("-----BEGIN A-----\nZm9v\n-----BEGIN B-----\n", unended("A", 1)),
            (
                "-----BEGIN A-----\nZm9v\n-----END B-----\n",
                PemError::OtherEnd { label: "A".into(), found: "B".into(), line: 3 },
            ),
            ("-----BEGIN A-----\nZm9\n-----END A-----\n", PemError::Base64 { line: 3 }),
            ("-----BEGIN A-----\nZm9*\n-----END A-----\n", PemError::Base64 { line: 2 }),
            ("-----BEGIN A-----\nZh==\n-----END A-----\n", PemError::Base64 { line: 2 }),
            ("-----BEGIN A-----\nZg==Zg==\n-----END A-----\n", PemError::Base64 { line: 2 }),
            ("-----BEGIN A-----\nZ===\n-----END A-----\n", PemError::Base64 { line: 2 }),
            ("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n-----END A-----\n", PemError::Base64 { line: 2 }),
        ] {
            assert_eq!(read(text.as_bytes()), Err(error), "{text}");
        }
    }
}
