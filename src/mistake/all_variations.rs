//! All variations of a text, in the order in which they are tried.

use super::recipe::Recipe;
use super::suspect::Surroundings;
use super::variation::Variation;
use super::{
    body_variations, header_variations, path_variations, query_variations, text_variations,
    time_variations,
};

/// All variations of the text, the most frequent mistakes first.
pub(super) fn all_variations(recipe: &Recipe<'_>, around: &Surroundings<'_>) -> Vec<Variation> {
    let mut all = query_variations::query_variations(recipe);
    all.extend(path_variations::method_variations(recipe));
    all.extend(path_variations::path_variations(recipe, around));
    all.extend(path_variations::host_variations(recipe, around));
    all.extend(header_variations::header_variations(recipe));
    all.extend(body_variations::body_variations(recipe));
    all.extend(time_variations::time_variations(recipe));
    all.extend(time_variations::level_variations(recipe));
    all.extend(time_variations::constant_variations(recipe, around));
    all.extend(text_variations::text_variations(recipe));
    // Stable: within one mistake the order of the list stays.
    all.sort_by_key(|variation| variation.claim.code);
    all
}
