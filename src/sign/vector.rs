//! Runs the known answers of a scheme through the same interpreter that signs requests.

use super::incoming::{Arrived, IncomingError, check_incoming, incoming_steps};
use super::pkce::pkce_challenge;
use super::scope::{NamedValues, SigningInputs};
use super::seal::{SealError, SealedRequest, SignTrace, choose_level, seal};
use super::token::{authorize_draft, token_draft};
use crate::model::request::{Step, WorkspaceFile, WorkspaceFileError};
use crate::model::scheme::{
    AccountHost, AuthorizeLink, HostValueError, IncomingSignature, Scheme, SignOp, SignatureVector,
    TokenRequest, VectorSubject,
};
use crate::render::{
    BodyFiles, FreshValues, RenderError, VariableLayer, VariableOrigin, VariableScope, render_draft,
};
use crate::span::Span;
use crate::value::{ObjectMember, Value};
use crate::wire::{BaseUrl, BaseUrlError, Draft, WireRequest, parse_form};

/// One known value and what the scheme gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorResult {
    /// `signature`, `query.sign`, `headers.authorization`.
    pub name: String,
    pub at: Span,
    pub expected: String,
    /// `None` when the scheme has nothing of that name.
    pub actual: Option<String>,
}

impl VectorResult {
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.actual.as_deref() == Some(self.expected.as_str())
    }
}

/// Why a known answer cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Host(#[from] BaseUrlError),
    #[error(transparent)]
    HostValue(#[from] HostValueError),
    #[error("there is no token `{0}`")]
    UnknownToken(String),
    #[error("`{0}` is not `issue`, `exchange` or `refresh`")]
    UnknownAction(String),
    #[error("the token has no `{0}`")]
    NoTokenRequest(String),
    #[error("the scheme has no `authorize`")]
    NoAuthorizeLink,
    #[error("the scheme has no webhook `{0}`")]
    UnknownWebhook(String),
    #[error("`authorize` of the scheme has no `verify`")]
    NoVerification,
    #[error("there is no link `{0}` under `authorize`")]
    UnknownLink(String),
    #[error("there is no region `{0}` under `hosts`")]
    UnknownRegion(String),
}

/// Whether what arrived is accepted: `true` or `false`.
const ACCEPTED: &str = "accepted";

/// The files of a vector stand in it.
struct GivenFiles<'v>(&'v SignatureVector);

impl BodyFiles for GivenFiles<'_> {
    fn read(&self, file: &WorkspaceFile) -> Result<bytes::Bytes, WorkspaceFileError> {
        let mut given = self.0.files.iter();
        let found = given.find(|(path, _)| *path == file.path);
        let missing = || WorkspaceFileError::NotFound(file.path.clone());
        found
            .map(|(_, content)| content.clone())
            .ok_or_else(missing)
    }
}

/// # Errors
/// When the scheme cannot sign what the vector gives.
pub fn run_vector(
    scheme: &Scheme,
    vector: &SignatureVector,
) -> Result<Vec<VectorResult>, VectorError> {
    if let Some((signature, arrived)) = arrived_in(scheme, &vector.subject)? {
        return run_incoming_vector(
            vector,
            signature,
            &arrived,
            &given_credentials(scheme, vector),
        );
    }
    let sealed = seal_given(scheme, vector)?;
    let result = |(name, at, expected): &(String, Span, String)| VectorResult {
        name: name.clone(),
        at: *at,
        expected: expected.clone(),
        actual: value_of(&sealed, name),
    };
    Ok(vector.expect.iter().map(result).collect())
}

/// How the scheme comes to what it gives for a vector.
///
/// # Errors
/// As [`run_vector`].
pub(crate) fn vector_trace(
    scheme: &Scheme,
    vector: &SignatureVector,
) -> Result<SignTrace, VectorError> {
    Ok(seal_given(scheme, vector)?.trace)
}

/// The credentials of a vector, with the defaults of the scheme.
fn given_credentials(scheme: &Scheme, vector: &SignatureVector) -> NamedValues {
    let mut credentials = NamedValues::from_iter(vector.credentials.clone());
    for credential in &scheme.credentials {
        if let (None, Some(default)) = (credentials.get(&credential.name), &credential.default) {
            credentials.set(&credential.name, default.clone());
        }
    }
    credentials
}

