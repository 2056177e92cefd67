//! Seals a draft: prepare, freeze, sign, attach. The only place that makes a wire request.

use super::asymmetric;
use super::clock::{ClockFormatError, write_time};
use super::crypto::{self, CryptoError};
use super::freeze::{self, FrozenRequest};
use super::jwt::TokenParts;
use super::scope::{SchemeScope, SigningInputs};
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::{
    FieldPlacement, JwtStep, KeyEncoding, Level, RequestPart, Scheme, SignOp, SignStep,
    SigningProcedure,
};
use crate::model::template::{Expression, Template, TemplatePart};
use crate::render::{RenderError, TemplateDialect, TemplateScope, render_text, render_tree};
use crate::value::{ObjectMember, Value};
use crate::wire::{BaseUrl, Draft, WireError, WireRequest};
use bytes::Bytes;

/// A request that can be sent, and how it came about.
pub struct SealedRequest {
    pub request: WireRequest,
    pub trace: SignTrace,
}

/// Every intermediate text of one signature, in order.
#[derive(Clone, Debug, Default)]
pub struct SignTrace {
    /// The time as the scheme writes it.
    pub ts: String,
    pub lines: Vec<TraceLine>,
    /// What was added before the signature …
    pub prepared: Vec<(RequestPart, String, String)>,
    /// … and after it.
    pub attached: Vec<(RequestPart, String, String)>,
}

impl SignTrace {
    #[must_use]
    pub fn value(&self, id: &str) -> Option<&str> {
        self.lines
            .iter()
            .find(|line| line.id == id)
            .map(|line| line.value.as_str())
    }

    /// Results that contain a secret and not just prove it: a bcrypt hash begins with its salt, and
    /// text that is only encoded can be decoded.
    #[must_use]
    pub fn secrets(&self) -> Vec<(&str, &str)> {
        self.lines
            .iter()
            .filter(|line| line.reveals_secret)
            .map(|line| (line.id.as_str(), line.value.as_str()))
            .collect()
    }
}

#[derive(Clone, Debug)]
pub struct TraceLine {
    pub id: String,
    pub op: &'static str,
    pub value: String,
    /// Its value gives a secret away.
    pub reveals_secret: bool,
}

/// Why a draft cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("{}", .0.reason)]
    Render(#[from] RenderError),
    #[error("step `{id}`: {error}")]
    Step { id: String, error: CryptoError },
    #[error(
        "step `{id}`: the signature does not match this key and this text{}", text_note(.message)
    )]
    NotItsSignature { id: String, message: String },
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Misplaced(#[from] freeze::MisplacedValue),
    #[error(transparent)]
    Time(#[from] ClockFormatError),
}

fn text_note(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(":\n{message}")
    }
}

/// The level that a scheme's rules choose for a path below its base path.
#[must_use]
pub fn choose_level<'s>(
    scheme: &'s Scheme,
    named: Option<&str>,
    method: Method,
    path: &str,
) -> &'s Level {
    let named = named.and_then(|name| scheme.level(name));
    let by_rule = || {
        scheme
            .level_rules
            .iter()
            .filter(|rule| rule.level.is_some())
            .find(|rule| rule.matcher.matches(method, path))
            .and_then(|rule| scheme.levels.get(rule.level?))
    };
    named
        .or_else(by_rule)
        .unwrap_or(&scheme.levels[scheme.default_level])
}

/// # Errors
/// When a template cannot be filled in, a step cannot be computed, or an HTTP client would change
/// the result.
pub fn seal(
    scheme: &Scheme,
    procedure: &SigningProcedure,
    draft: Draft,
    base: &BaseUrl,
    inputs: SigningInputs<'_>,
) -> Result<SealedRequest, SealError> {
    seal_written(scheme, procedure, draft, None, base, inputs)
}

