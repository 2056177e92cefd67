//! The arrows between rooms. A new arrow is a visible edit of this table.

use super::program::root;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room → the rooms that it may import. Ground may be imported by all.
const ARROWS: &[(&str, &[&str])] = &[
    // Ground.
    ("span", &[]),
    ("method", &[]),
    ("value", &[]),
    ("diagnostic", &["span"]),
    ("calendar", &["diagnostic", "value"]),
    ("charset", &[]),
    ("platform", &[]),
    ("atomic_file", &["platform"]),
    ("plain_file", &["platform"]),
    ("body_stream", &["atomic_file", "private_file"]),
    ("redact", &["secret", "value", "wire"]),
    ("secret", &[]),
    ("file_name", &[]),
    ("awake_timeout", &[]),
    ("core_dump", &["platform"]),
    ("host", &["core_dump"]),
    ("wire", &["body_stream", "charset", "method", "value"]),
    // Nouns.
    ("jsonpath", &["diagnostic", "value"]),
    ("xml", &["diagnostic", "value"]),
    ("conversion", &["calendar", "jsonpath", "model", "value"]),
    (
        "model",
        &[
            "calendar", "jsonpath", "method", "span", "value", "xml", "charset", "wire",
        ],
    ),
    ("schemes", &[]),
    // Corridor.
    ("yaml", &["diagnostic", "span", "value"]),
    ("request_file", &["method", "value", "yaml"]),
    (
        "render",
        &[
            "calendar",
            "conversion",
            "diagnostic",
            "file_name",
            "jsonpath",
            "model",
            "span",
            "value",
            "wire",
            "charset",
        ],
    ),
    (
        "check",
        &[
            "calendar",
            "conversion",
            "diagnostic",
            "jsonpath",
            "method",
            "model",
            "span",
            "value",
            "wire",
            "xml",
        ],
    ),
    (
        "sign",
        &[
            "calendar", "method", "model", "render", "secret", "span", "value", "wire",
        ],
    ),
    (
        "load",
        &[
            "calendar",
            "charset",
            "check",
            "diagnostic",
            "jsonpath",
            "method",
            "model",
            "redact",
            "render",
            "schemes",
            "span",
            "value",
            "wire",
            "yaml",
            "plain_file",
            "file_name",
            "charset",
            "xml",
        ],
    ),
    ("plan", &["diagnostic", "load", "model", "render", "span"]),
    ("event", &["redact", "span"]),
    (
        "import",
        &[
            "diagnostic",
            "jsonpath",
            "method",
            "model",
            "request_file",
            "sign",
            "span",
            "value",
            "wire",
            "yaml",
        ],
    ),
    (
        "takeover",
        &[
            "file_name",
            "import",
            "model",
            "redact",
            "render",
            "request_file",
            "secret",
            "sign",
            "value",
            "wire",
            "xml",
            "yaml",
        ],
    ),
    (
        "export",
        &[
            "method", "model", "redact", "render", "span", "value", "wire",
        ],
    ),
    // Edges.
    (
        "transport",
        &[
            "awake_timeout",
            "body_stream",
            "event",
            "method",
            "secret",
            "wire",
        ],
    ),
    (
        "budget",
        &[
            "platform",
            "database",
            "host",
            "method",
            "model",
            "private_file",
            "secret",
            "sign",
            "value",
            "wire",
            "plain_file",
        ],
    ),
    (
        "snapshot",
        &[
            "check",
            "atomic_file",
            "jsonpath",
            "model",
            "span",
            "value",
            "wire",
            "xml",
            "yaml",
            "plain_file",
        ],
    ),
    ("inbound", &["sign", "wire"]),
    ("private_file", &["atomic_file", "plain_file", "platform"]),
    ("database", &["awake_timeout"]),
    (
        "credentials",
        &[
            "atomic_file",
            "diagnostic",
            "model",
            "private_file",
            "redact",
            "render",
            "secret",
            "sign",
            "value",
            "plain_file",
        ],
    ),
    (
        "tokens",
        &[
            "atomic_file",
            "awake_timeout",
            "credentials",
            "database",
            "host",
            "model",
            "private_file",
            "secret",
            "sign",
            "value",
            "plain_file",
        ],
    ),
    ("ledger", &["atomic_file", "platform", "private_file"]),
    ("trust", &["atomic_file", "value", "plain_file", "wire"]),
    ("last_run", &["atomic_file", "plain_file"]),
    (
        "output_files",
        &["atomic_file", "body_stream", "plain_file", "platform"],
    ),
    // Users of the corridor.
    (
        "mistake",
        &[
            "calendar", "charset", "method", "model", "redact", "render", "sign", "span", "value",
            "wire",
        ],
    ),
    (
        "editor",
        &[
            "diagnostic",
            "jsonpath",
            "load",
            "method",
            "model",
            "plan",
            "redact",
            "render",
            "schemes",
            "sign",
            "snapshot",
            "span",
            "value",
            "yaml",
        ],
    ),
    (
        "lsp",
        &[
            "atomic_file",
            "diagnostic",
            "editor",
            "model",
            "plain_file",
            "platform",
            "private_file",
            "schemes",
        ],
    ),
    (
        "gateway",
        &[
            "budget",
            "calendar",
            "diagnostic",
            "event",
            "inbound",
            "method",
            "model",
            "redact",
            "run",
            "secret",
            "sign",
            "transport",
            "value",
            "wire",
        ],
    ),
    ("otlp", &["event", "host", "secret", "transport", "wire"]),
    (
        "push",
        &[
            "calendar",
            "inbound",
            "method",
            "mistake",
            "model",
            "redact",
            "sign",
            "transport",
            "value",
            "wire",
        ],
    ),
    (
        "renew",
        &[
            "platform",
            "budget",
            "calendar",
            "check",
            "host",
            "model",
            "redact",
            "render",
            "secret",
            "sign",
            "tokens",
            "transport",
            "value",
            "wire",
        ],
    ),
    (
        "recording",
        &[
            "platform",
            "atomic_file",
            "jsonpath",
            "load",
            "model",
            "redact",
            "value",
            "wire",
            "yaml",
            "plain_file",
            "xml",
        ],
    ),
    (
        "sandbox",
        &[
            "calendar",
            "diagnostic",
            "host",
            "inbound",
            "load",
            "method",
            "mistake",
            "model",
            "recording",
            "redact",
            "render",
            "secret",
            "sign",
            "transport",
            "value",
            "wire",
        ],
    ),
    (
        "run",
        &[
            "awake_timeout",
            "budget",
            "check",
            "conversion",
            "credentials",
            "diagnostic",
            "event",
            "export",
            "host",
            "jsonpath",
            "ledger",
            "method",
            "mistake",
            "model",
            "plan",
            "recording",
            "redact",
            "render",
            "renew",
            "sandbox",
            "secret",
            "sign",
            "snapshot",
            "span",
            "tokens",
            "transport",
            "value",
            "wire",
            "output_files",
            "xml",
        ],
    ),
    ("report", &["diagnostic", "event", "redact", "span"]),
    // Roof: it may import everything, and nothing imports it.
    (
        "cli",
        &[
            "platform",
            "atomic_file",
            "budget",
            "calendar",
            "check",
            "core_dump",
            "credentials",
            "diagnostic",
            "editor",
            "event",
            "export",
            "gateway",
            "host",
            "import",
            "inbound",
            "last_run",
            "ledger",
            "load",
            "lsp",
            "mistake",
            "model",
            "otlp",
            "plan",
            "private_file",
            "push",
            "recording",
            "redact",
            "render",
            "renew",
            "report",
            "request_file",
            "run",
            "sandbox",
            "schemes",
            "secret",
            "sign",
            "snapshot",
            "span",
            "tokens",
            "transport",
            "trust",
            "value",
            "wire",
            "plain_file",
            "output_files",
            "takeover",
        ],
    ),
];

