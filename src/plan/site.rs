//! The site file: which thing each token of a script is on this machine, and where outputs go.
//!
//! A site can neither change what is signed nor weaken what the script demands of a token.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Plan;
use super::quirks::{SiteNetwork, SiteQuirks, WritePlace};
use crate::digest::Digest;
use crate::script::{
    Entry, Fields, FromNode, Located, Named, Node, Place, Problems, Value, Whole, Word, read_as, version,
    wrong,
};

/// What a machine is.
#[derive(Clone, Debug)]
pub struct Site {
    /// Each logical token.
    pub tokens: Named<SiteToken>,
    /// Where outputs go, if the command line does not say.
    pub outputs: Option<String>,
    /// What the machine is expected to be.
    pub preflight: Preflight,
}

/// What a logical token is on this machine.
#[derive(Clone, Debug)]
pub struct SiteToken {
    /// The PKCS#11 module.
    pub module: Located<String>,
    /// Its digest.
    pub module_sha256: Option<Located<Digest>>,
    /// The environment that the module's process gets.
    pub environment: BTreeMap<String, String>,
    /// The token's label.
    pub label: Located<String>,
    /// The token's serial number; `any` only if written so.
    pub serial: Option<Located<String>>,
    /// The token's model.
    pub model: Option<String>,
    /// A blank token that `initialize-token` makes ready.
    pub initialize: bool,
    /// What it is made of.
    pub class: Located<Class>,
    /// How one logs in.
    pub login: Login,
    /// Where the PIN comes from.
    pub pin: Option<Located<PinSource>>,
    /// How its make differs.
    pub quirks: SiteQuirks,
}

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A device of its own.
    Hardware,
    /// A program on this machine.
    Software,
}

/// How one logs in to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// By a PIN.
    Pin,
    /// By the token's own PIN pad.
    ProtectedPath,
    /// Not at all.
    None,
    /// Outside of this program, before it: by a vendor's tool and a quorum of cards. Nobody here has checked anything.
    External,
}

/// Where a PIN comes from. Never from the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// One person types it.
    Prompt,
    /// Two people type one half each.
    TwoHalves,
    /// Its holders type their shares.
    Shares,
    /// A file descriptor that is open when the program starts: one line.
    Descriptor(u32),
}

/// What the machine is expected to be.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// Network interfaces that may be up.
    pub allow_interfaces: Vec<String>,
    /// Octets that must be free where things are written.
    pub minimum_free: u64,
}

impl Site {
    /// Reads a site file.
    ///
    /// # Errors
    ///
    /// Every problem of the file.
    pub fn read(file: &str, octets: &[u8]) -> Result<Whole<Self>, Problems> {
        read_as(file, octets)
    }

    /// Finds where the site does not satisfy a script. In a practice ceremony software may stand in for
    /// hardware; the log says which it was.
    pub fn judge(&self, plan: &Plan, practice: bool, problems: &mut Problems) {
        let setting = &plan.setting;
        let initialized: Vec<&str> = plan.steps().filter_map(|step| step.step.initializes()).collect();
        for (name, demand) in &setting.tokens {
            let Some(token) = self.tokens.find(name) else {
                problems.add(Place::START, format!("the script's token `{name}` is missing under `tokens`"));
                continue;
            };
            token.judge_blank(name, initialized.contains(&name.as_str()), problems);
            let class = token.class.value.word();
            if demand.class != "any" && demand.class != class && !practice {
                let message =
                    format!("token `{name}` is of class `{class}`; the script demands `{}`", demand.class);
                problems.add(token.class.place, message);
            }
            if setting.policy == crate::step::Policy::PublicTls && class == "software" && !practice {
                let message = format!("token `{name}` is software; policy `public-tls` takes hardware only");
                problems.add(token.class.place, message);
            }
            if let (Some(message), false) = (token.wrong_custody(name, demand.pin.as_deref()), practice) {
                problems.add(token.pin.as_ref().map_or(token.label.place, |pin| pin.place), message);
            }
            let shares = token.pin.as_ref().filter(|pin| pin.value == PinSource::Shares);
            if let (Some(pin), Err(why)) = (shares, setting.people.can_share_a_pin()) {
                problems.add(pin.place, format!("token `{name}`: {why}"));
            }
            for other in &demand.distinct_from {
                let same = self.tokens.find(other).is_some_and(|other| token.is_same_device(other));
                if same {
                    let message =
                        format!("tokens `{name}` and `{other}` are the same device; the script wants two");
                    problems.add(token.label.place, message);
                }
            }
        }
        self.judge_shared_processes(problems);
        for (name, _) in self.tokens.iter() {
            if !setting.tokens.contains_key(name.value.as_str()) {
                let known: Vec<&str> = setting.tokens.keys().map(String::as_str).collect();
                let known = crate::script::listed(&known);
                problems.add(name.place, format!("the script has no token `{}`; it has {known}", name.value));
            }
        }
    }
}

