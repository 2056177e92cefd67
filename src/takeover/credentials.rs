//! Credentials that stand in a file: each gets a variable, and its value leaves the request.

use crate::model::credential_variable::{secret_variable, variable_name};
use crate::model::scheme::Scheme;
use crate::redact::{Redactor, SecretName, WeakSecret};
use crate::secret::Secret;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A credential of a file.
pub(crate) struct FoundCredential {
    /// The variable of the environment that holds it.
    pub(crate) variable: String,
    /// `None` where the file names it only.
    pub(crate) value: Option<Secret<String>>,
    /// A request that uses it.
    pub(crate) place: String,
}

/// All credentials of a file, by variable.
pub(super) struct CredentialBook<'e> {
    /// Variables that have a value already.
    existing: &'e BTreeMap<String, Secret<String>>,
    found: BTreeMap<String, FoundCredential>,
    /// `secret.NAME` and its value, also of those credentials whose variable has another value.
    values: Vec<(String, Secret<String>)>,
    remembered: HashSet<String>,
    /// The labels of values, by their digests: a file can have thousands of values under one name.
    labels: HashMap<(String, [u8; 32]), String>,
    next_numbers: HashMap<String, usize>,
}

impl<'e> CredentialBook<'e> {
    pub(super) fn new(existing: &'e BTreeMap<String, Secret<String>>) -> Self {
        Self {
            existing,
            found: BTreeMap::new(),
            values: Vec::new(),
            remembered: HashSet::new(),
            labels: HashMap::new(),
            next_numbers: HashMap::new(),
        }
    }

    /// The name of a secret of the user's own: `secret.NAME`. Another value under a known name gets
    /// a name of its own.
    pub(super) fn secret(&mut self, name: &str, value: Option<&str>, place: &str) -> String {
        let base = secret_label(name);
        let Some(value) = value.filter(|value| is_real(value)) else {
            self.add(&secret_variable(&base), None, place);
            return base;
        };
        let key = (base, Sha256::digest(value).into());
        if let Some(label) = self.labels.get(&key) {
            return label.clone();
        }
        let (base, _) = &key;
        let mut label = base.clone();
        while self.is_taken(&secret_variable(&label), Some(value))
            || !self.add(&secret_variable(&label), Some(value), place)
        {
            let number = self.next_numbers.entry(base.clone()).or_insert(2);
            label = format!("{base}_{number}");
            *number += 1;
        }
        self.remember(format!("secret.{label}"), value);
        self.labels.insert(key, label.clone());
        label
    }

    /// Whether the user has another value there.
    fn is_taken(&self, variable: &str, value: Option<&str>) -> bool {
        let own = self.existing.get(variable);
        value.is_some_and(|value| own.is_some_and(|own| own.expose() != value))
    }

    fn remember(&mut self, name: String, value: &str) {
        if self.remembered.insert(name.clone()) {
            self.values.push((name, Secret::new(value.to_owned())));
        }
    }

    /// A credential of a scheme; whether its variable has this value now.
    pub(super) fn of_scheme(
        &mut self,
        scheme: &Scheme,
        name: &str,
        value: Option<&str>,
        place: &str,
    ) -> bool {
        let is_public = scheme.credential(name).is_some_and(|one| !one.is_secret);
        let value = value.filter(|value| {
            if is_public {
                !is_placeholder(value)
            } else {
                is_real(value)
            }
        });
        let is_kept = self.add(&variable_name(&scheme.name, None, None, name), value, place);
        if let Some(value) = value.filter(|_| !is_public) {
            // A name of its own for other places of the value.
            let number = if is_kept { 1 } else { self.values.len() };
            self.remember(format!("{}.{name}.{number}", scheme.name), value);
        }
        is_kept
    }

    /// Whether the variable has this value now.
    fn add(&mut self, variable: &str, value: Option<&str>, place: &str) -> bool {
        let new = || FoundCredential {
            variable: variable.to_owned(),
            value: value.map(|value| Secret::new(value.to_owned())),
            place: place.to_owned(),
        };
        let known = self.found.entry(variable.to_owned()).or_insert_with(new);
        match (&known.value, value) {
            (Some(known), Some(value)) => known.expose() == value,
            (None, Some(value)) => {
                known.value = Some(Secret::new(value.to_owned()));
                true
            }
            (_, None) => true,
        }
    }

    /// The value with which requests are sent: that of `.env`, else the one that was found.
    pub(super) fn value_of(&self, variable: &str) -> Option<String> {
        let found = self.found.get(variable).and_then(|one| one.value.as_ref());
        let value = self.existing.get(variable).or(found)?;
        Some(value.expose().clone())
    }

    /// What takes every value that was found out of a text, by its name. Public credentials of a
    /// scheme, such as the number of a shop, stay.
    pub(super) fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        for (name, value) in &self.values {
            redactor.add_secret(name.as_str(), value.expose());
        }
        redactor
    }

    pub(super) fn into_list(self) -> Vec<FoundCredential> {
        self.found.into_values().collect()
    }
}

