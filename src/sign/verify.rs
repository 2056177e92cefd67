//! `seal` read backwards: from the raw bytes that a marketplace received to what was signed, with
//! the scheme itself. There is no second implementation of any scheme. It refuses to know tokens:
//! what is known arrives as values.

use super::clock::{read_accepted_time, write_time};
use super::freeze::FrozenRequest;
use super::jwt::claim_of;
use super::scope::{NamedValues, SchemeScope, SigningInputs};
use super::seal::{SealError, render_placement, run_steps};
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::{
    CredentialScope, FieldPlacement, RequestPart, Scheme, SignOp, SigningProcedure, ValueExtractor,
    ValuePlace, VerifyFault,
};
use crate::model::template::Expression;
use crate::render::{FreshValues, RenderError, TemplateDialect};
use crate::value::{self, JsonDocument, JsonRef, ObjectMember, Value};
use crate::wire::{
    BaseUrl, Draft, DraftBody, DraftPart, WireRequest, decode_other_charset, parse_form,
    parse_multipart,
};
use bytes::Bytes;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: Method,
    /// The raw text of the request line: path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// The address it was sent to, with the base path of the marketplace.
    pub base: BaseUrl,
}

impl ReceivedRequest {
    /// The path as in the request line, without the query.
    #[must_use]
    pub(crate) fn path(&self) -> &str {
        let target = self.target.as_str();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The raw query, without its `?`; empty if there is none.
    #[must_use]
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// As it arrives where nothing changes it on the way.
impl From<&WireRequest> for ReceivedRequest {
    fn from(request: &WireRequest) -> Self {
        let headers = request.headers().iter();
        Self {
            method: request.method(),
            target: request.target().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            body: request.body().clone(),
            base: request.base().clone(),
        }
    }
}

/// An account that a marketplace of the sandbox knows.
#[derive(Clone)]
pub struct TestAccount {
    pub name: String,
    /// Every credential of it, those of the application and the fields of its token included.
    pub credentials: NamedValues,
}

/// What the marketplace knows.
pub struct VerifierKeys<'a> {
    pub accounts: &'a [TestAccount],
    /// Whether a token of that value is good: field, value, account.
    pub accepts_token: &'a dyn Fn(&str, &str, &str) -> bool,
    /// Unix milliseconds.
    pub now_ms: i64,
}

/// A request that the marketplace accepts.
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    pub account: String,
    /// The request without anything that the scheme added.
    pub unsigned: Draft,
    /// What was read from it: `cred.client_id` and the like.
    pub read_values: Vec<(String, String)>,
}

/// What is wrong with a request, and with which part of it: `query.sign`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    pub fault: VerifyFault,
    pub location: String,
}

impl VerifyError {
    /// Whether the same request is accepted at another time.
    #[must_use]
    pub(crate) fn is_about_now(&self) -> bool {
        matches!(self.fault, VerifyFault::Stale | VerifyFault::Future)
    }
}

fn verify_error<T>(fault: VerifyFault, name: impl Into<String>) -> Result<T, VerifyError> {
    Err(VerifyError {
        fault,
        location: name.into(),
    })
}

