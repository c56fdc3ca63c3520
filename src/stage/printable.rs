//! What devices and the system say, as a record of the log can hold it.

/// What a record can hold of words that a driver, a token or the system chose: what nobody could see or read aloud is
/// shown as U+FFFD, and what would not fit into a line ends with `…`. A text that the log refused would hide the very
/// error that it is about, and leave its intent open.
pub(super) fn printable(text: &str) -> String {
    let visible = |character| if is_hidden(character) { char::REPLACEMENT_CHARACTER } else { character };
    let mut shown: String = text.chars().take(MOST_WORDS).map(visible).collect();
    if text.chars().nth(MOST_WORDS).is_some() {
        shown.push('…');
    }
    shown
}

/// Controls, and what changes or hides what one sees: what the log format forbids (§2).
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters of a text that fit into a line of the log, 16 KiB, with all that stands around them.
const MOST_WORDS: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_driver_says_fits_into_a_record() {
        assert_eq!(printable("pin\u{202e}\u{200b}\u{1b}[2J"), "pin\u{fffd}\u{fffd}\u{fffd}[2J");
        assert_eq!(printable("Prüf \u{a0}1"), "Prüf \u{a0}1");
        let shown = printable(&"\u{1f511}".repeat(20_000));
        assert!(shown.ends_with('…') && shown.len() < 10_000, "{} octets", shown.len());
        for character in ('\0'..=char::MAX).filter(|character| ceremony_log::json::forbidden(*character)) {
            assert!(is_hidden(character), "{character:?}");
        }
    }
}
