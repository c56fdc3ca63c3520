//! `due`: deadlines in order, in every form; the calendar as an independent parser reads it.

use std::path::Path;

use serde_json::Value;

use crate::bundle::Forger;
use crate::common::{Ended, program, tool};
use crate::online::{OnlineSide, bundle_of, records, shared, shared_two};

fn due(folder: &Path, arguments: &str) -> Ended {
    let arguments = ["due", folder.to_str().unwrap()].into_iter().chain(arguments.split_whitespace());
    program::rootrite(Path::new("/"), arguments)
}

fn json(folder: &Path, arguments: &str) -> Vec<Value> {
    let ended = due(folder, &format!("--format json {arguments}"));
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.error))
}

/// When something of the log ends.
fn ends(ev: &str, name: &str, key: &str) -> String {
    let all = records(&bundle_of(shared()));
    let fits = |record: &&Value| record["ev"] == ev && record["data"]["artifact"]["name"] == name;
    let record = all.iter().find(fits).unwrap();
    let intent = &all[usize::try_from(record["ref"].as_u64().unwrap()).unwrap()];
    let text = |record: &Value| record["data"][key].as_str().map(str::to_owned);
    text(record).or_else(|| text(intent)).unwrap()
}

#[test]
fn every_deadline_of_the_log_is_there_and_in_order() {
    let all = json(&bundle_of(shared()), "");
    let times: Vec<_> = all.iter().map(|one| one["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let of = |about: &str, of: &str| {
        let fits = |one: &&Value| one["about"] == about && one["of"] == of;
        all.iter().find(fits).unwrap_or_else(|| panic!("{about} of {of}: {all:?}"))["at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(of("crl", "root-x1"), ends("crl.signed", "root-x1", "next_update"));
    assert_eq!(of("ocsp", "root-x1-ocsp"), ends("ocsp.signed", "r", "next_update"));
    for name in ["root-x1", "e1", "root-x1-ocsp"] {
        assert_eq!(of("certificate", name), ends("cert.signed", name, "not_after"));
    }
    assert_eq!(all.last().unwrap()["about"], "retention");
    assert_eq!(all.len(), 6, "{all:?}");
    let state = |name: &str| all.iter().find(|one| one["of"] == name).unwrap()["state"].clone();
    assert_eq!((state("e1"), state("records")), ("later".into(), "kept".into()));
}

#[test]
fn a_newer_crl_and_the_closing_of_the_last_ceremony_count() {
    let (table, second) = shared_two();
    let all = json(second, "");
    let crls: Vec<_> = all.iter().filter(|one| one["about"] == "crl").collect();
    assert_eq!(crls.len(), 1);
    let log = json(&table.path("log"), "");
    assert_eq!(log, all, "the bundle and the log on its medium know the same");
    let side = OnlineSide::of(shared()).without_tokens();
    let mut forger: Forger = side.forger(&bundle_of(shared()));
    let close = forger.records.last_mut().unwrap();
    close["data"]["next_due"] = "2027-01-01T00:00:00Z".into();
    close["data"]["next_purpose"] = "yearly CRL".into();
    let bundle = forger.seal();
    let all = json(bundle.path(), "");
    let ceremony = all.iter().find(|one| one["about"] == "ceremony").unwrap();
    assert_eq!((&ceremony["at"], &ceremony["of"]), (&"2027-01-01T00:00:00Z".into(), &"yearly CRL".into()));
    side.take_in(bundle.path());
    assert_eq!(json(&side.path("store"), ""), all, "a store's active set is the log that counts");
}

#[test]
fn what_is_late_is_an_exit_code_and_soon_is_ninety_days() {
    let bundle = bundle_of(shared());
    let ends = ends("crl.signed", "root-x1", "next_update");
    let state = |at: &str| {
        let all = json(&bundle, &format!("--at {at}"));
        let crl = all.iter().find(|one| one["about"] == "crl").unwrap()["state"].clone();
        crl.as_str().unwrap().to_owned()
    };
    let at = |seconds: i64| {
        let ends: rootrite::clock::Timestamp = ends.parse().unwrap();
        let moved = i64::try_from(ends.seconds()).unwrap() + seconds;
        rootrite::clock::Timestamp::from_seconds(u64::try_from(moved).unwrap()).unwrap().to_string()
    };
    assert_eq!(state(&at(-90 * 86_400 - 1)), "later");
    assert_eq!(state(&at(-90 * 86_400)), "soon");
    assert_eq!(state(&at(0)), "soon");
    assert_eq!(state(&at(1)), "overdue");
    let _ = due(&bundle, "").with(0);
    let late = due(&bundle, &format!("--at {}", at(86_400))).with(3);
    assert!(
        late.error.contains(&format!("overdue since {ends}: publish a newer CRL of `root-x1`")),
        "{}",
        late.error
    );
    assert!(late.out.contains("overdue"), "{}", late.out);
}

#[test]
fn numbers_for_a_monitor_are_seconds() {
    let ended = due(&bundle_of(shared()), "--format prometheus").with(0);
    let ends: rootrite::clock::Timestamp = ends("crl.signed", "root-x1", "next_update").parse().unwrap();
    let line = format!(
        "rootrite_deadline_timestamp_seconds{{about=\"crl\",log=\"example.org/test-log\",of=\"root-x1\"}} {}\n",
        ends.seconds()
    );
    assert!(ended.out.contains(&line), "{}", ended.out);
    let records = records(&bundle_of(shared())).len();
    assert!(
        ended.out.ends_with(&format!("rootrite_log_records{{log=\"example.org/test-log\"}} {records}\n"))
    );
    for line in ended.out.lines() {
        assert!(
            line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line.starts_with("rootrite_"),
            "{line}"
        );
    }
}

#[test]
fn another_parser_reads_the_calendar_as_the_same_deadlines() {
    let bundle = bundle_of(shared());
    let calendar = due(&bundle, "--ics").with(0).out;
    assert_eq!(calendar, due(&bundle, "--format ics").with(0).out);
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{calendar}");
    let Some(python) = std::env::var_os("ROOTRITE_ICALENDAR") else {
        program::skipped("ROOTRITE_ICALENDAR names no Python with icalendar; scripts/test sets it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("due.ics"), &calendar).unwrap();
    let Some(ended) = tool(python, folder.path(), ["-c", READ]) else { return };
    let read: Vec<Value> = serde_json::from_str(&ended.with(0).out).unwrap();
    let own: Vec<Value> = json(&bundle, "")
        .into_iter()
        .map(|one| serde_json::json!({ "at": one["at"], "what": one["what"], "alarms": [90, 30, 7], "about": one["about"] }))
        .collect();
    assert_eq!(read, own);
}

/// Reads `due.ics` by the Python package icalendar, in strict mode, and says what it has.
const READ: &str = r#"
import icalendar, json
calendar = icalendar.Calendar.from_ical(open("due.ics", "rb").read())
assert calendar["VERSION"] == "2.0" and calendar["PRODID"]
events, uids = [], set()
for event in calendar.walk("VEVENT"):
    assert not event.errors, event.errors
    assert event["UID"] not in uids and event["DTSTAMP"].dt.tzinfo is not None
    uids.add(event["UID"])
    alarms = [alarm for alarm in event.walk("VALARM")]
    assert all(alarm["ACTION"] == "DISPLAY" and alarm["DESCRIPTION"] for alarm in alarms)
    events.append({
        "at": event["DTSTART"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "what": str(event["SUMMARY"]),
        "alarms": [-alarm["TRIGGER"].dt.days for alarm in alarms],
        "about": str(event["CATEGORIES"].cats[0]),
    })
print(json.dumps(events))
"#;

#[test]
fn a_folder_without_a_log_and_a_log_that_is_refused_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let _ = due(folder.path(), "").with(2);
    let bundle = crate::bundle::Bundle::of(&bundle_of(shared()));
    bundle.lines(|lines| drop(lines.remove(20)));
    let ended = due(bundle.path(), "").with(5);
    assert!(ended.out.is_empty() && ended.error.contains("E126"), "{}{}", ended.out, ended.error);
}
