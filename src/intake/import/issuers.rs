//! Whose certificates these are: pinned roots, and subordinate CAs that are expected.

use ceremony_log::code::Code;

use super::super::certificates::Certificate;
use super::super::pins::{Expected, Pins};
use super::super::report::Report;
use crate::digest::Digest;
use crate::pki::NameView;
use crate::script::NamePart;

/// Judges every certificate that is new.
pub fn judge(certificates: &[Certificate<'_>], pins: &Pins, report: &mut Report) {
    for one in certificates.iter().filter(|one| !one.earlier) {
        if one.named.kind == "root" {
            root(one, pins, report);
            continue;
        }
        by_pinned_root(one, certificates, pins, report);
        if one.is_ca() && !pins.roots.contains(&one.spki_sha256()) {
            is_expected(one, pins, report);
        }
    }
}

fn root(one: &Certificate<'_>, pins: &Pins, report: &mut Report) {
    let found = one.spki_sha256();
    if !pins.roots.contains(&found) {
        let message = format!(
            "the key of `{}` has the SHA-256 {found}, which is not among `roots`",
            one.view.subject()
        );
        report.find(Code::E160, one.path, message);
    }
}

/// The key that signed it is a pinned root's. That it signed is judged where the signature is.
fn by_pinned_root(one: &Certificate<'_>, all: &[Certificate<'_>], pins: &Pins, report: &mut Report) {
    // The record may name any issuer; the certificate names one.
    let by_name = all.iter().find(|other| {
        other.is_ca()
            && other.view.subject() == one.view.issuer()
            && pins.roots.contains(&other.spki_sha256())
    });
    let named: Option<Digest> = one.named.intended("issuer_spki_sha256").and_then(|text| text.parse().ok());
    if by_name.is_none() || !named.is_some_and(|named| pins.roots.contains(&named)) {
        let message = format!("its issuer `{}` has no key that is among `roots`", one.view.issuer());
        report.find(Code::E164, one.path, message);
    }
}

fn is_expected(one: &Certificate<'_>, pins: &Pins, report: &mut Report) {
    let found = one.spki_sha256();
    let named: Vec<&Expected> =
        pins.expected.iter().filter(|expected| is_name(&expected.subject, one.view.subject())).collect();
    if named.is_empty() {
        let message = format!("`{}` is not among `expected`", one.view.subject());
        report.find(Code::E166, one.path, message);
        return;
    }
    let with_key = |expected: &&&Expected| expected.spki_sha256.is_none_or(|wanted| wanted == found);
    let Some(expected) = named.iter().find(with_key) else {
        let message =
            format!("`{}` has a key with the SHA-256 {found}; expected is another one", one.view.subject());
        report.find(Code::E167, one.path, message);
        return;
    };
    let made_by = one.named.intended("profile");
    if let Some(wanted) = expected.profile.as_deref().filter(|wanted| made_by != Some(wanted)) {
        let message = format!("made by the profile `{}`; expected is `{wanted}`", made_by.unwrap_or("none"));
        report.find(Code::E166, one.path, message);
    }
}

/// The pins' entry for a certificate's subject and key.
pub fn expected<'p>(one: &Certificate<'_>, pins: &'p Pins) -> Option<&'p Expected> {
    let found = one.spki_sha256();
    pins.expected.iter().find(|expected| {
        is_name(&expected.subject, one.view.subject())
            && expected.spki_sha256.is_none_or(|wanted| wanted == found)
    })
}

/// Whether a name is the one that a file writes, whatever its strings' types.
fn is_name(wanted: &[NamePart], name: NameView<'_>) -> bool {
    let mut found = name.attributes();
    for part in wanted {
        let Some(attribute) = found.next() else { return false };
        let kind = attribute.short_name().map_or_else(|| attribute.kind().to_string(), str::to_owned);
        if kind != part.kind || attribute.text().as_deref() != Some(part.text.as_str()) {
            return false;
        }
    }
    found.next().is_none()
}
