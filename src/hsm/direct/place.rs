//! Where work is done: a token in a slot; and what its failures mean.

use std::sync::Arc;

use super::super::raw::{Answer, Attribute, Fault, Keeper, Module, Object, Session, Value, Who};
use super::super::{
    AttributeName, Attributes, ObjectClass, Operation, PinState, Quirks, Reading, TokenError,
    TokenInformation, Version,
};
use crate::secret::Pin;

/// A token in its slot.
pub(in super::super) struct Place {
    /// The module.
    pub(in super::super) module: Arc<Module>,
    /// The slot, as the module numbers it now.
    pub(in super::super) slot: u64,
    /// The token, as it was selected.
    pub(in super::super) token: TokenInformation,
    /// Who keeps one more session with it, once there is one.
    pub(in super::super) keeper: Option<Arc<Keeper>>,
}

impl Place {
    /// Opens a session. A token that has no room for one more is worked with in the one that is kept open, if nobody has it.
    pub(in super::super) fn open(&self, operation: Operation) -> Result<Session, TokenError> {
        self.module.open(self.slot).or_else(|fault| {
            let lent = match fault {
                Fault::Code(_, code) if code.0 == cryptoki_sys::CKR_SESSION_COUNT => {
                    self.keeper.as_ref().and_then(Keeper::lend)
                }
                _ => None,
            };
            lent.ok_or_else(|| self.explain(operation, fault))
        })
    }

    /// What the token says of itself now, if it is still the one that was selected.
    pub(in super::super) fn identify(&self, operation: Operation) -> Result<TokenInformation, TokenError> {
        let now = self.module.token_information(self.slot).map_err(|fault| self.explain(operation, fault))?;
        let now = information_of(&now);
        let same = now.label == self.token.label
            && now.serial == self.token.serial
            && now.model == self.token.model
            && now.manufacturer == self.token.manufacturer;
        if same {
            Ok(now)
        } else {
            Err(TokenError::TokenChanged { was: self.token.to_string(), is: now.to_string() })
        }
    }

    /// What a fault means here.
    pub(in super::super) fn explain(&self, operation: Operation, fault: Fault) -> TokenError {
        let token = self.token.to_string();
        match fault {
            Fault::Code(_, code) => match code.0 {
                cryptoki_sys::CKR_PIN_INCORRECT => {
                    // The token's flags after the try; a token that cannot be asked says nothing.
                    let now = self.module.token_information(self.slot).map(|now| information_of(&now));
                    let state = now.unwrap_or_else(|_| self.token.clone()).pin_state();
                    TokenError::PinIncorrect { token, state }
                }
                cryptoki_sys::CKR_PIN_LOCKED => TokenError::PinLocked { token },
                cryptoki_sys::CKR_PIN_EXPIRED => TokenError::PinExpired { token },
                cryptoki_sys::CKR_USER_ALREADY_LOGGED_IN
                | cryptoki_sys::CKR_USER_ANOTHER_ALREADY_LOGGED_IN => TokenError::AlreadyLoggedIn { token },
                cryptoki_sys::CKR_USER_NOT_LOGGED_IN => TokenError::NotLoggedIn { token, operation },
                _ => fault_error(operation, format!("the token {token}"), fault),
            },
            Fault::NoFunction(_) | Fault::Absurd(_) => {
                fault_error(operation, format!("the token {token}"), fault)
            }
        }
    }
}

/// A fault that means nothing more than itself.
pub(in super::super) fn fault_error(operation: Operation, place: String, fault: Fault) -> TokenError {
    match fault {
        Fault::Code(function, code) => {
            TokenError::Code { operation, place, function: function.to_owned(), code }
        }
        Fault::NoFunction(function) => {
            TokenError::NoFunction { operation, place, function: function.to_owned() }
        }
        Fault::Absurd(function) => TokenError::Absurd { operation, place, function: function.to_owned() },
    }
}

/// Refuses a PIN that the token cannot have: asking would cost a try.
pub(in super::super) fn check_pin(token: &TokenInformation, pin: &Pin) -> Result<(), TokenError> {
    let octets = pin.octets() as u64;
    let longest = token.longest_pin.unwrap_or(Pin::MAX_OCTETS as u64);
    if (token.shortest_pin..=longest).contains(&octets) {
        Ok(())
    } else {
        Err(TokenError::PinLength { token: token.to_string(), shortest: token.shortest_pin, longest })
    }
}

