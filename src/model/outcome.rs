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
                "the marketplace does not accept the key or the token: check that the key belongs to this environment, and that the account is authorized"
            }
            Self::TokenExpired => "the token has expired or was replaced: get a new one",
            Self::Signature => {
                "the marketplace does not accept the signature: `ingam explain` shows every step of it; check the key, the host and the path"
            }
            Self::Clock => {
                "the marketplace does not accept the time in the request: check the clock of this machine"
            }
            Self::RateLimit => "too many calls: wait before the next one",
            Self::Permission => {
                "the marketplace does not allow this call: check the permissions of the key, and whether the address of this machine is registered"
            }
            Self::Input => "the marketplace does not accept the input: see its message",
            Self::Server => "the marketplace has an internal error: try again later",
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
