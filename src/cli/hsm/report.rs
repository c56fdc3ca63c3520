//! What was found out about a token, for people and for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::super::files::one_line;
use crate::digest::Digest;
use crate::hsm::{Finding, Found, ModuleInformation, Taken, TokenInformation};

/// Everything that was found out.
pub struct Report {
    /// The module's file.
    pub path: String,
    /// What the module says of itself, and what its process denied itself.
    pub module: ModuleInformation,
    /// The tokens that are there, where none was chosen; otherwise the one.
    pub tokens: Vec<TokenInformation>,
    /// What was found, under headings, in order.
    pub parts: Vec<(&'static str, Vec<Finding>)>,
    /// The token's entry for a site file.
    pub profile: Option<String>,
}

impl Report {
    /// A report on a module.
    pub fn of(path: &Path, module: &ModuleInformation) -> Self {
        let path = path.display().to_string();
        Self { path, module: module.clone(), tokens: Vec::new(), parts: Vec::new(), profile: None }
    }

    /// Everything that is wrong, by its subject.
    pub fn wrong(&self) -> Vec<&str> {
        let all = self.parts.iter().flat_map(|(_, findings)| findings);
        all.filter(|one| one.found == Found::Wrong).map(|one| one.subject.as_str()).collect()
    }

    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.parts.iter().flat_map(|(_, findings)| findings)
    }

    /// For people: a line for each finding. How long things took is for [`Report::json`]: it differs each time.
    pub fn text(&self) -> String {
        let ModuleInformation { digest, cryptoki, manufacturer, description, version, measures, .. } =
            &self.module;
        let mut text = format!("module {}\n", one_line(&self.path));
        let mut say = |line: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", one_line(&line));
        };
        say(format!("  SHA-256 {digest}"));
        say(format!("  {manufacturer}, {description}, version {version}, PKCS#11 {cryptoki}"));
        for measure in measures {
            say(format!("  denied {}: {}: {}", measure.subject, taken(measure.taken), measure.detail));
        }
        for token in &self.tokens {
            say(format!("token {token}"));
            say(format!(
                "  {}, hardware {}, firmware {}",
                token.manufacturer, token.hardware, token.firmware
            ));
            let longest = token.longest_pin.map_or("any number of".to_owned(), |most| most.to_string());
            say(format!("  a PIN has {} to {longest} octets; {}", token.shortest_pin, token.pin_state()));
            say(format!("  flags {:#x}: {}", token.flags, token.flag_names().join(", ")));
        }
        for (heading, findings) in &self.parts {
            say((*heading).to_owned());
            for Finding { subject, found, detail, .. } in findings {
                say(format!("  {:<8}{subject}: {detail}", found.to_string()));
            }
        }
        if let Some(profile) = &self.profile {
            let _ = write!(text, "for the site file\n\n{profile}\n");
            let _ = writeln!(text, "SHA-256 of this entry {}", Digest::of(profile.as_bytes()));
        }
        text
    }

    /// For programs: the same as JSON on one line.
    pub fn json(&self) -> String {
        let finding = |part: &str, one: &Finding| {
            json!({
                "probe": part,
                "subject": one.subject,
                "found": one.found.to_string(),
                "detail": one.detail,
                "microseconds": one.microseconds,
            })
        };
        let findings: Vec<Value> = self
            .parts
            .iter()
            .flat_map(|(part, findings)| findings.iter().map(|one| finding(part, one)))
            .collect();
        let measures: Vec<Value> = self
            .module
            .measures
            .iter()
            .map(|one| json!({"subject": one.subject, "holds": taken(one.taken), "detail": one.detail}))
            .collect();
        let said = json!({
            "module": {
                "path": self.path,
                "sha256": self.module.digest.to_string(),
                "manufacturer": self.module.manufacturer,
                "description": self.module.description,
                "version": self.module.version.to_string(),
                "cryptoki": self.module.cryptoki.to_string(),
                "denied": measures,
            },
            "tokens": self.tokens.iter().map(token).collect::<Vec<_>>(),
            "findings": findings,
            "profile": self.profile,
            "profile_sha256": self.profile.as_ref().map(|text| Digest::of(text.as_bytes()).to_string()),
        });
        format!("{said}\n")
    }
}

/// A token as JSON.
pub fn token(token: &TokenInformation) -> Value {
    json!({
        "label": token.label,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "serial": token.serial,
        "flags": token.flags,
        "flag_names": token.flag_names(),
        "shortest_pin": token.shortest_pin,
        "longest_pin": token.longest_pin,
        "hardware": token.hardware.to_string(),
        "firmware": token.firmware.to_string(),
    })
}

/// A finding of the program's own.
pub fn finding(subject: &str, found: Found, detail: impl Into<String>) -> Finding {
    let (subject, detail) = (subject.to_owned(), detail.into());
    Finding { subject, found, detail, microseconds: None, says: Vec::new() }
}

const fn taken(taken: Taken) -> &'static str {
    match taken {
        Taken::Yes => "yes",
        Taken::Partly => "partly",
        Taken::No => "no",
    }
}
