//! Finds and decodes every file of a workspace and resolves names across files: a `Workspace`, or
//! all the diagnostics. It refuses to send anything, and to stop at the first fault.

mod assertion;
mod capture;
mod conversion;
mod encoded_body;
mod environment_hosts;
mod expected_outcome;
mod external;
mod file_stamps;
mod fixture;
mod fixture_graph;
mod for_each;
mod incremental;
mod json_places;
mod json_schema;
mod network;
mod node_reader;
mod output;
mod pages;
mod path_text;
mod recording;
mod recordings;
mod redact;
mod references;
mod repeat;
mod request;
mod resource;
mod schema;
mod schema_keywords;
mod schema_lint;
mod scheme;
mod scheme_paths;
mod secrets;
mod sent_values;
mod snapshot;
mod stamp;
mod step_use;
mod table;
mod unread_files;
mod value_decoder;
mod value_path;
mod variants;
mod vars_file;
mod when;
mod workspace;
mod workspace_files;

pub(crate) use file_stamps::FileStamps;
pub(crate) use incremental::IncrementalLoader;
pub(crate) use node_reader::{is_id, is_variable_name, parse_duration};
pub(crate) use output::parse_size;
pub use recordings::RecordingFaults;
pub(crate) use recordings::{
    RecordingStamp, decode_given_recording, read_recordings, stamp_recordings,
};
pub(crate) use references::scheme_names;
pub use schema::{SCHEMAS, schema_of};
pub(crate) use secrets::check_secret_assertions;
pub(crate) use vars_file::{VarsFileError, read_vars_file};
pub(crate) use workspace_files::{FileKind, WORKSPACE_FILE, WorkspaceFiles, classify_path};

use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache, FileVersions, Severity};
use crate::model::credential_variable::variable_part;
use crate::model::environment::Environment;
use crate::model::fixture::Fixture;
use crate::model::recording::Recording;
use crate::model::request::Request;
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::model::workspace::Workspace;
use crate::render::SECRET_ROOT;
use crate::schemes::{BUILT_IN_SCHEMES, UNPROVEN_SCHEMES};
use crate::span::{FileId, SourceMap};
use crate::value::Value;
use crate::yaml::{YamlNode, can_spell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use workspace_files::DiscoveredFile;

/// What was loaded, with the texts for showing places, and every fault that was found.
pub struct LoadedWorkspace {
    pub workspace: Workspace,
    pub sources: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    /// The files that requests and schemas name, resolved.
    named_files: BTreeSet<PathBuf>,
    /// Warnings of files that nothing reads, if they are known already.
    unread: Option<Vec<Diagnostic>>,
    /// Those of an editor, which loads again and again.
    versions: Option<Arc<FileVersions>>,
}

impl LoadedWorkspace {
    /// The files that other files have named, resolved.
    pub(crate) fn named_files(&self) -> &BTreeSet<PathBuf> {
        &self.named_files
    }

    /// Which files are the same as when an editor loaded them before.
    pub(crate) fn versions(&self) -> Option<Arc<FileVersions>> {
        self.versions.clone()
    }

    /// Warnings of files that look like tests and that nothing reads.
    pub(crate) fn unread_files(&self) -> Vec<Diagnostic> {
        match &self.unread {
            Some(known) => known.clone(),
            None => unread_files::unread_files(&self.workspace.root, &self.named_files),
        }
    }

    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// One decoded file.
#[derive(Clone)]
enum DecodedFile {
    Workspace(workspace::WorkspaceSettings),
    Request(Request),
    Recording(Recording),
    Fixture(Fixture),
    Scheme(Box<Scheme>),
    Invalid,
}

/// Loads the workspace whose root is `root`. Files are read and decoded on `threads` threads.
///
/// # Errors
/// Only when the root itself cannot be read; errors in files are in
/// [`LoadedWorkspace::diagnostics`].
pub fn load(root: &Path, threads: usize) -> std::io::Result<LoadedWorkspace> {
    load_with_files(root, threads, Vec::new())
}

/// A file that is not on the disk yet.
pub(crate) struct GivenFile {
    /// From the root of the workspace.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Loads a workspace as if it had more files. One of the same path takes the place of the file on
/// the disk.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_with_files(
    root: &Path,
    threads: usize,
    given: Vec<GivenFile>,
) -> std::io::Result<LoadedWorkspace> {
    let files = WorkspaceFiles::new(root)?;
    let mut diagnostics = Diagnostics::default();
    let mut sources = SourceMap::default();
    let found = files.find_yaml_files(&mut diagnostics);
    let mut jobs = read_files(&files, found, threads, &mut sources, &mut diagnostics);
    let replaced: BTreeSet<&Path> = given.iter().map(|file| file.path.as_path()).collect();
    jobs.retain(|(file, _, _)| !replaced.contains(file.path.as_path()));
    for given in given {
        if let Some(file) = DiscoveredFile::not_written(&given.path) {
            let text: Arc<str> = given.text.into();
            let id = sources.add(given.path, Arc::clone(&text));
            jobs.push((file, id, text));
        }
    }
    Ok(decode_workspace(
        &files,
        &jobs,
        threads,
        sources,
        diagnostics,
    ))
}

/// A request that stands in no file of the workspace.
pub(crate) struct GivenRequest<'g> {
    /// As if it were that of a file.
    pub(crate) name: &'g str,
    /// What messages call the place where it stands.
    pub(crate) place: &'g str,
    /// What its file would say, as text.
    pub(crate) text: String,
}

/// Loads the workspace with a request that is given, and without the requests and fixtures of its
/// files.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_given_request(
    root: &Path,
    threads: usize,
    given: GivenRequest<'_>,
) -> std::io::Result<LoadedWorkspace> {
    let files = WorkspaceFiles::new(root)?;
    let mut diagnostics = Diagnostics::default();
    let mut sources = SourceMap::default();
    let mut found = files.find_yaml_files(&mut diagnostics);
    found.retain(|file| !matches!(file.kind, FileKind::Request | FileKind::Fixture));
    let mut jobs = read_files(&files, found, threads, &mut sources, &mut diagnostics);
    let text: Arc<str> = given.text.into();
    let id = sources.add(given.place, Arc::clone(&text));
    jobs.push((DiscoveredFile::given(given.name, given.place), id, text));
    Ok(decode_workspace(
        &files,
        &jobs,
        threads,
        sources,
        diagnostics,
    ))
}

