//! `ingam renew-helper`: one renewal, read from standard input, in a process that nobody stops. No
//! person types it.

use crate::cli::ExitStatus;
use crate::host::HostContext;
use crate::load::decode_scheme_text;
use crate::renew::{RefreshContext, RefreshError, RefreshJob, encode_reply, renew};
use crate::tokens::{FamilyRecord, StoreError, TokenStore};
use crate::transport::{LiveTransport, NetworkPolicy};
use crate::wire::BaseUrl;
use std::io::{Read, Write};

pub(crate) fn run(host: &HostContext) -> ExitStatus {
    let mut text = Vec::new();
    // A job that is not whole comes from a process that was killed before it had asked for
    // anything.
    let job = std::io::stdin()
        .read_to_end(&mut text)
        .ok()
        .and_then(|_| serde_json::from_slice::<RefreshJob>(&text).ok());
    let Some(job) = job else {
        return ExitStatus::InvalidUsage;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(renew_ignoring_signals(&job, host)),
        Err(error) => Err(RefreshError::temporary(error.to_string())),
    };
    // Whoever asked may be gone by now; what was done is in the store.
    let _ = std::io::stdout().write_all(&encode_reply(result));
    ExitStatus::Success
}

/// What asks a process to end is waited out: each step of a renewal has its own time-out.
async fn renew_ignoring_signals(
    job: &RefreshJob,
    host: &HostContext,
) -> Result<FamilyRecord, RefreshError> {
    #[cfg(unix)]
    let _handlers = {
        use tokio::signal::unix::{SignalKind, signal};
        [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ]
        .map(signal)
    };
    renew_job(job, host).await
}

async fn renew_job(job: &RefreshJob, host: &HostContext) -> Result<FamilyRecord, RefreshError> {
    let source = &job.scheme;
    let scheme = decode_scheme_text(&source.root, &source.name, source.origin(), &source.text);
    let scheme = scheme.map_err(|reason| {
        RefreshError::temporary(format!("the scheme `{}`: {reason}", source.name))
    })?;
    let clock_and_rng = host.clock_and_rng();
    let config = job.store.as_ref().ok_or(StoreError::NoFolder)?;
    let store = TokenStore::open(config, clock_and_rng).await?;
    let is_loopback = job
        .host_bases
        .iter()
        .all(|(_, base)| BaseUrl::parse(base).is_ok_and(|base| base.is_loopback()));
    let reach = if is_loopback {
        NetworkPolicy::LoopbackOnly
    } else {
        NetworkPolicy::Anywhere
    };
    let transport =
        LiveTransport::new(reach).map_err(|error| RefreshError::temporary(error.to_string()))?;
    renew(
        job,
        &RefreshContext {
            scheme: &scheme,
            store: &store,
            transport: &transport,
            clock_and_rng,
        },
    )
    .await
}
