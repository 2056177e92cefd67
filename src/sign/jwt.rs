//! JSON Web Tokens (RFC 7519) in the compact form of RFC 7515: made, and checked member by member,
//! since another program writes the members in another order.

use super::asymmetric;
use super::crypto::{self, CryptoError};
use crate::model::scheme::{JwtAlgorithm, JwtSignature, KeyEncoding, TextEncoding};
use crate::value::{self, ObjectMember, Value};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

/// What a token is made of.
pub(super) struct TokenParts<'a> {
    pub(super) algorithm: JwtAlgorithm,
    pub(super) key: &'a str,
    pub(super) key_encoding: KeyEncoding,
    /// Without `alg`; a null removes a member.
    pub(super) header: Vec<ObjectMember>,
    pub(super) claims: Vec<ObjectMember>,
}

impl TokenParts<'_> {
    /// # Errors
    /// When the key is none for this algorithm.
    pub(super) fn sign(&self, random: impl Fn(usize) -> Vec<u8>) -> Result<String, CryptoError> {
        let part = |members: Vec<ObjectMember>| {
            BASE64_URL_SAFE_NO_PAD.encode(Value::Object(members).to_json())
        };
        let message = format!(
            "{}.{}",
            part(self.whole_header()),
            part(self.claims.clone())
        );
        let signature = match self.algorithm.signature {
            JwtSignature::Hmac(hash) => {
                crypto::hmac(hash, self.key, self.key_encoding, message.as_bytes())?
            }
            JwtSignature::Asymmetric(algorithm) => {
                asymmetric::sign(algorithm, self.key, message.as_bytes(), random)?
            }
        };
        let signature = crypto::encode(&signature, TextEncoding::Base64Url);
        Ok(format!("{message}.{signature}"))
    }

    /// `alg` and `typ` first, as every example of RFC 7519 has them.
    fn whole_header(&self) -> Vec<ObjectMember> {
        let mut members: Vec<ObjectMember> = vec![
            ("alg".into(), self.algorithm.name.into()),
            ("typ".into(), "JWT".into()),
        ];
        for (name, value) in &self.header {
            match members.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.clone(),
                None => members.push((name.clone(), value.clone())),
            }
        }
        members.retain(|(_, value)| !value.is_null());
        members
    }

    /// Whether a token that another program made says at least this, and is signed.
    ///
    /// # Errors
    /// When the key is none for this algorithm.
    pub(super) fn accepts(&self, token: &str) -> Result<bool, CryptoError> {
        let Some((message, signature)) = token.rsplit_once('.') else {
            return Ok(false);
        };
        let Some((header, claims)) = message.split_once('.') else {
            return Ok(false);
        };
        let (Some(header), Some(claims)) = (token_part(header), token_part(claims)) else {
            return Ok(false);
        };
        // RFC 8725, section 3.1: the algorithm is the one that was agreed on, never the token's own.
        let algorithm = [("alg".into(), self.algorithm.name.into())];
        // RFC 7515, section 4.1.11: an extension that is not understood must be refused.
        let has_extensions = header.get("crit").is_some();
        if has_extensions
            || !holds(&header, &algorithm)
            || !holds(&header, &self.header)
            || !holds(&claims, &self.claims)
        {
            return Ok(false);
        }
        let Some(signature) = crypto::decode(signature, TextEncoding::Base64Url) else {
            return Ok(false);
        };
        match self.algorithm.signature {
            // Not in constant time: the sandbox listens on the loopback interface only, and its keys
            // are printed on request.
            JwtSignature::Hmac(hash) => {
                let own = crypto::hmac(hash, self.key, self.key_encoding, message.as_bytes())?;
                Ok(own == signature)
            }
            JwtSignature::Asymmetric(algorithm) => Ok(asymmetric::verify(
                algorithm,
                self.key,
                message.as_bytes(),
                &signature,
            )?),
        }
    }
}

/// A token in the compact form, taken apart and not verified.
pub(crate) struct TokenText<'t> {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// What is signed.
    pub(crate) message: &'t str,
    pub(crate) signature: Vec<u8>,
}

impl<'t> TokenText<'t> {
    /// `None` for what is no token.
    #[must_use]
    pub(crate) fn parse(token: &'t str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            header: token_part(header)?,
            claims: token_part(claims)?,
            message,
            signature: crypto::decode(signature, TextEncoding::Base64Url)?,
        })
    }
}

fn token_part(text: &str) -> Option<Value> {
    value::parse(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// A claim of a token in the compact form.
pub(super) fn claim_of(token: &str, name: &str) -> Option<Value> {
    token_part(token.split('.').nth(1)?)?.get(name).cloned()
}

fn holds(object: &Value, members: &[ObjectMember]) -> bool {
    members
        .iter()
        .all(|(name, value)| value.is_null() || object.get(name) == Some(value))
}
