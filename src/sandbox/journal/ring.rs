//! The last requests, bounded in number and in bytes.

use super::diagnosis::DiagnosisWorker;
use super::entry::{ArrivedCall, DiagnosisState, JournalEntry, ReplyVerdict};
use super::filter::{JournalFilter, PushFilter};
use super::push_ring::SentPushes;
use super::signature_report::SignatureReport;
use crate::sandbox::pushes::SentPush;
use crate::value::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The most requests that are kept.
const MAX_ENTRIES: usize = 1_000;
/// The most memory that they take, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// What a sink gets.
pub enum JournalLine<'j> {
    Request(&'j JournalEntry),
    Push(&'j SentPush),
}

impl JournalLine<'_> {
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Request(entry) => entry.to_text(),
            Self::Push(push) => push.to_text(),
        }
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Request(entry) => entry.to_json(),
            Self::Push(push) => push.to_json(),
        }
    }
}

/// Gets every request and push once, when everything about it is known.
type JournalSink = Box<dyn Fn(&JournalLine<'_>) + Send + Sync>;

/// The requests that the marketplaces of one sandbox answered.
pub struct RequestJournal {
    schemes: Vec<String>,
    kept: Mutex<KeptEntries>,
    pushes: Mutex<SentPushes>,
    changed: Notify,
    sink: Option<JournalSink>,
    worker: DiagnosisWorker,
}

impl std::fmt::Debug for RequestJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestJournal").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct KeptEntries {
    /// By number, ascending.
    entries: VecDeque<JournalEntry>,
    bytes: usize,
    /// How many requests were answered since the start.
    answered: u64,
    /// How many were removed because there was no room.
    forgotten: u64,
}

impl RequestJournal {
    /// A journal of these schemes, that hands each request to `sink`.
    ///
    /// # Errors
    /// When the thread that examines signatures cannot be started.
    pub fn start(schemes: Vec<String>, sink: Option<JournalSink>) -> std::io::Result<Arc<Self>> {
        let (worker, jobs) = DiagnosisWorker::new();
        let journal = Arc::new(Self {
            schemes,
            kept: Mutex::default(),
            pushes: Mutex::default(),
            changed: Notify::new(),
            sink,
            worker,
        });
        // Not an `Arc`: the thread would keep the journal, and with it itself, forever.
        let listener = Arc::downgrade(&journal);
        jobs.run(move |number, report| {
            if let Some(journal) = listener.upgrade() {
                journal.finish(number, report);
            }
        })?;
        Ok(journal)
    }

    fn kept(&self) -> MutexGuard<'_, KeptEntries> {
        // Entries are whole after each step, so a panic elsewhere leaves nothing half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request that was answered. A refused signature is examined later.
    pub(crate) fn record(&self, call: ArrivedCall, status: Option<u16>, verdict: ReplyVerdict) {
        let (suspect, needed) = match verdict.suspect {
            Some(suspect) => (Some(suspect), DiagnosisState::Pending),
            None => (None, DiagnosisState::NotNeeded),
        };
        let mut entry = JournalEntry {
            number: 0,
            call,
            status,
            kind: verdict.kind,
            fault: verdict.fault,
            location: verdict.location,
            note: verdict.note,
            account: verdict.account,
            diagnosis: needed,
        };
        let mut kept = self.kept();
        kept.answered += 1;
        entry.number = kept.answered;
        // Submitted while the entries are locked: the report must find its entry.
        let refused = suspect.and_then(|suspect| self.worker.submit(entry.number, suspect).err());
        if let Some(reason) = refused {
            entry.diagnosis = DiagnosisState::LeftOut(reason);
        }
        if !entry.is_pending()
            && let Some(sink) = &self.sink
        {
            sink(&JournalLine::Request(&entry));
        }
        kept.push(entry);
        drop(kept);
        self.changed.notify_waiters();
    }

    fn pushes(&self) -> MutexGuard<'_, SentPushes> {
        self.pushes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a push that was sent, or could not be; with its number.
    pub(crate) fn record_push(&self, sent: SentPush) -> SentPush {
        let mut pushes = self.pushes();
        let sent = pushes.add(sent);
        if let Some(sink) = &self.sink {
            sink(&JournalLine::Push(&sent));
        }
        drop(pushes);
        self.changed.notify_waiters();
        sent
    }

    /// The pushes that match, with their counts. Waits for the first one, at most as long as the
    /// filter says.
    pub(crate) async fn read_pushes(&self, filter: &PushFilter) -> Value {
        self.wait_until(filter.wait, |is_over| {
            let pushes = self.pushes();
            (is_over || pushes.has_match(filter)).then(|| pushes.to_json(filter))
        })
        .await
    }

