//! `survive`: which losses would lose a key or a secret in shares: from the log, and from where things are kept, which no log says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files;
use crate::failure::{Failure, Turn};
use crate::issuance::{KnownShare, LeftSet, SecretSurvival, Survival};
use crate::script::{Fields, FromNode, Id, Located, Named, Node, Problems, Whole, read_as, version};
use crate::stage::Division;

/// Say which lost people, sheets, media, tokens or sites would lose a key, or a secret in shares
///
/// Reads the log. Where things are kept no log says: a file of places does, and each of them is tried.
#[derive(Debug, clap::Args)]
pub struct Survive {
    /// The log's folder
    #[arg(long, value_name = "FOLDER")]
    log: PathBuf,
    /// What is lost: tokens, holders, sheets (`share-5a3f-1`) or media (`root-x1-backup-1`), separated by commas
    #[arg(long, value_name = "THINGS", value_delimiter = ',')]
    without: Vec<String>,
    /// What is kept together, by place: whether every key survives the loss of each
    #[arg(long, value_name = "FILE")]
    places: Option<PathBuf>,
}

/// A file of places.
struct Places(Named<Vec<Located<Id>>>);

impl FromNode for Places {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        version(&mut fields, node, "rootrite-places");
        let places = fields.required("places");
        fields.finish();
        places.map(Self)
    }
}

impl Places {
    /// Reads a file of places: each thing is one that a key depends on, and is in one place.
    fn read(path: &Path, known: &BTreeSet<String>) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let Whole { value, source, .. } = read_as::<Self>(&file, &files::octets(path)?)?;
        let mut problems = Problems::new(source);
        let mut kept: BTreeMap<&str, &str> = BTreeMap::new();
        for (place, things) in value.0.iter() {
            for thing in things {
                let name = thing.value.as_str();
                if !known.contains(name) {
                    problems.add(thing.place, unknown(name, known));
                } else if let Some(other) = kept.insert(name, place.value.as_str()) {
                    let message = format!("`{name}` is in `{other}` already; a thing is in one place");
                    problems.add(thing.place, message);
                }
            }
        }
        Ok(problems.or(Some(value))?)
    }

    /// Each place and what is lost with it.
    fn iter(&self) -> impl Iterator<Item = (&str, BTreeSet<&str>)> {
        self.0.iter().map(|(place, things)| {
            (place.value.as_str(), things.iter().map(|thing| thing.value.as_str()).collect())
        })
    }

    /// What a key depends on and no place has; a share is in none if neither its holder nor its sheet is.
    fn nowhere(&self, sheets: &[(String, String)], known: &BTreeSet<String>) -> Vec<String> {
        let kept: BTreeSet<&str> = self.iter().flat_map(|(_, things)| things).collect();
        let mut left: BTreeSet<String> =
            known.iter().filter(|thing| !kept.contains(thing.as_str())).cloned().collect();
        for (holder, sheet) in sheets {
            left.remove(sheet);
            if kept.contains(sheet.as_str()) {
                left.remove(holder);
            }
        }
        left.into_iter().collect()
    }
}

fn unknown(thing: &str, known: &BTreeSet<String>) -> String {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    format!("the log knows no `{thing}` that a key depends on; there are {}", known.join(", "))
}

