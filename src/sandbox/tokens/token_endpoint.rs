//! Token requests: which request of the scheme one is, the values that it sends, and the response
//! that the scheme describes.

use super::device_logins::DEVICE_CODE_LIFETIME;
use super::device_page::device_error;
use super::issued_family::{ExpiringToken, IssuedPair};
use super::issued_tokens::{CodeProof, ExchangeFault, RefreshCandidate, TokenRule};
use super::penalty::{has_all_parameters, is_violated_by, move_query_to_body};
use super::request_template::{
    ReceivedValues, RequestLeaf, check_constants, find_missing, find_unexpected, has_constants,
    leaves_of, matching_accounts, read_value,
};
use super::token_body::{form_as_query, json_as_form};
use super::token_subject::{TokenSubject, public_ids, subjects_of};
use crate::method::Method;
use crate::model::path_literals::PathLiterals;
use crate::model::scheme::{PenaltyRule, Scheme, Token, TokenRequest, VerifyFault};
use crate::render::{FreshValues, RenderError};
use crate::sandbox::marketplace::{TestMarketplace, local_base_url, path_below};
use crate::sandbox::refused_request::RefusedRequest;
use crate::sandbox::reply::{LostResponse, SandboxReply, unmakeable_reply};
use crate::sandbox::template_scope::SandboxScope;
use crate::sign::{ReceivedRequest, TestAccount, VerifiedRequest, VerifyError};
use crate::value::Value;
use std::sync::Arc;

/// What a token is requested with (RFC 6749, section 1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum GrantType {
    ClientCredentials,
    AuthorizationCode,
    RefreshToken,
    /// No token is requested: the login of a device begins (RFC 8628, section 3.1).
    DeviceAuthorization,
    /// RFC 8628, section 3.4.
    DeviceCode,
    /// No token is requested: one is ended (RFC 7009).
    Revocation,
}

/// A token request of the scheme that a received request may be.
struct TokenRequestMatch<'s> {
    token: &'s Token,
    grant_type: GrantType,
    request: &'s TokenRequest,
    leaves: Vec<RequestLeaf<'s>>,
    /// Every parameter of this request was sent, and none of another one.
    has_its_parameters: bool,
    /// The first parameter that is missing, that belongs to another request, or whose value
    /// differs from the constant of this request.
    mismatch: Option<VerifyError>,
}

/// Every token request that the scheme defines for this method and path.
fn candidates<'s>(scheme: &'s Scheme, received: &ReceivedRequest) -> Vec<TokenRequestMatch<'s>> {
    let ways = |token: &'s Token| {
        let device = token.device.as_ref();
        let ways = [
            (GrantType::ClientCredentials, token.issue.as_ref()),
            (GrantType::AuthorizationCode, token.exchange.as_ref()),
            (
                GrantType::DeviceAuthorization,
                device.map(|device| &device.authorize),
            ),
            (GrantType::DeviceCode, device.map(|device| &device.exchange)),
            (GrantType::RefreshToken, token.refresh.as_ref()),
            (GrantType::Revocation, token.revoke.as_ref()),
        ];
        ways.into_iter()
            .filter_map(move |(with, request)| Some((token, with, request?)))
    };
    let here = |token: &Token, request: &TokenRequest| {
        let path = local_base_url(scheme, token_host(scheme, request), &received.base)
            .and_then(|base| path_below(&base, received));
        (request.method == received.method || accepts_method(scheme, token, received.method))
            && path.is_some_and(|path| PathLiterals::of(&request.path).matches(path))
    };
    let all = scheme
        .tokens
        .iter()
        .flat_map(ways)
        .filter(|(token, _, request)| here(token, request));
    all.map(|(token, with, request)| TokenRequestMatch {
        token,
        grant_type: with,
        request,
        leaves: leaves_of(request),
        has_its_parameters: false,
        mismatch: None,
    })
    .collect()
}

