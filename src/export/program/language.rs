//! Writes statements in a language. What the languages share is here; how each spells a value is in
//! its own file.

use super::ProgramError;
use super::functions::{CHECK_CREDENTIALS, SEND, TOKEN};
use super::operation::{LogicOperator, SentParts, Statement, Term, Variable};
use super::runtime::{Section, needed_sections, sections};
use crate::redact::is_hidden;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::collections::BTreeMap;

/// A line of a program gets a break when it is longer.
const MAX_LINE: usize = 96;

/// What stands above a program.
pub(super) struct ProgramHead<'h> {
    pub(super) title: &'h str,
    pub(super) scheme: &'h str,
    pub(super) level: &'h str,
    pub(super) notes: &'h [String],
    pub(super) token_command: Option<&'h [String]>,
}

/// The parts of a program, each without a line end at its end.
pub(super) struct ProgramParts<'p> {
    pub(super) title: &'p str,
    pub(super) comment: String,
    pub(super) imports: Vec<&'static str>,
    /// Indented once.
    pub(super) main: String,
    pub(super) functions: Vec<&'p str>,
}

/// How a language spells what all programs do.
pub(super) trait Language {
    /// For people.
    fn name(&self) -> &'static str;
    /// The functions that programs of it bring along.
    fn runtime(&self) -> &'static str;
    /// What runs a program, for its head.
    fn requirement(&self) -> &'static str;
    /// How a library is installed.
    fn installation(&self, library: &str) -> String;
    fn comment(&self) -> &'static str;
    /// What one level of the statements is indented by.
    fn indentation(&self) -> &'static str;
    fn end(&self) -> &'static str;
    fn identifier(&self, name: &str) -> String;
    fn text(&self, text: &str) -> String {
        self.quoted(text)
    }
    /// One constant, in double quotes.
    fn quoted(&self, text: &str) -> String {
        let mut out = String::from("\"");
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                letter => out.push_str(&self.letter(letter)),
            }
        }
        out.push('"');
        out
    }
    /// A letter of a constant, or its escape. Those that all languages escape alike do not come here.
    fn letter(&self, letter: char) -> String;
    fn integer(&self, number: i64) -> String {
        number.to_string()
    }
    fn boolean(&self, flag: bool) -> &'static str {
        if flag { "true" } else { "false" }
    }
    fn null(&self) -> &'static str {
        "null"
    }
    /// A pair or a member, of parts that are written already.
    fn tuple(&self, parts: &[String]) -> String;
    /// What stands around the items of a list of pairs or of members.
    fn list_brackets(&self) -> [&'static str; 2] {
        ["[", "]"]
    }
    fn texts(&self, texts: &[String]) -> String {
        format!("[{}]", texts.join(", "))
    }
    fn conditional(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("{condition} ? {then} : {otherwise}")
    }
    fn not(&self, condition: &str) -> String {
        format!("!{condition}")
    }
    fn logic(&self, operator: LogicOperator) -> &'static str {
        match operator {
            LogicOperator::And => "&&",
            LogicOperator::Or => "||",
        }
    }
    /// What stands before the name in a statement that sets a variable.
    fn declaration(&self, variable: &Variable) -> String;
    /// The section that a literal needs.
    fn literal_section(&self, _term: &Term) -> Option<&'static str> {
        None
    }
    fn assemble(&self, parts: &ProgramParts<'_>) -> String;
}

/// # Errors
/// When the language has no function for something.
pub(super) fn write(
    language: &dyn Language,
    head: &ProgramHead<'_>,
    statements: &[Statement],
) -> Result<String, ProgramError> {
    check_names(language, statements)?;
    let all = sections(language.runtime());
    let used = used_sections(language, &all, statements)?;
    let mut imports: Vec<&'static str> = Vec::new();
    for import in used.iter().flat_map(|section| &section.imports) {
        if !imports.contains(import) {
            imports.push(import);
        }
    }
    imports.sort_unstable();
    let lines: Vec<String> = statements
        .iter()
        .enumerate()
        .map(|(at, statement)| statement_text(language, statement, at == 0))
        .collect();
    let parts = ProgramParts {
        title: head.title,
        comment: head_comment(language, head, &used, statements),
        imports,
        main: lines.join("\n"),
        functions: used.iter().map(|section| section.code.as_str()).collect(),
    };
    Ok(language.assemble(&parts))
}

/// A language may spell two names alike: `step_a_b` and `step_aB` are both `stepAB` in Java.
fn check_names(language: &dyn Language, statements: &[Statement]) -> Result<(), ProgramError> {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for statement in statements {
        let Statement::Set {
            variable, place, ..
        } = statement
        else {
            continue;
        };
        let spelled = language.identifier(&variable.name);
        if let Some(other) = names.insert(spelled, &variable.name)
            && other != variable.name
        {
            let reason = format!(
                "{} spells the variables `{other}` and `{}` alike; give one of them another name in the scheme",
                language.name(),
                variable.name
            );
            return Err(ProgramError::new(place, reason));
        }
    }
    Ok(())
}

