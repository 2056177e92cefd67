//! `ingam snapshot`: what is pending is looked at, accepted or rejected; what belongs to nothing is
//! cleared away.

mod diff_view;
mod key_input;
mod review;

use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, RequestFilter, SnapshotAction, SnapshotArgs, SnapshotFilter};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{did_you_mean, pluralize};
use crate::host::HostContext;
use crate::model::scheme::PathPattern;
use crate::model::workspace::Workspace;
use crate::run::unreferenced_snapshots;
use crate::snapshot::{SnapshotError, SnapshotLocation, find_snapshots};

/// That nothing waits for a person is no fault.
const NONE_PENDING: &str = "no snapshot is pending";

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &SnapshotArgs,
    output: &Output,
) -> ExitStatus {
    let done = match &args.action {
        SnapshotAction::Review(which) => review::run(host, global, which, output),
        SnapshotAction::Accept(which) => find_pending(host, global, which, output)
            .map(|all| apply_to_all(&all, "accepted", &SnapshotLocation::accept, output)),
        SnapshotAction::Reject(which) => {
            let reject = |kept: &SnapshotLocation| kept.discard_pending().map(|_| ());
            find_pending(host, global, which, output)
                .map(|all| apply_to_all(&all, "rejected", &reject, output))
        }
        SnapshotAction::Prune { list } => prune(host, global, *list, output),
    };
    done.unwrap_or_else(|exit| exit)
}

type SnapshotOperation<'a> = dyn Fn(&SnapshotLocation) -> Result<(), SnapshotError> + 'a;

/// Does it to all, and says so in a word. One that cannot be done does not keep the others from it.
fn apply_to_all(
    all: &[SnapshotLocation],
    word: &str,
    act: &SnapshotOperation<'_>,
    output: &Output,
) -> ExitStatus {
    let mut done = 0;
    let mut ends = ExitStatus::Success;
    for kept in all {
        match act(kept) {
            Ok(()) => {
                done += 1;
                output.print_data(&format!("{word} {}", kept.path.display()));
            }
            Err(error) => ends = report_error(&error, output),
        }
    }
    output.print_message(&if all.is_empty() {
        NONE_PENDING.to_owned()
    } else {
        format!("{} {word}", pluralize(done, "snapshot"))
    });
    ends
}

/// Says what is wrong with a snapshot.
fn report_error(error: &SnapshotError, output: &Output) -> ExitStatus {
    output.print_error(
        &error.to_string(),
        &error.hint().into_iter().collect::<Vec<_>>(),
    );
    match error {
        SnapshotError::Missing { .. } | SnapshotError::Unreadable { .. } => {
            ExitStatus::RecordingInvalid
        }
        SnapshotError::Unwritable { .. } | SnapshotError::MaskFailed { .. } => {
            ExitStatus::OperationFailed
        }
    }
}

/// Those that are pending, or of them those that are named. The requests themselves need not be
/// without a fault for that.
fn find_pending(
    host: &HostContext,
    global: &GlobalArgs,
    which: &SnapshotFilter,
    output: &Output,
) -> Result<Vec<SnapshotLocation>, ExitStatus> {
    let root = settings::find_root(host, global);
    let root = root.canonicalize().unwrap_or(root);
    let snapshots = find_snapshots(&root).map_err(|error| report_error(&error, output))?;
    let mut all = Vec::new();
    for location in snapshots {
        if location
            .has_pending()
            .map_err(|error| report_error(&error, output))?
        {
            all.push(location);
        }
    }
    let words = settings::request_selection(
        &RequestFilter {
            patterns: which.patterns.clone(),
            ..RequestFilter::default()
        },
        host,
        &root,
    )
    .patterns;
    for word in &words {
        if !all.iter().any(|kept| matches_pattern(word, kept)) {
            let names: Vec<String> = all.iter().map(snapshot_name).collect();
            let nothing =
                || Some("nothing is pending at all".to_owned()).filter(|_| names.is_empty());
            let hint =
                did_you_mean(&bare_name(word), names.iter().map(String::as_str)).or_else(nothing);
            output.print_error(
                &format!("no pending snapshot fits `{word}`"),
                &hint.into_iter().collect::<Vec<_>>(),
            );
            return Err(ExitStatus::NothingSelected);
        }
    }
    all.retain(|kept| words.is_empty() || words.iter().any(|word| matches_pattern(word, kept)));
    Ok(all)
}

