//! How many sessions a token has room for. A ceremony needs two; series are signed in as many as there are cores.

use super::{Bench, Finding, Found};
use crate::hsm::TokenError;

/// It makes none.
pub(super) const MAKES_OBJECTS: bool = false;

/// Opens sessions until there are enough or the token refuses; they are closed again.
#[expect(clippy::unnecessary_wraps, reason = "the list has one type for all probes")]
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let mut open = Vec::new();
    let refused = loop {
        if open.len() == ENOUGH {
            break None;
        }
        match bench.session() {
            Ok(session) => open.push(session),
            Err(error) => break Some(error),
        }
    };
    let count = open.len();
    let (found, detail) = match refused {
        None => (Found::Good, format!("{count} at once, besides those that are open already")),
        Some(error) if count == 0 => (Found::Lacking, format!("not even one more: {error}")),
        Some(_) => (Found::Good, format!("{count} at once and no more, besides those that are open already")),
    };
    Ok(vec![Finding::new("sessions", found, detail)])
}

/// More are never opened.
const ENOUGH: usize = 32;
