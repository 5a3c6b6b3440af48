use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::random;

fn tokens() -> Tokens {
    let keys = KeyRing::hmac(&SecretString::from("a secret of enough bytes for a test"), &[]).unwrap();
    let lifetimes = Lifetimes { session: TimeDelta::days(1), unused: None, leeway: TimeDelta::zero() };
    Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn token_ids_do_not_repeat() {
    let (tokens, mut rng) = (tokens(), random::secure());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..10_000 {
        assert!(seen.insert(tokens.issue(Some(1), now(), &mut rng).unwrap().session.id));
    }
}

proptest! {
    #[test]
    fn what_is_issued_is_accepted_for_its_user(user_id in prop::option::of(1..=i64::MAX)) {
        let issued = tokens().issue(user_id, now(), &mut random::secure()).unwrap();
        prop_assert_eq!(tokens().verify(issued.token.expose_secret(), now()), Ok(issued.session));
    }

    #[test]
    fn any_text_is_refused_without_panic(text in any::<String>()) {
        prop_assert!(tokens().verify(&text, now()).is_err());
    }

    #[test]
    fn any_three_parts_are_refused_without_panic(text in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,50}") {
        prop_assert!(tokens().verify(&text, now()).is_err());
    }

    #[test]
    fn a_token_with_any_byte_changed_is_refused(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let issued = tokens().issue(Some(7), now(), &mut random::secure()).unwrap();
        let mut changed = issued.token.expose_secret().as_bytes().to_vec();
        let place = place.index(changed.len());
        prop_assume!(changed[place] != byte);
        changed[place] = byte;
        if let Ok(text) = std::str::from_utf8(&changed) {
            prop_assert!(tokens().verify(text, now()).is_err());
        }
    }
}
