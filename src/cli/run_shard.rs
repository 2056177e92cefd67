//! `--shard` and `--shard-times`: the part of a plan that this run has.

use super::args::RunArgs;
use super::command_error::CommandError;
use super::invocation::Invocation;
use super::output::Output;
use super::settings;
use crate::diagnostic::pluralize;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::plan::{Plan, UnitTimes};
use crate::report::read_document;
use std::path::Path;

/// Leaves the units of the shard in the plan, and says how many these are.
///
/// # Errors
/// If the shard or the times of the command line are wrong.
pub(super) fn retain_shard(
    plan: &mut Plan<'_>,
    text: &str,
    (invocation, args, output): (&Invocation<'_>, &RunArgs, &Output),
) -> Result<(), CommandError> {
    let shard = settings::parse_shard(invocation.host, text)?;
    let times = shard_times(plan, invocation, args, output)?;
    let all = pluralize(plan.units.len(), "unit");
    plan.retain_shard(shard, times.as_ref());
    // An empty shard is reported, so that it is not mistaken for a run that passed. Its units run
    // in the other shards.
    let count = plan.units.len();
    if count == 0 {
        invocation.warnings.add_with_hint(
            format!("shard {shard} is empty: it tests nothing"),
            format!("the other shards run {all}; use at most as many shards as there are units"),
        );
    }
    output.print_warnings(&invocation.warnings);
    output.print_message(&format!("shard {shard}: {count} of {all}"));
    Ok(())
}

/// The times of the document that `--shard-times` names.
///
/// # Errors
/// If it cannot be read, is no report of a run, or has a time of no unit of the plan.
fn shard_times(
    plan: &Plan<'_>,
    invocation: &Invocation<'_>,
    args: &RunArgs,
    output: &Output,
) -> Result<Option<UnitTimes>, CommandError> {
    let Some(path) = &args.shard_times else {
        return Ok(None);
    };
    let times = read_times(&invocation.host.cwd, path)?;
    let (known, all) = (times.known_count(&plan.units), plan.units.len());
    if known == 0 && all > 0 {
        return Err(CommandError::file(format!(
            "`--shard-times {}` has no time for any unit of this run",
            path.display()
        ))
        .hint("pass the JSON report of an earlier run of these requests, or remove the option"));
    }
    if known < all {
        output.print_message(&format!(
            "`{}` has no time for {} of {}: ingam uses the median of the others for each",
            path.display(),
            all - known,
            pluralize(all, "unit"),
        ));
    }
    Ok(Some(times))
}

fn read_times(cwd: &Path, path: &Path) -> Result<UnitTimes, CommandError> {
    let text = read_plain_text(&cwd.join(path), MAX_TEXT_BYTES).map_err(|error| {
        CommandError::usage(format!(
            "`--shard-times {}` cannot be read: {error}",
            path.display()
        ))
    })?;
    let document = read_document(&path.display().to_string(), &text)?;
    let times = document.unit_durations();
    Ok(UnitTimes::new(
        times.map(|(id, time)| (id.to_owned(), time)),
    ))
}
