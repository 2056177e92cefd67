//! A whole run as data, with every place as file, line and column: what all reports in files are
//! written from, and, as JSON, what `report merge` reads back. Its fields are those of
//! docs/reference/reports.md; a change of their meaning is another format.

use super::duration_text::duration_from_ms;
use super::error::ReportError;
use crate::diagnostic::pluralize;
use crate::event::{ErrorClass, RequestPhases, RunSummary, request_name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The number of this format.
pub(super) const FORMAT: u32 = 1;

/// One run, or several that were merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunDocument {
    pub(crate) format: u32,
    /// The version of the program.
    pub(crate) ingam: String,
    pub(crate) environment: String,
    pub(crate) run_id: String,
    pub(crate) started: Timestamp,
    pub(crate) duration_ms: f64,
    /// The signal that ended it, such as `INT`.
    pub(crate) interrupted: Option<String>,
    /// Which part of a whole it is, such as `2/5`; a merge wants all of them.
    #[serde(default)]
    pub(crate) shard: Option<String>,
    /// How many units all shards have together. Documents that say so are merged only if none is
    /// lost.
    #[serde(default)]
    pub(crate) all_units: Option<usize>,
    /// `null` in the document of a run that has not ended.
    #[serde(default)]
    pub(crate) exit_code: Option<u8>,
    /// How many units the plan had; fewer were run when it was interrupted, or ended at a failure.
    pub(crate) planned: usize,
    pub(crate) summary: VerdictCounts,
    /// In the order of the plan.
    pub(crate) units: Vec<UnitEntry>,
    pub(crate) set_ups: Vec<SetUpEntry>,
    pub(crate) not_undone: Vec<LeftoverEntry>,
    /// Faults and warnings that belong to no unit. Older versions wrote none.
    #[serde(default)]
    pub(crate) notices: Vec<NoticeEntry>,
}

/// How many of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VerdictCounts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) errors: usize,
    pub(crate) skipped: usize,
    /// Steps of units that were not skipped as a whole; left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) skipped_steps: usize,
    pub(crate) flaky: usize,
    pub(crate) not_undone: usize,
    #[serde(default)]
    pub(crate) run_errors: usize,
    /// Every request that was sent, or replayed: those of steps, fixtures and undos.
    pub(crate) requests: usize,
    /// Renewals of tokens.
    #[serde(default)]
    pub(crate) token_requests: usize,
}

/// A request file as one account in one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitEntry {
    pub(crate) id: String,
    pub(crate) index: usize,
    pub(crate) verdict: VerdictWord,
    pub(crate) trouble: Option<ErrorClass>,
    /// In words, why it did not pass.
    pub(crate) message: Option<String>,
    /// The place that decided the verdict: the first failed assertion, the step, or the file.
    pub(crate) at: FileLocation,
    pub(crate) flaky: bool,
    pub(crate) account: Option<String>,
    pub(crate) schemes: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) started_ms: f64,
    pub(crate) duration_ms: f64,
    pub(crate) steps: Vec<StepEntry>,
    pub(crate) not_reached: usize,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepEntry {
    pub(crate) name: Option<String>,
    pub(crate) line: String,
    pub(crate) endpoint: String,
    pub(crate) at: FileLocation,
    pub(crate) verdict: VerdictWord,
    pub(crate) trouble: Option<ErrorClass>,
    pub(crate) message: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) started_ms: f64,
    pub(crate) sent_ms: Option<f64>,
    pub(crate) latency_ms: Option<f64>,
    /// How many requests were sent, or replayed.
    #[serde(default)]
    pub(crate) requests: usize,
    /// Of each of them that was sent, with `-vv`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) phases: Vec<RequestPhases<f64>>,
    pub(crate) attempts: Vec<AttemptEntry>,
    pub(crate) failures: Vec<FailureEntry>,
    pub(crate) notes: Vec<String>,
    pub(crate) exchange: Option<ExchangeEntry>,
    pub(crate) trace: Vec<TraceEntry>,
}

/// One try before the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AttemptEntry {
    pub(crate) status: Option<u16>,
    pub(crate) reason: String,
    pub(crate) latency_ms: Option<f64>,
}

