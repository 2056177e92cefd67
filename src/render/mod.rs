//! Scope and templates: fills in the holes of what was loaded. The only room that knows minijinja.
//! It refuses to render anything twice: a value that holds `{{` is a value.

mod call_check;
mod convert;
mod draft;
mod encoded_body;
mod engine;
mod error;
mod exact_filters;
mod expression_names;
mod filter_chain;
mod filters;
mod fresh_values;
mod functions;
mod output_path;
mod placeholders;
mod plain_values;
mod scope;
mod silent_loss;
mod template_scope;

pub use draft::{BodyFiles, render_draft};
pub(crate) use encoded_body::render_encoded_body;
pub(crate) use engine::render_text;
pub use engine::render_tree;
pub(crate) use error::RenderError;
pub(crate) use expression_names::{compared_texts, conversions, first_use, names_with_places};
pub use fresh_values::FreshValues;
pub(crate) use functions::{FUNCTION_NAMES, UNRESERVED_FUNCTIONS, called_function};
pub(crate) use output_path::render_output_path;
pub(crate) use scope::{
    PlaceholderScope, RESERVED_NAMES, SECRET_ROOT, VariableOrigin, check_variable_bytes,
};
pub use scope::{VariableLayer, VariableScope};
pub(crate) use template_scope::{TemplateDialect, TemplateScope};
