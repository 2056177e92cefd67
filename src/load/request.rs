//! Decodes one file of `requests/`: a single request, or a flow of steps.

use crate::diagnostic::{Diagnostic, Diagnostics, list_of};
use crate::jsonpath::JsonPath;
use crate::load::assertion::{Assertions, captures, json_path};
use crate::load::fields::{
    Map, at_most_one, check_settable_header, duration, first_template, flag, is_id, items, scalar, text, texts, word, wrong_kind,
};
use crate::load::files::Files;
use crate::load::values::Values;
use crate::model::outcome::{ErrorKind, Expected};
use crate::model::request::{Body, DEFAULT_TIMEOUT, Field, Method, Named, PartContent, PartField, Request, Snapshot, Step};
use crate::model::template::{Part, Template, Tree, TreeKind};
use crate::render::Dialect;
use crate::span::Span;
use crate::value::Value;
use crate::yaml::{Entry, Kind, Node};
use std::collections::HashMap;

/// Keys of a file that holds a flow.
pub const FILE_KEYS: [&str; 13] =
    ["scheme", "level", "account", "tags", "skip", "vars", "headers", "timeout", "steps", "cases", "needs", "redact", "retry"];
/// Keys of a step of a flow.
pub const STEP_KEYS: [&str; 23] = [
    "name",
    "scheme",
    "level",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "query",
    "headers",
    "json",
    "form",
    "multipart",
    "text",
    "file",
    "ok",
    "assert",
    "capture",
    "timeout",
    "poll",
    "pages",
    "retry",
];
/// The one key more that a step of a request has: what a fixture makes is there to be used, not to be looked at.
const SNAPSHOT: &str = "snapshot";
const BODIES: [&str; 5] = ["json", "form", "multipart", "text", "file"];

/// The names of steps that stand before, each with its place.
pub(super) type StepNames = HashMap<String, Span>;

/// What the steps of one file share.
pub(super) struct Defaults {
    scheme: Option<Named>,
    level: Option<Named>,
    headers: Vec<Field>,
    timeout: std::time::Duration,
    retry: Option<u32>,
}

pub struct Requests<'d> {
    pub files: &'d Files,
    pub faults: &'d mut Diagnostics,
}

