//! Finds the values of a path in a document. It clones no part of it, and visits no more places
//! than allowed.

use super::error::{MAX_VISITS, SearchLimitExceeded};
use super::query::{PathSegment, PathSelector, SliceSelector};
use crate::value::{DuplicateMember, JsonRef, MemberName};
use regex::Regex;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The child that a name or an index selects.
pub(super) fn select_child<'v>(selector: &PathSelector, node: JsonRef<'v>) -> Option<JsonRef<'v>> {
    match selector {
        PathSelector::Name(name) => node.member(name),
        PathSelector::Index(index) if *index >= 0 => {
            node.as_list()?.nth(usize::try_from(*index).ok()?)
        }
        PathSelector::Index(index) => {
            let len = node.as_list()?.count();
            node.as_list()?
                .nth(usize::try_from(normalize_index(*index, len)).ok()?)
        }
        _ => None,
    }
}

pub(super) fn normalize_index(index: i64, len: usize) -> i64 {
    if index < 0 {
        index.saturating_add_unsigned(len as u64)
    } else {
        index
    }
}

/// Which members a name selects where an object has several of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DuplicateMode {
    /// The last one; that there are others is kept as the finding of the search.
    Last,
    Every,
}

/// Takes what a part of a path has found.
type Take<'t, 'v> = dyn FnMut(JsonRef<'v>) -> Result<(), SearchLimitExceeded> + 't;

/// Whether a part of a path has found anything, wherever the rest of the path leads.
type Selection = Result<bool, SearchLimitExceeded>;

/// One search through one document.
pub(super) struct PathEvaluator<'v> {
    pub(super) root: JsonRef<'v>,
    mode: DuplicateMode,
    /// Whether a name stands again in any object of the text.
    has_duplicates: bool,
    visits_left: Cell<u32>,
    /// The first member that the search looked at and whose name stands again.
    duplicate: RefCell<Option<DuplicateMember>>,
    /// Expressions that came out of the document itself; `None` for those that are none.
    pub(super) regex_cache: RefCell<HashMap<String, Option<Regex>>>,
}

impl<'v> PathEvaluator<'v> {
    pub(super) fn new(root: JsonRef<'v>, mode: DuplicateMode) -> Self {
        Self {
            root,
            mode,
            has_duplicates: root.is_beside_duplicates(),
            visits_left: Cell::new(MAX_VISITS),
            duplicate: RefCell::default(),
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

    /// The first member that led to a result, and whose name stands again.
    pub(super) fn into_duplicate(self) -> Option<DuplicateMember> {
        self.duplicate.into_inner()
    }

    fn note_duplicate(&self, object: JsonRef<'v>, name: Option<&str>) {
        if !self.has_duplicates {
            return;
        }
        let mut first = self.duplicate.borrow_mut();
        if first.is_none() {
            *first = object.duplicate_member(name);
        }
    }

    /// The value that a path of names and indices leads to.
    pub(super) fn select_singular(
        &self,
        segments: &[PathSegment],
        from: JsonRef<'v>,
    ) -> Option<JsonRef<'v>> {
        segments.iter().try_fold(from, |node, segment| {
            let selector = segment.as_singular()?;
            if let PathSelector::Name(name) = selector {
                self.note_duplicate(node, Some(name));
            }
            select_child(selector, node)
        })
    }

    /// Everything that the segments name, seen from `from`.
    pub(super) fn select_all(
        &self,
        segments: &[PathSegment],
        from: JsonRef<'v>,
    ) -> Result<Vec<JsonRef<'v>>, SearchLimitExceeded> {
        let mut found = Vec::new();
        self.walk(segments, from, &mut |node| {
            found.push(node);
            Ok(())
        })?;
        Ok(found)
    }

    /// Gives everything that the segments name to `take`, in order. No list is made on the way.
    fn walk(
        &self,
        mut segments: &[PathSegment],
        mut node: JsonRef<'v>,
        take: &mut Take<'_, 'v>,
    ) -> Result<(), SearchLimitExceeded> {
        while let Some((segment, rest)) = segments.split_first() {
            let Some(selector) = self.unambiguous(segment) else {
                return self
                    .apply_segment(segment, node, &mut |found| self.walk(rest, found, take))
                    .map(drop);
            };
            self.charge(1)?;
            let Some(child) = select_child(selector, node) else {
                return Ok(());
            };
            (node, segments) = (child, rest);
        }
        take(node)
    }

