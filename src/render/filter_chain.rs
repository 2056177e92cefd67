//! Evaluates a chain of filters on exact values, one filter after the other. Only a filter that the
//! template engine alone has goes through the engine.

use super::error::RenderError;
use super::exact_filters::{self, FilterFault};
use super::expression_names::{ExpressionNames, quoted_text};
use super::fresh_values::FreshValues;
use super::placeholders::placeholder_in;
use super::template_scope::{TemplateDialect, TemplateScope};
use crate::diagnostic::Diagnostic;
use crate::jsonpath::JsonPath;
use crate::model::expression::{CHAIN_INPUT, Expression, FilterCall, FilterChain, FilterKind};
use crate::span::Span;
use crate::value::{Number, Value};
use std::borrow::Cow;

/// Filters that are there on exact values only: the template engine would respell each number of
/// the value that they change.
const ONLY_EXACT: [&str; 2] = ["with", "without"];

/// How one expression is evaluated: the engine's own function, which calls this file in turn.
pub(super) type EvaluateFn =
    for<'s> fn(&Expression, &'s dyn TemplateScope) -> Result<Cow<'s, Value>, RenderError>;

pub(super) fn evaluate_chain(
    chain: &FilterChain,
    scope: &dyn TemplateScope,
    evaluate: EvaluateFn,
) -> Result<Value, RenderError> {
    let mut value = evaluate(&chain.head, scope)?.into_owned();
    for call in &chain.filters {
        value = match &call.kind {
            FilterKind::Exact(arguments) => apply_exact(call, value, arguments, scope, evaluate)?,
            FilterKind::Engine(engine_call) => {
                let input = ChainScope {
                    scope,
                    input: &value,
                };
                evaluate(engine_call, &input)?.into_owned()
            }
        };
    }
    Ok(value)
}

fn apply_exact(
    call: &FilterCall,
    value: Value,
    arguments: &[Expression],
    scope: &dyn TemplateScope,
    evaluate: EvaluateFn,
) -> Result<Value, RenderError> {
    let is_placeholder = |value: &Value| {
        scope.has_placeholders() && value.as_str().is_some() && placeholder_in(value).is_some()
    };
    // What stands for a fresh value has neither members nor items, and is no time.
    if is_placeholder(&value) {
        return Ok(value);
    }
    let evaluated = |argument: &Expression| -> Result<Value, RenderError> {
        Ok(evaluate(argument, scope)?.into_owned())
    };
    let applied = match (call.name.as_str(), arguments) {
        ("with", [path, new]) => exact_filters::with(value, &path_of(path)?, evaluated(new)?),
        ("without", [path]) => exact_filters::without(value, &path_of(path)?),
        (name, arguments) => {
            let arguments: Vec<Value> =
                arguments.iter().map(evaluated).collect::<Result<_, _>>()?;
            // What the filter would give is not known from what stands for an argument.
            if let Some(placeholder) = arguments.iter().find(|value| is_placeholder(value)) {
                return Ok(placeholder.clone());
            }
            exact_filters::apply(name, &value, &arguments)
        }
    };
    applied.map_err(|fault| filter_error(call.name_at, fault))
}

fn path_of(argument: &Expression) -> Result<JsonPath, RenderError> {
    literal_path(argument).map_err(|fault| RenderError::new(argument.at, fault.title))
}

fn filter_error(at: Span, fault: FilterFault) -> RenderError {
    let error = RenderError::new(at, fault.reason);
    match fault.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The value before a filter of the engine, and everything else by its own name.
struct ChainScope<'s> {
    scope: &'s dyn TemplateScope,
    input: &'s Value,
}

impl TemplateScope for ChainScope<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        match path {
            [CHAIN_INPUT] => Some(Cow::Borrowed(self.input)),
            _ => self.scope.lookup(path),
        }
    }

    fn fresh_values(&self) -> Option<FreshValues> {
        self.scope.fresh_values()
    }

    fn placeholder_for(&self, names: &[String]) -> Option<String> {
        let of_input = self.scope.has_placeholders().then_some(self.input);
        of_input
            .and_then(placeholder_in)
            .map(str::to_owned)
            .or_else(|| self.scope.placeholder_for(names))
    }

    fn has_placeholders(&self) -> bool {
        self.scope.has_placeholders()
    }

    fn root_names(&self) -> Vec<String> {
        self.scope.root_names()
    }

    fn dialect(&self) -> TemplateDialect {
        self.scope.dialect()
    }
}

