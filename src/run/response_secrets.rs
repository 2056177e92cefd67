//! Secrets that a response hands out. They are registered with the redactor before anything of the
//! response is written anywhere: what a scheme calls a token, what a file calls secret, and what the
//! response itself gives a name that only secrets have.

use crate::conversion::{ConvertedValue, convert};
use crate::jsonpath::{JsonPath, SearchLimitExceeded};
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::model::conversion::Conversion;
use crate::model::redact_rule::RedactRule;
use crate::model::request::Step;
use crate::model::scheme::{SavedFrom, Scheme, Token};
use crate::model::secret_rules::SecretRules;
use crate::model::value_path::ValuePath;
use crate::recording::TextBody;
use crate::redact::{MIN_SECRET_BYTES, MIN_TOKEN_BYTES, Redactor, SecretName, WeakSecret};
use crate::secret::Secret;
use crate::value::{JsonDocument, JsonKind, JsonRef, Value};
use crate::wire::WireResponse;
use crate::xml::{XPath, XPathSearchError, XmlDocument};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::HashSet;
use std::sync::OnceLock;

/// What a file says of the secrets in the responses of one call.
#[derive(Clone, Copy)]
pub(super) struct DeclaredSecrets<'c> {
    pub(super) rules: &'c SecretRules,
    /// The step that is sent; an undo takes nothing from its response.
    pub(super) step: Option<&'c Step>,
}

/// A value that a file calls secret, and that is too short to be replaced in every encoding.
pub(super) struct ShortSecret {
    pub(super) label: String,
    pub(super) value: Secret<String>,
    /// Where it stands in the response.
    pub(super) place: RedactRule,
}

/// Below this, a value stands in too many words and numbers to be replaced, in characters.
const MIN_SHORT_SECRET_CHARS: usize = 3;

/// Why the secrets of a response cannot be kept out of outputs: then nothing of it may be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResponseSecretError {
    #[error(transparent)]
    Search(#[from] SearchLimitExceeded),
    #[error(transparent)]
    XPath(#[from] XPathSearchError),
    #[error("the value of `{0}` is a secret with fewer than {MIN_SHORT_SECRET_CHARS} characters")]
    TooShort(String),
    #[error(
        "the body that `{0}` captures is a secret with fewer than {MIN_SECRET_BYTES} characters"
    )]
    ShortBody(String),
}

/// Returns those that are too short for the redactor.
///
/// # Errors
/// When a path of `secrets`, `not_secret` or a capture looks at too many places of the response, or
/// finds a value that is too short to be hidden.
pub(super) fn register_response_secrets(
    scheme: &Scheme,
    declared: DeclaredSecrets<'_>,
    response: &WireResponse,
    redactor: &mut Redactor,
) -> Result<Vec<ShortSecret>, ResponseSecretError> {
    // A value that several of these name gets the name of the first one.
    register_saved_fields(scheme, response, redactor)?;
    let mut registration = DeclaredRegistration {
        response,
        redactor,
        short: Vec::new(),
    };
    if let Some(step) = declared.step {
        registration.register_captures(&step.captures)?;
        registration.register_tokens(step)?;
    }
    let secrets = declared.rules.secrets.iter();
    for rule in secrets.chain(&scheme.secret_rules.secrets) {
        let name = rule.path.last_name();
        let label = name.map_or_else(|| "secret".to_owned(), SecretName::label_of);
        match &rule.path {
            ValuePath::Json(path) => registration.register_path(&label, path)?,
            ValuePath::Xml(path) => registration.register_nodes(&label, path)?,
        }
    }
    let short = registration.short;
    let not_secret: Vec<&ValuePath> = declared
        .rules
        .not_secret
        .iter()
        .chain(&scheme.secret_rules.not_secret)
        .map(|rule| &rule.path)
        .collect();
    register_named_secrets(response, &not_secret, redactor)?;
    Ok(short)
}

/// Registers the secrets of one response that files name.
struct DeclaredRegistration<'r> {
    response: &'r WireResponse,
    redactor: &'r mut Redactor,
    short: Vec<ShortSecret>,
}

