//! Which files a command needs, so that a fault in another file does not stop it. A file that
//! cannot be classified counts as needed.

use super::order::fixture_closure;
use super::select::{matches_pattern, split_unit_id};
use crate::diagnostic::{Diagnostic, Severity};
use crate::load::{FileKind, LoadedWorkspace, classify_path};
use crate::model::request::Request;
use crate::model::workspace::Workspace;
use crate::span::{FileId, Span};
use std::collections::BTreeSet;
use std::path::Path;

/// What a command reads of a workspace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommandScope<'s> {
    /// Every file.
    Everything,
    /// The settings, and all files of these kinds.
    Kinds(&'static [FileKind]),
    /// The requests that some words select, in an environment, with what they use. Without words,
    /// every file.
    Requests {
        words: &'s [String],
        environment: Option<&'s str>,
    },
}

/// Removes the faults of files that the command does not need from a loaded workspace, and returns
/// them. Warnings stay.
#[must_use]
pub(crate) fn take_unneeded_faults(
    loaded: &mut LoadedWorkspace,
    scope: CommandScope<'_>,
) -> Vec<Diagnostic> {
    // Nearly always.
    if !loaded.has_errors() {
        return Vec::new();
    }
    let all = std::mem::take(&mut loaded.diagnostics);
    let (needed, unneeded) = split_faults(loaded, all, scope);
    loaded.diagnostics = needed;
    unneeded
}

/// The faults that the command must stop for, with all warnings; and the others.
#[must_use]
pub(crate) fn split_faults(
    loaded: &LoadedWorkspace,
    faults: Vec<Diagnostic>,
    scope: CommandScope<'_>,
) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let needed = NeededFiles::new(loaded, scope);
    faults
        .into_iter()
        .partition(|fault| fault.severity == Severity::Warning || needed.includes(fault))
}

struct NeededFiles<'l> {
    loaded: &'l LoadedWorkspace,
    scope: CommandScope<'l>,
    /// Of the selected requests.
    fixtures: BTreeSet<String>,
    schemes: BTreeSet<String>,
    /// Request files whose steps they use.
    used_files: BTreeSet<String>,
}

impl<'l> NeededFiles<'l> {
    fn new(loaded: &'l LoadedWorkspace, scope: CommandScope<'l>) -> Self {
        let mut needed = Self {
            loaded,
            scope,
            fixtures: BTreeSet::new(),
            schemes: BTreeSet::new(),
            used_files: BTreeSet::new(),
        };
        if let CommandScope::Requests { words, .. } = scope {
            let requests = loaded.workspace.requests.iter();
            for request in requests.filter(|request| is_named(words, &request.name)) {
                needed.add_request(&loaded.workspace, request);
            }
        }
        needed
    }

    fn add_request(&mut self, workspace: &Workspace, request: &Request) {
        let named = request.needs.iter().map(|fixture| fixture.name.clone());
        self.fixtures.extend(named);
        let schemes = request.calls().map(|step| step.scheme.name.clone());
        self.schemes.extend(schemes);
        let used = request.steps.iter().filter_map(|step| step.used.as_ref());
        self.used_files.extend(used.map(|used| used.file.clone()));
        for fixture in fixture_closure(workspace, request) {
            self.fixtures.insert(fixture.name.clone());
            // One that cannot be decoded is not in the closure, but its name is.
            let named = fixture.needs.iter().map(|needed| needed.name.clone());
            self.fixtures.extend(named);
            self.schemes.extend(fixture.schemes().map(str::to_owned));
        }
    }

    fn includes(&self, fault: &Diagnostic) -> bool {
        let in_labels = fault
            .labels
            .iter()
            .any(|label| self.includes_place(label.span));
        let in_path = fault
            .path
            .as_deref()
            .is_some_and(|path| self.includes_path(path));
        in_labels || in_path || (fault.labels.is_empty() && fault.path.is_none())
    }