/// One expectation that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailureEntry {
    pub(crate) at: FileLocation,
    pub(crate) subject: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
    pub(crate) why: Option<String>,
    pub(crate) differences: Vec<DifferenceEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DifferenceEntry {
    pub(crate) text: String,
    pub(crate) path: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) actual: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExchangeEntry {
    pub(crate) request: String,
    pub(crate) response: Option<String>,
}

/// One line of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TraceEntry {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// The calls that created a fixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SetUpEntry {
    pub(crate) fixture: String,
    pub(crate) steps: Vec<StepEntry>,
}

/// Something that is still there although it should be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftoverEntry {
    pub(crate) fixture: String,
    pub(crate) at: FileLocation,
    pub(crate) reason: String,
    pub(crate) is_kept: bool,
}

/// A fault or a warning of the run as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoticeEntry {
    pub(crate) severity: SeverityWord,
    /// Of an error.
    pub(crate) trouble: Option<ErrorClass>,
    pub(crate) message: String,
    pub(crate) at: Option<FileLocation>,
    pub(crate) hints: Vec<String>,
}

/// Whether a notice fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeverityWord {
    Error,
    Warning,
}

impl SeverityWord {
    #[must_use]
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl NoticeEntry {
    #[must_use]
    pub(crate) fn is_error(&self) -> bool {
        self.severity == SeverityWord::Error
    }

    /// The message in one line.
    #[must_use]
    pub(super) fn headline(&self) -> String {
        one_line(&self.message)
    }
}

/// A verdict without its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerdictWord {
    Pass,
    Fail,
    Error,
    Skip,
}

impl VerdictWord {
    pub(crate) const ALL: [Self; 4] = [Self::Fail, Self::Error, Self::Pass, Self::Skip];

    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }

    /// Somebody has to do something.
    #[must_use]
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Error)
    }
}

/// A place in a file of the workspace. Line and column are counted from one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileLocation {
    /// From the root of the workspace, with `/`.
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl RunDocument {
    /// Text of a document, which ends with a line end.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(super) fn to_json(&self) -> Result<String, ReportError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The summary that the run itself had.
    #[must_use]
    pub(crate) fn run_summary(&self) -> RunSummary {
        let counts = &self.summary;
        let mut troubles = Vec::new();
        let of_units = self.units.iter().filter_map(|unit| unit.trouble);
        let of_run = self.notices.iter().filter_map(|notice| notice.trouble);
        for trouble in of_units.chain(of_run) {
            if !troubles.contains(&trouble) {
                troubles.push(trouble);
            }
        }
        RunSummary {
            passed: counts.passed,
            failed: counts.failed,
            errors: counts.errors,
            skipped: counts.skipped,
            skipped_steps: counts.skipped_steps,
            flaky: counts.flaky,
            not_undone: counts.not_undone,
            run_errors: counts.run_errors,
            warnings: self.notices.iter().filter(|one| !one.is_error()).count(),
            requests: counts.requests,
            token_requests: counts.token_requests,
            duration: duration_from_ms(self.duration_ms),
            // Of the run itself, which is over.
            parallel_units: None,
            error_classes: troubles,
        }
    }

    /// Unix milliseconds of an offset.
    #[must_use]
    pub(crate) fn unix_ms(&self, offset_ms: f64) -> i64 {
        let offset = duration_from_ms(offset_ms).as_millis();
        // A sum past the end of time stays there; it never becomes the start of the run.
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.started.as_millisecond().saturating_add(offset)
    }

    /// Sorts the units into the order of the plan, and counts their verdicts anew. The requests are
    /// those that the run has counted: undos and calls that were interrupted are in no step.
    pub(crate) fn sort_and_count(&mut self) {
        self.units.sort_by_key(|unit| unit.index);
        self.summary = VerdictCounts {
            not_undone: self.not_undone.len(),
            run_errors: self.errors().count(),
            requests: self.summary.requests,
            token_requests: self.summary.token_requests,
            ..VerdictCounts::default()
        };
        for unit in &self.units {
            self.summary.add_unit(unit);
        }
    }

    /// The notices that fail the run.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &NoticeEntry> {
        self.notices.iter().filter(|notice| notice.is_error())
    }

    pub(crate) fn warnings(&self) -> impl Iterator<Item = &NoticeEntry> {
        self.notices.iter().filter(|notice| !notice.is_error())
    }

    /// How many requests the steps of units and fixtures have sent.
    pub(super) fn step_requests(&self) -> usize {
        let of_units = self.units.iter().flat_map(|unit| &unit.steps);
        let of_fixtures = self.set_ups.iter().flat_map(|set_up| &set_up.steps);
        of_units.chain(of_fixtures).map(|step| step.requests).sum()
    }

    /// How long each unit took. A unit that was interrupted has no time.
    pub(crate) fn unit_durations(&self) -> impl Iterator<Item = (&str, Duration)> {
        let ended = self
            .units
            .iter()
            .filter(|unit| unit.trouble != Some(ErrorClass::Interrupted));
        ended.map(|unit| (unit.id.as_str(), duration_from_ms(unit.duration_ms)))
    }

    /// Steps of units, with the unit that each belongs to.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&UnitEntry, &StepEntry)> {
        self.units
            .iter()
            .flat_map(|unit| unit.steps.iter().map(move |step| (unit, step)))
    }
}

