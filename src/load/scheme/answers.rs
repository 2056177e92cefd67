//! Decodes `ok` and `errors`: what success is, and which answer is which kind of refusal.

use super::Schemes;
use crate::diagnostic::Diagnostic;
use crate::load::assertion::Assertions;
use crate::load::fields::{Map, first_template, items, one_or_many, scalar, text, word};
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{AnswerCondition, ErrorRule, OkRule, Remedy, StatusPattern};
use crate::render::Dialect;
use crate::yaml::Node;

/// Keys of a rule of `ok`.
pub const OK_KEYS: [&str; 3] = ["match", "status", "json"];
/// Keys of a rule of `errors`.
pub const ERROR_KEYS: [&str; 6] = ["match", "status", "json", "kind", "then", "hint"];

const REMEDIES: [(&str, Remedy); 4] =
    [("renew_once", Remedy::RenewOnce), ("authorize", Remedy::Authorize), ("back_off", Remedy::BackOff), ("stop", Remedy::Stop)];

impl Schemes<'_> {
    /// A list of rules, or the one rule itself.
    pub(super) fn ok_rules(&mut self, node: &Node) -> Vec<OkRule> {
        let nodes = one_or_many(node);
        let rules = nodes.iter().filter_map(|node| {
            let map = Map::open(node, "a rule of `ok`", &OK_KEYS, self.faults)?;
            Some(OkRule { matcher: self.matcher_of(&map), condition: self.condition(&map, "a rule of `ok`") })
        });
        rules.collect()
    }

    pub(super) fn error_rules(&mut self, node: &Node) -> Vec<ErrorRule> {
        items(node, "`errors`", self.faults).iter().filter_map(|node| self.error_rule(node)).collect()
    }

    fn error_rule(&mut self, node: &Node) -> Option<ErrorRule> {
        let map = Map::open(node, "a rule of `errors`", &ERROR_KEYS, self.faults)?;
        let kinds = ErrorKind::ALL.map(|kind| (kind.name(), kind));
        Some(ErrorRule {
            matcher: self.matcher_of(&map),
            condition: self.condition(&map, "a rule of `errors`"),
            kind: word(map.required("kind", self.faults)?, "`kind`", &kinds, self.faults)?,
            then: map.get("then").and_then(|node| word(node, "`then`", &REMEDIES, self.faults)),
            hint: map.get("hint").and_then(|node| text(node, "`hint`", self.faults)).map(str::to_owned),
        })
    }

    fn condition(&mut self, map: &Map<'_>, what: &str) -> AnswerCondition {
        let statuses = map.get("status").map(one_or_many).unwrap_or_default();
        let statuses = statuses.iter().filter_map(|node| self.status(node)).collect::<Vec<_>>();
        if let Some(node) = map.get("json").and_then(first_template) {
            let fault = Diagnostic::error("a rule of a scheme is never a template").at(node.at, "`{{` is not allowed here");
            self.faults.push(fault.hint("a rule is judged by the answer alone"));
        }
        let assertions = map
            .get("json")
            .map(|node| Assertions { dialect: Dialect::Scheme, files: self.files, faults: self.faults }.decode(node));
        let condition = AnswerCondition { statuses, assertions: assertions.unwrap_or_default() };
        if condition.statuses.is_empty() && condition.assertions.is_empty() {
            self.faults.push(Diagnostic::error(format!("{what} needs `status` or `json`")).at(map.at, "this fits every answer"));
        }
        condition
    }

    /// `401`, or `4xx`.
    fn status(&mut self, node: &Node) -> Option<StatusPattern> {
        let written = scalar(node, "`status`", self.faults)?;
        let class =
            written.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()).filter(|class| (1..=5).contains(class));
        let exact = written.parse::<u16>().ok().filter(|code| (100..600).contains(code));
        let found = class.map(StatusPattern::Class).or(exact.map(StatusPattern::Exactly));
        if found.is_none() {
            self.faults.push(Diagnostic::error("`status` must be a status").at(node.at, "write `401` or `4xx`"));
        }
        found
    }
}
