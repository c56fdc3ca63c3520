//! Two mistakes in one script are both said: what is wrong in one place hides nothing that is wrong in another.
//!
//! The script is the demonstration with two inputs added. Each mistake is made alone, and then with every other one that
//! stands elsewhere. Of each pair everything has to be said that is said of either alone, in the same lines, and nothing else.
//! Many pairs are in one script: of all the mistakes in it everything is said.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rootrite::digest::Digest;
use rootrite::plan::{NoBundles, Plan, Sources};
use rootrite::profile::BuiltIn;

/// A mistake: what stands in the good script, what stands there instead, and how everything begins that is said of it.
struct Mistake {
    old: &'static str,
    new: &'static str,
    says: &'static [&'static str],
}

const fn mistake(old: &'static str, new: &'static str, says: &'static [&'static str]) -> Mistake {
    Mistake { old, new, says }
}

/// What the script says once.
const AROUND: &[Mistake] = &[
    mistake(
        "title: Roots X1 and X2, subordinate CAs E1 and R1",
        "title: ''",
        &["found `` in quotes, wanted text"],
    ),
    mistake("ceremony: 2026-11-roots-x1-x2", "ceremony: Roots X1", &["found `Roots X1`, wanted an id"]),
    mistake("policy: public-tls", "policy: of-browsers", &["there is no word `of-browsers`"]),
    mistake(
        "to: 2026-11-01T20:00:00Z",
        "to: 2026-11-31T20:00:00Z",
        &["found `2026-11-31T20:00:00Z`, wanted a time"],
    ),
    mistake("from: 2026-11-01T08:00:00Z", "from: tomorrow", &["found `tomorrow`, wanted a time"]),
    mistake(
        "to: 2026-11-01T20:00:00Z",
        "to: 2026-10-02T20:00:00Z",
        &["the window ends at 2026-10-02T20:00:00Z"],
    ),
    mistake("log: {class: any, distinct", "log: {class: some, distinct", &["there is no word `some`"]),
    mistake(
        "root: {class: hardware, pin: two-people}",
        "root: {class: hardware, pin: nobody}",
        &["there is no word `nobody`"],
    ),
    mistake("distinct-from: [log]", "distinct-from: [elsewhere]", &["there is no token `elsewhere`"]),
    mistake("{id: aud, role: auditor}", "{id: aud, role: bookkeeper}", &["there is no word `bookkeeper`"]),
    mistake(
        "{id: ivy, role: internal-witness}",
        "{id: Ivy I, role: internal-witness}",
        &["found `Ivy I`, wanted an id"],
    ),
    mistake(
        "{id: h5, role: share-holder}",
        "{id: h4, role: share-holder}",
        &["`h4` is listed for the second time"],
    ),
    mistake("quorum: {crypto-officer: 2,", "quorum: {crypto-officer: 9,", &["the quorum needs 9"]),
    mistake("external-witness: 1}", "external-witness: one}", &["found `one`, wanted a whole number"]),
    mistake("method: typed", "method: whispered", &["there is no word `whispered`"]),
    mistake(
        "  e3: {file: e3.csr,",
        "  e3: {file: nowhere.csr,",
        &["input `e3`: `nowhere.csr` cannot be read"],
    ),
    mistake(
        "  gone: {file: gone.csv,",
        "  gone: {file: nowhere.csv,",
        &["input `gone`: `nowhere.csv` cannot be read"],
    ),
    mistake("gone.csv, sha256: ", "gone.csv, sha256: 00", &["found ", "input `gone` has no `sha256`"]),
];

