//! Properties of all session tokens, and a token of an earlier release.

use chrono::{DateTime, TimeDelta, Utc};
use daypass::auth::token::keys::KeyRing;
use daypass::auth::token::session_id::{NotASessionId, SessionId};
use daypass::auth::token::{Lifetimes, Method, SessionUser, Tokens};
use daypass::platform::random;
use daypass::types::UserId;
use daypass::types::generation::Generation;
use daypass::types::role::UserRoles;
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

fn tokens() -> Tokens {
    let keys = KeyRing::hmac(&SecretString::from("a secret of enough bytes for a test"), &[]).unwrap();
    let lifetimes =
        Lifetimes { token: TimeDelta::days(1), session: TimeDelta::days(1), unused: None, leeway: TimeDelta::zero() };
    Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
}

fn generation() -> Generation {
    Generation::random(&mut random::secure())
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn session_ids_are_unique() {
    let (tokens, mut rng) = (tokens(), random::secure());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..10_000 {
        assert!(seen.insert(tokens.issue(Some(UserId(1).into()), generation(), now(), &mut rng).unwrap().session.id));
    }
}

#[test]
fn id_is_parsed_from_its_text_form() {
    let id = SessionId::random(&mut random::secure());
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn only_the_canonical_form_is_parsed() {
    for text in ["", "short", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "+AAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(text.parse::<SessionId>(), Err(NotASessionId), "{text}");
    }
}

/// SeededRows with the key id and header of release 0.1.0.
#[test]
fn token_issued_before_derived_keys_is_accepted() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InRBTG9md3BfSHpRIn0.eyJpc3MiOiJ1cyIsImF1ZCI6InVzIiwi\
        c3ViIjoiNyIsInNpZCI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHciLCJqdGkiOiJFQkVTRXhRVkZoY1lHUm9iSEIwZUh3IiwiaWF0\
        IjoxODAwMDAwMDAwLCJleHAiOjE4MDAwODY0MDAsImdlbiI6IkFBQUFBQUFBQUFFIiwiYXV0aF90aW1lIjoxODAwMDAwMDAwLCJh\
        bXIiOlsicHdkIl19.1Pw2MGA9eLpo6gDnp_YhV_t18_PUObLlUdeM6uW_CAY";
    let session = tokens().verify(token, now()).unwrap();
    let (method, roles) = (Method::Password, UserRoles::default());
    let user = SessionUser { id: UserId(7), authenticated_at: Some(now()), began_at: now(), method, roles };
    assert_eq!((session.user, session.expires_at), (Some(user), now() + TimeDelta::days(1)));
}

proptest! {
    #[test]
    fn issued_token_is_accepted_for_its_user(user_id in prop::option::of((1..=i64::MAX).prop_map(UserId))) {
        let issued = tokens().issue(user_id.map(Into::into), generation(), now(), &mut random::secure()).unwrap();
        prop_assert_eq!(tokens().verify(issued.token.expose_secret(), now()), Ok(issued.session));
    }

    #[test]
    fn arbitrary_text_is_rejected(text in any::<String>()) {
        prop_assert!(tokens().verify(&text, now()).is_err());
    }

    #[test]
    fn three_arbitrary_parts_are_rejected(text in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,50}") {
        prop_assert!(tokens().verify(&text, now()).is_err());
    }

    #[test]
    fn token_with_a_changed_byte_is_rejected(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let issued = tokens().issue(Some(UserId(7).into()), generation(), now(), &mut random::secure()).unwrap();
        let mut changed = issued.token.expose_secret().as_bytes().to_vec();
        let place = place.index(changed.len());
        prop_assume!(changed[place] != byte);
        changed[place] = byte;
        if let Ok(text) = std::str::from_utf8(&changed) {
            prop_assert!(tokens().verify(text, now()).is_err());
        }
    }
}
