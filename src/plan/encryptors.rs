//! The site's encryptors: programs that encrypt a share for its holder's own key, and open it again to prove that.
//!
//! The rules of this file:
//! - A program is named by its whole path, and nothing is looked for in any folder; there is no shell.
//! - What a holder's key is called goes where the command says `{recipient}`, as it is and as one argument; it is no option.
//! - Each holder has one encryptor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Outline, Site};
use crate::digest::Digest;
use crate::script::{Fields, FromNode, Located, Named, Node, Place, Problems, Value, Word, listed, wrong};

/// A program that encrypts shares, and whose.
#[derive(Clone, Debug)]
pub struct SiteEncryptor {
    /// Share in, ciphertext out.
    pub encrypt: SiteProgram,
    /// Ciphertext in, share out: by the holder's key, where this machine can have that for a while.
    pub decrypt: Option<SiteProgram>,
    /// How long each may take, in seconds.
    pub seconds: u64,
    /// Whose shares it encrypts, and what their keys are called.
    pub holders: BTreeMap<String, String>,
}

/// A program with its arguments, and what it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteProgram {
    /// The program by its whole path, and its arguments with the places that are filled in.
    pub command: Vec<String>,
    /// The digest of the program's file.
    pub sha256: Option<Digest>,
    /// Whether it may reach other processes of this machine, such as an agent; no network in any case.
    pub sockets: bool,
    /// Where it may write; nowhere, if nothing is said.
    pub writes: Vec<PathBuf>,
}

impl SiteProgram {
    /// The program and its arguments, for a holder and what their key is called.
    pub fn filled(&self, holder: &str, recipient: &str) -> Vec<String> {
        let fill = |part: &String| part.replace("{holder}", holder).replace("{recipient}", recipient);
        // The program itself is the same for everybody.
        let (program, arguments) = (self.command.iter().take(1).cloned(), self.command.iter().skip(1));
        program.chain(arguments.map(fill)).collect()
    }
}

impl Site {
    /// Every holder whose share is encrypted has an encryptor, and one only.
    pub(super) fn judge_encryptors(&self, plan: &Outline<'_>, problems: &mut Problems) {
        let mut whose: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, encryptor) in self.encryptors.iter() {
            for holder in encryptor.holders.keys() {
                if let Some(other) = whose.insert(holder, name.value.as_str()) {
                    let message = format!("`{holder}` is under `{other}` and `{}`; wanted one", name.value);
                    problems.add(name.place, message);
                }
            }
        }
        for step in plan.steps() {
            for (holder, _) in step.step.encrypts() {
                if !whose.contains_key(holder) {
                    let message = format!(
                        "no encryptor names a key of `{holder}`, whose share of step {} is encrypted; wanted it under `encryptors`",
                        step.number
                    );
                    problems.add(Place::START, message);
                }
            }
        }
    }
}

impl FromNode for SiteEncryptor {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["encrypt", "decrypt", "seconds", "holders"], problems);
        let encrypt: Option<Located<SiteProgram>> = fields.required("encrypt");
        let decrypt: Option<SiteProgram> = fields.optional("decrypt");
        let seconds: Option<Located<usize>> = fields.optional("seconds");
        let holders: Option<Named<Recipient>> = fields.required("holders");
        if let Some(encrypt) = &encrypt {
            let SiteProgram { command, sockets, writes, .. } = &encrypt.value;
            if !command.iter().any(|part| part.contains("{recipient}")) {
                let message = "`encrypt` says nowhere `{recipient}`: everybody would get the same";
                fields.problems().add(encrypt.place, message);
            }
            if *sockets || !writes.is_empty() {
                let message = "`network` and `writes` go with `decrypt`: what encrypts needs neither";
                fields.problems().add(encrypt.place, message);
            }
        }
        let taken = seconds.as_ref().map_or(USUAL_SECONDS, |seconds| seconds.value);
        if let (Some(seconds), false) = (&seconds, (1..=MOST_SECONDS).contains(&taken)) {
            let message = format!("`seconds` is {taken}; wanted 1 to {MOST_SECONDS}");
            fields.problems().add(seconds.place, message);
        }
        fields.finish();
        let holders = holders?;
        let holders = holders.iter().map(|(name, key)| (name.value.to_string(), key.0.clone()));
        Some(Self {
            encrypt: encrypt?.value,
            decrypt,
            seconds: u64::try_from(taken).unwrap_or_default(),
            holders: holders.collect(),
        })
    }
}

impl FromNode for SiteProgram {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::List(_) = &node.value {
            let command = command(Vec::from_node(node, problems)?, node, problems)?;
            return Some(Self { command, sha256: None, sockets: false, writes: Vec::new() });
        }
        let mut fields = Fields::with(node, &["command", "sha256", "network", "writes"], problems);
        let said: Option<Vec<String>> = fields.list("command");
        let sha256 = fields.optional("sha256");
        let network: Option<Reach> = fields.optional("network");
        let writes: Vec<String> = fields.optional_list("writes").unwrap_or_default();
        fields.finish();
        if !writes.iter().all(|place| Path::new(place).is_absolute()) {
            return wrong(node, "whole paths under `writes`", problems);
        }
        Some(Self {
            command: command(said?, node, problems)?,
            sha256,
            sockets: network == Some(Reach::Unix),
            writes: writes.into_iter().map(PathBuf::from).collect(),
        })
    }
}

