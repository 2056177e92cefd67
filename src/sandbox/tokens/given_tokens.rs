//! The test tokens that are printed at the start. They work without a token request, until a control
//! ends them.

use super::token_subject::subject_id;
use crate::sign::TestAccount;

/// Which of the printed tokens have ended.
#[derive(Debug, Default)]
pub(crate) struct GivenTokens {
    /// Each ends the tokens that fit all of its pairs: the name of the token, or an id of its
    /// account. Without pairs, all.
    ended: Vec<Vec<(String, String)>>,
    has_expired: bool,
}

impl GivenTokens {
    pub(crate) fn end(&mut self, only: Vec<(String, String)>) {
        if !self.ended.contains(&only) {
            self.ended.push(only);
        }
    }

    /// Ends all of them, as time does.
    pub(crate) fn expire(&mut self) {
        self.has_expired = true;
        self.end(Vec::new());
    }

    pub(crate) fn have_expired(&self) -> bool {
        self.has_expired
    }

    /// Whether a token of this account still works. `needed` is the name of the token that the
    /// call needs.
    #[must_use]
    pub(crate) fn works(&self, account: &TestAccount, needed: Option<&str>) -> bool {
        let fits = |(name, text): &(String, String)| {
            if name == "token" {
                return needed.is_none_or(|needed| needed == text);
            }
            subject_id(name, account).to_plain_text().as_deref() == Some(text.as_str())
        };
        !self.ended.iter().any(|ended| ended.iter().all(fits))
    }
}
