//! Variations of a query that goes into the text as it is sent.

use super::catalogue::MistakeCode as M;
use super::query_edits::{each_raw, raw};
use super::query_text::{
    Alphabet, RawPair, form_decoded, join_raw, percent_decoded, permutations, raw_pairs,
    swap_escape_case,
};
use super::recipe::Recipe;
use super::value_spellings::{EMPTY_WORDS, respelled, shared_spellings, value_spellings};
use super::variation::{Claim, Edit, Variation, VariedPart};
use std::rc::Rc;

/// How many parameters are permuted, left out one by one, and changed one by one.
const MAX_PERMUTED: usize = 5;
const MAX_SINGLE: usize = 20;

pub(super) fn add_raw(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let query = &recipe.signed.request.query;
    all.push(raw(Claim::plain(M::SIGNED_BEFORE_ENCODING), |query| {
        each_raw(query, form_decoded)
    }));
    all.push(raw(Claim::plain(M::SIGNED_BEFORE_ENCODING), |query| {
        each_raw(query, percent_decoded)
    }));
    all.push(raw(Claim::plain(M::BLANK_AS_PLUS), |query| {
        Some(query.replace('+', "%20"))
    }));
    all.push(raw(Claim::plain(M::BLANK_AS_PLUS), |query| {
        Some(query.replace("%20", "+"))
    }));
    all.push(raw(
        Claim::new(
            M::BLANK_AS_PLUS,
            "a `+` is sent unencoded, but `%2B` is signed",
        ),
        |query| Some(query.replace('+', "%2B")),
    ));
    all.push(raw(
        Claim::new(
            M::BLANK_AS_PLUS,
            "a plus is signed as `+` and sent as `%2B`",
        ),
        |query| Some(query.replace("%2B", "+").replace("%2b", "+")),
    ));
    for (alphabet, name) in Alphabet::ALL {
        let claim = Claim::new(M::OTHER_ALPHABET, format!("the query is signed in {name}"));
        all.push(raw(claim, move |query| {
            each_raw(query, |text| Some(alphabet.encode(&form_decoded(text)?)))
        }));
        let claim = Claim::new(M::OTHER_ALPHABET, format!("the query is signed in {name}"));
        all.push(raw(claim, move |query| {
            each_raw(query, |text| Some(alphabet.encode(&percent_decoded(text)?)))
        }));
    }
    all.push(raw(
        Claim::new(
            M::OTHER_ALPHABET,
            "the hex digits of escapes are in the other case",
        ),
        |query| Some(swap_escape_case(query)),
    ));
    for alphabet in [Alphabet::Rfc3986, Alphabet::Form] {
        all.push(raw(Claim::plain(M::ENCODED_TWICE), move |query| {
            each_raw(query, |text| Some(alphabet.encode(text)))
        }));
    }
    all.push(raw(
        Claim::new(
            M::ENCODED_TWICE,
            "values that are encoded twice are decoded once in the text",
        ),
        |query| each_raw(query, percent_decoded),
    ));
    all.push(raw(
        Claim::new(
            M::ENCODED_IN_TEXT,
            "characters that are sent unencoded are encoded in the text",
        ),
        |query| {
            each_raw(query, |text| {
                let kept: String = text
                    .chars()
                    .map(|letter| {
                        if letter == '%' || letter == '+' {
                            letter.to_string()
                        } else {
                            Alphabet::Rfc3986.encode(&letter.to_string())
                        }
                    })
                    .collect();
                Some(kept)
            })
        },
    ));
    all.push(raw(
        Claim::new(M::PARAMETERS_MISSING, "the query is missing from the text"),
        |_| Some(String::new()),
    ));
    add_raw_missing(query, all);
    add_raw_order(query, all);
    add_raw_values(query, all);
    add_raw_separators(all);
    all.push(raw(Claim::plain(M::QUERY_REWRITTEN), |query| {
        Some(numbered_lists(query))
    }));
    all.push(raw(Claim::plain(M::QUERY_REWRITTEN), |query| {
        Some(unnumbered_lists(query))
    }));
}

