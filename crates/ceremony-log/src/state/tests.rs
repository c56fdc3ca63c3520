//! A good ceremony, and the same ceremony spoiled in one way each.

use super::*;
use crate::record::{Actor, Role};
use crate::tree::Hash;

/// Records of which only event, ceremony, data and `ref` matter.
#[derive(Clone)]
struct Story(Vec<Record>);

impl Story {
    /// A first ceremony that makes a key on the token and signs its root: never extractable.
    fn good() -> Self {
        let mut story = Self::opened();
        story.key("root", true);
        story.add("key.live", data("spki_sha256", "root"));
        story.sign("root", "root");
        story.closed("ok")
    }

    /// A first ceremony up to its first act.
    fn opened() -> Self {
        let mut story = Self(Vec::new());
        story.add("log.genesis", Object::new());
        story.add("session.start", Object::new());
        story.add("plan.approved", data("sha256", "plan").with("person", "bo"));
        story.add("ceremony.open", data("plan_sha256", "plan"));
        story.add("auth.ok", data("token", "root"));
        story
    }

    fn key(&mut self, spki: &str, never_extractable: bool) {
        let attributes = Object::new().with("never_extractable", never_extractable).with("local", false);
        let intent = self.add("key.generate.intent", data("token", "root"));
        self.result("key.generated", intent, data("spki_sha256", spki).with("attributes", attributes));
        let intent = self.add("key.proof.intent", data("preimage", "…"));
        self.result("key.proved", intent, data("spki_sha256", spki).with("verified", true));
    }

    fn sign(&mut self, issuer: &str, subject: &str) {
        let intent = data("issuer_spki_sha256", issuer).with("serial", "01").with("tbs_sha256", "tbs");
        let intent = self.add("cert.sign.intent", intent);
        self.result("cert.signed", intent, data("spki_sha256", subject).with("serial", "01"));
    }

    fn closed(mut self, outcome: &str) -> Self {
        self.add("ceremony.close", data("outcome", outcome));
        self
    }

    fn add(&mut self, ev: &str, data: Object) -> u64 {
        let seq = self.0.len() as u64;
        self.0.push(Record {
            seq,
            prev: Hash::ZERO,
            at: "2026-11-01T08:00:00Z".parse().unwrap(),
            mono: 0,
            cer: "first".to_owned(),
            ev: ev.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data,
            step: None,
            reference: None,
        });
        seq
    }

    fn result(&mut self, ev: &str, intent: u64, data: Object) {
        self.add(ev, data);
        self.0.last_mut().unwrap().reference = Some(intent);
    }

    /// The first record of that event.
    fn first(&mut self, ev: &str) -> &mut Record {
        self.0.iter_mut().find(|record| record.ev == ev).unwrap()
    }

    /// The same without the first record of that event; those after it keep their places.
    fn without(mut self, ev: &str) -> Self {
        let record = self.first(ev);
        record.ev = "log.note".to_owned();
        record.reference = None;
        self
    }

    fn codes(&self) -> Vec<Code> {
        let mut state = State::new();
        for record in &self.0 {
            state.follow(record);
        }
        state.finish().list.into_iter().map(|finding| finding.code).collect()
    }
}

fn data(key: &str, value: &str) -> Object {
    Object::new().with(key, value)
}

#[test]
fn a_good_ceremony_has_no_findings() {
    assert_eq!(Story::good().codes(), []);
}

#[test]
fn an_intent_without_a_result_is_e152() {
    assert_eq!(Story::good().without("cert.signed").codes(), [Code::E152]);
    let mut story = Story::good();
    story.0.pop();
    let unclosed = story.without("cert.signed");
    assert_eq!(unclosed.codes(), [Code::E152, Code::E150]);
}

