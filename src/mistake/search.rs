//! The search: single variations in the order in which mistakes are met, then pairs. A hit is a
//! proof, because nothing but exactly what was sent is one.

use super::all_variations::all_variations;
use super::case::Case;
use super::catalogue::MistakeCode;
use super::diagnosis::{Found, ProvenMistake, proven};
use super::key_variations::{KeyCandidate, key_candidates};
use super::operation::{Operation, operations};
use super::pair_variations::{likely_keys, likely_texts, other_recipe, pairs_of_edits};
use super::suspect::{Surroundings, SuspectRequest};
use super::time_variations::near_milliseconds;
use super::variation::{Claim, Edit, Variation, edited_text};
use crate::model::scheme::SignOp;
use std::collections::HashMap;

/// How many signatures are computed for one request.
const MAX_TRIALS: usize = 2_000;
/// How many pairs of texts are tried before other keys and operations.
const MAX_TEXT_PAIRS: usize = 250;
/// How many operations are combined with other texts and keys.
const MAX_OPERATIONS: usize = 10;
/// One bcrypt hash takes as long as so many other signatures.
const SLOW_TRIALS: usize = 20;

/// Texts with the variations that give them.
struct Texts {
    /// The first text of each claim's sentence.
    by_claim: HashMap<String, usize>,
    /// Marked where the secret stands.
    texts: Vec<Vec<u8>>,
    claims: Vec<Vec<Claim>>,
    known: HashMap<Vec<u8>, usize>,
}

impl Texts {
    fn new(right: Vec<u8>) -> Self {
        let mut texts = Self {
            by_claim: HashMap::new(),
            texts: Vec::new(),
            claims: Vec::new(),
            known: HashMap::new(),
        };
        texts.known.insert(right.clone(), 0);
        texts.texts.push(right);
        texts.claims.push(Vec::new());
        texts
    }

    /// `None` when the text is the right one.
    fn add(&mut self, text: Vec<u8>, claim: &Claim) -> Option<usize> {
        let index = self.add_text(text, claim)?;
        self.by_claim.entry(claim.text.clone()).or_insert(index);
        Some(index)
    }

    /// Other mistakes that give the same text as this variation.
    fn alternatives(&self, variation: &Variation) -> Vec<MistakeCode> {
        let index = self.by_claim.get(&variation.claim.text);
        let claims = index.and_then(|index| self.claims.get(*index));
        let codes = claims.into_iter().flatten().map(|claim| claim.code);
        codes.filter(|code| *code != variation.claim.code).collect()
    }

    fn add_text(&mut self, text: Vec<u8>, claim: &Claim) -> Option<usize> {
        match self.known.get(&text) {
            Some(0) => None,
            Some(index) => {
                let claims = &mut self.claims[*index];
                if !claims.iter().any(|known| known.code == claim.code) {
                    claims.push(claim.clone());
                }
                Some(*index)
            }
            None => {
                let index = self.texts.len();
                self.known.insert(text.clone(), index);
                self.texts.push(text);
                self.claims.push(vec![claim.clone()]);
                Some(index)
            }
        }
    }
}

pub(super) struct VariationSearch<'s, 'a> {
    case: &'s Case<'a>,
    around: &'s Surroundings<'s>,
    tried: usize,
    left_out: Vec<String>,
}

impl<'s, 'a> VariationSearch<'s, 'a> {
    pub(super) fn new(case: &'s Case<'a>, around: &'s Surroundings<'s>) -> Self {
        Self {
            case,
            around,
            tried: 0,
            left_out: Vec::new(),
        }
    }

    fn is_slow(&self) -> bool {
        matches!(self.case.recipe.operation(), SignOp::Bcrypt { .. })
    }

    pub(super) fn run(mut self, suspect: &SuspectRequest<'_>) -> (Found, usize, Vec<String>) {
        let found = self.find(suspect);
        let found = found.map_or(Found::Nothing, Found::Mistakes);
        (found, self.tried, self.left_out)
    }

    fn find(&mut self, suspect: &SuspectRequest<'_>) -> Option<Vec<ProvenMistake>> {
        let recipe = &self.case.recipe;
        let right = edited_text(recipe, &[])?;
        let keys = key_candidates(recipe, self.around);
        let mut operations = operations(recipe.operation());
        operations.retain(|operation| operation.claim.is_none() || self.fits(operation));
        let right_key = keys.first().filter(|key| key.claim.is_none())?;
        let right_operation = operations.first()?;
        // The spelling of the signature alone.
        if let Some(claims) = self.try_one(right_key, right_operation, &right, None) {
            return Some(claims);
        }
        let variations = all_variations(recipe, self.around);
        let mut texts = Texts::new(right.clone());
        let mut first_texts: Vec<(usize, usize)> = Vec::new();
        for (nth, variation) in variations.iter().enumerate() {
            let edits: Vec<&Edit> = variation.edits.iter().collect();
            let text = edited_text(recipe, &edits);
            let index = text.and_then(|text| texts.add(text, &variation.claim));
            if let Some(index) = index
                && !first_texts.iter().any(|(known, _)| *known == index)
            {
                first_texts.push((index, nth));
            }
        }
        for (index, _) in &first_texts {
            let found = self.try_one(
                right_key,
                right_operation,
                &texts.texts[*index],
                Some(&texts.claims[*index]),
            );
            if found.is_some() {
                return found;
            }
        }
        for key in &keys[1..] {
            let found = self.try_one(key, right_operation, &right, None);
            if found.is_some() {
                return found;
            }
        }
        for operation in &operations[1..] {
            let found = self.try_one(right_key, operation, &right, None);
            if found.is_some() {
                return found;
            }
        }
        if let Some(found) = other_recipe(self.case, suspect, &mut self.tried) {
            return Some(found);
        }
        if self.is_slow() {
            self.left_out
                .push("pairs of mistakes: one bcrypt hash takes too long".to_owned());
            return None;
        }
        self.find_pairs(&variations, &mut texts, &first_texts, &keys, &operations)
            .or_else(|| self.find_near_time(right_key, right_operation))
    }

