//! Everything that the server keeps between messages: buffers, workspaces, runs, and what the user was
//! asked.

use super::buffers::Buffers;
use super::exchange::{Client, Incoming};
use super::line_index::ColumnUnit;
use super::open_workspace::OpenWorkspace;
use super::published::Published;
use super::runs::{PlannedRun, RunFailure, StartedRun};
use super::side_process::StartedCommand;
use crate::editor::{EditorHooks, EditorWorkspace};
use lsp_server::RequestId;
use lsp_types::{Range, Uri};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What the server is started with.
pub(crate) struct ServerSettings {
    pub(crate) threads: usize,
    /// This program, which runs requests as a process of its own.
    pub(crate) program: PathBuf,
    /// A command that takes longer is ended.
    pub(crate) longest_command: Duration,
    /// Where the texts of built-in schemes are written to when somebody opens one.
    pub(crate) state_folder: Option<PathBuf>,
    /// The root that was named on the command line; without it, each file finds its own.
    pub(crate) root: Option<PathBuf>,
    /// The root of a file of this folder.
    pub(crate) find_root: fn(&Path) -> Option<PathBuf>,
    /// Of one workspace.
    pub(crate) hooks: Box<dyn Fn() -> EditorHooks>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerPhase {
    Started,
    Running,
    ShutDown,
}

/// What is done when the user agrees.
pub(super) enum Intent {
    Run(PlannedRun),
    /// Accepts or rejects the pending snapshots of a request.
    Review {
        root: PathBuf,
        unit: String,
    },
}

/// Everything that the main loop keeps.
pub(super) struct ServerState {
    pub(super) settings: ServerSettings,
    pub(super) client: Client,
    /// Where runs report to.
    pub(super) updates: Sender<Incoming>,
    pub(super) buffers: Buffers,
    pub(super) workspaces: Vec<OpenWorkspace>,
    /// The folders that the client has open.
    pub(super) folders: Vec<PathBuf>,
    /// Those that it removed: their files open no workspace before the client opens one of them.
    pub(super) closed_folders: Vec<PathBuf>,
    pub(super) unit: ColumnUnit,
    pub(super) published: Published,
    /// A buffer, a file or a failure of a run changed since faults were published.
    pub(super) has_new_faults: bool,
    /// How often faults were looked for.
    pub(super) fault_looks: usize,
    pub(super) phase: ServerPhase,
    pub(super) can_register_watchers: bool,
    pub(super) can_show_progress: bool,
    pub(super) can_show_documents: bool,
    /// Each with the id of what it runs.
    pub(super) runs: BTreeMap<i32, StartedRun>,
    /// Each with its number.
    pub(super) commands: BTreeMap<i32, StartedCommand>,
    /// By the root of the workspace.
    pub(super) failures: BTreeMap<PathBuf, Vec<RunFailure>>,
    pub(super) asked: BTreeMap<RequestId, Intent>,
    last_number: i32,
}

impl ServerState {
    pub(super) fn new(settings: ServerSettings, client: Client, updates: Sender<Incoming>) -> Self {
        Self {
            settings,
            client,
            updates,
            buffers: Buffers::default(),
            workspaces: Vec::new(),
            folders: Vec::new(),
            closed_folders: Vec::new(),
            unit: ColumnUnit::Utf16,
            published: Published::default(),
            has_new_faults: false,
            fault_looks: 0,
            phase: ServerPhase::Started,
            can_register_watchers: false,
            can_show_progress: false,
            can_show_documents: false,
            runs: BTreeMap::new(),
            commands: BTreeMap::new(),
            failures: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_number: 0,
        }
    }

    /// For a request or a run.
    pub(super) fn next_number(&mut self) -> i32 {
        self.last_number += 1;
        self.last_number
    }

    /// Gives a file the text of its buffer, or that of the disk. Failures of runs in it were those of
    /// another text.
    pub(super) fn set_buffer(&mut self, path: &Path, text: Option<Arc<str>>) {
        if let Some((workspace, path)) = self.locate(path)
            && let Some(open) = self.workspaces.get_mut(workspace)
        {
            open.editor.set_buffer(&path, text);
            self.has_new_faults = true;
            if let Some(failures) = self.failures.get_mut(open.editor.root()) {
                failures.retain(|failure| failure.place.file != path);
            }
        }
    }

    pub(super) fn rescan(&mut self) {
        self.has_new_faults = true;
        for open in &mut self.workspaces {
            open.editor.rescan();
        }
    }

    pub(super) fn refresh(&mut self) {
        for open in &mut self.workspaces {
            open.editor.refresh();
        }
    }

    /// The workspace of a file, the innermost one, and the path of the file in it.
    #[must_use]
    pub(super) fn locate(&self, path: &Path) -> Option<(usize, PathBuf)> {
        let open = self.workspaces.iter().enumerate();
        let found = open.filter_map(|(at, open)| Some((at, open.path_below(path)?)));
        found.min_by_key(|(_, below)| below.components().count())
    }

    pub(super) fn open_workspace_of(&mut self, file: &Path) {
        if self.settings.root.is_some() {
            return;
        }
        let folder = file.parent();
        if let Some(root) = folder.and_then(self.settings.find_root) {
            self.open_workspace(&root);
        }
    }

    pub(super) fn open_workspace(&mut self, root: &Path) {
        if self.workspaces.iter().any(|open| open.client_root == root) {
            return;
        }
        self.has_new_faults = true;
        let hooks = (self.settings.hooks)();
        match EditorWorkspace::open(root, self.settings.threads, hooks) {
            Ok(editor) => self.workspaces.push(OpenWorkspace {
                client_root: root.to_owned(),
                editor,
            }),
            Err(error) => {
                let place = root.display();
                self.log(&format!(
                    "the workspace `{place}` cannot be opened: {error}"
                ));
            }
        }
    }

    /// Asks the user; the answer comes as a response.
    pub(super) fn ask(&mut self, text: &str, choices: &[&str], intent: Intent) {
        let id = RequestId::from(format!("ask-{}", self.next_number()));
        let actions = choices.iter().map(|choice| json!({ "title": choice }));
        let actions = actions.chain([json!({ "title": "Cancel" })]);
        let params = json!({ "type": 2, "message": text, "actions": actions.collect::<Vec<_>>() });
        self.client
            .request(id.clone(), "window/showMessageRequest", params);
        self.asked.insert(id, intent);
    }

    /// Shows a message to the user: 1 is an error, 2 a warning, 3 a piece of news.
    pub(super) fn show(&self, level: u8, text: &str) {
        let params = json!({ "type": level, "message": text });
        self.client.notify("window/showMessage", params);
    }

    /// Opens a file at the client, if it can.
    pub(super) fn show_document(&mut self, uri: &Uri, selection: Range) {
        if self.can_show_documents {
            let id = RequestId::from(format!("show-{}", self.next_number()));
            let params = json!({ "uri": uri, "takeFocus": true, "selection": selection });
            self.client.request(id, "window/showDocument", params);
        }
    }

    pub(super) fn log(&self, text: &str) {
        let params = json!({ "type": 2, "message": format!("ingam: {text}") });
        self.client.notify("window/logMessage", params);
    }
}
