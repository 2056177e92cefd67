//! Reads the names out of an expression: what it looks up, and which filters it uses. minijinja's
//! own list misses names in slices, and it has none of filters. It refuses to evaluate.

use crate::model::expression::RESERVED_WORDS;

/// A name and the byte at which it begins.
pub(super) struct NameUse<'s> {
    pub(super) name: &'s str,
    pub(super) at: usize,
    /// An opening bracket follows.
    pub(super) is_called: bool,
}

impl<'s> NameUse<'s> {
    fn uncalled(name: &'s str, at: usize) -> Self {
        Self {
            name,
            at,
            is_called: false,
        }
    }
}

/// What an expression uses.
#[derive(Default)]
pub(super) struct ExpressionNames<'s> {
    /// Dotted where attributes are looked up: `a.b` for `a.b[0]`.
    pub(super) lookups: Vec<NameUse<'s>>,
    pub(super) filters: Vec<NameUse<'s>>,
    pub(super) tests: Vec<NameUse<'s>>,
}

/// Where an expression looks up a first name, in bytes from its beginning.
pub(crate) fn first_use(source: &str, name: &str) -> Option<usize> {
    scan_names(source)
        .lookups
        .iter()
        .find(|used| used.name.split('.').next() == Some(name))
        .map(|used| used.at)
}

/// Every name that an expression looks up, dotted, with the byte at which it begins. One that is called
/// ends with `()`.
pub(crate) fn names_with_places(source: &str) -> Vec<(String, usize)> {
    let lookups = scan_names(source).lookups.into_iter();
    lookups
        .map(|used| {
            let call = if used.is_called { "()" } else { "" };
            (format!("{}{call}", used.name), used.at)
        })
        .collect()
}

/// What an expression makes of its values, outside of quoted text: the names of its filters and
/// tests, and `[` for a subscript or a slice.
pub(crate) fn conversions(source: &str) -> Vec<String> {
    let names = scan_names(source);
    let named = names.filters.iter().chain(&names.tests);
    let mut found: Vec<String> = named.map(|used| used.name.to_owned()).collect();
    let code = outside_quotes(source);
    // A `[` that follows a value takes a part of it; any other begins a list.
    let is_subscript = |(at, _): (usize, &str)| {
        let before = code[..at].trim_end().chars().next_back();
        before.is_some_and(|letter| letter.is_alphanumeric() || "_)]".contains(letter))
    };
    if code.match_indices('[').any(is_subscript) {
        found.push("[".to_owned());
    }
    found
}

/// The quoted texts that a name is compared with, by `==`, `!=`, or as items of a list after `in`.
/// Texts in other expressions, such as `env[0:2] == 'li'`, are not among them.
pub(crate) fn compared_texts<'s>(source: &'s str, name: &str) -> Vec<&'s str> {
    let tokens = comparison_tokens(source);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if *token != name {
            continue;
        }
        match tokens.get(at + 1..).unwrap_or_default() {
            ["==" | "!=", text, ..] => found.extend(quoted_text(text)),
            ["in", "[", items @ ..] | ["not", "in", "[", items @ ..] => {
                let items = items.iter().take_while(|item| **item != "]");
                found.extend(items.filter_map(|item| quoted_text(item)));
            }
            _ => {}
        }
        if let [.., text, "==" | "!="] = &tokens[..at] {
            found.extend(quoted_text(text));
        }
    }
    found
}

/// Names with their members, quoted texts, comparisons, and every other letter by itself.
fn comparison_tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = source[at..].chars().next() {
        let rest = &source[at..];
        let len = match letter {
            '"' | '\'' => quoted_len(rest),
            letter if letter.is_alphabetic() || letter == '_' => {
                let is_name = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
                rest.find(|letter| !is_name(letter)).unwrap_or(rest.len())
            }
            _ if rest.starts_with("==") || rest.starts_with("!=") => 2,
            letter => letter.len_utf8(),
        };
        if !letter.is_whitespace() {
            tokens.push(&rest[..len]);
        }
        at += len;
    }
    tokens
}

/// The names of an expression, outside of quoted text.
pub(super) fn scan_names(source: &str) -> ExpressionNames<'_> {
    let mut names = ExpressionNames::default();
    let mut before = PrecedingToken::Other;
    let mut at = 0;
    while let Some(letter) = source[at..].chars().next() {
        if letter == '"' || letter == '\'' {
            at += quoted_len(&source[at..]);
            before = PrecedingToken::Other;
        } else if letter.is_alphabetic() || letter == '_' {
            let len = name_len(&source[at..]);
            before = classify_name(source, at, len, before, &mut names);
            at += if matches!(before, PrecedingToken::Lookup(_)) {
                before.len()
            } else {
                len
            };
        } else {
            before = match letter {
                letter if letter.is_whitespace() => before,
                '|' => PrecedingToken::Pipe,
                '.' => PrecedingToken::Dot,
                _ => PrecedingToken::Other,
            };
            at += match letter {
                letter if letter.is_ascii_digit() => number_len(&source[at..]),
                letter => letter.len_utf8(),
            };
        }
    }
    names
}

