//! CRLs of any size, read from a file or a pipe: one entry after another, in buffers that do not grow with the CRL.
//!
//! The rules of this file:
//! - Nothing is allocated for a length that the input claims: buffers grow with what is there, up to a bound.
//! - Whoever wants to hash what is signed hears its octets as they are read: what was judged, what was digested and
//!   what was compared is one reading.
//! - What is around the signed part is read apart from it: an error there does not hide what is inside.
//!
//! Source: RFC 5280 §5.1.

use std::io::{self, Read};

use super::algorithm::AlgorithmView;
use super::certificate::read_extensions;
use super::crl::{CrlFields, CrlHead, Ending, EntryView, ListPlace};
use super::der::{Cursor, Faults, Header, ReadError, tag};

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlForm {
    /// A whole CRL.
    Whole,
    /// A TBSCertList alone.
    ToBeSigned,
}

/// A CRL that is being read.
pub struct CrlStream<'s> {
    window: Window<'s>,
    form: CrlForm,
    /// Where what is signed begins and ends; of a whole CRL also where that ends.
    signed_begin: usize,
    signed_end: usize,
    whole_end: usize,
    around: Result<(), ReadError>,
    head: Part,
    list: Option<ListPlace>,
    list_end: usize,
    /// How the entry before ended, if it was good.
    ending: Option<Ending>,
}

/// A CRL that was read but for its entries, which were handed out.
#[derive(Clone, Debug)]
pub struct ReadCrl {
    head: Part,
    list: Option<ListPlace>,
    tail: Part,
    signed_octets: usize,
    around: Result<Option<Part>, ReadError>,
    octets: usize,
}

/// Octets and where they stand.
#[derive(Clone, Debug, Default)]
struct Part {
    offset: usize,
    octets: Vec<u8>,
}

impl Part {
    fn cursor(&self) -> Cursor<'_> {
        Cursor::at(&self.octets, self.offset)
    }
}

impl<'s> CrlStream<'s> {
    /// Reads everything before the first entry. `heard` is given all octets that are signed, as they are read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is noted in `faults`.
    pub fn open(
        source: &'s mut dyn Read,
        form: CrlForm,
        heard: &'s mut dyn FnMut(&[u8]),
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        let mut window = Window::new(source, heard);
        let mut whole_end = usize::MAX;
        if form == CrlForm::Whole {
            let outer = window.header(usize::MAX, tag::SEQUENCE, "certificateList", faults)?;
            window.skip(outer.header);
            whole_end = window.position().saturating_add(outer.content);
        }
        window.listen();
        let offset = window.position();
        let signed = window.header(usize::MAX, tag::SEQUENCE, "what is signed", faults)?;
        window.skip(signed.header);
        let signed_end = window.position().saturating_add(signed.content);
        let signed_begin = offset;
        let around = if signed_end > whole_end {
            Err(ReadError::Truncated { offset, what: "what is signed" })
        } else {
            Ok(())
        };
        let head = window.head(signed_end, faults)?;
        let mut list = None;
        let mut list_end = window.position();
        if window.peek(signed_end)? == Some(tag::SEQUENCE) {
            let offset = window.position();
            let found = window.header(signed_end, tag::SEQUENCE, "revokedCertificates", faults)?;
            window.skip(found.header);
            list_end = window.position().saturating_add(found.content);
            if list_end > signed_end {
                return Err(ReadError::Truncated { offset, what: "revokedCertificates" });
            }
            list = Some(ListPlace::of(offset, found.content, faults));
        }
        Ok(Self {
            window,
            form,
            signed_begin,
            signed_end,
            whole_end,
            around,
            head,
            list,
            list_end,
            ending: None,
        })
    }

