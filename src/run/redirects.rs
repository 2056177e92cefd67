//! Follows the redirects of a step that is not signed, as far as the step says.

use super::exchange::ExchangeContext;
use super::response_secrets::register_cookies;
use super::step_error::{StepError, UnfollowedRedirect};
use crate::event::RequestPhases;
use crate::method::Method;
use crate::sign::SealedRequest;
use crate::transport::{PhaseClock, SendLimits, TransportError};
use crate::wire::{BaseUrl, Draft, DraftBody, ExternalUrl, WireRequest, WireResponse};
use std::time::{Duration, Instant};

impl ExchangeContext<'_> {
    /// Sends a request and follows its redirects. Returns the last request and its response.
    pub(super) async fn send_following(
        &self,
        draft: &Draft,
        sealed: WireRequest,
        phases: &mut Vec<RequestPhases>,
    ) -> (WireRequest, Result<WireResponse, StepError>) {
        let started_at = Instant::now();
        let mut request = sealed;
        let mut draft = draft.clone();
        let mut number = 0;
        loop {
            // The time limit is for the attempt, all redirects included.
            let left = self.timeout.saturating_sub(started_at.elapsed());
            let response = match self.send_once(&request, left, phases).await {
                Ok(response) => response,
                Err(error) => return (request, Err(error.into())),
            };
            let Some(location) = redirect_location(&response) else {
                return (request, Ok(response));
            };
            if self.cookies.is_some() {
                // Of this response nothing but its cookies is used again.
                register_cookies(&response, &mut self.context.state.redactor.borrow_mut());
                self.keep_cookies(&request, &response);
            }
            match self.next_hop(&draft, request.base(), &response, &location, number) {
                Ok(next) => (draft, request) = next,
                Err(error) => return (request, Err(error)),
            }
            number += 1;
        }
    }

    /// Sends a request to the host of the environment, or to one that an address or a redirect names.
    pub(super) async fn send_once(
        &self,
        request: &WireRequest,
        timeout: Duration,
        phases: &mut Vec<RequestPhases>,
    ) -> Result<WireResponse, TransportError> {
        let clock = self.context.options.phases.then(PhaseClock::start);
        let received = self.send_by_route(request, timeout, clock.as_ref()).await;
        let status = received.as_ref().ok().map(|response| response.status);
        phases.extend(clock.map(|clock| clock.stop(status)));
        received
    }

    async fn send_by_route(
        &self,
        request: &WireRequest,
        timeout: Duration,
        clock: Option<&PhaseClock>,
    ) -> Result<WireResponse, TransportError> {
        let transport = &self.context.environment.transport;
        let route = &self.access.route;
        let limits = SendLimits {
            timeout,
            max_body: self.max_body,
            passage: self.passage,
            clock,
        };
        if request.base().origin() == self.access.call_base.origin() {
            return transport.send_by(request, route, limits).await;
        }
        // Authorities and certificates of an environment are for its own hosts.
        transport
            .send_by(request, &route.for_address(), limits)
            .await
    }

    fn next_hop(
        &self,
        draft: &Draft,
        from: &BaseUrl,
        response: &WireResponse,
        location: &str,
        number: u32,
    ) -> Result<(Draft, WireRequest), StepError> {
        let url = self.hop_url(draft, from, location)?;
        if number >= self.redirects.max {
            let target = url.base.origin().to_owned();
            return Err(UnfollowedRedirect::TooMany(self.redirects.max, target).into());
        }
        let url_origin = url.base.origin().to_owned();
        let next = redirected(draft, from, url, response.status);
        self.register_signature(&next);
        if url_origin != from.origin()
            && let Some(name) = self.secret_of_user(&next)
        {
            return Err(UnfollowedRedirect::Refused(format!(
                "the request would send `{name}` to {url_origin}"
            ))
            .into());
        }
        let base = next.external.clone().unwrap_or_else(|| from.clone());
        let SealedRequest { request, .. } =
            self.seal_at(&next, &base, None, self.context.fresh_values())?;
        Ok((next, request))
    }

    /// Where a redirect leads, checked as the first address was.
    fn hop_url(
        &self,
        draft: &Draft,
        from: &BaseUrl,
        location: &str,
    ) -> Result<ExternalUrl, UnfollowedRedirect> {
        let refused =
            |reason: &dyn std::fmt::Display| UnfollowedRedirect::Refused(reason.to_string());
        let here = format!("{from}{}", draft.path);
        let target = resolve_location(&here, location).ok_or_else(|| {
            UnfollowedRedirect::Refused("its `location` is not an address".to_owned())
        })?;
        // The host that was asked is allowed; it may be one of the environment on the loopback
        // interface.
        if let Some(url) = at_same_origin(&target, from) {
            return Ok(url);
        }
        ExternalUrl::parse(&target, self.redirects.patterns).map_err(|error| refused(&error))
    }
}

/// The address of a redirect, as it is written if it is whole; without a fragment, which is never
/// sent.
fn resolve_location(here: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or(location);
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_owned());
    }
    let url = url::Url::parse(here).ok()?.join(location).ok()?;
    Some(url.into())
}

fn at_same_origin(target: &str, from: &BaseUrl) -> Option<ExternalUrl> {
    let rest = target.strip_prefix(from.origin())?;
    if !rest.is_empty() && !rest.starts_with(['/', '?']) {
        return None;
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some(ExternalUrl {
        base: BaseUrl::parse(from.origin()).ok()?,
        path: if path.is_empty() { "/" } else { path }.to_owned(),
        query: query.to_owned(),
    })
}

/// The request that follows a redirect (RFC 9110, section 15.4).
fn redirected(draft: &Draft, from: &BaseUrl, url: ExternalUrl, status: u16) -> Draft {
    let is_same_origin = url.base.origin() == from.origin();
    let becomes_get = match status {
        303 => draft.method != Method::Head,
        // What every client does, and what the RFC allows for it.
        301 | 302 => draft.method == Method::Post,
        _ => false,
    };
    let is_kept = |name: &str| {
        let is_private = matches!(name, "authorization" | "cookie" | "proxy-authorization");
        let is_of_body = name.starts_with("content-");
        (is_same_origin || !is_private) && !(becomes_get && is_of_body)
    };
    Draft {
        external: Some(url.base),
        method: if becomes_get {
            Method::Get
        } else {
            draft.method
        },
        path: url.path,
        raw_query: url.query,
        query: Vec::new(),
        headers: draft
            .headers
            .iter()
            .filter(|(name, _)| is_kept(name))
            .cloned()
            .collect(),
        body: if becomes_get {
            DraftBody::None
        } else {
            draft.body.clone()
        },
    }
}

/// Where a response redirects to.
fn redirect_location(response: &WireResponse) -> Option<String> {
    let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    response
        .header("location")
        .filter(|_| is_redirect)
        .map(str::to_owned)
}
