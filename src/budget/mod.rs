//! How many calls may still be sent. A slot of every limit is taken in a store that all processes
//! share, before the first byte is sent. Responses of the marketplace can only make the limits
//! stricter. This room does not wait (`run` does), and it stores no credential in clear, only
//! salted hashes.

mod absent_limiters;
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
mod state_error;

pub(crate) use error::{BudgetError, format_duration, format_limit, format_time};
pub(crate) use hashed_permit_request::BudgetLabels;
pub(crate) use limit_counter::LimitCounter;
pub(crate) use limit_observation::LimitObservation;
pub(crate) use limiter_backend::{Budget, BudgetLocation, PermitOutcome};
pub(crate) use permit_request::{BudgetKey, PermitRequest};
pub(crate) use rate_limiter::{DenialReason, Permit, PermitDenied, RateLimiter};
