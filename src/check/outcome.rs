//! What a response means to its scheme: success, or a kind of error.

use super::judge::holds;
use super::response_view::ResponseView;
use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, ResponseCondition, Scheme};
use crate::model::template::TemplateTree;
use crate::value::Value;
use std::borrow::Cow;

/// The meaning of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseOutcome {
    Success,
    ApiError {
        kind: ErrorKind,
        hint: Option<String>,
        remedy: Option<ErrorRemedy>,
        /// The scheme's rule for this response says that nothing was carried out.
        had_no_effect: bool,
    },
}

/// Classifies a response by `ok` and `errors` of the scheme. `path` is relative to the base path of
/// the host.
#[must_use]
pub fn classify_response(
    scheme: &Scheme,
    method: Method,
    path: &str,
    answer: &ResponseView<'_>,
) -> ResponseOutcome {
    let answer = &answer.for_scheme_rules();
    let rule = scheme
        .success_rules
        .iter()
        .find(|rule| rule.matcher.matches(method, path));
    // Some marketplaces answer 200 to everything and say in the body whether it worked, so the rule
    // of the scheme comes before the status.
    let success = rule.map_or_else(
        || (200..300).contains(&answer.status()),
        |rule| condition_holds(&rule.condition, answer),
    );
    if success {
        return ResponseOutcome::Success;
    }
    api_error(scheme, method, path, answer)
}

fn api_error(
    scheme: &Scheme,
    method: Method,
    path: &str,
    answer: &ResponseView<'_>,
) -> ResponseOutcome {
    let rule = scheme.error_rules.iter().find(|rule| {
        rule.matcher.matches(method, path) && condition_holds(&rule.condition, answer)
    });
    match rule {
        Some(rule) => ResponseOutcome::ApiError {
            kind: rule.kind,
            hint: rule.hint.clone(),
            remedy: rule.remedy,
            had_no_effect: rule.not_executed.is_some(),
        },
        None => ResponseOutcome::ApiError {
            kind: fallback_kind(scheme, answer),
            hint: None,
            remedy: None,
            had_no_effect: false,
        },
    }
}

/// The kind of a response that no rule names. A response in another form than the errors of the
/// marketplace, such as a redirect or the page of a proxy, gives no information about the input. A
/// success by its status that `ok` refuses does: the marketplace has read the request, and sending
/// it again changes nothing.
fn fallback_kind(scheme: &Scheme, answer: &ResponseView<'_>) -> ErrorKind {
    // 429 is a limit in whatever form it comes: a gateway in front of the marketplace sends HTML.
    if answer.status() == 429 {
        return ErrorKind::RateLimit;
    }
    let in_json = scheme
        .error_rules
        .iter()
        .any(|rule| !rule.condition.assertions.is_empty());
    if (300..400).contains(&answer.status()) || (in_json && answer.json().is_err()) {
        return ErrorKind::Server;
    }
    if answer.status() < 300 {
        return ErrorKind::Input;
    }
    ErrorKind::from_status(answer.status())
}

fn condition_holds(condition: &ResponseCondition, answer: &ResponseView<'_>) -> bool {
    let status = condition.statuses.is_empty()
        || condition
            .statuses
            .iter()
            .any(|pattern| pattern.matches(answer.status()));
    status && holds_without_templates(&condition.assertions, answer)
}

/// Whether assertions hold whose operands are all written out. If one of them is a template, they
/// do not hold.
#[must_use]
pub(crate) fn holds_without_templates(assertions: &[Assertion], answer: &ResponseView<'_>) -> bool {
    // These conditions decide whether a call succeeded and whether something is deleted. Without
    // the value of an operand nothing is known, so neither is claimed, also not under `not` or
    // `none`.
    let judged: Result<bool, TemplateOperand> = holds(assertions, answer, &constant_operand);
    judged.unwrap_or(false)
}

/// An operand holds a template, and there is no scope to fill it from.
struct TemplateOperand;

fn constant_operand(tree: &TemplateTree) -> Result<Cow<'_, Value>, TemplateOperand> {
    tree.as_constant().map(Cow::Borrowed).ok_or(TemplateOperand)
}
