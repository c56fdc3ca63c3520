//! Whether a token keeps data objects: the log's newest head is one. Tried for a session only; what a token takes for a
//! session it may still refuse for itself, which shows at the first head of a ceremony and is logged there.

use super::throw_away::is_on_token;
use super::{Bench, Finding, Found, Says, refusal, timed};
use crate::hsm::direct::place::{class, flag, octets};
use crate::hsm::{AttributeName, LOG_HEAD, ObjectClass, Reading, TokenError};

/// One, for a session.
pub(super) const MAKES_OBJECTS: bool = true;

/// Makes one as the stage would, and reads it back.
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    use AttributeName as A;
    let mut task = bench.session()?;
    let template = [
        class(ObjectClass::Data),
        flag(A::Token, false),
        flag(A::Private, true),
        octets(A::Label, LOG_HEAD.as_bytes()),
        octets(A::Application, b"rootrite-doctor"),
        octets(A::Value, &[b'x'; 512]),
    ];
    let none =
        |found, detail: String| vec![Finding::new(SUBJECT, found, detail).saying(vec![Says::NoDataObjects])];
    let (made, took) = timed(|| task.session.create(&template));
    let object = match made {
        Ok(object) => object,
        Err(fault) => return Ok(none(Found::Lacking, refusal(fault))),
    };
    if let Some(why) = is_on_token(&mut task, &[object])? {
        return Ok(vec![Finding::new(SUBJECT, Found::Unknown, why)]);
    }
    let value = task.read(object, A::Value)?;
    // tpm2-pkcs11 says that it is one of the session and keeps it on the token. By the handle that was just given.
    if let Err(fault) = task.session.destroy(object) {
        let why = format!("it could not be destroyed, and may stay: {}", refusal(fault));
        return Ok(vec![Finding::new(SUBJECT, Found::Wrong, why)]);
    }
    if value != Reading::Octets(vec![b'x'; 512]) {
        return Ok(none(Found::Wrong, "one does not read as it was stored".to_owned()));
    }
    Ok(vec![Finding::new(SUBJECT, Found::Good, "it keeps one for a session, as it was stored").after(took)])
}

const SUBJECT: &str = "data objects";
