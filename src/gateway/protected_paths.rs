//! The paths of a scheme that the gateway does not call: those of token requests and of
//! authorization links. Tokens are ingam's business: a second program that renews one ends the
//! first one's.

use crate::model::path_literals::PathLiterals;
use crate::model::scheme::{PathPattern, Scheme, SchemeHost, Token, TokenRequest};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::value::Value;
use crate::wire::{BaseUrl, Draft, decoded_path};

/// What of a scheme is refused.
pub(super) struct ProtectedPaths {
    paths: Vec<PathLiterals>,
    /// Token requests at a path that all calls have: their fields tell them apart.
    shared: Vec<SharedTokenRequest>,
    /// The base paths of its hosts: a token path of one host can be reached below another.
    base_paths: Vec<String>,
}

struct SharedTokenRequest {
    path: PathLiterals,
    /// Name and text of each field that does not vary, in lower case.
    fields: Vec<(String, String)>,
}

impl SharedTokenRequest {
    /// `None` if the scheme has no calls at its path, or no field tells it from them.
    fn of(request: &TokenRequest, scheme: &Scheme) -> Option<Self> {
        let path = request.path.as_literal()?;
        let is_shared = scheme.paths.iter().any(|PathPattern(known)| known == path);
        let fields = constant_fields(request);
        (is_shared && !fields.is_empty()).then(|| Self {
            path: PathLiterals::of(&request.path).to_lowercase(),
            fields,
        })
    }

    /// One field is enough: a server may overlook the others.
    fn is_named_by(&self, fields: &[(String, String)]) -> bool {
        fields.iter().any(|(name, text)| {
            let (name, text) = (name.trim().to_lowercase(), text.trim().to_lowercase());
            let mut own = self.fields.iter();
            own.any(|(known, value)| *known == name && *value == text)
        })
    }
}

fn constant_fields(request: &TokenRequest) -> Vec<(String, String)> {
    let lower = |name: &str, tree: &TemplateTree| {
        let text = tree.as_constant()?.to_plain_text()?;
        Some((name.to_lowercase(), text.to_lowercase()))
    };
    let fields = request.query.iter().chain(&request.form);
    let mut found: Vec<_> = fields
        .filter_map(|field| lower(&field.name, &field.value))
        .collect();
    match request.json.as_ref().map(|json| &json.kind) {
        Some(TemplateTreeKind::Object(members)) => {
            found.extend(members.iter().filter_map(|(name, tree)| lower(name, tree)));
        }
        Some(TemplateTreeKind::Constant(Value::Object(members))) => {
            found.extend(members.iter().filter_map(|(name, value)| {
                let text = value.to_plain_text()?;
                Some((name.as_str().to_lowercase(), text.to_lowercase()))
            }));
        }
        _ => {}
    }
    found
}

impl ProtectedPaths {
    #[must_use]
    pub(super) fn of(scheme: &Scheme) -> Self {
        let mut paths = Vec::new();
        let mut shared = Vec::new();
        for request in scheme.tokens.iter().flat_map(Token::all_requests) {
            match SharedTokenRequest::of(request, scheme) {
                Some(request) => shared.push(request),
                None => paths.push(PathLiterals::of(&request.path).to_lowercase()),
            }
        }
        let links = scheme.authorize_links.iter();
        paths.extend(links.map(|link| PathLiterals::of(&link.path).to_lowercase()));
        let base = |host: &SchemeHost| {
            let base = BaseUrl::parse(&host.example_url()).ok()?;
            Some(base.path().to_lowercase())
        };
        let mut base_paths: Vec<String> = scheme.hosts.iter().filter_map(base).collect();
        base_paths.push(String::new());
        base_paths.sort_unstable();
        base_paths.dedup();
        Self {
            paths,
            shared,
            base_paths,
        }
    }

    /// Whether a path is one of them, in whatever spelling a server may take for it. `base` is the
    /// base path of the host that it is sent to, `path` what follows it.
    #[must_use]
    pub(super) fn contain(&self, base: &str, path: &str) -> bool {
        let mut spellings = self.spellings(base, path).into_iter();
        spellings.any(|path| self.paths.iter().any(|known| known.matches(&path)))
    }

    /// Whether a call is a token request at a path that other calls have, too. Of a body in which
    /// no fields can be seen, nobody knows that it is none.
    #[must_use]
    pub(super) fn contain_call(&self, base: &str, draft: &Draft) -> bool {
        if self.shared.is_empty() {
            return false;
        }
        let spellings = self.spellings(base, &draft.path);
        let mut at_path = self.shared.iter().filter(|request| {
            let mut spellings = spellings.iter();
            spellings.any(|path| request.path.matches(path))
        });
        let fields = draft.body.fields().map(|mut fields| {
            fields.extend(draft.query_pairs());
            fields
        });
        at_path.any(|request| {
            let fields = fields.as_deref();
            fields.is_none_or(|fields| request.is_named_by(fields))
        })
    }

    /// The path below each base path, with and without a slash at its end: a template may have one.
    fn spellings(&self, base: &str, path: &str) -> Vec<String> {
        let whole = normalized(&format!("{base}{path}"));
        let bases = self.base_paths.iter();
        let inside = bases.filter_map(|base| whole.strip_prefix(base.as_str()));
        let mut found: Vec<String> = inside.map(str::to_owned).collect();
        found.push(normalized(path));
        let with_slash: Vec<String> = found.iter().map(|path| format!("{path}/")).collect();
        found.extend(with_slash);
        found
    }
}

/// Decoded, in lower case, without parameters of segments, without segments that say nothing, and
/// without a slash at the end. Some servers cut blanks and dots at the end of a name.
fn normalized(path: &str) -> String {
    let decoded = decoded_path(path).to_lowercase();
    let mut plain = String::new();
    for segment in decoded.split('/') {
        let name = segment.trim_matches(|letter: char| {
            letter.is_whitespace() || letter.is_control() || letter == '.'
        });
        if !name.is_empty() {
            plain.push('/');
            plain.push_str(name);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::Template;
    use crate::span::Span;

    #[test]
    fn a_token_path_is_refused_in_every_spelling() {
        let paths = ["/api/v2/auth/token/get", "/getToken/{{ cred.app_key }}"];
        let literals = |path: &str| {
            PathLiterals::of(&Template::parse(path, Span::default(), None).unwrap()).to_lowercase()
        };
        let protected = ProtectedPaths {
            paths: paths.map(literals).into(),
            shared: Vec::new(),
            base_paths: vec![String::new(), "/rest".to_owned()],
        };
        for path in [
            "/api/v2/auth/token/get",
            "/API/V2/Auth/Token/Get",
            "/api/v2/auth/token/get/",
            "/api/v2/auth;x=1/token/get;y",
            "/api/v2/auth%2Ftoken/get",
            "/api/v2/auth/%74oken/get",
            "/rest/api/v2/auth/token/get",
            "/getToken/4711",
            "/api/v2/auth%2F/token/get",
            "/api/v2/auth/.%2Ftoken/get",
            "/api/v2/auth/%2574oken/get",
            "/api/v2/auth/token/get%20",
            "/api/v2/auth/token/get.",
        ] {
            assert!(protected.contain("", path), "{path}");
        }
        assert!(protected.contain("/rest", "/api/v2/auth/token/get"));
        for path in ["/api/v2/auth/token", "/api/v2/shop/get_shop_info", "", "/"] {
            assert!(!protected.contain("", path), "{path}");
        }
    }
}
