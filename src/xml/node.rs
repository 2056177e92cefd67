//! The nodes of a document as XPath sees them (XPath 1.0, section 5): attributes and namespaces are
//! nodes too. Every child that is visited costs one of a fixed number of visits, so that no
//! expression takes forever.

use roxmltree::{Document, NodeId, NodeType};
use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Range;
use xpath_eval::{ExpandedName, Node, NodeKind};

/// A document, and how many nodes an expression may still visit in it.
pub(super) struct SearchedDocument<'d> {
    document: &'d Document<'d>,
    visits_left: Cell<usize>,
}

impl<'d> SearchedDocument<'d> {
    pub(super) fn new(document: &'d Document<'d>, max_visits: usize) -> Self {
        Self {
            document,
            visits_left: Cell::new(max_visits),
        }
    }

    pub(super) fn root(&self) -> XmlNode<'_> {
        XmlNode {
            searched: self,
            tree_node: self.document.root().id(),
            part: NodePart::Itself,
        }
    }

    /// Whether an expression visited all nodes that it may. What it found then means nothing.
    pub(super) fn is_exhausted(&self) -> bool {
        self.visits_left.get() == 0
    }

    fn visit(&self) -> bool {
        let left = self.visits_left.get();
        self.visits_left.set(left.saturating_sub(1));
        left > 0
    }
}

/// Which node at a place of the tree is meant. The order is document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum NodePart {
    Itself,
    Namespace(u32),
    Attribute(u32),
}

/// One node.
#[derive(Clone, Copy)]
pub(super) struct XmlNode<'s> {
    searched: &'s SearchedDocument<'s>,
    tree_node: NodeId,
    part: NodePart,
}

impl PartialEq for XmlNode<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.tree_node, self.part) == (other.tree_node, other.part)
    }
}

impl Eq for XmlNode<'_> {}

impl<'s> XmlNode<'s> {
    fn tree(self) -> roxmltree::Node<'s, 's> {
        let document = self.searched.document;
        // The id was taken from this very document.
        document
            .get_node(self.tree_node)
            .unwrap_or_else(|| document.root())
    }

    fn at(self, node: roxmltree::Node<'s, 's>) -> Self {
        Self {
            tree_node: node.id(),
            part: NodePart::Itself,
            ..self
        }
    }

    fn attribute_here(self, index: u32) -> Option<roxmltree::Attribute<'s, 's>> {
        self.tree().attributes().nth(index as usize)
    }

    fn namespace_here(self, index: u32) -> Option<&'s roxmltree::Namespace<'s>> {
        self.tree().namespaces().nth(index as usize)
    }

    fn with_name<R>(self, read: impl FnOnce(Option<&str>, &str) -> R) -> Option<R> {
        let tree = self.tree();
        Some(match (self.part, tree.node_type()) {
            (NodePart::Attribute(index), _) => {
                let attribute = self.attribute_here(index)?;
                read(attribute.namespace(), attribute.name())
            }
            (NodePart::Namespace(index), _) => {
                read(None, self.namespace_here(index)?.name().unwrap_or_default())
            }
            (NodePart::Itself, NodeType::Element) => {
                let name = tree.tag_name();
                // `xmlns=""` takes the default namespace away.
                let namespace = name.namespace().filter(|uri| !uri.is_empty());
                read(namespace, name.name())
            }
            (NodePart::Itself, NodeType::PI) => read(None, tree.pi()?.target),
            (NodePart::Itself, _) => return None,
        })
    }

    /// The places of its texts in the document: of an attribute its value, of another node every text
    /// inside of it.
    pub(super) fn text_places(self) -> Vec<(Range<usize>, &'s str)> {
        if let NodePart::Attribute(index) = self.part {
            let attribute = self.attribute_here(index);
            return attribute
                .map(|attribute| (attribute.range_value(), attribute.value()))
                .into_iter()
                .collect();
        }
        let nodes = self.tree().descendants().filter(|_| self.searched.visit());
        nodes
            .filter_map(|node| Some((node.range(), node.text().filter(|_| node.is_text())?)))
            .collect()
    }