#[test]
fn a_result_without_its_intent_is_e153() {
    let story = Story::good();
    assert_eq!(story.clone().without("cert.sign.intent").codes(), [Code::E153]);
    let spoiled = |reference: Option<u64>| {
        let mut story = Story::good();
        story.first("cert.signed").reference = reference;
        story.codes()
    };
    assert_eq!(spoiled(None), [Code::E153, Code::E152]);
    // Closed already, no intent, itself, the future.
    for reference in [5, 1, 11, 12, 999] {
        assert_eq!(spoiled(Some(reference)), [Code::E153, Code::E152], "{reference}");
    }
    let mut twice = Story::good();
    let close = twice.0.pop().unwrap();
    twice.result("cert.signed", 10, data("spki_sha256", "root"));
    assert_eq!(twice.0[10].ev, "cert.sign.intent");
    twice.0.push(close);
    assert_eq!(twice.codes(), [Code::E153]);
}

#[test]
fn a_result_that_disagrees_with_its_intent_is_e153() {
    let mut story = Story::good();
    story.first("cert.signed").data.insert("serial", "02");
    assert_eq!(story.codes(), [Code::E153]);
    let mut story = Story::good();
    story.first("cert.signed").data.insert("tbs_sha256", "other");
    assert_eq!(story.codes(), [Code::E153]);
    let mut story = Story::good();
    story.first("cert.signed").data.insert("tbs_sha256", "tbs");
    assert_eq!(story.codes(), []);
}

#[test]
fn any_intent_may_end_in_a_failure() {
    for (ev, codes) in [
        ("act.failed", vec![]),
        ("sign.failed", vec![]),
        ("sign.aborted", vec![]),
        ("crl.signed", vec![Code::E153, Code::E152]),
        ("key.generated", vec![Code::E153, Code::E159, Code::E152]),
    ] {
        let mut story = Story::good();
        let record = story.first("cert.signed");
        record.ev = ev.to_owned();
        record.data = Object::new();
        assert_eq!(story.codes(), codes, "{ev}");
    }
    let mut alone = Story::opened();
    alone.add("act.failed", Object::new());
    assert_eq!(alone.closed("ok").codes(), []);
}

#[test]
fn an_unknown_event_warns_and_an_unknown_signature_refuses() {
    let with = |ev: &str| {
        let mut story = Story::opened();
        story.add(ev, Object::new());
        story.closed("ok").codes()
    };
    assert_eq!(with("weather.rain"), [Code::W201]);
    assert_eq!(with("tsa.sign.intent"), [Code::E154]);
    assert_eq!(with("tsa.signed"), [Code::E154]);
}

#[test]
fn a_ceremony_closes_exactly_once() {
    let mut story = Story::good();
    story.0.pop();
    assert_eq!(story.codes(), [Code::E150]);
    assert_eq!(Story::good().closed("ok").codes(), [Code::E150]);
    assert_eq!(Story::opened().closed("well").codes(), [Code::E150]);
    let mut again = Story::good();
    again.add("ceremony.open", data("plan_sha256", "plan"));
    assert_eq!(again.closed("ok").codes(), [Code::E150]);
    let mut second = Story::opened();
    second.add("ceremony.open", data("plan_sha256", "plan"));
    second.0.last_mut().unwrap().cer = "second".to_owned();
    assert_eq!(second.codes(), [Code::E150, Code::E150]);
}

#[test]
fn a_ceremony_is_closed_under_its_own_id() {
    let mut story = Story::good();
    story.first("ceremony.close").cer = "2027-another".to_owned();
    assert_eq!(story.codes(), [Code::E150; 2]);
}

#[test]
fn only_the_last_ceremony_must_not_be_aborted() {
    assert_eq!(Story::opened().closed("partial").codes(), []);
    let mut story = Story::opened().closed("aborted");
    assert_eq!(story.codes(), [Code::E151]);
    story.add("ceremony.open", data("plan_sha256", "plan"));
    story.0.last_mut().unwrap().cer = "second".to_owned();
    story = story.closed("ok");
    story.0.last_mut().unwrap().cer = "second".to_owned();
    assert_eq!(story.codes(), []);
}

