//! The scheme interpreter: level, prepare, freeze, steps, attach, trace; and `verify`, the same
//! read backwards. It reads no clock, no store and no environment: time, chance, token and
//! credentials arrive as values.

mod clock;
mod crypto;
mod freeze;
mod lint;
mod scope;
mod seal;
mod token;
mod vector;
mod verify;

pub use clock::write_time;
pub use crypto::{CryptoError, bcrypt_with_salt};
pub use lint::{LintFinding, lint};
pub use scope::{NamedValues, SigningInputs};
pub use seal::{SealError, SealedRequest, SignTrace, TraceLine, choose_level, seal};
pub use token::{authorize_draft, token_draft};
pub use vector::{VectorResult, run_vector};
pub use verify::{
    ReceivedRequest, VerifiedRequest, VerifierKeys, VerifyError, members_used, verify,
};
