//! Usernames: kept as typed, found by a normalised key, and unique by how they look.
//!
//! The key is NFKC and case folding (as PRECIS does it, RFC 8265 §3.3), so `Ada`, `ADA` and the
//! full-width form are one user. What cannot be seen cannot be told apart, so it is refused. What looks
//! alike (`alice` and, with a Cyrillic а, `аlice`) has one skeleton (UTS #39 §4): the second to come is told
//! that the name is taken, but signing in looks up the key alone, so nobody comes in by a lookalike.

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
/// The most its skeleton may have: 64 of the Korean syllables that become six letters each, and room.
const MAX_SKELETON_CHARS: usize = 512;
/// A skeleton settles after two or three rounds; a table that led in a circle must not hold a request for ever.
const MOST_ROUNDS: usize = 16;

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
        let blanks = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
        if blanks || text.starts_with(is_mark) || !text.chars().all(is_visible) {
            return Err(Rule::UsernameInvisible);
        }
        let key = key_of(text);
        if key.chars().count() > MAX_KEY_CHARS || skeleton_of(&key).chars().count() > MAX_SKELETON_CHARS {
            return Err(Rule::UsernameTooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name is found by.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.0)
    }

    /// What makes the name unique: the same for names that look alike.
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

/// The key of any text, a valid username or not: what sign-in looks up.
#[must_use]
pub fn key_of(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(name)).into_owned();
    nfkc.normalize(&folded).into_owned()
}

/// The key of any text, without the work of normalising what is longer than any username: that is nobody's.
#[must_use]
pub fn key_of_any(name: &str) -> String {
    if name.chars().nth(MAX_USERNAME_CHARS).is_some() { name.to_owned() } else { key_of(name) }
}

/// The skeleton of a key. Unicode's table leads out of the key's form (`0` looks like `O`, which is folded to
/// `o`; an accent may be taken off), so both are taken in turn until nothing changes any more.
fn skeleton_of(key: &str) -> String {
    let mut present = key.to_owned();
    for _ in 0..MOST_ROUNDS {
        let next = key_of(&unicode_security::skeleton(&present).collect::<String>());
        // The table does not say that a dot above a letter that has one cannot be seen.
        let next = next.replace("i\u{307}", "i").replace("j\u{307}", "j");
        if next == present {
            break;
        }
        present = next;
    }
    present
}

/// A mark that goes with the letter before it.
fn is_mark(char: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(char))
}

/// Characters that count as symbols or letters and show nothing: the empty Braille pattern, a note without a
/// head, blanks of hieroglyphs, the place of an object.
const BLANK: [char; 5] = ['\u{2800}', '\u{1d159}', '\u{13441}', '\u{13442}', '\u{fffc}'];

/// Letters, marks, numbers, punctuation, symbols and the plain space, without those Unicode itself
/// calls ignorable (zero-width joiners, fillers, variation selectors, soft hyphens).
fn is_visible(char: char) -> bool {
    let unseen = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char);
    char == ' ' || !(unseen.contains(category) || ignorable || BLANK.contains(&char))
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
            "grace  hopper",
            "alice\u{2800}",
            "\u{1d159}",
            "\u{fffc}",
            "\u{301}alice",
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

    #[test]
    fn what_looks_alike_has_one_skeleton() {
        for (one, other) in [
            ("alice", "\u{430}lice"),
            ("alice", "a1ice"),
            ("BOB", "B0B"),
            ("modern", "rnodem"),
            ("résumé", "re\u{301}sum\u{435}\u{301}"),
        ] {
            let (one, other) = (Username::parse(one).unwrap(), Username::parse(other).unwrap());
            assert_eq!(one.skeleton(), other.skeleton(), "{one} and {other}");
        }
        for (one, other) in [("alice", "alicia"), ("ada", "bob"), ("résumé", "resume"), ("user 2", "user 3")] {
            let (one, other) = (Username::parse(one).unwrap(), Username::parse(other).unwrap());
            assert_ne!(one.skeleton(), other.skeleton(), "{one} and {other}");
        }
    }

    #[test]
    fn the_skeleton_of_every_character_settles() {
        // Without the ideographs and syllables, which look like nothing else and take a minute.
        let letters = ('\0'..'\u{3400}').chain('\u{d7b0}'..'\u{17000}').chain('\u{1a000}'..'\u{20000}');
        for char in letters.filter(|char| is_visible(*char)) {
            let skeleton = skeleton_of(&key_of(&format!("a{char}\u{301}")));
            assert_eq!(skeleton_of(&skeleton), skeleton, "{char:?}");
        }
    }

    #[test]
    fn names_of_full_length_have_room_for_their_skeletons() {
        for (char, chars) in [('m', 128), ('\u{cb8d}', 384), ('\u{10198}', 384)] {
            let name = Username::parse(&char.to_string().repeat(64)).unwrap();
            assert_eq!(name.skeleton().chars().count(), chars, "{char}");
        }
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

        #[test]
        fn the_skeleton_of_a_skeleton_is_the_skeleton(text in any::<String>()) {
            let skeleton = skeleton_of(&key_of(&text));
            prop_assert_eq!(skeleton_of(&skeleton), skeleton.clone());
            prop_assert_eq!(key_of(&skeleton), skeleton);
        }

        #[test]
        fn the_skeleton_of_letters_with_accents_settles(
            text in "[ -\u{36f}\u{370}-\u{6ff}\u{900}-\u{9ff}\u{1100}-\u{11ff}\u{1e00}-\u{21ff}\u{3130}-\u{318f}\u{300}-\u{36f}]{0,24}"
        ) {
            let skeleton = skeleton_of(&key_of(&text));
            prop_assert_eq!(skeleton_of(&skeleton), skeleton);
        }

        #[test]
        fn names_of_one_key_have_one_skeleton(text in "\\PC{1,20}") {
            if let (Ok(name), Ok(upper)) = (Username::parse(&text), Username::parse(&text.to_uppercase())) {
                prop_assert!(name.key() != upper.key() || name.skeleton() == upper.skeleton());
            }
        }
    }
}
