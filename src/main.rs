//! The `daypass` binary: reads `.env`, parses the command line, runs the subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    daypass::cli::main()
}
