//! Lines of a table's cell: words, and between them the names that stand in back-ticks, set as values are.

use super::face::{Faces, Style};
use super::layout::Setting;
use crate::paper::document::{parted_names, spelled};

/// A part of a line that is set in one way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) setting: Setting,
    pub(super) text: String,
}

/// Lines of a cell, each made of runs.
pub(super) type Lines = Vec<Vec<Run>>;

/// Words in lines of a width. A name is set as `names` says, without its back-ticks; a word that is too long is parted.
pub(super) fn lines(faces: &Faces, said: &str, setting: Setting, names: Setting, room: f32) -> Lines {
    let mut lines: Lines = vec![Vec::new()];
    let mut used = 0.0;
    for word in words(faces, said, setting, names) {
        let space = faces.width(setting.style, setting.size, " ");
        let width: f32 = word.iter().map(|run| width(faces, run)).sum();
        let begun = lines.last().is_some_and(|line| !line.is_empty());
        if begun && used + space + width <= room {
            push(&mut lines, &Run { setting, text: " ".into() });
            used += space;
        } else if begun {
            lines.push(Vec::new());
            used = 0.0;
        }
        for run in word {
            for text in pieces(faces, run.setting.style, run.setting.size, &run.text, room) {
                let piece = Run { text, ..run.clone() };
                let width = self::width(faces, &piece);
                if used > 0.0 && used + width > room {
                    lines.push(Vec::new());
                    used = 0.0;
                }
                used += width;
                push(&mut lines, &piece);
            }
        }
    }
    lines
}

/// How wide a run is.
pub(super) fn width(faces: &Faces, run: &Run) -> f32 {
    faces.width(run.setting.style, run.setting.size, &run.text)
}

/// A word in pieces that fit in a line.
pub(super) fn pieces(faces: &Faces, style: Style, size: f32, word: &str, room: f32) -> Vec<String> {
    if faces.width(style, size, word) <= room {
        return vec![word.to_owned()];
    }
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for letter in word.chars() {
        piece.push(letter);
        if faces.width(style, size, &piece) > room && piece.chars().count() > 1 {
            piece.pop();
            pieces.push(std::mem::replace(&mut piece, letter.to_string()));
        }
    }
    pieces.push(piece);
    pieces
}

/// What stands between spaces, each word in runs: a name may have a full stop right behind it.
fn words(faces: &Faces, said: &str, setting: Setting, names: Setting) -> Vec<Vec<Run>> {
    let mut words: Vec<Vec<Run>> = vec![Vec::new()];
    for (is_name, part) in parted_names(said) {
        let setting = if is_name { names } else { setting };
        let part = spelled(part, |letter| faces.has(setting.style, letter));
        for (place, text) in part.split(' ').enumerate() {
            if place > 0 {
                words.push(Vec::new());
            }
            if let (false, Some(word)) = (text.is_empty(), words.last_mut()) {
                word.push(Run { setting, text: text.to_owned() });
            }
        }
    }
    words
}

/// Adds to the last line; what is set like the run before is one with it.
fn push(lines: &mut Lines, run: &Run) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some(last) if last.setting == run.setting => last.text.push_str(&run.text),
        _ => line.push(run.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Setting = Setting { style: Style::Words, size: 8.5, lead: 11.5 };
    const NAMES: Setting = Setting { style: Style::Exact, size: 7.6, lead: 10.5 };

    fn set(said: &str, room: f32) -> Vec<Vec<(Style, String)>> {
        let faces = Faces::read().unwrap();
        let lines = lines(&faces, said, WORDS, NAMES, room);
        for line in &lines {
            let used: f32 = line.iter().map(|run| width(&faces, run)).sum();
            assert!(used <= room, "{line:?}");
        }
        let line = |line: Vec<Run>| line.into_iter().map(|run| (run.setting.style, run.text)).collect();
        lines.into_iter().map(line).collect()
    }

    fn run(style: Style, text: &str) -> (Style, String) {
        (style, text.to_owned())
    }

    #[test]
    fn a_name_in_back_ticks_is_set_as_a_value_without_them() {
        let line = &set("Sign `root-x1` with `a b`.", 400.0)[0];
        let wanted = [
            run(Style::Words, "Sign "),
            run(Style::Exact, "root-x1"),
            run(Style::Words, " with "),
            run(Style::Exact, "a"),
            run(Style::Words, " "),
            run(Style::Exact, "b"),
            run(Style::Words, "."),
        ];
        assert_eq!(*line, wanted);
    }

    #[test]
    fn back_ticks_that_are_no_pair_stand_as_they_are() {
        assert_eq!(set("one ` alone", 400.0), [[run(Style::Words, "one ` alone")]]);
    }

    #[test]
    fn no_word_is_lost_and_a_stop_stays_with_its_name() {
        let said: Vec<String> = (0..200).map(|number| format!("`name-{number}`, word{number}")).collect();
        let lines = set(&format!("{}, {}", said.join(" "), "x".repeat(300)), 120.0);
        let all: Vec<String> =
            lines.iter().map(|line| line.iter().map(|(_, text)| &**text).collect()).collect();
        assert!(all.iter().all(|line| !line.starts_with(',')), "{all:?}");
        assert_eq!(all.concat().matches('x').count(), 300);
        let joined = all.join(" ");
        assert!((0..200).all(|number| joined.contains(&format!("name-{number}, word{number}"))), "{joined}");
    }
}
