//! Matches a received path with the template that it was rendered from: the literal parts must
//! occur in order, with any text between them.

use crate::method::Method;
use crate::model::request::Step;
use crate::model::template::{Template, TemplatePart};

/// The literal parts of a path, without its query.
#[derive(Debug)]
pub(super) struct PathLiterals(Vec<String>);

impl PathLiterals {
    #[must_use]
    pub(super) fn of(path: &Template) -> Self {
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
    pub(super) fn matches(&self, path: &str) -> bool {
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
}

/// A level that a request file names, for requests with the same method and path.
#[derive(Debug)]
pub(super) struct NamedLevel {
    method: Method,
    path: PathLiterals,
    pub(super) level: String,
}

impl NamedLevel {
    #[must_use]
    pub(super) fn of(step: &Step) -> Option<Self> {
        let level = step.level.as_ref()?.name.clone();
        Some(Self {
            method: step.method,
            path: PathLiterals::of(&step.path),
            level,
        })
    }

    #[must_use]
    pub(super) fn matches(&self, method: Method, path: &str) -> bool {
        self.method == method && self.path.matches(path)
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
