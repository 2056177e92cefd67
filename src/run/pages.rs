//! A step that is sent page by page: each response shows whether there is another page, and sets
//! the variables to request it with. Every page is judged. Captures of lists join the pages.

use super::exchange::ExchangeLog;
use super::joined_captures::JoinedCaptures;
use super::page_history::PageHistory;
use super::page_link;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, StepResponse};
use crate::check::{self, ResponseView};
use crate::diagnostic::{did_you_mean, pluralize};
use crate::event::FailureReport;
use crate::jsonpath::{JsonPath, PathMatches, SearchError};
use crate::model::pages::{
    LinkRelation, NextPage, NextPageVariable, PageCondition, PageCount, PageTest, PageValue,
    PagingOptions,
};
use crate::render::{RenderError, VariableLayer, VariableOrigin, VariableScope, render_tree};
use crate::span::Span;
use crate::value::{JsonRef, Value};
use crate::wire::{Draft, RequestTarget, WireRequest};
use std::rc::Rc;

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
    for setting in pages.next.variables() {
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
    let mut target: Option<RequestTarget> = None;
    loop {
        number += 1;
        let page = CurrentPage {
            execution,
            pages,
            number,
        };
        let draft = page_draft(execution, target.as_ref(), variables)?;
        if let Some(earlier) = history.insert_request(&draft, number) {
            let failures = vec![*page.repeated_request(earlier)];
            return Ok(Judgement {
                failures,
                notes: std::mem::take(&mut log.warnings),
                skipped: None,
            });
        }
        let mut call = execution
            .send_rendered(Rc::new(draft), target.as_ref(), variables, fresh)
            .await;
        // Pages are alike, and so is what is noted of them.
        let noted = |note: &String| !log.warnings.contains(note);
        call.log.warnings.retain(noted);
        log.append(call.log);
        let response = call.result?;
        let asked = log.signed.as_ref().map(|signed| &signed.request);
        match page.judge(&response, asked, &mut joined, &mut history, variables)? {
            PageVerdict::Next(next, notes) => {
                target = next;
                for note in notes {
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

const SINGLE_HINT: &str = "if one page without it is complete, write `single: true` under `pages`";

/// Whether there is another page.
enum PageStep {
    /// With its own target, if a link names it.
    Next(Option<RequestTarget>),
    End,
}

/// The request for a page; `target` is that of the link to it.
fn page_draft(
    execution: &StepExecution<'_>,
    target: Option<&RequestTarget>,
    variables: &VariableScope,
) -> Result<Draft, RenderError> {
    let draft = execution.render(variables)?;
    Ok(match target {
        Some(target) => draft.with_target(target),
        None => draft,
    })
}

/// What follows from a page.
enum PageVerdict {
    /// With its own target, if a link names it, and the notes of this page.
    Next(Option<RequestTarget>, Vec<String>),
    /// The step ends with this page.
    Last(Judgement),
}

/// Why the paging cannot go on.
enum PageStop {
    Failures(Vec<FailureReport>),
    Error(RenderError),
}

impl From<Box<FailureReport>> for PageStop {
    fn from(failure: Box<FailureReport>) -> Self {
        Self::Failures(vec![*failure])
    }
}

impl From<RenderError> for PageStop {
    fn from(error: RenderError) -> Self {
        Self::Error(error)
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
    /// Judges the page. If it holds and is not the last one, sets the variables of the next one.
    fn judge(
        &self,
        response: &StepResponse,
        asked: Option<&WireRequest>,
        joined: &mut JoinedCaptures<'_>,
        history: &mut PageHistory,
        variables: &mut VariableScope,
    ) -> Result<PageVerdict, StepError> {
        let execution = self.execution;
        let mut judgement = execution.judge(response, variables)?;
        if judgement.failures.is_empty() {
            joined.add(variables)?;
            match self.advance(response, asked, history, variables) {
                Ok(PageStep::Next(target)) => {
                    judgement.failures = execution.record_and_compare(response)?;
                    if judgement.failures.is_empty() {
                        return Ok(PageVerdict::Next(target, judgement.notes));
                    }
                }
                Ok(PageStep::End) => {
                    judgement.failures = joined.finish(response, variables, execution);
                }
                Err(PageStop::Failures(failures)) => judgement.failures.extend(failures),
                Err(PageStop::Error(error)) => return Err(error.into()),
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
        asked: Option<&WireRequest>,
        history: &mut PageHistory,
        variables: &mut VariableScope,
    ) -> Result<PageStep, PageStop> {
        let redact = |text: &str| self.execution.redact_actual(text, response);
        let view = ResponseView::new(response.response()).with_redaction(&redact);
        history.look_at(&view);
        if let Some(count) = &self.pages.count {
            history.items += self.count_items(count, &view)?;
        }
        let next = match &self.pages.next {
            NextPage::Variables { condition, set } => {
                let has_next = self.has_next(condition, response, &view, variables)?;
                has_next.then_some((set.as_slice(), None))
            }
            NextPage::Link(relation) => {
                let target = self.linked_target(relation, response, asked, history)?;
                target.map(|target| ([].as_slice(), Some(target)))
            }
        };
        let Some((set, target)) = next else {
            self.check_members(history, &view)?;
            self.check_count(history, response, variables)?;
            return Ok(PageStep::End);
        };
        // Only if there is another page: a list of exactly this many pages is complete.
        if self.number >= self.pages.max_pages {
            return Err(self.too_many_pages().into());
        }
        self.set_variables(set, response, variables)?;
        Ok(PageStep::Next(target))
    }

    fn has_next(
        &self,
        condition: &PageCondition,
        response: &StepResponse,
        view: &ResponseView<'_>,
        variables: &VariableScope,
    ) -> Result<bool, PageStop> {
        let holds = match &condition.test {
            PageTest::Flag(path) => self.flag(condition, path, response, view)?,
            PageTest::Assertions(assertions) => {
                let decided = check::decide(assertions, view, &|template| {
                    render_tree(template, variables)
                })?;
                if decided.is_err() {
                    let failures = self.undecided(condition, response, variables)?;
                    return Err(PageStop::Failures(failures));
                }
                decided == Ok(true)
            }
        };
        Ok(holds != condition.is_until)
    }

    /// The target of the link to the next page.
    fn linked_target(
        &self,
        relation: &LinkRelation,
        response: &StepResponse,
        asked: Option<&WireRequest>,
        history: &mut PageHistory,
    ) -> Result<Option<RequestTarget>, PageStop> {
        let found = page_link::links_of(response).and_then(|links| {
            let relations = links.iter().flat_map(|link| link.relations.iter().cloned());
            history.relations.extend(relations);
            let target =
                asked.map(|asked| page_link::next_target(self.execution, relation, &links, asked));
            target.transpose().map(Option::flatten)
        });
        found.map_err(|error| {
            let expected = "a link to the host of the request, or to a host of the scheme";
            let subject = format!("link {}", relation.name);
            let actual = self.execution.redact_actual(&error.to_string(), response);
            self.failure(relation.at, [&subject, expected, &actual])
                .into()
        })
    }

    /// The value of a path that says whether there is another page, or no more.
    fn flag(
        &self,
        condition: &PageCondition,
        path: &JsonPath,
        response: &StepResponse,
        view: &ResponseView<'_>,
    ) -> Result<bool, Box<FailureReport>> {
        let invalid = |actual: &str| {
            let actual = self.execution.redact_actual(actual, response);
            self.invalid_flag(condition, path, &actual)
        };
        let json = view
            .json()
            .map_err(|error| invalid(&format!("the body is {error}")))?;
        let value = find_one(path, json).map_err(|error| invalid(&error.to_string()))?;
        match value.map(|value| (value, value.as_bool())) {
            None => Ok(false),
            Some((_, Some(flag))) => Ok(flag),
            Some((value, None)) if value.is_null() => Ok(false),
            Some((value, None)) => Err(invalid(&value.to_json())),
        }
    }

    /// Why a condition can neither hold nor fail.
    fn undecided(
        &self,
        condition: &PageCondition,
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<Vec<FailureReport>, RenderError> {
        let unmet = self
            .execution
            .unmet_assertions(condition.assertions(), response, variables)?;
        let mut redactor = self.execution.output_redactor();
        let subject = |failure: &FailureReport| format!("{} {}", condition.key(), failure.subject);
        Ok(unmet
            .into_iter()
            .map(|failure| FailureReport {
                subject: redactor.redact_for_display(&subject(&failure)),
                ..failure
            })
            .collect())
    }

    /// All values are made before the first one is set: they see the variables of this page.
    fn set_variables(
        &self,
        set: &[NextPageVariable],
        response: &StepResponse,
        variables: &mut VariableScope,
    ) -> Result<(), PageStop> {
        let mut values = Vec::with_capacity(set.len());
        for setting in set {
            values.push(self.next_value(setting, response, variables)?);
        }
        for (setting, (value, marked)) in set.iter().zip(values) {
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(setting.name_at),
            };
            variables.set_with_placeholders(setting.name.as_str(), value, marked, origin);
            variables.check_size(setting.name_at)?;
        }
        Ok(())
    }

    /// A value of the next page, and the same with placeholders.
    fn next_value(
        &self,
        setting: &NextPageVariable,
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<(Value, Option<Value>), PageStop> {
        let value = match &setting.value {
            PageValue::Template(tree) => return Ok(variables.render_with_placeholders(tree)?),
            PageValue::Capture(capture) => self.execution.captured(capture, response),
        };
        let prefix = |mut failure: Box<FailureReport>| {
            failure.subject = self.shown(&format!("set {}", failure.subject));
            failure.expected =
                self.shown(&format!("a value of `{}` for the next page", setting.name));
            PageStop::from(failure)
        };
        let value = value.map_err(prefix)?;
        if value.is_null() {
            let subject = format!("set {}", source_of(&setting.value));
            let expected = format!("a value of `{}` for the next page", setting.name);
            let mut failure = self.failure(value_at(&setting.value), [&subject, &expected, "null"]);
            let hint = "the condition says that there is another page: change it so that paging ends when this value is `null`";
            failure.hint = Some(self.shown(hint));
            return Err(failure.into());
        }
        Ok((value, None))
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
        if let NextPage::Link(relation) = &self.pages.next
            && !history.relations.contains(&relation.name)
        {
            return Err(self.missing_relation(relation, history));
        }
        let Some(member) = history.missing_member() else {
            return Ok(());
        };
        let actual = match view.missing_hint(&member.subject) {
            Some(hint) => format!("nothing: {hint}"),
            None => "nothing".to_owned(),
        };
        let subject = format!("{} {}", member.key, member.subject);
        let mut failure = self.failure(member.at, [&subject, "a member of the page", &actual]);
        failure.hint = Some(self.shown(SINGLE_HINT));
        Err(failure)
    }

    fn missing_relation(
        &self,
        relation: &LinkRelation,
        history: &PageHistory,
    ) -> Box<FailureReport> {
        let actual = if history.relations.is_empty() {
            "no `link` header".to_owned()
        } else {
            let known = history.relations.iter().map(String::as_str);
            match did_you_mean(&relation.name, known) {
                Some(hint) => format!("other links: {hint}"),
                None => "other links".to_owned(),
            }
        };
        let subject = format!("link {}", relation.name);
        let mut failure = self.failure(relation.at, [&subject, "a link in the page", &actual]);
        failure.hint = Some(self.shown(SINGLE_HINT));
        failure
    }

    fn count_items(
        &self,
        count: &PageCount,
        view: &ResponseView<'_>,
    ) -> Result<usize, Box<FailureReport>> {
        let subject = crate::model::assertion::Subject::Path(count.of.clone());
        if !view.has(&subject) {
            return Ok(0);
        }
        view.count(&count.of).ok_or_else(|| {
            let text = format!("of {subject}");
            self.failure(count.of_at, [&text, "a list of items", "no list"])
        })
    }

    /// The items of all pages are as many as the marketplace says.
    fn check_count(
        &self,
        history: &PageHistory,
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<(), PageStop> {
        let Some(count) = &self.pages.count else {
            return Ok(());
        };
        let Some(total) = self.total(count, history, response, variables)? else {
            return Ok(());
        };
        let items = Value::from(i64::try_from(history.items).unwrap_or(i64::MAX));
        if total == items {
            return Ok(());
        }
        let subject = format!("count {}", count.of.as_str());
        let written = self.execution.redact_actual(&total.to_json(), response);
        let expected = format!("{written} by {}", source_of(&count.equals));
        let actual = format!(
            "{} on {}",
            pluralize(history.items, "item"),
            pluralize(self.number as usize, "page")
        );
        let mut failure = self.failure(count.equals_at, [&subject, &expected, &actual]);
        if total.as_str().is_some() {
            failure.hint = Some(self.shown("the total is text, but must be a number"));
        }
        Err(failure.into())
    }

    /// The number of all items by the last page; `None` if the one page may leave it out.
    fn total(
        &self,
        count: &PageCount,
        history: &PageHistory,
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<Option<Value>, PageStop> {
        let capture = match &count.equals {
            PageValue::Template(tree) => {
                return Ok(Some(render_tree(tree, variables)?.into_owned()));
            }
            PageValue::Capture(capture) => capture,
        };
        let may_be_missing = self.pages.allows_single_page && self.number == 1;
        match self.execution.captured(capture, response) {
            Ok(total) => Ok(Some(total)),
            Err(_) if may_be_missing && history.missing_member().is_some() => Ok(None),
            Err(mut failure) => {
                failure.subject = self.shown(&format!("count {}", failure.subject));
                failure.expected = self.shown("the number of all items");
                Err(failure.into())
            }
        }
    }

    fn repeated_request(&self, earlier: u32) -> Box<FailureReport> {
        let actual = format!("the same request as page {earlier}; it was not sent");
        let mut failure = self.failure(
            self.pages.at,
            ["pages", "another request for each page", &actual],
        );
        self.add_page_number(&mut failure);
        failure
    }

    fn invalid_flag(
        &self,
        condition: &PageCondition,
        path: &JsonPath,
        actual: &str,
    ) -> Box<FailureReport> {
        let subject = format!("{} {}", condition.key(), path.as_str());
        let mut failure = self.failure(
            condition.at,
            [&subject, "`true`, `false`, `null` or no value", actual],
        );
        let hint = format!(
            "for other values, write a condition such as `{}: {{ {}: {{ type: string, not: \"\" }} }}`",
            condition.key(),
            path.as_str()
        );
        failure.hint = Some(self.shown(&hint));
        failure
    }

    fn too_many_pages(&self) -> Box<FailureReport> {
        let expected = format!(
            "the last page within {}",
            pluralize(self.pages.max_pages as usize, "page")
        );
        let actual = match &self.pages.next {
            NextPage::Link(relation) => {
                format!("the response still has a link `{}`", relation.name)
            }
            NextPage::Variables { condition, .. } => match (&condition.test, condition.is_until) {
                (PageTest::Flag(path), false) => format!("`{}` is still true", path.as_str()),
                (PageTest::Flag(path), true) => format!("`{}` is not true yet", path.as_str()),
                (PageTest::Assertions(_), false) => "`while` still holds".to_owned(),
                (PageTest::Assertions(_), true) => "`until` still does not hold".to_owned(),
            },
        };
        self.failure(self.pages.at, ["pages", &expected, &actual])
    }

    fn failure(&self, at: Span, [subject, expected, actual]: [&str; 3]) -> Box<FailureReport> {
        Box::new(FailureReport {
            at,
            subject: self.shown(subject),
            expected: self.shown(expected),
            actual: self.shown(actual),
            hint: None,
            differences: Vec::new(),
        })
    }

    fn shown(&self, text: &str) -> crate::redact::RedactedText {
        self.execution.output_redactor().redact_for_display(text)
    }

    /// Adds the number of the page to a failure.
    fn add_page_number(&self, failure: &mut FailureReport) {
        failure.subject = self.shown(&format!("{} (page {})", failure.subject, self.number));
    }
}

/// What a value is taken from, as it is written.
fn source_of(value: &PageValue) -> String {
    match value {
        PageValue::Capture(capture) => capture.from.to_string(),
        PageValue::Template(_) => "`equals`".to_owned(),
    }
}

fn value_at(value: &PageValue) -> Span {
    match value {
        PageValue::Capture(capture) => capture.at,
        PageValue::Template(tree) => tree.at,
    }
}

/// The value that a path names. The loader refuses paths that name several.
fn find_one<'v>(path: &JsonPath, json: JsonRef<'v>) -> Result<Option<JsonRef<'v>>, SearchError> {
    match path.find(json)? {
        PathMatches::One(found) => Ok(found),
        PathMatches::Many(_) => Ok(None),
    }
}
