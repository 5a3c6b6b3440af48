//! Why a check failed, and what to do about it.

use chrono::TimeDelta;

use super::sentences::{Sentences, iso_8601};
use super::unverified::Unverified;
use super::{CheckResult, Outcome};
use crate::auth::revocation::reason::Reason;
use crate::auth::token::check::Check;
use crate::auth::token::jws::MAX_TOKEN_BYTES;
use crate::auth::token::refusal::Refusal;

const SIGN_IN: &str = "Sign in again, and send the complete new token.";

/// A failed check, in sentences.
pub(super) struct Problem {
    detail: String,
    repair: String,
}

impl Problem {
    pub(super) fn new(detail: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { detail: detail.into(), repair: repair.into() }
    }

    pub(super) fn into_result(self, check: Check) -> CheckResult {
        CheckResult { check, outcome: Outcome::Failed, detail: self.detail, repair: Some(self.repair) }
    }

    /// Describes why the check failed. `refusal` is the reason for which the service rejects the token.
    pub(super) fn found(sentences: &Sentences<'_>, check: Check, refusal: &Refusal) -> Self {
        let Sentences { tokens, token, .. } = sentences;
        let value = |found: Option<String>| found.unwrap_or_else(|| "missing".to_owned());
        match check {
            Check::Form => Self::of_form(&token.text),
            Check::Header => Self::of_header(token),
            Check::Algorithm => Self::new(
                format!(
                    "`alg` is {}. The keys of this service use {}.",
                    value(token.header_member("alg")),
                    sentences.algorithms()
                ),
                "Do not change the header. A token with `alg` \"none\" has no signature, and no service may accept it.",
            ),
            Check::Key if *refusal == Refusal::WrongAlgorithm => Self::new(
                format!(
                    "`alg` is {}, but the key with this `kid` has another algorithm.",
                    value(token.header_member("alg"))
                ),
                "Do not change the header. A key is used only with its own algorithm.",
            ),
            Check::Key => Self::new(
                token.header_member("kid").map_or_else(
                    || "`kid` is missing. The header of a session token names its key.".to_owned(),
                    |kid| format!("`kid` is {kid}. This service has no key with this id."),
                ),
                "Sign in again. If the token is from this service, the operator has removed its key. A token of another \
                 service, or of another environment, has another key.",
            ),
            Check::Type => Self::new(
                format!(
                    "`typ` is {}. A session token has \"at+jwt\" or \"anonymous+jwt\".",
                    value(token.header_member("typ"))
                ),
                "Send the session token, not a device token or an ID token.",
            ),
            Check::Signature => Self::new(
                "The signature does not belong to this header and payload.",
                "The token was changed, or signed with another secret. Sign in again. If you sign tokens \
                 yourself, use the secret of this service.",
            ),
            Check::Claims => Self::of_claims(token),
            Check::Issuer => Self::new(
                format!("`iss` is {}. This service is {:?}.", value(token.claim("iss")), tokens.issuer),
                "Get the token from this service. If it is the right one, its JWT_ISSUER has changed.",
            ),
            Check::Audience => Self::new(
                format!("`aud` is {}. This service is {:?}.", value(token.claim("aud")), tokens.audience),
                "Get a token for this service. If it is the right one, its JWT_AUDIENCE has changed.",
            ),
            Check::Session if *refusal == Refusal::Revoked(Reason::DatabaseReset) => Self::new(
                "`gen` is missing. An early version of the service issued the token, before its database was reset.",
                SIGN_IN,
            ),
            Check::Session => Self::new(
                "One of `sid`, `sub`, `gen`, `amr`, `idp`, `roles`, `exp` and the times of the session is missing, or does \
                 not have the form that this service writes.",
                SIGN_IN,
            ),
            Check::NotBefore => Self::of_not_before(sentences),
            Check::Expiry => Self::of_expiry(sentences, refusal),
            // These checks are not part of the token.
            Check::Revocation | Check::Roles => Self::new(refusal.to_string(), SIGN_IN),
        }
    }

