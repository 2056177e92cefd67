//! Variations of the body: missing, serialised in another way, signed where there is none.

use super::catalogue::MistakeCode as M;
use super::chain::ChainPlace;
use super::query_text::{Alphabet, form_decoded, join_raw, raw_pairs};
use super::recipe::Recipe;
use super::variation::{Claim, Edit, Variation, VariedPart};
use crate::sign::FrozenRequest;
use crate::value::{self, Value};
use crate::wire::{DraftBody, join_form, join_query};
use bytes::Bytes;
use std::rc::Rc;

const BODY: [&str; 3] = ["body", "body_bytes", "json_body"];

pub(super) fn body_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    let body = &recipe.signed.request.body;
    if recipe.reads(&BODY) {
        if body.is_empty() {
            add_of_none(recipe, &mut all);
        } else {
            add_missing(&mut all);
            add_spellings(recipe, &mut all);
        }
    } else if !body.is_empty() {
        add_uncovered(recipe, &mut all);
    }
    if recipe.reads(&["json_body"]) && recipe.signed.request.draft.body.kind() == "form" {
        for text in ["{}", "[]", "null", "\"\""] {
            let what = format!("`{text}` is signed as a JSON body, but a form was sent");
            let claim = Claim::new(M::BODY_OF_NONE, what);
            all.push(Variation::name(
                claim,
                VariedPart::Body,
                "req.json_body",
                text,
            ));
        }
    }
    if recipe.reads(&["json_pairs"]) || recipe.reads(&["query_pairs", "form_pairs"]) {
        add_nested(recipe, &mut all);
    }
    all
}

fn set_body(request: &mut FrozenRequest, bytes: impl Into<Bytes>) {
    request.body = bytes.into();
    if let DraftBody::Json(value) = &mut request.draft.body {
        if let Ok(changed) = value::parse(&request.body) {
            *value = changed;
        }
    } else {
        request.draft.body = DraftBody::Bytes(request.body.clone());
    }
}

fn body(claim: Claim, change: impl Fn(&[u8]) -> Option<Vec<u8>> + 'static) -> Variation {
    Variation::request(claim, VariedPart::Body, move |request| {
        if let Some(bytes) = change(&request.body) {
            set_body(request, bytes);
        }
    })
}

fn add_missing(all: &mut Vec<Variation>) {
    all.push(Variation::request(
        Claim::plain(M::BODY_MISSING),
        VariedPart::Body,
        |request| {
            request.body = Bytes::new();
            request.draft.body = DraftBody::None;
        },
    ));
    for empty in ["{}", "[]", "null"] {
        let text = format!("`{empty}` is signed instead of the body");
        all.push(body(Claim::new(M::BODY_MISSING, text), move |_| {
            Some(empty.into())
        }));
    }
}

fn add_of_none(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let query = recipe.signed.request.query_pairs();
    let members = query
        .iter()
        .map(|(name, value)| (name.as_str().into(), Value::from(value.as_str())));
    let object = Value::Object(members.collect());
    let mut bodies: Vec<String> = ["{}", "[]", "null", "\"\"", "undefined", "None", "\n"]
        .map(str::to_owned)
        .to_vec();
    if !query.is_empty() {
        bodies.push(object.to_json());
        bodies.push(json_text(&object, &Spacing::Python));
        bodies.push(join_query(&query));
        bodies.push(join_form(&query));
        bodies.push(recipe.signed.request.query.clone());
    }
    for text in bodies {
        let claim = Claim::new(
            M::BODY_OF_NONE,
            format!("`{text}` is signed as the body of a request that has none"),
        );
        all.push(Variation::request(
            claim,
            VariedPart::Body,
            move |request| {
                request.draft.body = DraftBody::Text(text.clone());
                request.body = text.clone().into();
                // Steps that take JSON only see it as JSON.
                if let Ok(json) = value::parse(text.as_bytes()) {
                    request.draft.body = DraftBody::Json(json);
                }
            },
        ));
    }
}

