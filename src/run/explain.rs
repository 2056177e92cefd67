//! Explains one step: the request as it would be sent, where its values come from, and how it is
//! signed. Sends nothing.

use super::access::AccountAccess;
use super::context::RunContext;
use super::for_each;
use super::step_error::StepError;
use super::step_report::request_text;
use super::token::placeholder_token;
use super::used_variables::used_variables;
use super::user_secrets::missing_error;
use super::variables::{FixtureValue, set_account, variables};
use crate::diagnostic::pluralize;
use crate::export::{ShellValue, curl_command, split_secrets};
use crate::model::credential_variable::secret_variable;
use crate::model::fixture::Fixture;
use crate::model::repeat::RepeatMode;
use crate::model::request::{Request, Step, TemplateField};
use crate::model::scheme::{Level, RequestPart, Scheme, Token, TokenRequest};
use crate::model::template::{Expression, TemplatePart};
use crate::plan::{Unit, request_secrets};
use crate::redact::{RedactedText, Redactor};
use crate::render::{
    FUNCTION_NAMES, FreshValues, RenderError, SECRET_ROOT, TemplateDialect, VariableLayer,
    VariableScope, called_function, render_draft, render_output_path,
};
use crate::sign::{SealedRequest, SignTrace, SigningInputs, choose_level, seal, token_draft};
use crate::span::Span;
use crate::transport::human_duration;
use crate::value::Value;
use crate::wire::{Draft, WireRequest};

/// The explanation of a step; every value has passed the redactor.
pub(crate) struct StepExplanation {
    pub(crate) id: String,
    /// Scheme, level, account, environment.
    pub(crate) summary: String,
    pub(crate) time: String,
    pub(crate) notes: Vec<String>,
    pub(crate) values: Vec<ExplainedValue>,
    /// The request itself is the last one. If the scheme issues a token for it, the token request
    /// comes first.
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

/// A name that the request uses, its value, and the place that sets it.
pub(crate) struct ExplainedValue {
    pub(crate) name: String,
    pub(crate) value: RedactedText,
    /// What sets it.
    pub(crate) origin: String,
    pub(crate) at: Option<Span>,
}

/// Why a step cannot be explained.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ExplainError(#[from] StepError);

impl ExplainError {
    /// The place of the fault, if a file causes it.
    #[must_use]
    pub(crate) fn at(&self) -> Option<Span> {
        self.0.at()
    }

    /// What to do: variables that an earlier step captures can be set on the command line.
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
                "earlier steps capture {}: set a value with `--var NAME=VALUE`",
                crate::diagnostic::join_names(names, "and")
            ));
        }
        hints
    }
}

/// A step with its templates filled in.
pub(super) struct RenderedStep<'a> {
    variables: VariableScope,
    pub(super) account: Option<&'a str>,
    pub(super) scheme: &'a Scheme,
    /// How often it is sent.
    rounds: Option<String>,
    pub(super) draft: Draft,
}

pub(super) fn render_step<'a>(
    unit: &'a Unit<'_>,
    step: &'a Step,
    context: &RunContext<'a>,
    fresh: FreshValues,
) -> Result<RenderedStep<'a>, StepError> {
    let (variables, rounds) = step_variables(unit, step, context, fresh)?;
    let draft = render_draft(step, &variables, fresh, context.environment.files)
        .map_err(StepError::from)?;
    Ok(RenderedStep {
        variables,
        account: account_of(unit, step),
        scheme: scheme_of(step, context)?,
        rounds,
        draft,
    })
}

/// The account that a step names, or that of its unit.
fn account_of<'a>(unit: &'a Unit<'_>, step: &'a Step) -> Option<&'a str> {
    let own = step.account.as_ref().map(|account| account.name.as_str());
    own.or(unit.account.as_deref())
}