impl Site {
    /// Tokens of one module and environment share its process, and so what that may do.
    fn judge_shared_processes(&self, problems: &mut Problems) {
        let all: Vec<_> = self.tokens.iter().collect();
        for (place, (name, token)) in all.iter().enumerate() {
            let differs = |other: &SiteToken| {
                other.module.value == token.module.value
                    && other.environment == token.environment
                    && (other.quirks.network, &other.quirks.reserved)
                        != (token.quirks.network, &token.quirks.reserved)
            };
            if let Some((other, _)) = all.iter().take(place).find(|(_, other)| differs(other)) {
                let message = format!(
                    "tokens `{}` and `{}` share their module's process; wanted the same `network` and `reserved` for both",
                    other.value, name.value
                );
                problems.add(token.label.place, message);
            }
        }
    }
}

impl SiteToken {
    /// A token is blank exactly where the script initialises it.
    fn judge_blank(&self, name: &str, initialized: bool, problems: &mut Problems) {
        let message = match (self.initialize, initialized) {
            (true, false) => {
                format!("token `{name}` is blank here, and the script has no `initialize-token` for it")
            }
            (false, true) => {
                format!("the script initialises token `{name}`; wanted `initialize: true`, for a blank one")
            }
            _ => return,
        };
        problems.add(self.label.place, message);
    }

    /// Where the site does not bring the PIN as the script demands. What a PIN pad or a vendor's tool asks of how many is not
    /// for a file to say; the log says that it was they who asked.
    fn wrong_custody(&self, name: &str, demand: Option<&str>) -> Option<String> {
        let source = self.pin.as_ref().map(|pin| pin.value);
        match (demand, self.login, source) {
            (Some("two-people"), Login::Pin, Some(PinSource::TwoHalves | PinSource::Shares))
            | (Some("shares"), Login::Pin, Some(PinSource::Shares)) => None,
            (Some("shares"), Login::Pin, _) => Some(format!(
                "token `{name}`: the script demands that the PIN is put together from shares; wanted `pin: shares`"
            )),
            (Some("shares"), Login::None, _) => Some(format!(
                "token `{name}`: the script demands a PIN from shares; this one asks for no login"
            )),
            (Some("two-people"), Login::Pin, _) => Some(format!(
                "token `{name}`: the script demands that two people bring the PIN; wanted `pin: two-halves` or `pin: shares`"
            )),
            (Some("two-people"), Login::None, _) => Some(format!(
                "token `{name}`: the script demands that two people bring the PIN; this one asks for no login"
            )),
            _ => None,
        }
    }

    /// The module's path.
    pub fn module_path(&self) -> PathBuf {
        PathBuf::from(&self.module.value)
    }

    fn is_same_device(&self, other: &Self) -> bool {
        self.module.value == other.module.value
            && self.environment == other.environment
            && self.label.value == other.label.value
            && self.serial.as_ref().map(|serial| &serial.value)
                == other.serial.as_ref().map(|serial| &serial.value)
    }
}

impl FromNode for Site {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        version(&mut fields, node, "rootrite-site");
        let tokens = fields.required("tokens");
        let outputs = fields.optional("outputs");
        let printer: Option<Located<String>> = fields.optional("printer");
        let preflight = fields.optional("preflight");
        if let Some(printer) = printer.filter(|printer| printer.value != "none") {
            let message = format!("found printer `{}`; this version has `none` only", printer.value);
            fields.problems().add(printer.place, message);
        }
        fields.finish();
        Some(Self { tokens: tokens?, outputs, preflight: preflight.unwrap_or_default() })
    }
}

