//! Python 3.8 and later.

use super::language::{Language, ProgramParts};
use super::operation::{LogicOperator, Variable};
use crate::redact::is_hidden;

pub(super) struct Python;

impl Language for Python {
    fn name(&self) -> &'static str {
        "Python"
    }

    fn runtime(&self) -> &'static str {
        include_str!("runtime/python.py")
    }

    fn requirement(&self) -> &'static str {
        "It runs with Python 3.8 or later"
    }

    fn installation(&self, library: &str) -> String {
        format!("pip install {library}")
    }

    fn comment(&self) -> &'static str {
        "# "
    }

    fn indentation(&self) -> &'static str {
        "    "
    }

    fn end(&self) -> &'static str {
        ""
    }

    fn identifier(&self, name: &str) -> String {
        name.to_owned()
    }

    fn letter(&self, letter: char) -> String {
        if is_hidden(letter) {
            format!("\\U{:08x}", u32::from(letter))
        } else {
            letter.to_string()
        }
    }

    fn tuple(&self, parts: &[String]) -> String {
        format!("({})", parts.join(", "))
    }

    fn boolean(&self, flag: bool) -> &'static str {
        if flag { "True" } else { "False" }
    }

    fn null(&self) -> &'static str {
        "None"
    }

    fn conditional(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("{then} if {condition} else {otherwise}")
    }

    fn not(&self, condition: &str) -> String {
        format!("(not {condition})")
    }

    fn logic(&self, operator: LogicOperator) -> &'static str {
        match operator {
            LogicOperator::And => "and",
            LogicOperator::Or => "or",
        }
    }

    fn declaration(&self, _variable: &Variable) -> String {
        String::new()
    }

    fn assemble(&self, parts: &ProgramParts<'_>) -> String {
        format!(
            "#!/usr/bin/env python3\n{}\n\n{}\n\n\ndef main():\n{}\n\n\n{}\n\n\nif __name__ == \"__main__\":\n    main()\n",
            parts.comment,
            parts.imports.join("\n"),
            parts.main,
            parts.functions.join("\n\n\n"),
        )
    }
}