fn seal_given(scheme: &Scheme, vector: &SignatureVector) -> Result<SealedRequest, VectorError> {
    let credentials = given_credentials(scheme, vector);
    let token = NamedValues::from_iter(vector.token.clone());
    let moment = FreshValues {
        unix_ms: vector.clock_ms,
        seed: [0; 16],
    };
    let extra = match &vector.subject {
        VectorSubject::Authorize { vars, .. } => link_names(vars),
        VectorSubject::Token { vars, .. } => vars.clone(),
        VectorSubject::Request { .. }
        | VectorSubject::Push { .. }
        | VectorSubject::Callback { .. } => Vec::new(),
    };
    let steps = given_steps(scheme, vector);
    let inputs = SigningInputs {
        credentials: &credentials,
        token: Some(&token),
        moment,
        steps: &steps,
        extra: &extra,
    };
    seal_vector(scheme, vector, inputs)
}

/// The results of steps that a vector gives. A signature that differs each time is given by what is
/// expected of its step: it is verified in place of being made.
fn given_steps(scheme: &Scheme, vector: &SignatureVector) -> Vec<ObjectMember> {
    let mut given = vector.fixed_steps.clone();
    let expected = vector.expect.iter().filter(|(name, _, _)| {
        let mut steps = scheme.procedures().flat_map(|procedure| &procedure.sign);
        steps.any(|step| step.id == *name && step.operation.has_many_results())
    });
    for (name, _, value) in expected {
        if !given.iter().any(|(known, _)| known == name) {
            given.push((name.as_str().into(), Value::from(value.as_str())));
        }
    }
    given
}

/// What a link sees: the names that are given, and the challenge of a given verifier.
fn link_names(vars: &[ObjectMember]) -> Vec<ObjectMember> {
    let verifier = vars.iter().find(|(name, _)| name == "verifier");
    let challenge =
        verifier.map(|(_, value)| ("challenge".into(), pkce_challenge(&value.to_text()).into()));
    vars.iter().cloned().chain(challenge).collect()
}

/// What a vector of a webhook or a callback checks; `None` for one that signs.
fn arrived_in<'s>(
    scheme: &'s Scheme,
    subject: &VectorSubject,
) -> Result<Option<(&'s IncomingSignature, Arrived)>, VectorError> {
    Ok(match subject {
        VectorSubject::Push { webhook, push } => {
            let unknown = || VectorError::UnknownWebhook(webhook.clone());
            let webhook = scheme.webhook(webhook).ok_or_else(unknown)?;
            Some((&webhook.signature, Arrived::push(push)))
        }
        VectorSubject::Callback { query } => {
            let mut links = scheme.authorize_links.iter();
            let signature = links.find_map(|link| link.verification.as_ref());
            let signature = signature.ok_or(VectorError::NoVerification)?;
            Some((signature, Arrived::callback(query)))
        }
        _ => None,
    })
}

/// The texts of the steps, and under `accepted` whether the signature that arrived is right.
fn run_incoming_vector(
    vector: &SignatureVector,
    signature: &IncomingSignature,
    arrived: &Arrived,
    credentials: &NamedValues,
) -> Result<Vec<VectorResult>, VectorError> {
    // A signature that only its marketplace can make has no text of ours: it is only `accepted`.
    let is_theirs = signature
        .sign
        .last()
        .is_some_and(|step| matches!(step.operation, SignOp::Asymmetric { .. }));
    let lines = if is_theirs {
        Vec::new()
    } else {
        incoming_steps(signature, arrived, credentials)?
    };
    let accepted = match check_incoming(signature, arrived, credentials) {
        Ok(()) => true,
        Err(IncomingError::Unverifiable(error)) => return Err(error.into()),
        Err(_) => false,
    };
    let result = |(name, at, expected): &(String, Span, String)| VectorResult {
        name: name.clone(),
        at: *at,
        expected: expected.clone(),
        actual: match name.as_str() {
            ACCEPTED => Some(accepted.to_string()),
            name => lines
                .iter()
                .find(|line| line.id == name)
                .map(|line| line.value.clone()),
        },
    };
    Ok(vector.expect.iter().map(result).collect())
}

