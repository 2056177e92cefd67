//! What goes over the network: the draft before it is signed, the exact bytes after, and the answer. It knows HTTP and
//! refuses to know our files.

mod draft;
mod encode;
mod request;
mod response;
mod url;

pub use draft::{Draft, DraftBody, DraftPart};
pub use encode::{encode_form, encode_strict, join_form, join_query, pairs_of, pairs_of_form};
pub use request::{FRAMING, WireError, WireRequest, check_target, is_header_value};
pub use response::WireResponse;
pub use url::BaseUrl;
