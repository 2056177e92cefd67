//! A step that is sent page by page: each answer says whether there is another page, and what to
//! ask for it with. Every page is judged; captures of lists join.

use super::context::RunContext;
use super::exchange::ExchangeLog;
use super::failures;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, StepResponse, captures_list};
use crate::check::{self, ResponseView};
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::jsonpath::{JsonPath, PathMatches};
use crate::model::capture::Capture;
use crate::model::repeat::{NextPageVariable, PagingOptions};
use crate::render::{VariableLayer, VariableOrigin, VariableScope};
use crate::span::Span;
use crate::value::Value;

/// That a page could not be requested is an error.
pub(super) async fn run(
    execution: &StepExecution<'_>,
    pages: &PagingOptions,
    variables: &mut VariableScope,
) -> StepOutcome {
    let before = variables.clone();
    let mut log = ExchangeLog::default();
    let result = fetch_pages(execution, pages, variables, &mut log).await;
    // Another step with the same variables begins at its own first page.
    for setting in &pages.next_page_vars {
        variables.restore(&setting.name, &before);
    }
    StepOutcome { result, log }
}

async fn fetch_pages(
    execution: &StepExecution<'_>,
    pages: &PagingOptions,
    variables: &mut VariableScope,
    log: &mut ExchangeLog,
) -> Result<Judgement, StepError> {
    let mut joined = JoinedCaptures::of(&execution.step.captures);
    let mut fresh = variables.fresh_values();
    let mut number = 0;
    loop {
        number += 1;
        let call = execution.send(variables, fresh).await;
        log.append(call.log);
        let response = call.result?;
        let mut judgement = execution.judge(&response, variables)?;
        let page = CurrentPage {
            execution,
            pages,
            number,
        };
        if judgement.failures.is_empty() {
            joined.add(variables);
            match page.advance(&response, variables) {
                Ok(true) => {
                    let failures = execution.record_and_compare(&response)?;
                    if failures.is_empty() {
                        fresh = execution.context.fresh_values();
                        continue;
                    }
                    judgement.failures.extend(failures);
                }
                Ok(false) => {
                    let failures = joined.finish(&response, variables, execution.context);
                    judgement.failures.extend(failures);
                }
                Err(failure) => judgement.failures.push(*failure),
            }
        }
        for failure in &mut judgement.failures {
            page.add_page_number(failure);
        }
        return execution.conclude(&response, judgement, log);
    }
}

/// One page.
struct CurrentPage<'a> {
    execution: &'a StepExecution<'a>,
    pages: &'a PagingOptions,
    /// From 1.
    number: u32,
}

impl CurrentPage<'_> {
    /// Whether there is another page; then the variables are those of it.
    fn advance(
        &self,
        asked: &StepResponse,
        variables: &mut VariableScope,
    ) -> Result<bool, Box<FailureReport>> {
        let answer = ResponseView::new(asked.response());
        let json = answer
            .json()
            .map_err(|error| self.invalid_while_value(&format!("the body is {error}")))?;
        match find_one(&self.pages.has_next, json) {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(false),
            Some(Value::Bool(true)) => {}
            Some(other) => return Err(self.invalid_while_value(&other.to_json())),
        }
        if self.number >= self.pages.max_pages {
            return Err(self.too_many_pages());
        }
        for setting in &self.pages.next_page_vars {
            let value =
                find_one(&setting.from, json).ok_or_else(|| self.missing_next_value(setting))?;
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(setting.name_at),
            };
            variables.set(setting.name.as_str(), value.clone(), origin);
        }
        Ok(true)
    }

    fn invalid_while_value(&self, actual: &str) -> Box<FailureReport> {
        let subject = format!("while {}", self.pages.has_next.as_str());
        self.failure(
            self.pages.has_next_at,
            [&subject, "`true`, `false`, `null` or nothing", actual],
        )
    }

    fn too_many_pages(&self) -> Box<FailureReport> {
        let expected = format!(
            "an end within {}",
            pluralize(self.pages.max_pages as usize, "page")
        );
        let actual = format!("`{}` is still true", self.pages.has_next.as_str());
        self.failure(self.pages.at, ["pages", &expected, &actual])
    }

    fn missing_next_value(&self, setting: &NextPageVariable) -> Box<FailureReport> {
        let expected = format!("a value of `{}` for the next page", setting.name);
        self.failure(
            setting.at,
            [
                &format!("set {}", setting.from.as_str()),
                &expected,
                "nothing is there",
            ],
        )
    }

    fn failure(&self, at: Span, [subject, expected, actual]: [&str; 3]) -> Box<FailureReport> {
        let mut redactor = self.execution.context.state.redactor.borrow_mut();
        Box::new(FailureReport {
            at,
            subject: redactor.redact_for_display(subject),
            expected: redactor.redact_for_display(expected),
            actual: redactor.redact_for_display(actual),
            hint: None,
            differences: Vec::new(),
        })
    }

    /// Which page it was.
    fn add_page_number(&self, failure: &mut FailureReport) {
        let text = format!("{} (page {})", failure.subject, self.number);
        failure.subject = self
            .execution
            .context
            .state
            .redactor
            .borrow_mut()
            .redact_for_display(&text);
    }
}

/// Paths for many are refused when the file is loaded.
fn find_one<'v>(path: &JsonPath, json: &'v Value) -> Option<&'v Value> {
    if let Ok(PathMatches::One(found)) = path.find(json) {
        found
    } else {
        None
    }
}

/// What all pages have together.
struct JoinedCaptures<'c>(Vec<(&'c Capture, Vec<Value>)>);

impl<'c> JoinedCaptures<'c> {
    fn of(captures: &'c [Capture]) -> Self {
        Self(
            captures
                .iter()
                .filter(|capture| captures_list(capture))
                .map(|capture| (capture, Vec::new()))
                .collect(),
        )
    }

    fn add(&mut self, variables: &VariableScope) {
        for (capture, all) in &mut self.0 {
            if let Some(Value::List(items)) = variables.get(&capture.name) {
                all.extend_from_slice(items);
            }
        }
    }

    /// A capture that found nothing on any page has found nothing.
    fn finish(
        self,
        asked: &StepResponse,
        variables: &mut VariableScope,
        context: &RunContext<'_>,
    ) -> Vec<FailureReport> {
        let mut failures = Vec::new();
        for (capture, all) in self.0 {
            if all.is_empty()
                && let Err(failure) = check::capture(capture, &ResponseView::new(asked.response()))
            {
                failures.push(failures::capture_failure(&failure, context));
            }
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(capture.name_at),
            };
            variables.set(capture.name.as_str(), Value::List(all), origin);
        }
        failures
    }
}
