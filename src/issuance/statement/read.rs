//! What a structure says as the second implementation reads it.

use crate::digest::hex;
use crate::pki::name::NameView;
use crate::pki::oid::{Oid, OidView, access, policy, purpose};
use crate::pki::read::{
    DistributionPointName, ExtensionView, Extensions, Faults, IssuingDistributionPoint, List,
    PolicyInformation, Subtree, TimeView, Value,
};
use crate::pki::{KeyError, PublicKey};

use super::{Statement, planned};

impl Statement {
    /// Says a name that was read.
    pub fn say_read_name(&mut self, what: &'static str, name: NameView<'_>) {
        self.say(what, name);
        self.say(format!("{what}, DER SHA-256"), name.sha256());
    }

    /// Says a public key that was read, or that it is none.
    pub fn say_read_key(&mut self, key: Result<PublicKey, KeyError>) {
        match key {
            Ok(key) => {
                self.say("public key", planned::kind(&key));
                self.say("public key, SPKI SHA-256", key.spki_sha256());
            }
            Err(error) => self.say("public key", format!("unreadable: {error}")),
        }
    }

    /// Says a time that was read.
    pub fn say_time(&mut self, what: &'static str, time: &TimeView<'_>) {
        self.say(what, time.at());
    }

    /// Says every extension that was read, in its order.
    pub fn say_read(&mut self, extensions: &Extensions<'_>) {
        for extension in extensions {
            let text = value(&extension);
            self.say(
                extension_name(&extension.oid()),
                format!("{}{text}", criticality(extension.critical())),
            );
        }
    }
}

/// The name of an extension: the standard's own, or its identifier.
pub fn extension_name(oid: &OidView<'_>) -> String {
    let named = oid.to_oid().and_then(|oid| const_oid::db::DB.by_oid(&oid).map(ToOwned::to_owned));
    let name = named.map_or_else(
        || oid.to_string(),
        |name| name.trim_start_matches("id-ce-").trim_start_matches("id-pe-").to_owned(),
    );
    format!("extension {name}")
}

/// How a statement says an identifier: with its name before it, where people know one.
pub fn identifier(oid: &OidView<'_>) -> String {
    let known = NAMED.iter().find(|(known, _)| OidView::of(known).octets() == oid.octets());
    known.map_or_else(|| oid.to_string(), |(_, name)| format!("{name} ({oid})"))
}

/// How a statement says that an extension is critical.
pub const fn criticality(critical: bool) -> &'static str {
    if critical { "critical; " } else { "" }
}

/// How a statement says basic constraints.
pub fn basic_constraints(ca: bool, path_length: Option<u64>) -> String {
    let ca = if ca { "CA" } else { "no CA" };
    path_length.map_or_else(|| ca.to_owned(), |length| format!("{ca}, path length {length}"))
}

/// How a statement says policy constraints.
pub fn policy_constraints(explicit: Option<u64>, mapping: Option<u64>) -> String {
    let said = |number: Option<u64>| number.map_or_else(|| "absent".to_owned(), |number| number.to_string());
    format!("require explicit policy {}, inhibit policy mapping {}", said(explicit), said(mapping))
}

/// How a statement says an issuing distribution point.
pub fn issuing_distribution_point(name: &str, users: bool, authorities: bool, others: &[&str]) -> String {
    let mut text = format!("point {name}");
    for (only, what) in [(users, "only user certificates"), (authorities, "only CA certificates")] {
        if only {
            text.push_str(", ");
            text.push_str(what);
        }
    }
    for other in others {
        text.push_str(", ");
        text.push_str(other);
    }
    text
}

/// How a statement says an unsigned integer: in decimal where it is short, in hex where it is long.
pub fn number(octets: &[u8]) -> String {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..).unwrap_or_default();
    if octets.len() > 8 {
        return format!("0x{}", hex(octets));
    }
    octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet)).to_string()
}

/// How a statement says the content octets of a version field: by its name where they are exactly known ones.
pub fn version(octets: Option<&[u8]>, known: &[(&[u8], &str)]) -> String {
    let Some(octets) = octets else { return "absent".into() };
    let named = known.iter().find(|(wanted, _)| *wanted == octets);
    named.map_or_else(|| hex(octets), |(_, name)| (*name).to_owned())
}