impl DeclaredRegistration<'_> {
    fn register_captures(&mut self, captures: &[Capture]) -> Result<(), ResponseSecretError> {
        for capture in captures.iter().filter(|capture| capture.is_secret) {
            match &capture.from {
                Subject::Path(path) => self.register_path(&capture.name, path)?,
                Subject::Header(name) => {
                    let response = self.response;
                    let named = response.headers.iter().filter(|(key, _)| key == name);
                    for (_, value) in named {
                        let place = || Some(RedactRule::Header(name.clone()));
                        self.register_parts(capture, value, &place)?;
                    }
                }
                Subject::Cookie(name) => {
                    let response = self.response;
                    for value in response.cookies(name) {
                        let place = || Some(RedactRule::Header("set-cookie".to_owned()));
                        self.register_parts(capture, value, &place)?;
                    }
                }
                Subject::Body => {
                    if let Ok(text) = self.response.text() {
                        self.register_parts(capture, text, &|| None)?;
                    }
                }
                Subject::XPath(path) => {
                    let place = || Some(RedactRule::XPath(path.clone()));
                    for text in self.xml_texts(path)? {
                        self.register_parts(capture, &text, &place)?;
                    }
                }
                Subject::Status | Subject::Latency | Subject::Bytes => {}
            }
        }
        Ok(())
    }

    /// What the step reads as a token with `as: jwt`: it is one, whatever its name.
    fn register_tokens(&mut self, step: &Step) -> Result<(), ResponseSecretError> {
        let assertions = step.repeat.conditions().chain(&step.assertions);
        let captures = step.captures.iter().chain(step.repeat.captures());
        let read = assertions
            .map(|assertion| (&assertion.subject, &assertion.conversions))
            .chain(captures.map(|capture| (&capture.from, &capture.conversions)));
        for (subject, conversions) in read {
            let Some(at) = conversions.iter().position(Conversion::reads_token) else {
                continue;
            };
            for value in self.values_of(subject)? {
                // What cannot be converted is no token, and the assertion fails.
                if let Ok(converted) = convert(value, &conversions[..at]) {
                    register_token(&converted, self.redactor);
                }
            }
        }
        Ok(())
    }

    /// Every value of the response that a subject names.
    fn values_of(&self, subject: &Subject) -> Result<Vec<Value>, ResponseSecretError> {
        let response = self.response;
        Ok(match subject {
            Subject::Path(path) => match response.json() {
                Ok(json) => {
                    let found = path.find_every(json)?.into_iter();
                    found.map(JsonRef::to_value).collect()
                }
                Err(_) => Vec::new(),
            },
            Subject::Header(name) => {
                let named = response.headers.iter().filter(|(key, _)| key == name);
                named
                    .map(|(_, value)| Value::from(value.as_str()))
                    .collect()
            }
            Subject::Cookie(name) => response.cookies(name).map(Value::from).collect(),
            Subject::Body => response.text().into_iter().map(Value::from).collect(),
            Subject::XPath(path) => self.xml_texts(path)?.into_iter().map(Value::from).collect(),
            Subject::Status | Subject::Latency | Subject::Bytes => Vec::new(),
        })
    }

    /// What a capture takes of a text.
    fn register_parts(
        &mut self,
        capture: &Capture,
        text: &str,
        place: &dyn Fn() -> Option<RedactRule>,
    ) -> Result<(), ResponseSecretError> {
        for part in capture.parts_of(text) {
            self.register(&capture.name, part, place)?;
        }
        Ok(())
    }

    /// The texts of everything that an XPath finds, also where it may find one node only.
    fn xml_texts(&self, path: &XPath) -> Result<Vec<String>, ResponseSecretError> {
        let Ok(text) = self.response.text() else {
            return Ok(Vec::new());
        };
        match XmlDocument::parse(text) {
            Ok(document) => Ok(path.texts(&document)?),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// The texts of what an XPath finds, its plain names in the default namespace too.
    fn register_nodes(&mut self, label: &str, path: &XPath) -> Result<(), ResponseSecretError> {
        let Ok(text) = self.response.text() else {
            return Ok(());
        };
        // What is no XML has no place that a path could name.
        let Ok(document) = XmlDocument::parse(text) else {
            return Ok(());
        };
        for found in path.text_places(&document)? {
            let place = || Some(RedactRule::XPath(path.clone()));
            self.register(label, found.text.trim(), &place)?;
        }
        Ok(())
    }

    /// Everything that a path finds, and everything inside of it.
    fn register_path(&mut self, label: &str, path: &JsonPath) -> Result<(), ResponseSecretError> {
        let response = self.response;
        if let Ok(json) = response.json() {
            return self.register_found(label, path, json);
        }
        let body = response
            .decoded_body()
            .map_or_else(|_| response.body().as_ref(), AsRef::as_ref);
        let body = String::from_utf8_lossy(body);
        // What is no JSON at all has no place that a path could name.
        let Ok(text_body) = TextBody::split(&body, response.content_type()) else {
            return Ok(());
        };
        for document in text_body.documents() {
            self.register_found(label, path, document.into())?;
        }
        Ok(())
    }

    fn register_found(
        &mut self,
        label: &str,
        path: &JsonPath,
        document: JsonRef<'_>,
    ) -> Result<(), ResponseSecretError> {
        // Every member of a name that stands twice: all of them are in the text of the response.
        for value in path.find_every(document)? {
            match (value.kind(), value.to_plain_text()) {
                (JsonKind::String | JsonKind::Number, Some(text)) => {
                    self.register(label, &text, &|| Some(RedactRule::Path(path.clone())))?;
                }
                // Beside a secret stand values that are none: a kind, a lifetime.
                _ => register_leaves(label, value, self.redactor),
            }
        }
        Ok(())
    }

    /// A value that a file calls secret by itself. Without a place, a short one cannot be hidden.
    fn register(
        &mut self,
        label: &str,
        value: &str,
        place: &dyn Fn() -> Option<RedactRule>,
    ) -> Result<(), ResponseSecretError> {
        // An empty text gives nothing away.
        if value.is_empty() {
            return Ok(());
        }
        if value.len() >= MIN_SECRET_BYTES {
            self.redactor.add_secret(format!("response.{label}"), value);
            return Ok(());
        }
        if value.chars().count() < MIN_SHORT_SECRET_CHARS {
            return Err(ResponseSecretError::TooShort(label.to_owned()));
        }
        let place = place().ok_or_else(|| ResponseSecretError::ShortBody(label.to_owned()))?;
        self.short.push(ShortSecret {
            label: label.to_owned(),
            value: Secret::from(value),
            place,
        });
        Ok(())
    }
}

fn register_token(converted: &ConvertedValue, redactor: &mut Redactor) {
    match converted {
        ConvertedValue::Value(Value::String(text)) => {
            redactor.add_secret("response.token", text);
        }
        ConvertedValue::Many(values) => {
            for value in values {
                register_token(value, redactor);
            }
        }
        _ => {}
    }
}

fn register_leaves(label: &str, value: JsonRef<'_>, redactor: &mut Redactor) {
    match value.kind() {
        JsonKind::String | JsonKind::Number => {
            if let Some(text) = value.to_plain_text() {
                redactor.add_secret(format!("response.{label}"), &text);
            }
        }
        JsonKind::List | JsonKind::Object => {
            for child in value.children() {
                register_leaves(label, child, redactor);
            }
        }
        JsonKind::Null | JsonKind::Bool => {}
    }
}

/// What the response itself names like a secret: in headers, cookies, members, parameters.
fn register_named_secrets(
    response: &WireResponse,
    not_secret: &[&ValuePath],
    redactor: &mut Redactor,
) -> Result<(), ResponseSecretError> {
    for (name, value) in &response.headers {
        register_header(name, value, redactor);
    }
    // Nothing of a body in a file is shown or used.
    if response.streamed_body().is_some() {
        return Ok(());
    }
    let Ok(body) = response.decoded_body() else {
        return Ok(());
    };
    match response.json_document() {
        Ok(document) => {
            // Reading every member of every response would double the cost of large ones.
            if !has_secret_member(document) && !may_have_secret_parameter(body) {
                return Ok(());
            }
            let value = JsonRef::from(document.root());
            let mut passed_over = HashSet::new();
            for path in not_secret.iter().filter_map(|path| path.json()) {
                let found = path.find_every(value)?.into_iter();
                passed_over.extend(found.map(JsonRef::place_id));
            }
            register_members(value, &passed_over, redactor);
        }
        Err(_) if !has_secret_word(body) => {}
        Err(_) => {
            if let Ok(text) = response.text() {
                // Well-formed or not: a parameter can stand in any text.
                register_parameters(text, redactor);
                let passed_over = not_secret.iter().filter_map(|path| path.xml());
                register_elements(text, passed_over, redactor)?;
            }
        }
    }
    Ok(())
}

/// Whether a member of any object has a name that only secrets have. A response of thousands of
/// objects has tens of different names.
fn has_secret_member(document: &JsonDocument) -> bool {
    let names = document.member_names();
    names
        .iter()
        .any(|name| SecretName::of_member(name).is_some())
}

/// Whether a text in a body of JSON may hold a parameter whose value is secret.
fn may_have_secret_parameter(json: &[u8]) -> bool {
    // An escape can stand for any letter of the parameter, also for the `=`.
    let may_have_parameter = memchr::memchr2(b'=', b'\\', json).is_some();
    may_have_parameter && has_secret_word(json)
}

/// The cookies that a response sets, where nothing else of it is looked at.
pub(super) fn register_cookies(response: &WireResponse, redactor: &mut Redactor) {
    let headers = response.headers.iter();
    for (name, value) in headers.filter(|(name, _)| name == "set-cookie") {
        register_header(name, value, redactor);
    }
}

/// The fields that a scheme saves from token responses, whichever request returned them.
fn register_saved_fields(
    scheme: &Scheme,
    response: &WireResponse,
    redactor: &mut Redactor,
) -> Result<(), ResponseSecretError> {
    let requests = scheme.tokens.iter().flat_map(Token::requests);
    for (name, saved) in requests.flat_map(|request| &request.saved_fields) {
        register_saved_field(name, saved, response, redactor)?;
    }
    Ok(())
}

fn register_saved_field(
    name: &str,
    saved: &SavedFrom,
    response: &WireResponse,
    redactor: &mut Redactor,
) -> Result<(), ResponseSecretError> {
    let mut register = |text: &str| {
        if text.len() >= MIN_TOKEN_BYTES {
            redactor.add_secret(format!("token.{name}"), text);
        }
    };
    match saved {
        // A response that is not JSON has nothing at a path.
        SavedFrom::Json(path) => {
            if let Ok(json) = response.json() {
                for token in path.find_every(json)? {
                    if let Some(text) = token.as_str() {
                        register(text.as_ref());
                    }
                }
            }
        }
        SavedFrom::Xml(path) => {
            if let Ok(text) = response.text()
                && let Ok(document) = XmlDocument::parse(text)
            {
                path.texts(&document)?
                    .iter()
                    .for_each(|text| register(text));
            }
        }
        SavedFrom::Header(header) => {
            let headers = response.headers.iter();
            headers
                .filter(|(key, _)| key == header)
                .for_each(|(_, value)| register(value));
        }
        SavedFrom::Cookie(cookie) => {
            let cookies = response.all_cookies();
            cookies
                .filter(|(key, _)| key == cookie)
                .for_each(|(_, value)| register(value));
        }
    }
    Ok(())
}

fn register_header(name: &str, value: &str, redactor: &mut Redactor) {
    if name == "set-cookie" {
        let pair = value.split(';').next().unwrap_or(value);
        if let Some((cookie, value)) = pair.split_once('=') {
            register(&SecretName::of_cookie(cookie), value.trim(), redactor);
        }
        return;
    }
    // Nearly every header is none of these: the quick look spares taking each name apart.
    if has_secret_word(name.as_bytes())
        && let Some(secret) = SecretName::of_member(name)
    {
        // `Authorization: Bearer …` repeats the token behind a word.
        let token = value.rsplit(' ').next().unwrap_or(value);
        register(&secret, token, redactor);
    }
    if value.contains('=') && has_secret_word(value.as_bytes()) {
        register_parameters(value, redactor);
    }
}

/// `passed_over` are the places of values that a file calls no secrets.
fn register_members(value: JsonRef<'_>, passed_over: &HashSet<usize>, redactor: &mut Redactor) {
    if passed_over.contains(&value.place_id()) {
        return;
    }
    match value.kind() {
        JsonKind::Object => {
            for (name, member) in value.members() {
                if let Some(text) = member.as_str()
                    && !passed_over.contains(&member.place_id())
                    && let Some(secret) = SecretName::of_member(&name)
                {
                    register(&secret, &text, redactor);
                }
                register_members(member, passed_over, redactor);
            }
        }
        JsonKind::List => {
            for item in value.children() {
                register_members(item, passed_over, redactor);
            }
        }
        _ => {
            if let Some(text) = value.as_str().filter(|text| text.contains('=')) {
                register_parameters(&text, redactor);
            }
        }
    }
}

/// Texts of elements and attributes of XML under a name that only secrets have. `passed_over` finds
/// those that a file calls no secrets.
fn register_elements<'p>(
    text: &str,
    passed_over: impl Iterator<Item = &'p XPath>,
    redactor: &mut Redactor,
) -> Result<(), XPathSearchError> {
    if !text.trim_start().starts_with('<') {
        return Ok(());
    }
    let Ok(document) = XmlDocument::parse(text) else {
        return Ok(());
    };
    let mut not_secret = HashSet::new();
    for path in passed_over {
        let found = path.text_places(&document)?.into_iter();
        not_secret.extend(found.map(|place| place.range));
    }
    document.for_each_text(&mut |name, text, range| {
        if let Some(secret) = SecretName::of_member(name).filter(|_| !not_secret.contains(&range)) {
            register(&secret, text.trim(), redactor);
        }
    });
    Ok(())
}

