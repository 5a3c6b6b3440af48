//! The `.env` file. The service reads it at the start and on SIGHUP.
//!
//! If a name is repeated, its first line counts, as in `dotenvy`. The environment overrides the file, but an empty
//! environment variable counts as not set.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

mod secret_files;
mod syntax;

pub use secret_files::{SECRET_SETTINGS, SecretVariables, file_setting, without_final_newline};

use syntax::Line;

/// The settings of a `.env` file, and those of the files that `X_FILE` settings name.
#[derive(Clone, Default)]
pub struct EnvFile {
    /// The first line that sets each name.
    lines: Vec<Line>,
    repeated: Vec<String>,
    variables: SecretVariables,
    /// The files of the secrets that were read from files.
    secret_files: BTreeMap<&'static str, PathBuf>,
    /// Why secrets could not be read from their files.
    secret_errors: BTreeMap<&'static str, String>,
}

impl EnvFile {
    /// Reads a file. A missing file counts as empty.
    ///
    /// # Errors
    /// The message does not contain text of the file, because the text may be a secret.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let mut file = Self::default();
        for line in syntax::parse(&text).map_err(|error| format!("{}, {error}", path.display()))? {
            if file.get(&line.name).is_none() {
                file.lines.push(line);
            } else if !file.repeated.contains(&line.name) {
                file.repeated.push(line.name);
            }
        }
        Ok(file)
    }

    /// Reads a file, and the files that `X_FILE` settings name in it or in the environment. Commands that do not need a
    /// secret must work without it, so [`EnvFile::check_secrets`] reports errors about these files.
    ///
    /// # Errors
    /// As for [`EnvFile::read`].
    pub fn read_with_secrets(path: &Path, variables: SecretVariables) -> Result<Self, String> {
        let mut file = Self { variables, ..Self::read(path)? };
        file.add_secret_files();
        Ok(file)
    }

    /// Checks that the secrets for which `needs` is true could be read.
    ///
    /// # Errors
    /// A message if a file could not be read, or if both `X` and `X_FILE` are set.
    pub fn check_secrets(&self, needs: impl Fn(&str) -> bool) -> Result<(), String> {
        let first = self.secret_errors.iter().find(|(name, _)| needs(name));
        first.map_or(Ok(()), |(_, error)| Err(error.clone()))
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// As for [`EnvFile::read`] and [`EnvFile::check_secrets`].
    pub fn reread(&self, path: &Path) -> Result<Self, String> {
        let file = Self::read_with_secrets(path, self.variables.clone())?;
        file.check_secrets(|_| true)?;
        Ok(file)
    }

    /// Returns the file from which the value of a setting was read.
    #[must_use]
    pub fn secret_file(&self, name: &str) -> Option<&Path> {
        self.secret_files.get(name).map(PathBuf::as_path)
    }

    #[must_use]
    pub fn has_secret_files(&self) -> bool {
        !self.secret_files.is_empty()
    }

    /// Returns the value of a setting. The value may be empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|line| line.name == name).map(|line| &*line.value)
    }

    /// Returns the number of the line that sets a name.
    #[must_use]
    pub fn line_number(&self, name: &str) -> Option<usize> {
        let line = self.lines.iter().find(|line| line.name == name)?;
        self.secret_file(name).is_none().then_some(line.number)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| &*line.name)
    }

    /// Returns the names that occur more than once.
    #[must_use]
    pub fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// Sets an environment variable for each setting for which `is_set` is false.
    pub fn apply(&self, is_set: impl Fn(&str) -> bool) -> Result<(), String> {
        let missing = self.lines.iter().filter(|line| !is_set(&line.name));
        let lines: String = missing.map(|line| format!("{}={}\n", line.name, quoted(&line.value))).collect();
        // Setting environment variables is unsafe in Rust 2024, so dotenvy does it.
        dotenvy::from_read_override(lines.as_bytes()).map_err(|_| ".env has a value that cannot be set".to_owned())
    }
}

