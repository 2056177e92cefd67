//! `workspace/executeCommand`: what code lenses start, and what becomes of it. Whatever sends
//! requests to a marketplace, or writes recordings or snapshots, is asked about first.

use super::asked::Reply;
use super::exchange::Incoming;
use super::later_replies;
use super::runs::{PlannedRun, RunLine, RunUpdate, StartedRun, start_run};
use super::shown_environment::shown_environment;
use super::side_process::PlannedCommand;
use super::state::{Intent, ServerState};
use super::uri::{path_of, uri_of};
use crate::model::environment::SANDBOX_ENV;
use lsp_server::{ErrorCode, RequestId, Response};
use lsp_types::{ExecuteCommandParams, Range};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The commands, as they are announced.
pub(super) const COMMANDS: [&str; 7] = [
    "ingam.run",
    "ingam.replay",
    "ingam.record",
    "ingam.explain",
    "ingam.showRecording",
    "ingam.reviewSnapshot",
    "ingam.cancel",
];

const AGREE: &str = "Continue";
const ACCEPT: &str = "Accept";
const REJECT: &str = "Reject";

pub(super) fn execute(server: &mut ServerState, params: &ExecuteCommandParams) -> Reply {
    if params.command == "ingam.cancel" {
        server.runs.values_mut().for_each(StartedRun::interrupt);
        later_replies::cancel_all(server);
        return Reply::NOTHING;
    }
    let Some((workspace, path, unit)) = target_of(server, &params.arguments) else {
        let reason = "a command needs the URI of a file of a workspace";
        return Reply::Refused(ErrorCode::InvalidParams, reason.to_owned());
    };
    let Some(open) = server.workspaces.get(workspace) else {
        return Reply::NOTHING;
    };
    let root = open.editor.root().to_owned();
    match params.command.as_str() {
        command @ ("ingam.run" | "ingam.replay" | "ingam.record" | "ingam.explain") => {
            match shown_environment(&open.editor) {
                Ok(environment) => in_environment(server, command, root, unit, &environment),
                Err(reason) => Reply::Refused(ErrorCode::RequestFailed, reason),
            }
        }
        "ingam.showRecording" => show_recording(server, workspace, &path),
        "ingam.reviewSnapshot" => review_snapshot(server, root, unit),
        other => Reply::Refused(
            ErrorCode::InvalidParams,
            format!("there is no command `{other}`"),
        ),
    }
}

/// The arguments of every command: the URI of a file, and the id of what is meant; without the id,
/// the file.
fn target_of(server: &ServerState, arguments: &[Value]) -> Option<(usize, PathBuf, String)> {
    let (workspace, path) = server.locate(&path_of(arguments.first()?.as_str()?)?)?;
    let unit = match arguments.get(1).and_then(Value::as_str) {
        Some(unit) => unit.to_owned(),
        None => path.to_string_lossy().into_owned(),
    };
    // What begins with a dash would be an option of the command line.
    (!unit.starts_with('-')).then_some((workspace, path, unit))
}

/// The command line gets the environment that the user sees: the files on the disk may have changed
/// when the process reads them.
fn in_environment(
    server: &mut ServerState,
    command: &str,
    root: PathBuf,
    unit: String,
    environment: &str,
) -> Reply {
    if command == "ingam.explain" {
        let arguments = vec!["explain".to_owned(), unit, format!("--env={environment}")];
        return Reply::Later(PlannedCommand { root, arguments });
    }
    let planned = planned_run(command, root, unit, environment);
    ask_or_start(server, planned, command, environment);
    Reply::NOTHING
}

fn planned_run(command: &str, root: PathBuf, unit: String, environment: &str) -> PlannedRun {
    let (mode, verb) = match command {
        "ingam.replay" => (Some("--replay"), "Replay"),
        "ingam.record" => (Some("--record"), "Record"),
        _ => (None, "Run"),
    };
    let arguments = [unit.clone(), format!("--env={environment}")];
    let arguments = arguments.into_iter().chain(mode.map(str::to_owned));
    PlannedRun {
        arguments: arguments.collect(),
        title: format!("{verb} {unit} in {environment}"),
        root,
        unit,
    }
}

fn ask_or_start(server: &mut ServerState, planned: PlannedRun, command: &str, environment: &str) {
    let sends = command != "ingam.replay" && environment != SANDBOX_ENV;
    if sends || command == "ingam.record" {
        let text = if command == "ingam.record" {
            format!("{}? It writes to fixtures/recordings.", planned.title)
        } else {
            format!("{}? It sends requests to the marketplace.", planned.title)
        };
        server.ask(&text, &[AGREE], Intent::Run(planned));
    } else {
        start(server, planned);
    }
}

