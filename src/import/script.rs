//! Scripts of Postman, Bruno and `.http` files, by their lines: what says a simple condition of the
//! response becomes an assertion, what keeps a value of it a capture. Nothing is run. A line that is
//! neither is a loss, and a script with conditions or loops is one as a whole.

use super::collection::CollectionRequest;
use crate::jsonpath::JsonPath;
use crate::value::{self, Value};
use regex::Regex;
use std::sync::LazyLock;

/// When a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptStage {
    BeforeRequest,
    AfterResponse,
}

impl ScriptStage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BeforeRequest => "pre-request",
            Self::AfterResponse => "test",
        }
    }
}

/// A pattern that is known to be one; `None` never matches.
struct LinePattern(LazyLock<Option<Regex>>);

impl LinePattern {
    fn captures<'l>(&self, line: &'l str) -> Option<regex::Captures<'l>> {
        self.0.as_ref()?.captures(line)
    }

    fn is_match(&self, line: &str) -> bool {
        self.captures(line).is_some()
    }
}

macro_rules! line_pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LinePattern = LinePattern(LazyLock::new(|| Regex::new($pattern).ok()));
    };
}

line_pattern!(
    CONTROL,
    r"^\s*(\}\s*)?(if|for|while|switch|else|try|catch|do|return|throw)\b|=>\s*\{?\s*if\b|\.forEach\(|\.map\(|\beval\(|setNextRequest|sendRequest|\.execution\b|\brequire\("
);
line_pattern!(
    WRAPPER,
    r#"^\s*((pm\.)?test\(\s*("[^"]*"|'[^']*'|`[^`]*`)\s*,\s*(async\s+)?(function\s*\w*\s*\(\s*\w*\s*\)|\(\s*\w*\s*\)\s*=>)\s*\{?|client\.test\(.*\{|\}\s*\)?\s*;?|\{|"use strict";?)\s*$"#
);
line_pattern!(
    ONE_LINE_TEST,
    r#"^\s*(?:pm\.)?test\(\s*(?:"[^"]*"|'[^']*'|`[^`]*`)\s*,\s*(?:function\s*\w*\s*\(\s*\)|\(\s*\)\s*=>)\s*\{?\s*(.+?)\s*\}?\s*\)\s*;?\s*$"#
);
line_pattern!(
    LOG,
    r"^\s*(console|client)\.(log|info|warn|error)\(.*\)\s*;?\s*$"
);
line_pattern!(
    BODY_VARIABLE,
    r"^\s*(?:var|let|const)?\s*(\w+)\s*=\s*(?:JSON\.parse\(\s*(?:responseBody|pm\.response\.text\(\)|body)\s*\)|pm\.response\.json\(\)|res\.getBody\(\)|res\.body|response\.body)\s*;?\s*$"
);
line_pattern!(
    STATUS,
    r"^\s*(?:pm\.response\.to\.have\.status\(\s*(\d{3})\s*\)|pm\.expect\(\s*(?:pm\.response\.code|pm\.response\.status|responseCode\.code)\s*\)\.to\.(?:be\.)?(?:equal|eql|eq)s?\(\s*(\d{3})\s*\)|(?:pm\.)?expect\(\s*(?:res\.status|res\.getStatus\(\))\s*\)\.to\.(?:be\.)?(?:equal|eql|eq)s?\(\s*(\d{3})\s*\)|client\.assert\(\s*response\.status\s*={2,3}\s*(\d{3})\s*(?:,.*)?\))\s*;?\s*$"
);
line_pattern!(
    STATUS_ANY,
    r"^\s*pm\.expect\(\s*pm\.response\.code\s*\)\.to\.be\.oneOf\(\s*\[([\d,\s]+)\]\s*\)\s*;?\s*$"
);
line_pattern!(
    LEGACY,
    r#"^\s*tests\[\s*(?:"[^"]*"|'[^']*'|`[^`]*`)\s*\]\s*=\s*(.+?)\s*;?\s*$"#
);
line_pattern!(
    LEGACY_STATUS,
    r"^\(?\s*(?:pm\.response\.code|responseCode\.code)\s*={2,3}\s*(\d{3})\s*\)?$"
);
line_pattern!(
    EQUAL,
    r"^\(?\s*([\w.$\[\]'\x22]+)\s*={2,3}\s*([^=&|]+?)\s*\)?$"
);
line_pattern!(
    EXPECT,
    r"^\s*(?:pm\.)?expect\(\s*([^()]+(?:\(\))?[^()]*)\s*\)\.to\.(?:be\.|deep\.)?(?:equal|eql|eq)s?\((.+)\)\s*;?\s*$"
);
line_pattern!(
    PROPERTY,
    r#"^\s*(?:pm\.)?expect\(\s*([\w.$\[\]'"]+)\s*\)\.to\.have\.property\(\s*(?:"(\w+)"|'(\w+)')\s*\)\s*;?\s*$"#
);
line_pattern!(
    EXISTS,
    r#"^\s*(?:pm\.)?expect\(\s*([\w.$\[\]'"]+)\s*\)\.to\.(?:exist|not\.be\.undefined|not\.be\.null|be\.ok)\s*;?\s*$"#
);
line_pattern!(
    HEADER,
    r#"^\s*pm\.response\.to\.have\.header\(\s*["']([\w-]+)["']\s*\)\s*;?\s*$"#
);
line_pattern!(
    LATENCY,
    r"^\s*(?:pm\.)?expect\(\s*(?:pm\.response\.responseTime|res\.responseTime)\s*\)\.to\.be\.(?:below|lessThan|lt)\(\s*(\d{1,9})\s*\)\s*;?\s*$"
);
line_pattern!(OK, r"^\s*pm\.response\.to\.be\.(?:ok|success)\s*;?\s*$");
line_pattern!(
    SET,
    r#"^\s*(?:pm\.(?:environment|collectionVariables|globals|variables)\.set|postman\.set(?:Environment|Global)Variable|bru\.set(?:Env|Global|Collection)?Var|client\.global\.set)\(\s*["'`]([^"'`]+)["'`]\s*,\s*(.+?)\s*\)\s*;?\s*$"#
);

