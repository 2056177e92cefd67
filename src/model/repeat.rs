//! A step that is sent more than once because its file says so: for each value of a list, until
//! something holds, or page by page. It refuses to know retries, which only repair.

use crate::jsonpath::JsonPath;
use crate::model::assertion::Assertion;
use crate::model::template::TemplateTree;
use crate::span::Span;
use std::time::Duration;

/// The default pause between two calls of a poll.
pub(crate) const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The default time limit of a poll.
pub(crate) const DEFAULT_POLL_TIMEOUT: Duration = Duration::from_secs(60);
/// The most calls of one step, whatever its file says.
pub(crate) const MAX_REPEATED_REQUESTS: u32 = 10_000;
/// The default limit of pages.
pub(crate) const DEFAULT_MAX_PAGES: u32 = 50;
/// The default number of attempts of a read.
pub(crate) const DEFAULT_ATTEMPTS: u32 = 3;
/// The most attempts that a file can set.
pub(crate) const MAX_ATTEMPTS: u32 = 10;

/// How often a step is sent.
#[derive(Clone, Debug, Default)]
pub enum RepeatMode {
    #[default]
    Once,
    Poll(PollOptions),
    Pages(PagingOptions),
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
    /// From the beginning of one call to the beginning of the next.
    pub interval: Duration,
    pub timeout: Duration,
}

/// Page by page.
#[derive(Clone, Debug)]
pub struct PagingOptions {
    pub at: Span,
    /// `true` in the answer: there is another page. A path for one value.
    pub has_next: JsonPath,
    pub has_next_at: Span,
    pub next_page_vars: Vec<NextPageVariable>,
    /// More pages are a failure.
    pub max_pages: u32,
    /// Whether one page without the members that `while` and `set` name is complete.
    pub allows_single_page: bool,
}

/// A variable of the next page, taken from the answer.
#[derive(Clone, Debug)]
pub struct NextPageVariable {
    pub name: String,
    pub name_at: Span,
    /// A path for one value.
    pub from: JsonPath,
    pub at: Span,
}
