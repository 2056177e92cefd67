//! Decodes `cases` and `params`: ids with variables, in place or from a table beside the files.

use crate::diagnostic::Diagnostic;
use crate::load::node_reader::{check_variable_name, is_id, map_entries, wrong_kind};
use crate::load::request::RequestDecoder;
use crate::model::request::{CaseVariant, TemplateField, WorkspaceFile, WorkspaceFileError};
use crate::model::template::TemplateTree;
use crate::span::Span;
use crate::value::{CompactText, JsonError, ObjectMember, Value};
use crate::yaml::{NodeKind, YamlNode};
use std::collections::HashSet;
use std::path::PathBuf;

/// A name and its text in a row.
type TableCell = ObjectMember;

impl RequestDecoder<'_> {
    /// A map of ids, or a file whose first column is the id. `None` if it cannot be read.
    pub(super) fn variants(
        &mut self,
        node: &YamlNode,
        what: &'static str,
    ) -> Option<Vec<CaseVariant>> {
        let variants = match &node.kind {
            NodeKind::Text(text) => self.table_variants(&text.value, node, what),
            NodeKind::Map(_) => Some(self.inline_variants(node, what)),
            _ => {
                self.diagnostics.push(wrong_kind(
                    node,
                    what,
                    "a map of ids, or the path of a `.csv` or `.json` file",
                ));
                None
            }
        };
        if variants.as_ref().is_some_and(Vec::is_empty) {
            self.diagnostics.push(
                Diagnostic::error(format!("{what} has no line"))
                    .at(node.at, "nothing would be tested"),
            );
        }
        variants
    }

    fn inline_variants(&mut self, node: &YamlNode, what: &str) -> Vec<CaseVariant> {
        let lines = map_entries(node, what, self.diagnostics);
        let mut variants = Vec::new();
        for entry in lines {
            self.check_variant_id(&entry.key, entry.key_at);
            let vars = if matches!(entry.value.kind, NodeKind::Null) {
                Vec::new()
            } else {
                self.vars(&entry.value)
            };
            variants.push(CaseVariant {
                id: entry.key.to_string(),
                at: entry.key_at,
                vars,
            });
        }
        variants
    }

    fn check_variant_id(&mut self, id: &str, at: Span) {
        if !is_id(id) {
            let diagnostic = Diagnostic::error(format!("`{id}` is not an id")).at(at, "this one");
            self.diagnostics.push(diagnostic.hint(
                "use letters, digits, `_`, `-` and `.`: it stands in square brackets in ids",
            ));
        }
    }

    /// `cases: keywords.csv`, relative to the root of the workspace.
    fn table_variants(
        &mut self,
        path: &str,
        node: &YamlNode,
        what: &str,
    ) -> Option<Vec<CaseVariant>> {
        let file = self.files.workspace_file(node, self.diagnostics)?;
        match self.table_rows(path, &file) {
            Ok(rows) => {
                let variants: Vec<CaseVariant> = rows
                    .into_iter()
                    .filter_map(|row| self.row_variant(row, node))
                    .collect();
                self.check_unique_ids(&variants, node);
                Some(variants)
            }
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error(format!("{what} cannot be read: {error}"))
                        .at(node.at, "this file")
                        .maybe_hint(error.hint().map(str::to_owned)),
                );
                None
            }
        }
    }

    fn table_rows(
        &self,
        path: &str,
        file: &WorkspaceFile,
    ) -> Result<Vec<Vec<TableCell>>, TableFileError> {
        let bytes = self.files.read_data(file)?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| TableFileError::NotText(file.path.clone()))?;
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => csv_rows(text),
            Some("json") => json_rows(text),
            _ => Err(TableFileError::UnknownFormat),
        }
    }

    /// An id that stands twice would be one test less than it looks.
    fn check_unique_ids(&mut self, variants: &[CaseVariant], node: &YamlNode) {
        let mut seen = HashSet::with_capacity(variants.len());
        for variant in variants {
            if !seen.insert(variant.id.as_str()) {
                let diagnostic = Diagnostic::error(format!(
                    "the id `{}` stands twice in this table",
                    variant.id
                ));
                self.diagnostics.push(diagnostic.at(node.at, "this file"));
            }
        }
    }

    fn row_variant(&mut self, row: Vec<TableCell>, node: &YamlNode) -> Option<CaseVariant> {
        let mut cells = row.into_iter();
        // The first column is the id, whatever its name.
        let id = cells.next()?.1.to_text();
        self.check_variant_id(&id, node.at);
        let vars = cells.map(|(name, value)| {
            check_variable_name(&name, node.at, "a variable", self.diagnostics);
            TemplateField {
                name,
                name_at: node.at,
                value: TemplateTree::constant(value),
            }
        });
        let vars = vars.collect();
        Some(CaseVariant {
            id,
            at: node.at,
            vars,
        })
    }
}

/// Why a file is no table of cases.
#[derive(Debug, thiserror::Error)]
enum TableFileError {
    #[error(transparent)]
    File(#[from] WorkspaceFileError),
    #[error("`{}` is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    #[error("a table is a `.csv` or a `.json` file")]
    UnknownFormat,
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("it is not a list of objects")]
    NotList,
    #[error("each element must be an object whose first member is the id")]
    NotObject,
}

impl TableFileError {
    fn hint(&self) -> Option<&'static str> {
        // Excel writes the encoding of the system, which is CP949 in Korea, unless it is told.
        matches!(self, Self::NotText(_)).then_some(
            "save it as UTF-8: in Excel \"CSV UTF-8\", elsewhere `iconv -f CP949 -t UTF-8`",
        )
    }
}

/// The first line has the names. A cell arrives as a value in YAML does: what JSON spells as a
/// number is a number.
fn csv_rows(text: &str) -> Result<Vec<Vec<TableCell>>, TableFileError> {
    let mut reader = csv::ReaderBuilder::new()
        // Spreadsheets pad cells, and an id or a header with a blank would not be found.
        .trim(csv::Trim::All)
        // Excel writes a byte order mark, which would become a part of the first name.
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let names = reader.headers()?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        rows.push(
            names
                .iter()
                .map(CompactText::from)
                .zip(record.iter().map(Value::from_scalar_text))
                .collect(),
        );
    }
    Ok(rows)
}

/// A list of objects; the first member of each is the id.
fn json_rows(text: &str) -> Result<Vec<Vec<TableCell>>, TableFileError> {
    let value = crate::value::parse(text.as_bytes())?;
    let Value::List(items) = value else {
        return Err(TableFileError::NotList);
    };
    let row = |item: Value| match item {
        Value::Object(members) if !members.is_empty() => Ok(members),
        _ => Err(TableFileError::NotObject),
    };
    items.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Number;

    #[test]
    fn a_table_has_an_id_first_and_keeps_numbers() {
        let rows = csv_rows("id,keyword,price\na,무선 이어폰,1.10\nb,\"x, y\",no\n").unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][2].1, Value::Number(Number::parse("1.10").unwrap()));
        assert_eq!(
            (rows[1][1].1.as_str(), rows[1][2].1.as_str()),
            (Some("x, y"), Some("no"))
        );
        assert!(
            csv_rows("id,a\nx,1,2\n").is_err(),
            "a row of another length"
        );
        let rows = json_rows(r#"[{"id":"a","n":1},{"id":"b"}]"#).unwrap();
        assert_eq!((rows[0][0].1.as_str(), rows[1].len()), (Some("a"), 1));
        assert!(json_rows("{}").is_err() && json_rows("[1]").is_err());
    }
}
