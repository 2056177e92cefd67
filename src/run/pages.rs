//! A step that is sent page by page: each response shows whether there is another page, and sets
//! the variables to request it with. Every page is judged. Captures of lists join the pages.

use super::exchange::ExchangeLog;
use super::failures;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, StepResponse, captures_list};
use crate::check::{self, ResponseView};
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::jsonpath::{JsonPath, PathMatches, SearchError};
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::model::repeat::{NextPageVariable, PagingOptions};
use crate::render::{
    RenderError, VariableLayer, VariableOrigin, VariableScope, check_variable_bytes,
};
use crate::span::Span;
use crate::value::{JsonRef, Value};
use crate::wire::Draft;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// If a page has no response, the result is an error.
pub(super) async fn run(
    execution: &StepExecution<'_>,
    pages: &PagingOptions,
    variables: &mut VariableScope,
) -> StepOutcome {
    let before = variables.clone();
    let mut log = ExchangeLog::default();
    let result = fetch_pages(execution, pages, variables, &mut log).await;
    // Another step that uses the same variables starts at its own first page.
    for setting in &pages.next_page_vars {
        variables.restore(&setting.name, &before);
    }
    execution.outcome(result, log)
}

async fn fetch_pages(
    execution: &StepExecution<'_>,
    pages: &PagingOptions,
    variables: &mut VariableScope,
    log: &mut ExchangeLog,
) -> Result<Judgement, StepError> {
    let mut joined = JoinedCaptures::of(&execution.step.captures);
    let mut history = PageHistory::of(pages);
    let mut fresh = variables.fresh_values();
    let mut number = 0;
    loop {
        number += 1;
        let page = CurrentPage {
            execution,
            pages,
            number,
        };
        let draft = execution.render(variables)?;
        if let Some(earlier) = history.requests.insert(request_digest(&draft), number) {
            let failures = vec![*page.repeated_request(earlier)];
            return Ok(Judgement {
                failures,
                notes: std::mem::take(&mut log.warnings),
                skipped: None,
            });
        }
        let call = execution.send_rendered(draft, variables, fresh).await;
        log.append(call.log);
        let response = call.result?;
        match page.judge(&response, &mut joined, &mut history, variables)? {
            PageVerdict::Next(notes) => {
                for note in notes {
                    // Pages are alike, and so is what is noted of them.
                    if !log.warnings.contains(&note) {
                        log.warnings.push(note);
                    }
                }
                // Each page has a signature of its own: many marketplaces refuse a repeated one.
                fresh = execution.context.fresh_values();
            }
            PageVerdict::Last(judgement) => {
                return execution.conclude(&response, judgement, log);
            }
        }
    }
}

/// What the pages before have shown.
struct PageHistory {
    /// The digest of each request, and the page that it asked for, from 1.
    requests: HashMap<[u8; 32], u32>,
    /// Whether a page held the member that `while` names.
    has_while_member: bool,
    /// Whether a page held the member that each variable of `set` is taken from.
    has_set_members: Vec<bool>,
}

impl PageHistory {
    fn of(pages: &PagingOptions) -> Self {
        Self {
            requests: HashMap::new(),
            has_while_member: false,
            has_set_members: vec![false; pages.next_page_vars.len()],
        }
    }

    fn look_at(&mut self, pages: &PagingOptions, json: JsonRef<'_>) {
        // A member that stands twice is there; what looks at it fails.
        self.has_while_member |= !matches!(find_one(&pages.has_next, json), Ok(None));
        for (held, setting) in self.has_set_members.iter_mut().zip(&pages.next_page_vars) {
            *held |= !matches!(find_one(&setting.from, json), Ok(None));
        }
    }
}

/// Equal for equal requests. The requests themselves are not kept: each may hold a file.
fn request_digest(draft: &Draft) -> [u8; 32] {
    let head = format!(
        "{:?}",
        (
            draft.method,
            &draft.path,
            &draft.raw_query,
            &draft.query,
            &draft.headers
        )
    );
    let body = draft.body.to_bytes();
    let mut digest = Sha256::new_with_prefix((head.len() as u64).to_le_bytes());
    digest.update(head);
    digest.update(body);
    digest.finalize().into()
}

