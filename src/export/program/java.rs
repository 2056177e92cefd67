//! Java 17 and later.

use super::language::{Language, ProgramParts, camel_case};
use super::operation::{Kind, Term, Variable};

/// The longest text that one constant of a class can hold, in bytes of its own encoding, in which a
/// letter has at most three (JVMS, section 4.4.7).
const MAX_CONSTANT_LETTERS: usize = 20_000;

pub(super) struct Java;

impl Language for Java {
    fn name(&self) -> &'static str {
        "Java"
    }

    fn runtime(&self) -> &'static str {
        include_str!("runtime/Java.java")
    }

    fn requirement(&self) -> &'static str {
        "It runs with Java 17 or later, without a build: `java FILE.java`"
    }

    fn installation(&self, library: &str) -> String {
        format!("put the library {library} on the class path")
    }

    fn comment(&self) -> &'static str {
        "// "
    }

    fn indentation(&self) -> &'static str {
        "        "
    }

    fn end(&self) -> &'static str {
        ";"
    }

    fn identifier(&self, name: &str) -> String {
        camel_case(name)
    }

    fn text(&self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        if letters.len() <= MAX_CONSTANT_LETTERS {
            return self.quoted(text);
        }
        let parts: Vec<String> = letters
            .chunks(MAX_CONSTANT_LETTERS)
            .map(|part| self.quoted(&part.iter().collect::<String>()))
            .collect();
        // With `+`, the compiler would make one constant of them.
        format!("String.join(\"\", {})", parts.join(", "))
    }

    fn integer(&self, number: i64) -> String {
        format!("{number}L")
    }

    /// Java reads a file in the encoding of the machine before version 18, so only ASCII is written.
    fn letter(&self, letter: char) -> String {
        match letter {
            // An octal escape: `\u000a` would be a line end before the text is read.
            letter if letter.is_ascii_control() => format!("\\{:03o}", u32::from(letter)),
            letter if letter.is_ascii() => letter.to_string(),
            letter => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        }
    }

    fn tuple(&self, parts: &[String]) -> String {
        let function = if parts.len() == 2 { "pair" } else { "member" };
        format!("{function}({})", parts.join(", "))
    }

    fn list_brackets(&self) -> [&'static str; 2] {
        ["List.<String[]>of(", ")"]
    }

    fn texts(&self, texts: &[String]) -> String {
        format!("List.<String>of({})", texts.join(", "))
    }

    fn declaration(&self, variable: &Variable) -> String {
        let kind = match variable.shape.kind {
            Kind::Text => "String",
            Kind::Bytes => "byte[]",
            Kind::Integer => "long",
            Kind::Boolean => "boolean",
            Kind::Pairs | Kind::Members => "List<String[]>",
            Kind::Texts => "List<String>",
        };
        format!("{kind} ")
    }

    fn literal_section(&self, term: &Term) -> Option<&'static str> {
        match term {
            Term::Pairs(pairs) if !pairs.is_empty() => Some("pair"),
            Term::Members(members) if !members.is_empty() => Some("member"),
            _ => None,
        }
    }

    fn assemble(&self, parts: &ProgramParts<'_>) -> String {
        let functions: Vec<String> = parts.functions.iter().map(|code| indented(code)).collect();
        format!(
            "{}\n\n{}\n\nfinal class {} {{\n    public static void main(String[] arguments) throws Exception {{\n{}\n    }}\n\n{}\n}}\n",
            parts.comment,
            parts.imports.join("\n"),
            class_name(parts.title),
            parts.main,
            functions.join("\n\n"),
        )
    }
}

fn indented(code: &str) -> String {
    let lines: Vec<String> = code
        .lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("    {line}")
            }
        })
        .collect();
    lines.join("\n")
}

/// `shopee/shop_info@sg` as `SignedShopeeShopInfoSg`: no class of the library has such a name.
fn class_name(title: &str) -> String {
    let mut out = String::from("Signed");
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        out.extend(
            word.chars()
                .next()
                .map(|letter| letter.to_ascii_uppercase()),
        );
        out.extend(word.chars().skip(1));
    }
    out
}
