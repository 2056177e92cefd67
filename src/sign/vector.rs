//! Runs the known answers of a scheme through the same interpreter that signs requests.

use super::scope::{NamedValues, SigningInputs};
use super::seal::{SealError, SealedRequest, choose_level, seal};
use super::token::{authorize_draft, token_draft};
use crate::model::request::{Step, WorkspaceFile};
use crate::model::scheme::{Scheme, SignatureVector, VectorSubject};
use crate::render::{
    BodyFiles, FreshValues, VariableLayer, VariableOrigin, VariableScope, render_draft,
};
use crate::span::Span;
use crate::value::Value;
use crate::wire::{BaseUrl, WireRequest, parse_form, parse_query};

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

struct NoBodyFiles;

impl BodyFiles for NoBodyFiles {
    fn read(&self, _: &WorkspaceFile) -> Result<bytes::Bytes, String> {
        Err("cannot be a part of a known answer".to_owned())
    }
}

/// # Errors
/// In words, when the scheme cannot sign what the vector gives.
pub fn run_vector(scheme: &Scheme, vector: &SignatureVector) -> Result<Vec<VectorResult>, String> {
    let mut credentials = NamedValues(vector.credentials.clone());
    for credential in &scheme.credentials {
        if let (None, Some(default)) = (credentials.get(&credential.name), &credential.default) {
            credentials.set(&credential.name, default.clone());
        }
    }
    let token = NamedValues(vector.token.clone());
    let moment = FreshValues {
        unix_ms: vector.clock_ms,
        seed: [0; 16],
    };
    let extra = if let VectorSubject::Authorize { vars } = &vector.subject {
        vars.as_slice()
    } else {
        &[]
    };
    let inputs = SigningInputs {
        credentials: &credentials,
        token: Some(&token),
        moment,
        steps: &vector.fixed_steps,
        extra,
    };
    let sealed = seal_vector(scheme, vector, inputs)?;
    let result = |(name, at, expected): &(String, Span, String)| VectorResult {
        name: name.clone(),
        at: *at,
        expected: expected.clone(),
        actual: value_of(&sealed, name),
    };
    Ok(vector.expect.iter().map(result).collect())
}

fn seal_vector(
    scheme: &Scheme,
    vector: &SignatureVector,
    inputs: SigningInputs<'_>,
) -> Result<SealedRequest, String> {
    let words = |error: SealError| error.to_string();
    let base = |region: Option<&str>| {
        let host = scheme
            .host(region.unwrap_or("live"))
            .or(scheme.hosts.first());
        let url = host.map_or("https://host.invalid", |host| host.url.as_str());
        BaseUrl::parse(url)
    };
    match &vector.subject {
        VectorSubject::Request { level, request } => {
            let draft = request_draft(request, inputs.moment)?;
            let level = choose_level(scheme, level.as_deref(), draft.method, &draft.path);
            seal(scheme, &level.procedure, draft, &base(None)?, inputs).map_err(words)
        }
        VectorSubject::Token { token, action: act } => {
            let token = scheme
                .token(token)
                .ok_or_else(|| format!("there is no token `{token}`"))?;
            let request = match act.as_str() {
                "issue" => &token.issue,
                "exchange" => &token.exchange,
                "refresh" => &token.refresh,
                other => {
                    return Err(format!(
                        "`{other}` is none of `issue`, `exchange` and `refresh`"
                    ));
                }
            };
            let request = request
                .as_ref()
                .ok_or_else(|| format!("the token has no `{act}`"))?;
            let draft = token_draft(scheme, request, inputs).map_err(words)?;
            seal(
                scheme,
                &request.procedure,
                draft,
                &base(request.host.as_deref())?,
                inputs,
            )
            .map_err(words)
        }
        VectorSubject::Authorize { .. } => {
            let authorize = scheme
                .authorize_links
                .first()
                .ok_or("the scheme has no `authorize`")?;
            let draft = authorize_draft(scheme, authorize, inputs).map_err(words)?;
            seal(
                scheme,
                &authorize.procedure,
                draft,
                &base(authorize.link_host.region_for("live"))?,
                inputs,
            )
            .map_err(words)
        }
    }
}

fn request_draft(request: &Step, moment: FreshValues) -> Result<crate::wire::Draft, String> {
    let mut variables = VariableScope::new(moment);
    variables.set(
        "run_id",
        Value::from("vector"),
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
    render_draft(request, &variables, moment, &NoBodyFiles).map_err(|error| error.reason)
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
        None if name == "ts" => Some(sealed.trace.ts.clone()),
        None => sealed.trace.value(name).map(str::to_owned),
        Some(("query", name)) => find(parse_query(request.url().query().unwrap_or_default()), name),
        Some(("headers", name)) => find(request.headers().to_vec(), &name.to_ascii_lowercase()),
        Some(("form", name)) => find(parse_form(&String::from_utf8_lossy(request.body())), name),
        Some(("json", name)) => {
            let body = crate::value::parse(request.body()).ok()?;
            body.get(name).map(super::super::value::Value::to_text)
        }
        Some(_) => None,
    }
}