/// How a program spaces JSON.
enum Spacing {
    Compact,
    /// `, ` and `: `
    Python,
    Indent(&'static str),
    /// `print` of a dictionary.
    Dictionary,
}

fn json_text(value: &Value, spacing: &Spacing) -> String {
    let mut out = String::new();
    write_json(value, spacing, 0, &mut out);
    out
}

fn write_json(value: &Value, spacing: &Spacing, depth: usize, out: &mut String) {
    let (open, close, items): (char, char, Vec<(Option<String>, &Value)>) = match value {
        Value::Object(members) => (
            '{',
            '}',
            members
                .iter()
                .map(|(name, value)| (Some(Value::from(name.as_str()).to_json()), value))
                .collect(),
        ),
        Value::List(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
        scalar => return out.push_str(&scalar_text(scalar, spacing)),
    };
    out.push(open);
    let (between, colon) = match spacing {
        Spacing::Compact => (",", ":"),
        Spacing::Python | Spacing::Dictionary => (", ", ": "),
        Spacing::Indent(_) => (",", ": "),
    };
    let is_empty = items.is_empty();
    for (index, (name, item)) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        if let Spacing::Indent(indent) = spacing {
            out.push('\n');
            out.push_str(&indent.repeat(depth + 1));
        }
        if let Some(name) = name {
            if matches!(spacing, Spacing::Dictionary) {
                out.push_str(&name.replace('"', "'"));
            } else {
                out.push_str(&name);
            }
            out.push_str(colon);
        }
        write_json(item, spacing, depth + 1, out);
    }
    if let (Spacing::Indent(indent), false) = (spacing, is_empty) {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
    out.push(close);
}

fn scalar_text(value: &Value, spacing: &Spacing) -> String {
    if !matches!(spacing, Spacing::Dictionary) {
        return value.to_json();
    }
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_json(),
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(members)
        }
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Numbers as JavaScript prints them: `1` for `1.0`.
fn with_plain_numbers(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), with_plain_numbers(value)))
                .collect(),
        ),
        Value::List(items) => Value::List(items.iter().map(with_plain_numbers).collect()),
        Value::Number(number) => {
            let plain = number.to_string().parse::<f64>().ok();
            let parsed = plain.and_then(|plain| value::parse(plain.to_string().as_bytes()).ok());
            parsed.unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}

/// Letters outside ASCII as `\uXXXX`, in small letters as most programs write them.
fn escaped_letters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn html_escaped(text: &str) -> String {
    text.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

/// Every text of a JSON value that programs make of it.
fn json_spellings(value: &Value) -> Vec<(String, &'static str)> {
    let compact = json_text(value, &Spacing::Compact);
    let python = json_text(value, &Spacing::Python);
    let order = sorted(value);
    let plain = with_plain_numbers(value);
    vec![
        (compact.clone(), "without blanks"),
        (python.clone(), "with spaces after `,` and `:`"),
        (
            escaped_letters(&python),
            "with spaces after `,` and `:`, and letters as `\\u` escapes",
        ),
        (escaped_letters(&compact), "with letters as `\\u` escapes"),
        (json_text(&order, &Spacing::Compact), "with sorted members"),
        (
            json_text(&order, &Spacing::Python),
            "with sorted members and spaces after `,` and `:`",
        ),
        (
            escaped_letters(&json_text(&order, &Spacing::Python)),
            "with sorted members, spaces and `\\u` escapes",
        ),
        (json_text(value, &Spacing::Indent("  ")), "indented by 2"),
        (json_text(value, &Spacing::Indent("    ")), "indented by 4"),
        (
            json_text(value, &Spacing::Indent("\t")),
            "indented by a tab",
        ),
        (compact.replace('/', "\\/"), "with `\\/` for `/`"),
        (
            escaped_letters(&compact).replace('/', "\\/"),
            "with `\\/` for `/` and letters as `\\u` escapes",
        ),
        (
            html_escaped(&compact),
            "with `&`, `<` and `>` as `\\u` escapes",
        ),
        (
            json_text(value, &Spacing::Dictionary),
            "as the print of a dictionary",
        ),
        (compact.replace("{}", "[]"), "with `[]` for `{}`"),
        (
            format!("{compact}\n"),
            "without spaces, with a line feed at its end",
        ),
        (
            Value::from(compact.as_str()).to_json(),
            "as a text inside JSON",
        ),
        (compact.replace('"', "'"), "with single quotes"),
        (
            json_text(&plain, &Spacing::Compact),
            "without spaces, and numbers as JavaScript prints them",
        ),
        (
            json_text(&plain, &Spacing::Indent("  ")),
            "indented by 2, and numbers as JavaScript prints them",
        ),
        (
            json_text(&plain, &Spacing::Indent("    ")),
            "indented by 4, and numbers as JavaScript prints them",
        ),
        (
            json_text(&plain, &Spacing::Indent("\t")),
            "indented by a tab, and numbers as JavaScript prints them",
        ),
        (
            json_text(&sorted(&plain), &Spacing::Compact),
            "with sorted members, and numbers as JavaScript prints them",
        ),
        (
            "[object Object]".to_owned(),
            "as `[object Object]`: an object was joined to a text",
        ),
    ]
}

fn add_spellings(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let code = if recipe.signed.is_push {
        M::PUSH_REWRITTEN
    } else {
        M::BODY_TWICE
    };
    let what = |how: &str| {
        Claim::new(
            code,
            format!("the body is signed {how}; it differs from the sent body"),
        )
    };
    let own = &recipe.signed.request.body;
    if let Ok(value) = value::parse(own) {
        for (text, how) in json_spellings(&value) {
            all.push(body(what(how), move |_| Some(text.clone().into_bytes())));
        }
    }
    all.push(body(what("with a line feed at its end"), |own| {
        Some([own, b"\n"].concat())
    }));
    all.push(body(what("with CR LF at its end"), |own| {
        Some([own, b"\r\n"].concat())
    }));
    all.push(body(what("without the spaces around it"), |own| {
        Some(own.trim_ascii().to_vec())
    }));
    all.push(body(what("without any spaces and line ends"), |own| {
        Some(
            own.iter()
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect(),
        )
    }));
    all.push(body(what("with LF for CR LF"), |own| {
        Some(
            String::from_utf8(own.to_vec())
                .ok()?
                .replace("\r\n", "\n")
                .into_bytes(),
        )
    }));
    if recipe.signed.request.draft.body.kind() == "form" {
        add_form(all, code);
    }
}

fn add_form(all: &mut Vec<Variation>, code: M) {
    let form = |text: &'static str, code: M, change: fn(&str) -> Option<String>| {
        body(Claim::new(code, text), move |own| {
            Some(change(std::str::from_utf8(own).ok()?)?.into_bytes())
        })
    };
    all.push(form(
        "the form is signed before percent-encoding, but sent after it",
        M::SIGNED_BEFORE_ENCODING,
        |text| {
            let pairs = raw_pairs(text).into_iter();
            let decoded = pairs.map(|(name, value)| {
                Some((
                    form_decoded(&name)?,
                    Some(form_decoded(&value.unwrap_or_default())?),
                ))
            });
            Some(join_raw(&decoded.collect::<Option<Vec<_>>>()?))
        },
    ));
    all.push(form(
        "spaces of the form are signed as `%20` and sent as `+`",
        M::BLANK_AS_PLUS,
        |text| Some(text.replace('+', "%20")),
    ));
    all.push(form(
        "spaces of the form are signed as `+` and sent as `%20`",
        M::BLANK_AS_PLUS,
        |text| Some(text.replace("%20", "+")),
    ));
    all.push(form(
        "the fields of the form are sorted in the text, but not in the request",
        M::PARAMETER_ORDER,
        |text| {
            let mut pairs: Vec<&str> = text.split('&').collect();
            pairs.sort_unstable();
            Some(pairs.join("&"))
        },
    ));
    for (alphabet, name) in Alphabet::ALL {
        let claim = Claim::new(M::OTHER_ALPHABET, format!("the form is signed in {name}"));
        all.push(body(claim, move |own| {
            let pairs = raw_pairs(std::str::from_utf8(own).ok()?).into_iter();
            let encoded = pairs.map(|(name, value)| {
                let value = form_decoded(&value.unwrap_or_default())?;
                Some((
                    alphabet.encode(&form_decoded(&name)?),
                    Some(alphabet.encode(&value)),
                ))
            });
            Some(join_raw(&encoded.collect::<Option<Vec<_>>>()?).into_bytes())
        }));
    }
    all.push(form("the form is signed as JSON", code, |text| {
        let members = crate::wire::parse_form(text).into_iter();
        let members = members.map(|(name, value)| (name.into(), Value::from(value)));
        Some(Value::Object(members.collect()).to_json())
    }));
}