/// What the templates of a step see, and a note on its rounds. Placeholders replace the values of
/// fixtures.
pub(super) fn step_variables(
    unit: &Unit<'_>,
    step: &Step,
    context: &RunContext<'_>,
    fresh: FreshValues,
) -> Result<(VariableScope, Option<String>), StepError> {
    let mut variables = variables(unit, placeholder_fixtures(unit), context, fresh)?;
    let account = account_of(unit, step);
    if let Some(used) = &step.used {
        variables = used_variables(account, (step, used), &variables, context)?;
    }
    let rounds = set_first_round(step, &mut variables)?;
    if step.account.is_some() {
        let scheme = scheme_of(step, context)?;
        set_account(&mut variables, scheme, account, context).map_err(StepError::from)?;
    }
    Ok((variables, rounds))
}

/// The request of a step before the scheme adds anything to it.
///
/// # Errors
/// When a template cannot be rendered.
pub(crate) fn unsigned_request(
    unit: &Unit<'_>,
    step: &Step,
    context: &RunContext<'_>,
    now_ms: i64,
) -> Result<Draft, ExplainError> {
    let fresh = context.fresh_values_at(now_ms);
    Ok(render_step(unit, step, context, fresh)?.draft)
}

/// # Errors
/// When a template cannot be rendered, an account or a credential cannot be resolved, or a step of
/// the signature cannot be computed.
pub(crate) fn explain(
    unit: &Unit<'_>,
    step: &Step,
    context: &RunContext<'_>,
    now_ms: i64,
) -> Result<StepExplanation, ExplainError> {
    let fresh = context.fresh_values_at(now_ms);
    let RenderedStep {
        variables,
        account,
        scheme,
        rounds,
        draft,
    } = render_step(unit, step, context, fresh)?;
    let level = choose_level(scheme, step.level_name(), step.method, &draft.path);
    let access = context.draft_access((scheme, level), &draft, account);
    let access = access.map_err(StepError::from)?;
    let explained = ExplainedStep {
        step,
        scheme,
        level,
        account,
        request: unit.request,
        access: &access,
        context,
    };
    let reads = read_note(step, scheme, &draft);
    let mut explanation = explained.explain(&unit.id(), draft, &variables, fresh)?;
    explanation.notes.extend(rounds);
    explanation.notes.extend(undo_note(step));
    explanation.notes.extend(cookies_note(unit.request));
    let conditions = unit.request.when.iter().chain(step.when.as_deref());
    explanation.notes.extend(conditions.map(|when| {
        let source = &when.source;
        format!("it is sent only when `{source}` is true")
    }));
    explanation.notes.extend(repeat_note(step));
    explanation.notes.extend(reads);
    Ok(explanation)
}

/// How often the request is sent.
fn repeat_note(step: &Step) -> Option<String> {
    match &step.repeat {
        RepeatMode::Once => None,
        RepeatMode::Poll(poll) => Some(format!(
            "`poll` sends it every {} for at most {}",
            human_duration(poll.interval),
            human_duration(poll.timeout)
        )),
        RepeatMode::Pages(pages) => Some(format!(
            "this is the request of the first page; `pages` sends at most {}",
            pages.max_pages
        )),
    }
}

/// Whether it is a read, where a file says so and not only the method.
fn read_note(step: &Step, scheme: &Scheme, draft: &Draft) -> Option<String> {
    let said_by = match step.reads {
        Some(_) => "`reads`".to_owned(),
        None if scheme.read_rules.is_empty() => return None,
        None => format!("`reads` of the scheme `{}`", scheme.name),
    };
    let is_read = step.is_read(scheme, &draft.path, || draft.query_pairs());
    let attempts = pluralize(step.max_attempts(is_read) as usize, "attempt");
    let kind = if is_read { "reads" } else { "writes" };
    let method = step.method;
    Some(format!(
        "because of {said_by}, this {method} {kind}: at most {attempts}"
    ))
}

