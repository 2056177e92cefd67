//! Requests for tokens: which one it is, what it says read backwards, and its answer in the
//! scheme's words.

use super::issued_family::{ExpiringToken, IssuedPair};
use super::issued_tokens::{RefreshCandidate, TokenRule};
use super::marketplace::{TestMarketplace, local_base_url, path_below, request_path};
use super::path_match::PathLiterals;
use super::penalty::{has_all_parameters, is_violated_by, move_query_to_body};
use super::reply::{LostResponse, SandboxReply, unmakeable_reply};
use super::request_template::{
    ReceivedValues, RequestLeaf, check_constants, find_missing, find_unexpected, leaves_of,
    matching_accounts, read_value,
};
use super::template_scope::SandboxScope;
use super::token_subject::{TokenSubject, public_ids, subjects_of};
use crate::model::scheme::{PenaltyRule, Scheme, Token, TokenRequest, VerifyFault};
use crate::render::{FreshValues, RenderError};
use crate::sign::{ReceivedRequest, TestAccount, VerifiedRequest, VerifyError};
use crate::value::Value;
use std::sync::Arc;

/// What a token is asked for with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GrantType {
    ClientCredentials,
    AuthorizationCode,
    RefreshToken,
}

/// A request for a token that was recognised.
struct TokenRequestMatch<'s> {
    token: &'s Token,
    grant_type: GrantType,
    request: &'s TokenRequest,
    leaves: Vec<RequestLeaf<'s>>,
    /// What is missing of it, or does not belong to it.
    mismatch: Option<VerifyError>,
}

/// Every request for a token that the scheme has at this method and path.
fn candidates<'s>(scheme: &'s Scheme, received: &ReceivedRequest) -> Vec<TokenRequestMatch<'s>> {
    let ways = |token: &'s Token| {
        let ways = [
            (GrantType::ClientCredentials, &token.issue),
            (GrantType::AuthorizationCode, &token.exchange),
            (GrantType::RefreshToken, &token.refresh),
        ];
        ways.into_iter()
            .filter_map(move |(with, request)| Some((token, with, request.as_ref()?)))
    };
    let here = |request: &TokenRequest| {
        let path = local_base_url(scheme, request.host.as_deref(), &received.base)
            .and_then(|base| path_below(&base, received));
        request.method == received.method
            && path.is_some_and(|path| PathLiterals::of(&request.path).matches(path))
    };
    let all = scheme
        .tokens
        .iter()
        .flat_map(ways)
        .filter(|(_, _, request)| here(request));
    all.map(|(token, with, request)| TokenRequestMatch {
        token,
        grant_type: with,
        request,
        leaves: leaves_of(request),
        mismatch: None,
    })
    .collect()
}

/// The candidate that fits what was sent; several can share one path. Without one that fits, the
/// first: its mismatch is what the client is told.
fn match_token_request<'s>(
    scheme: &'s Scheme,
    mut asked: Vec<TokenRequestMatch<'s>>,
    sent: &ReceivedValues,
) -> Option<TokenRequestMatch<'s>> {
    let others: Vec<RequestLeaf<'s>> = asked
        .iter()
        .flat_map(|asked| leaves_of(asked.request))
        .collect();
    for asked in &mut asked {
        asked.mismatch = find_missing(scheme, &asked.leaves, sent)
            .or_else(|| find_unexpected(&asked.leaves, &others, sent));
    }
    let fitting = asked
        .iter()
        .position(|asked| asked.mismatch.is_none())
        .unwrap_or(0);
    (!asked.is_empty()).then(|| asked.swap_remove(fitting))
}

/// What a code or a refresh token came with.
struct GrantInput<'s> {
    leaves: &'s [RequestLeaf<'s>],
    sent: &'s ReceivedValues,
    rule: TokenRule<'s>,
}

impl GrantInput<'_> {
    fn read_value(&self, lookup: &[&str]) -> Option<(String, String)> {
        read_value(self.leaves, self.sent, lookup)
    }
}

/// What the answer to a token request is made from.
struct TokenReplyData<'s> {
    pair: IssuedPair,
    rule: TokenRule<'s>,
}

/// A request for a token that does not get one.
enum TokenRefusal {
    Invalid(VerifyError),
    /// The scheme does not say how it is answered.
    NoResponseDefined,
}

impl From<VerifyError> for TokenRefusal {
    fn from(faulty: VerifyError) -> Self {
        Self::Invalid(faulty)
    }
}