#[test]
fn a_signature_needs_approval_login_and_an_open_ceremony() {
    for missing in ["plan.approved", "auth.ok"] {
        assert_eq!(Story::good().without(missing).codes(), [Code::E155], "{missing}");
    }
    assert_eq!(Story::good().without("ceremony.open").codes(), [Code::E155, Code::E150]);
    let mut other = Story::good();
    other.first("plan.approved").data.insert("sha256", "another plan");
    assert_eq!(other.codes(), [Code::E155]);
    let mut nobody = Story::good();
    nobody.first("plan.approved").data.insert("person", "");
    assert_eq!(nobody.codes(), [Code::E155, Code::E155]);
    let mut elsewhere = Story::good();
    elsewhere.first("cert.sign.intent").cer = "second".to_owned();
    assert_eq!(elsewhere.codes(), [Code::E155]);
    let mut other_token = Story::good();
    other_token.first("cert.sign.intent").data.insert("token", "other");
    assert_eq!(other_token.codes(), [Code::E155]);
}

#[test]
fn a_resumed_session_must_log_in_again() {
    let mut story = Story::opened();
    story.key("root", true);
    story.add("key.live", data("spki_sha256", "root"));
    story.add("session.resumed", Object::new());
    story.sign("root", "root");
    assert_eq!(story.clone().closed("ok").codes(), [Code::E155]);
    story.add("auth.ok", data("token", "root"));
    story.sign("root", "root");
    assert_eq!(story.closed("ok").codes(), [Code::E155]);
}

#[test]
fn approval_and_login_end_with_their_ceremony() {
    let story = |approved: bool, logged_in: bool| {
        let mut story = Story::good();
        let from = story.0.len();
        if approved {
            story.add("plan.approved", data("sha256", "plan").with("person", "bo"));
        }
        story.add("ceremony.open", data("plan_sha256", "plan"));
        if logged_in {
            story.add("auth.ok", data("token", "root"));
        }
        story.sign("root", "root");
        story = story.closed("ok");
        story.0[from..].iter_mut().for_each(|record| record.cer = "second".to_owned());
        story.codes()
    };
    assert_eq!(story(true, true), []);
    assert_eq!(story(false, true), [Code::E155]);
    assert_eq!(story(true, false), [Code::E155]);
}

#[test]
fn a_reference_is_to_an_earlier_record() {
    for (reference, codes) in [(0, vec![]), (4, vec![]), (5, vec![Code::E153]), (6, vec![Code::E153])] {
        let mut story = Story::opened();
        story.result("log.note", reference, Object::new());
        assert_eq!(story.closed("ok").codes(), codes, "{reference}");
    }
}

#[test]
fn a_quorum_has_as_many_people_as_its_threshold() {
    let with = |threshold: u32, people: &[&str]| {
        let mut story = Story::good();
        let record = story.first("auth.ok");
        record.ev = "quorum.met".to_owned();
        record.data.insert("threshold", threshold);
        record.data.insert("people", people.iter().copied().collect::<Value>());
        story.codes()
    };
    assert_eq!(with(2, &["bo", "cy"]), []);
    assert_eq!(with(2, &["bo"]), [Code::E155, Code::E155]);
    assert_eq!(with(2, &["bo", "bo"]), [Code::E155, Code::E155]);
    // Nobody is no login, but breaks no rule.
    assert_eq!(with(0, &[]), [Code::E155]);
}

#[test]
fn a_key_that_is_not_live_does_not_sign() {
    assert_eq!(Story::good().without("key.live").codes(), [Code::E159]);
    let mut foreign = Story::good();
    foreign.first("cert.sign.intent").data.insert("issuer_spki_sha256", "another");
    assert_eq!(foreign.codes(), [Code::E159]);
    let mut unnamed = Story::good();
    unnamed.first("cert.sign.intent").data = Object::new();
    assert_eq!(unnamed.codes(), [Code::E159]);
}

