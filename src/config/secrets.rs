//! Signing secrets: what a good one is, and where one comes from when none is set.
//!
//! A secret that could be guessed is no secret: under 32 bytes (RFC 7518 §3.2), of a few repeated
//! characters, or the one printed in `.env.example`, it is refused at the start. In development a
//! missing one is generated and kept beside the data, so that tokens outlive a restart.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rand::CryptoRng;
use secrecy::SecretString;
use thiserror::Error;

use crate::private_file;

/// The secret of `.env.example`: known to everyone, so never accepted.
pub const EXAMPLE_SECRET: &str = "replace-me-with-the-output-of-daypass-secret-generate";

/// Where the signing secret came from: told at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `JWT_SECRET`.
    Setting,
    /// `JWT_PRIVATE_KEY_FILE`.
    KeyFile(PathBuf),
    /// The file of an earlier start in development.
    Kept(PathBuf),
    /// Just generated, and kept in this file.
    Generated(PathBuf),
}

/// Why there is no secret to sign with.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Production needs its own.
    #[error("JWT_SECRET is not set, and DAYPASS_ENV=production does not make one up. Type: daypass secret generate")]
    Missing,
    /// Could be guessed.
    #[error("{setting}: {why}. Type: daypass secret generate")]
    Weak {
        /// The setting, or the file, it came from.
        setting: String,
        /// The rule it breaks; never the secret itself.
        why: &'static str,
    },
    /// EdDSA without a key.
    #[error("JWT_ALGORITHM=EdDSA needs JWT_PRIVATE_KEY_FILE. Type: openssl genpkey -algorithm ed25519 -out key.pem")]
    NoKeyFile,
    /// The key file cannot be read, or holds no key to sign with.
    #[error("JWT_PRIVATE_KEY_FILE {}: {cause}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The development secret can be neither read nor kept.
    #[error("cannot keep a development secret in {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl SecretSource {
    /// In words, for the start-up notice.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Setting => "JWT_SECRET".to_owned(),
            Self::KeyFile(path) => format!("the private key in {}", path.display()),
            Self::Kept(path) => format!("{} (development only)", path.display()),
            Self::Generated(path) => format!("generated, kept in {} (development only)", path.display()),
        }
    }
}

/// A new secret: 32 random bytes as 64 hexadecimal digits.
#[must_use]
pub fn generate_secret(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn keep_secret(path: &Path, rng: &mut impl CryptoRng) -> io::Result<(String, SecretSource)> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok((text, SecretSource::Kept(path.to_owned()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = generate_secret(rng);
    let draft = path.with_extension(std::process::id().to_string());
    let mut file = private_file::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // A link appears whole or not at all, and only once: two starts at a time end with one secret.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok((text, SecretSource::Generated(path.to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((fs::read_to_string(path)?, SecretSource::Kept(path.to_owned())))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn accept(setting: &str, text: &str) -> Result<SecretString, SecretError> {
    secret(text).map_err(|why| SecretError::Weak { setting: setting.to_owned(), why })
}

/// Accepts a secret as it is, but for one newline at its end, which files and mounts add.
fn secret(text: &str) -> Result<SecretString, &'static str> {
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    let mut different = text.as_bytes().to_vec();
    different.sort_unstable();
    different.dedup();
    if text == EXAMPLE_SECRET {
        Err("the secret is the one of .env.example, which everyone knows")
    } else if text.len() < 32 {
        Err("the secret needs at least 32 bytes")
    } else if different.len() < 8 {
        Err("the secret repeats a few characters and could be guessed")
    } else {
        Ok(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        let repeated = "a".repeat(64);
        for weak in [
            "",
            "secret",
            &repeated,
            "passwordpasswordpasswordpassword",
            EXAMPLE_SECRET,
            &" ".repeat(40),
            "0123456789abcdef0123456789abcde",
        ] {
            assert!(secret(weak).is_err(), "{weak:?}");
        }
    }

    #[test]
    fn a_good_secret_is_taken_as_it_is_but_for_a_final_newline() {
        for good in [
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "with blanks inside, and punctuation: §±!",
            "  leading blanks are part of the secret  ",
        ] {
            assert_eq!(secret(good).unwrap().expose_secret(), good);
            assert_eq!(secret(&format!("{good}\r\n")).unwrap().expose_secret(), good);
        }
    }

    #[test]
    fn a_generated_secret_is_good_and_never_the_same() {
        let mut rng = crate::random::secure();
        let (one, other) = (generate_secret(&mut rng), generate_secret(&mut rng));
        assert!(secret(&one).is_ok());
        assert_ne!(one, other);
    }
}
