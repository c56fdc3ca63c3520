//! One script of several configurations: what one writes and another reads goes by a name, the rest becomes an input.

use std::collections::BTreeMap;
use std::path::Path;

use super::boulder::{Certificate, Configuration, Kind};
use super::text::{profile, slug, stem, subject, urls};
use crate::clock::{Lasting, Timestamp};
use crate::script::{Located, Place, Problems};

/// What came of it.
pub struct Converted {
    /// Every file of the new folder, by its name there.
    pub files: Vec<(String, Vec<u8>)>,
    /// What people have to look at.
    pub notes: Vec<String>,
}

/// Makes the script.
///
/// # Errors
///
/// Everything that a script cannot say, by file.
pub fn convert(configurations: &[Configuration]) -> Result<Converted, Vec<Problems>> {
    let mut made = Conversion::default();
    let mut wrong = Vec::new();
    for configuration in configurations {
        let mut problems = Problems::new(configuration.source.clone());
        let step = made.steps_of(configuration, &mut problems);
        if problems.is_empty() {
            made.acts.extend(step);
        } else {
            wrong.push(problems);
        }
    }
    if wrong.is_empty() { Ok(made.files(configurations)) } else { Err(wrong) }
}

/// What is known so far.
#[derive(Default)]
pub(super) struct Conversion {
    /// Tokens by module and slot.
    pub(super) tokens: Vec<((String, u64), String)>,
    /// Keys that are made: where each is, and its label.
    pub(super) keys: Vec<(u64, String, String)>,
    /// What was written, by its path.
    pub(super) public_keys: BTreeMap<String, String>,
    pub(super) certificates: BTreeMap<String, String>,
    /// Files that nothing here writes.
    pub(super) inputs: Vec<(String, String, Vec<u8>)>,
    pub(super) profiles: Vec<(String, String)>,
    pub(super) acts: Vec<(String, Vec<String>)>,
    /// Every name that is in use.
    pub(super) names: Vec<String>,
    pub(super) notes: Vec<String>,
    /// Issuers that nothing here makes: an earlier log has to have them.
    pub(super) earlier: Vec<String>,
    pub(super) begin: Option<Timestamp>,
}

impl Conversion {
    /// The title and the steps of one configuration.
    fn steps_of(&mut self, from: &Configuration, problems: &mut Problems) -> Option<(String, Vec<String>)> {
        self.lost(from);
        let token = self.token(from);
        let label = slug(&from.pkcs11.label.value);
        let title = format!("{} {}", title(from.kind), subject_of(from).unwrap_or(&label));
        let steps = match from.kind {
            Kind::Key => vec![self.key(from, &token, problems)?],
            Kind::Root => {
                let key = self.key(from, &token, problems)?;
                vec![key, self.root(from, problems)?]
            }
            Kind::Intermediate => vec![self.subordinate(from, problems)?],
            Kind::CrossCertificate => vec![self.cross(from, problems)?],
            Kind::CrossCsr => vec![self.request(from, &label, problems)?],
            Kind::OcspSigner => vec![self.responder(from, problems)?],
            Kind::Crl => self.crl(from, problems)?,
            Kind::OcspResponse => vec![self.response(from, problems)?],
        };
        Some((title, steps))
    }

