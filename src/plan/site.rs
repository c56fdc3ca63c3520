//! The site file: which thing each token of a script is on this machine, and where outputs go.
//!
//! A site can neither change what is signed nor weaken what the script demands of a token.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Outline;
use super::SiteEncryptor;
use super::quirks::{SiteNetwork, SiteQuirks, Wrap, WritePlace};
use crate::digest::Digest;
use crate::script::{
    Entry, Fields, FromNode, Located, Named, Node, Part, Place, Problems, Value, Whole, Word, read_as,
    version, wrong,
};
use crate::step::PinKind;

/// What a machine is.
#[derive(Clone, Debug)]
pub struct Site {
    /// Each logical token.
    pub tokens: Named<SiteToken>,
    /// Where outputs go, if the command line does not say.
    pub outputs: Option<String>,
    /// Where media are mounted.
    pub media: Named<SiteMedium>,
    /// What the machine is expected to be.
    pub preflight: Preflight,
    /// What prints sheets, if anything does.
    pub printer: Option<SitePrinter>,
    /// What encrypts shares for their holders' own keys.
    pub encryptors: Named<SiteEncryptor>,
}

/// What prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePrinter {
    /// What it is reached by.
    pub to: PrinterPort,
    /// Whether it is sent PDF; else plain text.
    pub pdf: bool,
    /// Whether its paper is US Letter; else A4.
    pub letter: bool,
}

/// What a printer is reached by. Never a file: that would keep what is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrinterPort {
    /// A device of this machine.
    Device(PathBuf),
    /// A program that takes the page on its standard input.
    Command(Vec<String>),
}

/// Where a medium is mounted: a place for each copy, or one for all.
#[derive(Clone, Debug)]
pub struct SiteMedium {
    /// The folders.
    pub folders: Vec<PathBuf>,
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
    /// The digest of the program's file.
    pub program: Option<Digest>,
    /// The system's name and kernel, as `preflight` says them.
    pub operating_system: Option<String>,
    /// Words that the kernel was started with.
    pub command_line: Option<Vec<String>>,
    /// Whether Secure Boot is on.
    pub secure_boot: Option<bool>,
    /// The kernel's lockdown, at least.
    pub lockdown: Option<Lockdown>,
    /// The digest of the names of the kernel's modules.
    pub kernel_modules: Option<Digest>,
    /// Registers of the TPM, by number.
    pub registers: BTreeMap<u64, Digest>,
    /// Whether it may be a virtual machine.
    pub virtual_machine: bool,
    /// USB devices that may be there.
    pub usb: Option<Vec<String>>,
    /// Whether the root is read-only, or nothing of it stays.
    pub read_only: bool,
    /// Places of disks that may be written.
    pub disks: Option<Vec<String>>,
    /// Whether log and outputs are on file systems of their own.
    pub separate: bool,
    /// Octets of memory that must be free.
    pub minimum_memory: u64,
}

/// How much the kernel denies to root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockdown {
    /// Nothing.
    None,
    /// Changing the kernel.
    Integrity,
    /// Reading it too.
    Confidentiality,
}

impl Lockdown {
    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("none", |(word, _)| word)
    }
}

