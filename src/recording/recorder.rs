//! Collects the exchanges of a run, file by file, and merges each file into the folder when its last request has ended.

use super::folder::{Change, Folder, FolderError};
use super::same::is_unchanged;
use super::whose::Whose;
use crate::jsonpath::JsonPath;
use crate::model::recording::{Exchange, Recording, same_request};
use std::collections::BTreeMap;

/// What of a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything, over what was recorded.
    All,
    /// Only requests that have no recorded answer.
    Missing,
}

/// What became of one recording.
#[derive(Debug)]
pub struct Written {
    pub name: String,
    pub result: Result<Change, Why>,
}

/// Why something is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It did not go as its file expects, which the run itself says.
    #[error("{0}")]
    Failed(String),
    /// It went well, and cannot be recorded.
    #[error("{0}")]
    Fault(String),
}

/// Everything that has been heard and is not written yet.
pub struct Recorder {
    folder: Folder,
    extent: Extent,
    /// A recording that is younger than this and still true is not touched, in milliseconds.
    fresh_ms: i64,
    heard: BTreeMap<Whose, Heard>,
    pub written: Vec<Written>,
}

/// The exchanges of one request file as one account, in the order in which they began.
#[derive(Default)]
struct Heard {
    exchanges: Vec<(String, Exchange)>,
    /// Where those of the present unit begin.
    unit_from: usize,
    /// Why those of the present unit are not to be written.
    refused: Option<Why>,
    /// Something of the file was not reached, so what was recorded of it stays.
    is_partial: bool,
    said: Vec<Why>,
}

impl Heard {
    /// A unit that has not ended says nothing.
    fn ended(mut self) -> Self {
        self.is_partial |= self.exchanges.len() > self.unit_from;
        self.exchanges.truncate(self.unit_from);
        self
    }
}

/// What a recording is made of, besides what was heard.
pub struct Source<'s> {
    pub scheme: &'s str,
    pub masks: Vec<JsonPath>,
    pub now_ms: i64,
}

impl Recorder {
    #[must_use]
    pub fn new(folder: Folder, extent: Extent, fresh_ms: i64) -> Self {
        Self { folder, extent, fresh_ms, heard: BTreeMap::new(), written: Vec::new() }
    }

    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// An exchange of a file that went as its file expects.
    pub fn hear(&mut self, whose: &Whose, scheme: &str, exchange: Exchange) {
        self.of(whose).exchanges.push((scheme.to_owned(), exchange));
    }

    /// What the present unit of a file brought is not to be written.
    pub fn refuse(&mut self, whose: &Whose, why: Why) {
        self.of(whose).refused.get_or_insert(why);
    }

    fn of(&mut self, whose: &Whose) -> &mut Heard {
        self.heard.entry(whose.clone()).or_default()
    }

    /// A unit of a file has ended; `is_whole` says that all of its steps were reached.
    pub fn end_unit(&mut self, whose: &Whose, is_whole: bool) {
        let Some(heard) = self.heard.get_mut(whose) else { return };
        heard.is_partial |= !is_whole || heard.refused.is_some();
        if let Some(reason) = heard.refused.take() {
            heard.exchanges.truncate(heard.unit_from);
            if !heard.said.contains(&reason) {
                heard.said.push(reason);
            }
        }
        heard.unit_from = heard.exchanges.len();
    }

    /// Fixtures are used by many units, and end with the run.
    pub fn end_fixtures(&mut self) {
        let fixtures: Vec<Whose> = self.heard.keys().filter(|whose| whose.is_fixture()).cloned().collect();
        fixtures.iter().for_each(|whose| self.end_unit(whose, true));
    }

