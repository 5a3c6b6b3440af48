//! `daypass import course`: users with their passwords, items and workout logs of a course.

use daypass::models::workout_log;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::Value;

use crate::course::*;
use crate::database::TestDatabase;
use crate::running::*;

const REPORT: [&str; 3] = ["users 2 2 0 0", "authtestdata 2 2 0 0", "logs 3 3 0 0"];

/// Members of the rows of a listing, oldest first.
fn listed(running: &Running, path: &str, token: &str, members: &[&str]) -> Vec<Vec<String>> {
    let answer = running.request("GET", &format!("{path}?sort=createdAt"), token, "");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let rows = body.as_object().unwrap().values().find_map(Value::as_array).unwrap();
    let texts = |row: &Value| members.iter().map(|member| row[member].as_str().unwrap().to_owned()).collect();
    rows.iter().map(texts).collect()
}

/// For a source on any database.
async fn course_is_imported_once_with_passwords_and_times(course: &Course) {
    course.fill().await;
    assert_eq!(course.imported(&["--dry-run"]), (Some(0), REPORT.map(str::to_owned).to_vec()));
    let unconfirmed = course.import(&[]);
    assert_eq!((unconfirmed.status.code(), reported(&unconfirmed)), (Some(2), REPORT.map(str::to_owned).to_vec()));
    assert!(
        error_line(&unconfirmed).contains("Add 2 users, 2 items and 3 workout logs to sqlite:"),
        "{}",
        error_line(&unconfirmed)
    );
    assert_eq!(course.users(), 0, "a dry run and an unconfirmed import write nothing");
    let first = course.import(&["--yes"]);
    assert_eq!(
        (first.status.code(), reported(&first), text(&first.stderr)),
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

    let again = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0", "nothing to add"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), again.map(str::to_owned).to_vec()));
    course
        .tell(r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('walk', 1, AT 33.3)"#)
        .await;
    let later = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 4 1 3 0"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), later.map(str::to_owned).to_vec()));
    assert_eq!(listed(&running, "/api/workout-logs", &token, &members).len(), 3);
    assert_eq!(course.users(), 2);
}

#[tokio::test]
async fn course_is_imported_from_sqlite() {
    let course = Course::of_2018().await;
    course_is_imported_once_with_passwords_and_times(&course).await;
    let before = std::fs::read(course.file()).unwrap();
    course.import(&["--yes"]);
    assert_eq!(std::fs::read(course.file()).unwrap(), before, "the source is only read");
    assert!(!course.file().with_extension("sqlite-wal").exists());
}

#[tokio::test]
async fn course_is_imported_from_the_test_server() {
    if let Some(course) = Course::of_2018_on_the_server().await {
        course_is_imported_once_with_passwords_and_times(&course).await;
    }
}

#[tokio::test]
async fn rejected_rows_are_reported_and_the_import_continues() {
    let course = Course::of_2018().await;
    course.fill().await;
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
    let report = reported(&output).join("\n");
    assert_eq!(output.status.code(), Some(1));
    for line in ["users 8 2 0 6", "authtestdata 7 2 0 5", "logs 5 3 0 2", "2 its owner is not among the users"] {
        assert!(report.lines().any(|reported| reported == line), "{line} in {report}");
    }
    let reported = text(&output.stderr);
    assert_eq!(reported.lines().count(), 13, "{reported}");
    for line in [
        "users 3: the username is taken (\"Ada\")",
        "users 4: the username looks like \"ada\" (\"аda\")",
        "users 5: the format of the hash is not supported (\"bob\")",
        "users 6: Username must not be empty (\"\")",
        "users 7: Username must not contain invisible characters or repeated spaces (\"a\\u{1b}[31m\")",
        "users 8: not text (\"\")",
        "authtestdata 3: Name must have at most 200 characters (owner \"1\")",
        "authtestdata 4: its owner is not among the users (owner \"99\")",
        "authtestdata 5: its owner is not among the users (owner \"\")",
        "authtestdata 6: its owner was rejected (owner \"3\")",
        "authtestdata 7: its owner was rejected (owner \"5\")",
        "logs 4: This field must have at most 255 characters (owner \"1\")",
        "logs 5: createdAt is not a time (owner \"1\")",
    ] {
        assert!(reported.lines().any(|reported| reported == line), "{line} in {reported}");
    }
    assert!(!reported.contains("hunter2"), "{reported}");
    let again = course.imported(&["--yes"]);
    assert_eq!((again.0, &*again.1[0]), (Some(1), "users 8 0 2 6"), "rejected rows are reported again");
}

#[tokio::test]
async fn later_edition_with_other_column_names_and_a_missing_table_is_imported() {
    let course = Course::empty();
    let statements = format!(
        r#"CREATE TABLE "Users" ("id" ID, "userName" VARCHAR(255) UNIQUE, "password" VARCHAR(255), "created_at" DATETIME);
           CREATE TABLE "logs" ("id" ID, "description" VARCHAR(255), "def" VARCHAR(255), "owner_id" INTEGER);
           INSERT INTO "Users" VALUES (7, 'ada', '{BCRYPT}', '2021-04-02T10:20:30Z');
           INSERT INTO "logs" VALUES (1, 'row', 'Time', 7), (2, 'row', 'Time', 7), (3, 'row', 'Weight', 7)"#
    );
    course.tell(&statements).await;
    let report = ["users 1 1 0 0", "authtestdata table not found", "logs 3 3 0 0"];
    assert_eq!(course.imported(&["--yes"]), (Some(0), report.map(str::to_owned).to_vec()));
    let running = Running::start(course.folder.path(), &[]);
    let logs = listed(&running, "/api/workout-logs", &running.sign_in(), &["definition", "result", "createdAt"]);
    let at = "1970-01-01T00:00:00.000Z";
    assert_eq!(logs, [["Time", "", at], ["Time", "", at], ["Weight", "", at]], "equal rows are imported each");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 3 0 3 0", "rows without times are recorded too");
    let changed = r#"{"description":"row","definition":"Load"}"#;
    assert!(running.request("PUT", "/api/workout-logs/3", &running.sign_in(), changed).starts_with("HTTP/1.1 200"));
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 3 0 3 0", "a changed row is not imported again");
    course.tell(r#"INSERT INTO "logs" VALUES (4, 'swim', 'Time', 7), (5, 'swim', 'Time', 7)"#).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 5 2 3 0", "only new rows are imported");
    course.tell(r#"ALTER TABLE "logs" RENAME COLUMN "description" TO "activity""#).await;
    let (status, report) = course.imported(&["--yes"]);
    assert_eq!((status, &*report[2]), (Some(1), "logs not read: column description not found"));
}

#[tokio::test]
async fn user_with_the_same_name_does_not_receive_imported_rows() {
    let course = Course::of_2018().await;
    course.fill().await;
    let running = Running::start(course.folder.path(), &[]);
    let token = running.sign_up();
    let (status, report) = course.imported(&["--yes"]);
    assert_eq!((status, &*report[0]), (Some(1), "users 2 1 0 1"));
    assert_eq!(report[1], "1 the username is taken here, by a user who signed up at another time");
    assert_eq!(listed(&running, "/api/workout-logs", &token, &["result"]), Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn user_imported_from_a_file_receives_imported_rows() {
    let course = Course::of_2018().await;
    course.fill().await;
    let file = format!("username,passwordhash,createdAt\nada,{BCRYPT},2018-04-02 10:20:30.1+00\n");
    std::fs::write(course.folder.path().join("users.csv"), file).unwrap();
    assert!(run(course.folder.path(), &["user", "import", "users.csv"], &[]).status.success());
    assert_eq!(course.imported(&["--yes"]).1, ["users 2 1 1 0", "authtestdata 2 2 0 0", "logs 3 3 0 0"]);
    let running = Running::start(course.folder.path(), &[]);
    let logs = listed(&running, "/api/workout-logs", &running.sign_in(), &["description"]);
    assert_eq!(logs, [["row 2 km"], ["swim"]]);
}

#[tokio::test]
async fn changed_row_stays_changed() {
    let course = Course::of_2018().await;
    course.fill().await;
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
async fn rows_with_equal_times_are_told_apart() {
    let course = Course::of_2018().await;
    course.fill().await;
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
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 4 0 4 0", "changed rows are not imported again");
    course.tell(&log("walk")).await;
    course.tell(&log("swim")).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 6 2 4 0");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 6 0 6 0");
}

#[tokio::test]
async fn invalid_source_is_reported_in_one_line() {
    let course = Course::of_2018().await;
    course.tell(r#"DROP TABLE "users"; DROP TABLE "authtestdata"; DROP TABLE "logs""#).await;
    let none = course.import(&["--yes"]);
    assert!(none.status.code() == Some(1) && error_line(&none).contains("not a database of the course"));
    assert_eq!(text(&none.stdout), "", "an incomplete dry run has no report");
    for (from, status, why) in [
        ("sqlite://missing.sqlite?mode=rwc", 1, "cannot open the database sqlite://missing.sqlite"),
        ("sqlite://data/daypass.db?mode=rwc", 2, "the database to import into"),
        ("postgres://app:hunter2@", 2, "--from: it cannot be read"),
        ("oracle://x", 2, "--from: must start with"),
    ] {
        let refused = run(course.folder.path(), &["import", "course", "--from", from, "--yes"], &[]);
        assert_eq!(refused.status.code(), Some(status), "{from}: {}", text(&refused.stderr));
        assert!(error_line(&refused).contains(why), "{from}: {}", error_line(&refused));
        assert!(!error_line(&refused).contains("hunter2"));
    }
    assert!(!course.folder.path().join("missing.sqlite").exists(), "a missing source is not created");
}

#[tokio::test]
async fn ten_thousand_rows_are_imported_in_batches() {
    let course = Course::of_2018().await;
    course.fill().await;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
    let logs = format!(
        r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
           {rows} SELECT 'log ' || i % 100, 1 + i % 2, '2018-05-01 00:00:00 +00:00', '2018-05-01 00:00:00 +00:00' FROM n"#
    );
    course.tell(&logs).await;
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 10003 10003 0 0", "one hundred of each are equal");
    assert_eq!(course.imported(&["--yes"]).1[2], "logs 10003 0 10003 0");
}

#[tokio::test]
async fn concurrent_imports_add_each_row_once() {
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
