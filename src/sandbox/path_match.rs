//! Levels that request files name, by the requests that have them.

use crate::method::Method;
use crate::model::path_literals::PathLiterals;
use crate::model::request::Step;

/// A level that a request file names, for requests with the same method and path.
#[derive(Debug)]
pub(super) struct NamedLevel {
    method: Method,
    path: PathLiterals,
    pub(super) level: String,
}

impl NamedLevel {
    #[must_use]
    pub(super) fn of(step: &Step) -> Option<Self> {
        let level = step.level.as_ref()?.name.clone();
        Some(Self {
            method: step.method,
            path: PathLiterals::of(&step.path),
            level,
        })
    }

    #[must_use]
    pub(super) fn matches(&self, method: Method, path: &str) -> bool {
        self.method == method && self.path.matches(path)
    }
}
