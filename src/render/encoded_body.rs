//! Renders bodies that name their encoding. Values of templates in XML are escaped, so that no value
//! can change the document around it.

use super::engine::{RenderedSize, push_text};
use super::error::RenderError;
use super::plain_values::{render_pairs, render_plain_text};
use super::template_scope::TemplateScope;
use crate::charset::Charset;
use crate::model::request::{EncodedBody, EncodedContent, TemplateField};
use crate::model::template::{TemplatePart, TemplateTree, TemplateTreeKind};
use crate::span::Span;
use crate::wire::{DraftBody, encode_form_bytes};

/// The bytes of a body in its encoding, and its media type.
///
/// # Errors
/// When a template cannot be filled in, or the encoding lacks a character.
pub(crate) fn render_encoded_body(
    body: &EncodedBody,
    scope: &dyn TemplateScope,
) -> Result<DraftBody, RenderError> {
    let charset = body.charset;
    let (text, essence) = match &body.content {
        EncodedContent::Form(fields) => (
            render_form(fields, charset, body.at, scope)?,
            "application/x-www-form-urlencoded",
        ),
        EncodedContent::Text(tree) => (
            render_plain_text(tree, scope, &mut RenderedSize::default())?,
            "text/plain",
        ),
        EncodedContent::Xml(tree) => (render_xml(tree, scope)?, "application/xml"),
    };
    let bytes = encode(&text, charset, body.at)?.into();
    let name = charset.name().to_ascii_lowercase();
    Ok(DraftBody::Encoded {
        bytes,
        media_type: format!("{essence}; charset={name}"),
        text,
    })
}

fn encode(text: &str, charset: Charset, at: Span) -> Result<Vec<u8>, RenderError> {
    charset.encode(text).map(Into::into).map_err(|error| {
        let reason = format!("{} has no `{}`", charset.name(), error.character);
        RenderError::new(at, reason).hint("remove the character from the value, or send UTF-8")
    })
}

/// The fields, percent-encoded in their encoding: the text is ASCII.
fn render_form(
    fields: &[TemplateField],
    charset: Charset,
    at: Span,
    scope: &dyn TemplateScope,
) -> Result<String, RenderError> {
    let mut out = String::new();
    for (name, value) in render_pairs(fields, scope)? {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&encode_form_bytes(&encode(&name, charset, at)?));
        out.push('=');
        out.push_str(&encode_form_bytes(&encode(&value, charset, at)?));
    }
    Ok(out)
}

fn render_xml(tree: &TemplateTree, scope: &dyn TemplateScope) -> Result<String, RenderError> {
    let TemplateTreeKind::Template(template) = &tree.kind else {
        return render_plain_text(tree, scope, &mut RenderedSize::default());
    };
    let mut out = String::new();
    let mut size = RenderedSize::default();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(literal) => out.push_str(literal),
            TemplatePart::Expression(expression) => {
                let mut value = String::new();
                push_text(&mut value, expression, scope)?;
                size.add(value.len(), tree.at)?;
                if let Some(character) = value.chars().find(|letter| !is_xml_character(*letter)) {
                    let code = u32::from(character);
                    let reason =
                        format!("XML cannot hold the character U+{code:04X} of this value");
                    return Err(RenderError::new(expression.at, reason));
                }
                push_xml(&mut out, &value);
            }
        }
    }
    Ok(out)
}

/// XML 1.0, section 2.2.
fn is_xml_character(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// Appends a value where a text, the value of an attribute or the text of a CDATA section is going on.
fn push_xml(out: &mut String, value: &str) {
    const CDATA: &str = "<![CDATA[";
    const CDATA_END: &str = "]]>";
    let is_in_cdata = match (out.rfind(CDATA), out.rfind(CDATA_END)) {
        (Some(open), Some(close)) => open > close,
        (open, _) => open.is_some(),
    };
    if is_in_cdata {
        // A section has no escapes; what would end it is divided between two of them.
        out.push_str(&value.replace(CDATA_END, "]]]]><![CDATA[>"));
        return;
    }
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A parser would take these for others (sections 2.11 and 3.3.3).
            '\r' | '\n' | '\t' => out.push_str(&format!("&#{};", u32::from(character))),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_changes_the_document_around_it() {
        let value = "a<b>&\"'\r\n\t]]>한";
        let mut out = "<a b=\"".to_owned();
        push_xml(&mut out, value);
        out.push_str("\">");
        push_xml(&mut out, value);
        out.push_str("<![CDATA[");
        push_xml(&mut out, value);
        out.push_str("]]>");
        push_xml(&mut out, value);
        out.push_str("</a>");
        let document = roxmltree::Document::parse(&out).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("b"), Some(value));
        // A parser reads the line end of a CDATA section as one character (section 2.11).
        let in_cdata = value.replace("\r\n", "\n");
        assert_eq!(root.text(), Some(&*format!("{value}{in_cdata}{value}")));
        assert_eq!(root.children().count(), 1);
    }
}
