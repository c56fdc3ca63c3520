//! The last CRL of an issuer, as an input: what the next one has to say again. RFC 5280 §3.3; BR §7.2.2.
//!
//! The log has of a CRL's entries their number and a digest. The CRL itself has them all, and its own digest is in the
//! log: so it is the one, and nothing on it can be left out, earlier than allowed, or changed.
//!
//! It is read entry by entry: memory does not grow with it.

use std::cmp::Ordering;
use std::io::{self, Cursor, Read};

use super::given_key::one_structure;
use super::{Input, Scope};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::{KnownCertificate, Ledger};
use crate::pki::read::{self, CrlForm, CrlStream, Faults, ReadCrl};
use crate::pki::reason::Reason;
use crate::pki::revoked::Sorter;
use crate::pki::{Message, RevokedList, RevokedParts, SerialNumber, SignatureAlgorithm, pem};
use crate::script::{Id, Located};

/// What the last CRL says.
#[derive(Clone, Debug)]
pub struct LastCrl {
    /// From when it is.
    pub this_update: Timestamp,
    /// Until when, if it says so.
    pub next_update: Option<Timestamp>,
    /// Its number, if it is one that a next one can be above.
    pub number: Option<u64>,
    /// Its entries, by serial number.
    pub list: RevokedList,
}

impl LastCrl {
    /// Reads a CRL, PEM or DER.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(input: &Input) -> Result<Self, String> {
        entries(&mut source(input)?.0, &mut |_| ()).map(|(crl, _)| crl)
    }

    /// What a list would leave out of this CRL too early, or change: one message each. `expiry` says when a certificate ran
    /// out, by its serial number, where that is known.
    ///
    /// An entry stays until it was on a CRL that began after its certificate had run out.
    pub fn left_out(
        &self,
        list: &RevokedList,
        expiry: impl Fn(&SerialNumber) -> Option<Timestamp>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        // Both are in ascending order.
        let mut now = list.entries().peekable();
        for entry in self.list.entries() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return vec![error.to_string()],
            };
            let before = |next: &io::Result<RevokedParts>| {
                next.as_ref().is_ok_and(|next| next.serial.cmp(&entry.serial) == Ordering::Less)
            };
            while now.next_if(before).is_some() {}
            let same =
                |next: &io::Result<RevokedParts>| next.as_ref().is_ok_and(|next| next.serial == entry.serial);
            let found = now.next_if(same).and_then(Result::ok);
            wrong.extend(self.judge(&entry, found.as_ref(), &expiry));
            if wrong.len() >= MOST_WRONG {
                break;
            }
        }
        wrong
    }

    /// Why an entry that is found so, or not, is wrong.
    fn judge(
        &self,
        entry: &RevokedParts,
        found: Option<&RevokedParts>,
        expiry: impl Fn(&SerialNumber) -> Option<Timestamp>,
    ) -> Option<String> {
        let RevokedParts { serial, revoked_at, reason } = entry;
        match found {
            Some(now) if now == entry => None,
            Some(now) => Some(format!(
                "the serial number {serial} is revoked at {}, {}; the last CRL says {revoked_at}, {reason}, and neither can be \
                 changed",
                now.revoked_at, now.reason
            )),
            None => match expiry(serial) {
                Some(ran_out) if ran_out < self.this_update => None,
                Some(ran_out) => Some(format!(
                    "the CRL leaves out the serial number {serial}, whose certificate is valid until {ran_out}: it stays until a CRL \
                     after that had it (RFC 5280 §3.3)"
                )),
                None => Some(format!(
                    "the CRL leaves out the serial number {serial}, which the last one lists as revoked at {revoked_at}"
                )),
            },
        }
    }
}

/// The entries of the last CRL and these, each once.
///
/// # Errors
///
/// The system's, if a scratch file cannot be written or read.
pub fn with(last: &RevokedList, also: &[RevokedParts]) -> io::Result<RevokedList> {
    let mut sorter = Sorter::new();
    for entry in last.entries() {
        sorter.push(&entry?, 0)?;
    }
    for entry in also {
        if last.find(&entry.serial)?.is_none() {
            sorter.push(entry, 0)?;
        }
    }
    sorter.finish().map_err(io::Error::other)
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
    match read_the_last(&input, issuer, issuer_sha256, &scope.ledger) {
        Ok(crl) => {
            if let Some(number) = crl.number {
                scope.ledger.use_crl_number(issuer_sha256, number);
            }
            // Of one that the log does not know: that of the log's own stands in it.
            if let Some(until) = crl.next_update.filter(|_| scope.ledger.crls_until(issuer_sha256).is_none())
            {
                scope.ledger.use_crl_until(issuer_sha256, until);
            }
            Some(crl)
        }
        Err(why) => {
            scope.problems.add(name.place, format!("CRL `{}` ({}): {why}", name.value, input.file));
            None
        }
    }
}

fn read_the_last(
    input: &Input,
    issuer: &KnownCertificate,
    name: Digest,
    ledger: &Ledger,
) -> Result<LastCrl, String> {
    let found = source(input)?.1;
    match ledger.last_crl(name) {
        Some(last) if last == found => LastCrl::read(input),
        Some(last) => {
            // What is no CRL at all is said to be that.
            LastCrl::read(input)?;
            Err(format!("its SHA-256 is {found}; the last CRL of `{}` in the log has {last}", issuer.name))
        }
        None if ledger.last_number(name).is_some() => {
            Err(format!("the last CRL of `{}` is made in this ceremony", issuer.name))
        }
        None => signed_by(input, issuer),
    }
}

