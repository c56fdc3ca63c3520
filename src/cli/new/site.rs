//! The site file that goes with a new script.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::failure::Failure;
use crate::plan::Plan;
use crate::script::{PinCustody, Script};

use super::questions::Questions;
use super::script::scalar;

/// What somebody says of the tokens of a machine.
#[derive(Debug)]
pub struct SiteWishes {
    class: String,
    module: String,
    configuration: Option<String>,
    /// Label and serial number of each token, in the script's order.
    tokens: Vec<(String, String)>,
    /// Each medium with the places of its copies.
    media: BTreeMap<String, Vec<String>>,
}

impl SiteWishes {
    /// Asks which module the tokens have, and which token is which.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub fn ask(script: &Script, plan: Option<&Plan>, questions: &mut Questions<'_>) -> Result<Self, Failure> {
        let found = SOFTHSM.iter().find(|path| Path::new(path).is_file()).copied().unwrap_or(MODULE);
        let module = questions.ask("The PKCS#11 module of the tokens: a whole path", found, path)?;
        let proposed = if module.contains("softhsm") { "software" } else { "hardware" };
        let class = questions.ask("What they are: hardware, or software for practice", proposed, class)?;
        let configuration = if module.contains("softhsm") {
            Some(questions.ask("The file that SOFTHSM2_CONF names", "/etc/softhsm/softhsm2.conf", path)?)
        } else {
            None
        };
        let mut tokens = Vec::new();
        for (name, _) in script.tokens.iter() {
            let name = name.value.as_str();
            let label = questions.ask(&format!("The label of the token `{name}`"), name, of_token)?;
            let serial = questions.ask(
                &format!("The serial number of the token `{name}`, or any if the label is enough"),
                "any",
                of_token,
            )?;
            tokens.push((label, serial));
        }
        let media = media(plan, questions)?;
        Ok(Self { class, module, configuration, tokens, media })
    }

    /// Whether it is for practice only.
    pub fn is_software(&self) -> bool {
        self.class == "software"
    }
}

/// Asks where the media of a plan are mounted: each copy has a place of its own.
fn media(
    plan: Option<&Plan>,
    questions: &mut Questions<'_>,
) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for (name, copies) in plan.into_iter().flat_map(Plan::steps).filter_map(|step| step.step.medium()) {
        let most = wanted.entry(name.to_owned()).or_default();
        *most = copies.max(*most);
    }
    let mut media = BTreeMap::new();
    for (name, copies) in wanted {
        let mut places = Vec::new();
        for copy in 1..=copies {
            let question =
                format!("Where copy {copy} of {copies} of the medium `{name}` is mounted: a whole path");
            places.push(questions.ask(&question, &format!("/media/{name}-{copy}"), path)?);
        }
        media.insert(name, places);
    }
    Ok(media)
}

/// The file.
pub fn text(script: &Script, wishes: &SiteWishes) -> String {
    let mut text = String::from(
        "# Which token of the script is which on this machine, and how one logs in. Nothing here changes what is signed, or weakens what\n\
         # the script demands of a token. Its digest is approved together with the plan's.\n#\n\
         # `rootrite hsm doctor` finds out what a token can do and writes its entry, with the module's digest.\n\
         rootrite-site: 1\ntokens:\n",
    );
    for ((name, demand), (label, serial)) in script.tokens.iter().zip(&wishes.tokens) {
        let pin = match demand.pin.as_ref().map(|pin| pin.value) {
            Some(PinCustody::TwoPeople) => "two-halves     # every crypto officer types a part",
            Some(PinCustody::Shares) => {
                "shares     # as many crypto officers as their quorum, each with a share"
            }
            _ => "prompt",
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}:\n    module: {}", name.value, scalar_path(&wishes.module));
        if let Some(configuration) = &wishes.configuration {
            let _ = writeln!(text, "    environment: {{SOFTHSM2_CONF: {}}}", scalar_path(configuration));
        }
        let serial = if serial == "any" {
            "any     # exactly one token has to have the label".to_owned()
        } else {
            quoted(serial)
        };
        let _ = writeln!(
            text,
            "    label: {}\n    serial: {serial}\n    class: {}\n    login: pin\n    pin: {pin}",
            scalar(label),
            wishes.class
        );
    }
    if !wishes.media.is_empty() {
        text.push_str(
            "# Where media are mounted: one place after the other where there are several copies.\nmedia:\n",
        );
        for (name, places) in &wishes.media {
            let places: Vec<String> = places.iter().map(|place| scalar_path(place)).collect();
            let _ = writeln!(text, "  {name}: [{}]", places.join(", "));
        }
    }
    text.push_str(
        "# What the machine is expected to be: `docs/guide/script.md` has everything that can stand here.\n\
         preflight: {allow-interfaces: [lo], minimum-free: 64 MiB}\n",
    );
    text
}

/// A path needs no quotes where it is of the usual characters.
fn scalar_path(path: &str) -> String {
    let usual = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '/' | '.' | '-' | '_' | '+')
    };
    if path.chars().all(usual) { path.to_owned() } else { quoted(path) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn path(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.chars().any(ceremony_log::json::forbidden) {
        Ok(text.to_owned())
    } else {
        Err(format!("found `{text}`, wanted a whole path, such as {MODULE}"))
    }
}

fn class(text: &str) -> Result<String, String> {
    match text {
        "hardware" | "software" => Ok(text.to_owned()),
        other => Err(format!("found `{other}`, wanted hardware or software")),
    }
}

/// A label has 32 octets at most, a serial number 16 (PKCS #11 v3.1 §3.2).
fn of_token(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.len() <= 32 && !text.chars().any(ceremony_log::json::forbidden) {
        Ok(text.to_owned())
    } else {
        Err(format!("found {} octets, wanted 1 to 32 that can be seen", text.len()))
    }
}

/// Where a vendor's module might be.
const MODULE: &str = "/usr/lib/pkcs11/module.so";
/// Where distributions put SoftHSM.
const SOFTHSM: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
