//! An XPath 1.0 of a file, ready to be looked up in any document.

use super::compile::{
    self, ExpressionType, SUBJECT_FUNCTIONS, for_each_part, for_each_test, type_of,
};
use super::error::XPathFault;
use std::fmt;
use std::sync::Arc;
use xpath_eval::{
    Axis, Expr, FilterExpr, LocationPath, NodeTest, PathExpr, PrimaryExpr, QName, Step,
};

/// The prefix of names in the default namespace of a document.
pub(super) const DEFAULT_NAMESPACE_PREFIX: &str = "_";

/// What an XPath gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XPathForm {
    /// The text of at most one node: a path of names, attributes and `[n]` from the root.
    OneNode,
    /// The texts of all nodes: any other path.
    NodeList,
    Count,
    Number,
    Text,
    Boolean,
}

/// A compiled XPath.
#[derive(Clone)]
pub struct XPath(Arc<CompiledXPath>);

struct CompiledXPath {
    text: String,
    expression: Expr,
    form: XPathForm,
    operands: Vec<Operand>,
    prefixes: Vec<String>,
}

/// A path whose nodes the result is made of.
pub(super) struct Operand {
    pub(super) path: Expr,
    /// The same path with every plain name in the default namespace; `None` if it has no such
    /// name.
    pub(super) in_default_namespace: Option<Expr>,
    /// The names from the root that must be there: without them a result such as 0 or an empty list
    /// would only hide a mistake in the path.
    pub(super) required: Vec<RequiredStep>,
    /// Without a node the result is none.
    pub(super) must_find: bool,
}

/// A step of a path that names one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequiredStep {
    pub(super) name: QName,
    /// Counted from 1.
    pub(super) position: Option<usize>,
}

impl fmt::Debug for XPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XPath({:?})", self.0.text)
    }
}

impl XPath {
    /// Whether a text is meant as an XPath: it begins with `/`, or with the call of a function that
    /// can be a subject.
    #[must_use]
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with('/')
            || SUBJECT_FUNCTIONS.iter().any(|name| {
                let rest = text.strip_prefix(name);
                rest.is_some_and(|rest| rest.trim_start().starts_with('('))
            })
    }

    /// # Errors
    /// When the text is no XPath 1.0, or can find nothing in any document.
    pub(crate) fn parse(text: &str) -> Result<Self, XPathFault> {
        let expression = compile::parse(text).map_err(|fault| fault.located_in(text))?;
        let form = form_of(&expression).map_err(|fault| fault.located_in(text))?;
        let mut operands = Vec::new();
        collect_operands(&expression, Reading::of(form), &mut operands);
        if let Some(relative) = relative_operand(&expression) {
            let fault = XPathFault::about(relative, "a path of a subject must begin with `/`");
            return Err(fault.located_in(text));
        }
        let mut prefixes = Vec::new();
        for_each_test(&expression, &mut |_, test| {
            let prefix = match test {
                NodeTest::QName(name) => name.prefix.as_ref(),
                NodeTest::NamespaceWildcard(prefix) => Some(prefix),
                _ => None,
            };
            prefixes.extend(prefix.filter(|prefix| *prefix != "xml").cloned());
        });
        Ok(Self(Arc::new(CompiledXPath {
            text: text.to_owned(),
            expression,
            form,
            operands,
            prefixes,
        })))
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0.text
    }

    #[must_use]
    pub(crate) fn form(&self) -> XPathForm {
        self.0.form
    }

    pub(super) fn expression(&self) -> &Expr {
        &self.0.expression
    }

    pub(super) fn operands(&self) -> &[Operand] {
        &self.0.operands
    }

    /// Its prefixes, but for `xml`, which needs no declaration.
    pub(super) fn prefixes(&self) -> &[String] {
        &self.0.prefixes
    }

    /// The name that the last step of a path for nodes looks for, without its prefix.
    #[must_use]
    pub(crate) fn last_name(&self) -> Option<&str> {
        let Expr::Path(PathExpr::Location(path)) = &self.0.expression else {
            return None;
        };
        match &path.steps.last()?.node_test {
            NodeTest::QName(name) => Some(&name.local),
            // `text()` of an element is what the element says.
            NodeTest::Text => match &path.steps.iter().rev().nth(1)?.node_test {
                NodeTest::QName(name) => Some(&name.local),
                _ => None,
            },
            _ => None,
        }
    }
}

