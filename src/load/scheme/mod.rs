//! Decodes one scheme, built in or of the workspace. This file has its frame, the others its parts.

mod catalog;
mod credentials;
mod device;
mod hosts;
mod incoming;
mod issuing_token;
mod oauth;
mod plain_text;
mod procedure;
mod push_events;
mod received_place;
mod response_rules;
mod sandbox;
mod template_names;
mod tokens;
mod vectors;

use crate::diagnostic::{Diagnostic, Diagnostics, Hint, join_names, name_hint};
use crate::load::node_reader::{
    CheckedMap, duration, enum_value, is_id, list_items, map_entries, one_or_many, wrong_kind,
};
use crate::load::value_path::value_path;
use crate::load::workspace_files::WorkspaceFiles;
use crate::method::Method;
use crate::model::scheme::{
    ClockFormat, CoveredPart, HostChoice, Level, LevelRule, PathPattern, RateLimit, ReadRule,
    RequestMatcher, Scheme, SchemeClock, SchemeHost, SchemeOrigin, SigningProcedure,
};
use crate::model::value_path::ValuePath;
use crate::render::TemplateDialect;
use crate::yaml::{MapEntry, YamlNode};
use plain_text::{scalar, text, text_list};
use std::time::Duration;

pub(super) use plain_text::refuse_templates;

/// Keys of a scheme.
pub(super) const SCHEME_KEYS: [&str; 30] = [
    "scheme",
    "title",
    "region",
    "proof",
    "credentials",
    "hosts",
    "clock",
    "levels",
    "match",
    "default_level",
    "paths",
    "vars",
    "prepare",
    "sign",
    "attach",
    "covers",
    "tokens",
    "authorize",
    "webhooks",
    "limits",
    "ok",
    "errors",
    "reads",
    "mask",
    "redact",
    "secrets",
    "not_secret",
    "sandbox",
    "vectors",
    "lint",
];
const CLOCK_KEYS: [&str; 5] = ["format", "accepts", "zone", "window", "skew"];
const LEVEL_KEYS: [&str; 5] = ["token", "host", "vars", "prepare", "attach"];
const LEVEL_RULE_KEYS: [&str; 6] = ["path", "method", "level", "host", "accepts", "source"];
const LIMIT_HEADERS: [&str; 3] = ["rate", "burst", "remaining"];
const LIMIT_KEYS: [&str; 5] = ["match", "rate", "burst", "per", "headers"];
/// Keys of a `match` condition, beside the `level` of a rule.
const MATCH_KEYS: [&str; 2] = ["path", "method"];
const READ_KEYS: [&str; 3] = ["path", "method", "query"];

/// The longest `skew` of a clock.
const MAX_BACKDATE: Duration = Duration::from_secs(24 * 3_600);