/// Reads one script.
pub(super) struct ScriptReader {
    stage: ScriptStage,
    /// Names that hold the parsed body.
    bodies: Vec<String>,
}

impl ScriptReader {
    pub(super) fn new(stage: ScriptStage) -> Self {
        let known = [
            "pm.response.json()",
            "res.body",
            "res.getBody()",
            "response.body",
            "JSON.parse(responseBody)",
        ];
        Self {
            stage,
            bodies: known.map(str::to_owned).to_vec(),
        }
    }

    pub(super) fn read(mut self, lines: &[String], request: &mut CollectionRequest) {
        let lines = without_comments(lines);
        let code: Vec<(usize, &str)> = lines
            .iter()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty())
            .collect();
        if code.is_empty() {
            return;
        }
        let stage = self.stage.name();
        let lose = |request: &mut CollectionRequest, what: String| request.lose(what);
        if self.stage == ScriptStage::BeforeRequest {
            let is_silent = code.iter().all(|(_, line)| LOG.is_match(line));
            if !is_silent {
                lose(
                    request,
                    format!("the {stage} script ({})", count(code.len())),
                );
            }
            return;
        }
        if let Some((number, _)) = code.iter().find(|(_, line)| CONTROL.is_match(line)) {
            let what = format!(
                "the {stage} script ({}): line {number} has a condition, a loop or a call",
                count(code.len())
            );
            lose(request, what);
            return;
        }
        let mut lost: Vec<String> = Vec::new();
        for (number, line) in code {
            if !self.read_line(line, request) {
                lost.push(number.to_string());
            }
        }
        if !lost.is_empty() {
            let lines = if lost.len() == 1 { "line" } else { "lines" };
            lose(
                request,
                format!("{lines} {} of the {stage} script", lost.join(", ")),
            );
        }
    }

    /// Whether the line is understood.
    fn read_line(&mut self, line: &str, request: &mut CollectionRequest) -> bool {
        if WRAPPER.is_match(line) || LOG.is_match(line) {
            return true;
        }
        if let Some(found) = ONE_LINE_TEST.captures(line) {
            let inner = found.get(1).map_or("", |inner| inner.as_str());
            let parts: Vec<&str> = inner
                .split(';')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            return !parts.is_empty()
                && parts.iter().all(|part| self.read_statement(part, request));
        }
        self.read_statement(line, request)
    }

    fn read_statement(&mut self, line: &str, request: &mut CollectionRequest) -> bool {
        if let Some(found) = BODY_VARIABLE.captures(line) {
            self.bodies.push(found[1].to_owned());
            return true;
        }
        if let Some((subject, expected)) = self.assertion(line) {
            request.assertions.push((subject, expected));
            return true;
        }
        if OK.is_match(line) {
            // That a response is a success is what every request asks for.
            return true;
        }
        let Some(found) = SET.captures(line) else {
            return false;
        };
        let (name, source) = (found[1].to_owned(), &found[2]);
        let Some(path) = self.path(source) else {
            return false;
        };
        request.captures.push((name, path));
        true
    }

    fn assertion(&self, line: &str) -> Option<(String, Value)> {
        if let Some(found) = STATUS.captures(line) {
            let code = found.iter().skip(1).flatten().next()?.as_str();
            return status(code);
        }
        if let Some(found) = STATUS_ANY.captures(line) {
            let codes = found[1]
                .split(',')
                .filter_map(|code| code.trim().parse::<i64>().ok());
            let codes: Vec<Value> = codes.map(Value::from).collect();
            let any = Value::Object(vec![("one_of".into(), Value::List(codes))]);
            return Some(("status".to_owned(), any));
        }
        if let Some(found) = LEGACY.captures(line) {
            let condition = found[1].to_owned();
            if let Some(found) = LEGACY_STATUS.captures(&condition) {
                return status(&found[1]);
            }
            let found = EQUAL.captures(&condition)?;
            return self.equality(&found[1], &found[2]);
        }
        if let Some(found) = LATENCY.captures(line) {
            let limit = Value::Object(vec![(
                "below".into(),
                Value::from(format!("{}ms", &found[1])),
            )]);
            return Some(("latency".to_owned(), limit));
        }
        if let Some(found) = HEADER.captures(line) {
            return Some((
                format!("header.{}", found[1].to_ascii_lowercase()),
                exists(),
            ));
        }
        if let Some(found) = PROPERTY.captures(line) {
            let name = found.get(2).or_else(|| found.get(3))?.as_str();
            let path = self.path(&format!("{}.{name}", &found[1]))?;
            return Some((path, exists()));
        }
        if let Some(found) = EXISTS.captures(line) {
            return Some((self.path(&found[1])?, exists()));
        }
        let found = EXPECT.captures(line)?;
        self.equality(&found[1], &found[2])
    }

    fn equality(&self, subject: &str, literal: &str) -> Option<(String, Value)> {
        let path = self.path(subject)?;
        Some((path, literal_value(literal.trim())?))
    }

    /// `json.a.b[0]` as a `JSONPath`.
    fn path(&self, source: &str) -> Option<String> {
        let source = source.trim().replace("?.", ".");
        let mut bodies: Vec<&String> = self.bodies.iter().collect();
        bodies.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let rest = bodies.into_iter().find_map(|name| {
            let rest = source.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
        })?;
        let path = format!("${rest}");
        let is_simple = !rest.is_empty()
            && rest
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_.[]'\"-".contains(letter))
            && !rest.contains(".length")
            && !rest.ends_with('.');
        (is_simple && JsonPath::parse(&path).is_ok()).then_some(path)
    }
}