/// # Errors
/// The first fault, in the order in which gateways look: what is missing, its form, the key, the
/// time, the account, the token, the signature.
pub fn verify(
    scheme: &Scheme,
    procedure: &SigningProcedure,
    received: &ReceivedRequest,
    known: &VerifierKeys<'_>,
) -> Result<VerifiedRequest, VerifyError> {
    let parsed = ReceivedParts::of(received)?;
    // With a name missing here, a value would not be read and so not be compared.
    let names = names_used(procedure).map_err(unverifiable)?;
    let wanted: Vec<&ValueExtractor> = readings(scheme)
        .filter(|reading| is_needed(reading, &names, procedure))
        .collect();
    let placed = PlacedFields::locate(scheme, procedure, &wanted, &parsed);
    check_all_present(scheme, &placed, &parsed)?;
    check_none_repeated(&placed, &parsed)?;
    let read = read_fields(scheme, &wanted, &parsed)?;
    let moment = check_time(scheme, &wanted, &read, known.now_ms)?;
    let accounts = match_accounts(scheme, &wanted, &read, known)?;
    let token = token_values(&read);
    let fixed = steps_taken_as_read(procedure, &wanted, &read);
    // The text as it was sent, because another spelling of the same time signs differently. A
    // scheme that sends no time signs with the time of the verifier, if it uses `ts` at all.
    let ts = match value_of(&read, "ts") {
        Some(ts) => ts.to_owned(),
        None => write_time(&scheme.clock, moment.unix_ms).map_err(unverifiable)?,
    };
    let mut first_error = None;
    for account in accounts {
        let inputs = SigningInputs {
            credentials: &account.credentials,
            token: Some(&token),
            moment,
            steps: &fixed,
            extra: &[],
        };
        match recompute_and_compare(procedure, &placed, (&wanted, &read), &parsed, inputs, &ts) {
            Ok(unsigned) => {
                return Ok(VerifiedRequest {
                    account: account.name.clone(),
                    unsigned,
                    read_values: read,
                });
            }
            // Nothing that was read may say whose request it is, as with a user and a password in
            // one text: then it is that of the account whose credentials give what was sent.
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => verify_error(VerifyFault::Account, "account"),
    }
}

/// For what the scheme itself makes impossible, so that the request cannot be verified.
fn unverifiable(error: impl Into<SealError>) -> VerifyError {
    VerifyError {
        fault: VerifyFault::Malformed,
        location: error.into().to_string(),
    }
}

/// The parts of a received request as pairs, beside its raw texts.
pub(super) struct ReceivedParts<'r> {
    received: &'r ReceivedRequest,
    path: &'r str,
    pub(super) raw_query: &'r str,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: DraftBody,
}

impl<'r> ReceivedParts<'r> {
    pub(super) fn of(received: &'r ReceivedRequest) -> Result<Self, VerifyError> {
        parse_body(&received.headers, &received.body).map(|body| Self::with_body(received, body))
    }

    /// The same where a body that is not in its form is only bytes.
    pub(super) fn lenient(received: &'r ReceivedRequest) -> Self {
        let body = parse_body(&received.headers, &received.body);
        let body = body.unwrap_or_else(|_| DraftBody::Bytes(received.body.clone()));
        Self::with_body(received, body)
    }

    fn with_body(received: &'r ReceivedRequest, body: DraftBody) -> Self {
        let raw_query = received.query();
        Self {
            received,
            path: received.path(),
            raw_query,
            query: parse_form(raw_query),
            body,
        }
    }

    pub(super) fn get(&self, part: RequestPart, name: &str) -> Option<String> {
        let find = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        match (part, &self.body) {
            (RequestPart::Query, _) => find(&self.query),
            (RequestPart::Header, _) => find(&self.received.headers),
            (RequestPart::Form, DraftBody::Form(pairs)) => find(pairs),
            (RequestPart::Form, DraftBody::Multipart { parts, .. }) => find(&text_parts(parts)),
            (RequestPart::Json, DraftBody::Json(value)) => value.get(name).map(Value::to_text),
            _ => None,
        }
    }
}

impl ReceivedParts<'_> {
    /// Whether a field stands more than once in a part.
    fn is_repeated(&self, part: RequestPart, name: &str) -> bool {
        let stands_twice = |pairs: &[(String, String)]| {
            let mut named = pairs.iter().filter(|(key, _)| key == name);
            named.next().is_some() && named.next().is_some()
        };
        match (part, &self.body) {
            (RequestPart::Query, _) => stands_twice(&self.query),
            (RequestPart::Header, _) => stands_twice(&self.received.headers),
            (RequestPart::Form, DraftBody::Form(pairs)) => stands_twice(pairs),
            (RequestPart::Form, DraftBody::Multipart { parts, .. }) => {
                stands_twice(&text_parts(parts))
            }
            // Of two members with one name a tree holds one.
            (RequestPart::Json, DraftBody::Json(_)) => JsonDocument::parse(&self.received.body)
                .is_ok_and(|document| {
                    let root = JsonRef::from(document.root());
                    root.duplicate_member(Some(name)).is_some()
                }),
            _ => false,
        }
    }
}

