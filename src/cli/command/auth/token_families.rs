//! `ingam auth refresh` and `ingam auth logout`, and the functions for one token family that
//! `login` shares with them.

use super::context::{AuthContext, AuthWorkspace};
use crate::cli::args::AccountArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::human_time::time_left;
use crate::model::environment::{Account, DEFAULT_ACCOUNT};
use crate::model::scheme::{CredentialScope, CredentialType, Scheme, Token};
use crate::renew::{DeviceCodes, RefreshError, RefreshJob, RefreshKind};
use crate::run::{AccountAccess, RunContext, issuing_token};
use crate::secret::Secret;
use crate::sign::NamedValues;
use crate::tokens::{
    FamilyKey, FamilyLabel, FamilyRecord, LOCK_WAIT, MissingFamilyId, PendingSplit, StoreError,
};
use crate::value::{Number, ObjectMember, Value};

/// One token family, with the access and the credentials that its requests are signed with.
pub(super) struct FamilyContext<'c> {
    pub(super) scheme: &'c Scheme,
    pub(super) token: &'c Token,
    pub(super) access: &'c AccountAccess,
    pub(super) credentials: NamedValues,
    /// The name that is shown to users.
    pub(super) account: String,
}

impl FamilyContext<'_> {
    pub(super) fn key(&self) -> Result<FamilyKey, MissingFamilyId> {
        FamilyKey::new(
            self.scheme,
            self.token,
            self.access.base.authority(),
            &self.account,
            &self.credentials,
        )
    }

    /// Runs in the helper process, so that killing the CLI cannot lose a token.
    pub(super) async fn renew(
        &self,
        room: &AuthWorkspace<'_>,
        kind: RefreshKind,
    ) -> Result<FamilyRecord, RefreshError> {
        let context = &room.context;
        let renewer = &context.environment.tokens.renewer;
        let mut job = self.job(room, kind)?;
        if matches!(job.kind, RefreshKind::Renew { .. }) {
            let issuing = issuing_token(context, self.scheme, self.token, self.access);
            job = job.issued_with(issuing.await?);
        }
        let transport = &context.environment.transport;
        let notify = |text: &str| room.output.print_message(text);
        let budget = &context.environment.budget.budget;
        let renewed = renewer
            .renew(job, self.scheme, transport, budget, &notify)
            .await;
        // First of all: the message says why the renewal was not needed, or could not be made.
        room.print_recovered();
        let record = renewed?;
        // Before anything about the new pair is printed.
        context.register_record_secrets(&record);
        Ok(record)
    }

    /// The codes of a device login.
    pub(super) async fn device_codes(
        &self,
        room: &AuthWorkspace<'_>,
    ) -> Result<DeviceCodes, RefreshError> {
        let environment = &room.context.environment;
        let renewer = &environment.tokens.renewer;
        // No code yet: only the application's credentials fill in this request.
        let kind = RefreshKind::Device {
            device_code: Secret::new(String::new()),
        };
        let job = self.job(room, kind)?;
        let notify = |text: &str| room.output.print_message(text);
        let codes = renewer
            .device_codes(
                &job,
                self.scheme,
                &environment.transport,
                &environment.budget.budget,
                &notify,
            )
            .await;
        room.print_recovered();
        codes
    }

    fn job(&self, room: &AuthWorkspace<'_>, kind: RefreshKind) -> Result<RefreshJob, RefreshError> {
        let context = &room.context;
        let renewer = &context.environment.tokens.renewer;
        let bases = context
            .environment
            .accesses
            .token_request_bases(self.scheme, self.token, self.access)
            .map_err(|error| RefreshError::user_action(error.to_string()))?;
        let label = FamilyLabel {
            environment: context.options.environment.clone(),
            account: self.account.clone(),
        };
        let job = RefreshJob::new(
            renewer.scheme_source(self.scheme),
            self.key()?,
            label,
            bases,
            &self.credentials,
            kind,
        );
        Ok(job.by_route(self.access.route.clone()))
    }
}

