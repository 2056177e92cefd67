//! A request for a permit for one call: which limits of its scheme count it, and together with
//! which other calls.

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

/// Random bytes of a store that go into its hashes, so that a table of hashes that was made
/// elsewhere is of no use.
pub(super) type HashSalt = [u8; 32];

/// Whose calls are counted together, and at which host.
#[derive(Clone, Copy)]
pub(crate) struct BudgetKey<'o> {
    pub(crate) scheme: &'o Scheme,
    /// `host:port`
    pub(crate) host: &'o str,
    pub(crate) environment: &'o str,
    /// The name of the account, for display.
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
    /// The call arrives within this time, or not at all.
    pub(crate) arrives_within: Duration,
    /// The call leaves the slots that are reserved for undo calls.
    pub(crate) keeps_reserve: bool,
}

impl PermitRequest<'_> {
    /// Every limit of the scheme that counts the call.
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
        let id = self.limiter_id(salt);
        let accounts = [(environment.to_owned(), account.to_owned())].into();
        let limits = self
            .limits()
            .map(|limit| self.applied_limit(limit, salt))
            .collect();
        // A quarter of the range leaves room to add a window to it.
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

    /// The id of the limiter that counts this call: scheme, host and application, hashed.
    pub(super) fn limiter_id(&self, salt: &HashSalt) -> String {
        salted_hash(salt, self.limiter_parts().iter().map(String::as_str))
    }

    /// What the id of the limiter is made of.
    pub(super) fn limiter_parts(&self) -> Vec<String> {
        let BudgetKey { scheme, host, .. } = self.budget_key;
        let mut parts = vec![scheme.name.clone(), host.to_owned()];
        parts.extend(self.identity(CredentialScope::App));
        parts
    }

    /// The credentials of one scope that are not secret, or the secret ones if there are no others.
    /// Each as its name and then its value.
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
        // A secret can be rotated while the marketplace goes on counting for the same application.
        let plain = parts(false);
        if plain.is_empty() { parts(true) } else { plain }
    }

    /// The limit with what it counts separately, as `scope` says. The application is always
    /// separate, because each has a limiter of its own.
    fn applied_limit(&self, limit: &RateLimit, salt: &HashSalt) -> AppliedLimit {
        let (mut subject, mut account_label, mut operation) =
            (Vec::new(), String::new(), String::new());
        for scope in &limit.scope {
            match scope.as_str() {
                "account" => {
                    subject.extend(self.identity(CredentialScope::Account));
                    self.budget_key.account.clone_into(&mut account_label);
                }
                "operation" => {
                    operation = normalized_operation(self.method, self.path);
                    subject.push(operation.clone());
                }
                // `app` adds nothing: every application has a limiter of its own.
                _ => {}
            }
        }
        let subject = if subject.is_empty() {
            String::new()
        } else {
            salted_hash(salt, subject.iter().map(String::as_str))
        };
        AppliedLimit {
            limit: limit_name(limit),
            subject,
            account_label,
            operation,
            rule: LimitRule::from_limit(limit),
        }
    }
}

/// What identifies a limit within a scheme. Its count is not part of it: if the count is changed in
/// the scheme, the calls that were sent before stay counted.
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

/// Method and path. A segment with a digit is an id and becomes `*`, unless it is a version (`v2`).
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

/// The hash that represents credentials in a store, in hexadecimal.
fn salted_hash<'p>(salt: &HashSalt, parts: impl Iterator<Item = &'p str>) -> String {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length, and an empty hash would merge all budgets into one"
    )]
    let mut hash = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    // Each part with its length before it, so that ("ab", "c") and ("a", "bc") differ.
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    // 128 bits are enough that two applications do not share a limiter by chance.
    hex::encode(&hash.finalize().into_bytes()[..16])
}

impl PermitRequest<'_> {
    /// What a response says about the limits that count this call.
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