fn add_raw_missing(query: &str, all: &mut Vec<Variation>) {
    let pairs = raw_pairs(query);
    for index in 0..pairs.len().min(MAX_SINGLE) {
        let text = format!(
            "the parameter `{}` is missing from the text",
            pairs[index].0
        );
        all.push(raw(Claim::new(M::PARAMETERS_MISSING, text), move |query| {
            let mut pairs = raw_pairs(query);
            (index < pairs.len()).then(|| pairs.remove(index))?;
            Some(join_raw(&pairs))
        }));
    }
    for (count, (name, _)) in pairs.iter().enumerate().take(MAX_SINGLE).skip(1) {
        let text = format!("the parameters from `{name}` on are missing from the text");
        all.push(raw(Claim::new(M::PARAMETERS_MISSING, text), move |query| {
            Some(join_raw(raw_pairs(query).get(..count)?))
        }));
    }
    for first in 0..pairs.len().min(MAX_PERMUTED) {
        for second in first + 1..pairs.len().min(MAX_PERMUTED) {
            let (one, other) = (&pairs[first].0, &pairs[second].0);
            let text = format!("the parameters `{one}` and `{other}` are missing from the text");
            all.push(raw(Claim::new(M::PARAMETERS_MISSING, text), move |query| {
                let mut pairs = raw_pairs(query);
                (second < pairs.len()).then(|| pairs.remove(second))?;
                pairs.remove(first);
                Some(join_raw(&pairs))
            }));
        }
    }
}

fn add_raw_order(query: &str, all: &mut Vec<Variation>) {
    let order = |what: &str| Claim::new(M::PARAMETER_ORDER, format!("the parameters are {what}"));
    all.push(raw(
        order("sorted by name in the text, but not in the request"),
        |query| {
            let mut pairs = raw_pairs(query);
            pairs.sort_by(|left, right| left.0.cmp(&right.0));
            Some(join_raw(&pairs))
        },
    ));
    all.push(raw(
        order("sorted in the text, but not in the request"),
        |query| {
            let mut texts: Vec<&str> = query.split('&').collect();
            texts.sort_unstable();
            Some(texts.join("&"))
        },
    ));
    all.push(raw(order("in reverse order in the text"), |query| {
        let mut pairs = raw_pairs(query);
        pairs.reverse();
        Some(join_raw(&pairs))
    }));
    all.push(raw(
        Claim::new(
            M::OTHER_SORTING,
            "the parameters are sorted in the text, ignoring case",
        ),
        |query| {
            let mut pairs = raw_pairs(query);
            pairs.sort_by_key(|(name, _)| name.to_lowercase());
            Some(join_raw(&pairs))
        },
    ));
    let count = raw_pairs(query).len();
    if count <= MAX_PERMUTED {
        let indices: Vec<usize> = (0..count).collect();
        for permuted in permutations(&indices) {
            all.push(raw(order("in another order in the text"), move |query| {
                let pairs = raw_pairs(query);
                let ordered = permuted.iter().map(|index| pairs.get(*index).cloned());
                Some(join_raw(&ordered.collect::<Option<Vec<_>>>()?))
            }));
        }
    }
}

/// All values that a program writes in its own way, and several values of one name.
fn add_raw_shared(query: &str, all: &mut Vec<Variation>) {
    let values = raw_pairs(query).into_iter();
    let values: Vec<String> = values
        .filter_map(|(_, value)| form_decoded(&value?))
        .collect();
    for rule in shared_spellings(values.into_iter()) {
        let text = format!("values are signed {}", rule.0);
        all.push(raw(Claim::new(M::VALUE_SPELLING, text), move |query| {
            let mut pairs = raw_pairs(query);
            for value in pairs.iter_mut().filter_map(|(_, value)| value.as_mut()) {
                let plain = form_decoded(value)?;
                let other = respelled(&plain, &rule);
                if other != plain {
                    *value = Alphabet::Rfc3986.encode(&other);
                }
            }
            Some(join_raw(&pairs))
        }));
    }
    for comma in [",", "%2C"] {
        let claim = Claim::new(
            M::VALUE_SPELLING,
            "values of one name are signed as one, with commas",
        );
        all.push(raw(claim, move |query| {
            let mut merged: Vec<RawPair> = Vec::new();
            for (name, value) in raw_pairs(query) {
                match merged.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, Some(known))) => {
                        known.push_str(comma);
                        known.push_str(&value.unwrap_or_default());
                    }
                    _ => merged.push((name, value)),
                }
            }
            Some(join_raw(&merged))
        }));
    }
}