/// The same for a request that another program wrote. `written` is its body, which is sent byte for
/// byte, unless the scheme adds something to it; the draft says what it means.
///
/// # Errors
/// As [`seal`].
pub(crate) fn seal_written(
    scheme: &Scheme,
    procedure: &SigningProcedure,
    draft: Draft,
    written: Option<&Bytes>,
    base: &BaseUrl,
    inputs: SigningInputs<'_>,
) -> Result<SealedRequest, SealError> {
    let ts = write_time(&scheme.clock, inputs.moment.unix_ms)?;
    let mut trace = SignTrace {
        ts: ts.clone(),
        ..SignTrace::default()
    };
    let scope = SchemeScope::new(inputs, ts, &procedure.vars)?;
    let mut draft = draft;
    let mut written = written;
    for (part, field, value) in render_placement(&procedure.prepare, &scope)? {
        if matches!(part, RequestPart::Form | RequestPart::Json) {
            written = None;
        }
        trace
            .prepared
            .push((part, field.name.to_string(), value.to_text()));
        freeze::prepare(&mut draft, part, &field.name, value)?;
    }
    // A scheme may sign the type of the body, so it is set before anything is signed, and after
    // `prepare`, which can bring a body where the request has none. The client would add none by
    // itself, and if it did, it would be after the signature.
    if let Some(media_type) = draft.added_media_type() {
        draft
            .headers
            .insert(0, ("content-type".to_owned(), media_type));
    }
    // From here on the query text and the body have their final bytes. The steps below read these
    // bytes, and the same bytes are sent: serialising again after signing could order members or
    // spell a number or an escape in another way, and the marketplace would refuse the signature.
    let mut frozen = FrozenRequest::new(draft, written, base.clone());
    let attached = {
        let mut scope = SchemeScope {
            frozen: Some(&frozen),
            ..scope
        };
        trace.lines = run_steps(&procedure.sign, &mut scope)?;
        render_placement(&procedure.attach, &scope)?
    };
    // All attached values are rendered before the first one is attached, so that none of them can
    // depend on another and `verify` can take them away in any order.
    for (part, field, value) in attached {
        trace
            .attached
            .push((part, field.name.to_string(), value.to_text()));
        frozen.attach(part, &field.name, value)?;
    }
    Ok(SealedRequest {
        request: into_wire_request(frozen)?,
        trace,
    })
}

/// The values of a placement; null is left out.
pub(super) fn render_placement<'p>(
    placement: &'p FieldPlacement,
    scope: &dyn TemplateScope,
) -> Result<Vec<(RequestPart, &'p TemplateField, Value)>, RenderError> {
    let mut filled = Vec::new();
    for (part, field) in placement.fields() {
        let value = render_tree(&field.value, scope)?.into_owned();
        if !value.is_null() {
            filled.push((part, field, value));
        }
    }
    Ok(filled)
}

/// Runs the steps in order; each result is known to those after it.
pub(super) fn run_steps(
    steps: &[SignStep],
    scope: &mut SchemeScope<'_>,
) -> Result<Vec<TraceLine>, SealError> {
    let mut lines = Vec::with_capacity(steps.len());
    run_steps_into(steps, scope, &mut lines)?;
    Ok(lines)
}

/// The same; the lines of the steps before one that fails stay.
pub(super) fn run_steps_into(
    steps: &[SignStep],
    scope: &mut SchemeScope<'_>,
    lines: &mut Vec<TraceLine>,
) -> Result<(), SealError> {
    let mut tainted: Vec<String> = Vec::new();
    for (site, step) in (1_u64..).zip(steps) {
        // Known answers fix the steps that are random, and `verify` takes their results from the
        // request: neither can compute them again. Any other result is computed, whatever was
        // given: a signature that is believed would be accepted from everybody.
        let can_be_given = matches!(
            step.operation,
            SignOp::Uuid
                | SignOp::Random(_)
                | SignOp::Text(_)
                | SignOp::Asymmetric { .. }
                | SignOp::Jwt(_)
        );
        let mut given = scope.inputs.steps.iter();
        let known = given
            .find(|(id, _)| can_be_given && *id == step.id)
            .map(|(_, value)| value.to_text());
        let value = match known {
            // A signature is not believed: it is verified with the public half of the key.
            Some(value) => {
                check_signature(step, &value, scope)?;
                StepValue::Text(value)
            }
            None => run_step(step, site, scope)?,
        };
        let holds = contains_secret(&step.operation, &tainted);
        // Inside a text a secret is found by itself; encoded it is another text, and known as one.
        let reveals = holds && !matches!(step.operation, SignOp::Text(_));
        if holds {
            tainted.push(step.id.clone());
        }
        let value = match value {
            StepValue::Text(text) => {
                let id = step.id.as_str().into();
                scope.steps.push((id, Value::from(text.clone())));
                text
            }
            StepValue::Bytes { bytes, shown } => {
                scope.byte_steps.push((step.id.clone(), bytes));
                shown
            }
        };
        lines.push(TraceLine {
            id: step.id.clone(),
            op: step.operation.name(),
            value,
            reveals_secret: reveals,
        });
    }
    Ok(())
}

