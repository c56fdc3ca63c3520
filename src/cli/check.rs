//! `check`: every error of a script, and of a site beside it, without an HSM.

use std::io::Write;
use std::path::PathBuf;

use super::files;
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Site, Sources};
use crate::profile::Folder;
use crate::script::Problems;
use crate::step::Draft;

/// Say everything that is wrong with a script, without an HSM
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The ceremony script
    script: PathBuf,
    /// The site file that the script has to go with
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// The log that the script continues
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
    /// Judge as for a practice ceremony: software may stand in for hardware, inputs may be without digests
    #[arg(long)]
    practice: bool,
    /// How to say it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

impl Check {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let (plan, problems) = self.find()?;
        if self.format == "json" {
            let script = self.script.display().to_string();
            let warned = plan.as_ref().map(warnings).unwrap_or_default();
            files::print(out, &json(&problems, &script, &warned))?;
        }
        match plan {
            Some(plan) if problems.is_empty() => {
                if self.format == "text" {
                    let steps = plan.steps().count();
                    files::print(
                        out,
                        &format!(
                            "The script is good: {}, {}, {} to sign.\nplan SHA-256 {}\n",
                            counted(plan.acts.len(), "act"),
                            counted(steps, "step"),
                            counted(plan.drafts.len(), "structure"),
                            plan.sha256()
                        ),
                    )?;
                    let warned = warnings(&plan);
                    if !warned.is_empty() {
                        let all = warned.join("\n");
                        let heading = "Rules warn; whoever approves the plan acknowledges it:";
                        files::print(out, &format!("\n{heading}\n{all}\n"))?;
                    }
                }
                Ok(())
            }
            _ if self.format == "json" => Err(Failure::several(Turn::Author, Vec::new())),
            _ => Err(Failure::several(Turn::Author, problems.iter().flat_map(Problems::messages).collect())),
        }
    }

    /// The plan if the script is good, and the problems of both files.
    fn find(&self) -> Result<(Option<Plan>, Vec<Problems>), Failure> {
        let mut problems = Vec::new();
        let mut plan = None;
        let folder = self.script.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let earlier = self.log.as_deref().map(files::continued).transpose()?.map(|log| log.ledger);
        let library = Folder::beside(&folder);
        let sources = Sources {
            library: &library,
            folder: &folder,
            rehearsal: self.practice,
            practice: self.practice,
            bundles: &files::BundleFolders,
            earlier,
            begun: false,
        };
        let (name, octets) = (self.script.display().to_string(), files::octets(&self.script)?);
        match Plan::read(&name, &octets, &sources) {
            Ok(made) => plan = Some(made),
            Err(wrong) => problems.push(wrong),
        }
        if let Some(path) = &self.site {
            match Site::read(&path.display().to_string(), &files::octets(path)?) {
                Ok(site) => {
                    let mut found = Problems::new(site.source.clone());
                    match &plan {
                        Some(plan) => site.value.judge(&plan.outline(), self.practice, &mut found),
                        None => {
                            if let Some(sketch) = Plan::sketch(&name, &octets, &sources) {
                                site.value.judge(&sketch.outline(), self.practice, &mut found);
                            }
                        }
                    }
                    if !found.is_empty() {
                        problems.push(found);
                    }
                }
                Err(wrong) => problems.push(wrong),
            }
        }
        Ok((plan, problems))
    }
}

/// What rules warn of, one after the other.
fn warnings(plan: &Plan) -> Vec<String> {
    let of = |draft: &Draft| {
        let Draft { step, kind, name, warnings, .. } = draft;
        warnings.iter().map(|warning| format!("{step} {kind} `{name}`: {warning}")).collect::<Vec<_>>()
    };
    plan.drafts.iter().flat_map(of).collect()
}

/// `1 act`, `2 acts`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `[{"severity","file","line","column","message","hint"}]`, a line: the errors of both files, then what rules warn of.
fn json(problems: &[Problems], script: &str, warned: &[String]) -> String {
    let errors = problems.iter().flat_map(Problems::sorted).map(|problem| {
        serde_json::json!({
            "severity": "error",
            "file": &*problem.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "message": problem.message,
            "hint": problem.hint,
        })
    });
    let warnings = warned.iter().map(|message| {
        serde_json::json!({
            "severity": "warning", "file": script, "line": null, "column": null, "message": message, "hint": null,
        })
    });
    format!("{}\n", serde_json::Value::Array(errors.chain(warnings).collect()))
}
