//! What the program asks of its module process, and how everything that is asked and answered is written.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::wire::{Lent, Reader, Wire, WireError, Writer, wire_enum, wire_list, wire_struct};
use super::{
    AttributeName, Attributes, Blank, DataObject, Death, Entry, Hashes, Initialization, Inventory,
    KeyDescription, KeyId, KeyRequest, Login, ModuleInformation, Operation, PinState, Probe, Quirks, Reading,
    RestoreRequest, ReturnCode, SlotInformation, TemplateFinding, TokenError, TokenInformation,
    TokenSelector, Version, Wrapped,
};
use crate::confinement::{Measure, Network, Taken, Writes};
use crate::digest::Digest;
use crate::pki::key::KeyAlgorithm;
use crate::pki::signature::HashAlgorithm;
use crate::secret::{Pin, Secret};

/// What is asked of the process as a whole.
pub(super) enum Command {
    /// To load the module: the first command, and once. Answered by a [`ModuleInformation`].
    Start {
        /// The module's file.
        module: PathBuf,
        /// Its digest, if one is agreed upon.
        digest: Option<Digest>,
        /// A text that some modules want beside.
        reserved: Option<String>,
        /// Which sockets the process may make.
        network: Network,
        /// Where it may write.
        writes: Writes,
    },
    /// To list the tokens. Answered by a list of [`SlotInformation`].
    Slots,
    /// To list the numbers of the mechanisms that the token in a slot names. Answered by a list of them.
    Mechanisms {
        /// Which slot, of those that were listed a moment ago.
        slot: u64,
    },
    /// To initialise a token. Answered by its [`TokenInformation`].
    Initialize {
        /// Which and how.
        initialization: Initialization,
    },
    /// To open a session, which speaks through the socket that comes right after this frame. Answered by the
    /// [`TokenInformation`].
    Open {
        /// With which token.
        selector: TokenSelector,
        /// How it differs from others.
        quirks: Quirks,
    },
    /// To log out, say good-bye to the module and end. Answered by nothing.
    Stop,
    /// To keep outcomes in the file that comes right after this frame. Answered by nothing.
    Outcomes,
}

