//! What somebody brings into the room about a device: taken in whole, compared by its digest, kept as an artifact.

use super::{Room, StepError};
use crate::digest::Digest;
use crate::stage::{ArtifactPlace, Expected, Line, Notice, Person, Statement};

/// What is brought, by whom, and what it is about.
pub struct Brought<'b> {
    /// The artifact's name.
    pub name: &'b str,
    /// What it is, in the script's words.
    pub what: &'b str,
    /// The script's name for the token.
    pub token: &'b str,
    /// Who brings it.
    pub person: &'b Person,
    /// The key that it is about.
    pub spki_sha256: Option<Digest>,
}

/// Takes a file in and stores it; the record that names it is for the caller, in its own words.
pub fn take_in(brought: &Brought<'_>, room: &mut Room<'_, '_>) -> Result<Statement, StepError> {
    let Brought { name, what, token, spki_sha256, .. } = *brought;
    let place = ArtifactPlace { kind: "evidence", name: name.to_owned() };
    let evidence_sha256 = match room.stage.handed_over(&place)? {
        // It was stored before an interruption: nobody brings it twice.
        Some((_, sha256)) => sha256,
        None => ask_for(brought, &place, room)?,
    };
    let information = room.stage.information(token)?;
    Ok(Statement {
        kind: what.to_owned(),
        token: token.to_owned(),
        model: format!("{} {}", information.manufacturer, information.model),
        serial: information.serial,
        firmware: information.firmware.to_string(),
        class: room.stage.class(token)?,
        spki_sha256,
        evidence_sha256,
    })
}

fn ask_for(
    brought: &Brought<'_>,
    place: &ArtifactPlace,
    room: &mut Room<'_, '_>,
) -> Result<Digest, StepError> {
    let Brought { what, token, person, spki_sha256, .. } = *brought;
    let mut lines = vec![Line::new("what", what), Line::new("token", token)];
    lines.push(Line::new("serial", room.stage.information(token)?.serial));
    lines.extend(spki_sha256.map(|digest| Line::new("public key SHA-256", digest.to_string())));
    let sentence = "Which file is it? It is stored as it is; nobody here judges what it says.";
    let octets = room.stage.bring(person.clone(), sentence, lines)?;
    let digest = Digest::of(&octets);
    let lines = vec![
        Line::new("what", what),
        Line::new("octets", octets.len().to_string()),
        Line::new("SHA-256", digest.to_string()),
        Line::new("in words", digest.words()),
    ];
    let sentence = "Is this the file that the vendor's tool made?";
    room.stage.question(person.clone(), sentence, lines, Expected::Word("store"))?;
    room.stage.emit(place, &octets)?;
    Ok(digest)
}

/// Says that it is stored.
pub fn stored(statement: &Statement, room: &mut Room<'_, '_>) {
    if room.stage.is_recalling() {
        return;
    }
    let lines = vec![
        Line::new("what", statement.kind.clone()),
        Line::new("SHA-256", statement.evidence_sha256.to_string()),
    ];
    room.stage.show(&Notice::Done { sentence: "It is stored; the log has its digest.".into(), lines });
}
