//! The script of a ceremony: who, when, with what, and the steps in their order, not yet understood.

use super::agreement::{Parts, agree};
use super::fields::{Fields, FromNode as _, Id, Named};
use super::guess::Guess;
use super::parts::{Acts, Listed};
use super::problem::{Located, Place, Problems, Source};
use super::version;
use super::yaml::{Node, Value, read};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A script whose parts agree with each other. What its steps say is not known yet.
#[derive(Clone, Debug)]
pub struct Script {
    /// The name of the ceremony.
    pub ceremony: Located<Id>,
    /// What it is for, for people.
    pub title: String,
    /// Which rules apply.
    pub policy: Located<Policy>,
    /// When it may take place.
    pub window: Located<Window>,
    /// What kind of thing each token must be.
    pub tokens: Named<TokenDemand>,
    /// Who takes part, in which role; each id once.
    pub people: Vec<Person>,
    /// How many of each role must be present.
    pub quorum: Counts,
    /// Who approves the plan.
    pub approvals: Approvals,
    /// Files that the steps use.
    pub inputs: Named<Input>,
    /// The acts, in order.
    pub acts: Vec<Act>,
    /// The SHA-256 of the script's octets.
    pub sha256: Digest,
    /// Its lines, for problems that are found later.
    pub source: Source,
}

/// The market whose rules apply. One choice for the whole script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// CA/Browser Forum TLS BR, CCADB and all root programs.
    PublicTls,
    /// RFC 5280 and what is sound; no root program.
    Private,
    /// ML-DSA hierarchies, as Microsoft's pilot has them.
    PqcPilot,
}

/// From when to when a ceremony may take place, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub from: Timestamp,
    /// The last second.
    pub to: Timestamp,
}

/// What a token must be. The site says which thing it is, and cannot ask for less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDemand {
    /// Its class.
    pub class: Located<TokenClass>,
    /// Who must bring its PIN, if the script says so.
    pub pin: Option<Located<PinCustody>>,
    /// Tokens that must be other devices.
    pub distinct_from: Vec<Located<Id>>,
}

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenClass {
    /// A device of its own.
    Hardware,
    /// A program on the ceremony's machine.
    Software,
    /// Either.
    Any,
}

/// How many people it takes to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinCustody {
    /// One person knows the PIN.
    OnePerson,
    /// Two people each know one half.
    TwoPeople,
    /// The PIN is put together from shares.
    Shares,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id in the script and the log.
    pub id: Located<Id>,
    /// What they do.
    pub role: Located<Role>,
    /// The public key that they approve with, as a line of its `.pub` file.
    pub ssh_key: Option<Located<String>>,
}

/// What somebody does in a ceremony: the roles of the log, but for `software`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Leads through the script.
    CeremonyAdministrator,
    /// Acts on keys.
    CryptoOfficer,
    /// Keeps a share.
    ShareHolder,
    /// Watches, and belongs to the organisation.
    InternalWitness,
    /// Watches, and does not.
    ExternalWitness,
    /// Watches, and writes the audit report.
    Auditor,
}

/// How many of each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub(super) Vec<(Located<Role>, Located<usize>)>);

/// How many of each role approve the plan, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    /// How many of each role.
    pub plan: Counts,
    /// How they do it.
    pub method: Located<Method>,
}

/// How a plan is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// An exact word is typed.
    Typed,
    /// An SSH signature over the plan's digest.
    Signature,
}

/// A file that steps use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it comes from.
    pub source: InputSource,
    /// What it must be; only a rehearsal goes without.
    pub sha256: Option<Located<Digest>>,
}

/// Where an input comes from; a path is relative to the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A file.
    File(Located<String>),
    /// The bundle of the ceremony that made a key.
    Bundle {
        /// The bundle's folder.
        folder: Located<String>,
        /// The name of the request in it, where there are several.
        request: Option<Located<Id>>,
    },
}

/// A part of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its title, for people.
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<StepNode>,
}

/// A step, in words: what it means is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepNode {
    /// Act and step, both from 1: `2.1`.
    pub number: String,
    /// The step's name, such as `generate-key`.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// What the step says about itself: a map, if it is right.
    pub fields: Node,
}

