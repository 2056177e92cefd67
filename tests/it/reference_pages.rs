//! The pages of the reference that the program makes, and whether the reference names everything:
//! each key of the JSON Schemas, each command and each option.

use super::documents::{code_spans, pages_below};
use super::marketplace_pages::is_current;
use super::program::root;
use clap::{Arg, Command};
use ingam::internals::cli::{ExitStatus, command_line};
use ingam::internals::load::SCHEMAS;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const COMMANDS: &str = "docs/reference/command-line.md";
const EXIT_CODES: &str = "docs/reference/exit-codes.md";
const MADE: &str = "<!-- Made by the test `reference_pages` from the program. Do not edit. -->\n\n";

/// `UPDATE_PAGES=1` writes them.
#[test]
fn every_page_that_the_program_makes_is_current() {
    let stale: Vec<&str> = [(COMMANDS, commands_page()), (EXIT_CODES, exit_codes_page())]
        .into_iter()
        .filter(|(path, page)| !is_current(&root().join(path), page))
        .map(|(path, _)| path)
        .collect();
    assert!(
        stale.is_empty(),
        "stale: {}; `UPDATE_PAGES=1 cargo test --test it reference_pages` writes them",
        stale.join(", ")
    );
}

fn commands_page() -> String {
    let mut page = format!(
        "{MADE}# Command line\n\n\
         `ingam COMMAND --help` prints the same text. [Exit codes](exit-codes.md) lists how commands end.\n\n\
         Data goes to standard output, everything else to standard error.\n\n\
         ## Options of every command\n\n"
    );
    let mut program = command_line();
    program.build();
    write_arguments(&mut page, &program, true);
    for command in shown(&program) {
        write_command(&mut page, command, "ingam", 2);
    }
    format!("{}\n", page.trim_end())
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|one| !one.is_hide_set())
}

fn write_command(page: &mut String, command: &Command, parent: &str, level: usize) {
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string);
    let _ = write!(
        page,
        "{} `{name}`\n\n{}.\n\n",
        "#".repeat(level),
        cell(&about.unwrap_or_default())
    );
    if !command.is_subcommand_required_set() {
        let usage = command.clone().bin_name(&name).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").trim();
        let _ = write!(page, "```text\n{usage}\n```\n\n");
    }
    write_arguments(page, command, false);
    if let Some(help) = command.get_after_help() {
        let help = help.to_string();
        let examples = help.trim_start_matches("Examples:\n");
        let lines: Vec<&str> = examples.lines().map(str::trim_start).collect();
        let _ = write!(page, "Examples:\n\n```text\n{}\n```\n\n", lines.join("\n"));
    }
    for inner in shown(command) {
        write_command(page, inner, &name, level + 1);
    }
}

/// The table of the arguments and options; `is_global` for those of every command.
fn write_arguments(page: &mut String, command: &Command, is_global: bool) {
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|one| !one.is_hide_set() && is_named(one))
        .filter(|one| is_global || !is_of_every_command(one))
        .collect();
    if arguments.is_empty() {
        return;
    }
    page.push_str("| argument or option | meaning |\n| --- | --- |\n");
    for argument in arguments {
        let _ = writeln!(
            page,
            "| {} | {} |",
            spelling(argument).replace('|', "\\|"),
            cell(&meaning(argument))
        );
    }
    page.push('\n');
}

fn is_named(argument: &Arg) -> bool {
    let id = argument.get_id().as_str();
    id != "help" && id != "version"
}

fn is_of_every_command(argument: &Arg) -> bool {
    argument.is_global_set()
}

/// `--tag <TAG>`, `-t`: as the help of the command spells it.
fn spelling(argument: &Arg) -> String {
    let value = argument
        .get_action()
        .takes_values()
        .then(|| argument.get_value_names())
        .flatten()
        .map(|names| names.join(" "))
        .unwrap_or_default();
    let Some(long) = argument.get_long() else {
        return format!("`{value}`");
    };
    let value = match (value.is_empty(), argument.is_require_equals_set()) {
        (true, _) => String::new(),
        (false, true) => format!("[={value}]"),
        (false, false) => format!(" {value}"),
    };
    let short = argument
        .get_short()
        .map(|short| format!(", `-{short}`"))
        .unwrap_or_default();
    format!("`--{long}{value}`{short}")
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let values = argument.get_possible_values();
    let takes = argument.get_action().takes_values();
    if takes && !values.is_empty() && !argument.is_hide_possible_values_set() {
        let names: Vec<String> = values
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        let _ = write!(text, ". Values: {}", names.join(", "));
    }
    let defaults = argument.get_default_values();
    if takes && !defaults.is_empty() && !argument.is_hide_default_value_set() {
        let defaults: Vec<_> = defaults.iter().map(|one| one.to_string_lossy()).collect();
        let _ = write!(text, ". Default: `{}`", defaults.join(" "));
    }
    text
}