/// The functions that the statements call, and what they need.
fn used_sections<'s>(
    language: &dyn Language,
    all: &'s [Section],
    statements: &[Statement],
) -> Result<Vec<&'s Section>, ProgramError> {
    let mut names: Vec<&'static str> = Vec::new();
    for statement in statements {
        let mut called: Vec<&'static str> = Vec::new();
        for term in statement.terms() {
            term.visit(&mut |term| match term {
                Term::Call(function, _) => called.push(function.name),
                Term::Bytes(_) => called.push("from_base64"),
                literal => called.extend(language.literal_section(literal)),
            });
        }
        let place = match statement {
            Statement::Set { place, .. } => place.as_str(),
            Statement::CheckCredentials => {
                called.push(CHECK_CREDENTIALS);
                ""
            }
            Statement::Send(_) => {
                called.push(SEND);
                ""
            }
            Statement::Comment(_) => "",
        };
        for name in called {
            needed_sections(all, &[name]).map_err(|function| ProgramError::MissingFunction {
                place: place.to_owned(),
                language: language.name(),
                function,
            })?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    needed_sections(all, &names).map_err(|function| ProgramError::MissingFunction {
        place: "the program".to_owned(),
        language: language.name(),
        function,
    })
}

fn head_comment(
    language: &dyn Language,
    head: &ProgramHead<'_>,
    used: &[&Section],
    statements: &[Statement],
) -> String {
    let level = if head.level.is_empty() {
        String::new()
    } else {
        format!(", level `{}`", head.level)
    };
    let mut lines = vec![
        format!(
            "The request `{}`, signed by the steps of the scheme `{}`{level}.",
            head.title, head.scheme
        ),
        format!(
            "Written by ingam {}. {}.",
            env!("CARGO_PKG_VERSION"),
            language.requirement()
        ),
    ];
    let mut libraries: Vec<&str> = used.iter().filter_map(|section| section.library).collect();
    libraries.dedup();
    for library in libraries {
        let installation = language.installation(library);
        lines.push(format!("It needs `{library}`: {installation}"));
    }
    let variables = given_variables(statements);
    if !variables.is_empty() {
        lines.push("It reads these environment variables:".to_owned());
        lines.extend(variables);
    }
    if let Some(command) = head.token_command
        && calls(statements, TOKEN.name)
    {
        lines.push(format!(
            "Without the variable of the access token, it runs `{}`.",
            command.join(" ")
        ));
    }
    lines.extend(head.notes.iter().cloned());
    let commented: Vec<String> = lines
        .iter()
        .map(|line| format!("{}{}", language.comment(), one_line(line)))
        .collect();
    commented.join("\n")
}

fn calls(statements: &[Statement], function: &str) -> bool {
    let mut found = false;
    for term in statements.iter().flat_map(Statement::terms) {
        term.visit(&mut |term| {
            found |= matches!(term, Term::Call(called, _) if called.name == function);
        });
    }
    found
}

/// The variables of the environment, one a line.
fn given_variables(statements: &[Statement]) -> Vec<String> {
    let mut lines = Vec::new();
    for term in statements.iter().flat_map(Statement::terms) {
        term.visit(&mut |term| {
            let Term::Call(function, arguments) = term else {
                return;
            };
            let text = |at: usize| arguments.get(at).and_then(Term::as_literal).unwrap_or("");
            let line = match function.name {
                "credential" | "token" => format!("  {}", text(0)),
                "optional_credential" => format!("  {} (optional)", text(0)),
                "credential_or" => format!("  {} (default: {})", text(0), text(1)),
                "key_credential" => format!("  {0}, or {0}_FILE with the name of a file", text(0)),
                _ => return,
            };
            lines.push(line);
        });
    }
    lines
}

/// No line of a comment may end it.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if is_hidden(letter) { '?' } else { letter })
        .collect()
}

fn statement_text(language: &dyn Language, statement: &Statement, is_first: bool) -> String {
    let indentation = language.indentation();
    match statement {
        Statement::Comment(text) => {
            let gap = if is_first { "" } else { "\n" };
            let comment = one_line(text);
            format!("{gap}{indentation}{}{comment}", language.comment())
        }
        Statement::Set {
            variable,
            value,
            is_new,
            ..
        } => {
            let name = language.identifier(&variable.name);
            let declaration = if *is_new {
                language.declaration(variable)
            } else {
                String::new()
            };
            let before = format!("{indentation}{declaration}{name} = ");
            let value = broken_term(language, value, before.len());
            format!("{before}{value}{}", language.end())
        }
        Statement::CheckCredentials => {
            let name = language.identifier(CHECK_CREDENTIALS);
            format!("{indentation}{name}(){}", language.end())
        }
        Statement::Send(sent) => send_text(language, sent),
    }
}

