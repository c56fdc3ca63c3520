//! Where something is to be had: the issuer's certificate, its OCSP responder, its CRLs.

use super::super::ProfileError;
use super::super::term::{Fills, Term, Uri};
use crate::pki::build::element::{element, sequence};
use crate::pki::oid::{Oid, access};
use crate::pki::read::der::tag;
use crate::script::{Fields, FromNode, Node, Problems, Word, wrong};

/// Where to learn about the issuer, in their order; at least one. Source: RFC 5280 §4.2.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accesses(pub Vec<(Oid, Uri)>);

impl Accesses {
    /// `{ocsp: [uri…], ca-issuers: [uri…]}`, which stand in this order, or `{locations: [{ca-issuers: uri}, …]}` for
    /// any other.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        if fields.has("locations") {
            let locations: Vec<Location> = fields.list("locations")?;
            return Some(Self(locations.into_iter().map(|location| location.0).collect()));
        }
        let ocsp = fields.optional_list("ocsp");
        let issuers = fields.optional_list("ca-issuers");
        let (ocsp, issuers) = (ocsp?, issuers?);
        if ocsp.is_empty() && issuers.is_empty() {
            let place = fields.place();
            fields.problems().add(place, "nothing is said; wanted `ca-issuers`, `ocsp` or both");
            return None;
        }
        let ocsp = ocsp.into_iter().map(|uri| (access::OCSP, uri));
        Some(Self(ocsp.chain(issuers.into_iter().map(|uri| (access::CA_ISSUERS, uri))).collect()))
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        self.0.iter().map(|(_, uri)| &uri.0).collect()
    }

    pub(super) fn der(&self, fills: &Fills) -> Result<Vec<u8>, ProfileError> {
        let one = |(method, uri): &(Oid, Uri)| {
            Ok(sequence(&[element(tag::OID, method.as_bytes()), general_name(uri, fills)?]))
        };
        Ok(sequence(&self.0.iter().map(one).collect::<Result<Vec<_>, ProfileError>>()?))
    }
}

/// `{ocsp: uri}` or `{ca-issuers: uri}`.
struct Location((Oid, Uri));

impl FromNode for Location {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (ocsp, issuers) = (fields.optional("ocsp"), fields.optional("ca-issuers"));
        let both = (fields.has("ocsp"), fields.has("ca-issuers"));
        fields.finish();
        match both {
            (true, false) => Some(Self((access::OCSP, ocsp?))),
            (false, true) => Some(Self((access::CA_ISSUERS, issuers?))),
            _ => wrong(node, "either `ocsp` or `ca-issuers`", problems),
        }
    }
}

/// Where the CRLs are: distribution points, each with the URIs of its full name. Source: RFC 5280 §4.2.1.13.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoints(pub Vec<Vec<Uri>>);

impl DistributionPoints {
    /// `{uris: [uri…]}` for one point with these names, or `{points: [{uris: [uri…]}, …]}` for several points.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        if fields.has("points") {
            let points: Vec<Point> = fields.list("points")?;
            return Some(Self(points.into_iter().map(|point| point.0).collect()));
        }
        let uris = fields.list("uris")?;
        Some(Self(vec![uris]))
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        self.0.iter().flatten().map(|uri| &uri.0).collect()
    }

    pub(super) fn der(&self, fills: &Fills) -> Result<Vec<u8>, ProfileError> {
        let one = |uris: &Vec<Uri>| Ok(sequence(&[distribution_point_name(uris, fills)?]));
        Ok(sequence(&self.0.iter().map(one).collect::<Result<Vec<_>, ProfileError>>()?))
    }
}

struct Point(Vec<Uri>);

impl FromNode for Point {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let uris = fields.list("uris");
        fields.finish();
        uris.map(Self)
    }
}

/// What a CRL covers, if not everything. Source: RFC 5280 §5.2.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// The names of the distribution point; none if it is not said.
    pub uris: Vec<Uri>,
    /// Whether only certificates of one kind are covered.
    pub only: Option<Covered>,
}

/// Which certificates a CRL covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// onlyContainsUserCerts.
    Users,
    /// onlyContainsCACerts.
    Authorities,
}

impl Word for Covered {
    const WORDS: &'static [(&'static str, Self)] =
        &[("user-certificates", Self::Users), ("ca-certificates", Self::Authorities)];
}

impl IssuingDistributionPoint {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let uris: Option<Vec<Uri>> = fields.optional_list("uris");
        let only = fields.optional("only");
        if !fields.has("uris") && !fields.has("only") {
            let place = fields.place();
            fields.problems().add(place, "nothing is said; wanted `uris`, `only` or both");
            return None;
        }
        Some(Self { uris: uris?, only })
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        self.uris.iter().map(|uri| &uri.0).collect()
    }

    /// Booleans that are FALSE are the default and are not encoded.
    pub(super) fn der(&self, fills: &Fills) -> Result<Vec<u8>, ProfileError> {
        let mut parts = Vec::new();
        if !self.uris.is_empty() {
            parts.push(distribution_point_name(&self.uris, fills)?);
        }
        match self.only {
            None => {}
            Some(Covered::Users) => parts.push(element(tag::context(1), &[0xff])),
            Some(Covered::Authorities) => parts.push(element(tag::context(2), &[0xff])),
        }
        Ok(sequence(&parts))
    }
}

/// `[0] DistributionPointName`, its choice `[0] fullName`.
fn distribution_point_name(uris: &[Uri], fills: &Fills) -> Result<Vec<u8>, ProfileError> {
    let names: Vec<_> = uris.iter().map(|uri| general_name(uri, fills)).collect::<Result<_, _>>()?;
    let full_name = element(tag::context_constructed(0), &names.concat());
    Ok(element(tag::context_constructed(0), &full_name))
}

/// `[6] uniformResourceIdentifier`.
fn general_name(uri: &Uri, fills: &Fills) -> Result<Vec<u8>, ProfileError> {
    Ok(element(tag::context(6), uri.text(fills)?.as_bytes()))
}
