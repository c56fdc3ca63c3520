//! Strings of canonical JSON: how they are written, in which order keys stand, which characters are forbidden.

use std::cmp::Ordering;
use std::fmt::Write as _;

/// Whether a character may not stand in a string: controls, and what changes or hides what one sees.
///
/// Controls are Unicode's general category Cc (C0, DEL, C1). The others are the bidirectional controls of
/// UAX #9 and the zero-width and invisible characters, line and paragraph separators included.
pub const fn forbidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The order of keys: by UTF-16 code units (RFC 8785 §3.2.3).
pub fn order(one: &str, other: &str) -> Ordering {
    // Where the first difference has ASCII on one side, UTF-8 and UTF-16 agree.
    if one.is_ascii() || other.is_ascii() {
        return one.cmp(other);
    }
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Appends `text` in quotes, with the escapes of RFC 8785 §3.2.2.2 and no others.
pub fn write(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|octet| octet >= 0x20 && octet != b'"' && octet != b'\\') {
        out.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{8}' => out.push_str("\\b"),
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\u{c}' => out.push_str("\\f"),
                '\r' => out.push_str("\\r"),
                // Writing to a String cannot fail.
                '\0'..='\u{1f}' => drop(write!(out, "\\u{:04x}", u32::from(character))),
                _ => out.push(character),
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_rfc_8785() {
        let mut out = String::new();
        write("\u{8}\t\n\u{c}\r\u{1}\u{1f}\"\\/\u{7f}€", &mut out);
        assert_eq!(out, "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\\"\\\\/\u{7f}€\"");
    }

    #[test]
    fn both_ends_of_each_forbidden_range_are_forbidden_and_their_neighbours_are_not() {
        for (first, last) in [
            (0x00, 0x1f),
            (0x7f, 0x9f),
            (0xad, 0xad),
            (0x34f, 0x34f),
            (0x61c, 0x61c),
            (0x180e, 0x180e),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x206f),
            (0xfeff, 0xfeff),
            (0xfff9, 0xfffb),
            (0xe0000, 0xe007f),
        ] {
            let at = |point: u32| char::from_u32(point).unwrap();
            assert!(forbidden(at(first)) && forbidden(at(last)), "{first:x} to {last:x}");
            assert!(!forbidden(at(last + 1)), "after {last:x}");
            assert!(first == 0 || !forbidden(at(first - 1)), "before {first:x}");
        }
    }

    #[test]
    fn supplementary_characters_come_before_the_end_of_the_basic_plane() {
        assert_eq!(order("\u{1f600}", "\u{fb33}"), Ordering::Less);
        assert_eq!(order("a", "b"), Ordering::Less);
    }
}
