//! Certificate revocation lists, of any size: written, read and compared entry by entry. RFC 5280 §5.

use std::io::{self, Read};
use std::ops::Range;

use super::certificate::algorithm_name;
use super::{Assessed, Reopened, Statement, Structure, place};
use crate::clock::Timestamp;
use crate::digest::hex;
use crate::issuance::statement::read::version;
use crate::pki::build::{self, Streamed};
use crate::pki::read::{
    self, CrlFields, CrlForm, CrlStream, EntryView, Extensions, Faults, ReadCrl, ReadError,
};
use crate::pki::reason::Reason;
use crate::pki::revoked::{Entries, EntriesDigest, RevokedList, RevokedParts};
use crate::pki::{Message, SignatureAlgorithm, oid};
use crate::progress::{Counter, Work};
use crate::rule::{self, Context};

/// A certificate revocation list.
#[derive(Clone, Copy, Debug)]
pub struct CertificateList;

impl Structure for CertificateList {
    const NAME: &'static str = "the CRL";

    fn assess(
        octets: &Streamed,
        _: SignatureAlgorithm,
        context: &Context<'_>,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Result<Assessed, ReadError> {
        let mut faults = Faults::new();
        let mut source = octets.reader();
        let stream = CrlStream::open(&mut source, CrlForm::ToBeSigned, heard, &mut faults)?;
        let mut said = Said::against(octets.list(), Work::EntriesJudged);
        let judged = rule::crl::judge(stream, faults, context, &mut |entry| {
            said.enter(entry.view(), reason(&entry.reason()));
        })?;
        judged.faults.none()?;
        judged.read.around()?;
        let statement = statement(&judged.read.fields()?, said);
        Ok(Assessed { assessment: judged.assessment, statement })
    }

    fn places(octets: &Streamed) -> Vec<(String, Range<usize>)> {
        places(octets).unwrap_or_default()
    }

    fn assemble(
        to_be_signed: &Streamed,
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        _: &[Vec<u8>],
    ) -> Streamed {
        build::assemble_streamed(to_be_signed, &algorithm.der(), signature)
    }

    fn reopen(
        whole: &mut dyn Read,
        planned: &Streamed,
        algorithm: SignatureAlgorithm,
    ) -> Result<Reopened, ReadError> {
        let mut message = Message::signed_by(algorithm);
        let mut heard = |octets: &[u8]| message.hear(octets);
        let mut faults = Faults::new();
        let stream = CrlStream::open(whole, CrlForm::Whole, &mut heard, &mut faults)?;
        let mut said = Said::against(planned.list(), Work::EntriesReadBack);
        let read = read_all(stream, &mut faults, &mut said)?;
        faults.none()?;
        let missing = ReadError::Truncated { offset: read.octets(), what: "signature" };
        let (identifier, signature) = read.around()?.ok_or(missing)?;
        let (identifier, signature) = (identifier.octets().to_vec(), signature.to_vec());
        Ok(Reopened {
            statement: statement(&read.fields()?, said),
            heard: message.end(),
            algorithm: identifier,
            signature,
            along: Vec::new(),
        })
    }
}

impl CertificateList {
    /// Reads a CRL of any size to which there is no plan, as far as can be, and says what it says.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what is signed cannot be read to its end; what is readable and not DER is noted in `faults`.
    pub fn said(stream: CrlStream<'_>, faults: &mut Faults) -> Result<(Statement, ReadCrl), ReadError> {
        let mut said = Said::of_itself();
        let read = read_all(stream, faults, &mut said)?;
        Ok((statement(&read.fields()?, said), read))
    }
}

fn read_all(mut stream: CrlStream<'_>, faults: &mut Faults, said: &mut Said) -> Result<ReadCrl, ReadError> {
    // The reason of the entry before, if nothing was wrong with its extensions: most entries end alike.
    let mut last: Option<Option<u8>> = None;
    while let Some(entry) = stream.entry(faults) {
        let Ok(entry) = entry.map_err(|error| faults.note_unread(error)) else { continue };
        let code = match last {
            Some(code) if entry.repeats() => code,
            _ => {
                let before = faults.count();
                entry.extensions().read_values(faults);
                let code = reason(&entry.extensions().reason_code());
                last = Some(code).filter(|_| faults.count() == before);
                code
            }
        };
        said.enter(&entry, code);
    }
    let read = stream.finish(faults)?;
    read.fields()?.extensions().read_values(faults);
    Ok(read)
}

