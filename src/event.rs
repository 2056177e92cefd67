//! The events of a run, already redacted. Events are the only data that passes from `run` to
//! `report`.

use crate::redact::RedactedText;
use crate::span::Span;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One fact of a run, in the order in which things happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    RunStarted {
        environment: String,
        run_id: String,
        files: usize,
        units: usize,
        /// `2/5`, when others run the rest.
        shard: Option<String>,
        /// How many units all shards have together; `None` if the run has only some of its shard.
        all_units: Option<usize>,
        /// Unix milliseconds. All other times are offsets from here.
        started_at_ms: i64,
    },
    UnitStarted {
        /// In the plan.
        index: usize,
        id: String,
    },
    UnitFinished(UnitReport),
    /// A call waits for its budget.
    Waiting {
        /// Of the unit; of a fixture's call its name.
        id: String,
        /// In Unix milliseconds.
        until_ms: i64,
    },
    /// A fixture was created, with these calls.
    SetUp(SetUpReport),
    /// An undo of a fixture failed.
    UndoFailed(UndoFailureReport),
    /// A fault or a warning of the run as a whole, which is the result of no unit.
    RunNotice(RunNotice),
    RunFinished(RunSummary),
}

/// How a note begins that is no warning: the step has written its response to a file.
pub(crate) const WRITTEN_NOTE: &str = "the response was written to ";

/// The request file of a unit, by the id of the unit: none of these signs can be a part of a name.
#[must_use]
pub(crate) fn request_name(id: &str) -> &str {
    id.split(['[', '@', ':']).next().unwrap_or(id)
}

/// The id of a unit without the step up to which its flow was run, and the step.
#[must_use]
pub(crate) fn split_last_step(id: &str) -> (&str, Option<&str>) {
    // Only what follows a case: its id can hold any sign.
    let after_case = id.rfind(']').map_or(0, |at| at + 1);
    match id[after_case..].find("::") {
        Some(at) => (&id[..after_case + at], Some(&id[after_case + at + 2..])),
        None => (id, None),
    }
}

/// A request file that was run, or left out.
#[derive(Clone, Debug)]
pub(crate) struct UnitReport {
    /// In the plan: several can run at once, and reports are in this order.
    pub index: usize,
    /// `coupang/product_search@main`
    pub id: String,
    pub at: Span,
    /// Empty, unless a report wants details.
    pub labels: UnitLabels,
    pub verdict: Verdict,
    /// It passed, but not at the first attempt.
    pub flaky: bool,
    pub steps: Vec<StepReport>,
    /// Steps of the flow that were not reached.
    pub not_reached: usize,
    pub started_at: Duration,
    pub duration: Duration,
}

impl UnitReport {
    /// The steps that were skipped, unless all of it was.
    pub(crate) fn skipped_steps(&self) -> impl Iterator<Item = (&StepReport, &str)> {
        let is_whole = matches!(self.verdict, Verdict::Skipped(_));
        let steps = self.steps.iter().filter(move |_| !is_whole);
        steps.filter_map(|step| match &step.verdict {
            Verdict::Skipped(reason) => Some((step, reason.as_str())),
            _ => None,
        })
    }
}

/// The labels that reports group units by.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitLabels {
    pub account: Option<String>,
    /// Each once.
    pub schemes: Vec<String>,
    pub tags: Vec<String>,
}

