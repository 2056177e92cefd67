//! A step that is sent more than once because its file says so: until something holds, or page by
//! page. It refuses to know retries, which only repair.

use crate::jsonpath::JsonPath;
use crate::model::assertion::Assertion;
use crate::span::Span;
use std::time::Duration;

/// How often an answer is asked for when the file does not say.
pub(crate) const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How long when the file does not say.
pub(crate) const DEFAULT_POLL_TIMEOUT: Duration = Duration::from_secs(60);
/// No step asks more often than this, whatever its file says.
pub(crate) const MAX_REPEATED_REQUESTS: u32 = 10_000;
/// How many pages are read when the file does not say.
pub(crate) const DEFAULT_MAX_PAGES: u32 = 50;
/// How often a read is tried when the file does not say.
pub(crate) const DEFAULT_ATTEMPTS: u32 = 3;
/// How often anything can be tried.
pub(crate) const MAX_ATTEMPTS: u32 = 10;

/// How often a step is sent.
#[derive(Clone, Debug, Default)]
pub enum RepeatMode {
    #[default]
    Once,
    Poll(PollOptions),
    Pages(PagingOptions),
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
