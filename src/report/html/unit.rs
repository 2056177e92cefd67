//! One unit of the page: its verdict, and folded below it everything that is known of its steps.

use super::markup::Page;
use super::{mark, meaning};
use crate::report::diagnostic::answer;
use crate::report::document::{Attempt, Difference, Exchange, Failure, Step, TraceLine, Unit, Word, duration};
use crate::report::human;

pub fn add(page: &mut Page, unit: &Unit) {
    page.raw("<details class=\"unit ").raw(unit.verdict.name()).raw("\" id=\"u").text(&unit.index.to_string());
    page.raw("\" data-verdict=\"").raw(unit.verdict.name()).raw("\"");
    page.raw(if unit.verdict.is_bad() { " open=\"\">\n<summary>" } else { ">\n<summary>" });
    page.raw("<span class=\"word\"><span aria-hidden=\"true\">").raw(mark(unit.verdict)).raw("</span> ");
    page.raw(meaning(unit.verdict)).around("</span> <span class=\"id\">", &unit.id, "</span>");
    if unit.flaky {
        page.raw(" <span class=\"flaky\">flaky</span>");
    }
    page.around(" <span class=\"time\">", &human(duration(unit.duration_ms)), "</span></summary>\n<div class=\"body\">\n");
    facts(page, unit);
    message(page, unit);
    unit.steps.iter().for_each(|step| add_step(page, step));
    if unit.not_reached > 0 {
        let steps = crate::diagnostic::count(unit.not_reached, "step");
        page.around("<p class=\"quiet\">", &steps, " not reached</p>\n");
    }
    page.raw("</div>\n</details>\n");
}

fn facts(page: &mut Page, unit: &Unit) {
    page.around("<p class=\"quiet\"><code>", &unit.at.to_string(), "</code>");
    for scheme in &unit.schemes {
        page.around(" · scheme ", scheme, "");
    }
    if let Some(account) = &unit.account {
        page.around(" · account ", account, "");
    }
    for tag in &unit.tags {
        page.around(" · #", tag, "");
    }
    page.raw("</p>\n");
}

/// What no step of it says itself.
fn message(page: &mut Page, unit: &Unit) {
    let is_said = unit.steps.last().is_some_and(|step| step.verdict == unit.verdict);
    if let (false, Some(text)) = (is_said, &unit.message) {
        page.raw("<p class=\"message ").raw(unit.verdict.name()).around("\">", text, "</p>\n");
    }
}

pub fn add_step(page: &mut Page, step: &Step) {
    page.raw("<section class=\"step\">\n<h3><span class=\"word ").raw(step.verdict.name()).raw("\">");
    page.raw("<span aria-hidden=\"true\">").raw(mark(step.verdict)).raw("</span><span class=\"unseen\">");
    page.raw(meaning(step.verdict)).raw(": </span></span> ");
    if let Some(name) = &step.name {
        page.around("<strong>", name, "</strong> ");
    }
    page.around("<code>", &step.line, "</code>").around("<span class=\"answer\">", &answer(step), "</span></h3>\n");
    if let Some(message) = &step.message {
        page.raw("<p class=\"message ").raw(step.verdict.name()).around("\">", message, "</p>\n");
    }
    attempts(page, &step.attempts);
    step.failures.iter().for_each(|failure| add_failure(page, failure));
    for note in &step.notes {
        page.around("<p class=\"note\"><strong>help</strong> ", note, "</p>\n");
    }
    trace(page, &step.trace);
    if let Some(exchange) = &step.exchange {
        add_exchange(page, exchange, step.verdict);
    }
    page.raw("</section>\n");
}

fn attempts(page: &mut Page, attempts: &[Attempt]) {
    if attempts.is_empty() {
        return;
    }
    page.raw("<p>Earlier attempts:</p>\n<ol class=\"attempts\">");
    for attempt in attempts {
        let status = attempt.status.map(|status| format!("{status}, ")).unwrap_or_default();
        let time = attempt.latency_ms.map(|ms| format!(" in {}", human(duration(ms)))).unwrap_or_default();
        page.raw("<li>").text(&status).text(&attempt.reason).text(&time).raw("</li>");
    }
    page.raw("</ol>\n");
}

fn add_failure(page: &mut Page, failure: &Failure) {
    page.around("<div class=\"failure\">\n<p><code class=\"subject\">", &failure.subject, "</code> <code class=\"quiet\">");
    page.text(&failure.at.to_string()).around("</code></p>\n<dl><dt>expected</dt><dd><code>", &failure.expected, "</code></dd>");
    page.around("<dt>actual</dt><dd><code>", &failure.actual, "</code></dd></dl>\n");
    if let Some(why) = &failure.why {
        page.around("<p class=\"quiet\">", why, "</p>\n");
    }
    differences(page, &failure.differences);
    page.raw("</div>\n");
}

/// Signs say what is missing and what is too much; the colours only repeat it.
fn differences(page: &mut Page, differences: &[Difference]) {
    if differences.is_empty() {
        return;
    }
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Differences\"><table class=\"diff\">\n");
    page.raw("<caption>Differences</caption>\n<thead><tr><th scope=\"col\">path</th><th scope=\"col\">− expected</th>");
    page.raw("<th scope=\"col\">+ actual</th></tr></thead>\n<tbody>");
    for difference in differences {
        match &difference.path {
            None => {
                page.around("<tr><td colspan=\"3\">", &difference.text, "</td></tr>\n");
            }
            Some(path) => {
                let path = if path.is_empty() { "the list itself" } else { path };
                page.around("<tr><th scope=\"row\"><code>", path, "</code></th>");
                side(page, ("<td class=\"less\"><code>− ", "<td>missing in what is expected"), difference.expected.as_deref());
                side(page, ("<td class=\"more\"><code>+ ", "<td>missing"), difference.actual.as_deref());
                page.raw("</tr>\n");
            }
        }
    }
    page.raw("</tbody></table></div>\n");
}

fn side(page: &mut Page, (there, missing): (&'static str, &'static str), text: Option<&str>) {
    match text {
        Some(text) => page.around(there, text, "</code></td>"),
        None => page.raw(missing).raw("</td>"),
    };
}

fn trace(page: &mut Page, lines: &[TraceLine]) {
    if lines.is_empty() {
        return;
    }
    page.raw("<details class=\"more-of-it\"><summary>Signature, line by line</summary>\n<ol class=\"trace\">");
    for line in lines {
        page.around("<li><strong>", &line.id, "</strong> ").text(&line.kind);
        page.around("<pre tabindex=\"0\">", &line.text, "</pre></li>\n");
    }
    page.raw("</ol></details>\n");
}

fn add_exchange(page: &mut Page, exchange: &Exchange, verdict: Word) {
    page.raw(if verdict.is_bad() { "<details class=\"more-of-it\" open=\"\">" } else { "<details class=\"more-of-it\">" });
    page.raw("<summary>Exchange</summary>\n<div class=\"exchange\"><div><h4>Request</h4><pre tabindex=\"0\">");
    page.text(exchange.request.trim_end()).raw("</pre></div>\n<div><h4>Answer</h4>");
    match &exchange.response {
        Some(response) => page.around("<pre tabindex=\"0\">", response.trim_end(), "</pre>"),
        None => page.raw("<p>None came.</p>"),
    };
    page.raw("</div></div></details>\n");
}
