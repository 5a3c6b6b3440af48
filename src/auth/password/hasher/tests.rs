use super::*;
use crate::auth::rate_limit::client_network::ClientNetwork;

const HERE: ClientNetwork = ClientNetwork::LOCAL;
const MATCH: Comparison = Comparison::Match { outdated: false };

fn hasher() -> PasswordHasher {
    PasswordHasher::new(Params::new(16, 1, 1, None).unwrap(), 1, ImportedCost::default()).unwrap()
}

async fn compare(hasher: &PasswordHasher, password: &str, stored: &str) -> Comparison {
    let password = Password::presented(password).unwrap();
    hasher.verify(HERE, &password, Some(stored.to_owned())).await.unwrap()
}

#[tokio::test]
async fn passwords_are_normalised_but_spaces_and_case_matter() {
    let hasher = hasher();
    let stored = hasher.hash(HERE, Password::presented("caf\u{e9} Noir").unwrap()).await.unwrap();
    for (given, expected) in [
        ("cafe\u{301} Noir", MATCH),
        ("caf\u{e9} noir", Comparison::Mismatch),
        ("caf\u{e9} Noir ", Comparison::Mismatch),
    ] {
        assert_eq!(compare(&hasher, given, &stored).await, expected, "{given:?}");
    }
}

#[tokio::test]
async fn every_byte_of_a_long_password_counts() {
    let hasher = hasher();
    let long = "x".repeat(1024);
    let stored = hasher.hash(HERE, Password::presented(&long).unwrap()).await.unwrap();
    assert_eq!(compare(&hasher, &format!("{}y", &long[..1023]), &stored).await, Comparison::Mismatch);
    assert_eq!(compare(&hasher, &long, &stored).await, MATCH);
}

#[tokio::test]
async fn dummy_password_does_not_match() {
    let given = Password::presented("a dummy password").unwrap();
    assert_eq!(hasher().verify(HERE, &given, None).await.unwrap(), Comparison::Mismatch);
}

#[tokio::test]
async fn legacy_hashes_match_and_are_outdated() {
    let hasher = hasher();
    let (smaller, larger) = (Params::new(8, 2, 1, None).unwrap(), Params::new(64, 1, 2, None).unwrap());
    let decomposed = "cafe\u{301} noir";
    let argon2 = |params: &Params| argon2id::hash(params, decomposed.as_bytes(), &mut Memory::default()).unwrap();
    for stored in [argon2(&smaller), argon2(&larger), bcrypt::hash(decomposed, 4).unwrap()] {
        assert_eq!(compare(&hasher, decomposed, &stored).await, Comparison::Match { outdated: true }, "{stored}");
        assert_eq!(compare(&hasher, "cafe noir", &stored).await, Comparison::Mismatch, "{stored}");
    }
}

#[tokio::test]
async fn bcrypt_hashes_of_other_programs_match() {
    for stored in [
        // npm bcryptjs 2.4.3, which the course uses
        "$2a$05$0F0LmHSP6rfq61Gg5sWRXOL15N1kSxDDnipQ2dzTAj.aHfnXgRYgy",
        // npm bcrypt
        "$2b$05$IstSuZJq7QN/uS5YyfJCuuTY5DTFvzhydEkef.ZAhuc3f7kDqiuS.",
        // htpasswd -B
        "$2y$05$y2m6Q6YyIMHUjSPzgJrSIej.SRo/mp32YFdmEVikgqb43rNjHewSi",
    ] {
        assert_eq!(compare(&hasher(), "correct horse", stored).await, Comparison::Match { outdated: true }, "{stored}");
    }
}

#[tokio::test]
async fn invalid_stored_hash_is_a_fault() {
    let password = Password::presented("plain").unwrap();
    let answer = hasher().verify(HERE, &password, Some("plain".to_owned())).await;
    assert!(matches!(answer, Err(HashError::Fault(_))));
}

#[tokio::test]
async fn password_too_long_in_nfkc_is_only_compared_as_typed() {
    let hasher = hasher();
    let expands = "\u{fdfa}".repeat(341);
    let ours = hasher.hash(HERE, Password::presented("").unwrap()).await.unwrap();
    assert_eq!(compare(&hasher, &expands, &ours).await, Comparison::Mismatch);
    let imported = bcrypt::hash(&expands, 4).unwrap();
    assert_eq!(compare(&hasher, &expands, &imported).await, Comparison::Match { outdated: true });
    let again = hasher.hash(HERE, Password::presented(&expands).unwrap()).await;
    assert!(matches!(again, Err(HashError::Fault(_))));
}

#[tokio::test]
async fn legacy_hashes_wait_in_the_same_queue() {
    // A hash takes longer than filling the queue, so no place becomes free in the meantime.
    let hasher = PasswordHasher::new(Params::new(19_456, 1, 1, None).unwrap(), 1, ImportedCost::default()).unwrap();
    let imported = bcrypt::hash("correct horse", 4).unwrap();
    let password = Password::presented("correct horse").unwrap();
    let full = async {
        let waiting = (0..200).map(|_| hasher.hash(HERE, password.clone()));
        futures_util::future::join_all(waiting).await.into_iter().filter(Result::is_err).count()
    };
    let refused = async {
        let attempts = (0..200).map(|_| hasher.verify(HERE, &password, Some(imported.clone())));
        futures_util::future::join_all(attempts).await.into_iter().filter(Result::is_err).count()
    };
    let (others, legacy) = tokio::join!(full, refused);
    assert!(others > 0 && legacy >= 200 - 64, "{others} and {legacy}: the queue was full for both");
}
