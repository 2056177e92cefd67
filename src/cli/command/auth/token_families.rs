//! `ingam auth refresh` and `ingam auth logout`, and what login shares with them: one chain of
//! tokens at a time.

use super::{AuthContext, AuthWorkspace, check_account};
use crate::cli::ExitStatus;
use crate::cli::args::AccountArgs;
use crate::model::environment::{Account, DEFAULT_ACCOUNT};
use crate::model::scheme::{CredentialScope, Scheme, Token};
use crate::renew::{RefreshError, RefreshJob, RefreshKind};
use crate::run::{AccountAccess, RunContext};
use crate::sign::NamedValues;
use crate::tokens::{FamilyKey, FamilyLabel, FamilyRecord, LOCK_WAIT, PendingSplit, StoreError};
use crate::value::{Number, ObjectMember, Value};

/// One chain of tokens, and what it is asked for with.
pub(super) struct FamilyContext<'c> {
    pub(super) scheme: &'c Scheme,
    pub(super) token: &'c Token,
    pub(super) access: &'c AccountAccess,
    pub(super) credentials: NamedValues,
    /// Its name for people.
    pub(super) account: String,
}

impl FamilyContext<'_> {
    pub(super) fn key(&self) -> FamilyKey {
        FamilyKey::new(
            self.scheme,
            self.token,
            self.access.base.authority(),
            &self.account,
            &self.credentials,
        )
    }

    /// In the helper process.
    pub(super) async fn renew(
        &self,
        room: &AuthWorkspace,
        act: RefreshKind,
    ) -> Result<FamilyRecord, RefreshError> {
        let context = &room.context;
        let bases = context.environment.accesses.token_request_bases(
            self.scheme,
            self.token,
            &self.access.base,
        );
        let bases = bases.map_err(|error| RefreshError::user_action(error.to_string()))?;
        let renewer = &context.environment.tokens.renewer;
        let label = FamilyLabel {
            environment: context.options.environment.clone(),
            account: self.account.clone(),
        };
        let job = RefreshJob::new(
            renewer.scheme_source(self.scheme),
            self.key(),
            label,
            bases,
            &self.credentials,
            act,
        );
        let record = renewer
            .renew(job, self.scheme, &context.environment.transport)
            .await?;
        context.register_record_secrets(&record);
        Ok(record)
    }
}

/// Gives each owner of a shared pair tokens of its own. What fails stays pending, and is tried
/// again by `auth refresh`.
pub(super) async fn split_shared_pair(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    chain: &FamilyContext<'_>,
    mut shared: FamilyRecord,
) -> ExitStatus {
    let from = format!("{}:{}", shared.key.id(), shared.generation);
    let refresh_token = shared
        .current
        .as_ref()
        .and_then(|pair| pair.get("refresh_token"))
        .map(str::to_owned)
        .unwrap_or_default();
    let mut exit = ExitStatus::Success;
    for pending in shared.pending_splits.clone() {
        let act = RefreshKind::Split {
            refresh_token: refresh_token.clone(),
            shared_from: from.clone(),
        };
        match split_for_owner(room, chain, &pending, act).await {
            Ok(record) => {
                report_tokens(desk, room, chain.scheme, &record);
                if let Err(error) = remove_pending_split(room, &mut shared, &pending).await {
                    exit = desk.report_renewal_failure(&room.context, &error.into());
                }
            }
            Err(failure) => exit = desk.report_renewal_failure(&room.context, &failure),
        }
    }
    exit
}