/// Steps that issue nothing.
const STEPS: &[Mistake] = &[
    mistake("- preflight: {}", "- preflight: {speed: 3}", &["there is no key `speed`"]),
    mistake("- roll-call: {}", "- who-is-here: {}", &["there is no step `who-is-here`"]),
    mistake("sources: 2}", "sources: 9}", &["found `9` sources"]),
    mistake("ask: aud}", "ask: somebody-else}", &["there is no person `somebody-else`"]),
    mistake(
        "origin: example.org/ceremony-log",
        "origin: Example Log",
        &["found `Example Log`, wanted a host"],
    ),
    mistake("standby: {token: log-b,", "standby: {token: elsewhere,", &["there is no token `elsewhere`"]),
    mistake(
        "- inventory: {token: root}\n  - act: Root X1\n",
        "- inventory: {token: elsewhere}\n  - act: Root X1\n",
        &["there is no token `elsewhere`"],
    ),
    mistake(
        "key: root-x1, algorithm: ecdsa-p384",
        "key: root-x1, algorithm: dsa-1024",
        &["there is no key algorithm `dsa-1024`"],
    ),
    mistake(
        "{token: root, key: root-x2,",
        "{token: elsewhere, key: root-x2,",
        &["there is no token `elsewhere`"],
    ),
    mistake("{key: root-x1, threshold: 3,", "{key: root-x1, threshold: 9,", &["`threshold` is 9"]),
    mistake(
        "{key: root-x2, threshold: 3, holders: [share-holder], restore-to: [backup]",
        "{key: root-x2, threshold: 3, holders: [share-holder], restore-to: [elsewhere]",
        &["there is no token `elsewhere`"],
    ),
    mistake("- act: Subordinate CAs", "- act: [Subordinate CAs]", &["found a list, wanted text"]),
    mistake(
        "key: e1, algorithm: ecdsa-p384",
        "key: e1, algorithm: dsa-1024",
        &["there is no key algorithm `dsa-1024`"],
    ),
    mistake(
        "key: e1, algorithm: ecdsa-p384, backup: none",
        "key: E 1, algorithm: ecdsa-p384, backup: none",
        &["found `E 1`, wanted an id"],
    ),
    mistake(
        "{token: issuing, key: r1, algorithm: ecdsa-p384, backup: none}",
        "{token: issuing, key: r1, algorithm: ecdsa-p384}",
        &["`backup` is missing"],
    ),
    mistake(
        "algorithm: ecdsa-p256, backup: none",
        "algorithm: ecdsa-p256, backup: never",
        &["there is no word `never`"],
    ),
    mistake("who: ada,", "who: somebody-else,", &["there is no person `somebody-else`"]),
    mistake("- witness: {}", "- witness: yes", &["found `yes`, wanted a map"]),
    mistake("next-due: 2027-09-01", "next-due: 2027-09-31", &["found `2027-09-31T00:00:00Z`, wanted a time"]),
    mistake("next-due: 2027-09-01", "next-due: 2027-12-01", &["the next ceremony is due at 2027-12-01"]),
];