/// `coupang/search--wide`: its path without folder and ending.
fn snapshot_name(kept: &SnapshotLocation) -> String {
    bare_name(&kept.path.to_string_lossy())
}

/// `coupang`, `coupang/search`, `requests/coupang/search.yaml`, `coupang/search--wide.snap.new` and
/// `coupang/*` all fit `coupang/search--wide`.
fn matches_pattern(word: &str, kept: &SnapshotLocation) -> bool {
    let (word, name) = (bare_name(word), snapshot_name(kept));
    if word.contains('*') {
        return PathPattern(word).matches(&name);
    }
    // An empty word is an unset variable of a shell, and does not mean everything.
    let rest = if word.is_empty() {
        None
    } else {
        name.strip_prefix(word.as_str())
    };
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with("--"))
}

fn bare_name(word: &str) -> String {
    let word = word.replace('\\', "/");
    let word = word
        .strip_prefix("./")
        .unwrap_or(&word)
        .trim_end_matches('/');
    let word = word.strip_prefix("requests/").unwrap_or(word);
    let endings = [".snap.new", ".snap", ".yaml", ".yml"];
    endings
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word)
        .to_owned()
}

/// Nothing is removed while a file of the workspace has a fault: its requests are not known then.
fn prune(
    host: &HostContext,
    global: &GlobalArgs,
    lists: bool,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let loaded = settings::load_workspace(host, global, output)?;
    let idle =
        unreferenced_snapshots(&loaded.workspace).map_err(|error| report_error(&error, output))?;
    let word = if lists { "unreferenced" } else { "removed" };
    for kept in &idle {
        let shown = kept.existing_path();
        if !lists {
            kept.remove_all()
                .map_err(|error| report_error(&error, output))?;
        }
        output.print_data(&format!("{word} {}", shown.display()));
    }
    output.print_message(&match (idle.len(), lists) {
        (0, _) => "every snapshot belongs to a request".to_owned(),
        (number, true) => format!(
            "{} found; without `--list` all of that is removed",
            pluralize(number, "snapshot")
        ),
        (number, false) => format!("{} removed", pluralize(number, "snapshot")),
    });
    Ok(ExitStatus::Success)
}

/// Snapshots that nothing is held against are said, with their paths.
pub(crate) fn warn_of_unreferenced(workspace: &Workspace, output: &Output) {
    let warning = output.err.yellow("warning");
    match unreferenced_snapshots(workspace) {
        Ok(idle) if idle.is_empty() => {}
        Ok(idle) => {
            let are = if idle.len() == 1 { "belongs" } else { "belong" };
            let paths: Vec<String> = idle
                .iter()
                .map(|kept| format!("\n  {}", kept.existing_path().display()))
                .collect();
            let text = format!(
                "{} {are} to no step, case or account of any request",
                pluralize(idle.len(), "snapshot")
            );
            output.print_message(&format!("{warning}: {text}:{}", paths.concat()));
            output.print_message(&format!(
                "{}: `ingam snapshot prune` removes what nothing is held against",
                output.err.yellow("help")
            ));
        }
        Err(error) => output.print_message(&format!("{warning}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_word_names_what_belongs_to_it() {
        let kept =
            SnapshotLocation::new(Path::new("/"), "requests/coupang/search--wide.snap".into());
        for word in [
            "coupang",
            "coupang/",
            "coupang/search",
            "requests/coupang/search.yaml",
            "./coupang/search--wide.snap.new",
            "coupang/*",
        ] {
            assert!(matches_pattern(word, &kept), "{word}");
        }
        for word in [
            "",
            " ",
            "coup",
            "coupang/sea",
            "coupang/search--wid",
            "search",
        ] {
            assert!(!matches_pattern(word, &kept), "{word}");
        }
    }
}
