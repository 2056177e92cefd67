//! Starts the marketplaces and hands every request to its marketplace as the raw bytes that arrived.

use super::controls::{ControlCommand, ControlError, ControlGuard, is_person_page};
use super::journal::{ArrivedCall, CredentialFields, ReplyVerdict, RequestJournal};
use super::listen::{
    AllowedOrigins, AuthorityError, BindError, BoundListener, ForwardProxy, KnownHosts,
    PortAssignment, PortPlan, PortPlanError, ProxiedService, ProxyTarget, SandboxAuthority,
    SandboxOrigins, bind_all, bind_one, named_authority, scheme_of_host, tls_acceptor,
};
use super::marketplace::TestMarketplace;
use super::pushes::{PushError, PushOrder, PushSender};
use super::recording_set::RecordingSet;
use super::reply::{DeliveryOutcome, LostResponse, ReplyDelivery, SandboxReply, unmakeable_reply};
use super::reserved_names::{CONTROL_PATH, NO_RECORDING};
use super::tokens::token_subject::TestCredentialError;
use super::truncated_body::TruncatedBody;
use crate::host::ClockAndRng;
use crate::inbound::accept_connections;
use crate::load::RecordingFaults;
use crate::method::Method;
use crate::model::recording::StubPush;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::render::FreshValues;
use crate::sign::ReceivedRequest;
use crate::value::Value;
use crate::wire::{BaseUrl, RegisteredAddress};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A larger request is refused with status 413; in bytes.
const MAX_REQUEST_BYTES: usize = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    PortPlan(#[from] PortPlanError),
    #[error("the sandbox has no address for the scheme `{scheme}`: its host is not a base URL")]
    NoBaseUrl { scheme: String },
    #[error(transparent)]
    TestCredential(#[from] TestCredentialError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Recordings(#[from] RecordingFaults),
}

/// Where the marketplaces listen, and what they believe of a request.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The address of this machine; by default the loopback one.
    pub address: IpAddr,
    pub ports: PortPlan,
    /// TLS on the ports of the marketplaces, with certificates of this authority.
    pub tls: Option<Arc<SandboxAuthority>>,
    pub proxy: Option<ProxyOptions>,
    /// Pages of browsers that may call.
    pub allowed_origins: Arc<AllowedOrigins>,
    /// Whether `X-Forwarded-Proto` says the protocol of a request, as a proxy in front sets it.
    pub trusts_forwarded_proto: bool,
    /// Who may use the controls.
    pub guard: ControlGuard,
    /// Where pushes are sent, if anywhere.
    pub push_to: Option<RegisteredAddress>,
    /// Keeps what arrives, and reads recordings again when they change. Without one, as in a run,
    /// nothing of that is done.
    pub journal: Option<Arc<RequestJournal>>,
}

/// A forward proxy for clients without a setting for the base URL.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// 0 for one that the system chooses.
    pub port: u16,
    /// Makes the certificates of the marketplaces' own hosts.
    pub authority: Arc<SandboxAuthority>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            ports: PortPlan::default(),
            tls: None,
            proxy: None,
            allowed_origins: Arc::default(),
            trusts_forwarded_proto: false,
            guard: ControlGuard::default(),
            push_to: None,
            journal: None,
        }
    }
}

/// Marketplaces that are listening; they stop when the runtime does.
pub struct SandboxServer {
    pub origins: SandboxOrigins,
    /// The URL of the forward proxy, if there is one.
    pub proxy_url: Option<String>,
}

