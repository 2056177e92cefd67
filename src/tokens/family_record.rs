//! What is kept of one chain of tokens: the pair in use, where it stands in a renewal, and the
//! pairs before it.

use crate::model::scheme::{Scheme, Token};
use crate::secret::{Secret, exposed_pairs_for_sealing};
use crate::sign::NamedValues;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many pairs before the present one are kept.
const MAX_PREVIOUS_PAIRS: usize = 2;

/// What tells one chain from another. The host belongs to it: two environments that go to one host
/// share a shop's chain, since they would spend each other's tokens otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FamilyKey {
    pub scheme: String,
    pub host: String,
    pub token: String,
    /// The values of `store_by`; none of them is secret.
    pub ids: Vec<(String, String)>,
}

/// A credential that tells token families apart has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{scheme}` stores the token `{token}` by `{credential}`, but that credential is missing")]
pub struct MissingFamilyId {
    pub scheme: String,
    pub token: String,
    pub credential: String,
}

impl FamilyKey {
    /// # Errors
    /// If a credential of `store_by` is missing: two accounts would share one family without it.
    pub fn new(
        scheme: &Scheme,
        token: &Token,
        host: &str,
        account: &str,
        credentials: &NamedValues,
    ) -> Result<Self, MissingFamilyId> {
        let id = |name: &String| {
            let value = match (name.as_str(), credentials.get(name)) {
                ("account", _) => account.to_owned(),
                // `default: null` in the scheme: to have no value is a value of its own.
                (_, Some(Value::Null)) => String::new(),
                (_, Some(value)) => value.to_text(),
                (_, None) => {
                    return Err(MissingFamilyId {
                        scheme: scheme.name.clone(),
                        token: token.name.clone(),
                        credential: name.clone(),
                    });
                }
            };
            Ok((name.clone(), value))
        };
        let ids = token.key_credentials.iter().map(id);
        Ok(Self {
            ids: ids.collect::<Result<_, _>>()?,
            scheme: scheme.name.clone(),
            host: host.to_owned(),
            token: token.name.clone(),
        })
    }

    /// A name for files and rows, from the whole key.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&self.hash()[..16])
    }

    /// A number for locks of a database, from the first bytes of the same hash.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub(super) fn lock_number(&self) -> i64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.hash()[..8]);
        i64::from_be_bytes(number)
    }

    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let ids = self.ids.iter().flat_map(|(name, value)| [name, value]);
        for part in [&self.scheme, &self.host, &self.token]
            .into_iter()
            .chain(ids)
        {
            // With its length, so that no two lists of parts run together into one text.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }

    /// `shop_id 123456`, for people: the ids that are an account's own.
    #[must_use]
    pub fn account_label(&self, scheme: &Scheme) -> String {
        let own = |name: &str| {
            use crate::model::scheme::CredentialScope;
            scheme
                .credential(name)
                .is_none_or(|credential| credential.scope == CredentialScope::Account)
        };
        let ids: Vec<String> = self
            .ids
            .iter()
            .filter(|(name, value)| own(name) && !value.is_empty())
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        ids.join(", ")
    }
}

/// Under which names a person knows a chain; the last renewal writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyLabel {
    pub environment: String,
    pub account: String,
}

/// One chain of tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyRecord {
    pub key: FamilyKey,
    pub label: FamilyLabel,
    /// Grows with every write: who writes over another revision than the one that was read has
    /// been overtaken.
    pub revision: u64,
    /// Grows with every pair.
    pub generation: u64,
    pub state: RenewalState,
    pub current: Option<TokenPair>,
    /// The last pairs before it, the youngest first.
    pub previous: Vec<TokenPair>,
    /// Owners that still have to be refreshed with this shared pair.
    #[serde(alias = "pending", default, skip_serializing_if = "Vec::is_empty")]
    pub pending_splits: Vec<PendingSplit>,
    /// The shared pair that this chain began with: it is not split off twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<String>,
}

/// Where a chain stands in a renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalState {
    Ready,
    /// A refresh token is on its way; written before the first byte leaves.
    #[serde(alias = "spending")]
    Refreshing {
        since_ms: i64,
    },
    /// No answer came: nobody knows whether the refresh token was spent.
    Uncertain {
        since_ms: i64,
    },
    /// The marketplace does not take the refresh token any more: a person must authorize again.
    #[serde(alias = "dead")]
    Rejected {
        since_ms: i64,
        reason: String,
    },
}

/// Tokens that came in one answer, with their ends in Unix milliseconds by the store's clock.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPair {
    /// In the clear only inside of a sealed record, and in the pipe of the helper.
    #[serde(with = "exposed_pairs_for_sealing")]
    pub values: Vec<(String, Secret<String>)>,
    pub received_ms: i64,
    /// `None` where nothing says when it ends.
    #[serde(alias = "access_until_ms")]
    pub access_expires_ms: Option<i64>,
    #[serde(alias = "refresh_until_ms")]
    pub refresh_expires_ms: Option<i64>,
    #[serde(alias = "grant_until_ms")]
    pub grant_expires_ms: Option<i64>,
}

/// One owner of a shared pair that has no chain of its own yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSplit {
    pub token: String,
    pub credential: String,
    pub id: String,
}

