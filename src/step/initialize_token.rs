//! `initialize-token`: makes a blank token ready. BR §5.2.2 (dual control), §6.2.
//!
//! The security officer's PIN and the user's are taken in first; then the token is initialised between two
//! records, and the user's PIN is the custodian's own from the beginning.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::script::{Id, Located};
use crate::stage::{Line, Notice};

spec!(
    /// `initialize-token: {token: root}`
    Spec {
        /// Which token.
        token: Located<Id> = required "token",
    }
);

/// A blank token gets its label and PINs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InitializeToken {
    token: String,
}

impl Step for InitializeToken {
    const NAME: &'static str = "initialize-token";
    const ABOUT: &'static str = "a blank token gets its label and PINs";
    const WHY: &'static str = "A token begins empty, with PINs that only its custodians know.";
    const MINUTES: u32 = 5;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let token = scope.token(&spec.token)?;
        if scope.is_used(&token) {
            let message = format!(
                "token `{token}` is used in an earlier step; initialising it would destroy what it holds"
            );
            scope.problems.add(spec.token.place, message);
            return None;
        }
        scope.initializes(&token);
        Some(Self { token })
    }

    fn preview(&self) -> String {
        format!("Initialise the blank token `{}`: whatever it held is gone.", self.token)
    }

    fn initializes(&self) -> Option<&str> {
        Some(&self.token)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let information = room.stage.initialize(&self.token)?;
        let lines = vec![
            Line::new("token", self.token.clone()),
            Line::new("label", information.label),
            Line::new("serial", information.serial),
            Line::new("model", information.model),
        ];
        room.stage.show(&Notice::Done { sentence: "The token is initialised.".into(), lines });
        Ok(())
    }
}
