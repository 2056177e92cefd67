//! Decodes `pages`: what says that there is another page, and what the next page is requested with.

use crate::check;
use crate::diagnostic::Diagnostic;
use crate::jsonpath::JsonPath;
use crate::load::assertion::{AssertionDecoder, json_path};
use crate::load::capture::decode_capture;
use crate::load::node_reader::{CheckedMap, check_variable_name, map_entries, text, wrong_kind};
use crate::load::request::RequestDecoder;
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::model::pages::{
    DEFAULT_MAX_PAGES, LinkRelation, NextPage, NextPageVariable, PageCondition, PageCount,
    PageTest, PageValue, PagingOptions,
};
use crate::model::repeat::MAX_REPEATED_REQUESTS;
use crate::model::template::find_expression;
use crate::render::{RESERVED_NAMES, TemplateDialect};
use crate::yaml::{MapEntry, NodeKind, YamlNode};

const PAGE_KEYS: [&str; 7] = ["while", "until", "set", "link", "count", "max", "single"];
/// What `link` stands in place of.
const VARIABLE_KEYS: [&str; 3] = ["while", "until", "set"];
const COUNT_KEYS: [&str; 2] = ["of", "equals"];
const EXAMPLE: &str = "{ while: $.more, set: { cursor: $.next } }";

