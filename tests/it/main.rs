//! The tests that see ingam as its users do: from outside, as a program, over files and the
//! loopback interface.

mod acceptance;
mod architecture;
mod budgets;
mod cases;
mod documents;
mod fixtures;
mod hostile;
mod network;
mod parallel;
mod program;
mod recordings;
mod reports;
mod retries;
mod sandbox;
mod sandbox_resources;
mod sandbox_tokens;
mod schemas;
mod secrets;
mod snapshots;
mod tokens;
mod vectors;
mod wire;