fn places(octets: &Streamed) -> Result<Vec<(String, Range<usize>)>, ReadError> {
    let (mut source, mut heard, mut faults) = (octets.reader(), |_: &[u8]| (), Faults::new());
    let mut stream = CrlStream::open(&mut source, CrlForm::ToBeSigned, &mut heard, &mut faults)?;
    let mut entries = Vec::new();
    let shown = octets.list().count().min(MOST_SHOWN);
    for index in 0..shown {
        if let Some(entry) = stream.entry(&mut faults) {
            let entry = entry?;
            entries.push((revoked_name(index), place(&entry.serial_element())));
            entries.push((since_and_why(index), place(&entry.revoked_at().element())));
        }
    }
    let head = stream.head()?;
    let mut places = vec![("this update".into(), place(&head.this_update().element()))];
    places.extend(head.next_update().map(|time| ("next update".into(), place(&time.element()))));
    // What comes after the entries is found without going through them.
    let (_, tail) = octets.around();
    let extensions = if octets.list().is_empty() {
        let read = stream.finish(&mut faults)?;
        authority_place(&read.fields()?.extensions())
    } else {
        authority_place(&read::crl_extensions(tail, octets.len() - tail.len())?)
    };
    places.extend(extensions);
    places.extend(entries);
    Ok(places)
}

/// Where the authority key identifier stands.
fn authority_place(extensions: &Extensions<'_>) -> Option<(String, Range<usize>)> {
    let extension = extensions.find(oid::extension::AUTHORITY_KEY_IDENTIFIER)?;
    let name = crate::issuance::statement::read::extension_name(&extension.oid());
    Some((name, place(&extension.element())))
}

fn statement(fields: &CrlFields<'_>, said: Said) -> Statement {
    let mut statement = Statement::new();
    statement.say("version", version(fields.version().map(|element| element.content()), &[(V2, "v2")]));
    statement.say("signature algorithm", algorithm_name(fields.signature().octets()));
    statement.say_read_name("issuer", fields.issuer());
    statement.say_time("this update", &fields.this_update());
    match fields.next_update() {
        Some(time) => statement.say_time("next update", &time),
        None => statement.say("next update", "absent"),
    }
    said.end(&mut statement);
    statement.say_read(&fields.extensions());
    statement
}

/// The name of the field with the serial number of an entry, by its place from 0.
pub(in crate::issuance) fn revoked_name(index: u64) -> String {
    format!("revoked {}", index + 1)
}

/// The name of the field with the time and the reason of an entry, by its place from 0.
pub(in crate::issuance) fn since_and_why(index: u64) -> String {
    format!("{}, since and why", revoked_name(index))
}

/// Says the planned entries: a few in full, of many the first and the last; all of them by number and digest.
///
/// # Errors
///
/// The system's, if the list cannot be read.
pub(in crate::issuance) fn say_entries(statement: &mut Statement, list: &RevokedList) -> io::Result<()> {
    let mut shown = Shown::default();
    for (_, entry) in (0..MOST_SHOWN).zip(list.entries()) {
        shown.first.push(OneEntry::planned(&entry?));
    }
    if let Some(last) = list.last()? {
        shown.last = Some(OneEntry::planned(&last));
    }
    shown.say(statement, list.count());
    statement.say("revoked certificates", list.count());
    statement.say(REVOKED_SHA256, list.sha256());
    Ok(())
}

/// One entry as statements say it.
#[derive(Clone, Debug)]
struct OneEntry {
    serial: String,
    since_and_why: String,
}

impl OneEntry {
    fn planned(entry: &RevokedParts) -> Self {
        Self::new(entry.serial.der_content(), entry.revoked_at, entry.code())
    }

    fn new(serial: &[u8], at: Timestamp, reason: Option<u8>) -> Self {
        let named = reason.and_then(|code| Reason::from_code(code.into()));
        let why = match (named, reason) {
            (Some(named), _) => named.name().to_owned(),
            (None, Some(code)) => format!("reason {code}"),
            (None, None) => "no reason".to_owned(),
        };
        Self { serial: hex(serial), since_and_why: format!("{at}, {why}") }
    }
}

/// The entries that are said one by one.
#[derive(Debug, Default)]
struct Shown {
    first: Vec<OneEntry>,
    last: Option<OneEntry>,
}

