//! The address of a database.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The address of a database. `Debug` and `Display` hide its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Returns the address with its password, for the driver only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// Returns whether the address names a SQLite database without a file.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.is_sqlite() && self.file().is_none()
    }

    /// Returns whether opening the address creates a missing file.
    #[must_use]
    pub fn creates_file(&self) -> bool {
        self.0.contains("mode=rwc")
    }

    /// Checks that this build supports the database.
    ///
    /// # Errors
    /// A message that does not contain the address.
    pub fn check(&self) -> Result<(), String> {
        let scheme = self.0.split(':').next().unwrap_or_default();
        let (feature, built_in) = match scheme {
            "sqlite" => ("sqlite", cfg!(feature = "sqlite")),
            "postgres" | "postgresql" => ("postgres", cfg!(feature = "postgres")),
            "mysql" => ("mysql", cfg!(feature = "mysql")),
            _ => return Err("must start with sqlite://, postgres:// or mysql://".to_owned()),
        };
        if !built_in {
            return Err(format!("this build does not support {scheme}. Build with --features {feature}"));
        }
        if self.is_sqlite() || self.server_parts().is_some() {
            return Ok(());
        }
        Err("the password has an unencoded character; write # as %23, / as %2F, ? as %3F and @ as %40".to_owned())
    }

    /// Splits a server's address into the authority and the rest. Returns `None` if a part of the password would be
    /// read as the host, the path or the query.
    fn server_parts(&self) -> Option<(&str, &str)> {
        let (_, address) = self.0.split_once(':')?;
        let address = address.trim_start_matches('/');
        let (authority, rest) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A value in the query may contain @. In the first name, @ shows that the password contains a question mark.
        let misplaced = |text: &str| text.split(['=', '&']).next().is_some_and(|first| first.contains('@'));
        let unencoded = rest.contains('#') || path.contains('@') || misplaced(query);
        (!unencoded).then_some((authority, rest))
    }

    /// Returns the host without its brackets if it is an IPv6 address. The driver would look up the text with brackets
    /// as a host name.
    #[must_use]
    pub fn ipv6_host(&self) -> Option<&str> {
        let (authority, _) = self.server_parts().filter(|_| !self.is_sqlite())?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (address, _) = host.strip_prefix('[')?.split_once(']')?;
        address.parse::<Ipv6Addr>().ok().map(|_| address)
    }

    /// Returns the kind of the database, for the log.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0.split(':').next() {
            Some("sqlite") => "sqlite",
            Some("mysql") => "mysql",
            _ => "postgres",
        }
    }

    /// Returns the path of the SQLite file, or `None` for other databases.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let rest = self.0.strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
        let path = percent_decode_str(path).decode_utf8_lossy();
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path.as_ref()))
    }

    /// Returns the folder of the SQLite file, or `data` for other databases.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let file = self.file();
        let parent = file.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        parent.unwrap_or_else(|| PathBuf::from("data"))
    }
}

impl From<String> for DatabaseUrl {
    /// Accepts any text. An invalid address is reported later, by code that does not print the password.
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
        // A password may contain characters that look like a path or a query, so everything before the last @ is
        // hidden.
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
    fn password_is_hidden() {
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
    fn unencoded_characters_of_a_password_are_refused() {
        for bad in [
            "postgres://app:p#ss@db/x",
            "postgres://app:p/ss@db/x",
            "postgres://app:1/p@db/x",
            "postgres://app:1?p@db/x",
            "postgres://app:p@ss/w@db/x",
            "postgres://app:p?ss@db/x",
            "postgres://db/x#y",
        ] {
            let error = DatabaseUrl::from(bad.to_owned()).check().unwrap_err();
            assert!(error.contains("%23") && !error.contains("db"), "{bad}: {error}");
        }
        for good in [
            "postgres://app:p%23ss@db/x",
            "postgres://app:p@ss@db/x",
            "postgres://db/x?user=app&password=p@ss",
            "postgres://db/x?options=-c%20a@b",
            "postgres://app:p@[::1]:5432/x?sslmode=disable",
            "postgres:///x?host=/run/postgresql",
        ] {
            assert_eq!(DatabaseUrl::from(good.to_owned()).check(), Ok(()), "{good}");
        }
    }

    #[test]
    fn ipv6_host_has_no_brackets() {
        for (url, host) in [
            ("postgres://app:p@[::1]:5432/x", Some("::1")),
            ("mysql://[2001:db8::1]/x", Some("2001:db8::1")),
            ("postgres://app:p@127.0.0.1/x", None),
            ("postgres://app:[::1]@db/x", None),
            ("sqlite://[::1].db", None),
        ] {
            assert_eq!(DatabaseUrl::from(url.to_owned()).ipv6_host(), host, "{url}");
        }
    }

    #[test]
    fn mariadb_is_an_alias_of_the_scheme_only() {
        assert_eq!(DatabaseUrl::from("mariadb://db/x".to_owned()).expose(), "mysql://db/x");
        assert_eq!(DatabaseUrl::from("postgres://mariadb:x@db/x".to_owned()).expose(), "postgres://mariadb:x@db/x");
    }

    #[test]
    fn sqlite_address_names_its_file() {
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
