//! `ingam scheme show NAME --page`: the page of a scheme in Markdown, from its file alone. The pages
//! of `docs/reference/marketplaces` are made by it.

use super::list::proof_text;
use crate::model::credential_variable::variable_name;
use crate::model::scheme::{Credential, CredentialScope, Scheme, SignatureVector, VectorSubject};
use crate::model::template::{Template, TemplatePart};
use crate::sign::authentication;
use std::fmt::Write as _;

/// Parts of the file that are shown as they are: key, heading, and what the reader learns.
const SHOWN_PARTS: [(&str, &str, &str); 14] = [
    (
        "clock",
        "Clock",
        "The format of the time, and by how much it may differ.",
    ),
    (
        "levels",
        "Levels",
        "Variants of the scheme, such as calls for a shop and public calls.",
    ),
    (
        "match",
        "Level by path",
        "The first rule that matches sets the level. If none matches, `default_level` applies.",
    ),
    (
        "prepare",
        "Added before the signature",
        "Parameters that ingam adds to the request before it signs it.",
    ),
    (
        "sign",
        "Signature",
        "The steps, in order. `ingam explain` shows each step for your request.",
    ),
    (
        "attach",
        "Added after the signature",
        "Parameters that ingam adds after it signs the request, such as the signature.",
    ),
    ("tokens", "Tokens", "The tokens that ingam gets and renews."),
    (
        "webhooks",
        "Webhooks",
        "How the marketplace signs its calls to your address.",
    ),
    (
        "authorize",
        "Authorization",
        "The link that a seller opens. `ingam auth login` prints it and waits for the code.",
    ),
    (
        "limits",
        "Limits",
        "How many calls the marketplace allows. `ingam budget` shows how many are left.",
    ),
    (
        "ok",
        "Success",
        "When a response is a success. The first rule whose `match` applies decides.",
    ),
    (
        "errors",
        "Errors",
        "The kind of error of a response. The first rule that matches decides.",
    ),
    (
        "reads",
        "Reads",
        "The calls that change nothing. Only these are retried by default.",
    ),
    (
        "redact",
        "Personal data",
        "Personal data that ingam redacts in recordings, snapshots and reports.",
    ),
];

/// `text` is the file of the scheme.
pub(super) fn page(scheme: &Scheme, text: &str) -> String {
    let mut page = format!(
        "<!-- Made by `ingam scheme show {name} --page` from the file of the scheme. Do not edit. -->\n\n# {title}\n\n",
        name = scheme.name,
        title = scheme.title.as_deref().unwrap_or(&scheme.name),
    );
    write_summary(&mut page, scheme);
    let comment = leading_comment(text);
    if !comment.is_empty() {
        let _ = write!(page, "{comment}\n\n");
    }
    write_example(&mut page, scheme);
    write_credentials(&mut page, scheme);
    write_hosts(&mut page, scheme);
    for (key, heading, lead) in SHOWN_PARTS {
        if let Some(part) = part_of(text, key) {
            let _ = write!(
                page,
                "## {heading}\n\n{lead}\n\n```yaml fragment\n{part}\n```\n\n"
            );
        }
    }
    write_vectors(&mut page, scheme);
    format!("{}\n", page.trim_end())
}

fn write_summary(page: &mut String, scheme: &Scheme) {
    let kinds = authentication(scheme);
    let kinds = if kinds.is_empty() {
        "none".to_owned()
    } else {
        kinds.join(", ")
    };
    let regions = if scheme.regions.is_empty() {
        "any".to_owned()
    } else {
        scheme.regions.join(", ")
    };
    let covers: Vec<&str> = scheme
        .covered_parts
        .iter()
        .map(|part| part.name())
        .collect();
    let mut rows = vec![
        ("scheme", format!("`{}`", scheme.name)),
        ("region", regions),
        ("authentication", kinds),
        ("proof", proof_text(scheme).to_owned()),
    ];
    if !covers.is_empty() {
        rows.push(("signature covers", covers.join(", ")));
    }
    page.push_str("| property | value |\n| --- | --- |\n");
    for (name, value) in rows {
        let _ = writeln!(page, "| {name} | {} |", cell(&value));
    }
    page.push('\n');
}

/// The first call that a known answer signs, as a request file.
fn write_example(page: &mut String, scheme: &Scheme) {
    let request = scheme
        .vectors
        .iter()
        .find_map(|vector| match &vector.subject {
            VectorSubject::Request { request, .. } => Some(request),
            _ => None,
        });
    let Some(request) = request else { return };
    let path = template_text(&request.path);
    let _ = write!(
        page,
        "## Send a request\n\n```yaml fragment\n# requests/{name}/first.yaml\nscheme: {name}\n{method}: {path}\n```\n\n\
         `ingam run` sends it to the sandbox, which verifies the signature. `ingam run --env live` sends it to the marketplace with your credentials.\n\n",
        name = scheme.name,
        method = request.method.key(),
    );
}

