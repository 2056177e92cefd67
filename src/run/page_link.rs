//! The next page at a `Link` header (RFC 8288). Only path and query of a link are taken, and asked of
//! the host that the environment names: a response can never choose where a secret goes.

use super::step_execution::{StepExecution, StepResponse};
use crate::diagnostic::join_names;
use crate::model::environment::Environment;
use crate::model::pages::LinkRelation;
use crate::model::scheme::{Level, SchemeHost};
use crate::wire::{
    LinkHeaderError, LinkTargetError, RequestTarget, WebLink, WireRequest, parse_form, parse_links,
    resolve_link,
};

/// Why a response has no link to follow. Every message says what was found in its place.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageLinkError {
    #[error("`{header}`, which is not a list of links: {error}")]
    Malformed {
        header: String,
        error: LinkHeaderError,
    },
    #[error("links to {0}")]
    Several(String),
    #[error("`{target}`: {error}")]
    Target {
        target: String,
        error: LinkTargetError,
    },
}

/// The links of a response.
///
/// # Errors
/// When a header is no list of links.
pub(super) fn links_of(response: &StepResponse) -> Result<Vec<WebLink>, PageLinkError> {
    let mut links = Vec::new();
    let headers = response.response().headers.iter();
    for (_, value) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("link")) {
        let found = parse_links(value).map_err(|error| PageLinkError::Malformed {
            header: value.clone(),
            error,
        })?;
        links.extend(found);
    }
    Ok(links)
}

/// What is asked for the next page; `None` without a link of this relation. `asked` is the request
/// for this page.
///
/// # Errors
/// When there are several such links, or one that leads elsewhere.
pub(super) fn next_target(
    execution: &StepExecution<'_>,
    relation: &LinkRelation,
    links: &[WebLink],
    asked: &WireRequest,
) -> Result<Option<RequestTarget>, PageLinkError> {
    let mut targets: Vec<&str> = links
        .iter()
        .filter(|link| link.relations.contains(&relation.name))
        .map(|link| link.target.as_str())
        .collect();
    targets.dedup();
    let target = match targets.as_slice() {
        [] => return Ok(None),
        [target] => *target,
        several => {
            let targets = join_names(several.iter().copied(), "and");
            return Err(PageLinkError::Several(targets));
        }
    };
    let found = resolve_link(target, asked.url(), asked.base(), known_bases(execution)).map_err(
        |error| PageLinkError::Target {
            target: target.to_owned(),
            error,
        },
    )?;
    let level = execution.level_at(&found.path);
    Ok(Some(without_scheme_parameters(found, level)))
}

/// The hosts of the scheme, and those that an environment names for it: a recording of one
/// environment answers in the others.
fn known_bases<'e>(execution: &'e StepExecution<'_>) -> impl Iterator<Item = &'e str> {
    let scheme = execution.scheme;
    let environments = execution.context.environment.workspace.environments.iter();
    let named = environments
        .flat_map(Environment::host_addresses)
        .filter(|(name, _)| *name == scheme.name)
        .map(|(_, host)| host.name.as_str());
    // A host that each account has of its own is known as the one that was asked.
    let own = scheme.hosts.iter().filter_map(SchemeHost::fixed_url);
    own.chain(named)
}

/// The query of a link without what the scheme adds itself, such as the signature of the request
/// that it answers.
fn without_scheme_parameters(target: RequestTarget, level: &Level) -> RequestTarget {
    let procedure = &level.procedure;
    let own = procedure
        .prepare
        .query
        .iter()
        .chain(&procedure.attach.query);
    let own: Vec<&str> = own.map(|field| field.name.as_str()).collect();
    let is_kept = |pair: &&str| {
        let names = parse_form(pair);
        names.iter().all(|(name, _)| !own.contains(&name.as_str()))
    };
    let kept: Vec<&str> = target.query.split('&').filter(is_kept).collect();
    RequestTarget {
        query: kept.join("&"),
        path: target.path,
    }
}