/// Parameters of URLs and forms in a text: `?X-Amz-Signature=…`, `access_token=…`.
fn register_parameters(text: &str, redactor: &mut Redactor) {
    let is_end = |letter: char| letter.is_whitespace() || "&?#\"'<>;,\\".contains(letter);
    for pair in text.split(is_end) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        if let Some(secret) = SecretName::of_parameter(name) {
            register(&secret, value, redactor);
        }
    }
}

fn register(name: &SecretName, value: &str, redactor: &mut Redactor) {
    // A guess at a word is wrong, and to replace the word everywhere would do harm.
    if value.len() >= name.min_bytes && WeakSecret::find(value).is_none() {
        redactor.add_secret(format!("response.{}", name.label), value);
    }
}

/// Whether a body holds a word that a secret's name ends with. One pass, nothing allocated.
fn has_secret_word(body: &[u8]) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Twice as fast as the default, and small for so few words.
            .kind(Some(AhoCorasickKind::DFA))
            .build([
                "token",
                "password",
                "passwd",
                "secret",
                "session",
                "apikey",
                "api_key",
                "api-key",
                "privatekey",
                "private_key",
                "jwt",
                "authorization",
                "signature",
                "sig=",
            ])
            .ok()
    });
    // Without the quick look every response is read whole.
    words.as_ref().is_none_or(|words| words.is_match(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(headers: &[(&str, &str)], body: &str, text: &str) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        let response = WireResponse::new(200, headers, body, std::time::Duration::ZERO);
        let mut redactor = Redactor::default();
        register_named_secrets(&response, &[], &mut redactor).unwrap();
        redactor.redact(text)
    }

    const TOKEN: &str = "tok-9f8e7d6c5b4a3210";

    #[test]
    fn what_a_response_hands_out_is_a_secret() {
        let json = format!("{{\"data\":[{{\"accessToken\":\"{TOKEN}\"}}]}}");
        assert_eq!(redacted(&[], &json, TOKEN), "‹response.access_token›");
        let form = format!("a=1&access_token={TOKEN}&b=2");
        assert_eq!(redacted(&[], &form, TOKEN), "‹response.access_token›");
        let url = format!("{{\"url\":\"https://x.example/a?X-Amz-Signature={TOKEN}&b\"}}");
        assert_eq!(redacted(&[], &url, TOKEN), "‹response.x_amz_signature›");
        let cookie = format!("SID={TOKEN}; Path=/; HttpOnly");
        assert_eq!(
            redacted(&[("set-cookie", &cookie)], "", TOKEN),
            "‹response.sid›"
        );
        let header = [("x-auth-token", TOKEN)];
        assert_eq!(redacted(&header, "", TOKEN), "‹response.x_auth_token›");
    }

    #[test]
    fn what_a_response_hands_out_is_a_secret_however_json_writes_it() {
        let many = "{\"id\":1,\"name\":\"무선\"},".repeat(2_000);
        for member in [
            format!("\"x\":{{\"access\\u005ftoken\":\"{TOKEN}\"}}"),
            format!("\"Pass\\u0077ord\" : \"{TOKEN}\""),
            format!("\"url\":\"https:\\/\\/x.example\\/a?b=1&access_token\\u003d{TOKEN}\""),
            format!("\"urls\":[\"a\",\"?sig={TOKEN}\"]"),
            format!("\"api.key\":\"{TOKEN}\""),
        ] {
            let json = format!("{{\"items\":[{many}{{{member}}}]}}");
            assert_ne!(redacted(&[], &json, TOKEN), TOKEN, "{member}");
        }
    }

    #[test]
    fn pages_and_short_texts_stay_readable() {
        let json = format!("{{\"nextToken\":\"{TOKEN}\",\"token\":\"bearer\"}}");
        assert_eq!(redacted(&[], &json, TOKEN), TOKEN);
        assert_eq!(redacted(&[], &json, "bearer token"), "bearer token");
    }
}