/// What can be known of the exact filters of an expression before it is evaluated: the number of
/// their arguments, paths, and that none of them is a part of a computation.
///
/// # Errors
/// For the first that is wrong.
pub(super) fn check_chain(
    expression: &Expression,
    names: &ExpressionNames<'_>,
) -> Result<(), Diagnostic> {
    let calls = expression
        .chain
        .as_deref()
        .map_or_else(Vec::new, FilterChain::all_calls);
    for used in &names.filters {
        let at = expression.at.slice(used.at, used.name.len());
        let is_applied = || calls.iter().any(|call| call.name_at == at);
        if ONLY_EXACT.contains(&used.name) && !is_applied() {
            let reason = format!("`{}` cannot be part of a calculation", used.name);
            return Err(Diagnostic::error(reason)
                .at(at, "numbers would lose their notation")
                .hint("name the changed value in `vars`, and calculate with that name"));
        }
    }
    calls.into_iter().try_for_each(check_call)
}

fn check_call(call: &FilterCall) -> Result<(), Diagnostic> {
    let FilterKind::Exact(arguments) = &call.kind else {
        return Ok(());
    };
    let (form, wanted) = match call.name.as_str() {
        "with" => ("with('$.path', value)", 2),
        "without" => ("without('$.path')", 1),
        "batch" => ("batch(50)", 1),
        "zip" => ("zip(other)", 1),
        // The literal arguments of the others are checked wherever they stand: see `call_check`.
        _ => return Ok(()),
    };
    if arguments.len() != wanted {
        let number = if wanted == 2 {
            "two arguments"
        } else {
            "one argument"
        };
        return Err(Diagnostic::error(format!("`{}` takes {number}", call.name))
            .at(call.name_at, format!("has {}", arguments.len()))
            .hint(format!("write `{form}`")));
    }
    if ONLY_EXACT.contains(&call.name.as_str()) {
        literal_path(&arguments[0])?;
    }
    let size = &arguments[0];
    if call.name == "batch"
        && size.lookup.is_none()
        && let Some(written) = literal_value(&size.source)
    {
        exact_filters::batch_size(&written).map_err(|fault| {
            Diagnostic::error(fault.reason)
                .at(size.at, "this size")
                .hint(format!("write `{form}`"))
        })?;
    }
    Ok(())
}

/// A number or a quoted text that an argument spells.
fn literal_value(source: &str) -> Option<Value> {
    let number = Number::parse(source).map(Value::Number);
    number.or_else(|| quoted_text(source).map(Value::from))
}