impl SandboxServer {
    /// Starts one marketplace for each scheme.
    ///
    /// # Errors
    /// When a port is taken, or a scheme has no usable host or test credentials.
    pub async fn start(
        workspace: &Workspace,
        schemes: &[Arc<Scheme>],
        options: ListenOptions,
        clock_and_rng: ClockAndRng,
    ) -> Result<Self, SandboxError> {
        let names: Vec<&str> = schemes.iter().map(|scheme| scheme.name.as_str()).collect();
        let (authorities, listeners) = bind(&names, &options).await?;
        // All ports are taken before a marketplace runs.
        let proxy = match &options.proxy {
            Some(proxy) => Some((bind_one(options.address, proxy.port).await?, proxy)),
            None => None,
        };
        let protocol = if options.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let origins: SandboxOrigins = names
            .iter()
            .zip(authorities)
            .map(|(name, authority)| ((*name).to_owned(), format!("{protocol}://{authority}")))
            .collect();
        let mut marketplaces = Vec::new();
        for scheme in schemes {
            let marketplace = marketplace(workspace, scheme, options.journal.is_some())?;
            let name: Arc<str> = scheme.name.as_str().into();
            marketplaces.push((name, Arc::new(Mutex::new(marketplace))));
        }
        let pushes = options.push_to.clone().map(|address| {
            let journal = options.journal.clone();
            PushSender::new(address, marketplaces.clone(), journal, clock_and_rng)
        });
        let mut endpoints = Vec::new();
        for (scheme, (name, marketplace)) in schemes.iter().zip(marketplaces) {
            // Without this error the origin would stay published while nobody listens, and each
            // request would fail as "connection refused" for no visible reason.
            let Some(base) = origins.base_url(scheme) else {
                return Err(SandboxError::NoBaseUrl {
                    scheme: scheme.name.clone(),
                });
            };
            endpoints.push(MarketplaceEndpoint {
                scheme: name,
                marketplace,
                pushes: pushes.clone(),
                base,
                is_proxied: false,
                guard: options.guard.clone(),
                journal: options.journal.clone(),
                trusts_forwarded_proto: options.trusts_forwarded_proto,
                clock_and_rng,
            });
        }
        let endpoints: Arc<[MarketplaceEndpoint]> = endpoints.into();
        spawn_listeners(listeners, &endpoints, &options)?;
        let proxy_url = proxy.map(|(bound, proxy)| {
            let marketplaces = ProxiedMarketplaces {
                endpoints,
                hosts: Arc::new(KnownHosts::of(schemes.iter().map(AsRef::as_ref))),
                origins: Arc::clone(&options.allowed_origins),
            };
            spawn_proxy(bound, Arc::clone(&proxy.authority), marketplaces)
        });
        Ok(Self { origins, proxy_url })
    }
}

fn spawn_listeners(
    ports: BoundPorts,
    endpoints: &Arc<[MarketplaceEndpoint]>,
    options: &ListenOptions,
) -> Result<(), SandboxError> {
    let acceptor = options.tls.as_ref();
    let acceptor = acceptor
        .map(|authority| tls_acceptor(Arc::clone(authority), None))
        .transpose()?;
    let spawn = |listener, router| {
        let origins = Arc::clone(&options.allowed_origins);
        tokio::spawn(listen(listener, router, origins, acceptor.clone()));
    };
    match ports {
        BoundPorts::Separate(listeners) => {
            for (listener, endpoint) in listeners.into_iter().zip(endpoints.iter()) {
                spawn(listener, RequestRouter::One(endpoint.clone()));
            }
        }
        BoundPorts::Shared(listener) => {
            spawn(listener, RequestRouter::ByHost(Arc::clone(endpoints)));
        }
    }
    Ok(())
}

/// The URL of the proxy.
fn spawn_proxy(
    bound: BoundListener,
    authority: Arc<SandboxAuthority>,
    marketplaces: ProxiedMarketplaces,
) -> String {
    let url = format!("http://{}", bound.authority);
    let proxy = ForwardProxy {
        marketplaces,
        authority,
    };
    tokio::spawn(accept_connections(bound.listener, move |stream, peer| {
        tokio::spawn(proxy.clone().serve(stream, peer.ip()));
    }));
    url
}

fn marketplace(
    workspace: &Workspace,
    scheme: &Arc<Scheme>,
    is_observed: bool,
) -> Result<TestMarketplace, SandboxError> {
    let (recordings, observed) = if is_observed {
        (
            RecordingSet::rereading(workspace, &scheme.name)?,
            Some(CredentialFields::of(scheme)),
        )
    } else {
        (RecordingSet::of(workspace, &scheme.name), None)
    };
    Ok(TestMarketplace::new(
        workspace, scheme, recordings, observed,
    )?)
}

