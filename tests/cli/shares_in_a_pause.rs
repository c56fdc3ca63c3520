//! A pause, or the program's end, while the shares of a key are typed: nothing of them outlasts it, and each is typed again.

use serde_json::Value;

use crate::backup::{
    ALL, Holders, LATER, PRACTICE, RESUME, count, events, later, nothing_is_left, of, on_paper, pids_in,
    site_for_later, table, table_after,
};
use crate::common::memory::{copies, descendants};
use crate::room::{Question, Room, Wanted};

/// Who is asked for the share that they keep.
fn asked(question: &Question) -> Option<String> {
    let Wanted::Secret(prompt) = &question.wanted else { return None };
    prompt.contains("type your share").then(|| prompt.split(' ').next().unwrap().to_owned())
}

/// What the log says of pauses, in its order.
fn pauses(all: &[Value]) -> Vec<&str> {
    let notes = of(all, "log.note").into_iter().filter_map(|data| data["text"].as_str());
    notes.filter(|text| text.contains("pause")).collect()
}

/// The process of the program that a terminal was opened for, without those of its modules.
fn program_of(terminal: u32) -> u32 {
    let program = |line: &str| line.starts_with(env!("CARGO_BIN_EXE_rootrite")) && !line.contains("__module");
    let all = descendants(terminal);
    all.iter().find(|(_, line)| program(line)).unwrap().0
}

/// The value of a share of 33 words: what it is once it was read. SLIP-0039: 4 words say what it is of, 3 are its checksum, and
/// the value stands in the last bits of what is between.
fn value(words: &str) -> Vec<u8> {
    let list = include_str!("../../src/share/encoding/word_list.rs").split_once("= [").unwrap().1;
    let list: Vec<&str> = list.split('"').skip(1).step_by(2).take(1024).collect();
    let words: Vec<&str> = words.split(' ').collect();
    let numbers = words[4..30].iter().map(|word| list.iter().position(|other| other == word).unwrap());
    let bits: Vec<u8> =
        numbers.flat_map(|number| (0..10).rev().map(move |bit| u8::from(number >> bit & 1 == 1))).collect();
    bits[4..].chunks(8).map(|octet| octet.iter().fold(0, |octet, bit| octet << 1 | bit)).collect()
}

const WIPED: &str = "before a pause: the shares that were typed were wiped; each is typed again";
const PAUSED: [&str; 3] = [WIPED, "paused; nobody is logged in", "continued after a pause"];

#[test]
fn what_was_typed_is_wiped_before_a_pause_and_everybody_types_again() {
    let table = table();
    let mut holders = Holders::default();
    let (mut who, mut at_prompt, mut at_bag, mut pins) = (Vec::new(), false, false, 0);
    let mut shown = Vec::new();
    let room = Room::open(&table, PRACTICE);
    let terminal = room.process();
    // How often what the first of them has typed is in the program's memory: nothing where this test may not look.
    let in_memory = |holders: &Holders, who: &[String]| -> Option<[usize; 2]> {
        let words = &holders.sheets[&who[0]];
        let program = program_of(terminal);
        let end = words.rsplitn(3, ' ').take(2).collect::<Vec<_>>();
        let text = format!("{} {}", end[1], end[0]);
        Some([copies(program, &value(words)[..16])?, copies(program, text.as_bytes())?])
    };
    let ended = room
        .go_on(|question| {
            if let Some(one) = asked(question) {
                who.push(one);
                if who.len() == 2 && !at_prompt {
                    // While the others type it has to be there: the test sees it.
                    assert!(in_memory(&holders, &who).is_none_or(|[value, _]| value > 0));
                    at_prompt = true;
                    return Some("pause".to_owned());
                }
            }
            // The second of them has typed again, and has the sheet and the bag in their hands.
            if who.len() == 4 && !at_bag && question.shown.contains("Put your sheet into its bag") {
                at_bag = true;
                return Some("pause".to_owned());
            }
            if question.wanted == Wanted::Word("continue".into()) {
                shown.push(question.shown.clone());
                assert!(in_memory(&holders, &who).is_none_or(|found| found == [0, 0]));
            }
            pins += usize::from(question.wanted == Wanted::Pin("spare".into()) && !who.is_empty());
            holders.answer(question)
        })
        .with(0);
    assert!(at_prompt && at_bag);
    // Two, then two once more, then all three, who are the ones that were drawn.
    let drawn = &who[4..];
    assert_eq!((drawn.len(), &who[..2], &who[2..4]), (3, &drawn[..2], &drawn[..2]), "{who:?}");
    assert_eq!(shown.len(), 2);
    for text in &shown {
        assert!(text.contains("What was typed of the shares was wiped."), "{text}");
        assert!(text.contains("and the shares that were typed were wiped. Does it go on?"), "{text}");
    }
    assert_eq!(
        pins, 2,
        "nobody is logged in after a pause, and whoever logs in does before a share is typed"
    );
    let all = events(&table);
    assert_eq!(pauses(&all), PAUSED.repeat(2));
    assert_eq!((count(&all, "share.checked"), count(&all, "key.restored")), (1 + 2 + 3, 1));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn what_was_typed_is_gone_with_the_program_and_everybody_types_again() {
    let table = table();
    let mut holders = Holders::default();
    let mut who = Vec::new();
    let killed = Room::open(&table, PRACTICE).go_on(|question| {
        if let Some(one) = asked(question) {
            who.push(one);
            if who.len() == 3 {
                for pid in pids_in(&table) {
                    let _ = std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap();
                }
            }
        }
        holders.answer(question)
    });
    assert_eq!((killed.code == Some(0), who.len()), (false, 3), "{}", killed.out);
    let mut again = 0;
    let ended = Room::open(&table, RESUME)
        .go_on(|question| {
            again += usize::from(asked(question).is_some());
            holders.answer(question)
        })
        .with(0);
    assert_eq!(again, 3);
    assert_eq!(count(&events(&table), "key.restored"), 1);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn old_sheets_that_are_counted_in_are_typed_again_after_a_pause() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let mut who = Vec::new();
    let _ = Room::open(&table, LATER)
        .go_on(|question| {
            if let Some(one) = asked(question) {
                who.push(one);
                // Of five old sheets four are typed: it takes three.
                if who.len() == 5 {
                    return Some("pause".to_owned());
                }
            }
            on_paper(&table, question).or_else(|| holders.answer(question))
        })
        .with(0);
    assert_eq!(who[..10], ["h1", "h2", "h3", "h4", "h5"].repeat(2)[..], "{who:?}");
    assert_eq!(who.len(), 12, "and two of the new set who are drawn");
    assert_eq!(pauses(&events(&table)), PAUSED);
}
