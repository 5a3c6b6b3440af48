//! Responses about sign-in providers and identities.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::accounts::provider::Identity as UserIdentity;
use crate::oidc::Provider;

/// A provider at which users can sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderInfo {
    #[schema(example = "acme")]
    pub name: String,
    /// The text for a button.
    #[schema(example = "Acme")]
    pub title: String,
    /// The address that starts a sign-in in a browser.
    #[schema(example = "/api/oidc/acme/start")]
    pub start_url: String,
}

impl From<&Provider> for ProviderInfo {
    fn from(provider: &Provider) -> Self {
        let name = provider.name().to_string();
        Self { start_url: format!("/api/oidc/{name}/start"), title: provider.config.title.clone(), name }
    }
}

/// An account at a provider with which the user can sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    #[schema(example = "acme")]
    pub provider: String,
    #[schema(example = "Acme")]
    pub title: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub linked_at: String,
    /// The time of the last sign-in with it.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub last_used_at: String,
}

/// The identities of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityList {
    /// Oldest first.
    pub items: Vec<Identity>,
}

impl From<UserIdentity> for Identity {
    fn from(identity: UserIdentity) -> Self {
        let UserIdentity { provider, title, linked_at, last_used_at } = identity;
        Self { provider, title, linked_at: moment(linked_at), last_used_at: moment(last_used_at) }
    }
}

/// Where the user signs out of a provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderSignOut {
    #[schema(example = "https://acme.example/logout?client_id=daypass")]
    pub sign_out_url: String,
}

/// Where this browser goes next.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartUrl {
    /// A path of this service. `return_to` and `transport` can be added to its query.
    #[schema(example = "/api/oidc/acme/start?ticket=uGx3x2JqAbSdDtrsSSu_6w")]
    pub start_url: String,
}
