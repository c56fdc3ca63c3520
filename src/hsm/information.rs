//! What modules, slots and tokens say of themselves, and how a token is chosen.

use std::fmt;
use std::sync::Arc;

use crate::confinement::Measure;
use crate::digest::Digest;
use crate::secret::Pin;

/// What a module says of itself (C_GetInfo), and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInformation {
    /// The digest of the module's file.
    pub digest: Digest,
    /// Which PKCS#11 it speaks.
    pub cryptoki: Version,
    /// Who made the module.
    pub manufacturer: String,
    /// What the maker calls it.
    pub description: String,
    /// The maker's version of it.
    pub version: Version,
    /// Whether several threads may be in it at once.
    pub several_threads: bool,
    /// What its process has denied itself before it was loaded.
    pub measures: Vec<Measure>,
}

/// A slot and the token in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInformation {
    /// The number, which means nothing beyond this process: slots move.
    pub number: u64,
    /// The token in it.
    pub token: TokenInformation,
}

/// What a token says of itself (C_GetTokenInfo).
///
/// Texts are without the blanks that fill them up; octets that are no UTF-8 are shown as `\xff`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInformation {
    /// The label.
    pub label: String,
    /// Who made it.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// The serial number. Some makes leave it empty or the same for all.
    pub serial: String,
    /// All flags, as they are.
    pub flags: u64,
    /// How many octets a PIN has at least.
    pub shortest_pin: u64,
    /// How many octets a PIN has at most; nothing if the token sets no bound.
    pub longest_pin: Option<u64>,
    /// The version of the hardware.
    pub hardware: Version,
    /// The version of the firmware.
    pub firmware: Version,
}

impl TokenInformation {
    /// Whether a flag is set.
    pub const fn has(&self, flag: TokenFlag) -> bool {
        self.flags & flag.number() != 0
    }

    /// The names of the flags that are set; those without a name are only in `flags`.
    pub fn flag_names(&self) -> Vec<&'static str> {
        TokenFlag::ALL.iter().filter(|flag| self.has(**flag)).map(|flag| flag.name()).collect()
    }

    /// Whether it says of itself what another says that is not changed by its use.
    pub fn is_same(&self, other: &Self) -> bool {
        let said = |token: &Self| {
            let Self { label, manufacturer, model, serial, .. } = token.clone();
            (label, manufacturer, model, serial, token.has(TokenFlag::TokenInitialized))
        };
        said(self) == said(other)
    }

    /// What the token says of the user's PIN.
    pub const fn pin_state(&self) -> PinState {
        self.state([TokenFlag::UserPinLocked, TokenFlag::UserPinFinalTry, TokenFlag::UserPinCountLow])
    }

    /// What the token says of the security officer's PIN.
    pub const fn officer_pin_state(&self) -> PinState {
        self.state([
            TokenFlag::OfficerPinLocked,
            TokenFlag::OfficerPinFinalTry,
            TokenFlag::OfficerPinCountLow,
        ])
    }

    const fn state(&self, [locked, last, low]: [TokenFlag; 3]) -> PinState {
        if self.has(locked) {
            PinState::Locked
        } else if self.has(last) {
            PinState::FinalTry
        } else if self.has(low) {
            PinState::CountLow
        } else {
            PinState::Unsaid
        }
    }
}

impl fmt::Display for TokenInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has(TokenFlag::TokenInitialized) {
            write!(f, "`{}` (serial `{}`, model `{}`)", self.label, self.serial, self.model)
        } else {
            write!(f, "a blank token (serial `{}`, model `{}`)", self.serial, self.model)
        }
    }
}

/// What a token says of the tries that are left for the user's PIN. Many lock without ever saying anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinState {
    /// Nothing. It may lock at the next try all the same.
    Unsaid,
    /// At least one wrong try was made since the last good one.
    CountLow,
    /// The next wrong try locks it.
    FinalTry,
    /// It is locked.
    Locked,
}

impl fmt::Display for PinState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsaid => "the token does not say how many tries are left",
            Self::CountLow => "the token says that a wrong PIN was tried since the last good one",
            Self::FinalTry => "the token says that one try is left, and that the next wrong PIN locks it",
            Self::Locked => "the token says that the PIN is locked",
        })
    }
}

