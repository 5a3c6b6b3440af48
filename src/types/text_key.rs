//! The key by which a text is sorted and searched. The key ignores case, and the difference between composed and
//! decomposed accents. With this key, sorting and `LIKE` give the same results on all databases.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Returns the key of `text`. The key has at most [`MAX_KEY_GROWTH`](super::limits::MAX_KEY_GROWTH) code points per
/// code point of `text`.
#[must_use]
pub fn text_key(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    CaseMapper::new().fold_string(&composed).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::limits::MAX_KEY_GROWTH;
    use super::*;

    #[test]
    fn key_of_the_longest_text_fits_its_column() {
        for char in ('\u{1}'..=char::MAX).step_by(1) {
            let key = text_key(char.encode_utf8(&mut [0; 4]));
            assert!(key.chars().count() <= MAX_KEY_GROWTH, "{char:?} grows to {key:?}");
        }
    }
}
