//! A text of XML that was read once. It refuses document type declarations: they name files and
//! addresses, and their entities grow without end.

use roxmltree::{Document, ParsingOptions};
use std::ops::Range;

/// Elements inside of elements.
const MAX_DEPTH: u32 = 256;
/// Elements, texts, comments and processing instructions.
const MAX_NODES: u32 = 1_000_000;

/// Why a text cannot be read as XML. The name of what it is not comes first, as for JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("not XML: {0}")]
    Malformed(String),
    #[error("XML with a document type declaration, which ingam refuses to read")]
    DocumentType,
    #[error("XML whose elements are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("XML with more than {MAX_NODES} nodes")]
    TooManyNodes,
}

/// A document, and the namespaces that it declares.
#[derive(Debug)]
pub(crate) struct XmlDocument<'t> {
    tree: Document<'t>,
}

impl<'t> XmlDocument<'t> {
    /// # Errors
    /// When the text is not well-formed, declares a document type, or is too deep or too large.
    pub(crate) fn parse(text: &'t str) -> Result<Self, XmlError> {
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let tree = Document::parse_with_options(text, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => XmlError::DocumentType,
            roxmltree::Error::NodesLimitReached => XmlError::TooManyNodes,
            other => XmlError::Malformed(other.to_string()),
        })?;
        if is_deeper_than(&tree, MAX_DEPTH) {
            return Err(XmlError::TooDeep);
        }
        Ok(Self { tree })
    }

    /// Every text that an element has by itself, and every attribute, with the local name and where
    /// it is written.
    pub(crate) fn for_each_text(&self, visit: &mut dyn FnMut(&str, &str, Range<usize>)) {
        for element in self.tree.descendants().filter(roxmltree::Node::is_element) {
            for attribute in element.attributes() {
                visit(attribute.name(), attribute.value(), attribute.range_value());
            }
            let texts = element.children().filter(roxmltree::Node::is_text);
            for (text, range) in texts.filter_map(|node| Some((node.text()?, node.range()))) {
                visit(element.tag_name().name(), text, range);
            }
        }
    }

    pub(super) fn tree(&self) -> &Document<'t> {
        &self.tree
    }

    /// The namespace of a prefix, where it is declared first.
    pub(super) fn namespace_of(&self, prefix: &str) -> Option<&str> {
        self.declared_namespaces()
            .find(|(declared, _)| *declared == Some(prefix))
            .map(|(_, uri)| uri)
    }

    /// The default namespace that is declared first.
    pub(super) fn default_namespace(&self) -> Option<&str> {
        self.declared_namespaces()
            .find(|(declared, uri)| declared.is_none() && !uri.is_empty())
            .map(|(_, uri)| uri)
    }

    /// The prefixes that are declared, each once, in the order of the document.
    pub(super) fn prefixes(&self) -> Vec<&str> {
        let mut prefixes = Vec::new();
        for prefix in self.declared_namespaces().filter_map(|(prefix, _)| prefix) {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        prefixes
    }

    /// Every namespace in scope of every element, in the order of the document.
    fn declared_namespaces(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let elements = self.tree.descendants().filter(roxmltree::Node::is_element);
        elements.flat_map(|element| {
            let namespaces = element.namespaces();
            namespaces.map(|namespace| (namespace.name(), namespace.uri()))
        })
    }
}

fn is_deeper_than(tree: &Document<'_>, most: u32) -> bool {
    let (mut node, mut depth) = (tree.root(), 0);
    loop {
        if let Some(child) = node.first_child() {
            node = child;
            depth += 1;
            if depth > most && node.is_element() {
                return true;
            }
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            let Some(parent) = node.parent() else {
                return false;
            };
            node = parent;
            depth -= 1;
        }
    }
}
