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
    assert_eq!(text(&up.stdout).matches("applied").count(), 11, "{}", text(&up.stderr));
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
    assert_eq!(text(&fresh.stdout).matches("applied").count(), 11);
}

#[test]
fn everything_after_a_migration_is_taken_back() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["migrate", "up"], &[]);
    let asked = run(folder.path(), &["migrate", "down", "--to", "4"], &[]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(complaint(&asked).contains("after m20261120_000004_revocations") && complaint(&asked).contains("--yes"));
    for name in ["4", "m20261120_000004"] {
        let down = run(folder.path(), &["migrate", "down", "--to", name, "--yes"], &[]);
        let lines: Vec<_> = text(&down.stdout).lines().collect();
        assert_eq!(lines.iter().filter(|line| line.starts_with("applied")).count(), 4, "{lines:?}");
        assert_eq!(lines[3], "applied  m20261120_000004_revocations");
    }
    for (name, status, why) in [("6", 1, "is not applied"), ("m2026", 2, "several"), ("nothing", 2, "no migration")] {
        let refused = run(folder.path(), &["migrate", "down", "--to", name, "--yes"], &[]);
        assert_eq!(refused.status.code(), Some(status), "{name}");
        assert!(complaint(&refused).contains(why), "{name}: {}", complaint(&refused));
    }
    let both = run(folder.path(), &["migrate", "down", "2", "--to", "4", "--yes"], &[]);
    assert_eq!(both.status.code(), Some(2));
    let up = run(folder.path(), &["migrate", "up"], &[]);
    assert_eq!(text(&up.stdout).matches("pending").count(), 0);
}
