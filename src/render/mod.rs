//! Scope and templates: fills in the holes of what was loaded. The only room that knows minijinja. It refuses to render
//! anything twice: a value that holds `{{` is a value.

mod convert;
mod draft;
mod engine;
mod error;
mod filters;
mod moment;
mod names;
mod scope;

pub use draft::{BodyFiles, draft};
pub use engine::{Dialect, Scope, text, tree};
pub use error::RenderError;
pub use moment::{Moment, format_time, parse_zone};
pub use scope::{FUNCTIONS, Layer, Marked, Origin, RESERVED, Variables};
