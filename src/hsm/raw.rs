//! PKCS#11 as C has it, behind functions that are safe to call. The only file of this program with `unsafe`.
//!
//! The rules of this file:
//! - Everything that a module gets by address outlives the call; a module keeps none of it (PKCS#11 §5.1.1).
//! - Lengths that a module reports are never trusted: they are compared with what it was given.
//! - A function that the module lacks is an error, not a jump to nowhere.
//! - A module is loaded once and never unloaded: its code and its function list stay for good.
//! - Nothing is asked twice to learn a length. Answers have room for 16 KiB.
//!
//! What cannot be checked is that the module keeps to PKCS#11 itself. It is foreign code, and that is why it runs
//! in a process of its own.
//!
//! The crate `cryptoki` is not used: codes, flags, attributes and mechanisms that it does not know are lost or
//! become errors without a number, its reading of attributes is all or nothing, and it cannot say much that real
//! tokens need. What remains of it is the calls below.
#![expect(unsafe_code, reason = "PKCS#11 is an interface of C; this is the one file that speaks it")]

use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BBOOL, CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST, CK_INFO, CK_MECHANISM, CK_MECHANISM_INFO,
    CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RSA_PKCS_PSS_PARAMS, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO,
    CK_SLOT_ID, CK_TOKEN_INFO, CK_ULONG, CKR_BUFFER_TOO_SMALL, CKR_OK,
};

use super::ReturnCode;
use crate::secret::Pin;

/// A module that is loaded and initialised, for as long as this process lives.
pub(super) struct Module {
    functions: CK_FUNCTION_LIST,
    several_threads: bool,
}

