//! Which workspaces are open: those of the client's folders, and those of its open files. Each open
//! buffer belongs to the innermost workspace that is above it.

use super::state::ServerState;
use super::uri::path_of;
use lsp_types::{DidChangeWorkspaceFoldersParams, WorkspaceFolder};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Takes the folders that the client added and removed. A root of the command line stays the only
/// one.
pub(super) fn change_folders(server: &mut ServerState, params: DidChangeWorkspaceFoldersParams) {
    if server.settings.root.is_some() {
        return;
    }
    let removed = paths_of(params.event.removed);
    let added = paths_of(params.event.added);
    server.folders.retain(|folder| !removed.contains(folder));
    server.folders.extend(added.iter().cloned());
    server.closed_folders.extend(removed.iter().cloned());
    server
        .closed_folders
        .retain(|folder| !added.contains(folder));
    server.has_new_faults = true;
    for folder in &removed {
        close_workspaces(server, folder);
    }
    for folder in &added {
        if (server.settings.find_root)(folder).as_ref() == Some(folder) {
            server.open_workspace(folder);
        }
    }
    adopt_buffers(server);
    share_out_buffers(server);
}

fn paths_of(folders: Vec<WorkspaceFolder>) -> Vec<PathBuf> {
    let folders = folders.into_iter();
    folders
        .filter_map(|folder| path_of(folder.uri.as_str()))
        .collect()
}

/// Closes the workspaces of a folder, except those that another folder holds.
fn close_workspaces(server: &mut ServerState, folder: &Path) {
    let folders = &server.folders;
    let failures = &mut server.failures;
    server.workspaces.retain(|open| {
        let root = &open.client_root;
        let is_held = folders.iter().any(|other| root.starts_with(other));
        let stays = is_held || !root.starts_with(folder);
        if !stays {
            failures.remove(open.editor.root());
        }
        stays
    });
}

/// Opens the workspace of a file that the client opens.
pub(super) fn adopt_file(server: &mut ServerState, path: &Path) {
    server
        .closed_folders
        .retain(|folder| !path.starts_with(folder));
    open_for(server, &[path.to_owned()]);
}

/// Opens workspaces that came into being after their files were opened.
pub(super) fn adopt_buffers(server: &mut ServerState) {
    let is_closed = |path: &Path| {
        let mut closed = server.closed_folders.iter();
        let is_held = server.folders.iter().any(|other| path.starts_with(other));
        !is_held && closed.any(|folder| path.starts_with(folder))
    };
    let texts = server.buffers.texts().map(|(path, _)| path);
    let paths: Vec<PathBuf> = texts
        .filter(|path| !is_closed(path))
        .map(Path::to_owned)
        .collect();
    open_for(server, &paths);
}

fn open_for(server: &mut ServerState, files: &[PathBuf]) {
    let count = server.workspaces.len();
    for file in files {
        server.open_workspace_of(file);
    }
    if server.workspaces.len() != count {
        server.has_new_faults = true;
        share_out_buffers(server);
    }
}

/// Gives each buffer to its workspace, and to no other one.
fn share_out_buffers(server: &mut ServerState) {
    let texts = server.buffers.texts();
    let texts: Vec<_> = texts
        .map(|(path, text)| (path.to_owned(), Arc::clone(text)))
        .collect();
    for (path, text) in texts {
        let own = server.locate(&path).map(|(workspace, _)| workspace);
        for (at, open) in server.workspaces.iter_mut().enumerate() {
            if let Some(below) = open.path_below(&path) {
                let text = (own == Some(at)).then(|| Arc::clone(&text));
                open.editor.set_buffer(&below, text);
            }
        }
    }
}
