//! How the parts of a script are written.

use super::ceremony::{
    Act, Approvals, Counts, Input, InputSource, Method, Person, PinCustody, Policy, Role, StepNode,
    TokenClass, TokenDemand, Window,
};
use super::fields::{Fields, FromNode, Id, SOME_TIMES, Word, unknown, wrong};
use super::problem::{Located, Place, Problems};
use super::yaml::{Node, Value};
use crate::clock::{DAY, Timestamp};

impl Word for Policy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("public-tls", Self::PublicTls), ("private", Self::Private), ("pqc-pilot", Self::PqcPilot)];
}

impl Word for TokenClass {
    const WORDS: &'static [(&'static str, Self)] =
        &[("hardware", Self::Hardware), ("software", Self::Software), ("any", Self::Any)];
}

impl Word for PinCustody {
    const WORDS: &'static [(&'static str, Self)] =
        &[("one-person", Self::OnePerson), ("two-people", Self::TwoPeople), ("shares", Self::Shares)];
}

/// Source: ceremony-log/v1, actors' roles.
impl Word for Role {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("ceremony-administrator", Self::CeremonyAdministrator),
        ("crypto-officer", Self::CryptoOfficer),
        ("share-holder", Self::ShareHolder),
        ("internal-witness", Self::InternalWitness),
        ("external-witness", Self::ExternalWitness),
        ("auditor", Self::Auditor),
    ];
}

impl Word for Method {
    const WORDS: &'static [(&'static str, Self)] = &[("typed", Self::Typed), ("signature", Self::Signature)];
}

impl FromNode for Window {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let from = fields.required::<Located<Timestamp>>("from");
        let to = fields.required::<Located<Timestamp>>("to");
        fields.finish();
        match (from, to) {
            (Some(from), Some(to)) => Self::between(from, to, problems),
            (Some(from), None) => problems.guess(after(from.value)),
            (None, Some(to)) => problems.guess(before(to.value)),
            (None, None) => Self::stand_in("", node.place, problems),
        }
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess(SOME_TIMES.map(|at| Self { from: at, to: at }))
    }
}

impl Window {
    /// The window between two times. Where they do not go together, nobody knows which of them is wrong.
    fn between(from: Located<Timestamp>, to: Located<Timestamp>, problems: &mut Problems) -> Option<Self> {
        let message = if to.value < from.value {
            format!("the window ends at {}, before it begins at {}", to.value, from.value)
        } else if to.value.seconds() - from.value.seconds() >= LONGEST_WINDOW * DAY {
            format!("the window is longer than {LONGEST_WINDOW} days, its last second included")
        } else {
            return Some(Self { from: from.value, to: to.value });
        };
        problems.add(to.place, message);
        let ([first, second, _], [_, _, last]) = (after(from.value), before(to.value));
        problems.guess([first, second, last])
    }
}

/// Windows that begin at this time.
fn after(from: Timestamp) -> [Window; 3] {
    [0, HOUR, DAY].map(|later| Window { from, to: from.plus(later).unwrap_or(from) })
}

/// Windows that end at this time.
fn before(to: Timestamp) -> [Window; 3] {
    [0, HOUR, DAY].map(|earlier| Window { from: to.minus(earlier).unwrap_or(to), to })
}

const HOUR: u64 = 3600;

/// What cannot be read of a demand is refused, and reading goes on as if it were not made: the token is there.
impl FromNode for TokenDemand {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let class = fields.required("class");
        let pin = fields.optional("pin");
        let distinct_from = fields.optional_list("distinct-from");
        fields.finish();
        let class = class.unwrap_or(Located::new(TokenClass::Any, node.place));
        Some(Self { class, pin, distinct_from: distinct_from.unwrap_or_default() })
    }
}

/// Somebody under `people`, as far as they could be read.
pub(super) enum Listed {
    /// Somebody of whom everything is known.
    Whole(Person),
    /// Somebody of whom the id is known: others may name them.
    Named(Id),
    /// Somebody.
    Nameless,
}

impl FromNode for Listed {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let id: Option<Located<Id>> = fields.required("id");
        let role = fields.required("role");
        let ssh_key = fields.optional("ssh-key");
        let unread = fields.is_unread();
        fields.finish();
        Some(match (id, role) {
            (Some(id), Some(role)) if !unread => Self::Whole(Person { id, role, ssh_key }),
            (Some(id), _) => Self::Named(id.value),
            (None, _) => Self::Nameless,
        })
    }
}

