//! Random keys against the screens: whatever is pressed, nothing is approved, declined, put off, typed or left but by the keys
//! that say so. What they say is worked out here a second time, from the keys alone.

use std::sync::mpsc::{Receiver, channel};

use super::desk::{Mode, Open};
use super::frame::Geometry;
use super::keys::Key;
use super::talk::{Message, SecretKind, SecretQuestion};
use super::tests::{SMALL, Scene};
use crate::secret::SecretOctets;
use crate::stage::{Aside, Expected, NoAnswer, PinKind};

/// What is pressed at a time.
fn pressed(next: &mut impl FnMut() -> usize, word: &str) -> Vec<Key> {
    let keys = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
    match next() % 100 {
        0..50 => vec![single(next)],
        50..65 => vec![Key::End, Key::Enter],
        65..70 => vec![Key::Interrupt],
        _ => {
            let other = WORDS[next() % WORDS.len()];
            let text = match next() % 16 {
                0..3 => word.to_owned(),
                3 => word.to_uppercase(),
                4 => format!("{word} "),
                5 => format!(" {word}"),
                6 => part(word, 0, word.len() - 1),
                7 => format!("{word}{word}"),
                8 => part(word, 0, 1),
                9 => "no".to_owned(),
                10 => "leave".to_owned(),
                11 => "exception".to_owned(),
                12 => "pause".to_owned(),
                13 => part(word, 1, word.len()),
                _ => other.to_owned(),
            };
            let mut all = keys(&text);
            if next().is_multiple_of(4) {
                let at = next() % all.len();
                all.insert(at, single(next));
            }
            if !next().is_multiple_of(5) {
                all.push(Key::Enter);
            }
            all
        }
    }
}

/// Letters of a word.
fn part(word: &str, from: usize, to: usize) -> String {
    word.chars().take(to).skip(from).collect()
}

fn single(next: &mut impl FnMut() -> usize) -> Key {
    match next() % 1_000 {
        0..500 => Key::Char(char::from(b' ' + u8::try_from(next() % 95).unwrap())),
        500..620 => Key::Enter,
        620..640 => Key::Escape,
        other => [
            Key::Tab,
            Key::Backspace,
            Key::Delete,
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::Home,
            Key::End,
            Key::PageUp,
            Key::PageDown,
            Key::Interrupt,
            Key::Suspend,
            Key::Clear,
            Key::Redraw,
            Key::Other,
        ][other % 16],
    }
}

/// The line that these keys make.
fn line(keys: &[Key]) -> String {
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            Key::Char(character) => before.push(*character),
            Key::Backspace => drop(before.pop()),
            Key::Delete => drop(behind.pop()),
            Key::Left => behind.extend(before.pop()),
            Key::Right => before.extend(behind.pop()),
            Key::Home => behind.extend(before.drain(..).rev()),
            Key::End => before.extend(behind.drain(..).rev()),
            Key::Clear => (before, behind) = (Vec::new(), Vec::new()),
            _ => {}
        }
    }
    before.extend(behind.into_iter().rev());
    before.into_iter().collect()
}

/// A secret has no cursor.
fn hidden(keys: &[Key]) -> String {
    let counts = |key: &&Key| matches!(key, Key::Char(_) | Key::Backspace | Key::Clear);
    line(&keys.iter().filter(counts).copied().collect::<Vec<_>>())
}

/// Without what was pressed from Control and C to Escape: it goes back to what was being typed.
fn as_typed(keys: &[Key]) -> Vec<Key> {
    let (mut typed, mut beside) = (Vec::new(), false);
    for key in keys {
        match key {
            Key::Interrupt => beside = true,
            Key::Escape if beside => beside = false,
            _ if beside => {}
            key => typed.push(*key),
        }
    }
    typed
}

/// The keys between the last two Enters, if the last of all is one and nothing between them leaves the answer.
fn between(keys: &[Key]) -> Option<Vec<Key>> {
    keys.last().filter(|key| **key == Key::Enter)?;
    let keys = as_typed(keys);
    let (Key::Enter, before) = keys.split_last()? else { return None };
    let opened = before.iter().rposition(|key| *key == Key::Enter)?;
    let typed = &before[opened + 1..];
    (!typed.contains(&Key::Escape)).then(|| typed.to_vec())
}

/// Whether the keys say that something is otherwise, or pause: by the letter and Enter, or by the word as an answer.
fn is_put_off(keys: &[Key], aside: Aside) -> bool {
    let (letter, word) = match aside {
        Aside::Exception => ('e', "exception"),
        Aside::Pause => ('p', "pause"),
    };
    let Some((Key::Enter, before)) = keys.split_last() else { return false };
    let last = before.iter().rposition(|key| *key == Key::Char(letter));
    let by_letter = |at: usize| {
        // What is pressed once it is asked about is for nobody.
        !before[at..].iter().any(|key| matches!(key, Key::Enter | Key::Escape | Key::Interrupt))
    };
    last.is_some_and(by_letter) || between(keys).is_some_and(|typed| line(&typed) == word)
}

/// Whether the keys say that somebody stops: Control and C or `q`, and then the word.
fn is_leaving(keys: &[Key]) -> bool {
    let begins = |at: &usize| matches!(keys[*at], Key::Interrupt | Key::Char('q'));
    keys.last() == Some(&Key::Enter)
        && (0..keys.len()).filter(begins).any(|at| line(&keys[at + 1..]) == "leave")
}

