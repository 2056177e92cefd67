//! Looks an XPath up in a document. A result that only hides a mistake in the path, such as an empty
//! list below a name that is not there, is none.

use super::MAX_VISITS;
use super::document::XmlDocument;
use super::error::XPathSearchError;
use super::node::{SearchedDocument, XmlNode};
use super::xpath::{DEFAULT_NAMESPACE_PREFIX, Operand, RequiredStep, XPath, XPathForm};
use crate::value::{Number, Value};
use std::ops::Range;
use xpath_eval::{EvaluationContext, Expr, Node as _, Value as XPathValue, evaluate};

/// What an XPath finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum XPathFound {
    Nothing,
    One(Value),
    List(Vec<Value>),
}

/// A text of a document, and where it is written: with escapes, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct XmlTextPlace {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// Where a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct XPathDeadEnd {
    /// The part of the path that is there.
    pub(crate) path: String,
    /// The next name, as it is written.
    pub(crate) missing: String,
    pub(crate) position: Option<usize>,
    /// The names of the elements that are there, each once.
    pub(crate) present: Vec<String>,
}

impl XPath {
    /// The text of one node, the texts of a list of nodes, or what a function gives.
    ///
    /// # Errors
    /// When the path for one node finds several, a prefix is not declared, the names are in the
    /// default namespace, a number is none, or too much is visited.
    pub(crate) fn find(&self, document: &XmlDocument<'_>) -> Result<XPathFound, XPathSearchError> {
        let search = Search::new(self, document)?;
        for operand in self.operands() {
            if !search.has_all(operand)? {
                return Ok(XPathFound::Nothing);
            }
        }
        search.result()
    }

    /// The texts of all nodes that it finds, also where it may find one only, or the text that a
    /// function gives.
    ///
    /// # Errors
    /// When a prefix is not declared, or too much is visited.
    pub(crate) fn texts(
        &self,
        document: &XmlDocument<'_>,
    ) -> Result<Vec<String>, XPathSearchError> {
        let search = Search::new(self, document)?;
        let texts = match search.evaluate(self.expression())? {
            XPathValue::NodeSet(nodes) => nodes.into_iter().map(XmlNode::string_value).collect(),
            other => vec![other.to_xpath_string()],
        };
        search.check_exhausted()?;
        Ok(texts)
    }

    /// The places of all texts of what it finds, its plain names in the default namespace too, in the
    /// order of the document. A prefix that the document does not declare names nothing there.
    ///
    /// # Errors
    /// When too much is visited.
    pub(crate) fn text_places(
        &self,
        document: &XmlDocument<'_>,
    ) -> Result<Vec<XmlTextPlace>, XPathSearchError> {
        let Ok(search) = Search::new(self, document) else {
            return Ok(Vec::new());
        };
        let prefixed = self.operands().iter();
        let prefixed = prefixed.filter_map(|operand| operand.in_default_namespace.as_ref());
        let mut places = Vec::new();
        for expression in std::iter::once(self.expression()).chain(prefixed) {
            let XPathValue::NodeSet(nodes) = search.evaluate(expression)? else {
                continue;
            };
            for (range, text) in nodes.into_iter().flat_map(XmlNode::text_places) {
                let text = text.to_owned();
                places.push(XmlTextPlace { range, text });
            }
        }
        search.check_exhausted()?;
        places.sort_by_key(|place| place.range.start);
        places.dedup();
        Ok(places)
    }

    /// Where the first path of the expression that leads nowhere ends.
    #[must_use]
    pub(crate) fn dead_end(&self, document: &XmlDocument<'_>) -> Option<XPathDeadEnd> {
        let mut operands = self.operands().iter();
        operands.find_map(|operand| dead_end(document, &operand.required))
    }
}

