//! One unit of the page: its verdict, and folded below it everything that is known of its steps.

use super::markup::HtmlPage;
use super::verdict::{verdict_label, verdict_symbol};
use crate::report::document::{
    AttemptEntry, DifferenceEntry, ExchangeEntry, FailureEntry, StepEntry, TraceEntry, UnitEntry,
    VerdictWord,
};
use crate::report::duration_text::{duration_from_ms, format_duration};
use crate::report::failure_text::response_summary;
use crate::report::phase_line::phase_line;

pub(super) fn add_unit(page: &mut HtmlPage, unit: &UnitEntry) {
    unit_summary(page, unit);
    page.raw("<div class=\"body\">\n");
    unit_labels(page, unit);
    unit_message(page, unit);
    unit.steps.iter().for_each(|step| add_step(page, step));
    if unit.not_reached > 0 {
        let steps = crate::diagnostic::pluralize(unit.not_reached, "step");
        page.text_between("<p class=\"quiet\">", &steps, " not reached</p>\n");
    }
    page.raw("</div>\n</details>\n");
}

/// The line that is visible while the unit is folded. Failed units are open from the start.
fn unit_summary(page: &mut HtmlPage, unit: &UnitEntry) {
    page.raw("<details class=\"unit ")
        .raw(unit.verdict.name())
        .raw("\" id=\"u")
        .text(&unit.index.to_string());
    page.raw("\" data-verdict=\"")
        .raw(unit.verdict.name())
        .raw("\"");
    page.raw(if unit.verdict.is_failure() {
        // In XML an attribute must have a value.
        " open=\"\">\n<summary>"
    } else {
        ">\n<summary>"
    });
    verdict_and_name(page, unit);
    if unit.flaky {
        page.raw(" <span class=\"flaky\">flaky</span>");
    }
    page.text_between(
        " <span class=\"time\">",
        &format_duration(duration_from_ms(unit.duration_ms)),
        "</span></summary>\n",
    );
}

fn verdict_and_name(page: &mut HtmlPage, unit: &UnitEntry) {
    page.raw("<span class=\"word\"><span aria-hidden=\"true\">")
        .raw(verdict_symbol(unit.verdict))
        .raw("</span> ");
    page.raw(verdict_label(unit.verdict)).text_between(
        "</span> <span class=\"id\">",
        &unit.id,
        "</span>",
    );
}

fn unit_labels(page: &mut HtmlPage, unit: &UnitEntry) {
    page.text_between("<p class=\"quiet\"><code>", &unit.at.to_string(), "</code>");
    for scheme in &unit.schemes {
        page.text_between(" · scheme ", scheme, "");
    }
    if let Some(account) = &unit.account {
        page.text_between(" · account ", account, "");
    }
    for tag in &unit.tags {
        page.text_between(" · #", tag, "");
    }
    page.raw("</p>\n");
}

/// The message of the unit, unless one of its steps shows the same.
fn unit_message(page: &mut HtmlPage, unit: &UnitEntry) {
    let is_said = unit
        .steps
        .last()
        .is_some_and(|step| step.verdict == unit.verdict);
    if let (false, Some(text)) = (is_said, &unit.message) {
        page.raw("<p class=\"message ")
            .raw(unit.verdict.name())
            .text_between("\">", text, "</p>\n");
    }
}

pub(super) fn add_step(page: &mut HtmlPage, step: &StepEntry) {
    page.raw("<section class=\"step\">\n");
    step_heading(page, step);
    if let Some(message) = &step.message {
        page.raw("<p class=\"message ")
            .raw(step.verdict.name())
            .text_between("\">", message, "</p>\n");
    }
    attempts(page, &step.attempts);
    step.failures
        .iter()
        .for_each(|failure| add_failure(page, failure));
    for note in &step.notes {
        page.text_between("<p class=\"note\"><strong>help</strong> ", note, "</p>\n");
    }
    for phases in &step.phases {
        let line = phase_line(&phases.map(duration_from_ms));
        page.text_between("<p class=\"quiet\">", &line, "</p>\n");
    }
    trace(page, &step.trace);
    if let Some(exchange) = &step.exchange {
        add_exchange(page, exchange, step.verdict);
    }
    page.raw("</section>\n");
}

fn step_heading(page: &mut HtmlPage, step: &StepEntry) {
    page.raw("<h3><span class=\"word ")
        .raw(step.verdict.name())
        .raw("\">");
    page.raw("<span aria-hidden=\"true\">")
        .raw(verdict_symbol(step.verdict))
        .raw("</span><span class=\"unseen\">");
    page.raw(verdict_label(step.verdict))
        .raw(": </span></span> ");
    if let Some(name) = &step.name {
        page.text_between("<strong>", name, "</strong> ");
    }
    page.text_between("<code>", &step.line, "</code>")
        .text_between(
            "<span class=\"answer\">",
            &response_summary(step),
            "</span></h3>\n",
        );
}

