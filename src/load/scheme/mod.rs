//! Decodes one scheme, built in or of the workspace: here its frame, in the other files its parts.

mod answers;
mod names;
mod procedure;
mod sandbox;
mod tokens;
mod vectors;

use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean, list_of};
use crate::jsonpath::JsonPath;
use crate::load::assertion::json_path;
use crate::load::fields::{
    Map, duration, entries, flag, is_id, is_variable, items, one_or_many, scalar, text, texts, word, wrong_kind,
};
use crate::load::files::Files;
use crate::method::Method;
use crate::model::request::Named;
use crate::model::scheme::{
    Clock, ClockFormat, Covered, Credential, CredentialScope, Host, Level, LevelRule, Limit, Matcher, Origin, PathPattern,
    Procedure, Scheme,
};
use crate::render::Dialect;
use crate::wire::BaseUrl;
use crate::yaml::{Entry, Node};
use std::time::Duration;

/// Keys of a scheme.
pub const SCHEME_KEYS: [&str; 22] = [
    "scheme",
    "title",
    "credentials",
    "hosts",
    "clock",
    "levels",
    "match",
    "default_level",
    "vars",
    "prepare",
    "sign",
    "attach",
    "covers",
    "tokens",
    "authorize",
    "limits",
    "ok",
    "errors",
    "mask",
    "redact",
    "sandbox",
    "vectors",
];
const CREDENTIAL_KEYS: [&str; 5] = ["secret", "type", "default", "scope", "about"];
const CLOCK_KEYS: [&str; 4] = ["format", "zone", "window", "behind"];
const LEVEL_KEYS: [&str; 4] = ["token", "vars", "prepare", "attach"];
const LIMIT_HEADERS: [&str; 3] = ["rate", "burst", "remaining"];
const LIMIT_KEYS: [&str; 5] = ["match", "rate", "burst", "per", "headers"];
/// Keys of a `match` condition, beside the `level` of a rule.
const MATCH_KEYS: [&str; 2] = ["path", "method"];

/// Decodes schemes; the faults of all their parts are collected.
pub struct Schemes<'d> {
    pub files: &'d Files,
    pub faults: &'d mut Diagnostics,
}

