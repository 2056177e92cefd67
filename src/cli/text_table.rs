//! Renders tables: columns as wide as their cells, or one block for each row if the terminal is too
//! narrow.

use crate::report::TerminalStyle;
use unicode_width::UnicodeWidthStr;

/// Between two columns, in columns of the terminal.
const GAP: usize = 2;

pub(crate) struct TextTable<'t, const N: usize> {
    pub(crate) columns: &'t [&'t str; N],
    /// The width of the labels in a block, in columns of the terminal.
    pub(crate) label_width: usize,
    pub(crate) style: TerminalStyle,
}

impl<const N: usize> TextTable<'_, N> {
    /// `paint_row` colours a line of the table, `paint_title` the first line of a block.
    pub(crate) fn render(
        &self,
        rows: &[[String; N]],
        paint_row: impl Fn(&[String; N], &str) -> String,
        paint_title: impl Fn(&[String; N], &str) -> String,
    ) -> String {
        let widths = self.column_widths(rows);
        if widths.iter().sum::<usize>() + GAP * (N - 1) > self.style.width {
            let blocks = rows.iter().map(|row| self.block(row, &paint_title));
            return blocks.collect::<Vec<_>>().join("\n");
        }
        let head = line(self.columns.iter().copied(), &widths);
        let mut lines = vec![self.style.dim(&head)];
        lines.extend(rows.iter().map(|row| {
            let text = line(row.iter().map(String::as_str), &widths);
            paint_row(row, &text)
        }));
        lines.join("\n")
    }

    fn column_widths(&self, rows: &[[String; N]]) -> [usize; N] {
        let mut widths = self.columns.map(UnicodeWidthStr::width);
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn block(&self, row: &[String; N], paint: &impl Fn(&[String; N], &str) -> String) -> String {
        let mut lines = vec![paint(row, &row[0])];
        for (head, text) in self.columns.iter().zip(row).skip(1) {
            if text != "-" {
                let head = format!("{head:<width$}", width = self.label_width);
                lines.push(format!("  {} {text}", self.style.dim(&head)));
            }
        }
        lines.join("\n")
    }
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> String {
    // Padded by display width: `{:<width$}` counts characters, and a Korean one takes two columns.
    let padded: Vec<String> = cells
        .zip(widths)
        .map(|(text, width)| format!("{text}{}", " ".repeat(width - text.width())))
        .collect();
    padded.join("  ").trim_end().to_owned()
}
