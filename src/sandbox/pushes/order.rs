//! Which push is asked for.

/// What is wrong on purpose, so that people see whether their receiver refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokenPart {
    /// One letter of the signature is another one.
    Signature,
    /// There is no signature.
    Missing,
    /// A blank stands behind the body that was signed.
    Body,
}

impl BrokenPart {
    pub(crate) const ALL: [Self; 3] = [Self::Signature, Self::Missing, Self::Body];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Missing => "missing",
            Self::Body => "body",
        }
    }
}

/// A push to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PushOrder {
    /// That of the marketplace that is asked, if it does not say.
    pub(crate) scheme: Option<String>,
    pub(crate) event: Option<String>,
    /// Needed only for a body without an event.
    pub(crate) webhook: Option<String>,
    /// The first one, if it does not say.
    pub(crate) account: Option<String>,
    pub(crate) broken: Option<BrokenPart>,
}
