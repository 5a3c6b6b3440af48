//! The key of an account at a provider.

use super::digest::sha256;

/// The issuer and the subject. Together they never change, and never identify another person (OpenID Connect Core §5.7).
/// All other data of an account at a provider can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityKey {
    pub issuer: String,
    pub subject: String,
}

impl IdentityKey {
    /// Returns the hash by which the identity is found: 43 characters of base64url. So the database compares neither part
    /// by other rules than byte by byte.
    #[must_use]
    pub fn hash(&self) -> String {
        // No issuer contains a NUL, because it is a URL. So different keys are different texts.
        sha256(&[&self.issuer, "\0", &self.subject])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_subject_of_another_issuer_is_another_identity() {
        let hash = |issuer: &str, subject: &str| IdentityKey { issuer: issuer.into(), subject: subject.into() }.hash();
        let ada = hash("https://a.example", "1");
        assert_eq!((ada.len(), &ada), (43, &hash("https://a.example", "1")));
        for (issuer, subject) in [
            ("https://b.example", "1"),
            ("https://a.example/", "1"),
            ("https://a.example", "2"),
            ("https://a.example1", ""),
        ] {
            assert_ne!(hash(issuer, subject), ada, "{issuer} {subject}");
        }
    }
}
