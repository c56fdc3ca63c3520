//! Which token a command is about: one of a site file, or one that the command line describes. And logging in to it: once.

use std::fmt::Write as _;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;

use super::super::plain::Plain;
use super::super::{failures, files};
use crate::conduct::{token_login, token_module, token_quirks};
use crate::failure::{Failure, Turn};
use crate::hsm::{Login as Way, ModuleProcess, PinState, Session, Token as _, TokenError, TokenSelector};
use crate::plan::{Site, SiteToken};
use crate::script::Id;
use crate::stage::{AGAIN, LoginKind, Operators as _, Person, PinKind, PinPurpose, PinRequest};

/// Which token.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// A site file; `--token` says which of its tokens
    #[arg(long, value_name = "FILE", requires = "token", conflicts_with_all = ["module", "label", "serial", "environment", "reserved", "pin_fd"])]
    site: Option<PathBuf>,
    /// The token's name in the site file; without one, the name that it is to have there
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// The PKCS#11 module, without a site file
    #[arg(long, value_name = "FILE", required_unless_present = "site")]
    module: Option<PathBuf>,
    /// The token's label
    #[arg(long)]
    label: Option<String>,
    /// The token's serial number, where a label is not enough
    #[arg(long)]
    serial: Option<String>,
    /// What the module's process has in its environment, and nothing else; several times
    #[arg(long, value_name = "NAME=VALUE")]
    environment: Vec<String>,
    /// A text that the module wants when it is initialised
    #[arg(long, value_name = "TEXT")]
    reserved: Option<String>,
    /// How to log in: pin, protected-path, none or external
    #[arg(long, value_name = "KIND", value_parser = ["pin", "protected-path", "none", "external"], conflicts_with = "site")]
    login: Option<String>,
    /// Read the PIN from an open file descriptor, one line, instead of the terminal
    #[arg(long, value_name = "NUMBER")]
    pin_fd: Option<u32>,
}

/// The token that a command is about, as a site file has it.
pub struct Chosen {
    /// The site, with this token in it.
    pub site: Site,
    /// Its name there.
    pub name: String,
    /// Whether a label was given, so that there is one token to look at.
    pub has_label: bool,
}

impl Which {
    /// Reads the site file, or makes one of what the command line says.
    ///
    /// # Errors
    ///
    /// What is wrong with either; a token that the site does not have.
    pub fn choose(&self) -> Result<Chosen, Failure> {
        let name = self.token.clone().unwrap_or_else(|| "token".into());
        let (file, octets) = match &self.site {
            Some(path) => (path.display().to_string(), files::octets(path)?),
            None => ("command line".into(), self.as_site(&name)?.into_bytes()),
        };
        let site = Site::read(&file, &octets)?.value;
        if site.tokens.find(&name).is_none() {
            let names: Vec<&str> = site.tokens.iter().map(|(name, _)| name.value.as_str()).collect();
            let message = format!("`{file}` has no token `{name}`; it has {}", names.join(", "));
            return Err(Failure::new(Turn::Author, message));
        }
        Ok(Chosen { site, name, has_label: self.site.is_some() || self.label.is_some() })
    }

    /// What the command line says, as a site file: one reader for both.
    fn as_site(&self, name: &str) -> Result<String, Failure> {
        let wrong = |message: String| Failure::new(Turn::Author, message);
        if name.parse::<Id>().is_err() {
            return Err(wrong(format!("`{name}` is no name of a token; wanted a to z, 0 to 9 and `-`")));
        }
        let module = self.module.as_deref().map(|path| path.to_string_lossy().into_owned());
        let mut text = format!("rootrite-site: 1\ntokens:\n  {name}:\n");
        let mut line = |key: &str, value: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "    {key}: {value}");
        };
        line("module", &quoted(&module.unwrap_or_default()));
        line("label", &quoted(self.label.as_deref().unwrap_or(NO_LABEL)));
        line("serial", &quoted(self.serial.as_deref().unwrap_or("any")));
        line("class", "software");
        let login = self.login.as_deref().unwrap_or("pin");
        line("login", login);
        match (login, self.pin_fd) {
            ("pin", Some(number)) => line("pin", &format!("{{fd: {number}}}")),
            ("pin", None) => line("pin", "prompt"),
            (_, Some(_)) => return Err(wrong(format!("login `{login}` takes no PIN"))),
            (_, None) => {}
        }
        if !self.environment.is_empty() {
            line("environment", "");
            for variable in &self.environment {
                let (key, value) = variable.split_once('=').ok_or_else(|| {
                    wrong(format!("found environment `{variable}`; wanted a name, `=` and a value"))
                })?;
                line(&format!("  {key}"), &quoted(value));
            }
        }
        if let Some(reserved) = &self.reserved {
            let make = self.module.as_deref().map(crate::plan::SiteQuirks::of_module);
            let make = make.map_or_else(|| "standard".to_owned(), |quirks| quirks.make);
            line("quirks", &format!("{{like: {make}, reserved: {}}}", quoted(reserved)));
        }
        Ok(text)
    }
}

