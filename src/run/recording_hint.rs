//! What to write for a request that no recording answers: the file, and a skeleton to paste into it.

use crate::model::recording::{RecordedRequest, Recording};
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::recording::{RecordingKey, belongs_to_file, exchange_skeleton, recording_skeleton};

/// A skeleton that is longer than this is not shown.
const MAX_SKELETON_LINES: usize = 60;

/// `request` is free of secrets. Lines of the skeleton begin with blanks, so that no report wraps
/// them.
pub(super) fn recording_hint(
    key: &RecordingKey,
    scheme: &Scheme,
    request: &RecordedRequest,
    workspace: &Workspace,
) -> String {
    let mut recordings = workspace.recordings.iter();
    let own = recordings.find(|recording| {
        recording.scheme == scheme.name && belongs_to_file(&recording.name, &key.file, &scheme.name)
    });
    let (task, skeleton) = if let Some(own) = own {
        (addition_task(own), exchange_skeleton(request))
    } else {
        let path = new_path(&key.file, &scheme.name, workspace);
        let task = format!("write the marketplace's response to {path}");
        (task, recording_skeleton(request, &scheme.name))
    };
    let file = if key.is_fixture() {
        String::new()
    } else {
        format!(" {}", key.file)
    };
    let hint = format!("{task}, or record it with `ingam run --env live --record=new{file}`");
    let lines: Vec<String> = skeleton.lines().map(|line| format!("  {line}")).collect();
    if lines.len() > MAX_SKELETON_LINES {
        return hint;
    }
    format!("{hint}:\n{}", lines.join("\n"))
}

fn addition_task(own: &Recording) -> String {
    // A file that ingam wrote is refused once it has changed, unless its checksum is gone.
    let checksum = if own.is_generated {
        ", without its `checksum`"
    } else {
        ""
    };
    let path = format!("fixtures/recordings/{}.yaml", own.name);
    format!("add the marketplace's response to `exchanges` in {path}{checksum}")
}

/// A flow has one file for each of its schemes.
fn new_path(file: &str, scheme: &str, workspace: &Workspace) -> String {
    let mut recordings = workspace.recordings.iter();
    if recordings.any(|recording| recording.name == file) {
        format!("fixtures/recordings/{file}.{scheme}.yaml")
    } else {
        format!("fixtures/recordings/{file}.yaml")
    }
}