/// The parts that are text and no file.
fn text_parts(parts: &[DraftPart]) -> Vec<(String, String)> {
    let texts = parts.iter().filter(|part| part.filename.is_none());
    let text = |part: &DraftPart| {
        let text = std::str::from_utf8(&part.content).ok()?;
        Some((part.name.clone(), text.to_owned()))
    };
    texts.filter_map(text).collect()
}

/// The body by its media type; the raw bytes stay beside it, and what is signed is taken from them.
///
/// # Errors
/// When it is not what its type says.
pub(crate) fn parse_body(
    headers: &[(String, String)],
    body: &Bytes,
) -> Result<DraftBody, VerifyError> {
    let media_type = headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str());
    // With replacement characters two different bodies would be the same text, and a signature over
    // one of them would be accepted for the other.
    let text = || {
        std::str::from_utf8(body).map_err(|_| VerifyError {
            fault: VerifyFault::Malformed,
            location: "body".to_owned(),
        })
    };
    if body.is_empty() {
        return Ok(DraftBody::None);
    }
    let essence = media_type
        .split_once(';')
        .map_or(media_type, |(essence, _)| essence);
    // RFC 9110, section 8.3.1: the case of a media type says nothing.
    Ok(match essence.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => DraftBody::Form(parse_form(text()?)),
        "multipart/form-data" => DraftBody::Multipart {
            // A malformed body is not "no parts": it could then match a recording of an empty body.
            parts: parse_multipart(media_type, body).ok_or_else(|| VerifyError {
                fault: VerifyFault::Malformed,
                location: "body".to_owned(),
            })?,
            boundary: String::new(),
        },
        kind if kind == "application/json" || kind.ends_with("+json") => match value::parse(body) {
            Ok(json) => DraftBody::Json(json),
            Err(_) => DraftBody::Text(text()?.to_owned()),
        },
        _ => match decode_other_charset(Some(media_type), body) {
            Some(text) => DraftBody::Encoded {
                text,
                bytes: body.clone(),
                media_type: media_type.to_owned(),
            },
            None => DraftBody::Bytes(body.clone()),
        },
    })
}

/// Every dotted name that the templates of a procedure look up.
///
/// # Errors
/// When an expression does not compile.
pub(super) fn names_used(procedure: &SigningProcedure) -> Result<Vec<String>, RenderError> {
    let placed = procedure
        .prepare
        .fields()
        .chain(procedure.attach.fields())
        .map(|(_, field)| field);
    let mut expressions: Vec<&Expression> = placed
        .chain(&procedure.vars)
        .flat_map(|field| field.value.expressions())
        .collect();
    for step in &procedure.sign {
        expressions.extend(step.operation.expressions());
    }
    let mut names = Vec::new();
    for expression in expressions {
        names.extend(TemplateDialect::Scheme.names_in(expression)?);
    }
    Ok(names)
}

pub(super) fn is_needed(
    reading: &ValueExtractor,
    names: &[String],
    procedure: &SigningProcedure,
) -> bool {
    let used = |name: &str| names.iter().any(|known| known == name);
    match reading.name.as_str() {
        "ts" => used("ts") || used("unix_s") || used("unix_ms"),
        name => used(name) || procedure.sign.iter().any(|step| step.id == name),
    }
}

