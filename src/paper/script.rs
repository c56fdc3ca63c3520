//! The script on paper, before a ceremony; and the same pages with what the log says, after it: the annotated script.
//!
//! Sources: WebTrust Principles and Criteria for Certification Authorities 4.1 (what a script has to contain); BR §6.1.1.1 (the script
//! that an auditor witnesses, and the report on it).

use ceremony_log::record::Record;

use super::document::{Blank, Block, Cell, Document, Span, Table, Value};
use super::planned::Planned;
use super::template::{Parts, Template, TemplateError, fill};
use super::told::{EXCEPTIONS, Said, Told, everything, field, said};
use crate::plan::PlannedStep;
use crate::step::Draft;

/// The pages of a script.
///
/// # Errors
///
/// [`TemplateError`] if the template is not one.
pub fn script(
    plan: &Planned,
    practice: bool,
    template: Option<Template<'_>>,
) -> Result<Document, TemplateError> {
    let template = template.unwrap_or(Template { name: "script.md", source: SCRIPT });
    let blocks = fill(template, &parts(plan, practice, None))?;
    let title = "Ceremony script".to_owned();
    Ok(Document { title, about: plan.ceremony().to_owned(), practice, initialled: true, blocks })
}

/// The same pages with who, when and what from the log.
///
/// # Errors
///
/// [`TemplateError`] if the template is not one.
pub fn annotated(
    plan: &Planned,
    told: &Told,
    template: Option<Template<'_>>,
) -> Result<Document, TemplateError> {
    let template = template.unwrap_or(Template { name: "report.md", source: REPORT });
    let practice = told.practice;
    let blocks = fill(template, &parts(plan, practice, Some(told)))?;
    let title = "Annotated script".to_owned();
    Ok(Document { title, about: plan.ceremony().to_owned(), practice, initialled: true, blocks })
}

/// One line for each step, to tick off.
///
/// # Errors
///
/// [`TemplateError`] if the template is not one.
pub fn checklist(
    plan: &Planned,
    practice: bool,
    template: Option<Template<'_>>,
) -> Result<Document, TemplateError> {
    let template = template.unwrap_or(Template { name: "checklist.md", source: CHECKLIST });
    let mut parts = Parts::new();
    parts.value("ceremony", Value::exact(plan.ceremony()));
    parts.value("title", Value::exact(&plan.says.title));
    parts.flag("practice", practice);
    parts.block("identity", identity(plan));
    let mut blocks = Vec::new();
    for act in &plan.says.acts {
        let rows = act.steps.iter().map(|step| {
            let what = format!("{}: {}", step.step.name(), step.step.preview());
            vec![Cell::exact(&step.number), Cell::Text(what), Cell::Blank, Cell::Blank]
        });
        blocks.push(Block::heading(2, &act.title));
        let columns = columns(&[("step", 2), ("what is done", 14), ("time", 3), ("initials", 3)]);
        blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    }
    parts.block("steps", blocks);
    let blocks = fill(template, &parts)?;
    let title = "Checklist".to_owned();
    Ok(Document { title, about: plan.ceremony().to_owned(), practice, initialled: false, blocks })
}

/// Everything that a script's template places.
fn parts(plan: &Planned, practice: bool, told: Option<&Told>) -> Parts {
    let mut parts = Parts::new();
    parts.value("ceremony", Value::exact(plan.ceremony()));
    parts.value("title", Value::exact(&plan.says.title));
    parts.flag("practice", practice);
    parts.flag("signed_approvals", plan.says.people.sign());
    parts.block("identity", identity(plan));
    parts.block("roles", roles(plan, told));
    parts.block("approvals", approvals(plan, told));
    parts.block("materials", materials(plan, told));
    parts.block("room", room(told));
    parts.block("steps", steps(plan, told));
    parts.block("storage", storage(plan, told));
    parts.block("exceptions", exceptions(told));
    parts.block("sign_off", sign_off(plan, told));
    parts
}

/// What the plan is, so that nobody can take another for it.
fn identity(plan: &Planned) -> Vec<Block> {
    let says = &plan.says;
    let mut blocks = Block::digest("plan SHA-256", plan.sha256);
    blocks.push(Block::Qr(
        "The digest of the plan, to be scanned.".into(),
        plan.sha256.to_string().to_uppercase(),
    ));
    let window = format!("{} to {}, both included", says.window.from, says.window.to);
    for (name, value) in [
        ("ceremony", &says.ceremony),
        ("purpose", &says.title),
        ("policy", &says.policy),
        ("window", &window),
    ] {
        blocks.push(Block::Compare(name.into(), Value::exact(value)));
    }
    blocks.push(Block::Compare("script SHA-256".into(), Value::hex(says.script_sha256)));
    blocks
}

