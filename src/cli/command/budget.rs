//! `ingam budget`: how many calls are left for each key, and until when nothing is sent; `ingam
//! budget clear` ends that.

use super::session;
use crate::budget::{
    Budget, BudgetError, BudgetLabels, LimitCounter, RateLimiter, format_duration, format_limit,
    format_time,
};
use crate::cli::ExitStatus;
use crate::cli::args::{BudgetAction, BudgetArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::pluralize;
use crate::host::HostContext;
use unicode_width::UnicodeWidthStr;

const COLUMNS: [&str; 6] = ["scheme", "account", "limit", "used", "left", "next call"];
const NEXT_CALL_COLUMN: usize = 5;

pub(crate) fn run(
    host: &HostContext,
    _: &GlobalArgs,
    args: &BudgetArgs,
    output: &Output,
) -> ExitStatus {
    let runtime = match session::start_runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let desk = BudgetContext { host, output };
    let done = match &args.action {
        None => runtime.block_on(desk.show()),
        Some(BudgetAction::Clear { scheme, account }) => {
            runtime.block_on(desk.clear(scheme.as_deref(), account.as_deref()))
        }
    };
    done.unwrap_or_else(|error| desk.report_error(&error))
}

struct BudgetContext<'d> {
    host: &'d HostContext,
    output: &'d Output,
}

impl BudgetContext<'_> {
    fn report_error(&self, error: &BudgetError) -> ExitStatus {
        self.output.print_error(
            &error.to_string(),
            &error.hint().into_iter().collect::<Vec<_>>(),
        );
        ExitStatus::OperationFailed
    }

    fn open_budget(&self) -> Result<Budget, BudgetError> {
        Ok(Budget::new(
            settings::budget_location(self.host)?,
            self.host.clock,
            self.host.random_bytes,
        ))
    }

    async fn show(&self) -> Result<ExitStatus, BudgetError> {
        let (mut books, mut exit) = (Vec::new(), ExitStatus::Success);
        for (_, kept) in self.open_budget()?.list().await? {
            match kept {
                Ok(book) => books.push(book),
                Err(error) => exit = self.report_error(&error),
            }
        }
        let mut rows: Vec<[String; 6]> = books
            .iter()
            .flat_map(|(book, now)| limit_rows(book, &scheme_label(book, &books), *now))
            .collect();
        let stops: Vec<String> = books
            .iter()
            .filter_map(|(book, _)| self.suspension_notice(book))
            .collect();
        rows.sort();
        if rows.is_empty() {
            self.output
                .print_message("nothing was sent that still counts: every call is free");
        } else {
            self.output
                .print_data(&[vec![self.table(&rows)], stops.clone()].concat().join("\n"));
        }
        Ok(if exit == ExitStatus::Success && !stops.is_empty() {
            ExitStatus::BudgetExhausted
        } else {
            exit
        })
    }

    /// Since when a key is stopped, and why.
    fn suspension_notice(&self, book: &RateLimiter) -> Option<String> {
        let stopped = book.suspension.as_ref()?;
        let (scheme, at) = (&book.labels.scheme, format_time(stopped.wall_ms));
        let who = format!("{} ({})", stopped.account, stopped.environment);
        let head = self.output.out.red(&format!(
            "{scheme} stopped {at}: {who} got {}",
            stopped.status
        ));
        Some(format!(
            "\n{head}\n  {}\n  `ingam budget clear {scheme}` ends it",
            stopped.reason
        ))
    }

    /// Columns as wide as what is in them; where they do not fit, one block for each limit.
    fn table(&self, rows: &[[String; 6]]) -> String {
        let style = self.output.out;
        let widest = |at: usize| {
            rows.iter()
                .map(|row| row[at].width())
                .max()
                .unwrap_or(0)
                .max(COLUMNS[at].width())
        };
        let widths: Vec<usize> = (0..COLUMNS.len()).map(widest).collect();
        let paint = |row: &[String; 6], text: &str| match row[NEXT_CALL_COLUMN].as_str() {
            "now" => text.to_owned(),
            "stopped" => style.red(text),
            _ => style.yellow(text),
        };
        if widths.iter().sum::<usize>() + 2 * (COLUMNS.len() - 1) > style.width {
            let field =
                |head: &str, text: &str| format!("  {} {text}", style.dim(&format!("{head:<9}")));
            let block = |row: &[String; 6]| {
                let fields = COLUMNS
                    .iter()
                    .zip(row)
                    .skip(1)
                    .filter(|(_, text)| *text != "-");
                let fields: Vec<String> = fields.map(|(head, text)| field(head, text)).collect();
                format!("{}\n{}", paint(row, &row[0]), fields.join("\n"))
            };
            return rows.iter().map(block).collect::<Vec<_>>().join("\n");
        }
        let line = |row: &[String; 6]| {
            let padded = row
                .iter()
                .zip(&widths)
                .map(|(text, width)| format!("{text}{}", " ".repeat(width - text.width())));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let head = style.dim(&line(&COLUMNS.map(str::to_owned)));
        std::iter::once(head)
            .chain(rows.iter().map(|row| paint(row, &line(row))))
            .collect::<Vec<_>>()
            .join("\n")
    }

    async fn clear(
        &self,
        scheme: Option<&str>,
        account: Option<&str>,
    ) -> Result<ExitStatus, BudgetError> {
        let budget = self.open_budget()?;
        let mut cleared = 0;
        for (id, kept) in budget.list().await? {
            match kept {
                Ok((book, now))
                    if matches_filter(&book, scheme, account) && book.is_restricted(now) =>
                {
                    budget.clear(&id).await?;
                    self.output.print_message(&format!(
                        "`{}` of {}: {}",
                        book.labels.scheme,
                        account_list(&book),
                        hold_reason(&book)
                    ));
                    cleared += 1;
                }
                Err(BudgetError::Corrupt { .. }) if scheme.is_none() && account.is_none() => {
                    budget.remove(&id).await?;
                    self.output.print_message(&format!(
                        "the budget `{id}` could not be read, and is gone"
                    ));
                    cleared += 1;
                }
                _ => {}
            }
        }
        self.output.print_message(&match cleared {
            0 => "nothing is stopped, and no marketplace has asked to wait".to_owned(),
            cleared => format!(
                "{} cleared; what was sent stays counted",
                pluralize(cleared, "key")
            ),
        });
        Ok(ExitStatus::Success)
    }
}

