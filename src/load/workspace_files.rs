//! The files of a workspace: finds them by folder, reads them within limits, and refuses every path
//! that leads outside the root, links included.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{is_id, text};
use crate::load::stamp::{Stamp, stamp};
use crate::model::assertion::JsonSchema;
use crate::model::request::{WorkspaceFile, WorkspaceFileError};
use crate::model::workspace::Workspace;
use crate::plain_file::read_plain_file;
use crate::span::Span;
use crate::yaml::YamlNode;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs::FileType;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A YAML file larger than this is refused before it is parsed, in bytes. It is far above what
/// people write, and a larger recording has its bodies in files of their own.
pub(super) const MAX_YAML_BYTES: u64 = 8 << 20;
/// A JSON Schema or a table of cases larger than this is refused, in bytes.
const MAX_DATA_BYTES: u64 = 8 << 20;
/// So many values or cells may stand in one of them, as in a YAML file: each takes a hundred bytes
/// of memory, however short it is.
const MAX_DATA_VALUES: usize = 700_000;

/// The file that marks the root of a workspace.
pub(crate) const WORKSPACE_FILE: &str = "ingam.yaml";

/// The kind of a file, which its folder decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Workspace,
    Request,
    Fixture,
    Recording,
    Scheme,
}

impl FileKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Workspace,
        Self::Request,
        Self::Fixture,
        Self::Recording,
        Self::Scheme,
    ];
}

/// One YAML file, found but not read.
#[derive(Clone, Debug)]
pub(crate) struct DiscoveredFile {
    pub(crate) kind: FileKind,
    /// Relative to the root.
    pub(crate) path: PathBuf,
    /// The path below its folder without the ending, with `/`.
    pub(crate) name: String,
    /// Neither a link nor a device, and below no link, so it lies where its path says.
    is_regular: bool,
}

impl DiscoveredFile {
    /// A request that stands in no file.
    pub(super) fn given(name: &str, place: &str) -> Self {
        Self {
            kind: FileKind::Request,
            path: place.into(),
            name: name.to_owned(),
            is_regular: false,
        }
    }

    /// A file that only an open buffer has; `None` where no file of a workspace has this path.
    pub(super) fn of_buffer(path: &Path) -> Option<Self> {
        if ["ingam.yaml", "ingam.yml"].map(Path::new).contains(&path) {
            return Some(Self {
                kind: FileKind::Workspace,
                path: path.to_owned(),
                name: "ingam".to_owned(),
                is_regular: false,
            });
        }
        if is_yaml(path) {
            Self::not_written(path)
        } else {
            None
        }
    }

    /// A file that is not on the disk yet; `None` where no file of a workspace has this path.
    pub(super) fn not_written(path: &Path) -> Option<Self> {
        let (kind, name) = classify_path(path)?;
        Some(Self {
            kind,
            path: path.to_owned(),
            name,
            is_regular: true,
        })
    }
}

/// The root of a workspace; every path that a file names goes through here.
#[derive(Clone, Debug)]
pub(crate) struct WorkspaceFiles {
    root: PathBuf,
    /// The files that other files name, resolved.
    named: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// The schemas that assertions have named so far, compiled, by the path of their file.
    pub(super) schemas: Arc<Mutex<HashMap<PathBuf, JsonSchema>>>,
    /// The only files that requests can name, whose content is given elsewhere.
    given: Option<BTreeSet<PathBuf>>,
    /// Every file that was looked for below the root, whether or not it is there, with its state at
    /// the first look: what changes later is seen.
    looked_up: Arc<Mutex<BTreeMap<PathBuf, Stamp>>>,
}

impl WorkspaceFiles {
    /// # Errors
    /// When the folder cannot be resolved.
    pub(crate) fn new(root: &Path) -> std::io::Result<Self> {
        Ok(Self {
            root: root.canonicalize()?,
            named: Arc::default(),
            schemas: Arc::default(),
            given: None,
            looked_up: Arc::default(),
        })
    }

    /// For a loaded workspace, whose root is resolved already.
    pub(super) fn of_workspace(workspace: &Workspace) -> Self {
        Self {
            root: workspace.root.clone(),
            named: Arc::default(),
            schemas: Arc::default(),
            given: None,
            looked_up: Arc::default(),
        }
    }