/// An extractable key on its way to be live, without the records of one kind.
fn backed_up(skip: &str) -> Story {
    let mut story = Story::opened();
    story.key("root", false);
    let of = || data("spki_sha256", "root");
    let act = |story: &mut Story, result: &str, intent: &str, said: Object| {
        if skip != result {
            let seq = story.add(intent, of());
            story.result(result, seq, said);
        }
    };
    let set = of().with("set_id", "5a3f").with("threshold", 2_u32).with("share_count", 3_u32);
    act(&mut story, "key.backup", "key.backup.intent", set);
    for index in 1..=3_u32 {
        let share = of().with("set_id", "5a3f").with("index", index);
        story.add("share.issued", share.clone());
        if skip != format!("share {index}") {
            story.add("share.confirmed", share);
        }
    }
    act(&mut story, "key.restored", "key.restore.intent", of());
    act(&mut story, "key.proved", "key.proof.intent", of().with("verified", true));
    let attributes = Object::new().with("extractable", skip == "extractable");
    act(&mut story, "key.sealed", "key.seal.intent", of().with("attributes", attributes));
    story.add("key.live", of());
    story.sign("root", "root");
    story.closed("ok")
}

#[test]
fn an_extractable_key_is_backed_up_restored_and_sealed_before_it_is_live() {
    assert_eq!(backed_up("").codes(), []);
    // The key is not live then, and its signature is one more finding.
    for (skip, findings) in [
        ("key.backup", 2),
        ("share 1", 3),
        ("share 3", 3),
        ("key.restored", 2),
        ("key.proved", 3),
        ("key.sealed", 2),
        ("extractable", 3),
    ] {
        assert_eq!(backed_up(skip).codes(), vec![Code::E159; findings], "{skip}");
    }
}

#[test]
fn a_backup_that_was_given_up_lends_its_shares_to_no_other() {
    // All of the first set were confirmed; then there is another set, of which none is.
    let mut story = backed_up("");
    let place = story.0.iter().position(|record| record.ev == "key.restore.intent").unwrap();
    let rest = story.0.split_off(place);
    let of = || data("spki_sha256", "root");
    let intent = story.add("key.backup.intent", of());
    story.result("key.backup", intent, of().with("set_id", "1234").with("share_count", 3_u32));
    let moved = story.0.len() as u64 - place as u64;
    story.0.extend(rest.into_iter().map(|mut record| {
        record.seq += moved;
        record.reference = record.reference.map(|seq| seq + moved);
        record
    }));
    assert_eq!(story.codes(), [Code::E159; 3]);
    let mut odd = Story::opened();
    odd.key("root", false);
    let intent = odd.add("key.backup.intent", of());
    odd.result("key.backup", intent, of().with("set_id", "1234").with("share_count", 0_u32));
    assert_eq!(odd.closed("ok").codes(), [Code::E159]);
}

#[test]
fn the_groups_of_a_backup_are_all_of_its_shares_and_can_be_met() {
    let group = |threshold: u32, count: u32| {
        let group = Object::new().with("name", "a").with("threshold", threshold).with("share_count", count);
        Value::Object(group)
    };
    let codes = |needed: Option<u32>, groups: Option<Vec<Value>>| {
        let mut story = backed_up("");
        let data = &mut story.first("key.backup").data;
        if let Some(needed) = needed {
            data.insert("group_threshold", needed);
        }
        if let Some(groups) = groups {
            data.insert("groups", Value::Array(groups));
        }
        story.codes()
    };
    assert_eq!(codes(Some(2), Some(vec![group(1, 1), group(2, 2)])), []);
    assert_eq!(codes(Some(1), Some(vec![group(1, 1), group(2, 2)])), []);
    for (needed, groups) in [
        (Some(2), None),
        (None, Some(vec![group(1, 1), group(2, 2)])),
        (Some(0), Some(vec![group(1, 1), group(2, 2)])),
        (Some(3), Some(vec![group(1, 1), group(2, 2)])),
        (Some(1), Some(vec![group(2, 3)])),
        (Some(1), Some(vec![])),
        (Some(2), Some(vec![group(1, 1), group(2, 3)])),
        (Some(2), Some(vec![group(1, 1), group(3, 2)])),
        (Some(2), Some(vec![group(1, 1), group(0, 2)])),
        (Some(2), Some(vec![group(1, 1), Value::from("a")])),
    ] {
        let found = codes(needed, groups.clone());
        assert!(found.contains(&Code::E159), "{needed:?} {groups:?}: {found:?}");
    }
}