    pub(super) fn of_form(token: &str) -> Self {
        let copy = "Copy the complete token again. It starts with \"eyJ\" and has two dots.";
        let prefix = token.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "));
        let stray =
            token.chars().enumerate().find(|(_, char)| !(char.is_ascii_alphanumeric() || "-_.".contains(*char)));
        let parts = token.split('.').count();
        match (token.is_empty(), prefix, stray) {
            (true, ..) => Self::new("The text is empty.", copy),
            (_, true, _) => {
                Self::new("The text starts with \"Bearer\".", "Leave out \"Bearer\": it is not part of the token.")
            }
            _ if token.len() > MAX_TOKEN_BYTES => {
                Self::new(format!("The text has {} bytes. A token has at most {MAX_TOKEN_BYTES}.", token.len()), copy)
            }
            (.., Some((at, char))) => Self::new(
                format!(
                    "Character {} is {}. A token has only letters, digits, `-`, `_` and dots.",
                    at + 1,
                    name_of(char)
                ),
                "Remove quotation marks, spaces and line breaks, and copy the complete token again.",
            ),
            _ if parts == 5 => Self::new(
                "The token has five parts, so it is encrypted (JWE).",
                "Send a signed token. This service issues no encrypted ones.",
            ),
            _ if parts != 3 => Self::new(
                format!("The number of parts is {parts}. A token has 3: header, payload and signature."),
                copy,
            ),
            _ => Self::new("A part of the token is empty. A token without a signature is not accepted.", copy),
        }
    }

    pub(super) fn of_header(token: &Unverified) -> Self {
        if let Some(error) = token.header_error() {
            return Self::new(format!("The header cannot be read: {error}."), SIGN_IN);
        }
        if let Some(name) = ["crit", "b64", "zip"].into_iter().find(|name| token.header_member(name).is_some()) {
            return Self::new(
                format!("The header has `{name}`. This service supports no extensions of the format."),
                "Issue the token without it. RFC 7515 §4.1.11 asks a server to reject extensions that it does not support.",
            );
        }
        Self::new("`alg` is missing, or a member has a wrong type.", SIGN_IN)
    }

    fn of_claims(token: &Unverified) -> Self {
        if let Some(error) = token.payload_error() {
            return Self::new(format!("The payload cannot be read: {error}."), SIGN_IN);
        }
        let missing = ["sid", "jti", "iat", "exp"].into_iter().find(|name| token.claim(name).is_none());
        missing.map_or_else(
            || Self::new("A claim has a wrong type. Times are integers: seconds since 1970.", SIGN_IN),
            |name| {
                Self::new(
                    format!("The claim `{name}` is missing."),
                    "Sign in to get a session token. A token of your own needs at least `iss`, `aud`, `sub`, `sid`, `jti`, \
                     `iat`, `exp`, `gen`, `auth_time` and `amr`.",
                )
            },
        )
    }

    fn of_not_before(sentences: &Sentences<'_>) -> Self {
        let times = ["nbf", "iat"].map(|name| (name, sentences.token.time(name)));
        let latest = times.into_iter().filter_map(|(name, time)| Some((time?, name))).max();
        let tolerance = sentences.tokens.future_tolerance();
        let detail = latest.map_or_else(
            || "`iat` or `nbf` is not a time.".to_owned(),
            |(time, name)| {
                format!(
                    "`{name}` is {}, {} from now. The tolerance is {}.",
                    iso_8601(time),
                    duration(time - sentences.now),
                    duration(tolerance)
                )
            },
        );
        Self::new(detail, "Wait, or set the clocks of the servers. The server that issued the token has another time.")
    }

    fn of_expiry(sentences: &Sentences<'_>, refusal: &Refusal) -> Self {
        let Refusal::Expired { at, renewable } = refusal else { return Self::new(refusal.to_string(), SIGN_IN) };
        let detail = format!(
            "The token expired {} ago, at {}. The leeway is {}.",
            duration(sentences.now - *at),
            iso_8601(*at),
            duration(sentences.tokens.lifetimes.leeway)
        );
        let repair = if *renewable { "Renew it with `POST /api/sessions/current/renew`." } else { "Sign in again." };
        Self::new(detail, repair)
    }
}

pub(super) fn duration(time: TimeDelta) -> String {
    let seconds = u64::try_from(time.num_seconds()).unwrap_or(0);
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

fn name_of(char: char) -> String {
    match char {
        ' ' => "a space".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '"' | '\'' => "a quotation mark".to_owned(),
        other => format!("{other:?}"),
    }
}
