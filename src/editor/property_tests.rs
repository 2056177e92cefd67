//! Laws of what an editor asks, for texts that are cut and changed anywhere.

use super::*;
use proptest::prelude::*;
use std::path::Path;

const REQUEST: &str = "scheme: bearer\nneeds: item\nvars: { n: 5 }\nsteps:\n  - name: list\n    get: /v1/shop\n    query: { 이름: \"🎧 {{ n | round(2) }}\", a: '{{ item.id }}' }\n    assert:\n      $.data.items[0]: { equals: \"{{ n }}\" }\n      header.x: { matches: '^a' }\n    capture: { cursor: $.next }\n  - name: next\n    post: \"/x/{{ cursor }}\"\n    json: |\n      text {\n";
const WORDS: [&str; 14] = [
    "", "\n", " ", ":", "- ", "{{ ", " }}", "\"", "'", "{", "[", "$.data.", "한🎧", "#",
];

fn workspace() -> (tempfile::TempDir, EditorWorkspace) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("ingam.yaml", "vars: { page: 1 }\n"),
        (
            "fixtures/item.yaml",
            "scheme: none\nsteps: [{ post: / }]\nvalues: { id: 1 }\n",
        ),
        ("requests/a.yaml", REQUEST),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let editor = EditorWorkspace::open(folder.path(), 1, EditorHooks::of_loader()).unwrap();
    (folder, editor)
}

/// Asks everything at an offset; places must lie in the text, and between letters.
fn ask_everything(editor: &EditorWorkspace, path: &Path, text: &str, offset: usize) {
    let is_place = |range: &std::ops::Range<usize>| text.get(range.clone()).is_some();
    for found in completions(editor, path, offset) {
        assert!(is_place(&found.range), "{found:?}");
    }
    for found in highlights(editor, path) {
        assert!(is_place(&found.range), "{found:?}");
    }
    for fault in editor.faults_in(path) {
        let parsed = editor.parsed(path);
        for fix in fixes_of(
            fault,
            text,
            parsed.as_ref().map(|parsed| parsed.tree.as_ref()),
        ) {
            let edits = fix.edits.iter();
            assert!(edits.map(|edit| &edit.range).all(is_place), "{fix:?}");
        }
    }
    drop(hover(editor, path, offset));
    drop(definitions(editor, path, offset));
    drop(references(editor, path, offset));
    drop(rename(editor, path, offset, "other"));
    drop(file_symbols(editor, path));
    drop(folds(editor, path));
    let mut inner = None;
    for range in selections(editor, path, offset) {
        let holds =
            |inner: &std::ops::Range<usize>| range.start <= inner.start && inner.end <= range.end;
        assert!(inner.as_ref().is_none_or(holds));
        inner = Some(range);
    }
    drop(lenses(editor, path));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_asked_at_any_place_of_any_text_panics(
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        word in 0..WORDS.len(),
        keeps_rest in any::<bool>(),
    ) {
        let (_folder, mut editor) = workspace();
        let path = Path::new("requests/a.yaml");
        let letters: Vec<(usize, char)> = REQUEST.char_indices().collect();
        let (at, cut) = (letters[at.index(letters.len())].0, letters[cut.index(letters.len())].0);
        let rest = if keeps_rest { &REQUEST[at..] } else { &REQUEST[cut.max(at)..] };
        let text = format!("{}{}{rest}", &REQUEST[..at], WORDS[word]);
        editor.set_buffer(path, Some(text.as_str().into()));
        editor.refresh();
        let cursor = at + WORDS[word].len();
        ask_everything(&editor, path, &text, cursor);
        ask_everything(&editor, path, &text, at);
        ask_everything(&editor, path, &text, text.len());
    }
}
