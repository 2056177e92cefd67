//! The steps of a renewal, in the order that loses nothing.

use super::answer::{Asked, RawAnswer, pair_of, pending_of, saved};
use super::job::{Act, Failure, Job};
use crate::check::{Answer, Outcome, outcome};
use crate::model::outcome::ErrorKind;
use crate::model::scheme::{Remedy, Scheme, Token, TokenRequest};
use crate::render::Moment;
use crate::secret::Redactor;
use crate::sign::{NamedValues, SealError, SealedRequest, SigningInputs, seal, token_draft};
use crate::store::{ClockAndRng, FamilyLock, FamilyRecord, LOCK_WAIT, RenewalState, StoreError, TokenStore};
use crate::transport::{LiveTransport, TransportError};
use crate::value::{Member, Value};
use crate::wire::{BaseUrl, WireRequest, WireResponse};
use std::time::Duration;

/// A disk that refuses a write can be free again a moment later; the tokens are in memory only until then.
const WRITE_AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(2)];

/// What a renewal works with.
pub struct Tools<'a> {
    pub scheme: &'a Scheme,
    pub store: &'a TokenStore,
    pub transport: &'a LiveTransport,
    pub nature: ClockAndRng,
}

/// Gets what the job asks for, unless another process has by then.
///
/// # Errors
/// When there is no new pair; the old one is as it was, or marked so that the next one who comes knows what happened.
pub async fn renew(job: &Job, tools: &Tools<'_>) -> Result<FamilyRecord, Failure> {
    let unknown = || Failure::unable(format!("the scheme `{}` has no token `{}`", tools.scheme.name, job.key.token));
    let token = tools.scheme.token(&job.key.token).ok_or_else(unknown)?;
    let mut renewal = Renewal { job, tools, token, credentials: job.values(), redactor: Redactor::default() };
    renewal.remember_credentials();
    let result = renewal.run().await;
    result.map_err(|failure| renewal.hidden(failure))
}

struct Renewal<'a> {
    job: &'a Job,
    tools: &'a Tools<'a>,
    token: &'a Token,
    credentials: NamedValues,
    redactor: Redactor,
}

/// One request that can bring a pair, with what it is filled in with.
struct Asking<'a> {
    request: &'a TokenRequest,
    token: NamedValues,
    extra: Vec<Member>,
    asked: Asked,
    split_from: Option<String>,
}

/// What became of one try to ask.
enum Sent {
    Answer(WireResponse),
    /// Nothing has left.
    Not(String),
    /// Something has left, and no answer came.
    Lost(String),
}

impl<'a> Renewal<'a> {
    async fn run(&mut self) -> Result<FamilyRecord, Failure> {
        let mut lock = self.tools.store.lock(&self.job.key, LOCK_WAIT).await?;
        let there = match lock.read().await {
            // A new authorization needs nothing of what cannot be read.
            Err(StoreError::Corrupt { .. }) if matches!(self.job.act, Act::Exchange { .. }) => {
                lock.quarantine().await?;
                None
            }
            read => read?,
        };
        let mut record = there.unwrap_or_else(|| FamilyRecord::new(self.job.key.clone(), self.job.label.clone()));
        self.remember(&record);
        self.finish(&mut lock, &mut record).await?;
        if self.is_served(&record) {
            return Ok(record);
        }
        let asking = self.asking(&record)?;
        if asking.asked == Asked::Issue {
            let request = self.prepare(&asking)?;
            let answer = match self.send(&request).await {
                Sent::Answer(response) => self.raw(&response, &record, &asking),
                Sent::Not(reason) | Sent::Lost(reason) => return Err(Failure::unable(reason)),
            };
            self.take(&mut lock, &mut record, &answer, RenewalState::Ready).await?;
        } else {
            self.spend(&mut lock, &mut record, &asking).await?;
        }
        Ok(record)
    }

