//! The files of a workspace: finds them by folder, reads them within limits, and refuses every path
//! that leads outside the root, links included.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{is_id, text};
use crate::model::assertion::JsonSchema;
use crate::model::request::WorkspaceFile;
use crate::yaml::YamlNode;
use std::fs::DirEntry;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A YAML file larger than this is refused before it is parsed.
const MAX_YAML_BYTES: u64 = 8 << 20;

/// The file that marks the root of a workspace.
pub(crate) const WORKSPACE_FILE: &str = "ingam.yaml";

/// What a folder says a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Workspace,
    Request,
    Fixture,
    Recording,
    Scheme,
}

/// One YAML file, found but not read.
#[derive(Clone, Debug)]
pub(crate) struct DiscoveredFile {
    pub(crate) kind: FileKind,
    /// Relative to the root.
    pub(crate) path: PathBuf,
    /// The path below its folder without the ending, with `/`.
    pub(crate) name: String,
    /// Neither a link nor a device, so its path is where it is.
    is_regular: bool,
}

/// The root of a workspace; every path that a file names goes through here.
#[derive(Clone, Debug)]
pub(crate) struct WorkspaceFiles {
    root: PathBuf,
}

impl WorkspaceFiles {
    /// # Errors
    /// When the folder cannot be resolved.
    pub(crate) fn new(root: &Path) -> std::io::Result<Self> {
        Ok(Self {
            root: root.canonicalize()?,
        })
    }

    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every YAML file of the workspace, in the order of their paths.
    pub(crate) fn find_yaml_files(&self, diagnostics: &mut Diagnostics) -> Vec<DiscoveredFile> {
        let mut found = Vec::new();
        for ending in ["yaml", "yml"] {
            let path = PathBuf::from("ingam").with_extension(ending);
            if self.root.join(&path).is_file() {
                found.push(DiscoveredFile {
                    kind: FileKind::Workspace,
                    path,
                    name: "ingam".to_owned(),
                    is_regular: false,
                });
            }
        }
        for folder in ["requests", "fixtures", "schemes"] {
            let is_link = self.root.join(folder).is_symlink();
            self.collect_yaml_files(Path::new(folder), is_link, diagnostics, &mut found);
        }
        found.sort_by(|left, right| left.path.cmp(&right.path));
        for pair in found
            .windows(2)
            .filter(|pair| pair[0].kind == pair[1].kind && pair[0].name == pair[1].name)
        {
            let (first, second) = (pair[0].path.display(), pair[1].path.display());
            let diagnostic =
                Diagnostic::error(format!("`{first}` and `{second}` are the same file twice"));
            diagnostics.push(
                diagnostic
                    .in_file(&pair[1].path)
                    .hint("one ends in `.yaml`, the other in `.yml`: remove one"),
            );
        }
        for file in found.iter().filter(|file| !file.name.split('/').all(is_id)) {
            let diagnostic =
                Diagnostic::error(format!("`{}` cannot be a part of an id", file.name))
                    .in_file(&file.path);
            diagnostics.push(
                diagnostic.hint(
                    "use letters, digits, `_`, `-` and `.` in the names of files and folders",
                ),
            );
        }
        found
    }

