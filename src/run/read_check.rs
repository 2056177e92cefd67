//! Whether a call that nobody has written down reads only, in every way a server may take it.

use crate::model::scheme::Scheme;
use crate::wire::{Draft, decoded_path};

/// The names by which frameworks take another method than the one of the request, of headers and of
/// fields, with `-` for `_`.
const METHOD_OVERRIDES: [&str; 4] = [
    "-method",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// The `reads` of the scheme must fit the path as it is written and as it is when it is decoded,
/// and what they ask of the query must stand nowhere else.
#[must_use]
pub(crate) fn is_surely_read(scheme: &Scheme, draft: &Draft) -> bool {
    let query = draft.query_pairs();
    let fields = draft.body.fields();
    let fits = |path: &str| scheme.is_read(draft.method, path, || query.clone());
    let names = || {
        let headers = draft.headers.iter();
        headers
            .chain(&query)
            .chain(fields.iter().flatten())
            .map(|(name, _)| name.as_str())
    };
    fits(&draft.path)
        && fits(&decoded_path(&draft.path))
        && !names().any(overrides_method)
        && !repeats_parameter(scheme, &query, fields.as_deref())
}

fn overrides_method(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    METHOD_OVERRIDES.contains(&name.as_str())
}

/// Whether a parameter that a rule looks at in the query can stand in the body, or in another
/// spelling in the query: of the two values a server may take either.
fn repeats_parameter(
    scheme: &Scheme,
    query: &[(String, String)],
    fields: Option<&[(String, String)]>,
) -> bool {
    let rules = scheme.read_rules.iter();
    rules.flat_map(|rule| &rule.query).any(|(known, _)| {
        let is_same = |name: &str| {
            // `method[]` is `method` in some languages.
            let bare = name.split('[').next().unwrap_or_default().trim();
            bare.eq_ignore_ascii_case(known)
        };
        query.iter().any(|(name, _)| name != known && is_same(name))
            || fields.is_none_or(|fields| fields.iter().any(|(name, _)| is_same(name)))
    })
}
