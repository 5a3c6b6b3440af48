//! The strength of the secrets that sign tokens.

use secrecy::ExposeSecret as _;

use super::finding::Level;
use super::{Check, Finding};
use crate::auth::token::keys::KeyRing;
use crate::config::{Config, SecretError, SigningAlgorithm, weakness};

const CHECK: Check = Check("secret");
const GENERATE: &str = "JWT_SECRET=<output of: daypass secret generate>";

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = match config.tokens.jwt_algorithm {
        SigningAlgorithm::Hs256 => vec![signing_secret(config)],
        SigningAlgorithm::EdDsa => vec![private_key(config)],
    };
    findings.extend(retired_secrets(config));
    findings
}

fn signing_secret(config: &Config) -> Finding {
    let folder = config.database.database_url.folder();
    let (secret, source) = match config.tokens.existing_secret(config.daypass_env, &folder) {
        Ok(Some(existing)) => existing,
        Ok(None) => return CHECK.ok("the first start generates a development secret"),
        Err(SecretError::File { path, cause }) => {
            let path = path.display();
            return CHECK.error(format!("cannot read {path}: {cause}"), format!("chmod u+r {path}"));
        }
        Err(error) => return CHECK.error(error.to_string(), GENERATE),
    };
    let (secret, source) = (secret.expose_secret(), source.describe());
    match weakness(secret) {
        Some(why) => CHECK.problem(
            Level::strict(config.daypass_env),
            format!("the signing secret ({source}) {why}"),
            format!("{GENERATE}\nThis ends all sessions. Do not retire the old secret, because attackers may know it."),
        ),
        None => CHECK.ok(format!("the signing secret ({source}) has {} bytes", secret.len())),
    }
}

/// Checks that the private key can be read and used.
fn private_key(config: &Config) -> Finding {
    let generate = "openssl genpkey -algorithm ed25519 -out key.pem\nJWT_PRIVATE_KEY_FILE=key.pem";
    let pem = match config.tokens.private_keys() {
        Ok((pem, _)) => pem,
        Err(error) => return CHECK.error(error.to_string(), generate),
    };
    match KeyRing::eddsa(&pem, &[]) {
        Ok(_) => CHECK.ok("the private key is an Ed25519 key"),
        Err(_) => CHECK.error("JWT_PRIVATE_KEY_FILE: not an Ed25519 key in unencrypted PKCS#8 PEM", generate),
    }
}

/// Checks the secrets that only verify tokens. With one of them, an attacker can still forge tokens.
fn retired_secrets(config: &Config) -> Vec<Finding> {
    let repair = "remove this secret from JWT_SECRETS_RETIRED";
    let level = Level::strict(config.daypass_env);
    let secrets = match config.tokens.retired_secrets() {
        Ok(secrets) => secrets,
        Err(error) => return vec![CHECK.error(error.to_string(), repair)],
    };
    let weak = secrets.iter().enumerate().filter_map(|(position, secret)| {
        let why = weakness(secret.expose_secret())?;
        Some(CHECK.problem(level, format!("secret {} of JWT_SECRETS_RETIRED {why}", position + 1), repair))
    });
    weak.collect()
}