/// A text with other texts in the place of what paths find in it. A text that is no XML, or in which
/// they find nothing, stays.
///
/// # Errors
/// When too much is visited.
pub(crate) fn replace_texts<'p>(
    text: &str,
    paths: impl IntoIterator<Item = &'p XPath>,
    replacement: &str,
) -> Result<String, XPathSearchError> {
    let mut paths = paths.into_iter().peekable();
    // Most texts have no paths, and are not parsed for it.
    if paths.peek().is_none() {
        return Ok(text.to_owned());
    }
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(document) = XmlDocument::parse(content) else {
        return Ok(text.to_owned());
    };
    let mut places = Vec::new();
    for path in paths {
        places.extend(path.text_places(&document)?);
    }
    places.sort_by_key(|place| place.range.start);
    places.dedup();
    let mark = text.len() - content.len();
    let mut replaced = text.to_owned();
    for place in places.into_iter().rev() {
        let range = place.range.start + mark..place.range.end + mark;
        replaced.replace_range(range, replacement);
    }
    Ok(replaced)
}

struct Search<'s> {
    path: &'s XPath,
    document: &'s XmlDocument<'s>,
    default_namespace: Option<&'s str>,
    searched: SearchedDocument<'s>,
}

impl<'s> Search<'s> {
    fn new(path: &'s XPath, document: &'s XmlDocument<'s>) -> Result<Self, XPathSearchError> {
        let default_namespace = document.default_namespace();
        for prefix in path.prefixes() {
            if prefix == DEFAULT_NAMESPACE_PREFIX {
                if default_namespace.is_none() {
                    return Err(XPathSearchError::NoDefaultNamespace);
                }
            } else if document.namespace_of(prefix).is_none() {
                return Err(undeclared_prefix(prefix, document));
            }
        }
        Ok(Self {
            path,
            document,
            default_namespace,
            searched: SearchedDocument::new(document.tree(), MAX_VISITS),
        })
    }

    /// Whether everything that an operand needs is there.
    fn has_all(&self, operand: &Operand) -> Result<bool, XPathSearchError> {
        let is_missing = dead_end(self.document, &operand.required).is_some();
        // Only a path that finds nothing is evaluated twice.
        if !is_missing && self.count(&operand.path)? > 0 {
            return Ok(true);
        }
        if let (Some(namespace), Some(prefixed)) =
            (self.default_namespace, &operand.in_default_namespace)
            && self.count(prefixed)? > 0
        {
            return Err(XPathSearchError::InDefaultNamespace {
                path: self.path.as_str().to_owned(),
                namespace: namespace.to_owned(),
            });
        }
        Ok(!is_missing && !operand.must_find)
    }

    fn result(&self) -> Result<XPathFound, XPathSearchError> {
        let value = self.evaluate(self.path.expression())?;
        let found = match (self.path.form(), value) {
            (XPathForm::OneNode, XPathValue::NodeSet(nodes)) => match nodes.as_slice() {
                [] => XPathFound::Nothing,
                [node] => XPathFound::One(text_of(*node)),
                several => {
                    return Err(XPathSearchError::SeveralNodes {
                        path: self.path.as_str().to_owned(),
                        count: several.len(),
                    });
                }
            },
            (_, XPathValue::NodeSet(nodes)) => {
                XPathFound::List(nodes.into_iter().map(text_of).collect())
            }
            (_, XPathValue::Number(number)) => XPathFound::One(self.number(number)?),
            (_, XPathValue::String(text)) => XPathFound::One(Value::from(text)),
            (_, XPathValue::Boolean(flag)) => XPathFound::One(Value::Bool(flag)),
        };
        // The texts of nodes are visits too.
        self.check_exhausted()?;
        Ok(found)
    }

    /// A double in the shortest spelling that gives it again.
    fn number(&self, number: f64) -> Result<Value, XPathSearchError> {
        // XPath writes negative zero as 0 (section 4.2).
        let text = if number == 0.0 {
            "0".to_owned()
        } else {
            number.to_string()
        };
        Number::parse(&text).map(Value::Number).ok_or_else(|| {
            let operand = self.path.operands().first();
            let text = operand.and_then(|operand| self.evaluate(&operand.path).ok());
            XPathSearchError::NotANumber {
                path: self.path.as_str().to_owned(),
                text: text.map_or_else(String::new, |text| shown(&text.to_xpath_string())),
            }
        })
    }

