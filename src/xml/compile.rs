//! From the text of an XPath to an expression whose every fault is known: its syntax, its functions
//! and their arguments, and what can never be found in the response of an API.

use super::error::XPathFault;
use xpath_eval::{
    Axis, Expr, FilterExpr, FunctionCall, LocationPath, NodeTest, PathExpr, PrimaryExpr, QName,
};

/// The longest expression, in bytes. The parser and the evaluator recurse.
const MAX_BYTES: usize = 2_048;
/// Brackets in brackets, and operators in operators.
const MAX_NESTING: usize = 32;

/// The type of an expression (XPath 1.0, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpressionType {
    NodeSet,
    Number,
    Text,
    Boolean,
}

/// The core function library (section 4): name, least and most arguments, whether they must be
/// node-sets, and the type of the result.
const FUNCTIONS: [(&str, usize, usize, bool, ExpressionType); 26] = [
    ("last", 0, 0, false, ExpressionType::Number),
    ("position", 0, 0, false, ExpressionType::Number),
    ("count", 1, 1, true, ExpressionType::Number),
    ("local-name", 0, 1, true, ExpressionType::Text),
    ("namespace-uri", 0, 1, true, ExpressionType::Text),
    ("name", 0, 1, true, ExpressionType::Text),
    ("string", 0, 1, false, ExpressionType::Text),
    ("concat", 2, usize::MAX, false, ExpressionType::Text),
    ("starts-with", 2, 2, false, ExpressionType::Boolean),
    ("contains", 2, 2, false, ExpressionType::Boolean),
    ("substring-before", 2, 2, false, ExpressionType::Text),
    ("substring-after", 2, 2, false, ExpressionType::Text),
    ("substring", 2, 3, false, ExpressionType::Text),
    ("string-length", 0, 1, false, ExpressionType::Number),
    ("normalize-space", 0, 1, false, ExpressionType::Text),
    ("translate", 3, 3, false, ExpressionType::Text),
    ("boolean", 1, 1, false, ExpressionType::Boolean),
    ("not", 1, 1, false, ExpressionType::Boolean),
    ("true", 0, 0, false, ExpressionType::Boolean),
    ("false", 0, 0, false, ExpressionType::Boolean),
    ("lang", 1, 1, false, ExpressionType::Boolean),
    ("number", 0, 1, false, ExpressionType::Number),
    ("sum", 1, 1, true, ExpressionType::Number),
    ("floor", 1, 1, false, ExpressionType::Number),
    ("ceiling", 1, 1, false, ExpressionType::Number),
    ("round", 1, 1, false, ExpressionType::Number),
];

/// The functions whose call can be a subject.
pub(super) const SUBJECT_FUNCTIONS: [&str; 5] = ["count", "string", "number", "sum", "boolean"];

pub(super) fn parse(text: &str) -> Result<Expr, XPathFault> {
    check_nesting(text)?;
    let expression = xpath_eval::parse(text)
        .map_err(|error| XPathFault::new(error.position, error.message.clone()))?;
    if depth(&expression) > MAX_NESTING {
        return Err(XPathFault::new(0, too_deep()));
    }
    check(&expression)?;
    Ok(expression)
}

fn too_deep() -> String {
    format!("it is nested deeper than {MAX_NESTING} levels")
}

/// Before the parser, which recurses for every bracket.
fn check_nesting(text: &str) -> Result<(), XPathFault> {
    if text.len() > MAX_BYTES {
        let reason = format!("it is longer than {MAX_BYTES} bytes");
        return Err(XPathFault::new(0, reason));
    }
    let (mut depth, mut quote) = (0_usize, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), close) if open == close => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[') => depth += 1,
            (None, b')' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(XPathFault::new(at, too_deep()));
        }
    }
    Ok(())
}

/// How deep an expression is. Chains such as `1 + 1 + 1` nest to the left, and are bounded by the
/// length of the text.
fn depth(expression: &Expr) -> usize {
    let mut deepest = 0;
    for_each_part(expression, &mut |part| deepest = deepest.max(depth(part)));
    deepest + 1
}

/// The expressions directly inside of another: operands, arguments, predicates.
pub(super) fn for_each_part<'e>(expression: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match expression {
        Expr::Or(left, right)
        | Expr::And(left, right)
        | Expr::Equality(left, _, right)
        | Expr::Relational(left, _, right)
        | Expr::Additive(left, _, right)
        | Expr::Multiplicative(left, _, right)
        | Expr::Union(left, right) => {
            visit(left);
            visit(right);
        }
        Expr::Negate(inner) => visit(inner),
        Expr::Path(PathExpr::Location(path)) => for_each_predicate(path, visit),
        Expr::Path(PathExpr::Filter(filter)) => for_each_in_filter(filter, visit),
        Expr::Path(PathExpr::FilterLocation(filter, path)) => {
            for_each_in_filter(filter, visit);
            for_each_predicate(path, visit);
        }
    }
}

fn for_each_predicate<'e>(path: &'e LocationPath, visit: &mut dyn FnMut(&'e Expr)) {
    for step in &path.steps {
        step.predicates.iter().for_each(&mut *visit);
    }
}

