//! What the stores in the `PostgreSQL` of a team share: how to connect, how long to wait, how to
//! create a table. It does not know the content of a table.

#[cfg(feature = "postgres")]
mod connection;
mod error;

#[cfg(feature = "postgres")]
pub(crate) use connection::{
    DATABASE_TIMEOUT, connect, database_error, ensure_table, parse_config, with_timeout,
};
pub(crate) use error::DatabaseError;
