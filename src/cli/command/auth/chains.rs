//! `ingam auth refresh` and `ingam auth logout`, and what login shares with them: one chain of tokens at a time.

use super::{Desk, Room, check_account};
use crate::cli::Exit;
use crate::cli::args::Whose;
use crate::model::environment::{Account, DEFAULT_ACCOUNT};
use crate::model::scheme::{CredentialScope, Scheme, Token};
use crate::renew::{RefreshError, RefreshJob, RefreshKind};
use crate::run::{AccountAccess, RunContext};
use crate::sign::NamedValues;
use crate::store::{FamilyKey, FamilyLabel, FamilyRecord, LOCK_WAIT, PendingSplit, StoreError};
use crate::value::{Number, ObjectMember, Value};

/// One chain of tokens, and what it is asked for with.
pub struct Chain<'c> {
    pub scheme: &'c Scheme,
    pub token: &'c Token,
    pub access: &'c AccountAccess,
    pub credentials: NamedValues,
    /// Its name for people.
    pub account: String,
}

impl Chain<'_> {
    pub fn key(&self) -> FamilyKey {
        FamilyKey::new(self.scheme, self.token, self.access.base.authority(), &self.account, &self.credentials)
    }

    /// In the helper process.
    pub async fn perform(&self, room: &Room, act: RefreshKind) -> Result<FamilyRecord, RefreshError> {
        let context = &room.context;
        let bases = context.accesses.token_request_bases(self.scheme, self.token, &self.access.base);
        let bases = bases.map_err(|error| RefreshError::user_action(error.to_string()))?;
        let renewer = &context.tokens.renewer;
        let label = FamilyLabel { environment: context.environment.clone(), account: self.account.clone() };
        let job = RefreshJob::new(renewer.scheme_source(self.scheme), self.key(), label, bases, &self.credentials, act);
        let record = renewer.renew(job, self.scheme, &context.transport).await?;
        context.register_record_secrets(&record);
        Ok(record)
    }
}

/// Gives each owner of a shared pair tokens of its own. What fails stays pending, and is tried again by `auth refresh`.
pub async fn split(desk: &Desk<'_>, room: &Room, chain: &Chain<'_>, mut shared: FamilyRecord) -> Exit {
    let from = format!("{}:{}", shared.key.id(), shared.generation);
    let refresh_token = shared.current.as_ref().and_then(|pair| pair.get("refresh_token")).map(str::to_owned).unwrap_or_default();
    let mut exit = Exit::Success;
    for pending in shared.pending_splits.clone() {
        let act = RefreshKind::Split { refresh_token: refresh_token.clone(), shared_from: from.clone() };
        match perform_part(room, chain, &pending, act).await {
            Ok(record) => {
                say(desk, room, chain.scheme, &record);
                if let Err(error) = settle(room, &mut shared, &pending).await {
                    exit = desk.failure(&room.context, &error.into());
                }
            }
            Err(failure) => exit = desk.failure(&room.context, &failure),
        }
    }
    exit
}

/// For one owner of a shared pair, at the host of its account, where ingam.yaml names one.
async fn perform_part(
    room: &Room,
    chain: &Chain<'_>,
    pending: &PendingSplit,
    act: RefreshKind,
) -> Result<FamilyRecord, RefreshError> {
    let scheme = chain.scheme;
    let unknown = || RefreshError::temporary(format!("the scheme has no token `{}`", pending.token));
    let token = scheme.token(&pending.token).ok_or_else(unknown)?;
    let mut credentials = chain.credentials.clone();
    credentials.set(&pending.credential, id_value(scheme, &pending.credential, &pending.id));
    let is_own = |account: &&Account| account.get(&pending.credential).is_some_and(|own| own.to_text() == pending.id);
    let account = room.accounts(scheme).into_iter().find(is_own);
    let access =
        room.context.accesses.app_access(scheme, account).map_err(|error| RefreshError::user_action(error.to_string()))?;
    let ids: Vec<ObjectMember> = token
        .key_credentials
        .iter()
        .filter(|name| scheme.credential(name).is_some_and(|credential| credential.scope == CredentialScope::Account))
        .filter_map(|name| Some((name.as_str().into(), credentials.get(name)?.clone())))
        .collect();
    let name = account.map_or_else(|| unnamed(&ids.iter().collect::<Vec<_>>()), |account| account.name.clone());
    let part = Chain { scheme, token, access: &access, credentials, account: name };
    part.perform(room, act).await
}