    /// Pairs of a text with key or operation, then pairs of two texts.
    fn find_pairs(
        &mut self,
        variations: &[Variation],
        texts: &mut Texts,
        first_texts: &[(usize, usize)],
        keys: &[KeyCandidate],
        operations: &[Operation],
    ) -> Option<Vec<ProvenMistake>> {
        let (right_key, right_operation) = (keys.first()?, operations.first()?);
        let right = texts.texts.first()?.clone();
        let few = pairs_of_edits(variations, first_texts, 1);
        if let Some(found) = self.try_text_pairs(&few, MAX_TEXT_PAIRS, texts, keys, operations) {
            return Some(found);
        }
        let keys_chosen = likely_keys(keys);
        for index in likely_texts(variations, first_texts) {
            let (text, claims) = (&texts.texts[index], texts.claims[index].as_slice());
            for key in &keys_chosen {
                let found = self.try_one(key, right_operation, text, Some(claims));
                if found.is_some() {
                    return found;
                }
            }
            for operation in operations.iter().skip(1).take(MAX_OPERATIONS) {
                let found = self.try_one(right_key, operation, text, Some(claims));
                if found.is_some() {
                    return found;
                }
            }
        }
        for key in &keys_chosen {
            for operation in operations.iter().skip(1).take(MAX_OPERATIONS) {
                let found = self.try_one(key, operation, &right, None);
                if found.is_some() {
                    return found;
                }
            }
        }
        // No text gives what was sent when its length is of another operation.
        if !self.fits(right_operation) {
            return None;
        }
        let more = pairs_of_edits(variations, first_texts, 4);
        self.try_text_pairs(&more, MAX_TRIALS, texts, keys, operations)
    }

    fn try_text_pairs(
        &mut self,
        pairs: &[(&Variation, &Variation)],
        most: usize,
        texts: &mut Texts,
        keys: &[KeyCandidate],
        operations: &[Operation],
    ) -> Option<Vec<ProvenMistake>> {
        let (right_key, right_operation) = (keys.first()?, operations.first()?);
        for (one, other) in pairs.iter().take(most) {
            if self.is_spent() {
                break;
            }
            let edits: Vec<&Edit> = one.edits.iter().chain(&other.edits).collect();
            let Some(text) = edited_text(&self.case.recipe, &edits) else {
                continue;
            };
            // A text that one of them gives alone has been tried.
            if texts.known.contains_key(&text) {
                continue;
            }
            texts.known.insert(text.clone(), usize::MAX);
            let Some(more) = self.try_one(right_key, right_operation, &text, None) else {
                continue;
            };
            let mut found = vec![
                proven(&one.claim, texts.alternatives(one)),
                proven(&other.claim, texts.alternatives(other)),
            ];
            found.extend(more);
            return Some(found);
        }
        None
    }

    fn find_near_time(
        &mut self,
        key: &KeyCandidate,
        operation: &Operation,
    ) -> Option<Vec<ProvenMistake>> {
        for variation in near_milliseconds(&self.case.recipe) {
            if !self.fits(operation) || self.is_spent() {
                return None;
            }
            let edits: Vec<&Edit> = variation.edits.iter().collect();
            let text = edited_text(&self.case.recipe, &edits)?;
            let claims = [variation.claim];
            let found = self.try_one(key, operation, &text, Some(&claims));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Whether what was sent can be what this operation gives, by its length.
    fn fits(&self, operation: &Operation) -> bool {
        operation.length().is_none_or(|length| {
            self.case
                .forms
                .iter()
                .any(|form| form.bytes.len() == length)
        })
    }

    fn is_spent(&mut self) -> bool {
        let is_spent = self.tried >= MAX_TRIALS;
        if is_spent && self.left_out.is_empty() {
            self.left_out.push(format!(
                "what is rarer: {MAX_TRIALS} signatures were computed"
            ));
        }
        is_spent
    }

    /// One signature. `Some` when it is the one that was sent, with everything that was changed; an
    /// empty list never, because the right signature is not searched for.
    fn try_one(
        &mut self,
        key: &KeyCandidate,
        operation: &Operation,
        text: &[u8],
        text_claims: Option<&[Claim]>,
    ) -> Option<Vec<ProvenMistake>> {
        if !self.fits(operation) || self.is_spent() {
            return None;
        }
        self.tried += if self.is_slow() { SLOW_TRIALS } else { 1 };
        let computed = operation.compute(&self.case.recipe, &key.key, &key.secret, text)?;
        let form = self.case.right.judge(&self.case.forms, &computed).ok()?;
        let mut mistakes = Vec::new();
        if let Some((first, others)) = text_claims.and_then(<[Claim]>::split_first) {
            let or = others.iter().map(|claim| claim.code).collect();
            mistakes.push(proven(first, or));
        }
        let more = [&key.claim, &operation.claim, &form];
        mistakes.extend(
            more.into_iter()
                .flatten()
                .map(|claim| proven(claim, Vec::new())),
        );
        Some(mistakes)
    }
}
