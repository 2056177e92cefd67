//! What the client tells without waiting for a response: buffers that it opens, changes and closes,
//! files that change on the disk. It refuses nothing: what cannot be understood is logged.

use super::buffers::Buffer;
use super::state::{ServerPhase, ServerState};
use super::uri::path_of;
use super::{commands, folders, later_replies};
use lsp_server::Notification;
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

impl ServerState {
    pub(super) fn take_notification(&mut self, notification: Notification) {
        if self.phase != ServerPhase::Running {
            return;
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" => self.watch_files(),
            "textDocument/didOpen" => self.with_params(&method, params, Self::did_open),
            "textDocument/didChange" => self.with_params(&method, params, Self::did_change),
            "textDocument/didClose" => self.with_params(&method, params, |server, params| {
                server.did_close(&params);
            }),
            "window/workDoneProgress/cancel" => commands::cancel(self, &params),
            "$/cancelRequest" => later_replies::cancel_request(self, &params),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.rescan();
                folders::adopt_buffers(self);
            }
            "workspace/didChangeWorkspaceFolders" => {
                self.with_params(&method, params, folders::change_folders);
            }
            _ => {}
        }
    }

    fn with_params<P: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
        take: impl FnOnce(&mut Self, P),
    ) {
        match serde_json::from_value(params) {
            Ok(params) => take(self, params),
            Err(error) => self.log(&format!("`{method}` is ignored: {error}")),
        }
    }

    fn did_open(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = path_of(document.uri.as_str()) else {
            return;
        };
        let text: Arc<str> = document.text.into();
        let buffer = Buffer {
            uri: document.uri,
            version: document.version,
            text: Arc::clone(&text),
        };
        self.buffers.open(path.clone(), buffer);
        folders::adopt_file(self, &path);
        self.set_buffer(&path, Some(text));
    }

    fn did_change(&mut self, params: DidChangeTextDocumentParams) {
        let Some(path) = path_of(params.text_document.uri.as_str()) else {
            return;
        };
        let version = params.text_document.version;
        let text = self
            .buffers
            .change(&path, version, params.content_changes, self.unit);
        if text.is_some() {
            self.set_buffer(&path, text);
        }
    }

    fn did_close(&mut self, params: &DidCloseTextDocumentParams) {
        let Some(path) = path_of(params.text_document.uri.as_str()) else {
            return;
        };
        self.buffers.close(&path);
        self.set_buffer(&path, None);
        self.rescan();
    }

    /// Asks the client to say when files change that are not open.
    fn watch_files(&self) {
        if !self.can_register_watchers {
            return;
        }
        // A file can name any other one, such as a body or an image.
        let watchers = [json!({ "globPattern": "**/*" })];
        let registration = json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        self.client.request(
            "files".to_owned().into(),
            "client/registerCapability",
            params,
        );
    }
}
