//! The page of an authorization link: one anchor for each subject that can be authorized. It needs
//! no login.

use super::html_page::{escape_html, html_page, subject_label};
use super::issued_tokens::CodeBinding;
use super::request_template::{
    ReceivedValues, RequestLeaf, field_leaves, matching_accounts, parameter_name, read_value,
};
use super::token_subject::{TokenSubject, subjects_of};
use crate::method::Method;
use crate::model::path_literals::PathLiterals;
use crate::model::scheme::{AuthorizeLink, HostChoice, RequestPart, Scheme, VerifyFault};
use crate::render::FreshValues;
use crate::sandbox::marketplace::{TestMarketplace, local_base_url, path_below};
use crate::sandbox::refused_request::RefusedRequest;
use crate::sandbox::reply::SandboxReply;
use crate::sandbox::reserved_names::CONTROL_PATH;
use crate::sign::{Arrived, ReceivedRequest, SealError, VerifyError, incoming_steps};
use crate::wire::{BaseUrl, join_query};
use std::sync::Arc;

/// The link that a request opens, and the address of its host in the sandbox.
fn match_link<'s>(
    scheme: &'s Scheme,
    received: &ReceivedRequest,
) -> Option<(&'s AuthorizeLink, BaseUrl)> {
    let is_get = received.method == Method::Get;
    scheme
        .authorize_links
        .iter()
        .filter(|_| is_get)
        .find_map(|link| {
            let bases = regions(link)
                .into_iter()
                .filter_map(|region| local_base_url(scheme, region, &received.base));
            let here = |base: &BaseUrl| {
                path_below(base, received)
                    .is_some_and(|path| PathLiterals::of(&link.path).matches(path))
            };
            Some((link, bases.into_iter().find(here)?))
        })
}

/// The regions that a link can go to; `None` is that of the requests.
fn regions(link: &AuthorizeLink) -> Vec<Option<&str>> {
    match &link.link_host {
        HostChoice::OfRegion => vec![None],
        HostChoice::Fixed(region) => vec![Some(region)],
        HostChoice::ByRegion(regions) => regions
            .iter()
            .map(|(_, to)| Some(to.as_str()))
            .chain([None])
            .collect(),
    }
}

impl TestMarketplace {
    /// The page, if the request opens an authorization link.
    pub(crate) fn authorize_page(
        &mut self,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Option<SandboxReply> {
        let scheme = Arc::clone(&self.scheme);
        let (link, base) = match_link(&scheme, received)?;
        let received = ReceivedRequest {
            base,
            ..received.clone()
        };
        let sent = match ReceivedValues::of(&received) {
            Ok(sent) => sent,
            Err(faulty) => {
                return Some(self.refusal_reply(&faulty.into(), received.path(), moment));
            }
        };
        Some(
            match self.authorizable_subjects(link, &received, &sent, moment) {
                Ok(owners) => match return_target(link, &sent, received.base.origin()) {
                    Ok(back) => self.link_page(link, &owners, &back, moment),
                    Err(error) => SandboxReply::message(400, error.to_string()),
                },
                Err(faulty) => self.refusal_reply(&faulty, received.path(), moment),
            },
        )
    }

    /// Every subject of a token with `exchange`, among the accounts of the application that the
    /// link names.
    fn authorizable_subjects(
        &self,
        link: &AuthorizeLink,
        received: &ReceivedRequest,
        sent: &ReceivedValues,
        moment: FreshValues,
    ) -> Result<Vec<TokenSubject>, RefusedRequest> {
        let verified = self.verify(&link.procedure, None, received, moment.unix_ms)?;
        let leaves = field_leaves(RequestPart::Query, &link.query);
        let challenge = read_value(&leaves, sent, &["challenge"]);
        if link.uses_pkce && challenge.is_none_or(|(value, _)| value.is_empty()) {
            let name = parameter_name(&leaves, "challenge").unwrap_or("challenge");
            return Err(VerifyError {
                fault: VerifyFault::Missing,
                location: format!("query.{name}"),
            }
            .into());
        }
        let accounts = matching_accounts(
            &self.scheme,
            &self.accounts,
            &verified.read_values,
            &leaves,
            sent,
        )?;
        let tokens = self
            .scheme
            .tokens
            .iter()
            .filter(|token| token.exchange.is_some());
        Ok(tokens
            .flat_map(|token| subjects_of(token, &accounts))
            .collect())
    }

    fn link_page(
        &mut self,
        link: &AuthorizeLink,
        owners: &[TokenSubject],
        back: &ReturnTarget,
        moment: FreshValues,
    ) -> SandboxReply {
        let mut items = String::new();
        for owner in owners {
            let mut pairs = vec![(
                link.code_param.clone(),
                self.tokens
                    .issue_code(owner, link.code_lifetime, back.binding.clone(), moment),
            )];
            pairs.extend(returned_ids(link, owner));
            pairs.extend(back.state.clone());
            let address = with_parameters(&back.address, &pairs);
            let address = match self.signed_address(link, owner, address) {
                Ok(address) => address,
                Err(error) => return SandboxReply::message(501, error.to_string()),
            };
            let (href, label) = (escape_html(&address), escape_html(&subject_label(owner)));
            items.push_str(&format!("<li><a href=\"{href}\">{label}</a></li>\n"));
        }
        let text = format!("<p>Choose what the application may act for:</p>\n<ul>\n{items}</ul>");
        html_page(200, self.page_title(), &text)
    }
}

impl TestMarketplace {
    /// The address with the signature that the scheme checks, as the last parameter.
    fn signed_address(
        &self,
        link: &AuthorizeLink,
        owner: &TokenSubject,
        address: String,
    ) -> Result<String, SealError> {
        let Some(signature) = &link.verification else {
            return Ok(address);
        };
        let mut accounts = self.accounts.iter();
        let credentials = accounts
            .find(|account| owner.includes(account))
            .map(|account| account.credentials.clone())
            .unwrap_or_default();
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let lines = incoming_steps(signature, &Arrived::callback(query), &credentials)?;
        let pair = lines
            .last()
            .map(|line| (signature.field.clone(), line.value.clone()));
        Ok(with_parameters(&address, pair.as_slice()))
    }
}

/// Why the page cannot redirect to the application.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum RedirectError {
    #[error("the link has no `{0}`, so the redirect address is unknown")]
    Missing(String),
    #[error("`{0}` is not a redirect address: it does not begin with `https://` or `http://`")]
    NotHttp(String),
}

