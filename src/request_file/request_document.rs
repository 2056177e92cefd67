//! What a request file says, and its text: keys in the order of the documentation, an empty line
//! where a person would leave one, remarks as comments.

use crate::method::Method;
use crate::value::{ObjectMember, Value};
use crate::yaml;

/// What a request file says. Its texts are templates as they stand in a file.
#[derive(Clone, Debug)]
pub(crate) struct RequestDocument {
    /// Comments above everything else.
    pub(crate) remarks: Vec<String>,
    pub(crate) scheme: String,
    pub(crate) level: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) vars: Vec<DocumentEntry>,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<DocumentEntry>,
    pub(crate) headers: Vec<DocumentEntry>,
    pub(crate) body: DocumentBody,
    /// How many redirects are followed.
    pub(crate) redirects: Option<u32>,
    /// Keys that have no field here, such as `ok` or `timeout`.
    pub(crate) settings: Vec<DocumentEntry>,
    pub(crate) captures: Vec<DocumentEntry>,
    pub(crate) assertions: Vec<DocumentEntry>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentEntry {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) remark: DocumentRemark,
}

/// What a comment says of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentRemark {
    None,
    /// The entry with a comment beside it.
    Beside(String),
    /// The entry is a comment itself, and so left out.
    LeftOut(String),
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DocumentBody {
    None,
    Json(Value),
    Form(Vec<DocumentEntry>),
    Multipart(Vec<DocumentEntry>),
    Text(String),
    Xml(String),
    /// A path from the root of the workspace.
    File(String),
}

impl DocumentEntry {
    #[must_use]
    pub(crate) fn new(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            remark: DocumentRemark::None,
        }
    }
}

impl RequestDocument {
    #[must_use]
    pub(crate) fn new(scheme: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self {
            remarks: Vec::new(),
            scheme: scheme.into(),
            level: None,
            account: None,
            tags: Vec::new(),
            vars: Vec::new(),
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: DocumentBody::None,
            redirects: None,
            settings: Vec::new(),
            captures: Vec::new(),
            assertions: Vec::new(),
        }
    }

    /// The text of the file.
    #[must_use]
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = DocumentText::default();
        for remark in &self.remarks {
            out.comment(remark, 0);
        }
        self.push_head(&mut out);
        out.member(self.method.key(), &Value::from(self.path.as_str()));
        out.entries("query", &self.query);
        out.entries("headers", &self.headers);
        self.push_body(&mut out);
        if let Some(redirects) = self.redirects {
            out.member("redirects", &Value::from(i64::from(redirects)));
        }
        for setting in &self.settings {
            out.member(&setting.name, &setting.value);
        }
        if !self.captures.is_empty() || !self.assertions.is_empty() {
            out.empty_line();
        }
        out.entries("capture", &self.captures);
        out.entries("assert", &self.assertions);
        out.text
    }

    fn push_head(&self, out: &mut DocumentText) {
        out.member("scheme", &Value::from(self.scheme.as_str()));
        let names = [("level", &self.level), ("account", &self.account)];
        for (key, name) in names {
            if let Some(name) = name {
                out.member(key, &Value::from(name.as_str()));
            }
        }
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|tag| Value::from(tag.as_str()));
            out.member("tags", &Value::List(tags.collect()));
        }
        out.entries("vars", &self.vars);
        if !self.vars.is_empty() {
            out.empty_line();
        }
    }

    fn push_body(&self, out: &mut DocumentText) {
        match &self.body {
            DocumentBody::None => {}
            DocumentBody::Json(value) => out.member("json", value),
            DocumentBody::Form(fields) => out.entries("form", fields),
            DocumentBody::Multipart(parts) => out.entries("multipart", parts),
            DocumentBody::Text(text) => out.member("text", &Value::from(text.as_str())),
            DocumentBody::Xml(text) => out.member("xml", &Value::from(text.as_str())),
            DocumentBody::File(path) => out.member("file", &Value::from(path.as_str())),
        }
    }
}

#[derive(Default)]
struct DocumentText {
    text: String,
}