/// One call of it.
#[derive(Clone, Debug)]
pub(crate) struct StepReport {
    /// Only in a flow.
    pub name: Option<String>,
    /// `GET /v2/…`, as rendered. Empty if the step has passed and no report needs details.
    pub request_line: RedactedText,
    /// The same without its query. Empty, unless a report wants details.
    pub endpoint: RedactedText,
    pub at: Span,
    pub started_at: Duration,
    /// When its last request left: a token can come first. `None` when nothing did.
    pub sent_at: Option<Duration>,
    pub status: Option<u16>,
    pub latency: Option<Duration>,
    /// How many requests were sent, or replayed: a poll, pages and retries send several.
    pub requests: usize,
    pub verdict: Verdict,
    /// Of each of them that was sent, where phases are measured.
    pub phases: Vec<RequestPhases>,
    /// The attempts before the last one, whose result is in the fields above.
    pub attempts: Vec<AttemptReport>,
    pub failures: Vec<FailureReport>,
    /// Hints for the user: the message of the scheme for this response, and likely causes.
    pub notes: Vec<RedactedText>,
    /// The whole exchange; there when asked for, and when the step did not pass. Boxed: most
    /// steps pass.
    pub exchange: Option<Box<ExchangeReport>>,
    /// How its signature came about, line by line. Empty, unless a report wants details.
    pub trace: Vec<TraceReport>,
}

/// How long the parts of one request took, as far as they can be told apart. Documents hold them in
/// milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestPhases<T = Duration> {
    /// `None` without a response.
    pub(crate) status: Option<u16>,
    /// `None` for an address without a name, and on a connection that was open already.
    #[serde(rename = "look_up_ms")]
    pub(crate) look_up: Option<T>,
    /// Until the connection was there, with a proxy on its way. `None` on one that was open already.
    #[serde(rename = "connect_ms")]
    pub(crate) connect: Option<T>,
    #[serde(rename = "tls_ms")]
    pub(crate) tls: Option<T>,
    /// From then to the head of the response: the request leaves meanwhile.
    #[serde(rename = "wait_ms")]
    pub(crate) wait: Option<T>,
    /// To the last byte.
    #[serde(rename = "body_ms")]
    pub(crate) body: Option<T>,
    #[serde(rename = "total_ms")]
    pub(crate) total: T,
}

impl<T: Copy> RequestPhases<T> {
    /// The same in another unit of time.
    #[must_use]
    pub(crate) fn map<U>(&self, unit: impl Fn(T) -> U) -> RequestPhases<U> {
        RequestPhases {
            status: self.status,
            look_up: self.look_up.map(&unit),
            connect: self.connect.map(&unit),
            tls: self.tls.map(&unit),
            wait: self.wait.map(&unit),
            body: self.body.map(&unit),
            total: unit(self.total),
        }
    }
}

impl RequestPhases {
    /// Whether the request went over a connection that was open already.
    #[must_use]
    pub(crate) fn reused_connection(&self) -> bool {
        self.wait.is_some() && self.connect.is_none()
    }

    /// Each part with its name, in their order; `None` for one that there was not.
    #[must_use]
    pub(crate) fn parts(&self) -> [(&'static str, Option<Duration>); 5] {
        [
            ("look-up", self.look_up),
            ("connect", self.connect),
            ("TLS", self.tls),
            ("wait", self.wait),
            ("body", self.body),
        ]
    }
}

/// One try that was not good enough.
#[derive(Clone, Debug)]
pub(crate) struct AttemptReport {
    pub status: Option<u16>,
    pub reason: RedactedText,
    pub latency: Option<Duration>,
}

/// One request that was sent, or replayed.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "otlp"),
    allow(dead_code, reason = "only a trace reads it")
)]
pub(crate) struct RequestReport {
    /// The id of its unit; `None` for a call of a fixture, and for an undo.
    pub(crate) unit: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) scheme: String,
    /// Without what the scheme adds.
    pub(crate) url: RedactedText,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) status: Option<u16>,
    /// Counted from 1.
    pub(crate) attempt: u32,
    /// The response is of a recording.
    pub(crate) is_replayed: bool,
    pub(crate) started_at: Duration,
    pub(crate) ended_at: Duration,
    /// Why it did not succeed by the rules of its scheme.
    pub(crate) failure: Option<RequestFailure>,
}

