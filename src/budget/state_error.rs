//! Why the stored state of a budget cannot be used. Such a budget is reported and never treated as
//! an empty one: that would allow calls that the marketplace has already counted.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimiterStateError {
    #[error("the file is cut off or was changed")]
    Damaged,
    #[error("it has format {found}, but this version of ingam reads format {expected}")]
    UnknownFormat { found: u32, expected: u32 },
    /// Valid JSON of another shape, or no JSON. The text is from `serde_json`.
    #[error("{0}")]
    Invalid(String),
    #[error("the state cannot be encoded: {0}")]
    Unencodable(String),
    #[error("the salt has {0} bytes instead of 32")]
    InvalidSalt(usize),
    #[cfg(feature = "postgres")]
    #[error("the salt is not hexadecimal")]
    SaltNotHex,
}
