//! Merges several documents into one, as if the shards had been one run. It refuses documents that
//! cannot be parts of one run.

use super::document::{FORMAT, NoticeEntry, RunDocument, StepEntry, UnitEntry, VerdictWord};
use super::duration_text::duration_to_ms;
use crate::event::ErrorClass;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Why documents cannot be read or merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MergeError {
    #[error("`{file}` is not a JSON report of `ingam run --report json=…`: {fault}")]
    InvalidDocument { file: String, fault: DocumentFault },
    #[error("`{file}` has format {found}, but this version of ingam reads format {FORMAT}")]
    UnsupportedFormat { file: String, found: u32 },
    #[error("`{first}` and `{second}` both contain `{id}`")]
    DuplicateUnit {
        id: String,
        first: String,
        second: String,
    },
    #[error("`{first}` ran in environment `{here}`, `{second}` in `{there}`")]
    EnvironmentMismatch {
        first: String,
        second: String,
        here: String,
        there: String,
    },
    #[error("of {total} shards, the {} missing: {}", if .missing.len() == 1 { "following is" } else { "following are" }, .missing.join(", "))]
    MissingShards { total: u32, missing: Vec<String> },
    #[error(
        "`{file}` is shard {shard}, but other reports have another number of shards, or no shards"
    )]
    ShardMismatch { file: String, shard: String },
    #[error("`{first}` and `{second}` are both shard {shard}")]
    DuplicateShard {
        shard: String,
        first: String,
        second: String,
    },
    #[error("`{first}` has {here} units in all shards, but `{second}` has {there}")]
    PlanMismatch {
        first: String,
        second: String,
        here: usize,
        there: usize,
    },
    #[error("the shards have {planned} units together, but the whole run has {all}")]
    UnitsLost { planned: usize, all: usize },
    #[error("there are no reports to merge")]
    NoDocuments,
}

/// A fault in a document that no run of ingam writes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentFault {
    /// In the words of the JSON reader.
    #[error("{0}")]
    NotJson(String),
    #[error("`shard` is `{0}`; it must be a number and a total such as `2/5`")]
    InvalidShard(String),
    #[error("`{id}` has a time of {ms} ms, which is not between 0 and {MAX_OFFSET_MS} ms")]
    InvalidTime { id: String, ms: String },
    #[error("`{id}` has the verdict `error` without its class (`trouble`)")]
    MissingErrorClass { id: String },
}

/// The longest time in a document, in milliseconds: 30 years. It keeps sums of times far below what
/// a `Duration` and a timestamp can hold.
const MAX_OFFSET_MS: f64 = 1e12;

impl MergeError {
    #[must_use]
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::InvalidDocument { .. } => {
                "pass reports of `ingam run --report json=…`; if a report is damaged, run its shard again"
            }
            Self::UnsupportedFormat { .. } => {
                "use the same version of ingam for all shards and for the merge"
            }
            Self::DuplicateUnit { .. } => {
                "pass the report of each shard once, and run each unit in only one shard"
            }
            Self::MissingShards { .. } => {
                "without its report, the units of a shard are not tested: run it again"
            }
            Self::DuplicateShard { .. } => "pass the report of each shard once",
            Self::ShardMismatch { .. } => "merge only reports of one run",
            Self::PlanMismatch { .. } | Self::UnitsLost { .. } => {
                "run all shards with the same files, the same selection and the same `--shard-times`"
            }
            Self::EnvironmentMismatch { .. } => "merge only reports of one environment",
            Self::NoDocuments => {
                "pass the reports of the shards: `ingam report merge shards/*.json --report html=all.html`"
            }
        }
    }
}

/// Reads one document; `file` is its name for messages.
///
/// # Errors
/// When it is cut, broken, of another format, or has a value that no run writes.
pub(crate) fn read_document(file: &str, text: &str) -> Result<RunDocument, MergeError> {
    #[derive(Deserialize)]
    struct FormatHeader {
        format: u32,
    }
    let broken = |error: serde_json::Error| MergeError::InvalidDocument {
        file: file.to_owned(),
        fault: DocumentFault::NotJson(error.to_string()),
    };
    // On its own first: a document of another format would otherwise be reported as broken, with
    // the name of some missing field.
    let head: FormatHeader = serde_json::from_str(text).map_err(broken)?;
    if head.format != FORMAT {
        return Err(MergeError::UnsupportedFormat {
            file: file.to_owned(),
            found: head.format,
        });
    }
    let document = serde_json::from_str(text).map_err(broken)?;
    match document_fault(&document) {
        None => Ok(document),
        Some(fault) => Err(MergeError::InvalidDocument {
            file: file.to_owned(),
            fault,
        }),
    }
}