fn roles(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    let people = &plan.says.people;
    let mut blocks = Vec::new();
    for (role, duty) in DUTIES {
        if people.of_role(role).next().is_some() {
            blocks.push(Block::Item(vec![Span::Text(format!("{role}: {duty}"))]));
        }
    }
    for (role, count) in &people.quorum {
        blocks.push(Block::Item(vec![Span::Text(format!(
            "At least {count} of the role {role} in the room, or no key is used."
        ))]));
    }
    let rows = people.all.iter().map(|person| {
        let mut row = vec![Cell::exact(&person.id), Cell::text(&person.role), Cell::Blank];
        let here = told.map(|told| {
            let mut of =
                told.of(&["participant.present"]).filter(|record| field(record, "person") == person.id);
            of.next().map_or_else(
                || "not present".to_owned(),
                |record| format!("{} (record {})", field(record, "id_check"), record.seq),
            )
        });
        row.push(here.map_or(Cell::Blank, Cell::Text));
        row.push(Cell::Blank);
        row
    });
    let columns = columns(&[("id", 2), ("role", 7), ("name", 5), ("identity document", 5), ("signature", 4)]);
    blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    blocks
}

fn approvals(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    let people = &plan.says.people;
    let mut blocks: Vec<Block> = people
        .approvals
        .iter()
        .map(|(role, count)| {
            Block::Item(vec![Span::Text(format!(
                "At least {count} of the role {role} approve the plan, or nothing begins."
            ))])
        })
        .collect();
    for (id, key) in &people.keys {
        blocks.push(Block::Compare(format!("key of {id}"), Value::exact(key.fingerprint())));
    }
    let Some(told) = told else {
        let rows = people.all.iter().filter(|person| people.approvals.contains_key(&person.role));
        let rows = rows
            .map(|person| vec![Cell::exact(&person.id), Cell::text(&person.role), Cell::Blank, Cell::Blank]);
        let columns = columns(&[("id", 2), ("role", 5), ("date", 4), ("signature", 7)]);
        blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
        blocks.push(Block::Blanks(vec![Blank::empty(
            "site file, first words of its SHA-256 as read out on the day",
            1,
        )]));
        return blocks;
    };
    let rows = told.of(&["plan.approved", "site.approved"]).map(|record| {
        let texts =
            [record.seq.to_string(), record.ev.clone(), field(record, "person"), field(record, "method")];
        let mut row: Vec<Cell> = texts.into_iter().map(Cell::Text).collect();
        row.push(Cell::exact(field(record, "sha256")));
        row
    });
    let columns = columns(&[("record", 2), ("what", 4), ("who", 2), ("how", 3), ("SHA-256", 11)]);
    blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    blocks
}

fn materials(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    let says = &plan.says;
    let mut rows = Vec::new();
    for (name, demand) in &says.tokens {
        let distinct = if demand.distinct_from.is_empty() {
            String::new()
        } else {
            format!(", another device than {}", demand.distinct_from.join(" and "))
        };
        let pin = demand.pin.as_ref().map_or(String::new(), |pin| format!(", PIN by {pin}"));
        let wanted = format!("{}{pin}{distinct}", demand.class);
        let found = told.map(|told| {
            let mut of = told.of(&["device.inserted"]).filter(|record| field(record, "token") == *name);
            of.next().map_or_else(
                || "not in use".to_owned(),
                |record| {
                    format!(
                        "{}, serial {}, {} (record {})",
                        field(record, "model"),
                        field(record, "serial"),
                        field(record, "class"),
                        record.seq
                    )
                },
            )
        });
        rows.push(vec![
            Cell::exact(name),
            Cell::Text(wanted),
            found.map_or(Cell::Blank, Cell::Text),
            Cell::Blank,
        ]);
    }
    let head =
        columns(&[("token", 2), ("what it has to be", 7), ("model and serial number", 6), ("bag opened", 4)]);
    let mut blocks =
        vec![Block::heading(2, "Cryptographic hardware"), Block::Table(Table { columns: head, rows })];
    blocks.push(Block::heading(2, "Machine and software"));
    blocks.push(told.map_or_else(|| machine_to_be(plan), machine));
    blocks.extend(media(plan));
    blocks.extend(digests(plan));
    blocks
}

