//! `ingam auth status`: one line for each chain of tokens, and the accounts that have none.

use super::AuthContext;
use crate::cli::ExitStatus;
use crate::cli::settings;
use crate::load::LoadedWorkspace;
use crate::model::environment::SANDBOX_ENV;
use crate::tokens::{FamilyRecord, RenewalState, TokenStore};
use unicode_width::UnicodeWidthStr;

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

pub(super) async fn run(desk: &AuthContext<'_>) -> Result<ExitStatus, ExitStatus> {
    let loaded = desk.load_workspace()?;
    let fault = |error: crate::tokens::StoreError| {
        desk.output.print_error(
            &error.to_string(),
            &error.hint().into_iter().collect::<Vec<_>>(),
        );
        if error.needs_user_action() {
            ExitStatus::CredentialRequired
        } else {
            ExitStatus::OperationFailed
        }
    };
    let config = settings::store_config(desk.host, desk.global).map_err(fault)?;
    let clock_and_rng = desk.host.clock_and_rng();
    let store = TokenStore::open(&config, clock_and_rng)
        .await
        .map_err(fault)?;
    let now = (desk.host.clock)() + store.clock_offset_ms();
    let mut exit = ExitStatus::Success;
    let mut records = Vec::new();
    for record in store.list().await.map_err(fault)? {
        match record {
            Ok(record) => records.push(record),
            Err(error) => exit = fault(error),
        }
    }
    let mut rows: Vec<[String; 8]> = records
        .iter()
        .map(|record| family_row(record, loaded, now))
        .collect();
    rows.extend(rows_without_tokens(loaded, &records));
    rows.sort_by(|left, right| {
        (&left[2], &left[1], &left[0]).cmp(&(&right[2], &right[1], &right[0]))
    });
    if rows.is_empty() {
        desk.output
            .print_message("no tokens are kept, and no account of ingam.yaml needs any");
        return Ok(exit);
    }
    desk.output.print_data(&table(&rows, desk));
    let dead = records
        .iter()
        .any(|record| matches!(record.state, RenewalState::Rejected { .. }));
    Ok(if dead && exit == ExitStatus::Success {
        ExitStatus::CredentialRequired
    } else {
        exit
    })
}

fn family_row(record: &FamilyRecord, loaded: &LoadedWorkspace, now: i64) -> [String; 8] {
    let pair = record.current.as_ref();
    let token = loaded
        .workspace
        .scheme(&record.key.scheme)
        .and_then(|scheme| scheme.token(&record.key.token));
    let margin = token.map_or(0, |token| {
        i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX)
    });
    let until = |end: Option<i64>, there: bool| {
        if there {
            time_left(end, now)
        } else {
            "-".to_owned()
        }
    };
    let refreshes = pair.is_some_and(|pair| pair.get("refresh_token").is_some());
    let state = match &record.state {
        _ if !record.pending_splits.is_empty() => {
            format!("{} to split off: auth refresh", record.pending_splits.len())
        }
        RenewalState::Ready if token.is_some_and(|token| !token.splits.is_empty()) => {
            "each owner has its own".to_owned()
        }
        RenewalState::Ready if pair.is_some_and(|pair| !pair.is_renewal_due(now, margin)) => {
            "good".to_owned()
        }
        RenewalState::Ready if pair.is_some() => "to renew".to_owned(),
        RenewalState::Ready => "empty".to_owned(),
        RenewalState::Refreshing { since_ms } => {
            format!("renewing since {}", time_ago(*since_ms, now))
        }
        RenewalState::Uncertain { since_ms } => format!("answer lost {}", time_ago(*since_ms, now)),
        RenewalState::Rejected { since_ms, .. } => {
            format!("dead since {}: auth login", time_ago(*since_ms, now))
        }
    };
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
        state,
    ]
}

/// Accounts that a link would authorize, and that nobody has.
fn rows_without_tokens(loaded: &LoadedWorkspace, records: &[FamilyRecord]) -> Vec<[String; 8]> {
    let workspace = &loaded.workspace;
    let environments = workspace
        .environments
        .iter()
        .filter(|environment| environment.name != SANDBOX_ENV);
    let accounts = environments.flat_map(|environment| {
        environment
            .accounts
            .iter()
            .map(move |account| (environment, account))
    });
    let needs = |scheme: &str| {
        workspace
            .scheme(scheme)
            .is_some_and(|scheme| !scheme.authorize_links.is_empty())
    };
    let none = |environment: &str, scheme: &str, account: &str| {
        !records.iter().any(|record| {
            record.label.environment == environment
                && record.key.scheme == scheme
                && record.label.account == account
        })
    };
    accounts
        .filter(|(environment, account)| {
            needs(&account.scheme) && none(&environment.name, &account.scheme, &account.name)
        })
        .map(|(environment, account)| {
            let dash = || "-".to_owned();
            let (scheme, environment) = (account.scheme.clone(), environment.name.clone());
            [
                account.name.clone(),
                scheme,
                environment,
                dash(),
                dash(),
                dash(),
                dash(),
                "no tokens: auth login".to_owned(),
            ]
        })
        .collect()
}

/// Columns as wide as what is in them; where they do not fit, one block for each chain.
fn table(rows: &[[String; 8]], desk: &AuthContext<'_>) -> String {
    let style = desk.output.out;
    let widths: Vec<usize> = (0..8)
        .map(|at| {
            rows.iter()
                .map(|row| row[at].width())
                .max()
                .unwrap_or(0)
                .max(COLUMNS[at].width())
        })
        .collect();
    if widths.iter().sum::<usize>() + 14 > style.width {
        let block = |row: &[String; 8]| {
            let lines = COLUMNS
                .iter()
                .zip(row)
                .skip(1)
                .filter(|(_, text)| *text != "-");
            let lines: Vec<String> = lines
                .map(|(head, text)| format!("  {} {text}", style.dim(&format!("{head:<12}"))))
                .collect();
            format!("{}\n{}", style.bold(&row[0]), lines.join("\n"))
        };
        return rows.iter().map(block).collect::<Vec<_>>().join("\n");
    }
    let line = |row: &[String; 8]| {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text}{}", " ".repeat(width - text.width())));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = style.dim(&line(&COLUMNS.map(str::to_owned)));
    let lines = rows.iter().map(|row| match row[STATE_COLUMN].as_str() {
        "good" | "each owner has its own" => line(row),
        _ => style.yellow(&line(row)),
    });
    std::iter::once(head)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `3 h 59 m`, or `over` when the time has come.
pub(super) fn time_left(until_ms: Option<i64>, now: i64) -> String {
    match until_ms {
        None => "ever".to_owned(),
        Some(until) if until <= now => "over".to_owned(),
        Some(until) => human_duration(until - now),
    }
}

fn time_ago(at_ms: i64, now: i64) -> String {
    format!("{} ago", human_duration((now - at_ms).max(0)))
}

/// The two largest units of a span in milliseconds.
fn human_duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} m {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} m"),
        (1..=9, ..) => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_most() {
        let spans = [0, 59_999, 61_000, 14_340_000, 90_000_000, 2_592_000_000].map(human_duration);
        assert_eq!(
            spans,
            ["0 s", "59 s", "1 m 1 s", "3 h 59 m", "1 d 1 h", "30 d"]
        );
        assert_eq!(
            (time_left(Some(5), 5), time_left(None, 0)),
            ("over".to_owned(), "ever".to_owned())
        );
    }
}