/// The path of `with` and `without`. It must be written in the file: a path out of a response could
/// name anything.
fn literal_path(argument: &Expression) -> Result<JsonPath, Diagnostic> {
    let Some(text) = quoted_text(&argument.source) else {
        return Err(Diagnostic::error("the path must be written as quoted text")
            .at(argument.at, "not quoted text")
            .hint("write it in quotes, such as `'$.price'`"));
    };
    let path = JsonPath::parse(text).map_err(|error| {
        Diagnostic::error(error.reason)
            .at(argument.at.slice(1 + error.offset, 1), "here")
            .maybe_hint(error.hint)
    })?;
    if !path.is_singular() {
        return Err(
            Diagnostic::error(format!("`{text}` can find several values"))
                .at(argument.at, "not a path for one value")
                .hint("use names and indices only, such as `$.items[0].price`"),
        );
    }
    if path.is_root() {
        return Err(Diagnostic::error("`$` is the whole value")
            .at(argument.at, "this is not a member")
            .hint("write a member, such as `$.price`"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::{Template, TemplateTree, TemplateTreeKind};
    use crate::render::{FreshValues, PlaceholderScope, VariableLayer, VariableOrigin};
    use crate::render::{VariableScope, render_tree};

    fn scope() -> VariableScope {
        let mut variables = VariableScope::new(FreshValues {
            unix_ms: 1_700_000_000_000,
            seed: [3; 16],
        });
        let json = r#"{"product":{"id":123456789012345678901234567890123456789012,"price":12.90,"tags":[1.0,2.50],"type":"X"},
            "ids":[1.10,2.00,30000000000000000000000000000000000000000000],"names":["a","b","c"],"size":2}"#;
        let Value::Object(members) = crate::value::parse(json.as_bytes()).unwrap() else {
            panic!("another kind of value")
        };
        for (name, value) in members {
            let origin = VariableOrigin {
                layer: VariableLayer::File,
                at: None,
            };
            variables.set(name, value, origin);
        }
        variables
    }

    fn written(text: &str) -> TemplateTree {
        let at = Span {
            end: u32::try_from(text.len()).unwrap(),
            ..Span::default()
        };
        TemplateTree {
            at,
            kind: TemplateTreeKind::Template(Template::parse(text, at, Some(0)).unwrap()),
        }
    }

    fn eval(text: &str) -> Result<String, String> {
        let tree = written(text);
        for expression in tree.expressions() {
            let checked = TemplateDialect::Request.check(expression);
            checked.map_err(|diagnostic| diagnostic.title)?;
        }
        let value = render_tree(&tree, &scope()).map_err(|error| error.reason)?;
        Ok(value.to_json())
    }

    #[test]
    fn one_member_changes_and_every_number_keeps_its_spelling() {
        for (text, expected) in [
            (
                "{{ product | with('$.price', 13) | without('$.type') }}",
                r#"{"id":123456789012345678901234567890123456789012,"price":13,"tags":[1.0,2.50]}"#,
            ),
            (
                "{{ product | with('$.tags[-1]', size + 1) | with(\"$['new']\", product.price) | without('$.id') }}",
                r#"{"price":12.90,"tags":[1.0,3],"type":"X","new":12.90}"#,
            ),
            (
                "{{ ids | batch(size) }}",
                "[[1.10,2.00],[30000000000000000000000000000000000000000000]]",
            ),
            (
                "{{ names | zip(ids) | batch(2) }}",
                r#"[[["a",1.10],["b",2.00]],[["c",30000000000000000000000000000000000000000000]]]"#,
            ),
            ("{{ (names | batch(2))[1] }}", r#"["c"]"#),
            ("{{ names | batch(2) | length + 1 }}", "3"),
            ("{{ names | batch(2) | length }}", "2"),
            ("{{ names | batch(2) | first | join('-') }}", r#""a-b""#),
            ("{{ product.tags | batch(9) }}", "[[1.0,2.50]]"),
            ("{{ [] | batch(9) }}", "[]"),
            (
                "{{ names | zip(names | batch(1)) | first }}",
                r#"["a",["a"]]"#,
            ),
        ] {
            assert_eq!(eval(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_a_filter_cannot_do_is_an_error() {
        for (text, reason) in [
            (
                "{{ names | batch(0) }}",
                "`batch(n)` needs a whole number of at least 1",
            ),
            (
                "{{ names | batch(1.5) }}",
                "`batch(n)` needs a whole number of at least 1",
            ),
            (
                "{{ names | batch('2') }}",
                "`batch(n)` needs a whole number of at least 1",
            ),
            ("{{ names | batch }}", "`batch` takes one argument"),
            (
                "{{ size | batch(2) }}",
                "`batch` needs a list, but this is a number",
            ),
            (
                "{{ names | zip(product.tags) }}",
                "`zip` needs two lists of the same length, but these have 3 and 2 items",
            ),
            (
                "{{ product | with('$.price') }}",
                "`with` takes two arguments",
            ),
            ("{{ product | with('$', 1) }}", "`$` is the whole value"),
            (
                "{{ product | with('$..id', 1) }}",
                "`$..id` can find several values",
            ),
            (
                "{{ product | with(names, 1) }}",
                "the path must be written as quoted text",
            ),
            (
                "{{ product | without('$.tagz[0]') }}",
                "`$` has no member `tagz`",
            ),
            (
                "{{ (product | with('$.price', 1)).price + 1 }}",
                "`with` cannot be part of a calculation",
            ),
            (
                "{{ names | join(product | without('$.id')) }}",
                "`without` cannot be part of a calculation",
            ),
        ] {
            assert_eq!(eval(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_fresh_value_in_a_chain_is_marked_at_its_place() {
        let mut variables = scope();
        let field = crate::model::request::TemplateField {
            name: "fresh".into(),
            name_at: Span::default(),
            value: written("{{ uuid() }}"),
        };
        variables.define(&[field], VariableLayer::File).unwrap();
        for (text, marked) in [
            (
                "{{ product | with('$.tags', fresh) | without('$.id') }}",
                r#"{"price":12.90,"tags":"<uuid>","type":"X"}"#,
            ),
            ("{{ [fresh] | batch(2) }}", r#""<uuid>""#),
            ("{{ names | zip(['x', fresh, now()]) }}", r#""<uuid>""#),
            ("{{ names | batch(now()) | length }}", r#""<now>""#),
        ] {
            let (_, placeholder) = variables
                .render_with_placeholders(&written(text))
                .unwrap_or_else(|error| panic!("{text}: {}", error.reason));
            let shown = placeholder.map(|value| value.to_json());
            assert_eq!(shown.as_deref(), Some(marked), "{text}");
            drop(render_tree(&written(text), &PlaceholderScope(&variables)));
        }
    }
}
