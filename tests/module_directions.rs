//! Dependencies between the top-level modules of `src` point one way.
//!
//! A module may use only the modules that [`MODULES`] lists in its line, and they are all further down. A new arrow
//! needs an entry here, and an entry that is no longer needed has to go.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every top-level module, from top to bottom, with the modules that it uses.
const MODULES: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "server",
            "router",
            "seeds",
            "middleware",
            "views",
            "accounts",
            "app",
            "jobs",
            "mail",
            "models",
            "error",
            "oidc",
            "config",
            "teaching_provider",
            "events",
            "auth",
            "types",
            "platform",
        ],
    ),
    ("server", &["middleware", "extract", "error", "config", "auth", "platform"]),
    ("router", &["openapi", "classroom", "middleware", "controllers", "extract", "app"]),
    ("openapi", &["views"]),
    (
        "classroom",
        &[
            "middleware",
            "controllers",
            "extract",
            "views",
            "accounts",
            "app",
            "session_data",
            "transport",
            "models",
            "error",
            "auth",
            "types",
        ],
    ),
    ("seeds", &["models", "error", "config", "events", "auth", "types", "platform"]),
    (
        "middleware",
        &["extract", "views", "app", "transport", "error", "headers", "config", "auth", "types", "platform"],
    ),
    (
        "controllers",
        &[
            "extract",
            "views",
            "accounts",
            "app",
            "session_data",
            "mail",
            "transport",
            "models",
            "error",
            "headers",
            "auth",
            "types",
            "platform",
        ],
    ),
    ("extract", &["accounts", "app", "transport", "models", "error", "headers", "auth", "types"]),
    ("views", &["accounts", "session_data", "models", "error", "oidc", "headers", "config", "events", "auth", "types"]),
    (
        "accounts",
        &[
            "app",
            "session_data",
            "transport",
            "models",
            "error",
            "oidc",
            "config",
            "events",
            "auth",
            "types",
            "platform",
        ],
    ),
    (
        "app",
        &[
            "jobs",
            "mail",
            "session_data",
            "transport",
            "models",
            "oidc",
            "config",
            "events",
            "auth",
            "types",
            "platform",
        ],
    ),
    ("jobs", &["mail", "models", "error", "events", "auth", "types", "platform"]),
    ("mail", &["config", "types", "platform"]),
    ("session_data", &["models", "error", "config", "auth", "types", "platform"]),
    ("transport", &["error", "headers", "auth", "types"]),
    ("models", &["error", "events", "auth", "types", "platform"]),
    ("error", &["oidc", "auth", "types", "platform"]),
    ("oidc", &["config", "types", "platform"]),
    ("config", &["auth", "types", "platform"]),
    ("teaching_provider", &["headers", "platform"]),
    ("headers", &[]),
    ("events", &["auth", "types"]),
    ("auth", &["types", "platform"]),
    ("types", &["platform"]),
    ("platform", &[]),
];

type Arrows = BTreeSet<(String, String)>;

/// Returns the arrows of the list.
fn allowed() -> Arrows {
    let arrows = MODULES.iter().flat_map(|(from, uses)| uses.iter().map(|to| ((*from).to_owned(), (*to).to_owned())));
    arrows.collect()
}

/// Returns the arrows of the source, each with the first line that has it.
fn used() -> BTreeMap<(String, String), String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut used = BTreeMap::new();
    for file in rust_files(&src) {
        let path = file.strip_prefix(&src).unwrap();
        let mut modules: Vec<_> =
            path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        modules.retain(|module| module != "mod");
        let from = modules[0].clone();
        if ["lib", "main"].contains(&&*from) {
            continue;
        }
        for (number, to) in arrows_in(&fs::read_to_string(&file).unwrap(), modules.len()) {
            if to != from {
                used.entry((from.clone(), to)).or_insert_with(|| format!("src/{}:{number}", path.display()));
            }
        }
    }
    used
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the top-level modules that a text names after `crate::`, or after the `super::`s that lead from `depth` to
/// the root, with their line numbers. Comments do not count.
fn arrows_in(text: &str, depth: usize) -> Vec<(usize, String)> {
    let without_comments: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let text = without_comments.join("\n");
    let root = "super::".repeat(depth);
    let mut arrows = Vec::new();
    for prefix in ["crate::", &*root] {
        for (position, _) in text.match_indices(prefix) {
            let before = text[..position].chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '_' | ':')) {
                continue;
            }
            let number = text[..position].lines().count();
            let names = first_names(&text[position + prefix.len()..]);
            arrows.extend(names.into_iter().filter(|name| is_module(name)).map(|name| (number, name)));
        }
    }
    arrows
}

/// Returns the first name of a path, or of each path in `{a, b::{c, d}}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut level, mut start, mut names) = (0, 0, Vec::new());
    for (position, character) in group.char_indices() {
        match character {
            '{' => level += 1,
            '}' if level > 0 => level -= 1,
            ',' | '}' if level == 0 => {
                names.push(name(&group[start..position]));
                start = position + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn is_module(name: &str) -> bool {
    MODULES.iter().any(|(module, _)| *module == name)
}

#[test]
fn modules_use_only_what_the_list_allows() {
    let allowed = allowed();
    let new: Vec<_> = used().into_iter().filter(|(arrow, _)| !allowed.contains(arrow)).collect();
    assert!(new.is_empty(), "arrows that the list does not allow: {new:#?}");
}

#[test]
fn list_has_no_entry_without_use() {
    let used = used();
    let stale: Vec<_> = allowed().into_iter().filter(|arrow| !used.contains_key(arrow)).collect();
    assert!(stale.is_empty(), "entries that nothing uses: {stale:#?}");
}

#[test]
fn list_has_no_cycle() {
    let position = |name: &str| MODULES.iter().position(|(module, _)| *module == name);
    let upwards: Vec<_> = allowed().into_iter().filter(|(from, to)| position(to) <= position(from)).collect();
    assert!(upwards.is_empty(), "arrows that do not point down: {upwards:#?}");
}

#[test]
fn list_and_overview_name_every_module_in_the_same_order() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let overview: Vec<_> = lib.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next()).collect();
    let listed: Vec<_> = MODULES.iter().map(|(module, _)| *module).collect();
    assert_eq!(overview, listed);
    let declared: BTreeSet<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, listed.into_iter().collect());
}

#[test]
fn paths_are_found_in_groups_and_after_super() {
    let text = "use crate::{app, models::{item, user}, error};\nlet x = crate::views::X; // crate::cli\nuse super::super::jobs;";
    let names: Vec<_> = arrows_in(text, 2).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(names, ["1 app", "1 models", "1 error", "2 views", "3 jobs"]);
}