impl Shown {
    fn say(self, statement: &mut Statement, count: u64) {
        let few = if count > MOST_SHOWN { 1 } else { self.first.len() };
        let last = self.last.filter(|_| count > MOST_SHOWN).map(|last| (count - 1, last));
        for (index, entry) in (0..).zip(self.first).take(few).chain(last) {
            let name = revoked_name(index);
            statement.say(since_and_why(index), entry.since_and_why);
            statement.say(name, entry.serial);
        }
    }
}

/// What the entries that are read say, one after the other.
struct Said {
    count: u64,
    shown: Shown,
    /// The last entry: the content octets of its serial number, its time, the number of its reason.
    last: (Vec<u8>, Timestamp, Option<u8>),
    by: By,
    counter: Counter,
}

/// How the entries are told as a whole.
enum By {
    /// Their digest is made.
    Digest(Box<EntriesDigest>),
    /// Each has to be the next one of a list: then they have its digest. The first difference is said.
    List { list: RevokedList, next: Entries, difference: Option<String> },
}

impl Said {
    fn of_itself() -> Self {
        let last = (Vec::new(), Timestamp::EPOCH, None);
        let counter = Counter::new(Work::EntriesRead, None);
        Self { count: 0, shown: Shown::default(), last, by: By::Digest(Box::default()), counter }
    }

    fn against(list: &RevokedList, work: Work) -> Self {
        let counter = Counter::new(work, Some(list.count()));
        let by = By::List { list: list.clone(), next: list.entries(), difference: None };
        Self { by, counter, ..Self::of_itself() }
    }

    fn enter(&mut self, entry: &EntryView<'_>, reason: Option<u8>) {
        let (serial, at) = (entry.serial_octets(), entry.revoked_at().at());
        if self.count < MOST_SHOWN {
            self.shown.first.push(OneEntry::new(serial, at, reason));
        }
        self.count += 1;
        self.counter.step();
        self.last.0.clear();
        self.last.0.extend_from_slice(serial);
        (self.last.1, self.last.2) = (at, reason);
        match &mut self.by {
            By::Digest(digest) => digest.enter(serial, at, reason),
            By::List { difference: Some(_), .. } => {}
            By::List { next, difference, .. } => {
                *difference = differs(next.next(), serial, at, reason)
                    .map(|found| format!("entry {} {found}", self.count));
            }
        }
    }

    fn end(mut self, statement: &mut Statement) {
        let (serial, at, reason) = self.last;
        self.shown.last = (self.count > 0).then(|| OneEntry::new(&serial, at, reason));
        self.shown.say(statement, self.count);
        statement.say("revoked certificates", self.count);
        match self.by {
            By::Digest(digest) => statement.say(REVOKED_SHA256, digest.finish()),
            By::List { list, difference: None, .. } if list.count() == self.count => {
                statement.say(REVOKED_SHA256, list.sha256());
            }
            By::List { list, difference: None, .. } => {
                statement.say(REVOKED_SHA256, format!("{} entries of {}", self.count, list.count()));
            }
            By::List { difference: Some(difference), .. } => statement.say(REVOKED_SHA256, difference),
        }
    }
}

/// A reason as statements have it: one that is none of the standard's counts as absent, one that cannot be read as none
/// that anybody plans.
fn reason(read: &Result<Option<u64>, ReadError>) -> Option<u8> {
    match read {
        Ok(code) => code.and_then(Reason::from_code).map(Reason::code),
        Err(_) => Some(u8::MAX),
    }
}

/// How an entry is not the planned one; nothing if it is.
fn differs(
    planned: Option<io::Result<RevokedParts>>,
    serial: &[u8],
    at: Timestamp,
    reason: Option<u8>,
) -> Option<String> {
    let planned = match planned {
        None => return Some("is one more than planned".to_owned()),
        Some(Err(error)) => return Some(format!("cannot be compared with the plan: {error}")),
        Some(Ok(planned)) => planned,
    };
    let same = planned.serial.der_content() == serial && planned.revoked_at == at && planned.code() == reason;
    if same {
        return None;
    }
    let (planned, read) = (OneEntry::planned(&planned), OneEntry::new(serial, at, reason));
    Some(format!(
        "is {}, {}; planned {}, {}",
        read.serial, read.since_and_why, planned.serial, planned.since_and_why
    ))
}

/// The INTEGER 1: version 2. RFC 5280 §5.1.2.1.
const V2: &[u8] = &[0x01];
/// The name of the field with the digest of all entries.
pub(in crate::issuance) const REVOKED_SHA256: &str = "revoked certificates, SHA-256";
/// How many revoked certificates are shown one by one; of more, the first and the last, and the rest by number and digest.
const MOST_SHOWN: u64 = 100;
