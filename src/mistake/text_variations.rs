//! Variations of the text as it is put together: separators, line ends, fields, character encoding.

use super::catalogue::MistakeCode as M;
use super::recipe::{Recipe, text_template};
use super::variation::{Claim, Edit, Variation, VariedPart};
use crate::charset::Charset;
use crate::model::scheme::{SignOp, SignStep};
use crate::model::template::{Template, TemplatePart};
use crate::span::Span;
use crate::value::Value;
use std::rc::Rc;

pub(super) fn text_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    add_lines(recipe, &mut all);
    add_line_separators(&mut all);
    add_line_orders(&mut all);
    add_fields(recipe, &mut all);
    add_ends(&mut all);
    add_charsets(&mut all);
    add_unhashed(recipe, &mut all);
    all
}

fn text(claim: Claim, step: Option<usize>, change: fn(&str) -> Option<String>) -> Variation {
    Variation::new(claim, VariedPart::Text, Edit::Text(step, Rc::new(change)))
}

fn bytes(claim: Claim, change: impl Fn(&[u8]) -> Option<Vec<u8>> + 'static) -> Variation {
    Variation::new(claim, VariedPart::Text, Edit::Bytes(Rc::new(change)))
}

type LineChange = (M, &'static str, fn(&str) -> Option<String>);
type Respell = fn(&str) -> String;

/// Line ends: in the whole text, and in each step that is hashed into it.
fn add_lines(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let changes: [LineChange; 6] = [
        (
            M::LINE_FEEDS_ESCAPED,
            "line feeds are written as a backslash and an n",
            |text| Some(text.replace('\n', "\\n")),
        ),
        (
            M::LINE_FEEDS_ESCAPED,
            "the whole text is escaped as a JSON text",
            |text| {
                let quoted = Value::from(text).to_json();
                Some(quoted.trim_matches('"').to_owned())
            },
        ),
        (M::CARRIAGE_RETURNS, "lines end with CR LF", |text| {
            Some(text.replace('\n', "\r\n"))
        }),
        (M::CARRIAGE_RETURNS, "lines end with CR", |text| {
            Some(text.replace('\n', "\r"))
        }),
        (
            M::SEPARATORS,
            "the line feeds are missing from the text",
            |text| Some(text.replace('\n', "")),
        ),
        (M::SEPARATORS, "lines are joined with spaces", |text| {
            Some(text.replace('\n', " "))
        }),
    ];
    for (code, what, change) in changes {
        let whole = move |own: &[u8]| Some(change(std::str::from_utf8(own).ok()?)?.into_bytes());
        all.push(bytes(Claim::new(code, what), whole));
        for step in hashed_steps(recipe) {
            all.push(text(Claim::new(code, what), Some(step), change));
        }
        if recipe.text_steps.len() > 1 {
            all.push(text(Claim::new(code, what), None, change));
        }
    }
}

/// Lines joined in another way, also where one expression gives several of them.
fn add_line_separators(all: &mut Vec<Variation>) {
    for other in ["&", ",", "|", ":", ";", "\n\n"] {
        let claim = Claim::new(M::SEPARATORS, "lines are joined with another separator");
        all.push(bytes(claim, move |own| {
            let text = std::str::from_utf8(own).ok()?;
            Some(text.replace('\n', other).into_bytes())
        }));
    }
}

/// How many lines of a text are exchanged and left out.
const MAX_LINES: usize = 12;

/// Lines missing, and neighbours exchanged, also where one expression gives several of them.
fn add_line_orders(all: &mut Vec<Variation>) {
    for nth in 0..MAX_LINES {
        let claim = Claim::new(M::FIELDS_OF_TEXT, "two lines of the text are exchanged");
        all.push(lines(claim, move |lines| {
            if nth + 1 < lines.len() {
                lines.swap(nth, nth + 1);
            }
        }));
        let claim = Claim::new(M::FIELDS_OF_TEXT, "a line of the text is missing");
        all.push(lines(claim, move |lines| {
            if nth < lines.len() {
                lines.remove(nth);
            }
        }));
    }
}

fn lines(claim: Claim, change: impl Fn(&mut Vec<&str>) + 'static) -> Variation {
    bytes(claim, move |own| {
        let text = std::str::from_utf8(own).ok()?;
        let mut lines: Vec<&str> = text.split('\n').collect();
        if lines.len() < 2 {
            return None;
        }
        change(&mut lines);
        Some(lines.join("\n").into_bytes())
    })
}

/// The text steps whose digest, and not themselves, is in the text.
fn hashed_steps(recipe: &Recipe<'_>) -> Vec<usize> {
    let is_hashed = |index: &usize| {
        let id = &recipe.steps[*index].id;
        recipe
            .text_steps
            .iter()
            .any(|other| match &recipe.steps[*other].operation {
                SignOp::Digest { input, .. } => input
                    .expressions()
                    .any(|expression| expression.source == *id),
                _ => false,
            })
    };
    recipe
        .text_steps
        .iter()
        .copied()
        .filter(is_hashed)
        .collect()
}

/// A text that is hashed into the one that is signed, signed itself.
fn add_unhashed(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    for step in hashed_steps(recipe) {
        let id = recipe.steps[step].id.clone();
        let what = format!("`{id}` itself is signed instead of the text that has its hash");
        let claim = Claim::new(M::HASH_WITHOUT_HMAC, what);
        let Ok(inner) = Template::parse(&format!("{{{{ {id} }}}}"), Span::default(), None) else {
            continue;
        };
        all.push(parts(claim, recipe.signing, move |parts| {
            parts.clone_from(&inner.parts);
        }));
    }
}

/// Whatever a template of the text is put together from: each field gone, neighbours exchanged, each
/// separator gone or another one.
fn add_fields(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    for index in recipe.text_steps.iter().copied().chain([recipe.signing]) {
        let Some(template) = text_template(&recipe.steps[index].operation) else {
            continue;
        };
        let count = template.parts.len();
        if count > 24 || (count < 2 && index != recipe.signing) {
            continue;
        }
        for (part, content) in template.parts.iter().enumerate() {
            match content {
                TemplatePart::Expression(expression) => {
                    let name = shown_name(&expression.source);
                    let claim = Claim::new(
                        M::FIELDS_OF_TEXT,
                        format!("`{name}` is missing from the text"),
                    );
                    all.push(parts(claim, index, move |parts| drop(parts.remove(part))));
                    add_without_separator(index, part, count, &name, all);
                }
                TemplatePart::Literal(literal) => add_separators(index, part, literal, all),
            }
        }
        add_exchanged(template, index, all);
        add_all_separators(template, index, all);
    }
}

/// The separator that a template has most often, everywhere another one; other literals stay.
fn add_all_separators(template: &Template, index: usize, all: &mut Vec<Variation>) {
    let literals = || {
        template.parts.iter().filter_map(|part| match part {
            TemplatePart::Literal(text) => Some(text.as_str()),
            TemplatePart::Expression(_) => None,
        })
    };
    let count = |text: &str| literals().filter(|known| *known == text).count();
    let Some(separator) = literals().max_by_key(|text| count(text)) else {
        return;
    };
    if count(separator) < 2 || separator.len() > 2 {
        return;
    }
    let twice = separator.repeat(2);
    for other in ["", "&", "|", ",", ":", ";", " ", "\n", twice.as_str()] {
        let claim = Claim::new(
            M::SEPARATORS,
            "the fields of the text are joined with another separator",
        );
        let (separator, other) = (separator.to_owned(), other.to_owned());
        all.push(parts(claim, index, move |parts| {
            for part in parts {
                if let TemplatePart::Literal(text) = part
                    && let Some(before) = text.strip_suffix(&separator)
                {
                    *text = format!("{before}{other}");
                }
            }
        }));
    }
}

fn add_without_separator(
    index: usize,
    part: usize,
    count: usize,
    name: &str,
    all: &mut Vec<Variation>,
) {
    if part + 1 < count {
        let claim = Claim::new(
            M::FIELDS_OF_TEXT,
            format!("`{name}` and its separator are missing from the text"),
        );
        all.push(parts(claim, index, move |parts| {
            drop(parts.drain(part..part + 2));
        }));
    }
    if part > 0 {
        let claim = Claim::new(
            M::FIELDS_OF_TEXT,
            format!("`{name}` and the separator before it are missing from the text"),
        );
        all.push(parts(claim, index, move |parts| {
            drop(parts.drain(part - 1..=part));
        }));
    }
}

fn add_separators(index: usize, part: usize, literal: &str, all: &mut Vec<Variation>) {
    for other in [
        "", "\n", "&", "|", ",", ".", ":", ";", "-", "_", " ", "/", "+",
    ] {
        if other != literal {
            let claim = Claim::new(
                M::SEPARATORS,
                "a separator of the text is another one, or missing",
            );
            all.push(parts(claim, index, move |parts| {
                parts[part] = TemplatePart::Literal(other.to_owned());
            }));
        }
    }
    let twice = literal.repeat(2);
    let claim = Claim::new(M::SEPARATORS, "a separator appears twice in the text");
    all.push(parts(claim, index, move |parts| {
        parts[part] = TemplatePart::Literal(twice.clone());
    }));
}

/// The expressions of a template in another order.
fn add_exchanged(template: &Template, index: usize, all: &mut Vec<Variation>) {
    let places: Vec<usize> = template
        .parts
        .iter()
        .enumerate()
        .filter(|(_, part)| matches!(part, TemplatePart::Expression(_)))
        .map(|(place, _)| place)
        .collect();
    // Neighbours first.
    for distance in 1..=8 {
        for (first, second) in places.iter().zip(places.iter().skip(distance)).take(8) {
            let (first, second) = (*first, *second);
            let claim = Claim::new(M::FIELDS_OF_TEXT, "two fields of the text are exchanged");
            all.push(parts(claim, index, move |parts| parts.swap(first, second)));
        }
    }
    if places.len() > 2 {
        let reversed: Vec<usize> = places.iter().rev().copied().collect();
        let forward = places.clone();
        let claim = Claim::new(
            M::FIELDS_OF_TEXT,
            "the fields of the text are in reverse order",
        );
        all.push(parts(claim, index, move |parts| {
            let own = parts.clone();
            for (to, from) in forward.iter().zip(&reversed) {
                parts[*to] = own[*from].clone();
            }
        }));
    }
    for separator in ["\n", "&", "|", ",", ".", ":", "_", " ", "-", ""] {
        let claim = Claim::new(
            M::SEPARATORS,
            "the fields of the text are joined with another separator",
        );
        all.push(parts(claim, index, move |parts| {
            let fields = parts
                .drain(..)
                .filter(|part| matches!(part, TemplatePart::Expression(_)));
            let fields: Vec<TemplatePart> = fields.collect();
            for (nth, field) in fields.into_iter().enumerate() {
                if nth > 0 {
                    parts.push(TemplatePart::Literal(separator.to_owned()));
                }
                parts.push(field);
            }
        }));
    }
}

/// A field by its name; a longer expression by its first name.
fn shown_name(source: &str) -> String {
    let end = source.find(['|', ' ', '(', '[']).unwrap_or(source.len());
    source[..end].to_owned()
}

fn parts(
    claim: Claim,
    index: usize,
    change: impl Fn(&mut Vec<TemplatePart>) + 'static,
) -> Variation {
    let edit = Edit::Steps(Rc::new(move |steps: &mut Vec<SignStep>| {
        let Some(step) = steps.get_mut(index) else {
            return;
        };
        let template = match &mut step.operation {
            SignOp::Bcrypt {
                password: input, ..
            }
            | SignOp::Text(input)
            | SignOp::Digest { input, .. }
            | SignOp::Hmac { input, .. }
            | SignOp::Asymmetric { input, .. }
            | SignOp::Encode { input, .. } => input,
            SignOp::Jwt(_) | SignOp::Uuid | SignOp::Random(_) => return,
        };
        change(&mut template.parts);
        if template.parts.is_empty() {
            template.parts.push(TemplatePart::Literal(String::new()));
        }
    }));
    Variation::new(claim, VariedPart::Fields, edit)
}

fn add_ends(all: &mut Vec<Variation>) {
    for (after, what) in [
        ("\n", "a line feed is at the end of the text"),
        ("\r\n", "CR LF is at the end of the text"),
        (" ", "a space is at the end of the text"),
        ("&", "a `&` is at the end of the text"),
        ("\0", "a zero byte is at the end of the text"),
    ] {
        all.push(bytes(Claim::new(M::SEPARATORS, what), move |own| {
            Some([own, after.as_bytes()].concat())
        }));
    }
    let claim = || Claim::new(M::SEPARATORS, "the end of the text is trimmed");
    all.push(bytes(claim(), |own| Some(own.trim_ascii_end().to_vec())));
    all.push(bytes(claim(), |own| Some(own.trim_ascii().to_vec())));
    let changes: [(M, &str, Respell); 3] = [
        (
            M::FIELDS_OF_TEXT,
            "the text is signed in lower case",
            |text| text.to_lowercase(),
        ),
        (
            M::FIELDS_OF_TEXT,
            "the text is signed in upper case",
            |text| text.to_uppercase(),
        ),
        (
            M::ENCODED_TWICE,
            "the whole text is percent-encoded",
            |text| super::query_text::Alphabet::Rfc3986.encode(text),
        ),
    ];
    for (code, what, change) in changes {
        all.push(bytes(Claim::new(code, what), move |own| {
            Some(change(std::str::from_utf8(own).ok()?).into_bytes())
        }));
    }
    all.push(bytes(
        Claim::new(
            M::SIGNED_BEFORE_ENCODING,
            "the whole text is percent-decoded",
        ),
        |own| {
            Some(super::query_text::percent_decoded(std::str::from_utf8(own).ok()?)?.into_bytes())
        },
    ));
    all.push(bytes(
        Claim::new(
            M::FIELDS_OF_TEXT,
            "the text is encoded as base64 before it is signed",
        ),
        |own| {
            use base64::Engine as _;
            Some(base64::prelude::BASE64_STANDARD.encode(own).into_bytes())
        },
    ));
}

const CHARSETS: [&str; 9] = [
    "windows-1252",
    "euc-kr",
    "gbk",
    "big5",
    "shift_jis",
    "utf-16le",
    "utf-16be",
    "euc-jp",
    "iso-8859-2",
];

fn add_charsets(all: &mut Vec<Variation>) {
    for label in CHARSETS {
        let claim = Claim::new(M::CHARSET, format!("the text is signed in {label}"));
        all.push(bytes(claim, move |own| {
            let text = std::str::from_utf8(own)
                .ok()
                .filter(|text| !text.is_ascii() || label.starts_with("utf-16"))?;
            encode_in(label, text)
        }));
        let claim = Claim::new(
            M::CHARSET,
            format!("percent-encoded letters are signed in {label}"),
        );
        all.push(bytes(claim, move |own| {
            let text = std::str::from_utf8(own)
                .ok()
                .filter(|text| text.contains('%'))?;
            escapes_in(label, text)
        }));
    }
    all.push(bytes(
        Claim::new(
            M::CHARSET,
            "UTF-8 is read as Latin-1 and written as UTF-8 again",
        ),
        |own| {
            let text = std::str::from_utf8(own)
                .ok()
                .filter(|text| !text.is_ascii())?;
            Some(
                text.bytes()
                    .map(char::from)
                    .collect::<String>()
                    .into_bytes(),
            )
        },
    ));
    all.push(bytes(
        Claim::new(M::CHARSET, "a byte order mark is before the text"),
        |own| Some([b"\xef\xbb\xbf", own].concat()),
    ));
    all.push(bytes(
        Claim::new(M::CHARSET, "non-ASCII letters are signed as `?`"),
        |own| {
            let text = std::str::from_utf8(own)
                .ok()
                .filter(|text| !text.is_ascii())?;
            Some(
                text.chars()
                    .map(|letter| if letter.is_ascii() { letter } else { '?' })
                    .collect::<String>()
                    .into_bytes(),
            )
        },
    ));
    all.push(bytes(
        Claim::new(
            M::CHARSET,
            "the text is signed in Latin-1, with `?` for what it lacks",
        ),
        |own| {
            let text = std::str::from_utf8(own)
                .ok()
                .filter(|text| !text.is_ascii())?;
            Some(
                text.chars()
                    .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
                    .collect(),
            )
        },
    ));
    for (what, change) in [
        (
            "Hangul is signed in parts (NFD)",
            decomposed as fn(&str) -> String,
        ),
        (
            "Hangul is signed as syllables (NFC), and sent in parts",
            composed,
        ),
    ] {
        all.push(bytes(Claim::new(M::CHARSET, what), move |own| {
            Some(change(std::str::from_utf8(own).ok()?).into_bytes())
        }));
        // Inside of percent signs.
        all.push(bytes(Claim::new(M::CHARSET, what), move |own| {
            respell_escapes(std::str::from_utf8(own).ok()?, |text| {
                Some(change(text).into_bytes())
            })
        }));
    }
}

fn encode_in(label: &str, text: &str) -> Option<Vec<u8>> {
    Charset::of_label(label)?
        .encode(text)
        .ok()
        .map(|bytes| bytes.to_vec())
}

fn escapes_in(label: &str, text: &str) -> Option<Vec<u8>> {
    respell_escapes(text, |letters| encode_in(label, letters))
}

/// Runs of percent-encoded bytes outside ASCII, decoded, changed and encoded again.
fn respell_escapes(text: &str, change: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut raw = Vec::new();
        let mut len = 0;
        while let Some(byte) = escaped_byte(&rest[len..]).filter(|byte| *byte >= 0x80) {
            raw.push(byte);
            len += 3;
        }
        if raw.is_empty() {
            out.push('%');
            rest = &rest[1..];
            continue;
        }
        let letters = String::from_utf8(raw).ok()?;
        for byte in change(&letters)? {
            // As form encoders do: what is ASCII in the other encoding stays a letter.
            if byte.is_ascii_alphanumeric() {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        rest = &rest[len..];
    }
    out.push_str(rest);
    Some(out.into_bytes())
}

fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    u8::from_str_radix(digits, 16).ok()
}

/// The Hangul syllables of a text in their parts (Unicode, section 3.12).
fn decomposed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let index = u32::from(letter).wrapping_sub(0xac00);
        if index >= 11_172 {
            out.push(letter);
            continue;
        }
        let parts = [
            0x1100 + index / 588,
            0x1161 + index % 588 / 28,
            0x11a7 + index % 28,
        ];
        let kept = if index % 28 == 0 { 2 } else { 3 };
        out.extend(
            parts[..kept]
                .iter()
                .filter_map(|code| char::from_u32(*code)),
        );
    }
    out
}

