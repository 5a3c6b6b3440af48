//! Where the data lives.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use percent_encoding::percent_decode_str;

/// Settings of the database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseConfig {
    /// sqlite://FILE?mode=rwc, postgres://… or mysql://…
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://data/daypass.db?mode=rwc",
        hide_env_values = true,
        global = true
    )]
    pub database_url: DatabaseUrl,
}

/// The address of a database; shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole address, password included: for the driver alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// Whether this build can speak to it.
    ///
    /// # Errors
    /// What is wrong with the address, in words that do not repeat it.
    pub fn check(&self) -> Result<(), String> {
        let scheme = self.0.split(':').next().unwrap_or_default();
        let (feature, built_in) = match scheme {
            "sqlite" => ("sqlite", cfg!(feature = "sqlite")),
            "postgres" | "postgresql" => ("postgres", cfg!(feature = "postgres")),
            "mysql" => ("mysql", cfg!(feature = "mysql")),
            _ => return Err("it must begin with sqlite://, postgres:// or mysql://".to_owned()),
        };
        if built_in {
            Ok(())
        } else {
            Err(format!("this build leaves out {scheme}: build it with --features {feature}"))
        }
    }

    /// The file, if the database is one.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let rest = self.0.strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
        let path = percent_decode_str(path).decode_utf8_lossy();
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path.as_ref()))
    }

    /// The folder for what belongs beside the data: the database file's, else `data`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let file = self.file();
        let parent = file.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        parent.unwrap_or_else(|| PathBuf::from("data"))
    }
}

impl From<String> for DatabaseUrl {
    /// Any text: what a driver thinks of it is told without repeating it, for it may hold a password.
    fn from(text: String) -> Self {
        Self(text.strip_prefix("mariadb:").map_or_else(|| text.clone(), |rest| format!("mysql:{rest}")))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once(':').unwrap_or((&self.0, ""));
        if scheme == "sqlite" {
            return write!(f, "sqlite:{}", rest.split('?').next().unwrap_or_default());
        }
        // Everything before the last @ may be part of a password, also what looks like a path or a query.
        let address = rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_start_matches('/');
        let credentials = if rest.contains('@') { "***@" } else { "" };
        write!(f, "{scheme}://{credentials}{}", address.split('?').next().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_hidden_wherever_the_address_is_shown() {
        for (url, shown) in [
            ("postgres://app:hunter2@db:5432/daypass", "postgres://***@db:5432/daypass"),
            ("postgres://app:p@ss@db/daypass", "postgres://***@db/daypass"),
            ("postgres://app:hunt?er2@db/daypass", "postgres://***@db/daypass"),
            ("postgres:app:hunter2@db/daypass", "postgres://***@db/daypass"),
            ("postgres://db/daypass?user=app&password=hunter2", "postgres://db/daypass"),
            ("sqlite://data/daypass.db?mode=rwc", "sqlite://data/daypass.db"),
        ] {
            let url = DatabaseUrl::from(url.to_owned());
            assert_eq!(format!("{url}"), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn mariadb_is_another_name_of_the_scheme_alone() {
        assert_eq!(DatabaseUrl::from("mariadb://db/x".to_owned()).expose(), "mysql://db/x");
        assert_eq!(DatabaseUrl::from("postgres://mariadb:x@db/x".to_owned()).expose(), "postgres://mariadb:x@db/x");
    }

    #[test]
    fn the_file_and_its_folder_are_found_in_a_sqlite_address() {
        for (url, file) in [
            ("sqlite://data/daypass.db?mode=rwc", Some("data/daypass.db")),
            ("sqlite:///var/lib/daypass.db", Some("/var/lib/daypass.db")),
            ("sqlite:here.db", Some("here.db")),
            ("sqlite://my%20data/daypass.db", Some("my data/daypass.db")),
            ("sqlite::memory:", None),
        ] {
            assert_eq!(DatabaseUrl::from(url.to_owned()).file(), file.map(PathBuf::from), "{url}");
        }
    }
}
