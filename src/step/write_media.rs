//! `write-media`: what the closed ceremony hands over goes onto media, and is read back from there.
//!
//! It stands after `seal`: only then the bundle is complete. Its records follow the ceremony's in the log.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located, Part, Word};
use crate::stage::{Delivery, Person};

spec!(
    /// `write-media: {medium: online, copies: 2}`
    Spec {
        /// The medium, by the name that the site says the place of.
        medium: Located<Id> = required "medium",
        /// How many copies.
        copies: Option<Located<usize>> = optional "copies",
        /// Which files.
        files: Vec<Files> = optional_list "files",
        /// Who plugs.
        ask: Option<Located<Id>> = optional "ask",
        /// Whether it is read once more after it was unplugged.
        read_again: Option<bool> = optional "read-again",
        /// Whether other files may lie on it.
        other_files: Option<bool> = optional "other-files",
    }
);

/// A kind of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Files {
    /// The bundle, which has the log.
    Bundle,
    /// Certificates in PEM.
    Certificates,
    /// Certification requests in PEM.
    Requests,
    /// CRLs, DER and PEM.
    Crls,
    /// OCSP responses.
    Ocsp,
    /// The report and the summary.
    Report,
    /// CRLs that are sealed until their time, for custody: alone.
    Sealed,
}

impl Word for Files {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("bundle", Self::Bundle),
        ("certificates", Self::Certificates),
        ("requests", Self::Requests),
        ("crls", Self::Crls),
        ("ocsp", Self::Ocsp),
        ("report", Self::Report),
        ("sealed", Self::Sealed),
    ];
}

impl Files {
    /// Of which kind a file is, by its name below the output folder.
    fn of(name: &str) -> Self {
        match name.split('/').next().unwrap_or_default() {
            "certificates" => Self::Certificates,
            "requests" => Self::Requests,
            "crls" => Self::Crls,
            "ocsp" => Self::Ocsp,
            "report.md" | "summary.json" => Self::Report,
            "sealed" => Self::Sealed,
            _ => Self::Bundle,
        }
    }
}

/// Files go onto media.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteMedia {
    medium: String,
    copies: usize,
    files: Vec<Files>,
    person: Person,
    read_again: bool,
    other_files: bool,
}

impl Step for WriteMedia {
    const NAME: &'static str = "write-media";
    const ABOUT: &'static str = "the closed ceremony's files go onto media and are read back from there";
    const WHY: &'static str =
        "What was made leaves the room on media that were read back, in as many copies as the script says.";
    const MINUTES: u32 = 5;
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let medium = scope.new_medium(&spec.medium);
        let person = if let Some(asked) = &spec.ask {
            scope.person(asked)
        } else {
            let first = scope.setting.people.of_role(ADMINISTRATOR).next().cloned();
            if first.is_none() && !scope.is_unread(Part::People) {
                let message =
                    "`write-media` needs a ceremony administrator or `ask`: somebody who plugs the medium";
                scope.problems.add(spec.medium.place, message);
            }
            first
        };
        let copies = match &spec.copies {
            None => Some(1),
            Some(copies) if (1..=MOST_COPIES).contains(&copies.value) => Some(copies.value),
            Some(copies) => {
                let message = format!("`copies` is {}; wanted 1 to {MOST_COPIES}", copies.value);
                scope.problems.add(copies.place, message);
                None
            }
        };
        let mut files = spec.files;
        if files.is_empty() {
            let handed_over = |kind: &Files| *kind != Files::Sealed;
            files = Files::WORDS.iter().map(|(_, kind)| *kind).filter(handed_over).collect();
        }
        files.sort_unstable();
        files.dedup();
        if files.contains(&Files::Sealed) {
            if files.len() > 1 {
                let message = "`sealed` goes onto a medium of its own: what is kept until its time does not lie beside what is handed over";
                scope.problems.add(spec.medium.place, message);
            }
            if !scope.makes("sealed-crl") {
                let message = "nothing is sealed in this ceremony; wanted an `issue-crl-series` before `files: [sealed]`";
                scope.problems.add(spec.medium.place, message);
            }
        }
        Some(Self {
            medium: medium?,
            copies: copies?,
            files,
            person: person?,
            read_again: spec.read_again.unwrap_or(false),
            other_files: spec.other_files.unwrap_or(false),
        })
    }

    fn preview(&self) -> String {
        let words: Vec<&str> = Files::WORDS
            .iter()
            .filter(|(_, kind)| self.files.contains(kind))
            .map(|(word, _)| *word)
            .collect();
        let again = if self.read_again { ", and once more after it was plugged in anew" } else { "" };
        let copies = if self.copies == 1 { String::new() } else { format!(", {} copies", self.copies) };
        format!("Write {} onto the medium `{}`{copies}; read it back{again}.", words.join(", "), self.medium)
    }

    fn medium(&self) -> Option<(&str, usize)> {
        Some((&self.medium, self.copies))
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let mut files = room.stage.handed_over_files()?;
        files.retain(|(name, _)| self.files.contains(&Files::of(name)));
        let delivery = Delivery {
            medium: self.medium.clone(),
            copies: u64::try_from(self.copies).unwrap_or(u64::MAX),
            person: self.person.clone(),
            read_again: self.read_again,
            others: self.other_files,
        };
        Ok(room.stage.deliver(&delivery, files)?)
    }
}

/// Who plugs a medium if nobody else is named.
const ADMINISTRATOR: &str = "ceremony-administrator";
/// More copies than that are a mistake.
const MOST_COPIES: usize = 20;
