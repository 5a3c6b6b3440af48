//! Whether the sign-in providers can be reached.

use futures_util::future::join_all;

use super::{Check, Finding, within};
use crate::config::Config;
use crate::oidc::{Provider, Providers};
use crate::platform::clock::Clock;

const CHECK: Check = Check("oidc");

/// Reads the configuration and the keys of each provider.
pub(super) async fn check(config: &Config, clock: &Clock) -> Vec<Finding> {
    let providers = match Providers::new(config, clock) {
        Ok(providers) => providers,
        Err(error) => {
            return vec![CHECK.error(error.to_string(), "OIDC_<NAME>_ISSUER=https://<address of the provider>")];
        }
    };
    let findings = join_all(providers.iter().map(check_provider)).await;
    CHECK.or_ok(findings, "no sign-in provider is used")
}

async fn check_provider(provider: &Provider) -> Finding {
    let config = &provider.config;
    let result = within(provider.probe()).await.and_then(|result| result.map_err(|error| error.to_string()));
    match result {
        Ok(()) => CHECK.ok(format!("{config} responds")),
        Err(cause) => CHECK.error(
            format!("{config}: {cause}"),
            format!(
                "curl {}/.well-known/openid-configuration\n{}=<the value of \"issuer\" in this document>",
                config.issuer.trim_end_matches('/'),
                config.name.setting("ISSUER")
            ),
        ),
    }
}
