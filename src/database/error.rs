//! Why the database cannot be used. No variant holds the password of its address.

/// The message is that of the server or of the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    #[error("the database of the store: {0}")]
    Failed(String),
    #[error("this build of ingam lacks the feature `postgres`")]
    NotBuiltIn,
}
