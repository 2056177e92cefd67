//! The steps of a renewal, in the order that loses no token.

use super::refresh_job::{RefreshError, RefreshJob, RefreshKind};
use super::token_budget::TokenBudget;
use super::token_response::{
    InboxError, RawResponse, TokenRequestKind, pending_splits, saved_values, token_pair,
};
use crate::budget::{Budget, Permit};
use crate::check::{ResponseOutcome, ResponseView, classify_response};
use crate::host::ClockAndRng;
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{ErrorRemedy, Scheme, Token, TokenRequest};
use crate::redact::Redactor;
use crate::render::FreshValues;
use crate::secret::{Secret, to_secret_json};
use crate::sign::{NamedValues, SealError, SealedRequest, SigningInputs, seal, token_draft};
use crate::tokens::{FamilyLock, FamilyRecord, LOCK_WAIT, RenewalState, StoreError, TokenStore};
use crate::transport::{LiveTransport, SendLimits, human_duration};
use crate::value::{ObjectMember, Value};
use crate::wire::{BaseUrl, WireRequest, WireResponse};
use std::time::Duration;

/// How long to wait before each retry of a failed write. A disk that is full can have space a
/// moment later.
const WRITE_RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// How long to wait before each retry against a store that went away; the last one repeats.
const REMOTE_RETRY_DELAYS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// What a renewal works with.
pub(crate) struct RefreshContext<'a> {
    /// Tells the user at once what the renewal waits for.
    pub(crate) notify: NotifyFn<'a>,
    pub(crate) scheme: &'a Scheme,
    pub(crate) store: &'a TokenStore,
    pub(crate) transport: &'a LiveTransport,
    pub(crate) clock_and_rng: ClockAndRng,
    pub(crate) budget: &'a Budget,
}

/// Gets a text for the user while a renewal goes on. It holds no secrets.
pub(crate) type NotifyFn<'a> = &'a dyn Fn(&str);

/// Gets what the job asks for, unless another process has by then.
///
/// # Errors
/// When there is no new pair; the old one is as it was, or marked so that the next one who comes
/// knows what happened.
pub(crate) async fn renew(
    job: &RefreshJob,
    tools: &RefreshContext<'_>,
) -> Result<FamilyRecord, RefreshError> {
    let mut renewal = RefreshFlow::new(job, tools)?;
    let result = renewal.run().await;
    result.map_err(|failure| renewal.redacted(&failure))
}

pub(super) struct RefreshFlow<'a> {
    pub(super) job: &'a RefreshJob,
    pub(super) context: &'a RefreshContext<'a>,
    pub(super) token: &'a Token,
    credentials: NamedValues,
    pub(super) redactor: Redactor,
}

/// One request that can bring a pair, with what it is filled in with.
pub(super) struct TokenRequestPlan<'a> {
    pub(super) request: &'a TokenRequest,
    token: NamedValues,
    extra: Secret<Vec<ObjectMember>>,
    request_kind: TokenRequestKind,
    split_from: Option<String>,
}

impl<'a> TokenRequestPlan<'a> {
    /// A request that brings no pair, or that nothing but credentials and `token` fills in.
    pub(super) fn plain(request: &'a TokenRequest, token: NamedValues) -> Self {
        Self {
            request,
            token,
            extra: Secret::new(Vec::new()),
            request_kind: TokenRequestKind::Issue,
            split_from: None,
        }
    }
}

/// What became of one try to ask.
enum TokenSendOutcome {
    Response(Box<WireResponse>),
    /// Nothing has left.
    NotSent(String),
    /// Something has left, and no answer came.
    ResponseLost(String),
}

impl<'a> RefreshFlow<'a> {
    pub(super) fn new(
        job: &'a RefreshJob,
        context: &'a RefreshContext<'a>,
    ) -> Result<Self, RefreshError> {
        let unknown = || {
            RefreshError::temporary(format!(
                "the scheme `{}` has no token `{}`",
                context.scheme.name, job.key.token
            ))
        };
        let mut flow = Self {
            job,
            context,
            token: context.scheme.token(&job.key.token).ok_or_else(unknown)?,
            credentials: job.credential_values()?,
            redactor: Redactor::default(),
        };
        flow.register_credentials();
        Ok(flow)
    }

