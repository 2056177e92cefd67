//! Looks for what makes a JSON Schema assert less than it seems to: unknown keywords, keywords that
//! have no effect where they stand, formats that nobody checks. JSON Schema passes over all of them
//! without a word. Whether the file is a schema at all is found when it is compiled.

use super::json_places::pointer_part;
use super::schema_keywords::{
    ANNOTATIONS, KEYWORDS, KeywordShape, SchemaKeyword, draft_name, is_annotation,
};
use crate::diagnostic::{did_you_mean, join_names, similar_name_hint};
use crate::model::lazy_regex::LazyRegex;
use jsonschema::Draft;
use serde_json::{Map, Value as Json};

/// One fault of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SchemaFault {
    /// JSON Pointer of the place.
    pub(super) pointer: String,
    pub(super) title: String,
    pub(super) hint: Option<String>,
}

impl SchemaFault {
    pub(super) fn new(pointer: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            title: title.into(),
            hint: None,
        }
    }

    fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What a look at every keyword finds, in the order of the document.
#[derive(Debug, Default)]
pub(super) struct SchemaLint {
    pub(super) faults: Vec<SchemaFault>,
    /// The pointers of the branches of every `anyOf`.
    pub(super) any_of_branches: Vec<String>,
}

pub(super) fn lint_schema(document: &Json, draft: Draft) -> SchemaLint {
    let mut linter = SchemaLinter {
        draft,
        found: SchemaLint::default(),
    };
    linter.schema(document, "");
    linter.found
}

struct SchemaLinter {
    draft: Draft,
    found: SchemaLint,
}

impl SchemaLinter {
    fn schema(&mut self, schema: &Json, pointer: &str) {
        let Some(members) = schema.as_object() else {
            return;
        };
        for (name, value) in members {
            let place = format!("{pointer}/{}", pointer_part(name));
            match KEYWORDS.iter().find(|keyword| keyword.name == name) {
                Some(keyword) => self.keyword(keyword, members, value, &place),
                None if is_annotation(name) => {}
                None => self.unknown_keyword(name, place),
            }
        }
    }

    fn unknown_keyword(&mut self, name: &str, place: String) {
        if matches!(name, "contentSchema") {
            return self.found.faults.push(
                SchemaFault::new(place, "`contentSchema` has no effect").with_hint("remove it"),
            );
        }
        let known = KEYWORDS
            .iter()
            .map(|keyword| keyword.name)
            .chain(ANNOTATIONS);
        let hint = similar_name_hint(name, known).unwrap_or_else(|| {
            "JSON Schema ignores unknown keywords; begin a note of your own with `x-`".to_owned()
        });
        self.found.faults.push(
            SchemaFault::new(place, format!("`{name}` is not a keyword of JSON Schema"))
                .with_hint(hint),
        );
    }

    fn keyword(
        &mut self,
        keyword: &SchemaKeyword,
        beside: &Map<String, Json>,
        value: &Json,
        place: &str,
    ) {
        if let Some(fault) = self.no_effect(keyword, beside, place) {
            self.found.faults.push(fault);
        } else if let Some(fault) = self.weak_text(keyword.name, value, place) {
            self.found.faults.push(fault);
        }
        match keyword.shape {
            KeywordShape::Plain => {}
            KeywordShape::Schema => self.schema(value, place),
            KeywordShape::SchemaList => self.list(value, place),
            KeywordShape::SchemaOrList if value.is_array() => self.list(value, place),
            KeywordShape::SchemaOrList => self.schema(value, place),
            KeywordShape::SchemaMap | KeywordShape::Dependencies => self.map(value, place),
        }
    }

    fn list(&mut self, schemas: &Json, place: &str) {
        for (index, schema) in schemas.as_array().into_iter().flatten().enumerate() {
            if place.ends_with("/anyOf") {
                self.found.any_of_branches.push(format!("{place}/{index}"));
            }
            self.schema(schema, &format!("{place}/{index}"));
        }
    }

    fn map(&mut self, schemas: &Json, place: &str) {
        for (name, schema) in schemas.as_object().into_iter().flatten() {
            self.schema(schema, &format!("{place}/{}", pointer_part(name)));
        }
    }

