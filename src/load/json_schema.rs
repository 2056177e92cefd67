//! Reads and compiles the JSON Schemas that assertions name. A schema that asserts less than it
//! seems to is an error, and so is one that accepts everything or nothing. References stay inside
//! the workspace: nothing is ever fetched.

use super::json_places::JsonPlaces;
use super::schema_keywords::draft_name;
use super::schema_lint::{SchemaFault, lint_schema, unpinned_type};
use super::workspace_files::WorkspaceFiles;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::assertion::JsonSchema;
use crate::model::request::{WorkspaceFile, WorkspaceFileError};
use crate::span::Span;
use crate::yaml::YamlNode;
use jsonschema::canonical::{
    self, CanonicalSchema, CanonicalView, Cause, Satisfiability, UnsatisfiableReason,
};
use jsonschema::{Draft, Retrieve, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where files of the workspace stand for references between them; no other address is read.
const BASE_ADDRESS: &str = "workspace:///";
/// A larger schema is not searched for contradictions, in bytes: the search takes more than linear
/// time, and people do not write such files.
const MAX_ANALYSED_BYTES: usize = 256 << 10;

impl WorkspaceFiles {
    /// A JSON Schema, compiled.
    pub(crate) fn schema(
        &self,
        node: &YamlNode,
        diagnostics: &mut Diagnostics,
    ) -> Option<JsonSchema> {
        let file = self.workspace_file(node, diagnostics)?;
        let known = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known.get(&file.path) {
            return Some(schema.clone());
        }
        drop(known);
        match SchemaLoader::new(self, node.at).load(&file) {
            Ok(schema) => {
                let mut known = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(file.path, schema.clone());
                Some(schema)
            }
            Err(faults) => {
                for fault in faults {
                    diagnostics.push(fault);
                }
                None
            }
        }
    }
}

/// One document, as it was read.
#[derive(Clone, Debug)]
struct SchemaDocument {
    path: PathBuf,
    text: String,
    json: Json,
}

/// Reads files of the workspace for references, and keeps them.
#[derive(Clone)]
struct SchemaLoader {
    files: WorkspaceFiles,
    /// Where the schema is named.
    at: Span,
    read: Arc<Mutex<Vec<SchemaDocument>>>,
}

impl SchemaLoader {
    fn new(files: &WorkspaceFiles, at: Span) -> Self {
        Self {
            files: files.clone(),
            at,
            read: Arc::default(),
        }
    }

    fn load(&self, file: &WorkspaceFile) -> Result<JsonSchema, Vec<Diagnostic>> {
        let document = self
            .read_document(&file.path)
            .map_err(|error| vec![self.file_diagnostic(&error)])?;
        let draft = Draft::default().detect(&document.json);
        let mut faults = self.lint(&document);
        if !faults.is_empty() {
            return Err(faults);
        }
        let validator = self.compile(&document)?;
        for other in self
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            faults.extend(self.lint(other));
        }
        if faults.is_empty() && document.text.len() <= MAX_ANALYSED_BYTES {
            faults = self.analyse(&document, draft);
        }
        if faults.is_empty() {
            Ok(JsonSchema {
                path: file.path.clone(),
                validator: Arc::new(validator),
            })
        } else {
            Err(faults)
        }
    }

    fn read_document(&self, path: &Path) -> Result<SchemaDocument, SchemaFileError> {
        let file = WorkspaceFile {
            path: path.to_owned(),
            at: self.at,
        };
        let bytes = self.files.read_data(&file)?;
        let text = String::from_utf8(bytes).map_err(|_| SchemaFileError::NotText)?;
        let json = serde_json::from_str(&text)?;
        Ok(SchemaDocument {
            path: path.to_owned(),
            text,
            json,
        })
    }

    fn lint(&self, document: &SchemaDocument) -> Vec<Diagnostic> {
        let places = JsonPlaces::of(&document.text);
        let mut faults: Vec<SchemaFault> = places
            .duplicates
            .iter()
            .map(|pointer| {
                SchemaFault::new(
                    pointer.clone(),
                    "a name appears twice in one object, and only the last one takes effect",
                )
                .with_hint("remove one of them")
            })
            .collect();
        let draft = Draft::default().detect(&document.json);
        let named = document.json.get("$schema");
        if let (Draft::Unknown, Some(named)) = (draft, named) {
            faults.push(
                SchemaFault::new(
                    "/$schema",
                    format!("ingam does not support the draft {named}"),
                )
                .with_hint("write `https://json-schema.org/draft/2020-12/schema`"),
            );
            // Which keywords there are is not known.
            return self.diagnostics(document, &places, &faults);
        }
        faults.extend(lint_schema(&document.json, draft).faults);
        self.diagnostics(document, &places, &faults)
    }

    fn compile(&self, document: &SchemaDocument) -> Result<jsonschema::Validator, Vec<Diagnostic>> {
        jsonschema::options()
            .with_base_uri(address_of(&document.path))
            .with_retriever(self.clone())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .build(&document.json)
            .map_err(|error| {
                let places = JsonPlaces::of(&document.text);
                let pointer = error.instance_path().to_string();
                let reason = error.to_string();
                let title = reason
                    // The library puts its own words around the reason of `retrieve`.
                    .split_once(REFERENCE_REASON)
                    .map_or(format!("not a JSON Schema: {reason}"), |(_, reason)| {
                        reason.to_owned()
                    });
                vec![self.diagnostic(document, &places, &SchemaFault::new(pointer, title))]
            })
    }

    /// Schemas that accept no value, or every one.
    fn analyse(&self, document: &SchemaDocument, draft: Draft) -> Vec<Diagnostic> {
        let prepared = canonical::options()
            .with_base_uri(address_of(&document.path))
            .with_retriever(self.clone())
            .should_validate_formats(true)
            .prepare(&document.json);
        // What the library cannot reduce is not known to be wrong.
        let Ok(prepared) = prepared else {
            return Vec::new();
        };
        let mut faults: Vec<SchemaFault> = prepared
            .unsatisfiable()
            .unwrap_or_default()
            .iter()
            .filter_map(|(pointer, reason)| impossible_schema(pointer, reason))
            .collect();
        let places = JsonPlaces::of(&document.text);
        // What the library cannot reduce can still hold the faults that it found before.
        let Ok(whole) = prepared.canonicalize() else {
            return self.diagnostics(document, &places, &faults);
        };
        if faults.is_empty() && whole.satisfiability() == Satisfiability::No {
            faults.push(SchemaFault::new("", "no value is valid for the schema"));
        }
        if accepts_everything(&whole) {
            faults.push(
                SchemaFault::new("", "the schema accepts every value")
                    .with_hint("add a `type`, and the `required` members"),
            );
        } else if let Some((keyword, kind)) = unpinned_type(&document.json) {
            faults.push(
                SchemaFault::new(
                    "",
                    format!("the schema accepts every value that is not of type `{kind}`"),
                )
                .with_hint(format!(
                    "`{keyword}` checks only values of type `{kind}`: add `\"type\": \"{kind}\"` ({})",
                    draft_name(draft)
                )),
            );
        }
        for pointer in lint_schema(&document.json, draft).any_of_branches {
            let branch = prepared.canonicalize_at(&pointer);
            if branch.is_ok_and(|branch| accepts_everything(&branch)) {
                faults.push(SchemaFault::new(
                    pointer,
                    "this branch of `anyOf` accepts every value, so the other branches have no effect",
                ));
            }
        }
        self.diagnostics(document, &places, &faults)
    }

    fn diagnostics(
        &self,
        document: &SchemaDocument,
        places: &JsonPlaces,
        faults: &[SchemaFault],
    ) -> Vec<Diagnostic> {
        faults
            .iter()
            .map(|fault| self.diagnostic(document, places, fault))
            .collect()
    }

    fn diagnostic(
        &self,
        document: &SchemaDocument,
        places: &JsonPlaces,
        fault: &SchemaFault,
    ) -> Diagnostic {
        let path = document.path.display();
        let place = places.line_and_column(&document.text, &fault.pointer);
        let label = if fault.pointer.is_empty() {
            format!("at {path}:{place}")
        } else {
            format!("at {path}:{place}, `{}`", fault.pointer)
        };
        Diagnostic::error(&fault.title)
            .at(self.at, label)
            .maybe_hint(fault.hint.clone())
    }

    fn file_diagnostic(&self, error: &SchemaFileError) -> Diagnostic {
        Diagnostic::error(format!("the schema {error}")).at(self.at, "this file")
    }
}

