//! `new`: a commented script to start from, and a site file that goes with it.
//!
//! - `templates`: the ready scripts, which are templates at the same time;
//! - `questions`: one question after the other, each with what is taken if nothing is typed;
//! - `wishes`: what is asked, and about which template;
//! - `script`: a template with the answers in it;
//! - `site`: the site file.

mod questions;
mod script;
mod site;
mod templates;
mod wishes;

use std::io::{BufRead, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::files::{self, BundleFolders};
use crate::clock::{Clock as _, MachineClock, Timestamp};
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Site, Sources};
use crate::profile::Folder;
use crate::record::file::create;
use crate::script::{Problems, Script, listed};

use questions::Questions;
use site::SiteWishes;
use templates::{TEMPLATES, Template};
use wishes::Wishes;

/// Write a commented script and a site file by a few questions, or print a script to start from
///
/// On a terminal and without a template it asks a few questions and writes both files, which `check` accepts. With a template, or
/// without a terminal, it prints the script as it is.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Which script; without it, questions are asked
    template: Option<String>,
    /// The folder that the files are written to
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
}

impl New {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// There is no such template, a file exists already, or nobody answers.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let named = self.template.as_deref().map(find).transpose()?;
        match named {
            Some(template) => files::print(out, template.text),
            None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => {
                ask_and_write(&self.to, &mut std::io::stdin().lock(), out, MachineClock::start().now())
            }
            None => files::print(out, TEMPLATES.first().map_or("", |template| template.text)),
        }
    }
}

/// The template of a name.
fn find(name: &str) -> Result<&'static Template, Failure> {
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| {
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        Failure::new(Turn::Author, format!("there is no template `{name}`; there are {}", listed(&names)))
    })
}

/// Asks, and writes what was answered; nothing if `check` would not take it.
fn ask_and_write(
    folder: &Path,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut questions = Questions::new(input, out);
    questions.say(
        "A script and a site file, by a few questions. Nothing typed takes what stands in the question.\n",
    );
    let wishes = Wishes::ask(&mut questions, now)?;
    let text = script::fill(&wishes);
    let script = read(&text)?;
    let plan = plan(folder, &text, &script)?;
    let site_wishes = SiteWishes::ask(&script, plan.as_ref(), &mut questions)?;
    let site_text = site::text(&script, &site_wishes);
    let wanting = wanting(&site_text, plan.as_ref(), &site_wishes)?;
    let (script_path, site_path) =
        (folder.join(format!("{}.yaml", wishes.ceremony)), folder.join("site.yaml"));
    for path in [&script_path, &site_path] {
        if path.symlink_metadata().is_ok() {
            let message =
                format!("`{}` exists; nothing is replaced, and nothing was written", path.display());
            return Err(
                Failure::new(Turn::Author, message).hint("name another folder with --to, or move it away")
            );
        }
    }
    for (path, text) in [(&script_path, &text), (&site_path, &site_text)] {
        create(path, text.as_bytes())
            .map_err(|error| Failure::because(Turn::Equipment, "a file could not be written", &error))?;
    }
    let practice = site_wishes.is_software();
    files::print(out, &next(&script_path, &site_path, &wishes, practice, &wanting))
}

/// The script that came of a template.
fn read(text: &str) -> Result<Script, Failure> {
    let (script, _, problems) = Script::partly("the script", text.as_bytes());
    match script {
        Some(script) if problems.is_empty() => Ok(script),
        _ => Err(problems.into()),
    }
}

/// The plan of the script, which has to be good. One that continues a log is planned with that log only.
fn plan(folder: &Path, text: &str, script: &Script) -> Result<Option<Plan>, Failure> {
    if script.steps().any(|step| step.name == "confirm-log") {
        return Ok(None);
    }
    let library = Folder::beside(folder);
    let sources = Sources {
        library: &library,
        folder,
        rehearsal: false,
        practice: true,
        bundles: &BundleFolders,
        earlier: None,
        begun: false,
    };
    Ok(Some(Plan::read("the script", text.as_bytes(), &sources)?))
}

/// What `check` would still say of the site file: what only the token itself can tell, such as how it wraps keys.
fn wanting(site_text: &str, plan: Option<&Plan>, site_wishes: &SiteWishes) -> Result<Vec<String>, Failure> {
    let site = Site::read("the site file", site_text.as_bytes())?;
    let Some(plan) = plan else { return Ok(Vec::new()) };
    let mut problems = Problems::new(site.source.clone());
    site.value.judge(&plan.outline(), site_wishes.is_software(), &mut problems);
    Ok(problems.messages())
}

