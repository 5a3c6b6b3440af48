//! `daypass user import`: users of another service with their password hashes.

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

/// The exit status, the standard output, and the lines about rejected rows.
fn reported(output: &Output) -> (Option<i32>, &str, Vec<&str>) {
    (output.status.code(), text(&output.stdout).trim_end(), text(&output.stderr).lines().collect())
}

fn users(folder: &Path) -> Vec<serde_json::Value> {
    let list = run(folder, &["user", "list", "--json"], &[]);
    text(&list.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn imported_users_keep_their_passwords_and_sign_up_times() {
    let folder = folder();
    let file = format!(
        "\u{feff}id,username,passwordhash,createdAt,updatedAt\r\n\
         1,ada,{BCRYPT},2018-04-02 10:20:30.4+00,2018-04-02 10:20:30.4+00\r\n\
         2,\"hopper, grace\",\"{ARGON2}\",,\r\n"
    );
    let output = import(folder.path(), "users.csv", &file, &[]);
    assert_eq!(reported(&output), (Some(0), "imported 2 of 2 users; 0 rejected", vec![]));
    let users = users(folder.path());
    assert_eq!((&users[0]["username"], &users[0]["createdAt"]), (&"ada".into(), &"2018-04-02T10:20:30.400Z".into()));
    assert_eq!(users[1]["username"], "hopper, grace");
    let running = Running::start(folder.path(), &[]);
    assert_eq!(running.verify(&running.sign_in()), 204);
}

#[test]
fn rejected_rows_are_reported_and_the_import_continues() {
    let folder = folder();
    let file = format!(
        "username,password_hash,createdAt\r\nada,{BCRYPT},\r\nADA,{BCRYPT},\r\n\u{430}da,{BCRYPT},\r\n,{BCRYPT},\r\n\
         a\u{1b}[31m,{BCRYPT},\r\nbob,hunter2hunter2,\r\ncarol,{},\r\ndave,{BCRYPT},yesterday\r\nerin,{BCRYPT}\r\n\
         frank,{BCRYPT},2024-01-02T03:04:05Z\r\n",
        BCRYPT.replace("$04$", "$15$")
    );
    let output = import(folder.path(), "users.csv", &file, &[]);
    let (status, last, lines) = reported(&output);
    assert_eq!((status, last), (Some(1), "imported 3 of 10 users; 7 rejected"));
    let reported = lines.join("\n");
    assert_eq!(lines.len(), 8, "{reported}");
    for (line, why) in [
        (3, "the username is taken (\"ADA\")"),
        (4, "the username looks like \"ada\" (\"\u{430}da\")"),
        (5, "must not be empty"),
        (6, "invisible"),
        (7, "the format of the hash is not supported (\"bob\")"),
        (8, "too much memory or time"),
        (9, "warning: createdAt is not a time; the time of the import is stored instead (\"dave\")"),
        (10, "number of fields"),
    ] {
        let there =
            lines.iter().any(|reported| reported.starts_with(&format!("line {line}: ")) && reported.contains(why));
        assert!(there, "{line}: {why} in {reported}");
    }
    assert!(!reported.contains("hunter2") && !reported.contains("$2") && !reported.contains('\u{1b}'), "{reported}");
}

#[test]
fn import_can_be_tried_and_repeated() {
    let folder = folder();
    let file = format!(
        "[{{\"username\":\"ada\",\"passwordHash\":\"{BCRYPT}\",\"id\":1}},\n\
         {{\"username\":\"bob\",\"passwordhash\":\"{ARGON2}\"}},\n\n\
         {{\"username\":\"Bob\",\"passwordhash\":\"{ARGON2}\"}},\n\
         {{\"username\":7,\"passwordhash\":\"{ARGON2}\"}}]\n"
    );
    let tried = import(folder.path(), "users.json", &file, &["--dry-run"]);
    assert_eq!((reported(&tried).0, reported(&tried).1), (Some(1), "would import 2 of 4 users; 2 rejected"));
    assert!(users(folder.path()).is_empty());
    let first = import(folder.path(), "users.json", &file, &[]);
    assert_eq!((reported(&first).0, reported(&first).1), (Some(1), "imported 2 of 4 users; 2 rejected"));
    assert_eq!(reported(&first).2, reported(&tried).2, "the dry run reports the same");
    let again = import(folder.path(), "users.json", &file, &[]);
    assert_eq!(reported(&again).1, "imported 0 of 4 users; 4 rejected");
    assert_eq!(users(folder.path()).len(), 2);
}

#[test]
fn unreadable_file_is_reported_in_one_line() {
    let folder = folder();
    for (name, content, status, why) in [
        ("users.csv", "id,name\n1,ada\n", 1, "must have the columns"),
        ("users.csv", "", 1, "must have the columns"),
        ("twice.csv", "username,passwordhash,password_hash\n", 1, "the column \"password_hash\" exists twice"),
        ("users.txt", "x", 2, "--format"),
    ] {
        let output = import(folder.path(), name, content, &[]);
        assert_eq!(output.status.code(), Some(status), "{content:?}");
        assert!(error_line(&output).contains(why), "{content:?}: {}", error_line(&output));
    }
    let missing = run(folder.path(), &["user", "import", "missing.csv"], &[]);
    assert!(missing.status.code() == Some(1) && error_line(&missing).contains("missing.csv"));
    let endless = format!("username,passwordhash\nada,{BCRYPT}\nbob,\"{}", "x\n".repeat(1_000_000));
    let output = import(folder.path(), "endless.csv", &endless, &[]);
    assert!(error_line(&output).contains("line 3: a row is longer"), "{}", error_line(&output));
    assert_eq!(reported(&output).1, "imported 1 of 1 users; 0 rejected");
}

#[test]
fn ten_thousand_users_are_imported_from_standard_input() {
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
    let (_, last, lines) = reported(&output);
    // Hexadecimal numbers contain neither o nor l, so no two names look alike.
    assert_eq!((last, lines.len()), ("imported 10000 of 10000 users; 0 rejected", 0), "{lines:?}");
}

/// The names and the sign-up times of the imported users.
fn imported(folder: &Path) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    users(folder).iter().map(|user| (text(&user["username"]), text(&user["createdAt"]))).collect()
}

fn names(folder: &Path) -> Vec<String> {
    imported(folder).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn json_is_read_in_any_layout() {
    let user = |name: &str| {
        format!("{{\"username\":\"{name}\",\"passwordhash\":\"{BCRYPT}\",\"tags\":[{{}},{{\"a\":\"}}\"}}]}}")
    };
    let pretty = |name: &str| user(name).replace(',', ",\n  ").replace('{', "{\n");
    for content in [
        format!("[{},{}]", user("ada"), user("bob")),
        format!("[\n{},\n{}\n]\n", pretty("ada"), pretty("bob")),
        format!("{}\n{}\n", user("ada"), user("bob")),
        format!("{}{}", user("ada"), user("bob")),
        format!("{}\n\n{}", pretty("ada"), pretty("bob")),
        format!("\u{feff}[{}\r\n,{}]", user("ada"), user("bob")),
    ] {
        let folder = folder();
        let output = import(folder.path(), "users.json", &content, &[]);
        assert_eq!(reported(&output), (Some(0), "imported 2 of 2 users; 0 rejected", vec![]), "{content}");
        assert_eq!(names(folder.path()), ["ada", "bob"]);
    }
}

#[test]
fn damaged_json_objects_are_rejected_and_the_others_are_imported() {
    let folder = folder();
    let user = |name: &str| format!("{{\"username\":\"{name}\",\"passwordhash\":\"{BCRYPT}\"}}");
    let content = format!(
        "{}\n{{\"username\":\"open\n{}\n{{\"username\":\"unclosed\"\n{}\nnonsense\n{}\n{{\"username\":",
        user("ada"),
        user("bob"),
        user("carol"),
        user("dave")
    );
    let output = import(folder.path(), "users.jsonl", &content, &[]);
    let lines = [2, 4, 6, 8].map(|line| format!("line {line}: not a JSON object"));
    let (status, last, rejected) = reported(&output);
    assert_eq!((status, last), (Some(1), "imported 4 of 8 users; 4 rejected"));
    assert_eq!(rejected, lines);
    assert_eq!(names(folder.path()), ["ada", "bob", "carol", "dave"]);
}

#[test]
fn csv_is_read_with_any_separator_and_in_utf_16() {
    let file = format!("username,passwordhash,createdAt\r\nädä,{BCRYPT},2024-01-02\r\nbob,{BCRYPT},\r\n");
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2], text: &str| {
        format!("\u{feff}{text}").encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()
    };
    let (semicolons, tabs) = (file.replace(',', ";"), file.replace(',', "\t"));
    for content in [
        semicolons.clone().into_bytes(),
        tabs.clone().into_bytes(),
        utf_16(u16::to_le_bytes, &tabs),
        utf_16(u16::to_be_bytes, &semicolons),
        utf_16(u16::to_le_bytes, &file),
    ] {
        let folder = folder();
        std::fs::write(folder.path().join("users.csv"), &content).unwrap();
        let output = run(folder.path(), &["user", "import", "users.csv"], &[]);
        assert_eq!(reported(&output), (Some(0), "imported 2 of 2 users; 0 rejected", vec![]), "{content:?}");
        assert_eq!(imported(folder.path())[0], ("ädä".to_owned(), "2024-01-02T00:00:00.000Z".to_owned()));
    }
}

#[test]
fn columns_with_other_names_are_chosen_by_flags() {
    let folder = folder();
    let flags = ["--username-column", "Login", "--password-column", "encrypted_password"];
    let csv = format!("id,login,username,encrypted_password\n1,ada,Ada L.,{BCRYPT}\n");
    let json = format!("{{\"login\":\"bob\",\"encryptedPassword\":\"{BCRYPT}\",\"username\":5}}");
    for (name, content) in [("users.csv", csv), ("users.json", json)] {
        let output = import(folder.path(), name, &content, &flags);
        assert_eq!(reported(&output), (Some(0), "imported 1 of 1 users; 0 rejected", vec![]), "{content}");
    }
    assert_eq!(names(folder.path()), ["ada", "bob"]);
    let refused = import(folder.path(), "users.csv", "username,passwordhash\n", &flags);
    assert!(
        error_line(&refused).contains("must have the columns login and encryptedpassword"),
        "{}",
        error_line(&refused)
    );
    let usual = import(folder.path(), "users.csv", &format!("username,password\ncarol,{BCRYPT}\n"), &[]);
    assert_eq!(reported(&usual).1, "imported 1 of 1 users; 0 rejected", "the column may be called password");
}

#[test]
fn times_are_read_as_databases_and_programs_write_them() {
    let same = "2024-01-02T03:04:05.678Z";
    let (whole, midnight) = ("2024-01-02T03:04:05.000Z", "2024-01-02T00:00:00.000Z");
    let times = [
        ("2024-01-02T03:04:05.678Z", same),
        ("2024-01-02T03:04:05.678+00:00", same),
        ("2024-01-02 03:04:05.678 +00:00", same),
        ("2024-01-02 04:04:05.678+01", same),
        ("2024-01-01 21:34:05.678-0530", same),
        ("2024-01-02 03:04:05.678", same),
        ("1704164645", whole),
        ("1704164645.678", same),
        ("1704164645678", same),
        ("1704164645678000", same),
        ("2024-01-02", midnight),
        ("20240102", midnight),
    ];
    let folder = folder();
    let row = |(number, (time, _)): (usize, &(&str, &str))| format!("user {number:04x},{BCRYPT},{time}\n");
    let rows: String = times.iter().enumerate().map(row).collect();
    let output = import(folder.path(), "users.csv", &format!("username,passwordhash,createdAt\n{rows}"), &[]);
    assert_eq!(reported(&output).2, Vec::<&str>::new());
    for ((_, stored), (text, expected)) in imported(folder.path()).iter().zip(times) {
        assert_eq!(stored, expected, "{text}");
    }
    let number = format!("[{{\"username\":\"ada\",\"passwordhash\":\"{BCRYPT}\",\"createdAt\":1704164645678}}]");
    assert_eq!(reported(&import(folder.path(), "users.json", &number, &[])).0, Some(0));
    assert!(imported(folder.path()).contains(&("ada".to_owned(), same.to_owned())));
}

#[test]
fn missing_time_is_the_time_of_the_import_and_a_bad_one_is_a_warning() {
    let folder = folder();
    let bad = ["yesterday", "2024-13-02 03:04:05", "0000-00-00 00:00:00", "+99999-01-01 00:00:00", "é", "-5", "1e300"];
    let missing = ["", "NULL", "null", "\\N"];
    let row = |(number, time): (usize, &&str)| format!("user {number:04x},{BCRYPT},{time}\n");
    let rows: String = bad.iter().chain(&missing).enumerate().map(row).collect();
    let output = import(folder.path(), "users.csv", &format!("username,passwordhash,createdAt\n{rows}"), &[]);
    let (status, last, warnings) = reported(&output);
    assert_eq!((status, last), (Some(0), "imported 11 of 11 users; 0 rejected"));
    assert_eq!(warnings.len(), bad.len(), "{warnings:?}");
    assert!(warnings.iter().all(|line| line.contains("warning: createdAt is not a time")), "{warnings:?}");
    for (name, time) in imported(folder.path()) {
        assert!(time.as_str() > "2025", "{name}: {time}");
    }
}
