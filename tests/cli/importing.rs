//! Bringing the users of another service, with the hashes of their passwords.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::running::*;

/// bcrypt of cost 4 of `correct horse`, as the course's server stores it.
const BCRYPT: &str = "$2a$04$N9qo8uLOickgx2ZMRZoMye7lwnnKjdKULIb0Soe6BjJXxCPR1R3dC";
const ARGON2: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    folder
}

fn import(folder: &Path, name: &str, content: &str, flags: &[&str]) -> Output {
    std::fs::write(folder.join(name), content).unwrap();
    run(folder, &[&["user", "import", name], flags].concat(), &[])
}

/// Status, the last line, and the lines about rows that were not taken.
fn told(output: &Output) -> (Option<i32>, &str, Vec<&str>) {
    (output.status.code(), text(&output.stdout).trim_end(), text(&output.stderr).lines().collect())
}

fn users(folder: &Path) -> Vec<serde_json::Value> {
    let list = run(folder, &["user", "list", "--json"], &[]);
    text(&list.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn users_of_the_course_keep_their_passwords_and_the_time_they_signed_up() {
    let folder = folder();
    let file = format!(
        "\u{feff}id,username,passwordhash,createdAt,updatedAt\r\n\
         1,ada,{BCRYPT},2018-04-02 10:20:30.4+00,2018-04-02 10:20:30.4+00\r\n\
         2,\"hopper, grace\",\"{ARGON2}\",,\r\n"
    );
    let output = import(folder.path(), "users.csv", &file, &[]);
    assert_eq!(told(&output), (Some(0), "imported 2 of 2 users; 0 not taken", vec![]));
    let users = users(folder.path());
    assert_eq!((&users[0]["username"], &users[0]["createdAt"]), (&"ada".into(), &"2018-04-02T10:20:30.400Z".into()));
    assert_eq!(users[1]["username"], "hopper, grace");
    let running = Running::start(folder.path(), &[]);
    assert_eq!(running.verify(&running.sign_in()), 204);
}

#[test]
fn rows_that_are_not_taken_are_told_and_the_others_go_on() {
    let folder = folder();
    let file = format!(
        "username,password_hash,createdAt\r\nada,{BCRYPT},\r\nADA,{BCRYPT},\r\n\u{430}da,{BCRYPT},\r\n,{BCRYPT},\r\n\
         a\u{1b}[31m,{BCRYPT},\r\nbob,hunter2hunter2,\r\ncarol,{},\r\ndave,{BCRYPT},yesterday\r\nerin,{BCRYPT}\r\n\
         frank,{BCRYPT},2024-01-02T03:04:05Z\r\n",
        BCRYPT.replace("$04$", "$15$")
    );
    let output = import(folder.path(), "users.csv", &file, &[]);
    let (status, last, lines) = told(&output);
    assert_eq!((status, last), (Some(1), "imported 2 of 10 users; 8 not taken"));
    let told = lines.join("\n");
    assert_eq!(lines.len(), 8, "{told}");
    for (line, why) in [
        (3, "taken"),
        (4, "looks like"),
        (5, "at least one character"),
        (6, "invisible"),
        (7, "neither argon2 nor bcrypt (\"bob\")"),
        (8, "more memory or time"),
        (9, "createdAt"),
        (10, "as many fields"),
    ] {
        let there = lines.iter().any(|told| told.starts_with(&format!("line {line}: ")) && told.contains(why));
        assert!(there, "{line}: {why} in {told}");
    }
    assert!(!told.contains("hunter2") && !told.contains("$2") && !told.contains('\u{1b}'), "{told}");
}

#[test]
fn an_import_can_be_tried_and_repeated() {
    let folder = folder();
    let file = format!(
        "[{{\"username\":\"ada\",\"passwordHash\":\"{BCRYPT}\",\"id\":1}},\n\
         {{\"username\":\"bob\",\"passwordhash\":\"{ARGON2}\"}},\n\n\
         {{\"username\":\"Bob\",\"passwordhash\":\"{ARGON2}\"}},\n\
         {{\"username\":7,\"passwordhash\":\"{ARGON2}\"}}]\n"
    );
    let tried = import(folder.path(), "users.json", &file, &["--dry-run"]);
    assert_eq!((told(&tried).0, told(&tried).1), (Some(1), "would import 2 of 4 users; 2 not taken"));
    assert!(users(folder.path()).is_empty());
    let first = import(folder.path(), "users.json", &file, &[]);
    assert_eq!((told(&first).0, told(&first).1), (Some(1), "imported 2 of 4 users; 2 not taken"));
    assert_eq!(told(&first).2, told(&tried).2, "the dry run told the same");
    let again = import(folder.path(), "users.json", &file, &[]);
    assert_eq!(told(&again).1, "imported 0 of 4 users; 4 not taken");
    assert_eq!(users(folder.path()).len(), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_a_line() {
    let folder = folder();
    for (name, content, status, why) in [
        ("users.csv", "id,name\n1,ada\n", 1, "must name the columns"),
        ("users.csv", "", 1, "must name the columns"),
        ("twice.csv", "username,passwordhash,password_hash\n", 1, "twice"),
        ("users.txt", "x", 2, "--format"),
    ] {
        let output = import(folder.path(), name, content, &[]);
        assert_eq!(output.status.code(), Some(status), "{content:?}");
        assert!(complaint(&output).contains(why), "{content:?}: {}", complaint(&output));
    }
    let missing = run(folder.path(), &["user", "import", "missing.csv"], &[]);
    assert!(missing.status.code() == Some(1) && complaint(&missing).contains("missing.csv"));
    let endless = format!("username,passwordhash\nada,{BCRYPT}\nbob,\"{}", "x\n".repeat(1_000_000));
    let output = import(folder.path(), "endless.csv", &endless, &[]);
    assert!(complaint(&output).contains("line 3: a row is longer"), "{}", complaint(&output));
    assert_eq!(told(&output).1, "imported 1 of 1 users; 0 not taken");
}

#[test]
fn ten_thousand_users_come_from_standard_input() {
    let folder = folder();
    let mut file = "passwordhash,username\n".to_owned();
    for number in 0..10_000 {
        let _ = writeln!(file, "{BCRYPT},user {number:04x}");
    }
    let mut command = daypass(folder.path(), &["user", "import", "-", "--format", "csv"], &[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(file.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let (_, last, lines) = told(&output);
    // Hexadecimal numbers have neither an o nor an l, so none of these look alike.
    assert_eq!((last, lines.len()), ("imported 10000 of 10000 users; 0 not taken", 0), "{lines:?}");
}
