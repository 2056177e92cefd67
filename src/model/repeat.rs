//! A step that is sent more than once because its file says so: for each value of a list, until
//! something holds, or page by page. It refuses to know retries, which only repair.

use crate::model::assertion::Assertion;
use crate::model::capture::Capture;
use crate::model::pages::{PageValue, PagingOptions};
use crate::model::template::TemplateTree;
use crate::span::Span;
use std::time::Duration;

/// The default pause between two calls of a poll.
pub(crate) const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The default time limit of a poll.
pub(crate) const DEFAULT_POLL_TIMEOUT: Duration = Duration::from_secs(60);
/// The most calls of one step, whatever its file says.
pub(crate) const MAX_REPEATED_REQUESTS: u32 = 10_000;
/// The default number of attempts of a read.
pub(crate) const DEFAULT_ATTEMPTS: u32 = 3;
/// The most attempts that a file can set.
pub(crate) const MAX_ATTEMPTS: u32 = 10;

/// How often a step is sent.
#[derive(Clone, Debug, Default)]
pub enum RepeatMode {
    #[default]
    Once,
    /// Boxed, as the other one: few steps are repeated, and a flow can have thousands.
    Poll(Box<PollOptions>),
    Pages(Box<PagingOptions>),
}

/// The most rounds of `for_each`.
pub(crate) const MAX_ROUNDS: usize = 10_000;

/// Once for each value of a list, one after the other. It goes around [`RepeatMode`].
#[derive(Clone, Debug)]
pub struct ForEach {
    pub at: Span,
    /// The variable that holds the value of a round.
    pub item: String,
    pub item_at: Span,
    /// It gives a list, or the step fails.
    pub list: TemplateTree,
    /// An empty list skips the step; otherwise it is a failure.
    pub allows_empty: bool,
}

/// Again until something holds.
#[derive(Clone, Debug)]
pub struct PollOptions {
    pub at: Span,
    /// All of them must hold.
    pub until: Vec<Assertion>,
    /// A response that `ok` refuses, and for which all of these hold, keeps the poll going.
    pub pending: Vec<Assertion>,
    /// If all of these hold, the poll ends and the step fails.
    pub fail: Vec<Assertion>,
    /// From the beginning of one call to the beginning of the next.
    pub interval: Duration,
    pub timeout: Duration,
}

impl RepeatMode {
    /// The conditions that decide whether the step is sent again.
    pub fn conditions(&self) -> impl Iterator<Item = &Assertion> {
        let (first, more): (&[Assertion], [&[Assertion]; 2]) = match self {
            Self::Once => (&[], [&[], &[]]),
            Self::Poll(poll) => (&poll.until, [&poll.pending, &poll.fail]),
            Self::Pages(pages) => (pages.assertions(), [&[], &[]]),
        };
        first.iter().chain(more.into_iter().flatten())
    }

    /// What is taken from a response to send the step again.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        let pages = match self {
            Self::Pages(pages) => Some(pages),
            Self::Once | Self::Poll(_) => None,
        };
        pages
            .into_iter()
            .flat_map(|pages| pages.values())
            .filter_map(PageValue::capture)
    }
}
