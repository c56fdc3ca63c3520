//! Keys from the octets that a terminal sends.
//!
//! What is typed may be a secret: an octet stays here only until its key is whole, and is wiped then.

use zeroize::Zeroize as _;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// The tabulator.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Escape.
    Escape,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// Control and C.
    Interrupt,
    /// Control and Z.
    Suspend,
    /// Control and L: everything is drawn anew.
    Redraw,
    /// Control and U: what was typed goes.
    Clear,
    /// Another one, which does nothing.
    Other,
}

/// Puts octets together to keys.
#[derive(Default)]
pub struct Decoder {
    pending: [u8; MOST],
    length: usize,
}

impl Decoder {
    /// Takes the next octet; the key that it completes.
    pub fn push(&mut self, octet: u8) -> Option<Key> {
        if let Some(place) = self.pending.get_mut(self.length) {
            *place = octet;
            self.length += 1;
        }
        let read = read(self.pending.get(..self.length).unwrap_or_default());
        if read.is_some() || self.length == MOST {
            self.forget();
            return read.or(Some(Key::Other));
        }
        None
    }

    /// Nothing follows for a while: what began as a sequence was the key Escape alone, or nothing.
    pub fn pause(&mut self) -> Option<Key> {
        let alone = self.pending.get(..self.length) == Some(&[ESCAPE]);
        let waiting = self.is_waiting();
        self.forget();
        waiting.then_some(if alone { Key::Escape } else { Key::Other })
    }

    /// Whether more octets are wanted.
    pub const fn is_waiting(&self) -> bool {
        self.length > 0
    }

    fn forget(&mut self) {
        self.pending.zeroize();
        self.length = 0;
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.forget();
    }
}

/// The key of a whole sequence; nothing while it is not whole.
fn read(octets: &[u8]) -> Option<Key> {
    match octets {
        [octet @ 0..=0x7f] => one(*octet),
        [ESCAPE, b'[' | b'O'] => None,
        [ESCAPE, b'[', rest @ ..] => sequence(rest),
        [ESCAPE, b'O', last] => Some(letter(*last)),
        [ESCAPE, ..] => Some(Key::Other),
        _ => match std::str::from_utf8(octets) {
            Ok(text) => text.chars().next().map(Key::Char),
            // The last octets of the character are still to come.
            Err(error) if error.error_len().is_none() => None,
            Err(_) => Some(Key::Other),
        },
    }
}

fn one(octet: u8) -> Option<Key> {
    Some(match octet {
        ESCAPE => return None,
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        0x03 => Key::Interrupt,
        0x1a => Key::Suspend,
        0x0c => Key::Redraw,
        0x15 => Key::Clear,
        0x20..=0x7e => Key::Char(char::from(octet)),
        _ => Key::Other,
    })
}

/// What stands behind `ESC [`: numbers, and a last octet that ends it.
fn sequence(octets: &[u8]) -> Option<Key> {
    let (last, numbers) = octets.split_last()?;
    match last {
        b'~' => Some(match numbers {
            b"1" | b"7" => Key::Home,
            b"4" | b"8" => Key::End,
            b"3" => Key::Delete,
            b"5" => Key::PageUp,
            b"6" => Key::PageDown,
            _ => Key::Other,
        }),
        // The Linux console's function keys have one octet more.
        b'[' if numbers.is_empty() => None,
        0x40..=0x7e => Some(if numbers.is_empty() { letter(*last) } else { Key::Other }),
        0x20..=0x3f => None,
        _ => Some(Key::Other),
    }
}

const fn letter(octet: u8) -> Key {
    match octet {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        _ => Key::Other,
    }
}

const ESCAPE: u8 = 0x1b;
/// The longest sequence.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(octets: &[u8]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        let mut keys: Vec<Key> = octets.iter().filter_map(|octet| decoder.push(*octet)).collect();
        keys.extend(decoder.pause());
        keys
    }

    #[test]
    fn keys_are_what_terminals_send_for_them() {
        assert_eq!(keys(b"a\r\x7f"), [Key::Char('a'), Key::Enter, Key::Backspace]);
        assert_eq!(keys("é€".as_bytes()), [Key::Char('é'), Key::Char('€')]);
        assert_eq!(keys(b"\x1b[A\x1bOB\x1b[5~\x1b[1~"), [Key::Up, Key::Down, Key::PageUp, Key::Home]);
        assert_eq!(keys(b"\x03\x1a\x0c\x15"), [Key::Interrupt, Key::Suspend, Key::Redraw, Key::Clear]);
    }

    #[test]
    fn escape_alone_is_a_key_once_nothing_follows() {
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\x1b["), [Key::Other]);
    }

    #[test]
    fn what_nobody_knows_does_nothing() {
        assert_eq!(keys(b"\x1b[99;99Zx"), [Key::Other, Key::Char('x')]);
        assert_eq!(keys(b"\xffx"), [Key::Other, Key::Char('x')]);
        assert_eq!(keys(b"\x1b[1;2;3;4;5;6;7~").first(), Some(&Key::Other));
    }
}
