//! Quirks: how a make of HSM differs, read from its file (`src/hsm/quirks/*.yaml`) or from the site.
//!
//! A site names a make, or says single things otherwise: `quirks: {like: softhsm-2.6, id-octets: 2}`. Where it says nothing,
//! the module's file name finds the make; one that no file knows has none.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::script::{
    Fields, FromNode, Located, Node, Problems, Value, Whole, Word, listed, read_as, version, wrong,
};

/// How a make of HSM differs from the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteQuirks {
    /// The make's name; `standard` for none.
    pub make: String,
    /// How many octets an id has.
    pub id_octets: usize,
    /// How many octets of randomness the token gives in one call.
    pub random_limit: usize,
    /// How many sessions make many signatures side by side; nothing for as many as there are processors.
    pub sessions: Option<usize>,
    /// Whether it keeps data objects, such as the log's head.
    pub data_objects: bool,
    /// Attributes left out of the template of a private key.
    pub omit_private: Vec<Attribute>,
    /// Attributes left out of the template of a public key.
    pub omit_public: Vec<Attribute>,
    /// Attributes on a key's origin that the token cannot tell.
    pub untold: Vec<Origin>,
    /// Uses of a public key that the token says otherwise than asked.
    pub untold_public: Vec<PublicUse>,
    /// By what the token signs only what it hashes itself.
    pub hashes: Vec<HashedBy>,
    /// After how many wrong PINs the token locks without having warned; nothing if it warns or never locks.
    pub pin_tries: Option<u32>,
    /// The user type that logs in, where it is not the standard's.
    pub user_type: Option<u64>,
    /// A text that the module wants when it is initialised.
    pub reserved: Option<String>,
    /// How long making a key pair may take.
    pub generate_timeout: Option<Duration>,
    /// Which sockets the module needs.
    pub network: SiteNetwork,
    /// Where the module writes.
    pub writes: Vec<WritePlace>,
    /// By which mechanism the token wraps into which format.
    pub wrap: Vec<Wrap>,
    /// Kinds of keys, by their names in scripts, that it makes and neither wraps nor takes back.
    pub unwrappable: Vec<AlgorithmName>,
    /// Whether a key there never loses the permission to leave, and is sealed by being replaced.
    pub replaces: bool,
}

/// Which sockets a module may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SiteNetwork {
    /// None.
    #[default]
    Deny,
    /// To other processes of this machine.
    Unix,
    /// As [`SiteNetwork::Unix`], and TCP to the port of one peer.
    Peer(SocketAddr),
}

/// Where a module writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WritePlace {
    /// A folder, file or device.
    Place(PathBuf),
    /// What a variable of its environment names.
    Variable(String),
    /// What its configuration file says under a key.
    Configuration {
        /// The variable that names the file.
        variable: String,
        /// The file, where the variable is not set.
        default: PathBuf,
        /// The key, before ` = `.
        key: String,
    },
}

/// A wrapped key's format and the mechanism that makes it. Numbers do not tell: 0x210a is RFC 5649 for one make and RFC
/// 3394 over PKCS#7 for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// What comes of it.
    pub format: WrapFormat,
    /// The mechanism's number.
    pub mechanism: u64,
}

/// By what a token signs only what it hashes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashedBy {
    /// RSA, PKCS #1 v1.5.
    Rsa,
    /// RSA-PSS.
    RsaPss,
    /// ECDSA.
    Ecdsa,
}

impl HashedBy {
    /// The word for it in site files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::RsaPss => "rsa-pss",
            Self::Ecdsa => "ecdsa",
        }
    }
}

/// A list of them; `true` is RSA alone, `false` nothing.
struct OwnHashes(Vec<HashedBy>);

impl FromNode for OwnHashes {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, quoted: false } if text == "true" => Some(Self(vec![HashedBy::Rsa])),
            Value::Scalar { text, quoted: false } if text == "false" => Some(Self(Vec::new())),
            _ => Vec::from_node(node, problems).map(Self),
        }
    }
}

/// What a wrapped key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapFormat {
    /// AES key wrap with padding, RFC 5649.
    Rfc5649,
    /// AES key wrap, RFC 3394.
    Rfc3394,
    /// AES key wrap, RFC 3394, over PKCS#7 padding.
    Rfc3394Pkcs7,
}