impl TestMarketplace {
    /// The answer, when this is a request for a token.
    pub(super) fn token_request(
        &mut self,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Option<Result<SandboxReply, LostResponse>> {
        let scheme = Arc::clone(&self.scheme);
        let candidates = candidates(&scheme, received);
        if candidates.is_empty() {
            return None;
        }
        let path = request_path(received).to_owned();
        let sent = match ReceivedValues::of(received) {
            Ok(sent) => sent,
            Err(faulty) => {
                self.traffic.token_requests += 1;
                return Some(Ok(self.refusal_reply(&faulty, &path, moment)));
            }
        };
        let asked = match_token_request(&scheme, candidates, &sent)?;
        let mut received = received.clone();
        received.base = local_base_url(&scheme, asked.request.host.as_deref(), &received.base)?;
        // Only from here on it is certain that this is a token request.
        self.traffic.token_requests += 1;
        let judged = match asked.grant_type {
            GrantType::ClientCredentials => self.issue(&scheme, &asked, received, moment),
            _ => self.exchange_or_refresh(&scheme, &asked, &received, moment),
        };
        Some(match judged {
            Ok(judged) => self.token_reply(&judged, &path, moment),
            Err(TokenRefusal::Invalid(faulty)) => Ok(self.refusal_reply(&faulty, &path, moment)),
            Err(TokenRefusal::NoResponseDefined) => Ok(SandboxReply::message(
                501,
                "the scheme says no answer to this token request",
            )),
        })
    }

    /// A token for the application's credentials alone. A mistake that the marketplace punishes
    /// later is remembered, and answered with success.
    fn issue<'s>(
        &mut self,
        scheme: &'s Scheme,
        asked: &TokenRequestMatch<'s>,
        received: ReceivedRequest,
        moment: FreshValues,
    ) -> Result<TokenReplyData<'s>, TokenRefusal> {
        let penalties = scheme
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.penalty_rules);
        let penalties: Vec<&PenaltyRule> = penalties
            .filter(|penalty| penalty.token == asked.token.name)
            .collect();
        let punishes = !penalties.is_empty();
        let punished = penalties
            .into_iter()
            .any(|penalty| is_violated_by(penalty, &received));
        let received = if asked.request.form.is_empty() {
            received
        } else {
            move_query_to_body(received)
        };
        let verified = self.verify(&asked.request.procedure, None, &received, moment.unix_ms)?;
        let punished = punished || (punishes && !has_all_parameters(asked.token, &verified));
        let rule = token_rule(scheme, asked.token)?;
        let owner = self.subject_for(asked, &verified, &ReceivedValues::of(&received)?)?;
        let given = self.tokens.issue(&owner, rule, moment);
        self.tokens.family(&owner).penalized |= punished;
        Ok(TokenReplyData { pair: given, rule })
    }

    /// The account that would send all of this; else the one that the signature fits, because a
    /// mistake in the parameters may be one that the marketplace tolerates now and punishes later.
    ///
    /// # Errors
    /// When the verified account is none of this marketplace: a token for another account would be
    /// a wrong one.
    fn subject_for(
        &self,
        asked: &TokenRequestMatch<'_>,
        verified: &VerifiedRequest,
        sent: &ReceivedValues,
    ) -> Result<TokenSubject, VerifyError> {
        let fitting = matching_accounts(
            &self.scheme,
            &self.accounts,
            &verified.read_values,
            &asked.leaves,
            sent,
        );
        let fitting = match &fitting {
            Ok(accounts) => accounts.first().copied(),
            Err(_) => None,
        };
        let verified = || {
            let mut accounts = self.accounts.iter();
            accounts.find(|account| account.name == verified.account)
        };
        let account = fitting.or_else(verified).ok_or_else(|| VerifyError {
            fault: VerifyFault::Account,
            location: "account".to_owned(),
        })?;
        Ok(TokenSubject::of(asked.token, account))
    }

    /// A pair for a code or a refresh token.
    fn exchange_or_refresh<'s>(
        &mut self,
        scheme: &'s Scheme,
        asked: &TokenRequestMatch<'s>,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Result<TokenReplyData<'s>, TokenRefusal> {
        let verified = self.verify(&asked.request.procedure, None, received, moment.unix_ms)?;
        if let Some(odd) = &asked.mismatch {
            return Err(odd.clone().into());
        }
        let sent = ReceivedValues::of(received)?;
        check_constants(&asked.leaves, &sent)?;
        let rule = token_rule(scheme, asked.token)?;
        let accounts = matching_accounts(
            scheme,
            &self.accounts,
            &verified.read_values,
            &asked.leaves,
            &sent,
        )?;
        let seats = refresh_candidates(scheme, asked.token, &accounts);
        let said = GrantInput {
            leaves: &asked.leaves,
            sent: &sent,
            rule,
        };
        let traded = match asked.grant_type {
            GrantType::AuthorizationCode => self.exchange(&said, &seats, moment),
            _ => self.refresh(&said, &seats, moment),
        };
        // Where it does not say for whom it is, nobody is known to be refused.
        if let (Err(_), [seat]) = (&traded, seats.as_slice()) {
            self.tokens.family(&seat.subject).counts.refused += 1;
        }
        Ok(TokenReplyData {
            pair: traded?,
            rule,
        })
    }

    fn exchange(
        &mut self,
        said: &GrantInput<'_>,
        seats: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyError> {
        let callbacks = self
            .scheme
            .authorize_links
            .iter()
            .map(|link| said.read_value(&["callback", &link.code_param]));
        let (code, place) = said
            .read_value(&["code"])
            .or_else(|| callbacks.flatten().next())
            .ok_or_else(|| missing_grant("code"))?;
        let owners: Vec<TokenSubject> = seats.iter().map(|seat| seat.subject.clone()).collect();
        self.tokens
            .exchange(&code, &owners, said.rule, moment)
            .map_err(|fault| VerifyError {
                fault,
                location: place,
            })
    }

    fn refresh(
        &mut self,
        said: &GrantInput<'_>,
        seats: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyError> {
        let (value, place) = said
            .read_value(&["token", "refresh_token"])
            .ok_or_else(|| missing_grant("refresh_token"))?;
        self.tokens
            .refresh(&value, seats, said.rule, moment)
            .map_err(|fault| VerifyError {
                fault,
                location: place,
            })
    }

    /// What was given is given, also when the answer is to be lost.
    fn token_reply(
        &mut self,
        judged: &TokenReplyData<'_>,
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxReply, LostResponse> {
        if self.traffic.deliver_before_loss > 0 {
            self.traffic.deliver_before_loss -= 1;
        } else if self.traffic.responses_to_lose > 0 {
            self.traffic.responses_to_lose -= 1;
            self.traffic.lost_responses += 1;
            return Err(LostResponse);
        }
        let reply = self
            .token_reply_scope(&judged.pair, path, moment)
            .and_then(|scope| scope.render(&judged.rule.response.json));
        Ok(match reply {
            Ok(json) => SandboxReply::json(200, &json),
            Err(error) => unmakeable_reply(&error),
        })
    }

    /// The names that the response to a token request can use, beside those of every response.
    fn token_reply_scope(
        &self,
        pair: &IssuedPair,
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxScope, RenderError> {
        let IssuedPair {
            subject,
            access,
            refresh,
        } = pair;
        let accounts: Vec<&TestAccount> = self
            .accounts
            .iter()
            .filter(|account| subject.includes(account))
            .collect();
        let now_ms = moment.unix_ms;
        let of_refresh =
            |read: &dyn Fn(&ExpiringToken) -> Value| refresh.as_ref().map_or(Value::Null, read);
        Ok(self
            .reply_scope(path, moment)?
            .with("token", access.value.as_str())
            .with("expires_in", access.seconds_left(now_ms))
            .with("expires_at", access.expires_at_ms / 1_000)
            .with(
                "refresh_token",
                of_refresh(&|refresh| Value::from(refresh.value.as_str())),
            )
            .with(
                "refresh_expires_in",
                of_refresh(&|refresh| Value::from(refresh.seconds_left(now_ms))),
            )
            .with(
                "refresh_expires_at",
                of_refresh(&|refresh| Value::from(refresh.expires_at_ms / 1_000)),
            )
            .with("ids", public_ids(&self.scheme, &accounts)))
    }
}

/// A token request whose template in the scheme has no place for the code or the refresh token, or
/// that was sent without it.
fn missing_grant(name: &str) -> VerifyError {
    VerifyError {
        fault: VerifyFault::Missing,
        location: name.to_owned(),
    }
}

fn token_rule<'s>(scheme: &'s Scheme, token: &'s Token) -> Result<TokenRule<'s>, TokenRefusal> {
    let mut answers = scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.token_responses);
    let answer = answers
        .find(|answer| answer.token == token.name)
        .ok_or(TokenRefusal::NoResponseDefined)?;
    Ok(TokenRule {
        token,
        response: answer,
    })
}

/// Whom a refresh can be for: every owner of the token among these accounts, with the shared pairs
/// above it.
fn refresh_candidates(
    scheme: &Scheme,
    token: &Token,
    accounts: &[&TestAccount],
) -> Vec<RefreshCandidate> {
    let parents = || {
        scheme
            .tokens
            .iter()
            .filter(|parent| parent.splits.iter().any(|split| split.token == token.name))
    };
    let seat = |owner: TokenSubject| {
        let fitting: Vec<&TestAccount> = accounts
            .iter()
            .copied()
            .filter(|account| owner.includes(account))
            .collect();
        RefreshCandidate {
            shared_subjects: parents()
                .flat_map(|parent| subjects_of(parent, &fitting))
                .collect(),
            subject: owner,
        }
    };
    subjects_of(token, accounts).into_iter().map(seat).collect()
}
