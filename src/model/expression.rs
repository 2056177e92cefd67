//! What stands between `{{` and `}}`, by its syntax: a plain look-up of a name, a chain of filters, or
//! anything else. A chain with a filter that works on exact values, such as
//! `product | with('$.price', 1) | compact`, is taken apart at its `|`: it does not go through the
//! template engine, which would respell numbers. It refuses to evaluate.

use super::brackets::{BracketScanner, is_balanced, split_arguments, split_outside_brackets};
use crate::span::Span;

/// The longest expression. The engine compiles and drops operators, filters and calls recursively:
/// one of 64,000 bytes overflows the stack, which no error can catch. A chain of `+1` in this
/// length is a thousand deep, a hundredth of what the smallest stack here bears.
pub(crate) const MAX_EXPRESSION_BYTES: usize = 2_048;

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug)]
pub struct Expression {
    pub at: Span,
    /// Which part of its template it is, counted from zero.
    pub part_index: u32,
    /// Without the braces and the blanks around it.
    pub source: String,
    /// The names it looks up when it does nothing else: `a.b[0]` is `[a, b, 0]`. Such an
    /// expression keeps every digit.
    pub lookup: Option<Vec<String>>,
    /// The filters it applies to exact values, when it does nothing else.
    pub chain: Option<Box<FilterChain>>,
}

impl Expression {
    pub(super) fn new(at: Span, part_index: u32, source: &str) -> Self {
        let lookup = plain_lookup(source);
        let chain = FilterChain::parse(at, part_index, source);
        Self {
            at,
            part_index,
            source: source.to_owned(),
            lookup,
            chain: chain.map(Box::new),
        }
    }
}

/// The filters that work on exact values. A chain without any of them is the engine's.
pub(crate) const EXACT_FILTERS: [&str; 10] = [
    "base64",
    "base64url",
    "batch",
    "date",
    "json",
    "number",
    "unix",
    "with",
    "without",
    "zip",
];

/// What the value before a filter is called where the template engine applies that filter.
pub(crate) const CHAIN_INPUT: &str = "_chain_input";

/// A value and the filters behind it, in the order in which they are applied.
#[derive(Clone, Debug)]
pub struct FilterChain {
    pub head: Expression,
    pub filters: Vec<FilterCall>,
}

/// One filter of a chain.
#[derive(Clone, Debug)]
pub struct FilterCall {
    pub name: String,
    pub name_at: Span,
    pub kind: FilterKind,
}

#[derive(Clone, Debug)]
pub enum FilterKind {
    /// One of [`EXACT_FILTERS`], with its arguments.
    Exact(Vec<Expression>),
    /// One that only the engine has: the call with [`CHAIN_INPUT`] before it.
    Engine(Box<Expression>),
}

impl FilterCall {
    /// The arguments of an exact filter.
    pub(crate) fn arguments(&self) -> &[Expression] {
        if let FilterKind::Exact(arguments) = &self.kind {
            arguments
        } else {
            &[]
        }
    }
}

impl FilterChain {
    /// `None` for an expression that is anything else, and for a chain of stock filters.
    pub(super) fn parse(at: Span, part_index: u32, source: &str) -> Option<Self> {
        // A longer one is refused when it is checked, and could be too deep to be taken apart.
        if !source.contains('|') || source.len() + CHAIN_INPUT.len() > MAX_EXPRESSION_BYTES {
            return None;
        }
        let pieces = split_outside_brackets(source, b'|')?;
        let (&(head_at, head), filters) = pieces.split_first()?;
        let source = ExpressionSource { at, part_index };
        let filters: Vec<FilterCall> = filters
            .iter()
            .map(|&(from, text)| source.filter_call(from, text))
            .collect::<Option<_>>()?;
        let is_exact = |call: &FilterCall| matches!(call.kind, FilterKind::Exact(_));
        if !filters.iter().any(is_exact) || !is_primary(head.trim()) {
            return None;
        }
        Some(Self {
            head: source.head(head_at, head),
            filters,
        })
    }

