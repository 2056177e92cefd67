//! The port of the gateway. Connections are tasks of their own; the calls run on one task, since
//! they share the state of a run.

use super::call_error::CallError;
use super::call_record::CallRecord;
use super::call_response::{GatewayResponse, ending_response, error_response, passed_response};
use super::call_target::CallTarget;
use super::client_request::{ClientRequest, OWN_PREFIX};
use super::gateway_guard::{GatewayGuard, KEY_HEADER};
use super::protected_paths::ProtectedPaths;
use crate::diagnostic::{did_you_mean, join_names};
use crate::inbound::{ListeningSocket, WriteTimeout, accept_connections};
use crate::method::Method;
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::scheme::{Level, PLAIN_SCHEME, Scheme};
use crate::run::{
    AccountAccess, CallClient, PassedCall, PassedResponse, RunContext, StepError, StopSender,
    StopSignal, is_surely_read, pass_call, stop_channel,
};
use crate::sign::choose_level;
use crate::wire::Draft;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Larger heads of requests are refused; in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
const CLIENT_TIMEOUTS: ClientTimeouts = ClientTimeouts {
    head: Duration::from_secs(75),
    first_head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    write: Duration::from_secs(60),
};
/// More connections at once are closed. Each takes two files: its own and the marketplace's.
const MAX_CONNECTIONS: u32 = 400;
/// How long calls may still take after the gateway was asked to end.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// What names a level of the scheme.
const LEVEL_HEADER: &str = "x-ingam-level";

/// What the gateway allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GatewayLimits {
    /// Of a request, in bytes.
    pub(crate) max_body: usize,
    /// Until a response begins, and between two parts of it.
    pub(crate) timeout: Duration,
    pub(crate) allows_writes: bool,
}

/// How long a client may hold its connection without going on.
#[derive(Clone, Copy)]
struct ClientTimeouts {
    /// For the head of a request, and between two requests.
    head: Duration,
    /// Until the first request of a connection: until then anybody can hold it, without a key.
    first_head: Duration,
    /// For the body of a request.
    body: Duration,
    /// Without taking a byte of the response.
    write: Duration,
}

struct ServedScheme {
    scheme: Arc<Scheme>,
    protected: ProtectedPaths,
}

/// Answers calls until it is asked to end.
pub(crate) struct GatewayServer<'s> {
    guard: GatewayGuard,
    limits: GatewayLimits,
    schemes: HashMap<String, ServedScheme>,
    /// Unix milliseconds.
    clock: fn() -> i64,
    on_call: Box<dyn Fn(&CallRecord) + 's>,
}

/// A request, and the connection that waits for its response.
struct ClientCall {
    request: http::Request<Incoming>,
    gone: StopSignal,
    reply: oneshot::Sender<GatewayResponse>,
}

/// Tells the call that nobody waits for it any more.
struct GoneOnDrop(StopSender);

impl Drop for GoneOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl<'s> GatewayServer<'s> {
    #[must_use]
    pub(crate) fn new(
        guard: GatewayGuard,
        limits: GatewayLimits,
        schemes: &[Arc<Scheme>],
        clock: fn() -> i64,
        on_call: Box<dyn Fn(&CallRecord) + 's>,
    ) -> Self {
        let served = |scheme: &Arc<Scheme>| {
            let protected = ProtectedPaths::of(scheme);
            let scheme = Arc::clone(scheme);
            (scheme.name.clone(), ServedScheme { scheme, protected })
        };
        Self {
            guard,
            limits,
            schemes: schemes.iter().map(served).collect(),
            clock,
            on_call,
        }
    }

