//! Decodes one file of `fixtures/`: steps in the language of requests, each with its undo.

use crate::diagnostic::Diagnostic;
use crate::load::assertion::{Assertions, json_path};
use crate::load::fields::{Map, entries, first_template, flag, items, text, word};
use crate::load::request::{Defaults, Requests, STEP_KEYS, StepNames};
use crate::model::fixture::{Find, Fixture, FixtureScope, FixtureStep, Undo};
use crate::model::request::{Body, Named};
use crate::render::{Dialect, RESERVED};
use crate::yaml::Node;

/// Keys of a fixture.
pub const FIXTURE_KEYS: [&str; 13] =
    ["scope", "auto", "scheme", "level", "account", "headers", "timeout", "retry", "vars", "needs", "steps", "values", "params"];
/// What an undo has besides a request; it captures nothing.
pub const UNDO_KEYS: [&str; 2] = ["gone", "find"];
/// What a search for lost things has besides a request.
pub const FIND_KEYS: [&str; 2] = ["each", "tag"];
/// Keys that only a request of its own has.
const NOT_OF_A_CALL: [&str; 7] = ["name", "capture", "ok", "assert", "poll", "pages", "retry"];

impl Requests<'_> {
    pub fn fixture(&mut self, name: String, node: &Node) -> Option<Fixture> {
        let map = Map::open(node, "a fixture", &FIXTURE_KEYS, self.faults)?;
        self.fixture_name(&name, node);
        let defaults = self.defaults(&map);
        let fixture = Fixture {
            at: node.at,
            scope: map.get("scope").and_then(|node| word(node, "`scope`", &FixtureScope::WORDS, self.faults)).unwrap_or_default(),
            auto: map.get("auto").and_then(|node| flag(node, "`auto`", self.faults)).unwrap_or(false),
            account: self.named(&map, "account"),
            needs: self.needs(&map),
            vars: map.get("vars").map(|node| self.vars(node)).unwrap_or_default(),
            steps: map.get("steps").map(|node| self.fixture_steps(node, &defaults)).unwrap_or_default(),
            values: map.get("values").map(|node| self.values().variables(node)).unwrap_or_default(),
            params: map.get("params").map(|node| self.variants(node, "`params`")).unwrap_or_default(),
            name,
        };
        if fixture.steps.is_empty() && fixture.values.is_empty() {
            let fault =
                Diagnostic::error("a fixture needs `steps`, `values` or both").at(node.at, "it makes nothing and says nothing");
            self.faults.push(fault);
        }
        if let Some(account) = fixture.account.as_ref().filter(|account| account.name == crate::model::environment::EVERY_ACCOUNT)
        {
            let fault = Diagnostic::error("a fixture is made for one account at a time").at(account.at, "each of them");
            self.faults.push(fault.hint("leave `account` out: then it is made for the account of each request that needs it"));
        }
        Some(fixture)
    }

    /// Templates look a fixture up by its name.
    fn fixture_name(&mut self, name: &str, node: &Node) {
        let fault = match name {
            name if !crate::load::fields::is_variable(name) => Some("use ASCII letters, digits and `_`, and begin with a letter"),
            name if RESERVED.contains(&name) => Some("it is a name of the language: choose another"),
            _ => None,
        };
        if let Some(hint) = fault {
            let fault = Diagnostic::error(format!("`{name}` is not a name for a fixture")).at(node.at, "in this file");
            self.faults.push(fault.hint(hint));
        }
    }

    /// One name, or a list of names.
    pub(super) fn needs(&mut self, map: &Map<'_>) -> Vec<Named> {
        let Some(node) = map.get("needs") else { return Vec::new() };
        let mut needs: Vec<Named> = Vec::new();
        for node in crate::load::fields::one_or_many(node) {
            let Some(name) = text(node, "the name of a fixture", self.faults) else { continue };
            if let Some(first) = needs.iter().find(|named| named.name == name) {
                let fault =
                    Diagnostic::error(format!("`{name}` is needed twice")).at(node.at, "the second").at(first.at, "the first");
                self.faults.push(fault);
            }
            needs.push(Named { name: name.to_owned(), at: node.at });
        }
        needs
    }

    fn fixture_steps(&mut self, node: &Node, defaults: &Defaults) -> Vec<FixtureStep> {
        let nodes = items(node, "`steps`", self.faults);
        if nodes.is_empty() && node.as_list().is_some() {
            self.faults.push(Diagnostic::error("`steps` needs at least one step").at(node.at, "no step here"));
        }
        let mut names = StepNames::new();
        let mut steps = Vec::new();
        for node in nodes {
            let keys: Vec<&str> = STEP_KEYS.iter().copied().chain(["undo"]).collect();
            let Some(map) = Map::open(node, "a step", &keys, self.faults) else { continue };
            self.refuse_repeated_making(&map);
            // The only step needs no name.
            let name = if nodes.len() == 1 && map.get("name").is_none() { None } else { self.step_name(&map, &mut names) };
            let undo = map.get("undo").and_then(|node| self.undo(node, defaults));
            if let Some(step) =
                self.step(&map, Some(name.unwrap_or_else(|| Named { name: "step".to_owned(), at: node.at })), defaults)
            {
                steps.push(FixtureStep { step, undo });
            }
        }
        steps
    }

    fn undo(&mut self, node: &Node, defaults: &Defaults) -> Option<Undo> {
        let keys = call_keys(&UNDO_KEYS);
        let map = Map::open(node, "an undo", &keys, self.faults)?;
        let step = self.step(&map, Some(Named { name: "undo".to_owned(), at: node.at }), defaults)?;
        if let Body::Multipart(_) | Body::File(_) = step.body {
            let fault =
                Diagnostic::error("an undo is written down before it is needed, and cannot hold a file").at(node.at, "this undo");
            self.faults.push(fault.hint("use `json`, `form` or `text`"));
        }
        if let Some(template) = map.get("gone").and_then(first_template) {
            let fault = Diagnostic::error("`gone` holds no template").at(template.at, "`{{` is not allowed here");
            self.faults.push(fault.hint("it says what the marketplace answers when the thing is gone already"));
        }
        let gone = map
            .get("gone")
            .map(|node| Assertions { dialect: Dialect::Request, files: self.files, faults: self.faults }.decode(node));
        Some(Undo { step, gone: gone.unwrap_or_default(), find: map.get("find").and_then(|node| self.find(node, defaults)) })
    }

    /// `{ get: /items, each: "$.items[*]", tag: $.name, capture: { item_id: $.id } }`
    fn find(&mut self, node: &Node, defaults: &Defaults) -> Option<Find> {
        let mut keys = call_keys(&FIND_KEYS);
        keys.push("capture");
        let map = Map::open(node, "a search", &keys, self.faults)?;
        let step = self.step(&map, Some(Named { name: "find".to_owned(), at: node.at }), defaults)?;
        let path = |decoder: &mut Self, key: &str| {
            let node = map.required(key, decoder.faults)?;
            json_path(text(node, "a JSONPath", decoder.faults)?, node.at, decoder.faults)
        };
        let (each, tag) = (path(self, "each"), path(self, "tag"));
        let lines = map.required("capture", self.faults).map(|node| entries(node, "`capture`", self.faults)).unwrap_or_default();
        let lines: Vec<_> = lines
            .iter()
            .filter_map(|entry| {
                let path = text(&entry.value, "a JSONPath", self.faults)?;
                Some((entry.key.to_string(), json_path(path, entry.value.at, self.faults)?))
            })
            .collect();
        Some(Find { step: crate::model::request::Step { captures: Vec::new(), ..step }, each: each?, tag: tag?, capture: lines })
    }
}

/// Keys of a call that is not judged by anything but its scheme.
fn call_keys(more: &[&'static str]) -> Vec<&'static str> {
    STEP_KEYS.iter().copied().filter(|key| !NOT_OF_A_CALL.contains(key)).chain(more.iter().copied()).collect()
}