/// Decodes schemes; the faults of all their parts are collected.
pub(super) struct SchemeDecoder<'d> {
    pub(super) files: &'d WorkspaceFiles,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl SchemeDecoder<'_> {
    /// `name` is the file's.
    pub(super) fn decode(
        &mut self,
        name: &str,
        origin: SchemeOrigin,
        node: &YamlNode,
    ) -> Option<Scheme> {
        let map = CheckedMap::open(node, "a scheme", &SCHEME_KEYS, self.diagnostics)?;
        let written = map.required("scheme", self.diagnostics)?;
        self.check_scheme_name(name, written);
        let whole = self.common_procedure(&map);
        let mut scheme = self.frame(name, origin, &map, &whole);
        // Tokens and links name hosts and levels of the scheme, so those are decoded before.
        scheme.tokens = map.optional("tokens", |node| self.tokens(node, &scheme, &whole));
        for wanted in scheme
            .levels
            .iter()
            .filter_map(|level| level.token.as_ref())
        {
            self.check_token_exists(wanted, &scheme.tokens);
        }
        scheme.authorize_links = map.optional("authorize", |node| {
            self.authorization_links(node, &scheme, &whole)
        });
        scheme.webhooks = map.optional("webhooks", |node| self.webhooks(node, &scheme));
        self.check_pkce(&scheme);
        scheme.sandbox = map.get("sandbox").and_then(|node| self.sandbox(node));
        scheme.vectors = map.optional("vectors", |node| self.vectors(node, scheme.stated_proof));
        self.check_hosts_exist(&scheme);
        template_names::check_template_names(&scheme, self.diagnostics);
        Some(scheme)
    }

    /// The scheme without its tokens, links, sandbox and vectors.
    fn frame(
        &mut self,
        name: &str,
        origin: SchemeOrigin,
        map: &CheckedMap<'_>,
        whole: &SigningProcedure,
    ) -> Scheme {
        let credentials = map.optional("credentials", |node| self.credentials(node));
        let hosts = map.optional("hosts", |node| self.hosts(node, &credentials));
        let levels = self.levels(map, whole, &hosts);
        let rules = map.optional("match", |node| self.level_rules(node, &levels, &hosts));
        let default_level = self.default_level(map, &levels);
        Scheme {
            name: name.to_owned(),
            at: map.at,
            origin,
            title: map.optional_text("title", self.diagnostics),
            regions: map.optional("region", |node| self.regions(node)),
            stated_proof: self.scheme_proof(map),
            allowed_warnings: map.optional("lint", |node| self.allowed_warnings(node)),
            credentials,
            hosts,
            clock: map
                .get("clock")
                .map_or_else(default_clock, |node| self.clock(node)),
            level_rules: rules,
            default_level,
            levels,
            paths: self.path_patterns(map, "paths"),
            covered_parts: map.optional("covers", |node| self.covers(node)),
            tokens: Vec::new(),
            authorize_links: Vec::new(),
            webhooks: Vec::new(),
            limits: map.optional("limits", |node| self.limits(node)),
            success_rules: map.optional("ok", |node| self.ok_rules(node)),
            error_rules: map.optional("errors", |node| self.error_rules(node)),
            read_rules: map.optional("reads", |node| self.read_rules(node)),
            masks: map.optional("mask", |node| self.value_paths(node, "`mask`")),
            redact_rules: map.optional("redact", |node| {
                crate::load::redact::decode_redact_rules(node, self.diagnostics)
            }),
            secret_rules: crate::load::secrets::decode_secret_rules(map, self.diagnostics),
            sandbox: None,
            vectors: Vec::new(),
        }
    }

    fn check_hosts_exist(&mut self, scheme: &Scheme) {
        if scheme.hosts.is_empty() && !scheme.credentials.is_empty() {
            let diagnostic = Diagnostic::error("a scheme with credentials needs `hosts`")
                .at(scheme.at, "no host here");
            self.diagnostics
                .push(diagnostic.hint(
                    "secrets are sent only to these hosts: `hosts: { live: \"https://…\" }`",
                ));
        }
    }

    fn check_scheme_name(&mut self, name: &str, node: &YamlNode) {
        let Some(written) = text(node, "`scheme`", self.diagnostics) else {
            return;
        };
        if written != name {
            let diagnostic = Diagnostic::error(format!(
                "this file is named `{name}`, but `scheme` is `{written}`"
            ))
            .at(node.at, "another name");
            self.diagnostics
                .push(diagnostic.hint("the name of a scheme must be the name of its file"));
        }
        if !is_id(written) || written.contains("__") {
            let diagnostic =
                Diagnostic::error(format!("`{written}` is not a valid name of a scheme"))
                    .at(node.at, "this name");
            self.diagnostics.push(diagnostic.hint(
                "use letters, digits, `-` and single `_`: the name becomes part of variable names",
            ));
        }
    }

    fn clock(&mut self, node: &YamlNode) -> SchemeClock {
        let mut clock = default_clock();
        let Some(map) = CheckedMap::open(node, "`clock`", &CLOCK_KEYS, self.diagnostics) else {
            return clock;
        };
        if let Some(node) = map.get("format") {
            clock.format = self.clock_format(node);
        }
        if let Some(node) = map.get("accepts") {
            let nodes = one_or_many(node);
            clock.accepted = nodes.iter().map(|node| self.clock_format(node)).collect();
            self.check_accepted_formats(node, &clock);
        }
        if let Some(node) = map.get("zone") {
            match text(node, "`zone`", self.diagnostics).map(crate::calendar::parse_offset) {
                Some(Some(seconds)) => clock.zone = seconds,
                Some(None) => self.diagnostics.push(
                    Diagnostic::error("`zone` must be an offset")
                        .at(node.at, "write `UTC` or `+09:00`"),
                ),
                None => {}
            }
        }
        clock.window = map.optional_duration("window", self.diagnostics);
        if let Some(node) = map.get("skew") {
            clock.backdate = self.backdate(node);
        }
        clock
    }

    fn check_accepted_formats(&mut self, node: &YamlNode, clock: &SchemeClock) {
        if clock.accepted.is_empty() {
            let diagnostic = Diagnostic::error("`accepts` has no format").at(node.at, "empty");
            self.diagnostics
                .push(diagnostic.hint(Hint::remove("remove it")));
        }
        let nodes = one_or_many(node);
        let own = match &clock.format {
            ClockFormat::UnixSeconds => "unix_s",
            ClockFormat::UnixMilliseconds => "unix_ms",
            ClockFormat::Strftime(format) => format,
        };
        if nodes.iter().any(|node| node.as_text() == Some(own)) {
            let diagnostic = Diagnostic::error("`accepts` repeats the format of the clock")
                .at(node.at, "this list");
            self.diagnostics
                .push(diagnostic.hint("add only other formats"));
        }
    }

    /// A marketplace refuses a time that is far off, so a longer duration is a mistake in the unit.
    fn backdate(&mut self, node: &YamlNode) -> Duration {
        let behind = duration(node, "`skew`", self.diagnostics).unwrap_or_default();
        if behind > MAX_BACKDATE {
            self.diagnostics.push(
                Diagnostic::error("`skew` can be at most one day").at(node.at, "this is more"),
            );
        }
        behind
    }

    fn clock_format(&mut self, node: &YamlNode) -> ClockFormat {
        match text(node, "`format`", self.diagnostics) {
            Some("unix_ms") => ClockFormat::UnixMilliseconds,
            Some(format) if format.contains('%') => {
                // Tried once here: otherwise each request would fail when it is signed.
                if let Err(error) = crate::calendar::format_time(0, format, 0) {
                    self.diagnostics
                        .push(Diagnostic::error(error.to_string()).at(node.at, "this format"));
                }
                ClockFormat::Strftime(format.to_owned())
            }
            Some("unix_s") | None => ClockFormat::UnixSeconds,
            Some(other) => {
                let diagnostic = Diagnostic::error(format!("`{other}` is not a time format"))
                    .at(node.at, "`unix_s`, `unix_ms`, or one with `%`");
                self.diagnostics.push(diagnostic);
                ClockFormat::UnixSeconds
            }
        }
    }

    /// What holds for every level.
    fn common_procedure(&mut self, map: &CheckedMap<'_>) -> SigningProcedure {
        SigningProcedure {
            vars: map.optional("vars", |node| self.value_decoder().fields(node, "`vars`")),
            prepare: map.optional("prepare", |node| self.placement(node, "`prepare`")),
            sign: map.optional("sign", |node| self.sign_steps(node)),
            attach: map.optional("attach", |node| self.placement(node, "`attach`")),
        }
    }

    fn levels(
        &mut self,
        map: &CheckedMap<'_>,
        whole: &SigningProcedure,
        hosts: &[SchemeHost],
    ) -> Vec<Level> {
        let named = map.optional("levels", |node| {
            map_entries(node, "`levels`", self.diagnostics)
        });
        // Later code always finds a level and needs no second way for schemes without one.
        if named.is_empty() {
            return vec![Level {
                name: String::new(),
                token: None,
                host: HostChoice::OfRegion,
                procedure: whole.clone(),
            }];
        }
        named
            .iter()
            .map(|entry| self.level(entry, whole, hosts))
            .collect()
    }

    fn level(&mut self, entry: &MapEntry, whole: &SigningProcedure, hosts: &[SchemeHost]) -> Level {
        let mut level = Level {
            name: entry.key.to_string(),
            token: None,
            host: HostChoice::OfRegion,
            procedure: whole.clone(),
        };
        let Some(map) = CheckedMap::open(&entry.value, "a level", &LEVEL_KEYS, self.diagnostics)
        else {
            return level;
        };
        level.token = map.optional_name("token", self.diagnostics);
        level.host = self.host_choice(&map, hosts).unwrap_or_default();
        if let Some(node) = map.get("vars") {
            level
                .procedure
                .vars
                .extend(self.value_decoder().fields(node, "`vars`"));
        }
        if let Some(node) = map.get("prepare") {
            level.procedure.prepare = whole
                .prepare
                .merged_with(&self.placement(node, "`prepare`"));
        }
        if let Some(node) = map.get("attach") {
            level.procedure.attach = whole.attach.merged_with(&self.placement(node, "`attach`"));
        }
        level
    }

    fn level_rules(
        &mut self,
        node: &YamlNode,
        levels: &[Level],
        hosts: &[SchemeHost],
    ) -> Vec<LevelRule> {
        let nodes = list_items(node, "`match`", self.diagnostics);
        nodes
            .iter()
            .filter_map(|node| self.level_rule(node, levels, hosts))
            .collect()
    }

    fn level_rule(
        &mut self,
        node: &YamlNode,
        levels: &[Level],
        hosts: &[SchemeHost],
    ) -> Option<LevelRule> {
        let what = "a rule of `match`";
        let map = CheckedMap::open(node, what, &LEVEL_RULE_KEYS, self.diagnostics)?;
        if map.present_entries(&["level", "host"]).is_empty() {
            let diagnostic = Diagnostic::error("a rule of `match` needs `level` or `host`");
            self.diagnostics
                .push(diagnostic.at(map.at, "this rule has no effect"));
            return None;
        }
        let level = match map.get("level") {
            Some(node) => Some(self.level_index(node, levels)?),
            None => None,
        };
        Some(LevelRule {
            matcher: self.matcher(&map),
            level,
            host: self.host_choice(&map, hosts),
            accepted_levels: self.accepted_levels(&map, level, levels),
        })
    }

    /// `accepts: [public, shop]`: that a marketplace takes several levels is a claim about it, so
    /// it comes with its source.
    fn accepted_levels(
        &mut self,
        map: &CheckedMap<'_>,
        level: Option<usize>,
        levels: &[Level],
    ) -> Vec<usize> {
        let source = map.optional_text("source", self.diagnostics);
        let Some(entry) = map.entry("accepts") else {
            if source.is_some() {
                let diagnostic = Diagnostic::error("`source` is only for `accepts`");
                self.diagnostics
                    .push(diagnostic.at(map.at, "a rule without `accepts`"));
            }
            return Vec::new();
        };
        if source.is_none() {
            let diagnostic = Diagnostic::error("`accepts` needs its `source`");
            self.diagnostics.push(
                diagnostic
                    .at(
                        entry.key_at,
                        "without it the sandbox could accept what no marketplace does",
                    )
                    .hint("add `source: …`, the page that says so"),
            );
        }
        let nodes = list_items(&entry.value, "`accepts`", self.diagnostics);
        let accepted: Vec<usize> = nodes
            .iter()
            .filter_map(|node| self.level_index(node, levels))
            .collect();
        let is_complete = level.is_some_and(|level| accepted.contains(&level));
        if accepted.len() == nodes.len() && (accepted.len() < 2 || !is_complete) {
            let diagnostic =
                Diagnostic::error("`accepts` needs the `level` of the rule and at least one more");
            self.diagnostics
                .push(diagnostic.at(entry.value.at, "this list"));
        }
        accepted
    }

    fn level_index(&mut self, node: &YamlNode, levels: &[Level]) -> Option<usize> {
        let name = text(node, "`level`", self.diagnostics)?;
        let found = levels.iter().position(|level| level.name == name);
        if found.is_none() {
            let diagnostic = Diagnostic::error(format!("there is no level `{name}`"))
                .at(node.at, "not defined under `levels`");
            self.diagnostics.push(diagnostic.maybe_hint(name_hint(
                name,
                levels.iter().map(|level| level.name.as_str()),
            )));
        }
        found
    }

    fn default_level(&mut self, map: &CheckedMap<'_>, levels: &[Level]) -> usize {
        if let Some(node) = map.get("default_level") {
            return self.level_index(node, levels).unwrap_or(0);
        }
        if levels.len() > 1 {
            let diagnostic =
                Diagnostic::error("a scheme with several levels needs `default_level`")
                    .at(map.at, "missing here");
            self.diagnostics.push(diagnostic.hint(
                "rules set a level only for the paths that they match; all other paths need one too",
            ));
        }
        0
    }

    /// `reads: [{ method: POST, path: /v1/products/search }]`
    fn read_rules(&mut self, node: &YamlNode) -> Vec<ReadRule> {
        let nodes = list_items(node, "`reads`", self.diagnostics);
        if nodes.is_empty() && node.as_list().is_some() {
            let diagnostic = Diagnostic::error("`reads` needs at least one rule")
                .at(node.at, "no call would be a read");
            self.diagnostics
                .push(diagnostic.hint("write `reads: [{ method: GET }]`, or remove it"));
        }
        nodes
            .iter()
            .filter_map(|node| self.read_rule(node))
            .collect()
    }

    fn read_rule(&mut self, node: &YamlNode) -> Option<ReadRule> {
        let map = CheckedMap::open(node, "a rule of `reads`", &READ_KEYS, self.diagnostics)?;
        let query: Vec<(String, String)> = map
            .entry("query")
            .map(|entry| map_entries(&entry.value, "`query`", self.diagnostics))
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| {
                let pattern = text(&entry.value, "a pattern", self.diagnostics)?;
                Some((entry.key.to_string(), pattern.to_owned()))
            })
            .collect();
        let has_line = map.get("path").is_some() || map.get("method").is_some();
        let matcher = if has_line || query.is_empty() {
            self.matcher(&map)
        } else {
            RequestMatcher::default()
        };
        Some(ReadRule { matcher, query })
    }

    /// `match: { path: …, method: … }`
    fn optional_matcher(&mut self, map: &CheckedMap<'_>) -> RequestMatcher {
        let inner = map
            .get("match")
            .and_then(|node| CheckedMap::open(node, "`match`", &MATCH_KEYS, self.diagnostics));
        inner.map(|map| self.matcher(&map)).unwrap_or_default()
    }

    fn matcher(&mut self, map: &CheckedMap<'_>) -> RequestMatcher {
        let paths = self.path_patterns(map, "path");
        if map.get("path").is_none() && map.get("method").is_none() {
            let diagnostic =
                Diagnostic::error("a condition without `path` and `method` matches every request")
                    .at(map.at, "this condition is empty");
            self.diagnostics
                .push(diagnostic.hint(Hint::remove_or("remove it, or add a path or a method")));
        }
        let methods = map.optional("method", one_or_many).iter();
        let words = Method::ALL.map(|method| (method.name(), method));
        let methods = methods
            .filter_map(|node| enum_value(node, "a method", &words, self.diagnostics))
            .collect();
        RequestMatcher { paths, methods }
    }

    fn path_patterns(&mut self, map: &CheckedMap<'_>, key: &str) -> Vec<PathPattern> {
        let paths = map.optional(key, |node| {
            text_list(node, "a path pattern", self.diagnostics)
        });
        self.check_path_patterns(map, key, &paths);
        paths.into_iter().map(PathPattern).collect()
    }

    fn check_path_patterns(&mut self, map: &CheckedMap<'_>, key: &str, paths: &[String]) {
        // A pattern that fits no path would switch its rule off without a word.
        if let Some(path) = paths
            .iter()
            .find(|path| !path.starts_with('/') && !path.starts_with("**"))
        {
            let at = map.get(key).map_or(map.at, |node| node.at);
            self.diagnostics.push(
                Diagnostic::error(format!("the pattern `{path}` matches no path"))
                    .at(at, "a path must begin with `/`"),
            );
        }
    }

    fn covers(&mut self, node: &YamlNode) -> Vec<CoveredPart> {
        let words = CoveredPart::ALL.map(|part| (part.name(), part));
        list_items(node, "`covers`", self.diagnostics)
            .iter()
            .filter_map(|node| enum_value(node, "a covered part", &words, self.diagnostics))
            .collect()
    }

    fn limits(&mut self, node: &YamlNode) -> Vec<RateLimit> {
        list_items(node, "`limits`", self.diagnostics)
            .iter()
            .filter_map(|node| self.limit(node))
            .collect()
    }

    fn limit(&mut self, node: &YamlNode) -> Option<RateLimit> {
        let map = CheckedMap::open(node, "a limit", &LIMIT_KEYS, self.diagnostics)?;
        let rate = map.required("rate", self.diagnostics)?;
        let (count, per) = self.rate(rate)?;
        let headers = map.optional("headers", |node| self.limit_headers(node));
        Some(RateLimit {
            at: node.at,
            matcher: self.optional_matcher(&map),
            count,
            per,
            burst: map
                .get("burst")
                .and_then(|node| self.positive_count(node, "`burst`")),
            scope: map.optional("per", |node| text_list(node, "`per`", self.diagnostics)),
            headers,
        })
    }

    /// What a limit reads from a response → the name of the header.
    fn limit_headers(&mut self, node: &YamlNode) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        for entry in map_entries(node, "`headers`", self.diagnostics) {
            let header = scalar(&entry.value, "a header", self.diagnostics);
            headers.extend(header.map(|header| (entry.key.to_string(), header)));
            if !LIMIT_HEADERS.contains(&entry.key.as_str()) {
                let diagnostic =
                    Diagnostic::error(format!("a limit cannot read `{}` from a header", entry.key))
                        .at(entry.key_at, "unknown");
                self.diagnostics.push(
                    diagnostic.hint(format!("it can be {}", join_names(LIMIT_HEADERS, "or"))),
                );
            }
        }
        headers
    }

    fn positive_count(&mut self, node: &YamlNode, what: &str) -> Option<u32> {
        let number = node
            .to_value()
            .as_number()
            .and_then(crate::value::Number::as_i64);
        let found = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number > 0);
        if found.is_none() {
            self.diagnostics
                .push(wrong_kind(node, what, "a whole number above 0"));
        }
        found
    }

    /// `10/1h`, `2/s`
    fn rate(&mut self, node: &YamlNode) -> Option<(u32, Duration)> {
        let written = text(node, "`rate`", self.diagnostics)?;
        let parsed = written.split_once('/').and_then(|(count, per)| {
            // `2/s` is two for each second; a unit alone has the count 1.
            let per = if per.starts_with(|letter: char| letter.is_ascii_digit()) {
                per.to_owned()
            } else {
                format!("1{per}")
            };
            let count = count.parse::<u32>().ok().filter(|count| *count > 0)?;
            Some((
                count,
                crate::load::node_reader::parse_duration(&per).filter(|per| !per.is_zero())?,
            ))
        });
        if parsed.is_none() {
            self.diagnostics.push(
                Diagnostic::error("`rate` must be a number of calls per duration")
                    .at(node.at, "write `10/1h` or `2/s`"),
            );
        }
        parsed
    }

    fn value_paths(&mut self, node: &YamlNode, what: &str) -> Vec<ValuePath> {
        let a_path = format!("a path of {what}");
        text_list(node, what, self.diagnostics)
            .iter()
            .filter_map(|path| value_path(path, node.at, &a_path, self.diagnostics))
            .collect()
    }

    fn value_decoder(&mut self) -> crate::load::value_decoder::ValueDecoder<'_> {
        crate::load::value_decoder::ValueDecoder {
            dialect: TemplateDialect::Scheme,
            diagnostics: self.diagnostics,
        }
    }
}

fn default_clock() -> SchemeClock {
    SchemeClock {
        format: ClockFormat::UnixSeconds,
        accepted: Vec::new(),
        zone: 0,
        window: None,
        backdate: Duration::ZERO,
    }
}