impl VerdictCounts {
    /// `12 requests, 1 token request`
    #[must_use]
    pub(super) fn requests_text(&self) -> String {
        requests_text(self.requests, self.token_requests)
    }

    /// How many units have a verdict.
    #[must_use]
    pub(super) fn of_verdict(&self, word: VerdictWord) -> usize {
        match word {
            VerdictWord::Pass => self.passed,
            VerdictWord::Fail => self.failed,
            VerdictWord::Error => self.errors,
            VerdictWord::Skip => self.skipped,
        }
    }

    fn add_unit(&mut self, unit: &UnitEntry) {
        self.flaky += usize::from(unit.flaky);
        self.skipped_steps += unit.skipped_steps().count();
        match unit.verdict {
            VerdictWord::Pass => self.passed += 1,
            VerdictWord::Fail => self.failed += 1,
            VerdictWord::Error => self.errors += 1,
            VerdictWord::Skip => self.skipped += 1,
        }
    }

    /// `3 passed, 1 failed`. Counts of zero are left out, except for `passed`.
    #[must_use]
    pub(crate) fn summary_line(&self) -> String {
        let parts = [
            (self.failed, "failed"),
            (self.errors, "could not be done"),
            (self.skipped, "skipped"),
            (self.not_undone, "not undone"),
            (self.flaky, "flaky"),
        ];
        let others = parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!(", {number} {what}"));
        let steps = skipped_steps_text(self.skipped_steps).map(|text| format!(", {text}"));
        let of_run =
            (self.run_errors > 0).then(|| format!(", {}", pluralize(self.run_errors, "run error")));
        others
            .chain(steps)
            .chain(of_run)
            .fold(format!("{} passed", self.passed), |text, part| text + &part)
    }
}

impl UnitEntry {
    /// The request file that it belongs to.
    #[must_use]
    pub(crate) fn request_name(&self) -> &str {
        request_name(&self.id)
    }

    /// The message in one line.
    #[must_use]
    pub(crate) fn headline(&self) -> String {
        one_line(self.message.as_deref().unwrap_or_default())
    }

    /// The steps that were skipped, unless all of the unit was.
    pub(crate) fn skipped_steps(&self) -> impl Iterator<Item = &StepEntry> {
        let is_whole = self.verdict == VerdictWord::Skip;
        let steps = self.steps.iter().filter(move |_| !is_whole);
        steps.filter(|step| step.verdict == VerdictWord::Skip)
    }

    /// The steps that were tried more than once.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &AttemptEntry> {
        self.steps.iter().flat_map(|step| &step.attempts)
    }
}

/// `2 steps skipped`; `None` if there are none.
#[must_use]
pub(super) fn skipped_steps_text(steps: usize) -> Option<String> {
    (steps > 0).then(|| format!("{} skipped", pluralize(steps, "step")))
}

/// For serde.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to what it may leave out"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// `12 requests, 1 token request`; token requests are left out if there are none.
#[must_use]
pub(super) fn requests_text(requests: usize, token_requests: usize) -> String {
    let mut text = pluralize(requests, "request");
    if token_requests > 0 {
        text.push_str(&format!(", {}", pluralize(token_requests, "token request")));
    }
    text
}

/// Line ends become blanks.
#[must_use]
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
