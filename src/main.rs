//! The command `rootrite`.

fn main() {}