/// A program by its whole path, and arguments in which nothing is to be filled in but what there is.
fn command(said: Vec<String>, node: &Node, problems: &mut Problems) -> Option<Vec<String>> {
    let whole = said.first().is_some_and(|program| Path::new(program).is_absolute());
    if !whole || said.iter().any(|part| part.contains('\0')) {
        return wrong(node, "a program by its whole path, such as `[/usr/bin/age, …]`", problems);
    }
    for part in said.iter().skip(1) {
        let rest = PLACES.iter().fold(part.clone(), |rest, place| rest.replace(place, ""));
        if rest.contains(['{', '}']) {
            let message = format!("found `{part}`; what is filled in for a holder is {}", listed(&PLACES));
            problems.add(node.place, message);
            return None;
        }
    }
    Some(said)
}

/// What a holder's key is called: a public key, a fingerprint, a file.
struct Recipient(String);

impl FromNode for Recipient {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::from_node(node, problems)?;
        let good = (1..=LONGEST_RECIPIENT).contains(&text.len())
            && text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
            && !text.starts_with(['-', ' '])
            && !text.contains(['{', '}']);
        if good {
            return Some(Self(text));
        }
        wrong(node, "what the holder's key is called, such as `age1…`: printable, and no option", problems)
    }
}

/// Whether a program may reach others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Deny,
    Unix,
}

impl Word for Reach {
    const WORDS: &'static [(&'static str, Self)] = &[("deny", Self::Deny), ("unix", Self::Unix)];
}

/// What is filled in for each holder.
const PLACES: [&str; 2] = ["{recipient}", "{holder}"];
/// How long a program may take if nothing is said.
const USUAL_SECONDS: usize = 60;
/// Longer than that nobody waits.
const MOST_SECONDS: usize = 600;
/// Room for a public key as OpenSSH writes it.
const LONGEST_RECIPIENT: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::read_as;

    /// The words of a file with encryptors, read.
    struct Those(Named<SiteEncryptor>);

    impl FromNode for Those {
        fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
            let mut fields = Fields::of(node, problems);
            let encryptors = fields.required("encryptors");
            fields.finish();
            encryptors.map(Self)
        }
    }

    fn read(text: &str) -> Result<SiteEncryptor, String> {
        match read_as::<Those>("site.yaml", format!("encryptors:\n  age: {text}\n").as_bytes()) {
            Ok(whole) => Ok(whole.value.0.find("age").unwrap().clone()),
            Err(problems) => Err(problems.messages().join("\n")),
        }
    }

    #[test]
    fn a_holder_s_key_is_one_argument_as_it_is() {
        let age = read(
            "{encrypt: [/usr/bin/age, --recipient, \"{recipient}\"], decrypt: {command: [/usr/bin/age, -d, -i, \"/media/{holder}/key\"], \
             network: unix, writes: [/media]}, holders: {h3: \"ssh-ed25519 AAAA; rm -rf /\"}}",
        )
        .unwrap();
        let key = &age.holders["h3"];
        assert_eq!(
            age.encrypt.filled("h3", key),
            ["/usr/bin/age", "--recipient", "ssh-ed25519 AAAA; rm -rf /"]
        );
        let decrypt = age.decrypt.unwrap();
        assert_eq!(decrypt.filled("h3", key).last().unwrap(), "/media/h3/key");
        assert!(decrypt.sockets && decrypt.writes == [PathBuf::from("/media")]);
        assert_eq!(age.seconds, 60);
    }

    #[test]
    fn what_could_be_something_else_than_a_program_and_a_key_is_refused() {
        let one = |encrypt: &str, rest: &str| read(&format!("{{encrypt: {encrypt}, {rest}}}")).unwrap_err();
        for (encrypt, rest, said) in [
            ("[age, \"{recipient}\"]", "holders: {h3: x}", "a program by its whole path"),
            ("[/usr/bin/age, --armor]", "holders: {h3: x}", "everybody would get the same"),
            ("[/usr/bin/age, \"{recipient}\", \"{share}\"]", "holders: {h3: x}", "what is filled in"),
            ("[/usr/bin/age, \"{recipient}\"]", "holders: {h3: -o/tmp/x}", "printable, and no option"),
            ("[/usr/bin/age, \"{recipient}\"]", "holders: {h3: x}, seconds: 0", "wanted 1 to 600"),
            ("[/usr/bin/age, \"{recipient}\"]", "holders: {h3: x}, decypt: []", "decypt"),
            (
                "{command: [/usr/bin/age, \"{recipient}\"], network: unix}",
                "holders: {h3: x}",
                "what encrypts needs neither",
            ),
        ] {
            let found = one(encrypt, rest);
            assert!(found.contains(said), "{said}: {found}");
        }
    }
}