fn write_credentials(page: &mut String, scheme: &Scheme) {
    if scheme.credentials.is_empty() {
        return;
    }
    page.push_str(
        "## Credentials\n\n| credential | variable | what it is |\n| --- | --- | --- |\n",
    );
    for credential in &scheme.credentials {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            credential.name,
            credential_place(scheme, credential),
            cell(&credential_text(credential))
        );
    }
    page.push('\n');
}

fn credential_place(scheme: &Scheme, credential: &Credential) -> String {
    match credential.scope {
        CredentialScope::App => {
            format!(
                "`{}`",
                variable_name(&scheme.name, None, None, &credential.name)
            )
        }
        CredentialScope::Account if credential.is_secret => {
            let name = variable_name(&scheme.name, Some("env"), Some("account"), &credential.name);
            format!("`{name}`")
        }
        CredentialScope::Account => "the account in `ingam.yaml`".to_owned(),
    }
}

fn credential_text(credential: &Credential) -> String {
    let mut notes = Vec::new();
    if credential.is_secret {
        notes.push("secret");
    }
    if credential.scope == CredentialScope::Account {
        notes.push("one for each account");
    }
    if credential.default.is_some() {
        notes.push("optional");
    }
    let description = credential.description.as_deref().unwrap_or_default();
    match (description, notes.is_empty()) {
        (text, true) => text.to_owned(),
        ("", false) => notes.join(", "),
        (text, false) => format!("{text} ({})", notes.join(", ")),
    }
}

fn write_hosts(page: &mut String, scheme: &Scheme) {
    if scheme.hosts.is_empty() {
        page.push_str(
            "## Hosts\n\nThe environment sets the host. Allow it with `ingam trust`, before ingam sends secrets to it.\n\n",
        );
        return;
    }
    page.push_str("## Hosts\n\n| region | address |\n| --- | --- |\n");
    for host in &scheme.hosts {
        let _ = writeln!(
            page,
            "| `{}` | `{}` |",
            host.region,
            cell(&host.to_string())
        );
    }
    page.push('\n');
}

fn write_vectors(page: &mut String, scheme: &Scheme) {
    if scheme.vectors.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "## Known answers\n\n`ingam scheme check {}` reproduces them.\n\n| source | proof | what |\n| --- | --- | --- |\n",
        scheme.name
    );
    for vector in &scheme.vectors {
        let proof = vector.proof.map_or("not stated", |proof| proof.name());
        let (source, subject) = (cell(&vector.source), subject_text(vector));
        let _ = writeln!(page, "| {source} | {proof} | {} |", cell(&subject));
    }
}

fn subject_text(vector: &SignatureVector) -> String {
    match &vector.subject {
        VectorSubject::Request { request, .. } => {
            format!(
                "`{} {}`",
                request.method.name(),
                template_text(&request.path)
            )
        }
        VectorSubject::Token { token, action, .. } => format!("`{token}.{action}`"),
        VectorSubject::Authorize { .. } => "authorization link".to_owned(),
        VectorSubject::Push { webhook, .. } => format!("webhook `{webhook}`"),
        VectorSubject::Callback { .. } => "address that comes back".to_owned(),
    }
}

fn template_text(template: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Expression(expression) => format!("{{{{ {} }}}}", expression.source),
    };
    template.parts.iter().map(part).collect()
}

/// A `|` would begin another cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The comment at the top of the file, as a paragraph.
fn leading_comment(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.starts_with('#'));
    let lines: Vec<&str> = lines
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    lines.join("\n")
}

/// The lines of one key of the file, without the comments that belong to the next one.
fn part_of<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = text.match_indices(key).map(|(at, _)| at).find(|at| {
        let starts_line = *at == 0 || text[..*at].ends_with('\n');
        starts_line && text[at + key.len()..].starts_with(':')
    })?;
    let rest = &text[at..];
    let mut end = 0;
    let mut position = 0;
    for line in rest.split_inclusive('\n') {
        let begins_key =
            position > 0 && line.starts_with(|letter: char| letter.is_ascii_lowercase());
        if begins_key {
            break;
        }
        position += line.len();
        if !line.trim().is_empty() && !line.starts_with('#') {
            end = position;
        }
    }
    Some(rest[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_the_comment_of_the_next_one_begins() {
        let text = "# head\nscheme: a\nok:\n  # inside\n  status: 2xx\n\n# of errors\nerrors: []\n";
        assert_eq!(part_of(text, "ok"), Some("ok:\n  # inside\n  status: 2xx"));
        assert_eq!(part_of(text, "errors"), Some("errors: []"));
        assert_eq!(part_of(text, "tokens"), None);
        assert_eq!(leading_comment(text), "head");
    }
}
