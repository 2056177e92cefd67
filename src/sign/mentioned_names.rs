//! The names that a scheme's templates mention, for checks that read a scheme and compute nothing.

use super::seal::root_names;
use crate::model::request::TemplateField;
use crate::model::scheme::{FieldPlacement, Scheme, SignStep, SigningProcedure, Token};
use crate::model::template::Expression;
use crate::render::{RenderError, TemplateDialect};

/// Dotted names: `cred.key`, `req.path`, `signature`. An expression that does not compile has none:
/// it was reported when its field was decoded.
pub(super) fn names_of<'e>(expressions: impl IntoIterator<Item = &'e Expression>) -> Vec<String> {
    expressions
        .into_iter()
        .filter_map(|expression| TemplateDialect::Scheme.names_in(expression).ok())
        .flatten()
        .collect()
}

/// What every template of a procedure mentions.
pub(super) fn procedure_names(procedure: &SigningProcedure) -> Vec<String> {
    let placed = [&procedure.prepare, &procedure.attach]
        .into_iter()
        .flat_map(FieldPlacement::fields)
        .map(|(_, field)| field);
    let mut names = field_names(placed.chain(&procedure.vars));
    for step in &procedure.sign {
        names.extend(names_of(step.operation.expressions()));
    }
    names
}

fn field_names<'f>(fields: impl IntoIterator<Item = &'f TemplateField>) -> Vec<String> {
    fields
        .into_iter()
        .flat_map(|field| names_of(field.value.expressions()))
        .collect()
}

/// What the whole scheme mentions, the plain words that name a credential among them.
pub(super) fn scheme_names(scheme: &Scheme) -> Vec<String> {
    let mut names: Vec<String> = scheme.procedures().flat_map(procedure_names).collect();
    for request in scheme.tokens.iter().flat_map(Token::requests) {
        names.extend(names_of(request.path.expressions()));
        names.extend(field_names(request.query.iter().chain(&request.form)));
        let json = request.json.iter().flat_map(|json| json.expressions());
        names.extend(names_of(json));
    }
    for link in &scheme.authorize_links {
        names.extend(names_of(link.path.expressions()));
        names.extend(field_names(&link.query));
        names.extend(procedure_names(&link.procedure));
    }
    let links = scheme.authorize_links.iter();
    let verifications = links.filter_map(|link| link.verification.as_ref());
    let webhooks = scheme.webhooks.iter().map(|webhook| &webhook.signature);
    for step in verifications
        .chain(webhooks)
        .flat_map(|arrived| &arrived.sign)
    {
        names.extend(names_of(step.operation.expressions()));
    }
    let stored = scheme.tokens.iter().flat_map(|token| {
        let splits = token.splits.iter().map(|split| &split.credential);
        token.key_credentials.iter().chain(splits)
    });
    names.extend(stored.map(|name| format!("cred.{name}")));
    names
}

/// The steps whose results are sent, and those that these are made of; what no request carries
/// covers nothing.
pub(super) fn used_steps(procedure: &SigningProcedure) -> Result<Vec<String>, RenderError> {
    let attached = procedure.attach.fields();
    let used = root_names(
        attached
            .flat_map(|(_, field)| field.value.expressions())
            .collect(),
    )?;
    with_inputs(used, procedure, |_| true)
}

/// Names of steps, and of all that those of them that are `wanted` are made of.
pub(super) fn with_inputs(
    mut names: Vec<String>,
    procedure: &SigningProcedure,
    wanted: impl Fn(&SignStep) -> bool,
) -> Result<Vec<String>, RenderError> {
    // Steps only read steps before them, so one pass from the last to the first finds them all.
    for step in procedure.sign.iter().rev() {
        if names.contains(&step.id) && wanted(step) {
            names.extend(root_names(step.operation.expressions())?);
        }
    }
    Ok(names)
}
