//! Loads one workspace again and again, for an editor: a file that did not change is neither read
//! nor decoded again, and a text of an open buffer takes the place of the file on the disk.

use super::stamp::{Stamp, stamp};
use super::workspace_files::{DiscoveredFile, WorkspaceFiles};
use super::{
    DecodedFile, FileKind, LoadedWorkspace, WorkspaceParts, assemble, can_name_secrets,
    decode_built_in_scheme, decode_file, map_on_threads, named_schemes,
};
use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache, FileVersions};
use crate::model::scheme::Scheme;
use crate::schemes::BUILT_IN_SCHEMES;
use crate::span::{FileId, SourceMap};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keeps every file of a workspace decoded.
pub(crate) struct IncrementalLoader {
    files: WorkspaceFiles,
    threads: usize,
    /// As the folders were last listed.
    listed: Vec<DiscoveredFile>,
    listing_faults: Vec<Diagnostic>,
    /// Texts of open buffers, by the path below the root.
    buffers: BTreeMap<PathBuf, Arc<str>>,
    known: BTreeMap<PathBuf, KnownFile>,
    built_in: BTreeMap<&'static str, KnownScheme>,
    /// Each file keeps its id while it is known; a file of a buffer that is closed, too.
    ids: BTreeMap<PathBuf, FileId>,
    sources: SourceMap,
    /// The files of the folders, and those that only buffers have; `None` when one of them may have
    /// come or gone.
    wanted: Option<Arc<BTreeMap<PathBuf, DiscoveredFile>>>,
    /// Warnings of files that nothing reads, with the files that were named then; `None` when a file
    /// may have come or gone.
    unread: Option<(BTreeSet<PathBuf>, Vec<Diagnostic>)>,
    /// Changes with every file that is not a request, and with the schemes that are loaded.
    shared_version: u64,
    last_version: u64,
    scheme_names: Vec<String>,
    cache: FaultCache,
    /// How many files were read and decoded so far.
    decoded_count: usize,
}

/// A file as it was when it was last decoded.
struct KnownFile {
    file: DiscoveredFile,
    /// Another number for each time that it was decoded.
    version: u64,
    /// `None` where it could not be read.
    text: Option<Arc<str>>,
    /// Of the file on the disk; a buffer has none.
    stamp: Stamp,
    is_buffer: bool,
    decoded: DecodedFile,
    faults: Vec<Diagnostic>,
    named: BTreeSet<PathBuf>,
    can_name_secrets: bool,
    /// The files that were looked for while it was decoded, as they were before they were read.
    looked_up: BTreeMap<PathBuf, Stamp>,
}

#[derive(Clone)]
struct KnownScheme {
    scheme: Option<Arc<Scheme>>,
    faults: Vec<Diagnostic>,
}

/// A file that must be read and decoded.
struct DecodeJob {
    file: DiscoveredFile,
    id: FileId,
    buffer: Option<Arc<str>>,
}