fn count(lines: usize) -> String {
    if lines == 1 {
        "1 line".to_owned()
    } else {
        format!("{lines} lines")
    }
}

fn status(code: &str) -> Option<(String, Value)> {
    let code: i64 = code.parse().ok()?;
    (200..600)
        .contains(&code)
        .then(|| ("status".to_owned(), Value::from(code)))
}

fn exists() -> Value {
    Value::Object(vec![("exists".into(), Value::from(true))])
}

/// A literal of JavaScript that is one of JSON too.
fn literal_value(text: &str) -> Option<Value> {
    let quoted = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''));
    if let Some(inner) = quoted.filter(|inner| !inner.contains(['\'', '\\', '"'])) {
        return Some(template_free(inner));
    }
    match value::parse(text.as_bytes()).ok()? {
        Value::String(text) => Some(template_free(&text)),
        value @ (Value::Number(_) | Value::Bool(_) | Value::Null) => Some(value),
        _ => None,
    }
}

fn template_free(text: &str) -> Value {
    let source = crate::request_file::TemplateSource::literal(text).to_source();
    Value::from(source)
}

/// The lines with an empty text in the place of comments.
fn without_comments(lines: &[String]) -> Vec<String> {
    let mut is_inside = false;
    let mut out = Vec::new();
    for line in lines {
        let trimmed = line.trim();
        let mut kept = String::new();
        if is_inside || trimmed.starts_with("/*") {
            is_inside = !trimmed.contains("*/");
        } else if !trimmed.starts_with("//") {
            kept = match trimmed.find("; //") {
                Some(at) => trimmed[..=at].to_owned(),
                None => trimmed.to_owned(),
            };
        }
        out.push(kept);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::ForeignText;
    use crate::method::Method;

    fn read(script: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let mut request = CollectionRequest::new("item[0]", Method::Get, ForeignText::literal("/"));
        let lines: Vec<String> = script.lines().map(str::to_owned).collect();
        ScriptReader::new(ScriptStage::AfterResponse).read(&lines, &mut request);
        let assertions = request
            .assertions
            .iter()
            .map(|(subject, value)| format!("{subject}: {}", value.to_json()));
        let captures = request
            .captures
            .iter()
            .map(|(name, path)| format!("{name}: {path}"));
        let losses = request.losses.iter().map(|loss| loss.what.clone());
        (assertions.collect(), captures.collect(), losses.collect())
    }

    #[test]
    fn simple_conditions_become_assertions() {
        let (assertions, captures, losses) = read(
            r#"
// a comment
pm.test("Status", function () {
    pm.response.to.have.status(201);
});
pm.test("one line", () => pm.expect(pm.response.code).to.equal(200));
tests["old"] = responseCode.code === 204;
var json = JSON.parse(responseBody);
tests["eq"] = json.data.state === "paid";
pm.test("b", () => {
  pm.expect(json.items[0].price).to.eql(12.90);
  pm.expect(json).to.have.property('total');
  pm.expect(pm.response.responseTime).to.be.below(500);
  pm.response.to.have.header("X-Request-Id");
});
pm.environment.set("token", json.access.token);
postman.setEnvironmentVariable('next', json["page-next"]);
console.log(json);
"#,
        );
        assert_eq!(
            assertions,
            [
                "status: 201",
                "status: 200",
                "status: 204",
                "$.data.state: \"paid\"",
                "$.items[0].price: 12.90",
                "$.total: {\"exists\":true}",
                "latency: {\"below\":\"500ms\"}",
                "header.x-request-id: {\"exists\":true}",
            ]
        );
        assert_eq!(
            captures,
            ["token: $.access.token", "next: $[\"page-next\"]"]
        );
        assert_eq!(losses, Vec::<String>::new());
    }

    #[test]
    fn what_is_not_simple_is_a_loss_with_its_line() {
        let (assertions, _, losses) =
            read("if (pm.response.code === 200) {\n  pm.response.to.have.status(200);\n}");
        assert!(assertions.is_empty());
        assert_eq!(
            losses,
            ["the test script (3 lines): line 1 has a condition, a loop or a call"]
        );
        let (assertions, _, losses) = read("pm.response.to.have.status(200);\nvar x = compute(1);");
        assert_eq!(assertions, ["status: 200"]);
        assert_eq!(losses, ["line 2 of the test script"]);
        let (_, _, losses) = read("pm.expect(json.a).to.eql(json.b);");
        assert_eq!(losses, ["line 1 of the test script"]);
    }
}
