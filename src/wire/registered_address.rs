//! The address that a marketplace sends pushes to, as it is registered there. Some of them sign it, so
//! it is kept as it is written.

use super::url::{BaseUrl, BaseUrlError};

/// Why a text is no address that can be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegisteredAddressError {
    #[error(transparent)]
    Url(#[from] BaseUrlError),
    #[error("`{0}` has a fragment (`#`), which is never sent")]
    Fragment(String),
    #[error("`{0}` has characters that are not allowed in an address")]
    Characters(String),
}

/// `https://my.app/push`
#[derive(Clone, Debug)]
pub struct RegisteredAddress {
    text: String,
    origin: BaseUrl,
    /// Empty, or begins with a slash.
    path: String,
}

impl RegisteredAddress {
    /// # Errors
    /// When it is not `http` or `https`, names a user, or has characters that no address has.
    pub(crate) fn parse(text: &str) -> Result<Self, RegisteredAddressError> {
        if text.contains('#') {
            return Err(RegisteredAddressError::Fragment(text.to_owned()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RegisteredAddressError::Characters(text.to_owned()));
        }
        let before = text.split_once('?').map_or(text, |(before, _)| before);
        let whole = BaseUrl::parse(before)?;
        let origin = BaseUrl::parse(whole.origin())?;
        let path = before[origin.as_str().len()..].to_owned();
        Ok(Self {
            text: text.to_owned(),
            origin,
            path,
        })
    }

    /// As it is written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub(crate) fn origin(&self) -> &BaseUrl {
        &self.origin
    }

    /// Without what follows the path.
    #[must_use]
    pub(crate) fn without_query(&self) -> &str {
        self.text
            .split_once('?')
            .map_or(&self.text, |(before, _)| before)
    }

    /// Path and query of a request to it.
    #[must_use]
    pub(crate) fn target(&self) -> String {
        let rest = &self.text[self.origin.as_str().len()..];
        if rest.starts_with('/') {
            rest.to_owned()
        } else {
            format!("/{rest}")
        }
    }

    /// Empty, or begins with a slash.
    #[must_use]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_address_keeps_its_spelling() {
        for (text, path) in [
            ("https://my.app", ""),
            ("https://my.app/", "/"),
            ("https://my.app/push", "/push"),
            ("https://my.app/push/", "/push/"),
            ("http://127.0.0.1:4000/p?a=1&b", "/p"),
        ] {
            let address = RegisteredAddress::parse(text).unwrap();
            assert_eq!(address.as_str(), text);
            assert_eq!(address.path(), path);
            let target = &text[address.origin().as_str().len()..];
            let target = Some(target).filter(|rest| !rest.is_empty());
            assert_eq!(address.target(), target.unwrap_or("/"));
        }
        for text in [
            "",
            "my.app/push",
            "/push",
            "ftp://my.app/push",
            "https://u:p@my.app/push",
            "https://my.app/push#x",
            "https://my.app/pu sh",
            "https://my.app:443/push",
            "https://MY.app/push",
            "https://my.app/a/../push",
        ] {
            assert!(RegisteredAddress::parse(text).is_err(), "{text}");
        }
    }
}
