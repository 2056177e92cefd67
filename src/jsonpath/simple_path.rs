//! Parses common paths, such as `$.data.items[0].id` and `$.items[*].price`, without the library,
//! whose grammar costs more than everything else that is done to a request file. The library parses
//! all other paths, and reports what is wrong with a path.

use super::query::{PathQuery, PathSegment, PathSelector};

/// The largest index that RFC 9535 (section 2.1) allows has sixteen digits.
const MAX_DIGITS: usize = 15;

/// A path of `.name`, `[0]`, `[*]` and `.*` only.
pub(super) fn parse_simple(text: &str) -> Option<PathQuery> {
    let mut rest = text.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (selector, after) = rest
            .strip_prefix('.')
            .map_or_else(|| bracket(rest), dotted)?;
        segments.push(PathSegment {
            is_descendant: false,
            selectors: vec![selector],
        });
        rest = after;
    }
    Some(PathQuery { segments })
}

/// `member-name-shorthand`: a letter, `_` or anything past ASCII, then digits too.
fn dotted(rest: &str) -> Option<(PathSelector, &str)> {
    if let Some(after) = rest.strip_prefix('*') {
        return Some((PathSelector::Wildcard, after));
    }
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii();
    let len = rest
        .bytes()
        .take_while(|byte| is_letter(*byte) || byte.is_ascii_digit())
        .count();
    let (name, after) = rest.split_at(len);
    name.bytes()
        .next()
        .is_some_and(is_letter)
        .then(|| (PathSelector::Name(name.to_owned()), after))
}

/// An index without sign or leading zero, or a star.
fn bracket(rest: &str) -> Option<(PathSelector, &str)> {
    let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
    if inside == "*" {
        return Some((PathSelector::Wildcard, after));
    }
    // RFC 9535, section 2.3.3.1: an index has no leading zero. The library reports it with its
    // place.
    let canonical = inside == "0" || !inside.starts_with('0');
    let digits = !inside.is_empty()
        && inside.len() <= MAX_DIGITS
        && inside.bytes().all(|byte| byte.is_ascii_digit());
    let index = inside.parse().ok().filter(|_| canonical && digits)?;
    Some((PathSelector::Index(index), after))
}
