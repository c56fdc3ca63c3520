//! One extension in the words of a profile; in octets where there are no words.

use std::fmt::Write as _;

use super::super::extension::{Given, Structure, list, purpose_name};
use super::Unsaid;
use super::difference::extension_name;
use crate::digest::hex;
use crate::pki::key_identifier::KeyIdentifierMethod;
use crate::pki::oid::{access, extension as known, policy};
use crate::pki::read::der::tag;
use crate::pki::read::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, DistributionPoint, DistributionPointName,
    ExtensionView, Faults, GeneralName, List, NameConstraints, PolicyConstraints, PolicyInformation, Subtree,
    TbsCertificateView, Value,
};
use crate::pki::usage::KeyUsage;
use crate::script::read;

/// The line of a profile that makes this extension.
pub(super) fn line(
    extension: &ExtensionView<'_>,
    tbs: &TbsCertificateView<'_>,
    method: Option<KeyIdentifierMethod>,
    root: bool,
) -> Result<String, Unsaid> {
    let name = extension_name(&extension.oid());
    let unsaid = |why: String| Unsaid { field: name.clone(), why };
    if tbs.extensions().iter().filter(|other| other.oid() == extension.oid()).count() > 1 {
        return Err(unsaid("it is there more than once".to_owned()));
    }
    let mut faults = Faults::new();
    let value = extension.typed(&mut faults).map_err(|error| unsaid(error.to_string()))?;
    if let Err(error) = faults.none() {
        return Err(unsaid(format!("{error}, and a profile makes DER")));
    }
    let own = tbs.extensions().subject_key_identifier().ok().flatten();
    let authority = tbs.extensions().authority_key_identifier().ok().flatten();
    // A root's is its own, which no profile makes if there is no method.
    let issuer =
        if root { own.filter(|_| method.is_some()) } else { authority.and_then(|one| one.key_identifier) };
    let critical = if extension.critical() { "critical: true, " } else { "" };
    if let Some((word, fields)) = words(extension, &value, method) {
        let fields = format!("{critical}{fields}");
        let line = format!("  - {word}: {{{}}}\n", fields.trim_end_matches(", "));
        if makes(&line, extension, own, issuer) {
            return Ok(line);
        }
    }
    let line = format!(
        "  # {name}, in octets\n  - other: {{{critical}oid: {}, der: \"{}\"}}\n",
        extension.oid(),
        hex(extension.value())
    );
    if makes(&line, extension, own, issuer) {
        Ok(line)
    } else {
        Err(unsaid("no profile can say it".to_owned()))
    }
}

/// Whether a line, read as a profile reads it, makes the very extension; with the key identifiers that come along.
fn makes(line: &str, extension: &ExtensionView<'_>, own: Option<&[u8]>, issuer: Option<&[u8]>) -> bool {
    let (node, mut problems) = read("line", line.as_bytes());
    let extensions = node.and_then(|node| list(&node, Structure::Certificate, &mut problems));
    let Ok(extensions) = problems.or(extensions) else { return false };
    let given = Given {
        subject_key_identifier: own.map(<[u8]>::to_vec),
        issuer_key_identifier: issuer.map(<[u8]>::to_vec),
        ..Given::default()
    };
    let [said] = extensions.as_slice() else { return false };
    said.build(&given).is_ok_and(|built| {
        extension.oid() == built.oid
            && built.critical == extension.critical()
            && built.value == extension.value()
    })
}

fn words(
    extension: &ExtensionView<'_>,
    value: &Value<'_>,
    method: Option<KeyIdentifierMethod>,
) -> Option<(&'static str, String)> {
    let oid = extension.oid();
    Some(match value {
        Value::KeyUsage(usage) => ("key-usage", key_usage(*usage)),
        Value::ExtendedKeyUsage(purposes) => {
            let names = purposes.iter().map(|one| {
                let name = one.to_oid().as_ref().and_then(purpose_name);
                name.map_or_else(|| one.to_string(), str::to_owned)
            });
            ("extended-key-usage", format!("purposes: [{}]", joined(names)))
        }
        Value::BasicConstraints(constraints) => ("basic-constraints", basic_constraints(constraints)),
        Value::SubjectKeyIdentifier(_) if method.is_some() => ("subject-key-identifier", String::new()),
        Value::AuthorityKeyIdentifier(AuthorityKeyIdentifier { issuer: None, serial: None, .. }) => {
            ("authority-key-identifier", String::new())
        }
        Value::Access(list) if oid == known::AUTHORITY_INFORMATION_ACCESS => {
            ("authority-information-access", locations(list)?)
        }
        Value::DistributionPoints(list) if oid == known::CRL_DISTRIBUTION_POINTS => {
            ("crl-distribution-points", points(list)?)
        }
        Value::Policies(list) => ("certificate-policies", policies(list)?),
        Value::NameConstraints(constraints) => ("name-constraints", name_constraints(constraints)?),
        Value::PolicyConstraints(constraints) => ("policy-constraints", policy_constraints(constraints)),
        Value::Number(skip) if oid == known::INHIBIT_ANY_POLICY => {
            ("inhibit-any-policy", format!("skip-certificates: {skip}"))
        }
        Value::NoCheck => ("ocsp-no-check", String::new()),
        _ => return None,
    })
}

