//! `ingam auth status`: one line for each token family, and one for each account without tokens.

use super::context::{AuthContext, recovered_error};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::human_time::{time_ago, time_left};
use crate::cli::settings;
use crate::cli::text_table::TextTable;
use crate::load::LoadedWorkspace;
use crate::model::environment::{Account, SANDBOX_ENV};
use crate::model::scheme::Token;
use crate::report::TerminalStyle;
use crate::tokens::{FamilyRecord, RenewalState, StoreConfig, StoreError, TokenStore};

const COLUMNS: [&str; 8] = [
    "account",
    "scheme",
    "environment",
    "access",
    "refresh",
    "grant",
    "last refresh",
    "state",
];
const STATE_COLUMN: usize = 7;

pub(super) async fn run(auth: &AuthContext<'_>) -> CommandResult {
    let host = auth.invocation.host;
    let config = settings::store_config(host, auth.invocation.global)?;
    let clock_and_rng = host.clock_and_rng();
    let opened = TokenStore::open(&config, clock_and_rng).await;
    let store = opened.map_err(|error| with_kept_responses(error, &config))?;
    // Expiry times are in the clock of the store, which a team shares.
    let now = (host.clock)() + store.clock_offset_ms();
    let mut output = CommandOutput::default();
    for recovered in store.recover_local_responses().await {
        if recovered.is_error() {
            output.error(recovered_error(&recovered));
        } else {
            output.message(recovered.message());
        }
    }
    let mut records = Vec::new();
    for record in store.list().await? {
        match record {
            Ok(record) => records.push(record),
            // The others can still be shown.
            Err(error) => output.error(error.into()),
        }
    }
    let rows = sorted_rows(auth.loaded, &records, now);
    if rows.is_empty() {
        output.message("no tokens are stored, and no account in ingam.yaml needs any");
        return Ok(output);
    }
    output.data(table(&rows, auth.invocation.stdout));
    let is_rejected = |record: &FamilyRecord| matches!(record.state, RenewalState::Rejected { .. });
    // So that a daily job notices it before a run fails.
    if records.iter().any(is_rejected) {
        output.end_with(ExitStatus::CredentialRequired);
    }
    Ok(output)
}

/// The error of a store that cannot be opened, with the responses that wait for it.
fn with_kept_responses(error: StoreError, config: &StoreConfig) -> CommandError {
    let kept = config.kept_responses();
    let error = CommandError::from(error);
    if kept.is_empty() {
        return error;
    }
    let paths = kept.iter().map(|path| format!("`{}`", path.display()));
    error.hint(format!(
        "token responses are stored on this machine until the token store works again: {}",
        paths.collect::<Vec<_>>().join(", ")
    ))
}

/// By environment, scheme and account.
fn sorted_rows(loaded: &LoadedWorkspace, records: &[FamilyRecord], now: i64) -> Vec<[String; 8]> {
    let mut rows: Vec<[String; 8]> = records
        .iter()
        .map(|record| family_row(record, loaded, now))
        .collect();
    rows.extend(rows_without_tokens(loaded, records));
    rows.sort_by(|left, right| {
        (&left[2], &left[1], &left[0]).cmp(&(&right[2], &right[1], &right[0]))
    });
    rows
}

fn family_row(record: &FamilyRecord, loaded: &LoadedWorkspace, now: i64) -> [String; 8] {
    let pair = record.current.as_ref();
    let token = loaded
        .workspace
        .scheme(&record.key.scheme)
        .and_then(|scheme| scheme.token(&record.key.token));
    let until = |end: Option<i64>, there: bool| {
        if there {
            time_left(end, now)
        } else {
            "-".to_owned()
        }
    };
    let refreshes = pair.is_some_and(|pair| pair.get("refresh_token").is_some());
    [
        record.label.account.clone(),
        format!("{} {}", record.key.scheme, record.key.token),
        record.label.environment.clone(),
        until(pair.and_then(|pair| pair.access_expires_ms), pair.is_some()),
        until(pair.and_then(|pair| pair.refresh_expires_ms), refreshes),
        until(
            pair.and_then(|pair| pair.grant_expires_ms),
            pair.is_some_and(|pair| pair.grant_expires_ms.is_some()),
        ),
        pair.map_or_else(|| "-".to_owned(), |pair| time_ago(pair.received_ms, now)),
        state_column(record, token, now),
    ]
}

fn state_column(record: &FamilyRecord, token: Option<&Token>, now: i64) -> String {
    if !record.pending_splits.is_empty() {
        return format!(
            "{} without own tokens: auth refresh",
            record.pending_splits.len()
        );
    }
    let is_shared = token.is_some_and(|token| !token.splits.is_empty());
    // A lead time that does not fit makes every pair due, which is safe: it only renews too early.
    let margin = token.map_or(0, |token| {
        i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX)
    });
    match &record.state {
        RenewalState::Ready if is_shared => "each owner has its own".to_owned(),
        RenewalState::Ready => match &record.current {
            None => "empty",
            Some(pair) if pair.is_renewal_due(now, margin) => "to renew",
            Some(_) => "good",
        }
        .to_owned(),
        RenewalState::Refreshing { since_ms } => {
            format!("renewing since {}", time_ago(*since_ms, now))
        }
        RenewalState::Uncertain { since_ms } => {
            format!("response lost {}", time_ago(*since_ms, now))
        }
        RenewalState::Rejected { since_ms, .. } => {
            format!("dead since {}: auth login", time_ago(*since_ms, now))
        }
    }
}

/// A row for each account that needs a login and has no tokens.
fn rows_without_tokens(loaded: &LoadedWorkspace, records: &[FamilyRecord]) -> Vec<[String; 8]> {
    let workspace = &loaded.workspace;
    let mut rows = Vec::new();
    for environment in &workspace.environments {
        // Tokens of the built-in sandbox are not stored.
        if environment.name == SANDBOX_ENV {
            continue;
        }
        for account in &environment.accounts {
            let needs_login = workspace
                .scheme(&account.scheme)
                .is_some_and(|scheme| scheme.tokens.iter().any(Token::needs_login));
            if needs_login && !has_tokens(records, &environment.name, account) {
                rows.push(row_without_tokens(&environment.name, account));
            }
        }
    }
    rows
}

fn has_tokens(records: &[FamilyRecord], environment: &str, account: &Account) -> bool {
    records.iter().any(|record| {
        record.label.environment == environment
            && record.key.scheme == account.scheme
            && record.label.account == account.name
    })
}

fn row_without_tokens(environment: &str, account: &Account) -> [String; 8] {
    [
        account.name.as_str(),
        &account.scheme,
        environment,
        "-",
        "-",
        "-",
        "-",
        "no tokens: auth login",
    ]
    .map(str::to_owned)
}

fn table(rows: &[[String; 8]], style: TerminalStyle) -> String {
    let table = TextTable {
        columns: &COLUMNS,
        label_width: 12,
        style,
    };
    let paint_row = |row: &[String; 8], text: &str| match row[STATE_COLUMN].as_str() {
        "good" | "each owner has its own" => text.to_owned(),
        _ => style.yellow(text),
    };
    table.render(rows, paint_row, |_, title| style.bold(title))
}
