//! A curl command line for a POSIX shell that sends what ingam sends.

use super::secret_text::{SecretText, SecretTextError, TextPart};
use crate::redact::is_hidden;
use crate::wire::WireRequest;

/// What a shell puts in the place of a secret.
#[derive(Clone, Debug)]
pub(crate) enum ShellValue {
    Variable(String),
    /// What a command prints.
    Command(String),
    /// Nothing: the name stays, so that the secret never reaches the history of the shell.
    Unknown(String),
}

/// A command for a shell. `split` takes a text apart, and `value` says what stands for a secret.
///
/// # Errors
/// When a text cannot be taken apart.
pub(crate) fn curl_command(
    wire: &WireRequest,
    split: &mut dyn FnMut(&str) -> Result<SecretText, SecretTextError>,
    value: &dyn Fn(&str) -> ShellValue,
) -> Result<String, SecretTextError> {
    let mut quote = |text: &str| -> Result<String, SecretTextError> {
        let parts: Vec<ShellPart> = split(text)?
            .into_iter()
            .map(|part| match part {
                TextPart::Literal(text) => ShellPart::Literal(text),
                TextPart::Secret(name) => match value(&name) {
                    ShellValue::Variable(name) => ShellPart::Expansion(format!("${{{name}}}")),
                    ShellValue::Command(command) => ShellPart::Expansion(format!("$({command})")),
                    ShellValue::Unknown(name) => ShellPart::Literal(format!("‹{name}›")),
                },
            })
            .collect();
        Ok(shell_word(&parts))
    };
    // Without `--path-as-is`, curl removes dot segments, and the signature is no longer right.
    let mut words = vec!["curl".to_owned(), "--path-as-is".to_owned()];
    // Without it, curl sends `/[1-3]` three times, and `/{a,b}` twice.
    if wire.url().as_str().contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    match wire.method().name() {
        "GET" if wire.body().is_empty() => {}
        // With `-X HEAD` curl waits for a body.
        "HEAD" => words.push("--head".to_owned()),
        method => words.push(format!("-X {method}")),
    }
    words.push(quote(wire.url().as_str())?);
    for (name, value) in wire.headers() {
        // curl writes these itself, from the address and the body.
        let own = ["Host", "Content-Length", "Accept-Encoding"];
        if own.contains(&name.as_str()) {
            continue;
        }
        // `name:` would remove the header.
        let line = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        words.push(format!("-H {}", quote(&line)?));
    }
    match std::str::from_utf8(wire.body()) {
        Ok("") => {}
        // `--data-binary` would take a text that begins with `@` for the name of a file.
        Ok(text) if !text.contains('\0') => words.push(format!("--data-raw {}", quote(text)?)),
        // Such bytes cannot be written in a shell command.
        _ => words.push("--data-binary @FILE-WITH-THE-BODY".to_owned()),
    }
    Ok(words.join(" \\\n    "))
}

/// A piece of a word of a shell command.
enum ShellPart {
    Literal(String),
    /// A variable, or the output of a command.
    Expansion(String),
}

fn shell_word(parts: &[ShellPart]) -> String {
    // In double quotes an interactive shell takes `!` for a command of its history, and hidden
    // characters cannot be written in them.
    let is_simple = |part: &ShellPart| match part {
        ShellPart::Literal(text) => !text.contains(|letter| letter == '!' || is_hidden(letter)),
        ShellPart::Expansion(_) => true,
    };
    let has_expansion = parts
        .iter()
        .any(|part| matches!(part, ShellPart::Expansion(_)));
    if !has_expansion {
        let text: String = parts.iter().map(literal_text).collect();
        return single_quoted(&text);
    }
    if parts.iter().all(is_simple) {
        let text: String = parts
            .iter()
            .map(|part| match part {
                ShellPart::Literal(text) => double_quotable(text),
                ShellPart::Expansion(expansion) => expansion.clone(),
            })
            .collect();
        return format!("\"{text}\"");
    }
    parts
        .iter()
        .map(|part| match part {
            ShellPart::Literal(text) if text.is_empty() => String::new(),
            ShellPart::Literal(text) => single_quoted(text),
            ShellPart::Expansion(expansion) => format!("\"{expansion}\""),
        })
        .collect()
}

fn literal_text(part: &ShellPart) -> &str {
    match part {
        ShellPart::Literal(text) => text,
        ShellPart::Expansion(_) => "",
    }
}

/// A character that a terminal would act on, or not show, is written as its bytes.
fn single_quoted(text: &str) -> String {
    let mut out = String::from("'");
    for letter in text.chars() {
        if letter == '\'' {
            out.push_str("'\\''");
        } else if is_hidden(letter) {
            out.push_str("'$'");
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
            out.push_str("''");
        } else {
            out.push(letter);
        }
    }
    out.push('\'');
    out
}

/// Escapes what a shell expands inside of double quotes.
fn double_quotable(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('`', "\\`")
}
