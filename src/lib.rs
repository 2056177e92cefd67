#![doc = include_str!("../ARCHITECTURE.md")]

// Ground: words that every room may use.
pub mod atomic_file;
pub mod diagnostic;
pub mod host;
pub mod method;
pub mod secret;
pub mod span;
pub mod value;
pub mod wire;

// Nouns: plain data.
pub mod jsonpath;
pub mod model;

// Corridor: plain functions from one type to the next.
pub mod check;
pub mod event;
pub mod load;
pub mod plan;
pub mod render;
pub mod sign;
pub mod yaml;

// Edges: the only rooms that touch network or disk during a run.
pub mod budget;
pub mod recording;
pub mod snapshot;
pub mod store;
pub mod transport;

// Users of the corridor.
pub mod renew;
pub mod report;
pub mod run;
pub mod sandbox;

// Roof.
pub mod cli;
pub use cli::testing;

/// The Rust examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