impl IncrementalLoader {
    /// # Errors
    /// When the root cannot be resolved.
    pub(crate) fn new(root: &Path, threads: usize) -> std::io::Result<Self> {
        let mut loader = Self {
            files: WorkspaceFiles::new(root)?,
            threads,
            listed: Vec::new(),
            listing_faults: Vec::new(),
            buffers: BTreeMap::new(),
            known: BTreeMap::new(),
            built_in: BTreeMap::new(),
            ids: BTreeMap::new(),
            sources: SourceMap::default(),
            wanted: None,
            unread: None,
            shared_version: 0,
            last_version: 0,
            scheme_names: Vec::new(),
            cache: FaultCache::default(),
            decoded_count: 0,
        };
        loader.rescan();
        Ok(loader)
    }

    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        self.files.root()
    }

    /// The text of an open buffer, or `None` when it was closed and the file on the disk counts.
    pub(crate) fn set_buffer(&mut self, path: &Path, text: Option<Arc<str>>) {
        let before = match text {
            Some(text) => self.buffers.insert(path.to_owned(), text),
            None => self.buffers.remove(path),
        };
        let is_other_text = before.is_some() && self.buffers.contains_key(path);
        if !is_other_text {
            self.wanted = None;
        }
    }

    /// Lists the folders again, and forgets the files that changed on the disk.
    pub(crate) fn rescan(&mut self) {
        let mut faults = Diagnostics::default();
        self.listed = self.files.find_yaml_files(&mut faults);
        self.listing_faults = faults.sorted();
        self.wanted = None;
        self.unread = None;
        let root = self.files.root().to_owned();
        self.known.retain(|path, known| {
            let is_same = known.is_buffer || known.stamp == stamp(&root.join(path));
            let mut looked_up = known.looked_up.iter();
            is_same && looked_up.all(|(path, before)| stamp(path) == *before)
        });
    }

    /// The text of a file as it was last loaded, without anything masked.
    #[must_use]
    pub(crate) fn text(&self, path: &Path) -> Option<&Arc<str>> {
        self.known.get(path)?.text.as_ref()
    }

    /// Every file with its text, in the order of paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&Path, &Arc<str>)> {
        let known = self.known.iter();
        known.filter_map(|(path, known)| Some((path.as_path(), known.text.as_ref()?)))
    }

    /// How many files were read and decoded since the loader is there.
    #[must_use]
    pub(crate) fn decoded_count(&self) -> usize {
        self.decoded_count
    }

    /// The workspace with all faults, as `load` gives them.
    pub(crate) fn load(&mut self) -> LoadedWorkspace {
        let wanted = match self.wanted.take() {
            Some(wanted) => wanted,
            None => Arc::new(self.wanted_files()),
        };
        self.decode_changed(&wanted);
        self.wanted = Some(wanted);
        let mut diagnostics = Diagnostics::default();
        push_all(&mut diagnostics, &self.listing_faults);
        for known in self.known.values() {
            push_all(&mut diagnostics, &known.faults);
        }
        let schemes = self.needed_schemes(&mut diagnostics);
        self.notice_schemes(&schemes);
        let versions = Some(Arc::new(self.versions()));
        self.cache.set_versions(versions.clone());
        let files = self.files.for_one_file();
        let named = self.known.values().flat_map(|known| &known.named);
        files.add_named(named.cloned());
        let parts = WorkspaceParts {
            schemes,
            can_use_secrets: self.known.values().any(|known| known.can_name_secrets),
            files: (self.known.values())
                .map(|known| (known.decoded.clone(), &known.file))
                .collect(),
        };
        let mut loaded = assemble(
            &files,
            parts,
            self.sources.clone(),
            (&mut self.cache, diagnostics),
        );
        loaded.versions = versions;
        loaded.unread = Some(self.unread_files(&loaded));
        loaded
    }

    /// Lists the folders only when a file may have come or gone, or another one is named.
    fn unread_files(&mut self, loaded: &LoadedWorkspace) -> Vec<Diagnostic> {
        if let Some((named, found)) = &self.unread
            && *named == loaded.named_files
        {
            return found.clone();
        }
        let found = loaded.unread_files();
        self.unread = Some((loaded.named_files.clone(), found.clone()));
        found
    }

    /// The files of the folders, and those that only buffers have.
    fn wanted_files(&self) -> BTreeMap<PathBuf, DiscoveredFile> {
        let listed = self.listed.iter();
        let mut wanted: BTreeMap<PathBuf, DiscoveredFile> = listed
            .map(|file| (file.path.clone(), file.clone()))
            .collect();
        for path in self.buffers.keys().filter(|path| is_shown(path)) {
            if !wanted.contains_key(path)
                && let Some(file) = DiscoveredFile::of_buffer(path)
            {
                wanted.insert(path.clone(), file);
            }
        }
        wanted
    }

    /// A scheme that another file named first has the same faults, but more names are known.
    fn notice_schemes(&mut self, schemes: &[Arc<Scheme>]) {
        let names = schemes.iter().map(|scheme| scheme.name.as_str());
        if !names
            .clone()
            .eq(self.scheme_names.iter().map(String::as_str))
        {
            self.scheme_names = names.map(str::to_owned).collect();
            self.shared_version += 1;
        }
    }

    /// A request that uses steps of another file depends on that file, and has no version.
    fn versions(&self) -> FileVersions {
        let mut requests = BTreeMap::new();
        let mut twice = Vec::new();
        for known in self.known.values() {
            if let DecodedFile::Request(request) = &known.decoded
                && request.uses.is_empty()
                && requests
                    .insert(request.name.clone(), known.version)
                    .is_some()
            {
                // `a.yaml` and `a.yml`: the name says no file.
                twice.push(&request.name);
            }
        }
        requests.retain(|name, _| !twice.contains(&name));
        FileVersions {
            shared: self.shared_version,
            requests,
        }
    }

    fn decode_changed(&mut self, wanted: &BTreeMap<PathBuf, DiscoveredFile>) {
        let shared = &mut self.shared_version;
        self.known.retain(|path, known| {
            let stays = wanted.contains_key(path);
            if !stays && known.file.kind != FileKind::Request {
                *shared += 1;
            }
            stays
        });
        let mut jobs = Vec::new();
        for (path, file) in wanted {
            let buffer = self.buffers.get(path);
            let is_known = self.known.get(path).is_some_and(|known| {
                known.is_buffer == buffer.is_some()
                    && (buffer.is_none() || known.text.as_ref() == buffer)
            });
            if !is_known {
                jobs.push(DecodeJob {
                    file: file.clone(),
                    id: self.id_of(path),
                    buffer: self.buffers.get(path).cloned(),
                });
            }
        }
        self.decoded_count += jobs.len();
        let files = &self.files;
        let decoded = map_on_threads(
            self.threads,
            &jobs,
            |job, _| decode_known(files, job),
            &mut Diagnostics::default(),
        );
        for (job, mut known) in jobs.into_iter().zip(decoded) {
            self.last_version += 1;
            known.version = self.last_version;
            if known.file.kind != FileKind::Request {
                self.shared_version += 1;
            }
            let text = known.text.clone().unwrap_or_else(|| Arc::from(""));
            self.sources.replace(job.id, text);
            self.known.insert(job.file.path, known);
        }
    }

    fn id_of(&mut self, path: &Path) -> FileId {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        let id = self.sources.add(path, "");
        self.ids.insert(path.to_owned(), id);
        id
    }

    /// The built-in schemes that a file names, each decoded once.
    fn needed_schemes(&mut self, diagnostics: &mut Diagnostics) -> Vec<Arc<Scheme>> {
        let named = named_schemes(self.known.values().map(|known| &known.decoded));
        let needed: Vec<_> = BUILT_IN_SCHEMES
            .iter()
            .filter(|(name, _)| named.contains(name))
            .collect();
        let mut schemes = Vec::new();
        for (name, text) in needed {
            let known = self.built_in_scheme(name, text);
            push_all(diagnostics, &known.faults);
            schemes.extend(known.scheme);
        }
        schemes
    }

    fn built_in_scheme(&mut self, name: &'static str, text: &'static str) -> KnownScheme {
        if let Some(known) = self.built_in.get(name) {
            return known.clone();
        }
        let mut faults = Diagnostics::default();
        let files = self.files.for_one_file();
        let sources = &mut self.sources;
        let scheme = decode_built_in_scheme(&files, name, text, sources, &mut faults);
        let known = KnownScheme {
            scheme: scheme.map(Arc::new),
            faults: faults.sorted(),
        };
        self.built_in.insert(name, known.clone());
        known
    }
}

