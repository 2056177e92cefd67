//! Which scheme a request belongs to, by its host, and the base URL that its path stands below.

use super::imported_request::ImportedRequest;
use crate::model::request::TemplateField;
use crate::model::scheme::{HostAddress, RequestPart, Scheme, SigningProcedure};
use crate::model::template::{TemplatePart, TemplateTreeKind};
use crate::model::workspace::Workspace;
use crate::wire::{BaseUrl, parse_form};
use std::sync::Arc;

/// A scheme that a request can belong to.
#[derive(Clone)]
pub(crate) struct SchemeMatch {
    pub(crate) scheme: Arc<Scheme>,
    /// Protocol, host and base path.
    pub(crate) base: BaseUrl,
    /// The environment that names this host.
    pub(crate) environment: Option<String>,
    /// Whether the request went to a host of the scheme or of an environment.
    pub(crate) is_own_host: bool,
}

/// Every scheme one of whose hosts the request went to. If several have this host, those whose
/// parameters the request shows the most of.
#[must_use]
pub(crate) fn schemes_of_host(
    workspace: &Workspace,
    request: &ImportedRequest,
) -> Vec<SchemeMatch> {
    let Some(origin) = request.origin.as_deref() else {
        return Vec::new();
    };
    let schemes = workspace.schemes.iter();
    let found: Vec<SchemeMatch> = schemes
        .filter_map(|scheme| match_host(workspace, scheme, origin, request.path()))
        .collect();
    let shown = |found: &SchemeMatch| shown_parameters(&found.scheme, request);
    let most = found.iter().map(shown).max().unwrap_or(0);
    found
        .into_iter()
        .filter(|found| shown(found) == most)
        .collect()
}

/// The schemes that are called at this host with the other protocol.
#[must_use]
pub(crate) fn schemes_of_other_protocol<'w>(
    workspace: &'w Workspace,
    request: &ImportedRequest,
) -> Vec<&'w str> {
    let origin = request.origin.as_deref().unwrap_or_default();
    let other = match origin.split_once("://") {
        Some(("http", host)) => format!("https://{host}"),
        Some(("https", host)) => format!("http://{host}"),
        _ => return Vec::new(),
    };
    let schemes = workspace.schemes.iter();
    schemes
        .filter(|scheme| match_host(workspace, scheme, &other, request.path()).is_some())
        .map(|scheme| scheme.name.as_str())
        .collect()
}

/// The schemes all of whose parameters the request shows, at some level: candidates for a host that
/// nobody knows.
#[must_use]
pub(crate) fn schemes_of_parameters<'w>(
    workspace: &'w Workspace,
    request: &ImportedRequest,
) -> Vec<&'w str> {
    let signing = workspace
        .schemes
        .iter()
        .filter(|scheme| scheme.has_signature());
    let counted: Vec<(usize, &str)> = signing
        .map(|scheme| (shown_parameters(scheme, request), scheme.name.as_str()))
        .collect();
    let most = counted.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let best = counted
        .into_iter()
        .filter(|(count, _)| *count == most && most > 0);
    best.map(|(_, name)| name).collect()
}

/// The base URL of a request of a scheme that was named, at whatever host: the sandbox and proxies
/// keep the base path of the marketplace.
#[must_use]
pub(crate) fn match_named_scheme(
    workspace: &Workspace,
    scheme: &Arc<Scheme>,
    request: &ImportedRequest,
) -> Option<SchemeMatch> {
    let path = request.path();
    let known = request
        .origin
        .as_deref()
        .and_then(|origin| match_host(workspace, scheme, origin, path));
    if known.is_some() {
        return known;
    }
    let own = scheme.hosts.iter();
    let own = own.filter_map(|host| BaseUrl::parse(&host.example_url()).ok());
    let fitting = longest_base(own, path);
    let base = match (&request.origin, fitting) {
        (Some(origin), Some(base)) => base.with_origin(origin)?,
        (Some(origin), None) => BaseUrl::parse(origin).ok()?,
        (None, Some(base)) => base,
        (None, None) => BaseUrl::parse(&scheme.main_host()?.example_url()).ok()?,
    };
    Some(SchemeMatch {
        scheme: Arc::clone(scheme),
        base,
        environment: None,
        is_own_host: false,
    })
}

