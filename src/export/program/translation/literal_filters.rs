//! Filters of values that are known already are applied now, by the template engine itself: no
//! language has to do the same a second time.

use crate::export::program::operation::Term;
use crate::model::template::{Template, TemplateTree, TemplateTreeKind};
use crate::render::{TemplateDialect, TemplateScope, render_tree};
use crate::span::Span;
use crate::value::Value;
use std::borrow::Cow;

/// The result of a filter; `None` when something of it is not known, or it has no result.
pub(super) fn apply(name: &str, input: &Term, arguments: &[Term]) -> Option<Term> {
    let input = literal_value(input)?;
    let arguments: Option<Vec<Value>> = arguments.iter().map(literal_value).collect();
    let arguments = arguments?;
    let names: Vec<String> = (0..arguments.len()).map(|at| format!("a{at}")).collect();
    let source = format!("{{{{ input | {name}({}) }}}}", names.join(", "));
    let template = Template::parse(&source, Span::default(), None).ok()?;
    let scope = LiteralScope { input, arguments };
    let tree = TemplateTree {
        at: Span::default(),
        kind: TemplateTreeKind::Template(template),
    };
    let value = render_tree(&tree, &scope).ok()?;
    literal_term(value.as_ref())
}

struct LiteralScope {
    input: Value,
    arguments: Vec<Value>,
}

impl TemplateScope for LiteralScope {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        match path {
            ["input"] => Some(Cow::Borrowed(&self.input)),
            [name] => {
                let at: usize = name.strip_prefix('a')?.parse().ok()?;
                self.arguments.get(at).map(Cow::Borrowed)
            }
            _ => None,
        }
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}

fn literal_value(term: &Term) -> Option<Value> {
    match term {
        Term::Text(text) => Some(text.as_str().into()),
        Term::Integer(number) => Some((*number).into()),
        Term::Texts(texts) => {
            let texts: Option<Vec<Value>> = texts.iter().map(literal_value).collect();
            texts.map(Value::List)
        }
        Term::Pairs(pairs) => {
            let pairs: Option<Vec<Value>> = pairs
                .iter()
                .map(|(name, value)| {
                    let pair = vec![literal_value(name)?, literal_value(value)?];
                    Some(Value::List(pair))
                })
                .collect();
            pairs.map(Value::List)
        }
        _ => None,
    }
}

fn literal_term(value: &Value) -> Option<Term> {
    match value {
        Value::String(text) => Some(Term::text(text.as_str())),
        Value::Number(number) => number.as_str().parse().ok().map(Term::Integer),
        Value::List(items) => literal_list(items),
        _ => None,
    }
}

fn literal_list(items: &[Value]) -> Option<Term> {
    let is_pair = |item: &Value| item.as_list().is_some_and(|pair| pair.len() == 2);
    // No list says of what it is when it is empty.
    if items.is_empty() {
        return None;
    }
    if !items.iter().all(is_pair) {
        let texts: Option<Vec<Term>> = items.iter().map(literal_term).collect();
        return texts.map(Term::Texts);
    }
    let pairs: Option<Vec<(Term, Term)>> = items
        .iter()
        .map(|item| {
            let [name, value] = item.as_list()? else {
                return None;
            };
            Some((literal_term(name)?, literal_term(value)?))
        })
        .collect();
    pairs.map(Term::Pairs)
}
