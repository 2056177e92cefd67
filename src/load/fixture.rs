//! Decodes one file of `fixtures/`: steps in the language of requests, each with its undo.

use crate::diagnostic::{Diagnostic, Hint};
use crate::jsonpath::JsonPath;
use crate::load::assertion::{AssertionDecoder, json_path};
use crate::load::node_reader::{CheckedMap, first_template, list_items, map_entries, text};
use crate::load::request::{RequestDecoder, STEP_KEYS, StepDefaults, StepNames};
use crate::load::secrets::decode_secret_rules;
use crate::model::fixture::{Fixture, FixtureScope};
use crate::model::request::{LeftoverSearch, RequestBody, SpannedName, Step, UndoStep};
use crate::render::{RESERVED_NAMES, TemplateDialect};
use crate::yaml::YamlNode;

/// Keys of a fixture.
pub(super) const FIXTURE_KEYS: [&str; 15] = [
    "scope",
    "auto",
    "scheme",
    "level",
    "account",
    "headers",
    "timeout",
    "retry",
    "vars",
    "needs",
    "steps",
    "values",
    "params",
    "secrets",
    "not_secret",
];
/// What an undo has besides a request; it captures nothing.
pub(super) const UNDO_KEYS: [&str; 2] = ["gone", "find"];
/// What a search for lost things has besides a request.
pub(super) const FIND_KEYS: [&str; 2] = ["each", "tag"];
/// Keys that only a request of its own has.
const REQUEST_ONLY_KEYS: [&str; 12] = [
    "name",
    "capture",
    "ok",
    "assert",
    "for_each",
    "poll",
    "pages",
    "retry",
    "undo",
    "reads",
    "external",
    "redirects",
];

