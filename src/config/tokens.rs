//! How session tokens are signed, and where the signing secret comes from.
//!
//! A secret that could be guessed is no secret: under 32 bytes (RFC 7518 §3.2), of a few repeated
//! characters, or the one printed in `.env.example`, it is refused at the start. In development a
//! missing one is generated and kept beside the data, so that tokens outlive a restart.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::{Environment, duration};

/// The secret of `.env.example`: known to everyone, so never accepted.
pub const EXAMPLE_SECRET: &str = "replace-me-with-the-output-of-daypass-secret-generate";

/// Settings of session tokens.
#[derive(Args, Clone, Debug)]
pub struct TokenConfig {
    /// Signs session tokens; at least 32 bytes [default: generated and kept in development, required
    /// in production]
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, global = true)]
    pub jwt_secret: Option<SecretString>,
    /// Former secrets, comma-separated: they verify and no longer sign
    #[arg(long, env = "JWT_SECRETS_RETIRED", hide_env_values = true, value_delimiter = ',', global = true)]
    pub jwt_secrets_retired: Vec<SecretString>,
    /// How tokens are signed: with the secret, or with a private key whose public half others verify with
    #[arg(long, env = "JWT_ALGORITHM", value_enum, default_value = "HS256", global = true)]
    pub jwt_algorithm: SigningAlgorithm,
    /// For EdDSA: Ed25519 keys, PKCS#8 in PEM; the first signs
    #[arg(long, env = "JWT_PRIVATE_KEY_FILE", global = true)]
    pub jwt_private_key_file: Option<PathBuf>,
    /// Who issues the tokens (`iss`)
    #[arg(long, env = "JWT_ISSUER", default_value = "daypass", global = true)]
    pub jwt_issuer: String,
    /// Whom the tokens are for (`aud`)
    #[arg(long, env = "JWT_AUDIENCE", default_value = "daypass", global = true)]
    pub jwt_audience: String,
    /// How long a token lives, from a minute to 400 days
    #[arg(long, env = "JWT_TTL", default_value = "24h", value_parser = ttl, global = true)]
    pub jwt_ttl: TimeDelta,
    /// The most live sessions of one user; another one ends the oldest
    #[arg(long, env = "MAX_SESSIONS", default_value_t = 50, value_parser = max_sessions, global = true)]
    pub max_sessions: usize,
    /// How far clocks may differ, up to 60s
    #[arg(long, env = "JWT_LEEWAY", default_value = "0s", value_parser = leeway, global = true)]
    pub jwt_leeway: TimeDelta,
}

/// How session tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SigningAlgorithm {
    /// A shared secret.
    #[value(name = "HS256")]
    Hs256,
    /// An Ed25519 key pair.
    #[value(name = "EdDSA")]
    EdDsa,
}

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

impl TokenConfig {
    /// The secret that signs: the setting, or in development the one kept in `folder`.
    ///
    /// # Errors
    /// [`SecretError`]: no secret, a weak one, or a folder that cannot be written.
    pub fn signing_secret(
        &self,
        environment: Environment,
        folder: &Path,
        rng: &mut impl CryptoRng,
    ) -> Result<(SecretString, SecretSource), SecretError> {
        if let Some(text) = &self.jwt_secret {
            return Ok((accept("JWT_SECRET", text.expose_secret())?, SecretSource::Setting));
        }
        if environment == Environment::Production {
            return Err(SecretError::Missing);
        }
        let path = folder.join("jwt-secret");
        let (text, source) =
            keep_secret(&path, rng).map_err(|cause| SecretError::File { path: path.clone(), cause })?;
        Ok((accept(&path.display().to_string(), &text)?, source))
    }

    /// The private keys of EdDSA, as PEM.
    ///
    /// # Errors
    /// When no file is named, or it cannot be read.
    pub fn private_keys(&self) -> Result<(SecretString, SecretSource), SecretError> {
        let path = self.jwt_private_key_file.clone().ok_or(SecretError::NoKeyFile)?;
        match fs::read_to_string(&path) {
            Ok(pem) => Ok((SecretString::from(pem), SecretSource::KeyFile(path))),
            Err(cause) => Err(SecretError::KeyFile { path, cause: cause.to_string() }),
        }
    }

    /// The settings with the secrets that `.env` names now, where there is one and it names any.
    ///
    /// # Errors
    /// When the file cannot be read; the text never repeats a line of it.
    pub fn reread(&self, file: &Path) -> Result<Self, String> {
        let unreadable = |_| format!("{} cannot be read", file.display());
        let mut settings = self.clone();
        if !file.exists() {
            return Ok(settings);
        }
        for line in dotenvy::from_path_iter(file).map_err(unreadable)? {
            let (name, value) = line.map_err(unreadable)?;
            match name.as_str() {
                "JWT_SECRET" => settings.jwt_secret = Some(SecretString::from(value)),
                "JWT_SECRETS_RETIRED" => {
                    settings.jwt_secrets_retired = value.split(',').map(SecretString::from).collect();
                }
                _ => {}
            }
        }
        Ok(settings)
    }

    /// The secrets that still verify.
    ///
    /// # Errors
    /// [`SecretError::Weak`].
    pub fn retired_secrets(&self) -> Result<Vec<SecretString>, SecretError> {
        let given = self.jwt_secrets_retired.iter().map(ExposeSecret::expose_secret);
        given.filter(|text| !text.is_empty()).map(|text| accept("JWT_SECRETS_RETIRED", text)).collect()
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

fn keep_secret(path: &Path, rng: &mut impl CryptoRng) -> io::Result<(String, SecretSource)> {
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
    let mut file = create_private(&draft)?;
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

/// Creates a file that only its owner can read.
fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn accept(setting: &str, text: &str) -> Result<SecretString, SecretError> {
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

fn max_sessions(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(most @ 1..=10_000) => Ok(most),
        _ => Err("a number from 1 to 10000".to_owned()),
    }
}

fn ttl(text: &str) -> Result<TimeDelta, String> {
    let ttl = duration::parse(text)?;
    let range = TimeDelta::minutes(1)..=TimeDelta::days(400);
    if range.contains(&ttl) { Ok(ttl) } else { Err("from 1m to 400d".to_owned()) }
}

fn leeway(text: &str) -> Result<TimeDelta, String> {
    let leeway = duration::parse(text)?;
    if leeway <= TimeDelta::seconds(60) { Ok(leeway) } else { Err("at most 60s".to_owned()) }
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

#[cfg(test)]
mod tests {
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

    #[test]
    fn lifetimes_and_leeways_have_bounds() {
        assert_eq!(ttl("24h"), Ok(TimeDelta::days(1)));
        for bad in ["59s", "401d", "tomorrow", "", "1500ms"] {
            assert!(ttl(bad).is_err(), "{bad}");
        }
        assert!(leeway("60s").is_ok());
        assert!(leeway("61s").is_err());
    }
}
