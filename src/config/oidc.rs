//! Settings of sign-in providers. `OIDC_PROVIDERS` lists their names, and each name has settings of its own, such as
//! `OIDC_ACME_ISSUER`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use clap::Args;
use secrecy::SecretString;
use url::{Host, Url};

use super::env_file::{file_setting, without_final_newline};
use super::{Environment, PublicUrl};
use crate::types::provider_name::ProviderName;

const DEFAULT_SCOPES: &str = "openid email profile";
const MAX_TITLE_CHARS: usize = 60;
/// The size of the column for the issuer of an identity.
const MAX_ISSUER_BYTES: usize = 255;
/// The endings of the settings of a provider.
const SUFFIXES: [&str; 6] = ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "TITLE", "SCOPES"];

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sign-in providers")]
pub struct OidcConfig {
    /// Names of OpenID Connect providers, comma-separated. The provider `acme` has the settings OIDC_ACME_ISSUER,
    /// OIDC_ACME_CLIENT_ID, OIDC_ACME_CLIENT_SECRET(_FILE), OIDC_ACME_TITLE and OIDC_ACME_SCOPES
    #[arg(long, env = "OIDC_PROVIDERS", value_delimiter = ',', value_parser = name, global = true)]
    pub oidc_providers: Vec<ProviderName>,
    /// The settings of each provider.
    #[arg(skip)]
    pub providers: Vec<ProviderConfig>,
}

/// The settings of one provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    pub name: ProviderName,
    /// The issuer, exactly as the provider writes it.
    pub issuer: String,
    pub client_id: String,
    /// `None` for a public client, which only PKCE protects.
    pub client_secret: Option<SecretString>,
    /// The text on the button.
    pub title: String,
    /// The scopes in addition to `openid`.
    pub scopes: Vec<String>,
}

fn name(text: &str) -> Result<ProviderName, String> {
    text.trim().parse().map_err(|error: crate::types::provider_name::InvalidProviderName| error.to_string())
}

impl OidcConfig {
    /// Reads the settings of each provider. `get` returns the value of a setting, and `names` are the names of all
    /// variables, so that a misspelt one is found.
    ///
    /// # Errors
    /// What is missing or wrong, for the operator.
    pub fn read<'a>(
        &mut self,
        get: impl Fn(&str) -> Option<String>,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let known = self.settings();
        let prefixes: Vec<_> = self.oidc_providers.iter().map(|name| name.setting("")).collect();
        let mut of_providers = names.filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        if let Some(other) = of_providers.find(|name| !known.contains(*name)) {
            return Err(format!("{other} is not a setting of a provider"));
        }
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        self.providers = self.oidc_providers.iter().map(|name| provider(name, get)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Returns whether a name has the form of a setting of a provider.
    #[must_use]
    pub fn is_setting(name: &str) -> bool {
        name.starts_with("OIDC_") && SUFFIXES.iter().any(|suffix| name.ends_with(&format!("_{suffix}")))
    }

    /// Returns the names of the settings that the providers can have.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<String> {
        self.oidc_providers.iter().flat_map(|name| SUFFIXES.map(|suffix| name.setting(suffix))).collect()
    }

    /// Checks the addresses of the providers.
    ///
    /// # Errors
    /// What is wrong, for the operator.
    pub fn check(&self, environment: Environment, public_url: Option<&PublicUrl>) -> Result<(), String> {
        if !self.oidc_providers.is_empty() && public_url.is_none() {
            return Err("OIDC_PROVIDERS needs PUBLIC_URL, because providers send people back to it".to_owned());
        }
        for (position, name) in self.oidc_providers.iter().enumerate() {
            if self.oidc_providers[..position].contains(name) {
                return Err(format!("OIDC_PROVIDERS has the name {name} twice"));
            }
        }
        for provider in &self.providers {
            let setting = provider.name.setting("ISSUER");
            check_issuer(&provider.issuer, environment).map_err(|error| format!("{setting} {error}"))?;
            if let Some(other) =
                self.providers.iter().find(|other| other.issuer == provider.issuer && other.name < provider.name)
            {
                // An identity would belong to both.
                return Err(format!("{setting} is also the issuer of {}", other.name));
            }
        }
        Ok(())
    }
}

fn provider(name: &ProviderName, get: impl Fn(&str) -> Option<String>) -> Result<ProviderConfig, String> {
    let value = |suffix: &str| get(&name.setting(suffix)).map(|value| value.trim().to_owned());
    let required = |suffix: &str| {
        value(suffix).ok_or_else(|| format!("the provider {name} of OIDC_PROVIDERS needs {}", name.setting(suffix)))
    };
    let title = value("TITLE").unwrap_or_else(|| name.to_string());
    if title.chars().count() > MAX_TITLE_CHARS {
        return Err(format!("{} has more than {MAX_TITLE_CHARS} characters", name.setting("TITLE")));
    }
    let scopes = value("SCOPES").unwrap_or_else(|| DEFAULT_SCOPES.to_owned());
    let scopes = scopes.split([' ', ',']).filter(|scope| !scope.is_empty() && *scope != "openid");
    Ok(ProviderConfig {
        name: name.clone(),
        issuer: required("ISSUER")?,
        client_id: required("CLIENT_ID")?,
        client_secret: secret(&name.setting("CLIENT_SECRET"), &get)?,
        title,
        scopes: scopes.map(str::to_owned).collect(),
    })
}

