//! A share goes to its holder encrypted for the holder's own key, on the holder's own medium, and opens there.
//!
//! The rules of this file:
//! - The holder sees which program encrypts, and for which key, before it does.
//! - What lies on the medium, as it was read back from there, opens by the holder's key: by the site's program, or on the holder's
//!   own device, from which the words are typed. Until then the share counts for nothing.
//! - What an encryptor does wrong loses nothing: it is tried again, or the holder gets a sheet, which officers approve as the
//!   deviation from the script that it is, or everybody gets a new set.

use super::share_set::ShareSet;
use super::{Room, Scope, SentShare, StepError};
use crate::approval::{DEVIATION, deviation_sha256};
use crate::digest::Digest;
use crate::script::{Id, Located};
use crate::secret::SecretOctets;
use crate::stage::{
    EncryptorFace, Encryptors, Event, Expected, Line, Notice, OwnMedium, Person, ShareFace, SharePurpose,
    ShareSentOut, ToApprove,
};

use super::key_shares::{Sheet, look};

/// Whose shares are encrypted: people who are among the holders, each once.
pub fn encrypted(names: &[Located<Id>], holders: &[Person], scope: &mut Scope<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let id = name.value.as_str();
        if !holders.iter().any(|holder| holder.id == id || holder.role == id) {
            let message = format!("`{id}` has no share here; `encrypted` names holders");
            scope.problems.add(name.place, message);
        }
        let meant = holders.iter().filter(|holder| holder.id == id || holder.role == id);
        let new: Vec<String> = meant.map(|holder| holder.id.clone()).filter(|id| !all.contains(id)).collect();
        all.extend(new);
    }
    all
}

/// The name of a holder's own medium for the shares of something.
pub fn own_medium(name: &str, holder: &str) -> String {
    format!("{name}-share-{holder}")
}

/// Registers the media of those whose shares are encrypted.
pub fn new_media(name: &Located<Id>, encrypted: &[String], scope: &mut Scope<'_>) {
    for holder in encrypted {
        let medium = own_medium(name.value.as_str(), holder);
        if let Ok(value) = medium.parse::<Id>() {
            drop(scope.new_medium(&Located { value, place: name.place }));
        } else {
            let message = format!(
                "`{medium}` is too long for a medium's name; wanted a shorter one for the key, the secret or the person"
            );
            scope.problems.add(name.place, message);
        }
    }
}

/// What became of a share on its way.
pub enum SentOut {
    /// It opened, and lies there.
    Opened(SentShare),
    /// It did not, often enough.
    Failed,
    /// The holder gets a sheet.
    OnASheet,
}

/// A share on its way to its holder.
struct Way<'w> {
    set: &'w ShareSet,
    holder: &'w Person,
    sheet: &'w Sheet,
    own: OwnMedium,
    encryptors: &'w dyn Encryptors,
}

/// Encrypts a holder's share onto the holder's medium until it opens.
pub fn send_out(
    set: &ShareSet,
    holder: &Person,
    sheet: &Sheet,
    room: &mut Room<'_, '_>,
) -> Result<SentOut, StepError> {
    // A file of answers practises with what the site has; where there is no site there is nothing to encrypt by.
    if room.stage.is_improvised() && room.stage.encryptors().is_none() {
        let text = format!(
            "rehearsal: share {} of set {} was not encrypted; `{}` has no key of their own here",
            sheet.index, sheet.face.set_id, holder.id
        );
        room.stage.record_once(Event::LogNote { text })?;
        return Ok(SentOut::OnASheet);
    }
    let Some(encryptors) = room.stage.encryptors() else {
        let why = format!("the site has no encryptor for the share of `{}`", holder.id);
        return Err(StepError::Backup { what: set.handing.of.to_string(), why });
    };
    for _ in 0..MOST_TRIES {
        let face = match encryptors.face(&holder.id) {
            Ok(face) => face,
            Err(error) => {
                wrong(room, error.for_people());
                if failed(holder, room)? {
                    return on_a_sheet(set, holder, sheet, room);
                }
                continue;
            }
        };
        let file = format!("share-{}-{}.{}", sheet.face.set_id, sheet.index, face.name);
        let own = OwnMedium { medium: set.own_medium(holder), holder: holder.clone(), file };
        let way = Way { set, holder, sheet, own, encryptors: encryptors.as_ref() };
        if let Some(sent) = way.once(&face, room)? {
            return Ok(SentOut::Opened(sent));
        }
        if failed(holder, room)? {
            return on_a_sheet(set, holder, sheet, room);
        }
    }
    Ok(SentOut::Failed)
}