fn attempts(page: &mut HtmlPage, attempts: &[AttemptEntry]) {
    if attempts.is_empty() {
        return;
    }
    page.raw("<p>Earlier attempts:</p>\n<ol class=\"attempts\">");
    for attempt in attempts {
        let status = attempt
            .status
            .map(|status| format!("{status}, "))
            .unwrap_or_default();
        let time = attempt
            .latency_ms
            .map(|ms| format!(" in {}", format_duration(duration_from_ms(ms))))
            .unwrap_or_default();
        page.raw("<li>")
            .text(&status)
            .text(&attempt.reason)
            .text(&time)
            .raw("</li>");
    }
    page.raw("</ol>\n");
}

fn add_failure(page: &mut HtmlPage, failure: &FailureEntry) {
    page.text_between(
        "<div class=\"failure\">\n<p><code class=\"subject\">",
        &failure.subject,
        "</code> <code class=\"quiet\">",
    );
    page.text(&failure.at.to_string()).text_between(
        "</code></p>\n<dl><dt>expected</dt><dd><code>",
        &failure.expected,
        "</code></dd>",
    );
    page.text_between(
        "<dt>actual</dt><dd><code>",
        &failure.actual,
        "</code></dd></dl>\n",
    );
    if let Some(why) = &failure.why {
        page.text_between("<p class=\"quiet\">", why, "</p>\n");
    }
    differences(page, &failure.differences);
    page.raw("</div>\n");
}

/// A sign marks missing and unexpected values, so that the table can be read without colours.
fn differences(page: &mut HtmlPage, differences: &[DifferenceEntry]) {
    if differences.is_empty() {
        return;
    }
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Differences\"><table class=\"diff\">\n");
    page.raw("<caption>Differences</caption>\n<thead><tr><th scope=\"col\">path</th><th scope=\"col\">− expected</th>");
    page.raw("<th scope=\"col\">+ actual</th></tr></thead>\n<tbody>");
    for difference in differences {
        difference_row(page, difference);
    }
    page.raw("</tbody></table></div>\n");
}

fn difference_row(page: &mut HtmlPage, difference: &DifferenceEntry) {
    let path = match difference.path.as_deref() {
        None => {
            page.text_between("<tr><td colspan=\"3\">", &difference.text, "</td></tr>\n");
            return;
        }
        // An empty path names the list that a path for many values found.
        Some("") => "the list itself",
        Some(path) => path,
    };
    page.text_between("<tr><th scope=\"row\"><code>", path, "</code></th>");
    let expected = ("<td class=\"less\"><code>− ", "<td>not expected");
    difference_cell(page, expected, difference.expected.as_deref());
    let actual = ("<td class=\"more\"><code>+ ", "<td>missing");
    difference_cell(page, actual, difference.actual.as_deref());
    page.raw("</tr>\n");
}

fn difference_cell(
    page: &mut HtmlPage,
    (there, missing): (&'static str, &'static str),
    text: Option<&str>,
) {
    match text {
        Some(text) => page.text_between(there, text, "</code></td>"),
        None => page.raw(missing).raw("</td>"),
    };
}

fn trace(page: &mut HtmlPage, lines: &[TraceEntry]) {
    if lines.is_empty() {
        return;
    }
    page.raw("<details class=\"more-of-it\"><summary>Signature, step by step</summary>\n<ol class=\"trace\">");
    for line in lines {
        page.text_between("<li><strong>", &line.id, "</strong> ")
            .text(&line.kind);
        page.text_between("<pre tabindex=\"0\">", &line.text, "</pre></li>\n");
    }
    page.raw("</ol></details>\n");
}

fn add_exchange(page: &mut HtmlPage, exchange: &ExchangeEntry, verdict: VerdictWord) {
    page.raw(if verdict.is_failure() {
        "<details class=\"more-of-it\" open=\"\">"
    } else {
        "<details class=\"more-of-it\">"
    });
    page.raw("<summary>Exchange</summary>\n<div class=\"exchange\"><div><h4>Request</h4><pre tabindex=\"0\">");
    page.text(exchange.request.trim_end())
        .raw("</pre></div>\n<div><h4>Response</h4>");
    match &exchange.response {
        Some(response) => page.text_between("<pre tabindex=\"0\">", response.trim_end(), "</pre>"),
        None => page.raw("<p>None came.</p>"),
    };
    page.raw("</div></div></details>\n");
}
