//! Faults are those of `ingam check`, for buffers that are not saved.

use super::client::Editor;
use crate::program::{Folder, ingam};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Files with faults of many kinds, in more than one file.
const FAULTY: [(&str, &str); 12] = [
    (
        "ingam.yaml",
        "envs:\n  live:\n    accounts:\n      shopee:\n        sg: { shop_id: 1, partner_key: abcdefghijklmnop }\n",
    ),
    (
        "requests/keys.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\nasert:\n  status: 200\nheadrs: {}\n",
    ),
    (
        "requests/names.yaml",
        "scheme: shopee\nlevel: shpo\nget: /api/v2/shop/get_shop_info\nquery: { a: \"{{ pge_size }}\" }\n",
    ),
    ("requests/broken.yaml", "scheme: shopee\nget: {{ path }}\n"),
    ("requests/tab.yaml", "scheme: none\n\tget: /\n"),
    ("requests/twice.yaml", "scheme: none\nget: /\nget: /b\n"),
    ("requests/scheme.yaml", "scheme: shoppe\nget: /\n"),
    (
        "requests/needs.yaml",
        "scheme: none\nget: /\nneeds: [itm]\n",
    ),
    (
        "fixtures/item.yaml",
        "scheme: none\nsteps:\n  - post: /items\n    capture: { id: $.id }\nvalues: { id: \"{{ idd }}\" }\n",
    ),
    (
        "fixtures/recordings/keys.yaml",
        "scheme: shopee\nexchanges:\n  - request: { get: /x }\n    respnse: { status: 200 }\n",
    ),
    (
        "schemes/own.yaml",
        "hosts: { live: \"https://example.com\" }\nlevels: { a: {} }\nsgn: []\n",
    ),
    (
        "requests/ok.yaml",
        "scheme: none\nget: /\nok: true\nassert: { status: 404 }\n",
    ),
];

/// What `ingam check --json` says: file → faults with severity, texts, places and hints.
fn checked(folder: &Folder) -> BTreeMap<String, Vec<Value>> {
    let output = ingam(folder.path())
        .args(["check", "--json"])
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for fault in document["faults"].as_array().unwrap() {
        let mut message = fault["message"].as_str().unwrap().to_owned();
        if let Some(label) = fault["labels"][0]["text"]
            .as_str()
            .filter(|text| !text.is_empty())
        {
            message = format!("{message}: {label}");
        }
        for hint in fault["hints"].as_array().unwrap() {
            message = format!("{message}\nhelp: {}", hint.as_str().unwrap());
        }
        let others = fault["labels"].as_array().unwrap().iter().skip(1);
        let others: Vec<Value> = others
            .map(|label| {
                json!([
                    label["place"]["file"],
                    label["place"]["line"],
                    label["text"]
                ])
            })
            .collect();
        by_file
            .entry(fault["file"].as_str().unwrap_or("ingam.yaml").to_owned())
            .or_default()
            .push(json!([
                fault["severity"],
                message,
                fault["place"]["line"],
                others
            ]));
    }
    by_file
}

/// The same from what the editor got.
fn published(editor: &mut Editor) -> BTreeMap<String, Vec<Value>> {
    editor.settle();
    let root = format!("{}/", editor.uri(""));
    let mut by_file = BTreeMap::new();
    for (path, faults) in editor
        .faults
        .iter()
        .filter(|(_, faults)| !faults.is_empty())
    {
        let line = |range: &Value| range["start"]["line"].as_u64().unwrap() + 1;
        let faults: Vec<Value> = faults
            .iter()
            .map(|fault| {
                let others = fault["relatedInformation"].as_array();
                let others: Vec<Value> = others
                    .into_iter()
                    .flatten()
                    .map(|other| {
                        let uri = other["location"]["uri"].as_str().unwrap();
                        let file = uri.strip_prefix(&root).unwrap();
                        json!([file, line(&other["location"]["range"]), other["message"]])
                    })
                    .collect();
                let severity = if fault["severity"] == 1 {
                    "error"
                } else {
                    "warning"
                };
                json!([severity, fault["message"], line(&fault["range"]), others])
            })
            .collect();
        by_file.insert(path.clone(), faults);
    }
    by_file
}

#[test]
fn faults_are_those_of_check_saved_or_not() {
    let saved = Folder::new();
    for (path, text) in FAULTY {
        saved.write(path, text);
    }
    let expected = checked(&saved);
    assert!(expected.len() > 9, "{expected:#?}");
    let mut editor = Editor::start(&saved);
    assert_eq!(published(&mut editor), expected);
    assert_eq!(editor.end(), 0);

    let unsaved = Folder::new();
    unsaved.write("ingam.yaml", "");
    let mut editor = Editor::start(&unsaved);
    for (path, text) in FAULTY {
        editor.open(path, text);
    }
    assert_eq!(published(&mut editor), expected);
    // Closed without saving: only what is on the disk counts.
    for (path, _) in FAULTY {
        editor.close(path);
    }
    assert_eq!(published(&mut editor), checked(&unsaved));
}

#[test]
fn a_change_shows_its_faults_in_every_file_that_it_touches() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "vars: { size: 5 }\n");
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /\nquery: { a: \"{{ size }}\" }\n",
    );
    folder.write(
        "requests/b.yaml",
        "scheme: none\nget: /\nquery: { a: \"{{ size }}\" }\n",
    );
    let mut editor = Editor::start(&folder);
    assert!(editor.messages_by_file().is_empty());
    editor.open("ingam.yaml", "vars: { sze: 5 }\n");
    let found = editor.messages_by_file();
    let files: Vec<&String> = found.keys().collect();
    assert_eq!(files, ["requests/a.yaml", "requests/b.yaml"]);
    editor.replace("ingam.yaml", "vars: { size: 5 }\n");
    assert!(editor.messages_by_file().is_empty());
}