/// Why a request did not succeed.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "otlp"),
    allow(dead_code, reason = "only a trace reads it")
)]
pub(crate) struct RequestFailure {
    /// A word of few: an error class, or the kind of an error of the marketplace.
    pub(crate) kind: &'static str,
    pub(crate) message: RedactedText,
}

/// One line of a signature.
#[derive(Clone, Debug)]
pub(crate) struct TraceReport {
    pub id: String,
    /// `text`, `hmac`, …
    pub kind: String,
    pub text: RedactedText,
}

/// The calls that created a fixture.
#[derive(Clone, Debug)]
pub(crate) struct SetUpReport {
    pub(crate) fixture: String,
    pub(crate) steps: Vec<StepReport>,
}

/// An undo that failed, beside the verdict of whatever needed the fixture.
#[derive(Clone, Debug)]
pub(crate) struct UndoFailureReport {
    /// `listed_item::add`
    pub(crate) fixture: String,
    /// The undo.
    pub(crate) at: Span,
    pub(crate) reason: RedactedText,
    /// The ledger has it, so a later clean-up can try again.
    pub(crate) is_in_ledger: bool,
}

/// A fault or a warning that belongs to no unit: a faulty file, a missing workspace, a recording
/// that is too old, a time-out.
#[derive(Clone, Debug)]
pub(crate) struct RunNotice {
    pub(crate) severity: NoticeSeverity,
    pub(crate) message: RedactedText,
    /// The place in a file of the workspace, if it has one.
    pub(crate) at: Option<Span>,
    /// What to do.
    pub(crate) hints: Vec<RedactedText>,
}

impl RunNotice {
    #[must_use]
    pub(crate) fn warning(message: RedactedText) -> Self {
        Self {
            severity: NoticeSeverity::Warning,
            message,
            at: None,
            hints: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn error(class: ErrorClass, message: RedactedText) -> Self {
        Self {
            severity: NoticeSeverity::Error(class),
            ..Self::warning(message)
        }
    }

    #[must_use]
    pub(crate) fn at(self, at: Option<Span>) -> Self {
        Self { at, ..self }
    }

    #[must_use]
    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = RedactedText>) -> Self {
        self.hints.extend(hints);
        self
    }
}

/// Whether a notice fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeSeverity {
    /// It never changes the exit code.
    Warning,
    /// The class decides the exit code, as that of a unit does.
    Error(ErrorClass),
}

/// How something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    Fail,
    Skipped(String),
    Error(ErrorClass, RedactedText),
}

impl Verdict {
    #[must_use]
    pub(crate) fn is_pass(&self) -> bool {
        matches!(self, Self::Pass)
    }

    /// What follows can go on.
    #[must_use]
    pub(crate) fn is_pass_or_skip(&self) -> bool {
        matches!(self, Self::Pass | Self::Skipped(_))
    }
}

/// Why a unit or a run could not be done: each is an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorClass {
    /// A file is wrong, which only showed while running.
    File,
    /// The network, or a time-out.
    Unable,
    /// A credential is missing, or a person must authorize.
    Credential,
    /// No call is free, or all are stopped.
    Budget,
    /// Nothing is recorded for the request.
    Recording,
    /// The user interrupted the run.
    Interrupted,
    /// The command line is wrong. Of runs only.
    Usage,
    /// Nothing was selected, or all of it is skipped. Of runs only.
    Selection,
    /// A check of the command itself failed. Of runs only.
    Check,
}

impl ErrorClass {
    /// As reports write it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Unable => "unable",
            Self::Credential => "credential",
            Self::Budget => "budget",
            Self::Recording => "recording",
            Self::Interrupted => "interrupted",
            Self::Usage => "usage",
            Self::Selection => "selection",
            Self::Check => "check",
        }
    }
}

/// One expectation that did not hold.
#[derive(Clone, Debug)]
pub(crate) struct FailureReport {
    pub at: Span,
    pub subject: RedactedText,
    pub expected: RedactedText,
    pub actual: RedactedText,
    /// A hint for the user.
    pub hint: Option<RedactedText>,
    /// For lists and objects, where they differ, by path.
    pub differences: Vec<DifferenceReport>,
}

