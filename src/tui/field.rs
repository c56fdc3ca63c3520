//! Where people type: a field that shows what is typed, and one that never does.

use super::keys::Key;
use crate::secret::SecretOctets;

/// A line that shows what is typed.
#[derive(Clone, Debug, Default)]
pub struct Field {
    text: Vec<char>,
    cursor: usize,
}

impl Field {
    /// What was typed.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Where the next character goes.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// How many more characters it takes.
    pub const fn room(&self) -> usize {
        MOST_CHARACTERS.saturating_sub(self.text.len())
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// Replaces what was typed.
    pub fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) {
        let end = self.text.len();
        match key {
            Key::Char(character) if end < MOST_CHARACTERS => {
                self.text.insert(self.cursor.min(end), character);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < end => {
                self.text.remove(self.cursor);
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(end),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = end,
            Key::Clear => self.clear(),
            _ => {}
        }
    }
}

/// A line that never shows what is typed, and has no text that anybody could draw.
pub struct SecretField {
    octets: SecretOctets,
    full: bool,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { octets: SecretOctets::empty(), full: false }
    }
}

impl SecretField {
    /// Whether something was typed: all that a screen may know.
    pub const fn is_begun(&self) -> bool {
        !self.octets.is_empty()
    }

    /// Whether more was typed than there is room for.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) {
        match key {
            Key::Char(character) => {
                let mut octets = zeroize::Zeroizing::new([0; 4]);
                let length = character.encode_utf8(octets.as_mut()).len();
                for octet in octets.iter().take(length) {
                    self.full |= !self.octets.push(*octet);
                }
            }
            Key::Backspace => self.octets = self.without_last(),
            Key::Clear => *self = Self::default(),
            _ => {}
        }
    }

    /// Lends what was typed, to be judged where it lies.
    pub fn expose<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        self.octets.expose(read)
    }

    /// What was typed; the field is empty afterwards.
    pub fn take(&mut self) -> SecretOctets {
        std::mem::take(self).octets
    }

    /// All but the last character.
    fn without_last(&self) -> SecretOctets {
        self.octets.expose(|octets| {
            let end = octets.iter().rposition(|octet| *octet & 0xc0 != 0x80).unwrap_or(0);
            let kept = octets.get(..end).unwrap_or_default();
            SecretOctets::read(kept).unwrap_or_else(SecretOctets::empty)
        })
    }
}

/// Characters that a line takes.
pub const MOST_CHARACTERS: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> Field {
        let mut field = Field::default();
        for key in keys {
            field.press(*key);
        }
        field
    }

    #[test]
    fn a_line_is_edited_anywhere() {
        let [a, b, c] = ['a', 'b', 'é'].map(Key::Char);
        assert_eq!(typed(&[a, c, Key::Left, b, Key::Home, Key::Delete]).text(), "bé");
        assert_eq!(typed(&[Key::Backspace, Key::Delete, Key::Left, a, Key::Right, b]).text(), "ab");
        assert_eq!(typed(&[a, b, Key::Clear, c]).text(), "é");
    }

    #[test]
    fn a_secret_is_what_was_typed_and_backspace_takes_a_character() {
        let mut field = SecretField::default();
        for key in [Key::Char('1'), Key::Char('é'), Key::Backspace, Key::Char('2'), Key::Left] {
            field.press(key);
        }
        assert!(field.is_begun());
        assert!(field.take().expose(|octets| octets == b"12"));
        assert!(!field.is_begun());
    }

    #[test]
    fn a_secret_that_is_too_long_is_known_to_be() {
        let mut field = SecretField::default();
        (0..SecretOctets::MAX_OCTETS).for_each(|_| field.press(Key::Char('x')));
        assert!(!field.is_full());
        field.press(Key::Char('x'));
        assert!(field.is_full());
    }
}