#[test]
fn a_file_that_changes_on_the_disk_is_seen_when_the_editor_says_so() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write("requests/a.yaml", "scheme: none\nget: /\nneeds: item\n");
    folder.write(
        "requests/b.yaml",
        "scheme: none\nget: /\ncases: { file: data/cases.csv }\n",
    );
    let mut editor = Editor::start(&folder);
    let found = editor.messages_by_file();
    assert_eq!(found.len(), 2, "{found:#?}");
    folder.write("fixtures/item.yaml", "scheme: none\nsteps: [{ get: / }]\n");
    folder.write("data/cases.csv", "id,x\n1,2\n");
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    assert!(editor.messages_by_file().is_empty());
    folder.write("data/cases.csv", "id,x\n1,2,3\n");
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    assert!(editor.messages_by_file().contains_key("requests/b.yaml"));
}

#[test]
fn no_credential_of_a_file_is_in_a_message() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write(".env", "INGAM_SHOPEE__PARTNER_KEY=kZ82hhQ0dk1LmmPq7xWv\n");
    let mut editor = Editor::start(&folder);
    editor.open("requests/a.yaml", "scheme: kZ82hhQ0dk1LmmPq7xWv\nget: /\n");
    let found = editor.messages_by_file();
    assert!(
        !format!("{found:?}").contains("kZ82hhQ0dk1LmmPq7xWv"),
        "{found:?}"
    );
    assert_eq!(found.len(), 1);
}

fn folders(editor: &Editor, names: &[&str]) -> Vec<Value> {
    let folder = |name: &&str| json!({ "uri": editor.uri(name), "name": name });
    names.iter().map(folder).collect()
}

fn change_folders(editor: &mut Editor, added: &[&str], removed: &[&str]) {
    let event = json!({ "added": folders(editor, added), "removed": folders(editor, removed) });
    editor.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({ "event": event }),
    );
}

#[test]
fn folders_that_are_added_show_their_faults_and_removed_ones_take_them_along() {
    let folder = Folder::new();
    for name in ["one", "two"] {
        folder.write(&format!("{name}/ingam.yaml"), "");
        let path = format!("{name}/requests/a.yaml");
        folder.write(&path, "scheme: nne\nget: /\n");
    }
    let mut editor = Editor::start(&folder);
    assert!(editor.messages_by_file().is_empty());
    change_folders(&mut editor, &["one", "two"], &[]);
    let found = editor.messages_by_file();
    let files: Vec<&String> = found.keys().collect();
    assert_eq!(files, ["one/requests/a.yaml", "two/requests/a.yaml"]);
    editor.open("one/requests/b.yaml", "scheme: nne\nget: /\n");
    assert_eq!(editor.messages_by_file().len(), 3);
    // The client started with the folder above, and closes it.
    change_folders(&mut editor, &[], &["", "one"]);
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let found = editor.messages_by_file();
    let files: Vec<&String> = found.keys().collect();
    assert_eq!(files, ["two/requests/a.yaml"]);
    // A buffer that stayed open is that of the folder again.
    change_folders(&mut editor, &["one"], &[]);
    assert_eq!(editor.messages_by_file().len(), 3);
}

#[test]
fn a_workspace_that_comes_later_takes_the_buffers_below_its_root() {
    let folder = Folder::new();
    let mut editor = Editor::start(&folder);
    editor.open(
        "shop/fixtures/item.yaml",
        "scheme: nne\nsteps: [{ get: / }]\n",
    );
    assert!(editor.messages_by_file().is_empty());
    folder.write("shop/ingam.yaml", "");
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let found = editor.messages_by_file();
    let files: Vec<&String> = found.keys().collect();
    assert_eq!(files, ["shop/fixtures/item.yaml"]);
}

fn fault_looks(editor: &mut Editor) -> u64 {
    editor.settle();
    let statistics = editor.request("ingam/statistics", json!({}));
    statistics["faultLooks"].as_u64().unwrap()
}

#[test]
fn faults_are_looked_for_only_after_a_change() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write("requests/a.yaml", "scheme: nne\nget: /\n");
    folder.write("requests/b.yaml", "scheme: none\nget: /\n");
    let mut editor = Editor::start(&folder);
    editor.keeps_all = true;
    let at_start = fault_looks(&mut editor);
    let uri = editor.uri("requests/b.yaml");
    let place = json!({ "line": 0, "character": 1 });
    for _ in 0..5 {
        let params = json!({ "textDocument": { "uri": uri }, "position": place });
        editor.request("textDocument/hover", params);
    }
    assert_eq!(fault_looks(&mut editor), at_start);
    editor.events.clear();
    editor.open("requests/b.yaml", "scheme: nne\nget: /\n");
    assert_eq!(fault_looks(&mut editor), at_start + 1);
    // The other file has the faults that it had.
    let published = editor.events.iter();
    let published: Vec<&Value> = published
        .filter(|event| event["method"] == "textDocument/publishDiagnostics")
        .map(|event| &event["params"]["uri"])
        .collect();
    assert_eq!(published, [&json!(uri)]);
}
