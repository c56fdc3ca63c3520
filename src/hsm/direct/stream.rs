//! Signing a message of any length by a token that signs only what it hashes itself: it is given the message piece by piece.
//!
//! The rules of this file:
//! - What the token was given is hashed here as well, and has to be what was agreed upon before the signature is asked for.
//! - A message that ends otherwise is abandoned with its session: nobody asks for a signature over a part.
//! - No more than one piece is in memory.

use super::super::raw::Session;
use super::super::{HashAlgorithm, KeyId, Operation, TokenError};
use super::Direct;
use super::sign::{malformed, mechanism_of, output};
use crate::pki::key::KeyAlgorithm;
use crate::pki::{Message, Signable, SignatureAlgorithm};

/// A signature whose message the token is being given, in a session that does nothing else meanwhile.
pub(super) struct Streaming {
    session: Session,
    id: KeyId,
    algorithm: KeyAlgorithm,
    /// What the token has been given.
    message: Message,
}

impl Direct {
    /// Begins a signature whose message comes in pieces. False, and nothing begins, where the token takes a digest of what
    /// this key signs.
    pub(in super::super) fn begin_stream(
        &mut self,
        id: &KeyId,
        hash: HashAlgorithm,
        pss: bool,
    ) -> Result<bool, TokenError> {
        let begun = self.with_key(id, |task, (key, algorithm)| {
            if !task.quirks.hashes.with(algorithm, pss) {
                return Ok(None);
            }
            let begun = task.session.begin_signing(mechanism_of(algorithm, hash, pss, true), key);
            begun.map_err(|fault| task.explain(fault)).map(|()| Some(algorithm))
        })?;
        if let (Some(algorithm), Some(session)) = (begun, self.session.take()) {
            let message = Message::signed_by(SignatureAlgorithm::RsaPkcs1(hash));
            self.streaming = Some(Streaming { session, id: id.clone(), algorithm, message });
        }
        Ok(begun.is_some())
    }

    /// The next octets of the message.
    pub(in super::super) fn go_on_stream(&mut self, part: &[u8]) -> Result<(), TokenError> {
        let mut streaming = self.streaming.take().ok_or_else(|| self.nothing_begun())?;
        let given = streaming.session.go_on_signing(part);
        given.map_err(|fault| self.failed(fault))?;
        streaming.message.hear(part);
        self.streaming = Some(streaming);
        Ok(())
    }

    /// The signature, if the digest of all that was given is this one.
    pub(in super::super) fn end_stream(&mut self, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        let Streaming { mut session, id, algorithm, message } =
            self.streaming.take().ok_or_else(|| self.nothing_begun())?;
        let heard = message.end();
        if !matches!(heard.signable(), Ok(Signable::Digest(_, octets, _)) if octets == digest) {
            session.close();
            let token = self.place.token.to_string();
            let finding = "the message that came is not the one of its digest".to_owned();
            return Err(TokenError::WrongInput { token, id, finding });
        }
        let signature = session.end_signing().map_err(|fault| self.failed(fault))?;
        self.session = Some(session);
        let found = signature.len();
        output(algorithm, signature)
            .map_err(|wanted| malformed(self.place.token.to_string(), &id, found, wanted))
    }

    /// Whatever was begun and not ended is of no use any more.
    pub(super) fn abandon(&mut self) {
        if let Some(streaming) = self.streaming.take() {
            streaming.session.close();
        }
    }

    fn failed(&mut self, fault: super::super::raw::Fault) -> TokenError {
        self.found.clear();
        self.place.explain(Operation::Sign, fault)
    }

    fn nothing_begun(&self) -> TokenError {
        TokenError::Absurd {
            operation: Operation::Sign,
            place: self.place.token.to_string(),
            function: "a piece of a message that nobody began to sign".to_owned(),
        }
    }
}
