//! From the library's reading of a path to ours, and the rules about types that RFC 9535 (section
//! 2.4.3) sets and the library does not hold: what a function takes, what it yields, where it may
//! stand. It refuses to know a document.

use super::error::PathError;
use super::precheck::FUNCTIONS;
use super::query::{
    self, ComparisonOperator, FilterExpression, FilterOperand, FilterQuery, MatchExtent, PathQuery,
    PathSegment, PathSelector, QueryOrigin, RegexPattern, SliceSelector,
};
use super::regex_pattern;
use crate::value::{Number, Value};
use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model as ast;
use jsonpath_rust::parser::parse_json_path;

/// Reads a text that the guard has let through.
pub(super) fn compile(text: &str) -> Result<PathQuery, PathError> {
    let parsed = parse_json_path(text).map_err(|error| syntax_error(text, &error))?;
    let segments = segments(&parsed.segments).map_err(|fault| fault.into_path_error(text))?;
    Ok(segments.into())
}

/// The library's parser knows how far it came; its message is a dump of grammar rules.
fn syntax_error(text: &str, error: &JsonPathError) -> PathError {
    let JsonPathError::PestError(error) = error else {
        return semantic_error(text, &error.to_string());
    };
    let Some(offset) = pest_offset(&format!("{:?}", error.location)) else {
        return PathError::new(0, "this is not a path of RFC 9535");
    };
    let offset = offset.min(text.len());
    match text.get(offset..).and_then(|rest| rest.chars().next()) {
        Some(letter) => PathError::new(
            offset,
            format!("`{}` is not allowed here", letter.escape_debug()),
        ),
        None => PathError::new(text.len(), "the path is incomplete"),
    }
}

/// The offset in `Pos(12)` or `Span((12, 15))`. The type belongs to `pest`, which the library does
/// not re-export, so its `Debug` text is all there is; `None` when a new version writes it
/// otherwise.
fn pest_offset(location: &str) -> Option<usize> {
    let digits = match location.strip_prefix("Pos(") {
        Some(rest) => rest.strip_suffix(')')?,
        None => location.strip_prefix("Span((")?.split_once(',')?.0,
    };
    digits.parse().ok()
}

/// What the library's own checks after its grammar refuse; their messages name the function.
fn semantic_error(text: &str, message: &str) -> PathError {
    let Some(function) = FUNCTIONS
        .into_iter()
        .find(|name| message.contains(name) && text.contains(&format!("{name}(")))
    else {
        return PathError::new(0, "this is not a path of RFC 9535");
    };
    let reason = if message.contains("not comparable") {
        not_comparable_reason(function)
    } else {
        format!("this argument is not valid for `{function}`")
    };
    FunctionTypeError::new(function, reason).into_path_error(text)
}

fn not_comparable_reason(function: &str) -> String {
    format!("`{function}` is already true or false, and cannot be compared or used as an argument")
}

/// A fault of types. The library keeps no places, so it is looked up in the text by its function.
struct FunctionTypeError {
    function: &'static str,
    reason: String,
}

impl FunctionTypeError {
    fn new(function: &'static str, reason: impl Into<String>) -> Self {
        Self {
            function,
            reason: reason.into(),
        }
    }

    fn into_path_error(self, text: &str) -> PathError {
        PathError::new(
            text.find(&format!("{}(", self.function)).unwrap_or(0),
            self.reason,
        )
    }
}

type CompileResult<T> = Result<T, FunctionTypeError>;

fn segments(parts: &[ast::Segment]) -> CompileResult<Vec<PathSegment>> {
    parts.iter().map(|part| segment(part, false)).collect()
}

fn segment(part: &ast::Segment, descends: bool) -> CompileResult<PathSegment> {
    let selectors = match part {
        ast::Segment::Descendant(inner) => return segment(inner, true),
        ast::Segment::Selector(one) => vec![selector(one)?],
        ast::Segment::Selectors(several) => {
            several.iter().map(selector).collect::<CompileResult<_>>()?
        }
    };
    Ok(PathSegment {
        is_descendant: descends,
        selectors,
    })
}

fn selector(part: &ast::Selector) -> CompileResult<PathSelector> {
    Ok(match part {
        ast::Selector::Name(name) => PathSelector::Name(name.as_str().into()),
        ast::Selector::Wildcard => PathSelector::Wildcard,
        ast::Selector::Index(index) => PathSelector::Index(*index),
        ast::Selector::Slice(start, end, step) => PathSelector::Slice(SliceSelector {
            start: *start,
            end: *end,
            step: step.unwrap_or(1),
        }),
        ast::Selector::Filter(filter) => PathSelector::Filter(filter_expression(filter)?),
    })
}

