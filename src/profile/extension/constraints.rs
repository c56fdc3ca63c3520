//! What a CA may issue: basic constraints, name constraints, policy constraints.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::ProfileError;
use super::super::certificate::Copied;
use super::super::names::NameForms;
use crate::pki::Name;
use crate::pki::build::{Extension as Built, GeneralNameParts};
use crate::script::{Fields, FromNode, NamePart, Node, Problems, wrong};

/// Whether the subject is a CA, and how long a path below it may be. Source: RFC 5280 §4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is a CA.
    pub ca: bool,
    /// How many CA certificates may follow.
    pub path_length: PathLength,
}

/// How many CA certificates may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathLength {
    /// It is not said.
    Absent,
    /// This many.
    Of(u8),
    /// As in the certificate that is being cross-signed, absent if absent there.
    Copied,
}

impl BasicConstraints {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let ca = fields.required::<bool>("ca");
        let path_length = match fields.node("path-length") {
            None => Some(PathLength::Absent),
            Some(node) if node.is_text("copied") => Some(PathLength::Copied),
            Some(_) => fields.required("path-length").map(PathLength::Of),
        };
        let (ca, path_length) = (ca?, path_length?);
        if !ca && path_length != PathLength::Absent {
            let place = fields.place();
            fields.problems().add(place, "`path-length` is only for a CA");
            return None;
        }
        Some(Self { ca, path_length })
    }

    pub(super) fn build(self, copied: Option<&Copied>) -> Result<Built, ProfileError> {
        let path_length = match self.path_length {
            PathLength::Absent => None,
            PathLength::Of(length) => Some(length),
            PathLength::Copied => {
                copied.ok_or(ProfileError::NotGiven { what: "certificate to copy from" })?.path_length
            }
        };
        Ok(Built::basic_constraints(false, self.ca, path_length)?)
    }
}

/// Which names may be below a CA. Sources: RFC 5280 §4.2.1.10; BR §7.1.2.5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameConstraints {
    /// Only these.
    pub permitted: Subtrees,
    /// None of these.
    pub excluded: Subtrees,
}

/// Parts of the name spaces, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtrees(pub Vec<Subtree>);

/// One part of a name space.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subtree {
    /// A domain and all below it, in ASCII. Empty: every domain.
    Dns(String),
    /// A mailbox, a host or a domain of mailboxes, in ASCII.
    Email(String),
    /// A host or a domain of URIs, in ASCII.
    Uri(String),
    /// Address and mask, 4 or 16 octets each.
    Ip(Vec<u8>),
    /// All names that begin with this one.
    Directory(Name),
}

impl NameConstraints {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let mut subtrees =
            |key| if fields.node(key).is_some() { fields.required(key) } else { Some(Subtrees::default()) };
        let (permitted, excluded) = (subtrees("permitted"), subtrees("excluded"));
        let (permitted, excluded) = (permitted?, excluded?);
        if permitted.0.is_empty() && excluded.0.is_empty() {
            let place = fields.place();
            fields.problems().add(place, "nothing is constrained; wanted `permitted`, `excluded` or both");
            return None;
        }
        Some(Self { permitted, excluded })
    }

    pub(super) fn build(&self) -> Result<Built, ProfileError> {
        Ok(Built::name_constraints(false, &self.permitted.parts(), &self.excluded.parts())?)
    }
}

impl Subtrees {
    fn parts(&self) -> Vec<GeneralNameParts<'_>> {
        self.0.iter().map(Subtree::part).collect()
    }
}

impl Subtree {
    fn part(&self) -> GeneralNameParts<'_> {
        match self {
            Self::Dns(text) => GeneralNameParts::Dns(text),
            Self::Email(text) => GeneralNameParts::Email(text),
            Self::Uri(text) => GeneralNameParts::Uri(text),
            Self::Ip(octets) => GeneralNameParts::Ip(octets),
            Self::Directory(name) => GeneralNameParts::Directory(name),
        }
    }
}

/// A list of `{dns: example.org}`, `{email: …}`, `{uri: …}`, `{ip: 192.0.2.0/24}` and `{directory: [{C: US}, …]}`.
impl FromNode for Subtrees {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        Vec::from_node(node, problems).map(Self)
    }
}

impl FromNode for Subtree {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let mut found = Vec::new();
        for kind in ["dns", "email", "uri", "ip", "directory"] {
            if let Some(node) = fields.node(kind) {
                found.push((kind, node));
            }
        }
        fields.finish();
        let [(kind, value)] = found.as_slice() else {
            return wrong(node, "one of `dns`, `email`, `uri`, `ip`, `directory`", problems);
        };
        match *kind {
            "dns" => ascii(value, problems).map(Self::Dns),
            "email" => ascii(value, problems).map(Self::Email),
            "uri" => ascii(value, problems).map(Self::Uri),
            "ip" => network(value, problems).map(Self::Ip),
            _ => directory(value, problems).map(Self::Directory),
        }
    }
}

fn ascii(node: &Node, problems: &mut Problems) -> Option<String> {
    match node.text() {
        Some(text) if text.bytes().all(|octet| octet.is_ascii_graphic()) => Some(text.to_owned()),
        _ => wrong(node, "ASCII without spaces", problems),
    }
}

