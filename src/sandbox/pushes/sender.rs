//! Sends pushes to the one address that the user named, each once, and only so many at a time. It
//! follows no redirect.

use super::order::PushOrder;
use super::push_error::PushError;
use super::sent_push::SentPush;
use super::signed_push::SignedPush;
use crate::host::ClockAndRng;
use crate::model::recording::StubPush;
use crate::render::FreshValues;
use crate::sandbox::journal::RequestJournal;
use crate::sandbox::marketplace::TestMarketplace;
use crate::transport::send_plain;
use crate::wire::RegisteredAddress;
use bytes::Bytes;
use http_body_util::Full;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long a receiver may take. Marketplaces wait shorter.
const PUSH_TIMEOUT: Duration = Duration::from_secs(30);
/// The most pushes that are on their way at once.
const MAX_ON_THE_WAY: usize = 64;

type SharedMarketplace = Arc<Mutex<TestMarketplace>>;

/// Sends the pushes of all marketplaces of one sandbox.
pub(crate) struct PushSender {
    address: RegisteredAddress,
    marketplaces: Vec<(Arc<str>, SharedMarketplace)>,
    journal: Option<Arc<RequestJournal>>,
    clock_and_rng: ClockAndRng,
    free: Semaphore,
}

impl PushSender {
    pub(crate) fn new(
        address: RegisteredAddress,
        marketplaces: Vec<(Arc<str>, SharedMarketplace)>,
        journal: Option<Arc<RequestJournal>>,
        clock_and_rng: ClockAndRng,
    ) -> Arc<Self> {
        Arc::new(Self {
            address,
            marketplaces,
            journal,
            clock_and_rng,
            free: Semaphore::new(MAX_ON_THE_WAY),
        })
    }

    /// Sends the push that was asked for at the marketplace of `own`; it is in the journal, too.
    ///
    /// # Errors
    /// When it cannot be made. One that the receiver did not answer is no error.
    pub(crate) async fn send(
        &self,
        own: &str,
        order: &PushOrder,
        body: Option<Vec<u8>>,
    ) -> Result<SentPush, PushError> {
        let name = order.scheme.as_deref().unwrap_or(own);
        let mut known = self.marketplaces.iter();
        let (scheme, marketplace) = known
            .find(|(known, _)| **known == *name)
            .ok_or_else(|| PushError::UnknownScheme(name.to_owned()))?;
        let _permit = self.free.try_acquire().map_err(|_| PushError::TooMany)?;
        let signed = self.sign(marketplace, order, body)?;
        let mut sent = self.record(scheme, order);
        sent.webhook = Some(signed.webhook.clone());
        sent.event.clone_from(&signed.event);
        sent.account = Some(signed.account.clone());
        sent.method = signed.method.name();
        sent.bytes = signed.push.body.len();
        let request = self.request(signed)?;
        let base = self.address.origin();
        let begun = Instant::now();
        match send_plain((base.host(), base.port()), request, PUSH_TIMEOUT).await {
            Ok(response) => sent.answer = Some((response.status().as_u16(), begun.elapsed())),
            Err(error) => sent.failure = Some(error.to_string()),
        }
        Ok(self.keep(sent))
    }

    /// Sends the push of a stub that was just answered with, after `delay`.
    pub(crate) fn send_after(
        self: &Arc<Self>,
        scheme: &Arc<str>,
        push: StubPush,
        account: Option<String>,
        delay: Duration,
    ) {
        let (sender, scheme) = (Arc::clone(self), Arc::clone(scheme));
        tokio::spawn(async move {
            let delay = delay.saturating_add(push.after);
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let order = PushOrder {
                event: Some(push.event),
                account,
                ..PushOrder::default()
            };
            let body = push.json.map(|json| json.to_json().into_bytes());
            // Nobody waits for the result: it must be seen in the journal.
            if let Err(error) = sender.send(&scheme, &order, body).await {
                let mut sent = sender.record(&scheme, &order);
                sent.failure = Some(error.to_string());
                sender.keep(sent);
            }
        });
    }

    fn sign(
        &self,
        marketplace: &SharedMarketplace,
        order: &PushOrder,
        body: Option<Vec<u8>>,
    ) -> Result<SignedPush, PushError> {
        let seed = (self.clock_and_rng.rng)().map_err(|_| PushError::NoRandomness)?;
        // As for requests: what a marketplace holds is whole after each step.
        let marketplace = marketplace.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = FreshValues {
            unix_ms: marketplace.now_ms((self.clock_and_rng.clock)()),
            seed,
        };
        marketplace.signed_push(order, body, &self.address, moment)
    }

    fn record(&self, scheme: &Arc<str>, order: &PushOrder) -> SentPush {
        SentPush {
            number: 0,
            at_ms: (self.clock_and_rng.clock)(),
            scheme: Arc::clone(scheme),
            webhook: None,
            event: order.event.clone(),
            account: order.account.clone(),
            method: "POST",
            url: self.address.without_query().to_owned(),
            bytes: 0,
            broken: order.broken,
            answer: None,
            failure: None,
        }
    }

    fn keep(&self, sent: SentPush) -> SentPush {
        match &self.journal {
            Some(journal) => journal.record_push(sent),
            None => sent,
        }
    }

    fn request(&self, signed: SignedPush) -> Result<http::Request<Full<Bytes>>, PushError> {
        let push = signed.push;
        let mut request = http::Request::new(Full::new(Bytes::from(push.body)));
        let unusable = |text: &str| PushError::Header(text.to_owned());
        *request.method_mut() =
            http::Method::from_bytes(push.method.as_bytes()).map_err(|_| unusable(&push.method))?;
        *request.uri_mut() = push
            .path_query
            .parse()
            .map_err(|_| unusable("the address"))?;
        let own = [
            (
                "host".to_owned(),
                self.address.origin().authority().to_owned(),
            ),
            ("user-agent".to_owned(), "ingam-sandbox".to_owned()),
        ];
        for (name, value) in own.into_iter().chain(push.headers) {
            let key = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable(&name))?;
            let value = http::HeaderValue::from_str(&value).map_err(|_| unusable(&name))?;
            request.headers_mut().insert(key, value);
        }
        Ok(request)
    }
}
