//! What a text is sorted and searched by: the text without the difference of case or of composed and
//! decomposed accents. The same on every database, where their own orders and `LIKE`s differ.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The key of `text`; at most three code points for each of its own.
#[must_use]
pub fn text_key(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    CaseMapper::new().fold_string(&composed).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_longest_text_fits_its_column() {
        for char in ('\u{1}'..=char::MAX).step_by(1) {
            let key = text_key(char.encode_utf8(&mut [0; 4]));
            assert!(key.chars().count() <= 3, "{char:?} grows to {key:?}");
        }
    }
}