/// A text as YAML has it between quotation marks.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Chosen {
    /// The token, as the site has it.
    ///
    /// # Errors
    ///
    /// Never: it was found when it was chosen.
    pub fn token(&self) -> Result<&SiteToken, Failure> {
        let lost = || Failure::new(Turn::Developers, format!("token `{}` is lost", self.name));
        self.site.tokens.find(&self.name).ok_or_else(lost)
    }

    /// Starts the module in a process of its own.
    ///
    /// # Errors
    ///
    /// What the module says.
    pub fn start(&self) -> Result<ModuleProcess, Failure> {
        let token = self.token()?;
        if !token.module_path().is_file() {
            let message = format!("there is no module `{}`", files::one_line(&token.module.value));
            return Err(Failure::new(Turn::Author, message));
        }
        ModuleProcess::start(&token_module(token, &self.site)).map_err(|error| equipment(&error))
    }

    /// Opens a session with the token; nobody is logged in.
    ///
    /// # Errors
    ///
    /// Unless exactly one token fits.
    pub fn open(&self, process: &ModuleProcess) -> Result<Session, Failure> {
        let token = self.token()?;
        let selector = TokenSelector {
            label: token.label.value.clone(),
            serial: token.serial.as_ref().map(|serial| serial.value.clone()),
            model: token.model.clone(),
        };
        process.open(&selector, &token_quirks(token)).map_err(|error| equipment(&error))
    }

    /// Finds out how to log in and takes in the PIN, if there is one. Refuses where another wrong PIN would lock the token.
    ///
    /// # Errors
    ///
    /// [`Turn::Operators`] where nothing is tried; what stands in the way of a PIN.
    pub fn key(&self, state: PinState, ask: &mut Ask<'_>) -> Result<LoginKind, Failure> {
        let kind = token_login(&self.name, self.token()?)
            .map_err(|error| Failure::because(Turn::Operators, "nobody was logged in", &error))?;
        let two_halves = match &kind {
            LoginKind::Prompt { two_halves } => *two_halves,
            LoginKind::Given(_) | LoginKind::Shares(_) => false,
            LoginKind::ProtectedPath | LoginKind::None | LoginKind::External => return Ok(kind),
        };
        match state {
            PinState::Locked | PinState::FinalTry => {
                let message = format!("nobody was logged in: {state}");
                return Err(Failure::new(Turn::Operators, message)
                    .hint("a PIN is tried here only where a wrong one cannot lock the token"));
            }
            PinState::CountLow => {
                ask.word(&format!("{state}; another wrong one can lock it for good. Try?"), AGAIN)?;
            }
            PinState::Unsaid => {
                // Nobody has counted: an earlier command may have tried before this one.
                if let Some(most) = self.token()?.quirks.pin_tries {
                    let sentence =
                        format!("{state}; its make locks after {most} wrong PINs and never warns. Try?");
                    ask.word(&sentence, AGAIN)?;
                }
            }
        }
        if matches!(kind, LoginKind::Given(_)) {
            return Ok(kind);
        }
        if matches!(kind, LoginKind::Shares(_)) {
            return Ok(LoginKind::Given(crate::cli::share::pin()?.into()));
        }
        let person = |id: &str| Person { id: id.to_owned(), role: "crypto-officer".to_owned() };
        let people =
            if two_halves { vec![person("first"), person("second")] } else { vec![person("holder")] };
        let request = PinRequest {
            step: "-".into(),
            token: self.name.clone(),
            kind: PinKind::User,
            people,
            purpose: PinPurpose::Login,
            tries: state.to_string(),
        };
        let pin = ask.pin(&request)?;
        Ok(LoginKind::Given(pin.into()))
    }
}

