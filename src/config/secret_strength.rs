//! Finds secrets that are long enough but easy to guess.

/// Signing secrets of documentation, tutorials and starter projects. Attackers try them first.
const PUBLIC_SECRETS: [&str; 10] = [
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    // SHA-256 of "secret", "password" and the empty text, which look random.
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];
/// Words that do not make a secret stronger. They are so long that random text hardly ever contains them.
const WORDS: [&str; 16] = [
    "password",
    "secret",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "insecure",
    "default",
    "daypass",
    "replace",
    "minimum",
    "characters",
    "at-least",
    "letmein",
    "qwertz",
    "qwerty",
];
/// The estimate for 32 random hexadecimal digits is about 115 bits.
const MIN_BITS: f64 = 80.0;

/// Returns why a secret is easy to guess. The text does not contain the secret.
#[must_use]
pub fn weakness(secret: &str) -> Option<&'static str> {
    if PUBLIC_SECRETS.iter().any(|public| public.eq_ignore_ascii_case(secret)) {
        return Some("is in the documentation of a library or a tutorial, so attackers know it");
    }
    let rest = WORDS.iter().fold(secret.to_owned(), |text, word| without(&text, word));
    if estimated_bits(&rest) >= MIN_BITS {
        None
    } else if rest.len() < secret.len() {
        Some("has words such as \"secret\" and little else, so it can be guessed")
    } else {
        Some("repeats characters or continues sequences such as 1234, so it can be guessed")
    }
}

/// Removes a word, in upper or lower case.
fn without(text: &str, word: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut rest = String::with_capacity(text.len());
    let mut start = 0;
    for (at, _) in lower.match_indices(word) {
        rest.push_str(&text[start..at]);
        start = at + word.len();
    }
    rest + &text[start..]
}

/// Estimates the entropy of a text from the frequencies of its characters. Repetitions and sequences do not count.
fn estimated_bits(text: &str) -> f64 {
    let chars: Vec<_> = text.chars().collect();
    let unit = &chars[..period(&chars)];
    let step = |at: usize| i64::from(u32::from(unit[at])) - i64::from(u32::from(unit[at - 1]));
    let continues = |at: usize| at >= 2 && step(at).abs() <= 1 && step(at) == step(at - 1);
    let informative = (0..unit.len()).filter(|at| !continues(*at)).count();
    let mut sorted = unit.to_vec();
    sorted.sort_unstable();
    let total = unit.len() as f64;
    let shares = sorted.chunk_by(PartialEq::eq).map(|same| same.len() as f64 / total);
    let bits_per_char: f64 = shares.map(|share| -share * share.log2()).sum();
    bits_per_char * informative as f64
}

/// Returns the length of the shortest prefix whose repetition is the text.
fn period(chars: &[char]) -> usize {
    let repeats = |length: &usize| chars.iter().zip(&chars[*length..]).all(|(first, second)| first == second);
    (1..chars.len()).find(repeats).unwrap_or(chars.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::generate_secret;
    use crate::platform::random;

    #[test]
    fn guessable_secrets_are_found() {
        for secret in [
            "a-string-secret-at-least-256-bits-long",
            "A-STRING-SECRET-AT-LEAST-256-BITS-LONG",
            "12345678123456781234567812345678",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "secretsecretsecretsecretpasswordpassword",
            "change-me-change-me-change-me-change-me",
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        ] {
            assert!(weakness(secret).is_some(), "{secret}");
        }
    }

    #[test]
    fn random_secrets_are_not_found() {
        for _ in 0..200 {
            let secret = generate_secret(&mut random::secure());
            assert_eq!(weakness(&secret), None, "{secret}");
            assert_eq!(weakness(&secret[..32]), None, "128 bits: {secret}");
            assert_eq!(weakness(&format!("secret-{secret}")), None, "a word does not make it weaker: {secret}");
        }
    }
}
