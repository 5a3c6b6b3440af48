//! A browser that signs in at a provider.

use axum::http::Method;
use daypass::config::ProviderConfig;
use secrecy::SecretString;

use super::{Person, Provider};
use crate::support::{Browser, Reply};

impl Provider {
    /// The settings of this provider.
    pub fn settings(&self, name: &str) -> ProviderConfig {
        ProviderConfig {
            name: name.parse().unwrap(),
            issuer: self.issuer(),
            client_id: self.client_id().to_owned(),
            client_secret: Some(SecretString::from(self.client_secret())),
            title: name.to_uppercase(),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
        }
    }
}

impl Browser {
    /// Signs in at the provider `acme`, with a session in a cookie. Returns the response to the callback.
    pub async fn sign_in_at(&self, provider: &Provider, person: &Person) -> Reply {
        self.visit(provider, person, "/api/oidc/acme/start").await
    }

    /// Opens the address that starts a sign-in, and signs in at the provider. Returns the response to the callback.
    pub async fn visit(&self, provider: &Provider, person: &Person, start: &str) -> Reply {
        let callback = provider.authorize(&self.go_to_provider(start).await, person);
        self.return_from_provider(&callback).await
    }

    /// Opens the address that starts a sign-in. Returns the address of the provider.
    pub async fn go_to_provider(&self, start: &str) -> String {
        let reply = self.get(start).await;
        assert_eq!(reply.status(), 303, "{}", reply.text());
        reply.header("location").to_owned()
    }

    /// Opens an address to which the provider sent the browser.
    pub async fn return_from_provider(&self, callback: &str) -> Reply {
        self.send(Method::GET, callback, None, "cross-site").await
    }

    /// The user of the session in the cookie.
    pub async fn me(&self) -> serde_json::Value {
        let reply = self.get("/api/users/me").await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.json()
    }
}
