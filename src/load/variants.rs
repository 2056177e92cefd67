//! Decodes `cases` and `params`: ids with variables, in place or from a table beside the files.

use crate::charset::Charset;
use crate::diagnostic::Diagnostic;
use crate::load::node_reader::{
    CheckedMap, check_variable_name, is_id, map_entries, text, text_list, wrong_kind,
};
use crate::load::request::RequestDecoder;
use crate::load::table::{TableError, TableRow, TableSource};
use crate::model::request::{CaseVariant, TemplateField};
use crate::model::template::TemplateTree;
use crate::span::Span;
use crate::yaml::{NodeKind, YamlNode};
use std::collections::HashSet;

/// The keys of a table that is no plain path.
const TABLE_KEYS: [&str; 3] = ["file", "text", "charset"];

impl RequestDecoder<'_> {
    /// A map of ids, or a file whose first column is the id. `None` if it cannot be read.
    pub(super) fn variants(
        &mut self,
        node: &YamlNode,
        what: &'static str,
    ) -> Option<Vec<CaseVariant>> {
        let variants = match &node.kind {
            NodeKind::Text(_) => self.table_variants(node, &[], None, what),
            // A case is a map of variables, so a text under `file` is the path of a table.
            NodeKind::Map(entries)
                if entries
                    .iter()
                    .any(|entry| entry.key == "file" && entry.value.as_text().is_some()) =>
            {
                self.described_table(node, what)
            }
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
                Diagnostic::error(format!("{what} has no row"))
                    .at(node.at, "no case would be tested"),
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
            self.diagnostics.push(
                diagnostic.hint(
                    "use letters, digits, `_`, `-` and `.`: the id appears in square brackets",
                ),
            );
        }
    }

    /// `cases: { file: keywords.csv, text: [code] }`
    fn described_table(&mut self, node: &YamlNode, what: &'static str) -> Option<Vec<CaseVariant>> {
        let map = CheckedMap::open(node, what, &TABLE_KEYS, self.diagnostics)?;
        let file = map.required("file", self.diagnostics)?;
        let text_columns = map.get("text");
        let text_columns = text_columns.map_or_else(Vec::new, |node| self.text_columns(node));
        let charset = match map.get("charset") {
            // A wrong label is reported; the table would be decoded as something else.
            Some(node) => Some(self.table_charset(node)?),
            None => None,
        };
        self.table_variants(file, &text_columns, charset, what)
    }

    fn table_charset(&mut self, node: &YamlNode) -> Option<Charset> {
        let label = text(node, "`charset`", self.diagnostics)?;
        let charset = Charset::of_label(label);
        if charset.is_none() {
            let diagnostic =
                Diagnostic::error(format!("`{label}` is not a charset")).at(node.at, "unknown");
            self.diagnostics.push(diagnostic.hint(
                "use a label of the WHATWG Encoding Standard, such as `euc-kr`, `shift_jis` or `gbk`; or `cp949`",
            ));
        }
        charset
    }

    fn text_columns(&mut self, node: &YamlNode) -> Vec<String> {
        let columns = text_list(node, "a column of `text`", self.diagnostics);
        if node.as_list().is_some_and(<[YamlNode]>::is_empty) {
            let diagnostic = Diagnostic::error("`text` needs at least one column");
            self.diagnostics.push(diagnostic.at(node.at, "no column"));
        }
        columns
    }

    /// `cases: keywords.csv`, relative to the root of the workspace.
    fn table_variants(
        &mut self,
        node: &YamlNode,
        text_columns: &[String],
        charset: Option<Charset>,
        what: &str,
    ) -> Option<Vec<CaseVariant>> {
        let file = self.files.workspace_file(node, self.diagnostics)?;
        let source = TableSource {
            file: &file,
            text_columns,
            charset,
        };
        match self.table_rows(&source) {
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
                        .maybe_hint(error.hint()),
                );
                None
            }
        }
    }

    fn table_rows(&self, source: &TableSource<'_>) -> Result<Vec<TableRow>, TableError> {
        source.rows(&self.files.read_data(source.file)?)
    }

    /// An id that stands twice would be one test less than it looks.
    fn check_unique_ids(&mut self, variants: &[CaseVariant], node: &YamlNode) {
        let mut seen = HashSet::with_capacity(variants.len());
        for variant in variants {
            if !seen.insert(variant.id.as_str()) {
                let diagnostic = Diagnostic::error(format!(
                    "the id `{}` appears twice in this table",
                    variant.id
                ));
                self.diagnostics.push(diagnostic.at(node.at, "this file"));
            }
        }
    }

    fn row_variant(&mut self, row: TableRow, node: &YamlNode) -> Option<CaseVariant> {
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
