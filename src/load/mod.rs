//! Finds and decodes every file of a workspace and resolves names across files: a `Workspace`, or all the diagnostics.
//! It refuses to send anything, and to stop at the first fault.

mod assertion;
mod fields;
mod files;
mod fixture;
mod needs;
mod recording;
mod redact;
mod repeat;
mod request;
mod resolve;
mod resource;
mod schema;
mod scheme;
mod values;
mod variants;
mod workspace;

pub use fields::{is_variable, parse_duration};
pub use files::{Files, WORKSPACE_FILE};
pub use resolve::scheme_names;
pub use schema::{SCHEMAS, schema_of};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::fixture::Fixture;
use crate::model::recording::Recording;
use crate::model::request::Request;
use crate::model::scheme::{Origin, Scheme};
use crate::model::workspace::Workspace;
use crate::span::{FileId, Sources};
use crate::store::variable_part;
use files::{FileKind, Found};
use std::path::Path;
use std::sync::Arc;

/// The schemes that the program brings, by name.
pub const BUILT_IN: [(&str, &str); 7] = [
    ("coupang", include_str!("../schemes/coupang.yaml")),
    ("kaufland", include_str!("../schemes/kaufland.yaml")),
    ("lazada", include_str!("../schemes/lazada.yaml")),
    ("naver-commerce", include_str!("../schemes/naver-commerce.yaml")),
    ("none", include_str!("../schemes/none.yaml")),
    ("shopee", include_str!("../schemes/shopee.yaml")),
    ("tiktok-shop", include_str!("../schemes/tiktok-shop.yaml")),
];

/// What was loaded, with the texts for showing places, and every fault that was found.
pub struct Loaded {
    pub workspace: Workspace,
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == crate::diagnostic::Severity::Error)
    }
}

/// One decoded file.
enum Decoded {
    Workspace(workspace::Settings),
    Request(Request),
    Recording(Recording),
    Fixture(Fixture),
    Scheme(Box<Scheme>),
    Nothing,
}

/// Loads the workspace whose root is `root`. Files are read and decoded on `threads` threads.
///
/// # Errors
/// Only when the root itself cannot be read; faults of files are in [`Loaded::diagnostics`].
pub fn load(root: &Path, threads: usize) -> std::io::Result<Loaded> {
    let files = Files::new(root)?;
    let mut faults = Diagnostics::default();
    let mut sources = Sources::default();
    let found = files.find(&mut faults);
    let texts = on_threads(threads, &found, |file, faults| files.read(file, faults), &mut faults);
    let jobs: Vec<(Found, FileId, Arc<str>)> = found
        .into_iter()
        .zip(texts)
        .filter_map(|(file, text)| {
            let text: Arc<str> = text?.into();
            let id = sources.add(file.path.clone(), Arc::clone(&text));
            Some((file, id, text))
        })
        .collect();
    let decoded = on_threads(threads, &jobs, |(file, id, text), faults| decode(&files, file, *id, text, faults), &mut faults);
    let mut workspace = Workspace::empty(files.root().to_owned());
    for scheme in built_in(&files, &decoded, &mut sources, &mut faults) {
        workspace.schemes.push(Arc::new(scheme));
    }
    let places: Vec<&Found> = jobs.iter().map(|(file, _, _)| file).collect();
    for (decoded, file) in decoded.into_iter().zip(places) {
        add(&mut workspace, decoded, file, &mut faults);
    }
    resolve::resolve(&workspace, &mut faults);
    hide_secrets(&workspace, &mut sources);
    Ok(Loaded { workspace, sources, diagnostics: faults.sorted() })
}

/// A secret in a file is a fault, and showing the line it stands in would spread it further.
fn hide_secrets(workspace: &Workspace, sources: &mut Sources) {
    for account in workspace.environments.iter().flat_map(|environment| &environment.accounts) {
        let Some(scheme) = workspace.scheme(&account.scheme) else { continue };
        for (_, value) in account.values.iter().filter(|(name, _)| resolve::is_secret(scheme, name)) {
            if let Some(text) = value.to_plain_text() {
                sources.hide(account.at.file, &text);
            }
        }
    }
}

