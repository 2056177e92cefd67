//! Templates, and values whose texts may be templates. They are parsed once, when a file is loaded.
//! `render` evaluates them; this file only knows their syntax.

pub(crate) use super::expression::Expression;
use crate::span::Span;
use crate::value::{CompactText, Value};

/// A text with `{{ expression }}` holes; `{%` and `{#` are plain text.
#[derive(Clone, Debug)]
pub struct Template {
    pub at: Span,
    pub parts: Vec<TemplatePart>,
}

/// A piece of a template, in the order written.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    Literal(String),
    Expression(Expression),
}

/// Where a template is broken, in bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSyntaxError {
    pub offset: usize,
    pub reason: &'static str,
}

impl Template {
    /// Takes `text` apart. `at` must cover the written text; `verbatim` says that the two are the
    /// same bytes, so that a hole can be pointed at exactly.
    ///
    /// # Errors
    /// When a `{{` is never closed or nothing stands in it.
    pub fn parse(
        text: &str,
        at: Span,
        verbatim: Option<usize>,
    ) -> Result<Self, TemplateSyntaxError> {
        let mut parts = Vec::new();
        let mut from = 0;
        while let Some(open) = find_expression(&text[from..]).map(|open| from + open) {
            let inside = open + 2;
            let len = expression_len(&text[inside..]).ok_or(TemplateSyntaxError {
                offset: open,
                reason: "this `{{` is never closed by `}}`",
            })?;
            let raw = &text[inside..inside + len];
            let source = raw.trim();
            if source.is_empty() {
                return Err(TemplateSyntaxError {
                    offset: open,
                    reason: "there is no expression between `{{` and `}}`",
                });
            }
            if open > from {
                parts.push(TemplatePart::Literal(text[from..open].to_owned()));
            }
            let offset = inside + (raw.len() - raw.trim_start().len());
            let place = verbatim.map_or(at, |shift| at.slice(shift + offset, source.len()));
            parts.push(TemplatePart::Expression(Expression::new(
                place,
                // A file is at most 8 MiB, so no template has so many parts that this saturates.
                u32::try_from(parts.len()).unwrap_or(u32::MAX),
                source,
            )));
            from = inside + len + 2;
        }
        if from < text.len() || parts.is_empty() {
            parts.push(TemplatePart::Literal(text[from..].to_owned()));
        }
        Ok(Self { at, parts })
    }

    /// As a file writes it, with a blank on both sides of each expression.
    #[must_use]
    pub fn written(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            TemplatePart::Literal(text) => text.clone(),
            TemplatePart::Expression(expression) => format!("{{{{ {} }}}}", expression.source),
        });
        parts.collect()
    }

    /// The text itself when nothing has to be filled in.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        if let [TemplatePart::Literal(text)] = self.parts.as_slice() {
            Some(text)
        } else {
            None
        }
    }

    /// The one expression of a template that is nothing else; its value keeps its type.
    #[must_use]
    pub fn as_expression(&self) -> Option<&Expression> {
        if let [TemplatePart::Expression(expression)] = self.parts.as_slice() {
            Some(expression)
        } else {
            None
        }
    }

    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| {
            if let TemplatePart::Expression(expression) = part {
                Some(expression)
            } else {
                None
            }
        })
    }
}

/// Where the first hole of a text begins. Nearly no text has a brace, and for one letter the search
/// is fast.
#[must_use]
pub(crate) fn find_expression(text: &str) -> Option<usize> {
    let brace = text.find('{')?;
    text[brace..].find("{{").map(|hole| brace + hole)
}

/// The length of an expression up to its `}}`. Quoted text and inner braces do not end it.
fn expression_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut braces, mut quote) = (0, 0usize, None);
    // Bytes are enough: all characters of the syntax are ASCII, and no byte of a longer UTF-8
    // sequence is.
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'{') => braces += 1,
            (None, b'}') if braces > 0 => braces -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            (None, _) => {}
        }
        at += 1;
    }
    None
}

/// A value of a file whose texts may be templates.
#[derive(Clone, Debug)]
pub struct TemplateTree {
    pub at: Span,
    pub kind: TemplateTreeKind,
}

#[derive(Clone, Debug)]
pub enum TemplateTreeKind {
    /// Nothing in it has to be filled in.
    Constant(Value),
    Template(Template),
    List(Vec<TemplateTree>),
    Object(Vec<(CompactText, TemplateTree)>),
}

impl TemplateTree {
    #[must_use]
    pub fn constant(value: Value) -> Self {
        Self {
            at: Span::default(),
            kind: TemplateTreeKind::Constant(value),
        }
    }

    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        if let TemplateTreeKind::Constant(value) = &self.kind {
            Some(value)
        } else {
            None
        }
    }

    /// Every expression in it, in the order written.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match &self.kind {
            TemplateTreeKind::Constant(_) => Vec::new(),
            TemplateTreeKind::Template(template) => template.expressions().collect(),
            TemplateTreeKind::List(items) => items.iter().flat_map(Self::expressions).collect(),
            TemplateTreeKind::Object(members) => members
                .iter()
                .flat_map(|(_, member)| member.expressions())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<String> {
        let template = Template::parse(text, Span::default(), None).unwrap();
        template
            .parts
            .iter()
            .map(|part| match part {
                TemplatePart::Literal(text) => text.clone(),
                TemplatePart::Expression(expression) => format!("<{}>", expression.source),
            })
            .collect()
    }

    #[test]
    fn only_double_braces_are_active() {
        assert_eq!(shape("a {{ b }}c"), ["a ", "<b>", "c"]);
        assert_eq!(shape("{% raw %}{# x #}"), ["{% raw %}{# x #}"]);
        assert_eq!(shape("{{ '}}' ~ \"}}\" }}"), ["<'}}' ~ \"}}\">"]);
        assert_eq!(shape("{{ {'a': {'b': 1}} }}!"), ["<{'a': {'b': 1}}>", "!"]);
        assert_eq!(shape(""), [""]);
    }

    #[test]
    fn a_broken_template_says_where() {
        let broken = |text| {
            Template::parse(text, Span::default(), None)
                .unwrap_err()
                .offset
        };
        assert_eq!(broken("ab {{ c"), 3);
        assert_eq!(broken("{{ a }} {{ }}"), 8);
    }
}
