//! The tokens of one run. A token is kept by the credentials that tell it from another, with its absolute end.

use crate::model::scheme::{Scheme, Token};
use crate::sign::Values;
use std::collections::HashMap;

/// A token and when it ends.
#[derive(Clone)]
pub struct Held {
    pub values: Values,
    /// Unix milliseconds.
    pub expires_ms: i64,
}

/// Tokens that were issued during this run.
#[derive(Default)]
pub struct Tokens {
    held: HashMap<String, Held>,
}

impl Tokens {
    /// What tells this token from another: scheme, token name and the values of `store_by`.
    #[must_use]
    pub fn key(scheme: &Scheme, token: &Token, environment: &str, account: &str, credentials: &Values) -> String {
        let value = |name: &String| match name.as_str() {
            "account" => account.to_owned(),
            name => credentials.get(name).map(ToString::to_string).unwrap_or_default(),
        };
        let values: Vec<String> = token.store_by.iter().map(value).collect();
        format!("{}\n{}\n{environment}\n{}", scheme.name, token.name, values.join("\n"))
    }

    /// The token, unless less than `renew_before` is left of it.
    #[must_use]
    pub fn get(&self, key: &str, token: &Token, now_ms: i64) -> Option<&Held> {
        let margin = i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX);
        self.held.get(key).filter(|held| held.expires_ms.saturating_sub(now_ms) > margin.min(held.life_left(now_ms) / 2))
    }

    pub fn put(&mut self, key: String, held: Held) {
        self.held.insert(key, held);
    }

    /// A token that was refused is asked for again.
    pub fn drop(&mut self, key: &str) {
        self.held.remove(key);
    }
}

impl Held {
    /// A marketplace hands out the same token until shortly before its end, so a fresh answer can have little left: it is
    /// used all the same, at least for the half of what is left.
    fn life_left(&self, now_ms: i64) -> i64 {
        self.expires_ms.saturating_sub(now_ms).max(0)
    }
}
