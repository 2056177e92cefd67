//! The body that curl sends: `-d` and its relatives, `--json`, `-F`, `-T`.

use super::curl_options::DataKind;
use super::import_error::ImportError;
use crate::wire::{DraftBody, DraftPart};
use bytes::Bytes;

/// In place of the random boundary that curl makes.
pub(super) const BOUNDARY_NOTE: &str =
    "curl creates a random boundary for `-F`; ingam uses a constant";
const BOUNDARY: &str = "------------------------ingam0000000000";

/// What a command line gives as body.
#[derive(Default)]
pub(super) struct CurlBody {
    /// That of `-d` and `--json`.
    pub(super) data: Option<Vec<u8>>,
    pub(super) is_json: bool,
    pub(super) parts: Vec<DraftPart>,
    pub(super) upload: Option<Vec<u8>>,
}

/// A value of `-d` or one of its relatives.
pub(super) struct CurlData<'v> {
    pub(super) kind: DataKind,
    pub(super) value: &'v [u8],
}

type ReadFile<'f> = &'f dyn Fn(&[u8]) -> Result<Vec<u8>, ImportError>;

impl CurlData<'_> {
    /// # Errors
    /// When it names a file that is not read.
    pub(super) fn content(&self, read: ReadFile<'_>) -> Result<Vec<u8>, ImportError> {
        let value = self.value;
        match (self.kind, value.strip_prefix(b"@")) {
            (DataKind::UrlEncode, _) => encoded(value, read),
            (DataKind::Text, Some(name)) => {
                let mut content = read(name)?;
                content.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
                Ok(content)
            }
            (DataKind::Binary, Some(name)) => read(name),
            _ => Ok(value.to_vec()),
        }
    }
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`.
fn encoded(value: &[u8], read: ReadFile<'_>) -> Result<Vec<u8>, ImportError> {
    let find = |wanted: u8| value.iter().position(|byte| *byte == wanted);
    let (name, content) = match (find(b'='), find(b'@')) {
        (Some(at), _) => (&value[..at], encode(&value[at + 1..])),
        (None, Some(at)) => (&value[..at], encode(&read(&value[at + 1..])?)),
        (None, None) => (&value[..0], encode(value)),
    };
    let mut out = name.to_vec();
    if !name.is_empty() {
        out.push(b'=');
    }
    out.extend_from_slice(content.as_bytes());
    Ok(out)
}

/// As curl does: unreserved characters (RFC 3986) stay, and a blank is `+`.
pub(super) fn encode(content: &[u8]) -> String {
    let mut out = String::new();
    for byte in content {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(*byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl CurlBody {
    pub(super) fn is_given(&self) -> bool {
        self.data.is_some() || !self.parts.is_empty()
    }

    /// Only what `-d` and its relatives give.
    pub(super) fn is_plain_data(&self) -> bool {
        self.upload.is_none() && self.parts.is_empty() && !self.is_json
    }

    pub(super) fn add_data(&mut self, content: &[u8]) {
        match &mut self.data {
            Some(data) => {
                data.push(b'&');
                data.extend_from_slice(content);
            }
            None => self.data = Some(content.to_vec()),
        }
    }

    pub(super) fn add_json(&mut self, content: &[u8]) {
        self.is_json = true;
        self.data.get_or_insert_default().extend_from_slice(content);
    }

    /// The type that curl adds when the command line names none.
    pub(super) fn content_type(&self) -> Option<String> {
        if self.upload.is_some() {
            None
        } else if !self.parts.is_empty() {
            Some("multipart/form-data".to_owned())
        } else if self.is_json {
            Some("application/json".to_owned())
        } else {
            let data = self.data.as_ref();
            data.map(|_| "application/x-www-form-urlencoded".to_owned())
        }
    }

    /// The bytes of the body; the boundary of a form goes to the content type.
    pub(super) fn finish(self, headers: &mut [(String, String)], notes: &mut Vec<String>) -> Bytes {
        if let Some(upload) = self.upload {
            return upload.into();
        }
        if self.parts.is_empty() {
            return self.data.unwrap_or_default().into();
        }
        notes.push(BOUNDARY_NOTE.to_owned());
        let kinds = headers
            .iter_mut()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        for (_, value) in kinds {
            *value = format!("{value}; boundary={BOUNDARY}");
        }
        DraftBody::Multipart {
            parts: self.parts,
            boundary: BOUNDARY.to_owned(),
        }
        .to_bytes()
    }
}