/// Whether a secret can be read back out of the result of a step. A digest and a MAC only prove
/// that one was known; all other steps hand on what they are given.
fn contains_secret(op: &SignOp, tainted: &[String]) -> bool {
    let expressions = match op {
        // A bcrypt hash begins with its salt, and schemes use the client secret as the salt.
        SignOp::Bcrypt { .. } => return true,
        SignOp::Text(of) | SignOp::Encode { input: of, .. } => of.expressions().collect(),
        SignOp::Jwt(jwt) => {
            let members = jwt.header.iter().chain(&jwt.claims);
            members
                .flat_map(|field| field.value.expressions())
                .collect()
        }
        SignOp::Digest { .. }
        | SignOp::Hmac { .. }
        | SignOp::Asymmetric { .. }
        | SignOp::Uuid
        | SignOp::Random(_) => {
            return false;
        }
    };
    match root_names(expressions) {
        Ok(names) => names.iter().any(|name| {
            matches!(name.as_str(), "cred" | "token" | "vars") || tainted.contains(name)
        }),
        // This decides what is redacted. If the names are not known, the result counts as secret.
        Err(_) => true,
    }
}

/// The first names of expressions.
///
/// # Errors
/// When an expression does not compile.
pub(super) fn root_names(expressions: Vec<&Expression>) -> Result<Vec<String>, RenderError> {
    let mut roots = Vec::new();
    for expression in expressions {
        let names = TemplateDialect::Scheme.names_in(expression)?;
        roots.extend(names.iter().map(|name| first_name(name).to_owned()));
    }
    Ok(roots)
}

fn first_name(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// What a step yields.
enum StepValue {
    Text(String),
    /// A text with a body in it that is no text, and what a trace shows of it.
    Bytes {
        bytes: Vec<u8>,
        shown: String,
    },
}

fn run_step(step: &SignStep, site: u64, scope: &SchemeScope<'_>) -> Result<StepValue, SealError> {
    let fault = |error: CryptoError| SealError::Step {
        id: step.id.clone(),
        error,
    };
    let text = |template: &Template| render_text(template, scope);
    let random = |len: usize| scope.inputs.moment.random_bytes(site, len);
    Ok(StepValue::Text(match &step.operation {
        SignOp::Text(template) => return Ok(text_value(template, scope)?),
        SignOp::Digest {
            hash,
            input: of,
            output_encoding: out,
        } => crypto::encode(&crypto::digest_bytes(*hash, &input_bytes(of, scope)?), *out),
        SignOp::Hmac {
            hash,
            key,
            key_encoding: key_as,
            input: of,
            output_encoding: out,
        } => crypto::encode(
            &crypto::hmac(*hash, &text(key)?, *key_as, &input_bytes(of, scope)?).map_err(fault)?,
            *out,
        ),
        SignOp::Bcrypt { password, salt } => {
            crypto::bcrypt_with_salt(&text(password)?, &text(salt)?).map_err(fault)?
        }
        SignOp::Encode {
            encoding,
            input: of,
        } => crypto::encode(&input_bytes(of, scope)?, *encoding),
        SignOp::Asymmetric {
            algorithm,
            key,
            input: of,
            output_encoding: out,
        } => {
            let (key, message) = (text(key)?, input_bytes(of, scope)?);
            let signature = asymmetric::sign(*algorithm, &key, &message, random);
            crypto::encode(&signature.map_err(|error| fault(error.into()))?, *out)
        }
        SignOp::Jwt(jwt) => {
            let key = text(&jwt.key)?;
            token_parts(jwt, &key, scope)?.sign(random).map_err(fault)?
        }
        SignOp::Uuid => scope.inputs.moment.uuid(site),
        SignOp::Random(len) => scope.inputs.moment.random_text(site, *len),
    }))
}

fn token_parts<'k>(
    jwt: &JwtStep,
    key: &'k str,
    scope: &SchemeScope<'_>,
) -> Result<TokenParts<'k>, RenderError> {
    let mut claims = render_members(&jwt.claims, scope)?;
    claims.retain(|(_, value)| !value.is_null());
    Ok(TokenParts {
        algorithm: jwt.algorithm,
        key,
        key_encoding: jwt.key_encoding,
        header: render_members(&jwt.header, scope)?,
        claims,
    })
}

