//! A provider: the address to which a sign-in sends the browser, and what happens when the browser returns.

use std::fmt::Display;
use std::sync::Arc;

use chrono::TimeDelta;
use openidconnect::core::{CoreAuthenticationFlow, CoreClientAuthMethod, CoreJsonWebKeySet, CoreUserInfoClaims};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, SubjectIdentifier,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::discovery::Discovery;
use super::error::{OidcError, Step};
use super::http_client::HttpClient;
use super::id_token;
use super::id_token::{Expected, IdTokenFacts};
use super::logout_token;
use super::logout_token::LogoutToken;
use super::profile::Profile;
use super::protocol::{Metadata, OidcClient, TokenResponse};
use crate::config::{Environment, ProviderConfig, is_allowed};
use crate::platform::clock::Clock;
use crate::types::identity_key::IdentityKey;
use crate::types::provider_name::ProviderName;

/// The secrets of one sign-in. Each has at least 128 random bits.
#[derive(Clone, Debug)]
pub struct FlowSecrets {
    /// Returned by the browser. Shows that the response belongs to a request of this browser.
    pub state: SecretString,
    /// Returned in the ID token. Shows that the token belongs to this sign-in.
    pub nonce: SecretString,
    /// Sent to the token endpoint. Shows that the code belongs to this sign-in (RFC 7636).
    pub verifier: SecretString,
}

/// What a provider says about a user who signed in.
pub struct ProviderUser {
    pub key: IdentityKey,
    pub facts: IdTokenFacts,
    access_token: AccessToken,
    /// The claims of the ID token about the person.
    profile: Profile,
}

/// A provider of the settings.
#[derive(Debug)]
pub struct Provider {
    pub config: ProviderConfig,
    redirect_uri: RedirectUrl,
    discovery: Arc<Discovery>,
    http: Arc<HttpClient>,
    environment: Environment,
    clock: Clock,
}

impl Provider {
    pub(super) fn new(
        config: ProviderConfig,
        environment: Environment,
        redirect_uri: String,
        http: Arc<HttpClient>,
        clock: Clock,
    ) -> Result<Self, url::ParseError> {
        let issuer = IssuerUrl::new(config.issuer.clone())?;
        let discovery = Discovery::new(config.name.clone(), issuer, Arc::clone(&http), clock.clone());
        let discovery = Arc::new(discovery);
        Ok(Self { config, redirect_uri: RedirectUrl::new(redirect_uri)?, discovery, http, environment, clock })
    }

    #[must_use]
    pub fn name(&self) -> &ProviderName {
        &self.config.name
    }

    /// Reads the configuration and the keys of the provider.
    ///
    /// # Errors
    /// [`Step::Discovery`].
    pub async fn probe(&self) -> Result<(), OidcError> {
        self.discovery.metadata().await.map(drop)
    }

