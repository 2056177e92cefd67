//! Texts with the names of secrets in the place of the secrets.

use super::sent_secrets::sent_secrets;
use crate::model::scheme::Scheme;
use crate::redact::Redactor;
use crate::sign::{ReceivedRequest, TestAccount};
use crate::wire::encode_strict;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

/// So many bytes of a secret in a row are a part of it; fewer can be a word that it begins with.
const MIN_PART: usize = 8;

/// The secrets of a scheme, by name. It has no `Debug`.
pub struct KnownSecrets {
    /// The longest first, so that a secret inside of another one is not cut out of it.
    secrets: Vec<(String, String)>,
    /// The same ones, known in every encoding. Its search builds what it needs at its first use.
    redactor: RefCell<Redactor>,
    /// Every [`MIN_PART`] bytes in a row of each, as it is or percent-encoded, with its index.
    parts: HashMap<Vec<u8>, usize>,
}

/// Where a secret, or a part of one, stands in a text.
pub(super) struct SecretPlace {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) name: String,
}

impl KnownSecrets {
    /// Those of accounts, and those that a request carries: no account may have them.
    #[must_use]
    pub fn of(scheme: &Scheme, accounts: &[TestAccount], received: &ReceivedRequest) -> Self {
        let mut secrets: Vec<(String, String)> = Vec::new();
        let mut add = |text: String, name: String| {
            if text.len() > 2 && !secrets.iter().any(|(known, _)| *known == text) {
                secrets.push((text, name));
            }
        };
        for account in accounts {
            for (name, value) in account.credentials.iter() {
                let credential = scheme.credential(name);
                let is_public = credential.is_some_and(|credential| !credential.is_secret);
                let root = if credential.is_some() {
                    "cred"
                } else {
                    "token"
                };
                if let Some(text) = value.expose().to_plain_text().filter(|_| !is_public) {
                    add(text, format!("{root}.{name}"));
                }
            }
        }
        for (name, text) in sent_secrets(scheme, received) {
            add(text, name);
        }
        secrets.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut redactor = Redactor::default();
        let mut parts = HashMap::new();
        for (index, (secret, name)) in secrets.iter().enumerate() {
            redactor.add_secret(name.clone(), secret);
            for spelling in [secret.as_str(), &encode_strict(secret)] {
                for part in spelling.as_bytes().windows(MIN_PART) {
                    parts.entry(part.to_vec()).or_insert(index);
                }
            }
        }
        Self {
            secrets,
            redactor: RefCell::new(redactor),
            parts,
        }
    }

    /// Every secret in a text, in any encoding, and every part of one, in order; none overlap.
    pub(super) fn places(&self, text: &str) -> Vec<SecretPlace> {
        let mut places = self.whole_secrets(text);
        let parts = self.parts(text);
        let is_whole = |part: &SecretPlace| {
            let after = places.partition_point(|place| place.end <= part.start);
            places
                .get(after)
                .is_some_and(|place| place.start <= part.start && part.end <= place.end)
        };
        let parts: Vec<SecretPlace> = parts.into_iter().filter(|part| !is_whole(part)).collect();
        places.extend(parts);
        joined(places)
    }

    fn whole_secrets(&self, text: &str) -> Vec<SecretPlace> {
        let mut places = Vec::new();
        for (secret, name) in &self.secrets {
            let found = text.match_indices(secret.as_str());
            places.extend(found.map(|(start, _)| SecretPlace {
                start,
                end: start + secret.len(),
                name: name.clone(),
            }));
        }
        // A text that cannot be searched is hidden as a whole.
        let encoded =
            self.redactor.borrow_mut().places(text).unwrap_or_else(|| {
                vec![(0..text.len(), "a text that cannot be searched".to_owned())]
            });
        places.extend(encoded.into_iter().map(|(range, name)| SecretPlace {
            start: range.start,
            end: range.end,
            name: name.trim_matches(['‹', '›']).to_owned(),
        }));
        joined(places)
    }

    /// Where several bytes in a row are those of a secret, as it is or percent-encoded.
    fn parts(&self, text: &str) -> Vec<SecretPlace> {
        let mut places: Vec<SecretPlace> = Vec::new();
        for (start, part) in text.as_bytes().windows(MIN_PART).enumerate() {
            let Some(index) = self.parts.get(part) else {
                continue;
            };
            let name = &self.secrets[*index].1;
            let range = whole_chars(text, start..start + MIN_PART);
            match places.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => places.push(SecretPlace {
                    start: range.start,
                    end: range.end,
                    name: format!("part of {name}"),
                }),
            }
        }
        places
    }

    /// The text with `‹cred.x›` in the place of each secret.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for place in self.whole_secrets(text) {
            shown.push_str(&text[from..place.start]);
            shown.push_str(&format!("‹{}›", place.name));
            from = place.end;
        }
        shown + &text[from..]
    }
}

/// Places in order; of those that overlap one is made, under the name of the first and longest.
fn joined(mut places: Vec<SecretPlace>) -> Vec<SecretPlace> {
    places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut joined: Vec<SecretPlace> = Vec::with_capacity(places.len());
    for place in places {
        match joined.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => joined.push(place),
        }
    }
    joined
}

/// A range that cuts no character in two.
fn whole_chars(text: &str, range: Range<usize>) -> Range<usize> {
    let mut range = range;
    while !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    while !text.is_char_boundary(range.end) {
        range.end += 1;
    }
    range
}