    fn includes_place(&self, place: Span) -> bool {
        let path = self.loaded.sources.path(place.file);
        if classify_path(path).is_some() {
            self.includes_path(path)
        } else {
            !self.is_of_another_environment(place)
        }
    }

    /// A path relative to the root.
    fn includes_path(&self, path: &Path) -> bool {
        match (classify_path(path), self.scope) {
            (_, CommandScope::Everything) => true,
            (Some((kind, _)), CommandScope::Kinds(kinds)) => kinds.contains(&kind),
            (Some((kind, name)), CommandScope::Requests { words, .. }) => match kind {
                _ if words.is_empty() => true,
                FileKind::Workspace => true,
                FileKind::Request => is_named(words, &name) || self.used_files.contains(&name),
                FileKind::Fixture => self.includes_fixture(path, &name),
                FileKind::Recording => self.includes_recording(path, &name),
                FileKind::Scheme => self.schemes.contains(&name),
            },
            // A folder, or a file of no kind.
            (None, CommandScope::Requests { words, .. }) => is_near(words, path),
            (None, CommandScope::Kinds(kinds)) => {
                kinds.contains(&FileKind::Request) || !path.starts_with("requests")
            }
        }
    }

    /// A fixture that is `auto` is needed by requests that do not name it; and one that cannot be
    /// decoded might be.
    fn includes_fixture(&self, path: &Path, name: &str) -> bool {
        let decoded = self.loaded.workspace.fixture(name);
        self.fixtures.contains(name)
            || decoded.is_some_and(|fixture| fixture.auto)
            || (decoded.is_none() && self.text_of(path).is_none_or(|text| text.contains("auto")))
    }

    /// The recordings of a scheme form one pool.
    fn includes_recording(&self, path: &Path, name: &str) -> bool {
        let mut recordings = self.loaded.workspace.recordings.iter();
        if let Some(decoded) = recordings.find(|recording| recording.name == name) {
            return self.schemes.contains(&decoded.scheme);
        }
        let text = self.text_of(path).unwrap_or_default();
        let scheme = text.lines().find_map(|line| line.strip_prefix("scheme:"));
        // The line can hold quotes and a comment.
        scheme.is_none_or(|line| self.schemes.iter().any(|name| line.contains(name.as_str())))
    }

    /// The text of a file; `None` if it could not be read.
    fn text_of(&self, path: &Path) -> Option<&str> {
        let sources = &self.loaded.sources;
        let ids = (0..).map(FileId);
        ids.map_while(|id| sources.get(id))
            .find(|source| source.path == path)
            .map(|source| &*source.text)
    }

    /// Whether a place in `ingam.yaml` is part of an environment that the run does not use. Accounts
    /// do not count: the sandbox uses those of every environment, and a secret among them has been
    /// spread, whoever uses it.
    fn is_of_another_environment(&self, place: Span) -> bool {
        let CommandScope::Requests { words, environment } = self.scope else {
            return false;
        };
        let workspace = &self.loaded.workspace;
        let used = environment.unwrap_or(&workspace.default_env);
        !words.is_empty()
            && workspace.environments.iter().any(|other| {
                let is_account = other.accounts_at.is_some_and(|at| at.contains(place));
                other.name != used && other.at.contains(place) && !is_account
            })
    }
}

fn is_named(words: &[String], name: &str) -> bool {
    words.iter().any(|word| matches_pattern(word, name))
}

/// Whether a folder or a file of no kind is above or below what a word names.
fn is_near(words: &[String], path: &Path) -> bool {
    let Ok(below) = path.strip_prefix("requests") else {
        return true;
    };
    let below = below.with_extension("");
    let below = below.to_string_lossy();
    words.is_empty()
        || words.iter().any(|word| {
            let (file, _) = split_unit_id(word);
            file.contains('*')
                || is_named(std::slice::from_ref(word), &below)
                || Path::new(&file).starts_with(&*below)
        })
}
