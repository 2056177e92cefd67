//! From a workspace to what a run will do: which requests, in which order, with every name known beforehand. It refuses
//! an empty selection.

mod names;
mod select;

pub use names::{Given, check_names, knows_variable};
pub use select::{Selection, SelectionError, select};

use crate::model::request::Request;

/// The requests of a run, in order; those with a reason are left out and said so.
#[derive(Clone, Debug, Default)]
pub struct Plan<'w> {
    pub units: Vec<&'w Request>,
}

impl Plan<'_> {
    /// Whether anything at all would be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.iter().all(|request| request.skip.is_some())
    }
}
