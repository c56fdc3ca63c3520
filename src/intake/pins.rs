//! The pins file: what the online side knows from elsewhere, and never from a bundle.
//!
//! Whoever writes it has compared each digest with paper, with the people of the ceremony, or with a machine that they
//! trust. What is not pinned is not demanded; what has to be pinned says so.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::export::{self, KeyPlace, Server, Setting, State};
use crate::approval::PersonKey;
use crate::clock::Lasting;
use crate::digest::{Digest, from_hex};
use crate::script::{
    Entry, Fields, FromNode, Id, Located, Method, NamePart, Node, Place, Policy, Problems, Value, Whole,
    Word, read_as, unknown, version, wrong,
};

/// What the online side knows.
#[derive(Clone, Debug)]
pub struct Pins {
    /// The file of the tlog-policy, from the pins file's folder.
    pub policy: Located<String>,
    /// The log's origin.
    pub origin: String,
    /// The roots, by the digests of their SubjectPublicKeyInfo.
    pub roots: Vec<Digest>,
    /// The subordinate CAs that may come; cross-certificates for keys that are no root's here among them.
    pub expected: Vec<Expected>,
    /// The programs that may have conducted a ceremony.
    pub tools: Vec<Digest>,
    /// The PKCS#11 modules that may have been loaded; any if none is listed.
    pub modules: Vec<Digest>,
    /// The tokens that may have been used, by serial number; any if none is listed.
    pub token_serials: Vec<String>,
    /// The plans that may have been conducted; any if none is listed.
    pub plans: Vec<Digest>,
    /// The site files that may have been used; any if none is listed.
    pub sites: Vec<Digest>,
    /// How plans and acts have to be approved, at least.
    pub approval: Method,
    /// The keys that may approve, by fingerprint; any that the log registers if none is listed.
    pub approvers: Vec<String>,
    /// The rules that everything signed had to pass. With [`Policy::PublicTls`] tokens are hardware.
    pub rules: Policy,
    /// How old a cosignature may be.
    pub cosigned_within: Option<Lasting>,
    /// What was accepted before, for a store that does not know: a new host, or a new disk.
    pub last: Option<Last>,
    /// The store, from the pins file's folder.
    pub store: Option<Located<String>>,
    /// The fingerprint of the key that signs receipts: Ed25519, in an SSH agent.
    pub receipt_key: Option<Located<String>>,
    /// Who may stage and activate.
    pub people: Vec<Importer>,
    /// What is exported: servers, each with what only the online side knows.
    pub exports: Vec<PinnedExport>,
}

/// An export that is made again at every import.
#[derive(Clone)]
pub struct PinnedExport {
    /// The server.
    pub server: &'static dyn Server,
    /// Its setting. Without a folder that is its own in the active set.
    pub setting: Setting,
}

/// A subordinate CA that is expected.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Where it stands in the file.
    pub place: Place,
    /// Its name: kinds and texts of its attributes, in their order.
    pub subject: Vec<NamePart>,
    /// Its key.
    pub spki_sha256: Option<Digest>,
    /// The profile that it was made by.
    pub profile: Option<String>,
    /// Where its private key is.
    pub token: Option<OnlineToken>,
}

impl Expected {
    /// Its name on one line.
    pub fn name(&self) -> String {
        let parts: Vec<_> = self.subject.iter().map(|part| format!("{}={}", part.kind, part.text)).collect();
        parts.join(", ")
    }
}

/// A key on a token of the online side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineToken {
    /// The PKCS#11 module.
    pub module: String,
    /// What its process has in its environment.
    pub environment: BTreeMap<String, String>,
    /// The token's label.
    pub label: String,
    /// The token's serial number, where a label is not enough.
    pub serial: Option<String>,
    /// The key's `CKA_ID`.
    pub id: Vec<u8>,
    /// How one logs in: `pin`, `none`, `protected-path`, `external`.
    pub login: String,
    /// The file descriptor that the PIN comes on; from the terminal if there is none.
    pub pin_fd: Option<u32>,
}

impl fmt::Debug for PinnedExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.server.name()).field(&self.setting).finish()
    }
}

/// What was accepted before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// How many records.
    pub size: u64,
    /// Their root.
    pub root: Digest,
    /// The number of each issuer's last CRL, by the digest of the issuer's SubjectPublicKeyInfo.
    pub crl_numbers: BTreeMap<Digest, u64>,
}

