//! Whole ceremonies at the screen, on a pseudo-terminal, with everything that happens to people and terminals.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rootrite::digest::Digest;
use rustix::process::Signal;
use serde_json::Value;

use crate::room::{Room, Wanted};
use crate::sight::{Asked, Gone, Sight, flat, parts};
use crate::table::{Table, USER};

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice";
const RESUME: &str = "resume --log log";
const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

#[test]
fn a_ceremony_is_held_at_the_screen() {
    for size in [SMALL, LARGE] {
        let table = Table::new().now();
        let mut called = false;
        let gone = Sight::open(&table, RUN, size)
            .go_on(|sight, asked| {
                let middle = sight.middle();
                if size == LARGE && *asked == Asked::Word("present".into()) && middle.contains("> cy ") {
                    assert!(middle.contains("x bo "), "who has answered is seen to be there:\n{middle}");
                    called = true;
                }
                None
            })
            .with(0);
        assert!(called || size != LARGE);
        assert!(gone.screen.contains("its bundle verifies"), "{}", gone.screen);
        let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
        nothing_remains(&gone);
        table.nobody_is_left();
    }
}

/// One ceremony, stopped twice: a wrong word, a wrong PIN, another size while somebody types, a pause, every signal, a
/// declined approval, a terminal that is gone.
#[test]
fn what_happens_to_people_and_terminals_loses_nothing() {
    let table = Table::new().now();
    let mut script = Happening::all();
    let gone = Sight::open(&table, RUN, SMALL).go_on(|sight, asked| script.next(sight, asked));
    assert!(script.0.is_empty(), "did not happen: {:?}", script.0);
    let gone = gone.with(3);
    assert!(gone.screen.contains("declined: Sign"), "{}", gone.screen);
    nothing_remains(&gone);
    table.nobody_is_left();
    assert_eq!(of(&table, "auth.failed").len(), 1);
    assert_eq!(of(&table, "request.rejected").len(), 1);
    assert_eq!(of(&table, "step.deviation").len(), 1, "the ones that were left are not recorded");
    let notes: Vec<Value> = of(&table, "log.note");
    assert!(notes.iter().any(|note| note["data"]["text"] == "paused; nobody is logged in"), "{notes:?}");

    // The terminal goes while somebody is to sign.
    let mut sight = Sight::open(&table, RESUME, LARGE);
    while !matches!(sight.asked(), Some(Asked::Word(word)) if word == "sign") {
        let asked = sight.asked().expect("it is still asked to sign");
        let keys = sight.usual(&asked);
        sight.keys(&keys);
    }
    assert_eq!(sight.hang_up().code, Some(3));
    table.nobody_is_left();

    let gone = Sight::open(&table, RESUME, SMALL).go_on(|_, _| None).with(0);
    assert!(gone.screen.contains("its bundle verifies"), "{}", gone.screen);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    assert_eq!(of(&table, "session.resumed").len(), 2);
    assert_eq!(of(&table, "cert.signed").len(), 2, "nothing was signed twice");
}

/// What happens, in this order, each at the first question that it fits.
#[derive(Debug)]
struct Happening(Vec<What>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Pasted,
    WrongWord,
    OtherSize,
    Interrupt,
    Stopped,
    PastedPin,
    WrongPin,
    Pause,
    LeftException,
    Exception,
    Declined,
}

impl Happening {
    fn all() -> Self {
        let mut all = vec![
            What::Pasted,
            What::WrongWord,
            What::OtherSize,
            What::Interrupt,
            What::Stopped,
            What::PastedPin,
            What::WrongPin,
            What::Pause,
            What::LeftException,
            What::Exception,
            What::Declined,
        ];
        all.reverse();
        Self(all)
    }