    fn count(&self, expression: &Expr) -> Result<usize, XPathSearchError> {
        match self.evaluate(expression)? {
            XPathValue::NodeSet(nodes) => Ok(nodes.len()),
            // A part that finds no nodes by its form is there.
            _ => Ok(1),
        }
    }

    fn evaluate(&self, expression: &Expr) -> Result<XPathValue<XmlNode<'_>>, XPathSearchError> {
        let resolve = |prefix: &str| {
            let namespace = match prefix {
                DEFAULT_NAMESPACE_PREFIX => self.default_namespace,
                "xml" => Some("http://www.w3.org/XML/1998/namespace"),
                other => self.document.namespace_of(other),
            };
            namespace.map(str::to_owned)
        };
        let mut context = EvaluationContext::new(self.searched.root());
        context.namespaces = Some(&resolve);
        let value = evaluate(expression, &context).map_err(|error| {
            // Everything that can be wrong was found when the path was compiled.
            XPathSearchError::Evaluation {
                path: self.path.as_str().to_owned(),
                reason: error.to_string(),
            }
        })?;
        self.check_exhausted()?;
        Ok(value)
    }

    fn check_exhausted(&self) -> Result<(), XPathSearchError> {
        if self.searched.is_exhausted() {
            Err(XPathSearchError::Visits)
        } else {
            Ok(())
        }
    }
}

fn text_of(node: XmlNode<'_>) -> Value {
    Value::from(node.string_value())
}

/// A text for a message, in quotes. A long one is no number that was mistyped; cut, a secret in it
/// would not be recognised.
fn shown(text: &str) -> String {
    const MAX_SHOWN: usize = 40;
    match text.chars().count() {
        0..=MAX_SHOWN => format!("{text:?}"),
        many => format!("{many} characters long"),
    }
}

fn undeclared_prefix(prefix: &str, document: &XmlDocument<'_>) -> XPathSearchError {
    let prefixes = document.prefixes();
    let declared = if prefixes.is_empty() {
        "it declares none".to_owned()
    } else {
        let names = crate::diagnostic::join_names(prefixes, "and");
        format!("it declares {names}")
    };
    XPathSearchError::UndeclaredPrefix {
        prefix: prefix.to_owned(),
        declared,
    }
}

/// The first of these steps that leads nowhere.
fn dead_end(document: &XmlDocument<'_>, required: &[RequiredStep]) -> Option<XPathDeadEnd> {
    let mut path = String::new();
    let mut nodes = vec![document.tree().root()];
    for step in required {
        let namespace = match step.name.prefix.as_deref() {
            None => None,
            Some(DEFAULT_NAMESPACE_PREFIX) => document.default_namespace(),
            Some(prefix) => document.namespace_of(prefix),
        };
        let is_named = |child: &roxmltree::Node<'_, '_>| {
            let tag = child.tag_name();
            let own = tag.namespace().filter(|uri| !uri.is_empty());
            child.is_element() && tag.name() == step.name.local && own == namespace
        };
        let skipped = step.position.map_or(0, |position| position - 1);
        let most = step.position.map_or(usize::MAX, |_| 1);
        let next: Vec<_> = nodes
            .iter()
            .flat_map(|node| node.children().filter(is_named).skip(skipped).take(most))
            .collect();
        let written = super::compile::qualified(&step.name);
        if next.is_empty() {
            let is_there = nodes.iter().flat_map(roxmltree::Node::children);
            return Some(XPathDeadEnd {
                path: if path.is_empty() {
                    "/".to_owned()
                } else {
                    path
                },
                position: step
                    .position
                    .filter(|_| is_there.clone().any(|child| is_named(&child))),
                missing: written,
                present: element_names(is_there),
            });
        }
        path.push('/');
        path.push_str(&written);
        if let Some(position) = step.position {
            path.push_str(&format!("[{position}]"));
        }
        nodes = next;
    }
    None
}

fn element_names<'d>(nodes: impl Iterator<Item = roxmltree::Node<'d, 'd>>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for node in nodes.filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
