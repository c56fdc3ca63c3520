//! What was found out about a token as a site file has it: the token's entry, ready to be taken over, with its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::which::{Chosen, quoted};
use crate::failure::Failure;
use crate::hsm::{Finding, HashedBy, ModuleInformation, Says, TokenInformation};
use crate::plan::{Login, PinSource, SiteQuirks};

/// What follows from all findings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Follows {
    random_limit: Option<usize>,
    omit_private: Vec<&'static str>,
    omit_public: Vec<&'static str>,
    untold: Vec<&'static str>,
    wrap: Vec<(&'static str, u64)>,
    no_data_objects: bool,
    sessions: Option<usize>,
    /// By what it hashes itself, or does not.
    hashes: BTreeMap<HashedBy, bool>,
    /// Whether some kind of key is sealed by being replaced only.
    replaced: Option<bool>,
}

impl Follows {
    fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut follows = Self::default();
        for says in findings.into_iter().flat_map(|finding| &finding.says) {
            match *says {
                Says::OmitPrivate(name) => follows.omit_private.push(name.name()),
                Says::OmitPublic(name) => follows.omit_public.push(name.name()),
                Says::Untold(name) => follows.untold.push(name.name()),
                Says::RandomLimit(octets) => follows.random_limit = Some(octets),
                Says::NoDataObjects => follows.no_data_objects = true,
                Says::Sessions(count) => follows.sessions = Some(count),
                Says::Hashes { by, itself } => drop(follows.hashes.insert(by, itself)),
                // What serves all kinds of keys.
                Says::Seals { replaced } => {
                    follows.replaced = Some(replaced || follows.replaced == Some(true));
                }
                Says::Wraps { format, mechanism } => follows.wrap.push((format.name(), mechanism)),
            }
        }
        for names in [&mut follows.omit_private, &mut follows.omit_public, &mut follows.untold] {
            names.sort_unstable();
            names.dedup();
        }
        // The best first: what is checked as a whole and pads by itself.
        follows
            .wrap
            .sort_by_key(|(format, mechanism)| (*format != "rfc5649", *format != "rfc3394", *mechanism));
        follows.wrap.dedup();
        follows
    }
}

/// The token's entry in a site file: names, digests, and how it differs from what is known of its make.
///
/// # Errors
///
/// Those of [`Chosen::token`].
pub fn profile<'f>(
    chosen: &Chosen,
    module: &ModuleInformation,
    token: &TokenInformation,
    findings: impl IntoIterator<Item = &'f Finding>,
    class: &str,
) -> Result<String, Failure> {
    let site = chosen.token()?;
    let mut text = format!("rootrite-site: 1\ntokens:\n  {}:\n", chosen.name);
    let mut line = |key: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {key}: {value}");
    };
    line("module", &quoted(&site.module.value));
    line("module-sha256", &module.digest.to_string());
    if !site.environment.is_empty() {
        let all: Vec<String> =
            site.environment.iter().map(|(name, value)| format!("{name}: {}", quoted(value))).collect();
        line("environment", &format!("{{{}}}", all.join(", ")));
    }
    line("label", &quoted(&token.label));
    line("serial", &quoted(&token.serial));
    line("model", &quoted(&token.model));
    line("class", class);
    match (site.login, site.pin.as_ref().map(|pin| pin.value)) {
        (Login::Pin, Some(PinSource::Shares)) => line("login", "pin\n    pin: shares"),
        (Login::Pin, Some(PinSource::TwoHalves)) => line("login", "pin\n    pin: two-halves"),
        (Login::Pin, _) => line("login", "pin\n    pin: prompt"),
        (Login::ProtectedPath, _) => line("login", "protected-path"),
        (Login::None, _) => line("login", "none"),
        (Login::External, _) => line("login", "external"),
    }
    line("quirks", &quirks(&site.quirks, &Follows::of(findings)));
    Ok(text)
}