    /// For a request whose files stand beside it, and not on the disk.
    pub(super) fn with_only(&self, files: impl Iterator<Item = PathBuf>) -> Self {
        Self {
            root: self.root.clone(),
            named: Arc::default(),
            schemas: Arc::default(),
            given: Some(files.collect()),
            looked_up: Arc::default(),
        }
    }

    /// For one file alone, to learn which others it names.
    pub(super) fn for_one_file(&self) -> Self {
        Self {
            root: self.root.clone(),
            named: Arc::default(),
            schemas: Arc::default(),
            given: self.given.clone(),
            looked_up: Arc::default(),
        }
    }

    /// Adds files that another one names.
    pub(super) fn add_named(&self, names: impl IntoIterator<Item = PathBuf>) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.extend(names);
    }

    /// The text of a file that is not on the disk as it is here.
    ///
    /// # Errors
    /// As for one on the disk.
    pub(super) fn check_text(text: &str) -> Result<(), Diagnostic> {
        if text.len() as u64 > MAX_YAML_BYTES {
            let size = MAX_YAML_BYTES >> 20;
            let title = format!("cannot read: it is larger than {size} MiB");
            return Err(Diagnostic::error(title));
        }
        refuse_nul(text)
    }

    /// Every file that was looked for so far, whether or not it is there.
    pub(super) fn looked_up_files(&self) -> BTreeMap<PathBuf, Stamp> {
        let found = self.looked_up.lock();
        found.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files that other files have named so far, resolved.
    pub(super) fn named_files(&self) -> BTreeSet<PathBuf> {
        // A set that a thread left while it panicked holds whole paths all the same.
        self.named
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every YAML file of the workspace, in the order of their paths.
    pub(crate) fn find_yaml_files(&self, diagnostics: &mut Diagnostics) -> Vec<DiscoveredFile> {
        let mut found = Vec::new();
        // Both are collected, so that two of them are reported as duplicates. Choosing one would
        // ignore the other in silence.
        for ending in ["yaml", "yml"] {
            let path = PathBuf::from("ingam").with_extension(ending);
            // Whatever has this name is read, so that a folder, a pipe or a link that leads nowhere
            // is an error. Taken for absent, the defaults would hold without a word.
            if self.root.join(&path).symlink_metadata().is_ok() {
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
        report_duplicates(&found, diagnostics);
        report_invalid_names(&found, diagnostics);
        found
    }

    /// Below a link no path is taken to be where it says: `read` resolves it first.
    fn collect_yaml_files(
        &self,
        folder: &Path,
        below_link: bool,
        diagnostics: &mut Diagnostics,
        found: &mut Vec<DiscoveredFile>,
    ) {
        for (name, kind) in self.sorted_entries(folder, diagnostics) {
            // Editors and version control keep their own files under such names.
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let path = folder.join(name);
            // `kind` is that of the entry itself, so a link to a folder is no folder here.
            if kind.is_symlink() && self.root.join(&path).is_dir() {
                diagnostics.push(linked_folder(&path));
            } else if kind.is_dir() && is_yaml(&path) {
                diagnostics.push(folder_like_a_file(&path));
            } else if kind.is_dir() {
                self.collect_yaml_files(&path, below_link, diagnostics, found);
            } else if is_yaml(&path) {
                match classify_path(&path) {
                    // The kind comes with the listing and costs no further system call, so `read`
                    // asks for it again only below a link.
                    Some((file_kind, name)) => found.push(DiscoveredFile {
                        kind: file_kind,
                        path,
                        name,
                        is_regular: kind.is_file() && !below_link,
                    }),
                    None => diagnostics.push(misplaced_file(&path)),
                }
            }
        }
    }

    /// The entries of a folder by name; a folder that does not exist has none.
    fn sorted_entries(
        &self,
        folder: &Path,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(OsString, FileType)> {
        let listing = match std::fs::read_dir(self.root.join(folder)) {
            Ok(listing) => listing,
            // No folder of a workspace is required: one without fixtures has no `fixtures/`.
            // A link that leads nowhere is there.
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && !self.root.join(folder).is_symlink() =>
            {
                return Vec::new();
            }
            Err(error) => {
                diagnostics.push(unreadable_file(folder, &error));
                return Vec::new();
            }
        };
        // An entry that cannot be listed is an error: left out, its tests would vanish.
        let mut entries = Vec::new();
        for entry in listing {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => entries.push(entry),
                Err(error) => diagnostics.push(unreadable_file(folder, &error)),
            }
        }
        // The order of a listing differs between file systems and machines, and the order of a run
        // must not.
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        entries
    }

    /// The text of a YAML file.
    pub(crate) fn read(
        &self,
        file: &DiscoveredFile,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        match self.read_text(file) {
            Ok(text) => Some(text),
            Err(diagnostic) => {
                diagnostics.push(diagnostic.in_file(&file.path));
                None
            }
        }
    }

    fn read_text(&self, file: &DiscoveredFile) -> Result<String, Diagnostic> {
        // `resolve_path` follows every part of the path, which takes a system call each. A listing
        // has shown that this one needs none.
        let bytes = if file.is_regular {
            read_plain_file(&self.root.join(&file.path), MAX_YAML_BYTES)
        } else {
            let path = self
                .resolve_path(&file.path)
                .map_err(|error| Diagnostic::error(format!("a file of the workspace {error}")))?;
            read_plain_file(&path, MAX_YAML_BYTES)
        };
        let bytes = bytes.map_err(|error| Diagnostic::error(format!("cannot read: {error}")))?;
        text_of(bytes)
    }

    /// The bytes of a JSON Schema or of a table.
    ///
    /// # Errors
    /// When it cannot be read, is larger than 8 MiB, or has more than 250,000 values.
    pub(super) fn read_data(&self, file: &WorkspaceFile) -> Result<Vec<u8>, WorkspaceFileError> {
        let path = self.resolve_data_path(&file.path)?;
        read_plain_file(&path, MAX_DATA_BYTES)
            .and_then(check_value_count)
            .map_err(|error| WorkspaceFileError::Unreadable {
                path: file.path.clone(),
                error,
            })
    }

    /// A file that a request sends.
    pub(crate) fn workspace_file(
        &self,
        node: &YamlNode,
        diagnostics: &mut Diagnostics,
    ) -> Option<WorkspaceFile> {
        let path = PathBuf::from(text(node, "a file name", diagnostics)?);
        if let Some(given) = &self.given {
            if !given.contains(&path) {
                let diagnostic =
                    Diagnostic::error(format!("the file `{}` is missing", path.display()));
                let hint = "write its content next to the request: `files: { a.txt: \"text\" }`";
                diagnostics.push(diagnostic.at(node.at, "this file").hint(hint));
            }
            return Some(WorkspaceFile { path, at: node.at });
        }
        match self.resolve_data_path(&path) {
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
                let hint = match reason {
                    WorkspaceFileError::Hidden(_) => {
                        "copy the content to a file whose name does not begin with a dot"
                    }
                    _ => "a path must be relative to the root of the workspace and stay inside it",
                };
                diagnostics.push(diagnostic.hint(hint));
                None
            }
        }
    }

    /// The real path of a file whose content a request uses. A file below a name that begins with a
    /// dot holds secrets more often than data: `.env`, `.git/config`, a store in `.local`.
    ///
    /// # Errors
    /// As [`Self::resolve_path`], and when a part of the path begins with a dot, as it is written
    /// or behind links.
    pub(crate) fn resolve_data_path(&self, path: &Path) -> Result<PathBuf, WorkspaceFileError> {
        // By the spelling first, as for a path that leads outside: the message must not tell
        // whether the file exists.
        if has_hidden_part(path) {
            return Err(WorkspaceFileError::Hidden(path.to_owned()));
        }
        let full = self.resolve_path(path)?;
        match full.strip_prefix(&self.root) {
            Ok(inside) if !has_hidden_part(inside) => Ok(full),
            _ => Err(WorkspaceFileError::Hidden(path.to_owned())),
        }
    }

    /// The real path of a file of the workspace.
    ///
    /// # Errors
    /// When it does not exist or lies outside the root, by its spelling or by a link.
    pub(crate) fn resolve_path(&self, path: &Path) -> Result<PathBuf, WorkspaceFileError> {
        // Checked by the spelling first: a path that leads outside must not be looked up at all, or
        // the message would tell whether the file exists.
        if leads_outside(path) {
            return Err(WorkspaceFileError::Outside(path.to_owned()));
        }
        let full = self.root.join(path);
        self.looked_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(full.clone())
            .or_insert_with(|| stamp(&full));
        let full = full.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => WorkspaceFileError::NotFound(path.to_owned()),
            _ => WorkspaceFileError::Unreadable {
                path: path.to_owned(),
                error,
            },
        })?;
        // Links are resolved by now, so this compares where the file really is.
        if full.starts_with(&self.root) {
            self.named
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(full.clone());
            Ok(full)
        } else {
            Err(WorkspaceFileError::LinkOutside(path.to_owned()))
        }
    }
}