impl Schemes<'_> {
    /// `name` is the file's.
    pub fn decode(&mut self, name: &str, origin: Origin, node: &Node) -> Option<Scheme> {
        let map = Map::open(node, "a scheme", &SCHEME_KEYS, self.faults)?;
        let written = map.required("scheme", self.faults)?;
        self.check_name(name, written);
        let hosts = map.get("hosts").map(|node| self.hosts(node)).unwrap_or_default();
        let whole = self.whole(&map);
        let levels = self.levels(&map, &whole);
        let rules = map.get("match").map(|node| self.rules(node, &levels)).unwrap_or_default();
        let default_level = self.default_level(&map, &levels, &rules);
        let mut scheme = Scheme {
            name: name.to_owned(),
            at: node.at,
            origin,
            title: map.get("title").and_then(|node| text(node, "`title`", self.faults)).map(str::to_owned),
            credentials: map.get("credentials").map(|node| self.credentials(node)).unwrap_or_default(),
            hosts,
            clock: map.get("clock").map_or_else(default_clock, |node| self.clock(node)),
            rules,
            default_level,
            levels,
            covers: map.get("covers").map(|node| self.covers(node)).unwrap_or_default(),
            tokens: Vec::new(),
            authorize: Vec::new(),
            limits: map.get("limits").map(|node| self.limits(node)).unwrap_or_default(),
            ok: map.get("ok").map(|node| self.ok_rules(node)).unwrap_or_default(),
            errors: map.get("errors").map(|node| self.error_rules(node)).unwrap_or_default(),
            mask: map.get("mask").map(|node| self.paths(node, "`mask`")).unwrap_or_default(),
            redact: map.get("redact").map(|node| crate::load::redact::decode(node, self.faults)).unwrap_or_default(),
            sandbox: None,
            vectors: Vec::new(),
        };
        scheme.tokens = map.get("tokens").map(|node| self.tokens(node, &scheme, &whole)).unwrap_or_default();
        for wanted in scheme.levels.iter().filter_map(|level| level.token.as_ref()) {
            self.check_token(wanted, &scheme.tokens);
        }
        scheme.authorize = map.get("authorize").map(|node| self.authorize(node, &scheme, &whole)).unwrap_or_default();
        scheme.sandbox = map.get("sandbox").and_then(|node| self.sandbox(node));
        scheme.vectors = map.get("vectors").map(|node| self.vectors(node)).unwrap_or_default();
        if scheme.hosts.is_empty() && !scheme.credentials.is_empty() {
            let fault = Diagnostic::error("a scheme with credentials needs `hosts`").at(map.at, "no host here");
            self.faults.push(fault.hint("they are the only places where its secrets may go: `hosts: { live: \"https://…\" }`"));
        }
        names::check(&scheme, self.faults);
        Some(scheme)
    }

    fn check_name(&mut self, name: &str, node: &Node) {
        let Some(written) = text(node, "`scheme`", self.faults) else { return };
        if written != name {
            let fault =
                Diagnostic::error(format!("this file is named `{name}` and says `{written}`")).at(node.at, "another name");
            self.faults.push(fault.hint("the name of a scheme is the name of its file"));
        }
        if !is_id(written) || written.contains("__") {
            let fault = Diagnostic::error(format!("`{written}` is not a name for a scheme")).at(node.at, "this name");
            self.faults.push(fault.hint("use letters, digits, `-` and single `_`: it becomes a part of the names of variables"));
        }
    }

    fn credentials(&mut self, node: &Node) -> Vec<Credential> {
        let entries = entries(node, "`credentials`", self.faults);
        entries.iter().filter_map(|entry| self.credential(entry)).collect()
    }

    fn credential(&mut self, entry: &Entry) -> Option<Credential> {
        if !is_variable(&entry.key) || entry.key.contains("__") {
            let fault =
                Diagnostic::error(format!("`{}` is not a name for a credential", entry.key)).at(entry.key_at, "this name");
            self.faults.push(fault.hint("use letters, digits and single `_`"));
        }
        let map = Map::open(&entry.value, "a credential", &CREDENTIAL_KEYS, self.faults)?;
        let is_secret = map.get("secret").is_some_and(|node| matches!(node.kind, crate::yaml::Kind::Bool(true)));
        if let Some(default) =
            map.entry("default").filter(|default| is_secret && !matches!(default.value.kind, crate::yaml::Kind::Null))
        {
            let fault = Diagnostic::error("a secret has no default: a scheme is shared").at(default.key_at, "in a shared file");
            self.faults.push(fault.hint("`default: null` says that it may be missing"));
        }
        let scopes = [("app", CredentialScope::App), ("account", CredentialScope::Account)];
        Some(Credential {
            name: entry.key.to_string(),
            at: entry.key_at,
            secret: map.get("secret").and_then(|node| flag(node, "`secret`", self.faults)).unwrap_or(false),
            integer: map
                .get("type")
                .and_then(|node| word(node, "`type`", &[("integer", true), ("string", false)], self.faults))
                .unwrap_or(false),
            scope: map.get("scope").and_then(|node| word(node, "`scope`", &scopes, self.faults)).unwrap_or(CredentialScope::App),
            default: map.get("default").map(Node::to_value),
            about: map.get("about").and_then(|node| text(node, "`about`", self.faults)).map(str::to_owned),
        })
    }

    fn hosts(&mut self, node: &Node) -> Vec<Host> {
        let mut hosts = Vec::new();
        for entry in entries(node, "`hosts`", self.faults) {
            let Some(written) = text(&entry.value, "a host", self.faults) else { continue };
            let url = written.trim_end_matches('/').to_owned();
            match BaseUrl::parse(&url) {
                Ok(base) if base.is_https() || base.is_loopback() => {
                    hosts.push(Host { region: entry.key.to_string(), at: entry.value.at, url })
                }
                Ok(_) => {
                    let fault = Diagnostic::error("secrets go to `https` only")
                        .at(entry.value.at, "plain `http`, and not on the loopback interface");
                    self.faults.push(fault);
                }
                Err(reason) => {
                    self.faults.push(Diagnostic::error(format!("not a host: {reason}")).at(entry.value.at, "this one"))
                }
            }
        }
        hosts
    }

    fn clock(&mut self, node: &Node) -> Clock {
        let mut clock = default_clock();
        let Some(map) = Map::open(node, "`clock`", &CLOCK_KEYS, self.faults) else { return clock };
        if let Some(node) = map.get("format") {
            clock.format = self.clock_format(node);
        }
        if let Some(node) = map.get("zone") {
            match text(node, "`zone`", self.faults).map(crate::render::parse_zone) {
                Some(Some(seconds)) => clock.zone = seconds,
                Some(None) => {
                    self.faults.push(Diagnostic::error("`zone` must be an offset").at(node.at, "write `UTC` or `+09:00`"))
                }
                None => {}
            }
        }
        clock.window = map.get("window").and_then(|node| duration(node, "`window`", self.faults));
        clock.behind = map.get("behind").and_then(|node| duration(node, "`behind`", self.faults)).unwrap_or_default();
        clock
    }

    fn clock_format(&mut self, node: &Node) -> ClockFormat {
        match text(node, "`format`", self.faults) {
            Some("unix_ms") => ClockFormat::UnixMilliseconds,
            Some(format) if format.contains('%') => {
                if let Err(reason) = crate::render::format_time(0, format, 0) {
                    self.faults.push(Diagnostic::error(reason).at(node.at, "this format"));
                }
                ClockFormat::Strftime(format.to_owned())
            }
            Some("unix_s") | None => ClockFormat::UnixSeconds,
            Some(other) => {
                let fault = Diagnostic::error(format!("`{other}` is not a time format"))
                    .at(node.at, "`unix_s`, `unix_ms`, or one with `%`");
                self.faults.push(fault);
                ClockFormat::UnixSeconds
            }
        }
    }

    /// What holds for every level.
    fn whole(&mut self, map: &Map<'_>) -> Procedure {
        Procedure {
            vars: map.get("vars").map(|node| self.values().fields(node, "`vars`")).unwrap_or_default(),
            prepare: map.get("prepare").map(|node| self.placement(node, "`prepare`")).unwrap_or_default(),
            sign: map.get("sign").map(|node| self.sign_steps(node)).unwrap_or_default(),
            attach: map.get("attach").map(|node| self.placement(node, "`attach`")).unwrap_or_default(),
        }
    }

    fn levels(&mut self, map: &Map<'_>, whole: &Procedure) -> Vec<Level> {
        let named = map.get("levels").map(|node| entries(node, "`levels`", self.faults)).unwrap_or_default();
        if named.is_empty() {
            return vec![Level { name: String::new(), token: None, procedure: whole.clone() }];
        }
        named.iter().map(|entry| self.level(entry, whole)).collect()
    }

    fn level(&mut self, entry: &Entry, whole: &Procedure) -> Level {
        let mut level = Level { name: entry.key.to_string(), token: None, procedure: whole.clone() };
        let Some(map) = Map::open(&entry.value, "a level", &LEVEL_KEYS, self.faults) else { return level };
        level.token = map.get("token").and_then(|node| {
            let name = text(node, "`token`", self.faults)?.to_owned();
            Some(Named { name, at: node.at })
        });
        if let Some(node) = map.get("vars") {
            level.procedure.vars.extend(self.values().fields(node, "`vars`"));
        }
        if let Some(node) = map.get("prepare") {
            level.procedure.prepare = whole.prepare.and(&self.placement(node, "`prepare`"));
        }
        if let Some(node) = map.get("attach") {
            level.procedure.attach = whole.attach.and(&self.placement(node, "`attach`"));
        }
        level
    }

    fn rules(&mut self, node: &Node, levels: &[Level]) -> Vec<LevelRule> {
        let nodes = items(node, "`match`", self.faults);
        nodes.iter().filter_map(|node| self.rule(node, levels)).collect()
    }

    fn rule(&mut self, node: &Node, levels: &[Level]) -> Option<LevelRule> {
        let map = Map::open(node, "a rule of `match`", &["path", "method", "level"], self.faults)?;
        let level = map.required("level", self.faults)?;
        Some(LevelRule { matcher: self.matcher(&map), level: self.level_index(level, levels)? })
    }

    fn level_index(&mut self, node: &Node, levels: &[Level]) -> Option<usize> {
        let name = text(node, "`level`", self.faults)?;
        let found = levels.iter().position(|level| level.name == name);
        if found.is_none() {
            let fault = Diagnostic::error(format!("there is no level `{name}`")).at(node.at, "not defined under `levels`");
            self.faults.push(fault.maybe_hint(did_you_mean(name, levels.iter().map(|level| level.name.as_str()))));
        }
        found
    }

    fn default_level(&mut self, map: &Map<'_>, levels: &[Level], rules: &[LevelRule]) -> usize {
        if let Some(node) = map.get("default_level") {
            return self.level_index(node, levels).unwrap_or(0);
        }
        if levels.len() > 1 {
            let fault = Diagnostic::error("a scheme with several levels needs `default_level`").at(map.at, "missing here");
            self.faults.push(fault.hint(format!("{} rules choose a level; the rest of the paths need one too", rules.len())));
        }
        0
    }

    /// `match: { path: …, method: … }`
    fn matcher_of(&mut self, map: &Map<'_>) -> Matcher {
        let inner = map.get("match").and_then(|node| Map::open(node, "`match`", &MATCH_KEYS, self.faults));
        inner.map(|map| self.matcher(&map)).unwrap_or_default()
    }

    fn matcher(&mut self, map: &Map<'_>) -> Matcher {
        let paths = map.get("path").map(|node| texts(node, "a path pattern", self.faults)).unwrap_or_default();
        if let Some(path) = paths.iter().find(|path| !path.starts_with('/') && !path.starts_with("**")) {
            let at = map.get("path").map_or(map.at, |node| node.at);
            self.faults.push(Diagnostic::error(format!("the pattern `{path}` fits no path")).at(at, "a path begins with `/`"));
        }
        if map.get("path").is_none() && map.get("method").is_none() {
            let fault =
                Diagnostic::error("a condition without `path` and `method` fits every request").at(map.at, "nothing is asked");
            self.faults.push(fault.hint("leave it out, or say `default_level`"));
        }
        let methods = map.get("method").map(one_or_many).unwrap_or_default().iter();
        let words = Method::ALL.map(|method| (method.name(), method));
        let methods = methods.filter_map(|node| word(node, "a method", &words, self.faults)).collect();
        Matcher { paths: paths.into_iter().map(PathPattern).collect(), methods }
    }

    fn covers(&mut self, node: &Node) -> Vec<Covered> {
        let words = Covered::ALL.map(|part| (part.name(), part));
        items(node, "`covers`", self.faults).iter().filter_map(|node| word(node, "a covered part", &words, self.faults)).collect()
    }

    fn limits(&mut self, node: &Node) -> Vec<Limit> {
        items(node, "`limits`", self.faults).iter().filter_map(|node| self.limit(node)).collect()
    }

    fn limit(&mut self, node: &Node) -> Option<Limit> {
        let map = Map::open(node, "a limit", &LIMIT_KEYS, self.faults)?;
        let rate = map.required("rate", self.faults)?;
        let (count, per) = self.rate(rate)?;
        let headers = map.get("headers").map(|node| entries(node, "`headers`", self.faults)).unwrap_or_default();
        let headers =
            headers.iter().filter_map(|entry| Some((entry.key.to_string(), scalar(&entry.value, "a header", self.faults)?)));
        let headers: Vec<(String, String)> = headers.collect();
        for entry in map.get("headers").and_then(Node::as_map).unwrap_or_default() {
            if !LIMIT_HEADERS.contains(&entry.key.as_str()) {
                let fault =
                    Diagnostic::error(format!("a limit reads no `{}` from a header", entry.key)).at(entry.key_at, "unknown");
                self.faults.push(fault.hint(format!("it can be {}", list_of(LIMIT_HEADERS, "or"))));
            }
        }
        Some(Limit {
            at: node.at,
            matcher: self.matcher_of(&map),
            count,
            per,
            burst: map.get("burst").and_then(|node| self.count(node, "`burst`")),
            scope: map.get("per").map(|node| texts(node, "`per`", self.faults)).unwrap_or_default(),
            headers,
        })
    }

    fn count(&mut self, node: &Node, what: &str) -> Option<u32> {
        let number = node.to_value().as_number().and_then(crate::value::Number::as_i64);
        let found = number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        if found.is_none() {
            self.faults.push(wrong_kind(node, what, "a whole number above 0"));
        }
        found
    }

    /// `10/1h`, `2/s`
    fn rate(&mut self, node: &Node) -> Option<(u32, Duration)> {
        let written = text(node, "`rate`", self.faults)?;
        let parsed = written.split_once('/').and_then(|(count, per)| {
            let per = if per.starts_with(|letter: char| letter.is_ascii_digit()) { per.to_owned() } else { format!("1{per}") };
            let count = count.parse::<u32>().ok().filter(|count| *count > 0)?;
            Some((count, crate::load::fields::parse_duration(&per).filter(|per| !per.is_zero())?))
        });
        if parsed.is_none() {
            self.faults.push(Diagnostic::error("`rate` must be calls per duration").at(node.at, "write `10/1h` or `2/s`"));
        }
        parsed
    }

    fn paths(&mut self, node: &Node, what: &str) -> Vec<JsonPath> {
        texts(node, what, self.faults).iter().filter_map(|path| json_path(path, node.at, self.faults)).collect()
    }

    fn values(&mut self) -> crate::load::values::Values<'_> {
        crate::load::values::Values { dialect: Dialect::Scheme, faults: self.faults }
    }
}

fn default_clock() -> Clock {
    Clock { format: ClockFormat::UnixSeconds, zone: 0, window: None, behind: Duration::ZERO }
}
