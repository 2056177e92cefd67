//! A fault in a file: what is wrong, where it stands, what to try. It refuses to print; `render`
//! draws the picture as text.

mod fault;
mod render;
mod suggest;

pub(crate) use fault::Diagnostics;
pub(crate) use fault::{Diagnostic, Severity};
pub(crate) use render::DiagnosticRenderer;
pub(crate) use suggest::{did_you_mean, join_names, pluralize, similar_name_hint};
