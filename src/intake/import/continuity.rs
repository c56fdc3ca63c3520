//! What a bundle has to go on with: the artifacts since the last import, the numbers of CRLs, and who stays revoked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ceremony_log::code::Code;

use super::super::report::Report;
use super::super::story::Outcome;
use super::super::verify::Open;
use super::Accepted;
use crate::digest::hex;
use crate::pki::read::{CrlForm, CrlStream, Faults, ReadError};

/// Judges a bundle by what was accepted before.
pub fn judge(scene: &Open<'_>, accepted: &Accepted, report: &mut Report) {
    let since = accepted.size();
    ceremonies(scene, since, report);
    for (sha256, named) in
        scene.artifacts.all().filter(|(_, named)| named.kind == "crl" && named.seq >= since)
    {
        let path = scene.artifacts.path(sha256);
        let Some(issuer) = named.digest("issuer_spki_sha256") else { continue };
        let number = named.text("number").and_then(|text| text.parse::<u128>().ok());
        if let (Some(number), Some(last)) = (number, accepted.crl_number(issuer))
            && number <= last
        {
            let message = format!("number {number}; the last accepted CRL of its issuer has {last}");
            report.find(Code::E192, &path, message);
        }
        let Some(last) = accepted.crl_file(issuer) else { continue };
        let Some(mut file) = scene.artifacts.file(sha256, report) else { continue };
        match undone(&last, &mut file) {
            Ok(undone) => {
                for serial in undone.iter().take(MOST_SAID) {
                    let message =
                        format!("serial number {serial} is on the last accepted CRL and not on this one");
                    report.find(Code::E196, &path, message);
                }
                if let Some(more) = undone.len().checked_sub(MOST_SAID).filter(|more| *more > 0) {
                    report.find(Code::E196, &path, format!("and {more} more are not on it"));
                }
            }
            Err(why) => {
                report.find(Code::E196, &path, format!("it cannot be compared with the last one: {why}"));
            }
        }
    }
}

/// Each ceremony since the last import was imported, or is this one, or counts for nothing.
fn ceremonies(scene: &Open<'_>, since: u64, report: &mut Report) {
    let story = &scene.told.story;
    let this = story.ceremony.as_ref().map(|(id, _)| id.as_str());
    let of_others = story
        .named
        .iter()
        .filter(|named| named.seq >= since && Some(named.cer.as_str()) != this && story.counts(named));
    let missing: BTreeSet<&str> = of_others
        .filter(|named| story.outcomes.get(&named.cer) != Some(&Outcome::Aborted))
        .map(|named| named.cer.as_str())
        .collect();
    for ceremony in missing {
        let message = format!(
            "the artifacts of ceremony `{ceremony}` were never imported, and are not in this bundle: its own bundle comes first"
        );
        report.find(Code::E141, "artifacts", message);
    }
}

/// The serial numbers of one CRL that another one lacks.
fn undone(last: &Path, now: &mut File) -> Result<BTreeSet<String>, String> {
    let mut last = File::open(last).map_err(|error| error.to_string())?;
    let mut serials = BTreeSet::new();
    each(&mut last, &mut |serial| {
        serials.insert(serial.to_vec());
    })
    .map_err(|error| error.to_string())?;
    each(now, &mut |serial| {
        serials.remove(serial);
    })
    .map_err(|error| error.to_string())?;
    Ok(serials.iter().map(|serial| hex(serial)).collect())
}

/// Gives each serial number of a CRL.
fn each(source: &mut dyn Read, visit: &mut dyn FnMut(&[u8])) -> Result<(), ReadError> {
    let (mut heard, mut faults) = (|_: &[u8]| (), Faults::new());
    let mut stream = CrlStream::open(source, CrlForm::Whole, &mut heard, &mut faults)?;
    while let Some(entry) = stream.entry(&mut faults) {
        visit(entry?.serial_octets());
    }
    Ok(())
}

/// How many serial numbers that are missing are said one by one.
const MOST_SAID: usize = 10;
