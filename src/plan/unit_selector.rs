//! Selects single units, and flows up to a step, by the ids that reports print.

use super::Unit;
use super::select::{SelectionError, matches_pattern, split_unit_id};
use crate::diagnostic::did_you_mean;
use crate::model::request::Step;

/// How much of a unit a word selects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SelectedSteps {
    All,
    /// The index of the last one.
    UpTo(usize),
}

/// Keeps the selected units. Words that name files or folders select all units of those.
pub(super) fn select_units(
    units: &mut Vec<Unit<'_>>,
    words: &[String],
) -> Result<(), SelectionError> {
    // Most runs name files and folders only, and those were selected before the plan was made.
    if words.iter().all(|word| split_unit_id(word).1.is_empty()) {
        return Ok(());
    }
    for word in words {
        check_word(word, units)?;
    }
    units.retain_mut(|unit| match steps_of_words(words, unit) {
        Some(SelectedSteps::All) => true,
        Some(SelectedSteps::UpTo(last)) => {
            // Up to the last step is the whole flow.
            unit.last_step = (last + 1 < unit.request.steps.len()).then_some(last);
            true
        }
        None => false,
    });
    Ok(())
}

/// The first of the units that an id names, and the step if the id names one.
///
/// # Errors
/// If the id names none of them.
pub(crate) fn select_unit<'w>(
    units: &[Unit<'w>],
    id: &str,
) -> Result<(Unit<'w>, Option<&'w Step>), SelectionError> {
    let found = units.iter().find_map(|unit| {
        let step = match steps_of_word(id, unit)? {
            SelectedSteps::All => None,
            SelectedSteps::UpTo(last) => unit.request.steps.get(last),
        };
        Some((unit.clone(), step))
    });
    found.ok_or_else(|| no_unit(id, units))
}

fn check_word(word: &str, units: &[Unit<'_>]) -> Result<(), SelectionError> {
    if split_unit_id(word).1.is_empty()
        || units.iter().any(|unit| steps_of_word(word, unit).is_some())
    {
        return Ok(());
    }
    Err(no_unit(word, units))
}

fn no_unit(word: &str, units: &[Unit<'_>]) -> SelectionError {
    let (file, rest) = split_unit_id(word);
    let of_file = units.iter().filter(|unit| unit.request.name == file);
    let ids: Vec<String> = of_file.flat_map(ids_of_unit).collect();
    SelectionError::NoUnit {
        hint: did_you_mean(&format!("{file}{rest}"), ids.iter().map(String::as_str)),
        rest: rest.to_owned(),
        file,
    }
}

/// What a user can write for a unit and its steps.
fn ids_of_unit(unit: &Unit<'_>) -> Vec<String> {
    let id = unit.id();
    let names = unit
        .request
        .steps
        .iter()
        .filter_map(|step| step.name.as_ref());
    let steps: Vec<String> = names.map(|name| format!("{id}::{name}")).collect();
    std::iter::once(id).chain(steps).collect()
}

/// The most that one of the words selects.
fn steps_of_words(words: &[String], unit: &Unit<'_>) -> Option<SelectedSteps> {
    let found = words.iter().filter_map(|word| steps_of_word(word, unit));
    found.max_by_key(|steps| match steps {
        SelectedSteps::All => usize::MAX,
        SelectedSteps::UpTo(last) => *last,
    })
}

fn steps_of_word(word: &str, unit: &Unit<'_>) -> Option<SelectedSteps> {
    let (file, rest) = split_unit_id(word);
    if rest.is_empty() {
        return matches_pattern(word, &unit.request.name).then_some(SelectedSteps::All);
    }
    if file != unit.request.name {
        return None;
    }
    suffixes(unit)
        .iter()
        .find_map(|suffix| steps_of_rest(rest, suffix, unit))
}

/// The id without its file: all of it, and what is left when a user leaves a part out. Each is
/// shared by the units that differ only in that part.
fn suffixes(unit: &Unit<'_>) -> [String; 5] {
    let (variants, account) = (unit.variant_suffix(), unit.account_suffix());
    let case = unit
        .case
        .map(|case| format!("[{}]", case.id))
        .unwrap_or_default();
    [
        format!("{variants}{account}"),
        format!("{case}{account}"),
        variants,
        case,
        account,
    ]
}

/// `rest` is a suffix, or one with a step: `[case]::step`, or `::step[case]` as snapshots are named.
fn steps_of_rest(rest: &str, suffix: &str, unit: &Unit<'_>) -> Option<SelectedSteps> {
    if rest == suffix {
        return Some(SelectedSteps::All);
    }
    let names_step = |name: &str| {
        rest.strip_prefix(suffix)
            .and_then(|rest| rest.strip_prefix("::"))
            == Some(name)
            || rest
                .strip_prefix("::")
                .and_then(|rest| rest.strip_prefix(name))
                == Some(suffix)
            || rest.strip_prefix("::") == Some(name)
    };
    let mut steps = unit.request.steps.iter();
    steps
        .position(|step| step.name.as_deref().is_some_and(names_step))
        .map(SelectedSteps::UpTo)
}
