//! Decodes bodies that name their encoding: `xml`, and `form` or `text` beside `charset`. What a
//! body can be known to be wrong by is found here: XML that is not well-formed, a declaration that
//! names another encoding, a character that the encoding lacks.

use crate::charset::Charset;
use crate::diagnostic::{Diagnostic, Diagnostics, Hint};
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
        Some(charset) if charset.is_utf_16() => Some("ingam does not send bodies in UTF-16"),
        Some(_) => None,
    };
    if let Some(reason) = reason {
        let diagnostic = Diagnostic::error(format!("`{label}` is not a valid encoding of a body"));
        diagnostics.push(diagnostic.at(node.at, reason).hint(
            "common encodings are `euc-kr` (Korean), `shift_jis` and `euc-jp` (Japanese), `gb18030` and `big5` (Chinese)",
        ));
        return None;
    }
    let has_body = ["form", "text", "xml"]
        .iter()
        .any(|key| map.get(key).is_some());
    if !has_body {
        let diagnostic = Diagnostic::error("`charset` is only for `form`, `text` and `xml`")
            .at(node.at, "this request has none of them");
        diagnostics.push(diagnostic.hint(Hint::remove(
            "remove it: JSON is always UTF-8, and a `file` is sent unchanged",
        )));
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
                "in `xml`, write the character as a number, such as `&#8364;`; otherwise remove it",
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
                "the encoding {} lacks characters of `{}`",
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
            let diagnostic = Diagnostic::error("`xml` needs literal XML");
            diagnostics.push(diagnostic.at(tree.at, "a template alone").hint(
                "ingam escapes values of templates; to send XML from a variable, write `text` with a `content-type`",
            ));
            return;
        }
        TemplateTreeKind::Template(template) => template.parts.iter().map(sample_part).collect(),
        TemplateTreeKind::List(_) | TemplateTreeKind::Object(_) => return,
    };
    if let Err(error) = XmlDocument::parse(&sample) {
        let diagnostic = Diagnostic::error(format!("`xml` is {error}"));
        diagnostics.push(diagnostic.at(tree.at, "line and column count from here"));
        return;
    }
    let declared = xml_declared_label(sample.as_bytes());
    if let Some(label) = declared.filter(|label| Charset::of_label(label) != Some(charset)) {
        let name = charset.name();
        let diagnostic = Diagnostic::error(format!(
            "the XML declares `encoding=\"{label}\"`, but it is sent in {name}"
        ));
        diagnostics.push(diagnostic.at(tree.at, "in its declaration").hint(format!(
            "write `charset: {label}` next to it, or declare `{name}`"
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
        "write `{essence}; charset={}`, or remove the header",
        charset.name().to_ascii_lowercase()
    )));
}
