//! Decodes one file of `requests/`: a single request, or a flow of steps.

use crate::charset::Charset;
use crate::diagnostic::{Diagnostic, Diagnostics, Hint, join_names};
use crate::load::assertion::AssertionDecoder;
use crate::load::capture::decode_captures;
use crate::load::encoded_body::{
    body_charset, check_content_type, check_encodable, check_fields_encodable, check_xml,
};
use crate::load::node_reader::{
    COOKIES_KEY, CheckedMap, at_most_one, boolean, check_settable_header, enum_value,
    first_template, is_id, list_items, one_or_many, scalar, text, text_list, wrong_kind,
};
use crate::load::scheme_paths::allowed_outside_paths;
use crate::load::secrets::decode_secret_rules;
use crate::load::sent_values::sample_path;
use crate::load::value_decoder::ValueDecoder;
use crate::load::workspace_files::{WorkspaceFiles, check_data_path};
use crate::model::environment::ALL_ACCOUNTS;
use crate::model::outcome::{ErrorKind, ExpectedOutcome};
use crate::model::request::{
    BodyFile, DEFAULT_TIMEOUT, EncodedBody, EncodedContent, Method, MultipartContent,
    MultipartField, Request, RequestBody, Snapshot, SpannedName, Step, StepUse, TemplateField,
};
use crate::model::scheme::PLAIN_SCHEME;
use crate::model::template::{Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::render::TemplateDialect;
use crate::span::Span;
use crate::value::{CompactText, Value};
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Keys of a file that holds a flow.
pub(super) const REQUEST_FILE_KEYS: [&str; 17] = [
    "scheme",
    "level",
    "account",
    "tags",
    "skip",
    "when",
    "vars",
    "headers",
    "timeout",
    "steps",
    "cases",
    "needs",
    "redact",
    "retry",
    "secrets",
    "not_secret",
    COOKIES_KEY,
];
/// Keys of a step of a flow.
pub(super) const STEP_KEYS: [&str; 33] = [
    "name",
    "scheme",
    "level",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "external",
    "redirects",
    "query",
    "headers",
    "json",
    "form",
    "multipart",
    "text",
    "xml",
    "file",
    "charset",
    "ok",
    "assert",
    "capture",
    "timeout",
    "max_body",
    "for_each",
    "poll",
    "pages",
    "retry",
    "undo",
    "reads",
    "lint",
];
/// A step of a request has this key besides. A step of a fixture does not: its response is used,
/// not tested.
pub(super) const SNAPSHOT_KEY: &str = "snapshot";
/// The same: what a fixture creates, others need.
pub(super) const WHEN_KEY: &str = "when";
/// And this one: what a fixture makes is for its requests, and for nobody else.
const OUTPUT_KEY: &str = "output";
/// The keys of a part of `multipart`, and those that are its content.
const PART_KEYS: [&str; 5] = ["text", "json", "file", "filename", "type"];
const PART_CONTENT_KEYS: [&str; 3] = ["text", "json", "file"];

const BODY_KEYS: [&str; 6] = ["json", "form", "multipart", "text", "xml", "file"];

/// The names of the steps above, each with its place.
pub(super) type StepNames = HashMap<String, Span>;

/// What the steps of one file share.
pub(super) struct StepDefaults {
    scheme: Option<SpannedName>,
    level: Option<SpannedName>,
    headers: Vec<TemplateField>,
    timeout: std::time::Duration,
    retry: Option<u32>,
}

pub(super) struct RequestDecoder<'d> {
    pub(super) files: &'d WorkspaceFiles,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl RequestDecoder<'_> {
    pub(super) fn decode(&mut self, name: String, mut node: YamlNode) -> Option<Request> {
        let list = take_steps(&mut node);
        let kind = if list.is_some() {
            "a flow"
        } else {
            "a request"
        };
        let keys = request_file_keys(list.is_some());
        let map = CheckedMap::open(&node, kind, &keys, self.diagnostics)?;
        let defaults = self.step_defaults(&map);
        let (steps, uses) = match list {
            Some(list) => self.flow_steps(list, &defaults),
            None => (vec![self.step(&map, None, &defaults)?], Vec::new()),
        };
        let cases = map
            .get("cases")
            .map(|cases| self.variants(cases, "`cases`"));
        Some(Request {
            name,
            at: node.at,
            account: self.account(&map),
            tags: map.optional("tags", |tags| text_list(tags, "a tag", self.diagnostics)),
            skip: self.skip(&map),
            when: self.when(&map),
            vars: map.optional("vars", |vars| self.vars(vars)),
            has_unread_cases: cases.as_ref().is_some_and(Option::is_none),
            cases: cases.flatten().unwrap_or_default(),
            needs: self.needs(&map),
            redact: map.optional("redact", |node| {
                super::redact::decode_redact_rules(node, self.diagnostics)
            }),
            secret_rules: decode_secret_rules(&map, self.diagnostics),
            keeps_cookies: self.keeps_cookies(&map, &steps),
            steps,
            uses,
        })
    }

    /// The request of a signature vector. It needs no scheme and is never sent, so it has no
    /// assertions.
    pub(super) fn decode_vector_request(&mut self, node: &YamlNode) -> Option<Step> {
        let mut keys: Vec<&str> = vec!["level", "query", "headers"];
        keys.extend(Method::ALL.map(Method::key));
        keys.extend(BODY_KEYS);
        keys.push("charset");
        let map = CheckedMap::open(node, "the request of a vector", &keys, self.diagnostics)?;
        let here = Some(SpannedName {
            name: String::new(),
            at: node.at,
        });
        let defaults = StepDefaults {
            scheme: here,
            level: None,
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            retry: None,
        };
        let defaults = StepDefaults {
            headers: map.optional("headers", |node| self.headers(node)),
            ..defaults
        };
        self.step(&map, None, &defaults)
    }

    pub(super) fn step_defaults(&mut self, map: &CheckedMap<'_>) -> StepDefaults {
        StepDefaults {
            scheme: self.named(map, "scheme"),
            level: self.named(map, "level"),
            headers: map.optional("headers", |node| self.headers(node)),
            timeout: map
                .optional_duration("timeout", self.diagnostics)
                .unwrap_or(DEFAULT_TIMEOUT),
            retry: self.retry(map),
        }
    }

    /// The steps of a flow. Each node is dropped once it is decoded, so that a large file is not in
    /// memory twice.
    fn flow_steps(&mut self, list: YamlNode, defaults: &StepDefaults) -> (Vec<Step>, Vec<StepUse>) {
        let count = list_items(&list, "`steps`", self.diagnostics).len();
        let (mut steps, mut uses) = (Vec::with_capacity(count), Vec::new());
        let NodeKind::List(nodes) = list.kind else {
            return (steps, uses);
        };
        if count == 0 {
            self.diagnostics.push(
                Diagnostic::error("a flow needs at least one step")
                    .at(list.at, "the list is empty"),
            );
        }
        let mut keys = STEP_KEYS.to_vec();
        keys.extend([SNAPSHOT_KEY, WHEN_KEY, OUTPUT_KEY, "account"]);
        let mut names = StepNames::new();
        for node in nodes {
            if is_use(&node) {
                uses.extend(self.step_use(&node, steps.len()));
                continue;
            }
            let Some(map) = CheckedMap::open(&node, "a step", &keys, self.diagnostics) else {
                continue;
            };
            let name = self.step_name(&map, &mut names);
            steps.extend(self.step(&map, name, defaults));
        }
        (steps, uses)
    }

    pub(super) fn step_name(
        &mut self,
        map: &CheckedMap<'_>,
        others: &mut StepNames,
    ) -> Option<SpannedName> {
        let node = map.required("name", self.diagnostics)?;
        let name = scalar(node, "`name`", self.diagnostics)?;
        if !is_id(&name) {
            let diagnostic = Diagnostic::error(format!("`{name}` is not a valid name of a step"))
                .at(node.at, "this name");
            self.diagnostics.push(
                diagnostic
                    .hint("use letters, digits, `_` and `-`: the name becomes part of the id"),
            );
        }
        if let Some(first) = others.insert(name.clone(), node.at) {
            self.diagnostics.push(
                Diagnostic::error(format!("two steps are named `{name}`"))
                    .at(node.at, "the second")
                    .at(first, "the first"),
            );
        }
        Some(SpannedName { name, at: node.at })
    }

    pub(super) fn step(
        &mut self,
        map: &CheckedMap<'_>,
        name: Option<SpannedName>,
        defaults: &StepDefaults,
    ) -> Option<Step> {
        let external = self.external_hosts(map);
        let scheme = match &external {
            // What an address of a response is sent is never signed.
            Some(external) => Some(SpannedName {
                name: PLAIN_SCHEME.to_owned(),
                at: external.at,
            }),
            None => self.scheme(map, defaults),
        };
        let line = self.request_line(map, external.is_some());
        let (query, headers) = (
            self.query(map),
            self.step_headers(map, defaults, name.is_some(), external.is_some()),
        );
        let redirects = self.redirects(map);
        let (output, max_body) = (self.output_file(map), self.max_body(map));
        let body = self.body(map);
        self.refuse_contradicting_headers(&headers, &body);
        let (expected, timeout) = (self.expected(map), self.timeout(map, defaults));
        let (assertions, captures) = self.assertions_and_captures(map);
        let for_each = self.for_each(map, &captures);
        let (repeat, retry) = (self.repeat(map), self.retry(map).or(defaults.retry));
        self.refuse_repeat_with_undo(map);
        let undo = map.get("undo").and_then(|node| self.undo(node, defaults));
        // Only here, after every key was decoded: an early return would hide the errors of the
        // keys that follow until this one is corrected.
        let (method, path, at) = line?;
        // RFC 9110, section 9.3.2: such content has no meaning, and servers may close the connection.
        // That of `get` has none, either (9.3.1), but searches of some APIs take their query in it.
        if !method.allows_body() {
            self.refuse_body(map, method);
        }
        let level = self
            .named(map, "level")
            .or_else(|| defaults.level.clone())
            .filter(|_| external.is_none());
        // A file with one request is judged as a file, before its fixtures are set up.
        let when = name.as_ref().and_then(|_| self.when(map)).map(Box::new);
        let account = name.as_ref().and_then(|_| self.step_account(map));
        let name = name.map(|name| name.name);
        Some(Step {
            name,
            at,
            scheme: scheme?,
            level,
            method,
            path,
            external: external.map(Box::new),
            redirects,
            query,
            headers,
            body,
            expected_outcome: expected,
            ok_at: map.entry("ok").map(|entry| entry.key_at),
            assertions,
            captures,
            for_each,
            when,
            account,
            used: None,
            repeat,
            retry,
            retry_at: retry_at(map, retry),
            reads: map.optional_boolean("reads", self.diagnostics),
            outside_paths: map
                .get("lint")
                .and_then(|node| allowed_outside_paths(node, self.diagnostics))
                .map(Box::new),
            timeout,
            max_body,
            output: output.map(Box::new),
            snapshot: map
                .get(SNAPSHOT_KEY)
                .and_then(|node| self.snapshot(node))
                .map(Box::new),
            undo: undo.map(Arc::new),
        })
    }

    fn scheme(&mut self, map: &CheckedMap<'_>, defaults: &StepDefaults) -> Option<SpannedName> {
        let scheme = self
            .named(map, "scheme")
            .or_else(|| defaults.scheme.clone());
        if scheme.is_none() && map.get("scheme").is_none() {
            let diagnostic = Diagnostic::error("a request needs `scheme`")
                .at(map.at, "the scheme that signs the request is missing");
            self.diagnostics.push(
                diagnostic.hint("write `scheme: coupang`, or `scheme: none` for a plain request"),
            );
        }
        scheme
    }

    /// The one method key and the path under it.
    fn request_line(
        &mut self,
        map: &CheckedMap<'_>,
        is_external: bool,
    ) -> Option<(Method, Template, Span)> {
        let found: Vec<(Method, &MapEntry)> = Method::ALL
            .into_iter()
            .filter_map(|method| map.entry(method.key()).map(|entry| (method, entry)))
            .collect();
        let keys = || join_names(Method::ALL.map(Method::key), "or");
        let (method, entry) = match found.as_slice() {
            [one] => *one,
            [] => {
                self.diagnostics.push(
                    Diagnostic::error("a request needs a method and a path")
                        .at(map.at, format!("none of {}", keys())),
                );
                return None;
            }
            [(_, first), (_, second), ..] => {
                let diagnostic = Diagnostic::error("a request must have exactly one method")
                    .at(second.key_at, "the second")
                    .at(first.key_at, "the first");
                self.diagnostics
                    .push(diagnostic.hint("for several calls write `steps`"));
                return None;
            }
        };
        let path = self.value_decoder().template(&entry.value, "a path")?;
        if is_external {
            self.check_address(&path);
        } else {
            self.check_path(&path);
        }
        Some((method, path, entry.key_at))
    }

    fn check_path(&mut self, path: &Template) {
        if self.check_path_start(path) {
            self.check_path_text(path);
        }
    }

    fn check_path_start(&mut self, path: &Template) -> bool {
        let first = match path.parts.first() {
            Some(TemplatePart::Literal(text)) => text.as_str(),
            _ => "",
        };
        // `//host/path` names a host as well (RFC 3986, section 4.2), and a signature for it would
        // go to a place that the scheme does not list.
        if first.starts_with("http://") || first.starts_with("https://") || first.starts_with("//")
        {
            let diagnostic = Diagnostic::error("a request has a path, but no host")
                .at(path.at, "this is a host");
            self.diagnostics.push(diagnostic.hint(
                "the scheme and the environment set the host: write only the path, from the first `/`",
            ));
            return false;
        }
        if !first.starts_with('/') {
            let diagnostic =
                Diagnostic::error("a path must begin with `/`").at(path.at, "this path does not");
            let is_template = matches!(path.parts.as_slice(), [TemplatePart::Expression(_)]);
            self.diagnostics
                .push(diagnostic.maybe_hint(is_template.then(|| {
                    "to call an address from a response, add `external` with the allowed hosts"
                        .to_owned()
                })));
            return false;
        }
        true
    }

    fn check_path_text(&mut self, path: &Template) {
        // `x` for each hole: what a template gives is percent-encoded later, so only the text
        // between the holes can make the target invalid.
        let sample = sample_path(path);
        // RFC 9110, section 4.2.5: a fragment is never sent, so the signed path would be longer
        // than the one that arrives.
        if sample.contains('#') {
            let diagnostic = Diagnostic::error("a path cannot have a fragment")
                .at(path.at, "an HTTP client removes everything from `#`");
            self.diagnostics
                .push(diagnostic.hint("write `%23` for a `#` in a value"));
        } else if let Err(error) = crate::wire::check_target(&sample) {
            let diagnostic =
                Diagnostic::error(format!("text in a path is sent unchanged, but {error}"))
                    .at(path.at, "this text");
            self.diagnostics
                .push(diagnostic.hint("percent-encode it, or put the value under `query` or in a template, which ingam encodes"));
        }
    }

    fn refuse_body(&mut self, map: &CheckedMap<'_>, method: Method) {
        if let Some(body) = map.present_entries(&BODY_KEYS).first() {
            let diagnostic = Diagnostic::error(format!("a {method} request cannot have a body"))
                .at(body.key_at, "this is a body");
            self.diagnostics
                .push(diagnostic.hint("put the values under `query`, or use `get` or `post`"));
        }
    }

    fn query(&mut self, map: &CheckedMap<'_>) -> Vec<TemplateField> {
        let fields = map.optional("query", |node| self.value_decoder().fields(node, "`query`"));
        for field in &fields {
            self.refuse_object(field, "a query parameter");
        }
        fields
    }

    /// A value of a query, form or header is one text, or a list of texts.
    fn refuse_object(&mut self, field: &TemplateField, what: &str) {
        let nested = |tree: &TemplateTree| {
            matches!(
                &tree.kind,
                TemplateTreeKind::List(_) | TemplateTreeKind::Constant(Value::List(_))
            ) || is_object(tree)
        };
        let inside: Vec<&TemplateTree> = if let TemplateTreeKind::List(items) = &field.value.kind {
            items.iter().collect()
        } else {
            Vec::new()
        };
        let constant = match &field.value.kind {
            TemplateTreeKind::Constant(Value::List(items)) => items
                .iter()
                .any(|item| matches!(item, Value::List(_) | Value::Object(_))),
            _ => false,
        };
        if is_object(&field.value) || constant || inside.into_iter().any(nested) {
            let diagnostic = Diagnostic::error(format!(
                "{what} must be a single value or a list of single values"
            ))
            .at(field.value.at, "this value is nested");
            self.diagnostics.push(
                diagnostic.hint("if the marketplace expects JSON here, write it as quoted text"),
            );
        }
    }

    fn headers(&mut self, node: &YamlNode) -> Vec<TemplateField> {
        let fields = self.value_decoder().fields(node, "`headers`");
        let mut places: HashMap<CompactText, Span> = HashMap::with_capacity(fields.len());
        for field in &fields {
            if let Some(first) = places.insert(field.name.to_ascii_lowercase(), field.name_at) {
                let diagnostic =
                    Diagnostic::error(format!("the header `{}` appears twice", field.name))
                        .at(field.name_at, "the second");
                self.diagnostics.push(
                    diagnostic
                        .at(first, "the first")
                        .hint("header names are not case-sensitive: remove one of them"),
                );
            }
            self.refuse_object(field, "a header");
            if has_refused_header_value(&field.value) {
                let diagnostic = Diagnostic::error("not a valid header value").at(
                    field.value.at,
                    "it begins or ends with a space, or contains a control character",
                );
                self.diagnostics.push(diagnostic);
            }
            check_settable_header(&field.name, field.name_at, "a request", self.diagnostics);
        }
        fields
    }

    /// A step's headers over the file's; a single request is file and step at once.
    fn step_headers(
        &mut self,
        map: &CheckedMap<'_>,
        defaults: &StepDefaults,
        in_flow: bool,
        is_external: bool,
    ) -> Vec<TemplateField> {
        if !in_flow {
            return defaults.headers.clone();
        }
        let own = map.optional("headers", |node| self.headers(node));
        // Those of the file are meant for the marketplace, and can name its customer.
        if is_external {
            return own;
        }
        // Header names are compared without case: two spellings would be sent as two headers.
        let names: HashSet<CompactText> = own
            .iter()
            .map(|field| field.name.to_ascii_lowercase())
            .collect();
        let overridden = |field: &&TemplateField| !names.contains(&field.name.to_ascii_lowercase());
        defaults
            .headers
            .iter()
            .filter(overridden)
            .cloned()
            .chain(own.iter().cloned())
            .collect()
    }

    fn body(&mut self, map: &CheckedMap<'_>) -> RequestBody {
        let charset = body_charset(map, self.diagnostics);
        let found = map.present_entries(&BODY_KEYS);
        at_most_one(
            map,
            &BODY_KEYS,
            "a request can have only one body",
            self.diagnostics,
        );
        let Some(entry) = found.first() else {
            return RequestBody::None;
        };
        let node = &entry.value;
        match entry.key.as_str() {
            "json" => RequestBody::Json(self.value_decoder().tree(node)),
            "form" if charset.is_some() => self.encoded_form(node, charset),
            "form" => RequestBody::Form(self.form(node)),
            "multipart" => RequestBody::Multipart(self.multipart(node)),
            "text" if charset.is_some() => self.encoded_text(node, charset),
            "text" => RequestBody::Text(self.single_value(node, "`text`")),
            "xml" => self.xml(node, charset),
            _ => self
                .body_file(node)
                .map_or(RequestBody::None, RequestBody::File),
        }
    }

    fn encoded_form(&mut self, node: &YamlNode, charset: Option<Charset>) -> RequestBody {
        let charset = charset.unwrap_or(Charset::UTF_8);
        let fields = self.form(node);
        check_fields_encodable(&fields, charset, self.diagnostics);
        RequestBody::Encoded(EncodedBody {
            content: EncodedContent::Form(fields),
            charset,
            at: node.at,
        })
    }

    fn encoded_text(&mut self, node: &YamlNode, charset: Option<Charset>) -> RequestBody {
        let charset = charset.unwrap_or(Charset::UTF_8);
        let tree = self.single_value(node, "`text`");
        check_encodable(&tree, charset, self.diagnostics);
        RequestBody::Encoded(EncodedBody {
            content: EncodedContent::Text(tree),
            charset,
            at: node.at,
        })
    }

    fn xml(&mut self, node: &YamlNode, charset: Option<Charset>) -> RequestBody {
        let charset = charset.unwrap_or(Charset::UTF_8);
        let tree = self.single_value(node, "`xml`");
        check_encodable(&tree, charset, self.diagnostics);
        check_xml(&tree, charset, self.diagnostics);
        RequestBody::Encoded(EncodedBody {
            content: EncodedContent::Xml(tree),
            charset,
            at: node.at,
        })
    }

    /// A header that says something else of the body than what is sent.
    fn refuse_contradicting_headers(&mut self, headers: &[TemplateField], body: &RequestBody) {
        for field in headers {
            let is_type = field.name.eq_ignore_ascii_case("content-type");
            if is_type && matches!(body, RequestBody::Multipart(_)) {
                // Only ingam knows the boundary, and without it no server finds the parts.
                let diagnostic = Diagnostic::error("`multipart` sets its own content type").at(
                    field.name_at,
                    "this header lacks the boundary between the parts",
                );
                self.diagnostics.push(diagnostic.hint(Hint::remove(
                    "remove the header; set the media type of a part with `type`",
                )));
                continue;
            }
            let Some(written) = field.value.as_constant().and_then(Value::to_plain_text) else {
                continue;
            };
            if let ("content-type", RequestBody::Encoded(body)) =
                (field.name.to_ascii_lowercase().as_str(), body)
            {
                check_content_type(&written, field.value.at, body.charset, self.diagnostics);
            }
            let fault = match field.name.to_ascii_lowercase().as_str() {
                "content-type" => contradicting_media_type(&written, body),
                "content-encoding" => contradicting_encoding(&written, body),
                _ => None,
            };
            if let Some(reason) = fault {
                let diagnostic =
                    Diagnostic::error(format!("`{}` does not match the body", field.name))
                        .at(field.value.at, reason);
                self.diagnostics.push(diagnostic.hint(Hint::remove(
                    "remove the header: ingam adds the header that matches the body",
                )));
            }
        }
    }

    fn form(&mut self, node: &YamlNode) -> Vec<TemplateField> {
        let fields = self.value_decoder().fields(node, "`form`");
        for field in &fields {
            self.refuse_object(field, "a form field");
        }
        fields
    }

    /// Text, a number, true or false; it may be a template.
    fn single_value(&mut self, node: &YamlNode, what: &str) -> TemplateTree {
        if matches!(
            node.kind,
            NodeKind::List(_) | NodeKind::Map(_) | NodeKind::Null
        ) {
            self.diagnostics.push(
                wrong_kind(node, what, "a single value").hint("use `json` for a map or a list"),
            );
        }
        self.value_decoder().tree(node)
    }

    /// A file of the workspace; its path may be a template.
    fn body_file(&mut self, node: &YamlNode) -> Option<BodyFile> {
        if first_template(node).is_none() {
            let file = self.files.workspace_file(node, self.diagnostics)?;
            return Some(BodyFile::Fixed(file));
        }
        let path = self.value_decoder().template(node, "`file`")?;
        // Any letter will do for a value: what is written around it must be a path by itself.
        let sample: String = path
            .parts
            .iter()
            .map(|part| match part {
                TemplatePart::Literal(literal) => literal.as_str(),
                TemplatePart::Expression(_) => "x",
            })
            .collect();
        check_data_path(&sample, node.at, self.diagnostics).then_some(BodyFile::Named(path))
    }

    fn multipart(&mut self, node: &YamlNode) -> Vec<MultipartField> {
        let entries = crate::load::node_reader::map_entries(node, "`multipart`", self.diagnostics);
        for entry in entries {
            if entry.value.as_list().is_some_and(<[YamlNode]>::is_empty) {
                let diagnostic = Diagnostic::error(format!("`{}` has no part", entry.key))
                    .at(entry.value.at, "an empty list");
                self.diagnostics
                    .push(diagnostic.hint("add a part, or remove the name"));
            }
        }
        entries
            .iter()
            // A list repeats the name.
            .flat_map(|entry| {
                one_or_many(&entry.value)
                    .iter()
                    .map(move |part| (entry, part))
            })
            .filter_map(|(entry, part)| self.multipart_part(&entry.key, part))
            .collect()
    }

    /// A text, or a map with one of `text`, `json` and `file`, and with `filename` and `type`.
    fn multipart_part(&mut self, name: &str, node: &YamlNode) -> Option<MultipartField> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            return Some(MultipartField {
                name: name.to_owned(),
                content: MultipartContent::Text(self.single_value(node, "a part")),
                filename: None,
                media_type: None,
            });
        }
        let map = CheckedMap::open(node, "a part", &PART_KEYS, self.diagnostics)?;
        at_most_one(
            &map,
            &PART_CONTENT_KEYS,
            "a part can have only one content",
            self.diagnostics,
        );
        let Some(entry) = map.present_entries(&PART_CONTENT_KEYS).first().copied() else {
            if !map.has_unknown_key(&PART_KEYS) {
                let diagnostic = Diagnostic::error("the part has no content")
                    .at(node.at, "no `text`, `json` or `file`");
                self.diagnostics
                    .push(diagnostic.hint("write one of them, such as `{ file: images/a.png }`"));
            }
            return None;
        };
        let content = match entry.key.as_str() {
            "text" => MultipartContent::Text(self.single_value(&entry.value, "`text`")),
            "json" => MultipartContent::Json(self.value_decoder().tree(&entry.value)),
            _ => MultipartContent::File(self.body_file(&entry.value)?),
        };
        Some(MultipartField {
            name: name.to_owned(),
            content,
            filename: self.part_filename(&map),
            media_type: self.part_media_type(&map),
        })
    }

    /// The file name of a part, which may be a template.
    fn part_filename(&mut self, map: &CheckedMap<'_>) -> Option<Template> {
        let node = map.get("filename")?;
        let word = text(node, "`filename`", self.diagnostics)?;
        if word.is_empty() || word.contains(|letter: char| letter.is_control() || letter == '"') {
            let reason = format!("`{}` is not a filename of a part", word.escape_debug());
            self.diagnostics.push(
                Diagnostic::error(reason)
                    .at(node.at, "empty, or with a quote or a control character"),
            );
            return None;
        }
        self.value_decoder().template(node, "`filename`")
    }

    /// The media type of a part: never a template, and without a character that could end the
    /// header and begin another one.
    fn part_media_type(&mut self, map: &CheckedMap<'_>) -> Option<String> {
        let key = "type";
        let node = map.get(key)?;
        let word = text(node, &format!("`{key}`"), self.diagnostics)?;
        // Templates are not evaluated here, and a boundary or file name made of data could end the
        // header.
        if first_template(node).is_some() {
            self.diagnostics.push(
                Diagnostic::error(format!("`{key}` cannot contain a template"))
                    .at(node.at, "`{{` is not allowed here"),
            );
        }
        let media_type = word
            .split_once('/')
            .is_some_and(|(main, sub)| !main.is_empty() && !sub.is_empty());
        if word.chars().any(char::is_control) || !media_type {
            let wanted = "such as `image/png`";
            self.diagnostics.push(
                Diagnostic::error(format!(
                    "`{}` is not a {key} of a part",
                    word.escape_debug()
                ))
                .at(node.at, wanted),
            );
        }
        Some(word.to_owned())
    }

    fn expected(&mut self, map: &CheckedMap<'_>) -> ExpectedOutcome {
        let Some(node) = map.get("ok") else {
            return ExpectedOutcome::Success;
        };
        if let NodeKind::Map(_) = node.kind {
            let kinds =
                ErrorKind::ALL.map(|kind| (kind.name(), ExpectedOutcome::FailureKind(kind)));
            let words: Vec<_> = kinds
                .into_iter()
                .chain([("any", ExpectedOutcome::AnyFailure)])
                .collect();
            let kind = CheckedMap::open(node, "`ok`", &["kind"], self.diagnostics)
                .and_then(|map| map.required("kind", self.diagnostics))
                .and_then(|node| enum_value(node, "`kind`", &words, self.diagnostics));
            return kind.unwrap_or_default();
        }
        if let Some(word) = node.as_text()
            && (word == "any" || ErrorKind::parse(word).is_some())
        {
            let diagnostic = wrong_kind(node, "`ok`", "`true`, `false` or a map");
            self.diagnostics
                .push(diagnostic.hint(format!("write `ok: {{ kind: {word} }}`")));
            return ExpectedOutcome::AnyFailure;
        }
        match boolean(node, "`ok`", self.diagnostics) {
            // The values left are `true`, which is the default, and those that were reported.
            Some(false) => ExpectedOutcome::Failure,
            _ => ExpectedOutcome::Success,
        }
    }

    fn snapshot(&mut self, node: &YamlNode) -> Option<Snapshot> {
        super::snapshot::decode_snapshot(node, self.diagnostics)
    }

    fn timeout(&mut self, map: &CheckedMap<'_>, defaults: &StepDefaults) -> std::time::Duration {
        map.optional_duration("timeout", self.diagnostics)
            .unwrap_or(defaults.timeout)
    }

    fn assertions_and_captures(
        &mut self,
        map: &CheckedMap<'_>,
    ) -> (
        Vec<crate::model::assertion::Assertion>,
        Vec<crate::model::capture::Capture>,
    ) {
        let assertions = map.get("assert").map(|node| {
            AssertionDecoder {
                dialect: TemplateDialect::Request,
                files: self.files,
                diagnostics: self.diagnostics,
            }
            .decode(node)
        });
        let captures = map
            .get("capture")
            .map(|node| decode_captures(node, self.diagnostics));
        (assertions.unwrap_or_default(), captures.unwrap_or_default())
    }

    fn account(&mut self, map: &CheckedMap<'_>) -> Option<SpannedName> {
        self.named(map, "account")
    }

    /// As whom one step is sent.
    pub(super) fn step_account(&mut self, map: &CheckedMap<'_>) -> Option<SpannedName> {
        let account = self.named(map, "account")?;
        if account.name == ALL_ACCOUNTS {
            let diagnostic = Diagnostic::error("a step uses one account")
                .at(account.at, "this means all accounts");
            self.diagnostics.push(
                diagnostic.hint("write `account: all` at the top of the file: the file then runs once for each account"),
            );
            return None;
        }
        Some(account)
    }

    /// Whether ingam keeps the cookies. A written `cookie` header beside them would be a second one.
    fn keeps_cookies(&mut self, map: &CheckedMap<'_>, steps: &[Step]) -> bool {
        let words = [("keep", true)];
        let is_kept = map.optional_word(COOKIES_KEY, &words, self.diagnostics);
        let Some(entry) = map.entry(COOKIES_KEY).filter(|_| is_kept == Some(true)) else {
            return false;
        };
        if let Some(header) = steps.iter().find_map(cookie_header) {
            let diagnostic =
                Diagnostic::error("a file with `cookies: keep` cannot set a `cookie` header")
                    .at(header.name_at, "this header")
                    .at(entry.key_at, "ingam keeps the cookies");
            self.diagnostics.push(diagnostic.hint(
                Hint::remove_or("remove the header, because ingam sends the cookies of responses itself; or remove `cookies: keep`"),
            ));
        }
        true
    }

    /// A reason is required. A skipped test without one stays green, and later no reader can tell
    /// whether it may run again.
    fn skip(&mut self, map: &CheckedMap<'_>) -> Option<String> {
        let node = map.get("skip")?;
        match node.as_text() {
            Some(reason) if !reason.trim().is_empty() => Some(reason.to_owned()),
            _ => {
                self.diagnostics.push(
                    wrong_kind(node, "`skip`", "the reason, as text")
                        .hint("write `skip: waiting for the permission`"),
                );
                None
            }
        }
    }

    pub(super) fn vars(&mut self, node: &YamlNode) -> Vec<TemplateField> {
        self.value_decoder().variables(node)
    }

    pub(super) fn named(&mut self, map: &CheckedMap<'_>, key: &str) -> Option<SpannedName> {
        map.optional_name(key, self.diagnostics)
    }

    pub(super) fn value_decoder(&mut self) -> ValueDecoder<'_> {
        ValueDecoder {
            dialect: TemplateDialect::Request,
            diagnostics: self.diagnostics,
        }
    }
}