/// An owner that ingam.yaml does not name is known by its ids.
pub fn unnamed(ids: &[&ObjectMember]) -> String {
    let ids: Vec<String> = ids.iter().map(|(name, value)| format!("{name}={}", value.to_text())).collect();
    if ids.is_empty() { DEFAULT_ACCOUNT.to_owned() } else { ids.join(",") }
}

/// A number where the scheme says that the credential is one.
pub fn id_value(scheme: &Scheme, credential: &str, text: &str) -> Value {
    let is_integer = scheme.credential(credential).is_some_and(|credential| credential.is_integer);
    Number::parse(text).filter(|_| is_integer).map_or_else(|| Value::from(text), Value::Number)
}

/// An owner has tokens of its own now.
async fn settle(room: &Room, shared: &mut FamilyRecord, pending: &PendingSplit) -> Result<(), StoreError> {
    let store = room.context.tokens.renewer.store().await?;
    let mut lock = store.lock(&shared.key, LOCK_WAIT).await?;
    let Some(mut there) = lock.read().await? else { return Ok(()) };
    if there.generation == shared.generation {
        there.pending_splits.retain(|other| other != pending);
        lock.write(&mut there).await?;
    }
    Ok(())
}

/// One line: whose tokens are kept, and until when.
pub fn say(desk: &Desk<'_>, room: &Room, scheme: &Scheme, record: &FamilyRecord) {
    let now = room.context.tokens.renewer.now_ms();
    let pair = record.current.as_ref();
    let left = |until: Option<i64>| super::status::left(until, now);
    let owner = record.key.account_label(scheme);
    let owner =
        if owner.is_empty() || owner.replace(' ', "=") == record.label.account { String::new() } else { format!(" ({owner})") };
    let mut line =
        format!("`{}`{owner}: access token for {}", record.label.account, left(pair.and_then(|pair| pair.access_expires_ms)));
    if pair.is_some_and(|pair| pair.get("refresh_token").is_some()) {
        line.push_str(&format!(", refresh token for {}", left(pair.and_then(|pair| pair.refresh_expires_ms))));
    }
    if !record.pending_splits.is_empty() {
        let owners: Vec<String> =
            record.pending_splits.iter().map(|pending| format!("{} {}", pending.credential, pending.id)).collect();
        line.push_str(&format!("; it is shared by {}", owners.join(", ")));
    }
    desk.output.say(&line);
}

/// Renews every chain that fits, and ends what a login has begun.
pub async fn refresh(desk: &Desk<'_>, scheme: Option<&str>, whose: &Whose) -> Result<Exit, Exit> {
    let room = desk.room(whose.env.as_deref()).await?;
    if let Some(name) = scheme {
        let scheme = desk.scheme(room.loaded, name)?;
        if whose.account.as_deref() != Some(DEFAULT_ACCOUNT) {
            check_account(desk, &room, &scheme, whose)?;
        }
    }
    let mut records = matching(desk, &room, scheme, whose.account.as_deref()).await?;
    // A chain that has never had a pair is one that a shared pair has still to be split into.
    records.retain(|record| record.current.is_some());
    if records.is_empty() {
        let hint = "`ingam auth status` shows what is kept; `ingam auth login` authorizes an account";
        desk.output.error("nothing is kept that could be renewed", &[hint.to_owned()]);
        return Err(Exit::NothingSelected);
    }
    let mut exit = Exit::Success;
    for record in records {
        let ended = again(desk, &room, record).await;
        exit = if exit == Exit::Success || ended == Exit::Credential { ended } else { exit };
    }
    Ok(exit)
}