/// One place where two values differ.
#[derive(Clone, Debug, Default)]
pub(crate) struct DifferenceReport {
    /// All of it in one line.
    pub text: RedactedText,
    /// Without it, the line is all there is.
    pub path: Option<RedactedText>,
    pub expected: Option<RedactedText>,
    pub actual: Option<RedactedText>,
}

impl From<RedactedText> for DifferenceReport {
    fn from(text: RedactedText) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// A request and its response as text.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeReport {
    pub request: RedactedText,
    pub response: Option<RedactedText>,
}

impl ExchangeReport {
    /// The same exchange, of which a terminal shows another one with personal data.
    #[must_use]
    pub(crate) fn shown_as(self, shown: Option<Self>) -> Self {
        let Some(shown) = shown else { return self };
        Self {
            request: self.request.shown_as(shown.request),
            response: match (self.response, shown.response) {
                (Some(response), Some(shown)) => Some(response.shown_as(shown)),
                (response, _) => response,
            },
        }
    }
}

impl FailureReport {
    /// The same failure, of which a terminal shows another one with personal data.
    #[must_use]
    pub(crate) fn shown_as(self, shown: Self) -> Self {
        let differences = self.differences.into_iter().zip(shown.differences);
        Self {
            expected: self.expected.shown_as(shown.expected),
            actual: self.actual.shown_as(shown.actual),
            hint: match (self.hint, shown.hint) {
                (Some(hint), Some(shown)) => Some(hint.shown_as(shown)),
                (hint, _) => hint,
            },
            differences: differences
                .map(|(difference, shown)| DifferenceReport {
                    text: difference.text.shown_as(shown.text),
                    ..difference
                })
                .collect(),
            ..self
        }
    }
}

/// How many of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunSummary {
    pub passed: usize,
    pub failed: usize,
    pub errors: usize,
    pub skipped: usize,
    /// Steps of units that were not skipped as a whole.
    pub skipped_steps: usize,
    /// Of those that passed.
    pub flaky: usize,
    pub not_undone: usize,
    /// Faults that belong to no unit.
    pub run_errors: usize,
    /// Warnings that belong to no unit.
    pub warnings: usize,
    /// Every request that was sent, or replayed: those of steps, fixtures and undos.
    pub requests: usize,
    /// Renewals of tokens.
    pub token_requests: usize,
    pub duration: Duration,
    /// The most units that were allowed to run in parallel, if the run chose the number itself and
    /// raised it.
    pub parallel_units: Option<usize>,
    /// The classes of all errors, each once.
    pub error_classes: Vec<ErrorClass>,
}

impl RunSummary {
    pub(crate) fn add_unit(&mut self, unit: &UnitReport) {
        self.flaky += usize::from(unit.flaky);
        self.skipped_steps += unit.skipped_steps().count();
        match &unit.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
            Verdict::Error(trouble, _) => {
                self.errors += 1;
                self.add_class(*trouble);
            }
        }
    }

    pub(crate) fn add_notice(&mut self, notice: &RunNotice) {
        match notice.severity {
            NoticeSeverity::Warning => self.warnings += 1,
            NoticeSeverity::Error(class) => {
                self.run_errors += 1;
                self.add_class(class);
            }
        }
    }

    /// Adds the errors of the run that another summary has counted.
    pub(crate) fn add_run_errors(&mut self, other: &Self) {
        self.run_errors += other.run_errors;
        other
            .error_classes
            .iter()
            .for_each(|class| self.add_class(*class));
    }

    /// The exit code is chosen by the most severe class, not by how often each occurred.
    fn add_class(&mut self, class: ErrorClass) {
        if !self.error_classes.contains(&class) {
            self.error_classes.push(class);
        }
    }
}