/// Gets each owner of a shared pair tokens of its own. A failed split stays pending, and `auth
/// refresh` retries it.
pub(super) async fn split_shared_pair(
    room: &AuthWorkspace<'_>,
    family: &FamilyContext<'_>,
    shared: &FamilyRecord,
) -> CommandOutput {
    let mut output = CommandOutput::default();
    for pending in &shared.pending_splits {
        // An empty refresh token would be sent to the marketplace, and its refusal marked as the
        // end of the authorization.
        let Some(kind) = split_kind(shared) else {
            output.error(no_refresh_token(shared));
            return output;
        };
        match split_for_owner(room, family, pending, kind).await {
            Ok(record) => {
                output.message(describe_tokens(room, family.scheme, &record));
                // Only now: if this process is killed in between, the split is retried, and the
                // retry finds the owner's own tokens in the store.
                if let Err(error) = remove_pending_split(room, shared, pending).await {
                    output.error(room.renewal_error(&error));
                }
            }
            // The other owners can still get theirs.
            Err(failure) => output.error(room.renewal_error(&failure)),
        }
    }
    output
}

/// `None` if the shared pair has no refresh token.
fn split_kind(shared: &FamilyRecord) -> Option<RefreshKind> {
    let pair = shared.current.as_ref()?;
    Some(RefreshKind::Split {
        refresh_token: pair.get("refresh_token")?.clone(),
        shared_from: format!("{}:{}", shared.key.id(), shared.generation),
    })
}

fn no_refresh_token(shared: &FamilyRecord) -> CommandError {
    CommandError::credential(format!(
        "the shared tokens of `{}` have no refresh token, so ingam cannot get tokens for each owner",
        shared.label.account
    ))
    .hint(format!(
        "authorize them again: `ingam auth login {} --env {}`",
        shared.key.scheme, shared.label.environment
    ))
}

/// Splits off one owner, at the host of its account if ingam.yaml names one.
async fn split_for_owner(
    room: &AuthWorkspace<'_>,
    family: &FamilyContext<'_>,
    pending: &PendingSplit,
    kind: RefreshKind,
) -> Result<FamilyRecord, RefreshError> {
    let scheme = family.scheme;
    let unknown =
        || RefreshError::temporary(format!("the scheme has no token `{}`", pending.token));
    let token = scheme.token(&pending.token).ok_or_else(unknown)?;
    let (name, text) = (&pending.credential, &pending.id);
    let mut credentials = family.credentials.clone();
    credentials.set(name, credential_value(scheme, name, text));
    let account = split_account(room, scheme, pending);
    let accesses = &room.context.environment.accesses;
    let access = accesses
        .app_access(scheme, account)
        .map_err(|error| RefreshError::user_action(error.to_string()))?;
    let ids = account_ids(scheme, token, &credentials);
    let part = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials,
        account: account.map_or_else(
            || account_name_from_ids(&ids.iter().collect::<Vec<_>>()),
            |account| account.name.clone(),
        ),
    };
    part.renew(room, kind).await
}

/// The account of ingam.yaml that has the id of the owner.
fn split_account<'a>(
    room: &AuthWorkspace<'a>,
    scheme: &Scheme,
    pending: &PendingSplit,
) -> Option<&'a Account> {
    room.accounts(scheme).into_iter().find(|account| {
        account
            .get(&pending.credential)
            .is_some_and(|own| own.to_text() == pending.id)
    })
}

/// The credentials that say whose token it is, without those of the application.
fn account_ids(scheme: &Scheme, token: &Token, credentials: &NamedValues) -> Vec<ObjectMember> {
    token
        .key_credentials
        .iter()
        .filter(|name| {
            scheme
                .credential(name)
                .is_some_and(|credential| credential.scope == CredentialScope::Account)
        })
        .filter_map(|name| Some((name.as_str().into(), credentials.get(name)?.clone())))
        .collect()
}

