//! Reading profiles: one file at a time, then what it inherits below it.

use std::collections::BTreeMap;

use super::certificate::{CertificateKind, CertificateProfile};
use super::crl::CrlProfile;
use super::extension::{Content, Extension, PathLength, Structure, list};
use super::identifier::KeyIdentifierMethod;
use super::library::Library;
use super::names::NameForms;
use super::ocsp_response::{CertificateIdHash, OcspResponseProfile, ResponderForm};
use super::request::RequestProfile;
use super::signing::SignatureChoice;
use super::{Body, Open, Profile};
use crate::clock::Lasting;
use crate::digest::Digest;
use crate::script::{Fields, Id, Located, Node, Place, Problems, Value, Word, read as read_yaml, version};

/// The most profiles that inherit from each other.
const MOST_LAYERS: usize = 8;

/// What a profile can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate(CertificateKind),
    Crl,
    OcspResponse,
    Request,
}

impl Word for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("root", Self::Certificate(CertificateKind::Root)),
        ("subordinate", Self::Certificate(CertificateKind::Subordinate)),
        ("cross", Self::Certificate(CertificateKind::Cross)),
        ("ocsp-responder", Self::Certificate(CertificateKind::OcspResponder)),
        ("crl", Self::Crl),
        ("ocsp-response", Self::OcspResponse),
        ("csr", Self::Request),
    ];
}

impl Kind {
    const fn structure(self) -> Structure {
        match self {
            Self::Certificate(_) => Structure::Certificate,
            Self::Crl => Structure::Crl,
            Self::OcspResponse => Structure::OcspResponse,
            Self::Request => Structure::Request,
        }
    }
}

/// What one file says, or several of them together.
#[derive(Clone, Debug, Default)]
struct Layer {
    signature: Option<SignatureChoice>,
    names: Option<NameForms>,
    key_identifier: Option<Located<KeyIdentifierMethod>>,
    extensions: Option<Vec<Extension>>,
    lasts: Option<Lasting>,
    open: Option<Vec<Located<Id>>>,
    responder: Option<ResponderForm>,
    certificate_id: Option<CertificateIdHash>,
    responder_certificate: Option<bool>,
    /// Every key and its value as canonical JSON.
    said: BTreeMap<String, serde_json::Value>,
}

/// Reads a profile and all that it inherits.
pub fn read(file: &str, octets: &[u8], library: &dyn Library) -> Result<Profile, Problems> {
    let (node, mut problems) = read_yaml(file, octets);
    let body = node.and_then(|node| whole(&node, library, &mut problems));
    let (body, resolved) = problems.or(body)?;
    Ok(Profile { body, sha256: Digest::of(octets), resolved })
}

fn whole(node: &Node, library: &dyn Library, problems: &mut Problems) -> Option<(Body, String)> {
    let (kind, inherits, mut layer) = one(node, None, problems)?;
    let mut next = inherits;
    let mut seen = Vec::new();
    while let Some(name) = next {
        if seen.len() + 1 == MOST_LAYERS || seen.contains(&name.value) {
            let message =
                format!("`{}` inherits from itself, or through more than {MOST_LAYERS} profiles", name.value);
            problems.add(name.place, message);
            return None;
        }
        let below = inherited(&name, kind, library, problems)?;
        next = below.0.map(|below| Located::new(below, name.place));
        seen.push(name.value);
        layer = over(layer, below.1);
    }
    let resolved = serde_json::to_string(&layer.said).ok()?;
    body(kind, layer, node.place, problems).map(|body| (body, resolved))
}