    async fn run(&mut self) -> Result<FamilyRecord, RefreshError> {
        let mut lock = self.context.store.lock(&self.job.key, LOCK_WAIT).await?;
        // Read again under the lock: another process may have renewed since the caller read, and a
        // single-use token must not be sent twice.
        let there = match lock.read().await {
            // A new authorization replaces the record. The damaged one is kept under another name.
            Err(StoreError::Corrupt { .. }) if self.job.kind.is_authorization() => {
                lock.quarantine().await?;
                None
            }
            read => read?,
        };
        let mut record = there
            .unwrap_or_else(|| FamilyRecord::new(self.job.key.clone(), self.job.label.clone()));
        self.register_record_secrets(&record);
        // Before the check whether anything is left to do: a response in the inbox is newer than
        // the record, and its request has spent the token of the record.
        self.apply_leftover_response(&mut lock, &mut record).await?;
        if self.is_already_done(&record) {
            return Ok(record);
        }
        if let (RefreshKind::Revoke, Some(revoke)) = (&self.job.kind, &self.token.revoke) {
            self.revoke(&mut lock, &record, revoke).await?;
            return Ok(record);
        }
        let asking = self.plan_request(&record)?;
        match asking.request_kind {
            TokenRequestKind::Issue => self.issue(&mut lock, &mut record, &asking).await?,
            TokenRequestKind::Device => {
                self.poll_device(&mut lock, &mut record, &asking).await?;
            }
            _ => {
                self.send_single_use(&mut lock, &mut record, &asking)
                    .await?;
            }
        }
        Ok(record)
    }

    /// Ends the authorization at the marketplace, and removes the record after that: a record whose
    /// revocation failed is kept, so that it can be tried again.
    async fn revoke(
        &mut self,
        lock: &mut FamilyLock,
        record: &FamilyRecord,
        request: &'a TokenRequest,
    ) -> Result<(), RefreshError> {
        let asking = TokenRequestPlan::plain(request, record.values());
        let (permit, response) = self.send_repeatable(&asking).await?;
        let outcome = self.outcome_of(request, &response);
        let ended = match outcome {
            ResponseOutcome::Success => Ok(()),
            refused @ ResponseOutcome::ApiError { .. } => {
                Err(self.revocation_refused(&refused, &response))
            }
        };
        self.record_limits(&asking, permit.as_ref(), &response, ended)
            .await?;
        lock.clear_inbox().await;
        Ok(lock.remove().await?)
    }

    fn revocation_refused(
        &mut self,
        outcome: &ResponseOutcome,
        response: &WireResponse,
    ) -> RefreshError {
        let (failure, ..) = self.describe_refusal("no revocation of", outcome, response);
        let label = self.account_label();
        failure.with_note(format!(
            "the tokens of {label} are kept: try again, or delete only the stored tokens with `--keep-authorization`"
        ))
    }

    /// Gets a pair with the application's own credentials, which spends nothing.
    async fn issue(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        asking: &TokenRequestPlan<'_>,
    ) -> Result<(), RefreshError> {
        let (permit, response) = self.send_repeatable(asking).await?;
        let raw = self.raw_response(&response, record, asking);
        let applied = self
            .apply_response(lock, record, &raw, RenewalState::Ready)
            .await;
        self.record_limits(asking, permit.as_ref(), &response, applied)
            .await
    }

    /// Sends a request that spends nothing, so that it can be sent again after any failure.
    pub(super) async fn send_repeatable(
        &mut self,
        asking: &TokenRequestPlan<'_>,
    ) -> Result<(Option<Permit>, Box<WireResponse>), RefreshError> {
        let permit = self.token_budget(asking).acquire().await?;
        let request = self.sign_request(asking)?;
        match self.send(&request).await {
            TokenSendOutcome::Response(response) => Ok((permit, response)),
            TokenSendOutcome::NotSent(reason) => {
                self.token_budget(asking).release(permit.as_ref()).await;
                Err(RefreshError::temporary(reason))
            }
            TokenSendOutcome::ResponseLost(reason) => Err(RefreshError::temporary(reason)),
        }
    }

    fn token_budget<'f>(&'f self, asking: &TokenRequestPlan<'f>) -> TokenBudget<'f> {
        TokenBudget {
            budget: self.context.budget,
            scheme: self.context.scheme,
            job: self.job,
            credentials: &self.credentials,
            request: asking.request,
            clock: self.context.clock_and_rng.clock,
        }
    }

