//! A text with holes, made by a program, and its spelling in a file.

/// A text and the expressions in it, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TemplateSource {
    pieces: Vec<SourcePiece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourcePiece {
    Literal(String),
    /// What stands between `{{` and `}}`.
    Expression(String),
}

impl TemplateSource {
    #[must_use]
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        let mut source = Self::default();
        source.push_literal(&text.into());
        source
    }

    #[must_use]
    pub(crate) fn expression(expression: impl Into<String>) -> Self {
        let mut source = Self::default();
        source.push_expression(expression);
        source
    }

    pub(crate) fn push_literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(SourcePiece::Literal(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(SourcePiece::Literal(text.to_owned()));
        }
    }

    pub(crate) fn push_expression(&mut self, expression: impl Into<String>) {
        self.pieces.push(SourcePiece::Expression(expression.into()));
    }

    pub(crate) fn push(&mut self, other: &Self) {
        for piece in &other.pieces {
            match piece {
                SourcePiece::Literal(text) => self.push_literal(text),
                SourcePiece::Expression(source) => self.push_expression(source.clone()),
            }
        }
    }

    #[must_use]
    pub(crate) fn pieces(&self) -> &[SourcePiece] {
        &self.pieces
    }

    /// The text, if nothing has to be filled in.
    #[must_use]
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [SourcePiece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// As it stands in a file. A `{{` of the text is spelled as an expression that gives it.
    #[must_use]
    pub(crate) fn to_source(&self) -> String {
        let mut out = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                SourcePiece::Expression(source) => {
                    out.push_str("{{ ");
                    out.push_str(source);
                    out.push_str(" }}");
                }
                SourcePiece::Literal(text) => {
                    let before_hole = index + 1 < self.pieces.len();
                    push_escaped(text, before_hole, &mut out);
                }
            }
        }
        out
    }
}

/// Two braces open a hole, and one does so before the two of a hole.
fn push_escaped(text: &str, before_hole: bool, out: &mut String) {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let braces = rest[open..]
            .bytes()
            .take_while(|byte| *byte == b'{')
            .count();
        let end = open + braces;
        let opens_hole = braces > 1 || (before_hole && end == rest.len());
        out.push_str(&rest[..open]);
        if opens_hole {
            out.push_str(&format!("{{{{ '{}' }}}}", &rest[open..end]));
        } else {
            out.push_str(&rest[open..end]);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::{Template, TemplatePart};
    use crate::span::Span;
    use proptest::prelude::*;

    /// What the template gives, with `‹source›` for expressions that are no quoted text.
    fn rendered(source: &str) -> String {
        let template = Template::parse(source, Span::default(), None).unwrap();
        let parts = template.parts.iter().map(|part| match part {
            TemplatePart::Literal(text) => text.clone(),
            TemplatePart::Expression(expression) => {
                let source = expression.source.as_str();
                match source
                    .strip_prefix('\'')
                    .and_then(|rest| rest.strip_suffix('\''))
                {
                    Some(text) => text.to_owned(),
                    None => format!("‹{source}›"),
                }
            }
        });
        parts.collect()
    }

    #[test]
    fn braces_of_a_foreign_text_stay_text() {
        let mut source = TemplateSource::literal("{\"a\":{{{");
        source.push_expression("id");
        source.push_literal("}} and {{ x }} {% y %}");
        assert_eq!(
            source.to_source(),
            "{\"a\":{{ '{{{' }}{{ id }}}} and {{ '{{' }} x }} {% y %}"
        );
        assert_eq!(
            rendered(&source.to_source()),
            "{\"a\":{{{‹id›}} and {{ x }} {% y %}"
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(pieces in prop::collection::vec(("[a{}' ]{0,6}", any::<bool>()), 0..4)) {
            let (mut source, mut expected) = (TemplateSource::default(), String::new());
            for (text, has_hole) in &pieces {
                source.push_literal(text);
                expected.push_str(text);
                if *has_hole {
                    source.push_expression("id");
                    expected.push_str("‹id›");
                }
            }
            prop_assert_eq!(rendered(&source.to_source()), expected);
        }
    }
}