/// How the token differs, on top of what is known of its make.
fn quirks(known: &SiteQuirks, found: &Follows) -> String {
    let mut parts = vec![format!("like: {}", known.make)];
    let list = |names: &[&str]| format!("[{}]", names.join(", "));
    // What is known of the make stays: a token of its own keys may refuse what it takes for a session.
    let mut names = |key: &str, known: Vec<&'static str>, found: &[&'static str]| {
        let mut both = [known.as_slice(), found].concat();
        both.sort_unstable();
        both.dedup();
        if both.len() != known.len() {
            parts.push(format!("{key}: {}", list(&both)));
        }
    };
    names("omit-private", known.omit_private.iter().map(|name| name.name()).collect(), &found.omit_private);
    names("omit-public", known.omit_public.iter().map(|name| name.name()).collect(), &found.omit_public);
    names("untold", known.untold.iter().map(|name| name.name()).collect(), &found.untold);
    if let Some(octets) = found.random_limit.filter(|octets| *octets != known.random_limit) {
        parts.push(format!("random-limit: {octets}"));
    }
    if let Some(count) = found.sessions.filter(|count| Some(*count) != known.sessions) {
        parts.push(format!("sessions: {count}"));
    }
    let before: BTreeSet<&str> = known.hashes.iter().map(|by| by.word()).collect();
    let mut hashes = before.clone();
    for (by, itself) in &found.hashes {
        if *itself {
            hashes.insert(by.word());
        } else {
            hashes.remove(by.word());
        }
    }
    if hashes != before {
        parts.push(format!("hashes: {}", list(&hashes.into_iter().collect::<Vec<_>>())));
    }
    if let Some(replaced) = found.replaced.filter(|replaced| *replaced != known.replaces) {
        parts.push(format!("seal: {}", if replaced { "replaced" } else { "cleared" }));
    }
    if found.no_data_objects && known.data_objects {
        parts.push("data-objects: false".to_owned());
    }
    let wrap = |(format, mechanism): &(&str, u64)| format!("{{format: {format}, mechanism: {mechanism:#x}}}");
    let said: Vec<String> = found.wrap.iter().map(wrap).collect();
    let before: Vec<String> =
        known.wrap.iter().map(|one| wrap(&(one.format.name(), one.mechanism))).collect();
    if said != before {
        parts.push(format!("wrap: [{}]", said.join(", ")));
    }
    if let Some(reserved) = &known.reserved {
        parts.push(format!("reserved: {}", quoted(reserved)));
    }
    match parts.as_slice() {
        [_] => known.make.clone(),
        _ => format!("{{{}}}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::{AttributeName, Found, WrappedFormat};

    fn says(says: Vec<Says>) -> Finding {
        Finding { subject: "x".into(), found: Found::Good, detail: String::new(), microseconds: None, says }
    }

    #[test]
    fn what_is_known_of_a_make_is_not_said_again() {
        let softhsm = SiteQuirks::named("softhsm-2.6").unwrap();
        let wraps = |format, mechanism| Says::Wraps { format, mechanism };
        let both = [
            says(vec![wraps(WrappedFormat::Rfc3394, 0x2109)]),
            says(vec![wraps(WrappedFormat::Rfc5649, 0x210a)]),
        ];
        assert_eq!(quirks(&softhsm, &Follows::of(&both)), "softhsm-2.6");
        assert_eq!(
            quirks(&softhsm, &Follows::of(&both[1..])),
            "{like: softhsm-2.6, wrap: [{format: rfc5649, mechanism: 0x210a}]}"
        );
    }

    #[test]
    fn what_differs_is_written_as_a_site_file_takes_it() {
        let found = [says(vec![
            Says::OmitPrivate(AttributeName::Destroyable),
            Says::OmitPrivate(AttributeName::Copyable),
            Says::Untold(AttributeName::Local),
            Says::RandomLimit(256),
            Says::Sessions(1),
            Says::NoDataObjects,
            Says::Hashes { by: HashedBy::RsaPss, itself: true },
            Says::Hashes { by: HashedBy::Rsa, itself: true },
            Says::Hashes { by: HashedBy::Ecdsa, itself: false },
            Says::Seals { replaced: true },
            Says::Seals { replaced: false },
        ])];
        let text = quirks(&SiteQuirks::standard(), &Follows::of(&found));
        assert_eq!(
            text,
            "{like: standard, omit-private: [CKA_COPYABLE, CKA_DESTROYABLE], untold: [CKA_LOCAL], random-limit: 256, sessions: 1, hashes: [rsa, rsa-pss], seal: replaced, data-objects: false}"
        );
        let site = format!(
            "rootrite-site: 1\ntokens:\n  a: {{module: /m, label: a, serial: any, class: software, login: none, quirks: {text}}}\n"
        );
        let read = crate::plan::Site::read("site", site.as_bytes()).unwrap();
        let quirks = &read.value.tokens.find("a").unwrap().quirks;
        assert_eq!((quirks.random_limit, quirks.data_objects), (256, false));
        let words: Vec<&str> = quirks.hashes.iter().map(|by| by.word()).collect();
        assert_eq!((words, quirks.replaces), (vec!["rsa", "rsa-pss"], true));
    }

    #[test]
    fn what_somebody_has_said_wrongly_of_a_token_is_set_right() {
        let mut wrong = SiteQuirks::named("tpm2-pkcs11-1").unwrap();
        wrong.replaces = true;
        let found =
            [says(vec![Says::Hashes { by: HashedBy::Rsa, itself: false }, Says::Seals { replaced: false }])];
        let text = quirks(&wrong, &Follows::of(&found));
        assert!(text.contains(", hashes: [], seal: cleared"), "{text}");
        // What was not found out stays as it was said.
        let text = quirks(&wrong, &Follows::of(&[]));
        assert!(!text.contains("hashes") && !text.contains("seal"), "{text}");
    }
}
