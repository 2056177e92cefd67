//! Paths that an imported OpenAPI document has are completed from the request files that it became.

use super::client::Editor;
use crate::program::{Folder, ingam};
use serde_json::json;

const DOCUMENT: &str = r#"{
  "openapi": "3.0.3",
  "info": { "title": "Shop", "version": "1" },
  "servers": [{ "url": "https://shop.example.com" }],
  "paths": {
    "/v1/orders": {
      "get": { "operationId": "listOrders", "responses": { "200": { "description": "ok" } } },
      "post": { "operationId": "addOrder", "responses": { "201": { "description": "ok" } } }
    },
    "/v1/orders/{order_id}": {
      "get": {
        "operationId": "getOrder",
        "parameters": [
          { "name": "order_id", "in": "path", "required": true, "schema": { "type": "string" } }
        ],
        "responses": { "200": { "description": "ok" } }
      }
    }
  }
}"#;

#[test]
fn paths_of_an_imported_document_are_completed_with_their_methods() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write("shop.json", DOCUMENT);
    let output = ingam(folder.path())
        .args(["import", "openapi", "shop.json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::remove_file(folder.path().join("shop.json")).unwrap();
    let mut editor = Editor::start(&folder);
    editor.open("requests/new.yaml", "scheme: none\nget: /v1\n");
    let params = json!({
        "textDocument": { "uri": editor.uri("requests/new.yaml") },
        "position": { "line": 1, "character": 8 },
    });
    let found = editor.request("textDocument/completion", params);
    let items = found["items"].as_array().unwrap().iter();
    let shown: Vec<String> = items
        .map(|item| {
            let detail = item["detail"].as_str().unwrap_or_default();
            format!("{} | {detail}", item["label"].as_str().unwrap())
        })
        .collect();
    let expected = [
        "/v1/orders | GET, in shop/list-orders; POST, in shop/add-order",
        "/v1/orders/{{ order_id }} | GET, in shop/get-order",
    ];
    assert_eq!(shown, expected);
}