/// One piece of work in one session.
pub(in super::super) struct Task<'a> {
    /// What is being done.
    pub(in super::super) operation: Operation,
    /// Where.
    pub(in super::super) place: &'a Place,
    /// How this make differs.
    pub(in super::super) quirks: &'a Quirks,
    /// In which session.
    pub(in super::super) session: Session,
}

impl Task<'_> {
    /// What a fault means here.
    pub(in super::super) fn explain(&self, fault: Fault) -> TokenError {
        self.place.explain(self.operation, fault)
    }

    /// The token's name for messages.
    pub(in super::super) fn token(&self) -> String {
        self.place.token.to_string()
    }

    /// Logs the user in.
    pub(super) fn log_in(&mut self, pin: Option<&Pin>) -> Result<(), TokenError> {
        let user = self.quirks.user_type.map_or(Who::User, Who::Vendor);
        let logged_in = self.session.log_in(user, pin);
        logged_in.map_err(|fault| self.explain(fault))
    }

    /// Logs the security officer in.
    pub(super) fn log_in_officer(&mut self, pin: &Pin) -> Result<(), TokenError> {
        let logged_in = self.session.log_in(Who::Officer, Some(pin));
        logged_in.map_err(|fault| match self.explain(fault) {
            TokenError::PinIncorrect { token, .. } => {
                // The flags of this PIN, after the try.
                let now = self.place.identify(self.operation);
                let state = now.map_or(PinState::Unsaid, |now| now.officer_pin_state());
                TokenError::PinIncorrect { token, state }
            }
            error => error,
        })
    }

    /// All objects with the attributes of a template.
    pub(in super::super) fn find(&mut self, template: &[Attribute]) -> Result<Vec<Object>, TokenError> {
        let found = self.session.find(template);
        found.map_err(|fault| self.explain(fault))
    }

    /// What the token answers for one attribute.
    pub(in super::super) fn read(
        &mut self,
        object: Object,
        name: AttributeName,
    ) -> Result<Reading, TokenError> {
        let answer = self.session.attribute(object, name.number());
        Ok(reading(name, answer.map_err(|fault| self.explain(fault))?))
    }

    /// What the token answers for each of the attributes.
    pub(in super::super) fn read_all(
        &mut self,
        object: Object,
        names: &[AttributeName],
    ) -> Result<Attributes, TokenError> {
        let kinds: Vec<u64> = names.iter().map(|name| name.number()).collect();
        let answers = self.session.attributes(object, &kinds).map_err(|fault| self.explain(fault))?;
        let readings = names.iter().zip(answers).map(|(name, answer)| (*name, reading(*name, answer)));
        Ok(Attributes(readings.collect()))
    }

    /// What the token answers for an attribute that it must not give; the value stays where it is.
    pub(in super::super) fn probe(
        &mut self,
        object: Object,
        name: AttributeName,
    ) -> Result<Reading, TokenError> {
        let answer = self.session.probe(object, name.number());
        answer.map(|answer| refused(&answer)).map_err(|fault| self.explain(fault))
    }
}

/// An attribute of a template: yes or no.
pub(in super::super) fn flag(name: AttributeName, set: bool) -> Attribute {
    (name.number(), Value::Flag(if set { cryptoki_sys::CK_TRUE } else { cryptoki_sys::CK_FALSE }))
}

/// An attribute of a template: octets.
pub(in super::super) fn octets(name: AttributeName, octets: &[u8]) -> Attribute {
    (name.number(), Value::Octets(octets.to_vec()))
}

/// An attribute of a template: the class.
pub(in super::super) fn class(class: ObjectClass) -> Attribute {
    (AttributeName::Class.number(), Value::Number(class.number()))
}

/// How an attribute of a template reads when the token has kept it.
pub(in super::super) fn expected(value: &Value) -> Reading {
    match value {
        Value::Flag(set) => Reading::Flag(*set == cryptoki_sys::CK_TRUE),
        Value::Number(number) => Reading::Number(*number),
        Value::Octets(octets) => Reading::Octets(octets.clone()),
    }
}

