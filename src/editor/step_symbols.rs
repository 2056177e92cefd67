//! The names of steps: of their calls, of the files that they use, and in their templates.

use super::cursor::member;
use super::holes::{UsedName, used_names};
use super::name_collector::NameCollector;
use super::outline::{StepOutline, steps_of};
use super::symbols::{NameOccurrence, Symbol, scalar_range};
use super::visible_names::{needed_fixtures, request_file};
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Keys whose values are data: no names of the language stand there, but in templates.
const DATA_KEYS: [&str; 13] = [
    "json",
    "form",
    "query",
    "headers",
    "multipart",
    "text",
    "xml",
    "assert",
    "vars",
    "cases",
    "params",
    "until",
    "pending",
];

impl NameCollector<'_> {
    /// The names of a request or a fixture.
    pub(super) fn steps_file(&mut self) {
        let tree = std::sync::Arc::clone(&self.parsed.tree);
        let path = self.path.to_owned();
        let own = move |name: &str| Symbol::Variable {
            file: Some(path.clone()),
            name: name.to_owned(),
        };
        self.define_keys(member(&tree, "vars"), &own);
        for variants in ["cases", "params"] {
            let lines = member(&tree, variants).and_then(YamlNode::as_map);
            for line in lines.unwrap_or_default() {
                self.define_keys(Some(&line.value), &own);
            }
        }
        if let Some(needs) = member(&tree, "needs") {
            for needed in needs.as_list().unwrap_or(std::slice::from_ref(needs)) {
                self.mention_text(Some(needed), |name| Symbol::Fixture(name.to_owned()));
            }
        }
        let steps = steps_of(&tree);
        let scheme = steps.first().and_then(StepOutline::scheme);
        self.calls(&tree, scheme.unwrap_or_default(), &own);
        for step in steps {
            self.used_file(step.node);
            if step.name().is_some() && step.text("use").is_none() {
                self.step_name(step.node);
            }
        }
        self.templates(&tree);
    }

    fn step_name(&mut self, step: &YamlNode) {
        let node = member(step, "name");
        if let Some((node, name)) = node.and_then(|node| Some((node, node.as_text()?))) {
            let symbol = Symbol::Step {
                file: self.path.to_owned(),
                name: name.to_owned(),
            };
            let range = scalar_range(&self.parsed.text, node);
            self.define(symbol, range);
        }
    }

    /// The names of calls, wherever they are: in steps, undos and searches.
    fn calls(&mut self, node: &YamlNode, scheme: &str, own: &impl Fn(&str) -> Symbol) {
        match &node.kind {
            NodeKind::List(items) => {
                for item in items {
                    self.calls(item, scheme, own);
                }
            }
            NodeKind::Map(entries) => {
                let named = member(node, "scheme").and_then(YamlNode::as_text);
                let scheme = named.unwrap_or(scheme);
                for entry in entries {
                    self.call_entry(entry, scheme, own);
                }
            }
            _ => {}
        }
    }

    fn call_entry(&mut self, entry: &MapEntry, scheme: &str, own: &impl Fn(&str) -> Symbol) {
        let value = Some(&entry.value);
        match entry.key.as_str() {
            "scheme" => self.mention_text(value, |name| Symbol::Scheme(name.to_owned())),
            "account" => self.mention_text(value, |name| Symbol::Account {
                scheme: scheme.to_owned(),
                name: name.to_owned(),
            }),
            "capture" => self.define_keys(value, own),
            "for_each" => {
                let item = member(&entry.value, "item");
                if let Some((item, name)) = item.and_then(|item| Some((item, item.as_text()?))) {
                    let range = scalar_range(&self.parsed.text, item);
                    self.define(own(name), range);
                }
            }
            key if DATA_KEYS.contains(&key) => {}
            _ => self.calls(&entry.value, scheme, own),
        }
    }

    /// `use` and the variables beside it, which are those of the used file.
    fn used_file(&mut self, step: &YamlNode) {
        let used = member(step, "use");
        self.mention_text(used, |name| Symbol::Request(name.to_owned()));
        let file = used.and_then(YamlNode::as_text);
        let Some(file) = file.and_then(|name| request_file(self.editor, name)) else {
            return;
        };
        let vars = member(step, "vars").and_then(YamlNode::as_map);
        for entry in vars.unwrap_or_default() {
            let range = self.key_range(entry);
            let name = entry.key.to_string();
            let file = Some(file.clone());
            self.mention(Symbol::Variable { file, name }, range);
        }
    }

    /// What the expressions of the file use.
    fn templates(&mut self, tree: &YamlNode) {
        let defined: BTreeSet<String> = self
            .found
            .iter()
            .filter(|one| matches!(&one.symbol, Symbol::Variable { file: Some(file), .. } if file == self.path))
            .map(|one| one.symbol.name().to_owned())
            .collect();
        let fixtures: Vec<String> = needed_fixtures(tree)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let prefixes = self.used_prefixes(tree);
        for used in used_names(tree) {
            let first = used.dotted.split('.').next().unwrap_or_default().to_owned();
            if defined.contains(&first) {
                let symbol = self.own(&first);
                self.mention(symbol, used.first);
            } else if fixtures.contains(&first) {
                self.fixture_use(first, used);
            } else if let Some(prefix) = prefixes.get(&first) {
                self.prefix_use(prefix, &used);
                let file = Some(prefix.file.clone());
                self.member_use(used, |name| Symbol::Variable { file, name });
            } else if !first.ends_with("()") {
                let symbol = Symbol::Variable {
                    file: None,
                    name: first,
                };
                self.mention(symbol, used.first);
            }
        }
    }

    fn fixture_use(&mut self, fixture: String, used: UsedName) {
        self.mention(Symbol::Fixture(fixture.clone()), used.first.clone());
        self.member_use(used, |name| Symbol::FixtureValue { fixture, name });
    }

    /// The second name of `item.id`.
    fn member_use(&mut self, used: UsedName, symbol: impl FnOnce(String) -> Symbol) {
        let name = used.dotted.split('.').nth(1).map(str::to_owned);
        if let Some((name, range)) = name.zip(used.second) {
            self.mention(symbol(name), range);
        }
    }

    /// A prefix that a `use` takes from the name of its file.
    fn prefix_use(&mut self, prefix: &UsedPrefix, used: &UsedName) {
        if let Some(request) = &prefix.named_after {
            self.found.push(NameOccurrence {
                symbol: Symbol::Request(request.clone()),
                range: used.first.clone(),
                is_definition: false,
                is_prefix: true,
            });
        }
    }

    fn used_prefixes(&self, tree: &YamlNode) -> BTreeMap<String, UsedPrefix> {
        let steps = steps_of(tree).into_iter();
        let prefixes = steps.filter_map(|step| {
            let used = step.text("use")?;
            let own = step.text("name");
            let prefix = UsedPrefix {
                file: request_file(self.editor, used)?,
                named_after: own.is_none().then(|| used.to_owned()),
            };
            let name = own.or_else(|| used.rsplit('/').next())?;
            Some((name.to_owned(), prefix))
        });
        prefixes.collect()
    }
}

/// What stands before the names that used steps capture.
struct UsedPrefix {
    file: PathBuf,
    /// The request whose name gives the prefix; without one, the step says its own.
    named_after: Option<String>,
}