impl RequestDecoder<'_> {
    /// `{ while: $.response.more, set: { cursor: $.response.next_cursor }, max: 50 }`
    pub(super) fn pages(&mut self, entry: &MapEntry) -> Option<PagingOptions> {
        let map = self.open_with_example(&entry.value, "`pages`", &PAGE_KEYS, EXAMPLE)?;
        let next = match map.entry("link") {
            Some(link) => self.page_link(&map, link).map(NextPage::Link),
            None => self.next_variables(&map),
        };
        let count = map.entry("count").map(|entry| self.page_count(entry));
        let max = map.get("max").map_or(Some(DEFAULT_MAX_PAGES), |node| {
            self.bounded_number(node, "`max`", MAX_REPEATED_REQUESTS)
        });
        let single = map.optional_boolean("single", self.diagnostics);
        let options = PagingOptions {
            at: entry.key_at,
            next: next?,
            count: count.flatten(),
            max_pages: max?,
            allows_single_page: single == Some(true),
        };
        self.warn_of_null(&options);
        Some(options)
    }

    fn next_variables(&mut self, map: &CheckedMap<'_>) -> Option<NextPage> {
        let condition = self.page_condition(map);
        let set = map
            .required("set", self.diagnostics)
            .map(|node| self.page_settings(node));
        Some(NextPage::Variables {
            condition: condition?,
            set: set?,
        })
    }

    /// `link: next`
    fn page_link(&mut self, map: &CheckedMap<'_>, entry: &MapEntry) -> Option<LinkRelation> {
        for other in map.present_entries(&VARIABLE_KEYS) {
            let diagnostic =
                Diagnostic::error(format!("`{}` and `link` cannot be combined", other.key))
                    .at(other.key_at, "not used")
                    .at(
                        entry.key_at,
                        "the link determines whether there is another page, and its address",
                    );
            self.diagnostics.push(diagnostic.hint("remove one of them"));
        }
        let name = text(&entry.value, "`link`", self.diagnostics)?;
        // RFC 8288, section 3.3: a registered name, or a URI.
        let is_relation = !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_graphic() && !"\"<>,;{}".contains(letter));
        if !is_relation {
            let title = if name.is_empty() {
                "`link` is empty".to_owned()
            } else {
                format!("`{}` is not a link relation", name.escape_debug())
            };
            let diagnostic = Diagnostic::error(title).at(entry.value.at, "one word");
            self.diagnostics
                .push(diagnostic.hint("write the `rel` of the header, as in `link: next`"));
            return None;
        }
        Some(LinkRelation {
            name: name.to_ascii_lowercase(),
            at: entry.value.at,
        })
    }

    /// `while` or `until`, exactly one of them.
    fn page_condition(&mut self, map: &CheckedMap<'_>) -> Option<PageCondition> {
        let (goes_on, ends) = (map.entry("while"), map.entry("until"));
        if let (Some(goes_on), Some(ends)) = (goes_on, ends) {
            let diagnostic = Diagnostic::error("`while` and `until` cannot be combined")
                .at(ends.key_at, "the second condition")
                .at(goes_on.key_at, "the first");
            self.diagnostics.push(diagnostic.hint(
                "remove one of them: `while` continues as long as it holds, `until` stops when it holds",
            ));
            return None;
        }
        let Some(entry) = goes_on.or(ends) else {
            // A misspelled key is reported already.
            if !map.has_unknown_key(&PAGE_KEYS) {
                let diagnostic = Diagnostic::error("`pages` needs `while`, `until` or `link`")
                    .at(map.at, "ingam cannot tell which page is the last");
                self.diagnostics
                    .push(diagnostic.hint(format!("write `pages: {EXAMPLE}`")));
            }
            return None;
        };
        let is_until = ends.is_some();
        let what = if is_until { "`until`" } else { "`while`" };
        let node = &entry.value;
        let test = match &node.kind {
            NodeKind::Map(_) => PageTest::Assertions(self.page_assertions(node, what)?),
            _ => PageTest::Flag(self.singular_path(node, what)?),
        };
        Some(PageCondition {
            at: node.at,
            test,
            is_until,
        })
    }

    fn page_assertions(
        &mut self,
        node: &YamlNode,
        what: &str,
    ) -> Option<Vec<crate::model::assertion::Assertion>> {
        if node.as_map().is_some_and(<[MapEntry]>::is_empty) {
            let diagnostic = Diagnostic::error(format!("{what} needs at least one expectation"))
                .at(node.at, "this always passes");
            self.diagnostics.push(diagnostic.hint(
                "use the syntax of `assert`, such as `{ $.next: { type: string, not: \"\" } }`",
            ));
            return None;
        }
        let written = AssertionDecoder {
            dialect: TemplateDialect::Request,
            files: self.files,
            diagnostics: self.diagnostics,
        }
        .decode_under(node, what);
        // One that is faulty would be missing, and the others would hold too easily.
        (Some(written.len()) == node.as_map().map(<[MapEntry]>::len)).then_some(written)
    }

    /// A path that names one value.
    fn singular_path(&mut self, node: &YamlNode, what: &str) -> Option<JsonPath> {
        let Some(written) = node.as_text() else {
            let diagnostic = wrong_kind(node, what, "a JSONPath or a map of expectations").hint(
                "write the path of a Boolean, such as `$.response.more`, or a condition such as `{ $.next: { type: string, not: \"\" } }`",
            );
            self.diagnostics.push(diagnostic);
            return None;
        };
        let path = json_path(written, node.at, self.diagnostics)?;
        if !path.is_singular() {
            let diagnostic = Diagnostic::error(format!("{what} needs a path to a single value"));
            self.diagnostics.push(
                diagnostic
                    .at(node.at, "this path returns a list")
                    .hint("use names and indices: `$.response.more`"),
            );
        }
        Some(path)
    }

    fn page_settings(&mut self, node: &YamlNode) -> Vec<NextPageVariable> {
        let lines = map_entries(node, "`set`", self.diagnostics);
        if lines.is_empty() && node.as_map().is_some() {
            let diagnostic = Diagnostic::error("`set` needs at least one variable")
                .at(node.at, "every call would get the first page");
            self.diagnostics
                .push(diagnostic.hint("write `set: { cursor: $.response.next_cursor }`"));
        }
        lines
            .iter()
            .filter_map(|entry| self.page_setting(entry))
            .collect()
    }

    fn page_setting(&mut self, entry: &MapEntry) -> Option<NextPageVariable> {
        if RESERVED_NAMES.contains(&entry.key.as_str()) {
            let diagnostic = Diagnostic::error(format!("`{}` is a reserved name", entry.key))
                .at(entry.key_at, "set here");
            self.diagnostics
                .push(diagnostic.hint("set a variable of the file"));
        }
        let value = self.page_value(entry, "`set`")?;
        let is_text = entry.value.as_text().is_some();
        // A broken template was reported.
        if let PageValue::Template(tree) = &value
            && tree.as_constant().is_some()
            && !is_text
        {
            check_variable_name(&entry.key, entry.key_at, "a variable", self.diagnostics);
            let diagnostic = Diagnostic::error("`set` sets the same value for every page")
                .at(entry.value.at, "this never changes");
            self.diagnostics.push(diagnostic.hint(format!(
                "write a path such as `$.next`, or a template such as `\"{{{{ {} + 1 }}}}\"`",
                entry.key
            )));
            return None;
        }
        Some(NextPageVariable {
            name: entry.key.to_string(),
            name_at: entry.key_at,
            value,
        })
    }

    /// Any form of a capture for one value, or a template.
    fn page_value(&mut self, entry: &MapEntry, what: &str) -> Option<PageValue> {
        let node = &entry.value;
        let is_template = match &node.kind {
            NodeKind::Text(text) => {
                find_expression(&text.value).is_some_and(|_| !text.value.starts_with('$'))
            }
            NodeKind::Map(_) | NodeKind::List(_) => false,
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => true,
        };
        if is_template {
            check_variable_name(&entry.key, entry.key_at, "a variable", self.diagnostics);
            return Some(PageValue::Template(self.value_decoder().tree(node)));
        }
        let capture = decode_capture(entry, self.diagnostics)?;
        if capture.is_secret {
            let diagnostic = Diagnostic::error("`secret` is only for values of `capture`")
                .at(node.at, "this value is sent to request a page");
            self.diagnostics.push(diagnostic.hint(format!(
                "add the path to `secrets` of the file: `secrets: [{}]`",
                capture.from
            )));
        }
        if let Subject::Path(path) = &capture.from
            && !path.is_singular()
        {
            let diagnostic = Diagnostic::error(format!("{what} needs a path to a single value"));
            self.diagnostics.push(
                diagnostic
                    .at(node.at, "this path returns a list")
                    .hint("use names and indices: `$.items[-1].id` is the id of the last item"),
            );
        }
        Some(PageValue::Capture(Box::new(capture)))
    }

    /// `{ of: $.items, equals: $.total }`
    fn page_count(&mut self, entry: &MapEntry) -> Option<PageCount> {
        let map = self.open_with_example(
            &entry.value,
            "`count`",
            &COUNT_KEYS,
            "{ of: $.items, equals: $.total }",
        )?;
        // A misspelled key is reported; that it is missing would be a second fault.
        if map.has_unknown_key(&COUNT_KEYS) {
            return None;
        }
        let of = map.required("of", self.diagnostics).and_then(|node| {
            let Some(written) = node.as_text() else {
                self.diagnostics
                    .push(wrong_kind(node, "`of`", "the JSONPath of a list"));
                return None;
            };
            Some((json_path(written, node.at, self.diagnostics)?, node.at))
        });
        map.required("equals", self.diagnostics)?;
        let equals = self.page_value(map.entry("equals")?, "`equals`")?;
        if let PageValue::Template(tree) = &equals
            && let Some(constant) = tree.as_constant()
            && constant
                .as_number()
                .is_none_or(|number| !number.is_integer())
        {
            let diagnostic = Diagnostic::error("`equals` must be a whole number")
                .at(tree.at, "never the number of items");
            self.diagnostics
                .push(diagnostic.hint("write the path of the total, such as `$.total`"));
        }
        let (of, of_at) = of?;
        Some(PageCount {
            of,
            of_at,
            equals,
            equals_at: map.entry("equals")?.value.at,
        })
    }

    /// A last page that says `null` where the others have a cursor would be followed by another one.
    fn warn_of_null(&mut self, options: &PagingOptions) {
        let Some(condition) = options.next.condition().filter(|one| !one.is_until) else {
            return;
        };
        let set = |path: &str| {
            let mut captures = options
                .next
                .variables()
                .iter()
                .filter_map(|setting| setting.value.capture());
            captures.any(|capture: &Capture| matches!(&capture.from, Subject::Path(set) if set.as_str() == path))
        };
        for assertion in condition.assertions() {
            let Subject::Path(path) = &assertion.subject else {
                continue;
            };
            if set(path.as_str()) && check::holds_for_null(assertion) {
                let diagnostic = Diagnostic::warning(format!(
                    "`while` continues if `{}` is `null`",
                    path.as_str()
                ))
                .at(assertion.at, "but `null` is not the address of a page");
                self.diagnostics
                    .push(diagnostic.hint("add `type: string`, or `not: null`"));
            }
        }
    }
}
