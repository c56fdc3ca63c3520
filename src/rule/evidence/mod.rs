//! What the tests of the rules show, for `docs/rules.md`: that each rule refuses something and accepts something.
//!
//! A test of a rule asks it by way of [`messages`], which notes what the rule said and which parts of the context it hung
//! on. The tests of this file run all the others once more, in a process of their own, and read those notes: a rule whose
//! own file does not show both sides fails them, and so does a table that is not up to date.
//!
//! `ROOTRITE_UPDATE_DOCS=1 cargo test --lib rule::evidence` writes the table.

mod elsewhere;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use elsewhere::ELSEWHERE;

use super::{
    Context, Judgement, Policy, Rule, Severities, Summary, Verdict, certificate, crl, graph, key, name, ocsp,
    request,
};

/// What a rule says: every message, or nothing if it is met or does not apply.
pub(super) fn messages<'a, V>(
    rule: &Rule<V>,
    context: &Context<'a>,
    judge: impl Fn(&Context<'a>) -> Judgement,
) -> Vec<String> {
    let judgement = judge(context);
    note(rule.id, &judgement);
    for (part, context) in context.without_each() {
        if judge(&context) != judgement {
            write_down(&format!("needs\t{}\t{part}", rule.id));
        }
    }
    match judgement {
        Ok(Verdict::Pass | Verdict::NotApplicable) => Vec::new(),
        Ok(Verdict::Unmet(ways)) => ways.into_iter().map(|way| way.message).collect(),
        Err(because) => vec![because.to_string()],
    }
}

/// Notes what a rule said, for tests that ask it themselves.
pub(super) fn note(id: &str, judgement: &Judgement) {
    match judgement {
        Ok(Verdict::Pass) => write_down(&format!("accepts\t{id}\t")),
        Ok(Verdict::Unmet(_)) => write_down(&format!("refuses\t{id}\t")),
        Ok(Verdict::NotApplicable) | Err(_) => {}
    }
}

/// One line with the test's name, if somebody asked for them.
fn write_down(line: &str) {
    let Some(path) = std::env::var_os(NOTES) else { return };
    let thread = std::thread::current();
    let line = format!("{}\t{line}\n", thread.name().unwrap_or_default());
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Where notes are taken.
const NOTES: &str = "ROOTRITE_RULE_EVIDENCE";

/// A rule with where it is and what the tests in its file show.
struct Shown {
    area: &'static str,
    file: String,
    rule: Summary,
    refuses: BTreeSet<String>,
    accepts: BTreeSet<String>,
    needs: BTreeSet<String>,
}

/// Every rule with what the tests in its file show.
static SHOWN: LazyLock<Vec<Shown>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    std::fs::write(&notes, "").unwrap();
    // More than one thread, so that each is named after its test.
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["rule::", "--skip", "rule::evidence", "--test-threads", "2"])
        .env(NOTES, &notes)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let mut notes: Vec<String> =
        std::fs::read_to_string(&notes).unwrap().lines().map(str::to_owned).collect();
    notes.sort_unstable();
    notes.dedup();
    all().into_iter().map(|(area, file, rule)| shown(area, file, rule, &notes)).collect()
});

fn shown(area: &'static str, file: &str, rule: Summary, notes: &[String]) -> Shown {
    let module = format!("rule::{}::{file}::tests::", area.replace('/', "::"));
    let mut shown = Shown {
        area,
        file: format!("src/rule/{area}/{file}.rs"),
        rule,
        refuses: BTreeSet::new(),
        accepts: BTreeSet::new(),
        needs: BTreeSet::new(),
    };
    for note in notes.iter().filter_map(|note| note.strip_prefix(&module)) {
        let [test, what, id, part] = note.split('\t').collect::<Vec<_>>()[..] else { continue };
        match what {
            _ if id != rule.id => false,
            "refuses" => shown.refuses.insert(test.to_owned()),
            "accepts" => shown.accepts.insert(test.to_owned()),
            _ => shown.needs.insert(part.to_owned()),
        };
    }
    shown
}