#[test]
fn arrows_point_only_where_the_table_says() {
    let mut wrong = Vec::new();
    for (room, file) in files() {
        let allowed = ARROWS
            .iter()
            .find(|(name, _)| *name == room)
            .map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!("`{room}` is a room without a line in the table"));
            continue;
        };
        for used in imports(&file) {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: `{room}` imports `{used}`",
                    file.strip_prefix(root()).unwrap().display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_arrow_that_nobody_uses() {
    let used: BTreeSet<(String, String)> = files()
        .into_iter()
        .flat_map(|(room, file)| {
            imports(&file)
                .into_iter()
                .map(move |used| (room.clone(), used))
        })
        .collect();
    let idle: Vec<String> = ARROWS
        .iter()
        .flat_map(|(room, allowed)| {
            allowed
                .iter()
                .map(move |used| ((*room).to_owned(), (*used).to_owned()))
        })
        .filter(|arrow| !used.contains(arrow))
        .map(|(room, used)| format!("{room} -> {used}"))
        .collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

/// Word → the only places that may say it, below `src`.
const KEPT: &[(&str, &[&str])] = &[
    ("reqwest::", &["transport/"]),
    ("minijinja::", &["render/"]),
    ("granit_parser::", &["yaml/"]),
    ("jsonpath_rust::", &["jsonpath/"]),
    ("similar::", &["snapshot/"]),
    ("clap::", &["cli/"]),
    ("quick_junit::", &["report/"]),
    ("std::env::", &["main.rs", "cli/testing.rs"]),
    ("SystemTime::now", &["main.rs", "cli/testing.rs"]),
    ("getrandom::", &["main.rs", "cli/testing.rs"]),
    (
        "WireRequest::sealed(",
        &["sign/", "wire/request.rs", "export/tests.rs"],
    ),
    (
        "TcpListener",
        &["gateway/", "inbound/", "push/", "sandbox/", "transport/"],
    ),
    ("cookie::", &["run/cookies.rs"]),
    ("lsp_server::", &["lsp/"]),
    ("lsp_types::", &["lsp/"]),
];

#[test]
fn what_one_room_keeps_is_in_no_other() {
    let mut wrong = Vec::new();
    for file in sources() {
        let below = file
            .strip_prefix(root().join("src"))
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (word, places) in KEPT {
            if text.contains(word) && !places.iter().any(|place| below.starts_with(place)) {
                wrong.push(format!("{below} says `{word}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What reads or opens files, and the only places outside of `plain_file` that do: each opens to
/// write or to lock, or reads what it has opened itself.
const OPENS_FILES: &[(&str, &[&str])] = &[
    ("fs::read(", &[]),
    ("fs::read_to_string(", &[]),
    ("fs::copy(", &[]),
    (
        "File::open(",
        &[
            // Folders: to sync or lock them, or to count descriptors.
            "platform/unix/files.rs",
            "platform/unix/process.rs",
        ],
    ),
    ("File::options(", &["platform/windows.rs"]),
    (
        "OpenOptions::new(",
        &[
            // They write, lock, or open what only the user can change.
            "budget/file_limiters.rs",
            "cli/named_output.rs",
            "cli/command/init.rs",
            "cli/command/sandbox/authority_folder.rs",
            "cli/command/scheme/add.rs",
            "cli/report_outputs.rs",
            "credentials/resolution.rs",
            "body_stream.rs",
            "ledger.rs",
            "output_files.rs",
            "private_file.rs",
            "tokens/file_store.rs",
            "tokens/local_inbox.rs",
            "tokens/response_file.rs",
        ],
    ),
    (
        ".read_to_end(",
        &[
            // What was packed inside of a body, and the job of the renewal, from our own process.
            "recording/compressed.rs",
            "cli/command/renew_helper.rs",
            // A window, or the beginning, of a file that this very process is writing.
            "body_stream.rs",
            "redact/redactor.rs",
            // Standard input, up to the limit of a text with requests or of a body.
            "cli/command/call/given_file.rs",
            "cli/command/verify/given_text.rs",
        ],
    ),
    // At most one megabyte of standard input.
    (
        ".read_to_string(",
        &["cli/command/auth/import.rs", "cli/command/auth/set.rs"],
    ),
];

/// A file that people or other programs can change is read by `plain_file` only, which refuses
/// devices and pipes and reads no more than a limit.
#[test]
fn files_are_read_in_one_place() {
    let mut wrong = Vec::new();
    for file in sources() {
        let below = file.strip_prefix(root().join("src")).unwrap();
        let below = below.to_string_lossy().into_owned();
        if below == "plain_file.rs" {
            continue;
        }
        let code = code_without_tests(&file);
        for (word, places) in OPENS_FILES {
            if code.contains(word) && !places.contains(&below.as_str()) {
                wrong.push(format!("{below} says `{word}`: use `plain_file`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Built-in schemes that are named after a standard, whose name Rust may say.
const GENERIC_SCHEMES: [&str; 10] = [
    "api-key",
    "aws-sigv4",
    "basic",
    "bearer",
    "http-message-signatures",
    "jwt",
    "none",
    "oauth1",
    "oauth2-client-credentials",
    "oauth2-code",
];

/// Every marketplace that a file of `src/schemes/` is named after.
fn marketplace_names() -> Regex {
    let mut names = vec!["naver".to_owned(), "tiktok".to_owned()];
    for folder in ["src/schemes", "src/schemes/unproven"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_scheme = path
                .extension()
                .is_some_and(|extension| extension == "yaml");
            if is_scheme && !GENERIC_SCHEMES.contains(&name) {
                names.push(name.replace('-', "[-_ ]?"));
            }
        }
    }
    assert!(names.len() > 50, "{names:?}");
    Regex::new(&format!(r"(?i)\b(?:{})\b", names.join("|"))).unwrap()
}

/// A marketplace is data: its name stands in no Rust file, but for the list of files that the
/// program embeds, the texts of the command line, and tests.
#[test]
fn no_marketplace_is_named_in_rust() {
    let names = marketplace_names();
    let mut wrong = Vec::new();
    for file in sources() {
        let code = code_without_tests(&file);
        for (number, line) in (1..).zip(code.lines()) {
            let comment = line.trim_start().starts_with("//");
            if names.is_match(line) && !comment {
                let below = file
                    .strip_prefix(root().join("src"))
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                if !below.starts_with("cli/")
                    && below != "schemes/mod.rs"
                    && !line.contains("scheme: coupang")
                    && !line.contains("Diagnostic")
                {
                    wrong.push(format!("{below}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words that only one system knows. `platform` has a function for each, with its counterpart.
const OF_ONE_SYSTEM: &[&str] = &[
    "std::os::",
    "rustix",
    "libc::",
    "tokio::signal",
    "process_group(",
    "creation_flags(",
    "cfg(unix",
    "cfg(windows",
    "cfg(not(unix",
    "cfg(not(windows",
    "target_os",
    "target_family",
    "\"/proc/",
    "\"/dev/",
];

/// Everything outside of one room compiles on every system, so that a machine with one of them is
/// enough to change it.
#[test]
fn no_system_is_named_outside_of_its_room() {
    let test_module = Regex::new(r"#\[cfg\((?:all\()?test").unwrap();
    let mut wrong = Vec::new();
    for (room, file) in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = test_module.split(&text).next().unwrap();
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|_| room != "platform") {
            if let Some(word) = OF_ONE_SYSTEM.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{}: `{word}` in {}", file.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What one system exports, the other one does too: `pub(crate)` functions and types of both.
#[test]
fn every_system_has_every_function() {
    let item = Regex::new(r"(?m)^pub\(crate\) (?:async )?(?:fn|struct) (\w+)").unwrap();
    let names = |folder: &str| -> BTreeSet<String> {
        let of_system = sources().into_iter().filter(|file| {
            let below = file.strip_prefix(root().join("src/platform")).ok();
            below.is_some_and(|below| below.to_string_lossy().starts_with(folder))
        });
        let texts: String = of_system
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        let found = item.captures_iter(&texts);
        found.map(|found| found[1].to_owned()).collect()
    };
    let unix = names("unix/");
    assert_eq!(unix, names("windows.rs"));
    assert!(unix.len() > 15, "{unix:?}");
}

/// Names of types that may stand twice, each with its reason.
const TWICE: &[(&str, &str)] = &[("StopSignalStream", "each system has its own")];

/// A type name has one meaning in the crate, private ones included: who reads it in an error of the
/// compiler or in a diff must not need its module.
#[test]
fn a_type_name_has_one_meaning() {
    let definition =
        Regex::new(r"(?m)^(?:pub(?:\([a-z: ]+\))? )?(?:struct|enum|trait|type|union) ([A-Z]\w*)")
            .unwrap();
    let mut places: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        for found in definition.captures_iter(&text) {
            places
                .entry(found[1].to_owned())
                .or_default()
                .insert(file.clone());
        }
    }
    let wrong: Vec<String> = places
        .iter()
        .filter(|(name, files)| files.len() > 1 && TWICE.iter().all(|(allowed, _)| allowed != name))
        .map(|(name, files)| format!("{name}: {files:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            !text.starts_with("//!") && !text.starts_with("#![doc")
        })
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

pub fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    found.sort();
    found
}

/// Every source file with the room that it belongs to.
fn files() -> Vec<(String, PathBuf)> {
    let in_room = |file: PathBuf| {
        let below = file.strip_prefix(root().join("src")).unwrap().to_owned();
        let first = below
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        (first.trim_end_matches(".rs").to_owned(), file)
    };
    sources()
        .into_iter()
        .map(in_room)
        .filter(|(room, _)| !["lib", "main", "internals"].contains(&room.as_str()))
        .collect()
}

/// The text of a source file up to its module of tests; nothing of a file that is one.
pub fn code_without_tests(file: &Path) -> String {
    let name = file.file_stem().unwrap().to_string_lossy();
    if ["tests", "test_support", "test_documents"].contains(&&*name) || name.ends_with("_tests") {
        return String::new();
    }
    let mut text = std::fs::read_to_string(file).unwrap();
    let module = Regex::new(r"(?m)^#\[cfg\(.*\btest\b.*\)\]\n(#\[.*\]\n)*mod \w+ \{").unwrap();
    if let Some(found) = module.find(&text) {
        text.truncate(found.start());
    }
    text
}

fn imports(file: &Path) -> BTreeSet<String> {
    let code = code_without_tests(file);
    let single = Regex::new(r"crate::([a-z_]+)").unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    single
        .captures_iter(&code)
        .map(|found| found[1].to_owned())
        .collect()
}
