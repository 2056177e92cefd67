//! `ingam auth import`: takes over a refresh token that another program got. It asks no marketplace,
//! and says who loses the token. The token comes from standard input, never from an argument, which
//! every process of the machine can read.

use super::context::AuthContext;
use super::token_families::FamilyContext;
use crate::cli::args::ImportArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::credentials::CredentialFault;
use crate::diagnostic::{did_you_mean, join_names};
use crate::load::is_variable_name;
use crate::model::scheme::{Scheme, Token};
use crate::renew::token_moment;
use crate::secret::Secret;
use crate::tokens::{FamilyLabel, FamilyRecord, LOCK_WAIT, RenewalState, TokenPair};
use crate::value::Value;

/// What standard input may name.
const IMPORT_NAMES: [&str; 4] = [
    "refresh_token",
    "access_token",
    "expires_at",
    "refresh_expires_at",
];

pub(super) async fn run(auth: &AuthContext<'_>, args: &ImportArgs) -> CommandResult {
    if !args.value.is_empty() {
        return Err(CommandError::usage(
            "a token cannot be an argument, because every process of this machine can read it",
        )
        .hint("run `ingam auth import SCHEME --account NAME`, and type the token at the prompt or pipe it to standard input"));
    }
    let scheme = auth.find_scheme(&args.scheme)?;
    let token = imported_token(scheme, args.token.as_deref())?;
    let room = auth
        .open_workspace(args.account_args.env.as_deref())
        .await?;
    room.check_account(scheme, &args.account_args)?;
    let accesses = &room.context.environment.accesses;
    let account = accesses.account(scheme, args.account_args.account.as_deref())?;
    let access = accesses.app_access(scheme, account)?;
    let family = FamilyContext {
        scheme,
        token,
        credentials: access.credentials.clone(),
        account: access.account.clone(),
        access: &access,
    };
    let key = family.key().map_err(|missing| {
        CommandError::credential(missing.to_string())
            .hint("write it at the account in ingam.yaml: ingam stores the tokens under this value")
    })?;
    let store = room.context.environment.tokens.renewer.store().await?;
    let mut lock = store.lock(&key, LOCK_WAIT).await?;
    let there = lock.read().await?;
    // Before anything is read: whoever types a token in vain may have it in a history by then.
    if !args.replace
        && there
            .as_ref()
            .is_some_and(|record| record.current.is_some())
    {
        return Err(has_tokens(&family.account));
    }
    let imported = ImportedTokens::parse(&read_input(auth)?, scheme)?;
    let label = FamilyLabel {
        environment: room.context.options.environment.clone(),
        account: family.account.clone(),
    };
    let mut record = there.unwrap_or_else(|| FamilyRecord::new(key, label.clone()));
    record.label = label;
    record.state = RenewalState::Ready;
    record.pending_splits.clear();
    record.split_from = None;
    record.rotate(imported.into_pair(room.context.environment.tokens.renewer.now_ms()));
    lock.write(&mut record).await?;
    // A response to an older pair must not be applied to this one.
    lock.clear_inbox().await;
    room.context.register_record_secrets(&record);
    Ok(imported_message(token, &record))
}

fn imported_message(token: &Token, record: &FamilyRecord) -> CommandOutput {
    let mut output = CommandOutput::of_message(format!(
        "stored the refresh token of `{}` ({})",
        record.label.account, token.name
    ));
    output.message(if token.lifetime.is_refresh_single_use {
        "the refresh token works only once: when ingam renews it, it becomes invalid for every other program. Stop the program that used it. ingam did not test the token"
    } else {
        "ingam did not test the token: `ingam auth refresh` tests it. If the marketplace replaces the token at the first renewal, it becomes invalid for every other program"
    });
    output
}

fn has_tokens(account: &str) -> CommandError {
    CommandError::usage(format!("`{account}` already has tokens")).hint(
        "`ingam auth status` shows them; pass `--replace` to replace them. Nothing was changed",
    )
}

/// The token that a refresh token can be kept for.
fn imported_token<'s>(scheme: &'s Scheme, named: Option<&str>) -> Result<&'s Token, CommandError> {
    let all = scheme.tokens.iter();
    let renewed: Vec<&Token> = all.filter(|token| token.refresh.is_some()).collect();
    let name = &scheme.name;
    let names = renewed.iter().map(|token| token.name.as_str());
    if let Some(named) = named {
        let mut renewed = renewed.iter().copied();
        return renewed.find(|token| token.name == named).ok_or_else(|| {
            CommandError::usage(format!("`{name}` has no token `{named}` that is renewed"))
                .hints(did_you_mean(named, names))
        });
    }
    let level = &scheme.levels[scheme.default_level];
    let usual = scheme.token_for_level(level);
    match (
        renewed.as_slice(),
        usual.filter(|token| token.refresh.is_some()),
    ) {
        ([], _) => Err(
            CommandError::usage(format!("`{name}` has no token that is renewed"))
                .hint("ingam gets its tokens with the credentials of the application, or the scheme needs no tokens"),
        ),
        (_, Some(usual)) => Ok(usual),
        ([only], None) => Ok(only),
        (_, None) => Err(CommandError::usage(format!(
            "`{name}` has the tokens {}",
            join_names(names, "and")
        ))
        .hint("name one with `--token`")),
    }
}