/// A part of a script that could not be read; an empty one stands in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Which rules apply.
    Policy,
    /// What each token must be.
    Tokens,
    /// Who takes part, in which role: of somebody it is not known.
    People,
    /// Who takes part: not every id is known.
    Ids,
    /// Files that the steps use.
    Inputs,
    /// A step or a whole act.
    Acts,
}

/// The parts of a script that could not be read: nothing is to be said of what refers to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    parts: Vec<Part>,
    people: Vec<Id>,
    nameless: usize,
    steps: Vec<Node>,
}

impl Unread {
    /// Whether this part is one of them.
    pub fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// People of whom nothing but the id could be read.
    pub fn people(&self) -> &[Id] {
        &self.people
    }

    /// How many people there are of whom not everything could be read.
    pub const fn count(&self) -> usize {
        self.people.len() + self.nameless
    }

    /// What stands where a step is to be, and is none: what it names may be there.
    pub fn steps(&self) -> &[Node] {
        &self.steps
    }

    fn or<T>(&mut self, part: Part, read: Option<T>, instead: impl FnOnce() -> T) -> T {
        read.unwrap_or_else(|| {
            self.parts.push(part);
            instead()
        })
    }
}

impl Script {
    /// Reads a script. `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it as far as it can be seen without knowing what steps mean.
    pub fn read(file: &str, octets: &[u8]) -> Result<Self, Problems> {
        let (script, _, problems) = Self::partly(file, octets);
        problems.or(script)
    }

    /// Reads a script as far as it can be read, so that what is wrong with its steps is found at the same time as
    /// what is wrong around them. It is good only if there is no problem; what is unread is empty or guessed.
    pub fn partly(file: &str, octets: &[u8]) -> (Option<Self>, Unread, Problems) {
        Self::guessing(file, octets, Guess::First)
    }

    /// As [`Script::partly`], with what could not be read taken in this way.
    pub fn guessing(file: &str, octets: &[u8], guess: Guess) -> (Option<Self>, Unread, Problems) {
        let (node, problems) = read(file, octets);
        let mut problems = problems.guessing(guess);
        let source = problems.source().clone();
        let mut unread = Unread::default();
        let script = node
            .filter(|node| matches!(node.value, Value::Map(_)) || problems.is_empty())
            .map(|node| contents(&node, Digest::of(octets), source, &mut unread, &mut problems));
        (script, unread, problems)
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepNode> {
        self.acts.iter().flat_map(|act| &act.steps)
    }

    /// An empty list of problems of this file, for the readers that come after.
    pub fn problems(&self) -> Problems {
        Problems::new(self.source.clone())
    }

    /// How many people have this role.
    pub fn people_as(&self, role: Role) -> usize {
        self.people.iter().filter(|person| person.role.value == role).count()
    }
}

impl Counts {
    /// How many of this role.
    pub fn of(&self, role: Role) -> usize {
        self.0.iter().find(|(named, _)| named.value == role).map_or(0, |(_, count)| count.value)
    }

    /// Every role that is named and how many of it, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (Located<Role>, Located<usize>)> {
        self.0.iter().copied()
    }
}