/// Built-in schemes are decoded only when something names them: most runs need one of them.
fn built_in(files: &Files, decoded: &[Decoded], sources: &mut Sources, faults: &mut Diagnostics) -> Vec<Scheme> {
    let wanted = |name: &str| {
        decoded.iter().any(|decoded| match decoded {
            Decoded::Request(request) => request.steps.iter().any(|step| step.scheme.name == name),
            Decoded::Recording(recording) => recording.scheme == name,
            Decoded::Fixture(fixture) => fixture.calls().any(|step| step.scheme.name == name),
            Decoded::Workspace(settings) => settings.environments.iter().any(|environment| environment.names_scheme(name)),
            _ => false,
        })
    };
    BUILT_IN
        .iter()
        .filter(|(name, _)| wanted(name))
        .filter_map(|(name, text)| decode_built_in(files, name, text, sources, faults))
        .collect()
}

fn decode_built_in(files: &Files, name: &str, text: &str, sources: &mut Sources, faults: &mut Diagnostics) -> Option<Scheme> {
    let id = sources.add(format!("{name} (built in)"), text);
    match crate::yaml::parse(id, text) {
        Ok(node) => scheme::Schemes { files, faults }.decode(name, Origin::BuiltIn, &node),
        Err(fault) => {
            faults.push(*fault);
            None
        }
    }
}

/// One scheme from its text alone, in another process than the one that loaded its workspace.
///
/// # Errors
/// The first fault, in words.
pub fn scheme_of(root: &Path, name: &str, origin: Origin, text: &str) -> Result<Scheme, String> {
    let files = Files::new(root).map_err(|error| error.to_string())?;
    let (mut sources, mut faults) = (Sources::default(), Diagnostics::default());
    let node = crate::yaml::parse(sources.add(name.to_owned(), text), text).map_err(|fault| fault.title.clone())?;
    let scheme = scheme::Schemes { files: &files, faults: &mut faults }.decode(name, origin, &node);
    let faults = faults.sorted();
    match (scheme, faults.iter().find(|fault| fault.severity == crate::diagnostic::Severity::Error)) {
        (Some(scheme), None) => Ok(scheme),
        (_, fault) => Err(fault.map_or_else(|| "it cannot be read".to_owned(), |fault| fault.title.clone())),
    }
}

/// One recording from its text alone; `root` is that of its workspace.
///
/// # Errors
/// The first fault, in words.
pub fn recording_of(root: &Path, name: &str, text: &str) -> Result<Recording, String> {
    let files = Files::new(root).map_err(|error| error.to_string())?;
    let (mut sources, mut faults) = (Sources::default(), Diagnostics::default());
    let node = crate::yaml::parse(sources.add(name.to_owned(), text), text).map_err(|fault| fault.title.clone())?;
    let recording = recording::Recordings { files: &files, faults: &mut faults }.decode(name.to_owned(), &node, text);
    match (recording, faults.sorted().first()) {
        (Some(recording), None) => Ok(recording),
        (_, fault) => Err(fault.map_or_else(|| "it cannot be read".to_owned(), |fault| fault.title.clone())),
    }
}

/// Every scheme that the program brings, and the workspace's own; for commands that list them.
pub fn all_schemes(loaded: &mut Loaded) -> Vec<Arc<Scheme>> {
    let Ok(files) = Files::new(&loaded.workspace.root) else { return loaded.workspace.schemes.clone() };
    let mut faults = Diagnostics::default();
    let mut schemes = loaded.workspace.schemes.clone();
    for (name, text) in BUILT_IN {
        if !schemes.iter().any(|scheme| scheme.name == name) {
            schemes.extend(decode_built_in(&files, name, text, &mut loaded.sources, &mut faults).map(Arc::new));
        }
    }
    loaded.diagnostics.extend(faults.sorted());
    schemes.sort_by(|left, right| left.name.cmp(&right.name));
    schemes
}