enum BoundPorts {
    /// One for each scheme, in their order.
    Separate(Vec<TcpListener>),
    Shared(TcpListener),
}

/// Takes the ports; the `host:port` of each scheme, in their order.
async fn bind(
    schemes: &[&str],
    options: &ListenOptions,
) -> Result<(Vec<String>, BoundPorts), SandboxError> {
    match options.ports.assign(schemes)? {
        PortAssignment::Separate(ports) => {
            let bound = bind_all(options.address, &ports).await?;
            let authorities = bound.iter().map(|bound| bound.authority.to_string());
            Ok((
                authorities.collect(),
                BoundPorts::Separate(bound.into_iter().map(|bound| bound.listener).collect()),
            ))
        }
        PortAssignment::Shared(port) => {
            let bound = bind_one(options.address, port).await?;
            let port = bound.authority.port();
            let authorities = schemes.iter().map(|scheme| named_authority(scheme, port));
            Ok((authorities.collect(), BoundPorts::Shared(bound.listener)))
        }
    }
}

/// Which marketplace a request of one listener is for.
#[derive(Clone)]
enum RequestRouter {
    One(MarketplaceEndpoint),
    ByHost(Arc<[MarketplaceEndpoint]>),
}

impl RequestRouter {
    /// # Errors
    /// The response to a request that names no marketplace.
    fn route(
        &self,
        request: &http::Request<Incoming>,
    ) -> Result<&MarketplaceEndpoint, SandboxReply> {
        let endpoints = match self {
            Self::One(endpoint) => return Ok(endpoint),
            Self::ByHost(endpoints) => endpoints,
        };
        let host = host_header(request.headers());
        let names = endpoints.iter().map(|endpoint| &*endpoint.scheme);
        // These are of all marketplaces.
        let is_shared = ["health", "requests"]
            .iter()
            .any(|name| request.uri().path().strip_prefix(CONTROL_PATH) == Some(*name));
        scheme_of_host(host, names)
            .or(is_shared.then_some(0))
            .and_then(|index| endpoints.get(index))
            .ok_or_else(|| unknown_name(host, endpoints))
    }
}

fn unknown_name(host: &str, endpoints: &[MarketplaceEndpoint]) -> SandboxReply {
    let known: Vec<&str> = endpoints
        .iter()
        .map(|known| known.base.authority())
        .collect();
    let message = format!(
        "the host `{host}` is not a marketplace, and this port has several: call {}",
        known.join(", ")
    );
    SandboxReply::message(421, message)
}

/// All marketplaces, and the hosts that they have in the world.
#[derive(Clone)]
struct ProxiedMarketplaces {
    endpoints: Arc<[MarketplaceEndpoint]>,
    hosts: Arc<KnownHosts>,
    origins: Arc<AllowedOrigins>,
}

impl ProxiedMarketplaces {
    /// # Errors
    /// The response to a request that names no marketplace, or several.
    fn route(
        &self,
        request: &http::Request<Incoming>,
        target: &ProxyTarget,
    ) -> Result<MarketplaceEndpoint, SandboxReply> {
        let host = host_header(request.headers());
        // What is signed and what is called would differ.
        if !target.is_named_by(host) {
            let message = format!(
                "the host `{host}` is not `{}`, the host of the connection",
                target.host
            );
            return Err(SandboxReply::message(421, message));
        }
        let path = request.uri().path();
        let routes = self.hosts.routes(target, path);
        let mut found = routes
            .iter()
            .filter_map(|route| Some((self.endpoints.get(route.scheme)?, route.base_path)));
        match (found.next(), found.next()) {
            (Some((endpoint, base_path)), None) => endpoint
                .at(&format!("{}{base_path}", target.origin()))
                .ok_or_else(|| {
                    SandboxReply::message(502, format!("the sandbox cannot serve `{host}`"))
                }),
            (None, _) => Err(SandboxReply::message(
                404,
                format!("no marketplace at `{host}` has the path `{path}`"),
            )),
            (Some((first, _)), Some((second, _))) => Err(SandboxReply::message(
                502,
                format!(
                    "`{host}` belongs to several schemes, such as `{}` and `{}`: start the sandbox with `--scheme` for one of them",
                    first.scheme, second.scheme
                ),
            )),
        }
    }
}

