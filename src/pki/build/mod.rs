//! DER built: the first implementation.

pub(crate) mod element;
