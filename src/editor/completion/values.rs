//! Values by place: words of the JSON Schema, names of other files, paths of files.

use super::names::{self, NamedThing};
use super::{Completion, CompletionKind, CompletionPlace};
use crate::editor::outline::{method_of_key, step_of_path};
use crate::editor::schema_view::SchemaView;
use crate::load::FileKind;
use std::path::Path;

/// So many files of one folder are offered.
const MAX_FILES: usize = 200;

pub(super) fn complete(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    if let Some(schema) = SchemaView::of(place.kind) {
        let words = schema.words(&place.cursor.tree, &place.cursor.path);
        let documentation = schema.documentation(&place.cursor.tree, &place.cursor.path);
        for word in words {
            let mut item = place.item(word, CompletionKind::Word);
            item.documentation = documentation.map(str::to_owned);
            found.push(item);
        }
    }
    let keys = place.cursor.keys();
    let things = match place.kind {
        FileKind::Request | FileKind::Fixture => names_of_request(place, &keys),
        FileKind::Workspace => names_of_workspace(place, &keys),
        FileKind::Recording => match keys.as_slice() {
            ["scheme"] => names::schemes(place.editor),
            [.., "account"] => names::accounts(place.editor, None),
            _ => Vec::new(),
        },
        FileKind::Scheme => Vec::new(),
    };
    for (name, what) in things {
        let mut item = place.item(name, CompletionKind::Reference);
        item.detail = what;
        found.push(item);
    }
    if names_a_file(&keys) {
        files(place, found);
    }
}

fn names_of_request(place: &CompletionPlace<'_>, keys: &[&str]) -> Vec<NamedThing> {
    let step = step_of_path(&place.cursor.tree, &place.cursor.path);
    let editor = place.editor;
    match keys {
        [.., "scheme"] => names::schemes(editor),
        [.., "level"] => step
            .scheme()
            .map_or_else(Vec::new, |scheme| names::levels(editor, scheme)),
        ["account"] | ["steps", "account"] => names::accounts(editor, step.scheme()),
        ["needs"] => names::fixtures(editor),
        ["tags"] => names::tags(editor),
        ["steps", "use"] => names::requests(editor),
        [.., last] if method_of_key(last).is_some() => {
            names::marketplace_paths(editor, place.file_name, step.scheme())
        }
        _ => Vec::new(),
    }
}

fn names_of_workspace(place: &CompletionPlace<'_>, keys: &[&str]) -> Vec<NamedThing> {
    match keys {
        ["default_env"] => names::environments(place.editor),
        ["envs", _, "regions", scheme] => {
            let scheme = place.editor.scheme(scheme);
            let hosts = scheme.iter().flat_map(|scheme| &scheme.hosts);
            hosts.map(|host| (host.region.clone(), None)).collect()
        }
        _ => Vec::new(),
    }
}

/// The keys whose value is a path from the root of the workspace.
fn names_a_file(keys: &[&str]) -> bool {
    matches!(
        keys,
        [.., "file" | "schema" | "ca" | "client_cert"] | ["cases" | "params"]
    )
}

/// The files of the folder that is written so far. Hidden ones are refused by the decoder, and not
/// offered.
fn files(place: &CompletionPlace<'_>, found: &mut Vec<Completion>) {
    let folder = place
        .typed
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let is_inside = Path::new(folder)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    let root = place.editor.root();
    if !is_inside || folder.split('/').any(|part| part.starts_with('.')) {
        return;
    }
    let Ok(listing) = std::fs::read_dir(root.join(folder)) else {
        return;
    };
    let mut paths: Vec<String> = listing
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let ending = if entry.file_type().ok()?.is_dir() {
                "/"
            } else {
                ""
            };
            let lead = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            (!name.starts_with('.')).then(|| format!("{lead}{name}{ending}"))
        })
        .collect();
    paths.sort_unstable();
    paths.truncate(MAX_FILES);
    found.extend(
        paths
            .into_iter()
            .map(|path| place.item(path, CompletionKind::File)),
    );
}
