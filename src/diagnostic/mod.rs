//! A fault in a file: the reason, the place and a hint. Nothing is printed here; `render` returns
//! text.

mod fault;
mod fault_cache;
mod render;
mod repair;
mod suggest;

pub(crate) use fault::Diagnostics;
pub(crate) use fault::{Diagnostic, LabeledSpan, Severity};
pub(crate) use fault_cache::{CheckKind, FaultCache, FileVersions};
pub(crate) use render::DiagnosticRenderer;
pub(crate) use repair::{Hint, Repair, name_hint, similar_hint};
pub(crate) use suggest::{
    did_you_mean, join_names, nearest_name, pluralize, similar_name_hint, similar_names,
};