    /// Removes the pushes of one scheme.
    pub(crate) fn clear_pushes(&self, scheme: &str) {
        self.pushes().clear(scheme);
    }

    /// Whether it is a journal of this scheme.
    pub(crate) fn knows(&self, scheme: &str) -> bool {
        self.schemes.iter().any(|known| known == scheme)
    }

    /// Adds what the examination of a signature found.
    fn finish(&self, number: u64, report: Result<SignatureReport, &'static str>) {
        let state = match report {
            Ok(report) => DiagnosisState::Done(Arc::new(report)),
            Err(reason) => DiagnosisState::LeftOut(reason),
        };
        let mut kept = self.kept();
        let finished = kept.finish(number, state);
        if let (Some(entry), Some(sink)) = (finished, &self.sink) {
            sink(&JournalLine::Request(&entry));
        }
        drop(kept);
        self.changed.notify_waiters();
    }

    /// The entries that match, with the counts of the journal. Waits for the first one, and for
    /// what is still examined, at most as long as the filter says.
    pub(crate) async fn read(&self, filter: &JournalFilter) -> Value {
        self.wait_until(filter.wait, |is_over| {
            let kept = self.kept();
            (is_over || kept.is_complete(filter)).then(|| kept.to_json(filter))
        })
        .await
    }

    /// What `look` finds, at once or after a change. It is told when the time is over, and finds
    /// something then.
    async fn wait_until(
        &self,
        wait: Option<Duration>,
        look: impl Fn(bool) -> Option<Value>,
    ) -> Value {
        let until = Instant::now() + wait.unwrap_or(Duration::ZERO);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look: what happens after it must wake this one.
            changed.as_mut().enable();
            if let Some(found) = look(Instant::now() >= until) {
                return found;
            }
            // The time is looked at above, on both outcomes.
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// Removes the entries of one scheme, or all; how many.
    pub(crate) fn clear(&self, scheme: Option<&str>) -> usize {
        let mut kept = self.kept();
        let before = kept.entries.len();
        kept.entries
            .retain(|entry| scheme.is_some_and(|scheme| *entry.call.scheme != *scheme));
        kept.bytes = kept.entries.iter().map(JournalEntry::size).sum();
        before - kept.entries.len()
    }
}

impl KeptEntries {
    fn push(&mut self, entry: JournalEntry) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.size().min(self.bytes);
            self.forgotten += 1;
        }
    }

    fn finish(&mut self, number: u64, state: DiagnosisState) -> Option<JournalEntry> {
        let at = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number)
            .ok()?;
        let entry = self.entries.get_mut(at)?;
        let before = entry.size();
        entry.diagnosis = state;
        self.bytes = self.bytes + entry.size() - before;
        let finished = entry.clone();
        // This can remove the entry itself, if it was the oldest.
        self.make_room();
        Some(finished)
    }

    fn matching<'k>(&'k self, filter: &'k JournalFilter) -> impl Iterator<Item = &'k JournalEntry> {
        self.entries.iter().filter(|entry| filter.matches(entry))
    }

    /// Whether something matches, and all of it is examined.
    fn is_complete(&self, filter: &JournalFilter) -> bool {
        let mut matching = self.matching(filter).peekable();
        matching.peek().is_some() && matching.all(|entry| !entry.is_pending())
    }

    fn to_json(&self, filter: &JournalFilter) -> Value {
        let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        Value::Object(vec![
            (
                "requests".into(),
                Value::List(self.matching(filter).map(JournalEntry::to_value).collect()),
            ),
            ("answered".into(), number(self.answered)),
            ("forgotten".into(), number(self.forgotten)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(target: String) -> ArrivedCall {
        ArrivedCall {
            at_ms: 0,
            scheme: "a".into(),
            method: "GET".to_owned(),
            target,
        }
    }

    #[test]
    fn the_journal_forgets_the_oldest_by_number_and_by_bytes() {
        let journal = RequestJournal::start(Vec::new(), None).unwrap();
        for number in 0..100_000 {
            journal.record(
                call(format!("/{number}")),
                Some(200),
                ReplyVerdict::default(),
            );
        }
        let kept = journal.kept();
        assert_eq!(kept.entries.len(), MAX_ENTRIES);
        assert_eq!(kept.entries.back().unwrap().number, 100_000);
        assert_eq!(kept.forgotten, 99_000);
        drop(kept);
        for _ in 0..200 {
            let long = "x".repeat(1 << 20);
            journal.record(call(long), Some(200), ReplyVerdict::default());
            assert!(journal.kept().bytes <= MAX_BYTES);
        }
        let kept = journal.kept();
        assert_eq!(
            kept.bytes,
            kept.entries.iter().map(JournalEntry::size).sum::<usize>()
        );
        assert_eq!(kept.entries.len(), 7);
        assert_eq!(kept.answered, 100_200);
    }
}
