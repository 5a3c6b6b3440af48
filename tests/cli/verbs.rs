//! The other verbs.

use clap::CommandFactory as _;
use daypass::cli::Cli;
use tempfile::TempDir;

use crate::running::*;

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn what_destroys_data_asks_first() {
    let folder = TempDir::new().unwrap();
    let up = run(folder.path(), &["migrate", "up"], &[]);
    assert_eq!(text(&up.stdout).matches("applied").count(), 9, "{}", text(&up.stderr));
    for verb in ["down", "fresh"] {
        let refused = run(folder.path(), &["migrate", verb], &[]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(complaint(&refused).contains("--yes"));
    }
    let down = run(folder.path(), &["migrate", "down", "--yes"], &[]);
    assert_eq!(text(&down.stdout).matches("pending").count(), 1);
    let status = run(folder.path(), &["migrate", "status"], &[]);
    assert_eq!(text(&status.stdout), text(&down.stdout));
    let fresh = run(folder.path(), &["migrate", "fresh", "--yes"], &[]);
    assert_eq!(text(&fresh.stdout).matches("applied").count(), 9);
}
