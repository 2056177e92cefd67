//! How long the parts of a request take. A client tells when it looks up a name, when it has
//! connected and when the head of a response is there; the start of a TLS handshake shows by the
//! random numbers that it draws. When the last byte of a request has left, nothing tells.
//!
//! Only a transport that measures has these hooks.

use crate::event::RequestPhases;
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Of the request that is being sent. A connection that outlives its request, because another
    /// one became free for it, finds none, and so is not counted.
    static CURRENT: PhaseClock;
}

/// The clock of one request.
#[derive(Clone, Debug)]
pub(crate) struct PhaseClock {
    started_at: Instant,
    moments: Arc<Mutex<PhaseMoments>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct PhaseMoments {
    connecting: Option<Instant>,
    look_up: Option<(Instant, Instant)>,
    tls: Option<Instant>,
    connected: Option<Instant>,
    head: Option<Instant>,
}

impl PhaseClock {
    #[must_use]
    pub(crate) fn start() -> Self {
        Self {
            started_at: Instant::now(),
            moments: Arc::default(),
        }
    }

    /// Sends a request whose connection this clock measures.
    pub(super) async fn measure<F: Future>(&self, sending: F) -> F::Output {
        CURRENT.scope(self.clone(), sending).await
    }

    /// The head of the response is there.
    pub(super) fn note_head(&self) {
        self.note(|moments, now| moments.head = Some(now));
    }

    fn note(&self, change: impl FnOnce(&mut PhaseMoments, Instant)) {
        // Moments that a thread left while it panicked are whole all the same.
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut moments, Instant::now());
    }

    /// What has taken how long, when the request has ended in whatever way.
    #[must_use]
    pub(crate) fn stop(&self, status: Option<u16>) -> RequestPhases {
        let now = Instant::now();
        let moments = *self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        // A response came over another connection than the one that was being opened.
        let is_own = moments.connected.is_some() || moments.head.is_none();
        let opened = if is_own {
            moments
        } else {
            PhaseMoments::default()
        };
        let between =
            |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        let resolved = opened.look_up.map(|(_, end)| end);
        let sendable = opened.connected.or(Some(self.started_at));
        RequestPhases {
            status,
            look_up: between(opened.look_up.map(|(start, _)| start), resolved),
            connect: between(
                resolved.or(opened.connecting),
                opened.tls.or(opened.connected),
            ),
            tls: between(opened.tls, opened.connected),
            wait: between(sendable, moments.head),
            body: between(moments.head, Some(now)),
            total: now.saturating_duration_since(self.started_at),
        }
    }
}

fn note_current(change: impl FnOnce(&mut PhaseMoments, Instant)) {
    // Without a current request nothing is measured.
    let _ = CURRENT.try_with(|clock| clock.note(change));
}

/// A client that tells its phases.
pub(super) fn measured(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.connector_layer(MeasuringLayer)
}

/// Notes how long a look-up takes.
pub(super) async fn measured_look_up<F: Future>(look_up: F) -> F::Output {
    let started_at = Instant::now();
    let found = look_up.await;
    note_current(|moments, now| moments.look_up = Some((started_at, now)));
    found
}

/// Notes when connections begin and are there.
#[derive(Clone)]
struct MeasuringLayer;

#[derive(Clone)]
struct MeasuringConnector<S>(S);

impl<S> Layer<S> for MeasuringLayer {
    type Service = MeasuringConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MeasuringConnector(inner)
    }
}

impl<S, R> Service<R> for MeasuringConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, address: R) -> Self::Future {
        // A connection that was closed while it rested is opened anew: that one counts.
        note_current(|moments, now| {
            *moments = PhaseMoments {
                connecting: Some(now),
                ..PhaseMoments::default()
            };
        });
        let connecting = self.0.call(address);
        Box::pin(async move {
            let connection = connecting.await;
            if connection.is_ok() {
                note_current(|moments, now| moments.connected = Some(now));
            }
            connection
        })
    }
}

/// ring's random numbers. The first that a connection draws are those of its `ClientHello`.
#[derive(Debug)]
struct MeasuringRandom(&'static dyn SecureRandom);

impl SecureRandom for MeasuringRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        note_current(|moments, now| {
            // Through an HTTPS proxy there are two handshakes, and both count as TLS.
            if moments.connected.is_none() {
                moments.tls.get_or_insert(now);
            }
        });
        self.0.fill(bytes)
    }
}

/// The cryptography of a process whose requests are measured.
#[must_use]
pub(super) fn measuring_provider() -> CryptoProvider {
    static RANDOM: OnceLock<MeasuringRandom> = OnceLock::new();
    let provider = rustls::crypto::ring::default_provider();
    CryptoProvider {
        secure_random: RANDOM.get_or_init(|| MeasuringRandom(provider.secure_random)),
        ..provider
    }
}
