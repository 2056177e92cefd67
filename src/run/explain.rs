//! One step as it would be sent, with everything that a person may see of how it came about. Sends
//! nothing.

use super::access::AccessError;
use super::context::RunContext;
use super::step_error::StepError;
use super::step_report::request_text;
use super::token::placeholder_token;
use super::variables::{FixtureValue, variables};
use crate::credentials::CredentialError;
use crate::model::fixture::Fixture;
use crate::model::request::{Request, Step, TemplateField};
use crate::model::scheme::{RequestPart, Scheme};
use crate::model::template::Expression;
use crate::plan::Unit;
use crate::render::{
    FUNCTION_NAMES, FreshValues, RenderError, TemplateDialect, VariableLayer, VariableScope,
    render_draft,
};
use crate::secret::{RedactedText, Redactor};
use crate::sign::{SealedRequest, SignTrace, SigningInputs, choose_level, seal, token_draft};
use crate::span::Span;
use crate::value::Value;
use crate::wire::WireRequest;

/// What is shown; every value has passed the redactor.
pub(crate) struct StepExplanation {
    pub(crate) id: String,
    /// Scheme, level, account, environment.
    pub(crate) summary: String,
    pub(crate) time: String,
    pub(crate) notes: Vec<String>,
    pub(crate) values: Vec<ExplainedValue>,
    /// The request itself last; before it the one for its token, where the scheme issues one.
    pub(crate) requests: Vec<ExplainedRequest>,
}

/// One request, signed.
pub(crate) struct ExplainedRequest {
    pub(crate) title: String,
    /// `query.timestamp` and its value.
    pub(crate) prepared: Vec<(String, RedactedText)>,
    /// Id, kind and text of each step.
    pub(crate) trace: Vec<(String, String, RedactedText)>,
    pub(crate) attached: Vec<(String, RedactedText)>,
    pub(crate) wire: RedactedText,
    pub(crate) curl: String,
}

/// A name that the request uses, and where its value comes from.
pub(crate) struct ExplainedValue {
    pub(crate) name: String,
    pub(crate) value: RedactedText,
    pub(crate) layer: VariableLayer,
    pub(crate) at: Option<Span>,
}

/// Why a step cannot be explained.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ExplainError(#[from] StepError);

impl ExplainError {
    /// Where the fault stands, when it is one of the file.
    #[must_use]
    pub(crate) fn at(&self) -> Option<Span> {
        self.0.at()
    }

    /// What to do: values that only an earlier step brings can be given on the command line.
    #[must_use]
    pub(crate) fn hints(&self, request: &Request, step: &Step) -> Vec<String> {
        let captured = request
            .steps
            .iter()
            .take_while(|earlier| earlier.at != step.at)
            .flat_map(|earlier| &earlier.captures);
        let names: Vec<&str> = captured.map(|capture| capture.name.as_str()).collect();
        let mut hints = self.0.notes();
        if !names.is_empty() {
            hints.push(format!(
                "earlier steps capture {}: give a value with `--var NAME=VALUE`",
                crate::diagnostic::join_names(names, "and")
            ));
        }
        hints
    }
}

