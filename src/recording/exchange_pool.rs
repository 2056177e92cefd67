//! The recorded exchanges of one scheme: the next one for a request, or the nearest one with its
//! differences.

use super::request_match::{
    differences, has_placeholder, is_free_of_placeholders, matches_request,
};
use crate::model::recording::{RecordedExchange, RecordedRequest, Recording, is_same_request};
use crate::model::workspace::Workspace;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Every recorded exchange of one scheme. Those of one request in one file are served in order,
/// each as often as its `times` says.
#[derive(Debug, Default)]
pub(crate) struct ExchangePool {
    groups: Vec<ExchangeGroup>,
    /// Path → its groups, in order; those with a placeholder in their path stand under none.
    by_path: HashMap<String, Vec<usize>>,
}

/// The exchanges of one request in one file.
#[derive(Debug)]
struct ExchangeGroup {
    request: RecordedRequest,
    file: String,
    /// When the file was recorded, in Unix milliseconds; a stub is older than any.
    recorded_ms: i64,
    exchanges: Vec<RecordedExchange>,
    served_count: u32,
    /// Its request has no placeholders. Such a request is tried before one that has some.
    is_free_of_placeholders: bool,
    /// A newer file has the same request, so this one serves only its own request file.
    is_superseded: bool,
}

impl ExchangeGroup {
    fn new(recording: &Recording, exchange: &RecordedExchange) -> Self {
        Self {
            request: exchange.request.clone(),
            file: recording.name.clone(),
            recorded_ms: recording.recorded_ms.unwrap_or(i64::MIN),
            exchanges: vec![exchange.clone()],
            served_count: 0,
            is_free_of_placeholders: is_free_of_placeholders(&exchange.request),
            is_superseded: false,
        }
    }

    /// The exchange whose turn it is, unless all are used up.
    fn next_exchange(&mut self) -> Option<&RecordedExchange> {
        let turn = self.exchange_index(self.served_count);
        self.served_count = self.served_count.saturating_add(1);
        turn.map(|turn| &self.exchanges[turn])
    }

    fn exchange_index(&self, given: u32) -> Option<usize> {
        let (mut before, last) = (0_u32, self.exchanges.len() - 1);
        self.exchanges
            .iter()
            .enumerate()
            .position(|(index, exchange)| {
                let times = exchange
                    .times
                    .unwrap_or(if index == last { u32::MAX } else { 1 });
                before = before.saturating_add(times);
                given < before || before == u32::MAX
            })
    }

    /// The exchanges that were never served.
    fn unused(&self) -> &[RecordedExchange] {
        let used = self.served_count.checked_sub(1).map_or(0, |last| {
            self.exchange_index(last)
                .map_or(self.exchanges.len(), |turn| turn + 1)
        });
        &self.exchanges[used..]
    }
}

/// Why no recorded exchange answers.
#[derive(Debug, PartialEq, Eq)]
pub enum ReplayMiss {
    /// The nearest recorded request and how the one that was sent differs from it.
    NoMatch {
        nearest: Option<(String, Vec<String>)>,
    },
    /// A stub of this file was served as often as its `times` allows.
    Exhausted { file: String },
}

/// An exchange that no request used.
#[derive(Debug, PartialEq, Eq)]
pub struct UnusedExchange {
    pub file: String,
    /// `GET /path`
    pub request_line: String,
}

impl ExchangePool {
    #[must_use]
    pub(crate) fn for_scheme(workspace: &Workspace, scheme: &str) -> Self {
        let recordings = workspace
            .recordings
            .iter()
            .filter(|recording| recording.scheme == scheme);
        let mut groups: Vec<ExchangeGroup> = recordings.flat_map(group_by_request).collect();
        // Exact requests first, then the newest file: `matching_groups` returns indices, so this
        // order decides which exchange answers.
        groups.sort_by_key(|group| (!group.is_free_of_placeholders, Reverse(group.recorded_ms)));
        let mut pool = Self::default();
        for mut group in groups {
            let path = if has_placeholder(&group.request.path) {
                ""
            } else {
                group.request.path.as_str()
            };
            let others = pool.by_path.entry(path.to_owned()).or_default();
            group.is_superseded = others
                .iter()
                .any(|other| is_same_request(&pool.groups[*other].request, &group.request));
            others.push(pool.groups.len());
            pool.groups.push(group);
        }
        pool
    }

