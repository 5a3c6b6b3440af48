use proptest::prelude::*;

use super::*;

#[test]
fn case_and_width_do_not_change_the_key() {
    for (one, other) in [("Ada", "ADA"), ("straße", "STRASSE"), ("ａｄａ", "ada"), ("é", "e\u{301}"), ("ﬁ", "FI")]
    {
        assert_eq!(key_of(one), key_of(other), "{one} and {other}");
    }
}

#[test]
fn invisible_characters_are_rejected() {
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
        "grace  hopper",
        "grace\u{3000} hopper",
        "alice\u{2800}",
        "\u{1d159}",
        "\u{fffc}",
        "\u{301}alice",
        "a\u{200c}b",
        "a\u{200d}b",
        "a\u{fe0f}",
        "\u{200d}a",
        "می\u{200c}",
        "می\u{200c}\u{200c}خواهم",
        "❤\u{fe0f}\u{fe0f}",
    ] {
        assert_eq!(Username::parse(text), Err(ValidationError::UsernameInvisible), "{text:?}");
    }
    for text in ["", " ", "\u{3000}\u{a0}\n"] {
        assert_eq!(Username::parse(text), Err(ValidationError::UsernameEmpty), "{text:?}");
    }
    assert_eq!(Username::parse(&"é".repeat(65)), Err(ValidationError::UsernameTooLong));
    assert_eq!(Username::parse(&"\u{fdfa}".repeat(64)), Err(ValidationError::UsernameTooLong));
    assert!(Username::parse(&"é".repeat(64)).is_ok());
    assert!(Username::parse("Grace Hopper").is_ok());
}

#[test]
fn white_space_at_the_ends_is_removed() {
    for text in ["ada ", " ada", "\tada\n", "\u{a0}ada\u{3000}", "ada\u{2028}"] {
        assert_eq!(Username::parse(text).unwrap().as_str(), "ada", "{text:?}");
        assert_eq!(key_of_any(text), "ada", "{text:?}");
    }
    assert!(Username::parse(&format!(" {} ", "é".repeat(64))).is_ok());
}

#[test]
fn joiners_of_words_and_emoji_are_stored_but_not_part_of_the_key() {
    for (joined, plain) in [
        ("می\u{200c}خواهم", "میخواهم"),
        ("ශ්\u{200d}රී", "ශ්රී"),
        ("ന്\u{200d}", "ന്"),
        ("क्\u{200c}ष", "क्ष"),
        ("❤\u{fe0f}", "❤"),
        ("👩\u{200d}💻", "👩💻"),
        ("👩🏽\u{200d}💻", "👩🏽💻"),
    ] {
        let name = Username::parse(joined).unwrap();
        assert_eq!((name.as_str(), name.key()), (joined, key_of(plain)), "{joined}");
        assert_eq!(name.skeleton(), Username::parse(plain).unwrap().skeleton(), "{joined}");
    }
}

#[test]
fn spellings_of_keyboards_have_the_same_key_and_skeleton() {
    for (one, other) in [
        ("o\u{2019}brien", "O'Brien"),
        ("o\u{2bc}brien", "o\u{2018}brien"),
        ("\u{201c}ada\u{201d}", "\"ada\""),
        ("anna\u{2011}lena", "anna-lena"),
        ("anna\u{2013}lena", "anna\u{2212}lena"),
        ("山田\u{3000}太郎", "山田 太郎"),
        ("ışık", "IŞIK"),
        ("İbrahim", "ibrahim"),
        ("i\u{307}\u{307}", "I"),
        ("ı\u{301}", "í"),
    ] {
        let (one, other) = (Username::parse(one).unwrap(), Username::parse(other).unwrap());
        assert_eq!(one.key(), other.key(), "{one} and {other}");
        assert_eq!(one.skeleton(), other.skeleton(), "{one} and {other}");
    }
}

#[test]
fn stored_skeletons_stay_the_same() {
    // The skeletons that earlier releases stored. Their keys kept these characters.
    for char in ["\u{2018}", "\u{2019}", "\u{2bc}", "\u{201c}", "\u{201d}", "\u{2010}", "\u{2013}", "\u{2212}", "ı"] {
        let before: String = unicode_security::skeleton(char).collect();
        assert_eq!(skeleton_of(&key_of(char)), before, "{char}");
    }
}

#[test]
fn lookalikes_have_the_same_skeleton() {
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
fn skeleton_of_every_character_is_stable() {
    // Ideographs and syllables are left out, because they have no lookalikes and would take a minute.
    let letters = ('\0'..'\u{3400}').chain('\u{d7b0}'..'\u{17000}').chain('\u{1a000}'..'\u{20000}');
    for char in letters.filter(|char| is_visible(*char)) {
        let skeleton = skeleton_of(&key_of(&format!("a{char}\u{301}")));
        assert_eq!(skeleton_of(&skeleton), skeleton, "{char:?}");
    }
}

#[test]
fn skeletons_of_the_longest_names_fit_their_column() {
    for (char, chars) in [('m', 128), ('\u{cb8d}', 384), ('\u{10198}', 384)] {
        let name = Username::parse(&char.to_string().repeat(64)).unwrap();
        assert_eq!(name.skeleton().chars().count(), chars, "{char}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics_and_only_trims_the_name(text in any::<String>()) {
        if let Ok(name) = Username::parse(&text) {
            prop_assert_eq!(name.as_str(), text.trim());
        }
    }

    #[test]
    fn key_of_a_key_is_the_key(text in any::<String>()) {
        let key = key_of(&text);
        prop_assert_eq!(key_of(&key), key);
    }

    #[test]
    fn skeleton_of_a_skeleton_is_the_skeleton(text in any::<String>()) {
        let skeleton = skeleton_of(&key_of(&text));
        prop_assert_eq!(skeleton_of(&skeleton), skeleton.clone());
        prop_assert_eq!(key_of(&skeleton), skeleton);
    }

    #[test]
    fn skeleton_of_letters_with_accents_is_stable(
        text in "[ -\u{36f}\u{370}-\u{6ff}\u{900}-\u{9ff}\u{1100}-\u{11ff}\u{1e00}-\u{21ff}\u{3130}-\u{318f}\u{300}-\u{36f}]{0,24}"
    ) {
        let skeleton = skeleton_of(&key_of(&text));
        prop_assert_eq!(skeleton_of(&skeleton), skeleton);
    }

    #[test]
    fn names_with_the_same_key_have_the_same_skeleton(text in "\\PC{1,20}") {
        if let (Ok(name), Ok(upper)) = (Username::parse(&text), Username::parse(&text.to_uppercase())) {
            prop_assert!(name.key() != upper.key() || name.skeleton() == upper.skeleton());
        }
    }
}