/// Steps that issue certificates.
const CERTIFICATES: &[Mistake] = &[
    mistake(
        "key: root-x1\n          profile: root-ca",
        "key: root-x1\n          profile: nothing-like-it",
        &["there is no profile `nothing-like-it`"],
    ),
    mistake(
        "[{C: US}, {O: Example Trust Services}, {CN: Example Root X1}]",
        "[{C: USA}, {O: Example Trust Services}, {CN: Example Root X1}]",
        &["root-x1: error NAME-03", "root-x1: error NAME-05"],
    ),
    mistake(
        "{CN: Example Root X1}]\n          not-before: ceremony-day\n",
        "{CN: Example Root X1}]\n          not-before: yesterday\n",
        &["found `yesterday`, wanted"],
    ),
    mistake(
        "{CN: Example Root X1}]\n          not-before: ceremony-day\n          lasts: 3650 days",
        "{CN: Example Root X1}]\n          not-before: ceremony-day\n          lasts: ten years",
        &["found `ten years`, wanted a duration"],
    ),
    mistake(
        "{CN: Example Root X2}]\n          not-before: ceremony-day\n          lasts: 3650 days",
        "{CN: Example Root X2}]\n          not-before: ceremony-day\n          lasts: 13650 days",
        &["root-x2: error "],
    ),
    mistake(
        "          certificate: root-x2\n",
        "          certificate: Root X2\n",
        &["found `Root X2`, wanted an id"],
    ),
    mistake(
        "subject: [{C: US}, {O: Example Trust Services}, {CN: Example Root X2}]",
        "subject: Example Root X2",
        &["found `Example Root X2`, wanted a list"],
    ),
    mistake(
        "certificate-to-cross-sign: root-x2",
        "certificate-to-cross-sign: elsewhere",
        &["there is no certificate `elsewhere`"],
    ),
    mistake(
        "lasts: 1095 days\n          crl-url: http://x1.c.example.org/\n          issuer-url: http://x1.i.example.org/\n          certificate: root-x2-by-root-x1",
        "lasts: 1095 days\n          crl-url: x1.c.example.org\n          issuer-url: http://x1.i.example.org/\n          certificate: root-x2-by-root-x1",
        &["found `x1.c.example.org`, wanted an absolute URI"],
    ),
    mistake(
        "profile: certificate-request",
        "profile: nothing-like-it",
        &["there is no profile `nothing-like-it`"],
    ),
    mistake(
        "issuer: root-x1\n          request: e1",
        "issuer: elsewhere\n          request: e1",
        &["there is no certificate `elsewhere`"],
    ),
    mistake(
        "          request: e1\n          profile: tls",
        "          request: elsewhere\n          profile: tls",
        &["there is no input `elsewhere`"],
    ),
    mistake(
        "request: e1\n          profile: tls-subordinate-ca",
        "request: e1\n          profile: nothing-like-it",
        &["there is no profile `nothing-like-it`"],
    ),
    mistake(
        "[{C: US}, {O: Example Trust Services}, {CN: E1}]\n          not",
        "[{C: USA}, {O: Example Trust Services}, {CN: E1}]\n          not",
        &["e1: error NAME-03", "e1: error NAME-05"],
    ),
    mistake(
        "          issuer-url: http://x1.i.example.org/\n          certificate: e1\n",
        "          # the issuer's address is missing\n          certificate: e1\n",
        &["the profile leaves `issuer-url` to the script"],
    ),
    mistake("          key: r1\n", "          key: elsewhere\n", &["there is no key `elsewhere`"]),
    mistake(
        "{CN: R1}]\n          not-before: ceremony-day\n          lasts: 1095 days",
        "{CN: R1}]\n          not-before: ceremony-day\n          lasts: 9000 days",
        &["r1: error "],
    ),
    mistake("{CN: E3}]", "{CN: E3, OU: x}]", &["found 2 attributes, wanted one"]),
    mistake(
        "          certificate: e3\n",
        "          certificate: e1\n",
        &["step 4.3 makes a certificate `e1` already"],
    ),
];

