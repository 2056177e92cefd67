//! When each request was on its way, as a picture, and the same as a table.

use super::markup::HtmlPage;
use super::verdict::{verdict_label, verdict_symbol};
use crate::diagnostic::pluralize;
use crate::report::document::{RunDocument, StepEntry, VerdictWord};
use crate::report::duration_text::{duration_from_ms, format_duration};

/// The largest number of rows in the picture. All rows are in the table.
const MAX_CHART_ROWS: usize = 300;
/// In the picture's own units.
const ROW_HEIGHT: f64 = 22.0;
const TOP_MARGIN: f64 = 26.0;
const LEFT_MARGIN: f64 = 270.0;
const CHART_WIDTH: f64 = 1_000.0;
const RIGHT_MARGIN: f64 = 30.0;

/// One line of the picture.
struct TimelineRow<'d> {
    label: &'d str,
    steps: &'d [StepEntry],
}

pub(super) fn add_section(page: &mut HtmlPage, document: &RunDocument) {
    let rows = timeline_rows(document);
    if rows.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"h-timeline\">\n<h2 id=\"h-timeline\">Timeline</h2>\n");
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Timeline\">\n");
    chart(page, &rows);
    page.raw("</div>\n");
    if rows.len() > MAX_CHART_ROWS {
        page.text_between(
            "<p>The picture shows the first ",
            &MAX_CHART_ROWS.to_string(),
            "; the table has all.</p>\n",
        );
    }
    table(page, &rows);
    page.raw("</section>\n");
}

/// Fixtures and units, by their first request.
fn timeline_rows(document: &RunDocument) -> Vec<TimelineRow<'_>> {
    let fixtures = document.set_ups.iter().map(|set_up| TimelineRow {
        label: &set_up.fixture,
        steps: &set_up.steps,
    });
    let units = document.units.iter().map(|unit| TimelineRow {
        label: &unit.id,
        steps: &unit.steps,
    });
    let mut rows: Vec<TimelineRow<'_>> = fixtures
        .chain(units)
        .filter(|row| !row.steps.is_empty())
        .collect();
    // Units run in parallel, so the order of the plan is not that of time.
    rows.sort_by(|left, right| row_start_ms(left).total_cmp(&row_start_ms(right)));
    rows
}

fn row_start_ms(row: &TimelineRow<'_>) -> f64 {
    row.steps.first().map_or(0.0, |step| step.started_ms)
}

/// In milliseconds. A step that sent nothing is shown at its start.
fn sent_ms(step: &StepEntry) -> f64 {
    step.sent_ms.unwrap_or(step.started_ms)
}

/// The end of a step without a response is not known, so it ends where it was sent.
fn end_ms(step: &StepEntry) -> f64 {
    sent_ms(step) + step.latency_ms.unwrap_or(0.0)
}

