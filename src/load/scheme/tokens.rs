//! Decodes `tokens` and `authorize`.

use super::SchemeDecoder;
use super::plain_text::{scalar, text, text_list};
use crate::diagnostic::{Diagnostic, name_hint};
use crate::load::assertion::{json_path, xpath};
use crate::load::node_reader::{
    CheckedMap, at_most_one, boolean, duration, map_entries, one_or_many,
};
use crate::method::Method;
use crate::model::request::{SpannedName, TemplateField};
use crate::model::scheme::{
    AuthorizeLink, SavedFrom, Scheme, SigningProcedure, Token, TokenLifetimes, TokenRequest,
    TokenSplit,
};
use crate::model::template::{Template, TemplatePart};
use crate::xml::XPath;
use crate::yaml::{MapEntry, YamlNode};
use std::time::Duration;

/// Keys of a token.
pub(super) const TOKEN_KEYS: [&str; 10] = [
    "store_by",
    "issue",
    "exchange",
    "device",
    "refresh",
    "revoke",
    "save",
    "lifetime",
    "renew_before",
    "splits",
];
/// Keys of a token request.
pub(super) const TOKEN_REQUEST_KEYS: [&str; 15] = [
    "get",
    "post",
    "put",
    "query",
    "form",
    "json",
    "scope",
    "client_auth",
    "host",
    "with",
    "level",
    "prepare",
    "sign",
    "attach",
    "save",
];
/// Keys of `authorize`.
pub(super) const AUTHORIZE_KEYS: [&str; 13] = [
    "name",
    "get",
    "host",
    "query",
    "scope",
    "pkce",
    "level",
    "prepare",
    "sign",
    "attach",
    "callback",
    "verify",
    "code_lifetime",
];
/// Places of a saved value that is not in a JSON body.
pub(super) const SAVED_KEYS: [&str; 2] = ["header", "cookie"];
const LIFETIME_KEYS: [&str; 4] = ["access", "refresh", "grant", "refresh_once"];

