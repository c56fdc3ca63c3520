//! Which points are tried, and what came of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is done to the program: variables of the shim.
pub type Fault<'f> = &'f [(&'f str, u64)];

/// What came of one point.
#[derive(Debug)]
pub enum Outcome {
    /// The ceremony was not disturbed: it had ended before.
    Undisturbed,
    /// Nothing was begun, so that it began anew.
    NotBegun,
    /// It went on and ended, and all accounts were right.
    Resumed,
    /// SoftHSM spoiled its own files; they were put back, and then it went on.
    Spoiled,
    /// Something was not as it should be.
    Lost(String),
}

/// Points that are tried under one name.
#[derive(Debug)]
pub struct Chosen {
    name: String,
    points: Vec<u64>,
}

impl Chosen {
    /// Every point of a range.
    pub fn all(name: &str, from: u64, to: u64) -> Self {
        Self { name: name.into(), points: (from..=to).collect() }
    }
}

/// What came of all points.
#[derive(Debug, Default)]
pub struct Tally {
    name: String,
    pub tried: usize,
    undisturbed: usize,
    not_begun: usize,
    pub resumed: usize,
    spoiled: usize,
    lost: Vec<String>,
}

impl Tally {
    /// Adds what came of one point.
    pub fn add(&mut self, point: u64, outcome: Outcome) {
        self.tried += 1;
        match outcome {
            Outcome::Undisturbed => self.undisturbed += 1,
            Outcome::NotBegun => self.not_begun += 1,
            Outcome::Resumed => self.resumed += 1,
            Outcome::Spoiled => self.spoiled += 1,
            Outcome::Lost(why) => self.lost.push(format!("point {point}: {why}")),
        }
    }

    /// Says the row of the table, past the test harness.
    #[track_caller]
    pub fn say(self) {
        let row = format!(
            "FAULTS {:<38} tried {:>4}  undisturbed {:>3}  not begun {:>3}  resumed {:>4}  spoiled and put back {:>3}  lost {}\n",
            self.name,
            self.tried,
            self.undisturbed,
            self.not_begun,
            self.resumed,
            self.spoiled,
            self.lost.len()
        );
        let _ = std::io::Write::write_all(&mut std::io::stderr(), row.as_bytes());
        let shown: Vec<&String> = self.lost.iter().take(5).collect();
        assert!(self.lost.is_empty(), "{row}{shown:#?}");
    }
}

/// Points at random, `share` of as many as are wanted; the seed is printed.
pub fn chosen(name: &str, most: u64, share: f64) -> Chosen {
    random(name, most, count(share).max(6).min(most))
}

/// As [`chosen`], of what is tried at each change a little; every point there is where that many are wanted.
pub fn few(name: &str, most: u64, share: f64) -> Chosen {
    let count = count(share).max(2);
    if count >= most {
        return Chosen::all(name, 1, most);
    }
    random(name, most, count)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small"
)]
fn count(share: f64) -> u64 {
    (number("ROOTRITE_FAULTS", 24) as f64 * share) as u64
}

/// Points at random of the demo, which takes longer.
pub fn chosen_of_demo(most: u64) -> Chosen {
    random("the demo is killed", most, number("ROOTRITE_FAULTS_DEMO", 1))
}

fn random(name: &str, most: u64, count: u64) -> Chosen {
    let seed = number("ROOTRITE_FAULTS_SEED", u64::from(std::process::id()));
    let said = format!("FAULTS {name}: {count} of {most} points, seed {seed}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    let mut state = seed
        ^ name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
    let points = (0..count)
        .map(|_| {
            // SplitMix64: a sequence that its seed brings back.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            1 + (mixed ^ (mixed >> 31)) % most
        })
        .collect();
    Chosen { name: name.into(), points }
}

/// Tries every point, two at a time.
pub fn in_parallel(chosen: &Chosen, try_it: impl Fn(u64) -> Outcome + Sync) -> Tally {
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally { name: chosen.name.clone(), ..Tally::default() });
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(point) = chosen.points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_it(*point)));
                    let outcome = outcome.unwrap_or_else(|panic| {
                        let text = panic.downcast_ref::<String>().cloned();
                        Outcome::Lost(text.unwrap_or_else(|| "a check panicked".into()))
                    });
                    tally.lock().unwrap().add(*point, outcome);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