/// What the ceremony is held with, to be filled in.
fn machine_to_be(plan: &Planned) -> Block {
    let all = ["ceremony machine", "start medium", "this program, rootrite", "printer"].map(str::to_owned);
    let modules = plan.says.tokens.keys().map(|name| format!("module of token {name}"));
    let rows = all.into_iter().chain(modules);
    let rows = rows.map(|what| vec![Cell::Text(what), Cell::Blank, Cell::Blank]);
    let columns = columns(&[
        ("what", 7),
        ("make, model, version, serial number", 6),
        ("first words of its SHA-256, as read out", 6),
    ]);
    Block::Table(Table { columns, rows: rows.collect() })
}

/// What it was held with.
fn machine(told: &Told) -> Block {
    let mut rows = Vec::new();
    for record in told.of(&["session.start", "session.resumed"]) {
        let row = |what: String, sha256: String| {
            vec![Cell::exact(record.seq.to_string()), Cell::Text(what), Cell::exact(sha256)]
        };
        let (host, boot) = (field(record, "host"), field(record, "boot_id"));
        rows.push(row(format!("machine {host}, started as {boot}"), "-".into()));
        rows.push(row(format!("rootrite {}", field(record, "tool_version")), field(record, "tool_sha256")));
        let modules = record.data.get("modules").and_then(Said::as_array).unwrap_or_default();
        for module in modules {
            let says = |name: &str| {
                module.as_object().and_then(|all| all.get(name)).map_or_else(|| "-".into(), said)
            };
            rows.push(row(says("library"), says("sha256")));
        }
        rows.push(row("site file".into(), field(record, "site_sha256")));
    }
    let columns = columns(&[("record", 2), ("what", 8), ("SHA-256", 13)]);
    Block::Table(Table { columns, rows })
}

fn media(plan: &Planned) -> Vec<Block> {
    let media: Vec<_> = plan_steps(plan).filter_map(|step| step.step.medium()).collect();
    if media.is_empty() {
        return Vec::new();
    }
    let rows = media
        .into_iter()
        .map(|(name, copies)| vec![Cell::exact(name), Cell::exact(copies.to_string()), Cell::Blank]);
    let columns = columns(&[("medium", 4), ("copies", 2), ("serial numbers", 10)]);
    vec![Block::heading(2, "Media"), Block::Table(Table { columns, rows: rows.collect() })]
}

/// What goes by digest, and what comes of it.
fn digests(plan: &Planned) -> Vec<Block> {
    let says = &plan.says;
    let inputs = says.inputs.iter().map(|named| ("input", named));
    let all = inputs.chain(says.profiles.iter().map(|named| ("profile", named)));
    let rows = all.map(|(kind, (name, sha256))| {
        vec![Cell::text(kind), Cell::exact(name), Cell::Value(Value::hex(*sha256))]
    });
    let head = columns(&[("kind", 2), ("name", 5), ("SHA-256", 13)]);
    let by_digest = Block::Table(Table { columns: head, rows: rows.collect() });
    let rows = says.outputs.iter().map(|output| vec![Cell::text(&output.kind), Cell::exact(&output.name)]);
    let columns = columns(&[("kind", 4), ("name", 12)]);
    let outputs = Block::Table(Table { columns, rows: rows.collect() });
    vec![
        Block::heading(2, "Inputs and profiles"),
        by_digest,
        Block::heading(2, "What will be handed over"),
        outputs,
    ]
}

fn room(told: Option<&Told>) -> Vec<Block> {
    let Some(told) = told else {
        return [
            "place and room",
            "who let whom in, at what time",
            "cameras and recordings",
            "seals of doors and safe before the ceremony",
        ]
        .map(|what| Block::Blanks(vec![Blank::empty(what, 1)]))
        .into();
    };
    let mut blocks = vec![Block::heading(2, "What the machine looked like"), checks(told)];
    let rows = records(told.of(&["clock.set", "log.note"]));
    if !rows.is_empty() {
        blocks.extend([Block::heading(2, "Clocks, and what was noted"), table_of_records(rows)]);
    }
    blocks
}

/// What the look at the machine found: a row for each check.
fn checks(told: &Told) -> Block {
    let mut rows = Vec::new();
    for record in told.of(&["preflight.result"]) {
        for check in record.data.get("checks").and_then(Said::as_array).unwrap_or_default() {
            let says =
                |name: &str| check.as_object().and_then(|all| all.get(name)).map_or_else(|| "-".into(), said);
            rows.push(vec![
                Cell::exact(record.seq.to_string()),
                Cell::Text(says("id")),
                Cell::Text(says("outcome")),
                Cell::Text(says("detail")),
            ]);
        }
    }
    let columns = columns(&[("record", 2), ("check", 5), ("result", 3), ("what was found", 14)]);
    Block::Table(Table { columns, rows })
}

