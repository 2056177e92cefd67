//! Decodes a step whose address comes from a response: `external` and `redirects`.

use crate::diagnostic::{Diagnostic, Hint};
use crate::load::node_reader::{CheckedMap, one_or_many, text};
use crate::load::request::RequestDecoder;
use crate::model::request::ExternalHosts;
use crate::model::scheme::PLAIN_SCHEME;
use crate::model::template::{Template, TemplatePart};
use crate::value::Number;
use crate::wire::HostPattern;
use crate::yaml::YamlNode;

/// As browsers do.
const MAX_REDIRECTS: u32 = 20;

impl RequestDecoder<'_> {
    /// `external: "*.s3.example.com"`, or a list of them.
    pub(super) fn external_hosts(&mut self, map: &CheckedMap<'_>) -> Option<ExternalHosts> {
        let node = map.get("external")?;
        self.refuse_keys_beside_external(map);
        let nodes = one_or_many(node);
        if nodes.is_empty() {
            let diagnostic = Diagnostic::error("`external` needs at least one host")
                .at(node.at, "the list is empty");
            self.diagnostics.push(diagnostic);
        }
        let patterns = nodes
            .iter()
            .filter_map(|node| self.external_pattern(node))
            .collect();
        Some(ExternalHosts {
            at: node.at,
            patterns,
        })
    }

    fn external_pattern(&mut self, node: &YamlNode) -> Option<HostPattern> {
        let written = text(node, "a host", self.diagnostics)?;
        let reason = match HostPattern::parse(written) {
            Ok(pattern) if pattern.names_port() && !pattern.is_loopback() => {
                format!("`{written}` has a port: other hosts are called only at port 443")
            }
            Ok(pattern) => return Some(pattern),
            Err(error) => error.to_string(),
        };
        let diagnostic = Diagnostic::error(reason).at(node.at, "in `external`");
        self.diagnostics.push(diagnostic.hint(
            "write the host as in the address, with `*` for a label that varies: `*.s3.ap-northeast-2.amazonaws.com`",
        ));
        None
    }

    fn refuse_keys_beside_external(&mut self, map: &CheckedMap<'_>) {
        let mut refuse = |key: &str, reason: &str, hint: Hint| {
            if let Some(entry) = map.entry(key) {
                let title = format!("`{key}` and `external` cannot be combined");
                let diagnostic = Diagnostic::error(title).at(entry.key_at, reason);
                self.diagnostics.push(diagnostic.hint(hint));
            }
        };
        refuse(
            "query",
            "the address is sent byte for byte",
            Hint::remove("remove it: a signature in the address covers its query"),
        );
        refuse(
            "level",
            "ingam calls the address without a signature",
            Hint::remove("remove it"),
        );
        let is_plain = |node: &YamlNode| node.as_text() == Some(PLAIN_SCHEME);
        if !map.get("scheme").is_some_and(is_plain) {
            refuse(
                "scheme",
                "ingam calls the address without a signature",
                Hint::remove_or(
                    "remove it, or write `scheme: none`; in a flow, the other steps keep the scheme of the file",
                ),
            );
        }
    }

    /// The address is one template: text beside it would change what a response gave.
    pub(super) fn check_address(&mut self, path: &Template) {
        if !matches!(path.parts.as_slice(), [TemplatePart::Expression(_)]) {
            let diagnostic =
                Diagnostic::error("with `external`, the address must be exactly one template")
                    .at(path.at, "this is not");
            self.diagnostics
                .push(diagnostic.hint("write a captured address, such as `\"{{ upload_url }}\"`"));
        }
    }

    /// How many redirects are followed.
    pub(super) fn redirects(&mut self, map: &CheckedMap<'_>) -> u32 {
        let Some(node) = map.get("redirects") else {
            return 0;
        };
        let number = node.to_value().as_number().and_then(Number::as_i64);
        let count = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|count| (1..=MAX_REDIRECTS).contains(count));
        count.unwrap_or_else(|| {
            let diagnostic = Diagnostic::error(format!(
                "`redirects` must be a whole number from 1 to {MAX_REDIRECTS}"
            ));
            self.diagnostics.push(
                diagnostic
                    .at(node.at, "this is none")
                    .hint("without `redirects`, no redirect is followed"),
            );
            0
        })
    }
}
