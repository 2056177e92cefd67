//! What code lenses start.

use super::client::Editor;
use crate::program::Folder;
use serde_json::{Value, json};

const RECORDING: &str = "format: 2\nscheme: shopee\nexchanges:\n  - request: { get: /api/v2/shop/get_shop_info }\n    response: { status: 200, json: { error: \"\", message: \"\", shop_name: \"강남 🎧\" } }\n";

fn workspace(default_env: &str) -> Folder {
    let folder = Folder::new();
    folder.write("ingam.yaml", &format!("default_env: {default_env}\n"));
    folder.write(
        "requests/shop.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\nassert:\n  $.shop_name: { equals: \"강남\" } # 🎧\n",
    );
    folder.write("fixtures/recordings/shop.yaml", RECORDING);
    folder
}

fn execute(editor: &mut Editor, command: &str, unit: &str) -> Value {
    let uri = editor.uri("requests/shop.yaml");
    let params = json!({ "command": command, "arguments": [uri, unit] });
    editor.ask("workspace/executeCommand", params)
}

fn run_failures(editor: &mut Editor) -> Vec<(Value, String)> {
    editor.settle();
    let faults = editor.faults.get("requests/shop.yaml");
    let failures = faults.into_iter().flatten();
    failures
        .filter(|fault| fault["source"] == "ingam run")
        .map(|fault| {
            let message = fault["message"].as_str().unwrap().to_owned();
            (fault["range"].clone(), message)
        })
        .collect()
}

#[test]
fn a_failed_assertion_is_shown_where_it_stands_with_what_came() {
    let folder = workspace("sandbox");
    let window = json!({ "window": { "workDoneProgress": true } });
    let mut editor = Editor::start_with(&folder, window);
    for command in ["ingam.run", "ingam.replay"] {
        assert_eq!(execute(&mut editor, command, "shop")["result"], Value::Null);
        let begun = editor.wait_for(|event| {
            event["method"] == "$/progress" && event["params"]["value"]["kind"] == "begin"
        });
        assert_eq!(begun["params"]["value"]["cancellable"], true);
        let ended = editor.wait_for(|event| event["method"] == "ingam/runEnded");
        assert_eq!(ended["params"]["exitCode"], 1, "{ended}");
        editor.wait_for(|event| event["params"]["value"]["kind"] == "end");
        let found = run_failures(&mut editor);
        assert_eq!(found.len(), 1, "{found:?}");
        let (range, message) = &found[0];
        assert!(
            message.contains("expected \"강남\"") && message.contains("got \"강남 🎧\""),
            "{message}"
        );
        assert_eq!(range["start"]["line"], 3);
    }
    // An edit makes the failure one of another text.
    editor.open(
        "requests/shop.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\n",
    );
    assert!(run_failures(&mut editor).is_empty());
}

#[test]
fn outside_of_the_sandbox_nothing_is_sent_before_the_user_agrees() {
    let folder = workspace("live");
    let mut editor = Editor::start(&folder);
    for (command, text) in [
        ("ingam.run", "to the marketplace"),
        ("ingam.record", "fixtures/recordings"),
    ] {
        execute(&mut editor, command, "shop");
        let question = editor.wait_for(|event| event["method"] == "window/showMessageRequest");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(
            message.contains("shop in live") && message.contains(text),
            "{message}"
        );
        editor.respond(&question["id"], json!({ "title": "Cancel" }));
        editor.settle();
        assert!(
            editor
                .events
                .iter()
                .all(|event| event["method"] != "ingam/runEnded")
        );
    }
    execute(&mut editor, "ingam.run", "shop");
    let question = editor.wait_for(|event| event["method"] == "window/showMessageRequest");
    editor.respond(&question["id"], json!({ "title": "Continue" }));
    let ended = editor.wait_for(|event| event["method"] == "ingam/runEnded");
    // There are no credentials.
    assert_eq!(ended["params"]["exitCode"], 6, "{ended}");
    editor.wait_for(|event| {
        let message = event["params"]["message"].as_str();
        message.is_some_and(|message| message.contains("INGAM_SHOPEE"))
    });
}

#[test]
fn a_recording_is_shown_and_a_request_explained() {
    let folder = workspace("sandbox");
    let window = json!({ "window": { "showDocument": { "support": true } } });
    let mut editor = Editor::start_with(&folder, window);
    let shown = execute(&mut editor, "ingam.showRecording", "shop");
    let uri = editor.uri("fixtures/recordings/shop.yaml");
    assert_eq!(shown["result"]["uri"], json!(uri));
    let request = editor.wait_for(|event| event["method"] == "window/showDocument");
    assert_eq!(request["params"]["uri"], json!(uri));
    let explained = execute(&mut editor, "ingam.explain", "shop");
    let text = explained["result"].as_str().unwrap();
    assert!(text.contains("/api/v2/shop/get_shop_info"), "{text}");
    let wrong = execute(&mut editor, "ingam.explain", "--env=live");
    assert_eq!(wrong["error"]["code"], -32602);
    let wrong = execute(&mut editor, "ingam.nothing", "shop");
    assert_eq!(wrong["error"]["code"], -32602);
}

