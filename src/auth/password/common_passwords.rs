//! A list of common passwords (NIST SP 800-63B-4 §3.1.1.2). `docs/decisions/0011` describes its sources.
//!
//! The list is text, one password per line, sorted by bytes. The search works on the text, so it needs no extra memory.

const LIST: &str = include_str!("common_passwords.txt");

/// Returns whether the list contains `password`, which must be folded ([`folded`](super::policy::folded)).
pub(super) fn contains(password: &str) -> bool {
    let mut list = LIST;
    while !list.is_empty() {
        let middle = list.floor_char_boundary(list.len() / 2);
        let start = list[..middle].rfind('\n').map_or(0, |newline| newline + 1);
        let end = list[start..].find('\n').map_or(list.len(), |length| start + length);
        match password.cmp(&list[start..end]) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => list = &list[..start],
            std::cmp::Ordering::Greater => list = list.get(end + 1..).unwrap_or_default(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_its_neighbours_are_not() {
        for entry in LIST.lines() {
            assert!(contains(entry), "{entry}");
            let longer = format!("{entry}\u{1}");
            assert!(!contains(&longer), "{longer}");
        }
        assert!(LIST.lines().is_sorted() && !contains("") && !contains("\u{10ffff}") && !contains("!"));
    }

    #[test]
    fn entries_are_folded() {
        for entry in LIST.lines() {
            assert_eq!(entry, crate::auth::password::policy::folded(entry));
            assert!((8..=64).contains(&entry.chars().count()), "{entry}");
        }
    }

    #[test]
    fn list_contains_the_most_common_passwords() {
        for password in ["password1", "12345678", "qwertyuiop", "iloveyou", "11111111", "trustno1", "p@ssw0rd"] {
            assert!(contains(password), "{password}");
        }
        assert!(!contains("correct horse battery staple"));
    }
}
