//! Runs a plan: owns the state, emits events. It does not know that reports exist.

mod access;
mod advice;
mod attempt;
mod attempts;
mod body_passage;
mod budget;
mod call_client;
mod call_hosts;
mod condition;
mod conductor;
mod context;
mod cookies;
mod delivered_response;
mod difference_reports;
mod error_class;
mod exchange;
mod explain;
mod exported_call;
mod external;
mod failures;
mod fixtures;
mod flaky;
mod for_each;
mod given_host;
mod joined_captures;
mod logged_request;
mod network_route;
mod observed_exchange;
mod output;
mod own_signature;
mod page_history;
mod page_link;
mod pages;
mod passed_call;
mod personal_data;
mod poll;
mod read_check;
mod recording_hint;
mod redirects;
mod repeat;
mod request_log;
mod response_delivery;
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
    AccessEnvironment, AccessError, AccessResolver, AccountAccess, NotTrusted, SecretDestination,
};
pub(crate) use call_client::CallClient;
pub(crate) use call_hosts::host_value;
pub(crate) use conductor::run;
pub(crate) use context::{
    GivenVariable, RequestCounts, RunContext, RunEnvironment, RunOptions, RunState, SnapshotOptions,
};
pub(crate) use delivered_response::{DeliveredBody, DeliveredResponse};
pub(crate) use explain::{
    ExplainError, ExplainedRequest, StepExplanation, explain, unsigned_request,
};
pub(crate) use exported_call::ExportedCall;
pub(crate) use fixtures::find_leftovers;
pub(crate) use given_host::GivenHost;
pub(crate) use network_route::NetworkSettings;
pub(crate) use passed_call::{PassedCall, PassedResponse, pass_call};
pub(crate) use read_check::is_surely_read;
pub(crate) use request_log::RequestLog;
pub(crate) use retry_budget::RetryBudget;
pub(crate) use run_budget::RunBudget;
pub(crate) use run_recordings::{RecordingMode, RunRecordings};
pub(crate) use run_tokens::RunTokens;
pub(crate) use step_error::StepError;
pub(crate) use stop::{StopSender, StopSignal, stop_channel};
pub(crate) use token::{access_token, issuing_token};
pub(crate) use undo::{UndoError, UndoRequest, send_undo};
pub(crate) use undo_seal::unsealed_undo;
pub(crate) use unreferenced_snapshots::unreferenced_snapshots;
pub(crate) use user_secrets::UserSecrets;
