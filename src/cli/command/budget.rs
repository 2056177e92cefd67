//! `ingam budget`: shows how many calls are left for each key, and which keys are stopped or wait.
//! `ingam budget clear` ends stops and waits.

use super::session;
use crate::budget::{
    Budget, BudgetError, BudgetLabels, LimitCounter, RateLimiter, format_duration, format_limit,
    format_time,
};
use crate::cli::args::{BudgetAction, BudgetArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::cli::text_table::TextTable;
use crate::diagnostic::pluralize;
use crate::host::HostContext;
use crate::report::TerminalStyle;

const COLUMNS: [&str; 6] = ["scheme", "account", "limit", "used", "left", "next call"];
const NEXT_CALL_COLUMN: usize = 5;

pub(crate) fn run(invocation: &Invocation<'_>, args: &BudgetArgs) -> CommandResult {
    let runtime = session::start_runtime()?;
    match &args.action {
        None => runtime.block_on(show(invocation)),
        Some(BudgetAction::Clear { scheme, account }) => runtime.block_on(clear(
            invocation.host,
            scheme.as_deref(),
            account.as_deref(),
        )),
    }
}

fn open_budget(host: &HostContext) -> Result<Budget, CommandError> {
    Ok(Budget::new(
        settings::budget_location(host)?,
        host.clock,
        host.random_bytes,
    ))
}

async fn show(invocation: &Invocation<'_>) -> CommandResult {
    let mut output = CommandOutput::default();
    let mut limiters = Vec::new();
    for (_, stored) in open_budget(invocation.host)?.list().await? {
        match stored {
            Ok(limiter) => limiters.push(limiter),
            // The others can still be shown.
            Err(error) => output.error(error.into()),
        }
    }
    let style = invocation.stdout;
    let suspensions: Vec<String> = limiters
        .iter()
        .filter_map(|(limiter, _)| suspension_notice(limiter, style))
        .collect();
    let rows = sorted_rows(&limiters);
    if rows.is_empty() {
        output.message("no recent call counts against a budget: all calls are available");
    } else {
        let mut lines = vec![table(&rows, style)];
        lines.extend(suspensions.iter().cloned());
        output.data(lines.join("\n"));
    }
    // So that a script can check before it starts a run whose calls would all be refused.
    if !suspensions.is_empty() {
        output.end_with(ExitStatus::BudgetExhausted);
    }
    Ok(output)
}

fn sorted_rows(limiters: &[(RateLimiter, i64)]) -> Vec<[String; 6]> {
    let mut rows: Vec<[String; 6]> = limiters
        .iter()
        .flat_map(|(limiter, now)| limit_rows(limiter, &scheme_label(limiter, limiters), *now))
        .collect();
    // The store lists its keys by id, and an id is a hash.
    rows.sort();
    rows
}

/// Since when a key is stopped, and why.
fn suspension_notice(limiter: &RateLimiter, style: TerminalStyle) -> Option<String> {
    let stopped = limiter.suspension.as_ref()?;
    let (scheme, at) = (&limiter.labels.scheme, format_time(stopped.wall_ms));
    let who = format!("{} ({})", stopped.account, stopped.environment);
    let head = style.red(&format!(
        "{scheme} has been blocked since {at}: {who} received status {}",
        stopped.status
    ));
    Some(format!(
        "\n{head}\n  {}\n  `ingam budget clear {scheme}` ends it",
        stopped.reason
    ))
}

fn table(rows: &[[String; 6]], style: TerminalStyle) -> String {
    let table = TextTable {
        columns: &COLUMNS,
        label_width: 9,
        style,
    };
    let paint = |row: &[String; 6], text: &str| match row[NEXT_CALL_COLUMN].as_str() {
        "now" => text.to_owned(),
        "stopped" => style.red(text),
        _ => style.yellow(text),
    };
    table.render(rows, paint, paint)
}

async fn clear(host: &HostContext, scheme: Option<&str>, account: Option<&str>) -> CommandResult {
    let budget = open_budget(host)?;
    let mut output = CommandOutput::default();
    let mut cleared = 0;
    for (id, stored) in budget.list().await? {
        match stored {
            Ok((limiter, now)) => {
                if matches_filter(&limiter, scheme, account) && limiter.is_restricted(now) {
                    budget.clear(&id).await?;
                    output.message(describe_cleared(&limiter));
                    cleared += 1;
                }
            }
            Err(BudgetError::Corrupt { .. }) if scheme.is_none() && account.is_none() => {
                budget.remove(&id).await?;
                output.message(format!(
                    "the budget `{id}` could not be read, and was deleted"
                ));
                cleared += 1;
            }
            // A damaged record does not say its scheme: only a `clear` of everything removes it.
            Err(BudgetError::Corrupt { .. }) => {}
            Err(error) => output.error(error.into()),
        }
    }
    output.message(match cleared {
        0 => "there is no penalty, and no marketplace asked to wait".to_owned(),
        cleared => format!(
            "{} cleared; calls that were sent stay counted",
            pluralize(cleared, "key")
        ),
    });
    Ok(output)
}

fn describe_cleared(limiter: &RateLimiter) -> String {
    let (accounts, reason) = (account_list(limiter), hold_reason(limiter));
    format!("`{}` of {accounts}: {reason}", limiter.labels.scheme)
}

fn matches_filter(limiter: &RateLimiter, scheme: Option<&str>, account: Option<&str>) -> bool {
    let uses = |named: &str| {
        limiter
            .labels
            .accounts
            .iter()
            .any(|(_, account)| account == named)
    };
    scheme.is_none_or(|scheme| limiter.labels.scheme == scheme) && account.is_none_or(uses)
}

fn hold_reason(limiter: &RateLimiter) -> String {
    match &limiter.suspension {
        Some(stopped) => format!(
            "was stopped {}, {}",
            format_time(stopped.wall_ms),
            stopped.reason
        ),
        None => "the marketplace asked to wait".to_owned(),
    }
}

/// The scheme, and its host if calls are counted for several hosts of the scheme.
fn scheme_label(limiter: &RateLimiter, limiters: &[(RateLimiter, i64)]) -> String {
    let BudgetLabels { scheme, host, .. } = &limiter.labels;
    let is_elsewhere =
        |other: &RateLimiter| other.labels.scheme == *scheme && other.labels.host != *host;
    if limiters.iter().any(|(other, _)| is_elsewhere(other)) {
        format!("{scheme} at {host}")
    } else {
        scheme.clone()
    }
}

/// A row for each limit with counted calls, and one if the key is stopped or paused as a whole.
fn limit_rows(limiter: &RateLimiter, scheme: &str, now: i64) -> Vec<[String; 6]> {
    let accounts = account_list(limiter);
    let counted = limiter
        .counters
        .iter()
        .filter(|counter| counter.used(now) > 0 || counter.paused_until > now)
        .map(|counter| counter_row(counter, scheme, &accounts, now));
    hold_row(limiter, scheme, &accounts, now)
        .into_iter()
        .chain(counted)
        .collect()
}

/// The row of a key that is stopped or paused as a whole.
fn hold_row(limiter: &RateLimiter, scheme: &str, accounts: &str, now: i64) -> Option<[String; 6]> {
    let next = match limiter.paused_until - now {
        _ if limiter.suspension.is_some() => "stopped".to_owned(),
        ..=0 => return None,
        wait => requested_wait(wait),
    };
    Some([
        scheme.to_owned(),
        accounts.to_owned(),
        "all calls".to_owned(),
        "-".to_owned(),
        "-".to_owned(),
        next,
    ])
}

fn counter_row(counter: &LimitCounter, scheme: &str, accounts: &str, now: i64) -> [String; 6] {
    let account = if counter.account_label.is_empty() {
        accounts
    } else {
        &counter.account_label
    };
    let [used, left, next] = usage_columns(counter, now);
    [
        scheme.to_owned(),
        account.to_owned(),
        limit_label(counter),
        used,
        left,
        next,
    ]
}

/// `2/1s, 4 at once: GET /v1/orders`
fn limit_label(counter: &LimitCounter) -> String {
    let rule = counter.effective_rule();
    let burst = rule
        .burst
        .map(|burst| format!(", {burst} at once"))
        .unwrap_or_default();
    let operation = if counter.operation.is_empty() {
        String::new()
    } else {
        format!(": {}", counter.operation)
    };
    format!("{}{burst}{operation}", format_limit(&rule))
}

fn usage_columns(counter: &LimitCounter, now: i64) -> [String; 3] {
    let (most, left) = (counter.effective_rule().capacity(), counter.available(now));
    let next = match (counter.paused_until > now, counter.free_at(now, 0) - now) {
        (_, ..=0) => "now".to_owned(),
        (true, wait) => requested_wait(wait),
        (false, wait) => format!("in {}", format_duration(wait)),
    };
    [
        counter.used(now).min(most).to_string(),
        left.to_string(),
        next,
    ]
}

/// A wait that the marketplace asked for.
fn requested_wait(wait_ms: i64) -> String {
    format!("in {}, as it asked", format_duration(wait_ms))
}

/// The accounts that used the key: `main (live)`.
fn account_list(limiter: &RateLimiter) -> String {
    let names = limiter
        .labels
        .accounts
        .iter()
        .map(|(environment, account)| format!("{account} ({environment})"));
    names.collect::<Vec<_>>().join(", ")
}
