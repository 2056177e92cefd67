//! What is asked about: a received request, and everything at hand that could explain its signature.

use crate::model::scheme::{Scheme, SchemeHost, SigningProcedure, Webhook};
use crate::sign::{ReceivedRequest, TestAccount};
use std::time::Duration;

/// What a received request is said to be.
#[derive(Clone, Copy)]
pub enum SuspectKind<'a> {
    /// A call of the marketplace's API; its level is chosen by the scheme's rules. A request for a
    /// token is known by its method and path.
    Call,
    /// A call at a level that is named.
    Level(&'a str),
    /// Signed in this way, at no level: a request for a token, a link.
    Procedure(&'a SigningProcedure),
    /// A push of the marketplace; the address of the request is the one that is registered.
    Push(&'a Webhook),
}

/// A request whose signature is in question, and everything at hand that could explain it. Nothing
/// of it leaves this machine.
pub struct SuspectRequest<'a> {
    pub scheme: &'a Scheme,
    pub kind: SuspectKind<'a>,
    pub received: &'a ReceivedRequest,
    /// Credentials with the fields of the token among them. The account that the request names is
    /// meant; if it names none, the first. The others are further keys at hand, by their names.
    pub accounts: &'a [TestAccount],
    /// Other schemes, whose recipes are tried as a whole: older versions and relatives.
    pub other_schemes: &'a [&'a Scheme],
    /// More addresses that the request could have been meant for: `https://host/base`.
    pub other_hosts: &'a [String],
    /// Paths of other requests of the workspace.
    pub other_paths: &'a [String],
    /// The clock of whoever received the request, in Unix milliseconds.
    pub now_ms: i64,
    /// How long the mistake may be searched for.
    pub time_limit: Duration,
    /// The text that the marketplace says it signed, out of its refusal.
    pub server_text: Option<&'a str>,
    /// The text that the other program signed.
    pub own_text: Option<&'a str>,
}

/// What is at hand besides the request.
pub(super) struct Surroundings<'a> {
    pub(super) accounts: &'a [TestAccount],
    /// Addresses with their base paths.
    pub(super) hosts: Vec<String>,
    pub(super) paths: Vec<String>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(suspect: &SuspectRequest<'a>) -> Self {
        let own = suspect.scheme.hosts.iter().map(SchemeHost::example_url);
        let mut hosts: Vec<String> = own.collect();
        hosts.extend(suspect.other_hosts.iter().cloned());
        Self {
            accounts: suspect.accounts,
            hosts,
            paths: suspect.other_paths.to_vec(),
        }
    }
}
