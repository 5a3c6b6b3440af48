//! Settings of session tokens.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};

use super::parsers::{choice, duration, integer};
use super::secrets::{SecretError, SecretSource, accept, read_or_generate};
use super::{EnvFile, Environment};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens")]
pub struct TokenConfig {
    /// Secret that signs session tokens, at least 32 bytes [default: generated in development, required in production]
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, help_heading = "Basic settings", global = true)]
    pub jwt_secret: Option<SecretString>,
    /// Former secrets, comma-separated: tokens that they signed remain valid
    #[arg(long, env = "JWT_SECRETS_RETIRED", hide_env_values = true, value_delimiter = ',', global = true)]
    pub jwt_secrets_retired: Vec<SecretString>,
    /// Signature algorithm: HS256 with the secret, or EdDSA with a private key, so other services can verify tokens
    #[arg(long, env = "JWT_ALGORITHM", value_parser = choice::<SigningAlgorithm>(), default_value = "HS256", global = true)]
    pub jwt_algorithm: SigningAlgorithm,
    /// File with Ed25519 keys for EdDSA, PKCS#8 in PEM; the first key signs
    #[arg(long, env = "JWT_PRIVATE_KEY_FILE", global = true)]
    pub jwt_private_key_file: Option<PathBuf>,
    /// Issuer of the tokens (`iss`)
    #[arg(long, env = "JWT_ISSUER", default_value = "daypass", global = true)]
    pub jwt_issuer: String,
    /// Audience of the tokens (`aud`)
    #[arg(long, env = "JWT_AUDIENCE", default_value = "daypass", global = true)]
    pub jwt_audience: String,
    /// Lifetime of a token, and of a session unless SESSION_MAX is set, from 1m to 400d
    #[arg(long, env = "JWT_TTL", default_value = "24h", value_parser = duration("1m", "400d"), global = true)]
    pub jwt_ttl: TimeDelta,
    /// Maximum number of active sessions per user; a further session ends the oldest
    #[arg(
        long,
        env = "MAX_SESSIONS",
        default_value_t = 50,
        value_parser = integer::<usize>(1..=10_000),
        help_heading = "Limits",
        global = true
    )]
    pub max_sessions: usize,
    /// Accepted difference between the clocks of replicas, at most 60s
    #[arg(long, env = "JWT_LEEWAY", default_value = "0s", value_parser = duration("0s", "60s"), global = true)]
    pub jwt_leeway: TimeDelta,
    /// Where the secrets are set
    #[arg(skip)]
    pub origins: SecretOrigins,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SecretOrigins {
    /// The origin of `JWT_SECRET`.
    pub signing: SecretOrigin,
    /// The origin of `JWT_SECRETS_RETIRED`.
    pub retired: SecretOrigin,
}

/// Where a secret is set, if it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretOrigin {
    #[default]
    EnvFile,
    /// The file that an `X_FILE` setting names.
    SecretFile,
    /// A flag or the environment. A reload does not change this secret.
    Fixed,
}

/// Whether [`TokenConfig::reread`] applies a change of a setting in `.env`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reread {
    Yes,
    /// The change is ignored, because a flag or the environment sets this setting.
    Fixed,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SigningAlgorithm {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl TokenConfig {
    /// Returns the signing secret: `JWT_SECRET`, or in development the secret stored in `folder`.
    pub fn signing_secret(
        &self,
        environment: Environment,
        folder: &Path,
        rng: &mut impl CryptoRng,
    ) -> Result<(SecretString, SecretSource), SecretError> {
        if let Some(existing) = self.existing_secret(environment, folder)? {
            return Ok(existing);
        }
        let path = self.secret_file(folder);
        let (text, source) =
            read_or_generate(&path, rng).map_err(|cause| SecretError::File { path: path.clone(), cause })?;
        Ok((accept(&path.display().to_string(), &text)?, source))
    }

    /// Returns the signing secret as [`TokenConfig::signing_secret`] does, or `None` if that would generate one.
    pub fn existing_secret(
        &self,
        environment: Environment,
        folder: &Path,
    ) -> Result<Option<(SecretString, SecretSource)>, SecretError> {
        if let Some(text) = &self.jwt_secret {
            return Ok(Some((accept("JWT_SECRET", text.expose_secret())?, SecretSource::Setting)));
        }
        if environment == Environment::Production {
            return Err(SecretError::Missing);
        }
        let path = self.secret_file(folder);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some((accept(&path.display().to_string(), &text)?, SecretSource::Stored(path)))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(SecretError::File { path, cause }),
        }
    }

    /// Reads the private keys for EdDSA, in PEM format.
    pub fn private_keys(&self) -> Result<(SecretString, SecretSource), SecretError> {
        let path = self.jwt_private_key_file.clone().ok_or(SecretError::NoKeyFile)?;
        match fs::read_to_string(&path) {
            Ok(pem) => Ok((SecretString::from(pem), SecretSource::KeyFile(path))),
            Err(cause) => Err(SecretError::KeyFile { path, cause: cause.to_string() }),
        }
    }

    /// Returns these settings with the current secrets of `.env` and of secret files, as after a restart.
    #[must_use]
    pub fn reread(&self, file: &EnvFile) -> Self {
        let mut settings = self.clone();
        let named = |name| file.get(name).filter(|value| !value.is_empty());
        if self.origins.signing != SecretOrigin::Fixed {
            settings.jwt_secret = named("JWT_SECRET").map(SecretString::from);
        }
        if self.origins.retired != SecretOrigin::Fixed {
            let retired = named("JWT_SECRETS_RETIRED").unwrap_or_default();
            settings.jwt_secrets_retired = retired.split(',').map(SecretString::from).collect();
        }
        settings
    }

    /// Returns whether [`TokenConfig::reread`] applies a change of this setting.
    #[must_use]
    pub fn rereads(&self, name: &str) -> Reread {
        match name {
            "JWT_SECRET" if self.origins.signing == SecretOrigin::Fixed => Reread::Fixed,
            "JWT_SECRETS_RETIRED" if self.origins.retired == SecretOrigin::Fixed => Reread::Fixed,
            "JWT_SECRET" | "JWT_SECRETS_RETIRED" => Reread::Yes,
            _ => Reread::No,
        }
    }

    /// Returns whether `.env` sets a secret.
    #[must_use]
    pub fn is_in_env_file(&self) -> bool {
        let retired = self.jwt_secrets_retired.iter().any(|secret| !secret.expose_secret().is_empty());
        (self.jwt_secret.is_some() && self.origins.signing == SecretOrigin::EnvFile)
            || (retired && self.origins.retired == SecretOrigin::EnvFile)
    }

    /// Returns the path of the development secret.
    #[must_use]
    pub fn secret_file(&self, folder: &Path) -> PathBuf {
        folder.join("jwt-secret")
    }

    /// Returns the retired secrets, which only verify tokens.
    pub fn retired_secrets(&self) -> Result<Vec<SecretString>, SecretError> {
        let given = self.jwt_secrets_retired.iter().map(ExposeSecret::expose_secret);
        given.filter(|text| !text.is_empty()).map(|text| accept("JWT_SECRETS_RETIRED", text)).collect()
    }
}
