//! Decodes `tokens` and `authorize`.

use super::Schemes;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load::assertion::json_path;
use crate::load::fields::{Map, at_most_one, duration, entries, flag, one_or_many, scalar, text, texts};
use crate::method::Method;
use crate::model::request::{Field, Named};
use crate::model::scheme::{Authorize, Lifetime, LinkHost, Procedure, Scheme, Split, Token, TokenRequest};
use crate::model::template::{Part, Template};
use crate::yaml::{Entry, Node};
use std::time::Duration;

/// Keys of a token.
pub const TOKEN_KEYS: [&str; 8] = ["store_by", "issue", "exchange", "refresh", "save", "lifetime", "renew_before", "splits"];
/// Keys of a token request.
pub const TOKEN_REQUEST_KEYS: [&str; 12] =
    ["get", "post", "put", "query", "form", "json", "host", "level", "prepare", "sign", "attach", "save"];
/// Keys of `authorize`.
pub const AUTHORIZE_KEYS: [&str; 10] =
    ["name", "get", "host", "query", "level", "prepare", "sign", "attach", "callback", "code_lifetime"];
const LIFETIME_KEYS: [&str; 4] = ["access", "refresh", "grant", "refresh_once"];

impl Schemes<'_> {
    pub(super) fn tokens(&mut self, node: &Node, scheme: &Scheme, whole: &Procedure) -> Vec<Token> {
        entries(node, "`tokens`", self.faults).iter().filter_map(|entry| self.token(entry, scheme, whole)).collect()
    }

    pub(super) fn check_token(&mut self, wanted: &Named, tokens: &[Token]) {
        if !tokens.iter().any(|token| token.name == wanted.name) {
            let fault =
                Diagnostic::error(format!("there is no token `{}`", wanted.name)).at(wanted.at, "not defined under `tokens`");
            self.faults.push(fault.maybe_hint(did_you_mean(&wanted.name, tokens.iter().map(|token| token.name.as_str()))));
        }
    }

    fn token(&mut self, entry: &Entry, scheme: &Scheme, whole: &Procedure) -> Option<Token> {
        let map = Map::open(&entry.value, "a token", &TOKEN_KEYS, self.faults)?;
        let save = map.get("save").map(|node| self.save(node)).unwrap_or_default();
        let mut request = |key: &str| map.get(key).and_then(|node| self.token_request(node, scheme, whole, &save));
        let (issue, exchange, refresh) = (request("issue"), request("exchange"), request("refresh"));
        if issue.is_none() && exchange.is_none() && refresh.is_none() {
            self.faults.push(
                Diagnostic::error("a token needs `issue`, `exchange` or `refresh`").at(map.at, "nothing brings this token"),
            );
        }
        Some(Token {
            name: entry.key.to_string(),
            at: entry.key_at,
            store_by: map.get("store_by").map(|node| texts(node, "`store_by`", self.faults)).unwrap_or_default(),
            issue,
            exchange,
            refresh,
            lifetime: map.get("lifetime").map(|node| self.lifetime(node)).unwrap_or_default(),
            renew_before: map
                .get("renew_before")
                .and_then(|node| duration(node, "`renew_before`", self.faults))
                .unwrap_or(Duration::ZERO),
            splits: map.get("splits").map(|node| self.splits(node)).unwrap_or_default(),
        })
    }

    /// `shop: { shop_id: "$.shop_id_list[*]" }`
    fn splits(&mut self, node: &Node) -> Vec<Split> {
        let entries = entries(node, "`splits`", self.faults).iter();
        entries.filter_map(|entry| self.split(entry)).collect()
    }

    fn split(&mut self, entry: &Entry) -> Option<Split> {
        let [(credential, ids)] = self.save(&entry.value).try_into().ok().or_else(|| {
            let fault =
                Diagnostic::error("a split has one credential and the JSONPath of its ids").at(entry.value.at, "this one");
            self.faults.push(fault.hint("write `shop: { shop_id: \"$.shop_id_list[*]\" }`"));
            None
        })?;
        Some(Split { token: entry.key.to_string(), at: entry.key_at, credential, ids })
    }

    fn lifetime(&mut self, node: &Node) -> Lifetime {
        let Some(map) = Map::open(node, "`lifetime`", &LIFETIME_KEYS, self.faults) else { return Lifetime::default() };
        let mut life = |key: &str| map.get(key).and_then(|node| duration(node, "a lifetime", self.faults));
        let (access, refresh, grant) = (life("access"), life("refresh"), life("grant"));
        let refresh_once = map.get("refresh_once").and_then(|node| flag(node, "`refresh_once`", self.faults)).unwrap_or(false);
        Lifetime { access, refresh, grant, refresh_once }
    }

    fn save(&mut self, node: &Node) -> Vec<(String, crate::jsonpath::JsonPath)> {
        let saves = entries(node, "`save`", self.faults).iter();
        saves
            .filter_map(|entry| {
                let path = text(&entry.value, "a JSONPath", self.faults)?;
                Some((entry.key.to_string(), json_path(path, entry.value.at, self.faults)?))
            })
            .collect()
    }

    fn token_request(
        &mut self,
        node: &Node,
        scheme: &Scheme,
        whole: &Procedure,
        save: &[(String, crate::jsonpath::JsonPath)],
    ) -> Option<TokenRequest> {
        let map = Map::open(node, "a token request", &TOKEN_REQUEST_KEYS, self.faults)?;
        let (method, path) = self.token_line(&map)?;
        Some(TokenRequest {
            at: node.at,
            method,
            path,
            query: self.token_fields(&map, "query"),
            form: self.token_fields(&map, "form"),
            json: map.get("json").map(|node| self.values().tree(node)),
            host: self.region(&map, scheme),
            procedure: self.procedure(&map, scheme, whole),
            save: map.get("save").map_or_else(|| save.to_vec(), |node| self.save(node)),
        })
    }

    fn token_line(&mut self, map: &Map<'_>) -> Option<(Method, Template)> {
        at_most_one(map, &Method::ALL.map(Method::key), "a token request has one method", self.faults);
        at_most_one(map, &["form", "json"], "a token request has one body", self.faults);
        let found = Method::ALL.into_iter().find_map(|method| map.get(method.key()).map(|node| (method, node)));
        let Some((method, node)) = found else {
            self.faults.push(Diagnostic::error("a token request needs a method and a path").at(map.at, "`get`, `post` or `put`"));
            return None;
        };
        let path = self.values().template(node, "a path")?;
        if !matches!(path.parts.first(), Some(Part::Literal(text)) if text.starts_with('/') && !text.starts_with("//")) {
            let fault = Diagnostic::error("a path begins with `/`").at(path.at, "this does not");
            self.faults.push(fault.hint("another host is named by its region: `host: auth`"));
        }
        Some((method, path))
    }

    fn token_fields(&mut self, map: &Map<'_>, key: &str) -> Vec<Field> {
        map.get(key).map(|node| self.values().fields(node, "a token request")).unwrap_or_default()
    }

    /// One of the scheme's own hosts, by its region: a token request cannot lead secrets elsewhere.
    fn region(&mut self, map: &Map<'_>, scheme: &Scheme) -> Option<String> {
        map.get("host").and_then(|node| self.known_region(node, scheme))
    }

    /// One host, or one for each region.
    fn link_host(&mut self, map: &Map<'_>, scheme: &Scheme) -> LinkHost {
        let Some(node) = map.get("host") else { return LinkHost::Same };
        if node.as_map().is_none() {
            return self.known_region(node, scheme).map_or(LinkHost::Same, LinkHost::One);
        }
        let entries = entries(node, "`host`", self.faults);
        for entry in entries.iter().filter(|entry| scheme.host(&entry.key).is_none()) {
            let fault =
                Diagnostic::error(format!("there is no host `{}`", entry.key)).at(entry.key_at, "not defined under `hosts`");
            self.faults.push(fault.maybe_hint(did_you_mean(&entry.key, scheme.hosts.iter().map(|host| host.region.as_str()))));
        }
        let pairs = entries.iter().filter_map(|entry| Some((entry.key.to_string(), self.known_region(&entry.value, scheme)?)));
        LinkHost::ByRegion(pairs.collect())
    }

    fn known_region(&mut self, node: &Node, scheme: &Scheme) -> Option<String> {
        let region = text(node, "`host`", self.faults)?;
        if scheme.host(region).is_none() {
            let fault = Diagnostic::error(format!("there is no host `{region}`")).at(node.at, "not defined under `hosts`");
            self.faults.push(fault.maybe_hint(did_you_mean(region, scheme.hosts.iter().map(|host| host.region.as_str()))));
        }
        Some(region.to_owned())
    }

    /// A named level's way to be signed, or one of its own; without both, nothing is signed.
    fn procedure(&mut self, map: &Map<'_>, scheme: &Scheme, whole: &Procedure) -> Procedure {
        if let Some(node) = map.get("level") {
            for own in map.present(&["prepare", "sign", "attach"]) {
                let fault =
                    Diagnostic::error("a level says how to sign, or the request itself does").at(own.key_at, "beside `level`");
                self.faults.push(fault.at(node.at, "this level"));
            }
            let index = self.level_index(node, &scheme.levels).unwrap_or(0);
            return scheme.levels.get(index).map_or_else(|| whole.clone(), |level| level.procedure.clone());
        }
        Procedure {
            vars: Vec::new(),
            prepare: map.get("prepare").map(|node| self.placement(node, "`prepare`")).unwrap_or_default(),
            sign: map.get("sign").map(|node| self.sign_steps(node)).unwrap_or_default(),
            attach: map.get("attach").map(|node| self.placement(node, "`attach`")).unwrap_or_default(),
        }
    }

    /// One link, or a list of links with names.
    pub(super) fn authorize(&mut self, node: &Node, scheme: &Scheme, whole: &Procedure) -> Vec<Authorize> {
        let links: Vec<Authorize> = one_or_many(node).iter().filter_map(|node| self.link(node, scheme, whole)).collect();
        if let Some(unnamed) = links.iter().find(|link| link.name.is_none() && links.len() > 1) {
            let fault = Diagnostic::error("each of several links needs a `name`").at(unnamed.at, "no name here");
            self.faults.push(fault.hint("`ingam auth login --link NAME` chooses one; the first is the usual one"));
        }
        links
    }

    fn link(&mut self, node: &Node, scheme: &Scheme, whole: &Procedure) -> Option<Authorize> {
        let map = Map::open(node, "`authorize`", &AUTHORIZE_KEYS, self.faults)?;
        let (_, path) = self.token_line(&map)?;
        let callback = map.required("callback", self.faults)?;
        let callback = Map::open(callback, "`callback`", &["code", "keep"], self.faults)?;
        let code = text(callback.required("code", self.faults)?, "`code`", self.faults)?.to_owned();
        let keep = callback.get("keep").map(|node| entries(node, "`keep`", self.faults)).unwrap_or_default();
        let keep =
            keep.iter().filter_map(|entry| Some((entry.key.to_string(), scalar(&entry.value, "`keep`", self.faults)?))).collect();
        Some(Authorize {
            name: map.get("name").and_then(|node| text(node, "`name`", self.faults)).map(str::to_owned),
            at: node.at,
            hosts: self.link_host(&map, scheme),
            path,
            query: self.token_fields(&map, "query"),
            procedure: self.procedure(&map, scheme, whole),
            code,
            keep,
            code_lifetime: map.get("code_lifetime").and_then(|node| duration(node, "`code_lifetime`", self.faults)),
        })
    }
}