/// The text of a YAML file.
fn text_of(bytes: Vec<u8>) -> Result<String, Diagnostic> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Diagnostic::error("the file is not UTF-8").hint("save it as UTF-8 text"))?;
    refuse_nul(&text)?;
    Ok(text)
}

/// No YAML text holds a NUL byte. UTF-16 without a byte order mark does, and so does a truncated
/// write.
fn refuse_nul(text: &str) -> Result<(), Diagnostic> {
    if text.contains('\0') {
        let fault = Diagnostic::error("the file holds a NUL byte");
        return Err(fault.hint("save it as UTF-8 text"));
    }
    Ok(())
}

/// Whether the spelling of a path stays inside of the workspace and names nothing hidden; a
/// fault is reported. The file need not exist.
pub(super) fn check_data_path(path: &str, at: Span, diagnostics: &mut Diagnostics) -> bool {
    let path = Path::new(path);
    let error = if has_hidden_part(path) {
        WorkspaceFileError::Hidden(path.to_owned())
    } else if leads_outside(path) {
        WorkspaceFileError::Outside(path.to_owned())
    } else {
        return true;
    };
    diagnostics.push(Diagnostic::error(format!("the file {error}")).at(at, "this path"));
    false
}

fn leads_outside(path: &Path) -> bool {
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    path.starts_with("~") || !path.components().all(is_plain)
}