impl FromNode for Counts {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, "roles and numbers, such as `{crypto-officer: 2}`", problems);
        };
        let mut counts = Some(Vec::new());
        for entry in entries {
            let role = Role::WORDS.iter().find(|(word, _)| *word == entry.key);
            if role.is_none() {
                let words: Vec<&str> = Role::WORDS.iter().map(|(word, _)| *word).collect();
                unknown(&entry.key, entry.place, "role", "roles", &words, problems);
            }
            let count = Located::<usize>::from_node(&entry.node, problems);
            match (&mut counts, role, count) {
                (Some(counts), Some((_, role)), Some(count)) => {
                    counts.push((Located::new(*role, entry.place), count));
                }
                _ => counts = None,
            }
        }
        counts.map(Self)
    }
}

impl FromNode for Approvals {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let plan: Option<Counts> = fields.required("plan");
        let method = fields.required("method");
        if let (Some(Counts(counts)), Some(place)) = (&plan, fields.node("plan").map(|node| node.place))
            && counts.is_empty()
        {
            fields.problems().add(place, "nobody approves the plan; wanted at least one role and a number");
        }
        fields.finish();
        Some(Self { plan: plan?, method: method? })
    }
}

impl FromNode for Input {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let file = fields.optional("file");
        let bundle = fields.optional("bundle");
        let request = fields.optional("request");
        let sha256 = fields.optional("sha256");
        let both = (fields.has("file"), fields.has("bundle"));
        fields.finish();
        let source = match (both, file, bundle) {
            ((true, false), file, _) if request.is_none() => InputSource::File(file?),
            ((false, true), _, bundle) => InputSource::Bundle { folder: bundle?, request },
            ((true, false), ..) => {
                return wrong(
                    node,
                    "`file` without `request`, which says the one that is meant of a bundle",
                    problems,
                );
            }
            _ => return wrong(node, "a map with either `file` or `bundle`", problems),
        };
        Some(Self { source, sha256 })
    }
}

/// The acts with their steps numbered.
pub(super) struct Acts {
    /// What could be read of them.
    pub(super) read: Vec<Act>,
    /// What stands where a step is to be, and is none.
    pub(super) no_steps: Vec<Node>,
    /// Whether that is everything.
    pub(super) whole: bool,
}

impl FromNode for Acts {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong(node, "a list of acts", problems);
        };
        if items.is_empty() {
            return wrong(node, "at least one act", problems);
        }
        let mut acts = Self { read: Vec::new(), no_steps: Vec::new(), whole: true };
        for (number, item) in (1..).zip(items) {
            act(number, item, &mut acts, problems);
        }
        Some(acts)
    }
}

fn act(number: usize, node: &Node, acts: &mut Acts, problems: &mut Problems) {
    let mut fields = Fields::of(node, problems);
    let title: Option<String> = fields.required("act");
    let nodes = fields.list::<Node>("steps");
    fields.finish();
    // A title names nothing that a step could need.
    acts.whole &= nodes.is_some();
    let mut steps = Vec::new();
    for (step, node) in (1..).zip(nodes.iter().flatten()) {
        match step_node(number, step, node, problems) {
            Some(step) => steps.push(step),
            None => acts.no_steps.push(node.clone()),
        }
    }
    acts.read.push(Act { title: title.unwrap_or_default(), steps });
}

fn step_node(act: usize, step: usize, node: &Node, problems: &mut Problems) -> Option<StepNode> {
    let entry = match &node.value {
        Value::Map(entries) if entries.len() == 1 => entries.first()?,
        Value::Map(entries) => {
            let message = format!("found {} keys, wanted one step", entries.len());
            let hint = "each step begins with `- `, and what it says is indented under its name";
            problems.add_with_hint(node.place, message, hint);
            return None;
        }
        _ => return wrong(node, "a step, such as `preflight: {}`", problems),
    };
    let (name, place, fields) = (entry.key.clone(), entry.place, entry.node.clone());
    Some(StepNode { number: format!("{act}.{step}"), name, place, fields })
}

/// No ceremony is planned for longer: the BRs ask for a CRL every twelve months.
const LONGEST_WINDOW: u64 = 400;