fn filter_expression(filter: &ast::Filter) -> CompileResult<FilterExpression> {
    match filter {
        ast::Filter::Or(parts) => parts
            .iter()
            .map(filter_expression)
            .collect::<CompileResult<_>>()
            .map(FilterExpression::Or),
        ast::Filter::And(parts) => parts
            .iter()
            .map(filter_expression)
            .collect::<CompileResult<_>>()
            .map(FilterExpression::And),
        ast::Filter::Atom(ast::FilterAtom::Filter { expr, not }) => {
            Ok(negate(filter_expression(expr)?, *not))
        }
        ast::Filter::Atom(ast::FilterAtom::Test { expr, not }) => {
            Ok(negate(test_expression(expr)?, *not))
        }
        ast::Filter::Atom(ast::FilterAtom::Comparison(comparison)) => compare(comparison),
    }
}

fn negate(condition: FilterExpression, not: bool) -> FilterExpression {
    if not {
        FilterExpression::Not(Box::new(condition))
    } else {
        condition
    }
}

fn test_expression(part: &ast::Test) -> CompileResult<FilterExpression> {
    match part {
        ast::Test::Function(function) => match &**function {
            ast::TestFunction::Match(text, pattern) => {
                matches("match", text, pattern, MatchExtent::Whole)
            }
            ast::TestFunction::Search(text, pattern) => {
                matches("search", text, pattern, MatchExtent::Substring)
            }
            // RFC 9535, section 2.4.3: a function that yields a value is not a test.
            other => {
                let name = function_name(other);
                Err(FunctionTypeError::new(
                    name,
                    format!("`{name}` returns a value, which must be compared"),
                ))
            }
        },
        query => Ok(FilterExpression::Exists(filter_query("value", query)?)),
    }
}

fn matches(
    name: &'static str,
    text: &ast::FnArg,
    pattern: &ast::FnArg,
    extent: MatchExtent,
) -> CompileResult<FilterExpression> {
    let pattern = match value_argument(name, pattern)? {
        FilterOperand::Literal(Value::String(pattern)) => {
            let regex = regex_pattern::compile_regex(&pattern, extent);
            RegexPattern::Compiled(regex.map_err(|error| {
                FunctionTypeError::new(
                    name,
                    format!(
                        "the expression in `{name}` is not valid: {}",
                        regex_error_summary(&error)
                    ),
                )
            })?)
        }
        // RFC 9535, section 2.4.6: false if the pattern is not a string. This is not an error of
        // the path.
        FilterOperand::Literal(_) => RegexPattern::Unmatchable,
        other => RegexPattern::Dynamic(extent, Box::new(other)),
    };
    Ok(FilterExpression::Matches(
        value_argument(name, text)?,
        pattern,
    ))
}

/// The last line of the message of the crate has the reason; the lines before it draw a picture.
fn regex_error_summary(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_lowercase()
}

fn compare(comparison: &ast::Comparison) -> CompileResult<FilterExpression> {
    let relation = match comparison {
        ast::Comparison::Eq(..) => ComparisonOperator::Equal,
        ast::Comparison::Ne(..) => ComparisonOperator::Unequal,
        ast::Comparison::Gt(..) => ComparisonOperator::Greater,
        ast::Comparison::Gte(..) => ComparisonOperator::GreaterOrEqual,
        ast::Comparison::Lt(..) => ComparisonOperator::Less,
        ast::Comparison::Lte(..) => ComparisonOperator::LessOrEqual,
    };
    let (left, right) = comparison.vals();
    Ok(FilterExpression::Compare(
        comparable(left)?,
        relation,
        comparable(right)?,
    ))
}

fn comparable(part: &ast::Comparable) -> CompileResult<FilterOperand> {
    Ok(match part {
        ast::Comparable::Literal(value) => FilterOperand::Literal(literal(value)),
        ast::Comparable::Function(call) => function(call)?,
        ast::Comparable::SingularQuery(ast::SingularQuery::Current(steps)) => {
            singular_query(QueryOrigin::Current, steps)
        }
        ast::Comparable::SingularQuery(ast::SingularQuery::Root(steps)) => {
            singular_query(QueryOrigin::Root, steps)
        }
    })
}