/// Verifies the result of a step that signs where it was given: in a known answer, or in a request
/// that was received.
fn check_signature(step: &SignStep, value: &str, scope: &SchemeScope<'_>) -> Result<(), SealError> {
    let fault = |error: CryptoError| SealError::Step {
        id: step.id.clone(),
        error,
    };
    let (is_valid, message) = match &step.operation {
        SignOp::Asymmetric {
            algorithm,
            key,
            input,
            output_encoding,
        } => {
            let (key, message) = (render_text(key, scope)?, input_bytes(input, scope)?);
            let is_valid = match crypto::decode(value, *output_encoding) {
                Some(signature) => asymmetric::verify(*algorithm, &key, &message, &signature)
                    .map_err(|error| fault(error.into()))?,
                None => false,
            };
            (is_valid, String::from_utf8_lossy(&message).into_owned())
        }
        SignOp::Jwt(jwt) => {
            let key = render_text(&jwt.key, scope)?;
            let accepted = token_parts(jwt, &key, scope)?.accepts(value);
            (accepted.map_err(fault)?, String::new())
        }
        _ => return Ok(()),
    };
    if is_valid {
        Ok(())
    } else {
        Err(SealError::NotItsSignature {
            id: step.id.clone(),
            message,
        })
    }
}

/// A text, or bytes where a body that is no text stands in it.
fn text_value(template: &Template, scope: &SchemeScope<'_>) -> Result<StepValue, RenderError> {
    let is_bytes = |expression| scope.raw_bytes(expression).is_some();
    if !template.expressions().any(is_bytes) {
        return render_text(template, scope).map(StepValue::Text);
    }
    let (mut bytes, mut shown) = (Vec::new(), String::new());
    for part in &template.parts {
        let raw = match part {
            TemplatePart::Literal(_) => None,
            TemplatePart::Expression(expression) => scope.raw_bytes(expression),
        };
        let Some(raw) = raw else {
            let text = part_text(part, template, scope)?;
            bytes.extend_from_slice(text.as_bytes());
            shown.push_str(&text);
            continue;
        };
        bytes.extend_from_slice(raw);
        match std::str::from_utf8(raw) {
            Ok(text) => shown.push_str(text),
            Err(_) => shown.push_str(&format!("<{} bytes>", raw.len())),
        }
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => StepValue::Text(text),
        Err(error) => StepValue::Bytes {
            bytes: error.into_bytes(),
            shown,
        },
    })
}

/// The bytes that a step signs, hashes or encodes.
///
/// # Errors
/// When a template of it cannot be filled in.
pub(super) fn step_input(step: &SignStep, scope: &SchemeScope<'_>) -> Result<Vec<u8>, SealError> {
    let input = match &step.operation {
        SignOp::Bcrypt { password, .. } => Some(password),
        operation => operation.input(),
    };
    Ok(match input {
        Some(input) => input_bytes(input, scope)?,
        None => Vec::new(),
    })
}