    /// Keeps what the response says of limits. After its tokens: they are worth more.
    pub(super) async fn record_limits(
        &self,
        asking: &TokenRequestPlan<'_>,
        permit: Option<&Permit>,
        response: &WireResponse,
        applied: Result<(), RefreshError>,
    ) -> Result<(), RefreshError> {
        let is_waiting = matches!(&applied, Err(failure) if failure.device_wait.is_some());
        let outcome = if is_waiting {
            ResponseOutcome::Success
        } else {
            self.outcome_of(asking.request, response)
        };
        let note = self
            .token_budget(asking)
            .record(permit, response, &outcome)
            .await;
        match (applied, note) {
            (Err(failure), Some(note)) => Err(failure.with_note(note)),
            (Ok(()), Some(note)) => {
                (self.context.notify)(&note);
                Ok(())
            }
            (applied, None) => applied,
        }
    }

    pub(super) fn outcome_of(
        &self,
        request: &TokenRequest,
        response: &WireResponse,
    ) -> ResponseOutcome {
        let path = request.path.as_literal().unwrap_or_default();
        let view = ResponseView::new(response);
        classify_response(self.context.scheme, request.method, path, &view)
    }

    /// Whether another process has done what is asked.
    fn is_already_done(&self, record: &FamilyRecord) -> bool {
        let is_good = record
            .current
            .as_ref()
            .is_some_and(|pair| pair.is_valid(self.now_ms()));
        match &self.job.kind {
            RefreshKind::Renew { newer_than: than } => record.generation > *than && is_good,
            RefreshKind::Exchange { .. } | RefreshKind::Device { .. } | RefreshKind::Revoke => {
                false
            }
            RefreshKind::Split {
                shared_from: from, ..
            } => record.split_from.as_ref() == Some(from),
        }
    }

