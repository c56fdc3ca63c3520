//! GeneralName and the names of distribution points. Source: RFC 5280 §4.2.1.6, §4.2.1.13.

use std::fmt;

use super::der::{Cursor, Element, FaultKind, Faults, ReadError, tag};
use super::list::{Item, List};
use crate::digest::hex;
use crate::pki::name::NameView;
use crate::pki::oid::OidView;

/// One GeneralName.
#[derive(Clone, Copy, Debug)]
pub enum GeneralName<'a> {
    /// otherName \[0\], not looked into.
    Other(Element<'a>),
    /// rfc822Name \[1\].
    Email(&'a [u8]),
    /// dNSName \[2\].
    Dns(&'a [u8]),
    /// x400Address \[3\], not looked into.
    X400(Element<'a>),
    /// directoryName \[4\].
    Directory(NameView<'a>),
    /// ediPartyName \[5\], not looked into.
    EdiParty(Element<'a>),
    /// uniformResourceIdentifier \[6\].
    Uri(&'a [u8]),
    /// iPAddress \[7\].
    Ip(&'a [u8]),
    /// registeredID \[8\].
    Registered(OidView<'a>),
}

/// One or more GeneralNames.
pub type GeneralNames<'a> = List<'a, GeneralName<'a>>;

impl<'a> Item<'a> for GeneralName<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.any("generalName", faults)?;
        if let 0xa0 | 0xa3 | 0xa5 = element.tag() {
            element.note_inside("generalName", faults);
        }
        Ok(match element.tag() {
            0xa0 => Self::Other(element),
            0x81 => Self::Email(element.content()),
            0x82 => Self::Dns(element.content()),
            0xa3 => Self::X400(element),
            0xa4 => {
                let inside = element.inside();
                Self::Directory(NameView::read(element.content(), inside.offset(), faults)?)
            }
            0xa5 => Self::EdiParty(element),
            0x86 => Self::Uri(element.content()),
            0x87 => Self::Ip(element.content()),
            0x88 => Self::Registered(OidView::read(&element, "registeredID", faults)?),
            _ => return Err(element.wrong("generalName", "has a tag that no general name has")),
        })
    }
}

impl<'a> GeneralName<'a> {
    /// The URI, if it is one and ASCII.
    pub fn uri(&self) -> Option<&'a str> {
        match self {
            Self::Uri(octets) if octets.is_ascii() => std::str::from_utf8(octets).ok(),
            _ => None,
        }
    }
}

/// What it is and says, for messages.
impl fmt::Display for GeneralName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).escape_default().to_string();
        match self {
            Self::Other(element) => write!(f, "otherName {}", hex(element.content())),
            Self::Email(octets) => write!(f, "rfc822Name {}", text(octets)),
            Self::Dns(octets) => write!(f, "dNSName {}", text(octets)),
            Self::X400(element) => write!(f, "x400Address {}", hex(element.content())),
            Self::Directory(name) => write!(f, "directoryName {name}"),
            Self::EdiParty(element) => write!(f, "ediPartyName {}", hex(element.content())),
            Self::Uri(octets) => write!(f, "URI {}", text(octets)),
            Self::Ip(octets) => write!(f, "iPAddress {}", hex(octets)),
            Self::Registered(oid) => write!(f, "registeredID {oid}"),
        }
    }
}

/// Where a distribution point says its CRL is.
#[derive(Clone, Copy, Debug)]
pub enum DistributionPointName<'a> {
    /// fullName \[0\].
    Full(GeneralNames<'a>),
    /// nameRelativeToCRLIssuer \[1\], not looked into.
    Relative(Element<'a>),
}

impl<'a> DistributionPointName<'a> {
    /// Reads what is inside of a `[0]` that holds one.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it holds anything else.
    pub fn read(element: &Element<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = element.inside();
        let name = inside.any("distributionPointName", faults)?;
        inside.end("distributionPointName")?;
        match name.tag() {
            0xa0 => Ok(Self::Full(GeneralNames::read(&name, "fullName", faults)?)),
            0xa1 => Ok(Self::Relative(name)),
            _ => Err(name.wrong("distributionPointName", "is neither fullName nor nameRelativeToCRLIssuer")),
        }
    }
}

/// Reads a `[number]` BOOLEAN DEFAULT FALSE, implicit.
pub(super) fn flag(
    cursor: &mut Cursor<'_>,
    number: u8,
    what: &'static str,
    faults: &mut Faults,
) -> Result<bool, ReadError> {
    let Some(element) = cursor.optional(tag::context(number), what, faults)? else { return Ok(false) };
    let value = element.boolean(what, faults)?;
    if !value {
        faults.note(element.offset(), what, FaultKind::Default);
    }
    Ok(value)
}