/// Quotes a value so that dotenvy reads it back unchanged.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for char in value.chars() {
        match char {
            '"' | '\\' | '$' => text.extend(['\\', char]),
            '\n' => text.push_str("\\n"),
            char => text.push(char),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_read(text: &str) -> Result<EnvFile, String> {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, text).unwrap();
        EnvFile::read(&path)
    }

    fn read(text: &str) -> EnvFile {
        try_read(text).unwrap()
    }

    #[test]
    fn values_are_read_as_other_dotenv_libraries_do_but_not_substituted() {
        for (text, value) in [
            ("A=plain", "plain"),
            ("A=", ""),
            ("A= # comment", ""),
            ("A=#fragment", "#fragment"),
            ("A=x#y # comment", "x#y"),
            ("  export A = x  ", "x"),
            ("A=x\r\n", "x"),
            ("A='single $PATH ${PATH} \\n # \"'", "single $PATH ${PATH} \\n # \""),
            ("A=\"double \\\"x\\\" \\\\ \\$PATH # 'y'\"  # comment", "double \"x\" \\ $PATH # 'y'"),
            ("A=\"two\nlines\\nthree\"", "two\nlines\nthree"),
            ("A=a\\ b'c d'\"e f\"", "a bc de f"),
            ("A=pa$PATH", "pa$PATH"),
            ("A=\"pa$PATH$1$\"", "pa$PATH$1$"),
            ("A=$$x", "$$x"),
        ] {
            let file = read(&format!("# first\n\n{text}\n"));
            assert_eq!(file.get("A"), Some(value), "{text:?}");
            assert_eq!(read(text).get("A"), Some(value), "without a final newline: {text:?}");
        }
    }

    #[test]
    fn byte_order_mark_at_the_start_is_ignored() {
        assert_eq!(read("\u{feff}A=x\n").get("A"), Some("x"));
    }

    #[test]
    fn error_names_the_line_and_what_is_wrong() {
        for (text, why) in [
            ("A=1\n\nno name\n", "line 3: must have the form NAME=value"),
            ("A='1\n2'\nB-C=1\n", "line 3: must have the form NAME=value"),
            ("=1\n", "line 1: must have the form NAME=value"),
            ("A=one two\n", "line 1: quote values that contain spaces"),
            ("A=1\nB=\"one\nC=2\n", "line 2: the quote is not closed"),
            ("A='one\n", "line 1: the quote is not closed"),
            ("A=\\d\n", "line 1: a backslash must be followed by"),
            ("# x\nA=${HOME}/x\n", "line 2: ${…} is not replaced"),
            ("A=\"${HOME}\"\n", "line 1: ${…} is not replaced"),
        ] {
            let Err(error) = try_read(text) else { panic!("{text:?} was read") };
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn first_line_of_a_name_counts() {
        let file = read("A=1\nB=\nA=2\nexport A=3\nB=4\n");
        assert_eq!((file.get("A"), file.get("B"), file.get("C")), (Some("1"), Some(""), None));
        assert_eq!(file.repeated(), ["A", "B"]);
    }

    #[test]
    fn quoted_value_is_read_back_unchanged() {
        for value in ["", "plain", "with blanks", "a\"b'c\\d$e${f}#g", "line\nbreak", " x ", "\\n", "§±!", "a\tb\r"] {
            let lines = format!("NAME={}\n", quoted(value));
            let read: Vec<_> = dotenvy::from_read_iter(lines.as_bytes()).map(Result::unwrap).collect();
            assert_eq!(read, [("NAME".to_owned(), value.to_owned())], "{value:?}");
        }
    }

    #[test]
    fn secret_is_read_from_the_file_that_its_setting_names() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, secret) = (folder.path().join(".env"), folder.path().join("secret"));
        for (content, value) in [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x \n\n", " x \n")] {
            std::fs::write(&path, format!("JWT_SECRET=\nJWT_SECRET_FILE='{}'\n", secret.display())).unwrap();
            std::fs::write(&secret, content).unwrap();
            let file = EnvFile::read_with_secrets(&path, SecretVariables::default()).unwrap();
            assert_eq!(file.get("JWT_SECRET"), Some(value), "{content:?}");
            assert_eq!((file.secret_file("JWT_SECRET"), file.line_number("JWT_SECRET")), (Some(&*secret), None));
        }
        std::fs::write(&path, "DATABASE_URL=sqlite:\nDATABASE_URL_FILE=none\n").unwrap();
        let file = EnvFile::read_with_secrets(&path, SecretVariables::default()).unwrap();
        let error = file.check_secrets(|_| true).unwrap_err();
        assert_eq!(error, "DATABASE_URL and DATABASE_URL_FILE are both set; remove one of them");
        assert_eq!(file.check_secrets(|name| name == "JWT_SECRET"), Ok(()));
    }

    #[test]
    fn error_does_not_contain_the_invalid_line() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "JWT_SECRET=hunter2 and more\n").unwrap();
        let Err(error) = EnvFile::read(&path) else { panic!("it was read") };
        assert!(error.contains(".env") && !error.contains("hunter2"), "{error}");
        assert!(EnvFile::read(&folder.path().join("none")).unwrap().get("A").is_none());
    }
}
