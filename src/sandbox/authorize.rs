//! The page behind an authorization link: one anchor for each thing that can be authorized. It asks for no login.

use super::control::CONTROL;
use super::judge::{Marketplace, base_of, path_below};
use super::leaves::{Leaf, Sent, claimants, pairs, parameter, read};
use super::owner::{Owner, owners};
use super::paths::PathParts;
use super::reply::Reply;
use crate::method::Method;
use crate::model::scheme::{Authorize, LinkHost, Part, Scheme};
use crate::render::Moment;
use crate::sign::{Faulty, Received};
use crate::value::Value;
use crate::wire::{BaseUrl, join_query};
use std::sync::Arc;

/// The link that a request opens, and the address of its host here.
fn opened<'s>(scheme: &'s Scheme, received: &Received) -> Option<(&'s Authorize, BaseUrl)> {
    let is_get = received.method == Method::Get;
    scheme.authorize.iter().filter(|_| is_get).find_map(|link| {
        let bases = regions(link).into_iter().filter_map(|region| base_of(scheme, region, &received.base));
        let here = |base: &BaseUrl| path_below(base, received).is_some_and(|path| PathParts::of(&link.path).fit(path));
        Some((link, bases.into_iter().find(here)?))
    })
}

/// The regions that a link can go to; `None` is that of the requests.
fn regions(link: &Authorize) -> Vec<Option<&str>> {
    match &link.hosts {
        LinkHost::Same => vec![None],
        LinkHost::One(region) => vec![Some(region)],
        LinkHost::ByRegion(regions) => regions.iter().map(|(_, to)| Some(to.as_str())).chain([None]).collect(),
    }
}

impl Marketplace {
    /// The answer, when this opens an authorization link.
    pub(super) fn page(&mut self, received: &Received, moment: Moment) -> Option<Reply> {
        let scheme = Arc::clone(&self.scheme);
        let (link, base) = opened(&scheme, received)?;
        let received = Received { base, ..received.clone() };
        let sent = Sent::of(&received);
        Some(match self.authorizable(link, &received, &sent, moment) {
            Ok(owners) => match back(link, &sent, received.base.origin()) {
                Ok(back) => self.anchors(link, &owners, &back, moment),
                Err(message) => Reply::message(400, message),
            },
            Err(faulty) => self.refuse(&faulty, received.target.split('?').next().unwrap_or_default(), moment),
        })
    }

    /// Every owner of a token with `exchange`, of the accounts of the application that the link names.
    fn authorizable(&self, link: &Authorize, received: &Received, sent: &Sent, moment: Moment) -> Result<Vec<Owner>, Faulty> {
        let verified = self.verify(&link.procedure, None, received, moment.unix_ms)?;
        let leaves = pairs(Part::Query, &link.query);
        let accounts = claimants(&self.scheme, &self.accounts, &verified.read, &leaves, sent)?;
        let tokens = self.scheme.tokens.iter().filter(|token| token.exchange.is_some());
        Ok(tokens.flat_map(|token| owners(token, &accounts)).collect())
    }

    fn anchors(&mut self, link: &Authorize, owners: &[Owner], back: &Back, moment: Moment) -> Reply {
        let mut items = String::new();
        for owner in owners {
            let mut pairs = vec![(link.code.clone(), self.tokens.code(owner, link.code_lifetime, moment))];
            pairs.extend(kept(link, owner));
            pairs.extend(back.state.clone());
            let (href, label) = (escape(&extended(&back.address, &pairs)), escape(&label(owner)));
            items.push_str(&format!("<li><a href=\"{href}\">{label}</a></li>\n"));
        }
        let title = escape(self.scheme.title.as_deref().unwrap_or(&self.scheme.name));
        Reply::html(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n\
             <h1>{title}, played by ingam</h1>\n<p>Choose what the application may act for:</p>\n<ul>\n{items}</ul>\n</body>\n</html>\n"
        ))
    }
}

/// Where a person goes from the page, and what the link wants back.
struct Back {
    address: String,
    state: Option<(String, String)>,
}

/// A link that does not say where to is of a marketplace that knows the address itself: ours is one that can be copied.
fn back(link: &Authorize, sent: &Sent, origin: &str) -> Result<Back, String> {
    let leaves: Vec<Leaf<'_>> = pairs(Part::Query, &link.query);
    let value = |name: &str| read(&leaves, sent, &[name]).map(|(value, _)| value);
    let address = match parameter(&leaves, "redirect") {
        None => format!("{origin}{CONTROL}callback"),
        Some(name) => value("redirect").ok_or_else(|| format!("the link has no `{name}`: where to go back is not known"))?,
    };
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(format!("`{address}` is no address to go back to: it begins with neither `https://` nor `http://`"));
    }
    let state = parameter(&leaves, "state").and_then(|name| Some((name.to_owned(), value("state")?)));
    Ok(Back { address, state })
}

/// What comes back beside the code.
fn kept(link: &Authorize, owner: &Owner) -> Vec<(String, String)> {
    let value = |name: &String| owner.ids.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.to_plain_text());
    link.keep.iter().filter_map(|(name, called)| Some((called.clone(), value(name)?))).collect()
}

/// The address with more parameters, before its fragment.
fn extended(address: &str, pairs: &[(String, String)]) -> String {
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

fn label(owner: &Owner) -> String {
    let ids: Vec<String> =
        owner.ids.iter().map(|(name, value)| format!("{name} {}", Value::to_plain_text(value).unwrap_or_default())).collect();
    format!("{}: {}", owner.token, ids.join(", "))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// What stands at our own address to go back to.
#[must_use]
pub fn landing() -> Reply {
    let text = "This is where the application would be. Copy the address of this page: the code is in it.";
    Reply::html(format!(
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
            assert_eq!(extended(address, &pairs), expected);
        }
        assert_eq!(escape("<a href='\"&\">"), "&lt;a href=&#39;&quot;&amp;&quot;&gt;");
    }
}
