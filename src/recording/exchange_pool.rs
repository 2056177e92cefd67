//! The recorded exchanges of one scheme, and whose turn it is; or the nearest one, and what
//! differs.

use super::request_match::{
    differences, has_placeholder, is_free_of_placeholders, matches_request,
};
use crate::model::recording::{RecordedExchange, RecordedRequest, Recording, is_same_request};
use crate::model::workspace::Workspace;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Every recorded exchange of one scheme; those of one request in one file answer in order, each as
/// often as it says.
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
    /// It matches by its texts alone; such a request goes before one with placeholders.
    is_free_of_placeholders: bool,
    /// A newer file answers the same request, and so this one answers only for its own request
    /// file.
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

    /// Those whose turn never came.
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
    /// A stub of this file answered as often as it may.
    Exhausted { file: String },
}

/// An exchange that nobody asked for.
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

    /// Where a request can stand, in order.
    fn matching_groups(&self, sent: &RecordedRequest) -> Vec<usize> {
        let known = |path: &str| {
            self.by_path
                .get(path)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let mut places = [known(&sent.path), known("")].concat();
        places.retain(|place| matches_request(&self.groups[*place].request, sent));
        places.sort_unstable();
        places
    }

    /// The exchange that is recorded for just this request.
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

    /// What a request gets, and from which file: of its own recording before any other.
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

    /// Whether anything is recorded for a request, of its own file or of the pool; nothing is used
    /// up.
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

    /// Exchanges of these files that were never asked for.
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
                None => used_up = used_up.or(Some(Err(ReplayMiss::Exhausted { file }))),
            }
        }
        used_up
    }

    fn nearest_miss(&self, sent: &RecordedRequest) -> ReplayMiss {
        let path_first = |group: &&ExchangeGroup| {
            let differs = differences(&group.request, sent);
            (
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
