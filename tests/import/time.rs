//! A clock that is a year off: what is judged by it is refused, in words that name it.

use std::fs;

use rootrite::clock::Timestamp;
use rootrite::digest::Digest;
use rootrite::intake::{Accepted, Judged, Online, Pins, judge};

use crate::online::{OnlineSide, bundle_of, shared};
use crate::table::now;

const YEAR: u64 = 366 * 86_400;

fn judged(at: Timestamp) -> Judged {
    let side = OnlineSide::of(shared()).without_tokens();
    let pins = Pins::read("pins.yaml", side.read("pins.yaml").as_bytes()).unwrap();
    let policy = fs::read(side.path("policy")).unwrap();
    let accepted = Accepted::default();
    let online = Online {
        pins: &pins.value,
        pins_sha256: Digest::of(b""),
        policy: &policy,
        accepted: &accepted,
        now: at,
        exports: Vec::new(),
    };
    judge(&bundle_of(shared()), &online, None).unwrap()
}

fn codes(judged: &Judged) -> Vec<&'static str> {
    let mut codes: Vec<_> = judged.report.findings().iter().map(|finding| finding.code.name()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[test]
fn a_clock_that_is_right_changes_nothing_and_one_a_year_off_refuses() {
    let right = judged(now());
    assert_eq!((codes(&right), right.verified.is_some()), (Vec::new(), true));
    let ahead = judged(now().plus(YEAR).unwrap());
    assert_eq!((codes(&ahead), ahead.verified.is_some()), (vec!["E172", "E193", "E199"], false));
    let behind = judged(now().minus(YEAR).unwrap());
    assert_eq!(
        (codes(&behind), behind.verified.is_some()),
        (vec!["E127", "E163", "E172", "E193", "E199"], false)
    );
    let message =
        &behind.report.findings().iter().find(|finding| finding.code.name() == "E127").unwrap().message;
    assert!(message.contains("this machine's clock says"), "{message}");
}

#[test]
fn a_ceremony_that_comes_after_a_deadline_is_refused() {
    let side = OnlineSide::of(shared()).without_tokens();
    let mut forger = side.forger(&bundle_of(shared()));
    let close = forger.find("ceremony.close", "");
    forger.records[close]["data"]["next_due"] = "2099-01-01T00:00:00Z".into();
    let ended = side.import(forger.seal().path(), "--format json");
    assert_eq!((ended.code, crate::online::codes(&ended)), (Some(5), vec!["E200".to_owned()]));
}
