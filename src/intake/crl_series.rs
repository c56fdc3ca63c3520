//! CRLs that are sealed until their time: the bundle has their list, the log when each activates, and nobody has what they
//! say before that. What can be judged without them is judged here.

use ceremony_log::code::Code;
use ceremony_log::json::Value;

use super::artifacts::Artifacts;
use super::log::Told;
use super::report::Report;
use super::story::Named;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// Judges what the log says of every series.
pub fn judge(artifacts: &Artifacts<'_>, told: &Told, report: &mut Report) {
    let story = &told.story;
    let series: Vec<&Named> = story.named.iter().filter(|named| named.is_sealed()).collect();
    for named in &series {
        by_itself(named, report);
        superseded(named, told, report);
    }
    for superseded in &story.superseded {
        let is_meant = |named: &&&Named| named.sha256 == superseded.list && named.seq < superseded.seq;
        if !series.iter().any(|named| is_meant(&named)) {
            let message = format!("it supersedes {}, which no record before it names", superseded.list);
            report.find_record(Code::E192, superseded.seq, message);
        }
    }
    for (list, digests) in &artifacts.lists {
        let Some(named) = artifacts.logged.get(list).filter(|named| named.is_sealed()) else { continue };
        if named.digest("last_sha256").as_ref() != digests.last() {
            let message = "`last_sha256` is not the last of its list".to_owned();
            report.find_record(Code::E140, named.seq, message);
        }
        let mut sorted = digests.clone();
        sorted.sort();
        sorted.dedup();
        if sorted.len() != digests.len() {
            report.find(Code::E140, &artifacts.path(list), "a CRL is in the list twice");
        }
    }
}

/// Whether a sealed CRL of an issuer that still counts is the one of a time.
pub fn covers(told: &Told, issuer: Digest, at: Timestamp) -> bool {
    let story = &told.story;
    let time = |named: &Named, key: &str| named.data.str(key).and_then(|text| text.parse::<Timestamp>().ok());
    let is_ended = |named: &Named| story.superseded.iter().any(|one| one.list == named.sha256);
    let series =
        story.named.iter().filter(|named| named.is_sealed() && story.counts(named) && !is_ended(named));
    series.filter(|named| named.digest("issuer_spki_sha256") == Some(issuer)).any(|named| {
        let bounds = time(named, "this_update").zip(time(named, "next_update"));
        bounds.is_some_and(|(begins, ends)| begins <= at && at <= ends)
    })
}

/// One number and one time for each, one after the other, and what was announced is what was done.
fn by_itself(named: &Named, report: &mut Report) {
    let number = |key: &str| named.data.str(key).and_then(|text| text.parse::<u64>().ok());
    let count = named.batch().map(|(count, _)| count);
    let numbers = number("last_number").zip(number("number"));
    let by_numbers = numbers.and_then(|(last, first)| last.checked_sub(first)?.checked_add(1));
    if count.is_none() || by_numbers != count {
        let message = format!("{} CRLs; their numbers are of {}", said(count), said(by_numbers));
        report.find_record(Code::E192, named.seq, message);
    }
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let all = named.data.get("activates").and_then(Value::as_array).unwrap_or_default();
    let activates: Option<Vec<Timestamp>> = all.iter().map(time).collect();
    let activates = activates.unwrap_or_default();
    let ends: Option<Timestamp> = named.data.str("next_update").and_then(|text| text.parse().ok());
    let in_order = activates.is_sorted_by(|one, next| one < next)
        && activates.last().zip(ends).is_some_and(|(last, ends)| *last < ends)
        && activates.first().map(ToString::to_string).as_deref() == named.data.str("this_update");
    if count != Some(activates.len() as u64) || !in_order {
        let message = "`activates` is not one time for each CRL, upward from this update to next update";
        report.find_record(Code::E193, named.seq, message);
    }
    for key in ["number", "last_number", "this_update", "next_update"] {
        if named.data.str(key) != named.intended(key) {
            report.find_record(Code::E175, named.seq, format!("`{key}` is not what the intent announced"));
        }
    }
    if named.intended_batch().map(|(count, _)| count) != count {
        report.find_record(Code::E175, named.seq, "there are not as many as the intent announced");
    }
}

/// Whatever came after it that it does not know has to be in the log with a record that ends it.
fn superseded(named: &Named, told: &Told, report: &mut Report) {
    let story = &told.story;
    let issuer = named.digest("issuer_spki_sha256");
    let is_ended = story.superseded.iter().any(|one| one.list == named.sha256 && one.seq > named.seq);
    if is_ended || !story.counts(named) {
        return;
    }
    // A ceremony that was closed before its time may have come to the one and not to the other.
    let newer = story.named.iter().find(|other| {
        other.ev == "crl.signed"
            && other.seq > named.seq
            && other.digest("issuer_spki_sha256") == issuer
            && story.complete.contains(&other.cer)
    });
    if let Some(newer) = newer {
        let message = format!(
            "record {} has a later CRL of its issuer, and none says that it is superseded",
            newer.seq
        );
        report.find_record(Code::E192, named.seq, message);
    }
    let missing = story.revoked.iter().find(|revoked| {
        revoked.seq > named.seq && revoked.issuer == issuer && story.complete.contains(&revoked.cer)
    });
    if let Some(revoked) = missing {
        let message = format!(
            "record {} revokes a certificate of its issuer, and none says that it is superseded",
            revoked.seq
        );
        report.find_record(Code::E196, named.seq, message);
    }
}