    /// Says what no script can take over.
    fn lost(&mut self, from: &Configuration) {
        if !from.skipped.is_empty() {
            let all = from.skipped.join("`, `");
            self.note(format!("{}: `skip-lints` (`{all}`): here no rule is skipped", from.source.file()));
        }
        if slug(&from.pkcs11.label.value) != from.pkcs11.label.value {
            let (old, new) = (&from.pkcs11.label.value, slug(&from.pkcs11.label.value));
            self.note(format!("the key `{old}` is `{new}` here, which is its label on the token"));
        }
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn token(&mut self, from: &Configuration) -> String {
        let place = (from.pkcs11.module.clone(), from.pkcs11.slot);
        if let Some((_, name)) = self.tokens.iter().find(|(known, _)| *known == place) {
            return name.clone();
        }
        let name = self.name(&format!("slot-{}", place.1));
        self.tokens.push((place, name.clone()));
        name
    }

    /// A name that nothing has yet.
    fn name(&mut self, wanted: &str) -> String {
        let mut name = slug(wanted);
        for number in 2.. {
            if !self.names.contains(&name) {
                break;
            }
            name = slug(&format!("{wanted}-{number}"));
        }
        self.names.push(name.clone());
        name
    }

    /// The step that makes a key.
    fn key(&mut self, from: &Configuration, token: &str, problems: &mut Problems) -> Option<String> {
        let name = slug(&from.pkcs11.label.value);
        if self.keys.iter().any(|(_, _, key)| *key == name) {
            let message = format!("a key `{name}` is made by a configuration before this one");
            problems.add(from.pkcs11.label.place, message);
            return None;
        }
        self.keys.push((from.pkcs11.slot, from.pkcs11.label.value.clone(), name.clone()));
        if let Some(path) = &from.outputs.public_key {
            self.public_keys.insert(path.clone(), name.clone());
        }
        let algorithm = from.key.unwrap_or_default();
        Some(format!("generate-key: {{token: {token}, key: {name}, algorithm: {algorithm}, backup: none}}"))
    }

    fn root(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let key = slug(&from.pkcs11.label.value);
        let (certificate, head) = self.certified(from, problems)?;
        let profile = self.profile("root", "root", certificate);
        let name = self.written(from);
        Some(format!("issue-root:\n  key: {key}\n  profile: {profile}\n{head}\n  certificate: {name}"))
    }

    fn subordinate(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let issuer = self.issuer(from, problems)?;
        let (certificate, head) = self.certified(from, problems)?;
        let profile = self.profile("subordinate", "subordinate-ca", certificate);
        let Some(path) = &from.inputs.public_key else {
            problems.add(from.place, "`inputs` has no `public-key-path`");
            return None;
        };
        let subject = match self.public_keys.get(&path.value) {
            Some(key) => format!("key: {key}"),
            None => format!("public-key: {}", self.input(path, problems)?),
        };
        let (urls, name) = (urls(certificate), self.written(from));
        Some(format!(
            "issue-subordinate:\n  issuer: {issuer}\n  {subject}\n  profile: {profile}\n{head}{urls}\n  certificate: {name}"
        ))
    }

    fn cross(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let issuer = self.issuer(from, problems)?;
        let certificate = from.certificate.as_ref()?;
        let times = times(certificate, problems)?;
        self.begins(times.0);
        let profile = self.profile("cross", "cross", &certificate.value);
        let Some(path) = &from.inputs.to_cross_sign else {
            problems.add(from.place, "`inputs` has no `certificate-to-cross-sign-path`");
            return None;
        };
        let other = match self.certificates.get(&path.value) {
            Some(name) => name.clone(),
            None => self.input(path, problems)?,
        };
        self.note("a cross-certificate's subject is copied from the certificate that is cross-signed; its purpose is server-auth".into());
        let (urls, name) = (urls(&certificate.value), self.written(from));
        Some(format!(
            "issue-cross:\n  issuer: {issuer}\n  certificate-to-cross-sign: {other}\n  profile: {profile}\n  not-before: {}\n  lasts: {}{urls}\n  certificate: {name}",
            times.0, times.1
        ))
    }

    fn request(&mut self, from: &Configuration, label: &str, problems: &mut Problems) -> Option<String> {
        let known = |(slot, _, key): &&(u64, String, String)| *slot == from.pkcs11.slot && key == label;
        if !self.keys.iter().any(|key| known(&key)) {
            let message = format!("no configuration before this one makes the key `{label}` of this slot");
            problems.add(from.pkcs11.label.place, message);
            return None;
        }
        let certificate = &from.certificate.as_ref()?.value;
        let request = self.name(&stem(from.outputs.request.as_deref().unwrap_or(label)));
        let subject = subject(certificate);
        Some(format!(
            "request-certificate:\n  key: {label}\n  profile: certificate-request\n  {subject}\n  request: {request}"
        ))
    }

    fn responder(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let issuer = self.issuer(from, problems)?;
        let (_, head) = self.certified(from, problems)?;
        let path = from.inputs.public_key.as_ref();
        let Some(key) = path.and_then(|path| self.public_keys.get(&path.value)).cloned() else {
            let place = path.map_or(from.place, |path| path.place);
            let hint = "give the configuration of the kind `key` that makes it, before this one";
            problems.add_with_hint(place, "an OCSP responder's key is made in the same ceremony", hint);
            return None;
        };
        self.note("an OCSP responder's certificate is made by the profile `ocsp-responder`, not by its `certificate-profile`".into());
        let name = self.written(from);
        Some(format!(
            "issue-ocsp-responder:\n  issuer: {issuer}\n  key: {key}\n  profile: ocsp-responder\n{head}\n  certificate: {name}"
        ))
    }

    fn crl(&mut self, from: &Configuration, problems: &mut Problems) -> Option<Vec<String>> {
        let issuer = self.issuer(from, problems)?;
        let crl = from.crl.as_ref()?;
        let lasts = lasts(crl.times, from.place, problems)?;
        self.begins(crl.times.0);
        let mut steps = Vec::new();
        for revoked in &crl.revoked {
            let certificate = match self.certificates.get(&revoked.certificate.value) {
                Some(name) => name.clone(),
                None => self.input(&revoked.certificate, problems)?,
            };
            let Some(reason) = revoked.reason else {
                problems.add(
                    revoked.certificate.place,
                    "there is no `revocation-reason`; a CA is not revoked without one",
                );
                return None;
            };
            steps.push(format!(
                "revoke: {{certificate: {certificate}, reason: {reason}, effective: {}}}",
                revoked.at
            ));
        }
        let revoked = if steps.is_empty() { "none" } else { "from-log" };
        let name = self.name(&stem(from.outputs.crl.as_deref().unwrap_or("crl")));
        let (number, begin) = (crl.number, crl.times.0);
        steps.push(format!(
            "issue-crl: {{issuer: {issuer}, number: {number}, this-update: {begin}, lasts: {lasts}, revoked: {revoked}, crl: {name}}}"
        ));
        Some(steps)
    }

    fn response(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let issuer = self.issuer(from, problems)?;
        let ocsp = from.ocsp.as_ref()?;
        let lasts = lasts(ocsp.times, from.place, problems)?;
        self.begins(ocsp.times.0);
        let responder = match &from.inputs.delegated_issuer {
            Some(path) => self.known(path),
            None => issuer.clone(),
        };
        let Some(path) = &from.inputs.certificate else {
            problems.add(from.place, "`inputs` has no `certificate-path`");
            return None;
        };
        let certificate = self.known(path);
        if ocsp.status.value != "good" {
            let status = &ocsp.status.value;
            self.note(format!("an OCSP response about `{certificate}`: the log says whether it is `{status}`, not the script"));
        }
        let name = self.name(&stem(from.outputs.response.as_deref().unwrap_or("response")));
        let begin = ocsp.times.0;
        Some(format!(
            "issue-ocsp-responses: {{issuer: {issuer}, responder: {responder}, certificates: [{certificate}], this-update: {begin}, lasts: {lasts}, responses: {name}}}"
        ))
    }

    /// The issuer's certificate, by name.
    fn issuer(&mut self, from: &Configuration, problems: &mut Problems) -> Option<String> {
        let path = from.inputs.issuer.as_ref();
        if path.is_none() {
            problems.add(from.place, "`inputs` has no `issuer-certificate-path`");
        }
        path.map(|path| self.known(path))
    }

    /// A certificate by its path: one that is made here, or one that an earlier log has to have.
    fn known(&mut self, path: &Located<String>) -> String {
        if let Some(name) = self.certificates.get(&path.value) {
            return name.clone();
        }
        let name = slug(&stem(&path.value));
        if !self.earlier.contains(&name) {
            self.note(format!(
                "`{}` is made by none of these configurations: the script continues a log (`--log`) that has a certificate `{name}`",
                path.value
            ));
            self.earlier.push(name.clone());
        }
        name
    }

    /// A file that nothing here writes.
    fn input(&mut self, path: &Located<String>, problems: &mut Problems) -> Option<String> {
        if let Some((name, _, _)) = self.inputs.iter().find(|(_, known, _)| *known == path.value) {
            return Some(name.clone());
        }
        let Ok(octets) = super::files::octets(Path::new(&path.value)) else {
            let hint = "none of these configurations writes it: give the one that does, or run this where the file is";
            problems.add_with_hint(path.place, format!("`{}` cannot be read", path.value), hint);
            return None;
        };
        let name = self.name(&stem(&path.value));
        self.inputs.push((name.clone(), path.value.clone(), octets));
        Some(name)
    }

    /// The name of the certificate that a configuration writes.
    fn written(&mut self, from: &Configuration) -> String {
        let path = from.outputs.certificate.clone().unwrap_or_else(|| from.pkcs11.label.value.clone());
        let name = self.name(&stem(&path));
        self.certificates.insert(path, name.clone());
        name
    }

    /// The certificate's profile as it stands there, and the lines of subject and dates.
    fn certified<'c>(
        &mut self,
        from: &'c Configuration,
        problems: &mut Problems,
    ) -> Option<(&'c Certificate, String)> {
        let certificate = from.certificate.as_ref()?;
        let (begin, lasts) = times(certificate, problems)?;
        self.begins(begin);
        let subject = subject(&certificate.value);
        Some((&certificate.value, format!("  {subject}\n  not-before: {begin}\n  lasts: {lasts}")))
    }

