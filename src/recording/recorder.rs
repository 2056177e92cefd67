//! Collects the exchanges of a run, file by file, and merges each file into the folder when its
//! last request has ended.

use super::folder::{FileChange, FolderError, NotRecordable, RecordingFolder};
use super::recording_key::RecordingKey;
use super::unchanged::{ExchangeComparisonError, is_unchanged};
use crate::model::recording::{
    RecordedExchange, RecordedRequest, Recording, is_same_request, request_fingerprint,
};
use crate::model::value_path::ValuePath;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What of a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordScope {
    /// Everything, over what was recorded.
    All,
    /// Only requests that have no recorded answer.
    Missing,
}

/// What became of one recording.
#[derive(Debug)]
pub(crate) struct WriteOutcome {
    pub(crate) name: String,
    pub(crate) result: Result<FileChange, SkipReason>,
}

/// Why something is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SkipReason {
    /// The unit failed. The run reports why.
    #[error("{0}")]
    NotAsExpected(String),
    /// The unit passed, and its exchanges cannot be recorded.
    #[error("{0}")]
    CannotRecord(String),
}

/// The exchanges that were captured and are not written yet.
pub(crate) struct Recorder {
    folder: RecordingFolder,
    record_scope: RecordScope,
    /// A recording that is younger than this and still true is not touched, in milliseconds.
    fresh_for_ms: i64,
    captured: BTreeMap<RecordingKey, CapturedExchanges>,
    pub(crate) write_outcomes: Vec<WriteOutcome>,
}

/// The exchanges of one request file as one account, in the order in which they began.
#[derive(Default)]
struct CapturedExchanges {
    exchanges: Vec<(String, RecordedExchange)>,
    /// Where those of the present unit begin.
    unit_start: usize,
    /// Why those of the present unit are not to be written.
    unit_skip_reason: Option<SkipReason>,
    /// Something of the file was not reached, so what was recorded of it stays.
    is_partial: bool,
    skip_reasons: Vec<SkipReason>,
}

impl CapturedExchanges {
    fn by_scheme(&self) -> BTreeMap<&str, Vec<&RecordedExchange>> {
        let mut schemes: BTreeMap<&str, Vec<&RecordedExchange>> = BTreeMap::new();
        for (scheme, exchange) in &self.exchanges {
            schemes.entry(scheme).or_default().push(exchange);
        }
        schemes
    }

    /// A unit that has not ended may still fail, so its exchanges are not written.
    fn without_open_unit(mut self) -> Self {
        self.is_partial |= self.exchanges.len() > self.unit_start;
        self.exchanges.truncate(self.unit_start);
        self
    }
}

/// What a recording is made of, besides what was heard.
pub(crate) struct RecordingSource<'s> {
    pub(crate) scheme: &'s str,
    pub(crate) masks: Vec<ValuePath>,
    pub(crate) now_ms: i64,
}