/// What is asked of a session; answered by what [`super::Token`] gives.
pub(super) enum Request<'a> {
    /// [`super::Token::information`]
    Information,
    /// [`super::Token::log_in`]
    LogIn {
        /// How.
        login: SentLogin<'a>,
    },
    /// [`super::Token::log_out`]; answered by whether the process ends, because nobody is logged in any more.
    LogOut,
    /// [`super::Token::change_pin`]
    ChangePin {
        /// The PIN until now.
        old: Lent<'a, Pin>,
        /// The PIN from now on.
        new: Lent<'a, Pin>,
    },
    /// [`super::Token::random`]
    Random {
        /// How many octets.
        count: usize,
    },
    /// [`super::Token::inventory`]
    Inventory,
    /// [`super::Token::generate_key_pair`]
    Generate {
        /// What to make.
        request: KeyRequest,
    },
    /// [`super::Token::key`]
    Key {
        /// Which.
        id: KeyId,
    },
    /// [`super::Token::sign`]
    Sign {
        /// By which key.
        key: KeyId,
        /// The hash, if it is a digest that is signed.
        hash: Option<HashAlgorithm>,
        /// The digest or the message.
        octets: Vec<u8>,
    },
    /// [`super::Token::sign_many`]
    SignMany {
        /// By which key.
        key: KeyId,
        /// The hash, if digests are signed.
        hash: Option<HashAlgorithm>,
        /// The digests or the messages.
        inputs: Vec<Vec<u8>>,
    },
    /// [`super::Token::sign`], by RSA-PSS
    SignPss {
        /// By which key.
        key: KeyId,
        /// The hash.
        hash: HashAlgorithm,
        /// The digest.
        octets: Vec<u8>,
    },
    /// [`super::Token::sign`], where the token hashes itself
    SignWhole {
        /// By which key.
        key: KeyId,
        /// The hash.
        hash: HashAlgorithm,
        /// What is hashed.
        message: Vec<u8>,
        /// Whether by RSA-PSS.
        pss: bool,
    },
    /// [`super::Token::sign_read`]: a message comes in pieces; answered by whether the token wants it, which is hashed by this.
    BeginStream {
        /// By which key.
        key: KeyId,
        /// The hash.
        hash: HashAlgorithm,
        /// Whether by RSA-PSS.
        pss: bool,
    },
    /// The next piece.
    GoOnStream {
        /// Its octets.
        part: Vec<u8>,
    },
    /// The signature over all of it, if this is its digest.
    EndStream {
        /// By which key.
        key: KeyId,
        /// The hash.
        hash: HashAlgorithm,
        /// The digest.
        octets: Vec<u8>,
    },
    /// [`super::Session::probe_template`]
    ProbeTemplate {
        /// For which kind of key.
        algorithm: KeyAlgorithm,
    },
    /// [`super::Token::destroy_objects`]
    Destroy {
        /// Of which id.
        id: KeyId,
    },
    /// [`super::Token::store_data`]
    StoreData {
        /// What to keep.
        data: DataObject,
    },
    /// [`super::Token::data`]
    Data {
        /// Of which label.
        label: String,
    },
    /// [`super::Token::wrap_key`]
    Wrap {
        /// Which key.
        id: KeyId,
        /// Under which.
        kek: Lent<'a, Secret<32>>,
        /// How.
        mechanism: u64,
    },
    /// [`super::Token::restore_key`]
    Restore {
        /// Which key, and what it was wrapped into.
        request: RestoreRequest,
        /// Under which.
        kek: Lent<'a, Secret<32>>,
    },
    /// [`super::Token::rewrap_key`]
    Rewrap {
        /// Which key, and what it was wrapped into.
        request: RestoreRequest,
        /// Under which.
        old: Lent<'a, Secret<32>>,
        /// Under which from now on.
        new: Lent<'a, Secret<32>>,
    },
    /// [`super::Token::seal_key`]
    Seal {
        /// Which key.
        id: KeyId,
    },
    /// [`super::Session::probe`]
    Probe {
        /// Which.
        probe: Probe,
    },
    /// [`super::Session::probe_changes`]
    ProbeChanges {
        /// Of which key.
        id: KeyId,
    },
    /// [`super::Session::forget_data`]
    ForgetData {
        /// Of which label.
        label: String,
    },
    /// [`super::Session::adopt`]
    Adopt {
        /// How it differs.
        quirks: Quirks,
    },
}

/// [`super::Login`] as it is sent.
pub(super) enum SentLogin<'a> {
    /// By a PIN.
    Pin(Lent<'a, Pin>),
    /// By the token's own PIN pad.
    ProtectedPath,
    /// Not at all.
    None,
    /// Outside of this program.
    External,
    /// As the security officer, by a PIN.
    Officer(Lent<'a, Pin>),
}

impl SentLogin<'_> {
    /// The login itself.
    pub(super) fn lent(&self) -> Login<'_> {
        match self {
            Self::Pin(pin) => Login::Pin(pin),
            Self::ProtectedPath => Login::ProtectedPath,
            Self::None => Login::None,
            Self::External => Login::External,
            Self::Officer(pin) => Login::Officer(pin),
        }
    }
}

wire_enum!(Command {
    0 Start { module, digest, reserved, network, writes },
    1 Slots,
    2 Initialize { initialization },
    3 Open { selector, quirks },
    4 Stop,
    5 Outcomes,
    6 Mechanisms { slot },
});

wire_enum!(Request<'_> {
    0 Information,
    1 LogIn { login },
    2 LogOut,
    3 ChangePin { old, new },
    4 Random { count },
    5 Inventory,
    6 Generate { request },
    7 Key { id },
    8 Sign { key, hash, octets },
    9 Destroy { id },
    10 StoreData { data },
    11 Data { label },
    12 SignMany { key, hash, inputs },
    13 SignPss { key, hash, octets },
    14 ProbeTemplate { algorithm },
    15 Probe { probe },
    16 ProbeChanges { id },
    17 ForgetData { label },
    18 Adopt { quirks },
    30 SignWhole { key, hash, message, pss },
    31 BeginStream { key, hash, pss },
    32 GoOnStream { part },
    33 EndStream { key, hash, octets },
    40 Wrap { id, kek, mechanism },
    41 Restore { request, kek },
    42 Seal { id },
    43 Rewrap { request, old, new },
});