/// A field that the scheme adds, and where it stands in a received request.
pub(super) struct PlacedField<'p> {
    /// Where the scheme puts it.
    pub(super) part: RequestPart,
    /// Where it was found: some marketplaces take their parameters in the body as well.
    pub(super) found_in: RequestPart,
    /// Under which name it was found.
    pub(super) name: String,
    pub(super) field: &'p TemplateField,
    /// A place of `read` has its value, which is compared by that.
    is_read: bool,
}

/// All fields that a procedure adds to a request.
pub(super) struct PlacedFields<'p> {
    pub(super) prepared: Vec<PlacedField<'p>>,
    pub(super) attached: Vec<PlacedField<'p>>,
}

impl<'p> PlacedFields<'p> {
    pub(super) fn locate(
        scheme: &Scheme,
        procedure: &'p SigningProcedure,
        wanted: &[&ValueExtractor],
        parsed: &ReceivedParts<'_>,
    ) -> Self {
        let locate = |placement: &'p FieldPlacement| {
            placement
                .fields()
                .map(|(part, field)| {
                    let name = normalized_name(part, &field.name);
                    let found_in = find_part(scheme, part, &name, parsed);
                    let (found_in, name) = other_name(scheme, (part, &name), parsed)
                        .filter(|_| parsed.get(found_in, &name).is_none())
                        .unwrap_or((found_in, name));
                    PlacedField {
                        is_read: wanted.iter().any(|reading| {
                            place_read(reading, parsed)
                                .is_some_and(|place| place.part == found_in && place.field == name)
                        }),
                        part,
                        found_in,
                        name,
                        field,
                    }
                })
                .collect()
        };
        Self {
            prepared: locate(&procedure.prepare),
            attached: locate(&procedure.attach),
        }
    }

    fn all(&self) -> impl Iterator<Item = &PlacedField<'p>> {
        self.prepared.iter().chain(&self.attached)
    }
}

/// The place that a value is read from; a field in another of its places is compared by itself.
pub(super) fn place_read<'r>(
    reading: &'r ValueExtractor,
    parsed: &ReceivedParts<'_>,
) -> Option<&'r ValuePlace> {
    let mut places = reading.places.iter();
    places
        .find(|place| parsed.get(place.part, &place.field).is_some())
        .or(reading.places.first())
}

/// The part that a field stands in. One that the scheme puts into a part can stand in any part that
/// a value of `read` can stand in beside it: such a marketplace takes its parameters in several.
fn find_part(
    scheme: &Scheme,
    part: RequestPart,
    name: &str,
    parsed: &ReceivedParts<'_>,
) -> RequestPart {
    if part == RequestPart::Header || parsed.get(part, name).is_some() {
        return part;
    }
    let places = readings(scheme)
        .filter(|reading| reading.places.iter().any(|place| place.part == part))
        .flat_map(|reading| &reading.places);
    places
        .map(|place| place.part)
        .find(|other| *other != RequestPart::Header && parsed.get(*other, name).is_some())
        .unwrap_or(part)
}

/// Where a field that is not there under its own name stands under another: one of the other places
/// that its value is read from.
fn other_name(
    scheme: &Scheme,
    (part, name): (RequestPart, &str),
    parsed: &ReceivedParts<'_>,
) -> Option<(RequestPart, String)> {
    let is_own = |place: &&ValuePlace| place.part == part && place.field == name;
    let mut readings = readings(scheme);
    let reading = readings.find(|reading| reading.places.iter().any(|place| is_own(&place)))?;
    let mut others = reading.places.iter().filter(|place| !is_own(place));
    let found = others.find(|place| parsed.get(place.part, &place.field).is_some())?;
    Some((found.part, found.field.clone()))
}

pub(super) fn readings(scheme: &Scheme) -> impl Iterator<Item = &ValueExtractor> {
    let sandbox = scheme.sandbox.iter();
    sandbox.flat_map(|sandbox| &sandbox.extractors)
}