/// The `cookie` header that a step writes.
pub(super) fn cookie_header(step: &Step) -> Option<&TemplateField> {
    let mut headers = step.headers.iter();
    headers.find(|field| field.name.eq_ignore_ascii_case("cookie"))
}

/// Where a step sets more than one attempt.
fn retry_at(map: &CheckedMap<'_>, retry: Option<u32>) -> Option<Span> {
    let entry = map.entry("retry")?;
    retry
        .is_some_and(|attempts| attempts > 1)
        .then_some(entry.key_at)
}

/// Whether an item of `steps` stands for the steps of another file.
fn is_use(node: &YamlNode) -> bool {
    let is_key = |entry: &MapEntry| entry.key == "use";
    node.as_map()
        .is_some_and(|entries| entries.iter().any(is_key))
}

/// The value of `steps`, which a flow has; the key stays.
fn take_steps(node: &mut YamlNode) -> Option<YamlNode> {
    let NodeKind::Map(entries) = &mut node.kind else {
        return None;
    };
    let entry = entries.iter_mut().find(|entry| entry.key == "steps")?;
    let nothing = YamlNode {
        at: entry.value.at,
        kind: NodeKind::Null,
    };
    Some(std::mem::replace(&mut entry.value, nothing))
}

/// A flow has the keys of a file. A single request has those of its only step besides.
fn request_file_keys(flow: bool) -> Vec<&'static str> {
    let mut keys = REQUEST_FILE_KEYS.to_vec();
    if !flow {
        keys.extend(STEP_KEYS.iter().filter(|key| **key != "name"));
        keys.retain(|key| *key != "steps");
        keys.extend([SNAPSHOT_KEY, OUTPUT_KEY]);
    }
    keys
}