    /// What stands before the entries.
    ///
    /// # Errors
    ///
    /// None that [`CrlStream::open`] did not have.
    pub fn head(&self) -> Result<CrlHead<'_>, ReadError> {
        CrlHead::read(&mut self.head.cursor(), &mut Faults::new())
    }

    /// Reads the next entry; nothing at their end. After one that cannot be read the next is, if it can be found.
    pub fn entry(&mut self, faults: &mut Faults) -> Option<Result<EntryView<'_>, ReadError>> {
        let left = self.list_end - self.window.position();
        if left == 0 {
            return None;
        }
        match self.window.element(left, "revokedCertificate") {
            Ok(whole) => {
                let (octets, offset) = self.window.take(whole);
                let mut cursor = Cursor::at(octets, offset);
                let before = faults.count();
                let entry = match &self.ending {
                    Some(ending) => EntryView::read_like(&mut cursor, ending, faults),
                    None => EntryView::read(&mut cursor, faults),
                };
                if !entry.as_ref().is_ok_and(EntryView::repeats) {
                    let good = entry.as_ref().ok().filter(|_| faults.count() == before);
                    self.ending = good.map(Ending::of);
                }
                Some(entry)
            }
            Err(error) => {
                // What comes after the entries stands where their list ends, whatever is in it.
                let past = self.window.skip_to(self.list_end);
                // An input that ends before has no further entries; its end is an error of what comes after them.
                self.list_end = self.window.position();
                Some(Err(past.err().unwrap_or(error)))
            }
        }
    }

    /// Reads the rest, over the entries that nobody asked for.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what is signed cannot be read to its end.
    pub fn finish(mut self, faults: &mut Faults) -> Result<ReadCrl, ReadError> {
        self.window.skip_to(self.list_end)?;
        let tail = self.window.part(self.signed_end, "tbsCertList")?;
        let mut cursor = tail.cursor();
        read_extensions(&mut cursor, 0, faults)?;
        cursor.end("tbsCertList")?;
        self.window.hush();
        let signed_octets = self.signed_end - self.signed_begin;
        let around = match (self.form, self.around) {
            (_, Err(error)) => Err(error),
            (CrlForm::ToBeSigned, Ok(())) => self.window.end("tbsCertList").map(|()| None),
            (CrlForm::Whole, Ok(())) => {
                self.window.part(self.whole_end, "certificateList").and_then(|part| {
                    Around::read(&part, faults)?;
                    self.window.end("certificateList")?;
                    Ok(Some(part))
                })
            }
        };
        let octets = self.window.position();
        Ok(ReadCrl { head: self.head, list: self.list, tail, signed_octets, around, octets })
    }
}

impl ReadCrl {
    /// Everything that is signed but the entries.
    ///
    /// # Errors
    ///
    /// None that reading did not have.
    pub fn fields(&self) -> Result<CrlFields<'_>, ReadError> {
        let mut faults = Faults::new();
        let head = CrlHead::read(&mut self.head.cursor(), &mut faults)?;
        let extensions = read_extensions(&mut self.tail.cursor(), 0, &mut faults)?;
        Ok(CrlFields::new(&head, self.list, extensions, self.signed_octets))
    }

    /// The algorithm outside of what is signed, and the signature: the octets in the BIT STRING. Nothing of a TBSCertList
    /// alone.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what is around the signed part cannot be read, or if something comes after it.
    pub fn around(&self) -> Result<Option<(AlgorithmView<'_>, &[u8])>, ReadError> {
        match &self.around {
            Ok(None) => Ok(None),
            Ok(Some(part)) => {
                let around = Around::read(part, &mut Faults::new())?;
                Ok(Some((around.algorithm, around.signature)))
            }
            Err(error) => Err(error.clone()),
        }
    }

    /// How many octets were read.
    pub const fn octets(&self) -> usize {
        self.octets
    }
}

/// What stands after the signed part.
struct Around<'a> {
    algorithm: AlgorithmView<'a>,
    signature: &'a [u8],
}

impl<'a> Around<'a> {
    fn read(part: &'a Part, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut rest = part.cursor();
        let algorithm = AlgorithmView::read(&mut rest, "signatureAlgorithm", faults)?;
        let signature = rest.take(tag::BIT_STRING, "signature", faults)?;
        let signature = signature.whole_octets("signature", faults)?;
        rest.end("signature")?;
        Ok(Self { algorithm, signature })
    }
}

/// A part of the input that moves forward over it.
struct Window<'s> {
    source: &'s mut dyn Read,
    buffer: Vec<u8>,
    /// How much of the buffer is of the input.
    filled: usize,
    /// Where the buffer begins in the input.
    begin: usize,
    /// What of the buffer has been read.
    at: usize,
    /// What of the buffer has been heard, while somebody listens.
    heard_to: Option<usize>,
    heard: &'s mut dyn FnMut(&[u8]),
}

impl<'s> Window<'s> {
    fn new(source: &'s mut dyn Read, heard: &'s mut dyn FnMut(&[u8])) -> Self {
        Self { source, buffer: Vec::new(), filled: 0, begin: 0, at: 0, heard_to: None, heard }
    }

    const fn position(&self) -> usize {
        self.begin + self.at
    }