/// Reads what the file says. What is wrong in one part does not keep the others from being compared.
fn contents(
    node: &Node,
    sha256: Digest,
    source: Source,
    unread: &mut Unread,
    problems: &mut Problems,
) -> Script {
    let mut fields = Fields::of(node, problems);
    version(&mut fields, node, "rootrite");
    let ceremony = fields.required("ceremony");
    let title = fields.required("title");
    let policy = fields.required("policy");
    let window = fields.required("window");
    let tokens = fields.required("tokens");
    let people = people(fields.list("people"), unread);
    let quorum = fields.required("quorum");
    let approvals: Option<Approvals> = fields.required("approvals");
    let inputs =
        if fields.node("inputs").is_some() { fields.required("inputs") } else { Some(Named::default()) };
    let acts = fields.required::<Acts>("acts");
    fields.finish();
    let approving = approvals.as_ref().map(|approvals| &approvals.plan);
    agree(
        &Parts {
            policy: policy.as_ref(),
            tokens: tokens.as_ref(),
            people: people.as_deref(),
            others: unread.count(),
            quorum: quorum.as_ref(),
            approving,
        },
        problems,
    );
    if acts.as_ref().is_some_and(|acts| !acts.whole) {
        unread.parts.push(Part::Acts);
    }
    unread.steps = acts.as_ref().map(|acts| acts.no_steps.clone()).unwrap_or_default();
    if policy.is_none() {
        unread.parts.push(Part::Policy);
    }
    let policy = policy.or_else(|| Located::stand_in("policy", Place::START, problems));
    let window = window.or_else(|| Located::stand_in("window", Place::START, problems));
    let nothing = Window { from: Timestamp::EPOCH, to: Timestamp::EPOCH };
    Script {
        ceremony: ceremony.unwrap_or_else(|| here(Id::unread())),
        title: title.unwrap_or_default(),
        policy: policy.unwrap_or(here(Policy::Private)),
        window: window.unwrap_or(here(nothing)),
        tokens: unread.or(Part::Tokens, tokens, Named::default),
        people: people.unwrap_or_default(),
        quorum: quorum.unwrap_or_default(),
        approvals: approvals
            .unwrap_or_else(|| Approvals { plan: Counts::default(), method: here(Method::Typed) }),
        inputs: unread.or(Part::Inputs, inputs, Named::default),
        acts: unread.or(Part::Acts, acts.map(|acts| acts.read), Vec::new),
        sha256,
        source,
    }
}

/// Those of whom everything is known; what is not known of the others is unread.
fn people(listed: Option<Vec<Listed>>, unread: &mut Unread) -> Option<Vec<Person>> {
    let all = listed.is_some();
    let mut people = Vec::new();
    for one in listed.into_iter().flatten() {
        match one {
            Listed::Whole(person) => people.push(person),
            Listed::Named(id) => {
                unread.parts.push(Part::People);
                unread.people.push(id);
            }
            Listed::Nameless => {
                unread.parts.push(Part::People);
                unread.nameless += 1;
            }
        }
    }
    if !all {
        unread.parts.extend([Part::People, Part::Ids]);
    }
    all.then_some(people)
}