fn singular_query(origin: QueryOrigin, steps: &[ast::SingularQuerySegment]) -> FilterOperand {
    let selector = |step: &ast::SingularQuerySegment| match step {
        ast::SingularQuerySegment::Index(index) => PathSelector::Index(*index),
        ast::SingularQuerySegment::Name(name) => PathSelector::Name(name.as_str().into()),
    };
    let segments = steps
        .iter()
        .map(|step| PathSegment {
            is_descendant: false,
            selectors: vec![selector(step)],
        })
        .collect();
    FilterOperand::SingularQuery(FilterQuery { origin, segments })
}

/// A function that yields a value.
fn function(call: &ast::TestFunction) -> CompileResult<FilterOperand> {
    match call {
        ast::TestFunction::Length(argument) => Ok(FilterOperand::Length(Box::new(value_argument(
            "length", argument,
        )?))),
        ast::TestFunction::Count(argument) => {
            Ok(FilterOperand::Count(query_argument("count", argument)?))
        }
        ast::TestFunction::Value(argument) => Ok(FilterOperand::ValueFunction(query_argument(
            "value", argument,
        )?)),
        other => {
            let name = function_name(other);
            Err(FunctionTypeError::new(name, not_comparable_reason(name)))
        }
    }
}

fn function_name(call: &ast::TestFunction) -> &'static str {
    let index = match call {
        ast::TestFunction::Length(_) => 0,
        ast::TestFunction::Count(_) => 1,
        ast::TestFunction::Value(_) => 2,
        ast::TestFunction::Match(..) => 3,
        ast::TestFunction::Search(..) => 4,
        ast::TestFunction::Custom(..) => return "",
    };
    FUNCTIONS[index]
}

/// An argument that must be one value.
fn value_argument(name: &'static str, argument: &ast::FnArg) -> CompileResult<FilterOperand> {
    let ast::FnArg::Test(test) = argument else {
        let ast::FnArg::Literal(value) = argument else {
            return Err(condition_not_allowed(name));
        };
        return Ok(FilterOperand::Literal(literal(value)));
    };
    if let ast::Test::Function(call) = &**test {
        return function(call);
    }
    let reference = filter_query(name, test)?;
    // RFC 9535, section 2.4.3: a parameter of type ValueType takes a query only if it is singular.
    if query::is_singular(&reference.segments) {
        return Ok(FilterOperand::SingularQuery(reference));
    }
    Err(FunctionTypeError::new(
        name,
        format!("`{name}` needs one value, but this path can find several"),
    ))
}

/// An argument that must be a path.
fn query_argument(name: &'static str, argument: &ast::FnArg) -> CompileResult<FilterQuery> {
    match argument {
        ast::FnArg::Test(test) => filter_query(name, test),
        ast::FnArg::Literal(_) => Err(FunctionTypeError::new(
            name,
            format!("`{name}` needs a path such as `@.name`"),
        )),
        ast::FnArg::Filter(_) => Err(condition_not_allowed(name)),
    }
}

fn condition_not_allowed(name: &'static str) -> FunctionTypeError {
    FunctionTypeError::new(name, format!("`{name}` does not accept a condition"))
}

fn filter_query(name: &'static str, test: &ast::Test) -> CompileResult<FilterQuery> {
    match test {
        ast::Test::RelQuery(parts) => Ok(FilterQuery {
            origin: QueryOrigin::Current,
            segments: segments(parts)?,
        }),
        ast::Test::AbsQuery(query) => Ok(FilterQuery {
            origin: QueryOrigin::Root,
            segments: segments(&query.segments)?,
        }),
        ast::Test::Function(_) => Err(FunctionTypeError::new(
            name,
            format!("`{name}` needs a path such as `@.name`, not a function"),
        )),
    }
}

#[expect(
    clippy::expect_used,
    reason = "`precheck` refuses numbers that a double does not hold exactly, so none is infinite"
)]
fn literal(literal: &ast::Literal) -> Value {
    match literal {
        ast::Literal::Int(value) => Value::Number(Number::from(*value)),
        ast::Literal::Float(value) => {
            Value::Number(Number::from_f64(*value).expect("a finite number"))
        }
        ast::Literal::String(text) => Value::from(text.clone()),
        ast::Literal::Bool(flag) => Value::Bool(*flag),
        ast::Literal::Null => Value::Null,
    }
}