/// Returns the secret in this setting, or in the file that its `_FILE` setting names.
fn secret(setting: &str, get: impl Fn(&str) -> Option<String>) -> Result<Option<SecretString>, String> {
    let of_file = file_setting(setting);
    match (get(setting), get(&of_file)) {
        (Some(_), Some(_)) => Err(format!("{setting} and {of_file} are both set; remove one of them")),
        (Some(secret), None) => Ok(Some(SecretString::from(secret))),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(Path::new(&path));
            let text = text.map_err(|error| format!("{of_file}: cannot read {path}: {error}"))?;
            let secret = without_final_newline(&text);
            if secret.is_empty() {
                Err(format!("{of_file}: the file {path} is empty"))
            } else {
                Ok(Some(secret.into()))
            }
        }
    }
}

fn check_issuer(issuer: &str, environment: Environment) -> Result<(), String> {
    if issuer.len() > MAX_ISSUER_BYTES {
        return Err(format!("must have at most {MAX_ISSUER_BYTES} characters"));
    }
    let url =
        Url::parse(issuer).ok().filter(|url| url.host().is_some() && url.query().is_none() && url.fragment().is_none());
    let url = url.ok_or("must be an address, such as https://accounts.example.com, without query and fragment")?;
    if is_allowed(&url, environment) {
        Ok(())
    } else {
        Err("must start with https://; http:// is accepted only in development, for this machine".to_owned())
    }
}

/// Returns whether the service may connect to this address of a provider.
#[must_use]
pub fn is_allowed(url: &Url, environment: Environment) -> bool {
    let is_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => true,
        "http" => environment == Environment::Development && is_this_machine,
        _ => false,
    }
}

impl fmt::Display for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(names: &[&str], settings: &[(&str, &str)]) -> Result<OidcConfig, String> {
        let settings: BTreeMap<_, _> = settings.iter().copied().collect();
        let oidc_providers = names.iter().map(|name| name.parse().unwrap()).collect();
        let mut config = OidcConfig { oidc_providers, providers: Vec::new() };
        config.read(|name| settings.get(name).map(|value| (*value).to_owned()), settings.keys().copied())?;
        Ok(config)
    }

    const ACME: [(&str, &str); 2] = [("OIDC_ACME_ISSUER", "https://acme.example"), ("OIDC_ACME_CLIENT_ID", "daypass")];

    #[test]
    fn provider_needs_only_an_issuer_and_a_client_id() {
        let config = read(&["acme"], &ACME).unwrap();
        let provider = &config.providers[0];
        assert_eq!((&*provider.title, provider.scopes.join(" ")), ("acme", "email profile".to_owned()));
        assert!(provider.client_secret.is_none());
        for missing in 0..2 {
            let error = read(&["acme"], &ACME[missing..=missing]).unwrap_err();
            assert!(error.contains(ACME[1 - missing].0), "{error}");
        }
    }

    #[test]
    fn secret_is_read_from_a_file() {
        use secrecy::ExposeSecret as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let path = file.path().to_str().unwrap();
        let settings = [&ACME[..], &[("OIDC_ACME_CLIENT_SECRET_FILE", path)]].concat();
        let config = read(&["acme"], &settings).unwrap();
        assert_eq!(config.providers[0].client_secret.as_ref().unwrap().expose_secret(), "hunter2");
        let both = [&settings[..], &[("OIDC_ACME_CLIENT_SECRET", "x")]].concat();
        assert!(read(&["acme"], &both).unwrap_err().contains("both set"));
    }

    #[test]
    fn misspelt_setting_is_found() {
        let settings = [&ACME[..], &[("OIDC_ACME_ISUER", "x")]].concat();
        assert!(read(&["acme"], &settings).unwrap_err().starts_with("OIDC_ACME_ISUER"));
        assert!(read(&["other"], &ACME).unwrap_err().contains("OIDC_OTHER_ISSUER"));
        assert!(read(&["acme"], &[&ACME[..], &[("OIDC_PROVIDERS", "acme"), ("OTHER", "x")]].concat()).is_ok());
    }

    #[test]
    fn issuer_without_tls_is_accepted_only_on_this_machine_in_development() {
        for (issuer, development, production) in [
            ("https://acme.example/tenant", true, true),
            ("http://127.0.0.1:4000", true, false),
            ("http://localhost:4000", true, false),
            ("http://[::1]:4000/a", true, false),
            ("http://acme.example", false, false),
            ("http://127.0.0.1.acme.example", false, false),
            ("ftp://127.0.0.1", false, false),
            ("https://acme.example/?a", false, false),
            ("acme.example", false, false),
        ] {
            let accepts = |environment| check_issuer(issuer, environment).is_ok();
            let accepted = (accepts(Environment::Development), accepts(Environment::Production));
            assert_eq!(accepted, (development, production), "{issuer}");
        }
    }
}