/// Whether a request to the path of calls is one of those: then the constants of a token request,
/// such as the name of its operation, tell it from all others.
fn is_call(scheme: &Scheme, candidate: &TokenRequestMatch<'_>, sent: &ReceivedValues) -> bool {
    let path = candidate.request.path.as_literal().unwrap_or_default();
    let is_shared = scheme.paths.iter().any(|pattern| pattern.matches(path));
    is_shared && !has_constants(&candidate.leaves, sent)
}

/// The candidate whose parameters and constants were sent; several can share one path, and differ
/// in nothing but a constant such as `scope`. If none matches, the first one with the right
/// parameters, else the first one, whose mismatch is reported to the client.
fn match_token_request<'s>(
    scheme: &'s Scheme,
    mut matched: Vec<TokenRequestMatch<'s>>,
    sent: &ReceivedValues,
) -> Option<TokenRequestMatch<'s>> {
    let others: Vec<RequestLeaf<'s>> = matched
        .iter()
        .flat_map(|matched| leaves_of(matched.request))
        .collect();
    for matched in &mut matched {
        let parameter = find_missing(scheme, &matched.leaves, sent)
            .or_else(|| find_unexpected(&matched.leaves, &others, sent));
        matched.has_its_parameters = parameter.is_none();
        matched.mismatch = parameter.or_else(|| check_constants(&matched.leaves, sent).err());
    }
    let fitting = matched
        .iter()
        .position(|matched| matched.mismatch.is_none())
        .or_else(|| {
            matched
                .iter()
                .position(|matched| matched.has_its_parameters)
        })
        .unwrap_or(0);
    (!matched.is_empty()).then(|| matched.swap_remove(fitting))
}

/// The values of a token request with a code or a refresh token.
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

/// The values of the response to a token request.
struct TokenReplyData<'s> {
    pair: IssuedPair,
    rule: TokenRule<'s>,
}