/// Why a function of a module did not do what it was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It returned a code.
    Code(&'static str, ReturnCode),
    /// The module does not have it.
    NoFunction(&'static str),
    /// It says that it worked, but what it answered cannot be.
    Absurd(&'static str),
}

/// Why a file could not be used as a module.
#[derive(Debug)]
pub(super) enum LoadFault {
    /// The dynamic linker refuses it, or it lacks what a module has.
    NotAModule(String),
    /// It was loaded and then would not begin.
    Fault(Fault),
}

/// Closes every file that came with this process from its parent, but for standard input, output and error: a PIN may be
/// behind one, and a module has no business there. To be called before anything else is open.
///
/// # Errors
///
/// If it cannot be seen what is open.
pub fn close_what_was_inherited() -> std::io::Result<()> {
    let number =
        |entry: std::fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
    let open =
        std::fs::read_dir("/proc/self/fd")?.map(|entry| entry.map(number)).collect::<Result<Vec<_>, _>>()?;
    for inherited in open.into_iter().flatten().filter(|number| *number > 2) {
        // The folder that was just read has been closed by now.
        if Path::new(&format!("/proc/self/fd/{inherited}")).symlink_metadata().is_ok() {
            // SAFETY: it is open, and nothing in this process has opened a file that it still holds, so that nobody here
            // owns it; there is one thread.
            unsafe { rustix::io::close(inherited) };
        }
    }
    Ok(())
}

/// Calls a function of the module; whoever writes `call!` says above it why that is safe.
macro_rules! call {
    ($module:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        match $module.functions.$function {
            None => Err(Fault::NoFunction(stringify!($function))),
            Some(function) => match unsafe { function($($argument),*) } {
                CKR_OK => Ok(()),
                code => Err(Fault::Code(stringify!($function), ReturnCode(code))),
            },
        }
    }};
}

impl Module {
    /// Loads the module's file and initialises it for calls from several threads.
    ///
    /// `reserved` is a text that some modules want beside (pReserved).
    pub(super) fn start(path: &Path, reserved: Option<&CString>) -> Result<Self, LoadFault> {
        let not_a_module = |error: &dyn std::fmt::Display| LoadFault::NotAModule(error.to_string());
        // SAFETY: loading runs the file's constructors, which can do anything; people have agreed upon this file
        // by its digest, and it has this process to itself.
        let library = unsafe { cryptoki_sys::Pkcs11::new(path) }.map_err(|error| not_a_module(&error))?;
        let list_functions = *library.C_GetFunctionList.as_ref().map_err(|error| not_a_module(error))?;
        let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
        // SAFETY: the symbol has the type that PKCS#11 §5.4 gives it, and `list` has room for one pointer.
        let code = unsafe { list_functions(&raw mut list) };
        if code != CKR_OK {
            return Err(LoadFault::Fault(Fault::Code("C_GetFunctionList", ReturnCode(code))));
        }
        // SAFETY: a module answers with the address of a list that lives as long as it is loaded, or with nothing.
        let functions =
            *unsafe { list.as_ref() }.ok_or_else(|| not_a_module(&"its list of functions is nowhere"))?;
        if functions.version.major < 2 {
            return Err(not_a_module(&"it speaks a PKCS#11 before 2.0"));
        }
        // Unloading would leave `functions` without code.
        std::mem::forget(library);
        let mut module = Self { functions, several_threads: true };
        let begun = match module.initialize(reserved, cryptoki_sys::CKF_OS_LOCKING_OK) {
            // It cannot lock by itself: one thread at a time, which whoever opens sessions sees to.
            Err(Fault::Code(_, ReturnCode(cryptoki_sys::CKR_CANT_LOCK))) => {
                module.several_threads = false;
                module.initialize(reserved, 0)
            }
            other => other,
        };
        begun.map_err(LoadFault::Fault)?;
        Ok(module)
    }

    /// Whether several threads may be in the module at once.
    pub(super) const fn takes_several_threads(&self) -> bool {
        self.several_threads
    }

    fn initialize(&self, reserved: Option<&CString>, flags: cryptoki_sys::CK_FLAGS) -> Result<(), Fault> {
        let mut arguments = CK_C_INITIALIZE_ARGS {
            flags,
            pReserved: reserved.map_or(ptr::null_mut(), |text| text.as_ptr().cast_mut().cast()),
            ..CK_C_INITIALIZE_ARGS::default()
        };
        // SAFETY: `arguments` and the text it points to outlive the call; no mutex functions are given.
        call!(self, C_Initialize((&raw mut arguments).cast()))
    }

    /// Says good-bye to the module. Other threads may not be in a call.
    pub(super) fn finalize(&self) -> Result<(), Fault> {
        // SAFETY: the argument is reserved and has to be nothing.
        call!(self, C_Finalize(ptr::null_mut()))
    }

    /// What the module says of itself.
    pub(super) fn information(&self) -> Result<CK_INFO, Fault> {
        let mut information = CK_INFO::default();
        // SAFETY: `information` has the size of the structure that the function fills.
        call!(self, C_GetInfo(&raw mut information))?;
        Ok(information)
    }

    /// The slots that have a token in them.
    pub(super) fn slots(&self) -> Result<Vec<CK_SLOT_ID>, Fault> {
        // Network modules reread their list of slots only when asked for its length.
        let mut count: CK_ULONG = 0;
        // SAFETY: no place is given for numbers, so that only the count is written.
        call!(self, C_GetSlotList(cryptoki_sys::CK_TRUE, ptr::null_mut(), &raw mut count))?;
        let mut slots: Vec<CK_SLOT_ID> = vec![0; MOST_SLOTS];
        count = length(slots.len());
        // SAFETY: `count` says how many numbers `slots` has room for.
        call!(self, C_GetSlotList(cryptoki_sys::CK_TRUE, slots.as_mut_ptr(), &raw mut count))?;
        shorten(slots, count, "C_GetSlotList")
    }

    /// What the token in a slot says of itself.
    pub(super) fn token_information(&self, slot: CK_SLOT_ID) -> Result<CK_TOKEN_INFO, Fault> {
        let mut information = CK_TOKEN_INFO::default();
        // SAFETY: `information` has the size of the structure that the function fills.
        call!(self, C_GetTokenInfo(slot, &raw mut information))?;
        Ok(information)
    }

    /// The numbers of all mechanisms that the token in a slot names, known or not.
    pub(super) fn mechanisms(&self, slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>, Fault> {
        let mut numbers: Vec<CK_MECHANISM_TYPE> = vec![0; MOST_MECHANISMS];
        let mut count = length(numbers.len());
        // SAFETY: `count` says how many numbers `numbers` has room for.
        call!(self, C_GetMechanismList(slot, numbers.as_mut_ptr(), &raw mut count))?;
        shorten(numbers, count, "C_GetMechanismList")
    }

    /// What the token in a slot says of a mechanism.
    pub(super) fn mechanism_information(
        &self,
        slot: CK_SLOT_ID,
        mechanism: CK_MECHANISM_TYPE,
    ) -> Result<CK_MECHANISM_INFO, Fault> {
        let mut information = CK_MECHANISM_INFO::default();
        // SAFETY: `information` has the size of the structure that the function fills.
        call!(self, C_GetMechanismInfo(slot, mechanism, &raw mut information))?;
        Ok(information)
    }

    /// Makes the token in a slot a new one. Whatever was on it is lost.
    pub(super) fn initialize_token(
        &self,
        slot: CK_SLOT_ID,
        officer_pin: &Pin,
        label: &[u8; 32],
    ) -> Result<(), Fault> {
        officer_pin.expose(|pin| {
            // SAFETY: PIN and label outlive the call and are only read; the label has its 32 octets.
            call!(
                self,
                C_InitToken(slot, pin.as_ptr().cast_mut(), length(pin.len()), label.as_ptr().cast_mut())
            )
        })
    }

    /// Opens a session that may write.
    pub(super) fn open(self: &Arc<Self>, slot: CK_SLOT_ID) -> Result<Session, Fault> {
        let mut handle: CK_SESSION_HANDLE = 0;
        let flags = cryptoki_sys::CKF_SERIAL_SESSION | cryptoki_sys::CKF_RW_SESSION;
        // SAFETY: no callback is given; `handle` has room for the handle.
        call!(self, C_OpenSession(slot, flags, ptr::null_mut(), None, &raw mut handle))?;
        Ok(Session { module: Arc::clone(self), handle, lent_by: None })
    }
}

/// A session, closed when dropped, unless it was lent: then it goes back. Borrowed exclusively for every call: two threads
/// are never in one session.
pub(super) struct Session {
    module: Arc<Module>,
    handle: CK_SESSION_HANDLE,
    lent_by: Option<Arc<Keeper>>,
}

/// Keeps one session with a token open: the last one to close would log its user out. A token that has room for no other is
/// lent it, to one borrower at a time.
pub(super) struct Keeper(Mutex<Option<Session>>);

impl Keeper {
    /// Keeps a session.
    pub(super) fn of(session: Session) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(session))))
    }

    /// Lends the session until it is dropped; nothing if somebody has it.
    pub(super) fn lend(self: &Arc<Self>) -> Option<Session> {
        let mut session = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        session.lent_by = Some(Arc::clone(self));
        Some(session)
    }
}