impl ProxiedService for ProxiedMarketplaces {
    type ServiceBody = ReplyBody;

    fn has_host(&self, target: &ProxyTarget) -> bool {
        self.hosts.contains(target)
    }

    async fn respond(
        &self,
        request: http::Request<Incoming>,
        target: &ProxyTarget,
        peer: IpAddr,
    ) -> Result<http::Response<ReplyBody>, LostResponse> {
        let endpoint = self.route(&request, target);
        respond_to_page(request, endpoint, &self.origins, peer).await
    }

    fn own_response(&self, status: u16, message: Option<String>) -> http::Response<ReplyBody> {
        let reply = match message {
            Some(message) => SandboxReply::message(status, message),
            None => SandboxReply::empty(status),
        };
        http_response(reply, |body| Either::Left(Full::new(body)))
    }
}

/// Empty without one. Two are refused when the request is read.
fn host_header(headers: &http::HeaderMap) -> &str {
    let host = headers.get(http::header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or("")
}

/// Serves HTTP/1.1 on every connection.
async fn listen(
    listener: TcpListener,
    router: RequestRouter,
    origins: Arc<AllowedOrigins>,
    acceptor: Option<TlsAcceptor>,
) {
    accept_connections(listener, |stream, peer| {
        let (router, origins) = (router.clone(), Arc::clone(&origins));
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => serve(stream, &router, &origins, peer.ip()).await,
                // A client that does not trust the authority says so itself.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, &router, &origins, peer.ip()).await;
                    }
                }
            }
        });
    })
    .await;
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: &RequestRouter,
    origins: &AllowedOrigins,
    peer: IpAddr,
) {
    let service = hyper::service::service_fn(|request: http::Request<Incoming>| {
        let endpoint = router.route(&request).cloned();
        respond_to_page(request, endpoint, origins, peer)
    });
    // A client that goes away in the middle is no fault of the sandbox.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
        .await;
}

/// The response, with what a browser asks for before it shows it to a page.
///
/// # Errors
/// When the response is to be lost.
async fn respond_to_page(
    request: http::Request<Incoming>,
    endpoint: Result<MarketplaceEndpoint, SandboxReply>,
    origins: &AllowedOrigins,
    peer: IpAddr,
) -> Result<http::Response<ReplyBody>, LostResponse> {
    if let Some(allowed) = origins.preflight(request.method(), request.headers()) {
        let mut response = deliver(DeliveryOutcome::Complete(SandboxReply::empty(204)))?;
        response.headers_mut().extend(allowed);
        return Ok(response);
    }
    let allowed = origins.response_headers(request.headers());
    let mut response = match endpoint {
        Ok(endpoint) => handle_request(request, endpoint, peer).await,
        Err(reply) => deliver(DeliveryOutcome::Complete(reply)),
    }?;
    response.headers_mut().extend(allowed.unwrap_or_default());
    Ok(response)
}

#[derive(Clone)]
struct MarketplaceEndpoint {
    scheme: Arc<str>,
    marketplace: Arc<Mutex<TestMarketplace>>,
    /// The address that it listens on, or that a client of the proxy calls.
    base: BaseUrl,
    /// Whether clients call another address than the one that it listens on.
    is_proxied: bool,
    guard: ControlGuard,
    pushes: Option<Arc<PushSender>>,
    journal: Option<Arc<RequestJournal>>,
    trusts_forwarded_proto: bool,
    clock_and_rng: ClockAndRng,
}

impl MarketplaceEndpoint {
    /// The same marketplace at an address in the world.
    fn at(&self, base: &str) -> Option<Self> {
        Some(Self {
            base: BaseUrl::parse(base).ok()?,
            is_proxied: true,
            ..self.clone()
        })
    }

