//! The meaning of a response: success, or one of eight kinds of error.

use std::fmt;

/// Why a marketplace refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    Auth,
    TokenExpired,
    Signature,
    Clock,
    RateLimit,
    Permission,
    Input,
    Server,
}

impl ErrorKind {
    pub const ALL: [Self; 8] = [
        Self::Auth,
        Self::TokenExpired,
        Self::Signature,
        Self::Clock,
        Self::RateLimit,
        Self::Permission,
        Self::Input,
        Self::Server,
    ];

    /// As files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::TokenExpired => "token_expired",
            Self::Signature => "signature",
            Self::Clock => "clock",
            Self::RateLimit => "rate_limit",
            Self::Permission => "permission",
            Self::Input => "input",
            Self::Server => "server",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind by the status alone, if no rule of the scheme matches the response.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            403 => Self::Permission,
            429 => Self::RateLimit,
            500.. => Self::Server,
            _ => Self::Input,
        }
    }

    /// Where a person should look first, whatever the marketplace.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Auth => {
                "the key or token is not accepted: is it the key of this environment, and is the account authorized?"
            }
            Self::TokenExpired => "the token is too old or was replaced: get a new one",
            Self::Signature => {
                "the signature is not accepted: `ingam explain` shows every line of it; check the key, the host and the path"
            }
            Self::Clock => "the time in the request is not accepted: check this machine's clock",
            Self::RateLimit => "too many calls: wait before the next one",
            Self::Permission => {
                "the marketplace does not allow this: check the permissions of the key and whether this machine's address is registered"
            }
            Self::Input => "the marketplace does not accept the input: see its message",
            Self::Server => "the marketplace has a fault of its own: try again later",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The outcome that the `ok` key of a step expects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpectedOutcome {
    /// The scheme's success rule must hold.
    #[default]
    Success,
    /// `ok: false`: it must fail as input or permission does.
    Failure,
    /// `ok: { kind: … }`
    FailureKind(ErrorKind),
    /// `ok: { kind: any }`, or no `ok` where `assert` names a status that only a refusal has.
    AnyFailure,
}