/// An object, for as long as the module keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object(CK_OBJECT_HANDLE);

/// By what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// A mechanism without parameters.
    Plain(CK_ULONG),
    /// RSA-PSS over a digest: the hash's mechanism, the mask's, and how many octets of salt.
    Pss {
        /// CKM_RSA_PKCS_PSS; or CKM_SHA…_RSA_PKCS_PSS, where the token hashes itself.
        number: CK_ULONG,
        /// CKM_SHA…
        hash: CK_ULONG,
        /// CKG_MGF1_SHA…
        mask: CK_ULONG,
        /// As many as the hash has.
        salt: CK_ULONG,
    },
}

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The security officer.
    Officer,
    /// The user.
    User,
    /// A user of the vendor's own kind.
    Vendor(CK_ULONG),
}

/// The value of an attribute in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A CK_BBOOL.
    Flag(CK_BBOOL),
    /// A CK_ULONG.
    Number(CK_ULONG),
    /// Octets.
    Octets(Vec<u8>),
}

/// An attribute of a template.
pub(super) type Attribute = (CK_ULONG, Value);

/// What the module answered for one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its octets, as they lie in memory.
    Octets(Vec<u8>),
    /// There is none.
    Absent,
    /// It is sensitive.
    Sensitive,
    /// The function returned another code.
    Failed(ReturnCode),
}

