//! Scenarios of `tests/lsp`: files, a buffer with a cursor, and what the editor gets there.

use super::client::Editor;
use crate::program::{Folder, root};
use serde_json::{Value, json};

/// Where the cursor is.
const CURSOR: char = '‸';

pub(super) struct Scenario {
    pub(super) title: String,
    files: Vec<(String, String)>,
    /// The file with the cursor.
    pub(super) buffer: (String, String),
    /// What is asked, and what is expected.
    questions: Vec<(String, Vec<String>)>,
}

/// `== title`, `-- file`, `++ file with the cursor`, `?? question`; each with the lines below it.
pub(super) fn read_scenarios(text: &str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for part in split_parts(text) {
        let (head, body) = part;
        let (mark, rest) = head.split_at(2);
        let name = rest.trim().to_owned();
        let text = body.iter().map(|line| format!("{line}\n")).collect();
        if mark == "==" {
            scenarios.push(Scenario {
                title: name,
                files: Vec::new(),
                buffer: Default::default(),
                questions: Vec::new(),
            });
            continue;
        }
        let scenario = scenarios.last_mut().unwrap();
        match mark {
            "--" => scenario.files.push((name, text)),
            "++" => scenario.buffer = (name, text),
            _ => {
                let lines = body.into_iter().map(str::to_owned).collect();
                scenario.questions.push((name, lines));
            }
        }
    }
    scenarios
}

fn split_parts(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let is_head = ["== ", "-- ", "++ ", "?? "]
            .iter()
            .any(|mark| line.starts_with(mark));
        if is_head {
            parts.push((line, Vec::new()));
        } else if let Some((_, body)) = parts.last_mut() {
            body.push(line);
        }
    }
    for (head, body) in &mut parts {
        // A blank line before the next scenario belongs to none.
        if !head.starts_with("++") && body.last() == Some(&"") {
            body.pop();
        }
    }
    parts
}

/// Line and column in UTF-16 of a byte.
fn position(text: &str, at: usize) -> Value {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before[start..].encode_utf16().count();
    json!({ "line": line, "character": column })
}

fn byte(text: &str, position: &Value) -> usize {
    let line = position["line"].as_u64().unwrap() as usize;
    let mut left = position["character"].as_u64().unwrap() as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut at = start;
    for letter in text[start..].chars() {
        if left == 0 {
            break;
        }
        left -= letter.len_utf16();
        at += letter.len_utf8();
    }
    at
}

pub(super) fn apply(text: &str, edits: &Value) -> String {
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let new = edit["newText"].as_str().unwrap();
            (byte(text, &range["start"]), byte(text, &range["end"]), new)
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

/// What the editor gets, as text for the message of a failure, and whether it is right.
struct Asked<'s> {
    editor: &'s mut Editor,
    path: &'s str,
    text: &'s str,
    at: usize,
}

