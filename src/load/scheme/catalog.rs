//! Decodes what a list of schemes says of each: `region`, `proof`, `lint`.

use super::SchemeDecoder;
use crate::diagnostic::{Diagnostic, Hint, join_names, name_hint};
use crate::load::node_reader::{CheckedMap, enum_value, map_entries, one_or_many, text};
use crate::model::scheme::{AllowedWarning, LintRule, Proof};
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `lint`.
pub(super) const LINT_KEYS: [&str; 1] = ["allow"];

/// Regions that are no country.
const REGION_GROUPS: [&str; 6] = ["global", "EU", "SEA", "LATAM", "MENA", "AFRICA"];

impl SchemeDecoder<'_> {
    /// `KR`, or `[SG, MY]`
    pub(super) fn regions(&mut self, node: &YamlNode) -> Vec<String> {
        let nodes = one_or_many(node);
        if nodes.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("`region` has no region")
                    .at(node.at, "an empty list")
                    .hint(Hint::remove_or(
                        "remove it, or write a country such as `KR`",
                    )),
            );
        }
        nodes.iter().filter_map(|node| self.region(node)).collect()
    }

    fn region(&mut self, node: &YamlNode) -> Option<String> {
        let written = text(node, "`region`", self.diagnostics)?;
        // ISO 3166-1 alpha-2 has 249 codes; a misspelled one only misleads a reader of the list.
        let is_country =
            written.len() == 2 && written.bytes().all(|letter| letter.is_ascii_uppercase());
        if !is_country && !REGION_GROUPS.contains(&written) {
            let diagnostic = Diagnostic::error(format!("`{written}` is not a region"))
                .at(node.at, "neither a country nor a group of countries");
            self.diagnostics.push(diagnostic.hint(format!(
                "write a two-letter code of ISO 3166-1, such as `KR`, or {}",
                join_names(REGION_GROUPS, "or")
            )));
            return None;
        }
        Some(written.to_owned())
    }

    /// The `proof` of a whole scheme.
    pub(super) fn scheme_proof(&mut self, map: &CheckedMap<'_>) -> Option<Proof> {
        let words = Proof::ALL.map(|proof| (proof.name(), proof));
        map.optional_word("proof", &words, self.diagnostics)
    }

    /// The `proof` of one vector, or that of its scheme.
    pub(super) fn vector_proof(
        &mut self,
        map: &CheckedMap<'_>,
        of_scheme: Option<Proof>,
    ) -> Option<Proof> {
        let Some(node) = map.get("proof") else {
            return of_scheme;
        };
        if of_scheme == Some(Proof::Unproven) {
            let diagnostic =
                Diagnostic::error("a vector of an unproven scheme cannot have a `proof`")
                    .at(node.at, "the scheme says `proof: unproven`");
            self.diagnostics
                .push(diagnostic.hint("remove one of the two"));
        }
        let words = [Proof::Published, Proof::Computed].map(|proof| (proof.name(), proof));
        enum_value(node, "`proof` of a vector", &words, self.diagnostics)
    }

    /// `lint: { allow: { secret_in_query: "the marketplace demands it" } }`
    pub(super) fn allowed_warnings(&mut self, node: &YamlNode) -> Vec<AllowedWarning> {
        let Some(map) = CheckedMap::open(node, "`lint`", &LINT_KEYS, self.diagnostics) else {
            return Vec::new();
        };
        let Some(allow) = map.required("allow", self.diagnostics) else {
            return Vec::new();
        };
        map_entries(allow, "`allow`", self.diagnostics)
            .iter()
            .filter_map(|entry| self.allowed_warning(entry))
            .collect()
    }

    fn allowed_warning(&mut self, entry: &MapEntry) -> Option<AllowedWarning> {
        let reason = text(&entry.value, "a reason", self.diagnostics)?;
        if reason.trim().is_empty() {
            let diagnostic = Diagnostic::error(format!("`{}` needs a reason", entry.key))
                .at(entry.value.at, "empty");
            self.diagnostics.push(
                diagnostic.hint("write why it is right here, such as `the marketplace demands it`"),
            );
        }
        let names = || LintRule::ALL.map(LintRule::name);
        let rule = LintRule::ALL
            .into_iter()
            .find(|rule| rule.name() == entry.key.as_str());
        let Some(rule) = rule else {
            let diagnostic = Diagnostic::error(format!("there is no warning `{}`", entry.key)).at(
                entry.key_at,
                format!("not one of {}", join_names(names(), "or")),
            );
            self.diagnostics
                .push(diagnostic.maybe_hint(name_hint(&entry.key, names())));
            return None;
        };
        Some(AllowedWarning {
            rule,
            at: entry.key_at,
            reason: reason.to_owned(),
        })
    }
}
