//! How long an editor waits in a large workspace, and that nothing is read twice. Figures of 1,000
//! and 10,000 files with `INGAM_MEASURE`, else a workspace of 100 files without figures.

use super::client::Editor;
use crate::program::Folder;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const REQUEST: &str = "scheme: shopee\ntags: [smoke]\nvars: { limit: 5 }\nget: /api/v2/order/get_order_list\nquery: { page_size: \"{{ page_size }}\", cursor: \"{{ limit }}\" }\nassert:\n  status: 200\n  $.response.more: true\n  $.response.list: { length: { at_least: 1 } }\n  $.error: \"\"\ncapture: { next: $.response.next_cursor }\n";
const RECORDING: &str = "format: 2\nscheme: shopee\nexchanges:\n  - request: { get: /api/v2/order/get_order_list, query: { page_size: \"20\", cursor: \"5\" } }\n    response:\n      status: 200\n      json: { error: \"\", response: { more: true, next_cursor: \"20\", list: [{ order_sn: A, total: 12.5 }] } }\n";
const EDITED: &str = "requests/group0/request0.yaml";

fn workspace(files: usize) -> Folder {
    let folder = Folder::new();
    folder.write("ingam.yaml", "vars: { page_size: 20 }\n");
    for at in 0..files {
        let path = format!("requests/group{}/request{at}.yaml", at / 100);
        folder.write(&path, REQUEST);
    }
    folder.write("fixtures/recordings/group0/request0.yaml", RECORDING);
    folder
}

/// One row of the table.
fn print_row(cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>16}")).collect();
    println!("|{} |", cells.join(" |"));
}

fn print_head() {
    let head = [
        "files",
        "first faults",
        "faults after key",
        "completion",
        "hover",
        "memory",
        "files read again",
    ];
    println!("p50 / p99 in ms");
    print_row(&head.map(str::to_owned));
    print_row(&head.map(|_| "---:".to_owned()));
}

/// The median and the 99th percentile, in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    format!("{:.1} / {:.1}", at(50), at(99))
}

fn timed(count: usize, mut work: impl FnMut(usize)) -> Vec<Duration> {
    (0..count)
        .map(|at| {
            let started = Instant::now();
            work(at);
            started.elapsed()
        })
        .collect()
}

/// A key in the first word of the file, with a fault that comes and goes.
fn press(editor: &mut Editor, at: usize) {
    let (from, word) = if at.is_multiple_of(2) {
        ("scheme", "schem")
    } else {
        ("schem", "scheme")
    };
    let end = from.len();
    let change = json!({
        "range": {
            "start": { "line": 0, "character": 0 },
            "end": { "line": 0, "character": end },
        },
        "text": word,
    });
    editor.change(EDITED, json!([change]));
    let uri = editor.uri(EDITED);
    editor.wait_for(|event| {
        event["method"] == "textDocument/publishDiagnostics" && event["params"]["uri"] == json!(uri)
    });
}

#[cfg(target_os = "linux")]
fn resident_mib(editor: &Editor) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", editor.process())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    format!("{} MiB", kib / 1024)
}

#[cfg(not(target_os = "linux"))]
fn resident_mib(_: &Editor) -> String {
    "unknown".to_owned()
}

fn measure(files: usize, keys: usize) {
    let folder = workspace(files);
    let started = Instant::now();
    let mut editor = Editor::start(&folder);
    editor.keeps_all = true;
    editor.open(EDITED, &REQUEST.replacen("scheme", "schem", 1));
    let uri = editor.uri(EDITED);
    editor.wait_for(|event| event["params"]["uri"] == json!(uri));
    let first = started.elapsed();
    let decoded = |editor: &mut Editor| {
        let found = editor.request("ingam/statistics", json!({}));
        found["decodedFiles"].as_u64().unwrap()
    };
    let before = decoded(&mut editor);
    // `schem` is there: an odd press makes it `scheme`.
    let presses = timed(keys, |at| press(&mut editor, at + 1));
    let again = decoded(&mut editor) - before - keys as u64;
    assert_eq!(again, 0, "each key reads one file");
    let place = |line: u32, character: u32| {
        json!({
            "textDocument": { "uri": uri },
            "position": { "line": line, "character": character },
        })
    };
    let completions = timed(keys, |_| {
        let found = editor.request("textDocument/completion", place(7, 13));
        assert!(
            found["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
        );
    });
    let hovers = timed(keys, |_| {
        let found = editor.request("textDocument/hover", place(4, 26));
        assert_ne!(found, Value::Null);
    });
    print_row(&[
        files.to_string(),
        format!("{:.0} ms", first.as_secs_f64() * 1e3),
        percentiles(presses),
        percentiles(completions),
        percentiles(hovers),
        resident_mib(&editor),
        again.to_string(),
    ]);
    assert_eq!(editor.end(), 0);
}

#[test]
fn a_key_reads_one_file_however_large_the_workspace_is() {
    if std::env::var_os("INGAM_MEASURE").is_some() {
        print_head();
        measure(1_000, 201);
        measure(10_000, 101);
    } else {
        measure(100, 11);
    }
}