/// The cookies come with the responses of a run.
fn cookies_note(request: &Request) -> Option<String> {
    request.keeps_cookies.then(|| {
        "because of `cookies: keep`, a run adds the cookies that earlier responses set for this host"
            .to_owned()
    })
}

/// The undo as its file writes it: its values are known only once the step was sent.
fn undo_note(step: &Step) -> Option<String> {
    let undo = &step.undo.as_ref()?.step;
    let path: String = undo.path.parts.iter().map(written_part).collect();
    Some(format!(
        "when the flow ends, `undo` sends {} {path}",
        undo.method
    ))
}

fn written_part(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Expression(expression) => format!("{{{{ {} }}}}", expression.source),
    }
}

/// The step as its first round would send it; the note says how many rounds there are.
fn set_first_round(
    step: &Step,
    variables: &mut VariableScope,
) -> Result<Option<String>, StepError> {
    let Some(each) = &step.for_each else {
        return Ok(None);
    };
    match for_each::set_first_item(each, variables)? {
        Some(count) => Ok(Some(format!(
            "`for_each` sends it in {}: this is the first round",
            pluralize(count, "round")
        ))),
        None => Err(RenderError::new(
            each.list.at,
            "`for_each` has an empty list, so the step is not sent",
        )
        .into()),
    }
}

fn scheme_of<'c>(step: &Step, context: &RunContext<'c>) -> Result<&'c Scheme, StepError> {
    let scheme = context.environment.workspace.scheme(&step.scheme.name);
    Ok(scheme.ok_or_else(|| RenderError::new(step.scheme.at, "the scheme does not exist"))?)
}

/// A step with everything that its requests are signed with.
struct ExplainedStep<'a> {
    step: &'a Step,
    scheme: &'a Scheme,
    level: &'a Level,
    /// The account that the unit names.
    account: Option<&'a str>,
    /// The file that the step stands in.
    request: &'a Request,
    access: &'a AccountAccess,
    context: &'a RunContext<'a>,
}