    /// What has not been read and is in the buffer.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..self.filled).unwrap_or_default()
    }

    /// Octets from here on are heard.
    const fn listen(&mut self) {
        self.heard_to = Some(self.at);
    }

    /// Octets from here on are not heard.
    fn hush(&mut self) {
        self.tell();
        self.heard_to = None;
    }

    fn tell(&mut self) {
        if let Some(from) = &mut self.heard_to {
            (self.heard)(self.buffer.get(*from..self.at).unwrap_or_default());
            *from = self.at;
        }
    }

    /// Sees to it that `wanted` octets are in the buffer, or all that there are.
    fn want(&mut self, wanted: usize) -> Result<(), ReadError> {
        if self.rest().len() >= wanted {
            return Ok(());
        }
        self.tell();
        self.buffer.copy_within(self.at..self.filled, 0);
        self.begin += self.at;
        self.filled -= self.at;
        self.at = 0;
        self.heard_to = self.heard_to.map(|_| 0);
        self.buffer.resize(self.buffer.len().max(wanted).max(BUFFER), 0);
        while self.filled < wanted {
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.source.read(free) {
                Ok(0) => break,
                // A reader that gives more than there was room for is not believed.
                Ok(count) => self.filled += count.min(free.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let offset = self.begin + self.filled;
                    return Err(ReadError::Source { offset, kind: error.kind() });
                }
            }
        }
        Ok(())
    }

    fn skip(&mut self, count: usize) {
        self.at = self.filled.min(self.at + count);
    }

    /// Reads over everything before `end`.
    fn skip_to(&mut self, end: usize) -> Result<(), ReadError> {
        while self.position() < end {
            self.want(1)?;
            let here = self.rest().len();
            if here == 0 {
                return Err(ReadError::Truncated { offset: self.position(), what: "revokedCertificates" });
            }
            self.skip(here.min(end - self.position()));
        }
        Ok(())
    }

    /// The tag of the next element, if there is one before `end`.
    fn peek(&mut self, end: usize) -> Result<Option<u8>, ReadError> {
        self.want(1)?;
        Ok(self.rest().first().copied().filter(|_| self.position() < end))
    }

    /// The header of the next element, which has this tag, before `end`.
    fn header(
        &mut self,
        end: usize,
        wanted: u8,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Header, ReadError> {
        let offset = self.position();
        match self.peek(end)? {
            Some(found) if found != wanted => return Err(ReadError::Tag { offset, what, wanted, found }),
            _ => {}
        }
        self.want(Header::MOST_OCTETS)?;
        let rest = self.rest();
        Header::read(rest.get(..rest.len().min(end - offset)).unwrap_or_default(), offset, what, faults)
    }

    /// Sees to it that the next element, which ends within `left` octets, is in the buffer: how many octets it has.
    fn element(&mut self, left: usize, what: &'static str) -> Result<usize, ReadError> {
        let offset = self.position();
        let whole = match self.rest() {
            // What nearly all are: in the buffer, and shorter than 128 octets.
            [_, short @ 0..=0x7f, rest @ ..] if rest.len() >= usize::from(*short) => 2 + usize::from(*short),
            _ => {
                self.want(Header::MOST_OCTETS)?;
                // Faults of the header are noted by whoever reads the element.
                let Header { header, content, .. } =
                    Header::read(self.rest(), offset, what, &mut Faults::new())?;
                let whole = header.saturating_add(content);
                if whole > MOST_ENTRY && whole <= left {
                    return Err(ReadError::Value { offset, what, problem: "is longer than 64 KiB" });
                }
                self.want(whole.min(left))?;
                whole
            }
        };
        if whole > left || whole > self.rest().len() {
            return Err(ReadError::Truncated { offset, what });
        }
        Ok(whole)
    }

    /// Reads octets that are in the buffer: they and where they stand.
    fn take(&mut self, count: usize) -> (&[u8], usize) {
        let (from, offset) = (self.at, self.position());
        self.skip(count);
        (self.buffer.get(from..self.at).unwrap_or_default(), offset)
    }

    /// Reads everything before the entries. More of the input is looked at as long as it does not end it.
    fn head(&mut self, end: usize, faults: &mut Faults) -> Result<Part, ReadError> {
        let offset = self.position();
        let mut wanted = BUFFER;
        loop {
            self.want(wanted)?;
            let rest = self.rest();
            let is_all = rest.len() < wanted || rest.len() >= end - offset || wanted >= MOST_AROUND;
            let rest = rest.get(..rest.len().min(end - offset)).unwrap_or_default();
            let mut cursor = Cursor::at(rest, offset);
            let mut found = Faults::new();
            match CrlHead::read(&mut cursor, &mut found) {
                Err(ReadError::Truncated { .. }) if !is_all => wanted *= 2,
                Err(error) => return Err(error),
                Ok(_) => {
                    faults.extend(found);
                    let length = cursor.offset() - offset;
                    let octets = rest.get(..length).unwrap_or_default().to_vec();
                    self.skip(length);
                    return Ok(Part { offset, octets });
                }
            }
        }
    }

    /// Reads everything before `end`, which is not far.
    fn part(&mut self, end: usize, what: &'static str) -> Result<Part, ReadError> {
        let offset = self.position();
        let length = end.saturating_sub(offset);
        if length > MOST_AROUND {
            return Err(ReadError::Value { offset, what, problem: "has more than 1 MiB after its entries" });
        }
        self.want(length)?;
        let octets = self.rest().get(..length).ok_or(ReadError::Truncated { offset, what })?.to_vec();
        self.skip(length);
        Ok(Part { offset, octets })
    }

    /// Nothing, if nothing is left.
    fn end(&mut self, what: &'static str) -> Result<(), ReadError> {
        self.want(1)?;
        match self.rest().len() {
            0 => Ok(()),
            octets => Err(ReadError::Trailing { offset: self.position(), what, octets }),
        }
    }
}

