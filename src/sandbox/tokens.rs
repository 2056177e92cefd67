//! The tokens that a sandbox has issued, with the marketplace's own rule for asking again.

use crate::model::scheme::{Token, TokenAnswer};
use std::collections::HashMap;
use std::time::Duration;

/// How long a token lives when its scheme does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3_600);

#[derive(Clone, Debug)]
struct Issued {
    value: String,
    issued_ms: i64,
    expires_ms: i64,
}

/// By what tells one token from another.
#[derive(Debug, Default)]
pub struct IssuedTokens {
    by_owner: HashMap<String, Vec<Issued>>,
}

impl IssuedTokens {
    /// The same token while it is young enough, else a new one; an older one stays good until its own end. Gives the
    /// token and the seconds that are left of it.
    pub fn issue(
        &mut self,
        owner: &str,
        token: &Token,
        answer: &TokenAnswer,
        now_ms: i64,
        fresh: impl FnOnce() -> String,
    ) -> (String, i64) {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let issued = self.by_owner.entry(owner.to_owned()).or_default();
        issued.retain(|known| known.expires_ms > now_ms);
        let young = answer.same_for.map_or(0, ms);
        if let Some(known) = issued.last().filter(|known| now_ms - known.issued_ms <= young && young > 0) {
            return (known.value.clone(), (known.expires_ms - now_ms) / 1_000);
        }
        let life = ms(token.lifetime.access.unwrap_or(USUAL_LIFE));
        let new = Issued { value: fresh(), issued_ms: now_ms, expires_ms: now_ms + life };
        issued.push(new.clone());
        (new.value, life / 1_000)
    }

    /// Whose good token this is.
    #[must_use]
    pub fn owner(&self, value: &str, now_ms: i64) -> Option<&str> {
        let good = |issued: &Vec<Issued>| issued.iter().any(|known| known.value == value && known.expires_ms > now_ms);
        self.by_owner.iter().find(|(_, issued)| good(issued)).map(|(owner, _)| owner.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scheme::Lifetime;
    use crate::model::template::Tree;
    use crate::value::Value;

    #[test]
    fn the_same_token_comes_back_while_it_is_young() {
        let lifetime = Lifetime { access: Some(Duration::from_secs(10_800)), ..Lifetime::default() };
        let token = Token { lifetime, ..Token::default() };
        let same_for = Some(Duration::from_secs(9_000));
        let answer = TokenAnswer { token: "seller".to_owned(), json: Tree::constant(Value::Null), same_for, old_for: None };
        let mut tokens = IssuedTokens::default();
        let minute = 60_000;
        let mut ask = |at: i64, name: &str| tokens.issue("a", &token, &answer, at, || name.to_owned());
        assert_eq!(ask(0, "first"), ("first".to_owned(), 10_800));
        assert_eq!(ask(150 * minute, "second"), ("first".to_owned(), 1_800));
        assert_eq!(ask(151 * minute, "third"), ("third".to_owned(), 10_800));
        assert_eq!(tokens.owner("first", 179 * minute), Some("a"), "the old one stays good until its end");
        assert_eq!(tokens.owner("first", 181 * minute), None);
    }
}