impl Session {
    /// Logs in; without a PIN by the token's own PIN pad.
    pub(super) fn log_in(&mut self, user: Who, pin: Option<&Pin>) -> Result<(), Fault> {
        let user = match user {
            Who::Officer => cryptoki_sys::CKU_SO,
            Who::User => cryptoki_sys::CKU_USER,
            Who::Vendor(number) => number,
        };
        match pin {
            Some(pin) => pin.expose(|pin| {
                // SAFETY: the PIN outlives the call and is only read.
                call!(self.module, C_Login(self.handle, user, pin.as_ptr().cast_mut(), length(pin.len())))
            }),
            // SAFETY: no PIN and no length is how PKCS#11 §5.6 asks for the protected path.
            None => call!(self.module, C_Login(self.handle, user, ptr::null_mut(), 0)),
        }
    }

    /// Logs out.
    pub(super) fn log_out(&mut self) -> Result<(), Fault> {
        // SAFETY: takes a number only.
        call!(self.module, C_Logout(self.handle))
    }

    /// Whether the user is logged in.
    pub(super) fn has_user(&mut self) -> Result<bool, Fault> {
        let mut information = CK_SESSION_INFO::default();
        // SAFETY: `information` has the size of the structure that the function fills.
        call!(self.module, C_GetSessionInfo(self.handle, &raw mut information))?;
        let with_user = [cryptoki_sys::CKS_RO_USER_FUNCTIONS, cryptoki_sys::CKS_RW_USER_FUNCTIONS];
        Ok(with_user.contains(&information.state))
    }

