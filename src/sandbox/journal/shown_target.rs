//! Path and query as the journal shows them: a credential that is not one of the sandbox's own is
//! replaced.

use crate::model::scheme::{RequestPart, Scheme, Token};
use crate::wire::parse_form;

/// What stands in the place of a foreign credential.
const REPLACED: &str = "‹…›";

/// The names under which a scheme's credentials and tokens stand in a query.
pub(crate) struct CredentialFields(Vec<String>);

impl CredentialFields {
    /// From the places where a verifier reads them, and from the parameters of links and token
    /// requests that are made of them.
    #[must_use]
    pub(crate) fn of(scheme: &Scheme) -> Self {
        let is_credential = |text: &str| {
            ["cred.", "token.", "code", "device_code", "secret"]
                .iter()
                .any(|root| text.starts_with(root))
        };
        let read = scheme
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.extractors)
            .filter(|extractor| is_credential(&extractor.name))
            .flat_map(|extractor| &extractor.places)
            .filter(|place| place.part == RequestPart::Query)
            .map(|place| place.field.clone());
        let requests = scheme.tokens.iter().flat_map(Token::all_requests);
        let sent = requests
            .flat_map(|request| request.query.iter().chain(&request.form))
            .chain(scheme.authorize_links.iter().flat_map(|link| &link.query))
            .filter(|field| {
                let mut expressions = field.value.expressions().into_iter();
                expressions.any(|expression| is_credential(&expression.source))
            })
            .map(|field| field.name.to_string());
        let mut names: Vec<String> = read.chain(sent).collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// `is_own` says whether a value is one of the sandbox.
    #[must_use]
    pub(crate) fn shown(&self, target: &str, is_own: &dyn Fn(&str) -> bool) -> String {
        let Some((path, query)) = target.split_once('?') else {
            return target.to_owned();
        };
        if self.0.is_empty() {
            return target.to_owned();
        }
        let mut shown = String::with_capacity(target.len());
        shown.push_str(path);
        let mut joint = '?';
        for pair in query.split('&') {
            shown.push(joint);
            joint = '&';
            match self.foreign_value(pair, is_own) {
                Some(name) => {
                    shown.push_str(name);
                    shown.push('=');
                    shown.push_str(REPLACED);
                }
                None => shown.push_str(pair),
            }
        }
        shown
    }

    /// The name of a pair whose value must not be shown.
    fn foreign_value<'p>(&self, pair: &'p str, is_own: &dyn Fn(&str) -> bool) -> Option<&'p str> {
        let (name, _) = parse_form(pair).into_iter().next()?;
        if !self.0.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return None;
        }
        let (written, value) = pair.split_once('=')?;
        let decoded = parse_form(pair).into_iter().next().map(|(_, value)| value);
        let is_shown = value.is_empty() || decoded.is_some_and(|value| is_own(&value));
        (!is_shown).then_some(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_credential_is_replaced_however_it_is_spelled() {
        let fields = CredentialFields(vec!["access_token".to_owned(), "app key".to_owned()]);
        let is_own = |value: &str| value == "own token";
        for (target, expected) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?x=1&access_token=live", "/a?x=1&access_token=‹…›"),
            (
                "/a?access_token=own%20token&x",
                "/a?access_token=own%20token&x",
            ),
            ("/a?access_token=own+token", "/a?access_token=own+token"),
            ("/a?access%5Ftoken=live", "/a?access%5Ftoken=‹…›"),
            ("/a?Access_Token=live", "/a?Access_Token=‹…›"),
            ("/a?app+key=1&access_token=", "/a?app+key=‹…›&access_token="),
            (
                "/a?access_token=own%20token&access_token=live",
                "/a?access_token=own%20token&access_token=‹…›",
            ),
        ] {
            assert_eq!(fields.shown(target, &is_own), expected);
        }
    }
}
