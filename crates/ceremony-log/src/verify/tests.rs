//! Both sides of every rule of the lines: a good log, and the same log spoiled in one way.

use super::*;
use crate::json::{Object, Value};
use crate::testing::GoodLog;
use crate::time::Time;

fn codes_of(log: &str, head: SignedHead, earlier: Option<&Checkpoint>) -> Vec<Code> {
    match verify(&mut log.as_bytes(), head, earlier, Practice::Warn, &mut |_| {}) {
        Ok(log) => log.warnings().iter().map(|finding| finding.code).collect(),
        Err(VerifyError::Refused(findings)) => findings.list.iter().map(|finding| finding.code).collect(),
        Err(VerifyError::Read(error)) => panic!("{error}"),
    }
}

/// What is wrong with a log of the same head as it is.
fn codes(log: &GoodLog) -> Vec<Code> {
    codes_of(&log.text(), log.signed_head(), None)
}

/// A good log, its record at 5 spoiled; those after it follow the spoiled one.
fn spoiled(spoil: impl FnOnce(&mut Record)) -> GoodLog {
    let mut log = GoodLog::new();
    log.lines.truncate(5);
    log.add(spoil);
    for _ in 6..11 {
        log.add(|_| {});
    }
    log
}

/// A good log with another line at 5; `prev` of those after it is mended.
fn with_line(change: impl FnOnce(&str) -> String) -> GoodLog {
    let mut log = GoodLog::new();
    let changed = change(&log.lines[5]);
    assert_ne!(changed, log.lines[5]);
    log.lines.truncate(5);
    log.lines.push(changed);
    for _ in 6..11 {
        log.add(|_| {});
    }
    log
}

#[test]
fn a_good_log_is_verified_and_every_record_visited() {
    let log = GoodLog::new();
    let mut seen = Vec::new();
    let verified =
        verify(&mut log.text().as_bytes(), log.signed_head(), None, Practice::Warn, &mut |entry| {
            assert_eq!(entry.leaf, Hash::leaf(entry.line));
            seen.push((entry.record.seq, String::from_utf8(entry.line.to_vec()).unwrap()));
        });
    let verified = verified.unwrap();
    assert_eq!(seen, (0..).zip(log.lines.clone()).collect::<Vec<_>>());
    assert_eq!(verified.tree().root(), verified.head().checkpoint().root);
    assert!(verified.genesis().practice);
    assert_eq!(codes(&log), [Code::W203]);
}

#[test]
fn an_importer_refuses_a_practice_log() {
    let log = GoodLog::new();
    let refused = verify(&mut log.text().as_bytes(), log.signed_head(), None, Practice::Refuse, &mut |_| {});
    let Err(VerifyError::Refused(findings)) = refused else { panic!("accepted") };
    assert_eq!(findings.list[0].code, Code::E158);
}

#[test]
fn a_spoiled_field_has_its_code() {
    let back = |record: &mut Record| record.at = Time::from_seconds(record.at.seconds() - 11).unwrap();
    assert_eq!(codes(&spoiled(|record| record.seq = 6)), [Code::E125, Code::W203]);
    assert_eq!(codes(&spoiled(|record| record.prev = Hash::ZERO)), [Code::E126, Code::W203]);
    assert_eq!(codes(&spoiled(back)), [Code::E127, Code::W203]);
    assert_eq!(codes(&spoiled(|record| record.mono -= 10_001)), [Code::E127, Code::W203]);
    assert_eq!(codes(&spoiled(|record| record.ev = "log.genesis".to_owned())), [Code::E125, Code::W203]);
}

#[test]
fn times_may_stand_still() {
    assert_eq!(codes(&spoiled(|record| record.mono -= 10_000)), [Code::W203]);
    let still = |record: &mut Record| record.at = Time::from_seconds(record.at.seconds() - 10).unwrap();
    assert_eq!(codes(&spoiled(still)), [Code::W203]);
}

#[test]
fn only_an_approved_clock_set_steps_back() {
    let set = |approved_by: Value| {
        codes(&spoiled(|record| {
            record.at = Time::from_seconds(0).unwrap();
            record.ev = "clock.set".to_owned();
            record.data = Object::new().with("approved_by", approved_by);
        }))
    };
    assert_eq!(set(vec![Value::from("w1")].into()), [Code::W203]);
    assert_eq!(set(Value::Array(Vec::new())), [Code::E127, Code::W203]);
    assert_eq!(set(Value::from("w1")), [Code::E127, Code::W203]);
}

#[test]
fn only_a_session_resets_mono() {
    for (ev, codes_wanted) in [
        ("session.start", vec![Code::W203]),
        ("session.resumed", vec![Code::W203]),
        ("session.stop", vec![Code::E127, Code::W203]),
    ] {
        let log = spoiled(|record| {
            record.ev = ev.to_owned();
            record.mono = 0;
        });
        assert_eq!(codes(&log), codes_wanted, "{ev}");
    }
}

#[test]
fn a_line_in_another_form_has_its_code() {
    for (from, to, code) in [
        ("{\"actor\"", "{actor", Code::E121),
        ("\"v\":1}", "\"v\":1,\"v\":1}", Code::E122),
        ("\"v\":1", "\"v\":null", Code::E123),
        ("\"v\":1", "\"v\":1.0", Code::E123),
        ("\"v\":1", "\"v\": 1", Code::E124),
        ("\"v\":1}", "\"v\":1}\r", Code::E124),
        ("line 5", "line\u{202e} 5", Code::E128),
        ("\"v\":1", "\"v\":2", Code::E129),
    ] {
        assert_eq!(codes(&with_line(|line| line.replace(from, to))), [code, Code::W203], "{to}");
    }
    assert_eq!(codes(&with_line(|_| String::new())), [Code::E121, Code::W203]);
}

