//! The words of RFC 5280 and RFC 6960 as types: keys, names, serial numbers, times; DER read and DER built.
//!
//! There are two implementations, and neither uses the other's code: [`build`] makes the octets that will be signed,
//! [`read`] reads them back for the rules and compares what was signed with what was planned.
//!
//! | wanted | use |
//! |---|---|
//! | a public key, its digest, its kind | [`key::PublicKey`], [`key::KeyAlgorithm`] |
//! | the algorithm a key signs with; is a signature good | [`signature::SignatureAlgorithm::for_key`], [`signature::verify_signature`] |
//! | many signatures by one key verified | [`many::ManyVerifier`] |
//! | a subject or issuer | [`name::Name`] |
//! | a key identifier | [`key_identifier::KeyIdentifierMethod`] |
//! | to-be-signed octets | [`build::tbs_certificate`], [`build::tbs_crl`], [`build::response_data`], [`build::request_info`] |
//! | the whole from to-be-signed and signature | [`build::assemble`], [`build::ocsp_response`] |
//! | DER read, nothing else | [`read::certificate`], [`read::tbs_certificate`], [`read::crl`], [`read::ocsp_response`], [`read::request`] … |
//! | anything read as far as can be, with its faults | the same names in [`read::lenient`] |
//! | PEM | [`pem::read`], [`pem::write`] |

pub mod build;
pub mod key;
pub mod key_identifier;
pub mod many;
pub mod message;
pub mod name;
pub mod oid;
pub mod pem;
pub mod read;
pub mod reason;
pub mod revoked;
pub mod serial;
pub mod signature;
pub mod usage;
pub mod validity;

pub use key::{Curve, KeyAlgorithm, KeyAlgorithmError, KeyError, KeyKind, PublicKey};
pub use many::{ManyVerifier, SignedOctets};
pub use message::{Heard, Message, NamedMessage, Signable};
pub use name::{Attribute, Name, NameError, NameView, StringForm};
pub use revoked::{RevokedList, RevokedParts};
pub use serial::{SerialError, SerialNumber};
pub use signature::{HashAlgorithm, SignatureAlgorithm, SignatureError, verify_signature};
pub use validity::{Validity, ValidityError};
