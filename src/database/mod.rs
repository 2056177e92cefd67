//! The ground that stores share in the `PostgreSQL` of a team: how to connect, how long to wait, how
//! to create a table. It refuses to know what a table holds.

#[cfg(feature = "postgres")]
mod connection;
mod error;

#[cfg(feature = "postgres")]
pub(crate) use connection::{
    DATABASE_TIMEOUT, connect, database_error, ensure_table, parse_config, with_timeout,
};
pub(crate) use error::DatabaseError;