impl FamilyRecord {
    #[must_use]
    pub fn new(key: FamilyKey, label: FamilyLabel) -> Self {
        let (previous, pending) = (Vec::new(), Vec::new());
        Self {
            key,
            label,
            revision: 0,
            generation: 0,
            state: RenewalState::Ready,
            current: None,
            previous,
            pending_splits: pending,
            split_from: None,
        }
    }

    /// A new pair takes the place of the present one.
    pub fn rotate(&mut self, pair: TokenPair) {
        self.previous.splice(0..0, self.current.replace(pair));
        self.previous.truncate(MAX_PREVIOUS_PAIRS);
        self.generation += 1;
        self.state = RenewalState::Ready;
    }

    /// The fields of its pair, as schemes see them.
    #[must_use]
    pub fn values(&self) -> NamedValues {
        self.current
            .as_ref()
            .map(TokenPair::to_values)
            .unwrap_or_default()
    }

    #[must_use]
    pub fn has_refresh_token(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|pair| pair.get("refresh_token").is_some())
    }

    /// Every text in it that must not be shown, exposed to the redactor.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.current.iter().chain(&self.previous);
        pairs
            .flat_map(|pair| &pair.values)
            .map(|(name, value)| (name.as_str(), value.expose().as_str()))
    }
}

impl TokenPair {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret<String>> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    #[must_use]
    pub fn to_values(&self) -> NamedValues {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str().into(), Value::from(value.expose().as_str())))
            .collect()
    }

    /// Whether the access token can be used at `now_ms` at all.
    #[must_use]
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.access_expires_ms.is_none_or(|until| now_ms < until)
    }

    /// Whether it is time for another one: less than `margin_ms` is left. A marketplace can hand
    /// out a token that has little left: half of what it had is used all the same.
    #[must_use]
    pub fn is_renewal_due(&self, now_ms: i64, margin_ms: i64) -> bool {
        let Some(until) = self.access_expires_ms else {
            return false;
        };
        let margin = margin_ms.min(until.saturating_sub(self.received_ms) / 2);
        now_ms >= until.saturating_sub(margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(received_ms: i64, until: i64) -> TokenPair {
        TokenPair {
            values: Vec::new(),
            received_ms,
            access_expires_ms: Some(until),
            refresh_expires_ms: None,
            grant_expires_ms: None,
        }
    }

    #[test]
    fn a_token_is_renewed_in_time() {
        let long = pair(0, 10_800_000);
        assert!(
            !long.is_renewal_due(8_999_999, 1_800_000) && long.is_renewal_due(9_000_000, 1_800_000)
        );
        let short = pair(0, 4_000);
        assert!(
            !short.is_renewal_due(1_999, 1_800_000) && short.is_renewal_due(2_000, 1_800_000),
            "half of a short life is used"
        );
        assert!(short.is_valid(3_999) && !short.is_valid(4_000));
    }

    #[test]
    fn two_pairs_before_the_present_one_are_kept() {
        let key = FamilyKey {
            scheme: "a".into(),
            host: "b".into(),
            token: "c".into(),
            ids: Vec::new(),
        };
        let mut record = FamilyRecord::new(key, FamilyLabel::default());
        (1..=4).for_each(|at| record.rotate(pair(at, 9)));
        let received: Vec<i64> = record
            .previous
            .iter()
            .map(|pair| pair.received_ms)
            .collect();
        assert_eq!((record.generation, received), (4, vec![3, 2]));
    }

    #[test]
    fn no_two_keys_have_one_id() {
        let key = |ids: &[(&str, &str)]| {
            let ids = ids
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            FamilyKey {
                scheme: "s".into(),
                host: "h".into(),
                token: "t".into(),
                ids,
            }
            .id()
        };
        assert_ne!(
            key(&[("a", "1b"), ("c", "")]),
            key(&[("a", "1"), ("bc", "")])
        );
        assert_eq!(key(&[("a", "1")]), key(&[("a", "1")]));
    }

    /// A record of version 0.1.0 must not become unreadable: its refresh token would be lost.
    #[test]
    fn a_record_with_the_keys_of_the_first_version_is_read() {
        let old = r#"{"key":{"scheme":"s","host":"h","token":"t","ids":[]},
            "label":{"environment":"live","account":"sg"},"revision":3,"generation":2,
            "state":{"dead":{"since_ms":5,"reason":"r"}},
            "current":{"values":[["refresh_token","x"]],"received_ms":1,
                "access_until_ms":2,"refresh_until_ms":3,"grant_until_ms":4},
            "previous":[],"pending":[{"token":"t","credential":"c","id":"1"}]}"#;
        let record: FamilyRecord = serde_json::from_str(old).unwrap();
        let pair = record.current.as_ref().unwrap();
        assert_eq!(pair.access_expires_ms, Some(2));
        assert_eq!(
            (pair.refresh_expires_ms, pair.grant_expires_ms),
            (Some(3), Some(4))
        );
        assert_eq!(record.pending_splits.len(), 1);
        assert!(matches!(
            record.state,
            RenewalState::Rejected { since_ms: 5, .. }
        ));
        let spending = r#"{"spending":{"since_ms":7}}"#;
        let state: RenewalState = serde_json::from_str(spending).unwrap();
        assert_eq!(state, RenewalState::Refreshing { since_ms: 7 });
    }
}
