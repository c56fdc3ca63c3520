//! The command `rootrite`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: the process of a module reads no arguments and no files.
    if std::env::args_os().nth(1).is_some_and(|word| word == rootrite::hsm::CHILD_ARGUMENT) {
        return rootrite::hsm::child_main();
    }
    ExitCode::from(2)
}