impl Way<'_> {
    /// Encrypts, writes, and has it opened; where it lies, if it did.
    fn once(&self, face: &EncryptorFace, room: &mut Room<'_, '_>) -> Result<Option<SentShare>, StepError> {
        self.show(face, room)?;
        let ciphertext = match self.encryptors.encrypt(&self.holder.id, &self.sheet.share) {
            Ok(ciphertext) => ciphertext,
            Err(error) => {
                wrong(room, error.for_people());
                return Ok(None);
            }
        };
        let sent = SentShare {
            medium: self.own.medium.clone(),
            file: self.own.file.clone(),
            sha256: Digest::of(&ciphertext),
        };
        self.record(face, ciphertext.len(), &sent, room)?;
        if let Err(why) = room.stage.put_on_own_medium(&self.own, &ciphertext)? {
            wrong(room, format!("medium `{}`: {why}", self.own.medium));
            return Ok(None);
        }
        let Sheet { index, face: ShareFace { set_id, .. }, .. } = self.sheet;
        if let Some(by) = self.opens(face, sent.sha256, room)? {
            let event = Event::ShareDecrypted {
                spki_sha256: self.set.spki_sha256,
                secret: self.set.secret(),
                set_id: set_id.clone(),
                index: *index,
                holder: self.holder.id.clone(),
                ciphertext_sha256: sent.sha256,
                medium: sent.medium.clone(),
                file: sent.file.clone(),
                by: by.to_owned(),
            };
            room.stage.record_by(self.holder, event)?;
            return Ok(Some(sent));
        }
        // What does not open is no share, and is in the way of the next.
        let place = format!("share {index} of set {set_id} did not open on medium `{}`", sent.medium);
        let text = match room.stage.clear_own_medium(&self.own) {
            Ok(()) => format!("{place} and was removed from it"),
            Err(why) => format!("{place}, and is there still: {why}"),
        };
        wrong(room, text.clone());
        room.stage.record(Event::LogNote { text })?;
        Ok(None)
    }

    /// Shows the holder by what and for which key.
    fn show(&self, face: &EncryptorFace, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let Sheet { index, face: ShareFace { set_id, .. }, .. } = self.sheet;
        let mut lines = vec![
            Line::new("of", self.set.handing.of.to_string()),
            Line::new("set", set_id.clone()),
            Line::new("share", format!("{index} of {}", self.set.handing.holders.len())),
            Line::new("encryptor", format!("{}, `{}`", face.name, face.program)),
            Line::new("its SHA-256", face.sha256.to_string()),
            Line::new("your key", face.recipient.clone()),
            Line::new("medium", self.own.medium.clone()),
        ];
        if let Some(member) = self.set.handing.division().member(*index) {
            lines.push(Line::new("that is", member.said()));
        }
        if let Some((program, sha256)) = &face.opens {
            lines.push(Line::new("opened here by", format!("`{program}`, SHA-256 {sha256}")));
        }
        let sentence = "Your share is encrypted for this key, and goes onto your medium. Is the key yours?";
        room.stage.question(self.holder.clone(), sentence, lines, Expected::Word("encrypt"))?;
        Ok(())
    }

    /// Says in the log what came out. A power failure after it leaves a set that counts for nothing: what is on the medium opens
    /// nothing then.
    fn record(
        &self,
        face: &EncryptorFace,
        octets: usize,
        sent: &SentShare,
        room: &mut Room<'_, '_>,
    ) -> Result<(), StepError> {
        let Sheet { index, face: ShareFace { set_id, .. }, .. } = self.sheet;
        let item = format!("key of `{}` for share {index} of set {set_id}", self.holder.id);
        let event = Event::ShareEncrypted(ShareSentOut {
            spki_sha256: self.set.spki_sha256,
            secret: self.set.secret(),
            set_id: set_id.clone(),
            index: *index,
            holder: self.holder.id.clone(),
            encryptor: face.name.clone(),
            program_sha256: face.sha256,
            recipient_digest: room.stage.annex(&item, &face.recipient)?,
            ciphertext_sha256: sent.sha256,
            octets: u64::try_from(octets).unwrap_or(u64::MAX),
            medium: sent.medium.clone(),
            file: sent.file.clone(),
        });
        room.stage.record(event)?;
        Ok(())
    }

    /// Has what lies on the medium opened by the holder's key and looks whether it is the share; by whom it was.
    fn opens(
        &self,
        face: &EncryptorFace,
        sha256: Digest,
        room: &mut Room<'_, '_>,
    ) -> Result<Option<&'static str>, StepError> {
        if face.opens.is_some() {
            return Ok(self.opened_here(sha256, room)?.then_some("program"));
        }
        let lines = vec![
            Line::new("medium", self.own.medium.clone()),
            Line::new("file", self.own.file.clone()),
            Line::new("its SHA-256", sha256.to_string()),
            Line::new("salt", self.sheet.salt.clone()),
        ];
        let sentence = "Open the file on your own device, and keep the salt with it. You type the words that your device shows.";
        room.stage.question(self.holder.clone(), sentence, lines, Expected::Word("opened"))?;
        let purpose = SharePurpose::ReadBack { index: self.sheet.index };
        for _ in 0..MOST_TRIES {
            let Some(typed) = room.stage.ask_share(&self.set.handing, self.holder, String::new(), purpose)?
            else {
                return Ok(None);
            };
            if self.is_it(&typed) {
                return Ok(Some("device"));
            }
            let why = match look(&typed, "") {
                Ok(_) => "this is a share, but not the one that was encrypted".to_owned(),
                Err(error) => error.to_string(),
            };
            room.stage.wrong_share(self.holder, &why);
        }
        Ok(None)
    }

    /// Opens what lies on the medium by the site's program; whether it is the share.
    fn opened_here(&self, sha256: Digest, room: &mut Room<'_, '_>) -> Result<bool, StepError> {
        let lines =
            vec![Line::new("medium", self.own.medium.clone()), Line::new("file", self.own.file.clone())];
        let sentence = "What is on your medium is opened here now, by your key. Is that where the site says?";
        room.stage.question(self.holder.clone(), sentence, lines, Expected::Word("open"))?;
        let why = match opened(self.encryptors, &self.own, sha256, room) {
            Ok(share) if self.is_it(&share) => return Ok(true),
            Ok(_) => "what came out is not the share that was encrypted".to_owned(),
            Err(why) => why,
        };
        wrong(room, why);
        Ok(false)
    }

    /// Whether a share is the one that the log has a commitment to, found out in a time that does not depend on where they differ.
    fn is_it(&self, share: &SecretOctets) -> bool {
        look(share, &self.sheet.salt).is_ok_and(|found| {
            let pairs = found.commitment.octets().iter().zip(self.sheet.face.commitment.octets());
            std::hint::black_box(pairs.fold(0, |different, (one, other)| different | (one ^ other))) == 0
        })
    }
}

