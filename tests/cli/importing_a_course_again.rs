//! Repeated imports of a course: each record of the source is imported once, into any of the databases.

use daypass::models::{item, user, workout_log};
use daypass::platform::database::Pool;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, EntityTrait as _, QueryOrder as _};

use crate::course::*;
use crate::database::TestDatabase;
use crate::running::*;

/// A course and the database that it is imported into.
struct Import {
    course: Course,
    target: TestDatabase,
}

impl Import {
    async fn new() -> Self {
        let course = Course::of_2018().await;
        course.fill().await;
        Self { course, target: TestDatabase::create().await }
    }

    /// The exit status and the report: rows, added, imported before, not imported.
    fn run(&self, course: &Course, flags: &[&str]) -> (Option<i32>, Vec<String>) {
        let output = course.import_with(&[&["--yes"], flags].concat(), &[("DATABASE_URL", self.target.url().expose())]);
        (output.status.code(), reported(&output))
    }

    /// Imports the course without a failure.
    fn report(&self) -> Vec<String> {
        let (status, report) = self.run(&self.course, &[]);
        assert_eq!(status, Some(0), "{report:?}");
        report
    }

    fn refusal(&self, course: &Course, flags: &[&str]) -> String {
        let output = course.import_with(&[&["--yes"], flags].concat(), &[("DATABASE_URL", self.target.url().expose())]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        error_line(&output).to_owned()
    }
}

async fn items(db: &Pool) -> Vec<String> {
    let items = item::Entity::find().order_by_asc(item::Column::Id).all(db).await.unwrap();
    items.into_iter().map(|item| item.name).collect()
}

async fn logs(db: &Pool) -> Vec<String> {
    let logs = workout_log::Entity::find().order_by_asc(workout_log::Column::Id).all(db).await.unwrap();
    logs.into_iter().map(|log| log.description).collect()
}

/// Changes the description of the log that has this one.
async fn change_log(db: &Pool, from: &str, to: &str) {
    let logs = workout_log::Entity::find().all(db).await.unwrap();
    let log = logs.into_iter().find(|log| log.description == from).unwrap();
    let version = log.version + 1;
    let mut log: workout_log::ActiveModel = log.into();
    (log.description, log.version) = (Set(to.to_owned()), Set(version));
    log.update(db).await.unwrap();
}

async fn delete_log(db: &Pool, description: &str) {
    let logs = workout_log::Entity::find().all(db).await.unwrap();
    let log = logs.into_iter().find(|log| log.description == description).unwrap();
    workout_log::Entity::delete_by_id(log.id).exec(db).await.unwrap();
}

#[tokio::test]
async fn second_import_adds_nothing() {
    let import = Import::new().await;
    assert_eq!(import.report(), ["users 2 2 0 0", "authtestdata 2 2 0 0", "logs 3 3 0 0"]);
    let again = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0", "nothing to add"];
    assert_eq!(import.report(), again);
    let db = import.target.connect().await;
    assert_eq!(items(&db).await, ["a lantern", "two lanterns"]);
    assert_eq!(logs(&db).await, ["row 2 km", "swim", "run"]);
}

#[tokio::test]
async fn rows_deleted_here_stay_deleted() {
    let import = Import::new().await;
    import.report();
    let db = import.target.connect().await;
    delete_log(&db, "swim").await;
    item::Entity::delete_many().exec(&db).await.unwrap();
    assert_eq!(import.report()[..3], ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0"]);
    assert_eq!((items(&db).await.len(), logs(&db).await), (0, vec!["row 2 km".to_owned(), "run".to_owned()]));
}

#[tokio::test]
async fn rows_changed_on_either_side_stay_as_they_are_here() {
    let import = Import::new().await;
    import.report();
    let db = import.target.connect().await;
    change_log(&db, "swim", "swim 2 km").await;
    import.course.tell(r#"UPDATE "logs" SET "description" = 'row 3 km' WHERE "id" = 1"#).await;
    import.course.tell(r#"UPDATE "users" SET "username" = 'hopper' WHERE "id" = 2"#).await;
    let ada = user::find_by_username(&db, "ada").await.unwrap().unwrap();
    let mut ada: user::ActiveModel = ada.into();
    (ada.username, ada.username_key) = (Set("lovelace".to_owned()), Set("lovelace".to_owned()));
    ada.username_skeleton = Set("lovelace".to_owned());
    ada.update(&db).await.unwrap();
    assert_eq!(import.report()[..3], ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0"]);
    assert_eq!(logs(&db).await, ["row 2 km", "swim 2 km", "run"]);
    assert!(user::find_by_username(&db, "grace").await.unwrap().is_some());
}

#[tokio::test]
async fn new_records_of_the_source_are_imported() {
    let import = Import::new().await;
    import.report();
    let new = format!(
        r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt") VALUES ('alan', '{BCRYPT}', AT 30.3);
           INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
           VALUES ('swim', 1, AT 32.2), ('swim', 1, AT 32.2), ('walk', 3, AT 33.1)"#
    );
    import.course.tell(&new).await;
    assert_eq!(import.report(), ["users 3 1 2 0", "authtestdata 2 0 2 0", "logs 6 3 3 0"]);
    assert_eq!(import.report()[..3], ["users 3 0 3 0", "authtestdata 2 0 2 0", "logs 6 0 6 0"]);
    assert_eq!(logs(&import.target.connect().await).await, ["row 2 km", "swim", "run", "swim", "swim", "walk"]);
}

#[tokio::test]
async fn deleted_user_stays_deleted_and_new_records_of_the_user_are_not_imported() {
    let import = Import::new().await;
    import.report();
    let db = import.target.connect().await;
    let grace = user::find_by_username(&db, "grace").await.unwrap().unwrap();
    grace.delete(&*db).await.unwrap();
    assert_eq!(import.report()[..3], ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 3 0 3 0"]);
    import
        .course
        .tell(r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('x', 2, AT 34.1)"#)
        .await;
    let report = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 4 0 3 1", "1 its owner was deleted here"];
    let (status, reported) = import.run(&import.course, &[]);
    assert_eq!((status, reported[..4].to_vec()), (Some(1), report.map(str::to_owned).to_vec()));
    assert_eq!(user::page(&db, Default::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_sources_with_equal_ids_are_not_mixed_up() {
    let import = Import::new().await;
    import.report();
    let other = Course::of_2018().await;
    let statements = format!(
        r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt") VALUES ('alan', '{BCRYPT}', AT 40.1);
           INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('row 2 km', 1, AT 32.1)"#
    );
    other.tell(&statements).await;
    let first = ["users 1 1 0 0", "authtestdata 0 0 0 0", "logs 1 1 0 0"].map(str::to_owned).to_vec();
    assert_eq!(import.run(&other, &[]), (Some(0), first));
    let db = import.target.connect().await;
    let alan = user::find_by_username(&db, "alan").await.unwrap().unwrap();
    let logs = workout_log::Entity::find().order_by_asc(workout_log::Column::Id).all(&db).await.unwrap();
    assert_eq!((logs.len(), logs[3].owner_id), (4, alan.id));
    assert_eq!(import.run(&other, &[]).1[2], "logs 1 0 1 0");
    assert_eq!(import.report()[2], "logs 3 0 3 0");
}

#[tokio::test]
async fn source_that_moved_is_imported_only_under_its_name() {
    let import = Import::new().await;
    import.report();
    let moved = Course::empty();
    std::fs::copy(import.course.file(), moved.file()).unwrap();
    moved
        .tell(r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('walk', 1, AT 34.1)"#)
        .await;
    let refusal = import.refusal(&moved, &[]);
    let name = format!("sqlite://{}", import.course.file().canonicalize().unwrap().display());
    assert!(refusal.contains(&format!("--source {name:?}")) && refusal.contains("\"ada\""), "{refusal}");
    assert_eq!(import.run(&moved, &["--source", &name]).1[2], "logs 4 1 3 0");
    assert_eq!(logs(&import.target.connect().await).await, ["row 2 km", "swim", "run", "walk"]);
}

#[tokio::test]
async fn source_that_was_reset_is_refused() {
    let import = Import::new().await;
    import.report();
    let reset = format!(
        r#"DELETE FROM "users"; DELETE FROM "logs"; DELETE FROM "authtestdata";
           INSERT INTO "users" ("id", "username", "passwordhash", "createdAt", "updatedAt")
           VALUES (1, 'alan', '{BCRYPT}', AT 50.1);
           INSERT INTO "logs" ("id", "description", "owner", "createdAt", "updatedAt") VALUES (1, 'walk', 1, AT 51.1)"#
    );
    import.course.tell(&reset).await;
    let refusal = import.refusal(&import.course, &[]);
    assert!(refusal.contains("--source") && refusal.contains("another database"), "{refusal}");
    assert_eq!(import.run(&import.course, &["--source", "second term"]).1[2], "logs 1 1 0 0");
    let long = "x".repeat(256);
    assert!(import.refusal(&import.course, &["--source", &long]).contains("255 characters"));
}

#[tokio::test]
async fn source_without_times_that_was_reset_is_refused() {
    let course = Course::empty();
    let create = r#"CREATE TABLE "users" ("id" ID, "username" VARCHAR(255), "passwordhash" VARCHAR(255))"#;
    course.tell(create).await;
    let import = Import { course, target: TestDatabase::create().await };
    for (name, status) in [("ada", Some(0)), ("ada", Some(0)), ("alan", Some(2))] {
        let users =
            format!(r#"INSERT INTO "users" ("id", "username", "passwordhash") VALUES (1, '{name}', '{BCRYPT}')"#);
        import.course.tell(&format!(r#"DELETE FROM "users"; {users}"#)).await;
        let output = import.course.import_with(&["--yes"], &[("DATABASE_URL", import.target.url().expose())]);
        assert_eq!(output.status.code(), status, "{name}: {}", text(&output.stderr));
    }
    let db = import.target.connect().await;
    assert!(user::find_by_username(&db, "alan").await.unwrap().is_none());
}

#[tokio::test]
async fn rows_that_an_earlier_version_imported_are_recognised() {
    let import = Import::new().await;
    let more = r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt")
                  VALUES ('row 2 km', 1, AT 32.1), ('stretch', 1, AT 32.2), ('gone', 2, AT 35.1)"#;
    import.course.tell(more).await;
    assert_eq!(import.report()[2], "logs 6 6 0 0");
    let db = import.target.connect().await;
    db.execute_unprepared("DELETE FROM imported_records").await.unwrap();
    change_log(&db, "stretch", "stretch a lot").await;
    change_log(&db, "swim", "swim").await;
    delete_log(&db, "gone").await;
    import
        .course
        .tell(r#"INSERT INTO "logs" ("description", "owner", "createdAt", "updatedAt") VALUES ('walk', 1, AT 32.2)"#)
        .await;
    let report = ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 7 2 5 0"];
    assert_eq!(import.report(), report, "no record says that the deleted log was imported");
    let all = ["row 2 km", "swim", "run", "row 2 km", "stretch a lot", "gone", "walk"];
    assert_eq!(logs(&db).await, all);
    db.execute_unprepared("DELETE FROM imported_records").await.unwrap();
    assert_eq!(import.report(), ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 7 0 7 0"], "only records are added");
    delete_log(&db, "gone").await;
    delete_log(&db, "row 2 km").await;
    assert_eq!(import.report()[..3], ["users 2 0 2 0", "authtestdata 2 0 2 0", "logs 7 0 7 0"]);
}
