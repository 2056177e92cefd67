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
        "How time is written, and how far off it may be.",
    ),
    (
        "levels",
        "Levels",
        "Variants of the scheme: who a call is made for.",
    ),
    (
        "match",
        "Level by path",
        "The first rule that fits chooses the level; `default_level` is the rest.",
    ),
    (
        "prepare",
        "Added before the signature",
        "What is signed with the request.",
    ),
    (
        "sign",
        "Signature",
        "The steps, in order. `ingam explain` shows the text of each for your request.",
    ),
    (
        "attach",
        "Added after the signature",
        "What carries the signature.",
    ),
    ("tokens", "Tokens", "What ingam obtains and renews."),
    (
        "webhooks",
        "Webhooks",
        "How a call of the marketplace to your address is signed.",
    ),
    (
        "authorize",
        "Authorization",
        "The link that a seller opens; `ingam auth login` prints it and waits for the code.",
    ),
    (
        "limits",
        "Limits",
        "How many calls the marketplace allows; `ingam budget` shows what is left.",
    ),
    (
        "ok",
        "Success",
        "What a success is. The first rule whose `match` fits decides.",
    ),
    (
        "errors",
        "Errors",
        "Which response is which kind of error. The first rule that fits decides.",
    ),
    (
        "reads",
        "Reads",
        "The calls that change nothing, so that `retry` may send them again.",
    ),
    (
        "redact",
        "Personal data",
        "What recordings, snapshots and reports never show.",
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
    page.push_str("| | |\n| --- | --- |\n");
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
         `ingam run` sends it to the sandbox, which verifies the signature; `ingam run --env live` sends it to the \
         marketplace with your credentials.\n\n",
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
            "## Hosts\n\nThe environment names the host, and you allow it with `ingam trust` before secrets are sent to it.\n\n",
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