impl Asked<'_> {
    fn params(&self) -> Value {
        json!({
            "textDocument": { "uri": self.editor.uri(self.path) },
            "position": position(self.text, self.at),
        })
    }

    fn ask(&mut self, question: &str, expected: &[String]) -> Result<(), String> {
        let (verb, rest) = question.split_once(' ').unwrap_or((question, ""));
        match verb {
            "fix" => self.fix(rest, expected),
            "nofix" => self.no_fix(),
            "complete" => self.complete(expected),
            "insert" => self.insert(rest, expected),
            "hover" => self.hover(expected),
            _ => {
                let found = self.lines(verb, rest);
                if found == expected {
                    Ok(())
                } else {
                    Err(format!("gives\n{}", found.join("\n")))
                }
            }
        }
    }

    fn items(&mut self) -> Vec<Value> {
        let params = self.params();
        let found = self.editor.request("textDocument/completion", params);
        found["items"].as_array().cloned().unwrap_or_default()
    }

    /// `label`, `label | part of the detail`, or `!label` for one that must not be there.
    fn complete(&mut self, expected: &[String]) -> Result<(), String> {
        let items = self.items();
        let shown: Vec<String> = items
            .iter()
            .map(|item| format!("{} | {}", item["label"].as_str().unwrap(), item["detail"]))
            .collect();
        for line in expected {
            let (label, detail) = line.split_once(" | ").unwrap_or((line, ""));
            let (label, wanted) = match label.strip_prefix('!') {
                Some(label) => (label, false),
                None => (label, true),
            };
            let is_there = items.iter().any(|item| {
                item["label"] == label
                    && item["detail"].as_str().unwrap_or_default().contains(detail)
            });
            if is_there != wanted {
                return Err(format!("`{line}` among\n{}", shown.join("\n")));
            }
        }
        Ok(())
    }

    /// The text after a completion was taken.
    fn insert(&mut self, label: &str, expected: &[String]) -> Result<(), String> {
        let items = self.items();
        let found = items.iter().find(|item| item["label"] == label);
        let Some(found) = found else {
            return Err(format!("no such completion: {items:#?}"));
        };
        let text = apply(self.text, &json!([found["textEdit"]]));
        same_text(&text, expected)
    }

    fn hover(&mut self, expected: &[String]) -> Result<(), String> {
        let params = self.params();
        let found = self.editor.request("textDocument/hover", params);
        let text = found["contents"]["value"].as_str().unwrap_or_default();
        for line in expected {
            let (part, wanted) = match line.strip_prefix('!') {
                Some(part) => (part, false),
                None => (line.as_str(), true),
            };
            if text.contains(part) != wanted {
                return Err(format!("`{line}` in: {text}"));
            }
        }
        Ok(())
    }

    fn place(&self, uri: &Value, range: &Value) -> String {
        let uri = uri.as_str().unwrap();
        let root = format!("{}/", self.editor.uri(""));
        let path = match uri.strip_prefix(&root) {
            Some(path) => path.to_owned(),
            None => format!("…/{}", uri.rsplit('/').next().unwrap()),
        };
        let line = range["start"]["line"].as_u64().unwrap() + 1;
        let column = range["start"]["character"].as_u64().unwrap() + 1;
        format!("{path}:{line}:{column}")
    }

    fn places(&self, found: &Value) -> Vec<String> {
        let found = found.as_array().into_iter().flatten();
        found
            .map(|place| self.place(&place["uri"], &place["range"]))
            .collect()
    }

    /// The answer to a question as lines.
    fn lines(&mut self, verb: &str, rest: &str) -> Vec<String> {
        let mut params = self.params();
        match verb {
            "goto" => {
                let found = self.editor.request("textDocument/definition", params);
                self.places(&found)
            }
            "references" => {
                params["context"] = json!({ "includeDeclaration": true });
                let found = self.editor.request("textDocument/references", params);
                self.places(&found)
            }
            "rename" => {
                params["newName"] = json!(rest);
                let response = self.editor.ask("textDocument/rename", params);
                self.renamed(&response)
            }
            "symbols" => {
                let found = self.editor.request("textDocument/documentSymbol", params);
                let mut lines = Vec::new();
                symbol_lines(&found, 0, &mut lines);
                lines
            }
            "workspace-symbols" => {
                let query = json!({ "query": rest });
                let found = self.editor.request("workspace/symbol", query);
                let found = found.as_array().unwrap().iter();
                found
                    .map(|one| {
                        let place = &one["location"];
                        let place = self.place(&place["uri"], &place["range"]);
                        format!("{} {place}", one["name"].as_str().unwrap())
                    })
                    .collect()
            }
            "folds" => {
                let found = self.editor.request("textDocument/foldingRange", params);
                let found = found.as_array().unwrap().iter();
                let line = |value: &Value| value.as_u64().unwrap() + 1;
                found
                    .map(|one| format!("{}-{}", line(&one["startLine"]), line(&one["endLine"])))
                    .collect()
            }
            "select" => self.selected(),
            "tokens" => self.tokens(),
            "lenses" => {
                let found = self.editor.request("textDocument/codeLens", params);
                let found = found.as_array().unwrap().iter();
                found
                    .map(|one| {
                        let line = one["range"]["start"]["line"].as_u64().unwrap() + 1;
                        let command = &one["command"];
                        let text = |value: &Value| value.as_str().unwrap().to_owned();
                        let unit = text(&command["arguments"][1]);
                        format!("{line} {} {unit}", text(&command["title"]))
                    })
                    .collect()
            }
            _ => vec![format!("unknown question {verb}")],
        }
    }

    fn renamed(&self, response: &Value) -> Vec<String> {
        if let Some(reason) = response["error"]["message"].as_str() {
            return vec![format!("error: {reason}")];
        }
        let edit = &response["result"];
        let mut lines = Vec::new();
        for (uri, edits) in edit["changes"].as_object().into_iter().flatten() {
            for edit in edits.as_array().unwrap() {
                lines.push(self.place(&json!(uri), &edit["range"]));
            }
        }
        for change in edit["documentChanges"].as_array().into_iter().flatten() {
            if change["kind"] == "rename" {
                let range = json!({ "start": { "line": 0, "character": 0 } });
                let (old, new) = (
                    self.place(&change["oldUri"], &range),
                    self.place(&change["newUri"], &range),
                );
                lines.push(format!("{old} -> {new}"));
            }
            for edit in change["edits"].as_array().into_iter().flatten() {
                lines.push(self.place(&change["textDocument"]["uri"], &edit["range"]));
            }
        }
        lines.sort();
        lines
    }

    fn selected(&mut self) -> Vec<String> {
        let params = json!({
            "textDocument": { "uri": self.editor.uri(self.path) },
            "positions": [position(self.text, self.at)],
        });
        let found = self.editor.request("textDocument/selectionRange", params);
        let mut lines = Vec::new();
        let mut range = &found[0];
        while !range.is_null() {
            let start = byte(self.text, &range["range"]["start"]);
            let end = byte(self.text, &range["range"]["end"]);
            lines.push(self.text[start..end].replace('\n', "⏎"));
            range = &range["parent"];
        }
        lines
    }

    fn tokens(&mut self) -> Vec<String> {
        let params = self.params();
        let found = self
            .editor
            .request("textDocument/semanticTokens/full", params);
        let legend = &self.editor.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"];
        let data: Vec<u64> = (found["data"].as_array().unwrap().iter())
            .map(|number| number.as_u64().unwrap())
            .collect();
        let (mut line, mut column) = (0, 0);
        let tokens = data.chunks(5).map(|token| {
            if token[0] > 0 {
                column = 0;
            }
            line += token[0];
            column += token[1];
            let at = |column: u64| byte(self.text, &json!({ "line": line, "character": column }));
            let text = &self.text[at(column)..at(column + token[2])];
            format!("{} {text}", legend[token[3] as usize].as_str().unwrap())
        });
        tokens.collect()
    }

    fn actions(&mut self) -> Vec<Value> {
        let at = position(self.text, self.at);
        let params = json!({
            "textDocument": { "uri": self.editor.uri(self.path) },
            "range": { "start": at, "end": at },
            "context": { "diagnostics": [] },
        });
        let found = self.editor.request("textDocument/codeAction", params);
        found.as_array().cloned().unwrap_or_default()
    }

    fn fix(&mut self, title: &str, expected: &[String]) -> Result<(), String> {
        let actions = self.actions();
        let found = actions.iter().find(|action| action["title"] == title);
        let Some(found) = found else {
            return Err(format!("no such fix: {actions:#?}"));
        };
        let uri = self.editor.uri(self.path);
        let fixed = apply(self.text, &found["edit"]["changes"][&uri]);
        same_text(&fixed, expected)
    }

    fn no_fix(&mut self) -> Result<(), String> {
        let actions = self.actions();
        if actions.is_empty() {
            Ok(())
        } else {
            Err(format!("{actions:#?}"))
        }
    }
}