/// Small letters, digits and `_`.
fn secret_label(name: &str) -> String {
    let label: String = SecretName::label_of(name)
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    match label.chars().next() {
        None => "secret".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("secret_{label}"),
        Some(_) => label,
    }
}

/// Whether a name says that its value is a credential: of a field, a member, a header or a cookie.
pub(super) fn is_credential_name(name: &str) -> bool {
    let name = name.trim();
    let is_cookie = ["cookie", "set-cookie"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one));
    is_cookie || names_secret(name)
}

fn names_secret(name: &str) -> bool {
    if SecretName::of_parameter(name).is_some() {
        return true;
    }
    let label = SecretName::label_of(name);
    let last = label.rsplit('_').next().unwrap_or_default();
    let is_page =
        label.contains("page") || label.contains("next") || label.contains("continuation");
    matches!(
        last,
        "secret"
            | "password"
            | "passwd"
            | "pwd"
            | "passphrase"
            | "apikey"
            | "token"
            | "jwt"
            | "credential"
            | "credentials"
    ) && !is_page
        || label.ends_with("api_key")
}

/// Whether a value can be a credential: no placeholder, and nothing that could not be hidden.
pub(super) fn is_real(value: &str) -> bool {
    !is_placeholder(value) && !is_reference(value) && WeakSecret::find(value).is_none()
}

/// A text that says where a value is: a command of a shell, or a variable of ingam, as `ingam export`
/// writes both.
fn is_reference(value: &str) -> bool {
    let is_variable = |rest: &str| {
        let is_letter =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        rest.bytes().all(is_letter)
    };
    value.contains("$(") || value.strip_prefix("INGAM_").is_some_and(is_variable)
}

/// A text that says what stands in its place: `<token>`, `YOUR_TOKEN`, `xxxx`. A word alone says
/// nothing: a password can hold any.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 29] = [
        "your",
        "my",
        "the",
        "a",
        "an",
        "here",
        "insert",
        "replace",
        "replaceme",
        "enter",
        "put",
        "me",
        "with",
        "this",
        "value",
        "redacted",
        "example",
        "placeholder",
        "changeme",
        "change",
        "dummy",
        "string",
        "token",
        "key",
        "secret",
        "password",
        "access",
        "api",
        "id",
    ];
    let value = value.trim();
    let is_mark = |letter: char| matches!(letter, 'x' | 'X' | '*' | '.' | '…' | '-' | '_');
    let brackets = [('<', '>'), ('{', '}'), ('[', ']')];
    let is_bracketed = brackets.iter().any(|(open, close)| {
        let inner = value
            .strip_prefix(*open)
            .and_then(|rest| rest.strip_suffix(*close));
        inner.is_some_and(|inner| {
            let inner = inner.trim_matches(['{', '}']);
            inner
                .chars()
                .all(|letter| letter.is_alphanumeric() || " _-.$".contains(letter))
        })
    });
    let lower = value.to_lowercase();
    let mut words = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    let is_words = words.peek().is_some()
        && words.all(|word| WORDS.contains(&word) || word.chars().all(is_mark));
    value.is_empty() || value.chars().all(is_mark) || is_bracketed || is_words
}

/// Whether a value only says yes, no or nothing.
pub(super) fn is_flag(value: &str) -> bool {
    let flags = ["", "true", "false", "null", "none", "0", "1"];
    flags.contains(&value.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_a_variable_of_its_own() {
        let existing = BTreeMap::new();
        let mut book = CredentialBook::new(&existing);
        assert_eq!(book.secret("apiKey", Some("k3-49dkf83kd"), "a"), "api_key");
        assert_eq!(book.secret("apiKey", Some("k3-49dkf83kd"), "b"), "api_key");
        assert_eq!(
            book.secret("apiKey", Some("other-38dk38dk"), "c"),
            "api_key_2"
        );
        assert_eq!(book.secret("apiKey", Some("<your key>"), "d"), "api_key");
        let variables: Vec<_> = book
            .into_list()
            .into_iter()
            .map(|one| one.variable)
            .collect();
        assert_eq!(
            variables,
            ["INGAM_SECRET_API_KEY", "INGAM_SECRET_API_KEY_2"]
        );
    }

    #[test]
    fn placeholders_are_no_values() {
        for value in [
            "<token>",
            "YOUR_TOKEN",
            "xxxxxxxx",
            "{{t}}",
            "short",
            "",
            "$(ingam auth token sg)",
            "INGAM_SHOPEE__ACCESS_TOKEN",
        ] {
            assert!(!is_real(value), "{value}");
        }
        for value in [
            "shpat_93kd8dkf93kd",
            "pa ss<x>[93kd]*",
            "example-yourxxx-93kd",
        ] {
            assert!(is_real(value), "{value}");
        }
        for name in ["token", "x-api-key", "webhook_secret", "sellerToken", "pwd"] {
            assert!(names_secret(name), "{name}");
        }
        for name in ["nextPageToken", "page_token", "id", "keyword", "tokens"] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
