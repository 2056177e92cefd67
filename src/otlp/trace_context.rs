//! The trace that a run belongs to: that of `TRACEPARENT` (W3C Trace Context,
//! <https://www.w3.org/TR/trace-context/>), which CI systems set, or a new one.

use crate::host::SeededRng;

/// The id of a trace: 16 bytes in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceId(String);

/// The id of a span: 8 bytes in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpanId(String);

impl TraceId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl SpanId {
    #[must_use]
    pub(super) fn draw(rng: &SeededRng) -> Self {
        Self(hex::encode(&rng.draw()[..8]))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the span of a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(super) trace: TraceId,
    /// The span that started this run.
    pub(super) parent: Option<SpanId>,
    /// `TRACESTATE`, as it came.
    pub(super) state: String,
}

impl TraceContext {
    /// As the specification demands, a header that is malformed counts as none.
    #[must_use]
    pub(crate) fn new(parent: Option<&str>, state: Option<&str>, rng: &SeededRng) -> Self {
        match parent.and_then(parse_trace_parent) {
            Some((trace, span)) => Self {
                trace,
                parent: Some(span),
                state: state.unwrap_or_default().to_owned(),
            },
            None => Self {
                trace: TraceId(hex::encode(rng.draw())),
                parent: None,
                state: String::new(),
            },
        }
    }
}

/// `00-<trace>-<span>-<flags>`; a later version may have more after it.
fn parse_trace_parent(text: &str) -> Option<(TraceId, SpanId)> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [version, trace, span, flags, more @ ..] = parts.as_slice() else {
        return None;
    };
    let is_known = match *version {
        "00" => more.is_empty(),
        "ff" => false,
        version => is_hex(version, 2),
    };
    let is_valid = is_known
        && is_hex(trace, 32)
        && is_hex(span, 16)
        && is_hex(flags, 2)
        && trace.contains(|digit| digit != '0')
        && span.contains(|digit| digit != '0');
    is_valid.then(|| (TraceId((*trace).to_owned()), SpanId((*span).to_owned())))
}

fn is_hex(text: &str, length: usize) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(parent: &str) -> TraceContext {
        let rng = SeededRng::new(|| Ok([7; 16])).unwrap();
        TraceContext::new(Some(parent), Some("vendor=1"), &rng)
    }

    #[test]
    fn the_trace_of_the_caller_goes_on() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for text in [
            format!("00-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-00f067aa0ba902b7-00"),
            format!("01-{trace}-00f067aa0ba902b7-01-more"),
        ] {
            let context = context(&text);
            assert_eq!(context.trace.as_str(), trace, "{text}");
            assert_eq!(context.parent.unwrap().as_str(), "00f067aa0ba902b7");
            assert_eq!(context.state, "vendor=1");
        }
    }

    #[test]
    fn a_malformed_parent_counts_as_none() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            let context = context(text);
            assert_eq!(context.parent, None, "{text}");
            assert_eq!(context.trace.as_str().len(), 32);
            assert_eq!(context.state, "", "the state belongs to the parent");
        }
    }
}