/// A file that was found and read.
type LoadedText = (DiscoveredFile, FileId, Arc<str>);

fn decode_workspace(
    files: &WorkspaceFiles,
    jobs: &[LoadedText],
    threads: usize,
    mut sources: SourceMap,
    mut diagnostics: Diagnostics,
) -> LoadedWorkspace {
    let decoded = map_on_threads(
        threads,
        jobs,
        |(file, id, text), diagnostics| decode_file(files, file, *id, text, diagnostics),
        &mut diagnostics,
    );
    let schemes = decode_needed_schemes(files, &decoded, &mut sources, &mut diagnostics);
    let can_use_secrets = jobs
        .iter()
        .any(|(file, _, text)| can_name_secrets(file, text));
    let places = jobs.iter().map(|(file, _, _)| file);
    let parts = WorkspaceParts {
        schemes: schemes.into_iter().map(Arc::new).collect(),
        files: decoded.into_iter().zip(places).collect(),
        can_use_secrets,
    };
    let mut cache = FaultCache::default();
    assemble(files, parts, sources, (&mut cache, diagnostics))
}

/// Whether a request or a fixture can use `{{ secret.NAME }}`.
fn can_name_secrets(file: &DiscoveredFile, text: &str) -> bool {
    matches!(file.kind, FileKind::Request | FileKind::Fixture) && can_spell(text, SECRET_ROOT)
}

/// What a workspace is put together from.
struct WorkspaceParts<'f> {
    /// Built-in ones that a file names.
    schemes: Vec<Arc<Scheme>>,
    /// In the order of their paths.
    files: Vec<(DecodedFile, &'f DiscoveredFile)>,
    can_use_secrets: bool,
}

/// Resolves names across files.
fn assemble(
    files: &WorkspaceFiles,
    parts: WorkspaceParts<'_>,
    mut sources: SourceMap,
    (cache, mut diagnostics): (&mut FaultCache, Diagnostics),
) -> LoadedWorkspace {
    let mut workspace = Workspace::empty(files.root().to_owned());
    workspace.schemes = parts.schemes;
    workspace.can_use_secrets = parts.can_use_secrets;
    for (decoded, file) in parts.files {
        add_to_workspace(&mut workspace, decoded, file, &mut diagnostics);
    }
    step_use::resolve_uses(&mut workspace, &mut diagnostics);
    expected_outcome::resolve_expected_outcomes(&mut workspace, &mut diagnostics);
    references::check_references(&workspace, cache, &mut diagnostics);
    // Before anything can show a source line: the diagnostics above hold places, not texts.
    redact_secrets(&workspace, &mut sources);
    LoadedWorkspace {
        workspace,
        sources,
        diagnostics: diagnostics.sorted(),
        named_files: files.named_files(),
        unread: None,
        versions: None,
    }
}

