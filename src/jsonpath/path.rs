//! A path that was read and checked once. The search itself is in `evaluator`.

use super::error::{NameStandsTwice, PathError, SearchError, SearchLimitExceeded};
use super::evaluator::{self, DuplicateMode, PathEvaluator};
use super::name_search::NameSearch;
use super::query::{PathQuery, PathSegment, PathSelector};
use super::{compile, location, precheck, simple_path};
use crate::value::JsonRef;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// A path, read and checked once.
#[derive(Clone, Debug)]
pub struct JsonPath {
    text: Arc<str>,
    query: Arc<PathQuery>,
}

/// The values that a path finds in one document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathMatches<'v> {
    /// Of a path that can name one value only.
    One(Option<JsonRef<'v>>),
    /// Of any other path, in document order.
    Many(Vec<JsonRef<'v>>),
}

/// Where a path leaves a document: the last value that is there, and what that value lacks.
#[derive(Clone, Debug)]
pub(crate) struct DeadEnd<'v> {
    /// The path as far as it leads somewhere.
    pub path: String,
    pub node: JsonRef<'v>,
    pub missing: MissingChild<'v>,
}

/// The child that is missing at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingChild<'v> {
    Name(&'v str),
    Index(i64),
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When the text is not a path of RFC 9535, is longer or deeper than the limits, compares with
    /// a number that a filter cannot hold exactly, or holds a regular expression that is none.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        // Requests of one marketplace ask for the same few places again and again. Paths are written
        // in files, never made from a response, so their number is bounded by the workspace; only an
        // editor sees a new one with every key.
        const MAX_KNOWN: usize = 20_000;
        thread_local!(static KNOWN: RefCell<HashMap<Box<str>, JsonPath>> = RefCell::default());
        if let Some(known) = KNOWN.with_borrow(|known| known.get(text).cloned()) {
            return Ok(known);
        }
        precheck::check_path_text(text)?;
        let query = simple_path::parse_simple(text).map_or_else(|| compile::compile(text), Ok)?;
        let path = Self {
            text: text.into(),
            query: Arc::new(query),
        };
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(text.into(), path.clone());
        });
        Ok(path)
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can name one value only: names and indices, one after the other.
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.query.is_singular()
    }

    /// The selectors of a path that names one value.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &PathSelector> {
        let segments = &self.query.segments;
        segments.iter().filter_map(PathSegment::as_singular)
    }

    /// The name of each step of the path; `None` for a step of any other kind, such as `[0]`.
    pub(crate) fn names(&self) -> impl DoubleEndedIterator<Item = Option<&str>> {
        self.query.segments.iter().map(|segment| {
            if let [PathSelector::Name(name)] = segment.selectors.as_slice() {
                Some(&**name)
            } else {
                None
            }
        })
    }

    /// Whether the path can find anything in a text of JSON, by the names in it alone: a look that
    /// costs less than reading the text.
    pub(crate) fn can_match_in(&self, json: &[u8]) -> bool {
        let segments = || self.query.segments.iter();
        let prepare = || NameSearch::new(segments().filter_map(PathSegment::plain_names));
        let search = self.query.name_search.get_or_init(prepare);
        search.can_match_in(json)
    }

    /// The values that the path finds in `root`.
    ///
    /// # Errors
    /// When it looks at too many places, or when a member whose name stands again in its object
    /// leads to a value or is inside of one: which of them is meant is not known.
    pub(crate) fn find<'v>(
        &self,
        root: impl Into<JsonRef<'v>>,
    ) -> Result<PathMatches<'v>, SearchError> {
        let root = root.into();
        let matches = self.find_outside(root)?;
        if !root.is_beside_duplicates() {
            return Ok(matches);
        }
        let found = match &matches {
            PathMatches::One(found) => found.as_slice(),
            PathMatches::Many(found) => found,
        };
        match found.iter().find_map(|node| node.duplicate_inside()) {
            Some(duplicate) => Err(NameStandsTwice::new(root, &duplicate).into()),
            None => Ok(matches),
        }
    }

    /// The same, but what is inside of the values does not count.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) fn find_outside<'v>(
        &self,
        root: JsonRef<'v>,
    ) -> Result<PathMatches<'v>, SearchError> {
        let evaluator = PathEvaluator::new(root, DuplicateMode::Last);
        let segments = &self.query.segments;
        let (matches, duplicate) = if self.is_singular() {
            let found = evaluator.select_singular(segments, root);
            (PathMatches::One(found), evaluator.into_duplicate())
        } else {
            let found = evaluator.select_all(segments, root)?;
            (PathMatches::Many(found), evaluator.into_duplicate())
        };
        match duplicate {
            Some(duplicate) => Err(NameStandsTwice::new(root, &duplicate).into()),
            None => Ok(matches),
        }
    }

    /// The same, with every member of a name where an object has several of it.
    ///
    /// # Errors
    /// When it looks at too many places.
    pub(crate) fn find_every<'v>(
        &self,
        root: impl Into<JsonRef<'v>>,
    ) -> Result<Vec<JsonRef<'v>>, SearchLimitExceeded> {
        let root = root.into();
        PathEvaluator::new(root, DuplicateMode::Every).select_all(&self.query.segments, root)
    }

    /// Where the names and indices with which the path begins leave `root`; `None` when all of them
    /// lead somewhere.
    #[must_use]
    pub(crate) fn dead_end<'v>(&'v self, root: JsonRef<'v>) -> Option<DeadEnd<'v>> {
        let mut node = root;
        let mut path = "$".to_owned();
        for selector in self
            .query
            .segments
            .iter()
            .map_while(PathSegment::as_singular)
        {
            match evaluator::select_child(selector, node) {
                Some(next) => node = next,
                None => {
                    return Some(DeadEnd {
                        path,
                        node,
                        missing: missing_child(selector)?,
                    });
                }
            }
            location::push_segment(&mut path, selector);
        }
        None
    }
}

fn missing_child(selector: &PathSelector) -> Option<MissingChild<'_>> {
    match selector {
        PathSelector::Name(name) => Some(MissingChild::Name(name)),
        PathSelector::Index(index) => Some(MissingChild::Index(*index)),
        _ => None,
    }
}
