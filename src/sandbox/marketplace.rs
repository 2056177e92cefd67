//! One marketplace of the sandbox: decides how one received request is answered.

use super::call_fault::CallFault;
use super::journal::{CredentialFields, SuspectSignature, VerdictKind};
use super::path_match::NamedLevel;
use super::recording_set::RecordingSet;
use super::refused_request::RefusedRequest;
use super::reply::{
    DeliveryOutcome, ReplyDelivery, SandboxReply, not_recorded_reply, unmakeable_reply,
    unreadable_recording_reply,
};
use super::reserved_names::{NO_RECORDING, RECORDED_AT, SAMPLE};
use super::resources::{OperationCall, OperationMatch, ResourceStore};
use super::template_scope::SandboxScope;
use super::tokens::given_tokens::GivenTokens;
use super::tokens::issued_tokens::IssuedTokens;
use super::tokens::token_subject::{TestCredentialError, TokenSubject, test_account};
use super::tokens::token_traffic::TokenTraffic;
use crate::calendar::format_time;
use crate::model::environment::{DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::recording::{RecordedOutcome, RecordedResponse, Recording};
use crate::model::request::{Request, TemplateField};
use crate::model::scheme::{
    FaultBody, FaultResponse, HostChoice, Level, RequestPart, SampleResponse, Scheme,
    SigningProcedure, VerifyFault,
};
use crate::model::workspace::Workspace;
use crate::recording::{ReplayMiss, TakenExchange, read_body, received_request, response_headers};
use crate::render::{FreshValues, RenderError, render_encoded_body};
use crate::sign::{
    ReceivedRequest, TestAccount, VerifiedRequest, VerifierKeys, VerifyError, choose_level, verify,
};
use crate::value::Value;
use crate::wire::{BaseUrl, Draft, parse_form};
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The state of one marketplace.
pub(super) struct TestMarketplace {
    pub(super) scheme: Arc<Scheme>,
    root: PathBuf,
    /// At least one.
    pub(super) accounts: Vec<TestAccount>,
    named_levels: Vec<NamedLevel>,
    /// The hosts besides the main one that levels and rules name.
    call_hosts: Vec<String>,
    pub(super) recordings: RecordingSet,
    pub(super) resources: ResourceStore,
    pub(super) tokens: IssuedTokens,
    pub(super) given_tokens: GivenTokens,
    pub(super) traffic: TokenTraffic,
    /// The next calls that fail.
    pub(super) call_fault: Option<CallFault>,
    /// How far its clock is ahead of that of this machine, in milliseconds.
    pub(super) clock_offset_ms: i64,
    /// What a journal must not show; `None` if nobody keeps one.
    observed: Option<CredentialFields>,
}

impl TestMarketplace {
    /// # Errors
    /// When the credentials of a test account cannot be made.
    pub(super) fn new(
        workspace: &Workspace,
        scheme: &Arc<Scheme>,
        recordings: RecordingSet,
        observed: Option<CredentialFields>,
    ) -> Result<Self, TestCredentialError> {
        let accounts = test_accounts(workspace, scheme)?;
        let steps = workspace
            .requests
            .iter()
            .flat_map(Request::calls)
            .filter(|step| step.scheme.name == scheme.name);
        Ok(Self {
            scheme: Arc::clone(scheme),
            root: workspace.root.clone(),
            accounts,
            named_levels: steps.filter_map(NamedLevel::of).collect(),
            call_hosts: call_hosts(scheme),
            recordings,
            resources: ResourceStore::of(recordings_of(workspace, &scheme.name)),
            tokens: IssuedTokens::default(),
            given_tokens: GivenTokens::default(),
            traffic: TokenTraffic::default(),
            call_fault: None,
            clock_offset_ms: 0,
            observed,
        })
    }

    /// As at the start; files that changed since are read again.
    pub(super) fn reset(&mut self) {
        self.recordings.reset();
        self.resources = ResourceStore::of(self.recordings.recordings());
        self.tokens = IssuedTokens::default();
        self.given_tokens = GivenTokens::default();
        self.traffic = TokenTraffic::default();
        self.call_fault = None;
        self.clock_offset_ms = 0;
    }

    /// The time of this marketplace, in Unix milliseconds. `now_ms` is that of this machine.
    #[must_use]
    pub(super) fn now_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.clock_offset_ms)
    }

    /// Path and query without the credentials of others.
    #[must_use]
    pub(super) fn shown_target(&self, target: &str, now_ms: i64) -> String {
        let now_ms = self.now_ms(now_ms);
        let is_own = |text: &str| {
            let mut accounts = self.accounts.iter();
            let is_known = |value: &Value| value.to_plain_text().as_deref() == Some(text);
            accounts.any(|account| {
                account
                    .credentials
                    .iter()
                    .any(|(_, value)| is_known(value.expose()))
            }) || self.tokens.has_issued(text, now_ms)
        };
        self.observed
            .as_ref()
            .map_or_else(|| target.to_owned(), |fields| fields.shown(target, &is_own))
    }

    /// The response and how it is delivered. A delay is only returned here: the server waits for
    /// it.
    pub(super) fn respond(
        &mut self,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> ReplyDelivery {
        let moment = FreshValues {
            unix_ms: self.now_ms(moment.unix_ms),
            ..moment
        };
        if let Some(answer) = self.token_request(received, moment) {
            return ReplyDelivery {
                delay: self.traffic.response_delay,
                ..answer.into()
            };
        }
        self.authorize_page(received, moment).map_or_else(
            || self.respond_to_call(received, moment),
            ReplyDelivery::from,
        )
    }

    /// Any other request: an API call.
    fn respond_to_call(
        &mut self,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> ReplyDelivery {
        if self.call_hosts.is_empty() {
            return self.respond_at(received, moment);
        }
        let base = self.base_of_call(received);
        let received = ReceivedRequest {
            base: base.unwrap_or_else(|| received.base.clone()),
            ..received.clone()
        };
        self.respond_at(&received, moment)
    }

    /// The address of the host that the scheme sends such a call to. All its hosts are at one
    /// address here, and can have different base paths.
    fn base_of_call(&self, received: &ReceivedRequest) -> Option<BaseUrl> {
        let main = self.scheme.main_host()?.region.as_str();
        let hosts = self.call_hosts.iter().map(String::as_str).chain([main]);
        hosts
            .filter_map(|host| {
                let base = local_base_url(&self.scheme, Some(host), &received.base)?;
                Some((host, base))
            })
            .find(|(host, base)| {
                path_below(base, received).is_some_and(|path| {
                    let level = self.level_of(received, path);
                    let choice = self.scheme.host_choice(level, received.method, path);
                    choice.region_for(main).unwrap_or(main) == *host
                })
            })
            .map(|(_, base)| base)
    }

    /// `received` has the base URL of the host that the scheme sends such a call to.
    fn respond_at(&mut self, received: &ReceivedRequest, moment: FreshValues) -> ReplyDelivery {
        let Some(path) = path_below(&received.base, received) else {
            let base = received.base.path();
            let message = format!(
                "the sandbox of `{}` has only paths below `{base}`",
                self.scheme.name
            );
            return SandboxReply::message(404, message).into();
        };
        match self.verify_call(received, path, moment.unix_ms) {
            Err(fault) => self.refusal_reply(&fault, path, moment).into(),
            Ok(verified) => match self.penalty_error(&verified, moment.unix_ms) {
                Some(fault) => self.refusal_reply(&fault.into(), path, moment).into(),
                None => self.respond_to_verified(&verified, moment),
            },
        }
    }

    /// At the first of its levels whose token it carries.
    fn verify_call(
        &self,
        received: &ReceivedRequest,
        path: &str,
        now_ms: i64,
    ) -> Result<VerifiedRequest, RefusedRequest> {
        let at = |level: &Level| {
            let token = level.token.as_ref().map(|token| token.name.as_str());
            self.verify(&level.procedure, token, received, now_ms)
        };
        let (first, others) = self.levels_of(received, path);
        let verdict = at(first);
        if !is_token_fault(&verdict) {
            return verdict;
        }
        // Levels with the same parameters differ in their tokens only.
        let mut verdicts = others.into_iter().map(at);
        verdicts
            .find(|verdict| !is_token_fault(verdict))
            .unwrap_or(verdict)
    }

    fn level_of(&self, received: &ReceivedRequest, path: &str) -> &Level {
        self.levels_of(received, path).0
    }

    /// The level of a request, and others that it may be of: the one that a request file names for such
    /// a request, else by the rules of the scheme, or those that the request shows where a rule accepts
    /// several.
    fn levels_of(&self, received: &ReceivedRequest, path: &str) -> (&Level, Vec<&Level>) {
        let method = received.method;
        let named = self
            .named_levels
            .iter()
            .find(|named| named.matches(method, path));
        let name = named.map(|named| named.level.as_str());
        let level = choose_level(&self.scheme, name, method, path);
        let mut rules = self.scheme.level_rules.iter();
        let rule = rules.find(|rule| rule.level.is_some() && rule.matcher.matches(method, path));
        let accepted = rule.filter(|_| name.is_none()).into_iter();
        let accepted = accepted
            .flat_map(|rule| &rule.accepted_levels)
            .filter_map(|index| self.scheme.levels.get(*index));
        let shown: Vec<&Level> = accepted
            .filter(|level| shows_parameters(&level.procedure, received))
            .collect();
        // One level can have all parameters of another, and more.
        let count = |level: &&Level| parameter_count(&level.procedure);
        let most = shown.iter().map(count).max();
        let mut likely = shown
            .iter()
            .copied()
            .filter(|level| Some(count(level)) == most);
        (likely.next().unwrap_or(level), likely.collect())
    }

    /// `token` is the token that the level needs.
    pub(super) fn verify(
        &self,
        procedure: &SigningProcedure,
        token: Option<&str>,
        received: &ReceivedRequest,
        now_ms: i64,
    ) -> Result<VerifiedRequest, RefusedRequest> {
        let is_expired = Cell::new(false);
        let accepts_token = |field: &str, value: &str, account: &str| {
            let Some(account) = self.accounts.iter().find(|known| known.name == account) else {
                return false;
            };
            let holds = self.holds_token(account, field, value, token, now_ms);
            if !holds && self.has_expired(account, field, value, now_ms) {
                is_expired.set(true);
            }
            holds
        };
        let known = VerifierKeys {
            accounts: &self.accounts,
            accepts_token: &accepts_token,
            now_ms,
        };
        verify(&self.scheme, procedure, received, &known).map_err(|mut error| {
            if error.fault == VerifyFault::Token && is_expired.get() {
                error.fault = VerifyFault::TokenExpired;
            }
            let is_suspect = self.observed.is_some() && error.fault == VerifyFault::Signature;
            let suspect = is_suspect.then(|| SuspectSignature {
                scheme: Arc::clone(&self.scheme),
                procedure: procedure.clone(),
                received: received.clone(),
                accounts: self.accounts.clone(),
                now_ms,
            });
            RefusedRequest {
                error,
                suspect: suspect.map(Box::new),
            }
        })
    }

    /// Whether a field of a token is valid for the account where the token `needed` is.
    pub(super) fn holds_token(
        &self,
        account: &TestAccount,
        field: &str,
        value: &str,
        needed: Option<&str>,
        now_ms: i64,
    ) -> bool {
        // A token in the test account works without a token request, as a configured one does.
        (is_given(account, field, value) && self.given_tokens.works(account, needed))
            || self
                .tokens
                .subject_of(value, now_ms)
                .is_some_and(|owner| owner.includes(account) && self.is_valid_for(owner, needed))
    }

    /// Whether it was valid for the account, until its end.
    fn has_expired(&self, account: &TestAccount, field: &str, value: &str, now_ms: i64) -> bool {
        (is_given(account, field, value) && self.given_tokens.have_expired())
            || self
                .tokens
                .subject_of_expired(value, now_ms)
                .is_some_and(|owner| owner.includes(account))
    }

    /// Whether a token is accepted where `needed` is: it is that token, or a shared one that it is
    /// split from.
    fn is_valid_for(&self, owner: &TokenSubject, needed: Option<&str>) -> bool {
        let shared = |needed: &str| {
            let splits = self
                .scheme
                .token(&owner.token)
                .map(|token| token.splits.as_slice())
                .unwrap_or_default();
            splits.iter().any(|split| split.token == needed)
        };
        needed.is_none_or(|needed| owner.token == needed || shared(needed))
    }

    fn penalty_error(&self, verified: &VerifiedRequest, now_ms: i64) -> Option<VerifyError> {
        let mut tokens = verified
            .read_values
            .iter()
            .filter(|(name, _)| name.starts_with("token."));
        let punished = tokens.any(|(_, value)| self.tokens.is_penalized(value, now_ms));
        punished.then(|| VerifyError {
            fault: VerifyFault::Penalty,
            location: "quota".to_owned(),
        })
    }

    /// An exchange that is recorded for exactly this request comes first, then a stored resource,
    /// then any other exchange.
    fn respond_to_verified(
        &mut self,
        verified: &VerifiedRequest,
        moment: FreshValues,
    ) -> ReplyDelivery {
        let (account, sent) = (&verified.account, &verified.unsigned);
        let fault = self.call_fault.as_mut();
        let fault = fault.and_then(|fault| fault.take(sent.method, &sent.path));
        let failed = fault.as_ref().and_then(|fault| {
            fault.delivery(|status| self.asked_error(status, &sent.path, moment))
        });
        let mut delivery = failed.unwrap_or_else(|| self.respond_from_files(account, sent, moment));
        delivery.delay += fault.map_or(Duration::ZERO, |fault| fault.delay());
        delivery.set_account(account);
        delivery
    }

    fn respond_from_files(
        &mut self,
        account: &str,
        sent: &Draft,
        moment: FreshValues,
    ) -> ReplyDelivery {
        if let Some(fault) = self.recordings.fault() {
            let fault = fault.to_string();
            if !self.reread_recordings() {
                return unreadable_recording_reply(&fault).into();
            }
        }
        let request = received_request(sent, account);
        // Before the resources, so that a stub can make a single call fail.
        if let Some(taken) = self.recordings.take_exact(&request) {
            return self.replay_current(&taken, (account, sent), moment);
        }
        if let Some(taken) = self.recordings.take_added(&request) {
            return self.replay(&taken);
        }
        if let Some(found) = self.resources.match_operation(sent.method, &sent.path) {
            return self
                .respond_from_resources(found, account, sent, moment)
                .unwrap_or_else(|error| unmakeable_reply(&error))
                .into();
        }
        match self.recordings.take_exchange(&request) {
            Ok(taken) => self.replay_current(&taken, (account, sent), moment),
            // A file may have been written for just this request.
            Err(_) if self.reread_recordings() => self.respond_from_files(account, sent, moment),
            Err(miss) => self.sample_reply(sent, &miss, moment).into(),
        }
    }

    /// The response to a call for which nothing is recorded: a sample of the scheme, if somebody
    /// tests against this marketplace. In a run it would look like a recording.
    fn sample_reply(&self, sent: &Draft, miss: &ReplayMiss, moment: FreshValues) -> SandboxReply {
        let missing = not_recorded_reply(&self.scheme, miss);
        if self.observed.is_none() {
            return missing;
        }
        let Some(sample) = find_sample(&self.scheme, sent) else {
            return missing;
        };
        let message = missing.verdict.note.clone().unwrap_or_default();
        match self.render_sample(sample, (sample.status, &message), &sent.path, moment) {
            Ok(mut reply) => {
                // A program that knows ingam's headers sees that nothing is recorded, as without a
                // sample.
                let marks = missing.headers.into_iter();
                reply
                    .headers
                    .extend(marks.filter(|(name, _)| name == NO_RECORDING));
                reply.noted(VerdictKind::Unrecorded, message)
            }
            Err(error) => unmakeable_reply(&error),
        }
    }

    /// The response to a call that fails as it was asked for, in the form of the marketplace.
    fn asked_error(&self, status: u16, path: &str, moment: FreshValues) -> SandboxReply {
        let message = "this call fails because of the control `fail`";
        let samples = self
            .scheme
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.samples);
        let mut errors = samples.filter(|sample| sample.call.is_none());
        match errors.next() {
            Some(sample) => self
                .render_sample(sample, (status, message), path, moment)
                .unwrap_or_else(|error| unmakeable_reply(&error)),
            None => SandboxReply::message(status, message),
        }
    }

    fn render_sample(
        &self,
        sample: &SampleResponse,
        (status, message): (u16, &str),
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxReply, RenderError> {
        let scope = self
            .reply_scope(path, moment)?
            .with("message", message)
            .with("status", i64::from(status));
        let mut reply = SandboxReply::json(status, &scope.render(&sample.json)?);
        add_headers(&mut reply, &sample.headers, &scope)?;
        reply.headers.push((SAMPLE.to_owned(), "true".to_owned()));
        Ok(reply)
    }

    /// Replays an exchange, unless its file has changed: then the request is answered from the new
    /// one.
    fn replay_current(
        &mut self,
        taken: &TakenExchange,
        (account, sent): (&str, &Draft),
        moment: FreshValues,
    ) -> ReplyDelivery {
        if self.recordings.is_outdated(taken) && self.reread_recordings() {
            return self.respond_from_files(account, sent, moment);
        }
        self.replay(taken)
    }

    /// Reads the recordings again if a file changed; whether it did. Resources begin anew then, as
    /// their files do.
    fn reread_recordings(&mut self) -> bool {
        let is_changed = self.recordings.reread_if_changed();
        if is_changed {
            self.resources = ResourceStore::of(self.recordings.recordings());
        }
        is_changed
    }

    fn respond_from_resources(
        &mut self,
        found: OperationMatch,
        account: &str,
        request: &Draft,
        moment: FreshValues,
    ) -> Result<SandboxReply, RenderError> {
        let scope = self
            .reply_scope(&request.path, moment)?
            .with("account", account);
        let call = OperationCall {
            account,
            request,
            scope,
        };
        self.resources.respond(found, call)
    }

    fn replay(&self, taken: &TakenExchange) -> ReplyDelivery {
        let exchange = &taken.exchange;
        let arrives = match &exchange.outcome {
            RecordedOutcome::Response(answer) => {
                let mut reply = self.recorded_reply(answer);
                let recorded = taken
                    .recorded_ms
                    .map(|at| (RECORDED_AT.to_owned(), at.to_string()));
                reply.headers.extend(recorded);
                DeliveryOutcome::Complete(reply)
            }
            RecordedOutcome::Truncated(answer) => {
                DeliveryOutcome::Truncated(self.recorded_reply(answer))
            }
            RecordedOutcome::Reset => DeliveryOutcome::Dropped,
        };
        ReplyDelivery {
            delay: exchange.delay.unwrap_or_default(),
            outcome: arrives,
            push: exchange.then_push.clone(),
        }
    }

    /// If the file of the body is missing or changed since it was loaded, the response says so.
    fn recorded_reply(&self, answer: &RecordedResponse) -> SandboxReply {
        match read_body(answer, &self.root) {
            Ok(body) => SandboxReply {
                status: answer.status,
                headers: response_headers(answer),
                body: body.to_vec(),
                verdict: Box::default(),
            },
            Err(error) => unreadable_recording_reply(&error.to_string()),
        }
    }

    /// The response to a faulty request, as the scheme describes it.
    pub(super) fn refusal_reply(
        &self,
        refused: &RefusedRequest,
        path: &str,
        moment: FreshValues,
    ) -> SandboxReply {
        SandboxReply {
            verdict: Box::new(refused.verdict()),
            ..self.fault_reply(&refused.error, path, moment)
        }
    }

    fn fault_reply(&self, faulty: &VerifyError, path: &str, moment: FreshValues) -> SandboxReply {
        let location = &faulty.location;
        let (part, name) = location.split_once('.').unwrap_or(("", location));
        let Some(refusal) = self.find_refusal(faulty, name) else {
            let fault = faulty.fault.name();
            let message = format!("the sandbox refuses this request: {fault} (`{location}`)");
            return SandboxReply::message(401, message);
        };
        self.render_refusal(refusal, (part, name), path, moment)
            .unwrap_or_else(|error| unmakeable_reply(&error))
    }

    /// The first refusal of the scheme for this fault at this location; `name` is the location
    /// without its part.
    fn find_refusal(&self, faulty: &VerifyError, name: &str) -> Option<&FaultResponse> {
        let refusals = || {
            let sandbox = self.scheme.sandbox.iter();
            sandbox.flat_map(|sandbox| &sandbox.fault_responses)
        };
        let fits = |refusal: &&FaultResponse, fault: VerifyFault| {
            let wanted = refusal.name.as_ref();
            refusal.fault == fault
                && wanted.is_none_or(|wanted| *wanted == faulty.location || wanted == name)
        };
        let found = refusals().find(|refusal| fits(refusal, faulty.fault));
        // Most marketplaces answer both in one way.
        found.or_else(|| {
            let is_expired = faulty.fault == VerifyFault::TokenExpired;
            let mut refusals = refusals().filter(|_| is_expired);
            refusals.find(|refusal| fits(refusal, VerifyFault::Token))
        })
    }

    fn render_refusal(
        &self,
        refusal: &FaultResponse,
        (part, name): (&str, &str),
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxReply, RenderError> {
        let scope = self
            .reply_scope(path, moment)?
            .with("name", name)
            .with("part", part);
        let mut reply = match &refusal.body {
            FaultBody::Json(json) => SandboxReply::json(refusal.status, &scope.render(json)?),
            FaultBody::Xml(xml) => {
                SandboxReply::draft(refusal.status, &render_encoded_body(xml, &scope)?)
            }
        };
        add_headers(&mut reply, &refusal.headers, &scope)?;
        Ok(reply)
    }

    /// The names that every response of the scheme can use.
    ///
    /// # Errors
    /// When the time is outside the range of years that can be formatted.
    pub(super) fn reply_scope(
        &self,
        path: &str,
        moment: FreshValues,
    ) -> Result<SandboxScope, RenderError> {
        let iso = format_time(
            moment.unix_ms,
            "%Y-%m-%dT%H:%M:%S%.3f%:z",
            self.scheme.clock.zone,
        )
        .map_err(|error| RenderError::new(self.scheme.at, error.to_string()))?;
        let account = self
            .accounts
            .first()
            .map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        Ok(SandboxScope::new()
            .with("request_id", hex::encode(moment.random_bytes(2, 16)))
            .with("uuid", moment.uuid(3))
            .with("iso", iso)
            .with("path", path)
            .with("account", account))
    }
}

/// # Errors
/// When a header cannot be rendered, or is no single value.
fn add_headers(
    reply: &mut SandboxReply,
    headers: &[TemplateField],
    scope: &SandboxScope,
) -> Result<(), RenderError> {
    for header in headers {
        let value = scope
            .render(&header.value)?
            .to_plain_text()
            .ok_or_else(|| {
                RenderError::new(
                    header.name_at,
                    format!("the header `{}` must be a single value", header.name),
                )
            })?;
        reply
            .headers
            .push((header.name.to_ascii_lowercase().into(), value));
    }
    Ok(())
}

/// The first sample that fits a call.
fn find_sample<'s>(scheme: &'s Scheme, sent: &Draft) -> Option<&'s SampleResponse> {
    let mut samples = scheme.sandbox.iter().flat_map(|sandbox| &sandbox.samples);
    samples.find(|sample| {
        let call = sample.call.as_ref();
        call.is_none_or(|(method, path)| *method == sent.method && *path == sent.path)
    })
}