fn plan_steps(plan: &Planned) -> impl Iterator<Item = &PlannedStep> {
    plan.says.acts.iter().flat_map(|act| &act.steps)
}

fn steps(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (number, act) in (1..).zip(&plan.says.acts) {
        let number: usize = number;
        blocks.push(Block::heading(2, format!("Act {number}: {}", act.title)));
        for step in &act.steps {
            blocks.push(Block::Keep(one_step(plan, step, told)));
        }
    }
    blocks
}

fn one_step(plan: &Planned, step: &PlannedStep, told: Option<&Told>) -> Vec<Block> {
    let mut blocks = vec![Block::heading(3, format!("{}  {}", step.number, step.step.name()))];
    blocks.push(Block::sentence(&step.step.preview()));
    for draft in plan.says.drafts.iter().filter(|draft| draft.step == step.number) {
        blocks.extend(one_draft(draft));
    }
    let Some(told) = told else {
        let blanks =
            vec![Blank::empty("initials", 2), Blank::empty("time (UTC)", 3), Blank::empty("comment", 9)];
        blocks.push(Block::Blanks(blanks));
        return blocks;
    };
    let of: Vec<&Record> = told.of_step(&step.number).collect();
    let at = |event: &str| {
        of.iter().rfind(|record| record.ev == event).map_or("-".to_owned(), |record| record.at.to_string())
    };
    let mut who: Vec<String> = of
        .iter()
        .filter(|record| record.actor.id != "rootrite")
        .map(|record| record.actor.id.clone())
        .collect();
    who.sort();
    who.dedup();
    let who = if who.is_empty() { "nobody was asked".to_owned() } else { who.join(", ") };
    let blanks = vec![
        Blank::said("who acted", 5, who),
        Blank::said("begun (UTC)", 4, at("step.begin")),
        Blank::said("done (UTC)", 4, at("step.end")),
        Blank::empty("initials", 2),
    ];
    blocks.push(Block::Blanks(blanks));
    let shown = of.into_iter().filter(|record| {
        let only_frames = ["step.begin", "step.end"].contains(&record.ev.as_str());
        let has_result = record.ev.ends_with(".intent") && told.is_resolved(record);
        !only_frames && !has_result
    });
    let rows = records(shown);
    if !rows.is_empty() {
        blocks.push(table_of_records(rows));
    }
    blocks
}

fn one_draft(draft: &Draft) -> Vec<Block> {
    let with =
        draft.signed_with.as_ref().map_or_else(String::new, |with| format!(" with {}", with.algorithm));
    let title = format!("To be signed: {} {}, by the key {}{with}", draft.kind, draft.name, draft.signed_by);
    let rows = draft
        .fields
        .fields()
        .iter()
        .map(|field| vec![Cell::text(field.name.as_ref()), Cell::exact(&field.value)]);
    let table = Table {
        columns: columns(&[("field", 5), ("value to compare; what is in <…> is known on the day", 13)]),
        rows: rows.collect(),
    };
    let mut blocks = vec![Block::sentence(&title), Block::Table(table)];
    blocks.extend(draft.warnings.iter().map(|warning| Block::Item(vec![Span::Text(warning.clone())])));
    blocks
}

fn storage(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    if let Some(told) = told {
        let sealed =
            records(told.of(&["custody.sealed", "custody.opened", "media.written", "share.confirmed"]));
        if !sealed.is_empty() {
            return vec![table_of_records(sealed)];
        }
    }
    let tokens = plan.says.tokens.keys().map(|name| format!("token {name}"));
    let media = plan_steps(plan).filter_map(|step| step.step.medium());
    let media =
        media.flat_map(|(name, copies)| (1..=copies).map(move |copy| format!("medium {name}, copy {copy}")));
    let shares = plan_steps(plan).flat_map(|step| step.step.deals());
    let shares = shares.map(|(what, holder)| format!("share of {what}, {holder}"));
    let others =
        ["this script, signed".to_owned(), "log and bundle".to_owned(), "video recordings".to_owned()];
    let rows = tokens
        .chain(media)
        .chain(shares)
        .chain(others)
        .map(|what| vec![Cell::Text(what), Cell::Blank, Cell::Blank, Cell::Blank]);
    let columns =
        columns(&[("what", 8), ("bag number", 4), ("where it goes", 4), ("handed to, signature", 4)]);
    vec![Block::Table(Table { columns, rows: rows.collect() })]
}