    /// Every filter call in it, those of its head and its arguments among them.
    pub(crate) fn all_calls(&self) -> Vec<&FilterCall> {
        let mut calls = calls_inside(&self.head);
        for call in &self.filters {
            calls.push(call);
            calls.extend(call.arguments().iter().flat_map(calls_inside));
        }
        calls
    }
}

fn calls_inside(expression: &Expression) -> Vec<&FilterCall> {
    let chain = expression.chain.as_deref();
    chain.map_or_else(Vec::new, FilterChain::all_calls)
}

/// The expression that a chain is cut out of.
#[derive(Clone, Copy)]
struct ExpressionSource {
    at: Span,
    part_index: u32,
}

impl ExpressionSource {
    /// A part that begins at byte `from`; blanks around it do not belong to it.
    fn part(self, from: usize, text: &str) -> Expression {
        let from = from + (text.len() - text.trim_start().len());
        let text = text.trim();
        Expression::new(self.at.slice(from, text.len()), self.part_index, text)
    }

    /// `(a | batch(2))` is the chain inside of the brackets.
    fn head(self, from: usize, text: &str) -> Expression {
        let whole = self.part(from, text);
        let inside = whole
            .source
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        let Some(inside) = inside.filter(|inside| is_balanced(inside)) else {
            return whole;
        };
        let from = from + (text.len() - text.trim_start().len()) + 1;
        let inside = self.part(from, inside);
        if inside.chain.is_some() || inside.lookup.is_some() {
            inside
        } else {
            whole
        }
    }

    /// `name` or `name(arguments)`, and nothing else.
    fn filter_call(self, from: usize, text: &str) -> Option<FilterCall> {
        let from = from + (text.len() - text.trim_start().len());
        let text = text.trim();
        let name_len = text
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let (name, rest) = text.split_at(name_len);
        let inside = match rest.trim_start().strip_prefix('(') {
            Some(inside) => inside.strip_suffix(')').filter(|text| is_balanced(text))?,
            None if rest.is_empty() && !name.is_empty() => "",
            None => return None,
        };
        let kind = if EXACT_FILTERS.contains(&name) {
            let inside_at = from + text.len() - inside.len() - usize::from(!inside.is_empty());
            FilterKind::Exact(self.arguments(inside_at, inside)?)
        } else {
            // No chain of its own: its arguments are the engine's, too.
            FilterKind::Engine(Box::new(Expression {
                at: self.at.slice(from, text.len()),
                part_index: self.part_index,
                source: format!("{CHAIN_INPUT}|{text}"),
                lookup: None,
                chain: None,
            }))
        };
        Some(FilterCall {
            name: name.to_owned(),
            name_at: self.at.slice(from, name.len()),
            kind,
        })
    }

    fn arguments(self, from: usize, text: &str) -> Option<Vec<Expression>> {
        let pieces = split_arguments(text)?;
        Some(
            pieces
                .into_iter()
                .map(|(offset, piece)| self.part(from + offset, piece))
                .collect(),
        )
    }
}

/// What a filter binds to: a name with its members, a quoted text, a call, or something in brackets.
/// Before anything else, such as `a + b | batch(2)`, the filter takes the last operand only.
fn is_primary(text: &str) -> bool {
    let mut code = BracketScanner::new(text);
    !text.is_empty()
        && code.all(|(_, byte, depth)| {
            depth > 0 || byte.is_ascii_alphanumeric() || b"_.()[]{}\"'".contains(&byte)
        })
        && code.is_balanced()
}

/// Words of the expression language that look like names.
pub(crate) const RESERVED_WORDS: [&str; 15] = [
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else",
    "loop", "self",
];

