//! Texts with the names of secrets in the place of the secrets.

use crate::model::scheme::Scheme;
use crate::sign::TestAccount;

/// The secrets of a scheme, by name. It has no `Debug`.
pub struct KnownSecrets {
    /// The longest first, so that a secret inside of another one is not cut out of it.
    secrets: Vec<(String, String)>,
}

/// Where a secret stands in a text.
pub(super) struct SecretPlace<'s> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) name: &'s str,
}

impl KnownSecrets {
    #[must_use]
    pub fn of(scheme: &Scheme, accounts: &[TestAccount]) -> Self {
        let mut secrets: Vec<(String, String)> = Vec::new();
        for account in accounts {
            for (name, value) in account.credentials.iter() {
                let is_public = scheme
                    .credential(name)
                    .is_some_and(|credential| !credential.is_secret);
                let root = if scheme.credential(name).is_some() {
                    "cred"
                } else {
                    "token"
                };
                let text = value.expose().to_plain_text();
                if let Some(text) = text.filter(|text| !is_public && text.len() > 2)
                    && !secrets.iter().any(|(known, _)| *known == text)
                {
                    secrets.push((text, format!("{root}.{name}")));
                }
            }
        }
        secrets.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { secrets }
    }

    /// Every secret in a text, in order, none inside of another.
    pub(super) fn places(&self, text: &str) -> Vec<SecretPlace<'_>> {
        let mut places: Vec<SecretPlace<'_>> = Vec::new();
        for (secret, name) in &self.secrets {
            for (start, _) in text.match_indices(secret.as_str()) {
                let end = start + secret.len();
                if places
                    .iter()
                    .all(|place| end <= place.start || start >= place.end)
                {
                    places.push(SecretPlace { start, end, name });
                }
            }
        }
        places.sort_by_key(|place| place.start);
        places
    }

    /// The text with `‹cred.x›` in the place of each secret.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for place in self.places(text) {
            shown.push_str(&text[from..place.start]);
            shown.push_str(&format!("‹{}›", place.name));
            from = place.end;
        }
        shown + &text[from..]
    }
}