impl Recorder {
    #[must_use]
    pub(crate) fn new(folder: RecordingFolder, extent: RecordScope, fresh_ms: i64) -> Self {
        Self {
            folder,
            record_scope: extent,
            fresh_for_ms: fresh_ms,
            captured: BTreeMap::new(),
            write_outcomes: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn record_scope(&self) -> RecordScope {
        self.record_scope
    }

    /// An exchange of a file that went as its file expects.
    pub(crate) fn capture(
        &mut self,
        whose: &RecordingKey,
        scheme: &str,
        exchange: RecordedExchange,
    ) {
        self.captured_for(whose)
            .exchanges
            .push((scheme.to_owned(), exchange));
    }

    /// What the present unit of a file brought is not to be written.
    pub(crate) fn skip_unit(&mut self, whose: &RecordingKey, why: SkipReason) {
        self.captured_for(whose).unit_skip_reason.get_or_insert(why);
    }

    fn captured_for(&mut self, whose: &RecordingKey) -> &mut CapturedExchanges {
        self.captured.entry(whose.clone()).or_default()
    }

    /// A unit of a file has ended; `is_whole` says that all of its steps were reached.
    pub(crate) fn end_unit(&mut self, whose: &RecordingKey, is_whole: bool) {
        let Some(heard) = self.captured.get_mut(whose) else {
            return;
        };
        // A partial file is merged, not replaced: the exchanges of steps that were not reached
        // would be deleted otherwise.
        heard.is_partial |= !is_whole || heard.unit_skip_reason.is_some();
        if let Some(reason) = heard.unit_skip_reason.take() {
            heard.exchanges.truncate(heard.unit_start);
            if !heard.skip_reasons.contains(&reason) {
                heard.skip_reasons.push(reason);
            }
        }
        heard.unit_start = heard.exchanges.len();
    }

    /// Fixtures are used by many units, and end with the run.
    pub(crate) fn end_fixtures(&mut self) {
        let fixtures: Vec<RecordingKey> = self
            .captured
            .keys()
            .filter(|whose| whose.is_fixture())
            .cloned()
            .collect();
        fixtures.iter().for_each(|whose| self.end_unit(whose, true));
    }

    /// Writes what was heard of a file, into one recording for each scheme. A file of which not
    /// every unit has ended keeps what it had besides.
    pub(crate) fn write_file(
        &mut self,
        file: &str,
        is_whole: bool,
        of: &dyn for<'s> Fn(&'s str) -> RecordingSource<'s>,
        main_scheme: &str,
    ) {
        let Some(heard) = self.take_captured(file) else {
            return;
        };
        for reason in &heard.skip_reasons {
            self.write_outcomes.push(WriteOutcome {
                name: file.to_owned(),
                result: Err(reason.clone()),
            });
        }
        for (scheme, new) in heard.by_scheme() {
            let name = if scheme == main_scheme {
                file.to_owned()
            } else {
                format!("{file}.{scheme}")
            };
            let result = self.merge(&name, &new, heard.is_partial || !is_whole, &of(scheme));
            // An error of one file does not stop the others: what they recorded cost real calls.
            self.write_outcomes.push(WriteOutcome {
                name,
                result: result.map_err(|error| SkipReason::CannotRecord(error.to_string())),
            });
        }
    }

    /// What was heard of a file, of all its accounts, in their order.
    fn take_captured(&mut self, file: &str) -> Option<CapturedExchanges> {
        let whose: Vec<RecordingKey> = self
            .captured
            .keys()
            .filter(|whose| whose.file == file)
            .cloned()
            .collect();
        let mut heard = whose
            .iter()
            .filter_map(|whose| self.captured.remove(whose))
            .map(CapturedExchanges::without_open_unit);
        let mut all = heard.next()?;
        for other in heard {
            all.exchanges.extend(other.exchanges);
            all.is_partial |= other.is_partial;
            all.skip_reasons.extend(
                other
                    .skip_reasons
                    .into_iter()
                    .filter(|why| !all.skip_reasons.contains(why))
                    .collect::<Vec<_>>(),
            );
        }
        Some(all)
    }

    fn merge(
        &self,
        name: &str,
        new: &[&RecordedExchange],
        is_partial: bool,
        source: &RecordingSource<'_>,
    ) -> Result<FileChange, FolderError> {
        self.folder.update(name, &mut |old| {
            self.merged_recording(name, old, new, is_partial, source)
        })
    }

    fn merged_recording(
        &self,
        name: &str,
        old: Option<&Recording>,
        new: &[&RecordedExchange],
        is_partial: bool,
        source: &RecordingSource<'_>,
    ) -> Result<Recording, NotRecordable> {
        if let Some(old) = old {
            check_recordable(old, source.scheme)?;
        }
        let before = old.map(|old| old.exchanges.as_slice()).unwrap_or_default();
        let exchanges = match self.record_scope {
            RecordScope::Missing => append_missing(before, new),
            RecordScope::All => self.merged_exchanges(before, new, is_partial, &source.masks)?,
        };
        Ok(Recording {
            name: name.to_owned(),
            scheme: source.scheme.to_owned(),
            recorded_ms: Some(self.recorded_time(old, &exchanges, source.now_ms)?),
            is_generated: true,
            exchanges,
            resources: Vec::new(),
        })
    }

    /// The date of a recording changes only when it has to, so that recording an unchanged
    /// marketplace every day gives no difference to commit.
    fn recorded_time(
        &self,
        old: Option<&Recording>,
        exchanges: &[RecordedExchange],
        now_ms: i64,
    ) -> Result<i64, ExchangeComparisonError> {
        let Some((old, recorded)) = old.and_then(|old| Some((old, old.recorded_ms?))) else {
            return Ok(now_ms);
        };
        let is_fresh = now_ms - recorded < self.fresh_for_ms;
        let keeps_date = is_fresh && self.are_unchanged(&old.exchanges, exchanges)?;
        Ok(if keeps_date { recorded } else { now_ms })
    }

    fn are_unchanged(
        &self,
        before: &[RecordedExchange],
        after: &[RecordedExchange],
    ) -> Result<bool, ExchangeComparisonError> {
        // `zip` ends with the shorter list and would ignore what was added or removed.
        if before.len() != after.len() {
            return Ok(false);
        }
        for (old, new) in before.iter().zip(after) {
            if !is_unchanged(old, new, &[], self.folder.root())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// New exchanges replace those that the same accounts had; an exchange whose response is still
    /// the same stays as it stands.
    fn merged_exchanges(
        &self,
        before: &[RecordedExchange],
        new: &[&RecordedExchange],
        is_partial: bool,
        masks: &[ValuePath],
    ) -> Result<Vec<RecordedExchange>, ExchangeComparisonError> {
        let accounts: HashSet<&Option<String>> =
            new.iter().map(|new| &new.request.account).collect();
        let index = ExchangeIndex::new(new.iter().copied());
        let is_replaced = |old: &RecordedExchange| {
            if is_partial {
                index.is_recorded_again(&old.request)
            } else {
                let account = &old.request.account;
                !new.is_empty() && (account.is_none() || accounts.contains(account))
            }
        };
        let mut all: Vec<RecordedExchange> = before
            .iter()
            .filter(|old| !is_replaced(old))
            .cloned()
            .collect();
        all.extend(self.changed_exchanges(before, new, masks)?);
        // Runs in parallel end in any order; the file lists accounts in one order.
        all.sort_by(|left, right| left.request.account.cmp(&right.request.account));
        Ok(all)
    }

    /// The new exchanges, each as it was recorded before where its response has not changed.
    fn changed_exchanges(
        &self,
        before: &[RecordedExchange],
        new: &[&RecordedExchange],
        masks: &[ValuePath],
    ) -> Result<Vec<RecordedExchange>, ExchangeComparisonError> {
        let root = self.folder.root();
        let known = ExchangeIndex::new(before);
        let mut captured = ExchangeIndex::default();
        let mut kept = Vec::new();
        for exchange in new {
            let earlier = captured.same(&exchange.request);
            // A replay repeats the last response of a request, so a second equal one adds nothing.
            if let Some(last) = earlier.last()
                && is_unchanged(last, exchange, masks, root)?
            {
                continue;
            }
            let recorded = match known.same(&exchange.request).get(earlier.len()) {
                Some(old) if is_unchanged(old, exchange, masks, root)? => old,
                _ => *exchange,
            };
            captured.add(recorded);
            kept.push(recorded.clone());
        }
        Ok(kept)
    }
}

/// Exchanges by their requests.
#[derive(Default)]
struct ExchangeIndex<'e> {
    by_fingerprint: HashMap<u64, Vec<&'e RecordedExchange>>,
}

impl<'e> ExchangeIndex<'e> {
    fn new(exchanges: impl IntoIterator<Item = &'e RecordedExchange>) -> Self {
        let mut index = Self::default();
        for exchange in exchanges {
            index.add(exchange);
        }
        index
    }

    fn add(&mut self, exchange: &'e RecordedExchange) {
        let fingerprint = request_fingerprint(&exchange.request);
        let similar = self.by_fingerprint.entry(fingerprint).or_default();
        similar.push(exchange);
    }

    fn similar(&self, request: &RecordedRequest) -> &[&'e RecordedExchange] {
        let similar = self.by_fingerprint.get(&request_fingerprint(request));
        similar.map(Vec::as_slice).unwrap_or_default()
    }

    /// The exchanges of a request, in order.
    fn same(&self, request: &RecordedRequest) -> Vec<&'e RecordedExchange> {
        let similar = self.similar(request).iter().copied();
        similar
            .filter(|other| is_same_request(&other.request, request))
            .collect()
    }

    /// Whether one of these is the same request again.
    fn is_recorded_again(&self, old: &RecordedRequest) -> bool {
        let mut similar = self.similar(old).iter();
        similar.any(|new| is_recorded_again(old, &new.request))
    }
}

/// A file that a person wrote is never overwritten: a stub stands for a response that the
/// marketplace does not give on demand.
fn check_recordable(old: &Recording, scheme: &str) -> Result<(), NotRecordable> {
    let is_stub = |exchange: &RecordedExchange| {
        exchange.times.is_some() || exchange.delay.is_some() || exchange.then_push.is_some()
    };
    if !old.resources.is_empty() {
        Err(NotRecordable::HoldsResources)
    } else if old.exchanges.iter().any(is_stub) {
        Err(NotRecordable::HoldsStubs)
    } else if old.scheme != scheme {
        Err(NotRecordable::OtherScheme {
            recorded: old.scheme.clone(),
            scheme: scheme.to_owned(),
        })
    } else {
        Ok(())
    }
}

/// Whether a request is one that was recorded before, or may be: a recording of format 1 does not
/// say with which headers it was sent.
fn is_recorded_again(old: &RecordedRequest, new: &RecordedRequest) -> bool {
    if old.headers.is_complete || !old.headers.pairs.is_empty() {
        return is_same_request(old, new);
    }
    let old = RecordedRequest {
        headers: new.headers.clone(),
        ..old.clone()
    };
    is_same_request(&old, new)
}

/// Requests that have no answer yet.
fn append_missing(before: &[RecordedExchange], new: &[&RecordedExchange]) -> Vec<RecordedExchange> {
    let known = ExchangeIndex::new(before);
    let is_new = |new: &&&RecordedExchange| known.same(&new.request).is_empty();
    before
        .iter()
        .chain(new.iter().filter(is_new).copied())
        .cloned()
        .collect()
}