/// The name of a key algorithm, as scripts write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmName(pub String);

impl FromNode for AlgorithmName {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let name = Located::<String>::from_node(node, problems)?;
        let known = crate::step::algorithm_names();
        if known.contains(&name.value.as_str()) {
            return Some(Self(name.value));
        }
        let message = format!("there is no key algorithm `{}`; there are {}", name.value, listed(&known));
        problems.add(name.place, message);
        None
    }
}

impl SiteQuirks {
    /// A token without quirks.
    pub fn standard() -> Self {
        Self {
            make: "standard".into(),
            id_octets: 16,
            random_limit: 4096,
            sessions: None,
            data_objects: true,
            omit_private: Vec::new(),
            omit_public: Vec::new(),
            untold: Vec::new(),
            untold_public: Vec::new(),
            hashes: Vec::new(),
            pin_tries: None,
            user_type: None,
            reserved: None,
            generate_timeout: None,
            network: SiteNetwork::Deny,
            writes: Vec::new(),
            wrap: Vec::new(),
            unwrappable: Vec::new(),
            replaces: false,
        }
    }

    /// The make that a module's file name tells; the standard if none.
    pub fn of_module(module: &Path) -> Self {
        let name = module.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        MAKES
            .iter()
            .map(|(make, text)| read(make, text))
            .find(|(modules, _)| modules.iter().any(|one| one == name))
            .map_or_else(Self::standard, |(_, quirks)| quirks)
    }

    /// The make of a name.
    pub fn named(make: &str) -> Option<Self> {
        if make == "standard" {
            return Some(Self::standard());
        }
        MAKES.iter().find(|(known, _)| *known == make).map(|(make, text)| read(make, text).1)
    }

    /// The names of all makes.
    pub fn makes() -> Vec<&'static str> {
        std::iter::once("standard").chain(MAKES.iter().map(|(make, _)| *make)).collect()
    }

    /// The places where the module writes, in its environment; nothing if nobody has said.
    pub fn write_places(&self, environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
        let place = |place: &WritePlace| match place {
            WritePlace::Place(place) => Some(place.clone()),
            WritePlace::Variable(variable) => environment.get(variable).map(PathBuf::from),
            WritePlace::Configuration { variable, default, key } => {
                let file = environment.get(variable).map_or_else(|| default.clone(), PathBuf::from);
                let text = std::fs::read_to_string(file).ok()?;
                text.lines().find_map(|line| {
                    let (name, value) = line.split_once('=')?;
                    (name.trim() == key).then(|| PathBuf::from(value.trim()))
                })
            }
        };
        self.writes.iter().filter_map(place).collect()
    }

    /// What a map says on top of what is known already.
    fn take(mut self, fields: &mut Fields<'_, '_>) -> Self {
        fn set<T: FromNode>(fields: &mut Fields<'_, '_>, key: &'static str, place: &mut T) {
            if let Some(value) = fields.optional(key) {
                *place = value;
            }
        }
        set(fields, "omit-private", &mut self.omit_private);
        set(fields, "omit-public", &mut self.omit_public);
        set(fields, "untold", &mut self.untold);
        set(fields, "data-objects", &mut self.data_objects);
        set(fields, "untold-public", &mut self.untold_public);
        if let Some(hashes) = fields.optional::<OwnHashes>("hashes") {
            self.hashes = hashes.0;
        }
        set(fields, "network", &mut self.network);
        set(fields, "wrap", &mut self.wrap);
        set(fields, "unwrappable", &mut self.unwrappable);
        if let Some(way) = fields.optional::<SealWay>("seal") {
            self.replaces = way == SealWay::Replaced;
        }
        if let Some(writes) = fields.optional::<Writes>("writes") {
            self.writes = writes.0;
        }
        if let Some(octets) = bounded(fields, "id-octets", 1, 16) {
            self.id_octets = octets;
        }
        if let Some(octets) = bounded(fields, "random-limit", 1, 1 << 20) {
            self.random_limit = octets;
        }
        if let Some(sessions) = bounded(fields, "sessions", 1, 1024) {
            self.sessions = Some(sessions);
        }
        if let Some(tries) = bounded(fields, "pin-tries", 1, 100) {
            self.pin_tries = u32::try_from(tries).ok();
        }
        if let Some(seconds) = bounded(fields, "generate-timeout", 1, 86_400) {
            self.generate_timeout = Some(Duration::from_secs(seconds as u64));
        }
        self.reserved = fields.optional("reserved").or(self.reserved);
        self.user_type = fields.optional::<Number>("user-type").map(|number| number.0).or(self.user_type);
        self
    }
}

