//! The command `rootrite`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rootrite::cli::main()
}