fn chart(page: &mut HtmlPage, rows: &[TimelineRow<'_>]) {
    // Browsers become slow with an SVG of thousands of elements. The table has all rows.
    let shown = &rows[..rows.len().min(MAX_CHART_ROWS)];
    let last = rows
        .iter()
        .flat_map(|row| row.steps)
        .map(end_ms)
        .fold(0.0_f64, f64::max)
        // Not 0, because positions are divided by it.
        .max(0.001);
    let height =
        TOP_MARGIN + ROW_HEIGHT * f64::from(u32::try_from(shown.len()).unwrap_or(u32::MAX)) + 6.0;
    page.raw(
        "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"t-title t-desc\" viewBox=\"0 0 ",
    )
    .number(CHART_WIDTH)
    .raw(" ");
    page.number(height).raw("\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"t-title\">Timeline of requests</title>");
    page.text_between(
        "<desc id=\"t-desc\">",
        &description(rows, last),
        "</desc>\n",
    );
    chart_pattern(page);
    axis(page, last, height);
    for (number, row) in (0_u32..).zip(shown) {
        add_row(page, row, TOP_MARGIN + ROW_HEIGHT * f64::from(number), last);
    }
    page.raw("</svg>\n");
}

/// Failed bars are hatched, so that the picture can be read without colours.
fn chart_pattern(page: &mut HtmlPage) {
    page.raw(
        "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" ",
    );
    page.raw(
        "patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"6\" height=\"6\"/>",
    );
    page.raw("<rect class=\"hatch-line\" width=\"3\" height=\"6\"/></pattern></defs>\n");
}

fn description(rows: &[TimelineRow<'_>], last: f64) -> String {
    let steps: Vec<&StepEntry> = rows.iter().flat_map(|row| row.steps).collect();
    let longest = steps.iter().max_by(|left, right| {
        left.latency_ms
            .unwrap_or(0.0)
            .total_cmp(&right.latency_ms.unwrap_or(0.0))
    });
    let longest = longest.map(|step| {
        format!(
            " The longest, {}, took {}.",
            step.endpoint,
            format_duration(duration_from_ms(step.latency_ms.unwrap_or(0.0)))
        )
    });
    let all = pluralize(steps.len(), "request");
    format!(
        "{all} in {}.{} The table below says the same.",
        format_duration(duration_from_ms(last)),
        longest.unwrap_or_default()
    )
}

fn x_position(ms: f64, last: f64) -> f64 {
    LEFT_MARGIN + (CHART_WIDTH - LEFT_MARGIN - RIGHT_MARGIN) * ms / last
}

fn axis(page: &mut HtmlPage, last: f64, height: f64) {
    const PARTS: u32 = 5;
    for part in 0..=PARTS {
        let ms = last * f64::from(part) / f64::from(PARTS);
        page.raw("<line class=\"axis\" x1=\"")
            .number(x_position(ms, last))
            .raw("\" x2=\"")
            .number(x_position(ms, last));
        page.raw("\" y1=\"18\" y2=\"")
            .number(height)
            .raw("\"/><text class=\"tick\" text-anchor=\"middle\" x=\"");
        page.number(x_position(ms, last)).text_between(
            "\" y=\"12\">",
            &format_duration(duration_from_ms(ms)),
            "</text>\n",
        );
    }
}

fn add_row(page: &mut HtmlPage, row: &TimelineRow<'_>, top: f64, last: f64) {
    page.raw("<text class=\"label\" x=\"0\" y=\"")
        .number(top + 15.0)
        .text_between("\">", &truncate_start(row.label), "</text>");
    for step in row.steps {
        add_bar(page, step, top, last);
    }
    page.raw("\n");
}

fn add_bar(page: &mut HtmlPage, step: &StepEntry, top: f64, last: f64) {
    let (from, to) = (
        x_position(sent_ms(step), last),
        x_position(end_ms(step), last),
    );
    page.raw("<rect class=\"bar ")
        .raw(step.verdict.name())
        .raw("\" x=\"")
        .number(from)
        .raw("\" y=\"")
        .number(top + 4.0);
    page.raw("\" width=\"")
        // A narrower bar could not be seen.
        .number((to - from).max(2.0))
        .raw("\" height=\"14\" rx=\"2\"><title>");
    page.text(&bar_title(step)).raw("</title></rect>");
    if step.verdict.is_failure() {
        page.raw("<text class=\"bad\" x=\"")
            .number(to.max(from + 2.0) + 4.0)
            .raw("\" y=\"")
            .number(top + 15.5);
        page.raw("\">")
            .raw(verdict_symbol(step.verdict))
            .raw("</text>");
    }
}

fn bar_title(step: &StepEntry) -> String {
    let time = step.latency_ms.map_or_else(
        || "no response".to_owned(),
        |ms| format_duration(duration_from_ms(ms)),
    );
    format!("{}: {}, {time}", step.endpoint, verdict_label(step.verdict))
}

/// The label, cut to the space beside the bars. It is cut at its start, because the end of a name
/// tells more.
fn truncate_start(label: &str) -> String {
    const COLUMNS: usize = 36;
    let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    if width(label) <= COLUMNS {
        return label.to_owned();
    }
    let mut rest = label;
    // One column is for the `…`.
    while width(rest) >= COLUMNS {
        rest = rest.char_indices().nth(1).map_or("", |(at, _)| &rest[at..]);
    }
    format!("…{rest}")
}

fn table(page: &mut HtmlPage, rows: &[TimelineRow<'_>]) {
    page.raw("<details class=\"more-of-it\"><summary>The timeline as a table</summary>\n");
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Requests in order\"><table>\n");
    page.raw("<caption>Requests in the order in which they were sent</caption>\n<thead><tr><th scope=\"col\">of</th>");
    page.raw("<th scope=\"col\">request</th><th scope=\"col\" class=\"figure\">sent at</th>");
    page.raw("<th scope=\"col\" class=\"figure\">took</th><th scope=\"col\">status</th><th scope=\"col\">verdict</th>");
    page.raw("</tr></thead>\n<tbody>");
    for (label, step) in rows
        .iter()
        .flat_map(|row| row.steps.iter().map(move |step| (row.label, step)))
    {
        add_table_row(page, label, step);
    }
    page.raw("</tbody></table></div></details>\n");
}

fn add_table_row(page: &mut HtmlPage, label: &str, step: &StepEntry) {
    let verdict: VerdictWord = step.verdict;
    page.text_between("<tr><th scope=\"row\">", label, "</th>")
        .text_between("<td><code>", &step.endpoint, "</code></td>");
    page.text_between(
        "<td class=\"figure\">",
        &format_duration(duration_from_ms(sent_ms(step))),
        "</td>",
    );
    let took = step.latency_ms.map_or_else(
        || "–".to_owned(),
        |ms| format_duration(duration_from_ms(ms)),
    );
    page.text_between("<td class=\"figure\">", &took, "</td>");
    page.text_between(
        "<td>",
        &step
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string()),
        "</td>",
    );
    page.raw("<td>")
        .raw(verdict_symbol(verdict))
        .raw(" ")
        .raw(verdict_label(verdict))
        .raw("</td></tr>\n");
}