/// Begins the reason of a reference that cannot be followed.
const REFERENCE_REASON: &str = "ingam: ";

impl Retrieve for SchemaLoader {
    fn retrieve(
        &self,
        address: &Uri<String>,
    ) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let refuse = |reason: String| -> Box<dyn std::error::Error + Send + Sync> {
            format!("{REFERENCE_REASON}{reason}").into()
        };
        let Some(path) = address.as_str().strip_prefix(BASE_ADDRESS) else {
            return Err(refuse(format!(
                "ingam does not download `{address}`: a `$ref` must be the path of a file in the workspace, relative to the schema"
            )));
        };
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| refuse(format!("`{path}` is not a valid file name")))?;
        let document = self
            .read_document(Path::new(&*path))
            .map_err(|error| refuse(format!("the schema in `$ref` {error}")))?;
        let json = document.json.clone();
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(document);
        Ok(json)
    }
}

fn address_of(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .map(|part| {
            utf8_percent_encode(&part.as_os_str().to_string_lossy(), NON_ALPHANUMERIC).to_string()
        })
        .collect();
    format!("{BASE_ADDRESS}{}", parts.join("/"))
}

/// Whether a reduced schema, or the definition that it refers to, is `true`.
fn accepts_everything(schema: &CanonicalSchema) -> bool {
    // References that lead in a circle come to an end here.
    const MAX_REFERENCES: usize = 16;
    let mut schema = schema.clone();
    for _ in 0..MAX_REFERENCES {
        match schema.view() {
            CanonicalView::True => return true,
            CanonicalView::Reference(name) => match schema.definition(&name) {
                Some(target) => schema = target,
                None => return false,
            },
            _ => return false,
        }
    }
    false
}