/// The files that could be read. An unreadable file is a diagnostic, and the others are loaded.
fn read_files(
    files: &WorkspaceFiles,
    found: Vec<DiscoveredFile>,
    threads: usize,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<LoadedText> {
    let texts = map_on_threads(
        threads,
        &found,
        |file, diagnostics| files.read(file, diagnostics),
        diagnostics,
    );
    // Ids are given out here, on one thread and in the order of the paths: places are compared by
    // them, and the order of diagnostics must not depend on which thread was faster.
    found
        .into_iter()
        .zip(texts)
        .filter_map(|(file, text)| {
            let text: Arc<str> = text?.into();
            let id = sources.add(file.path.clone(), Arc::clone(&text));
            Some((file, id, text))
        })
        .collect()
}

/// A secret in a file is an error, and showing its line would spread it further. Values that cannot
/// be classified count as secret: those of an account whose scheme does not exist, and those whose
/// name the scheme does not list, because it may be a misspelled credential.
fn redact_secrets(workspace: &Workspace, sources: &mut SourceMap) {
    for proxy in workspace.environments.iter().flat_map(Environment::proxies) {
        if let Some(password) = &proxy.refused_password {
            sources.mask_text(proxy.at.file, password);
        }
    }
    for account in workspace
        .environments
        .iter()
        .flat_map(|environment| &environment.accounts)
    {
        let scheme = workspace.scheme(&account.scheme);
        for (_, value) in account
            .values
            .iter()
            .filter(|(name, _)| scheme.is_none_or(|scheme| references::may_be_secret(scheme, name)))
        {
            mask_texts(value, account.at.file, sources);
        }
    }
}

fn mask_texts(value: &Value, file: FileId, sources: &mut SourceMap) {
    match value {
        Value::List(items) => items
            .iter()
            .for_each(|item| mask_texts(item, file, sources)),
        Value::Object(members) => members
            .iter()
            .for_each(|(_, member)| mask_texts(member, file, sources)),
        Value::String(text) => sources.mask_text(file, text),
        Value::Number(number) => sources.mask_text(file, number.as_str()),
        // No secret is `null`, `true` or `false`, and the file has these words elsewhere.
        Value::Null | Value::Bool(_) => {}
    }
}

/// Built-in schemes are decoded only when a file names them: most runs need one of them.
fn decode_needed_schemes(
    files: &WorkspaceFiles,
    decoded: &[DecodedFile],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Scheme> {
    let named = named_schemes(decoded);
    BUILT_IN_SCHEMES
        .iter()
        .filter(|(name, _)| named.contains(name))
        .filter_map(|(name, text)| decode_built_in_scheme(files, name, text, sources, diagnostics))
        .collect()
}

/// Every built-in scheme that a file names. The files are read once, however many schemes there
/// are.
fn named_schemes<'d>(decoded: impl IntoIterator<Item = &'d DecodedFile>) -> BTreeSet<&'d str> {
    let mut named = BTreeSet::new();
    for decoded in decoded {
        match decoded {
            DecodedFile::Request(request) => {
                named.extend(request.calls().map(|step| step.scheme.name.as_str()));
            }
            DecodedFile::Recording(recording) => {
                named.insert(recording.scheme.as_str());
            }
            DecodedFile::Fixture(fixture) => {
                named.extend(fixture.all_steps().map(|step| step.scheme.name.as_str()));
            }
            DecodedFile::Workspace(settings) => {
                let names = BUILT_IN_SCHEMES.iter().map(|(name, _)| *name);
                named.extend(names.filter(|name| {
                    let mut environments = settings.environments.iter();
                    environments.any(|environment| environment.names_scheme(name))
                }));
            }
            DecodedFile::Scheme(_) | DecodedFile::Invalid => {}
        }
    }
    named
}