/// Somebody who may stage, or activate what somebody else staged.
#[derive(Clone, Debug)]
pub struct Importer {
    /// Who.
    pub id: Located<Id>,
    /// Their key.
    pub key: PersonKey,
}

impl Pins {
    /// Reads a pins file.
    ///
    /// # Errors
    ///
    /// Every problem of the file.
    pub fn read(file: &str, octets: &[u8]) -> Result<Whole<Self>, Problems> {
        read_as(file, octets)
    }

    /// Somebody who may stage or activate.
    pub fn person(&self, id: &str) -> Option<&Importer> {
        self.people.iter().find(|person| person.id.value.as_str() == id)
    }
}

impl FromNode for Pins {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, KEYS, problems);
        version(&mut fields, node, "rootrite-pins");
        let policy = fields.required("policy");
        let origin: Option<Located<String>> = fields.required("origin");
        let roots = fields.list::<RootPin>("roots");
        let expected = fields.optional_list::<Expected>("expected");
        let tools = fields.list::<Digest>("tools");
        let modules = fields.optional_list("modules");
        let token_serials = fields.optional_list("token-serials");
        let plans = fields.optional_list("plans");
        let sites = fields.optional_list("sites");
        let approval = fields.optional("approval");
        let approvers: Option<Vec<Located<String>>> = fields.optional_list("approvers");
        let rules = fields.optional("rules");
        let cosigned_within = fields.optional("cosigned-within");
        let last = fields.optional("last");
        let store = fields.optional("store");
        let receipt_key: Option<Located<String>> = fields.optional("receipt-key");
        let people: Option<Vec<Importer>> = fields.optional_list("people");
        let exports = fields.optional::<Exports>("exports");
        let unread = fields.is_unread();
        practice_origin(origin.as_ref(), fields.problems());
        for key in approvers.iter().flatten().chain(&receipt_key) {
            fingerprint(key, fields.problems());
        }
        distinct(people.as_deref().unwrap_or_default(), fields.problems());
        fields.finish();
        if unread {
            return None;
        }
        Some(Self {
            policy: policy?,
            origin: origin?.value,
            roots: roots?.into_iter().map(|pin| pin.0).collect(),
            expected: expected?,
            tools: tools?,
            modules: modules?,
            token_serials: token_serials?,
            plans: plans?,
            sites: sites?,
            approval: approval.unwrap_or(Method::Signature),
            approvers: approvers?.into_iter().map(|key| key.value).collect(),
            rules: rules.unwrap_or(Policy::PublicTls),
            cosigned_within,
            last,
            store,
            receipt_key,
            people: people?,
            exports: exports.map(|exports| exports.0).unwrap_or_default(),
        })
    }
}

/// A practice log is never imported: pins for one could only be a mistake.
fn practice_origin(origin: Option<&Located<String>>, problems: &mut Problems) {
    if let Some(origin) = origin.filter(|origin| origin.value.ends_with("/practice")) {
        let message = format!("found the origin `{}` of a practice log; none is ever imported", origin.value);
        problems.add(origin.place, message);
    }
}

/// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` says it.
fn fingerprint(key: &Located<String>, problems: &mut Problems) {
    let good = key.value.strip_prefix("SHA256:").is_some_and(|rest| {
        rest.len() == 43
            && rest.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/'))
    });
    if !good {
        let found = crate::script::shown(&key.value);
        let message =
            format!("found `{found}`, wanted a key's fingerprint, as `ssh-keygen -l` says it: `SHA256:…`");
        problems.add(key.place, message);
    }
}

/// Whoever stands here twice could stage and activate alone.
fn distinct(people: &[Importer], problems: &mut Problems) {
    for (index, person) in people.iter().enumerate() {
        for other in people.iter().take(index) {
            let what = if person.id.value == other.id.value {
                format!("`{}` is listed twice", person.id.value)
            } else if person.key.blob() == other.key.blob() {
                format!("`{}` has the key of `{}`; wanted a key for each", person.id.value, other.id.value)
            } else {
                continue;
            };
            problems.add(person.id.place, what);
        }
    }
}

/// One root: `{spki-sha256: …}`.
struct RootPin(Digest);

