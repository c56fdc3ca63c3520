//! `approve`: a reviewer's signature under a plan, before the day.

use std::fmt::Write as _;
use std::io::{BufRead as _, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{approvals, files};
use crate::approval::{
    NAMESPACE, PersonKey, PlanApproval, PlanStatement, SshSignature, VerifiedPlanApproval,
};
use crate::conduct::statement;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::plan::{Plan, Site};
use crate::record::file::create;
use crate::script::Problems;

/// Sign the plan of a script, and the site file, as a reviewer before the day; or check what others signed
///
/// Plans again and signs what it finds, by `ssh-keygen -Y sign`: with a key in a file, in a FIDO device, or in an agent,
/// where the key is named by its public half. Only the key counts that the script registers for the person.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["person", "check"]))]
pub struct Approve {
    /// The ceremony script
    script: PathBuf,
    /// The site file, approved together with the plan
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// The log that the script continues
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
    /// Who approves, by the id in the script
    #[arg(long, value_name = "ID", requires_all = ["key", "output"])]
    person: Option<String>,
    /// Their private key, the handle of their FIDO key, or the public half of a key in an agent
    #[arg(long, value_name = "FILE", requires = "person")]
    key: Option<PathBuf>,
    /// Where to write the approval: a new file
    #[arg(short, long, value_name = "FILE", requires = "person")]
    output: Option<PathBuf>,
    /// The plan's digest as it was reviewed; any other plan is not signed, and nothing is asked
    #[arg(long, value_name = "SHA256", requires = "person")]
    sha256: Option<Digest>,
    /// Check approvals, files or folders of them, against the plan and the site as they are now
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "person")]
    check: Vec<PathBuf>,
}

impl Approve {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What is wrong with the script or an approval; no signature, or one by another key.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let plan = files::plan(&self.script, files::Held::Practice, self.log.as_deref())?;
        let site = self.site.as_deref().map(|path| site(path, &plan)).transpose()?;
        match (&self.person, &self.key, &self.output) {
            (Some(person), Some(key), Some(output)) => {
                let (statement, registered) = of_person(&plan, site, person)?;
                self.agree(&statement, registered, output, out)?;
                let approval = sign(key, statement, registered)?;
                create(output, approval.to_text().as_bytes()).map_err(|error| {
                    Failure::because(Turn::Author, "the approval could not be written", &error)
                })?;
                let output = output.display();
                files::print(out, &format!("\nSigned, and the signature verifies.\n  approval  {output}\n"))
            }
            _ => self.check(&plan, site, out),
        }
    }

    /// The digest was named as it was reviewed, or is confirmed by the exact word.
    fn agree(
        &self,
        statement: &PlanStatement,
        registered: &PersonKey,
        output: &Path,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        // Nobody touches a key for what cannot be written.
        if output.symlink_metadata().is_ok() {
            let message = format!("`{}` exists; files are only created, never replaced", output.display());
            return Err(Failure::new(Turn::Author, message).hint("name another one with --output"));
        }
        files::print(out, &shown(statement, registered))?;
        let found = statement.plan;
        match self.sha256 {
            Some(reviewed) if reviewed == found => return Ok(()),
            Some(reviewed) => {
                let message = format!("the plan has the SHA-256 {found}; reviewed was {reviewed}");
                let hint = "the script, an input or a profile is another one now: review it anew";
                return Err(Failure::new(Turn::Refused, message).hint(hint));
            }
            None => {}
        }
        files::print(out, "\nIs this what you reviewed? Type `approve` to sign it.\n  > ")?;
        let mut line = String::new();
        let read = std::io::stdin().lock().take(LONGEST_WORD).read_line(&mut line);
        match read {
            Ok(_) if line.trim_end_matches('\n') == "approve" => Ok(()),
            Ok(_) => Err(Failure::new(Turn::Operators, "not approved; wanted exactly `approve`")
                .hint("or name the digest that you reviewed with --sha256")),
            Err(error) => Err(Failure::because(Turn::Operators, "nobody answers", &error)),
        }
    }

    fn check(&self, plan: &Plan, site: Option<Digest>, out: &mut dyn Write) -> Result<(), Failure> {
        let given = approvals::read(&self.check)?;
        let approvals = approvals::verify(plan, site, &given)?;
        let mut text = format!("plan SHA-256  {}\n", plan.sha256());
        for said in approvals.all() {
            let what = if said.site.is_some() { "plan and site" } else { "plan" };
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {} signed the {what}", said.person);
        }
        files::print(out, &text)?;
        match site {
            Some(site) => approvals::are_enough(&approvals, plan, site),
            None => Ok(()),
        }
    }
}

