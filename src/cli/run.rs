//! `run`: the ceremony.

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::answers::{Answering, Answers};
use super::plain::Plain;
use super::rehearse::{machine, new_folder, writable};
use super::{approvals, encryptor, failures, files, printer};
use crate::clock::{Clock, MachineClock, Timestamp};
use crate::conduct::{Approvals, Beginning, Company, Modules, conduct, open};
use crate::confinement;
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Site};
use crate::record::{Places, run};
use crate::script::{Problems, Whole};
use crate::stage::{Cabinet, JournalError, Operators, Past};
use crate::tui::{Look, Screen};

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
    /// Approvals of plan and site that people signed before the day: files, or folders of `.approval` files
    #[arg(long, value_name = "PATH", num_args = 1..)]
    approvals: Vec<PathBuf>,
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
        nothing_was_begun(&self.log)?;
        let (ceremony, answers) = self.read()?;
        self.judge(&ceremony)?;
        let mut places = vec![folder_of(&self.out), folder_of(&self.log)];
        places.extend(ceremony.site.value.mount_points());
        places.extend(printer::place(ceremony.site.value.printer.as_ref()));
        places.extend(encryptor::places(&ceremony.site.value));
        confinement::limit_program(places);
        let (cabinet, modules) = open(&ceremony.site.value, &ceremony.plan, None, &Past::default())
            .map_err(|errors| failures::cabinet(&errors))?;
        let desk = ceremony.site.value.printer.as_ref();
        let id = &ceremony.plan.setting.ceremony;
        let done = with_people(answers, self.plain, out, |operators, clock| {
            printer::beside(operators, desk, id, self.practice, |operators| {
                self.conduct(&ceremony, cabinet, &modules, operators, clock)
            })
        });
        // What stopped the ceremony is more important than a module that does not end.
        let stopped = modules.stop();
        let bundle = done?;
        stopped.map_err(|error| Failure::because(Turn::Equipment, "a module did not end well", &error))?;
        super::verify::verify_bundle(&bundle)?;
        files::print(
            out,
            &format!("\nThe ceremony is done and its bundle verifies.\n  bundle  {}\n", bundle.display()),
        )
    }

    /// Everything that is read, and everything that is wrong with it at once.
    fn read(&self) -> Result<(Ceremony, Option<Answers>), Failure> {
        let held = if self.practice { files::Held::Practice } else { files::Held::Production };
        let plan = files::plan(&self.script, held, Some(&self.log));
        let site_octets = files::octets(&self.site);
        let site = site_octets.and_then(|octets| {
            let site = Site::read(&self.site.display().to_string(), &octets)?;
            Ok((site, octets))
        });
        let given = approvals::read(&self.approvals);
        let answers = self.answers.as_deref().map(Answers::of_file).transpose();
        match (plan, site, answers, given) {
            (Ok(plan), Ok((site, site_octets)), Ok(answers), Ok(given)) => {
                let approvals = approvals::verify(&plan, Some(site.sha256), &given)?;
                Ok((Ceremony { plan, site, site_octets, approvals }, answers))
            }
            (plan, site, answers, given) => {
                let judged = match (&plan, &site) {
                    (Err(_), Ok((site, _))) => {
                        files::judge_site(&self.script, held, Some(&self.log), site).err()
                    }
                    _ => None,
                };
                let failures = [plan.err(), judged, site.err(), answers.err(), given.err()];
                Err(all(failures.into_iter().flatten()))
            }
        }
    }

    /// What can be judged before any token is asked, everything at once.
    fn judge(&self, ceremony: &Ceremony) -> Result<(), Failure> {
        let mut problems = Problems::new(ceremony.site.source.clone());
        ceremony.site.value.judge(&ceremony.plan.outline(), self.practice, &mut problems);
        let site = if problems.is_empty() { Ok(()) } else { Err(problems.into()) };
        let log = if self.log.is_dir() { writable(&self.log) } else { new_folder(&self.log, "--log") };
        let approved = match self.answers {
            Some(_) if self.practice => Ok(()),
            _ => approvals::are_enough(&ceremony.approvals, &ceremony.plan, ceremony.site.sha256),
        };
        let found = [
            somebody_answers(self.answers.is_some(), self.plain, self.practice),
            site,
            approved,
            in_window(&ceremony.plan, MachineClock::start().now()),
            new_folder(&self.out, "--out"),
            log,
        ];
        Failure::together(found.into_iter().filter_map(Result::err)).map_or(Ok(()), Err)
    }

    fn conduct(
        &self,
        ceremony: &Ceremony,
        cabinet: Cabinet,
        modules: &Modules,
        operators: &mut dyn Operators,
        clock: &MachineClock,
    ) -> Result<PathBuf, Failure> {
        let plan = &ceremony.plan;
        let (out, log) = (folder_of(&self.out), folder_of(&self.log));
        let folders: &[&Path] = if out == log { &[&out] } else { &[&out, &log] };
        let places = Places::of(&plan.setting.ceremony, self.practice, &self.log, &self.out);
        let bundle = places.bundle.clone();
        let company = Company {
            cabinet,
            modules,
            operators,
            clock,
            machine: modules.seen_on(machine(&ceremony.site.value, folders)),
            site: ceremony.site_octets.clone(),
            practice: self.practice,
            rehearsal: false,
            answered: self.answers.is_some(),
            approvals: ceremony.approvals.clone(),
        };
        let beginning = match plan.origin {
            None => Beginning::Continued(files::continued(&self.log)?),
            Some(_) => Beginning::New,
        };
        conduct(plan, places, company, beginning).map_err(|error| failures::stopped(&error, &self.log))?;
        Ok(bundle)
    }
}

