//! Receives what a marketplace sends to an address of ours: verifies it with the webhooks of the
//! scheme, tells why a signature is wrong, and passes on what is right as it came. It never shows a
//! body or a query, which hold personal data, and passes nothing on that it did not verify.

mod examiner;
mod forward;
mod judge;
mod record;
mod server;

pub(crate) use examiner::PushExaminer;
pub(crate) use forward::{ForwardAddress, ForwardAddressError};
pub(crate) use judge::PushKeys;
pub(crate) use record::PushReport;
pub(crate) use server::PushServer;
