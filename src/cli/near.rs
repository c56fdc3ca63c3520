//! What was meant where the command line has an option or a command that does not exist: the nearest that there is.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The same refusal, and what was probably meant; `words` are those of the command line, the program's own name first.
pub fn with_nearest(
    mut error: clap::Error,
    program: &clap::Command,
    words: impl IntoIterator<Item = OsString>,
) -> clap::Error {
    let mut command = program;
    for word in words.into_iter().skip(1) {
        let Some(further) = word.to_str().and_then(|word| command.find_subcommand(word)) else { break };
        command = further;
    }
    match (error.kind(), error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(found)), _) => {
            let options =
                command.get_arguments().filter_map(clap::Arg::get_long).map(|name| format!("--{name}"));
            if let Some(near) = nearest(found, options) {
                // That it could be passed as a value would lead elsewhere.
                let _ = error.remove(ContextKind::Suggested);
                let _ = error.insert(ContextKind::SuggestedArg, ContextValue::String(near));
            }
        }
        (ErrorKind::InvalidSubcommand, _, Some(ContextValue::String(found))) => {
            let names = command.get_subcommands().map(|command| command.get_name().to_owned());
            if let Some(near) = nearest(found, names) {
                let _ = error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
            }
        }
        _ => {}
    }
    error
}

/// The known word that is reached by the fewest changed letters, if that are few.
fn nearest(found: &str, known: impl Iterator<Item = String>) -> Option<String> {
    if found.len() > LONGEST {
        return None;
    }
    let near = known.map(|word| (distance(found, &word), word)).min()?;
    (near.0 <= MOST_CHANGES).then_some(near.1)
}

/// How many letters have to be changed, added or taken away.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (place, left) in from.chars().enumerate() {
        let (mut before, mut last) = (place, place + 1);
        let mut next = vec![last];
        for (right, above) in to.chars().zip(row.iter().skip(1)) {
            let here = (before + usize::from(left != right)).min(above + 1).min(last + 1);
            (before, last) = (*above, here);
            next.push(here);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Two letters that changed places are two changes.
const MOST_CHANGES: usize = 2;
/// No option is as long.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (from, to, changes) in [
            ("", "", 0),
            ("show", "sohw", 2),
            ("practise", "practice", 1),
            ("log", "", 3),
            ("due", "draft", 4),
        ] {
            assert_eq!((distance(from, to), distance(to, from)), (changes, changes), "{from} {to}");
        }
    }
}
