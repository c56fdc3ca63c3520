//! A holder's sheet: one share on one page, for a printer and for nobody else.
//!
//! The rules of this file:
//! - The share's words are written into one buffer that is locked, wiped and never moves. No library sees them but the one that makes the QR
//!   symbol, and that works in buffers of ours, which are wiped too.
//! - What else is on the page is made first and without the share: template, layout and PDF know where it will stand, not what it is.
//! - A sheet has no file: it is written to a printer, part after part, and is gone.
//!
//! What is not in our hand: the pipe, the printer's driver and memory, and a spooler if there is one.

use std::fmt::Write as _;
use std::io::{self, Write};

use thiserror::Error;

use super::document::{Block, Document, Value, spelled};
#[cfg(feature = "pdf")]
use super::pdf::{PageSize, PdfError, frame, letter_number};
#[cfg(feature = "pdf")]
use super::qr::{MARGIN, Symbol, TooLong};
use super::template::{Parts, Template, TemplateError, fill};
use super::text::{RESERVED, text};
use crate::secret::{SecretOctets, SecretPage};

/// What is on a sheet beside the share: nothing of it is secret.
#[derive(Clone, Debug)]
pub struct SheetFace {
    /// The ceremony that dealt it; nothing where it is printed anew outside of one.
    pub ceremony: Option<String>,
    /// Whether it is practice.
    pub practice: bool,
    /// What it is a share of, as a sentence says it.
    pub of: String,
    /// Whether that is the key-encryption key of a backup.
    pub of_key: bool,
    /// Who keeps it.
    pub holder: String,
    /// Its set.
    pub set_id: String,
    /// Which of the set it is, counted from 1.
    pub index: u64,
    /// How many there are, where that is known.
    pub count: Option<usize>,
    /// How many it takes; of groups, the fewest.
    pub threshold: usize,
    /// Where it stands in its group, if there are several.
    pub group: Option<SheetGroup>,
    /// What the log's commitment to it was made with.
    pub salt: Option<String>,
}

/// Where a share stands in its group.
#[derive(Clone, Debug)]
pub struct SheetGroup {
    /// What the group is called, where that is known.
    pub name: Option<String>,
    /// Which group it is, counted from 1.
    pub group: u64,
    /// How many groups there are.
    pub groups: usize,
    /// How many of them are needed.
    pub groups_needed: usize,
    /// Which share of the group it is, counted from 1.
    pub number: u64,
    /// How many the group has, where that is known.
    pub count: Option<usize>,
    /// How many of them are needed.
    pub threshold: usize,
}

