//! JavaScript for Node 18 and later.

use super::language::{Language, ProgramParts, camel_case};
use super::operation::{LogicOperator, Variable};
use crate::redact::is_hidden;

pub(super) struct Node;

impl Language for Node {
    fn name(&self) -> &'static str {
        "Node"
    }

    fn runtime(&self) -> &'static str {
        include_str!("runtime/node.cjs")
    }

    fn requirement(&self) -> &'static str {
        "It runs with Node 18 or later, as a CommonJS module (`.cjs`, or `.js` without `\"type\": \"module\"`)"
    }

    fn installation(&self, library: &str) -> String {
        format!("npm install {library}")
    }

    fn comment(&self) -> &'static str {
        "// "
    }

    fn indentation(&self) -> &'static str {
        "  "
    }

    fn end(&self) -> &'static str {
        ";"
    }

    fn identifier(&self, name: &str) -> String {
        camel_case(name)
    }

    fn text(&self, text: &str) -> String {
        let mut out = String::from("\"");
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                letter if is_hidden(letter) => {
                    out.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
                }
                letter => out.push(letter),
            }
        }
        out.push('"');
        out
    }

    fn boolean(&self, flag: bool) -> &'static str {
        if flag { "true" } else { "false" }
    }

    fn null(&self) -> &'static str {
        "null"
    }

    fn pairs(&self, pairs: &[(String, String)]) -> Vec<String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| format!("[{name}, {value}]"))
            .collect()
    }

    fn members(&self, members: &[[String; 3]]) -> Vec<String> {
        let members = members.iter();
        members
            .map(|parts| format!("[{}]", parts.join(", ")))
            .collect()
    }

    fn pair_brackets(&self) -> [&'static str; 2] {
        ["[", "]"]
    }

    fn member_brackets(&self) -> [&'static str; 2] {
        ["[", "]"]
    }

    fn texts(&self, texts: &[String]) -> String {
        format!("[{}]", texts.join(", "))
    }

    fn conditional(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("{condition} ? {then} : {otherwise}")
    }

    fn not(&self, condition: &str) -> String {
        format!("!{condition}")
    }

    fn logic(&self, operator: LogicOperator) -> &'static str {
        match operator {
            LogicOperator::And => "&&",
            LogicOperator::Or => "||",
        }
    }

    fn declaration(&self, _variable: &Variable) -> String {
        "let ".to_owned()
    }

    fn assemble(&self, parts: &ProgramParts<'_>) -> String {
        format!(
            "#!/usr/bin/env node\n{}\n\n\"use strict\";\n\n{}\n\nfunction main() {{\n{}\n}}\n\n{}\n\nmain();\n",
            parts.comment,
            parts.imports.join("\n"),
            parts.main,
            parts.functions.join("\n\n"),
        )
    }
}