/// How much is read at a time.
const BUFFER: usize = 1 << 16;
/// The longest entry that is read.
const MOST_ENTRY: usize = 1 << 16;
/// The most octets before and after the entries.
const MOST_AROUND: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::super::CrlView;
    use super::*;
    use crate::pki::build::element::{element, sequence};
    use crate::pki::build::{CrlParts, Extension, assemble, tbs_crl};
    use crate::pki::name::{Attribute, Name, StringForm, attribute_type};
    use crate::pki::reason::Reason;
    use crate::pki::revoked::{RevokedList, RevokedParts};
    use crate::pki::serial::SerialNumber;

    fn tbs(entries: u32) -> Vec<u8> {
        let at = |text: &str| text.parse().unwrap();
        let attribute =
            Attribute { kind: attribute_type("CN").unwrap(), form: StringForm::Utf8, value: "X1".into() };
        let entry = |number: u32| RevokedParts {
            serial: SerialNumber::from_hex(&format!("01{number:08x}")).unwrap(),
            revoked_at: at("2026-10-31T12:00:00Z"),
            reason: Reason::ALL[number as usize % 2 * 4],
        };
        let parts = CrlParts {
            algorithm: &sequence(&[element(tag::OID, &[42])]),
            issuer: &Name::from_attributes(&[attribute]).unwrap(),
            this_update: at("2026-11-01T00:00:00Z"),
            next_update: at("2027-10-01T00:00:00Z"),
            revoked: &RevokedList::of((0..entries).map(entry).collect()),
            extensions: &[Extension::crl_number(5)],
        };
        tbs_crl(&parts).to_vec().unwrap()
    }

    fn whole(entries: u32) -> Vec<u8> {
        assemble(&tbs(entries), &sequence(&[element(tag::OID, &[42])]), &[7; 9])
    }

    /// Gives an octet at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let few = into.len().min(1);
            self.0.read(into.get_mut(..few).unwrap())
        }
    }

    type Entry = (Vec<u8>, usize, Option<Reason>);

    fn read(
        source: &mut dyn Read,
        form: CrlForm,
        faults: &mut Faults,
    ) -> Result<(Vec<Entry>, Vec<u8>, ReadCrl), ReadError> {
        let (mut signed, mut entries) = (Vec::new(), Vec::new());
        let mut heard = |octets: &[u8]| signed.extend_from_slice(octets);
        let mut stream = CrlStream::open(source, form, &mut heard, faults)?;
        while let Some(entry) = stream.entry(faults) {
            let entry = entry?;
            entries.push((entry.serial_octets().to_vec(), entry.element().offset(), entry.reason()?));
        }
        let read = stream.finish(faults)?;
        Ok((entries, signed, read))
    }

    #[test]
    fn a_stream_is_read_as_what_is_in_memory() {
        for entries in [0, 1, 3, 1500] {
            let (octets, mut faults) = (whole(entries), Faults::new());
            let view = CrlView::read(&octets, &mut faults).unwrap();
            let wanted: Vec<_> = view
                .tbs()
                .entries()
                .map(Result::unwrap)
                .map(|one| (one.serial_octets().to_vec(), one.element().offset(), one.reason().unwrap()))
                .collect();
            assert_eq!(wanted.len(), entries as usize);
            let mut sources: [Box<dyn Read + '_>; 2] = [Box::new(&*octets), Box::new(Drops(&octets))];
            for source in &mut sources {
                let (found, signed, read) = read(source, CrlForm::Whole, &mut faults).unwrap();
                assert!(found == wanted && signed == view.tbs().octets(), "{entries}");
                let (fields, wanted) = (read.fields().unwrap(), view.tbs().fields());
                assert_eq!(fields.revoked(), wanted.revoked());
                assert_eq!(fields.issuer().octets(), wanted.issuer().octets());
                assert_eq!(fields.next_update(), wanted.next_update());
                let extension = fields.extensions().iter().next().unwrap();
                assert_eq!(Some(extension), wanted.extensions().iter().next());
                let (algorithm, signature) = read.around().unwrap().unwrap();
                assert_eq!((algorithm, signature), (view.signature_algorithm(), view.signature()));
                assert_eq!(read.octets(), octets.len());
            }
            let alone = tbs(entries);
            let (_, signed, read) = read(&mut &*alone, CrlForm::ToBeSigned, &mut faults).unwrap();
            assert!(signed == alone && read.around().unwrap().is_none());
            assert_eq!(faults.none(), Ok(()));
        }
    }

    #[test]
    fn what_ends_too_early_or_too_late_is_an_error() {
        let octets = whole(3);
        let signed = 4 + tbs(3).len() - usize::from(octets.len() < 260);
        for end in 0..octets.len() {
            let mut faults = Faults::new();
            match read(&mut octets.get(..end).unwrap(), CrlForm::Whole, &mut faults) {
                Err(_) => assert!(end < signed, "{end}"),
                Ok((entries, _, read)) => {
                    // All that is signed is there: only what is around it is not.
                    assert!(read.around().is_err() && entries.len() == 3, "{end}");
                }
            }
        }
        let more = [&octets[..], &[0]].concat();
        let (_, _, read) = read(&mut &*more, CrlForm::Whole, &mut Faults::new()).unwrap();
        let trailing = ReadError::Trailing { offset: octets.len(), what: "certificateList", octets: 1 };
        assert_eq!(read.around().unwrap_err(), trailing);
    }

    #[test]
    fn a_stream_that_ends_within_its_entries_ends() {
        let octets = whole(3000);
        for end in [octets.len() / 2, octets.len() / 2 + 1, 70_000, 200] {
            let (mut source, mut faults) = (octets.get(..end).unwrap(), Faults::new());
            let mut heard = |_: &[u8]| ();
            let mut stream = CrlStream::open(&mut source, CrlForm::Whole, &mut heard, &mut faults).unwrap();
            let mut errors = 0;
            while let Some(entry) = stream.entry(&mut faults) {
                errors += usize::from(entry.is_err());
            }
            assert!(errors <= 1 && stream.finish(&mut faults).is_err(), "{end}");
        }
    }

    #[test]
    fn lengths_that_are_claimed_are_no_memory() {
        let claim = |header: &[u8]| {
            let mut endless = header.chain(io::repeat(0));
            read(&mut endless, CrlForm::ToBeSigned, &mut Faults::new()).unwrap_err().to_string()
        };
        assert!(claim(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).contains("wanted 0x30"));
        // An issuer, an entry and extensions of gigabytes.
        let octets = tbs(1);
        let issuer = octets.windows(2).position(|two| two == [0x30, 0x0d]).unwrap();
        let claimed = [0x30, 0x84, 0x70, 0, 0, 0];
        let outer = [0x30, 0x84, 0xf0, 0, 0, 0];
        let long = [&outer[..], &octets[2..issuer], &claimed].concat();
        assert!(claim(&long).contains("the input ends"), "{}", claim(&long));
        let list = octets.windows(2).position(|two| two == [0x17, 0x0d]).unwrap() + 30;
        let list_header = [0x30, 0x84, 0x7f, 0, 0, 0];
        let long = [&outer[..], &octets[2..list], &list_header, &claimed].concat();
        assert!(claim(&long).contains("longer than 64 KiB"), "{}", claim(&long));
        let long = [&outer[..], &octets[2..list]].concat();
        assert!(claim(&long).contains("more than 1 MiB"), "{}", claim(&long));
    }
}
