//! Subcommands in a folder without a database, and their help.

use tempfile::TempDir;

use crate::running::*;

#[test]
fn only_serve_and_migrate_up_create_a_database() {
    for command in [
        &["user", "list"][..],
        &["user", "delete", "ada", "--yes"],
        &["user", "import", "users.csv"],
        &["import", "course", "--from", "sqlite://course.sqlite"],
        &["seed", "run"],
        &["seed", "status"],
        &["sessions", "reset"],
        &["secret", "status"],
        &["migrate", "status"],
        &["migrate", "down"],
        &["migrate", "fresh", "--yes"],
    ] {
        let folder = TempDir::new().unwrap();
        let output = run(folder.path(), command, &[]);
        let path = folder.path().canonicalize().unwrap().join("data/daypass.db");
        let reason = error_line(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {reason}");
        assert!(reason.contains(path.to_str().unwrap()) && reason.contains("daypass migrate up"), "{reason}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{command:?}");
    }
    let folder = TempDir::new().unwrap();
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    assert!(folder.path().join("data/daypass.db").exists());
}

#[test]
fn help_of_a_subcommand_has_its_own_options_only() {
    let folder = TempDir::new().unwrap();
    let help = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    for (command, option) in [
        (&["user", "import"][..], "--username-column"),
        (&["user"], "reset-password"),
        (&["user", "delete"], "--yes"),
        (&["migrate", "down"], "--to"),
        (&["import", "course"], "--from"),
    ] {
        for asked in [[command, &["--help"]].concat(), [&["help"], command].concat()] {
            let shown = help(&asked);
            assert!(shown.contains(option) && shown.contains("Settings: see daypass --help"), "{asked:?}: {shown}");
            for setting in ["--jwt-secret", "--database-url", "--port", "RATE_LIMITS", "Basic settings"] {
                assert!(!shown.contains(setting), "{asked:?}: {setting} in {shown}");
            }
        }
    }
    for all in [&["--help"][..], &["serve", "--help"]] {
        assert!(help(all).contains("--jwt-secret") && help(all).contains("--database-url"), "{all:?}");
    }
    let url = ["user", "list", "--database-url", "sqlite://elsewhere.db"];
    assert!(error_line(&run(folder.path(), &url, &[])).contains("elsewhere.db"), "settings are accepted after a verb");
}
