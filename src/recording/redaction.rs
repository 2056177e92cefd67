//! Replaces personal data in responses by pseudonyms. Equal values get equal pseudonyms, numbered
//! in the order in which they appear, so that an unchanged marketplace gives unchanged files. A
//! pseudonym is a counter, not a hash: from a hash the value can be found by trying every phone
//! number.

use super::compressed::{LayerFinding, inspect_layers};
use crate::jsonpath::{SearchLimitExceeded, replace_matches};
use crate::model::recording::{
    RecordedBody, RecordedOutcome, RecordedPart, RecordedRequest, RecordedResponse, Recording,
    ResponseBody,
};
use crate::model::redact_rule::RedactRule;
use crate::value::{Number, Value};
use regex::Regex;
use std::collections::{HashMap, HashSet};

/// A text is replaced wherever it stands in a response if it has at least so many bytes; a shorter
/// one only where a rule names it.
const MIN_SUBSTRING_LEN: usize = 6;
/// The pseudonym of a text is this and its number.
const PSEUDONYM_PREFIX: &str = "redacted-";
/// What stands for the id of the run.
pub(crate) const RUN_ID_PLACEHOLDER: &str = "<run_id>";
/// The pseudonym of digits is its number added to this one.
const DIGIT_PSEUDONYM_BASE: u32 = 900_000_000;
/// The largest number above the base that counts as a pseudonym when a recording is read again.
const MAX_RESUMED_NUMBER: u32 = 99_999;

/// Why personal data cannot be taken out of a response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PersonalDataError {
    #[error("what is personal in it cannot be found: {0}")]
    Overrun(#[from] SearchLimitExceeded),
    #[error(
        "its body is binary, and a `pattern` of `redact` matches in it, which cannot be taken out of it"
    )]
    PatternInBytes,
    #[error(
        "its body looks compressed and cannot be decompressed, so no `pattern` of `redact` can be applied to it"
    )]
    UnreadableCompression,
}

/// What has been replaced so far, of one request file as one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    /// Value → its pseudonym.
    pseudonyms: HashMap<String, String>,
    /// Every pseudonym that was given out. A real value can look like one (`900000123` is a phone
    /// number somewhere), so the spelling alone says nothing.
    issued: HashSet<String>,
    last_number: u32,
}

impl Redaction {
    /// The id of a run is replaced as well: it changes with each run, and a response may repeat it.
    #[must_use]
    pub(crate) fn for_run(run_id: &str) -> Self {
        Self {
            pseudonyms: HashMap::from([(run_id.to_owned(), RUN_ID_PLACEHOLDER.to_owned())]),
            ..Self::default()
        }
    }

    /// Goes on where the run that wrote this recording ended: the pseudonyms in it stay, and new
    /// ones are numbered after them. Here the spelling has to decide, because the file does not
    /// list its pseudonyms; a real value of that spelling was replaced when it was recorded.
    #[must_use]
    pub(crate) fn resume(recording: &Recording) -> Self {
        let mut redaction = Self::default();
        for exchange in &recording.exchanges {
            if let RecordedOutcome::Response(response) | RecordedOutcome::Truncated(response) =
                &exchange.outcome
            {
                redaction.resume_response(response);
            }
        }
        redaction
    }

    fn resume_response(&mut self, response: &RecordedResponse) {
        for (_, value) in &response.headers {
            self.resume_text(value);
        }
        match &response.body {
            ResponseBody::Json(value) => for_each_text(value, &mut |text| self.resume_text(text)),
            ResponseBody::Text(text) => self.resume_text(text),
            ResponseBody::None | ResponseBody::Bytes(_) | ResponseBody::File(_) => {}
        }
    }

