//! Bringing the whole database of a course: users, with their passwords, and what is theirs.

use daypass::models::workout_log;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::Value;

use crate::course::*;
use crate::database::TestDatabase;
use crate::running::*;

const REPORT: [&str; 3] = ["users 2 2 0 0", "authtestdata 2 2 0 0", "logs 3 3 0 0"];

async fn fill(course: &Course) {
    let statements = format!(
        r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt")
           VALUES ('ada', '{BCRYPT}', AT 30.1), ('grace', '{BCRYPT}', AT 30.2);
           INSERT INTO "authtestdata" ("authtestdata", "owner", "createdAt", "updatedAt")
           VALUES ('a lantern', 1, AT 31.1), ('two lanterns', 2, AT 31.2);
           INSERT INTO "logs" ("description", "definition", "result", "owner", "createdAt", "updatedAt")
           VALUES ('row 2 km', 'Time', '7:42', 1, AT 32.1), ('swim', NULL, '', 1, AT 32.2),
                  ('run', 'Time', '9:00', 2, AT 32.3)"#
    );
    course.tell(&statements).await;
}

/// A list of the one who is signed in: texts, and when it was created and last changed.
fn listed(running: &Running, path: &str, token: &str, members: &[&str]) -> Vec<Vec<String>> {
    let answer = running.request("GET", &format!("{path}?sort=createdAt"), token, "");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let rows = body.as_object().unwrap().values().find_map(Value::as_array).unwrap();
    let texts = |row: &Value| members.iter().map(|member| row[member].as_str().unwrap().to_owned()).collect();
    rows.iter().map(texts).collect()
}