/// A version as PKCS#11 has it: major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the point.
    pub major: u8,
    /// After the point.
    pub minor: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Which token: exactly one of those present must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSelector {
    /// Its label.
    pub label: String,
    /// Its serial number; nothing only where the caller takes any.
    pub serial: Option<String>,
    /// Its model; nothing only where the caller takes any.
    pub model: Option<String>,
}

impl TokenSelector {
    /// Whether a token fits.
    pub fn fits(&self, token: &TokenInformation) -> bool {
        self.label == token.label
            && self.serial.as_ref().is_none_or(|serial| *serial == token.serial)
            && self.model.as_ref().is_none_or(|model| *model == token.model)
    }
}

impl From<&TokenInformation> for TokenSelector {
    /// What fits this token only.
    fn from(token: &TokenInformation) -> Self {
        Self {
            label: token.label.clone(),
            serial: Some(token.serial.clone()),
            model: Some(token.model.clone()),
        }
    }
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, serial, model } = self;
        let quoted =
            |text: &Option<String>| text.as_ref().map_or("any".to_owned(), |text| format!("`{text}`"));
        write!(f, "`{label}` (serial {}, model {})", quoted(serial), quoted(model))
    }
}

/// How to make a token out of a blank one.
pub struct Initialization {
    /// Which blank one.
    pub blank: Blank,
    /// The label that it gets: 1 to 32 octets.
    pub label: String,
    /// The security officer's PIN that it gets.
    pub officer_pin: Pin,
    /// The user's PIN that it gets; the custodian replaces it by their own ([`super::Token::change_pin`]).
    pub user_pin: Arc<Pin>,
}

/// Which blank token: one that says it is not initialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blank {
    /// The only one there is.
    Only,
    /// The one of this serial number.
    Serial(String),
    /// The one of this serial number, which has its label already and whose user has no PIN yet: the initialisation was
    /// interrupted. Its security officer has the PIN of then.
    Unfinished(String),
}

impl fmt::Display for Blank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("a blank token"),
            Self::Serial(serial) => write!(f, "a blank token with the serial `{serial}`"),
            Self::Unfinished(serial) => {
                write!(f, "a token with the serial `{serial}` whose user has no PIN yet")
            }
        }
    }
}

/// The flags of a token, PKCS#11 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFlag {
    /// Has a random number generator.
    Rng,
    /// Cannot be written.
    WriteProtected,
    /// Asks for a login before it does certain things.
    LoginRequired,
    /// The user has a PIN.
    UserPinInitialized,
    /// Has a clock.
    ClockOnToken,
    /// Has a PIN pad or the like.
    ProtectedAuthenticationPath,
    /// Is initialised.
    TokenInitialized,
    /// A wrong user PIN was tried.
    UserPinCountLow,
    /// One try is left for the user's PIN.
    UserPinFinalTry,
    /// The user's PIN is locked.
    UserPinLocked,
    /// The user's PIN is a default and has to be changed.
    UserPinToBeChanged,
    /// A wrong security officer's PIN was tried.
    OfficerPinCountLow,
    /// One try is left for the security officer's PIN.
    OfficerPinFinalTry,
    /// The security officer's PIN is locked.
    OfficerPinLocked,
    /// The security officer's PIN is a default and has to be changed.
    OfficerPinToBeChanged,
    /// Failed its self-test.
    ErrorState,
}