fn matches_filter(book: &RateLimiter, scheme: Option<&str>, account: Option<&str>) -> bool {
    let uses = |named: &str| {
        book.labels
            .accounts
            .iter()
            .any(|(_, account)| account == named)
    };
    scheme.is_none_or(|scheme| book.labels.scheme == scheme) && account.is_none_or(uses)
}

fn hold_reason(book: &RateLimiter) -> String {
    match &book.suspension {
        Some(stopped) => format!(
            "was stopped {}, {}",
            format_time(stopped.wall_ms),
            stopped.reason
        ),
        None => "the marketplace had asked to wait".to_owned(),
    }
}

/// The scheme, and the host where the books know more than one of it: each has counts of its own.
fn scheme_label(book: &RateLimiter, books: &[(RateLimiter, i64)]) -> String {
    let BudgetLabels { scheme, host, .. } = &book.labels;
    let is_elsewhere =
        |other: &RateLimiter| other.labels.scheme == *scheme && other.labels.host != *host;
    if books.iter().any(|(other, _)| is_elsewhere(other)) {
        format!("{scheme} at {host}")
    } else {
        scheme.clone()
    }
}

/// A row for each limit that something is counted by, and one for what holds for all of them.
fn limit_rows(book: &RateLimiter, scheme: &str, now: i64) -> Vec<[String; 6]> {
    let (accounts, dash) = (account_list(book), || "-".to_owned());
    let whole = match book.paused_until - now {
        _ if book.suspension.is_some() => Some("stopped".to_owned()),
        ..=0 => None,
        wait => Some(requested_wait(wait)),
    };
    let whole = whole.map(|next| {
        [
            scheme.to_owned(),
            accounts.clone(),
            "all calls".to_owned(),
            dash(),
            dash(),
            next,
        ]
    });
    let counted = book
        .counters
        .iter()
        .filter(|counter| counter.used(now) > 0 || counter.paused_until > now)
        .map(|counter| {
            let account = if counter.account_label.is_empty() {
                accounts.clone()
            } else {
                counter.account_label.clone()
            };
            let [used, left, next] = usage_columns(counter, now);
            [
                scheme.to_owned(),
                account,
                limit_label(counter),
                used,
                left,
                next,
            ]
        });
    whole.into_iter().chain(counted).collect()
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

/// The marketplace wants it so.
fn requested_wait(wait_ms: i64) -> String {
    format!("in {}, as it asked", format_duration(wait_ms))
}

/// Who has used the key: `main (live)`.
fn account_list(book: &RateLimiter) -> String {
    let names = book
        .labels
        .accounts
        .iter()
        .map(|(environment, account)| format!("{account} ({environment})"));
    names.collect::<Vec<_>>().join(", ")
}
