//! Confirmation of commands that cannot be undone.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::failure::Failure;

#[derive(Args, Debug)]
pub(super) struct Confirm {
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// Asks the operator at the terminal, unless `--yes` is set. Without a terminal, `--yes` is required.
    #[expect(clippy::print_stdout, reason = "a question to the operator at the terminal")]
    pub(super) fn ask(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!("{question} Confirm with --yes.")));
        }
        print!("{question} Type yes: ");
        let mut answer = String::new();
        let read = io::stdout().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
        match read {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::from("nothing was changed".to_owned())),
        }
    }
}