    /// Gives the user a PIN; the security officer has to be logged in.
    pub(super) fn initialize_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        pin.expose(|pin| {
            // SAFETY: the PIN outlives the call and is only read.
            call!(self.module, C_InitPIN(self.handle, pin.as_ptr().cast_mut(), length(pin.len())))
        })
    }

    /// Replaces a PIN.
    pub(super) fn set_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), Fault> {
        old.expose(|old| {
            new.expose(|new| {
                // SAFETY: both PINs outlive the call and are only read.
                call!(
                    self.module,
                    C_SetPIN(
                        self.handle,
                        old.as_ptr().cast_mut(),
                        length(old.len()),
                        new.as_ptr().cast_mut(),
                        length(new.len()),
                    )
                )
            })
        })
    }

    /// Fills `octets` from the token's random number generator.
    pub(super) fn random(&mut self, octets: &mut [u8]) -> Result<(), Fault> {
        // SAFETY: the function writes as many octets as it is told that there is room for.
        call!(self.module, C_GenerateRandom(self.handle, octets.as_mut_ptr(), length(octets.len())))
    }

    /// All objects that have the attributes of the template.
    pub(super) fn find(&mut self, template: &[Attribute]) -> Result<Vec<Object>, Fault> {
        let mut attributes = borrow(template);
        // SAFETY: the template and all it points to outlive the call and are only read.
        call!(
            self.module,
            C_FindObjectsInit(self.handle, attributes.as_mut_ptr(), length(attributes.len()))
        )?;
        let found = self.found();
        // SAFETY: takes a number only.
        let ended = call!(self.module, C_FindObjectsFinal(self.handle));
        let found = found?;
        ended?;
        Ok(found)
    }

    fn found(&mut self) -> Result<Vec<Object>, Fault> {
        let mut all = Vec::new();
        loop {
            let mut handles: Vec<CK_OBJECT_HANDLE> = vec![0; FIND_AT_ONCE];
            let mut count: CK_ULONG = 0;
            // SAFETY: the function writes as many handles as it is told that there is room for.
            call!(
                self.module,
                C_FindObjects(self.handle, handles.as_mut_ptr(), length(FIND_AT_ONCE), &raw mut count)
            )?;
            let handles = shorten(handles, count, "C_FindObjects")?;
            if handles.is_empty() {
                return Ok(all);
            }
            all.extend(handles.into_iter().map(Object));
            if all.len() > MOST_OBJECTS {
                return Err(Fault::Absurd("C_FindObjects"));
            }
        }
    }

    /// What the module answers for one attribute.
    pub(super) fn attribute(&mut self, object: Object, kind: CK_ULONG) -> Result<Answer, Fault> {
        let small = Answer::Failed(ReturnCode(CKR_BUFFER_TOO_SMALL));
        let mut answer = self.attribute_in(object, kind, ANSWER_OCTETS)?;
        // NSS gives a number of an object on the token into a room of its own size, and into no larger one.
        if answer == small {
            answer = self.attribute_in(object, kind, size_of::<CK_ULONG>())?;
        }
        // What is longer than any attribute ought to be: a module that refused says the length only if asked for it alone.
        if answer == small
            && let Some(octets) = self.attribute_length(object, kind)
        {
            answer = self.attribute_in(object, kind, octets)?;
        }
        Ok(answer)
    }

    /// How many octets the module says an attribute has, if that is more than there was room for and not absurd.
    fn attribute_length(&mut self, object: Object, kind: CK_ULONG) -> Option<usize> {
        let mut attribute = CK_ATTRIBUTE { type_: kind, pValue: ptr::null_mut(), ulValueLen: 0 };
        // SAFETY: no place is given for a value, so that only the length is written.
        let code = call!(self.module, C_GetAttributeValue(self.handle, object.0, &raw mut attribute, 1));
        let said = usize::try_from(attribute.ulValueLen).ok();
        said.filter(|octets| answer_code(code).is_ok_and(|code| code == CKR_OK) && may_be_room(*octets))
    }

    /// What the module answers for one attribute, in a room of so many octets.
    fn attribute_in(&mut self, object: Object, kind: CK_ULONG, octets: usize) -> Result<Answer, Fault> {
        // Words rather than octets, because some attributes are numbers and have to be aligned.
        let mut room: Vec<u64> = vec![0; octets.div_ceil(8)];
        let mut attribute =
            CK_ATTRIBUTE { type_: kind, pValue: room.as_mut_ptr().cast(), ulValueLen: length(octets) };
        // SAFETY: the attribute points to `room` and says how much of it there is.
        let code = call!(self.module, C_GetAttributeValue(self.handle, object.0, &raw mut attribute, 1));
        let answered = usize::try_from(attribute.ulValueLen).ok().filter(|answered| *answered <= octets);
        match (answer_code(code)?, answered) {
            (CKR_OK, Some(octets)) => Ok(Answer::Octets(taken(&room, octets))),
            (CKR_OK, None) if attribute.ulValueLen == cryptoki_sys::CK_UNAVAILABLE_INFORMATION => {
                Ok(Answer::Absent)
            }
            (CKR_OK, None) => Err(Fault::Absurd("C_GetAttributeValue")),
            (code, _) => Ok(refusal(code)),
        }
    }

    /// What the module answers for each of several attributes, in their order; asked in one call.
    ///
    /// A refused attribute spoils none of the others (PKCS#11 §5.7.5): it comes back with no length. Which refusal it
    /// was, and whatever the module passed over or has more octets of than there is room for, is asked one by one.
    pub(super) fn attributes(&mut self, object: Object, kinds: &[CK_ULONG]) -> Result<Vec<Answer>, Fault> {
        let mut room: Vec<[u64; SHARED_OCTETS / 8]> = vec![[0; SHARED_OCTETS / 8]; kinds.len()];
        let mut attributes: Vec<CK_ATTRIBUTE> = (kinds.iter().zip(&mut room))
            .map(|(kind, room)| CK_ATTRIBUTE {
                type_: *kind,
                pValue: room.as_mut_ptr().cast(),
                ulValueLen: UNTOUCHED,
            })
            .collect();
        let count = length(attributes.len());
        // SAFETY: each attribute points to its part of `room` and says less than there is of it.
        let code =
            call!(self.module, C_GetAttributeValue(self.handle, object.0, attributes.as_mut_ptr(), count));
        let usable = matches!(
            answer_code(code)?,
            CKR_OK
                | cryptoki_sys::CKR_ATTRIBUTE_SENSITIVE
                | cryptoki_sys::CKR_ATTRIBUTE_TYPE_INVALID
                | CKR_BUFFER_TOO_SMALL
        );
        let mut answers = Vec::with_capacity(kinds.len());
        for ((kind, attribute), room) in kinds.iter().zip(&attributes).zip(&room) {
            let octets = usize::try_from(attribute.ulValueLen).ok();
            answers.push(match octets.filter(|octets| usable && *octets < SHARED_OCTETS - 1) {
                Some(octets) => Answer::Octets(taken(room, octets)),
                None => self.attribute(object, *kind)?,
            });
        }
        Ok(answers)
    }

    /// What the module answers for an attribute that it must not give: asks for its length only, so that the
    /// value never leaves the token even if the module would hand it out.
    pub(super) fn probe(&mut self, object: Object, kind: CK_ULONG) -> Result<Answer, Fault> {
        let mut attribute = CK_ATTRIBUTE { type_: kind, pValue: ptr::null_mut(), ulValueLen: 0 };
        // SAFETY: no place is given for a value, so that only the length is written.
        let code = call!(self.module, C_GetAttributeValue(self.handle, object.0, &raw mut attribute, 1));
        match answer_code(code)? {
            CKR_OK if attribute.ulValueLen == cryptoki_sys::CK_UNAVAILABLE_INFORMATION => Ok(Answer::Absent),
            CKR_OK => Ok(Answer::Octets(Vec::new())),
            code => Ok(refusal(code)),
        }
    }

    /// Makes a key pair: the public and the private half.
    pub(super) fn generate_key_pair(
        &mut self,
        mechanism: CK_ULONG,
        public: &[Attribute],
        private: &[Attribute],
    ) -> Result<(Object, Object), Fault> {
        let (mut public, mut private) = (borrow(public), borrow(private));
        let mut mechanism = plain(mechanism);
        let (mut public_handle, mut private_handle): (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) = (0, 0);
        // SAFETY: mechanism and templates, and all they point to, outlive the call and are only read; there is
        // room for both handles.
        call!(
            self.module,
            C_GenerateKeyPair(
                self.handle,
                &raw mut mechanism,
                public.as_mut_ptr(),
                length(public.len()),
                private.as_mut_ptr(),
                length(private.len()),
                &raw mut public_handle,
                &raw mut private_handle,
            )
        )?;
        Ok((Object(public_handle), Object(private_handle)))
    }

    /// Signs in one go.
    pub(super) fn sign(&mut self, by: Mechanism, key: Object, data: &[u8]) -> Result<Vec<u8>, Fault> {
        self.begin_signing(by, key)?;
        // A module that had no room keeps the operation (PKCS#11 §5.2): it is not begun a second time.
        with_room("C_Sign", |place, count| {
            // SAFETY: the data outlive the call and are only read; `count` says how much room there is at `place`.
            call!(
                self.module,
                C_Sign(self.handle, data.as_ptr().cast_mut(), length(data.len()), place, count)
            )
        })
    }

    /// Gives the token the next octets of what it signs, after [`Session::begin_signing`].
    pub(super) fn go_on_signing(&mut self, part: &[u8]) -> Result<(), Fault> {
        // SAFETY: the data outlive the call and are only read.
        call!(self.module, C_SignUpdate(self.handle, part.as_ptr().cast_mut(), length(part.len())))
    }

    /// The signature over all that was given.
    pub(super) fn end_signing(&mut self) -> Result<Vec<u8>, Fault> {
        with_room("C_SignFinal", |place, count| {
            // SAFETY: `count` says how much room there is at `place`.
            call!(self.module, C_SignFinal(self.handle, place, count))
        })
    }

    /// Closes it, lent or not: what it was in the middle of ends with it.
    pub(super) fn close(mut self) {
        self.lent_by = None;
    }

    /// Begins to sign.
    pub(super) fn begin_signing(&mut self, by: Mechanism, key: Object) -> Result<(), Fault> {
        let mut parameters = match by {
            Mechanism::Plain(_) => CK_RSA_PKCS_PSS_PARAMS::default(),
            Mechanism::Pss { hash, mask, salt, .. } => {
                CK_RSA_PKCS_PSS_PARAMS { hashAlg: hash, mgf: mask, sLen: salt }
            }
        };
        let mut mechanism = match by {
            Mechanism::Plain(mechanism) => plain(mechanism),
            Mechanism::Pss { number, .. } => CK_MECHANISM {
                mechanism: number,
                pParameter: (&raw mut parameters).cast(),
                ulParameterLen: length(size_of::<CK_RSA_PKCS_PSS_PARAMS>()),
            },
        };
        // SAFETY: the mechanism and its parameters outlive the call and are only read.
        call!(self.module, C_SignInit(self.handle, &raw mut mechanism, key.0))
    }

    /// Makes an object of a template.
    pub(super) fn create(&mut self, template: &[Attribute]) -> Result<Object, Fault> {
        let mut attributes = borrow(template);
        let mut handle: CK_OBJECT_HANDLE = 0;
        // SAFETY: the template and all it points to outlive the call and are only read; there is room for the
        // handle.
        call!(
            self.module,
            C_CreateObject(self.handle, attributes.as_mut_ptr(), length(attributes.len()), &raw mut handle)
        )?;
        Ok(Object(handle))
    }

    /// Changes attributes of an object.
    pub(super) fn change(&mut self, object: Object, template: &[Attribute]) -> Result<(), Fault> {
        let mut attributes = borrow(template);
        // SAFETY: the template and all it points to outlive the call and are only read.
        call!(
            self.module,
            C_SetAttributeValue(self.handle, object.0, attributes.as_mut_ptr(), length(attributes.len()))
        )
    }

    /// Destroys an object.
    pub(super) fn destroy(&mut self, object: Object) -> Result<(), Fault> {
        // SAFETY: takes numbers only.
        call!(self.module, C_DestroyObject(self.handle, object.0))
    }
}

