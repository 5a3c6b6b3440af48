//! Usernames: kept as typed, unique by a normalised key.
//!
//! The key is NFKC and case folding (as PRECIS does it, RFC 8265 §3.3), so `Ada`, `ADA` and the
//! full-width form are one user. What cannot be seen cannot be told apart, so it is refused.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::Rule;

/// The most code points a username may have.
pub const MAX_USERNAME_CHARS: usize = 64;
/// The most code points its key may have; normalising makes 18 of a few rare ligatures.
const MAX_KEY_CHARS: usize = 255;

/// A username that may be stored: 1 to 64 visible code points, no blank at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Accepts `text` as it was typed.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        if text.is_empty() {
            return Err(Rule::UsernameEmpty);
        }
        if text.chars().count() > MAX_USERNAME_CHARS {
            return Err(Rule::UsernameTooLong);
        }
        if text.starts_with(' ') || text.ends_with(' ') || !text.chars().all(is_visible) {
            return Err(Rule::UsernameInvisible);
        }
        if key_of(text).chars().count() > MAX_KEY_CHARS {
            return Err(Rule::UsernameTooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes the name unique.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.0)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of any text, a valid username or not: what sign-in looks up.
#[must_use]
pub fn key_of(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(name)).into_owned();
    nfkc.normalize(&folded).into_owned()
}

/// Letters, marks, numbers, punctuation, symbols and the plain space, without those Unicode itself
/// calls ignorable (zero-width joiners, fillers, variation selectors, soft hyphens).
fn is_visible(char: char) -> bool {
    let unseen = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char);
    char == ' ' || !(unseen.contains(category) || ignorable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_person_cannot_be_two_users_by_case_or_width() {
        for (one, other) in [("Ada", "ADA"), ("straße", "STRASSE"), ("ａｄａ", "ada"), ("é", "e\u{301}"), ("ﬁ", "FI")]
        {
            assert_eq!(key_of(one), key_of(other), "{one} and {other}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for text in [
            "a\u{200b}b",
            "\u{202e}abc",
            "a\u{ad}b",
            "\u{3164}",
            "a\nb",
            "a\0b",
            "\u{1b}[31m",
            "a\u{a0}b",
            "a\u{2028}b",
            " a",
            "a ",
            " ",
        ] {
            assert_eq!(Username::parse(text), Err(Rule::UsernameInvisible), "{text:?}");
        }
        assert_eq!(Username::parse(""), Err(Rule::UsernameEmpty));
        assert_eq!(Username::parse(&"é".repeat(65)), Err(Rule::UsernameTooLong));
        assert_eq!(Username::parse(&"\u{fdfa}".repeat(64)), Err(Rule::UsernameTooLong));
        assert!(Username::parse(&"é".repeat(64)).is_ok());
        assert!(Username::parse("Grace Hopper").is_ok());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_the_name_as_typed(text in any::<String>()) {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(name.as_str(), text);
            }
        }

        #[test]
        fn the_key_of_a_key_is_the_key(text in any::<String>()) {
            let key = key_of(&text);
            prop_assert_eq!(key_of(&key), key);
        }
    }
}