impl FromNode for RootPin {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["spki-sha256"], problems);
        let spki = fields.required("spki-sha256");
        fields.finish();
        spki.map(Self)
    }
}

impl FromNode for Expected {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["subject", "spki-sha256", "profile", "token"], problems);
        let subject = fields.list("subject");
        let spki_sha256 = fields.optional("spki-sha256");
        let profile = fields.optional("profile");
        let token = fields.optional("token");
        if spki_sha256.is_none() && token.is_none() && !fields.is_unread() {
            let message = "neither `spki-sha256` nor `token`: a name alone is no pin";
            fields.problems().add(node.place, message);
        }
        let unread = fields.is_unread();
        fields.finish();
        if unread {
            return None;
        }
        Some(Self { place: node.place, subject: subject?, spki_sha256, profile, token })
    }
}

impl FromNode for OnlineToken {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let all = &["module", "environment", "label", "serial", "id", "login", "pin"];
        let mut fields = Fields::with(node, all, problems);
        let module = fields.required("module");
        let environment = fields.optional::<Environment>("environment");
        let label = fields.required("label");
        let serial = fields.optional("serial");
        let id: Option<Located<String>> = fields.required("id");
        let login = fields.optional::<Login>("login").unwrap_or(Login::Pin);
        let pin = fields.optional::<PinSource>("pin").unwrap_or(PinSource(None));
        let octets = id.as_ref().and_then(|id| {
            let octets = from_hex(&id.value).filter(|octets| (1..=64).contains(&octets.len()));
            if octets.is_none() {
                let found = crate::script::shown(&id.value);
                let message =
                    format!("found `{found}`, wanted a key's CKA_ID: hex digits, two for each octet");
                fields.problems().add(id.place, message);
            }
            octets
        });
        let unread = fields.is_unread();
        fields.finish();
        if unread {
            return None;
        }
        Some(Self {
            module: module?,
            environment: environment.map(|environment| environment.0).unwrap_or_default(),
            label: label?,
            serial,
            id: octets?,
            login: login.word().to_owned(),
            pin_fd: pin.0,
        })
    }
}

/// How one logs in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Login {
    Pin,
    ProtectedPath,
    None,
    External,
}

impl Word for Login {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("pin", Self::Pin),
        ("protected-path", Self::ProtectedPath),
        ("none", Self::None),
        ("external", Self::External),
    ];
}

/// `prompt`, or `{fd: 3}`.
struct PinSource(Option<u32>);

impl FromNode for PinSource {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if node.is_text("prompt") {
            return Some(Self(None));
        }
        let Value::Map(_) = &node.value else {
            let wanted = "`prompt` or `{fd: 3}`; a PIN itself never stands in a file";
            return wrong(node, wanted, problems);
        };
        let mut fields = Fields::with(node, &["fd"], problems);
        let number: Option<Located<u32>> = fields.required("fd");
        fields.finish();
        let number = number?;
        if number.value > 2 {
            return Some(Self(Some(number.value)));
        }
        problems.add(number.place, "a file descriptor for a PIN is 3 or higher");
        None
    }
}

/// Names and values of an environment.
struct Environment(BTreeMap<String, String>);

impl FromNode for Environment {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, "names and values, such as `{SOFTHSM2_CONF: /etc/softhsm2.conf}`", problems);
        };
        let mut read = BTreeMap::new();
        for Entry { node, key, .. } in entries {
            read.insert(key.clone(), String::from_node(node, problems)?);
        }
        Some(Self(read))
    }
}

impl FromNode for Last {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["size", "root", "crl-numbers"], problems);
        let size = fields.required("size");
        let root = fields.required("root");
        let numbers: Option<Vec<CrlNumber>> = fields.optional_list("crl-numbers");
        fields.finish();
        let crl_numbers = numbers?.into_iter().map(|one| (one.issuer, one.number)).collect();
        Some(Self { size: size?, root: root?, crl_numbers })
    }
}

/// The number of one issuer's last CRL.
struct CrlNumber {
    issuer: Digest,
    number: u64,
}

impl FromNode for CrlNumber {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["issuer-spki-sha256", "number"], problems);
        let issuer = fields.required("issuer-spki-sha256");
        let number = fields.required("number");
        fields.finish();
        Some(Self { issuer: issuer?, number: number? })
    }
}

