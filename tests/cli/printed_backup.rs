//! A whole ceremony in which every share of a backup goes to the site's printer: a terminal of the test's is the device.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::backup::{Holders, PRACTICE, count, events, nothing_is_left, table};
use crate::room::{Room, Wanted};
use crate::table::Table;

/// A device that takes what is printed, and what came out of it.
struct Printer {
    device: String,
    paper: Arc<Mutex<Vec<u8>>>,
    /// Kept open: a terminal that nobody has open any more is gone.
    _paper_feed: File,
}

impl Printer {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let device = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let mut plain = tcgetattr(&master).unwrap();
        plain.make_raw();
        tcsetattr(&master, OptionalActions::Now, &plain).unwrap();
        let feed = File::options().write(true).open(&device).unwrap();
        let paper = Arc::new(Mutex::new(Vec::new()));
        let (mut out, copy) = (File::from(master), Arc::clone(&paper));
        // It ends with the test: nobody waits for it.
        drop(std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut octets) {
                copy.lock().unwrap().extend_from_slice(&octets[..count]);
            }
        }));
        Self { device, paper, _paper_feed: feed }
    }

    /// The words of the page that came last, once it is whole, and the paper is taken out.
    fn page(&self, holder: &str) -> String {
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            let text = String::from_utf8_lossy(&self.paper.lock().unwrap()).into_owned();
            let words = numbered(&text);
            if words.len() == 33 && text.ends_with('\x0c') {
                assert!(text.contains(holder) && text.contains("the backup of the key"), "{text}");
                self.paper.lock().unwrap().clear();
                return words.into_values().collect::<Vec<_>>().join(" ");
            }
            assert!(Instant::now() < until, "{} words:\n{text}", words.len());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The words of a page by their numbers: they stand in rows of a number and a word, and of nothing else.
fn numbered(text: &str) -> BTreeMap<usize, String> {
    let mut words = BTreeMap::new();
    for row in text.lines().map(|row| row.split_whitespace().collect::<Vec<_>>()) {
        let pairs: Option<Vec<(usize, &str)>> = row
            .chunks(2)
            .map(|pair| match pair {
                [number, word] if word.chars().all(|one| one.is_ascii_lowercase()) => {
                    Some((number.parse().ok()?, *word))
                }
                _ => None,
            })
            .collect();
        words.extend(pairs.unwrap_or_default().into_iter().map(|(number, word)| (number, word.to_owned())));
    }
    words
}

fn table_with(printer: &Printer) -> Table {
    let table = table();
    table.change("site.yaml", "media:\n", &format!("printer: {{device: {}}}\nmedia:\n", printer.device));
    table
}

#[test]
fn every_share_of_a_backup_goes_to_the_printer_and_never_to_the_screen() {
    let printer = Printer::new();
    let table = table_with(&printer);
    let (mut holders, mut printed) = (Holders::default(), Vec::new());
    let ended = Room::open(&table, PRACTICE)
        .go_on(|question| {
            if question.wanted == Wanted::Word("taken".into()) {
                let who = format!("h{}", printed.len() + 1);
                let words = printer.page(&who);
                holders.sheets.insert(who.clone(), words);
                printed.push(who);
            }
            assert!(!question.shown.contains("\u{1b}[?1049h"), "a share is on a screen:\n{}", question.shown);
            holders.answer(question)
        })
        .with(0);
    assert_eq!(printed, ["h1", "h2", "h3", "h4", "h5"]);
    let all = events(&table);
    assert_eq!(
        (count(&all, "share.confirmed"), count(&all, "share.checked"), count(&all, "key.restored")),
        (5, 3, 1)
    );
    // Nothing is left in the printer but what was taken.
    assert!(printer.paper.lock().unwrap().is_empty());
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}