/// Every rule with its area and its file.
fn all() -> Vec<(&'static str, &'static str, Summary)> {
    fn of<V>(
        area: &'static str,
        files: &'static [&str],
        rules: &[Rule<V>],
    ) -> Vec<(&'static str, &'static str, Summary)> {
        files.iter().zip(rules).map(|(file, rule)| (area, *file, rule.summary())).collect()
    }
    [
        of("certificate", certificate::FILES, certificate::RULES),
        of("name", name::FILES, name::RULES),
        of("key", key::FILES, key::RULES),
        of("graph", graph::FILES, graph::RULES),
        of("crl", crl::FILES, crl::RULES),
        of("crl/entry", crl::entry::FILES, crl::entry::RULES),
        crl::of_all_entries(),
        of("ocsp", ocsp::FILES, ocsp::RULES),
        of("request", request::FILES, request::RULES),
    ]
    .concat()
}

/// What the sources ask for and no rule here judges, and who does.
struct Elsewhere {
    ids: &'static [&'static str],
    asked: &'static str,
    by: &'static str,
    /// The file and the name of a test, where the program does it.
    test: Option<(&'static str, &'static str)>,
}

/// How many requirements each area of the sources was counted to have: `CRT-01` to `CRT-14`.
const COUNTED: [(&str, usize); 16] = [
    ("CRT", 14),
    ("ROOT", 12),
    ("SUB", 10),
    ("TLS", 4),
    ("XCA", 7),
    ("OCR", 8),
    ("CRL", 17),
    ("NAME", 10),
    ("KEY", 7),
    ("OCS", 10),
    ("OPS", 14),
    ("CHR", 4),
    ("APL", 3),
    ("MS", 6),
    ("ALG", 2),
    ("PQC", 4),
];

fn page() -> String {
    let mut page = String::from(HEAD);
    for (heading, areas) in SECTIONS {
        let _ = write!(page, "\n## {heading}\n\n{COLUMNS}");
        for shown in SHOWN.iter().filter(|shown| areas.contains(&shown.area)) {
            row(&mut page, shown);
        }
    }
    page.push_str(ELSEWHERE_HEAD);
    for one in ELSEWHERE {
        let test = one.test.map_or_else(String::new, |(file, test)| format!("`{file}` `{test}`"));
        let _ = writeln!(page, "| {} | {} | {} | {test} |", one.ids.join(", "), one.asked, one.by);
    }
    page
}

fn row(page: &mut String, shown: &Shown) {
    let under = |policy| shown.rule.severity.under(policy).map_or("–", super::Severity::name);
    let tests =
        |tests: &BTreeSet<String>| tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(" ");
    let needs = shown.needs.iter().map(|part| part.trim_start_matches("the ")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        page,
        "| {} | {} | {} | {} | {} | {} | {needs} | `{}` | {} | {} |",
        shown.rule.id,
        shown.rule.requires,
        shown.rule.source,
        under(Policy::PublicTls),
        under(Policy::Private),
        under(Policy::PqcPilot),
        shown.file.trim_start_matches("src/rule/"),
        tests(&shown.refuses),
        tests(&shown.accepts),
    );
}

