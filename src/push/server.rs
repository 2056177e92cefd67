//! The address that pushes arrive at.

use super::examiner::{PushWatcher, SuspectPush};
use super::forward::{ForwardAddress, ForwardedPush};
use super::judge::{ArrivedPush, PushJudgement, PushKeys};
use super::record::{PushOutcome, PushRecord};
use crate::inbound::{ListeningSocket, accept_connections, end_to_end};
use crate::method::Method;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A larger push is refused with status 413; in bytes.
const MAX_BODY_BYTES: usize = 4 << 20;
/// More headers than this are refused; in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long a sender may take for the head of a request, and for its body.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// More connections at once are closed.
const MAX_CONNECTIONS: usize = 128;

/// Receives pushes until it is dropped with its runtime.
pub(crate) struct PushServer {
    pub(crate) keys: Arc<PushKeys>,
    pub(crate) forward: Option<ForwardAddress>,
    pub(crate) watcher: PushWatcher,
    /// The time in Unix milliseconds.
    pub(crate) clock: fn() -> i64,
}

type PushResponse = http::Response<Full<Bytes>>;

impl PushServer {
    pub(crate) async fn serve(self, socket: ListeningSocket) {
        let server = Arc::new(self);
        let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        accept_connections(socket.listener, move |stream, _| {
            // A connection that finds no room is closed, which a sender repeats later.
            let Ok(permit) = Arc::clone(&free).try_acquire_owned() else {
                return;
            };
            let server = Arc::clone(&server);
            let service = hyper::service::service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(server.answer(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD_BYTES)
                .preserve_header_case(true)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                // A sender that goes away in the middle is no fault.
                let _ = connection.await;
                drop(permit);
            });
        })
        .await;
    }

    async fn answer(&self, request: http::Request<Incoming>) -> PushResponse {
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query();
        let target = target.map_or("/", |target| target.as_str()).to_owned();
        let mut record = PushRecord {
            at_ms: (self.clock)(),
            scheme: self.keys.scheme.name.clone(),
            webhook: None,
            account: None,
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            bytes: 0,
            outcome: PushOutcome::Refused,
            reason: None,
            status: 0,
            forward_time: None,
        };
        let push = match read_push(&head, target, body).await {
            Ok(push) => push,
            Err((status, reason)) => {
                record.reason = Some(reason);
                return self.refuse(record, status, None);
            }
        };
        record.bytes = push.body.len();
        match self.keys.judge(&push) {
            PushJudgement::Right { webhook, account } => {
                record.webhook = Some(webhook);
                record.account = Some(account);
                record.outcome = PushOutcome::Accepted;
                self.deliver(record, head, push).await
            }
            PushJudgement::Wrong { reason, webhooks } => {
                record.reason = Some(reason);
                if let [only] = webhooks.as_slice() {
                    record.webhook = Some(only.clone());
                }
                let suspect =
                    (!webhooks.is_empty()).then(|| Box::new(self.suspect(&head, &push, webhooks)));
                self.refuse(record, 401, suspect)
            }
        }
    }

    fn refuse(
        &self,
        mut record: PushRecord,
        status: u16,
        suspect: Option<Box<SuspectPush>>,
    ) -> PushResponse {
        record.status = status;
        self.watcher.watch(record, suspect);
        // Nothing more: whoever sent it may be somebody who tries.
        plain_response(status, "the push is refused\n")
    }

    fn suspect(
        &self,
        head: &http::request::Parts,
        push: &ArrivedPush,
        webhooks: Vec<String>,
    ) -> SuspectPush {
        let path = head.uri.path();
        let registered = self.keys.address.path();
        let is_other = path != registered && !(path == "/" && registered.is_empty());
        let host = push.headers.iter().find(|(name, _)| name == "host");
        let called = host.map_or_else(Vec::new, |(_, host)| {
            ["https", "http"]
                .map(|protocol| format!("{protocol}://{host}"))
                .into()
        });
        SuspectPush {
            received: self.keys.received(push),
            called,
            webhooks,
            other_path: is_other.then(|| path.to_owned()),
        }
    }

    /// Passes a right push on, and returns what the program that it is for answers.
    async fn deliver(
        &self,
        mut record: PushRecord,
        head: http::request::Parts,
        push: ArrivedPush,
    ) -> PushResponse {
        let Some(forward) = &self.forward else {
            record.status = 200;
            self.watcher.watch(record, None);
            return plain_response(200, "");
        };
        let ForwardedPush { result, took } = forward.send(head, &push.target, push.body).await;
        record.forward_time = Some(took);
        match result {
            Ok(response) => {
                record.status = response.status().as_u16();
                self.watcher.watch(record, None);
                let (mut head, body) = response.into_parts();
                head.headers = end_to_end(&head.headers);
                http::Response::from_parts(head, Full::new(body))
            }
            Err(error) => {
                record.outcome = PushOutcome::Undelivered;
                record.reason = Some(error.to_string());
                record.status = 502;
                self.watcher.watch(record, None);
                plain_response(502, "the push was not forwarded\n")
            }
        }
    }
}

/// # Errors
/// The status that refuses it, and why.
async fn read_push(
    head: &http::request::Parts,
    target: String,
    body: Incoming,
) -> Result<ArrivedPush, (u16, String)> {
    let method = Method::parse(head.method.as_str())
        .ok_or_else(|| (405, "its method is not an HTTP method".to_owned()))?;
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            // A header can be signed, and with replacement characters two values would be one.
            let text = std::str::from_utf8(value.as_bytes())
                .map_err(|_| (400, format!("its header `{name}` is not UTF-8")))?;
            Ok((name.as_str().to_owned(), text.to_owned()))
        })
        .collect::<Result<_, (u16, String)>>()?;
    let whole = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY_TIMEOUT, whole).await {
        Err(_) => Err((408, "its body was not complete within 30 s".to_owned())),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err((
            413,
            format!("its body is larger than {} MiB", MAX_BODY_BYTES >> 20),
        )),
        Ok(Err(_)) => Err((400, "its body is incomplete".to_owned())),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }?;
    Ok(ArrivedPush {
        method,
        target,
        headers,
        body,
    })
}

fn plain_response(status: u16, text: &'static str) -> PushResponse {
    let mut response = http::Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    // Each status above is one of HTTP. The default of the type would be 200, which accepts a push.
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