fn start(server: &mut ServerState, planned: PlannedRun) {
    let run = server.next_number();
    let updates = server.updates.clone();
    let report = move |update| drop(updates.send(Incoming::Run(update)));
    let title = planned.title.clone();
    if let Some(failures) = server.failures.get_mut(&planned.root) {
        failures.retain(|failure| failure.unit != planned.unit);
        server.has_new_faults = true;
    }
    let started = match start_run(&server.settings.program, planned, run, report) {
        Ok(started) => started,
        Err(error) => return server.show(1, &format!("ingam cannot be started: {error}")),
    };
    if server.can_show_progress {
        let id = RequestId::from(format!("progress-{run}"));
        let params = json!({ "token": run });
        server
            .client
            .request(id, "window/workDoneProgress/create", params);
        let value = json!({ "kind": "begin", "title": title, "cancellable": true });
        server
            .client
            .notify("$/progress", json!({ "token": run, "value": value }));
    }
    server.runs.insert(run, started);
}

/// Takes what a run says.
pub(super) fn update(server: &mut ServerState, update: RunUpdate) {
    match update {
        RunUpdate::Line { run, line } => take_line(server, run, line),
        RunUpdate::Ended { run, message } => {
            let Some(mut started) = server.runs.remove(&run) else {
                return;
            };
            let code = started.exit_code();
            if server.can_show_progress {
                let value = json!({ "kind": "end" });
                server
                    .client
                    .notify("$/progress", json!({ "token": run, "value": value }));
            }
            // 1 is a failed assertion, which is shown at its place.
            if code > 1 && !message.trim().is_empty() {
                server.show(1, message.trim());
            }
            let params = json!({ "title": started.planned.title, "exitCode": code });
            server.client.notify("ingam/runEnded", params);
            server.rescan();
        }
    }
}

fn take_line(server: &mut ServerState, run: i32, line: RunLine) {
    let Some(started) = server.runs.get_mut(&run) else {
        return;
    };
    match line {
        RunLine::RunStarted { units, environment } => {
            started.units = units;
            let text = format!("{environment}: {units} to run");
            report_progress(server, run, &text, 0);
        }
        RunLine::UnitStarted { index, id } => {
            let percent = (index * 100).checked_div(started.units).unwrap_or_default();
            report_progress(server, run, &id, percent);
        }
        RunLine::UnitFinished(finished) => {
            let found = finished.failures(&started.planned.unit);
            let root = started.planned.root.clone();
            server.failures.entry(root).or_default().extend(found);
            server.has_new_faults = true;
        }
        RunLine::RunFinished {
            passed,
            failed,
            errors,
            skipped,
        } => {
            let text =
                format!("{passed} passed, {failed} failed, {errors} errors, {skipped} skipped");
            let title = started.planned.title.clone();
            let level = if failed + errors > 0 { 2 } else { 3 };
            server.show(level, &format!("{title}: {text}"));
        }
        RunLine::Other => {}
    }
}

fn report_progress(server: &ServerState, run: i32, text: &str, percent: usize) {
    if server.can_show_progress {
        let value = json!({ "kind": "report", "message": text, "percentage": percent });
        let params = json!({ "token": run, "value": value });
        server.client.notify("$/progress", params);
    }
}

/// The client cancels the progress of a run.
pub(super) fn cancel(server: &mut ServerState, params: &Value) {
    let token = params.get("token").and_then(Value::as_i64);
    let run = token.and_then(|token| i32::try_from(token).ok());
    if let Some(started) = run.and_then(|run| server.runs.get_mut(&run)) {
        started.interrupt();
    }
}

/// The choice of the user for something that was asked.
pub(super) fn decided(server: &mut ServerState, response: &Response) {
    let Some(intent) = server.asked.remove(&response.id) else {
        return;
    };
    let chosen = response.response_result.as_ref().ok();
    let chosen = chosen.and_then(|chosen| chosen.get("title")?.as_str());
    match (intent, chosen) {
        (Intent::Run(planned), Some(AGREE)) => start(server, planned),
        (Intent::Review { root, unit }, Some(choice @ (ACCEPT | REJECT))) => {
            let action = choice.to_ascii_lowercase();
            let arguments = vec!["snapshot".to_owned(), action, unit];
            later_replies::start(server, &PlannedCommand { root, arguments }, None);
        }
        _ => {}
    }
}

fn show_recording(server: &mut ServerState, workspace: usize, path: &Path) -> Reply {
    let Some(open) = server.workspaces.get(workspace) else {
        return Reply::NOTHING;
    };
    let Some((path, range)) = crate::editor::recording_of_file(&open.editor, path) else {
        let reason = "there is no recording of this file";
        return Reply::Refused(ErrorCode::RequestFailed, reason.to_owned());
    };
    let mut places = super::convert::Places::new(open, server.unit);
    let range = places.range(&path, range);
    let uri = uri_of(&open.client_root.join(&path));
    if let Some(uri) = &uri {
        server.show_document(uri, range);
    }
    Reply::Value(json!({ "uri": uri, "range": range }))
}

fn review_snapshot(server: &mut ServerState, root: PathBuf, unit: String) -> Reply {
    let pending = crate::editor::pending_snapshots(&root, &unit);
    for path in &pending {
        if let Some(uri) = uri_of(path) {
            server.show_document(&uri, Range::default());
        }
    }
    if pending.is_empty() {
        server.show(3, &format!("no snapshot of {unit} is pending"));
    } else {
        let text = format!("Snapshots of {unit} that are pending: {}", pending.len());
        server.ask(&text, &[ACCEPT, REJECT], Intent::Review { root, unit });
    }
    Reply::of(pending)
}
