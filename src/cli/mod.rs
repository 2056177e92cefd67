//! The command line: arguments, settings, exit codes, and one file for each command.

mod args;
mod classified;
mod command;
mod command_error;
mod command_json;
mod command_output;
mod completion;
mod entry;
mod exit_status;
mod first_steps;
mod given_hosts;
mod given_variables;
mod human_time;
mod invocation;
mod leftovers;
mod listen_error;
mod notices;
mod output;
mod output_folder;
mod push_address;
mod ready_file;
mod report_outputs;
mod request_lines;
mod run_workspace;
mod settings;
mod shown_argument;
mod shown_faults;
mod standard_input;
mod stop_signals;
pub mod testing;
mod text_table;
mod warnings;
mod watched_files;

pub use entry::run;
pub use exit_status::ExitStatus;
