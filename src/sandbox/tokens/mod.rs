//! Tokens of one marketplace of the sandbox: the authorization page, the token endpoint, and what
//! was issued.

pub(super) mod authorize_page;
pub(super) mod device_logins;
pub(super) mod device_page;
pub(super) mod given_tokens;
mod html_page;
pub(super) mod issued_family;
pub(super) mod issued_tokens;
mod penalty;
pub(super) mod request_template;
mod token_body;
pub(super) mod token_endpoint;
pub(super) mod token_subject;
pub(super) mod token_traffic;
