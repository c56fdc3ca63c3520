//! `survive`: which losses would lose a key: from the log, and from where things are kept, which no log says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files;
use crate::failure::{Failure, Turn};
use crate::issuance::{KnownShare, LeftSet, Survival};
use crate::script::{Fields, FromNode, Id, Located, Named, Node, Problems, Whole, read_as, version};

/// Say which lost people, sheets, media, tokens or sites would lose a key
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
    fn nowhere(&self, all: &[Survival], known: &BTreeSet<String>) -> Vec<String> {
        let kept: BTreeSet<&str> = self.iter().flat_map(|(_, things)| things).collect();
        let mut left: BTreeSet<String> =
            known.iter().filter(|thing| !kept.contains(thing.as_str())).cloned().collect();
        for (holder, sheet) in all.iter().flat_map(Survival::sheets) {
            left.remove(&sheet);
            if kept.contains(sheet.as_str()) {
                left.remove(&holder);
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
        let all = Survival::of_all(&files::continued(&self.log)?.ledger);
        let things: BTreeSet<String> = all.iter().flat_map(Survival::things).collect();
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
        if let Some(nowhere) =
            places.as_ref().map(|places| places.nowhere(&all, &things)).filter(|list| !list.is_empty())
        {
            let _ = writeln!(text, "in no place of the file: {}", nowhere.join(", "));
        }
        files::print(out, &text)?;
        let of_loss = |(words, lost): &(String, BTreeSet<&str>)| {
            let lost = all.iter().filter(|key| !key.survives(lost));
            lost.map(|key| format!("the key `{}` is lost without {words}", key.key)).collect::<Vec<_>>()
        };
        let gone: Vec<String> = losses.iter().flat_map(of_loss).collect();
        if gone.is_empty() { Ok(()) } else { Err(Failure::several(Turn::Refused, gone)) }
    }
}

/// Which sheets of a set that counts for nothing nobody has destroyed before the others, and what they open together.
fn not_accounted_for(left: &LeftSet) -> String {
    let sheet = |(index, share): (&u64, &KnownShare)| {
        let missing = if share.missing { ", missing" } else { "" };
        format!("share {index} ({}{missing})", share.holder)
    };
    let sheets: Vec<String> = left.sheets.iter().map(sheet).collect();
    let (there, threshold) = (left.sheets.len(), left.threshold);
    let opens = match (there >= threshold, left.copies.as_slice()) {
        (false, _) => format!("too few for the threshold of {threshold}: nothing opens with them"),
        (true, []) => format!("enough for the threshold of {threshold}; no medium of that set is left"),
        (true, copies) => format!("ENOUGH for the threshold of {threshold}: they open {}", copies.join(", ")),
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
                "  shares  {} of {}, set {}: {}\n  media   {}",
                backup.threshold,
                backup.share_count,
                backup.set,
                holders.join(", "),
                backup.copies.join(", ")
            );
            let most = backup.share_count.saturating_sub(backup.threshold) + 1;
            let _ = write!(all_lost, ", and {most} sheets or all {} media", backup.copies.len());
        }
        let _ = writeln!(text, "  lost if {all_lost}");
        let alone = key.alone();
        let alone = if alone.is_empty() { "nothing".to_owned() } else { alone.join(", ") };
        let _ = writeln!(text, "  what loses it alone: {alone}");
        for left in &key.left {
            text.push_str(&not_accounted_for(left));
        }
        for (words, lost) in losses {
            let left = if key.survives(lost) { "it survives" } else { "it is LOST" };
            let _ = writeln!(text, "  without {words}: {left}");
        }
    }
    text
}
