//! How session tokens are signed, for whom, and for how long.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};

use super::secrets::{SecretError, SecretSource, accept, keep_secret};
use super::{Environment, duration};

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

#[cfg(test)]
mod tests {
    use super::*;

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