wire_enum!(SentLogin<'_> { 0 Pin(pin), 1 ProtectedPath, 2 None, 3 External, 4 Officer(pin) });
wire_enum!(HashAlgorithm { 0 Sha256, 1 Sha384, 2 Sha512 });
wire_enum!(Taken { 0 Yes, 1 Partly, 2 No });
wire_enum!(Network { 0 Deny, 1 Unix, 2 Peer(peer) });
wire_enum!(Writes { 0 Anywhere, 1 Below(places) });
wire_enum!(Blank { 0 Only, 1 Serial(serial), 2 Unfinished(serial) });
wire_enum!(PinState { 0 Unsaid, 1 CountLow, 2 FinalTry, 3 Locked });
wire_enum!(Death { 0 Signal(number), 1 Exit(code), 2 Unknown });
wire_enum!(Reading { 0 Flag(set), 1 Number(number), 2 Octets(octets), 3 Absent, 4 Sensitive, 5 Failed(code) });
wire_enum!(Operation {
    0 Start,
    1 Stop,
    2 ListTokens,
    3 InitializeToken,
    4 OpenSession,
    5 ReadInformation,
    6 LogIn,
    7 LogOut,
    8 ChangePin,
    9 DrawRandom,
    10 TakeInventory,
    11 GenerateKeyPair,
    12 ReadKey,
    13 Sign,
    14 DestroyObjects,
    15 StoreData,
    16 ReadData,
    17 Examine,
    40 WrapKey,
    41 RestoreKey,
    42 SealKey,
});

wire_struct!(Version { major, minor });
wire_struct!(ModuleInformation {
    digest,
    cryptoki,
    manufacturer,
    description,
    version,
    several_threads,
    measures
});
wire_struct!(Measure { subject, taken, detail });
wire_struct!(SlotInformation { number, token });
wire_struct!(TokenInformation {
    label,
    manufacturer,
    model,
    serial,
    flags,
    shortest_pin,
    longest_pin,
    hardware,
    firmware
});
wire_struct!(TokenSelector { label, serial, model });
wire_struct!(Quirks {
    id_octets,
    omit_private,
    omit_public,
    random_limit,
    sessions,
    untold,
    untold_public,
    hashes,
    user_type
});
wire_struct!(Hashes { rsa, rsa_pss, ecdsa });
wire_struct!(TemplateFinding { omit_private, omit_public });
wire_struct!(Initialization { blank, label, officer_pin, user_pin });
wire_struct!(KeyRequest { label, id, algorithm, extractable });
wire_struct!(Wrapped { format, octets });
wire_struct!(RestoreRequest { key, public_key, mechanism, wrapped });
wire_struct!(KeyDescription { label, id, algorithm, public_key, private, public });
wire_struct!(Inventory { entries, unreadable });
wire_struct!(Entry { class, id, label, key_type, fingerprint });
wire_struct!(DataObject { label, application, value });
wire_list!(u64, Vec<u8>, String, AttributeName, SlotInformation, Entry, DataObject, PathBuf, Measure);

wire_enum!(TokenError {
    0 PinIncorrect { token, state },
    1 PinLocked { token },
    2 PinExpired { token },
    3 PinLength { token, shortest, longest },
    4 AlreadyLoggedIn { token },
    5 NotLoggedIn { token, operation },
    6 LoginKind { token, finding },
    7 Code { operation, place, function, code },
    8 NoFunction { operation, place, function },
    9 Absurd { operation, place, function },
    10 NoSuchToken { wanted, present },
    11 SeveralTokens { wanted, found },
    12 TokenChanged { was, is },
    13 LabelLength { label, most },
    14 IdLength { token, id, wanted },
    15 LabelTaken { token, label, count },
    16 IdTaken { token, id, count },
    17 AttributeDiffers { token, id, attribute, wanted, found },
    18 KeyReadable { token, id, attribute, found },
    19 NoSuchKey { token, id, private, public },
    20 SeveralKeys { token, id, private, public },
    21 MalformedKey { token, id, finding },
    22 WrongInput { token, id, finding },
    23 MalformedSignature { token, id, found, wanted },
    24 StillThere { token, id, count },
    25 TooMuch { what, found, most },
    26 ModuleUnreadable { module, reason },
    27 ModuleDigest { module, wanted, found },
    28 NotAModule { module, reason },
    29 NotStarted { module, reason },
    30 ModuleDied { module, operation, death, said },
    31 Timeout { operation, milliseconds },
    32 ModuleSpent { module, operation },
    33 Protocol { module, operation, finding },
    34 DataDiffers { token, label },
    36 NoThread { reason },
    37 NoOutcomes { file, reason },
    38 NoTemplate { algorithm },
    35 TokenLabelTaken { label, present },
});

impl Wire for ReturnCode {
    fn put(&self, to: &mut Writer) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        u64::take(from).map(Self)
    }
}

