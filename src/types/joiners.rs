//! Invisible characters that are part of the spelling of a word: joiners (RFC 5892 appendices A.1 and A.2, UTS #39
//! §3.1.1) and the variation selectors of emoji.

use icu_properties::props::{CanonicalCombiningClass, Emoji, EmojiModifier, ExtendedPictographic, JoiningType};
use icu_properties::{CodePointMapData, CodePointSetData};

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// Returns whether the character is a joiner or a variation selector of emoji.
pub(super) fn is_joiner(char: char) -> bool {
    matches!(char, NON_JOINER | JOINER | '\u{fe0e}' | '\u{fe0f}')
}

/// Returns whether the joiner or variation selector `char` between two texts changes how the texts are displayed.
pub(super) fn has_effect(before: &str, char: char, after: &str) -> bool {
    let follows_virama = || before.ends_with(is_virama);
    match char {
        NON_JOINER => follows_virama() || breaks_connection(before, after),
        JOINER => follows_virama() || connects_pictographs(before, after),
        _ => before.ends_with(|char: char| CodePointSetData::new::<Emoji>().contains(char)),
    }
}

/// Returns whether a non-joiner between the texts separates letters that would otherwise connect, as in many Persian
/// words.
fn breaks_connection(before: &str, after: &str) -> bool {
    let joining = |char: char| CodePointMapData::<JoiningType>::new().get(char);
    let transparent = |char: &char| joining(*char) == JoiningType::Transparent;
    let left = before.chars().rev().find(|char| !transparent(char)).map(joining);
    let right = after.chars().find(|char| !transparent(char)).map(joining);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// Returns whether a joiner combines the texts into one emoji, such as a person with a tool.
fn connects_pictographs(before: &str, after: &str) -> bool {
    let pictograph = |char: char| CodePointSetData::new::<ExtendedPictographic>().contains(char);
    let modifier = |char: char| char == '\u{fe0f}' || CodePointSetData::new::<EmojiModifier>().contains(char);
    before.strip_suffix(modifier).unwrap_or(before).ends_with(pictograph) && after.starts_with(pictograph)
}

/// Returns whether the character suppresses a vowel and can form a conjunct, as in Sinhala and Malayalam.
fn is_virama(char: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(char) == CanonicalCombiningClass::Virama
}
