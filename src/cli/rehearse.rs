//! `rehearse`: the whole ceremony on throw-away tokens, people answered by the program.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::resume::TOKENS;
use super::{approvals, failures, files, plain};
use crate::clock::RehearsalClock;
use crate::conduct::{Beginning, Company, Improviser, Tokens, check, conduct, open};
use crate::confinement;
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Preflight, Site};
use crate::record::Places;
use crate::stage::{Machine, MachineExpected, Notice, Past};

/// Rehearse a ceremony on throw-away SoftHSM tokens, with nobody else in the room
///
/// Everything is marked as practice. It ends by verifying its own bundle.
#[derive(Debug, clap::Args)]
pub struct Rehearse {
    /// The ceremony script
    script: PathBuf,
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
    /// What is wrong with the script, or what stopped the rehearsal.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let plan = files::plan(&self.script, true, None)?;
        let approvals = approvals::verify(&plan, None, &approvals::read(&self.approvals)?)?;
        new_folder(&self.out, "--out")?;
        std::fs::create_dir(&self.out).map_err(|error| failures::file("made", &self.out, &error))?;
        let out_folder =
            self.out.canonicalize().map_err(|error| failures::file("found", &self.out, &error))?;
        confinement::limit_program(vec![out_folder]);
        let (tokens, site_text, running) = Tokens::make(&plan, &self.out.join(TOKENS))?;
        let site = Site::read("the rehearsal's site", site_text.as_bytes())?;
        let (cabinet, modules) = open(&site.value, &plan, Some(running), &Past::default())
            .map_err(|errors| failures::cabinet(&errors))?;
        if !self.quiet {
            files::print(out, &inputs(&plan))?;
        }
        let clock = RehearsalClock::start(plan.setting.window.from);
        let quiet = self.quiet;
        let mut show = |notice: &Notice| {
            if !quiet {
                // A closed pipe does not stop a ceremony.
                let _ = out.write_all(plain::text(notice).as_bytes());
            }
        };
        let mut people = Improviser::new(clock, &mut show);
        let log = self.out.join("ceremony-log");
        let places = Places::of(&plan.setting.ceremony, true, &log, &self.out);
        let bundle = places.bundle.clone();
        let company = Company {
            cabinet,
            modules: &modules,
            operators: &mut people,
            clock: &clock,
            machine: modules.seen_on(machine(&site.value, &[&self.out])),
            site: site_text.clone().into_bytes(),
            practice: true,
            rehearsal: true,
            answered: false,
            approvals,
        };
        let done = conduct(&plan, places, company, Beginning::New);
        // What stopped the rehearsal is more important than a module that does not end.
        let stopped = modules.stop();
        done?;
        stopped.map_err(|error| Failure::because(Turn::Equipment, "a module did not end well", &error))?;
        tokens.throw_away()?;
        self.closing(&bundle, out)
    }

    /// Verifies the bundle that came of it and says where things are.
    fn closing(&self, bundle: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        super::verify::verify_bundle(bundle)?;
        let at = |name: &str| self.out.join(name).display().to_string();
        let text = format!(
            "\nThe rehearsal is done and its bundle verifies.\n  certificates  {}\n  CRLs          {}\n  OCSP          {}\n  bundle        {}\n  \
             log           {}\n  report        {}\n  summary       {}\n",
            at("certificates"),
            at("crls"),
            at("ocsp"),
            bundle.display(),
            at("ceremony-log"),
            at("report.md"),
            at("summary.json")
        );
        files::print(out, &text)
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
        found: confinement::measures().iter().map(|measure| check("this program", measure)).collect(),
    }
}
