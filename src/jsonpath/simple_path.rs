//! Parses common paths, such as `$.data.items[0].id`, `$.items[*].price` and `$..buyer['name']`,
//! without the library, whose grammar costs more than everything else that is done to a request
//! file. The library parses all other paths, and reports what is wrong with a path.

use super::query::{PathQuery, PathSegment, PathSelector};

/// The largest index that RFC 9535 (section 2.1) allows has sixteen digits.
const MAX_DIGITS: usize = 15;

/// A path of `.name`, `.*`, `[0]`, `[*]` and `['a', 'b']` only, each of which can follow `..`.
pub(super) fn parse_simple(text: &str) -> Option<PathQuery> {
    let mut rest = text.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let descended = rest.strip_prefix("..");
        let begun = descended.unwrap_or(rest);
        let (selectors, after) = match rest.strip_prefix('.') {
            Some(name) if !begun.starts_with('[') => dotted(descended.unwrap_or(name))?,
            _ => bracket(begun)?,
        };
        segments.push(PathSegment {
            is_descendant: descended.is_some(),
            selectors,
        });
        rest = after;
    }
    Some(segments.into())
}

/// `member-name-shorthand`: a letter, `_` or anything past ASCII, then digits too.
fn dotted(rest: &str) -> Option<(Vec<PathSelector>, &str)> {
    if let Some(after) = rest.strip_prefix('*') {
        return Some((vec![PathSelector::Wildcard], after));
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
        .then(|| (vec![PathSelector::Name(name.into())], after))
}

/// An index without sign or leading zero, a star, or plain names in quotes.
fn bracket(rest: &str) -> Option<(Vec<PathSelector>, &str)> {
    let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
    if inside == "*" {
        return Some((vec![PathSelector::Wildcard], after));
    }
    if inside.starts_with(['\'', '"']) {
        let names: Option<Vec<_>> = inside.split(", ").map(quoted).collect();
        return Some((names?, after));
    }
    // RFC 9535, section 2.3.3.1: an index has no leading zero. The library reports it with its
    // place.
    let canonical = inside == "0" || !inside.starts_with('0');
    let digits = !inside.is_empty()
        && inside.len() <= MAX_DIGITS
        && inside.bytes().all(|byte| byte.is_ascii_digit());
    let index = inside.parse().ok().filter(|_| canonical && digits)?;
    Some((vec![PathSelector::Index(index)], after))
}

/// A name of letters, digits, `_` and `-`: nothing in it is escaped, and it ends no bracket.
fn quoted(text: &str) -> Option<PathSelector> {
    let unquoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    let name: &str = unquoted('\'').or_else(|| unquoted('"'))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_name = !name.is_empty() && name.bytes().all(is_plain);
    is_name.then(|| PathSelector::Name(name.into()))
}

#[cfg(test)]
mod tests {
    use super::super::{compile::compile, precheck::check_path_text};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn common_paths_need_no_library() {
        for text in [
            "$",
            "$.data.items[0].id",
            "$.items[*].price",
            "$..email",
            "$..a.b",
            "$.*..*",
            "$..[0]",
            "$['a-b'].c",
            "$..buyer['name', \"phone\"]",
        ] {
            assert!(parse_simple(text).is_some(), "{text}");
        }
        for text in [
            "$..", "$...a", "$..1", "$['a b']", "$['']", "$['a',]", "$.['a']", "$[?@.a]",
            "$.a[-1]", "$[01]",
        ] {
            assert!(parse_simple(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_a_path_as_the_library_does(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    ".", "..", ".a", "..b_1", "가", "*", ".*", "..*", "[0]", "[*]", "[17]", "[01]", "[", "]", "-", "1", " ", "['a']",
                    "['a', \"b-1\"]", "..['b', 'c']", "'", ", ", "'d'",
                ]),
                0..8,
            )
        ) {
            let text = format!("${}", parts.concat());
            if check_path_text(&text).is_ok() && let Some(query) = parse_simple(&text) {
                let library = compile(&text);
                prop_assert!(library.is_ok(), "{}", text);
                prop_assert_eq!(format!("{:?}", library.unwrap()), format!("{query:?}"));
            }
        }
    }
}