impl DocumentText {
    fn empty_line(&mut self) {
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str, depth: usize) {
        for line in text.lines() {
            let line = printable(line);
            let line = format!("{}# {line}", "  ".repeat(depth));
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn member(&mut self, key: &str, value: &Value) {
        self.text.push_str(&member_text(key, value));
    }

    /// A map, unless it is empty. A name that comes several times has a list.
    fn entries(&mut self, key: &str, entries: &[DocumentEntry]) {
        if entries.is_empty() {
            return;
        }
        let is_left_out =
            |entry: &&DocumentEntry| matches!(entry.remark, DocumentRemark::LeftOut(_));
        if entries.iter().all(|entry| is_left_out(&entry)) {
            self.comment(&format!("{key}:"), 0);
        } else {
            self.text.push_str(key);
            self.text.push_str(":\n");
        }
        for (index, entry) in entries.iter().enumerate() {
            if let DocumentRemark::LeftOut(reason) = &entry.remark {
                self.left_out(entry, reason);
                continue;
            }
            let namesakes = |others: &[DocumentEntry]| -> Vec<Value> {
                let others = others.iter().filter(|other| !is_left_out(other));
                let others = others.filter(|other| other.name == entry.name);
                others.map(|other| other.value.clone()).collect()
            };
            if !namesakes(&entries[..index]).is_empty() {
                continue;
            }
            let values = namesakes(&entries[index..]);
            if values.len() == 1 {
                self.entry(entry, &entry.value);
            } else {
                self.entry(entry, &Value::List(values));
            }
        }
    }

    fn entry(&mut self, entry: &DocumentEntry, value: &Value) {
        let text = member_text(&entry.name, value);
        let DocumentRemark::Beside(remark) = &entry.remark else {
            self.indented(&text, "  ");
            return;
        };
        let is_one_line = text.lines().count() == 1 && remark.lines().count() == 1;
        if is_one_line && text.len() + remark.len() < 100 {
            self.indented(
                &format!("{} # {}\n", text.trim_end(), printable(remark)),
                "  ",
            );
        } else {
            self.comment(remark, 1);
            self.indented(&text, "  ");
        }
    }

    fn left_out(&mut self, entry: &DocumentEntry, reason: &str) {
        let mut text = member_text(&entry.name, &entry.value);
        if text.lines().count() == 1 && !reason.is_empty() {
            text = format!("{} # {}\n", text.trim_end(), printable(reason));
        }
        self.indented(&text, "  # ");
    }

    fn indented(&mut self, text: &str, indent: &str) {
        for line in text.lines() {
            // A block of text has empty lines of its own.
            if !line.is_empty() {
                self.text.push_str(indent);
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }
}

/// `key: value`, over several lines if it has to be.
fn member_text(key: &str, value: &Value) -> String {
    let member: ObjectMember = (key.into(), value.clone());
    let text = yaml::write(&Value::Object(vec![member]));
    // A path is plainer without its quotes.
    let quoted = yaml::quoted(key);
    match text.strip_prefix(&quoted) {
        Some(rest) if is_plain_path(key) => format!("{key}{rest}"),
        _ => text,
    }
}

fn is_plain_path(key: &str) -> bool {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "$._[]*".contains(letter);
    key.starts_with('$') && key.chars().all(is_fine)
}

/// A comment ends where a line ends, and some characters end lines or hide what follows.
fn printable(text: &str) -> String {
    let is_odd = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_odd, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;
    use crate::value::parse;
    use proptest::prelude::*;

    fn read(text: &str) -> Value {
        crate::yaml::parse(FileId(0), text).unwrap().to_value()
    }

    fn json(text: &str) -> Value {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_file_looks_as_a_person_would_write_it() {
        let mut document = RequestDocument::new("shopee", Method::Post, "/api/v2/items/{{ id }}");
        document.remarks = vec!["Update an item\nfrom a.json".to_owned()];
        document.tags = vec!["write".to_owned()];
        document.vars = vec![DocumentEntry {
            remark: DocumentRemark::Beside("no value in the file".to_owned()),
            ..DocumentEntry::new("id", "")
        }];
        document.query = vec![
            DocumentEntry::new("tag", "a"),
            DocumentEntry::new("tag", "b"),
            DocumentEntry {
                remark: DocumentRemark::LeftOut("disabled".to_owned()),
                ..DocumentEntry::new("page", "1")
            },
        ];
        document.body = DocumentBody::Json(json(r#"{"id":"{{ id }}","n":123456789012345678901}"#));
        document.captures = vec![DocumentEntry::new("next", "$.data.next")];
        document.assertions = vec![
            DocumentEntry::new("status", Value::from(200)),
            DocumentEntry::new("$.items[0].name", "yes"),
        ];
        let text = document.to_yaml();
        insta::assert_snapshot!(text, @r#"
        # Update an item
        # from a.json
        scheme: shopee
        tags:
          - write
        vars:
          id: "" # no value in the file

        post: "/api/v2/items/{{ id }}"
        query:
          tag:
            - a
            - b
          # page: "1" # disabled
        json:
          id: "{{ id }}"
          n: 123456789012345678901

        capture:
          next: "$.data.next"
        assert:
          status: 200
          $.items[0].name: yes
        "#);
        let back = read(&text);
        assert_eq!(
            back.get("json").unwrap().to_json(),
            r#"{"id":"{{ id }}","n":123456789012345678901}"#
        );
        assert_eq!(back.get("query").unwrap().to_json(), r#"{"tag":["a","b"]}"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_again(
            names in prop::collection::hash_set("[a-zA-Z$.\\[\\]#: {}\"'-]{1,8}", 0..4),
            values in prop::collection::vec(any::<String>(), 4),
            remark in any::<String>(),
            left_out in any::<bool>(),
        ) {
            let names: Vec<String> = names.into_iter().filter(|name| name != "<<").collect();
            let mut document = RequestDocument::new("none", Method::Get, "/");
            document.remarks = vec![remark.clone()];
            document.body = DocumentBody::Text(values[0].clone());
            document.query = names.iter().zip(&values).map(|(name, value)| DocumentEntry {
                remark: if left_out { DocumentRemark::LeftOut(remark.clone()) } else { DocumentRemark::Beside(remark.clone()) },
                ..DocumentEntry::new(name.clone(), value.as_str())
            }).collect();
            let back = read(&document.to_yaml());
            prop_assert_eq!(back.get("text").unwrap().as_str(), Some(values[0].as_str()));
            for (name, value) in names.iter().zip(&values) {
                let found = back.get("query").and_then(|query| query.get(name));
                if left_out {
                    prop_assert!(found.is_none());
                } else {
                    prop_assert_eq!(found.and_then(Value::as_str), Some(value.as_str()));
                }
            }
        }
    }
}