/// Why a token request gets no token.
enum TokenRefusal {
    Invalid(RefusedRequest),
    /// Nobody has confirmed the login of the device: the word of RFC 8628, section 3.5.
    Device(&'static str),
    /// The scheme defines no response.
    NoResponseDefined,
}

impl From<RefusedRequest> for TokenRefusal {
    fn from(refused: RefusedRequest) -> Self {
        Self::Invalid(refused)
    }
}

impl From<VerifyError> for TokenRefusal {
    fn from(faulty: VerifyError) -> Self {
        Self::Invalid(faulty.into())
    }
}

impl TestMarketplace {
    /// The response to a token request; `None` for any other request.
    pub(crate) fn token_request(
        &mut self,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Option<Result<SandboxReply, LostResponse>> {
        let scheme = Arc::clone(&self.scheme);
        let candidates = candidates(&scheme, received);
        if candidates.is_empty() {
            return None;
        }
        let mut received = received.clone();
        if candidates
            .iter()
            .any(|candidate| accepts_json(&scheme, candidate))
        {
            received = json_as_form(received);
        }
        if let Some(candidate) = candidates.first()
            && candidate.request.method != received.method
        {
            received = with_parameters_in_place(received, candidate.request);
        }
        let sent = match ReceivedValues::of(&received) {
            Ok(sent) => sent,
            Err(faulty) => {
                self.traffic.token_requests += 1;
                let path = received.path();
                return Some(Ok(self.refusal_reply(&faulty.into(), path, moment)));
            }
        };
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter(|candidate| !is_call(&scheme, candidate, &sent))
            .collect();
        let matched = match_token_request(&scheme, candidates, &sent)?;
        let host = token_host(&scheme, matched.request);
        received.base = local_base_url(&scheme, host, &received.base)?;
        // Not counted before: only here is it certain that this is a token request.
        self.traffic.token_requests += 1;
        Some(self.respond_to_token_request(&scheme, &matched, received, moment))
    }

    /// `received` has the base URL of the host that token requests go to.
    fn respond_to_token_request(
        &mut self,
        scheme: &Scheme,
        matched: &TokenRequestMatch<'_>,
        received: ReceivedRequest,
        moment: FreshValues,
    ) -> Result<SandboxReply, LostResponse> {
        let path = received.path().to_owned();
        if matched.grant_type == GrantType::Revocation {
            return Ok(match self.end_authorization(matched, &received, moment) {
                Ok(()) => SandboxReply::json(200, &Value::Object(Vec::new())),
                Err(faulty) => self.refusal_reply(&faulty, &path, moment),
            });
        }
        if matched.grant_type == GrantType::DeviceAuthorization {
            return Ok(self.device_reply(scheme, matched, &received, moment));
        }
        let granted = match matched.grant_type {
            GrantType::ClientCredentials => self.issue(scheme, matched, received, moment),
            _ => self.exchange_or_refresh(scheme, matched, &received, moment),
        };
        match granted {
            Ok(granted) => self.token_reply(&granted, &path, moment),
            Err(TokenRefusal::Invalid(faulty)) => Ok(self.refusal_reply(&faulty, &path, moment)),
            Err(TokenRefusal::Device(error)) => Ok(device_error(error)),
            Err(TokenRefusal::NoResponseDefined) => Ok(SandboxReply::message(
                501,
                "the scheme has no response for this token request",
            )),
        }
    }

    /// A token for the application's credentials alone. A mistake that the marketplace penalizes
    /// later gets a success now, and is stored with the token family.
    fn issue<'s>(
        &mut self,
        scheme: &'s Scheme,
        matched: &TokenRequestMatch<'s>,
        received: ReceivedRequest,
        moment: FreshValues,
    ) -> Result<TokenReplyData<'s>, TokenRefusal> {
        let penalties = penalty_rules(scheme, matched.token);
        // Judged on the request as it arrived: below, the query becomes a body.
        let is_violated = penalties
            .iter()
            .any(|penalty| is_violated_by(penalty, &received));
        let received = if matched.request.form.is_empty() {
            received
        } else {
            move_query_to_body(received)
        };
        let issuing = matched.request.issuing_token.as_ref();
        let verified = self.verify(
            &matched.request.procedure,
            issuing.map(|with| with.name.as_str()),
            &received,
            moment.unix_ms,
        )?;
        let is_incomplete = !penalties.is_empty() && !has_all_parameters(matched.token, &verified);
        let rule = token_rule(scheme, matched.token)?;
        let sent = ReceivedValues::of(&received)?;
        if penalties.is_empty() {
            self.check_parameters(matched, &verified, &sent)?;
        }
        let owner = match self.issuing_account(matched, &verified, &sent, moment.unix_ms)? {
            Some(account) => TokenSubject::of(matched.token, account),
            None => self.subject_for(matched, &verified, &sent)?,
        };
        let given = self.tokens.issue(&owner, rule, moment);
        // Stays set: a correct request later does not give the quota back.
        self.tokens.family(&owner).penalized |= is_violated || is_incomplete;
        Ok(TokenReplyData { pair: given, rule })
    }

    /// The account of the token that this one is issued with; `None` if it needs none. The token
    /// stands in a parameter, or where a verifier reads it.
    ///
    /// # Errors
    /// When it is unknown, has expired, or is another token than the one that is needed.
    fn issuing_account(
        &self,
        matched: &TokenRequestMatch<'_>,
        verified: &VerifiedRequest,
        sent: &ReceivedValues,
        now_ms: i64,
    ) -> Result<Option<&TestAccount>, VerifyError> {
        let Some(with) = &matched.request.issuing_token else {
            return Ok(None);
        };
        let read = read_value(&matched.leaves, sent, &["token", "access_token"]);
        let mut accounts = self.accounts.iter();
        let Some((value, place)) = read else {
            return Ok(accounts.find(|account| account.name == verified.account));
        };
        let holder = accounts.find(|account| {
            self.holds_token(account, "access_token", &value, Some(&with.name), now_ms)
        });
        let fault = VerifyError {
            fault: VerifyFault::Token,
            location: place,
        };
        holder.map(Some).ok_or(fault)
    }

