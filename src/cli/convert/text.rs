//! The text of the new files.

use std::fmt::Write as _;
use std::path::Path;

use super::boulder::{Certificate, Configuration};
use super::ceremony::{Conversion, subject_of};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::script::Id;

impl Conversion {
    /// The script.
    pub(super) fn script(&self, configurations: &[Configuration]) -> String {
        let begin = self.begin.unwrap_or(Timestamp::EPOCH);
        let end = begin.plus(WINDOW).unwrap_or(begin);
        let (id, what) = match configurations.iter().find_map(subject_of) {
            Some(name) => (slug(&format!("{} {name}", day(begin))), name.to_owned()),
            None => (slug(&format!("{} ceremony", day(begin))), "keys and lists".to_owned()),
        };
        let from: Vec<&str> = configurations.iter().map(|one| one.source.file()).collect();
        let mut text = format!(
            "# Made of configurations of Boulder's ceremony: {}.\n# People, window and tokens are not in them: look at these first.\nrootrite: 1\nceremony: {id}\ntitle: {}\npolicy: public-tls\nwindow: {{from: {begin}, to: {end}}}\n",
            super::files::one_line(&from.join(", ")),
            quoted(&what),
        );
        text.push_str("tokens:\n");
        for (_, name) in &self.tokens {
            let _ = writeln!(text, "  {name}: {{class: hardware}}");
        }
        let all: Vec<&str> = self.tokens.iter().map(|(_, name)| name.as_str()).collect();
        let _ = writeln!(text, "  log: {{class: any, distinct-from: [{}]}}", all.join(", "));
        text.push_str(PEOPLE);
        if !self.inputs.is_empty() {
            text.push_str("inputs:\n");
        }
        for (name, _, octets) in &self.inputs {
            let _ = writeln!(text, "  {name}: {{file: inputs/{name}, sha256: {}}}", Digest::of(octets));
        }
        text.push_str("acts:\n  - act: Opening\n    steps:\n      - preflight: {}\n      - roll-call: {}\n      - confirm-clock: {sources: 2}\n");
        text.push_str(if self.earlier.is_empty() {
            "      - create-log: {origin: example.org/ceremony-log, token: log, key: log-1}\n"
        } else {
            "      - confirm-log: {}\n"
        });
        for (title, steps) in &self.acts {
            let _ = writeln!(text, "  - act: {}\n    steps:", quoted(title));
            for step in steps {
                // Only the lines of a map within a step begin with blanks.
                let _ = writeln!(text, "      - {}", step.replace('\n', "\n        "));
            }
        }
        text.push_str("  - act: Closing\n    steps:\n      - witness: {}\n      - seal: {}\n");
        text
    }

    /// The site file, with everything that people have to fill in.
    pub(super) fn site(&self) -> String {
        let mut text = String::from(SITE);
        for ((module, slot), name) in &self.tokens {
            let module = quoted(module);
            let _ = write!(
                text,
                "  {name}:                       # slot {slot} of the configurations: a token goes by its label here\n    module: {module}\n    label: {name}\n    serial: any\n    class: hardware\n    login: pin\n    pin: prompt\n"
            );
        }
        let module = self.tokens.first().map_or_else(String::new, |((module, _), _)| quoted(module));
        let _ = write!(
            text,
            "  log:\n    module: {module}\n    label: log\n    serial: any\n    class: hardware\n    login: pin\n    pin: prompt\n"
        );
        text
    }
}

pub(super) fn subject(certificate: &Certificate) -> String {
    format!(
        "subject: [{{C: {}}}, {{O: {}}}, {{CN: {}}}]",
        quoted(&certificate.country),
        quoted(&certificate.organization),
        quoted(&certificate.common_name)
    )
}

/// The lines of what the profile leaves open.
pub(super) fn urls(certificate: &Certificate) -> String {
    let mut text = String::new();
    for (key, url) in open(certificate) {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {key}: {}", quoted(url));
    }
    text
}

pub(super) fn open(certificate: &Certificate) -> Vec<(&'static str, &str)> {
    let all = [
        ("crl-url", &certificate.crl_url),
        ("issuer-url", &certificate.issuer_url),
        ("ocsp-url", &certificate.ocsp_url),
    ];
    all.into_iter().filter_map(|(key, url)| Some((key, url.as_deref()?))).collect()
}

/// The profile that makes what Boulder makes of a `certificate-profile`: its extensions in the order of Go's crypto/x509.
pub(super) fn profile(kind: &str, certificate: &Certificate) -> String {
    let cross = kind == "cross";
    let identifier = if cross { "copied" } else { "rfc7093-1" };
    let algorithm = certificate.algorithm.unwrap_or("by-issuer-key");
    let usages = certificate.usages.join(", ");
    let mut text = format!(
        "# What Boulder's ceremony makes of a certificate-profile.\nrootrite-profile: 1\nkind: {kind}\nsignature: {algorithm}\nnames: {{C: printable, \"*\": utf8-unless-printable}}\nkey-identifier: {identifier}\nextensions:\n  - key-usage: {{critical: true, bits: [{usages}]}}\n"
    );
    text.push_str(match kind {
        "root" => "  - basic-constraints: {critical: true, ca: true}\n",
        "cross" => {
            "  - extended-key-usage: {purposes: [server-auth]}\n  - basic-constraints: {critical: true, ca: true, path-length: copied}\n"
        }
        _ => {
            "  - extended-key-usage: {purposes: [server-auth]}\n  - basic-constraints: {critical: true, ca: true, path-length: 0}\n"
        }
    });
    text.push_str("  - subject-key-identifier: {}\n");
    if kind != "root" {
        text.push_str("  - authority-key-identifier: {}\n");
    }
    let issuers = certificate.issuer_url.as_ref().map(|_| "ca-issuers: [$issuer-url]");
    let responders = certificate.ocsp_url.as_ref().map(|_| "ocsp: [$ocsp-url]");
    let access: Vec<&str> = responders.into_iter().chain(issuers).collect();
    // Writing to a string does not fail.
    if !access.is_empty() {
        let _ = writeln!(text, "  - authority-information-access: {{{}}}", access.join(", "));
    }
    if !certificate.policies.is_empty() {
        let _ =
            writeln!(text, "  - certificate-policies: {{policies: [{}]}}", certificate.policies.join(", "));
    }
    if certificate.crl_url.is_some() {
        text.push_str("  - crl-distribution-points: {uris: [$crl-url]}\n");
    }
    let names = open(certificate).into_iter().map(|(key, _)| key).chain(["lasts"]);
    let _ = writeln!(text, "open: [{}]", names.collect::<Vec<_>>().join(", "));
    text
}

/// A file's name without what comes before and behind it.
pub(super) fn stem(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// An id: what of the text can be in one.
pub(super) fn slug(text: &str) -> String {
    let mut name = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => name.push(letter),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
        if name.len() == Id::MOST - 4 {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// A text in quotes, as JSON and YAML have it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(super) fn day(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

/// How long the window is that nobody has said, in seconds.
const WINDOW: u64 = 12 * 3600;

const PEOPLE: &str = "\
people:
  - {id: ada, role: ceremony-administrator}
  - {id: bo, role: crypto-officer}
  - {id: cy, role: crypto-officer}
  - {id: wim, role: external-witness}
quorum: {crypto-officer: 2, external-witness: 1}
approvals: {plan: {crypto-officer: 2}, method: typed}
";

const SITE: &str = "\
# This machine: labels and serial numbers are to be filled in; `rootrite hsm doctor` finds them.
rootrite-site: 1
tokens:
";
