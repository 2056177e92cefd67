//! One line on standard output for each push.

use crate::cli::output::Output;
use crate::push::PushReport;
use crate::redact::Redactor;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many pushes came, for the last line.
#[derive(Default)]
pub(super) struct PushCounts {
    accepted: AtomicUsize,
    others: AtomicUsize,
}

impl PushCounts {
    /// Accepted ones, and all others.
    pub(super) fn get(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (read(&self.accepted), read(&self.others))
    }
}

/// What an examiner calls for each push. Write errors are noted by the output, which ends the
/// command with them.
pub(super) fn print_pushes(
    output: &Output,
    as_json: bool,
    mut redactor: Redactor,
    counts: Arc<PushCounts>,
) -> impl FnMut(&PushReport, usize) + Send + 'static {
    let mut sink = output.sink();
    move |report, left_out| {
        let count = if report.is_accepted() {
            &counts.accepted
        } else {
            &counts.others
        };
        count.fetch_add(1, Ordering::Relaxed);
        let mut text = String::new();
        if left_out > 0 {
            text = if as_json {
                format!("{{\"event\":\"left_out\",\"lines\":{left_out}}}\n")
            } else {
                format!("{left_out} lines were left out, because standard output is too slow\n")
            };
        }
        text.push_str(&if as_json {
            report.to_json(&mut redactor)
        } else {
            report.to_text(&mut redactor)
        });
        text.push('\n');
        let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    }
}
