//! How many calls may still be sent. A slot is taken in a store that all processes share before the first byte leaves; what a
//! marketplace says of its limits is believed, and can only make them tighter. It refuses to know how a run waits (that is
//! `run`), and to keep a key in clear: what stands in the store is a salted hash.

mod answer;
mod ask;
mod book;
mod clock;
mod counter;
mod error;
mod file;
#[cfg(test)]
mod laws;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod store;

pub use answer::{LONGEST, Said};
pub use ask::{Ask, Asked, Owner};
pub use book::{About, Book, Limited, Refused, Slot, Stopped, Why};
pub use clock::Reading;
pub use counter::{Counter, Rule};
pub use error::{BudgetError, limit, span, time};
pub use store::{Budget, Kept, Place};