    /// Whether another process has done what is asked.
    fn is_served(&self, record: &FamilyRecord) -> bool {
        let is_good = record.current.as_ref().is_some_and(|pair| pair.is_valid(self.now_ms()));
        match &self.job.act {
            Act::Renew { than } => record.generation > *than && is_good,
            Act::Exchange { .. } => false,
            Act::Split { from, .. } => record.split_from.as_ref() == Some(from),
        }
    }

    fn asking(&self, record: &FamilyRecord) -> Result<Asking<'a>, Failure> {
        let plain = |request: &'a TokenRequest, asked: Asked| Asking {
            request,
            token: record.values(),
            extra: Vec::new(),
            asked,
            split_from: record.split_from.clone(),
        };
        match (&self.job.act, &self.token.exchange, &self.token.refresh, &self.token.issue) {
            (Act::Exchange { code, callback }, Some(exchange), ..) => {
                let members = callback.iter().map(|(name, value)| (name.as_str().into(), Value::from(value.as_str()))).collect();
                let code = ("code".into(), Value::from(code.as_str()));
                let extra = vec![code, ("callback".into(), Value::Object(members))];
                Ok(Asking { extra, token: NamedValues::default(), split_from: None, ..plain(exchange, Asked::Exchange) })
            }
            (Act::Split { refresh_token, from }, _, Some(refresh), _) => {
                let token = NamedValues(vec![("refresh_token".into(), Value::from(refresh_token.as_str()))]);
                Ok(Asking { token, split_from: Some(from.clone()), ..plain(refresh, Asked::Split) })
            }
            (Act::Renew { .. }, _, Some(refresh), issue) if record.has_refresh_token() => match (&record.state, issue) {
                // What the application gets by itself needs no person.
                (RenewalState::Rejected { .. }, Some(issue)) => Ok(plain(issue, Asked::Issue)),
                (RenewalState::Rejected { reason, .. }, None) => Err(self.dead(reason)),
                _ => Ok(plain(refresh, Asked::Refresh)),
            },
            (Act::Renew { .. }, _, _, Some(issue)) => Ok(plain(issue, Asked::Issue)),
            (Act::Renew { .. }, ..) => match &record.state {
                RenewalState::Rejected { reason, .. } => Err(self.dead(reason)),
                _ => Err(self.nothing_to_renew()),
            },
            _ => Err(self.nothing_to_renew()),
        }
    }

    /// An answer that a process left which did not come to use it.
    async fn finish(&mut self, lock: &mut FamilyLock, record: &mut FamilyRecord) -> Result<(), Failure> {
        let Some(text) = lock.read_inbox().await? else { return Ok(()) };
        let left = serde_json::from_str::<RawAnswer>(&text).ok().filter(|raw| raw.generation == record.generation);
        match left {
            Some(raw) => match self.take(lock, record, &raw, RenewalState::Uncertain { since_ms: raw.received_ms }).await {
                // A pair that could not be written; a refusal is in the record's state, and what is asked for finds it there.
                Err(failure) if record.state == RenewalState::Ready => Err(failure),
                _ => Ok(()),
            },
            None => {
                lock.clear_inbox().await;
                Ok(())
            }
        }
    }

    /// Sends a token that works once. What is on the disk at every moment says how far it has come.
    async fn spend(&mut self, lock: &mut FamilyLock, record: &mut FamilyRecord, asking: &Asking<'_>) -> Result<(), Failure> {
        // What cannot even be made spends nothing.
        let mut request = self.prepare(asking)?;
        let before = match record.state.clone() {
            // Whoever wrote this mark is gone without an answer.
            RenewalState::Refreshing { since_ms } => RenewalState::Uncertain { since_ms },
            other => other,
        };
        lock.prepare_inbox().await?;
        record.state = RenewalState::Refreshing { since_ms: self.now_ms() };
        lock.write(record).await?;
        let mut lost = None;
        // An answer that got lost is asked for once more, soon: a marketplace may have a time of grace.
        for again in [true, false] {
            match self.send(&request).await {
                Sent::Answer(response) => {
                    let raw = self.raw(&response, record, asking);
                    let kept = self.keep(lock, &raw).await;
                    let before = if lost.is_some() { self.uncertain() } else { before };
                    return self.take(lock, record, &raw, before).await.map_err(|failure| with_fault(failure, kept));
                }
                Sent::Not(reason) if lost.is_none() => {
                    self.leave(lock, record, before).await?;
                    return Err(Failure::unable(reason));
                }
                Sent::Not(reason) | Sent::Lost(reason) => lost = Some(reason),
            }
            if again {
                record.state = self.uncertain();
                lock.write(record).await?;
                request = self.prepare(asking)?;
            }
        }
        let reason = format!("the answer with the new tokens of {} did not arrive: {}", self.who(), lost.unwrap_or_default());
        if asking.asked == Asked::Exchange {
            // A code says nothing about the tokens that are there.
            self.leave(lock, record, before).await?;
            return Err(Failure::person(reason).with("the code may be used up: log in again"));
        }
        let note =
            "nobody knows whether the marketplace has spent the refresh token: it is kept, and the next run tries it again";
        Err(Failure::unable(reason).with(note))
    }

    fn uncertain(&self) -> RenewalState {
        RenewalState::Uncertain { since_ms: self.now_ms() }
    }

    /// As it was; a chain that has never had a pair is none.
    async fn leave(&self, lock: &mut FamilyLock, record: &mut FamilyRecord, before: RenewalState) -> Result<(), Failure> {
        lock.clear_inbox().await;
        record.state = before;
        if record.current.is_none() && !matches!(record.state, RenewalState::Uncertain { .. }) {
            return Ok(lock.remove().await?);
        }
        Ok(write(lock, record).await?)
    }

    /// A connection of the store that was cut meanwhile is made anew.
    async fn keep(&self, lock: &mut FamilyLock, raw: &RawAnswer) -> Result<(), StoreError> {
        let text = serde_json::to_string(raw).unwrap_or_default();
        match lock.write_inbox(&text).await {
            Err(error) if error != StoreError::StaleRevision => lock.write_inbox(&text).await,
            kept => kept,
        }
    }

    /// Puts what an answer says into the record and the record into the store.
    async fn take(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        raw: &RawAnswer,
        before: RenewalState,
    ) -> Result<(), Failure> {
        let response = raw.response();
        let answer = Answer::new(&response);
        let Some(request) = raw.asked.request(self.token) else { return Err(self.nothing_to_renew()) };
        let Some(pair) = pair_of(&answer, raw, self.token, request, record.current.as_ref()) else {
            return self.refused(lock, record, raw, request, before).await;
        };
        pair.values.iter().for_each(|(name, value)| self.redactor.add(format!("token.{name}"), value));
        record.rotate(pair);
        record.label = self.job.label.clone();
        record.split_from.clone_from(&raw.split_from);
        if raw.asked != Asked::Issue && self.token.lifetime.refresh_once && !record.has_refresh_token() {
            let reason =
                format!("the marketplace's last answer had no refresh token for {}, and the one before works once", self.who());
            record.state = RenewalState::Rejected { since_ms: self.now_ms(), reason };
        }
        if raw.asked.is_grant() {
            record.pending_splits = pending_of(&answer, self.token);
        }
        write(lock, record).await.map_err(|error| {
            let failure = Failure::unable(format!("the new tokens of {} could not be written: {error}", self.who()));
            failure.with("their answer waits in the store's inbox if that could be written: run again when the store works")
        })?;
        lock.clear_inbox().await;
        Ok(())
    }

    /// A refusal says that the token is dead only when the scheme says so; everything else leaves it as it was.
    async fn refused(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        raw: &RawAnswer,
        request: &TokenRequest,
        before: RenewalState,
    ) -> Result<(), Failure> {
        let path = request.path.as_literal().unwrap_or_default();
        let response = raw.response();
        let said = outcome(self.tools.scheme, request.method, path, &Answer::new(&response));
        for (name, value) in saved(&Answer::new(&response), request) {
            if let Some(text) = value.as_str() {
                self.redactor.add(format!("token.{name}"), text);
            }
        }
        let was_lost = matches!(before, RenewalState::Uncertain { .. });
        let (mut failure, authorize, may_be_spent) = self.refusal(&said, &response);
        let is_code = raw.asked == Asked::Exchange;
        if authorize && was_lost {
            let spent = if is_code { "the code is used up" } else { "the token before them is spent" };
            failure.reason = format!("an answer with new tokens of {} was lost, and {spent}: {}", self.who(), failure.reason);
        }
        let state = match before {
            // A code that is refused says nothing about the tokens that are there.
            RenewalState::Uncertain { .. } if is_code => RenewalState::Ready,
            before if is_code => before,
            _ if authorize && raw.asked != Asked::Issue => {
                RenewalState::Rejected { since_ms: self.now_ms(), reason: self.redactor.redact(&failure.reason) }
            }
            RenewalState::Ready if may_be_spent => self.uncertain(),
            before => before,
        };
        self.leave(lock, record, state).await?;
        Err(failure)
    }

    /// In words; whether a person must authorize; and whether the token may be spent all the same.
    fn refusal(&mut self, said: &Outcome, response: &WireResponse) -> (Failure, bool, bool) {
        // An answer of success can hold a token in a place where nobody looked for it, so it is not shown.
        let body = match response.status {
            200..300 if matches!(said, Outcome::Success) => "an answer without a token where the scheme looks for it".to_owned(),
            _ => short(&self.redactor.redact(&crate::secret::visible(&String::from_utf8_lossy(response.body())))),
        };
        let reason = format!("no token for {}: the marketplace answered {}: {body}", self.who(), response.status);
        let Outcome::Refused { kind, hint, then } = said else { return (Failure::unable(reason), false, true) };
        let authorize = *then == Some(Remedy::Authorize);
        let later = matches!(kind, ErrorKind::Server | ErrorKind::RateLimit);
        let mut failure = if later { Failure::unable(reason) } else { Failure::person(reason) };
        failure = failure.with(format!("{kind}: {}", hint.as_deref().unwrap_or(kind.advice())));
        if authorize {
            failure = failure.with(self.login());
        }
        (failure, authorize, *kind == ErrorKind::Server)
    }

    /// The signed request, as it is now.
    fn prepare(&mut self, asking: &Asking<'_>) -> Result<WireRequest, Failure> {
        let unknown = || Failure::unable("the job says no host for this token request");
        let base = self.job.bases.iter().find(|(host, _)| *host == asking.request.host).ok_or_else(unknown)?;
        let base = BaseUrl::parse(&base.1).map_err(Failure::unable)?;
        let now = self.tools.scheme.clock.reading((self.tools.nature.clock)());
        let moment = Moment { unix_ms: now, seed: (self.tools.nature.rng)() };
        let inputs = SigningInputs {
            credentials: &self.credentials,
            token: Some(&asking.token),
            moment,
            steps: &[],
            extra: &asking.extra,
        };
        let words = |error: SealError| Failure::person(format!("the token request cannot be made: {error}"));
        let draft = token_draft(self.tools.scheme, asking.request, inputs).map_err(words)?;
        let SealedRequest { request, trace } =
            seal(self.tools.scheme, &asking.request.procedure, draft, &base, inputs).map_err(words)?;
        trace.secrets().into_iter().for_each(|(id, value)| self.redactor.add(id, value));
        Ok(request)
    }

    async fn send(&self, request: &WireRequest) -> Sent {
        match self.tools.transport.send(request, self.job.timeout).await {
            Ok(response) => Sent::Answer(response),
            Err(error @ (TransportError::Connect { .. } | TransportError::Setup { .. })) => Sent::Not(error.to_string()),
            Err(error) => Sent::Lost(error.to_string()),
        }
    }

    fn raw(&self, response: &WireResponse, record: &FamilyRecord, asking: &Asking<'_>) -> RawAnswer {
        RawAnswer::new(response, record.generation, self.now_ms(), asking.asked, asking.split_from.clone())
    }

    fn now_ms(&self) -> i64 {
        (self.tools.nature.clock)() + self.tools.store.clock_offset_ms()
    }

    /// `` `sg` (shop_id 123456) ``
    fn who(&self) -> String {
        match self.job.key.account_label(self.tools.scheme) {
            ids if ids.is_empty() => format!("`{}`", self.job.label.account),
            ids => format!("`{}` ({ids})", self.job.label.account),
        }
    }

    fn dead(&self, reason: &str) -> Failure {
        Failure::person(reason).with(self.login())
    }

    fn nothing_to_renew(&self) -> Failure {
        let Job { key, label, .. } = self.job;
        let reason = format!("`{}` has no tokens of {} in environment `{}`", key.scheme, self.who(), label.environment);
        Failure::person(reason).with(self.login())
    }

    fn login(&self) -> String {
        let Job { key, label, .. } = self.job;
        // An owner that ingam.yaml does not name is known by its ids, which is no name to type.
        let account = if label.account.contains('=') { String::new() } else { format!(" --account {}", label.account) };
        format!("authorize it: `ingam auth login {} --env {}{account}`", key.scheme, label.environment)
    }

    fn remember_credentials(&mut self) {
        for credential in self.tools.scheme.credentials.iter().filter(|credential| credential.secret) {
            if let Some(value) = self.credentials.get(&credential.name).and_then(Value::as_str) {
                self.redactor.add(format!("cred.{}", credential.name), value);
            }
        }
        match &self.job.act {
            Act::Exchange { code, .. } => self.redactor.add("code", code),
            Act::Split { refresh_token, .. } => self.redactor.add("token.refresh_token", refresh_token),
            Act::Renew { .. } => {}
        }
    }

    fn remember(&mut self, record: &FamilyRecord) {
        record.secrets().for_each(|(name, value)| self.redactor.add(format!("token.{name}"), value));
    }

    fn hidden(&mut self, failure: Failure) -> Failure {
        let notes = failure.notes.iter().map(|note| self.redactor.redact(note)).collect();
        Failure { reason: self.redactor.redact(&failure.reason), notes, ..failure }
    }
}

/// A refused write is tried again a few times: what is lost otherwise cannot be got again. One whose confirmation got lost has
/// been done all the same.
async fn write(lock: &mut FamilyLock, record: &mut FamilyRecord) -> Result<(), StoreError> {
    let mut last = lock.write(record).await;
    for wait in WRITE_AGAIN {
        match last {
            Ok(()) => return Ok(()),
            Err(StoreError::StaleRevision) => break,
            Err(_) => tokio::time::sleep(wait).await,
        }
        last = lock.write(record).await;
        if last == Err(StoreError::StaleRevision)
            && lock.read().await?.is_some_and(|there| there.current == record.current && there.state == record.state)
        {
            return Ok(());
        }
    }
    last
}

/// An answer is shown as far as it says why; what is secret in it is gone by now.
fn short(body: &str) -> String {
    const SHOWN: usize = 1_000;
    match body.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{} … ({} bytes in all)", &body[..cut], body.len()),
        None => body.to_owned(),
    }
}

fn with_fault(failure: Failure, kept: Result<(), StoreError>) -> Failure {
    match kept {
        Ok(()) => failure,
        Err(error) => failure.with(format!("the inbox could not be written either: {error}")),
    }
}
