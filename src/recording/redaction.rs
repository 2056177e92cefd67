//! Hides what is personal in answers. Equal values get equal stand-ins, numbered in the order in
//! which they appear, so that an unchanged marketplace gives unchanged files; no stand-in can be
//! computed back, not even by trying.

use crate::jsonpath::{SearchLimitExceeded, replace_matches};
use crate::model::recording::{
    RecordedBody, RecordedPart, RecordedRequest, RecordedResponse, ResponseBody,
};
use crate::model::redact_rule::RedactRule;
use crate::value::{Number, Value};
use std::collections::{HashMap, HashSet};

/// A text is replaced wherever it stands in an answer from so many bytes on; a shorter one only
/// where a rule names it.
const MIN_SUBSTRING_LEN: usize = 6;
/// A stand-in of a text is this and its number.
const PSEUDONYM_PREFIX: &str = "redacted-";
/// What stands for the id of the run.
pub(crate) const RUN_ID_PLACEHOLDER: &str = "<run_id>";
/// A stand-in of digits is its number after this one.
const DIGIT_PSEUDONYM_BASE: u32 = 900_000_000;

/// What has been hidden so far, of one request file as one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    pseudonyms: HashMap<String, String>,
    last_number: u32,
}

impl Redaction {
    /// The id of a run is another one each time, wherever an answer repeats it.
    #[must_use]
    pub(crate) fn for_run(run_id: &str) -> Self {
        Self {
            pseudonyms: HashMap::from([(run_id.to_owned(), RUN_ID_PLACEHOLDER.to_owned())]),
            last_number: 0,
        }
    }

    /// What a fixture hid stays hidden in those that need it.
    pub(crate) fn include(&mut self, other: &Self) {
        for (value, stand_in) in &other.pseudonyms {
            self.pseudonyms
                .entry(value.clone())
                .or_insert_with(|| stand_in.clone());
        }
        self.last_number = self.last_number.max(other.last_number);
    }

    /// A request with what earlier answers brought and hid.
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

    /// An answer without what is personal; what the request itself says is not, since it stands in
    /// a file already.
    ///
    /// # Errors
    /// When a rule looks at too many places of the answer: then nothing of it may be written.
    pub(crate) fn redact_response(
        &mut self,
        answer: RecordedResponse,
        rules: &[&RedactRule],
        request: &RecordedRequest,
    ) -> Result<RecordedResponse, SearchLimitExceeded> {
        let said = request_texts(request);
        for rule in rules {
            self.collect_personal_values(rule, &answer, &said)?;
        }
        let body = match answer.body {
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
        };
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

    fn collect_personal_values(
        &mut self,
        rule: &RedactRule,
        answer: &RecordedResponse,
        said: &HashSet<String>,
    ) -> Result<(), SearchLimitExceeded> {
        match (rule, &answer.body) {
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
            (RedactRule::Pattern(pattern), ResponseBody::Json(value)) => {
                for_each_scalar(value, &mut |leaf| {
                    pattern
                        .find_iter(leaf)
                        .for_each(|found| self.add_pseudonym(found.as_str(), said));
                });
            }
            (RedactRule::Pattern(pattern), ResponseBody::Text(text)) => {
                pattern
                    .find_iter(text)
                    .for_each(|found| self.add_pseudonym(found.as_str(), said));
            }
            _ => {}
        }
        Ok(())
    }

    fn add_pseudonym(&mut self, value: &str, said: &HashSet<String>) {
        // What names nobody, such as `****`, and what is a stand-in already, stays as it is.
        let says_nothing = !value.chars().any(char::is_alphanumeric);
        if says_nothing
            || is_pseudonym(value)
            || said.contains(value)
            || self.pseudonyms.contains_key(value)
        {
            return;
        }
        self.last_number += 1;
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let stand_in = if is_digits {
            (DIGIT_PSEUDONYM_BASE + self.last_number).to_string()
        } else {
            format!("{PSEUDONYM_PREFIX}{}", self.last_number)
        };
        self.pseudonyms.insert(value.to_owned(), stand_in);
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
                    .map(|(name, member)| (name.clone(), self.redact_value(member)))
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

fn is_pseudonym(value: &str) -> bool {
    let number = value
        .strip_prefix(PSEUDONYM_PREFIX)
        .unwrap_or(value)
        .parse::<u32>()
        .ok();
    match value.strip_prefix(PSEUDONYM_PREFIX) {
        Some(_) => number.is_some(),
        None => number.is_some_and(|number| {
            (DIGIT_PSEUDONYM_BASE..DIGIT_PSEUDONYM_BASE + 100_000).contains(&number)
        }),
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
