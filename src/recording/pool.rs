//! The recorded exchanges of one scheme, and whose turn it is; or the nearest one, and what differs.

use super::fits::{differences, fits_all, has_placeholder, is_exact};
use crate::model::recording::{Exchange, RecordedRequest, Recording, same_request};
use crate::model::workspace::Workspace;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Every recorded exchange of one scheme; those of one request in one file answer in order, each as often as it says.
#[derive(Debug, Default)]
pub struct Pool {
    groups: Vec<Group>,
    /// Path → its groups, in order; those with a placeholder in their path stand under none.
    by_path: HashMap<String, Vec<usize>>,
}

/// The exchanges of one request in one file.
#[derive(Debug)]
struct Group {
    request: RecordedRequest,
    file: String,
    /// When the file was recorded, in Unix milliseconds; a stub is older than any.
    recorded_ms: i64,
    exchanges: Vec<Exchange>,
    given: u32,
    /// It matches by its texts alone; such a request goes before one with placeholders.
    is_exact: bool,
    /// A newer file answers the same request, and so this one answers only for its own request file.
    is_older: bool,
}

impl Group {
    fn new(recording: &Recording, exchange: &Exchange) -> Self {
        Self {
            request: exchange.request.clone(),
            file: recording.name.clone(),
            recorded_ms: recording.recorded_ms.unwrap_or(i64::MIN),
            exchanges: vec![exchange.clone()],
            given: 0,
            is_exact: is_exact(&exchange.request),
            is_older: false,
        }
    }

    /// The exchange whose turn it is, unless all are used up.
    fn next(&mut self) -> Option<&Exchange> {
        let turn = self.turn(self.given);
        self.given = self.given.saturating_add(1);
        turn.map(|turn| &self.exchanges[turn])
    }

    fn turn(&self, given: u32) -> Option<usize> {
        let (mut before, last) = (0_u32, self.exchanges.len() - 1);
        self.exchanges.iter().enumerate().position(|(index, exchange)| {
            let times = exchange.times.unwrap_or(if index == last { u32::MAX } else { 1 });
            before = before.saturating_add(times);
            given < before || before == u32::MAX
        })
    }

    /// Those whose turn never came.
    fn unused(&self) -> &[Exchange] {
        let used = self.given.checked_sub(1).map_or(0, |last| self.turn(last).map_or(self.exchanges.len(), |turn| turn + 1));
        &self.exchanges[used..]
    }
}

/// Why no recorded exchange answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Miss {
    /// The nearest recorded request and how the one that was sent differs from it.
    Unknown { nearest: Option<(String, Vec<String>)> },
    /// A stub of this file answered as often as it may.
    UsedUp { file: String },
}

/// An exchange that nobody asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Unused {
    pub file: String,
    /// `GET /path`
    pub line: String,
}

impl Pool {
    #[must_use]
    pub fn of(workspace: &Workspace, scheme: &str) -> Self {
        let recordings = workspace.recordings.iter().filter(|recording| recording.scheme == scheme);
        let mut groups: Vec<Group> = recordings.flat_map(groups_of).collect();
        groups.sort_by_key(|group| (!group.is_exact, Reverse(group.recorded_ms)));
        let mut pool = Self::default();
        for mut group in groups {
            let path = if has_placeholder(&group.request.path) { "" } else { group.request.path.as_str() };
            let others = pool.by_path.entry(path.to_owned()).or_default();
            group.is_older = others.iter().any(|other| same_request(&pool.groups[*other].request, &group.request));
            others.push(pool.groups.len());
            pool.groups.push(group);
        }
        pool
    }

    /// Where a request can stand, in order.
    fn places(&self, sent: &RecordedRequest) -> Vec<usize> {
        let known = |path: &str| self.by_path.get(path).map(Vec::as_slice).unwrap_or_default();
        let mut places = [known(&sent.path), known("")].concat();
        places.retain(|place| fits_all(&self.groups[*place].request, sent));
        places.sort_unstable();
        places
    }

    /// The exchange that is recorded for just this request.
    pub fn exact(&mut self, sent: &RecordedRequest) -> Option<Exchange> {
        let places = self.places(sent);
        let exact: Vec<usize> = places.into_iter().filter(|place| self.groups[*place].is_exact).collect();
        self.turn_of(&exact, |group| !group.is_older)?.ok().map(|(_, exchange)| exchange)
    }

    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub fn answer(&mut self, sent: &RecordedRequest) -> Result<Exchange, Miss> {
        let places = self.places(sent);
        let found = self.turn_of(&places, |group| !group.is_older).unwrap_or_else(|| Err(self.nearest(sent)));
        found.map(|(_, exchange)| exchange)
    }

    /// What a request gets, and from which file: of its own recording before any other.
    ///
    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub fn answer_for(&mut self, is_own: &dyn Fn(&str) -> bool, sent: &RecordedRequest) -> Result<(String, Exchange), Miss> {
        let places = self.places(sent);
        let own = self.turn_of(&places, |group| is_own(&group.file));
        let other = |pool: &mut Self| pool.turn_of(&places, |group| !group.is_older);
        own.or_else(|| other(self)).unwrap_or_else(|| Err(self.nearest(sent)))
    }

    /// Whether anything is recorded for a request, of its own file or of the pool; nothing is used up.
    #[must_use]
    pub fn has(&self, is_own: &dyn Fn(&str) -> bool, sent: &RecordedRequest) -> bool {
        self.places(sent).iter().any(|place| !self.groups[*place].is_older || is_own(&self.groups[*place].file))
    }

    /// Exchanges of these files that were never asked for.
    #[must_use]
    pub fn unused(&self, is_of: &dyn Fn(&str) -> bool) -> Vec<Unused> {
        let groups = self.groups.iter().filter(|group| is_of(&group.file));
        let unused = |group: &Group| {
            let line = format!("{} {}", group.request.method, group.request.path);
            group.unused().iter().map(|_| Unused { file: group.file.clone(), line: line.clone() }).collect::<Vec<_>>()
        };
        groups.flat_map(unused).collect()
    }

    /// The first exchange at these places whose turn it is; `None` when there are none at all.
    fn turn_of(&mut self, places: &[usize], counts: impl Fn(&Group) -> bool) -> Option<Result<(String, Exchange), Miss>> {
        let mut used_up = None;
        for place in places {
            let group = &mut self.groups[*place];
            if !counts(group) {
                continue;
            }
            let file = group.file.clone();
            match group.next() {
                Some(exchange) => return Some(Ok((file, exchange.clone()))),
                None => used_up = used_up.or(Some(Err(Miss::UsedUp { file }))),
            }
        }
        used_up
    }

    fn nearest(&self, sent: &RecordedRequest) -> Miss {
        let path_first = |group: &&Group| {
            let differs = differences(&group.request, sent);
            (group.request.path != sent.path, differs.len(), strsim::levenshtein(&group.request.path, &sent.path))
        };
        let nearest = self.groups.iter().min_by_key(path_first);
        Miss::Unknown { nearest: nearest.map(|group| (group.file.clone(), differences(&group.request, sent))) }
    }
}

/// The exchanges of one file, by request.
fn groups_of(recording: &Recording) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for exchange in &recording.exchanges {
        let places = known.entry(exchange.request.path.as_str()).or_default();
        match places.iter().find(|place| same_request(&groups[**place].request, &exchange.request)) {
            Some(place) => groups[*place].exchanges.push(exchange.clone()),
            None => {
                places.push(groups.len());
                groups.push(Group::new(recording, exchange));
            }
        }
    }
    groups
}
