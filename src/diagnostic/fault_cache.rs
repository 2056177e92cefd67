//! Faults of single request files, kept from one look to the next: a file is checked again only when
//! it changed, or something that all files share. Without versions, every file is checked each time.

use super::fault::{Diagnostic, Diagnostics};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Numbers that change with what they stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FileVersions {
    /// Of everything but the request files: settings, fixtures, schemes.
    pub(crate) shared: u64,
    /// Of the request files whose faults depend on no other request file.
    pub(crate) requests: BTreeMap<String, u64>,
}

/// What is looked for in a request file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CheckKind {
    References,
    Names,
    SecretAssertions,
}

#[derive(Default)]
pub(crate) struct FaultCache {
    versions: Option<Arc<FileVersions>>,
    kept: HashMap<CheckKind, HashMap<String, KeptFaults>>,
}

struct KeptFaults {
    shared: u64,
    own: u64,
    faults: Vec<Diagnostic>,
}

impl FaultCache {
    /// Says which files are the same as before; faults of files that are gone are forgotten.
    pub(crate) fn set_versions(&mut self, versions: Option<Arc<FileVersions>>) {
        for kept in self.kept.values_mut() {
            let known = versions.as_ref().map(|versions| &versions.requests);
            kept.retain(|name, _| known.is_some_and(|known| known.contains_key(name)));
        }
        self.versions = versions;
    }

    /// Adds the faults of a request file: those that are kept, or those that `check` finds.
    pub(crate) fn check(
        &mut self,
        (kind, name): (CheckKind, &str),
        diagnostics: &mut Diagnostics,
        check: impl FnOnce(&mut Diagnostics),
    ) {
        let versions = self.versions.as_ref();
        let Some((shared, own)) =
            versions.and_then(|versions| Some((versions.shared, *versions.requests.get(name)?)))
        else {
            return check(diagnostics);
        };
        let kept = self.kept.entry(kind).or_default();
        let is_same = |kept: &KeptFaults| (kept.shared, kept.own) == (shared, own);
        if !kept.get(name).is_some_and(is_same) {
            let mut found = Diagnostics::default();
            check(&mut found);
            let faults = found.into_unsorted();
            let found = KeptFaults {
                shared,
                own,
                faults,
            };
            kept.insert(name.to_owned(), found);
        }
        for fault in kept.get(name).into_iter().flat_map(|kept| &kept.faults) {
            diagnostics.push(fault.clone());
        }
    }
}
