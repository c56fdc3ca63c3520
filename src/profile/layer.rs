//! Reading profiles: one file at a time, then what it inherits below it.

use std::collections::BTreeMap;

use super::certificate::{CertificateKind, CertificateProfile};
use super::crl::CrlProfile;
use super::extension::{Content, Extension, PathLength, Structure, list};
use super::identifier::KeyIdentifier;
use super::library::Library;
use super::names::NameForms;
use super::ocsp_response::{CertificateIds, OcspResponseProfile, ResponderForm};
use super::request::RequestProfile;
use super::signing::SignatureChoice;
use super::times::Times;
use super::{Body, Open, Profile};
use crate::clock::Lasting;
use crate::digest::Digest;
use crate::script::{Fields, Id, Located, Node, Place, Problems, Value, Word, read as read_yaml, version};

/// The most profiles that inherit from each other.
const MOST_LAYERS: usize = 8;

/// What a profile can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A certificate.
    Certificate(CertificateKind),
    /// A CRL.
    Crl,
    /// An OCSP response.
    OcspResponse,
    /// A certificate request.
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

    /// What has to be said.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Certificate(_) => &["signature", "names", "key-identifier", "extensions", "open"],
            Self::Crl => &["signature", "extensions", "open"],
            Self::OcspResponse => {
                &["signature", "responder", "certificate-id", "responder-certificate", "extensions", "open"]
            }
            Self::Request => &["signature", "names", "extensions", "open"],
        }
    }
}

/// What one file says, or several of them together.
#[derive(Clone, Debug, Default)]
struct Layer {
    signature: Option<SignatureChoice>,
    names: Option<NameForms>,
    key_identifier: Option<Located<KeyIdentifier>>,
    times: Option<Times>,
    extensions: Option<Vec<Extension>>,
    lasts: Option<Lasting>,
    open: Option<Vec<Located<Id>>>,
    responder: Option<ResponderForm>,
    certificate_id: Option<CertificateIds>,
    responder_certificate: Option<bool>,
    /// Every key and its value as canonical JSON.
    said: BTreeMap<String, serde_json::Value>,
}

/// Reads a profile and all that it inherits.
pub fn read(file: &str, octets: &[u8], library: &dyn Library) -> Result<Profile, Problems> {
    let (node, mut problems) = read_yaml(file, octets);
    let body = node.and_then(|node| whole(&node, library, &mut problems));
    let (body, resolved) = problems.or(body)?;
    Ok(Profile { body, file_sha256: Digest::of(octets), resolved })
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
        times: above.times.or(below.times),
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
    let mut layer = Layer { signature: fields.optional("signature"), ..Layer::default() };
    if matches!(kind.value, Kind::Certificate(_) | Kind::Request) {
        layer.names = fields.optional("names");
        layer.key_identifier = fields.optional("key-identifier");
    }
    if matches!(kind.value, Kind::Certificate(_)) {
        layer.times = fields.optional("times");
    }
    if kind.value == Kind::OcspResponse {
        layer.responder = fields.optional("responder");
        layer.certificate_id = fields.optional("certificate-id");
        layer.responder_certificate = fields.optional("responder-certificate");
    }
    let extensions = fields.node("extensions");
    layer.extensions = extensions.and_then(|node| list(node, kind.value.structure(), fields.problems()));
    if kind.value != Kind::Request {
        layer.lasts = fields.optional("lasts");
    }
    layer.open = fields.optional("open");
    fields.finish();
    layer.said = said(node);
    Some((kind.value, inherits, layer))
}

