//! What a configuration of Boulder's `ceremony` says: the fields of every kind that it knows.
//!
//! Source: the README beside Boulder's `cmd/ceremony`; older spellings of a field are taken too.
//!
//! PINs that stand in such files are passed over: their value is read into nothing.

use crate::clock::Timestamp;
use crate::pki::reason::Reason;
use crate::script::{Fields, FromNode, Located, Node, Place, Problems, Source, Word, read_as, wrong};

/// One file.
pub struct Configuration {
    /// Its lines, for problems that are found later.
    pub source: Source,
    /// Where it begins.
    pub place: Place,
    /// Which ceremony it is for.
    pub kind: Kind,
    /// The module and the token.
    pub pkcs11: Pkcs11,
    /// The key that is made; of `root` and `key`.
    pub key: Option<&'static str>,
    /// Files that it reads.
    pub inputs: Inputs,
    /// Files that it writes.
    pub outputs: Outputs,
    /// The certificate or request.
    pub certificate: Option<Located<Certificate>>,
    /// The CRL.
    pub crl: Option<Crl>,
    /// The OCSP response.
    pub ocsp: Option<Ocsp>,
    /// Lints that it would have skipped.
    pub skipped: Vec<String>,
}

/// What a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Root,
    Intermediate,
    CrossCertificate,
    CrossCsr,
    Key,
    Crl,
    OcspSigner,
    OcspResponse,
}

impl Word for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("root", Self::Root),
        ("intermediate", Self::Intermediate),
        ("cross-certificate", Self::CrossCertificate),
        ("cross-csr", Self::CrossCsr),
        ("key", Self::Key),
        ("crl", Self::Crl),
        ("ocsp-signer", Self::OcspSigner),
        ("ocsp-response", Self::OcspResponse),
    ];
}

/// The module and the object on the token.
pub struct Pkcs11 {
    /// The module's path.
    pub module: String,
    /// The slot's number, which no script of ours goes by.
    pub slot: u64,
    /// The key's label.
    pub label: Located<String>,
}

/// Paths of what a configuration reads.
pub struct Inputs {
    pub public_key: Option<Located<String>>,
    pub issuer: Option<Located<String>>,
    pub to_cross_sign: Option<Located<String>>,
    pub certificate: Option<Located<String>>,
    pub delegated_issuer: Option<Located<String>>,
}

/// Paths of what a configuration writes.
pub struct Outputs {
    pub public_key: Option<String>,
    pub certificate: Option<String>,
    pub request: Option<String>,
    pub crl: Option<String>,
    pub response: Option<String>,
}

/// A `certificate-profile`.
pub struct Certificate {
    pub algorithm: Option<&'static str>,
    pub common_name: String,
    pub organization: String,
    pub country: String,
    pub times: Option<(Timestamp, Timestamp)>,
    pub ocsp_url: Option<String>,
    pub crl_url: Option<String>,
    pub issuer_url: Option<String>,
    pub policies: Vec<String>,
    pub usages: Vec<&'static str>,
}

/// A `crl-profile`.
pub struct Crl {
    pub times: (Timestamp, Timestamp),
    pub number: u64,
    pub revoked: Vec<Revoked>,
}

/// A certificate that a CRL lists.
pub struct Revoked {
    pub certificate: Located<String>,
    pub at: Timestamp,
    pub reason: Option<Reason>,
}

/// An `ocsp-profile`.
pub struct Ocsp {
    pub times: (Timestamp, Timestamp),
    pub status: Located<String>,
}

/// Reads one configuration.
///
/// # Errors
///
/// Everything in it that is not understood.
pub fn read(file: &str, octets: &[u8]) -> Result<Configuration, Problems> {
    let whole = read_as::<Unsourced>(file, octets)?;
    let mut configuration = whole.value.0;
    configuration.source = whole.source;
    Ok(configuration)
}

/// A configuration that does not know its own lines yet.
struct Unsourced(Configuration);

