//! How many calls may still be sent. A slot is taken in a store that all processes share before the
//! first byte leaves; what a marketplace says of its limits is believed, and can only make them
//! tighter. It refuses to know how a run waits (that is `run`), and to keep a key in clear: what
//! stands in the store is a salted hash.

mod error;
mod file_limiters;
mod forward_clock;
mod hashed_permit_request;
mod limit_counter;
mod limit_observation;
mod limiter_backend;
mod memory_limiters;
mod permit_request;
#[cfg(feature = "postgres")]
mod postgres_limiters;
#[cfg(test)]
mod property_tests;
mod rate_limiter;

pub(crate) use error::{BudgetError, format_duration, format_limit, format_time};
pub(crate) use hashed_permit_request::BudgetLabels;
pub(crate) use limit_counter::LimitCounter;
pub(crate) use limit_observation::LimitObservation;
pub(crate) use limiter_backend::{Budget, BudgetLocation};
pub(crate) use permit_request::{BudgetKey, PermitRequest};
pub(crate) use rate_limiter::{DenialReason, Permit, PermitDenied, RateLimiter};
