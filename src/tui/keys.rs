//! Keys from the octets that a terminal sends.
//!
//! What is typed may be a secret: an octet stays here only until its key is whole, and is wiped then. A paste is no keys: it is
//! put together apart, to its end.

use zeroize::Zeroize as _;

use super::paste::Paste;

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
    /// None: something was pasted, which [`Decoder::pasted`] has.
    Pasted,
    /// Another one, which does nothing.
    Other,
}

/// Puts octets together to keys.
#[derive(Default)]
pub struct Decoder {
    pending: [u8; MOST],
    length: usize,
    pasting: Option<Pasting>,
    pasted: Option<Paste>,
}

/// A paste that has not ended.
#[derive(Default)]
struct Pasting {
    paste: Paste,
    /// Octets of the end that came.
    ending: usize,
    /// Times that nothing came.
    silent: usize,
}

impl Decoder {
    /// Takes the next octet; the key that it completes.
    pub fn push(&mut self, octet: u8) -> Option<Key> {
        if let Some(pasting) = &mut self.pasting {
            return pasting.push(octet).then(|| self.end_paste());
        }
        if let Some(place) = self.pending.get_mut(self.length) {
            *place = octet;
            self.length += 1;
        }
        if self.pending.get(..self.length) == Some(BEGIN) {
            self.forget();
            self.pasting = Some(Pasting::default());
            return None;
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
        if let Some(pasting) = &mut self.pasting {
            // A terminal that never sends the end would leave nobody a keyboard.
            pasting.silent += 1;
            if pasting.silent < MOST_SILENT {
                return None;
            }
            pasting.paste.refuse("without an end");
            return Some(self.end_paste());
        }
        let alone = self.pending.get(..self.length) == Some(&[ESCAPE]);
        let waiting = self.is_waiting();
        self.forget();
        waiting.then_some(if alone { Key::Escape } else { Key::Other })
    }

    /// Whether more octets are wanted.
    pub const fn is_waiting(&self) -> bool {
        self.length > 0
    }

    /// What was pasted, once.
    pub fn pasted(&mut self) -> Option<Paste> {
        self.pasted.take()
    }

    /// What is being pasted is for nobody, to its end; what follows then are keys again.
    pub fn spoil(&mut self) {
        self.forget();
        self.pasted = None;
        if let Some(pasting) = &mut self.pasting {
            pasting.paste.refuse("that began before the question came");
        }
    }

    fn end_paste(&mut self) -> Key {
        self.pasted = self.pasting.take().map(|pasting| pasting.paste);
        Key::Pasted
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

impl Pasting {
    /// Takes the next octet; whether it was the last one of the end.
    fn push(&mut self, octet: u8) -> bool {
        self.silent = 0;
        if END.get(self.ending) == Some(&octet) {
            self.ending += 1;
            return self.ending == END.len();
        }
        // What began as the end was none.
        let begun = std::mem::take(&mut self.ending);
        END.iter().take(begun).for_each(|octet| self.paste.push(*octet));
        if octet == ESCAPE {
            self.ending = 1;
        } else {
            self.paste.push(octet);
        }
        false
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
/// What a terminal sends before a paste, and after it (xterm's bracketed paste mode).
const BEGIN: &[u8] = b"\x1b[200~";
const END: &[u8] = b"\x1b[201~";
/// Pauses without an octet, five seconds of them, after which a paste has no end.
const MOST_SILENT: usize = 20;
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

    fn push_all(decoder: &mut Decoder, octets: &[u8]) {
        for octet in octets {
            decoder.push(*octet);
        }
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
    fn a_paste_is_no_keys_from_its_beginning_to_its_end() {
        let mut decoder = Decoder::default();
        let mut keys = Vec::new();
        for octet in b"a\x1b[200~sign\rsi\x1b\x1b[20\x03\x1b[A\x1b[200~\r\x1b\x1b[201~b\x1b[201~" {
            keys.extend(decoder.push(*octet));
            if decoder.pasting.is_some() {
                assert!(decoder.pause().is_none() && !decoder.is_waiting());
            }
        }
        assert_eq!(keys, [Key::Char('a'), Key::Pasted, Key::Char('b'), Key::Other]);
        let why = decoder.pasted().unwrap().line().unwrap_err();
        assert_eq!(why, "a paste of 3 lines was not taken, since each prompt wants one line");
        assert!(decoder.pasted().is_none());

        push_all(&mut decoder, b"\x1b[200~sign\r\x1b[201~");
        assert_eq!(decoder.pasted().unwrap().line(), Ok("sign"));
    }

    #[test]
    fn a_paste_without_an_end_or_for_nobody_gives_the_keyboard_back_and_is_not_taken() {
        let mut decoder = Decoder::default();
        push_all(&mut decoder, b"\x1b[200~sign");
        for _ in 1..MOST_SILENT {
            assert_eq!(decoder.pause(), None);
        }
        assert_eq!(decoder.pause(), Some(Key::Pasted));
        assert_eq!(decoder.pasted().unwrap().line().unwrap_err(), "a paste without an end was not taken");
        assert_eq!(decoder.push(b'a'), Some(Key::Char('a')));

        push_all(&mut decoder, b"\x1b[200~si");
        decoder.spoil();
        push_all(&mut decoder, b"gn\x1b[201~");
        let why = decoder.pasted().unwrap().line().unwrap_err();
        assert_eq!(why, "a paste that began before the question came was not taken");
    }

    #[test]
    fn what_nobody_knows_does_nothing() {
        assert_eq!(keys(b"\x1b[99;99Zx"), [Key::Other, Key::Char('x')]);
        assert_eq!(keys(b"\xffx"), [Key::Other, Key::Char('x')]);
        assert_eq!(keys(b"\x1b[1;2;3;4;5;6;7~").first(), Some(&Key::Other));
    }
}
