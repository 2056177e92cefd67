//! Which calls of a scheme only read.

use super::RequestMatcher;
use super::matcher::matches_segment;
use crate::method::Method;

/// A call that changes nothing (safe, RFC 9110, section 9.2.1).
#[derive(Clone, Debug)]
pub struct ReadRule {
    pub matcher: RequestMatcher,
    /// Name → pattern of a parameter of the query, in which `*` is any text. All of them must fit.
    pub query: Vec<(String, String)>,
}

impl ReadRule {
    #[must_use]
    pub fn matches(&self, method: Method, path: &str, query: &[(String, String)]) -> bool {
        let fits = |(name, pattern): &(String, String)| {
            // All values: of two the marketplace may take either.
            let mut values = query.iter().filter(|(known, _)| known == name).peekable();
            values.peek().is_some() && values.all(|(_, value)| matches_segment(pattern, value))
        };
        self.matcher.matches(method, path) && self.query.iter().all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scheme::PathPattern;

    #[test]
    fn a_parameter_of_the_query_says_what_a_call_does() {
        let rule = ReadRule {
            matcher: RequestMatcher {
                paths: vec![PathPattern("/router/rest".to_owned())],
                methods: Vec::new(),
            },
            query: vec![("method".to_owned(), "*.get".to_owned())],
        };
        let reads = |path: &str, values: &[&str]| {
            let query: Vec<_> = values
                .iter()
                .map(|value| ("method".to_owned(), (*value).to_owned()))
                .collect();
            rule.matches(Method::Get, path, &query)
        };
        assert!(reads("/router/rest", &["taobao.trade.get"]));
        assert!(!reads("/router/rest", &["taobao.trade.getter"]));
        assert!(!reads("/router/rest", &["taobao.trade.update"]));
        assert!(!reads(
            "/router/rest",
            &["taobao.trade.get", "taobao.trade.update"]
        ));
        assert!(!reads("/router/rest", &[]));
        assert!(!reads("/router", &["taobao.trade.get"]));
    }
}
