//! Secrets that a response hands out. They are registered with the redactor before anything of the
//! response is written anywhere: not only what a scheme calls a token, but what the response itself
//! gives a name that only secrets have.

use crate::jsonpath::PathMatches;
use crate::model::scheme::Scheme;
use crate::redact::{MIN_SECRET_BYTES, Redactor};
use crate::value::Value;
use crate::wire::WireResponse;
use aho_corasick::AhoCorasick;
use std::sync::OnceLock;

/// A shorter text under the name of a token is no token: a kind, a placeholder, a length.
const MIN_TOKEN_BYTES: usize = 16;

pub(super) fn register_response_secrets(
    scheme: &Scheme,
    response: &WireResponse,
    redactor: &mut Redactor,
) {
    register_saved_fields(scheme, response, redactor);
    register_named_secrets(response, redactor);
}

/// What the response itself names like a secret: in headers, cookies, members, parameters.
fn register_named_secrets(response: &WireResponse, redactor: &mut Redactor) {
    for (name, value) in &response.headers {
        register_header(name, value, redactor);
    }
    // Reading every member of every response would double the cost of large ones.
    if !has_secret_word(response.body()) {
        return;
    }
    match response.json() {
        Ok(value) => register_members(value, redactor),
        Err(_) => {
            if let Ok(text) = std::str::from_utf8(response.body()) {
                register_parameters(text, redactor);
            }
        }
    }
}

/// The fields that a scheme saves from token responses, whichever request returned them.
fn register_saved_fields(scheme: &Scheme, response: &WireResponse, redactor: &mut Redactor) {
    let requests = scheme
        .tokens
        .iter()
        .flat_map(|token| [&token.issue, &token.exchange, &token.refresh])
        .flatten();
    for (name, path) in requests.flat_map(|request| &request.saved_fields) {
        // The fields are paths into JSON: a response that is not JSON has none of them.
        let Ok(json) = response.json() else { return };
        if let Ok(PathMatches::One(Some(Value::String(token)))) = path.find(json)
            && token.len() >= MIN_TOKEN_BYTES
        {
            redactor.add_secret(format!("token.{name}"), token);
        }
    }
}

fn register_header(name: &str, value: &str, redactor: &mut Redactor) {
    if name == "set-cookie" {
        let pair = value.split(';').next().unwrap_or(value);
        if let Some((cookie, value)) = pair.split_once('=') {
            register(&words_of(cookie), value.trim(), MIN_SECRET_BYTES, redactor);
        }
        return;
    }
    // Nearly every header is none of these: the quick look spares taking each name apart.
    if has_secret_word(name.as_bytes())
        && let Some((words, min_bytes)) = secret_name(name)
    {
        // `Authorization: Bearer …` repeats the token behind a word.
        let token = value.rsplit(' ').next().unwrap_or(value);
        register(&words, token, min_bytes, redactor);
    }
    if value.contains('=') && has_secret_word(value.as_bytes()) {
        register_parameters(value, redactor);
    }
}

fn register_members(value: &Value, redactor: &mut Redactor) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let (Value::String(text), Some((words, min_bytes))) = (value, secret_name(name))
                {
                    register(&words, text, min_bytes, redactor);
                }
                register_members(value, redactor);
            }
        }
        Value::List(items) => {
            for item in items {
                register_members(item, redactor);
            }
        }
        Value::String(text) => register_parameters(text, redactor),
        _ => {}
    }
}

/// Parameters of URLs and forms in a text: `?X-Amz-Signature=…`, `access_token=…`.
fn register_parameters(text: &str, redactor: &mut Redactor) {
    let is_end = |letter: char| letter.is_whitespace() || "&?#\"'<>;,\\".contains(letter);
    for pair in text.split(is_end) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        if let Some((words, min_bytes)) = secret_name(name).or_else(|| signature_name(name)) {
            register(&words, value, min_bytes, redactor);
        }
    }
}

fn register(words: &[String], value: &str, min_bytes: usize, redactor: &mut Redactor) {
    if value.len() >= min_bytes {
        redactor.add_secret(format!("response.{}", words.join("_")), value);
    }
}

/// The words of a name that only secrets have, and how long such a secret is at least. Tokens of
/// pages (`nextToken`, `page_token`) are none: they must stay readable.
fn secret_name(name: &str) -> Option<(Vec<String>, usize)> {
    const PAIRS: [&str; 11] = [
        "access token",
        "refresh token",
        "id token",
        "session token",
        "auth token",
        "session id",
        "client secret",
        "app secret",
        "secret key",
        "api key",
        "private key",
    ];
    const WHOLE: [&str; 11] = [
        "token",
        "jwt",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "sessiontoken",
        "sessionid",
        "clientsecret",
        "appsecret",
        "apikey",
        "authorization",
    ];
    let words = words_of(name);
    let last = words.last()?.as_str();
    if matches!(last, "password" | "passwd") {
        return Some((words, MIN_SECRET_BYTES));
    }
    let last_two = words[words.len().saturating_sub(2)..].join(" ");
    let is_secret = PAIRS.contains(&last_two.as_str())
        || last == "authorization"
        || (words.len() == 1 && WHOLE.contains(&last));
    is_secret.then_some((words, MIN_TOKEN_BYTES))
}

/// Parameters that make a URL a key to what it names.
fn signature_name(name: &str) -> Option<(Vec<String>, usize)> {
    const NAMES: [&str; 5] = [
        "x amz signature",
        "x amz security token",
        "x goog signature",
        "signature",
        "sig",
    ];
    let words = words_of(name);
    NAMES
        .contains(&words.join(" ").as_str())
        .then_some((words, MIN_TOKEN_BYTES))
}

/// `accessToken`, `access-token` and `ACCESS_TOKEN` are the words `access`, `token`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        let is_separator = !letter.is_alphanumeric();
        if (is_separator || (was_lower && letter.is_uppercase())) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !is_separator {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a body holds a word that a secret's name ends with. One pass, nothing allocated.
fn has_secret_word(body: &[u8]) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
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

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "access_token",
            "accessToken",
            "ACCESS-TOKEN",
            "accesstoken",
            "x-access-token",
            "userRefreshToken",
            "idToken",
            "session_id",
            "JSESSIONID session id",
            "clientSecret",
            "APP_SECRET",
            "apiKey",
            "x-api-key",
            "password",
            "newPassword",
            "Authorization",
            "token",
            "jwt",
        ] {
            assert!(secret_name(name).is_some(), "{name}");
        }
        for name in [
            "nextToken",
            "next_page_token",
            "pageToken",
            "continuation_token",
            "cursor",
            "keyword",
            "productId",
            "token_type",
            "tokens",
            "session_count",
            "password_policy",
        ] {
            assert!(secret_name(name).is_none(), "{name}");
        }
    }

    fn redacted(headers: &[(&str, &str)], body: &str, text: &str) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        let response = WireResponse::new(200, headers, body, std::time::Duration::ZERO);
        let mut redactor = Redactor::default();
        register_named_secrets(&response, &mut redactor);
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
    fn pages_and_short_texts_stay_readable() {
        let json = format!("{{\"nextToken\":\"{TOKEN}\",\"token\":\"bearer\"}}");
        assert_eq!(redacted(&[], &json, TOKEN), TOKEN);
        assert_eq!(redacted(&[], &json, "bearer token"), "bearer token");
    }
}