fn match_host(
    workspace: &Workspace,
    scheme: &Arc<Scheme>,
    origin: &str,
    path: &str,
) -> Option<SchemeMatch> {
    let own = scheme.hosts.iter().filter_map(|host| match &host.address {
        HostAddress::Fixed(url) => BaseUrl::parse(url).ok(),
        HostAddress::OfAccount(host) => {
            let base = BaseUrl::parse(&host.example()).ok()?;
            let sent = BaseUrl::parse(origin).ok()?;
            host.fits(sent.host()).then(|| base.with_origin(origin))?
        }
    });
    let own = own.map(|base| (None, base));
    let named = workspace.environments.iter().flat_map(|environment| {
        let hosts = environment.configured_hosts(&scheme.name);
        let addresses = hosts.map(|hosts| hosts.addresses()).unwrap_or_default();
        addresses
            .into_iter()
            .filter_map(|host| BaseUrl::parse(&host.name).ok())
            .map(|base| (Some(environment.name.clone()), base))
    });
    let at_host: Vec<(Option<String>, BaseUrl)> = named
        .chain(own)
        .filter(|(_, base)| base.origin() == origin)
        .collect();
    let bases = at_host.iter().map(|(_, base)| base.clone());
    // A path that is not below any of them is a mistake that can be found.
    let base = longest_base(bases, path).or_else(|| Some(at_host.first()?.1.clone()))?;
    let environment = at_host
        .into_iter()
        .find(|(_, known)| *known == base)
        .and_then(|(environment, _)| environment);
    Some(SchemeMatch {
        scheme: Arc::clone(scheme),
        base,
        environment,
        is_own_host: true,
    })
}

/// The longest base whose path a path stands below; of several the first.
fn longest_base(bases: impl Iterator<Item = BaseUrl>, path: &str) -> Option<BaseUrl> {
    let mut best: Option<BaseUrl> = None;
    for base in bases {
        let is_below = path
            .strip_prefix(base.path())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_longer = best
            .as_ref()
            .is_none_or(|best| base.path().len() > best.path().len());
        if is_below && is_longer {
            best = Some(base);
        }
    }
    best
}

/// How many of the parameters that the scheme adds the request has, at the level that fits best.
/// What may be left out is not asked for, and what stands there must have the form of the scheme:
/// nearly every scheme has an `Authorization`.
fn shown_parameters(scheme: &Scheme, request: &ImportedRequest) -> usize {
    let query = parse_form(request.query());
    let form = std::str::from_utf8(&request.body).map_or_else(|_| Vec::new(), parse_form);
    let find = |pairs: &[(String, String)], name: &str| -> Option<String> {
        let mut pairs = pairs.iter();
        let found = pairs.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let count = |procedure: &SigningProcedure| {
        let fields = procedure.prepare.fields().chain(procedure.attach.fields());
        let mut shown = 0;
        for (part, field) in fields {
            let value = match part {
                RequestPart::Header => find(&request.headers, &field.name),
                _ => find(&query, &field.name).or_else(|| find(&form, &field.name)),
            };
            match value {
                Some(value) if has_form(field, &value) => shown += 1,
                None if may_be_left_out(scheme, field) => {}
                _ => return 0,
            }
        }
        shown
    };
    scheme.procedures().map(count).max().unwrap_or(0)
}

/// Whether the literal parts of a template stand in a value, in order, the first at its beginning.
fn has_form(field: &TemplateField, value: &str) -> bool {
    let TemplateTreeKind::Template(template) = &field.value.kind else {
        return true;
    };
    let mut rest = value;
    for (index, part) in template.parts.iter().enumerate() {
        let TemplatePart::Literal(literal) = part else {
            continue;
        };
        // Writers differ in the blanks between the members of a header.
        let literal = literal.trim();
        match rest.find(literal) {
            Some(at) if index > 0 || at == 0 => rest = &rest[at + literal.len()..],
            _ => return false,
        }
    }
    true
}

/// Whether a request without this field is a request of the scheme, too.
fn may_be_left_out(scheme: &Scheme, field: &TemplateField) -> bool {
    field.value.expressions().iter().any(|expression| {
        let source = expression.source.trim();
        let credential = source.strip_prefix("cred.");
        let credential = credential.and_then(|name| scheme.credential(name));
        credential.is_some_and(|credential| credential.default.is_some())
            || source.ends_with(" or none")
            || source.ends_with(" else none")
    })
}