impl FromNode for Unsourced {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let source = problems.source().clone();
        let mut fields = Fields::of(node, problems);
        let kind: Option<Located<Kind>> = fields.required("ceremony-type");
        let kind = kind.map(|kind| kind.value);
        let makes_key = matches!(kind, Some(Kind::Root | Kind::Key));
        let pkcs11 = fields.required("pkcs11");
        let key: Option<KeyKind> = if makes_key { fields.required("key") } else { None };
        let inputs = fields.optional("inputs");
        let outputs = fields.required("outputs");
        let certificate = wanted(&mut fields, kind, &CERTIFIED, "certificate-profile");
        let crl = wanted(&mut fields, kind, &[Kind::Crl], "crl-profile");
        let ocsp = wanted(&mut fields, kind, &[Kind::OcspResponse], "ocsp-profile");
        let skipped = fields.optional_list("skip-lints");
        fields.finish();
        Some(Self(Configuration {
            source,
            place: node.place,
            kind: kind?,
            pkcs11: pkcs11?,
            key: key.map(|key| key.0),
            inputs: inputs.unwrap_or_else(Inputs::none),
            outputs: outputs?,
            certificate,
            crl,
            ocsp,
            skipped: skipped?,
        }))
    }
}

/// What is required of some kinds, and foreign to all others.
fn wanted<T: FromNode>(
    fields: &mut Fields<'_, '_>,
    kind: Option<Kind>,
    of: &[Kind],
    key: &'static str,
) -> Option<T> {
    if kind.is_some_and(|kind| of.contains(&kind)) { fields.required(key) } else { None }
}

/// Kinds that have a `certificate-profile`.
const CERTIFIED: [Kind; 5] =
    [Kind::Root, Kind::Intermediate, Kind::CrossCertificate, Kind::CrossCsr, Kind::OcspSigner];

impl FromNode for Pkcs11 {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let module = fields.required("module");
        let slot = either(&mut fields, &["store-key-in-slot", "signing-key-slot", "key-slot"]);
        let label = either(&mut fields, &["store-key-with-label", "signing-key-label", "key-label"]);
        // Ids are of the token; a PIN in a file is of nobody.
        for passed_over in ["pin", "signing-key-id", "key-id"] {
            let _ = fields.node(passed_over);
        }
        fields.finish();
        Some(Self { module: module?, slot: slot?, label: label? })
    }
}

/// What stands under the one of several spellings that is there.
fn either<T: FromNode>(fields: &mut Fields<'_, '_>, spellings: &[&'static str]) -> Option<T> {
    let there = spellings.iter().find(|spelling| fields.has(spelling)).or(spellings.first())?;
    fields.required(there)
}

/// The algorithm of a key that is made.
struct KeyKind(&'static str);

impl FromNode for KeyKind {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let kind: Option<String> = either(&mut fields, &["type", "key-type"]);
        let curve: Option<String> = fields.optional("ecdsa-curve");
        let length: Option<u64> = fields.optional("rsa-mod-length");
        fields.finish();
        let made = match (kind?.as_str(), curve.as_deref(), length) {
            ("ecdsa", Some("P-256"), None) => "ecdsa-p256",
            ("ecdsa", Some("P-384"), None) => "ecdsa-p384",
            ("ecdsa", Some("P-521"), None) => "ecdsa-p521",
            ("rsa", None, Some(2048)) => "rsa-2048",
            ("rsa", None, Some(4096)) => "rsa-4096",
            _ => {
                let wanted = "`ecdsa` with the curve P-256, P-384 or P-521, or `rsa` of 2048 or 4096 bits";
                problems.add(node.place, format!("no key is made like this; wanted {wanted}"));
                return None;
            }
        };
        Some(Self(made))
    }
}

impl Inputs {
    const fn none() -> Self {
        Self {
            public_key: None,
            issuer: None,
            to_cross_sign: None,
            certificate: None,
            delegated_issuer: None,
        }
    }
}

impl FromNode for Inputs {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let issuer = ["issuer-certificate-path", "issuer-path"].into_iter().find(|key| fields.has(key));
        let inputs = Self {
            public_key: fields.optional("public-key-path"),
            issuer: issuer.and_then(|key| fields.optional(key)),
            to_cross_sign: fields.optional("certificate-to-cross-sign-path"),
            certificate: fields.optional("certificate-path"),
            delegated_issuer: fields.optional("delegated-issuer-certificate-path"),
        };
        fields.finish();
        Some(inputs)
    }
}

impl FromNode for Outputs {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let outputs = Self {
            public_key: fields.optional("public-key-path"),
            certificate: fields.optional("certificate-path"),
            request: fields.optional("csr-path"),
            crl: fields.optional("crl-path"),
            response: fields.optional("response-path"),
        };
        // Boulder writes a configuration of its own for the key that was made.
        let _ = fields.node("pkcs11-config-path");
        fields.finish();
        Some(outputs)
    }
}

