//! Collects the names of a file from its tree, so that a file with faults has its names, too.

use super::cursor::member;
use super::holes::used_names;
use super::outline::kind_of;
use super::symbols::{NameOccurrence, Symbol, scalar_range};
use super::workspace::{EditorWorkspace, ParsedFile};
use crate::load::FileKind;
use crate::yaml::{MapEntry, YamlNode};
use std::ops::Range;
use std::path::Path;

/// Every name of a file.
#[must_use]
pub(super) fn occurrences(editor: &EditorWorkspace, path: &Path) -> Vec<NameOccurrence> {
    let (Some(parsed), Some((kind, name))) = (editor.parsed(path), kind_of(path)) else {
        return Vec::new();
    };
    let mut collector = NameCollector {
        editor,
        path,
        parsed: &parsed,
        found: Vec::new(),
    };
    match kind {
        FileKind::Workspace => collector.workspace(),
        FileKind::Request => {
            collector.define(Symbol::Request(name), 0..0);
            collector.steps_file();
        }
        FileKind::Fixture => {
            collector.define(Symbol::Fixture(name.clone()), 0..0);
            collector.fixture_values(&name);
            collector.steps_file();
        }
        FileKind::Recording => collector.recording(),
        FileKind::Scheme => collector.define(Symbol::Scheme(name), 0..0),
    }
    collector.found
}

/// Collects the names of one file.
pub(super) struct NameCollector<'c> {
    pub(super) editor: &'c EditorWorkspace,
    pub(super) path: &'c Path,
    pub(super) parsed: &'c ParsedFile,
    pub(super) found: Vec<NameOccurrence>,
}

impl NameCollector<'_> {
    pub(super) fn define(&mut self, symbol: Symbol, range: Range<usize>) {
        self.found.push(NameOccurrence {
            symbol,
            range,
            is_definition: true,
            is_prefix: false,
        });
    }

    pub(super) fn mention(&mut self, symbol: Symbol, range: Range<usize>) {
        self.found.push(NameOccurrence {
            symbol,
            range,
            is_definition: false,
            is_prefix: false,
        });
    }

    pub(super) fn key_range(&self, entry: &MapEntry) -> Range<usize> {
        let range = entry.key_at.range();
        let written = self.parsed.text.get(range.clone()).unwrap_or_default();
        if written.starts_with(['"', '\'']) && written.len() >= 2 {
            range.start + 1..range.end - 1
        } else {
            range
        }
    }

    pub(super) fn own(&self, name: &str) -> Symbol {
        Symbol::Variable {
            file: Some(self.path.to_owned()),
            name: name.to_owned(),
        }
    }

    pub(super) fn define_keys(&mut self, map: Option<&YamlNode>, symbol: impl Fn(&str) -> Symbol) {
        for entry in map.and_then(YamlNode::as_map).unwrap_or_default() {
            let range = self.key_range(entry);
            self.define(symbol(&entry.key), range);
        }
    }

    pub(super) fn mention_text(
        &mut self,
        node: Option<&YamlNode>,
        symbol: impl Fn(&str) -> Symbol,
    ) {
        if let Some((node, text)) = node.and_then(|node| Some((node, node.as_text()?))) {
            let range = scalar_range(&self.parsed.text, node);
            self.mention(symbol(text), range);
        }
    }

    fn workspace(&mut self) {
        let tree = &self.parsed.tree;
        let shared = |name: &str| Symbol::Variable {
            file: None,
            name: name.to_owned(),
        };
        self.define_keys(member(tree, "vars"), shared);
        self.mention_text(member(tree, "default_env"), |name| {
            Symbol::Environment(name.to_owned())
        });
        let environments = member(tree, "envs");
        self.define_keys(environments, |name| Symbol::Environment(name.to_owned()));
        let environments = environments.and_then(YamlNode::as_map);
        for environment in environments.unwrap_or_default() {
            self.define_keys(member(&environment.value, "vars"), shared);
            for part in ["accounts", "hosts", "regions"] {
                let schemes = member(&environment.value, part).and_then(YamlNode::as_map);
                for scheme in schemes.unwrap_or_default() {
                    let range = self.key_range(scheme);
                    self.mention(Symbol::Scheme(scheme.key.to_string()), range);
                    if part == "accounts" {
                        self.define_keys(Some(&scheme.value), |name| Symbol::Account {
                            scheme: scheme.key.to_string(),
                            name: name.to_owned(),
                        });
                    }
                }
            }
        }
        for used in used_names(tree) {
            let name = used.dotted.split('.').next().unwrap_or_default();
            self.mention(shared(name), used.first);
        }
    }

    fn recording(&mut self) {
        let tree = &self.parsed.tree;
        let scheme = member(tree, "scheme");
        self.mention_text(scheme, |name| Symbol::Scheme(name.to_owned()));
        let scheme = scheme.and_then(YamlNode::as_text).unwrap_or_default();
        let exchanges = member(tree, "exchanges").and_then(YamlNode::as_list);
        for exchange in exchanges.unwrap_or_default() {
            let request = member(exchange, "request");
            let account = request.and_then(|request| member(request, "account"));
            self.mention_text(account, |name| Symbol::Account {
                scheme: scheme.to_owned(),
                name: name.to_owned(),
            });
        }
    }

    fn fixture_values(&mut self, fixture: &str) {
        self.define_keys(member(&self.parsed.tree, "values"), |name| {
            Symbol::FixtureValue {
                fixture: fixture.to_owned(),
                name: name.to_owned(),
            }
        });
    }
}
