//! The program `tesela`: see [`tesela::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tesela::cli::main()
}
