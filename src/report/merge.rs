//! Several documents become one, as if the shards had been one run. It refuses what cannot have
//! been parts of one.

use super::document::{FORMAT, RunDocument};
use super::duration_text::duration_to_ms;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Why documents cannot be read or merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MergeError {
    #[error("`{file}` is no JSON document of `ingam run --report json=…`: {reason}")]
    InvalidDocument { file: String, reason: String },
    #[error("`{file}` has format {found}, and this version of ingam reads format {FORMAT}")]
    UnsupportedFormat { file: String, found: u32 },
    #[error("`{first}` and `{second}` both hold `{id}`")]
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
    #[error("of {total} shards the {} not here: {}", if .missing.len() == 1 { "following is" } else { "following are" }, .missing.join(", "))]
    MissingShards { total: u32, missing: Vec<String> },
    #[error("`{file}` is shard {shard}, and others are of another number of shards, or of none")]
    ShardMismatch { file: String, shard: String },
    #[error("there is nothing to merge")]
    NoDocuments,
}

impl MergeError {
    #[must_use]
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::InvalidDocument { .. } => {
                "a run that was killed leaves no document: run that shard again"
            }
            Self::UnsupportedFormat { .. } => {
                "let all shards and the merge be done by one version of ingam"
            }
            Self::DuplicateUnit { .. } => {
                "name each shard's document once, and give each unit to one shard"
            }
            Self::MissingShards { .. } => {
                "what a shard had to test is not tested while its document is missing: run it again"
            }
            Self::ShardMismatch { .. } => "merge the documents of one run",
            Self::EnvironmentMismatch { .. } => "merge runs of one environment",
            Self::NoDocuments => {
                "name the documents of the shards: `ingam report merge shards/*.json --report html=all.html`"
            }
        }
    }
}

/// Reads one document; `file` is its name for messages.
///
/// # Errors
/// When it is cut, broken, or of another format.
pub(crate) fn read_document(file: &str, text: &str) -> Result<RunDocument, MergeError> {
    #[derive(Deserialize)]
    struct FormatHeader {
        format: u32,
    }
    let broken = |error: serde_json::Error| MergeError::InvalidDocument {
        file: file.to_owned(),
        reason: error.to_string(),
    };
    let head: FormatHeader = serde_json::from_str(text).map_err(broken)?;
    if head.format != FORMAT {
        return Err(MergeError::UnsupportedFormat {
            file: file.to_owned(),
            found: head.format,
        });
    }
    serde_json::from_str(text).map_err(broken)
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
    whole.shard = None;
    whole.sort_and_count();
    for part in documents {
        append(&mut whole, part);
    }
    for (index, unit) in whole.units.iter_mut().enumerate() {
        unit.index = index;
    }
    whole.sort_and_count();
    Ok(whole)
}

fn check_environments(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    let Some((first, whole)) = parts.first() else {
        return Ok(());
    };
    let other = parts
        .iter()
        .find(|(_, document)| document.environment != whole.environment);
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

/// A shard that got lost would be a green light for what it had to test.
fn check_shards(parts: &[(String, RunDocument)]) -> Result<(), MergeError> {
    let shards: Vec<(u32, u32)> = parts
        .iter()
        .filter_map(|(_, document)| parse_shard(document.shard.as_deref()?))
        .collect();
    let Some((_, total)) = shards.first().copied() else {
        return Ok(());
    };
    let other = |(_, document): &&(String, RunDocument)| {
        document
            .shard
            .as_deref()
            .and_then(parse_shard)
            .is_none_or(|(_, other)| other != total)
    };
    if let Some((file, document)) = parts.iter().find(other) {
        let shard = document
            .shard
            .clone()
            .unwrap_or_else(|| "of no run in parts".to_owned());
        return Err(MergeError::ShardMismatch {
            file: file.clone(),
            shard,
        });
    }
    let is_here = |index: &u32| shards.iter().any(|(here, _)| here == index);
    let missing: Vec<String> = (1..=total)
        .filter(|index| !is_here(index))
        .map(|index| format!("{index}/{total}"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(MergeError::MissingShards { total, missing })
    }
}

/// `2/5`
fn parse_shard(shard: &str) -> Option<(u32, u32)> {
    let (index, total) = shard.split_once('/')?;
    Some((index.parse().ok()?, total.parse().ok()?))
}

/// Times are counted from the earliest start; the whole lasts until the last part ends.
fn append(whole: &mut RunDocument, mut part: RunDocument) {
    part.sort_and_count();
    let started = whole.started.min(part.started);
    rebase_times(whole, started);
    rebase_times(&mut part, started);
    whole.duration_ms = whole.duration_ms.max(part.duration_ms);
    if !whole.run_id.split(", ").any(|id| id == part.run_id) {
        whole.run_id = format!("{}, {}", whole.run_id, part.run_id);
    }
    whole.planned += part.planned;
    whole.interrupted = whole.interrupted.take().or(part.interrupted);
    whole.units.extend(part.units);
    whole.set_ups.extend(part.set_ups);
    whole.not_undone.extend(part.not_undone);
}

fn rebase_times(document: &mut RunDocument, started: jiff::Timestamp) {
    let later = document.started.as_millisecond() - started.as_millisecond();
    let later = duration_to_ms(Duration::from_millis(u64::try_from(later).unwrap_or(0)));
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
