//! The last CRL of an issuer, as an input: what the next one has to say again. RFC 5280 §3.3; BR §7.2.2.
//!
//! The log has of a CRL's entries their number and a digest. The CRL itself has them all, and its own digest is in the
//! log: so it is the one, and nothing on it can be left out, earlier than allowed, or changed.

use std::collections::BTreeMap;

use super::Scope;
use super::given_key::one_structure;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::{KnownCertificate, Ledger};
use crate::pki::build::RevokedParts;
use crate::pki::read::{self, CrlView};
use crate::pki::reason::Reason;
use crate::pki::{SerialNumber, verify_signature};
use crate::script::{Id, Located};

/// What the last CRL says.
#[derive(Clone, Debug)]
pub struct LastCrl {
    /// From when it is.
    pub this_update: Timestamp,
    /// Its number, if it is one that a next one can be above.
    pub number: Option<u64>,
    /// Its entries, in its order.
    pub entries: Vec<RevokedParts>,
}

impl LastCrl {
    /// Reads a CRL, PEM or DER, and its digest.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(octets: &[u8]) -> Result<(Self, Vec<u8>), String> {
        let der = one_structure(octets, &["X509 CRL"])?;
        let said = said(&read::crl(&der).map_err(|error| error.to_string())?)?;
        Ok((said, der))
    }

    /// What a list would leave out of this CRL too early, or change: one message each. `expiry` says when a certificate ran
    /// out, by its serial number, where that is known.
    ///
    /// An entry stays until it was on a CRL that began after its certificate had run out.
    pub fn left_out(
        &self,
        list: &[RevokedParts],
        expiry: impl Fn(&SerialNumber) -> Option<Timestamp>,
    ) -> Vec<String> {
        let listed: BTreeMap<&SerialNumber, &RevokedParts> =
            list.iter().map(|entry| (&entry.serial, entry)).collect();
        let mut wrong = Vec::new();
        for entry in &self.entries {
            let RevokedParts { serial, revoked_at, reason } = entry;
            match listed.get(serial) {
                Some(now) if now.revoked_at == *revoked_at && now.reason == *reason => {}
                Some(now) => wrong.push(format!(
                    "the serial number {serial} is revoked at {}, {}; the last CRL says {revoked_at}, {reason}, and neither can be \
                     changed",
                    now.revoked_at, now.reason
                )),
                None => match expiry(serial) {
                    Some(ran_out) if ran_out < self.this_update => {}
                    Some(ran_out) => wrong.push(format!(
                        "the CRL leaves out the serial number {serial}, whose certificate is valid until {ran_out}: it stays until a \
                         CRL after that had it (RFC 5280 §3.3)"
                    )),
                    None => wrong.push(format!(
                        "the CRL leaves out the serial number {serial}, which the last one lists as revoked at {revoked_at}"
                    )),
                },
            }
            if wrong.len() >= MOST_WRONG {
                break;
            }
        }
        wrong
    }
}

/// Takes in the input that is the last CRL of an issuer: the one that the log names last, or, where the log has none, one
/// that the issuer's key signed.
pub fn take_in(
    name: &Located<Id>,
    issuer: &KnownCertificate,
    issuer_sha256: Digest,
    scope: &mut Scope<'_>,
) -> Option<LastCrl> {
    let input = scope.required_input(name)?;
    let read = LastCrl::read(&input.octets).and_then(|(crl, der)| {
        is_the_last(&der, issuer, issuer_sha256, &scope.ledger)?;
        Ok(crl)
    });
    match read {
        Ok(crl) => {
            if let Some(number) = crl.number {
                scope.ledger.use_crl_number(issuer_sha256, number);
            }
            Some(crl)
        }
        Err(why) => {
            scope.problems.add(name.place, format!("CRL `{}` ({}): {why}", name.value, input.file));
            None
        }
    }
}

