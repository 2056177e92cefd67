//! Symbols, folds, selections, semantic tokens and code lenses in the types of the protocol.

use super::asked::{Reply, asked_file};
use super::convert::Places;
use super::line_index::LineIndex;
use super::state::ServerState;
use crate::editor::{
    FileSymbol, LensAction, StructureKind, file_symbols, folds, highlights, lenses, selections,
    workspace_symbols,
};
use lsp_types::{
    CodeLens, CodeLensParams, Command, DocumentSymbolParams, FoldingRange, FoldingRangeParams,
    SelectionRange, SelectionRangeParams, SemanticToken, SemanticTokens, SemanticTokensParams,
    SymbolKind, WorkspaceSymbolParams,
};
use serde_json::{Value, json};

/// So many symbols of a workspace are listed.
const MAX_SYMBOLS: usize = 500;

pub(super) fn document_symbols(server: &ServerState, params: &DocumentSymbolParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let symbols = file_symbols(&file.open.editor, &file.path);
    let lines = &file.lines;
    Reply::of(
        symbols
            .iter()
            .map(|symbol| document_symbol(symbol, &file.text, lines))
            .collect::<Vec<Value>>(),
    )
}

fn document_symbol(symbol: &FileSymbol, text: &str, lines: &LineIndex) -> Value {
    let children = symbol.children.iter();
    let children: Vec<Value> = children
        .map(|child| document_symbol(child, text, lines))
        .collect();
    json!({
        "name": symbol.name,
        "detail": symbol.detail,
        "kind": symbol_kind(symbol.kind),
        "range": lines.range(text, symbol.range.clone()),
        "selectionRange": lines.range(text, symbol.selection.clone()),
        "children": children,
    })
}

fn symbol_kind(kind: StructureKind) -> SymbolKind {
    match kind {
        StructureKind::File => SymbolKind::FILE,
        StructureKind::Step => SymbolKind::METHOD,
        StructureKind::Variable => SymbolKind::VARIABLE,
        StructureKind::Capture => SymbolKind::FIELD,
        StructureKind::Environment => SymbolKind::NAMESPACE,
        StructureKind::Account => SymbolKind::OBJECT,
    }
}

pub(super) fn all_symbols(server: &ServerState, params: &WorkspaceSymbolParams) -> Reply {
    let mut found = Vec::new();
    for open in &server.workspaces {
        let mut places = Places::new(open, server.unit);
        for (path, symbol) in workspace_symbols(&open.editor, &params.query, MAX_SYMBOLS) {
            let range = places.range(&path, symbol.selection);
            found.push(json!({
                "name": symbol.name,
                "kind": symbol_kind(symbol.kind),
                "containerName": path.to_string_lossy(),
                "location": { "uri": places.uri(&path), "range": range },
            }));
        }
    }
    Reply::of(found)
}

pub(super) fn folding_ranges(server: &ServerState, params: &FoldingRangeParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let found = folds(&file.open.editor, &file.path).into_iter();
    let ranges = found.map(|fold| {
        let range = file.lines.range(&file.text, fold);
        FoldingRange {
            start_line: range.start.line,
            end_line: range.end.line,
            ..FoldingRange::default()
        }
    });
    let ranges = ranges.filter(|range| range.start_line < range.end_line);
    Reply::of(ranges.collect::<Vec<_>>())
}

pub(super) fn selection_ranges(server: &ServerState, params: &SelectionRangeParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let found = params.positions.iter().map(|position| {
        let offset = file.offset(*position);
        let mut around = selections(&file.open.editor, &file.path, offset);
        around.reverse();
        let empty = file.lines.range(&file.text, offset..offset);
        let parent = around.into_iter().fold(None, |parent, range| {
            Some(Box::new(SelectionRange {
                range: file.lines.range(&file.text, range),
                parent,
            }))
        });
        parent.map_or(
            SelectionRange {
                range: empty,
                parent: None,
            },
            |range| *range,
        )
    });
    Reply::of(found.collect::<Vec<_>>())
}

pub(super) fn semantic_tokens(server: &ServerState, params: &SemanticTokensParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let (mut line, mut column) = (0, 0);
    let mut data = Vec::new();
    for found in highlights(&file.open.editor, &file.path) {
        let range = file.lines.range(&file.text, found.range);
        let delta_line = range.start.line.saturating_sub(line);
        if delta_line > 0 {
            column = 0;
        }
        data.push(SemanticToken {
            delta_line,
            delta_start: range.start.character.saturating_sub(column),
            length: range.end.character.saturating_sub(range.start.character),
            token_type: found.kind as u32,
            token_modifiers_bitset: 0,
        });
        (line, column) = (range.start.line, range.start.character);
    }
    Reply::of(SemanticTokens {
        result_id: None,
        data,
    })
}

pub(super) fn code_lenses(server: &ServerState, params: &CodeLensParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let found = lenses(&file.open.editor, &file.path).into_iter();
    let lenses = found.map(|lens| {
        let (title, command) = lens_command(lens.action);
        CodeLens {
            range: file.lines.range(&file.text, lens.offset..lens.offset),
            command: Some(Command {
                title: title.to_owned(),
                command: command.to_owned(),
                arguments: Some(vec![json!(params.text_document.uri), json!(lens.unit)]),
            }),
            data: None,
        }
    });
    Reply::of(lenses.collect::<Vec<_>>())
}

/// The title of a lens, and its command.
fn lens_command(action: LensAction) -> (&'static str, &'static str) {
    match action {
        LensAction::Run => ("Run", "ingam.run"),
        LensAction::Replay => ("Replay", "ingam.replay"),
        LensAction::Explain => ("Explain", "ingam.explain"),
        LensAction::Record => ("Record", "ingam.record"),
        LensAction::ShowRecording => ("Show recording", "ingam.showRecording"),
        LensAction::ReviewSnapshot => ("Review snapshot", "ingam.reviewSnapshot"),
    }
}