fn seal_vector(
    scheme: &Scheme,
    vector: &SignatureVector,
    inputs: SigningInputs<'_>,
) -> Result<SealedRequest, VectorError> {
    let region = vector.region.as_deref();
    let (procedure, draft, base) = match &vector.subject {
        VectorSubject::Request { level, request } => {
            let draft = request_draft(request, inputs.moment, &GivenFiles(vector))?;
            let level = choose_level(scheme, level.as_deref(), draft.method, &draft.path);
            let host = scheme.host_choice(level, draft.method, &draft.path);
            let host = host.region_for(region.unwrap_or("live")).or(region);
            let base = vector_base(scheme, host, inputs.credentials)?;
            (&level.procedure, draft, base)
        }
        VectorSubject::Token { token, action, .. } => {
            let request = token_request(scheme, token, action)?;
            (
                &request.procedure,
                token_draft(scheme, request, inputs)?,
                vector_base(
                    scheme,
                    request.host.region_for(region.unwrap_or("live")).or(region),
                    inputs.credentials,
                )?,
            )
        }
        VectorSubject::Authorize { link, .. } => {
            let link = authorize_link(scheme, link.as_deref())?;
            (
                &link.procedure,
                authorize_draft(scheme, link, inputs)?,
                vector_base(
                    scheme,
                    link.link_host
                        .region_for(region.unwrap_or("live"))
                        .or(region),
                    inputs.credentials,
                )?,
            )
        }
        // `run_vector` has compared these.
        VectorSubject::Push { webhook, .. } => {
            return Err(VectorError::UnknownWebhook(webhook.clone()));
        }
        VectorSubject::Callback { .. } => return Err(VectorError::NoVerification),
    };
    Ok(seal(scheme, procedure, draft, &base, inputs)?)
}

fn authorize_link<'s>(
    scheme: &'s Scheme,
    name: Option<&str>,
) -> Result<&'s AuthorizeLink, VectorError> {
    let mut links = scheme.authorize_links.iter();
    let Some(name) = name else {
        return links.next().ok_or(VectorError::NoAuthorizeLink);
    };
    links
        .find(|link| link.name.as_deref() == Some(name))
        .ok_or_else(|| VectorError::UnknownLink(name.to_owned()))
}

/// The host of a region; `None` is the live one, or the first. A scheme without hosts signs for one
/// that does not exist.
fn vector_base(
    scheme: &Scheme,
    region: Option<&str>,
    credentials: &NamedValues,
) -> Result<BaseUrl, VectorError> {
    let host = match region {
        Some(region) if !scheme.hosts.is_empty() => Some(
            scheme
                .host(region)
                .ok_or_else(|| VectorError::UnknownRegion(region.to_owned()))?,
        ),
        _ => scheme.main_host(),
    };
    let Some(host) = host else {
        return Ok(BaseUrl::parse("https://host.invalid")?);
    };
    // A vector that gives no value for an account's host signs for one of no account.
    let value = |host: &AccountHost| credentials.get(&host.credential).and_then(Value::as_str);
    match host.account_host().map(|host| (host, value(host))) {
        Some((host, Some(value))) => Ok(host.base_url(value)?),
        _ => Ok(BaseUrl::parse(&host.example_url())?),
    }
}

fn token_request<'s>(
    scheme: &'s Scheme,
    token: &str,
    action: &str,
) -> Result<&'s TokenRequest, VectorError> {
    let token = scheme
        .token(token)
        .ok_or_else(|| VectorError::UnknownToken(token.to_owned()))?;
    let request = match action {
        "issue" => token.issue.as_ref(),
        "exchange" => token.exchange.as_ref(),
        "refresh" => token.refresh.as_ref(),
        "device.authorize" => token.device.as_ref().map(|device| &device.authorize),
        "device.exchange" => token.device.as_ref().map(|device| &device.exchange),
        other => return Err(VectorError::UnknownAction(other.to_owned())),
    };
    request.ok_or_else(|| VectorError::NoTokenRequest(action.to_owned()))
}

fn request_draft(
    request: &Step,
    moment: FreshValues,
    files: &GivenFiles<'_>,
) -> Result<Draft, RenderError> {
    let mut variables = VariableScope::new(moment);
    variables.set(
        "run_id",
        Value::from("vector"),
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
    render_draft(request, &variables, moment, files)
}

fn value_of(sealed: &SealedRequest, name: &str) -> Option<String> {
    let find = |pairs: Vec<(String, String)>, name: &str| {
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let request: &WireRequest = &sealed.request;
    match name.split_once('.') {
        None if name == "url" => Some(request.url().to_string()),
        None if name == "body" => Some(String::from_utf8_lossy(request.body()).into_owned()),
        None if name == "ts" => Some(sealed.trace.ts.clone()),
        None => sealed.trace.value(name).map(str::to_owned),
        Some(("query", name)) => find(parse_form(request.url().query().unwrap_or_default()), name),
        Some(("headers", name)) => {
            let mut headers = request.headers().iter();
            let named = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.clone())
        }
        Some(("form", name)) => find(parse_form(&String::from_utf8_lossy(request.body())), name),
        Some(("json", name)) => {
            let body = crate::value::parse(request.body()).ok()?;
            body.get(name).map(Value::to_text)
        }
        Some(_) => None,
    }
}