    fn next(&mut self, sight: &mut Sight, asked: &Asked) -> Option<String> {
        let keys = match (self.0.last()?, asked) {
            (What::Pasted, Asked::Word(word)) if word == "present" => pasted(sight),
            (What::PastedPin, Asked::Pin(token)) if token == "root" => {
                sight.keys("\u{1b}[200~of one\rof another\r\u{1b}[201~");
                sight.wait_for("a paste of 2 lines was not taken, since each prompt wants one line");
                assert!(!sight.screen().contains("of one"), "{}", sight.screen());
                String::new()
            }
            (What::WrongWord, Asked::Word(word)) if word == "present" => {
                sight.keys("presemt\r");
                sight.wait_for("found `presemt`, wanted exactly `present`");
                String::new()
            }
            (What::OtherSize, Asked::Word(word)) if word == "present" => {
                sight.keys("pres");
                sight.wait_for("> pres");
                for (columns, rows) in [LARGE, (40, 8), SMALL] {
                    sight.resize(columns, rows);
                    sight.wait_for(if columns < 72 { "What was typed is kept" } else { "> pres" });
                }
                "ent\r".to_owned()
            }
            (What::Interrupt, Asked::Enter) => {
                sight.signal(Signal::INT);
                sight.wait_for("Stop here?");
                sight.keys("\u{1b}");
                sight.wait_for("Enter: ");
                String::new()
            }
            (What::Stopped, Asked::Enter) => {
                let before = sight.middle();
                sight.signal(Signal::TSTP);
                sight.wait("the program is stopped", |sight| (sight.state() == 'T').then_some(()));
                let given_back = !sight.is_inside() && !sight.marks_pastes();
                assert!(given_back, "the terminal is given back before the program stops");
                assert!(!sight.screen().contains("Enter: "), "{}", sight.screen());
                sight.signal(Signal::CONT);
                sight.wait("the screen again", |sight| (sight.middle() == before).then_some(()));
                assert!(sight.is_inside() && sight.marks_pastes());
                "\r".to_owned()
            }
            (What::WrongPin, Asked::Pin(token)) if token == "root" => {
                sight.keys("not-the-pin\r");
                sight.wait_for("! token `root`");
                String::new()
            }
            (What::Pause | What::LeftException | What::Exception, Asked::Enter) => {
                beside(*self.0.last()?, sight)?
            }
            (What::Declined, Asked::Word(word)) if word == "sign" => "no\r".to_owned(),
            _ => return None,
        };
        self.0.pop();
        Some(keys)
    }
}

/// Three answers in one paste, and then one of which the end of the line is no Enter.
fn pasted(sight: &mut Sight) -> String {
    sight.keys("\u{1b}[200~present\rpresent\rpresent\r\u{1b}[201~");
    sight.wait_for("a paste of 3 lines was not taken, since each prompt wants one line");
    sight.keys("\u{1b}[200~presemt\r\u{1b}[201~");
    sight.wait_for("> presemt");
    sight.keys("\u{15}");
    sight.wait("nothing is typed", |sight| (!sight.middle().contains("presemt")).then_some(()));
    String::new()
}

/// What somebody says in the place of an answer.
fn beside(what: What, sight: &mut Sight) -> Option<String> {
    if !sight.middle().contains("Enter: bo") || sight.middle().contains("Paused") {
        return None;
    }
    if what == What::Pause {
        sight.keys("p");
        sight.wait_for("Pause, and log out of every token?");
        sight.keys("\r");
        sight.wait_for("nobody is logged in to any token");
        assert!(!sight.screen().contains("root-x1"), "{}", sight.screen());
        return Some(String::new());
    }
    let tell = |sight: &mut Sight| {
        sight.keys("e");
        sight.wait_for("Something is otherwise than the script says?");
        sight.keys("\r");
        sight.wait_for("What is otherwise than the script says, and why?");
    };
    if what == What::LeftException {
        for typed in ["", "\rthe seal of bag 4711"] {
            tell(sight);
            sight.keys(typed);
            if !typed.is_empty() {
                sight.wait_for("> the seal of bag 4711");
            }
            sight.keys("\u{1b}");
            sight.wait("the question stands", |sight| {
                let middle = flat(&sight.middle());
                (middle.contains("Enter: ") && !middle.contains("What is otherwise")).then_some(())
            });
        }
    } else {
        tell(sight);
    }
    Some(String::new())
}

/// A CRL so long that it is not written between two frames.
#[test]
fn what_takes_long_is_counted_at_the_screen() {
    let table = Table::new().now();
    let mut rows = "serial,revoked-at,reason\n".to_owned();
    for number in 0..300_000 {
        let _ = writeln!(rows, "01{number:08x},2026-09-02T12:00:00Z,superseded");
    }
    table.write("revoked.csv", &rows);
    let input = format!(
        "inputs:\n  revoked: {{file: revoked.csv, sha256: {}}}\nacts:\n",
        Digest::of(rows.as_bytes())
    );
    table.change("script.yaml", "acts:\n", &input);
    table.change("script.yaml", "revoked: none", "revoked: {csv: revoked}");
    let gone = Sight::open(&table, RUN, SMALL).go_on(|_, _| None).with(0);
    assert!(gone.showed("CRL entries", SMALL) && gone.showed("000 of 300000 (", SMALL));
    assert!(!gone.showed("001 of 300000 (", SMALL));
}