    fn plan_request(&self, record: &FamilyRecord) -> Result<TokenRequestPlan<'a>, RefreshError> {
        let plain = |request: &'a TokenRequest, asked: TokenRequestKind| TokenRequestPlan {
            request,
            token: record.values(),
            extra: Secret::new(Vec::new()),
            request_kind: asked,
            split_from: record.split_from.clone(),
        };
        if let (RefreshKind::Device { device_code }, Some(device)) =
            (&self.job.kind, &self.token.device)
        {
            let code = Value::from(device_code.expose().as_str());
            return Ok(TokenRequestPlan {
                extra: Secret::new(vec![("device_code".into(), code)]),
                request_kind: TokenRequestKind::Device,
                ..TokenRequestPlan::plain(&device.exchange, NamedValues::default())
            });
        }
        match (
            &self.job.kind,
            &self.token.exchange,
            &self.token.refresh,
            &self.token.issue,
        ) {
            (
                RefreshKind::Exchange {
                    code,
                    callback,
                    link_values,
                },
                Some(exchange),
                ..,
            ) => {
                let mut extra = exposed_members(link_values);
                extra.push(("code".into(), Value::from(code.expose().as_str())));
                let callback = Value::Object(exposed_members(callback));
                extra.push(("callback".into(), callback));
                Ok(TokenRequestPlan {
                    extra: Secret::new(extra),
                    token: NamedValues::default(),
                    split_from: None,
                    ..plain(exchange, TokenRequestKind::Exchange)
                })
            }
            (
                RefreshKind::Split {
                    refresh_token,
                    shared_from: from,
                },
                _,
                Some(refresh),
                _,
            ) => {
                let mut token = NamedValues::default();
                token.set("refresh_token", refresh_token.expose().as_str().into());
                Ok(TokenRequestPlan {
                    token,
                    split_from: Some(from.clone()),
                    ..plain(refresh, TokenRequestKind::Split)
                })
            }
            (RefreshKind::Renew { .. }, _, Some(refresh), issue) if record.has_refresh_token() => {
                match (&record.state, issue) {
                    // What the application gets by itself needs no person.
                    (RenewalState::Rejected { .. }, Some(issue)) => self.plan_issue(issue, record),
                    (RenewalState::Rejected { reason, .. }, None) => {
                        Err(self.dead_token_error(reason))
                    }
                    _ => Ok(plain(refresh, TokenRequestKind::Refresh)),
                }
            }
            (RefreshKind::Renew { .. }, _, _, Some(issue)) => self.plan_issue(issue, record),
            (RefreshKind::Renew { .. }, ..) => match &record.state {
                RenewalState::Rejected { reason, .. } => Err(self.dead_token_error(reason)),
                _ => Err(self.no_token_error()),
            },
            _ => Err(self.no_token_error()),
        }
    }

    /// With the application's credentials, and with the other token if it needs one.
    fn plan_issue(
        &self,
        issue: &'a TokenRequest,
        record: &FamilyRecord,
    ) -> Result<TokenRequestPlan<'a>, RefreshError> {
        let mut plan = TokenRequestPlan::plain(issue, record.values());
        plan.split_from.clone_from(&record.split_from);
        if let Some(with) = &issue.issuing_token {
            if self.job.issuing_token.is_empty() {
                return Err(RefreshError::temporary(format!(
                    "the token `{}` is issued with `{}`, which the renewal job does not have",
                    self.token.name, with.name
                )));
            }
            let fields = exposed_members(&self.job.issuing_token);
            plan.token = NamedValues::from_iter(fields);
        }
        Ok(plan)
    }

    /// Uses a response that an earlier process stored and did not come to use.
    async fn apply_leftover_response(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
    ) -> Result<(), RefreshError> {
        let text = match lock.read_inbox().await {
            // A new authorization needs nothing of a response that cannot be opened.
            Err(StoreError::Corrupt { .. }) if self.job.kind.is_authorization() => {
                return Ok(lock.quarantine_inbox().await?);
            }
            read => read?,
        };
        let Some(text) = text else { return Ok(()) };
        let raw = match RawResponse::parse(text.expose()) {
            Ok(raw) => raw,
            // A new authorization does not need the tokens in it.
            Err(_) if self.job.kind.is_authorization() => return Ok(()),
            Err(error) => return Err(self.damaged_inbox_error(error)),
        };
        // A response to another generation has been used already: its process was stopped between
        // replacing the record and clearing the inbox.
        if raw.generation == record.generation {
            match self
                .apply_response(
                    lock,
                    record,
                    &raw,
                    RenewalState::Uncertain {
                        since_ms: raw.received_ms,
                    },
                )
                .await
            {
                // The pair could not be stored. A refusal, by contrast, is in the state of the
                // record, where the rest of this renewal finds it.
                Err(failure) if record.state == RenewalState::Ready => Err(failure),
                _ => Ok(()),
            }
        } else {
            lock.clear_inbox().await;
            Ok(())
        }
    }

    /// Sends a request that can spend the token. At every moment the store tells how far it came.
    async fn send_single_use(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        asking: &TokenRequestPlan<'_>,
    ) -> Result<(), RefreshError> {
        let mut permit = self.token_budget(asking).acquire().await?;
        // Signed before the mark: a request that cannot be signed spends nothing.
        let mut request = self.sign_request(asking)?;
        let before = match record.state.clone() {
            // We hold the lock, so the process that wrote this mark is gone, and its inbox is
            // empty: nobody knows whether its request arrived.
            RenewalState::Refreshing { since_ms } => RenewalState::Uncertain { since_ms },
            other => other,
        };
        // A full disk must be noticed before the token is spent, not when the response is here.
        lock.prepare_inbox(record).await?;
        // The mark is durable before the first byte is sent. Without it the next process would take
        // a refusal of the spent token for a dead account.
        record.state = RenewalState::Refreshing {
            since_ms: self.now_ms(),
        };
        lock.write(record).await?;
        let mut lost = None;
        // A lost response is asked for once more at once, because some marketplaces accept the old
        // token for a short time. Not more often: presenting a spent token can revoke the family.
        for again in [true, false] {
            match self.send(&request).await {
                TokenSendOutcome::Response(response) => {
                    let raw = self.raw_response(&response, record, asking);
                    let kept = self.save_raw_response(lock, &raw).await;
                    // The lost request may have spent the token, so a refusal of the second one
                    // does not prove that the token was dead before.
                    let before = if lost.is_some() {
                        self.uncertain()
                    } else {
                        before
                    };
                    let applied = self
                        .apply_response(lock, record, &raw, before)
                        .await
                        .map_err(|failure| with_inbox_error(failure, kept));
                    return self
                        .record_limits(asking, permit.as_ref(), &response, applied)
                        .await;
                }
                TokenSendOutcome::NotSent(reason) if lost.is_none() => {
                    self.token_budget(asking).release(permit.as_ref()).await;
                    self.restore_state(lock, record, before).await?;
                    return Err(RefreshError::temporary(reason));
                }
                TokenSendOutcome::NotSent(reason) | TokenSendOutcome::ResponseLost(reason) => {
                    lost = Some(reason);
                }
            }
            if again {
                record.state = self.uncertain();
                lock.write(record).await?;
                permit = self.token_budget(asking).acquire().await?;
                request = self.sign_request(asking)?;
            }
        }
        let reason = format!(
            "the response with the new tokens of {} did not arrive: {}",
            self.account_label(),
            lost.unwrap_or_default()
        );
        if asking.request_kind == TokenRequestKind::Exchange {
            // A code says nothing about the tokens that are there.
            self.restore_state(lock, record, before).await?;
            return Err(RefreshError::user_action(reason)
                .with_note("the code may already be used: log in again"));
        }
        let note = "the marketplace may already have used the refresh token: ingam keeps it, and the next run tries it again";
        Err(RefreshError::temporary(reason).with_note(note))
    }

    fn uncertain(&self) -> RenewalState {
        RenewalState::Uncertain {
            since_ms: self.now_ms(),
        }
    }

    /// As it was; a chain that has never had a pair is none.
    async fn restore_state(
        &self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        before: RenewalState,
    ) -> Result<(), RefreshError> {
        lock.clear_inbox().await;
        record.state = before;
        if record.current.is_none() && !matches!(record.state, RenewalState::Uncertain { .. }) {
            return Ok(lock.remove().await?);
        }
        Ok(write_with_retries(lock, record).await?)
    }

    /// Stores the response before it is interpreted. The second try opens a new connection to the
    /// store if the first one was closed while the request was under way.
    pub(super) async fn save_raw_response(
        &self,
        lock: &mut FamilyLock,
        raw: &RawResponse,
    ) -> Result<(), StoreError> {
        let text = to_secret_json(raw).map_err(|error| StoreError::Corrupt {
            what: "inbox".to_owned(),
            reason: error.to_string(),
        })?;
        match lock.write_inbox(text.expose()).await {
            Err(error) if error != StoreError::StaleRevision => {
                lock.write_inbox(text.expose()).await
            }
            kept => kept,
        }
    }

    /// Puts what an answer says into the record and the record into the store.
    pub(super) async fn apply_response(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        raw: &RawResponse,
        before: RenewalState,
    ) -> Result<(), RefreshError> {
        let response = raw
            .response()
            .map_err(|error| self.damaged_inbox_error(error))?;
        let answer = ResponseView::new(&response);
        let Some(request) = raw.request_kind.request(self.token) else {
            return Err(self.no_token_error());
        };
        let rules = (self.context.scheme, self.token);
        let before_pair = record.current.as_ref();
        let Some(pair) = token_pair(&answer, &response, raw, rules, request, before_pair) else {
            return self.apply_refusal(lock, record, raw, request, before).await;
        };
        for (name, value) in &pair.values {
            self.redactor
                .add_secret(format!("token.{name}"), value.expose());
        }
        record.rotate(pair);
        record.label = self.job.label.clone();
        record.split_from.clone_from(&raw.split_from);
        if raw.request_kind != TokenRequestKind::Issue
            && self.token.lifetime.is_refresh_single_use
            && !record.has_refresh_token()
        {
            let reason = format!(
                "the last response of the marketplace had no refresh token for {}, and the previous refresh token works only once",
                self.account_label()
            );
            record.state = RenewalState::Rejected {
                since_ms: self.now_ms(),
                reason,
            };
        }
        if raw.request_kind.starts_family() {
            record.pending_splits = pending_splits(&answer, self.token);
        }
        let generation = raw.generation;
        if let Err(error) = self.write_new_tokens(lock, record, generation).await {
            return Err(self.unwritten_tokens_error(lock, &error));
        }
        // Only now: until the record is replaced, the inbox is the only copy of the new tokens.
        lock.clear_inbox().await;
        Ok(())
    }

    /// Writes the record with the new tokens. Against a store that went away it is retried for
    /// minutes: the refresh token is spent, and what it was spent for is here.
    async fn write_new_tokens(
        &self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        generation_before: u64,
    ) -> Result<(), StoreError> {
        let mut last = write_with_retries(lock, record).await;
        if !self.context.store.is_remote() {
            return last;
        }
        let mut left = self.job.store_patience;
        let mut delays = REMOTE_RETRY_DELAYS.iter();
        let mut delay = REMOTE_RETRY_DELAYS[0];
        let mut is_announced = false;
        while let Err(error) = &last {
            if left.is_zero() {
                break;
            }
            if !is_announced {
                (self.context.notify)(&self.retry_message(lock, error));
                is_announced = true;
            }
            delay = delays.next().copied().unwrap_or(delay).min(left);
            left -= delay;
            tokio::time::sleep(delay).await;
            last = self.write_again(lock, record, generation_before).await;
            if matches!(
                last,
                Err(StoreError::StaleRevision | StoreError::Corrupt { .. })
            ) {
                break;
            }
        }
        last
    }

    /// Another try under a lock that is taken anew: the store may have stored the last try without
    /// saying so, and another process may have had the lock meanwhile.
    async fn write_again(
        &self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        generation_before: u64,
    ) -> Result<(), StoreError> {
        lock.reacquire(LOCK_WAIT).await?;
        match lock.read().await? {
            Some(there) if there.current == record.current => {
                *record = there;
                Ok(())
            }
            // Whatever another process wrote of this generation, it got no tokens: it has asked
            // with the spent token, and was refused.
            Some(there) if there.generation == generation_before => lock.write(record).await,
            // Newer tokens: those of another process are as good, and ours may have been replaced.
            Some(there) if self.is_already_done(&there) => {
                *record = there;
                Ok(())
            }
            _ => Err(StoreError::StaleRevision),
        }
    }

    fn retry_message(&self, lock: &FamilyLock, error: &StoreError) -> String {
        let kept = match lock.local_response() {
            Some(Ok(path)) => format!("they are stored on this machine (`{}`)", path.display()),
            _ => "they are in memory only".to_owned(),
        };
        format!(
            "the new tokens of {} arrived, but could not be written: {error}; {kept}, and ingam retries for {}",
            self.account_label(),
            human_duration(self.job.store_patience)
        )
    }

    /// Says whether the tokens are kept, and where; or that they are lost.
    fn unwritten_tokens_error(&self, lock: &FamilyLock, error: &StoreError) -> RefreshError {
        let reason = format!(
            "the new tokens of {} arrived, but could not be written: {error}",
            self.account_label()
        );
        match lock.local_response() {
            None => RefreshError::temporary(reason).with_note(
                "the response is stored in the inbox of the store: run the command again when the store is writable",
            ),
            Some(Ok(path)) => RefreshError::temporary(reason).with_note(format!(
                "the response is stored, encrypted, on this machine: `{}`. When the database works again, run the command again or run `ingam auth status`, on this machine",
                path.display()
            )),
            Some(Err(why)) => RefreshError::user_action(reason)
                .with_note(format!(
                    "they could not be stored on this machine either ({why}): unless the database has the response, they are lost"
                ))
                .with_note(self.login_hint()),
        }
    }

    /// A refusal says that the token is dead only when the scheme says so; everything else leaves
    /// it as it was.
    async fn apply_refusal(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        raw: &RawResponse,
        request: &TokenRequest,
        before: RenewalState,
    ) -> Result<(), RefreshError> {
        let response = raw
            .response()
            .map_err(|error| self.damaged_inbox_error(error))?;
        let said = self.outcome_of(request, &response);
        for (name, value) in saved_values(&ResponseView::new(&response), &response, request) {
            if let Some(text) = value.as_str() {
                self.redactor.add_secret(format!("token.{name}"), text);
            }
        }
        let was_lost = matches!(before, RenewalState::Uncertain { .. });
        let (mut failure, authorize, may_be_spent) =
            self.describe_refusal("no token for", &said, &response);
        let is_code = raw.request_kind.is_authorization();
        if authorize && was_lost {
            let spent = if is_code {
                "the code is already used"
            } else {
                "the previous refresh token is already used"
            };
            failure.reason = format!(
                "a response with new tokens of {} was lost, and {spent}: {}",
                self.account_label(),
                failure.reason
            );
        }
        let state = match before {
            // A code that is refused says nothing about the tokens that are there.
            RenewalState::Uncertain { .. } if is_code => RenewalState::Ready,
            before if is_code => before,
            _ if authorize && raw.request_kind != TokenRequestKind::Issue => {
                RenewalState::Rejected {
                    since_ms: self.now_ms(),
                    reason: self.redactor.redact(&failure.reason),
                }
            }
            RenewalState::Ready if may_be_spent => self.uncertain(),
            before => before,
        };
        self.restore_state(lock, record, state).await?;
        Err(failure)
    }

    /// In words; whether a person must authorize; and whether the token may be spent all the same.
    pub(super) fn describe_refusal(
        &mut self,
        missing: &str,
        said: &ResponseOutcome,
        response: &WireResponse,
    ) -> (RefreshError, bool, bool) {
        // An answer of success can hold a token in a place where nobody looked for it, so it is not
        // shown.
        let body = match response.status {
            200..300 if matches!(said, ResponseOutcome::Success) => {
                "the response has no token at the place that the scheme defines".to_owned()
            }
            _ => truncated(&self.redactor.redact(&crate::redact::escape_control_chars(
                &String::from_utf8_lossy(response.body()),
            ))),
        };
        let reason = format!(
            "{missing} {}: the marketplace responded with {}: {body}",
            self.account_label(),
            response.status
        );
        let ResponseOutcome::ApiError {
            kind,
            hint,
            remedy: then,
            ..
        } = said
        else {
            return (RefreshError::temporary(reason), false, true);
        };
        let authorize = *then == Some(ErrorRemedy::Authorize);
        let later = matches!(kind, ErrorKind::Server | ErrorKind::RateLimit);
        let mut failure = if later {
            RefreshError::temporary(reason)
        } else {
            RefreshError::user_action(reason)
        };
        failure = failure.with_note(format!(
            "{kind}: {}",
            hint.as_deref().unwrap_or(kind.advice())
        ));
        if authorize {
            failure = failure.with_note(self.login_hint());
        }
        (failure, authorize, *kind == ErrorKind::Server)
    }

    /// The signed request, as it is now.
    fn sign_request(&mut self, asking: &TokenRequestPlan<'_>) -> Result<WireRequest, RefreshError> {
        let unknown =
            || RefreshError::temporary("the renewal job has no host for this token request");
        let label = asking.request.host.label();
        let base = self
            .job
            .host_bases
            .iter()
            .find(|(host, _)| *host == label)
            .ok_or_else(unknown)?;
        let base =
            BaseUrl::parse(&base.1).map_err(|error| RefreshError::temporary(error.to_string()))?;
        let now = self
            .context
            .scheme
            .clock
            .request_time_ms((self.context.clock_and_rng.clock)());
        let moment = FreshValues {
            unix_ms: now,
            seed: (self.context.clock_and_rng.rng)()?,
        };
        let inputs = SigningInputs {
            credentials: &self.credentials,
            token: Some(&asking.token),
            moment,
            steps: &[],
            extra: asking.extra.expose(),
        };
        let words = |error: SealError| {
            RefreshError::user_action(format!("the token request cannot be created: {error}"))
        };
        let draft = token_draft(self.context.scheme, asking.request, inputs).map_err(words)?;
        let SealedRequest { request, trace } = seal(
            self.context.scheme,
            &asking.request.procedure,
            draft,
            &base,
            inputs,
        )
        .map_err(words)?;
        trace
            .secrets()
            .into_iter()
            .for_each(|(id, value)| self.redactor.add_secret(id, value));
        Ok(request)
    }

    async fn send(&self, request: &WireRequest) -> TokenSendOutcome {
        let transport = self.context.transport;
        let route = &self.job.route;
        match transport
            .send_by(request, route, SendLimits::within(self.job.timeout))
            .await
        {
            Ok(response) => TokenSendOutcome::Response(Box::new(response)),
            Err(error) if error.was_not_sent() => TokenSendOutcome::NotSent(error.to_string()),
            Err(error) => TokenSendOutcome::ResponseLost(error.to_string()),
        }
    }

    pub(super) fn raw_response(
        &self,
        response: &WireResponse,
        record: &FamilyRecord,
        asking: &TokenRequestPlan<'_>,
    ) -> RawResponse {
        RawResponse::new(
            response,
            record.generation,
            self.now_ms(),
            asking.request_kind,
            asking.split_from.clone(),
        )
    }

    fn now_ms(&self) -> i64 {
        (self.context.clock_and_rng.clock)() + self.context.store.clock_offset_ms()
    }

    /// `` `sg` (shop_id 123456) ``
    pub(super) fn account_label(&self) -> String {
        match self.job.key.account_label(self.context.scheme) {
            ids if ids.is_empty() => format!("`{}`", self.job.label.account),
            ids => format!("`{}` ({ids})", self.job.label.account),
        }
    }

    /// The inbox stays as it is, and nothing is sent: it may hold the only copy of the tokens.
    fn damaged_inbox_error(&self, error: InboxError) -> RefreshError {
        RefreshError::user_action(format!(
            "a stored response with tokens of {} cannot be read: {error}",
            self.account_label()
        ))
        .with_note("it is kept, and nothing was sent: use the version of ingam that wrote it, or get new tokens with `ingam auth login`")
        .with_note(self.login_hint())
    }

    fn dead_token_error(&self, reason: &str) -> RefreshError {
        RefreshError::user_action(reason).with_note(self.login_hint())
    }

    fn no_token_error(&self) -> RefreshError {
        let RefreshJob { key, label, .. } = self.job;
        let reason = format!(
            "`{}` has no tokens of {} in environment `{}`",
            key.scheme,
            self.account_label(),
            label.environment
        );
        RefreshError::user_action(reason).with_note(self.login_hint())
    }

    pub(super) fn login_hint(&self) -> String {
        let RefreshJob { key, label, .. } = self.job;
        // An owner that ingam.yaml does not name is known by its ids, which is no name to type.
        let account = if label.account.contains('=') {
            String::new()
        } else {
            format!(" --account {}", label.account)
        };
        format!(
            "authorize it: `ingam auth login {} --env {}{account}`",
            key.scheme, label.environment
        )
    }

    fn register_credentials(&mut self) {
        for credential in self
            .context
            .scheme
            .credentials
            .iter()
            .filter(|credential| credential.is_secret)
        {
            if let Some(value) = self
                .credentials
                .get(&credential.name)
                .and_then(Value::as_str)
            {
                self.redactor
                    .add_secret(format!("cred.{}", credential.name), value);
            }
        }
        for (name, value) in &self.job.issuing_token {
            self.redactor
                .add_secret(format!("token.{name}"), value.expose());
        }
        match &self.job.kind {
            RefreshKind::Exchange {
                code, link_values, ..
            } => {
                self.redactor.add_secret("code", code.expose());
                let verifier = link_values.iter().find(|(name, _)| name == "verifier");
                if let Some((name, verifier)) = verifier {
                    self.redactor.add_secret(name, verifier.expose());
                }
            }
            RefreshKind::Device { device_code } => {
                self.redactor
                    .add_secret("device_code", device_code.expose());
            }
            RefreshKind::Split { refresh_token, .. } => self
                .redactor
                .add_secret("token.refresh_token", refresh_token.expose()),
            RefreshKind::Renew { .. } | RefreshKind::Revoke => {}
        }
    }

    fn register_record_secrets(&mut self, record: &FamilyRecord) {
        record
            .secrets()
            .for_each(|(name, value)| self.redactor.add_secret(format!("token.{name}"), value));
    }

    pub(super) fn redacted(&mut self, failure: &RefreshError) -> RefreshError {
        let notes = failure
            .notes
            .iter()
            .map(|note| self.redactor.redact(note))
            .collect();
        RefreshError {
            reason: self.redactor.redact(&failure.reason),
            notes,
            ..failure.clone()
        }
    }
}

