//! Where something is to be had: the issuer's certificate, its OCSP responder, its CRLs.

use super::super::ProfileError;
use super::super::term::{Fills, Term, Uri};
use crate::pki::build::{Access, CrlScope, Extension as Built};
use crate::script::{Fields, FromNode, Node, Problems, Word, wrong};

/// Where to learn about the issuer, in their order; at least one. Source: RFC 5280 §4.2.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accesses(pub Vec<(Access, Uri)>);

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
        let ocsp = ocsp.into_iter().map(|uri| (Access::Ocsp, uri));
        Some(Self(ocsp.chain(issuers.into_iter().map(|uri| (Access::CaIssuers, uri))).collect()))
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        self.0.iter().map(|(_, uri)| &uri.0).collect()
    }

    pub(super) fn build(&self, fills: &Fills) -> Result<Built, ProfileError> {
        let descriptions: Vec<_> = self
            .0
            .iter()
            .map(|(what, uri)| Ok((*what, uri.text(fills)?)))
            .collect::<Result<_, ProfileError>>()?;
        Ok(Built::authority_information_access(&descriptions)?)
    }
}

/// `{ocsp: uri}` or `{ca-issuers: uri}`.
struct Location((Access, Uri));

impl FromNode for Location {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, problems);
        let (ocsp, issuers) = (fields.optional("ocsp"), fields.optional("ca-issuers"));
        let both = (fields.has("ocsp"), fields.has("ca-issuers"));
        fields.finish();
        match both {
            (true, false) => Some(Self((Access::Ocsp, ocsp?))),
            (false, true) => Some(Self((Access::CaIssuers, issuers?))),
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

    pub(super) fn build(&self, fills: &Fills) -> Result<Built, ProfileError> {
        let points: Vec<_> = self.0.iter().map(|uris| texts(uris, fills)).collect::<Result<_, _>>()?;
        let points: Vec<&[&str]> = points.iter().map(Vec::as_slice).collect();
        Ok(Built::crl_distribution_points(&points)?)
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

    pub(super) fn build(&self, fills: &Fills) -> Result<Built, ProfileError> {
        Ok(Built::issuing_distribution_point(&CrlScope {
            uris: &texts(&self.uris, fills)?,
            only_user_certificates: self.only == Some(Covered::Users),
            only_ca_certificates: self.only == Some(Covered::Authorities),
        })?)
    }
}

fn texts<'t>(uris: &'t [Uri], fills: &'t Fills) -> Result<Vec<&'t str>, ProfileError> {
    uris.iter().map(|uri| uri.text(fills)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;
    use crate::script::read;

    fn value<T>(text: &str, read_it: impl Fn(&mut Fields<'_, '_>) -> Option<T>) -> Result<T, String> {
        let (node, mut problems) = read("t", text.as_bytes());
        let mut fields = Fields::of(node.as_ref().unwrap(), &mut problems);
        let value = read_it(&mut fields);
        fields.finish();
        problems.or(value).map_err(|problems| problems.sorted().remove(0).message)
    }

    #[test]
    fn a_point_says_what_it_covers_and_nothing_that_is_default() {
        let point = |text: &str| {
            let point = value(text, IssuingDistributionPoint::read)?;
            Ok::<_, String>(hex(&point.build(&Fills::new()).unwrap().value))
        };
        assert_eq!(point("{only: user-certificates}").unwrap(), "30038101ff");
        assert_eq!(point("{only: ca-certificates}").unwrap(), "30038201ff");
        assert_eq!(point("{uris: ['a:b']}").unwrap(), "3009a007a0058603613a62");
        assert_eq!(point("{uris: ['a:b'], only: ca-certificates}").unwrap(), "300ca007a0058603613a628201ff");
        assert_eq!(point("{}").unwrap_err(), "nothing is said; wanted `uris`, `only` or both");
    }

    #[test]
    fn several_uris_are_one_point_unless_points_are_named() {
        let points = |text: &str| {
            let points = value(text, DistributionPoints::read).unwrap();
            hex(&points.build(&Fills::new()).unwrap().value)
        };
        assert_eq!(points("{uris: ['a:b', 'a:c']}"), "3010300ea00ca00a8603613a628603613a63");
        assert_eq!(
            points("{points: [{uris: ['a:b']}, {uris: ['a:c']}]}"),
            "30163009a007a0058603613a623009a007a0058603613a63"
        );
    }

    #[test]
    fn locations_stand_in_the_order_of_their_list() {
        let accesses = |text: &str| value(text, Accesses::read).map(|accesses| accesses.0);
        let uri = |text: &str| Uri(Term::Text(text.to_owned()));
        let fixed = accesses("{ca-issuers: ['a:b'], ocsp: ['a:c']}").unwrap();
        assert_eq!(fixed, [(Access::Ocsp, uri("a:c")), (Access::CaIssuers, uri("a:b"))]);
        let free = accesses("{locations: [{ca-issuers: 'a:b'}, {ocsp: 'a:c'}]}").unwrap();
        assert_eq!(free, [(Access::CaIssuers, uri("a:b")), (Access::Ocsp, uri("a:c"))]);
        assert_eq!(accesses("{}").unwrap_err(), "nothing is said; wanted `ca-issuers`, `ocsp` or both");
        assert_eq!(
            accesses("{locations: [{ca-issuers: 'a:b', ocsp: 'a:c'}]}").unwrap_err(),
            "found a map, wanted either `ocsp` or `ca-issuers`"
        );
    }
}
