//! What a run checks of itself when a marketplace refuses its signature: the text that the refusal
//! shows, beside the one that was signed, and keys that belong to another environment. Nothing is
//! sent.

use super::access::{AccessEnvironment, AccessResolver, AccountAccess};
use super::exchange::ExchangeLog;
use super::step_execution::{StepExecution, StepResponse};
use crate::credentials::{CredentialError, CredentialNeeds, CredentialOwner, CredentialSources};
use crate::mistake::{SuspectKind, SuspectRequest, TextComparison, diagnose, text_in_refusal};
use crate::model::environment::{Account, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::sign::{NamedValues, ReceivedRequest, TestAccount};
use crate::wire::{WireRequest, WireResponse};
use std::time::Duration;

impl StepExecution<'_> {
    /// What is wrong with a signature that was refused, as far as this machine can tell.
    pub(super) fn own_signature_notes(
        &self,
        response: &StepResponse,
        log: &ExchangeLog,
    ) -> Vec<String> {
        let (scheme, context) = (self.scheme, self.context);
        let Some((signed, draft)) = log.signed.as_ref().zip(log.draft.as_deref()) else {
            return Vec::new();
        };
        let level = self.level_at(&draft.path);
        let account = self.owner.account_of(self.step);
        // It was resolved for the call, so that this is a look-up.
        let Ok(access) = context.draft_access((scheme, level), draft, account) else {
            return Vec::new();
        };
        let own = OwnSignature {
            scheme,
            level: &level.name,
            access: &access,
            request: &signed.request,
            now_ms: (context.environment.clock)(),
        };
        let mut notes = context.environment.accesses.mixed_keys(scheme, account);
        notes.extend(own.compared_text(response.response()));
        notes
    }
}

/// A request of this run, and what it was signed with.
struct OwnSignature<'a> {
    scheme: &'a Scheme,
    /// Empty for a scheme without levels.
    level: &'a str,
    access: &'a AccountAccess,
    request: &'a WireRequest,
    /// Unix milliseconds.
    now_ms: i64,
}

impl OwnSignature<'_> {
    /// Where the text that the marketplace says it signed differs from ours, if its refusal shows it.
    /// The signature is ours: no mistake is searched for, and a run of many refusals takes no longer.
    fn compared_text(&self, refusal: &WireResponse) -> Option<String> {
        let refusal = refusal.text().ok()?;
        let mut credentials = self.access.credentials.clone();
        for (name, value) in self.access.given_token.iter() {
            credentials.set(name, value.expose().clone());
        }
        let received = ReceivedRequest::from(self.request);
        let accounts = [TestAccount {
            name: self.access.account.clone(),
            credentials,
        }];
        let suspect = SuspectRequest {
            scheme: self.scheme,
            kind: if self.level.is_empty() {
                SuspectKind::Call
            } else {
                SuspectKind::Level(self.level)
            },
            received: &received,
            accounts: &accounts,
            other_schemes: &[],
            other_hosts: &[],
            other_paths: &[],
            now_ms: self.now_ms,
            time_limit: Duration::ZERO,
            server_text: None,
            own_text: None,
        };
        let server = text_in_refusal(refusal, &suspect)?;
        let found = diagnose(&SuspectRequest {
            server_text: Some(&server),
            ..suspect
        });
        found.differences.first().map(comparison_note)
    }
}

fn comparison_note(comparison: &TextComparison) -> String {
    let step = &comparison.step;
    let Some(difference) = &comparison.difference else {
        return format!(
            "the text that the marketplace signed is equal to `{step}`, so the key is wrong: check that it belongs to this host and this account"
        );
    };
    let mut note = format!(
        "the text that the marketplace signed differs from `{step}` at byte {}, in line {}: it has `{}`, but ingam signed `{}`",
        difference.offset + 1,
        difference.line,
        difference.given,
        difference.expected
    );
    if let Some(remark) = &difference.remark {
        note.push_str("; ");
        note.push_str(remark);
    }
    note
}

impl AccessResolver<'_> {
    /// Secrets that are the same in another environment though the ids beside them differ: then one
    /// of the two was put in the wrong place.
    fn mixed_keys(&self, scheme: &Scheme, account: Option<&str>) -> Vec<String> {
        let AccessEnvironment::Configured { credentials, .. } = &self.environment else {
            return Vec::new();
        };
        let Ok(account) = self.account(scheme, account) else {
            return Vec::new();
        };
        let Ok(own) = values_of(credentials, scheme, &self.name, account) else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for environment in self.workspace.other_environments(&self.name) {
            // Its keys are those of the sandbox, and nobody's.
            if environment == SANDBOX_ENV {
                continue;
            }
            for other in self.workspace.accounts(environment, &scheme.name) {
                if let Ok(values) = values_of(credentials, scheme, environment, Some(other)) {
                    let names = [self.name.as_str(), environment];
                    notes.extend(mixed_key_note(scheme, names, [&own, &values]));
                }
            }
        }
        notes.dedup();
        notes
    }
}

fn values_of(
    sources: &CredentialSources,
    scheme: &Scheme,
    environment: &str,
    account: Option<&Account>,
) -> Result<NamedValues, CredentialError> {
    let owner = CredentialOwner {
        environment,
        account,
    };
    let needs = CredentialNeeds {
        credentials: Vec::new(),
        token: Vec::new(),
    };
    Ok(sources.find_all(scheme, owner, &needs)?.credentials)
}

/// The first secret that two environments share, if an id that belongs to it differs.
fn mixed_key_note(
    scheme: &Scheme,
    [here, there]: [&str; 2],
    [own, other]: [&NamedValues; 2],
) -> Option<String> {
    let is_same = |name: &str| {
        own.get(name)
            .is_some_and(|value| other.get(name) == Some(value))
    };
    let secret = scheme
        .credentials
        .iter()
        .find(|one| one.is_secret && is_same(&one.name))?;
    let differs = |name: &str| {
        own.get(name)
            .zip(other.get(name))
            .is_some_and(|(own, other)| own != other)
    };
    let id = scheme
        .credentials
        .iter()
        .find(|one| !one.is_secret && one.scope == secret.scope && differs(&one.name))?;
    Some(format!(
        "`cred.{}` is the same in the environments `{here}` and `{there}`, but `cred.{}` differs: one environment has the key of the other",
        secret.name, id.name
    ))
}