#[test]
fn a_key_is_sealed_only_by_a_record_that_says_it_cannot_leave() {
    let mut story = backed_up("");
    story.first("key.sealed").data.insert("attributes", Object::new());
    assert_eq!(story.codes(), [Code::E159; 3]);
}

#[test]
fn another_backup_takes_no_key_back_to_where_it_was() {
    let backup = |story: &mut Story| {
        let intent = story.add("key.backup.intent", data("spki_sha256", "root"));
        story.result("key.backup", intent, data("spki_sha256", "root"));
    };
    let mut live = Story::opened();
    live.key("root", true);
    live.add("key.live", data("spki_sha256", "root"));
    backup(&mut live);
    live.sign("root", "root");
    assert_eq!(live.closed("ok").codes(), []);
    let mut destroyed = Story::opened();
    destroyed.key("root", true);
    let intent = destroyed.add("key.destroy.intent", data("spki_sha256", "root"));
    destroyed.result("key.destroyed", intent, data("spki_sha256", "root"));
    backup(&mut destroyed);
    destroyed.add("key.live", data("spki_sha256", "root"));
    assert_eq!(destroyed.closed("ok").codes(), [Code::E159]);
}

#[test]
fn only_the_shares_of_the_backup_s_own_set_count_and_each_once() {
    for (field, value) in [
        ("set_id", Value::from("1234")),
        ("index", Value::from(0_u32)),
        ("index", Value::from(4_u32)),
        ("index", Value::from(2_u32)),
    ] {
        let mut story = backed_up("");
        let last = story.0.iter_mut().rfind(|record| record.ev == "share.confirmed").unwrap();
        last.data.insert(field, value.clone());
        assert_eq!(story.codes(), [Code::E159; 3], "{field} {value:?}");
    }
}

#[test]
fn keys_are_made_once_and_prove_themselves() {
    let mut twice = Story::opened();
    twice.key("root", true);
    twice.key("root", true);
    assert_eq!(twice.closed("ok").codes(), [Code::E159]);
    let mut unproved = Story::good();
    unproved.first("key.proved").data.insert("verified", false);
    assert_eq!(unproved.codes(), [Code::E159]);
}

#[test]
fn a_destroyed_key_does_not_sign_unless_a_copy_survives() {
    let story = |surviving: Vec<Value>| {
        let mut story = Story::opened();
        story.key("root", true);
        story.add("key.live", data("spki_sha256", "root"));
        let of = || data("spki_sha256", "root");
        let intent = story.add("key.destroy.intent", of());
        story.result("key.destroyed", intent, of().with("surviving", surviving));
        story.sign("root", "root");
        story.closed("ok").codes()
    };
    assert_eq!(story(Vec::new()), [Code::E159]);
    assert_eq!(story(vec![Value::from("token b")]), []);
}

#[test]
fn the_log_key_signs_heads_only() {
    let mut story = Story::opened();
    story.key("log", true);
    story.add("log.key.added", data("spki_sha256", "log"));
    story.add("key.live", data("spki_sha256", "log"));
    assert_eq!(story.clone().closed("ok").codes(), []);
    story.sign("log", "log");
    assert_eq!(story.closed("ok").codes(), [Code::E159]);
}

#[test]
fn a_key_that_was_not_extractable_when_generated_needs_no_backup() {
    for (attributes, codes) in [
        (Object::new().with("extractable", false), vec![]),
        (
            Object::new().with("extractable", false).with("never_extractable", false),
            vec![Code::E159, Code::E159],
        ),
        (Object::new().with("extractable", true), vec![Code::E159, Code::E159]),
        (Object::new(), vec![Code::E159, Code::E159]),
    ] {
        let mut story = Story::good();
        story.first("key.generated").data.insert("attributes", attributes.clone());
        assert_eq!(story.codes(), codes, "{attributes:?}");
    }
}

