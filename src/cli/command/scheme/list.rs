//! `ingam scheme list`: one line a scheme. On a terminal the title is cut to its width; a pipe gets
//! every line whole.

use crate::cli::command_output::CommandOutput;
use crate::host::OutputStream;
use crate::model::scheme::{Proof, Scheme, SchemeOrigin};
use crate::report::TerminalStyle;
use crate::sign::authentication;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const HEAD: [&str; 5] = ["NAME", "REGION", "AUTHENTICATION", "PROOF", "TITLE"];
/// Between two columns, in columns of the terminal.
const GAP: usize = 2;
/// The widest name that keeps its line on a terminal; a longer one stands on a line of its own.
const NAME_WIDTH: usize = 15;
/// The least that is left of a title.
const TITLE_WIDTH: usize = 12;
/// As many regions as fit a narrow column.
const SHOWN_REGIONS: usize = 2;

/// A scheme, and whether it is built in, the workspace's own, or only there to be copied.
pub(super) struct ListedScheme<'s> {
    pub(super) scheme: &'s Scheme,
    pub(super) is_copy_only: bool,
}

pub(super) fn list(
    schemes: &[ListedScheme<'_>],
    style: TerminalStyle,
    stdout: OutputStream,
) -> CommandOutput {
    let shown_regions = if stdout.is_terminal {
        SHOWN_REGIONS
    } else {
        usize::MAX
    };
    let rows: Vec<[String; 5]> = schemes
        .iter()
        .map(|listed| row(listed, shown_regions))
        .collect();
    let table = SchemeTable {
        widths: widths(&rows, stdout),
        style,
    };
    let head = table.lines(&HEAD.map(str::to_owned));
    let mut lines = vec![style.dim(&head)];
    lines.extend(rows.iter().map(|row| table.lines(row)));
    CommandOutput::of_data(lines.join("\n"))
}

fn row(listed: &ListedScheme<'_>, shown_regions: usize) -> [String; 5] {
    let scheme = listed.scheme;
    let kinds = authentication(scheme);
    let proves_nothing = kinds.is_empty() && scheme.vectors.is_empty();
    let proof = match scheme.proof() {
        _ if proves_nothing => "-",
        Some(proof) => proof.name(),
        None => "not stated",
    };
    [
        scheme.name.clone(),
        regions_text(&scheme.regions, shown_regions),
        if kinds.is_empty() {
            "none".to_owned()
        } else {
            kinds.join(", ")
        },
        proof.to_owned(),
        title_text(listed),
    ]
}

fn title_text(listed: &ListedScheme<'_>) -> String {
    let title = listed.scheme.title.as_deref().unwrap_or_default();
    let mark = if listed.is_copy_only {
        "(not built in) "
    } else if listed.scheme.origin == SchemeOrigin::Workspace {
        "(workspace) "
    } else {
        ""
    };
    format!("{mark}{title}").trim_end().to_owned()
}

fn regions_text(regions: &[String], shown: usize) -> String {
    if regions.is_empty() {
        return "-".to_owned();
    }
    if regions.len() <= shown {
        return regions.join(",");
    }
    let first = regions[..shown].join(",");
    format!("{first},+{}", regions.len() - shown)
}

/// Widths of the columns before the title, and of the title.
fn widths(rows: &[[String; 5]], stdout: OutputStream) -> [usize; 5] {
    let mut widths = HEAD.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if stdout.is_terminal {
        widths[0] = widths[0].min(NAME_WIDTH);
        let before: usize = widths[..4].iter().sum::<usize>() + GAP * 4;
        widths[4] = stdout.width.saturating_sub(before).max(TITLE_WIDTH);
    }
    widths
}

struct SchemeTable {
    widths: [usize; 5],
    style: TerminalStyle,
}

impl SchemeTable {
    fn lines(&self, row: &[String; 5]) -> String {
        let mut lines = Vec::new();
        let mut name = row[0].as_str();
        if name.width() > self.widths[0] {
            lines.push(self.style.bold(name));
            name = "";
        }
        let mut cells: Vec<String> = vec![padded(name, self.widths[0])];
        let middle = row.iter().zip(self.widths).skip(1).take(3);
        cells.extend(middle.map(|(text, width)| padded(text, width)));
        cells.push(cut(&row[4], self.widths[4]));
        lines.push(cells.join(&" ".repeat(GAP)).trim_end().to_owned());
        lines.join("\n")
    }
}

/// By display width: a Korean letter takes two columns.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            break;
        }
        shown.push(letter);
    }
    format!("{}…", shown.trim_end())
}

/// The word for a proof in other texts than the table.
pub(super) fn proof_text(scheme: &Scheme) -> &'static str {
    scheme.proof().map_or("not stated", Proof::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_by_the_columns_that_it_takes() {
        assert_eq!(cut("Paper Mall", 10), "Paper Mall");
        assert_eq!(cut("Paper Mall", 7), "Paper…");
        assert_eq!(cut("네이버 커머스", 7), "네이버…");
    }

    #[test]
    fn more_regions_than_fit_are_counted() {
        let regions = ["DE", "CZ", "SK"].map(str::to_owned);
        assert_eq!(regions_text(&regions, 2), "DE,CZ,+1");
        assert_eq!(regions_text(&regions, usize::MAX), "DE,CZ,SK");
        assert_eq!(regions_text(&[], 2), "-");
    }
}