/// What follows from a page.
enum PageVerdict {
    /// With the notes of this page.
    Next(Vec<String>),
    /// The step ends with this page.
    Last(Judgement),
}

/// One page.
struct CurrentPage<'a> {
    execution: &'a StepExecution<'a>,
    pages: &'a PagingOptions,
    /// From 1.
    number: u32,
}

impl CurrentPage<'_> {
    /// Judges the page. If it holds and is not the last one, sets the variables of the next one.
    fn judge(
        &self,
        response: &StepResponse,
        joined: &mut JoinedCaptures<'_>,
        history: &mut PageHistory,
        variables: &mut VariableScope,
    ) -> Result<PageVerdict, StepError> {
        let execution = self.execution;
        let mut judgement = execution.judge(response, variables)?;
        if judgement.failures.is_empty() {
            joined.add(variables)?;
            match self.advance(response, history, variables) {
                Ok(true) => {
                    judgement.failures = execution.record_and_compare(response)?;
                    if judgement.failures.is_empty() {
                        return Ok(PageVerdict::Next(judgement.notes));
                    }
                }
                Ok(false) => {
                    judgement.failures = joined.finish(response, variables, execution);
                }
                Err(failure) => judgement.failures.push(*failure),
            }
        }
        for failure in &mut judgement.failures {
            self.add_page_number(failure);
        }
        Ok(PageVerdict::Last(judgement))
    }

    /// Whether there is another page. If so, sets its variables.
    fn advance(
        &self,
        response: &StepResponse,
        history: &mut PageHistory,
        variables: &mut VariableScope,
    ) -> Result<bool, Box<FailureReport>> {
        let view = ResponseView::new(response.response());
        let json = view
            .json()
            .map_err(|error| self.invalid_while_value(&format!("the body is {error}")))?;
        history.look_at(self.pages, json);
        let has_next = find_one(&self.pages.has_next, json)
            .map_err(|error| self.invalid_while_value(&error.to_string()))?;
        match has_next.map(|value| (value, value.as_bool())) {
            Some((_, Some(true))) => {}
            Some((value, None)) if !value.is_null() => {
                return Err(self.invalid_while_value(&value.to_json()));
            }
            None | Some(_) => return self.check_members(history, &view).map(|()| false),
        }
        // Only if there is another page: a list of exactly this many pages is complete.
        if self.number >= self.pages.max_pages {
            return Err(self.too_many_pages());
        }
        for setting in &self.pages.next_page_vars {
            let value = find_one(&setting.from, json)
                .map_err(|error| self.missing_next_value(setting, &error.to_string()))?
                .ok_or_else(|| self.missing_next_value(setting, "nothing is there"))?;
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(setting.name_at),
            };
            variables.set(setting.name.as_str(), value.to_value(), origin);
        }
        Ok(true)
    }

    /// A member that no page held is a typing mistake, or paging that this file cannot follow: the
    /// step would pass with the first page of many.
    fn check_members(
        &self,
        history: &PageHistory,
        view: &ResponseView<'_>,
    ) -> Result<(), Box<FailureReport>> {
        if self.pages.allows_single_page && self.number == 1 {
            return Ok(());
        }
        if !history.has_while_member {
            let subject = format!("while {}", self.pages.has_next.as_str());
            return Err(self.missing_member(
                self.pages.has_next_at,
                &subject,
                &self.pages.has_next,
                view,
            ));
        }
        let missing = history
            .has_set_members
            .iter()
            .zip(&self.pages.next_page_vars)
            .find(|(held, _)| !**held);
        match missing {
            Some((_, setting)) => {
                let subject = format!("set {}", setting.from.as_str());
                Err(self.missing_member(setting.at, &subject, &setting.from, view))
            }
            None => Ok(()),
        }
    }

    fn missing_member(
        &self,
        at: Span,
        subject: &str,
        path: &JsonPath,
        view: &ResponseView<'_>,
    ) -> Box<FailureReport> {
        let actual = match view.missing_hint(&Subject::Path(path.clone())) {
            Some(hint) => format!("nothing: {hint}"),
            None => "nothing".to_owned(),
        };
        let mut failure = self.failure(at, [subject, "a member that a page holds", &actual]);
        let hint = "if one page without it is complete, write `single: true` under `pages`";
        failure.hint = Some(
            self.execution
                .context
                .state
                .redactor
                .borrow_mut()
                .redact_for_display(hint),
        );
        failure
    }

    fn repeated_request(&self, earlier: u32) -> Box<FailureReport> {
        let actual = format!("the request of page {earlier} again; it was not sent");
        let mut failure = self.failure(
            self.pages.at,
            ["pages", "another request for each page", &actual],
        );
        self.add_page_number(&mut failure);
        failure
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

    fn missing_next_value(&self, setting: &NextPageVariable, actual: &str) -> Box<FailureReport> {
        let expected = format!("a value of `{}` for the next page", setting.name);
        self.failure(
            setting.at,
            [&format!("set {}", setting.from.as_str()), &expected, actual],
        )
    }

    fn failure(&self, at: Span, [subject, expected, actual]: [&str; 3]) -> Box<FailureReport> {
        let mut redactor = self.execution.output_redactor();
        Box::new(FailureReport {
            at,
            subject: redactor.redact_for_display(subject),
            expected: redactor.redact_for_display(expected),
            actual: redactor.redact_for_display(actual),
            hint: None,
            differences: Vec::new(),
        })
    }

    /// Adds the number of the page to a failure.
    fn add_page_number(&self, failure: &mut FailureReport) {
        let text = format!("{} (page {})", failure.subject, self.number);
        failure.subject = self.execution.output_redactor().redact_for_display(&text);
    }
}

