//! The text that a marketplace says it signed, out of its refusal.

use crate::value::{self, Value};

/// A candidate shorter than this is a word, not a text to sign.
const MIN_TEXT: usize = 8;

/// The part of a refusal that is most like one of the texts that the scheme signs; `None` if no part
/// is like any of them.
#[must_use]
pub(super) fn server_text(refusal: &str, signed: &[&str]) -> Option<String> {
    let candidates = candidates(refusal);
    let likeness = |candidate: &str| {
        let best = signed.iter().map(|text| likeness(candidate, text)).max();
        best.unwrap_or(0)
    };
    let best = candidates.into_iter().max_by_key(|text| likeness(text))?;
    // Three of four bytes at its ends are those of the text.
    (likeness(&best) * 4 >= best.len() * 3 || likeness(&best) >= 32).then_some(best)
}

/// Bytes that are equal at the beginning and at the end.
pub(super) fn likeness(left: &str, right: &str) -> usize {
    let same = |pairs: &mut dyn Iterator<Item = (u8, u8)>| {
        pairs.take_while(|(left, right)| left == right).count()
    };
    let before = same(&mut left.bytes().zip(right.bytes()));
    let after = same(&mut left.bytes().rev().zip(right.bytes().rev()));
    (before + after).min(left.len()).min(right.len())
}

/// The whole text, the texts of its JSON, what stands in quotes, and what stands in elements.
fn candidates(refusal: &str) -> Vec<String> {
    let mut texts = vec![refusal.trim().to_owned()];
    if let Ok(json) = value::parse(refusal.trim().as_bytes()) {
        add_texts(&json, &mut texts);
    }
    let whole = texts.clone();
    for text in whole {
        for (open, close) in [("'", "'"), ("\"", "\""), (">", "<"), ("[", "]"), ("`", "`")] {
            add_between(&text, open, close, &mut texts);
        }
        // `origin_string[…]`, `string to sign: …`
        let behind_colon = text.lines().filter_map(|line| line.split_once(": "));
        let behind_colon: Vec<String> = behind_colon.map(|(_, text)| text.to_owned()).collect();
        texts.extend(behind_colon);
    }
    texts.retain(|text| text.len() >= MIN_TEXT);
    texts
}

fn add_texts(json: &Value, texts: &mut Vec<String>) {
    match json {
        Value::Object(members) => members
            .iter()
            .for_each(|(_, value)| add_texts(value, texts)),
        Value::List(values) => values.iter().for_each(|value| add_texts(value, texts)),
        _ => texts.extend(json.as_str().map(str::to_owned)),
    }
}

fn add_between(text: &str, open: &str, close: &str, texts: &mut Vec<String>) {
    let mut rest = text;
    // A refusal is a small text; a large one must not cost a second.
    for _ in 0..200 {
        let Some((_, after)) = rest.split_once(open) else {
            return;
        };
        let Some((inside, behind)) = after.split_once(close) else {
            return;
        };
        let inside = inside
            .replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#10;", "\n")
            .replace("&quot;", "\"");
        texts.push(inside);
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_that_a_server_signed_is_found_in_what_it_printed() {
        let signed = ["GET\n/a\nx=1\nhost:h", "abcdef0123"];
        for refusal in [
            "{\"errors\":[{\"message\":\"The Canonical String for this request should have been\\n'GET\\n/b\\nx=1\\nhost:h'\\n\"}]}",
            "<Error><StringToSign>GET\n/b\nx=1\nhost:h</StringToSign></Error>",
            "signature does not match, origin_string[GET\n/b\nx=1\nhost:h]",
            "GET\n/b\nx=1\nhost:h\n",
        ] {
            assert_eq!(
                server_text(refusal, &signed).as_deref(),
                Some("GET\n/b\nx=1\nhost:h"),
                "{refusal}"
            );
        }
        assert_eq!(
            server_text(
                "{\"error\":\"error_sign\",\"message\":\"Wrong sign.\"}",
                &signed
            ),
            None
        );
    }
}