fn add_raw_values(query: &str, all: &mut Vec<Variation>) {
    add_raw_shared(query, all);
    for (index, (name, value)) in raw_pairs(query).into_iter().enumerate().take(MAX_SINGLE) {
        let Some(plain) = value.as_deref().and_then(form_decoded) else {
            continue;
        };
        for (spelling, what) in value_spellings(&plain) {
            let text = format!("the value of `{name}` is signed {what}");
            all.push(raw(Claim::new(M::VALUE_SPELLING, text), move |query| {
                let mut pairs = raw_pairs(query);
                pairs.get_mut(index)?.1 = Some(Alphabet::Rfc3986.encode(&spelling));
                Some(join_raw(&pairs))
            }));
        }
    }
    let empty = |what: &str| {
        Claim::new(
            M::EMPTY_VALUES,
            format!("parameters without a value are {what} in the text"),
        )
    };
    all.push(raw(empty("left out"), |query| {
        let mut pairs = raw_pairs(query);
        pairs.retain(|(_, value)| value.as_deref().is_some_and(|value| !value.is_empty()));
        Some(join_raw(&pairs))
    }));
    all.push(raw(empty("written without `=`"), |query| {
        let mut pairs = raw_pairs(query);
        for (_, value) in &mut pairs {
            value.take_if(|value| value.is_empty());
        }
        Some(join_raw(&pairs))
    }));
    all.push(raw(empty("written with `=`"), |query| {
        let mut pairs = raw_pairs(query);
        for (_, value) in &mut pairs {
            value.get_or_insert_default();
        }
        Some(join_raw(&pairs))
    }));
    for word in EMPTY_WORDS {
        let text = format!("parameters with the value `{word}` are missing from the text");
        all.push(raw(Claim::new(M::EMPTY_VALUES, text), move |query| {
            let mut pairs = raw_pairs(query);
            pairs.retain(|(_, value)| value.as_deref() != Some(word));
            Some(join_raw(&pairs))
        }));
        let text = format!("`{word}` is signed for an empty value");
        all.push(raw(Claim::new(M::EMPTY_VALUES, text), move |query| {
            let mut pairs = raw_pairs(query);
            for (_, value) in &mut pairs {
                if value.as_deref().is_none_or(str::is_empty) {
                    *value = Some(word.to_owned());
                }
            }
            Some(join_raw(&pairs))
        }));
    }
}

fn add_raw_separators(all: &mut Vec<Variation>) {
    for (before, after) in [("?", ""), ("&", ""), ("", "&"), ("?", "&"), ("", "?")] {
        all.push(raw(Claim::plain(M::QUERY_SEPARATORS), move |query| {
            Some(format!("{before}{query}{after}"))
        }));
    }
    // In a text that takes query and path as one, the `?` is its own.
    let change = |text: &str| text.contains('?').then(|| text.replacen('?', "", 1));
    all.push(Variation::new(
        Claim::plain(M::QUERY_SEPARATORS),
        VariedPart::Query,
        Edit::Text(None, Rc::new(change)),
    ));
    for (from, to) in [
        ("&", ""),
        ("&", "&amp;"),
        ("&", ","),
        ("=", ""),
        ("&", "\n"),
    ] {
        all.push(raw(
            Claim::new(
                M::SEPARATORS,
                "the parameters are joined with other separators",
            ),
            move |query| Some(query.replace(from, to)),
        ));
    }
    all.push(raw(
        Claim::new(
            M::SEPARATORS,
            "the parameters are joined without `=` and `&`",
        ),
        |query| Some(query.replace(['&', '='], "")),
    ));
}

/// `t[]=a&t[]=b` as `t[0]=a&t[1]=b`, as frameworks write lists.
fn numbered_lists(query: &str) -> String {
    let mut counts: Vec<String> = Vec::new();
    let mut pairs = raw_pairs(query);
    for (name, _) in &mut pairs {
        for (empty, open, close) in [("[]", "[", "]"), ("%5B%5D", "%5B", "%5D")] {
            let Some(stem) = name.strip_suffix(empty).map(str::to_owned) else {
                continue;
            };
            let index = counts.iter().filter(|known| **known == stem).count();
            counts.push(stem.clone());
            *name = format!("{stem}{open}{index}{close}");
        }
    }
    join_raw(&pairs)
}

fn unnumbered_lists(query: &str) -> String {
    let mut pairs = raw_pairs(query);
    for (name, _) in &mut pairs {
        for (open, close) in [("[", "]"), ("%5B", "%5D")] {
            let inside = name
                .strip_suffix(close)
                .and_then(|rest| rest.rsplit_once(open));
            let numbered =
                inside.filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit()));
            if let Some((stem, _)) = numbered {
                *name = format!("{stem}{open}{close}");
                break;
            }
        }
    }
    join_raw(&pairs)
}
