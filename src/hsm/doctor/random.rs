//! Whether a token's random octets look random. Health only: no such test tells good random octets from a counter that
//! somebody encrypted.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::{Bench, Finding, Found, Says, refusal, timed};
use crate::hsm::{STANDARD, TokenError};

/// It makes none.
pub(super) const MAKES_OBJECTS: bool = false;

/// Finds how many octets come at once, draws some and looks at them.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut refused = String::new();
    for limit in LIMITS {
        let mut octets = Zeroizing::new(vec![0; DRAWN]);
        let mut task = bench.session()?;
        let (drawn, took) =
            timed(|| octets.chunks_mut(*limit).try_for_each(|part| task.session.random(part)));
        match drawn {
            Ok(()) => {
                let subject = "random octets";
                let finding = match wrong_with(&octets) {
                    None => {
                        let detail = format!("{DRAWN} octets look random; {limit} or more come in one call");
                        Finding::new(subject, Found::Good, detail)
                    }
                    Some(wrong) => Finding::new(subject, Found::Wrong, wrong),
                };
                let differs = *limit != STANDARD.random_limit;
                let says = differs.then_some(Says::RandomLimit(*limit)).into_iter().collect();
                return Ok(vec![finding.after(took).saying(says)]);
            }
            Err(fault) => refused = refusal(fault),
        }
    }
    Ok(vec![Finding::new("random octets", Found::Lacking, refused)])
}

/// What is wrong with octets that are to be random, if anything is.
fn wrong_with(octets: &[u8]) -> Option<String> {
    let blocks: Vec<&[u8]> = octets.chunks_exact(BLOCK).collect();
    let different: BTreeSet<&[u8]> = blocks.iter().copied().collect();
    if different.len() < blocks.len() {
        return Some(format!("the same {BLOCK} octets come more than once in {}", octets.len()));
    }
    let ones: u64 = octets.iter().map(|octet| u64::from(octet.count_ones())).sum();
    let bits = octets.len() as u64 * 8;
    // 49 to 51 in a hundred: for 64 KiB more than ten standard deviations to either side.
    if (bits * 49..=bits * 51).contains(&(ones * 100)) {
        None
    } else {
        Some(format!("{ones} of {bits} bits are set"))
    }
}

/// How many octets are drawn.
const DRAWN: usize = 64 * 1024;

/// As many octets as never come twice.
const BLOCK: usize = 16;

/// How many octets are asked for in one call, until the token gives them.
const LIMITS: &[usize] = &[4096, 1024, 256, 64, 16];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_that_repeat_or_lean_to_one_side_are_found() {
        assert!(wrong_with(&[7; 64]).is_some_and(|why| why.contains("more than once")));
        // Sixteen octets that are all different and have few bits set.
        let leaning: Vec<u8> = (0..4096_u32).flat_map(u32::to_be_bytes).collect();
        assert!(wrong_with(&leaning).is_some_and(|why| why.ends_with("bits are set")));
        let mut good = vec![0; DRAWN];
        getrandom::fill(&mut good).unwrap();
        assert_eq!(wrong_with(&good), None);
    }
}
