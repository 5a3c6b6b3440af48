//! The checks of an ID token (OpenID Connect Core §3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    SignatureVerificationError,
};
use thiserror::Error;

use super::protocol::{ALGORITHMS, IdClaims, SignedIdToken, TokenResponse};
use super::provider::CLOCK_TOLERANCE;
use crate::types::limits::{MAX_AUTH_METHOD_CHARS, MAX_AUTH_METHODS};

/// The maximum length of a subject (OpenID Connect Core §2), and of the provider's id for a session.
pub(super) const MAX_ID_CHARS: usize = 255;

/// How old an authentication can be that was requested with `max_age=0`. The user may have taken some time afterwards.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);

/// What the claims must have.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) issuer: &'a IssuerUrl,
    pub(super) nonce: &'a str,
    pub(super) now: DateTime<Utc>,
    /// Whether the user must have just authenticated.
    pub(super) fresh: bool,
}

/// Why a token is rejected. The text is for the log only.
#[derive(Debug, Error)]
pub(super) enum Rejected {
    /// The keys may have been rotated.
    #[error("no key of the provider has the key id of the token")]
    UnknownKey,
    #[error("{0}")]
    Claims(#[from] ClaimsVerificationError),
    #[error("the token was issued to another client (azp)")]
    AuthorizedParty,
    #[error("the user was not authenticated again, or the provider does not say when (auth_time)")]
    NotFresh,
    #[error("the subject is empty, too long or not ASCII")]
    Subject,
    #[error("the token does not belong to the access token: {0}")]
    AccessToken(String),
}

impl From<SignatureVerificationError> for Rejected {
    fn from(error: SignatureVerificationError) -> Self {
        ClaimsVerificationError::SignatureVerification(error).into()
    }
}

/// Returns the claims of a valid token.
pub(super) fn verify<'a>(
    token: &'a SignedIdToken,
    response: &TokenResponse,
    expected: &Expected<'_>,
    keys: &CoreJsonWebKeySet,
) -> Result<&'a IdClaims, Rejected> {
    let now = expected.now;
    // Like a public client, because no signature with the client secret is accepted.
    let client_id = ClientId::new(expected.client_id.to_owned());
    let verifier = IdTokenVerifier::new_public_client(client_id, expected.issuer.clone(), asymmetric(keys))
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|_| true)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(move |issued_at| {
            if issued_at > now + CLOCK_TOLERANCE { Err("issued in the future".to_owned()) } else { Ok(()) }
        });
    let claims = token.claims(&verifier, &Nonce::new(expected.nonce.to_owned())).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Rejected::UnknownKey
        }
        error => error.into(),
    })?;
    // The library does not check this. A token with several audiences must say that it was issued to this client.
    let party = claims.authorized_party().map(|party| party.as_str());
    let is_ours = party.map_or(claims.audiences().len() == 1, |party| party == expected.client_id);
    if !is_ours {
        return Err(Rejected::AuthorizedParty);
    }
    let is_recent = claims.auth_time().is_some_and(|at| now - at <= MAX_AGE);
    if expected.fresh && !is_recent {
        return Err(Rejected::NotFresh);
    }
    let subject = claims.subject().as_str();
    let is_text = subject.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if subject.is_empty() || subject.len() > MAX_ID_CHARS || !is_text {
        return Err(Rejected::Subject);
    }
    if let Some(expected) = claims.access_token_hash() {
        let (algorithm, key) = (token.signing_alg()?, token.signing_key(&verifier)?);
        let actual = AccessTokenHash::from_token(response.access_token(), algorithm, key);
        let actual = actual.map_err(|error| Rejected::AccessToken(error.to_string()))?;
        if actual != *expected {
            return Err(Rejected::AccessToken("at_hash differs".to_owned()));
        }
    }
    Ok(claims)
}

/// Returns the public keys. A symmetric key in a public document is not a secret.
pub(super) fn asymmetric(keys: &CoreJsonWebKeySet) -> CoreJsonWebKeySet {
    use openidconnect::JsonWebKey as _;
    use openidconnect::core::CoreJsonWebKeyType;
    let is_public = |key: &&CoreJsonWebKey| *key.key_type() != CoreJsonWebKeyType::Symmetric;
    CoreJsonWebKeySet::new(keys.keys().iter().filter(is_public).cloned().collect())
}

/// How and when the user authenticated at the provider.
#[derive(Clone, Debug)]
pub struct IdTokenFacts {
    /// When the user authenticated (`auth_time`), if the provider sends it.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// The methods (`amr`). Empty if the provider does not send them.
    pub methods: Vec<String>,
    /// The provider's id for the session (`sid`).
    pub session: Option<String>,
    /// When the token was issued (`iat`).
    pub issued_at: DateTime<Utc>,
}

impl IdTokenFacts {
    pub(super) fn of(claims: &IdClaims) -> Self {
        let methods = claims.auth_method_refs().into_iter().flatten().map(|method| method.to_string());
        // They become part of a code in an address.
        let methods = methods.filter(|method| method.len() <= MAX_AUTH_METHOD_CHARS).take(MAX_AUTH_METHODS);
        let session = claims.additional_claims().sid.clone();
        Self {
            authenticated_at: claims.auth_time(),
            issued_at: claims.issue_time(),
            methods: methods.collect(),
            session: session.filter(|id| !id.is_empty() && id.len() <= MAX_ID_CHARS),
        }
    }
}
