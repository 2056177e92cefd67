//! A response that is handed on while it is received: what a program of the user asked for, and not
//! what a run looks at.

use super::live_transport::{
    ChosenClient, LiveTransport, ResponseProgress, TransportError, exchange_error,
};
use super::route::Route;
use crate::awake_timeout::awake_timeout;
use crate::body_stream::MAX_HELD_BYTES;
use crate::wire::{BaseUrl, BodyPassage, WireRequest, WireResponse};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A response whose body may still be on its way.
pub(crate) struct OpenResponse {
    /// With its whole body, or with the beginning that was waited for.
    pub(crate) response: WireResponse,
    /// As they came.
    pub(crate) headers: HeaderMap,
    /// What is left of the body; `None` if the response has all of it.
    pub(crate) rest: Option<OpenBody>,
}

/// The rest of a body. Dropping it ends the connection to the host.
pub(crate) struct OpenBody {
    response: reqwest::Response,
    base: BaseUrl,
    /// The longest wait for the next bytes.
    idle_timeout: Duration,
}

impl OpenBody {
    /// The next bytes; `None` after the last ones.
    ///
    /// # Errors
    /// When the connection breaks, or nothing comes in time.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        let chunk = awake_timeout(self.idle_timeout, self.response.chunk()).await;
        match chunk {
            Ok(chunk) => chunk.map_err(|error| exchange_error(&error, &self.base, None)),
            Err(_) => Err(TransportError::Timeout {
                host: self.base.authority().to_owned(),
                after: self.idle_timeout,
            }),
        }
    }
}

impl LiveTransport {
    /// Sends the bytes and waits until the response has begun, at most `timeout`. Of a document, as
    /// much of its body is waited for as tells whether it is an error; of a large body, of a file
    /// and of a stream of events, the beginning.
    ///
    /// # Errors
    /// As [`Self::send_by`].
    pub(crate) async fn open_by(
        &self,
        request: &WireRequest,
        route: &Route,
        timeout: Duration,
    ) -> Result<OpenResponse, TransportError> {
        let client = self.client(request.base(), route)?;
        let progress = ResponseProgress::default();
        let opening = self.open(request, (client, route), timeout, &progress);
        if let Ok(result) = awake_timeout(timeout, opening).await {
            return result;
        }
        let host = request.base().authority().to_owned();
        Err(progress.timeout_error(host, timeout))
    }

    async fn open(
        &self,
        request: &WireRequest,
        by: (ChosenClient, &Route),
        idle_timeout: Duration,
        progress: &ResponseProgress,
    ) -> Result<OpenResponse, TransportError> {
        let started_at = Instant::now();
        let (mut response, status, texts) = self.begin(request, by, progress).await?;
        let base = request.base();
        let headers = response.headers().clone();
        let (held, is_whole) = hold_body(&mut response, (status, &texts), base, progress).await?;
        let rest = (!is_whole).then(|| OpenBody {
            response,
            base: base.clone(),
            idle_timeout,
        });
        Ok(OpenResponse {
            response: WireResponse::new(status, texts, held, started_at.elapsed()),
            headers,
            rest,
        })
    }
}

/// The body of a document, or the beginning of a body that is handed on; and whether it is all of
/// it.
async fn hold_body(
    response: &mut reqwest::Response,
    (status, headers): (u16, &[(String, String)]),
    base: &BaseUrl,
    progress: &ResponseProgress,
) -> Result<(Bytes, bool), TransportError> {
    let content_type = headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map(|(_, value)| value.as_str());
    // Its end can be hours away.
    let is_event_stream =
        content_type.is_some_and(|text| text.trim_start().starts_with("text/event-stream"));
    let mut held = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| exchange_error(&error, base, None))?
    {
        held.extend_from_slice(&chunk);
        progress.received.store(held.len(), Ordering::Relaxed);
        if held.len() > MAX_HELD_BYTES
            || is_event_stream
            || BodyPassage::admits(status, content_type, &held)
        {
            return Ok((held.freeze(), false));
        }
    }
    Ok((held.freeze(), true))
}
