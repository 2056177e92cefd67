//! `ingam renew-helper`: one token renewal, read from standard input, in a separate process.
//! Killing the CLI does not interrupt it. Users do not call it.

use super::session::start_runtime;
use crate::budget::{Budget, BudgetLocation};
use crate::cli::exit_status::ExitStatus;
use crate::cli::stop_signals::StopSignals;
use crate::host::HostContext;
use crate::load::decode_scheme_text;
use crate::renew::{RefreshContext, RefreshError, RefreshJob, encode_notice, encode_reply, renew};
use crate::tokens::{FamilyRecord, StoreError, TokenStore};
use crate::transport::{LiveTransport, NetworkPolicy, ProxyVariables};
use crate::wire::BaseUrl;
use std::io::{Read, Write};
use zeroize::Zeroize;

pub(crate) fn run(host: &HostContext) -> ExitStatus {
    let mut text = Vec::new();
    // An incomplete job comes from a process that was killed while it wrote the job: nothing was
    // sent yet, and no process waits for a reply.
    let job = std::io::stdin()
        .read_to_end(&mut text)
        .ok()
        .and_then(|_| serde_json::from_slice::<RefreshJob>(&text).ok());
    text.zeroize();
    let Some(job) = job else {
        return ExitStatus::InvalidUsage;
    };
    let result = match start_runtime() {
        Ok(runtime) => runtime.block_on(renew_ignoring_signals(&job, host)),
        Err(error) => Err(RefreshError::temporary(error.message)),
    };
    // The parent process may have been killed meanwhile. The new tokens are in the store already.
    let _ = std::io::stdout().write_all(encode_reply(result).expose().as_bytes());
    ExitStatus::Success
}

/// A signal that asks the process to end is caught and ignored: each step of a renewal has its own
/// timeout.
async fn renew_ignoring_signals(
    job: &RefreshJob,
    host: &HostContext,
) -> Result<FamilyRecord, RefreshError> {
    // Most marketplaces accept a refresh token once. A signal between sending it and storing the
    // new pair would lose the authorization, so that without handlers nothing is sent.
    let _signals = StopSignals::install().map_err(|error| {
        RefreshError::temporary(format!("{}: no token was renewed", error.message))
    })?;
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
    let notify = |text: &str| {
        // The parent process may be gone: the renewal goes on without it.
        if let Ok(line) = encode_notice(text) {
            let mut stdout = std::io::stdout();
            let _ = stdout
                .write_all(line.as_bytes())
                .and_then(|()| stdout.flush());
        }
    };
    let place = job.budget.clone().unwrap_or(BudgetLocation::Disabled);
    let budget = Budget::new(place, host.clock, host.random_bytes);
    let transport =
        LiveTransport::new(network_policy(job)?).with_proxies(ProxyVariables::new(&host.env));
    renew(
        job,
        &RefreshContext {
            scheme: &scheme,
            store: &store,
            transport: &transport,
            clock_and_rng,
            notify: &notify,
            budget: &budget,
        },
    )
    .await
}

/// A job whose hosts are all on this machine must not reach any other.
fn network_policy(job: &RefreshJob) -> Result<NetworkPolicy, RefreshError> {
    let mut is_loopback = true;
    for (_, base) in &job.host_bases {
        // An invalid address must not open the network.
        let base = BaseUrl::parse(base).map_err(|error| {
            RefreshError::temporary(format!("a host of `{}`: {error}", job.scheme.name))
        })?;
        is_loopback &= base.is_loopback();
    }
    Ok(if is_loopback {
        NetworkPolicy::LoopbackOnly
    } else {
        NetworkPolicy::Anywhere
    })
}
