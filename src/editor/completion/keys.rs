//! Keys by place, with their documentation: those of the JSON Schema, and names that a place takes.

use super::{Completion, CompletionKind, CompletionPlace};
use crate::editor::outline::step_of_path;
use crate::editor::recorded::recorded_answer;
use crate::editor::schema_view::SchemaView;
use crate::editor::visible_names::recording_name;
use crate::load::{FileKind, scheme_names};

/// Headers that requests of marketplaces have, besides those of the recordings.
const USUAL_HEADERS: [&str; 8] = [
    "accept",
    "accept-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "user-agent",
    "x-request-id",
];

pub(super) fn complete(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    if let Some(schema) = SchemaView::of(place.kind) {
        let keys = schema.keys(&place.cursor.tree, &place.cursor.path);
        // The keys of the language that must be there come first.
        let (required, others): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| key.is_required);
        for key in required.into_iter().chain(others) {
            if place
                .cursor
                .siblings
                .iter()
                .any(|sibling| sibling == key.name)
            {
                continue;
            }
            let mut item = place.key(key.name, CompletionKind::Key);
            item.documentation = key.description.map(str::to_owned);
            found.push(item);
        }
    }
    let keys = place.cursor.keys();
    match (place.kind, keys.as_slice()) {
        (FileKind::Workspace, ["envs", _, "accounts" | "hosts" | "regions"]) => {
            schemes(place, found);
        }
        (FileKind::Workspace, ["envs", _, "accounts", scheme, _]) => {
            credentials(place, scheme, found);
        }
        (_, [.., "headers"]) => headers(place, found),
        (_, [.., "assert" | "until" | "pending"]) => subjects(place, found),
        _ => {}
    }
}

fn schemes(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    for name in scheme_names(&place.editor.loaded().workspace) {
        found.push(place.key(name, CompletionKind::Reference));
    }
}

/// What an account of a scheme has that is not secret.
fn credentials(place: &CompletionPlace<'_>, scheme: &str, found: &mut Vec<Completion>) {
    let Some(scheme) = place.editor.scheme(scheme) else {
        return;
    };
    for credential in scheme.credentials.iter().filter(|one| !one.is_secret) {
        if place
            .cursor
            .siblings
            .iter()
            .any(|sibling| *sibling == credential.name)
        {
            continue;
        }
        let mut item = place.key(&credential.name, CompletionKind::Reference);
        item.documentation.clone_from(&credential.description);
        item.detail = Some(format!("of {}", scheme.name));
        found.push(item);
    }
}

fn headers(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    let recordings = &place.editor.loaded().workspace.recordings;
    let exchanges = recordings.iter().flat_map(|recording| &recording.exchanges);
    let recorded = exchanges.flat_map(|exchange| &exchange.request.headers.pairs);
    let recorded = recorded.map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = recorded.chain(USUAL_HEADERS).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        place
            .cursor
            .siblings
            .iter()
            .all(|one| !one.eq_ignore_ascii_case(name))
    });
    found.extend(
        names
            .into_iter()
            .map(|name| place.key(name, CompletionKind::Word)),
    );
}

/// `header.NAME` and `cookie.NAME` of the recorded response.
fn subjects(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    let step = step_of_path(&place.cursor.tree, &place.cursor.path);
    let name = recording_name(place.kind, place.file_name);
    let Some(answer) = recorded_answer(place.editor, &name, &step) else {
        return;
    };
    for (header, _) in &answer.headers {
        let mut item = place.key(&format!("header.{header}"), CompletionKind::ResponsePath);
        item.detail = Some(format!("recorded in {}", answer.recording));
        found.push(item);
    }
}
