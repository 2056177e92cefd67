//! Finds what a path names in a document. It refuses to clone any part of it and to look at more places than allowed.

use super::query::{Segment, Selector, Slice};
use super::{MAX_VISITS, Overrun};
use crate::value::Value;
use regex::Regex;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The value that a path of names and indices leads to.
pub(super) fn single<'v>(segments: &[Segment], from: &'v Value) -> Option<&'v Value> {
    segments.iter().try_fold(from, |node, segment| step(segment.as_step()?, node))
}

/// The child that a name or an index selects.
pub(super) fn step<'v>(selector: &Selector, node: &'v Value) -> Option<&'v Value> {
    match selector {
        Selector::Name(name) => node.get(name),
        Selector::Index(index) => {
            let items = node.as_list()?;
            items.get(usize::try_from(from_start(*index, items.len())).ok()?)
        }
        _ => None,
    }
}

fn from_start(index: i64, len: usize) -> i64 {
    if index < 0 { index.saturating_add_unsigned(len as u64) } else { index }
}

/// One search through one document.
pub(super) struct Walk<'v> {
    pub root: &'v Value,
    left: Cell<u32>,
    /// Expressions that came out of the document itself; `None` for those that are none.
    pub patterns: RefCell<HashMap<String, Option<Regex>>>,
}

impl<'v> Walk<'v> {
    pub fn new(root: &'v Value) -> Self {
        Self { root, left: Cell::new(MAX_VISITS), patterns: RefCell::default() }
    }

    /// Pays for work that is worth so many visits.
    pub fn pay(&self, visits: u32) -> Result<(), Overrun> {
        self.left.set(self.left.get().checked_sub(visits).ok_or(Overrun)?);
        Ok(())
    }

    /// Everything that the segments name, seen from `from`.
    pub fn all(&self, segments: &[Segment], from: &'v Value) -> Result<Vec<&'v Value>, Overrun> {
        let mut nodes = vec![from];
        for segment in segments {
            let mut next = Vec::new();
            if let Some(Selector::Name(name)) = segment.as_step() {
                self.members(name, &nodes, &mut next)?;
            } else {
                for node in nodes {
                    self.segment(segment, node, &mut next)?;
                }
            }
            nodes = next;
        }
        Ok(nodes)
    }

    /// The member of that name of each value. In the next object of a list it mostly stands where it stood in the last one.
    fn members(&self, name: &str, nodes: &[&'v Value], out: &mut Vec<&'v Value>) -> Result<(), Overrun> {
        let mut place = 0;
        for node in nodes {
            self.pay(1)?;
            let Some(members) = node.as_object() else { continue };
            if members.get(place).is_none_or(|(key, _)| key != name) {
                let Some(found) = members.iter().position(|(key, _)| key == name) else { continue };
                place = found;
            }
            out.push(&members[place].1);
        }
        Ok(())
    }

    /// A value comes before what is inside it, so the results are in document order (RFC 9535, section 2.5.2.2).
    fn segment(&self, segment: &Segment, node: &'v Value, out: &mut Vec<&'v Value>) -> Result<(), Overrun> {
        for selector in &segment.selectors {
            self.select(selector, node, out)?;
        }
        if !segment.descends {
            return Ok(());
        }
        children(node).try_for_each(|child| self.segment(segment, child, out))
    }

    fn select(&self, selector: &Selector, node: &'v Value, out: &mut Vec<&'v Value>) -> Result<(), Overrun> {
        self.pay(1)?;
        match selector {
            Selector::Name(_) | Selector::Index(_) => out.extend(step(selector, node)),
            Selector::Wildcard => {
                for child in children(node) {
                    self.pay(1)?;
                    out.push(child);
                }
            }
            Selector::Slice(slice) => self.slice(*slice, node.as_list().unwrap_or_default(), out)?,
            Selector::Filter(condition) => {
                for child in children(node) {
                    self.pay(1)?;
                    if self.holds(condition, child)? {
                        out.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    /// RFC 9535, section 2.3.4.2.2.
    fn slice(&self, slice: Slice, items: &'v [Value], out: &mut Vec<&'v Value>) -> Result<(), Overrun> {
        let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let within = |at: Option<i64>, default: i64, low: i64, high: i64| {
            at.map_or(default, |at| from_start(at, items.len()).clamp(low, high))
        };
        let (mut at, end) = if slice.step >= 0 {
            (within(slice.start, 0, 0, len), within(slice.end, len, 0, len))
        } else {
            (within(slice.start, len - 1, -1, len - 1), within(slice.end, -1, -1, len - 1))
        };
        while (slice.step > 0 && at < end) || (slice.step < 0 && at > end) {
            self.pay(1)?;
            out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
            at = at.saturating_add(slice.step);
        }
        Ok(())
    }
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let items = node.as_list().unwrap_or_default().iter();
    items.chain(node.as_object().unwrap_or_default().iter().map(|(_, member)| member))
}
