//! What `ok` of a step means, once its scheme is known: an `assert` that only a refusal can meet
//! expects a refusal, and what contradicts that is a fault.

use crate::check;
use crate::diagnostic::{Diagnostic, Diagnostics, Hint, Repair};
use crate::load::sent_values::sample_path;
use crate::model::assertion::{Assertion, Subject};
use crate::model::outcome::ExpectedOutcome;
use crate::model::repeat::RepeatMode;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::model::template::Template;
use crate::model::workspace::Workspace;

pub(super) fn resolve_expected_outcomes(workspace: &mut Workspace, diagnostics: &mut Diagnostics) {
    let schemes = workspace.schemes.clone();
    let requests = workspace.requests.iter_mut();
    let fixtures = workspace.fixtures.iter_mut();
    let steps = requests
        .flat_map(|request| request.steps.iter_mut())
        .chain(fixtures.flat_map(|fixture| fixture.steps.iter_mut()));
    for step in steps {
        let Some(scheme) = schemes
            .iter()
            .find(|scheme| scheme.name == step.scheme.name)
        else {
            continue;
        };
        resolve(step, scheme, diagnostics);
        check_until(step, scheme, diagnostics);
        check_retry(step, diagnostics);
    }
}

fn resolve(step: &mut Step, scheme: &Scheme, diagnostics: &mut Diagnostics) {
    if step.expected_outcome != ExpectedOutcome::Success {
        return;
    }
    let Some(assertion) = refused_status(step, scheme, &step.assertions) else {
        return;
    };
    let Some(ok_at) = step.ok_at else {
        step.expected_outcome = ExpectedOutcome::AnyFailure;
        return;
    };
    let diagnostic = Diagnostic::error("`ok: true` and this status contradict each other")
        .at(
            assertion.at,
            format!(
                "the scheme `{}` never treats this status as a success",
                scheme.name
            ),
        )
        .at(ok_at, "a success is expected");
    let text =
        "remove `ok`: with this status the step expects a refusal, as with `ok: { kind: any }`";
    let repair = Repair::Set {
        title: "Expect a failure: `ok: false`",
        key: "ok",
        value: "false",
    };
    diagnostics.push(diagnostic.hint(Hint::with(text, repair)));
}

/// `until` looks at responses that `ok` expects: a status that is never a success never meets it.
fn check_until(step: &Step, scheme: &Scheme, diagnostics: &mut Diagnostics) {
    let RepeatMode::Poll(poll) = &step.repeat else {
        return;
    };
    if step.expected_outcome != ExpectedOutcome::Success {
        return;
    }
    let Some(assertion) = refused_status(step, scheme, &poll.until) else {
        return;
    };
    let diagnostic = Diagnostic::error("`until` waits for a status that `ok` refuses").at(
        assertion.at,
        format!(
            "the scheme `{}` never treats this status as a success",
            scheme.name
        ),
    );
    diagnostics.push(diagnostic.hint(
        "to wait until an item is deleted, write `ok: { kind: any }`, and write the response before that under `pending`, such as `pending: { status: 200 }`",
    ));
}

/// The assertion of a status that the scheme never calls a success.
fn refused_status<'s>(
    step: &Step,
    scheme: &Scheme,
    assertions: &'s [Assertion],
) -> Option<&'s Assertion> {
    assertions.iter().find(|assertion| {
        if !matches!(assertion.subject, Subject::Status) {
            return false;
        }
        let path = sample_without_query(&step.path);
        check::statuses(assertion).is_some_and(|mut statuses| {
            let mut is_named = false;
            let is_refused = statuses.all(|status| {
                is_named = true;
                !scheme.can_succeed(step.method, &path, status)
            });
            is_named && is_refused
        })
    })
}

/// The path without a query. The value of a template is always within one segment.
fn sample_without_query(path: &Template) -> String {
    let mut sample = sample_path(path);
    if let Some(query) = sample.find('?') {
        sample.truncate(query);
    }
    sample
}

/// A refusal that is expected is never a reason to try again.
fn check_retry(step: &Step, diagnostics: &mut Diagnostics) {
    let Some(retry_at) = step.retry_at else {
        return;
    };
    if step.expected_outcome == ExpectedOutcome::Success {
        return;
    }
    let diagnostic = Diagnostic::error("a request that must fail is never retried")
        .at(retry_at, "this has no effect");
    let mut assertions = step.assertions.iter();
    let status = assertions.find(|one| matches!(one.subject, Subject::Status));
    let diagnostic = match step.ok_at.or(status.map(|status| status.at)) {
        Some(at) => diagnostic.at(at, "it must fail"),
        None => diagnostic,
    };
    diagnostics.push(diagnostic.hint(Hint::remove_key("remove `retry`", "retry")));
}
