//! The page as a whole: its head, the verdicts, the failed units, and the sections of the other
//! files.

use super::markup::HtmlPage;
use super::verdict::{verdict_label, verdict_symbol};
use super::{latency, timeline, unit};
use crate::report::document::{
    LeftoverEntry, NoticeEntry, RunDocument, SeverityWord, UnitEntry, VerdictWord,
};
use crate::report::duration_text::{duration_from_ms, format_duration};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[must_use]
pub(in crate::report) fn write(document: &RunDocument) -> String {
    let mut page = HtmlPage::default();
    html_head(&mut page, document);
    page.raw("<body>\n<a class=\"skip-link\" href=\"#main\">Skip to the content</a>\n");
    page_header(&mut page, document);
    page.raw("<main id=\"main\" tabindex=\"-1\">\n");
    notices(&mut page, document);
    verdict_section(&mut page, document);
    failed_units(&mut page, document);
    units(&mut page, document);
    timeline::add_section(&mut page, document);
    latency::add_section(&mut page, document);
    fixtures(&mut page, document);
    page.raw("</main>\n<footer>Made by ingam ")
        .text(&document.ingam);
    page.raw(". Secrets are replaced by their names, such as ‹cred.secret_key›.</footer>\n");
    page.raw("<script>")
        .raw(SCRIPT)
        .raw("</script>\n</body>\n</html>\n");
    page.into_text()
}

/// The browser must not fetch anything, and must run only the two texts whose hashes are in the
/// policy.
fn html_head(page: &mut HtmlPage, document: &RunDocument) {
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    // Each hash covers exactly the bytes between the tags below: a line end beside `STYLE` or
    // `SCRIPT` would make the browser refuse it.
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-").text(&hash(STYLE));
    page.raw("'; script-src 'sha256-")
        .text(&hash(SCRIPT))
        .raw("'; base-uri 'none'; form-action 'none'\"/>\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    page.text_between(
        "<title>",
        &document.summary.summary_line(),
        " · ingam</title>\n",
    );
    page.raw("<style>").raw(STYLE).raw("</style>\n</head>\n");
}

fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
}

fn page_header(page: &mut HtmlPage, document: &RunDocument) {
    let bad = document.units.iter().any(|unit| unit.verdict.is_failure())
        || !document.not_undone.is_empty()
        || document.summary.run_errors > 0;
    let mark = match (&document.interrupted, bad) {
        (Some(_), _) => "! ",
        (None, true) => "✗ ",
        (None, false) => "✓ ",
    };
    page.raw("<header>\n<h1><span aria-hidden=\"true\">")
        .text(mark)
        .raw("</span>");
    page.text(&document.summary.summary_line()).raw("</h1>\n");
    if let Some(signal) = &document.interrupted {
        page.text_between(
            "<p>Interrupted by ",
            signal,
            ": not all requests were run.</p>\n",
        );
    }
    facts(page, document);
    page.raw("</header>\n");
}

fn facts(page: &mut HtmlPage, document: &RunDocument) {
    page.raw("<dl class=\"facts\">");
    fact(page, "environment", &document.environment);
    fact(page, "run", &document.run_id);
    fact(page, "started", &document.started.to_string());
    fact(
        page,
        "took",
        &format_duration(duration_from_ms(document.duration_ms)),
    );
    fact(page, "sent", &document.summary.requests_text());
    page.raw("</dl>\n");
}

fn fact(page: &mut HtmlPage, name: &'static str, value: &str) {
    // A run that could not begin has neither an environment nor an id.
    if value.is_empty() {
        return;
    }
    page.raw("<div><dt>")
        .raw(name)
        .text_between("</dt><dd>", value, "</dd></div>");
}

fn verdict_section(page: &mut HtmlPage, document: &RunDocument) {
    let counts = &document.summary;
    page.raw("<section aria-labelledby=\"h-counts\">\n<h2 id=\"h-counts\">Verdicts</h2>\n<dl class=\"counts\">");
    for word in VerdictWord::ALL {
        let number = counts.of_verdict(word);
        page.raw("<div class=\"")
            .raw(word.name())
            .raw("\"><dt><span aria-hidden=\"true\">")
            .raw(verdict_symbol(word));
        page.raw("</span> ").raw(verdict_label(word)).text_between(
            "</dt><dd>",
            &number.to_string(),
            "</dd></div>",
        );
    }
    page.raw("</dl>\n");
    // A run that was interrupted, or that ended at a failure, must not look complete.
    let not_run = document.planned.saturating_sub(document.units.len());
    if not_run > 0 {
        page.text_between(
            "<p>",
            &not_run.to_string(),
            " of the plan were not run.</p>\n",
        );
    }
    page.raw("</section>\n");
}

