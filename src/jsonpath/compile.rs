//! From the library's reading of a path to ours, and the rules about types that RFC 9535 (section 2.4.3) sets and the
//! library does not hold: what a function takes, what it yields, where it may stand. It refuses to know a document.

use super::PathError;
use super::guard::FUNCTIONS;
use super::pattern::{self, Extent, Pattern};
use super::query::{self, Condition, Operand, Origin, Query, Reference, Relation, Segment, Selector, Slice};
use crate::value::{Number, Value};
use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model as ast;
use jsonpath_rust::parser::parse_json_path;

/// Reads a text that the guard has let through.
pub(super) fn compile(text: &str) -> Result<Query, PathError> {
    let parsed = parse_json_path(text).map_err(|error| unreadable(text, &error))?;
    let segments = segments(&parsed.segments).map_err(|fault| fault.place(text))?;
    Ok(Query { segments })
}

/// The library's parser knows how far it came; its message is a dump of grammar rules.
fn unreadable(text: &str, error: &JsonPathError) -> PathError {
    let JsonPathError::PestError(error) = error else { return misused(text, &error.to_string()) };
    // `Pos(12)`: the type belongs to a crate that is not ours to name.
    let digits: String = format!("{:?}", error.location).chars().filter(char::is_ascii_digit).collect();
    let offset = digits.parse().unwrap_or(text.len()).min(text.len());
    match text.get(offset..).and_then(|rest| rest.chars().next()) {
        Some(letter) => PathError::new(offset, format!("`{}` cannot stand here", letter.escape_debug())),
        None => PathError::new(text.len(), "the path ends too early"),
    }
}

/// What the library's own checks after its grammar refuse; their messages name the function.
fn misused(text: &str, message: &str) -> PathError {
    let Some(function) = FUNCTIONS.into_iter().find(|name| message.contains(name) && text.contains(&format!("{name}("))) else {
        return PathError::new(0, "this is not a path of RFC 9535");
    };
    let reason =
        if message.contains("not comparable") { uncomparable(function) } else { format!("`{function}` does not take that") };
    Fault::new(function, reason).place(text)
}

fn uncomparable(function: &str) -> String {
    format!("`{function}` is true or false by itself and is not compared or passed on")
}

/// A fault of types. The library keeps no places, so it is looked up in the text by its function.
struct Fault {
    function: &'static str,
    reason: String,
}

impl Fault {
    fn new(function: &'static str, reason: impl Into<String>) -> Self {
        Self { function, reason: reason.into() }
    }

    fn place(self, text: &str) -> PathError {
        PathError::new(text.find(&format!("{}(", self.function)).unwrap_or(0), self.reason)
    }
}

type Checked<T> = Result<T, Fault>;

fn segments(parts: &[ast::Segment]) -> Checked<Vec<Segment>> {
    parts.iter().map(|part| segment(part, false)).collect()
}

fn segment(part: &ast::Segment, descends: bool) -> Checked<Segment> {
    let selectors = match part {
        ast::Segment::Descendant(inner) => return segment(inner, true),
        ast::Segment::Selector(one) => vec![selector(one)?],
        ast::Segment::Selectors(several) => several.iter().map(selector).collect::<Checked<_>>()?,
    };
    Ok(Segment { descends, selectors })
}

fn selector(part: &ast::Selector) -> Checked<Selector> {
    Ok(match part {
        ast::Selector::Name(name) => Selector::Name(name.clone()),
        ast::Selector::Wildcard => Selector::Wildcard,
        ast::Selector::Index(index) => Selector::Index(*index),
        ast::Selector::Slice(start, end, step) => Selector::Slice(Slice { start: *start, end: *end, step: step.unwrap_or(1) }),
        ast::Selector::Filter(filter) => Selector::Filter(condition(filter)?),
    })
}

fn condition(filter: &ast::Filter) -> Checked<Condition> {
    match filter {
        ast::Filter::Or(parts) => parts.iter().map(condition).collect::<Checked<_>>().map(Condition::Any),
        ast::Filter::And(parts) => parts.iter().map(condition).collect::<Checked<_>>().map(Condition::All),
        ast::Filter::Atom(ast::FilterAtom::Filter { expr, not }) => Ok(negate(condition(expr)?, *not)),
        ast::Filter::Atom(ast::FilterAtom::Test { expr, not }) => Ok(negate(test(expr)?, *not)),
        ast::Filter::Atom(ast::FilterAtom::Comparison(comparison)) => compare(comparison),
    }
}

fn negate(condition: Condition, not: bool) -> Condition {
    if not { Condition::Not(Box::new(condition)) } else { condition }
}

fn test(part: &ast::Test) -> Checked<Condition> {
    match part {
        ast::Test::Function(function) => match &**function {
            ast::TestFunction::Match(text, pattern) => matches("match", text, pattern, Extent::Whole),
            ast::TestFunction::Search(text, pattern) => matches("search", text, pattern, Extent::Part),
            other => {
                let name = name_of(other);
                Err(Fault::new(name, format!("`{name}` yields a value, which must be compared with something")))
            }
        },
        query => Ok(Condition::Exists(reference("value", query)?)),
    }
}

