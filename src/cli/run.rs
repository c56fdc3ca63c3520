//! `run`: the ceremony.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use super::answers::{Answering, Answers};
use super::plain::Plain;
use super::rehearse::{machine, new_folder, writable};
use super::{failures, files};
use crate::clock::{Clock, MachineClock};
use crate::conduct::{Company, Modules, conduct, open};
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Site};
use crate::record::Places;
use crate::script::{Problems, Whole};
use crate::stage::{Cabinet, Operators};

/// Conduct a ceremony with real people on real tokens
///
/// Everything that can be checked is checked before any folder is made or any token is touched.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The ceremony script
    script: PathBuf,
    /// The site file: which token is which on this machine
    #[arg(long, value_name = "FILE")]
    site: PathBuf,
    /// The log's folder
    #[arg(long, value_name = "FOLDER")]
    log: PathBuf,
    /// A new folder for everything that comes of it
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Conduct it as practice: the log says so from its first record, and no importer takes it
    #[arg(long)]
    practice: bool,
    /// Answer from a file instead of people; for practice only
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Plain prompts, one line after the other
    #[arg(long)]
    plain: bool,
}

impl Run {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with script, site, tokens or places; what stopped the ceremony.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let (plan, site, answers) = self.read()?;
        self.judge(&plan, &site)?;
        let (cabinet, modules) = open(&site.value, &plan).map_err(|errors| failures::cabinet(&errors))?;
        let done = self.conduct(&plan, &site, answers, cabinet, &modules, out);
        modules.stop().map_err(|error| Failure::because(Turn::Equipment, "a module did not end well", &error))?;
        let bundle = done?;
        super::verify::verify_bundle(&bundle)?;
        files::print(out, &format!("\nThe ceremony is done and its bundle verifies.\n  bundle  {}\n", bundle.display()))
    }

    /// Everything that is read, and everything that is wrong with it at once.
    fn read(&self) -> Result<(Plan, Whole<Site>, Option<Answers>), Failure> {
        let plan = files::plan(&self.script, false);
        let site = files::octets(&self.site)
            .and_then(|octets| Ok(Site::read(&self.site.display().to_string(), &octets)?));
        let answers = match &self.answers {
            None => Ok(None),
            Some(path) => files::octets(path)
                .and_then(|octets| Ok(Some(Answers::read(&path.display().to_string(), &octets)?))),
        };
        match (plan, site, answers) {
            (Ok(plan), Ok(site), Ok(answers)) => Ok((plan, site, answers)),
            (plan, site, answers) => {
                let mut messages = Vec::new();
                messages.extend(plan.err().iter().flat_map(|failure| failure.messages().to_vec()));
                messages.extend(site.err().iter().flat_map(|failure| failure.messages().to_vec()));
                messages.extend(answers.err().iter().flat_map(|failure| failure.messages().to_vec()));
                Err(Failure::several(Turn::Author, messages))
            }
        }
    }

    /// What can be judged before any token is asked.
    fn judge(&self, plan: &Plan, site: &Whole<Site>) -> Result<(), Failure> {
        if self.answers.is_some() && !self.practice {
            let message = "a production log takes no `--answers`: people answer";
            return Err(Failure::new(Turn::Author, message).hint("add --practice, or leave --answers out"));
        }
        let mut problems = Problems::new(site.source.clone());
        site.value.judge(&plan.setting, self.practice, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        if plan.origin.is_none() {
            let message = "the script has no `create-log`; this version conducts ceremonies that create their log";
            return Err(Failure::new(Turn::Author, message));
        }
        new_folder(&self.out)?;
        if self.log.join("log.jsonl").exists() {
            let message = format!("`{}` has a log already; the script creates one", self.log.display());
            return Err(Failure::new(Turn::Author, message).hint("name an empty folder with --log"));
        }
        if self.log.is_dir() { writable(&self.log) } else { new_folder(&self.log) }
    }

    fn conduct(
        &self,
        plan: &Plan,
        site: &Whole<Site>,
        answers: Option<Answers>,
        cabinet: Cabinet,
        modules: &Modules,
        out: &mut dyn Write,
    ) -> Result<PathBuf, Failure> {
        let clock = MachineClock::start();
        let now = || clock.now();
        let mut show = |text: &str| drop(out.write_all(text.as_bytes()));
        let mut input = std::io::stdin().lock();
        let mut answering;
        let mut plain;
        let mut prompts;
        let operators: &mut dyn Operators = match answers {
            Some(answers) => {
                answering = Answering::new(answers, &now, &mut show);
                &mut answering
            }
            None => {
                if !std::io::stdin().is_terminal() && !self.plain {
                    let message = "standard input is no terminal; nobody can answer";
                    return Err(Failure::new(Turn::Operators, message).hint("add --plain if lines come from elsewhere"));
                }
                prompts = std::io::stdout();
                plain = Plain::new(&mut input, &mut prompts);
                &mut plain
            }
        };
        let folder = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let places = Places::of(&plan.setting.ceremony, self.practice, &self.log, &self.out);
        let bundle = places.bundle.clone();
        let company = Company {
            cabinet,
            modules: modules.loaded.clone(),
            operators,
            clock: &clock,
            machine: machine(&site.value, &[&folder]),
            site: files::octets(&self.site)?,
            practice: self.practice,
        };
        conduct(plan, places, company)?;
        Ok(bundle)
    }
}