#[test]
fn a_token_is_initialised_between_intent_and_result() {
    let story = |result: &str| {
        let mut story = Story::opened();
        let intent = story.add("token.initialize.intent", data("token", "root"));
        story.result(result, intent, data("token", "root"));
        story.closed("ok").codes()
    };
    assert_eq!(story("token.initialized"), []);
    assert_eq!(story("act.failed"), []);
    assert_eq!(story("log.note"), [Code::E152]);
    let mut alone = Story::opened();
    alone.add("token.initialized", data("token", "root"));
    assert_eq!(alone.closed("ok").codes(), []);
}

#[test]
fn a_certificate_is_for_a_key_of_the_log_or_of_a_request_with_proof() {
    let story = |requested: bool, rejected: bool, pop_verified: bool, spki: &str| {
        let mut story = Story::opened();
        story.key("root", true);
        story.add("key.live", data("spki_sha256", "root"));
        let request = data("kind", "csr").with("sha256", "request").with("spki_sha256", spki);
        if requested {
            story.add("request.received", request.with("pop_verified", pop_verified));
        }
        if rejected {
            story.add("request.rejected", data("kind", "csr").with("sha256", "request"));
        }
        story.sign("root", "online");
        story.closed("ok")
    };
    assert_eq!(story(true, false, true, "online").codes(), []);
    assert_eq!(story(true, false, true, "another").codes(), [Code::E159]);
    assert_eq!(story(true, false, false, "online").codes(), [Code::E159]);
    assert_eq!(story(true, true, true, "online").codes(), [Code::E159]);
    assert_eq!(story(false, false, true, "online").codes(), [Code::E159]);
    // What asks for a revocation proves nothing of a key.
    let mut other = story(true, false, true, "online");
    other.first("request.received").data.insert("kind", "revocation");
    assert_eq!(other.codes(), [Code::E159]);
    for (kind, codes) in [("cross", vec![]), ("subordinate", vec![Code::E159])] {
        let mut cross = story(false, false, true, "online");
        cross.first("cert.signed").data.insert("artifact", data("kind", kind));
        assert_eq!(cross.codes(), codes, "{kind}");
    }
}

#[test]
fn a_log_with_more_than_fits_is_refused() {
    let open = |count: usize| {
        let mut state = State::new();
        let mut story = Story::opened();
        for _ in 0..count {
            story.add("key.generate.intent", Object::new());
        }
        for record in &story.0 {
            state.follow(record);
        }
        (state.open_intents().count(), state.finish().list[0].code)
    };
    assert_eq!(open(MOST_OPEN), (1000, Code::E152));
    assert_eq!(open(MOST_OPEN + 1), (1001, Code::E128));
    assert_eq!(open(MOST_OPEN + 50), (1001, Code::E128));
    let known = |count: usize| {
        let mut state = State::new();
        let mut story = Story(Vec::new());
        story.add("log.key.added", Object::new());
        for key in 0..count {
            story.0[0].data = data("spki_sha256", &key.to_string());
            state.follow(&story.0[0]);
        }
        state.finish().refuse()
    };
    assert!(!known(MOST_KNOWN));
    assert!(known(MOST_KNOWN + 1));
}

#[test]
fn what_is_open_can_be_asked() {
    let mut state = State::new();
    let story = Story::good();
    for record in &story.0[..=10] {
        state.follow(record);
    }
    assert_eq!(state.open_ceremony(), Some("first"));
    assert_eq!(
        state.open_intents().map(|intent| (intent.seq, intent.ev.as_str())).collect::<Vec<_>>(),
        [(10, "cert.sign.intent")]
    );
    assert!(state.is_live("root"));
    assert!(!state.is_live("another"));
    for record in &story.0[11..] {
        state.follow(record);
    }
    assert_eq!(state.last_ceremony(), Some(("first", Outcome::Ok)));
    assert_eq!(state.open_ceremony(), None);
}