fn read_input(auth: &AuthContext<'_>) -> Result<Secret<String>, CommandError> {
    let read = if auth.invocation.host.stdin_is_terminal {
        rpassword::prompt_password("refresh token, not shown: ")
    } else {
        super::set::read_stdin()
    };
    read.map(Secret::new)
        .map_err(|error| CommandError::operation(format!("the token cannot be read: {error}")))
}

/// What standard input gave.
struct ImportedTokens {
    values: Vec<(String, Secret<String>)>,
    access_expires_ms: Option<i64>,
    refresh_expires_ms: Option<i64>,
}

impl ImportedTokens {
    /// One line with a refresh token, or lines `NAME=value`. No message holds a value.
    fn parse(text: &Secret<String>, scheme: &Scheme) -> Result<Self, CommandError> {
        let lines = text.expose().lines().enumerate();
        let lines: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.trim().is_empty()).collect();
        let mut imported = Self {
            values: Vec::new(),
            access_expires_ms: None,
            refresh_expires_ms: None,
        };
        match lines.as_slice() {
            [] => {
                return Err(CommandError::usage("standard input has no token")
                    .hint("pass it on standard input: `ingam auth import SCHEME --account NAME < token.txt`"));
            }
            [(_, only)] if !looks_structured(only) => {
                imported.add("refresh_token", only, scheme)?;
            }
            lines => {
                for (index, line) in lines {
                    let pair = line.split_once('=');
                    let (name, value) = pair
                        .filter(|(name, _)| IMPORT_NAMES.contains(name))
                        .ok_or_else(|| odd_line(*index))?;
                    imported.add(name, value, scheme)?;
                }
            }
        }
        if imported.find("refresh_token").is_none() {
            return Err(
                CommandError::usage("standard input has no `refresh_token`").hint(
                    "without a refresh token, ingam cannot renew the access token; nothing was changed",
                ),
            );
        }
        if imported.find("access_token").is_none() && imported.access_expires_ms.is_some() {
            return Err(CommandError::usage(
                "`expires_at` needs an `access_token`, which is missing",
            )
            .hint("remove `expires_at`: ingam gets an access token when it needs one"));
        }
        Ok(imported)
    }

    fn find(&self, name: &str) -> Option<&Secret<String>> {
        let mut values = self.values.iter();
        values.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// `name` is one of [`IMPORT_NAMES`].
    fn add(&mut self, name: &str, value: &str, scheme: &Scheme) -> Result<(), CommandError> {
        let value = value.strip_suffix('\r').unwrap_or(value);
        let is_twice = match name {
            "expires_at" => self.access_expires_ms.is_some(),
            "refresh_expires_at" => self.refresh_expires_ms.is_some(),
            name => self.find(name).is_some(),
        };
        if is_twice {
            return Err(
                CommandError::usage(format!("`{name}` appears twice in standard input"))
                    .hint("nothing was changed"),
            );
        }
        match name {
            "expires_at" => self.access_expires_ms = Some(parse_moment(name, value, scheme)?),
            "refresh_expires_at" => {
                self.refresh_expires_ms = Some(parse_moment(name, value, scheme)?);
            }
            _ => {
                if value.is_empty() {
                    return Err(CommandError::usage(format!("`{name}` is empty"))
                        .hint("nothing was changed"));
                }
                if let Some(fault) = CredentialFault::find(value, true) {
                    return Err(CommandError::usage(format!("`{name}` {fault}"))
                        .hint(fault.way_out())
                        .hint("nothing was changed"));
                }
                self.values.push((name.to_owned(), Secret::from(value)));
            }
        }
        Ok(())
    }

    fn into_pair(self, now_ms: i64) -> TokenPair {
        TokenPair {
            values: self.values,
            received_ms: now_ms,
            // An access token of unknown age, or none at all, is renewed before it is used.
            access_expires_ms: Some(self.access_expires_ms.unwrap_or(0)),
            refresh_expires_ms: self.refresh_expires_ms,
            grant_expires_ms: None,
        }
    }
}

/// `NAME=value` or JSON, which no token is. Base64 ends with `=`, and has nothing behind it.
fn looks_structured(line: &str) -> bool {
    line.starts_with('{')
        || line.split_once('=').is_some_and(|(name, value)| {
            is_variable_name(name) && !value.trim_matches('=').trim().is_empty()
        })
}

fn odd_line(index: usize) -> CommandError {
    CommandError::usage(format!(
        "line {} of standard input is not `NAME=value`",
        index + 1
    ))
    .hint(format!(
        "pass one line with the refresh token, or lines with {}; nothing was changed",
        join_names(IMPORT_NAMES, "and")
    ))
}

/// Unix milliseconds.
fn parse_moment(name: &str, text: &str, scheme: &Scheme) -> Result<i64, CommandError> {
    let moment = token_moment(&Value::from(text), scheme.clock.zone);
    moment.filter(|ms| *ms > 0).ok_or_else(|| {
        CommandError::usage(format!("`{name}` of standard input is not a time"))
            .hint("write it as `2026-11-22T09:00:00Z`, or in Unix seconds; nothing was changed")
    })
}
