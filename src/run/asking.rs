//! What a step does with one call of its own: render, sign, send, judge. A list of calls to the rooms below.

use super::attempts::Attempts;
use super::budget::Spender;
use super::call::{Call, Heard, Progress, Reach, not_recorded};
use super::recorded::Made;
use super::snapshots::Answered;
use super::step::{Caller, Judged, StepError};
use super::{Context, advice, failures};
use crate::check::{self, Answer, CaptureFailure, Outcome};
use crate::event::FailureReport;
use crate::model::assertion::{Assertion, Subject};
use crate::model::capture::Capture;
use crate::model::outcome::{ErrorKind, Expected};
use crate::model::recording::RecordedRequest;
use crate::model::repeat::Repeat;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::recording;
use crate::render::{Layer, Marked, Origin, RenderError, Variables, draft, tree};
use crate::sign::choose_level;
use crate::value::Value;
use crate::wire::WireResponse;
use std::rc::Rc;

/// A poll is held against so many recorded answers, since it can end sooner or later than the recorded one.
const MOST_RECORDED: usize = 100;

/// A step that is asked, as somebody.
pub struct Asking<'a> {
    pub caller: &'a Caller<'a>,
    pub step: &'a Step,
    pub scheme: &'a Scheme,
    pub context: &'a Context<'a>,
}

/// One answer, and the request as recordings know it, where it is compared with them.
pub struct Asked {
    heard: Rc<Heard>,
    unsigned: Option<RecordedRequest>,
}

impl Asked {
    pub fn response(&self) -> &WireResponse {
        &self.heard.response
    }
}

