//! Renders values that are sent as plain text: parameters, headers, fields of a form, a text.

use super::engine::RenderedSize;
use super::error::RenderError;
use super::template_scope::TemplateScope;
use crate::model::request::TemplateField;
use crate::model::template::TemplateTree;
use crate::value::Value;

/// A list repeats the name, null leaves it out.
pub(super) fn render_pairs(
    fields: &[TemplateField],
    scope: &dyn TemplateScope,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut pairs = Vec::with_capacity(fields.len());
    let mut size = RenderedSize::default();
    for field in fields {
        let value = size.render(&field.value, scope)?;
        match value.as_ref() {
            Value::Null => {}
            Value::List(items) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    pairs.push((field.name.to_string(), single_value(field, item)?));
                }
            }
            item => pairs.push((field.name.to_string(), single_value(field, item)?)),
        }
    }
    Ok(pairs)
}

fn single_value(field: &TemplateField, value: &Value) -> Result<String, RenderError> {
    value.to_plain_text().ok_or_else(|| {
        RenderError::new(
            field.value.at,
            format!(
                "`{}` must be a single value or a list of single values",
                field.name
            ),
        )
        .hint("use `| compact` to send JSON as text")
    })
}

pub(super) fn render_plain_text(
    written: &TemplateTree,
    scope: &dyn TemplateScope,
    size: &mut RenderedSize,
) -> Result<String, RenderError> {
    let value = size.render(written, scope)?;
    value.to_plain_text().ok_or_else(|| {
        RenderError::new(written.at, "this must be text").hint("use `json` for a map or a list")
    })
}