/// The name of an owner that ingam.yaml does not name.
pub(super) fn account_name_from_ids(ids: &[&ObjectMember]) -> String {
    let ids: Vec<String> = ids
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_text()))
        .collect();
    if ids.is_empty() {
        DEFAULT_ACCOUNT.to_owned()
    } else {
        ids.join(",")
    }
}

/// A number if the scheme says that the credential is one.
pub(super) fn credential_value(scheme: &Scheme, credential: &str, text: &str) -> Value {
    let is_integer = scheme
        .credential(credential)
        .is_some_and(|credential| credential.kind == CredentialType::Integer);
    Number::parse(text)
        .filter(|_| is_integer)
        .map_or_else(|| Value::from(text), Value::Number)
}

/// Marks that an owner has tokens of its own.
///
/// # Errors
/// If the shared record has changed since it was read: another process owns it now, and its pending
/// splits are not this process's to remove.
async fn remove_pending_split(
    room: &AuthWorkspace<'_>,
    shared: &FamilyRecord,
    pending: &PendingSplit,
) -> Result<(), RefreshError> {
    let store = room.context.environment.tokens.renewer.store().await?;
    let mut lock = store.lock(&shared.key, LOCK_WAIT).await?;
    let current = lock.read().await?;
    let Some(mut current) = current.filter(|record| record.generation == shared.generation) else {
        return Err(RefreshError::temporary(format!(
            "{} {} has its own tokens now, but another process changed the shared tokens at the same time",
            pending.credential, pending.id
        ))
        .with_note("`ingam auth status` shows which owners still need their own tokens"));
    };
    current.pending_splits.retain(|other| other != pending);
    lock.write(&mut current).await?;
    Ok(())
}

/// One line: the account, and how long its tokens are valid.
pub(super) fn describe_tokens(
    room: &AuthWorkspace<'_>,
    scheme: &Scheme,
    record: &FamilyRecord,
) -> String {
    let now = room.context.environment.tokens.renewer.now_ms();
    let pair = record.current.as_ref();
    let left = |until: Option<i64>| match until {
        None => "an unknown time".to_owned(),
        until => time_left(until, now),
    };
    let mut line = format!(
        "`{}`{}: access token for {}",
        record.label.account,
        owner_suffix(scheme, record),
        left(pair.and_then(|pair| pair.access_expires_ms))
    );
    if pair.is_some_and(|pair| pair.get("refresh_token").is_some()) {
        line.push_str(&format!(
            ", refresh token for {}",
            left(pair.and_then(|pair| pair.refresh_expires_ms))
        ));
    }
    if !record.pending_splits.is_empty() {
        let owners: Vec<String> = record
            .pending_splits
            .iter()
            .map(|pending| format!("{} {}", pending.credential, pending.id))
            .collect();
        line.push_str(&format!("; it is shared by {}", owners.join(", ")));
    }
    line
}

/// The ids of the account, unless its name is made of them.
fn owner_suffix(scheme: &Scheme, record: &FamilyRecord) -> String {
    let owner = record.key.account_label(scheme);
    if owner.is_empty() || owner.replace(' ', "=") == record.label.account {
        String::new()
    } else {
        format!(" ({owner})")
    }
}

