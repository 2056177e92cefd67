//! The tests that see ingam as its users do: from outside, as a program, over files and the
//! loopback interface.

#![allow(
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may fail where it stands, and says what it measured"
)]

mod acceptance;
mod account_hosts;
mod architecture;
mod budgets;
mod call;
mod call_hosts;
mod canaries;
mod cases;
mod clients;
mod command_errors;
#[cfg(unix)]
mod cookies;
#[cfg(target_os = "linux")]
mod core_dumps;
mod credentials;
mod deploy;
mod document_links;
mod documented_commands;
mod documents;
mod encoded_bodies;
mod export;
mod exported_commands;
mod exports;
#[cfg(unix)]
mod external;
mod false_greens;
mod fixtures;
mod gateway;
mod gateway_accounts;
mod given_hosts;
mod hostile;
#[cfg(target_os = "linux")]
mod hostile_files;
mod import_circles;
mod import_files;
mod import_secrets;
mod keyboard;
mod limits;
mod live_sandbox;
mod lsp;
mod marketplace_pages;
mod mistake_cases;
mod mistakes;
mod mutations;
mod network;
mod network_routes;
#[cfg(unix)]
mod oauth;
mod outputs;
mod own_signature;
mod package;
mod parallel;
mod personal_data;
mod phases;
#[cfg(unix)]
mod picture;
mod program;
mod pushes;
mod recordings;
mod reference_pages;
mod reports;
mod response_secrets;
mod retries;
mod sandbox;
mod sandbox_controls;
mod sandbox_edge;
mod sandbox_failures;
mod sandbox_resources;
mod sandbox_tokens;
mod schemas;
mod secrets;
mod selection;
mod sent_pushes;
mod shard_times;
mod shown_differences;
mod site;
mod snapshots;
mod tls;
mod tokens;
#[cfg(feature = "otlp")]
mod traces;
mod user_secrets;
mod vectors;
#[cfg(unix)]
mod verify_command;
#[cfg(unix)]
mod walkthroughs;
mod wire;
mod xml_responses;
