//! Finds out why a signature is wrong. A request that was received is signed again by its scheme; if
//! the result differs from what was sent, variations of inputs and steps are tried until one gives
//! exactly what was sent. Only that is called a mistake: everything else is an observation, or a
//! difference of two texts. It reads no clock, sends nothing, and returns no secret: its texts name
//! secrets as `‹cred.x›`.

mod all_variations;
mod alone;
mod body_variations;
mod call;
mod case;
mod catalogue;
mod chain;
mod chain_variations;
mod diagnosis;
mod difference;
mod form;
mod header_variations;
mod key_variations;
mod observation;
mod operation;
mod pair_variations;
mod path_variations;
mod push;
mod query_edits;
mod query_text;
mod query_variations;
mod raw_query_variations;
mod recipe;
mod search;
mod sent_observations;
mod shown;
mod suspect;
mod text_variations;
mod time_variations;
mod token_search;
mod value_spellings;
mod variation;
mod verdict;

pub use catalogue::MistakeCode;
pub use diagnosis::{
    ProvenMistake, SentStep, SignatureDiagnosis, SignatureVerdict, TextComparison, TextSource,
};
pub use difference::{TextDifference, first_difference};
pub use observation::RequestObservation;
pub use shown::KnownSecrets;
pub use suspect::{SuspectKind, SuspectRequest};

use crate::method::Method;
use crate::model::scheme::{Scheme, SigningProcedure, Token};
use crate::sign::{SealError, choose_level};

/// Tells what is wrong with a signature, or that nothing is.
#[must_use]
pub fn diagnose(suspect: &SuspectRequest<'_>) -> SignatureDiagnosis {
    let result = match suspect.kind {
        SuspectKind::Push(webhook) => push::diagnose_push(suspect, webhook),
        SuspectKind::Call | SuspectKind::Level(_) | SuspectKind::Procedure(_) => {
            let (procedure, level) = chosen_procedure(suspect);
            call::diagnose_call(suspect, procedure, level)
        }
    };
    result.unwrap_or_else(|error: SealError| {
        SignatureDiagnosis::unknown(format!("the scheme cannot sign this request: {error}"))
    })
}

/// How a call is signed, and the name of its level.
fn chosen_procedure<'a>(suspect: &SuspectRequest<'a>) -> (&'a SigningProcedure, &'a str) {
    let received = suspect.received;
    let path = received
        .target
        .split_once('?')
        .map_or(received.target.as_str(), |(path, _)| path);
    let below = path.strip_prefix(received.base.path()).unwrap_or(path);
    let named = match suspect.kind {
        SuspectKind::Procedure(procedure) => return (procedure, ""),
        SuspectKind::Level(name) => Some(name),
        SuspectKind::Call | SuspectKind::Push(_) => {
            if let Some(procedure) = token_procedure(suspect.scheme, received.method, below) {
                return (procedure, "");
            }
            None
        }
    };
    let level = choose_level(suspect.scheme, named, received.method, below);
    (&level.procedure, &level.name)
}

/// The procedure of the token request that is sent with this method to this path.
fn token_procedure<'s>(
    scheme: &'s Scheme,
    method: Method,
    path: &str,
) -> Option<&'s SigningProcedure> {
    let mut requests = scheme.tokens.iter().flat_map(Token::requests);
    requests
        .find(|request| request.method == method && request.path.as_literal() == Some(path))
        .map(|request| &request.procedure)
}
