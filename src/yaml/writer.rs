//! Values to YAML that reads back as the same values: blocks, one value a line, so that a change is
//! a small difference. It refuses to guess: a text that could be read as anything else is quoted.
//! The key `<<` has no spelling that reads back.

use crate::value::Value;

/// A document; it ends with a line end.
#[must_use]
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    push_block(value, 0, &mut out);
    out
}

/// A value that begins on a line of its own, or behind `- `.
fn push_block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (index, (name, member)) in members.iter().enumerate() {
                push_indent(if index == 0 { 0 } else { depth }, out);
                push_text(name, None, out);
                out.push(':');
                push_mapping_value(member, depth, out);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                push_indent(if index == 0 { 0 } else { depth }, out);
                out.push_str("- ");
                push_block(item, depth + 1, out);
            }
        }
        single => {
            push_scalar(single, depth, out);
            out.push('\n');
        }
    }
}

/// The value of a key, behind its colon.
fn push_mapping_value(value: &Value, depth: usize, out: &mut String) {
    let is_nested = match value {
        Value::Object(members) => !members.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    };
    if is_nested {
        out.push('\n');
        push_indent(depth + 1, out);
        push_block(value, depth + 1, out);
    } else {
        out.push(' ');
        push_scalar(value, depth + 1, out);
        out.push('\n');
    }
}

fn push_indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

fn push_scalar(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) => push_text(text, Some(depth), out),
        Value::List(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        single => out.push_str(&single.to_json()),
    }
}

/// `depth` is that of the lines of a text over several lines; a key has none.
fn push_text(text: &str, depth: Option<usize>, out: &mut String) {
    if can_be_plain(text) {
        out.push_str(text);
    } else if let Some(depth) = depth.filter(|_| can_be_literal_block(text)) {
        push_literal_block(text, depth, out);
    } else {
        out.push_str(&quoted(text));
    }
}

/// Whether it can stand without quotes: nothing that YAML or our own reading of scalars could take
/// for something else.
fn can_be_plain(text: &str) -> bool {
    let first = |letter: char| letter.is_alphanumeric() || letter == '/';
    let fine = |letter: char| letter.is_alphanumeric() || " _-./+=%~,;()<>:".contains(letter);
    text.starts_with(first)
        && text.chars().all(fine)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        // Our reader decides, not YAML: `1.10` and `null` would come back as another kind of value.
        && matches!(Value::from_scalar_text(text), Value::String(_))
}

/// Whether it can stand as lines of its own, with a line end at its end or without.
fn can_be_literal_block(text: &str) -> bool {
    // Blanks at the end of a line are lost in editors that remove them, and a tab there is hard to
    // see.
    let line = |line: &str| !line.ends_with([' ', '\t']) && line.chars().all(is_printable);
    let lines = text.strip_suffix('\n').unwrap_or(text);
    lines.contains('\n')
        // A block takes its indentation from its first line, so a text that begins with a blank
        // would lose it.
        && !lines.starts_with([' ', '\t', '\n'])
        && !lines.ends_with('\n')
        && lines.split('\n').all(line)
}

/// Characters that are written as they are. The others are escaped, even if YAML allows them, so
/// that a reader sees them.
fn is_printable(letter: char) -> bool {
    !letter.is_control()
        && !matches!(
            letter,
            '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn push_literal_block(text: &str, depth: usize, out: &mut String) {
    out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            push_indent(depth, out);
            out.push_str(line);
        }
    }
}

/// A text in quotes, wherever it would stand.
#[must_use]
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if is_printable(letter) => out.push(letter),
            // Every letter that is not printable lies below U+10000, so four digits are enough.
            letter => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;
    use crate::value::{CompactText, Number};
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Value, String> {
        crate::yaml::parse(FileId(0), text)
            .map(|node| node.to_value())
            .map_err(|diagnostic| diagnostic.title.clone())
    }

    /// Equal in the spelling of numbers and in the order of keys, too.
    fn is_identical(left: &Value, right: &Value) -> bool {
        left.to_json() == right.to_json()
    }

    fn text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            "",
            " ",
            "~",
            "null",
            "true",
            "no",
            "1",
            "1.10",
            "0x1F",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#",
            "{{ x }}",
            "[a",
            "&a",
            "*a",
            "!t",
            "|",
            ">",
            "'",
            "\"",
            "%",
            "@",
            "`",
            "a\nb",
            "a\nb\n",
            "\na",
            "a\n\nb",
            " a\nb",
            "a \nb",
            "a\r\nb",
            "\u{0}",
            "\u{2028}",
            "\u{feff}",
            "---",
            "...",
            "? a",
            "<<",
            "2026-11-22",
            "12:30",
            "무선 이어폰",
            "a\tb",
            "=",
            "\u{1F600}",
            "\u{7f}",
        ]);
        prop_oneof![
            odd.prop_map(str::to_owned),
            any::<String>(),
            "[a-z :#\\-\n]{0,12}"
        ]
    }

    fn key() -> impl Strategy<Value = String> {
        text().prop_filter("a merge key is refused", |key| key != "<<")
    }

    fn value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            Just("0"),
            Just("1.10"),
            Just("-3e5"),
            Just("123456789012345678901234567890")
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            number.prop_map(|text| Value::Number(Number::parse(text).unwrap())),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let members =
                prop::collection::vec((key().prop_map(CompactText::from), inner.clone()), 0..4)
                    .prop_map(|mut members| {
                        members.sort_by(|left, right| left.0.cmp(&right.0));
                        members.dedup_by(|left, right| left.0 == right.0);
                        Value::Object(members)
                    });
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::List),
                members
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_reads_back(value in value()) {
            let text = write(&value);
            let back = read(&text);
            prop_assert!(back.as_ref().is_ok_and(|back| is_identical(back, &value)), "{value}\n{text}\n{back:?}");
        }
    }
}
