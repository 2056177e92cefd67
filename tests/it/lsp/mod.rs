//! `ingam lsp` as an editor sees it: a program that reads and writes messages.

mod client;
mod commands;
mod faults;
mod imported_paths;
mod latency;
mod newcomer;
mod protocol;
mod real_clients;
mod scenarios;
