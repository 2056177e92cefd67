//! The last pushes that the sandbox sent, bounded in number.

use super::filter::PushFilter;
use crate::sandbox::pushes::SentPush;
use crate::value::Value;
use std::collections::VecDeque;

/// The most pushes that are kept; one takes less than 1 KiB.
const MAX_PUSHES: usize = 1_000;

#[derive(Default)]
pub(super) struct SentPushes {
    /// By number, ascending.
    kept: VecDeque<SentPush>,
    /// How many were sent since the start.
    sent: u64,
}

impl SentPushes {
    /// The same push with its number.
    pub(super) fn add(&mut self, push: SentPush) -> SentPush {
        self.sent += 1;
        let push = SentPush {
            number: self.sent,
            ..push
        };
        self.kept.push_back(push.clone());
        if self.kept.len() > MAX_PUSHES {
            self.kept.pop_front();
        }
        push
    }

    pub(super) fn clear(&mut self, scheme: &str) {
        self.kept.retain(|push| *push.scheme != *scheme);
    }

    fn matching<'k>(&'k self, filter: &'k PushFilter) -> impl Iterator<Item = &'k SentPush> {
        self.kept.iter().filter(|push| filter.matches(push))
    }

    pub(super) fn has_match(&self, filter: &PushFilter) -> bool {
        self.matching(filter).next().is_some()
    }

    pub(super) fn to_json(&self, filter: &PushFilter) -> Value {
        let sent = i64::try_from(self.sent).unwrap_or(i64::MAX);
        Value::Object(vec![
            (
                "pushes".into(),
                Value::List(self.matching(filter).map(SentPush::to_value).collect()),
            ),
            ("sent".into(), sent.into()),
        ])
    }
}