impl FromNode for Certificate {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let algorithm: Option<Chosen<Algorithms>> = fields.optional("signature-algorithm");
        let common_name = fields.required("common-name");
        let organization = fields.required("organization");
        let country = fields.required("country");
        let begin: Option<When> = fields.optional("not-before");
        let end: Option<When> = fields.optional("not-after");
        let ocsp_url = fields.optional("ocsp-url");
        let crl_url = fields.optional("crl-url");
        let issuer_url = fields.optional("issuer-url");
        let policies: Option<Vec<Policy>> = fields.optional_list("policies");
        let usages: Option<Vec<Chosen<Usages>>> = fields.optional_list("key-usages");
        fields.finish();
        Some(Self {
            algorithm: algorithm.map(|chosen| chosen.0),
            common_name: common_name?,
            organization: organization?,
            country: country?,
            times: begin.zip(end).map(|(begin, end)| (begin.0, end.0)),
            ocsp_url,
            crl_url,
            issuer_url,
            policies: policies?.into_iter().map(|policy| policy.0).collect(),
            usages: usages?.into_iter().map(|usage| usage.0).collect(),
        })
    }
}

impl FromNode for Crl {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (begin, end) = (fields.required::<When>("this-update"), fields.required::<When>("next-update"));
        let number = fields.required("number");
        let revoked = fields.optional_list("revoked-certificates");
        fields.finish();
        Some(Self { times: (begin?.0, end?.0), number: number?, revoked: revoked? })
    }
}

impl FromNode for Revoked {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let certificate = fields.required("certificate-path");
        let at: Option<When> = fields.required("revocation-date");
        let code: Option<Located<u64>> = fields.optional("revocation-reason");
        fields.finish();
        let mut reason = None;
        if let Some(code) = code {
            reason = Reason::from_code(code.value);
            if reason.is_none() {
                problems.add(code.place, format!("there is no revocation reason {}", code.value));
                return None;
            }
        }
        Some(Self { certificate: certificate?, at: at?.0, reason })
    }
}

impl FromNode for Ocsp {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (begin, end) = (fields.required::<When>("this-update"), fields.required::<When>("next-update"));
        let status = fields.required("status");
        fields.finish();
        Some(Self { times: (begin?.0, end?.0), status: status? })
    }
}

/// A policy: its object identifier. A statement beside it is asked for and said to be lost.
struct Policy(String);

impl FromNode for Policy {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let oid = fields.required("oid");
        if let Some(statement) = fields.node("cps-uri") {
            let message = "a certification practice statement's URI is not taken over";
            let hint = "BR 7.1.2.10.5 advises against it; leave it out, or write the profile yourself";
            fields.problems().add_with_hint(statement.place, message, hint);
        }
        fields.finish();
        oid.map(Self)
    }
}

/// A time as Boulder writes it: `2020-01-01 12:00:00`, in UTC.
struct When(Timestamp);

impl FromNode for When {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let read = node.text().and_then(|text| {
            let (day, time) = text.split_once(' ')?;
            format!("{day}T{time}Z").parse().ok()
        });
        read.map(Self).or_else(|| wrong(node, "a time such as `2026-11-01 08:00:00`, in UTC", problems))
    }
}

/// One of Boulder's words, as our own.
struct Chosen<T>(&'static str, std::marker::PhantomData<T>);

/// Words of one kind.
trait Words {
    const WANTED: &'static str;
    const ALL: &'static [(&'static str, &'static str)];
}

impl<T: Words> FromNode for Chosen<T> {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let known = T::ALL.iter().find(|(word, _)| node.is_text(word));
        known
            .map(|(_, ours)| Self(ours, std::marker::PhantomData))
            .or_else(|| wrong(node, T::WANTED, problems))
    }
}

struct Algorithms;

impl Words for Algorithms {
    const WANTED: &'static str =
        "`SHA256WithRSA`, `ECDSAWithSHA384` or another of these with 256, 384 or 512";
    const ALL: &'static [(&'static str, &'static str)] = &[
        ("SHA256WithRSA", "rsa-sha256"),
        ("SHA384WithRSA", "rsa-sha384"),
        ("SHA512WithRSA", "rsa-sha512"),
        ("ECDSAWithSHA256", "ecdsa-sha256"),
        ("ECDSAWithSHA384", "ecdsa-sha384"),
        ("ECDSAWithSHA512", "ecdsa-sha512"),
    ];
}

struct Usages;

impl Words for Usages {
    const WANTED: &'static str = "`Digital Signature`, `Cert Sign` or `CRL Sign`";
    const ALL: &'static [(&'static str, &'static str)] = &[
        ("Digital Signature", "digital-signature"),
        ("Cert Sign", "key-cert-sign"),
        ("CRL Sign", "crl-sign"),
    ];
}
