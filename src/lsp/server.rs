//! The main loop: takes messages in their order, and publishes faults when nothing else waits. It
//! refuses requests before `initialize` and after `shutdown`.

use super::asked::Reply;
use super::commands;
use super::dispatch::{answer, capabilities};
use super::exchange::{Client, Incoming, start_reading};
use super::later_replies;
use super::line_index::ColumnUnit;
use super::published::all_diagnostics;
use super::state::{ServerPhase, ServerSettings, ServerState};
use super::uri::path_of;
use lsp_server::{ErrorCode, Message, Request, RequestId};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// How the conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerEnd {
    /// `shutdown`, then `exit`.
    Ordered,
    /// `exit` without `shutdown`, or the client closed the stream.
    Abrupt,
    /// Nobody knows where the next message begins.
    Unreadable(String),
}

/// Talks to one client until it ends the conversation.
pub(crate) fn serve(
    settings: ServerSettings,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> ServerEnd {
    let (client, writer) = Client::start(output);
    let (updates, incoming) = start_reading(input);
    let mut server = ServerState::new(settings, client, updates);
    let end = loop {
        let Ok(first) = incoming.recv() else {
            break ServerEnd::Abrupt;
        };
        // Everything that waits is taken at once: a request that is cancelled by then is not worked
        // on, and faults are looked for once after many keys.
        let batch: Vec<Incoming> = std::iter::once(first).chain(incoming.try_iter()).collect();
        if let Some(end) = server.take_batch(batch) {
            break end;
        }
        server.publish_faults();
    };
    // A run that nobody sees any more undoes what it created, and ends.
    for run in server.runs.values_mut() {
        run.interrupt();
    }
    // The last response is written before the process ends.
    drop(server);
    drop(writer.join());
    end
}

impl ServerState {
    fn take_batch(&mut self, batch: Vec<Incoming>) -> Option<ServerEnd> {
        let cancelled = cancelled_requests(&batch);
        for incoming in batch {
            match incoming {
                Incoming::Message(Message::Request(request)) => {
                    if cancelled.contains(&request.id) {
                        let reason = "the client cancelled the request";
                        self.client
                            .refuse(request.id, ErrorCode::RequestCanceled, reason);
                    } else {
                        self.take_request(request);
                    }
                }
                Incoming::Message(Message::Notification(notification)) => {
                    if notification.method == "exit" {
                        return Some(self.end());
                    }
                    self.take_notification(notification);
                }
                Incoming::Message(Message::Response(response)) => {
                    commands::decided(self, &response);
                }
                Incoming::Run(update) => commands::update(self, update),
                Incoming::Command(end) => later_replies::ended(self, end),
                Incoming::Malformed => self.log("a message that is not one of JSON-RPC is ignored"),
                Incoming::End(None) => return Some(ServerEnd::Abrupt),
                Incoming::End(Some(reason)) => return Some(ServerEnd::Unreadable(reason)),
            }
        }
        None
    }

    fn end(&self) -> ServerEnd {
        if self.phase == ServerPhase::ShutDown {
            ServerEnd::Ordered
        } else {
            ServerEnd::Abrupt
        }
    }

    fn take_request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        match (self.phase, method.as_str()) {
            (ServerPhase::Started, "initialize") => self.initialize(id, &params),
            (ServerPhase::Started, _) => {
                let reason = "the first request is `initialize`";
                self.client
                    .refuse(id, ErrorCode::ServerNotInitialized, reason);
            }
            (ServerPhase::ShutDown, _) => {
                let reason = "the server was shut down";
                self.client.refuse(id, ErrorCode::InvalidRequest, reason);
            }
            (ServerPhase::Running, "shutdown") => {
                self.phase = ServerPhase::ShutDown;
                self.client.respond(id, Value::Null);
            }
            (ServerPhase::Running, _) => {
                self.refresh();
                match answer(self, &method, params) {
                    Reply::Value(value) => self.client.respond(id, value),
                    Reply::Refused(code, reason) => self.client.refuse(id, code, reason),
                    Reply::Later(planned) => later_replies::start(self, &planned, Some(id)),
                }
            }
        }
    }

    fn initialize(&mut self, id: RequestId, params: &Value) {
        let offered = params.pointer("/capabilities/general/positionEncodings");
        let offered: Vec<String> = texts(offered);
        self.unit = ColumnUnit::negotiate(&offered);
        let watch = "/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration";
        self.can_register_watchers = params.pointer(watch).and_then(Value::as_bool) == Some(true);
        let flag = |place: &str| params.pointer(place).and_then(Value::as_bool) == Some(true);
        self.can_show_progress = flag("/capabilities/window/workDoneProgress");
        self.can_show_documents = flag("/capabilities/window/showDocument/support");
        self.phase = ServerPhase::Running;
        self.folders = client_folders(params);
        for root in self.initial_roots() {
            self.open_workspace(&root);
        }
        self.client.respond(
            id,
            json!({
                "capabilities": capabilities(self.unit),
                "serverInfo": { "name": "ingam", "version": env!("CARGO_PKG_VERSION") },
            }),
        );
    }

    /// The root of the command line, else those folders of the client that are workspaces.
    fn initial_roots(&self) -> Vec<PathBuf> {
        if let Some(root) = &self.settings.root {
            return vec![root.clone()];
        }
        // A folder that is none holds workspaces somewhere below, which the files in it will show.
        let is_root = |path: &&PathBuf| (self.settings.find_root)(path).as_ref() == Some(*path);
        self.folders.iter().filter(is_root).cloned().collect()
    }

    /// A message after which every text is the same changes no fault.
    fn publish_faults(&mut self) {
        if self.phase == ServerPhase::Running && std::mem::take(&mut self.has_new_faults) {
            self.fault_looks += 1;
            self.refresh();
            let found = all_diagnostics(&self.workspaces, &self.failures, self.unit);
            self.published.publish(&self.client, &self.buffers, found);
        }
    }
}

/// The folders that the client opens at first.
fn client_folders(params: &Value) -> Vec<PathBuf> {
    let folders = params.get("workspaceFolders").and_then(Value::as_array);
    let folders = folders.into_iter().flatten();
    let mut uris: Vec<&str> = folders
        .filter_map(|folder| folder.get("uri")?.as_str())
        .collect();
    if uris.is_empty() {
        uris.extend(params.get("rootUri").and_then(Value::as_str));
    }
    uris.into_iter().filter_map(path_of).collect()
}

fn cancelled_requests(batch: &[Incoming]) -> HashSet<RequestId> {
    let ids = batch.iter().filter_map(|incoming| match incoming {
        Incoming::Message(Message::Notification(notification))
            if notification.method == "$/cancelRequest" =>
        {
            serde_json::from_value(notification.params.get("id")?.clone()).ok()
        }
        _ => None,
    });
    ids.collect()
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}