impl Session {
    /// Wraps a key by a mechanism without parameters. Nobody is asked for the length first: some modules answer that and
    /// then refuse the very length.
    pub(super) fn wrap(&mut self, mechanism: CK_ULONG, by: Object, key: Object) -> Result<Vec<u8>, Fault> {
        let mut mechanism = plain(mechanism);
        with_room("C_WrapKey", |place, count| {
            // SAFETY: the mechanism outlives the call and is only read; `count` says how much room there is at `place`.
            call!(self.module, C_WrapKey(self.handle, &raw mut mechanism, by.0, key.0, place, count))
        })
    }

    /// Makes an object of a wrapped key, by a mechanism without parameters.
    pub(super) fn unwrap(
        &mut self,
        mechanism: CK_ULONG,
        by: Object,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Result<Object, Fault> {
        let mut mechanism = plain(mechanism);
        let mut attributes = borrow(template);
        let mut handle: CK_OBJECT_HANDLE = 0;
        // SAFETY: the mechanism, the wrapped key, the template and all they point to outlive the call and are only read;
        // there is room for the handle.
        call!(
            self.module,
            C_UnwrapKey(
                self.handle,
                &raw mut mechanism,
                by.0,
                wrapped.as_ptr().cast_mut(),
                length(wrapped.len()),
                attributes.as_mut_ptr(),
                length(attributes.len()),
                &raw mut handle,
            )
        )?;
        Ok(Object(handle))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(keeper) = self.lent_by.take() {
            let back = Self { module: Arc::clone(&self.module), handle: self.handle, lent_by: None };
            *keeper.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(back);
            return;
        }
        // Whether it worked changes nothing: the session is not used again.
        // SAFETY: takes a number only.
        let _ = call!(self.module, C_CloseSession(self.handle));
    }
}

/// A mechanism without parameters.
const fn plain(mechanism: CK_ULONG) -> CK_MECHANISM {
    CK_MECHANISM { mechanism, pParameter: ptr::null_mut(), ulParameterLen: 0 }
}

/// A template as C has it; it points into `template`.
fn borrow(template: &[Attribute]) -> Vec<CK_ATTRIBUTE> {
    let attribute = |(kind, value): &Attribute| {
        let (place, octets): (*const u8, usize) = match value {
            Value::Flag(flag) => (ptr::from_ref(flag), size_of::<CK_BBOOL>()),
            Value::Number(number) => (ptr::from_ref(number).cast(), size_of::<CK_ULONG>()),
            Value::Octets(octets) => (octets.as_ptr(), octets.len()),
        };
        CK_ATTRIBUTE { type_: *kind, pValue: place.cast_mut().cast(), ulValueLen: length(octets) }
    };
    template.iter().map(attribute).collect()
}

/// What a call answers that is told how much room there is: with plenty of room at first, and once more, and only once, with
/// just as much as the module says it needs.
fn with_room(
    function: &'static str,
    mut call: impl FnMut(*mut u8, *mut CK_ULONG) -> Result<(), Fault>,
) -> Result<Vec<u8>, Fault> {
    let mut answer = vec![0; ANSWER_OCTETS];
    let mut count = length(answer.len());
    match call(answer.as_mut_ptr(), &raw mut count) {
        Err(Fault::Code(_, ReturnCode(CKR_BUFFER_TOO_SMALL)))
            if usize::try_from(count).is_ok_and(may_be_room) =>
        {
            answer = vec![0; usize::try_from(count).unwrap_or_default()];
            call(answer.as_mut_ptr(), &raw mut count)?;
        }
        answered => answered?,
    }
    shorten(answer, count, function)
}

/// Whether a module may ask for so many octets of room.
const fn may_be_room(octets: usize) -> bool {
    octets > 0 && octets <= MOST_OCTETS
}

/// The first `count` of `all`, if there are so many.
fn shorten<T>(mut all: Vec<T>, count: CK_ULONG, function: &'static str) -> Result<Vec<T>, Fault> {
    match usize::try_from(count) {
        Ok(count) if count <= all.len() => {
            all.truncate(count);
            Ok(all)
        }
        _ => Err(Fault::Absurd(function)),
    }
}

/// The code of a call whose refusals are answers.
fn answer_code(result: Result<(), Fault>) -> Result<CK_RV, Fault> {
    match result {
        Ok(()) => Ok(CKR_OK),
        Err(Fault::Code(_, code)) => Ok(code.0),
        Err(fault) => Err(fault),
    }
}

/// The first octets of what a module wrote, as they lie in memory.
fn taken(room: &[u64], octets: usize) -> Vec<u8> {
    room.iter().flat_map(|word| word.to_ne_bytes()).take(octets).collect()
}

/// What a refusal to give an attribute means.
const fn refusal(code: CK_RV) -> Answer {
    match code {
        cryptoki_sys::CKR_ATTRIBUTE_SENSITIVE => Answer::Sensitive,
        cryptoki_sys::CKR_ATTRIBUTE_TYPE_INVALID => Answer::Absent,
        code => Answer::Failed(ReturnCode(code)),
    }
}

/// A length as C has it.
const fn length(count: usize) -> CK_ULONG {
    count as CK_ULONG
}

/// What a module is given at most when it says that it needs more room, in octets: no signature, wrapped key or attribute is longer.
const MOST_OCTETS: usize = 256 * 1024;

/// Room for an answer of unknown length, in octets.
const ANSWER_OCTETS: usize = 16 * 1024;

/// Room for each of several answers to one call, in octets: an RSA modulus of 4096 bits fits.
const SHARED_OCTETS: usize = 1024;

/// The length that an attribute has until the module has dealt with it. No answer has it: the last octet of the room
/// is never offered.
const UNTOUCHED: CK_ULONG = length(SHARED_OCTETS - 1);

/// How many objects are asked for at once.
const FIND_AT_ONCE: usize = 64;

/// No token has more objects; one that never stops naming them is broken.
const MOST_OBJECTS: usize = 100_000;

/// No token has more mechanisms.
const MOST_MECHANISMS: usize = 4_096;

/// No module has more slots.
const MOST_SLOTS: usize = 1_024;