fn said(number: Option<u64>) -> String {
    number.map_or_else(|| "none".to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ceremony_log::json::Object;
    use ceremony_log::record::{Actor, Record, Role};
    use ceremony_log::time::Time;
    use ceremony_log::tree::Hash;

    use super::super::story::Story;
    use super::*;

    fn record(seq: u64, ev: &str, data: Object, reference: Option<u64>) -> Record {
        let actor = Actor { id: "rootrite".into(), role: Role::Software };
        let (ev, cer) = (ev.to_owned(), "c".to_owned());
        let (prev, at) = (Hash::ZERO, Time::from_seconds(0).unwrap());
        Record { seq, prev, at, mono: 0, cer, ev, actor, data, step: None, reference }
    }

    const FROM: &str = "2026-11-01T00:00:00Z";
    const TO: &str = "2027-01-30T23:59:59Z";

    fn list() -> String {
        Digest::of(b"list").to_string()
    }

    fn spki() -> String {
        Digest::of(b"spki").to_string()
    }

    fn both(count: u64, numbers: [&str; 2]) -> Object {
        let batch = Object::new().with("count", i64::try_from(count).unwrap()).with("list_sha256", list());
        Object::new()
            .with("issuer_spki_sha256", spki())
            .with("batch", batch)
            .with("number", numbers[0])
            .with("last_number", numbers[1])
            .with("this_update", FROM)
            .with("next_update", TO)
    }

    fn signed(count: u64, numbers: [&str; 2], activates: &[&str]) -> Object {
        let artifact = Object::new()
            .with("kind", "list")
            .with("name", "ahead")
            .with("sha256", list())
            .with("media_type", "text/plain");
        let activates = activates.iter().map(|time| Value::from(*time)).collect();
        both(count, numbers).with("artifact", artifact).with("activates", Value::Array(activates))
    }

    /// What is found of a series and what comes after it in a ceremony that closed as scripted.
    fn found(series: Object, after: Vec<(&str, Object)>) -> Vec<Code> {
        let mut story = Story::default();
        let mut unread = Report::new();
        let approval = Object::new().with("kind", "crl").with("sha256", list());
        story.follow(&record(0, "request.approved", approval, None), &mut unread);
        story.follow(&record(1, "crl.sign.intent", both(2, ["7", "8"]), Some(0)), &mut unread);
        story.follow(&record(2, "crl.signed", series, Some(1)), &mut unread);
        let last = after.len() as u64 + 3;
        for (seq, (ev, data)) in (3..).zip(after) {
            story.follow(&record(seq, ev, data, None), &mut unread);
        }
        story.follow(&record(last, "ceremony.close", Object::new().with("outcome", "ok"), None), &mut unread);
        let told =
            Told { policy: None, head: None, checkpoint: None, refused: BTreeSet::new(), size: 0, story };
        let mut report = Report::new();
        judge(&Artifacts::default(), &told, &mut report);
        report.findings().iter().map(|finding| finding.code).collect()
    }

    const TIMES: [&str; 2] = [FROM, "2026-12-01T00:00:00Z"];

    fn good() -> Object {
        signed(2, ["7", "8"], &TIMES)
    }

    #[test]
    fn a_series_has_a_number_and_a_time_for_each_as_announced() {
        assert_eq!(found(good(), Vec::new()), []);
        assert!(found(signed(2, ["7", "9"], &TIMES), Vec::new()).contains(&Code::E192));
        assert!(found(signed(2, ["8", "7"], &TIMES), Vec::new()).contains(&Code::E192));
        assert_eq!(found(signed(2, ["6", "7"], &TIMES), Vec::new()), [Code::E175, Code::E175]);
        assert_eq!(found(signed(3, ["7", "8"], &TIMES), Vec::new())[0], Code::E192);
        for times in
            [&TIMES[..1], &[TIMES[1], TIMES[0]], &[TIMES[0], TIMES[0]], &[TIMES[0], "x"], &[FROM, TO]]
        {
            assert_eq!(found(signed(2, ["7", "8"], times), Vec::new()), [Code::E193], "{times:?}");
        }
    }

    #[test]
    fn what_comes_after_a_series_has_to_end_it() {
        let revoked =
            || ("cert.revoked", Object::new().with("serial", "01").with("issuer_spki_sha256", spki()));
        let other =
            Object::new().with("serial", "01").with("issuer_spki_sha256", Digest::of(b"").to_string());
        let ended = || ("crl.superseded", Object::new().with("list_sha256", list()));
        let artifact =
            Object::new().with("kind", "crl").with("name", "x").with("sha256", Digest::of(b"x").to_string());
        let crl =
            Object::new().with("artifact", artifact).with("issuer_spki_sha256", spki()).with("number", "9");
        assert_eq!(found(good(), vec![revoked()]), [Code::E196]);
        assert_eq!(found(good(), vec![revoked(), ended()]), []);
        assert_eq!(found(good(), vec![("cert.revoked", other)]), []);
        assert_eq!(found(good(), vec![("crl.signed", crl.clone())]), [Code::E192]);
        assert_eq!(found(good(), vec![("crl.signed", crl), ended()]), []);
        let stray = Object::new().with("list_sha256", Digest::of(b"other").to_string());
        assert_eq!(found(good(), vec![("crl.superseded", stray)]), [Code::E192]);
    }
}