fn plain_lookup(source: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for piece in source.split('.') {
        // `a[0][1]` looks up `a`, `0` and `1`.
        let mut pieces = piece.split('[');
        names.push(pieces.next().unwrap_or_default().to_owned());
        for index in pieces {
            names.push(
                index
                    .strip_suffix(']')
                    .filter(|index| is_index(index))?
                    .to_owned(),
            );
        }
    }
    let is_name = |name: &String| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && !RESERVED_WORDS.contains(&name.as_str())
    };
    names
        .iter()
        .all(|name| is_index(name) || is_name(name))
        .then_some(names)
        .filter(|names| is_name(&names[0]))
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(source: &str) -> Option<String> {
        let at = Span {
            start: 100,
            end: 100 + u32::try_from(source.len()).unwrap(),
            ..Span::default()
        };
        let chain = FilterChain::parse(at, 0, source)?;
        let text = |expression: &Expression| {
            let from = usize::try_from(expression.at.start).unwrap() - 100;
            // A place and the text at it are the same.
            assert!(source[from..].starts_with(&expression.source), "{source}");
            expression.source.clone()
        };
        let filters: Vec<String> = chain
            .filters
            .iter()
            .map(|call| {
                let arguments: Vec<String> = call.arguments().iter().map(text).collect();
                format!("{}[{}]", call.name, arguments.join("; "))
            })
            .collect();
        Some(format!("{} > {}", text(&chain.head), filters.join(" > ")))
    }

    #[test]
    fn a_chain_with_an_exact_filter_is_taken_apart() {
        for (source, shown) in [
            ("ids|batch(50)", "ids > batch[50]"),
            ("a.b[0] | zip( c | batch(2) )", "a.b[0] > zip[c | batch(2)]"),
            (
                "product | with('$.a[\"|\"]', x + 1) | without(\"$.b\")",
                "product > with['$.a[\"|\"]'; x + 1] > without[\"$.b\"]",
            ),
            ("(ids | batch(2)) | zip(b)", "ids | batch(2) > zip[b]"),
            ("['a', 'b'] | batch(1)", "['a', 'b'] > batch[1]"),
            (
                "f(a, b) | batch(1) | join(',')",
                "f(a, b) > batch[1] > join[]",
            ),
            ("('a' ~ b) | batch(2)", "('a' ~ b) > batch[2]"),
        ] {
            assert_eq!(shape(source).as_deref(), Some(shown), "{source}");
        }
        for source in [
            "ids",
            "ids | first",
            "a + b | batch(2)",
            "not a | batch(2)",
            "a | batch(2) + 1",
            "a | batch(2)[0]",
            "(a | batch(2)",
            "a | batch(2))",
            "a | batch('2)",
            "a if b else c | batch(2)",
            "| batch(2)",
            "a | ",
        ] {
            assert_eq!(shape(source), None, "{source}");
        }
    }

    #[test]
    fn deep_brackets_are_taken_apart_or_left_alone() {
        for source in [
            format!("{}a{} | batch(2)", "(".repeat(1_000), ")".repeat(1_000)),
            format!("{}a{}", "(".repeat(180), " | batch(2))".repeat(180)),
            format!("a{}", " | zip(a".repeat(220)),
            format!("a{}{}", " | zip(a".repeat(200), ")".repeat(200)),
        ] {
            drop(shape(&source));
        }
    }

    #[test]
    fn a_plain_lookup_is_known_as_one() {
        assert_eq!(
            plain_lookup("a.b_1"),
            Some(vec!["a".to_owned(), "b_1".to_owned()])
        );
        assert_eq!(
            plain_lookup("a[0].b"),
            Some(vec!["a".to_owned(), "0".to_owned(), "b".to_owned()])
        );
        for source in [
            "true", "a[b]", "a[-1]", "a[1:]", "0", "a + 1", "1", "now()", "a.", "'x'", "not a",
        ] {
            assert_eq!(plain_lookup(source), None, "{source}");
        }
    }
}