    fn begins(&mut self, at: Timestamp) {
        self.begin = Some(self.begin.map_or(at, |before| before.min(at)));
    }

    /// The name of a profile that says what this one says.
    fn profile(&mut self, kind: &str, wanted: &str, certificate: &Certificate) -> String {
        let text = profile(kind, certificate);
        if let Some((name, _)) = self.profiles.iter().find(|(_, known)| *known == text) {
            return name.clone();
        }
        let name = self.name(&format!("boulder-{wanted}"));
        self.profiles.push((name.clone(), text));
        name
    }

    fn files(mut self, configurations: &[Configuration]) -> Converted {
        for note in ALWAYS {
            self.note((*note).to_owned());
        }
        let mut files = vec![("script.yaml".to_owned(), self.script(configurations).into_bytes())];
        files.push(("site.yaml".to_owned(), self.site().into_bytes()));
        for (name, text) in &self.profiles {
            files.push((format!("profiles/{name}.yaml"), text.clone().into_bytes()));
        }
        for (name, _, octets) in &self.inputs {
            files.push((format!("inputs/{name}"), octets.clone()));
        }
        Converted { files, notes: self.notes }
    }
}

/// Whom a configuration is about.
pub(super) fn subject_of(from: &Configuration) -> Option<&str> {
    from.certificate.as_ref().map(|certificate| certificate.value.common_name.as_str())
}