fn form_of(expression: &Expr) -> Result<XPathForm, XPathFault> {
    if let Expr::Path(PathExpr::Location(path)) = expression
        && path.is_absolute
    {
        let is_singular = !path.steps.is_empty() && simple_steps(path).len() == path.steps.len();
        let ends_in_attribute = ends_in_attribute(path);
        return Ok(if is_singular || ends_in_attribute {
            XPathForm::OneNode
        } else {
            XPathForm::NodeList
        });
    }
    let by_type = match type_of(expression) {
        ExpressionType::Number if is_count(expression) => XPathForm::Count,
        ExpressionType::NodeSet => return Ok(XPathForm::NodeList),
        ExpressionType::Number => XPathForm::Number,
        ExpressionType::Text => XPathForm::Text,
        ExpressionType::Boolean => XPathForm::Boolean,
    };
    if subject_call(expression).is_some() {
        return Ok(by_type);
    }
    let hint = match expression {
        Expr::Equality(..) | Expr::Relational(..) => {
            "write the comparison as a predicate: `count(//item): { above: 2 }`"
        }
        _ => "write it as `number(…)`, `string(…)` or `boolean(…)`",
    };
    Err(XPathFault::new(0, "a subject must be a path or one function call").hint(hint))
}

fn is_count(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Path(PathExpr::Filter(FilterExpr { primary: PrimaryExpr::Function(call), .. }))
            if call.name.local == "count"
    )
}

/// The arguments of the call that an expression is.
fn subject_call(expression: &Expr) -> Option<&[Expr]> {
    let Expr::Path(PathExpr::Filter(FilterExpr {
        primary: PrimaryExpr::Function(call),
        predicates,
    })) = expression
    else {
        return None;
    };
    let is_subject = SUBJECT_FUNCTIONS.contains(&call.name.local.as_str());
    (is_subject && predicates.is_empty()).then_some(&call.args)
}

/// The steps from the root that name one child each, to the first that does not.
fn simple_steps(path: &LocationPath) -> Vec<RequiredStep> {
    path.steps.iter().map_while(simple_step).collect()
}

fn simple_step(step: &Step) -> Option<RequiredStep> {
    let (Axis::Child, NodeTest::QName(name)) = (step.axis, &step.node_test) else {
        return None;
    };
    let position = match step.predicates.as_slice() {
        [] => None,
        [predicate] => Some(position(predicate)?),
        _ => return None,
    };
    Some(RequiredStep {
        name: name.clone(),
        position,
    })
}

/// `[3]`
fn position(predicate: &Expr) -> Option<usize> {
    let Expr::Path(PathExpr::Filter(FilterExpr {
        primary: PrimaryExpr::Number(number),
        predicates,
    })) = predicate
    else {
        return None;
    };
    // A position beyond a million finds nothing in any document that is read.
    let is_position = predicates.is_empty() && (1.0..1e6).contains(number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 1 and a million"
    )]
    (is_position && number.fract() == 0.0).then_some(*number as usize)
}

/// Whether a path names one attribute of one element.
fn ends_in_attribute(path: &LocationPath) -> bool {
    let Some((last, elements)) = path.steps.split_last() else {
        return false;
    };
    last.axis == Axis::Attribute
        && matches!(last.node_test, NodeTest::QName(_))
        && last.predicates.is_empty()
        && !elements.is_empty()
        && elements.iter().all(|step| simple_step(step).is_some())
}

/// How a result is made of the nodes of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// They are the result.
    Nodes,
    /// Their text or number is a part of the result, so that one must be there.
    Value,
    /// How many they are: none may be there, but the names that lead to them must.
    Count,
    /// Whether they are there.
    Truth,
}

impl Reading {
    fn of(form: XPathForm) -> Self {
        match form {
            XPathForm::OneNode | XPathForm::NodeList => Self::Nodes,
            XPathForm::Count | XPathForm::Number | XPathForm::Text => Self::Value,
            XPathForm::Boolean => Self::Truth,
        }
    }

    fn of_argument(function: &str, outer: Self) -> Self {
        match function {
            "count" | "sum" => Self::Count,
            "boolean" | "not" => Self::Truth,
            _ if outer == Self::Nodes => Self::Value,
            _ => outer,
        }
    }
}

