//! Runs a plan: owns the state, emits events. It does not know that reports exist.

mod access;
mod advice;
mod attempt;
mod attempts;
mod budget;
mod condition;
mod conductor;
mod context;
mod cookies;
mod difference_reports;
mod error_class;
mod exchange;
mod explain;
mod external;
mod failures;
mod fixtures;
mod flaky;
mod for_each;
mod given_host;
mod joined_captures;
mod network_route;
mod observed_exchange;
mod output;
mod page_history;
mod page_link;
mod pages;
mod personal_data;
mod poll;
mod recording_hint;
mod redirects;
mod repeat;
mod response_secrets;
mod retry_budget;
mod round;
mod run_budget;
mod run_recordings;
mod run_tokens;
mod shown_response;
mod snapshot_check;
mod step;
mod step_error;
mod step_execution;
mod step_report;
mod step_undos;
mod stop;
mod text;
mod token;
mod undo;
mod undo_seal;
mod unit;
mod unreferenced_snapshots;
mod used_variables;
mod user_secrets;
mod variables;

pub(crate) use access::{
    AccessEnvironment, AccessError, AccessResolver, AccountAccess, NotTrusted,
};
pub(crate) use conductor::run;
pub(crate) use context::{
    GivenVariable, RequestCounts, RunContext, RunEnvironment, RunOptions, RunState, SnapshotOptions,
};
pub(crate) use explain::{ExplainedRequest, StepExplanation, explain};
pub(crate) use fixtures::find_leftovers;
pub(crate) use given_host::GivenHost;
pub(crate) use network_route::NetworkSettings;
pub(crate) use retry_budget::RetryBudget;
pub(crate) use run_budget::RunBudget;
pub(crate) use run_recordings::{RecordingMode, RunRecordings};
pub(crate) use run_tokens::RunTokens;
pub(crate) use stop::{StopSender, stop_channel};
pub(crate) use token::access_token;
pub(crate) use undo::{UndoError, UndoRequest, send_undo};
pub(crate) use undo_seal::unsealed_undo;
pub(crate) use unreferenced_snapshots::unreferenced_snapshots;
pub(crate) use user_secrets::UserSecrets;
