//! What a diagram shows of an SQL statement: its kind and its tables.

/// Returns the first word of a statement and the tables that follow `FROM`, `INTO`, `JOIN` and a first `UPDATE`.
pub(super) fn summary(statement: &str) -> String {
    let words: Vec<_> = statement.split_whitespace().collect();
    let mut tables: Vec<&str> = Vec::new();
    for (position, pair) in words.windows(2).enumerate() {
        let table = pair[1].trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let is_first_update = position == 0 && pair[0] == "UPDATE";
        let names_table = (is_first_update || ["FROM", "INTO", "JOIN"].contains(&pair[0])) && !pair[1].starts_with('(');
        if names_table && !tables.contains(&table) {
            tables.push(table);
        }
    }
    let kind = words.first().copied().unwrap_or_default();
    format!("{kind} {}", tables.join(", ")).trim_end().to_owned()
}

#[test]
fn summary_has_the_kind_and_the_tables() {
    for (statement, expected) in [
        (r#"SELECT "id" FROM "users" WHERE "key" = ?"#, "SELECT users"),
        (r#"INSERT INTO "sessions" ("id") VALUES (?) RETURNING "id""#, "INSERT sessions"),
        (r#"UPDATE "users" SET "name" = ?"#, "UPDATE users"),
        (r#"DELETE FROM "sessions" WHERE "id" IN (SELECT "id" FROM "users")"#, "DELETE sessions, users"),
        (r#"SELECT * FROM "a" LEFT JOIN "b" ON 1 = 1 WHERE EXISTS (SELECT 1 FROM "a")"#, "SELECT a, b"),
        (r#"INSERT INTO "a" ("id") VALUES (?) ON CONFLICT ("id") DO UPDATE SET "n" = 1"#, "INSERT a"),
        ("PRAGMA optimize", "PRAGMA"),
    ] {
        assert_eq!(summary(statement), expected);
    }
}