    /// # Errors
    /// When a parameter is missing, is of another request, or has a value that no account would
    /// send, such as a wrong client secret.
    fn check_parameters(
        &self,
        matched: &TokenRequestMatch<'_>,
        verified: &VerifiedRequest,
        sent: &ReceivedValues,
    ) -> Result<(), VerifyError> {
        if let Some(mismatch) = &matched.mismatch {
            return Err(mismatch.clone());
        }
        matching_accounts(
            &self.scheme,
            &self.accounts,
            &verified.read_values,
            &matched.leaves,
            sent,
        )
        .map(drop)
    }

    /// The account that would send exactly these values, else the account whose signature is right.
    ///
    /// # Errors
    /// When the verified account is not an account of this marketplace.
    fn subject_for(
        &self,
        matched: &TokenRequestMatch<'_>,
        verified: &VerifiedRequest,
        sent: &ReceivedValues,
    ) -> Result<TokenSubject, VerifyError> {
        let fitting = matching_accounts(
            &self.scheme,
            &self.accounts,
            &verified.read_values,
            &matched.leaves,
            sent,
        );
        let fitting = match &fitting {
            Ok(accounts) => accounts.first().copied(),
            // The mistake may be one that the marketplace accepts now and penalizes later.
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
        Ok(TokenSubject::of(matched.token, account))
    }

    /// Ends the authorization of the token that was sent. RFC 7009, section 2.2: an unknown token is
    /// no error, because nothing of it is left.
    fn end_authorization(
        &mut self,
        matched: &TokenRequestMatch<'_>,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Result<(), RefusedRequest> {
        let verified = self.verify(&matched.request.procedure, None, received, moment.unix_ms)?;
        let sent = ReceivedValues::of(received)?;
        self.check_parameters(matched, &verified, &sent)?;
        for name in ["refresh_token", "access_token"] {
            if let Some((value, _)) = read_value(&matched.leaves, &sent, &["token", name]) {
                self.tokens.revoke(&value, moment.unix_ms);
            }
        }
        Ok(())
    }

    /// The codes of the login of a device.
    fn device_reply(
        &mut self,
        scheme: &Scheme,
        matched: &TokenRequestMatch<'_>,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> SandboxReply {
        match self.device_subjects(matched, received, moment) {
            Ok(subjects) => {
                let json = token_rule(scheme, matched.token).ok();
                let json = json.and_then(|rule| rule.response.device.as_ref());
                let name = &matched.token.name;
                let tokens = &mut self.tokens;
                let code = tokens.new_code("device", name, DEVICE_CODE_LIFETIME, moment);
                let begun = tokens.devices.begin(code, subjects, moment);
                self.device_codes_reply(json, &begun, received, moment)
            }
            Err(faulty) => self.refusal_reply(&faulty, received.path(), moment),
        }
    }

    /// Whom a person may confirm the login for.
    fn device_subjects(
        &self,
        matched: &TokenRequestMatch<'_>,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Result<Vec<TokenSubject>, RefusedRequest> {
        let verified = self.verify(&matched.request.procedure, None, received, moment.unix_ms)?;
        if let Some(odd) = &matched.mismatch {
            return Err(odd.clone().into());
        }
        let sent = ReceivedValues::of(received)?;
        let accounts = matching_accounts(
            &self.scheme,
            &self.accounts,
            &verified.read_values,
            &matched.leaves,
            &sent,
        )?;
        Ok(subjects_of(matched.token, &accounts))
    }

    /// A pair for a code or a refresh token.
    fn exchange_or_refresh<'s>(
        &mut self,
        scheme: &'s Scheme,
        matched: &TokenRequestMatch<'s>,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Result<TokenReplyData<'s>, TokenRefusal> {
        let verified = self.verify(&matched.request.procedure, None, received, moment.unix_ms)?;
        // After the signature: a client with a wrong key learns that first, and not its parameters.
        if let Some(odd) = &matched.mismatch {
            return Err(odd.clone().into());
        }
        let sent = ReceivedValues::of(received)?;
        let rule = token_rule(scheme, matched.token)?;
        let accounts = matching_accounts(
            scheme,
            &self.accounts,
            &verified.read_values,
            &matched.leaves,
            &sent,
        )?;
        let candidates = refresh_candidates(scheme, matched.token, &accounts);
        let grant = GrantInput {
            leaves: &matched.leaves,
            sent: &sent,
            rule,
        };
        let pair = self.issue_pair(matched.grant_type, &grant, &candidates, moment)?;
        Ok(TokenReplyData { pair, rule })
    }

    fn issue_pair(
        &mut self,
        grant_type: GrantType,
        grant: &GrantInput<'_>,
        candidates: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, TokenRefusal> {
        let pair = match grant_type {
            GrantType::AuthorizationCode => self
                .exchange(grant, candidates, moment)
                .map_err(TokenRefusal::from),
            GrantType::DeviceCode => self.redeem_device(grant, candidates, moment),
            _ => self
                .refresh(grant, candidates, moment)
                .map_err(TokenRefusal::from),
        };
        // With several candidates it is unknown whose request was refused, so none is counted.
        let is_refused =
            matches!(&pair, Err(refusal) if !matches!(refusal, TokenRefusal::Device(_)));
        if let (true, [candidate]) = (is_refused, candidates) {
            self.tokens.family(&candidate.subject).counts.refused += 1;
        }
        pair
    }

    fn exchange(
        &mut self,
        grant: &GrantInput<'_>,
        candidates: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyError> {
        let callbacks = self
            .scheme
            .authorize_links
            .iter()
            .map(|link| grant.read_value(&["callback", &link.code_param]));
        // A scheme can name the parameter of the redirect itself (`callback.NAME`) instead of
        // `code`.
        let (code, place) = grant
            .read_value(&["code"])
            .or_else(|| callbacks.flatten().next())
            .ok_or_else(|| missing_grant("code"))?;
        let owners: Vec<TokenSubject> = candidates
            .iter()
            .map(|candidate| candidate.subject.clone())
            .collect();
        let redirect = grant.read_value(&["redirect"]);
        let verifier = grant.read_value(&["verifier"]);
        let proof = CodeProof {
            redirect: redirect.as_ref().map(|(value, _)| value.as_str()),
            verifier: verifier.as_ref().map(|(value, _)| value.as_str()),
        };
        self.tokens
            .exchange(&code, proof, &owners, grant.rule, moment)
            .map_err(|fault| VerifyError {
                fault: VerifyFault::Code,
                location: match fault {
                    ExchangeFault::Code => place,
                    ExchangeFault::Redirect => place_of(redirect.as_ref(), "redirect"),
                    ExchangeFault::Verifier => place_of(verifier.as_ref(), "verifier"),
                },
            })
    }

    fn redeem_device(
        &mut self,
        grant: &GrantInput<'_>,
        candidates: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, TokenRefusal> {
        let (code, place) = grant
            .read_value(&["device_code"])
            .ok_or_else(|| missing_grant("device_code"))?;
        let owners: Vec<TokenSubject> = candidates
            .iter()
            .map(|candidate| candidate.subject.clone())
            .collect();
        let devices = &mut self.tokens.devices;
        match devices.redeem(&code, &owners, moment.unix_ms) {
            Ok(subject) => Ok(self
                .tokens
                .start_authorization(&subject, grant.rule, moment)),
            Err(fault) => Err(match fault.error() {
                Some(error) => TokenRefusal::Device(error),
                None => TokenRefusal::from(VerifyError {
                    fault: VerifyFault::Code,
                    location: place,
                }),
            }),
        }
    }

    fn refresh(
        &mut self,
        grant: &GrantInput<'_>,
        candidates: &[RefreshCandidate],
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyError> {
        let (value, place) = grant
            .read_value(&["token", "refresh_token"])
            .ok_or_else(|| missing_grant("refresh_token"))?;
        self.tokens
            .refresh(&value, candidates, grant.rule, moment)
            .map_err(|fault| VerifyError {
                fault,
                location: place,
            })
    }

    /// The response, or its loss if a test asked for it. The token stays issued in both cases.
    fn token_reply(
        &mut self,
        granted: &TokenReplyData<'_>,
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxReply, LostResponse> {
        // Here and not before the token is issued: a client whose response is lost has used up its
        // refresh token, which is the case that a test wants to see.
        if self.traffic.deliver_before_loss > 0 {
            self.traffic.deliver_before_loss -= 1;
        } else if self.traffic.responses_to_lose > 0 {
            self.traffic.responses_to_lose -= 1;
            self.traffic.lost_responses += 1;
            return Err(LostResponse);
        }
        let reply = self
            .token_reply_scope(&granted.pair, path, moment)
            .and_then(|scope| scope.render(&granted.rule.response.json));
        Ok(match reply {
            Ok(json) => SandboxReply::json(200, &json),
            Err(error) => unmakeable_reply(&error),
        })
    }

    /// The names that the response to a token request can use, in addition to those of every
    /// response.
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
        let scope = self
            .reply_scope(path, moment)?
            .with("token", access.value.as_str())
            .with("expires_in", access.seconds_left(now_ms))
            .with("expires_at", access.expires_at_ms / 1_000)
            .with("ids", public_ids(&self.scheme, &accounts));
        Ok(with_refresh_token(scope, refresh.as_ref(), now_ms))
    }
}

/// The names of the refresh token; all are null without one.
fn with_refresh_token(
    scope: SandboxScope,
    refresh: Option<&ExpiringToken>,
    now_ms: i64,
) -> SandboxScope {
    let (value, seconds_left, expires_at) = match refresh {
        Some(refresh) => (
            Value::from(refresh.value.as_str()),
            Value::from(refresh.seconds_left(now_ms)),
            Value::from(refresh.expires_at_ms / 1_000),
        ),
        None => (Value::Null, Value::Null, Value::Null),
    };
    scope
        .with("refresh_token", value)
        .with("refresh_expires_in", seconds_left)
        .with("refresh_expires_at", expires_at)
}

fn place_of(read: Option<&(String, String)>, name: &str) -> String {
    read.map_or_else(|| name.to_owned(), |(_, place)| place.clone())
}

/// The code or the refresh token was not sent, or the scheme has no parameter for it.
fn missing_grant(name: &str) -> VerifyError {
    VerifyError {
        fault: VerifyFault::Missing,
        location: name.to_owned(),
    }
}

/// The mistakes in requests for this token that the marketplace penalizes.
fn penalty_rules<'s>(scheme: &'s Scheme, token: &Token) -> Vec<&'s PenaltyRule> {
    scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.penalty_rules)
        .filter(|penalty| penalty.token == token.name)
        .collect()
}

/// The host of a token request. The sandbox plays the main host of a scheme.
fn token_host<'s>(scheme: &Scheme, request: &'s TokenRequest) -> Option<&'s str> {
    let region = scheme.main_host().map_or("", |host| host.region.as_str());
    request.host.region_for(region)
}

/// Whether requests for this token may have this method.
fn accepts_method(scheme: &Scheme, token: &Token, method: Method) -> bool {
    token_rule(scheme, token).is_ok_and(|rule| rule.response.accepted_methods.contains(&method))
}

/// With another method parameters stand in the other part: those of a GET in the query, those of a
/// POST in a form.
fn with_parameters_in_place(received: ReceivedRequest, request: &TokenRequest) -> ReceivedRequest {
    if request.form.is_empty() {
        form_as_query(received)
    } else {
        move_query_to_body(received)
    }
}

/// Whether the form of this token request may come as JSON.
fn accepts_json(scheme: &Scheme, candidate: &TokenRequestMatch<'_>) -> bool {
    let sends_form = !candidate.request.form.is_empty();
    sends_form && token_rule(scheme, candidate.token).is_ok_and(|rule| rule.response.accepts_json)
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

/// The subjects that a refresh can be for: every subject of the token among these accounts, with
/// the shared pairs that it can be split from.
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
    let candidate = |owner: TokenSubject| {
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
    subjects_of(token, accounts)
        .into_iter()
        .map(candidate)
        .collect()
}