/// Faults that serde accepts and a report must not guess at: a shard that is no number would
/// disable the search for missing shards, and an error without a class would get another exit code.
fn document_fault(document: &RunDocument) -> Option<DocumentFault> {
    if let Some(shard) = &document.shard
        && parse_shard(shard).is_none()
    {
        return Some(DocumentFault::InvalidShard(shard.clone()));
    }
    if !is_offset(document.duration_ms) {
        return Some(invalid_time("duration_ms", document.duration_ms));
    }
    let of_units = document
        .units
        .iter()
        .find_map(unit_fault)
        .or_else(|| document.errors().find_map(notice_fault));
    let of_set_ups = || {
        let mut set_ups = document.set_ups.iter();
        set_ups.find_map(|set_up| steps_fault(&set_up.fixture, &set_up.steps))
    };
    of_units.or_else(of_set_ups)
}

fn notice_fault(notice: &NoticeEntry) -> Option<DocumentFault> {
    notice
        .trouble
        .is_none()
        .then(|| DocumentFault::MissingErrorClass {
            id: notice.headline(),
        })
}

fn unit_fault(unit: &UnitEntry) -> Option<DocumentFault> {
    if unit.verdict == VerdictWord::Error && unit.trouble.is_none() {
        let id = unit.id.clone();
        return Some(DocumentFault::MissingErrorClass { id });
    }
    let mut times = [unit.started_ms, unit.duration_ms].into_iter();
    times
        .find(|ms| !is_offset(*ms))
        .map(|ms| invalid_time(&unit.id, ms))
        .or_else(|| steps_fault(&unit.id, &unit.steps))
}

fn steps_fault(id: &str, steps: &[StepEntry]) -> Option<DocumentFault> {
    for step in steps {
        if step.verdict == VerdictWord::Error && step.trouble.is_none() {
            let id = id.to_owned();
            return Some(DocumentFault::MissingErrorClass { id });
        }
        let attempts = step
            .attempts
            .iter()
            .filter_map(|attempt| attempt.latency_ms);
        let phases = step.phases.iter().flat_map(|phases| {
            let parts = [phases.look_up, phases.connect, phases.tls];
            let rest = [phases.wait, phases.body, Some(phases.total)];
            parts.into_iter().chain(rest).flatten()
        });
        let mut times = [Some(step.started_ms), step.sent_ms, step.latency_ms]
            .into_iter()
            .flatten()
            .chain(attempts)
            .chain(phases);
        if let Some(ms) = times.find(|ms| !is_offset(*ms)) {
            return Some(invalid_time(id, ms));
        }
    }
    None
}

fn is_offset(ms: f64) -> bool {
    (0.0..=MAX_OFFSET_MS).contains(&ms)
}

fn invalid_time(id: &str, ms: f64) -> DocumentFault {
    DocumentFault::InvalidTime {
        id: id.to_owned(),
        ms: ms.to_string(),
    }
}

/// One document of all, in the order given; each comes with its name.
///
/// # Errors
/// When a unit occurs twice, or the environments differ.
pub(crate) fn merge_documents(
    parts: Vec<(String, RunDocument)>,
) -> Result<RunDocument, MergeError> {
    check_environments(&parts)?;
    check_duplicates(&parts)?;
    check_shards(&parts)?;
    let mut documents = parts.into_iter().map(|(_, document)| document);
    let mut whole = documents.next().ok_or(MergeError::NoDocuments)?;
    // The result is no part of anything. With a shard number, a second merge would look for the
    // other shards.
    whole.shard = None;
    whole.all_units = None;
    // That of one part only.
    whole.exit_code = None;
    whole.sort_and_count();
    for part in documents {
        append(&mut whole, part);
    }
    // Every shard counted by itself, so indices can occur twice. The order of the documents is
    // kept.
    for (index, unit) in whole.units.iter_mut().enumerate() {
        unit.index = index;
    }
    whole.sort_and_count();
    drop_empty_parts(&mut whole);
    Ok(whole)
}

/// A part in which all was skipped tested nothing, and says so. The whole did test something.
fn drop_empty_parts(whole: &mut RunDocument) {
    if whole.summary.skipped < whole.units.len() {
        whole
            .notices
            .retain(|notice| notice.trouble != Some(ErrorClass::Selection));
        whole.sort_and_count();
    }
}