fn exceptions(told: Option<&Told>) -> Vec<Block> {
    if let Some(told) = told {
        let rows = records(told.of(&EXCEPTIONS));
        if rows.is_empty() {
            return vec![Block::text("The log tells of none.")];
        }
        return vec![table_of_records(rows)];
    }
    let mut blocks = Vec::new();
    for number in 1..=EXCEPTION_SHEETS {
        let sheet = vec![
            Block::heading(3, format!("Exception {number}")),
            Block::Blanks(vec![
                Blank::empty("step", 1),
                Blank::empty("time (UTC)", 2),
                Blank::empty("noted by", 2),
                Blank::empty("record of the log", 2),
            ]),
            Block::text("What the script says, what happened instead, and what was done about it:"),
            Block::Lines(5),
            Block::Blanks(vec![
                Blank::empty("approved by (crypto officer)", 1),
                Blank::empty("approved by (crypto officer)", 1),
                Blank::empty("seen by (witness)", 1),
            ]),
        ];
        blocks.push(Block::Keep(sheet));
    }
    blocks
}

fn sign_off(plan: &Planned, told: Option<&Told>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some((size, root)) = told.and_then(|told| told.head) {
        blocks.push(Block::Compare("records of the log".into(), Value::exact(size.to_string())));
        blocks.extend(Block::digest("closing head", root));
        blocks.push(Block::Qr(
            "The root of the closing head, to be scanned.".into(),
            root.to_string().to_uppercase(),
        ));
    } else {
        blocks.push(Block::Blanks(vec![
            Blank::empty("records of the log", 1),
            Blank::empty("closing head, first four words", 4),
        ]));
        blocks.push(Block::text("All 32 words of the closing head, as they were read out:"));
        let numbers: Vec<Blank> =
            (1..=32).map(|number: usize| Blank::empty(&number.to_string(), 1)).collect();
        blocks.extend(numbers.chunks(4).map(|line| Block::Blanks(line.to_vec())));
    }
    if let Some(told) = told {
        let rows = records(told.of(&["witness.agreed", "witness.disagreed", "ceremony.close"]));
        blocks.push(table_of_records(rows));
    }
    let rows = plan.says.people.all.iter().map(|person| {
        vec![Cell::exact(&person.id), Cell::text(&person.role), Cell::Blank, Cell::Blank, Cell::Blank]
    });
    let columns = columns(&[
        ("id", 2),
        ("role", 7),
        ("as the script says, or with which exceptions", 5),
        ("date", 3),
        ("signature", 5),
    ]);
    blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    blocks
}

/// Records as rows.
pub(super) fn records<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<Vec<Cell>> {
    let row = |record: &Record| {
        vec![
            Cell::exact(record.seq.to_string()),
            Cell::exact(record.at.to_string()),
            Cell::text(&record.actor.id),
            Cell::text(&record.ev),
            Cell::exact(everything(record)),
        ]
    };
    records.map(row).collect()
}

/// A table of records.
pub(super) fn table_of_records(rows: Vec<Vec<Cell>>) -> Block {
    let columns = columns(&[("no", 2), ("time (UTC)", 8), ("who", 4), ("event", 7), ("what", 18)]);
    Block::Table(Table { columns, rows })
}

/// A table's head.
pub(super) fn columns(columns: &[(&str, u8)]) -> Vec<(String, u8)> {
    columns.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect()
}

/// What each role does, before, in and after the ceremony. ETSI EN 319 411-1 §6.5.1 asks for each.
const DUTIES: [(&str, &str); 6] = [
    (
        "ceremony-administrator",
        "prepares room and machine; leads through the script, reads every step aloud before it is done, operates the machine, and holds no PIN and no share; afterwards hands over log and bundle, and files the signed script and the recordings.",
    ),
    (
        "crypto-officer",
        "approves the plan before the day; approves what is about to be signed after comparing it with these pages, and brings the PINs of tokens together with another officer; afterwards brings the tokens back to where they are kept.",
    ),
    (
        "share-holder",
        "keeps a share that nobody else sees, types it back, and seals it into a bag whose number goes into the log; afterwards keeps the bag, and tells of its loss at once.",
    ),
    (
        "internal-witness",
        "sees that every step is done as it is written, compares clocks and values, initials each step; afterwards signs these pages.",
    ),
    (
        "external-witness",
        "the same, from outside the organisation; agrees to the log's head at the end or says why not, and keeps it afterwards.",
    ),
    (
        "auditor",
        "observes, and is asked for nothing but evidence; afterwards takes the log, the annex and the signed script, and reports on them.",
    ),
];

/// So many sheets are printed; more are copied.
const EXCEPTION_SHEETS: usize = 4;

const SCRIPT: &str = include_str!("../../templates/paper/script.md");
const REPORT: &str = include_str!("../../templates/paper/report.md");
const CHECKLIST: &str = include_str!("../../templates/paper/checklist.md");
