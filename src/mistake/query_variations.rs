//! Variations of the query and of the pairs that a signature covers. A recipe takes the query as raw
//! text, or as pairs that go through a chain of filters; each has its own way to the same mistakes.

use super::catalogue::MistakeCode as M;
use super::chain_variations::add_chain;
use super::query_edits::{RAW_QUERY, each_raw, set_query};
use super::query_text::{Alphabet, form_decoded};
use super::raw_query_variations::add_raw;
use super::recipe::Recipe;
use super::variation::{Claim, Edit, Variation, VariedPart};
use crate::model::scheme::RequestPart;
use crate::sign::FrozenRequest;
use std::rc::Rc;

pub(super) fn query_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    if recipe.reads(&RAW_QUERY) && !recipe.signed.request.query.is_empty() {
        add_raw(recipe, &mut all);
    }
    if recipe.reads(&["path_query", "url"]) && recipe.signed.request.query.is_empty() {
        all.push(Variation::request(
            Claim::plain(M::QUERY_SEPARATORS),
            VariedPart::Path,
            |request| request.draft.path.push('?'),
        ));
    }
    if !recipe.chains.is_empty() {
        add_chain(recipe, &mut all);
    }
    add_attached(recipe, &mut all);
    if !recipe.reads(&RAW_QUERY) && !recipe.signed.request.query.is_empty() {
        add_uncovered(recipe, &mut all);
    }
    all
}

/// Parameters that are attached after signing, signed all the same.
fn add_attached(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let signed = recipe.signed;
    for value in &signed.sent {
        let is_attached = signed
            .attached
            .iter()
            .any(|(part, name)| *part == value.part && *name == value.field);
        let is_signature = recipe.steps.iter().any(|step| step.id == value.name);
        if value.part != RequestPart::Query || !is_attached || is_signature {
            continue;
        }
        let text = format!("`{}` is signed; it must not be in the text", value.field);
        let pair = format!(
            "{}={}",
            Alphabet::Rfc3986.encode(&value.field),
            Alphabet::Rfc3986.encode(&value.text)
        );
        all.push(Variation::request(
            Claim::new(M::SIGNED_SET, text),
            VariedPart::Query,
            move |request| {
                let query = if request.query.is_empty() {
                    pair.clone()
                } else {
                    format!("{}&{pair}", request.query)
                };
                set_query(request, query);
            },
        ));
    }
}

/// The query where the recipe does not look at it: behind the path, or at the end of the text.
fn add_uncovered(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    type Respell = fn(&str) -> Option<String>;
    let spellings: [(&str, Respell); 4] = [
        ("as it is sent", |query| Some(query.to_owned())),
        ("decoded", |query| each_raw(query, form_decoded)),
        ("encoded again", |query| {
            each_raw(query, |text| {
                Some(Alphabet::Rfc3986.encode(&form_decoded(text)?))
            })
        }),
        ("sorted", |query| {
            let mut texts: Vec<&str> = query.split('&').collect();
            texts.sort_unstable();
            Some(texts.join("&"))
        }),
    ];
    for (how, respell) in spellings {
        for mark in ["?", ""] {
            let text = format!("the query is signed ({how}); only the path must be signed");
            if recipe.reads(&["path", "api_path"]) {
                all.push(Variation::request(
                    Claim::new(M::QUERY_IN_PATH, text.clone()),
                    VariedPart::Query,
                    move |request| {
                        if let Some(query) = respell(&whole_query(request)) {
                            request.draft.path.push_str(mark);
                            request.draft.path.push_str(&query);
                        }
                    },
                ));
            }
        }
        let text = format!("the query is signed ({how}) at the end of the text");
        let query = whole_query(&recipe.signed.request);
        let code = if recipe.chains.is_empty() {
            M::QUERY_IN_PATH
        } else {
            M::SIGNED_SET
        };
        for mark in ["", "?", "&", "\n"] {
            let query = query.clone();
            all.push(Variation::new(
                Claim::new(code, text.clone()),
                VariedPart::Query,
                Edit::Bytes(Rc::new(move |bytes: &[u8]| {
                    let query = respell(&query)?;
                    Some([bytes, mark.as_bytes(), query.as_bytes()].concat())
                })),
            ));
        }
    }
}

fn whole_query(request: &FrozenRequest) -> String {
    request.query.clone()
}
