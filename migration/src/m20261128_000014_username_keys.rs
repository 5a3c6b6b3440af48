//! In username keys, one character replaces the variants that keyboards insert automatically, such as curly quotes.
//! This migration replaces the variants in stored keys. Two users cannot get the same key: the variants look alike, and
//! the skeleton of a username is unique.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

const REPLACED: [(&str, &str); 12] = [
    ("\u{2018}", "''"),
    ("\u{2019}", "''"),
    ("\u{2bc}", "''"),
    ("\u{201c}", "\""),
    ("\u{201d}", "\""),
    ("\u{2010}", "-"),
    ("\u{2011}", "-"),
    ("\u{2012}", "-"),
    ("\u{2013}", "-"),
    ("\u{2212}", "-"),
    ("\u{131}", "i"),
    ("i\u{307}", "i"),
];

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let replace = |(old, new): (&str, &str)| {
        let update = format!("UPDATE users SET username_key = REPLACE(username_key, '{old}', '{new}')");
        Statement::from_string(db, format!("{update} WHERE username_key LIKE '%{old}%'"))
    };
    REPLACED.map(replace).into()
}

/// Does not change the keys, because the earlier keys can no longer be computed.
pub(crate) fn down(_: DbBackend) -> Vec<Statement> {
    Vec::new()
}
