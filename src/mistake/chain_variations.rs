//! Variations of parameters that go through a chain of filters.

use super::catalogue::MistakeCode as M;
use super::chain::{Chain, ChainPlace};
use super::query_edits::{each_raw, edit_sources, raw, set_query};
use super::query_text::{Alphabet, percent_decoded, permutations, swap_escape_case};
use super::recipe::Recipe;
use super::value_spellings::{EMPTY_WORDS, respelled, shared_spellings, value_spellings};
use super::variation::{Claim, Edit, Variation, VariedPart};
use crate::model::scheme::{RequestPart, SignStep};
use crate::sign::Pairs;
use std::rc::Rc;

/// How many parameters are permuted, left out one by one, and changed one by one.
const MAX_PERMUTED: usize = 5;
const MAX_SINGLE: usize = 20;

/// Each name and value of pairs changed by itself.
fn each(pairs: Pairs, change: impl Fn(&str) -> Option<String>) -> Option<Pairs> {
    let changed = pairs
        .into_iter()
        .map(|(name, value)| Some((change(&name)?, change(&value)?)));
    changed.collect()
}

pub(super) fn add_chain(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let encodes = recipe.chains.iter().any(Chain::encodes);
    if encodes {
        all.push(Variation::pairs(
            Claim::plain(M::SIGNED_BEFORE_ENCODING),
            ChainPlace::Joined,
            Some,
        ));
        for (alphabet, name) in Alphabet::ALL {
            let code = match alphabet {
                Alphabet::QuotePlus => M::BLANK_AS_PLUS,
                _ => M::OTHER_ALPHABET,
            };
            let claim = Claim::new(code, format!("the parameters are signed in {name}"));
            all.push(Variation::pairs(claim, ChainPlace::Joined, move |pairs| {
                each(pairs, |text| Some(alphabet.encode(text)))
            }));
        }
        let claim = Claim::new(
            M::OTHER_ALPHABET,
            "the hex digits of escapes are in lower case",
        );
        all.push(Variation::pairs(claim, ChainPlace::Joined, |pairs| {
            each(pairs, |text| {
                Some(swap_escape_case(&Alphabet::Rfc3986.encode(text)))
            })
        }));
        for alphabet in [Alphabet::Rfc3986, Alphabet::Form] {
            all.push(Variation::pairs(
                Claim::plain(M::ENCODED_TWICE),
                ChainPlace::Chosen,
                move |pairs| {
                    let values = pairs.into_iter();
                    Some(
                        values
                            .map(|(name, value)| (name, alphabet.encode(&value)))
                            .collect(),
                    )
                },
            ));
            // Without the parameters that the scheme adds itself.
            all.push(Variation::request(
                Claim::plain(M::ENCODED_TWICE),
                VariedPart::Query,
                move |request| {
                    let twice = each_raw(&request.query, |text| Some(alphabet.encode(text)));
                    if let Some(query) = twice {
                        set_query(request, query);
                    }
                },
            ));
        }
    } else {
        for (alphabet, name) in Alphabet::ALL {
            let claim = Claim::new(
                M::ENCODED_IN_TEXT,
                format!("names and values are percent-encoded in the text, in {name}"),
            );
            all.push(Variation::pairs(
                claim.clone(),
                ChainPlace::Joined,
                move |pairs| each(pairs, |text| Some(alphabet.encode(text))),
            ));
            all.push(Variation::pairs(claim, ChainPlace::Joined, move |pairs| {
                let values = pairs.into_iter();
                Some(
                    values
                        .map(|(name, value)| (name, alphabet.encode(&value)))
                        .collect(),
                )
            }));
        }
        // As they are sent.
        all.push(raw(Claim::plain(M::ENCODED_IN_TEXT), |query| {
            each_raw(query, |text| {
                Some(text.replace('%', "%25").replace('+', "%2B"))
            })
        }));
    }
    add_chain_blanks(all);
    add_chain_missing(recipe, all);
    add_chain_order(encodes, all);
    add_system_first(recipe, all);
    add_chain_values(recipe, all);
    add_chain_separators(recipe, all);
    add_chain_sets(recipe, all);
}

