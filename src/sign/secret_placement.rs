//! Finds secrets that a scheme writes where proxies and servers log them: in the query and the path
//! of its requests, of its token requests and of the links that a person opens.

use super::lint_finding::LintFinding;
use super::mentioned_names::names_of;
use crate::model::request::TemplateField;
use crate::model::scheme::{LintRule, Scheme, SignOp, SigningProcedure, Token};
use crate::model::template::Template;
use crate::span::Span;

pub(super) fn check_secrets_in_addresses(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    for level in &scheme.levels {
        AddressCheck::new(scheme, &level.procedure).fields(&[], findings);
    }
    for request in scheme.tokens.iter().flat_map(Token::requests) {
        let check = AddressCheck::new(scheme, &request.procedure);
        check.fields(&request.query, findings);
        check.path(&request.path, findings);
    }
    for link in &scheme.authorize_links {
        let check = AddressCheck::new(scheme, &link.procedure);
        check.fields(&link.query, findings);
        check.path(&link.path, findings);
    }
}

struct AddressCheck<'s> {
    procedure: &'s SigningProcedure,
    /// Names whose values are secret: `cred.key`, `vars.auth`, the id of a step.
    secrets: Vec<String>,
}

impl<'s> AddressCheck<'s> {
    fn new(scheme: &Scheme, procedure: &'s SigningProcedure) -> Self {
        let secret = scheme
            .credentials
            .iter()
            .filter(|credential| credential.is_secret);
        let mut secrets: Vec<String> = secret
            .map(|credential| format!("cred.{}", credential.name))
            .collect();
        for field in &procedure.vars {
            if mentions(&secrets, &names_of(field.value.expressions())) {
                secrets.push(format!("vars.{}", field.name));
            }
        }
        for step in &procedure.sign {
            // A digest and a MAC only prove that a secret is known.
            let hands_on = matches!(step.operation, SignOp::Text(_) | SignOp::Encode { .. });
            if hands_on && mentions(&secrets, &names_of(step.operation.expressions())) {
                secrets.push(step.id.clone());
            }
        }
        Self { procedure, secrets }
    }

    fn fields(&self, more: &[TemplateField], findings: &mut Vec<LintFinding>) {
        let placed = [&self.procedure.prepare, &self.procedure.attach];
        let queries = placed.into_iter().flat_map(|placement| &placement.query);
        for field in queries.chain(more) {
            if mentions(&self.secrets, &names_of(field.value.expressions())) {
                let text = format!(
                    "`{}` puts a secret in the query, which proxies and servers log",
                    field.name
                );
                findings.push(finding(field.name_at, text));
            }
        }
    }

    fn path(&self, path: &Template, findings: &mut Vec<LintFinding>) {
        if mentions(&self.secrets, &names_of(path.expressions())) {
            let text = "the path contains a secret, which proxies and servers log";
            findings.push(finding(path.at, text.to_owned()));
        }
    }
}

fn finding(at: Span, message: String) -> LintFinding {
    LintFinding::warning(LintRule::SecretInQuery, at, message)
}

fn mentions(secrets: &[String], names: &[String]) -> bool {
    names.iter().any(|name| secrets.contains(name))
}