/// Renews every matching token family, and finishes pending splits. Each is printed when it is
/// done, so that after an interruption the user knows which ones were renewed.
pub(super) async fn refresh(
    auth: &AuthContext<'_>,
    scheme: Option<&str>,
    account_args: &AccountArgs,
) -> CommandResult {
    let room = auth.open_workspace(account_args.env.as_deref()).await?;
    let account = account_args.account.as_deref();
    if let Some(name) = scheme {
        let scheme = auth.find_scheme(name)?;
        // Tokens of a scheme without accounts are stored under the default name, which ingam.yaml
        // does not list.
        if account != Some(DEFAULT_ACCOUNT) {
            room.check_account(scheme, account_args)?;
        }
    }
    let (mut records, unreadable) = find_families(&room, scheme, account).await?;
    auth.output.print(&unreadable);
    // A family that has never had a pair is one that a shared pair has still to be split into.
    records.retain(|record| record.current.is_some());
    if records.is_empty() {
        return Err(nothing_to_renew());
    }
    let mut ended = CommandOutput::ended(unreadable.status);
    for record in &records {
        let renewed = renew_family(&room, record)
            .await
            .unwrap_or_else(CommandOutput::of_error);
        auth.output.print(&renewed);
        ended.end_with(renewed.status);
    }
    Ok(ended)
}

fn nothing_to_renew() -> CommandError {
    CommandError::selection("there are no stored tokens to renew").hint(
        "`ingam auth status` shows the stored tokens; `ingam auth login` authorizes an account",
    )
}

async fn renew_family(room: &AuthWorkspace<'_>, record: &FamilyRecord) -> CommandResult {
    let (scheme, token) = scheme_and_token(room, record)?;
    let access = access_for(&room.context, scheme, record)?;
    let family = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials: record_credentials(scheme, &access, record),
        account: record.label.account.clone(),
    };
    if !record.pending_splits.is_empty() {
        return Ok(split_shared_pair(room, &family, record).await);
    }
    if token.refresh.is_none() && token.issue.is_none() {
        return Ok(CommandOutput::default());
    }
    // If another process renews meanwhile, its pair is newer and is used as it is: a second renewal
    // would spend a refresh token for nothing.
    let kind = RefreshKind::Renew {
        newer_than: record.generation,
    };
    let renewed = family
        .renew(room, kind)
        .await
        .map_err(|failure| room.renewal_error(&failure))?;
    Ok(CommandOutput::of_message(describe_tokens(
        room, scheme, &renewed,
    )))
}

/// The credentials of the account, with the ids that the record was stored for.
fn record_credentials(
    scheme: &Scheme,
    access: &AccountAccess,
    record: &FamilyRecord,
) -> NamedValues {
    let mut credentials = access.credentials.clone();
    for (name, value) in &record.key.ids {
        // Other parts of the key, such as the account's name, are no credentials.
        if scheme.credential(name).is_some() {
            credentials.set(name, credential_value(scheme, name, value));
        }
    }
    credentials
}

fn scheme_and_token<'a>(
    room: &AuthWorkspace<'a>,
    record: &FamilyRecord,
) -> Result<(&'a Scheme, &'a Token), CommandError> {
    let key = &record.key;
    let scheme = room.loaded.workspace.scheme(&key.scheme);
    scheme
        .and_then(|scheme| Some((&**scheme, scheme.token(&key.token)?)))
        .ok_or_else(|| {
            CommandError::file(format!(
                "there is no scheme `{}` here, or no token `{}` in it",
                key.scheme, key.token
            ))
        })
}

/// The access of the account of that name, if ingam.yaml still has it.
fn access_for(
    context: &RunContext<'_>,
    scheme: &Scheme,
    record: &FamilyRecord,
) -> Result<AccountAccess, crate::run::AccessError> {
    let accounts = context
        .environment
        .workspace
        .accounts(&context.options.environment, &scheme.name);
    let account = accounts
        .into_iter()
        .find(|account| account.name == record.label.account);
    let access = context.environment.accesses.app_access(scheme, account)?;
    context.register_secrets(scheme, &access.credentials, &access.given_token);
    Ok(access)
}

