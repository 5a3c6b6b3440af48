//! Sets `cfg(daypass_portable)` if the environment variable `DAYPASS_PORTABLE` is set. The build then uses only code that
//! runs on every operating system, so that this code can be tested on Linux.
//!
//! Lists the documents that the service serves, so a new document needs no change of the code.

use std::path::Path;
use std::{env, fs, io};

/// The folders of `docs` whose Markdown files the service serves.
const FOLDERS: [&str; 2] = ["errors", "flows"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=DAYPASS_PORTABLE");
    println!("cargo::rustc-check-cfg=cfg(daypass_portable)");
    if env::var_os("DAYPASS_PORTABLE").is_some() {
        println!("cargo::rustc-cfg=daypass_portable");
    }
    list_documents()
}

/// Writes `documents.rs`, which `src/controllers/docs.rs` includes.
fn list_documents() -> io::Result<()> {
    let mut entries = String::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed=docs/{folder}");
        let mut names = Vec::new();
        for entry in fs::read_dir(Path::new("docs").join(folder))? {
            names.extend(entry?.file_name().to_str().and_then(|name| name.strip_suffix(".md")).map(str::to_owned));
        }
        names.sort_unstable();
        for file in names {
            let name = if file == "README" { "" } else { &file };
            let markdown = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/docs/{folder}/{file}.md\")");
            entries +=
                &format!("Document {{ folder: {folder:?}, name: {name:?}, markdown: include_str!({markdown}) }},\n");
        }
    }
    let out = env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("documents.rs"), format!("const DOCUMENTS: &[Document] = &[\n{entries}];\n"))
}
