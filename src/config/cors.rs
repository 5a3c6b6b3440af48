//! CORS settings. The allowed origins are an exact list; the request's origin is never reflected.

use clap::{Args, ValueEnum};
use url::{Host, Url};

use super::Environment;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Browsers")]
pub struct CorsConfig {
    /// Origins whose pages may call the API, comma-separated [default: this machine and private networks
    /// in development, none in production]
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub cors_origins: Option<Vec<String>>,
    /// Let /api/verify accept CORS preflights, which have no token, for the applications behind a proxy. The value
    /// names where the proxy writes the method of the original request
    #[arg(long, env = "VERIFY_PREFLIGHT", default_value = "reject", value_enum, global = true)]
    pub verify_preflight: VerifyPreflight,
}

/// Where a proxy writes the method of the original request, if `/api/verify` accepts CORS preflights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyPreflight {
    /// Preflights are rejected, like other requests without a token.
    Reject,
    /// The proxy writes the original method in the request line, as Envoy does.
    Method,
    XForwardedMethod,
    XOriginalMethod,
}

/// The origins whose pages may read responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// This machine and addresses of private networks, with HTTP and HTTPS, on any port.
    Local,
    Listed(Vec<String>),
}

impl CorsConfig {
    #[must_use]
    pub fn allowed_origins(&self, environment: Environment) -> AllowedOrigins {
        match (&self.cors_origins, environment) {
            (Some(origins), _) => {
                AllowedOrigins::Listed(origins.iter().filter(|each| !each.is_empty()).cloned().collect())
            }
            (None, Environment::Development) => AllowedOrigins::Local,
            (None, Environment::Production) => AllowedOrigins::Listed(Vec::new()),
        }
    }
}

impl AllowedOrigins {
    /// Returns whether an `Origin` header is allowed. Browsers normalise this header.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        match self {
            Self::Listed(origins) => origins.iter().any(|each| each == origin),
            Self::Local => normalised(origin).is_some_and(|(url, text)| text == origin && is_local(&url)),
        }
    }
}

fn is_local(url: &Url) -> bool {
    let is_local_host = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        None => false,
    };
    is_local_host && matches!(url.scheme(), "http" | "https")
}

/// Parses an origin. Any scheme is allowed, because apps and browser extensions have origins such as
/// `capacitor://localhost`.
fn origin(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let normalised = normalised(text).map(|(_, text)| text);
    normalised
        .ok_or("must have the form scheme://host[:port], such as https://app.example, without a path or a wildcard")
}

/// Returns the parsed origin, and its text as browsers write it (RFC 6454 §6.2): in lower case, with Punycode, without
/// the default port.
fn normalised(text: &str) -> Option<(Url, String)> {
    // The URL parser accepts or removes these characters, but an origin cannot contain them.
    let (_, authority) = text.split_once("://")?;
    if authority.contains(|char: char| char.is_whitespace() || char.is_control() || "/\\?#@*".contains(char)) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let text = format!("{}://{host}{port}", url.scheme());
    Some((url, text))
}
