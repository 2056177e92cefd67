//! Decodes what becomes of the body of a response: `output` and `max_body`.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::file_name::{self, FileNameError};
use crate::load::node_reader::{CheckedMap, scalar};
use crate::load::request::RequestDecoder;
use crate::model::request::OutputFile;
use crate::model::template::{Template, TemplatePart};
use crate::yaml::YamlNode;

/// Units of sizes, in bytes.
const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A body is held in memory.
const MOST_BYTES: u64 = 2 << 30;

impl RequestDecoder<'_> {
    /// `output: label-{{ order_sn }}.pdf`
    pub(super) fn output_file(&mut self, map: &CheckedMap<'_>) -> Option<OutputFile> {
        let entry = map.entry("output")?;
        if let Some(pages) = map.entry("pages") {
            let diagnostic = Diagnostic::error("`output` and `pages` cannot be combined")
                .at(entry.key_at, "a file holds one response")
                .at(pages.key_at, "this step gets several responses");
            self.diagnostics.push(
                diagnostic.hint(
                    "capture values of the pages, or write a step with `output` for each page",
                ),
            );
        }
        if let Some(head) = map.entry("head") {
            let diagnostic = Diagnostic::error("`output` needs a response with a body")
                .at(entry.key_at, "this response has no body")
                .at(head.key_at, "a response to HEAD has no body");
            self.diagnostics.push(diagnostic);
        }
        let node = &entry.value;
        let path = self.value_decoder().template(node, "a file name")?;
        if let Err((name, error)) = check_segments(&path) {
            let diagnostic =
                Diagnostic::error(format!("`{name}` {error}")).at(path.at, "in the name of a file");
            self.diagnostics.push(diagnostic.hint(
                "write a name such as `label-{{ order_sn }}.pdf`, optionally with folders; it is relative to the output folder",
            ));
        }
        Some(OutputFile { at: node.at, path })
    }

    /// The largest response of a step, in bytes.
    pub(super) fn max_body(&mut self, map: &CheckedMap<'_>) -> Option<u64> {
        max_body(map, self.diagnostics)
    }
}

/// `max_body: 200MiB`, in bytes.
pub(super) fn max_body(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) -> Option<u64> {
    let node = map.get("max_body")?;
    let written = scalar(node, "`max_body`", diagnostics)?;
    let size = parse_size(&written);
    if size.is_none() {
        diagnostics.push(wrong_size(node, &written));
    }
    size
}

fn wrong_size(node: &YamlNode, written: &str) -> Diagnostic {
    Diagnostic::error(format!("`{written}` is not a size"))
        .at(node.at, "of a response")
        .hint("write a whole number with `KiB`, `MiB` or `GiB`, at most `2GiB`: `max_body: 200MiB`")
}

/// `200MiB`, in bytes; at most 2 GiB.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.trim_end().parse().ok().filter(|_| is_number)?;
    let bytes = number.checked_mul(unit)?;
    (1..=MOST_BYTES).contains(&bytes).then_some(bytes)
}

/// Every segment, with a letter for each template: what its value may be is checked when it is
/// known.
fn check_segments(path: &Template) -> Result<(), (String, FileNameError)> {
    let text: String = path
        .parts
        .iter()
        .map(|part| match part {
            TemplatePart::Literal(text) => text.as_str(),
            TemplatePart::Expression(_) => "x",
        })
        .collect();
    text.split('/').try_for_each(|segment| {
        file_name::check_name(segment).map_err(|error| (segment.to_owned(), error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        assert_eq!(parse_size("200MiB"), Some(200 << 20));
        assert_eq!(parse_size("1KiB"), Some(1_024));
        assert_eq!(parse_size("2GiB"), Some(2 << 30));
        for text in [
            "",
            "1",
            "MiB",
            "0MiB",
            "-1MiB",
            "1.5MiB",
            "1 MiB",
            "3GiB",
            "1MB",
            "1mib",
            "+1MiB",
            "99999999999999999999GiB",
            "0x1MiB",
        ] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