/// Shares are shown to one person alone, typed back with a wrong word that is named by its place, and put together again.
#[test]
fn shares_are_shown_to_one_person_and_typed_back() {
    let table = crate::pin_shares::table();
    let mut sheets: BTreeMap<String, String> = BTreeMap::new();
    let mut mistyped = false;
    let gone = Sight::open(&table, RUN, SMALL).go_on(|sight, asked| match asked {
        Asked::Alone => {
            let shown = sight.screen();
            assert!(!shown.contains("Root X1") && !shown.contains("people"), "{shown}");
            let (who, sheet) = shown_alone(&shown);
            sheets.insert(who, sheet);
            None
        }
        Asked::Secret => {
            let (_, below) = parts(&sight.middle()).unwrap();
            let sheet = sheets.get(below.split(' ').next().unwrap()).unwrap();
            if !std::mem::replace(&mut mistyped, true) {
                // The last character of a group checks it.
                let (first, rest) = sheet.split_at("RR1 ".len() + 4);
                let other = if rest.starts_with('0') { '1' } else { '0' };
                sight.keys(&format!("{first}{other}{} ", &rest[1..]));
                sight.wait_for("wrong: 1)");
                assert!(!sight.screen().contains(rest.split(' ').nth(1).unwrap()), "{}", sight.screen());
                // All of it goes, and it is typed anew.
                sight.keys("\u{15}");
            }
            Some(format!("{sheet}\r"))
        }
        _ => None,
    });
    let gone = gone.with(0);
    assert_eq!(sheets.keys().collect::<Vec<_>>(), ["bo", "cy", "di"]);
    for group in sheets.values().flat_map(|sheet| sheet.split(' ').skip(1)) {
        assert!(!gone.screen.contains(group), "{group} is left on the terminal");
    }
    nothing_remains(&gone);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

/// Whoever types a share or a new PIN can say that something is otherwise, or pause: what was typed is gone, and it is typed
/// from its beginning.
#[test]
fn a_share_and_a_new_pin_wait_for_an_exception_and_a_pause() {
    let table = crate::pin_shares::table();
    let mut sheets: BTreeMap<String, String> = BTreeMap::new();
    // Which key, and where: before a share is shown, while it is typed back, at the new PIN, and at the share of the second
    // who logs in.
    let mut beside = vec!["p at login", "e PIN", "p PIN", "e typing", "p typing", "p before"];
    let mut logging_in = 0;
    let gone = Sight::open(&table, RUN, SMALL).go_on(|sight, asked| {
        if *asked == Asked::Alone {
            let (who, sheet) = shown_alone(&sight.screen());
            sheets.insert(who, sheet);
            return None;
        }
        let middle = flat(&sight.middle());
        let (now, typed) = match asked {
            Asked::Pin(_) if middle.contains("security officer's PIN") => ("PIN", "half a pin"),
            Asked::Enter if middle.contains("The next screen is for") => ("before", ""),
            Asked::Secret if middle.contains("shares given: 1 of 2") => {
                logging_in += 1;
                ("at login", "RR1 abc")
            }
            Asked::Secret => ("typing", "RR1 abc"),
            _ => return None,
        };
        let next =
            beside.iter().rposition(|one: &&str| one.split_once(' ').is_some_and(|(_, place)| place == now));
        if let Some(next) = next {
            put_off(sight, beside.remove(next).split_at(1).0, typed);
            return Some(String::new());
        }
        let (_, below) = parts(&sight.middle())?;
        // A screen that is half drawn names no share: it is looked at again.
        let sheet = sheets.get(below.split(' ').next()?)?;
        (*asked == Asked::Secret).then(|| format!("{sheet}\r"))
    });
    let gone = gone.with(0);
    assert!(beside.is_empty(), "did not happen: {beside:?}");
    assert!(logging_in > 1, "after a pause all of them type anew");
    let notes = of(&table, "log.note");
    let said = |text: &str| notes.iter().filter(|note| note["data"]["text"] == text).count();
    assert_eq!((said("paused; nobody is logged in"), said("continued after a pause")), (4, 4));
    assert_eq!(of(&table, "step.deviation").len(), 2);
    let sent = String::from_utf8_lossy(&gone.octets).into_owned();
    assert!(!sent.contains("half a pin"), "what was typed was sent to the terminal");
    nothing_remains(&gone);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

/// Types a part of something, wipes it, and says something else.
fn put_off(sight: &mut Sight, key: &str, typed: &str) {
    if !typed.is_empty() {
        sight.keys(typed);
        sight.wait_for("typed; ");
        sight.keys("\u{1b}");
        sight.wait_for("types, and nobody else looks");
    }
    sight.keys(key);
    sight.wait_for(if key == "p" { "Pause, and log out" } else { "Something is otherwise" });
    sight.keys("\r");
    sight.wait_for(if key == "p" { "nobody is logged in" } else { "What is otherwise than the script says" });
}

/// Who is shown a share alone, and the share as it is typed.
fn shown_alone(screen: &str) -> (String, String) {
    let who = screen.split(' ').next().unwrap().to_owned();
    let groups = screen.split("RR1").nth(1).unwrap().split("Press Enter").next().unwrap();
    let groups: Vec<&str> = groups.split_whitespace().filter(|group| group.len() == 5).collect();
    (who, format!("RR1 {}", groups.join(" ")))
}

/// The same ceremony by people at the screen, by people at prompts, and by a file: with everything that people say in words of
/// their own, and an exception that one officer approves and another does not.
#[test]
fn screen_prompts_and_answers_leave_the_same_log() {
    let (table, mut told) = (table_of_words(), false);
    let _ = Sight::open(&table, RUN, SMALL)
        .go_on(|sight, asked| {
            let shown = flat(&sight.middle());
            if *asked == Asked::Enter && shown.contains(EVIDENCE_ASKED) && !std::mem::replace(&mut told, true)
            {
                sight.keys("e");
                sight.wait_for("Something is otherwise than the script says?");
                return Some("\r".to_owned());
            }
            let typed = match asked {
                Asked::Pin(_) => PRACTICE_USER,
                Asked::Words if shown.contains("ivy (internal-witness): type") => "no",
                Asked::Word(word) if word == "deviate" && shown.contains("cy (crypto-officer): type") => "no",
                Asked::Text => own_words(&shown),
                _ => return None,
            };
            Some(format!("{typed}\r"))
        })
        .with(0);
    assert!(told);
    let at_screen = story(&table);
    assert!(at_screen.len() > 50, "{}", at_screen.len());
    for said in [RECORDING, BAG, OTHERWISE, DISAGREES] {
        let quoted = serde_json::to_string(said).unwrap();
        assert!(at_screen.iter().any(|line| line.contains(&quoted)), "{quoted} is nowhere");
    }

    let (table, mut told) = (table_of_words(), false);
    // Without a name of the terminal there are prompts.
    let _ = Room::open(&table, RUN)
        .go_on(|question| {
            let typed = match &question.wanted {
                Wanted::Pin(_) => PRACTICE_USER,
                Wanted::Words if question.shown.contains("ivy (internal-witness): ") => "no",
                Wanted::Word(word)
                    if word == "deviate" && question.shown.contains("cy (crypto-officer): ") =>
                {
                    "no"
                }
                Wanted::Text
                    if question.shown.contains(EVIDENCE_ASKED) && !std::mem::replace(&mut told, true) =>
                {
                    "exception"
                }
                Wanted::Text => own_words(&question.shown),
                _ => return None,
            };
            Some(typed.to_owned())
        })
        .with(0);
    assert!(told);
    same(&at_screen, &story(&table));

    let table = table_of_words();
    table.write("answers.yaml", answers_of_words());
    let _ = table.run(&format!("{RUN} --answers answers.yaml")).with(0);
    same(&at_screen, &story(&table));
}

/// What people say: blanks, quotes and letters as a log has to keep them.
const RECORDING: &str = "camera 2,  tape \"7\" – ab 8:55 Uhr, Straße № 4";
const BAG: &str = "Ω-0047 11\\b";
const OTHERWISE: &str = "the camera's lamp is  off; {it} films 100%";
const DISAGREES: &str = "the 3rd word differs: 'tøpmost' ≠ mine";
const EVIDENCE_ASKED: &str = "What is it? It goes into the annex";

/// What is said to a question.
fn own_words(shown: &str) -> &'static str {
    let last = |(asked, said)| shown.rfind(asked).map(|at| (at, said));
    [
        ("What is otherwise than the script says, and why?", OTHERWISE),
        (EVIDENCE_ASKED, RECORDING),
        ("What is the number on the", BAG),
        ("Why do you not agree?", DISAGREES),
    ]
    .into_iter()
    .filter_map(last)
    .max()
    .unwrap_or_else(|| panic!("what is asked here?\n{shown}"))
    .1
}

/// A ceremony in which people say something: what was recorded, a bag that is sealed and opened, and a witness who disagrees.
fn table_of_words() -> Table {
    let table = Table::for_answers().now();
    let steps = "  - act: Words\n    steps:\n      - evidence: {what: recording, ask: ada}\n      - custody: {seal: card-1, by: [ada, wim]}\n      \
                 - custody: {open: card-1, by: [ada, wim]}\n  - act: Closing\n";
    table.change("script.yaml", "  - act: Closing\n", steps);
    let witness = "  - {id: wim, role: external-witness}\n";
    table.change("script.yaml", witness, &format!("{witness}  - {{id: ivy, role: internal-witness}}\n"));
    table
}

/// The same words in a file of answers.
fn answers_of_words() -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let [recording, bag, otherwise, disagrees] = [RECORDING, BAG, OTHERWISE, DISAGREES].map(quoted);
    format!(
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"4.1\": {{deviation: {otherwise}, approve: [bo], say: [{recording}]}}\n  \
         \"4.2\": {{say: [{bag}]}}\n  \"4.3\": {{say: [{bag}]}}\n  \"5.1\": {{say: [\"no\", {disagrees}]}}\n"
    )
}