/// Where to look first.
fn failed_units(page: &mut HtmlPage, document: &RunDocument) {
    let bad: Vec<&UnitEntry> = document
        .units
        .iter()
        .filter(|unit| unit.verdict.is_failure())
        .collect();
    if bad.is_empty() && document.not_undone.is_empty() {
        return;
    }
    page.raw("<nav aria-labelledby=\"h-bad\">\n<h2 id=\"h-bad\">What did not pass</h2>\n<ul class=\"jump\">");
    for unit in bad {
        page.raw("<li><a href=\"#u")
            .text(&unit.index.to_string())
            .text_between("\">", &unit.id, "</a> <span>");
        page.text(&unit.headline()).raw("</span></li>\n");
    }
    for undo in &document.not_undone {
        page.text_between(
            "<li><a href=\"#h-fixtures\">",
            &undo.fixture,
            "</a> <span>not undone</span></li>\n",
        );
    }
    page.raw("</ul>\n</nav>\n");
}

fn units(page: &mut HtmlPage, document: &RunDocument) {
    page.raw("<section aria-labelledby=\"h-units\">\n<h2 id=\"h-units\">Requests</h2>\n");
    filter_controls(page, document);
    page.raw("<div id=\"units\">\n");
    document
        .units
        .iter()
        .for_each(|unit| unit::add_unit(page, unit));
    page.raw("</div>\n</section>\n");
}

/// Of use only with JavaScript, which shows them.
fn filter_controls(page: &mut HtmlPage, document: &RunDocument) {
    page.raw("<div id=\"tools\" hidden=\"\">\n<div role=\"group\" aria-label=\"Show by verdict\">");
    page.raw("<button type=\"button\" data-show=\"all\" aria-pressed=\"true\">all</button>");
    for word in VerdictWord::ALL {
        if document.units.iter().any(|unit| unit.verdict == word) {
            page.raw("<button type=\"button\" data-show=\"")
                .raw(word.name())
                .raw("\" aria-pressed=\"false\">");
            page.raw(verdict_label(word)).raw("</button>");
        }
    }
    page.raw(
        "</div>\n<label>Name <input type=\"search\" id=\"find\" autocomplete=\"off\"/></label>\n",
    );
    page.raw("<button type=\"button\" id=\"open\">open all</button><button type=\"button\" id=\"close\">close all</button>\n");
    page.raw("<p role=\"status\" id=\"shown\"></p>\n</div>\n");
}

fn fixtures(page: &mut HtmlPage, document: &RunDocument) {
    if document.set_ups.is_empty() && document.not_undone.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"h-fixtures\">\n<h2 id=\"h-fixtures\">Fixtures</h2>\n");
    document
        .not_undone
        .iter()
        .for_each(|undo| leftover(page, undo));
    for set_up in document
        .set_ups
        .iter()
        .filter(|set_up| !set_up.steps.is_empty())
    {
        page.raw("<details class=\"unit\"><summary><span class=\"id\">")
            .text(&set_up.fixture);
        page.raw("</span></summary>\n<div class=\"body\">");
        set_up
            .steps
            .iter()
            .for_each(|step| unit::add_step(page, step));
        page.raw("</div></details>\n");
    }
    page.raw("</section>\n");
}

/// Faults and warnings of the run as a whole, errors first.
fn notices(page: &mut HtmlPage, document: &RunDocument) {
    if document.notices.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"h-run\">\n<h2 id=\"h-run\">The run</h2>\n");
    document
        .errors()
        .chain(document.warnings())
        .for_each(|one| notice(page, one));
    page.raw("</section>\n");
}

fn notice(page: &mut HtmlPage, notice: &NoticeEntry) {
    page.raw(match notice.severity {
        SeverityWord::Error => {
            "<p class=\"message error\"><strong><span aria-hidden=\"true\">! </span>error</strong> "
        }
        SeverityWord::Warning => "<p class=\"message\"><strong>warning</strong> ",
    });
    page.text(&notice.message);
    if let Some(at) = &notice.at {
        page.text_between(" <code>", &at.to_string(), "</code>");
    }
    for hint in &notice.hints {
        page.text_between("<br/>help: ", hint, "");
    }
    page.raw("</p>\n");
}

fn leftover(page: &mut HtmlPage, undo: &LeftoverEntry) {
    page.raw("<p class=\"message error\"><strong><span aria-hidden=\"true\">! </span>not undone</strong> ");
    page.text(&crate::report::failure_text::leftover_text(undo))
        .text_between(" <code>", &undo.at.to_string(), "</code></p>\n");
}
