//! What goes over the network: the draft before it is signed, the exact bytes after that, and the
//! response. It knows HTTP and refuses to know the files of a workspace.

mod body_bytes;
mod body_charset;
mod body_passage;
mod draft;
mod encode;
mod external_url;
mod field_names;
mod host_pattern;
mod link_header;
mod link_target;
mod media_type;
mod multipart;
mod registered_address;
mod request;
mod response;
mod url;

pub(crate) use body_bytes::BodyBytes;
pub(crate) use body_charset::{
    charset_parameter, decode_body, decode_other_charset, encode_body, unencodable,
    xml_declared_label,
};
pub(crate) use body_passage::BodyPassage;
pub(crate) use draft::RequestTarget;
pub use draft::{Draft, DraftBody, DraftPart};
pub(crate) use encode::{encode_form, encode_form_bytes, join_form, join_query, show_letters};
pub use encode::{encode_strict, parse_form};
pub(crate) use external_url::ExternalUrl;
pub(crate) use field_names::decoded_path;
pub(crate) use host_pattern::{HostPattern, is_dns_label};
pub(crate) use link_header::{LinkHeaderError, WebLink, parse_links};
pub(crate) use link_target::{LinkTargetError, resolve_link};
pub(crate) use media_type::media_type_of;
pub(crate) use multipart::parse_multipart;
pub(crate) use registered_address::{RegisteredAddress, RegisteredAddressError};
pub use request::WireRequest;
pub(crate) use request::{FRAMING_HEADERS, WireError, check_target, is_header_value};
pub use response::WireResponse;
pub use url::BaseUrl;
pub(crate) use url::{BaseUrlError, is_loopback_origin};