impl ExplainedStep<'_> {
    fn explain(
        &self,
        file: &str,
        draft: Draft,
        variables: &VariableScope,
        fresh: FreshValues,
    ) -> Result<StepExplanation, StepError> {
        let renewed = self.renewed_token();
        let token = renewed.map_or_else(
            || self.access.given_token.clone(),
            |token| placeholder_token(token, &self.access.given_token),
        );
        self.context
            .register_secrets(self.scheme, &self.access.credentials, &token);
        let inputs = SigningInputs {
            credentials: &self.access.credentials,
            token: Some(&token),
            moment: FreshValues {
                unix_ms: self.scheme.clock.request_time_ms(fresh.unix_ms),
                ..fresh
            },
            steps: &[],
            extra: &[],
        };
        let (requests, trace) = self.requests(renewed, draft, inputs)?;
        let mut redactor = self.context.state.redactor.borrow_mut();
        Ok(StepExplanation {
            id: match &self.step.name {
                Some(name) => format!("{file}::{name}"),
                None => file.to_owned(),
            },
            summary: self.summary(),
            time: time_note(fresh.unix_ms, &trace),
            notes: self
                .notes(renewed.is_some())
                .into_iter()
                .chain(self.output_note(variables)?)
                .collect(),
            values: used_values(self.step, variables, &mut redactor)?,
            requests,
        })
    }

    /// The token request, if the scheme issues a token for the level, then the request itself with
    /// its trace.
    fn requests(
        &self,
        renewed: Option<&Token>,
        draft: Draft,
        inputs: SigningInputs<'_>,
    ) -> Result<(Vec<ExplainedRequest>, SignTrace), StepError> {
        let mut requests = Vec::new();
        if let Some(issue) = renewed.and_then(|token| token.issue.as_ref()) {
            let issuing = issue.issuing_token.as_ref();
            let issuing = issuing.and_then(|with| self.scheme.token(&with.name));
            let issuing = issuing.map(|token| placeholder_token(token, &self.access.given_token));
            let inputs = SigningInputs {
                token: issuing.as_ref().or(inputs.token),
                ..inputs
            };
            requests.push(self.token_request(issue, inputs)?);
        }
        let procedure = &self.level.procedure;
        let sealed = seal(
            self.scheme,
            procedure,
            draft,
            &self.access.call_base,
            inputs,
        )?;
        let title = if requests.is_empty() {
            ""
        } else {
            "the request itself"
        };
        requests.push(self.request(title, &sealed));
        Ok((requests, sealed.trace))
    }

    /// The token that the store or a token request would bring; `None` if the level needs none, or
    /// if an access token is configured.
    fn renewed_token(&self) -> Option<&Token> {
        let is_given = self.access.given_token.get("access_token").is_some();
        self.scheme
            .token_for_level(self.level)
            .filter(|_| !is_given)
    }

    fn token_request(
        &self,
        issue: &TokenRequest,
        inputs: SigningInputs<'_>,
    ) -> Result<ExplainedRequest, StepError> {
        let base = self.context.environment.accesses.region_base(
            self.scheme,
            issue.host.region_for(&self.access.region),
            self.access,
        )?;
        let draft = token_draft(self.scheme, issue, inputs).map_err(StepError::from)?;
        let sealed = seal(self.scheme, &issue.procedure, draft, &base, inputs)?;
        Ok(self.request("the request for a token, sent first", &sealed))
    }

    fn request(&self, title: &str, sealed: &SealedRequest) -> ExplainedRequest {
        explain_request(title, sealed, self.scheme, self.account, self.context)
    }

    fn summary(&self) -> String {
        let level = if self.level.name.is_empty() {
            String::new()
        } else {
            format!(", level {}", self.level.name)
        };
        format!(
            "scheme {}{level}, account {}, environment {}",
            self.scheme.name, self.access.account, self.context.options.environment
        )
    }

    /// The secrets of the file that have no value.
    fn missing_secrets(&self) -> Option<String> {
        let secrets = &self.context.environment.secrets;
        let missing = secrets.missing_of(|| request_secrets(self.request));
        if missing.is_empty() {
            return None;
        }
        let error = missing_error(missing, &self.context.options.environment);
        let note = format!("{error}: a placeholder is shown");
        Some(with_hint(note, error.hint()))
    }

    /// The file that the response would be written to.
    fn output_note(&self, variables: &VariableScope) -> Result<Option<String>, StepError> {
        let Some(output) = self.step.output.as_deref() else {
            return Ok(None);
        };
        let segments = render_output_path(output, variables)?;
        Ok(Some(format!(
            "the response is written to `{}`, below the folder of `--out`",
            segments.join("/")
        )))
    }

    fn notes(&self, has_placeholder_token: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let accesses = &self.context.environment.accesses;
        if let Err(error) = accesses.check_credentials(self.scheme, self.level, self.account) {
            let note =
                format!("{error}: test keys replace what is missing, so the signature is not real");
            notes.push(with_hint(note, error.hint()));
        }
        notes.extend(self.missing_secrets());
        if has_placeholder_token {
            notes.push("a placeholder replaces the token, which ingam takes from the store or gets when it sends the request".to_owned());
        }
        notes
    }
}

fn with_hint(mut note: String, hint: Option<String>) -> String {
    if let Some(hint) = hint {
        note.push_str("\n      ");
        note.push_str(&hint.replace('\n', "\n      "));
    }
    note
}

fn explain_request(
    title: &str,
    sealed: &SealedRequest,
    scheme: &Scheme,
    account: Option<&str>,
    context: &RunContext<'_>,
) -> ExplainedRequest {
    let SealedRequest { request, trace } = sealed;
    let accesses = &context.environment.accesses;
    // Before the first text is redacted below: values that the signature derives are secret too.
    context.register_trace(trace);
    let mut redactor = context.state.redactor.borrow_mut();
    ExplainedRequest {
        title: title.to_owned(),
        prepared: placed_values(&trace.prepared, &mut redactor),
        trace: trace_rows(trace, &mut redactor),
        attached: placed_values(&trace.attached, &mut redactor),
        wire: redactor.redact_for_display(&request_text(request)),
        curl: explained_curl(
            request,
            &|name| accesses.credential_variable(scheme, account, name),
            &mut redactor,
        ),
    }
}