fn add_chain_blanks(all: &mut Vec<Variation>) {
    all.push(raw(
        Claim::new(
            M::BLANK_AS_PLUS,
            "a `+` in the query is signed as a plus, but means a space",
        ),
        |query| Some(query.replace('+', "%2B")),
    ));
    all.push(Variation::pairs(
        Claim::new(M::BLANK_AS_PLUS, "spaces are signed as `+`"),
        ChainPlace::Chosen,
        |pairs| each(pairs, |text| Some(text.replace(' ', "+"))),
    ));
    all.push(Variation::pairs(
        Claim::new(M::BLANK_AS_PLUS, "spaces are signed as `%20`"),
        ChainPlace::Encoded,
        |pairs| each(pairs, |text| Some(text.replace(' ', "%20"))),
    ));
    all.push(Variation::pairs(
        Claim::new(M::BLANK_AS_PLUS, "spaces are signed as `+`"),
        ChainPlace::Encoded,
        |pairs| each(pairs, |text| Some(text.replace("%20", "+"))),
    ));
    all.push(Variation::pairs(
        Claim::new(
            M::BLANK_AS_PLUS,
            "a plus is signed as it is, without its encoding",
        ),
        ChainPlace::Encoded,
        |pairs| each(pairs, |text| Some(text.replace("%2B", "+"))),
    ));
    all.push(Variation::pairs(
        Claim::new(M::BLANK_AS_PLUS, "a plus is signed as a space"),
        ChainPlace::Chosen,
        |pairs| each(pairs, |text| Some(text.replace('+', " "))),
    ));
    all.push(Variation::pairs(
        Claim::new(M::ENCODED_TWICE, "values are decoded once more in the text"),
        ChainPlace::Chosen,
        |pairs| each(pairs, percent_decoded),
    ));
}