impl Asking<'_> {
    /// The usual step: one call, one answer.
    pub async fn once(&self, variables: &mut Variables, progress: &mut Progress) -> Result<Judged, StepError> {
        let asked = self.ask(variables, progress).await?;
        let judged = self.judge(&asked, variables)?;
        self.conclude(&asked, judged, progress)
    }

    /// Sends the request as the variables stand. What is fresh in it is the same for every call of a step; what signs it is not.
    pub async fn ask(&self, variables: &Variables, progress: &mut Progress) -> Result<Asked, StepError> {
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let draft = Rc::new(draft(step, variables, variables.moment(), context.files)?);
        progress.draft = Some(Rc::clone(&draft));
        let level = choose_level(scheme, step.level.as_ref().map(|level| level.name.as_str()), step.method, &draft.path);
        let access = context.access(scheme, level, self.caller.whose.account.as_deref())?;
        let unsigned = self.unsigned(variables, &access.account)?;
        let renews = step.expected == Expected::Success;
        let call = Call {
            whose: &self.caller.whose,
            scheme,
            level,
            access: &access,
            timeout: step.timeout,
            renews,
            spender: Spender::Step(self.caller.unit),
            context,
        };
        let moment = if progress.asked == 0 { variables.moment() } else { super::unit::moment(context) };
        progress.asked += 1;
        let attempts = Attempts { call: &call, most: step.attempts(), unsigned: unsigned.as_ref() };
        attempts.exchange(&draft, moment, progress).await?;
        let heard = self.heard(progress)?;
        progress.reach = reach_of(&heard.outcome);
        Ok(Asked { heard, unsigned })
    }

    fn heard(&self, progress: &mut Progress) -> Result<Rc<Heard>, StepError> {
        let Some(heard) = &progress.heard else {
            return Err(RenderError::new(self.step.at, "nothing was sent").into());
        };
        if let Some(reason) = not_recorded(&heard.response) {
            progress.reach = Reach::Refused;
            return Err(StepError::NotRecorded(reason));
        }
        Ok(Rc::clone(heard))
    }

    /// The request as recordings and snapshots know it, where there are any.
    fn unsigned(&self, variables: &Variables, account: &str) -> Result<Option<RecordedRequest>, RenderError> {
        let has_snapshot = self.caller.unit.is_some() && self.wants_snapshot();
        if !has_snapshot && !self.context.recordings.are_used() {
            return Ok(None);
        }
        let draft = draft(self.step, &Marked(variables), variables.moment(), self.context.files)?;
        Ok(Some(recording::unsigned(&draft, account)))
    }

    fn wants_snapshot(&self) -> bool {
        self.step.snapshot.is_some() || self.context.snapshots.of_every_step
    }

    /// Whether the answer is what `ok` says.
    pub fn is_expected(&self, asked: &Asked) -> bool {
        advice::unexpected(self.step.expected, &asked.heard.outcome).is_none()
    }

    /// Captures first, since assertions may use them; then every assertion.
    pub fn judge(&self, asked: &Asked, variables: &mut Variables) -> Result<Judged, StepError> {
        let mut judged = Judged::default();
        let hide = |text: &str| self.context.redactor.borrow_mut().redact(text);
        let answer = Answer::new(asked.response()).hiding(&hide);
        if let Some((expected, actual)) = advice::unexpected(self.step.expected, &asked.heard.outcome) {
            judged.failures.push(failures::unexpected(self.step, &expected, &actual, self.context));
        } else {
            judged.failures.extend(self.capture(&answer, variables));
        }
        let complete = self.step.captures.iter().all(|capture| variables.get(&capture.name).is_some());
        match self.unmet(&self.step.assertions, &answer, variables) {
            Ok(unmet) => judged.failures.extend(unmet),
            Err(error) if !complete => judged.notes.push(format!("assertions were not judged: {}", error.reason)),
            Err(error) => return Err(error.into()),
        }
        Ok(judged)
    }

    /// Those of the assertions that do not hold.
    pub fn unmet(
        &self,
        assertions: &[Assertion],
        answer: &Answer<'_>,
        variables: &Variables,
    ) -> Result<Vec<FailureReport>, RenderError> {
        let found = check::judge(assertions, answer, &|written| tree(written, variables))?;
        Ok(found.iter().map(|failure| failures::of_assertion(failure, self.context)).collect())
    }

    fn capture(&self, answer: &Answer<'_>, variables: &mut Variables) -> Vec<FailureReport> {
        let mut failures = Vec::new();
        for capture in &self.step.captures {
            match self.captured(capture, answer) {
                Ok(value) => {
                    variables.set(capture.name.as_str(), value, Origin { layer: Layer::Capture, at: Some(capture.name_at) })
                }
                Err(failure) => failures.push(failures::of_capture(&failure, self.context)),
            }
        }
        failures
    }

    /// One page may well have nothing of a list that all pages have together.
    fn captured(&self, capture: &Capture, answer: &Answer<'_>) -> Result<Value, CaptureFailure> {
        let taken = check::capture(capture, answer);
        let is_joined = matches!(self.step.repeat, Repeat::Pages(_)) && is_list(capture);
        if is_joined && taken.is_err() && answer.json().is_ok() { Ok(Value::List(Vec::new())) } else { taken }
    }

    /// The end of a step that was answered: recordings, advice, snapshot.
    pub fn conclude(&self, asked: &Asked, mut judged: Judged, progress: &mut Progress) -> Result<Judged, StepError> {
        judged.failures.extend(self.keep(asked)?);
        judged.notes.append(&mut progress.warnings);
        if !judged.failures.is_empty() {
            judged.notes.extend(advice::of(self.scheme, &asked.heard.outcome, asked.response(), (self.context.clock)()));
        }
        self.hold_against_snapshot(asked, &mut judged)?;
        Ok(judged)
    }

    fn hold_against_snapshot(&self, asked: &Asked, judged: &mut Judged) -> Result<(), StepError> {
        let Some(unit) = self.caller.unit.filter(|_| self.wants_snapshot() && self.is_expected(asked)) else { return Ok(()) };
        let (step, scheme, context) = (self.step, self.scheme, self.context);
        let headers = self.headers(asked);
        let Some(made) = self.made(asked, &headers) else { return Ok(()) };
        let is_wanting = !judged.failures.is_empty();
        let response = &context.recordings.without_personal(&made, context.workspace, &mut context.redactor.borrow_mut())?;
        let compared = Answered { unit, step, scheme, response, is_wanting }.compare(context)?;
        judged.failures.extend(compared.failure);
        judged.notes.extend(compared.note);
        Ok(())
    }

    fn made<'m>(&'m self, asked: &'m Asked, headers: &'m [String]) -> Option<Made<'m>> {
        let (whose, scheme, rules) = (&self.caller.whose, self.scheme, self.caller.redact);
        Some(Made { whose, scheme, request: asked.unsigned.as_ref()?, response: asked.response(), headers, rules })
    }

    /// Headers of the answer that the step looks at.
    fn headers(&self, asked: &Asked) -> Vec<String> {
        if asked.unsigned.is_none() {
            return Vec::new();
        }
        let judged = self.step.until().iter().chain(&self.step.assertions).map(|assertion| &assertion.subject);
        let subjects = judged.chain(self.step.captures.iter().map(|capture| &capture.from));
        let name = |subject: &Subject| if let Subject::Header(name) = subject { Some(name.to_ascii_lowercase()) } else { None };
        subjects.filter_map(name).collect()
    }

    /// An exchange is recorded when it went as it should, and held against the recording where that is asked for.
    pub fn keep(&self, asked: &Asked) -> Result<Vec<FailureReport>, StepError> {
        let headers = self.headers(asked);
        let Some(made) = self.made(asked, &headers) else { return Ok(Vec::new()) };
        self.record(asked, &made);
        self.compare(&made)
    }

    /// The same for an answer that only says to ask again.
    pub fn hear(&self, asked: &Asked) {
        let headers = self.headers(asked);
        if let Some(made) = self.made(asked, &headers) {
            self.record(asked, &made);
        }
    }

    fn record(&self, asked: &Asked, made: &Made<'_>) {
        let context = self.context;
        match advice::unexpected(self.step.expected, &asked.heard.outcome) {
            None => context.recordings.hear(made, context.workspace, &mut context.redactor.borrow_mut()),
            Some((_, actual)) => context.recordings.refuse(made.whose, &format!("the answer was {actual}")),
        }
    }

    /// The recorded answers stand in their order, and only the last one of a poll is what was waited for.
    fn compare(&self, made: &Made<'_>) -> Result<Vec<FailureReport>, StepError> {
        let most = if matches!(self.step.repeat, Repeat::Poll(_)) { MOST_RECORDED } else { 1 };
        let context = self.context;
        let mut found = Vec::new();
        for turn in 0..most {
            let mut redactor = context.redactor.borrow_mut();
            match context.recordings.compare(made, self.step.at, context.workspace, &mut redactor) {
                Some(Ok(failures)) => found = failures,
                Some(Err(miss)) if turn == 0 => return Err(StepError::NotRecorded(recording::missed(&miss))),
                Some(Err(_)) | None => break,
            }
            if found.is_empty() {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a capture takes all that a path finds.
pub fn is_list(capture: &Capture) -> bool {
    matches!(&capture.from, Subject::Path(path) if !path.is_singular())
}

fn reach_of(outcome: &Outcome) -> Reach {
    match outcome {
        Outcome::Success => Reach::Done,
        // A fault of the marketplace's own can come after it has done what was asked.
        Outcome::Refused { kind: ErrorKind::Server, .. } => Reach::Unknown,
        Outcome::Refused { .. } => Reach::Refused,
    }
}
