//! Finds out why a signature is wrong. A request that was received is signed again by its scheme; if
//! the result differs from what was sent, variations of inputs and steps are tried until one gives
//! exactly what was sent. Only that is called a mistake: everything else is an observation, or a
//! difference of two texts. It reads no clock but the monotonic one that ends a long search, sends
//! nothing, and returns no secret: its texts name secrets as `‹cred.x›`.

mod all_variations;
mod alone;
mod body_variations;
mod call;
mod candidate_texts;
mod case;
mod catalogue;
mod chain;
mod chain_variations;
mod diagnosis;
mod difference;
mod form;
mod header_variations;
mod key_variations;
mod limit;
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
mod sent_secrets;
mod server_text;
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
pub(crate) use limit::SEARCH_TIME;
pub use observation::RequestObservation;
pub(crate) use sent_secrets::sent_secrets;
pub use shown::KnownSecrets;
pub use suspect::{SuspectKind, SuspectRequest};

use crate::method::Method;
use crate::model::scheme::{Scheme, SigningProcedure, Token};
use crate::sign::{ReceivedRequest, SealError, choose_level};
use std::time::Duration;

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

/// The text that a marketplace says it signed, out of the refusal that it printed. It is known by the
/// texts that the scheme signs; no mistake is searched for.
#[must_use]
pub(crate) fn text_in_refusal(refusal: &str, suspect: &SuspectRequest<'_>) -> Option<String> {
    let signed = diagnose(&SuspectRequest {
        time_limit: Duration::ZERO,
        server_text: None,
        own_text: None,
        ..*suspect
    });
    let trace = signed.trace?;
    let texts: Vec<&str> = trace.lines.iter().map(|line| line.value.as_str()).collect();
    server_text::server_text(refusal, &texts)
}

/// How a call is signed, and the name of its level.
fn chosen_procedure<'a>(suspect: &SuspectRequest<'a>) -> (&'a SigningProcedure, &'a str) {
    match suspect.kind {
        SuspectKind::Procedure(procedure) => (procedure, ""),
        SuspectKind::Level(name) => called_procedure(suspect.scheme, Some(name), suspect.received),
        SuspectKind::Call | SuspectKind::Push(_) => {
            called_procedure(suspect.scheme, None, suspect.received)
        }
    }
}

/// How a request to the marketplace is signed, and the name of its level: the one that is named,
/// else the one of a token request, else the one that the rules of the scheme choose.
pub(crate) fn called_procedure<'s>(
    scheme: &'s Scheme,
    level: Option<&str>,
    received: &ReceivedRequest,
) -> (&'s SigningProcedure, &'s str) {
    let path = received.path();
    let below = path.strip_prefix(received.base.path()).unwrap_or(path);
    if level.is_none()
        && let Some(procedure) = token_procedure(scheme, received.method, below)
    {
        return (procedure, "");
    }
    let level = choose_level(scheme, level, received.method, below);
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