impl FromNode for Importer {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["id", "ssh-key"], problems);
        let id = fields.required("id");
        let key: Option<Located<String>> = fields.required("ssh-key");
        let key = key.and_then(|key| {
            let read = key.value.parse::<PersonKey>();
            read.map_err(|error| fields.problems().add(key.place, error.to_string())).ok()
        });
        fields.finish();
        Some(Self { id: id?, key: key? })
    }
}

/// Settings by servers' names.
struct Exports(Vec<PinnedExport>);

impl FromNode for Exports {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, "servers and their settings, such as `{boulder: {module: …}}`", problems);
        };
        let names: Vec<&str> = export::ALL.iter().map(|server| server.name()).collect();
        let mut read = Vec::new();
        for Entry { key, place, node } in entries {
            let server = export::by_name(key);
            if server.is_none() {
                unknown(key, *place, "server", "servers", &names, problems);
            }
            let setting = setting(node, problems);
            read.push(PinnedExport { server: server?, setting: setting? });
        }
        Some(Self(read))
    }
}

/// What `export` takes from the command line, with the same words.
fn setting(node: &Node, problems: &mut Problems) -> Option<Setting> {
    let mut fields = Fields::with(node, SETTINGS, problems);
    let states = fields.optional::<Located<String>>("state");
    let state = State::NAMES.into_iter().find(|(_, name)| {
        states.as_ref().is_none_or(|state| state.value == *name) && (states.is_some() || *name == "active")
    });
    if let (Some(found), None) = (&states, state) {
        let names = State::NAMES.map(|(_, name)| name);
        unknown(&found.value, found.place, "state", "states", &names, fields.problems());
    }
    let mut text = |key: &'static str| fields.optional::<String>(key);
    let made = Setting {
        folder: text("installed-at").unwrap_or_default(),
        data: text("data-at"),
        module: text("module"),
        token: text("token"),
        keys: BTreeMap::new(),
        pin_file: text("pin-file"),
        acme_url: text("acme-url"),
        crl_url: text("crl-url"),
        issuer_url: text("issuer-url"),
        profiles: Vec::new(),
        owner: text("ca-owner"),
        state: state.map(|(state, _)| state).unwrap_or_default(),
        certificate: text("certificate"),
    };
    let profiles = fields.optional_list("profiles");
    let keys: Option<Vec<PinnedKey>> = fields.optional_list("keys");
    let keys = keys.map(|keys| keys.into_iter().map(|key| (key.spki_sha256, key.place)).collect());
    let place = node.place;
    let unread = fields.is_unread() || state.is_none();
    let setting = Setting { profiles: profiles.unwrap_or_default(), keys: keys.unwrap_or_default(), ..made };
    // A folder that is not named is the store's, which is whole.
    let whole = if setting.folder.is_empty() { "/store".to_owned() } else { setting.folder.clone() };
    if let Err(error) = (Setting { folder: whole, ..setting.clone() }).checked() {
        fields.problems().add(place, error.to_string());
    }
    fields.finish();
    (!unread).then_some(setting)
}

/// Where a key is on the online token.
struct PinnedKey {
    spki_sha256: Digest,
    place: KeyPlace,
}

impl FromNode for PinnedKey {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::with(node, &["spki-sha256", "label", "id"], problems);
        let spki_sha256 = fields.required("spki-sha256");
        let place = KeyPlace { token: None, label: fields.optional("label"), id: fields.optional("id") };
        fields.finish();
        Some(Self { spki_sha256: spki_sha256?, place })
    }
}

/// Every key of an export's setting.
const SETTINGS: &[&str] = &[
    "installed-at",
    "data-at",
    "module",
    "token",
    "keys",
    "pin-file",
    "acme-url",
    "crl-url",
    "issuer-url",
    "profiles",
    "ca-owner",
    "state",
    "certificate",
];

impl Pins {
    /// A path that the file names, from the folder that it is in.
    pub fn path(file: &std::path::Path, named: &Located<String>) -> PathBuf {
        file.parent().unwrap_or(std::path::Path::new("")).join(&named.value)
    }
}

