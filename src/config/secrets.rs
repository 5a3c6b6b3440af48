//! Signing secrets: their requirements, and the secret that is generated in development.
//!
//! A secret must have at least 32 bytes (RFC 7518 §3.2) and at least 8 different byte values. The example in
//! `.env.example` is rejected. In development, a missing secret is generated and stored next to the database, so tokens
//! remain valid after a restart.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rand::CryptoRng;
use secrecy::SecretString;
use thiserror::Error;

use super::env_file::without_final_newline;
use crate::platform::private_file;

/// The example in `.env.example`. It is public, so the service rejects it as a secret.
pub const EXAMPLE_SECRET: &str = "replace-me-with-the-output-of-daypass-secret-generate";

/// The source of the signing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The secret in `JWT_SECRET`.
    Setting,
    /// The private key in the file `JWT_PRIVATE_KEY_FILE`.
    KeyFile(PathBuf),
    /// A development secret that an earlier start of the service generated.
    Stored(PathBuf),
    /// A development secret that this start of the service generated.
    Generated(PathBuf),
}

/// Why there is no valid signing secret.
#[derive(Debug, Error)]
pub enum SecretError {
    #[error(
        "JWT_SECRET is not set, but DAYPASS_ENV=production requires it. To generate one, run: daypass secret generate"
    )]
    Missing,
    #[error("{setting}: {why}. To generate one, run: daypass secret generate")]
    Weak {
        /// The name of the setting or the path of the file that contains the weak secret.
        setting: String,
        /// The violated requirement. This text does not contain the secret.
        why: &'static str,
    },
    #[error(
        "JWT_ALGORITHM=EdDSA requires JWT_PRIVATE_KEY_FILE. To generate a key, run: openssl genpkey -algorithm ed25519 -out key.pem"
    )]
    NoKeyFile,
    #[error("JWT_PRIVATE_KEY_FILE {}: {cause}", path.display())]
    KeyFile { path: PathBuf, cause: String },
    #[error("cannot read or write the development secret in {}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
}

impl SecretSource {
    /// Returns a description of the source for the start-up notice.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Setting => "JWT_SECRET".to_owned(),
            Self::KeyFile(path) => format!("the private key in {}", path.display()),
            Self::Stored(path) => format!("{} (development only)", path.display()),
            Self::Generated(path) => format!("generated, stored in {} (development only)", path.display()),
        }
    }
}

/// Generates a secret: 32 random bytes as 64 hexadecimal digits.
#[must_use]
pub fn generate_secret(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads the secret from `path`, or generates one and stores it there.
pub(super) fn read_or_generate(path: &Path, rng: &mut impl CryptoRng) -> io::Result<(String, SecretSource)> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok((text, SecretSource::Stored(path.to_owned()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = generate_secret(rng);
    // The name of the draft is random. A process id would not be unique: in a container, every start has the same id.
    let draft = path.with_extension(format!("{:016x}", rng.next_u64()));
    let mut file = private_file::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Linking is atomic and fails if the path exists, so parallel starts use the same secret.
    let mut linked = fs::hard_link(&draft, path);
    if linked.is_err() && !path.exists() {
        // exFAT and some network file systems do not support links. There, parallel first starts may use different
        // secrets.
        linked = fs::rename(&draft, path);
    }
    let _ = fs::remove_file(&draft);
    match linked {
        Err(_) if path.exists() => Ok((fs::read_to_string(path)?, SecretSource::Stored(path.to_owned()))),
        linked => linked.map(|()| (text, SecretSource::Generated(path.to_owned()))),
    }
}

pub(super) fn accept(setting: &str, text: &str) -> Result<SecretString, SecretError> {
    secret(text).map_err(|why| SecretError::Weak { setting: setting.to_owned(), why })
}

/// Checks a secret without its final newline.
fn secret(text: &str) -> Result<SecretString, &'static str> {
    let text = without_final_newline(text);
    let mut different = text.as_bytes().to_vec();
    different.sort_unstable();
    different.dedup();
    if text == EXAMPLE_SECRET {
        Err("the secret is the example of .env.example, which is public")
    } else if text.len() < 32 {
        Err("the secret must have at least 32 bytes")
    } else if different.len() < 8 {
        Err("the secret must have at least 8 different characters")
    } else {
        Ok(SecretString::from(text))
    }
}
