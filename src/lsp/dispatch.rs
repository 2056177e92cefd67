//! The requests of the client, each handed to `editor` with a place of a file.

use super::asked::{Reply, asked_file};
use super::convert::Places;
use super::line_index::ColumnUnit;
use super::state::ServerState;
use super::{commands, features, structures};
use crate::editor::{HighlightKind, fixes_of};
use lsp_server::ErrorCode;
use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, WorkspaceEdit};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What this server can do.
#[must_use]
pub(super) fn capabilities(unit: ColumnUnit) -> Value {
    json!({
        "positionEncoding": unit.kind(),
        "textDocumentSync": { "openClose": true, "change": 2, "save": true },
        "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        "completionProvider": { "triggerCharacters": ["$", ".", "[", "{", "|", ":", " ", "/", "\"", "'"] },
        "hoverProvider": true,
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "renameProvider": { "prepareProvider": true },
        "documentSymbolProvider": true,
        "workspaceSymbolProvider": true,
        "foldingRangeProvider": true,
        "selectionRangeProvider": true,
        "semanticTokensProvider": {
            "legend": { "tokenTypes": HighlightKind::NAMES, "tokenModifiers": [] },
            "full": true,
        },
        "codeLensProvider": {},
        "executeCommandProvider": { "commands": commands::COMMANDS, "workDoneProgress": true },
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    })
}

/// Answers one request.
pub(super) fn answer(server: &mut ServerState, method: &str, params: Value) -> Reply {
    match method {
        "textDocument/codeAction" => with(params, |params| code_actions(server, &params)),
        "textDocument/completion" => with(params, |params| features::complete(server, &params)),
        "textDocument/hover" => with(params, |params| features::show_hover(server, &params)),
        "textDocument/definition" => {
            with(params, |params| features::go_to_definition(server, &params))
        }
        "textDocument/references" => {
            with(params, |params| features::find_references(server, &params))
        }
        "textDocument/documentHighlight" => {
            with(params, |params| features::highlight(server, &params))
        }
        "textDocument/prepareRename" => {
            with(params, |params| features::prepare_rename(server, &params))
        }
        "textDocument/rename" => with(params, |params| features::rename_symbol(server, &params)),
        "textDocument/documentSymbol" => with(params, |params| {
            structures::document_symbols(server, &params)
        }),
        "workspace/symbol" => with(params, |params| structures::all_symbols(server, &params)),
        "textDocument/foldingRange" => {
            with(params, |params| structures::folding_ranges(server, &params))
        }
        "textDocument/selectionRange" => with(params, |params| {
            structures::selection_ranges(server, &params)
        }),
        "textDocument/semanticTokens/full" => with(params, |params| {
            structures::semantic_tokens(server, &params)
        }),
        "textDocument/codeLens" => with(params, |params| structures::code_lenses(server, &params)),
        "workspace/executeCommand" => with(params, |params| commands::execute(server, &params)),
        "ingam/statistics" => statistics(server),
        _ => Reply::Refused(
            ErrorCode::MethodNotFound,
            format!("there is no method `{method}`"),
        ),
    }
}

fn with<P: DeserializeOwned>(params: Value, answer: impl FnOnce(P) -> Reply) -> Reply {
    match serde_json::from_value(params) {
        Ok(params) => answer(params),
        Err(error) => Reply::Refused(ErrorCode::InvalidParams, error.to_string()),
    }
}

/// The fixes of the faults in a range.
fn code_actions(server: &ServerState, params: &CodeActionParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let asked = file.offset(params.range.start)..file.offset(params.range.end);
    let parsed = file.open.editor.parsed(&file.path);
    // The places of a last good tree are those of another text.
    let current = parsed.filter(|parsed| std::sync::Arc::ptr_eq(&parsed.text, &file.text));
    let tree = current.as_ref().map(|parsed| parsed.tree.as_ref());
    let mut places = Places::new(file.open, server.unit);
    let mut actions = Vec::new();
    for fault in file.open.editor.faults_in(&file.path) {
        let Some(at) = fault.labels.first().map(|label| label.span.range()) else {
            continue;
        };
        if at.end < asked.start || asked.end < at.start {
            continue;
        }
        let diagnostic = places.diagnostic(&file.path, fault);
        for fix in fixes_of(fault, &file.text, tree) {
            let edits: Vec<_> = (fix.edits.iter())
                .map(|edit| places.edit(&file.path, edit))
                .collect();
            let uri = params.text_document.uri.clone();
            actions.push(CodeAction {
                title: fix.title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic.clone()]),
                edit: Some(WorkspaceEdit {
                    changes: Some(std::iter::once((uri, edits)).collect()),
                    ..WorkspaceEdit::default()
                }),
                is_preferred: fix.is_only.then_some(true),
                ..CodeAction::default()
            });
        }
    }
    Reply::of(actions)
}

/// How much the server has read: for those who look whether it reads too much.
fn statistics(server: &ServerState) -> Reply {
    let decoded = server
        .workspaces
        .iter()
        .map(|open| open.editor.decoded_count());
    let files = server
        .workspaces
        .iter()
        .map(|open| open.editor.texts().count());
    Reply::Value(json!({
        "decodedFiles": decoded.sum::<usize>(),
        "files": files.sum::<usize>(),
        "faultLooks": server.fault_looks,
    }))
}
