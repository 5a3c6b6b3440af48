//! The command line definition, and the `migrate` command.

use clap::CommandFactory as _;
use daypass::cli::Cli;
use tempfile::TempDir;

use crate::running::*;

#[test]
fn command_line_definition_is_valid() {
    Cli::command().debug_assert();
}

#[test]
fn destructive_migrations_ask_for_confirmation() {
    let folder = TempDir::new().unwrap();
    let up = run(folder.path(), &["migrate", "up"], &[]);
    assert_eq!(text(&up.stdout).matches("applied").count(), 24, "{}", text(&up.stderr));
    for verb in ["down", "fresh"] {
        let refused = run(folder.path(), &["migrate", verb], &[]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(error_line(&refused).contains("--yes"));
    }
    let down = run(folder.path(), &["migrate", "down", "--yes"], &[]);
    assert_eq!(text(&down.stdout).matches("pending").count(), 1);
    let status = run(folder.path(), &["migrate", "status"], &[]);
    assert_eq!(text(&status.stdout), text(&down.stdout));
    let fresh = run(folder.path(), &["migrate", "fresh", "--yes"], &[]);
    assert_eq!(text(&fresh.stdout).matches("applied").count(), 24);
}

#[test]
fn migrate_down_to_reverts_all_later_migrations() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["migrate", "up"], &[]);
    let asked = run(folder.path(), &["migrate", "down", "--to", "4"], &[]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(error_line(&asked).contains("after m20261120_000004_revocations") && error_line(&asked).contains("--yes"));
    for name in ["4", "m20261120_000004"] {
        let down = run(folder.path(), &["migrate", "down", "--to", name, "--yes"], &[]);
        let lines: Vec<_> = text(&down.stdout).lines().collect();
        assert_eq!(lines.iter().filter(|line| line.starts_with("applied")).count(), 4, "{lines:?}");
        assert_eq!(lines[3], "applied  m20261120_000004_revocations");
    }
    for (name, status, why) in [("6", 1, "is not applied"), ("m2026", 2, "several"), ("nothing", 2, "not found")] {
        let refused = run(folder.path(), &["migrate", "down", "--to", name, "--yes"], &[]);
        assert_eq!(refused.status.code(), Some(status), "{name}");
        assert!(error_line(&refused).contains(why), "{name}: {}", error_line(&refused));
    }
    let both = run(folder.path(), &["migrate", "down", "2", "--to", "4", "--yes"], &[]);
    assert_eq!(both.status.code(), Some(2));
    let up = run(folder.path(), &["migrate", "up"], &[]);
    assert_eq!(text(&up.stdout).matches("pending").count(), 0);
}

#[test]
fn migration_is_found_by_name_unique_prefix_or_number() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["migrate", "up"], &[]);
    let down_to = |text: &str| run(folder.path(), &["migrate", "down", &format!("--to={text}")], &[]);
    for text in ["m20261121_000007_workout_logs", "m20261121_000007", "7", "000007"] {
        let asked = down_to(text);
        assert!(error_line(&asked).contains("after m20261121_000007_workout_logs"), "{text}: {}", error_line(&asked));
    }
    for text in ["m2026", "", "0", "20261121", "workout_logs", "m20261121_000007_workout_logs_", "-7"] {
        let refused = down_to(text);
        let reason = error_line(&refused);
        assert!(
            refused.status.code() == Some(2) && reason.starts_with("error: --to") || reason.contains("not found"),
            "{text}: {reason}"
        );
    }
}

#[test]
fn every_migration_has_its_own_number() {
    let folder = TempDir::new().unwrap();
    let up = run(folder.path(), &["migrate", "up"], &[]);
    let numbers: Vec<u32> =
        text(&up.stdout).lines().map(|line| line.split('_').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
}