/// Every key of the file.
const KEYS: &[&str] = &[
    "rootrite-pins",
    "policy",
    "origin",
    "roots",
    "expected",
    "tools",
    "modules",
    "token-serials",
    "plans",
    "sites",
    "approval",
    "approvers",
    "rules",
    "cosigned-within",
    "last",
    "store",
    "receipt-key",
    "people",
    "exports",
];

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn text() -> String {
        format!(
            "rootrite-pins: 1\npolicy: policy\norigin: example.org/ceremony-log\nroots: [{{spki-sha256: {DIGEST}}}]\n\
             expected:\n  - {{subject: [{{C: US}}, {{CN: E1}}], spki-sha256: {DIGEST}, profile: tls-subordinate-ca}}\n  \
             - subject: [{{CN: R1}}]\n    token: {{module: /usr/lib/x.so, label: online, id: 0a0b, pin: {{fd: 3}}}}\n\
             tools: [{DIGEST}]\nlast: {{size: 3, root: {DIGEST}, crl-numbers: [{{issuer-spki-sha256: {DIGEST}, number: 4}}]}}\n"
        )
    }

    fn refused(text: &str) -> Vec<String> {
        Pins::read("pins.yaml", text.as_bytes()).err().map(|problems| problems.messages()).unwrap_or_default()
    }

    #[test]
    fn what_is_pinned_is_read_and_what_is_not_is_strict() {
        let pins = Pins::read("pins.yaml", text().as_bytes()).unwrap().value;
        assert_eq!(pins.origin, "example.org/ceremony-log");
        assert_eq!((pins.approval, pins.rules), (Method::Signature, Policy::PublicTls));
        assert_eq!(pins.expected[0].name(), "C=US, CN=E1");
        let token = pins.expected[1].token.as_ref().unwrap();
        assert_eq!(
            (token.id.as_slice(), token.pin_fd, token.login.as_str()),
            (&[10, 11][..], Some(3), "pin")
        );
        assert_eq!(pins.last.unwrap().crl_numbers.values().collect::<Vec<_>>(), [&4]);
        assert!(pins.people.is_empty() && pins.modules.is_empty());
    }

    #[test]
    fn every_message_says_file_line_and_column() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpdZ3xvUmZc4u8sHk0mJq3m8mW4m2mW4m2mW4m2mW4m";
        for (from, to, at) in [
            ("rootrite-pins: 1", "rootrite-pins: 2", "pins.yaml:1:16: "),
            ("origin: example.org/ceremony-log", "origin: a/practice", "pins.yaml:3:9: "),
            ("origin: example.org/ceremony-log\n", "", "pins.yaml:1:1: `origin` is missing"),
            ("origin:", "orign:", "pins.yaml:3:1: "),
            ("spki-sha256: 0123", "spki-sha256: 123", "pins.yaml:4:23: "),
            ("roots: [", "roots: [] # ", "pins.yaml:4:8: "),
            (
                ", spki-sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, profile",
                ", profile",
                "pins.yaml:6:5: ",
            ),
            ("id: 0a0b", "id: 0a0", "pins.yaml:8:55: "),
            ("{fd: 3}", "{fd: 2}", "pins.yaml:8:71: "),
            ("{fd: 3}", "1234", "pins.yaml:8:66: "),
            ("tools: [", "tools: x # ", "pins.yaml:9:8: "),
            ("size: 3", "size: -3", "pins.yaml:10:14: "),
            ("last:", "receipt-key: SHA256:abc\nlast:", "pins.yaml:10:14: "),
            ("last:", "approval: sworn\nlast:", "pins.yaml:10:11: "),
            ("last:", "approvers: [x]\nlast:", "pins.yaml:10:13: "),
            ("last:", "people: [{id: ann, ssh-key: x}]\nlast:", "pins.yaml:10:29: "),
        ] {
            let changed = text().replacen(from, to, 1);
            assert_ne!(changed, text(), "{from}");
            let said = refused(&changed);
            assert!(said.iter().any(|message| message.starts_with(at)), "{to}: {said:?}");
        }
        let two = |one: &str, other: &str, second: &str| {
            let people = format!(
                "people:\n  - {{id: {one}, ssh-key: \"{key}\"}}\n  - {{id: {other}, ssh-key: \"{second}\"}}\n"
            );
            refused(&format!("{}{people}", text()))
        };
        assert!(two("ann", "ben", key).iter().any(|said| said.contains("`ben` has the key of `ann`")));
        assert!(two("ann", "ann", key).iter().any(|said| said.contains("`ann` is listed twice")));
    }
}