/// Why a `content-type` does not describe a body.
fn contradicting_media_type(written: &str, body: &RequestBody) -> Option<String> {
    let media_type = written
        .split(';')
        .next()
        .unwrap_or(written)
        .trim()
        .to_ascii_lowercase();
    let (fits, sent) = match body {
        RequestBody::Json(_) => (
            media_type == "text/plain"
                || media_type.ends_with("/json")
                || media_type.ends_with("+json"),
            "`json`",
        ),
        RequestBody::Form(_)
        | RequestBody::Encoded(EncodedBody {
            content: EncodedContent::Form(_),
            ..
        }) => (media_type == "application/x-www-form-urlencoded", "`form`"),
        RequestBody::Encoded(EncodedBody {
            content: EncodedContent::Xml(_),
            ..
        }) => (
            media_type == "text/plain"
                || media_type.ends_with("/xml")
                || media_type.ends_with("+xml"),
            "`xml`",
        ),
        RequestBody::Text(_) | RequestBody::Encoded(_) | RequestBody::File(_) => (
            !media_type.starts_with("multipart/"),
            "one that has no parts",
        ),
        RequestBody::Multipart(_) | RequestBody::None => return None,
    };
    (!fits).then(|| format!("the body is {sent}"))
}

/// Why a `content-encoding` does not describe a body: ingam packs none.
fn contradicting_encoding(written: &str, body: &RequestBody) -> Option<String> {
    let is_plain = written.trim().eq_ignore_ascii_case("identity");
    let may_be_packed = matches!(body, RequestBody::File(_) | RequestBody::None);
    (!is_plain && !may_be_packed).then(|| "ingam sends the body uncompressed".to_owned())
}

fn is_object(tree: &TemplateTree) -> bool {
    matches!(
        &tree.kind,
        TemplateTreeKind::Object(_) | TemplateTreeKind::Constant(Value::Object(_))
    )
}

/// Whether a header has a value that cannot be sent, as far as it is known before its templates are
/// filled in: the value itself, or an item of a list.
fn has_refused_header_value(value: &TemplateTree) -> bool {
    let is_refused = |value: &Value| {
        value
            .to_plain_text()
            .is_some_and(|text| !crate::wire::is_header_value(&text))
    };
    match &value.kind {
        TemplateTreeKind::Constant(Value::List(items)) => items.iter().any(is_refused),
        TemplateTreeKind::Constant(single) => is_refused(single),
        TemplateTreeKind::List(items) => items.iter().any(has_refused_header_value),
        TemplateTreeKind::Template(_) | TemplateTreeKind::Object(_) => false,
    }
}