    /// Pseudonyms are whole words, and a text can hold several.
    fn resume_text(&mut self, text: &str) {
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
            if let Some(number) = pseudonym_number(word) {
                self.issued.insert(word.to_owned());
                self.last_number = self.last_number.max(number);
            }
        }
    }

    /// What was replaced in a fixture stays replaced in those that need it.
    pub(crate) fn include(&mut self, other: &Self) {
        self.issued.extend(other.issued.iter().cloned());
        for (value, stand_in) in &other.pseudonyms {
            // The own pseudonym wins: it may stand in exchanges that were captured already.
            self.pseudonyms
                .entry(value.clone())
                .or_insert_with(|| stand_in.clone());
        }
        self.last_number = self.last_number.max(other.last_number);
    }

    /// A request, with the values replaced that were found in earlier responses.
    #[must_use]
    pub(crate) fn redact_request(&self, request: &RecordedRequest) -> RecordedRequest {
        let text = |text: &String| self.redact_text(text);
        let pairs = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect()
        };
        let body = match &request.body {
            RecordedBody::Json(value) => RecordedBody::Json(self.redact_value(value)),
            RecordedBody::Form(fields) => RecordedBody::Form(pairs(fields)),
            RecordedBody::Multipart(parts) => {
                let part = |part: &RecordedPart| RecordedPart {
                    text: text(&part.text),
                    ..part.clone()
                };
                RecordedBody::Multipart(parts.iter().map(part).collect())
            }
            RecordedBody::Text(body) => RecordedBody::Text(text(body)),
            RecordedBody::None | RecordedBody::Hash(_) => request.body.clone(),
        };
        RecordedRequest {
            path: text(&request.path),
            query: pairs(&request.query),
            body,
            ..request.clone()
        }
    }

    /// A response without personal data. A value that the request itself holds is kept, since it
    /// stands in a file of the workspace already.
    ///
    /// # Errors
    /// When a rule looks at too many places of the response, or a pattern matches in bytes: then
    /// nothing of it may be written.
    pub(crate) fn redact_response(
        &mut self,
        answer: RecordedResponse,
        rules: &[&RedactRule],
        request: &RecordedRequest,
    ) -> Result<RecordedResponse, PersonalDataError> {
        // Two passes. The first collects the values that rules name, from the whole response,
        // before anything is replaced: a value may stand in a note above the field that a rule
        // names. The second replaces them: where a rule names them whatever their length, and
        // elsewhere only texts of MIN_SUBSTRING_LEN bytes, because a `0` that is personal in one
        // field stands in a hundred others.
        let said = request_texts(request);
        for rule in rules {
            self.collect_personal_values(rule, &answer, &said)?;
        }
        let body = self.redact_body(answer.body, rules)?;
        let headers = answer
            .headers
            .into_iter()
            .map(|(name, value)| (name, self.redact_text(&value)))
            .collect();
        Ok(RecordedResponse {
            headers,
            body,
            ..answer
        })
    }

    fn redact_body(
        &self,
        body: ResponseBody,
        rules: &[&RedactRule],
    ) -> Result<ResponseBody, SearchLimitExceeded> {
        Ok(match body {
            ResponseBody::Json(value) => {
                let paths = rules.iter().filter_map(|rule| {
                    if let RedactRule::Path(path) = rule {
                        Some(path)
                    } else {
                        None
                    }
                });
                let value = replace_matches(&value, paths, &mut |value| self.redact_named(value))?;
                ResponseBody::Json(self.redact_value(&value))
            }
            ResponseBody::Text(text) => ResponseBody::Text(self.redact_text(&text)),
            other => other,
        })
    }

    fn collect_personal_values(
        &mut self,
        rule: &RedactRule,
        answer: &RecordedResponse,
        said: &HashSet<String>,
    ) -> Result<(), PersonalDataError> {
        match (rule, &answer.body) {
            (RedactRule::Pattern(pattern), body) => {
                self.collect_pattern_matches(pattern, body, said)?;
            }
            (RedactRule::Path(path), ResponseBody::Json(value)) => {
                replace_matches(value, std::iter::once(path), &mut |found| {
                    for_each_scalar(found, &mut |leaf| self.add_pseudonym(leaf, said));
                    Value::Null
                })?;
            }
            (RedactRule::Header(name), _) => {
                answer
                    .headers
                    .iter()
                    .filter(|(key, _)| key == name)
                    .for_each(|(_, value)| self.add_pseudonym(value, said));
            }
            // A JSONPath finds nothing in a body that is no JSON.
            (RedactRule::Path(_), _) => {}
        }
        Ok(())
    }

    fn collect_pattern_matches(
        &mut self,
        pattern: &Regex,
        body: &ResponseBody,
        said: &HashSet<String>,
    ) -> Result<(), PersonalDataError> {
        let mut collect = |text: &str| {
            pattern
                .find_iter(text)
                .for_each(|found| self.add_pseudonym(found.as_str(), said));
        };
        match body {
            // A map by phone number has personal data in its names.
            ResponseBody::Json(value) => for_each_text(value, &mut collect),
            ResponseBody::Text(text) => collect(text),
            ResponseBody::Bytes(bytes) => check_bytes(pattern, bytes)?,
            // The caller has read a body from its file already.
            ResponseBody::None | ResponseBody::File(_) => {}
        }
        Ok(())
    }

    fn add_pseudonym(&mut self, value: &str, said: &HashSet<String>) {
        // What names nobody, such as `****`, and what is a pseudonym already, stays as it is.
        let says_nothing = !value.chars().any(char::is_alphanumeric);
        if says_nothing
            || self.issued.contains(value)
            || said.contains(value)
            || self.pseudonyms.contains_key(value)
        {
            return;
        }
        let pseudonym = self.next_pseudonym(value);
        self.issued.insert(pseudonym.clone());
        self.pseudonyms.insert(value.to_owned(), pseudonym);
    }

    /// Digits get digits, so that a number stays a number.
    fn next_pseudonym(&mut self, value: &str) -> String {
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        loop {
            self.last_number += 1;
            let pseudonym = if is_digits {
                (DIGIT_PSEUDONYM_BASE + self.last_number).to_string()
            } else {
                format!("{PSEUDONYM_PREFIX}{}", self.last_number)
            };
            // A real value of the same spelling has a pseudonym of its own, and the replacement of
            // texts would replace this one a second time.
            if pseudonym != value && !self.pseudonyms.contains_key(&pseudonym) {
                return pseudonym;
            }
        }
    }

    /// A value that a rule names, whatever its length.
    fn redact_named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self
                .pseudonyms
                .get(text.as_str())
                .map_or_else(|| value.clone(), |stand_in| Value::from(stand_in.as_str())),
            Value::Number(number) => self.redact_number(number).unwrap_or_else(|| value.clone()),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.redact_named(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.redact_named(member)))
                    .collect(),
            ),
            single => single.clone(),
        }
    }

    fn redact_number(&self, number: &Number) -> Option<Value> {
        let stand_in = self.pseudonyms.get(number.as_str())?;
        Some(Number::parse(stand_in).map_or_else(|| Value::from(stand_in.as_str()), Value::Number))
    }

    /// A value with every text that is hidden elsewhere.
    fn redact_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.redact_text(text)),
            Value::Number(number) if number.as_str().len() >= MIN_SUBSTRING_LEN => {
                self.redact_number(number).unwrap_or_else(|| value.clone())
            }
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.redact_value(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| {
                        (self.redact_text(name).into(), self.redact_value(member))
                    })
                    .collect(),
            ),
            single => single.clone(),
        }
    }

    fn redact_text(&self, text: &str) -> String {
        if text.len() < MIN_SUBSTRING_LEN || self.pseudonyms.is_empty() {
            return text.to_owned();
        }
        let mut hidden: Vec<(&String, &String)> = self
            .pseudonyms
            .iter()
            .filter(|(value, _)| value.len() >= MIN_SUBSTRING_LEN && text.contains(value.as_str()))
            .collect();
        // The longest first, so that no part of a longer one is left beside a shorter one.
        hidden.sort_by(|left, right| (right.0.len(), left.0).cmp(&(left.0.len(), right.0)));
        hidden
            .iter()
            .fold(text.to_owned(), |text, (value, stand_in)| {
                replace_whole(&text, value, stand_in)
            })
    }
}