#[test]
fn every_rule_has_a_test_that_refuses_and_one_that_accepts() {
    let lacking: Vec<_> = SHOWN
        .iter()
        .flat_map(|shown| {
            let side = |tests: &BTreeSet<String>, what| {
                tests
                    .is_empty()
                    .then(|| format!("{} in {}: no test {what} anything", shown.rule.id, shown.file))
            };
            [side(&shown.refuses, "refuses"), side(&shown.accepts, "accepts")].into_iter().flatten()
        })
        .collect();
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn every_requirement_is_a_rule_or_is_said_to_be_judged_elsewhere() {
    let rules: BTreeSet<_> = SHOWN.iter().map(|shown| shown.rule.id).collect();
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().flat_map(|one| one.ids).copied().collect();
    let counted = COUNTED
        .iter()
        .flat_map(|(area, count)| (1..=*count).map(move |number| format!("{area}-{number:02}")));
    let both = |id: &String| (rules.contains(id.as_str()), elsewhere.contains(id.as_str()));
    let wrong: Vec<_> =
        counted.map(|id| (both(&id), id)).filter(|((rule, other), _)| rule == other).collect();
    assert_eq!(wrong, [], "each has to be one of the two");
}

#[test]
fn tests_that_are_named_exist() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for (file, test) in ELSEWHERE.iter().filter_map(|one| one.test) {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}()")), "{file} has no {test}");
    }
    let named =
        SHOWN.iter().flat_map(|shown| shown.refuses.union(&shown.accepts).map(move |test| (shown, test)));
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for (shown, test) in named {
        let text = texts
            .entry(&shown.file)
            .or_insert_with(|| std::fs::read_to_string(root.join(&shown.file)).unwrap());
        assert!(text.contains(&format!("fn {test}()")), "{} has no {test}", shown.file);
    }
}

#[test]
fn the_table_is_up_to_date() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let wanted = page();
    if std::env::var_os("ROOTRITE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "write it by ROOTRITE_UPDATE_DOCS=1 cargo test --lib rule::evidence");
}

/// What every policy holds for is not the same for all: each has rules of its own.
#[test]
fn policies_differ() {
    let applies = |policy| SHOWN.iter().filter(|shown| shown.rule.severity.under(policy).is_some()).count();
    let [public, private, pilot] = [Policy::PublicTls, Policy::Private, Policy::PqcPilot].map(applies);
    assert!(public > pilot && pilot > private, "{public} {pilot} {private}");
    for own in [Severities::PROGRAM, Severities::BASELINE, Severities::PILOT, Severities::STANDARD] {
        assert!(SHOWN.iter().any(|shown| shown.rule.severity == own), "{own:?}");
    }
}

const SECTIONS: [(&str, &[&str]); 6] = [
    ("Certificates", &["certificate"]),
    ("Names and keys", &["name", "key"]),
    ("Certificates among each other", &["graph"]),
    ("CRLs", &["crl", "crl/entry"]),
    ("OCSP responses", &["ocsp"]),
    ("Requests", &["request"]),
];

const COLUMNS: &str = "| id | what has to hold | source | public-tls | private | pqc-pilot | needs | in `src/rule/` | refused in | accepted in |\n\
                       |---|---|---|---|---|---|---|---|---|---|\n";

const HEAD: &str = "# The rules

Written by `ROOTRITE_UPDATE_DOCS=1 cargo test --lib rule::evidence`; the same tests fail when this page is not up to date, when a
rule has no test of its own that refuses something and one that accepts something, and when a requirement of the sources is
neither a rule nor listed at the end.

A rule judges octets that were read back. Its severity is that of its MUST under each policy: an *error* ends planning, and `lint`
with exit code 5; a *warning* is shown, acknowledged and logged; *–* means that the rule does not apply under that policy. Where a
rule also says what is *better*, *recommended* or *should* be, a breach of that is never graver than a warning.

- `public-tls`: the Baseline Requirements, CCADB and the root programs, beside the RFCs.
- `private`: the RFCs and X.690 alone, and what keeps a key from being broken.
- `pqc-pilot`: as `public-tls`, but for Microsoft's pilot of post-quantum roots, which departs from it; no single root program's
  wishes.

*Needs* is what a rule wants to know beside the octets. In a ceremony all of it is there, or nothing is signed; `lint` says which
rules it could not judge for lack of what. The columns at the right name the file and the tests in it.
";

const ELSEWHERE_HEAD: &str = "
## Asked for, and judged elsewhere

What the sources ask for and no rule above has as its own: another rule has it, the program cannot do otherwise, or it is the work
of people and of the machines that are online. Nothing is left out silently.

| id | asked for | by whom | test |
|---|---|---|---|
";