    /// Serves until `stop`; then lets the calls that are on their way end.
    pub(crate) async fn serve(
        &self,
        socket: ListeningSocket,
        context: &RunContext<'_>,
        stop: &StopSignal,
    ) {
        let (calls, mut arriving) = unbounded_channel();
        let free = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
        let permits = Arc::clone(&free);
        let ending = stop.clone();
        let accepting = accept_connections(socket.listener, move |stream, _| {
            // A connection that finds no room is closed, and clients try again.
            if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
                tokio::spawn(serve_connection(
                    stream,
                    calls.clone(),
                    ending.clone(),
                    (permit, CLIENT_TIMEOUTS),
                ));
            }
        });
        let mut accepting = Box::pin(accepting);
        let mut running = FuturesUnordered::new();
        let mut until_stop = pin!(stop.requested());
        loop {
            tokio::select! {
                () = &mut until_stop => break,
                () = &mut accepting => {}
                Some(call) = arriving.recv() => running.push(self.handle(call, context)),
                Some(()) = running.next() => {}
            }
        }
        drop(accepting);
        let mut drained = pin!(free.acquire_many(MAX_CONNECTIONS));
        let mut too_late = pin!(tokio::time::sleep(END_TIMEOUT));
        loop {
            tokio::select! {
                _ = &mut drained => break,
                () = &mut too_late => break,
                Some(call) = arriving.recv() => running.push(self.handle(call, context)),
                Some(()) = running.next() => {}
            }
        }
    }

    async fn handle(&self, call: ClientCall, context: &RunContext<'_>) {
        let started_at = Instant::now();
        let (head, body) = call.request.into_parts();
        let mut record = CallRecord {
            at_ms: (self.clock)(),
            scheme: None,
            account: None,
            method: head.method.as_str().to_owned(),
            path: String::new(),
            status: 0,
            attempts: 0,
            budget_left: None,
            took: Duration::ZERO,
            error: None,
            warnings: Vec::new(),
        };
        let result = self
            .pass(&head, body, call.gone, &mut record, context)
            .await;
        record.took = started_at.elapsed();
        let response = match result {
            Ok(response) => {
                record.status = response.status;
                passed_response(response, &record)
            }
            Err(error) => {
                let mut redactor = context.state.redactor.borrow_mut();
                // The client can have put anything in its place.
                record.account = record.account.map(|account| redactor.redact(&account));
                let reason = redactor.redact(&error.to_string());
                let hints: Vec<String> = error
                    .hints()
                    .iter()
                    .map(|hint| redactor.redact(hint))
                    .collect();
                record.status = error.status();
                let response = error_response(&error, &reason, &hints, &record);
                record.error = Some((error.code(), reason, hints));
                response
            }
        };
        (self.on_call)(&record);
        // The client can have gone away.
        let _ = call.reply.send(response);
    }

    /// # Errors
    /// Why the call was not passed on, or has no response.
    async fn pass(
        &self,
        head: &http::request::Parts,
        body: Incoming,
        gone: StopSignal,
        record: &mut CallRecord,
        context: &RunContext<'_>,
    ) -> Result<PassedResponse, CallError> {
        self.guard.check(&head.headers)?;
        check_own_headers(&head.headers)?;
        let target = CallTarget::parse(&head.uri)?;
        record.scheme = Some(target.scheme.clone());
        record.account.clone_from(&target.account);
        record.path.clone_from(&target.path);
        let method = Method::parse(head.method.as_str())
            .ok_or_else(|| CallError::Method(head.method.as_str().to_owned()))?;
        let served = self.find_scheme(&target.scheme)?;
        let scheme = &*served.scheme;
        let level = find_level(scheme, &head.headers, method, &target.path)?;
        let account = target.account.as_deref();
        if scheme.name == PLAIN_SCHEME && account.is_some_and(|name| name != DEFAULT_ACCOUNT) {
            return Err(CallError::PlainAccount(scheme.name.clone()));
        }
        let account = known_account(scheme, target.account.as_deref(), context);
        let access = find_access((scheme, level), method, &target.path, account, context)?;
        record.account = Some(access.account.clone());
        let base_path = access.call_base.path();
        if served.protected.contain(base_path, &target.path) {
            return Err(CallError::TokenPath(target.path));
        }
        let body = read_body(body, self.limits.max_body, CLIENT_TIMEOUTS.body).await?;
        let holds_key = |value: &HeaderValue| self.guard.has_key(value);
        let headers = (&head.headers, &holds_key as &dyn Fn(&HeaderValue) -> bool);
        let ClientRequest { draft, body } =
            ClientRequest::new(method, &target, headers, body, &level.procedure)?;
        if served.protected.contain_call(base_path, &draft) {
            return Err(CallError::TokenPath(target.path));
        }
        self.refuse_write(scheme, &draft)?;
        let call = PassedCall {
            scheme,
            level,
            access: &access,
            draft: &draft,
            client: CallClient { body, gone },
            timeout: self.limits.timeout,
        };
        let outcome = pass_call(&call, context).await;
        record.attempts = outcome.attempts;
        record.budget_left = outcome.budget_left;
        record.warnings = outcome.warnings;
        outcome.result.map_err(CallError::from)
    }

    /// # Errors
    /// When the call changes something, and only reads are passed on.
    fn refuse_write(&self, scheme: &Scheme, draft: &Draft) -> Result<(), CallError> {
        if self.limits.allows_writes || is_surely_read(scheme, draft) {
            return Ok(());
        }
        let method = draft.method.name();
        Err(CallError::Write { method })
    }

    fn find_scheme(&self, name: &str) -> Result<&ServedScheme, CallError> {
        self.schemes.get(name).ok_or_else(|| {
            let names = self.schemes.keys().map(String::as_str);
            CallError::UnknownScheme {
                name: name.to_owned(),
                hint: did_you_mean(name, names),
            }
        })
    }
}

