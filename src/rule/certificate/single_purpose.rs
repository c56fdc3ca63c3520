//! Microsoft and Mozilla: a hierarchy is for one purpose. Trusted Root Program 1.2, since 2026-07-01.

use super::{Certificate, Judge};
use crate::pki::oid::{Oid, purpose};
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "MS-05",
    requires: "all CAs that an issuer certifies serve one purpose: servers, e-mail, code with its time stamps, or documents",
    source: "Microsoft Trusted Root Program 1.2 §3.4.3; Mozilla Root Store Policy 3.1 §7.5",
    severity: Severities::PROGRAM,
    verdict: judge,
};

/// What root programs trust a CA for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustPurpose {
    Servers,
    Email,
    Code,
    TimeStamps,
    Documents,
}

impl TrustPurpose {
    pub(super) const ALL: [Self; 5] = [Self::Servers, Self::Email, Self::Code, Self::TimeStamps, Self::Documents];

    /// The purpose in an extended key usage.
    pub(super) const fn purpose(self) -> Oid {
        match self {
            Self::Servers => purpose::SERVER_AUTH,
            Self::Email => purpose::EMAIL_PROTECTION,
            Self::Code => purpose::CODE_SIGNING,
            Self::TimeStamps => purpose::TIME_STAMPING,
            Self::Documents => purpose::DOCUMENT_SIGNING,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Email => "e-mail",
            Self::Code => "code",
            Self::TimeStamps => "time stamps",
            Self::Documents => "documents",
        }
    }

    /// Whether Microsoft takes both under one root.
    fn goes_with(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Code, Self::TimeStamps) | (Self::TimeStamps, Self::Code))
    }
}

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let tbs = certificate.tbs();
    let purposes: Vec<_> = tbs.extensions().extended_key_usage()?.iter().flatten().map(|one| one.to_string()).collect();
    let own = trusted_for(&purposes);
    let mut findings = Findings::new();
    for other in context.known()?.certificates_issued_by(tbs.issuer().sha256()) {
        let Some(Some(purposes)) = other.purposes().filter(|_| other.kind.is_subordinate_ca()) else { continue };
        let differs = trusted_for(purposes).into_iter().find(|its| own.iter().any(|own| !own.goes_with(*its)));
        if let Some(its) = differs {
            findings.should(format!("{} is for {}; this CA's issuer then serves two purposes", other.called(), its.name()));
        }
    }
    findings.verdict()
}

fn trusted_for(purposes: &[String]) -> Vec<TrustPurpose> {
    let has = |one: &TrustPurpose| purposes.contains(&one.purpose().to_string());
    TrustPurpose::ALL.into_iter().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::pki::oid::purpose::{CLIENT_AUTH, CODE_SIGNING, EMAIL_PROTECTION, SERVER_AUTH, TIME_STAMPING};
    use crate::rule::Kind;
    use crate::rule::sample::{Sample, name};

    #[test]
    fn an_issuer_does_not_serve_two_purposes() {
        let ca = |purposes: &[_]| {
            let constrained = Sample::subordinate().but(|one| one.kind = Kind::TechnicallyConstrained);
            constrained.with(Extension::extended_key_usage(false, purposes).unwrap())
        };
        let beside = |other: Sample, one: Sample| one.but(|one| one.known = vec![other.issued()]);
        beside(ca(&[SERVER_AUTH]), Sample::subordinate()).passes(&RULE);
        beside(ca(&[SERVER_AUTH, CLIENT_AUTH]), Sample::cross()).passes(&RULE);
        beside(ca(&[CODE_SIGNING]), ca(&[TIME_STAMPING])).passes(&RULE);
        beside(ca(&[EMAIL_PROTECTION]), Sample::subordinate()).fails(&RULE, "is for e-mail");
        beside(ca(&[CODE_SIGNING]), Sample::cross()).fails(&RULE, "is for code");
        beside(Sample::responder(), Sample::subordinate()).passes(&RULE);
        let elsewhere = ca(&[EMAIL_PROTECTION]).but(|one| one.issuer = name("Root X9").der().to_vec());
        beside(elsewhere, Sample::subordinate()).passes(&RULE);
    }
}
