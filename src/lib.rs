#![doc = include_str!("../ARCHITECTURE.md")]

// Ground: words that every room may use.
mod atomic_file;
mod awake_timeout;
mod body_stream;
mod calendar;
mod charset;
mod core_dump;
mod diagnostic;
mod file_name;
mod host;
mod method;
mod plain_file;
mod platform;
mod redact;
mod secret;
mod span;
mod value;
mod wire;

// Nouns: plain data.
mod conversion;
mod jsonpath;
mod model;
mod schemes;
mod xml;

// Corridor: plain functions from one type to the next.
mod check;
mod event;
mod export;
mod import;
mod load;
mod plan;
mod render;
mod request_file;
mod sign;
mod takeover;
mod yaml;

// Edges: the only rooms that touch network or disk during a run.
mod budget;
mod credentials;
mod database;
mod inbound;
mod last_run;
mod ledger;
mod output_files;
mod private_file;
mod recording;
mod snapshot;
mod tokens;
mod transport;
mod trust;

// Users of the corridor.
mod editor;
mod gateway;
mod lsp;
mod mistake;
#[cfg(feature = "otlp")]
mod otlp;
mod push;
mod renew;
mod report;
mod run;
mod sandbox;

// Roof.
mod cli;
pub use cli::testing;

/// What the binary, the integration tests and the benchmarks use. No promise: it changes without
/// notice.
#[doc(hidden)]
pub mod internals;

/// The Rust examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// And so are those of the how-to guide for Rust programs.
#[cfg(doctest)]
#[doc = include_str!("../docs/how-to/run-requests-in-cargo-test.md")]
pub struct CargoTestGuide;