/// Two stories are the same, or the first difference is said.
#[track_caller]
fn same(one: &[String], other: &[String]) {
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

/// The PIN of throw-away tokens.
const PRACTICE_USER: &str = "rehearsal-user";

/// What a log and its annex say, but for times, numbers that are drawn, what is made from either (signatures, digests, the words
/// of digests), and whose clock it was.
fn story(table: &Table) -> Vec<String> {
    let said = |record: &Value| {
        let mut data = record["data"].clone();
        if record["ev"] == "witness.agreed" {
            data["statement"] = "words of the head".into();
        }
        mask(&mut data);
        format!("{} {} {} {data}", record["ev"], record["step"], record["actor"])
    };
    let annexed = |mut line: Value| {
        mask(&mut line);
        format!("annex {} {}", line["item"], line["text"])
    };
    let annex = table.read("log/annex.jsonl");
    let annex = annex.lines().map(|line| annexed(serde_json::from_str(line).unwrap()));
    records(table).iter().map(said).chain(annex).collect()
}

fn mask(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.parse::<rootrite::clock::Timestamp>().is_ok() {
                "…".clone_into(text);
            }
            // A digest, also behind words.
            let drawn = |word: &str| word.len() >= 16 && word.bytes().all(|octet| octet.is_ascii_hexdigit());
            if text.split(' ').any(drawn) {
                let words = text.split(' ').map(|word| if drawn(word) { "…" } else { word });
                *text = words.collect::<Vec<_>>().join(" ");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::Object(values) => {
            for (key, value) in values {
                if ["vkey", "source", "preimage", "signature", "path"].contains(&key.as_str()) {
                    *value = Value::Null;
                }
                mask(value);
            }
        }
        _ => {}
    }
}

fn records(table: &Table) -> Vec<Value> {
    table.read("log/log.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of(table: &Table, event: &str) -> Vec<Value> {
    records(table).into_iter().filter(|record| record["ev"] == event).collect()
}

/// Neither the ceremony nor a secret is left on the terminal; a secret was never sent to it at all.
fn nothing_remains(gone: &Gone) {
    assert!(!gone.screen.contains("Enter: "), "{}", gone.screen);
    let sent = String::from_utf8_lossy(&gone.octets);
    assert!(!sent.contains(USER), "a PIN was sent to the terminal");
}