impl Word for Lockdown {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("integrity", Self::Integrity), ("confidentiality", Self::Confidentiality)];
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
    /// hardware; the log says which it was. Of a script that has mistakes what is certain is enough.
    pub fn judge(&self, plan: &Outline<'_>, practice: bool, problems: &mut Problems) {
        let setting = plan.setting;
        let initialized: Vec<&str> = plan.steps().filter_map(|step| step.step.initializes()).collect();
        for (name, demand) in &setting.tokens {
            let Some(token) = self.tokens.find(name) else {
                problems.add(Place::START, format!("the script's token `{name}` is missing under `tokens`"));
                continue;
            };
            token.judge_blank(name, initialized.contains(&name.as_str()), problems);
            let class = token.class.value.word();
            let public = plan.knows(Part::Policy) && setting.policy == crate::step::Policy::PublicTls;
            if demand.class != "any" && demand.class != class && !practice {
                let message =
                    format!("token `{name}` is of class `{class}`; the script demands `{}`", demand.class);
                problems.add(token.class.place, message);
            } else if public && class == "software" && !practice {
                let message = format!("token `{name}` is software; policy `public-tls` takes hardware only");
                problems.add(token.class.place, message);
            }
            if let (Some(message), false) = (token.wrong_custody(name, demand.pin.as_deref()), practice) {
                problems.add(token.pin.as_ref().map_or(token.label.place, |pin| pin.place), message);
            }
            let shares =
                token.pin.as_ref().filter(|pin| pin.value == PinSource::Shares && plan.knows(Part::People));
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
        self.judge_media(plan, problems);
        self.judge_encryptors(plan, problems);
        self.judge_wraps(plan, problems);
        self.judge_splits(plan, problems);
        for (name, _) in self.tokens.iter().filter(|_| plan.knows(Part::Tokens)) {
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

impl Site {
    /// Every medium of the script has a place, or one for each copy.
    fn judge_media(&self, plan: &Outline<'_>, problems: &mut Problems) {
        let written = plan.steps().filter_map(|step| step.step.medium());
        let read = plan.steps().filter_map(|step| step.step.reads());
        let own: Vec<String> =
            plan.steps().flat_map(|step| step.step.encrypts()).map(|(_, medium)| medium).collect();
        for (name, copies) in written.chain(read).chain(own.iter().map(|name| (name.as_str(), 1))) {
            let Some(medium) = self.media.find(name) else {
                problems.add(Place::START, format!("the script's medium `{name}` is missing under `media`"));
                continue;
            };
            let places = medium.folders.len();
            if places > 1 && places < copies {
                let message = format!(
                    "medium `{name}` has {places} folders; the script wants {copies} copies: one folder for all, or one for each"
                );
                problems.add(Place::START, message);
            }
        }
    }

    /// Every key that goes from one token to others wrapped can do so, as far as their makes are known.
    fn judge_wraps(&self, plan: &Outline<'_>, problems: &mut Problems) {
        for (step, wrapping) in plan.steps().filter_map(|step| Some((step, step.step.wraps()?))) {
            let named = |name: &str| self.tokens.find(name).map(|token| (name.to_owned(), token));
            let from = wrapping.from.and_then(named);
            let to: Vec<_> = wrapping.to.iter().filter_map(|name| named(name)).collect();
            let mut good = true;
            for (name, token) in from.iter().chain(&to) {
                let quirks = &token.quirks;
                let why = if quirks.wrap.is_empty() {
                    "nobody has said how it wraps keys; `rootrite hsm doctor` finds it out".to_owned()
                } else if quirks.unwrappable.iter().any(|one| one.0 == wrapping.algorithm) {
                    format!(
                        "its make, `{}`, wraps no {} key and takes none back",
                        quirks.make, wrapping.algorithm
                    )
                } else {
                    continue;
                };
                good = false;
                let message = format!("token `{name}`, for step {}: {why}", step.number);
                problems.add(token.label.place, message);
            }
            let takes = |wrap: &Wrap| {
                to.iter().all(|(_, other)| other.quirks.wrap.iter().any(|one| one.format == wrap.format))
            };
            if let Some((name, token)) =
                from.filter(|(_, token)| good && !token.quirks.wrap.iter().any(takes))
            {
                let message = format!(
                    "token `{name}`, for step {}: no format in which it wraps a key is one that {} take",
                    step.number,
                    wrapping.to.join(", ")
                );
                problems.add(token.label.place, message);
            }
        }
    }

    /// Every PIN that a step divides is one that people type here.
    fn judge_splits(&self, plan: &Outline<'_>, problems: &mut Problems) {
        for (step, (name, kind)) in plan.steps().filter_map(|step| Some((step, step.step.splits()?))) {
            let Some(token) = self.tokens.find(name) else { continue };
            let source = token.pin.as_ref().map(|pin| pin.value);
            let why = match (token.login, source) {
                (Login::ProtectedPath, _) => "it is typed at the token's own PIN pad",
                (_, _) if kind == PinKind::SecurityOfficer => continue,
                (Login::None, _) => "the token asks for none",
                (Login::External, _) => "it is not typed here",
                (Login::Pin, Some(PinSource::Shares)) => "it is in shares already",
                (Login::Pin, _) => continue,
            };
            let message = format!("step {} divides the {}: {why}", step.number, kind.of(name));
            problems.add(token.label.place, message);
        }
    }

    /// The folders that media are mounted in. What is mounted later is another file system than now: the folder above is
    /// what can be allowed.
    pub fn mount_points(&self) -> Vec<PathBuf> {
        let all = self.media.iter().flat_map(|(_, medium)| &medium.folders);
        all.filter_map(|folder| folder.parent().map(PathBuf::from)).collect()
    }
}

impl FromNode for SiteMedium {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let folders: Vec<String> = match &node.value {
            Value::List(_) => Vec::from_node(node, problems)?,
            _ => vec![String::from_node(node, problems)?],
        };
        let good = |folder: &String| {
            let path = Path::new(folder);
            path.is_absolute() && path.components().count() > 2
        };
        if folders.is_empty() || !folders.iter().all(good) {
            return wrong(
                node,
                "a whole path below a folder, such as `/media/online`, or a list of them, one for each copy",
                problems,
            );
        }
        Some(Self { folders: folders.into_iter().map(PathBuf::from).collect() })
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
        let printer: Option<MaybePrinter> = fields.optional("printer");
        let encryptors = fields.optional("encryptors");
        let media = fields.optional("media");
        let preflight = fields.optional("preflight");
        fields.finish();
        Some(Self {
            tokens: tokens?,
            outputs,
            media: media.unwrap_or_default(),
            preflight: preflight.unwrap_or_default(),
            printer: printer.and_then(|printer| printer.0),
            encryptors: encryptors.unwrap_or_default(),
        })
    }
}

/// `none`, or what prints.
struct MaybePrinter(Option<SitePrinter>);

impl FromNode for MaybePrinter {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        const WANTED: &str = "`none`, `{device: /dev/usb/lp0}` or `{command: [lp, -d, ceremony]}`";
        if !matches!(node.value, Value::Map(_)) {
            let word = String::from_node(node, problems)?;
            return if word == "none" { Some(Self(None)) } else { wrong(node, WANTED, problems) };
        }
        let mut fields = Fields::with(node, &["device", "command", "form", "paper"], problems);
        let device: Option<String> = fields.optional("device");
        let command: Option<Vec<String>> = fields.optional_list("command");
        let form: Option<Form> = fields.optional("form");
        let paper: Option<Paper> = fields.optional("paper");
        fields.finish();
        let to = match (device, command.filter(|command| !command.is_empty())) {
            (Some(device), None) if Path::new(&device).is_absolute() => PrinterPort::Device(device.into()),
            (None, Some(command)) => PrinterPort::Command(command),
            _ => return wrong(node, WANTED, problems),
        };
        // A device takes what it is sent as it is; a print service knows what a PDF is.
        let as_usual = if matches!(to, PrinterPort::Device(_)) { Form::Text } else { Form::Pdf };
        let pdf = form.unwrap_or(as_usual) == Form::Pdf;
        Some(Self(Some(SitePrinter { to, pdf, letter: paper == Some(Paper::Letter) })))
    }
}

/// What a printer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Pdf,
}