/// The text of a cell: no line break and no `|`, and `<` is no HTML.
fn cell(text: &str) -> String {
    text.replace('\n', " ")
        .replace('|', "\\|")
        .replace('<', "&lt;")
}

fn exit_codes_page() -> String {
    let mut page = format!("{MADE}# Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for exit in ExitStatus::ALL {
        let _ = writeln!(page, "| {} | {} |", exit.code(), exit.meaning());
    }
    let mut order: Vec<ExitStatus> = ExitStatus::ALL.to_vec();
    order.retain(|exit| *exit != ExitStatus::Success);
    order.sort_by_key(|exit| exit.rank());
    let codes: Vec<String> = order.iter().map(|exit| exit.code().to_string()).collect();
    let _ = writeln!(
        page,
        "\nIf several apply, ingam ends with the first one of this list: {}.",
        codes.join(", ")
    );
    page
}

/// The pages that a reader of one kind of file looks into.
fn pages_of(kind: &str) -> Vec<String> {
    let names: &[&str] = match kind {
        "recording" => &["recording"],
        "workspace" => &["workspace", "recording", "redaction"],
        "fixture" | "request" => &[
            "request",
            "assertions",
            "captures",
            "templates",
            "flow",
            "retry-poll-pages",
            "external-and-output",
            "fixture",
            "snapshot",
            "redaction",
        ],
        "scheme" => {
            let mut pages = pages_below("docs/reference/scheme");
            pages.push("docs/reference/request.md".to_owned());
            pages.push("docs/reference/assertions.md".to_owned());
            return pages;
        }
        other => panic!("no pages of the reference are for a {other}"),
    };
    let path = |name: &&str| format!("docs/reference/{name}.md");
    names.iter().map(path).collect()
}

fn keys(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(members) => {
            if let Some(serde_json::Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| keys(member, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// A key is named where it stands as code in a text or a table, not only in an example.
#[test]
fn every_key_of_a_file_is_in_the_reference() {
    let mut missing = BTreeMap::new();
    let mut counted = 0;
    for (kind, schema) in SCHEMAS {
        let mut wanted = BTreeSet::new();
        keys(&serde_json::from_str(schema).unwrap(), &mut wanted);
        counted += wanted.len();
        let named = words(&pages_of(kind));
        wanted.retain(|key| !named.contains(key));
        if !wanted.is_empty() {
            missing.insert(kind, wanted);
        }
    }
    assert!(counted > 400, "{counted}");
    assert!(
        missing.is_empty(),
        "the reference does not name {missing:?}"
    );
}

/// The words of all code in the texts of pages.
fn words(pages: &[String]) -> BTreeSet<String> {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    pages
        .iter()
        .flat_map(|page| code_spans(page))
        .flat_map(|span| {
            let parts = span.split(|letter| !is_of_word(letter));
            parts.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_command_and_option_is_in_the_reference() {
    let pages: Vec<String> = pages_below("docs/reference")
        .into_iter()
        .filter(|page| !page.contains("/marketplaces/"))
        .collect();
    let spans: BTreeSet<String> = pages.iter().flat_map(|page| code_spans(page)).collect();
    let mut program = command_line();
    program.build();
    let mut wanted = BTreeSet::new();
    collect(&program, "ingam", &mut wanted);
    assert!(wanted.len() > 120, "{}", wanted.len());
    wanted.retain(|name| {
        let is_it = |span: &String| {
            let rest = span.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '[', '=']))
        };
        !spans.iter().any(is_it)
    });
    assert!(wanted.is_empty(), "the reference does not name {wanted:?}");
}

fn collect(command: &Command, name: &str, found: &mut BTreeSet<String>) {
    let options = command.get_arguments().filter(|one| !one.is_hide_set());
    found.extend(
        options
            .filter(|one| is_named(one))
            .filter_map(|one| one.get_long().map(|long| format!("--{long}"))),
    );
    for inner in shown(command) {
        let name = format!("{name} {}", inner.get_name());
        collect(inner, &name, found);
        found.insert(name);
    }
}
