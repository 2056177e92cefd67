//! How long the answers of each endpoint took.

use super::markup::Page;
use crate::report::document::{Document, duration};
use crate::report::human;
use std::collections::BTreeMap;

/// Latencies of one endpoint in milliseconds, the least first; never empty.
struct Endpoint<'d> {
    name: &'d str,
    times: Vec<f64>,
}

impl Endpoint<'_> {
    /// By nearest rank: one of the times, never a value between two.
    fn at(&self, percent: usize) -> f64 {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        self.times.get(rank - 1).copied().unwrap_or_default()
    }
}

pub fn add(page: &mut Page, document: &Document) {
    let endpoints = endpoints(document);
    if endpoints.is_empty() {
        return;
    }
    let most = endpoints.iter().map(|endpoint| endpoint.at(100)).fold(0.001, f64::max);
    page.raw("<section aria-labelledby=\"h-latency\">\n<h2 id=\"h-latency\">Latency by endpoint</h2>\n");
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Latency by endpoint\"><table>\n");
    page.raw(
        "<caption>Until the last byte of the answer; the slowest first</caption>\n<thead><tr><th scope=\"col\">endpoint</th>",
    );
    for name in ["answers", "least", "median", "95 %", "most"] {
        page.around("<th scope=\"col\" class=\"figure\">", name, "</th>");
    }
    page.raw("<th scope=\"col\">from least to most</th></tr></thead>\n<tbody>");
    endpoints.iter().for_each(|endpoint| add_row(page, endpoint, most));
    page.raw("</tbody></table></div>\n</section>\n");
}

fn endpoints(document: &Document) -> Vec<Endpoint<'_>> {
    let mut by_name: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (_, step) in document.steps() {
        if let Some(latency) = step.latency_ms {
            by_name.entry(&step.endpoint).or_default().push(latency);
        }
    }
    let sorted = |(name, mut times): (_, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        Endpoint { name, times }
    };
    let mut endpoints: Vec<Endpoint<'_>> = by_name.into_iter().map(sorted).collect();
    endpoints.sort_by(|left, right| right.at(50).total_cmp(&left.at(50)));
    endpoints
}

fn add_row(page: &mut Page, endpoint: &Endpoint<'_>, most: f64) {
    page.around("<tr><th scope=\"row\"><code>", endpoint.name, "</code></th>");
    page.around("<td class=\"figure\">", &endpoint.times.len().to_string(), "</td>");
    for percent in [0, 50, 95, 100] {
        page.around("<td class=\"figure\">", &human(duration(endpoint.at(percent))), "</td>");
    }
    let x = |percent: usize| 2.0 + 156.0 * endpoint.at(percent) / most;
    page.raw("<td><svg class=\"range\" aria-hidden=\"true\" viewBox=\"0 0 160 14\"><rect class=\"span\" x=\"").number(x(0));
    page.raw("\" y=\"5\" width=\"").number((x(100) - x(0)).max(2.0)).raw("\" height=\"4\"/><rect class=\"middle\" x=\"");
    page.number(x(50) - 1.0).raw("\" y=\"1\" width=\"2\" height=\"12\"/></svg></td></tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let endpoint = Endpoint { name: "GET /", times: (1..=20_u32).map(f64::from).collect() };
        assert_eq!([0, 50, 95, 100].map(|percent| endpoint.at(percent)), [1.0, 10.0, 19.0, 20.0]);
    }
}
