//! `share check` and `share combine`: what they say of shares, where they take them from, and that nothing secret is said.

use std::process::Command;

use crate::common::program::{Ended, run};
use crate::room::{Room, Wanted};
use crate::table::Table;

/// Vectors 20 and 4 of SLIP-39, for which the passphrase is TREZOR.
const WHOLE: &str = "theory painting academic academic armed sweater year military elder discuss acne wildlife boring \
    employer fused large satoshi bundle carbon diagnose anatomy hamster leaves tracks paces beyond phantom capital marvel \
    lips brave detect luck";
const TWO: [&str; 2] = [
    "shadow pistol academic always adequate wildlife fancy gross oasis cylinder mustang wrist rescue view short owner flip \
     making coding armed",
    "shadow pistol academic acid actress prayer class unknown daughter sweater depict flip twice unkind craft early superior \
     advocate guest smoking",
];

/// Runs `rootrite share` with a file on descriptor 3, another on 4, and a file behind 5.
fn share(arguments: &str, shares: &str) -> (Ended, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shares"), shares).unwrap();
    std::fs::write(folder.path().join("passphrase"), "TREZOR\n").unwrap();
    let program = env!("CARGO_BIN_EXE_rootrite");
    let line = format!("exec {program} share {arguments} 3<shares 4<passphrase 5>secret");
    let ended = run(Command::new("sh").current_dir(folder.path()).args(["-c", &line]), b"");
    let secret = std::fs::read_to_string(folder.path().join("secret")).unwrap();
    (ended, secret)
}

/// That no word of a share is said, but for those that messages are made of.
fn says_nothing_of(ended: &Ended, shares: &str) {
    for word in shares.split_whitespace().filter(|word| word.len() > 5) {
        assert!(!ended.both().contains(word), "{word}: {}", ended.both());
    }
}

#[test]
fn a_whole_share_is_described_and_none_of_its_words_is_said() {
    let (ended, _) = share("check --fd 3", &format!("{WHOLE}\n"));
    let ended = ended.with(0);
    assert_eq!(
        ended.out,
        "The share is whole: its checksum fits.\n  kind: words (SLIP-39), secret of 256 bits\n  set: 71f4\n  \
         group: 1 of 1, 1 needed\n  share: number 1 of its group, 1 needed\n"
    );
    says_nothing_of(&ended, WHOLE);
}

#[test]
fn a_wrong_word_is_named_by_its_place_only() {
    let wrong = WHOLE.replace("bundle", "decorate");
    let (ended, _) = share("check --fd 3", &wrong);
    let ended = ended.with(3);
    assert!(ended.error.contains("because: word 18 is wrong"), "{}", ended.error);
    says_nothing_of(&ended, &wrong);
    let (ended, _) = share("check --fd 3", &WHOLE.replace("bundle", "bundel"));
    let ended = ended.with(3);
    assert!(ended.error.contains("because: word 18 is not on the word list"), "{}", ended.error);
    assert!(!ended.error.contains("bundel"));
    assert_eq!(share("check --fd 3", "").0.code, Some(3));
    assert_eq!(share("check --fd 9", "").0.code, Some(2));
}

#[test]
fn enough_shares_rebuild_the_secret_into_a_descriptor_and_nowhere_else() {
    let (ended, secret) = share("combine --fd 3 --passphrase-fd 4 --out-fd 5", &TWO.join("\n"));
    let ended = ended.with(0);
    assert_eq!(secret, "b43ceb7e57a0ea8766221624d01b0864");
    assert_eq!(ended.out, "The secret is rebuilt from 2 shares.\n");
    assert!(!ended.both().contains(&secret));
    says_nothing_of(&ended, &TWO.join(" "));
}

#[test]
fn too_few_shares_and_shares_that_do_not_belong_together_give_nothing() {
    for (shares, wanted) in [
        (TWO[0].to_owned(), "because: found 1 shares of group 1; wanted 2"),
        (format!("{}\n{}", TWO[0], TWO[0]), "because: the share is already there"),
        (format!("{}\n{WHOLE}", TWO[0]), "because: the share is of set 71f4; wanted one of set 6435"),
        (format!("{}\n{} x", TWO[0], TWO[1]), "because: word 21 is not on the word list"),
    ] {
        let (ended, secret) = share("combine --fd 3 --out-fd 5", &shares);
        let ended = ended.with(3);
        assert!(ended.error.contains(wanted), "{}", ended.error);
        assert!(secret.is_empty());
        says_nothing_of(&ended, &shares);
    }
    assert_eq!(share("combine --fd 3", TWO[0]).0.code, Some(2));
}

#[test]
fn at_a_terminal_nothing_that_is_typed_is_shown() {
    let table = Table::without_tokens();
    let ended = Room::open(&table, "share check").go_on(|question| {
        assert_eq!(question.wanted, Wanted::Secret("Type the share; nothing is shown: ".into()));
        Some(WHOLE.to_owned())
    });
    let ended = ended.with(0);
    assert!(ended.out.contains("The share is whole"), "{}", ended.out);
    says_nothing_of(&ended, WHOLE);
}

#[test]
fn at_a_terminal_a_wrong_share_is_asked_for_again_and_the_secret_stands_alone_on_the_screen() {
    let [one, two] = TWO;
    let wrong = one.replace("oasis", "guitar");
    let mut typed = [&wrong, one, one, two, "TREZOR", ""].into_iter();
    let table = Table::without_tokens();
    let room = Room::open(&table, "share combine --passphrase --show");
    let ended = room.go_on(|_| typed.next().map(str::to_owned)).with(0);
    assert_eq!(typed.next(), None);
    for wanted in ["because: word 9 is wrong", "because: the share is already there: it is number 1 of"] {
        assert!(ended.out.contains(wanted), "{}", ended.out);
    }
    let screen = ended.out.split("\u{1b}[?1049h").nth(1).unwrap();
    let (alone, after) = screen.split_once("\u{1b}[?1049l").unwrap();
    assert!(alone.contains("b43ceb7e57a0ea8766221624d01b0864"));
    assert!(!after.contains("b43ceb7e"));
    says_nothing_of(&ended, &TWO.join(" "));
}