/// Replaces a text where it stands by itself: an id is not a part of a longer number.
fn replace_whole(text: &str, value: &str, stand_in: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let joins = |left: Option<char>, right: Option<char>| {
            left.zip(right).is_some_and(|(left, right)| {
                left.is_ascii_alphanumeric() && right.is_ascii_alphanumeric()
            })
        };
        // The last character may be one that an earlier replacement wrote, which is then at the end
        // of `out`.
        let is_part = joins(
            before
                .chars()
                .next_back()
                .or(out.chars().next_back().filter(|_| before.is_empty())),
            value.chars().next(),
        ) || joins(value.chars().next_back(), after.chars().next());
        out.push_str(before);
        out.push_str(if is_part { value } else { stand_in });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The number of a word that is spelled like a pseudonym.
fn pseudonym_number(word: &str) -> Option<u32> {
    if let Some(number) = word.strip_prefix(PSEUDONYM_PREFIX) {
        return number.parse().ok();
    }
    let number = word
        .parse::<u32>()
        .ok()?
        .checked_sub(DIGIT_PSEUDONYM_BASE)?;
    (1..=MAX_RESUMED_NUMBER).contains(&number).then_some(number)
}

/// A pattern is looked for in every layer, and nothing can be replaced there: a length or a
/// checksum inside would no longer hold.
fn check_bytes(pattern: &Regex, bytes: &[u8]) -> Result<(), PersonalDataError> {
    let mut finds = |layer: &[u8]| pattern.is_match(&String::from_utf8_lossy(layer));
    match inspect_layers(bytes, &mut finds) {
        LayerFinding::Clean => Ok(()),
        LayerFinding::Found => Err(PersonalDataError::PatternInBytes),
        LayerFinding::Unreadable => Err(PersonalDataError::UnreadableCompression),
    }
}

/// Every text and number below a value, and every name of a member.
fn for_each_text(value: &Value, take: &mut dyn FnMut(&str)) {
    match value {
        Value::List(items) => items.iter().for_each(|item| for_each_text(item, take)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            take(name);
            for_each_text(member, take);
        }),
        single => for_each_scalar(single, take),
    }
}