impl Word for Form {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("pdf", Self::Pdf)];
}

/// What a printer prints on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paper {
    A4,
    Letter,
}

impl Word for Paper {
    const WORDS: &'static [(&'static str, Self)] = &[("a4", Self::A4), ("letter", Self::Letter)];
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
        Self {
            allow_interfaces: vec!["lo".into()],
            minimum_free: 64 << 20,
            program: None,
            operating_system: None,
            command_line: None,
            secure_boot: None,
            lockdown: None,
            kernel_modules: None,
            registers: BTreeMap::new(),
            virtual_machine: false,
            usb: None,
            read_only: false,
            disks: None,
            separate: false,
            minimum_memory: 64 << 20,
        }
    }
}

impl FromNode for Preflight {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let default = Self::default();
        let registers = fields.optional::<Named<Digest>>("boot-registers").unwrap_or_default();
        let mut numbered = BTreeMap::new();
        for (name, digest) in registers.iter() {
            match name.value.as_str().parse::<u64>() {
                Ok(number) if number < 24 => drop(numbered.insert(number, *digest)),
                _ => {
                    let message = format!("found register `{}`; a TPM has 0 to 23", name.value);
                    fields.problems().add(name.place, message);
                }
            }
        }
        let read = Self {
            allow_interfaces: fields.optional("allow-interfaces").unwrap_or(default.allow_interfaces),
            minimum_free: fields.optional::<Size>("minimum-free").map_or(default.minimum_free, |size| size.0),
            program: fields.optional("program-sha256"),
            operating_system: fields.optional("operating-system"),
            command_line: fields.optional("command-line"),
            secure_boot: fields.optional("secure-boot"),
            lockdown: fields.optional("lockdown"),
            kernel_modules: fields.optional("kernel-modules-sha256"),
            registers: numbered,
            virtual_machine: fields.optional("virtual-machine").unwrap_or(false),
            usb: fields.optional("usb"),
            read_only: fields.optional("read-only-root").unwrap_or(false),
            disks: fields.optional("disks"),
            separate: fields.optional("separate-file-systems").unwrap_or(false),
            minimum_memory: fields
                .optional::<Size>("minimum-memory")
                .map_or(default.minimum_memory, |size| size.0),
        };
        fields.finish();
        Some(read)
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
