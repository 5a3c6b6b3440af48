//! The cost of one password hash with the default parameters: the crate with new or reused memory, and the
//! `PasswordHasher` of the service.

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use criterion::{Criterion, criterion_group, criterion_main};
use daypass::auth::password::hasher::{Comparison, PasswordHasher};
use daypass::auth::password::policy::Password;
use daypass::auth::password::stored_hash::ImportedCost;
use daypass::auth::rate_limit::client_network::ClientNetwork;

const TEXT: &str = "correct horse battery staple";
const SALT: &[u8; 16] = b"a salt of 16 ch.";

fn hash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hash");
    group.sample_size(30);

    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let mut output = [0; 32];
    group.bench_function("crate, allocating", |bencher| {
        bencher.iter(|| argon2.hash_password_into(black_box(TEXT.as_bytes()), SALT, &mut output));
    });
    let mut memory = vec![Block::default(); argon2.params().block_count()];
    group.bench_function("crate, memory reused", |bencher| {
        bencher
            .iter(|| argon2.hash_password_into_with_memory(black_box(TEXT.as_bytes()), SALT, &mut output, &mut memory));
    });

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let hasher = PasswordHasher::new(Params::DEFAULT, 1, ImportedCost::default()).expect("the default parameters");
    let password = Password::presented(TEXT).expect("a short password");
    let stored = runtime.block_on(hasher.hash(ClientNetwork::LOCAL, password.clone())).expect("a hash");
    group.bench_function("PasswordHasher::verify", |bencher| {
        bencher.iter(|| {
            let compared = runtime.block_on(hasher.verify(ClientNetwork::LOCAL, &password, Some(stored.clone())));
            assert!(matches!(compared, Ok(Comparison::Match { .. })));
        });
    });
    group.finish();
}

criterion_group!(benches, hash);
criterion_main!(benches);