impl FromNode for SiteToken {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let module = fields.required("module");
        let module_sha256 = fields.optional("module-sha256");
        let environment = fields.optional::<Environment>("environment");
        let label = fields.required("label");
        let serial: Option<Located<String>> = fields.optional("serial");
        let model = fields.optional("model");
        let initialize = fields.optional("initialize").unwrap_or(false);
        let class = fields.required("class");
        let login = fields.required("login");
        let pin: Option<Located<PinSource>> = fields.optional("pin");
        let quirks: Option<SiteQuirks> = fields.optional("quirks");
        let network: Option<SiteNetwork> = fields.optional("network");
        let writes: Vec<String> = fields.optional_list("writes").unwrap_or_default();
        if serial.is_none() && !initialize {
            let message = "`serial` is missing: a token is found by label and serial; `initialize: true` instead for a blank one";
            fields.problems().add(node.place, message);
        }
        if login == Some(Login::Pin) && pin.is_none() && !fields.has("pin") {
            fields
                .problems()
                .add(node.place, "`pin` is missing: `prompt`, `two-halves`, `shares` or `{fd: 3}`");
        }
        fields.finish();
        let module: Located<String> = module?;
        let mut quirks = quirks.unwrap_or_else(|| SiteQuirks::of_module(Path::new(&module.value)));
        quirks.network = network.unwrap_or(quirks.network);
        quirks.writes.extend(writes.into_iter().map(|place| WritePlace::Place(place.into())));
        Some(Self {
            module,
            module_sha256,
            environment: environment.map(|environment| environment.0).unwrap_or_default(),
            label: label?,
            serial: serial.filter(|serial| serial.value != "any"),
            model,
            initialize,
            class: class?,
            login: login?,
            pin,
            quirks,
        })
    }
}

/// Names and values of an environment.
struct Environment(BTreeMap<String, String>);

impl FromNode for Environment {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(
                node,
                "names and values, such as `{SOFTHSM2_CONF: /media/softhsm2.conf}`",
                problems,
            );
        };
        let mut read = BTreeMap::new();
        for Entry { key, place, node } in entries {
            let good =
                !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
            // What the dynamic loader takes from the environment would be a second way to load code.
            if !good || key.starts_with("LD_") {
                problems.add(*place, format!("`{key}` is not a variable that a module's process gets"));
                continue;
            }
            read.insert(key.clone(), String::from_node(node, problems)?);
        }
        Some(Self(read))
    }
}

impl Word for Class {
    const WORDS: &'static [(&'static str, Self)] =
        &[("hardware", Self::Hardware), ("software", Self::Software)];
}

impl Word for Login {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("pin", Self::Pin),
        ("protected-path", Self::ProtectedPath),
        ("none", Self::None),
        ("external", Self::External),
    ];
}

impl FromNode for PinSource {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } if text == "prompt" => Some(Self::Prompt),
            Value::Scalar { text, .. } if text == "two-halves" => Some(Self::TwoHalves),
            Value::Scalar { text, .. } if text == "shares" => Some(Self::Shares),
            Value::Map(_) => {
                let mut fields = Fields::of(node, problems);
                let descriptor: Option<Located<usize>> = fields.required("fd");
                fields.finish();
                let descriptor = descriptor?;
                match u32::try_from(descriptor.value) {
                    Ok(number) if number > 2 => Some(Self::Descriptor(number)),
                    _ => {
                        problems.add(descriptor.place, "a file descriptor for a PIN is 3 or higher");
                        None
                    }
                }
            }
            _ => wrong(
                node,
                "`prompt`, `two-halves`, `shares` or `{fd: 3}`; a PIN itself never stands in a file",
                problems,
            ),
        }
    }
}

impl Default for Preflight {
    fn default() -> Self {
        Self { allow_interfaces: vec!["lo".into()], minimum_free: 64 << 20 }
    }
}

impl FromNode for Preflight {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let allow_interfaces = fields.optional("allow-interfaces");
        let minimum_free = fields.optional::<Size>("minimum-free");
        fields.finish();
        let default = Self::default();
        Some(Self {
            allow_interfaces: allow_interfaces.unwrap_or(default.allow_interfaces),
            minimum_free: minimum_free.map_or(default.minimum_free, |size| size.0),
        })
    }
}

/// An amount of storage: `64 MiB`.
struct Size(u64);

impl FromNode for Size {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let read = node.text().and_then(|text| {
            let (number, unit) = text.split_once(' ')?;
            let (_, octets) = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1_u64 << 30)]
                .into_iter()
                .find(|known| known.0 == unit)?;
            number.parse::<u64>().ok()?.checked_mul(octets).map(Self)
        });
        read.or_else(|| wrong(node, "a number and a unit, such as `64 MiB`", problems))
    }
}