async fn again(desk: &Desk<'_>, room: &Room, record: FamilyRecord) -> Exit {
    let Some((scheme, token)) = scheme_and_token(room, &record) else {
        desk.output
            .error(&format!("there is no scheme `{}` here, or no token `{}` in it", record.key.scheme, record.key.token), &[]);
        return Exit::BadFile;
    };
    let access = match access_of(&room.context, scheme, &record) {
        Ok(access) => access,
        Err(error) => return desk.access(&error),
    };
    let mut credentials = access.credentials.clone();
    for (name, value) in record.key.ids.iter().filter(|(name, _)| scheme.credential(name).is_some()) {
        credentials.set(name, id_value(scheme, name, value));
    }
    let chain = Chain { scheme, token, access: &access, credentials, account: record.label.account.clone() };
    if !record.pending_splits.is_empty() {
        return split(desk, room, &chain, record).await;
    }
    if token.refresh.is_none() && token.issue.is_none() {
        return Exit::Success;
    }
    match chain.perform(room, RefreshKind::Renew { newer_than: record.generation }).await {
        Ok(record) => {
            say(desk, room, scheme, &record);
            Exit::Success
        }
        Err(failure) => desk.failure(&room.context, &failure),
    }
}

fn scheme_and_token(room: &Room, record: &FamilyRecord) -> Option<(&'static Scheme, &'static Token)> {
    let scheme: &'static Scheme = room.loaded.workspace.scheme(&record.key.scheme)?;
    Some((scheme, scheme.token(&record.key.token)?))
}

/// As the account of that name, where ingam.yaml still has it.
fn access_of(context: &RunContext<'_>, scheme: &Scheme, record: &FamilyRecord) -> Result<AccountAccess, crate::run::AccessError> {
    let accounts = context.workspace.accounts(&context.environment, &scheme.name);
    let account = accounts.into_iter().find(|account| account.name == record.label.account);
    let access = context.accesses.app_access(scheme, account)?;
    context.register_secrets(scheme, &access.credentials, &access.given_token);
    Ok(access)
}

/// The chains of an environment, of one scheme or account where they are named.
async fn matching(desk: &Desk<'_>, room: &Room, scheme: Option<&str>, account: Option<&str>) -> Result<Vec<FamilyRecord>, Exit> {
    let listed = async { room.context.tokens.renewer.store().await?.list().await }.await;
    let listed = listed.map_err(|error| desk.failure(&room.context, &error.into()))?;
    let mut records = Vec::new();
    for record in listed {
        // One that cannot be read is said, and does not stand in the way of the others.
        let Ok(record) = record.map_err(|error| desk.failure(&room.context, &error.into())) else { continue };
        let fits = record.label.environment == room.context.environment
            && scheme.is_none_or(|scheme| record.key.scheme == scheme)
            && account.is_none_or(|account| record.label.account == account);
        if fits {
            records.push(record);
        }
    }
    Ok(records)
}

/// Takes the chains of an account out of the store.
pub async fn logout(desk: &Desk<'_>, scheme: &str, whose: &Whose) -> Result<Exit, Exit> {
    let room = desk.room(whose.env.as_deref()).await?;
    desk.scheme(room.loaded, scheme)?;
    let records = matching(desk, &room, Some(scheme), whose.account.as_deref()).await?;
    let mut names: Vec<&str> = records.iter().map(|record| record.label.account.as_str()).collect();
    names.dedup();
    match (names.as_slice(), &whose.account) {
        ([], _) => {
            desk.output.error("nothing of this account is kept", &["`ingam auth status` shows what is".to_owned()]);
            return Err(Exit::NothingSelected);
        }
        ([_, _, ..], None) => {
            let names = crate::diagnostic::join_names(names.iter().copied(), "and");
            return Err(desk.usage(&format!("tokens of {names} are kept"), "name one with `--account`"));
        }
        _ => {}
    }
    for record in &records {
        remove(&room, record).await.map_err(|error| desk.failure(&room.context, &error.into()))?;
        desk.output.say(&format!("removed the tokens of `{}` ({})", record.label.account, record.key.token));
    }
    desk.output.say("the marketplace still knows the authorization: the seller ends it there");
    Ok(Exit::Success)
}

async fn remove(room: &Room, record: &FamilyRecord) -> Result<(), StoreError> {
    let store = room.context.tokens.renewer.store().await?;
    let mut lock = store.lock(&record.key, LOCK_WAIT).await?;
    lock.remove().await
}
