//! The rules of the protocol itself.

use super::client::Editor;
use crate::program::Folder;
use serde_json::{Value, json};

fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write("requests/a.yaml", "scheme: none\nget: /\n");
    folder
}

#[test]
fn a_server_that_is_shut_down_ends_with_0_and_any_other_with_1() {
    let folder = workspace();
    assert_eq!(Editor::start(&folder).end(), 0);
    let mut editor = Editor::start(&folder);
    editor.notify("exit", Value::Null);
    assert_eq!(editor.exit_code(), 1);
    assert_eq!(Editor::start(&folder).exit_code(), 1);
}

#[test]
fn requests_before_initialize_and_after_shutdown_are_refused() {
    let folder = workspace();
    let mut editor = Editor::spawn(folder.path());
    let early = editor.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002);
    editor.request("initialize", json!({ "capabilities": {} }));
    editor.request("shutdown", Value::Null);
    let late = editor.ask("textDocument/hover", json!({}));
    assert_eq!(late["error"]["code"], -32600);
}

#[test]
fn what_is_no_message_ends_nothing_and_what_has_no_length_ends_the_server() {
    let folder = workspace();
    let mut editor = Editor::start(&folder);
    for content in ["{", "[]", "{\"id\":null}", "\u{feff}{}", "null"] {
        let text = format!("Content-Length: {}\r\n\r\n{content}", content.len());
        editor.write_raw(text.as_bytes());
    }
    for (method, params) in [
        ("textDocument/didOpen", json!(null)),
        ("textDocument/didChange", json!({ "textDocument": 1 })),
        (
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": "%%%", "languageId": "", "version": 1, "text": "" } }),
        ),
        ("$/unknown", json!({})),
        ("no/such", json!([1])),
    ] {
        editor.notify(method, params);
    }
    for method in [
        "textDocument/codeAction",
        "textDocument/completion",
        "textDocument/hover",
        "textDocument/definition",
        "textDocument/references",
        "textDocument/rename",
        "textDocument/documentSymbol",
        "textDocument/semanticTokens/full",
        "workspace/executeCommand",
        "no/such",
    ] {
        for params in [
            json!(null),
            json!({}),
            json!({ "textDocument": { "uri": "x:y" } }),
        ] {
            let response = editor.ask(method, params);
            let code = response["error"]["code"].as_i64().unwrap_or(-32602);
            assert!([-32601, -32602].contains(&code), "{method}: {response}");
        }
    }
    assert!(editor.messages_by_file().is_empty());
    editor.write_raw(b"nonsense\r\n\r\n{}");
    assert_eq!(editor.exit_code(), 5);
}

#[test]
fn a_request_that_is_cancelled_before_its_turn_is_refused() {
    let folder = workspace();
    let mut editor = Editor::start(&folder);
    // One write, so that all of it waits at once.
    let request = json!({ "jsonrpc": "2.0", "id": 7, "method": "no/such", "params": {} });
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 7 } });
    let mut bytes = Vec::new();
    for message in [&request, &cancel] {
        let content = message.to_string();
        bytes.extend(format!("Content-Length: {}\r\n\r\n{content}", content.len()).bytes());
    }
    editor.write_raw(&bytes);
    let code = editor.response(7)["error"]["code"].as_i64().unwrap();
    assert!([-32800, -32601].contains(&code), "{code}");
}

#[test]
fn positions_are_in_the_encoding_that_both_know() {
    let folder = workspace();
    let text = "scheme: none\nget: /\nquery: { 이름: \"🎧한\", b: \"{{ nmae }}\" }\n";
    for (offered, agreed, column) in [
        (json!(["utf-16", "utf-8"]), "utf-8", 35),
        (json!(["utf-32", "utf-16"]), "utf-16", 27),
        (json!(["utf-32"]), "utf-32", 26),
        (json!([]), "utf-16", 27),
    ] {
        let general = json!({ "general": { "positionEncodings": offered } });
        let mut editor = Editor::start_with(&folder, general);
        assert_eq!(editor.capabilities["positionEncoding"], agreed);
        editor.open("requests/a.yaml", text);
        editor.settle();
        let fault = &editor.faults["requests/a.yaml"][0];
        let start = json!({ "line": 2, "character": column });
        let end = json!({ "line": 2, "character": column + 4 });
        assert_eq!(
            fault["range"],
            json!({ "start": start, "end": end }),
            "{agreed}"
        );
    }
}

#[test]
fn incremental_changes_are_applied_in_order() {
    let folder = workspace();
    let mut editor = Editor::start(&folder);
    editor.open("requests/a.yaml", "# 한🎧\r\nscheme: nne\r\nget: /\r\n");
    let at = |line: u32, from: u32, to: u32, text: &str| {
        json!({
            "range": {
                "start": { "line": line, "character": from },
                "end": { "line": line, "character": to },
            },
            "text": text,
        })
    };
    assert!(editor.messages_by_file()["requests/a.yaml"][0].contains("there is no scheme `nne`"));
    editor.change(
        "requests/a.yaml",
        json!([
            at(0, 4, 5, "x"),
            at(1, 9, 9, "o"),
            at(1, 8, 9, "m"),
            at(1, 8, 9, "n")
        ]),
    );
    assert!(editor.messages_by_file().is_empty());
}
