//! Edits of a query as raw text, and of the expressions of a recipe.

use super::query_text::{RawPair, join_raw, raw_pairs};
use super::variation::{Claim, Variation, VariedPart};
use crate::model::scheme::{SignOp, SignStep};
use crate::model::template::{Template, TemplatePart};
use crate::sign::FrozenRequest;
use crate::span::Span;

/// Where the raw text of the query goes into the text.
pub(super) const RAW_QUERY: [&str; 3] = ["query", "path_query", "url"];

pub(super) fn set_query(request: &mut FrozenRequest, query: String) {
    request.draft.raw_query.clone_from(&query);
    request.draft.query.clear();
    request.query = query;
}

pub(super) fn raw(claim: Claim, change: impl Fn(&str) -> Option<String> + 'static) -> Variation {
    Variation::request(claim, VariedPart::Query, move |request| {
        if let Some(query) = change(&request.query) {
            set_query(request, query);
        }
    })
}

/// Each name and value of the raw text changed by itself.
pub(super) fn each_raw(query: &str, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let pairs = raw_pairs(query).into_iter().map(|(name, value)| {
        let value = match value {
            Some(value) => Some(change(&value)?),
            None => None,
        };
        Some((change(&name)?, value))
    });
    Some(join_raw(&pairs.collect::<Option<Vec<RawPair>>>()?))
}

/// Rewrites the expressions of every step's templates.
pub(super) fn edit_sources(steps: &mut [SignStep], change: &dyn Fn(&str) -> String) {
    for step in steps {
        let (SignOp::Text(template)
        | SignOp::Digest {
            input: template, ..
        }
        | SignOp::Hmac {
            input: template, ..
        }
        | SignOp::Encode {
            input: template, ..
        }) = &mut step.operation
        else {
            continue;
        };
        for part in &mut template.parts {
            let TemplatePart::Expression(expression) = part else {
                continue;
            };
            let changed = change(&expression.source);
            if changed != expression.source {
                let text = format!("{{{{ {changed} }}}}");
                let parsed = Template::parse(&text, Span::default(), None);
                if let Some(first) = parsed
                    .ok()
                    .and_then(|parsed| parsed.parts.into_iter().next())
                {
                    *part = first;
                }
            }
        }
    }
}
