//! The address to which the browser goes after a sign-in at a provider.

use url::Url;

use crate::config::Config;
use crate::error::Error;

const MAX_BYTES: usize = 1024;

/// An address of this service, or of an origin that the operator allows. So a link to this service cannot lead to a page of
/// an attacker (open redirect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(Url);

impl ReturnTo {
    /// Parses a path, or an address whose origin is in `CORS_ORIGINS`. The default is the page of the service.
    ///
    /// # Errors
    /// [`Error::ReturnToNotAllowed`].
    pub fn parse(text: Option<&str>, config: &Config) -> Result<Self, Error> {
        let own = Url::parse(&config.public_url().to_string()).map_err(Error::fault)?;
        let Some(text) = text else { return Ok(Self(own)) };
        let has_form = text.starts_with('/') || text.contains("://");
        if !has_form || text.len() > MAX_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::ReturnToNotAllowed);
        }
        // Resolving the text as a browser does shows where it leads. So a path such as `//host` or `/\host` is no exception.
        let url = own.join(text).map_err(|_| Error::ReturnToNotAllowed)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_own = url.origin() == own.origin();
        let allowed = config.cors.allowed_origins(config.daypass_env);
        if is_plain && is_web && (is_own || allowed.contains(&url.origin().ascii_serialization())) {
            Ok(Self(url))
        } else {
            Err(Error::ReturnToNotAllowed)
        }
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
