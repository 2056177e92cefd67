//! Compares a response with the assertions of a file. Every assertion is judged, and every failed
//! predicate has its place, the expected value, the actual value and their differences. A predicate
//! that does not apply to a value fails, also under `not` and `none`. The room knows no YAML, no
//! templates and no network.

mod actual_value;
mod always_true;
mod arrange;
mod capture;
mod combinations;
mod compare;
mod condition;
mod converted;
mod describe;
mod difference;
mod explain;
mod failure;
mod judge;
mod outcome;
mod predicate_fault;
mod predicate_faults;
mod response_view;
mod schema;
mod show;
mod subject_type;
mod type_mismatch;
mod unsatisfiable;
mod verdict;

pub(crate) use always_true::matches_every_text;
pub(crate) use arrange::arranged;
pub(crate) use capture::{CaptureFailure, CapturedValue, capture};
pub(crate) use difference::{DifferenceKind, DifferenceList, ValueDifference, differences};
pub(crate) use failure::PredicateFailure;
pub use judge::judge;
pub(crate) use judge::{decide, holds, holds_for_null, statuses};
pub(crate) use outcome::holds_without_templates;
pub use outcome::{ResponseOutcome, classify_response};
pub(crate) use predicate_faults::predicate_faults;
pub use response_view::ResponseView;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