    /// Why a keyword decides nothing where it stands.
    fn no_effect(
        &self,
        keyword: &SchemaKeyword,
        beside: &Map<String, Json>,
        place: &str,
    ) -> Option<SchemaFault> {
        let name = keyword.name;
        let fault = |title: String| SchemaFault::new(place, title);
        if self.draft < keyword.first || self.draft > keyword.last {
            return Some(
                fault(format!(
                    "`{name}` has no effect in {}",
                    draft_name(self.draft)
                ))
                .with_hint(Self::draft_hint(keyword)),
            );
        }
        // Before 2019-09 a `$ref` replaces the schema that it stands in.
        let is_definition = matches!(name, "$ref" | "$defs" | "definitions" | "$id" | "id");
        if self.draft < Draft::Draft201909 && beside.contains_key("$ref") && !is_definition {
            return Some(
                fault(format!(
                    "`{name}` has no effect next to `$ref` in {}",
                    draft_name(self.draft)
                ))
                .with_hint("put both into `allOf`, or use a newer draft in `$schema`"),
            );
        }
        if let Some(needed) = missing_partner(name, beside) {
            return Some(fault(format!("`{name}` has no effect without {needed}")));
        }
        let needed = keyword.applies_to?;
        let types = types_of(beside.get("type")?);
        (!types.is_empty()
            && !types
                .iter()
                .any(|kind| *kind == needed || (*kind == "integer" && needed == "number")))
        .then(|| {
            fault(format!(
                "`{name}` has no effect: it applies to values of type `{needed}`, but `type` is {}",
                join_names(types.iter().copied(), "or")
            ))
        })
    }

    fn draft_hint(keyword: &SchemaKeyword) -> String {
        match keyword.name {
            "contentEncoding" | "contentMediaType" => {
                "it has no effect since draft 2019-09: remove it, or use `pattern`".to_owned()
            }
            "additionalItems" => "write `prefixItems` and `items`".to_owned(),
            "id" => "write `$id`".to_owned(),
            "$recursiveRef" => "write `$dynamicRef`".to_owned(),
            _ => format!(
                "it exists since {}: use that draft in `$schema`",
                draft_name(keyword.first)
            ),
        }
    }

    /// A format that nobody checks, or a pattern that every text has.
    fn weak_text(&self, name: &str, value: &Json, place: &str) -> Option<SchemaFault> {
        let text = value.as_str()?;
        match name {
            "format" if !jsonschema::options().is_known_format(self.draft, text) => Some(
                SchemaFault::new(place, format!("`{text}` is not a format that ingam checks"))
                    .maybe_hint(did_you_mean(text, self.known_formats())),
            ),
            "pattern"
                if LazyRegex::new(text)
                    .is_ok_and(|regex| crate::check::matches_every_text(&regex)) =>
            {
                Some(
                    SchemaFault::new(place, format!("the pattern `{text}` matches every text"))
                        .with_hint("remove it; `type: string` already accepts every text"),
                )
            }
            _ => None,
        }
    }

    fn known_formats(&self) -> impl Iterator<Item = &'static str> {
        let draft = self.draft;
        let options = jsonschema::options();
        FORMATS
            .into_iter()
            .filter(move |name| options.is_known_format(draft, name))
    }
}

/// The formats of the drafts (Validation, section 7.3).
const FORMATS: [&str; 17] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// What a keyword needs beside it to decide anything.
fn missing_partner(name: &str, beside: &Map<String, Json>) -> Option<&'static str> {
    let has = |name: &str| beside.contains_key(name);
    match name {
        "then" | "else" if !has("if") => Some("`if`"),
        "if" if !has("then") && !has("else") => Some("`then` or `else`"),
        "minContains" | "maxContains" if !has("contains") => Some("`contains`"),
        "additionalItems" if !beside.get("items").is_some_and(Json::is_array) => {
            Some("a list under `items`")
        }
        _ => None,
    }
}

fn types_of(value: &Json) -> Vec<&str> {
    match value {
        Json::String(kind) => vec![kind],
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The first keyword for values of one type where nothing says that values have it: `required`
/// accepts every text.
pub(super) fn unpinned_type(schema: &Json) -> Option<(&'static str, &'static str)> {
    if pins_type(schema) {
        return None;
    }
    let members = schema.as_object()?;
    KEYWORDS
        .iter()
        .filter(|keyword| members.contains_key(keyword.name))
        .find_map(|keyword| Some((keyword.name, keyword.applies_to?)))
}

fn pins_type(schema: &Json) -> bool {
    let Some(members) = schema.as_object() else {
        return true;
    };
    let all_of = |name: &str| members.get(name).and_then(Json::as_array);
    let direct = [
        "type",
        "enum",
        "const",
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "not",
    ];
    direct.iter().any(|name| members.contains_key(*name))
        || all_of("allOf").is_some_and(|list| list.iter().any(pins_type))
        || ["anyOf", "oneOf"]
            .iter()
            .any(|name| all_of(name).is_some_and(|list| list.iter().all(pins_type)))
}
