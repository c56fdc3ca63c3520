//! How many sessions a token has room for. One does; series are signed in as many as there are cores, or room for.

use super::{Bench, Finding, Found, Says};
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
        // The one that is kept open is among them: it is lent where there is room for no other.
        Some(_) if count == 1 => {
            (Found::Good, "one at a time and no more: a series is signed by it alone".to_owned())
        }
        Some(_) => (Found::Good, format!("{count} at once and no more")),
    };
    let limited = matches!(found, Found::Good) && count < ENOUGH;
    let says = limited.then_some(Says::Sessions(count)).into_iter().collect();
    Ok(vec![Finding::new("sessions", found, detail).saying(says)])
}

/// More are never opened.
const ENOUGH: usize = 32;