    /// Writes what was heard of a file, into one recording for each scheme. A file of which not every unit has ended keeps what it
    /// had besides.
    pub fn write(&mut self, file: &str, is_whole: bool, of: &dyn for<'s> Fn(&'s str) -> Source<'s>, main_scheme: &str) {
        let Some(heard) = self.all_of(file) else { return };
        for reason in &heard.said {
            self.written.push(Written { name: file.to_owned(), result: Err(reason.clone()) });
        }
        let mut schemes: Vec<&str> = heard.exchanges.iter().map(|(scheme, _)| scheme.as_str()).collect();
        schemes.sort_unstable();
        schemes.dedup();
        for scheme in schemes {
            let name = if scheme == main_scheme { file.to_owned() } else { format!("{file}.{scheme}") };
            let new: Vec<&Exchange> =
                heard.exchanges.iter().filter(|(other, _)| other == scheme).map(|(_, exchange)| exchange).collect();
            let result = self.merge(&name, &new, heard.is_partial || !is_whole, &of(scheme));
            self.written.push(Written { name, result: result.map_err(|error| Why::Fault(error.to_string())) });
        }
    }

    /// What was heard of a file, of all its accounts, in their order.
    fn all_of(&mut self, file: &str) -> Option<Heard> {
        let whose: Vec<Whose> = self.heard.keys().filter(|whose| whose.file == file).cloned().collect();
        let mut heard = whose.iter().filter_map(|whose| self.heard.remove(whose)).map(Heard::ended);
        let mut all = heard.next()?;
        for other in heard {
            all.exchanges.extend(other.exchanges);
            all.is_partial |= other.is_partial;
            all.said.extend(other.said.into_iter().filter(|why| !all.said.contains(why)).collect::<Vec<_>>());
        }
        Some(all)
    }

    fn merge(&self, name: &str, new: &[&Exchange], is_partial: bool, source: &Source<'_>) -> Result<Change, FolderError> {
        self.folder.update(name, &mut |old| {
            if let Some(reason) = old.and_then(|old| unfit(old, source.scheme)) {
                return Err(reason);
            }
            let before = old.map(|old| old.exchanges.as_slice()).unwrap_or_default();
            let exchanges = match self.extent {
                Extent::Missing => added(before, new),
                Extent::All => self.merged(before, new, is_partial, &source.masks),
            };
            let is_same = exchanges.len() == before.len()
                && exchanges.iter().zip(before).all(|(new, old)| is_unchanged(old, new, &[], self.folder.root()));
            let recorded = old.and_then(|old| old.recorded_ms);
            let is_fresh = recorded.is_some_and(|recorded| source.now_ms - recorded < self.fresh_ms);
            let recorded_ms = if is_same && is_fresh { recorded } else { Some(source.now_ms) };
            let (name, scheme) = (name.to_owned(), source.scheme.to_owned());
            Ok(Recording { name, scheme, recorded_ms, is_written: true, exchanges, resources: Vec::new() })
        })
    }

    /// What was heard takes the place of what its accounts had; an exchange that is still true stays as it stands.
    fn merged(&self, before: &[Exchange], new: &[&Exchange], is_partial: bool, masks: &[JsonPath]) -> Vec<Exchange> {
        let is_replaced = |old: &Exchange| {
            let same_account = |new: &&&Exchange| old.request.account.is_none() || old.request.account == new.request.account;
            let mut rivals = new.iter().filter(same_account);
            if is_partial { rivals.any(|new| same_request(&old.request, &new.request)) } else { rivals.next().is_some() }
        };
        let mut all: Vec<Exchange> = before.iter().filter(|old| !is_replaced(old)).cloned().collect();
        let root = self.folder.root();
        let mut heard: Vec<Exchange> = Vec::new();
        for exchange in new {
            let same = |other: &&Exchange| same_request(&other.request, &exchange.request);
            // The last answer answers again and again, so a second equal one says nothing.
            if heard.iter().rev().find(same).is_some_and(|last| is_unchanged(last, exchange, masks, root)) {
                continue;
            }
            let turn = heard.iter().filter(same).count();
            let old = before.iter().filter(same).nth(turn).filter(|old| is_unchanged(old, exchange, masks, root));
            heard.push(old.unwrap_or(exchange).clone());
        }
        all.extend(heard);
        all.sort_by(|left, right| left.request.account.cmp(&right.request.account));
        all
    }
}

fn unfit(old: &Recording, scheme: &str) -> Option<String> {
    if !old.resources.is_empty() {
        return Some("it holds `resources`, which are written by hand: move them to a file of their own".to_owned());
    }
    let stub = |exchange: &Exchange| exchange.times.is_some() || exchange.delay.is_some();
    if old.exchanges.iter().any(stub) {
        return Some("it holds stubs, with `times` or `delay`: move them to a file of their own".to_owned());
    }
    (old.scheme != scheme).then(|| format!("it is a recording of `{}`, and this is one of `{scheme}`", old.scheme))
}

/// Requests that have no answer yet.
fn added(before: &[Exchange], new: &[&Exchange]) -> Vec<Exchange> {
    let is_new = |new: &&&Exchange| !before.iter().any(|old| same_request(&old.request, &new.request));
    before.iter().chain(new.iter().filter(is_new).copied()).cloned().collect()
}
