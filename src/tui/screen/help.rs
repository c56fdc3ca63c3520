//! What keys do, and what words can be said.

use super::super::document::{Document, Tone};

/// The page.
pub(super) fn document() -> Document {
    let mut document = Document::new();
    document.say(Tone::Strong, "How to go on").space();
    for text in [
        "Read what stands in the middle. Enter turns the page.",
        "At its end Enter opens the answer of the person who is named.",
        "Type the word that stands there, letter by letter, and Enter. Nothing else goes on.",
        "Esc leaves the answer. no declines. Nothing happens by a single key.",
    ] {
        document.aside(Tone::Plain, 2, text);
    }
    document.space().say(Tone::Strong, "Keys, while nothing is being typed");
    for (key, what) in KEYS {
        document.aside(Tone::Plain, 2, format!("{key:<11}{what}"));
    }
    document.space().say(Tone::Strong, "What the marks mean");
    for text in [
        "x  done, or present        >  now        *  new today, unknown when the plan was reviewed",
        "!  something is wrong, and is asked again",
        "IN  somebody is logged in to the token",
    ] {
        document.aside(Tone::Plain, 2, text);
    }
    document
}

const KEYS: [(&str, &str); 9] = [
    ("?", "this page"),
    ("e", "exception: something is otherwise than the script says; Esc leaves it unrecorded"),
    ("p", "pause: everybody is logged out, and the screen is locked"),
    ("l", "the log, record by record"),
    ("i", "what was shown to be compared, card by card"),
    ("b", "who we are: program, modules, plan and site in words"),
    ("q", "stop here; `rootrite resume` goes on later"),
    ("arrows", "up and down, a row or with PgUp and PgDn a page"),
    ("Ctrl-L", "draw the screen anew"),
];