/// Steps that issue what is said of certificates.
const STATUS: &[Mistake] = &[
    mistake(
        "{issuer: root-x1, profile: root-crl, number: next, this-update: ceremony-day, lasts: 364 days, revoked: none",
        "{issuer: root-x1, profile: root-crl, number: next, this-update: ceremony-day, lasts: 364 days, revoked: nobody",
        &["found `nobody`, wanted"],
    ),
    mistake(
        "{issuer: root-x1, profile: root-crl, number: next",
        "{issuer: root-x1, profile: root-crl, number: first",
        &["found `first`, wanted"],
    ),
    mistake(
        "lasts: 364 days, revoked: {csv: gone}",
        "lasts: 400 days, revoked: {csv: gone}",
        &["root-x2: error CRL-03"],
    ),
    mistake("revoked: {csv: gone}", "revoked: {csv: elsewhere}", &["there is no input `elsewhere`"]),
    mistake("          key: root-x1-ocsp\n", "          key: elsewhere\n", &["there is no key `elsewhere`"]),
    mistake("profile: ocsp-responder", "profile: root-ca", &["profile `root-ca` is for the kind `root`"]),
    mistake("{CN: Root X1 OCSP}]", "{CN: ''}]", &["found `` in quotes, wanted text"]),
    mistake("responder: root-x1-ocsp", "responder: elsewhere", &["there is no certificate `elsewhere`"]),
    mistake(
        "certificates: [e1, e3, root-x2-by-root-x1]",
        "certificates: [e1, e3, root-x2-by-root-x1, elsewhere]",
        &["there is no certificate `elsewhere`"],
    ),
    mistake(
        "certificates: [e1, e3, root-x2-by-root-x1]",
        "certificates: [e1, root-x2-by-root-x1]",
        &["`e3` is made here under `root-x1`"],
    ),
    mistake("this-update: ceremony-day\n", "this-update: yesterday\n", &["found `yesterday`, wanted"]),
    mistake("lasts: 364 days\n", "lasts: a year\n", &["found `a year`, wanted a duration"]),
    mistake("responses: root-x1", "responses: Root X1", &["found `Root X1`, wanted an id"]),
];

/// Pairs of which one cannot be told while the other stands there: a part of each.
const CANNOT_BE_TOLD: &[(&str, &str)] = &[
    // Rules of one policy alone.
    ("policy: of-browsers", "lasts: 13650 days"),
    ("policy: of-browsers", "lasts: 400 days, revoked"),
    // It outlives an issuer of which it is not known how long it lasts.
    ("certificate: Root X2", "lasts: 9000 days"),
    // It does not outlive this one.
    ("lasts: 13650 days", "lasts: 9000 days"),
    // There is no certificate `e3` that could be left out.
    ("certificate: e1\n", "certificates: [e1, root-x2-by-root-x1]"),
];

/// Lines and how what is said of them begins.
type Said = BTreeMap<(usize, String), String>;

