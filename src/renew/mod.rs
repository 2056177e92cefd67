//! Gets and renews tokens so that none is lost: lock, read again, mark as spending, send, keep the raw answer, write, and only
//! then use. It refuses to decide when: that is the caller's. What it says has no secrets in it.

mod answer;
mod helper;
mod job;
mod procedure;
mod renewer;

pub use helper::{HELPER, Helper, serve};
pub use job::{Act, Failure, Job, SchemeSource};
pub use procedure::{Tools, renew};
pub use renewer::{Renewer, Source};
