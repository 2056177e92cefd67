//! The keywords of JSON Schema: the drafts that know them, what they hold, and the type of value
//! that they look at.

use jsonschema::Draft;

/// What stands under a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeywordShape {
    /// A value that holds no schema.
    Plain,
    Schema,
    SchemaList,
    /// A schema, or before 2020-12 a list of them.
    SchemaOrList,
    /// Names with schemas.
    SchemaMap,
    /// Names with schemas, or with lists of names.
    Dependencies,
}

/// One keyword.
#[derive(Debug)]
pub(super) struct SchemaKeyword {
    pub(super) name: &'static str,
    pub(super) first: Draft,
    pub(super) last: Draft,
    pub(super) shape: KeywordShape,
    /// The type of the values that it looks at; of any other type all values pass.
    pub(super) applies_to: Option<&'static str>,
}

const fn keyword(
    name: &'static str,
    (first, last): (Draft, Draft),
    shape: KeywordShape,
    applies_to: Option<&'static str>,
) -> SchemaKeyword {
    SchemaKeyword {
        name,
        first,
        last,
        shape,
        applies_to,
    }
}

const ALL: (Draft, Draft) = (Draft::Draft4, Draft::Draft202012);
const FROM_6: (Draft, Draft) = (Draft::Draft6, Draft::Draft202012);
const FROM_7: (Draft, Draft) = (Draft::Draft7, Draft::Draft202012);
const FROM_2019: (Draft, Draft) = (Draft::Draft201909, Draft::Draft202012);
const FROM_2020: (Draft, Draft) = (Draft::Draft202012, Draft::Draft202012);
const TO_2019: (Draft, Draft) = (Draft::Draft4, Draft::Draft201909);
const NUMBER: Option<&str> = Some("number");
const STRING: Option<&str> = Some("string");
const ARRAY: Option<&str> = Some("array");
const OBJECT: Option<&str> = Some("object");

/// Those that say something of a value, or hold schemas that do.
pub(super) const KEYWORDS: [SchemaKeyword; 50] = {
    use KeywordShape::{Dependencies, Plain, Schema, SchemaList, SchemaMap, SchemaOrList};
    [
        keyword("type", ALL, Plain, None),
        keyword("enum", ALL, Plain, None),
        keyword("const", FROM_6, Plain, None),
        keyword("multipleOf", ALL, Plain, NUMBER),
        keyword("maximum", ALL, Plain, NUMBER),
        keyword("exclusiveMaximum", ALL, Plain, NUMBER),
        keyword("minimum", ALL, Plain, NUMBER),
        keyword("exclusiveMinimum", ALL, Plain, NUMBER),
        keyword("maxLength", ALL, Plain, STRING),
        keyword("minLength", ALL, Plain, STRING),
        keyword("pattern", ALL, Plain, STRING),
        keyword("format", ALL, Plain, STRING),
        keyword("maxItems", ALL, Plain, ARRAY),
        keyword("minItems", ALL, Plain, ARRAY),
        keyword("uniqueItems", ALL, Plain, ARRAY),
        keyword("maxContains", FROM_2019, Plain, ARRAY),
        keyword("minContains", FROM_2019, Plain, ARRAY),
        keyword("contains", FROM_6, Schema, ARRAY),
        keyword("prefixItems", FROM_2020, SchemaList, ARRAY),
        keyword("items", ALL, SchemaOrList, ARRAY),
        keyword("additionalItems", TO_2019, Schema, ARRAY),
        keyword("unevaluatedItems", FROM_2019, Schema, ARRAY),
        keyword("maxProperties", ALL, Plain, OBJECT),
        keyword("minProperties", ALL, Plain, OBJECT),
        keyword("required", ALL, Plain, OBJECT),
        keyword("dependentRequired", FROM_2019, Plain, OBJECT),
        keyword("dependentSchemas", FROM_2019, SchemaMap, OBJECT),
        keyword("dependencies", ALL, Dependencies, OBJECT),
        keyword("properties", ALL, SchemaMap, OBJECT),
        keyword("patternProperties", ALL, SchemaMap, OBJECT),
        keyword("additionalProperties", ALL, Schema, OBJECT),
        keyword("unevaluatedProperties", FROM_2019, Schema, OBJECT),
        keyword("propertyNames", FROM_6, Schema, OBJECT),
        keyword("allOf", ALL, SchemaList, None),
        keyword("anyOf", ALL, SchemaList, None),
        keyword("oneOf", ALL, SchemaList, None),
        keyword("not", ALL, Schema, None),
        keyword("if", FROM_7, Schema, None),
        keyword("then", FROM_7, Schema, None),
        keyword("else", FROM_7, Schema, None),
        keyword("$ref", ALL, Plain, None),
        keyword("$dynamicRef", FROM_2020, Plain, None),
        keyword(
            "$recursiveRef",
            (Draft::Draft201909, Draft::Draft201909),
            Plain,
            None,
        ),
        keyword("$defs", ALL, SchemaMap, None),
        keyword("definitions", ALL, SchemaMap, None),
        // From 2019-09 on these three assert nothing (Validation, section 8).
        keyword(
            "contentEncoding",
            (Draft::Draft6, Draft::Draft7),
            Plain,
            STRING,
        ),
        keyword(
            "contentMediaType",
            (Draft::Draft6, Draft::Draft7),
            Plain,
            STRING,
        ),
        keyword("$id", FROM_6, Plain, None),
        keyword("id", (Draft::Draft4, Draft::Draft4), Plain, None),
        keyword("$anchor", FROM_2019, Plain, None),
    ]
};

/// Those that describe a schema and say nothing of a value. Names that begin with `x-` are such,
/// too.
pub(super) const ANNOTATIONS: [&str; 12] = [
    "$schema",
    "$comment",
    "$vocabulary",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
];

pub(super) fn is_annotation(name: &str) -> bool {
    name.starts_with("x-") || ANNOTATIONS.contains(&name)
}

/// The name of a draft as people write it.
pub(super) fn draft_name(draft: Draft) -> &'static str {
    match draft {
        Draft::Draft4 => "draft 4",
        Draft::Draft6 => "draft 6",
        Draft::Draft7 => "draft 7",
        Draft::Draft201909 => "draft 2019-09",
        _ => "draft 2020-12",
    }
}