impl RequestDecoder<'_> {
    pub(super) fn decode_fixture(&mut self, name: String, node: &YamlNode) -> Option<Fixture> {
        let map = CheckedMap::open(node, "a fixture", &FIXTURE_KEYS, self.diagnostics)?;
        self.check_fixture_name(&name, node);
        let defaults = self.step_defaults(&map);
        let params = map
            .get("params")
            .map(|node| self.variants(node, "`params`"));
        let fixture = Fixture {
            at: node.at,
            scope: map
                .optional_word("scope", &FixtureScope::WORDS, self.diagnostics)
                .unwrap_or_default(),
            auto: map
                .optional_boolean("auto", self.diagnostics)
                .unwrap_or(false),
            account: self.named(&map, "account"),
            needs: self.needs(&map),
            vars: map.optional("vars", |node| self.vars(node)),
            steps: map.optional("steps", |node| self.fixture_steps(node, &defaults)),
            secret_rules: decode_secret_rules(&map, self.diagnostics),
            values: map.optional("values", |node| self.value_decoder().variables(node)),
            has_unread_params: params.as_ref().is_some_and(Option::is_none),
            params: params.flatten().unwrap_or_default(),
            name,
        };
        self.check_fixture(&fixture);
        Some(fixture)
    }

    fn check_fixture(&mut self, fixture: &Fixture) {
        if fixture.steps.is_empty() && fixture.values.is_empty() {
            let diagnostic = Diagnostic::error("a fixture needs `steps`, `values` or both")
                .at(fixture.at, "this fixture is empty");
            self.diagnostics.push(diagnostic);
        }
        if let Some(account) = fixture
            .account
            .as_ref()
            .filter(|account| account.name == crate::model::environment::ALL_ACCOUNTS)
        {
            let diagnostic = Diagnostic::error("a fixture is set up for one account at a time")
                .at(account.at, "this means all accounts");
            self.diagnostics
                .push(diagnostic.hint(Hint::remove("remove `account`: ingam then sets up the fixture for the account of each request that needs it")));
        }
    }

    /// Templates look a fixture up by its name.
    fn check_fixture_name(&mut self, name: &str, node: &YamlNode) {
        let hint = match name {
            name if !crate::load::node_reader::is_variable_name(name) => {
                Some("use ASCII letters, digits and `_`, and begin with a letter")
            }
            name if RESERVED_NAMES.contains(&name) => Some("the name is reserved: choose another"),
            _ => None,
        };
        if let Some(hint) = hint {
            let diagnostic =
                Diagnostic::error(format!("`{name}` is not a valid name of a fixture"))
                    .at(node.at, "in this file");
            self.diagnostics.push(diagnostic.hint(hint));
        }
    }

    /// One name, or a list of names.
    pub(super) fn needs(&mut self, map: &CheckedMap<'_>) -> Vec<SpannedName> {
        let Some(node) = map.get("needs") else {
            return Vec::new();
        };
        let mut needs: Vec<SpannedName> = Vec::new();
        for node in crate::load::node_reader::one_or_many(node) {
            let Some(name) = text(node, "the name of a fixture", self.diagnostics) else {
                continue;
            };
            if let Some(first) = needs.iter().find(|named| named.name == name) {
                let diagnostic = Diagnostic::error(format!("`{name}` appears twice in `needs`"))
                    .at(node.at, "the second")
                    .at(first.at, "the first");
                self.diagnostics.push(diagnostic);
            }
            needs.push(SpannedName {
                name: name.to_owned(),
                at: node.at,
            });
        }
        needs
    }

    fn fixture_steps(&mut self, node: &YamlNode, defaults: &StepDefaults) -> Vec<Step> {
        let nodes = list_items(node, "`steps`", self.diagnostics);
        if nodes.is_empty() && node.as_list().is_some() {
            self.diagnostics.push(
                Diagnostic::error("`steps` needs at least one step")
                    .at(node.at, "the list is empty"),
            );
        }
        let mut names = StepNames::new();
        nodes
            .iter()
            .filter_map(|node| self.fixture_step(node, nodes.len() == 1, &mut names, defaults))
            .collect()
    }

    fn fixture_step(
        &mut self,
        node: &YamlNode,
        is_only_step: bool,
        names: &mut StepNames,
        defaults: &StepDefaults,
    ) -> Option<Step> {
        let map = CheckedMap::open(node, "a step", &STEP_KEYS, self.diagnostics)?;
        // A name tells the steps of a file apart, and a single step needs none.
        let name = if is_only_step && map.get("name").is_none() {
            None
        } else {
            self.step_name(&map, names)
        };
        let name = name.unwrap_or_else(|| SpannedName {
            name: "step".to_owned(),
            at: node.at,
        });
        self.step(&map, Some(name), defaults)
    }

    pub(super) fn undo(&mut self, node: &YamlNode, defaults: &StepDefaults) -> Option<UndoStep> {
        let keys = undo_call_keys(&UNDO_KEYS);
        let map = CheckedMap::open(node, "an undo", &keys, self.diagnostics)?;
        let step = self.step(
            &map,
            Some(SpannedName {
                name: "undo".to_owned(),
                at: node.at,
            }),
            defaults,
        )?;
        self.check_undo_body(&step, node);
        self.refuse_template_in_gone(&map);
        let gone = map.get("gone").map(|node| {
            AssertionDecoder {
                dialect: TemplateDialect::Request,
                files: self.files,
                diagnostics: self.diagnostics,
            }
            .decode(node)
        });
        Some(UndoStep {
            step,
            gone: gone.unwrap_or_default(),
            find: map
                .get("find")
                .and_then(|node| self.undo_search(node, defaults)),
        })
    }

    fn check_undo_body(&mut self, step: &Step, node: &YamlNode) {
        // The ledger stores the rendered undo before the step is sent. A file would have to be
        // copied into it, and could be any size.
        if let RequestBody::Multipart(_) | RequestBody::File(_) = step.body {
            let diagnostic =
                Diagnostic::error("an undo is stored before the call, and cannot contain a file")
                    .at(node.at, "this undo");
            self.diagnostics
                .push(diagnostic.hint("use `json`, `form` or `text`"));
        }
        if let RequestBody::Encoded(_) = step.body {
            let diagnostic =
                Diagnostic::error("an undo can be only `json`, `form` or `text`, in UTF-8")
                    .at(node.at, "this undo");
            self.diagnostics.push(
                diagnostic.hint("write XML as `text` with a `content-type`, and remove `charset`"),
            );
        }
    }

    fn refuse_template_in_gone(&mut self, map: &CheckedMap<'_>) {
        // A later process may judge `gone` from the ledger, where the variables of this run no
        // longer exist.
        if let Some(template) = map.get("gone").and_then(first_template) {
            let diagnostic = Diagnostic::error("`gone` cannot contain a template")
                .at(template.at, "`{{` is not allowed here");
            self.diagnostics.push(
                diagnostic.hint(
                    "it describes the response of the marketplace if the item no longer exists",
                ),
            );
        }
    }

    /// `{ get: /items, each: "$.items[*]", tag: $.name, capture: { item_id: $.id } }`
    fn undo_search(&mut self, node: &YamlNode, defaults: &StepDefaults) -> Option<LeftoverSearch> {
        let mut keys = undo_call_keys(&FIND_KEYS);
        keys.push("capture");
        let map = CheckedMap::open(node, "a search", &keys, self.diagnostics)?;
        let step = self.step(
            &map,
            Some(SpannedName {
                name: "find".to_owned(),
                at: node.at,
            }),
            defaults,
        )?;
        let (each, tag) = (
            self.required_path(&map, "each"),
            self.required_path(&map, "tag"),
        );
        let capture = self.search_captures(&map);
        Some(LeftoverSearch {
            // `capture` of a search reads each thing found, not the response as a whole.
            step: Step {
                captures: Vec::new(),
                ..step
            },
            each: each?,
            tag: tag?,
            capture,
        })
    }

    fn required_path(&mut self, map: &CheckedMap<'_>, key: &str) -> Option<JsonPath> {
        let node = map.required(key, self.diagnostics)?;
        let path = text(node, "a JSONPath", self.diagnostics)?;
        json_path(path, node.at, self.diagnostics)
    }

    fn search_captures(&mut self, map: &CheckedMap<'_>) -> Vec<(String, JsonPath)> {
        let lines = map
            .required("capture", self.diagnostics)
            .map(|node| map_entries(node, "`capture`", self.diagnostics))
            .unwrap_or_default();
        lines
            .iter()
            .filter_map(|entry| {
                let path = text(&entry.value, "a JSONPath", self.diagnostics)?;
                Some((
                    entry.key.to_string(),
                    json_path(path, entry.value.at, self.diagnostics)?,
                ))
            })
            .collect()
    }
}

/// Keys of a call that is not judged by anything but its scheme.
fn undo_call_keys(more: &[&'static str]) -> Vec<&'static str> {
    STEP_KEYS
        .iter()
        .copied()
        .filter(|key| !REQUEST_ONLY_KEYS.contains(key))
        .chain(more.iter().copied())
        .collect()
}
