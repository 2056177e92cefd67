//! Mistakes that people make who come from other tools or type fast, and how many of them the first
//! quick fix mends: after it, the file has no fault.

use super::client::Editor;
use super::scenarios::{apply, base, read_scenarios};
use crate::program::{Folder, root};
use serde_json::{Value, json};

/// The first fix that the editor offers for the file.
fn first_fix(editor: &mut Editor, path: &str, text: &str) -> Option<String> {
    let end = json!({ "line": text.lines().count(), "character": 0 });
    let uri = editor.uri(path);
    let params = json!({
        "textDocument": { "uri": uri },
        "range": { "start": { "line": 0, "character": 0 }, "end": end },
        "context": { "diagnostics": [] },
    });
    let actions = editor.request("textDocument/codeAction", params);
    let edits = actions.get(0)?["edit"]["changes"][&uri].clone();
    Some(apply(text, &edits))
}

fn faults(editor: &mut Editor, path: &str) -> Vec<Value> {
    editor.settle();
    editor.faults.get(path).cloned().unwrap_or_default()
}

#[test]
fn thirty_of_fifty_five_mistakes_are_mended_by_one_keystroke() {
    let folder = Folder::new();
    for (path, text) in base() {
        folder.write(&path, &text);
    }
    let text = std::fs::read_to_string(root().join("tests/lsp/newcomer.txt")).unwrap();
    let mistakes = read_scenarios(&text);
    assert_eq!(mistakes.len(), 55);
    let mut editor = Editor::start(&folder);
    let mut left = Vec::new();
    for mistake in &mistakes {
        let (path, text) = &mistake.buffer;
        editor.open(path, text);
        let before = faults(&mut editor, path);
        assert!(!before.is_empty(), "{}: no fault", mistake.title);
        match first_fix(&mut editor, path, text) {
            Some(fixed) => {
                editor.replace(path, &fixed);
                let after = faults(&mut editor, path);
                assert!(after.is_empty(), "{}: {fixed}{after:#?}", mistake.title);
            }
            None => left.push(mistake.title.as_str()),
        }
        editor.close(path);
    }
    let mended = mistakes.len() - left.len();
    if std::env::var_os("INGAM_MEASURE").is_some() {
        println!(
            "{mended} of {} mistakes, without:\n{}",
            mistakes.len(),
            left.join("\n")
        );
    }
    assert!(mended >= 40, "{mended} are mended, not {left:#?}");
}