/// For one owner of a shared pair, at the host of its account, where ingam.yaml names one.
async fn split_for_owner(
    room: &AuthWorkspace,
    chain: &FamilyContext<'_>,
    pending: &PendingSplit,
    act: RefreshKind,
) -> Result<FamilyRecord, RefreshError> {
    let scheme = chain.scheme;
    let unknown =
        || RefreshError::temporary(format!("the scheme has no token `{}`", pending.token));
    let token = scheme.token(&pending.token).ok_or_else(unknown)?;
    let mut credentials = chain.credentials.clone();
    credentials.set(
        &pending.credential,
        credential_value(scheme, &pending.credential, &pending.id),
    );
    let is_own = |account: &&Account| {
        account
            .get(&pending.credential)
            .is_some_and(|own| own.to_text() == pending.id)
    };
    let account = room.accounts(scheme).into_iter().find(is_own);
    let access = room
        .context
        .environment
        .accesses
        .app_access(scheme, account)
        .map_err(|error| RefreshError::user_action(error.to_string()))?;
    let ids: Vec<ObjectMember> = token
        .key_credentials
        .iter()
        .filter(|name| {
            scheme
                .credential(name)
                .is_some_and(|credential| credential.scope == CredentialScope::Account)
        })
        .filter_map(|name| Some((name.as_str().into(), credentials.get(name)?.clone())))
        .collect();
    let name = account.map_or_else(
        || account_name_from_ids(&ids.iter().collect::<Vec<_>>()),
        |account| account.name.clone(),
    );
    let part = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials,
        account: name,
    };
    part.renew(room, act).await
}

/// An owner that ingam.yaml does not name is known by its ids.
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

/// A number where the scheme says that the credential is one.
pub(super) fn credential_value(scheme: &Scheme, credential: &str, text: &str) -> Value {
    let is_integer = scheme
        .credential(credential)
        .is_some_and(|credential| credential.is_integer);
    Number::parse(text)
        .filter(|_| is_integer)
        .map_or_else(|| Value::from(text), Value::Number)
}

/// An owner has tokens of its own now.
async fn remove_pending_split(
    room: &AuthWorkspace,
    shared: &mut FamilyRecord,
    pending: &PendingSplit,
) -> Result<(), StoreError> {
    let store = room.context.environment.tokens.renewer.store().await?;
    let mut lock = store.lock(&shared.key, LOCK_WAIT).await?;
    let Some(mut there) = lock.read().await? else {
        return Ok(());
    };
    if there.generation == shared.generation {
        there.pending_splits.retain(|other| other != pending);
        lock.write(&mut there).await?;
    }
    Ok(())
}

/// One line: whose tokens are kept, and until when.
pub(super) fn report_tokens(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    scheme: &Scheme,
    record: &FamilyRecord,
) {
    let now = room.context.environment.tokens.renewer.now_ms();
    let pair = record.current.as_ref();
    let left = |until: Option<i64>| super::status::time_left(until, now);
    let owner = record.key.account_label(scheme);
    let owner = if owner.is_empty() || owner.replace(' ', "=") == record.label.account {
        String::new()
    } else {
        format!(" ({owner})")
    };
    let mut line = format!(
        "`{}`{owner}: access token for {}",
        record.label.account,
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
    desk.output.print_message(&line);
}

/// Renews every chain that fits, and ends what a login has begun.
pub(super) async fn refresh(
    desk: &AuthContext<'_>,
    scheme: Option<&str>,
    whose: &AccountArgs,
) -> Result<ExitStatus, ExitStatus> {
    let room = desk.open_workspace(whose.env.as_deref()).await?;
    if let Some(name) = scheme {
        let scheme = desk.find_scheme(room.loaded, name)?;
        if whose.account.as_deref() != Some(DEFAULT_ACCOUNT) {
            check_account(desk, &room, &scheme, whose)?;
        }
    }
    let mut records = find_families(desk, &room, scheme, whose.account.as_deref()).await?;
    // A chain that has never had a pair is one that a shared pair has still to be split into.
    records.retain(|record| record.current.is_some());
    if records.is_empty() {
        let hint =
            "`ingam auth status` shows what is kept; `ingam auth login` authorizes an account";
        desk.output
            .print_error("nothing is kept that could be renewed", &[hint.to_owned()]);
        return Err(ExitStatus::NothingSelected);
    }
    let mut exit = ExitStatus::Success;
    for record in records {
        let ended = renew_family(desk, &room, record).await;
        exit = if exit == ExitStatus::Success || ended == ExitStatus::CredentialRequired {
            ended
        } else {
            exit
        };
    }
    Ok(exit)
}

async fn renew_family(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    record: FamilyRecord,
) -> ExitStatus {
    let Some((scheme, token)) = scheme_and_token(room, &record) else {
        desk.output.print_error(
            &format!(
                "there is no scheme `{}` here, or no token `{}` in it",
                record.key.scheme, record.key.token
            ),
            &[],
        );
        return ExitStatus::InvalidFile;
    };
    let access = match access_for(&room.context, scheme, &record) {
        Ok(access) => access,
        Err(error) => return desk.report_access_error(&error),
    };
    let mut credentials = access.credentials.clone();
    for (name, value) in record
        .key
        .ids
        .iter()
        .filter(|(name, _)| scheme.credential(name).is_some())
    {
        credentials.set(name, credential_value(scheme, name, value));
    }
    let chain = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials,
        account: record.label.account.clone(),
    };
    if !record.pending_splits.is_empty() {
        return split_shared_pair(desk, room, &chain, record).await;
    }
    if token.refresh.is_none() && token.issue.is_none() {
        return ExitStatus::Success;
    }
    match chain
        .renew(
            room,
            RefreshKind::Renew {
                newer_than: record.generation,
            },
        )
        .await
    {
        Ok(record) => {
            report_tokens(desk, room, scheme, &record);
            ExitStatus::Success
        }
        Err(failure) => desk.report_renewal_failure(&room.context, &failure),
    }
}