/// # Errors
/// When a template cannot be filled in, an account is not clear, or a step of the signature cannot
/// be computed.
pub(crate) fn explain(
    unit: &Unit<'_>,
    step: &Step,
    context: &RunContext<'_>,
    now_ms: i64,
) -> Result<StepExplanation, ExplainError> {
    let (request, account) = (unit.request, unit.account.as_deref());
    let moment = FreshValues {
        unix_ms: now_ms,
        seed: (context.environment.rng)(),
    };
    let variables =
        variables(unit, placeholder_fixtures(unit), context, moment).map_err(StepError::from)?;
    let Some(scheme) = context.environment.workspace.scheme(&step.scheme.name) else {
        return Err(
            StepError::from(RenderError::new(step.scheme.at, "the scheme is not there")).into(),
        );
    };
    let draft = render_draft(step, &variables, moment, context.environment.files)
        .map_err(StepError::from)?;
    let level = choose_level(
        scheme,
        step.level.as_ref().map(|level| level.name.as_str()),
        step.method,
        &draft.path,
    );
    let access = context
        .access(scheme, level, account)
        .map_err(StepError::from)?;
    let mut notes = missing_notes(context, scheme, level, account);
    let is_given = access.given_token.get("access_token").is_some();
    let renewed = scheme.token_for_level(level).filter(|_| !is_given);
    let token = renewed.map_or_else(
        || access.given_token.clone(),
        |token| placeholder_token(token, &access.given_token),
    );
    if renewed.is_some() {
        notes
            .push("a placeholder stands for the token, which is taken from the store or got when the request is sent".to_owned());
    }
    context.register_secrets(scheme, &access.credentials, &token);
    let signed_at = FreshValues {
        unix_ms: scheme.clock.request_time_ms(now_ms),
        ..moment
    };
    let inputs = SigningInputs {
        credentials: &access.credentials,
        token: Some(&token),
        moment: signed_at,
        steps: &[],
        extra: &[],
    };
    let mut calls = Vec::new();
    if let Some(issue) = renewed.and_then(|token| token.issue.as_ref()) {
        let base = context
            .environment
            .accesses
            .region_base(scheme, issue.host.as_deref(), &access.base)
            .map_err(StepError::from)?;
        let draft = token_draft(scheme, issue, inputs).map_err(StepError::from)?;
        let sealed =
            seal(scheme, &issue.procedure, draft, &base, inputs).map_err(StepError::from)?;
        calls.push(explain_request(
            "the request for a token, sent first",
            &sealed,
            scheme,
            account,
            context,
        ));
    }
    let sealed =
        seal(scheme, &level.procedure, draft, &access.base, inputs).map_err(StepError::from)?;
    calls.push(explain_request(
        if calls.is_empty() {
            ""
        } else {
            "the request itself"
        },
        &sealed,
        scheme,
        account,
        context,
    ));
    let level_name = if level.name.is_empty() {
        String::new()
    } else {
        format!(", level {}", level.name)
    };
    let mut redactor = context.state.redactor.borrow_mut();
    Ok(StepExplanation {
        id: step.name.as_ref().map_or_else(
            || request.name.clone(),
            |name| format!("{}::{name}", request.name),
        ),
        summary: format!(
            "scheme {}{level_name}, account {}, environment {}",
            scheme.name, access.account, context.options.environment
        ),
        time: time_note(now_ms, &sealed.trace),
        notes,
        values: used_values(step, &variables, &mut redactor),
        requests: calls,
    })
}

fn explain_request(
    title: &str,
    sealed: &SealedRequest,
    scheme: &Scheme,
    account: Option<&str>,
    context: &RunContext<'_>,
) -> ExplainedRequest {
    let SealedRequest { request, trace } = sealed;
    let mut redactor = context.state.redactor.borrow_mut();
    for (id, value) in trace.secrets() {
        redactor.add_secret(id, value);
    }
    ExplainedRequest {
        title: title.to_owned(),
        prepared: placed_values(&trace.prepared, &mut redactor),
        trace: trace
            .lines
            .iter()
            .map(|line| {
                (
                    line.id.clone(),
                    line.op.to_owned(),
                    redactor.redact_for_display(&line.value),
                )
            })
            .collect(),
        attached: placed_values(&trace.attached, &mut redactor),
        wire: redactor.redact_for_display(&request_text(request)),
        curl: curl_command(
            request,
            &|name| {
                context
                    .environment
                    .accesses
                    .credential_variable(scheme, account, name)
            },
            &mut redactor,
        ),
    }
}

fn missing_notes(
    context: &RunContext<'_>,
    scheme: &Scheme,
    level: &crate::model::scheme::Level,
    account: Option<&str>,
) -> Vec<String> {
    match context
        .environment
        .accesses
        .missing_credentials(scheme, level, account)
    {
        Some(error @ AccessError::Credential(CredentialError::Missing { .. })) => {
            let hint = error.hint().unwrap_or_default();
            vec![format!(
                "{error}: test keys stand for what is missing, so the signature is not a real one\n      {}",
                hint.replace('\n', "\n      ")
            )]
        }
        _ => Vec::new(),
    }
}

fn time_note(now_ms: i64, trace: &SignTrace) -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms)
        .map(|time| time.to_string())
        .unwrap_or_default();
    format!("{now}, written as {}", trace.ts)
}

