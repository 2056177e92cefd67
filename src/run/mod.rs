//! Runs a plan: owns the state, emits events. It does not know that reports exist.

mod access;
mod advice;
mod budget;
mod call;
mod explain;
mod failures;
mod fixtures;
mod recall;
mod recorded;
mod snapshots;
mod step;
mod stop;
mod token;
mod unit;
mod unreferenced;

pub use access::{Access, AccessError, Accesses, Environment};
pub use budget::Budgets;
pub use explain::{ExplainError, Explained, ExplainedCall, ExplainedValue, explain};
pub use fixtures::find_lost;
pub use recall::{Recall, take_back};
pub use recorded::{Recordings, Use, Whose};
pub use snapshots::{Snapshots, snapshot_path};
pub use stop::{Stop, Stopper, stopper};
pub use token::{Tokens, access_token};
pub use unreferenced::unreferenced;

use crate::event::{Event, Summary, Trouble, Verdict};
use crate::model::request::Request;
use crate::model::scheme::{Level, Scheme};
use crate::model::workspace::Workspace;
use crate::plan::Plan;
use crate::render::BodyFiles;
use crate::secret::{Redactor, Shown};
use crate::sign::Values;
use crate::store::Record;
use crate::transport::Live;
use crate::value::Value;
use fixtures::Fixtures;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// What a run needs and does not read by itself.
pub struct Context<'w> {
    pub workspace: &'w Workspace,
    pub environment: String,
    /// Of `--var`.
    pub vars: Vec<(String, Value)>,
    pub run_id: String,
    pub accesses: Accesses<'w>,
    pub tokens: Tokens<'w>,
    pub transport: Live,
    pub budgets: Budgets,
    pub recordings: Recordings,
    pub files: &'w dyn BodyFiles,
    pub redactor: RefCell<Redactor>,
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub chance: fn() -> [u8; 16],
    /// Every exchange is reported, and not only those of steps that do not pass.
    pub verbose: bool,
    /// The folder in which it is written down what fixtures make; `None` where everything ends with the run.
    pub ledger: Option<PathBuf>,
    /// What fixtures make is left there.
    pub keep: bool,
    /// The first unit that does not pass is the last.
    pub fail_fast: bool,
    pub snapshots: Snapshots,
    pub stop: Stop,
}

impl Context<'_> {
    /// As whom and where a request goes; its secrets are known to the redactor before anything is shown.
    ///
    /// # Errors
    /// When no account or more than one fits, a credential is missing, or there is no host.
    pub fn access(&self, scheme: &Scheme, level: &Level, account: Option<&str>) -> Result<Rc<Access>, AccessError> {
        self.accesses.get(scheme, level, account, &|access| self.remember(scheme, &access.credentials, &access.given_token))
    }

    /// From now on the tokens of a record are shown by their names.
    pub fn remember_record(&self, record: &Record) {
        let mut redactor = self.redactor.borrow_mut();
        record.secrets().for_each(|(name, value)| redactor.add(format!("token.{name}"), value));
    }

    /// From now on these secrets are shown by their names.
    pub fn remember(&self, scheme: &Scheme, credentials: &Values, token: &Values) {
        let mut redactor = self.redactor.borrow_mut();
        for credential in scheme.credentials.iter().filter(|credential| credential.secret) {
            if let Some(value) = credentials.get(&credential.name).and_then(Value::as_str) {
                redactor.add(format!("cred.{}", credential.name), value);
            }
        }
        for field in scheme.tokens.iter().flat_map(|token| token.fields()) {
            if let Some(value) = token.get(field).and_then(Value::as_str) {
                redactor.add(format!("token.{field}"), value);
            }
        }
    }
}

/// Runs every unit in order, and takes back what fixtures made, whatever happens. What cannot be done is a part of the events,
/// never an error of this function.
pub async fn run(plan: &Plan<'_>, context: &Context<'_>, emit: &mut dyn FnMut(Event)) -> Summary {
    let begun = Instant::now();
    emit(Event::RunStarted { environment: context.environment.clone(), run_id: context.run_id.clone(), files: plan.files() });
    let mut summary = Summary::default();
    let mut fixtures = Fixtures::new();
    let mut not_undone = 0;
    let mut hear = |event: Event| {
        not_undone += usize::from(matches!(event, Event::NotUndone(_)));
        emit(event);
    };
    let mut left = plan.units_of_files();
    for (index, unit) in plan.units.iter().enumerate() {
        if context.stop.is_wanted() {
            break;
        }
        hear(Event::UnitStarted { id: unit.id() });
        let report = unit::run(unit, &mut fixtures, context, &mut hear).await;
        summary.count(&report);
        let file = unit.request.name.as_str();
        context.recordings.end_unit(file, report.not_reached == 0);
        if let Some(count) = left.get_mut(file) {
            *count -= 1;
            if *count == 0 {
                write_recording(unit.request, context);
            }
        }
        let ends = context.fail_fast && matches!(report.verdict, Verdict::Fail | Verdict::Error(..));
        hear(Event::UnitFinished(report));
        if ends {
            break;
        }
        let next = plan.units[index + 1..].iter().find(|next| next.request.skip.is_none());
        // What is skipped sets nothing up and ends nothing.
        if unit.request.skip.is_none() && !context.stop.is_wanted() {
            fixtures.leave(unit, next, context, &mut hear).await;
        }
    }
    fixtures.end(context, &mut hear).await;
    write_recordings(context);
    summary.not_undone = not_undone;
    summary.duration = begun.elapsed();
    emit(Event::RunFinished(summary.clone()));
    summary
}

fn write_recording(request: &Request, context: &Context<'_>) {
    let scheme = request.steps.first().map(|step| step.scheme.name.as_str()).unwrap_or_default();
    context.recordings.write(&request.name, scheme, context.workspace, (context.clock)());
}

/// What is not written yet: fixtures, and files that the run did not come to the end of.
fn write_recordings(context: &Context<'_>) {
    if !context.recordings.are_used() {
        return;
    }
    for request in &context.workspace.requests {
        context.recordings.end_unit(&request.name, false);
        write_recording(request, context);
    }
    for fixture in &context.workspace.fixtures {
        let scheme = fixture.schemes().next().unwrap_or_default();
        let file = Whose::of_fixture(&fixture.name, None).file;
        context.recordings.write(&file, scheme, context.workspace, (context.clock)());
    }
}

/// The longest a whole body is shown in a report, in characters.
const SHOWN_BODY: usize = 4_096;

/// A body for people: JSON over several lines, text as it is, anything else by its size.
fn body_text(body: &[u8]) -> String {
    match (crate::value::parse(body), std::str::from_utf8(body)) {
        (Ok(value), _) => value.to_pretty_json(),
        (Err(_), Ok(text)) => text.to_owned(),
        (Err(_), Err(_)) => format!("({} bytes that are not text)", body.len()),
    }
}

/// Secrets go first, and only then is a long text cut: half a secret could not be recognised any more.
fn shown(text: &str, redactor: &mut Redactor) -> Shown {
    let whole = redactor.redact(text);
    match whole.char_indices().nth(SHOWN_BODY) {
        Some((cut, _)) => redactor.show(&format!("{}\n… ({} bytes in all)", &whole[..cut], text.len())),
        None => redactor.show(&whole),
    }
}

impl From<&AccessError> for Trouble {
    fn from(error: &AccessError) -> Self {
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => Self::Credential,
            AccessError::Account { .. } | AccessError::Region { .. } | AccessError::NoHost { .. } => Self::File,
        }
    }
}
