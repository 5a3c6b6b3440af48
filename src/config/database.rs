//! Where the data lives.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;

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
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
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
        Self(text.replacen("mariadb:", "mysql:", 1))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str(&self.0) };
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let host = match address.rsplit_once('@') {
            None => address.to_owned(),
            Some((user, host)) => match user.split_once(':') {
                Some((user, _)) => format!("{user}:***@{host}"),
                None => format!("{user}@{host}"),
            },
        };
        let hidden = if query.to_ascii_lowercase().contains("password") { "?***" } else { "" };
        write!(f, "{scheme}://{host}{hidden}")
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
            ("postgres://app:hunter2@db:5432/daypass", "postgres://app:***@db:5432/daypass"),
            ("postgres://app:p@ss@db/daypass", "postgres://app:***@db/daypass"),
            ("postgres://app@db/daypass", "postgres://app@db/daypass"),
            ("postgres://db/daypass?user=app&password=hunter2", "postgres://db/daypass?***"),
            ("sqlite://data/daypass.db?mode=rwc", "sqlite://data/daypass.db"),
        ] {
            let url = DatabaseUrl::from(url.to_owned());
            assert_eq!(format!("{url}"), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn the_file_and_its_folder_are_found_in_a_sqlite_address() {
        for (url, file) in [
            ("sqlite://data/daypass.db?mode=rwc", Some("data/daypass.db")),
            ("sqlite:///var/lib/daypass.db", Some("/var/lib/daypass.db")),
            ("sqlite:here.db", Some("here.db")),
            ("sqlite::memory:", None),
        ] {
            assert_eq!(DatabaseUrl::from(url.to_owned()).file(), file.map(PathBuf::from), "{url}");
        }
    }
}
