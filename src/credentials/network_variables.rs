//! The names of the secrets of the way to a host.

/// The key of a client certificate, as a part of a variable.
pub(super) const TLS_KEY: &str = "tls_key";
/// A file that holds it.
pub(super) const TLS_KEY_FILE: &str = "tls_key_file";
/// For each proxy that an environment names.
pub(crate) const PROXY_PASSWORD: &str = "INGAM_PROXY_PASSWORD";
