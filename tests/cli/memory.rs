//! PINs and shares in the memory of the program: once they were used they are nowhere in it, while the ceremony goes on.

use std::collections::BTreeMap;

use rootrite::share::{Hand, Passphrase, read};

use crate::common::memory::{copies, descendants};
use crate::pin_shares;
use crate::room::{Room, Wanted, usual};
use crate::sight::{Asked, Sight};
use crate::table::{FIRST, OFFICER, Table, USER};

/// Looks for secrets in the program that a process is or has started; not in its modules, which keep what they keep. False where
/// this test may not look.
fn nowhere(process: u32, secrets: &BTreeMap<String, String>) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let mut all = descendants(process);
    all.push((process, String::from_utf8_lossy(&line).replace('\0', " ")));
    let program = |line: &str| line.starts_with(env!("CARGO_BIN_EXE_rootrite")) && !line.contains("__module");
    let programs: Vec<u32> = all.iter().filter(|(_, line)| program(line)).map(|(id, _)| *id).collect();
    let [program] = programs.as_slice() else { panic!("the program is not one of {all:?}") };
    // What is there is found: otherwise nothing is said by what is not.
    match copies(*program, b"script.yaml") {
        None => return false,
        Some(found) => assert!(found > 0),
    }
    for (what, secret) in secrets {
        let found = copies(*program, secret.as_bytes()).unwrap();
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
    let mut looked = 0;
    while let Some(question) = room.question() {
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
    assert!(looked > 0);
}

#[test]
fn a_pin_that_was_typed_at_the_screen_is_nowhere_in_the_program() {
    let table = Table::new().now();
    let mut looked = 0;
    let _ = Sight::open(&table, "run script.yaml --site site.yaml --log log --out out --practice", (80, 24))
        .go_on(|sight, asked| {
            if *asked == Asked::Word("sign".into()) && looked == 0 {
                looked += usize::from(nowhere(sight.process(), &typed_pins()));
            }
            None
        })
        .with(0);
}
