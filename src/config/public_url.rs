//! The address at which people reach the service.

use std::fmt;
use std::net::SocketAddr;

use url::Url;

/// An `http` or `https` address without query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Parses the setting `PUBLIC_URL`, or another address of a service.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).ok().filter(|url| {
            let has_credentials = !url.username().is_empty() || url.password().is_some();
            let is_plain = url.query().is_none() && url.fragment().is_none() && !has_credentials;
            matches!(url.scheme(), "http" | "https") && is_plain
        });
        let url = url.ok_or("must be an http or https address, such as https://accounts.example.com")?;
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Returns the address of a service without TLS.
    pub(crate) fn of_address(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }

    /// Returns the address by which browsers of this machine reach a service.
    #[must_use]
    pub fn of_this_machine(port: u16) -> Self {
        Self(format!("http://localhost:{port}"))
    }

    /// Returns an address for tests of templates.
    #[must_use]
    pub(crate) fn example() -> Self {
        Self("https://accounts.example.com".to_owned())
    }

    /// Returns the address in its parts.
    #[must_use]
    pub fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("the text is from a parsed URL, or from the address of a socket")
    }

    /// Returns the address of a path of the service. `path` starts with a slash.
    #[must_use]
    pub fn with_path(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns the address of the page with a secret in the fragment. Browsers do not send fragments to servers, so the
    /// secret is not in a log.
    #[must_use]
    pub fn with_fragment(&self, name: &str, secret: &str) -> String {
        format!("{self}#{name}={secret}")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_one_slash_before_the_fragment() {
        for (text, link) in [
            ("https://a.example", "https://a.example/#invitation=x"),
            (" https://a.example/app/ ", "https://a.example/app/#invitation=x"),
            ("http://[::1]:3000", "http://[::1]:3000/#invitation=x"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().with_fragment("invitation", "x"), link);
        }
    }

    #[test]
    fn other_addresses_are_rejected() {
        for text in
            ["", "a.example", "ftp://a.example", "https://a.example/?x", "https://a.example/#x", "https://u:p@a"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
