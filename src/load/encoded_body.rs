//! Decodes bodies that name their encoding: `xml`, and `form` or `text` beside `charset`. What a
//! body can be known to be wrong by is found here: XML that is not well-formed, a declaration that
//! names another encoding, a character that the encoding lacks.

use crate::charset::Charset;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{CheckedMap, text};
use crate::model::request::TemplateField;
use crate::model::template::{Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::span::Span;
use crate::value::Value;
use crate::wire::{charset_parameter, xml_declared_label};
use crate::xml::XmlDocument;

/// The encoding beside a body; UTF-8 without the key.
pub(super) fn body_charset(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) -> Option<Charset> {
    let node = map.get("charset")?;
    let label = text(node, "`charset`", diagnostics)?;
    let charset = Charset::of_label(label);
    let reason = match charset {
        None => Some("not a label of the WHATWG Encoding Standard"),
        // The standard lets nobody send it.
        Some(charset) if charset.is_utf_16() => Some("bodies are not sent in UTF-16"),
        Some(_) => None,
    };
    if let Some(reason) = reason {
        let diagnostic = Diagnostic::error(format!("`{label}` is not an encoding for a body"));
        diagnostics.push(diagnostic.at(node.at, reason).hint(
            "Korean servers name `euc-kr`, Japanese ones `shift_jis` or `euc-jp`, Chinese ones `gb18030` or `big5`",
        ));
        return None;
    }
    let has_body = ["form", "text", "xml"]
        .iter()
        .any(|key| map.get(key).is_some());
    if !has_body {
        let diagnostic = Diagnostic::error("`charset` is for `form`, `text` and `xml`")
            .at(node.at, "none of them is here");
        diagnostics.push(diagnostic.hint("JSON is always UTF-8; a `file` is sent as it is"));
        return None;
    }
    charset
}

/// Reports literal text that the encoding lacks.
pub(super) fn check_encodable(
    tree: &TemplateTree,
    charset: Charset,
    diagnostics: &mut Diagnostics,
) {
    for text in literal_texts(tree) {
        if let Err(error) = charset.encode(text) {
            let diagnostic =
                Diagnostic::error(format!("{} has no `{}`", charset.name(), error.character));
            diagnostics.push(diagnostic.at(tree.at, "in this body").hint(
                "in `xml` write the character by its number, such as `&#8364;`; otherwise leave it out",
            ));
        }
    }
}

pub(super) fn check_fields_encodable(
    fields: &[TemplateField],
    charset: Charset,
    diagnostics: &mut Diagnostics,
) {
    for field in fields {
        check_encodable(&field.value, charset, diagnostics);
        if charset.encode(&field.name).is_err() {
            let reason = format!(
                "{} does not have all letters of `{}`",
                charset.name(),
                field.name
            );
            diagnostics.push(Diagnostic::error(reason).at(field.value.at, "this field"));
        }
    }
}

fn literal_texts(tree: &TemplateTree) -> Vec<&str> {
    match &tree.kind {
        TemplateTreeKind::Constant(Value::String(text)) => vec![text.as_str()],
        TemplateTreeKind::Template(template) => literals(template).collect(),
        TemplateTreeKind::List(items) => items.iter().flat_map(literal_texts).collect(),
        _ => Vec::new(),
    }
}

fn literals(template: &Template) -> impl Iterator<Item = &str> {
    template.parts.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text.as_str()),
        TemplatePart::Expression(_) => None,
    })
}

/// XML must be well-formed whatever its templates give, since their values are escaped.
pub(super) fn check_xml(tree: &TemplateTree, charset: Charset, diagnostics: &mut Diagnostics) {
    let sample: String = match &tree.kind {
        TemplateTreeKind::Constant(value) => value.to_text(),
        TemplateTreeKind::Template(template) if template.as_expression().is_some() => {
            let diagnostic = Diagnostic::error("`xml` needs the XML itself");
            diagnostics.push(diagnostic.at(tree.at, "a template alone").hint(
                "values of templates are escaped; to send XML that a variable holds, write `text` with a `content-type`",
            ));
            return;
        }
        TemplateTreeKind::Template(template) => template.parts.iter().map(sample_part).collect(),
        TemplateTreeKind::List(_) | TemplateTreeKind::Object(_) => return,
    };
    if let Err(error) = XmlDocument::parse(&sample) {
        let diagnostic = Diagnostic::error(format!("`xml` is {error}"));
        diagnostics.push(diagnostic.at(tree.at, "line and column are counted from here"));
        return;
    }
    let declared = xml_declared_label(sample.as_bytes());
    if let Some(label) = declared.filter(|label| Charset::of_label(label) != Some(charset)) {
        let name = charset.name();
        let diagnostic = Diagnostic::error(format!(
            "the XML says `encoding=\"{label}\"` and is sent in {name}"
        ));
        diagnostics.push(diagnostic.at(tree.at, "in its declaration").hint(format!(
            "write `charset: {label}` beside it, or declare `{name}`"
        )));
    }
}

/// A value in its place, as long as the shortest.
fn sample_part(part: &TemplatePart) -> &str {
    match part {
        TemplatePart::Literal(text) => text,
        TemplatePart::Expression(_) => "x",
    }
}

/// Reports a `content-type` that names another encoding than the one that is sent, or none.
pub(super) fn check_content_type(
    written: &str,
    at: Span,
    charset: Charset,
    diagnostics: &mut Diagnostics,
) {
    let named = charset_parameter(written);
    if named.and_then(Charset::of_label) == Some(charset) {
        return;
    }
    let reason = match named {
        Some(label) => format!("it names `{label}`"),
        None if charset.is_utf_8() => return,
        None => "it names no charset".to_owned(),
    };
    let essence = written.split(';').next().unwrap_or(written).trim();
    let diagnostic = Diagnostic::error(format!("the body is sent in {}", charset.name()));
    diagnostics.push(diagnostic.at(at, reason).hint(format!(
        "write `{essence}; charset={}`, or leave the header out",
        charset.name().to_ascii_lowercase()
    )));
}