fn for_each_in_filter<'e>(filter: &'e FilterExpr, visit: &mut dyn FnMut(&'e Expr)) {
    match &filter.primary {
        PrimaryExpr::Parenthesized(inner) => visit(inner),
        PrimaryExpr::Function(call) => call.args.iter().for_each(&mut *visit),
        PrimaryExpr::Variable(_) | PrimaryExpr::Literal(_) | PrimaryExpr::Number(_) => {}
    }
    filter.predicates.iter().for_each(&mut *visit);
}

/// What the evaluator would find only when it comes to it, if at all.
fn check(expression: &Expr) -> Result<(), XPathFault> {
    match expression {
        Expr::Union(left, right) => {
            for side in [left, right] {
                if type_of(side) != ExpressionType::NodeSet {
                    let reason = "`|` joins two paths, but one of its sides is not a path";
                    return Err(XPathFault::new(0, reason));
                }
            }
        }
        Expr::Path(PathExpr::Filter(filter)) => check_filter(filter, filter.predicates.is_empty())?,
        Expr::Path(PathExpr::FilterLocation(filter, _)) => check_filter(filter, false)?,
        _ => {}
    }
    let mut result = Ok(());
    for_each_part(expression, &mut |part| {
        if result.is_ok() {
            result = check(part);
        }
    });
    result
}

/// `is_alone`: no predicate and no path follows, for which it would have to find nodes.
fn check_filter(filter: &FilterExpr, is_alone: bool) -> Result<(), XPathFault> {
    match &filter.primary {
        PrimaryExpr::Variable(name) => {
            let written = format!("${}", qualified(name));
            let reason = format!("`{written}` is a variable, but XPath has no variables here");
            return Err(XPathFault::about(written, reason)
                .hint("use a predicate of the assertion, whose operand can be a template"));
        }
        PrimaryExpr::Function(call) => check_call(call)?,
        _ => {}
    }
    if !is_alone && type_of_primary(&filter.primary) != ExpressionType::NodeSet {
        let reason = "`[…]` and `/` can only follow a path";
        return Err(XPathFault::new(0, reason));
    }
    Ok(())
}

fn check_call(call: &FunctionCall) -> Result<(), XPathFault> {
    let name = qualified(&call.name);
    let known = FUNCTIONS.iter().find(|function| function.0 == name);
    let Some((_, least, most, takes_nodes, _)) = known else {
        let reason = format!("XPath 1.0 has no function `{name}`");
        let fault = XPathFault::about(name.as_str(), reason);
        if name == "id" {
            return Err(fault.hint("ids are declared by a document type, which ingam does not read: write `//*[@id='…']`"));
        }
        let names = FUNCTIONS.iter().map(|function| function.0);
        return Err(fault.maybe_hint(crate::diagnostic::similar_name_hint(&name, names)));
    };
    let count = call.args.len();
    if count < *least || count > *most {
        let wanted = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (0, 1) => "at most one argument".to_owned(),
            (least, &usize::MAX) => format!("at least {least} arguments"),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} or {most} arguments"),
        };
        let reason = format!("`{name}` needs {wanted}, but here it has {count}");
        return Err(XPathFault::about(name, reason));
    }
    let is_wrong = |argument: &Expr| type_of(argument) != ExpressionType::NodeSet;
    if *takes_nodes && call.args.iter().any(is_wrong) {
        let reason = format!("the argument of `{name}` must be a path");
        return Err(XPathFault::about(name, reason));
    }
    Ok(())
}

pub(super) fn type_of(expression: &Expr) -> ExpressionType {
    match expression {
        Expr::Or(..) | Expr::And(..) | Expr::Equality(..) | Expr::Relational(..) => {
            ExpressionType::Boolean
        }
        Expr::Additive(..) | Expr::Multiplicative(..) | Expr::Negate(_) => ExpressionType::Number,
        Expr::Union(..) => ExpressionType::NodeSet,
        Expr::Path(PathExpr::Location(_) | PathExpr::FilterLocation(..)) => ExpressionType::NodeSet,
        Expr::Path(PathExpr::Filter(filter)) => type_of_primary(&filter.primary),
    }
}

fn type_of_primary(primary: &PrimaryExpr) -> ExpressionType {
    match primary {
        PrimaryExpr::Parenthesized(inner) => type_of(inner),
        PrimaryExpr::Literal(_) => ExpressionType::Text,
        PrimaryExpr::Number(_) => ExpressionType::Number,
        PrimaryExpr::Variable(_) => ExpressionType::NodeSet,
        PrimaryExpr::Function(call) => {
            let mut named = FUNCTIONS.iter().filter(|one| one.0 == call.name.local);
            named.next().map_or(ExpressionType::NodeSet, |one| one.4)
        }
    }
}

pub(super) fn qualified(name: &QName) -> String {
    match &name.prefix {
        Some(prefix) => format!("{prefix}:{}", name.local),
        None => name.local.clone(),
    }
}

/// Calls `visit` for every name test of the expression, in predicates too.
pub(super) fn for_each_test<'e>(expression: &'e Expr, visit: &mut dyn FnMut(Axis, &'e NodeTest)) {
    let path = match expression {
        Expr::Path(PathExpr::Location(path) | PathExpr::FilterLocation(_, path)) => Some(path),
        _ => None,
    };
    for step in path.iter().flat_map(|path| &path.steps) {
        visit(step.axis, &step.node_test);
    }
    for_each_part(expression, &mut |part| for_each_test(part, visit));
}
