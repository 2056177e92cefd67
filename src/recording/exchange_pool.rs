//! The recorded exchanges of one scheme: the next one for a request, or the nearest one with its
//! differences.

use super::request_match::{
    are_headers_free_of_placeholders, differences, has_placeholder, is_free_of_placeholders,
    matches_request,
};
use crate::model::recording::{
    RecordedExchange, RecordedRequest, Recording, is_same_request, request_fingerprint,
};
use crate::model::workspace::Workspace;
use std::cmp::Reverse;
use std::collections::HashMap;

/// The most recorded requests that one miss is compared with, to name the nearest one.
const MAX_COMPARED: usize = 1_000;

/// An exchange that answers a request.
#[derive(Debug)]
pub(crate) struct TakenExchange {
    pub(crate) file: String,
    /// When its file was recorded, in Unix milliseconds; a stub does not say it.
    pub(crate) recorded_ms: Option<i64>,
    pub(crate) exchange: RecordedExchange,
}

/// Every recorded exchange of one scheme. Those of one request in one file are served in order,
/// each as often as its `times` says.
#[derive(Debug, Default)]
pub(crate) struct ExchangePool {
    /// In the order in which they are served.
    groups: Vec<ExchangeGroup>,
    /// Fingerprint of a request → its groups, in order. With ten thousand exchanges of one path,
    /// comparing each request with each of them took minutes.
    by_fingerprint: HashMap<u64, Vec<usize>>,
    /// Path → its groups with placeholders, in order; those with a placeholder in their path stand
    /// under none.
    patterns: HashMap<String, Vec<usize>>,
}

/// The exchanges of one request in one file.
#[derive(Debug)]
struct ExchangeGroup {
    request: RecordedRequest,
    fingerprint: u64,
    file: String,
    /// When the file was recorded, in Unix milliseconds; a stub is older than any.
    recorded_ms: i64,
    exchanges: Vec<RecordedExchange>,
    served_count: u32,
    /// Its request has no placeholders outside of its headers.
    is_free_of_placeholders: bool,
    /// A newer file has the same request, so this one serves only its own request file.
    is_superseded: bool,
    /// `run --record` wrote it before requests stated their headers.
    lacks_headers: bool,
    /// The headers of the first request that got a response, where the recording lacks them.
    served_headers: Option<Vec<(String, String)>>,
}

impl ExchangeGroup {
    fn new(recording: &Recording, exchange: &RecordedExchange) -> Self {
        let request = exchange.request.clone();
        Self {
            fingerprint: request_fingerprint(&request),
            file: recording.name.clone(),
            recorded_ms: recording.recorded_ms.unwrap_or(i64::MIN),
            exchanges: vec![exchange.clone()],
            served_count: 0,
            is_free_of_placeholders: is_free_of_placeholders(&request),
            is_superseded: false,
            lacks_headers: recording.is_generated
                && !request.headers.is_complete
                && request.headers.pairs.is_empty(),
            served_headers: None,
            request,
        }
    }

    /// What decides which of two groups serves a request that matches both: one without
    /// placeholders, then one that states more headers, then the newer file.
    fn rank(&self) -> impl Ord + use<> {
        (
            !self.is_free_of_placeholders,
            Reverse(self.request.headers.pairs.len()),
            !are_headers_free_of_placeholders(&self.request.headers),
            Reverse(self.recorded_ms),
        )
    }

    /// Whether a request matches; the same fingerprint need not be the same request.
    fn matches(&self, sent: &RecordedRequest) -> bool {
        matches_request(&self.request, sent) && !self.served_other_headers(sent)
    }

    /// An old recording does not say for which headers its responses are. If two requests of a run
    /// differ in their headers, one of them would get the response of the other.
    fn served_other_headers(&self, sent: &RecordedRequest) -> bool {
        let served = self.served_headers.as_ref();
        served.is_some_and(|served| *served != sent.headers.pairs)
    }

    fn note_headers(&mut self, sent: &RecordedRequest) {
        if self.lacks_headers && sent.headers.is_complete {
            self.served_headers
                .get_or_insert_with(|| sent.headers.pairs.clone());
        }
    }

    fn differences(&self, sent: &RecordedRequest) -> Vec<String> {
        let mut differs = differences(&self.request, sent);
        if self.served_other_headers(sent) {
            differs.push(
                "headers: they are not recorded, and another request of this run with different headers got this response; record the file again"
                    .to_owned(),
            );
        }
        differs
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
        Self::of(recordings)
    }