fn send_text(language: &dyn Language, sent: &SentParts) -> String {
    let indentation = language.indentation();
    let arguments = [
        language.text(&sent.method),
        language.text(&sent.origin),
        term_text(language, &sent.target),
        term_text(language, &sent.headers),
        term_text(language, &sent.body),
    ];
    let name = language.identifier(SEND);
    format!(
        "{indentation}{name}({}){}",
        arguments.join(", "),
        language.end()
    )
}

/// A term over several lines if one would be too long.
fn broken_term(language: &dyn Language, term: &Term, used: usize) -> String {
    let whole = term_text(language, term);
    if used + whole.len() <= MAX_LINE {
        return whole;
    }
    let indentation = language.indentation();
    let inner = format!("{indentation}    ");
    let (open, close, between, items) = match term {
        Term::Joined(parts) => {
            let parts = parts.iter().map(|part| term_text(language, part)).collect();
            ("(", ")", format!("\n{inner}+ "), parts)
        }
        Term::Pairs(pairs) => {
            let [open, close] = language.list_brackets();
            let items = pair_texts(language, pairs);
            (open, close, format!(",\n{inner}"), items)
        }
        Term::Members(members) => {
            let [open, close] = language.list_brackets();
            let items = member_texts(language, members);
            (open, close, format!(",\n{inner}"), items)
        }
        _ => return whole,
    };
    format!(
        "{open}\n{inner}{}\n{indentation}{close}",
        items.join(&between)
    )
}

fn pair_texts(language: &dyn Language, pairs: &[(Term, Term)]) -> Vec<String> {
    pairs
        .iter()
        .map(|(name, value)| {
            language.tuple(&[term_text(language, name), term_text(language, value)])
        })
        .collect()
}

fn member_texts(language: &dyn Language, members: &[(String, Term, Term)]) -> Vec<String> {
    members
        .iter()
        .map(|(name, json, text)| {
            language.tuple(&[
                language.text(name),
                term_text(language, json),
                term_text(language, text),
            ])
        })
        .collect()
}

fn list_text(language: &dyn Language, items: &[String]) -> String {
    let [open, close] = language.list_brackets();
    format!("{open}{}{close}", items.join(", "))
}

fn term_text(language: &dyn Language, term: &Term) -> String {
    let all = |terms: &[Term]| -> Vec<String> {
        terms.iter().map(|term| term_text(language, term)).collect()
    };
    match term {
        Term::Text(text) => language.text(text),
        Term::Bytes(bytes) => format!(
            "{}({})",
            language.identifier("from_base64"),
            language.text(&BASE64_STANDARD.encode(bytes))
        ),
        Term::Integer(number) => language.integer(*number),
        Term::Boolean(flag) => language.boolean(*flag).to_owned(),
        Term::Null => language.null().to_owned(),
        Term::Variable(variable) => language.identifier(&variable.name),
        Term::Joined(parts) => format!("({})", all(parts).join(" + ")),
        Term::Pairs(pairs) => list_text(language, &pair_texts(language, pairs)),
        Term::Members(members) => list_text(language, &member_texts(language, members)),
        Term::Texts(texts) => language.texts(&all(texts)),
        Term::Call(function, arguments) => format!(
            "{}({})",
            language.identifier(function.name),
            all(arguments).join(", ")
        ),
        Term::Conditional(parts) => {
            let [condition, then, otherwise] = parts.as_ref();
            let part = |term| term_text(language, term);
            format!(
                "({})",
                language.conditional(&part(condition), &part(then), &part(otherwise))
            )
        }
        Term::Not(condition) => language.not(&term_text(language, condition)),
        Term::Logic(operator, sides) => {
            let [left, right] = sides.as_ref();
            format!(
                "({} {} {})",
                term_text(language, left),
                language.logic(*operator),
                term_text(language, right)
            )
        }
        Term::Arithmetic(operator, sides) => {
            let [left, right] = sides.as_ref();
            format!(
                "({} {} {})",
                term_text(language, left),
                operator.sign(),
                term_text(language, right)
            )
        }
    }
}

/// `a_small_name` as `aSmallName`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut out = words.next().unwrap_or("value").to_owned();
    for word in words {
        out.extend(
            word.chars()
                .next()
                .map(|letter| letter.to_ascii_uppercase()),
        );
        out.extend(word.chars().skip(1));
    }
    out
}
