//! Decodes what OAuth 2.0 adds to token requests and links: `scope`, `client_auth` and `pkce`. The
//! first two are short for fields that a scheme can also write by itself. It refuses what would
//! switch a protection off: a challenge that is not sent, and a verifier that no exchange sends.

use super::SchemeDecoder;
use crate::diagnostic::Diagnostic;
use crate::load::node_reader::{CheckedMap, enum_value, is_variable_name, scalar, text_list};
use crate::model::request::TemplateField;
use crate::model::scheme::{AuthorizeLink, Scheme, TokenRequest};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::render::TemplateDialect;
use crate::value::Value;
use crate::yaml::{NodeKind, ScalarText, YamlNode};

/// How the application says who it is (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientAuth {
    Basic,
    Post,
}

const CLIENT_AUTH_METHODS: [(&str, ClientAuth); 2] =
    [("basic", ClientAuth::Basic), ("post", ClientAuth::Post)];
/// The credentials that `client_auth` uses if it names none.
const CLIENT_CREDENTIALS: [&str; 2] = ["client_id", "client_secret"];
/// The parameter of RFC 6749, section 3.3.
const SCOPE: &str = "scope";

impl SchemeDecoder<'_> {
    /// `pkce: S256`. `plain` would show the verifier in the link (RFC 7636, section 7.2).
    pub(super) fn is_pkce_method(&mut self, node: &YamlNode) -> bool {
        enum_value(node, "`pkce`", &[("S256", ())], self.diagnostics).is_some()
    }

    /// `scope: [read, write]`, or one text: the parameter `scope` of a link.
    pub(super) fn scope_field(
        &mut self,
        map: &CheckedMap<'_>,
        beside: &[TemplateField],
    ) -> Option<TemplateField> {
        let entry = map.entry(SCOPE)?;
        let text = match &entry.value.kind {
            NodeKind::List(_) => {
                let names = text_list(&entry.value, "a scope", self.diagnostics);
                names
                    .iter()
                    .for_each(|name| self.check_scope(name, &entry.value));
                names.join(" ")
            }
            _ => scalar(&entry.value, "`scope`", self.diagnostics)?,
        };
        if let Some(twice) = beside.iter().find(|field| field.name == SCOPE) {
            let diagnostic = Diagnostic::error("`scope` is written twice")
                .at(twice.name_at, "the second")
                .at(entry.key_at, "the first");
            self.diagnostics.push(diagnostic.hint("remove one of them"));
        }
        self.text_field(SCOPE, &text, &entry.value)
    }

    fn check_scope(&mut self, name: &str, node: &YamlNode) {
        // RFC 6749, section 3.3: blanks separate scopes. A template may stand for several.
        let is_one = !name.is_empty() && !name.contains([' ', ',', '"', '\\']);
        if !is_one && !name.contains("{{") {
            let diagnostic = Diagnostic::error(format!("`{name}` is not one scope"))
                .at(node.at, "in this list")
                .hint(
                    "write each scope as a separate item; ingam joins them with spaces. If the marketplace expects commas, write the parameter under `query`",
                );
            self.diagnostics.push(diagnostic);
        }
    }

    /// The parameter `scope` of a token request: in its form, or in its query if it has neither
    /// form nor JSON.
    pub(super) fn add_scope(&mut self, map: &CheckedMap<'_>, request: &mut TokenRequest) {
        if let (Some(entry), Some(_)) = (map.entry(SCOPE), &request.json) {
            let diagnostic = Diagnostic::error("`scope` must be a parameter of a form or a query")
                .at(entry.key_at, "this request has a JSON body");
            self.diagnostics
                .push(diagnostic.hint("write it as a member under `json`"));
            return;
        }
        let fields = if request.form.is_empty() {
            &request.query
        } else {
            &request.form
        };
        let Some(field) = self.scope_field(map, fields) else {
            return;
        };
        if request.form.is_empty() {
            request.query.push(field);
        } else {
            request.form.push(field);
        }
    }

    /// `client_auth: basic`, `client_auth: { post: [app_key, app_secret] }`.
    pub(super) fn add_client_auth(
        &mut self,
        map: &CheckedMap<'_>,
        scheme: &Scheme,
        request: &mut TokenRequest,
    ) {
        let Some(node) = map.get("client_auth") else {
            return;
        };
        let Some((method, [id, secret])) = self.client_auth(node) else {
            return;
        };
        for name in [&id, &secret] {
            self.check_client_credential(name, scheme, node);
        }
        match method {
            // As marketplaces document it. RFC 6749 would encode both for a form first, which
            // differs for no id and secret of letters, digits, `-`, `.` and `_`.
            ClientAuth::Basic => {
                let text = format!("Basic {{{{ (cred.{id} ~ ':' ~ cred.{secret}) | b64 }}}}");
                let field = self.text_field("authorization", &text, node);
                request.procedure.attach.headers.extend(field);
            }
            ClientAuth::Post => self.add_client_parameters(node, request, &[&id, &secret]),
        }
    }

    fn add_client_parameters(
        &mut self,
        node: &YamlNode,
        request: &mut TokenRequest,
        [id, secret]: &[&str; 2],
    ) {
        if request.form.is_empty() {
            // RFC 6749, section 2.3.1: never in the query, which proxies and servers log.
            let diagnostic = Diagnostic::error("`client_auth: post` needs a `form`")
                .at(node.at, "this request has none");
            self.diagnostics.push(diagnostic.hint(
                "the secret is sent in the body; for a JSON body, write both as members under `json`",
            ));
            return;
        }
        for (name, credential) in CLIENT_CREDENTIALS.into_iter().zip([id, secret]) {
            if let Some(own) = request.form.iter().find(|field| field.name == name) {
                let diagnostic = Diagnostic::error(format!("`client_auth` adds `{name}`"))
                    .at(own.name_at, "but it is already here");
                self.diagnostics.push(
                    diagnostic
                        .at(node.at, "this adds it")
                        .hint("remove one of them"),
                );
            }
            let field = self.text_field(name, &format!("{{{{ cred.{credential} }}}}"), node);
            request.form.extend(field);
        }
    }

    /// The method, and the credentials of the application's id and secret.
    fn client_auth(&mut self, node: &YamlNode) -> Option<(ClientAuth, [String; 2])> {
        if node.as_map().is_none() {
            let method = enum_value(
                node,
                "`client_auth`",
                &CLIENT_AUTH_METHODS,
                self.diagnostics,
            )?;
            return Some((method, CLIENT_CREDENTIALS.map(str::to_owned)));
        }
        let words = CLIENT_AUTH_METHODS.map(|(word, _)| word);
        let map = CheckedMap::open(node, "`client_auth`", &words, self.diagnostics)?;
        let found = CLIENT_AUTH_METHODS
            .into_iter()
            .filter_map(|(word, method)| Some((method, map.get(word)?)));
        let found: Vec<_> = found.collect();
        let names = found.first().and_then(|(_, names)| {
            let names = text_list(names, "a credential", self.diagnostics);
            <[String; 2]>::try_from(names).ok()
        });
        let ([(method, _)], Some(names)) = (found.as_slice(), names) else {
            let diagnostic =
                Diagnostic::error("`client_auth` needs one method and two credentials")
                    .at(node.at, "this one");
            self.diagnostics.push(diagnostic.hint(
                "write `basic` or `post` for `client_id` and `client_secret`, or `{ basic: [app_key, app_secret] }`",
            ));
            return None;
        };
        Some((*method, names))
    }

    fn check_client_credential(&mut self, name: &str, scheme: &Scheme, node: &YamlNode) {
        if is_variable_name(name) && scheme.credential(name).is_some() {
            return;
        }
        let diagnostic = Diagnostic::error(format!("there is no credential `{name}`"))
            .at(node.at, "`client_auth` needs it");
        self.diagnostics.push(diagnostic.hint(
            "define it under `credentials`, or write the names of the id and the secret: `client_auth: { basic: [app_key, app_secret] }`",
        ));
    }

    /// A field whose value is a template that stands nowhere in the file as such.
    fn text_field(&mut self, name: &str, text: &str, node: &YamlNode) -> Option<TemplateField> {
        if !text.contains("{{") {
            return Some(TemplateField {
                name: name.into(),
                name_at: node.at,
                value: TemplateTree::constant(Value::from(text)),
            });
        }
        let shown = YamlNode {
            kind: NodeKind::Text(ScalarText {
                value: text.into(),
                verbatim_offset: None,
            }),
            ..node.clone()
        };
        let template = self
            .value_decoder()
            .template(&shown, &format!("`{name}`"))?;
        Some(TemplateField {
            name: name.into(),
            name_at: node.at,
            value: TemplateTree {
                at: node.at,
                kind: TemplateTreeKind::Template(template),
            },
        })
    }

    /// A challenge protects nothing unless the link sends it and the exchange proves it.
    pub(super) fn check_pkce(&mut self, scheme: &Scheme) {
        let Some(link) = scheme.authorize_links.iter().find(|link| link.uses_pkce) else {
            return;
        };
        for link in scheme.authorize_links.iter().filter(|link| link.uses_pkce) {
            if !link_uses(link, "challenge") {
                let diagnostic = Diagnostic::error("the link has `pkce`, but sends no challenge")
                    .at(link.at, "no `challenge` in its query");
                self.diagnostics.push(diagnostic.hint(
                    "write `code_challenge: \"{{ challenge }}\"` and `code_challenge_method: S256` under `query`",
                ));
            }
        }
        let exchanges = scheme
            .tokens
            .iter()
            .filter_map(|token| token.exchange.as_ref());
        for exchange in exchanges.filter(|exchange| !request_uses(exchange, "verifier")) {
            let diagnostic = Diagnostic::error("the exchange does not send the verifier")
                .at(exchange.at, "it does not contain `verifier`")
                .at(link.at, "this link has `pkce`");
            self.diagnostics
                .push(diagnostic.hint("write `code_verifier: \"{{ verifier }}\"` under `form`"));
        }
    }
}

fn link_uses(link: &AuthorizeLink, name: &str) -> bool {
    let mut fields = link.query.iter();
    fields.any(|field| looks_up(&field.value, name))
}

pub(super) fn request_uses(request: &TokenRequest, name: &str) -> bool {
    let mut fields = request.query.iter().chain(&request.form);
    fields.any(|field| looks_up(&field.value, name))
        || request.json.iter().any(|json| looks_up(json, name))
}

/// Whether a template reads a name.
pub(super) fn looks_up(tree: &TemplateTree, name: &str) -> bool {
    let expressions = tree.expressions().into_iter();
    expressions
        .filter_map(|expression| TemplateDialect::Scheme.names_in(expression).ok())
        .flatten()
        .any(|used| used == name)
}