/// A schema that no value fits. `false` alone is written on purpose, unless it is the whole.
fn impossible_schema(pointer: &str, reason: &UnsatisfiableReason) -> Option<SchemaFault> {
    let names = |causes: &[Cause]| {
        let names = causes
            .iter()
            .flat_map(|cause| cause.keywords.iter().map(String::as_str));
        crate::diagnostic::join_names(names, "and")
    };
    let title = match reason {
        UnsatisfiableReason::Literal if pointer.is_empty() => {
            "no value is valid for `false`".to_owned()
        }
        UnsatisfiableReason::Literal => return None,
        UnsatisfiableReason::Empty(cause) if cause.keywords.is_empty() => {
            "no value is valid for this schema".to_owned()
        }
        UnsatisfiableReason::Empty(cause) => {
            format!(
                "no value is valid for {}",
                names(std::slice::from_ref(cause))
            )
        }
        UnsatisfiableReason::Conflict(causes) => {
            format!("no value is valid for {} together", names(causes))
        }
    };
    Some(SchemaFault::new(pointer, title))
}

/// Why a file cannot be read as a JSON Schema. The text follows "the schema".
#[derive(Debug, thiserror::Error)]
enum SchemaFileError {
    #[error(transparent)]
    File(#[from] WorkspaceFileError),
    #[error("is not UTF-8")]
    NotText,
    #[error("is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}