impl Survive {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Turn::Refused`] if a key would be lost.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let ledger = files::continued(&self.log)?.ledger;
        let (all, secrets) = (Survival::of_all(&ledger), SecretSurvival::of_all(&ledger));
        let things = all.iter().flat_map(Survival::things);
        let things: BTreeSet<String> =
            things.chain(secrets.iter().flat_map(SecretSurvival::things)).collect();
        if let Some(thing) = self.without.iter().find(|thing| !things.contains(*thing)) {
            return Err(Failure::new(Turn::Author, unknown(thing, &things)));
        }
        let places = self.places.as_deref().map(|path| Places::read(path, &things)).transpose()?;
        let lost: BTreeSet<&str> = self.without.iter().map(String::as_str).collect();
        let mut losses: Vec<(String, BTreeSet<&str>)> = Vec::new();
        if !lost.is_empty() {
            losses.push((lost.iter().copied().collect::<Vec<_>>().join(", "), lost.clone()));
        }
        for (place, things) in places.iter().flat_map(Places::iter) {
            // What is lost anyway is lost at the same time.
            losses.push((format!("what `{place}` has"), things.union(&lost).copied().collect()));
        }
        let mut text = text(&all, &losses);
        text.push_str(&text_of_secrets(&secrets, &losses));
        let sheets = all.iter().flat_map(Survival::sheets);
        let sheets: Vec<_> = sheets.chain(secrets.iter().flat_map(SecretSurvival::sheets)).collect();
        if let Some(nowhere) =
            places.as_ref().map(|places| places.nowhere(&sheets, &things)).filter(|list| !list.is_empty())
        {
            let _ = writeln!(text, "in no place of the file: {}", nowhere.join(", "));
        }
        files::print(out, &text)?;
        let of_loss = |(words, lost): &(String, BTreeSet<&str>)| {
            let keys = all.iter().filter(|key| !key.survives(lost)).map(|key| format!("key `{}`", key.key));
            let of_shares = secrets.iter().filter(|one| !one.survives(lost));
            let gone = keys.chain(of_shares.map(|one| format!("secret `{}`", one.secret.name)));
            gone.map(|what| format!("the {what} is lost without {words}")).collect::<Vec<_>>()
        };
        let gone: Vec<String> = losses.iter().flat_map(of_loss).collect();
        if gone.is_empty() { Ok(()) } else { Err(Failure::several(Turn::Refused, gone)) }
    }
}

fn text_of_secrets(all: &[SecretSurvival], losses: &[(String, BTreeSet<&str>)]) -> String {
    let mut text = String::new();
    for one in all {
        let secret = &one.secret;
        let holders: Vec<&str> = secret.shares.values().map(|share| share.holder.as_str()).collect();
        let lost = match (&secret.groups, secret.division().fewest_lost()) {
            (None, 1) => "one sheet is lost".to_owned(),
            _ => format!("{} are lost", sheets_lost(secret.division())),
        };
        let _ = writeln!(
            text,
            "the secret {}\n  shares  {}, set {}: {}\n  lost if {}",
            secret.name,
            secret.division().said(),
            secret.set,
            holders.join(", "),
            lost
        );
        text.push_str(&alone(&one.alone()));
        for left in &one.left {
            text.push_str(&not_accounted_for(left, "what was divided then"));
        }
        for loss in losses {
            text.push_str(&without(loss, one.survives(&loss.1)));
        }
    }
    text
}

/// How many sheets have to be lost until too few are left; of groups it depends on which.
fn sheets_lost(division: Division<'_>) -> String {
    let fewest = division.fewest_lost();
    match division.groups {
        None => format!("{fewest} sheets"),
        Some(groups) => {
            let broken = groups.all().len() - groups.needed() + 1;
            format!("so many sheets that {broken} of the groups have too few ({fewest} at the fewest)")
        }
    }
}

fn alone(things: &[String]) -> String {
    let things = if things.is_empty() { "nothing".to_owned() } else { things.join(", ") };
    format!("  what loses it alone: {things}\n")
}

fn without((words, _): &(String, BTreeSet<&str>), survives: bool) -> String {
    let left = if survives { "it survives" } else { "it is LOST" };
    format!("  without {words}: {left}\n")
}

/// Which sheets of a set that counts for nothing nobody has destroyed before the others, and what they open together.
fn not_accounted_for(left: &LeftSet, opens: &str) -> String {
    let sheet = |(index, share): (&u64, &KnownShare)| {
        let missing = if share.missing { ", missing" } else { "" };
        format!("share {index} ({}{missing})", share.holder)
    };
    let sheets: Vec<String> = left.sheets.iter().map(sheet).collect();
    let threshold = left.division().takes();
    let opens = match (left.is_enough(), opens) {
        (false, _) => format!("too few for the threshold of {threshold}: nothing opens with them"),
        (true, "") => format!("enough for the threshold of {threshold}; no medium of that set is left"),
        (true, opens) => format!("ENOUGH for the threshold of {threshold}: they open {opens}"),
    };
    format!(
        "  not accounted for, of set {}, which counts for nothing: {}\n    {opens}\n",
        left.set,
        sheets.join(", ")
    )
}

fn text(all: &[Survival], losses: &[(String, BTreeSet<&str>)]) -> String {
    let mut text = String::new();
    for key in all {
        let tokens: Vec<&str> = key.tokens.iter().map(String::as_str).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}\n  tokens  {}", key.key, tokens.join(", "));
        let mut all_lost = format!("every token is lost ({})", tokens.len());
        if let Some(backup) = &key.backup {
            let holders: Vec<&str> = backup.shares.values().map(|share| share.holder.as_str()).collect();
            let _ = writeln!(
                text,
                "  shares  {}, set {}: {}\n  media   {}",
                backup.division().said(),
                backup.set,
                holders.join(", "),
                backup.copies.join(", ")
            );
            let sheets = sheets_lost(backup.division());
            let _ = write!(all_lost, ", and {sheets} or all {} media", backup.copies.len());
        }
        let _ = writeln!(text, "  lost if {all_lost}");
        text.push_str(&alone(&key.alone()));
        for left in &key.left {
            text.push_str(&not_accounted_for(left, &left.copies.join(", ")));
        }
        for loss in losses {
            text.push_str(&without(loss, key.survives(&loss.1)));
        }
    }
    text
}