    /// The address that a client sent a request to: behind a port mapping or a proxy it is another
    /// than the one that this listens on, and some schemes sign the whole address.
    ///
    /// # Errors
    /// When the headers name no address.
    fn base_of(&self, headers: &[(String, String)]) -> Result<BaseUrl, SandboxReply> {
        if self.is_proxied {
            return Ok(self.base.clone());
        }
        let refused = |name: &str| {
            let message = format!("the sandbox cannot read the `{name}` header of this request");
            SandboxReply::message(400, message)
        };
        // Without one, which HTTP/1.0 allows, the client knows no other address.
        let host = single_header(headers, "host").map_err(|()| refused("host"))?;
        let host = host.unwrap_or(self.base.authority());
        let proto = if self.trusts_forwarded_proto {
            single_header(headers, "x-forwarded-proto")
                .map_err(|()| refused("x-forwarded-proto"))?
        } else {
            None
        };
        let own = self.base.as_str().split(':').next().unwrap_or("http");
        let proto = match proto {
            None => own,
            Some(proto @ ("http" | "https")) => proto,
            Some(_) => return Err(refused("x-forwarded-proto")),
        };
        if proto == own && host == self.base.authority() {
            return Ok(self.base.clone());
        }
        // A `/` or `?` in it would move the base path.
        let is_authority = !host.contains(['/', '?', '#', '\\']);
        self.base
            .with_origin(&format!("{proto}://{host}"))
            .filter(|_| is_authority)
            .ok_or_else(|| refused("host"))
    }
}

/// The value of a header that may stand once.
///
/// # Errors
/// When it stands several times.
fn single_header<'h>(headers: &'h [(String, String)], name: &str) -> Result<Option<&'h str>, ()> {
    let mut values = headers.iter().filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.as_str());
    if values.next().is_some() {
        return Err(());
    }
    Ok(first)
}

/// The whole body of a response, or half of it.
type ReplyBody = Either<Full<Bytes>, TruncatedBody>;

/// An error closes the connection without a byte of a response.
async fn handle_request(
    request: http::Request<Incoming>,
    market: MarketplaceEndpoint,
    peer: IpAddr,
) -> Result<http::Response<ReplyBody>, LostResponse> {
    // Controls come first, so that no path of a scheme can hide one.
    if request.uri().path().starts_with(CONTROL_PATH) {
        let reply = market.control(request, peer).await;
        return deliver(DeliveryOutcome::Complete(reply));
    }
    let call = market.journal.is_some().then(|| market.arrived(&request));
    let (mut delivery, shown) = match receive(request, &market).await {
        Ok(received) => market.respond(&received, call.is_some()),
        Err(refusal) => (refusal.into(), None),
    };
    let (status, mut verdict) = delivery.take_verdict();
    if let Some(push) = delivery.push.take() {
        market.push_after(push, &mut verdict, delivery.delay);
    }
    if let (Some(journal), Some(mut call)) = (&market.journal, call) {
        call.target = shown.unwrap_or(call.target);
        journal.record(call, status, verdict);
    }
    // The lock is free by now: a response that is delayed delays no other request.
    if !delivery.delay.is_zero() {
        tokio::time::sleep(delivery.delay).await;
    }
    deliver(delivery.outcome)
}

impl MarketplaceEndpoint {
    fn marketplace(&self) -> MutexGuard<'_, TestMarketplace> {
        // A panic in another request poisons the lock. Tokens and counts are whole after each step,
        // and a test that still runs needs its answers more than a second panic.
        self.marketplace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn arrived(&self, request: &http::Request<Incoming>) -> ArrivedCall {
        let uri = request.uri();
        ArrivedCall {
            at_ms: (self.clock_and_rng.clock)(),
            scheme: Arc::clone(&self.scheme),
            method: request.method().as_str().to_owned(),
            target: uri.path().to_owned(),
        }
    }