/// How a key loses the permission to leave its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SealWay {
    /// `CKA_EXTRACTABLE` is set to false.
    Cleared,
    /// It is destroyed, and what comes back from its backup takes its place.
    Replaced,
}

impl Word for SealWay {
    const WORDS: &'static [(&'static str, Self)] =
        &[("cleared", Self::Cleared), ("replaced", Self::Replaced)];
}

/// A number within bounds.
fn bounded(fields: &mut Fields<'_, '_>, key: &'static str, least: usize, most: usize) -> Option<usize> {
    let read: Located<usize> = fields.optional(key)?;
    if (least..=most).contains(&read.value) {
        return Some(read.value);
    }
    let message = format!("`{key}` is {}; wanted {least} to {most}", read.value);
    fields.problems().add(read.place, message);
    None
}

/// A quirk file that is part of this program: the modules it is for, and what it says. A test reads each of them without a
/// problem.
fn read(make: &str, text: &str) -> (Vec<String>, SiteQuirks) {
    match read_as::<QuirkFile>(make, text.as_bytes()) {
        Ok(Whole { value: QuirkFile { modules, quirks }, .. }) => {
            (modules, SiteQuirks { make: make.to_owned(), ..quirks })
        }
        Err(_) => (Vec::new(), SiteQuirks::standard()),
    }
}

struct QuirkFile {
    modules: Vec<String>,
    quirks: SiteQuirks,
}

impl FromNode for QuirkFile {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        version(&mut fields, node, "rootrite-quirks");
        let modules = fields.list("modules");
        let quirks = SiteQuirks::standard().take(&mut fields);
        fields.finish();
        Some(Self { modules: modules?, quirks })
    }
}

impl FromNode for SiteQuirks {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Some(make) = node.text() {
            return Self::named(make).or_else(|| {
                let makes = listed(&Self::makes());
                wrong(node, &format!("a make that is known, {makes}, or a map with `like`"), problems)
            });
        }
        let mut fields = Fields::of(node, problems);
        let like = fields.required::<Located<String>>("like");
        let base = like.and_then(|like| {
            let known = Self::named(&like.value);
            if known.is_none() {
                let message =
                    format!("there is no make `{}`; known are {}", like.value, listed(&Self::makes()));
                fields.problems().add(like.place, message);
            }
            known
        });
        let quirks = base.clone().unwrap_or_else(Self::standard).take(&mut fields);
        fields.finish();
        base.map(|_| quirks)
    }
}

impl FromNode for SiteNetwork {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match (&node.value, node.text()) {
            (_, Some("deny")) => Some(Self::Deny),
            (_, Some("unix")) => Some(Self::Unix),
            (Value::Map(_), _) => {
                let mut fields = Fields::of(node, problems);
                let peer: Option<Located<String>> = fields.required("peer");
                fields.finish();
                let peer = peer?;
                let read = peer.value.parse().ok().filter(|read: &SocketAddr| read.port() > 0);
                if read.is_none() {
                    let message = format!(
                        "found peer `{}`; wanted an address and a port, such as `192.168.0.2:9004`",
                        peer.value
                    );
                    problems.add(peer.place, message);
                }
                read.map(Self::Peer)
            }
            _ => wrong(node, "`deny`, `unix` or `{peer: 192.168.0.2:9004}`", problems),
        }
    }
}

/// Where a module writes, as a map.
struct Writes(Vec<WritePlace>);

impl FromNode for Writes {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let places: Vec<String> = fields.optional_list("places")?;
        let variables: Vec<String> = fields.optional_list("variables")?;
        let configuration: Option<Configuration> = fields.optional("configuration");
        fields.finish();
        let all = places.into_iter().map(|place| WritePlace::Place(place.into()));
        let all = all.chain(variables.into_iter().map(WritePlace::Variable));
        Some(Self(all.chain(configuration.map(|configuration| configuration.0)).collect()))
    }
}

