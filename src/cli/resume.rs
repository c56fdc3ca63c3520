//! `resume`: an interrupted ceremony goes on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::rehearse::machine;
use super::run::{folder_of, somebody_answers, with_people};
use super::{approvals, encryptor, failures, files, plain, printer};
use crate::clock::{Clock, RehearsalClock};
use crate::conduct::{Approvals, Beginning, Company, Improviser, at_work, conduct, open, throw_away};
use crate::confinement;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::plan::{NoBundles, Plan, Site, Sources};
use crate::profile::Begun;
use crate::record::run::{self, Run};
use crate::record::{ContinueError, Interrupted, Places};
use crate::script::{Problems, Whole};
use crate::stage::{JournalError, Notice, Operators, Outcome};

/// Go on with a ceremony that was interrupted
///
/// Needs nothing but the log's folder: script, site and the place of the outputs are beside the log. What the log says
/// was done is not done again. A rehearsal goes on as a rehearsal.
#[derive(Debug, clap::Args)]
pub struct Resume {
    /// The log's folder
    #[arg(long, value_name = "FOLDER")]
    log: PathBuf,
    /// Answer from a file instead of people; for practice only
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Close the ceremony where it is instead of going on: `partial` keeps what was signed, `aborted` voids it
    #[arg(long, value_name = "OUTCOME")]
    close: Option<Close>,
    /// Plain prompts, one line after the other
    #[arg(long)]
    plain: bool,
    /// Of a rehearsal, say only where things are
    #[arg(short, long)]
    quiet: bool,
}

/// How a ceremony that cannot be finished is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Close {
    /// What was signed is kept
    Partial,
    /// Nothing counts
    Aborted,
}

/// Everything that was found beside the log.
struct Found {
    run: Run,
    places: Places,
    plan: Plan,
    site: Whole<Site>,
    site_octets: Vec<u8>,
    approvals: Approvals,
}

impl Found {
    /// Where else something is written: media, and the printer.
    fn written(&self) -> impl Iterator<Item = PathBuf> {
        let site = &self.site.value;
        let printer = printer::place(site.printer.as_ref());
        site.mount_points().into_iter().chain(printer).chain(encryptor::places(site))
    }

    /// Lends people with the site's printer beside them.
    fn beside_printer<T>(
        &self,
        people: &mut dyn Operators,
        go_on: impl FnOnce(&mut dyn Operators) -> T,
    ) -> T {
        let desk = self.site.value.printer.as_ref();
        printer::beside(people, desk, &self.run.ceremony, self.run.practice, go_on)
    }
}

