//! Asking before something that cannot be undone.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::Failure;

#[derive(Args, Debug)]
pub(super) struct Consent {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Consent {
    /// Asks at a terminal; elsewhere only `--yes` will do.
    #[expect(clippy::print_stdout, reason = "a question to the person at the terminal")]
    pub(super) fn obtain(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!("{question} Say --yes.")));
        }
        print!("{question} Type yes: ");
        let mut answer = String::new();
        let asked = io::stdout().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
        match asked {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::from("nothing was changed".to_owned())),
        }
    }
}
