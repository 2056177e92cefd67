//! A workspace with the texts of open buffers in the place of files. It is loaded again after a
//! change; what did not change stays decoded. A file whose YAML is broken keeps its last good tree
//! for everything but its faults.

use crate::diagnostic::Diagnostic;
use crate::load::{IncrementalLoader, LoadedWorkspace, WORKSPACE_FILE, decode_scheme_text};
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::model::template::Template;
use crate::span::FileId;
use crate::yaml::{NodeKind, YamlNode};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Finds every fault of a loaded workspace that `ingam check` shows.
pub(crate) type FaultFinder = Box<dyn Fn(&LoadedWorkspace) -> Vec<Diagnostic> + Send>;

/// Renders a template as `ingam explain` does: secrets by name, personal data as a word. `None` if it
/// cannot be rendered.
pub(crate) type TemplateRenderer =
    Box<dyn Fn(&LoadedWorkspace, &TemplatePlace<'_>) -> Option<String> + Send>;

/// A template in a request file.
pub(crate) struct TemplatePlace<'t> {
    pub(crate) request: &'t str,
    /// Where the key of the method of its step begins.
    pub(crate) step: u32,
    pub(crate) template: &'t Template,
}

/// What an editor needs of the rooms below it.
pub(crate) struct EditorHooks {
    pub(crate) find_faults: FaultFinder,
    pub(crate) render: TemplateRenderer,
}

#[cfg(test)]
impl EditorHooks {
    /// With the faults of the loader alone, and without rendering.
    pub(crate) fn of_loader() -> Self {
        Self {
            find_faults: Box::new(|loaded| loaded.diagnostics.clone()),
            render: Box::new(|_, _| None),
        }
    }
}

/// The faults of one file.
pub(crate) struct FileFaults {
    /// Below the root.
    pub(crate) path: PathBuf,
    pub(crate) faults: Vec<Diagnostic>,
}

/// A tree, and the text that its places are in.
#[derive(Clone)]
pub(crate) struct ParsedFile {
    pub(crate) text: Arc<str>,
    pub(crate) tree: Arc<YamlNode>,
}

/// One workspace that is open in an editor.
pub(crate) struct EditorWorkspace {
    loader: IncrementalLoader,
    loaded: LoadedWorkspace,
    faults: Vec<Diagnostic>,
    hooks: EditorHooks,
    trees: RefCell<BTreeMap<PathBuf, ParsedFile>>,
    is_outdated: bool,
}

impl EditorWorkspace {
    /// # Errors
    /// When the root cannot be resolved.
    pub(crate) fn open(root: &Path, threads: usize, hooks: EditorHooks) -> std::io::Result<Self> {
        let mut loader = IncrementalLoader::new(root, threads)?;
        let loaded = loader.load();
        let faults = (hooks.find_faults)(&loaded);
        Ok(Self {
            loader,
            loaded,
            faults,
            hooks,
            trees: RefCell::default(),
            is_outdated: false,
        })
    }