/// The paths of an expression that begin at the root, but for those in predicates of others.
fn collect_operands(expression: &Expr, reading: Reading, operands: &mut Vec<Operand>) {
    match expression {
        Expr::Path(PathExpr::Location(path)) => operands.push(operand(expression, path, reading)),
        Expr::Path(PathExpr::Filter(filter)) if filter.predicates.is_empty() => {
            match &filter.primary {
                PrimaryExpr::Function(call) => {
                    let reading = Reading::of_argument(&call.name.local, reading);
                    for argument in &call.args {
                        collect_operands(argument, reading, operands);
                    }
                }
                PrimaryExpr::Parenthesized(inner) => collect_operands(inner, reading, operands),
                _ => {}
            }
        }
        Expr::Path(_) => operands.push(Operand {
            path: expression.clone(),
            in_default_namespace: in_default_namespace(expression),
            required: Vec::new(),
            must_find: reading == Reading::Value,
        }),
        // Of two paths one may find nothing.
        Expr::Union(..) => operands.push(Operand {
            path: expression.clone(),
            in_default_namespace: in_default_namespace(expression),
            required: Vec::new(),
            must_find: reading == Reading::Value,
        }),
        Expr::Or(..) | Expr::And(..) | Expr::Equality(..) | Expr::Relational(..) => {
            for_each_part(expression, &mut |part| {
                collect_operands(part, Reading::Truth, operands);
            });
        }
        _ => for_each_part(expression, &mut |part| {
            collect_operands(part, reading, operands);
        }),
    }
}

fn operand(expression: &Expr, path: &LocationPath, reading: Reading) -> Operand {
    let mut required = if path.is_absolute {
        simple_steps(path)
    } else {
        Vec::new()
    };
    // What is counted may not be there, but what leads to it must.
    let is_all_named = required.len() == path.steps.len();
    if reading == Reading::Count && (is_all_named || ends_in_attribute(path)) {
        required.pop();
    }
    if reading == Reading::Truth {
        required.clear();
    }
    Operand {
        path: expression.clone(),
        in_default_namespace: in_default_namespace(expression),
        required,
        must_find: reading == Reading::Value,
    }
}

/// The first path outside of predicates that does not begin at the root.
fn relative_operand(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(PathExpr::Location(path)) if !path.is_absolute => {
            let first = path.steps.first().map(|step| match &step.node_test {
                NodeTest::QName(name) => compile::qualified(name),
                _ => ".".to_owned(),
            });
            Some(first.unwrap_or_default())
        }
        Expr::Path(PathExpr::Location(_)) => None,
        Expr::Path(PathExpr::Filter(filter) | PathExpr::FilterLocation(filter, _)) => {
            match &filter.primary {
                PrimaryExpr::Function(call) => call.args.iter().find_map(relative_operand),
                PrimaryExpr::Parenthesized(inner) => relative_operand(inner),
                _ => None,
            }
        }
        other => {
            let mut found = None;
            for_each_part(other, &mut |part| {
                if found.is_none() {
                    found = relative_operand(part);
                }
            });
            found
        }
    }
}

/// The expression with every plain element name in the default namespace; `None` if there is none.
fn in_default_namespace(expression: &Expr) -> Option<Expr> {
    let mut has_plain_name = false;
    for_each_test(expression, &mut |axis, test| {
        has_plain_name |= is_plain_element_name(axis, test);
    });
    has_plain_name.then(|| {
        let mut prefixed = expression.clone();
        prefix_names(&mut prefixed);
        prefixed
    })
}

fn is_plain_element_name(axis: Axis, test: &NodeTest) -> bool {
    let is_plain = matches!(test, NodeTest::QName(name) if name.prefix.is_none());
    is_plain && !matches!(axis, Axis::Attribute | Axis::Namespace)
}

fn prefix_names(expression: &mut Expr) {
    match expression {
        Expr::Or(left, right)
        | Expr::And(left, right)
        | Expr::Equality(left, _, right)
        | Expr::Relational(left, _, right)
        | Expr::Additive(left, _, right)
        | Expr::Multiplicative(left, _, right)
        | Expr::Union(left, right) => {
            prefix_names(left);
            prefix_names(right);
        }
        Expr::Negate(inner) => prefix_names(inner),
        Expr::Path(PathExpr::Location(path)) => prefix_steps(path),
        Expr::Path(PathExpr::Filter(filter)) => prefix_filter(filter),
        Expr::Path(PathExpr::FilterLocation(filter, path)) => {
            prefix_filter(filter);
            prefix_steps(path);
        }
    }
}

fn prefix_steps(path: &mut LocationPath) {
    for step in &mut path.steps {
        if is_plain_element_name(step.axis, &step.node_test)
            && let NodeTest::QName(name) = &mut step.node_test
        {
            name.prefix = Some(DEFAULT_NAMESPACE_PREFIX.to_owned());
        }
        step.predicates.iter_mut().for_each(prefix_names);
    }
}

fn prefix_filter(filter: &mut FilterExpr) {
    match &mut filter.primary {
        PrimaryExpr::Parenthesized(inner) => prefix_names(inner),
        PrimaryExpr::Function(call) => call.args.iter_mut().for_each(prefix_names),
        PrimaryExpr::Variable(_) | PrimaryExpr::Literal(_) | PrimaryExpr::Number(_) => {}
    }
    filter.predicates.iter_mut().for_each(prefix_names);
}
