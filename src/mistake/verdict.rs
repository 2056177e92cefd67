//! The verdict on one signature, and what is left when nothing was proven.

use super::case::Case;
use super::diagnosis::{
    Found, ProvenMistake, SentStep, SignatureDiagnosis, SignatureVerdict, TextComparison,
    TextSource,
};
use super::limit::SearchLimit;
use super::observation::RequestObservation;
use super::search::VariationSearch;
use super::shown::KnownSecrets;
use super::suspect::{Surroundings, SuspectRequest};
use super::token_search;
use crate::sign::SignTrace;

pub(super) fn diagnose_case(
    case: Case<'_>,
    suspect: &SuspectRequest<'_>,
    level: &str,
    mut observations: Vec<RequestObservation>,
) -> SignatureDiagnosis {
    let secrets = KnownSecrets::of(suspect.scheme, suspect.accounts, suspect.received);
    let around = Surroundings::of(suspect);
    let limit = SearchLimit::new(suspect.time_limit);
    let (verdict, tried, left_out) = if token_search::is_verified(case.recipe.operation()) {
        token_search::search(&case, &around, limit)
    } else if case.is_equal() {
        (Found::Equal, 1, Vec::new())
    } else {
        VariationSearch::new(&case, &around, limit).run(suspect)
    };
    let verdict = match verdict {
        Found::Equal => SignatureVerdict::Equal {
            account: case.recipe.account.name.clone(),
            level: level.to_owned(),
        },
        Found::Mistakes(mistakes) => SignatureVerdict::Mistakes(
            mistakes
                .into_iter()
                .map(|mistake| hidden(mistake, &secrets))
                .collect(),
        ),
        Found::Nothing => SignatureVerdict::Different,
    };
    if !matches!(verdict, SignatureVerdict::Different) {
        observations.retain(|observation| !observation.is_about_signature);
    }
    for observation in &mut observations {
        observation.text = secrets.hide(&observation.text);
    }
    let differences = case.differences(suspect, &secrets);
    let suspects = suspects(&verdict, &observations, &differences);
    let is_equal = matches!(verdict, SignatureVerdict::Equal { .. });
    SignatureDiagnosis {
        sent_steps: vec![SentStep {
            id: case.recipe.steps[case.sent.step].id.clone(),
            location: case.sent.location.clone(),
            sent: case.sent.text.clone(),
            expected: (!case.recipe.operation().has_many_results())
                .then(|| case.lines[case.sent.step].value.clone()),
            is_right: is_equal,
        }],
        verdict,
        observations,
        trace: Some(SignTrace {
            ts: case.recipe.signed.ts.clone(),
            lines: case.lines,
            ..SignTrace::default()
        }),
        differences,
        tried,
        left_out,
        suspects,
    }
}

fn hidden(mistake: ProvenMistake, secrets: &KnownSecrets) -> ProvenMistake {
    ProvenMistake {
        text: secrets.hide(&mistake.text),
        ..mistake
    }
}

/// What is left when nothing was proven.
fn suspects(
    verdict: &SignatureVerdict,
    observations: &[RequestObservation],
    differences: &[TextComparison],
) -> Vec<String> {
    if !matches!(verdict, SignatureVerdict::Different) {
        return Vec::new();
    }
    let mut suspects = Vec::new();
    let equal = differences
        .iter()
        .find(|comparison| comparison.difference.is_none());
    if let Some(equal) = equal {
        let whose = match equal.source {
            TextSource::Server => "the marketplace",
            TextSource::Own => "the other program",
        };
        suspects.push(format!(
            "the text is equal to the text that {whose} signs, so the key is wrong: compare its length and its last characters with the key in the console of the marketplace, or issue a new key"
        ));
        return suspects;
    }
    if observations.is_empty() && differences.is_empty() {
        suspects.push(
            "no variation of the text produces the sent signature and the time is valid, so the key is probably wrong: try the key of another account or a new key; if the signature still differs, the text is wrong"
                .to_owned(),
        );
    }
    if differences.is_empty() {
        suspects.push(
            "print the text that the other program signs, and save it in a file: `ingam verify REQUEST --message FILE` compares it byte by byte"
                .to_owned(),
        );
    }
    suspects
}
