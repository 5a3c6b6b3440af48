//! The pages of `docs/flows`: each recording is between two markers. People write the rest of a page.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::masks::secrets_in;

const END: &str = "<!-- end of the recording -->\n";
const DIAGRAM: &str = "```mermaid\n";
/// A page can have several recordings, and the tests run in parallel.
static PAGES: Mutex<()> = Mutex::new(());

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flows")
}

pub(super) fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\r\n", "\n")
}

fn start(test: &str) -> String {
    format!("<!-- recorded by tests/flows/{test}.rs -->\n")
}

/// Compares a diagram with the one in the page. Writes it to the page if `UPDATE_FLOWS` is `1`.
pub(super) fn check(page: &str, test: &str, diagram: &str) {
    assert_eq!(secrets_in(diagram), Vec::<String>::new(), "the recording has secrets");
    let _one_at_a_time = PAGES.lock();
    let path = folder().join(format!("{page}.md"));
    let text = read(&path);
    let recorded = with_recording(&text, test, diagram);
    if is_update() && recorded != text {
        fs::write(&path, recorded).unwrap();
        return;
    }
    let first = text.lines().zip(recorded.lines()).find(|(written, recorded)| written != recorded);
    assert!(
        text == recorded,
        "docs/flows/{page}.md differs from the recording of tests/flows/{test}.rs. First difference (page, recording): \
         {first:#?}\nIf the change is intended, run: UPDATE_FLOWS=1 cargo test --test flows"
    );
}

/// Returns the text of a page with this diagram between the markers of the test.
fn with_recording(page: &str, test: &str, diagram: &str) -> String {
    let start = start(test);
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no line {start}"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("the page has no line {END}"));
    format!("{before}{start}\n{DIAGRAM}{diagram}```\n\n{END}{after}")
}

#[test]
fn recording_replaces_only_the_text_between_its_markers() {
    let page = |diagram: &str| {
        format!("# Title\n\n{}\n{DIAGRAM}{diagram}```\n\n{END}\n{}{END}\nNotes\n", start("one"), start("two"))
    };
    assert_eq!(with_recording(&page("old\n"), "one", "new\n"), page("new\n"));
    assert_ne!(with_recording(&page("new\n"), "one", "changed\n"), page("new\n"));
}

#[expect(clippy::disallowed_methods, reason = "tests read their one setting here")]
fn is_update() -> bool {
    std::env::var("UPDATE_FLOWS").is_ok_and(|value| value == "1")
}

fn pages() -> Vec<(String, String)> {
    let _not_while_one_is_written = PAGES.lock();
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .map(|path| (name(&path), read(&path)))
        .collect()
}

#[test]
fn pages_have_no_secrets() {
    for (name, text) in pages() {
        assert_eq!(secrets_in(&text), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_diagram_is_recorded() {
    for (name, text) in pages().into_iter().filter(|(name, _)| name != "README.md") {
        let recordings: Vec<_> = text.split("<!-- recorded by tests/flows/").skip(1).collect();
        assert_eq!(text.matches(DIAGRAM).count(), recordings.len(), "{name}");
        assert!(!recordings.is_empty(), "{name} has no diagram");
        for recording in recordings {
            let (test, rest) = recording.split_once(" -->\n").unwrap();
            assert!(rest.starts_with(&format!("\n{DIAGRAM}")) && rest.contains(END), "{name}: {test}");
            let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows").join(test);
            assert!(test.exists(), "{name}: {} does not exist", test.display());
        }
    }
}

#[test]
fn index_links_every_page() {
    let index = read(&folder().join("README.md"));
    for (name, _) in pages() {
        assert!(name == "README.md" || index.contains(&format!("]({name})")), "README.md does not link {name}");
    }
}

/// The renderer of the page knows only these lines.
#[test]
fn diagrams_use_a_subset_of_mermaid() {
    for (name, text) in pages() {
        for diagram in text.split(DIAGRAM).skip(1) {
            let mut lines = diagram.split("```").next().unwrap().lines();
            assert_eq!(lines.next(), Some("sequenceDiagram"), "{name}");
            for line in lines.map(str::trim) {
                let is_message = ["->>", "-->>", "-)"].iter().any(|arrow| line.contains(arrow)) && line.contains(": ");
                let is_other = line.starts_with("participant ") || line.starts_with("Note over ");
                assert!(is_message || is_other, "{name}: {line}");
            }
        }
    }
}
