//! What users and tests tell the sandbox while it runs, below a path that no marketplace uses. The
//! controls show no token.

mod apply;
mod command;
mod guard;
mod parameters;
mod parse;

pub(super) use command::{ControlCommand, ControlError, is_person_page};
pub use guard::ControlGuard;