    /// The selector of a segment that leads to one value at most, in this text too.
    fn unambiguous<'s>(&self, segment: &'s PathSegment) -> Option<&'s PathSelector> {
        segment.as_singular().filter(|_| !self.has_duplicates)
    }

    fn select_member(
        &self,
        name: &MemberName,
        node: JsonRef<'v>,
        take: &mut Take<'_, 'v>,
    ) -> Selection {
        self.note_duplicate(node, Some(name));
        let mut has_found = false;
        match self.mode {
            DuplicateMode::Last => {
                if let Some(member) = node.member(name) {
                    has_found = true;
                    take(member)?;
                }
            }
            DuplicateMode::Every => {
                for (_, member) in node.members().filter(|(key, _)| **key == **name) {
                    has_found = true;
                    take(member)?;
                }
            }
        }
        Ok(has_found)
    }

    /// Gives every element of a list, or every value of an object, to `visit`, which says whether it
    /// led to a result: only then does it matter whether its name stands again.
    fn visit_children(
        &self,
        node: JsonRef<'v>,
        mut visit: impl FnMut(JsonRef<'v>) -> Result<bool, SearchLimitExceeded>,
    ) -> Result<(), SearchLimitExceeded> {
        // Nearly always: an object without duplicates is read without its names.
        if !self.has_duplicates || node.duplicate_member(None).is_none() {
            return node.try_for_each_child(|child| visit(child).map(drop));
        }
        node.members().try_for_each(|(name, child)| {
            if visit(child)? {
                self.note_duplicate(node, Some(&name));
            }
            Ok(())
        })
    }

    /// A value comes before what is inside it, so the results are in document order (RFC 9535,
    /// section 2.5.2.2).
    fn apply_segment(
        &self,
        segment: &PathSegment,
        node: JsonRef<'v>,
        take: &mut Take<'_, 'v>,
    ) -> Selection {
        let mut has_found = false;
        for selector in &segment.selectors {
            has_found |= self.apply_selector(selector, node, take)?;
        }
        if segment.is_descendant {
            // The recursion is as deep as the document, which the JSON reader limits to 128 levels.
            self.visit_children(node, |child| {
                let is_result = self.apply_segment(segment, child, take)?;
                has_found |= is_result;
                Ok(is_result)
            })?;
        }
        Ok(has_found)
    }

    fn apply_selector(
        &self,
        selector: &PathSelector,
        node: JsonRef<'v>,
        take: &mut Take<'_, 'v>,
    ) -> Selection {
        // Paid before the work: a selector that finds nothing has cost time as well.
        self.charge(1)?;
        let mut has_found = false;
        match selector {
            PathSelector::Name(name) => return self.select_member(name, node, take),
            PathSelector::Index(_) => {
                if let Some(child) = select_child(selector, node) {
                    has_found = true;
                    take(child)?;
                }
            }
            PathSelector::Wildcard => {
                self.visit_children(node, |child| {
                    self.charge(1)?;
                    has_found = true;
                    take(child)?;
                    Ok(true)
                })?;
            }
            PathSelector::Slice(slice) => return self.apply_slice(*slice, node, take),
            PathSelector::Filter(condition) => {
                self.visit_children(node, |child| {
                    self.charge(1)?;
                    let holds = self.holds(condition, child)?;
                    if holds {
                        has_found = true;
                        take(child)?;
                    }
                    Ok(holds)
                })?;
            }
        }
        Ok(has_found)
    }

    /// RFC 9535, section 2.3.4.2.2.
    fn apply_slice(
        &self,
        slice: SliceSelector,
        node: JsonRef<'v>,
        take: &mut Take<'_, 'v>,
    ) -> Selection {
        let Some(items) = node.as_list() else {
            return Ok(false);
        };
        let (start, end) = slice_bounds(slice, node.len().unwrap_or_default());
        // Lists are read forward only, so a slice that goes down is turned round at its end.
        let (low, high) = if slice.step >= 0 {
            (start, end)
        } else {
            let steps = (start - end - 1) / slice.step.saturating_neg();
            (start - steps * slice.step.saturating_neg(), start + 1)
        };
        // RFC 9535, section 2.3.4.2.2: a step of 0 selects nothing.
        if slice.step == 0 || low >= high {
            return Ok(false);
        }
        let place = |index: i64| usize::try_from(index).unwrap_or_default();
        let step = usize::try_from(slice.step.unsigned_abs()).unwrap_or(usize::MAX);
        let mut sliced = Vec::new();
        for item in items.take(place(high)).skip(place(low)).step_by(step) {
            self.charge(1)?;
            sliced.push(item);
        }
        if slice.step < 0 {
            sliced.reverse();
        }
        sliced.iter().try_for_each(|item| take(*item))?;
        Ok(!sliced.is_empty())
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