/// `192.0.2.0/24`, `2001:db8::/32`: every bit outside the mask is zero.
fn network(node: &Node, problems: &mut Problems) -> Option<Vec<u8>> {
    let read = || {
        let (address, length) = node.text()?.split_once('/')?;
        let address: Vec<u8> = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
            (Ok(four), _) => four.octets().into(),
            (_, Ok(six)) => six.octets().into(),
            _ => return None,
        };
        let bits: usize = length.parse().ok().filter(|bits| length == usize::to_string(bits))?;
        if bits > address.len() * 8 {
            return None;
        }
        let mask: Vec<u8> = (0..address.len()).map(|octet| octet_of_mask(bits, octet * 8)).collect();
        let inside = address.iter().zip(&mask).all(|(address, mask)| address & !mask == 0);
        inside.then(|| [address, mask].concat())
    };
    read()
        .or_else(|| wrong(node, "a network, such as `192.0.2.0/24`, with no bit outside its mask", problems))
}

/// The octet of a mask of `bits` ones that begins at bit `at`.
fn octet_of_mask(bits: usize, at: usize) -> u8 {
    match bits.saturating_sub(at) {
        0 => 0,
        ones @ 1..=7 => !(0xff >> ones),
        _ => 0xff,
    }
}

fn directory(node: &Node, problems: &mut Problems) -> Option<Name> {
    let parts: Vec<NamePart> = Vec::from_node(node, problems)?;
    NameForms::USUAL.name(&parts, problems)
}

/// Which policies have to be there below a CA. Source: RFC 5280 §4.2.1.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// After how many certificates a policy is required.
    pub require_explicit_policy: Option<u32>,
    /// After how many certificates policies may not be mapped.
    pub inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let constraints = Self {
            require_explicit_policy: fields.optional("require-explicit-policy"),
            inhibit_policy_mapping: fields.optional("inhibit-policy-mapping"),
        };
        if !fields.has("require-explicit-policy") && !fields.has("inhibit-policy-mapping") {
            let place = fields.place();
            let wanted = "`require-explicit-policy`, `inhibit-policy-mapping` or both";
            fields.problems().add(place, format!("nothing is constrained; wanted {wanted}"));
            return None;
        }
        Some(constraints)
    }

    pub(super) fn build(&self) -> Result<Built, ProfileError> {
        Ok(Built::policy_constraints(self.require_explicit_policy, self.inhibit_policy_mapping)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;
    use crate::script::read;

    fn subtree(text: &str) -> Result<String, String> {
        let (node, mut problems) = read("t", text.as_bytes());
        let value = node.and_then(|node| Subtree::from_node(&node, &mut problems));
        problems
            .or(value)
            .map(|subtree| {
                let excluded = Subtrees(vec![subtree]);
                let constraints = NameConstraints { permitted: Subtrees::default(), excluded };
                hex(&constraints.build().unwrap().value)
            })
            .map_err(|problems| problems.sorted().remove(0).message)
    }

    #[test]
    fn a_subtree_is_a_general_name() {
        for (text, der) in [
            ("{dns: .mil}", "82042e6d696c"),
            ("{dns: ''}", "8200"),
            ("{email: a@b}", "8103614062"),
            ("{uri: .b}", "86022e62"),
            ("{ip: 192.0.2.0/24}", "8708c0000200ffffff00"),
            ("{ip: 0.0.0.0/0}", "87080000000000000000"),
            ("{ip: 10.64.0.0/10}", "87080a400000ffc00000"),
            ("{ip: '2001:db8::/33'}", "872020010db8000000000000000000000000ffffffff800000000000000000000000"),
            ("{directory: [{C: US}]}", "a40f300d310b3009060355040613025553"),
        ] {
            assert!(subtree(text).unwrap().ends_with(der), "{text}");
        }
        for bad in ["192.0.2.1/24", "192.0.2.0/33", "192.0.2.0", "192.0.2.0/024", "x/1", "192.0.2.0/+4"] {
            assert_eq!(
                subtree(&format!("{{ip: {bad}}}")).unwrap_err(),
                format!(
                    "found `{bad}`, wanted a network, such as `192.0.2.0/24`, with no bit outside its mask"
                )
            );
        }
        assert_eq!(subtree("{dns: é}").unwrap_err(), "found `é`, wanted ASCII without spaces");
        assert_eq!(
            subtree("{dns: a, email: b}").unwrap_err(),
            "found a map, wanted one of `dns`, `email`, `uri`, `ip`, `directory`"
        );
    }

    #[test]
    fn what_is_default_is_not_encoded() {
        let basic = |ca, path_length, copied: Option<Option<u8>>| {
            let copied = copied.map(|path_length| Copied { subject_key_identifier: None, path_length });
            hex(&BasicConstraints { ca, path_length }.build(copied.as_ref()).unwrap().value)
        };
        assert_eq!(basic(false, PathLength::Absent, None), "3000");
        assert_eq!(basic(true, PathLength::Absent, None), "30030101ff");
        assert_eq!(basic(true, PathLength::Of(0), None), "30060101ff020100");
        assert_eq!(basic(true, PathLength::Of(200), None), "30070101ff020200c8");
        assert_eq!(basic(true, PathLength::Copied, Some(None)), "30030101ff");
        assert_eq!(basic(true, PathLength::Copied, Some(Some(1))), "30060101ff020101");
        let copied = BasicConstraints { ca: true, path_length: PathLength::Copied };
        assert!(matches!(copied.build(None), Err(ProfileError::NotGiven { .. })));
        let policy = |require_explicit_policy, inhibit_policy_mapping| {
            hex(&PolicyConstraints { require_explicit_policy, inhibit_policy_mapping }.build().unwrap().value)
        };
        assert_eq!(policy(Some(0), None), "3003800100");
        assert_eq!(policy(Some(1), Some(128)), "30078001018102 0080".replace(' ', ""));
    }
}
