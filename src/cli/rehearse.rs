//! `rehearse`: the whole ceremony on throw-away tokens, people answered by the program.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::Held;
use super::resume::TOKENS;
use super::{approvals, encryptor, failures, files, plain};
use crate::clock::{RehearsalClock, Timestamp};
use crate::conduct::{Approvals, Beginning, Company, Improviser, Tokens, check, conduct, open};
use crate::confinement;
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Preflight, Site};
use crate::record::Places;
use crate::script::Script;
use crate::stage::{Machine, MachineExpected, Notice, Past};

/// Rehearse a ceremony on throw-away SoftHSM tokens, with nobody else in the room
///
/// Several scripts are rehearsed one after the other, on the same tokens and with the same log: each after the first
/// continues what those before it left. Everything is marked as practice. Each ceremony ends by verifying its own bundle.
#[derive(Debug, clap::Args)]
pub struct Rehearse {
    /// The ceremony scripts, in their order
    #[arg(required = true, value_name = "SCRIPT")]
    scripts: Vec<PathBuf>,
    /// A new folder for everything that comes of it
    #[arg(long, value_name = "FOLDER", default_value = "rehearsal")]
    out: PathBuf,
    /// Approvals that people signed before the day, to see whether they are good: files, or folders of `.approval` files
    #[arg(long, value_name = "PATH", num_args = 1..)]
    approvals: Vec<PathBuf>,
    /// Say only where things are
    #[arg(short, long)]
    quiet: bool,
}

impl Rehearse {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with a script, or what stopped the rehearsal.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let Some((first, later)) = self.scripts.split_first() else { return Ok(()) };
        let plan = files::plan(first, Held::Rehearsal, None)?;
        readable(later)?;
        let approvals = self.approvals(&plan)?;
        new_folder(&self.out, "--out")?;
        std::fs::create_dir(&self.out).map_err(|error| failures::file("made", &self.out, &error))?;
        let whole = self.out.canonicalize().map_err(|error| failures::file("found", &self.out, &error))?;
        confinement::limit_program(vec![whole]);
        let log = self.out.join("ceremony-log");
        let mut tokens = Tokens::make(&self.out.join(TOKENS))?;
        let mut ends = vec![self.hold(&plan, approvals, Beginning::New, &mut tokens, out)?];
        for script in later {
            // What the log says now is part of what is planned. A plan that cannot be made leaves nothing interrupted.
            let next = files::plan(script, Held::Rehearsal, Some(&log))
                .and_then(|plan| Ok((plan, files::continued(&log)?)));
            let (plan, continued) = match next {
                Ok(next) => next,
                Err(failure) => {
                    tokens.throw_away()?;
                    return Err(failure);
                }
            };
            let beginning = Beginning::Continued(continued);
            ends.push(self.hold(&plan, Approvals::default(), beginning, &mut tokens, out)?);
        }
        tokens.throw_away()?;
        self.closing(&ends, out)
    }

    /// The approvals of the plan, where it is the only one.
    fn approvals(&self, plan: &Plan) -> Result<Approvals, Failure> {
        if self.scripts.len() > 1 && !self.approvals.is_empty() {
            let message = "approvals are of one plan, and several scripts are rehearsed";
            return Err(
                Failure::new(Turn::Author, message).hint("rehearse the script that they are of by itself")
            );
        }
        approvals::verify(plan, None, &approvals::read(&self.approvals)?)
    }

    /// Holds one ceremony to its end; where everything of it is.
    fn hold(
        &self,
        plan: &Plan,
        approvals: Approvals,
        beginning: Beginning,
        tokens: &mut Tokens,
        out: &mut dyn Write,
    ) -> Result<Places, Failure> {
        let clock = RehearsalClock::start(begins(plan, &beginning));
        let (folder, log) = (self.folder(plan), self.out.join("ceremony-log"));
        if self.scripts.len() > 1 {
            new_folder(&folder, "ceremony")?;
            std::fs::create_dir(&folder).map_err(|error| failures::file("made", &folder, &error))?;
        }
        let (site_text, running) = tokens.for_plan(plan)?;
        let site = Site::read("the rehearsal's site", site_text.as_bytes())?;
        let (cabinet, modules) = open(&site.value, plan, Some(running), &Past::default())
            .map_err(|errors| failures::cabinet(&errors))?;
        if !self.quiet {
            if self.scripts.len() > 1 {
                let setting = &plan.setting;
                files::print(out, &format!("\n==== {}: {} ====\n", setting.ceremony, setting.title))?;
            }
            files::print(out, &inputs(plan))?;
        }
        let quiet = self.quiet;
        let mut show = |notice: &Notice| {
            if !quiet {
                // A closed pipe does not stop a ceremony.
                let _ = out.write_all(plain::text(notice).as_bytes());
            }
        };
        let mut people = Improviser::new(clock, &mut show);
        let places = Places::of(&plan.setting.ceremony, true, &log, &folder);
        let company = Company {
            cabinet,
            modules: &modules,
            operators: &mut people,
            clock: &clock,
            machine: modules.seen_on(machine(&site.value, &[&self.out])),
            site: site_text.into_bytes(),
            practice: true,
            rehearsal: true,
            answered: false,
            approvals,
        };
        let done = conduct(plan, places.clone(), company, beginning);
        // What stopped the rehearsal is more important than a module that does not end.
        let stopped = modules.stop();
        done.map_err(|error| super::failures::stopped(&error, &log))?;
        stopped.map_err(|error| Failure::because(Turn::Equipment, "a module did not end well", &error))?;
        super::verify::verify_bundle(&places.bundle)?;
        Ok(places)
    }

    /// Where the outputs of a ceremony go: one has the whole folder, several have one each.
    fn folder(&self, plan: &Plan) -> PathBuf {
        if self.scripts.len() > 1 { self.out.join(&plan.setting.ceremony) } else { self.out.clone() }
    }

    /// Says where things are.
    fn closing(&self, ends: &[Places], out: &mut dyn Write) -> Result<(), Failure> {
        let log = self.out.join("ceremony-log");
        let mut text = match ends {
            [_] => "\nThe rehearsal is done and its bundle verifies.\n".to_owned(),
            several => {
                format!("\nThe rehearsal of {} ceremonies is done and their bundles verify.\n", several.len())
            }
        };
        for Places { out: folder, bundle, .. } in ends {
            let at = |name: &str| folder.join(name).display().to_string();
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "  certificates  {}\n  CRLs          {}\n  OCSP          {}\n  bundle        {}\n",
                at("certificates"),
                at("crls"),
                at("ocsp"),
                bundle.display(),
            );
            if ends.len() > 1 {
                let _ = writeln!(
                    text,
                    "  report        {}\n  summary       {}\n",
                    at("report.md"),
                    at("summary.json")
                );
            }
        }
        let _ = writeln!(text, "  log           {}", log.display());
        if let [only] = ends {
            let at = |name: &str| only.out.join(name).display().to_string();
            let _ =
                writeln!(text, "  report        {}\n  summary       {}", at("report.md"), at("summary.json"));
        }
        files::print(out, &text)
    }
}

