//! Public keys of certification authorities: their kinds, their encoding and their curves.

mod algorithm;
mod curve;
mod ml_dsa;
mod natural;
mod public;

pub use algorithm::{KeyAlgorithm, KeyAlgorithmError};
pub use curve::Curve;
pub use ml_dsa::MlDsa;
pub use natural::Natural;
pub use public::{KeyError, KeyKind, PublicKey};