    /// All exchanges of these recordings.
    #[must_use]
    pub(crate) fn of<'r>(recordings: impl IntoIterator<Item = &'r Recording>) -> Self {
        let recordings = recordings.into_iter();
        let mut groups: Vec<ExchangeGroup> = recordings.flat_map(group_by_request).collect();
        // Indices are compared later, so this order decides which exchange answers.
        groups.sort_by_cached_key(ExchangeGroup::rank);
        let mut pool = Self::default();
        for group in groups {
            pool.add(group);
        }
        pool
    }

    fn add(&mut self, mut group: ExchangeGroup) {
        let place = self.groups.len();
        let same = self.by_fingerprint.entry(group.fingerprint).or_default();
        group.is_superseded = same
            .iter()
            .any(|other| is_same_request(&self.groups[*other].request, &group.request));
        same.push(place);
        if !group.is_free_of_placeholders {
            let path = if has_placeholder(&group.request.path) {
                ""
            } else {
                group.request.path.as_str()
            };
            self.patterns
                .entry(path.to_owned())
                .or_default()
                .push(place);
        }
        self.groups.push(group);
    }

    /// The groups whose request is spelled as this one, in the order in which they are served.
    fn equal_groups(&self, sent: &RecordedRequest) -> Vec<usize> {
        let same = self.by_fingerprint.get(&request_fingerprint(sent));
        let places = same.map(Vec::as_slice).unwrap_or_default().iter().copied();
        places
            .filter(|place| self.groups[*place].matches(sent))
            .collect()
    }

    /// The groups whose placeholders stand for parts of this request, in the order in which they
    /// are served.
    fn pattern_groups(&self, sent: &RecordedRequest) -> Vec<usize> {
        let known = |path: &str| {
            self.patterns
                .get(path)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let mut places = [known(&sent.path), known("")].concat();
        places.retain(|place| self.groups[*place].matches(sent));
        // The two lists are each in order. Their union must be as well, because the first match
        // wins.
        places.sort_unstable();
        places
    }

    /// The exchange that is recorded for this request without placeholders.
    pub(crate) fn take_exact(&mut self, sent: &RecordedRequest) -> Option<TakenExchange> {
        let places = self.equal_groups(sent);
        self.take_next(sent, &places, &|group| {
            group.is_free_of_placeholders
                && are_headers_free_of_placeholders(&group.request.headers)
                && !group.is_superseded
        })?
        .ok()
    }

    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub(crate) fn take_exchange(
        &mut self,
        sent: &RecordedRequest,
    ) -> Result<TakenExchange, ReplayMiss> {
        self.take_matching(sent, &|group| !group.is_superseded)
            .unwrap_or_else(|| Err(self.nearest_miss(sent)))
    }

    /// The exchange for a request and its file. The own recording is used before any other.
    ///
    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub(crate) fn take_exchange_for(
        &mut self,
        is_own: &dyn Fn(&str) -> bool,
        sent: &RecordedRequest,
    ) -> Result<TakenExchange, ReplayMiss> {
        let own = self.take_matching(sent, &|group| is_own(&group.file));
        own.or_else(|| self.take_matching(sent, &|group| !group.is_superseded))
            .unwrap_or_else(|| Err(self.nearest_miss(sent)))
    }

    /// Whether an exchange is recorded for a request. No exchange is used up.
    #[must_use]
    pub(crate) fn has_exchange(
        &self,
        is_own: &dyn Fn(&str) -> bool,
        sent: &RecordedRequest,
    ) -> bool {
        let serves = |place: &usize| {
            let group = &self.groups[*place];
            !group.is_superseded || is_own(&group.file)
        };
        self.equal_groups(sent).iter().any(serves) || self.pattern_groups(sent).iter().any(serves)
    }

    /// The first exchange of a request that is spelled alike, else of one whose placeholders match.
    fn take_matching(
        &mut self,
        sent: &RecordedRequest,
        serves: &dyn Fn(&ExchangeGroup) -> bool,
    ) -> Option<Result<TakenExchange, ReplayMiss>> {
        let equal = self.equal_groups(sent);
        let taken = self.take_next(sent, &equal, serves);
        if matches!(taken, Some(Ok(_))) {
            return taken;
        }
        // Only now: this looks at every request of the path that has a placeholder.
        let mut patterns = self.pattern_groups(sent);
        patterns.retain(|place| !equal.contains(place));
        match (self.take_next(sent, &patterns, serves), taken) {
            (Some(Err(_)) | None, Some(used_up)) => Some(used_up),
            (other, _) => other,
        }
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
        sent: &RecordedRequest,
        places: &[usize],
        serves: &dyn Fn(&ExchangeGroup) -> bool,
    ) -> Option<Result<TakenExchange, ReplayMiss>> {
        let mut used_up = None;
        for place in places {
            let group = &mut self.groups[*place];
            if !serves(group) {
                continue;
            }
            let file = group.file.clone();
            group.note_headers(sent);
            let recorded_ms = Some(group.recorded_ms).filter(|at| *at != i64::MIN);
            match group.next_exchange() {
                Some(exchange) => {
                    return Some(Ok(TakenExchange {
                        file,
                        recorded_ms,
                        exchange: exchange.clone(),
                    }));
                }
                // Another file may still have an exchange, so this is the answer only if none has.
                None => used_up = used_up.or(Some(Err(ReplayMiss::Exhausted { file }))),
            }
        }
        used_up
    }

    /// The recorded request that differs least. A request of the same path with one other parameter
    /// is nearer than one of a similar path.
    fn nearest_miss(&self, sent: &RecordedRequest) -> ReplayMiss {
        let is_same_path = |group: &&ExchangeGroup| group.request.path == sent.path;
        let mut of_path = self.groups.iter().filter(is_same_path).peekable();
        let nearest = if of_path.peek().is_some() {
            of_path
                .take(MAX_COMPARED)
                .min_by_key(|group| group.differences(sent).len())
        } else {
            self.groups.iter().take(MAX_COMPARED).min_by_key(|group| {
                let distance = strsim::levenshtein(&group.request.path, &sent.path);
                (group.differences(sent).len(), distance)
            })
        };
        ReplayMiss::NoMatch {
            nearest: nearest.map(|group| (group.file.clone(), group.differences(sent))),
        }
    }
}

/// The exchanges of one file, by request.
fn group_by_request(recording: &Recording) -> Vec<ExchangeGroup> {
    let mut groups: Vec<ExchangeGroup> = Vec::new();
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    for exchange in &recording.exchanges {
        let places = known
            .entry(request_fingerprint(&exchange.request))
            .or_default();
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