/// What stands in for a part that could not be read.
const fn here<T>(value: T) -> Located<T> {
    Located::new(value, Place::START)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The script that the guide shows, in short.
    const GOOD: &str = "\
rootrite: 1
ceremony: 2026-11-root-x1
title: Root X1, subordinate CAs E1 and R1
policy: public-tls
window: {from: 2026-11-01T08:00:00Z, to: 2026-11-02T20:00:00Z}
tokens:
  root: {class: hardware, pin: two-people}
  log: {class: any, distinct-from: [root]}
people:
  - {id: ada, role: ceremony-administrator}
  - {id: bo, role: crypto-officer}
  - {id: cy, role: crypto-officer}
  - {id: wim, role: external-witness}
quorum: {crypto-officer: 2, external-witness: 1}
approvals: {plan: {crypto-officer: 2}, method: typed}
inputs:
  e1-request: {file: inputs/e1.csr.pem}
  x1: {bundle: bundle-2026-05, sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}
acts:
  - act: Opening
    steps:
      - preflight: {}
      - confirm-clock: {sources: 2}
  - act: Closing
    steps:
      - seal:
          next-purpose: yearly CRL
";

    fn messages(text: &str) -> Vec<String> {
        let problems = Script::read("s.yaml", text.as_bytes()).unwrap_err();
        problems
            .sorted()
            .into_iter()
            .map(|problem| format!("{}: {}", problem.place, problem.message))
            .collect()
    }

    /// The good script with one line in place of another.
    fn with(line: &str, other: &str) -> String {
        assert!(GOOD.contains(line), "{line}");
        GOOD.replace(line, other)
    }

    #[test]
    fn a_good_script_is_read_whole() {
        let script = Script::read("s.yaml", GOOD.as_bytes()).unwrap();
        assert_eq!(script.ceremony.value.as_str(), "2026-11-root-x1");
        assert_eq!(script.policy, Located::new(Policy::PublicTls, Place { line: 4, column: 9 }));
        assert_eq!(script.window.value.to.to_string(), "2026-11-02T20:00:00Z");
        assert_eq!(script.tokens.find("root").unwrap().pin.unwrap().value, PinCustody::TwoPeople);
        assert_eq!(script.people_as(Role::CryptoOfficer), 2);
        assert_eq!((script.quorum.of(Role::CryptoOfficer), script.quorum.of(Role::Auditor)), (2, 0));
        assert_eq!(script.approvals.plan.of(Role::CryptoOfficer), 2);
        assert!(matches!(
            script.inputs.find("x1").unwrap().source,
            InputSource::Bundle { request: None, .. }
        ));
        assert_eq!(script.sha256, Digest::of(GOOD.as_bytes()));
        let steps: Vec<_> = script.steps().map(|step| (step.number.as_str(), step.name.as_str())).collect();
        assert_eq!(steps, [("1.1", "preflight"), ("1.2", "confirm-clock"), ("2.1", "seal")]);
        let seal = script.steps().last().unwrap();
        assert_eq!(seal.place, Place { line: 26, column: 9 });
        assert_eq!(seal.fields.place, Place { line: 27, column: 11 });
        let mut problems = script.problems();
        problems.add(seal.place, "m");
        assert_eq!(problems.to_string(), "s.yaml:26:9: m\n  26 |       - seal:\n     |         ^\n");
    }

    #[test]
    fn a_script_with_many_mistakes_gives_as_many_messages() {
        let text = "\
rootrite: 2
ceremony: Root X1
policy: public
window: {from: 2026-11-03T08:00:00Z, to: 2026-11-02T20:00:00Z}
tokens:
  log: {class: soft, distinct-from: [log, rot]}
  root: {class: any, distinct-from: [rot, root]}
people:
  - {id: bo, role: crypto-oficer}
  - {id: bo, role: crypto-officer, key: x}
quorum: {crypto-officer: 2, notary: 1}
approvals: {plan: {auditor: 1}, method: typed}
inputs:
  a: {file: x, bundle: y}
acts:
  - act: Opening
    steps: []
  - steps:
      - preflight
      - seal: {}
        witness: {}
";
        assert_eq!(
            messages(text),
            [
                "1:1: `title` is missing",
                "1:11: found version `2` of the format; this program reads version `1`",
                "2:11: found `Root X1`, wanted an id: 1 to 64 of a-z, 0-9 and -",
                "3:9: there is no word `public`; the words here are `public-tls`, `private`, `pqc-pilot`",
                "4:42: the window ends at 2026-11-02T20:00:00Z, before it begins at 2026-11-03T08:00:00Z",
                "6:16: there is no word `soft`; the words here are `hardware`, `software`, `any`",
                "6:38: the token `log` is to be distinct from itself",
                "6:43: there is no token `rot`; the tokens here are `log`, `root`",
                "7:38: there is no token `rot`; the tokens here are `log`, `root`",
                "7:43: the token `root` is to be distinct from itself",
                "9:20: there is no word `crypto-oficer`; the words here are `ceremony-administrator`, \
                 `crypto-officer`, `share-holder`, `internal-witness`, `external-witness`, `auditor`",
                "10:10: `bo` is listed for the second time; a person has one role",
                "10:36: there is no key `key`; the keys here are `id`, `role`, `ssh-key`",
                "11:29: there is no role `notary`; the roles here are `ceremony-administrator`, `crypto-officer`, \
                 `share-holder`, `internal-witness`, `external-witness`, `auditor`",
                "12:29: the approval of the plan needs 1 of the role `auditor`; 0 are listed under `people`",
                "14:6: found a map, wanted a map with either `file` or `bundle`",
                "17:12: `steps` is an empty list; wanted at least one",
                "18:5: `act` is missing",
                "19:9: found `preflight`, wanted a step, such as `preflight: {}`",
                "20:9: found 2 keys, wanted one step",
            ]
        );
    }

    #[test]
    fn the_parts_of_a_script_agree() {
        for (line, other, wanted) in [
            (
                "{id: cy, role: crypto-officer}",
                "{id: bo, role: crypto-officer}",
                &["12:10: `bo` is listed for the second time; a person has one role"][..],
            ),
            (
                "quorum: {crypto-officer: 2, external-witness: 1}",
                "quorum: {crypto-officer: 3, external-witness: 0}",
                &[
                    "14:26: the quorum needs 3 of the role `crypto-officer`; 2 are listed under `people`",
                    "14:47: found 0 of the role `external-witness`, wanted at least 1",
                ],
            ),
            (
                "{plan: {crypto-officer: 2}",
                "{plan: {auditor: 1, crypto-officer: 2}",
                &[
                    "15:29: the approval of the plan needs 1 of the role `auditor`; 0 are listed under `people`",
                ],
            ),
            (
                "distinct-from: [root]",
                "distinct-from: [log, rot]",
                &[
                    "8:37: the token `log` is to be distinct from itself",
                    "8:42: there is no token `rot`; the tokens here are `root`, `log`",
                ],
            ),
            (
                "to: 2026-11-02T20:00:00Z",
                "to: 2027-12-06T08:00:00Z",
                &["5:42: the window is longer than 400 days, its last second included"],
            ),
            (
                "rootrite: 1\nceremony: 2026-11-root-x1\n",
                "ceremony: 2026-11-root-x1\nrootrite: 1\n",
                &["1:1: the first key is `ceremony`; wanted `rootrite`"],
            ),
            ("rootrite: 1\n", "", &["1:1: `rootrite: 1` is missing; wanted it as the first key"]),
        ] {
            assert_eq!(messages(&with(line, other)), wanted, "{other}");
        }
    }

    /// Source: BR §5.2.2, §6.2.2.
    #[test]
    fn public_tls_demands_two_crypto_officers_in_the_room_and_for_the_plan() {
        for (line, other, wanted) in [
            (
                "quorum: {crypto-officer: 2,",
                "quorum: {crypto-officer: 1,",
                &[
                    "14:26: the quorum has 1 of the role `crypto-officer`; policy `public-tls` wanted at least 2",
                ][..],
            ),
            (
                "quorum: {crypto-officer: 2,",
                "quorum: {",
                &[
                    "4:9: the quorum has 0 of the role `crypto-officer`; policy `public-tls` wanted at least 2",
                ],
            ),
            (
                "{plan: {crypto-officer: 2}",
                "{plan: {crypto-officer: 1}",
                &[
                    "15:36: the approval of the plan has 1 of the role `crypto-officer`; policy `public-tls` wanted at least 2",
                ],
            ),
            (
                "{plan: {crypto-officer: 2}",
                "{plan: {external-witness: 1}",
                &[
                    "4:9: the approval of the plan has 0 of the role `crypto-officer`; policy `public-tls` wanted at least 2",
                ],
            ),
            (
                "{plan: {crypto-officer: 2}",
                "{plan: {}",
                &[
                    "4:9: the approval of the plan has 0 of the role `crypto-officer`; policy `public-tls` wanted at least 2",
                    "15:19: nobody approves the plan; wanted at least one role and a number",
                ],
            ),
        ] {
            assert_eq!(messages(&with(line, other)), wanted, "{other}");
        }
        Script::read("s.yaml", GOOD.as_bytes()).unwrap();
    }

    #[test]
    fn both_bounds_hold() {
        for (line, other) in [
            ("to: 2026-11-02T20:00:00Z", "to: 2027-12-06T07:59:59Z"),
            ("to: 2026-11-02T20:00:00Z", "to: 2026-11-01T08:00:00Z"),
            ("policy: public-tls", "policy: pqc-pilot"),
            ("{plan: {crypto-officer: 2}", "{plan: {crypto-officer: 2, external-witness: 1}"),
        ] {
            Script::read("s.yaml", with(line, other).as_bytes()).unwrap();
        }
        let one = with("public-tls", "private")
            .replace("quorum: {crypto-officer: 2,", "quorum: {crypto-officer: 1,");
        Script::read("s.yaml", one.as_bytes()).unwrap();
        let none = GOOD.replace("tokens:\n", "tokens: {}\nunused:\n");
        assert_eq!(messages(&none).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn a_script_that_somebody_scribbled_in_is_read_or_refused(
            at in 0..GOOD.len(),
            length in 0..20_usize,
            scribble in "[a-z0-9:{}\\[\\], \n\t&*!#'\"|>-]{0,6}",
        ) {
            let text = [GOOD.get(..at).unwrap_or_default(), &scribble, GOOD.get(at + length..).unwrap_or_default()].concat();
            if let Err(problems) = Script::read("s.yaml", text.as_bytes()) {
                proptest::prop_assert!(!problems.is_empty());
                proptest::prop_assert!(problems.messages().iter().all(|message| message.starts_with("s.yaml:")));
            }
        }
    }
}
