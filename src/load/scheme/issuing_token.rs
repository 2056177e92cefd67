//! Checks `with` of a token request: the token that another one is issued with. It refuses a token
//! that could never be issued, because it needs itself.

use super::SchemeDecoder;
use crate::diagnostic::Diagnostic;
use crate::model::request::SpannedName;
use crate::model::scheme::{Token, TokenRequest};

impl SchemeDecoder<'_> {
    pub(super) fn check_issuing_tokens(&mut self, tokens: &[Token]) {
        for token in tokens {
            let issue = token.issue.as_ref().map(std::ptr::from_ref::<TokenRequest>);
            for request in token.all_requests() {
                let Some(with) = &request.issuing_token else {
                    continue;
                };
                if Some(std::ptr::from_ref(request)) == issue {
                    self.check_issuing_token(token, with, tokens);
                } else {
                    let diagnostic = Diagnostic::error("only `issue` can have `with`")
                        .at(with.at, "not of this request");
                    self.diagnostics.push(
                        diagnostic
                            .hint("in other requests of a token, its own fields are `token.NAME`"),
                    );
                }
            }
        }
    }

    fn check_issuing_token(&mut self, token: &Token, with: &SpannedName, tokens: &[Token]) {
        self.check_token_exists(with, tokens);
        let mut needed = Some(with);
        // Each token can need one, so a chain that is longer than their number is a circle.
        for _ in tokens {
            let Some(name) = needed else { return };
            if name.name == token.name {
                break;
            }
            let next = tokens.iter().find(|other| other.name == name.name);
            needed = next.and_then(Token::issued_with);
        }
        if needed.is_some_and(|name| name.name == token.name) {
            let diagnostic = Diagnostic::error(format!("the token `{}` needs itself", token.name))
                .at(with.at, "issued with this one");
            self.diagnostics.push(diagnostic.hint(
                "use a token that ingam gets with the credentials of the application or by a login",
            ));
        }
    }
}