fn check_environments(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    // A run that failed before it began has no environment.
    let begun = || {
        parts
            .iter()
            .filter(|(_, document)| !document.environment.is_empty())
    };
    let Some((first, whole)) = begun().next() else {
        return Ok(());
    };
    let other = begun().find(|(_, document)| document.environment != whole.environment);
    other.map_or(Ok(()), |(second, other)| {
        Err(MergeError::EnvironmentMismatch {
            first: first.clone(),
            second: second.clone(),
            here: whole.environment.clone(),
            there: other.environment.clone(),
        })
    })
}

fn check_duplicates(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (file, document) in parts {
        for unit in &document.units {
            if let Some(first) = seen.insert(&unit.id, file) {
                return Err(MergeError::DuplicateUnit {
                    id: unit.id.clone(),
                    first: first.to_owned(),
                    second: file.clone(),
                });
            }
        }
    }
    Ok(())
}

/// A lost shard must not turn into a passed run, because its units were not tested.
fn check_shards(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    let Some(total) = parts
        .iter()
        .find_map(|(_, document)| shard_number(document))
    else {
        return Ok(());
    };
    let total = total.1;
    let mut seen: HashMap<u32, &str> = HashMap::new();
    for (file, document) in parts {
        let Some((index, _)) = shard_number(document).filter(|(_, other)| *other == total) else {
            return Err(shard_mismatch(file, document));
        };
        // Units that both hold are found before; a shard of few units may hold none.
        if let Some(first) = seen.insert(index, file) {
            return Err(MergeError::DuplicateShard {
                shard: format!("{index}/{total}"),
                first: first.to_owned(),
                second: file.clone(),
            });
        }
    }
    check_all_present(total, &seen)?;
    check_all_planned(parts)
}

/// Shards of different files or different `--shard-times` can leave a unit to each other, so that
/// none runs it.
fn check_all_planned(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    // A run that failed before it began does not say it, and neither do older versions.
    let counts = parts
        .iter()
        .map(|(file, document)| Some((file, document.all_units?)));
    let Some(counts) = counts.collect::<Option<Vec<_>>>() else {
        return Ok(());
    };
    let Some((first, all)) = counts.first() else {
        return Ok(());
    };
    if let Some((second, there)) = counts.iter().find(|(_, there)| there != all) {
        return Err(MergeError::PlanMismatch {
            first: (*first).clone(),
            second: (*second).clone(),
            here: *all,
            there: *there,
        });
    }
    let planned = parts.iter().map(|(_, document)| document.planned).sum();
    if planned == *all {
        Ok(())
    } else {
        Err(MergeError::UnitsLost { planned, all: *all })
    }
}

