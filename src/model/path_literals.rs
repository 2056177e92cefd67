//! Matches a path with the template that it was rendered from: the literal parts must occur in order,
//! with any text between them.

use super::template::{Template, TemplatePart};

/// The literal parts of a path, without its query.
#[derive(Clone, Debug)]
pub(crate) struct PathLiterals(Vec<String>);

impl PathLiterals {
    #[must_use]
    pub(crate) fn of(path: &Template) -> Self {
        let mut parts = vec![String::new()];
        for piece in &path.parts {
            // The path ends where a query begins.
            if matches!(piece, TemplatePart::Literal(text) if parts.len() > 1 && text.starts_with('?'))
            {
                break;
            }
            match (piece, parts.last_mut()) {
                (TemplatePart::Literal(text), Some(last)) => {
                    last.push_str(text.split('?').next().unwrap_or_default());
                }
                _ => parts.push(String::new()),
            }
        }
        Self(parts)
    }

    /// Whether the parts occur in a path in this order, from its start to its end.
    #[must_use]
    pub(crate) fn matches(&self, path: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else {
            return false;
        };
        let Some(mut left) = path.strip_prefix(first.as_str()) else {
            return false;
        };
        for (index, part) in rest.iter().enumerate() {
            let last = index + 1 == rest.len();
            // The last part must end the path; the first match could be too early.
            let found = if last {
                left.ends_with(part.as_str())
                    .then(|| left.len() - part.len())
            } else {
                left.find(part.as_str())
            };
            let Some(at) = found else { return false };
            left = &left[at + part.len()..];
        }
        left.is_empty()
    }

    /// For paths that are in lower case.
    #[must_use]
    pub(crate) fn to_lowercase(&self) -> Self {
        Self(self.0.iter().map(|part| part.to_lowercase()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn anything_may_stand_between_the_literal_parts() {
        let parts =
            |path: &str| PathLiterals::of(&Template::parse(path, Span::default(), None).unwrap());
        assert!(
            parts("/a/{{ id }}/b?x={{ y }}").matches("/a/1/b")
                && !parts("/a/{{ id }}/b").matches("/a/1/c")
        );
        assert!(
            parts("/a").matches("/a")
                && !parts("/a").matches("/ab")
                && parts("/a/{{ id }}").matches("/a/1")
        );
    }
}