/// A body that the recipe does not cover, at the end of the text or behind the path.
fn add_uncovered(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let body = recipe.signed.request.body.clone();
    for between in ["", "\n", "&", "."] {
        let body = body.clone();
        let claim = Claim::new(
            M::OTHER_RECIPE,
            "the body is signed, but the scheme does not sign it",
        );
        let append = move |text: &[u8]| Some([text, between.as_bytes(), &body].concat());
        all.push(Variation::new(
            claim,
            VariedPart::Body,
            Edit::Bytes(Rc::new(append)),
        ));
    }
}

/// Objects and lists that stand as text in the values of parameters.
fn add_nested(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    if recipe.chains.is_empty() {
        return;
    }
    let count = json_spellings(&Value::Null).len();
    let has_nested =
        |pairs: &[(String, String)]| pairs.iter().any(|(_, value)| value.starts_with(['{', '[']));
    let request = &recipe.signed.request;
    let nested = [
        request.json_pairs(),
        request.form_pairs(),
        request.query_pairs(),
    ];
    if !nested.iter().any(|pairs| has_nested(pairs)) {
        return;
    }
    for index in 0..count {
        let how = json_spellings(&Value::Null)[index].1;
        let claim = Claim::new(
            M::BODY_TWICE,
            format!("objects and lists in values are signed {how}"),
        );
        all.push(Variation::pairs(
            claim,
            ChainPlace::Chosen,
            move |mut pairs| {
                for (_, value) in &mut pairs {
                    if let (true, Ok(json)) = (
                        value.starts_with(['{', '[']),
                        value::parse(value.as_bytes()),
                    ) {
                        *value = json_spellings(&json).swap_remove(index).0;
                    }
                }
                Some(pairs)
            },
        ));
    }
}