fn decode(files: &Files, file: &Found, id: FileId, text: &str, faults: &mut Diagnostics) -> Decoded {
    let node = match crate::yaml::parse(id, text) {
        Ok(node) => node,
        Err(fault) => {
            faults.push(*fault);
            return Decoded::Nothing;
        }
    };
    let name = file.name.clone();
    match file.kind {
        FileKind::Workspace => Decoded::Workspace(workspace::decode(&node, faults)),
        FileKind::Request => request::Requests { files, faults }.decode(name, &node).map_or(Decoded::Nothing, Decoded::Request),
        FileKind::Recording => {
            recording::Recordings { files, faults }.decode(name, &node, text).map_or(Decoded::Nothing, Decoded::Recording)
        }
        FileKind::Scheme => scheme::Schemes { files, faults }
            .decode(&name, Origin::Workspace, &node)
            .map_or(Decoded::Nothing, |scheme| Decoded::Scheme(Box::new(scheme))),
        FileKind::Fixture => request::Requests { files, faults }.fixture(name, &node).map_or(Decoded::Nothing, Decoded::Fixture),
    }
}

fn add(workspace: &mut Workspace, decoded: Decoded, file: &Found, faults: &mut Diagnostics) {
    match decoded {
        Decoded::Workspace(settings) => {
            if let Some(name) = settings.default_env {
                workspace.default_env = name.name;
            }
            workspace.vars = settings.vars;
            workspace.redact = settings.redact;
            workspace.max_age = settings.max_age.unwrap_or(workspace.max_age);
            workspace.environments = settings.environments;
        }
        Decoded::Request(request) => {
            workspace.requests.push(request);
        }
        Decoded::Recording(recording) => workspace.recordings.push(recording),
        Decoded::Fixture(fixture) => workspace.fixtures.push(fixture),
        Decoded::Scheme(scheme) => {
            // `naver_commerce` would read the variables of `naver-commerce`.
            if BUILT_IN.iter().any(|(name, _)| variable_part(name) == variable_part(&scheme.name)) {
                let fault =
                    Diagnostic::error(format!("`{}` is the name of a built-in scheme", scheme.name)).at(scheme.at, "taken");
                faults.push(
                    fault
                        .hint("give the file another name: a request must mean the same for everyone")
                        .in_file(file.path.clone()),
                );
            } else {
                workspace.schemes.push(Arc::from(scheme));
            }
        }
        Decoded::Nothing => {}
    }
}

/// Does `work` for each item, in order, on several threads when there is enough of it.
fn on_threads<I: Sync, O: Send>(
    threads: usize,
    items: &[I],
    work: impl Fn(&I, &mut Diagnostics) -> O + Sync,
    faults: &mut Diagnostics,
) -> Vec<O> {
    const WORTH_A_THREAD: usize = 32;
    let threads = threads.min(items.len() / WORTH_A_THREAD).max(1);
    if threads == 1 {
        return items.iter().map(|item| work(item, faults)).collect();
    }
    let (mine, others) = items.split_at(items.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let handles: Vec<_> = others
            .chunks(mine.len())
            .map(|chunk| {
                let work = &work;
                scope.spawn(move || {
                    let mut faults = Diagnostics::default();
                    (chunk.iter().map(|item| work(item, &mut faults)).collect::<Vec<O>>(), faults)
                })
            })
            .collect();
        let mut all = Vec::with_capacity(items.len());
        all.extend(mine.iter().map(|item| work(item, faults)));
        for handle in handles {
            // A fault of ours must not lose a part of the files in silence.
            let (chunk, found) = handle.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault));
            all.extend(chunk);
            faults.extend(found);
        }
        all
    })
}