fn is_the_last(der: &[u8], issuer: &KnownCertificate, name: Digest, ledger: &Ledger) -> Result<(), String> {
    let found = Digest::of(der);
    match ledger.last_crl(name) {
        Some(last) if last == found => return Ok(()),
        Some(last) => {
            return Err(format!(
                "its SHA-256 is {found}; the last CRL of `{}` in the log has {last}",
                issuer.name
            ));
        }
        None if ledger.last_number(name).is_some() => {
            return Err(format!("the last CRL of `{}` is made in this ceremony", issuer.name));
        }
        None => {}
    }
    let text = |error: read::ReadError| error.to_string();
    let (crl, ca) = (read::crl(der).map_err(text)?, read::certificate(&issuer.der).map_err(text)?);
    if crl.tbs().issuer() != ca.subject() {
        return Err(format!("its issuer is `{}`; wanted `{}`", crl.tbs().issuer(), ca.subject()));
    }
    let algorithm =
        crl.signature_algorithm().signature_algorithm().ok_or("its signature algorithm is not known")?;
    let key = ca.public_key().map_err(|error| error.to_string())?;
    verify_signature(&key, algorithm, crl.tbs().octets(), crl.signature())
        .map_err(|error| format!("the key of `{}` did not sign it: {error}", issuer.name))
}

fn said(view: &CrlView<'_>) -> Result<LastCrl, String> {
    let tbs = view.tbs();
    let number = tbs.extensions().crl_number().ok().flatten().and_then(|octets| {
        let octets: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
        let fits = octets.len() <= 8;
        fits.then(|| octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    });
    let mut entries = Vec::new();
    for entry in tbs.entries() {
        let entry = entry.map_err(|error| error.to_string())?;
        let serial = entry.serial().map_err(|error| error.to_string())?;
        let reason = entry.reason().map_err(|error| error.to_string())?.unwrap_or(Reason::Unspecified);
        entries.push(RevokedParts { serial, revoked_at: entry.revoked_at().at(), reason });
    }
    Ok(LastCrl { this_update: tbs.this_update().at(), number, entries })
}

/// After so many wrong entries the list is another one.
const MOST_WRONG: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(serial: u8, at: &str, reason: Reason) -> RevokedParts {
        RevokedParts {
            serial: SerialNumber::from_der_content(&[serial]).unwrap(),
            revoked_at: at.parse().unwrap(),
            reason,
        }
    }

    const AT: &str = "2026-10-01T00:00:00Z";

    fn last() -> LastCrl {
        LastCrl {
            this_update: "2026-11-01T00:00:00Z".parse().unwrap(),
            number: Some(1),
            entries: vec![entry(1, AT, Reason::Superseded), entry(2, AT, Reason::KeyCompromise)],
        }
    }

    fn left_out(list: &[RevokedParts], ran_out: Option<&str>) -> Vec<String> {
        last().left_out(list, |_| ran_out.map(|time| time.parse().unwrap()))
    }

    #[test]
    fn nothing_is_left_out_or_changed() {
        let all = last().entries;
        assert_eq!(left_out(&all, None), Vec::<String>::new());
        let more: Vec<_> =
            [entry(9, AT, Reason::Superseded)].into_iter().chain(all.into_iter().rev()).collect();
        assert_eq!(left_out(&more, None), Vec::<String>::new());
        let said = left_out(&[entry(1, AT, Reason::Superseded)], None);
        assert!(said.len() == 1 && said[0].contains("leaves out the serial number 02"), "{said:?}");
        for changed in [
            entry(2, "2026-10-01T00:00:01Z", Reason::KeyCompromise),
            entry(2, "2026-09-30T23:59:59Z", Reason::KeyCompromise),
            entry(2, AT, Reason::Superseded),
        ] {
            let said = left_out(&[entry(1, AT, Reason::Superseded), changed], None);
            assert!(said.len() == 1 && said[0].contains("neither can be changed"), "{said:?}");
        }
    }

    #[test]
    fn an_entry_goes_after_a_crl_that_began_when_its_certificate_had_run_out() {
        assert_eq!(left_out(&[], Some("2026-10-31T23:59:59Z")), Vec::<String>::new());
        let said = left_out(&[], Some("2026-11-01T00:00:00Z"));
        assert!(said.len() == 2 && said[0].contains("is valid until 2026-11-01T00:00:00Z"), "{said:?}");
    }
}
