//! Completion, hover, definition, references and rename in the types of the protocol.

use super::asked::{AskedFile, Reply, asked_file};
use super::built_in_files::built_in_scheme_file;
use super::convert::Places;
use super::state::ServerState;
use super::uri::uri_of;
use crate::editor::{
    CompletionKind, NamePlace, Target, completions, definitions, hover, references, rename,
    renamed_place,
};
use lsp_server::ErrorCode;
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionParams, CompletionTextEdit,
    DocumentHighlight, Documentation, Hover, HoverContents, Location, MarkupContent, MarkupKind,
    Range, ReferenceParams, RenameParams, TextDocumentPositionParams, TextEdit as LspTextEdit, Uri,
};
use serde_json::{Value, json};
use std::path::PathBuf;

fn markdown(text: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value: text,
    }
}

pub(super) fn complete(server: &ServerState, params: &CompletionParams) -> Reply {
    let place = &params.text_document_position;
    let Some(file) = asked_file(server, &place.text_document) else {
        return Reply::NOTHING;
    };
    let offset = file.offset(place.position);
    let mut places = Places::new(file.open, server.unit);
    let found = completions(&file.open.editor, &file.path, offset);
    let items = found.into_iter().enumerate().map(|(rank, found)| {
        let edit = crate::editor::BufferEdit {
            range: found.range,
            text: found.insert,
        };
        CompletionItem {
            // A client sorts by the alphabet otherwise.
            sort_text: Some(format!("{rank:05}")),
            filter_text: Some(found.label.clone()),
            text_edit: Some(CompletionTextEdit::Edit(places.edit(&file.path, &edit))),
            label: found.label,
            kind: Some(item_kind(found.kind)),
            detail: found.detail,
            documentation: found
                .documentation
                .map(|text| Documentation::MarkupContent(markdown(text))),
            ..CompletionItem::default()
        }
    });
    Reply::of(CompletionList {
        // Behind the next dot there are other members.
        is_incomplete: true,
        items: items.collect(),
    })
}

fn item_kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Key => CompletionItemKind::PROPERTY,
        CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Reference => CompletionItemKind::REFERENCE,
        CompletionKind::ResponsePath => CompletionItemKind::FIELD,
        CompletionKind::File => CompletionItemKind::FILE,
    }
}

pub(super) fn show_hover(server: &ServerState, params: &TextDocumentPositionParams) -> Reply {
    let found = asked_file(server, &params.text_document).and_then(|file| {
        let found = hover(&file.open.editor, &file.path, file.offset(params.position))?;
        let mut places = Places::new(file.open, server.unit);
        Some(Hover {
            contents: HoverContents::Markup(markdown(found.text)),
            range: Some(places.range(&file.path, found.range)),
        })
    });
    Reply::of(found)
}

pub(super) fn go_to_definition(server: &ServerState, params: &TextDocumentPositionParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let found = definitions(&file.open.editor, &file.path, file.offset(params.position));
    let locations: Vec<Location> = found
        .into_iter()
        .filter_map(|target| location_of(server, &file, target))
        .collect();
    Reply::of(locations)
}

pub(super) fn location_of(
    server: &ServerState,
    file: &AskedFile<'_>,
    target: Target,
) -> Option<Location> {
    let mut places = Places::new(file.open, server.unit);
    match target {
        Target::File { path, range } => {
            let range = places.range(&path, range);
            Some(Location::new(places.uri(&path)?, range))
        }
        Target::BuiltInScheme(name) => {
            let path = built_in_scheme_file(server, &name)?;
            Some(Location::new(uri_of(&path)?, Range::default()))
        }
    }
}

fn locations(server: &ServerState, file: &AskedFile<'_>, found: Vec<NamePlace>) -> Vec<Location> {
    let mut places = Places::new(file.open, server.unit);
    let located = found.into_iter().filter_map(|place| {
        let range = places.range(&place.path, place.range);
        Some(Location::new(places.uri(&place.path)?, range))
    });
    located.collect()
}

pub(super) fn find_references(server: &ServerState, params: &ReferenceParams) -> Reply {
    let place = &params.text_document_position;
    let Some(file) = asked_file(server, &place.text_document) else {
        return Reply::NOTHING;
    };
    let offset = file.offset(place.position);
    let mut found = references(&file.open.editor, &file.path, offset);
    found.retain(|place| params.context.include_declaration || !place.is_definition);
    Reply::of(locations(server, &file, found))
}

/// The places of a name in its own file.
pub(super) fn highlight(server: &ServerState, params: &TextDocumentPositionParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let mut found = references(&file.open.editor, &file.path, file.offset(params.position));
    found.retain(|place| place.path == file.path && !place.range.is_empty());
    let found = locations(server, &file, found).into_iter();
    let marks = found.map(|location| DocumentHighlight {
        range: location.range,
        kind: None,
    });
    Reply::of(marks.collect::<Vec<_>>())
}

pub(super) fn prepare_rename(server: &ServerState, params: &TextDocumentPositionParams) -> Reply {
    let Some(file) = asked_file(server, &params.text_document) else {
        return Reply::NOTHING;
    };
    let offset = file.offset(params.position);
    match renamed_place(&file.open.editor, &file.path, offset) {
        Ok(range) => {
            let mut places = Places::new(file.open, server.unit);
            Reply::of(places.range(&file.path, range))
        }
        Err(reason) => Reply::Refused(ErrorCode::RequestFailed, reason),
    }
}

pub(super) fn rename_symbol(server: &ServerState, params: &RenameParams) -> Reply {
    let place = &params.text_document_position;
    let Some(file) = asked_file(server, &place.text_document) else {
        return Reply::NOTHING;
    };
    let offset = file.offset(place.position);
    let edits = match rename(&file.open.editor, &file.path, offset, &params.new_name) {
        Ok(edits) => edits,
        Err(reason) => return Reply::Refused(ErrorCode::RequestFailed, reason),
    };
    let mut places = Places::new(file.open, server.unit);
    let mut by_file: Vec<(PathBuf, Vec<LspTextEdit>)> = Vec::new();
    for (path, edit) in edits.texts {
        let edit = places.edit(&path, &edit);
        match by_file.last_mut().filter(|(last, _)| *last == path) {
            Some((_, edits)) => edits.push(edit),
            None => by_file.push((path, vec![edit])),
        }
    }
    let uri = |path: &PathBuf| -> Option<Uri> { uri_of(&file.open.client_root.join(path)) };
    if edits.files.is_empty() {
        let changes = by_file.iter();
        let changes: serde_json::Map<String, Value> = changes
            .filter_map(|(path, edits)| Some((uri(path)?.to_string(), json!(edits))))
            .collect();
        return Reply::Value(json!({ "changes": changes }));
    }
    let texts = by_file.iter().map(|(path, edits)| {
        let version = server.buffers.get(&file.open.client_root.join(path));
        let version = version.map(|buffer| buffer.version);
        let document = json!({ "uri": uri(path), "version": version });
        json!({ "textDocument": document, "edits": edits })
    });
    let files = edits
        .files
        .iter()
        .map(|(old, new)| json!({ "kind": "rename", "oldUri": uri(old), "newUri": uri(new) }));
    let changes: Vec<Value> = texts.chain(files).collect();
    Reply::Value(json!({ "documentChanges": changes }))
}