/// Names and values for the templates of a token request.
fn exposed_members(pairs: &[(String, Secret<String>)]) -> Vec<ObjectMember> {
    let member = |(name, value): &(String, Secret<String>)| {
        (name.as_str().into(), Value::from(value.expose().as_str()))
    };
    pairs.iter().map(member).collect()
}

/// Retries a failed write a few times, because the new tokens are in memory only. If the
/// confirmation of a write was lost, the record in the store is the one that was written, and that
/// is a success.
async fn write_with_retries(
    lock: &mut FamilyLock,
    record: &mut FamilyRecord,
) -> Result<(), StoreError> {
    let mut last = lock.write(record).await;
    for wait in WRITE_RETRY_DELAYS {
        match last {
            Ok(()) => return Ok(()),
            Err(StoreError::StaleRevision) => break,
            Err(_) => tokio::time::sleep(wait).await,
        }
        last = lock.write(record).await;
        if last == Err(StoreError::StaleRevision)
            && lock
                .read()
                .await?
                .is_some_and(|there| there.current == record.current && there.state == record.state)
        {
            return Ok(());
        }
    }
    last
}

/// An answer is shown as far as it says why; what is secret in it is gone by now.
fn truncated(body: &str) -> String {
    const SHOWN: usize = 1_000;
    match body.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{} … ({} bytes in all)", &body[..cut], body.len()),
        None => body.to_owned(),
    }
}

pub(super) fn with_inbox_error(
    failure: RefreshError,
    kept: Result<(), StoreError>,
) -> RefreshError {
    match kept {
        Ok(()) => failure,
        Err(error) => failure.with_note(format!("the inbox could not be written either: {error}")),
    }
}