impl Wire for SocketAddr {
    fn put(&self, to: &mut Writer) {
        self.to_string().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let text = String::take(from)?;
        // One encoding for an address: the one that is written.
        text.parse().ok().filter(|read: &Self| read.to_string() == text).ok_or(WireError::Value)
    }
}

impl Wire for AttributeName {
    fn put(&self, to: &mut Writer) {
        self.number().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::from_number(u64::take(from)?).ok_or(WireError::Kind)
    }
}

impl Wire for Attributes {
    fn put(&self, to: &mut Writer) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Wire::take(from).map(Self)
    }
}

impl Wire for KeyId {
    fn put(&self, to: &mut Writer) {
        self.octets().to_vec().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::from_octets(&Vec::take(from)?).map_err(|_| WireError::Value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::{decode, encode};
    use super::*;

    /// Whatever can be read is written in the same octets; anything else is refused without a panic.
    fn one_encoding<T: Wire>(octets: &[u8]) {
        if let Ok(value) = decode::<T>(octets) {
            assert_eq!(encode(&value), octets);
        }
    }

    fn every_type(octets: &[u8]) {
        one_encoding::<Command>(octets);
        one_encoding::<Request>(octets);
        one_encoding::<Result<(), TokenError>>(octets);
        one_encoding::<Result<ModuleInformation, TokenError>>(octets);
        one_encoding::<Result<Vec<SlotInformation>, TokenError>>(octets);
        one_encoding::<Result<KeyDescription, TokenError>>(octets);
        one_encoding::<Result<Inventory, TokenError>>(octets);
        one_encoding::<Result<Vec<Vec<u8>>, TokenError>>(octets);
        one_encoding::<Result<Vec<DataObject>, TokenError>>(octets);
    }

    /// Messages whose kinds and counts are likely, so that their insides are reached too.
    fn likely() -> impl Strategy<Value = Vec<u8>> {
        let count = (0u8..5).prop_map(|count| vec![0, 0, 0, count]);
        let octet = prop_oneof![0u8..40, any::<u8>()].prop_map(|octet| vec![octet]);
        prop::collection::vec(prop_oneof![count, octet], 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_octets_are_read_in_one_way_or_refused(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            every_type(&octets);
        }

        #[test]
        fn likely_octets_are_read_in_one_way_or_refused(octets in likely()) {
            every_type(&octets);
        }
    }

    #[test]
    fn a_message_that_is_cut_is_refused() {
        let request = KeyRequest {
            label: "key".to_owned(),
            id: KeyId::from_octets(&[1; 16]).unwrap(),
            algorithm: crate::pki::key::KeyAlgorithm::EcdsaP384,
            extractable: true,
        };
        let octets = encode(&Request::Generate { request: request.clone() });
        let Ok(Request::Generate { request: read }) = decode(&octets) else { panic!("it was written so") };
        assert_eq!(read, request);
        for cut in 0..octets.len() {
            assert!(decode::<Request>(&octets[..cut]).is_err(), "{cut}");
        }
    }
}