/// Scripts whose turn comes later can be read, at least: what they say of the log is known only then.
fn readable(scripts: &[PathBuf]) -> Result<(), Failure> {
    let wrong = scripts.iter().filter_map(|path| {
        let octets = match files::octets(path) {
            Ok(octets) => octets,
            Err(failure) => return Some(failure),
        };
        let (_, _, problems) = Script::partly(&path.display().to_string(), &octets);
        if problems.is_empty() { None } else { Some(problems.into()) }
    });
    Failure::together(wrong).map_or(Ok(()), Err)
}

/// When a rehearsal's clock begins: with the script's window, or with the log's last record if that is later.
fn begins(plan: &Plan, beginning: &Beginning) -> Timestamp {
    match beginning {
        Beginning::Continued(continued) => plan.setting.window.from.max(continued.last_at),
        _ => plan.setting.window.from,
    }
}

/// What the script has to say of its inputs; a rehearsal takes them without.
fn inputs(plan: &Plan) -> String {
    let mut text = String::new();
    for (name, input) in &plan.setting.inputs {
        // Writing to a string does not fail.
        let _ = writeln!(text, "input `{name}`, {}\n  SHA-256: {}", input.file, input.sha256);
    }
    text
}

/// A folder that is not there, in one that is. `option` is how the command line names it.
///
/// # Errors
///
/// A [`Failure`] if it is there, or its parent is not.
pub fn new_folder(path: &Path, option: &str) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        let message = format!("`{}` exists; wanted a folder that does not", path.display());
        return Err(Failure::new(Turn::Author, message).hint(format!("name another folder with {option}")));
    }
    let parent =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if !parent.is_dir() {
        let message =
            format!("`{}` is not a folder; `{}` is to be made in it", parent.display(), path.display());
        return Err(Failure::new(Turn::Author, message)
            .hint(format!("make it first, or name another folder with {option}")));
    }
    writable(parent)
}

/// A folder in which files can be made.
///
/// # Errors
///
/// A [`Failure`] if it is read-only.
pub fn writable(folder: &Path) -> Result<(), Failure> {
    let read_only = rustix::fs::statvfs(folder)
        .is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    let access = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK);
    match access {
        Ok(()) if !read_only => Ok(()),
        _ => {
            let message = format!("`{}` is read-only; wanted a folder to write in", folder.display());
            Err(Failure::new(Turn::Equipment, message).hint("mount it for writing, or name another one"))
        }
    }
}

/// What a site expects of the machine.
fn expected(site: &Preflight) -> MachineExpected {
    MachineExpected {
        program: site.program,
        operating_system: site.operating_system.clone(),
        command_line: site.command_line.clone(),
        secure_boot: site.secure_boot,
        lockdown: site.lockdown.map(|mode| mode.word().to_owned()),
        kernel_modules: site.kernel_modules,
        registers: site.registers.clone(),
        virtual_machine: site.virtual_machine,
        usb: site.usb.clone(),
        read_only: site.read_only,
        disks: site.disks.clone(),
        separate: site.separate,
        minimum_memory: site.minimum_memory,
    }
}

/// What preflight looks at.
pub fn machine(site: &Site, folders: &[&Path]) -> Machine {
    let mut modules: Vec<_> = site
        .tokens
        .iter()
        .map(|(_, token)| (token.module_path(), token.module_sha256.as_ref().map(|sha256| sha256.value)))
        .collect();
    modules.sort();
    modules.dedup();
    Machine {
        // Whole paths, which people can compare with where they are.
        folders: folders
            .iter()
            .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()))
            .collect(),
        minimum_free: site.preflight.minimum_free,
        allowed_interfaces: site.preflight.allow_interfaces.clone(),
        root: PathBuf::new(),
        expected: expected(&site.preflight),
        modules,
        media: site
            .media
            .iter()
            .map(|(name, medium)| (name.value.to_string(), medium.folders.clone()))
            .collect(),
        encryptors: encryptor::of(site),
        found: confinement::measures().iter().map(|measure| check("this program", measure)).collect(),
    }
}