    /// The response, and what is shown of the target if that is asked for.
    fn respond(&self, received: &ReceivedRequest, shows: bool) -> (ReplyDelivery, Option<String>) {
        // Tokens that are not random must not be issued: without a seed the request gets a 500.
        let Ok(seed) = (self.clock_and_rng.rng)() else {
            return (SandboxReply::empty(500).into(), None);
        };
        let moment = FreshValues {
            unix_ms: (self.clock_and_rng.clock)(),
            seed,
        };
        let mut marketplace = self.marketplace();
        let delivery = marketplace.respond(received, moment);
        // After the response: a token that was just retired is still one of this sandbox.
        let shown = shows.then(|| marketplace.shown_target(&received.target, moment.unix_ms));
        (delivery, shown)
    }

    /// Sends the push of a stub, or says in the journal why not.
    fn push_after(&self, push: StubPush, verdict: &mut ReplyVerdict, delay: Duration) {
        match &self.pushes {
            Some(pushes) => pushes.send_after(&self.scheme, push, verdict.account.clone(), delay),
            None => {
                verdict.note = verdict.note.take().or_else(|| {
                    let event = push.event;
                    Some(format!(
                        "its push `{event}` is not sent: there is no `--push-to`"
                    ))
                });
            }
        }
    }

    /// The response to a control.
    async fn control(&self, request: http::Request<Incoming>, peer: IpAddr) -> SandboxReply {
        // A browser comes to these from elsewhere, and no page of another site learns anything.
        if !is_person_page(request.method(), request.uri().path())
            && let Err(refusal) = self.guard.check(peer, request.headers())
        {
            return SandboxReply::message(403, refusal.to_string());
        }
        let received = match receive(request, self).await {
            Ok(received) => received,
            Err(refusal) => return refusal,
        };
        match self.apply_control(&received).await {
            Ok(reply) => reply,
            Err(error) => SandboxReply::message(400, error.to_string()),
        }
    }

    async fn apply_control(
        &self,
        received: &ReceivedRequest,
    ) -> Result<SandboxReply, ControlError> {
        let target = received.target.as_str();
        let target = target.strip_prefix(CONTROL_PATH).unwrap_or(target);
        let (name, query) = target.split_once('?').unwrap_or((target, ""));
        let control = ControlCommand::parse(received.method, name, query)?;
        match (&control, &self.journal) {
            (ControlCommand::Requests(filter), Some(journal)) => {
                self.check_scheme(filter.scheme.as_deref(), journal)?;
                return Ok(SandboxReply::json(200, &journal.read(filter).await));
            }
            (ControlCommand::ClearRequests(scheme), Some(journal)) => {
                self.check_scheme(scheme.as_deref(), journal)?;
                let removed = journal.clear(scheme.as_deref());
                let removed = i64::try_from(removed).unwrap_or(i64::MAX);
                let json = Value::Object(vec![("removed".into(), removed.into())]);
                return Ok(SandboxReply::json(200, &json));
            }
            (ControlCommand::Pushes(filter), Some(journal)) => {
                self.check_scheme(filter.scheme.as_deref(), journal)?;
                return Ok(SandboxReply::json(200, &journal.read_pushes(filter).await));
            }
            (ControlCommand::SendPush(order), _) => {
                return self.send_push(order, &received.body).await;
            }
            (ControlCommand::Reset, Some(journal)) => {
                journal.clear(Some(&self.scheme));
                journal.clear_pushes(&self.scheme);
            }
            (ControlCommand::Reset | ControlCommand::AddExchanges, None) => {
                return Err(ControlError::NoJournal);
            }
            _ => {}
        }
        let now_ms = (self.clock_and_rng.clock)();
        self.marketplace()
            .apply_control(control, &received.body, now_ms)
    }

    /// What the receiver answered; 502 if it did not.
    async fn send_push(
        &self,
        order: &PushOrder,
        body: &[u8],
    ) -> Result<SandboxReply, ControlError> {
        let pushes = self.pushes.as_ref().ok_or(PushError::NoAddress)?;
        let body = Some(body.to_vec()).filter(|body| !body.is_empty());
        let sent = pushes.send(&self.scheme, order, body).await?;
        let status = if sent.is_answered() { 200 } else { 502 };
        Ok(SandboxReply::json(status, &sent.to_value()))
    }