/// Logs in: one try.
///
/// # Errors
///
/// What the token says.
pub fn log_in(session: &mut Session, key: &LoginKind) -> Result<(), Failure> {
    let way = match key {
        LoginKind::Given(pin) => Way::Pin(pin),
        LoginKind::ProtectedPath => Way::ProtectedPath,
        LoginKind::External => Way::External,
        LoginKind::None | LoginKind::Prompt { .. } | LoginKind::Shares(_) => Way::None,
    };
    session.log_in(way).map_err(|error| match error {
        TokenError::PinIncorrect { .. } | TokenError::PinLength { .. } | TokenError::PinLocked { .. } => {
            Failure::because(Turn::Operators, "nobody was logged in, and nothing is tried again", &error)
        }
        other => equipment(&other),
    })
}

/// A failure of token or module.
pub fn equipment(error: &TokenError) -> Failure {
    Failure::new(Turn::Equipment, failures::with_causes(error))
}

/// The person who runs the command: what is asked goes to standard error, so that standard output is the report alone.
pub struct Ask<'a> {
    to: &'a mut dyn Write,
}

impl<'a> Ask<'a> {
    /// Asks on `to`.
    pub fn on(to: &'a mut dyn Write) -> Self {
        Self { to }
    }

    /// Wants one exact word.
    ///
    /// # Errors
    ///
    /// [`Turn::Operators`] for anything else.
    pub fn word(&mut self, sentence: &str, word: &'static str) -> Result<(), Failure> {
        // Who does not see the question gives no answer.
        let _ = write!(self.to, "{sentence} (type `{word}` to go on)\n> ");
        let _ = self.to.flush();
        let mut line = String::new();
        // A line that is no text is not the word.
        let _ = io::stdin().read_line(&mut line);
        if line.trim_end_matches(['\n', '\r']) == word {
            return Ok(());
        }
        let found = files::one_line(line.trim_end_matches('\n'));
        Err(Failure::new(
            Turn::Operators,
            format!("found `{found}`, wanted exactly `{word}`; nothing was done"),
        ))
    }

    fn pin(&mut self, request: &PinRequest) -> Result<crate::secret::Pin, Failure> {
        let mut input = BufReader::new(io::empty());
        Plain::new(&mut input, self.to)
            .pin(request)
            .map_err(|error| Failure::because(Turn::Operators, "nobody was logged in", &error))
    }
}

/// What stands for a label where none was given and no token is opened.
const NO_LABEL: &str = "any";

#[cfg(test)]
mod tests {
    use super::*;

    fn which() -> Which {
        Which {
            site: None,
            token: None,
            module: Some("/usr/lib/a \"module\".so".into()),
            label: Some("a: label #1".into()),
            serial: None,
            environment: vec!["SOFTHSM2_CONF=/media/a=b".into()],
            reserved: Some("configdir='sql:/x'".into()),
            login: None,
            pin_fd: Some(3),
        }
    }

    #[test]
    fn the_command_line_is_read_as_a_site_file_is() {
        let chosen = which().choose().unwrap();
        let token = chosen.token().unwrap();
        assert_eq!(token.module.value, "/usr/lib/a \"module\".so");
        assert_eq!(token.label.value, "a: label #1");
        assert_eq!(token.environment["SOFTHSM2_CONF"], "/media/a=b");
        assert_eq!(token.quirks.reserved.as_deref(), Some("configdir='sql:/x'"));
        assert!(token.serial.is_none() && chosen.has_label);
    }

    #[test]
    fn what_a_site_file_refuses_the_command_line_refuses() {
        for wrong in [
            Which { environment: vec!["LD_PRELOAD=/x".into()], ..which() },
            Which { environment: vec!["NOTHING".into()], ..which() },
            Which { token: Some("A token".into()), ..which() },
            Which { pin_fd: Some(0), ..which() },
            Which { login: Some("none".into()), ..which() },
        ] {
            assert_eq!(wrong.choose().err().map(|failure| failure.turn().code()), Some(2));
        }
    }
}