/// One connection of a client, until it is closed.
async fn serve_connection(
    stream: TcpStream,
    calls: UnboundedSender<ClientCall>,
    ending: StopSignal,
    (_permit, timeouts): (OwnedSemaphorePermit, ClientTimeouts),
) {
    let has_called = AtomicBool::new(false);
    let service = hyper::service::service_fn(|request| {
        has_called.store(true, Ordering::Relaxed);
        relay(request, &calls)
    });
    let idle = async {
        tokio::time::sleep(timeouts.first_head).await;
        if has_called.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let stream = WriteTimeout::new(stream, timeouts.write);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A client that goes away in the middle is no fault.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = idle => return,
        () = ending.requested() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Hands a request to the task of the calls. Dropped when the client closes its connection.
async fn relay(
    request: http::Request<Incoming>,
    calls: &UnboundedSender<ClientCall>,
) -> Result<GatewayResponse, Infallible> {
    let (stop, gone) = stop_channel();
    let _gone = GoneOnDrop(stop);
    let (reply, response) = oneshot::channel();
    let call = ClientCall {
        request,
        gone,
        reply,
    };
    // An error: the task of the calls has ended, and drops the reply.
    let _ = calls.send(call);
    Ok(response.await.unwrap_or_else(|_| ending_response()))
}

/// The account that the call is made for, and where it goes.
fn find_access(
    (scheme, level): (&Scheme, &Level),
    method: Method,
    path: &str,
    account: Option<&str>,
    context: &RunContext<'_>,
) -> Result<Rc<AccountAccess>, CallError> {
    let host = scheme.host_choice(level, method, path);
    let access = context.access((scheme, level, host), account);
    access.map_err(|error| {
        CallError::account(&error, &scheme.name, account)
            .unwrap_or_else(|| StepError::from(error).into())
    })
}

fn find_level<'s>(
    scheme: &'s Scheme,
    headers: &HeaderMap,
    method: Method,
    path: &str,
) -> Result<&'s Level, CallError> {
    let named = headers.get(LEVEL_HEADER);
    let named = named.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    if let Some(name) = named.as_deref().filter(|name| scheme.level(name).is_none()) {
        let names = || {
            let names = scheme.levels.iter().map(|level| level.name.as_str());
            names.filter(|name| !name.is_empty())
        };
        let all = match names().next() {
            Some(_) => format!("it has {}", join_names(names(), "and")),
            None => format!("it has no levels: remove `{LEVEL_HEADER}`"),
        };
        return Err(CallError::UnknownLevel {
            scheme: scheme.name.clone(),
            level: name.to_owned(),
            hint: did_you_mean(name, names()).unwrap_or(all),
        });
    }
    Ok(choose_level(scheme, named.as_deref(), method, path))
}

/// # Errors
/// When one is unknown, or stands twice: then the request would mean something else than it says.
fn check_own_headers(headers: &HeaderMap) -> Result<(), CallError> {
    let own = headers.keys().map(HeaderName::as_str);
    for name in own.filter(|name| name.starts_with(OWN_PREFIX)) {
        if ![KEY_HEADER, LEVEL_HEADER].contains(&name) {
            return Err(CallError::UnknownHeader(name.to_owned()));
        }
        if headers.get_all(name).iter().count() > 1 {
            return Err(CallError::RepeatedHeader(name.to_owned()));
        }
    }
    Ok(())
}

/// A scheme without accounts in ingam.yaml has one, whose name is declared nowhere.
fn known_account<'n>(
    scheme: &Scheme,
    named: Option<&'n str>,
    context: &RunContext<'_>,
) -> Option<&'n str> {
    let environment = &context.options.environment;
    let workspace = context.environment.workspace;
    let has_none = workspace.accounts(environment, &scheme.name).is_empty();
    named.filter(|name| !has_none || *name != DEFAULT_ACCOUNT)
}

/// # Errors
/// When it is too large, too slow, or ends early.
async fn read_body(body: Incoming, max_body: usize, timeout: Duration) -> Result<Bytes, CallError> {
    let whole = Limited::new(body, max_body).collect();
    match tokio::time::timeout(timeout, whole).await {
        Err(_) => Err(CallError::BodyTimeout {
            seconds: timeout.as_secs(),
        }),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(CallError::BodyTooLarge { limit: max_body })
        }
        Ok(Err(_)) => Err(CallError::BrokenBody),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

#[cfg(test)]
mod stalled_client_tests;