impl Resume {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with what was found, or what stopped the ceremony once more.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(ceremony) = run::unfinished(&self.log).map_err(|error| storage(&error))? else {
            return self.nothing_left(out);
        };
        let run = run::read(&self.log, &ceremony).map_err(|error| storage(&error))?;
        if !run.rehearsal {
            somebody_answers(self.answers.is_some(), self.plain, run.practice)?;
        }
        let answers = self.answers.as_deref().map(Answers::of_file).transpose()?;
        // Two processes in one token can spoil it: the one that outlived the program has the first word.
        self.wait_for_modules(&ceremony, out)?;
        let interrupted = Interrupted::read(&self.log, &ceremony).map_err(unreadable)?;
        let found = self.find(run, &interrupted)?;
        let mut places = vec![folder_of(&found.places.out), folder_of(&self.log)];
        places.extend(found.written());
        confinement::limit_program(places);
        let (cabinet, modules) = open(&found.site.value, &found.plan, None, &interrupted.past)
            .map_err(|errors| failures::cabinet(&errors))?;
        let last_at = interrupted.last_at;
        let beginning = match self.close {
            None => Beginning::Interrupted(interrupted),
            Some(Close::Partial) => Beginning::Closing(interrupted, Outcome::Partial),
            Some(Close::Aborted) => Beginning::Closing(interrupted, Outcome::Aborted),
        };
        let go_on = |operators: &mut dyn Operators, clock: &dyn Clock| {
            let company = Company {
                cabinet,
                modules: &modules,
                operators,
                clock,
                machine: modules.seen_on(machine(&found.site.value, &[&found.places.out, &found.places.log])),
                site: found.site_octets.clone(),
                practice: found.run.practice,
                rehearsal: found.run.rehearsal,
                answered: self.answers.is_some(),
                approvals: found.approvals.clone(),
            };
            let done = conduct(&found.plan, found.places.clone(), company, beginning);
            done.map(|_| ()).map_err(|error| failures::stopped(&error, &self.log))
        };
        let done = if found.run.rehearsal {
            let clock = RehearsalClock::start(found.plan.setting.window.from.max(last_at));
            let mut show = |notice: &Notice| {
                if !self.quiet {
                    // A closed pipe does not stop a ceremony.
                    let _ = out.write_all(plain::text(notice).as_bytes());
                }
            };
            go_on(&mut Improviser::new(clock, &mut show), &clock)
        } else {
            with_people(answers, self.plain, out, |operators, clock| {
                found.beside_printer(operators, |operators| go_on(operators, clock))
            })
        };
        // What stopped the ceremony is more important than a module that does not end.
        let stopped = modules.stop();
        done?;
        stopped.map_err(|error| Failure::because(Turn::Equipment, "a module did not end well", &error))?;
        if self.close.is_some() {
            return closed(&found.places, out);
        }
        closing(&found.run, &found.places, out)
    }

    /// No ceremony of this log was interrupted; one that ended last is verified once more.
    fn nothing_left(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(ceremony) = run::finished(&self.log) else {
            let message =
                format!("`{}` has no ceremony that was begun; nothing was signed", self.log.display());
            return Err(Failure::new(Turn::Author, message)
                .hint("begin it with `rootrite run` or `rootrite rehearse`"));
        };
        let run = run::read(&self.log, &ceremony).map_err(|error| storage(&error))?;
        let places = Places::of(&run.ceremony, run.practice, &self.log, Path::new(&run.out));
        files::print(out, &format!("The ceremony `{}` had ended.\n", run.ceremony))?;
        closing(&run, &places, out)
    }

    /// Waits until no module process of the interrupted start is left.
    fn wait_for_modules(&self, ceremony: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let until = Instant::now() + LONGEST_CALL;
        let mut told = false;
        loop {
            let count = at_work(&self.log.join("runs").join(ceremony));
            if count == 0 {
                return Ok(());
            }
            if Instant::now() >= until {
                let message = format!("{count} module processes of the interrupted start are still at work");
                return Err(Failure::new(Turn::Equipment, message).hint(
                    "wait until the token has finished; end that process only if the token is known to hang",
                ));
            }
            if !told {
                told = true;
                files::print(
                    out,
                    "Waiting for the module process of the interrupted start to finish its call.\n",
                )?;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Script and site as they lie beside the log; they have to be what was approved.
    fn find(&self, run: Run, interrupted: &Interrupted) -> Result<Found, Failure> {
        let places = Places::of(&run.ceremony, run.practice, &self.log, Path::new(&run.out));
        let folder = places.run(&run.ceremony);
        let read = |name: &str, wanted: Digest| {
            let octets = files::octets(&folder.join(name))?;
            let found = Digest::of(&octets);
            if found == wanted {
                return Ok(octets);
            }
            let message =
                format!("`{}` has the SHA-256 {found}, wanted {wanted}", folder.join(name).display());
            Err(Failure::new(Turn::Refused, message)
                .hint("what was approved is not what lies beside the log now"))
        };
        let script = read("script.yaml", run.script_sha256)?;
        let site_octets = read("site.yaml", run.site_sha256)?;
        // A ceremony that creates its log has none to go on with.
        let earlier = interrupted.log_key.is_some().then(|| interrupted.ledger.clone());
        let library = Begun(folder.clone());
        let sources = Sources {
            library: &library,
            folder: &folder,
            rehearsal: run.rehearsal,
            practice: run.practice,
            bundles: &NoBundles,
            earlier,
            begun: true,
        };
        let plan = Plan::read(&run.script, &script, &sources)?;
        if plan.sha256() != run.plan_sha256 {
            let message =
                format!("the plan now has the SHA-256 {}, wanted {}", plan.sha256(), run.plan_sha256);
            return Err(
                Failure::new(Turn::Refused, message).hint("go on with the program that began the ceremony")
            );
        }
        let site = Site::read(&folder.join("site.yaml").display().to_string(), &site_octets)?;
        let mut problems = Problems::new(site.source.clone());
        site.value.judge(&plan.outline(), run.practice, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let site_sha256 = (!run.rehearsal).then_some(site.sha256);
        let approvals = approvals::verify(&plan, site_sha256, &approvals::kept(&folder)?)?;
        Ok(Found { run, places, plan, site, site_octets, approvals })
    }
}

/// Says what remains of a ceremony that was closed before its time.
fn closed(places: &Places, out: &mut dyn Write) -> Result<(), Failure> {
    let text = if places.bundle.join("manifest.json").is_file() && places.bundle.join("checkpoint").is_file()
    {
        format!("\nThe ceremony is closed before its time.\n  bundle  {}\n", places.bundle.display())
    } else {
        "\nThe ceremony is closed before its time. Its log has no key, so that there is no head and no bundle.\n".to_owned()
    };
    files::print(out, &text)
}

/// Verifies the bundle and says where it is.
fn closing(run: &Run, places: &Places, out: &mut dyn Write) -> Result<(), Failure> {
    if run.rehearsal {
        // The tokens of a rehearsal lie beside its log, whether it is of one ceremony or of several. Those that were to follow
        // do not.
        throw_away(&places.log.parent().unwrap_or(&places.out).join(TOKENS))?;
    }
    super::verify::verify_bundle(&places.bundle)?;
    let what = if run.rehearsal { "rehearsal" } else { "ceremony" };
    let text =
        format!("\nThe {what} is done and its bundle verifies.\n  bundle  {}\n", places.bundle.display());
    files::print(out, &text)
}

fn storage(error: &JournalError) -> Failure {
    Failure::because(Turn::Equipment, "the ceremony beside the log could not be read", error)
}

fn unreadable(error: ContinueError) -> Failure {
    match error {
        ContinueError::Wrong { wrong } => Failure::several(Turn::Refused, wrong)
            .hint("the log on this medium is not what the ceremony wrote; compare other copies"),
        other => Failure::because(Turn::Equipment, "the log could not be read", &other),
    }
}

/// The throw-away tokens of a rehearsal, beside its log.
pub const TOKENS: &str = "rehearsal-tokens";

/// As long as the longest call of a module may take.
const LONGEST_CALL: Duration = Duration::from_mins(10);