/// The bytes of a step's key, or of the salt of bcrypt; none for a step without one.
///
/// # Errors
/// When its template cannot be filled in, or its text is not in the form it is said to be.
pub(super) fn step_key(step: &SignStep, scope: &SchemeScope<'_>) -> Result<Vec<u8>, SealError> {
    let (key, encoding) = match &step.operation {
        SignOp::Hmac {
            key, key_encoding, ..
        } => (key, *key_encoding),
        SignOp::Bcrypt { salt: key, .. } | SignOp::Asymmetric { key, .. } => {
            (key, KeyEncoding::Utf8)
        }
        SignOp::Jwt(jwt) => (&jwt.key, jwt.key_encoding),
        _ => return Ok(Vec::new()),
    };
    let text = render_text(key, scope)?;
    crypto::key_bytes(&text, encoding).map_err(|error| SealError::Step {
        id: step.id.clone(),
        error,
    })
}

/// What a digest or a signature is made of.
fn input_bytes(template: &Template, scope: &SchemeScope<'_>) -> Result<Vec<u8>, RenderError> {
    Ok(match text_value(template, scope)? {
        StepValue::Text(text) => text.into_bytes(),
        StepValue::Bytes { bytes, .. } => bytes,
    })
}

/// One part of a template as text.
fn part_text(
    part: &TemplatePart,
    template: &Template,
    scope: &SchemeScope<'_>,
) -> Result<String, RenderError> {
    let single = Template {
        parts: vec![part.clone()],
        ..template.clone()
    };
    render_text(&single, scope)
}

fn render_members(
    fields: &[TemplateField],
    scope: &SchemeScope<'_>,
) -> Result<Vec<ObjectMember>, RenderError> {
    fields
        .iter()
        .map(|field| {
            Ok((
                field.name.clone(),
                render_tree(&field.value, scope)?.into_owned(),
            ))
        })
        .collect()
}

/// Every header that will be on the wire is set here, so that no client adds one after the
/// signature.
fn into_wire_request(frozen: FrozenRequest) -> Result<WireRequest, WireError> {
    let target = frozen.target();
    let FrozenRequest {
        draft, base, body, ..
    } = frozen;
    // An HTTP client fills in the headers below if they are missing. Then the bytes on the wire
    // would not be the bytes of the trace, and a scheme that signs one of them would sign nothing.
    let mut headers: Vec<(String, String)> = vec![("host".to_owned(), base.authority().to_owned())];
    let mut default = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|_| !draft.headers.iter().any(|(known, _)| known == name))
        {
            headers.push((name.to_owned(), value));
        }
    };
    default(
        "user-agent",
        Some(concat!("ingam/", env!("CARGO_PKG_VERSION")).to_owned()),
    );
    default("accept", Some("*/*".to_owned()));
    default("accept-encoding", Some("gzip, deflate".to_owned()));
    headers.extend(group_headers(draft.headers));
    // A POST, PUT or PATCH without a body has `content-length: 0`, as RFC 9110, section 8.6 asks
    // for. A GET, HEAD, OPTIONS or DELETE without a body has none.
    let is_expected = draft.method.usually_has_body() && draft.method != Method::Delete;
    if !body.is_empty() || is_expected {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    WireRequest::sealed(draft.method, &base, &target, headers, body)
}

/// Headers of one name stand together, because the header map of the HTTP client sends them so: the
/// order in the trace must be the order on the wire.
fn group_headers(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let at = out
            .iter()
            .rposition(|(known, _)| *known == name)
            .map_or(out.len(), |at| at + 1);
        out.insert(at, (name, value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn a_step_whose_names_cannot_be_read_counts_as_secret() {
        let text = |text| SignOp::Text(Template::parse(text, Span::default(), None).unwrap());
        assert!(!contains_secret(&text("{{ ts }}"), &[]));
        assert!(contains_secret(&text("{{ cred.key }}"), &[]));
        assert!(contains_secret(&text("{{ ts + }}"), &[]));
    }
}
