//! Decodes the file of `--vars`: a map of names and values in YAML or JSON. It refuses templates:
//! such a file is data, often written by another program.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{check_variable_name, map_entries};
use crate::load::workspace_files::MAX_YAML_BYTES;
use crate::model::template::find_expression;
use crate::plain_file::read_plain_text;
use crate::span::SourceMap;
use crate::value::ObjectMember;
use crate::yaml::{NodeKind, YamlNode};
use std::path::Path;

/// Why a file of variables cannot be used.
#[derive(Debug)]
pub(crate) enum VarsFileError {
    Unreadable(std::io::Error),
    /// Faults with their places in the file.
    Faults(Vec<Diagnostic>, SourceMap),
}

/// The variables of a file; `shown` is its path as the user wrote it.
///
/// # Errors
/// When it cannot be read, or is no map of names and values.
pub(crate) fn read_vars_file(
    path: &Path,
    shown: &Path,
) -> Result<Vec<ObjectMember>, VarsFileError> {
    let text = read_plain_text(path, MAX_YAML_BYTES).map_err(VarsFileError::Unreadable)?;
    let mut sources = SourceMap::default();
    let id = sources.add(shown.to_owned(), text.as_str());
    let mut diagnostics = Diagnostics::default();
    let vars = match crate::yaml::parse(id, &text) {
        Ok(node) => decode(&node, &mut diagnostics),
        Err(fault) => {
            diagnostics.push(*fault);
            Vec::new()
        }
    };
    let faults = diagnostics.sorted();
    if faults.is_empty() {
        return Ok(vars);
    }
    Err(VarsFileError::Faults(faults, sources))
}

fn decode(node: &YamlNode, diagnostics: &mut Diagnostics) -> Vec<ObjectMember> {
    let entries = map_entries(node, "a file of variables", diagnostics);
    if entries.is_empty() && node.as_map().is_some() {
        let diagnostic = Diagnostic::error("a file of variables is empty");
        diagnostics.push(diagnostic.at(node.at, "it sets no variable"));
    }
    for entry in entries {
        check_variable_name(&entry.key, entry.key_at, "a variable", diagnostics);
        refuse_templates(&entry.value, diagnostics);
    }
    let members = entries.iter();
    members
        .map(|entry| (entry.key.clone(), entry.value.to_value()))
        .collect()
}

fn refuse_templates(node: &YamlNode, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Text(text) if find_expression(&text.value).is_some() => {
            let diagnostic =
                Diagnostic::error("a value in a file of variables cannot be a template");
            diagnostics.push(diagnostic.at(node.at, "it would be sent literally").hint(
                "write a literal value; templates are allowed in `vars` of a request or of `ingam.yaml`",
            ));
        }
        NodeKind::List(items) => {
            for item in items {
                refuse_templates(item, diagnostics);
            }
        }
        NodeKind::Map(entries) => {
            for entry in entries {
                refuse_templates(&entry.value, diagnostics);
            }
        }
        _ => {}
    }
}