    /// Resolved, without links.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        self.loader.root()
    }

    /// The text of an open buffer; `None` when it was closed.
    pub(crate) fn set_buffer(&mut self, path: &Path, text: Option<Arc<str>>) {
        self.loader.set_buffer(path, text);
        self.is_outdated = true;
    }

    /// Files on the disk may have changed.
    pub(crate) fn rescan(&mut self) {
        self.loader.rescan();
        self.is_outdated = true;
    }

    /// Loads what changed. Everything below sees the state of the last call.
    pub(crate) fn refresh(&mut self) {
        if !self.is_outdated {
            return;
        }
        self.is_outdated = false;
        self.loaded = self.loader.load();
        self.faults = (self.hooks.find_faults)(&self.loaded);
    }

    #[must_use]
    pub(crate) fn loaded(&self) -> &LoadedWorkspace {
        &self.loaded
    }

    #[must_use]
    pub(crate) fn text(&self, path: &Path) -> Option<&Arc<str>> {
        self.loader.text(path)
    }

    /// Every YAML file with its text, in the order of paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&Path, &Arc<str>)> {
        self.loader.texts()
    }

    /// A scheme by its name: one that a file names, or any other that the program brings.
    #[must_use]
    pub(crate) fn scheme(&self, name: &str) -> Option<Arc<Scheme>> {
        let loaded = self.loaded.workspace.scheme(name).cloned();
        loaded.or_else(|| {
            let text = crate::schemes::built_in_text(name)?;
            let origin = SchemeOrigin::BuiltIn;
            let scheme = decode_scheme_text(self.root(), name, origin, text).ok()?;
            Some(Arc::new(scheme))
        })
    }

    /// The names of the files of a folder, in order.
    #[must_use]
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let paths = self.texts().map(|(path, _)| path);
        let names = paths.filter_map(|path| {
            let name = path.with_extension("");
            let name = name.strip_prefix(folder).ok()?;
            let name = name.to_string_lossy().replace('\\', "/");
            let is_flat = folder != "fixtures" || !name.contains('/');
            is_flat.then_some(name)
        });
        names.collect()
    }

    /// How many files were read and decoded since the workspace was opened.
    #[must_use]
    pub(crate) fn decoded_count(&self) -> usize {
        self.loader.decoded_count()
    }

    /// The tree of a file: of its text, or of the last text that was YAML.
    #[must_use]
    pub(crate) fn parsed(&self, path: &Path) -> Option<ParsedFile> {
        let text = self.text(path)?;
        let known = self.trees.borrow().get(path).cloned();
        if let Some(known) = &known
            && Arc::ptr_eq(&known.text, text)
        {
            return Some(known.clone());
        }
        match crate::yaml::parse(FileId::default(), text) {
            Ok(tree) => {
                let parsed = ParsedFile {
                    text: Arc::clone(text),
                    tree: Arc::new(tree),
                };
                let mut trees = self.trees.borrow_mut();
                trees.insert(path.to_owned(), parsed.clone());
                Some(parsed)
            }
            Err(_) => known,
        }
    }

    /// Whether the tree of a file is that of its text, and not of an earlier text.
    #[must_use]
    pub(crate) fn is_current(&self, path: &Path) -> bool {
        let parsed = self.parsed(path).zip(self.text(path));
        parsed.is_some_and(|(parsed, text)| Arc::ptr_eq(&parsed.text, text))
    }

    /// Where the scalar that begins at an offset ends.
    #[must_use]
    pub(crate) fn value_end(&self, path: &Path, start: usize) -> Option<usize> {
        let parsed = self.parsed(path)?;
        let mut end = None;
        each_place(&parsed.tree, &mut |at| {
            if at.start == start {
                end = Some(at.end);
            }
        });
        end
    }

    /// What a template of a request file renders to.
    #[must_use]
    pub(super) fn rendered(&self, place: &TemplatePlace<'_>) -> Option<String> {
        (self.hooks.render)(&self.loaded, place)
    }

    /// The path of a file that was loaded; none for a built-in scheme.
    #[must_use]
    pub(crate) fn path_of(&self, file: FileId) -> Option<&Path> {
        let path = &self.loaded.sources.get(file)?.path;
        self.text(path).map(|_| path.as_path())
    }

    /// The faults of all files, each file once. A fault without a file is one of `ingam.yaml`.
    #[must_use]
    pub(crate) fn faults(&self) -> Vec<FileFaults> {
        let mut by_file: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
        for fault in &self.faults {
            by_file
                .entry(self.file_of(fault))
                .or_default()
                .push(fault.clone());
        }
        let by_file = by_file.into_iter();
        by_file
            .map(|(path, faults)| FileFaults { path, faults })
            .collect()
    }

    /// The faults of one file.
    #[must_use]
    pub(crate) fn faults_in(&self, path: &Path) -> Vec<&Diagnostic> {
        let faults = self.faults.iter();
        faults.filter(|fault| self.file_of(fault) == path).collect()
    }

    fn file_of(&self, fault: &Diagnostic) -> PathBuf {
        let labels = fault.labels.iter();
        let places = labels.map(|label| self.path_of(label.span.file));
        if let Some(path) = places.into_iter().next().flatten() {
            return path.to_owned();
        }
        let path = fault.path.as_deref().unwrap_or(Path::new(WORKSPACE_FILE));
        path.strip_prefix(self.root()).unwrap_or(path).to_owned()
    }
}

/// Calls `visit` for the place of every scalar of a tree, and of every key.
fn each_place(node: &YamlNode, visit: &mut dyn FnMut(std::ops::Range<usize>)) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                visit(entry.key_at.range());
                each_place(&entry.value, visit);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| each_place(item, visit)),
        _ => visit(node.at.range()),
    }
}
