//! Names that only secrets have: of members, headers, cookies and parameters.

use super::weak_secret::MIN_SECRET_BYTES;

/// A shorter text under the name of a token is no token: a kind, a placeholder, a length.
pub(crate) const MIN_TOKEN_BYTES: usize = 16;

/// A name that says that its value is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretName {
    /// The words of the name, joined by `_`.
    pub(crate) label: String,
    /// A shorter value is none.
    pub(crate) min_bytes: usize,
}

/// The names whose last two words are those of a secret.
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
/// The names of one word.
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
/// The last words of names whose values are secret however short they are.
const PASSWORDS: [&str; 2] = ["password", "passwd"];
/// Parameters that make a URL a key to what it names.
const SIGNATURES: [&str; 5] = [
    "x amz signature",
    "x amz security token",
    "x goog signature",
    "signature",
    "sig",
];

impl SecretName {
    /// Of a member or a header. Tokens of pages (`nextToken`, `page_token`) are none: they must
    /// stay readable.
    #[must_use]
    pub(crate) fn of_member(name: &str) -> Option<Self> {
        if !may_end_with_secret_word(name) {
            return None;
        }
        let words = words_of(name);
        let last = words.last()?.as_str();
        if PASSWORDS.contains(&last) {
            return Some(Self::new(&words, MIN_SECRET_BYTES));
        }
        let last_two = words[words.len().saturating_sub(2)..].join(" ");
        let is_secret = PAIRS.contains(&last_two.as_str())
            || last == "authorization"
            || (words.len() == 1 && WHOLE.contains(&last));
        is_secret.then(|| Self::new(&words, MIN_TOKEN_BYTES))
    }

    /// Of a parameter of a URL or a form.
    #[must_use]
    pub(crate) fn of_parameter(name: &str) -> Option<Self> {
        Self::of_member(name).or_else(|| {
            let words = words_of(name);
            SIGNATURES
                .contains(&words.join(" ").as_str())
                .then(|| Self::new(&words, MIN_TOKEN_BYTES))
        })
    }

    /// Of a cookie: its value is secret, whatever its name.
    #[must_use]
    pub(crate) fn of_cookie(name: &str) -> Self {
        Self::new(&words_of(name), MIN_SECRET_BYTES)
    }

    /// How a secret of any name is called: its words, joined by `_`.
    #[must_use]
    pub(crate) fn label_of(name: &str) -> String {
        words_of(name).join("_")
    }

    fn new(words: &[String], min_bytes: usize) -> Self {
        Self {
            label: words.join("_"),
            min_bytes,
        }
    }
}

/// Whether a name may be that of a member whose value is secret, by its end alone. Names in other
/// letters are taken apart: some of them are ASCII in lower case.
fn may_end_with_secret_word(name: &str) -> bool {
    let name = name.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    let mut known = PAIRS.iter().chain(&WHOLE).chain(&PASSWORDS);
    !name.is_ascii()
        || known.any(|known| {
            let word = known.rsplit_once(' ').map_or(*known, |(_, last)| last);
            let start = name.len().checked_sub(word.len());
            start.is_some_and(|start| name[start..].eq_ignore_ascii_case(word))
        })
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
            assert!(SecretName::of_member(name).is_some(), "{name}");
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
            assert!(SecretName::of_member(name).is_none(), "{name}");
        }
        let signature = SecretName::of_parameter("X-Amz-Signature").unwrap();
        assert_eq!(signature.label, "x_amz_signature");
    }
}
