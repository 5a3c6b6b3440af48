//! `daypass lesson oauth`: the service with a sign-in provider for lessons, both on this machine only.

use clap::Subcommand;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tracing::error;

use super::failure::Failure;
use super::output::stdout_line;
use super::serve;
use crate::config::{Config, EnvFile, Environment, ProviderConfig, PublicUrl};
use crate::platform::clock::Clock;
use crate::platform::random;
use crate::teaching_provider::{Client, TeachingProvider};
use crate::types::provider_name::ProviderName;
use crate::types::secret_code::SecretCode;

const NAME: &str = "lesson";
const CLIENT_ID: &str = "daypass";

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Start the service with a provider that shows each step of a sign-in, and can break it (docs/course/15-oauth.md)
    Oauth {
        /// Port of the provider
        #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u16).range(1..))]
        provider_port: u16,
    },
}

pub(super) async fn run(command: &Command, mut config: Config, file: EnvFile) -> Result<(), Failure> {
    let Command::Oauth { provider_port } = command;
    check(&config)?;
    let port = config.listen.port;
    config.listen.public_url.get_or_insert_with(|| PublicUrl::of_this_machine(port));
    let issuer = format!("http://127.0.0.1:{provider_port}");
    let secret = SecretString::from(SecretCode::random(&mut random::secure()).expose());
    let settings = add_provider(&mut config, &issuer, &secret)?;
    let redirect_uri = config.public_url().with_path(&format!("/api/oidc/{}/callback", settings.name));
    let public_url = config.public_url();
    let client = Client { id: CLIENT_ID.to_owned(), secret, redirect_uri };
    let provider = TeachingProvider::new(issuer.clone(), client, Clock::System).map_err(|error| error.to_string())?;
    let listener = TcpListener::bind(("127.0.0.1", *provider_port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {provider_port}: {error}; use --provider-port"))?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, provider.router()).await {
            error!(%error, "the provider for lessons stopped");
        }
    });
    stdout_line(&format!(
        "For the lesson, open {public_url}\nThe provider shows each step at {issuer}/\nIt has no passwords: anyone who reaches it can sign in as anyone.\n"
    ))?;
    serve::run(config, file).await
}

/// The provider lets everyone choose who they are, so others must not reach the service.
fn check(config: &Config) -> Result<(), Failure> {
    if config.daypass_env == Environment::Production {
        return Err(Failure::usage("lesson oauth works only in development: its provider has no passwords".to_owned()));
    }
    if !config.listen.host.is_loopback() {
        return Err(Failure::usage("lesson oauth works only on this machine; set HOST to 127.0.0.1".to_owned()));
    }
    if config.listen.port == 0 {
        return Err(Failure::usage(
            "lesson oauth needs a PORT other than 0, because the provider must know it".to_owned(),
        ));
    }
    Ok(())
}

fn add_provider(config: &mut Config, issuer: &str, secret: &SecretString) -> Result<ProviderConfig, Failure> {
    let name: ProviderName =
        NAME.parse().map_err(|_| Failure::from("the name of the provider is not valid".to_owned()))?;
    let settings = ProviderConfig {
        name: name.clone(),
        issuer: issuer.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(secret.clone()),
        title: "the teaching provider".to_owned(),
        scopes: ["email", "profile"].map(str::to_owned).into(),
    };
    config.oidc.oidc_providers.push(name);
    config.oidc.providers.push(settings.clone());
    Ok(settings)
}