/// Makes a profile of everything that was said, and compares its parts.
fn body(kind: Kind, layer: Layer, place: Place, problems: &mut Problems) -> Option<Body> {
    let Layer { signature, names, key_identifier, times, extensions, lasts, open, said, .. } = layer;
    for key in kind.keys() {
        // What is there and wrong was refused already.
        if !said.contains_key(*key) {
            problems.add(place, format!("`{key}` is missing, here and in what is inherited"));
        }
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
            times: times.unwrap_or_default(),
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
    key_identifier: Option<Located<KeyIdentifier>>,
    problems: &mut Problems,
) {
    if kind == Kind::Certificate(CertificateKind::Cross) {
        return;
    }
    let message = "`copied` is for a profile of kind `cross`: there is nothing to copy from";
    if let Some(method) = key_identifier.filter(|method| method.value == KeyIdentifier::Copied) {
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::io;

    use super::super::{CertificateProfile, LoadError};
    use super::*;

    /// A library in memory.
    struct Shelf(Vec<(&'static str, String)>);

    impl Library for Shelf {
        fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
            if name == "torn" {
                return Err(io::Error::other("torn"));
            }
            let found = self.0.iter().find(|(known, _)| *known == name);
            Ok(found.map(|(name, text)| (format!("{name}.yaml"), Cow::Owned(text.clone().into_bytes()))))
        }

        fn names(&self) -> io::Result<Vec<String>> {
            Ok(self.0.iter().map(|(name, _)| (*name).to_owned()).collect())
        }
    }

    const GOOD: &str = "\
rootrite-profile: 1
kind: subordinate
signature: by-issuer-key
names: {\"*\": utf8}
key-identifier: sha1
extensions:
  - crl-distribution-points: {uris: [$crl-url]}
open: [crl-url]
lasts: 10 days
";

    fn read_with(text: &str, shelf: &Shelf) -> Result<Profile, Vec<String>> {
        let read = read("p.yaml", text.as_bytes(), shelf);
        let place = |one: crate::script::Problem| format!("{}:{}: {}", one.file, one.place, one.message);
        read.map_err(|problems| problems.sorted().into_iter().map(place).collect())
    }

    fn messages(text: &str) -> Vec<String> {
        read_with(text, &Shelf(Vec::new())).unwrap_err()
    }

    fn with(line: &str, other: &str) -> String {
        assert!(GOOD.contains(line), "{line}");
        GOOD.replace(line, other)
    }

    fn certificate(profile: &Profile) -> &CertificateProfile {
        profile.certificate().unwrap()
    }

    #[test]
    fn what_is_said_replaces_what_is_inherited() {
        let shelf = Shelf(vec![
            ("base", GOOD.to_owned()),
            ("middle", "rootrite-profile: 1\nkind: subordinate\ninherits: base\nlasts: 20 days\n".to_owned()),
        ]);
        let top = "rootrite-profile: 1\nkind: subordinate\ninherits: middle\nextensions: []\nopen: []\n";
        let profile = read_with(top, &shelf).unwrap();
        assert_eq!(certificate(&profile).extensions(), []);
        assert_eq!(profile.open().lasts(None).unwrap(), "20 days".parse().unwrap());
        let flat = with("  - crl-distribution-points: {uris: [$crl-url]}\n", "")
            .replace("extensions:", "extensions: []")
            .replace("[crl-url]", "[]")
            .replace("10 days", "20 days");
        let flat = read_with(&flat, &shelf).unwrap();
        assert_eq!(flat.resolved, profile.resolved);
        assert_eq!(flat.sha256(), profile.sha256());
        assert_ne!(flat.file_sha256, profile.file_sha256);
        assert_eq!(
            profile.resolved,
            r#"{"extensions":[],"key-identifier":"sha1","kind":"subordinate","lasts":"20 days","names":{"*":"utf8"},"open":[],"signature":"by-issuer-key"}"#
        );
    }

    #[test]
    fn comments_and_layout_do_not_change_the_digest() {
        let profile = read_with(GOOD, &Shelf(Vec::new())).unwrap();
        let spaced =
            format!("# a comment\n{}", GOOD.replace("{uris: [$crl-url]}", "\n      uris:\n      - $crl-url"));
        assert_eq!(read_with(&spaced, &Shelf(Vec::new())).unwrap().sha256(), profile.sha256());
        let other = read_with(&with("sha1", "rfc7093-1"), &Shelf(Vec::new())).unwrap();
        assert_ne!(other.sha256(), profile.sha256());
    }

    #[test]
    fn inheriting_ends() {
        let shelf = Shelf(vec![
            ("a", "rootrite-profile: 1\nkind: crl\ninherits: b\n".to_owned()),
            ("b", "rootrite-profile: 1\nkind: crl\ninherits: a\n".to_owned()),
            ("root", "rootrite-profile: 1\nkind: root\nopen: 3\n".to_owned()),
        ]);
        let inherits = |name: &str| format!("rootrite-profile: 1\nkind: crl\ninherits: {name}\n");
        assert_eq!(
            read_with(&inherits("a"), &shelf).unwrap_err(),
            ["p.yaml:3:11: `a` inherits from itself, or through more than 8 profiles"]
        );
        assert_eq!(
            read_with(&inherits("roof"), &shelf).unwrap_err(),
            ["p.yaml:3:11: there is no profile `roof`; the profiles here are `a`, `b`, `root`"]
        );
        assert_eq!(
            read_with(&inherits("torn"), &shelf).unwrap_err(),
            ["p.yaml:3:11: the profile `torn` could not be read: torn"]
        );
        assert_eq!(
            read_with(&inherits("root"), &shelf).unwrap_err(),
            [
                "root.yaml:2:7: found the kind `root`; what inherits it is `crl`",
                "root.yaml:3:7: found `3`, wanted a list",
            ]
        );
    }

    #[test]
    fn inheriting_goes_through_eight_profiles_at_most() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let chain = |end: &str| {
            let next = names.iter().skip(1).copied().chain([end]);
            let text = |next| format!("rootrite-profile: 1\nkind: crl\ninherits: {next}\n");
            let end = "rootrite-profile: 1\nkind: crl\nsignature: ed25519\nextensions: []\nopen: [lasts]\n";
            let mut shelf: Vec<_> =
                names.into_iter().zip(next).map(|(name, next)| (name, text(next))).collect();
            shelf.push(("end", end.to_owned()));
            Shelf(shelf)
        };
        let shelf = chain("end");
        let from = |name: &str| format!("rootrite-profile: 1\nkind: crl\ninherits: {name}\n");
        read_with(&from("b"), &shelf).unwrap();
        assert_eq!(
            read_with(&from("a"), &shelf).unwrap_err(),
            ["p.yaml:3:11: `end` inherits from itself, or through more than 8 profiles"]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(messages("rootrite-profile: 1\n"), ["p.yaml:1:1: `kind` is missing"]);
        let missing = |key: &str| format!("p.yaml:1:1: `{key}` is missing, here and in what is inherited");
        for (kind, keys) in [
            ("root", &["signature", "names", "key-identifier", "extensions", "open"][..]),
            ("crl", &["signature", "extensions", "open"]),
            (
                "ocsp-response",
                &["signature", "responder", "certificate-id", "responder-certificate", "extensions", "open"],
            ),
            ("csr", &["signature", "names", "extensions", "open"]),
        ] {
            let found = messages(&format!("rootrite-profile: 1\nkind: {kind}\n"));
            assert_eq!(found, keys.iter().map(|key| missing(key)).collect::<Vec<_>>(), "{kind}");
        }
    }

    #[test]
    fn holes_and_what_is_open_agree() {
        for (line, other, message) in [
            ("open: [crl-url]", "open: []", "7:5: `$crl-url` is a hole that `open` does not name"),
            ("open: [crl-url]", "open: [crl-url, x]", "8:17: `x` is open, and nothing here says `$x`"),
            (
                "lasts: 10 days\n",
                "",
                "1:1: nothing says how long it lasts: `lasts` is neither here nor under `open`",
            ),
            (
                "key-identifier: sha1",
                "key-identifier: copied",
                "5:17: `copied` is for a profile of kind `cross`: there is nothing to copy from",
            ),
            (
                "crl-distribution-points: {uris: [$crl-url]}\n",
                "crl-distribution-points: {uris: [$crl-url]}\n  - basic-constraints: {ca: true, path-length: copied}\n",
                "8:5: `copied` is for a profile of kind `cross`: there is nothing to copy from",
            ),
            (
                "crl-distribution-points: {uris: [$crl-url]}\n",
                "crl-distribution-points: {uris: [$crl-url]}\n  - other: {oid: 2.5.29.31, der: \"3000\"}\n",
                "8:5: the extension 2.5.29.31 stands here for the second time",
            ),
            (
                "crl-distribution-points: {uris: [$crl-url]}",
                "crl-number",
                "7:5: found `crl-number`, wanted one extension, such as `ocsp-no-check: {}`",
            ),
            (
                "names: {\"*\": utf8}",
                "names: {\"*\": utf8}\nresponder: by-key",
                "5:1: there is no key `responder`; the keys here are `rootrite-profile`, `kind`, `inherits`, `signature`, \
                 `names`, `key-identifier`, `times`, `extensions`, `lasts`, `open`",
            ),
        ] {
            assert_eq!(messages(&with(line, other))[0], format!("p.yaml:{message}"), "{other}");
        }
        let request = "rootrite-profile: 1\nkind: csr\nsignature: by-issuer-key\nnames: {\"*\": utf8}\n\
                       extensions: [{subject-key-identifier: {}}]\nopen: [lasts]\n";
        assert_eq!(
            messages(request),
            [
                "p.yaml:5:15: `key-identifier` is missing: nothing says how this one is made",
                "p.yaml:6:8: `lasts` is open, and nothing here says `$lasts`",
            ]
        );
    }

    #[test]
    fn an_extension_is_read_where_it_belongs() {
        let crl = |extension: &str| {
            let text = "rootrite-profile: 1\nkind: crl\nsignature: ed25519\nopen: [lasts]\nextensions:\n  - ";
            read_with(&format!("{text}{extension}\n"), &Shelf(Vec::new()))
        };
        for good in [
            "crl-number: {}",
            "issuing-distribution-point: {critical: true, only: ca-certificates}",
            "other: {oid: 1.2.3, critical: false, der: \"0500\"}",
        ] {
            crl(good).unwrap();
        }
        for (bad, message) in [
            (
                "key-usage: {bits: [crl-sign]}",
                "6:5: there is no extension `key-usage`; the extensions here are `authority-key-identifier`, \
                 `crl-number`, `issuing-distribution-point`, `other`",
            ),
            ("issuing-distribution-point: {}", "6:33: nothing is said; wanted `uris`, `only` or both"),
            ("crl-number: {critical: yes}", "6:28: found `yes`, wanted `true` or `false`"),
            ("crl-number: {number: 1}", "6:18: there is no key `number`; the only key here is `critical`"),
            (
                "other: {oid: x, der: \"0500\"}",
                "6:18: found `x`, wanted an extension: an object identifier in digits",
            ),
            (
                "other: {oid: 1.2.3, der: \"0\"}",
                "6:30: found `0` in quotes, wanted the DER of the value in lower-case hex digits",
            ),
        ] {
            assert_eq!(crl(bad).unwrap_err(), [format!("p.yaml:{message}")]);
        }
    }

    #[test]
    fn a_profile_is_loaded_by_its_name() {
        let shelf = Shelf(vec![("good", GOOD.to_owned()), ("bad", "x".to_owned())]);
        assert_eq!(Profile::load("good", &shelf).unwrap().kind().word(), "subordinate");
        let error = Profile::load("godo", &shelf).unwrap_err();
        assert_eq!(error.to_string(), "there is no profile `godo`; the profiles are good, bad");
        let error = Profile::load("torn", &shelf).unwrap_err();
        assert_eq!(error.to_string(), "the profile `torn` could not be read: torn");
        assert!(matches!(Profile::load("bad", &shelf), Err(LoadError::Problems(_))));
    }

    proptest::proptest! {
        #[test]
        fn a_profile_that_somebody_scribbled_in_is_read_or_refused(
            at in 0..GOOD.len(),
            length in 0..20_usize,
            scribble in "[a-z0-9:{}\\[\\], \n$&*!#'\"|>-]{0,6}",
        ) {
            let text = [GOOD.get(..at).unwrap_or_default(), &scribble, GOOD.get(at + length..).unwrap_or_default()].concat();
            if let Err(problems) = read("p.yaml", text.as_bytes(), &Shelf(Vec::new())) {
                proptest::prop_assert!(!problems.is_empty());
            }
        }
    }
}
