//! The words of RFC 5280 as types. This stands in for the module of the branch `pki` until it is merged.

mod key;

pub use key::*;
