//! Parameters, headers and form fields as entries of a map; disabled ones as comments.

use super::texts::RequestTexts;
use crate::import::{CollectionField, ForeignText};
use crate::request_file::{DocumentEntry, DocumentRemark};

/// Fields as entries of a map.
pub(super) fn field_entries(
    fields: &[CollectionField],
    texts: &mut RequestTexts<'_, '_>,
    losses: &mut Vec<String>,
) -> Vec<DocumentEntry> {
    let mut entries = Vec::new();
    for field in fields {
        if field.name == "<<"
            || (field.name.is_empty() && field.value.as_ref().is_none_or(ForeignText::is_empty))
        {
            if !field.name.is_empty() {
                losses.push("the parameter `<<`: YAML reserves this name".to_owned());
            }
            continue;
        }
        if field.is_disabled {
            // A comment names no variable, so it needs none.
            let value = field.value.as_ref();
            let shown = value.map_or_else(String::new, |value| texts.shown(&field.name, value));
            let mut entry = DocumentEntry::new(field.name.clone(), shown);
            entry.remark = DocumentRemark::LeftOut(
                field
                    .remark
                    .clone()
                    .unwrap_or_else(|| "disabled".to_owned()),
            );
            entries.push(entry);
            continue;
        }
        let value = field.value.clone().unwrap_or_default();
        let source = texts.named_source(&field.name, &value).to_source();
        let mut entry = DocumentEntry::new(field.name.clone(), source);
        if let Some(remark) = &field.remark {
            entry.remark = DocumentRemark::Beside(remark.clone());
        }
        entries.push(entry);
    }
    entries
}