/// What was written, and what to do next.
fn next(script: &Path, site: &Path, wishes: &Wishes, practice: bool, wanting: &[String]) -> String {
    // Software stands in for hardware in practice only.
    let practice = if practice { " --practice" } else { "" };
    let (script, site) = (script.display(), site.display());
    let log = if wishes.template.continues() { " --log FOLDER" } else { "" };
    let rehearse = match wishes.template.after {
        "" => format!("rootrite rehearse {script}"),
        after => format!(
            "rootrite rehearse {} {script}",
            after.split(' ').map(|name| format!("{name}.yaml")).collect::<Vec<_>>().join(" ")
        ),
    };
    let mut text = format!(
        "\nWritten:\n  script  {script}\n  site    {site}\nNow read both, change them, and:\n  rootrite check {script} --site {site}{practice}{log}\n  \
         {rehearse}\n  rootrite plan {script}{log}\n"
    );
    if !wanting.is_empty() {
        text.push_str("\nThe site file is not complete: `rootrite hsm doctor` asks the tokens and writes their entries.\n");
        text.extend(wanting.iter().map(|message| format!("{message}\n")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T10:00:00Z";

    /// What comes of these answers, one a line: what was said, and the folder.
    fn asked(answers: &str) -> (Result<(), Failure>, String, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut said = Vec::new();
        let done = ask_and_write(folder.path(), &mut answers.as_bytes(), &mut said, NOW.parse().unwrap());
        (done, String::from_utf8(said).unwrap(), folder)
    }

    #[test]
    fn what_is_asked_of_every_template_makes_two_files_that_are_accepted() {
        for template in TEMPLATES {
            // Everything as proposed, software modules.
            let (done, said, folder) = asked(&format!("{}\n{}", template.name, "\n".repeat(60)));
            done.unwrap_or_else(|failure| panic!("{}: {}\n{said}", template.name, failure.text()));
            let script = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
            let script = script.filter(|path| !path.ends_with("site.yaml")).collect::<Vec<_>>();
            let [script] = script.as_slice() else { panic!("{script:?}") };
            let text = std::fs::read_to_string(script).unwrap();
            assert!(text.contains("# "), "it is commented");
            assert!(
                !text.contains("2026-11-0"),
                "{}: no date of the template is left\n{text}",
                template.name
            );
            assert!(said.contains(&format!("rootrite check {}", script.display())), "{said}");
            assert!(!said.contains("is not complete"), "{said}");
        }
    }

    #[test]
    fn answers_stand_in_the_script_and_wrong_ones_are_asked_again() {
        let answers = "nothing\nroot-and-subordinates\nBad Id\n2027-roots\nno-policy\nprivate\nDE\nSmith, Jones: \"Trust\"\nAcme Root\n\
                       acme.example\n2027-02-30\n2027-02-03\nada\nbo\nbo, eve\neve, wim2\n\n\n\n\n/opt/lib/pkcs11.so\nhardware\n\nS-1\n";
        let (done, said, folder) = asked(&format!("{answers}{}", "\n".repeat(40)));
        done.unwrap_or_else(|failure| panic!("{}\n{said}", failure.text()));
        let text = std::fs::read_to_string(folder.path().join("2027-roots.yaml")).unwrap();
        for wanted in [
            "\nceremony: 2027-roots\n",
            "\npolicy: private\n",
            "{C: DE}, {O: \"Smith, Jones: \\\"Trust\\\"\"}, {CN: Acme Root X1}",
            "origin: acme.example/ceremony-log",
            "http://x1.c.acme.example/",
            "window: {from: 2027-02-03T08:00:00Z, to: 2027-02-04T20:00:00Z}",
            "next-due: 2027-12-04T00:00:00Z",
            "  - {id: bo, role: crypto-officer}\n  - {id: eve, role: crypto-officer}\n",
        ] {
            assert!(text.contains(wanted), "`{wanted}` is not in\n{text}\n{said}");
        }
        let site = std::fs::read_to_string(folder.path().join("site.yaml")).unwrap();
        assert!(site.contains("module: /opt/lib/pkcs11.so") && site.contains("class: hardware"), "{site}");
        // Nobody can know without the token how it wraps keys.
        assert!(said.contains("The site file is not complete: `rootrite hsm doctor`"), "{said}");
        assert!(
            said.contains("there is no template `nothing`") && said.contains("wanted at least 2"),
            "{said}"
        );
    }

    #[test]
    fn nothing_is_replaced_and_an_end_of_the_answers_leaves_nothing() {
        let (done, _, folder) = asked("root-and-subordinates\n");
        assert!(done.is_err() && std::fs::read_dir(folder.path()).unwrap().next().is_none());
        let answers = format!("root-and-subordinates\nmine\n{}", "\n".repeat(60));
        std::fs::write(folder.path().join("site.yaml"), "x").unwrap();
        let done =
            ask_and_write(folder.path(), &mut answers.as_bytes(), &mut Vec::new(), NOW.parse().unwrap());
        assert!(done.unwrap_err().text().contains("exists; nothing is replaced"));
        assert!(!folder.path().join("mine.yaml").exists());
    }
}
