//! Certification requests from keys on tokens. RFC 2986.

use std::ops::Range;

use super::{Opened, Statement, ToBeSigned, place};
use crate::pki::read::{self, ReadError, RequestInfoView};
use crate::rule::{self, Assessment, Context};

/// A certification request.
#[derive(Clone, Copy, Debug)]
pub struct Request;

impl ToBeSigned for Request {
    const NAME: &'static str = "the request";

    type View<'a> = RequestInfoView<'a>;

    fn read(octets: &[u8]) -> Result<RequestInfoView<'_>, ReadError> {
        read::request_info(octets)
    }

    fn judge<'a>(octets: &'a [u8], _: &'a [u8], context: &Context<'a>) -> Result<Assessment, ReadError> {
        Ok(rule::request::judge(&rule::request::Request::from_info(octets)?, context))
    }

    fn statement(view: &RequestInfoView<'_>) -> Statement {
        let mut statement = Statement::new();
        statement.say(
            "version",
            if view.version() == 0 { "v1".to_owned() } else { format!("number {}", view.version()) },
        );
        statement.say_read_name("subject", view.subject());
        statement.say_read_key(view.public_key());
        match view.extensions() {
            Ok(extensions) => statement.say_read(&extensions),
            Err(error) => statement.say("extensions", format!("unreadable: {error}")),
        }
        statement
    }

    fn places(octets: &[u8]) -> Vec<(String, Range<usize>)> {
        let Ok(view) = read::request_info(octets) else { return Vec::new() };
        vec![("public key, SPKI SHA-256".into(), place(&view.spki()))]
    }

    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError> {
        let view = read::request(whole)?;
        Ok(Opened::alone(view.info().octets(), view.signature_algorithm(), view.signature()))
    }
}
