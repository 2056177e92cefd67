//! What one call asks for: by which limits of its scheme it is counted, and together with which
//! others.

use super::hashed_permit_request::{AppliedLimit, BudgetLabels, HashedPermitRequest};
use super::limit_counter::LimitRule;
use super::limit_observation::LimitObservation;
use crate::method::Method;
use crate::model::scheme::{CredentialScope, RateLimit, Scheme};
use crate::sign::NamedValues;
use crate::value::Value;
use crate::wire::WireResponse;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;

/// What a store mixes into its hashes, so that no table of hashes made elsewhere fits them.
pub(super) type HashSalt = [u8; 32];

/// As whom and where calls go.
#[derive(Clone, Copy)]
pub(crate) struct BudgetKey<'o> {
    pub(crate) scheme: &'o Scheme,
    /// `host:port`
    pub(crate) host: &'o str,
    pub(crate) environment: &'o str,
    /// Its name for people.
    pub(crate) account: &'o str,
    pub(crate) credentials: &'o NamedValues,
}

/// One call that is about to be sent.
#[derive(Clone, Copy)]
pub(crate) struct PermitRequest<'a> {
    pub(crate) budget_key: BudgetKey<'a>,
    pub(crate) method: Method,
    /// Below the base path of the host.
    pub(crate) path: &'a str,
    /// It arrives within this time, or not at all.
    pub(crate) arrives_within: Duration,
    /// Slots that are kept for undo calls are not for it.
    pub(crate) keeps_reserve: bool,
}

impl PermitRequest<'_> {
    /// Every limit of the scheme that the call is counted by.
    pub(crate) fn limits(&self) -> impl Iterator<Item = &RateLimit> {
        self.budget_key
            .scheme
            .limits
            .iter()
            .filter(|limit| limit.matcher.matches(self.method, self.path))
    }

    #[must_use]
    pub(crate) fn hashed(&self, salt: &HashSalt) -> HashedPermitRequest {
        let BudgetKey {
            scheme,
            host,
            environment,
            account,
            ..
        } = self.budget_key;
        let (scheme, host) = (scheme.name.clone(), host.to_owned());
        let key = self.app_identity();
        let parts = [scheme.as_str(), &host]
            .into_iter()
            .chain(key.iter().map(String::as_str));
        let id = salted_hash(salt, parts);
        let accounts = [(environment.to_owned(), account.to_owned())].into();
        let limits = self
            .limits()
            .map(|limit| self.applied_limit(limit, salt))
            .collect();
        let hold_ms = i64::try_from(self.arrives_within.as_millis()).unwrap_or(i64::MAX / 4);
        HashedPermitRequest {
            id,
            labels: BudgetLabels {
                scheme,
                host,
                accounts,
            },
            limits,
            arrives_within_ms: hold_ms,
            keeps_reserve: self.keeps_reserve,
        }
    }

    /// What names the application.
    fn app_identity(&self) -> Vec<String> {
        self.identity(CredentialScope::App)
    }

    /// Credentials of one scope that are no secrets, since a secret can be another one tomorrow;
    /// where there are only secrets, those. Names go before values.
    fn identity(&self, scope: CredentialScope) -> Vec<String> {
        let of_scope = || {
            self.budget_key
                .scheme
                .credentials
                .iter()
                .filter(move |credential| credential.scope == scope)
        };
        let value = |name: &str| {
            self.budget_key
                .credentials
                .get(name)
                .filter(|value| !value.is_null())
                .map(Value::to_text)
        };
        let parts = |is_secret: bool| -> Vec<String> {
            let named = of_scope().filter(|credential| credential.is_secret == is_secret);
            named
                .filter_map(|credential| Some([credential.name.clone(), value(&credential.name)?]))
                .flatten()
                .collect()
        };
        let plain = parts(false);
        if plain.is_empty() { parts(true) } else { plain }
    }

    /// `per`: what has a count of its own. The application always has one, since a book is of one
    /// key.
    fn applied_limit(&self, limit: &RateLimit, salt: &HashSalt) -> AppliedLimit {
        let (mut whose, mut about, mut operation) = (Vec::new(), String::new(), String::new());
        for scope in &limit.scope {
            match scope.as_str() {
                "account" => {
                    whose.extend(self.identity(CredentialScope::Account));
                    self.budget_key.account.clone_into(&mut about);
                }
                "operation" => {
                    operation = normalized_operation(self.method, self.path);
                    whose.push(operation.clone());
                }
                _ => {}
            }
        }
        let whose = if whose.is_empty() {
            String::new()
        } else {
            salted_hash(salt, whose.iter().map(String::as_str))
        };
        AppliedLimit {
            limit: limit_name(limit),
            subject: whose,
            account_label: about,
            operation,
            rule: LimitRule::from_limit(limit),
        }
    }
}

/// Which limit it is, whatever its count: one that is changed in a scheme still knows what was
/// sent.
fn limit_name(limit: &RateLimit) -> String {
    let paths = limit.matcher.paths.iter().map(|path| path.0.clone());
    let methods = limit
        .matcher
        .methods
        .iter()
        .map(|method| method.name().to_owned());
    let parts: Vec<String> = methods.chain(paths).collect();
    format!(
        "{} ms per {}: {}",
        limit.per.as_millis(),
        limit.scope.join(" "),
        parts.join(" ")
    )
}

/// Method and path, in which a segment with a digit is an id like any other; `v2` is a version.
fn normalized_operation(method: Method, path: &str) -> String {
    let is_version = |text: &str| {
        text.strip_prefix('v')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let segment = |text| {
        let is_id =
            str::contains(text, |letter: char| letter.is_ascii_digit()) && !is_version(text);
        if is_id { "*" } else { text }
    };
    format!(
        "{method} {}",
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    )
}

/// What stands for a key in a store.
fn salted_hash<'p>(salt: &HashSalt, parts: impl Iterator<Item = &'p str>) -> String {
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(salt) else {
        return String::new();
    };
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize().into_bytes()[..16])
}

impl PermitRequest<'_> {
    /// What an answer says, for the limits that this call was counted by.
    #[must_use]
    pub(crate) fn observe(&self, response: &WireResponse, wall_ms: i64) -> LimitObservation {
        LimitObservation::from_response(response, &self.limits().collect::<Vec<_>>(), wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_path_are_no_operations_of_their_own() {
        let folded = |path| normalized_operation(Method::Get, path);
        assert_eq!(
            folded("/v1/orders/2022040521691951/confirm"),
            "GET /v1/orders/*/confirm"
        );
        assert_eq!(folded("/v2/products/a1-b2"), folded("/v2/products/c3"));
    }

    #[test]
    fn a_hash_tells_apart_and_hides() {
        let of = |salt, parts: &[&str]| salted_hash(&[salt; 32], parts.iter().copied());
        assert_ne!(of(1, &["ab", "c"]), of(1, &["a", "bc"]));
        assert_ne!(of(1, &["a"]), of(2, &["a"]), "another store, another hash");
        assert!(!of(1, &["canary"]).contains("canary"));
    }
}