/// A CRL that the log does not know, if the issuer's key signed it.
fn signed_by(input: &Input, issuer: &KnownCertificate) -> Result<LastCrl, String> {
    let text = |error: read::ReadError| error.to_string();
    let ca = read::certificate(&issuer.der).map_err(text)?;
    let key = ca.public_key().map_err(|error| error.to_string())?;
    // By which algorithm it is signed stands at its beginning: that is read once more.
    let wanted = algorithm_of(&mut source(input)?.0)?;
    if !wanted.fits(&key) {
        return Err(format!("its signature algorithm, {wanted}, is not one of the key of `{}`", issuer.name));
    }
    let mut message = Message::signed_by(wanted);
    let (crl, whole) = entries(&mut source(input)?.0, &mut |octets| message.hear(octets))?;
    let fields = whole.fields().map_err(text)?;
    if fields.issuer() != ca.subject() {
        return Err(format!("its issuer is `{}`; wanted `{}`", fields.issuer(), ca.subject()));
    }
    let (algorithm, signature) = whole.around().map_err(text)?.ok_or("it has no signature")?;
    if algorithm.signature_algorithm() != Some(wanted) {
        return Err("the signature algorithm beside its signature is another than inside".into());
    }
    message
        .end()
        .verify(&key, signature)
        .map_err(|error| format!("the key of `{}` did not sign it: {error}", issuer.name))?;
    Ok(crl)
}

/// By which algorithm a CRL says that it is signed.
fn algorithm_of(source: &mut dyn Read) -> Result<SignatureAlgorithm, String> {
    let (mut heard, mut faults) = (|_: &[u8]| (), Faults::new());
    let text = |error: read::ReadError| error.to_string();
    let stream = CrlStream::open(source, CrlForm::Whole, &mut heard, &mut faults).map_err(text)?;
    let head = stream.head().map_err(text)?;
    head.signature().signature_algorithm().ok_or_else(|| "its signature algorithm is unknown".to_owned())
}

/// The DER of an input, and its digest. PEM is taken as far as an input is held in memory.
fn source(input: &Input) -> Result<(Box<dyn Read>, Digest), String> {
    if !pem::is_pem(&input.octets) {
        let reader = input.reader().map_err(|error| error.to_string())?;
        return Ok((Box::new(reader), input.sha256));
    }
    if Digest::of(&input.octets) != input.sha256 {
        return Err("a CRL of this size is taken as DER only".into());
    }
    let der = one_structure(&input.octets, &["X509 CRL"])?;
    let sha256 = Digest::of(&der);
    Ok((Box::new(Cursor::new(der)), sha256))
}

/// Reads every entry; `heard` is given what is signed.
fn entries(source: &mut dyn Read, heard: &mut dyn FnMut(&[u8])) -> Result<(LastCrl, ReadCrl), String> {
    let text = |error: read::ReadError| error.to_string();
    let mut faults = Faults::new();
    let mut stream = CrlStream::open(source, CrlForm::Whole, heard, &mut faults).map_err(text)?;
    let (mut sorter, mut reason) = (Sorter::new(), None);
    while let Some(entry) = stream.entry(&mut faults) {
        let entry = entry.map_err(text)?;
        let serial = entry.serial().map_err(|error| error.to_string())?;
        if !entry.repeats() {
            reason = entry.reason().map_err(text)?;
        }
        let reason = reason.unwrap_or(Reason::Unspecified);
        let parts = RevokedParts { serial, revoked_at: entry.revoked_at().at(), reason };
        sorter.push(&parts, 0).map_err(|error| error.to_string())?;
    }
    let whole = stream.finish(&mut faults).map_err(text)?;
    whole.around().map_err(text)?;
    let fields = whole.fields().map_err(text)?;
    let number = fields.extensions().crl_number().ok().flatten().and_then(number);
    let this_update = fields.this_update().at();
    let next_update = fields.next_update().map(|time| time.at());
    let list = sorter.finish().map_err(|error| error.to_string())?;
    Ok((LastCrl { this_update, next_update, number, list }, whole))
}

/// The content octets of a cRLNumber as a number, if it is not beyond 64 bits.
fn number(octets: &[u8]) -> Option<u64> {
    let octets: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    (octets.len() <= 8).then(|| octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
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

    fn both() -> Vec<RevokedParts> {
        vec![entry(1, AT, Reason::Superseded), entry(2, AT, Reason::KeyCompromise)]
    }

    fn last() -> LastCrl {
        LastCrl {
            this_update: "2026-11-01T00:00:00Z".parse().unwrap(),
            next_update: None,
            number: Some(1),
            list: RevokedList::of(both()),
        }
    }

    fn left_out(list: &[RevokedParts], ran_out: Option<&str>) -> Vec<String> {
        last().left_out(&RevokedList::of(list.to_vec()), |_| ran_out.map(|time| time.parse().unwrap()))
    }

    #[test]
    fn nothing_is_left_out_or_changed() {
        let all = both();
        assert_eq!(left_out(&all, None), Vec::<String>::new());
        let more: Vec<_> = all.into_iter().chain([entry(9, AT, Reason::Superseded)]).collect();
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