/// Has a holder give a share that lies encrypted on the holder's medium, where the site has a program that opens it; nothing if
/// the holder types it.
pub fn given_from_medium(
    holder: &Person,
    sent: &SentShare,
    room: &mut Room<'_, '_>,
) -> Result<Option<SecretOctets>, StepError> {
    let Some(encryptors) = room.stage.encryptors() else { return Ok(None) };
    if !encryptors.face(&holder.id).is_ok_and(|face| face.opens.is_some()) {
        return Ok(None);
    }
    let lines = vec![
        Line::new("medium", sent.medium.clone()),
        Line::new("file", sent.file.clone()),
        Line::new("its SHA-256", sent.sha256.to_string()),
    ];
    let sentence = "Your share lies encrypted on your medium. Is it opened here, by your key, or do you type it from your own device?";
    let answers = Expected::OneOf(vec![OPEN.to_owned(), TYPE.to_owned()]);
    if room.stage.question(holder.clone(), sentence, lines, answers)? == TYPE {
        return Ok(None);
    }
    let own = OwnMedium { medium: sent.medium.clone(), holder: holder.clone(), file: sent.file.clone() };
    match opened(encryptors.as_ref(), &own, sent.sha256, room) {
        Ok(share) => Ok(Some(share)),
        Err(why) => {
            wrong(room, why);
            Ok(None)
        }
    }
}