/// The recordings of one scheme in a workspace.
fn recordings_of<'w>(
    workspace: &'w Workspace,
    scheme: &'w str,
) -> impl Iterator<Item = &'w Recording> {
    let all = workspace.recordings.iter();
    all.filter(move |recording| recording.scheme == scheme)
}

/// The hosts that levels and rules of a scheme name, each once.
fn call_hosts(scheme: &Scheme) -> Vec<String> {
    let levels = scheme.levels.iter().map(|level| &level.host);
    let rules = scheme
        .level_rules
        .iter()
        .filter_map(|rule| rule.host.as_ref());
    let mut names: Vec<String> = Vec::new();
    for name in levels.chain(rules).flat_map(HostChoice::names) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Whether a request holds every parameter that a procedure adds.
fn shows_parameters(procedure: &SigningProcedure, received: &ReceivedRequest) -> bool {
    let query = parse_form(received.query());
    let form = std::str::from_utf8(&received.body).map_or_else(|_| Vec::new(), parse_form);
    let has = |pairs: &[(String, String)], name: &str| {
        pairs
            .iter()
            .any(|(known, value)| known == name && !value.is_empty())
    };
    let added = procedure.prepare.fields().chain(procedure.attach.fields());
    added.into_iter().all(|(part, field)| match part {
        RequestPart::Header => {
            let name = field.name.to_ascii_lowercase();
            has(&received.headers, &name)
        }
        _ => has(&query, &field.name) || has(&form, &field.name),
    })
}

fn is_token_fault(verdict: &Result<VerifiedRequest, RefusedRequest>) -> bool {
    verdict.as_ref().is_err_and(|refused| {
        matches!(
            refused.error.fault,
            VerifyFault::Token | VerifyFault::TokenExpired
        )
    })
}

/// Whether a test account has this value from the start, without a token request.
fn is_given(account: &TestAccount, field: &str, value: &str) -> bool {
    account.credentials.get(field).and_then(Value::as_str) == Some(value)
}

fn parameter_count(procedure: &SigningProcedure) -> usize {
    procedure.prepare.fields().count() + procedure.attach.fields().count()
}

/// The accounts of the workspace's sandbox environment, or one with the default name.
fn test_accounts(
    workspace: &Workspace,
    scheme: &Scheme,
) -> Result<Vec<TestAccount>, TestCredentialError> {
    let known = workspace.accounts(SANDBOX_ENV, &scheme.name);
    let named = |name: &str, account| {
        Ok(TestAccount {
            name: name.to_owned(),
            credentials: test_account(scheme, name, account)?,
        })
    };
    if known.is_empty() {
        return Ok(vec![named(DEFAULT_ACCOUNT, None)?]);
    }
    known
        .into_iter()
        .map(|account| named(&account.name, Some(account)))
        .collect()
}

/// The address of one of the scheme's hosts in the sandbox. Without a region, it is the host that
/// API calls go to.
#[must_use]
pub(super) fn local_base_url(
    scheme: &Scheme,
    region: Option<&str>,
    own: &BaseUrl,
) -> Option<BaseUrl> {
    match region {
        None => Some(own.clone()),
        Some(region) => BaseUrl::parse(&scheme.host(region)?.example_url())
            .ok()?
            .with_origin(own.origin()),
    }
}

/// The path of a request below the base path of a host.
#[must_use]
pub(super) fn path_below<'r>(base: &BaseUrl, received: &'r ReceivedRequest) -> Option<&'r str> {
    received
        .path()
        .strip_prefix(base.path())
        // `/apiv2/x` is not below `/api`.
        .filter(|path| path.is_empty() || path.starts_with('/'))
}