    /// What lies below a link is nowhere taken for where its path says it is.
    fn collect_yaml_files(
        &self,
        folder: &Path,
        below_link: bool,
        diagnostics: &mut Diagnostics,
        found: &mut Vec<DiscoveredFile>,
    ) {
        let listing = match std::fs::read_dir(self.root.join(folder)) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return diagnostics.push(unreadable_file(folder, &error)),
        };
        // What the listing says of an entry costs nothing, and is asked for again only where it is
        // a link.
        let kind = |entry: &DirEntry| {
            entry
                .file_type()
                .map(|kind| (kind.is_dir(), kind.is_file(), kind.is_symlink()))
        };
        let entries = listing.filter_map(Result::ok);
        let mut entries: Vec<_> = entries
            .map(|entry| (entry.file_name(), kind(&entry).unwrap_or_default()))
            .collect();
        entries.sort();
        for (name, (is_dir, is_plain, is_link)) in entries {
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let path = folder.join(name);
            if is_link && self.root.join(&path).is_dir() {
                let diagnostic =
                    Diagnostic::error("a folder of a workspace cannot be a link").in_file(&path);
                diagnostics.push(diagnostic.hint(
                    "a link could lead outside, or in a circle: put the files themselves here",
                ));
            } else if is_dir {
                self.collect_yaml_files(&path, below_link, diagnostics, found);
            } else if path.extension().is_some_and(|ending| {
                ["yaml", "yml"]
                    .iter()
                    .any(|known| ending.eq_ignore_ascii_case(known))
            }) {
                match classify_path(&path) {
                    Some((kind, name)) => found.push(DiscoveredFile {
                        kind,
                        path,
                        name,
                        is_regular: is_plain && !below_link,
                    }),
                    None => diagnostics.push(misplaced_file(&path)),
                }
            }
        }
    }

    /// The text of a YAML file.
    pub(crate) fn read(
        &self,
        file: &DiscoveredFile,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let path = &file.path;
        let found = if file.is_regular {
            Ok(self.root.join(path))
        } else {
            self.resolve_path(path)
        };
        let full = match found {
            Ok(full) => full,
            Err(reason) => {
                diagnostics.push(
                    Diagnostic::error(format!("a file of the workspace {reason}")).in_file(path),
                );
                return None;
            }
        };
        match read_limited(&full, file.is_regular) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) if text.contains('\0') => {
                    diagnostics.push(
                        Diagnostic::error("the file holds a NUL byte")
                            .in_file(path)
                            .hint("save it as UTF-8 text"),
                    );
                    None
                }
                Ok(text) => Some(text),
                Err(_) => {
                    diagnostics.push(
                        Diagnostic::error("the file is not UTF-8")
                            .in_file(path)
                            .hint("save it as UTF-8 text"),
                    );
                    None
                }
            },
            Err(error) => {
                diagnostics.push(unreadable_file(path, &error));
                None
            }
        }
    }

    /// A file that a request sends.
    pub(crate) fn workspace_file(
        &self,
        node: &YamlNode,
        diagnostics: &mut Diagnostics,
    ) -> Option<WorkspaceFile> {
        let path = PathBuf::from(text(node, "a file name", diagnostics)?);
        match self.resolve_path(&path) {
            Ok(full) if full.is_file() => Some(WorkspaceFile { path, at: node.at }),
            Ok(_) => {
                let diagnostic = Diagnostic::error(format!("`{}` is not a file", path.display()))
                    .at(node.at, "a folder or a device");
                diagnostics.push(diagnostic);
                None
            }
            Err(reason) => {
                let diagnostic =
                    Diagnostic::error(format!("the file {reason}")).at(node.at, "this path");
                diagnostics.push(
                    diagnostic.hint(
                        "a path is relative to the root of the workspace and stays inside it",
                    ),
                );
                None
            }
        }
    }

    /// A JSON Schema, compiled. References to other documents are not fetched.
    pub(crate) fn schema(
        &self,
        node: &YamlNode,
        diagnostics: &mut Diagnostics,
    ) -> Option<JsonSchema> {
        let file = self.workspace_file(node, diagnostics)?;
        let compiled = self
            .resolve_path(&file.path)
            .and_then(|full| {
                std::fs::read(full).map_err(|error| format!("cannot be read: {error}"))
            })
            .and_then(|bytes| {
                serde_json::from_slice(&bytes).map_err(|error| format!("is not JSON: {error}"))
            })
            .and_then(|json| {
                jsonschema::validator_for(&json)
                    .map_err(|error| format!("is not a JSON Schema: {error}"))
            });
        match compiled {
            Ok(validator) => Some(JsonSchema {
                path: file.path,
                validator: Arc::new(validator),
            }),
            Err(reason) => {
                diagnostics.push(
                    Diagnostic::error(format!("the schema {reason}")).at(node.at, "this file"),
                );
                None
            }
        }
    }

    /// The real path of a file of the workspace.
    ///
    /// # Errors
    /// In words that follow "the file": when it does not exist or lies outside the root, by its
    /// spelling or by a link.
    pub(crate) fn resolve_path(&self, path: &Path) -> Result<PathBuf, String> {
        let outside = path
            .components()
            .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        if outside || path.starts_with("~") {
            return Err(format!("`{}` lies outside the workspace", path.display()));
        }
        let full = self
            .root
            .join(path)
            .canonicalize()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => format!("`{}` does not exist", path.display()),
                _ => format!("`{}` cannot be read: {error}", path.display()),
            })?;
        if full.starts_with(&self.root) {
            Ok(full)
        } else {
            Err(format!(
                "`{}` leads outside the workspace by a link",
                path.display()
            ))
        }
    }
}

/// Reads at most the limit; a device, a pipe or a folder is refused before it is opened.
fn read_limited(path: &Path, is_plain: bool) -> std::io::Result<Vec<u8>> {
    let refuse = |reason: String| Err(std::io::Error::other(reason));
    if !is_plain && !std::fs::metadata(path)?.is_file() {
        return refuse("it is not a plain file".to_owned());
    }
    let file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    if len > MAX_YAML_BYTES {
        return refuse(format!("it is larger than {} MiB", MAX_YAML_BYTES >> 20));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    file.take(MAX_YAML_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable_file(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot read: {error}")).in_file(path)
}

fn misplaced_file(path: &Path) -> Diagnostic {
    Diagnostic::error("this file is of no kind: its folder says what a file is, and this folder says nothing")
        .in_file(path)
        .hint("fixtures lie directly in `fixtures/`, recordings below `fixtures/recordings/`, schemes directly in `schemes/`")
}

fn classify_path(path: &Path) -> Option<(FileKind, String)> {
    let stem = path.with_extension("");
    let below = |folder: &str| {
        stem.strip_prefix(folder)
            .ok()
            .map(|rest| rest.to_string_lossy().replace('\\', "/"))
    };
    if let Some(name) = below("requests") {
        return Some((FileKind::Request, name));
    }
    if let Some(name) = below("fixtures/recordings") {
        return Some((FileKind::Recording, name));
    }
    let flat = |name: String| (!name.contains('/')).then_some(name);
    if let Some(name) = below("fixtures").and_then(flat) {
        return Some((FileKind::Fixture, name));
    }
    below("schemes")
        .and_then(flat)
        .map(|name| (FileKind::Scheme, name))
}
