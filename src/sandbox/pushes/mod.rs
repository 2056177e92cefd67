//! The pushes that the sandbox sends: made of the events of a scheme's webhooks, signed with the
//! sandbox's keys against the address that the user named, and sent there and nowhere else.

mod order;
mod push_error;
mod sender;
mod sent_push;
mod signed_push;

pub(super) use order::{BrokenPart, PushOrder};
pub(super) use push_error::PushError;
pub(super) use sender::PushSender;
pub(super) use sent_push::SentPush;