/// Reads an inherited profile; its problems are told with its own file's name and lines.
fn inherited(
    name: &Located<Id>,
    kind: Kind,
    library: &dyn Library,
    problems: &mut Problems,
) -> Option<(Option<Id>, Layer)> {
    let (file, octets) = match library.find(name.value.as_str()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let names = library.names().unwrap_or_default();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            crate::script::unknown(name.value.as_str(), name.place, "profile", "profiles", &names, problems);
            return None;
        }
        Err(error) => {
            problems.add(name.place, format!("the profile `{}` could not be read: {error}", name.value));
            return None;
        }
    };
    let (node, mut found) = read_yaml(&file, &octets);
    let layer = node.and_then(|node| one(&node, Some(kind), &mut found));
    let good = found.is_empty();
    problems.extend(found);
    let (_, inherits, layer) = layer.filter(|_| good)?;
    Some((inherits.map(|inherits| inherits.value), layer))
}

/// What `above` says, and what `below` says where `above` says nothing.
fn over(above: Layer, below: Layer) -> Layer {
    let mut said = below.said;
    said.extend(above.said);
    Layer {
        signature: above.signature.or(below.signature),
        names: above.names.or(below.names),
        key_identifier: above.key_identifier.or(below.key_identifier),
        extensions: above.extensions.or(below.extensions),
        lasts: above.lasts.or(below.lasts),
        open: above.open.or(below.open),
        responder: above.responder.or(below.responder),
        certificate_id: above.certificate_id.or(below.certificate_id),
        responder_certificate: above.responder_certificate.or(below.responder_certificate),
        said,
    }
}

/// Reads what one file says. `wanted` is the kind of the profile that inherits it.
fn one(
    node: &Node,
    wanted: Option<Kind>,
    problems: &mut Problems,
) -> Option<(Kind, Option<Located<Id>>, Layer)> {
    let mut fields = Fields::of(node, problems);
    version(&mut fields, node, "rootrite-profile");
    let found: Option<Located<Kind>> = fields.required("kind");
    let inherits = fields.optional("inherits");
    // Without a kind nobody knows which other keys are wanted.
    let kind = found?;
    if let Some(wanted) = wanted.filter(|wanted| *wanted != kind.value) {
        let message =
            format!("found the kind `{}`; what inherits it is `{}`", kind.value.word(), wanted.word());
        fields.problems().add(kind.place, message);
    }
    let mut layer = Layer {
        signature: fields.optional("signature"),
        open: fields.optional("open"),
        extensions: fields
            .node("extensions")
            .and_then(|node| list(node, kind.value.structure(), fields.problems())),
        ..Layer::default()
    };
    if matches!(kind.value, Kind::Certificate(_) | Kind::Request) {
        layer.names = fields.optional("names");
        layer.key_identifier = fields.optional("key-identifier");
    }
    if kind.value != Kind::Request {
        layer.lasts = fields.optional("lasts");
    }
    if kind.value == Kind::OcspResponse {
        layer.responder = fields.optional("responder");
        layer.certificate_id = fields.optional("certificate-id");
        layer.responder_certificate = fields.optional("responder-certificate");
    }
    fields.finish();
    layer.said = said(node);
    Some((kind.value, inherits, layer))
}

/// Makes a profile of everything that was said, and compares its parts.
fn body(kind: Kind, layer: Layer, place: Place, problems: &mut Problems) -> Option<Body> {
    let Layer { signature, names, key_identifier, extensions, lasts, open, .. } = layer;
    let missing = |key: &str, problems: &mut Problems| {
        problems.add(place, format!("`{key}` is missing, here and in what is inherited"));
    };
    let mut need = |there: bool, key: &str| {
        if !there {
            missing(key, problems);
        }
    };
    need(signature.is_some(), "signature");
    need(extensions.is_some(), "extensions");
    need(open.is_some(), "open");
    if matches!(kind, Kind::Certificate(_) | Kind::Request) {
        need(names.is_some(), "names");
    }
    if matches!(kind, Kind::Certificate(_)) {
        need(key_identifier.is_some(), "key-identifier");
    }
    if kind == Kind::OcspResponse {
        need(layer.responder.is_some(), "responder");
        need(layer.certificate_id.is_some(), "certificate-id");
        need(layer.responder_certificate.is_some(), "responder-certificate");
    }
    let (signature, extensions) = (signature?, extensions?);
    let open = opened(kind, &extensions, lasts, &open?, place, problems);
    copying(kind, &extensions, key_identifier, problems);
    if kind == Kind::Request && key_identifier.is_none() {
        let wants = extensions.iter().find(|extension| extension.content == Content::SubjectKeyIdentifier);
        if let Some(extension) = wants {
            problems.add(extension.place, "`key-identifier` is missing: nothing says how this one is made");
        }
    }
    Some(match kind {
        Kind::Certificate(kind) => Body::Certificate(CertificateProfile {
            kind,
            signature,
            names: names?,
            key_identifier: key_identifier?.value,
            extensions,
            open,
        }),
        Kind::Crl => Body::Crl(CrlProfile { signature, extensions, open }),
        Kind::OcspResponse => Body::OcspResponse(OcspResponseProfile {
            signature,
            responder: layer.responder?,
            certificate_id: layer.certificate_id?,
            responder_certificate: layer.responder_certificate?,
            extensions,
            open,
        }),
        Kind::Request => Body::Request(RequestProfile {
            signature,
            names: names?,
            key_identifier: key_identifier.map(|method| method.value),
            extensions,
            open,
        }),
    })
}