fn key_usage(usage: KeyUsage) -> String {
    let names =
        KeyUsage::NAMES.into_iter().filter(|(one, _)| usage.has(*one)).map(|(_, name)| name.to_owned());
    format!("bits: [{}]", joined(names))
}

fn basic_constraints(constraints: &BasicConstraints) -> String {
    let length =
        constraints.path_length.map_or_else(String::new, |length| format!(", path-length: {length}"));
    format!("ca: {}{length}", constraints.ca)
}

fn locations(list: &List<'_, AccessDescription<'_>>) -> Option<String> {
    let locations = list.iter().map(|one| {
        let method = if one.method == access::OCSP {
            "ocsp"
        } else if one.method == access::CA_ISSUERS {
            "ca-issuers"
        } else {
            return None;
        };
        Some(format!("{{{method}: {}}}", quoted(one.location.uri()?)))
    });
    Some(format!("locations: [{}]", joined(locations.collect::<Option<Vec<_>>>()?.into_iter())))
}

fn points(list: &List<'_, DistributionPoint<'_>>) -> Option<String> {
    let uris = |point: DistributionPoint<'_>| match (point.name, point.reasons, point.crl_issuer) {
        (Some(DistributionPointName::Full(names)), None, None) => {
            let uris = names.iter().map(|name| name.uri().map(quoted)).collect::<Option<Vec<_>>>()?;
            Some(format!("uris: [{}]", joined(uris.into_iter())))
        }
        _ => None,
    };
    let points = list.iter().map(uris).collect::<Option<Vec<_>>>()?;
    match points.as_slice() {
        [one] => Some(one.clone()),
        _ => Some(format!("points: [{}]", joined(points.into_iter().map(|point| format!("{{{point}}}"))))),
    }
}

fn policies(list: &List<'_, PolicyInformation<'_>>) -> Option<String> {
    let policies = list.iter().map(|one| {
        let Some(qualifiers) = one.qualifiers else { return Some(one.policy.to_string()) };
        let qualifiers: Vec<_> = qualifiers.iter().collect();
        match qualifiers.as_slice() {
            [only] if only.kind == policy::QUALIFIER_CPS && only.value.tag() == tag::IA5_STRING => {
                let cps = std::str::from_utf8(only.value.content()).ok()?;
                Some(format!("{{policy: {}, cps: {}}}", one.policy, quoted(cps)))
            }
            _ => None,
        }
    });
    Some(format!("policies: [{}]", joined(policies.collect::<Option<Vec<_>>>()?.into_iter())))
}

fn name_constraints(constraints: &NameConstraints<'_>) -> Option<String> {
    let mut text = String::new();
    for (word, subtrees) in [("permitted", constraints.permitted), ("excluded", constraints.excluded)] {
        let Some(subtrees) = subtrees else { continue };
        let said = subtrees.iter().map(|one| subtree(&one)).collect::<Option<Vec<_>>>()?;
        // Writing to a String cannot fail.
        let _ = write!(text, "{word}: [{}], ", joined(said.into_iter()));
    }
    Some(text)
}

fn subtree(subtree: &Subtree<'_>) -> Option<String> {
    let text = |octets| std::str::from_utf8(octets).ok().map(quoted);
    Some(match &subtree.base {
        GeneralName::Dns(octets) => format!("{{dns: {}}}", text(octets)?),
        GeneralName::Email(octets) => format!("{{email: {}}}", text(octets)?),
        GeneralName::Uri(octets) => format!("{{uri: {}}}", text(octets)?),
        GeneralName::Ip(octets) => format!("{{ip: {}}}", quoted(&network(octets)?)),
        GeneralName::Directory(name) => {
            let parts = name.attributes().map(|one| {
                let kind = one.short_name().map_or_else(|| one.kind().to_string(), str::to_owned);
                Some(format!("{{{kind}: {}}}", quoted(&one.text()?)))
            });
            format!("{{directory: [{}]}}", joined(parts.collect::<Option<Vec<_>>>()?.into_iter()))
        }
        _ => return None,
    })
}

/// `192.0.2.0/24` from an address and a mask; whether the mask is one, making it again tells.
fn network(octets: &[u8]) -> Option<String> {
    let (address, mask) = octets.split_at_checked(octets.len() / 2)?;
    let bits: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
    let address = match address.len() {
        4 => std::net::IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        16 => std::net::IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    Some(format!("{address}/{bits}"))
}

fn policy_constraints(constraints: &PolicyConstraints) -> String {
    let mut text = String::new();
    for (word, after) in [
        ("require-explicit-policy", constraints.require_explicit_policy),
        ("inhibit-policy-mapping", constraints.inhibit_policy_mapping),
    ] {
        if let Some(after) = after {
            // Writing to a String cannot fail.
            let _ = write!(text, "{word}: {after}, ");
        }
    }
    text
}

/// Text in double quotes, which YAML and JSON write alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