/// Everything that the scheme adds must be there, but for what may be empty.
fn check_all_present(
    scheme: &Scheme,
    placed: &PlacedFields<'_>,
    parsed: &ReceivedParts<'_>,
) -> Result<(), VerifyError> {
    for added in placed.all() {
        let optional = added
            .field
            .value
            .expressions()
            .into_iter()
            .any(|expression| is_optional(scheme, expression) || may_be_null(expression));
        let value = parsed.get(added.found_in, &added.name);
        if !optional && value.is_none_or(|value| value.is_empty()) {
            let location = format!("{}.{}", added.part.name(), added.name);
            return verify_error(VerifyFault::Missing, location);
        }
    }
    Ok(())
}

/// What the scheme adds stands once: programs differ in which of two values they read, so a wrong
/// signature could stand beside a right one.
fn check_none_repeated(
    placed: &PlacedFields<'_>,
    parsed: &ReceivedParts<'_>,
) -> Result<(), VerifyError> {
    for added in placed.all() {
        if parsed.is_repeated(added.found_in, &added.name) {
            let location = format!("{}.{}", added.found_in.name(), added.name);
            return verify_error(VerifyFault::Malformed, location);
        }
    }
    Ok(())
}

fn is_optional(scheme: &Scheme, expression: &Expression) -> bool {
    match expression.lookup.as_deref() {
        Some([root, name]) if root == "cred" => scheme
            .credential(name)
            .is_some_and(|credential| credential.default.as_ref().is_some_and(Value::is_null)),
        _ => false,
    }
}

/// An expression that chooses between a value and `none`. Whether the field must be there is known
/// when it is rendered: see [`recompute_and_compare`].
fn may_be_null(expression: &Expression) -> bool {
    let source = expression.source.trim_end();
    source.ends_with(" or none") || source.ends_with(" else none")
}