impl Requests<'_> {
    pub fn decode(&mut self, name: String, node: &Node) -> Option<Request> {
        let flow = node.as_map().is_some_and(|entries| entries.iter().any(|entry| entry.key == "steps"));
        let mut keys: Vec<&str> = FILE_KEYS.to_vec();
        if flow {
            keys.retain(|key| *key != SNAPSHOT);
        } else {
            keys.extend(STEP_KEYS.iter().filter(|key| **key != "name"));
            keys.retain(|key| *key != "steps");
            keys.push(SNAPSHOT);
        }
        let map = Map::open(node, if flow { "a flow" } else { "a request" }, &keys, self.faults)?;
        let defaults = self.defaults(&map);
        let steps = if flow { self.flow(&map, &defaults) } else { vec![self.step(&map, None, &defaults)?] };
        Some(Request {
            name,
            at: node.at,
            account: self.account(&map),
            tags: map.get("tags").map(|tags| texts(tags, "a tag", self.faults)).unwrap_or_default(),
            skip: self.skip(&map),
            vars: map.get("vars").map(|vars| self.vars(vars)).unwrap_or_default(),
            cases: map.get("cases").map(|cases| self.variants(cases, "`cases`")).unwrap_or_default(),
            needs: self.needs(&map),
            redact: map.get("redact").map(|node| super::redact::decode(node, self.faults)).unwrap_or_default(),
            steps,
        })
    }

    /// A request inside a scheme's known answer: it needs no scheme, and nothing judges its answer.
    pub fn decode_in_scheme(&mut self, node: &Node) -> Option<Step> {
        let mut keys: Vec<&str> = vec!["level", "query", "headers"];
        keys.extend(Method::ALL.map(Method::key));
        keys.extend(BODIES);
        let map = Map::open(node, "the request of a vector", &keys, self.faults)?;
        let here = Some(Named { name: String::new(), at: node.at });
        let defaults = Defaults { scheme: here, level: None, headers: Vec::new(), timeout: DEFAULT_TIMEOUT, retry: None };
        let defaults = Defaults { headers: map.get("headers").map(|node| self.headers(node)).unwrap_or_default(), ..defaults };
        self.step(&map, None, &defaults)
    }

    pub(super) fn defaults(&mut self, map: &Map<'_>) -> Defaults {
        Defaults {
            scheme: self.named(map, "scheme"),
            level: self.named(map, "level"),
            headers: map.get("headers").map(|node| self.headers(node)).unwrap_or_default(),
            timeout: map.get("timeout").and_then(|node| duration(node, "`timeout`", self.faults)).unwrap_or(DEFAULT_TIMEOUT),
            retry: self.retry(map),
        }
    }

    fn flow(&mut self, map: &Map<'_>, defaults: &Defaults) -> Vec<Step> {
        let Some(list) = map.get("steps") else { return Vec::new() };
        let nodes = items(list, "`steps`", self.faults);
        if nodes.is_empty() && list.as_list().is_some() {
            self.faults.push(Diagnostic::error("a flow needs at least one step").at(list.at, "no step here"));
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut names = StepNames::new();
        for node in nodes {
            let mut keys = STEP_KEYS.to_vec();
            keys.push(SNAPSHOT);
            let Some(map) = Map::open(node, "a step", &keys, self.faults) else { continue };
            let name = self.step_name(&map, &mut names);
            steps.extend(self.step(&map, name, defaults));
        }
        steps
    }

    pub(super) fn step_name(&mut self, map: &Map<'_>, others: &mut StepNames) -> Option<Named> {
        let node = map.required("name", self.faults)?;
        let name = scalar(node, "`name`", self.faults)?;
        if !is_id(&name) {
            let fault = Diagnostic::error(format!("`{name}` is not a name for a step")).at(node.at, "this name");
            self.faults.push(fault.hint("use letters, digits, `_` and `-`: it is a part of the id"));
        }
        if let Some(first) = others.insert(name.clone(), node.at) {
            self.faults.push(
                Diagnostic::error(format!("two steps are named `{name}`")).at(node.at, "the second").at(first, "the first"),
            );
        }
        Some(Named { name, at: node.at })
    }

    pub(super) fn step(&mut self, map: &Map<'_>, name: Option<Named>, defaults: &Defaults) -> Option<Step> {
        let scheme = self.scheme(map, defaults);
        let line = self.request_line(map);
        let (query, headers) = (self.query(map), self.step_headers(map, defaults, name.is_some()));
        let body = self.body(map);
        let (expected, timeout) = (self.expected(map), self.timeout(map, defaults));
        let (assertions, captures) = self.judgements(map);
        let (repeat, retry) = (self.repeat(map), self.retry(map).or(defaults.retry));
        self.refuse_idle_retry(map, expected);
        let (method, path, at) = line?;
        if method == Method::Head || method == Method::Get {
            self.refuse_body(map, method);
        }
        let level = self.named(map, "level").or_else(|| defaults.level.clone());
        let name = name.map(|name| name.name);
        Some(Step {
            name,
            at,
            scheme: scheme?,
            level,
            method,
            path,
            query,
            headers,
            body,
            expected,
            assertions,
            captures,
            repeat,
            retry,
            timeout,
            snapshot: map.get(SNAPSHOT).and_then(|node| self.snapshot(node)),
        })
    }

    fn scheme(&mut self, map: &Map<'_>, defaults: &Defaults) -> Option<Named> {
        let scheme = self.named(map, "scheme").or_else(|| defaults.scheme.clone());
        if scheme.is_none() && map.get("scheme").is_none() {
            let fault = Diagnostic::error("a request needs `scheme`").at(map.at, "nothing says how to sign it");
            self.faults.push(fault.hint("write `scheme: coupang`, or `scheme: none` for a plain request"));
        }
        scheme
    }

    /// The one method key and the path under it.
    fn request_line(&mut self, map: &Map<'_>) -> Option<(Method, Template, Span)> {
        let found: Vec<(Method, &Entry)> =
            Method::ALL.into_iter().filter_map(|method| map.entry(method.key()).map(|entry| (method, entry))).collect();
        let keys = || list_of(Method::ALL.map(Method::key), "or");
        let (method, entry) = match found.as_slice() {
            [one] => *one,
            [] => {
                self.faults
                    .push(Diagnostic::error("a request needs a method and a path").at(map.at, format!("none of {}", keys())));
                return None;
            }
            [(_, first), (_, second), ..] => {
                let fault =
                    Diagnostic::error("a request has one method").at(second.key_at, "the second").at(first.key_at, "the first");
                self.faults.push(fault.hint("for several calls write `steps`"));
                return None;
            }
        };
        let path = self.values().template(&entry.value, "a path")?;
        self.check_path(&path);
        Some((method, path, entry.key_at))
    }

    fn check_path(&mut self, path: &Template) {
        let first = match path.parts.first() {
            Some(Part::Literal(text)) => text.as_str(),
            _ => "",
        };
        if first.starts_with("http://") || first.starts_with("https://") || first.starts_with("//") {
            let fault = Diagnostic::error("a request names a path, never a host").at(path.at, "this names a host");
            self.faults.push(fault.hint("scheme and environment own the host: write what follows it, from the first `/`"));
            return;
        } else if !first.starts_with('/') {
            self.faults.push(Diagnostic::error("a path begins with `/`").at(path.at, "this does not"));
            return;
        }
        let text = |part: &Part| if let Part::Literal(text) = part { text.clone() } else { "x".to_owned() };
        let sample: String = path.parts.iter().map(text).collect();
        if sample.contains('#') {
            let fault = Diagnostic::error("a path has no fragment").at(path.at, "a client would cut it at `#`");
            self.faults.push(fault.hint("write `%23` for a `#` in a value"));
        } else if let Err(error) = crate::wire::check_target(&sample) {
            let fault = Diagnostic::error(format!("text in a path is sent as written, but {error}")).at(path.at, "this text");
            self.faults
                .push(fault.hint("percent-encode it, or put the value under `query` or in a template, where it is encoded"));
        }
    }

    fn refuse_body(&mut self, map: &Map<'_>, method: Method) {
        if let Some(body) = map.present(&BODIES).first() {
            let fault = Diagnostic::error(format!("a {method} request has no body")).at(body.key_at, "this would be sent as one");
            self.faults.push(fault.hint("put the values under `query`, or use `post`"));
        }
    }

    fn query(&mut self, map: &Map<'_>) -> Vec<Field> {
        let fields = map.get("query").map(|node| self.values().fields(node, "`query`")).unwrap_or_default();
        for field in &fields {
            self.refuse_object(field, "a query parameter");
        }
        fields
    }

    /// A value of a query, form or header is one text, or a list of texts.
    fn refuse_object(&mut self, field: &Field, what: &str) {
        let nested =
            |tree: &Tree| matches!(&tree.kind, TreeKind::List(_) | TreeKind::Constant(Value::List(_))) || is_object(tree);
        let inside: Vec<&Tree> = if let TreeKind::List(items) = &field.value.kind { items.iter().collect() } else { Vec::new() };
        let constant = match &field.value.kind {
            TreeKind::Constant(Value::List(items)) => items.iter().any(|item| matches!(item, Value::List(_) | Value::Object(_))),
            _ => false,
        };
        if is_object(&field.value) || constant || inside.into_iter().any(nested) {
            let fault =
                Diagnostic::error(format!("{what} is a single value or a list of them")).at(field.value.at, "this is more");
            self.faults.push(fault.hint("write JSON text in quotes if the marketplace wants JSON in it"));
        }
    }

    fn headers(&mut self, node: &Node) -> Vec<Field> {
        let fields = self.values().fields(node, "`headers`");
        for (index, field) in fields.iter().enumerate() {
            if let Some(first) = fields[..index].iter().find(|first| first.name.eq_ignore_ascii_case(&field.name)) {
                let fault =
                    Diagnostic::error(format!("the header `{}` stands twice", field.name)).at(field.name_at, "the second");
                self.faults
                    .push(fault.at(first.name_at, "the first").hint("names of headers do not tell capitals from small letters"));
            }
            self.refuse_object(field, "a header");
            let text = field.value.as_constant().and_then(Value::to_plain_text).unwrap_or_default();
            if !crate::wire::is_header_value(&text) {
                let fault =
                    Diagnostic::error("a header cannot hold this").at(field.value.at, "blanks at an end, or a control character");
                self.faults.push(fault);
            }
            check_settable_header(&field.name, field.name_at, "a request", self.faults);
        }
        fields
    }

    /// A step's headers over the file's; a single request is file and step at once.
    fn step_headers(&mut self, map: &Map<'_>, defaults: &Defaults, in_flow: bool) -> Vec<Field> {
        if !in_flow {
            return defaults.headers.clone();
        }
        let own = map.get("headers").map(|node| self.headers(node)).unwrap_or_default();
        let overridden = |field: &&Field| !own.iter().any(|other| other.name.eq_ignore_ascii_case(&field.name));
        defaults.headers.iter().filter(overridden).cloned().chain(own.iter().cloned()).collect()
    }

    fn body(&mut self, map: &Map<'_>) -> Body {
        let found = map.present(&BODIES);
        at_most_one(map, &BODIES, "a request has one body", self.faults);
        let Some(entry) = found.first() else { return Body::None };
        let node = &entry.value;
        match entry.key.as_str() {
            "json" => Body::Json(self.values().tree(node)),
            "form" => Body::Form(self.form(node)),
            "multipart" => Body::Multipart(self.multipart(node)),
            "text" => Body::Text(self.single(node, "`text`")),
            _ => self.files.body_file(node, self.faults).map_or(Body::None, Body::File),
        }
    }

    fn form(&mut self, node: &Node) -> Vec<Field> {
        let fields = self.values().fields(node, "`form`");
        for field in &fields {
            self.refuse_object(field, "a form field");
        }
        fields
    }

    /// Text, a number, true or false; it may be a template.
    fn single(&mut self, node: &Node, what: &str) -> Tree {
        if matches!(node.kind, Kind::List(_) | Kind::Map(_) | Kind::Null) {
            self.faults.push(wrong_kind(node, what, "a single value").hint("use `json` for a map or a list"));
        }
        self.values().tree(node)
    }

    fn multipart(&mut self, node: &Node) -> Vec<PartField> {
        let entries = crate::load::fields::entries(node, "`multipart`", self.faults);
        entries
            .iter()
            .filter_map(|entry| Some(PartField { name: entry.key.to_string(), content: self.part(&entry.value)? }))
            .collect()
    }

    /// A text, or `{ file: …, filename: …, type: … }`.
    fn part(&mut self, node: &Node) -> Option<PartContent> {
        if !matches!(node.kind, Kind::Map(_)) {
            return Some(PartContent::Text(self.single(node, "a part")));
        }
        let map = Map::open(node, "a part", &["file", "filename", "type"], self.faults)?;
        let file = self.files.body_file(map.required("file", self.faults)?, self.faults)?;
        let named = self.part_word(&map, "filename");
        let filename = named.or_else(|| Some(file.path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
        let media_type = self.part_word(&map, "type").unwrap_or_else(|| "application/octet-stream".to_owned());
        Some(PartContent::File { file, filename, media_type })
    }

    /// A word of a part's head: never a template, and nothing that could begin another head.
    fn part_word(&mut self, map: &Map<'_>, key: &str) -> Option<String> {
        let node = map.get(key)?;
        let word = text(node, &format!("`{key}`"), self.faults)?;
        if first_template(node).is_some() {
            self.faults.push(Diagnostic::error(format!("`{key}` is never a template")).at(node.at, "`{{` is not allowed here"));
        }
        let media_type = key != "type" || word.split_once('/').is_some_and(|(main, sub)| !main.is_empty() && !sub.is_empty());
        if word.chars().any(char::is_control) || !media_type {
            let wanted = if key == "type" { "such as `image/png`" } else { "no control characters" };
            self.faults
                .push(Diagnostic::error(format!("`{}` is not a {key} of a part", word.escape_debug())).at(node.at, wanted));
        }
        Some(word.to_owned())
    }

    fn expected(&mut self, map: &Map<'_>) -> Expected {
        let Some(node) = map.get("ok") else { return Expected::Success };
        if let Kind::Map(_) = node.kind {
            let words = ErrorKind::ALL.map(|kind| (kind.name(), kind));
            let kind = Map::open(node, "`ok`", &["kind"], self.faults)
                .and_then(|map| map.required("kind", self.faults))
                .and_then(|node| word(node, "`kind`", &words, self.faults));
            return kind.map_or(Expected::Success, Expected::Kind);
        }
        match flag(node, "`ok`", self.faults) {
            Some(false) => Expected::Refusal,
            _ => Expected::Success,
        }
    }

    /// `true`, or what to mask.
    fn snapshot(&mut self, node: &Node) -> Option<Snapshot> {
        match node.kind {
            Kind::Bool(true) => Some(Snapshot { at: node.at, mask: Vec::new() }),
            Kind::Map(_) => {
                let map = Map::open(node, "`snapshot`", &["mask"], self.faults)?;
                let paths = map.required("mask", self.faults)?;
                Some(Snapshot { at: node.at, mask: self.mask(paths) })
            }
            _ => {
                let fault = wrong_kind(node, "`snapshot`", "`true`, or a map with `mask`");
                self.faults.push(fault.hint("a step that has no snapshot does not say so: leave the key out"));
                None
            }
        }
    }

    fn mask(&mut self, node: &Node) -> Vec<JsonPath> {
        let paths = items(node, "`mask`", self.faults);
        if paths.is_empty() && node.as_list().is_some() {
            let fault = Diagnostic::error("`mask` needs at least one path").at(node.at, "nothing is masked here");
            self.faults.push(fault.hint("write `snapshot: true`: what the scheme masks is masked without a word"));
        }
        let path = |node: &Node, faults: &mut Diagnostics| json_path(text(node, "a path", faults)?, node.at, faults);
        paths.iter().filter_map(|node| path(node, self.faults)).collect()
    }

    fn timeout(&mut self, map: &Map<'_>, defaults: &Defaults) -> std::time::Duration {
        map.get("timeout").and_then(|node| duration(node, "`timeout`", self.faults)).unwrap_or(defaults.timeout)
    }

    fn judgements(&mut self, map: &Map<'_>) -> (Vec<crate::model::assertion::Assertion>, Vec<crate::model::capture::Capture>) {
        let assertions = map
            .get("assert")
            .map(|node| Assertions { dialect: Dialect::Request, files: self.files, faults: self.faults }.decode(node));
        let captures = map.get("capture").map(|node| captures(node, self.faults));
        (assertions.unwrap_or_default(), captures.unwrap_or_default())
    }

    fn account(&mut self, map: &Map<'_>) -> Option<Named> {
        self.named(map, "account")
    }

    /// A reason is demanded: a skip nobody can explain is a test that stays green when nothing was tested.
    fn skip(&mut self, map: &Map<'_>) -> Option<String> {
        let node = map.get("skip")?;
        match node.as_text() {
            Some(reason) if !reason.trim().is_empty() => Some(reason.to_owned()),
            _ => {
                self.faults
                    .push(wrong_kind(node, "`skip`", "the reason, as text").hint("write `skip: waiting for the permission`"));
                None
            }
        }
    }

    pub(super) fn vars(&mut self, node: &Node) -> Vec<Field> {
        self.values().variables(node)
    }

    pub(super) fn named(&mut self, map: &Map<'_>, key: &str) -> Option<Named> {
        let node = map.get(key)?;
        let name = text(node, &format!("`{key}`"), self.faults)?;
        Some(Named { name: name.to_owned(), at: node.at })
    }

    pub(super) fn values(&mut self) -> Values<'_> {
        Values { dialect: Dialect::Request, faults: self.faults }
    }
}

fn is_object(tree: &Tree) -> bool {
    matches!(&tree.kind, TreeKind::Object(_) | TreeKind::Constant(Value::Object(_)))
}