fn has_hidden_part(path: &Path) -> bool {
    path.components().any(|part| match part {
        Component::Normal(name) => name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    })
}

/// Counts what separates values. A comma inside of a text counts too, which only matters for files
/// that are far too large.
fn check_value_count(bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let separators = bytes
        .iter()
        .filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'\n'))
        .count();
    if separators > MAX_DATA_VALUES {
        return Err(std::io::Error::other(format!(
            "it has more than {MAX_DATA_VALUES} values"
        )));
    }
    Ok(bytes)
}

/// Two endings of one name would be two requests with the same id.
fn report_duplicates(found: &[DiscoveredFile], diagnostics: &mut Diagnostics) {
    // The list is sorted by path, so `a.yaml` and `a.yml` are neighbours.
    for pair in found
        .windows(2)
        .filter(|pair| pair[0].kind == pair[1].kind && pair[0].name == pair[1].name)
    {
        let (first, second) = (pair[0].path.display(), pair[1].path.display());
        let diagnostic = Diagnostic::error(format!("`{first}` and `{second}` have the same id"));
        diagnostics.push(
            diagnostic
                .in_file(&pair[1].path)
                .hint("one ends in `.yaml`, the other in `.yml`: remove one"),
        );
    }
}

fn report_invalid_names(found: &[DiscoveredFile], diagnostics: &mut Diagnostics) {
    for file in found.iter().filter(|file| !file.name.split('/').all(is_id)) {
        let diagnostic = Diagnostic::error(format!("`{}` cannot be part of an id", file.name))
            .in_file(&file.path);
        diagnostics.push(
            diagnostic
                .hint("use letters, digits, `_`, `-` and `.` in the names of files and folders"),
        );
    }
}

fn linked_folder(path: &Path) -> Diagnostic {
    Diagnostic::error("a folder of a workspace cannot be a link")
        .in_file(path)
        .hint("a link could lead outside the workspace, or in a cycle: put the files here instead")
}

fn folder_like_a_file(path: &Path) -> Diagnostic {
    Diagnostic::error("this is a folder with the name of a file")
        .in_file(path)
        .hint("remove `.yaml` from the name of the folder")
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ["yaml", "yml"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

fn unreadable_file(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot read: {error}")).in_file(path)
}

fn misplaced_file(path: &Path) -> Diagnostic {
    Diagnostic::error("this file has no kind: the folder of a file determines its kind, but this folder does not")
        .in_file(path)
        .hint("put fixtures directly into `fixtures/`, recordings below `fixtures/recordings/`, and schemes directly into `schemes/`")
}

/// The kind of a file and its name, by its path below the root.
pub(crate) fn classify_path(path: &Path) -> Option<(FileKind, String)> {
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