#[test]
fn of_any_two_mistakes_both_are_said_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let good = script(folder.path());
    assert_eq!(said(&good, folder.path()), Said::new());
    let mistakes: Vec<&Mistake> = [AROUND, STEPS, CERTIFICATES, STATUS].into_iter().flatten().collect();
    let alone: Vec<Said> = side_by_side(&mistakes, |mistake| said(&made(&good, &[mistake]), folder.path()));
    let mut wrong: Vec<String> = Vec::new();
    for (mistake, said) in mistakes.iter().zip(&alone) {
        let all: Vec<&String> = said.values().collect();
        let begins = |begins: &&str| all.iter().any(|said| said.starts_with(*begins));
        if all.len() != mistake.says.len() || !mistake.says.iter().all(&begins) {
            wrong.push(format!("`{}` alone says {all:#?}", mistake.new));
        }
    }
    let apart = |one: usize, other: usize| {
        let (one, other) = (mistakes[one], mistakes[other]);
        let cannot = |(first, second): &(&str, &str)| {
            one.new.contains(first) && other.new.contains(second)
                || one.new.contains(second) && other.new.contains(first)
        };
        lines(&good, one).is_disjoint(&lines(&good, other)) && !CANNOT_BE_TOLD.iter().any(cannot)
    };
    let (groups, pairs) = groups(mistakes.len(), apart);
    println!("{} mistakes, {pairs} pairs in {} scripts", mistakes.len(), groups.len());
    let judge = |group: &[usize]| {
        let all: Vec<&Mistake> = group.iter().map(|index| mistakes[*index]).collect();
        let found = said(&made(&good, &all), folder.path());
        let wanted: BTreeSet<_> = group.iter().flat_map(|index| alone[*index].keys()).collect();
        let keys: BTreeSet<_> = found.keys().collect();
        let hidden: Vec<_> =
            wanted.difference(&keys).map(|(line, about)| format!("hides {line} {about}")).collect();
        let more = keys.difference(&wanted).map(|(line, about)| format!("says {line} {about}"));
        hidden.into_iter().chain(more).collect::<Vec<String>>()
    };
    let judged = side_by_side(&groups, |group| judge(group));
    for (group, found) in groups.iter().zip(judged).filter(|(_, found)| !found.is_empty()) {
        // Which two of them it is.
        let two: Vec<(usize, usize)> = pairs_of(group).collect();
        let two = side_by_side(&two, |(one, other)| (*one, *other, judge(&[*one, *other])));
        let two: Vec<_> = two.into_iter().filter(|(_, _, found)| !found.is_empty()).collect();
        let two = two.iter().map(|(one, other, found)| {
            format!("  `{}` with `{}` {found:?}\n", mistakes[*one].new, mistakes[*other].new)
        });
        wrong.push(format!("{found:#?} of which\n{}", two.collect::<String>()));
        if wrong.len() > 6 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Groups in which every two that may stand together do so somewhere, and how many pairs that are.
fn groups(count: usize, apart: impl Fn(usize, usize) -> bool) -> (Vec<Vec<usize>>, usize) {
    let all: Vec<usize> = (0..count).collect();
    let mut open: BTreeSet<(usize, usize)> =
        pairs_of(&all).filter(|(one, other)| apart(*one, *other)).collect();
    let (compatible, mut groups) = (open.clone(), Vec::new());
    let ordered = |one: usize, other: usize| (one.min(other), one.max(other));
    while let Some((one, other)) = open.first().copied() {
        let mut group = vec![one, other];
        while group.len() < MOST_TOGETHER {
            let fits = |new: &usize| group.iter().all(|old| compatible.contains(&ordered(*new, *old)));
            let gains = |new: usize| group.iter().filter(|old| open.contains(&ordered(new, **old))).count();
            let next = all.iter().copied().filter(fits).max_by_key(|new| gains(*new));
            match next.filter(|new| gains(*new) > 0) {
                Some(next) => group.push(next),
                None => break,
            }
        }
        for (one, other) in pairs_of(&group) {
            open.remove(&ordered(one, other));
        }
        groups.push(group);
    }
    (groups, compatible.len())
}

fn pairs_of(group: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    (0..group.len()).flat_map(move |one| (one + 1..group.len()).map(move |other| (group[one], group[other])))
}

/// The same for each, on two cores, in their order.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (first, second) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| first.iter().map(&work).collect::<Vec<R>>());
        let second: Vec<R> = second.iter().map(&work).collect();
        first.join().unwrap().into_iter().chain(second).collect()
    })
}

/// How many mistakes one script has at most.
const MOST_TOGETHER: usize = 24;

/// The demonstration with a request and a list of revoked certificates that come from files.
fn script(folder: &Path) -> String {
    let file = |name: &str, octets: &[u8]| {
        fs::write(folder.join(name), octets).unwrap();
        Digest::of(octets)
    };
    let request = file("e3.csr", include_bytes!("inputs/e3.csr"));
    let gone =
        file("gone.csv", b"serial,revoked-at,reason\n0a0b0c0d0e0f10111213,2026-10-01T00:00:00Z,superseded\n");
    let mut text = include_str!("../ceremonies/root-and-subordinates.yaml").to_owned();
    let subordinate = text.split_once("      - issue-subordinate:\n").unwrap().1;
    let subordinate = subordinate
        .split_once("      - generate-key")
        .unwrap()
        .0
        .replace("e1\n", "e3\n")
        .replace("CN: E1", "CN: E3");
    for (old, new) in [
        // Less to compute, twice for each day of the window.
        ("to: 2026-11-02T20:00:00Z", "to: 2026-11-01T20:00:00Z".to_owned()),
        ("algorithm: rsa-4096", "algorithm: ecdsa-p384".to_owned()),
        ("algorithm: rsa-2048", "algorithm: ecdsa-p384".to_owned()),
        (
            "acts:\n",
            format!(
                "inputs:\n  e3: {{file: e3.csr, sha256: {request}}}\n  gone: {{file: gone.csv, sha256: {gone}}}\nacts:\n"
            ),
        ),
        (
            "      - generate-key: {token: issuing, key: r1",
            format!(
                "      - issue-subordinate:\n{subordinate}      - generate-key: {{token: issuing, key: r1"
            ),
        ),
        (
            "lasts: 364 days, revoked: none, crl: root-x2",
            "lasts: 364 days, revoked: {csv: gone}, crl: root-x2".to_owned(),
        ),
        ("certificates: [e1, root", "certificates: [e1, e3, root".to_owned()),
    ] {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text = text.replace(old, &new);
    }
    text
}

