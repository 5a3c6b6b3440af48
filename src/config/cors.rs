//! Which browser origins may call the API: an exact list, never a reflection.

use clap::Args;

use super::Environment;

/// Settings of CORS.
#[derive(Args, Clone, Debug)]
pub struct CorsConfig {
    /// Origins that browsers may call from, comma-separated [default: localhost and 127.0.0.1 on any
    /// port in development, none in production]
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub cors_origins: Option<Vec<String>>,
}

/// Who may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginRule {
    /// `http://localhost` and `http://127.0.0.1`, on any port.
    Localhost,
    /// Exactly these.
    Listed(Vec<String>),
}

impl CorsConfig {
    /// The rule that holds in `environment`.
    #[must_use]
    pub fn rule(&self, environment: Environment) -> OriginRule {
        match (&self.cors_origins, environment) {
            (Some(origins), _) => OriginRule::Listed(origins.iter().filter(|each| !each.is_empty()).cloned().collect()),
            (None, Environment::Development) => OriginRule::Localhost,
            (None, Environment::Production) => OriginRule::Listed(Vec::new()),
        }
    }
}

impl OriginRule {
    /// Whether a browser at `origin` may read our answers.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Listed(origins) => origins.iter().any(|each| each == origin),
            Self::Localhost => ["http://localhost", "http://127.0.0.1"].iter().any(|host| {
                origin.strip_prefix(host).is_some_and(|port| {
                    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
                })
            }),
        }
    }
}

/// An origin is scheme, host and port, without a path (RFC 6454 §6.2).
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match authority {
        _ if text.is_empty() => Ok(String::new()),
        Some(host) if !host.is_empty() && !host.contains(['/', '*', '@', '?', '#', ' ']) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("an origin is http(s)://host[:port], without a path or a wildcard".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_means_this_machine_and_no_name_that_begins_like_it() {
        for good in ["http://localhost", "http://localhost:8080", "http://127.0.0.1:5173"] {
            assert!(OriginRule::Localhost.allows(good), "{good}");
        }
        for bad in [
            "https://localhost",
            "http://localhost.evil.example",
            "http://localhost:80.evil.example",
            "http://localhost:",
            "null",
            "",
            "http://127.0.0.1:99999",
            "http://evil.example",
        ] {
            assert!(!OriginRule::Localhost.allows(bad), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_or_a_path_is_not_an_origin() {
        for bad in ["*", "http://*.example.com", "http://example.com/", "example.com", "null"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
