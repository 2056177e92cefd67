//! A table of the response times of each endpoint.

use super::markup::HtmlPage;
use crate::report::document::RunDocument;
use crate::report::duration_text::{duration_from_ms, format_duration};
use std::collections::BTreeMap;

/// Latencies of one endpoint in milliseconds, the least first; never empty.
struct EndpointLatency<'d> {
    name: &'d str,
    latencies_ms: Vec<f64>,
}

impl EndpointLatency<'_> {
    /// By nearest rank: one of the times, never a value between two.
    fn percentile_ms(&self, percent: usize) -> f64 {
        let rank = (self.latencies_ms.len() * percent).div_ceil(100).max(1);
        self.latencies_ms.get(rank - 1).copied().unwrap_or_default()
    }
}

pub(super) fn add_section(page: &mut HtmlPage, document: &RunDocument) {
    let endpoints = endpoints(document);
    if endpoints.is_empty() {
        return;
    }
    let most = endpoints
        .iter()
        .map(|endpoint| endpoint.percentile_ms(100))
        // Not 0, because the bars are divided by it.
        .fold(0.001, f64::max);
    page.raw(
        "<section aria-labelledby=\"h-latency\">\n<h2 id=\"h-latency\">Latency by endpoint</h2>\n",
    );
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Latency by endpoint\"><table>\n");
    page.raw(
        "<caption>Time until the last byte of the response, slowest first</caption>\n<thead><tr><th scope=\"col\">endpoint</th>",
    );
    for name in ["responses", "min", "median", "95 %", "max"] {
        page.text_between("<th scope=\"col\" class=\"figure\">", name, "</th>");
    }
    page.raw("<th scope=\"col\">from least to most</th></tr></thead>\n<tbody>");
    endpoints
        .iter()
        .for_each(|endpoint| add_row(page, endpoint, most));
    page.raw("</tbody></table></div>\n</section>\n");
}

fn endpoints(document: &RunDocument) -> Vec<EndpointLatency<'_>> {
    let mut by_name: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (_, step) in document.steps() {
        if let Some(latency) = step.latency_ms {
            by_name.entry(&step.endpoint).or_default().push(latency);
        }
    }
    let sorted = |(name, mut times): (_, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        EndpointLatency {
            name,
            latencies_ms: times,
        }
    };
    let mut endpoints: Vec<EndpointLatency<'_>> = by_name.into_iter().map(sorted).collect();
    endpoints.sort_by(|left, right| right.percentile_ms(50).total_cmp(&left.percentile_ms(50)));
    endpoints
}

fn add_row(page: &mut HtmlPage, endpoint: &EndpointLatency<'_>, most: f64) {
    page.text_between(
        "<tr><th scope=\"row\"><code>",
        endpoint.name,
        "</code></th>",
    );
    page.text_between(
        "<td class=\"figure\">",
        &endpoint.latencies_ms.len().to_string(),
        "</td>",
    );
    for percent in [0, 50, 95, 100] {
        page.text_between(
            "<td class=\"figure\">",
            &format_duration(duration_from_ms(endpoint.percentile_ms(percent))),
            "</td>",
        );
    }
    let x = |percent: usize| 2.0 + 156.0 * endpoint.percentile_ms(percent) / most;
    page.raw("<td><svg class=\"range\" aria-hidden=\"true\" viewBox=\"0 0 160 14\"><rect class=\"span\" x=\"").number(x(0));
    page.raw("\" y=\"5\" width=\"")
        .number((x(100) - x(0)).max(2.0))
        .raw("\" height=\"4\"/><rect class=\"middle\" x=\"");
    page.number(x(50) - 1.0)
        .raw("\" y=\"1\" width=\"2\" height=\"12\"/></svg></td></tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers themselves, not computed")]
    fn percentiles_are_times_that_were_measured() {
        let endpoint = EndpointLatency {
            name: "GET /",
            latencies_ms: (1..=20_u32).map(f64::from).collect(),
        };
        assert_eq!(
            [0, 50, 95, 100].map(|percent| endpoint.percentile_ms(percent)),
            [1.0, 10.0, 19.0, 20.0]
        );
    }
}