/// The names that the chains can see.
fn chain_names(recipe: &Recipe<'_>) -> Vec<String> {
    let request = &recipe.signed.request;
    let mut names: Vec<String> = Vec::new();
    let all = request
        .query_pairs()
        .into_iter()
        .chain(request.form_pairs())
        .chain(request.json_pairs());
    for (name, _) in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for value in &recipe.signed.sent {
        let name = value.field.clone();
        if value.part != RequestPart::Header && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the scheme itself adds a parameter of this name.
fn is_system(recipe: &Recipe<'_>, name: &str) -> bool {
    recipe
        .signed
        .prepared
        .iter()
        .any(|(_, known)| known == name)
}

fn add_chain_missing(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let names = chain_names(recipe);
    for name in names.iter().take(MAX_SINGLE) {
        let is_token = name.contains("token") || name.contains("sign");
        let code = if is_token {
            M::SIGNED_SET
        } else {
            M::PARAMETERS_MISSING
        };
        let claim = Claim::new(
            code,
            format!("the parameter `{name}` is missing from the text"),
        );
        let name = name.clone();
        all.push(Variation::pairs(
            claim,
            ChainPlace::Chosen,
            move |mut pairs| {
                pairs.retain(|(known, _)| *known != name);
                Some(pairs)
            },
        ));
    }
    let keep = |claim: &str, wanted: Vec<String>| {
        let claim = Claim::new(M::PARAMETERS_MISSING, claim);
        Variation::pairs(claim, ChainPlace::Chosen, move |mut pairs| {
            pairs.retain(|(name, _)| wanted.contains(name));
            Some(pairs)
        })
    };
    let (system, own): (Vec<String>, Vec<String>) = names
        .iter()
        .cloned()
        .partition(|name| is_system(recipe, name));
    all.push(keep(
        "only the parameters that the scheme adds are signed",
        system,
    ));
    all.push(keep(
        "the parameters that the scheme adds are missing from the text",
        own,
    ));
    all.push(keep("all parameters are missing from the text", Vec::new()));
    let query: Vec<String> = recipe
        .signed
        .request
        .query_pairs()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let form: Vec<String> = recipe
        .signed
        .request
        .form_pairs()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    if !form.is_empty() && !query.is_empty() {
        all.push(keep(
            "the fields of the body are missing from the text",
            query.clone(),
        ));
        all.push(keep(
            "the parameters of the query are missing from the text",
            form,
        ));
    }
    for count in 1..names.len().min(MAX_SINGLE) {
        let claim = format!(
            "the parameters from `{}` on are missing from the text",
            names[count]
        );
        all.push(keep(&claim, names[..count].to_vec()));
    }
    for first in 0..names.len().min(MAX_PERMUTED + 2) {
        for second in first + 1..names.len().min(MAX_PERMUTED + 2) {
            let (one, other) = (names[first].clone(), names[second].clone());
            let text = format!("the parameters `{one}` and `{other}` are missing from the text");
            let claim = Claim::new(M::PARAMETERS_MISSING, text);
            all.push(Variation::pairs(
                claim,
                ChainPlace::Chosen,
                move |mut pairs| {
                    pairs.retain(|(name, _)| *name != one && *name != other);
                    Some(pairs)
                },
            ));
        }
    }
}

/// How programs sort: what they do, where, and the order that comes out.
type Sorting = (M, &'static str, ChainPlace, fn(&mut Pairs));

const SORTINGS: [Sorting; 10] = [
    (
        M::PARAMETER_ORDER,
        "not sorted in the text",
        ChainPlace::Unsorted,
        |_| {},
    ),
    (
        M::PARAMETER_ORDER,
        "in reverse order in the text",
        ChainPlace::Unsorted,
        |pairs| {
            pairs.sort();
            pairs.reverse();
        },
    ),
    (
        M::PARAMETER_ORDER,
        "in the reverse of the order of sending",
        ChainPlace::Unsorted,
        |pairs| pairs.reverse(),
    ),
    (
        M::PARAMETER_ORDER,
        "sorted by their values",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by(|left, right| left.1.cmp(&right.1)),
    ),
    (
        M::OTHER_SORTING,
        "sorted ignoring case",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by_key(|(name, value)| (name.to_lowercase(), value.clone())),
    ),
    (
        M::OTHER_SORTING,
        "sorted by the order of a language",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by_key(|(name, value)| (locale_key(name), value.clone())),
    ),
    (
        M::OTHER_SORTING,
        "sorted by name only, and those of one name stay as sent",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by(|left, right| left.0.cmp(&right.0)),
    ),
    (
        M::OTHER_SORTING,
        "sorted with numbers in names as numbers",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by_key(|(name, _)| natural_key(name)),
    ),
    (
        M::OTHER_SORTING,
        "sorted by `name=value`",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by_key(|(name, value)| format!("{name}={value}")),
    ),
    (
        M::OTHER_SORTING,
        "sorted by name and value as one text",
        ChainPlace::Unsorted,
        |pairs| pairs.sort_by_key(|(name, value)| format!("{name}{value}")),
    ),
];

/// Only where names and values are encoded.
const ENCODED_SORTINGS: [Sorting; 2] = [
    (
        M::OTHER_SORTING,
        "sorted before percent-encoding instead of after it",
        ChainPlace::Unsorted,
        |pairs| pairs.sort(),
    ),
    (
        M::OTHER_SORTING,
        "sorted after percent-encoding instead of before it",
        ChainPlace::Encoded,
        |pairs| pairs.sort(),
    ),
];

fn add_chain_order(encodes: bool, all: &mut Vec<Variation>) {
    let encoded = ENCODED_SORTINGS.into_iter().filter(|_| encodes);
    for (code, how, place, sort) in SORTINGS.into_iter().chain(encoded) {
        let claim = Claim::new(code, format!("the parameters are {how}"));
        all.push(Variation::pairs(claim, place, move |mut pairs| {
            sort(&mut pairs);
            Some(pairs)
        }));
    }
    // An unordered map gives any order.
    for seed in permutations(&[0_usize, 1, 2, 3, 4]) {
        let claim = Claim::new(
            M::PARAMETER_ORDER,
            "the parameters are in another order in the text",
        );
        all.push(Variation::pairs(
            claim,
            ChainPlace::Unsorted,
            move |mut pairs| {
                pairs.sort();
                if pairs.len() > MAX_PERMUTED || pairs.len() < 2 {
                    return None;
                }
                let wanted = seed.iter().filter(|index| **index < pairs.len());
                Some(wanted.map(|index| pairs[*index].clone()).collect())
            },
        ));
    }
}

/// The parameters that the scheme adds, sorted, before or behind those of the caller, sorted.
fn add_system_first(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let names = chain_names(recipe).into_iter();
    let system: Vec<String> = names.filter(|name| is_system(recipe, name)).collect();
    for (are_last, how) in [(false, "before"), (true, "behind")] {
        let text = format!(
            "the parameters that the scheme adds are signed {how} the others, each group sorted"
        );
        let system = system.clone();
        all.push(Variation::pairs(
            Claim::new(M::PARAMETER_ORDER, text),
            ChainPlace::Unsorted,
            move |mut pairs| {
                pairs.sort();
                pairs.sort_by_key(|(name, _)| system.contains(name) == are_last);
                Some(pairs)
            },
        ));
    }
}

/// Letters without their case, punctuation passed over, as languages sort.
fn locale_key(name: &str) -> (String, String) {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    (letters.collect::<String>().to_lowercase(), name.to_owned())
}

fn natural_key(name: &str) -> Vec<(String, u64)> {
    let mut key: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut in_number = false;
    for letter in name.chars() {
        let is_digit = letter.is_ascii_digit();
        if in_number && !is_digit {
            key.push((String::new(), 0));
        }
        in_number = is_digit;
        if let Some((text, number)) = key.last_mut() {
            match letter.to_digit(10) {
                Some(digit) => *number = number.saturating_mul(10).saturating_add(digit.into()),
                None => text.push(letter),
            }
        }
    }
    key
}

fn add_chain_values(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let empty = |what: &str| {
        Claim::new(
            M::EMPTY_VALUES,
            format!("parameters without a value are {what} in the text"),
        )
    };
    all.push(Variation::pairs(
        empty("left out"),
        ChainPlace::Chosen,
        |mut pairs| {
            pairs.retain(|(_, value)| !value.is_empty());
            Some(pairs)
        },
    ));
    if recipe.chains.iter().any(|chain| chain.has("nonempty")) {
        all.push(Variation::new(
            empty("kept"),
            VariedPart::Query,
            Edit::Steps(Rc::new(|steps: &mut Vec<SignStep>| {
                edit_sources(steps, &|source| source.replace("| nonempty", ""));
            })),
        ));
    }
    for word in EMPTY_WORDS {
        let text = format!("parameters with the value `{word}` are missing from the text");
        all.push(Variation::pairs(
            Claim::new(M::EMPTY_VALUES, text),
            ChainPlace::Chosen,
            move |mut pairs| {
                pairs.retain(|(_, value)| value != word);
                Some(pairs)
            },
        ));
        let text = format!("`{word}` is signed for an empty value");
        let claim = Claim::new(M::EMPTY_VALUES, text);
        all.push(Variation::pairs(
            claim.clone(),
            ChainPlace::Start,
            move |mut pairs| {
                for (_, value) in &mut pairs {
                    if value.is_empty() {
                        word.clone_into(value);
                    }
                }
                Some(pairs)
            },
        ));
    }
    add_same_spellings(recipe, all);
    add_spellings(recipe, all);
    add_repeated(all);
}

fn add_spellings(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let request = &recipe.signed.request;
    let sent = request
        .query_pairs()
        .into_iter()
        .chain(request.form_pairs())
        .chain(request.json_pairs());
    for (name, value) in sent.take(MAX_SINGLE) {
        for (spelling, what) in value_spellings(&value) {
            let text = format!("the value of `{name}` is signed {what}");
            let (name, value) = (name.clone(), value.clone());
            all.push(Variation::pairs(
                Claim::new(M::VALUE_SPELLING, text),
                ChainPlace::Chosen,
                move |mut pairs| {
                    for (known, own) in &mut pairs {
                        if *known == name && *own == value {
                            own.clone_from(&spelling);
                        }
                    }
                    Some(pairs)
                },
            ));
        }
    }
}

/// All values that a program writes in its own way: every number with two decimals.
fn add_same_spellings(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let request = &recipe.signed.request;
    let pairs = [
        request.query_pairs(),
        request.form_pairs(),
        request.json_pairs(),
    ];
    let values = pairs.into_iter().flatten().map(|(_, value)| value);
    for rule in shared_spellings(values) {
        let text = format!("values are signed {}", rule.0);
        all.push(Variation::pairs(
            Claim::new(M::VALUE_SPELLING, text),
            ChainPlace::Chosen,
            move |pairs| each_value(pairs, |value| Some(respelled(value, &rule))),
        ));
    }
}

fn each_value(pairs: Pairs, change: impl Fn(&str) -> Option<String>) -> Option<Pairs> {
    let changed = pairs
        .into_iter()
        .map(|(name, value)| Some((name, change(&value)?)));
    changed.collect()
}

/// Several values of one name.
fn add_repeated(all: &mut Vec<Variation>) {
    all.push(Variation::pairs(
        Claim::new(
            M::VALUE_SPELLING,
            "values of one name are signed as one, with commas",
        ),
        ChainPlace::Chosen,
        |pairs| Some(merged(pairs)),
    ));
    all.push(Variation::pairs(
        Claim::new(
            M::VALUE_SPELLING,
            "of several values of one name only the last is signed",
        ),
        ChainPlace::Chosen,
        |pairs| {
            let mut kept: Pairs = Vec::new();
            for (name, value) in pairs {
                kept.retain(|(known, _)| *known != name);
                kept.push((name, value));
            }
            Some(kept)
        },
    ));
    all.push(Variation::pairs(
        Claim::new(
            M::VALUE_SPELLING,
            "of several values of one name only the first is signed",
        ),
        ChainPlace::Chosen,
        |pairs| {
            let mut kept: Pairs = Vec::new();
            for (name, value) in pairs {
                if !kept.iter().any(|(known, _)| *known == name) {
                    kept.push((name, value));
                }
            }
            Some(kept)
        },
    ));
    all.push(Variation::pairs(
        Claim::new(M::VALUE_SPELLING, "all values are trimmed in the text"),
        ChainPlace::Chosen,
        |pairs| each(pairs, |text| Some(text.trim().to_owned())),
    ));
}

fn merged(pairs: Pairs) -> Pairs {
    let mut out: Pairs = Vec::new();
    for (name, value) in pairs {
        match out.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.push(',');
                known.push_str(&value);
            }
            None => out.push((name, value)),
        }
    }
    out
}

fn add_chain_separators(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let Some(chain) = recipe.chains.first() else {
        return;
    };
    add_bare_names(chain, all);
    let (right, encodes) = (chain.separators(), chain.joins_encoded());
    for (inner, outer) in [
        ("", ""),
        ("=", "&"),
        ("=", ""),
        ("", "&"),
        ("=", ","),
        (":", ","),
        ("=", ";"),
        ("=", "|"),
        ("=", "\n"),
        (":", "\n"),
        (":", ""),
    ] {
        if (inner, outer) == (right.0.as_str(), right.1.as_str()) {
            continue;
        }
        let claim = Claim::new(
            M::SEPARATORS,
            "the parameters are joined with other separators",
        );
        all.push(Variation::pairs(claim, ChainPlace::Bare, move |pairs| {
            let pairs = if encodes {
                each(pairs, |text| Some(Alphabet::Rfc3986.encode(text)))?
            } else {
                pairs
            };
            let joined: Vec<String> = pairs
                .into_iter()
                .map(|(name, value)| format!("{name}{inner}{value}"))
                .collect();
            Some(vec![(joined.join(outer), String::new())])
        }));
    }
    if !right.1.is_empty() {
        let outer = right.1;
        for (before, after) in [("", outer.as_str()), (outer.as_str(), ""), ("?", "")] {
            let (before, after) = (before.to_owned(), after.to_owned());
            all.push(Variation::pairs(
                Claim::plain(M::QUERY_SEPARATORS),
                ChainPlace::Encoded,
                move |mut pairs| {
                    let first = pairs.first_mut()?;
                    first.0 = format!("{before}{}", first.0);
                    pairs.last_mut()?.1.push_str(&after);
                    Some(pairs)
                },
            ));
        }
    }
    all.push(Variation::pairs(
        Claim::new(
            M::SEPARATORS,
            "only the values are joined, without the names",
        ),
        ChainPlace::Bare,
        |pairs| {
            Some(
                pairs
                    .into_iter()
                    .map(|(_, value)| (String::new(), value))
                    .collect(),
            )
        },
    ));
}

/// `name` for `name=`, where names and values have a mark between.
fn add_bare_names(chain: &Chain, all: &mut Vec<Variation>) {
    let ((inner, outer), encodes) = (chain.separators(), chain.joins_encoded());
    if inner.is_empty() {
        return;
    }
    let claim = Claim::new(
        M::EMPTY_VALUES,
        "parameters without a value are written without `=` in the text",
    );
    all.push(Variation::pairs(claim, ChainPlace::Bare, move |pairs| {
        let encoded = |text: &str| {
            if encodes {
                Alphabet::Rfc3986.encode(text)
            } else {
                text.to_owned()
            }
        };
        let joined: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| match value.as_str() {
                "" => encoded(&name),
                value => format!("{}{inner}{}", encoded(&name), encoded(value)),
            })
            .collect();
        Some(vec![(joined.join(&outer), String::new())])
    }));
}