fn placed_values(
    rows: &[(RequestPart, String, String)],
    redactor: &mut Redactor,
) -> Vec<(String, RedactedText)> {
    rows.iter()
        .map(|(part, name, value)| {
            (
                format!("{} {name}", part.name()),
                redactor.redact_for_display(value),
            )
        })
        .collect()
}

/// Each name once, in the order of its first use.
fn used_values(
    step: &Step,
    variables: &VariableScope,
    redactor: &mut Redactor,
) -> Vec<ExplainedValue> {
    let mut found: Vec<ExplainedValue> = Vec::new();
    for expression in expressions(step) {
        for name in TemplateDialect::Request
            .names_in(expression)
            .unwrap_or_default()
        {
            let root = name.split('.').next().unwrap_or_default().to_owned();
            if found.iter().any(|value| value.name == root) {
                continue;
            }
            if FUNCTION_NAMES.contains(&root.as_str()) {
                let value = redactor
                    .redact_for_display(&format!("the function in `{}`", expression.source));
                found.push(ExplainedValue {
                    name: root,
                    value,
                    layer: VariableLayer::BuiltIn,
                    at: Some(expression.at),
                });
            } else if let (Some(value), Some(origin)) =
                (variables.get(&root), variables.origin(&root))
            {
                found.push(ExplainedValue {
                    name: root,
                    value: redactor.redact_for_display(&value.to_json()),
                    layer: origin.layer,
                    at: origin.at,
                });
            }
        }
    }
    found
}

/// Nothing is set up for an explanation, so the values of fixtures are names of themselves.
fn placeholder_fixtures(unit: &Unit<'_>) -> Vec<FixtureValue> {
    let value = |fixture: &Fixture| {
        let member = |field: &TemplateField| {
            (
                field.name.clone(),
                Value::from(format!("‹{}.{}›", fixture.name, field.name)),
            )
        };
        Value::Object(fixture.values.iter().map(member).collect())
    };
    let of = |fixture: &&Fixture| FixtureValue {
        name: fixture.name.clone(),
        value: value(fixture),
        marked: None,
    };
    unit.fixtures.iter().map(of).collect()
}

/// Those of the request itself, not of what is expected of its answer.
fn expressions(step: &Step) -> Vec<&Expression> {
    let fields = step
        .query
        .iter()
        .chain(&step.headers)
        .flat_map(|field| field.value.expressions());
    step.path
        .expressions()
        .chain(fields)
        .chain(step.body.expressions())
        .collect()
}

/// A command for a shell. A secret stands in it as the variable that brings it, never as itself.
fn curl_command(
    wire: &WireRequest,
    variable: &dyn Fn(&str) -> String,
    redactor: &mut Redactor,
) -> String {
    let mut words = vec!["curl".to_owned(), "--path-as-is".to_owned()];
    if wire.method().name() != "GET" {
        words.push(format!("-X {}", wire.method()));
    }
    let mut quote = |text: &str| shell_quoted(&redactor.redact(text), variable);
    words.push(quote(wire.url().as_str()));
    for (name, value) in wire.headers() {
        // curl writes these itself, from the address and the body.
        if !["host", "content-length", "accept-encoding"].contains(&name.as_str()) {
            words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
        }
    }
    if !wire.body().is_empty() {
        let text = std::str::from_utf8(wire.body())
            .map_or_else(|_| "@FILE-WITH-THE-BODY".to_owned(), quote);
        words.push(format!("--data-binary {text}"));
    }
    words.join(" \\\n    ")
}

fn shell_quoted(redacted: &str, variable: &dyn Fn(&str) -> String) -> String {
    if !redacted.contains('‹') {
        return format!("'{}'", redacted.replace('\'', "'\\''"));
    }
    let escaped = redacted
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('`', "\\`");
    let mut out = String::new();
    for (index, piece) in escaped.split(['‹', '›']).enumerate() {
        if index % 2 == 0 {
            out.push_str(piece);
        } else if let Some((_, name)) = piece.split_once('.') {
            out.push_str(&format!("${{{}}}", variable(name)));
        } else {
            // What a step computed from a secret has no variable of its own.
            out.push_str(&format!("‹{piece}›"));
        }
    }
    format!("\"{out}\"")
}
