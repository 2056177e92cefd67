//! The tokens of one run. A token is kept by the credentials that tell it from another, with its absolute end.

use crate::model::scheme::{Scheme, Token};
use crate::sign::Values;
use std::collections::HashMap;

/// A token and until when it is used.
#[derive(Clone)]
pub struct Held {
    pub values: Values,
    /// Unix milliseconds; from here on a new one is asked for.
    renew_at_ms: i64,
}

impl Held {
    /// A token that was received at `now_ms` and lives for `life_ms`. A marketplace can hand out a token that has little left:
    /// half of what is left is used all the same.
    #[must_use]
    pub fn new(values: Values, now_ms: i64, life_ms: i64, token: &Token) -> Self {
        let margin = i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX).min(life_ms / 2);
        Self { values, renew_at_ms: now_ms.saturating_add(life_ms - margin) }
    }
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

    /// The token, while it is time to use it.
    #[must_use]
    pub fn get(&self, key: &str, now_ms: i64) -> Option<&Held> {
        self.held.get(key).filter(|held| now_ms < held.renew_at_ms)
    }

    pub fn put(&mut self, key: String, held: Held) {
        self.held.insert(key, held);
    }

    /// A token that was refused is asked for again.
    pub fn drop(&mut self, key: &str) {
        self.held.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_token_is_renewed_in_time() {
        let token = Token { renew_before: Duration::from_secs(1_800), ..Token::default() };
        let mut tokens = Tokens::default();
        tokens.put("a".to_owned(), Held::new(Values::default(), 0, 10_800_000, &token));
        assert!(tokens.get("a", 8_999_999).is_some() && tokens.get("a", 9_000_000).is_none());
        tokens.put("b".to_owned(), Held::new(Values::default(), 0, 4_000, &token));
        assert!(tokens.get("b", 1_999).is_some() && tokens.get("b", 2_000).is_none(), "half of a short life is used");
    }
}