impl TokenFlag {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Rng,
        Self::WriteProtected,
        Self::LoginRequired,
        Self::UserPinInitialized,
        Self::ClockOnToken,
        Self::ProtectedAuthenticationPath,
        Self::TokenInitialized,
        Self::UserPinCountLow,
        Self::UserPinFinalTry,
        Self::UserPinLocked,
        Self::UserPinToBeChanged,
        Self::OfficerPinCountLow,
        Self::OfficerPinFinalTry,
        Self::OfficerPinLocked,
        Self::OfficerPinToBeChanged,
        Self::ErrorState,
    ];

    /// The name in PKCS#11.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rng => "CKF_RNG",
            Self::WriteProtected => "CKF_WRITE_PROTECTED",
            Self::LoginRequired => "CKF_LOGIN_REQUIRED",
            Self::UserPinInitialized => "CKF_USER_PIN_INITIALIZED",
            Self::ClockOnToken => "CKF_CLOCK_ON_TOKEN",
            Self::ProtectedAuthenticationPath => "CKF_PROTECTED_AUTHENTICATION_PATH",
            Self::TokenInitialized => "CKF_TOKEN_INITIALIZED",
            Self::UserPinCountLow => "CKF_USER_PIN_COUNT_LOW",
            Self::UserPinFinalTry => "CKF_USER_PIN_FINAL_TRY",
            Self::UserPinLocked => "CKF_USER_PIN_LOCKED",
            Self::UserPinToBeChanged => "CKF_USER_PIN_TO_BE_CHANGED",
            Self::OfficerPinCountLow => "CKF_SO_PIN_COUNT_LOW",
            Self::OfficerPinFinalTry => "CKF_SO_PIN_FINAL_TRY",
            Self::OfficerPinLocked => "CKF_SO_PIN_LOCKED",
            Self::OfficerPinToBeChanged => "CKF_SO_PIN_TO_BE_CHANGED",
            Self::ErrorState => "CKF_ERROR_STATE",
        }
    }

    /// The number in PKCS#11.
    pub const fn number(self) -> u64 {
        match self {
            Self::Rng => cryptoki_sys::CKF_RNG,
            Self::WriteProtected => cryptoki_sys::CKF_WRITE_PROTECTED,
            Self::LoginRequired => cryptoki_sys::CKF_LOGIN_REQUIRED,
            Self::UserPinInitialized => cryptoki_sys::CKF_USER_PIN_INITIALIZED,
            Self::ClockOnToken => cryptoki_sys::CKF_CLOCK_ON_TOKEN,
            Self::ProtectedAuthenticationPath => cryptoki_sys::CKF_PROTECTED_AUTHENTICATION_PATH,
            Self::TokenInitialized => cryptoki_sys::CKF_TOKEN_INITIALIZED,
            Self::UserPinCountLow => cryptoki_sys::CKF_USER_PIN_COUNT_LOW,
            Self::UserPinFinalTry => cryptoki_sys::CKF_USER_PIN_FINAL_TRY,
            Self::UserPinLocked => cryptoki_sys::CKF_USER_PIN_LOCKED,
            Self::UserPinToBeChanged => cryptoki_sys::CKF_USER_PIN_TO_BE_CHANGED,
            Self::OfficerPinCountLow => cryptoki_sys::CKF_SO_PIN_COUNT_LOW,
            Self::OfficerPinFinalTry => cryptoki_sys::CKF_SO_PIN_FINAL_TRY,
            Self::OfficerPinLocked => cryptoki_sys::CKF_SO_PIN_LOCKED,
            Self::OfficerPinToBeChanged => cryptoki_sys::CKF_SO_PIN_TO_BE_CHANGED,
            Self::ErrorState => cryptoki_sys::CKF_ERROR_STATE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> TokenInformation {
        TokenInformation {
            label: "root".into(),
            manufacturer: "SoftHSM project".into(),
            model: "SoftHSM v2".into(),
            serial: "5d1".into(),
            flags: 0x42d,
            shortest_pin: 4,
            longest_pin: Some(255),
            hardware: Version { major: 2, minor: 6 },
            firmware: Version { major: 2, minor: 6 },
        }
    }

    #[test]
    fn a_token_fits_only_if_all_that_is_asked_for_fits() {
        let exact = TokenSelector::from(&token());
        assert!(exact.fits(&token()));
        assert!(!TokenSelector { label: "roo".into(), ..exact.clone() }.fits(&token()));
        assert!(!TokenSelector { serial: Some(String::new()), ..exact.clone() }.fits(&token()));
        assert!(!TokenSelector { model: Some("SoftHSM v3".into()), ..exact.clone() }.fits(&token()));
        assert!(TokenSelector { serial: None, model: None, ..exact }.fits(&token()));
    }

    #[test]
    fn flags_are_said_in_words() {
        assert_eq!(
            token().flag_names(),
            ["CKF_RNG", "CKF_LOGIN_REQUIRED", "CKF_USER_PIN_INITIALIZED", "CKF_TOKEN_INITIALIZED"]
        );
    }

    #[test]
    fn of_two_warnings_the_graver_one_is_said() {
        for (flags, state) in [
            (0x42d, PinState::Unsaid),
            (0x1_0000, PinState::CountLow),
            (0x3_0000, PinState::FinalTry),
            (0x7_0000, PinState::Locked),
        ] {
            assert_eq!(TokenInformation { flags, ..token() }.pin_state(), state);
        }
    }
}
