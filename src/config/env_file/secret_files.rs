//! Secrets that are read from files, as container runtimes and systemd provide them.
//!
//! `JWT_SECRET_FILE` names a file that contains the value of `JWT_SECRET`. The permissions of these files are not
//! checked, because container runtimes make them readable for all users of the container.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::EnvFile;
use super::syntax::Line;

/// The settings that contain a secret. The value of each setting `X` can also be in the file that `X_FILE` names.
pub const SECRET_SETTINGS: [&str; 5] =
    ["JWT_SECRET", "JWT_SECRETS_RETIRED", "DATABASE_URL", "SESSION_STORE", "SMTP_URL"];

/// The environment variables of the secret settings, as they were when the process started.
#[derive(Clone, Default)]
pub struct SecretVariables(BTreeMap<String, String>);

impl SecretVariables {
    /// Reads the environment of the process. Must be called before the settings of `.env` are added to it.
    #[must_use]
    pub fn from_environment() -> Self {
        let names = SECRET_SETTINGS.into_iter().flat_map(|name| [name.to_owned(), file_setting(name)]);
        let value = |name: &str| std::env::var_os(name)?.into_string().ok();
        Self(names.filter_map(|name| value(&name).map(|value| (name, value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Returns the name of the setting that names the file.
#[must_use]
pub fn file_setting(name: &str) -> String {
    format!("{name}_FILE")
}

impl EnvFile {
    /// Reads the files that `X_FILE` settings name, and adds their contents as values of `X`.
    pub(super) fn add_secret_files(&mut self) {
        for name in SECRET_SETTINGS {
            let Some(path) = self.set_value(&file_setting(name)).map(PathBuf::from) else { continue };
            match self.read_secret(name, &path) {
                Ok(value) => {
                    self.lines.retain(|line| line.name != name);
                    self.lines.push(Line { name: name.to_owned(), value, number: 0 });
                    self.secret_files.insert(name, path);
                }
                Err(error) => drop(self.secret_errors.insert(name, error)),
            }
        }
    }

    /// Returns the value of the environment or of the file, if it is not empty.
    fn set_value(&self, name: &str) -> Option<&str> {
        let variable = self.variables.get(name).filter(|value| !value.is_empty());
        variable.or_else(|| self.get(name).filter(|value| !value.is_empty()))
    }

    fn read_secret(&self, name: &str, path: &Path) -> Result<String, String> {
        let setting = file_setting(name);
        if self.set_value(name).is_some() {
            return Err(format!("{name} and {setting} are both set; remove one of them"));
        }
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| format!("{setting}: cannot read {}: {error}", path.display()))?;
        match without_final_newline(&text) {
            "" => Err(format!("{setting}: the file {} is empty", path.display())),
            value => Ok(value.to_owned()),
        }
    }
}

/// Removes one newline at the end, because text files end with a newline.
#[must_use]
pub fn without_final_newline(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
}