fn value(extension: &ExtensionView<'_>) -> String {
    let read = match extension.typed(&mut Faults::new()) {
        Ok(read) => read,
        Err(error) => return format!("unreadable: {error}"),
    };
    match read {
        Value::KeyUsage(usage) => usage.to_string(),
        Value::ExtendedKeyUsage(purposes) => joined(purposes.iter().map(|oid| identifier(&oid))),
        Value::BasicConstraints(constraints) => basic_constraints(constraints.ca, constraints.path_length),
        Value::SubjectKeyIdentifier(octets) => hex(octets),
        Value::AuthorityKeyIdentifier(identifier) => {
            let mut said = Vec::new();
            said.extend(identifier.key_identifier.map(|octets| format!("key identifier {}", hex(octets))));
            said.extend(
                identifier
                    .issuer
                    .map(|names| format!("issuer {}", joined(names.iter().map(|name| name.to_string())))),
            );
            said.extend(identifier.serial.map(|serial| format!("serial number {}", hex(serial))));
            joined(said.into_iter())
        }
        Value::Access(accesses) => joined(
            accesses.iter().map(|access| format!("{} {}", identifier(&access.method), access.location)),
        ),
        Value::Policies(policies) => joined(policies.iter().map(|policy| self::policy(&policy))),
        Value::DistributionPoints(points) => joined(points.iter().map(|point| {
            let mut text = point_name(point.name.as_ref());
            if point.reasons.is_some() || point.crl_issuer.is_some() {
                text.push_str(" with reasons or a CRL issuer");
            }
            text
        })),
        Value::NameConstraints(constraints) => {
            format!(
                "permitted: {}; excluded: {}",
                subtrees(constraints.permitted),
                subtrees(constraints.excluded)
            )
        }
        Value::PolicyConstraints(constraints) => {
            policy_constraints(constraints.require_explicit_policy, constraints.inhibit_policy_mapping)
        }
        Value::Number(skip) => skip.to_string(),
        Value::Integer(octets) => number(octets),
        Value::IssuingDistributionPoint(point) => read_issuing_distribution_point(&point),
        Value::NoCheck => "present".into(),
        Value::PolicyMappings(_) | Value::GeneralNames(_) | Value::Time(_) | Value::Unknown => {
            hex(extension.value())
        }
    }
}

fn policy(policy: &PolicyInformation<'_>) -> String {
    let mut text = identifier(&policy.policy);
    for qualifier in policy.qualifiers.iter().flat_map(|list| list.iter().collect::<Vec<_>>()) {
        let is_cps = qualifier.kind == CPS;
        let said = match (is_cps, std::str::from_utf8(qualifier.value.content())) {
            (true, Ok(uri)) if qualifier.value.tag() == IA5_STRING => format!(" CPS {uri}"),
            _ => format!(" qualifier {} {}", qualifier.kind, hex(qualifier.value.octets())),
        };
        text.push_str(&said);
    }
    text
}

fn point_name(name: Option<&DistributionPointName<'_>>) -> String {
    match name {
        None => "none".into(),
        Some(DistributionPointName::Full(names)) => {
            names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" and ")
        }
        Some(DistributionPointName::Relative(element)) => format!("relative {}", hex(element.octets())),
    }
}

fn read_issuing_distribution_point(point: &IssuingDistributionPoint<'_>) -> String {
    let others: Vec<&str> = [
        (point.only_some_reasons.is_some(), "only some reasons"),
        (point.indirect, "indirect"),
        (point.only_attribute_certificates, "only attribute certificates"),
    ]
    .into_iter()
    .filter_map(|(set, what)| set.then_some(what))
    .collect();
    let (users, authorities) = (point.only_user_certificates, point.only_ca_certificates);
    issuing_distribution_point(&point_name(point.name.as_ref()), users, authorities, &others)
}

fn subtrees(list: Option<List<'_, Subtree<'_>>>) -> String {
    list.map_or_else(
        || "none".into(),
        |list| {
            joined(list.iter().map(|subtree| {
                let bounded = subtree.minimum.is_some() || subtree.maximum.is_some();
                format!("{}{}", subtree.base, if bounded { " with minimum or maximum" } else { "" })
            }))
        },
    )
}

fn joined(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join(", ")
}

/// Identifiers that people know by name: purposes, access methods, policies, digests.
const NAMED: &[(Oid, &str)] = &[
    (purpose::ANY, "any-purpose"),
    (purpose::SERVER_AUTH, "server-auth"),
    (purpose::CLIENT_AUTH, "client-auth"),
    (purpose::CODE_SIGNING, "code-signing"),
    (purpose::EMAIL_PROTECTION, "email-protection"),
    (purpose::TIME_STAMPING, "time-stamping"),
    (purpose::OCSP_SIGNING, "ocsp-signing"),
    (access::OCSP, "ocsp"),
    (access::CA_ISSUERS, "ca-issuers"),
    (policy::ANY, "any-policy"),
    (policy::EXTENDED_VALIDATION, "extended-validation"),
    (policy::DOMAIN_VALIDATED, "domain-validated"),
    (policy::ORGANIZATION_VALIDATED, "organization-validated"),
    (policy::INDIVIDUAL_VALIDATED, "individual-validated"),
    (Oid::new_unwrap("1.3.14.3.2.26"), "sha1"),
    (Oid::new_unwrap("2.16.840.1.101.3.4.2.1"), "sha256"),
];
/// id-qt-cps, RFC 5280 §4.2.1.4.
const CPS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.2.1");
const IA5_STRING: u8 = 0x16;