/// What the recipe leaves out or takes from one part only.
fn add_chain_sets(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let dropped: Vec<String> = recipe.chains.iter().flat_map(Chain::dropped).collect();
    for name in dropped {
        // A token that is sent elsewhere, such as in a header.
        if let Some(value) = recipe.value(&format!("token.{name}")) {
            let text = format!("`{name}` is signed; it must not be in the text");
            let pair = (name.clone(), value);
            all.push(Variation::pairs(
                Claim::new(M::SIGNED_SET, text),
                ChainPlace::Chosen,
                move |mut pairs| {
                    pairs.push(pair.clone());
                    Some(pairs)
                },
            ));
        }
        let text = format!("`{name}` is signed; it must not be in the text");
        let edit = Edit::Steps(Rc::new(move |steps: &mut Vec<SignStep>| {
            edit_sources(steps, &|source| without_quoted(source, &name));
        }));
        all.push(Variation::new(
            Claim::new(M::SIGNED_SET, text),
            VariedPart::Query,
            edit,
        ));
    }
    for (from, to, text) in [
        (
            "| also(req.form_pairs)",
            "",
            "the fields of the form are missing from the text",
        ),
        (
            "| also(req.multipart_pairs)",
            "",
            "the fields of the multipart body are missing from the text",
        ),
        (
            "req.query_pairs",
            "req.query_pairs | also(req.form_pairs)",
            "the fields of the form are signed too",
        ),
        (
            "req.query_pairs",
            "req.query_pairs | also(req.multipart_pairs)",
            "the fields of the multipart body are signed too",
        ),
        (
            "req.query_pairs",
            "req.query_pairs | also(req.json_pairs)",
            "the members of the JSON body are signed too",
        ),
        (
            "req.query_pairs",
            "req.form_pairs",
            "the fields of the form are signed instead of the query",
        ),
        (
            "req.form_pairs",
            "req.query_pairs",
            "the query is signed instead of the fields of the form",
        ),
        (
            "req.json_pairs",
            "req.query_pairs",
            "the query is signed instead of the members of the body",
        ),
        (
            "req.json_pairs",
            "req.json_pairs | also(req.query_pairs)",
            "the query is signed too",
        ),
        (
            "req.query_pairs",
            "req.json_pairs",
            "the members of the JSON body are signed instead of the query",
        ),
    ] {
        let code = match (from, to) {
            (_, "") => M::FORM_AND_MULTIPART,
            (_, to) if to.contains("multipart") || to.contains("also(req.form") => {
                M::FORM_AND_MULTIPART
            }
            _ => M::WRONG_PLACE,
        };
        let edit = Edit::Steps(Rc::new(move |steps: &mut Vec<SignStep>| {
            edit_sources(steps, &|source| source.replace(from, to));
        }));
        all.push(Variation::new(
            Claim::new(code, text),
            VariedPart::Query,
            edit,
        ));
    }
}

/// A quoted name out of the arguments of a filter.
fn without_quoted(source: &str, name: &str) -> String {
    let mut out = source.to_owned();
    for quote in ['\'', '"'] {
        let quoted = format!("{quote}{name}{quote}");
        for with in [format!(", {quoted}"), format!("{quoted}, "), quoted] {
            out = out.replace(&with, "");
        }
    }
    out
}