#[test]
fn a_line_that_is_too_long_is_hashed_all_the_same() {
    for length in [16_385, 16_386, 40_000] {
        assert_eq!(codes(&with_line(|_| "x".repeat(length))), [Code::E128, Code::W203], "{length}");
    }
    assert_eq!(codes(&with_line(|_| "x".repeat(16_384))), [Code::E121, Code::W203]);
}

#[test]
fn a_changed_line_breaks_chain_and_root() {
    let log = GoodLog::new();
    let text = log.text().replace("line 5", "line 6");
    assert_eq!(codes_of(&text, log.signed_head(), None), [Code::E126, Code::E131, Code::W203]);
}

#[test]
fn a_log_shorter_or_longer_than_its_head_is_e130() {
    let log = GoodLog::new();
    let mut longer = GoodLog::new();
    longer.add(|_| {});
    assert_eq!(codes_of(&longer.text(), log.signed_head(), None), [Code::E130, Code::W203]);
    assert_eq!(codes_of(&log.text(), longer.signed_head(), None), [Code::E130, Code::W203]);
}

#[test]
fn a_torn_last_line_is_e120() {
    let log = GoodLog::new();
    let text = log.text();
    assert_eq!(codes_of(text.trim_end(), log.signed_head(), None), [Code::E120, Code::E130, Code::W203]);
    for torn in [1, 16_385, 20_000, 16_384 * 3] {
        let scan = scan(&mut format!("{text}{}", "x".repeat(torn)).as_bytes(), &mut |_| {}).unwrap();
        assert_eq!((scan.torn, scan.tree.size()), (torn as u64, 11));
        assert!(scan.findings.list.is_empty());
    }
}

#[test]
fn an_earlier_head_must_be_a_prefix() {
    let log = GoodLog::new();
    let head = log.signed_head();
    let earlier = |size: u64, root: Hash| Checkpoint { size, root, ..head.checkpoint().clone() };
    for size in 0..=11 {
        let root = log.levels().root(size).unwrap();
        assert_eq!(codes_of(&log.text(), head.clone(), Some(&earlier(size, root))), [Code::W203]);
        let forked = codes_of(&log.text(), head.clone(), Some(&earlier(size, Hash::ZERO)));
        assert_eq!(forked, [Code::E133, Code::W203]);
    }
    assert_eq!(codes_of(&log.text(), head.clone(), Some(&earlier(12, Hash::ZERO))), [Code::E132, Code::W203]);
    let other = Checkpoint { origin: "x".to_owned(), ..head.checkpoint().clone() };
    assert_eq!(codes_of(&log.text(), head, Some(&other)), [Code::E111, Code::W203]);
}

#[test]
fn a_log_begins_with_its_genesis() {
    let begun = |spoil: fn(&mut Record)| {
        let mut log = GoodLog { lines: Vec::new() };
        let data = Record::parse(GoodLog::new().lines[0].as_bytes()).unwrap().data;
        log.add(|record| {
            record.data = data;
            spoil(record);
        });
        codes(&log)
    };
    assert_eq!(begun(|_| {}), [Code::W203]);
    assert_eq!(begun(|record| record.ev = "log.note".to_owned()), [Code::E125]);
    assert_eq!(begun(|record| record.mono = 1), [Code::E127, Code::W203]);
    assert_eq!(begun(|record| record.prev = Hash::leaf(b"")), [Code::E126, Code::W203]);
    assert_eq!(begun(|record| record.data.insert("spec", "ceremony-log/v2")), [Code::E129, Code::W203]);
    assert_eq!(begun(|record| record.data.insert("hash", "sha512")), [Code::E129, Code::W203]);
    assert_eq!(begun(|record| record.data.insert("practice", false)), [Code::E111]);
    assert_eq!(begun(|record| record.data.insert("practice", "yes")), [Code::E128]);
    assert_eq!(
        begun(|record| record.data.insert("origin", "example.org/log")),
        [Code::E111, Code::E111, Code::W203]
    );
    let none = GoodLog { lines: Vec::new() };
    assert_eq!(codes(&none), [Code::E125]);
}

#[test]
fn findings_are_bounded() {
    let log = GoodLog::new();
    let text = "\n".repeat(1500);
    let refused = verify(&mut text.as_bytes(), log.signed_head(), None, Practice::Warn, &mut |_| {});
    let Err(VerifyError::Refused(findings)) = refused else { panic!("accepted") };
    assert_eq!((findings.list.len(), findings.unreported), (1000, 500 + 2));
}

#[test]
fn warnings_do_not_refuse_however_many_and_an_error_among_those_not_kept_does() {
    let mut findings = Findings::default();
    for _ in 0..=MOST_FINDINGS {
        findings.push(Finding::new(Code::W201, Place::Log, "unknown"));
    }
    assert_eq!((findings.unreported, findings.refuse()), (1, false));
    findings.push(Finding::new(Code::E152, Place::Log, "open"));
    assert_eq!((findings.unreported, findings.refuse()), (2, true));
}

#[test]
fn a_reader_that_fails_is_not_a_log_that_ends() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the medium was pulled"))
        }
    }
    let result = verify(
        &mut io::BufReader::new(Broken),
        GoodLog::new().signed_head(),
        None,
        Practice::Warn,
        &mut |_| {},
    );
    assert!(matches!(result, Err(VerifyError::Read(_))));
}