/// Every hole is open, and everything that is open is a hole.
fn opened(
    kind: Kind,
    extensions: &[Extension],
    lasts: Option<Lasting>,
    open: &[Located<Id>],
    place: Place,
    problems: &mut Problems,
) -> Open {
    let mut holes: Vec<Id> = Vec::new();
    for extension in extensions {
        for hole in extension.terms().into_iter().filter_map(|term| term.hole()) {
            if !open.iter().any(|open| open.value == *hole) {
                problems.add(extension.place, format!("`${hole}` is a hole that `open` does not name"));
            }
            if !holes.contains(hole) {
                holes.push(hole.clone());
            }
        }
    }
    let timed = kind != Kind::Request;
    for name in open {
        let known = timed && name.value.as_str() == LASTS || holes.contains(&name.value);
        if !known {
            problems.add(name.place, format!("`{}` is open, and nothing here says `${0}`", name.value));
        }
    }
    let open_lasts = open.iter().any(|open| open.value.as_str() == LASTS);
    if timed && !open_lasts && lasts.is_none() {
        problems.add(place, "nothing says how long it lasts: `lasts` is neither here nor under `open`");
    }
    Open { holes, lasts: open_lasts, default_lasts: lasts }
}

/// Only a cross-certificate has something to copy from.
fn copying(
    kind: Kind,
    extensions: &[Extension],
    key_identifier: Option<Located<KeyIdentifierMethod>>,
    problems: &mut Problems,
) {
    if kind == Kind::Certificate(CertificateKind::Cross) {
        return;
    }
    let message = "`copied` is for a profile of kind `cross`: there is nothing to copy from";
    if let Some(method) = key_identifier.filter(|method| method.value == KeyIdentifierMethod::Copied) {
        problems.add(method.place, message);
    }
    for extension in extensions {
        if let Content::BasicConstraints(constraints) = extension.content
            && constraints.path_length == PathLength::Copied
        {
            problems.add(extension.place, message);
        }
    }
}

/// What a file says as JSON, but for its version and what it inherits.
fn said(node: &Node) -> BTreeMap<String, serde_json::Value> {
    let Value::Map(entries) = &node.value else { return BTreeMap::new() };
    let own = entries.iter().filter(|entry| !["rootrite-profile", "inherits"].contains(&entry.key.as_str()));
    own.map(|entry| (entry.key.clone(), json(&entry.node))).collect()
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Scalar { text, .. } => serde_json::Value::String(text.clone()),
        Value::List(items) => serde_json::Value::Array(items.iter().map(json).collect()),
        Value::Map(entries) => {
            let members = entries.iter().map(|entry| (entry.key.clone(), json(&entry.node)));
            serde_json::Value::Object(members.collect())
        }
        Value::Refused => serde_json::Value::Null,
    }
}

/// The one thing besides holes that can be open.
const LASTS: &str = "lasts";
