//! Collections of Bruno: a folder of `.bru` files, or one of them. `bruno.json` has the title,
//! `collection.bru` and `folder.bru` what holds for all below, `environments/` the variables.

mod blocks;
mod checks;
mod request;

use super::collection::{
    CollectionAuth, CollectionField, CollectionVariable, ForeignText, ImportLoss,
    ImportedCollection,
};
use crate::method::Method;
use crate::value;
use blocks::{BruBlock, blocks};
use std::collections::{BTreeMap, HashMap};

/// A file of a folder: its path below it, with `/`, and its text.
pub(crate) struct FolderFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What marks the folder of a collection.
pub(crate) const COLLECTION_MARK: &str = "bruno.json";

/// Whether a text is a request of Bruno: a block of a method, with an address.
pub(super) fn is_bru_file(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let has_block = lines.clone().any(|line| {
        let name = line.strip_suffix('{').map(str::trim_end);
        name.is_some_and(|name| {
            name == name.to_ascii_lowercase() && Method::parse(&name.to_ascii_uppercase()).is_some()
        })
    });
    has_block && lines.any(|line| line.starts_with("url:"))
}

/// One file without the folder around it.
pub(super) fn read(text: &str) -> ImportedCollection {
    let mut collection = ImportedCollection::default();
    let read = request::read(text, "the request", &BruScope::default());
    collection.requests.extend(read.map(|(_, request)| request));
    collection
}

/// What a request gets from the folders around it.
#[derive(Clone)]
struct BruScope {
    folders: Vec<String>,
    headers: Vec<CollectionField>,
    variables: Vec<CollectionVariable>,
    auth: CollectionAuth,
}

impl Default for BruScope {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            headers: Vec::new(),
            variables: Vec::new(),
            auth: CollectionAuth::None,
        }
    }
}

/// Every request of a collection.
#[must_use]
pub(crate) fn read_folder(files: &[FolderFile]) -> ImportedCollection {
    let mut reader = CollectionFolder {
        collection: ImportedCollection::default(),
        scopes: BTreeMap::new(),
    };
    let texts: HashMap<&str, &str> = files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let text_of = |path: &str| texts.get(path).copied();
    let mark = text_of(COLLECTION_MARK).and_then(|text| value::parse(text.as_bytes()).ok());
    reader.collection.title = mark
        .as_ref()
        .and_then(|mark| mark.get("name"))
        .and_then(|name| name.as_str().map(str::to_owned));
    reader.read_environments(files);
    let mut root = BruScope::default();
    if let Some(text) = text_of("collection.bru") {
        reader.read_scope(text, "collection.bru", &mut root);
    }
    reader.scopes.insert(String::new(), root);
    let mut requests = Vec::new();
    for file in files {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let is_request = has_ending(name, "bru")
            && !matches!(name, "collection.bru" | "folder.bru")
            && folder != "environments";
        if !is_request {
            if has_ending(name, "js") {
                reader.lose(&file.path, "the script");
            }
            continue;
        }
        let scope = reader.scope_of(folder, &texts);
        match request::read(&file.text, &file.path, &scope) {
            Some((order, request)) => requests.push((folder.to_owned(), order, request)),
            None => reader.lose(&file.path, "the file: it has no request"),
        }
    }
    requests.sort_by(|left, right| (&left.0, left.1).cmp(&(&right.0, right.1)));
    let requests = requests.into_iter().map(|(_, _, request)| request);
    reader.collection.requests.extend(requests);
    reader.collection
}

struct CollectionFolder {
    collection: ImportedCollection,
    /// By the path of the folder.
    scopes: BTreeMap<String, BruScope>,
}

impl CollectionFolder {
    fn lose(&mut self, place: &str, what: &str) {
        self.collection.losses.push(ImportLoss {
            place: place.to_owned(),
            what: what.to_owned(),
        });
    }

    /// The scope of a folder: that of the folder around it, and its own file.
    fn scope_of(&mut self, folder: &str, texts: &HashMap<&str, &str>) -> BruScope {
        if let Some(known) = self.scopes.get(folder) {
            return known.clone();
        }
        let mut scope = BruScope::default();
        let mut path = String::new();
        for name in [""].into_iter().chain(folder.split('/')) {
            if !name.is_empty() {
                path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}/{name}")
                };
            }
            if let Some(known) = self.scopes.get(&path) {
                scope = known.clone();
                continue;
            }
            scope.folders.push(name.to_owned());
            let own = format!("{path}/folder.bru");
            if let Some(text) = texts.get(own.as_str()) {
                self.read_scope(text, &own, &mut scope);
            }
            self.scopes.insert(path.clone(), scope.clone());
        }
        scope
    }

    /// What `collection.bru` or `folder.bru` says of all below.
    fn read_scope(&mut self, text: &str, place: &str, scope: &mut BruScope) {
        let (blocks, _) = blocks(text);
        for block in &blocks {
            match block.name {
                "headers" => {
                    let fields = block.entries().into_iter().map(request::field);
                    scope.headers.extend(fields);
                }
                "vars" | "vars:pre-request" => {
                    let own = request::variables(block);
                    scope.variables.splice(0..0, own);
                }
                "auth" => {
                    let entries = block.entries();
                    match request::entry(&entries, "mode") {
                        None | Some("inherit") => {}
                        Some(mode) => scope.auth = request::auth(mode, &blocks),
                    }
                }
                "script:pre-request"
                | "script:post-response"
                | "tests"
                | "vars:post-response"
                | "assert"
                    if !block.text().trim().is_empty() =>
                {
                    let what = format!("`{}` of all requests below", block.name);
                    self.lose(place, &what);
                }
                _ => {}
            }
        }
    }

    /// The variables of the first environment: no request file knows several.
    fn read_environments(&mut self, files: &[FolderFile]) {
        let mut environments: Vec<&FolderFile> = files
            .iter()
            .filter(|file| file.path.starts_with("environments/") && has_ending(&file.path, "bru"))
            .collect();
        environments.sort_by(|left, right| left.path.cmp(&right.path));
        let Some((first, others)) = environments.split_first() else {
            return;
        };
        let (blocks, _) = blocks(&first.text);
        for block in &blocks {
            match block.name {
                "vars" => self.collection.variables.extend(request::variables(block)),
                "vars:secret" => self.read_secrets(block),
                _ => {}
            }
        }
        for other in others {
            let what = format!(
                "the values of this environment: those of `{}` are taken",
                first.path
            );
            self.lose(&other.path, &what);
        }
    }

    fn read_secrets(&mut self, block: &BruBlock<'_>) {
        let secrets = block.names().into_iter().map(|name| CollectionVariable {
            is_secret: true,
            ..CollectionVariable::new(name, None)
        });
        self.collection.variables.extend(secrets);
    }
}

fn has_ending(path: &str, ending: &str) -> bool {
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.rsplit_once('.').is_some_and(|(_, own)| own == ending)
}

/// A text with `{{name}}`; a variable of the environment of the process is one by its own name.
fn foreign_text(text: &str) -> ForeignText {
    ForeignText::parse(&text.replace("{{process.env.", "{{"))
}
