//! Decodes `as`: one conversion or a list of them. What can be known of their order is checked here.

use crate::calendar::{self, CalendarError, Zone};
use crate::diagnostic::{Diagnostic, Diagnostics, Hint, name_hint};
use crate::load::node_reader::{CheckedMap, one_or_many, text};
use crate::load::path_text::json_path;
use crate::model::assertion::Subject;
use crate::model::conversion::{Conversion, ConversionKind, DateReading};
use crate::yaml::{NodeKind, YamlNode};

const CONVERSIONS: [&str; 8] = [
    "number",
    "integer",
    "text",
    "json",
    "base64",
    "base64url",
    "jwt",
    "date",
];
const DATE_KEYS: [&str; 2] = ["date", "zone"];
/// In place of a format: the spellings that `as: date` reads by itself.
const DEFAULT_FORMAT: &str = "rfc3339";

/// The conversions of `as`; a faulty one is reported and left out.
pub(super) fn decode_conversions(
    node: &YamlNode,
    subject: &Subject,
    diagnostics: &mut Diagnostics,
) -> Vec<Conversion> {
    if matches!(subject, Subject::Status | Subject::Latency) {
        let diagnostic = Diagnostic::error(format!("`{subject}` cannot be converted"))
            .at(node.at, "`as` converts only text and values of the body");
        diagnostics.push(diagnostic.hint(Hint::remove_key("remove `as`", "as")));
        return Vec::new();
    }
    if node.as_list().is_some_and(<[YamlNode]>::is_empty) {
        let diagnostic = Diagnostic::error("`as` names no conversion").at(node.at, "empty");
        diagnostics.push(diagnostic.hint(Hint::remove_or("remove it, or write `as: number`")));
        return Vec::new();
    }
    let conversions: Vec<Conversion> = one_or_many(node)
        .iter()
        .filter_map(|item| {
            let kind = conversion_kind(item, diagnostics)?;
            Some(Conversion { at: item.at, kind })
        })
        .collect();
    // Without the conversions, nothing that follows is judged by them.
    if check_order(&conversions, diagnostics) {
        conversions
    } else {
        Vec::new()
    }
}

fn conversion_kind(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<ConversionKind> {
    if matches!(node.kind, NodeKind::Map(_)) {
        return date_reading(node, diagnostics).map(ConversionKind::Date);
    }
    let name = text(node, "a conversion", diagnostics)?;
    if name.starts_with('$') {
        return json_path(name, node.at, diagnostics).map(ConversionKind::Path);
    }
    Some(match name {
        "number" => ConversionKind::Number,
        "integer" => ConversionKind::Integer,
        "text" => ConversionKind::Text,
        "json" => ConversionKind::Json,
        "base64" => ConversionKind::Base64,
        "base64url" => ConversionKind::Base64Url,
        "jwt" => ConversionKind::Jwt,
        "date" => ConversionKind::Date(DateReading::default()),
        _ => {
            let diagnostic = Diagnostic::error(format!("there is no conversion `{name}`"))
                .at(node.at, "unknown conversion");
            diagnostics.push(diagnostic.maybe_hint(name_hint(name, CONVERSIONS)));
            return None;
        }
    })
}

/// `{ date: "%Y%m%d", zone: "+09:00" }`
fn date_reading(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<DateReading> {
    let map = CheckedMap::open(node, "a conversion", &DATE_KEYS, diagnostics)?;
    let mut reading = DateReading::default();
    if let Some(zone) = map.get("zone") {
        let name = text(zone, "`zone`", diagnostics)?;
        let parsed = Zone::parse(name);
        reading.zone = Some(reported(parsed, zone, diagnostics)?);
    }
    let format = map.required("date", diagnostics)?;
    let name = text(format, "`date`", diagnostics)?;
    if name == DEFAULT_FORMAT {
        return Some(reading);
    }
    if !name.contains('%') {
        let diagnostic = Diagnostic::error(format!("`{name}` is not a time format"))
            .at(format.at, "this format");
        let hint = format!("write `%Y%m%d`, or `{DEFAULT_FORMAT}` for RFC 3339 text and dates");
        diagnostics.push(diagnostic.hint(hint));
        return None;
    }
    if map.has_unknown_key(&DATE_KEYS) {
        return None;
    }
    let checked = calendar::check_parse_format(name, reading.zone.is_some());
    reported(checked, format, diagnostics)?;
    reading.format = Some(name.to_owned());
    Some(reading)
}

fn reported<T>(
    result: Result<T, CalendarError>,
    node: &YamlNode,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    result
        .map_err(|error| {
            let diagnostic = Diagnostic::error(error.reason).at(node.at, "here");
            diagnostics.push(diagnostic.maybe_hint(error.hint));
        })
        .ok()
}

/// What a conversion gives, as far as the next one needs to know it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    Unknown,
    Number,
    Text,
    Moment,
}

/// Reports a conversion that can never apply to what the one before it gives; then it is `false`.
fn check_order(conversions: &[Conversion], diagnostics: &mut Diagnostics) -> bool {
    let mut given = ValueKind::Unknown;
    for (index, conversion) in conversions.iter().enumerate() {
        let kind = &conversion.kind;
        let reason = match (given, kind) {
            (ValueKind::Moment, _) => Some("`date` must be the last conversion"),
            (_, ConversionKind::Path(_)) if index == 0 => {
                Some("a path needs an object or a list before it")
            }
            (ValueKind::Number | ValueKind::Text, ConversionKind::Path(_)) => {
                Some("the conversion before it returns a single value")
            }
            (
                ValueKind::Number,
                ConversionKind::Json
                | ConversionKind::Base64
                | ConversionKind::Base64Url
                | ConversionKind::Jwt,
            ) => Some("the conversion before it returns a number, but this one needs text"),
            _ => None,
        };
        if let Some(reason) = reason {
            let diagnostic = Diagnostic::error(format!("`{kind}` is not allowed here"))
                .at(conversion.at, reason);
            let hint = (index == 0).then(|| "make it part of the subject".to_owned());
            diagnostics.push(diagnostic.maybe_hint(hint));
            return false;
        }
        given = match kind {
            ConversionKind::Number | ConversionKind::Integer => ValueKind::Number,
            ConversionKind::Text | ConversionKind::Base64 | ConversionKind::Base64Url => {
                ValueKind::Text
            }
            ConversionKind::Date(_) => ValueKind::Moment,
            ConversionKind::Json | ConversionKind::Jwt | ConversionKind::Path(_) => {
                ValueKind::Unknown
            }
        };
    }
    true
}