/// The token families of an environment, filtered by scheme and account, and an error for each
/// record that cannot be read.
async fn find_families(
    room: &AuthWorkspace<'_>,
    scheme: Option<&str>,
    account: Option<&str>,
) -> Result<(Vec<FamilyRecord>, CommandOutput), CommandError> {
    let store = room.context.environment.tokens.renewer.store().await?;
    room.print_recovered();
    let mut records = Vec::new();
    let mut unreadable = CommandOutput::default();
    for record in store.list().await? {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                unreadable.error(room.renewal_error(&error.into()));
                continue;
            }
        };
        let fits = record.label.environment == room.context.options.environment
            && scheme.is_none_or(|scheme| record.key.scheme == scheme)
            && account.is_none_or(|account| record.label.account == account);
        if fits {
            records.push(record);
        }
    }
    Ok((records, unreadable))
}

/// Removes the token families of an account from the store, and ends their authorization before,
/// where the scheme says how.
pub(super) async fn logout(
    auth: &AuthContext<'_>,
    scheme: &str,
    account_args: &AccountArgs,
    keep_authorization: bool,
) -> CommandResult {
    let room = auth.open_workspace(account_args.env.as_deref()).await?;
    auth.find_scheme(scheme)?;
    let account = account_args.account.as_deref();
    let (records, mut output) = find_families(&room, Some(scheme), account).await?;
    check_one_account(&records, account)?;
    let mut is_known = false;
    for record in &records {
        let is_revoked = revokes(&room, record) && !keep_authorization;
        let removed = if is_revoked {
            revoke_family(&room, record).await
        } else {
            let removed = remove_family(&room, record).await;
            removed.map_err(|error| room.renewal_error(&error.into()))
        };
        if let Err(error) = removed {
            // The families before this one were removed: their names stay in the output.
            output.error(error);
            return Ok(output);
        }
        is_known |= !is_revoked;
        let (name, token) = (&record.label.account, &record.key.token);
        output.message(if is_revoked {
            format!("the marketplace ended the authorization of `{name}` ({token}), and ingam deleted its tokens")
        } else {
            format!("deleted the tokens of `{name}` ({token})")
        });
    }
    if is_known {
        output.message(
            "the authorization still exists at the marketplace: the seller can end it there",
        );
    }
    Ok(output)
}

/// Whether the scheme says how the authorization of these tokens is ended.
fn revokes(room: &AuthWorkspace<'_>, record: &FamilyRecord) -> bool {
    let has_tokens = record.current.is_some();
    has_tokens && scheme_and_token(room, record).is_ok_and(|(_, token)| token.revoke.is_some())
}

async fn revoke_family(
    room: &AuthWorkspace<'_>,
    record: &FamilyRecord,
) -> Result<(), CommandError> {
    let (scheme, token) = scheme_and_token(room, record)?;
    let access = access_for(&room.context, scheme, record)?;
    let family = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials: record_credentials(scheme, &access, record),
        account: record.label.account.clone(),
    };
    family
        .renew(room, RefreshKind::Revoke)
        .await
        .map_err(|failure| room.renewal_error(&failure))?;
    Ok(())
}

/// A logout without `--account` must not remove the tokens of several accounts.
fn check_one_account(records: &[FamilyRecord], account: Option<&str>) -> Result<(), CommandError> {
    let mut names: Vec<&str> = records
        .iter()
        .map(|record| record.label.account.as_str())
        .collect();
    names.dedup();
    match (names.as_slice(), account) {
        ([], _) => Err(
            CommandError::selection("there are no stored tokens of this account")
                .hint("`ingam auth status` shows the stored tokens"),
        ),
        ([_, _, ..], None) => {
            let names = crate::diagnostic::join_names(names.iter().copied(), "and");
            Err(
                CommandError::usage(format!("there are stored tokens of {names}"))
                    .hint("choose one with `--account`"),
            )
        }
        _ => Ok(()),
    }
}

async fn remove_family(room: &AuthWorkspace<'_>, record: &FamilyRecord) -> Result<(), StoreError> {
    let store = room.context.environment.tokens.renewer.store().await?;
    // Under the lock: a renewal in another process would otherwise write the record again.
    let mut lock = store.lock(&record.key, LOCK_WAIT).await?;
    lock.remove().await
}
