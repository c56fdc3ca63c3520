//! An ssh-agent: the program of a person's own that holds their keys and signs with them.
//!
//! The agent of `SSH_AUTH_SOCK` is asked over its socket, one question at a time; nobody's key leaves it. It may ask its
//! person first, so that an answer may take a while.
//!
//! Source: draft-miller-ssh-agent §3.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use thiserror::Error;

use super::key::ED25519;
use super::wire::{Reader, string};

/// An agent that answers.
#[derive(Debug)]
pub struct Agent {
    stream: UnixStream,
}

impl Agent {
    /// The agent of `SSH_AUTH_SOCK`.
    ///
    /// # Errors
    ///
    /// [`AgentError::None`] if there is none; [`AgentError::Talk`] if it does not answer.
    pub fn connect() -> Result<Self, AgentError> {
        let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let stream = UnixStream::connect(path.ok_or(AgentError::None)?)?;
        stream.set_read_timeout(Some(LONGEST_ANSWER))?;
        stream.set_write_timeout(Some(LONGEST_ANSWER))?;
        Ok(Self { stream })
    }

    /// The public keys that it holds, as SSH writes them.
    ///
    /// # Errors
    ///
    /// [`AgentError`] if it does not say.
    pub fn keys(&mut self) -> Result<Vec<Vec<u8>>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        identities(&answer).ok_or(AgentError::Form)
    }

    /// The signature of an Ed25519 key over a message as it is: 64 octets.
    ///
    /// # Errors
    ///
    /// [`AgentError::Declined`] if the agent or its person does not sign; otherwise [`AgentError`].
    pub fn sign(&mut self, key: &[u8], message: &[u8]) -> Result<[u8; 64], AgentError> {
        let request = [&[SIGN_REQUEST][..], &string(key), &string(message), &0_u32.to_be_bytes()].concat();
        let answer = self.ask(&request)?;
        match answer.first() {
            Some(&FAILURE) => Err(AgentError::Declined),
            _ => signature(&answer).ok_or(AgentError::Form),
        }
    }

    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, AgentError> {
        self.stream.write_all(&string(request))?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MOST_ANSWERED {
            return Err(AgentError::Form);
        }
        let mut answer = Vec::new();
        let read = (&mut self.stream).take(u64::from(length)).read_to_end(&mut answer)?;
        if u32::try_from(read) == Ok(length) { Ok(answer) } else { Err(AgentError::Form) }
    }
}

fn identities(answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(answer);
    if reader.octet()? != IDENTITIES_ANSWER {
        return None;
    }
    let mut keys = Vec::new();
    for _ in 0..reader.number()? {
        keys.push(reader.string()?.to_vec());
        // The comment.
        reader.string()?;
    }
    reader.end()?;
    Some(keys)
}

fn signature(answer: &[u8]) -> Option<[u8; 64]> {
    let mut reader = Reader::new(answer);
    if reader.octet()? != SIGN_RESPONSE {
        return None;
    }
    let mut signed = Reader::new(reader.string()?);
    reader.end()?;
    if signed.text()? != ED25519 {
        return None;
    }
    let octets = signed.string()?.try_into().ok()?;
    signed.end()?;
    Some(octets)
}

/// Why an agent did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// Nobody said where one is.
    #[error("there is no ssh-agent: `SSH_AUTH_SOCK` is not set")]
    None,
    /// It is not there, or does not answer.
    #[error("the ssh-agent does not answer")]
    Talk(#[from] io::Error),
    /// It does not speak the protocol.
    #[error("the ssh-agent's answer is not of the agent protocol")]
    Form,
    /// It was asked to sign and does not.
    #[error("the ssh-agent does not sign with this key: its person declined, or it is not for that")]
    Declined,
}

/// People may have to touch or type something first.
const LONGEST_ANSWER: Duration = Duration::from_mins(2);
/// OpenSSH's own bound.
const MOST_ANSWERED: u32 = 256 * 1024;
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let keys = [&[IDENTITIES_ANSWER, 0, 0, 0, 1][..], &string(b"key"), &string(b"comment")].concat();
        assert_eq!(identities(&keys), Some(vec![b"key".to_vec()]));
        let signed = string(&[string(ED25519.as_bytes()), string(&[7; 64])].concat());
        let signed = [&[SIGN_RESPONSE][..], &signed].concat();
        assert_eq!(signature(&signed), Some([7; 64]));
        for (answer, good) in [(&keys, identities(&keys).is_some()), (&signed, signature(&signed).is_some())]
        {
            assert!(good);
            for end in 0..answer.len() {
                assert_eq!(identities(&answer[..end]), None);
                assert_eq!(signature(&answer[..end]), None);
            }
            let longer = [answer.as_slice(), &[0]].concat();
            assert_eq!((identities(&longer), signature(&longer)), (None, None));
        }
        // A signature of another kind is none of ours.
        let other = string(&[string(b"ssh-rsa"), string(&[7; 64])].concat());
        assert_eq!(signature(&[&[SIGN_RESPONSE][..], &other].concat()), None);
        // Very many keys that are not there take no memory.
        assert_eq!(identities(&[IDENTITIES_ANSWER, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
