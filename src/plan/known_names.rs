//! The names that templates can look up at one place.

use std::collections::HashSet;

/// The names that all files share, and those of one file besides. A file with a copy of the shared
/// names of its own would make a check take files times variables.
#[derive(Clone, Default)]
pub(super) struct KnownNames<'s> {
    shared: Option<&'s HashSet<String>>,
    own: HashSet<String>,
}

impl<'s> KnownNames<'s> {
    /// The names of a new file.
    pub(super) fn of_file(shared: &'s HashSet<String>) -> Self {
        Self {
            shared: Some(shared),
            own: HashSet::new(),
        }
    }

    /// The names that were added.
    pub(super) fn into_own(self) -> HashSet<String> {
        self.own
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.own.contains(name) || self.is_shared(name)
    }

    /// Whether the name is new.
    pub(super) fn insert(&mut self, name: impl Into<String>) -> bool {
        let name = name.into();
        !self.is_shared(&name) && self.own.insert(name)
    }

    /// Removes a name of the file; all files keep a shared one.
    pub(super) fn remove(&mut self, name: &str) {
        self.own.remove(name);
    }

    pub(super) fn len(&self) -> usize {
        self.own.len() + self.shared.map_or(0, HashSet::len)
    }

    /// In one order on every run, for hints.
    pub(super) fn sorted(&self) -> Vec<&str> {
        let shared = self.shared.into_iter().flatten();
        let mut names: Vec<&str> = shared.chain(&self.own).map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    fn is_shared(&self, name: &str) -> bool {
        self.shared.is_some_and(|shared| shared.contains(name))
    }
}

impl<N: Into<String>> Extend<N> for KnownNames<'_> {
    fn extend<I: IntoIterator<Item = N>>(&mut self, names: I) {
        for name in names {
            self.insert(name);
        }
    }
}
