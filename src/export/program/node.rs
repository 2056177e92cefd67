//! JavaScript for Node 18 and later.

use super::language::{Language, ProgramParts, camel_case};
use super::operation::Variable;
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

    fn letter(&self, letter: char) -> String {
        if is_hidden(letter) {
            format!("\\u{{{:x}}}", u32::from(letter))
        } else {
            letter.to_string()
        }
    }

    fn tuple(&self, parts: &[String]) -> String {
        format!("[{}]", parts.join(", "))
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