/// The redirect target, and the state that the link wants back (RFC 6749, section 4.1.2).
struct ReturnTarget {
    address: String,
    state: Option<(String, String)>,
    /// What the exchange of a code must bring.
    binding: CodeBinding,
}

/// If the link has no redirect parameter, the marketplace knows the address itself. The sandbox
/// does not, so it shows a page whose URL can be copied.
fn return_target(
    link: &AuthorizeLink,
    sent: &ReceivedValues,
    origin: &str,
) -> Result<ReturnTarget, RedirectError> {
    let leaves: Vec<RequestLeaf<'_>> = field_leaves(RequestPart::Query, &link.query);
    let value = |name: &str| read_value(&leaves, sent, &[name]).map(|(value, _)| value);
    let address = match parameter_name(&leaves, "redirect") {
        None => format!("{origin}{CONTROL_PATH}callback"),
        Some(name) => value("redirect").ok_or_else(|| RedirectError::Missing(name.to_owned()))?,
    };
    // The address becomes the `href` of an anchor: `javascript:` would run on the page.
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(RedirectError::NotHttp(address));
    }
    let state =
        parameter_name(&leaves, "state").and_then(|name| Some((name.to_owned(), value("state")?)));
    let binding = CodeBinding {
        redirect: value("redirect"),
        challenge: value("challenge"),
    };
    Ok(ReturnTarget {
        address,
        state,
        binding,
    })
}

/// The parameters that are returned in addition to the code.
fn returned_ids(link: &AuthorizeLink, owner: &TokenSubject) -> Vec<(String, String)> {
    let value = |name: &String| {
        owner
            .ids
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value.to_plain_text())
    };
    link.callback_params
        .iter()
        .filter_map(|(name, called)| Some((called.clone(), value(name)?)))
        .collect()
}

/// The address with more parameters, placed before its fragment.
fn with_parameters(address: &str, pairs: &[(String, String)]) -> String {
    let (address, fragment) = address.split_at(address.find('#').unwrap_or(address.len()));
    let joint = if address.ends_with(['?', '&']) {
        ""
    } else if address.contains('?') {
        "&"
    } else {
        "?"
    };
    format!("{address}{joint}{}{fragment}", join_query(pairs))
}

/// The page at the redirect target of the sandbox itself.
#[must_use]
pub(crate) fn callback_page() -> SandboxReply {
    let text = "This is the redirect page of the application. Copy the address of this page: it contains the code.";
    SandboxReply::html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>ingam</title></head>\n\
         <body><p>{text}</p></body>\n</html>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_before_the_fragment() {
        let pairs = [("a".to_owned(), "b c".to_owned())];
        for (address, expected) in [
            ("https://x", "https://x?a=b%20c"),
            ("https://x/y?z=1", "https://x/y?z=1&a=b%20c"),
            ("https://x/y?", "https://x/y?a=b%20c"),
            ("https://x/y#z", "https://x/y?a=b%20c#z"),
        ] {
            assert_eq!(with_parameters(address, &pairs), expected);
        }
    }
}
