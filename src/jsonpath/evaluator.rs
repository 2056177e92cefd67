//! Finds the values of a path in a document. It clones no part of it, and visits no more places
//! than allowed.

use super::error::{MAX_VISITS, SearchLimitExceeded};
use super::query::{PathSegment, PathSelector, SliceSelector};
use crate::value::Value;
use regex::Regex;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The value that a path of names and indices leads to.
pub(super) fn select_singular<'v>(segments: &[PathSegment], from: &'v Value) -> Option<&'v Value> {
    segments.iter().try_fold(from, |node, segment| {
        select_child(segment.as_singular()?, node)
    })
}

/// The child that a name or an index selects.
pub(super) fn select_child<'v>(selector: &PathSelector, node: &'v Value) -> Option<&'v Value> {
    match selector {
        PathSelector::Name(name) => node.get(name),
        PathSelector::Index(index) => {
            let items = node.as_list()?;
            items.get(usize::try_from(normalize_index(*index, items.len())).ok()?)
        }
        _ => None,
    }
}

fn normalize_index(index: i64, len: usize) -> i64 {
    if index < 0 {
        index.saturating_add_unsigned(len as u64)
    } else {
        index
    }
}

/// One search through one document.
pub(super) struct PathEvaluator<'v> {
    pub(super) root: &'v Value,
    visits_left: Cell<u32>,
    /// Expressions that came out of the document itself; `None` for those that are none.
    pub(super) regex_cache: RefCell<HashMap<String, Option<Regex>>>,
}

impl<'v> PathEvaluator<'v> {
    pub(super) fn new(root: &'v Value) -> Self {
        Self {
            root,
            visits_left: Cell::new(MAX_VISITS),
            regex_cache: RefCell::default(),
        }
    }

    /// Pays for work that is worth so many visits.
    pub(super) fn charge(&self, visits: u32) -> Result<(), SearchLimitExceeded> {
        self.visits_left.set(
            self.visits_left
                .get()
                .checked_sub(visits)
                .ok_or(SearchLimitExceeded::Visits)?,
        );
        Ok(())
    }

    /// Everything that the segments name, seen from `from`.
    pub(super) fn select_all(
        &self,
        segments: &[PathSegment],
        from: &'v Value,
    ) -> Result<Vec<&'v Value>, SearchLimitExceeded> {
        let mut nodes = vec![from];
        for segment in segments {
            let mut next = Vec::new();
            if let Some(PathSelector::Name(name)) = segment.as_singular() {
                self.select_members(name, &nodes, &mut next)?;
            } else {
                for node in nodes {
                    self.apply_segment(segment, node, &mut next)?;
                }
            }
            nodes = next;
        }
        Ok(nodes)
    }

    /// The member of that name of each value. In the objects of a list it usually has the same
    /// position, so that is tried first.
    fn select_members(
        &self,
        name: &str,
        nodes: &[&'v Value],
        out: &mut Vec<&'v Value>,
    ) -> Result<(), SearchLimitExceeded> {
        let mut place = 0;
        for node in nodes {
            self.charge(1)?;
            let Some(members) = node.as_object() else {
                continue;
            };
            if members.get(place).is_none_or(|(key, _)| key != name) {
                let Some(found) = members.iter().position(|(key, _)| key == name) else {
                    continue;
                };
                place = found;
            }
            out.push(&members[place].1);
        }
        Ok(())
    }

    /// A value comes before what is inside it, so the results are in document order (RFC 9535,
    /// section 2.5.2.2).
    fn apply_segment(
        &self,
        segment: &PathSegment,
        node: &'v Value,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), SearchLimitExceeded> {
        for selector in &segment.selectors {
            self.apply_selector(selector, node, out)?;
        }
        if !segment.is_descendant {
            return Ok(());
        }
        // The recursion is as deep as the document, which the JSON reader limits to 128 levels.
        children(node).try_for_each(|child| self.apply_segment(segment, child, out))
    }

    fn apply_selector(
        &self,
        selector: &PathSelector,
        node: &'v Value,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), SearchLimitExceeded> {
        // Paid before the work: a selector that finds nothing has cost time as well.
        self.charge(1)?;
        match selector {
            PathSelector::Name(_) | PathSelector::Index(_) => {
                out.extend(select_child(selector, node));
            }
            PathSelector::Wildcard => {
                for child in children(node) {
                    self.charge(1)?;
                    out.push(child);
                }
            }
            PathSelector::Slice(slice) => {
                self.apply_slice(*slice, node.as_list().unwrap_or_default(), out)?;
            }
            PathSelector::Filter(condition) => {
                for child in children(node) {
                    self.charge(1)?;
                    if self.holds(condition, child)? {
                        out.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    /// RFC 9535, section 2.3.4.2.2.
    fn apply_slice(
        &self,
        slice: SliceSelector,
        items: &'v [Value],
        out: &mut Vec<&'v Value>,
    ) -> Result<(), SearchLimitExceeded> {
        let (mut at, end) = slice_bounds(slice, items.len());
        // RFC 9535, section 2.3.4.2.2: a step of 0 selects nothing.
        while (slice.step > 0 && at < end) || (slice.step < 0 && at > end) {
            self.charge(1)?;
            out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
            at = at.saturating_add(slice.step);
        }
        Ok(())
    }
}

/// The first index of a slice, and the one that it does not reach any more.
fn slice_bounds(slice: SliceSelector, items: usize) -> (i64, i64) {
    let len = i64::try_from(items).unwrap_or(i64::MAX);
    let within = |at: Option<i64>, default: i64, low: i64, high: i64| {
        at.map_or(default, |at| normalize_index(at, items).clamp(low, high))
    };
    if slice.step >= 0 {
        (
            within(slice.start, 0, 0, len),
            within(slice.end, len, 0, len),
        )
    } else {
        // A slice that goes down can reach index 0, so the index that it stops before is -1.
        (
            within(slice.start, len - 1, -1, len - 1),
            within(slice.end, -1, -1, len - 1),
        )
    }
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let items = node.as_list().unwrap_or_default().iter();
    items.chain(
        node.as_object()
            .unwrap_or_default()
            .iter()
            .map(|(_, member)| member),
    )
}
