//! From errors to failures: whose turn it is, and what to try.

use std::io;
use std::path::Path;

use crate::conduct::{CabinetError, ConductError, RehearsalError};
use crate::failure::{Failure, Turn};
use crate::hsm::TokenError;
use crate::issuance::IssuanceError;
use crate::script::Problems;
use crate::stage::{JournalError, StageError};
use crate::step::StepError;

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::several(Turn::Author, problems.messages())
    }
}

/// A ceremony that stopped, and the command that goes on with its log.
pub fn stopped(error: &ConductError, log: &Path) -> Failure {
    let turn = match error {
        ConductError::Stage(error) => stage(error),
        ConductError::Step { source, .. } => step(source),
        ConductError::NotOpen
        | ConductError::NoLog
        | ConductError::Practice { .. }
        | ConductError::SameCeremony { .. } => Turn::Author,
        ConductError::LogKey | ConductError::OtherTool { .. } | ConductError::OtherModules { .. } => {
            Turn::Refused
        }
        ConductError::Clock { .. } | ConductError::Quorum { .. } | ConductError::NotApproved { .. } => {
            Turn::Operators
        }
        ConductError::Myself { .. } | ConductError::KeyLost { .. } | ConductError::Outcomes { .. } => {
            Turn::Equipment
        }
    };
    let resume = format!("`rootrite resume --log {}`", log.display());
    let failure = Failure::because(turn, "the ceremony stopped", error);
    match (error, turn) {
        (ConductError::Clock { .. }, _) => failure.hint("set the clock, then resume again"),
        (ConductError::OtherTool { .. }, _) => failure.hint("go on with the program that began the ceremony"),
        (_, Turn::Equipment) => failure.hint(format!(
            "everything up to here is in the log; mend the equipment, then go on with {resume}"
        )),
        (_, Turn::Operators) => failure
            .hint(format!("everything up to here is in the log; go on with {resume} when all are ready")),
        _ => failure,
    }
}

impl From<RehearsalError> for Failure {
    fn from(error: RehearsalError) -> Self {
        let failure = Self::because(Turn::Equipment, "the rehearsal could not be set up", &error);
        match error {
            RehearsalError::NoSoftHsm => failure.hint("install SoftHSM 2: the package softhsm2"),
            _ => failure,
        }
    }
}

/// Everything that stands in the way of the tokens.
pub fn cabinet(errors: &[CabinetError]) -> Failure {
    let authors = |error: &CabinetError| {
        matches!(
            error,
            CabinetError::LabelTaken { .. }
                | CabinetError::Mechanism { .. }
                | CabinetError::NotHardware { .. }
                | CabinetError::SameDevice { .. }
        )
    };
    let turn = if errors.iter().all(authors) { Turn::Author } else { Turn::Equipment };
    Failure::several(turn, errors.iter().map(with_causes).collect())
}

/// A file that could not be read or written.
pub fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Failure {
    let turn = match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory => Turn::Author,
        _ => Turn::Equipment,
    };
    Failure::because(turn, format!("`{}` could not be {doing}", path.display()), error)
}

/// An error with its causes in one line.
pub fn with_causes(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

fn step(error: &StepError) -> Turn {
    match error {
        StepError::Stage(error) => stage(error),
        StepError::Issuance(error) => issuance(error),
        StepError::Quorum { .. }
        | StepError::Clock { .. }
        | StepError::Window { .. }
        | StepError::Backup { .. } => Turn::Operators,
        StepError::Custody { .. } | StepError::NotDestroyed { .. } | StepError::OtherInventory { .. } => {
            Turn::Refused
        }
        _ => Turn::Author,
    }
}

fn stage(error: &StageError) -> Turn {
    match error {
        StageError::Journal(JournalError::Exists { .. } | JournalError::Begun { .. })
        | StageError::Blank { .. }
        | StageError::NotBlank { .. }
        | StageError::Shares { .. } => Turn::Author,
        StageError::Journal(JournalError::Record { .. })
        | StageError::NoToken { .. }
        | StageError::NotLive { .. }
        | StageError::NoKey { .. } => Turn::Developers,
        StageError::Token { source, .. } if is_people(source) => Turn::Operators,
        StageError::Journal(JournalError::ClockWentBack { .. })
        | StageError::NoAnswer(_)
        | StageError::AbsentHolder { .. }
        | StageError::NotReadBack { .. }
        | StageError::AbsentKeyHolder { .. }
        | StageError::KeyShareNotReadBack { .. }
        | StageError::PausedAmongShares
        | StageError::TooFewShares { .. }
        | StageError::Quorum { .. } => Turn::Operators,
        StageError::Refused(_)
        | StageError::NotRecalled { .. }
        | StageError::OtherToken { .. }
        | StageError::Rollback { .. }
        | StageError::ReceiptRollback { .. }
        | StageError::ReceiptFork { .. }
        | StageError::ReceiptOrigin { .. }
        | StageError::Fork { .. }
        | StageError::Journal(JournalError::Lost { .. }) => Turn::Refused,
        _ => Turn::Equipment,
    }
}

fn issuance(error: &IssuanceError) -> Turn {
    match error {
        IssuanceError::Stage(error) => stage(error),
        IssuanceError::Objections { .. }
        | IssuanceError::Signature { .. }
        | IssuanceError::NotAsApproved { .. } => Turn::Refused,
        IssuanceError::Key { .. } | IssuanceError::Inventory { .. } | IssuanceError::Spoiled { .. } => {
            Turn::Equipment
        }
        IssuanceError::NoOfficers => Turn::Operators,
        IssuanceError::Profile { .. } | IssuanceError::Time { .. } => Turn::Author,
        _ => Turn::Developers,
    }
}

const fn is_people(error: &TokenError) -> bool {
    matches!(
        error,
        TokenError::PinIncorrect { .. } | TokenError::PinLength { .. } | TokenError::PinLocked { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_did_wrong_is_equipment_s_turn_inside_an_act_too() {
        let key = || IssuanceError::Key { name: "root-x1".into(), why: "CKA_LOCAL reads false".into() };
        let inventory = || IssuanceError::Inventory { token: "root".into(), came: 3, went: 0 };
        for error in [key(), inventory()] {
            let said = error.to_string();
            assert_eq!(issuance(&error), Turn::Equipment);
            let inside = StageError::from(error);
            assert_eq!((stage(&inside), inside.to_string()), (Turn::Equipment, said));
        }
        let differs = IssuanceError::Differs { name: "root-x1".into(), difference: "serial".into() };
        assert_eq!(stage(&StageError::from(differs)), Turn::Refused);
    }
}
