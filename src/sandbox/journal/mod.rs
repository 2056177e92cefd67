//! What arrived at the marketplaces, what became of it, and why signatures were refused. It keeps
//! the last requests only, and refuses to hold an answer back.

mod diagnosis;
mod entry;
mod examine;
mod filter;
mod line;
mod push_ring;
mod ring;
mod shown_target;
mod signature_report;
mod suspect_signature;

pub(super) use entry::{ArrivedCall, ReplyVerdict, VerdictKind};
pub(super) use filter::{JournalFilter, MAX_WAIT, PushFilter};
pub use ring::{JournalLine, RequestJournal};
pub(super) use shown_target::CredentialFields;
pub(super) use suspect_signature::SuspectSignature;