/// A number with the letters in it: in `1e3`, `e3` is no name.
fn number_len(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_alphanumeric).count()
}

/// What stands before a name decides what it is.
#[derive(Clone, Copy)]
enum PrecedingToken {
    Pipe,
    Dot,
    Is,
    /// A look-up of so many bytes.
    Lookup(usize),
    Other,
}

impl PrecedingToken {
    fn len(self) -> usize {
        if let Self::Lookup(len) = self { len } else { 0 }
    }
}

fn classify_name<'s>(
    source: &'s str,
    at: usize,
    len: usize,
    before: PrecedingToken,
    names: &mut ExpressionNames<'s>,
) -> PrecedingToken {
    let name = &source[at..at + len];
    match (before, name) {
        (PrecedingToken::Dot, _) => PrecedingToken::Other,
        (PrecedingToken::Pipe, _) => {
            names.filters.push(NameUse::uncalled(name, at));
            PrecedingToken::Other
        }
        (_, "is") => PrecedingToken::Is,
        (PrecedingToken::Is, "not") => PrecedingToken::Is,
        (PrecedingToken::Is, _) => {
            names.tests.push(NameUse::uncalled(name, at));
            PrecedingToken::Other
        }
        (_, word) if RESERVED_WORDS.contains(&word) => PrecedingToken::Other,
        // Taken for a look-up, `key=` would be an undefined name in a valid call.
        _ if is_argument_name(&source[at + len..]) => PrecedingToken::Other,
        _ => {
            let whole = dotted_len(&source[at..]);
            let called = source[at + whole..].trim_start().starts_with('(');
            names.lookups.push(NameUse {
                name: &source[at..at + whole],
                at,
                is_called: called,
            });
            PrecedingToken::Lookup(whole)
        }
    }
}

/// `name=` in a call names an argument; `name==` compares.
fn is_argument_name(after: &str) -> bool {
    after
        .trim_start()
        .strip_prefix('=')
        .is_some_and(|rest| !rest.starts_with('='))
}

fn name_len(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(text.len())
}

/// `a.b.c`, as far as only names and dots stand.
fn dotted_len(text: &str) -> usize {
    let mut len = name_len(text);
    while let Some(rest) = text[len..].strip_prefix('.') {
        match name_len(rest) {
            0 => break,
            more => len += 1 + more,
        }
    }
    len
}

/// The source with a blank in place of each quoted text.
pub(super) fn outside_quotes(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(letter) = source[at..].chars().next() {
        if letter == '"' || letter == '\'' {
            at += quoted_len(&source[at..]);
            code.push(' ');
        } else {
            at += letter.len_utf8();
            code.push(letter);
        }
    }
    code
}

fn quoted_len(text: &str) -> usize {
    let mut letters = text.char_indices();
    let Some((_, quote)) = letters.next() else {
        return 0;
    };
    let mut escaped = false;
    for (at, letter) in letters {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The text of an expression that is one quoted text without escapes.
pub(super) fn quoted_text(source: &str) -> Option<&str> {
    let inside = source
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .or_else(|| source.strip_prefix('\'')?.strip_suffix('\''))?;
    let is_one = source.len() > 1 && quoted_len(source) == source.len();
    (is_one && !inside.contains('\\')).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookups(source: &str) -> Vec<&str> {
        scan_names(source)
            .lookups
            .into_iter()
            .map(|used| used.name)
            .collect()
    }

    #[test]
    fn the_first_use_of_a_name_is_not_a_part_of_another_one() {
        let source = "'name' ~ my_name ~ name.first";
        assert_eq!(first_use(source, "name"), source.find("name.first"));
        assert_eq!(first_use(source, "first"), None);
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        assert_eq!(lookups("a.b[0].c + d[e:f]"), ["a.b", "d", "e", "f"]);
        assert_eq!(lookups("list[1:] | join(sep) ~ 'x.y|z'"), ["list", "sep"]);
        assert_eq!(
            lookups("a if b is defined and not c else none"),
            ["a", "b", "c"]
        );
        assert_eq!(
            lookups("f(x, key=y, z==1) in [1e3, 0x]"),
            ["f", "x", "y", "z"]
        );
        assert_eq!(lookups("{'a': b}"), ["b"]);
    }

    #[test]
    fn a_subscript_is_told_from_a_list() {
        assert_eq!(conversions("a[1:] | join('[')"), ["join", "["]);
        assert_eq!(conversions("(a ~ b) [0] is none"), ["none", "["]);
        assert!(conversions("[a, b] ~ 'a[0]'").is_empty());
    }

    #[test]
    fn filters_and_tests_are_told_from_names() {
        let names = scan_names("a | drop('x|y') | bytesort|concat is not none");
        assert_eq!(
            names
                .filters
                .iter()
                .map(|used| (used.name, used.at))
                .collect::<Vec<_>>(),
            [("drop", 4), ("bytesort", 18), ("concat", 27)]
        );
        assert_eq!(names.tests.len(), 1);
    }
}
