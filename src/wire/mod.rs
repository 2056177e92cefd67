//! What goes over the network: the draft before it is signed, the exact bytes after, and the
//! answer. It knows HTTP and refuses to know our files.

mod draft;
mod encode;
mod request;
mod response;
mod url;

pub use draft::{Draft, DraftBody, DraftPart};
pub use encode::{encode_form, encode_strict, join_form, join_query, parse_form, parse_query};
pub use request::{FRAMING_HEADERS, WireError, WireRequest, check_target, is_header_value};
pub use response::WireResponse;
pub use url::BaseUrl;
