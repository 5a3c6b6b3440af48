//! `daypass secret`: makes secrets.

use clap::Subcommand;

use crate::config::generate_secret;
use crate::random;

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Print a new secret for JWT_SECRET
    Generate,
}

#[expect(clippy::print_stdout, reason = "the secret is what was asked for")]
pub(super) fn run(verb: &Verb) {
    match verb {
        Verb::Generate => println!("{}", generate_secret(&mut random::secure())),
    }
}