    /// Returns the address of the authorization request (OpenID Connect Core §3.1.2.1). With `fresh`, the provider must
    /// authenticate the user again.
    ///
    /// # Errors
    /// [`Step::Discovery`].
    pub async fn authorization_url(&self, secrets: &FlowSecrets, fresh: bool) -> Result<Url, OidcError> {
        let client = self.client(&*self.discovery.metadata().await?);
        let FlowSecrets { state, nonce, verifier } = secrets.clone();
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&code_verifier(&verifier));
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state.expose_secret().to_owned()),
                move || Nonce::new(nonce.expose_secret().to_owned()),
            )
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        let request = if fresh { request.set_max_age(std::time::Duration::ZERO) } else { request };
        let url = request.url().0;
        // The browser must not be sent to an address without TLS, or to a script.
        if !is_allowed(&url, self.environment) {
            return Err(OidcError::new(Step::Discovery, "the authorization endpoint is not https"));
        }
        Ok(url)
    }

    /// Returns whether an `iss` parameter of a response is acceptable (RFC 9207 §2.4).
    ///
    /// # Errors
    /// [`Step::Discovery`].
    pub async fn accepts_issuer(&self, issuer: Option<&str>) -> Result<bool, OidcError> {
        let metadata = self.discovery.metadata().await?;
        Ok(match issuer {
            Some(issuer) => issuer == self.config.issuer,
            None => !metadata.additional_metadata().authorization_response_iss_parameter_supported,
        })
    }

    /// Exchanges the code and checks the ID token. With `fresh`, it must say that the user has just authenticated.
    ///
    /// # Errors
    /// [`OidcError`] with the step that failed.
    pub async fn user(&self, code: String, secrets: &FlowSecrets, fresh: bool) -> Result<ProviderUser, OidcError> {
        let metadata = self.discovery.metadata().await?;
        let client = self.client(&metadata);
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| OidcError::new(Step::Exchange, error.to_string()))?;
        let request = request.set_pkce_verifier(code_verifier(&secrets.verifier));
        let response = request.request_async(&*self.http).await.map_err(|error| OidcError::exchange(&error))?;
        self.check(&metadata, &response, secrets, fresh).await
    }

    async fn check(
        &self,
        metadata: &Metadata,
        response: &TokenResponse,
        secrets: &FlowSecrets,
        fresh: bool,
    ) -> Result<ProviderUser, OidcError> {
        let token = response.extra_fields().id_token();
        let token = token.ok_or_else(|| OidcError::new(Step::IdToken, "the response has no ID token"))?;
        let expected = Expected {
            client_id: &self.config.client_id,
            issuer: metadata.issuer(),
            nonce: secrets.nonce.expose_secret(),
            now: self.clock.now(),
            fresh,
        };
        let is_unknown = |rejected: &id_token::Rejected| matches!(rejected, id_token::Rejected::UnknownKey);
        let verify = |keys: &_| id_token::verify(token, response, &expected, keys);
        let claims = self.verify_with_keys(metadata, verify, is_unknown).await?;
        Ok(ProviderUser {
            key: IdentityKey { issuer: self.config.issuer.clone(), subject: claims.subject().to_string() },
            facts: IdTokenFacts::of(claims),
            access_token: response.access_token().clone(),
            profile: Profile::of_id_token(claims),
        })
    }

    /// Returns the claims about the person. If the ID token does not have all, asks the provider.
    ///
    /// # Errors
    /// [`Step::UserInfo`].
    pub async fn profile(&self, user: &ProviderUser) -> Result<Profile, OidcError> {
        let metadata = self.discovery.metadata().await?;
        if user.profile.is_complete() || metadata.userinfo_endpoint().is_none() {
            return Ok(user.profile.clone());
        }
        // The library panics if the token cannot be part of a header.
        if !user.access_token.secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OidcError::new(Step::UserInfo, "the access token is not text"));
        }
        let subject = SubjectIdentifier::new(user.key.subject.clone());
        let client = self.client(&metadata);
        let request = client.user_info(user.access_token.clone(), Some(subject));
        let request = request.map_err(|error| OidcError::new(Step::UserInfo, error.to_string()))?;
        let claims: Result<CoreUserInfoClaims, _> = request.request_async(&*self.http).await;
        let claims = claims.map_err(|error| OidcError::user_info(&error))?;
        Ok(user.profile.clone().or(Profile::of_user_info(&claims)))
    }

    /// Checks a logout token.
    ///
    /// # Errors
    /// [`Step::Discovery`], and [`Step::IdToken`] if the token is not valid.
    pub async fn logout(&self, token: &str) -> Result<LogoutToken, OidcError> {
        let metadata = self.discovery.metadata().await?;
        let (client, now) = (&*self.config.client_id, self.clock.now());
        let issuer = &self.config.issuer;
        let is_unknown = |rejected: &logout_token::Rejected| matches!(rejected, logout_token::Rejected::UnknownKey);
        let verify = |keys: &_| logout_token::verify(token, issuer, client, keys, now);
        self.verify_with_keys(&metadata, verify, is_unknown).await
    }

    /// Verifies a token with the known keys. If no key has its key id, reads the keys again, because the provider may have
    /// rotated them.
    async fn verify_with_keys<T, R: Display>(
        &self,
        metadata: &Metadata,
        verify: impl Fn(&CoreJsonWebKeySet) -> Result<T, R>,
        is_unknown: impl Fn(&R) -> bool,
    ) -> Result<T, OidcError> {
        let mut verified = verify(metadata.jwks());
        if verified.as_ref().is_err_and(is_unknown)
            && let Some(keys) = self.discovery.newer_keys(metadata.jwks()).await?
        {
            verified = verify(&keys);
        }
        verified.map_err(|rejected| OidcError::new(Step::IdToken, rejected.to_string()))
    }

    /// Returns the address at which the user signs out of the provider, if it has one (RP-Initiated Logout §2).
    ///
    /// # Errors
    /// [`Step::Discovery`].
    pub async fn sign_out_url(&self, return_to: &str) -> Result<Option<Url>, OidcError> {
        let metadata = self.discovery.metadata().await?;
        let url = metadata.additional_metadata().end_session_endpoint.clone();
        let mut url = url.filter(|url| is_allowed(url, self.environment));
        if let Some(url) = &mut url {
            let parameters = [("client_id", &*self.config.client_id), ("post_logout_redirect_uri", return_to)];
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    fn client(&self, metadata: &Metadata) -> OidcClient {
        let secret = self.config.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client_id = ClientId::new(self.config.client_id.clone());
        let client = OidcClient::from_provider_metadata(metadata.clone(), client_id, secret);
        client.set_redirect_uri(self.redirect_uri.clone()).set_auth_type(auth_type(metadata))
    }
}

/// Returns how the client secret is sent. The default is in `Authorization` (OpenID Connect Discovery §3).
fn auth_type(metadata: &Metadata) -> AuthType {
    let supported = metadata.token_endpoint_auth_methods_supported();
    let supports = |method| supported.is_none_or(|methods| methods.contains(&method));
    if supports(CoreClientAuthMethod::ClientSecretBasic) || !supports(CoreClientAuthMethod::ClientSecretPost) {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    }
}

fn code_verifier(secret: &SecretString) -> PkceCodeVerifier {
    PkceCodeVerifier::new(secret.expose_secret().to_owned())
}

/// How far a clock of a provider may be ahead.
pub(super) const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);
