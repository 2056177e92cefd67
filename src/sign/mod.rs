//! The scheme interpreter: level, prepare, freeze, steps, attach, trace; and `verify`, the same
//! read backwards. It reads no clock, no store and no environment: time, chance, token and
//! credentials arrive as values.

mod asymmetric;
mod asymmetric_key;
#[cfg(test)]
mod asymmetric_tests;
mod authentication;
mod clock;
mod crypto;
mod freeze;
mod incoming;
mod jwt;
mod key_error;
mod key_text;
mod lint;
mod lint_finding;
mod mentioned_names;
mod pkce;
mod reproduce;
mod rsa;
mod sandbox_lint;
mod scope;
mod seal;
mod secret_placement;
mod sent_value;
mod token;
mod vector;
mod verify;

pub(crate) use asymmetric_key::key_fault;
pub(crate) use authentication::authentication;
pub(crate) use clock::{read_time, write_time};
pub(crate) use crypto::{HmacKey, digest_bytes, hmac_bytes};
pub(crate) use freeze::FrozenRequest;
pub(crate) use incoming::{
    Arrived, IncomingError, check_incoming, incoming_credentials, incoming_steps,
    is_equal_in_constant_time,
};
pub(crate) use jwt::TokenText;
pub use lint::{lint, sends_signature};
pub(crate) use lint_finding::LintFinding;
pub(crate) use pkce::{pkce_challenge, pkce_verifier};
pub(crate) use reproduce::{
    OperandSide, Operands, Pairs, PairsEdit, Recomputation, SignatureVerifier, SignedRequest,
    StepEdits, TextEdit, ingredients, salt_fault, signature_bytes,
};
pub use scope::{NamedValues, SigningInputs};
pub(crate) use seal::{SealError, SignTrace, TraceLine, seal_written};
pub use seal::{SealedRequest, choose_level, seal};
pub(crate) use sent_value::all_sent_values;
pub use token::{authorize_draft, token_draft};
pub use vector::run_vector;
pub(crate) use vector::vector_trace;
pub use verify::{ReceivedRequest, TestAccount, VerifierKeys, verify};
pub(crate) use verify::{VerifiedRequest, VerifyError, members_used, parse_body};