impl SheetGroup {
    /// What the page says of it, to be compared. `index`: which of the set it is, where that is known.
    fn facts(&self, index: Option<String>) -> [(&'static str, String); 2] {
        let name = self.name.as_ref().map_or_else(String::new, |name| format!(": {name}"));
        let number = match self.count {
            Some(count) => format!("{} of {count}", self.number),
            None => self.number.to_string(),
        };
        let index = index.map_or_else(String::new, |index| format!("; {index} of the set"));
        [
            ("group", format!("{} of {}, {} needed{name}", self.group, self.groups, self.groups_needed)),
            ("share of the group", format!("{number}, {} needed{index}", self.threshold)),
        ]
    }
}

/// A page to be written to a printer.
pub struct Sheet {
    before: Vec<u8>,
    secret: SecretPage,
    after: Vec<u8>,
}

/// Why there is no sheet. Says nothing of the share.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SheetError {
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The PDF.
    #[cfg(feature = "pdf")]
    #[error(transparent)]
    Pdf(#[from] PdfError),
    /// The QR symbol.
    #[cfg(feature = "pdf")]
    #[error("the share has no QR symbol: {0}")]
    Qr(#[from] TooLong),
    /// Not the text of a share.
    #[error("this is no text of a share: it has other letters")]
    NoShare,
    /// More than there is room for.
    #[error("the share is longer than a sheet")]
    TooLong,
}

impl Sheet {
    /// The sheet as plain text, ASCII with carriage returns: what any printer takes.
    ///
    /// # Errors
    ///
    /// [`SheetError`] if the share is none, or the template is not one.
    pub fn text(
        face: &SheetFace,
        share: &SecretOctets,
        template: Option<Template<'_>>,
    ) -> Result<Self, SheetError> {
        let document = document(face, 0, template)?;
        let whole = text(&document);
        let (before, after) = whole.split_once(RESERVED).ok_or(SheetError::NoShare)?;
        let for_printer = |part: &str| -> Vec<u8> {
            part.lines()
                .flat_map(|line| [spelled(line, |letter| letter.is_ascii()), "\r\n".to_owned()])
                .collect::<String>()
                .into_bytes()
        };
        let mut secret = SecretPage::empty();
        share.expose(|octets| lines(octets, &mut secret))?;
        let mut after = for_printer(after);
        after.extend(b"\x0c");
        Ok(Self { before: for_printer(before), secret, after })
    }

    /// The sheet as PDF, with the share as a QR symbol beside its words.
    ///
    /// # Errors
    ///
    /// [`SheetError`] if the share is none, or the template is not one.
    #[cfg(feature = "pdf")]
    pub fn pdf(
        face: &SheetFace,
        share: &SecretOctets,
        size: PageSize,
        template: Option<Template<'_>>,
    ) -> Result<Self, SheetError> {
        let (words, marked) = share.expose(|octets| (count(octets), is_marked(octets)));
        let columns = columns(marked);
        let rows = words.div_ceil(columns);
        let height =
            u16::try_from(rows).unwrap_or(u16::MAX).saturating_mul(ROW).saturating_add(16).max(QR + 12);
        let frame = frame(&document(face, height, template)?, size, SecretPage::MAX_OCTETS)?;
        let mut secret = SecretPage::empty();
        share.expose(|octets| draw(octets, frame.corner, &mut secret))?;
        // A stream has the length that the file says.
        while secret.len() < SecretPage::MAX_OCTETS {
            add(&mut secret, b"\n")?;
        }
        Ok(Self { before: frame.before, secret, after: frame.after })
    }

    /// Writes the sheet to a printer, without a buffer in between.
    ///
    /// # Errors
    ///
    /// The printer's.
    pub fn print(&self, printer: &mut dyn Write) -> io::Result<()> {
        printer.write_all(&self.before)?;
        self.secret.expose(|octets| printer.write_all(octets))?;
        printer.write_all(&self.after)?;
        printer.flush()
    }
}

/// A page that shows whether a printer prints what it is sent: the face and words of a share that nobody dealt.
pub fn test_page() -> (SheetFace, SecretOctets) {
    let face = SheetFace {
        ceremony: None,
        practice: true,
        of: "nothing: this is a test page".into(),
        of_key: true,
        holder: "nobody".into(),
        set_id: "0000".into(),
        index: 1,
        count: Some(1),
        threshold: 1,
        group: None,
        salt: Some("0123456789abcdef0123456789abcdef".into()),
    };
    // What it says is no share: it has another number of words.
    let words = SecretOctets::read(TEST_WORDS.as_bytes());
    (face, words.unwrap_or_else(SecretOctets::empty))
}

/// Words of the list that together are no share.
const TEST_WORDS: &str = "this page has every letter a b c d e f g h i j k l m n o p q r s t u v w x y z";

/// Everything on the page but the share.
fn document(face: &SheetFace, height: u16, template: Option<Template<'_>>) -> Result<Document, SheetError> {
    let template = template.unwrap_or(Template { name: "sheet.md", source: SHEET });
    let mut parts = Parts::new();
    parts.flag("practice", face.practice);
    parts.flag("of_key", face.of_key);
    parts.flag("salted", face.salt.is_some());
    let index = match face.count {
        Some(count) => format!("{} of {count}", face.index),
        None => face.index.to_string(),
    };
    let threshold = face.group.as_ref().map_or(face.threshold, |group| group.threshold);
    parts.value("threshold", Value::exact(threshold.to_string()));
    parts.flag("grouped", face.group.is_some());
    let mut facts = vec![Block::sentence(&format!("A share of {}.", face.of))];
    let ceremony = face.ceremony.clone().unwrap_or_else(|| "printed anew, outside of a ceremony".into());
    let mut shown = vec![("holder", face.holder.clone()), ("set", face.set_id.clone())];
    match &face.group {
        None => shown.extend([("share", index), ("shares that are needed", face.threshold.to_string())]),
        // One that is printed anew knows no number in its set.
        Some(group) => shown.extend(group.facts(face.count.map(|_| index))),
    }
    let salt = face.salt.clone().unwrap_or_else(|| "none".into());
    shown.extend([("ceremony", ceremony), ("salt", salt)]);
    facts.extend(shown.into_iter().map(|(name, value)| Block::Compare(name.into(), Value::exact(value))));
    parts.block("facts", facts);
    parts.block("share", vec![Block::Reserved(height)]);
    let blocks = fill(template, &parts)?;
    let about = match &face.group {
        Some(SheetGroup { group, number, .. }) => {
            format!("set {}, group {group}, share {number} of it, {}", face.set_id, face.holder)
        }
        None => format!("set {}, share {}, {}", face.set_id, face.index, face.holder),
    };
    Ok(Document { title: "Share".into(), about, practice: face.practice, initialled: false, blocks })
}

/// The words of a share, or the groups after its mark.
fn words(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split(|octet| *octet == b' ').skip(usize::from(is_marked(octets))).filter(|word| !word.is_empty())
}

fn count(octets: &[u8]) -> usize {
    words(octets).count()
}

/// Whether it is of our own form, which begins with a mark.
fn is_marked(octets: &[u8]) -> bool {
    octets.starts_with(MARK)
}

/// How many words or groups stand side by side.
const fn columns(marked: bool) -> usize {
    if marked { 5 } else { 3 }
}

fn add(page: &mut SecretPage, octets: &[u8]) -> Result<(), SheetError> {
    if page.add(octets) { Ok(()) } else { Err(SheetError::TooLong) }
}

/// What is no secret, such as a place or a number.
fn add_public(page: &mut SecretPage, text: std::fmt::Arguments<'_>) -> Result<(), SheetError> {
    let mut written = String::new();
    // Writing to a string does not fail.
    let _ = written.write_fmt(text);
    add(page, written.as_bytes())
}

/// Numbered words in columns, for the text.
fn lines(octets: &[u8], page: &mut SecretPage) -> Result<(), SheetError> {
    if !octets.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b' ') {
        return Err(SheetError::NoShare);
    }
    if is_marked(octets) {
        add(page, b"      RR1\r\n")?;
    }
    let columns = columns(is_marked(octets));
    for (place, word) in words(octets).enumerate() {
        add_public(page, format_args!("{:>4}  ", place + 1))?;
        add(page, word)?;
        if (place + 1) % columns == 0 {
            add(page, b"\r\n")?;
        } else {
            let room = if columns == 5 { 8 } else { 16_usize };
            for _ in word.len()..room {
                add(page, b" ")?;
            }
        }
    }
    add(page, b"\r\n")
}

/// Numbered words in columns and the QR symbol, as operators of a PDF page.
#[cfg(feature = "pdf")]
fn draw(octets: &[u8], (left, top): (f32, f32), page: &mut SecretPage) -> Result<(), SheetError> {
    let columns = columns(is_marked(octets));
    let width = f32::from(u16::try_from(336 / columns).unwrap_or(u16::MAX));
    for (place, word) in words(octets).enumerate() {
        let (column, row) = (place % columns, place / columns);
        let [column, row] = [column, row].map(|count| f32::from(u16::try_from(count).unwrap_or(u16::MAX)));
        let (x, y) = (left + column * width, top - 18.0 - row * f32::from(ROW));
        let number = (place + 1).to_string();
        add(page, b"0.4 g\n")?;
        shown(number.as_bytes(), (x, y), 6.5, page)?;
        add(page, b"0 g\n")?;
        shown(word, (x + 16.0, y), 11.0, page)?;
    }
    // The words in capitals are the same share and half as large a symbol.
    let mut capitals = SecretOctets::empty();
    if !octets.iter().all(|octet| capitals.push(octet.to_ascii_uppercase())) {
        return Err(SheetError::TooLong);
    }
    let symbol = capitals.expose(|octets| {
        let text = std::str::from_utf8(octets).map_err(|_| SheetError::NoShare)?;
        Symbol::of(text).map_err(SheetError::from)
    })?;
    symbol_image(&symbol, (left + 345.0, top - 6.0), page)
}

/// A text at a place, as the numbers of its letters.
#[cfg(feature = "pdf")]
fn shown(text: &[u8], (x, y): (f32, f32), size: f32, page: &mut SecretPage) -> Result<(), SheetError> {
    add_public(page, format_args!("BT /E {size} Tf {x} {y} Td <"))?;
    for letter in text {
        let number = letter_number(*letter).ok_or(SheetError::NoShare)?;
        for octet in number.to_be_bytes() {
            add(page, &hex(octet))?;
        }
    }
    add(page, b"> Tj ET\n")
}

/// A symbol as an image of its own, dark where a module is.
#[cfg(feature = "pdf")]
fn symbol_image(symbol: &Symbol, (left, top): (f32, f32), page: &mut SecretPage) -> Result<(), SheetError> {
    let points = |modules: usize| f32::from(u16::try_from(modules).unwrap_or(u16::MAX));
    let whole = f32::from(QR);
    let module = whole / points(symbol.side() + 2 * MARGIN);
    let side = module * points(symbol.side());
    let (x, y) = (left + module * points(MARGIN), top - module * points(MARGIN) - side);
    let modules = symbol.side();
    add_public(
        page,
        format_args!(
            "q {side} 0 0 {side} {x} {y} cm\nBI /W {modules} /H {modules} /IM true /BPC 1 /D [1 0] /F /AHx ID\n"
        ),
    )?;
    for octet in symbol.rows() {
        add(page, &hex(*octet))?;
    }
    add(page, b">\nEI\nQ\n")
}

#[cfg(feature = "pdf")]
fn hex(octet: u8) -> [u8; 2] {
    [octet >> 4, octet & 15].map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

/// Points from one row of words to the next.
const ROW: u16 = 17;
/// Points of a side of the QR symbol with its margin.
const QR: u16 = 142;
/// How a share of our own form begins.
const MARK: &[u8] = b"RR1 ";

const SHEET: &str = include_str!("../../templates/paper/sheet.md");

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(sheet: &Sheet) -> Vec<u8> {
        let mut octets = Vec::new();
        sheet.print(&mut octets).unwrap();
        octets
    }

    #[test]
    fn a_text_sheet_has_every_word_with_its_number_and_is_ascii() {
        let (face, words) = test_page();
        let printed = printed(&Sheet::text(&face, &words, None).unwrap());
        assert!(printed.is_ascii() && printed.ends_with(b"\x0c"));
        let text = String::from_utf8(printed).unwrap();
        for (number, word) in (1..).zip(TEST_WORDS.split(' ')) {
            let number: usize = number;
            assert!(text.contains(&format!("{number:>4}  {word}")), "{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 81), "{text}");
    }

    #[test]
    fn a_share_of_the_text_form_has_its_mark_and_its_groups() {
        let (face, _) = test_page();
        let groups = SecretOctets::read(b"RR1 ABCDE 12345 VWXYZ").unwrap();
        let text = String::from_utf8(printed(&Sheet::text(&face, &groups, None).unwrap())).unwrap();
        assert!(text.contains("RR1\r\n   1  ABCDE      2  12345      3  VWXYZ"), "{text}");
        for wrong in [&b"abc\x1b[2J"[..], b"(abc)"] {
            let wrong = SecretOctets::read(wrong).unwrap();
            assert!(matches!(Sheet::text(&face, &wrong, None), Err(SheetError::NoShare)));
        }
    }

    /// The test page as one of a group.
    fn grouped(name: Option<&str>) -> SheetFace {
        let (face, _) = test_page();
        let group = SheetGroup {
            name: name.map(str::to_owned),
            group: 3,
            groups: 4,
            groups_needed: 2,
            number: 5,
            count: name.map(|_| 7),
            threshold: 6,
        };
        let (index, count) = (18, name.map(|_| 23));
        SheetFace { group: Some(group), index, count, threshold: 9, ..face }
    }

    #[test]
    fn a_sheet_of_a_group_says_which_group_and_which_of_it_and_how_many_of_both_it_takes() {
        let (_, words) = test_page();
        let text = |face: &SheetFace| {
            let text = String::from_utf8(printed(&Sheet::text(face, &words, None).unwrap())).unwrap();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let named = text(&grouped(Some("europe")));
        for wanted in [
            "group: 3 of 4, 2 needed: europe ",
            "share of the group: 5 of 7, 6 needed; 18 of 23 of the set ",
            "It takes 6 of this group",
        ] {
            assert!(named.contains(wanted), "{wanted}: {named}");
        }
        assert!(!named.contains("shares that are needed") && !named.contains("With 9 of them"), "{named}");
        // Printed anew it is known by what the share itself says.
        let anew = text(&grouped(None));
        for wanted in ["group: 3 of 4, 2 needed ", "share of the group: 5, 6 needed "] {
            assert!(anew.contains(wanted), "{wanted}: {anew}");
        }
        assert!(!anew.contains("of the set"), "{anew}");
        let alone = text(&test_page().0);
        assert!(alone.contains("With 1 of them") && !alone.contains("in groups"), "{alone}");
    }

    #[test]
    #[cfg(feature = "pdf")]
    fn what_stands_around_a_share_is_the_same_whatever_the_share_is() {
        let (face, _) = test_page();
        let sheet = |words: &str| {
            let words = SecretOctets::read(words.as_bytes()).unwrap();
            Sheet::pdf(&face, &words, PageSize::A4, None).unwrap()
        };
        let (one, other) = (sheet("academic acid acne"), sheet("zero wolf yelp"));
        assert!(one.before == other.before && one.after == other.after);
        assert_eq!(one.secret.len(), SecretPage::MAX_OCTETS);
        assert!(one.secret.expose(|one| other.secret.expose(|other| one != other)));
        // The longest share there is.
        let longest = format!("RR1{}", " ABCDE".repeat(113));
        assert_eq!(sheet(&longest).secret.len(), SecretPage::MAX_OCTETS);
    }

    #[test]
    #[cfg(feature = "pdf")]
    fn a_share_of_a_key_is_on_one_page_of_either_size_in_practice_too() {
        let long: String = "a-name-that-is-as-long-as-an-id-can-be-".chars().cycle().take(64).collect();
        let (mut face, _) = test_page();
        face.of = format!("the backup of the key `{long}`");
        face.holder.clone_from(&long);
        face.ceremony = Some(long);
        let group = grouped(Some(&"a-group-".repeat(4))).group;
        let words = SecretOctets::read(["academic"; 33].join(" ").as_bytes()).unwrap();
        let of_group = SheetFace { group, ..face.clone() };
        for (size, face) in
            [PageSize::A4, PageSize::Letter].into_iter().flat_map(|size| [(size, &face), (size, &of_group)])
        {
            let printed = printed(&Sheet::pdf(face, &words, size, None).unwrap());
            let count = b"/Count ";
            let at = printed.windows(count.len()).position(|window| window == count).unwrap() + count.len();
            let pages: Vec<u8> = printed[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
            assert_eq!(pages, b"1", "{size:?}");
        }
    }

    #[test]
    fn a_template_without_a_place_for_the_share_prints_nothing() {
        let (face, words) = test_page();
        let template = Template { name: "t.md", source: "{{ facts }}" };
        assert!(matches!(
            Sheet::text(&face, &words, Some(template)),
            Err(SheetError::Template(TemplateError::LeftOut { .. }))
        ));
    }
}
