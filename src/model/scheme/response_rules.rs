//! What answers mean: success, refusals, and how many calls are allowed.

use super::RequestMatcher;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::span::Span;
use std::time::Duration;

/// How many calls are allowed.
#[derive(Clone, Debug)]
pub struct RateLimit {
    pub at: Span,
    pub matcher: RequestMatcher,
    pub count: u32,
    pub per: Duration,
    pub burst: Option<u32>,
    pub scope: Vec<String>,
    /// Meaning → header name.
    pub headers: Vec<(String, String)>,
}

/// What an answer must look like for a rule to hold.
#[derive(Clone, Debug, Default)]
pub struct ResponseCondition {
    pub statuses: Vec<StatusPattern>,
    pub assertions: Vec<Assertion>,
}

/// `401`, or `2xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    Exactly(u16),
    Class(u16),
}

impl StatusPattern {
    #[must_use]
    pub fn matches(self, status: u16) -> bool {
        match self {
            Self::Exactly(code) => status == code,
            Self::Class(class) => status / 100 == class,
        }
    }
}

/// What success is; the first rule whose matcher fits the request decides.
#[derive(Clone, Debug)]
pub struct SuccessRule {
    pub matcher: RequestMatcher,
    pub condition: ResponseCondition,
}

/// Which answer is which kind of refusal; the first that fits decides.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    pub matcher: RequestMatcher,
    pub condition: ResponseCondition,
    pub kind: ErrorKind,
    pub remedy: Option<ErrorRemedy>,
    /// What a person should look at.
    pub hint: Option<String>,
    /// Where the marketplace says that nothing was carried out when it responds so: then even a
    /// write may be sent again.
    pub not_executed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorRemedy {
    RenewOnce,
    Authorize,
    BackOff,
    /// The marketplace punishes: nothing is sent until a person has looked.
    Block,
}