impl SchemeDecoder<'_> {
    pub(super) fn tokens(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
        whole: &SigningProcedure,
    ) -> Vec<Token> {
        let tokens: Vec<Token> = map_entries(node, "`tokens`", self.diagnostics)
            .iter()
            .filter_map(|entry| self.token(entry, scheme, whole))
            .collect();
        self.check_one_device(&tokens);
        self.check_issuing_tokens(&tokens);
        tokens
    }

    pub(super) fn check_token_exists(&mut self, wanted: &SpannedName, tokens: &[Token]) {
        if !tokens.iter().any(|token| token.name == wanted.name) {
            let diagnostic = Diagnostic::error(format!("there is no token `{}`", wanted.name))
                .at(wanted.at, "not defined under `tokens`");
            self.diagnostics.push(diagnostic.maybe_hint(name_hint(
                &wanted.name,
                tokens.iter().map(|token| token.name.as_str()),
            )));
        }
    }

    fn token(
        &mut self,
        entry: &MapEntry,
        scheme: &Scheme,
        whole: &SigningProcedure,
    ) -> Option<Token> {
        let map = CheckedMap::open(&entry.value, "a token", &TOKEN_KEYS, self.diagnostics)?;
        let save = map.optional("save", |node| self.saved_fields(node));
        let mut request = |key: &str| {
            map.get(key)
                .and_then(|node| self.token_request(node, scheme, whole, &save))
        };
        let (issue, exchange, refresh) =
            (request("issue"), request("exchange"), request("refresh"));
        // Its answer brings nothing.
        let revoke = map
            .get("revoke")
            .and_then(|node| self.token_request(node, scheme, whole, &[]));
        let device = map
            .get("device")
            .and_then(|node| self.device_grant(node, scheme, whole, &save));
        // A `device` with a fault is no token without a request.
        let has_none = [&issue, &exchange, &refresh]
            .iter()
            .all(|way| way.is_none());
        if has_none && map.get("device").is_none() {
            self.diagnostics.push(
                Diagnostic::error("a token needs `issue`, `exchange`, `device` or `refresh`")
                    .at(map.at, "ingam cannot get this token"),
            );
        }
        Some(Token {
            name: entry.key.to_string(),
            at: entry.key_at,
            key_credentials: map.optional("store_by", |node| {
                text_list(node, "`store_by`", self.diagnostics)
            }),
            issue,
            exchange,
            device,
            refresh,
            revoke,
            lifetime: map.optional("lifetime", |node| self.lifetime(node)),
            renew_before: map
                .optional_duration("renew_before", self.diagnostics)
                .unwrap_or(Duration::ZERO),
            splits: map.optional("splits", |node| self.splits(node)),
        })
    }

    /// `shop: { shop_id: "$.shop_id_list[*]" }`
    fn splits(&mut self, node: &YamlNode) -> Vec<TokenSplit> {
        let entries = map_entries(node, "`splits`", self.diagnostics).iter();
        entries.filter_map(|entry| self.split(entry)).collect()
    }

    fn split(&mut self, entry: &MapEntry) -> Option<TokenSplit> {
        let [(credential, ids)] = self.id_paths(&entry.value).try_into().ok().or_else(|| {
            let diagnostic =
                Diagnostic::error("a split needs one credential and the JSONPath of its ids")
                    .at(entry.value.at, "this one");
            self.diagnostics
                .push(diagnostic.hint("write `shop: { shop_id: \"$.shop_id_list[*]\" }`"));
            None
        })?;
        Some(TokenSplit {
            token: entry.key.to_string(),
            at: entry.key_at,
            credential,
            ids,
        })
    }

    fn lifetime(&mut self, node: &YamlNode) -> TokenLifetimes {
        let Some(map) = CheckedMap::open(node, "`lifetime`", &LIFETIME_KEYS, self.diagnostics)
        else {
            return TokenLifetimes::default();
        };
        let mut life = |key: &str| {
            map.get(key)
                .and_then(|node| duration(node, "a lifetime", self.diagnostics))
        };
        let (access, refresh, grant) = (life("access"), life("refresh"), life("grant"));
        let refresh_once = map
            .get("refresh_once")
            .and_then(|node| boolean(node, "`refresh_once`", self.diagnostics))
            .unwrap_or(false);
        TokenLifetimes {
            access,
            refresh,
            grant,
            is_refresh_single_use: refresh_once,
        }
    }

    /// `access_token: $.access_token`, `session: { cookie: sid }`
    fn saved_fields(&mut self, node: &YamlNode) -> Vec<(String, SavedFrom)> {
        let saves = map_entries(node, "`save`", self.diagnostics).iter();
        saves
            .filter_map(|entry| Some((entry.key.to_string(), self.saved_from(&entry.value)?)))
            .collect()
    }

    fn saved_from(&mut self, node: &YamlNode) -> Option<SavedFrom> {
        if node.as_map().is_none() {
            let path = text(node, "a JSONPath", self.diagnostics)?;
            if XPath::is_meant_by(path) {
                return Some(SavedFrom::Xml(xpath(path, node.at, self.diagnostics)?));
            }
            return Some(SavedFrom::Json(json_path(path, node.at, self.diagnostics)?));
        }
        let map = CheckedMap::open(node, "a saved value", &SAVED_KEYS, self.diagnostics)?;
        at_most_one(
            &map,
            &SAVED_KEYS,
            "a value can be saved from only one place",
            self.diagnostics,
        );
        let header = map.optional_text("header", self.diagnostics);
        let header = header.map(|name| SavedFrom::Header(name.to_ascii_lowercase()));
        let cookie = map.optional_text("cookie", self.diagnostics);
        let saved = header.or(cookie.map(SavedFrom::Cookie));
        if saved.is_none() {
            let diagnostic = Diagnostic::error("a saved value needs a place")
                .at(node.at, "no place here")
                .hint("write a JSONPath, an XPath, `{ header: NAME }` or `{ cookie: NAME }`");
            self.diagnostics.push(diagnostic);
        }
        saved
    }

    /// Name → `JSONPath`
    fn id_paths(&mut self, node: &YamlNode) -> Vec<(String, crate::jsonpath::JsonPath)> {
        let saves = map_entries(node, "`save`", self.diagnostics).iter();
        saves
            .filter_map(|entry| {
                let path = text(&entry.value, "a JSONPath", self.diagnostics)?;
                Some((
                    entry.key.to_string(),
                    json_path(path, entry.value.at, self.diagnostics)?,
                ))
            })
            .collect()
    }

    pub(super) fn token_request(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
        whole: &SigningProcedure,
        save: &[(String, SavedFrom)],
    ) -> Option<TokenRequest> {
        let map = CheckedMap::open(
            node,
            "a token request",
            &TOKEN_REQUEST_KEYS,
            self.diagnostics,
        )?;
        let (method, path) = self.token_request_line(&map)?;
        let mut request = TokenRequest {
            at: node.at,
            method,
            path,
            query: self.token_fields(&map, "query"),
            form: self.token_fields(&map, "form"),
            json: map.get("json").map(|node| self.value_decoder().tree(node)),
            host: self.host_choice(&map, &scheme.hosts).unwrap_or_default(),
            issuing_token: map.get("with").and_then(|node| {
                let name = text(node, "`with`", self.diagnostics)?;
                Some(SpannedName {
                    name: name.to_owned(),
                    at: node.at,
                })
            }),
            procedure: self.procedure(&map, scheme, whole),
            saved_fields: map
                .get("save")
                .map_or_else(|| save.to_vec(), |node| self.saved_fields(node)),
        };
        self.add_scope(&map, &mut request);
        self.add_client_auth(&map, scheme, &mut request);
        Some(request)
    }

    fn token_request_line(&mut self, map: &CheckedMap<'_>) -> Option<(Method, Template)> {
        at_most_one(
            map,
            &Method::ALL.map(Method::key),
            "a token request must have exactly one method",
            self.diagnostics,
        );
        at_most_one(
            map,
            &["form", "json"],
            "a token request can have only one body",
            self.diagnostics,
        );
        let found = Method::ALL
            .into_iter()
            .find_map(|method| map.get(method.key()).map(|node| (method, node)));
        let Some((method, node)) = found else {
            self.diagnostics.push(
                Diagnostic::error("a token request needs a method and a path")
                    .at(map.at, "`get`, `post` or `put`"),
            );
            return None;
        };
        let path = self.value_decoder().template(node, "a path")?;
        self.check_token_path(&path);
        Some((method, path))
    }

    fn check_token_path(&mut self, path: &Template) {
        // A token request carries the app's secret. `//other.example/token` would send it to
        // another host, which only `host` may name.
        if !matches!(path.parts.first(), Some(TemplatePart::Literal(text)) if text.starts_with('/') && !text.starts_with("//"))
        {
            let diagnostic =
                Diagnostic::error("a path must begin with `/`").at(path.at, "this path does not");
            self.diagnostics
                .push(diagnostic.hint("to use another host, write its name: `host: auth`"));
        }
    }

    fn token_fields(&mut self, map: &CheckedMap<'_>, key: &str) -> Vec<TemplateField> {
        map.get(key)
            .map(|node| self.value_decoder().fields(node, "a token request"))
            .unwrap_or_default()
    }

    /// A named level's way to be signed, or one of its own; without both, nothing is signed.
    fn procedure(
        &mut self,
        map: &CheckedMap<'_>,
        scheme: &Scheme,
        whole: &SigningProcedure,
    ) -> SigningProcedure {
        if let Some(node) = map.get("level") {
            for own in map.present_entries(&["prepare", "sign", "attach"]) {
                let diagnostic =
                    Diagnostic::error("either the level or the request defines the signature")
                        .at(own.key_at, "beside `level`");
                self.diagnostics.push(diagnostic.at(node.at, "this level"));
            }
            // An unknown level is an error already, so the scheme is never used with this one.
            let index = self.level_index(node, &scheme.levels).unwrap_or(0);
            return scheme
                .levels
                .get(index)
                .map_or_else(|| whole.clone(), |level| level.procedure.clone());
        }
        SigningProcedure {
            vars: Vec::new(),
            prepare: map.optional("prepare", |node| self.placement(node, "`prepare`")),
            sign: map.optional("sign", |node| self.sign_steps(node)),
            attach: map.optional("attach", |node| self.placement(node, "`attach`")),
        }
    }

    /// One link, or a list of links with names.
    pub(super) fn authorization_links(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
        whole: &SigningProcedure,
    ) -> Vec<AuthorizeLink> {
        let links: Vec<AuthorizeLink> = one_or_many(node)
            .iter()
            .filter_map(|node| self.authorization_link(node, scheme, whole))
            .collect();
        if let Some(unnamed) = links
            .iter()
            .find(|link| link.name.is_none() && links.len() > 1)
        {
            let diagnostic = Diagnostic::error("each of several links needs a `name`")
                .at(unnamed.at, "no name here");
            self.diagnostics.push(
                diagnostic
                    .hint("`ingam auth login --link NAME` chooses one; the default is the first"),
            );
        }
        links
    }

    fn authorization_link(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
        whole: &SigningProcedure,
    ) -> Option<AuthorizeLink> {
        let map = CheckedMap::open(node, "`authorize`", &AUTHORIZE_KEYS, self.diagnostics)?;
        let (_, path) = self.token_request_line(&map)?;
        let callback = map.required("callback", self.diagnostics)?;
        let (code, keep) = self.callback(callback)?;
        let mut query = self.token_fields(&map, "query");
        query.extend(self.scope_field(&map, &query));
        Some(AuthorizeLink {
            name: map.optional_text("name", self.diagnostics),
            at: node.at,
            link_host: self.host_choice(&map, &scheme.hosts).unwrap_or_default(),
            path,
            query,
            procedure: self.procedure(&map, scheme, whole),
            uses_pkce: map
                .get("pkce")
                .is_some_and(|node| self.is_pkce_method(node)),
            code_param: code,
            callback_params: keep,
            code_lifetime: map.optional_duration("code_lifetime", self.diagnostics),
            verification: map
                .get("verify")
                .and_then(|node| self.callback_signature(node, scheme)),
        })
    }

    /// `{ code: code, keep: { shop_id: shop_id } }`: the parameters of the address that the browser
    /// comes back to.
    fn callback(&mut self, node: &YamlNode) -> Option<(String, Vec<(String, String)>)> {
        let map = CheckedMap::open(node, "`callback`", &["code", "keep"], self.diagnostics)?;
        let code = map.required("code", self.diagnostics)?;
        let code = text(code, "`code`", self.diagnostics)?.to_owned();
        let keep = map.optional("keep", |node| map_entries(node, "`keep`", self.diagnostics));
        let keep = keep
            .iter()
            .filter_map(|entry| {
                Some((
                    entry.key.to_string(),
                    scalar(&entry.value, "`keep`", self.diagnostics)?,
                ))
            })
            .collect();
        Some((code, keep))
    }
}