fn scheme_and_token(
    room: &AuthWorkspace,
    record: &FamilyRecord,
) -> Option<(&'static Scheme, &'static Token)> {
    let scheme: &'static Scheme = room.loaded.workspace.scheme(&record.key.scheme)?;
    Some((scheme, scheme.token(&record.key.token)?))
}

/// As the account of that name, where ingam.yaml still has it.
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

/// The chains of an environment, of one scheme or account where they are named.
async fn find_families(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    scheme: Option<&str>,
    account: Option<&str>,
) -> Result<Vec<FamilyRecord>, ExitStatus> {
    let listed = async {
        room.context
            .environment
            .tokens
            .renewer
            .store()
            .await?
            .list()
            .await
    }
    .await;
    let listed =
        listed.map_err(|error| desk.report_renewal_failure(&room.context, &error.into()))?;
    let mut records = Vec::new();
    for record in listed {
        // One that cannot be read is said, and does not stand in the way of the others.
        let Ok(record) =
            record.map_err(|error| desk.report_renewal_failure(&room.context, &error.into()))
        else {
            continue;
        };
        let fits = record.label.environment == room.context.options.environment
            && scheme.is_none_or(|scheme| record.key.scheme == scheme)
            && account.is_none_or(|account| record.label.account == account);
        if fits {
            records.push(record);
        }
    }
    Ok(records)
}

/// Takes the chains of an account out of the store.
pub(super) async fn logout(
    desk: &AuthContext<'_>,
    scheme: &str,
    whose: &AccountArgs,
) -> Result<ExitStatus, ExitStatus> {
    let room = desk.open_workspace(whose.env.as_deref()).await?;
    desk.find_scheme(room.loaded, scheme)?;
    let records = find_families(desk, &room, Some(scheme), whose.account.as_deref()).await?;
    let mut names: Vec<&str> = records
        .iter()
        .map(|record| record.label.account.as_str())
        .collect();
    names.dedup();
    match (names.as_slice(), &whose.account) {
        ([], _) => {
            desk.output.print_error(
                "nothing of this account is kept",
                &["`ingam auth status` shows what is".to_owned()],
            );
            return Err(ExitStatus::NothingSelected);
        }
        ([_, _, ..], None) => {
            let names = crate::diagnostic::join_names(names.iter().copied(), "and");
            return Err(desk.usage_error(
                &format!("tokens of {names} are kept"),
                "name one with `--account`",
            ));
        }
        _ => {}
    }
    for record in &records {
        remove_family(&room, record)
            .await
            .map_err(|error| desk.report_renewal_failure(&room.context, &error.into()))?;
        desk.output.print_message(&format!(
            "removed the tokens of `{}` ({})",
            record.label.account, record.key.token
        ));
    }
    desk.output
        .print_message("the marketplace still knows the authorization: the seller ends it there");
    Ok(ExitStatus::Success)
}

async fn remove_family(room: &AuthWorkspace, record: &FamilyRecord) -> Result<(), StoreError> {
    let store = room.context.environment.tokens.renewer.store().await?;
    let mut lock = store.lock(&record.key, LOCK_WAIT).await?;
    lock.remove().await
}