fn composed(text: &str) -> String {
    let mut out: Vec<char> = Vec::new();
    for letter in text.chars() {
        let code = u32::from(letter);
        let last = out.last().map(|last| u32::from(*last));
        let joined = match last {
            Some(first)
                if (0x1100..0x1113).contains(&first) && (0x1161..0x1176).contains(&code) =>
            {
                Some(0xac00 + (first - 0x1100) * 588 + (code - 0x1161) * 28)
            }
            Some(syllable)
                if (0xac00..0xd7a4).contains(&syllable)
                    && (syllable - 0xac00) % 28 == 0
                    && (0x11a8..0x11c3).contains(&code) =>
            {
                Some(syllable + code - 0x11a7)
            }
            _ => None,
        };
        match joined.and_then(char::from_u32) {
            Some(joined) => {
                out.pop();
                out.push(joined);
            }
            None => out.push(letter),
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_is_taken_apart_and_put_together() {
        assert_eq!(
            decomposed("한글가"),
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}\u{1100}\u{1161}"
        );
        assert_eq!(composed(&decomposed("무선 이어폰 a")), "무선 이어폰 a");
        let escaped = respell_escapes("k=%EB%AC%B4%20a", |text| encode_in("euc-kr", text)).unwrap();
        assert_eq!(String::from_utf8(escaped).unwrap(), "k=%B9%AB%20a");
    }
}