struct Configuration(WritePlace);

impl FromNode for Configuration {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (variable, default, key) =
            (fields.required("variable"), fields.required("default"), fields.required("key"));
        fields.finish();
        let default: String = default?;
        Some(Self(WritePlace::Configuration { variable: variable?, default: default.into(), key: key? }))
    }
}

impl FromNode for Wrap {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (format, mechanism) = (fields.required("format"), fields.required::<Number>("mechanism"));
        fields.finish();
        Some(Self { format: format?, mechanism: mechanism?.0 })
    }
}

/// A number of PKCS#11, in hex as its header has it, or in decimal.
struct Number(u64);

impl FromNode for Number {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let read = node.text().and_then(|text| match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        });
        read.map(Self).or_else(|| wrong(node, "a number of PKCS#11, such as `0x210b`", problems))
    }
}

impl WrapFormat {
    /// The name in site files.
    pub fn name(self) -> &'static str {
        self.word()
    }
}

impl Word for HashedBy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("rsa", Self::Rsa), ("rsa-pss", Self::RsaPss), ("ecdsa", Self::Ecdsa)];
}

impl Word for WrapFormat {
    const WORDS: &'static [(&'static str, Self)] =
        &[("rfc5649", Self::Rfc5649), ("rfc3394", Self::Rfc3394), ("rfc3394-pkcs7", Self::Rfc3394Pkcs7)];
}

/// Makes an enum whose words are names of PKCS#11.
macro_rules! attributes {
    ($(#[$about:meta])* $kind:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the attribute of its name")]
        pub enum $kind { $($variant),+ }

        impl $kind {
            /// The name in PKCS#11.
            pub fn name(self) -> &'static str {
                self.word()
            }
        }

        impl Word for $kind {
            const WORDS: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];
        }
    };
}

attributes! {
    /// An attribute that a template can do without: what it says is as if it had been left out, and that is read back.
    /// Nothing that keeps a key inside is among them.
    Attribute {
        Class = "CKA_CLASS",
        KeyType = "CKA_KEY_TYPE",
        Verify = "CKA_VERIFY",
        SignRecover = "CKA_SIGN_RECOVER",
        VerifyRecover = "CKA_VERIFY_RECOVER",
        Encrypt = "CKA_ENCRYPT",
        Decrypt = "CKA_DECRYPT",
        Wrap = "CKA_WRAP",
        Unwrap = "CKA_UNWRAP",
        Derive = "CKA_DERIVE",
        Modifiable = "CKA_MODIFIABLE",
        Copyable = "CKA_COPYABLE",
        Destroyable = "CKA_DESTROYABLE",
        AlwaysAuthenticate = "CKA_ALWAYS_AUTHENTICATE",
        WrapWithTrusted = "CKA_WRAP_WITH_TRUSTED",
    }
}

attributes! {
    /// An attribute that says how a key came to be, or that a token refuses to show.
    Origin {
        Local = "CKA_LOCAL",
        AlwaysSensitive = "CKA_ALWAYS_SENSITIVE",
        NeverExtractable = "CKA_NEVER_EXTRACTABLE",
        Value = "CKA_VALUE",
        PrivateExponent = "CKA_PRIVATE_EXPONENT",
    }
}

attributes! {
    /// A use of a public key. None of them protects anything: anybody has a public key.
    PublicUse {
        Verify = "CKA_VERIFY",
        VerifyRecover = "CKA_VERIFY_RECOVER",
        Encrypt = "CKA_ENCRYPT",
        Wrap = "CKA_WRAP",
        Derive = "CKA_DERIVE",
    }
}