/// Every text and number below a value.
fn for_each_scalar(value: &Value, take: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => take(text),
        Value::Number(number) => take(number.as_str()),
        Value::List(items) => items.iter().for_each(|item| for_each_scalar(item, take)),
        Value::Object(members) => members
            .iter()
            .for_each(|(_, member)| for_each_scalar(member, take)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Every text that a request says.
fn request_texts(request: &RecordedRequest) -> HashSet<String> {
    let mut said: HashSet<String> = request
        .query
        .iter()
        .map(|(_, value)| value.clone())
        .collect();
    // An id in the path is a segment of it.
    said.extend(request.path.split('/').map(str::to_owned));
    match &request.body {
        RecordedBody::Json(value) => for_each_scalar(value, &mut |leaf| {
            said.insert(leaf.to_owned());
        }),
        RecordedBody::Form(pairs) => said.extend(pairs.iter().map(|(_, value)| value.clone())),
        RecordedBody::Multipart(parts) => said.extend(parts.iter().map(|part| part.text.clone())),
        RecordedBody::Text(text) => said.extend([text.clone()]),
        RecordedBody::None | RecordedBody::Hash(_) => {}
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonpath::JsonPath;
    use crate::method::Method;

    fn request(query: &[(&str, &str)]) -> RecordedRequest {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        RecordedRequest {
            account: None,
            method: Method::Get,
            path: "/orders".to_owned(),
            query,
            body: RecordedBody::None,
        }
    }

    fn answer(json: &str) -> RecordedResponse {
        let body = ResponseBody::Json(crate::value::parse(json.as_bytes()).unwrap());
        RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    fn redact(
        hidden: &mut Redaction,
        json: &str,
        rules: &[RedactRule],
        request: &RecordedRequest,
    ) -> String {
        let rules: Vec<&RedactRule> = rules.iter().collect();
        match hidden
            .redact_response(answer(json), &rules, request)
            .unwrap()
            .body
        {
            ResponseBody::Json(value) => value.to_json(),
            _ => String::new(),
        }
    }

    fn path(text: &str) -> RedactRule {
        RedactRule::Path(JsonPath::parse(text).unwrap())
    }

    #[test]
    fn equal_values_stay_equal_and_keep_their_kind() {
        let rules = [
            path("$..['name', 'id', 'tel']"),
            RedactRule::Pattern(regex::Regex::new("[a-z]+@[a-z.]+").unwrap()),
        ];
        let mut hidden = Redaction::default();
        let json = r#"{"a":{"name":"홍길동","id":2580651,"tel":"010-1234-5678"},"b":{"name":"홍길동","id":"2580651"},"note":"to 홍길동, a@b.kr, 25806511","masked":{"name":"****"},"n":2}"#;
        let shown = r#"{"a":{"name":"redacted-1","id":900000002,"tel":"redacted-3"},"b":{"name":"redacted-1","id":"900000002"},"note":"to redacted-1, redacted-4, 25806511","masked":{"name":"****"},"n":2}"#;
        assert_eq!(redact(&mut hidden, json, &rules, &request(&[])), shown);
        assert_eq!(
            redact(&mut hidden, shown, &rules, &request(&[])),
            shown,
            "what is hidden stays as it is"
        );
        let later = hidden.redact_request(&request(&[("buyer", "2580651"), ("who", "홍길동")]));
        assert_eq!(later.query[0].1, "900000002");
        assert_eq!(later.query[1].1, "redacted-1");
    }

    #[test]
    fn a_real_value_that_is_spelled_like_a_pseudonym_is_replaced() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"tel":900000123,"name":"redacted-3","id":"홍길동"}"#,
            &[path("$['tel', 'name', 'id']")],
            &request(&[]),
        );
        assert_eq!(
            shown,
            r#"{"tel":900000001,"name":"redacted-2","id":"redacted-4"}"#
        );
    }

    #[test]
    fn a_pattern_finds_names_of_members() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"010-1234-5678":{"paid":true}}"#,
            &[RedactRule::Pattern(
                Regex::new("01[0-9]-[0-9]{4}-[0-9]{4}").unwrap(),
            )],
            &request(&[]),
        );
        assert_eq!(shown, r#"{"redacted-1":{"paid":true}}"#);
    }

    #[test]
    fn a_pattern_that_matches_in_bytes_is_an_error() {
        let pattern = RedactRule::Pattern(Regex::new("01[0-9]-[0-9]{4}-[0-9]{4}").unwrap());
        let bytes = |bytes: &[u8]| RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body: ResponseBody::Bytes(bytes.to_vec()),
        };
        let redact =
            |answer| Redaction::default().redact_response(answer, &[&pattern], &request(&[]));
        assert!(matches!(
            redact(bytes(b"\xff\x00 010-1234-5678")),
            Err(PersonalDataError::PatternInBytes)
        ));
        assert!(redact(bytes(b"\xff\x00 nobody")).is_ok());
    }

    #[test]
    fn what_the_request_says_itself_is_no_news() {
        let json = r#"{"name":"홍길동"}"#;
        assert_eq!(
            redact(
                &mut Redaction::default(),
                json,
                &[path("$.name")],
                &request(&[("name", "홍길동")])
            ),
            json
        );
    }

    #[test]
    fn a_short_value_is_hidden_where_a_rule_names_it_and_nowhere_else() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"code":"0","floor":"0"}"#,
            &[path("$.floor")],
            &request(&[]),
        );
        assert_eq!(shown, r#"{"code":"0","floor":"900000001"}"#);
    }
}
