//! Decodes `ok` and `errors`: which response is a success, and which kind of error another one is.

use super::SchemeDecoder;
use crate::diagnostic::{Diagnostic, Hint};
use crate::load::assertion::AssertionDecoder;
use crate::load::node_reader::{
    CheckedMap, enum_value, first_template, list_items, one_or_many, scalar,
};
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, ErrorRule, ResponseCondition, StatusPattern, SuccessRule};
use crate::render::TemplateDialect;
use crate::yaml::{NodeKind, YamlNode};

/// Keys of a rule of `ok`.
pub(super) const OK_RULE_KEYS: [&str; 3] = ["match", "status", "where"];
/// Keys of a rule of `errors`.
pub(super) const ERROR_RULE_KEYS: [&str; 8] = [
    "match", "status", "where", "kind", "then", "hint", "executed", "source",
];

const REMEDIES: [(&str, ErrorRemedy); 4] = [
    ("renew_once", ErrorRemedy::RenewOnce),
    ("authorize", ErrorRemedy::Authorize),
    ("back_off", ErrorRemedy::BackOff),
    ("block", ErrorRemedy::Block),
];

impl SchemeDecoder<'_> {
    /// A list of rules, or the one rule itself.
    pub(super) fn ok_rules(&mut self, node: &YamlNode) -> Vec<SuccessRule> {
        let nodes = one_or_many(node);
        let rules = nodes.iter().filter_map(|node| {
            let map = CheckedMap::open(node, "a rule of `ok`", &OK_RULE_KEYS, self.diagnostics)?;
            Some(SuccessRule {
                matcher: self.optional_matcher(&map),
                condition: self.response_condition(&map, "a rule of `ok`"),
            })
        });
        rules.collect()
    }

    pub(super) fn error_rules(&mut self, node: &YamlNode) -> Vec<ErrorRule> {
        list_items(node, "`errors`", self.diagnostics)
            .iter()
            .filter_map(|node| self.error_rule(node))
            .collect()
    }

    fn error_rule(&mut self, node: &YamlNode) -> Option<ErrorRule> {
        let map = CheckedMap::open(
            node,
            "a rule of `errors`",
            &ERROR_RULE_KEYS,
            self.diagnostics,
        )?;
        let kinds = ErrorKind::ALL.map(|kind| (kind.name(), kind));
        let matcher = self.optional_matcher(&map);
        let condition = self.response_condition(&map, "a rule of `errors`");
        let kind = enum_value(
            map.required("kind", self.diagnostics)?,
            "`kind`",
            &kinds,
            self.diagnostics,
        )?;
        Some(ErrorRule {
            matcher,
            condition,
            kind,
            remedy: map.optional_word("then", &REMEDIES, self.diagnostics),
            hint: map.optional_text("hint", self.diagnostics),
            not_executed: self.not_executed(&map, kind),
        })
    }

    /// `executed: false`, with the `source` of this claim.
    fn not_executed(&mut self, map: &CheckedMap<'_>, kind: ErrorKind) -> Option<String> {
        let source = map.optional_text("source", self.diagnostics);
        let Some(entry) = map.entry("executed") else {
            if let Some(entry) = map.entry("source") {
                let diagnostic = Diagnostic::error("`source` is only for `executed: false`")
                    .at(entry.key_at, "`executed: false` is missing");
                self.diagnostics
                    .push(diagnostic.hint(Hint::remove("remove it")));
            }
            return None;
        };
        let mut fault = |text: &str, label: &str, hint: &str| {
            let diagnostic = Diagnostic::error(text).at(entry.value.at, label);
            self.diagnostics.push(diagnostic.hint(hint));
        };
        if !matches!(entry.value.kind, NodeKind::Bool(false)) {
            fault(
                "`executed` must be `false`",
                "any other value has no effect",
                "use this key only if the marketplace guarantees that nothing was done: otherwise remove it",
            );
            return None;
        }
        if !matches!(kind, ErrorKind::RateLimit | ErrorKind::Server) {
            fault(
                "`executed: false` is only for the kinds `rate_limit` and `server`",
                "never retried",
                "a retry would be refused for the same reason: remove the key",
            );
            return None;
        }
        match source {
            Some(source) if !source.trim().is_empty() => Some(source),
            _ => {
                fault(
                    "`executed: false` needs a `source`",
                    "if this is wrong, an order could be sent twice",
                    "add the page on which the marketplace guarantees it: `source: https://…`",
                );
                None
            }
        }
    }

    fn response_condition(&mut self, map: &CheckedMap<'_>, what: &str) -> ResponseCondition {
        let statuses = map.optional("status", one_or_many);
        let statuses = statuses
            .iter()
            .filter_map(|node| self.status_pattern(node))
            .collect::<Vec<_>>();
        self.refuse_template_in_rule(map);
        let assertions = map.get("where").map(|node| {
            AssertionDecoder {
                dialect: TemplateDialect::Scheme,
                files: self.files,
                diagnostics: self.diagnostics,
            }
            .decode(node)
        });
        let condition = ResponseCondition {
            statuses,
            assertions: assertions.unwrap_or_default(),
        };
        if condition.statuses.is_empty() && condition.assertions.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(format!("{what} needs `status` or `where`"))
                    .at(map.at, "this matches every response"),
            );
        }
        condition
    }

    fn refuse_template_in_rule(&mut self, map: &CheckedMap<'_>) {
        // A rule holds for the requests of every workspace, and they share no variables.
        if let Some(node) = map.get("where").and_then(first_template) {
            let diagnostic = Diagnostic::error("a rule of a scheme cannot contain a template")
                .at(node.at, "`{{` is not allowed here");
            self.diagnostics
                .push(diagnostic.hint("a rule depends only on the response"));
        }
    }

    /// `401`, or `4xx`.
    fn status_pattern(&mut self, node: &YamlNode) -> Option<StatusPattern> {
        let written = scalar(node, "`status`", self.diagnostics)?;
        let class = written
            .strip_suffix("xx")
            .and_then(|class| class.parse::<u16>().ok())
            .filter(|class| (1..=5).contains(class));
        let exact = written
            .parse::<u16>()
            .ok()
            .filter(|code| (100..600).contains(code));
        let found = class
            .map(StatusPattern::Class)
            .or(exact.map(StatusPattern::Exactly));
        if found.is_none() {
            self.diagnostics.push(
                Diagnostic::error("`status` must be a status").at(node.at, "write `401` or `4xx`"),
            );
        }
        found
    }
}