/// What is true of a course wherever its database is.
async fn a_course_comes_once_with_its_passwords_and_times(course: &Course) {
    fill(course).await;
    assert_eq!(course.imported(&["--dry-run"]), (Some(0), REPORT.map(str::to_owned).to_vec()));
    let asked = course.import(&[]);
    assert_eq!((asked.status.code(), told(&asked)), (Some(2), REPORT.map(str::to_owned).to_vec()));
    assert!(complaint(&asked).contains("Add 2 users, 2 items and 3 workout logs to sqlite:"), "{}", complaint(&asked));
    assert_eq!(course.users(), 0, "a dry run and a question write nothing");
    let first = course.import(&["--yes"]);
    assert_eq!(
        (first.status.code(), told(&first), text(&first.stderr)),
        (Some(0), REPORT.map(str::to_owned).to_vec(), "")
    );

    let running = Running::start(course.folder.path(), &[]);
    let token = running.sign_in();
    let members = ["description", "definition", "result", "createdAt", "updatedAt"];
    let (first, second) = ("2018-04-02T10:20:32.100Z", "2018-04-02T10:20:32.200Z");
    let logs = listed(&running, "/api/workout-logs", &token, &members);
    assert_eq!(logs, [["row 2 km", "Time", "7:42", first, first], ["swim", "", "", second, second]]);
    let items = listed(&running, "/api/items", &token, &["name", "createdAt"]);
    assert_eq!(items, [["a lantern", "2018-04-02T10:20:31.100Z"]]);

    let there = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0", "nothing is to be added"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), there.map(str::to_owned).to_vec()));
    course
        .tell(r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('walk', 1, AT 33.3)"#)
        .await;
    let later = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 4 1 3 0"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), later.map(str::to_owned).to_vec()));
    assert_eq!(listed(&running, "/api/workout-logs", &token, &members).len(), 3);
    assert_eq!(course.users(), 2);
}

#[tokio::test]
async fn a_course_comes_from_sqlite() {
    let course = Course::of_2018().await;
    a_course_comes_once_with_its_passwords_and_times(&course).await;
    let before = std::fs::read(course.file()).unwrap();
    course.import(&["--yes"]);
    assert_eq!(std::fs::read(course.file()).unwrap(), before, "the source is only read");
    assert!(!course.file().with_extension("sqlite-wal").exists());
}

#[tokio::test]
async fn a_course_comes_from_the_server_of_the_tests() {
    if let Some(course) = Course::of_2018_on_the_server().await {
        a_course_comes_once_with_its_passwords_and_times(&course).await;
    }
}

#[tokio::test]
async fn rows_that_are_not_taken_are_told_and_the_others_go_on() {
    let course = Course::of_2018().await;
    fill(&course).await;
    let long = "x".repeat(201);
    let statements = format!(
        r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt")
           VALUES ('Ada', '{BCRYPT}', AT 30.3), ('аda', '{BCRYPT}', AT 30.3), ('bob', 'hunter2hunter2', AT 30.4),
                  (NULL, '{BCRYPT}', AT 30.5), ('a{}[31m', '{BCRYPT}', AT 30.6), (x'ff', '{BCRYPT}', AT 30.7);
           INSERT INTO "authtestdata" ("authtestdata", "owner", "createdAt", "updatedAt")
           VALUES ('{long}', 1, AT 31.3), ('x', 99, AT 31.3), ('x', NULL, AT 31.3), ('x', 3, AT 31.3),
                  ('y', 5, AT 31.3);
           INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
           VALUES ('{long}{long}', 1, AT 32.4), ('x', 1, 'yesterday', 'today')"#,
        '\u{1b}'
    );
    course.tell(&statements).await;
    let output = course.import(&["--yes"]);
    let report = told(&output).join("\n");
    assert_eq!(output.status.code(), Some(1));
    for line in ["users 8 2 0 6", "authtestdata 7 2 0 5", "logs 5 3 0 2", "2 its owner is not among the users"] {
        assert!(report.lines().any(|told| told == line), "{line} in {report}");
    }
    let told = text(&output.stderr);
    assert_eq!(told.lines().count(), 13, "{told}");
    for line in [
        "users 3: the username is taken, or looks like one that is (\"Ada\")",
        "users 4: the username is taken, or looks like one that is (\"аda\")",
        "users 5: the hash is neither argon2 nor bcrypt (\"bob\")",
        "users 6: A username needs at least one character (\"\")",
        "users 7: A username has no invisible characters and no blanks at its ends (\"a\\u{1b}[31m\")",
        "users 8: it holds what is not text (\"\")",
        "authtestdata 3: A name has at most 200 characters (owner \"1\")",
        "authtestdata 4: its owner is not among the users (owner \"99\")",
        "authtestdata 5: its owner is not among the users (owner \"\")",
        "authtestdata 6: its owner is not taken (owner \"3\")",
        "authtestdata 7: its owner is not taken (owner \"5\")",
        "logs 4: This text has at most 255 characters (owner \"1\")",
        "logs 5: createdAt is not a time in ISO 8601 (owner \"1\")",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
    let again = course.imported(&["--yes"]);
    assert_eq!((again.0, &*again.1[0]), (Some(1), "users 8 0 2 6"), "what was not taken is still to be told");
}

#[tokio::test]
async fn a_later_edition_spells_its_columns_otherwise_and_lacks_a_table() {
    let course = Course::empty();
    let statements = format!(
        r#"CREATE TABLE "Users" ("id" ID, "userName" VARCHAR(255) UNIQUE, "password" VARCHAR(255), "created_at" DATETIME);
           CREATE TABLE "logs" ("id" ID, "description" VARCHAR(255), "def" VARCHAR(255), "owner_id" INTEGER);
           INSERT INTO "Users" VALUES (7, 'ada', '{BCRYPT}', '2021-04-02T10:20:30Z');
           INSERT INTO "logs" VALUES (1, 'row', 'Time', 7), (2, 'row', 'Time', 7), (3, 'row', 'Weight', 7)"#
    );
    course.tell(&statements).await;
    let report = ["users 1 1 0 0", "authtestdata there is no such table", "logs 3 3 0 0"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), report.map(str::to_owned).to_vec()));
    let running = Running::start(course.folder.path(), &[]);
    let logs = listed(&running, "/api/workout-logs", &running.sign_in(), &["definition", "result", "createdAt"]);
    let at = "1970-01-01T00:00:00.000Z";
    assert_eq!(logs, [["Time", "", at], ["Time", "", at], ["Weight", "", at]], "also those that are alike");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 3 0 3 0", "without times they are known by their texts");
    let changed = r#"{"description":"row","definition":"Load"}"#;
    assert!(running.request("PUT", "/api/workout-logs/3", &running.sign_in(), changed).starts_with("HTTP/1.1 200"));
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 3 0 3 0", "one that was changed here is not brought again");
    course.tell(r#"INSERT INTO "logs" VALUES (4, 'swim', 'Time', 7), (5, 'swim', 'Time', 7)"#).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 5 2 3 0", "and stands for no other");
    course.tell(r#"ALTER TABLE "logs" RENAME COLUMN "description" TO "activity""#).await;
    let (status, report) = course.imported(&["--yes"]);
    assert_eq!((status, &*report[2]), (Some(1), "logs not read: it has no column description"));
}

#[tokio::test]
async fn one_who_has_the_name_here_is_not_given_what_is_a_strangers() {
    let course = Course::of_2018().await;
    fill(&course).await;
    let running = Running::start(course.folder.path(), &[]);
    let token = running.sign_up();
    let (status, report) = course.imported(&["--yes"]);
    assert_eq!((status, &*report[0]), (Some(1), "users 2 1 0 1"));
    assert_eq!(report[1], "1 the username is taken here, by one who signed up at another time");
    assert_eq!(listed(&running, "/api/workout-logs", &token, &["result"]), Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn one_who_was_imported_from_a_file_is_given_what_is_theirs() {
    let course = Course::of_2018().await;
    fill(&course).await;
    let file = format!("username,passwordhash,createdAt\nada,{BCRYPT},2018-04-02 10:20:30.1+00\n");
    std::fs::write(course.folder.path().join("users.csv"), file).unwrap();
    assert!(run(course.folder.path(), &["user", "import", "users.csv"], &[]).status.success());
    assert_eq!(course.imported(&["--yes"]).1, ["users 2 1 1 0", "authtestdata 2 2 0 0", "logs 3 3 0 0"]);
    let running = Running::start(course.folder.path(), &[]);
    let logs = listed(&running, "/api/workout-logs", &running.sign_in(), &["description"]);
    assert_eq!(logs, [["row 2 km"], ["swim"]]);
}

#[tokio::test]
async fn what_was_changed_here_stays_so() {
    let course = Course::of_2018().await;
    fill(&course).await;
    course.import(&["--yes"]);
    let running = Running::start(course.folder.path(), &[]);
    let token = running.sign_in();
    let body = r#"{"description":"row 3 km","definition":"Time","result":"12:00"}"#;
    let changed = running.request("PUT", "/api/workout-logs/1", &token, body);
    assert!(changed.starts_with("HTTP/1.1 200"), "{changed}");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 3 0 3 0");
    let logs = listed(&running, "/api/workout-logs", &token, &["description"]);
    assert_eq!(logs, [["row 3 km"], ["swim"]]);
}

#[tokio::test]
async fn one_that_was_saved_as_it_was_stands_for_no_other() {
    let course = Course::of_2018().await;
    fill(&course).await;
    let log = |text: &str| {
        format!(
            r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('{text}', 1, AT 32.2)"#
        )
    };
    course.tell(&log("stretch")).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 4 4 0 0");
    {
        let running = Running::start(course.folder.path(), &[]);
        let token = running.sign_in();
        for (id, text) in [(2, "swim"), (4, "stretch a lot")] {
            let body = format!("{{\"description\":\"{text}\"}}");
            assert!(running.request("PUT", &format!("/api/workout-logs/{id}"), &token, &body).contains(" 200 "));
        }
    }
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 4 0 4 0", "the other stands for what it was");
    course.tell(&log("walk")).await;
    course.tell(&log("swim")).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 6 2 4 0");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 6 0 6 0");
}

#[tokio::test]
async fn what_is_no_course_is_told_in_a_line() {
    let course = Course::of_2018().await;
    course.tell(r#"DROP TABLE "users"; DROP TABLE "authtestdata"; DROP TABLE "logs""#).await;
    let none = course.import(&["--yes"]);
    assert!(none.status.code() == Some(1) && complaint(&none).contains("no database of the course"));
    assert_eq!(text(&none.stdout), "", "nobody knows what would be added");
    for (from, status, why) in [
        ("sqlite://missing.sqlite?mode=rwc", 1, "cannot open the database sqlite://missing.sqlite"),
        ("sqlite://data/daypass.db?mode=rwc", 2, "the database to import into"),
        ("postgres://app:hunter2@", 2, "--from: it cannot be read"),
        ("oracle://x", 2, "--from: it must begin with"),
    ] {
        let refused = run(course.folder.path(), &["import", "course", "--from", from, "--yes"], &[]);
        assert_eq!(refused.status.code(), Some(status), "{from}: {}", text(&refused.stderr));
        assert!(complaint(&refused).contains(why), "{from}: {}", complaint(&refused));
        assert!(!complaint(&refused).contains("hunter2"));
    }
    assert!(!course.folder.path().join("missing.sqlite").exists(), "a source is not made");
}

#[tokio::test]
async fn ten_thousand_rows_come_in_batches() {
    let course = Course::of_2018().await;
    fill(&course).await;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
    let logs = format!(
        r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
           {rows} SELECT 'log ' || i % 100, 1 + i % 2, '2018-05-01 00:00:00 +00:00', '2018-05-01 00:00:00 +00:00' FROM n"#
    );
    course.tell(&logs).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 10003 10003 0 0", "one hundred of each are alike");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 10003 0 10003 0");
}

#[tokio::test]
async fn two_imports_at_once_bring_each_row_once() {
    let (course, target) = (Course::of_2018().await, TestDatabase::create().await);
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)";
    for statements in [
        format!(
            r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt")
               {rows} SELECT 'user' || i, '{BCRYPT}', '2018-04-01 00:00:00 +00:00', '2018-04-01 00:00:00 +00:00' FROM n"#
        ),
        format!(
            r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
               {rows} SELECT 'log ' || i, i, '2018-05-01 00:00:00 +00:00', '2018-05-01 00:00:00 +00:00' FROM n"#
        ),
    ] {
        course.tell(&statements).await;
    }
    let into = [("DATABASE_URL", target.url().expose())];
    std::thread::scope(|scope| {
        let imports = [(); 2].map(|()| scope.spawn(|| course.import_with(&["--yes"], &into)));
        for import in imports {
            let output = import.join().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        }
    });
    let logs = workout_log::Entity::find().count(&target.connect().await).await.unwrap();
    assert_eq!(logs, 3000);
}