fn normalized_name(part: RequestPart, name: &str) -> String {
    if part == RequestPart::Header {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

fn read_fields(
    scheme: &Scheme,
    wanted: &[&ValueExtractor],
    parsed: &ReceivedParts<'_>,
) -> Result<Vec<(String, String)>, VerifyError> {
    let mut read = Vec::new();
    for reading in wanted {
        let optional = reading
            .name
            .strip_prefix("cred.")
            .and_then(|name| scheme.credential(name))
            .is_some_and(|credential| credential.default.is_some());
        let mut places = reading.places.iter();
        let found = places.find_map(|place| Some((place, parsed.get(place.part, &place.field)?)));
        let Some((place, text)) = found else {
            if optional {
                continue;
            }
            return verify_error(VerifyFault::Missing, first_location(reading));
        };
        let value = match &place.pattern {
            None => text,
            Some(pattern) => match pattern.captures(&text).and_then(|found| found.get(1)) {
                Some(found) => found.as_str().to_owned(),
                None => return verify_error(VerifyFault::Malformed, place_location(place)),
            },
        };
        let value = match &place.claim {
            None => value,
            Some(claim) => match claim_of(&value, claim) {
                Some(claim) => claim.to_text(),
                None => return verify_error(VerifyFault::Malformed, place_location(place)),
            },
        };
        read.push((reading.name.clone(), value));
    }
    Ok(read)
}

fn place_location(place: &ValuePlace) -> String {
    format!("{}.{}", place.part.name(), place.field)
}

/// The place that refusals name.
fn first_location(reading: &ValueExtractor) -> String {
    let first = reading.places.first();
    first.map_or_else(|| reading.name.clone(), place_location)
}

pub(super) fn value_of<'v>(read: &'v [(String, String)], name: &str) -> Option<&'v str> {
    read.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

pub(super) fn location_of(wanted: &[&ValueExtractor], name: &str) -> String {
    wanted
        .iter()
        .find(|reading| reading.name == name)
        .map_or_else(|| name.to_owned(), |reading| first_location(reading))
}

/// The moment that the request says it was made, when that is near enough.
fn check_time(
    scheme: &Scheme,
    wanted: &[&ValueExtractor],
    read: &[(String, String)],
    now_ms: i64,
) -> Result<FreshValues, VerifyError> {
    let Some(text) = value_of(read, "ts") else {
        return Ok(FreshValues {
            unix_ms: now_ms,
            seed: [0; 16],
        });
    };
    let Some(unix_ms) = read_accepted_time(&scheme.clock, text, now_ms) else {
        return verify_error(VerifyFault::Malformed, location_of(wanted, "ts"));
    };
    let window = scheme
        .clock
        .window
        .map(|window| i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
    // A scheme that stays behind does so because its marketplace accepts no time ahead of its own
    // clock.
    let ahead = if scheme.clock.backdate.is_zero() {
        window
    } else {
        Some(0)
    };
    if ahead.is_some_and(|ahead| unix_ms > now_ms.saturating_add(ahead)) {
        return verify_error(VerifyFault::Future, location_of(wanted, "ts"));
    }
    if window.is_some_and(|window| unix_ms < now_ms.saturating_sub(window)) {
        return verify_error(VerifyFault::Stale, location_of(wanted, "ts"));
    }
    Ok(FreshValues {
        unix_ms,
        seed: [0; 16],
    })
}

/// The accounts whose credentials and token fit everything that was read; at least one.
fn match_accounts<'k>(
    scheme: &Scheme,
    wanted: &[&ValueExtractor],
    read: &[(String, String)],
    known: &VerifierKeys<'k>,
) -> Result<Vec<&'k TestAccount>, VerifyError> {
    let fits = |values: &NamedValues, name: &str, text: &str| {
        values.get(name).is_some_and(|value| {
            value
                .to_plain_text()
                .is_some_and(|expected| expected == text)
        })
    };
    let mut candidates: Vec<&TestAccount> = known.accounts.iter().collect();
    let claims = read
        .iter()
        .filter_map(|(name, text)| name.strip_prefix("cred.").map(|name| (name, text)));
    let (app, own): (Vec<_>, Vec<_>) = claims.partition(|(name, _)| {
        scheme
            .credential(name)
            .is_none_or(|credential| credential.scope == CredentialScope::App)
    });
    for (faults, claims) in [(VerifyFault::UnknownKey, app), (VerifyFault::Account, own)] {
        for (name, text) in claims {
            candidates.retain(|account| fits(&account.credentials, name, text));
            if candidates.is_empty() {
                return verify_error(faults, location_of(wanted, &format!("cred.{name}")));
            }
        }
    }
    for (name, text) in read
        .iter()
        .filter_map(|(name, text)| name.strip_prefix("token.").map(|name| (name, text)))
    {
        candidates.retain(|account| (known.accepts_token)(name, text, &account.name));
        if candidates.is_empty() {
            return verify_error(
                VerifyFault::Token,
                location_of(wanted, &format!("token.{name}")),
            );
        }
    }
    Ok(candidates)
}

fn token_values(read: &[(String, String)]) -> NamedValues {
    let fields = read
        .iter()
        .filter_map(|(name, text)| name.strip_prefix("token.").map(|name| (name, text)));
    fields
        .map(|(name, text)| (name.into(), Value::from(text.as_str())))
        .collect()
}

/// Results of random steps cannot be computed again: they are believed as read. A signature that
/// another program made of the same text can differ from ours, too: it is taken as read, and
/// [`run_steps`] verifies it with the public half of the key.
fn steps_taken_as_read(
    procedure: &SigningProcedure,
    wanted: &[&ValueExtractor],
    read: &[(String, String)],
) -> Vec<ObjectMember> {
    let is_chosen = |id: &str| {
        let mut wanted = wanted.iter();
        wanted
            .any(|reading| reading.name == id && reading.places.iter().any(|place| place.is_chosen))
    };
    let taken = procedure.sign.iter().filter(|step| {
        matches!(
            step.operation,
            SignOp::Uuid | SignOp::Random(_) | SignOp::Asymmetric { .. } | SignOp::Jwt(_)
        ) || is_chosen(&step.id)
    });
    taken
        .filter_map(|step| {
            Some((
                step.id.as_str().into(),
                Value::from(value_of(read, &step.id)?),
            ))
        })
        .collect()
}

