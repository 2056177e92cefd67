//! What answers mean: success, refusals, and how many calls are allowed.

use super::Matcher;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::span::Span;
use std::time::Duration;

/// How many calls are allowed.
#[derive(Clone, Debug)]
pub struct Limit {
    pub at: Span,
    pub matcher: Matcher,
    pub count: u32,
    pub per: Duration,
    pub burst: Option<u32>,
    pub scope: Vec<String>,
    /// Meaning → header name.
    pub headers: Vec<(String, String)>,
}

/// What an answer must look like for a rule to hold.
#[derive(Clone, Debug, Default)]
pub struct AnswerCondition {
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
    pub fn fits(self, status: u16) -> bool {
        match self {
            Self::Exactly(code) => status == code,
            Self::Class(class) => status / 100 == class,
        }
    }
}

/// What success is; the first rule whose matcher fits the request decides.
#[derive(Clone, Debug)]
pub struct OkRule {
    pub matcher: Matcher,
    pub condition: AnswerCondition,
}

/// Which answer is which kind of refusal; the first that fits decides.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    pub matcher: Matcher,
    pub condition: AnswerCondition,
    pub kind: ErrorKind,
    pub then: Option<Remedy>,
    /// What a person should look at.
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    RenewOnce,
    Authorize,
    BackOff,
    /// The marketplace punishes: nothing is sent until a person has looked.
    Stop,
}