/// A command for a shell that sends what a run would send. The environment variable of a secret
/// replaces the secret.
fn explained_curl(
    wire: &WireRequest,
    variable: &dyn Fn(&str) -> String,
    redactor: &mut Redactor,
) -> String {
    let value = |secret: &str| match secret.split_once('.') {
        Some(("cred" | "token", name)) => ShellValue::Variable(variable(name)),
        Some((SECRET_ROOT, name)) => ShellValue::Variable(secret_variable(name)),
        // A value that the signature computes from a secret, or that a response gave, has no
        // variable.
        _ => ShellValue::Unknown(secret.to_owned()),
    };
    let mut split = |text: &str| Ok(split_secrets(text, redactor));
    curl_command(wire, &mut split, &value).unwrap_or_else(|error| error.to_string())
}

/// Id, kind and text of each signing step.
fn trace_rows(trace: &SignTrace, redactor: &mut Redactor) -> Vec<(String, String, RedactedText)> {
    let rows = trace.lines.iter().map(|line| {
        let value = redactor.redact_for_display(&line.value);
        (line.id.clone(), line.op.to_owned(), value)
    });
    rows.collect()
}

fn time_note(now_ms: i64, trace: &SignTrace) -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms)
        .map_or_else(|_| format!("{now_ms} ms"), |time| time.to_string());
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
///
/// # Errors
/// When an expression does not compile.
fn used_values(
    step: &Step,
    variables: &VariableScope,
    redactor: &mut Redactor,
) -> Result<Vec<ExplainedValue>, RenderError> {
    let mut found: Vec<ExplainedValue> = Vec::new();
    for expression in expressions(step) {
        for name in TemplateDialect::Request.names_in(expression)? {
            let shown = match name.split_once('.') {
                // Each secret has a variable of its own.
                Some((SECRET_ROOT, _)) | None => name.as_str(),
                Some((root, _)) => root,
            };
            if !found.iter().any(|value| value.name == shown) {
                found.extend(explained_value(shown, expression, variables, redactor));
            }
        }
    }
    Ok(found)
}

/// `None` for a name that is set inside of the expression itself.
fn explained_value(
    name: &str,
    expression: &Expression,
    variables: &VariableScope,
    redactor: &mut Redactor,
) -> Option<ExplainedValue> {
    let function = called_function(name);
    let (value, origin, at) = if function.is_some() || FUNCTION_NAMES.contains(&name) {
        let text = format!("the function in `{}`", expression.source);
        let origin = VariableLayer::BuiltIn.to_string();
        (text, origin, Some(expression.at))
    } else if let Some((SECRET_ROOT, secret)) = name.split_once('.') {
        let value = variables.get(SECRET_ROOT)?.get(secret)?.to_json();
        (value, secret_variable(secret), None)
    } else {
        let origin = variables.origin(name)?;
        (
            variables.get(name)?.to_json(),
            origin.layer.to_string(),
            origin.at,
        )
    };
    Some(ExplainedValue {
        name: function.unwrap_or(name).to_owned(),
        value: redactor.redact_for_display(&value),
        origin,
        at,
    })
}

/// An explanation sets no fixture up: placeholders such as `‹item.id›` replace the values.
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
    let placeholder = |fixture: &&Fixture| FixtureValue {
        name: fixture.name.clone(),
        value: value(fixture),
        marked: None,
    };
    unit.fixtures.iter().map(placeholder).collect()
}

/// The expressions of the request itself, not those of its assertions and captures.
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