/// The script with these mistakes. Lines stay where they are.
fn made(good: &str, mistakes: &[&Mistake]) -> String {
    let mut edits: Vec<(usize, &str, &str)> = mistakes.iter().map(|mistake| edit(good, mistake)).collect();
    edits.sort_unstable();
    let mut text = good.to_owned();
    for (at, old, new) in edits.into_iter().rev() {
        text.replace_range(at..at + old.len(), new);
    }
    text
}

/// Where a mistake stands, and no more than what it changes.
fn edit(good: &str, Mistake { old, new, .. }: &Mistake) -> (usize, &'static str, &'static str) {
    assert_eq!(good.matches(old).count(), 1, "{old}");
    assert_eq!(old.matches('\n').count(), new.matches('\n').count(), "{old}");
    let same = |(old, new): &(u8, u8)| old == new;
    let before = old.bytes().zip(new.bytes()).take_while(same).count();
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let after = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(same).count();
    (
        good.find(old).unwrap() + before,
        &old_rest[..old_rest.len() - after],
        &new_rest[..new_rest.len() - after],
    )
}

/// The lines in which a mistake changes something.
fn lines(good: &str, mistake: &Mistake) -> BTreeSet<usize> {
    let (at, old, _) = edit(good, mistake);
    let line = |at: usize| good[..at].matches('\n').count() + 1;
    (line(at)..=line(at + old.len())).collect()
}

/// Everything that is said of a script: by its line and what it is about.
fn said(text: &str, folder: &Path) -> Said {
    let sources = Sources {
        library: &BuiltIn,
        folder,
        begun: false,
        rehearsal: false,
        practice: false,
        bundles: &NoBundles,
        earlier: None,
    };
    match Plan::read("script.yaml", text.as_bytes(), &sources) {
        Ok(_) => Said::new(),
        Err(problems) => {
            let sorted = problems.sorted();
            sorted
                .into_iter()
                .map(|problem| ((problem.place.line, about(&problem.message)), problem.message))
                .collect()
        }
    }
}

/// What a message is about: a rule by its name, else its words up to what there is instead.
fn about(message: &str) -> String {
    let mut words = message.split(' ');
    if let (Some(name), Some("error"), Some(rule)) = (words.next(), words.next(), words.next()) {
        let _ = name;
        return rule.to_owned();
    }
    let end = [";", ", wanted", ", after", " is made here"].iter().filter_map(|end| message.find(end)).min();
    message[..end.unwrap_or(message.len())].to_owned()
}

/// What the log would know is not missed one by one.
#[test]
fn of_a_script_without_the_log_that_it_continues_only_that_is_said() {
    let mut count = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ceremonies")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if !text.contains("- confirm-log") {
            continue;
        }
        let said = said(&text, path.parent().unwrap());
        let of_inputs =
            |said: &&String| said.starts_with("input `") || said.contains("no bundle is read here");
        let others: Vec<&String> = said.values().filter(|said| !of_inputs(said)).collect();
        assert_eq!(others, ["the script continues a log, and none was given"], "{}", path.display());
        count += 1;
    }
    assert!(count >= 8, "{count}");
}