/// What is asked, and where the answer comes.
enum Asked {
    Word(&'static str),
    Secret(Receiver<Result<SecretOctets, NoAnswer>>),
}

/// A question about one of the words, or now and then a secret.
fn ask(scene: &mut Scene, number: usize) -> Asked {
    if number % 5 == 4 {
        let (reply, answers) = channel();
        let kind = if number.is_multiple_of(2) { SecretKind::Pin } else { SecretKind::Share };
        let question = SecretQuestion {
            kind,
            pin: PinKind::User,
            person: scene.person("cy"),
            sentence: "A secret of token `root`".into(),
            lines: Vec::new(),
            empty: None,
        };
        scene.desk.hear(Message::AskSecret(Box::new(question), reply));
        return Asked::Secret(answers);
    }
    let word = WORDS[number % WORDS.len()];
    let lines = scene.fields();
    scene.ask("bo", "Sign the certificate `root-x1`?", lines, Expected::Word(word));
    Asked::Word(word)
}

/// What came of it all.
#[derive(Debug, Default)]
struct Came {
    approved: u32,
    declined: u32,
    put_off: u32,
    secrets: u32,
    left: u32,
}

/// Whether an answer came, which has to be what the keys say.
fn answered(scene: &Scene, asked: &Asked, keys: &[Key], came: &mut Came) -> bool {
    let put_off = |aside: Aside| assert!(is_put_off(keys, aside), "{aside:?}: {keys:?}");
    match asked {
        Asked::Word(word) => match scene.answer() {
            None => return false,
            Some(Ok(answer)) => {
                assert_eq!(answer, *word);
                let typed = between(keys).map(|typed| line(&typed));
                assert_eq!(typed.as_deref(), Some(*word), "approved by {keys:?}");
                came.approved += 1;
            }
            Some(Err(NoAnswer::Declined { .. })) => {
                let typed = between(keys).map(|typed| line(&typed));
                assert_eq!(typed.as_deref(), Some("no"), "declined by {keys:?}");
                came.declined += 1;
            }
            Some(Err(NoAnswer::Aside(aside))) => {
                put_off(aside);
                came.put_off += 1;
            }
            other => panic!("{other:?}: {keys:?}"),
        },
        Asked::Secret(answers) => match answers.try_recv() {
            Err(_) => return false,
            Ok(Ok(secret)) => {
                let typed = between(keys).map_or_else(|| panic!("given by {keys:?}"), |typed| hidden(&typed));
                // A share's words are completed from the list.
                let begins = secret.expose(|octets| octets.first() == typed.as_bytes().first());
                assert!(!typed.is_empty() && begins, "given by {keys:?}");
                came.secrets += 1;
            }
            Ok(Err(NoAnswer::Aside(aside))) => {
                put_off(aside);
                came.put_off += 1;
            }
            Ok(other) => panic!("{:?}: {keys:?}", other.err()),
        },
    }
    true
}

/// An answer opens by Enter, with the end of the card in sight and no page in front of it.
fn opens_at_the_end(scene: &mut Scene, key: Key) {
    let reading = matches!(scene.desk.mode(), Mode::Reading);
    let (scroll, page) = (scene.desk.scroll(), scene.desk.page());
    scene.desk.press(key);
    if reading && matches!(scene.desk.mode(), Mode::Typing(_) | Mode::Hidden(_)) {
        let geometry = Geometry::of(SMALL.0, SMALL.1);
        let last = scene.desk.document().lay(geometry.width()).last(geometry.window());
        let at_end = scroll >= last && page.is_none();
        assert!(at_end && key == Key::Enter, "opened by {key:?}, at the end: {at_end}");
        let fresh = match scene.desk.mode() {
            Mode::Typing(field) => field.text().is_empty(),
            Mode::Hidden(field) => !field.is_begun(),
            _ => false,
        };
        assert!(fresh, "something was typed before the answer opened");
    }
}

#[test]
fn a_hundred_thousand_keys_do_only_what_they_say() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 16 & 0xffff_ffff).unwrap()
    };
    let (mut came, mut scene, mut asked) = (Came::default(), Scene::begun(SMALL), 0);
    scene.at("2.3", 6);
    let (mut question, mut keys, mut pressed_keys) = (None, Vec::new(), 0);
    while pressed_keys < 100_000 {
        if scene.desk.open().is_none() {
            question = Some(ask(&mut scene, asked));
            asked += 1;
            keys.clear();
        }
        let word = match &question {
            Some(Asked::Word(word)) => word,
            _ => "secret",
        };
        for key in pressed(&mut next, word) {
            pressed_keys += 1;
            keys.push(key);
            opens_at_the_end(&mut scene, key);
            if scene.desk.is_left() {
                assert!(is_leaving(&keys), "left by {keys:?}");
                came.left += 1;
                scene.again();
                scene.at("2.3", 6);
                break;
            }
            if answered(&scene, question.as_ref().unwrap(), &keys, &mut came) {
                break;
            }
            assert!(!matches!(scene.desk.open(), None | Some(Open::Ended(_))), "nothing is asked: {keys:?}");
        }
    }
    let Came { approved, declined, put_off, secrets, left } = came;
    for count in [approved, declined, put_off, secrets, left] {
        assert!(count > 20, "too little happened to say anything: {came:?}");
    }
}

const WORDS: [&str; 9] =
    ["sign", "approve", "destroy", "revoke", "accept", "adopt", "close", "deviate", "again"];
