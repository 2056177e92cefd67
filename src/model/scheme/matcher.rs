//! Which requests a rule is about: conditions on method and path.

use crate::method::Method;

/// A condition on a request's method and path.
#[derive(Clone, Debug, Default)]
pub struct RequestMatcher {
    /// Any of these; none means every path.
    pub paths: Vec<PathPattern>,
    pub methods: Vec<Method>,
}

impl RequestMatcher {
    #[must_use]
    pub fn matches(&self, method: Method, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.contains(&method))
            && (self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(path)))
    }
}

/// A path in which `*` is one segment and `**` any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(pub String);

impl PathPattern {
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        // Most patterns are a path, or all that is below one.
        match self.0.split_once('*') {
            None => self.0 == path,
            Some((before, "*")) if before.ends_with('/') => {
                path.starts_with(before)
                    // `/auth/**` includes `/auth` itself: `**` also stands for no segment.
                    || path.len() + 1 == before.len() && before.starts_with(path)
            }
            Some(_) => matches_segments(self.0.split('/'), path.split('/')),
        }
    }
}

fn matches_segments<'t>(
    mut pattern: std::str::Split<'t, char>,
    mut path: std::str::Split<'t, char>,
) -> bool {
    match (pattern.next(), path.clone().next()) {
        (None, None) => true,
        // Backtracking is enough: patterns are written by hand and have one or two stars.
        (Some("**"), _) => loop {
            if matches_segments(pattern.clone(), path.clone()) {
                return true;
            }
            if path.next().is_none() {
                return false;
            }
        },
        (Some(first), Some(segment)) => {
            path.next();
            matches_segment(first, segment) && matches_segments(pattern, path)
        }
        _ => false,
    }
}

/// Within a segment, `*` stands for any text.
pub(super) fn matches_segment(pattern: &str, segment: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == segment,
        Some((before, after)) => segment.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .any(|at| rest.is_char_boundary(at) && matches_segment(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_segments() {
        let fits = |pattern: &str, path: &str| PathPattern(pattern.to_owned()).matches(path);
        assert!(fits("/api/v2/auth/**", "/api/v2/auth/token/get"));
        assert!(fits("/api/v2/auth/**", "/api/v2/auth"));
        assert!(!fits("/api/v2/auth/**", "/api/v2/authors"));
        assert!(fits("/product/*/brands", "/product/202309/brands"));
        assert!(!fits("/product/*/brands", "/product/a/b/brands"));
        assert!(fits("/product/*/global_*", "/product/1/global_products"));
        assert!(fits("/x", "/x") && !fits("/x", "/x/"));
    }
}
