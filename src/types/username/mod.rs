//! Usernames: stored as typed, looked up by a normalised key, and unique by a skeleton.
//!
//! The key uses NFKC and case folding (like PRECIS, RFC 8265 §3.3), so `Ada`, `ADA` and the full-width form are the
//! same user. The key also unifies characters that keyboards replace automatically: typographic quotes, hyphens, and
//! dotted and dotless i. Invisible characters are rejected, unless they are part of a word or an emoji. The key does
//! not contain them.
//!
//! Names that look alike (`alice`, and `аlice` with a Cyrillic а) have the same skeleton (UTS #39 §4), so only one of
//! them can sign up. Sign-in uses only the key, so a lookalike does not match.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::ValidationError;
use super::joiners::{has_effect, is_joiner};
use super::limits::{MAX_USERNAME_CHARS, MAX_USERNAME_KEY_CHARS, MAX_USERNAME_SKELETON_CHARS};

#[cfg(test)]
mod tests;

/// A skeleton is stable after two or three rounds. The limit ends the loop if the table of lookalikes has a cycle.
const MAX_ROUNDS: usize = 16;

/// A valid username: 1 to 64 code points, without spaces at the ends or repeated spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Parses a username. Removes white space at the ends, because phone keyboards add a space after a word.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ValidationError::UsernameEmpty);
        }
        if text.chars().count() > MAX_USERNAME_CHARS {
            return Err(ValidationError::UsernameTooLong);
        }
        let shown = |(at, char): (usize, char)| {
            let (before, after) = (&text[..at], &text[at + char.len_utf8()..]);
            is_visible(char) && !(is_space(char) && before.ends_with(is_space))
                || is_joiner(char) && has_effect(before, char, after)
        };
        if text.starts_with(is_mark) || !text.char_indices().all(shown) {
            return Err(ValidationError::UsernameInvisible);
        }
        let key = key_of(text);
        if key.chars().count() > MAX_USERNAME_KEY_CHARS
            || skeleton_of(&key).chars().count() > MAX_USERNAME_SKELETON_CHARS
        {
            return Err(ValidationError::UsernameTooLong);
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key by which the user is looked up.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.0)
    }

    /// Returns the skeleton, which is the same for names that look alike.
    #[must_use]
    pub fn skeleton(&self) -> String {
        skeleton_of(&self.key())
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the key of any text, even if it is not a valid username.
#[must_use]
pub fn key_of(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(name)).into_owned();
    let mut unified = String::with_capacity(folded.len());
    for char in nfkc.normalize(&folded).chars() {
        match unify(char) {
            // Case folding turns a capital I with a dot into a small i and a combining dot.
            Some('\u{307}') if unified.ends_with('i') => {}
            char => unified.extend(char),
        }
    }
    nfkc.normalize(&unified).into_owned()
}

/// Returns the character that replaces `char` in a key, or `None` if the key omits it. Both characters must have the
/// same skeleton. `migration/src/m20261128_000014_username_keys.rs` makes the same replacements in stored keys.
fn unify(char: char) -> Option<char> {
    match char {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => Some('\''),
        '\u{201c}' | '\u{201d}' => Some('"'),
        '\u{2010}'..='\u{2013}' | '\u{2212}' => Some('-'),
        'ı' => Some('i'),
        char => (!is_joiner(char)).then_some(char),
    }
}

/// Like [`key_of`], but first removes white space at the ends, as [`Username::parse`] does. If the text is then longer
/// than any username, returns the text itself, because normalising a long text would take time.
#[must_use]
pub fn key_of_any(name: &str) -> String {
    let name = name.trim();
    if name.chars().nth(MAX_USERNAME_CHARS).is_some() { name.to_owned() } else { key_of(name) }
}

/// Returns the skeleton of a key. The skeleton from Unicode's table may not be a key: `0` becomes `O`, which case
/// folding turns into `o`. So this function applies the table and [`key_of`] in turn until the result is stable.
fn skeleton_of(key: &str) -> String {
    let mut current = key.to_owned();
    for _ in 0..MAX_ROUNDS {
        let next = key_of(&unicode_security::skeleton(&current).collect::<String>());
        // The table lacks this case: a combining dot on a letter that already has a dot is invisible.
        let next = next.replace("j\u{307}", "j");
        if next == current {
            break;
        }
        current = next;
    }
    current
}

/// Returns whether the character combines with the character before it.
fn is_mark(char: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(char))
}

/// Symbols and letters without a visible shape: the empty Braille pattern, the musical null notehead, blanks between
/// hieroglyphs, the object replacement character.
const BLANK: [char; 5] = ['\u{2800}', '\u{1d159}', '\u{13441}', '\u{13442}', '\u{fffc}'];

/// Returns whether the character is the ASCII space or the space of Chinese and Japanese keyboards. Both are the same
/// in the key.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\u{3000}')
}

/// Accepts letters, marks, numbers, punctuation, symbols and spaces, except those that Unicode lists as ignorable
/// (zero-width joiners, fillers, variation selectors, soft hyphens).
fn is_visible(char: char) -> bool {
    let invisible = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char);
    is_space(char) || !(invisible.contains(category) || ignorable || BLANK.contains(&char))
}
