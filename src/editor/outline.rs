//! What a request or fixture file says of its steps, read from its tree: also of a file that has
//! faults.

use super::cursor::{PathStep, member};
use crate::load::{FileKind, classify_path};
use crate::method::Method;
use crate::yaml::{MapEntry, YamlNode};
use std::path::Path;

/// The kind of a file and its name, `ingam.yaml` included.
#[must_use]
pub(super) fn kind_of(path: &Path) -> Option<(FileKind, String)> {
    if ["ingam.yaml", "ingam.yml"].map(Path::new).contains(&path) {
        return Some((FileKind::Workspace, "ingam".to_owned()));
    }
    classify_path(path)
}

/// One step of a file: the file itself, or an item of `steps`.
#[derive(Clone, Copy)]
pub(super) struct StepOutline<'n> {
    pub(super) file: &'n YamlNode,
    pub(super) node: &'n YamlNode,
    /// Its place among `steps`.
    pub(super) position: Option<usize>,
}

/// The steps of a file, in order.
#[must_use]
pub(super) fn steps_of(file: &YamlNode) -> Vec<StepOutline<'_>> {
    let Some(steps) = member(file, "steps").and_then(YamlNode::as_list) else {
        let only = StepOutline {
            file,
            node: file,
            position: None,
        };
        return if file.as_map().is_some() {
            vec![only]
        } else {
            Vec::new()
        };
    };
    let steps = steps.iter().enumerate().map(|(at, node)| StepOutline {
        file,
        node,
        position: Some(at),
    });
    steps.collect()
}

/// The step that a path leads into; for a path beside the steps, the file itself.
#[must_use]
pub(super) fn step_of_path<'n>(file: &'n YamlNode, path: &[PathStep]) -> StepOutline<'n> {
    if let [PathStep::Key(key), PathStep::Item(at), ..] = path
        && key == "steps"
        && let Some(step) = steps_of(file).get(*at)
    {
        return *step;
    }
    StepOutline {
        file,
        node: file,
        position: None,
    }
}

impl<'n> StepOutline<'n> {
    #[must_use]
    pub(super) fn text(&self, key: &str) -> Option<&'n str> {
        member(self.node, key)?.as_text()
    }

    #[must_use]
    pub(super) fn name(&self) -> Option<&'n str> {
        self.text("name").filter(|_| self.position.is_some())
    }

    /// Its own scheme, or that of the file.
    #[must_use]
    pub(super) fn scheme(&self) -> Option<&'n str> {
        self.text("scheme")
            .or_else(|| member(self.file, "scheme")?.as_text())
    }

    /// The entry whose key is the method.
    #[must_use]
    pub(super) fn method_entry(&self) -> Option<(Method, &'n MapEntry)> {
        let mut entries = self.node.as_map()?.iter();
        entries.find_map(|entry| Some((method_of_key(&entry.key)?, entry)))
    }

    #[must_use]
    pub(super) fn captures(&self) -> &'n [MapEntry] {
        let captures = member(self.node, "capture");
        captures.and_then(YamlNode::as_map).unwrap_or_default()
    }
}

/// `get` and the like, as a file writes them.
#[must_use]
pub(super) fn method_of_key(key: &str) -> Option<Method> {
    let is_key = |method: &Method| method.key() == key;
    Method::ALL.into_iter().find(is_key)
}