    /// The text of all text nodes below it.
    fn inner_text(self) -> String {
        let mut text = String::new();
        for node in self.tree().descendants().filter(|_| self.searched.visit()) {
            if node.is_text() {
                text.push_str(node.text().unwrap_or_default());
            }
        }
        text
    }
}

/// A `u32` counts the attributes of an element: a body has at most 2 GiB.
fn numbered(count: usize) -> impl Iterator<Item = u32> {
    (0_u32..).take(count)
}

impl<'s> Node<'s> for XmlNode<'s> {
    fn kind(self) -> NodeKind {
        match self.part {
            NodePart::Attribute(_) => NodeKind::Attribute,
            NodePart::Namespace(_) => NodeKind::Namespace,
            NodePart::Itself => match self.tree().node_type() {
                NodeType::Root => NodeKind::Root,
                NodeType::Element => NodeKind::Element,
                NodeType::PI => NodeKind::ProcessingInstruction,
                NodeType::Comment => NodeKind::Comment,
                NodeType::Text => NodeKind::Text,
            },
        }
    }

    fn parent(self) -> Option<Self> {
        match self.part {
            NodePart::Itself => self.tree().parent().map(|parent| self.at(parent)),
            _ => Some(Self {
                part: NodePart::Itself,
                ..self
            }),
        }
    }

    fn children(self) -> impl Iterator<Item = Self> + 's {
        let is_whole = self.part == NodePart::Itself;
        let first = is_whole.then(|| self.tree().first_child()).flatten();
        std::iter::successors(first, roxmltree::Node::next_sibling)
            .take_while(move |_| self.searched.visit())
            .map(move |child| self.at(child))
    }

    fn attributes(self) -> impl Iterator<Item = Self> + 's {
        let count = if self.part == NodePart::Itself {
            self.tree().attributes().len()
        } else {
            0
        };
        numbered(count)
            .take_while(move |_| self.searched.visit())
            .map(move |index| Self {
                part: NodePart::Attribute(index),
                ..self
            })
    }

    fn namespaces(self) -> impl Iterator<Item = Self> + 's {
        let count = if self.part == NodePart::Itself {
            self.tree().namespaces().count()
        } else {
            0
        };
        numbered(count)
            .take_while(move |_| self.searched.visit())
            .map(move |index| Self {
                part: NodePart::Namespace(index),
                ..self
            })
    }

    fn expanded_name(self) -> Option<ExpandedName> {
        self.with_name(|namespace, name| ExpandedName {
            namespace_uri: namespace.map(str::to_owned),
            local_name: name.to_owned(),
        })
    }

    fn has_expanded_name(self, namespace_uri: Option<&str>, local_name: &str) -> bool {
        self.with_name(|namespace, name| namespace == namespace_uri && name == local_name)
            .unwrap_or(false)
    }

    fn string_value(self) -> String {
        self.with_string_value(str::to_owned)
    }

    fn with_string_value<R>(self, read: impl FnOnce(&str) -> R) -> R {
        let tree = self.tree();
        match (self.part, tree.node_type()) {
            (NodePart::Attribute(index), _) => {
                let attribute = self.attribute_here(index);
                read(attribute.as_ref().map_or("", roxmltree::Attribute::value))
            }
            (NodePart::Namespace(index), _) => read(
                self.namespace_here(index)
                    .map_or("", roxmltree::Namespace::uri),
            ),
            (_, NodeType::PI) => read(tree.pi().and_then(|pi| pi.value).unwrap_or_default()),
            (_, NodeType::Comment | NodeType::Text) => read(tree.text().unwrap_or_default()),
            (_, NodeType::Root | NodeType::Element) => read(&self.inner_text()),
        }
    }

    fn document_order(self, other: Self) -> Ordering {
        (self.tree_node.get(), self.part).cmp(&(other.tree_node.get(), other.part))
    }
}
