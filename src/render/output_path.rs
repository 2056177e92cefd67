//! Renders the name of a file that a step writes. A template fills one segment of it: no value can
//! lead to another folder.

use super::engine::push_text;
use super::error::RenderError;
use super::template_scope::TemplateScope;
use crate::file_name;
use crate::model::request::OutputFile;
use crate::model::template::TemplatePart;
use crate::span::Span;

/// The segments of the path below the folder of outputs.
///
/// # Errors
/// When a template cannot be filled in, or gives something that is no part of a name.
pub(crate) fn render_output_path(
    output: &OutputFile,
    scope: &dyn TemplateScope,
) -> Result<Vec<String>, RenderError> {
    let mut segments = vec![String::new()];
    for part in &output.path.parts {
        match part {
            TemplatePart::Literal(text) => {
                for (index, piece) in text.split('/').enumerate() {
                    if index > 0 {
                        segments.push(String::new());
                    }
                    if let Some(last) = segments.last_mut() {
                        last.push_str(piece);
                    }
                }
            }
            TemplatePart::Expression(expression) => {
                let mut value = String::new();
                push_text(&mut value, expression, scope)?;
                file_name::check_value(&value)
                    .map_err(|error| refused(expression.at, &value, error))?;
                if let Some(last) = segments.last_mut() {
                    last.push_str(&value);
                }
            }
        }
    }
    for segment in &segments {
        file_name::check_name(segment).map_err(|error| refused(output.at, segment, error))?;
    }
    Ok(segments)
}

fn refused(at: Span, text: &str, error: file_name::FileNameError) -> RenderError {
    RenderError::new(at, format!("`{}` {error}", text.escape_debug()))
        .hint("it is part of the name of a file that `output` writes")
}