/// What a token says of itself, out of C's structure.
pub(in super::super) fn information_of(from: &cryptoki_sys::CK_TOKEN_INFO) -> TokenInformation {
    let longest = match from.ulMaxPinLen {
        cryptoki_sys::CK_UNAVAILABLE_INFORMATION | cryptoki_sys::CK_EFFECTIVELY_INFINITE => None,
        longest => Some(longest),
    };
    let shortest = match from.ulMinPinLen {
        cryptoki_sys::CK_UNAVAILABLE_INFORMATION => 0,
        shortest => shortest,
    };
    TokenInformation {
        label: text(&from.label),
        manufacturer: text(&from.manufacturerID),
        model: text(&from.model),
        serial: text(&from.serialNumber),
        flags: from.flags,
        shortest_pin: shortest,
        longest_pin: longest,
        hardware: version(from.hardwareVersion),
        firmware: version(from.firmwareVersion),
    }
}

/// A version out of C's structure.
pub(in super::super) const fn version(from: cryptoki_sys::CK_VERSION) -> Version {
    Version { major: from.major, minor: from.minor }
}

/// A text that blanks fill up (PKCS#11 §3.1); some modules fill with NUL.
pub(in super::super) fn text(octets: &[u8]) -> String {
    let filled = octets.iter().rev().take_while(|octet| matches!(octet, b' ' | 0)).count();
    let octets = octets.get(..octets.len() - filled).unwrap_or_default();
    match std::str::from_utf8(octets) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => octets.escape_ascii().to_string(),
    }
}

/// An answer as what the attribute is.
fn reading(name: AttributeName, answer: Answer) -> Reading {
    match answer {
        Answer::Octets(octets) => typed(name, octets),
        other => refused(&other),
    }
}

/// Octets as what the attribute is.
fn typed(name: AttributeName, octets: Vec<u8>) -> Reading {
    use AttributeName as A;
    match name {
        A::Class | A::KeyType | A::KeyGenMechanism | A::ModulusBits | A::ParameterSet => {
            match <[u8; 8]>::try_from(octets.as_slice()).map(u64::from_ne_bytes) {
                Ok(cryptoki_sys::CK_UNAVAILABLE_INFORMATION) => Reading::Absent,
                Ok(number) => Reading::Number(number),
                Err(_) => Reading::Octets(octets),
            }
        }
        A::Label
        | A::Application
        | A::Value
        | A::Id
        | A::Modulus
        | A::PublicExponent
        | A::PrivateExponent
        | A::EcParams
        | A::EcPoint
        | A::PublicKeyInfo
        | A::AllowedMechanisms => Reading::Octets(octets),
        _ => match octets.as_slice() {
            [cryptoki_sys::CK_FALSE] => Reading::Flag(false),
            [cryptoki_sys::CK_TRUE] => Reading::Flag(true),
            _ => Reading::Octets(octets),
        },
    }
}

/// Why there are no octets.
fn refused(answer: &Answer) -> Reading {
    match answer {
        Answer::Octets(_) => Reading::Octets(Vec::new()),
        Answer::Absent => Reading::Absent,
        Answer::Sensitive => Reading::Sensitive,
        Answer::Failed(code) => Reading::Failed(*code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_without_what_fills_it_up() {
        for (octets, read) in [
            (&b"root     "[..], "root"),
            (b"root\0\0\0", "root"),
            (b"  a b ", "  a b"),
            (b"   ", ""),
            ("Prüf".as_bytes(), "Prüf"),
            (b"\xff\xff", "\\xff\\xff"),
            (b"a\nb", "a\\nb"),
        ] {
            assert_eq!(text(octets), read);
        }
    }

    #[test]
    fn an_attribute_of_the_wrong_size_is_not_taken_for_a_flag_or_number() {
        assert_eq!(typed(AttributeName::Sign, vec![1]), Reading::Flag(true));
        assert_eq!(typed(AttributeName::Sign, vec![2]), Reading::Octets(vec![2]));
        assert_eq!(typed(AttributeName::Sign, vec![1, 0]), Reading::Octets(vec![1, 0]));
        assert_eq!(typed(AttributeName::Class, 3u64.to_ne_bytes().to_vec()), Reading::Number(3));
        assert_eq!(typed(AttributeName::Class, vec![3]), Reading::Octets(vec![3]));
        assert_eq!(typed(AttributeName::KeyGenMechanism, vec![0xff; 8]), Reading::Absent);
    }
}
