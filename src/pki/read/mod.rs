//! DER read: the second implementation, strict and without copies.

pub mod der;