fn check_all_present(total: u32, seen: &HashMap<u32, &str>) -> Result<(), MergeError> {
    let missing: Vec<String> = (1..=total)
        .filter(|index| !seen.contains_key(index))
        .map(|index| format!("{index}/{total}"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(MergeError::MissingShards { total, missing })
    }
}

fn shard_mismatch(file: &str, document: &RunDocument) -> MergeError {
    let shard = document.shard.as_deref().unwrap_or("of no run in parts");
    MergeError::ShardMismatch {
        file: file.to_owned(),
        shard: shard.to_owned(),
    }
}

/// `None` for a whole run. [`read_document`] refuses a shard that cannot be read.
fn shard_number(document: &RunDocument) -> Option<(u32, u32)> {
    document.shard.as_deref().and_then(parse_shard)
}

/// `2/5`: the number of a part, from one to the total, and the total.
fn parse_shard(shard: &str) -> Option<(u32, u32)> {
    let (index, total) = shard.split_once('/')?;
    let (index, total) = (index.parse().ok()?, total.parse().ok()?);
    (1..=total).contains(&index).then_some((index, total))
}

/// Times are counted from the earliest start; the whole lasts until the last part ends.
fn append(whole: &mut RunDocument, mut part: RunDocument) {
    part.sort_and_count();
    let started = whole.started.min(part.started);
    rebase_times(whole, started);
    rebase_times(&mut part, started);
    whole.duration_ms = whole.duration_ms.max(part.duration_ms);
    if whole.environment.is_empty() {
        whole.environment = part.environment;
    }
    // A part whose run could not begin has no id.
    if whole.run_id.is_empty() {
        whole.run_id = part.run_id;
    } else if !part.run_id.is_empty() && !whole.run_id.split(", ").any(|id| id == part.run_id) {
        whole.run_id = format!("{}, {}", whole.run_id, part.run_id);
    }
    whole.planned += part.planned;
    // If one part was interrupted, the whole is incomplete.
    whole.interrupted = whole.interrupted.take().or(part.interrupted);
    whole.summary.requests += part.summary.requests;
    whole.summary.token_requests += part.summary.token_requests;
    whole.units.extend(part.units);
    whole.set_ups.extend(part.set_ups);
    whole.not_undone.extend(part.not_undone);
    for notice in part.notices {
        // Every shard warns of the same workspace.
        if !whole.notices.contains(&notice) {
            whole.notices.push(notice);
        }
    }
}

fn rebase_times(document: &mut RunDocument, started: jiff::Timestamp) {
    // `started` is the earlier of the two, so the difference has no sign to lose.
    let later = (document.started.as_millisecond() - started.as_millisecond()).unsigned_abs();
    let later = duration_to_ms(Duration::from_millis(later));
    let of_units = document.units.iter_mut().flat_map(|unit| &mut unit.steps);
    let of_fixtures = document
        .set_ups
        .iter_mut()
        .flat_map(|set_up| &mut set_up.steps);
    for step in of_units.chain(of_fixtures) {
        step.started_ms += later;
        step.sent_ms = step.sent_ms.map(|sent| sent + later);
    }
    document
        .units
        .iter_mut()
        .for_each(|unit| unit.started_ms += later);
    document.duration_ms += later;
    document.started = started;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::test_documents::retried_document;

    fn read(document: &RunDocument) -> Result<RunDocument, MergeError> {
        read_document("1.json", &document.to_json().unwrap())
    }

    fn shard(name: &str, unit: &str) -> (String, RunDocument) {
        let mut document = retried_document(VerdictWord::Pass);
        document.shard = Some(name.to_owned());
        unit.clone_into(&mut document.units[0].id);
        (format!("{}.json", name.replace('/', "-")), document)
    }

    fn fault(change: impl Fn(&mut RunDocument)) -> String {
        let mut document = retried_document(VerdictWord::Error);
        assert_eq!(read(&document).unwrap(), document);
        change(&mut document);
        read(&document).unwrap_err().to_string()
    }

    #[test]
    fn a_document_that_says_what_no_run_says_is_refused() {
        let start = "`1.json` is not a JSON report of `ingam run --report json=…`: ";
        for shard in ["one of two", "0/2", "3/2", "1", "-1/2"] {
            assert_eq!(
                fault(|document| document.shard = Some(shard.to_owned())),
                format!(
                    "{start}`shard` is `{shard}`; it must be a number and a total such as `2/5`"
                )
            );
        }
        assert_eq!(
            fault(|document| document.units[0].trouble = None),
            format!("{start}`a[x]@sg` has the verdict `error` without its class (`trouble`)")
        );
        assert_eq!(
            fault(|document| document.units[0].steps[0].latency_ms = Some(-1.0)),
            format!(
                "{start}`a[x]@sg` has a time of -1 ms, which is not between 0 and 1000000000000 ms"
            )
        );
        assert_eq!(
            fault(|document| document.duration_ms = 1e18),
            format!(
                "{start}`duration_ms` has a time of 1000000000000000000 ms, which is not between 0 and 1000000000000 ms"
            )
        );
    }

    #[test]
    fn a_shard_that_comes_twice_is_refused_even_if_no_unit_does() {
        let twice = vec![shard("1/2", "a"), shard("1/2", "b"), shard("2/2", "c")];
        assert_eq!(
            merge_documents(twice).unwrap_err().to_string(),
            "`1-2.json` and `1-2.json` are both shard 1/2"
        );
        let all = vec![shard("2/2", "a"), shard("1/2", "b")];
        assert_eq!(merge_documents(all).unwrap().units.len(), 2);
    }

    #[test]
    fn a_unit_that_no_shard_had_is_missed() {
        let merge = |sizes: [(usize, usize); 2]| {
            let mut shards = vec![shard("1/2", "a"), shard("2/2", "b")];
            for ((_, document), (planned, all)) in shards.iter_mut().zip(sizes) {
                document.planned = planned;
                document.all_units = Some(all);
            }
            merge_documents(shards).map_err(|error| error.to_string())
        };
        assert_eq!(merge([(1, 2), (1, 2)]).unwrap().all_units, None);
        assert_eq!(
            merge([(1, 3), (1, 3)]).unwrap_err(),
            "the shards have 2 units together, but the whole run has 3"
        );
        assert_eq!(
            merge([(1, 2), (1, 3)]).unwrap_err(),
            "`1-2.json` has 2 units in all shards, but `2-2.json` has 3"
        );
    }

    #[test]
    fn a_shard_whose_run_did_not_begin_adds_no_id() {
        for empty in [0, 1] {
            let mut shards = vec![shard("1/2", "a"), shard("2/2", "b")];
            shards[empty].1.run_id = String::new();
            let id = shards[1 - empty].1.run_id.clone();
            assert_eq!(merge_documents(shards).unwrap().run_id, id);
        }
    }
}