/// `not-before` and `lasts`.
fn times(certificate: &Located<Certificate>, problems: &mut Problems) -> Option<(Timestamp, Lasting)> {
    let Some(times) = certificate.value.times else {
        problems.add(certificate.place, "`not-before` and `not-after` are missing");
        return None;
    };
    Some((times.0, lasts(times, certificate.place, problems)?))
}

fn lasts(times: (Timestamp, Timestamp), place: Place, problems: &mut Problems) -> Option<Lasting> {
    let seconds = times.1.seconds().checked_sub(times.0.seconds()).and_then(|between| between.checked_add(1));
    let lasts = seconds.and_then(Lasting::from_seconds);
    if lasts.is_none() {
        problems.add(place, format!("{} is before {}", times.1, times.0));
    }
    lasts
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Root => "Root",
        Kind::Intermediate => "Subordinate CA",
        Kind::CrossCertificate => "Cross-certificate for",
        Kind::CrossCsr => "Request for",
        Kind::Key => "Key",
        Kind::Crl => "CRL by",
        Kind::OcspSigner => "OCSP responder",
        Kind::OcspResponse => "OCSP response by",
    }
}

/// What is never in a configuration.
const ALWAYS: &[&str] = &[
    "people and quorum: put in your own",
    "the window: half a day from the earliest date on",
    "the log's origin, and the token `log` for its key, which Boulder does not have",
    "site.yaml: label and serial number of each token instead of its slot; PINs are asked for in the room",
    "paths of outputs: everything is written below `--out`, and handed over as a bundle",
    "subject key identifiers are made of SHA-256 (RFC 7093 method 1), as newer Boulder does it",
];