fn matches(name: &'static str, text: &ast::FnArg, pattern: &ast::FnArg, extent: Extent) -> Checked<Condition> {
    let pattern = match operand(name, pattern)? {
        Operand::Literal(Value::String(pattern)) => {
            let regex = pattern::compile(&pattern, extent);
            Pattern::Ready(
                regex.map_err(|error| Fault::new(name, format!("the expression in `{name}` is faulty: {}", cause(&error))))?,
            )
        }
        Operand::Literal(_) => Pattern::Never,
        other => Pattern::Later(extent, Box::new(other)),
    };
    Ok(Condition::Matches(operand(name, text)?, pattern))
}

/// The last line of the crate's message says what is wrong, those before it draw a picture.
fn cause(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_lowercase()
}

fn compare(comparison: &ast::Comparison) -> Checked<Condition> {
    let relation = match comparison {
        ast::Comparison::Eq(..) => Relation::Equal,
        ast::Comparison::Ne(..) => Relation::Unequal,
        ast::Comparison::Gt(..) => Relation::Greater,
        ast::Comparison::Gte(..) => Relation::GreaterOrEqual,
        ast::Comparison::Lt(..) => Relation::Less,
        ast::Comparison::Lte(..) => Relation::LessOrEqual,
    };
    let (left, right) = comparison.vals();
    Ok(Condition::Compare(comparable(left)?, relation, comparable(right)?))
}

fn comparable(part: &ast::Comparable) -> Checked<Operand> {
    Ok(match part {
        ast::Comparable::Literal(value) => Operand::Literal(literal(value)),
        ast::Comparable::Function(call) => function(call)?,
        ast::Comparable::SingularQuery(ast::SingularQuery::Current(steps)) => single(Origin::Current, steps),
        ast::Comparable::SingularQuery(ast::SingularQuery::Root(steps)) => single(Origin::Root, steps),
    })
}

fn single(origin: Origin, steps: &[ast::SingularQuerySegment]) -> Operand {
    let selector = |step: &ast::SingularQuerySegment| match step {
        ast::SingularQuerySegment::Index(index) => Selector::Index(*index),
        ast::SingularQuerySegment::Name(name) => Selector::Name(name.clone()),
    };
    let segments = steps.iter().map(|step| Segment { descends: false, selectors: vec![selector(step)] }).collect();
    Operand::Single(Reference { origin, segments })
}

/// A function that yields a value.
fn function(call: &ast::TestFunction) -> Checked<Operand> {
    match call {
        ast::TestFunction::Length(argument) => Ok(Operand::Length(Box::new(operand("length", argument)?))),
        ast::TestFunction::Count(argument) => Ok(Operand::Count(query_argument("count", argument)?)),
        ast::TestFunction::Value(argument) => Ok(Operand::Only(query_argument("value", argument)?)),
        other => {
            let name = name_of(other);
            Err(Fault::new(name, uncomparable(name)))
        }
    }
}

fn name_of(call: &ast::TestFunction) -> &'static str {
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
fn operand(name: &'static str, argument: &ast::FnArg) -> Checked<Operand> {
    let ast::FnArg::Test(test) = argument else {
        let ast::FnArg::Literal(value) = argument else { return Err(no_condition(name)) };
        return Ok(Operand::Literal(literal(value)));
    };
    if let ast::Test::Function(call) = &**test {
        return function(call);
    }
    let reference = reference(name, test)?;
    if query::is_singular(&reference.segments) {
        return Ok(Operand::Single(reference));
    }
    Err(Fault::new(name, format!("`{name}` takes one value, and this path may name several")))
}

/// An argument that must be a path.
fn query_argument(name: &'static str, argument: &ast::FnArg) -> Checked<Reference> {
    match argument {
        ast::FnArg::Test(test) => reference(name, test),
        ast::FnArg::Literal(_) => Err(Fault::new(name, format!("`{name}` takes a path such as `@.name`"))),
        ast::FnArg::Filter(_) => Err(no_condition(name)),
    }
}

fn no_condition(name: &'static str) -> Fault {
    Fault::new(name, format!("`{name}` takes no condition"))
}

fn reference(name: &'static str, test: &ast::Test) -> Checked<Reference> {
    match test {
        ast::Test::RelQuery(parts) => Ok(Reference { origin: Origin::Current, segments: segments(parts)? }),
        ast::Test::AbsQuery(query) => Ok(Reference { origin: Origin::Root, segments: segments(&query.segments)? }),
        ast::Test::Function(_) => Err(Fault::new(name, format!("`{name}` takes a path such as `@.name`, not a function"))),
    }
}

fn literal(literal: &ast::Literal) -> Value {
    match literal {
        ast::Literal::Int(value) => Value::Number(Number::from(*value)),
        ast::Literal::Float(value) => Value::from(*value),
        ast::Literal::String(text) => Value::from(text.clone()),
        ast::Literal::Bool(flag) => Value::Bool(*flag),
        ast::Literal::Null => Value::Null,
    }
}
