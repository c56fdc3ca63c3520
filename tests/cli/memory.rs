//! PINs and shares in the memory of the program: once they were used they are nowhere in it, while the ceremony goes on.

use std::collections::BTreeMap;

use rootrite::share::{Hand, Passphrase, read};

use crate::common::SoftHsm;
use crate::common::memory::{copies, descendants};
use crate::pin_shares;
use crate::room::{Room, Wanted, usual};
use crate::sight::{Asked, Sight};
use crate::table::{FIRST, OFFICER, Table, USER};

/// The program that a process is or has started; not its modules, which keep what they keep.
fn program(process: u32) -> u32 {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let mut all = descendants(process);
    all.push((process, String::from_utf8_lossy(&line).replace('\0', " ")));
    let program = |line: &str| line.starts_with(env!("CARGO_BIN_EXE_rootrite")) && !line.contains("__module");
    let programs: Vec<u32> = all.iter().filter(|(_, line)| program(line)).map(|(id, _)| *id).collect();
    let [program] = programs.as_slice() else { panic!("the program is not one of {all:?}") };
    *program
}

/// Looks for secrets in the program. False where this test may not look.
fn nowhere(process: u32, secrets: &BTreeMap<String, String>) -> bool {
    let program = program(process);
    // What is there is found: otherwise nothing is said by what is not.
    match copies(program, b"script.yaml") {
        None => return false,
        Some(found) => assert!(found > 0),
    }
    for (what, secret) in secrets {
        let found = copies(program, secret.as_bytes()).unwrap();
        assert_eq!(found, 0, "{what} is in the memory of the program");
    }
    true
}

fn typed_pins() -> BTreeMap<String, String> {
    let pins = [("the user's PIN", USER), ("the first PIN", FIRST), ("the security officer's PIN", OFFICER)];
    pins.into_iter().map(|(what, pin)| (what.to_owned(), pin.to_owned())).collect()
}

#[test]
fn pins_and_shares_that_were_used_are_nowhere_in_the_program() {
    let table = pin_shares::table();
    let mut holders = pin_shares::Holders::default();
    let mut room = Room::open(&table, pin_shares::PRACTICE);
    let (mut looked, mut held) = (0, 0);
    while let Some(question) = room.question() {
        // While the PIN is dealt the program has the first one still, once, and it is seen that it has.
        if matches!(&question.wanted, Wanted::Secret(prompt) if prompt.contains("back")) && held == 0 {
            let Some(found) = copies(program(room.process()), FIRST.as_bytes()) else { return };
            assert_eq!(found, 1);
            held += 1;
        }
        // Every token is open by now, and both certificates are to be signed.
        if question.wanted == Wanted::Word("sign".into()) {
            let mut secrets = typed_pins();
            let mut hand = Hand::new();
            for (who, sheet) in &holders.sheets {
                let groups: Vec<&str> = sheet.split(' ').skip(1).collect();
                secrets.insert(format!("the share of {who}"), groups[..2].join(" "));
                secrets
                    .insert(format!("the end of the share of {who}"), groups[groups.len() - 2..].join(" "));
                if hand.missing() != Some(0) {
                    hand.lay(read(sheet.as_bytes()).unwrap()).unwrap();
                }
            }
            let pin = hand.combine(&Passphrase::none()).unwrap();
            let pin = pin.expose(|pin| String::from_utf8(pin.to_vec()).unwrap());
            secrets.insert("the PIN that the shares put together".to_owned(), pin);
            assert_eq!(secrets.len(), 3 + 6 + 1);
            if !nowhere(room.process(), &secrets) {
                return;
            }
            looked += 1;
        }
        let answer = holders.answer(&question).unwrap_or_else(|| usual(&question));
        room.type_line(&answer);
    }
    let _ = room.end().with(0);
    assert!(looked > 0 && held > 0);
}

/// A PIN that no buffer had room for from the beginning: what grew would have left a part of it behind.
const LONG: &str = "0kXw-a-long-pin-7Qz5mV-of-many-characters-9Rt2-and-more-Lq81";

/// Parts of it, one for each place where a copy could have been cut.
fn parts_of_the_long_pin() -> BTreeMap<String, String> {
    [0, 18, 48].map(|from| (format!("the PIN from {from} on"), LONG[from..from + 10].to_owned())).into()
}

fn table_with_the_long_pin() -> Table {
    let table = Table::with(SoftHsm::new().token("root", LONG, OFFICER).token("log", LONG, OFFICER)).now();
    table.write("site.yaml", table.site());
    table
}

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice";

#[test]
fn a_pin_that_was_typed_beside_prompts_is_nowhere_in_the_program_nor_a_part_of_it() {
    let table = table_with_the_long_pin();
    let mut room = Room::open(&table, &format!("{RUN} --plain"));
    let (mut looked, mut typed) = (0, 0);
    while let Some(question) = room.question() {
        if question.wanted == Wanted::Word("sign".into()) && looked == 0 {
            assert_eq!(typed, 2, "both tokens are open");
            if !nowhere(room.process(), &parts_of_the_long_pin()) {
                return;
            }
            looked += 1;
        }
        let answer = match &question.wanted {
            Wanted::Pin(_) => {
                typed += 1;
                LONG.to_owned()
            }
            _ => usual(&question),
        };
        room.type_line(&answer);
    }
    let _ = room.end().with(0);
    assert!(looked > 0);
}

#[test]
fn a_pin_that_was_typed_at_the_screen_is_nowhere_in_the_program_nor_a_part_of_it() {
    let table = table_with_the_long_pin();
    let (mut looked, mut typed) = (0, 0);
    let _ = Sight::open(&table, RUN, (80, 24))
        .go_on(|sight, asked| {
            if *asked == Asked::Word("sign".into()) && looked == 0 {
                assert_eq!(typed, 2, "both tokens are open");
                let _ = nowhere(sight.process(), &parts_of_the_long_pin());
                looked += 1;
            }
            let Asked::Pin(_) = asked else { return None };
            typed += 1;
            Some(format!("{LONG}\r"))
        })
        .with(0);
    assert_eq!(looked, 1);
}