fn same_text(text: &str, expected: &[String]) -> Result<(), String> {
    let wanted: String = expected.iter().map(|line| format!("{line}\n")).collect();
    if text.trim_end() == wanted.trim_end() {
        Ok(())
    } else {
        Err(format!("gives\n{text}"))
    }
}

fn symbol_lines(symbols: &Value, depth: usize, lines: &mut Vec<String>) {
    for symbol in symbols.as_array().into_iter().flatten() {
        let detail = symbol["detail"].as_str().unwrap_or_default();
        let line = format!(
            "{}{} {detail}",
            "  ".repeat(depth),
            symbol["name"].as_str().unwrap()
        );
        lines.push(line.trim_end().to_owned());
        symbol_lines(&symbol["children"], depth + 1, lines);
    }
}

fn run(scenario: &Scenario, base: &[(String, String)]) -> Vec<String> {
    let folder = Folder::new();
    for (path, text) in base.iter().chain(&scenario.files) {
        folder.write(path, text);
    }
    if !folder.path().join("ingam.yaml").exists() {
        folder.write("ingam.yaml", "");
    }
    let (path, marked) = &scenario.buffer;
    let at = marked.find(CURSOR).expect("a buffer has a cursor");
    let text = marked.replace(CURSOR, "");
    let mut editor = Editor::start(&folder);
    editor.open(path, &text);
    let mut failures = Vec::new();
    for (question, expected) in &scenario.questions {
        let mut asked = Asked {
            editor: &mut editor,
            path,
            text: &text,
            at,
        };
        if let Err(reason) = asked.ask(question, expected) {
            failures.push(format!("{}: {question}: {reason}", scenario.title));
        }
    }
    failures
}

/// Files that all scenarios of a file have.
pub(super) fn base() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("tests/lsp/base.txt")).unwrap();
    read_scenarios(&text).remove(0).files
}

fn run_file(name: &str, base: &[(String, String)], least: usize) {
    let text = std::fs::read_to_string(root().join("tests/lsp").join(name)).unwrap();
    let scenarios = read_scenarios(&text);
    let failures: Vec<String> = scenarios.iter().flat_map(|one| run(one, base)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(scenarios.len() >= least, "{} scenarios", scenarios.len());
}

#[test]
fn mistakes_are_mended_by_one_fix() {
    run_file("fixes.txt", &[], 33);
}

#[test]
fn keys_values_names_and_paths_are_completed() {
    run_file("completion.txt", &base(), 25);
}

#[test]
fn a_thing_says_what_it_is() {
    run_file("hover.txt", &base(), 10);
}

#[test]
fn names_lead_to_their_definitions_and_uses() {
    run_file("navigation.txt", &base(), 10);
}

#[test]
fn a_file_has_a_structure() {
    run_file("structure.txt", &base(), 5);
}