fn decode_built_in_scheme(
    files: &WorkspaceFiles,
    name: &str,
    text: &str,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Scheme> {
    let id = sources.add(format!("{name} (built in)"), text);
    let node = parse_or_report(id, text, diagnostics)?;
    scheme::SchemeDecoder { files, diagnostics }.decode(name, SchemeOrigin::BuiltIn, &node)
}

fn parse_or_report(id: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<YamlNode> {
    crate::yaml::parse(id, text)
        .map_err(|diagnostic| diagnostics.push(*diagnostic))
        .ok()
}

/// Why a text cannot be decoded as a scheme or a recording.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeTextError {
    #[error("the workspace cannot be opened: {0}")]
    Workspace(#[from] std::io::Error),
    #[error("{}", .0.title)]
    Invalid(Box<Diagnostic>),
}

/// The decoded value, unless it has an error. Warnings are ignored, as in the loader.
fn without_errors<T>(decoded: Option<T>, diagnostics: Diagnostics) -> Result<T, DecodeTextError> {
    let error = diagnostics
        .sorted()
        .into_iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error);
    match (decoded, error) {
        (Some(decoded), None) => Ok(decoded),
        (_, Some(error)) => Err(DecodeTextError::Invalid(Box::new(error))),
        (None, None) => Err(DecodeTextError::Invalid(Box::new(Diagnostic::error(
            "it cannot be read",
        )))),
    }
}

/// One scheme from its text alone, in another process than the one that loaded its workspace.
///
/// # Errors
/// The first error that is found in it.
pub(crate) fn decode_scheme_text(
    root: &Path,
    name: &str,
    origin: SchemeOrigin,
    text: &str,
) -> Result<Scheme, DecodeTextError> {
    let files = WorkspaceFiles::new(root)?;
    let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
    let node = crate::yaml::parse(sources.add(name.to_owned(), text), text)
        .map_err(DecodeTextError::Invalid)?;
    let scheme = scheme::SchemeDecoder {
        files: &files,
        diagnostics: &mut diagnostics,
    }
    .decode(name, origin, &node);
    without_errors(scheme, diagnostics)
}

/// One recording from its text alone; `root` is that of its workspace.
///
/// # Errors
/// The first error that is found in it.
pub(crate) fn decode_recording_text(
    root: &Path,
    name: &str,
    text: &str,
) -> Result<Recording, DecodeTextError> {
    let files = WorkspaceFiles::new(root)?;
    let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
    let node = crate::yaml::parse(sources.add(name.to_owned(), text), text)
        .map_err(DecodeTextError::Invalid)?;
    let recording = recording::RecordingDecoder::new(&files, &mut diagnostics).decode(
        name.to_owned(),
        &node,
        text,
    );
    without_errors(recording, diagnostics)
}

/// Every scheme that the program brings, and the workspace's own; for commands that list them.
pub fn all_schemes(loaded: &mut LoadedWorkspace) -> Vec<Arc<Scheme>> {
    schemes_where(loaded, |_| true)
}

/// Those of [`all_schemes`] whose name is meant; no other built-in scheme is decoded.
pub(crate) fn schemes_where(
    loaded: &mut LoadedWorkspace,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<Arc<Scheme>> {
    let own = &loaded.workspace.schemes;
    let is_own = |name: &str| own.iter().any(|scheme| scheme.name == name);
    let built_in = BUILT_IN_SCHEMES
        .iter()
        .filter(|(name, _)| is_meant(name) && !is_own(name));
    let built_in: Vec<_> = built_in.collect();
    let mut schemes: Vec<Arc<Scheme>> = own
        .iter()
        .filter(|scheme| is_meant(&scheme.name))
        .cloned()
        .collect();
    let decoded = decode_built_in_schemes(loaded, &built_in);
    schemes.extend(decoded.into_iter().map(Arc::new));
    schemes.sort_by(|left, right| left.name.cmp(&right.name));
    schemes
}

/// The schemes that can only be copied, whose name is meant; for commands that list them.
pub(crate) fn unproven_schemes(
    loaded: &mut LoadedWorkspace,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<Scheme> {
    let meant = UNPROVEN_SCHEMES.iter().filter(|(name, _)| is_meant(name));
    decode_built_in_schemes(loaded, &meant.collect::<Vec<_>>())
}

fn decode_built_in_schemes(
    loaded: &mut LoadedWorkspace,
    schemes: &[&(&'static str, &'static str)],
) -> Vec<Scheme> {
    let files = WorkspaceFiles::of_workspace(&loaded.workspace);
    let mut diagnostics = Diagnostics::default();
    let decoded = schemes
        .iter()
        .filter_map(|(name, text)| {
            decode_built_in_scheme(&files, name, text, &mut loaded.sources, &mut diagnostics)
        })
        .collect();
    loaded.diagnostics.extend(diagnostics.sorted());
    decoded
}

fn decode_file(
    files: &WorkspaceFiles,
    file: &DiscoveredFile,
    id: FileId,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> DecodedFile {
    let Some(node) = parse_or_report(id, text, diagnostics) else {
        return DecodedFile::Invalid;
    };
    let name = file.name.clone();
    match file.kind {
        FileKind::Workspace => DecodedFile::Workspace(workspace::decode_workspace_settings(
            &node,
            files,
            diagnostics,
        )),
        FileKind::Request => request::RequestDecoder { files, diagnostics }
            .decode(name, node)
            .map_or(DecodedFile::Invalid, DecodedFile::Request),
        FileKind::Recording => recording::RecordingDecoder::new(files, diagnostics)
            .decode(name, &node, text)
            .map_or(DecodedFile::Invalid, DecodedFile::Recording),
        FileKind::Scheme => scheme::SchemeDecoder { files, diagnostics }
            .decode(&name, SchemeOrigin::Workspace, &node)
            .map_or(DecodedFile::Invalid, |scheme| {
                DecodedFile::Scheme(Box::new(scheme))
            }),
        FileKind::Fixture => request::RequestDecoder { files, diagnostics }
            .decode_fixture(name, &node)
            .map_or(DecodedFile::Invalid, DecodedFile::Fixture),
    }
}

fn add_to_workspace(
    workspace: &mut Workspace,
    decoded: DecodedFile,
    file: &DiscoveredFile,
    diagnostics: &mut Diagnostics,
) {
    match decoded {
        DecodedFile::Workspace(settings) => apply_settings(workspace, settings),
        DecodedFile::Request(request) => workspace.requests.push(request),
        DecodedFile::Recording(recording) => workspace.recordings.push(recording),
        DecodedFile::Fixture(fixture) => workspace.fixtures.push(fixture),
        DecodedFile::Scheme(scheme) => add_scheme(workspace, scheme, file, diagnostics),
        DecodedFile::Invalid => {}
    }
}

fn apply_settings(workspace: &mut Workspace, settings: workspace::WorkspaceSettings) {
    if let Some(name) = settings.default_env {
        workspace.default_env = name.name;
    }
    workspace.vars = settings.vars;
    workspace.redact = settings.redact;
    let recordings = settings.recordings;
    workspace.max_recording_age = recordings.max_age.unwrap_or(workspace.max_recording_age);
    workspace.on_old_recording = recordings.on_old.unwrap_or(workspace.on_old_recording);
    workspace.environments = settings.environments;
}

fn add_scheme(
    workspace: &mut Workspace,
    scheme: Box<Scheme>,
    file: &DiscoveredFile,
    diagnostics: &mut Diagnostics,
) {
    // The names of variables are compared, not of schemes: `naver_commerce` would read the
    // credentials of `naver-commerce` and send them to its own hosts.
    let is_taken = BUILT_IN_SCHEMES
        .iter()
        .any(|(name, _)| variable_part(name) == variable_part(&scheme.name));
    if !is_taken {
        return workspace.schemes.push(Arc::from(scheme));
    }
    let diagnostic = Diagnostic::error(format!(
        "`{}` is the name of a built-in scheme",
        scheme.name
    ))
    .at(scheme.at, "taken");
    diagnostics.push(
        diagnostic
            .hint("rename the file: a file of the workspace cannot replace a built-in scheme")
            .in_file(file.path.clone()),
    );
}

/// So many items are worth one more thread: below that, starting it takes longer than decoding a
/// few small files.
const ITEMS_PER_THREAD: usize = 32;

/// Applies `work` to each item, on several threads when there are many items. The results are in
/// the order of the items.
fn map_on_threads<I: Sync, O: Send>(
    threads: usize,
    items: &[I],
    work: impl Fn(&I, &mut Diagnostics) -> O + Sync,
    diagnostics: &mut Diagnostics,
) -> Vec<O> {
    let threads = threads.min(items.len() / ITEMS_PER_THREAD).max(1);
    if threads == 1 {
        return items.iter().map(|item| work(item, diagnostics)).collect();
    }
    let (mine, others) = items.split_at(items.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let handles: Vec<_> = others
            .chunks(mine.len())
            .map(|chunk| {
                let work = &work;
                scope.spawn(move || map_chunk(chunk, work))
            })
            .collect();
        let mut all = Vec::with_capacity(items.len());
        all.extend(mine.iter().map(|item| work(item, diagnostics)));
        for handle in handles {
            // A panic of a thread goes on here: without it, the requests of its files would be
            // missing from the run, and the run could be green.
            let (chunk, found) = handle
                .join()
                .unwrap_or_else(|diagnostic| std::panic::resume_unwind(diagnostic));
            all.extend(chunk);
            diagnostics.extend(found);
        }
        all
    })
}

/// One thread's part, with diagnostics of its own so that no thread waits for another.
fn map_chunk<I, O>(chunk: &[I], work: impl Fn(&I, &mut Diagnostics) -> O) -> (Vec<O>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let results = chunk
        .iter()
        .map(|item| work(item, &mut diagnostics))
        .collect();
    (results, diagnostics)
}