    /// The groups that match a request, in the order in which they are served.
    fn matching_groups(&self, sent: &RecordedRequest) -> Vec<usize> {
        let known = |path: &str| {
            self.by_path
                .get(path)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let mut places = [known(&sent.path), known("")].concat();
        places.retain(|place| matches_request(&self.groups[*place].request, sent));
        // The two lists are each in order. Their union must be as well, because the first match
        // wins.
        places.sort_unstable();
        places
    }

    /// The exchange that is recorded for this request without placeholders.
    pub(crate) fn take_exact(&mut self, sent: &RecordedRequest) -> Option<RecordedExchange> {
        let places = self.matching_groups(sent);
        let exact: Vec<usize> = places
            .into_iter()
            .filter(|place| self.groups[*place].is_free_of_placeholders)
            .collect();
        self.take_next(&exact, |group| !group.is_superseded)?
            .ok()
            .map(|(_, exchange)| exchange)
    }

    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub(crate) fn take_exchange(
        &mut self,
        sent: &RecordedRequest,
    ) -> Result<RecordedExchange, ReplayMiss> {
        let places = self.matching_groups(sent);
        let found = self
            .take_next(&places, |group| !group.is_superseded)
            .unwrap_or_else(|| Err(self.nearest_miss(sent)));
        found.map(|(_, exchange)| exchange)
    }

    /// The exchange for a request and its file. The own recording is used before any other.
    ///
    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub(crate) fn take_exchange_for(
        &mut self,
        is_own: &dyn Fn(&str) -> bool,
        sent: &RecordedRequest,
    ) -> Result<(String, RecordedExchange), ReplayMiss> {
        let places = self.matching_groups(sent);
        let own = self.take_next(&places, |group| is_own(&group.file));
        let other = |pool: &mut Self| pool.take_next(&places, |group| !group.is_superseded);
        own.or_else(|| other(self))
            .unwrap_or_else(|| Err(self.nearest_miss(sent)))
    }

    /// Whether an exchange is recorded for a request. No exchange is used up.
    #[must_use]
    pub(crate) fn has_exchange(
        &self,
        is_own: &dyn Fn(&str) -> bool,
        sent: &RecordedRequest,
    ) -> bool {
        self.matching_groups(sent)
            .iter()
            .any(|place| !self.groups[*place].is_superseded || is_own(&self.groups[*place].file))
    }

    /// The exchanges of these files that no request used.
    #[must_use]
    pub(crate) fn unused(&self, is_of: &dyn Fn(&str) -> bool) -> Vec<UnusedExchange> {
        let groups = self.groups.iter().filter(|group| is_of(&group.file));
        let unused = |group: &ExchangeGroup| {
            let line = format!("{} {}", group.request.method, group.request.path);
            group
                .unused()
                .iter()
                .map(|_| UnusedExchange {
                    file: group.file.clone(),
                    request_line: line.clone(),
                })
                .collect::<Vec<_>>()
        };
        groups.flat_map(unused).collect()
    }

    /// The first exchange at these places whose turn it is; `None` when there are none at all.
    fn take_next(
        &mut self,
        places: &[usize],
        counts: impl Fn(&ExchangeGroup) -> bool,
    ) -> Option<Result<(String, RecordedExchange), ReplayMiss>> {
        let mut used_up = None;
        for place in places {
            let group = &mut self.groups[*place];
            if !counts(group) {
                continue;
            }
            let file = group.file.clone();
            match group.next_exchange() {
                Some(exchange) => return Some(Ok((file, exchange.clone()))),
                // Another file may still have an exchange, so this is the answer only if none has.
                None => used_up = used_up.or(Some(Err(ReplayMiss::Exhausted { file }))),
            }
        }
        used_up
    }

    fn nearest_miss(&self, sent: &RecordedRequest) -> ReplayMiss {
        let path_first = |group: &&ExchangeGroup| {
            let differs = differences(&group.request, sent);
            (
                // A request of the same path with one other parameter is nearer than one of a
                // similar path.
                group.request.path != sent.path,
                differs.len(),
                strsim::levenshtein(&group.request.path, &sent.path),
            )
        };
        let nearest = self.groups.iter().min_by_key(path_first);
        ReplayMiss::NoMatch {
            nearest: nearest.map(|group| (group.file.clone(), differences(&group.request, sent))),
        }
    }
}

/// The exchanges of one file, by request.
fn group_by_request(recording: &Recording) -> Vec<ExchangeGroup> {
    let mut groups: Vec<ExchangeGroup> = Vec::new();
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for exchange in &recording.exchanges {
        let places = known.entry(exchange.request.path.as_str()).or_default();
        if let Some(place) = places
            .iter()
            .find(|place| is_same_request(&groups[**place].request, &exchange.request))
        {
            groups[*place].exchanges.push(exchange.clone());
        } else {
            places.push(groups.len());
            groups.push(ExchangeGroup::new(recording, exchange));
        }
    }
    groups
}
