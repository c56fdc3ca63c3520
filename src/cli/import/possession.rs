//! The online side's own tokens, each in a module process: whether they have the keys that the pins name.

use std::fmt::Write as _;

use super::super::hsm::{Ask, Chosen, equipment, log_in, quoted};
use crate::failure::Failure;
use crate::hsm::{AttributeName, KeyId, ModuleProcess, Session, ToSign, Token as _};
use crate::intake::{Held, OnlineToken, Possession};
use crate::pki::{PublicKey, SignatureAlgorithm};
use crate::plan::Site;

/// The tokens of this machine: each is opened and logged in to once, however many keys are asked for.
#[derive(Default)]
pub struct Tokens {
    open: Vec<(OnlineToken, Result<Opened, String>)>,
}

/// A token that somebody is logged in to.
struct Opened {
    session: Session,
    /// It ends with the value.
    _process: ModuleProcess,
}

impl Possession for Tokens {
    fn sign(&mut self, token: &OnlineToken, key: &PublicKey, text: &[u8]) -> Held {
        let same = |other: &OnlineToken| OnlineToken { id: token.id.clone(), ..other.clone() } == *token;
        if !self.open.iter().any(|(other, _)| same(other)) {
            let opened = open(token).map_err(|failure| failure.text().trim_end().replace('\n', "; "));
            self.open.push((token.clone(), opened));
        }
        match self.open.iter_mut().find(|(other, _)| same(other)) {
            Some((_, Ok(opened))) => sign(&mut opened.session, &token.id, key, text),
            Some((_, Err(why))) => Held::Nothing(why.clone()),
            None => Held::Nothing("it was not opened".to_owned()),
        }
    }
}

/// Opens the token and logs in: one try, which is not repeated.
fn open(token: &OnlineToken) -> Result<Opened, Failure> {
    let site = Site::read("pins", as_site(token).as_bytes())?.value;
    let chosen = Chosen { site, name: NAME.to_owned(), has_label: true };
    let process = chosen.start()?;
    let mut session = chosen.open(&process)?;
    let state = session.information().map_err(|error| equipment(&error))?.pin_state();
    let way = chosen.key(state, &mut Ask::on(&mut std::io::stderr()))?;
    log_in(&mut session, &way)?;
    Ok(Opened { session, _process: process })
}

fn sign(session: &mut Session, id: &[u8], key: &PublicKey, text: &[u8]) -> Held {
    let id = match KeyId::from_octets(id) {
        Ok(id) => id,
        Err(error) => return Held::Nothing(error.to_string()),
    };
    let found = match session.key(&id) {
        Ok(found) => found,
        Err(error) => return Held::Nothing(error.to_string()),
    };
    let hash = SignatureAlgorithm::for_key(key).hash();
    let signature = match hash {
        Some(hash) => session.sign(&id, ToSign::Whole { hash, octets: &hash.digest(text), message: text }),
        None => session.sign(&id, ToSign::Message(text)),
    };
    Held::Key {
        signature: signature.map_err(|error| error.to_string()),
        extractable: found.private.flag(AttributeName::Extractable),
        never_extractable: found.private.flag(AttributeName::NeverExtractable),
    }
}

/// What the pins say of a token, as a site file: one reader for both.
fn as_site(token: &OnlineToken) -> String {
    let mut text = format!("rootrite-site: 1\ntokens:\n  {NAME}:\n    class: software\n");
    let mut line = |key: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {key}: {value}");
    };
    line("module", &quoted(&token.module));
    line("label", &quoted(&token.label));
    line("serial", &quoted(token.serial.as_deref().unwrap_or("any")));
    line("login", &token.login);
    match token.pin_fd {
        Some(number) if token.login == "pin" => line("pin", &format!("{{fd: {number}}}")),
        None if token.login == "pin" => line("pin", "prompt"),
        _ => {}
    }
    if !token.environment.is_empty() {
        line("environment", "");
        for (key, value) in &token.environment {
            line(&format!("  {key}"), &quoted(value));
        }
    }
    text
}

const NAME: &str = "online";