/// The folders leave out names that begin with a dot.
fn is_shown(path: &Path) -> bool {
    !path
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."))
}

fn push_all(diagnostics: &mut Diagnostics, faults: &[Diagnostic]) {
    for fault in faults {
        diagnostics.push(fault.clone());
    }
}

fn decode_known(files: &WorkspaceFiles, job: &DecodeJob) -> KnownFile {
    let files = files.for_one_file();
    let mut diagnostics = Diagnostics::default();
    let is_buffer = job.buffer.is_some();
    // Before it is read: a change in between is then seen by the next look.
    let stamp_before = if is_buffer {
        None
    } else {
        stamp(&files.root().join(&job.file.path))
    };
    let text = match &job.buffer {
        Some(text) => match WorkspaceFiles::check_text(text) {
            Ok(()) => Some(Arc::clone(text)),
            Err(fault) => {
                diagnostics.push(fault.in_file(&job.file.path));
                None
            }
        },
        None => files.read(&job.file, &mut diagnostics).map(Arc::from),
    };
    let decoded = match &text {
        Some(text) => decode_file(&files, &job.file, job.id, text, &mut diagnostics),
        None => DecodedFile::Invalid,
    };
    let secrets = text.as_deref();
    KnownFile {
        can_name_secrets: secrets.is_some_and(|text| can_name_secrets(&job.file, text)),
        file: job.file.clone(),
        version: 0,
        text: text.or_else(|| job.buffer.clone()),
        stamp: stamp_before,
        is_buffer,
        decoded,
        faults: diagnostics.into_unsorted(),
        named: files.named_files(),
        looked_up: files.looked_up_files(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{GivenFile, load_with_files};
    use proptest::prelude::*;

    /// Files of a small workspace with names that lead from one to the other.
    const FILES: [(&str, &str); 6] = [
        (
            "ingam.yaml",
            "vars: { size: 5 }\nenvs: { live: { accounts: { bearer: { sg: {} } } } }\n",
        ),
        (
            "requests/a.yaml",
            "scheme: bearer\nget: /v1/shop\nquery: { n: \"{{ size }}\" }\n",
        ),
        (
            "requests/b.yaml",
            "scheme: none\nneeds: item\nsteps:\n  - use: c\n  - name: x\n    get: \"/{{ item.id }}\"\n",
        ),
        (
            "requests/c.yaml",
            "scheme: none\npost: /login\nassert: { status: 200, $.a: { schema: s.json } }\n",
        ),
        (
            "fixtures/item.yaml",
            "scheme: none\nsteps: [{ post: /, capture: { id: $.id } }]\nvalues: { id: \"{{ id }}\" }\n",
        ),
        (
            "schemes/own.yaml",
            "hosts: { live: \"https://example.com\" }\nsign: []\n",
        ),
    ];
    /// What is written into them: parts of keys and values, and letters of several bytes.
    const WORDS: [&str; 16] = [
        "\n",
        " ",
        ":",
        "- ",
        "{{ ",
        " }}",
        "\"",
        "schem",
        "shopee",
        "own",
        "item",
        "한🎧",
        "size",
        "steps:\n  - ",
        "{",
        "]",
    ];

    /// One edit: a file, a place as a share of its text, letters that go, and a word that comes.
    #[derive(Clone, Debug)]
    struct Edit {
        file: usize,
        place: u16,
        removed: usize,
        word: usize,
    }

    fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
        let edit = (0..FILES.len(), any::<u16>(), 0..8_usize, 0..WORDS.len());
        let edit = edit.prop_map(|(file, place, removed, word)| Edit {
            file,
            place,
            removed,
            word,
        });
        proptest::collection::vec(edit, 1..most)
    }

    fn apply(text: &str, edit: &Edit) -> String {
        let letters: Vec<char> = text.chars().collect();
        let at = usize::from(edit.place) * letters.len() / (usize::from(u16::MAX) + 1);
        let end = (at + edit.removed).min(letters.len());
        let before: String = letters[..at].iter().collect();
        let after: String = letters[end..].iter().collect();
        format!("{before}{}{after}", WORDS[edit.word])
    }

    /// Faults with the paths of their places, since ids differ.
    fn shown(loaded: &LoadedWorkspace) -> Vec<String> {
        let mut lines: Vec<String> = loaded
            .diagnostics
            .iter()
            .map(|fault| {
                let labels = fault.labels.iter();
                let labels: Vec<String> = labels
                    .map(|label| {
                        let path = loaded.sources.path(label.span.file).display().to_string();
                        format!("{path} {:?} {}", label.span.range(), label.text)
                    })
                    .collect();
                format!(
                    "{} {:?} {labels:?} {:?}",
                    fault.title, fault.path, fault.hints
                )
            })
            .collect();
        // The order of files is that of ids, which an editor does not see.
        lines.sort();
        lines
    }

    fn check_edits(root: &Path, edits: &[Edit]) {
        std::fs::write(root.join("ingam.yaml"), FILES[0].1).unwrap();
        let mut loader = IncrementalLoader::new(root, 1).unwrap();
        let mut texts: Vec<String> = FILES.iter().map(|(_, text)| (*text).to_owned()).collect();
        for edit in edits {
            texts[edit.file] = apply(&texts[edit.file], edit);
            let path = Path::new(FILES[edit.file].0);
            loader.set_buffer(path, Some(texts[edit.file].as_str().into()));
            let before = loader.decoded_count();
            let loaded = loader.load();
            assert!(loader.decoded_count() <= before + FILES.len());
            let given = FILES.iter().zip(&texts).map(|((path, _), text)| GivenFile {
                path: (*path).into(),
                text: text.clone(),
            });
            let mut given: Vec<GivenFile> = given.collect();
            // A settings file is no file of a folder: it is written.
            let settings = given.remove(0);
            std::fs::write(root.join("ingam.yaml"), settings.text).unwrap();
            let fresh = load_with_files(root, 1, given).unwrap();
            assert_eq!(shown(&loaded), shown(&fresh), "{edits:?}");
            assert_eq!(
                loaded.workspace.requests.len(),
                fresh.workspace.requests.len()
            );
        }
    }

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in FILES {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::write(folder.path().join("s.json"), "{\"type\": \"object\"}").unwrap();
        folder
    }

    /// 100,000 edits with `INGAM_MEASURE=1`, else a part of them.
    #[test]
    fn random_edits_give_what_a_fresh_load_gives() {
        let is_measured = option_env!("INGAM_MEASURE").is_some();
        let cases = if is_measured { 10_000 } else { 100 };
        let folder = workspace();
        let config = ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(edits in edits(20))| {
            check_edits(folder.path(), &edits);
        });
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_seen_as_changed() {
        let folder = workspace();
        let files = WorkspaceFiles::new(folder.path()).unwrap();
        let path = files.resolve_path(Path::new("s.json")).unwrap();
        let before = stamp(&path);
        std::fs::write(&path, "{\"type\": \"array\", \"minItems\": 1}").unwrap();
        // Another look in the same load does not take the new state for the one that was read.
        files.resolve_path(Path::new("s.json")).unwrap();
        assert_eq!(files.looked_up_files().get(&path), Some(&before));
        assert_ne!(stamp(&path), before);
    }

    #[test]
    fn what_did_not_change_is_not_decoded_again() {
        let folder = workspace();
        let mut loader = IncrementalLoader::new(folder.path(), 1).unwrap();
        loader.load();
        assert_eq!(loader.decoded_count(), FILES.len());
        loader.rescan();
        loader.load();
        assert_eq!(loader.decoded_count(), FILES.len());
        loader.set_buffer(
            Path::new("requests/a.yaml"),
            Some("scheme: none\nget: /\n".into()),
        );
        loader.load();
        loader.load();
        assert_eq!(loader.decoded_count(), FILES.len() + 1);
        // Of the schema, only the request that names it is decoded again.
        std::fs::write(
            folder.path().join("s.json"),
            "{\"type\": \"array\", \"minItems\": 1}",
        )
        .unwrap();
        loader.rescan();
        loader.load();
        assert_eq!(loader.decoded_count(), FILES.len() + 2);
        loader.set_buffer(Path::new("requests/a.yaml"), None);
        loader.load();
        assert_eq!(loader.decoded_count(), FILES.len() + 3);
    }
}
