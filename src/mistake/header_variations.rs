//! Variations of headers that a signature covers.

use super::catalogue::MistakeCode as M;
use super::recipe::Recipe;
use super::variation::{Claim, Variation, VariedPart};

/// What clients and proxies make of `Accept-Encoding`.
const ENCODINGS: [&str; 9] = [
    "identity",
    "gzip",
    "gzip, deflate",
    "gzip, deflate, br",
    "gzip, deflate, br, zstd",
    "*",
    "",
    "gzip,gzip(gfe)",
    "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
];

const TYPES: [&str; 8] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; charset=UTF-8",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "text/plain;charset=UTF-8",
    "text/plain; charset=utf-8",
];

pub(super) fn header_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    if !recipe.reads(&["header_pairs", "headers"]) {
        return all;
    }
    // A header that the signature names, or any, where it names none.
    let named: Vec<String> = recipe
        .signed
        .sent
        .iter()
        .filter(|value| value.is_chosen)
        .flat_map(|value| value.text.split(';').map(str::to_ascii_lowercase))
        .collect();
    let is_covered = |name: &str| named.is_empty() || named.iter().any(|known| known == name);
    let headers = &recipe.signed.request.draft.headers;
    for (name, value) in headers.iter().filter(|(name, _)| is_covered(name)) {
        let values: Vec<&str> = match name.as_str() {
            "accept-encoding" => ENCODINGS.to_vec(),
            "content-type" => TYPES.to_vec(),
            _ => Vec::new(),
        };
        let code = if name == "accept-encoding" {
            M::ACCEPT_ENCODING
        } else {
            M::HEADER_CHANGED
        };
        for other in values.into_iter().filter(|other| other != value) {
            let text = format!("`{name}: {other}` is signed, but `{value}` was sent");
            all.push(set(Claim::new(code, text), name, other.to_owned()));
        }
        let essence = value.split(';').next().unwrap_or_default().trim();
        let length = recipe.signed.request.body.len();
        for (other, how) in [
            (essence.to_owned(), "without its parameters"),
            (format!("{essence};charset=utf-8"), "with a charset"),
            (format!("{essence}; charset=utf-8"), "with a charset"),
            (value.to_lowercase(), "in lower case"),
            (value.to_uppercase(), "in capitals"),
            (String::new(), "with an empty value"),
            (value.replace(' ', ""), "without blanks"),
        ] {
            let text = format!("the header `{name}` is signed {how}");
            all.push(set(Claim::new(code, text), name, other));
        }
        if name == "content-length" {
            for other in [length.to_string(), "0".to_owned()] {
                let text = format!("`{name}: {other}` is signed");
                all.push(set(Claim::new(code, text), name, other));
            }
        }
        let text = format!("the header `{name}` is missing from the text");
        let gone = name.clone();
        all.push(Variation::request(
            Claim::new(code, text),
            VariedPart::Header,
            move |request| {
                request.draft.headers.retain(|(known, _)| *known != gone);
            },
        ));
    }
    for name in named
        .iter()
        .filter(|name| !headers.iter().any(|(known, _)| known == *name))
    {
        let values: &[&str] = match name.as_str() {
            "accept-encoding" => &ENCODINGS,
            "content-type" => &TYPES,
            _ => &[""],
        };
        for value in values {
            let text = format!("`{name}: {value}` is signed, but the header did not arrive");
            let (name, value) = (name.clone(), (*value).to_owned());
            all.push(Variation::request(
                Claim::new(M::HEADER_CHANGED, text),
                VariedPart::Header,
                move |request| {
                    request.draft.headers.push((name.clone(), value.clone()));
                },
            ));
        }
    }
    all
}

fn set(claim: Claim, name: &str, value: String) -> Variation {
    let name = name.to_owned();
    Variation::request(claim, VariedPart::Header, move |request| {
        for (known, own) in &mut request.draft.headers {
            if *known == name {
                own.clone_from(&value);
            }
        }
    })
}