/// What lies on a holder's medium, opened; why not, in words.
fn opened(
    encryptors: &dyn Encryptors,
    own: &OwnMedium,
    sha256: Digest,
    room: &Room<'_, '_>,
) -> Result<SecretOctets, String> {
    let octets = room.stage.read_own_medium(own, sha256)?;
    match encryptors.decrypt(&own.holder.id, &octets) {
        Ok(Some(share)) => Ok(share),
        Ok(None) => Err("nothing here opens it".to_owned()),
        Err(error) => Err(error.for_people()),
    }
}

/// What a holder does after it did not work: whether they get a sheet.
fn failed(holder: &Person, room: &mut Room<'_, '_>) -> Result<bool, StepError> {
    let sentence = "Your share has not been delivered; nothing depends on it yet. Is it encrypted once more, or do you get it on a \
                    sheet, which is otherwise than the script says?";
    let answers = Expected::OneOf(vec![AGAIN.to_owned(), SHEET.to_owned()]);
    Ok(room.stage.question(holder.clone(), sentence, Vec::new(), answers)? == SHEET)
}

/// The officers in the room approve that a holder gets a sheet.
fn on_a_sheet(
    set: &ShareSet,
    holder: &Person,
    sheet: &Sheet,
    room: &mut Room<'_, '_>,
) -> Result<SentOut, StepError> {
    let expected = format!("the share of `{}` is encrypted for their own key", holder.id);
    let Sheet { index, face: ShareFace { set_id, .. }, .. } = sheet;
    let actual = format!("share {index} of set {set_id}, of {}, goes onto a sheet", set.handing.of);
    let step = room.stage.step_number();
    let sha256 = deviation_sha256(&step, &expected, &actual);
    let officers: Vec<Person> =
        room.stage.present().iter().filter(|person| person.role == "crypto-officer").cloned().collect();
    let (mut approved_by, mut signatures) = (Vec::new(), Vec::new());
    for officer in officers {
        let lines = [Line::new("as scripted", expected.clone()), Line::new("instead", actual.clone())];
        let what = ToApprove { kind: DEVIATION, sha256, word: "deviate" };
        signatures.extend(room.stage.approval(&officer, "Do you approve this?", &lines, what)?);
        approved_by.push(officer.id);
    }
    room.stage.record_by(holder, Event::StepDeviation { step, expected, actual, approved_by, signatures })?;
    Ok(SentOut::OnASheet)
}

fn wrong(room: &mut Room<'_, '_>, sentence: String) {
    room.stage.show(&Notice::Wrong { sentence });
}

/// What a holder says whose share is opened here.
const OPEN: &str = "open";
/// What a holder says who types it.
const TYPE: &str = "type";
/// What a holder says who tries once more.
const AGAIN: &str = "again";
/// What a holder says who takes a sheet.
const SHEET: &str = "sheet";
/// How often it is tried.
const MOST_TRIES: usize = 5;