/// The value that a path names. The loader refuses paths that name several.
fn find_one<'v>(path: &JsonPath, json: JsonRef<'v>) -> Result<Option<JsonRef<'v>>, SearchError> {
    match path.find(json)? {
        PathMatches::One(found) => Ok(found),
        PathMatches::Many(_) => Ok(None),
    }
}

/// Captures of lists, with the items of all pages.
struct JoinedCaptures<'c> {
    captures: Vec<(&'c Capture, Vec<Value>)>,
    /// The memory that they take.
    bytes: usize,
}

impl<'c> JoinedCaptures<'c> {
    fn of(captures: &'c [Capture]) -> Self {
        let lists = captures.iter().filter(|capture| captures_list(capture));
        Self {
            captures: lists.map(|capture| (capture, Vec::new())).collect(),
            bytes: 0,
        }
    }

    /// # Errors
    /// When the items of all pages take more memory than variables may.
    fn add(&mut self, variables: &VariableScope) -> Result<(), RenderError> {
        for (capture, all) in &mut self.captures {
            if let Some(Value::List(items)) = variables.get(&capture.name) {
                self.bytes += items.iter().map(Value::estimated_bytes).sum::<usize>();
                check_variable_bytes(self.bytes, capture.at)?;
                all.extend_from_slice(items);
            }
        }
        Ok(())
    }

    /// Sets the captures to the items of all pages. A capture that found no item on any page fails.
    fn finish(
        &mut self,
        response: &StepResponse,
        variables: &mut VariableScope,
        execution: &StepExecution<'_>,
    ) -> Vec<FailureReport> {
        let mut failures = Vec::new();
        for (capture, all) in self.captures.drain(..) {
            // The last page alone may be empty, and must not fail a capture that found items
            // before.
            if all.is_empty()
                && let Err(failure) =
                    check::capture(capture, &ResponseView::new(response.response()))
            {
                let mut redactor = execution.output_redactor();
                failures.push(failures::capture_failure(&failure, &mut redactor));
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