/// Computes everything again over the request without what was attached, and compares.
fn recompute_and_compare(
    procedure: &SigningProcedure,
    placed: &PlacedFields<'_>,
    (wanted, read): (&[&ValueExtractor], &[(String, String)]),
    parsed: &ReceivedParts<'_>,
    inputs: SigningInputs<'_>,
    ts: &str,
) -> Result<Draft, VerifyError> {
    let frozen = frozen_without_attached(&placed.attached, parsed)?;
    let scope = SchemeScope::new(inputs, ts.to_owned(), &procedure.vars);
    let scope = scope.map_err(unverifiable)?;
    let mut scope = SchemeScope {
        frozen: Some(&frozen),
        ..scope
    };
    let lines = run_steps(&procedure.sign, &mut scope).map_err(|error| match error {
        SealError::NotItsSignature { id, .. } => VerifyError {
            fault: VerifyFault::Signature,
            location: location_of(wanted, &id),
        },
        other => unverifiable(other),
    })?;
    // Compared as texts and not in constant time: the sandbox listens on the loopback interface
    // only, and its keys are printed on request.
    for line in &lines {
        if value_of(read, &line.id).is_some_and(|claimed| claimed != line.value) {
            return verify_error(VerifyFault::Signature, location_of(wanted, &line.id));
        }
    }
    for placement in [&procedure.prepare, &procedure.attach] {
        for (part, field, value) in render_placement(placement, &scope).map_err(unverifiable)? {
            let mut added = placed.all();
            let added = added.find(|added| added.part == part && std::ptr::eq(added.field, field));
            let expected = value.to_text();
            let is_equal = added.is_some_and(|added| {
                added.is_read
                    || parsed.get(added.found_in, &added.name).as_deref() == Some(&*expected)
            });
            if !is_equal {
                let name = normalized_name(part, &field.name);
                return verify_error(VerifyFault::Signature, format!("{}.{name}", part.name()));
            }
        }
    }
    Ok(unsigned_draft(&placed.prepared, &frozen))
}