/// A ceremony that was interrupted goes on before another one begins.
fn nothing_was_begun(log: &Path) -> Result<(), Failure> {
    let unreadable =
        |error: JournalError| Failure::because(Turn::Equipment, "the log's folder could not be read", &error);
    match run::unfinished(log).map_err(unreadable)? {
        None => Ok(()),
        Some(ceremony) => {
            let message = format!("the ceremony `{ceremony}` was begun in this log and has not ended");
            Err(Failure::new(Turn::Author, message).hint(format!("rootrite resume --log {}", log.display())))
        }
    }
}

/// Somebody or something can answer; a production log takes people only.
///
/// # Errors
///
/// A [`Failure`] if not.
pub fn somebody_answers(answers: bool, plain: bool, practice: bool) -> Result<(), Failure> {
    if answers && !practice {
        let message = "a production log takes no `--answers`: people answer";
        return Err(Failure::new(Turn::Author, message).hint("add --practice, or leave --answers out"));
    }
    if !answers && !plain && !std::io::stdin().is_terminal() {
        let message = "standard input is no terminal; nobody can answer";
        return Err(Failure::new(Turn::Operators, message).hint("add --plain if lines come from elsewhere"));
    }
    Ok(())
}

/// The folder itself if it is there. A new one is not yet; what has to have room, and be open to writing, is the one that it
/// will be in.
pub fn folder_of(path: &Path) -> PathBuf {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    folder.filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The machine's clock is in the window, or nothing begins: `confirm-clock` would end it after the log was created.
fn in_window(plan: &Plan, now: Timestamp) -> Result<(), Failure> {
    let window = plan.setting.window;
    if window.includes(now) {
        return Ok(());
    }
    let message =
        format!("this machine's clock says {now}; the script's window is {} to {}", window.from, window.to);
    let hint = "set the clock if it is wrong; if the window has passed, the script has to be changed and approved anew";
    Err(Failure::new(Turn::Operators, message).hint(hint))
}

/// Finds who answers, a file or people at a screen or at prompts, and lends them to `conduct` with the machine's clock.
///
/// # Errors
///
/// Those of `conduct`.
pub fn with_people<T>(
    answers: Option<Answers>,
    plain: bool,
    out: &mut dyn Write,
    conduct: impl FnOnce(&mut dyn Operators, &MachineClock) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let clock = MachineClock::start();
    if let Some(answers) = answers {
        let now = || clock.now();
        // A closed pipe does not stop a ceremony.
        let mut show = |text: &str| drop(out.write_all(text.as_bytes()));
        return conduct(&mut Answering::new(answers, &now, &mut show), &clock);
    }
    if let Some(mut screen) = screen(plain) {
        let done = conduct(&mut screen, &clock);
        if done.is_ok() {
            screen.end();
        }
        return done;
    }
    let mut input = std::io::stdin().lock();
    conduct(&mut Plain::new(&mut input, out), &clock)
}

/// The screen, where people are at a terminal that can show one and have not asked for prompts.
fn screen(plain: bool) -> Option<Screen> {
    let at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let variable = |name: &str| std::env::var(name).ok();
    if plain || !at_terminal || !Look::is_screen(variable("TERM").as_deref()) {
        return None;
    }
    Screen::open(Look::of(variable)).ok()
}

/// Several failures, of which there is at least one.
fn all(failures: impl IntoIterator<Item = Failure>) -> Failure {
    Failure::together(failures).unwrap_or_else(|| Failure::several(Turn::Developers, Vec::new()))
}

/// What a ceremony is conducted from.
struct Ceremony {
    plan: Plan,
    site: Whole<Site>,
    site_octets: Vec<u8>,
    approvals: Approvals,
}