/// Every make: a new one is a file and a line.
const MAKES: &[(&str, &str)] = &[
    ("aws-cloudhsm-5", include_str!("../hsm/quirks/aws-cloudhsm-5.yaml")),
    ("kryoptic-1", include_str!("../hsm/quirks/kryoptic-1.yaml")),
    ("nss-3", include_str!("../hsm/quirks/nss-3.yaml")),
    ("opencryptoki-3", include_str!("../hsm/quirks/opencryptoki-3.yaml")),
    ("p11-kit-client", include_str!("../hsm/quirks/p11-kit-client.yaml")),
    ("softhsm-2.6", include_str!("../hsm/quirks/softhsm-2.6.yaml")),
    ("tpm2-pkcs11-1", include_str!("../hsm/quirks/tpm2-pkcs11-1.yaml")),
    ("yubihsm-2", include_str!("../hsm/quirks/yubihsm-2.yaml")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_quirks_is_read_and_is_on_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hsm/quirks");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".yaml", ""))
            .collect();
        files.sort();
        let makes: Vec<&str> = MAKES.iter().map(|(make, _)| *make).collect();
        assert_eq!(files, makes);
        for (make, text) in MAKES {
            let problems = read_as::<QuirkFile>(make, text.as_bytes()).err();
            assert!(problems.is_none(), "{make}: {:?}", problems.map(|problems| problems.messages()));
            assert_eq!(SiteQuirks::named(make).unwrap().make, *make);
        }
    }

    fn of_site(text: &str) -> Result<SiteQuirks, Vec<String>> {
        read_as::<SiteQuirks>("site.yaml", text.as_bytes())
            .map(|whole| whole.value)
            .map_err(|problems| problems.messages())
    }

    #[test]
    fn what_keeps_a_key_inside_cannot_be_left_out() {
        for name in [
            "CKA_TOKEN",
            "CKA_PRIVATE",
            "CKA_SENSITIVE",
            "CKA_EXTRACTABLE",
            "CKA_SIGN",
            "CKA_ID",
            "CKA_LABEL",
        ] {
            for key in ["omit-private", "omit-public", "untold", "untold-public"] {
                let problems = of_site(&format!("like: standard\n{key}: [{name}]\n")).unwrap_err();
                assert!(problems.concat().contains(&format!("there is no word `{name}`")), "{problems:?}");
            }
        }
        let quirks =
            of_site("like: softhsm-2.6\nomit-private: [CKA_COPYABLE]\nid-octets: 2\nuntold: [CKA_LOCAL]\n");
        let quirks = quirks.unwrap();
        assert_eq!((quirks.make.as_str(), quirks.id_octets), ("softhsm-2.6", 2));
        assert_eq!(quirks.omit_private, [Attribute::Copyable]);
        assert_eq!(quirks.untold, [Origin::Local]);
    }

    #[test]
    fn what_no_quirk_can_be_is_said() {
        for (text, said) in [
            ("like: softhsm-9\n", "there is no make `softhsm-9`"),
            ("like: standard\nid-octets: 17\n", "`id-octets` is 17; wanted 1 to 16"),
            ("like: standard\nnetwork: {peer: hsm.example.org:9004}\n", "found peer `hsm.example.org:9004`"),
            ("like: standard\nwrap: [{format: pkcs7, mechanism: 0x1}]\n", "there is no word `pkcs7`"),
            ("like: standard\nunwrappable: [ed448]\n", "there is no key algorithm `ed448`"),
            ("like: standard\ncolour: red\n", "there is no key `colour`"),
        ] {
            let problems = of_site(text).unwrap_err();
            assert!(problems.concat().contains(said), "{text}: {problems:?}");
        }
    }

    #[test]
    fn a_module_s_file_name_finds_its_make() {
        assert_eq!(SiteQuirks::of_module(Path::new("/usr/lib/softhsm/libsofthsm2.so")).make, "softhsm-2.6");
        assert_eq!(SiteQuirks::of_module(Path::new("/opt/vendor.so")), SiteQuirks::standard());
    }

    #[test]
    fn the_places_that_a_module_writes_to_come_from_its_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("softhsm2.conf");
        std::fs::write(&file, "# tokens\ndirectories.tokendir = /media/tokens\nlog.level = ERROR\n").unwrap();
        let quirks = SiteQuirks::named("softhsm-2.6").unwrap();
        let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), file.display().to_string())]);
        assert_eq!(quirks.write_places(&environment), [PathBuf::from("/media/tokens")]);
        let elsewhere = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), "/no/such/file".to_owned())]);
        assert_eq!(quirks.write_places(&elsewhere), Vec::<PathBuf>::new());
    }
}