fn is_placed(fields: &[PlacedField<'_>], part: RequestPart, name: &str) -> bool {
    fields
        .iter()
        .any(|added| added.found_in == part && added.name == name)
}

fn has_part(fields: &[PlacedField<'_>], part: RequestPart) -> bool {
    fields.iter().any(|added| added.found_in == part)
}

/// The frozen request: what was received minus what was attached, in its raw spelling. Pairs are
/// cut out of the text instead of being decoded and joined again, because `%20`, `+` and `%7E` are
/// other bytes to sign than another client's spelling of the same value.
pub(super) fn frozen_without_attached(
    attached: &[PlacedField<'_>],
    parsed: &ReceivedParts<'_>,
) -> Result<FrozenRequest, VerifyError> {
    let query: Vec<&str> = parsed
        .raw_query
        .split('&')
        .filter(|pair| !is_placed(attached, RequestPart::Query, &decoded_name(pair)))
        .collect();
    let query = query.join("&");
    let received = parsed.received;
    let (body, raw) = body_without_attached(attached, parsed)?;
    let path = parsed
        .path
        .strip_prefix(received.base.path())
        .unwrap_or(parsed.path)
        .to_owned();
    let headers = received
        .headers
        .iter()
        .filter(|(name, _)| !is_placed(attached, RequestPart::Header, name));
    let draft = Draft {
        external: None,
        method: received.method,
        path,
        raw_query: query.clone(),
        query: Vec::new(),
        headers: headers.cloned().collect(),
        body,
    };
    Ok(FrozenRequest {
        draft,
        base: received.base.clone(),
        query,
        body: raw,
    })
}

/// The body before anything was attached, and its bytes.
fn body_without_attached(
    attached: &[PlacedField<'_>],
    parsed: &ReceivedParts<'_>,
) -> Result<(DraftBody, Bytes), VerifyError> {
    let received = parsed.received;
    Ok(match &parsed.body {
        DraftBody::Form(pairs) if has_part(attached, RequestPart::Form) => {
            let text = std::str::from_utf8(&received.body).map_err(|_| VerifyError {
                fault: VerifyFault::Malformed,
                location: "body".to_owned(),
            })?;
            let is_kept = |name: &str| !is_placed(attached, RequestPart::Form, name);
            let kept: Vec<&str> = text
                .split('&')
                .filter(|pair| is_kept(&decoded_name(pair)))
                .collect();
            let pairs = pairs.iter().filter(|(name, _)| is_kept(name));
            let pairs = pairs.cloned().collect();
            (DraftBody::Form(pairs), Bytes::from(kept.join("&")))
        }
        DraftBody::Multipart { parts, boundary } if has_part(attached, RequestPart::Form) => {
            let is_kept = |part: &&DraftPart| {
                part.filename.is_some() || !is_placed(attached, RequestPart::Form, &part.name)
            };
            let body = DraftBody::Multipart {
                parts: parts.iter().filter(is_kept).cloned().collect(),
                boundary: boundary.clone(),
            };
            (body, received.body.clone())
        }
        DraftBody::Json(Value::Object(members)) if has_part(attached, RequestPart::Json) => {
            let kept = members
                .iter()
                .filter(|(name, _)| !is_placed(attached, RequestPart::Json, name));
            let body = DraftBody::Json(Value::Object(kept.cloned().collect()));
            let raw = body.to_bytes();
            (body, raw)
        }
        body => (body.clone(), received.body.clone()),
    })
}

/// The name of a pair that stands encoded in a query or form; empty for an empty text.
fn decoded_name(pair: &str) -> String {
    let first = parse_form(pair).into_iter().next();
    first.map_or_else(String::new, |(name, _)| name)
}

/// The request as a file would state it: without what was prepared, too.
fn unsigned_draft(prepared: &[PlacedField<'_>], frozen: &FrozenRequest) -> Draft {
    let is_kept = |part: RequestPart, name: &str| !is_placed(prepared, part, name);
    let mut draft = frozen.draft.clone();
    draft.query = parse_form(&draft.raw_query)
        .into_iter()
        .filter(|(name, _)| is_kept(RequestPart::Query, name))
        .collect();
    draft.raw_query = String::new();
    match &mut draft.body {
        DraftBody::Form(pairs) => {
            pairs.retain(|(name, _)| is_kept(RequestPart::Form, name));
            // Nothing but parameters of the scheme stood in it.
            if pairs.is_empty() && has_part(prepared, RequestPart::Form) {
                draft.body = DraftBody::None;
            }
        }
        DraftBody::Multipart { parts, .. } => {
            parts.retain(|part| part.filename.is_some() || is_kept(RequestPart::Form, &part.name));
        }
        DraftBody::Json(Value::Object(members)) => {
            members.retain(|(name, _)| is_kept(RequestPart::Json, name));
        }
        _ => {}
    }
    draft
}

/// The members of `root` that a procedure uses: `members_used(procedure, "token")` gives
/// `access_token`.
#[must_use]
pub(crate) fn members_used(procedure: &SigningProcedure, root: &str) -> Vec<String> {
    // The loader compiles every expression. One that does not compile stops the signing with its
    // own message, so a list that is too short here sends nothing.
    let names = names_used(procedure).unwrap_or_default().into_iter();
    names
        .filter_map(|name| {
            name.split_once('.')
                .filter(|(first, _)| *first == root)
                .map(|(_, member)| member.to_owned())
        })
        .collect()
}