/// Octets of a line that somebody types, at most.
const LONGEST_WORD: u64 = 1024;

/// The site's digest, if it is one for this plan. Whether it is good enough for a ceremony that is no practice is found when
/// it is run.
fn site(path: &Path, plan: &Plan) -> Result<Digest, Failure> {
    let octets = files::octets(path)?;
    let site = Site::read(&path.display().to_string(), &octets)?;
    let mut problems = Problems::new(site.source.clone());
    site.value.judge(&plan.outline(), true, &mut problems);
    if problems.is_empty() { Ok(site.sha256) } else { Err(problems.into()) }
}

/// What the person signs, and the key that counts.
fn of_person<'p>(
    plan: &'p Plan,
    site: Option<Digest>,
    id: &str,
) -> Result<(PlanStatement, &'p PersonKey), Failure> {
    let people = &plan.setting.people;
    let Some(person) = people.find(id) else {
        let ids: Vec<&str> = people.all.iter().map(|person| person.id.as_str()).collect();
        let message =
            format!("the script has nobody of the id `{}`; it has {}", files::one_line(id), ids.join(", "));
        return Err(Failure::new(Turn::Author, message));
    };
    let Some(key) = people.keys.get(id) else {
        let message = format!("the script registers no key for `{id}`");
        return Err(Failure::new(Turn::Author, message).hint(format!(
            "under `people`: `{{id: {id}, role: {}, ssh-key: \"ssh-ed25519 AAAA…\"}}`",
            person.role
        )));
    };
    Ok((statement(plan, site, person), key))
}

fn shown(statement: &PlanStatement, key: &PersonKey) -> String {
    let PlanStatement { ceremony, person, plan, site } = statement;
    let mut text = format!(
        "ceremony      {ceremony}\nperson        {person}, by the key {} ({})\nplan SHA-256  {plan}\nin words      {}\n",
        key.fingerprint(),
        key.algorithm(),
        plan.words()
    );
    match site {
        Some(site) => {
            // Writing to a string does not fail.
            let _ = write!(text, "site SHA-256  {site}\nin words      {}\n", site.words());
        }
        None => text.push_str("site          not given: the plan alone is approved\n"),
    }
    text
}

/// Lets the person sign: what comes of it is by the registered key, or it is nothing.
fn sign(
    key: &Path,
    statement: PlanStatement,
    registered: &PersonKey,
) -> Result<VerifiedPlanApproval, Failure> {
    let armor = ssh_keygen(key, &statement.to_string())?;
    let refused = |error| Failure::because(Turn::Refused, "what `ssh-keygen` gave is no approval", &error);
    let signature = SshSignature::from_armor(&armor).map_err(refused)?;
    PlanApproval::of(statement, signature).verify(registered).map_err(refused)
}

/// Lets `ssh-keygen` sign. It talks to the person by itself: for a passphrase, a PIN or a touch.
///
/// # Errors
///
/// That it did not sign.
pub fn ssh_keygen(key: &Path, text: &str) -> Result<String, Failure> {
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Failure::because(Turn::Equipment, "`ssh-keygen` could not be started", &error)
                .hint("it belongs to OpenSSH: the package openssh-client")
        })?;
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    let ended = child
        .wait_with_output()
        .map_err(|error| Failure::because(Turn::Equipment, "`ssh-keygen` did not end well", &error))?;
    // A pipe that closes early is of a program that said why.
    let whole = written.is_some_and(|written| written.is_ok());
    if !ended.status.success() || !whole {
        let message = format!("`ssh-keygen` did not sign: {}", ended.status);
        return Err(Failure::new(Turn::Operators, message).hint("what it said stands above"));
    }
    String::from_utf8(ended.stdout)
        .map_err(|error| Failure::because(Turn::Equipment, "`ssh-keygen` wrote no text", &error))
}