fn has_run(editor: &mut Editor) -> bool {
    editor.settle();
    let mut events = editor.events.iter();
    events.any(|event| event["method"] == "ingam/runEnded")
}

#[test]
fn settings_that_are_not_those_of_the_disk_start_nothing() {
    let folder = workspace("live");
    let mut editor = Editor::start(&folder);
    for (text, reason) in [
        ("default_env: sandbox\n", "save the file"),
        ("default_env: [\n", "save the file"),
    ] {
        editor.open("ingam.yaml", text);
        for command in ["ingam.run", "ingam.record", "ingam.replay", "ingam.explain"] {
            let response = execute(&mut editor, command, "shop");
            let message = response["error"]["message"].as_str();
            let is_told = |text: &str| text.contains("`ingam.yaml`") && text.contains(reason);
            assert!(message.is_some_and(is_told), "{command}: {response}");
        }
        assert!(!has_run(&mut editor));
        editor.close("ingam.yaml");
    }
    // The same on the disk, and broken.
    folder.write("ingam.yaml", "default_env: live\nenvs: 5\n");
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let response = execute(&mut editor, "ingam.run", "shop");
    let message = response["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("has errors"), "{response}");
    assert!(!has_run(&mut editor));
}

#[test]
fn a_run_uses_the_environment_that_the_user_agreed_to() {
    let folder = workspace("live");
    let mut editor = Editor::start(&folder);
    execute(&mut editor, "ingam.run", "shop");
    let question = editor.wait_for(|event| event["method"] == "window/showMessageRequest");
    folder.write("ingam.yaml", "default_env: sandbox\n");
    editor.respond(&question["id"], json!({ "title": "Continue" }));
    let ended = editor.wait_for(|event| event["method"] == "ingam/runEnded");
    // In live there are no credentials; in the sandbox the assertion would fail.
    assert_eq!(ended["params"]["exitCode"], 6, "{ended}");
}

fn snapshot_workspace() -> Folder {
    let folder = workspace("sandbox");
    folder.write(
        "requests/shop.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\nsnapshot: true\n",
    );
    folder
}

/// Runs the request, so that its snapshot is pending, and asks for a review.
fn review(editor: &mut Editor) -> Value {
    execute(editor, "ingam.run", "shop");
    let ended = editor.wait_for(|event| event["method"] == "ingam/runEnded");
    assert_eq!(ended["params"]["exitCode"], 8, "{ended}");
    let pending = execute(editor, "ingam.reviewSnapshot", "shop");
    let path = editor.root.join("requests/shop.snap.new");
    assert_eq!(pending["result"], json!([path]));
    let question = editor.wait_for(|event| event["method"] == "window/showMessageRequest");
    let text = "Snapshots of shop that are pending: 1";
    assert_eq!(question["params"]["message"], text);
    question["id"].clone()
}

/// Waits until the pending snapshot is gone: no message says that a review ended well.
fn wait_for_no_pending(editor: &Editor) {
    let pending = editor.root.join("requests/shop.snap.new");
    for _ in 0..3_000 {
        if !pending.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the snapshot stays pending");
}

#[test]
fn a_snapshot_is_accepted_or_rejected_only_when_the_user_says_so() {
    let folder = snapshot_workspace();
    let mut editor = Editor::start(&folder);
    let snapshot = editor.root.join("requests/shop.snap");
    let pending = editor.root.join("requests/shop.snap.new");
    let question = review(&mut editor);
    editor.respond(&question, json!({ "title": "Cancel" }));
    editor.settle();
    assert!(pending.exists() && !snapshot.exists());
    let question = review(&mut editor);
    editor.respond(&question, json!({ "title": "Reject" }));
    wait_for_no_pending(&editor);
    assert!(!snapshot.exists());
    let question = review(&mut editor);
    let text = std::fs::read_to_string(&pending).unwrap();
    editor.respond(&question, json!({ "title": "Accept" }));
    wait_for_no_pending(&editor);
    assert_eq!(std::fs::read_to_string(&snapshot).unwrap(), text);
    execute(&mut editor, "ingam.run", "shop");
    let ended = editor.wait_for(|event| event["method"] == "ingam/runEnded");
    assert_eq!(ended["params"]["exitCode"], 0, "{ended}");
}