    /// # Errors
    /// When the sandbox does not play this scheme: a misspelled one would match no request.
    fn check_scheme(
        &self,
        scheme: Option<&str>,
        journal: &RequestJournal,
    ) -> Result<(), ControlError> {
        match scheme {
            Some(scheme) if *scheme != *self.scheme && !journal.knows(scheme) => {
                Err(ControlError::UnknownScheme(scheme.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// # Errors
/// When the response is to be lost.
fn deliver(outcome: DeliveryOutcome) -> Result<http::Response<ReplyBody>, LostResponse> {
    match outcome {
        DeliveryOutcome::Complete(reply) => {
            Ok(http_response(reply, |body| Either::Left(Full::new(body))))
        }
        DeliveryOutcome::Truncated(reply) => Ok(http_response(reply, |body| {
            Either::Right(TruncatedBody::of(&body))
        })),
        DeliveryOutcome::Dropped => Err(LostResponse),
    }
}

/// Reads a request as the bytes that arrived.
///
/// # Errors
/// The response that refuses it.
async fn receive(
    request: http::Request<Incoming>,
    market: &MarketplaceEndpoint,
) -> Result<ReceivedRequest, SandboxReply> {
    let (parts, body) = request.into_parts();
    let method = Method::parse(parts.method.as_str()).ok_or_else(|| SandboxReply::empty(405))?;
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let body = Limited::new(body, MAX_REQUEST_BYTES)
        .collect()
        .await
        .map_err(|_| SandboxReply::empty(413))?
        .to_bytes();
    let headers = received_headers(&parts.headers)?;
    Ok(ReceivedRequest {
        method,
        target,
        base: market.base_of(&headers)?,
        headers,
        body,
    })
}

fn received_headers(headers: &http::HeaderMap) -> Result<Vec<(String, String)>, SandboxReply> {
    headers
        .iter()
        .map(|(name, value)| {
            // A header can be signed. With replacement characters two different values would be the
            // same text, so a value that is not UTF-8 is refused.
            let value =
                std::str::from_utf8(value.as_bytes()).map_err(|_| SandboxReply::empty(400))?;
            Ok((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

fn http_response(
    reply: SandboxReply,
    body: impl FnOnce(Bytes) -> ReplyBody,
) -> http::Response<ReplyBody> {
    match head_of(&reply) {
        Ok((status, headers)) => {
            let mut response = http::Response::new(body(reply.body.into()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => {
            let message = unmakeable_reply(&error);
            let mut response = http::Response::new(Either::Left(Full::new(message.body.into())));
            *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
            // Without this header, a run would take the 501 for a response of the marketplace.
            let mark = http::HeaderValue::from_static("true");
            response.headers_mut().insert(NO_RECORDING, mark);
            response
        }
    }
}

/// Status and headers as HTTP has them. A recording or a scheme can name a status that does not
/// exist, or a header that no response can carry.
fn head_of(reply: &SandboxReply) -> Result<(http::StatusCode, http::HeaderMap), http::Error> {
    let status = http::StatusCode::from_u16(reply.status)?;
    let mut headers = http::HeaderMap::with_capacity(reply.headers.len());
    for (name, value) in &reply.headers {
        headers.append(
            http::HeaderName::from_bytes(name.as_bytes())?,
            http::HeaderValue::from_bytes(value.as_bytes())?,
        );
    }
    Ok((status, headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_http_cannot_carry_is_an_error_and_not_a_success() {
        for (status, headers) in [
            (1_000, Vec::new()),
            (200, vec![("a b".to_owned(), String::new())]),
            (200, vec![("a".to_owned(), "1\r\nb: 2".to_owned())]),
        ] {
            let reply = SandboxReply {
                status,
                headers,
                body: Vec::new(),
                verdict: Box::default(),
            };
            let response = http_response(reply, |body| Either::Left(Full::new(body)));
            assert_eq!(response.status(), 501);
            assert!(response.headers().contains_key(NO_RECORDING));
        }
    }
}
