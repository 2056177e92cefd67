//! The blocks of a page that a reader acts on.

/// What a reader does with a block.
pub(super) enum Block {
    File { name: String, text: String },
    Session(Session),
}

/// A block of commands.
pub(super) struct Session {
    pub(super) commands: Vec<ShellCommand>,
    /// The exit code of the last command.
    pub(super) exit: i32,
    pub(super) is_live: bool,
}

/// One command and the output that the page shows.
pub(super) struct ShellCommand {
    pub(super) line: String,
    pub(super) output: String,
    /// Its line in the page, from 1.
    pub(super) at: usize,
}

pub(super) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((_, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, line)| *line != "```")
            .collect();
        blocks.extend(block(info, &body));
    }
    blocks
}

fn block(info: &str, body: &[(usize, &str)]) -> Option<Block> {
    let mut words = info.split(' ');
    if words.next() == Some("console") {
        let words: Vec<&str> = words.collect();
        let exit = words.iter().find_map(|word| word.strip_prefix("exit="));
        return Some(Block::Session(Session {
            commands: commands(body),
            exit: exit.map_or(0, |code| code.parse().unwrap()),
            is_live: words.contains(&"live"),
        }));
    }
    let name = words.find_map(|word| word.strip_prefix("file="))?;
    let text = body.iter().map(|(_, line)| format!("{line}\n")).collect();
    Some(Block::File {
        name: name.to_owned(),
        text,
    })
}

fn commands(body: &[(usize, &str)]) -> Vec<ShellCommand> {
    let mut commands: Vec<ShellCommand> = Vec::new();
    for (at, line) in body {
        if let Some(line) = line.strip_prefix("$ ") {
            commands.push(ShellCommand {
                line: line.to_owned(),
                output: String::new(),
                at: *at,
            });
            continue;
        }
        let command = commands
            .last_mut()
            .unwrap_or_else(|| panic!("line {at}: a console block begins with a command"));
        if command.line.ends_with('\\') {
            command.line.push('\n');
            command.line.push_str(line);
        } else {
            command.output.push_str(line);
            command.output.push('\n');
        }
    }
    commands
}
