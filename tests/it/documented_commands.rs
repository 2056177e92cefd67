//! Whether the commands of the README and of all pages of `docs` exist, with their options.

use super::documents::{blocks, pages_below};
use super::program::root;
use clap::Command;
use ingam::internals::cli::command_line;

/// The commands of the shell blocks of a page, without comments, each with the line of its block. In
/// a `console` block, outputs stand below the commands.
fn shell_lines(page: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for block in blocks(page) {
        let prompt = match block.info.split(' ').next() {
            Some("sh") => "",
            Some("console") => "$ ",
            _ => continue,
        };
        let text = block.text.replace("\\\n", " ");
        for line in text.lines().filter_map(|line| line.strip_prefix(prompt)) {
            let line = line.split(" #").next().unwrap().trim();
            lines.push((block.line, line.to_owned()));
        }
    }
    lines
}

/// The command that a line calls, and the words behind it.
fn called<'a, 'l>(program: &'a Command, line: &'l str) -> Option<(&'a Command, Vec<&'l str>)> {
    let line = line
        .strip_prefix("ingam ")
        .or_else(|| line.strip_prefix("cargo run -- "))?;
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let mut command = program;
    while let Some(inner) = words.first().and_then(|word| command.find_subcommand(word)) {
        command = inner;
        words.remove(0);
    }
    Some((command, words))
}

#[test]
fn the_documentation_names_only_commands_and_options_that_exist() {
    let mut program = command_line();
    program.build();
    let mut counted = 0;
    let mut pages = pages_below("docs");
    pages.extend(["README.md".to_owned(), "README.ko.md".to_owned()]);
    for page in pages {
        for (block, line) in shell_lines(&page) {
            let Some((command, words)) = called(&program, &line) else {
                continue;
            };
            counted += 1;
            let place = format!("{page}:{block}: `{line}`");
            let is_command = command.get_name() != program.get_name();
            assert!(
                is_command || words[0].starts_with('-'),
                "{place}: no such command"
            );
            for word in words.iter().filter_map(|word| word.strip_prefix("--")) {
                let name = word.split('=').next().unwrap();
                let is_known = ["", "help", "version"].contains(&name)
                    || command
                        .get_arguments()
                        .any(|one| one.get_long() == Some(name));
                assert!(is_known, "{place}: no option `--{name}`");
            }
        }
    }
    assert!(counted > 100, "only {counted} commands");
}

/// What the README tells a reader to run in a clone is what CI runs.
#[test]
fn ci_runs_the_commands_of_the_readme() {
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    let commands: Vec<String> = shell_lines("README.md")
        .into_iter()
        .map(|(_, line)| line)
        .filter(|line| line.starts_with("cargo ") && !line.contains("install"))
        .collect();
    assert_eq!(commands, ["cargo run -- run", "cargo test"]);
    for command in ["\ncargo run --quiet -- run\n", "\ncargo test\n"] {
        assert!(
            ci.contains(command),
            ".ci/run does not run `{}`",
            command.trim()
        );
    }
}
